/*
 * A log as a whole.  The rules stand in succession_may_follow (what an entry may say) and in
 * check_signers (who must have signed it); ownkey-succession(5) says why each is there.
 */
#include "lib/succession.h"

#include "lib/crypto.h"
#include "lib/succession_rules.h"

#define SIGNERS 2

/* --- what an entry may say --- */

enum err
succession_id(const struct succession_entry *first, uint8_t id[SUCCESSION_ID])
{
	struct succession_entry bare = *first;
	struct buf b = BUF_INIT;
	uint8_t hash[32];
	enum err e;

	bare.has &= ~(uint64_t)2; /* the second field of the table: the id itself */
	if ((e = wire_encode(&succession_entry_map, &bare, &b)) == ERR_OK) {
		crypto_sha256(buf_span(&b), hash);
		memcpy(id, hash, SUCCESSION_ID);
	}
	buf_done(&b);
	return e;
}

static bool
is_hash_of(const uint8_t hash[32], const uint8_t key[32])
{
	uint8_t h[32];

	crypto_sha256(SPAN(key, 32), h);
	return memcmp(h, hash, 32) == 0;
}

/* A log's key must never be a key that the phrase makes: who holds the first could then use the
 * second.  And a key that was given up must not come back as the next one. */
static enum err
check_new_keys(const struct succession_state *st, const struct succession_entry *e)
{
	const uint8_t *key = succession_key(e);

	if (is_hash_of(e->next.p, key))
		return ERR_SUCC_RULE;
	if (st->n == 0)
		return ERR_OK;
	if (memcmp(key, st->key, 32) == 0 || memcmp(e->next.p, st->next, 32) == 0 ||
	    is_hash_of(st->next, key) || is_hash_of(e->next.p, st->key))
		return ERR_SUCC_RULE;
	return ERR_OK;
}

static enum err
check_same_keys(const struct succession_state *st, const struct succession_entry *e)
{
	if (memcmp(succession_key(e), st->key, 32) != 0 || memcmp(e->next.p, st->next, 32) != 0)
		return ERR_SUCC_RULE;
	return ERR_OK;
}

const struct succession_bound *
succession_find(const struct succession_state *st, struct span purpose)
{
	for (size_t i = 0; i < st->nbound; i++)
		if (span_eq(st->bound[i].purpose, purpose))
			return &st->bound[i];
	return NULL;
}

/* Of the log's identity; where only adding is allowed, nothing that is bound already. */
static enum err
check_new_bindings(const struct succession_state *st, const struct succession_entry *e)
{
	struct cbor c = wire_each(&e->bindings);
	struct succession_binding b;
	enum err r;

	if (e->type == SUCCESSION_BIND && e->bindings.n > SUCCESSION_BINDINGS - st->nbound)
		return ERR_TOOBIG;
	while (st->n > 0 && !cbor_at_end(&c)) {
		if ((r = wire_next(&succession_binding_map, &c, &b)) != ERR_OK)
			return r;
		if (!span_eq(b.service, st->service) || !span_eq(b.account, st->account))
			return ERR_SUCC_RULE;
		if (e->type == SUCCESSION_BIND && succession_find(st, b.purpose) != NULL)
			return ERR_SUCC_RULE;
	}
	return ERR_OK;
}

static enum err
check_chain(const struct succession_state *st, const struct succession_entry *e)
{
	uint8_t id[SUCCESSION_ID];
	enum err r;

	if (e->seq != st->n)
		return ERR_SUCC_CHAIN;
	if (st->n == 0) {
		if ((r = succession_id(e, id)) != ERR_OK)
			return r;
		return memcmp(e->id.p, id, SUCCESSION_ID) == 0 ? ERR_OK : ERR_SUCC_CHAIN;
	}
	if (memcmp(e->id.p, st->id, SUCCESSION_ID) != 0 || memcmp(e->prev.p, st->head, 32) != 0 ||
	    e->time < st->time)
		return ERR_SUCC_CHAIN;
	return ERR_OK;
}

