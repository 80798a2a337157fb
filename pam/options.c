#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pam/options.h"

/* A touch here, or whatever the agent asks for where the person sits. */
#define CUE	  "Touch your token now"
#define CUE_AGENT "Your ssh agent is asked: touch your token, or say yes there"

enum kind { FLAG, NUMBER, PATH, TEXT, CHOICE, SOURCE };

/* clang-format off */
static const struct option {
	struct option_help help;
	enum kind kind;
	size_t at; /* offset in struct options */
	uint64_t min, max;
	const char *choices; /* "zero|one|two" */
} table[] = {
#define AT(member) offsetof(struct options, member)
	{{"map", "PATH", "/etc/ownkey/pam.map", "the file that says which tokens are whose; %u in it is the name of the account. One that begins with ~/ is the person's own, in their home: they can then add tokens themselves, and so can whoever gets at their files"}, PATH, AT(map), 0, 0, NULL},
	{{"wait", "SECONDS", "15", "how long to wait for a token to be plugged in; 0: not at all"}, NUMBER, AT(wait), 0, 600, NULL},
	{{"timeout", "SECONDS", "60", "how long all of it may take, the PIN and the touch included"}, NUMBER, AT(timeout), 5, 600, NULL},
	{{"uv", "map|always|pin", "map", "a PIN or fingerprint is wanted where the line of the token says so (map), of every token (always), or as map, but then always the PIN (pin)"}, CHOICE, AT(uv), 0, 0, "map|always|pin"},
	{{"nouserok", "", "", "somebody for whom there is no token is none of our business (PAM_IGNORE); what cannot be read or understood still lets nobody in"}, FLAG, AT(nouserok), 0, 0, NULL},
	{{"cue", "TEXT", CUE, "shown when the token blinks; empty: nothing is"}, TEXT, AT(cue), 0, 0, NULL},
	{{"prompt", "TEXT", "", "asked before the token is, and answered with Enter: for programs that show no text but questions"}, TEXT, AT(prompt), 0, 0, NULL},
	{{"no-unlock", "", "", "logs in only; the vault stays as it is"}, FLAG, AT(no_unlock), 0, 0, NULL},
	{{"lock-at-end", "", "", "the vault is locked when the last of the sessions that were opened with this word ends, however it ends"}, FLAG, AT(lock_at_end), 0, 0, NULL},
	{{"rpid", "NAME", "pam://HOSTNAME", "the name that pam_u2f made its lines for: its option origin, or appid for lines in its old format"}, TEXT, AT(rpid), 1, 0, NULL},
	{{"max-tokens", "NUMBER", "24", "so many tokens an account may have; more are an error"}, NUMBER, AT(max_tokens), 1, 64, NULL},
	{{"from-agent", "", "", "the person's ssh agent, reached by SSH_AUTH_SOCK, signs in the place of a token: no token here is asked, and nothing is unlocked; see FROM AN SSH AGENT"}, FLAG, AT(from_agent), 0, 0, NULL},
	{{"token", "SOURCE", "hid", "where tokens are: hid (what is plugged in), or unix:/PATH, a socket that a token answers on; may be given up to 8 times"}, SOURCE, AT(source), 0, 0, NULL},
};
/* clang-format on */

#define NTABLE (sizeof(table) / sizeof(table[0]))

const struct option_help *
options_help(size_t i)
{
	return i < NTABLE ? &table[i].help : NULL;
}

/* An argument is quoted as far as it can be shown. */
static enum err
refuse(struct options *o, const char *arg, const char *why)
{
	char shown[64];
	size_t i;

	for (i = 0; arg[i] && i < sizeof(shown) - 1; i++)
		shown[i] = arg[i] > ' ' && arg[i] < 0x7f ? arg[i] : '?';
	shown[i] = '\0';
	snprintf(o->why, sizeof(o->why), "option \"%s\": %s", shown, why);
	return ERR_PAM_OPTION;
}

static bool
number(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; s[i]; i++) {
		if (s[i] < '0' || s[i] > '9' || i == 6)
			return false;
		n = n * 10 + (uint64_t)(s[i] - '0');
	}
	*out = n;
	return i > 0 && n >= min && n <= max;
}

