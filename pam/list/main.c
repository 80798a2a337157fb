/*
 * ownkey-list: which tokens are plugged in, for a login.  Descriptor 0 is the module; the protocol
 * is lib/job.h, TOKEN_LIST and TOKEN_WATCH alone.  Most logins that ask for a token find none, or
 * wait for it: it links libc and nothing else, and opens no device.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/drop.h"
#include "lib/lister.h"
#include "lib/log.h"
#include "lib/sandbox.h"

#define MODULE	    STDIN_FILENO
#define JOB_MAX	    8192
#define JOB_WAIT_MS 10000

static enum err
fail(enum err e)
{
	struct token_event ev = { .kind = TOKEN_EV_ERROR, .err = (uint64_t)e };
	struct buf b = BUF_INIT;

	wire_mark(&token_event_map, &ev);
	if (wire_encode(&token_event_map, &ev, &b) == ERR_OK)
		(void)!chan_send(MODULE, buf_span(&b));
	buf_done(&b);
	return e;
}

/* Root opens devices for ownkey-token; names and descriptors of devices are nothing for root. */
static enum err
leave_root(const struct token_job *job)
{
	uid_t uid = job->uid ? (uid_t)job->uid : DROP_NOBODY;
	gid_t gid = job->gid ? (gid_t)job->gid : DROP_NOBODY;

	return drop_is_root() ? drop_root(uid, gid) : ERR_OK;
}

static enum err
enter(const struct lister *l)
{
	const struct sandbox_rule rules[] = { { lister_sysfs(l), false }, { lister_dev(l), false },
		{ NULL, false } };
	const struct sandbox s = { .profile = SANDBOX_TOKEN_LIST, .rules = rules };
	unsigned lacks;

	return sandbox_enter(&s, &lacks);
}

static enum err
run(struct span frame)
{
	struct lister *l = NULL;
	struct token_job job;
	enum err e;

	if ((e = wire_decode(&token_job_map, frame, &job)) != ERR_OK)
		return fail(e);
	if (job.op != TOKEN_LIST && job.op != TOKEN_WATCH)
		return fail(ERR_USAGE);
	if ((e = lister_init(&l, &job, MODULE)) == ERR_OK && drop_is_root())
		lister_opens_all(l);
	if (e == ERR_OK && (e = leave_root(&job)) == ERR_OK && (e = enter(l)) == ERR_OK)
		e = job.op == TOKEN_WATCH ? lister_watch(l, MODULE) : lister_once(l);
	lister_done(l);
	return e == ERR_OK || e == ERR_CANCELLED || e == ERR_HANGUP ? ERR_OK : fail(e);
}

int
main(void)
{
	static const char *const keep[] = { NULL };
	struct buf frame = BUF_INIT;
	enum err e;

	log_open("ownkey-list", LOG_WARN_);
	signal(SIGPIPE, SIG_IGN);
	if ((e = sandbox_early(keep)) != ERR_OK ||
	    (e = chan_recv(MODULE, JOB_MAX, JOB_WAIT_MS, &frame)) != ERR_OK) {
		log_err(e, "start");
		return EXIT_FAILURE;
	}
	e = run(buf_span(&frame));
	buf_done(&frame);
	return e == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
