/*
 * usage: ceremonies
 * Each ceremony of tests/unit/oidc_forged.h, a line of JSON each, with what we say about it: for
 * another verifier (98-oidc-webauthn.py).  Bytes are base64url.
 */
#include <stdlib.h>

#include "oidc/web/jput.h"
#include "tests/unit/oidc_forged.h"

#define ID_AT 55 /* of authData: rpIdHash, flags, count, AAGUID, length */

static void
put_bytes(struct jput *j, const char *key, struct span bytes)
{
	struct buf text = BUF_INIT;

	text_encode(TEXT_BASE64URL, bytes, &text);
	jput_text(j, key, buf_span(&text));
	buf_done(&text);
}

static void
begin(struct jput *j, const char *kind, const char *name, struct span json)
{
	jput_object(j, NULL);
	jput_text(j, "kind", span_str(kind));
	jput_text(j, "name", span_str(name));
	jput_text(j, "origin", span_str(ORIGIN));
	jput_text(j, "rp", span_str(RP));
	jput_text(j, "challenge", span_str(CHALLENGE));
	put_bytes(j, "client_data", json);
}

static void
end(struct jput *j, struct buf *out, const struct webauthn_why *why)
{
	jput_text(j, "why", span_str(why->text ? why->text : ""));
	jput_end(j);
	if (buf_err(out) || fwrite(out->p, out->len, 1, stdout) != 1 || putchar('\n') == EOF)
		exit(1);
	buf_done(out);
}

static void
tell_registration(const struct wrong *w)
{
	struct buf json = BUF_INIT, object = BUF_INIT, data = BUF_INIT, out = BUF_INIT;
	struct forged f = good();
	struct db_credential row;
	struct webauthn_why why = { NULL };
	struct jput j = jput_into(&out);
	struct span id = SPAN_NONE;

	w->bend(&f);
	put_json(&json, &f);
	put_authdata(&data, &f);
	put_object(&object, &f, buf_span(&json));
	if (webauthn_register(&expect, buf_span(&json), buf_span(&object), &row, &why) == ERR_OK)
		assert_null(why.text);
	begin(&j, "create", w->name, buf_span(&json));
	if (f.flags & AUTHDATA_AT)
		id = SPAN(data.p + ID_AT, f.id_len);
	put_bytes(&j, "id", id.len ? id : SPAN_LIT("none"));
	put_bytes(&j, "object", buf_span(&object));
	end(&j, &out, &why);
	buf_done(&json);
	buf_done(&object);
	buf_done(&data);
}

static void
put_row(struct jput *j, const struct db_credential *row)
{
	put_bytes(j, "row_id", row->id);
	put_bytes(j, "key", row->key);
	jput_uint(j, "count", row->count);
	put_bytes(j, "user", SPAN(row->account, DB_ID));
}

static void
tell_assertion(const struct wrong *w)
{
	struct buf json = BUF_INIT, data = BUF_INIT, sig = BUF_INIT, key = BUF_INIT, out = BUF_INIT;
	struct forged f = good_assertion();
	struct webauthn_assertion got;
	struct db_credential row;
	struct webauthn_why why = { NULL };
	struct jput j = jput_into(&out);

	w->bend(&f);
	forge_assertion(&f, &(struct forged_parts){ &json, &data, &sig, &key }, &got, &row);
	begin(&j, "get", w->name, got.client_data);
	put_bytes(&j, "id", got.id);
	put_bytes(&j, "authdata", got.authdata);
	put_bytes(&j, "signature", got.signature);
	put_bytes(&j, "user_handle", got.user_handle);
	put_row(&j, &row);
	if (webauthn_assert(&expect, &got, &row, &why) == ERR_OK)
		assert_null(why.text);
	end(&j, &out, &why);
	buf_done(&json);
	buf_done(&data);
	buf_done(&sig);
	buf_done(&key);
}

int
main(void)
{
	if (make_keys(NULL))
		return 1;
	for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
		tell_registration(&both[i]);
		tell_assertion(&both[i]);
	}
	for (size_t i = 0; i < sizeof registrations / sizeof *registrations; i++)
		tell_registration(&registrations[i]);
	for (size_t i = 0; i < sizeof assertions / sizeof *assertions; i++)
		tell_assertion(&assertions[i]);
	return fflush(stdout) ? 1 : 0;
}
