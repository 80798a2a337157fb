/*
 * The ssh door as a whole: clients say what they like, in any order, while the vault (played here)
 * tells of keys, answers, refuses, is locked.  Each message gets one answer; what goes to the vault
 * is always what its table takes.
 *
 * An input is steps: a byte (bits 0..1 client, 2..4 what, 7: no turn of the loop after it), then
 * what belongs to it, as step() reads it.  The messages of the corpus are those of OpenSSH's
 * ssh-add, ssh-keygen and ssh.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/door/front.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/sec.h"
#include "lib/sock.h"

#define CLIENTS	 4
#define STEPS	 200
#define REQUESTS 512

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum step { MESSAGE, RAW, LEAVE, ROW, ROWS, ANSWER, LOCK, TURN };

struct request {
	uint32_t conn;
	uint64_t id;
	enum op op;
};

struct client {
	struct chan chan; /* fd 0: not there */
	unsigned sent, answered;
	bool unclear; /* what it sent is not only whole messages */
	bool gone;
};

static struct {
	struct front f;
	char dir[64], path[96];
	struct client client[CLIENTS];
	struct request request[REQUESTS];
	size_t nrequests;
	uint8_t rows;
} w;

static void
must(bool true_)
{
	if (!true_)
		abort();
}

/* ---- the vault ---- */
static void
check_request(uint32_t number, struct span frame)
{
	_Alignas(16) uint8_t scratch[1024];
	const struct op_row *row;
	struct ops_request q;

	must(!wire_decode(&ops_request_map, frame, &q));
	must((row = ops_find(q.op)) != NULL && frame.len <= OPS_FRAME_MAX);
	must(row->req->size <= sizeof scratch);
	must(!wire_decode(row->req, q.params.p ? q.params : SPAN_LIT("\xa0"), scratch));
	if (q.op != OP_HELLO && q.op != OP_CANCEL && w.nrequests < REQUESTS)
		w.request[w.nrequests++] = (struct request){ number, q.id, (enum op)q.op };
}

/* It is there, or what is said of it last is that it left. */
static bool
is_known(struct span rest, uint32_t number)
{
	bool known = conn_find(&w.f, number) != NULL;
	struct span payload;
	enum link_type type;
	uint32_t of;

	for (size_t at = 0; at < rest.len; at += 4 + be32(rest.p + at)) {
		must(!link_get(SPAN(rest.p + at + 4, be32(rest.p + at)), &type, &of, &payload));
		known |= type == LINK_BYE && of == number;
	}
	return known;
}

/* What front has for the vault. */
static void
take_requests(void)
{
	struct span all = buf_span(&w.f.vault.out), payload;
	enum link_type type;
	uint32_t number;

	for (size_t at = 0; at < all.len;) {
		size_t len = be32(all.p + at);

		must(len <= all.len - at - 4);
		must(!link_get(SPAN(all.p + at + 4, len), &type, &number, &payload));
		at += 4 + len;
		if (type != LINK_REQUEST)
			continue;
		must(is_known(SPAN(all.p + at, all.len - at), number));
		check_request(number, payload);
	}
	buf_reset(&w.f.vault.out);
}

static void
after(void *arg)
{
	struct front *f = arg;

	ssh_wait_after(f);
	conn_flush_marked(f);
	take_requests();
}

static void
answer(enum err status)
{
	struct ops_sign_rep sign = { .signature = SPAN_LIT("signature"),
		.public_key = SPAN_LIT("01234567890123456789012345678901") };
	struct request q = w.request[0];
	struct conn *c = conn_find(&w.f, q.conn);
	struct buf b = BUF_INIT;

	memmove(&w.request[0], &w.request[1], --w.nrequests * sizeof q);
	wire_mark(&ops_sign_rep_map, &sign);
	if (q.op == OP_UNLOCK && !status)
		w.f.locked = false;
	must(!ops_put_reply(&b, q.op, q.id, status, q.op == OP_SIGN && !status ? &sign : NULL));
	if (c)
		c->door->reply(c, buf_span(&b));
	buf_done(&b);
}

static void
lock(void)
{
	ssh_keys_lock(&w.f.ssh.keys);
	w.nrequests = 0;
	for (size_t i = 0; i < FRONT_CONNS; i++)
		if (w.f.conns[i])
			w.f.conns[i]->door->renew(w.f.conns[i]);
	w.f.locked = true;
	conn_resume_all(&w.f);
}

/* One key; flags say how it was added. */
static void
tell_row(uint8_t flags, struct span blob, struct span dest)
{
	uint8_t id[16] = { ++w.rows };
	struct ssh_row row = { .id = SPAN(id, 16),
		.blob = blob,
		.comment = SPAN_LIT("c"),
		.added = flags & 1,
		.confirm = flags & 2,
		.expires = flags & 4 ? 1 : 0,
		.dest = { .n = flags >> 4, .raw = dest } };
	struct ssh_rows m = { .has = 0 };
	struct buf one = BUF_INIT, b = BUF_INIT;

	wire_mark(&ssh_row_map, &row);
	m.put.n = 1;
	if (!wire_encode(&ssh_row_map, &row, &one)) {
		m.put.raw = buf_span(&one);
		m.locked = flags & 8;
		wire_mark(&ssh_rows_map, &m);
		if (!wire_encode(&ssh_rows_map, &m, &b))
			ssh_take_rows(&w.f, buf_span(&b));
	}
	buf_done(&one);
	buf_done(&b);
}