enum err
succession_may_follow(const struct succession_state *st, const struct succession_entry *e)
{
	bool moves = e->type == SUCCESSION_INCEPT || e->type == SUCCESSION_ROTATE;
	enum err r;

	if ((r = check_chain(st, e)) != ERR_OK)
		return r;
	if (st->revoked && e->type != SUCCESSION_ROTATE)
		return ERR_SUCC_RULE;
	if ((r = moves ? check_new_keys(st, e) : check_same_keys(st, e)) != ERR_OK)
		return r;
	return check_new_bindings(st, e);
}

/* --- who must have signed it --- */

/* Who signed an entry: each signature is right, and its key is one of these. */
struct signers {
	size_t n;
	bool current; /* the first one is the current key */
	bool next;    /* the last one is the announced next key */
};

/* Every signature is right, whoever made it. */
static enum err
find_signers(const struct succession_state *st, const struct succession_entry *e,
    const struct succession_signed *s, struct signers *who)
{
	const uint8_t *current = st->n == 0 ? succession_key(e) : st->key;
	struct cbor c = wire_each(&s->signatures);
	struct succession_signature sig;
	uint8_t msg[SUCCESSION_TO_SIGN];
	enum err r;

	*who = (struct signers){ 0 };
	if (s->signatures.n == 0 || s->signatures.n > SIGNERS)
		return ERR_SUCC_SIGNATURE;
	succession_to_sign(s->entry, msg);
	for (; who->n < s->signatures.n; who->n++) {
		if ((r = wire_next(&succession_signature_map, &c, &sig)) != ERR_OK)
			return r;
		if (!crypto_ed25519_verify(sig.key.p, SPAN(msg, sizeof(msg)), sig.sig.p))
			return ERR_SUCC_SIGNATURE;
		if (who->n == 0)
			who->current = memcmp(sig.key.p, current, 32) == 0;
		who->next = st->n > 0 && is_hash_of(st->next, sig.key.p);
	}
	return ERR_OK;
}

static enum err
check_signers(uint64_t type, const struct signers *who)
{
	switch (type) {
	case SUCCESSION_ROTATE:
		if (!who->current)
			return ERR_SUCC_SIGNATURE;
		return who->n == 2 && who->next ? ERR_OK : ERR_SUCC_PHRASE;
	case SUCCESSION_REVOKE:
		return who->n == 1 && (who->current || who->next) ? ERR_OK : ERR_SUCC_SIGNATURE;
	default:
		return who->n == 1 && who->current ? ERR_OK : ERR_SUCC_SIGNATURE;
	}
}

/* --- one after the other --- */

static void
apply_bindings(struct succession_state *st, const struct succession_entry *e)
{
	struct cbor c = wire_each(&e->bindings);
	struct succession_binding b;

	if (e->type == SUCCESSION_ROTATE)
		st->nbound = 0;
	while (!cbor_at_end(&c) && wire_next(&succession_binding_map, &c, &b) == ERR_OK) {
		if (st->n == 0) {
			st->service = b.service;
			st->account = b.account;
		}
		st->bound[st->nbound++] =
		    (struct succession_bound){ b.purpose, b.alg, b.digest.p, (uint32_t)b.epoch };
	}
}

void
succession_apply(struct succession_state *st, const struct succession_entry *e)
{
	apply_bindings(st, e);
	if (st->n == 0)
		memcpy(st->id, e->id.p, SUCCESSION_ID);
	memcpy(st->key, succession_key(e), 32);
	memcpy(st->next, e->next.p, 32);
	st->time = e->time;
	st->rotations += e->type == SUCCESSION_ROTATE;
	st->revoked = e->type == SUCCESSION_REVOKE;
	st->n++;
}

