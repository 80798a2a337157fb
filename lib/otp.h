/*
 * otp.h - one-time codes: TOTP (RFC 6238, over HOTP, RFC 4226), and the ways in which services hand
 * out their seeds: an otpauth:// address (what the QR code holds) or base32 alone.
 */
#ifndef LIB_OTP_H
#define LIB_OTP_H

#include "lib/sec.h"

#define OTP_SEED_MAX   128 /* bytes */
#define OTP_TEXT_MAX   4096
#define OTP_NAME_MAX   255
#define OTP_DIGITS_MIN 6
#define OTP_DIGITS_MAX 8
#define OTP_PERIOD_MAX 86400 /* seconds */

enum otp_alg { OTP_SHA1, OTP_SHA256, OTP_SHA512 };

struct otp {
	enum otp_alg alg;
	uint32_t digits; /* OTP_DIGITS_MIN..OTP_DIGITS_MAX */
	uint32_t period; /* seconds, 1..OTP_PERIOD_MAX */
};
/* What applies unless something else is said: SHA1, 6 digits, 30 seconds. */
#define OTP_USUAL ((struct otp){ OTP_SHA1, 6, 30 })

const char *otp_alg_name(enum otp_alg alg); /* "SHA1" */
/* Any case, with or without a hyphen.  ERR_OTP_TEXT. */
MUST enum err otp_alg_find(struct span name, enum otp_alg *alg);
/* A number of the range, in digits.  ERR_OTP_TEXT. */
MUST enum err otp_number(struct span text, uint32_t min, uint32_t max, uint32_t *v);

/* What was handed out.  issuer and account: UTF-8 for people, "" = not said. */
struct otp_given {
	struct otp otp;
	struct sec seed; /* bytes */
	char issuer[OTP_NAME_MAX + 1];
	char account[OTP_NAME_MAX + 1];
};
/* white space at both ends is ignored; in base32 also blanks and '-' within, padding and case.
 * ERR_OTP_TEXT (also for counters, "hotp"), ERR_NOMEM.  given->seed must be empty, and is after a
 * failure. */
MUST enum err otp_parse(struct span text, struct otp_given *given);
/* The seed in base32, as programs take it; appended. */
MUST enum err otp_seed_text(struct span seed, struct sec *out);

/* The code at that time, with a NUL (RFC 6238 4, RFC 4226 5.3). */
void otp_code(
    const struct otp *o, struct span seed, uint64_t unix_seconds, char code[OTP_DIGITS_MAX + 1]);

#endif
