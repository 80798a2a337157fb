#include "cli/secrets/objpath.h"

#include <stdio.h>

#include "lib/text.h"

#define DIGITS 19 /* of a number: below 2^63 */

/* The part of *rest before the next "/"; *rest gets what is behind it. */
static struct span
next_part(struct span *rest)
{
	size_t n = 0;
	struct span part;

	while (n < rest->len && rest->p[n] != '/')
		n++;
	part = SPAN(rest->p, n);
	*rest = n < rest->len ? SPAN(rest->p + n + 1, rest->len - n - 1) : SPAN_NONE;
	return part;
}

static bool
take_number(struct span s, uint64_t *out)
{
	uint64_t v = 0;

	if (!s.len || s.len > DIGITS || s.p[0] == '0')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
	}
	*out = v;
	return true;
}

static bool
take_id(struct span s, uint8_t id[16])
{
	size_t n;

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'F')
			return false;
	return s.len == 32 && !text_decode(TEXT_HEX, s, id, 16, &n) && n == 16;
}

/* Object paths have only [A-Za-z0-9_/] (D-Bus), so the letters need no check here. */
static bool
take_collection(struct span s, struct objpath *o)
{
	if (!s.len || s.len > OBJPATH_ID)
		return false;
	o->kind = OBJPATH_COLLECTION;
	if (span_is(s, "login"))
		s = SPAN_LIT(OBJPATH_MAIN);
	if (span_is(s, OBJPATH_SESSION))
		o->kind = OBJPATH_VOLATILE;
	memcpy(o->collection, s.p, s.len);
	o->collection[s.len] = '\0';
	return true;
}

static bool
take_alias(struct span s, struct objpath *o)
{
	return (span_is(s, "default") || span_is(s, "login") || span_is(s, "session")) &&
	    take_collection(s, o);
}

static bool
take_item(struct span s, struct objpath *o)
{
	static const char held[] = "locked_";
	size_t n = sizeof held - 1;

	if (o->kind == OBJPATH_VOLATILE) {
		o->kind = OBJPATH_VOLATILE_ITEM;
		return take_number(s, &o->number);
	}
	if (s.len > n && memcmp(s.p, held, n) == 0) {
		o->kind = OBJPATH_PLACEHOLDER;
		return take_number(SPAN(s.p + n, s.len - n), &o->number);
	}
	o->kind = OBJPATH_ITEM;
	return take_id(s, o->id);
}

static bool
take_rest(struct span rest, struct objpath *o)
{
	struct span what = next_part(&rest), name = next_part(&rest);
	bool more = rest.p != NULL;

	if (span_is(what, "session") || span_is(what, "prompt")) {
		o->kind = span_is(what, "prompt") ? OBJPATH_PROMPT : OBJPATH_BUS_SESSION;
		return !more && take_number(name, &o->number);
	}
	if (span_is(what, "collection") ? !take_collection(name, o)
					: !span_is(what, "aliases") || !take_alias(name, o))
		return false;
	return !more || take_item(rest, o);
}

void
objpath_parse(const char *path, struct objpath *o)
{
	size_t n = sizeof OBJPATH_ROOT - 1;

	*o = (struct objpath){ .kind = OBJPATH_NONE };
	if (strncmp(path, OBJPATH_ROOT, n) != 0)
		return;
	if (!path[n])
		o->kind = OBJPATH_SERVICE;
	else if (path[n] != '/' || !take_rest(span_str(path + n + 1), o))
		*o = (struct objpath){ .kind = OBJPATH_NONE };
}

/* ---- the other way ---- */
static const char *
shown_collection(const char *id)
{
	return strcmp(id, OBJPATH_MAIN) == 0 ? "login" : id;
}

void
objpath_put(const struct objpath *o, char out[OBJPATH_MOST])
{
	const char *c = shown_collection(o->collection);
	unsigned long long n = o->number;
	char hex[33] = "";

	text_encode_raw(TEXT_HEX, SPAN(o->id, 16), hex);
	switch (o->kind) {
	case OBJPATH_COLLECTION:
	case OBJPATH_VOLATILE:
		snprintf(out, OBJPATH_MOST, OBJPATH_ROOT "/collection/%s", c);
		break;
	case OBJPATH_ITEM:
		snprintf(out, OBJPATH_MOST, OBJPATH_ROOT "/collection/%s/%s", c, hex);
		break;
	case OBJPATH_PLACEHOLDER:
		snprintf(out, OBJPATH_MOST, OBJPATH_ROOT "/collection/%s/locked_%llu", c, n);
		break;
	case OBJPATH_VOLATILE_ITEM:
		snprintf(out, OBJPATH_MOST, OBJPATH_ROOT "/collection/session/%llu", n);
		break;
	case OBJPATH_BUS_SESSION:
		snprintf(out, OBJPATH_MOST, OBJPATH_ROOT "/session/%llu", n);
		break;
	case OBJPATH_PROMPT:
		snprintf(out, OBJPATH_MOST, OBJPATH_ROOT "/prompt/%llu", n);
		break;
	case OBJPATH_NONE:
	case OBJPATH_SERVICE:
		snprintf(out, OBJPATH_MOST, "%s", o->kind ? OBJPATH_ROOT : "/");
	}
}

static void
set_collection(struct objpath *o, struct span id)
{
	if (!id.len)
		id = SPAN_LIT(OBJPATH_MAIN);
	memcpy(o->collection, id.p, id.len < OBJPATH_ID ? id.len : OBJPATH_ID);
}

void
objpath_item(struct span collection, const uint8_t id[16], char out[OBJPATH_MOST])
{
	struct objpath o = { .kind = OBJPATH_ITEM };

	set_collection(&o, collection);
	memcpy(o.id, id, sizeof o.id);
	objpath_put(&o, out);
}

void
objpath_collection(struct span collection, char out[OBJPATH_MOST])
{
	struct objpath o = { .kind = OBJPATH_COLLECTION };

	set_collection(&o, collection);
	objpath_put(&o, out);
}

void
objpath_numbered(enum objpath_kind kind, uint64_t number, char out[OBJPATH_MOST])
{
	struct objpath o = { .kind = kind, .number = number };

	set_collection(&o, SPAN_NONE);
	objpath_put(&o, out);
}
