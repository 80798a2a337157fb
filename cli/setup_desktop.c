/*
 * setup_desktop.c - ownkey as the store that answers desktop programs (the Secret Service), and
 * programs in a sandbox (the Secret portal).  Who else would answer is told not to.
 */
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/setup.h"

#define PORTAL_NAME "org.freedesktop.impl.portal.desktop.ownkey"
#define PORTAL	    "org.freedesktop.impl.portal.Secret"
#define DATA_DIRS   "/usr/local/share:/usr/share"
#define UNIT	    "ownkey-secrets.service"

static enum err
open_at_home(struct setup_plan *p, const char *variable, const char *fallback, const char *rest,
    struct setup_file **f)
{
	char path[PATHS_MAX];
	enum err e = setup_place(variable, fallback, rest, path);

	return e ? e : setup_open(p, path, f);
}

static enum err
open_config(struct setup_plan *p, const char *rest, struct setup_file **f)
{
	return open_at_home(p, "XDG_CONFIG_HOME", ".config/", rest, f);
}

/* ---- who is started for a name ---- */
/* The bus looks here before it looks where packages put theirs. */
static enum err
answer_for(struct setup_plan *p, const char *name, const char *why)
{
	char rest[128], program[PATHS_MAX], unit[PATHS_MAX], text[PATHS_MAX + 256];
	struct setup_file *f;
	enum err e;

	snprintf(rest, sizeof rest, "dbus-1/services/%s.service", name);
	if ((e = setup_program("ownkey-secrets", program)) ||
	    (e = open_at_home(p, "XDG_DATA_HOME", ".local/share/", rest, &f)))
		return e;
	if (strpbrk(program, " \t\n\"'\\$`"))
		return ERR_TEXT;
	snprintf(text, sizeof text, "\nExec=%s\n", program);
	if (setup_says(f, text)) /* installed there */
		return ERR_OK;
	snprintf(text, sizeof text, "[D-BUS Service]\nName=%s\nExec=%s\n%s", name, program,
	    setup_unit(UNIT, unit) ? "SystemdService=" UNIT "\n" : "");
	return setup_whole(f, text, why);
}

/* ---- the portal ---- */
/* DESKTOP-portals.conf of each desktop that this session is of, then portals.conf. */
static bool
portals_in(const char *dir, char out[PATHS_MAX])
{
	const char *desktops = getenv("XDG_CURRENT_DESKTOP");
	int len;

	for (size_t n; desktops && *desktops; desktops += n + (desktops[n] == ':')) {
		n = strcspn(desktops, ":");
		len = snprintf(out, PATHS_MAX, "%s/xdg-desktop-portal/", dir);
		if (!n || strchr(desktops, '/') || len + (int)n + 16 >= PATHS_MAX)
			continue;
		for (size_t i = 0; i < n; i++)
			out[len++] = (char)tolower((unsigned char)desktops[i]);
		snprintf(out + len, PATHS_MAX - (size_t)len, "-portals.conf");
		if (!access(out, F_OK))
			return true;
	}
	return snprintf(out, PATHS_MAX, "%s/xdg-desktop-portal/portals.conf", dir) < PATHS_MAX &&
	    !access(out, F_OK);
}

static bool
portals_among(const char *list, char out[PATHS_MAX])
{
	char dir[PATHS_MAX];

	while (setup_next_dir(&list, dir))
		if (portals_in(dir, out))
			return true;
	return false;
}

static enum err
folder(const char *variable, const char *fallback, char out[PATHS_MAX])
{
	enum err e = setup_place(variable, fallback, "", out);

	for (size_t n = e ? 0 : strlen(out); n > 1 && out[n - 1] == '/'; n--)
		out[n - 1] = '\0';
	return e;
}

/* portals.conf(5): the first one counts, alone. */
static bool
portals_of_system(char out[PATHS_MAX])
{
	const char *config = getenv("XDG_CONFIG_DIRS"), *data = getenv("XDG_DATA_DIRS");
	char own[PATHS_MAX];

	return portals_among(config && *config ? config : "/etc/xdg", out) ||
	    portals_among("/etc", out) ||
	    (!folder("XDG_DATA_HOME", ".local/share/", own) && portals_in(own, out)) ||
	    portals_among(data && *data ? data : DATA_DIRS, out);
}

/* A new file counts instead of the system's: so it says all that that one says. */
static enum err
copy_with_setting(struct setup_file *f, const char *from, const char *why)
{
	static struct setup_file tmp;
	struct buf all = BUF_INIT;
	enum err e;

	tmp = (struct setup_file){ .n = 0 };
	if (!(e = setup_read_system(from, SETUP_MAX, &tmp.text)) &&
	    !(e = setup_setting(&tmp, "[preferred]", PORTAL, "ownkey", why)) &&
	    !(e = setup_result(&tmp, &all)) && memchr(all.p, '\0', all.len))
		e = ERR_TEXT;
	if (!e && (e = buf_err(&all)) == ERR_OK)
		e = setup_whole(f, buf_cstr(&all), why);
	for (size_t i = 0; i < tmp.n; i++) {
		buf_done(&tmp.edit[i].old);
		buf_done(&tmp.edit[i].new);
	}
	buf_done(&tmp.text);
	buf_done(&all);
	return e;
}

