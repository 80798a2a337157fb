/* found_json.c - a Client ID Metadata Document (draft-ietf-oauth-client-id-metadata-document). */
#include <jansson.h>

#include "oidc/fetch/found.h"

#define DEPTH_MAX 16

/* Before anything recurses. */
static bool
is_deep(struct span s)
{
	bool quoted = false;
	size_t depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '[' || c == '{') && ++depth > DEPTH_MAX)
			return true;
		else if (!quoted && (c == ']' || c == '}') && depth)
			depth--;
	}
	return false;
}

/* False: there, and no text.  What is not there is empty. */
static bool
get_text(const json_t *doc, const char *name, struct span *s)
{
	const json_t *v = json_object_get(doc, name);

	*s = SPAN_NONE;
	if (!v)
		return true;
	if (!json_is_string(v))
		return false;
	*s = SPAN(json_string_value(v), json_string_length(v));
	return true;
}

/* "Simple string comparison" (CIMD 4.1); a client id without a path was asked for with one. */
static bool
is_self(struct span id, const struct weburl *url)
{
	struct span bare = SPAN(url->all.p, url->all.len - 1);

	if (span_eq(id, url->all))
		return true;
	return span_is(url->path, "/") && url->path.p == url->all.p + bare.len && span_eq(id, bare);
}

/* CIMD 4.1: whoever can read the document would know it. */
static bool
has_secret(const json_t *doc)
{
	static const char *const methods[] = { "client_secret_post", "client_secret_basic",
		"client_secret_jwt" };
	const char *m = json_string_value(json_object_get(doc, "token_endpoint_auth_method"));

	if (json_object_get(doc, "client_secret") ||
	    json_object_get(doc, "client_secret_expires_at"))
		return true;
	for (size_t i = 0; m && i < sizeof methods / sizeof *methods; i++)
		if (strcmp(m, methods[i]) == 0)
			return true;
	return false;
}

static bool
read_redirects(struct found *f, const json_t *list)
{
	size_t i;
	json_t *v;

	if (!list)
		return true;
	if (!json_is_array(list))
		return false;
	json_array_foreach(list, i, v) if (!json_is_string(v) ||
	    !found_add_redirect(f, SPAN(json_string_value(v), json_string_length(v)))) return false;
	return true;
}

/* Living standard 4.2.1: client_uri is a beginning of client_id; one that ends between two parts,
 * or "https://app.example" would be the home of "https://app.example.org/". */
static bool
is_home(struct span home, struct span id)
{
	struct weburl u;

	if (!home.len)
		return true;
	if (home.len > id.len || memcmp(home.p, id.p, home.len) != 0 || weburl_parse(home, &u))
		return false;
	return home.len == id.len || home.p[home.len - 1] == '/' ||
	    strchr("/?", id.p[home.len]) != NULL;
}

static enum fetch_why
read_members(struct found *f, const json_t *doc, const struct weburl *url)
{
	struct span id, name, home, logo, policy, terms;

	if (!json_is_object(doc) || !get_text(doc, "client_id", &id))
		return FETCH_WHY_MEMBER;
	if (!is_self(id, url))
		return FETCH_WHY_SELF;
	if (has_secret(doc))
		return FETCH_WHY_SECRET;
	if (!get_text(doc, "client_name", &name) || !get_text(doc, "client_uri", &home) ||
	    !get_text(doc, "logo_uri", &logo) || !get_text(doc, "policy_uri", &policy) ||
	    !get_text(doc, "tos_uri", &terms) ||
	    !read_redirects(f, json_object_get(doc, "redirect_uris")))
		return FETCH_WHY_MEMBER;
	if (!is_home(home, url->all))
		return FETCH_WHY_HOME;
	found_set_name(f, name);
	found_set_url(f->home, home);
	found_set_url(f->logo, logo);
	found_set_url(f->policy, policy);
	found_set_url(f->terms, terms);
	return FETCH_WHY_OK;
}

enum fetch_why
found_read_json(struct found *f, struct span text, const struct weburl *url)
{
	static struct found got; /* large; one at a time */
	enum fetch_why why;
	json_error_t error;
	json_t *doc;

	if (text.len > FETCH_JSON_MAX)
		return FETCH_WHY_LARGE;
	if (is_deep(text))
		return FETCH_WHY_JSON;
	doc = json_loadb(
	    (const char *)text.p, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!doc)
		return FETCH_WHY_JSON;
	memset(&got, 0, sizeof got);
	got.source = FETCH_JSON;
	if ((why = read_members(&got, doc, url)) == FETCH_WHY_OK)
		*f = got;
	json_decref(doc);
	return why;
}
