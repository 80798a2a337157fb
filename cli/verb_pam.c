/* verb_pam.c - tokens that log in: lines of the map, and whether /etc/pam.d makes sense. */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/infile.h"
#include "cli/pamline.h"
#include "cli/pamssh.h"
#include "cli/pamstack.h"
#include "cli/pamu2f.h"
#include "cli/verbs.h"
#include "lib/text.h"

#define PAM_DIR	 "/etc/pam.d"
#define MAP_MOST (1024 * 1024)
#define SLOTS	 16
#define SSH_MOST ((size_t)256 * 1024)

static const char *
own_name(void)
{
	const struct passwd *pw = getpwuid(getuid());

	return pw ? pw->pw_name : "";
}

/* ---- enroll ---- */
/* As `slot list` counts, or by its hint; none: every token. */
static bool
is_meant(const char *which, const struct pamline_slot *s)
{
	char *end;

	if (!which || (s->hint[0] && strcmp(which, s->hint) == 0))
		return true;
	return strtoul(which, &end, 10) == s->number && *which && !*end;
}

static void
enroll_slot(const struct pamline_slot *s, const char *user)
{
	struct buf line = BUF_INIT;

	pamline_put(s, user, &line);
	fwrite(line.p, 1, line.len, stdout);
	if (s->pass)
		out_say("slot %u wants its passphrase, too: its token logs in, and the vault "
			"stays locked until 'ownkey unlock'",
		    s->number);
	buf_done(&line);
}

static bool
is_name(const char *user)
{
	return user[0] && user[0] != '#' && !user[strcspn(user, " \t\n:/")];
}

/* Every key of a file, or of what `ssh-add -L` says; all of them, or none. */
static enum err
enroll_ssh(struct cli *c, const char *path, const char *user)
{
	struct buf text = BUF_INIT, lines = BUF_INIT;
	enum err e = infile_read(c, path, SSH_MOST, &text);
	struct span rest = buf_span(&text);

	for (unsigned n = 1; !e && rest.len; n++) {
		const uint8_t *nl = memchr(rest.p, '\n', rest.len);
		struct span line = SPAN(rest.p, nl ? (size_t)(nl - rest.p) : rest.len);

		rest = nl ? SPAN(nl + 1, rest.len - line.len - 1) : SPAN_NONE;
		if (!line.len || line.p[0] == '#')
			continue;
		if ((e = pamssh_put(line, user, &lines)))
			snprintf(c->detail, sizeof c->detail, "line %u", n);
	}
	if (!e && !lines.len)
		e = ERR_SSHKEY_FORMAT;
	if (!e) {
		fwrite(lines.p, 1, lines.len, stdout);
		out_say("For the administrator, who adds it to " PAMLINE_MAP ".");
		out_say("It counts where pam_ownkey has from-agent: pam_ownkey(8).");
	}
	buf_done(&text);
	buf_done(&lines);
	return e;
}

static enum err
enroll_slots(struct cli *c, const char *which, const char *user)
{
	struct buf head = BUF_INIT;
	struct pamline_slot s;
	size_t n = 0;
	enum err e;

	if ((e = pamline_head(c, &head)))
		goto out;
	for (unsigned i = 0; i < SLOTS; i++)
		if (!pamline_slot(buf_span(&head), i, &s) && is_meant(which, &s)) {
			enroll_slot(&s, user);
			n++;
		}
	if (!n) {
		snprintf(c->detail, sizeof c->detail, "no way in with a token%s%.64s",
		    which ? ": " : "", which ? which : "");
		e = ERR_NOTFOUND;
	} else {
		out_say("For the administrator, who adds it to " PAMLINE_MAP ":");
		out_say("  sudo mkdir -p /etc/ownkey");
		out_say("  ownkey pam enroll | sudo tee -a " PAMLINE_MAP);
	}
out:
	buf_done(&head);
	return e;
}

enum err
verb_pam_enroll(struct cli *c)
{
	const char *file = c->args.value[ARG_SSH_KEY];
	const char *which = file ? NULL : cli_operand(c, 0), *user = cli_operand(c, file ? 0 : 1);

	if (file && cli_operand(c, 1))
		return cli_wrong(c, "--ssh-key names no slot");
	user = user ? user : own_name();
	if (!is_name(user))
		return cli_wrong(c, "that is no name of an account");
	return file ? enroll_ssh(c, file, user) : enroll_slots(c, which, user);
}

