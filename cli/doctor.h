/*
 * doctor.h - `ownkey doctor`: checks, a function and a row in verb_doctor.c each.
 */
#ifndef CLI_DOCTOR_H
#define CLI_DOCTOR_H

#include "cli/verbs.h"

struct doctor {
	struct cli *c;
	unsigned warnings;
	struct ops_status_rep st; /* only what does not borrow is used */
	bool agent;
};

void doctor_good(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* todo: what can be done; "" = nothing. */
void doctor_bad(struct doctor *d, const char *what, const char *todo);
/* Was `ownkey setup NAME` done? */
bool doctor_is_set_up(const char *name);

/* doctor_desktop.c: desktop programs, their store, the session */
void doctor_clear_keys(struct doctor *d);
void doctor_gajim(struct doctor *d);
void doctor_cookies(struct doctor *d);
void doctor_store(struct doctor *d);
void doctor_session(struct doctor *d);
void doctor_linger(struct doctor *d);
/* doctor_process.c: was the configuration edited since the agent read it? */
void doctor_conf_age(struct doctor *d);

/* Its name as the kernel has it, of at most 15 bytes; false: there is no such process. */
bool doctor_process_name(pid_t pid, char out[16]);

#endif
