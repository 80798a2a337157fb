/* assert.c - getAssertion over many credentials, with the secret. */
#include "agent/token/device.h"

#include "lib/cbor.h"

/* A request beyond maxMsgSize is refused or, worse, cut; a token that names none holds 1024
 * (CTAP 2.1, 6.4).  REQUEST_REST: all of the request but the list and the RP id. */
#define MSG_DEFAULT  1024
#define REQUEST_REST 420
#define PER_CRED     24
#define LIST_DEFAULT 8 /* maxCredentialCountInList came with CTAP 2.1 */

#define AUTHDATA_MIN 37
#define AUTHDATA_MAX 4096
#define SIG_MAX	     1024
#define ID_MAX	     1024
#define AGREE_TRIES  3

/* One round: credentials [at, at+n) of the job. */
struct round {
	const struct span *v;
	size_t n;
};

/* --- the request --- */

/* A credential id longer than the token can hold is another token's. */
static void
drop_foreign(const struct device *d, struct device_creds *c)
{
	uint64_t max = fido_cbor_info_maxcredidlen(d->info);
	size_t i, n = 0;

	if (max == 0)
		return;
	for (i = 0; i < c->n; i++) {
		if (c->v[i].len <= max)
			c->v[n++] = c->v[i];
	}
	c->n = n;
}

static struct round
get_round(const struct device *d, const struct device_creds *c, size_t at, size_t most)
{
	uint64_t msg = fido_cbor_info_maxmsgsiz(d->info);
	uint64_t used = REQUEST_REST + d->job->rp_id.len;
	size_t n = 0;

	if (msg == 0)
		msg = MSG_DEFAULT;
	while (at + n < c->n && n < most) {
		used += c->v[at + n].len + PER_CRED;
		if (n > 0 && used > msg)
			break;
		n++;
	}
	return (struct round){ c->v + at, n };
}

static size_t
list_limit(const struct device *d)
{
	uint64_t max = fido_cbor_info_maxcredcntlst(d->info);

	if (max == 0)
		return LIST_DEFAULT;
	return max < DEVICE_CREDS_MAX ? (size_t)max : DEVICE_CREDS_MAX;
}

static int
fill(const struct device *d, const struct round *rd, fido_assert_t *a)
{
	const struct token_job *job = d->job;
	size_t i;
	int r;

	if ((r = fido_assert_set_rp(a, d->rp_id)) != FIDO_OK ||
	    (r = fido_assert_set_clientdata_hash(a, job->cdh.p, job->cdh.len)) != FIDO_OK)
		return r;
	for (i = 0; i < rd->n; i++) {
		if ((r = fido_assert_allow_cred(a, rd->v[i].p, rd->v[i].len)) != FIDO_OK)
			return r;
	}
	/* up is true by default, and some old tokens dislike it said */
	if (!job->up && (r = fido_assert_set_up(a, FIDO_OPT_FALSE)) != FIDO_OK)
		return r;
	if (job->uv == TOKEN_UV_BUILTIN && (r = fido_assert_set_uv(a, FIDO_OPT_TRUE)) != FIDO_OK)
		return r;
	if (job->salt.len == 0)
		return FIDO_OK;
	if ((r = fido_assert_set_extensions(a, FIDO_EXT_HMAC_SECRET)) != FIDO_OK)
		return r;
	return fido_assert_set_hmac_salt(a, job->salt.p, job->salt.len);
}

/* --- the answer --- */

static struct span
statement_id(const fido_assert_t *a, size_t i)
{
	return SPAN(fido_assert_id_ptr(a, i), fido_assert_id_len(a, i));
}

static bool
is_in(const struct round *rd, struct span id)
{
	size_t i;

	for (i = 0; i < rd->n; i++) {
		if (span_eq(rd->v[i], id))
			return true;
	}
	return false;
}

/* Some tokens answer once per credential they own: the first that was asked for.  The id may be
 * left out when the list has one entry (CTAP 2.1, 6.2.2). */
static enum err
choose(const fido_assert_t *a, const struct round *rd, size_t *which, struct span *id)
{
	size_t i, n = fido_assert_count(a);

	for (i = 0; i < n; i++) {
		*id = statement_id(a, i);
		*which = i;
		if (id->len > 0 && id->len <= ID_MAX && (rd->n == 0 || is_in(rd, *id)))
			return ERR_OK;
	}
	if (n == 1 && rd->n == 1 && id->len == 0) {
		*id = rd->v[0];
		return ERR_OK;
	}
	return n > 0 && id->len > 0 && id->len <= ID_MAX ? ERR_LIE_CREDENTIAL : ERR_LIE_FORMAT;
}

