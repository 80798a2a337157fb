/* message.c - git's lines, read strictly and written carefully. */
#include "cli/git/message.h"

#include "lib/text.h"

#define NAME_LONGEST  255
#define VALUE_LONGEST 8191 /* of an attribute */

static const char *const names[MESSAGE_KEYS] = { "protocol", "host", "path", "username", "password",
	"password_expiry_utc", "oauth_refresh_token" };

/* ---- reading ---- */
static bool
is_secret(size_t k)
{
	return k == MESSAGE_PASSWORD || k == MESSAGE_REFRESH;
}

/* What names something goes into attributes and a label, and is shown to people. */
static enum err
check_value(size_t k, struct span v)
{
	if (v.len && (memchr(v.p, '\0', v.len) || memchr(v.p, '\r', v.len)))
		return ERR_GIT_MESSAGE;
	if (is_secret(k))
		return ERR_OK;
	if (v.len > VALUE_LONGEST || !text_is_utf8(v))
		return ERR_GIT_MESSAGE;
	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] < 0x20 || v.p[i] == 0x7f)
			return ERR_GIT_MESSAGE;
	return ERR_OK;
}

static enum err
read_number(struct span s, uint64_t *v)
{
	*v = 0;
	if (s.len == 0 || s.len > 18)
		return ERR_GIT_MESSAGE;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return ERR_GIT_MESSAGE;
		*v = *v * 10 + (uint64_t)(s.p[i] - '0');
	}
	return ERR_OK;
}

static enum err
read_line(struct span line, struct message *m)
{
	const uint8_t *is = memchr(line.p, '=', line.len);
	struct span name, value;
	enum err e;

	if (!is || is == line.p)
		return ERR_GIT_MESSAGE;
	name = SPAN(line.p, (size_t)(is - line.p));
	value = SPAN(is + 1, line.len - name.len - 1);
	for (size_t k = 0; k < MESSAGE_KEYS; k++) {
		if (!span_is(name, names[k]))
			continue;
		if ((e = check_value(k, value)))
			return e;
		m->value[k] = value;
		return k == MESSAGE_EXPIRY ? read_number(value, &m->expiry) : ERR_OK;
	}
	return memchr(line.p, '\0', line.len) ? ERR_GIT_MESSAGE : ERR_OK;
}

/* Without a protocol and a place nothing says whose password it is.  The host may be empty
 * (cert:///path), but who does not say it at all would get that of any (CVE-2020-11008). */
static enum err
check(const struct message *m)
{
	if (m->value[MESSAGE_PROTOCOL].len == 0 || !m->value[MESSAGE_HOST].p)
		return ERR_GIT_MESSAGE;
	return m->value[MESSAGE_HOST].len || m->value[MESSAGE_PATH].len ? ERR_OK : ERR_GIT_MESSAGE;
}

enum err
message_read(struct span text, struct message *m)
{
	enum err e;

	*m = (struct message){ .expiry = 0 };
	if (text.len > MESSAGE_MOST)
		return ERR_TOOBIG;
	while (text.len) {
		const uint8_t *end = memchr(text.p, '\n', text.len);
		size_t n = end ? (size_t)(end - text.p) : text.len;

		if (n == 0)
			break;
		if (!end)
			return ERR_GIT_MESSAGE; /* the rest of it did not come */
		if ((e = read_line(SPAN(text.p, n), m)))
			return e;
		text = SPAN(text.p + n + 1, text.len - n - 1);
	}
	return check(m);
}

/* ---- writing ---- */
enum err
message_put(struct buf *out, enum message_key k, struct span value)
{
	if (!value.p)
		return ERR_OK;
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] == '\0' || value.p[i] == '\n' || value.p[i] == '\r')
			return ERR_GIT_MESSAGE;
	buf_put_str(out, names[k]);
	buf_put_u8(out, '=');
	buf_put_span(out, value);
	buf_put_u8(out, '\n');
	return buf_err(out);
}

static void
put_escaped(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '/' || s.p[i] == '%' || s.p[i] >= 0x7f)
			buf_putf(out, "%%%02X", s.p[i]);
		else
			buf_put_u8(out, s.p[i]);
}

enum err
message_label(const struct message *m, const char *prefix, struct buf *out)
{
	static const enum message_key parts[] = { MESSAGE_PROTOCOL, MESSAGE_HOST, MESSAGE_PATH,
		MESSAGE_USERNAME };
	size_t at = out->len;

	buf_put_str(out, prefix);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (parts[i] == MESSAGE_PATH && !message_has(m, MESSAGE_PATH))
			continue;
		buf_put_u8(out, '/');
		put_escaped(out, m->value[parts[i]]);
	}
	return out->len - at > NAME_LONGEST ? ERR_TOOBIG : buf_err(out);
}
