/*
 * tokens.h - the drive of ownkey-token: which tokens there are, and one job to one or several.
 *
 * What comes back was said by a device and by a process that may have been taken over: it is
 * bounded, and proves nothing before verify.h has judged it.  Every call ends at `until`
 * (helper_clock); nothing of it is left then.
 */
#ifndef PAM_TOKENS_H
#define PAM_TOKENS_H

#include "lib/job.h"
#include "pam/helper.h"

#define TOKENS_MAX     6
#define TOKENS_SOURCES 8
#define TOKENS_CRED    1024
#define TOKENS_AUTH    4096
#define TOKENS_SIG     1024

/* Where to look, and what the helper becomes as soon as a device is open, if it starts as root.
 * Sockets are looked for before that; of one that this user may not reach, only that its file came
 * or went is seen later. */
struct tokens_setup {
	const char *source[TOKENS_SOURCES]; /* "hid", "unix:/path"; none: hid */
	size_t sources;
	uid_t uid; /* not 0 */
	gid_t gid;
};

struct token_seen {
	char path[128];
	char name[64]; /* printable; "" where it has none */
	uint64_t vendor, product;
	bool access; /* may it be opened? */
};

struct tokens_there {
	struct token_seen t[TOKENS_MAX];
	size_t n;
};

/* What is plugged in now; none is no error. */
MUST enum err tokens_look(const struct tokens_setup *s, int64_t until, struct tokens_there *out);

/* The list at once, and again at each change. */
struct tokens_watch {
	struct helper h;
};
#define TOKENS_WATCH_NONE   \
	{                   \
		HELPER_NONE \
	}
MUST enum err tokens_watch(const struct tokens_setup *s, int64_t until, struct tokens_watch *w);
/* ERR_TIMEOUT: nothing has changed. */
MUST enum err tokens_watch_next(struct tokens_watch *w, int64_t until, struct tokens_there *out);
void tokens_watch_end(struct tokens_watch *w);

/* What a token says about itself. */
struct tokens_info {
	uint64_t options; /* bits of enum token_option */
	uint64_t retries; /* PIN tries left; TOKENS_NO_RETRIES: it did not say */
	uint64_t min_pin;
	uint64_t max_creds, max_cred_id; /* of one assertion; 0 unknown */
	uint8_t aaguid[16];
};
#define TOKENS_NO_RETRIES UINT64_MAX
MUST enum err tokens_info(
    const struct tokens_setup *s, const char *path, int64_t until, struct tokens_info *out);

/* An assertion that is wanted. */
struct tokens_call {
	const char *rp_id;
	const uint8_t *cdh; /* 32, of verify_begin */
	const struct span *creds;
	size_t ncreds;
	struct span salt; /* none, or 32: with hmac-secret */
	enum token_uv uv;
	const char *pin; /* with TOKEN_UV_PIN; locked memory of the caller */
	bool up;	 /* a touch; false: silent */
	bool force;	 /* use the PIN although fewer than 3 tries are left */
	/* the token blinks: say so; may be NULL */
	void (*touch)(void *arg, size_t which);
	void *arg; /* of touch, and of judge below */
};

struct tokens_answer {
	uint8_t cred_id[TOKENS_CRED], authdata[TOKENS_AUTH], sig[TOKENS_SIG];
	size_t cred_len, auth_len, sig_len;
	uint8_t *secret;  /* in: locked memory of the caller, 32; with salt only */
	uint64_t retries; /* PIN tries left, after a wrong one; TOKENS_NO_RETRIES */
};

/* One token.  ERR_TOKEN_*, ERR_TOUCH_*, ERR_PIN_*, ERR_UV_BLOCKED: what it said; ERR_LIE_SECRET:
 * its secret is missing or of no use.  What failed leaves *a as it was, but for retries. */
MUST enum err tokens_assert(const struct tokens_setup *s, const char *path,
    const struct tokens_call *c, int64_t until, struct tokens_answer *a);

/*
 * Several at once, without a PIN: the first whose answer judge accepts wins, and the others stop
 * blinking.  An answer that judge refuses ends the turn of its own token only.
 */
struct tokens_race {
	const char *const *paths;
	size_t n; /* 1..TOKENS_MAX */
	enum err (*judge)(void *arg, size_t which, const struct tokens_answer *a);
	size_t which; /* out: index in paths */
};
/* Why the last one failed, but "wrong token" only when all said so. */
MUST enum err tokens_assert_any(const struct tokens_setup *s, struct tokens_race *r,
    const struct tokens_call *c, int64_t until, struct tokens_answer *a);

/* The person touches the one that is meant.  *which: index in paths. */
MUST enum err tokens_touched(
    const struct tokens_setup *s, const char *const *paths, size_t n, int64_t until, size_t *which);

struct tokens_pins {
	const char *pin, *newpin; /* NUL-terminated, 4..63 bytes, locked memory of the caller */
	bool force;
	uint64_t retries; /* out, as in tokens_answer */
};
MUST enum err tokens_change_pin(
    const struct tokens_setup *s, const char *path, int64_t until, struct tokens_pins *p);

#endif
