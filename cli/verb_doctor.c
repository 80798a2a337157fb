/* verb_doctor.c - one line for each thing that may go wrong: ok, or what to do. */
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/setup.h"
#include "lib/conf.h"
#include "lib/paths.h"
#include "lib/sandbox.h"
#include "lib/sock.h"

void
doctor_good(const char *fmt, ...)
{
	char text[PATHS_MAX + 200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	out_finding("ok", text);
}

void
doctor_bad(struct doctor *d, const char *what, const char *todo)
{
	out_finding("warn", what);
	if (*todo)
		out_finding("", todo);
	d->warnings++;
}

#define good(what)	   doctor_good("%s", what)
#define bad(d, what, todo) doctor_bad(d, what, todo)

/* ---- checks, a row each ---- */
static void
check_programs(struct doctor *d)
{
	static const char *const names[] = { "ownkey-agent", "ownkey-token", "ownkey-worker",
		"ownkey-prompt" };
	char path[PATHS_MAX], line[64];
	size_t missing = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (!paths_program(names[i], path, sizeof path))
			continue;
		snprintf(line, sizeof line, "%s is missing", names[i]);
		bad(d, line, "install ownkey again");
		missing++;
	}
	if (!missing)
		good("all programs are there");
}

static void
check_config(struct doctor *d)
{
	static struct conf conf;
	char path[PATHS_MAX], line[64] = "ownkey.conf cannot be read";
	size_t at = 0;
	enum err e = paths_config(path, sizeof path);

	if (!e && !(e = conf_load(path, &conf, &at))) {
		good("the configuration is well-formed");
		return;
	}
	if (at)
		snprintf(line, sizeof line, "ownkey.conf has an error in line %zu", at);
	bad(d, line, err_hint(e));
}

static void
check_agent(struct doctor *d)
{
	enum err e = cli_open(d->c);

	if (!e)
		e = cli_call(d->c, OP_STATUS, NULL, &d->st);
	d->agent = !e;
	if (e == ERR_NOAGENT)
		good("no agent runs; 'ownkey unlock' starts one");
	else if (e)
		bad(d, err_text(e), err_hint(e));
	else if (!span_is(d->st.version, OWNKEY_VERSION))
		bad(d, "the agent that runs is of another version", "end it: it is started anew");
	else
		good("the agent answers");
	d->c->detail[0] = '\0';
}

static void
check_socket(struct doctor *d)
{
	char dir[SOCK_PATH_MAX];
	struct stat st;

	if (sock_dir(dir, sizeof dir)) {
		bad(d, "there is no place for sockets", "set XDG_RUNTIME_DIR, or make it shorter");
		return;
	}
	if (lstat(dir, &st))
		good("sockets: the folder is made when it is needed");
	else if (!S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 077))
		bad(d, "the folder of the sockets is open to others", "chmod 700 it, or remove it");
	else
		good("sockets are in a private folder");
}

/* The agent does not start with such a folder. */
static bool
folder_is_open(const char *path, char todo[PATHS_MAX + 16])
{
	const char *slash = strrchr(path, '/');
	int n = slash ? (int)(slash - path) : 0;
	struct stat st;

	snprintf(todo, PATHS_MAX + 16, "chmod 700 %.*s", n, path);
	return n && !lstat(todo + 10, &st) && (!S_ISDIR(st.st_mode) || (st.st_mode & 077));
}

static void
check_vault(struct doctor *d)
{
	char path[PATHS_MAX], todo[PATHS_MAX + 16];
	struct stat st;

	if (paths_vault(d->c->args.value[ARG_VAULT], path, sizeof path))
		bad(d, "there is no place for the vault", "set HOME");
	else if (folder_is_open(path, todo))
		bad(d, "the folder of the vault is open to others: no agent starts", todo);
	else if (lstat(path, &st))
		good("no vault yet; 'ownkey init' makes one");
	else if (!S_ISREG(st.st_mode))
		bad(d, "the vault is no plain file", "move the file itself there");
	else if (st.st_uid != getuid())
		bad(d, "the vault belongs to somebody else", "chown it");
	else if (st.st_mode & 077)
		bad(d, "others may read the vault file", "chmod 600 it");
	else
		good("the vault file is private");
}

static void
check_tokens(struct doctor *d)
{
	struct ops_token_list_rep rep;
	struct ops_token t;
	struct cbor at;

	if (!d->agent)
		return;
	if (cli_call(d->c, OP_TOKEN_LIST, NULL, &rep)) {
		bad(d, "tokens cannot be listed", d->c->conn.text);
		return;
	}
	if (!rep.tokens.n)
		good("no token is plugged in now");
	for (at = wire_each(&rep.tokens); !cbor_at_end(&at);) {
		if (wire_next(&ops_token_map, &at, &t))
			break;
		if (t.err)
			bad(d, err_text((enum err)t.err), err_hint((enum err)t.err));
		else
			good(t.software ? "a software token (not hardware)"
					: "a token is plugged in");
	}
}