/* libfido2 1.12 gives the CBOR byte string that holds the authenticator data. */
static enum err
get_authdata(const fido_assert_t *a, size_t i, struct span *raw)
{
	struct cbor c =
	    cbor_from(SPAN(fido_assert_authdata_ptr(a, i), fido_assert_authdata_len(a, i)));

	if (cbor_get_bytes(&c, raw) != ERR_OK || !cbor_at_end(&c) || raw->len < AUTHDATA_MIN ||
	    raw->len > AUTHDATA_MAX)
		return ERR_LIE_FORMAT;
	return ERR_OK;
}

static enum err
report(const struct device *d, const fido_assert_t *a, const struct round *rd)
{
	struct token_event ev = { .kind = TOKEN_EV_RESULT };
	size_t i = 0;
	enum err e;

	if ((e = choose(a, rd, &i, &ev.cred_id)) != ERR_OK ||
	    (e = get_authdata(a, i, &ev.authdata)) != ERR_OK)
		return e;
	ev.sig = SPAN(fido_assert_sig_ptr(a, i), fido_assert_sig_len(a, i));
	if (ev.sig.len == 0 || ev.sig.len > SIG_MAX)
		return ERR_LIE_FORMAT;
	if (d->job->salt.len > 0) {
		ev.secret =
		    SPAN(fido_assert_hmac_secret_ptr(a, i), fido_assert_hmac_secret_len(a, i));
		/* FIDO_OK says nothing about it: also a stale answer gives FIDO_OK */
		if (ev.secret.p == NULL || ev.secret.len != d->job->salt.len)
			return ERR_LIE_SECRET;
	}
	device_send(d, &ev);
	return ERR_OK;
}

/* The library says INTERNAL when the token answered and the secret could not be decrypted. */
static bool
is_bad_secret(const struct device *d, int r, const fido_assert_t *a)
{
	return r == FIDO_ERR_INTERNAL && d->job->salt.len > 0 && d->channel.err == ERR_OK &&
	    fido_assert_count(a) > 0;
}

/* A forwarded token whose PIN was mistyped at its home has new keys: begin again. */
static int
get_assert(struct device *d, fido_assert_t *a, const char *pin)
{
	int tries = d->job->uv == TOKEN_UV_BUILTIN ? AGREE_TRIES : 1, r;

	do
		r = fido_dev_get_assert(d->dev, a, pin);
	while (r == FIDO_ERR_PIN_AUTH_INVALID && --tries > 0);
	return r;
}

static enum err
do_round(struct device *d, const struct round *rd, const char *pin)
{
	fido_assert_t *a = fido_assert_new();
	enum err e = ERR_NOMEM;
	int r;

	if (a == NULL)
		return e;
	if ((r = fill(d, rd, a)) == FIDO_OK)
		r = get_assert(d, a, pin);
	if (is_bad_secret(d, r, a))
		e = ERR_LIE_SECRET;
	else if ((e = device_error(d, r)) == ERR_OK)
		e = report(d, a, rd);
	fido_assert_free(&a);
	return e;
}

/* "Not one of mine" goes on to the next part of the list; "too large" tries a smaller one. */
static enum err
do_rounds(struct device *d, const struct device_creds *c, const char *pin)
{
	size_t at = 0, most = list_limit(d);
	struct round rd;
	enum err e;

	do {
		rd = get_round(d, c, at, most);
		e = do_round(d, &rd, pin);
		if (e == ERR_TOOBIG && rd.n > 1)
			most = rd.n / 2;
		else if (e == ERR_TOKEN_WRONG)
			at += rd.n;
		else
			return e;
	} while (at < c->n);
	return e;
}

enum err
device_assert(struct device *d)
{
	struct device_creds c;
	const char *pin;
	bool listed;
	enum err e;

	if ((e = device_get_creds(d, &c)) != ERR_OK)
		return e;
	if (d->job->salt.len > 0 && !device_has_extension(d, "hmac-secret"))
		return ERR_TOKEN_NOSECRET;
	listed = c.n > 0;
	drop_foreign(d, &c);
	if (listed && c.n == 0)
		return ERR_TOKEN_WRONG;
	if ((e = device_check_uv(d, &pin)) != ERR_OK)
		return e;
	return device_after_pin(d, do_rounds(d, &c, pin));
}
