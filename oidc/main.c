/*
 * ownkey-oidc: an OpenID Provider and IndieAuth server that holds no key: the agent signs.
 * Find the command, read the configuration, run it, say what went wrong.
 */
#include <signal.h>
#include <string.h>

#include "lib/crypto.h"
#include "lib/sandbox.h"
#include "oidc/verbs.h"

static void
say(enum err e, const char *detail, const char *hint)
{
	fflush(stdout);
	fprintf(stderr, "ownkey-oidc: error: %s%s%s\n", err_text(e), *detail ? ": " : "", detail);
	if (!*hint)
		hint = err_hint(e);
	if (*hint)
		fprintf(stderr, "ownkey-oidc: hint: %s\n", hint);
}

static enum err
read_conf(struct oidc_cmd *c)
{
	struct oidc_conf_wrong w;
	enum err e;

	c->conf_path = c->args.value[OIDC_ARG_CONFIG];
	if (!c->conf_path)
		c->conf_path = OIDC_CONF_DEFAULT;
	if (!(e = oidc_conf_load(c->conf_path, &c->oidc.conf, &w)))
		return e;
	if (e == ERR_NOTFOUND)
		snprintf(c->hint, sizeof c->hint,
		    "one line will do: issuer = https://YOUR.HOST; '--config FILE' names another "
		    "file, 'ownkey-oidc demo' needs none");
	if (w.line)
		return oidc_cmd_wrong(c, e, "%s, line %zu: %s", c->conf_path, w.line, w.text);
	return oidc_cmd_wrong(c, e, "%s%s%s", c->conf_path, *w.text ? ": " : "", w.text);
}

static enum err
run(struct oidc_cmd *c)
{
	static const char *const keep[] = { "OWNKEY_*", "TERM", "NO_COLOR", "LISTEN_*",
		"NOTIFY_SOCKET", "CREDENTIALS_DIRECTORY", "STATE_DIRECTORY", NULL };
	enum err e;

	if (c->args.given[OIDC_ARG_HELP]) {
		oidc_help_verb(stdout, c->verb);
		return ERR_OK;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error as any other */
	if ((e = sandbox_early(keep)) || (e = crypto_init_light()))
		return e;
	if (!(c->verb->flags & OIDC_VERB_NOCONF) && (e = read_conf(c)))
		return e;
	return c->verb->run(c);
}

/* For people who try the obvious. */
static bool
is_dashed(int argc, char **argv, const char *name)
{
	return argc == 2 && strcmp(argv[1], name) == 0;
}

int
main(int argc, char **argv)
{
	static struct oidc_cmd c;
	enum err e;

	if (is_dashed(argc, argv, "--version"))
		return oidc_verb_version(&c) != ERR_OK;
	if (is_dashed(argc, argv, "--help") || is_dashed(argc, argv, "-h")) {
		oidc_help(stdout);
		return 0;
	}
	if (!(e = oidc_args_parse(&c.args, argc, argv)) && !(e = oidc_verbs_find(&c.args, &c.verb)))
		e = run(&c);
	if (e == ERR_USAGE && c.args.wrong[0])
		snprintf(c.detail, sizeof c.detail, "%s", c.args.wrong);
	if (!e && (fflush(stdout) || ferror(stdout)))
		e = ERR_IO;
	if (e)
		say(e, c.detail, c.hint);
	return e ? err_exit(e) : c.status;
}