/* ---- list ---- */
static struct span
word(struct span *rest)
{
	struct span w = { rest->p, 0 };

	while (w.len < rest->len && rest->p[w.len] != ' ')
		w.len++;
	*rest = w.len < rest->len ? SPAN(rest->p + w.len + 1, rest->len - w.len - 1) : SPAN_NONE;
	return w;
}

/* What became of the way in that the line was made from. */
static const char *
state_of(struct span head, struct span cred, struct span salt)
{
	struct pamline_slot s;
	const char *state = "logs in; no way into your vault";
	struct buf b = BUF_INIT;

	for (unsigned i = 0; head.len && i < SLOTS; i++) {
		if (pamline_slot(head, i, &s))
			continue;
		buf_reset(&b);
		text_encode(TEXT_BASE64, s.cred_id, &b);
		if (!span_eq(buf_span(&b), cred))
			continue;
		buf_reset(&b);
		text_encode(TEXT_BASE64, s.salt, &b);
		if (s.pass || span_is(salt, "-") || !salt.len)
			state = "logs in; the vault stays locked";
		else
			state = span_eq(buf_span(&b), salt) ? "logs in and unlocks"
							    : "logs in; stale: enroll it again";
	}
	buf_done(&b);
	return head.len ? state : "logs in";
}

static void
list_ssh(struct span line)
{
	struct span flags = word(&line), type = word(&line);

	(void)word(&line);
	out_text(stdout, line.len ? line : SPAN_LIT("(no name)"));
	fputs("\n  ", stdout);
	out_text(stdout, type);
	fputs(span_is(flags, "-") ? "" : " ", stdout);
	out_text(stdout, span_is(flags, "-") ? SPAN_NONE : flags);
	fputs("\n  signs logins, by your ssh agent\n", stdout);
}

static void
list_line(struct span line, struct span head)
{
	struct span cred, salt, flags;

	(void)word(&line);
	if (span_is(word(&line), "ssh-agent")) {
		list_ssh(line);
		return;
	}
	(void)word(&line);
	flags = word(&line);
	cred = word(&line);
	(void)word(&line);
	salt = word(&line);
	out_text(stdout, line.len ? line : SPAN_LIT("(no name)"));
	fputs("\n  ", stdout);
	out_text(stdout, flags);
	printf("  %s\n", state_of(head, cred, salt));
}

/* What pam_u2f's line of an account holds; of one that a later one replaced only whether it is
 * understood, because that is asked of all of them.  False: it is not. */
static bool
list_u2f(struct span line, bool counts)
{
	struct pamu2f_token t;
	bool taken = true;

	for (unsigned n = 1; pamu2f_next(&line, &t); n++) {
		taken &= !t.refused;
		if (counts)
			printf("pam_u2f %u\n  %s%s%s\n", n, t.flags, t.flags[0] ? "  " : "",
			    t.refused ? t.refused : "logs in; unlocks nothing");
		else if (t.refused)
			printf("pam_u2f, an earlier line\n  %s\n", t.refused);
	}
	return taken;
}

/* Its name is the account's, and is dropped; pam_u2f's name ends with ':'. */
static bool
is_theirs(struct span *line, const char *user, bool *u2f)
{
	size_t n = strlen(user);

	*u2f = line->len > n && line->p[n] == ':';
	if (line->len < n || (n && memcmp(line->p, user, n) != 0) ||
	    (line->len > n && !*u2f && line->p[n] != ' ' && line->p[n] != '\t'))
		return false;
	*line = *u2f ? SPAN(line->p + n + 1, line->len - n - 1) : *line;
	return true;
}

enum err
verb_pam_list(struct cli *c)
{
	const char *path = cli_operand(c, 0), *user = own_name();
	struct buf text = BUF_INIT, head = BUF_INIT;
	enum err e = infile_read(c, path ? path : PAMLINE_MAP, MAP_MOST, &text);
	struct span rest = buf_span(&text), last = SPAN_NONE;
	bool u2f, taken = true;
	size_t n = 0;

	/* without a vault the lines are still worth showing */
	if (!e && pamline_head(c, &head))
		buf_reset(&head);
	while (!e && rest.len) {
		const uint8_t *nl = memchr(rest.p, '\n', rest.len);
		struct span line = SPAN(rest.p, nl ? (size_t)(nl - rest.p) : rest.len);

		rest = nl ? SPAN(nl + 1, rest.len - line.len - 1) : SPAN_NONE;
		if (!is_theirs(&line, user, &u2f))
			continue;
		if (u2f) {
			taken &= !last.p || list_u2f(last, false);
			last = line;
		} else
			list_line(line, buf_span(&head));
		n++;
	}
	taken &= !last.p || list_u2f(last, true);
	if (!taken)
		out_say("You log in with none of them: what is refused makes all your lines count "
			"for nothing.  Take it out.");
	if (!e && !n)
		out_say("No token of %s is there.", user);
	buf_done(&head);
	buf_done(&text);
	return e;
}

