/*
 * softtoken.h - a CTAP 2.1 authenticator in software, for tests and for `ownkey try`.
 *
 * One core without I/O: 64-byte CTAPHID reports in, 64-byte reports out, time given by the caller.
 * Skins: this API (unit tests, virtual time), ownkey-softtoken (Unix socket), fuzz_softtoken.
 * It is no hardware: who reads its state has its keys.
 */
#ifndef SOFTTOKEN_SOFTTOKEN_H
#define SOFTTOKEN_SOFTTOKEN_H

#include "lib/err.h"
#include "lib/softtoken_aaguid.h"
#include "lib/span.h"

#define SOFTTOKEN_REPORT 64

struct softtoken;

enum softtoken_touch {
	SOFTTOKEN_TOUCH_AUTO, /* at once, after one keepalive "user presence needed" */
	SOFTTOKEN_TOUCH_NEVER,
	SOFTTOKEN_TOUCH_DELAY, /* after touch_ms */
	SOFTTOKEN_TOUCH_SIGNAL /* when softtoken_touch() is called */
};

struct softtoken_config {
	const char *personality; /* row of softtoken_personality_at; NULL = "yk57" */
	struct span state;	 /* as handed to save; empty = a new token is made */
	enum softtoken_touch touch;
	uint32_t touch_ms;
	uint32_t touch_timeout_ms; /* 0 = 30 s */
	const char *pin;	   /* set when the token has none; may be NULL */
	/* Keep these bytes durably; when it fails the token refuses.  NULL: kept nowhere. */
	enum err (*save)(void *arg, struct span state);
	/* Asked when a touch is needed: milliseconds until it comes, negative = never.
	 * NULL: touch and touch_ms decide. */
	int64_t (*ask)(void *arg, unsigned ctap_command);
	/* Fault "kill-before-compare": the process dies here. */
	void (*die)(void *arg);
	void *arg;
};

/* Make one, plugged in at time 0.  ERR_NOTFOUND: no such personality; ERR_FORMAT: state is damaged;
 * ERR_RANGE: the PIN is too short or too long; or what save says. */
MUST enum err softtoken_new(const struct softtoken_config *c, struct softtoken **out);
void softtoken_free(struct softtoken *t);

/* Host to token / token to host.  pop: false when nothing waits. */
void softtoken_feed(struct softtoken *t, const uint8_t report[SOFTTOKEN_REPORT]);
bool softtoken_pop(struct softtoken *t, uint8_t report[SOFTTOKEN_REPORT]);
/* Let the clock show `now` (milliseconds, never back) and do what is due. */
void softtoken_tick(struct softtoken *t, uint64_t now);
/* When tick has something to do next; UINT64_MAX: never. */
uint64_t softtoken_next(const struct softtoken *t);
uint64_t softtoken_now(const struct softtoken *t);
/* Pop, letting virtual time pass for up to ms; false: nothing came. */
bool softtoken_wait(struct softtoken *t, uint32_t ms, uint8_t report[SOFTTOKEN_REPORT]);

/* A finger.  false when nothing waited for it. */
bool softtoken_touch(struct softtoken *t);
void softtoken_touch_mode(struct softtoken *t, enum softtoken_touch mode, uint32_t ms);
/* Unplugged it hears nothing and forgets all that is not in its state. */
void softtoken_unplug(struct softtoken *t);
void softtoken_plug(struct softtoken *t);
bool softtoken_is_plugged(const struct softtoken *t);
bool softtoken_is_waiting(const struct softtoken *t); /* for a touch */

/*
 * Misbehave from now on.  SPEC is NAME[=VALUE][@N][:COMMAND][*COUNT]; COMMAND is one of info make
 * assert next pin reset manage select config; COUNT: how often (default: always; unplug: once).
 * "none" ends all faults.  ERR_USAGE, ERR_LIMIT.  Names: softtoken_fault_at.
 */
MUST enum err softtoken_fault(struct softtoken *t, const char *spec);

/* Rows for --list, documentation and table tests; NULL past the end. */
const char *softtoken_personality_at(size_t i, const char **help);
const char *softtoken_fault_at(size_t i, const char **help);

#endif
