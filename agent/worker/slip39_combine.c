/* "Combining the shares". */
#include "agent/worker/slip39_parts.h"

#include "lib/crypto.h"

static const struct slip39_share *
at(const struct slip39_set *set, size_t i)
{
	return (const struct slip39_share *)(const void *)set->room.p + i;
}

/* --- the set --- */

static bool
is_same_set(const struct slip39_share *a, const struct slip39_share *b)
{
	return a->id == b->id && a->extendable == b->extendable && a->exponent == b->exponent &&
	    a->group_threshold == b->group_threshold && a->groups == b->groups && a->len == b->len;
}

static enum err
check_beside(const struct slip39_share *old, const struct slip39_share *new)
{
	if (!is_same_set(old, new))
		return ERR_SHARE_MIXED;
	if (old->group != new->group)
		return ERR_OK;
	if (old->threshold != new->threshold)
		return ERR_SHARE_FORMAT;
	return old->member == new->member ? ERR_SHARE_TWICE : ERR_OK;
}

enum err
slip39_set_add(struct slip39_set *set, const struct slip39_share *share)
{
	enum err e;

	for (size_t i = 0; i < set->n; i++)
		if ((e = check_beside(at(set, i), share)) != ERR_OK)
			return e;
	if (set->n == SLIP39_SHARES)
		return ERR_TOOBIG;
	if (set->room.p == NULL &&
	    (e = sec_init(&set->room, SLIP39_SHARES * sizeof(*share))) != ERR_OK)
		return e;
	if ((e = sec_put(&set->room, SPAN(share, sizeof(*share)))) != ERR_OK)
		return e;
	set->n++;
	return ERR_OK;
}

void
slip39_set_done(struct slip39_set *set)
{
	sec_done(&set->room);
	set->n = 0;
}

/* --- what is missing --- */

/* Of group g; of one that nothing is known about, one share. */
static size_t
missing_of(const struct slip39_set *set, unsigned g)
{
	size_t have = 0, need = 1;

	for (size_t i = 0; i < set->n; i++)
		if (at(set, i)->group == g) {
			need = at(set, i)->threshold;
			have++;
		}
	return have < need ? need - have : 0;
}

/* The groups that need least, as many as the group threshold says. */
size_t
slip39_set_missing(const struct slip39_set *set)
{
	size_t of[SLIP39_MEMBERS], total = 0, wanted, groups, least;

	if (set->n == 0)
		return 1;
	groups = at(set, 0)->groups;
	wanted = at(set, 0)->group_threshold;
	for (unsigned g = 0; g < groups; g++)
		of[g] = missing_of(set, g);
	for (; wanted > 0; wanted--) {
		least = 0;
		for (size_t g = 1; g < groups; g++)
			if (of[g] < of[least])
				least = g;
		total += of[least];
		of[least] = SIZE_MAX; /* wanted <= groups: never the least again */
	}
	return total;
}

/* --- recovering --- */

/* RecoverSecret: n points of len bytes.  One point is the secret itself, without a digest. */
static enum err
recover(const struct gf256_point *p, size_t n, struct span out)
{
	uint8_t noisy[SLIP39_SECRET_MAX], digest[SLIP39_DIGEST];
	uint8_t *secret = (uint8_t *)(uintptr_t)out.p;
	bool ok;

	if (n == 1) {
		memcpy(secret, p[0].y, out.len);
		return ERR_OK;
	}
	gf256_interpolate(p, n, SLIP39_X_SECRET, secret, out.len);
	gf256_interpolate(p, n, SLIP39_X_DIGEST, noisy, out.len);
	slip39_digest(SPAN(noisy + SLIP39_DIGEST, out.len - SLIP39_DIGEST), out, digest);
	ok = crypto_eq(SPAN(noisy, SLIP39_DIGEST), SPAN(digest, SLIP39_DIGEST));
	sec_zero(noisy, sizeof(noisy));
	sec_zero(digest, sizeof(digest));
	return ok ? ERR_OK : ERR_SHARE_FORGED;
}

/* The first shares of group g, as many as it takes. */
static enum err
recover_group(const struct slip39_set *set, unsigned g, struct span out)
{
	struct gf256_point p[SLIP39_MEMBERS];
	size_t n = 0, threshold = SLIP39_MEMBERS;

	for (size_t i = 0; i < set->n && n < threshold; i++)
		if (at(set, i)->group == g) {
			threshold = at(set, i)->threshold;
			p[n++] = (struct gf256_point){ at(set, i)->value, at(set, i)->member };
		}
	return recover(p, n, out);
}

/* values: room for the shares of all groups. */
static enum err
recover_all(const struct slip39_set *set, struct sec *values, struct span out)
{
	const struct slip39_share *first = at(set, 0);
	struct gf256_point p[SLIP39_MEMBERS];
	size_t n = 0;
	enum err e;

	for (unsigned g = 0; g < first->groups && n < first->group_threshold; g++) {
		uint8_t *y = values->p + n * first->len;

		if (missing_of(set, g) > 0)
			continue;
		if ((e = recover_group(set, g, SPAN(y, first->len))) != ERR_OK)
			return e;
		p[n++] = (struct gf256_point){ y, (uint8_t)g };
	}
	return recover(p, n, out);
}

enum err
slip39_set_combine(const struct slip39_set *set, struct span passphrase, struct sec *out)
{
	struct sec values = { 0 }, secret = { 0 };
	const struct slip39_share *first;
	enum err e;

	if (slip39_set_missing(set) > 0)
		return ERR_SHARE_FEW;
	if (passphrase.len > SLIP39_PASSPHRASE_MAX)
		return ERR_RANGE;
	first = at(set, 0);
	if ((e = sec_init(&values, SLIP39_MEMBERS * SLIP39_SECRET_MAX)) ||
	    (e = sec_init(&secret, first->len)) ||
	    (e = recover_all(set, &values, SPAN(secret.p, first->len))))
		goto out;
	secret.len = first->len;
	slip39_decrypt(first, passphrase, secret.p);
	if (out->p != NULL || !(e = sec_init(out, first->len)))
		e = sec_set(out, sec_span(&secret));
out:
	sec_done(&values);
	sec_done(&secret);
	return e;
}
