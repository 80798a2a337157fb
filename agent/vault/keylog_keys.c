/* keylog_keys.c - what the log of an identity should say: its public keys in use. */
#include "agent/vault/keylog.h"
#include "lib/crypto.h"

/* The one line that lists show: what contacts compare. */
static struct span
public_text(const struct item *it)
{
	struct cbor c = cbor_from(it->public_part);
	struct span text;

	if (!it->public_part.len || cbor_get_text(&c, &text))
		return SPAN_NONE;
	return text;
}

static bool
is_ours(const struct keylog *k, const struct item *it)
{
	return it->kind == ITEM_KEY && !it->conflict.root.len &&
	    span_is(it->origin.service, k->service) && span_is(it->origin.account, k->account) &&
	    public_text(it).len > 0;
}

static bool
is_known(const struct keylog *k, struct span purpose)
{
	for (size_t i = 0; i < k->nkey; i++)
		if (span_eq(k->key[i].purpose, purpose))
			return true;
	return false;
}

static enum err
take(struct keylog *k, const struct item *it)
{
	struct keylog_key *key = &k->key[k->nkey];
	struct item_epoch ep;

	if (!is_ours(k, it) || is_known(k, it->origin.purpose))
		return ERR_OK;
	epochs_current(it, &ep);
	if (ep.state == EPOCH_REVOKED && k->ngone < SUCCESSION_BINDINGS)
		k->gone[k->ngone++] = it->origin.purpose;
	if (ep.state != EPOCH_ACTIVE)
		return ERR_OK;
	if (k->nkey == SUCCESSION_BINDINGS)
		return ERR_LIMIT;
	*key = (struct keylog_key){ .purpose = it->origin.purpose,
		.alg = it->origin.alg,
		.text = public_text(it),
		.epoch = ep.epoch };
	crypto_sha256(key->text, key->digest);
	k->nkey++;
	return ERR_OK;
}

/* Items of a change are one after the other. */
static bool
next_changed(struct cbor *c, struct item *it)
{
	return !cbor_at_end(c) && !wire_decode_at(&item_map, c, it);
}

static bool
is_changed(const struct delta *d, const uint8_t *id)
{
	struct cbor c = cbor_from(buf_span(&d->part[BODY_ITEMS_KEY]));
	struct item it;

	while (next_changed(&c, &it))
		if (memcmp(it.id.p, id, 16) == 0)
			return true;
	return false;
}

enum err
keylog_keys(const struct vault *v, const struct delta *d, struct keylog *k)
{
	struct cbor c = cbor_from(d ? buf_span(&d->part[BODY_ITEMS_KEY]) : SPAN_NONE);
	struct item it;
	size_t pos = 0;
	enum err e = ERR_OK;

	k->nkey = k->ngone = 0;
	while (!e && next_changed(&c, &it))
		e = take(k, &it);
	while (!e && body_item_next(&v->open.body, &pos, &it))
		if (is_ours(k, &it) && !(d && is_changed(d, it.id.p)))
			e = take(k, &it);
	return e;
}

/* ---- compared with what it says ---- */
/* Another key than the log says, or one that it names and that is revoked. */
static bool
says_wrong(const struct keylog *k)
{
	const struct succession_bound *b;

	for (size_t i = 0; i < k->nkey; i++) {
		b = succession_find(&k->st, k->key[i].purpose);
		if (b && memcmp(b->digest, k->key[i].digest, 32) != 0)
			return true;
	}
	for (size_t i = 0; i < k->ngone; i++)
		if (succession_find(&k->st, k->gone[i]) && !is_known(k, k->gone[i]))
			return true;
	return false;
}

static bool
says_too_little(const struct keylog *k)
{
	for (size_t i = 0; i < k->nkey; i++)
		if (!succession_find(&k->st, k->key[i].purpose))
			return true;
	return false;
}

enum keylog_state
keylog_state(const struct keylog *k)
{
	if (!k->log.len)
		return k->nkey ? KEYLOG_NONE : KEYLOG_NOTHING;
	if (k->st.revoked)
		return k->nkey ? KEYLOG_OWED : KEYLOG_REVOKED;
	if (says_wrong(k))
		return k->nkey ? KEYLOG_OWED : KEYLOG_REVOKING;
	return says_too_little(k) ? KEYLOG_BEHIND : KEYLOG_GOOD;
}

/* ---- whose ---- */
static bool
is_under(struct span label, struct span prefix)
{
	return span_eq(label, prefix) ||
	    (label.len > prefix.len && label.p[prefix.len] == '/' &&
		span_eq(span_sub(label, 0, prefix.len), prefix));
}

/* A service alone is no identity. */
enum err
keylog_identity(
    const struct vault *v, struct span label, struct span *service, struct span *account)
{
	struct item it;
	size_t pos = 0;
	enum err e = itemop_find(v, ITEM_KEY, label, &it);

	if (e && label.len && memchr(label.p, '/', label.len))
		while (e && body_item_next(&v->open.body, &pos, &it))
			if (it.kind == ITEM_KEY && is_under(it.label, label))
				e = ERR_OK;
	if (e)
		return e;
	*service = it.origin.service;
	*account = it.origin.account;
	return ERR_OK;
}
