/* setup_tools.c - the table of tools, and those whose files take a block of lines. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/pages.h"
#include "cli/setup.h"
#include "cli/verbs.h"
#include "lib/sock.h"

/* ---- what several need ---- */
/* ssh.sock as its users name it: without their number where the usual place has it. */
static enum err
ssh_socket(const char *uid, char out[PATHS_MAX])
{
	char usual[64], path[SOCK_PATH_MAX];
	enum err e = sock_path("ssh.sock", path, sizeof path);

	if (e)
		return e;
	snprintf(usual, sizeof usual, "/run/user/%ld/ownkey/ssh.sock", (long)getuid());
	if (strcmp(path, usual) == 0)
		snprintf(out, PATHS_MAX, "/run/user/%s/ownkey/ssh.sock", uid);
	else
		snprintf(out, PATHS_MAX, "%s", path);
	return strpbrk(out, "\"\n$`\\") ? ERR_TEXT : ERR_OK;
}

struct choice {
	const char *wanted; /* NULL: the only one */
	char path[256], account[256];
	size_t n;
};

static void
choose(void *arg, const struct ops_item *it, struct span raw)
{
	struct choice *ch = arg;

	(void)raw;
	if (it->state || (ch->wanted && !span_is(it->label, ch->wanted)) || it->label.len > 255 ||
	    it->account.len > 255)
		return;
	snprintf(ch->account, sizeof ch->account, "%.*s", (int)it->account.len,
	    (const char *)it->account.p);
	snprintf(ch->path, sizeof ch->path, "%.*s", (int)it->label.len, (const char *)it->label.p);
	ch->n++;
}

/* A public form of an identity; "" when it has none. */
static enum err
public_part(struct cli *c, const char *path, const char *name, char *out, size_t cap)
{
	struct ops_sel q = { .label = span_str(path) };
	struct ops_id_show_rep rep;
	struct ops_pair p;
	struct cbor at;
	enum err e;

	out[0] = '\0';
	wire_mark(&ops_sel_map, &q);
	if ((e = cli_call(c, OP_ID_SHOW, &q, &rep)))
		return e;
	for (at = wire_each(&rep.parts); !cbor_at_end(&at) && !wire_next(&ops_pair_map, &at, &p);)
		if (span_is(p.name, name) && p.value.len < cap)
			snprintf(out, cap, "%.*s", (int)p.value.len, (const char *)p.value.p);
	out[strcspn(out, "\r\n")] = '\0';
	return ERR_OK;
}

/* ---- ssh ---- */
/* At the end: what stands above it, for a host or for all, counts before it. */
static enum err
plan_ssh(struct cli *c, struct setup_plan *p)
{
	char path[PATHS_MAX], sock[PATHS_MAX], own[SOCK_PATH_MAX], text[PATHS_MAX + 64];
	const char *other = getenv("SSH_AUTH_SOCK");
	struct setup_file *f;
	enum err e;

	(void)c;
	if ((e = setup_place(NULL, ".ssh/config", "", path)) || (e = ssh_socket("%i", sock)) ||
	    (e = sock_path("ssh.sock", own, sizeof own)) || (e = setup_open(p, path, &f)))
		return e;
	if (other && *other && strcmp(other, own) != 0)
		setup_note(p,
		    "keys that the ssh-agent of now holds are not offered to hosts any more: "
		    "'ownkey import' takes their files; with files that ssh finds nothing changes");
	setup_note(p,
	    "the agent has to run: 'ownkey unlock' starts it, 'ownkey setup systemd' at "
	    "login; 'ownkey ssh list' shows its keys, ssh-add needs 'ownkey setup shell'");
	if (setup_says(f, "IdentityAgent"))
		setup_note(p,
		    "there is an IdentityAgent in that file already: for hosts that it is "
		    "for, it stays in force");
	snprintf(text, sizeof text, "Host *\n    IdentityAgent \"%s\"\n", sock);
	return setup_block(f, text, "ssh asks ownkey for keys and signatures");
}

/* ---- git ---- */
static enum err
allowed_signers(struct setup_plan *p, const char *account, const char *key, char path[PATHS_MAX])
{
	char text[2048];
	struct setup_file *f;
	enum err e;

	if ((e = setup_place("XDG_CONFIG_HOME", ".config/", "ownkey/allowed_signers", path)) ||
	    (e = setup_open(p, path, &f)))
		return e;
	snprintf(text, sizeof text, "%s namespaces=\"git\" %s\n", account, key);
	return setup_block(f, text, "commits that you sign are known to be yours");
}

static enum err
git_file(struct setup_plan *p, struct setup_file **f)
{
	const char *named = paths_env("GIT_CONFIG_GLOBAL");
	char path[PATHS_MAX], other[PATHS_MAX];
	enum err e;

	if ((e = setup_place(NULL, ".gitconfig", "", path)) ||
	    (e = setup_place("XDG_CONFIG_HOME", ".config/", "git/config", other)))
		return e;
	if (!named)
		named = access(path, F_OK) && access(other, F_OK) == 0 ? other : path;
	return setup_open(p, named, f);
}