static enum err
verify_next(struct cbor *c, struct succession_state *st)
{
	struct signers who;
	struct succession_signed s;
	struct succession_entry e;
	const uint8_t *from = c->p;
	enum err r;

	if ((r = wire_next(&succession_signed_map, c, &s)) != ERR_OK ||
	    (r = succession_parse(s.entry, &e)) != ERR_OK ||
	    (r = succession_may_follow(st, &e)) != ERR_OK ||
	    (r = find_signers(st, &e, &s, &who)) != ERR_OK ||
	    (r = check_signers(e.type, &who)) != ERR_OK)
		return r;
	succession_apply(st, &e);
	crypto_sha256(SPAN(from, (size_t)(c->p - from)), st->head);
	return ERR_OK;
}

enum err
succession_verify(struct span log, struct succession_state *st)
{
	struct cbor c = cbor_from(log);
	size_t n;
	enum err r;

	memset(st, 0, sizeof(*st));
	if (log.len > SUCCESSION_LOG_MAX)
		return ERR_TOOBIG;
	if ((r = cbor_get_array(&c, &n)) != ERR_OK)
		return r;
	if (n > SUCCESSION_ENTRIES)
		return ERR_TOOBIG;
	if (n == 0)
		return ERR_FORMAT;
	while (st->n < n)
		if ((r = verify_next(&c, st)) != ERR_OK)
			return r;
	return cbor_at_end(&c) ? ERR_OK : ERR_FORMAT;
}

/* --- two logs --- */

static enum err
type_of(struct span raw, uint64_t *type)
{
	struct succession_signed s;
	struct succession_entry e;
	enum err r;

	if ((r = wire_decode(&succession_signed_map, raw, &s)) != ERR_OK ||
	    (r = wire_decode(&succession_entry_map, s.entry, &e)) != ERR_OK)
		return r;
	*type = e.type;
	return ERR_OK;
}

static enum err
has_rotation(struct cbor c, struct span first, bool *has)
{
	uint64_t type = SUCCESSION_BIND;
	struct span raw = first;
	enum err r;

	for (;;) {
		if ((r = type_of(raw, &type)) != ERR_OK)
			return r;
		*has = type == SUCCESSION_ROTATE;
		if (*has || cbor_at_end(&c))
			return ERR_OK;
		if ((r = cbor_skip(&c, &raw)) != ERR_OK)
			return r;
	}
}

/* They differ from entry i on: pinned goes on with `old` and p, newer with `new`. */
static enum err
judge_fork(size_t i, struct cbor p, struct span old, struct span new, enum succession_relation *rel)
{
	uint64_t type;
	bool rotated;
	enum err r;

	*rel = i == 0 ? SUCCESSION_OTHER : SUCCESSION_FORKS;
	if (i == 0)
		return ERR_OK;
	if ((r = type_of(new, &type)) != ERR_OK || (r = has_rotation(p, old, &rotated)) != ERR_OK)
		return r;
	if (type == SUCCESSION_ROTATE && !rotated)
		*rel = SUCCESSION_RECOVERS;
	return ERR_OK;
}

enum err
succession_compare(struct span pinned, struct span newer, enum succession_relation *relation)
{
	struct cbor p = cbor_from(pinned), w = cbor_from(newer);
	size_t i, np, nw;
	struct span old, new;
	enum err r;

	if ((r = cbor_get_array(&p, &np)) != ERR_OK || (r = cbor_get_array(&w, &nw)) != ERR_OK)
		return r;
	for (i = 0; i < np && i < nw; i++) {
		if ((r = cbor_skip(&p, &old)) != ERR_OK || (r = cbor_skip(&w, &new)) != ERR_OK)
			return r;
		if (!span_eq(old, new))
			return judge_fork(i, p, old, new, relation);
	}
	*relation = np == nw ? SUCCESSION_SAME : np < nw ? SUCCESSION_EXTENDS : SUCCESSION_OLDER;
	return ERR_OK;
}
