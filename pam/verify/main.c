/*
 * ownkey-verify: the judge of one login.  Descriptor 0 is whoever started it; the protocol is
 * lib/verify.h.  It gives root away before anything else, opens nothing, and holds no secret.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/crypto.h"
#include "lib/drop.h"
#include "lib/log.h"
#include "lib/sandbox.h"
#include "pam/verify/checker.h"

#define MODULE	STDIN_FILENO
#define WAIT_MS (3600 * 1000) /* for the person; whoever started it ends it sooner */

static enum err
start(void)
{
	const struct sandbox box = { .profile = SANDBOX_VERIFY };
	unsigned lacks;
	enum err e;

	if (drop_is_root() && (e = drop_root(DROP_NOBODY, DROP_NOBODY)))
		return e;
	if ((e = sandbox_early(NULL)))
		return e;
	signal(SIGPIPE, SIG_IGN);
	if ((e = crypto_init()))
		return e;
	return sandbox_enter(&box, &lacks);
}

static enum err
answer(struct checker *c, struct span frame)
{
	struct buf out = BUF_INIT;
	struct verify_event ev;
	struct verify_job q;
	enum err e;

	if ((e = wire_decode(&verify_job_map, frame, &q)))
		return e;
	checker_take(c, &q, &ev);
	wire_mark(&verify_event_map, &ev);
	if (!(e = wire_encode(&verify_event_map, &ev, &out)))
		e = chan_send(MODULE, buf_span(&out));
	buf_done(&out);
	return e;
}

static enum err
serve(void)
{
	struct checker c = { 0 };
	struct buf frame = BUF_INIT;
	enum err e = ERR_OK;

	while (!e && !c.over && !(e = chan_recv(MODULE, VERIFY_FRAME_MAX, WAIT_MS, &frame))) {
		e = answer(&c, buf_span(&frame));
		buf_reset(&frame);
	}
	buf_done(&frame);
	return e == ERR_HANGUP ? ERR_OK : e;
}

int
main(void)
{
	enum err e;

	log_open("ownkey-verify", LOG_WARN_);
	if ((e = start()) || (e = serve())) {
		log_err(e, "verify");
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
