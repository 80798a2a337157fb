/* verbs.c - the table of commands, finding a row, help. */
#include "oidc/verbs.h"

#include <stdarg.h>
#include <string.h>

#define A(x) OIDC_ARG_##x

/* clang-format off */
const struct oidc_verb oidc_verbs[] = {
{ "serve", oidc_verb_serve, "", 0, 0, { A(CONFIG) }, 0,
  "answer requests until stopped", "ownkey-oidc serve" },
{ "check", oidc_verb_check, "", 0, 0, { A(CONFIG), A(JSON) }, 0,
  "look for what is wrong, change nothing", "ownkey-oidc check" },
{ "backup", oidc_verb_backup, "FILE", 1, 1, { A(CONFIG) }, 0,
  "copy the store while it is in use", "ownkey-oidc backup oidc.db" },
{ "user add", oidc_verb_user_add, "NAME", 1, 1,
  { A(NAME), A(EMAIL), A(ME), A(CLAIMS), A(CONFIG) }, 0,
  "somebody who may log in", "ownkey-oidc user add ann --name 'Ann Lee'" },
{ "user list", oidc_verb_user_list, "", 0, 0, { A(JSON), A(CONFIG) }, 0,
  "who may log in", "ownkey-oidc user list" },
{ "user show", oidc_verb_user_show, "NAME", 1, 1, { A(JSON), A(CONFIG) }, 0,
  "one of them, with tokens and logins", "ownkey-oidc user show ann" },
{ "user set", oidc_verb_user_set, "NAME", 1, 1,
  { A(NAME), A(EMAIL), A(ME), A(CLAIMS), A(CONFIG) }, 0,
  "change what is told of them", "ownkey-oidc user set ann --email ''" },
{ "user disable", oidc_verb_user_disable, "NAME", 1, 1, { A(UNDO), A(CONFIG) }, 0,
  "log out everywhere, and keep out", "ownkey-oidc user disable ann" },
{ "user remove", oidc_verb_user_remove, "NAME", 1, 1, { A(YES), A(CONFIG) }, 0,
  "for good, with all that is theirs", "ownkey-oidc user remove ann --yes" },
{ "user invite", oidc_verb_user_invite, "NAME", 1, 1, { A(CONFIG) }, 0,
  "a link to register a token, good once", "ownkey-oidc user invite ann" },
{ "user recovery", oidc_verb_user_recovery, "NAME", 1, 1, { A(CONFIG) }, 0,
  "new codes for when tokens are lost", "ownkey-oidc user recovery ann" },
{ "client add", oidc_verb_client_add, "ID|-", 1, 1,
  { A(NAME), A(REDIRECT), A(LOGOUT), A(PUBLIC), A(SECRET), A(NATIVE), A(TRUSTED), A(REFRESH),
    A(SCOPES), A(ALG), A(RESOURCE), A(NOT), A(JSON), A(CONFIG) }, 0,
  "a service that people log in to",
  "ownkey-oidc client add wiki --redirect URI" },
{ "client list", oidc_verb_client_list, "", 0, 0, { A(JSON), A(CONFIG) }, 0,
  "services", "ownkey-oidc client list" },
{ "client show", oidc_verb_client_show, "ID", 1, 1, { A(JSON), A(CONFIG) }, 0,
  "one of them", "ownkey-oidc client show wiki --json" },
{ "client set", oidc_verb_client_set, "ID", 1, 1,
  { A(NAME), A(REDIRECT), A(LOGOUT), A(NATIVE), A(TRUSTED), A(REFRESH), A(SCOPES), A(ALG),
    A(INDIEAUTH), A(NOT), A(CONFIG) }, 0,
  "change it", "ownkey-oidc client set wiki --not trusted" },
{ "client secret", oidc_verb_client_secret, "ID", 1, 1, { A(JSON), A(CONFIG) }, 0,
  "a new one; the old one ends at once", "ownkey-oidc client secret wiki" },
{ "client remove", oidc_verb_client_remove, "ID", 1, 1, { A(YES), A(CONFIG) }, 0,
  "for good, with its tokens", "ownkey-oidc client remove wiki --yes" },
{ "key add", oidc_verb_key_add, "ALG|all", 1, 1, { A(JSON), A(CONFIG) }, 0,
  "make a key that the vault does not have", "ownkey-oidc key add RS256" },
{ "key rotate", oidc_verb_key_rotate, "ALG|all", 1, 1, { A(JSON), A(CONFIG) }, 0,
  "go on with the next; the old one stays", "ownkey-oidc key rotate ES256" },
{ "key list", oidc_verb_key_list, "", 0, 0, { A(JSON), A(CONFIG) }, 0,
  "public keys of the issuer", "ownkey-oidc key list" },
{ "setup", oidc_verb_setup, "[SERVICE [URL]]", 0, 2,
  { A(ID), A(NAME), A(TRUSTED), A(CONFIG) }, 0,
  "tell a service of the provider; lists them",
  "ownkey-oidc setup forgejo https://git.example.org" },
{ "demo", oidc_verb_demo, "", 0, 0, { 0 }, OIDC_VERB_NOCONF,
  "all of it on this machine, to try", "ownkey-oidc demo" },
{ "help", oidc_verb_help, "[COMMAND]", 0, 2, { 0 }, OIDC_VERB_NOCONF,
  "this, or about one command", "ownkey-oidc help serve" },
{ "version", oidc_verb_version, "", 0, 0, { 0 }, OIDC_VERB_NOCONF,
  "which one this is", "ownkey-oidc version" },
};
/* clang-format on */

