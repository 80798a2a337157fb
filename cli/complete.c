/* complete.c - completions for the shells, and the synopsis for the manual, from the tables. */
#include "cli/setup.h"
#include "cli/verbs.h"

/* "--label --json " */
static void
put_options(const struct verb *v)
{
	for (size_t i = 0; i < ARG_COUNT; i++)
		if (verbs_takes(v, (enum arg)i))
			printf("--%s ", arg_rows[i].name);
}

/* ---- bash; zsh by its bashcompinit ---- */
static const char bash_head[] =
    "_ownkey()\n{\n"
    "\tlocal IFS=$' \\n' cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "\tlocal line=\"${COMP_WORDS[1]-} ${COMP_WORDS[2]-} ${COMP_WORDS[3]-}\" words=\n"
    "\tCOMPREPLY=()\n"
    "\tcase $prev in\n";
static const char bash_middle[] = "\tesac\n"
				  "\tif [[ $cur = -* ]]; then\n"
				  "\t\tcase $line in\n";
static const char bash_tail[] = "\t\tesac\n"
				"\telif [[ $COMP_CWORD = 1 ]]; then\n"
				"\t\twords=${_ownkey_first}\n"
				"\telse\n"
				"\t\tcase $COMP_CWORD,$line in\n";
static const char bash_end[] = "\t\tesac\n"
			       "\tfi\n"
			       "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
			       "}\n"
			       "complete -o default -F _ownkey ownkey\n";

/* Length of the first so many words. */
static size_t
words_length(const char *name, size_t words)
{
	size_t n = strcspn(name, " ");

	while (--words && name[n])
		n += 1 + strcspn(name + n + 1, " ");
	return n;
}

static size_t
first_word(const char *name)
{
	return words_length(name, 1);
}

/* Does the row before begin with the same words? */
static bool
is_first_with(size_t i, size_t words)
{
	size_t n = words_length(verbs[i].name, words);

	return i == 0 || words_length(verbs[i - 1].name, words) != n ||
	    strncmp(verbs[i].name, verbs[i - 1].name, n) != 0;
}

static bool
is_first_of_noun(size_t i)
{
	return is_first_with(i, 1);
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

/* What may follow the first so many words: one line for each beginning. */
static void
bash_next_words(size_t words)
{
	for (size_t i = 0; i < nverbs; i++) {
		const char *name = verbs[i].name;
		size_t n = words_length(name, words), next = words_length(name, words + 1);

		if (verbs_words(name) <= words)
			continue;
		if (is_first_with(i, words))
			printf("\t\t%zu,'%.*s '*) words='", words + 1, (int)n, name);
		if (is_first_with(i, words + 1))
			printf("%.*s ", (int)(next - n - 1), name + n + 1);
		if (i + 1 == nverbs || is_first_with(i + 1, words))
			fputs("' ;;\n", stdout);
	}
}

/* Names that are operands. */
static void
bash_operands(void)
{
	fputs("\t\t2,'help '*) words=${_ownkey_first} ;;\n\t\t2,'setup '*) words='", stdout);
	for (size_t i = 0; i < nsetup_tools; i++)
		printf("%s ", setup_tools[i].name);
	fputs("' ;;\n", stdout);
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
		printf("\t\t'%s '*) words='", verbs[i].name);
		put_options(&verbs[i]);
		fputs("' ;;\n", stdout);
	}
	fputs(bash_tail, stdout);
	for (size_t words = 1; words < VERB_WORDS; words++)
		bash_next_words(words);
	bash_operands();
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
fish_option(const struct arg_row *r, const char *condition)
{
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

/* The first so many words have been typed. */
static void
fish_condition(const char *name, size_t words, struct buf *out)
{
	buf_reset(out);
	if (!words)
		buf_put_str(out, "__fish_use_subcommand");
	for (size_t i = 0; i < words; i++) {
		size_t n = strcspn(name, " ");

		buf_putf(out, "%s" SEEN " %.*s", i ? "; and " : "", (int)n, name);
		name += n + 1;
	}
}

static void
fish_verb(size_t i)
{
	const struct verb *v = &verbs[i];
	size_t words = verbs_words(v->name);
	struct buf condition = BUF_INIT;

	for (size_t n = 1; n <= words; n++) {
		size_t from = n > 1 ? words_length(v->name, n - 1) + 1 : 0;

		if (!is_first_with(i, n))
			continue;
		fish_condition(v->name, n - 1, &condition);
		printf("complete -c ownkey -n \"%s\" -f -a %.*s", buf_cstr(&condition),
		    (int)(words_length(v->name, n) - from), v->name + from);
		if (n == words)
			printf(" -d \"%s\"", v->help);
		putchar('\n');
	}
	fish_condition(v->name, words, &condition);
	for (size_t o = 0; o < ARG_COUNT; o++)
		if (verbs_takes(v, (enum arg)o))
			fish_option(&arg_rows[o], buf_cstr(&condition));
	buf_done(&condition);
}

static void
dump_fish(void)
{
	fputs("# made by ownkey --dump-completion\n", stdout);
	for (size_t i = 0; i < nverbs; i++)
		fish_verb(i);
	for (size_t i = 0; i < nsetup_tools; i++)
		printf("complete -c ownkey -n \"" SEEN " setup\" -f -a %s -d \"%s\"\n",
		    setup_tools[i].name, setup_tools[i].help);
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
