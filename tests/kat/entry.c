#include "tests/kat/entry.h"

#include "lib/text.h"

#define BYTES_MAX ((size_t)16 << 20)

bool
entry_fail(struct entry *e, const char *name, const char *why)
{
	if (e->name == NULL) {
		e->name = name;
		e->why = why;
	}
	return false;
}

bool
entry_has(const struct entry *e, const char *name)
{
	return json_object_get(e->obj, name) != NULL;
}

bool
entry_text(struct entry *e, const char *name, const char **text)
{
	const char *s = json_string_value(json_object_get(e->obj, name));

	if (s == NULL)
		return entry_fail(e, name, "missing, or no text");
	*text = s;
	return true;
}

bool
entry_number(struct entry *e, const char *name, uint64_t max, uint64_t *n)
{
	const json_t *j = json_object_get(e->obj, name);

	if (!json_is_integer(j) || json_integer_value(j) < 0 ||
	    (uint64_t)json_integer_value(j) > max)
		return entry_fail(e, name, "missing, or no number in its range");
	*n = (uint64_t)json_integer_value(j);
	return true;
}

bool
entry_bytes(struct entry *e, const char *name, size_t len, struct buf *out)
{
	const char *s;
	struct span hex;
	size_t n = 0;
	uint8_t *p;

	buf_reset(out);
	if (!entry_text(e, name, &s))
		return false;
	hex = span_str(s);
	if (hex.len % 2 != 0 || hex.len / 2 > BYTES_MAX)
		return entry_fail(e, name, "no hex");
	if ((p = buf_room(out, hex.len / 2 + 1)) == NULL ||
	    text_decode(TEXT_HEX, hex, p, hex.len / 2, &n))
		return entry_fail(e, name, "no hex");
	if (len != ENTRY_ANY && n != len)
		return entry_fail(e, name, "wrong length");
	buf_add(out, n);
	return true;
}

bool
entry_same(struct entry *e, const char *name, struct span got)
{
	struct buf want = BUF_INIT;
	bool ok;

	ok = entry_bytes(e, name, ENTRY_ANY, &want);
	if (ok && !span_eq(buf_span(&want), got))
		ok = entry_fail(e, name, "differs");
	buf_done(&want);
	return ok;
}
