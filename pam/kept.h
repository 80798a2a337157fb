/*
 * kept.h - the one page of a login that holds secrets: locked, in no core dump, gone in a child.
 *
 * A page for each pam handle, not one arena for the process (lib/sec.h): a host may have threads,
 * and logs in several people at once.
 */
#ifndef PAM_KEPT_H
#define PAM_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define KEPT_PIN_MAX  63 /* bytes, as tokens take them */
#define KEPT_CRED_MAX 1023

/* What opens the vault: which slot, and its f1 (DESIGN 4). */
struct factor {
	uint8_t cred_id[KEPT_CRED_MAX];
	size_t cred_len;
	uint8_t f1[32];
	bool there;
};

struct kept {
	struct factor factor;
	uid_t uid; /* whose it is: a host may name somebody else before the session opens */
	char pin[KEPT_PIN_MAX + 1];
	char newpin[KEPT_PIN_MAX + 1];
	char again[KEPT_PIN_MAX + 1];
	char wrong[2][KEPT_PIN_MAX + 1]; /* were sent, and will not be once more */
};

/* NULL: no memory, or none that can be locked. */
struct kept *kept_new(void);
/* Wipes.  NULL is fine. */
void kept_free(struct kept *k);

#endif
