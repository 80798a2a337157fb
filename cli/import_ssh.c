/* import_ssh.c - private keys of OpenSSH and PEM, with the certificate that lies beside. */
#include <fcntl.h>
#include <unistd.h>

#include "cli/import.h"
#include "lib/openssh_key.h"
#include "lib/paths.h"
#include "lib/text.h"

#define TRIES 3

/* The blob and the comment of a public line, "type base64 comment". */
static bool
read_line(struct span line, struct buf *blob, struct span *comment)
{
	const uint8_t *a = line.len ? memchr(line.p, ' ', line.len) : NULL, *b;
	struct span rest;
	uint8_t *room;
	size_t n;

	if (!a)
		return false;
	rest = SPAN(a + 1, (size_t)(line.p + line.len - a - 1));
	b = rest.len ? memchr(rest.p, ' ', rest.len) : NULL;
	*comment = b ? import_trim(SPAN(b + 1, (size_t)(rest.p + rest.len - b - 1))) : SPAN_NONE;
	if (b)
		rest.len = (size_t)(b - rest.p);
	if (!(room = buf_room(blob, rest.len + 1)) ||
	    text_decode(TEXT_BASE64, rest, room, rest.len, &n))
		return false;
	buf_add(blob, n);
	return true;
}

/* A small file beside the key; false: there is none. */
static bool
read_beside(const char *path, const char *suffix, struct buf *out)
{
	char name[PATHS_MAX];
	uint8_t *room;
	ssize_t n = -1;
	int fd;

	if (snprintf(name, sizeof name, "%s%s", path, suffix) >= (int)sizeof name ||
	    (fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0)
		return false;
	if ((room = buf_room(out, 65536)) && (n = read(fd, room, 65536)) > 0)
		buf_add(out, (size_t)n);
	close(fd);
	return n > 0;
}

/* The certificate that ssh-keygen -s put there, if it is of this key. */
static void
find_certificate(const char *path, struct span plain, struct buf *cert)
{
	struct buf text = BUF_INIT, inside = BUF_INIT;
	struct sshkey_public k;
	struct span all, line, comment;
	bool good = false;

	if (read_beside(path, "-cert.pub", &text)) {
		all = buf_span(&text);
		good = import_line(&all, &line) && read_line(line, cert, &comment) &&
		    !sshkey_parse_public(buf_span(cert), &k) && k.is_cert &&
		    !sshkey_put_plain(&k, &inside) && span_eq(buf_span(&inside), plain);
		if (!good)
			out_say("the certificate beside %s is not of this key: left out", path);
	}
	if (!good)
		buf_reset(cert);
	buf_done(&text);
	buf_done(&inside);
}

/* PEM has no comment: that of the public line beside it. */
static void
find_comment(const char *path, struct buf *comment)
{
	struct buf text = BUF_INIT, blob = BUF_INIT;
	struct span all, line, found;

	if (read_beside(path, ".pub", &text)) {
		all = buf_span(&text);
		if (import_line(&all, &line) && read_line(line, &blob, &found))
			buf_put_span(comment, found);
	}
	buf_done(&text);
	buf_done(&blob);
}

static void
put_key(struct import_in *in, const struct sshkey_private *k, struct buf *comment,
    struct import_list *l)
{
	struct buf cert = BUF_INIT, shown = BUF_INIT;
	struct import_key key = {
		.service = "ssh", .alg = sshkey_alg(k->type), .secret = sec_span(&k->canonical)
	};

	find_certificate(in->path, buf_span(&k->blob), &cert);
	if (comment->len == 0)
		find_comment(in->path, comment);
	sshkey_fingerprint(buf_span(&k->blob), &shown);
	key.comment = buf_span(comment);
	key.account = key.comment.len ? key.comment : import_base(in->path);
	key.certificate = buf_span(&cert);
	key.shown = buf_span(&shown);
	import_key(l, &key);
	if (buf_err(&cert) || buf_err(&shown) || buf_err(comment))
		l->overflow = true;
	buf_done(&cert);
	buf_done(&shown);
}

static enum err
ask_and_open(struct import_in *in, const struct openssh_key *k, struct sshkey_private *out,
    struct buf *comment)
{
	unsigned tries = !k->encrypted || (in->c && in->c->term.scripted) ? 1 : TRIES;
	struct sec pass = { 0 };
	enum err e = ERR_PASS_WRONG;

	while (e == ERR_PASS_WRONG && tries-- > 0) {
		if (!k->encrypted) {
			e = openssh_key_open(k, SPAN_NONE, out, comment);
		} else if (!(e = import_passphrase(in, "passphrase of", &pass))) {
			e = openssh_key_open(k, sec_span(&pass), out, comment);
			if (e == ERR_PASS_WRONG && tries)
				out_say("that is not its passphrase");
		}
		sec_done(&pass);
	}
	return e;
}

static enum err
read_ssh(struct import_in *in, struct import_list *l)
{
	struct sshkey_private key = { 0 };
	struct buf comment = BUF_INIT;
	struct openssh_key k;
	enum err e;

	if ((e = openssh_key_parse(in->content, &k)))
		return e;
	if (!(e = ask_and_open(in, &k, &key, &comment)))
		put_key(in, &key, &comment, l);
	buf_done(&comment);
	sshkey_private_done(&key);
	openssh_key_done(&k);
	return e;
}

const struct import_source import_ssh = {
	.name = "ssh",
	.what = "private key of OpenSSH, or PEM; encrypted ones, too",
	.is = openssh_key_is,
	.read = read_ssh,
};
