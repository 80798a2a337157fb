/*
 * recipe.c - the table of services, and filling in their texts.  What is in a row and in its text
 * comes from the manual of that service; one that could not be confirmed there has none.
 */
#include "oidc/setup/recipe.h"

#include <string.h>

/* clang-format off */
#define TEXT(name, file)                                                                     \
	__asm__(".pushsection .rodata\n"                                                      \
		".globl recipe_" #name "\n.hidden recipe_" #name "\nrecipe_" #name ":\n"        \
		".incbin \"oidc/setup/" file ".txt\"\n"                                       \
		".globl recipe_" #name "_end\n.hidden recipe_" #name "_end\nrecipe_" #name "_end:\n" \
		".byte 0\n.popsection\n");                                                    \
	extern const uint8_t recipe_##name[], recipe_##name##_end[]

TEXT(apache, "apache");
TEXT(apache_api, "apache-api");
TEXT(apache_proxy, "apache-proxy");
TEXT(bookstack, "bookstack");
TEXT(caddy, "caddy");
TEXT(dovecot, "dovecot");
TEXT(forgejo, "forgejo");
TEXT(generic, "generic");
TEXT(gitea, "gitea");
TEXT(gitlab, "gitlab");
TEXT(grafana, "grafana");
TEXT(hedgedoc, "hedgedoc");
TEXT(immich, "immich");
TEXT(indieauth, "indieauth");
TEXT(jellyfin, "jellyfin");
TEXT(mastodon, "mastodon");
TEXT(miniflux, "miniflux");
TEXT(nextcloud, "nextcloud");
TEXT(nginx, "nginx");
TEXT(oauth2_proxy, "oauth2-proxy");
TEXT(paperless, "paperless");
TEXT(synapse, "synapse");
TEXT(vaultwarden, "vaultwarden");

#define T(name) recipe_##name, recipe_##name##_end
#define S       RECIPE_SERVICE

static const struct recipe recipes[] = {
	{ "apache", "Apache (login, by mod_auth_openidc)", S, { "/oidc/redirect" }, "/", "basic", NULL, true, T(apache) },
	{ "apache-api", "Apache (tokens, by mod_auth_openidc)", RECIPE_RESOURCE, { NULL }, NULL, "basic", NULL, false, T(apache_api) },
	{ "bookstack", "BookStack", S, { "/oidc/callback" }, NULL, "basic", "RS256", true, T(bookstack) },
	{ "dovecot", "Dovecot (mail, by tokens)", RECIPE_RESOURCE, { NULL }, NULL, "basic", NULL, false, T(dovecot) },
	{ "forgejo", "Forgejo", S, { "/user/oauth2/ownkey/callback" }, NULL, "basic", NULL, false, T(forgejo) },
	{ "gitea", "Gitea", S, { "/user/oauth2/ownkey/callback" }, NULL, "basic", NULL, false, T(gitea) },
	{ "gitlab", "GitLab", S, { "/users/auth/openid_connect/callback" }, NULL, "basic", "RS256", true, T(gitlab) },
	{ "grafana", "Grafana", S, { "/login/generic_oauth" }, NULL, "basic", NULL, true, T(grafana) },
	{ "hedgedoc", "HedgeDoc 1", S, { "/auth/oauth2/callback" }, NULL, "post", NULL, false, T(hedgedoc) },
	{ "immich", "Immich", S, { "/auth/login", "/user-settings", "/api/oauth/mobile-redirect" }, NULL, "basic", "RS256", true, T(immich) },
	{ "jellyfin", "Jellyfin (plugin SSO-Auth)", S, { "/sso/OID/redirect/ownkey" }, NULL, "post", NULL, true, T(jellyfin) },
	{ "mastodon", "Mastodon", S, { "/auth/auth/openid_connect/callback" }, NULL, "basic", "RS256", false, T(mastodon) },
	{ "miniflux", "Miniflux", S, { "/oauth2/oidc/callback" }, NULL, "basic", NULL, false, T(miniflux) },
	{ "nextcloud", "Nextcloud (app user_oidc)", S, { "/apps/user_oidc/code" }, "/", "post", "RS256", true, T(nextcloud) },
	{ "oauth2-proxy", "oauth2-proxy", S, { "/oauth2/callback" }, NULL, "basic", NULL, true, T(oauth2_proxy) },
	{ "paperless", "Paperless-ngx", S, { "/accounts/oidc/ownkey/login/callback/" }, NULL, "basic", NULL, true, T(paperless) },
	{ "synapse", "Synapse (Matrix)", S, { "/_synapse/client/oidc/callback" }, NULL, "basic", NULL, false, T(synapse) },
	{ "vaultwarden", "Vaultwarden", S, { "/identity/connect/oidc-signin" }, NULL, "basic", NULL, true, T(vaultwarden) },
	{ "generic", "any other: URL is its redirect URI", RECIPE_ANY, { NULL }, NULL, "basic", NULL, true, T(generic) },
	{ "indieauth", "your own page (IndieAuth)", RECIPE_PAGE, { NULL }, NULL, NULL, NULL, false, T(indieauth) },
	{ "nginx", "nginx in front of the provider", RECIPE_PROXY, { NULL }, NULL, NULL, NULL, false, T(nginx) },
	{ "apache-proxy", "Apache in front of the provider", RECIPE_PROXY, { NULL }, NULL, NULL, NULL, false, T(apache_proxy) },
	{ "caddy", "Caddy in front of the provider", RECIPE_PROXY, { NULL }, NULL, NULL, NULL, false, T(caddy) },
};

