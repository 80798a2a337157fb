/*
 * What `ownkey` and its child that moves secrets say to each other (lib/move.h): the child has read
 * another program's bytes, so neither side trusts the other's frames.  What is taken is sent again,
 * and is the same when it arrives.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/move.h"
#include "lib/sock.h"

#define MOST (64 * 1024) /* fits the buffers of a socket */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool true_)
{
	if (!true_)
		abort();
}

/* Sorted or not: what it is worth is for who reads them; each is whole and within its bounds. */
static size_t
count_pairs(const struct wire_list *list)
{
	struct cbor c = wire_each(list);
	struct ops_pair pair;
	size_t n = 0;

	while (!cbor_at_end(&c)) {
		must(wire_next(&ops_pair_map, &c, &pair) == ERR_OK);
		must(pair.name.len <= OPS_ENTRY_NAME && pair.value.len <= OPS_ENTRY_VALUE);
		n++;
	}
	return n;
}

static void
check_bounds(const struct move_msg *m)
{
	must(m->kind <= MOVE_END && m->collection.len <= 64 && m->value.len <= MOVE_VALUE);
	must(m->label.len <= OPS_ENTRY_LABEL && m->type.len <= 255 && m->text.len <= 1023);
	must(m->attributes.n <= OPS_ENTRY_ATTRS && count_pairs(&m->attributes) == m->attributes.n);
	must(m->err <= 65535 && m->count <= UINT32_MAX);
}

static bool
is_same(const struct move_msg *a, const struct move_msg *b)
{
	return a->kind == b->kind && a->created == b->created && a->err == b->err &&
	    a->there == b->there && a->count == b->count && span_eq(a->text, b->text) &&
	    span_eq(a->collection, b->collection) && span_eq(a->label, b->label) &&
	    span_eq(a->type, b->type) && span_eq(a->value, b->value) &&
	    a->attributes.n == b->attributes.n && span_eq(a->attributes.raw, b->attributes.raw);
}

static void
send_again(struct move_msg *m)
{
	struct buf b = BUF_INIT;
	struct move_msg again;
	int pair[2];

	must(sock_pair(SOCK_STREAM, pair) == ERR_OK);
	must(move_send(pair[0], m) == ERR_OK);
	must(move_recv(pair[1], 1000, &b, &again) == ERR_OK && is_same(m, &again));
	close(pair[0]);
	must(move_recv(pair[1], 1000, &b, &again) == ERR_HANGUP);
	close(pair[1]);
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf b = BUF_INIT;
	struct move_msg m;
	int pair[2];
	enum err e;

	if (n > MOST)
		return 0;
	must(sock_pair(SOCK_STREAM, pair) == ERR_OK);
	must(send(pair[0], p, n, MSG_NOSIGNAL) == (ssize_t)n);
	close(pair[0]);
	while (!(e = move_recv(pair[1], 1000, &b, &m))) {
		check_bounds(&m);
		send_again(&m);
	}
	must(e != ERR_TIMEOUT && e != ERR_INTERNAL && e != ERR_NOMEM);
	close(pair[1]);
	buf_done(&b);
	return 0;
}
