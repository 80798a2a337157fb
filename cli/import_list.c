/* import_list.c - what a reader found, in memory that is wiped. */
#include "cli/import.h"

#include <stdlib.h>

#include "lib/text.h"

#define ATTR_VALUE 4096 /* longer ones become secrets */

void
import_list_done(struct import_list *l)
{
	buf_done(&l->pool);
	buf_done(&l->one);
	buf_done(&l->attr);
}

struct span
import_span(const struct import_list *l, struct import_text t)
{
	return t.len ? span_sub(buf_span(&l->pool), t.at, t.len) : SPAN_NONE;
}

size_t
import_count(const struct import_list *l)
{
	return l->one.len / sizeof(struct import_one);
}

struct import_one *
import_at(const struct import_list *l, size_t i)
{
	return (struct import_one *)(void *)l->one.p + i;
}

struct import_attr *
import_attr_at(const struct import_list *l, size_t i)
{
	return (struct import_attr *)(void *)l->attr.p + i;
}

enum err
import_list_err(const struct import_list *l)
{
	enum err e;

	if (l->overflow)
		return ERR_TOOBIG;
	if ((e = buf_err(&l->pool)) || (e = buf_err(&l->one)))
		return e;
	return buf_err(&l->attr);
}

static struct import_text
put(struct import_list *l, struct span s)
{
	struct import_text t = { l->pool.len, s.len };

	buf_put_span(&l->pool, s);
	return t;
}

/* The vault takes names in NFC without control characters. */
static struct import_text
put_name(struct import_list *l, struct span s, bool *good)
{
	struct buf b = BUF_INIT;
	struct import_text t;

	*good = text_nfc(s, &b) == ERR_OK;
	if (!*good) {
		buf_reset(&b);
		text_printable(s, &b);
	}
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i] < 0x20 || b.p[i] == 0x7f)
			b.p[i] = ' ';
	t = put(l, import_trim(buf_span(&b)));
	if (buf_err(&b))
		l->overflow = true;
	buf_done(&b);
	return t;
}

static void
put_one(struct import_list *l, const struct import_one *o)
{
	if (import_count(l) >= IMPORT_MANY)
		l->overflow = true;
	else
		buf_put(&l->one, o, sizeof *o);
}

void
import_refuse(struct import_list *l, struct span name, const char *why)
{
	struct import_one o = { .kind = IMPORT_REFUSED, .why = why };
	bool good;

	o.name = put_name(l, name, &good);
	put_one(l, &o);
}

void
import_secret(struct import_list *l, struct span name, struct span value)
{
	struct import_one o = { .kind = IMPORT_SECRET };
	bool good;

	o.name = put_name(l, name, &good);
	o.attr = l->attr.len / sizeof(struct import_attr);
	if (!good)
		o.why = "its name is no text (UTF-8)";
	else if (o.name.len == 0)
		o.why = "it has no name";
	else if (o.name.len > IMPORT_NAME || !text_is_name(import_span(l, o.name)))
		o.why =
		    "its name is longer than 255 bytes, or has characters that names cannot have";
	else if (value.len > IMPORT_VALUE)
		o.why = "it is longer than 128 KiB";
	if (o.why)
		o.kind = IMPORT_REFUSED;
	else
		o.value = put(l, value);
	put_one(l, &o);
}

static struct import_one *
last_secret(struct import_list *l)
{
	struct import_one *o = l->one.len ? import_at(l, import_count(l) - 1) : NULL;

	return o && o->kind == IMPORT_SECRET ? o : NULL;
}

/* What is no short text becomes a secret of its own, before the one it belongs to. */
static void
attribute_as_secret(struct import_list *l, struct span name, struct span value)
{
	struct import_one last = *last_secret(l);
	struct buf label = BUF_INIT;

	import_join(&label, import_span(l, last.name), name);
	buf_cut(&l->one, l->one.len - sizeof last);
	import_secret(l, buf_span(&label), value);
	put_one(l, &last);
	buf_done(&label);
}

void
import_attribute_named(struct import_list *l, struct span name, struct span value)
{
	struct import_one *o = last_secret(l);
	struct import_attr a;
	bool good;

	if (!o || value.len == 0 || l->overflow)
		return;
	if (name.len == 0 || name.len > IMPORT_NAME || value.len > ATTR_VALUE ||
	    !text_is_utf8(value) || !text_is_utf8(name) || o->nattr == IMPORT_ATTRS) {
		attribute_as_secret(l, name.len ? name : SPAN_LIT("value"), value);
		return;
	}
	a.name = put_name(l, name, &good);
	a.value = put(l, value);
	buf_put(&l->attr, &a, sizeof a);
	o->nattr++;
}

