/*
 * agent.h - what the plugin asks of the agent, and what the person is told and asked meanwhile,
 * through age's own messages.
 */
#ifndef CLI_AGE_AGENT_H
#define CLI_AGE_AGENT_H

#include "cli/age/ident.h"
#include "cli/age/chat.h"
#include "lib/age.h"
#include "lib/client.h"

#define AGENT_PATIENCE_S 120 /* for a token, a touch, a person: then age is told */

struct agent {
	struct chat *t;
	struct client_conn conn;
	bool is_open;
	int alarm;	/* timerfd: patience */
	bool gave_up;	/* the person did not answer */
	enum err broke; /* the conversation with age did */
};

/* Nothing is connected to yet. */
MUST enum err agent_init(struct agent *a, struct chat *t);
void agent_done(struct agent *a);

/*
 * X25519 stanzas, at most OPS_STANZAS: file_key[i] gets the key of w[i], found[i] whether there is
 * one.  A locked vault is unlocked first, which the person is told.  label empty: every identity.
 * ERR_AGE_NONE, ERR_NOTFOUND, ERR_DENIED, ERR_TIMEOUT, ERR_REFUSED, token errors; ERR_NOAGENT.
 */
struct agent_try {
	const struct wrapped *const *w;
	size_t n;
	struct sec *file_keys; /* n of AGE_FILE_KEY */
	bool *found;
};
MUST enum err agent_decrypt(struct agent *a, struct span label, const struct agent_try *try);
/* One or two salts (32 or 64 bytes) for a credential of another plugin: as many bytes into *out,
 * which must be empty. */
struct agent_cred {
	struct span rp, cred;
	bool uv;
};
MUST enum err agent_secret(
    struct agent *a, const struct agent_cred *cred, struct span salt, struct sec *out);
/* Public key of an age identity.  ERR_NOTFOUND. */
MUST enum err agent_recipient(struct agent *a, struct span label, uint8_t pub[32]);
/* Of all that are in use, at most cap; *n gets how many. */
MUST enum err agent_recipients(struct agent *a, uint8_t (*pubs)[32], size_t cap, size_t *n);

#endif
