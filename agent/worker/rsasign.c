#include "agent/worker/rsasign.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/sshkey.h"

#define NICE	 19
#define SLICE_NS 100000000 /* the most that a kernel takes: any other may come between */

/* sched(7): where sessions are groups, niceness counts within one only, and this process is alone
 * in its own. */
static void
set_group_nice(void)
{
	int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, "19", 2);
	close(fd);
}

/* Ed25519 signatures of the vault must not wait for ours: this process gets what they leave.  Linux
 * 6.12 and later keep a process running to the end of its slice, unless one with a shorter slice
 * wakes up; so ours is the longest.  If the system refuses, signatures are only fairer. */
void
rsasign_prepare(void)
{
	struct sched_attr at = { .size = sizeof at,
		.sched_policy = SCHED_BATCH,
		.sched_nice = NICE,
		.sched_runtime = SLICE_NS };

	set_group_nice();
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	(void)syscall(SYS_sched_setattr, 0, &at, 0);
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
