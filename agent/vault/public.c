/* public.c - what stays visible after lock: front is given the public rows of keys (DESIGN 3). */
#include "agent/vault/public.h"

#include "agent/vault/itemop.h"
#include "agent/vault/jwtkeys.h"
#include "agent/vault/sshrows.h"

#define KEYS_MOST  2048 /* as many as OpenSSH reads */
#define BYTES_MOST (900 * 1024)

static enum err
put_row(struct vault *v, const struct item *it, struct buf *out)
{
	struct buf mem = BUF_INIT;
	struct ops_item row;
	enum err e;

	itemop_row(v, it, &mem, &row);
	if (!(e = buf_err(&mem)))
		e = wire_encode(&ops_item_map, &row, out);
	buf_done(&mem);
	return e;
}

void
public_send(struct vault *v)
{
	struct buf rows = BUF_INIT;
	size_t pos = 0, n = 0;
	struct item it;

	while (n < KEYS_MOST && rows.len < BYTES_MOST &&
	    body_kind_next(&v->open.body, ITEM_KEY, &pos, &it))
		if (!put_row(v, &it, &rows))
			n++;
	if (!buf_err(&rows))
		link_put(&v->front.out, LINK_PUBLIC, 0, buf_span(&rows));
	buf_done(&rows);
	jwtkeys_send(v);
	sshrows_send(v);
}
