/*
 * A login that the person's ssh agent signs (from-agent).  No token is driven here, no PIN asked
 * for, and nothing comes of it that could open a vault: the agent may be any program at all.
 */
#include <stdlib.h>
#include <string.h>

#include "pam/handoff.h"
#include "pam/login.h"
#include "pam/verify.h"

/* One login; on the heap, because a thread of the host may have a small stack. */
struct asked {
	struct verify verify;
	struct verify_key key[VERIFY_CREDS];
	struct span blob[VERIFY_CREDS];
	size_t n;
	struct buf sig;
	uint32_t which;
};

static void
choose(const struct login *l, struct asked *a)
{
	const struct map *m = l->map;
	bool uv = l->options->uv == OPTION_UV_ALWAYS;

	for (size_t i = 0; i < m->n && a->n < VERIFY_CREDS; i++) {
		const struct map_row *r = &m->row[i];

		if (!r->ssh)
			continue;
		a->key[a->n] = (struct verify_key){
			.blob = r->pubkey, .up = r->flags & MAP_UP, .uv = uv || r->flags & MAP_UV
		};
		a->blob[a->n++] = r->pubkey;
	}
}

/* Where an answer becomes a login: nothing else but ERR_OK of verify_check_ssh does. */
static enum err
check(struct asked *a, int64_t until)
{
	struct verify_ssh_answer answer = { .keys = a->key, .nkeys = a->n };
	struct verify_verdict verdict;
	enum err e;

	if (a->which >= a->n)
		return ERR_FORMAT;
	answer.key = a->blob[a->which];
	answer.sig = buf_span(&a->sig);
	if ((e = verify_check_ssh(&a->verify, &answer, until, &verdict)) != ERR_OK)
		return e;
	return verdict.index < a->n ? ERR_OK : ERR_INTERNAL;
}

static enum err
ask(const struct login *l, struct asked *a, int64_t until)
{
	const struct verify_about about = {
		.host = l->host, .service = l->service, .user = l->person->name
	};
	struct handoff_sign q = { .socket = l->agent, .keys = a->blob };
	enum err e = verify_begin(&about, until, &a->verify);

	if (e == ERR_OK && l->options->cue[0])
		e = say_info(l->say, "%s", l->options->cue);
	if (e != ERR_OK)
		return e;
	q.n = a->n;
	q.message = SPAN(a->verify.message, a->verify.message_len);
	q.tbs = SPAN(a->verify.tbs, a->verify.tbs_len);
	e = handoff_sign(l->person, &q, &a->which, &a->sig, until);
	return e == ERR_OK ? check(a, until) : e;
}

static enum err
run(const struct login *l)
{
	int64_t until = helper_clock() + (int64_t)l->options->timeout * 1000;
	struct asked *a;
	enum err e;

	if (!l->agent[0])
		return ERR_AGENT_NONE;
	if (l->options->prompt[0] && (e = say_enter(l->say, l->options->prompt)) != ERR_OK)
		return e;
	if (!(a = calloc(1, sizeof(*a))))
		return ERR_NOMEM;
	a->verify = (struct verify)VERIFY_NONE;
	choose(l, a);
	e = a->n ? ask(l, a, until) : ERR_PAM_NOT_ENROLLED;
	verify_end(&a->verify);
	buf_done(&a->sig);
	free(a);
	return e;
}

enum err
login_from_agent(const struct login *l)
{
	enum err e = run(l);

	if (e != ERR_OK && e != ERR_PAM_CONV && say_err(l->say, e, SAY_NO_RETRIES) != ERR_OK)
		return ERR_PAM_CONV;
	return e;
}
