/* op_unlock.c - the main job: one touch opens the vault. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "agent/vault/audit.h"
#include "agent/vault/job.h"
#include "agent/vault/public.h"
#include "agent/vault/op.h"
#include "agent/vault/store.h"
#include "agent/vault/upgrade.h"
#include "agent/vault/way.h"
#include "lib/log.h"

void
op_unlocked(struct vault *v, int slot)
{
	struct ops_event ev = { .kind = OPS_EV_UNLOCKED };

	v->open.is = true;
	v->open.slot = slot;
	v->open.since_unix = (uint64_t)time(NULL);
	v->open.since = loop_now();
	vault_touch(v);
	wire_mark(&ops_event_map, &ev);
	client_event_all(v, &ev);
	public_send(v);
}

/* A socket that the request named, not the configuration, is the far end of a forwarded token: it
 * goes when that request ends, and says nothing about where the token is. */
static bool
is_of_this_machine(const struct conf *c, const char *token)
{
	if (strncmp(token, "unix:", 5) != 0)
		return true;
	for (uint32_t i = 0; i < c->ntokens; i++)
		if (strcmp(c->token[i], token) == 0)
			return true;
	return false;
}

static void
keep_token(struct vault *v, const struct way_got *got)
{
	if (is_of_this_machine(&v->conf, got->token))
		memcpy(v->open.token, got->token, sizeof v->open.token);
}

static enum err
answer(struct req *r, bool was_open)
{
	static struct ops_note rows[MERGENOTES_MOST + 2];
	struct vault *v = r->v;
	struct ops_unlock_rep rep = { .was_open = was_open,
		.warning = (uint64_t)v->open.warning,
		.first_seen = !was_open && v->open.first_seen };
	char label[256] = "", sum[256] = "";

	if (v->open.slot >= 0)
		way_label(&v->open.outer, &v->open.body, v->open.slot, label, sizeof label);
	rep.label = span_str(label);
	if (!was_open)
		mergenotes_sum(&v->open.notes, sum, sizeof sum);
	rep.notes.v = rows;
	rep.notes.n = was_open ? 0 : mergenotes_rows(&v->open.notes, span_str(sum), rows);
	wire_mark(&ops_unlock_rep_map, &rep);
	return req_reply(r, &rep);
}

/* The bytes are read before anything is asked, so that nothing is left to do after the touch but
 * to open them. */
static enum err
load(struct req *r, struct buf *bytes, struct outer *o)
{
	enum err e;

	if ((e = store_read(r->job, bytes)))
		return e;
	/* for a person, what is no vault at all where theirs should be is a damaged one */
	e = outer_parse(buf_span(bytes), o);
	return e == ERR_FORMAT ? ERR_VAULT_DAMAGED : e;
}

static enum err
unlock(struct req *r, struct span bytes, struct outer *o)
{
	const struct ops_unlock *in = r->in;
	struct way_want w = { .outer = o,
		.ways = in->way,
		.label = in->label,
		.force = in->force,
		.token = in->token,
		.nowait = in->nowait,
		.given = in->given,
		.purpose = "unlock",
		.why = "to unlock",
		.request = SPAN(o->vault_id, 16) };
	struct store_opening so = { .bytes = bytes, .outer = o, .accept_older = in->accept_older };
	struct way_got got;
	enum err e;

	if ((e = way_open(r->job, &w, &got)))
		return e;
	if (!(e = store_open(r->job, &so, &got.vrk)) && !r->v->open.is) {
		audit_open(r->job);
		audit_about(r, o->slot[got.slot].id);
		/* joined with another copy it may have another place */
		got.slot = outer_slot_find(&r->v->open.outer, o->slot[got.slot].id);
		keep_token(r->v, &got);
		op_unlocked(r->v, got.slot);
		if (got.slot >= 0 && upgrade_slot(r->job, &got))
			log_warn("the way in could not be renewed; it is tried again next time");
	}
	way_done(&got);
	return e;
}

enum err
op_unlock(struct req *r)
{
	struct vault *v = r->v;
	struct buf bytes = BUF_INIT;
	struct outer *o;
	enum err e;

	if (v->open.is) {
		vault_touch(v);
		return answer(r, true);
	}
	REQ_MUST_WAIT(r);
	if (!(o = malloc(sizeof *o)))
		return ERR_NOMEM;
	if (!(e = load(r, &bytes, o)) && !(e = unlock(r, buf_span(&bytes), o)))
		e = answer(r, false);
	buf_done(&bytes);
	free(o);
	return e;
}
