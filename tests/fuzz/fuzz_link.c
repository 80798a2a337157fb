/* Frames between front and vault: neither believes the other. */
#include <stdlib.h>

#include "agent/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

union message {
	struct link_peer peer;
	struct file_request request;
	struct file_reply reply;
};

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void
same_again(const struct wire_map *m, struct span s)
{
	union message msg;
	struct buf out = BUF_INIT;
	enum link_type type;
	struct span payload;
	uint32_t conn;

	must(m->size <= sizeof msg);
	if (wire_decode(m, s, &msg))
		return;
	must(link_put_msg(&out, LINK_FILE, 7, m, &msg) == ERR_OK);
	must(be32(out.p) == out.len - 4);
	must(link_get(SPAN(out.p + 4, out.len - 4), &type, &conn, &payload) == ERR_OK);
	must(type == LINK_FILE && conn == 7 && span_eq(payload, s));
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf out = BUF_INIT;
	enum link_type type;
	struct span payload;
	uint32_t conn;

	if (link_get(SPAN(p, n), &type, &conn, &payload))
		return 0;
	link_put(&out, type, conn, payload);
	must(out.len == n + 4 && be32(out.p) == n);
	must(span_eq(SPAN(out.p + 4, n), SPAN(p, n)));
	buf_done(&out);
	same_again(&link_peer_map, payload);
	same_again(&file_request_map, payload);
	same_again(&file_reply_map, payload);
	return 0;
}
