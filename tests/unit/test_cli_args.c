/* Options and commands are found by the tables; every row is complete, its example works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/suggest.h"
#include "cli/verbs.h"
#include "cli/wipe.h"

#define WORDS_MAX 16

/* A command line as a shell would cut it (quotes, no escapes); what it points into stays. */
struct line {
	char text[256];
	char *argv[WORDS_MAX + 1];
	int argc;
	struct args args;
	const struct verb *verb;
};

static void
cut(struct line *l, const char *text)
{
	char *to = l->text;

	assert_true(strlen(text) < sizeof l->text);
	l->argc = 0;
	while (*text && *text != '|') {
		char quote = 0;

		l->argv[l->argc++] = to;
		for (; *text && (quote || (*text != ' ' && *text != '|')); text++) {
			if (*text == '\'')
				quote = (char)!quote;
			else
				*to++ = *text;
		}
		*to++ = '\0';
		text += strspn(text, " ");
	}
	l->argv[l->argc] = NULL;
}

static enum err
parse(struct line *l, const char *text)
{
	enum err e;

	cut(l, text);
	e = args_parse(&l->args, l->argc, l->argv);
	if (e)
		verbs_hint(&l->args);
	return e ? e : verbs_find(&l->args, &l->verb);
}

static void
accepts(struct line *l, const char *text, const char *verb)
{
	enum err e = parse(l, text);

	if (e)
		print_error("%s: %s\n", text, l->args.wrong);
	assert_int_equal(e, ERR_OK);
	assert_string_equal(l->verb->name, verb);
}

/* wrong: part of what is said; hint NULL: whatever. */
static void
refuses(const char *text, const char *wrong, const char *hint)
{
	struct line l;

	assert_int_equal(parse(&l, text), ERR_USAGE);
	assert_non_null(strstr(l.args.wrong, wrong));
	if (hint)
		assert_non_null(strstr(l.args.hint, hint));
}

/* Words of "[TYPE] FILE..." that stand in no brackets: what may not be left out. */
static size_t
wanted(const char *operands)
{
	size_t n = 0;

	for (const char *s = operands; *s; s += strspn(s, " ")) {
		size_t len = *s == '[' ? strcspn(s, "]") + 1 : strcspn(s, " ");

		n += *s != '[' && strncmp(s, "--", len) != 0 && strncmp(s, "...", len) != 0;
		s += len;
	}
	return n;
}

static void
rows(void **state)
{
	struct line l;

	(void)state;
	for (size_t i = 0; i < nverbs; i++) {
		const struct verb *v = &verbs[i];
		size_t n = strlen(v->name);

		accepts(&l, v->example, v->name);
		assert_memory_equal(v->example, "ownkey ", 7);
		assert_memory_equal(v->example + 7, v->name, n);
		assert_true(strlen(v->help) < 45);
		assert_int_equal(v->max > 0, *v->operands != '\0');
		assert_int_equal(v->min, wanted(v->operands));
		assert_true(args_among(v->args, ARG_ASK_STDIN) == ((v->flags & VERB_ASKS) != 0));
		for (size_t j = i + 1; j < nverbs; j++)
			assert_string_not_equal(v->name, verbs[j].name);
	}
	for (size_t i = 0; i < ARG_COUNT; i++) {
		assert_non_null(arg_rows[i].name);
		assert_true(strlen(arg_rows[i].help) < 45);
		for (size_t j = i + 1; j < ARG_COUNT; j++) {
			assert_string_not_equal(arg_rows[i].name, arg_rows[j].name);
			assert_true(
			    !arg_rows[i].letter || arg_rows[i].letter != arg_rows[j].letter);
		}
	}
}

static void
forms(void **state)
{
	struct line l;

	(void)state;
	accepts(&l, "ownkey", "status");
	accepts(&l, "ownkey --json", "status");
	assert_true(args_has(&l.args, ARG_JSON));
	accepts(&l, "ownkey --plain slot add token --label x", "slot add");
	assert_int_equal(l.args.n, 1);
	assert_string_equal(l.args.operand[0], "token");
	assert_string_equal(l.args.value[ARG_LABEL], "x");
	accepts(&l, "ownkey slot --label=a=b add token", "slot add");
	assert_string_equal(l.args.value[ARG_LABEL], "a=b");
	accepts(&l, "ownkey slot add --label= token", "slot add");
	assert_string_equal(l.args.value[ARG_LABEL], "");
	accepts(&l, "ownkey secret get -- --json", "secret get");
	assert_string_equal(l.args.operand[0], "--json");
	accepts(&l, "ownkey sign -nfile --key k - a", "sign");
	assert_string_equal(l.args.value[ARG_NAMESPACE], "file");
	assert_int_equal(l.args.n, 2);
	accepts(&l, "ownkey sign -n file", "sign");
	assert_string_equal(l.args.value[ARG_NAMESPACE], "file");
	accepts(&l, "ownkey try -- ls --all", "try");
	assert_int_equal(l.args.n, 2);
	accepts(&l, "ownkey slot remove --help", "slot remove");
}

