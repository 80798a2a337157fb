/*
 * setup_accounts.c - programs whose files have sections, an account each, with a command that
 * prints its password.  Only accounts that have neither password nor command get one.
 */
#include <ctype.h>
#include <unistd.h>
#include <strings.h>

#include "cli/setup.h"

/* How a file says it. */
struct sections {
	const char *head;	/* how a section begins: "[", "account ", "IMAPAccount " */
	const char *tail;	/* what ends its name: "]" */
	const char *const *any; /* an account with one of these settings stays as it is */
	const char *before;	/* what our line begins with, up to the command */
	const char *after;
	const char *service; /* beginning of the secret's name */
	const char *skip;    /* a section that is none; may be NULL */
};

static bool
begins(struct span line, const char *word)
{
	size_t n = strlen(word);

	return line.len >= n && strncasecmp((const char *)line.p, word, n) == 0;
}

/* The name of the section that begins here. */
static bool
is_head(struct span line, const struct sections *s, char *name, size_t cap)
{
	struct span v = setup_trim(line);
	size_t n = strlen(s->head), tail = strlen(s->tail);

	if (!begins(v, s->head))
		return false;
	v = setup_trim(span_sub(v, n, v.len - n));
	if (v.len < tail || memcmp(v.p + v.len - tail, s->tail, tail) != 0)
		return false;
	v = setup_trim(SPAN(v.p, v.len - tail));
	/* msmtp: "account work : default" takes the rest from another */
	for (size_t i = 0; i < v.len; i++)
		if (isspace(v.p[i]))
			v.len = i;
	snprintf(name, cap, "%.*s", (int)v.len, (const char *)v.p);
	return v.len > 0 && v.len < cap;
}

static bool
is_setting(struct span line, const char *name)
{
	struct span v = setup_trim(line);
	size_t n = strlen(name);

	return begins(v, name) && (v.len == n || isspace(v.p[n]) || v.p[n] == '=');
}

/* What a shell and the program's own quotes leave as it is. */
static bool
is_plain(const char *name)
{
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("@._-+/", *name))
			return false;
	return true;
}

struct account {
	char name[200];
	size_t at;   /* behind the line that begins it */
	bool has_it; /* password or command */
};

static enum err
give(struct setup_plan *p, struct setup_file *f, const struct sections *s, const struct account *a)
{
	char program[PATHS_MAX], text[PATHS_MAX + 512], why[200];
	enum err e;

	if (!a->name[0] || a->has_it || (s->skip && strcmp(a->name, s->skip) == 0))
		return ERR_OK;
	if (!is_plain(a->name)) {
		setup_note(p, "an account was passed over: its name has unusual characters");
		return ERR_OK;
	}
	if ((e = setup_program("ownkey", program)))
		return e;
	if (!is_plain(program))
		return ERR_TEXT;
	snprintf(text, sizeof text, "%s%s secret get %s/%s%s\n", s->before, program, s->service,
	    a->name, s->after);
	snprintf(why, sizeof why, "its password is the secret %s/%.100s", s->service, a->name);
	return setup_insert(f, a->at, text, why);
}

static enum err
plan_accounts(struct setup_plan *p, const char *path, const struct sections *s)
{
	struct account a = { .name = "" };
	struct setup_file *f;
	char name[200];
	struct span line;
	enum err e = setup_open(p, path, &f);

	for (size_t at = 0; !e && at < f->text.len; at += line.len) {
		line = setup_line(&f->text, at);
		if (is_head(line, s, name, sizeof name)) {
			e = give(p, f, s, &a);
			a = (struct account){ .at = at + line.len };
			memcpy(a.name, name, sizeof name);
		}
		for (size_t i = 0; s->any[i]; i++)
			a.has_it = a.has_it || is_setting(line, s->any[i]);
	}
	if (!e)
		e = give(p, f, s, &a);
	if (!e && !f->n)
		e = ERR_SETUP_NOTHING;
	if (!e)
		setup_note(p, "keep each password first: ownkey secret set NAME");
	return e;
}

