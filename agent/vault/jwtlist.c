/* jwtlist.c - the audiences and accounts of issuers. */
#include "agent/vault/jwtlist.h"

static const char *const words[] = { " audience ", " account " };

void
jwtlist_label(struct span issuer, uint64_t kind, struct span name, struct buf *out)
{
	buf_put_span(out, issuer);
	buf_put_str(out, words[kind]);
	buf_put_span(out, name);
}

enum err
jwtlist_find(
    const struct vault *v, struct span issuer, uint64_t kind, struct span name, struct item *it)
{
	static struct buf label; /* nothing is allocated once it is warm */
	enum err e;

	buf_reset(&label);
	jwtlist_label(issuer, kind, name, &label);
	if ((e = buf_err(&label)))
		return e;
	if (body_item_by_label(&v->open.body, ITEM_JWT, buf_span(&label), it) ||
	    it->conflict.item.len)
		return kind == JWT_ACCOUNT ? ERR_JWT_ACCOUNT : ERR_JWT_AUDIENCE;
	return ERR_OK;
}

static bool
begins_with(struct span s, struct span with)
{
	return s.len >= with.len && span_eq(SPAN(s.p, with.len), with);
}

/* The name, by taking the label apart; false when it is not of this issuer. */
static bool
read_label(struct span issuer, struct span label, struct ops_jwt_name *out)
{
	struct span rest;

	if (!begins_with(label, issuer))
		return false;
	rest = SPAN(label.p + issuer.len, label.len - issuer.len);
	for (uint64_t kind = JWT_AUDIENCE; kind <= JWT_ACCOUNT; kind++) {
		struct span word = span_str(words[kind]);

		if (begins_with(rest, word)) {
			out->kind = kind;
			out->name = SPAN(rest.p + word.len, rest.len - word.len);
			return out->name.len > 0;
		}
	}
	return false;
}

static void
read_attributes(const struct item *it, struct ops_jwt_name *out)
{
	struct cbor c = wire_each(&it->attributes);
	struct item_attr a;

	while (!cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a)) {
		if (span_is(a.name, "sector"))
			out->sector = a.value;
		else if (span_is(a.name, "public"))
			out->is_public = true;
		else if (span_is(a.name, "note"))
			out->note = a.value;
	}
}

/* Of two with one label, which merging may leave, the one that is found counts. */
bool
jwtlist_read(
    const struct vault *v, struct span issuer, const struct item *it, struct ops_jwt_name *out)
{
	struct item found;

	*out = (struct ops_jwt_name){ .added = it->mtime };
	if (!read_label(issuer, it->label, out))
		return false;
	if (jwtlist_find(v, issuer, out->kind, out->name, &found) || !span_eq(found.id, it->id))
		return false;
	read_attributes(it, out);
	return true;
}
