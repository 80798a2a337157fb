/*
 * login_parts.h - what the files of a login share (login.h).
 */
#ifndef PAM_LOGIN_PARTS_H
#define PAM_LOGIN_PARTS_H

#include "pam/handoff.h"
#include "pam/login.h"
#include "pam/tokens.h"
#include "pam/verify.h"

/* One login; on the heap, because a thread of the host may have a small stack. */
struct flow {
	struct login *l;
	int64_t until;
	struct tokens_setup setup;
	struct tokens_there there; /* those that may be opened */
	struct handoff_header header;
	bool asked_header, has_header;
	/* what is asked for at the moment */
	struct verify_cred cred[VERIFY_CREDS];
	struct span id[VERIFY_CREDS];
	size_t row[VERIFY_CREDS]; /* of the map */
	size_t n;
	struct tokens_answer answer;
	/* of several tokens at once */
	struct verify verify;
	enum err judged;
	size_t judged_row;
	enum err said; /* the first text that the program refused to show */
};

#define FLOW_ANY SIZE_MAX /* no row of the map in particular */

/* The token of the person that is plugged in. */
struct flow_holder {
	const struct token_seen *token;
	size_t row; /* whose credential it has shown to hold; FLOW_ANY: it did not say */
};

/* One assertion that is wanted from one token. */
struct flow_ask {
	size_t row; /* of the map; FLOW_ANY: all with the rp id of the first */
	enum token_uv uv;
	bool probe; /* silent, and proves no login: about all rows with the rp id of that one */
};

/* In so many milliseconds, but never after f->until. */
int64_t flow_soon(const struct flow *f, int64_t ms);

/* login_ask.c: assertions.  ERR_OK: the signature has been verified; *row says whose. */
MUST enum err flow_assert(
    struct flow *f, const char *path, const struct flow_ask *ask, size_t *row);
/* All tokens at once, touch only. */
MUST enum err flow_assert_any(struct flow *f);
/* A PIN or a fingerprint is wanted for this row. */
bool flow_wants_uv(const struct flow *f, size_t row);

/* login_find.c: tokens.  Wait until one is there that was not in f->there; ERR_TIMEOUT. */
MUST enum err flow_look(struct flow *f);
MUST enum err flow_wait(struct flow *f, int64_t until);
MUST enum err flow_find(struct flow *f, struct flow_holder *out);

/* login_pin.c: everything that needs a PIN or a fingerprint. */
MUST enum err flow_verified(struct flow *f, const struct flow_holder *h);
MUST enum err flow_change_pin(struct flow *f, const struct flow_holder *h);

#endif
