/* doctor_desktop.c - who answers desktop programs, and which of them keep keys in the clear. */
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/desktop.h"
#include "cli/doctor.h"
#include "lib/spawn.h"

#define DATABASE_MAX (64 << 20)

/* ---- keys in the clear ---- */
static void
look_at(struct doctor *d, const struct desktop_app *a, bool flatpak)
{
	static struct desktop_found f;
	char line[PATHS_MAX + 100], todo[160];

	if (!desktop_look(a, flatpak, &f))
		return;
	if (!f.plain) {
		doctor_good("%s does not keep its key in the clear%s%s%s", a->name,
		    f.backend[0] ? " (" : "", f.backend, f.backend[0] ? ")" : "");
		return;
	}
	snprintf(line, sizeof line, "%s keeps its key in the clear: %s", a->name, f.path);
	snprintf(todo, sizeof todo,
	    "'ownkey setup secret-service', then 'ownkey setup %s'; man ownkey, DESKTOP MESSENGERS",
	    a->tool);
	doctor_bad(d, line, todo);
}

void
doctor_clear_keys(struct doctor *d)
{
	for (size_t i = 0; i < ndesktop_apps; i++) {
		look_at(d, &desktop_apps[i], false);
		look_at(d, &desktop_apps[i], true);
	}
}

/* Bytes of a database of another program: it is searched, not opened. */
static bool
file_of(const char *variable, const char *fallback, const char *rest, struct buf *out)
{
	char path[PATHS_MAX];

	return !setup_place(variable, fallback, rest, path) &&
	    !setup_read_system(path, DATABASE_MAX, out);
}

/* Its settings are JSON in SQLite: a password that is kept elsewhere is an empty one here. */
void
doctor_gajim(struct doctor *d)
{
	struct buf text = BUF_INIT;

	if (!file_of("XDG_CONFIG_HOME", ".config/", "gajim/settings.sqlite", &text))
		return;
	if (desktop_json_text(buf_span(&text), "password", NULL, 0))
		doctor_bad(d, "Gajim keeps a password in the clear: gajim/settings.sqlite",
		    "let it keep them in the keyring (Preferences, Advanced), give the password "
		    "again, then change it: the old one may stay in that file");
	else
		doctor_good("Gajim keeps no password in its settings");
	buf_done(&text);
}

static size_t
count(const struct buf *text, const char *word)
{
	struct span rest = buf_span(text);
	const uint8_t *p;
	size_t n = 0;

	while (rest.len && (p = memmem(rest.p, rest.len, word, strlen(word)))) {
		n++;
		rest =
		    span_sub(rest, (size_t)(p - rest.p) + 1, rest.len - (size_t)(p - rest.p) - 1);
	}
	return n;
}

/* What is sealed begins with v11 when its key comes from a store, v10 when everybody knows it.  In
 * random bytes either stands once in 16 MiB: so one of them alone proves nothing. */
static void
look_at_cookies(struct doctor *d, const char *name, const char *tool, const char *rest)
{
	struct buf text = BUF_INIT;
	char line[160], todo[80];

	if (file_of("XDG_CONFIG_HOME", ".config/", rest, &text) && count(&text, "v10") > 1 &&
	    !count(&text, "v11")) {
		snprintf(line, sizeof line,
		    "%s seems to seal its cookies with a key that everybody knows", name);
		snprintf(todo, sizeof todo, "'ownkey setup secret-service', then 'ownkey setup %s'",
		    tool);
		doctor_bad(d, line, todo);
	}
	buf_done(&text);
}

void
doctor_cookies(struct doctor *d)
{
	look_at_cookies(d, "Chromium", "chromium", "chromium/Default/Cookies");
	look_at_cookies(d, "Brave", "brave", "BraveSoftware/Brave-Browser/Default/Cookies");
}

/* ---- who answers ---- */
#define BUS	   "org.freedesktop.DBus"
#define STORE	   "org.freedesktop.secrets"
#define ASK	   "GetConnectionUnixProcessID"
#define SESSION	   "org.ownkey.Session"
#define ANSWER_MAX 256

static bool
has_bus(void)
{
	const char *runtime = paths_env("XDG_RUNTIME_DIR");
	char path[PATHS_MAX];

	return getenv("DBUS_SESSION_BUS_ADDRESS") ||
	    (runtime && snprintf(path, sizeof path, "%s/bus", runtime) < (int)sizeof path &&
		!access(path, F_OK));
}

