/* pamline.c - lines of the administrator's map of tokens. */
#include "cli/pamline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/paths.h"
#include "lib/text.h"

/* DESIGN 6 */
#define HEAD	 33280
#define VERSION	 8
#define RP_ID	 64
#define SALT	 128
#define SLOTS	 512u
#define EACH	 2048u
#define FACTORS	 1
#define UV	 2
#define ALG	 40
#define CRED_LEN 44
#define KEY_LEN	 46
#define HINT	 128
#define KEY	 256
#define KEY_MAX	 128
#define CRED	 384
#define CRED_MAX 1023

static enum err
read_head(int fd, struct buf *head)
{
	static uint8_t bytes[HEAD];
	size_t have = 0;
	ssize_t n = 1;

	while (have < sizeof bytes && n != 0) {
		n = read(fd, bytes + have, sizeof bytes - have);
		if (n < 0 && errno != EINTR)
			return ERR_IO;
		have += n > 0 ? (size_t)n : 0;
	}
	if (have < sizeof bytes)
		return ERR_FORMAT;
	buf_put(head, bytes, have);
	return buf_err(head);
}

enum err
pamline_head(struct cli *c, struct buf *head)
{
	static const uint8_t magic[] = { 0x89, 'O', 'W', 'K', '\r', '\n', 0x1a, '\n', 0, 1 };
	char path[PATHS_MAX];
	int fd;
	enum err e = paths_vault(c->args.value[ARG_VAULT], path, sizeof path);

	if (e)
		return e;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return errno == ENOENT ? ERR_NOVAULT : err_of_errno(errno);
	e = read_head(fd, head);
	close(fd);
	if (!e && memcmp(head->p, magic, sizeof magic) != 0)
		e = ERR_FORMAT;
	return e;
}

static bool
is_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || (unsigned char)*s > '~')
			return false;
	return true;
}

enum err
pamline_slot(struct span head, unsigned i, struct pamline_slot *out)
{
	const uint8_t *s = head.p + SLOTS + i * EACH;
	size_t cred = be16(s + CRED_LEN), key = be16(s + KEY_LEN);

	if (s[0] != 1 || !(s[FACTORS] & OPS_WAY_TOKEN) || !cred || cred > CRED_MAX || !key ||
	    key > KEY_MAX)
		return ERR_NOTFOUND;
	*out = (struct pamline_slot){ .number = i + 1,
		.salt = SPAN(head.p + SALT, 32),
		.alg = (int32_t)be32(s + ALG),
		.uv = s[UV] != 0,
		.pass = (s[FACTORS] & OPS_WAY_PASS) != 0,
		.cred_id = SPAN(s + CRED, cred),
		.pubkey = SPAN(s + KEY, key) };
	memcpy(out->rp_id, head.p + RP_ID, sizeof out->rp_id - 1);
	memcpy(out->hint, s + HINT, sizeof out->hint - 1);
	/* a space or a line break in it would make another line of ours */
	return out->rp_id[0] && is_text(out->rp_id) ? ERR_OK : ERR_NOTFOUND;
}

static void
put_base64(struct buf *out, struct span s)
{
	buf_put_u8(out, ' ');
	text_encode(TEXT_BASE64, s, out);
}

void
pamline_put(const struct pamline_slot *s, const char *user, struct buf *out)
{
	char label[64];

	buf_put_str(out, user);
	buf_put_u8(out, ' ');
	buf_put_str(out, s->rp_id);
	buf_put_str(out, s->alg == -8 ? " eddsa " : " es256 ");
	buf_put_str(out, s->uv ? "up,uv" : "up");
	put_base64(out, s->cred_id);
	put_base64(out, s->pubkey);
	if (s->pass)
		buf_put_str(out, " -");
	else
		put_base64(out, s->salt);
	snprintf(label, sizeof label, "slot %u", s->number);
	buf_put_u8(out, ' ');
	if (s->hint[0])
		text_printable(span_str(s->hint), out);
	else
		buf_put_str(out, label);
	buf_put_u8(out, '\n');
}
