/* One entry by itself: its tables, and what each type must and must not have. */
#include "lib/succession.h"

#include "lib/crypto.h"
#include "lib/text.h"

#define TABLE(st, fields) sizeof(struct st), fields, sizeof fields / sizeof *fields, false, 0

static const struct wire_field binding_fields[] = {
	WIRE_F(succession_binding, 1, TEXT, 0, service, 1, 32, "service"),
	WIRE_F(succession_binding, 2, TEXT, 0, account, 1, 255, "account"),
	WIRE_F(succession_binding, 3, TEXT, 0, purpose, 1, 48, "purpose"),
	WIRE_F(succession_binding, 4, TEXT, 0, alg, 1, 32, "kind of key"),
	WIRE_F(succession_binding, 5, BYTES, WF_HEX, digest, 32, 32, "hash of the public key"),
	WIRE_F(succession_binding, 6, UINT, 0, epoch, 0, 0x7fffffff, "epoch"),
};
const struct wire_map succession_binding_map = { "succession-binding",
	TABLE(succession_binding, binding_fields) };

static const struct wire_field entry_fields[] = {
	WIRE_F(succession_entry, 1, UINT, 0, version, 1, 65535, "version"),
	WIRE_F(succession_entry, 2, BYTES, WF_OPT | WF_HEX, id, SUCCESSION_ID, SUCCESSION_ID,
	    "id of the log"),
	WIRE_F(succession_entry, 3, UINT, 0, seq, 0, SUCCESSION_ENTRIES - 1, "number"),
	WIRE_F(succession_entry, 4, BYTES, WF_OPT | WF_HEX, prev, 32, 32, "hash of the one before"),
	WIRE_E(succession_entry, 5, 0, type, SUCCESSION_BIND, "incept|rotate|revoke|bind", "type"),
	WIRE_F(succession_entry, 6, BLOBS, WF_HEX, keys, 32, 32, "keys of the log"),
	WIRE_F(succession_entry, 7, BYTES, WF_HEX, next, 32, 32, "hash of the next key"),
	WIRE_F(succession_entry, 8, UINT, WF_TIME, time, 0, SUCCESSION_TIME_MAX, "when"),
	WIRE_S(succession_entry, 9, LIST, WF_OPT, bindings, &succession_binding_map,
	    SUCCESSION_BINDINGS, "public keys"),
	WIRE_F(succession_entry, 10, TEXT, WF_OPT, reason, 1, 255, "why"),
};
const struct wire_map succession_entry_map = { "succession-entry",
	TABLE(succession_entry, entry_fields) };

static const struct wire_field signature_fields[] = {
	WIRE_F(succession_signature, 1, BYTES, WF_HEX, key, 32, 32, "public key"),
	WIRE_F(succession_signature, 2, BYTES, WF_HEX, sig, 64, 64, "signature"),
};
const struct wire_map succession_signature_map = { "succession-signature",
	TABLE(succession_signature, signature_fields) };

static const struct wire_field signed_fields[] = {
	WIRE_F(succession_signed, 1, BYTES, 0, entry, 1, SUCCESSION_ENTRY_MAX, "entry"),
	WIRE_S(succession_signed, 2, LIST, 0, signatures, &succession_signature_map,
	    SUCCESSION_KEYS + 1, "signatures"),
};
const struct wire_map succession_signed_map = { "succession-signed",
	TABLE(succession_signed, signed_fields) };

/* What an entry of this type has besides what all have. */
static const struct shape {
	bool follows; /* has prev */
	bool may_bind;
	bool must_bind;
} shapes[] = {
	[SUCCESSION_INCEPT] = { false, true, true },
	[SUCCESSION_ROTATE] = { true, true, false },
	[SUCCESSION_REVOKE] = { true, false, false },
	[SUCCESSION_BIND] = { true, true, true },
};

static enum err
check_binding(const struct succession_binding *b)
{
	if (!text_is_label(b->service, false) || !text_is_name(b->account) ||
	    !text_is_label(b->purpose, true) || !text_is_label(b->alg, true))
		return ERR_TEXT;
	return ERR_OK;
}

/* All of one identity, each purpose once. */
static enum err
check_bindings(const struct succession_entry *e)
{
	struct succession_binding first = { 0 }, b;
	struct span purpose[SUCCESSION_BINDINGS];
	struct cbor c = wire_each(&e->bindings);
	size_t n, i;
	enum err r;

	for (n = 0; n < e->bindings.n; n++) {
		if ((r = wire_next(&succession_binding_map, &c, &b)) != ERR_OK ||
		    (r = check_binding(&b)) != ERR_OK)
			return r;
		if (n == 0)
			first = b;
		if (!span_eq(b.service, first.service) || !span_eq(b.account, first.account))
			return ERR_SUCC_RULE;
		for (i = 0; i < n; i++)
			if (span_eq(purpose[i], b.purpose))
				return ERR_SUCC_RULE;
		purpose[n] = b.purpose;
	}
	return ERR_OK;
}

static enum err
check_shape(const struct succession_entry *e)
{
	const struct shape *s = &shapes[e->type];
	bool binds = wire_has(&succession_entry_map, e, "bindings");

	if (e->id.len != SUCCESSION_ID || (e->prev.len != 0) != s->follows ||
	    (e->seq != 0) != s->follows)
		return ERR_FORMAT;
	/* an empty list would be another way to write none */
	if ((binds && e->bindings.n == 0) || (binds && !s->may_bind) || (!binds && s->must_bind))
		return ERR_FORMAT;
	if (e->keys.n == 0 || e->keys.n > SUCCESSION_KEYS)
		return ERR_RANGE;
	return e->keys.n > 1 ? ERR_UNSUPPORTED : ERR_OK;
}

enum err
succession_parse(struct span entry, struct succession_entry *e)
{
	enum err r;

	if (entry.len > SUCCESSION_ENTRY_MAX)
		return ERR_TOOBIG;
	if ((r = wire_decode(&succession_entry_map, entry, e)) != ERR_OK)
		return r;
	if (e->version != 1)
		return ERR_VERSION;
	if ((r = check_shape(e)) != ERR_OK)
		return r;
	if (e->reason.len > 0 && !text_is_name(e->reason))
		return ERR_TEXT;
	return check_bindings(e);
}

const uint8_t *
succession_key(const struct succession_entry *e)
{
	struct cbor c = wire_each(&e->keys);
	struct span key = SPAN_NONE;

	if (cbor_get_bytes(&c, &key) != ERR_OK)
		return NULL;
	return key.p;
}

void
succession_to_sign(struct span entry, uint8_t out[SUCCESSION_TO_SIGN])
{
	const struct span domain = SPAN_LIT("ownkey1-succession");

	memcpy(out, domain.p, domain.len);
	crypto_sha256(entry, out + domain.len);
}
