/*
 * say.h - what the person reads and is asked, through the conversation of the program (PAM).
 *
 * Each text says what to do.  Answers are wiped where they were typed.
 */
#ifndef PAM_SAY_H
#define PAM_SAY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

struct pam_conv;

struct say {
	const struct pam_conv *conv; /* NULL: there is nobody to ask */
	bool silent;		     /* PAM_SILENT: nothing is shown; what must be asked is asked */
};

#define SAY_LINE_MAX   256
#define SAY_NO_RETRIES UINT64_MAX /* the token did not say how many */

/* Show a line.  ERR_PAM_CONV: the program refused, or is gone. */
MUST enum err say_info(const struct say *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
MUST enum err say_error(const struct say *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Text and hint of a row of the error table, in the words of a login; with the PIN tries left where
 * they are known. */
MUST enum err say_err(const struct say *s, enum err why, uint64_t retries);
/* Wait for ENTER. */
MUST enum err say_enter(const struct say *s, const char *text);
/* Ask for something that is not shown; pin: cap bytes, NUL-terminated, wiped on failure.
 * ERR_PAM_PIN_EMPTY, ERR_PIN_POLICY (longer than cap - 1, or fewer than 4 bytes), ERR_PAM_CONV. */
MUST enum err say_ask(const struct say *s, const char *text, char *pin, size_t cap);

#endif
