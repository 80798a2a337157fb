/* args.c - options of ownkey-oidc: the table, and reading them. */
#include "oidc/args.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct oidc_arg_row oidc_arg_rows[OIDC_ARG_COUNT] = {
	[OIDC_ARG_HELP]   = { "help", NULL, NULL, "this", false },
	[OIDC_ARG_CONFIG] = { "config", "FILE", NULL, "not /etc/ownkey/oidc.conf", false },
	[OIDC_ARG_JSON]   = { "json", NULL, NULL, "for programs", false },
	[OIDC_ARG_YES]    = { "yes", NULL, NULL, "do not ask", false },
	[OIDC_ARG_NAME]   = { "name", "TEXT", NULL, "that people see", false },
	[OIDC_ARG_EMAIL]  = { "email", "ADDR", NULL, "theirs, as you know", false },
	[OIDC_ARG_ME]     = { "me", "URL", NULL, "their page (IndieAuth)", false },
	[OIDC_ARG_CLAIMS] = { "claims", "FILE", NULL, "JSON, OIDC Core 5.1", false },
	[OIDC_ARG_UNDO]   = { "undo", NULL, NULL, "let them in again", false },
	[OIDC_ARG_REDIRECT] = { "redirect", "URI", NULL, "back to it; repeatable", true },
	[OIDC_ARG_LOGOUT] = { "logout", "URI", NULL, "after logout", true },
	[OIDC_ARG_PUBLIC] = { "public", NULL, NULL, "it has no secret", false },
	[OIDC_ARG_SECRET] = { "secret", "HOW", NULL, "basic (default) or post", false },
	[OIDC_ARG_NATIVE] = { "native", NULL, NULL, "on people's machines", false },
	[OIDC_ARG_TRUSTED] = { "trusted", NULL, NULL, "yours: people not asked", false },
	[OIDC_ARG_REFRESH] = { "refresh", NULL, NULL, "lasting logins", false },
	[OIDC_ARG_SCOPES] = { "scopes", "LIST", NULL, "it may ask for", false },
	[OIDC_ARG_ALG]    = { "alg", "ALG", NULL, "RS256, ES256, EdDSA", false },
	[OIDC_ARG_RESOURCE] = { "resource", NULL, NULL, "only checks tokens", false },
	[OIDC_ARG_INDIEAUTH] = { "indieauth", NULL, NULL, "also those of IndieAuth", false },
	[OIDC_ARG_NOT]    = { "not", "WHAT", NULL, "trusted native pkce ...", true },
	[OIDC_ARG_ID]     = { "id", "ID", NULL, "not the name of the service", false },
};
/* clang-format on */

static enum err
wrong(struct oidc_args *a, const char *name, const char *what)
{
	snprintf(a->wrong, sizeof a->wrong, "--%.60s %s", name, what);
	return ERR_USAGE;
}

static bool
is_choice(const char *choices, const char *value)
{
	size_t n, len = strlen(value);

	for (; *choices; choices += n + (choices[n] == '|')) {
		n = strcspn(choices, "|");
		if (n == len && memcmp(choices, value, n) == 0)
			return true;
	}
	return false;
}

static enum err
take(struct oidc_args *a, enum oidc_arg which, const char *value)
{
	const struct oidc_arg_row *r = &oidc_arg_rows[which];

	if (r->choices && !is_choice(r->choices, value))
		return wrong(a, r->name, "does not take this value");
	if (r->many && a->nlist == OIDC_ARGS_LIST)
		return wrong(a, r->name, "is given too often");
	if (r->many) {
		a->list[a->nlist].which = which;
		a->list[a->nlist++].value = value;
	} else if (a->given[which] && r->value) {
		return wrong(a, r->name, "is given twice");
	}
	a->given[which] = true;
	a->value[which] = value;
	return ERR_OK;
}

static size_t
find(const char *name, size_t len)
{
	size_t i = 0;

	while (i < OIDC_ARG_COUNT &&
	    (strncmp(oidc_arg_rows[i].name, name, len) != 0 || oidc_arg_rows[i].name[len]))
		i++;
	return i;
}

/* --name, --name=VALUE or --name VALUE.  *i: the argument, moved on behind what was read. */
static enum err
take_long(struct oidc_args *a, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *value = NULL;
	size_t len = strcspn(name, "="), which = find(name, len);

	if (which == OIDC_ARG_COUNT)
		return wrong(a, name, "is no option");
	if (name[len] == '=')
		value = name + len + 1;
	else if (oidc_arg_rows[which].value && *i + 1 < argc)
		value = argv[++*i];
	if (!value != !oidc_arg_rows[which].value)
		return wrong(
		    a, oidc_arg_rows[which].name, value ? "takes no value" : "lacks its value");
	return take(a, (enum oidc_arg)which, value);
}

enum err
oidc_args_parse(struct oidc_args *a, int argc, char **argv)
{
	bool ended = false;
	enum err e = ERR_OK;

	*a = (struct oidc_args){ .operand = argv + 1 };
	for (int i = 1; i < argc && !e; i++) {
		if (ended || argv[i][0] != '-' || !argv[i][1]) {
			a->operand[a->n++] = argv[i];
		} else if (argv[i][1] != '-') {
			snprintf(a->wrong, sizeof a->wrong, "'%.60s' is no option", argv[i]);
			e = ERR_USAGE;
		} else if (argv[i][2]) {
			e = take_long(a, argc, argv, &i);
		} else {
			ended = true;
		}
	}
	return e;
}

bool
oidc_args_among(const uint8_t some[OIDC_ARGS_SOME], enum oidc_arg which)
{
	for (size_t i = 0; i < OIDC_ARGS_SOME; i++)
		if (some[i] == which)
			return true;
	return false;
}
