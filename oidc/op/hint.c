#include "oidc/op/hint.h"

#include "oidc/op/jose.h"

static bool
is_signed(struct oidc *o, const struct jose *p)
{
	const struct sign_key *k = sign_key_find(o->sign, jose_text(p->header, "kid"));
	json_t *jwk = k ? json_loads(k->jwk, JSON_REJECT_DUPLICATES, NULL) : NULL;
	bool good = jwk && jose_is_signed(p, jwk);

	json_decref(jwk);
	return good;
}

/* ---- what it says ---- */
/* ID tokens of ours have these and nothing else; other types are not taken for one. */
static bool
is_plain_header(const json_t *header)
{
	return json_object_size(header) == 3 && span_is(jose_text(header, "typ"), "JWT");
}

static enum err
keep(const struct jose *p, struct hint *out)
{
	const struct span all[] = { jose_text(p->payload, "sub"), jose_text(p->payload, "aud"),
		jose_text(p->payload, "sid") };
	struct span *const to[] = { &out->sub, &out->aud, &out->sid };

	if (!all[0].len || !all[1].len)
		return ERR_FORMAT;
	if (!buf_room(&out->bytes, all[0].len + all[1].len + all[2].len + 1))
		return ERR_NOMEM;
	for (size_t i = 0; i < 3; i++) {
		*to[i] = SPAN(out->bytes.p + out->bytes.len, all[i].len);
		buf_put_span(&out->bytes, all[i]);
	}
	return ERR_OK;
}

enum err
hint_read(struct oidc *o, struct span token, struct hint *out)
{
	struct jose p = { .nsig = 0 };
	enum err e = ERR_FORMAT;

	*out = (struct hint){ .bytes = BUF_INIT };
	if (token.len && token.len <= HINT_MAX && jose_take_apart(token, &p) &&
	    is_plain_header(p.header) && is_signed(o, &p) &&
	    span_is(jose_text(p.payload, "iss"), o->conf.issuer))
		e = keep(&p, out);
	jose_done(&p);
	return e;
}

enum err
hint_subject(struct oidc *o, struct span token, struct span client, char sub[SIGN_SUBJECT])
{
	struct hint h;
	enum err e = hint_read(o, token, &h);

	if (!e && (!span_eq(h.aud, client) || h.sub.len >= SIGN_SUBJECT))
		e = ERR_FORMAT;
	if (!e) {
		memcpy(sub, h.sub.p, h.sub.len);
		sub[h.sub.len] = '\0';
	}
	buf_done(&h.bytes);
	return e;
}
