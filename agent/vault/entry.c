/* entry.c - what desktop applications keep, as items: its attributes and its name. */
#include "agent/vault/entry.h"

#include <stdio.h>

#include "lib/text.h"

#define PREFIX	    "ownkey."
#define NAME_ROOM   (ENTRY_NAME_LEN - 12) /* the number behind it */
#define COPIES_MOST (1u << 30)

bool
entry_is_reserved(struct span name)
{
	return name.len >= sizeof PREFIX - 1 && memcmp(name.p, PREFIX, sizeof PREFIX - 1) == 0;
}

/* Part of an object path. */
bool
entry_is_collection_id(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') && !(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '_')
			return false;
	return s.len > 0 && s.len <= ENTRY_COLLECTION_LEN;
}

/* ---- reading ---- */
static uint64_t
read_time(struct span text)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.len && i < 18; i++)
		n = text.p[i] >= '0' && text.p[i] <= '9' ? n * 10 + (uint64_t)(text.p[i] - '0') : n;
	return n;
}

/* Those that a later version may write are nobody's business here. */
static void
take_own(const struct item_attr *a, struct entry *en, bool *is)
{
	struct span name = span_sub(a->name, sizeof PREFIX - 1, a->name.len - (sizeof PREFIX - 1));

	if (span_is(name, "kind")) {
		*is = true;
		en->kind = span_is(a->value, "collection") ? OPS_ENTRY_COLLECTION : OPS_ENTRY_ITEM;
	} else if (span_is(name, "collection") && entry_is_collection_id(a->value)) {
		en->collection = a->value;
	} else if (span_is(name, "label") && a->value.len <= OPS_ENTRY_LABEL) {
		en->label = a->value;
	} else if (span_is(name, "type") && a->value.len <= 255) {
		en->type = a->value;
	} else if (span_is(name, "created")) {
		en->created = read_time(a->value);
	} else if (span_is(name, "removed")) {
		en->removed = read_time(a->value);
	} else if (span_is(name, "of")) {
		en->of = a->value;
	}
}

bool
entry_read(const struct item *it, struct entry *en)
{
	struct cbor c = wire_each(&it->attributes);
	struct item_attr a;
	bool is = false;

	*en = (struct entry){ .collection = SPAN_LIT(ENTRY_COLLECTION) };
	if (it->kind != ITEM_SECRET)
		return false;
	while (!cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a)) {
		if (entry_is_reserved(a.name)) {
			take_own(&a, en, &is);
		} else if (en->nattr < OPS_SECRET_ATTRS) {
			en->attr[en->nattr] = (struct ops_pair){ .name = a.name, .value = a.value };
			wire_mark(&ops_pair_map, &en->attr[en->nattr++]);
		}
	}
	return is;
}

bool
entry_is(const struct item *it)
{
	struct cbor c = wire_each(&it->attributes);
	struct item_attr a;

	if (it->kind != ITEM_SECRET)
		return false;
	while (!cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a))
		if (span_is(a.name, PREFIX "kind"))
			return true;
	return false;
}

static bool
has(const struct entry *en, const struct ops_pair *p)
{
	for (size_t i = 0; i < en->nattr; i++)
		if (span_eq(en->attr[i].name, p->name) && span_eq(en->attr[i].value, p->value))
			return true;
	return false;
}

bool
entry_same(const struct entry *a, const struct entry *b)
{
	if (a->kind != b->kind || a->nattr != b->nattr || !span_eq(a->collection, b->collection))
		return false;
	for (size_t i = 0; i < a->nattr; i++)
		if (!has(b, &a->attr[i]))
			return false;
	return true;
}

/* ---- writing ---- */
static void
put(struct entry_attrs *a, struct span name, struct span value)
{
	struct item_attr *at = &a->v[a->n++];

	*at = (struct item_attr){ .name = name, .value = value };
	wire_mark(&item_attr_map, at);
}

void
entry_write(const struct entry *en, struct entry_attrs *a, struct item *it)
{
	a->n = 0;
	snprintf(a->created, sizeof a->created, "%llu", (unsigned long long)en->created);
	snprintf(a->removed, sizeof a->removed, "%llu", (unsigned long long)en->removed);
	put(a, SPAN_LIT(PREFIX "kind"),
	    span_str(en->kind == OPS_ENTRY_COLLECTION ? "collection" : "item"));
	put(a, SPAN_LIT(PREFIX "collection"), en->collection);
	put(a, SPAN_LIT(PREFIX "label"), en->label);
	put(a, SPAN_LIT(PREFIX "type"), en->type);
	put(a, SPAN_LIT(PREFIX "created"), span_str(a->created));
	if (en->removed)
		put(a, SPAN_LIT(PREFIX "removed"), span_str(a->removed));
	if (en->removed && en->of.len)
		put(a, SPAN_LIT(PREFIX "of"), en->of);
	for (size_t i = 0; i < en->nattr; i++)
		put(a, en->attr[i].name, en->attr[i].value);
	it->attributes = (struct wire_list){ .v = a->v, .n = a->n };
}

/* ---- names ---- */
static bool
is_free(const struct body *b, struct span name, const uint8_t *self)
{
	struct item it;

	return body_item_by_label(b, ITEM_SECRET, name, &it) ||
	    (self && memcmp(it.id.p, self, ITEM_ID_LEN) == 0);
}

static void
put_number(struct buf *out, size_t base, unsigned n)
{
	buf_cut(out, base);
	if (n > 1)
		buf_putf(out, " (%u)", n);
}

/* Hundreds with one label are common: how many there are is looked for by halves. */
static void
make_unique(const struct body *b, const uint8_t *self, struct buf *out)
{
	size_t base = out->len;
	unsigned taken = 0, free = 1;

	for (; free < COPIES_MOST; taken = free, free *= 2) {
		put_number(out, base, free);
		if (is_free(b, buf_span(out), self))
			break;
	}
	while (free - taken > 1) {
		unsigned n = taken + (free - taken) / 2;

		put_number(out, base, n);
		if (is_free(b, buf_span(out), self))
			free = n;
		else
			taken = n;
	}
	put_number(out, base, free);
}

/* Not in the middle of a character. */
static size_t
cut_at(const struct buf *b, size_t most)
{
	size_t n = b->len;

	if (n <= most)
		return n;
	for (n = most; n && (b->p[n] & 0xc0) == 0x80; n--)
		;
	return n;
}

enum err
entry_name(const struct body *b, struct span label, const uint8_t *self, struct buf *out)
{
	struct buf nfc = BUF_INIT;
	enum err e;

	buf_reset(out);
	if (!(e = text_nfc(label, &nfc)))
		text_printable(buf_span(&nfc), out);
	buf_cut(out, cut_at(out, NAME_ROOM));
	while (out->len && out->p[out->len - 1] == ' ')
		buf_cut(out, out->len - 1);
	if (!out->len)
		buf_put_str(out, "unnamed");
	if (!e && !(e = buf_err(out)))
		make_unique(b, self, out);
	buf_done(&nfc);
	return e ? e : buf_err(out);
}
