/* ssh.c - messages of the ssh-agent protocol: each is answered, in order, or its sender is gone. */
#include <stdlib.h>

#include "agent/door/front.h"
#include "lib/log.h"
#include "lib/sshlogin.h"
#include "lib/text.h"

#define LIST_REQUEST SPAN_LIT("\x0b")
#define SESSION_BIND "session-bind@openssh.com"

/* ---- answers, in order ---- */
static struct pending *
slot(struct conn *c, uint64_t id)
{
	return &c->pending[id % FRONT_IN_FLIGHT];
}

static void
put(struct conn *c, struct span message)
{
	if (chan_put(&c->chan, message))
		c->closing = true;
	conn_mark(c);
}

static enum err
keep_early(struct conn *c, uint64_t id, struct span message)
{
	struct ssh_conn *s = c->ssh;
	struct buf *b;

	if (!s->early && !(s->early = calloc(FRONT_IN_FLIGHT, sizeof *s->early)))
		return ERR_NOMEM;
	b = &s->early[id % FRONT_IN_FLIGHT];
	buf_reset(b);
	buf_put_span(b, message);
	return buf_err(b);
}

static void
settle(struct conn *c, uint64_t id)
{
	bool slow = slot(c, id)->slow;

	*slot(c, id) = (struct pending){ 0 };
	c->npending--;
	if (slow)
		ssh_slow_end(c);
}

/* The oldest has been answered: what came before its turn follows. */
static void
put_early(struct conn *c)
{
	struct ssh_conn *s = c->ssh;

	while (s->first < s->next && !slot(c, s->first)->id) {
		put(c, buf_span(&s->early[s->first % FRONT_IN_FLIGHT]));
		s->first++;
	}
	/* what was held for the order is looked at again */
	if (!s->waits && !s->slow_waits && !ssh_up_is_busy(c))
		c->held = false;
}

/* Of request id. */
static void
finish(struct conn *c, uint64_t id, struct span message)
{
	settle(c, id);
	if (id != c->ssh->first) {
		if (keep_early(c, id, message))
			c->closing = true;
		return;
	}
	put(c, message);
	c->ssh->first++;
	put_early(c);
}

void
ssh_answer(struct conn *c, struct span message)
{
	struct ssh_conn *s = c->ssh;

	c->spent++;
	if (s->first == s->next)
		put(c, message);
	else if (keep_early(c, s->next++, message))
		c->closing = true;
}

void
ssh_answer_status(struct conn *c, enum ssh_message status)
{
	uint8_t b = (uint8_t)status;

	ssh_answer(c, SPAN(&b, 1));
}

/* ---- to the vault ---- */
/* A frame that is too long for the vault is taken back. */
static enum err
put_request(struct front *f, uint32_t number, enum op op, uint64_t id, const void *msg)
{
	struct buf *out = &f->vault.out;
	size_t at = out->len;
	enum err e;

	link_put(out, LINK_REQUEST, number, SPAN_NONE);
	if (!(e = ops_put_request(out, op, id, msg)) && !(e = buf_err(out)) &&
	    out->len - at - 4 - LINK_HEAD > OPS_FRAME_MAX)
		e = ERR_TOOBIG;
	if (e)
		buf_cut(out, at);
	else
		put_be32(out->p + at, (uint32_t)(out->len - at - 4));
	return e;
}

/* ssh clients say nothing of a desktop; the last one that another client named is as good. */
static enum err
set_hello(struct front *f, const struct ops_hello *from)
{
	struct ops_hello ours = *from;

	ours.protocol = OPS_PROTOCOL;
	ours.client = SPAN_LIT("ssh");
	ours.tty = SPAN_NONE;
	ours.interactive = false;
	ours.has = 0;
	wire_mark(&ops_hello_map, &ours);
	buf_reset(&f->ssh.hello);
	return ops_put_request(&f->ssh.hello, OP_HELLO, SSH_HELLO_ID, &ours);
}

void
ssh_hear_hello(struct front *f, const struct ops_hello *hello)
{
	if ((hello->display.len || hello->wayland.len) && set_hello(f, hello))
		buf_reset(&f->ssh.hello);
}

enum err
ssh_send(struct conn *c, enum op op, uint64_t id, const void *msg)
{
	struct front *f = c->f;
	enum err e;

	if (!f->ssh.hello.len && (e = set_hello(f, &(struct ops_hello){ .has = 0 })))
		return e;
	if (!c->ssh->greeted)
		link_put(&f->vault.out, LINK_REQUEST, c->number, buf_span(&f->ssh.hello));
	c->ssh->greeted = true;
	return put_request(f, c->number, op, id, msg);
}

