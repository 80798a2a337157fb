#include "lib/text.h"
#include "oidc/login/account.h"
#include "oidc/web/jput.h"

static enum err
put_credential(void *arg, const struct db_credential *c)
{
	struct jput *j = arg;
	struct buf id = BUF_INIT;
	enum err e;

	text_encode(TEXT_BASE64URL, c->id, &id);
	jput_object(j, NULL);
	jput_text(j, "id", buf_span(&id));
	jput_text(j, "name", c->name);
	jput_words(j, "transports", c->transports);
	jput_uint(j, "signatures", c->count);
	jput_bool(j, "may_be_copied", c->flags & DB_BE);
	jput_bool(j, "is_copied", c->flags & DB_BS);
	jput_uint(j, "added", c->created);
	jput_uint(j, "used", c->used);
	jput_end(j);
	e = buf_err(&id);
	buf_done(&id);
	return e;
}

static enum err
put_session(void *arg, const struct db_session *x)
{
	struct jput *j = arg;

	jput_object(j, NULL);
	jput_text(j, "browser", x->agent);
	jput_words(j, "how", x->amr);
	jput_uint(j, "since", x->created);
	jput_uint(j, "used", x->used);
	jput_uint(j, "ends", x->expires);
	jput_end(j);
	return ERR_OK;
}

static enum err
put_consent(void *arg, const struct db_consent *c)
{
	struct jput *j = arg;

	jput_object(j, NULL);
	jput_text(j, "site", c->client);
	jput_words(j, "scopes", c->scopes);
	jput_text(j, "knows_you_as", c->sub);
	jput_uint(j, "since", c->created);
	jput_uint(j, "used", c->used);
	jput_end(j);
	return ERR_OK;
}

static enum err
put_lists(struct db *s, const uint8_t id[DB_ID], struct jput *j)
{
	uint64_t codes;
	enum err e = db_pass_count(s, id, DB_RECOVERY, &codes);

	if (e)
		return e;
	jput_uint(j, "recovery_codes", codes);
	jput_list(j, "tokens");
	if ((e = db_credential_each(s, id, put_credential, j)))
		return e;
	jput_end(j);
	jput_list(j, "sessions");
	if ((e = db_session_each(s, id, put_session, j)))
		return e;
	jput_end(j);
	jput_list(j, "sites");
	if ((e = db_consent_each(s, id, put_consent, j)))
		return e;
	jput_end(j);
	return ERR_OK;
}

enum err
account_export(struct db *s, const uint8_t id[DB_ID], struct buf *out)
{
	struct db_account account = { .created = 0 };
	struct jput j = jput_into(out);
	enum err e = db_account_get(s, id, &account);

	if (e)
		return e;
	jput_object(&j, NULL);
	jput_text(&j, "name", account.name);
	jput_text(&j, "page", account.me);
	if (account.claims.len)
		jput_raw(&j, "claims", account.claims);
	jput_uint(&j, "since", account.created);
	e = put_lists(s, id, &j);
	jput_end(&j);
	db_row_done(&account);
	return e ? e : buf_err(out);
}