static enum err
git_signing(struct cli *c, struct setup_plan *p, const struct setup_file *f, struct buf *text)
{
	struct choice ch = { .wanted = NULL };
	struct ops_page q = { .service = SPAN_LIT("ssh") };
	char key[1500], path[PATHS_MAX], wanted[256];
	enum err e;

	if (c->args.value[ARG_KEY]) {
		if ((e = verb_id_find(c, c->args.value[ARG_KEY], wanted, sizeof wanted)))
			return e;
		ch.wanted = wanted;
	}
	if ((e = pages_each(c, OP_ID_LIST, &q, choose, &ch)))
		return e;
	if (ch.n > 1)
		return cli_wrong(c, "there are several ssh identities: say which, with --key");
	if (ch.n == 0 && ch.wanted)
		return ERR_NOTFOUND;
	if (ch.n == 0) {
		setup_note(
		    p, "to sign commits, make a key first: ownkey id add ssh you@example.org");
		return ERR_OK;
	}
	if ((e = public_part(c, ch.path, "public", key, sizeof key)) || !key[0])
		return e;
	buf_putf(text, "[user]\n    signingkey = \"key::%s\"\n[gpg]\n    format = ssh\n", key);
	if (setup_says(f, "allowedSignersFile")) {
		setup_note(p, "your list of allowed signers stays as it is: add this key to it");
		return ERR_OK;
	}
	if ((e = allowed_signers(p, ch.account, key, path)))
		return e;
	buf_putf(text, "[gpg \"ssh\"]\n    allowedSignersFile = \"%s\"\n", path);
	setup_note(p,
	    "git signs through ssh-keygen, which looks for ownkey in SSH_AUTH_SOCK: "
	    "'ownkey setup shell' sets it; 'git commit -S' signs");
	return ERR_OK;
}

/* Of one setting the last counts, of credential helpers each. */
static enum err
plan_git(struct cli *c, struct setup_plan *p)
{
	struct buf text = BUF_INIT;
	char helper[PATHS_MAX];
	struct setup_file *f;
	enum err e;

	if ((e = git_file(p, &f)) || (e = git_signing(c, p, f, &text)))
		goto out;
	if (!setup_program("git-credential-ownkey", helper))
		buf_putf(&text, "[credential]\n    helper = \"%s\"\n", helper);
	e = text.len ? buf_err(&text) : ERR_SETUP_NOTHING;
	if (!e)
		e = setup_block(
		    f, buf_cstr(&text), "git signs with your key and gets passwords from ownkey");
out:
	buf_done(&text);
	return e;
}

/* ---- gpg ---- */
/* The last pinentry-program counts; the one before it goes on as the real one. */
static enum err
plan_gpg(struct cli *c, struct setup_plan *p)
{
	char path[PATHS_MAX], program[PATHS_MAX], text[PATHS_MAX + 64];
	struct setup_file *f;
	enum err e;

	(void)c;
	if (paths_env("GNUPGHOME"))
		e = setup_place("GNUPGHOME", "", "gpg-agent.conf", path);
	else
		e = setup_place(NULL, ".gnupg/gpg-agent.conf", "", path);
	if (e || (e = setup_program("pinentry-ownkey", program)) || (e = setup_open(p, path, &f)))
		return e;
	snprintf(text, sizeof text, "pinentry-program %s\n", program);
	setup_note(p,
	    "keep a passphrase: ownkey import gpg KEYGRIP "
	    "('gpg -K --with-keygrip' shows the keygrips)");
	return setup_block(f, text, "gpg asks ownkey for passphrases before it asks you");
}

/* ---- age ---- */
struct age {
	char path[64][256];
	size_t n;
};

static void
take_age(void *arg, const struct ops_item *it, struct span raw)
{
	struct age *a = arg;

	(void)raw;
	if (!it->state && a->n < 64 && it->label.len < sizeof a->path[0])
		snprintf(a->path[a->n++], sizeof a->path[0], "%.*s", (int)it->label.len,
		    (const char *)it->label.p);
}

static enum err
plan_age(struct cli *c, struct setup_plan *p)
{
	static struct age a;
	struct ops_page q = { .service = SPAN_LIT("age") };
	char path[PATHS_MAX], identity[512];
	struct buf text = BUF_INIT;
	struct setup_file *f;
	enum err e;

	a.n = 0;
	if ((e = setup_place("XDG_CONFIG_HOME", ".config/", "age/identities", path)) ||
	    (e = setup_open(p, path, &f)) || (e = pages_each(c, OP_ID_LIST, &q, take_age, &a)))
		goto out;
	for (size_t i = 0; i < a.n && !e; i++)
		if (!(e = public_part(
			  c, a.path[i], "plugin-identity", identity, sizeof identity)) &&
		    identity[0])
			buf_putf(&text, "# %s\n%s\n", a.path[i], identity);
	if (!e)
		e = text.len ? buf_err(&text) : ERR_SETUP_NOTHING;
	if (e == ERR_SETUP_NOTHING)
		snprintf(c->hint, sizeof c->hint, "make an identity first: ownkey id add age me");
	setup_note(p, "open a file with: age -d -i %s FILE", path);
	if (!e)
		e = setup_block(f, buf_cstr(&text), "age opens files through ownkey");
out:
	buf_done(&text);
	return e;
}

