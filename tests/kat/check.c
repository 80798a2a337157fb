/* kdf, seal, derive, persona */
#include "agent/vault/derive.h"
#include "lib/crypto.h"
#include "lib/seal.h"
#include "tests/kat/kat.h"

#define KDF_MAX 512

bool
check_kdf(struct entry *e)
{
	struct buf key = BUF_INIT, ctx = BUF_INIT;
	uint8_t out[KDF_MAX];
	const char *label;
	uint64_t len;
	bool ok;

	ok = entry_bytes(e, "key", ENTRY_ANY, &key) && entry_text(e, "label", &label) &&
	    entry_bytes(e, "context", ENTRY_ANY, &ctx) && entry_number(e, "length", KDF_MAX, &len);
	if (ok && (strlen(label) > UINT16_MAX || ctx.len > UINT16_MAX))
		ok = entry_fail(e, "context", "too long");
	if (ok) {
		seal_kdf(buf_span(&key), label, buf_span(&ctx), out, len);
		ok = entry_same(e, "out", SPAN(out, len));
	}
	buf_done(&key);
	buf_done(&ctx);
	return ok;
}

struct sealed {
	struct buf key, ad, nonce, pt, box;
	const char *label;
};

/* Seal with the nonce given; open what was given. */
static bool
seal_both_ways(struct entry *e, struct sealed *s)
{
	struct seal_known k = { buf_span(&s->key), s->label, buf_span(&s->ad), s->nonce.p };
	struct buf out = BUF_INIT;
	size_t n = s->pt.len + SEAL_OVERHEAD;
	bool ok = false;
	uint8_t *p;

	if ((p = buf_room(&out, n)) == NULL || seal_box_known(&k, buf_span(&s->pt), p))
		entry_fail(e, "plaintext", "cannot be sealed");
	else if (!entry_same(e, "box", SPAN(p, n)))
		;
	else if (seal_open(k.key, k.label, k.ad, buf_span(&s->box), p))
		entry_fail(e, "box", "does not open");
	else
		ok = entry_same(e, "plaintext", SPAN(p, s->pt.len));
	buf_done(&out);
	return ok;
}

bool
check_seal(struct entry *e)
{
	struct sealed s = { 0 };
	bool ok;

	ok = entry_bytes(e, "key", ENTRY_ANY, &s.key) && entry_text(e, "label", &s.label) &&
	    entry_bytes(e, "ad", ENTRY_ANY, &s.ad) && entry_bytes(e, "nonce", 32, &s.nonce) &&
	    entry_bytes(e, "plaintext", ENTRY_ANY, &s.pt) &&
	    entry_bytes(e, "box", ENTRY_ANY, &s.box);
	if (ok && strlen(s.label) > UINT16_MAX)
		ok = entry_fail(e, "label", "too long");
	ok = ok && seal_both_ways(e, &s);
	buf_done(&s.key);
	buf_done(&s.ad);
	buf_done(&s.nonce);
	buf_done(&s.pt);
	buf_done(&s.box);
	return ok;
}

static bool
path_read(struct entry *e, struct derive_path *path, struct span *alg)
{
	const char *service, *account, *purpose, *name;
	uint64_t epoch;

	if (!entry_text(e, "service", &service) || !entry_text(e, "account", &account) ||
	    !entry_text(e, "purpose", &purpose) || !entry_text(e, "alg", &name) ||
	    !entry_number(e, "epoch", DERIVE_EPOCH_MAX, &epoch))
		return false;
	*path = (struct derive_path){ span_str(service), span_str(account), span_str(purpose),
		(uint32_t)epoch };
	*alg = span_str(name);
	return true;
}

/* The text form must come back as the same path. */
static bool
path_round_trip(const struct derive_path *path, struct span alg)
{
	struct buf text = BUF_INIT, mem = BUF_INIT;
	struct derive_path back;
	struct span balg;
	bool ok;

	derive_path_print(path, alg, &text);
	ok = derive_path_parse(buf_span(&text), &mem, &back, &balg) == ERR_OK &&
	    span_eq(back.service, path->service) && span_eq(back.account, path->account) &&
	    span_eq(back.purpose, path->purpose) && back.epoch == path->epoch && span_eq(balg, alg);
	buf_done(&text);
	buf_done(&mem);
	return ok;
}

bool
check_derive(struct entry *e)
{
	struct buf seed = BUF_INIT, public = BUF_INIT;
	struct sec root = { 0 }, key = { 0 };
	struct derive_path path;
	struct span alg;
	bool ok;

	ok = entry_bytes(e, "seed", 32, &seed) && path_read(e, &path, &alg);
	if (ok &&
	    (derive_root(buf_span(&seed), &root) || derive_key(&root, &path, alg, &key) ||
		derive_public(alg, sec_span(&key), &public)))
		ok = entry_fail(e, "path", "refused");
	if (ok && !path_round_trip(&path, alg))
		ok = entry_fail(e, "path", "changed by its text form");
	ok = ok && entry_same(e, "private", sec_span(&key)) &&
	    entry_same(e, "public", buf_span(&public));
	buf_done(&seed);
	buf_done(&public);
	sec_done(&root);
	sec_done(&key);
	return ok;
}

/* With a passphrase: Argon2id too. */
static bool
persona_argon(struct entry *e, const uint8_t *salt)
{
	struct crypto_argon cost = { salt, DERIVE_PERSONA_M, DERIVE_PERSONA_T };
	const char *pass;
	uint8_t out[32];

	if (!entry_has(e, "passphrase"))
		return true;
	if (!entry_text(e, "passphrase", &pass))
		return false;
	if (crypto_argon2id(span_str(pass), &cost, out, sizeof(out)))
		return entry_fail(e, "passphrase", "not enough memory for Argon2id");
	return entry_same(e, "argon2id_output", SPAN(out, sizeof(out)));
}

bool
check_persona(struct entry *e)
{
	struct buf seed = BUF_INIT, argon = BUF_INIT;
	struct sec root = { 0 }, persona = { 0 };
	uint8_t salt[DERIVE_PERSONA_SALT];
	bool ok;

	ok = entry_bytes(e, "seed", 32, &seed) && entry_bytes(e, "argon2id_output", 32, &argon);
	if (ok) {
		derive_persona_salt(buf_span(&seed), salt);
		ok = entry_same(e, "salt", SPAN(salt, sizeof(salt))) && persona_argon(e, salt);
	}
	if (ok &&
	    (derive_root(buf_span(&seed), &root) ||
		derive_persona_root(&root, buf_span(&argon), &persona)))
		ok = entry_fail(e, "seed", "refused");
	ok = ok && entry_same(e, "root", sec_span(&persona));
	buf_done(&seed);
	buf_done(&argon);
	sec_done(&root);
	sec_done(&persona);
	return ok;
}
