/*
 * session.h - ownkey-session: what says that the person is away locks the vault; what waits for the
 * person is shown to them (DESIGN 9).
 *
 *	logind.c  (system bus)	--+			      +-- events --> notice.c (session bus)
 *	savers.c  (session bus) --+-- session_away --> locker.c
 *	removal.c (inotify)	--+			      +-- status --> removal.c
 *
 * One process, one loop (sd-event); each part does without the others: a bus that is not there, or
 * goes and comes back, is said in the log, and the rest goes on.
 */
#ifndef CLI_SESSION_SESSION_H
#define CLI_SESSION_SESSION_H

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "lib/conf.h"
#include "lib/ops.h"

#define SESSION_NAME "org.ownkey.Session" /* on the session bus: there is one of us */

struct locker;
struct logind;
struct removal;
struct notice;

struct session {
	sd_event *event;
	sd_bus *bus; /* of the session; NULL = there is none */
	struct conf conf;
	struct locker *locker;
	struct logind *logind;
	struct removal *removal;
	struct notice *notice;
};

/* `what` happened: lock, if the configuration wants that.  why: for the log. */
void session_away(struct session *s, enum conf_lock what, const char *why);

/* ---- locker.c: the connection to the agent ---- */
MUST enum err locker_start(struct session *s);
void locker_done(struct session *s);
/* Lock, now or as soon as the agent can be reached again.  logind_locked is called when the agent
 * said that it is locked, or when there is no agent that could be open. */
void locker_lock(struct session *s, const char *why);

/* ---- logind.c: the system bus ---- */
MUST enum err logind_start(struct session *s);
void logind_done(struct session *s);
/* What sleep is delayed for is done. */
void logind_locked(struct session *s);

/* ---- savers.c: screen savers on the session bus ---- */
MUST enum err savers_start(struct session *s);

/* ---- removal.c: the token that opened the vault ---- */
MUST enum err removal_start(struct session *s);
void removal_done(struct session *s);
/* Watch this device ("/dev/hidraw3", "unix:/PATH") instead of the one before; empty: none. */
void removal_watch(struct session *s, struct span path);

/* ---- notice.c: notifications on the session bus ---- */
MUST enum err notice_start(struct session *s);
void notice_done(struct session *s);
/* An event of the agent about somebody's request (ops_subscribe.asks). */
void notice_take(struct session *s, const struct ops_event *ev);
/* Nothing waits any more. */
void notice_clear(struct session *s);

#endif
