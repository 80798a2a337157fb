#include "agent/worker/rsasign.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/crypto.h"
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

/* ---- keys of a moment ago ---- */
/* Making a key ready takes as long as a signature, and who signs once often does again at once.
 * They are forgotten after REST_MS without work: until then their numbers are outside of the arena,
 * as they are during each signature. */
#define READY	4
#define REST_MS 1000
static struct ready {
	uint8_t name[32]; /* hash of the canonical bytes */
	struct crypto_rsa_ready *key;
} ready[READY];
static unsigned next;

static void
forget(void)
{
	for (struct ready *r = ready; r < ready + READY; r++) {
		crypto_rsa_ready_free(r->key);
		*r = (struct ready){ .key = NULL };
	}
}

static enum err
make_ready(const struct crypto_rsa *k, struct span canonical, struct crypto_rsa_ready **out)
{
	struct ready *r;
	uint8_t name[32];
	enum err e;

	crypto_sha256(canonical, name);
	for (r = ready; r < ready + READY; r++)
		if (r->key && memcmp(r->name, name, sizeof name) == 0) {
			*out = r->key;
			return ERR_OK;
		}
	r = &ready[next++ % READY];
	crypto_rsa_ready_free(r->key);
	*r = (struct ready){ .key = NULL };
	if ((e = crypto_rsa_ready(k, &r->key)))
		return e;
	memcpy(r->name, name, sizeof name);
	*out = r->key;
	return ERR_OK;
}

static enum err
sign_rsa(const struct worker_sign *q, struct buf *sig)
{
	struct crypto_rsa_ready *key;
	struct crypto_rsa k;
	enum err e;

	if ((e = sshkey_rsa_parts(q->key, &k)))
		return e;
	if (make_ready(&k, q->key, &key))
		return ERR_SSHKEY_FORMAT;
	return sshkey_sign_ready(key, k.n.len, (enum sshkey_hash)q->hash, q->data, sig);
}

/* ---- requests ---- */
static enum err
sign(struct span frame, struct buf *sig)
{
	struct worker_sign q;
	enum err e;

	if ((e = wire_decode(&worker_sign_map, frame, &q)))
		return e;
	if (q.type == SSHKEY_RSA)
		e = sign_rsa(&q, sig);
	else
		e = sshkey_sign(
		    (enum sshkey_type)q.type, q.key, (enum sshkey_hash)q.hash, q.data, sig);
	return e ? e : buf_err(sig);
}

/* Until something comes, or what is kept has rested for long enough. */
static void
rest(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, REST_MS) == 0)
		forget();
}

enum err
rsasign(struct worker *w)
{
	struct buf sig = BUF_INIT;
	enum err e, made;

	for (;;) {
		sec_done(&w->frame);
		rest(w->vault);
		if ((e = chan_recv_sec(w->vault, -1, &w->frame)))
			break;
		buf_reset(&sig);
		made = sign(sec_span(&w->frame), &sig);
		w->event = (struct worker_event){ .err = made };
		w->event.out = made ? SPAN_NONE : buf_span(&sig);
		if ((e = worker_send(w, made ? WORKER_EV_ERROR : WORKER_EV_RESULT)))
			break;
	}
	forget();
	buf_done(&sig);
	w->event = (struct worker_event){ 0 };
	return e == ERR_HANGUP ? ERR_CANCELLED : e;
}
