/* verb_forward.c - a token of this machine for another one: token serve, unlock --at. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/serving.h"
#include "cli/sshrun.h"
#include "cli/verbs.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define NAME_MAX_  127
#define REMOTE_MAX 90 /* path of a folder there: a socket's has 108 bytes */
#define NO_OWNKEY  "ownkey-none"
#define FOLDER	   "ownkey-at "

/* ---- token serve ---- */
static enum err
check_name(struct cli *c, const char *name)
{
	if (text_is_name(span_str(name)) && name[0] && strlen(name) <= NAME_MAX_)
		return ERR_OK;
	return cli_wrong(c, "the name of the other machine is too long, or no text");
}

/* In a folder of its own, or one that the person names. */
static enum err
own_path(char out[SOCK_PATH_MAX])
{
	char dir[SOCK_PATH_MAX], hex[16];
	uint8_t r[8];
	enum err e;

	if ((e = sock_dir(dir, sizeof dir)) || (e = sock_mkdir_private(dir)))
		return e;
	crypto_random(r, sizeof r);
	text_encode_raw(TEXT_HEX, SPAN(r, sizeof r), hex);
	if (snprintf(out, SOCK_PATH_MAX, "%s/token-%.16s", dir, hex) >= SOCK_PATH_MAX)
		return ERR_FORWARD_PATH;
	return ERR_OK;
}

enum err
verb_token_serve(struct cli *c)
{
	const char *path = c->args.value[ARG_SOCKET], *name = c->args.value[ARG_LABEL];
	static struct serving s;
	char own[SOCK_PATH_MAX];
	enum err e;

	if (!name)
		name = "another machine";
	if ((e = check_name(c, name)) || (!path && (e = own_path(own))))
		return e;
	s.token = span_str(cli_operand(c, 0));
	s.same_vault = args_has(&c->args, ARG_SAME_VAULT);
	if (!(e = serving_open(&s, c, path ? path : own, name))) {
		out_say(
		    "%s may use a token of this machine: unix:%s (Ctrl-C ends that)", name, s.path);
		e = serving_run(&s, NULL, NULL);
	}
	serving_close(&s);
	return e == ERR_CANCELLED ? ERR_OK : e;
}

/* ---- unlock --at ---- */
struct at {
	struct cli *c;
	const char *host;
	const char *option[ARGS_LIST];
	size_t noptions;
	char dir[REMOTE_MAX + 1]; /* there */
	struct sshrun ssh;
};

static enum err
read_args(struct at *at)
{
	struct cli *c = at->c;
	static const uint8_t fit[ARGS_SOME] = { ARG_AT, ARG_SSH_OPTION, ARG_TOKEN, ARG_FORCE,
		ARG_SAME_VAULT, ARG_ASK_STDIN, ARG_PLAIN, ARG_VAULT };

	at->host = c->args.value[ARG_AT];
	for (size_t i = 0; i < ARG_COUNT; i++)
		if (c->args.given[i] && !args_among(fit, (enum arg)i))
			return cli_wrong(c,
			    "an option that says how this vault is opened does not go "
			    "with --at");
	if (at->host[0] == '-' || !at->host[0])
		return cli_wrong(c, "that is no name of a machine");
	for (size_t i = 0; i < c->args.nlist; i++)
		if (c->args.list[i].which == ARG_SSH_OPTION)
			at->option[at->noptions++] = c->args.list[i].value;
	return check_name(c, at->host);
}

/* What the other side answers is believed only as far as it can be the name of a folder. */
static enum err
take_folder(struct at *at, struct span said)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789/._-";
	const char *text = (const char *)said.p, *p = strstr(text, FOLDER);
	size_t n;

	if (strstr(text, NO_OWNKEY))
		return ERR_FORWARD_NONE;
	if (!p)
		return ERR_FORWARD_SSH;
	p += strlen(FOLDER);
	n = strspn(p, chars);
	if (p[0] != '/' || n > REMOTE_MAX || (p[n] != '\n' && p[n] != '\r'))
		return ERR_FORWARD_PATH;
	memcpy(at->dir, p, n);
	at->dir[n] = '\0';
	return ERR_OK;
}

