/* agent.c - requests to the agent, with age between it and the person. */
#include "cli/age/agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "lib/text.h"

#define AGAIN_MOST 3 /* locked again in between: how often it is unlocked */

enum err
agent_init(struct agent *a, struct chat *t)
{
	*a = (struct agent){ .t = t };
	a->alarm = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	return a->alarm < 0 ? ERR_IO : ERR_OK;
}

void
agent_done(struct agent *a)
{
	if (a->is_open)
		client_close(&a->conn);
	if (a->alarm >= 0)
		close(a->alarm);
	a->is_open = false;
	a->alarm = -1;
}

/* ---- patience ---- */
static void
set_alarm(const struct agent *a, time_t s, long ns)
{
	struct itimerspec at = { .it_value = { s, ns } };

	(void)timerfd_settime(a->alarm, 0, &at, NULL);
}

/* The request is cancelled as soon as the client looks. */
static void
give_up(struct agent *a, enum err e)
{
	if (e == ERR_REFUSED)
		a->gave_up = true;
	else if (e)
		a->broke = e;
	if (e)
		set_alarm(a, 0, 1);
}

/* ---- events ---- */
/* age shows one line. */
static void
put_line(struct span text, struct buf *b)
{
	const uint8_t *lf;

	while (text.len && (lf = memchr(text.p, '\n', text.len))) {
		size_t n = (size_t)(lf - text.p);

		text_printable(SPAN(text.p, n), b);
		buf_put_str(b, ", ");
		text = SPAN(lf + 1, text.len - n - 1);
	}
	text_printable(text, b);
}

static void
on_touch(struct agent *a, const struct ops_event *ev)
{
	struct buf b = BUF_INIT;

	buf_put_str(&b, "touch your token now");
	if (ev->label.len) {
		buf_put_str(&b, ": ");
		put_line(ev->label, &b);
	}
	if (ev->text.len) {
		buf_put_str(&b, " (");
		put_line(ev->text, &b);
		buf_put_str(&b, ")");
	}
	give_up(a, chat_msg(a->t, "%s", buf_cstr(&b)));
	buf_done(&b);
}

static void
on_text(struct agent *a, const struct ops_event *ev)
{
	struct buf b = BUF_INIT;

	put_line(ev->text.len ? ev->text : SPAN_LIT("plug in your token; waiting for it"), &b);
	give_up(a, chat_msg(a->t, "%s", buf_cstr(&b)));
	buf_done(&b);
}

static enum err
send_answer(const struct ops_event *ev, struct span text)
{
	enum err e;
	int fd;

	if ((e = client_secret_open(ev->job, &fd)))
		return e;
	e = client_secret_send(fd, text);
	close(fd);
	return e;
}

/* age asks the person, and gives the answer to us and nobody else. */
static void
on_ask(struct agent *a, const struct ops_event *ev)
{
	struct buf b = BUF_INIT;
	struct stanza reply;
	enum err e;

	if (ev->err) {
		buf_put_str(&b, err_text((enum err)ev->err));
		if (ev->retries)
			buf_putf(&b, ", %u tries left", (unsigned)ev->retries);
		buf_put_str(&b, ".  ");
	}
	put_line(ev->text.len ? ev->text : SPAN_LIT("PIN or passphrase"), &b);
	buf_put_str(&b, ":");
	e = chat_ask(a->t, "request-secret", buf_span(&b), &reply);
	if (!e && (e = send_answer(ev, reply.body)) == ERR_HANGUP)
		e = ERR_OK; /* nobody waits for it any more; the request says why */
	give_up(a, e);
	buf_done(&b);
}

static void
on_event(void *arg, const struct ops_event *ev)
{
	struct agent *a = arg;

	switch (ev->kind) {
	case OPS_EV_TOUCH:
		on_touch(a, ev);
		break;
	case OPS_EV_WAIT_TOKEN:
	case OPS_EV_NOTE:
		on_text(a, ev);
		break;
	case OPS_EV_NEED_PIN:
	case OPS_EV_NEED_PASS:
		on_ask(a, ev);
		break;
	case OPS_EV_NEED_WORDS: /* 24 words are for a terminal of ours */
		give_up(a, ERR_REFUSED);
		break;
	default:
		break;
	}
}

/* ---- the connection ---- */
static struct span
variable(const char *name, size_t most)
{
	const char *v = getenv(name);

	return v && strlen(v) <= most ? span_str(v) : SPAN_NONE;
}

