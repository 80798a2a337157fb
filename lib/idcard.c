#include "lib/idcard.h"

#include <stdlib.h>

#include "lib/crypto.h"
#include "lib/didkey.h"
#include "lib/text.h"
#include "lib/textblock.h"

#define BLOCK	 "CARD"
#define SIG_LEN	 64
#define TIME_MAX SUCCESSION_TIME_MAX

#define TABLE(st, fields) sizeof(struct st), fields, sizeof fields / sizeof *fields, false, 0

static const struct wire_field text_fields[] = {
	WIRE_F(idcard_text, 1, TEXT, 0, purpose, 1, 48, "purpose"),
	WIRE_F(idcard_text, 2, TEXT, 0, text, 1, IDCARD_TEXT, "public key"),
};
const struct wire_map idcard_text_map = { "card-text", TABLE(idcard_text, text_fields) };

static const struct wire_field identity_fields[] = {
	WIRE_F(idcard_identity, 1, RAW, 0, log, 1, SUCCESSION_LOG_MAX, "succession log"),
	WIRE_S(idcard_identity, 2, LIST, 0, texts, &idcard_text_map, SUCCESSION_BINDINGS,
	    "public keys"),
};
const struct wire_map idcard_identity_map = { "card-identity",
	TABLE(idcard_identity, identity_fields) };

static const struct wire_field body_fields[] = {
	WIRE_F(idcard_body, 1, UINT, 0, version, 1, 65535, "version"),
	WIRE_F(idcard_body, 2, TEXT, 0, name, 1, IDCARD_NAME, "name"),
	WIRE_F(idcard_body, 3, UINT, WF_TIME, time, 0, TIME_MAX, "when"),
	WIRE_S(idcard_body, 4, LIST, 0, identities, &idcard_identity_map, IDCARD_IDENTITIES,
	    "identities"),
};
const struct wire_map idcard_body_map = { "card-body", TABLE(idcard_body, body_fields) };

static const struct wire_field signed_fields[] = {
	WIRE_F(idcard_signed, 1, BYTES, 0, body, 1, IDCARD_MAX, "card"),
	WIRE_F(idcard_signed, 2, BLOBS, 0, signatures, SIG_LEN, SIG_LEN, "signatures"),
};
const struct wire_map idcard_signed_map = { "card-signed", TABLE(idcard_signed, signed_fields) };

/* --- reading --- */

void
idcard_done(struct idcard *card)
{
	free(card->identity);
	free(card->state);
	*card = IDCARD_INIT;
}

/* Each text is the one whose hash its log binds, and each purpose stands there once. */
static enum err
check_texts(const struct idcard_identity *id, const struct succession_state *st)
{
	struct cbor c = wire_each(&id->texts);
	const struct succession_bound *b;
	bool seen[SUCCESSION_BINDINGS] = { false };
	struct idcard_text t;
	uint8_t digest[32];
	enum err e;

	while (!cbor_at_end(&c)) {
		if ((e = wire_next(&idcard_text_map, &c, &t)) != ERR_OK)
			return e;
		crypto_sha256(t.text, digest);
		b = succession_find(st, t.purpose);
		if (b == NULL || memcmp(b->digest, digest, sizeof(digest)) != 0)
			return ERR_CARD_KEY;
		if (seen[b - st->bound])
			return ERR_CARD_TWICE;
		seen[b - st->bound] = true;
	}
	return ERR_OK;
}

static bool
is_same_identity(const struct succession_state *a, const struct succession_state *b)
{
	return span_eq(a->service, b->service) && span_eq(a->account, b->account);
}

static enum err
read_identity(struct cbor *c, struct idcard *card)
{
	struct succession_state *st = &card->state[card->n];
	struct idcard_identity *id = &card->identity[card->n];
	enum err e;

	if ((e = wire_next(&idcard_identity_map, c, id)) != ERR_OK ||
	    (e = succession_verify(id->log, st)) != ERR_OK)
		return e;
	for (size_t i = 0; i < card->n; i++)
		if (is_same_identity(st, &card->state[i]) ||
		    memcmp(st->id, card->state[i].id, sizeof(st->id)) == 0)
			return ERR_CARD_TWICE;
	if ((e = check_texts(id, st)) != ERR_OK)
		return e;
	card->n++;
	return ERR_OK;
}

/* Everything but the signatures. */
static enum err
read_body(struct span bytes, struct idcard *card)
{
	struct idcard_body body;
	struct cbor c;
	enum err e;

	if (bytes.len > IDCARD_MAX)
		return ERR_TOOBIG;
	if ((e = wire_decode(&idcard_body_map, bytes, &body)) != ERR_OK)
		return e;
	if (body.version != 1)
		return ERR_VERSION;
	if (!text_is_name(body.name))
		return ERR_TEXT;
	if (body.identities.n == 0)
		return ERR_FORMAT;
	card->identity = calloc(body.identities.n, sizeof(*card->identity));
	card->state = calloc(body.identities.n, sizeof(*card->state));
	if (card->identity == NULL || card->state == NULL)
		return ERR_NOMEM;
	card->name = body.name;
	card->time = body.time;
	for (c = wire_each(&body.identities); !cbor_at_end(&c);)
		if ((e = read_identity(&c, card)) != ERR_OK)
			return e;
	return ERR_OK;
}

void
idcard_to_sign(struct span body, uint8_t out[IDCARD_TO_SIGN])
{
	const struct span domain = SPAN_LIT("ownkey1-card");

	memcpy(out, domain.p, domain.len);
	crypto_sha256(body, out + domain.len);
}

