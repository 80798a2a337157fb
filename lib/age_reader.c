/* Reading an age file as it comes (C2SP age.md): header, key, nonce, chunks. */
#include "lib/age_parts.h"
#include "lib/crypto.h"

void
age_reader_init(struct age_reader *r, unsigned log_n_max)
{
	*r = (struct age_reader){ .log_n_max = log_n_max };
}

void
age_reader_done(struct age_reader *r)
{
	buf_done(&r->text);
	sec_done(&r->file);
	sec_done(&r->key);
	sec_done(&r->plain);
	*r = (struct age_reader){ .state = AGE_AT_END };
}

static void
advance(struct span *in, size_t n)
{
	*in = SPAN(in->p + n, in->len - n);
}

/* ---- header ---- */

static bool
may_be_age(const struct buf *text)
{
	struct span version = SPAN_LIT(AGE_VERSION_LINE);
	size_t n = text->len < version.len ? text->len : version.len;

	return memcmp(text->p, version.p, n) == 0;
}

static enum err
header_end(struct age_reader *r)
{
	struct age_parsed p;
	enum err e;

	if ((e = age_header_parse(buf_span(&r->text), r->log_n_max, &p)))
		return e;
	r->header = p.h;
	r->wants_key = true;
	return ERR_OK;
}

/* Up to the end of a line, so that not a byte of the payload is taken. */
static enum err
header_take(struct age_reader *r, struct span *in)
{
	const uint8_t *lf = memchr(in->p, '\n', in->len);
	size_t n = lf ? (size_t)(lf - in->p) + 1 : in->len;
	bool last;

	if (n > AGE_HEADER_MAX - r->text.len)
		return ERR_AGE_HEADER;
	buf_put(&r->text, in->p, n);
	advance(in, n);
	if (buf_err(&r->text))
		return ERR_NOMEM;
	if (!may_be_age(&r->text))
		return ERR_AGE_HEADER;
	if (!lf)
		return ERR_OK;
	last = r->text.len - r->line >= 3 && memcmp(r->text.p + r->line, "---", 3) == 0;
	r->line = r->text.len;
	return last ? header_end(r) : ERR_OK;
}

/* ---- keys ---- */

/* Room for a chunk as it comes and for what is in it. */
static enum err
make_room(struct age_reader *r, struct span file_key)
{
	enum err e;

	if (!(e = sec_init(&r->plain, AGE_CHUNK)) && !(e = sec_init(&r->key, 32)) &&
	    !(e = sec_init_copy(&r->file, file_key)) && !buf_room(&r->text, AGE_SEALED))
		e = ERR_NOMEM;
	if (e) {
		sec_done(&r->plain);
		sec_done(&r->key);
		sec_done(&r->file);
	}
	return e;
}

static enum err
accept_key(struct age_reader *r, struct span file_key)
{
	struct age_parsed p;
	uint8_t mac[32];
	enum err e;

	if ((e = age_header_parse(buf_span(&r->text), r->log_n_max, &p)))
		return e;
	age_mac(file_key, p.maced, mac);
	if (!crypto_eq(SPAN(mac, 32), SPAN(p.mac, 32)))
		return ERR_AGE_EDITED;
	if ((e = make_room(r, file_key)))
		return e;
	buf_reset(&r->text);
	r->state = AGE_AT_NONCE;
	r->wants_key = false;
	return ERR_OK;
}

/* Every stanza with every key: a stanza does not say whose it is. */
static enum err
try_all(const struct age_parsed *p, struct span privs, uint8_t *file_key)
{
	struct span rest = p->stanzas;
	struct age_stanza s;
	size_t i;
	enum err e;

	while (rest.len > 0) {
		if ((e = age_stanza_next(&rest, &s)))
			return e;
		if (!span_is(s.arg[0], "X25519"))
			continue;
		for (i = 0; i + 32 <= privs.len; i += 32)
			if ((e = age_unwrap_x25519(&s, privs.p + i, file_key)) != ERR_AGE_MATCH)
				return e == ERR_RANGE ? ERR_AGE_HEADER : e;
	}
	return p->h.kinds & AGE_QUANTUM ? ERR_AGE_QUANTUM : ERR_AGE_MATCH;
}

enum err
age_reader_identities(struct age_reader *r, struct span privs)
{
	struct sec file = { 0 };
	struct age_parsed p;
	enum err e;

	if (!r->wants_key)
		return ERR_INTERNAL;
	if ((e = age_header_parse(buf_span(&r->text), r->log_n_max, &p)) ||
	    (e = sec_init(&file, AGE_FILE_KEY)))
		return e;
	if (!(e = try_all(&p, privs, file.p)))
		e = accept_key(r, SPAN(file.p, AGE_FILE_KEY));
	sec_done(&file);
	return e;
}

enum err
age_reader_scrypt(struct age_reader *r, const uint8_t wrap[32])
{
	struct span rest;
	struct sec file = { 0 };
	struct age_parsed p;
	struct age_stanza s;
	enum err e;

	if (!r->wants_key)
		return ERR_INTERNAL;
	if ((e = age_header_parse(buf_span(&r->text), r->log_n_max, &p)))
		return e;
	rest = p.stanzas;
	if (!(p.h.kinds & AGE_SCRYPT))
		return p.h.kinds & AGE_QUANTUM ? ERR_AGE_QUANTUM : ERR_AGE_MATCH;
	if ((e = age_stanza_next(&rest, &s)) || (e = sec_init(&file, AGE_FILE_KEY)))
		return e;
	if (!(e = age_unwrap(wrap, s.body, file.p)))
		e = accept_key(r, SPAN(file.p, AGE_FILE_KEY));
	sec_done(&file);
	return e;
}

