/* link.c - frames between front and vault. */
#include "agent/link.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct wire_field peer_fields[] = {
	WIRE_F(link_peer, 1, UINT, 0, uid, 0, UINT32_MAX, "user id"),
	WIRE_F(link_peer, 2, UINT, 0, pid, 0, UINT32_MAX, "process id"),
	WIRE_F(link_peer, 3, TEXT, WF_OPT, label, 0, 255, "executable"),
	WIRE_F(link_peer, 4, TEXT, WF_OPT, unit, 0, 127, "cgroup unit"),
	WIRE_F(link_peer, 5, UINT, WF_OPT, session, 0, INT32_MAX, "leader of its session"),
	WIRE_F(link_peer, 6, UINT, WF_OPT, session_began, 0, UINT64_MAX, "when that began"),
};
const struct wire_map link_peer_map = { "link-peer", sizeof(struct link_peer), peer_fields,
	N(peer_fields), false, 0 };

static const struct wire_field audit_fields[] = {
	WIRE_E(file_audit, 1, 0, step, AUDIT_STEP_FOREIGN, "append|rotate|aside|foreign",
	    "what to do first"),
	WIRE_F(file_audit, 2, UINT, WF_OPT, at, 0, UINT32_MAX, "valid length"),
	WIRE_F(file_audit, 3, UINT, WF_OPT, size, 0, UINT32_MAX, "length on the disk"),
	WIRE_F(file_audit, 4, BYTES, WF_OPT, expect, 32, 32, "last 32 bytes there"),
	WIRE_F(file_audit, 5, BYTES, WF_OPT, data, 0, LINK_AUDIT_MOST, "bytes"),
};
const struct wire_map file_audit_map = { "file-audit", sizeof(struct file_audit), audit_fields,
	N(audit_fields), false, 0 };

static const struct wire_field request_fields[] = {
	WIRE_E(file_request, 1, 0, op, FILE_BESIDE,
	    "read|append|rewrite|commit|abort|previous|seen|audit|audit-read|beside", "what to do"),
	WIRE_F(file_request, 2, UINT, WF_OPT, at, 0, UINT64_MAX, "valid length"),
	WIRE_F(file_request, 3, BYTES, WF_OPT, expect, 32, 32, "last 32 bytes there"),
	WIRE_F(file_request, 4, BYTES, WF_OPT, data, 0, LINK_CHUNK, "bytes"),
	WIRE_F(file_request, 5, BOOL, WF_OPT, more, 0, 1, "more bytes follow"),
	WIRE_F(file_request, 6, BOOL, WF_OPT, create, 0, 1, "no file may exist"),
	WIRE_F(file_request, 7, BOOL, WF_OPT, drop_prev, 0, 1, "delete vault.prev"),
	WIRE_F(file_request, 8, BYTES, WF_OPT, seen, 0, 4096, "content for seen"),
	WIRE_F(file_request, 9, UINT, WF_OPT, seen_at, 0, 4096, "where in seen"),
	WIRE_F(file_request, 10, BOOL, WF_OPT, previous, 0, 1, "read vault.prev"),
	WIRE_S(file_request, 11, MAP, WF_OPT, audit, &file_audit_map, 0, "for the audit log"),
	WIRE_F(file_request, 12, BOOL, WF_OPT, quiet, 0, 1, "send no answer"),
};
const struct wire_map file_request_map = { "file-request", sizeof(struct file_request),
	request_fields, N(request_fields), false, 0 };

static const struct wire_field reply_fields[] = {
	WIRE_F(file_reply, 1, UINT, 0, err, 0, 65535, "error number"),
	WIRE_F(file_reply, 2, BYTES, WF_OPT, data, 0, LINK_CHUNK, "bytes"),
	WIRE_F(file_reply, 3, BOOL, WF_OPT, more, 0, 1, "more bytes follow"),
	WIRE_F(file_reply, 4, UINT, WF_OPT, size, 0, UINT64_MAX, "size of the file"),
	WIRE_F(file_reply, 5, BYTES, WF_OPT, seen, 0, 4096, "content of seen"),
	WIRE_F(file_reply, 6, BOOL, WF_OPT, verify, 0, 1, "read back"),
	WIRE_F(file_reply, 7, TEXT, WF_OPT, path, 0, 4095, "path of the vault"),
	WIRE_F(file_reply, 8, BOOL, WF_OPT, prev, 0, 1, "vault.prev exists"),
	WIRE_F(file_reply, 9, UINT, WF_OPT, audit, 0, 65535, "error of the audit log"),
	WIRE_F(file_reply, 10, BYTES, WF_OPT, name, 0, 255, "of the file"),
};
const struct wire_map file_reply_map = { "file-reply", sizeof(struct file_reply), reply_fields,
	N(reply_fields), false, 0 };

static void
put_head(struct buf *out, enum link_type t, uint32_t conn, size_t len)
{
	buf_put_u32(out, (uint32_t)(LINK_HEAD + len));
	buf_put_u32(out, (uint32_t)t << 24);
	buf_put_u32(out, conn);
}

void
link_put(struct buf *out, enum link_type t, uint32_t conn, struct span payload)
{
	/* all or nothing: half a frame would make noise of all that follows */
	if (!buf_room(out, 4 + LINK_HEAD + payload.len))
		return;
	put_head(out, t, conn, payload.len);
	buf_put_span(out, payload);
}

/* Encoded in place; the length is filled in afterwards. */
enum err
link_put_msg(
    struct buf *out, enum link_type t, uint32_t conn, const struct wire_map *m, const void *msg)
{
	size_t at = out->len;
	enum err e;

	put_head(out, t, conn, 0);
	if ((e = wire_encode(m, msg, out)) || (e = buf_err(out))) {
		buf_cut(out, at);
		return e;
	}
	put_be32(out->p + at, (uint32_t)(out->len - at - 4));
	return ERR_OK;
}

enum err
link_get(struct span frame, enum link_type *t, uint32_t *conn, struct span *payload)
{
	if (frame.len < LINK_HEAD || frame.p[1] || frame.p[2] || frame.p[3])
		return ERR_FORMAT;
	if (frame.p[0] < LINK_PEER || frame.p[0] > LINK_TYPES)
		return ERR_FORMAT;
	*t = (enum link_type)frame.p[0];
	*conn = be32(frame.p + 4);
	*payload = SPAN(frame.p + LINK_HEAD, frame.len - LINK_HEAD);
	return ERR_OK;
}