static enum err
check_signatures(const struct idcard_signed *s, const struct idcard *card)
{
	struct cbor c = wire_each(&s->signatures);
	uint8_t msg[IDCARD_TO_SIGN];
	struct span sig;
	enum err e;

	if (s->signatures.n != card->n)
		return ERR_CARD_SIGNATURE;
	idcard_to_sign(s->body, msg);
	for (size_t i = 0; i < card->n; i++) {
		if ((e = cbor_get_bytes(&c, &sig)) != ERR_OK)
			return e;
		if (!crypto_ed25519_verify(card->state[i].key, SPAN(msg, sizeof(msg)), sig.p))
			return ERR_CARD_SIGNATURE;
	}
	return ERR_OK;
}

enum err
idcard_verify(struct span bytes, struct idcard *card)
{
	struct idcard got = IDCARD_INIT;
	struct idcard_signed s;
	enum err e;

	if (bytes.len > IDCARD_MAX)
		return ERR_TOOBIG;
	if ((e = wire_decode(&idcard_signed_map, bytes, &s)) == ERR_OK &&
	    (e = read_body(s.body, &got)) == ERR_OK)
		e = check_signatures(&s, &got);
	if (e == ERR_OK)
		*card = got;
	else
		idcard_done(&got);
	return e;
}

struct span
idcard_find_text(const struct idcard *card, size_t i, struct span purpose)
{
	struct cbor c = wire_each(&card->identity[i].texts);
	struct idcard_text t;

	while (!cbor_at_end(&c) && wire_next(&idcard_text_map, &c, &t) == ERR_OK)
		if (span_eq(t.purpose, purpose))
			return t.text;
	return SPAN_NONE;
}

/* --- making --- */

static enum err
put_identity(const struct idcard_entry *entry, struct buf *b)
{
	struct buf rows = BUF_INIT;
	struct idcard_identity id = { .log = entry->log };
	struct idcard_text t;
	enum err e = ERR_OK;

	for (size_t i = 0; i < entry->n && e == ERR_OK; i++) {
		t = entry->text[i];
		wire_mark(&idcard_text_map, &t);
		e = wire_encode(&idcard_text_map, &t, &rows);
	}
	id.texts = (struct wire_list){ .n = entry->n, .raw = buf_span(&rows) };
	wire_mark(&idcard_identity_map, &id);
	if (e == ERR_OK)
		e = wire_encode(&idcard_identity_map, &id, b);
	buf_done(&rows);
	return e;
}

static enum err
check_body(struct span body)
{
	struct idcard card = IDCARD_INIT;
	enum err e = read_body(body, &card);

	idcard_done(&card);
	return e;
}

enum err
idcard_make(
    struct span name, uint64_t time, const struct idcard_entry *entry, size_t n, struct buf *body)
{
	struct idcard_body b = { .version = 1, .name = name, .time = time };
	struct buf rows = BUF_INIT, bytes = BUF_INIT;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		e = put_identity(&entry[i], &rows);
	b.identities = (struct wire_list){ .n = n, .raw = buf_span(&rows) };
	wire_mark(&idcard_body_map, &b);
	if (e == ERR_OK && (e = wire_encode(&idcard_body_map, &b, &bytes)) == ERR_OK &&
	    (e = check_body(buf_span(&bytes))) == ERR_OK) {
		buf_put_span(body, buf_span(&bytes));
		e = buf_err(body);
	}
	buf_done(&rows);
	buf_done(&bytes);
	return e;
}

static enum err
verifies(struct span bytes)
{
	struct idcard card = IDCARD_INIT;
	enum err e = idcard_verify(bytes, &card);

	idcard_done(&card);
	return e;
}

enum err
idcard_assemble(struct span body, const uint8_t (*signature)[64], size_t n, struct buf *out)
{
	struct idcard_signed s = { .body = body };
	struct span sig[IDCARD_IDENTITIES];
	struct buf b = BUF_INIT;
	enum err e;

	if (n == 0 || n > IDCARD_IDENTITIES)
		return ERR_RANGE;
	for (size_t i = 0; i < n; i++)
		sig[i] = SPAN(signature[i], SIG_LEN);
	s.signatures = (struct wire_list){ .v = sig, .n = n };
	wire_mark(&idcard_signed_map, &s);
	if ((e = wire_encode(&idcard_signed_map, &s, &b)) == ERR_OK &&
	    (e = verifies(buf_span(&b))) == ERR_OK) {
		buf_put_span(out, buf_span(&b));
		e = buf_err(out);
	}
	buf_done(&b);
	return e;
}

/* --- as text --- */

static void
print_head(const struct idcard *card, struct buf *out)
{
	char did[DIDKEY_TEXT];

	buf_put_str(out, "Card of ");
	text_printable(card->name, out);
	buf_put_u8(out, '\n');
	for (size_t i = 0; i < card->n; i++) {
		didkey_print(card->state[i].key, did);
		buf_put_str(out, "  ");
		buf_put_span(out, card->state[i].service);
		buf_put_u8(out, ' ');
		text_printable(card->state[i].account, out);
		buf_putf(out, " %s%s\n", card->state[i].revoked ? "REVOKED " : "", did);
	}
	buf_put_str(out, "(these lines are not signed: only the block counts)\n");
}

enum err
idcard_print(struct span bytes, struct buf *out)
{
	struct idcard card = IDCARD_INIT;
	enum err e;

	if ((e = idcard_verify(bytes, &card)) != ERR_OK)
		return e;
	print_head(&card, out);
	textblock_write(BLOCK, bytes, out);
	idcard_done(&card);
	return buf_err(out);
}

enum err
idcard_find_block(struct span text, struct buf *card)
{
	return textblock_read(BLOCK, text, IDCARD_MAX, card);
}
