/* op_agent.c - hello, status, subscribe, cancel, lock. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "agent/vault/audit.h"
#include "agent/vault/inventory.h"
#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/store.h"
#include "agent/vault/way.h"

static void
copy(char *out, size_t cap, struct span s)
{
	snprintf(out, cap, "%.*s", (int)s.len, s.len ? (const char *)s.p : "");
}

/* Where the owner is asked.  Another account has no say in that: a PIN would be typed there. */
static void
hear_desktop(struct client *c, const struct ops_hello *in)
{
	copy(c->tty, sizeof c->tty, in->tty);
	copy(c->display, sizeof c->display, in->display);
	copy(c->wayland, sizeof c->wayland, in->wayland);
	copy(c->xauthority, sizeof c->xauthority, in->xauthority);
	copy(c->lang, sizeof c->lang, in->lang);
	copy(c->bus, sizeof c->bus, in->bus);
	c->interactive = in->interactive;
}

enum err
op_hello(struct req *r)
{
	const struct ops_hello *in = r->in;
	struct ops_hello_rep rep = { .protocol = OPS_PROTOCOL,
		.version = SPAN_LIT(OWNKEY_VERSION) };
	struct client *c = r->c;

	if (in->protocol != OPS_PROTOCOL)
		return ERR_VERSION;
	copy(c->name, sizeof c->name, in->client);
	if (rights_is_owner(&r->v->rights, c->uid))
		hear_desktop(c, in);
	c->greeted = true;
	rep.locked = !r->v->open.is;
	rep.vault = r->v->open.is;
	rep.notreal = r->v->notreal;
	wire_mark(&ops_hello_rep_map, &rep);
	return req_reply(r, &rep);
}

static void
open_status(const struct vault *v, struct ops_status_rep *rep, char *label, size_t cap)
{
	uint64_t idle = vault_idle_left(v), absolute = vault_absolute_left(v);

	rep->vault_id = SPAN(v->open.outer.vault_id, 16);
	rep->generation = v->open.state.last.generation;
	rep->unlocked_at = v->open.since_unix;
	rep->warning = (uint64_t)v->open.warning;
	if (idle != UINT64_MAX)
		rep->idle_left = idle / 1000;
	if (absolute != UINT64_MAX)
		rep->absolute_left = absolute / 1000;
	if (v->open.slot >= 0)
		way_label(&v->open.outer, &v->open.body, v->open.slot, label, cap);
	rep->unlocked_by = span_str(label);
	rep->opened_with = span_str(v->open.token);
	rep->joined = v->open.notes.came + v->open.notes.removed;
	rep->conflicts = v->open.notes.conflicts;
	inventory_put(v, rep);
}

static size_t
count_slots(const struct outer *o)
{
	size_t n = 0;

	for (size_t i = 0; i < OUTER_SLOTS; i++)
		n += o->slot[i].kind == SLOT_UNLOCK;
	return n;
}

/* While locked the file has to be looked at: its outside says how many ways in there are. */
static enum err
locked_status(struct req *r, struct ops_status_rep *rep)
{
	static struct outer o;
	struct buf bytes = BUF_INIT;
	enum err e;

	e = store_read(r->job, &bytes);
	if (e == ERR_NOVAULT)
		return ERR_OK;
	rep->vault = true;
	if (!e)
		e = outer_parse(buf_span(&bytes), &o);
	buf_done(&bytes);
	if (e) {
		rep->warning = (uint64_t)e;
		return ERR_OK;
	}
	rep->slots = count_slots(&o);
	rep->vault_id = SPAN(o.vault_id, 16);
	rep->generation = o.generation;
	return ERR_OK;
}

enum err
op_status(struct req *r)
{
	struct vault *v = r->v;
	struct ops_status_rep rep = { .locked = !v->open.is, .version = SPAN_LIT(OWNKEY_VERSION) };
	char label[256] = "";
	enum err e;

	if (v->open.is) {
		open_status(v, &rep, label, sizeof label);
		rep.vault = true;
		rep.slots = count_slots(&v->open.outer);
	} else {
		REQ_MUST_WAIT(r);
		if ((e = locked_status(r, &rep)))
			return e;
	}
	rep.path = span_str(v->store.path);
	rep.lacks = v->lacks;
	rep.jobs = v->njobs - (r->job != NULL);
	rep.notreal = v->notreal;
	rep.pid = (uint64_t)getppid();
	wire_mark(&ops_status_rep_map, &rep);
	op_copies_status(v, &rep);
	return req_reply(r, &rep);
}

enum err
op_subscribe(struct req *r)
{
	const struct ops_subscribe *in = r->in;

	r->c->subscribed = in->on;
	r->c->asks = in->on && in->asks;
	return ERR_OK;
}

enum err
op_cancel(struct req *r)
{
	const struct ops_cancel *in = r->in;

	job_cancel(r->v, r->c, in->request);
	return ERR_OK;
}

/* The answer leaves before the keys do; a fresh process answers what comes afterwards. */
enum err
op_lock(struct req *r)
{
	dispatch_reply(r, ERR_OK);
	audit_owe(r, AUDIT_OPERATION, NULL, ERR_OK);
	vault_lock(r->v);
}
