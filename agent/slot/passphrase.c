/* passphrase.c - f2 = Argon2id13(passphrase, salt, t, m, p = 1), in the worker. */
#include "agent/slot/slot.h"

void
passphrase_job(struct span pass, struct span salt, uint32_t m, uint32_t t, struct worker_job *out)
{
	*out =
	    (struct worker_job){ .op = WORKER_ARGON2, .pass = pass, .salt = salt, .m = m, .t = t };
	wire_mark(&worker_job_map, out);
}

enum err
passphrase_factor(struct span frame, struct sec *f2)
{
	struct worker_event ev;
	enum err e;

	if ((e = wire_decode(&worker_event_map, frame, &ev)))
		return e;
	if (ev.kind == WORKER_EV_ERROR)
		return err_is_known(ev.err) && ev.err ? (enum err)ev.err : ERR_INTERNAL;
	if (ev.kind != WORKER_EV_RESULT || ev.out.len != 32)
		return ERR_FORMAT;
	return sec_init_copy(f2, ev.out);
}
