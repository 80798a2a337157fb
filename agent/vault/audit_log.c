/* audit_log.c - the audit log as bytes. */
#include "agent/vault/audit_log.h"

#include "agent/vault/keys.h"
#include "lib/crypto.h"
#include "lib/seal.h"

#define N(a)	(sizeof(a) / sizeof *(a))
#define AT_LEN	4
#define AT_N	8
#define AT_PREV 16
#define AT_MAC	(AUDIT_RECORD - 32)

static const uint8_t magic[4] = { 'O', 'W', 'A', '1' };

static const struct wire_field audit_entry_fields[] = {
	WIRE_E(audit_entry, 1, 0, kind, AUDIT_REPAIR, AUDIT_KINDS, "what it is about"),
	WIRE_F(audit_entry, 2, UINT, WF_OPT, op, 0, 65535, "operation of ownkey-protocol(7)"),
	WIRE_F(audit_entry, 3, UINT, WF_TIME, time, 0, UINT64_MAX, "when, unix seconds"),
	WIRE_F(audit_entry, 4, UINT, 0, boottime, 0, UINT64_MAX, "milliseconds since the start"),
	WIRE_F(
	    audit_entry, 5, BYTES, WF_OPT | WF_HEX, item, AUDIT_ITEM, AUDIT_ITEM, "item or way in"),
	WIRE_F(audit_entry, 6, TEXT, WF_OPT, client, 1, AUDIT_CLIENT_MAX, "program that asked"),
	WIRE_F(audit_entry, 7, UINT, WF_OPT, err, 0, 65535, "error number; absent = done"),
	WIRE_F(audit_entry, 8, UINT, WF_OPT, count, 0, UINT64_MAX, "how often; absent = once"),
	WIRE_F(audit_entry, 9, BYTES, WF_OPT | WF_HEX, log_id, AUDIT_LOG_ID, AUDIT_LOG_ID,
	    "begin: of this log, random"),
};
const struct wire_map audit_entry_map = { "audit-entry", sizeof(struct audit_entry),
	audit_entry_fields, N(audit_entry_fields), false, 0 };

void
audit_log_item(struct span key, const uint8_t id[16], uint8_t out[AUDIT_ITEM])
{
	uint8_t k[32], mac[32];

	seal_kdf(key, "audit-item", SPAN_NONE, k, sizeof k);
	crypto_hmac_sha256(SPAN(k, sizeof k), SPAN(id, 16), mac);
	memcpy(out, mac, AUDIT_ITEM);
	sec_zero(k, sizeof k);
}

static void
mac_of(struct span key, uint64_t n, const uint8_t *record, uint8_t mac[32])
{
	uint8_t k[32];

	keys_audit(key, n, k);
	crypto_hmac_sha256(SPAN(k, sizeof k), SPAN(record, AT_MAC), mac);
	sec_zero(k, sizeof k);
}

static void
advance(struct audit_pos *at, uint64_t n, const uint8_t *record)
{
	at->n = n + 1;
	crypto_sha256(SPAN(record, AUDIT_RECORD), at->hash);
	memcpy(at->last, record + AT_MAC, 32);
}

enum err
audit_log_put(struct span key, struct audit_pos *at, const struct audit_entry *e, struct buf *out)
{
	struct buf cbor = BUF_INIT;
	uint8_t r[AUDIT_RECORD] = { 0 };
	enum err err;

	if (!(err = wire_encode(&audit_entry_map, e, &cbor)) && !(err = buf_err(&cbor)) &&
	    cbor.len > AUDIT_CBOR_MAX)
		err = ERR_TOOBIG;
	if (err)
		goto out;
	memcpy(r, magic, sizeof magic);
	put_be32(r + AT_LEN, (uint32_t)cbor.len);
	put_be64(r + AT_N, at->n);
	memcpy(r + AT_PREV, at->hash, 32);
	memcpy(r + AUDIT_HEAD, cbor.p, cbor.len);
	mac_of(key, at->n, r, r + AT_MAC);
	buf_put(out, r, sizeof r);
	if (!(err = buf_err(out)))
		advance(at, at->n, r);
out:
	buf_done(&cbor);
	return err;
}

static bool
is_zero(struct span s)
{
	uint8_t any = 0;

	for (size_t i = 0; i < s.len; i++)
		any |= s.p[i];
	return any == 0;
}

enum err
audit_log_parse(struct span s, struct audit_record *r)
{
	uint32_t len;

	if (s.len != AUDIT_RECORD || memcmp(s.p, magic, sizeof magic) != 0)
		return ERR_AUDIT_DAMAGED;
	len = be32(s.p + AT_LEN);
	if (len > AUDIT_CBOR_MAX || !is_zero(span_sub(s, AUDIT_HEAD + len, AUDIT_CBOR_MAX - len)))
		return ERR_AUDIT_DAMAGED;
	r->n = be64(s.p + AT_N);
	r->previous = span_sub(s, AT_PREV, 32);
	if (wire_decode(&audit_entry_map, span_sub(s, AUDIT_HEAD, len), &r->entry))
		return ERR_AUDIT_DAMAGED;
	return ERR_OK;
}

enum err
audit_log_open(struct span key, struct span s, struct audit_record *r)
{
	uint8_t mac[32];

	if (audit_log_parse(s, r))
		return ERR_AUDIT_DAMAGED;
	mac_of(key, r->n, s.p, mac);
	return crypto_eq(SPAN(mac, 32), span_sub(s, AT_MAC, 32)) ? ERR_OK : ERR_AUDIT_DAMAGED;
}

enum err
audit_log_next(struct span key, struct audit_pos *at, struct span s, struct audit_record *r)
{
	if (audit_log_open(key, s, r) || r->n != at->n || !span_eq(r->previous, SPAN(at->hash, 32)))
		return ERR_AUDIT_DAMAGED;
	advance(at, r->n, s.p);
	return ERR_OK;
}

enum err
audit_log_start(struct span key, struct span s, struct audit_pos *at, struct audit_record *r)
{
	if (audit_log_open(key, s, r) || r->entry.kind != AUDIT_BEGIN ||
	    r->entry.log_id.len != AUDIT_LOG_ID)
		return ERR_AUDIT_DAMAGED;
	if (r->n == 0 && !is_zero(r->previous))
		return ERR_AUDIT_DAMAGED;
	advance(at, r->n, s.p);
	return ERR_OK;
}

enum err
audit_log_walk(struct span key, struct audit_pos *at, struct span bytes, size_t *good)
{
	struct audit_record r;

	*good = 0;
	while (bytes.len - *good >= AUDIT_RECORD) {
		struct span s = span_sub(bytes, *good, AUDIT_RECORD);

		if (is_zero(s))
			return ERR_VAULT_TORN;
		if (audit_log_next(key, at, s, &r))
			return ERR_AUDIT_DAMAGED;
		*good += AUDIT_RECORD;
	}
	return *good == bytes.len ? ERR_OK : ERR_VAULT_TORN;
}