enum err
ssh_ask(struct conn *c, enum op op, const void *msg)
{
	struct ssh_conn *s = c->ssh;
	enum err e = ssh_send(c, op, s->next, msg);

	if (e)
		return e;
	*slot(c, s->next) = (struct pending){ .id = s->next, .op = (uint32_t)op };
	c->npending++;
	s->next++;
	return ERR_OK;
}

/* ---- messages ---- */
static enum err
identities(struct conn *c, struct ssh_reader *r)
{
	struct ssh_keys *k = &c->f->ssh.keys;
	struct buf both = BUF_INIT;
	struct span list, theirs;
	enum err e;

	if ((e = ssh_reader_end(r)))
		return e;
	/* an empty list would be a lie: ssh would go on without us */
	if (!k->known && c->f->locked)
		return ssh_wait(c);
	if (!k->locked && ssh_up_wait(c, LIST_REQUEST, false))
		return ERR_OK;
	list = ssh_keys_list(k, &c->ssh->path);
	if (!list.len)
		return ERR_NOMEM;
	theirs = k->locked ? SPAN_NONE : ssh_up_answer(c);
	if (theirs.len && ssh_up_join(k, list, theirs, &both))
		list = buf_span(&both);
	ssh_answer(c, list);
	buf_done(&both);
	return ERR_OK;
}

/* About a key that is not ours: as the agent behind ours says. */
static enum err
relay(struct conn *c, bool endless)
{
	struct span answer;

	if (ssh_up_wait(c, c->ssh->frame, endless))
		return ERR_OK;
	answer = ssh_up_answer(c);
	if (!answer.len)
		return ERR_NOTFOUND;
	ssh_answer(c, answer);
	return ERR_OK;
}

static enum err
sign(struct conn *c, struct ssh_reader *r)
{
	struct front *f = c->f;
	const struct ssh_key *key;
	struct ops_sign in;
	struct span blob, data;
	char label[33];
	uint32_t flags;
	bool slow;
	enum err e;

	blob = ssh_read_string(r, SSH_BLOB_MAX);
	data = ssh_read_string(r, OPS_FRAME_MAX);
	flags = ssh_read_u32(r);
	if ((e = ssh_reader_end(r)))
		return e;
	key = ssh_keys_find(&f->ssh.keys, blob);
	if (!key && (f->ssh.keys.known || !f->locked))
		return relay(c, true);
	if (f->locked)
		return ssh_wait(c);
	if ((e = ssh_sign_parse(key, data, flags, &in)))
		return e;
	if ((slow = ssh_slow_is(key->blob)) && ssh_slow_wait(c))
		return ERR_OK;
	text_encode_raw(TEXT_HEX, key->id, label);
	in.label = SPAN(label, 32);
	in.binds = c->ssh->path.binds;
	in.unproven = c->ssh->path.failed;
	if (in.type == OPS_SIGN_SSHSIG && span_is(in.name_space, SSHLOGIN_NAMESPACE))
		in.login = buf_span(&c->ssh->login);
	wire_mark(&ops_sign_map, &in);
	if ((e = ssh_ask(c, OP_SIGN, &in)) || !slow)
		return e;
	slot(c, c->ssh->next - 1)->slow = true;
	ssh_slow_begin(c);
	return ERR_OK;
}

static enum err
add(struct conn *c, struct ssh_reader *r)
{
	return c->f->locked ? ssh_wait(c) : ssh_add(c, r, false);
}

static enum err
add_constrained(struct conn *c, struct ssh_reader *r)
{
	return c->f->locked ? ssh_wait(c) : ssh_add(c, r, true);
}

static enum err
hide(struct conn *c, const struct ssh_key *key)
{
	struct ops_key_hide in = { .id = key ? key->id : SPAN_NONE };

	wire_mark(&ops_key_hide_map, &in);
	return ssh_ask(c, OP_KEY_HIDE, &in);
}

static enum err
remove_one(struct conn *c, struct ssh_reader *r)
{
	struct span blob = ssh_read_string(r, SSH_BLOB_MAX);
	const struct ssh_key *key = ssh_keys_find(&c->f->ssh.keys, blob);
	enum err e;

	if ((e = ssh_reader_end(r)))
		return e;
	if (!key)
		return relay(c, false);
	if (!ssh_dest_visible(&key->dest, &c->ssh->path))
		return ERR_NOTFOUND;
	return c->f->locked ? ERR_LOCKED : hide(c, key);
}

