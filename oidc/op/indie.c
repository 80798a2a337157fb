#include "oidc/op/claims.h"
#include "oidc/op/indie.h"
#include "oidc/op/profile.h"
#include "oidc/op/scope.h"
#include "oidc/op/uri.h"

/* ---- who ---- */
bool
indie_is_local(struct span client)
{
	struct weburl u;

	return !weburl_parse(client, &u) && weburl_is_local(&u);
}

/* Two ways to write one id must not be two clients: one that is registered is none of ours. */
static enum err
check_free(struct db *db, struct span id)
{
	struct db_client other;
	enum err e = db_client_get(db, id, &other);

	db_row_done(&other);
	return e == ERR_NOTFOUND ? ERR_OK : e ? e : ERR_NOTFOUND;
}

enum err
indie_client(struct db *db, struct span id, struct db_client *out)
{
	enum err e;

	*out = (struct db_client){ .auth = DB_AUTH_NONE, .flags = DB_STRANGER };
	if (id.len > DB_CLIENT || profile_check_client(id, &out->bytes))
		return ERR_NOTFOUND;
	if ((e = buf_err(&out->bytes)))
		return e;
	/* a page that comes by http is anybody's on the way */
	if (!profile_is_fetched(buf_span(&out->bytes)) && !indie_is_local(buf_span(&out->bytes)))
		return ERR_NOTFOUND;
	if (!(e = check_free(db, buf_span(&out->bytes))))
		out->id = buf_span(&out->bytes);
	return e;
}

/* ---- what its page says ---- */
enum err
indie_meet(struct fetch *f, struct span client, struct indie_met *met)
{
	enum err e;

	*met = (struct indie_met){ .fetched = profile_is_fetched(client) };
	if (!met->fetched)
		return ERR_OK;
	e = fetch_client(f, client, &met->got);
	return e && e != ERR_BUSY && met->got.a.why ? ERR_FORMAT : e;
}

void
indie_met_done(struct indie_met *met)
{
	if (met->fetched)
		fetch_got_done(&met->got);
	met->fetched = false;
}

bool
indie_may_redirect(struct span client, const struct indie_met *met, struct span uri)
{
	const struct fetch_got *got = met && met->fetched ? &met->got : NULL;

	if (uri_kind(uri) == URI_BAD)
		return false;
	if (!met || (got && fetch_has_redirect(got, uri)))
		return true;
	if (got && got->a.source == FETCH_JSON && got->a.redirects.n)
		return false;
	return profile_is_own(client, uri);
}

/* ---- scopes ---- */
static bool
is_for_it(struct span name, struct span asked)
{
	static const char *const not [] = { "openid", "address", "phone", "groups" };

	for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
		if (span_is(name, not [i]))
			return false;
	return !span_is(name, "email") || scope_has(asked, "profile");
}

bool
indie_put_scopes(struct buf *out, struct span asked)
{
	struct span rest = asked, one;
	size_t n = 0;

	if (!asked.len)
		return true;
	if (!scope_is_set(asked) || asked.len > SCOPE_MAX)
		return false;
	while (scope_next(&rest, &one)) {
		if (!is_for_it(one, asked) || scope_is_within(one, buf_span(out)))
			continue;
		if (out->len)
			buf_put_u8(out, ' ');
		buf_put_span(out, one);
		n++;
	}
	return n <= INDIE_SCOPES;
}

/* ---- the person ---- */
enum err
indie_put_person(struct jput *j, const struct db_account *account, struct span scopes)
{
	enum err e = ERR_OK;

	jput_text(j, "me", account->me);
	if (scope_has(scopes, "profile")) {
		jput_object(j, "profile");
		e = claims_put_profile(j, account, scopes);
		jput_end(j);
	}
	return e ? e : buf_err(j->out);
}