/* A fresh folder that nobody else may enter; a path of a socket is short. */
static const char make_folder[] =
    "umask 077; command -v ownkey >/dev/null 2>&1 || { echo " NO_OWNKEY "; exit 0; }; "
    "d=${XDG_RUNTIME_DIR:-/run/user/$(id -u)}; "
    "{ [ -d \"$d\" ] && [ -w \"$d\" ] && [ ${#d} -le 60 ]; } || d=/tmp; "
    "d=$(mktemp -d \"$d/ownkey-XXXXXXXXXX\") && echo \"" FOLDER "$d\"";

static enum err
prepare(struct at *at)
{
	struct buf said = BUF_INIT;
	enum err e;

	if ((e = sshrun_begin(&at->ssh, at->host, at->option, at->noptions)) ||
	    (e = sshrun_ask(&at->ssh, make_folder, at->c->term.cancel, &said)))
		goto out;
	buf_put_u8(&said, '\0');
	if (!(e = buf_err(&said)))
		e = take_folder(at, buf_span(&said));
out:
	buf_done(&said);
	return e;
}

/* The folder goes with the shell, whatever ends it. */
static enum err
start(struct at *at, const char *here)
{
	static char forward[SOCK_PATH_MAX + REMOTE_MAX + 8];
	struct buf script = BUF_INIT;
	enum err e;

	snprintf(forward, sizeof forward, "%s/t:%s", at->dir, here);
	buf_putf(&script,
	    "d=%s; trap \"rm -rf $d\" EXIT; trap \"exit 129\" HUP INT TERM PIPE; "
	    "ownkey unlock --token unix:$d/t; exit $?",
	    at->dir);
	if ((e = buf_err(&script)) ||
	    (e = sshrun_begin(&at->ssh, at->host, at->option, at->noptions)) ||
	    (e = sshrun_arg(&at->ssh, "-oExitOnForwardFailure=yes")) ||
	    (e = sshrun_arg(&at->ssh, "-oStreamLocalBindUnlink=yes")) ||
	    (e = sshrun_arg(&at->ssh, "-R")) || (e = sshrun_arg(&at->ssh, forward)))
		goto out;
	e = sshrun_start(&at->ssh, buf_cstr(&script));
out:
	buf_done(&script);
	return e;
}

static bool
has_ended(void *arg)
{
	return sshrun_ended(arg);
}

/* Of the command there; 255 is ssh's own word. */
static enum err
judge(const struct at *at, const struct serving *s)
{
	int status = at->ssh.status;

	if (status == 0)
		return ERR_OK;
	if (s->last == ERR_PIN_BLOCKED || s->last == ERR_PIN_LOW || s->last == ERR_NOPROMPT ||
	    s->last == ERR_TOKEN_ABSENT || s->last == ERR_TOKEN_MANY)
		return s->last;
	if (status == 127)
		return ERR_FORWARD_NONE;
	if (status == 255 || status > 128)
		return s->released ? ERR_FORWARD_LOST : ERR_FORWARD_SSH;
	return ERR_FORWARD_REMOTE;
}

static enum err
serve(struct at *at, struct serving *s, const char *here)
{
	enum err e;

	if ((e = serving_open(s, at->c, here, at->host)) || (e = prepare(at)) ||
	    (e = start(at, here)))
		return e;
	s->spare = at->ssh.pid;
	e = serving_run(s, has_ended, &at->ssh);
	sshrun_end(&at->ssh);
	return e ? e : judge(at, s);
}

enum err
verb_unlock_at(struct cli *c)
{
	struct at at = { .c = c };
	static struct serving s;
	char here[SOCK_PATH_MAX];
	enum err e;

	s.c = c;
	s.listener = s.remote = -1;
	if ((e = read_args(&at)) || (e = own_path(here)))
		return e;
	s.token = cli_value(c, ARG_TOKEN);
	s.same_vault = args_has(&c->args, ARG_SAME_VAULT);
	e = serve(&at, &s, here);
	serving_close(&s);
	c->detail[0] = '\0';
	if (!e)
		out_say("%s is open", at.host);
	return e;
}
