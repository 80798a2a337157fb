/*
 * ssh_door_rig.h - front's ssh door with a real socket and loop, between clients and a vault that
 * the test plays.
 */
#ifndef TESTS_UNIT_SSH_DOOR_RIG_H
#define TESTS_UNIT_SSH_DOOR_RIG_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/door/front.h"
#include "lib/crypto.h"
#include "lib/sec.h"
#include "lib/sock.h"

#define RIG_CLIENTS 32
#define LIST	    SPAN_LIT("\x0b")

struct rig {
	struct front f;
	struct chan vault; /* the other end: ours */
	char dir[64], path[96];
	int client[RIG_CLIENTS];
	unsigned nclients;
	struct buf last; /* request of the vault that is looked at */
};

static void
rig_after(void *arg)
{
	struct front *f = arg;

	ssh_wait_after(f);
	conn_flush_marked(f);
	assert_int_equal(chan_flush(&f->vault), ERR_OK);
}

static inline void
rig_pump(struct rig *r)
{
	for (int i = 0; i < 8; i++)
		assert_int_equal(loop_once(r->f.loop, 0), ERR_OK);
	assert_int_equal(chan_fill(&r->vault), ERR_OK);
}

static inline int
rig_start(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	struct front *f = &r->f;
	int fds[2];

	strcpy(r->dir, "/tmp/ssh_door.XXXXXX");
	assert_non_null(mkdtemp(r->dir));
	snprintf(r->path, sizeof r->path, "%s/ssh.sock", r->dir);
	f->loop = loop_new();
	f->start.rights.owner = (uint32_t)getuid();
	assert_int_equal(opt_defaults(conf_options, conf_noptions, &f->start.conf), ERR_OK);
	f->ssh.keys.conf = &f->start.conf;
	f->locked = true;
	assert_int_equal(sock_pair(SOCK_STREAM, fds), ERR_OK);
	chan_init(&f->vault, fds[0], LINK_FRAME_MAX);
	chan_init(&r->vault, fds[1], LINK_FRAME_MAX);
	f->listener[1] = (struct listener){ .f = f, .door = &ssh_door };
	assert_int_equal(sock_listen(r->path, 16, &f->listener[1].fd), ERR_OK);
	assert_int_equal(fcntl(f->listener[1].fd, F_SETFL, O_NONBLOCK), 0);
	loop_after(f->loop, rig_after, f);
	*state = r;
	return 0;
}

static inline int
rig_end(void **state)
{
	struct rig *r = *state;

	for (size_t i = 0; i < FRONT_CONNS; i++)
		if (r->f.conns[i])
			conn_close(r->f.conns[i]);
	for (unsigned i = 0; i < r->nclients; i++)
		close(r->client[i]);
	ssh_keys_done(&r->f.ssh.keys);
	buf_done(&r->f.ssh.hello);
	buf_done(&r->last);
	chan_done(&r->f.vault);
	chan_done(&r->vault);
	close(r->f.listener[1].fd);
	loop_free(r->f.loop);
	unlink(r->path);
	rmdir(r->dir);
	free(r);
	return 0;
}

/* ---- clients ---- */
static inline int
rig_client(struct rig *r)
{
	int fd;

	assert_true(r->nclients < RIG_CLIENTS);
	assert_int_equal(sock_connect(r->path, &fd), ERR_OK);
	r->client[r->nclients++] = fd;
	conn_accept(&r->f.listener[1]);
	return fd;
}

static inline void
rig_say(struct rig *r, int fd, struct span message)
{
	assert_int_equal(chan_send(fd, message), ERR_OK);
	rig_pump(r);
}

static inline bool
rig_is_quiet(int fd)
{
	uint8_t b;

	return recv(fd, &b, 1, MSG_PEEK | MSG_DONTWAIT) < 0;
}

static inline void
rig_hear(int fd, struct buf *b)
{
	assert_int_equal(chan_recv(fd, 1 << 20, 5000, b), ERR_OK);
}

static inline void
rig_expect(int fd, struct span message)
{
	struct buf b = BUF_INIT;

	rig_hear(fd, &b);
	assert_int_equal(b.len, message.len);
	assert_memory_equal(b.p, message.p, message.len);
	buf_done(&b);
}

static inline void
rig_expect_status(int fd, uint8_t status)
{
	rig_expect(fd, SPAN(&status, 1));
}

