/* move.c - messages of move.h. */
#include "lib/move.h"

#include "lib/chan.h"

static const struct wire_field fields[] = {
	WIRE_E(move_msg, 1, 0, kind, MOVE_END, "owner|say|collection|item|refused|taken|end",
	    "what it says"),
	WIRE_F(move_msg, 2, TEXT, WF_OPT, collection, 0, 64, "id of the collection"),
	WIRE_F(move_msg, 3, TEXT, WF_OPT, label, 0, OPS_ENTRY_LABEL, "label, for people"),
	WIRE_F(move_msg, 4, TEXT, WF_OPT, type, 0, 255, "content type"),
	WIRE_F(move_msg, 5, BYTES, WF_OPT | WF_SECRET, value, 0, MOVE_VALUE, "the secret"),
	WIRE_S(move_msg, 6, LIST, WF_OPT, attributes, &ops_pair_map, OPS_ENTRY_ATTRS, "attributes"),
	WIRE_F(move_msg, 7, UINT, WF_OPT | WF_TIME, created, 0, UINT64_MAX, "when it was made"),
	WIRE_F(move_msg, 8, UINT, WF_OPT, err, 0, 65535, "what went wrong"),
	WIRE_F(move_msg, 9, TEXT, WF_OPT, text, 0, 1023, "for people"),
	WIRE_F(move_msg, 10, BOOL, WF_OPT, there, 0, 1, "it was there already"),
	WIRE_F(move_msg, 11, UINT, WF_OPT, count, 0, UINT32_MAX, "of how many"),
};
const struct wire_map move_msg_map = { "move", sizeof(struct move_msg), fields,
	sizeof fields / sizeof *fields, false, 0 };

enum err
move_send(int fd, struct move_msg *m)
{
	struct buf b = BUF_INIT;
	enum err e;

	m->has = 0;
	wire_mark(&move_msg_map, m);
	e = wire_encode(&move_msg_map, m, &b);
	if (!e && !(e = buf_err(&b)))
		e = chan_send(fd, buf_span(&b));
	buf_done(&b);
	return e;
}

enum err
move_recv(int fd, int timeout_ms, struct buf *b, struct move_msg *m)
{
	enum err e;

	buf_reset(b);
	e = chan_recv(fd, MOVE_FRAME_MAX, timeout_ms, b);
	return e ? e : wire_decode(&move_msg_map, buf_span(b), m);
}
