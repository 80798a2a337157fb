/*
 * message.h - what git says to a credential helper, and hears from it (gitcredentials(7),
 * git-credential(1) "INPUT/OUTPUT FORMAT"): lines of name=value, ended by an empty one.
 *
 * A value with a line break or a NUL, hidden in the address of a remote, makes other helpers hand a
 * password out to the wrong host (CVE-2020-5260, CVE-2020-11008, CVE-2024-52006): here it is
 * refused when read and when written.
 */
#ifndef CLI_GIT_MESSAGE_H
#define CLI_GIT_MESSAGE_H

#include "lib/buf.h"
#include "lib/sec.h"

#define MESSAGE_MOST (64 * 1024) /* bytes of all lines */

enum message_key {
	MESSAGE_PROTOCOL,
	MESSAGE_HOST,
	MESSAGE_PATH,
	MESSAGE_USERNAME,
	MESSAGE_PASSWORD,
	MESSAGE_EXPIRY,	 /* password_expiry_utc */
	MESSAGE_REFRESH, /* oauth_refresh_token */
	MESSAGE_KEYS
};

/* What was said; absent ones are empty with p NULL.  Values borrow. */
struct message {
	struct span value[MESSAGE_KEYS];
	uint64_t expiry; /* unix seconds; 0 = never */
};

static inline bool
message_has(const struct message *m, enum message_key k)
{
	return m->value[k].p != NULL;
}

/* Up to the empty line or the end; other names (capability[], wwwauth[], ...) are passed over; of
 * the same name twice the last one holds.  ERR_GIT_MESSAGE: no '=', a control character, no UTF-8
 * or too long where a name is wanted; no protocol, or neither host nor path.  ERR_TOOBIG. */
MUST enum err message_read(struct span text, struct message *m);
/* One line; nothing when the value is absent.  ERR_GIT_MESSAGE: a NUL or a line break in it. */
MUST enum err message_put(struct buf *out, enum message_key k, struct span value);
/* "git/PROTOCOL/HOST[/PATH]/USER", with '/', '%' and what no name may have as %XX: the name of the
 * secret; appended.  ERR_TOOBIG: longer than names of secrets are. */
MUST enum err message_label(const struct message *m, const char *prefix, struct buf *out);

#endif