static void
mistakes(void **state)
{
	(void)state;
	refuses("ownkey unlok", "'unlok'", "'ownkey unlock'");
	refuses("ownkey secert get x", "'secert'", NULL);
	refuses("ownkey slot", "'slot'", "help slot");
	refuses("ownkey slot ad token", "'slot ad'", "'ownkey slot add'");
	refuses("ownkey --jsno", "--jsno", "--json");
	refuses("ownkey --completely-different", "--completely", "");
	refuses("ownkey unlock --with", "--with takes WAY", NULL);
	refuses("ownkey unlock --with key", "one of token|", NULL);
	refuses("ownkey unlock --with token --with phrase", "twice", NULL);
	refuses("ownkey status --json=1", "no value", "'ownkey help status'");
	refuses("ownkey slot add token --memory", "takes MIB", "'ownkey help slot add'");
	refuses("ownkey status --label x", "takes no --label", "help status");
	refuses("ownkey slot remove", "wants SLOT", "help slot remove");
	refuses("ownkey lock now", "'now'", NULL);
	refuses("ownkey sign -n", "-n", NULL);
	refuses("ownkey sign -z", "-z", NULL);
	refuses("ownkey sign -jf", "-j", NULL);
}

static void
numbers(void **state)
{
	static const char *const bad[] = { "", "9", "1001", "-10", "+10", " 10", "10x", "0x10",
		"99999999999999999999999" };
	struct line l;
	uint64_t v = 7;

	(void)state;
	accepts(&l, "ownkey wait", "wait");
	assert_int_equal(args_number(&l.args, ARG_TIMEOUT, 10, 1000, &v), ERR_OK);
	assert_int_equal(v, 7);
	accepts(&l, "ownkey wait --timeout 1000", "wait");
	assert_int_equal(args_number(&l.args, ARG_TIMEOUT, 10, 1000, &v), ERR_OK);
	assert_int_equal(v, 1000);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		l.args.value[ARG_TIMEOUT] = bad[i];
		assert_int_equal(args_number(&l.args, ARG_TIMEOUT, 10, 1000, &v), ERR_USAGE);
	}
	assert_int_equal(v, 1000);
}

static void
ways(void **state)
{
	const char *c = arg_rows[ARG_WITH].choices;
	uint64_t bits, seen = 0;

	(void)state;
	while (c) {
		char word[32];
		size_t n = strcspn(c, "|");

		snprintf(word, sizeof word, "%.*s", (int)n, c);
		assert_int_equal(args_ways(word, &bits), ERR_OK);
		assert_false(seen & UINT64_C(1) << bits);
		seen |= UINT64_C(1) << bits;
		c = c[n] ? c + n + 1 : NULL;
	}
	assert_int_equal(args_ways(NULL, &bits), ERR_OK);
	assert_int_equal(bits, 0);
	assert_int_equal(args_ways("", &bits), ERR_USAGE);
	assert_int_equal(args_ways("tok", &bits), ERR_USAGE);
}

static void
distances(void **state)
{
	static const struct {
		const char *a, *b;
		size_t d;
	} t[] = { { "", "", 0 }, { "", "abc", 3 }, { "abc", "abc", 0 }, { "abc", "acb", 1 },
		{ "abc", "ab", 1 }, { "abc", "xabc", 1 }, { "abc", "axc", 1 },
		{ "kitten", "sitting", 3 }, { "ca", "abc", 3 } };
	const char *near = NULL;
	size_t best = SUGGEST_NONE;
	char longest[64];

	(void)state;
	for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
		assert_int_equal(suggest_distance(t[i].a, strlen(t[i].a), t[i].b), t[i].d);
		assert_int_equal(suggest_distance(t[i].b, strlen(t[i].b), t[i].a), t[i].d);
	}
	memset(longest, 'a', sizeof longest);
	assert_int_equal(suggest_distance(longest, 32, "a"), SUGGEST_NONE);
	assert_int_equal(suggest_distance(longest, 31, "a"), 30);
	suggest_nearer("lok", 3, "status", &best, &near);
	assert_null(near);
	suggest_nearer("lok", 3, "lock", &best, &near);
	suggest_nearer("lok", 3, "look", &best, &near);
	assert_string_equal(near, "lock");
}

static void
put(const char *dir, const char *name, const char *text, mode_t mode)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* What links lead to, and what another name leads to, is not ours. */
static void
wiping(void **state)
{
	char dir[] = "/tmp/ownkey-wipe.XXXXXX", other[] = "/tmp/ownkey-keep.XXXXXX";
	char path[512], kept[512], text[16] = "";
	struct stat st;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_non_null(mkdtemp(other));
	put(other, "kept", "precious", 0600);
	snprintf(kept, sizeof kept, "%s/kept", other);
	snprintf(path, sizeof path, "%s/linked", dir);
	assert_int_equal(link(kept, path), 0);
	snprintf(path, sizeof path, "%s/symlink", dir);
	assert_int_equal(symlink(kept, path), 0);
	snprintf(path, sizeof path, "%s/symdir", dir);
	assert_int_equal(symlink(other, path), 0);
	put(dir, "readonly", "secret", 0400);
	snprintf(path, sizeof path, "%s/deep", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	put(path, "file", "secret", 0600);
	assert_int_equal(chmod(path, 0500), 0);
	snprintf(path, sizeof path, "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);

	assert_int_equal(wipe_tree(dir), ERR_OK);
	assert_int_equal(lstat(dir, &st), -1);
	f = fopen(kept, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof text, f));
	fclose(f);
	assert_string_equal(text, "precious");
	assert_int_equal(wipe_tree(other), ERR_OK);
	assert_int_equal(wipe_tree("/tmp/ownkey-none-such"), ERR_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(rows), cmocka_unit_test(forms),
		cmocka_unit_test(mistakes), cmocka_unit_test(numbers), cmocka_unit_test(ways),
		cmocka_unit_test(distances), cmocka_unit_test(wiping) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