static const char *const words_in_text[RECIPE_WORDS] = {
	[RECIPE_ISSUER] = "ISSUER", [RECIPE_ISSUER_HOST] = "ISSUER_HOST", [RECIPE_PATH] = "PATH",
	[RECIPE_PATH_RE] = "PATH_RE", [RECIPE_NAME] = "NAME", [RECIPE_URL] = "URL",
	[RECIPE_URL_Q] = "URL_Q", [RECIPE_HOST] = "HOST", [RECIPE_ID] = "ID",
	[RECIPE_SECRET] = "SECRET", [RECIPE_REDIRECT] = "REDIRECT",
	[RECIPE_AUTHORIZE] = "AUTHORIZE", [RECIPE_TOKEN] = "TOKEN",
	[RECIPE_USERINFO] = "USERINFO", [RECIPE_INTROSPECT] = "INTROSPECT",
	[RECIPE_INTROSPECT_AS] = "INTROSPECT_AS",
	[RECIPE_LOGOUT] = "LOGOUT", [RECIPE_JWKS] = "JWKS", [RECIPE_METADATA] = "METADATA",
	[RECIPE_LINKS] = "LINKS",
	[RECIPE_NGINX] = "NGINX", [RECIPE_APACHE] = "APACHE", [RECIPE_CADDY] = "CADDY",
	[RECIPE_TRUSTED] = "TRUSTED",
};
/* clang-format on */

const struct recipe *
recipe_at(size_t i)
{
	return i < sizeof recipes / sizeof *recipes ? &recipes[i] : NULL;
}

const struct recipe *
recipe_find(const char *name)
{
	for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
		if (strcmp(recipes[i].name, name) == 0)
			return &recipes[i];
	return NULL;
}

static size_t
word_of(struct span s)
{
	size_t i = 0;

	while (i < RECIPE_WORDS && !span_is(s, words_in_text[i]))
		i++;
	return i;
}

/* Of a "?WORD " or "!WORD " at its start, which is taken away: does the line stay? */
static bool
is_kept(struct span *line, const struct span *words)
{
	const uint8_t *space;
	bool wanted, stays;
	size_t n, i;

	if (!line->len || (line->p[0] != '?' && line->p[0] != '!') ||
	    !(space = memchr(line->p, ' ', line->len)))
		return true;
	n = (size_t)(space - line->p);
	if ((i = word_of(SPAN(line->p + 1, n - 1))) == RECIPE_WORDS)
		return true;
	wanted = line->p[0] == '?';
	stays = (words[i].len > 0) == wanted;
	*line = SPAN(line->p + n + 1, line->len - n - 1);
	return stays;
}

/* "@" that begins no word stands for itself. */
static void
put_line(struct span line, const struct span *words, struct buf *out)
{
	while (line.len) {
		const uint8_t *end =
		    line.p[0] == '@' && line.len > 1 ? memchr(line.p + 1, '@', line.len - 1) : NULL;
		size_t n = end ? (size_t)(end - line.p) - 1 : 0, i = RECIPE_WORDS;

		if (end)
			i = word_of(SPAN(line.p + 1, n));
		if (i < RECIPE_WORDS)
			buf_put_span(out, words[i]);
		else
			buf_put_u8(out, line.p[0]);
		n = i < RECIPE_WORDS ? n + 2 : 1;
		line = SPAN(line.p + n, line.len - n);
	}
}

void
recipe_put(const struct recipe *r, const struct span *words, struct buf *out)
{
	struct span rest = SPAN(r->text, (size_t)(r->end - r->text));

	while (rest.len) {
		const uint8_t *nl = memchr(rest.p, '\n', rest.len);
		size_t n = nl ? (size_t)(nl - rest.p) : rest.len;
		struct span line = SPAN(rest.p, n);

		if (is_kept(&line, words)) {
			put_line(line, words, out);
			buf_put_u8(out, '\n');
		}
		n += nl != NULL;
		rest = SPAN(rest.p + n, rest.len - n);
	}
}
