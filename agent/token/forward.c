/* forward.c - CTAP requests of the other side: understood, or refused (CTAP 2.1, 6). */
#include "agent/token/forward.h"

#include "lib/cbor.h"

enum {
	CMD_MAKE = 1,
	CMD_ASSERT = 2,
	CMD_INFO = 4,
	CMD_PIN = 6,
	CMD_RESET = 7,
	CMD_NEXT = 8,
	CMD_BIO = 9,
	CMD_MANAGE = 10,
	CMD_SELECT = 11,
	CMD_BLOBS = 12,
	CMD_CONFIG = 13
};
enum {
	SUB_RETRIES = 1,
	SUB_AGREE = 2,
	SUB_SET = 3,
	SUB_CHANGE = 4,
	SUB_TOKEN = 5,
	SUB_TOKEN_UV = 6,
	SUB_UV_RETRIES = 7,
	SUB_TOKEN_PIN = 9
};

/* ---- saying no ---- */
static void
refuse(struct forward *f, uint8_t status, const char *what)
{
	*f = (struct forward){ .kind = FORWARD_REFUSED, .status = status, .what = what };
}

static const struct {
	uint8_t cmd;
	const char *what;
} known[] = {
	{ CMD_MAKE, "asked to make a credential" },
	{ CMD_RESET, "asked to reset the token" },
	{ CMD_BIO, "asked to change fingerprints" },
	{ CMD_MANAGE, "asked for the list of credentials" },
	{ CMD_SELECT, "asked for a touch that is bound to nothing" },
	{ CMD_BLOBS, "asked for what is stored on the token" },
	{ CMD_CONFIG, "asked to change settings of the token" },
	{ 0x40, "asked to change fingerprints" },
	{ 0x41, "asked for the list of credentials" },
};

static void
refuse_command(struct forward *f, uint8_t cmd)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].cmd == cmd) {
			refuse(f, FORWARD_DENIED, known[i].what);
			return;
		}
	refuse(f, 0x01, "sent an unknown command");
}

/* ---- clientPIN ---- */
static const char *
pin_refusal(uint64_t sub)
{
	switch (sub) {
	case SUB_SET:
	case SUB_CHANGE:
		return "asked to change the PIN";
	case SUB_TOKEN:
	case SUB_TOKEN_UV:
	case SUB_TOKEN_PIN:
		return "sent a PIN: it is typed at home only";
	default:
		return "sent an unknown PIN command";
	}
}

static enum err
parse_pin(struct cbor *c, uint64_t *proto, uint64_t *sub)
{
	uint64_t key, last = 0;
	size_t n;
	enum err e;

	if ((e = cbor_get_map(c, &n)))
		return e;
	for (; n > 0; n--, last = key) {
		if ((e = cbor_get_uint(c, &key)))
			return e;
		if (key <= last)
			return ERR_FORMAT;
		e = key == 1   ? cbor_get_uint(c, proto)
		    : key == 2 ? cbor_get_uint(c, sub)
			       : cbor_skip(c, NULL);
		if (e)
			return e;
	}
	return cbor_at_end(c) ? ERR_OK : ERR_FORMAT;
}

static void
take_pin(struct span body, struct forward *f)
{
	struct cbor c = cbor_from(body);
	uint64_t proto = 0, sub = 0;

	if (parse_pin(&c, &proto, &sub) != ERR_OK)
		refuse(f, FORWARD_BAD_CBOR, "sent a PIN command that is none");
	else if (sub == SUB_RETRIES)
		f->kind = FORWARD_RETRIES;
	else if (sub == SUB_AGREE && (proto == 1 || proto == 2)) {
		f->kind = FORWARD_AGREE;
		f->proto = proto;
	} else {
		refuse(f, sub == SUB_UV_RETRIES ? 0x3e : FORWARD_DENIED, pin_refusal(sub));
	}
}

/* ---- getAssertion ---- */
static enum err
get_len(struct cbor *c, struct span *out, size_t min, size_t max)
{
	enum err e = cbor_get_bytes(c, out);

	return e ? e : out->len < min || out->len > max ? ERR_RANGE : ERR_OK;
}

/* {"id": bytes, "type": "public-key"}, and perhaps "transports". */
static enum err
get_cred(struct cbor *c, struct span *id)
{
	struct span name, type = SPAN_NONE;
	size_t n;
	enum err e;

	*id = SPAN_NONE;
	if ((e = cbor_get_map(c, &n)))
		return e;
	for (; n > 0; n--) {
		if ((e = cbor_get_text(c, &name)))
			return e;
		e = span_is(name, "id")	    ? get_len(c, id, 1, FORWARD_CRED_ID)
		    : span_is(name, "type") ? cbor_get_text(c, &type)
					    : cbor_skip(c, NULL);
		if (e)
			return e;
	}
	return id->len && span_is(type, "public-key") ? ERR_OK : ERR_FORMAT;
}

