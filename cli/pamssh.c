/* pamssh.c - lines of the map for keys of an ssh agent. */
#include "cli/pamssh.h"

#include <string.h>

#include "lib/ssh_wire.h"
#include "lib/sshlogin_type.h"
#include "lib/text.h"

#define KEY_MAX	  4096 /* as the module takes them */
#define LABEL_MAX 64

static struct span
word(struct span *rest)
{
	const uint8_t *end = rest->len ? memchr(rest->p, ' ', rest->len) : NULL;
	struct span w = SPAN(rest->p, end ? (size_t)(end - rest->p) : rest->len);

	*rest = end ? SPAN(end + 1, rest->len - w.len - 1) : SPAN_NONE;
	return w;
}

/* Strings, the first of them its type. */
static bool
is_key(struct span text, struct span type)
{
	static uint8_t blob[KEY_MAX];
	struct ssh_reader r;
	size_t n;

	if (text_decode(TEXT_BASE64, text, blob, sizeof blob, &n))
		return false;
	r = ssh_reader(SPAN(blob, n));
	if (!span_eq(ssh_read_string(&r, 64), type) || !r.left.len)
		return false;
	while (r.left.len && !ssh_reader_err(&r))
		ssh_read_string(&r, KEY_MAX);
	return !ssh_reader_end(&r);
}

static void
put_label(struct span comment, struct buf *out)
{
	for (size_t i = 0; i < comment.len && i < LABEL_MAX; i++)
		buf_put_u8(out, comment.p[i] > ' ' && comment.p[i] < 0x7f ? comment.p[i] : '_');
}

enum err
pamssh_put(struct span line, const char *user, struct buf *out)
{
	struct span type = word(&line), key = word(&line);
	bool token;

	if (!sshlogin_type(type, &token))
		return ERR_SSHKEY_KIND;
	if (!is_key(key, type))
		return ERR_SSHKEY_FORMAT;
	buf_put_str(out, user);
	buf_put_str(out, token ? " ssh-agent up " : " ssh-agent - ");
	buf_put_span(out, type);
	buf_put_u8(out, ' ');
	buf_put_span(out, key);
	if (line.len) {
		buf_put_u8(out, ' ');
		put_label(line, out);
	}
	buf_put_u8(out, '\n');
	return buf_err(out);
}
