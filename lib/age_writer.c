/* Writing an age file (C2SP age.md). */
#include <stdio.h>

#include "lib/age_parts.h"
#include "lib/crypto.h"
#include "lib/text.h"

/* Text of a chunk: lines of 64 characters for 48 bytes, and what was carried. */
#define ARMORED ((AGE_SEALED + 48) / 48 * 65 + 256)

/* All memory is taken here, none for a chunk. */
enum err
age_writer_init(struct age_writer *w, bool armored)
{
	enum err e;

	*w = (struct age_writer){ .armored = armored };
	if ((e = sec_init(&w->plain, AGE_CHUNK)) || (e = sec_init(&w->key, 32)) ||
	    (e = sec_init(&w->file, AGE_FILE_KEY)) || (e = sec_random(&w->file, AGE_FILE_KEY)))
		return e;
	if (!buf_room(&w->out, ARMORED) || !buf_room(&w->seal, AGE_SEALED))
		return ERR_NOMEM;
	buf_put_str(&w->seal, AGE_VERSION_LINE);
	return ERR_OK;
}

void
age_writer_done(struct age_writer *w)
{
	buf_done(&w->out);
	buf_done(&w->seal);
	sec_done(&w->file);
	sec_done(&w->key);
	sec_done(&w->plain);
	*w = (struct age_writer){ .state = AGE_AT_END };
}

enum err
age_writer_scrypt(
    struct age_writer *w, const uint8_t salt[AGE_SALT], unsigned log_n, const uint8_t wrap[32])
{
	uint8_t body[AGE_BODY];
	char text[23] = { 0 }, args[32];

	if (w->state != AGE_AT_START)
		return ERR_INTERNAL;
	if (w->stanzas > 0 || log_n < 1 || log_n > 30)
		return ERR_RANGE;
	age_wrap(wrap, w->file.p, body);
	text_encode_raw(TEXT_BASE64_NOPAD, SPAN(salt, AGE_SALT), text);
	snprintf(args, sizeof(args), "%s %u", text, log_n);
	age_stanza_put(&w->seal, "scrypt", args, body);
	w->stanzas = 1;
	w->kinds = AGE_SCRYPT;
	return buf_err(&w->seal);
}

enum err
age_writer_recipient(struct age_writer *w, const uint8_t pub[32])
{
	enum err e;

	if (w->state != AGE_AT_START)
		return ERR_INTERNAL;
	if (w->kinds & AGE_SCRYPT)
		return ERR_RANGE;
	if (w->stanzas == AGE_RECIPIENTS_MAX)
		return ERR_TOOBIG;
	if ((e = age_wrap_x25519(pub, sec_span(&w->file), &w->seal)))
		return e;
	w->stanzas++;
	w->kinds = AGE_X25519;
	return buf_err(&w->seal);
}

/* What is in w->seal goes out, as it is or as text. */
static enum err
hand_out(struct age_writer *w, bool last, struct span *out)
{
	enum err e;

	if ((e = buf_err(&w->seal)))
		return e;
	*out = buf_span(&w->seal);
	if (!w->armored)
		return ERR_OK;
	w->out.len = 0;
	if (w->state == AGE_AT_START)
		buf_put_str(&w->out, AGE_BEGIN "\n");
	age_armor_put(w, *out, last);
	*out = buf_span(&w->out);
	return buf_err(&w->out);
}

enum err
age_writer_start(struct age_writer *w, struct span *out)
{
	uint8_t mac[32], nonce[AGE_NONCE];
	enum err e;

	*out = SPAN_NONE;
	if (w->state != AGE_AT_START)
		return ERR_INTERNAL;
	if (w->stanzas == 0)
		return ERR_USAGE;
	buf_put_str(&w->seal, "---");
	age_mac(sec_span(&w->file), buf_span(&w->seal), mac);
	buf_put_str(&w->seal, " ");
	text_encode(TEXT_BASE64_NOPAD, SPAN(mac, sizeof(mac)), &w->seal);
	buf_put_str(&w->seal, "\n");
	crypto_random(nonce, sizeof(nonce));
	buf_put(&w->seal, nonce, sizeof(nonce));
	age_payload_key(sec_span(&w->file), nonce, w->key.p);
	w->key.len = 32;
	if ((e = hand_out(w, false, out)))
		return e;
	sec_done(&w->file);
	w->state = AGE_AT_PAYLOAD;
	return ERR_OK;
}

static enum err
put_chunk(struct age_writer *w, struct span plain, bool last, struct span *out)
{
	enum err e;

	if ((e = age_chunk_seal(&w->key, w->chunk, last, plain, w->seal.p)))
		return e;
	w->seal.len = plain.len + AGE_TAG;
	w->chunk++;
	return hand_out(w, last, out);
}

/* A full chunk waits until more has come: the last one is sealed in another way. */
enum err
age_writer_push(struct age_writer *w, struct span *in, struct span *out)
{
	size_t n = AGE_CHUNK - w->plain.len;
	enum err e;

	*out = SPAN_NONE;
	if (w->state != AGE_AT_PAYLOAD)
		return ERR_INTERNAL;
	if (in->len == 0)
		return ERR_OK;
	if (in->len <= n) {
		e = sec_put(&w->plain, *in);
		*in = SPAN(in->p + in->len, 0);
		return e;
	}
	if (n == AGE_CHUNK) {
		e = put_chunk(w, SPAN(in->p, n), false, out);
	} else if (!(e = sec_put(&w->plain, SPAN(in->p, n)))) {
		e = put_chunk(w, sec_span(&w->plain), false, out);
		w->plain.len = 0;
	}
	*in = SPAN(in->p + n, in->len - n);
	return e;
}

enum err
age_writer_end(struct age_writer *w, struct span *out)
{
	*out = SPAN_NONE;
	if (w->state != AGE_AT_PAYLOAD)
		return ERR_INTERNAL;
	w->state = AGE_AT_END;
	return put_chunk(w, sec_span(&w->plain), true, out);
}
