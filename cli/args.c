/* args.c - options are read by the table, nothing else. */
#include "cli/args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/suggest.h"
#include "lib/ops.h"

/* clang-format off */
const struct arg_row arg_rows[ARG_COUNT] = {
[ARG_HELP] = { "help", 'h', NULL, NULL, "what the command does" },
[ARG_JSON] = { "json", 'j', NULL, NULL, "print the result as JSON" },
[ARG_PLAIN] = { "plain", 0, NULL, NULL, "never clear or redraw the screen" },
[ARG_SHOW] = { "show", 0, NULL, NULL, "a secret may go to the terminal" },
[ARG_VAULT] = { "vault", 0, "FILE", NULL, "another vault" },
[ARG_FORCE] = { "force", 'f', NULL, NULL, "although it is risky or exists" },
[ARG_ASK_STDIN] = { "ask-stdin", 0, NULL, NULL, "answers are lines on stdin" },
[ARG_OLDER] = { "accept-older", 0, NULL, NULL, "an older copy is meant" },
[ARG_WITH] = { "with", 0, "WAY", "token|phrase|passphrase|token+passphrase", "the way in to use" },
[ARG_SLOT] = { "slot", 0, "LABEL", NULL, "the way in to use, by name" },
[ARG_TOKEN] = { "token", 0, "PATH", NULL, "which, if there are several" },
[ARG_NO_WAIT] = { "no-wait", 0, NULL, NULL, "fail at once without a token" },
[ARG_LABEL] = { "label", 0, "NAME", NULL, "its name" },
[ARG_HINT] = { "hint", 0, "TEXT", NULL, "readable while locked" },
[ARG_CARD] = { "card", 0, "FILE", NULL, "as PDF: in memory, or - (pipe)" },
[ARG_TEXT] = { "text", 0, NULL, NULL, "print it as text" },
[ARG_FOR] = { "for", 0, "NAMES", NULL, "who: alice,bob,..." },
[ARG_NO_PIN] = { "no-pin", 0, NULL, NULL, "a touch alone opens it" },
[ARG_ONE_WAY] = { "one-way-in", 0, NULL, NULL, "accept a single way in" },
[ARG_AND_PASS] = { "and-passphrase", 0, NULL, NULL, "the token wants it, too" },
[ARG_PASS] = { "passphrase", 0, NULL, NULL, "a passphrase instead of a token" },
[ARG_MEMORY] = { "memory", 0, "MIB", NULL, "for stretching a passphrase" },
[ARG_USE] = { "use", 0, "N", "0|1|2", "0 free, 1 ask once, 2 touch" },
[ARG_EXPORT] = { "export", 0, "YES", "yes|no", "whether it may be exported" },
[ARG_RAW] = { "raw", 0, "YES", "yes|no", "whether it signs bytes unseen" },
[ARG_RATE] = { "rate", 0, "N", NULL, "so many uses a minute; 0: any" },
[ARG_KEY] = { "key", 0, "PATH", NULL, "the identity that signs" },
[ARG_NAMESPACE] = { "namespace", 'n', "NAME", NULL, "what the signature is for: file, git, ..." },
[ARG_OUT] = { "out", 'o', "FILE", NULL, "write there, for you alone" },
[ARG_FORM] = { "form", 0, "FORM", NULL, "which; 'ownkey id show' lists" },
[ARG_TIMEOUT] = { "timeout", 0, "SECONDS", NULL, "so long at most" },
[ARG_MATCH] = { "match", 0, "TEXT", NULL, "only names with this text" },
[ARG_ALL] = { "all", 0, NULL, NULL, "all of them, retired ones, too" },
[ARG_EPOCH] = { "epoch", 0, "N", NULL, "which in the series of keys (0)" },
[ARG_PURPOSE] = { "purpose", 0, "NAME", NULL, "one key only" },
[ARG_ALG] = { "alg", 0, "NAME", NULL, "algorithm, if there is a choice" },
[ARG_REPLACE] = { "replace", 0, NULL, NULL, "instead of an older one" },
[ARG_TO] = { "to", 0, "RECIPIENT", NULL, "this age key opens it instead", true },
[ARG_ARMOR] = { "armor", 'a', NULL, NULL, "as text, for mail" },
[ARG_SINCE] = { "since", 0, "WHEN", NULL, "from then on: a day, 7d, 12h" },
[ARG_DEEP] = { "deep", 0, NULL, NULL, "open it, though locked" },
[ARG_SECRETS] = { "secrets-only", 0, NULL, NULL, "nothing derived" },
[ARG_NAME] = { "name", 0, "NAME", NULL, "what you want to be called" },
[ARG_QR] = { "qr", 0, NULL, NULL, "draw a QR code" },
[ARG_UPDATE] = { "update", 0, NULL, NULL, "keep the card, if meant" },
[ARG_ANEW] = { "begin-anew", 0, NULL, NULL, "give the log up" },
[ARG_YES] = { "yes", 'y', NULL, NULL, "go on without asking" },
[ARG_FINDER] = { "finder-may-open", 0, "ANSWER", "yes|no|unsure", "has the finder vault and PIN?" },
[ARG_ALL_EXPOSED] = { "all-exposed", 0, NULL, NULL, "each that others may know" },
[ARG_NEW_PHRASE] = { "new-phrase", 0, NULL, NULL, "another recovery phrase" },
[ARG_NO_PHRASE] = { "without-phrase", 0, NULL, NULL, "sign it later: 'succession sign'" },
[ARG_UNDO] = { "undo", 0, NULL, NULL, "back to how it was" },
[ARG_DRY_RUN] = { "dry-run", 0, NULL, NULL, "say it, change nothing" },
[ARG_OVERDUE] = { "overdue", 0, NULL, NULL, "only what is to be done" },
[ARG_AT] = { "at", 0, "WHERE", NULL, "a host; approve: https address" },
[ARG_SSH_OPTION] = { "ssh-option", 0, "OPT", NULL, "for ssh, as its -o takes it", true },
[ARG_SOCKET] = { "socket", 0, "PATH", NULL, "where the other side finds it" },
[ARG_SAME_VAULT] = { "same-vault", 0, NULL, NULL, "it has a copy of this vault" },
[ARG_ATTR] = { "attr", 0, "NAME=VALUE", NULL, "what else is known: user=alice", true },
[ARG_OTP] = { "otp", 0, NULL, NULL, "it is a seed of one-time codes" },
[ARG_LENGTH] = { "length", 0, "N", NULL, "so many characters, or words" },
[ARG_ALPHABET] = { "alphabet", 0, "KIND", "alnum|print|digits|words", "what it is made of" },
[ARG_ENV] = { "env", 0, "VAR=NAME", NULL, "as a variable, which others see", true },
[ARG_FD] = { "fd", 0, "N=NAME", NULL, "as descriptor N: 0, 3, 4, ...", true },
[ARG_SECRET_SERVICE] = { "secret-service", 0, NULL, NULL, "what desktop programs keep there" },
[ARG_SSH_KEY] = { "ssh-key", 0, "FILE", NULL, "public keys of an ssh agent" },
[ARG_SECTOR] = { "sector", 0, "HOST", NULL, "with one name for each person" },
[ARG_PUBLIC] = { "public", 0, NULL, NULL, "one name for each, everywhere" },
[ARG_SYSTEM] = { "system", 0, NULL, NULL, "the agent of the machine" },
[ARG_UNATTENDED] = { "unattended", 0, NULL, NULL, "passphrase from a credential" },
};
/* clang-format on */

