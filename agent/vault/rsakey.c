/* rsakey.c - RSA keys of identities. */
#include "agent/vault/rsakey.h"

#include "agent/format/oidc.h"

#define MAKE_MS 60000

static enum err
talk(struct job *j, struct helper *h, struct sec *out)
{
	struct worker_job q = { .op = WORKER_RSA, .bits = OIDC_RSA_BITS };
	struct worker_event ev;
	struct span answer;
	enum err e;

	wire_mark(&worker_job_map, &q);
	if ((e = job_send(j, h, &worker_job_map, &q)) || (e = job_recv(j, h, MAKE_MS, &answer)) ||
	    (e = wire_decode(&worker_event_map, answer, &ev)))
		return e;
	if (ev.kind != WORKER_EV_RESULT)
		return ev.err ? (enum err)ev.err : ERR_INTERNAL;
	return sec_put(out, ev.out);
}

static enum err
make(struct job *j, struct sec *out)
{
	struct helper *h;
	enum err e;

	if ((e = job_spawn(j, HELPER_WORKER, NULL, &h)))
		return e;
	e = talk(j, h, out);
	job_end(j, h);
	return e;
}

#define ROOM ((size_t)4096) /* two keys of OIDC_RSA_BITS */

enum err
rsakey_pair(struct job *j, struct sec *out)
{
	struct sec pair = { 0 };
	struct span half[2];
	enum err e;

	if (!(e = sec_init(&pair, ROOM)) && !(e = make(j, &pair)) && !(e = make(j, &pair)) &&
	    !(e = oidc_rsa_halves(sec_span(&pair), half)))
		e = sec_init_copy(out, sec_span(&pair));
	sec_done(&pair);
	return e;
}

enum err
rsakey_rotate(struct span old, struct span pair, bool all, struct sec *out)
{
	struct span was[2], made[2];
	enum err e;

	if (all)
		return sec_init_copy(out, pair);
	if ((e = oidc_rsa_halves(old, was)) || (e = oidc_rsa_halves(pair, made)) ||
	    (e = sec_init(out, was[1].len + made[0].len)) || (e = sec_put(out, was[1])))
		return e;
	return sec_put(out, made[0]);
}
