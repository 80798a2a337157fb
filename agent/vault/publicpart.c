/* publicpart.c - the public half of a key, kept in its item. */
#include "agent/vault/publicpart.h"

#include "agent/vault/body_parts.h"
#include "agent/vault/itemop.h"

/* One line of text, as one CBOR item. */
static enum err
write_line(struct vault *v, const struct item *it, struct buf *out)
{
	const struct format *f = format_find(it->origin.service);
	const struct format_public *p = f ? format_public(f, it->origin.purpose, SPAN_NONE) : NULL;
	struct buf text = BUF_INIT;
	struct format_in in;
	enum err e;

	if (!p)
		return ERR_OK;
	if (!(e = itemop_key(v, it, &in)) && !(e = p->fn(&in, &text)) && !(e = buf_err(&text)))
		cbor_put_text(out, buf_span(&text));
	buf_done(&text);
	return e ? e : buf_err(out);
}

/* A key is derived from an item in the form that a decoded one has: its lists are bytes. */
enum err
publicpart_put(struct vault *v, const struct item *it, struct delta *d)
{
	struct buf raw = BUF_INIT, line = BUF_INIT;
	struct item decoded;
	enum err e;

	if (!(e = body_item_encode(it, &raw)) &&
	    !(e = wire_decode(&item_map, buf_span(&raw), &decoded)) &&
	    !(e = write_line(v, &decoded, &line))) {
		decoded.public_part = line.len ? buf_span(&line) : SPAN_NONE;
		delta_item(d, &decoded);
	}
	buf_done(&raw);
	buf_done(&line);
	return e;
}