static enum err
remove_all(struct conn *c, struct ssh_reader *r)
{
	enum err e = ssh_reader_end(r);

	if (e)
		return e;
	if (!c->f->locked)
		return hide(c, NULL);
	/* nothing that was added outlives a lock, and the vault's own are back when it is opened */
	ssh_keys_forget(&c->f->ssh.keys);
	ssh_answer_status(c, SSH_SUCCESS);
	return ERR_OK;
}

static enum err
lock_door(struct conn *c, struct ssh_reader *r, bool lock)
{
	struct ops_ssh_lock in = { .lock = lock };
	enum err e;

	in.secret = ssh_read_string(r, 1024);
	if ((e = ssh_reader_end(r)))
		return e;
	if (!in.secret.len)
		return ERR_USAGE;
	wire_mark(&ops_ssh_lock_map, &in);
	return ssh_ask(c, OP_SSH_LOCK, &in);
}

static enum err
lock(struct conn *c, struct ssh_reader *r)
{
	return lock_door(c, r, true);
}

static enum err
unlock(struct conn *c, struct ssh_reader *r)
{
	return lock_door(c, r, false);
}

/* RFC 9987 5.8: which extensions there are. */
static enum err
query(struct conn *c, struct ssh_reader *r)
{
	struct buf b = BUF_INIT;
	enum err e;

	if ((e = ssh_reader_end(r)))
		return e;
	buf_put_u8(&b, SSH_EXTENSION_RESPONSE);
	ssh_put_text(&b, "query");
	ssh_put_text(&b, SESSION_BIND);
	ssh_put_text(&b, SSHLOGIN_EXTENSION);
	if (!(e = buf_err(&b)))
		ssh_answer(c, buf_span(&b));
	buf_done(&b);
	return e;
}

/* What the signature that is asked for next logs in to; the last one counts. */
static enum err
take_login(struct conn *c, struct ssh_reader *r)
{
	struct span message = ssh_read_string(r, SSHLOGIN_MAX);
	struct buf *b = &c->ssh->login;
	struct sshlogin l;
	enum err e;

	buf_reset(b);
	if ((e = ssh_reader_end(r)) || (e = sshlogin_parse(message, &l)))
		return e;
	ssh_up_bind(c, c->ssh->frame);
	buf_put_span(b, message);
	return buf_err(b);
}

/* One that is not known: FAILURE; known, but it did not succeed: EXTENSION_FAILURE. */
static enum err
extension(struct conn *c, struct ssh_reader *r)
{
	struct span name = ssh_read_string(r, 256);
	enum err e;

	if (span_is(name, SESSION_BIND)) {
		ssh_up_bind(c, c->ssh->frame);
		if ((e = ssh_bind_take(c->ssh, r)))
			log_debug("ssh: a session was not bound: %s", err_text(e));
		ssh_answer_status(c, e ? SSH_EXTENSION_FAILURE : SSH_SUCCESS);
		return ERR_OK;
	}
	if (span_is(name, SSHLOGIN_EXTENSION)) {
		e = take_login(c, r);
		ssh_answer_status(c, e ? SSH_EXTENSION_FAILURE : SSH_SUCCESS);
		return ERR_OK;
	}
	if (!span_is(name, "query") || c->f->ssh.keys.locked)
		return ERR_UNSUPPORTED;
	if (query(c, r))
		ssh_answer_status(c, SSH_EXTENSION_FAILURE);
	return ERR_OK;
}

/* What is not here is refused: version 1 of the protocol, smartcards (RFC 9987 5.2.5; a provider is
 * a library of somebody else, and none is ever loaded), and whatever comes in the future. */
static const struct handler {
	uint8_t type;
	bool many; /* may be in flight together with others of its kind */
	bool while_locked;
	enum err (*fn)(struct conn *c, struct ssh_reader *r);
} handlers[] = {
	{ SSH_SIGN_REQUEST, true, false, sign },
	{ SSH_REQUEST_IDENTITIES, false, true, identities },
	{ SSH_EXTENSION, false, true, extension },
	{ SSH_ADD_IDENTITY, false, false, add },
	{ SSH_ADD_CONSTRAINED, false, false, add_constrained },
	{ SSH_REMOVE_IDENTITY, false, false, remove_one },
	{ SSH_REMOVE_ALL, false, false, remove_all },
	{ SSH_REMOVE_ALL_V1, false, false, remove_all },
	{ SSH_LOCK, false, false, lock },
	{ SSH_UNLOCK, false, true, unlock },
};

static const struct handler *
find(uint8_t type)
{
	for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
		if (handlers[i].type == type)
			return &handlers[i];
	return NULL;
}

/* Only signatures run side by side; what changes something waits for all before it. */
static bool
must_queue(const struct ssh_conn *s, const struct handler *h)
{
	uint64_t before = s->next - s->first;

	return before >= (h && !h->many ? 1 : FRONT_IN_FLIGHT);
}

