/* Assertions: what is asked for, and the one place where an answer becomes a login. */
#include <string.h>

#include "pam/login_parts.h"

/* A token that is asked silently answers at once; one that hangs, or blinks although it should not,
 * must not take the time of the one beside it. */
#define PROBE_MS 8000

bool
flow_wants_uv(const struct flow *f, size_t row)
{
	const struct map *m = f->l->map;
	size_t i;

	if (f->l->options->uv == OPTION_UV_ALWAYS)
		return true;
	if (row != FLOW_ANY)
		return m->row[row].flags & MAP_UV;
	for (i = 0; i < m->n; i++)
		if (m->row[i].flags & MAP_UV)
			return true;
	return false;
}

/* The rows that are asked about: one, or all that have its rp id. */
static void
choose(struct flow *f, const struct flow_ask *ask)
{
	const struct map *m = f->l->map;
	size_t first = ask->row == FLOW_ANY ? 0 : ask->row, i;

	f->n = 0;
	for (i = first; i < m->n && f->n < VERIFY_CREDS; i++) {
		const struct map_row *r = &m->row[i];

		if (!span_eq(r->rp_id, m->row[first].rp_id))
			continue;
		f->cred[f->n] = (struct verify_cred){
			.cred_id = r->cred_id,
			.alg = r->alg,
			.pubkey = r->pubkey,
			.up = !ask->probe,
			.uv = !ask->probe && flow_wants_uv(f, i),
		};
		f->id[f->n] = r->cred_id;
		f->row[f->n++] = i;
		if (ask->row != FLOW_ANY && !ask->probe)
			break;
	}
}

/* ---- the secret of the vault ---- */

/* The vault knows best; where its header cannot be read, the map does. */
static struct span
salt_of(const struct flow *f, size_t row)
{
	const struct map_row *r = &f->l->map->row[row];
	const struct handoff_header *h = &f->header;

	if (r->foreign || !r->salt.p)
		return SPAN_NONE;
	if (!f->has_header)
		return r->salt;
	if (!span_is(r->rp_id, h->rp_id) || !handoff_header_has(h, r->cred_id))
		return SPAN_NONE;
	return SPAN(h->salt, sizeof(h->salt));
}

/* One salt for all that are asked about, or none. */
static struct span
salt(const struct flow *f, const struct flow_ask *ask)
{
	struct span first;
	size_t i;

	if (!f->l->unlock || ask->probe || f->n == 0)
		return SPAN_NONE;
	first = salt_of(f, f->row[0]);
	for (i = 1; i < f->n; i++)
		if (!span_eq(first, salt_of(f, f->row[i])))
			return SPAN_NONE;
	return first;
}

static void
keep_factor(struct flow *f, bool asked)
{
	struct factor *k = &f->l->kept->factor;

	k->there = asked && f->answer.cred_len <= sizeof(k->cred_id);
	if (!k->there)
		return;
	memcpy(k->cred_id, f->answer.cred_id, f->answer.cred_len);
	k->cred_len = f->answer.cred_len;
}

/* A slot that was renewed since: logging in is right, and opens nothing. */
static void
say_stale(struct flow *f, size_t row)
{
	const struct map_row *r = &f->l->map->row[row];

	if (f->l->unlock && f->has_header && r->salt.p && !r->foreign &&
	    !handoff_header_has(&f->header, r->cred_id) && f->said == ERR_OK)
		f->said = say_info(f->l->say,
		    "This token no longer opens your vault: 'ownkey pam enroll' mends that.");
}

/* ---- asking ---- */

static void
say_touch(void *arg, size_t which)
{
	struct flow *f = arg;
	const char *cue = f->l->options->cue;

	(void)which;
	if (cue[0] && f->said == ERR_OK)
		f->said = say_info(f->l->say, "%s", cue);
}

static void
call_make(struct flow *f, const struct flow_ask *ask, const struct verify *v, struct tokens_call *c)
{
	*c = (struct tokens_call){
		.cdh = v->cdh,
		.creds = f->id,
		.ncreds = f->n,
		.salt = salt(f, ask),
		.uv = ask->uv,
		.pin = ask->uv == TOKEN_UV_PIN ? f->l->kept->pin : NULL,
		.up = !ask->probe,
		.force =
		    true, /* typed just now, by a person who was told how many tries are left */
		.touch = ask->probe ? NULL : say_touch,
		.arg = f,
	};
	memset(&f->answer, 0, sizeof(f->answer));
	f->answer.secret = f->l->kept->factor.f1;
	f->answer.retries = TOKENS_NO_RETRIES;
}

