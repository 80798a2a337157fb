/* op_copies.c - copies of the sealed file in other folders: asked for and told, not made here. */
#include "agent/vault/job.h"
#include "agent/vault/op.h"
#include "agent/vault/store.h"

#define LOOK_MS 3000
#define MORE_MS 15000 /* beyond what one folder may take: a run that is under way comes first */

void
op_copies_take(struct vault *v, const struct control_copies *m)
{
	struct job *next;

	if (!m->head.err)
		v->copies = *m;
	if (v->copies.c.n > COPIES_MAX)
		v->copies.c.n = COPIES_MAX;
	for (size_t i = 0; i < COPIES_MAX; i++)
		v->copies.c.row[i].path[PATHS_MAX - 1] = '\0';
	if (m->head.handle) {
		v->copies_done = m->head.handle;
		v->copies_err = (enum err)m->head.err;
	}
	for (struct job *j = v->jobs; j; j = next) {
		next = j->next;
		if (j->r.row && j->r.row->op == OP_BACKUP_COPIES)
			job_wake(j, ERR_OK);
	}
}

void
op_copies_status(const struct vault *v, struct ops_status_rep *rep)
{
	const struct copies *c = &v->copies.c;

	if (!v->copies.head.type)
		return;
	rep->copies = c->n ? c->n - 1 : 0;
	wire_set(&ops_status_rep_map, rep, "copies");
	for (size_t i = 1; i < c->n; i++)
		if (c->row[i].time > rep->copied_at) {
			rep->copied_at = c->row[i].time;
			rep->copy_generation = c->row[i].generation;
			wire_set(&ops_status_rep_map, rep, "copied_at");
			wire_set(&ops_status_rep_map, rep, "copy_generation");
		}
}

/* The version that was opened here last: by this process or its predecessors, else by `seen`. */
static enum err
find_version(struct req *r, struct control_memory *mem)
{
	struct vault *v = r->v;
	const struct line_mark *m = &v->store.seen.mark;
	struct buf bytes = BUF_INIT;
	enum err e;

	*mem = v->mem;
	if (mem->known)
		return ERR_OK;
	e = store_read(r->job, &bytes);
	buf_done(&bytes);
	if (e || !v->store.seen.known)
		return e;
	mem->known = 1;
	memcpy(mem->vault_id, m->vault_id, 16);
	memcpy(mem->line, m->line, 32);
	memcpy(mem->last_hash, m->last_hash, 32);
	mem->generation = m->generation;
	return ERR_OK;
}

static void
put_row(const struct vault *v, size_t i, const struct control_memory *mem, struct ops_copy *out)
{
	const struct copies_row *c = &v->copies.c.row[i];
	bool same_line = memcmp(c->line, mem->line, 32) == 0;

	*out = (struct ops_copy){ .path = span_str(c->path),
		.time = c->time,
		.generation = c->generation,
		.err = c->err,
		.local = i == 0 };
	if (c->time) {
		out->current =
		    mem->known && same_line && !c->err && c->generation == mem->generation;
		out->older = mem->known && !same_line;
		out->same_disk = i > 0 && !c->apart;
	}
	wire_mark(&ops_copy_map, out);
}

static enum err
answer(struct req *r, const struct control_memory *mem)
{
	static struct ops_copy rows[COPIES_MAX];
	struct ops_backup_copies_rep rep = { .copies = { .v = rows, .n = r->v->copies.c.n } };

	for (size_t i = 0; i < rep.copies.n; i++)
		put_row(r->v, i, mem, &rows[i]);
	wire_mark(&ops_backup_copies_rep_map, &rep);
	return req_reply(r, &rep);
}

/* What is known in time is the answer to a look; whoever wants a copy must know whether it is. */
static enum err
wait_report(struct req *r, uint32_t handle, bool run)
{
	uint64_t ms = run ? (uint64_t)r->v->conf.copy_timeout * 2000 + MORE_MS : LOOK_MS;
	uint64_t until = loop_now() + ms;
	enum err e = ERR_OK;

	while (!e && r->v->copies_done < handle) {
		uint64_t now = loop_now();

		e = now < until ? job_wait(r->job, until - now) : ERR_TIMEOUT;
	}
	if (!e)
		e = r->v->copies_err;
	return (e == ERR_TIMEOUT || e == ERR_COPY_STUCK) && !run ? ERR_OK : e;
}

enum err
op_backup_copies(struct req *r)
{
	const struct ops_backup_copies *in = r->in;
	struct control_memory mem;
	enum err e;

	REQ_MUST_WAIT(r);
	e = find_version(r, &mem);
	if (in->run && !e && !mem.known)
		e = ERR_COPY_UNKNOWN;
	if (e && (in->run || e != ERR_NOVAULT))
		return e;
	e = wait_report(r, vault_copy(r->v, in->run ? COPY_RUN : COPY_LOOK, &mem), in->run);
	if (e)
		return e;
	return answer(r, r->v->mem.known ? &r->v->mem : &mem);
}