static enum err
ssh_request(struct conn *c, struct span frame)
{
	struct ssh_reader r = ssh_reader(frame);
	uint8_t type = ssh_read_u8(&r);
	const struct handler *h = find(type);
	enum err e = ERR_UNSUPPORTED;

	if (!frame.len)
		return ERR_FORMAT;
	c->ssh->frame = frame;
	if (must_queue(c->ssh, h))
		c->held = true;
	else if (h && (h->while_locked || !c->f->ssh.keys.locked))
		e = h->fn(c, &r);
	/* what waits for something else now begins at the end when it comes back */
	if (!c->held || c->ssh->waits)
		ssh_slow_leave(c);
	if (!c->held)
		ssh_up_forget(c);
	if (c->held) {
		chan_again(&c->chan, frame);
		return ERR_OK;
	}
	if (e) {
		log_debug("ssh: message %u is refused: %s", (unsigned)type, err_text(e));
		ssh_answer_status(c, SSH_FAILURE);
	}
	return c->closing ? ERR_NOMEM : ERR_OK;
}

void
ssh_give_up(struct conn *c)
{
	struct span frame;

	ssh_wait_leave(c);
	if (!chan_next(&c->chan, &frame))
		ssh_answer_status(c, SSH_FAILURE);
}

/* ---- what the vault says ---- */
static void
signed_(struct conn *c, uint64_t id, struct span frame)
{
	static struct buf message;
	struct ops_sign_rep rep;
	struct ops_reply reply;

	if (wire_decode(&ops_reply_map, frame, &reply) || reply.status ||
	    wire_decode(&ops_sign_rep_map, reply.result, &rep)) {
		finish(c, id, SPAN_LIT("\x05"));
		return;
	}
	buf_reset(&message);
	buf_put_u8(&message, SSH_SIGN_RESPONSE);
	ssh_put_string(&message, rep.signature);
	finish(c, id, buf_err(&message) ? SPAN_LIT("\x05") : buf_span(&message));
}

static void
ssh_reply(struct conn *c, struct span frame)
{
	uint64_t op, id, status;
	uint8_t done;

	if (native_peek(frame, &op, &id, &status))
		return;
	if (id == SSH_OPEN_ID && op == OP_UNLOCK)
		ssh_wait_opened(c, (enum err)status);
	if (id < SSH_FIRST_ID || slot(c, id)->id != id || slot(c, id)->op != op)
		return;
	done = status ? SSH_FAILURE : SSH_SUCCESS;
	if (status)
		log_info("ssh: %s", err_text((enum err)status));
	if (op == OP_SIGN)
		signed_(c, id, frame);
	else
		finish(c, id, SPAN(&done, 1));
}

void
ssh_take_rows(struct front *f, struct span rows)
{
	ssh_keys_take(&f->ssh.keys, rows);
	f->locked = false;
}

/* ---- connections ---- */
static enum err
ssh_open(struct conn *c)
{
	if (!(c->ssh = calloc(1, sizeof *c->ssh)))
		return ERR_NOMEM;
	c->ssh->first = c->ssh->next = SSH_FIRST_ID;
	return ERR_OK;
}

/* The vault was locked: whoever locked it does not mean that it be opened again at once. */
static void
ssh_renew(struct conn *c)
{
	struct ssh_conn *s = c->ssh;

	link_put(&c->f->vault.out, LINK_PEER, c->number, buf_span(&c->peer));
	s->greeted = false;
	if (c->f->ssh.opener == c->number)
		c->f->ssh.opener = 0;
	for (uint64_t id = s->first; id < s->next; id++)
		if (slot(c, id)->id == id)
			finish(c, id, SPAN_LIT("\x05"));
	if (s->waits)
		ssh_give_up(c);
}

static void
ssh_gone(struct conn *c)
{
	struct ssh_conn *s = c->ssh;

	if (!s)
		return;
	ssh_wait_leave(c);
	ssh_slow_leave(c);
	ssh_up_leave(c);
	for (size_t i = 0; i < FRONT_IN_FLIGHT; i++)
		if (c->pending[i].slow)
			ssh_slow_end(c);
	for (size_t i = 0; s->early && i < FRONT_IN_FLIGHT; i++)
		buf_done(&s->early[i]);
	free(s->early);
	buf_done(&s->binds);
	buf_done(&s->login);
	free(s);
}

const struct door ssh_door = {
	.name = "ssh",
	.open = ssh_open,
	.request = ssh_request,
	.reply = ssh_reply,
	.renew = ssh_renew,
	.gone = ssh_gone,
};