static enum err
get_creds(struct cbor *c, struct forward *f)
{
	size_t n;
	enum err e;

	if ((e = cbor_get_array(c, &n)))
		return e;
	if (n > FORWARD_CREDS)
		return ERR_TOOBIG;
	for (f->ncreds = 0; f->ncreds < n; f->ncreds++)
		if ((e = get_cred(c, &f->cred[f->ncreds])))
			return e;
	return ERR_OK;
}

/* A point on P-256 for ECDH: 1 2, 3 -25, -1 1, -2 x, -3 y (RFC 9053 7.1.1). */
static enum err
get_cose(struct cbor *c, struct forward *f)
{
	static const int64_t keys[] = { 1, 3, -1 }, values[] = { 2, -25, 1 };
	int64_t k, v;
	size_t n;
	enum err e;

	if ((e = cbor_get_map(c, &n)))
		return e;
	if (n != 5)
		return ERR_FORMAT;
	for (size_t i = 0; i < 3; i++) {
		if ((e = cbor_get_int(c, &k)) || (e = cbor_get_int(c, &v)))
			return e;
		if (k != keys[i] || v != values[i])
			return ERR_FORMAT;
	}
	if ((e = cbor_get_int(c, &k)) || k != -2 || (e = get_len(c, &f->x, 32, 32)) ||
	    (e = cbor_get_int(c, &k)) || k != -3 || (e = get_len(c, &f->y, 32, 32)))
		return e ? e : ERR_FORMAT;
	return ERR_OK;
}

/* A map with ascending numbers as keys, each at most once. */
typedef enum err part_fn(struct cbor *c, uint64_t key, struct forward *f);

static enum err
get_parts(struct cbor *c, part_fn *part, struct forward *f)
{
	uint64_t key, last = 0;
	size_t n;
	enum err e;

	if ((e = cbor_get_map(c, &n)))
		return e;
	for (; n > 0; n--, last = key) {
		if ((e = cbor_get_uint(c, &key)))
			return e;
		if (key <= last)
			return ERR_FORMAT;
		if ((e = part(c, key, f)))
			return e;
	}
	return ERR_OK;
}

static enum err
get_secret_part(struct cbor *c, uint64_t key, struct forward *f)
{
	switch (key) {
	case 1:
		return get_cose(c, f);
	case 2:
		return get_len(c, &f->salt_enc, 32, 80);
	case 3:
		return get_len(c, &f->salt_auth, 16, 32);
	case 4:
		return cbor_get_uint(c, &f->secret_proto);
	default:
		return ERR_FORMAT;
	}
}

static enum err
get_secret(struct cbor *c, struct forward *f)
{
	enum err e;

	if ((e = get_parts(c, get_secret_part, f)))
		return e;
	f->secret = true;
	return f->x.p && f->y.p && f->salt_enc.p && f->salt_auth.p && f->secret_proto <= 2
	    ? ERR_OK
	    : ERR_FORMAT;
}

static enum err
get_extensions(struct cbor *c, struct forward *f)
{
	struct span name;
	size_t n;
	enum err e;

	if ((e = cbor_get_map(c, &n)))
		return e;
	if (n == 0)
		return ERR_OK;
	if ((e = cbor_get_text(c, &name)))
		return e;
	return n == 1 && span_is(name, "hmac-secret") ? get_secret(c, f) : ERR_FORMAT;
}

static enum err
get_options(struct cbor *c, struct forward *f)
{
	struct span name;
	size_t n;
	bool on;
	enum err e;

	if ((e = cbor_get_map(c, &n)))
		return e;
	for (; n > 0; n--) {
		if ((e = cbor_get_text(c, &name)) || (e = cbor_get_bool(c, &on)))
			return e;
		if (span_is(name, "up"))
			f->up = on;
		else if (span_is(name, "uv"))
			f->uv = on;
		else
			return ERR_FORMAT;
	}
	return ERR_OK;
}

static enum err
get_assert_part(struct cbor *c, uint64_t key, struct forward *f)
{
	switch (key) {
	case 1:
		return cbor_get_text(c, &f->rp_id);
	case 2:
		return get_len(c, &f->cdh, 32, 32);
	case 3:
		return get_creds(c, f);
	case 4:
		return get_extensions(c, f);
	case 5:
		return get_options(c, f);
	default:
		return ERR_FORMAT;
	}
}

static enum err
parse_assert(struct cbor *c, struct forward *f)
{
	enum err e;

	if ((e = get_parts(c, get_assert_part, f)))
		return e;
	return cbor_at_end(c) && f->rp_id.p && f->cdh.p ? ERR_OK : ERR_FORMAT;
}

/* Silent is only whether a credential is there: no secret, and nobody is verified unasked. */
static const char *
assert_refusal(const struct forward *f)
{
	if (f->rp_id.len <= strlen(FORWARD_RP) || f->rp_id.len > 63 ||
	    memcmp(f->rp_id.p, FORWARD_RP, strlen(FORWARD_RP)) != 0)
		return "asked to log in somewhere else";
	if (f->ncreds == 0)
		return "asked without saying for which credential";
	if (!f->up && (f->uv || f->secret))
		return "asked for a secret without a touch";
	return NULL;
}