static bool
choice(const char *s, const char *choices, uint64_t *out)
{
	size_t n = strlen(s), len;

	for (*out = 0;; (*out)++, choices += len + 1) {
		len = strcspn(choices, "|");
		if (n == len && strncmp(s, choices, n) == 0)
			return true;
		if (choices[len] == '\0')
			return false;
	}
}

/* UTF-8 is not looked into: the host shows it, and only the administrator can write it. */
static bool
text(const char *s, size_t min, size_t cap, char *out)
{
	size_t n = strlen(s), i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f)
			return false;
	if (n < min || n >= cap)
		return false;
	memcpy(out, s, n + 1);
	return true;
}

/* "%u" is all that may follow a '%', and a way up ("..") is refused: a name must not lead out. */
static bool
path(const char *s, char *out)
{
	const char *p;

	if ((s[0] != '/' && strncmp(s, "~/", 2) != 0) || strstr(s, "/../"))
		return false;
	for (p = s; (p = strchr(p, '%')); p += 2)
		if (p[1] != 'u')
			return false;
	return text(s, 2, OPTIONS_PATH_MAX, out);
}

static bool
source(const char *s, struct options *o)
{
	if (o->sources == OPTIONS_SOURCES)
		return false;
	if (strcmp(s, "hid") != 0 && strncmp(s, "unix:/", 6) != 0)
		return false;
	return text(s, 1, OPTIONS_PATH_MAX, o->source[o->sources]) && ++o->sources > 0;
}

static bool
set(const struct option *t, const char *value, struct options *o)
{
	unsigned char *at = (unsigned char *)o + t->at;

	switch (t->kind) {
	case FLAG:
		*(bool *)at = true;
		return true;
	case NUMBER:
		return number(value, t->min, t->max, (uint64_t *)(void *)at);
	case CHOICE:
		return choice(value, t->choices, (uint64_t *)(void *)at);
	case PATH:
		return path(value, (char *)at);
	case TEXT:
		return text(value, t->min, OPTIONS_TEXT_MAX, (char *)at);
	case SOURCE:
		return source(value, o);
	}
	return false;
}

static enum err
take(const char *arg, uint64_t *seen, struct options *o)
{
	size_t len = strcspn(arg, "="), i;
	const struct option *t;

	for (i = 0; i < NTABLE; i++)
		if (strlen(table[i].help.name) == len && strncmp(arg, table[i].help.name, len) == 0)
			break;
	if (i == NTABLE)
		return refuse(o, arg, "is not known");
	t = &table[i];
	if (t->kind != SOURCE && (*seen & UINT64_C(1) << i))
		return refuse(o, arg, "stands there twice");
	*seen |= UINT64_C(1) << i;
	if ((t->kind == FLAG) == (arg[len] == '='))
		return refuse(o, arg, t->kind == FLAG ? "takes no value" : "needs a value");
	if (!set(t, t->kind == FLAG ? "" : arg + len + 1, o))
		return refuse(o, arg, "has a value that is not allowed");
	return ERR_OK;
}

/* What is not given is as the manual says; rpid has no text of its own there. */
static void
preset(struct options *o)
{
	size_t i;

	memset(o, 0, sizeof(*o));
	for (i = 0; i < NTABLE; i++)
		if (table[i].kind != FLAG && table[i].kind != SOURCE &&
		    table[i].at != offsetof(struct options, rpid))
			(void)set(&table[i], table[i].help.preset, o);
}

enum err
options_parse(int argc, const char **argv, struct options *out)
{
	uint64_t seen = 0;
	enum err e = ERR_OK;
	int i;

	preset(out);
	for (i = 0; i < argc && e == ERR_OK; i++)
		e = take(argv[i], &seen, out);
	if (e == ERR_OK && out->wait > out->timeout)
		e = refuse(out, "wait", "is longer than timeout");
	if (e == ERR_OK && out->from_agent && strcmp(out->cue, CUE) == 0)
		(void)text(CUE_AGENT, 0, OPTIONS_TEXT_MAX, out->cue);
	if (e == ERR_OK && out->sources == 0)
		(void)source("hid", out);
	return e;
}