int64_t
flow_soon(const struct flow *f, int64_t ms)
{
	int64_t end = helper_clock() + ms;

	return end < f->until ? end : f->until;
}

static enum err
begin(struct flow *f, const struct flow_ask *ask, char *rp_id, struct verify *v)
{
	struct verify_about about = {
		.rp_id = rp_id,
		.host = f->l->host,
		.service = f->l->service,
		.user = f->l->person->name,
		.probe = ask->probe,
	};
	struct span id;

	choose(f, ask);
	if (f->n == 0)
		return ERR_INTERNAL;
	id = f->l->map->row[f->row[0]].rp_id;
	if (id.len > MAP_RPID_MAX)
		return ERR_INTERNAL;
	memcpy(rp_id, id.p, id.len);
	rp_id[id.len] = '\0';
	return verify_begin(&about, f->until, v);
}

/* Where an answer becomes a login: nothing else but ERR_OK of verify_check does. */
static enum err
check(struct flow *f, struct verify *v, const struct tokens_answer *a, size_t *row)
{
	struct verify_answer answer = {
		.creds = f->cred,
		.ncreds = f->n,
		.cred_id = SPAN(a->cred_id, a->cred_len),
		.authdata = SPAN(a->authdata, a->auth_len),
		.sig = SPAN(a->sig, a->sig_len),
	};
	struct verify_verdict verdict;
	enum err e = verify_check(v, &answer, f->until, &verdict);

	if (e != ERR_OK)
		return e;
	if (verdict.index >= f->n)
		return ERR_INTERNAL;
	*row = f->row[verdict.index];
	return ERR_OK;
}

enum err
flow_assert(struct flow *f, const char *path, const struct flow_ask *ask, size_t *row)
{
	char rp_id[MAP_RPID_MAX + 1];
	struct verify v = VERIFY_NONE;
	struct tokens_call c;
	int64_t until = ask->probe ? flow_soon(f, PROBE_MS) : f->until;
	enum err e = begin(f, ask, rp_id, &v);

	if (e == ERR_OK) {
		call_make(f, ask, &v, &c);
		c.rp_id = rp_id;
		e = tokens_assert(&f->setup, path, &c, until, &f->answer);
	}
	if (e == ERR_OK)
		e = check(f, &v, &f->answer, row);
	verify_end(&v);
	if (e == ERR_OK && !ask->probe) {
		keep_factor(f, c.salt.p != NULL);
		say_stale(f, *row);
		e = f->said;
	}
	return e;
}

static enum err
judge(void *arg, size_t which, const struct tokens_answer *a)
{
	struct flow *f = arg;

	(void)which;
	f->judged = check(f, &f->verify, a, &f->judged_row);
	return f->judged;
}

/* That judge was content is seen here, too, not only told by the race. */
static enum err
race(struct flow *f, const struct tokens_call *c)
{
	const char *paths[TOKENS_MAX];
	struct tokens_race r = { .paths = paths, .n = f->there.n, .judge = judge };
	size_t i;
	enum err e;

	for (i = 0; i < f->there.n; i++)
		paths[i] = f->there.t[i].path;
	f->judged = ERR_INTERNAL;
	e = tokens_assert_any(&f->setup, &r, c, f->until, &f->answer);
	return e == ERR_OK ? f->judged : e;
}

enum err
flow_assert_any(struct flow *f)
{
	const struct flow_ask ask = { .row = FLOW_ANY, .uv = TOKEN_UV_NONE };
	char rp_id[MAP_RPID_MAX + 1];
	struct tokens_call c;
	enum err e;

	f->verify = (struct verify)VERIFY_NONE;
	e = begin(f, &ask, rp_id, &f->verify);
	if (e == ERR_OK) {
		call_make(f, &ask, &f->verify, &c);
		c.rp_id = rp_id;
		e = race(f, &c);
	}
	verify_end(&f->verify);
	if (e != ERR_OK)
		return e;
	keep_factor(f, c.salt.p != NULL);
	say_stale(f, f->judged_row);
	return f->said;
}
