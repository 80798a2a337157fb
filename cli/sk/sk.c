/*
 * sk.c - libownkey-sk.so: OpenSSH's security keys on the tokens of the agent, whatever these are:
 * plugged in, forwarded, in software.  OpenSSH loads it in a process of its own (ssh-sk-helper).
 */
#include "cli/sk/sk.h"

#include <stdlib.h>
#include <string.h>

#include "cli/sk/agent.h"
#include "lib/cbor.h"
#include "lib/crypto.h"

#define USER_ID 32 /* as OpenSSH has it: a name and zeros */
#define RANDOM	8

struct options {
	const char *device, *user;
};

uint32_t
sk_api_version(void)
{
	return SK_VERSION;
}

static int
read_options(struct sk_option **list, struct options *o)
{
	*o = (struct options){ .user = "openssh" };
	for (; list && *list; list++) {
		if (strcmp((*list)->name, "device") == 0)
			o->device = (*list)->value;
		else if (strcmp((*list)->name, "user") == 0)
			o->user = (*list)->value;
		else if ((*list)->required)
			return SK_UNSUPPORTED;
	}
	return 0;
}

static bool
copy(struct span s, uint8_t **p, size_t *len)
{
	if (!s.len)
		return true;
	if (!(*p = malloc(s.len)))
		return false;
	memcpy(*p, s.p, s.len);
	*len = s.len;
	return true;
}

static struct span
text(const char *s)
{
	return s && *s ? SPAN(s, strlen(s)) : SPAN_NONE;
}

/* ---- a new key ---- */
static void
free_enrolled(struct sk_enroll_response *r)
{
	free(r->public_key);
	free(r->key_handle);
	free(r->signature);
	free(r->attestation_cert);
	free(r->authdata);
	free(r);
}

/* SEC 1, 2.3.3 for ECDSA. */
static bool
copy_public(const struct ops_token_make_rep *rep, struct sk_enroll_response *r)
{
	struct buf b = BUF_INIT;
	bool ok;

	if (rep->pubkey.len == 64)
		buf_put_u8(&b, 4);
	buf_put_span(&b, rep->pubkey);
	ok = !buf_err(&b) && copy(buf_span(&b), &r->public_key, &r->public_key_len);
	buf_done(&b);
	return ok;
}

static bool
copy_authdata(const struct ops_token_make_rep *rep, struct sk_enroll_response *r)
{
	struct buf b = BUF_INIT;
	bool ok;

	cbor_put_bytes(&b, rep->authdata);
	ok = !buf_err(&b) && copy(buf_span(&b), &r->authdata, &r->authdata_len);
	buf_done(&b);
	return ok;
}

static int
give_enrolled(const struct ops_token_make_rep *rep, uint8_t flags, struct sk_enroll_response **out)
{
	struct sk_enroll_response *r = calloc(1, sizeof *r);

	if (!r)
		return SK_GENERAL;
	r->flags = flags;
	if (!copy_public(rep, r) || !copy_authdata(rep, r) ||
	    !copy(rep->cred_id, &r->key_handle, &r->key_handle_len) ||
	    !copy(rep->sig, &r->signature, &r->signature_len) ||
	    !copy(rep->cert, &r->attestation_cert, &r->attestation_cert_len)) {
		free_enrolled(r);
		return SK_GENERAL;
	}
	*out = r;
	return 0;
}

/* A resident key takes the place of one with the same user id: unless that is wanted, each has one
 * of its own, behind the name and a NUL. */
static enum err
make_user(const struct options *o, uint8_t flags, uint8_t id[USER_ID])
{
	bool own = (flags & SK_RESIDENT) && !(flags & SK_FORCE);
	size_t len = strlen(o->user), most = own ? USER_ID - RANDOM - 1 : USER_ID;

	memset(id, 0, USER_ID);
	if (len > most)
		return ERR_TOOBIG;
	memcpy(id, o->user, len);
	if (own)
		crypto_random(id + USER_ID - RANDOM, RANDOM);
	return ERR_OK;
}

static enum err
enroll(struct agent *a, struct ops_token_make *q, struct ops_token_make_rep *rep)
{
	enum err e;

	wire_mark(&ops_token_make_map, q);
	if (!(e = agent_call(a, OP_TOKEN_MAKE, q, rep)) && (rep->flags & 1) == 0)
		e = ERR_LIE_PRESENCE;
	return e;
}

static void
fill_make(struct ops_token_make *q, uint8_t flags, const struct options *o)
{
	q->uv = flags & SK_VERIFIED;
	q->resident = flags & SK_RESIDENT;
	/* as OpenSSH does it: a resident key is not found without its PIN */
	if (q->resident)
		q->protect = q->uv ? 3 : 2;
	q->token = text(o->device);
}

