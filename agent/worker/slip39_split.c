/* "Sharing a secret" and "Generating the shares". */
#include "agent/worker/slip39_parts.h"

#include "lib/crypto.h"

#define EXPONENT 1

enum err
slip39_plan_check(const struct slip39_plan *plan)
{
	if (plan->count < 1 || plan->count > SLIP39_MEMBERS || plan->threshold > plan->count)
		return ERR_SHARE_SPLIT;
	/* of 1 of n every single one would open everything */
	return plan->threshold >= 2 || (plan->threshold == 1 && plan->count == 1) ? ERR_OK
										  : ERR_SHARE_SPLIT;
}

static bool
is_length(size_t n)
{
	return n >= 16 && n <= SLIP39_SECRET_MAX && n % 2 == 0;
}

/* The first threshold - 2 are random; the others lie on the polynomial through those, the digest
 * and the secret. */
static void
share_on(struct span secret, const struct slip39_plan *plan, const uint8_t *digest, uint8_t *values)
{
	struct gf256_point p[SLIP39_MEMBERS];
	size_t n = secret.len, random = plan->threshold - 2;

	if (random > 0)
		crypto_random(values, random * n);
	for (size_t i = 0; i < random; i++)
		p[i] = (struct gf256_point){ values + i * n, (uint8_t)i };
	p[random] = (struct gf256_point){ digest, SLIP39_X_DIGEST };
	p[random + 1] = (struct gf256_point){ secret.p, SLIP39_X_SECRET };
	for (size_t i = random; i < plan->count; i++)
		gf256_interpolate(p, plan->threshold, (uint8_t)i, values + i * n, n);
}

enum err
slip39_share_secret(struct span secret, const struct slip39_plan *plan, uint8_t *values)
{
	uint8_t digest[SLIP39_SECRET_MAX];
	enum err e;

	if ((e = slip39_plan_check(plan)) != ERR_OK)
		return e;
	if (!is_length(secret.len))
		return ERR_RANGE;
	if (plan->threshold == 1) {
		memcpy(values, secret.p, secret.len);
		return ERR_OK;
	}
	crypto_random(digest, secret.len);
	slip39_digest(SPAN(digest + SLIP39_DIGEST, secret.len - SLIP39_DIGEST), secret, digest);
	share_on(secret, plan, digest, values);
	sec_zero(digest, sizeof(digest));
	return ERR_OK;
}

/* --- words --- */

static enum err
write_shares(const struct slip39_share *like, const struct slip39_plan *plan, const uint8_t *values,
    struct sec *words)
{
	struct sec room = { 0 };
	struct slip39_share *s;
	enum err e;

	if ((e = sec_init(&room, sizeof(*s))) != ERR_OK)
		return e;
	s = (struct slip39_share *)(void *)room.p;
	*s = *like;
	for (unsigned i = 0; i < plan->count && e == ERR_OK; i++) {
		s->member = (uint8_t)i;
		memcpy(s->value, values + i * like->len, like->len);
		if ((e = sec_init(&words[i], WORDS_SLIP39_TEXT)) == ERR_OK)
			e = slip39_encode(s, &words[i]);
	}
	sec_done(&room);
	return e;
}

/* What a person will do: type threshold shares, here from number `first` on and around. */
static enum err
combine_from(const struct sec *words, const struct slip39_plan *plan, unsigned first,
    struct span passphrase, struct sec *out)
{
	struct slip39_set set = { 0 };
	struct sec room = { 0 };
	struct slip39_share *s;
	enum err e;

	if ((e = sec_init(&room, sizeof(*s))) != ERR_OK)
		return e;
	s = (struct slip39_share *)(void *)room.p;
	for (unsigned i = 0; i < plan->threshold && e == ERR_OK; i++)
		if (!(e = slip39_decode(sec_span(&words[(first + i) % plan->count]), s, NULL)))
			e = slip39_set_add(&set, s);
	if (e == ERR_OK)
		e = slip39_set_combine(&set, passphrase, out);
	slip39_set_done(&set);
	sec_done(&room);
	return e;
}

/* Shares that do not open are worse than none: found out here, not by the heirs. */
static enum err
prove(struct span secret, struct span passphrase, const struct slip39_plan *plan,
    const struct sec *words)
{
	struct sec out = { 0 };
	enum err e = ERR_OK;

	for (unsigned first = 0; first < plan->count && e == ERR_OK; first++) {
		if ((e = combine_from(words, plan, first, passphrase, &out)) == ERR_NOMEM)
			break;
		if (e || !crypto_eq(sec_span(&out), secret))
			e = ERR_INTERNAL;
		sec_done(&out);
	}
	sec_done(&out);
	return e;
}

static enum err
make_shares(const struct slip39_share *like, const struct slip39_plan *plan, struct sec *secret,
    struct sec *words)
{
	struct sec values = { 0 };
	enum err e;

	if ((e = sec_init(&values, SLIP39_MEMBERS * SLIP39_SECRET_MAX)) == ERR_OK &&
	    (e = slip39_share_secret(sec_span(secret), plan, values.p)) == ERR_OK)
		e = write_shares(like, plan, values.p, words);
	sec_done(&values);
	return e;
}

enum err
slip39_split(struct span secret, struct span passphrase, const struct slip39_plan *plan,
    struct sec *words, uint16_t *id)
{
	struct slip39_share like = {
		.exponent = EXPONENT, .group_threshold = 1, .groups = 1, .len = (uint8_t)secret.len
	};
	struct sec hidden = { 0 };
	enum err e;

	if ((e = slip39_plan_check(plan)) != ERR_OK)
		return e;
	if (!is_length(secret.len) || passphrase.len > SLIP39_PASSPHRASE_MAX)
		return ERR_RANGE;
	like.threshold = (uint8_t)plan->threshold;
	crypto_random(&like.id, sizeof(like.id));
	like.id &= 0x7fff;
	if ((e = sec_init_copy(&hidden, secret)) != ERR_OK)
		return e;
	slip39_encrypt(&like, passphrase, hidden.p);
	if ((e = make_shares(&like, plan, &hidden, words)) == ERR_OK)
		e = prove(secret, passphrase, plan, words);
	sec_done(&hidden);
	for (unsigned i = 0; e && i < plan->count; i++)
		sec_done(&words[i]);
	if (e == ERR_OK)
		*id = like.id;
	return e;
}