static enum err
unknown(struct args *a, const char *name, size_t len)
{
	const char *near = NULL;
	size_t best = SUGGEST_NONE;

	snprintf(a->wrong, sizeof a->wrong, "no option is called --%.*s", (int)len, name);
	for (size_t i = 0; i < ARG_COUNT; i++)
		suggest_nearer(name, len, arg_rows[i].name, &best, &near);
	if (near)
		snprintf(a->hint, sizeof a->hint, "did you mean --%s?", near);
	return ERR_USAGE;
}

static bool
is_choice(const char *choices, const char *value)
{
	size_t n = value ? strlen(value) : 0;

	while (choices && n > 0) {
		if (strncmp(choices, value, n) == 0 && (!choices[n] || choices[n] == '|'))
			return true;
		choices = strchr(choices, '|');
		choices += choices != NULL;
	}
	return false;
}

static enum err
take_again(struct args *a, enum arg which, const char *value)
{
	if (a->nlist == ARGS_LIST) {
		snprintf(
		    a->wrong, sizeof a->wrong, "--%s is given too often", arg_rows[which].name);
		return ERR_USAGE;
	}
	a->given[which] = true;
	a->value[which] = value;
	a->list[a->nlist].which = which;
	a->list[a->nlist++].value = value;
	return ERR_OK;
}

