/* help.c - usage and help, from the tables. */
#include "cli/verbs.h"

#define NAME_COLUMNS  18
#define SHORT_COLUMNS 48

static size_t
noun_length(const char *name)
{
	const char *space = strchr(name, ' ');

	return space ? (size_t)(space - name) : 0;
}

static bool
has_noun(size_t i, const char *name, size_t n)
{
	return i < nverbs && noun_length(verbs[i].name) == n &&
	    strncmp(verbs[i].name, name, n) == 0;
}

static bool
begins_noun(size_t i)
{
	size_t n = noun_length(verbs[i].name);

	return n && (i == 0 || !has_noun(i - 1, verbs[i].name, n));
}

/* A line each would be more than fits a small screen. */
static void
put_nouns(FILE *f)
{
	struct buf names = BUF_INIT, folded = BUF_INIT;

	buf_put_str(&names, "what there is:");
	for (size_t i = 0; i < nverbs; i++)
		if (begins_noun(i))
			buf_putf(&names, " %.*s", (int)noun_length(verbs[i].name), verbs[i].name);
	buf_put_str(&names, "; see 'ownkey help slot'");
	out_fold(buf_cstr(&names), SHORT_COLUMNS, &folded);
	fputs(buf_cstr(&folded), f);
	buf_done(&names);
	buf_done(&folded);
}

static void
put_more(FILE *f)
{
	struct buf names = BUF_INIT, folded = BUF_INIT;

	buf_put_str(&names, "more:");
	for (size_t i = 0; i < nverbs; i++)
		if (!(verbs[i].flags & VERB_FIRST) && !noun_length(verbs[i].name))
			buf_putf(&names, " %s", verbs[i].name);
	out_fold(buf_cstr(&names), SHORT_COLUMNS, &folded);
	fputs(buf_cstr(&folded), f);
	buf_done(&names);
	buf_done(&folded);
}

void
help_short(FILE *f)
{
	fputs("usage: ownkey COMMAND [OPTION ...]\n", f);
	for (size_t i = 0; i < nverbs; i++)
		if (verbs[i].flags & VERB_FIRST)
			fprintf(f, "  %-7s %s\n", verbs[i].name, verbs[i].help);
	put_nouns(f);
	put_more(f);
	fputs("'ownkey help COMMAND' tells more.\n", f);
}

/* On one line where that fits a small screen. */
static void
put_option(FILE *f, const struct arg_row *r)
{
	const char *between = "\n      ";
	char name[48], letter[8] = "";
	int n;

	if (r->letter)
		snprintf(letter, sizeof letter, "-%c, ", r->letter);
	n = snprintf(name, sizeof name, "  %s--%s%s%s", letter, r->name, r->value ? " " : "",
	    r->value ? r->value : "");
	if (n < NAME_COLUMNS)
		between = "";
	else if ((size_t)n + 1 + strlen(r->help) <= SHORT_COLUMNS)
		between = " ";
	fprintf(f, "%-*s%s%s\n", NAME_COLUMNS, name, between, r->help);
	if (r->choices)
		fprintf(f, "      %s\n", r->choices);
}

void
help_verb(FILE *f, const struct verb *v)
{
	static const char options[] = "[OPTION ...]";
	int n = fprintf(f, "usage: ownkey %s%s%s", v->name, *v->operands ? " " : "", v->operands);
	bool fits = n >= 0 && (size_t)n + sizeof options <= SHORT_COLUMNS;

	fprintf(f, "%s%s\n%s\n", fits ? " " : "\n       ", options, v->help);
	for (size_t i = 0; i < ARG_COUNT; i++)
		if (i != ARG_HELP && args_among(v->args, (enum arg)i))
			put_option(f, &arg_rows[i]);
	fputs("  also --help, --plain, --system, --vault FILE\n", f);
	fprintf(f, "example: %s\n", v->example);
}

bool
help_noun(FILE *f, const char *noun)
{
	size_t n = strlen(noun);
	bool any = false;

	for (size_t i = 0; i < nverbs; i++) {
		const struct verb *v = &verbs[i];

		if (strncmp(v->name, noun, n) != 0 || v->name[n] != ' ')
			continue;
		fprintf(f, "ownkey %s%s%s\n    %s\n", v->name, *v->operands ? " " : "", v->operands,
		    v->help);
		any = true;
	}
	return any;
}

enum err
verb_version(struct cli *c)
{
	(void)c;
	puts("ownkey " OWNKEY_VERSION);
	return ERR_OK;
}

enum err
verb_help(struct cli *c)
{
	const struct verb *v;
	enum err e;

	if (c->args.n == 0) {
		help_short(stdout);
		return ERR_OK;
	}
	if (c->args.n <= 2) {
		char noun[64];

		snprintf(noun, sizeof noun, "%s%s%s", c->args.operand[0], c->args.n > 1 ? " " : "",
		    c->args.n > 1 ? c->args.operand[1] : "");
		if (help_noun(stdout, noun))
			return ERR_OK;
	}
	c->args.given[ARG_HELP] = true;
	if (!(e = verbs_find(&c->args, &v)))
		help_verb(stdout, v);
	return e;
}
