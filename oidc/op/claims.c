#include <jansson.h>
#include <stdlib.h>

#include "oidc/op/claims.h"
#include "oidc/op/scope.h"

const struct claims_scope claims_scopes[] = {
	{ "openid", "" },
	{ "profile",
	    "name family_name given_name middle_name nickname preferred_username profile picture "
	    "website gender birthdate zoneinfo locale updated_at" },
	{ "email", "email email_verified" },
	{ "address", "address" },
	{ "phone", "phone_number phone_number_verified" },
	{ "groups", "groups" },
	{ "offline_access", "" },
	/* of Micropub, which clients of IndieAuth ask for */
	{ "create", "" },
	{ "draft", "" },
	{ "update", "" },
	{ "delete", "" },
	{ "undelete", "" },
	{ "media", "" },
	{ NULL, NULL },
};

enum kind { TEXT, TRUTH, NUMBER, OBJECT, LIST };

static const struct {
	const char *name;
	enum kind kind;
} others[] = {
	{ "email_verified", TRUTH },
	{ "phone_number_verified", TRUTH },
	{ "updated_at", NUMBER },
	{ "address", OBJECT },
	{ "groups", LIST },
};

static enum kind
kind_of(struct span name)
{
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (span_is(name, others[i].name))
			return others[i].kind;
	return TEXT;
}

static bool
is_kind(const json_t *v, enum kind k)
{
	switch (k) {
	case TRUTH:
		return json_is_boolean(v);
	case NUMBER:
		return json_is_integer(v) && json_integer_value(v) >= 0;
	case OBJECT:
		return json_is_object(v);
	case LIST:
		return json_is_array(v);
	default:
		return json_is_string(v) && json_string_length(v) > 0;
	}
}

static json_t *
load(struct span text)
{
	json_t *all = json_loadb((const char *)text.p, text.len, JSON_REJECT_DUPLICATES, NULL);

	if (all && json_is_object(all))
		return all;
	json_decref(all);
	return NULL;
}

/* ---- telling ---- */
static void
put_one(struct jput *j, const char *name, const json_t *v)
{
	char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

	if (text)
		jput_raw(j, name, span_str(text));
	else
		j->out->failed = true;
	free(text);
}

static void
put_scope(struct jput *j, const json_t *all, const struct claims_scope *s)
{
	struct span rest = span_str(s->claims), one;
	char name[64];

	while (scope_next(&rest, &one)) {
		const json_t *v;

		memcpy(name, one.p, one.len);
		name[one.len] = '\0';
		if ((v = json_object_get(all, name)) && is_kind(v, kind_of(one)))
			put_one(j, name, v);
	}
}

/* Who has no name of their own choosing is known by the one they log in with. */
static void
put_name(struct jput *j, const json_t *all, const struct db_account *account, struct span scopes)
{
	if (scope_has(scopes, "profile") && !json_object_get(all, "preferred_username"))
		jput_text(j, "preferred_username", account->name);
}

enum err
claims_put(struct jput *j, const struct db_account *account, struct span scopes)
{
	json_t *all = load(account->claims);

	if (!all)
		return ERR_DB_DAMAGED;
	for (const struct claims_scope *s = claims_scopes; s->name; s++)
		if (scope_has(scopes, s->name))
			put_scope(j, all, s);
	put_name(j, all, account, scopes);
	json_decref(all);
	return buf_err(j->out);
}

/* The first of these claims that is there. */
static bool
put_first(struct jput *j, const char *key, const json_t *all, struct span claims)
{
	struct span one;
	char name[64];

	while (scope_next(&claims, &one)) {
		const json_t *v;

		memcpy(name, one.p, one.len);
		name[one.len] = '\0';
		if ((v = json_object_get(all, name)) && is_kind(v, TEXT)) {
			put_one(j, key, v);
			return true;
		}
	}
	return false;
}

enum err
claims_put_profile(struct jput *j, const struct db_account *account, struct span scopes)
{
	json_t *all = load(account->claims);

	if (!all)
		return ERR_DB_DAMAGED;
	if (!put_first(j, "name", all, SPAN_LIT("name nickname")))
		jput_text(j, "name", account->name);
	if (!put_first(j, "url", all, SPAN_LIT("website profile")))
		jput_text(j, "url", account->me);
	(void)put_first(j, "photo", all, SPAN_LIT("picture"));
	if (scope_has(scopes, "email"))
		(void)put_first(j, "email", all, SPAN_LIT("email"));
	json_decref(all);
	return buf_err(j->out);
}

/* ---- showing ---- */
static void
show(struct buf *out, json_t *v)
{
	const char *key;
	json_t *one;
	size_t i;

	if (json_is_string(v)) {
		if (out->len)
			buf_put_str(out, ", ");
		buf_put(out, json_string_value(v), json_string_length(v));
	}
	json_array_foreach(v, i, one)
	{
		if (json_is_string(one))
			show(out, one);
	}
	json_object_foreach(v, key, one)
	{
		if (json_is_string(one))
			show(out, one);
	}
}

void
claims_show(const struct db_account *account, struct span scope, struct buf *out)
{
	struct buf text = BUF_INIT;
	struct jput j = jput_into(&text);
	const char *key;
	json_t *all, *v;

	jput_object(&j, NULL);
	if (!claims_put(&j, account, scope)) {
		jput_end(&j);
		all = load(buf_span(&text));
		json_object_foreach(all, key, v)
		{
			show(out, v);
		}
		json_decref(all);
	}
	buf_done(&text);
}

/* ---- checking ---- */
static bool
is_claim(struct span name)
{
	struct span rest, one;

	for (const struct claims_scope *s = claims_scopes; s->name; s++) {
		rest = span_str(s->claims);
		while (scope_next(&rest, &one))
			if (span_eq(one, name))
				return true;
	}
	return false;
}

enum err
claims_check(struct span json, const char **wrong)
{
	json_t *all = json.len <= DB_CLAIMS ? load(json) : NULL, *v;
	const char *name;

	*wrong = NULL;
	if (!all) {
		*wrong = "it is not a JSON object";
		return ERR_FORMAT;
	}
	json_object_foreach(all, name, v)
	{
		if (!is_claim(span_str(name)))
			*wrong = "a name in it is not a claim of OpenID Connect Core 5.1";
		else if (!is_kind(v, kind_of(span_str(name))))
			*wrong = "a value in it is of another type than its claim";
	}
	json_decref(all);
	return *wrong ? ERR_FORMAT : ERR_OK;
}
