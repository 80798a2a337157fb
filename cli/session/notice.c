/*
 * notice.c - one notification for all that waits for the person: replaced, never stacked, closed
 * when it was answered.  Names of programs and keys only where notify_names allows them: phones and
 * logs mirror notifications.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/session/session.h"
#include "lib/buf.h"
#include "lib/log.h"
#include "lib/text.h"

#define SERVER	 "org.freedesktop.Notifications"
#define OBJECT	 "/org/freedesktop/Notifications"
#define WAITING	 16
#define TEXT_MAX 300

struct waiting {
	uint64_t which; /* 0 = free */
	uint64_t kind;
	char text[TEXT_MAX];
};

struct notice {
	struct session *s;
	struct waiting waiting[WAITING]; /* the newest first */
	uint32_t id;			 /* of what is shown; 0 = nothing */
	bool busy;			 /* the server has not said its id yet */
	bool stale;			 /* and what it shows is not what waits */
	sd_bus_slot *call;
};

static void show(struct notice *n);

/* ---- the server ---- */
static int
on_shown(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct notice *n = arg;

	(void)error;
	n->busy = false;
	n->call = sd_bus_slot_unref(n->call);
	n->id = 0;
	if (sd_bus_message_is_method_error(m, NULL))
		log_debug("no notifications: %s", sd_bus_message_get_error(m)->name);
	else if (sd_bus_message_read(m, "u", &n->id) < 0)
		n->id = 0;
	if (n->stale)
		show(n);
	return 0;
}

static const char *
summary(uint64_t kind)
{
	switch (kind) {
	case OPS_EV_TOUCH:
		return "ownkey: touch your token";
	case OPS_EV_WAIT_TOKEN:
		return "ownkey: plug in your token";
	case OPS_EV_NEED_PIN:
		return "ownkey: your PIN is asked for";
	default:
		return "ownkey: your passphrase is asked for";
	}
}

/* Urgent: it is wanted within seconds.  It stays until it is answered, and in no history. */
static int
fill(sd_bus_message *m, const struct notice *n)
{
	const struct waiting *w = &n->waiting[0];
	int r;

	if ((r = sd_bus_message_append(m, "susssas", "ownkey", n->id, "dialog-password",
		 summary(w->kind), w->text, 2, "lock", "Lock now")) < 0)
		return r;
	return sd_bus_message_append(
	    m, "a{sv}i", 3, "urgency", "y", 2, "transient", "b", 1, "category", "s", "device", 0);
}

static void
call_show(struct notice *n)
{
	sd_bus_message *m = NULL;

	if (sd_bus_message_new_method_call(n->s->bus, &m, SERVER, OBJECT, SERVER, "Notify") >= 0 &&
	    fill(m, n) >= 0 && sd_bus_call_async(n->s->bus, &n->call, m, on_shown, n, 0) >= 0)
		n->busy = true;
	else
		log_warn("a notification could not be sent");
	sd_bus_message_unref(m);
}

static void
show(struct notice *n)
{
	n->stale = n->busy;
	if (n->busy || !n->s->bus)
		return;
	if (n->waiting[0].which) {
		call_show(n);
	} else if (n->id) {
		if (sd_bus_call_method_async(n->s->bus, NULL, SERVER, OBJECT, SERVER,
			"CloseNotification", NULL, NULL, "u", n->id) < 0)
			log_debug("a notification could not be closed");
		n->id = 0;
	}
}

static int
on_action(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct notice *n = arg;
	const char *key;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "us", &id, &key) >= 0 && n->id && id == n->id &&
	    strcmp(key, "lock") == 0)
		locker_lock(n->s, "notification");
	return 0;
}

static int
on_closed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct notice *n = arg;
	uint32_t id, reason;

	(void)error;
	if (sd_bus_message_read(m, "uu", &id, &reason) >= 0 && id == n->id)
		n->id = 0;
	return 0;
}

