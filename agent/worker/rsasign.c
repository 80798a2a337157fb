#include "agent/worker/rsasign.h"

#include <sched.h>
#include <sys/resource.h>

#include "lib/chan.h"
#include "lib/sshkey.h"

#define NICE 10

/* Ed25519 signatures of the vault must not wait for ours: this process gets what they leave.  If
 * the system refuses, signatures are only fairer. */
void
rsasign_prepare(void)
{
	struct sched_param none = { 0 };

	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)sched_setscheduler(0, SCHED_BATCH, &none);
}

static enum err
sign(struct span frame, struct buf *sig)
{
	struct worker_sign q;
	enum err e;

	if ((e = wire_decode(&worker_sign_map, frame, &q)))
		return e;
	if ((e = sshkey_sign(
		 (enum sshkey_type)q.type, q.key, (enum sshkey_hash)q.hash, q.data, sig)))
		return e;
	return buf_err(sig);
}

enum err
rsasign(struct worker *w)
{
	struct buf sig = BUF_INIT;
	enum err e, made;

	for (;;) {
		sec_done(&w->frame);
		if ((e = chan_recv_sec(w->vault, -1, &w->frame)))
			break;
		buf_reset(&sig);
		made = sign(sec_span(&w->frame), &sig);
		w->event = (struct worker_event){ .err = made };
		w->event.out = made ? SPAN_NONE : buf_span(&sig);
		if ((e = worker_send(w, made ? WORKER_EV_ERROR : WORKER_EV_RESULT)))
			break;
	}
	buf_done(&sig);
	w->event = (struct worker_event){ 0 };
	return e == ERR_HANGUP ? ERR_CANCELLED : e;
}