const size_t oidc_nverbs = sizeof oidc_verbs / sizeof *oidc_verbs;

enum err
oidc_cmd_wrong(struct oidc_cmd *c, enum err e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->detail, sizeof c->detail, fmt, ap);
	va_end(ap);
	return e;
}

/* How many of the operands the name takes up; 0: it is another command. */
static size_t
matches(const struct oidc_verb *v, const struct oidc_args *a)
{
	const char *word = v->name;
	size_t n, words = 0;

	for (;; word += n + 1) {
		n = strcspn(word, " ");
		if (words == a->n || strlen(a->operand[words]) != n ||
		    memcmp(a->operand[words], word, n) != 0)
			return 0;
		words++;
		if (!word[n])
			return words;
	}
}

static enum err
fits(struct oidc_args *a, const struct oidc_verb *v)
{
	if (a->n < v->min)
		snprintf(a->wrong, sizeof a->wrong, "'%s' wants %s", v->name, v->operands);
	else if (a->n > v->max)
		snprintf(a->wrong, sizeof a->wrong, "'%s' does not want '%.40s'", v->name,
		    a->operand[v->max]);
	for (size_t i = 1; i < OIDC_ARG_COUNT && !a->wrong[0]; i++)
		if (a->given[i] && !oidc_args_among(v->args, (enum oidc_arg)i))
			snprintf(a->wrong, sizeof a->wrong, "'%s' takes no --%s", v->name,
			    oidc_arg_rows[i].name);
	return a->wrong[0] ? ERR_USAGE : ERR_OK;
}

enum err
oidc_verbs_find(struct oidc_args *a, const struct oidc_verb **out)
{
	static char help[] = "help";
	size_t words = 0;

	if (a->n == 0)
		a->operand[a->n++] = help;
	for (size_t i = 0; i < oidc_nverbs && !words; i++)
		if ((words = matches(&oidc_verbs[i], a)))
			*out = &oidc_verbs[i];
	if (!words) {
		snprintf(a->wrong, sizeof a->wrong, "no command is called '%.60s'", a->operand[0]);
		return ERR_USAGE;
	}
	a->operand += words;
	a->n -= words;
	return a->given[OIDC_ARG_HELP] ? ERR_OK : fits(a, *out);
}

/* The first of the commands that begin with this word? */
static bool
is_first(size_t i, size_t n)
{
	return i == 0 || strncmp(oidc_verbs[i - 1].name, oidc_verbs[i].name, n) != 0 ||
	    (oidc_verbs[i - 1].name[n] != ' ' && oidc_verbs[i - 1].name[n] != '\0');
}

/* Commands of one word, then the first words of the others: it fits a small screen. */
void
oidc_help(FILE *f)
{
	fputs("usage: ownkey-oidc COMMAND [OPTION ...]\n", f);
	for (size_t i = 0; i < oidc_nverbs; i++)
		if (!strchr(oidc_verbs[i].name, ' '))
			fprintf(f, "  %-8s %s\n", oidc_verbs[i].name, oidc_verbs[i].help);
	for (size_t i = 0; i < oidc_nverbs; i++) {
		size_t n = strcspn(oidc_verbs[i].name, " ");

		if (oidc_verbs[i].name[n] && is_first(i, n))
			fprintf(f, "  %-8.*s see 'ownkey-oidc help %.*s'\n", (int)n,
			    oidc_verbs[i].name, (int)n, oidc_verbs[i].name);
	}
	fputs("ownkey-oidc(8) tells more.\n", f);
}

static void
put_option(FILE *f, const struct oidc_arg_row *r)
{
	char name[48];

	snprintf(
	    name, sizeof name, "--%s%s%s", r->name, r->value ? " " : "", r->value ? r->value : "");
	fprintf(f, "  %-16s %s\n", name, r->help);
	if (r->choices)
		fprintf(f, "      %s\n", r->choices);
}

void
oidc_help_verb(FILE *f, const struct oidc_verb *v)
{
	fprintf(f, "usage: ownkey-oidc %s%s%s [OPTION ...]\n%s\n", v->name, *v->operands ? " " : "",
	    v->operands, v->help);
	for (size_t i = 1; i < OIDC_ARG_COUNT; i++)
		if (oidc_args_among(v->args, (enum oidc_arg)i))
			put_option(f, &oidc_arg_rows[i]);
	fprintf(f, "example: %s\n", v->example);
}

static bool
help_noun(const char *noun)
{
	size_t n = strlen(noun);
	bool any = false;

	for (size_t i = 0; i < oidc_nverbs; i++) {
		const struct oidc_verb *v = &oidc_verbs[i];

		if (strncmp(v->name, noun, n) != 0 || v->name[n] != ' ')
			continue;
		printf("ownkey-oidc %s%s%s\n    %s\n", v->name, *v->operands ? " " : "",
		    v->operands, v->help);
		any = true;
	}
	return any;
}

enum err
oidc_verb_help(struct oidc_cmd *c)
{
	const struct oidc_verb *v;
	enum err e;

	if (c->args.n == 0) {
		oidc_help(stdout);
		return ERR_OK;
	}
	if (c->args.n == 1 && help_noun(c->args.operand[0]))
		return ERR_OK;
	c->args.given[OIDC_ARG_HELP] = true;
	if (!(e = oidc_verbs_find(&c->args, &v)))
		oidc_help_verb(stdout, v);
	return e;
}

enum err
oidc_verb_version(struct oidc_cmd *c)
{
	(void)c;
	puts("ownkey-oidc " OWNKEY_VERSION);
	return ERR_OK;
}
