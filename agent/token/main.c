/*
 * ownkey-token: one job about tokens, then it is gone.  Descriptor 0 is the vault; the protocol is
 * lib/job.h.  The only program of the agent that talks to libfido2.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/lister.h"
#include "agent/token/device.h"
#include "agent/token/serve.h"
#include "lib/chan.h"
#include "lib/crypto.h"
#include "lib/drop.h"
#include "lib/hid.h"
#include "lib/log.h"
#include "lib/sandbox.h"

#define VAULT	    STDIN_FILENO
#define DOOR	    STDOUT_FILENO /* brings the connection of another machine */
#define ARENA	    (512 * 1024)
#define JOB_WAIT_MS 10000

static bool was_root;

static enum err
fail(enum err e)
{
	struct device d = { .out = VAULT };

	device_fail(&d, e);
	return e;
}

/* Root (PAM's, or that of root's own agent) is for opening a device, never for what it says.
 * PAM names somebody; root's agent does not, and its sockets are in folders that nobody else may
 * see. */
static enum err
leave_root(const struct token_job *job)
{
	gid_t gid = job->gid ? (gid_t)job->gid : DROP_NOBODY;

	if (!was_root)
		return ERR_OK;
	return job->uid ? drop_root((uid_t)job->uid, gid) : drop_capabilities();
}

/* --- listing --- */

static enum err
enter_list(const struct lister *l)
{
	const struct sandbox_rule rules[] = { { lister_sysfs(l), false }, { lister_dev(l), false },
		{ NULL, false } };
	const struct sandbox s = { .profile = SANDBOX_TOKEN_LIST, .rules = rules };
	unsigned lacks;

	return sandbox_enter(&s, &lacks);
}

static enum err
do_list(const struct token_job *job)
{
	struct lister *l = NULL;
	enum err e;

	if ((e = lister_init(&l, job, VAULT)) == ERR_OK && was_root)
		lister_opens_all(l);
	if (e == ERR_OK && (e = leave_root(job)) == ERR_OK && (e = enter_list(l)) == ERR_OK)
		e = job->op == TOKEN_WATCH ? lister_watch(l, VAULT) : lister_once(l);
	lister_done(l);
	return e == ERR_OK || e == ERR_CANCELLED || e == ERR_HANGUP ? e : fail(e);
}

/* --- one device --- */

static enum err
enter_device(void)
{
	const struct sandbox s = { .profile = SANDBOX_TOKEN };
	unsigned lacks;

	return sandbox_enter(&s, &lacks);
}

/* Who listed the devices is no root, and has read what they say about themselves: whatever it says,
 * root opens nothing but a hidraw node, or what an administrator named (a socket). */
static enum err
check_path(const struct token_job *job)
{
	struct span dev = job->dev.len ? job->dev : SPAN_LIT("/dev"), path = job->path;

	if (!was_root || span_eq(span_sub(path, 0, 5), SPAN_LIT("unix:")))
		return ERR_OK;
	if (path.len <= dev.len || !span_eq(span_sub(path, 0, dev.len), dev) ||
	    path.p[dev.len] != '/' ||
	    !hid_is_name(SPAN(path.p + dev.len + 1, path.len - dev.len - 1)))
		return ERR_TOKEN_ABSENT;
	return ERR_OK;
}

static enum err
do_device(const struct token_job *job)
{
	struct device d;
	enum err e;

	if ((e = device_init(&d, job, VAULT)) == ERR_OK && (e = check_path(job)) == ERR_OK &&
	    (e = device_connect(&d, VAULT)) == ERR_OK && (e = leave_root(job)) == ERR_OK &&
	    (e = device_ready(&d)) == ERR_OK && (e = enter_device()) == ERR_OK)
		e = device_run(&d);
	if (e != ERR_OK)
		device_fail(&d, e);
	device_done(&d);
	return e;
}

/* --- another machine uses it --- */

static enum err
do_serve(const struct token_job *job)
{
	struct serve *s = NULL;
	enum err e;

	if ((e = serve_init(&s, job, VAULT)) == ERR_OK && (e = serve_connect(s, DOOR)) == ERR_OK &&
	    (e = leave_root(job)) == ERR_OK && (e = serve_ready(s)) == ERR_OK &&
	    (e = enter_device()) == ERR_OK)
		e = serve_run(s);
	serve_done(s);
	return e == ERR_OK ? e : fail(e);
}

/* --- the job --- */

static enum err
do_job(struct span frame)
{
	struct token_job job;
	enum err e;

	if ((e = wire_decode(&token_job_map, frame, &job)) != ERR_OK)
		return fail(e);
	if (job.op == TOKEN_SERVE)
		return do_serve(&job);
	return job.op == TOKEN_LIST || job.op == TOKEN_WATCH ? do_list(&job) : do_device(&job);
}

static enum err
start(void)
{
	static const char *const keep[] = { NULL };
	enum err e;

	was_root = drop_is_root();
	if ((e = sandbox_early(keep)) != ERR_OK)
		return e;
	/* it would print the whole traffic: the library asks the environment by itself */
	unsetenv("FIDO_DEBUG");
	signal(SIGPIPE, SIG_IGN);
	/* the library copies a PIN to the heap anyway: also without locked memory this works */
	if ((e = sec_arena_open(ARENA, false, true)) != ERR_OK)
		return e;
	return crypto_init();
}

int
main(void)
{
	struct sec frame = { 0 };
	enum err e;

	log_open("ownkey-token", LOG_WARN_);
	if ((e = start()) != ERR_OK || (e = chan_recv_sec(VAULT, JOB_WAIT_MS, &frame)) != ERR_OK) {
		log_err(e, "start");
		return EXIT_FAILURE;
	}
	e = do_job(sec_span(&frame));
	sec_done(&frame);
	sec_arena_close();
	return e == ERR_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