int
sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application,
    uint8_t flags, const char *pin, struct sk_option **options,
    struct sk_enroll_response **response)
{
	uint64_t algs[1] = { alg == SK_ECDSA ? OPS_ALG_ES256 : OPS_ALG_EDDSA };
	uint8_t user_id[USER_ID], cdh[32];
	struct ops_token_make q = { .rp_id = text(application) };
	struct ops_token_make_rep rep;
	struct options o;
	struct agent a;
	enum err e;
	int r;

	*response = NULL;
	if ((alg != SK_ECDSA && alg != SK_ED25519) || (r = read_options(options, &o)) != 0)
		return SK_UNSUPPORTED;
	if (make_user(&o, flags, user_id))
		return SK_GENERAL;
	crypto_sha256(SPAN(challenge, challenge_len), cdh);
	fill_make(&q, flags, &o);
	q.user_id = SPAN(user_id, USER_ID);
	q.user = text(*o.user ? o.user : "openssh");
	q.cdh = SPAN(cdh, 32);
	q.algs = (struct wire_list){ .v = algs, .n = 1 };
	if (!(e = agent_open(&a, pin)))
		e = enroll(&a, &q, &rep);
	r = e ? agent_failed(&a, e) : give_enrolled(&rep, flags, response);
	agent_close(&a);
	return r;
}

/* ---- a signature ---- */
/* One INTEGER of the DER of a signature (X.690 8.3, RFC 3279 2.2.3), without its leading zero. */
static bool
take_integer(struct span *der, struct span *out)
{
	size_t n;

	if (der->len < 2 || der->p[0] != 2 || der->p[1] > 33)
		return false;
	n = der->p[1];
	if (n == 0 || n > der->len - 2)
		return false;
	*out = SPAN(der->p + 2, n);
	*der = SPAN(der->p + 2 + n, der->len - 2 - n);
	while (out->len > 1 && out->p[0] == 0)
		*out = SPAN(out->p + 1, out->len - 1);
	return out->len <= 32;
}

static bool
copy_signature(uint32_t alg, struct span sig, struct sk_sign_response *r)
{
	struct span der, x, y;

	if (alg == SK_ED25519)
		return sig.len == 64 && copy(sig, &r->sig_r, &r->sig_r_len);
	if (sig.len < 2 || sig.p[0] != 0x30 || sig.p[1] != sig.len - 2)
		return false;
	der = SPAN(sig.p + 2, sig.len - 2);
	return take_integer(&der, &x) && take_integer(&der, &y) && der.len == 0 &&
	    copy(x, &r->sig_r, &r->sig_r_len) && copy(y, &r->sig_s, &r->sig_s_len);
}

static int
give_signed(uint32_t alg, const struct ops_token_assert_rep *rep, struct sk_sign_response **out)
{
	struct sk_sign_response *r = calloc(1, sizeof *r);

	if (!r)
		return SK_GENERAL;
	r->flags = (uint8_t)rep->flags;
	r->counter = (uint32_t)rep->counter;
	if (!copy_signature(alg, rep->sig, r)) {
		free(r->sig_r);
		free(r->sig_s);
		free(r);
		return SK_GENERAL;
	}
	*out = r;
	return 0;
}

int
sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
    const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_sign_response **response)
{
	struct span handle = SPAN(key_handle, key_handle_len);
	struct ops_token_assert q = { .rp_id = text(application), .nowait = true };
	struct ops_token_assert_rep rep;
	struct options o;
	struct agent a;
	uint8_t cdh[32];
	enum err e;
	int r;

	*response = NULL;
	if ((alg != SK_ECDSA && alg != SK_ED25519) || (r = read_options(options, &o)) != 0)
		return SK_UNSUPPORTED;
	crypto_sha256(SPAN(data, data_len), cdh);
	q.creds = (struct wire_list){ .v = &handle, .n = 1 };
	q.cdh = SPAN(cdh, 32);
	q.uv = flags & SK_VERIFIED;
	q.silent = !(flags & (SK_PRESENCE | SK_VERIFIED));
	q.token = text(o.device);
	wire_mark(&ops_token_assert_map, &q);
	if (!(e = agent_open(&a, pin)))
		e = agent_call(&a, OP_TOKEN_ASSERT, &q, &rep);
	r = e ? agent_failed(&a, e) : give_signed(alg, &rep, response);
	agent_close(&a);
	return r;
}

/* The passkey slots of tokens are looked into by `ssh-keygen -K` with OpenSSH's own provider. */
int
sk_load_resident_keys(
    const char *pin, struct sk_option **options, struct sk_resident_key ***keys, size_t *nkeys)
{
	(void)pin;
	(void)options;
	*keys = NULL;
	*nkeys = 0;
	return SK_UNSUPPORTED;
}