enum err
age_reader_file_key(struct age_reader *r, const uint8_t key[AGE_FILE_KEY])
{
	return r->wants_key ? accept_key(r, SPAN(key, AGE_FILE_KEY)) : ERR_INTERNAL;
}

void
age_reader_check(struct age_reader *r)
{
	buf_reset(&r->text);
	r->state = AGE_AT_CHECK;
	r->wants_key = false;
}

/* ---- payload ---- */

static void
nonce_take(struct age_reader *r, struct span *in)
{
	size_t want = AGE_NONCE - r->text.len, n = in->len < want ? in->len : want;

	buf_put(&r->text, in->p, n);
	advance(in, n);
	if (r->text.len < AGE_NONCE)
		return;
	age_payload_key(sec_span(&r->file), r->text.p, r->key.p);
	r->key.len = 32;
	sec_done(&r->file);
	buf_reset(&r->text);
	r->state = AGE_AT_PAYLOAD;
}

static enum err
chunk_open(struct age_reader *r, struct span sealed, bool last, struct span *out)
{
	enum err e;

	if ((e = age_chunk_open(&r->key, r->chunk, last, sealed, r->plain.p)))
		return e;
	r->plain.len = sealed.len - AGE_TAG;
	r->size += r->plain.len;
	r->chunk++;
	if (last)
		r->state = AGE_AT_END;
	*out = sec_span(&r->plain);
	return ERR_OK;
}

/* A full chunk is seldom the last.  When it is, whatever follows does not belong there, which the
 * next push says. */
static enum err
full_chunk(struct age_reader *r, struct span sealed, struct span *out)
{
	if (chunk_open(r, sealed, false, out) == ERR_OK)
		return ERR_OK;
	return chunk_open(r, sealed, true, out);
}

static enum err
payload_take(struct age_reader *r, struct span *in, struct span *out)
{
	size_t want = AGE_SEALED - r->text.len, n = in->len < want ? in->len : want;
	struct span piece = SPAN(in->p, n);
	enum err e;

	advance(in, n);
	if (n == AGE_SEALED)
		return full_chunk(r, piece, out);
	buf_put_span(&r->text, piece);
	if ((e = buf_err(&r->text)) || n < want)
		return e;
	e = full_chunk(r, buf_span(&r->text), out);
	r->text.len = 0;
	return e;
}

/* Bytes of the file itself, without armor. */
static enum err
take(struct age_reader *r, struct span *in, struct span *out)
{
	enum err e = ERR_OK;

	while (!e && in->len > 0 && out->len == 0 && !r->wants_key)
		switch (r->state) {
		case AGE_AT_HEADER:
			e = header_take(r, in);
			break;
		case AGE_AT_NONCE:
			nonce_take(r, in);
			break;
		case AGE_AT_PAYLOAD:
			e = payload_take(r, in, out);
			break;
		case AGE_AT_CHECK:
			r->size += in->len;
			advance(in, in->len);
			break;
		default:
			e = ERR_AGE_PAYLOAD;
		}
	return e;
}

/* ---- armor or not ---- */

/* White space may stand before armor.  Other text is called damaged armor, for it is what a person
 * copied too much or too little of. */
static void
look_at_first(struct age_reader *r, struct span in)
{
	if (in.len == 0)
		return;
	r->armored = *in.p != AGE_VERSION_LINE[0] && *in.p < 0x7f &&
	    (*in.p >= ' ' || memchr("\t\r\n", *in.p, 3));
	r->state = AGE_AT_HEADER;
}

static enum err
take_armored(struct age_reader *r, struct span *in, struct span *out)
{
	struct age_armor_in *a = &r->armor;
	struct span line;
	enum err e;

	for (;;) {
		line = SPAN(a->out + a->at, a->n - a->at);
		e = take(r, &line, out);
		a->at = a->n - line.len;
		if (e || out->len > 0 || r->wants_key || in->len == 0)
			return e;
		if ((e = age_armor_take(a, in)))
			return e;
	}
}

enum err
age_reader_push(struct age_reader *r, struct span *in, struct span *out)
{
	*out = SPAN_NONE;
	if (r->wants_key)
		return ERR_INTERNAL;
	if (r->state == AGE_AT_START)
		look_at_first(r, *in);
	return r->armored ? take_armored(r, in, out) : take(r, in, out);
}

/* ---- the end ---- */

static enum err
end_check(struct age_reader *r)
{
	if (r->size < AGE_NONCE)
		return ERR_AGE_HEADER;
	return age_payload_size(r->size - AGE_NONCE, &r->size);
}

/* The last chunk, which is not full: only that of an empty payload may be empty. */
static enum err
end_payload(struct age_reader *r, struct span *out)
{
	if (r->text.len < AGE_TAG || (r->text.len == AGE_TAG && r->chunk > 0))
		return ERR_AGE_PAYLOAD;
	return chunk_open(r, buf_span(&r->text), true, out);
}

enum err
age_reader_end(struct age_reader *r, struct span *out)
{
	struct span rest = SPAN_NONE;
	enum err e;

	*out = SPAN_NONE;
	if (r->wants_key)
		return ERR_INTERNAL;
	/* the rest of a line, so no chunk comes out */
	if (r->armored && ((e = age_armor_end(&r->armor)) || (e = take_armored(r, &rest, out))))
		return e;
	if (out->len > 0 || r->wants_key)
		return ERR_INTERNAL;
	switch (r->state) {
	case AGE_AT_PAYLOAD:
		return end_payload(r, out);
	case AGE_AT_CHECK:
		return end_check(r);
	case AGE_AT_END:
		return ERR_OK;
	default: /* without a nonce there is no payload, damaged or not */
		return ERR_AGE_HEADER;
	}
}
