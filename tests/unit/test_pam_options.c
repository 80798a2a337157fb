/* pam/options: what an administrator may write, and that nothing else is let pass. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pam/options.h"

static enum err
parse(struct options *o, const char *first, const char *second)
{
	const char *argv[2] = { first, second };

	return options_parse(!!first + !!second, argv, o);
}

static void
presets(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, NULL, NULL), ERR_OK);
	assert_string_equal(o.map, "/etc/ownkey/pam.map");
	assert_int_equal(o.wait, 15);
	assert_int_equal(o.timeout, 60);
	assert_int_equal(o.uv, OPTION_UV_MAP);
	assert_int_equal(o.max_tokens, 24);
	assert_string_equal(o.cue, "Touch your token now");
	assert_string_equal(o.prompt, "");
	assert_string_equal(o.rpid, "");
	assert_false(o.nouserok || o.no_unlock || o.from_agent || o.lock_at_end);
	assert_int_equal(o.sources, 1);
	assert_string_equal(o.source[0], "hid");
}

static void
values(void **state)
{
	struct options o;

	(void)state;
	assert_int_equal(parse(&o, "map=/etc/x/%u", "wait=0"), ERR_OK);
	assert_string_equal(o.map, "/etc/x/%u");
	assert_int_equal(o.wait, 0);
	assert_int_equal(parse(&o, "map=~/.config/tokens", "timeout=600"), ERR_OK);
	assert_int_equal(o.timeout, 600);
	assert_int_equal(parse(&o, "uv=pin", "nouserok"), ERR_OK);
	assert_int_equal(o.uv, OPTION_UV_PIN);
	assert_true(o.nouserok);
	assert_int_equal(parse(&o, "cue=", "prompt=Insert it"), ERR_OK);
	assert_string_equal(o.cue, "");
	assert_string_equal(o.prompt, "Insert it");
	assert_int_equal(parse(&o, "no-unlock", "from-agent"), ERR_OK);
	assert_true(o.no_unlock && o.from_agent);
	assert_int_equal(parse(&o, "rpid=pam://old", "max-tokens=64"), ERR_OK);
	assert_string_equal(o.rpid, "pam://old");
	assert_int_equal(o.max_tokens, 64);
	assert_int_equal(parse(&o, "token=unix:/run/t", "token=hid"), ERR_OK);
	assert_int_equal(o.sources, 2);
	assert_string_equal(o.source[0], "unix:/run/t");
}

static const char *const refused[] = {
	"debug",
	"",
	"=",
	"Map=/x",
	"map",
	"map=",
	"map=relative",
	"map=/a/../b",
	"map=/a%",
	"map=/a%h",
	"map=/a\nb",
	"wait",
	"wait=",
	"wait=-1",
	"wait=1s",
	"wait=601",
	"wait=99999999999999999999",
	"wait= 1",
	"timeout=4",
	"uv=",
	"uv=never",
	"uv=map|always",
	"nouserok=",
	"nouserok=1",
	"rpid=",
	"max-tokens=0",
	"max-tokens=65",
	"max-tokens=1:",
	"token=",
	"token=usb",
	"token=unix:relative",
	"cue=\033[2J",
};

static void
refusals(void **state)
{
	char longest[1200];
	struct options o;
	size_t i, k;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (parse(&o, refused[i], NULL) != ERR_PAM_OPTION)
			fail_msg("accepted: %s", refused[i]);
		assert_true(o.why[0] != '\0');
		for (k = 0; o.why[k]; k++)
			assert_in_range(o.why[k], ' ', 0x7e);
	}
	assert_int_equal(parse(&o, "wait=20", "timeout=10"), ERR_PAM_OPTION);
	assert_int_equal(parse(&o, "wait=1", "wait=1"), ERR_PAM_OPTION);
	assert_int_equal(parse(&o, "nouserok", "nouserok"), ERR_PAM_OPTION);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	memcpy(longest, "map=/", 5);
	assert_int_equal(parse(&o, longest, NULL), ERR_PAM_OPTION);
	memcpy(longest, "cue=x", 5);
	assert_int_equal(parse(&o, longest, NULL), ERR_PAM_OPTION);
	memcpy(longest, "token=unix:/", 12);
	assert_int_equal(parse(&o, longest, NULL), ERR_PAM_OPTION);
}

static void
many_sources(void **state)
{
	const char *argv[OPTIONS_SOURCES + 1];
	struct options o;
	int i;

	(void)state;
	for (i = 0; i <= OPTIONS_SOURCES; i++)
		argv[i] = "token=hid";
	assert_int_equal(options_parse(OPTIONS_SOURCES, argv, &o), ERR_OK);
	assert_int_equal(options_parse(OPTIONS_SOURCES + 1, argv, &o), ERR_PAM_OPTION);
}

/* Each row of the manual is an option. */
static void
manual(void **state)
{
	const struct option_help *h;
	char arg[600];
	struct options o;
	size_t i;

	(void)state;
	for (i = 0; (h = options_help(i)) != NULL; i++) {
		snprintf(arg, sizeof(arg), "%s%s%s", h->name, h->value[0] ? "=" : "",
		    h->value[0] ? h->preset : "");
		assert_int_equal(parse(&o, arg, NULL), ERR_OK);
		assert_true(h->text[0] != '\0');
	}
	assert_int_equal(i, 13);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(presets),
		cmocka_unit_test(values),
		cmocka_unit_test(refusals),
		cmocka_unit_test(many_sources),
		cmocka_unit_test(manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
