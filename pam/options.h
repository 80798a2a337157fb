/*
 * options.h - what an administrator may write behind pam_ownkey.so: one table (DESIGN 12).
 *
 * Parsing, help and the manual come from the same rows.  What is unknown, malformed or out of range
 * refuses the whole line: an option that was overlooked would be a weaker login.
 */
#ifndef PAM_OPTIONS_H
#define PAM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define OPTIONS_PATH_MAX 512
#define OPTIONS_TEXT_MAX 128
#define OPTIONS_SOURCES	 8
#define OPTIONS_WHY_MAX	 160

enum option_uv {
	OPTION_UV_MAP,	  /* as the row of the map says */
	OPTION_UV_ALWAYS, /* PIN or fingerprint, also where the row asks for a touch only */
	OPTION_UV_PIN	  /* as the row says, and a PIN at once where a fingerprint would do, too */
};

struct options {
	char map
	    [OPTIONS_PATH_MAX]; /* absolute, or "~/..." (map.h); "%u" is the name of the person */
	uint64_t wait;		/* seconds for a token to be plugged in */
	uint64_t timeout;	/* seconds for all of it */
	uint64_t uv;		/* enum option_uv */
	bool nouserok;
	char cue[OPTIONS_TEXT_MAX];    /* shown when the token blinks; "" shows nothing */
	char prompt[OPTIONS_TEXT_MAX]; /* asked before anything else, ENTER goes on; "" asks not */
	bool no_unlock;
	bool lock_at_end;
	char rpid[OPTIONS_TEXT_MAX]; /* of pam_u2f's lines; "": pam://HOSTNAME */
	uint64_t max_tokens;
	bool from_agent; /* rows and signatures of an ssh agent, instead of tokens */
	char source[OPTIONS_SOURCES][OPTIONS_PATH_MAX]; /* "hid", "unix:/path" (lib/job.h) */
	size_t sources;
	char why[OPTIONS_WHY_MAX]; /* what is wrong with them: for the log, printable */
};

/* All of them, with their defaults where they are not given.  ERR_PAM_OPTION: why says which. */
MUST enum err options_parse(int argc, const char **argv, struct options *out);

/* A row, for the manual: i from 0; NULL past the end.  Values, "PATH" or "" for a flag. */
struct option_help {
	const char *name;
	const char *value;  /* what stands behind the '=' */
	const char *preset; /* what holds when it is not given; "" */
	const char *text;
};
const struct option_help *options_help(size_t i);

#endif