static void
take_assert(struct span body, struct forward *f)
{
	struct cbor c = cbor_from(body);
	const char *what;

	f->up = true;
	if (parse_assert(&c, f) != ERR_OK)
		refuse(f, FORWARD_BAD_CBOR, "sent a request that is none");
	else if ((what = assert_refusal(f)) != NULL)
		refuse(f, FORWARD_DENIED, what);
	else
		f->kind = FORWARD_ASSERT;
}

void
forward_parse(struct span request, struct forward *f)
{
	struct span body = span_sub(request, 1, request.len ? request.len - 1 : 0);
	uint8_t cmd = request.len ? request.p[0] : 0;

	*f = (struct forward){ 0 };
	if (cmd == CMD_PIN)
		take_pin(body, f);
	else if (cmd == CMD_ASSERT)
		take_assert(body, f);
	else if ((cmd == CMD_INFO || cmd == CMD_NEXT) && body.len == 0)
		f->kind = cmd == CMD_INFO ? FORWARD_INFO : FORWARD_NEXT;
	else
		refuse_command(f, cmd);
}

/* ---- the assertion for the token ---- */
static void
put_creds(const struct forward *f, struct buf *out)
{
	cbor_put_uint(out, 3);
	cbor_put_array(out, f->ncreds);
	for (size_t i = 0; i < f->ncreds; i++) {
		cbor_put_map(out, 2);
		cbor_put_str(out, "id");
		cbor_put_bytes(out, f->cred[i]);
		cbor_put_str(out, "type");
		cbor_put_str(out, "public-key");
	}
}

static void
put_secret(const struct forward *f, struct buf *out)
{
	static const int64_t head[] = { 1, 2, 3, -25, -1, 1 };

	cbor_put_uint(out, 4);
	cbor_put_map(out, 1);
	cbor_put_str(out, "hmac-secret");
	cbor_put_map(out, f->secret_proto ? 4 : 3);
	cbor_put_uint(out, 1);
	cbor_put_map(out, 5);
	for (size_t i = 0; i < sizeof head / sizeof *head; i++)
		cbor_put_int(out, head[i]);
	cbor_put_int(out, -2);
	cbor_put_bytes(out, f->x);
	cbor_put_int(out, -3);
	cbor_put_bytes(out, f->y);
	cbor_put_uint(out, 2);
	cbor_put_bytes(out, f->salt_enc);
	cbor_put_uint(out, 3);
	cbor_put_bytes(out, f->salt_auth);
	if (f->secret_proto) {
		cbor_put_uint(out, 4);
		cbor_put_uint(out, f->secret_proto);
	}
}

/* Presence is the default, and some old tokens dislike it said. */
static void
put_options(const struct forward *f, bool uv, struct buf *out)
{
	cbor_put_uint(out, 5);
	cbor_put_map(out, (size_t)!f->up + uv);
	if (!f->up) {
		cbor_put_str(out, "up");
		cbor_put_bool(out, false);
	}
	if (uv) {
		cbor_put_str(out, "uv");
		cbor_put_bool(out, true);
	}
}

enum err
forward_put_assert(const struct forward *f, const struct forward_auth *auth, struct buf *out)
{
	bool options = !f->up || auth->uv, param = auth->param.len > 0;

	buf_put_u8(out, CMD_ASSERT);
	cbor_put_map(out, 3 + (size_t)f->secret + options + (param ? 2 : 0));
	cbor_put_uint(out, 1);
	cbor_put_text(out, f->rp_id);
	cbor_put_uint(out, 2);
	cbor_put_bytes(out, f->cdh);
	put_creds(f, out);
	if (f->secret)
		put_secret(f, out);
	if (options)
		put_options(f, auth->uv, out);
	if (param) {
		cbor_put_uint(out, 6);
		cbor_put_bytes(out, auth->param);
		cbor_put_uint(out, 7);
		cbor_put_uint(out, auth->proto);
	}
	return buf_err(out);
}

/* ---- the answer to an assertion ---- */
enum err
forward_parse_answer(struct span cbor, struct span *cred, uint64_t *count)
{
	struct cbor c = cbor_from(cbor);
	uint64_t key;
	size_t n;
	enum err e;

	*cred = SPAN_NONE;
	*count = 1;
	if (cbor_get_map(&c, &n))
		return ERR_LIE_FORMAT;
	for (; n > 0; n--) {
		if (cbor_get_uint(&c, &key))
			return ERR_LIE_FORMAT;
		e = key == 1   ? get_cred(&c, cred)
		    : key == 5 ? cbor_get_uint(&c, count)
			       : cbor_skip(&c, NULL);
		if (e)
			return ERR_LIE_FORMAT;
	}
	return cbor_at_end(&c) ? ERR_OK : ERR_LIE_FORMAT;
}