static enum err
prefer(struct setup_plan *p)
{
	static const char why[] = "applications in a sandbox get their secret from ownkey";
	char home[PATHS_MAX], found[PATHS_MAX], rest[PATHS_MAX];
	struct setup_file *f;
	enum err e = folder("XDG_CONFIG_HOME", ".config/", home);

	if (e)
		return e;
	if (portals_in(home, found))
		return (e = setup_open(p, found, &f))
		    ? e
		    : setup_setting(f, "[preferred]", PORTAL, "ownkey", why);
	if (!portals_of_system(found)) {
		if ((e = open_config(p, "xdg-desktop-portal/portals.conf", &f)))
			return e;
		return setup_setting(f, "[preferred]", PORTAL, "ownkey", why);
	}
	snprintf(rest, sizeof rest, "xdg-desktop-portal%s", strrchr(found, '/'));
	return (e = open_config(p, rest, &f)) ? e : copy_with_setting(f, found, why);
}

static enum err
portal(struct setup_plan *p)
{
	static const char rest[] = "xdg-desktop-portal/portals/ownkey.portal";
	char path[PATHS_MAX];
	struct setup_file *f;
	enum err e;

	if (!setup_system("XDG_DATA_DIRS", DATA_DIRS, rest, path)) {
		if ((e = open_at_home(p, "XDG_DATA_HOME", ".local/share/", rest, &f)))
			return e;
		if (!setup_says(f, "DBusName=" PORTAL_NAME "\n") &&
		    (e = setup_whole(f,
			 "[portal]\nDBusName=" PORTAL_NAME "\nInterfaces=" PORTAL "\n",
			 "xdg-desktop-portal knows ownkey")))
			return e;
	}
	return prefer(p);
}

/* ---- who answered so far ---- */
static enum err
no_autostart(struct setup_plan *p)
{
	static const char rest[] = "autostart/gnome-keyring-secrets.desktop";
	char path[PATHS_MAX];
	struct setup_file *f;
	enum err e;

	if (!setup_system("XDG_CONFIG_DIRS", "/etc/xdg", rest, path))
		return ERR_OK;
	if ((e = open_config(p, rest, &f)))
		return e;
	return setup_whole(f,
	    "[Desktop Entry]\nType=Application\nName=Secret Storage Service\nHidden=true\n",
	    "gnome-keyring is not started as the store at login");
}

/* The line that starts it, without the component that is the store; "": there is no such. */
static void
without_secrets(const struct buf *unit, char *out, size_t cap)
{
	struct span line;
	const char *comma = ",secrets", *word;
	size_t n;

	*out = '\0';
	for (size_t at = 0; at < unit->len; at += line.len) {
		struct span v;

		line = setup_line(unit, at);
		v = setup_trim(line);
		if (v.len > 10 && v.len < cap && memcmp(v.p, "ExecStart=", 10) == 0)
			snprintf(out, cap, "%.*s", (int)v.len, (const char *)v.p);
	}
	if (!(word = strstr(out, comma)))
		word = strstr(out, comma = "secrets,");
	n = strlen(comma);
	if (word)
		memmove(out + (word - out), word + n, strlen(word + n) + 1);
	else
		*out = '\0';
}

/* Its other components, certificates among them, go on. */
static enum err
no_component(struct setup_plan *p)
{
	char path[PATHS_MAX], start[512], text[600];
	struct buf unit = BUF_INIT;
	struct setup_file *f;
	enum err e = ERR_OK;

	if (!setup_unit("gnome-keyring-daemon.service", path))
		return ERR_OK;
	if ((e = setup_read_system(path, SETUP_MAX, &unit)))
		goto out;
	without_secrets(&unit, start, sizeof start);
	if (!start[0]) {
		setup_note(p,
		    "gnome-keyring has a unit of an unusual kind: if it is the store, turn it off "
		    "with 'systemctl --user mask gnome-keyring-daemon.{service,socket}'");
		goto out;
	}
	snprintf(text, sizeof text, "[Service]\nExecStart=\n%s\n", start);
	if (!(e = open_config(p, "systemd/user/gnome-keyring-daemon.service.d/ownkey.conf", &f)))
		e = setup_whole(f, text, "gnome-keyring goes on, but is no store");
out:
	buf_done(&unit);
	return e;
}

static enum err
no_keepassxc(struct setup_plan *p)
{
	char path[PATHS_MAX];
	struct setup_file *f;
	enum err e = setup_place("XDG_CONFIG_HOME", ".config/", "keepassxc/keepassxc.ini", path);

	if (e || access(path, F_OK))
		return e;
	if ((e = setup_open(p, path, &f)) || !setup_says(f, "[FdoSecrets]"))
		return e;
	e = setup_setting(f, "[FdoSecrets]", "Enabled", "false", "KeePassXC is no store any more");
	if (!e && f->n)
		setup_note(p, "quit KeePassXC before: it writes its settings when it ends");
	return e;
}

static bool
has_kwallet(void)
{
	const char *desktop = getenv("XDG_CURRENT_DESKTOP");

	return (desktop && strstr(desktop, "KDE")) || !access("/usr/bin/kwalletd5", X_OK) ||
	    !access("/usr/bin/kwalletd6", X_OK);
}

enum err
setup_secret_service(struct cli *c, struct setup_plan *p)
{
	enum err e;

	(void)c;
	setup_note(p,
	    "FIRST, while the store that you have still runs: 'ownkey import --secret-service'. "
	    "Programs that do not find their secret make a new one, and what the old one opened "
	    "is lost to them");
	setup_note(p, "it holds from the next login on: the store that runs now stays until then");
	if (has_kwallet())
		setup_note(p,
		    "KWallet: in System Settings, KDE Wallet, turn off 'Use KWallet for the "
		    "Secret Service interface', and export what it has; its own interface stays");
	if ((e = answer_for(p, "org.freedesktop.secrets", "desktop programs ask ownkey")) ||
	    (e = answer_for(p, PORTAL_NAME, "xdg-desktop-portal asks ownkey")) || (e = portal(p)) ||
	    (e = no_autostart(p)) || (e = no_component(p)))
		return e;
	return no_keepassxc(p);
}
