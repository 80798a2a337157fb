/* kept.c - a client of the agent. */
#include "cli/pinentry/kept.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/pinentry/wrong.h"
#include "lib/client.h"
#include "lib/paths.h"

/* ---- what the person is told ---- */
/* gpg-agent lends us the terminal, as it does to every pinentry.  A desktop has notifications. */
static void
tell(const char *tty, const char *text)
{
	int fd = open(tty, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return;
	if (isatty(fd) && !fstat(fd, &st) && st.st_uid == getuid())
		(void)!write(fd, text, strlen(text));
	close(fd);
}

static void
on_event(void *arg, const struct ops_event *ev)
{
	const struct settings *s = arg;

	if (!s->tty[0])
		return;
	if (ev->kind == OPS_EV_TOUCH)
		tell(s->tty, "\r\aownkey: touch your token now, for gpg\r\n");
	else if (ev->kind == OPS_EV_WAIT_TOKEN)
		tell(s->tty, "\rownkey: plug in your token, for gpg\r\n");
}

/* ---- the connection ---- */
static struct span
or_ours(const char *said, const char *name)
{
	const char *v = said[0] ? said : getenv(name);

	return v && strlen(v) < 256 ? span_str(v) : SPAN_NONE;
}

/* Not interactive: a PIN is asked for by the agent's own prompt, where gpg-agent said. */
static enum err
open_agent(const struct settings *s, struct client_conn *c)
{
	struct ops_hello h = { .client =
				   SPAN_LIT("gpg-agent (pinentry-ownkey " OWNKEY_VERSION ")") };

	h.tty = span_str(s->tty);
	h.lang = span_str(s->lang);
	h.display = or_ours(s->display, "DISPLAY");
	h.wayland = or_ours("", "WAYLAND_DISPLAY");
	h.xauthority = or_ours("", "XAUTHORITY");
	h.bus = or_ours("", "DBUS_SESSION_BUS_ADDRESS");
	return client_open(c, &h);
}

/* No agent is started for somebody who has no vault. */
static enum err
connect_agent(const struct settings *s, struct client_conn *c)
{
	char path[PATHS_MAX];
	enum err e = open_agent(s, c);

	if (e != ERR_NOAGENT || paths_vault(NULL, path, sizeof path) || access(path, F_OK))
		return e;
	if ((e = client_start_agent(NULL)) == ERR_OK || e == ERR_BUSY)
		e = open_agent(s, c);
	return e;
}

static enum err
unlock(struct client_conn *c)
{
	struct ops_unlock q = { .has = 0 };
	struct ops_unlock_rep rep;

	if (!c->hello.locked)
		return ERR_OK;
	wire_mark(&ops_unlock_map, &q);
	return client_call(c, OP_UNLOCK, &q, &rep);
}

/* ---- the secret ---- */
/* The list has names that contain this one, too. */
static enum err
find(struct client_conn *c, struct span name, uint64_t *mtime)
{
	struct ops_page q = { .match = name };
	struct ops_item_list_rep rep;
	struct ops_item it;
	struct cbor at;
	enum err e;

	wire_mark(&ops_page_map, &q);
	if ((e = client_call(c, OP_SECRET_LIST, &q, &rep)))
		return e;
	for (at = wire_each(&rep.items); !cbor_at_end(&at);) {
		if ((e = wire_next(&ops_item_map, &at, &it)))
			return e;
		if (span_eq(it.label, name)) {
			*mtime = it.mtime;
			return ERR_OK;
		}
	}
	return ERR_NOTFOUND;
}

static enum err
get(struct client_conn *c, struct span name, struct sec *out)
{
	struct ops_secret q = { .label = name };
	struct ops_secret_rep rep;
	enum err e;

	wire_mark(&ops_secret_map, &q);
	if ((e = client_call(c, OP_SECRET_GET, &q, &rep)))
		return e == ERR_CANCELLED ? ERR_REFUSED : e;
	if (rep.value.len == 0 || memchr(rep.value.p, 0, rep.value.len))
		return ERR_FORMAT;
	e = sec_set(out, rep.value);
	buf_reset(&c->frame); /* wiped now, not when we end */
	return e;
}

enum err
kept_get(const struct settings *s, int cancel, struct sec *out)
{
	char name[REQUEST_KEYGRIP + 8];
	struct client_conn c;
	uint64_t mtime = 0;
	enum err e;

	snprintf(name, sizeof name, "gpg/%s", s->keygrip);
	if ((e = connect_agent(s, &c)))
		return e;
	c.cancel_fd = cancel;
	c.event = on_event;
	c.arg = (void *)(uintptr_t)s;
	if (!(e = unlock(&c)) && !(e = find(&c, span_str(name), &mtime)))
		e = wrong_is(s->keygrip, mtime) ? ERR_NOTFOUND : get(&c, span_str(name), out);
	/* what cannot be remembered as wrong would be given again and again */
	if (!e)
		e = wrong_given(s->keygrip, mtime);
	client_close(&c);
	return e;
}