/* What the command prints; false: it is not there.  ok: it ended well. */
static bool
run(const char *const *argv, char out[ANSWER_MAX], bool *ok)
{
	static const char *const keep[] = { "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", NULL };
	char file[PATHS_MAX];
	int fd[2], status = -1;
	size_t n = 0;
	ssize_t r = 0;
	pid_t pid;

	if (!setup_find_program(argv[0], file, sizeof file) || pipe2(fd, O_CLOEXEC))
		return false;
	struct spawn s = {
		.path = file, .argv = argv, .keep = keep, .fds = { -1, fd[1], -1 }, .nfds = 3
	};
	enum err e = spawn_start(&s, &pid);

	close(fd[1]);
	while (!e && n < ANSWER_MAX - 1 && (r = read(fd[0], out + n, ANSWER_MAX - 1 - n)) > 0)
		n += (size_t)r;
	close(fd[0]);
	out[n] = '\0';
	if (!e)
		(void)waitpid(pid, &status, 0);
	*ok = !e && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	return !e;
}

/* 0: nobody.  False: the bus cannot be asked. */
static bool
owner_of(const char *name, pid_t *pid)
{
	const char *const by_busctl[] = { "busctl", "--user", "--timeout=5", "call", BUS,
		"/org/freedesktop/DBus", BUS, ASK, "s", name, NULL };
	char string[80], said[ANSWER_MAX];
	const char *const by_dbus_send[] = { "dbus-send", "--session", "--reply-timeout=5000",
		"--print-reply=literal", "--dest=" BUS, "/org/freedesktop/DBus", BUS "." ASK,
		string, NULL };
	const char *digits;
	bool ok;

	snprintf(string, sizeof string, "string:%s", name);
	if (!has_bus() || (!run(by_busctl, said, &ok) && !run(by_dbus_send, said, &ok)))
		return false;
	digits = strrchr(said, ' '); /* "u 123", "   uint32 123" */
	*pid = ok && digits ? atoi(digits + 1) : 0;
	return true;
}

static void
say_owner(struct doctor *d, pid_t pid, const char *name)
{
	char line[100], todo[160];

	if (!doctor_is_set_up("secret-service")) {
		doctor_good("%s is the store of the desktop; 'ownkey setup secret-service'", name);
		return;
	}
	snprintf(line, sizeof line, "%s answers desktop programs, not ownkey", name);
	snprintf(todo, sizeof todo,
	    "log out and in; if it is back, 'systemctl --user status %ld' tells who starts it",
	    (long)pid);
	doctor_bad(d, line, todo);
}

void
doctor_store(struct doctor *d)
{
	char name[16] = "";
	pid_t pid;

	if (!owner_of(STORE, &pid))
		return;
	if (pid && !doctor_process_name(pid, name))
		snprintf(name, sizeof name, "another one");
	if (strcmp(name, "gnome-keyring-d") == 0) /* 15 bytes is all that the kernel tells */
		name[13] = '\0';
	if (pid && strcmp(name, "ownkey-secrets") == 0)
		doctor_good("ownkey answers desktop programs");
	else if (pid)
		say_owner(d, pid, name);
	else if (doctor_is_set_up("secret-service"))
		doctor_good("ownkey answers desktop programs, when one asks");
}

/* ---- the session ---- */
void
doctor_session(struct doctor *d)
{
	char path[PATHS_MAX];
	pid_t pid;

	if ((!getenv("DISPLAY") && !getenv("WAYLAND_DISPLAY")) ||
	    setup_program("ownkey-session", path) || !owner_of(SESSION, &pid))
		return;
	if (pid)
		doctor_good("ownkey-session runs: what you leave is locked");
	else
		doctor_bad(d, "ownkey-session does not run: nothing locks when you leave",
		    "systemctl --user enable --now ownkey-session; man ownkey-session");
}

/* Where a person comes in over ssh, the end of the last session is not the end of the work. */
void
doctor_linger(struct doctor *d)
{
	const struct passwd *me = getpwuid(getuid());
	char path[PATHS_MAX];

	if (!me || !doctor_is_set_up("systemd") || !getenv("SSH_CONNECTION"))
		return;
	snprintf(path, sizeof path, "/var/lib/systemd/linger/%s", me->pw_name);
	if (!access(path, F_OK))
		doctor_good("the agent goes on when you log out (linger)");
	else
		doctor_bad(d, "the agent ends, and locks, with your last session",
		    "if it is to go on after you log out: loginctl enable-linger");
}