static enum err
hinted(struct cli *c, const char *path, enum err e)
{
	if (e == ERR_SETUP_NOTHING && access(path, F_OK))
		snprintf(c->hint, sizeof c->hint,
		    "there is no file of its accounts yet: make one with the program first");
	else if (e == ERR_SETUP_NOTHING)
		snprintf(c->hint, sizeof c->hint,
		    "every account in it has a password or a command for one: take it out, or "
		    "there is none");
	return e;
}

enum err
setup_profanity(struct cli *c, struct setup_plan *p)
{
	static const char *const any[] = { "password", "eval_password", NULL };
	static const struct sections s = { "[", "]", any, "eval_password=", "", "xmpp", NULL };
	char path[PATHS_MAX];
	enum err e = setup_place("XDG_DATA_HOME", ".local/share/", "profanity/accounts", path);

	return e ? e : hinted(c, path, plan_accounts(p, path, &s));
}

/* A file of the program's own when it is there, else the one of the base directories. */
static enum err
either(const char *dotfile, const char *rest, char path[PATHS_MAX])
{
	struct buf b = BUF_INIT;
	mode_t mode;
	enum err e = setup_place(NULL, dotfile, "", path);

	if (!e && setup_file_read(path, &b, &mode) == ERR_NOTFOUND)
		e = setup_place("XDG_CONFIG_HOME", ".config/", rest, path);
	buf_done(&b);
	return e;
}

enum err
setup_msmtp(struct cli *c, struct setup_plan *p)
{
	static const char *const any[] = { "password", "passwordeval", NULL };
	static const struct sections s = { "account ", "", any, "passwordeval \"", "\"", "smtp",
		"default" };
	char path[PATHS_MAX];
	enum err e = either(".msmtprc", "msmtp/config", path);

	return e ? e : hinted(c, path, plan_accounts(p, path, &s));
}

enum err
setup_mbsync(struct cli *c, struct setup_plan *p)
{
	static const char *const any[] = { "Pass", "PassCmd", NULL };
	static const struct sections s = { "IMAPAccount ", "", any, "PassCmd \"", "\"", "imap",
		NULL };
	char path[PATHS_MAX];
	enum err e = either(".mbsyncrc", "isyncrc", path);

	return e ? e : hinted(c, path, plan_accounts(p, path, &s));
}

/* ---- WeeChat ---- */
/* sec.conf, section [crypt]: passphrase_command.  WeeChat writes the file anew when it ends, and
 * keeps the setting. */
enum err
setup_weechat(struct cli *c, struct setup_plan *p)
{
	char path[PATHS_MAX], program[PATHS_MAX], text[PATHS_MAX + 64];
	struct setup_file *f;
	struct span line, crypt = SPAN_NONE;
	enum err e;

	if ((e = either(".weechat/sec.conf", "weechat/sec.conf", path)) ||
	    (e = setup_program("ownkey", program)) || (e = setup_open(p, path, &f)))
		return e;
	if (!is_plain(program))
		return ERR_TEXT;
	snprintf(text, sizeof text, "passphrase_command = \"%s secret get weechat\"\n", program);
	setup_note(p, "keep the passphrase of /secure first: ownkey secret set weechat");
	setup_note(p, "quit WeeChat before: it writes its files when it ends");
	for (size_t at = 0; at < f->text.len; at += line.len) {
		line = setup_line(&f->text, at);
		if (span_is(setup_trim(line), "[crypt]"))
			crypt = line;
		else if (span_is(setup_trim(line), "passphrase_command = \"\""))
			return setup_replace(
			    f, line, text, "WeeChat's passphrase is the secret weechat");
		else if (is_setting(line, "passphrase_command"))
			return hinted(c, path, ERR_SETUP_NOTHING);
	}
	if (!crypt.len)
		return hinted(c, path, ERR_SETUP_NOTHING);
	return setup_insert(f, (size_t)(crypt.p - f->text.p) + crypt.len, text,
	    "WeeChat's passphrase is the secret weechat");
}
