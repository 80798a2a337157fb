/*
 * make.c - makeCredential: for a way in not resident, with hmac-secret, attestation ignored
 * (DESIGN 7); for other programs as they want it.
 */
#include "agent/token/device.h"
#include "lib/cbor.h"

#include <fido/eddsa.h>
#include <fido/es256.h>

#define AUTHDATA_MIN 37
#define AUTHDATA_MAX 4096
#define ID_MAX	     1024
#define CERT_MAX     4096
#define SIG_MAX	     1024
#define USER_MAX     64
#define PROTECT	     FIDO_CRED_PROT_UV_OPTIONAL_WITH_ID

/* What a token without credProtect cannot keep is refused; less is what it does anyway. */
static int
set_protect(const struct device *d, fido_cred_t *cred)
{
	bool can = fido_dev_supports_cred_prot(d->dev);
	int prot = (int)d->job->protect;

	if (prot == 0 && !d->job->plain)
		prot = PROTECT;
	if (prot == FIDO_CRED_PROT_UV_REQUIRED && !can)
		return FIDO_ERR_UNSUPPORTED_OPTION;
	return can && prot != 0 ? fido_cred_set_prot(cred, prot) : FIDO_OK;
}

static int
set_extensions(const struct device *d, fido_cred_t *cred)
{
	int r;

	if (!d->job->plain && (r = fido_cred_set_extensions(cred, FIDO_EXT_HMAC_SECRET)) != FIDO_OK)
		return r;
	if (d->job->resident && (r = fido_cred_set_rk(cred, FIDO_OPT_TRUE)) != FIDO_OK)
		return r;
	return set_protect(d, cred);
}

static int
set_exclude(const struct device *d, const struct device_creds *c, fido_cred_t *cred)
{
	uint64_t max = fido_cbor_info_maxcredidlen(d->info);
	size_t i;
	int r;

	for (i = 0; i < c->n; i++) {
		if (max != 0 && c->v[i].len > max)
			continue;
		if ((r = fido_cred_exclude(cred, c->v[i].p, c->v[i].len)) != FIDO_OK)
			return r;
	}
	return FIDO_OK;
}

static int
fill(const struct device *d, const struct device_creds *c, int alg, fido_cred_t *cred)
{
	const struct token_job *job = d->job;
	char user[USER_MAX + 1] = { 0 };
	int r;

	memcpy(user, job->user.p, job->user.len);
	if ((r = fido_cred_set_type(cred, alg)) != FIDO_OK ||
	    (r = fido_cred_set_rp(cred, d->rp_id, "ownkey")) != FIDO_OK ||
	    (r = fido_cred_set_user(cred, job->user_id.p, job->user_id.len, user, user, NULL)) !=
		FIDO_OK ||
	    (r = fido_cred_set_clientdata_hash(cred, job->cdh.p, job->cdh.len)) != FIDO_OK ||
	    (r = set_extensions(d, cred)) != FIDO_OK)
		return r;
	if (job->uv == TOKEN_UV_BUILTIN && (r = fido_cred_set_uv(cred, FIDO_OPT_TRUE)) != FIDO_OK)
		return r;
	return set_exclude(d, c, cred);
}

/* For whoever asks for it; a way in does not.  What is out of bounds is as good as none. */
static void
report_attestation(const fido_cred_t *cred, struct token_event *ev)
{
	const char *fmt = fido_cred_fmt(cred);
	struct span sig = SPAN(fido_cred_sig_ptr(cred), fido_cred_sig_len(cred));
	struct span cert = SPAN(fido_cred_x5c_ptr(cred), fido_cred_x5c_len(cred));

	if (fmt == NULL || sig.len == 0 || sig.len > SIG_MAX || cert.len > CERT_MAX)
		return;
	ev->fmt = span_str(fmt);
	ev->sig = sig;
	ev->cert = cert;
}

static enum err
report(const struct device *d, const fido_cred_t *cred, int alg)
{
	struct token_event ev = { .kind = TOKEN_EV_RESULT, .alg = alg };
	size_t want = alg == COSE_ES256 ? 64 : 32;

	ev.cred_id = SPAN(fido_cred_id_ptr(cred), fido_cred_id_len(cred));
	ev.authdata = SPAN(fido_cred_authdata_raw_ptr(cred), fido_cred_authdata_raw_len(cred));
	ev.pubkey = SPAN(fido_cred_pubkey_ptr(cred), fido_cred_pubkey_len(cred));
	ev.aaguid = SPAN(fido_cred_aaguid_ptr(cred), fido_cred_aaguid_len(cred));
	report_attestation(cred, &ev);
	if (ev.cred_id.len == 0 || ev.cred_id.len > ID_MAX || ev.authdata.len < AUTHDATA_MIN ||
	    ev.authdata.len > AUTHDATA_MAX || ev.pubkey.p == NULL || ev.pubkey.len != want ||
	    ev.aaguid.len != 16)
		return ERR_LIE_FORMAT;
	device_send(d, &ev);
	return ERR_OK;
}

/* *unsupported: the token does not know this algorithm; nobody was asked for a touch. */
static enum err
make_with(
    struct device *d, const struct device_creds *c, int alg, const char *pin, bool *unsupported)
{
	fido_cred_t *cred = fido_cred_new();
	enum err e;
	int r;

	if (cred == NULL)
		return ERR_NOMEM;
	if ((r = fill(d, c, alg, cred)) == FIDO_OK)
		r = fido_dev_make_cred(d->dev, cred, pin);
	*unsupported = r == FIDO_ERR_UNSUPPORTED_ALGORITHM;
	if ((e = device_error(d, r)) == ERR_OK)
		e = report(d, cred, alg);
	fido_cred_free(&cred);
	return e;
}

/* A token that lists what it knows is believed; older ones list nothing. */
static bool
lacks(const struct device *d, int alg)
{
	return fido_cbor_info_algorithm_count(d->info) != 0 && !device_has_alg(d, alg);
}

/* ES256 is what every token has; older ones do not list what they know. */
static enum err
make_any(struct device *d, const struct device_creds *c, const char *pin)
{
	bool no = device_has_alg(d, COSE_EDDSA) && !device_has_alg(d, COSE_ES256);
	enum err e = ERR_UNSUPPORTED;

	if (!no)
		e = make_with(d, c, COSE_ES256, pin, &no);
	return no ? make_with(d, c, COSE_EDDSA, pin, &no) : e;
}

/* In the order of the job. */
static enum err
make_listed(struct device *d, const struct device_creds *c, const char *pin)
{
	struct cbor cur = wire_each(&d->job->algs);
	enum err e = ERR_UNSUPPORTED, bad;
	uint64_t n;
	bool no = true;

	while (no && !cbor_at_end(&cur)) {
		if ((bad = cbor_get_uint(&cur, &n)) != ERR_OK)
			return bad;
		if (!lacks(d, -1 - (int)n))
			e = make_with(d, c, -1 - (int)n, pin, &no);
	}
	return e;
}

enum err
device_make(struct device *d)
{
	struct device_creds c;
	const char *pin;
	enum err e;

	if (d->job->user.len > USER_MAX)
		return ERR_TOOBIG;
	if ((e = device_get_creds(d, &c)) != ERR_OK)
		return e;
	if (!d->job->plain && !device_has_extension(d, "hmac-secret"))
		return ERR_TOKEN_NOSECRET;
	if ((e = device_check_uv(d, &pin)) != ERR_OK)
		return e;
	e = d->job->algs.n != 0 ? make_listed(d, &c, pin) : make_any(d, &c, pin);
	return device_after_pin(d, e);
}