/* ---- test ---- */
/* By pamtester, in our place: PAM is none of this program's business, and its conversation none of
 * the module's. */
enum err
verb_pam_test(struct cli *c)
{
	const char *service = cli_operand(c, 0), *user = cli_operand(c, 1);

	if (!service[0] || strchr(service, '/') || service[0] == '-')
		return cli_wrong(c, "a service is a file of " PAM_DIR);
	if (!user)
		user = own_name();
	if (user[0] == '-' || !user[0])
		return cli_wrong(c, "this user has no name");
	execlp("pamtester", "pamtester", service, user, "authenticate", (char *)NULL);
	snprintf(c->detail, sizeof c->detail, "pamtester");
	snprintf(c->hint, sizeof c->hint, "install the package pamtester, and try again");
	return ERR_NOPROGRAM;
}

/* ---- check ---- */
struct finding {
	bool bad;
	const char *text;
};

static struct finding
judge(const struct pamstack *s)
{
	/* nobody has proven anything, in each way that ours can say so */
	if (pamstack_admits(s, PAMSTACK_FAILS, PAMSTACK_FAILS) ||
	    pamstack_admits(s, PAMSTACK_ABSENT, PAMSTACK_FAILS) ||
	    pamstack_admits(s, PAMSTACK_UNKNOWN, PAMSTACK_FAILS))
		return (struct finding){ true, "lets everyone in, without token and password" };
	if (pamstack_admits(s, PAMSTACK_IGNORE, PAMSTACK_FAILS))
		return (
		    struct finding){ true, "nouserok lets everyone in who has no token enrolled" };
	if (!pamstack_admits(s, PAMSTACK_SUCCESS, PAMSTACK_SUCCESS))
		return (struct finding){ true, "lets nobody in, token or not" };
	if (!pamstack_admits(s, PAMSTACK_UNKNOWN, PAMSTACK_SUCCESS) &&
	    !pamstack_admits(s, PAMSTACK_IGNORE, PAMSTACK_SUCCESS))
		return (struct finding){ true,
			"locks out whoever has no token enrolled, root included: no fallback" };
	if (!pamstack_admits(s, PAMSTACK_ABSENT, PAMSTACK_SUCCESS))
		return (
		    struct finding){ false, "a token is needed: who loses theirs is locked out" };
	if (!pamstack_admits(s, PAMSTACK_SUCCESS, PAMSTACK_FAILS))
		return (struct finding){ false, "a token alone is not enough" };
	return (struct finding){ false, "a token, or else what comes after it" };
}

/* sudo never unlocks; Debian's common-* are pieces of others. */
static bool
opens_sessions(const char *service)
{
	return strncmp(service, "sudo", 4) != 0 && strncmp(service, "common-", 7) != 0;
}

static bool
check_service(const char *dir, const char *name, size_t *ours, bool *bad)
{
	static struct pamstack s;
	struct finding f;
	enum err e = pamstack_read(dir, name, &s);

	if (e && !s.ours && e != ERR_TOOBIG)
		return false; /* somebody else's, and not about us */
	*ours += 1;
	f = e ? (struct finding){ true, s.wrong[0] ? s.wrong : err_text(e) } : judge(&s);
	if (!e && !s.ours) {
		*ours -= 1;
		return false;
	}
	*bad |= f.bad;
	out_row(f.bad ? "warn" : "ok", "%s", name);
	out_row_fold("", f.text);
	if (!e && s.unlocks && !s.sessions && opens_sessions(name))
		out_row_fold("", "no line of session: a login here unlocks no vault");
	return true;
}

enum err
verb_pam_check(struct cli *c)
{
	const char *dir = cli_operand(c, 0);
	struct dirent **names;
	size_t ours = 0;
	bool bad = false;
	int n;

	dir = dir ? dir : PAM_DIR;
	if ((n = scandir(dir, &names, NULL, alphasort)) < 0) {
		snprintf(c->detail, sizeof c->detail, "%.500s", dir);
		return err_of_errno(errno);
	}
	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.')
			(void)check_service(dir, names[i]->d_name, &ours, &bad);
		free(names[i]);
	}
	free(names);
	if (!ours)
		out_say("No service uses pam_ownkey.so.");
	return bad ? ERR_PAM_STACK : ERR_OK;
}