static enum err
take(struct args *a, enum arg which, const char *value)
{
	const struct arg_row *r = &arg_rows[which];

	if (r->many)
		return take_again(a, which, value);
	if (args_has(a, which) && r->value) {
		snprintf(a->wrong, sizeof a->wrong, "--%s is given twice", r->name);
		return ERR_USAGE;
	}
	if (r->choices && !is_choice(r->choices, value)) {
		snprintf(a->wrong, sizeof a->wrong, "--%s takes one of %s", r->name, r->choices);
		return ERR_USAGE;
	}
	a->given[which] = true;
	a->value[which] = value;
	return ERR_OK;
}

/* --name, --name=VALUE or --name VALUE.  *i: the argument, moved on behind what was read. */
static enum err
take_long(struct args *a, int argc, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *value = NULL;
	size_t len = strcspn(name, "="), which = 0;

	while (which < ARG_COUNT &&
	    (strncmp(arg_rows[which].name, name, len) != 0 || arg_rows[which].name[len]))
		which++;
	if (which == ARG_COUNT)
		return unknown(a, name, len);
	if (name[len] == '=')
		value = name + len + 1;
	else if (arg_rows[which].value && *i + 1 < argc)
		value = argv[++*i];
	if (!value == !arg_rows[which].value)
		return take(a, (enum arg)which, value);
	snprintf(a->wrong, sizeof a->wrong, "--%s takes %s", arg_rows[which].name,
	    value ? "no value" : arg_rows[which].value);
	return ERR_USAGE;
}

static enum err
take_letter(struct args *a, int argc, char **argv, int *i)
{
	char letter = argv[*i][1];
	const char *value = NULL;
	size_t which = 0;

	while (which < ARG_COUNT && arg_rows[which].letter != letter)
		which++;
	if (which < ARG_COUNT && !arg_rows[which].value && !argv[*i][2])
		return take(a, (enum arg)which, NULL);
	if (which < ARG_COUNT && arg_rows[which].value)
		value = argv[*i][2] ? argv[*i] + 2 : *i + 1 < argc ? argv[++*i] : NULL;
	if (value)
		return take(a, (enum arg)which, value);
	snprintf(a->wrong, sizeof a->wrong, "-%c is no option, or lacks its value", letter);
	return ERR_USAGE;
}

enum err
args_parse(struct args *a, int argc, char **argv)
{
	bool ended = false;
	enum err e = ERR_OK;

	*a = (struct args){ .operand = argv + 1 };
	for (int i = 1; i < argc && !e; i++) {
		if (ended || argv[i][0] != '-' || !argv[i][1])
			a->operand[a->n++] = argv[i];
		else if (argv[i][1] != '-')
			e = take_letter(a, argc, argv, &i);
		else if (argv[i][2])
			e = take_long(a, argc, argv, &i);
		else
			ended = true;
	}
	return e;
}

bool
args_among(const uint8_t some[ARGS_SOME], enum arg which)
{
	for (size_t i = 0; i < ARGS_SOME; i++)
		if (some[i] == which)
			return true;
	return false;
}

enum err
args_number(struct args *a, enum arg which, uint64_t min, uint64_t max, uint64_t *v)
{
	const char *s = a->value[which];
	unsigned long long n;
	char *end;

	if (!s)
		return ERR_OK;
	n = strtoull(s, &end, 10);
	if (*s >= '0' && *s <= '9' && !*end && n >= min && n <= max) {
		*v = n;
		return ERR_OK;
	}
	snprintf(a->wrong, sizeof a->wrong, "--%s takes a number from %llu to %llu",
	    arg_rows[which].name, (unsigned long long)min, (unsigned long long)max);
	return ERR_USAGE;
}

enum err
args_ways(const char *value, uint64_t *bits)
{
	*bits = 0;
	if (!value)
		return ERR_OK;
	if (strcmp(value, "token") == 0)
		*bits = OPS_WAY_TOKEN;
	else if (strcmp(value, "passphrase") == 0)
		*bits = OPS_WAY_PASS;
	else if (strcmp(value, "phrase") == 0)
		*bits = OPS_WAY_PHRASE;
	else if (strcmp(value, "token+passphrase") == 0)
		*bits = OPS_WAY_TOKEN | OPS_WAY_PASS;
	return *bits ? ERR_OK : ERR_USAGE;
}