/* ---- the vault ---- */
/* The next request, of any kind but HELLO; LINK_PEER and LINK_BYE are passed over.  0: none. */
static inline enum op
rig_request(struct rig *r, uint32_t *conn, struct ops_request *q)
{
	struct span frame, payload;
	enum link_type type;

	while (!chan_next(&r->vault, &frame)) {
		assert_int_equal(link_get(frame, &type, conn, &payload), ERR_OK);
		if (type != LINK_REQUEST)
			continue;
		buf_reset(&r->last);
		buf_put_span(&r->last, payload);
		assert_int_equal(wire_decode(&ops_request_map, buf_span(&r->last), q), ERR_OK);
		if (q->op != OP_HELLO)
			return (enum op)q->op;
	}
	return (enum op)0;
}

static inline void
rig_reply(
    struct rig *r, uint32_t conn, const struct ops_request *q, enum err status, const void *msg)
{
	struct buf b = BUF_INIT;
	struct conn *c = conn_find(&r->f, conn);

	assert_int_equal(ops_put_reply(&b, (enum op)q->op, q->id, status, msg), ERR_OK);
	if (c)
		c->door->reply(c, buf_span(&b));
	buf_done(&b);
	rig_after(&r->f);
	rig_pump(r);
}

/* LINK_SSH. */
static inline void
rig_rows(struct rig *r, struct ssh_rows *m)
{
	struct buf b = BUF_INIT;

	wire_mark(&ssh_rows_map, m);
	assert_int_equal(wire_encode(&ssh_rows_map, m, &b), ERR_OK);
	ssh_take_rows(&r->f, buf_span(&b));
	buf_done(&b);
	rig_pump(r);
}

/* It is locked, and there is a fresh one. */
static inline void
rig_lock(struct rig *r)
{
	ssh_keys_lock(&r->f.ssh.keys);
	for (size_t i = 0; i < FRONT_CONNS; i++)
		if (r->f.conns[i])
			r->f.conns[i]->door->renew(r->f.conns[i]);
	r->f.locked = true;
	conn_resume_all(&r->f);
	rig_after(&r->f);
	rig_pump(r);
}

/* ---- keys ---- */
static inline struct span
ed25519_blob(uint8_t first, struct buf *b)
{
	uint8_t s[32] = { first }, pub[32];

	crypto_ed25519_public(s, pub);
	buf_reset(b);
	ssh_put_text(b, "ssh-ed25519");
	ssh_put_string(b, SPAN(pub, 32));
	return buf_span(b);
}

/* A row with id n n n ..., key of seed n. */
static inline void
add_row(struct rig *r, uint8_t n, const char *comment, struct ssh_row *more)
{
	struct ssh_row row = more ? *more : (struct ssh_row){ .has = 0 };
	struct ssh_rows m = { .has = 0 };
	struct buf blob = BUF_INIT;
	uint8_t id[16];

	memset(id, n, sizeof id);
	row.id = SPAN(id, 16);
	if (!row.blob.len)
		row.blob = ed25519_blob(n, &blob);
	row.comment = span_str(comment);
	wire_mark(&ssh_row_map, &row);
	m.put.v = &row;
	m.put.n = 1;
	rig_rows(r, &m);
	buf_done(&blob);
}

/* Comments in the list that the client gets, separated by blanks. */
static inline const char *
listed(struct rig *r, int fd)
{
	static char out[4096];
	struct buf b = BUF_INIT;
	struct ssh_reader in;
	uint32_t n;
	size_t at = 0;

	rig_say(r, fd, LIST);
	rig_hear(fd, &b);
	in = ssh_reader(buf_span(&b));
	assert_int_equal(ssh_read_u8(&in), SSH_IDENTITIES_ANSWER);
	n = ssh_read_u32(&in);
	out[0] = '\0';
	for (uint32_t i = 0; i < n; i++) {
		struct span comment;

		ssh_read_string(&in, SSH_BLOB_MAX);
		comment = ssh_read_string(&in, SSH_COMMENT_MAX);
		at += (size_t)snprintf(out + at, sizeof out - at, "%s%.*s", i ? " " : "",
		    (int)comment.len, (const char *)comment.p);
	}
	assert_int_equal(ssh_reader_end(&in), ERR_OK);
	buf_done(&b);
	return out;
}

#endif
