/* complete.c - completions for the shells, and the synopsis for the manual, from the tables. */
#include "cli/verbs.h"

/* "--label --json " */
static void
put_options(const struct verb *v)
{
	for (size_t i = 0; i < ARG_COUNT; i++)
		if (verbs_args(v) & ARG_BIT(i))
			printf("--%s ", arg_rows[i].name);
}

/* ---- bash; zsh by its bashcompinit ---- */
static const char bash_head[] =
    "_ownkey()\n{\n"
    "\tlocal IFS=$' \\n' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal line=\"${COMP_WORDS[1]-} ${COMP_WORDS[2]-}\" words=\n"
    "\tCOMPREPLY=()\n"
    "\tcase $prev in\n";
static const char bash_middle[] = "\tesac\n"
				  "\tif [[ $cur = -* ]]; then\n"
				  "\t\tcase $line in\n";
static const char bash_tail[] = "\t\tesac\n"
				"\telif [[ $COMP_CWORD = 1 ]]; then\n"
				"\t\twords=${_ownkey_first}\n"
				"\telif [[ $COMP_CWORD = 2 ]]; then\n"
				"\t\tcase ${COMP_WORDS[1]} in\n";
static const char bash_end[] = "\t\tesac\n"
			       "\tfi\n"
			       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
			       "}\n"
			       "complete -o default -F _ownkey ownkey\n";

static size_t
first_word(const char *name)
{
	return strcspn(name, " ");
}

static bool
is_first_of_noun(size_t i)
{
	size_t n = first_word(verbs[i].name);

	return i == 0 || first_word(verbs[i - 1].name) != n ||
	    strncmp(verbs[i].name, verbs[i - 1].name, n) != 0;
}

static void
bash_choices(void)
{
	for (size_t i = 0; i < ARG_COUNT; i++) {
		const char *c = arg_rows[i].choices;

		if (!c)
			continue;
		printf("\t--%s)\n\t\tCOMPREPLY=($(compgen -W '", arg_rows[i].name);
		for (; *c; c++)
			putchar(*c == '|' ? ' ' : *c);
		fputs("' -- \"$cur\"))\n\t\treturn\n\t\t;;\n", stdout);
	}
}

static void
bash_second_words(void)
{
	for (size_t i = 0; i < nverbs; i++) {
		size_t n = first_word(verbs[i].name);

		if (!verbs[i].name[n])
			continue;
		if (is_first_of_noun(i))
			printf("\t\t%.*s) words='", (int)n, verbs[i].name);
		printf("%s ", verbs[i].name + n + 1);
		if (i + 1 == nverbs || is_first_of_noun(i + 1))
			fputs("' ;;\n", stdout);
	}
}

static void
dump_bash(void)
{
	fputs("# made by ownkey --dump-completion\n_ownkey_first='", stdout);
	for (size_t i = 0; i < nverbs; i++)
		if (is_first_of_noun(i))
			printf("%.*s ", (int)first_word(verbs[i].name), verbs[i].name);
	fputs("'\n", stdout);
	fputs(bash_head, stdout);
	bash_choices();
	fputs(bash_middle, stdout);
	for (size_t i = 0; i < nverbs; i++) {
		bool two = verbs[i].name[first_word(verbs[i].name)];

		printf("\t\t'%s'%s) words='", verbs[i].name, two ? "" : "' '*");
		put_options(&verbs[i]);
		fputs("' ;;\n", stdout);
	}
	fputs(bash_tail, stdout);
	bash_second_words();
	fputs(bash_end, stdout);
}

static void
dump_zsh(void)
{
	fputs("#compdef ownkey\nautoload -U +X bashcompinit && bashcompinit\n", stdout);
	dump_bash();
}

/* ---- fish ---- */
#define SEEN "__fish_seen_subcommand_from"

static void
fish_option(const struct verb *v, const struct arg_row *r, const char *condition)
{
	(void)v;
	printf("complete -c ownkey -n \"%s\" -l %s", condition, r->name);
	if (r->letter)
		printf(" -s %c", r->letter);
	if (r->value)
		fputs(" -r", stdout);
	if (r->choices) {
		fputs(" -f -a '", stdout);
		for (const char *s = r->choices; *s; s++)
			putchar(*s == '|' ? ' ' : *s);
		putchar('\'');
	}
	printf(" -d \"%s\"\n", r->help);
}

static void
fish_verb(const struct verb *v)
{
	size_t n = first_word(v->name);
	char condition[128];

	if (v->name[n]) {
		printf("complete -c ownkey -n \"%s %.*s\" -f -a %s -d \"%s\"\n", SEEN, (int)n,
		    v->name, v->name + n + 1, v->help);
		snprintf(condition, sizeof condition,
		    "__fish_seen_subcommand_from %.*s; and __fish_seen_subcommand_from %s", (int)n,
		    v->name, v->name + n + 1);
	} else {
		printf("complete -c ownkey -n __fish_use_subcommand -f -a %s -d \"%s\"\n", v->name,
		    v->help);
		snprintf(condition, sizeof condition, "__fish_seen_subcommand_from %s", v->name);
	}
	for (size_t i = 0; i < ARG_COUNT; i++)
		if (verbs_args(v) & ARG_BIT(i))
			fish_option(v, &arg_rows[i], condition);
}

static void
dump_fish(void)
{
	fputs("# made by ownkey --dump-completion\n", stdout);
	for (size_t i = 0; i < nverbs; i++) {
		size_t n = first_word(verbs[i].name);

		if (verbs[i].name[n] && is_first_of_noun(i))
			printf("complete -c ownkey -n __fish_use_subcommand -f -a %.*s\n", (int)n,
			    verbs[i].name);
		fish_verb(&verbs[i]);
	}
}

enum err
complete_dump(const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		dump_bash();
	else if (strcmp(shell, "zsh") == 0)
		dump_zsh();
	else if (strcmp(shell, "fish") == 0)
		dump_fish();
	else
		return ERR_USAGE;
	return ERR_OK;
}

/* ---- for the manual: name, usage and help, between tabs; then the options ---- */
void
verbs_dump(void)
{
	for (size_t i = 0; i < nverbs; i++) {
		const struct verb *v = &verbs[i];

		printf("%s\t%s\t%s\t", v->name, v->operands, v->help);
		put_options(v);
		putchar('\n');
	}
	for (size_t i = 0; i < ARG_COUNT; i++)
		printf("--%s\t%s\t%s\n", arg_rows[i].name,
		    arg_rows[i].value ? arg_rows[i].value : "", arg_rows[i].help);
}
