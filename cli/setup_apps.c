/*
 * setup_apps.c - desktop programs that would choose a store by the name of the desktop, and fall
 * back to none: they are told which, where each of them looks.
 */
#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/desktop.h"

#define SWITCH "--password-store=gnome-libsecret"

struct app {
	const char *menu;     /* its entry in menus: NAME.desktop */
	const char *flatpak;  /* its id there */
	const char *variable; /* what its Flatpak takes the store from; NULL: nothing */
	const char *flags;    /* a file of switches that its Flatpak reads; NULL: none */
};

/* ---- entries of menus ---- */
/* Switches stand before the names of files. */
static void
put_exec(struct span line, struct buf *out)
{
	struct span v = setup_trim(line);
	const uint8_t *at = memmem(v.p, v.len, " %", 2), *file = memmem(v.p, v.len, " @@", 3);

	if (file && (!at || file < at))
		at = file;
	if (!at)
		at = v.p + v.len;
	buf_put(out, v.p, (size_t)(at - v.p));
	buf_put_str(out, " " SWITCH);
	buf_put(out, at, (size_t)(v.p + v.len - at));
	buf_put_u8(out, '\n');
}

static bool
is_exec(struct span line)
{
	return line.len > 5 && memcmp(line.p, "Exec=", 5) == 0;
}

/* Lines from the first to the last that starts it, with the switch in each of those. */
static struct span
with_switch(const struct buf *text, struct buf *out)
{
	size_t from = 0, to = 0;
	struct span line;

	for (size_t at = 0; at < text->len; at += line.len) {
		line = setup_line(text, at);
		if (is_exec(line) && !to)
			from = at;
		if (is_exec(line))
			to = at + line.len;
	}
	for (size_t at = from; at < to; at += line.len) {
		line = setup_line(text, at);
		if (is_exec(line))
			put_exec(line, out);
		else
			for (size_t i = 0; i < line.len; i++)
				if (line.p[i] != '\r' || i + 1 == line.len || line.p[i + 1] != '\n')
					buf_put_u8(out, line.p[i]);
	}
	return SPAN(text->p + from, to - from);
}

static bool
says_store(struct span text)
{
	return text.len && memmem(text.p, text.len, "--password-store", 16);
}

static enum err
edit_menu(struct setup_file *f)
{
	struct buf b = BUF_INIT;
	struct span old = with_switch(&f->text, &b);
	enum err e = buf_err(&b);

	if (!e && memchr(old.p, '\0', old.len))
		e = ERR_TEXT;
	if (!e && old.len)
		e = setup_replace(f, old, buf_cstr(&b), "started from a menu, it asks the store");
	buf_done(&b);
	return e;
}

static enum err
copy_menu(struct setup_file *f, const char *from)
{
	struct buf text = BUF_INIT, b = BUF_INIT, all = BUF_INIT;
	struct span old;
	enum err e = setup_read_system(from, SETUP_MAX, &text);

	if (!e && memchr(text.p, '\0', text.len))
		e = ERR_TEXT;
	if (e || says_store(buf_span(&text)))
		goto out;
	old = with_switch(&text, &b);
	buf_put(&all, text.p, (size_t)(old.p - text.p));
	buf_put_span(&all, buf_span(&b));
	buf_put(&all, old.p + old.len, text.len - (size_t)(old.p - text.p) - old.len);
	if (!(e = buf_err(&b)) && !(e = buf_err(&all)) && old.len)
		e = setup_whole(f, buf_cstr(&all), "started from a menu, it asks the store");
out:
	buf_done(&text);
	buf_done(&b);
	buf_done(&all);
	return e;
}

static enum err
plan_menu(struct setup_plan *p, const struct app *a, bool *there)
{
	char rest[128], system[PATHS_MAX], path[PATHS_MAX];
	struct setup_file *f;
	enum err e;

	snprintf(rest, sizeof rest, "applications/%s", a->menu);
	if ((e = setup_place("XDG_DATA_HOME", ".local/share/", rest, path)))
		return e;
	*there = setup_system("XDG_DATA_DIRS", "/usr/local/share:/usr/share", rest, system);
	if (!*there && access(path, F_OK))
		return ERR_OK;
	*there = true;
	if (desktop_chooses_secret_service()) {
		setup_note(p, "in this desktop (%.40s) it asks the store without being told",
		    getenv("XDG_CURRENT_DESKTOP"));
		return ERR_OK;
	}
	setup_note(p, "started from a terminal it wants it said, too: " SWITCH);
	if ((e = setup_open(p, path, &f)))
		return e;
	if (says_store(buf_span(&f->text))) {
		setup_note(p, "its entry of the menu names a store already, and stays as it is");
		return ERR_OK;
	}
	return f->text.len || access(system, F_OK) ? edit_menu(f) : copy_menu(f, system);
}

