/* client.c - the connections of front, as the vault sees them. */
#include <stdlib.h>

#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "lib/crypto.h"
#include "lib/text.h"

static struct client **
bucket(struct vault *v, uint32_t conn)
{
	return &v->clients[conn % (sizeof v->clients / sizeof *v->clients)];
}

struct client *
client_find(struct vault *v, uint32_t conn)
{
	struct client *c = *bucket(v, conn);

	while (c && c->conn != conn)
		c = c->next;
	return c;
}

static void
copy_text(char *out, size_t cap, struct span s)
{
	size_t n = s.len < cap - 1 ? s.len : cap - 1;

	if (n)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

/* Without a label it is not known which program it is. */
static void
name_session(struct client *c, const struct link_peer *p)
{
	uint8_t head[24];
	const struct span v[] = { SPAN(head, sizeof head), span_str(c->unit),
		SPAN((const uint8_t *)"", 1), span_str(c->label) };

	c->has_session = p->session && c->label[0];
	put_be64(head, p->session);
	put_be64(head + 8, p->session_began);
	put_be64(head + 16, p->uid);
	crypto_sha256v(v, 4, c->session);
}

enum err
client_add(struct vault *v, uint32_t conn, struct span peer)
{
	struct link_peer p;
	struct client *c;
	enum err e;

	if ((e = wire_decode(&link_peer_map, peer, &p)))
		return e;
	if (conn == 0 || client_find(v, conn))
		return ERR_FORMAT;
	if (v->nclients >= VAULT_CLIENTS)
		return ERR_LIMIT;
	if (!(c = calloc(1, sizeof *c)))
		return ERR_NOMEM;
	c->conn = conn;
	c->uid = p.uid;
	c->pid = (pid_t)p.pid;
	copy_text(c->label, sizeof c->label, p.label);
	copy_text(c->unit, sizeof c->unit, p.unit);
	name_session(c, &p);
	c->next = *bucket(v, conn);
	*bucket(v, conn) = c;
	v->nclients++;
	return ERR_OK;
}

void
client_remove(struct vault *v, struct client *c)
{
	struct client **at = bucket(v, c->conn);

	job_cancel_client(v, c);
	grants_forget_client(v, c);
	op_backup_forget(c);
	op_rebuild_forget(c);
	op_restore_forget(c);
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	v->nclients--;
	free(c);
}

static enum err
put_event(struct vault *v, struct client *c, const struct ops_event *ev)
{
	struct buf frame = BUF_INIT;
	enum err e;

	if (!(e = ops_put_reply(&frame, OP_EVENT, 0, ERR_OK, ev)))
		link_put(&v->front.out, LINK_REPLY, c->conn, buf_span(&frame));
	buf_done(&frame);
	return e;
}

void
client_event(struct vault *v, struct client *c, const struct ops_event *ev)
{
	if (c && put_event(v, c, ev))
		link_put(&v->front.out, LINK_DROP, c->conn, SPAN_NONE);
}

void
client_event_all(struct vault *v, const struct ops_event *ev)
{
	struct ops_event bare = { .kind = ev->kind, .change = ev->change };

	wire_mark(&ops_event_map, &bare);
	for (size_t i = 0; i < sizeof v->clients / sizeof *v->clients; i++)
		for (struct client *c = v->clients[i]; c; c = c->next)
			if (c->subscribed)
				client_event(
				    v, c, rights_is_owner(&v->rights, c->uid) ? ev : &bare);
}

/* What it is about is for the owner's eyes; the job id is for nobody else's at all. */
void
client_event_asks(struct vault *v, const struct client *from, const struct ops_event *ev)
{
	struct ops_event bare = { .kind = ev->kind, .which = ev->which }, full = bare;

	full.text = ev->text;
	full.label = ev->label;
	wire_mark(&ops_event_map, &bare);
	wire_mark(&ops_event_map, &full);
	for (size_t i = 0; i < sizeof v->clients / sizeof *v->clients; i++)
		for (struct client *c = v->clients[i]; c; c = c->next)
			if (c->asks && c != from)
				client_event(
				    v, c, rights_is_owner(&v->rights, c->uid) ? &full : &bare);
}
