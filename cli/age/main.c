/* main.c - age-plugin-ownkey: started by age (C2SP age-plugin.md), or by a person to convert. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/age/convert.h"
#include "cli/age/machine.h"
#include "lib/crypto.h"
#include "lib/sandbox.h"

#define NAME  "age-plugin-ownkey"
#define ARENA (STANZA_ARENA + 65536)

/* The agent may be started from here. */
static const char *const keep[] = { "OWNKEY_*", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
	"DBUS_SESSION_BUS_ADDRESS", NULL };

static const char help[] = "usage: age -d -i FILE        FILE has the line of an identity:\n"
			   "           ownkey id show age/NAME/identity\n"
			   "       age -d -j ownkey      any identity of the vault\n"
			   "       " NAME " --from FILE\n"
			   "           identities of the fido2-hmac and fido2prf plugins, as\n"
			   "           this plugin reads them; FILE - is standard input\n"
			   "       " NAME " --help | --version\n";

static int
fail(enum err e, const char *what)
{
	fprintf(stderr, NAME ": error: %s%s%s\n", what ? what : "", what ? ": " : "", err_text(e));
	if (*err_hint(e))
		fprintf(stderr, NAME ": hint: %s\n", err_hint(e));
	return err_exit(e);
}

static enum err
prepare(void)
{
	enum err e;

	signal(SIGPIPE, SIG_IGN);
	if ((e = sandbox_early(keep)) || (e = crypto_init_light()))
		return e;
	e = sec_arena_open(ARENA, false, false);
	return e == ERR_NOMEM ? sec_arena_open(ARENA, false, true) : e;
}

/* ---- for age ---- */
static const struct machine {
	const char *name;
	enum err (*run)(struct chat *t, struct agent *a);
} machines[] = {
	{ "identity-v1", machine_open },
	{ "recipient-v1", machine_wrap },
};

static enum err
run(const struct machine *m)
{
	struct chat t;
	struct agent a;
	enum err e;

	if ((e = chat_init(&t, STDIN_FILENO, STDOUT_FILENO)))
		return e;
	if (!(e = agent_init(&a, &t))) {
		e = m->run(&t, &a);
		agent_done(&a);
	}
	chat_done(&t);
	return e;
}

static int
serve(const char *name)
{
	enum err e;

	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
		if (strcmp(name, machines[i].name) != 0)
			continue;
		if (!(e = prepare()))
			e = run(&machines[i]);
		sec_arena_close();
		return e ? fail(e, NULL) : 0;
	}
	return fail(ERR_UNSUPPORTED, "this state machine");
}

/* ---- for people ---- */
static int
convert(const char *path)
{
	struct buf out = BUF_INIT;
	char where[64];
	size_t line;
	enum err e;

	if ((e = prepare()))
		return fail(e, NULL);
	e = convert_file(path, &out, &line);
	snprintf(where, sizeof where, "line %zu", line);
	if (e == ERR_UNSUPPORTED)
		fprintf(
		    stderr, NAME ": %s: a secret key belongs into the vault, not here\n", where);
	if (!e && (fwrite(out.p, 1, out.len, stdout) != out.len || fflush(stdout)))
		e = ERR_IO;
	buf_done(&out);
	sec_arena_close();
	return e ? fail(e, line ? where : NULL) : 0;
}

int
main(int argc, char **argv)
{
	static const char machine[] = "--age-plugin=";

	if (argc == 2 && strncmp(argv[1], machine, sizeof machine - 1) == 0)
		return serve(argv[1] + sizeof machine - 1);
	if (argc == 3 && strcmp(argv[1], "--from") == 0)
		return convert(argv[2]);
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
		return puts(NAME " " OWNKEY_VERSION) < 0;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(help, stdout) < 0;
	fputs(help, stderr);
	return err_exit(ERR_USAGE);
}