static void
check_debug(struct doctor *d)
{
	if (getenv("FIDO_DEBUG"))
		bad(d, "FIDO_DEBUG is set: libfido2 would print secrets",
		    "unset it; ownkey refuses to use tokens with it");
	else
		good("FIDO_DEBUG is not set");
}

static bool
has_swap(void)
{
	FILE *f = fopen("/proc/swaps", "re");
	int lines = 0, ch;

	if (!f)
		return false;
	while ((ch = getc(f)) != EOF)
		lines += ch == '\n';
	fclose(f);
	return lines > 1;
}

static void
check_memory(struct doctor *d)
{
	enum err e = sec_arena_open(65536, false, false);

	if (!e)
		good(sec_arena_kind() == SEC_MEMFD ? "secrets live in secret memory"
						   : "secrets live in locked memory");
	else if (has_swap())
		bad(d, "no memory can be locked, and there is swap",
		    "raise 'memlock' in limits.conf, or encrypt the swap");
	else
		bad(d, "no memory can be locked", "raise 'memlock' in limits.conf");
}

static void
check_kernel(struct doctor *d)
{
	if (!d->agent)
		return;
	if (d->st.lacks & (SANDBOX_LACK_LANDLOCK | SANDBOX_LACK_SECCOMP))
		bad(d, "this kernel cannot confine the agent fully",
		    "a newer kernel can (landlock, seccomp)");
	else if (d->st.lacks)
		good("the kernel confines the agent ('status' says what is lacking)");
	else
		good("the kernel has all that is used");
}

static void
check_pinentry(struct doctor *d)
{
	char file[PATHS_MAX];

	if (setup_find_program("pinentry", file, sizeof file))
		good("pinentry is there, for prompts without a terminal");
	else
		bad(d, "there is no pinentry: prompts need a terminal",
		    "install a pinentry package of your desktop");
}

/* Of other programs, those that were set up. */
static void
check_setup(struct doctor *d)
{
	char line[PATHS_MAX + 80], todo[80], path[PATHS_MAX];

	for (size_t i = 0; i < nsetup_tools; i++) {
		const char *name = setup_tools[i].name;
		enum setup_state s = setup_state(&setup_tools[i]);

		snprintf(line, sizeof line, "%s is set up for ownkey", name);
		if (s == SETUP_DONE && !setup_lacks(&setup_tools[i], path))
			good(line);
		if (s == SETUP_NOT || s == SETUP_ABSENT ||
		    (s == SETUP_DONE && !setup_lacks(&setup_tools[i], path)))
			continue;
		if (s == SETUP_DONE)
			snprintf(
			    line, sizeof line, "what %s is to run is not there: %s", name, path);
		else
			snprintf(
			    line, sizeof line, "what ownkey wrote for %s was edited since", name);
		snprintf(todo, sizeof todo, "'ownkey setup %s --undo', then set it up again", name);
		bad(d, line, todo);
	}
}

static bool
is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	if (stat(a, &x) || stat(b, &y))
		return strcmp(a, b) == 0;
	return x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool
doctor_is_set_up(const char *name)
{
	for (size_t i = 0; i < nsetup_tools; i++)
		if (strcmp(setup_tools[i].name, name) == 0)
			return setup_state(&setup_tools[i]) == SETUP_DONE;
	return false;
}

/* What else looks for an agent, git and ssh-add, say, does not read the configuration of ssh. */
static void
check_ssh(struct doctor *d)
{
	const char *set = getenv("SSH_AUTH_SOCK");
	char path[SOCK_PATH_MAX];

	if (sock_path("ssh.sock", path, sizeof path))
		return;
	if (set && *set && is_same_file(set, path))
		good("SSH_AUTH_SOCK is ownkey's");
	else if (doctor_is_set_up("ssh"))
		good("ssh asks ownkey, by its configuration");
	else if (set && *set)
		bad(d, "SSH_AUTH_SOCK is another agent's: ssh does not ask ownkey",
		    "'ownkey setup ssh' for ssh, 'ownkey setup shell' for all programs");
	else
		good("ssh is not set up for ownkey; 'ownkey setup ssh' does it");
}

static void (*const checks[])(struct doctor *) = { check_programs, check_config, check_agent,
	check_socket, check_vault, check_tokens, check_debug, check_memory, check_kernel,
	check_pinentry, check_ssh, check_setup, doctor_conf_age, doctor_session, doctor_linger,
	doctor_store, doctor_clear_keys, doctor_gajim, doctor_cookies };

enum err
verb_doctor(struct cli *c)
{
	struct doctor d = { .c = c };

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		checks[i](&d);
	c->hint[0] = c->detail[0] = '\0';
	return ERR_OK;
}
