/*
 * pamstack.h - what a stack of /etc/pam.d decides, played through as Linux-PAM would (pam.conf(5)),
 * with nobody asked: for `ownkey pam check`.
 */
#ifndef CLI_PAMSTACK_H
#define CLI_PAMSTACK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/err.h"

#define PAMSTACK_LINES 128
#define PAMSTACK_DEPTH 8

/* What a module of the stack answers. */
enum pamstack_answer {
	PAMSTACK_SUCCESS,
	PAMSTACK_FAILS,
	PAMSTACK_ABSENT,  /* authinfo_unavail: no token, an unreadable map */
	PAMSTACK_UNKNOWN, /* user_unknown: not enrolled */
	PAMSTACK_IGNORE,  /* not enrolled, and nouserok */
	PAMSTACK_ANSWERS
};

/* What is done with it: a jump over n > 0 lines, or one of these. */
enum pamstack_action {
	PAMSTACK_GO_ON = 0, /* ignore */
	PAMSTACK_OK = -1,
	PAMSTACK_DONE = -2,
	PAMSTACK_BAD = -3,
	PAMSTACK_DIE = -4,
	PAMSTACK_RESET = -5
};

enum pamstack_kind {
	PAMSTACK_OURS,
	PAMSTACK_PROOF,	 /* another module that proves who it is, or is not known here */
	PAMSTACK_HELPER, /* says success, proves nothing: pam_env, pam_nologin, ... */
	PAMSTACK_PERMIT,
	PAMSTACK_DENY,
	PAMSTACK_ROOT, /* pam_rootok */
	PAMSTACK_SUB   /* no module: a substack ended */
};

struct pamstack_line {
	enum pamstack_kind kind;
	int action[PAMSTACK_ANSWERS];
	unsigned sub;  /* substack that it is in; 0 = none */
	unsigned ends; /* PAMSTACK_SUB: the one that ended before it */
	bool nouserok;
};

struct pamstack {
	struct pamstack_line line[PAMSTACK_LINES];
	size_t n;
	size_t ours;	 /* lines of pam_ownkey.so */
	size_t unlocks;	 /* of these, which would unlock a vault once a session opens */
	size_t sessions; /* its lines of session */
	unsigned subs;
	char wrong[200]; /* why it could not be read */
};

/* The auth lines of a service in that folder, and how many of session are ours, with what they
 * include.  ERR_NOTFOUND: no such file;
 * ERR_CONFIG: wrong says what; ERR_TOOBIG. */
MUST enum err pamstack_read(const char *dir, const char *service, struct pamstack *out);
/* Who gets in when our module answers so, and others that prove something so. */
bool pamstack_admits(
    const struct pamstack *s, enum pamstack_answer ours, enum pamstack_answer others);

#endif