/* Another server knows nothing of what that one showed. */
static int
on_owner(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct notice *n = arg;

	(void)m;
	(void)error;
	n->id = 0;
	return 0;
}

/* ---- what waits ---- */
static size_t
find(const struct notice *n, uint64_t which)
{
	size_t i = 0;

	while (i < WAITING && n->waiting[i].which != which)
		i++;
	return i;
}

static void
forget(struct notice *n, uint64_t which)
{
	size_t i = find(n, which);

	if (i == WAITING)
		return;
	memmove(&n->waiting[i], &n->waiting[i + 1], (WAITING - i - 1) * sizeof n->waiting[0]);
	n->waiting[WAITING - 1] = (struct waiting){ 0 };
}

/* Servers may read the body as markup. */
static void
put_escaped(struct span s, char *out, size_t cap)
{
	size_t n = 0, i;

	for (i = 0; i < s.len && n + 8 < cap; i++) {
		const char *entity = s.p[i] == '&' ? "&amp;"
		    : s.p[i] == '<'		   ? "&lt;"
		    : s.p[i] == '>'		   ? "&gt;"
						   : NULL;

		if (entity)
			n += strlen(strcpy(out + n, entity));
		else
			out[n++] = (char)s.p[i];
	}
	/* never half a character, which would end the connection to the bus */
	while (i < s.len && n && ((uint8_t)out[n - 1] & 0xc0) == 0x80)
		n--;
	if (i < s.len && n && ((uint8_t)out[n - 1] & 0x80))
		n--;
	out[n] = '\0';
}

static void
describe(const struct session *s, const struct ops_event *ev, char *out, size_t cap)
{
	struct buf b = BUF_INIT;

	out[0] = '\0';
	if (!s->conf.notify_names)
		return;
	text_printable(ev->text, &b);
	if (ev->label.len) {
		buf_put_span(&b, SPAN_LIT(", "));
		text_printable(ev->label, &b);
	}
	if (!buf_err(&b))
		put_escaped(buf_span(&b), out, cap);
	buf_done(&b);
}

void
notice_take(struct session *s, const struct ops_event *ev)
{
	struct notice *n = s->notice;
	struct waiting w = { .which = ev->which, .kind = ev->kind };

	if (ev->request || !ev->which || !s->conf.notify)
		return;
	forget(n, ev->which);
	switch (ev->kind) {
	case OPS_EV_TOUCH:
	case OPS_EV_WAIT_TOKEN:
	case OPS_EV_NEED_PIN:
	case OPS_EV_NEED_PASS:
		describe(s, ev, w.text, sizeof w.text);
		memmove(&n->waiting[1], &n->waiting[0], (WAITING - 1) * sizeof w);
		n->waiting[0] = w;
		break;
	default:
		break;
	}
	show(n);
}

void
notice_clear(struct session *s)
{
	memset(s->notice->waiting, 0, sizeof s->notice->waiting);
	show(s->notice);
}

enum err
notice_start(struct session *s)
{
	struct notice *n = s->notice = calloc(1, sizeof *n);

	if (!n)
		return ERR_NOMEM;
	n->s = s;
	if (!s->bus)
		return ERR_OK;
	if (sd_bus_match_signal_async(
		s->bus, NULL, SERVER, OBJECT, SERVER, "ActionInvoked", on_action, NULL, n) < 0 ||
	    sd_bus_match_signal_async(s->bus, NULL, SERVER, OBJECT, SERVER, "NotificationClosed",
		on_closed, NULL, n) < 0 ||
	    sd_bus_add_match_async(s->bus, NULL,
		"type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',"
		"arg0='" SERVER "'",
		on_owner, NULL, n) < 0)
		return ERR_NOMEM;
	return ERR_OK;
}

void
notice_done(struct session *s)
{
	if (s->notice)
		sd_bus_slot_unref(s->notice->call);
	free(s->notice);
	s->notice = NULL;
}