/* ---- clients ---- */
static struct client *
client(unsigned i)
{
	struct client *c = &w.client[i];
	int fd;

	if (c->chan.fd > 0)
		return c;
	must(!sock_connect(w.path, &fd));
	chan_init(&c->chan, fd, OPS_FRAME_MAX);
	conn_accept(&w.f.listener[1]);
	return c;
}

static void
hear(struct client *c)
{
	struct span frame;

	if (c->chan.fd <= 0 || c->gone)
		return;
	c->gone = chan_fill(&c->chan) != ERR_OK;
	while (!chan_next(&c->chan, &frame))
		c->answered++;
}

static void
turn(void)
{
	for (int i = 0; i < 6; i++)
		must(!loop_once(w.f.loop, 0));
	for (unsigned i = 0; i < CLIENTS; i++)
		hear(&w.client[i]);
}

static void
say(struct client *c, struct span s, bool whole)
{
	uint8_t head[4];

	if (c->gone)
		return;
	put_be32(head, (uint32_t)s.len);
	if (whole && send(c->chan.fd, head, 4, MSG_DONTWAIT | MSG_NOSIGNAL) != 4)
		c->unclear = true;
	else if (s.len &&
	    send(c->chan.fd, s.p, s.len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)s.len)
		c->unclear = true;
	c->sent += whole;
	/* a message without a number ends the connection */
	c->unclear |= !whole || !s.len;
}

static void
leave(struct client *c)
{
	if (c->chan.fd > 0)
		chan_done(&c->chan);
	*c = (struct client){ 0 };
}

/* ---- steps ---- */
static struct span
take(struct span *in, size_t bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < bytes && in->len; i++) {
		n = n << 8 | in->p[0];
		*in = SPAN(in->p + 1, in->len - 1);
	}
	if (n > in->len)
		n = in->len;
	*in = SPAN(in->p + n, in->len - n);
	return SPAN(in->p - n, n);
}

static uint8_t
take_byte(struct span *in)
{
	uint8_t b = in->len ? in->p[0] : 0;

	if (in->len)
		*in = SPAN(in->p + 1, in->len - 1);
	return b;
}

static void
step(struct span *in)
{
	uint8_t b = take_byte(in), flags;
	enum step what = (enum step)(b >> 2 & 7);
	struct span s;

	if (what == MESSAGE) {
		say(client(b & 3), take(in, 2), true);
	} else if (what == RAW) {
		say(client(b & 3), take(in, 1), false);
	} else if (what == LEAVE) {
		leave(&w.client[b & 3]);
	} else if (what == ROW) {
		flags = take_byte(in);
		s = take(in, 2);
		tell_row(flags, s, flags >> 4 ? take(in, 2) : SPAN_NONE);
	} else if (what == ROWS) {
		ssh_take_rows(&w.f, take(in, 2));
	} else if (what == ANSWER) {
		flags = take_byte(in);
		if (w.nrequests)
			answer(flags ? ERR_DENIED : ERR_OK);
	} else if (what == LOCK) {
		lock();
	}
	if (!(b & 0x80))
		turn();
}

/* ---- the end: nobody is left without an answer ---- */
static void
settle(void)
{
	for (unsigned i = 0; i < 2 * STEPS + REQUESTS; i++) {
		turn();
		if (w.nrequests)
			answer(ERR_DENIED);
		else if (i > 2 * STEPS / FRONT_TURN + 4)
			break;
	}
	turn();
	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct client *c = &w.client[i];

		must(c->chan.fd <= 0 || c->unclear || (!c->gone && c->answered == c->sent));
	}
}

static void
clean(void)
{
	for (unsigned i = 0; i < CLIENTS; i++)
		leave(&w.client[i]);
	for (size_t i = 0; i < FRONT_CONNS && w.f.nconns; i++)
		if (w.f.conns[i])
			conn_close(w.f.conns[i]);
	must(w.f.nconns == 0 && !w.f.ssh.waiting);
	ssh_keys_done(&w.f.ssh.keys);
	loop_timer_remove(w.f.ssh.patience);
	buf_done(&w.f.ssh.hello);
	w.f.ssh = (struct ssh_door){ .keys.conf = &w.f.start.conf };
	buf_reset(&w.f.vault.out);
	w.f.locked = true;
	w.nrequests = 0;
	w.rows = 0;
}

static void
remove_files(void)
{
	unlink(w.path);
	rmdir(w.dir);
}

static void
begin(void)
{
	struct front *f = &w.f;

	log_open("fuzz", LOG_ERROR_);
	must(!crypto_init_light() && !sec_arena_open(1 << 20, true, true));
	strcpy(w.dir, "/tmp/fuzz_ssh_door.XXXXXX");
	must(mkdtemp(w.dir) != NULL && (f->loop = loop_new()) != NULL);
	snprintf(w.path, sizeof w.path, "%s/ssh.sock", w.dir);
	atexit(remove_files);
	f->start.rights.owner = (uint32_t)getuid();
	must(!opt_defaults(conf_options, conf_noptions, &f->start.conf));
	f->ssh.keys.conf = &f->start.conf;
	f->listener[1] = (struct listener){ .f = f, .door = &ssh_door };
	must(!sock_listen(w.path, 16, &f->listener[1].fd));
	must(fcntl(f->listener[1].fd, F_SETFL, O_NONBLOCK) == 0);
	f->vault.max = LINK_FRAME_MAX;
	f->vault.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	f->locked = true;
	loop_after(f->loop, after, f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = SPAN(p, n);

	if (!w.f.loop)
		begin();
	for (unsigned i = 0; i < STEPS && in.len; i++)
		step(&in);
	settle();
	clean();
	return 0;
}
