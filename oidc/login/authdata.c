#include "lib/buf.h"
#include "lib/cbor.h"
#include "oidc/login/authdata.h"

#define HEAD 37 /* rpIdHash, flags, counter */

static enum err
take(struct cbor *c, size_t n, struct span *out)
{
	if ((size_t)(c->end - c->p) < n)
		return ERR_TRUNCATED;
	*out = SPAN(c->p, n);
	c->p += n;
	return ERR_OK;
}

/* attestedCredentialData (WebAuthn 6.5.1) */
static enum err
take_credential(struct cbor *c, struct authdata *out)
{
	struct span len;
	enum err e;

	if ((e = take(c, 16, &out->aaguid)) || (e = take(c, 2, &len)))
		return e;
	if (be16(len.p) == 0 || be16(len.p) > AUTHDATA_ID_MAX)
		return ERR_FORMAT;
	if ((e = take(c, be16(len.p), &out->id)))
		return e;
	if ((e = cbor_skip(c, &out->key)))
		return e;
	return out->key.len > AUTHDATA_KEY_MAX ? ERR_FORMAT : ERR_OK;
}

static enum err
take_extensions(struct cbor *c, struct authdata *out)
{
	struct cbor_head h;
	enum err e = cbor_peek(c, &h);

	if (e)
		return e;
	return h.type == CBOR_MAP ? cbor_skip(c, &out->extensions) : ERR_FORMAT;
}

enum err
authdata_parse(struct span in, struct authdata *out)
{
	struct cbor c = cbor_from(in);
	struct span head;
	enum err e;

	*out = (struct authdata){ .flags = 0 };
	if (in.len > AUTHDATA_MAX)
		return ERR_FORMAT;
	if ((e = take(&c, HEAD, &head)))
		return e;
	out->rp_hash = SPAN(head.p, 32);
	out->flags = head.p[32];
	out->count = be32(head.p + 33);
	if ((out->flags & AUTHDATA_BS) && !(out->flags & AUTHDATA_BE))
		return ERR_FORMAT;
	if ((out->flags & AUTHDATA_AT) && (e = take_credential(&c, out)))
		return e;
	if ((out->flags & AUTHDATA_ED) && (e = take_extensions(&c, out)))
		return e;
	return cbor_at_end(&c) ? ERR_OK : ERR_FORMAT;
}
