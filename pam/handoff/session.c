/* session.c - waiting for the end of a session. */
#include "pam/handoff/session.h"

#include <stdbool.h>
#include <unistd.h>

#include "pam/handoff/agent.h"
#include "pam/handoff/become.h"
#include "pam/handoff/count.h"

static enum err
open_count(const struct handoff_ask *a, int *fd)
{
	bool root = geteuid() == 0;
	enum err e = root ? count_open_root(a->uid, fd) : ERR_OK;

	if (!e)
		e = become(a);
	return !e && !root ? count_open_own(fd) : e;
}

enum err
session_begin(const struct handoff_ask *a, struct session *s, char name[HANDOFF_NAME_MAX])
{
	enum err e;

	*s = (struct session){ .hold = {
				   .ms = -1, .uid = a->uid, .what = HANDOFF_HELD_END, .to = -1 } };
	/* who connects sees that root listens: so before root is gone */
	if ((e = hold_host(&s->hold.host)) || (e = hold_signals(&s->hold.signal)) ||
	    (e = hold_listen(name, &s->hold.listener)) || (e = open_count(a, &s->count)))
		return e;
	return count_enter(s->count);
}

void
session_wait(struct session *s)
{
	/* whatever it was: nobody sees to the session from here on */
	if (hold_wait(&s->hold))
		s->hold.to = -1;
	close(s->hold.listener);
}

enum err
session_end(struct session *s)
{
	return count_leave(s->count) ? agent_lock() : ERR_OK;
}

enum err
session_lock(const struct handoff_ask *a)
{
	struct session s = { .count = -1 };
	enum err e = open_count(a, &s.count);

	return e ? e : session_end(&s);
}