/* ---- shell ---- */
static enum err
plan_shell(struct cli *c, struct setup_plan *p)
{
	char path[PATHS_MAX], sock[PATHS_MAX], text[2 * PATHS_MAX + 128];
	struct setup_file *f;
	enum err e;

	(void)c;
	if ((e = setup_place(NULL, ".profile", "", path)) || (e = ssh_socket("$(id -u)", sock)) ||
	    (e = setup_open(p, path, &f)))
		return e;
	if (!f->exists)
		f->mode = 0644;
	snprintf(text, sizeof text,
	    "if [ -z \"$SSH_CONNECTION\" ] && [ -S \"%s\" ]; then\n"
	    "    SSH_AUTH_SOCK=\"%s\"\n    export SSH_AUTH_SOCK\nfi\n",
	    sock, sock);
	setup_note(p, "it holds from the next login on");
	return setup_block(f, text, "programs that look for an ssh-agent find ownkey");
}

/* ---- systemd ---- */
#define UNITS "ownkey-agent.socket ownkey-secret.socket ownkey-ssh.socket"

/* A file of its own instead of the links of `systemctl enable`: it is undone as all others are. */
static enum err
plan_systemd(struct cli *c, struct setup_plan *p)
{
	char path[PATHS_MAX];
	struct setup_file *f;
	enum err e;

	if (!setup_unit("ownkey-agent.socket", path)) {
		snprintf(c->hint, sizeof c->hint, "'make install' installs the units of ownkey");
		return ERR_SETUP_NOTHING;
	}
	if ((e = setup_place("XDG_CONFIG_HOME", ".config/",
		 "systemd/user/sockets.target.d/ownkey.conf", path)) ||
	    (e = setup_open(p, path, &f)))
		return e;
	setup_note(p, "it holds from the next login on; now: systemctl --user start " UNITS);
	return setup_block(f, "[Unit]\nWants=" UNITS "\n",
	    "the agent is there from login on, started when it is first asked");
}

/* ---- the table ---- */
static const char *const reload_systemd[] = { "systemctl", "--user", "daemon-reload", NULL };
static const char *const reload_gpg[] = { "gpgconf", "--reload", "gpg-agent", NULL };
static const char *const reload_bus[] = { "dbus-send", "--session", "--type=method_call",
	"--dest=org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.ReloadConfig",
	NULL };

const struct setup_tool setup_tools[] = {
	{ "ssh", "ssh", plan_ssh, NULL, "logins with keys from ownkey", NULL },
	{ "git", "git", plan_git, NULL, "signed commits, passwords", NULL },
	{ "gpg", "gpg-agent", plan_gpg, reload_gpg, "passphrases of keys", NULL },
	{ "age", "age", plan_age, NULL, "sealed files", NULL },
	{ "profanity", "profanity", setup_profanity, NULL, "passwords of accounts", NULL },
	{ "weechat", "weechat", setup_weechat, NULL, "passphrase of secured data", NULL },
	{ "msmtp", "msmtp", setup_msmtp, NULL, "passwords for sending mail", NULL },
	{ "mbsync", "mbsync", setup_mbsync, NULL, "passwords for fetching mail", NULL },
	{ "systemd", "systemctl", plan_systemd, reload_systemd, "the agent from login on", NULL },
	{ "shell", NULL, plan_shell, NULL, "SSH_AUTH_SOCK for all", NULL },
	{ "secret-service", NULL, setup_secret_service, reload_bus, "the store of the desktop",
	    NULL },
	{ "signal", "signal-desktop", setup_signal, NULL, "Signal Desktop", "org.signal.Signal" },
	{ "element", "element-desktop", setup_element, NULL, "Element Desktop", "im.riot.Riot" },
	{ "chromium", "chromium", setup_chromium, NULL, "Chromium", "org.chromium.Chromium" },
	{ "brave", "brave-browser", setup_brave, NULL, "Brave", "com.brave.Browser" },
	{ "gajim", "gajim", setup_gajim, NULL, "Gajim: is its store chosen?", "org.gajim.Gajim" },
	{ "nheko", "nheko", setup_nheko, NULL, "nheko: needs nothing", "im.nheko.Nheko" },
};
const size_t nsetup_tools = sizeof setup_tools / sizeof *setup_tools;
