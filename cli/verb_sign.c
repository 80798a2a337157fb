/* verb_sign.c - signatures of files as `ssh-keygen -Y sign` makes them (PROTOCOL.sshsig). */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/verbs.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define ARMOUR_COLUMNS 70 /* as ssh-keygen breaks lines */

/* ---- what is signed ---- */
static enum err
hash_pipe(int fd, uint8_t hash[64])
{
	struct buf b = BUF_INIT;
	enum err e = ERR_OK;
	ssize_t n = 1;

	while (!e && n != 0) {
		uint8_t *to = buf_room(&b, 65536);

		if (!to) {
			e = ERR_TOOBIG;
			break;
		}
		n = read(fd, to, 65536);
		if (n > 0)
			buf_add(&b, (size_t)n);
		else if (n < 0 && errno != EINTR)
			e = ERR_IO;
	}
	if (!e)
		crypto_sha512(buf_span(&b), hash);
	buf_done(&b);
	return e;
}

/* A file of any size is hashed where it is. */
static enum err
hash_fd(int fd, uint8_t hash[64])
{
	struct stat st;
	void *p;

	if (fstat(fd, &st) < 0)
		return ERR_IO;
	if (S_ISDIR(st.st_mode))
		return ERR_UNSUPPORTED;
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return hash_pipe(fd, hash);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return ERR_NOMEM;
	crypto_sha512(SPAN(p, (size_t)st.st_size), hash);
	munmap(p, (size_t)st.st_size);
	return ERR_OK;
}

static enum err
hash_file(struct cli *c, const char *file, uint8_t hash[64])
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err e;

	if (fd < 0)
		e = errno == ENOENT ? ERR_NOTFOUND : errno == EACCES ? ERR_PERMISSION : ERR_IO;
	else
		e = hash_fd(fd, hash);
	if (fd >= 0)
		close(fd);
	if (e) {
		snprintf(c->detail, sizeof c->detail, "%s", file);
		snprintf(c->hint, sizeof c->hint, "nothing was signed");
	}
	return e;
}

/* ---- the signature ---- */
static enum err
armour(struct span sig, struct buf *out)
{
	struct buf b64 = BUF_INIT;
	enum err e;

	text_encode(TEXT_BASE64, sig, &b64);
	buf_put_str(out, "-----BEGIN SSH SIGNATURE-----\n");
	for (size_t at = 0; at < b64.len; at += ARMOUR_COLUMNS) {
		size_t left = b64.len - at;

		buf_put(out, b64.p + at, left < ARMOUR_COLUMNS ? left : ARMOUR_COLUMNS);
		buf_put_u8(out, '\n');
	}
	buf_put_str(out, "-----END SSH SIGNATURE-----\n");
	e = buf_err(&b64);
	buf_done(&b64);
	return e ? e : buf_err(out);
}

static enum err
sign_hash(struct cli *c, const char *path, const uint8_t hash[64], struct buf *out)
{
	struct ops_sign q = { .label = span_str(path), .type = OPS_SIGN_SSHSIG };
	struct ops_sign_rep rep;
	enum err e;

	q.name_space = cli_value(c, ARG_NAMESPACE);
	q.hash_alg = SPAN_LIT("sha512");
	q.hash = SPAN(hash, 64);
	wire_mark(&ops_sign_map, &q);
	wire_set(&ops_sign_map, &q, "type");
	if ((e = cli_call(c, OP_SIGN, &q, &rep)))
		return e;
	return armour(rep.signature, out);
}

static enum err
sign_file(struct cli *c, const char *path, const char *file)
{
	struct buf out = BUF_INIT, name = BUF_INIT;
	unsigned how = VERB_PUBLIC | (args_has(&c->args, ARG_FORCE) ? VERB_OVER : 0);
	uint8_t hash[64];
	enum err e;

	buf_putf(&name, "%s.sig", file);
	if (!(e = buf_err(&name)) && !(e = hash_file(c, file, hash)) &&
	    !(e = sign_hash(c, path, hash, &out)))
		e = verb_write_file(c, buf_cstr(&name), buf_span(&out), how);
	if (e == ERR_EXISTS)
		snprintf(c->hint, sizeof c->hint, "remove the old signature, or say --force");
	if (!e)
		out_say("signature in %s", buf_cstr(&name));
	buf_done(&name);
	buf_done(&out);
	return e;
}

static enum err
sign_stdin(struct cli *c, const char *path)
{
	struct buf out = BUF_INIT;
	uint8_t hash[64];
	enum err e;

	if (!(e = hash_fd(STDIN_FILENO, hash)) && !(e = sign_hash(c, path, hash, &out)))
		e = out_raw(STDOUT_FILENO, buf_span(&out));
	buf_done(&out);
	return e;
}

enum err
verb_sign(struct cli *c)
{
	char path[1024];
	enum err e;

	if (!args_has(&c->args, ARG_KEY) || !args_has(&c->args, ARG_NAMESPACE))
		return cli_wrong(c, "say --key PATH and --namespace NAME");
	if ((e = verb_id_find(c, c->args.value[ARG_KEY], path, sizeof path)))
		return e;
	if (c->args.n == 0)
		return sign_stdin(c, path);
	for (size_t i = 0; i < c->args.n && !e; i++)
		e = sign_file(c, path, cli_operand(c, i));
	return e;
}
