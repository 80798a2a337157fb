/* desktop.c - what the files of desktop programs say; they are only read. */
#include "cli/desktop.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

const struct desktop_app desktop_apps[] = {
	{ "Signal", "signal", "Signal/config.json", "org.signal.Signal", "key" },
	{ "Element", "element", "Element/electron-config.json", "im.riot.Riot", NULL },
};
const size_t ndesktop_apps = sizeof desktop_apps / sizeof *desktop_apps;

static struct span
behind(struct span s, size_t n)
{
	s = span_sub(s, n, s.len - n);
	while (s.len && isspace(s.p[0]))
		s = span_sub(s, 1, s.len - 1);
	return s;
}

/* These are words of programs' own making: nothing in them is escaped. */
static bool
take_value(struct span s, char *out, size_t cap)
{
	const uint8_t *end;

	s = behind(s, 0);
	if (!s.len || s.p[0] != ':')
		return false;
	s = behind(s, 1);
	if (!s.len || s.p[0] != '"' || !(end = memchr(s.p + 1, '"', s.len - 1)))
		return false;
	if (out)
		snprintf(out, cap, "%.*s", (int)(end - s.p - 1), (const char *)s.p + 1);
	return end > s.p + 1;
}

bool
desktop_json_text(struct span json, const char *setting, char *out, size_t cap)
{
	char quoted[64];
	const uint8_t *p;
	size_t n;

	snprintf(quoted, sizeof quoted, "\"%s\"", setting);
	n = strlen(quoted);
	while (json.len && (p = memmem(json.p, json.len, quoted, n))) {
		json =
		    span_sub(json, (size_t)(p - json.p) + n, json.len - (size_t)(p - json.p) - n);
		if (take_value(json, out, cap))
			return true;
	}
	return false;
}

static enum err
place(const struct desktop_app *a, bool in_flatpak, char out[PATHS_MAX])
{
	char rest[256];

	if (!in_flatpak)
		return setup_place("XDG_CONFIG_HOME", ".config/", a->config, out);
	snprintf(rest, sizeof rest, ".var/app/%s/config/%s", a->flatpak, a->config);
	return setup_place(NULL, rest, "", out);
}

/* A key is not taken along: only that there is one. */
bool
desktop_look(const struct desktop_app *a, bool in_flatpak, struct desktop_found *f)
{
	struct buf text = BUF_INIT;
	mode_t mode;
	bool is = !place(a, in_flatpak, f->path) && !setup_file_read(f->path, &text, &mode);

	f->backend[0] = '\0';
	f->plain = false;
	if (is &&
	    !desktop_json_text(
		buf_span(&text), "safeStorageBackend", f->backend, sizeof f->backend))
		f->backend[0] = '\0';
	if (is)
		f->plain = strcmp(f->backend, "basic_text") == 0 ||
		    strcmp(f->backend, "plaintext") == 0 ||
		    (a->plain_key && desktop_json_text(buf_span(&text), a->plain_key, NULL, 0));
	buf_done(&text);
	return is;
}

bool
desktop_chooses_secret_service(void)
{
	static const char *const those[] = { "GNOME", "Unity", "X-Cinnamon", "Pantheon", "XFCE",
		"UKUI", "Deepin", "COSMIC" };
	const char *s = getenv("XDG_CURRENT_DESKTOP");

	for (size_t n; s && *s; s += n + (s[n] == ':')) {
		n = strcspn(s, ":");
		for (size_t i = 0; i < sizeof those / sizeof *those; i++)
			if (strlen(those[i]) == n && strncasecmp(s, those[i], n) == 0)
				return true;
	}
	return false;
}