void
import_attribute(struct import_list *l, const char *name, struct span value)
{
	import_attribute_named(l, span_str(name), value);
}

void
import_key(struct import_list *l, const struct import_key *k)
{
	struct import_one o = { .kind = IMPORT_KEY };
	bool good;

	o.name = put_name(l, k->account, &good);
	if (!good || o.name.len == 0 || o.name.len > IMPORT_NAME ||
	    !text_is_name(import_span(l, o.name)))
		o.name = put(l, span_str(k->service));
	o.value = put(l, k->secret);
	o.service = put(l, span_str(k->service));
	o.alg = put(l, span_str(k->alg));
	o.purpose = put(l, span_str(k->purpose));
	o.certificate = put(l, k->certificate);
	o.comment = put_name(l, k->comment, &good);
	o.shown = put(l, k->shown);
	put_one(l, &o);
}

void
import_join(struct buf *out, struct span a, struct span b)
{
	buf_put_span(out, a);
	buf_put_str(out, "/");
	buf_put_span(out, b);
}

/* ---- names ---- */
struct order {
	struct span name;
	size_t i;
};

static int
compare(const void *x, const void *y)
{
	const struct order *a = x, *b = y;
	size_t n = a->name.len < b->name.len ? a->name.len : b->name.len;
	int d = n ? memcmp(a->name.p, b->name.p, n) : 0;

	if (d)
		return d;
	if (a->name.len != b->name.len)
		return a->name.len < b->name.len ? -1 : 1;
	return a->i < b->i ? -1 : 1;
}

static bool
is_taken(const struct order *o, size_t n, struct span name)
{
	for (size_t low = 0; low < n;) {
		size_t mid = low + (n - low) / 2;
		struct order want = { name, 0 };
		bool same = span_eq(o[mid].name, name);

		if (same)
			return true;
		if (compare(&o[mid], &want) < 0)
			low = mid + 1;
		else
			n = mid;
	}
	return false;
}

/* "name (2)", or the next number that nobody else has. */
static void
rename_one(struct import_list *l, const struct order *all, size_t n, const struct order *o,
    unsigned *number)
{
	struct import_one *one = import_at(l, o->i);
	struct buf b = BUF_INIT;

	do {
		buf_reset(&b);
		buf_put_span(&b, o->name);
		buf_putf(&b, " (%u)", ++*number);
	} while (is_taken(all, n, buf_span(&b)));
	if (b.len > IMPORT_NAME) {
		one->kind = IMPORT_REFUSED;
		one->why = "another one has its name, which is too long for a number";
	} else {
		one->name = put(l, buf_span(&b));
	}
	buf_done(&b);
}

/* Spans into the pool do not outlive a put, so they are taken from a copy. */
static void
rename_all(struct import_list *l, struct order *o, size_t n)
{
	unsigned number = 1;

	for (size_t i = 1; i < n; i++) {
		if (!span_eq(o[i].name, o[i - 1].name))
			number = 1;
		else
			rename_one(l, o, n, &o[i], &number);
	}
}

enum err
import_list_unique(struct import_list *l)
{
	struct buf order = BUF_INIT, copy = BUF_INIT;
	size_t n = 0;
	enum err e;

	buf_put_span(&copy, buf_span(&l->pool));
	for (size_t i = 0; i < import_count(l) && !buf_err(&copy); i++) {
		const struct import_one *one = import_at(l, i);
		struct order o = { span_sub(buf_span(&copy), one->name.at, one->name.len), i };

		if (one->kind != IMPORT_SECRET)
			continue;
		buf_put(&order, &o, sizeof o);
		n++;
	}
	if (!(e = buf_err(&copy)) && !(e = buf_err(&order)) && n > 1) {
		qsort(order.p, n, sizeof(struct order), compare);
		rename_all(l, (struct order *)(void *)order.p, n);
		e = import_list_err(l);
	}
	buf_done(&order);
	buf_done(&copy);
	return e;
}

/* ---- text ---- */
struct span
import_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return span_str(slash && slash[1] ? slash + 1 : path);
}

bool
import_begins(struct span s, const char *with)
{
	size_t n = strlen(with);

	return s.len >= n && memcmp(s.p, with, n) == 0;
}

bool
import_line(struct span *text, struct span *line)
{
	const uint8_t *end;
	size_t n;

	if (text->len == 0)
		return false;
	end = memchr(text->p, '\n', text->len);
	n = end ? (size_t)(end - text->p) : text->len;
	*line = SPAN(text->p, n);
	if (n > 0 && text->p[n - 1] == '\r')
		line->len--;
	*text = n + 1 < text->len ? SPAN(text->p + n + 1, text->len - n - 1) : SPAN_NONE;
	return true;
}

struct span
import_trim(struct span s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = SPAN(s.p + 1, s.len - 1);
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}