/* ---- Flatpak ---- */
static enum err
plan_overrides(struct setup_plan *p, const struct app *a)
{
	char rest[128], path[PATHS_MAX];
	struct setup_file *f;
	enum err e;

	snprintf(rest, sizeof rest, "flatpak/overrides/%s", a->flatpak);
	if ((e = setup_place("XDG_DATA_HOME", ".local/share/", rest, path)) ||
	    (e = setup_open(p, path, &f)))
		return e;
	if (!f->exists)
		f->mode = 0644;
	if (a->variable)
		return setup_setting(f, "[Environment]", a->variable, "gnome-libsecret",
		    "its Flatpak asks the store");
	setup_note(
	    p, "once, for its Flatpak: flatpak run %s " SWITCH "; it remembers it", a->flatpak);
	return setup_setting(f, "[Session Bus Policy]", "org.freedesktop.secrets", "talk",
	    "its Flatpak may ask the store");
}

static enum err
plan_flags(struct setup_plan *p, const struct app *a)
{
	char rest[256], path[PATHS_MAX];
	struct setup_file *f;
	enum err e;

	snprintf(rest, sizeof rest, ".var/app/%s/config/%s", a->flatpak, a->flags);
	if ((e = setup_place(NULL, rest, "", path)) || (e = setup_open(p, path, &f)) ||
	    says_store(buf_span(&f->text)))
		return e;
	return setup_insert(f, f->text.len, SWITCH "\n", "its Flatpak asks the store");
}

/* ---- what goes for all ---- */
/* With another store than the one that sealed its keys Signal does not start any more. */
static enum err
refuse_other(struct cli *c, const struct desktop_app *d)
{
	struct desktop_found f;

	for (int flatpak = 0; flatpak < 2; flatpak++) {
		if (!desktop_look(d, flatpak, &f) || !f.backend[0] ||
		    strcmp(f.backend, "gnome_libsecret") == 0)
			continue;
		snprintf(c->detail, sizeof c->detail, "%s: %s", f.path, f.backend);
		return ERR_SETUP_SEALED;
	}
	return ERR_OK;
}

static enum err
plan_app(struct cli *c, struct setup_plan *p, const struct app *a)
{
	const char *desktop = getenv("XDG_CURRENT_DESKTOP");
	bool there = false;
	enum err e = plan_menu(p, a, &there);

	if (!e && setup_has_flatpak(a->flatpak)) {
		there = true;
		e = a->flags ? plan_flags(p, a) : plan_overrides(p, a);
	}
	if (!e && !there) {
		snprintf(c->hint, sizeof c->hint,
		    "it is not installed here: neither %.40s nor the Flatpak %.40s is there",
		    a->menu, a->flatpak);
		return ERR_SETUP_NOTHING;
	}
	if (desktop && strstr(desktop, "KDE"))
		setup_note(p,
		    "so far it asked KWallet: cookies and passwords that KWallet's key sealed are "
		    "lost to it; to keep them, leave it as it is");
	setup_note(p, "'ownkey setup secret-service' makes ownkey that store");
	return e;
}

enum err
setup_signal(struct cli *c, struct setup_plan *p)
{
	static const struct app a = { "signal-desktop.desktop", "org.signal.Signal",
		"SIGNAL_PASSWORD_STORE", NULL };
	enum err e = refuse_other(c, &desktop_apps[0]);

	return e ? e : plan_app(c, p, &a);
}

enum err
setup_element(struct cli *c, struct setup_plan *p)
{
	static const struct app a = { "element-desktop.desktop", "im.riot.Riot", NULL, NULL };

	return plan_app(c, p, &a);
}

enum err
setup_chromium(struct cli *c, struct setup_plan *p)
{
	static const struct app a = { "chromium.desktop", "org.chromium.Chromium", NULL,
		"chromium-flags.conf" };

	return plan_app(c, p, &a);
}

enum err
setup_brave(struct cli *c, struct setup_plan *p)
{
	static const struct app a = { "brave-browser.desktop", "com.brave.Browser", NULL,
		"brave-flags.conf" };

	return plan_app(c, p, &a);
}

/* ---- those that ask the store of themselves ---- */
/* python-keyring: a backend that was chosen counts instead of the best one. */
enum err
setup_gajim(struct cli *c, struct setup_plan *p)
{
	char path[PATHS_MAX];
	struct buf text = BUF_INIT;
	mode_t mode;
	enum err e =
	    setup_place("XDG_CONFIG_HOME", ".config/", "python_keyring/keyringrc.cfg", path);

	(void)c;
	if (!e && !setup_file_read(path, &text, &mode) && text.len &&
	    memmem(text.p, text.len, "default-keyring", 15) &&
	    !memmem(text.p, text.len, "SecretService", 13) &&
	    !memmem(text.p, text.len, "libsecret", 9) && !memmem(text.p, text.len, "chainer", 7))
		setup_note(p,
		    "%.200s chooses another place for passwords: take its line default-keyring "
		    "out, or Gajim does not ask the store",
		    path);
	else
		setup_note(p, "Gajim asks the store of itself");
	setup_note(p, "'ownkey setup secret-service' makes ownkey that store");
	buf_done(&text);
	return e;
}

enum err
setup_nheko(struct cli *c, struct setup_plan *p)
{
	const char *desktop = getenv("XDG_CURRENT_DESKTOP");

	(void)c;
	if (desktop && strstr(desktop, "KDE"))
		setup_note(p, "in KDE nheko asks KWallet, and there is no other way");
	else
		setup_note(p, "nheko asks the store of itself");
	setup_note(p, "'ownkey setup secret-service' makes ownkey that store");
	return ERR_OK;
}