/* age asks on its terminal, which is ours, too; without one the agent's prompt program may. */
static bool
is_terminal_there(void)
{
	int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static enum err
connect_agent(struct agent *a)
{
	struct ops_hello h = { .client = SPAN_LIT("age-plugin-ownkey " OWNKEY_VERSION) };
	enum err e;

	if (a->is_open)
		return ERR_OK;
	h.interactive = is_terminal_there();
	h.display = variable("DISPLAY", 255);
	h.wayland = variable("WAYLAND_DISPLAY", 255);
	h.xauthority = variable("XAUTHORITY", 255);
	h.bus = variable("DBUS_SESSION_BUS_ADDRESS", 255);
	h.lang = variable("LANG", 63);
	/* two at once may both try to start it: who lost finds the winner's */
	if ((e = client_open(&a->conn, &h)) == ERR_NOAGENT) {
		enum err started = client_start_agent(NULL);

		e = client_open(&a->conn, &h);
		if (e == ERR_NOAGENT && started)
			e = started;
	}
	if (e)
		return e;
	a->is_open = true;
	a->conn.event = on_event;
	a->conn.arg = a;
	a->conn.cancel_fd = a->alarm;
	return ERR_OK;
}

static enum err
call_once(struct agent *a, enum op op, const void *req, void *rep)
{
	enum err e;

	a->gave_up = false;
	set_alarm(a, AGENT_PATIENCE_S, 0);
	e = client_call(&a->conn, op, req, rep);
	set_alarm(a, 0, 0);
	if (a->broke)
		return a->broke;
	if (e == ERR_CANCELLED)
		e = a->gave_up ? ERR_REFUSED : ERR_TIMEOUT;
	return e;
}

static enum err
unlock(struct agent *a)
{
	struct ops_unlock req = { .has = 0 };
	enum err e;

	if ((e = chat_msg(a->t, "the vault is locked: have your token ready")))
		return e;
	return call_once(a, OP_UNLOCK, &req, NULL);
}

/* It may be locked before, and again at any time. */
static enum err
call(struct agent *a, enum op op, const void *req, void *rep)
{
	enum err e;

	if ((e = connect_agent(a)))
		return e;
	e = call_once(a, op, req, rep);
	for (int i = 0; e == ERR_LOCKED && i < AGAIN_MOST; i++)
		if (!(e = unlock(a)))
			e = call_once(a, op, req, rep);
	return e;
}

/* ---- requests ---- */
static enum err
take_keys(const struct ops_decrypt_rep *rep, const struct agent_try *try)
{
	struct cbor c = wire_each(&rep->keys);
	struct ops_file_key k;
	enum err e;

	while (!cbor_at_end(&c)) {
		if ((e = wire_next(&ops_file_key_map, &c, &k)))
			return e;
		if (k.stanza >= try->n)
			return ERR_FORMAT;
		memcpy(try->file_keys->p + k.stanza * AGE_FILE_KEY, k.key.p, AGE_FILE_KEY);
		try->found[k.stanza] = true;
	}
	return ERR_OK;
}

enum err
agent_decrypt(struct agent *a, struct span label, const struct agent_try *try)
{
	struct ops_decrypt req = { .type = OPS_DECRYPT_AGE, .label = label };
	struct ops_age_stanza *s = calloc(try->n + 1, sizeof *s);
	struct ops_decrypt_rep rep;
	enum err e;

	if (!s)
		return ERR_NOMEM;
	for (size_t i = 0; i < try->n; i++) {
		s[i].share = SPAN(try->w[i]->share, 32);
		s[i].body = SPAN(try->w[i]->body, 32);
		wire_mark(&ops_age_stanza_map, &s[i]);
	}
	req.stanzas = (struct wire_list){ .v = s, .n = try->n };
	wire_mark(&ops_decrypt_map, &req);
	if (!(e = call(a, OP_DECRYPT, &req, &rep)))
		e = take_keys(&rep, try);
	buf_reset(&a->conn.frame); /* file keys stay no longer than they are needed */
	free(s);
	return e;
}

enum err
agent_secret(struct agent *a, const struct agent_cred *cred, struct span salt, struct sec *out)
{
	struct ops_token_assert req = { .rp_id = cred->rp,
		.salt = salt,
		.uv = cred->uv,
		.creds = { .v = &cred->cred, .n = 1 } };
	struct ops_token_assert_rep rep;
	enum err e;

	wire_mark(&ops_token_assert_map, &req);
	if (!(e = call(a, OP_TOKEN_ASSERT, &req, &rep)))
		e = rep.secret.len == salt.len ? sec_init_copy(out, rep.secret) : ERR_FORMAT;
	buf_reset(&a->conn.frame);
	return e;
}

/* ---- recipients ---- */
static enum err
take_recipients(const struct ops_item_list_rep *rep, struct span label, uint8_t (*pubs)[32],
    size_t cap, size_t *n)
{
	struct cbor c = wire_each(&rep->items);
	struct ops_item it;
	enum err e;

	while (!cbor_at_end(&c)) {
		if ((e = wire_next(&ops_item_map, &c, &it)))
			return e;
		if (label.len ? !span_eq(label, it.label) : it.state != 0)
			continue;
		if (*n == cap)
			return ERR_TOOBIG;
		if ((e = age_recipient_parse(it.shown, pubs[*n])))
			return e;
		(*n)++;
	}
	return ERR_OK;
}

static enum err
list(struct agent *a, struct span label, uint8_t (*pubs)[32], size_t cap, size_t *n)
{
	struct ops_page page = { .service = SPAN_LIT("age"), .match = label };
	struct ops_item_list_rep rep;
	struct buf cursor = BUF_INIT;
	enum err e;

	*n = 0;
	do {
		page.cursor = buf_span(&cursor);
		wire_mark(&ops_page_map, &page);
		if ((e = call(a, OP_ID_LIST, &page, &rep)) ||
		    (e = take_recipients(&rep, label, pubs, cap, n)))
			break;
		buf_reset(&cursor);
		buf_put_span(&cursor, rep.cursor);
	} while (cursor.len && !(e = buf_err(&cursor)));
	buf_done(&cursor);
	return e;
}

enum err
agent_recipient(struct agent *a, struct span label, uint8_t pub[32])
{
	uint8_t pubs[1][32];
	size_t n;
	enum err e;

	if ((e = list(a, label, pubs, 1, &n)))
		return e;
	if (n != 1)
		return ERR_NOTFOUND;
	memcpy(pub, pubs[0], 32);
	return ERR_OK;
}

enum err
agent_recipients(struct agent *a, uint8_t (*pubs)[32], size_t cap, size_t *n)
{
	enum err e = list(a, SPAN_NONE, pubs, cap, n);

	return !e && *n == 0 ? ERR_AGE_NONE : e;
}
