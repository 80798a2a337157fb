/* use.c - signing, agreeing, secrets. */
#include <string.h>

#include "lib/ownkey/conn.h"

static struct span
span_of(struct ownkey_bytes b)
{
	return b.p && b.len ? SPAN(b.p, b.len) : SPAN_NONE;
}

static bool
is_given(const char *s)
{
	return s && *s;
}

int
ownkey_sign(struct ownkey *k, const char *path, const char *context, struct ownkey_bytes data,
    unsigned char signature[64])
{
	struct ops_sign q = { .label = conn_text(path),
		.type = OPS_SIGN_APP,
		.name_space = conn_text(context),
		.data = span_of(data) };
	struct ops_sign_rep rep;
	struct conn_call c = { OP_SIGN, &ops_sign_map, &q, &ops_sign_rep_map, &rep };
	enum err e;

	if ((e = conn_enter(k)))
		return (int)e;
	if (!is_given(path) || !is_given(context) || !signature || (data.len && !data.p))
		return ERR_USAGE;
	wire_mark(&ops_sign_map, &q);
	if (!(e = conn_call(k, &c)) && rep.signature.len != 64)
		e = ERR_LIB_PROTOCOL;
	if (!e)
		memcpy(signature, rep.signature.p, 64);
	conn_done_with(k);
	return (int)e;
}

int
ownkey_agree(struct ownkey *k, const struct ownkey_agreement *a, void *out, size_t len)
{
	struct ops_agree q = { .type = OPS_AGREE_X25519_HKDF_SHA256, .length = len };
	struct ops_agree_rep rep;
	struct conn_call c = { OP_AGREE, &ops_agree_map, &q, &ops_agree_rep_map, &rep };
	enum err e;

	if ((e = conn_enter(k)))
		return (int)e;
	if (!a || !is_given(a->path) || !a->peer || !out || len < 16)
		return !a || !out || !a->peer || !is_given(a->path) ? ERR_USAGE : ERR_RANGE;
	q.label = conn_text(a->path);
	q.peer = SPAN(a->peer, 32);
	q.salt = span_of(a->salt);
	q.info = span_of(a->info);
	wire_mark(&ops_agree_map, &q);
	if (!(e = conn_call(k, &c)) && rep.key.len != len)
		e = ERR_LIB_PROTOCOL;
	if (!e)
		memcpy(out, rep.key.p, len);
	conn_done_with(k);
	return (int)e;
}

static enum err
hand_out(struct span value, void *out, size_t cap, size_t *len)
{
	*len = value.len;
	if (value.len > cap)
		return ERR_TOOBIG;
	if (value.len)
		memcpy(out, value.p, value.len);
	return ERR_OK;
}

int
ownkey_get(struct ownkey *k, const char *name, void *out, size_t cap, size_t *len)
{
	struct ops_secret q = { .label = conn_text(name) };
	struct ops_secret_rep rep;
	struct conn_call c = { OP_SECRET_GET, &ops_secret_map, &q, &ops_secret_rep_map, &rep };
	enum err e;

	if ((e = conn_enter(k)))
		return (int)e;
	if (!is_given(name) || !len || (cap && !out))
		return ERR_USAGE;
	wire_mark(&ops_secret_map, &q);
	if (!(e = conn_call(k, &c)))
		e = hand_out(rep.value, out, cap, len);
	conn_done_with(k);
	return (int)e;
}

int
ownkey_set(struct ownkey *k, const char *name, struct ownkey_bytes value, int replace)
{
	struct ops_secret q = {
		.label = conn_text(name), .value = span_of(value), .replace = replace != 0
	};
	struct conn_call c = { .op = OP_SECRET_SET, .req_map = &ops_secret_map, .req = &q };
	enum err e;

	if ((e = conn_enter(k)))
		return (int)e;
	if (!is_given(name) || !value.p || !value.len)
		return ERR_USAGE;
	wire_mark(&ops_secret_map, &q);
	e = conn_call(k, &c);
	conn_done_with(k);
	return (int)e;
}
