/*
 * machine.h - the two state machines of a plugin (C2SP age-plugin.md).
 *
 * Each reads what age wants up to "done", then says what came of it, "done" too.  What went wrong
 * with an identity, a recipient or a stanza is said to age and is no error here; errors are those
 * of the conversation itself (chat.h), and ERR_NOMEM.
 */
#ifndef CLI_AGE_MACHINE_H
#define CLI_AGE_MACHINE_H

#include "cli/age/agent.h"

#define MACHINE_IDENTS	  64   /* identities and recipients */
#define MACHINE_WRAPPED	  4096 /* stanzas that we know */
#define MACHINE_FILES	  4096
#define MACHINE_FILE_KEYS 256 /* to be wrapped */

/* --age-plugin=identity-v1: open. */
MUST enum err machine_open(struct chat *t, struct agent *a);
/* --age-plugin=recipient-v1: encrypt. */
MUST enum err machine_wrap(struct chat *t, struct agent *a);

/* The identities that age named, in its order. */
struct idents {
	struct ident id[MACHINE_IDENTS];
	enum err bad[MACHINE_IDENTS]; /* ERR_OK, or why it is none */
	size_t n;
};
/* ERR_TOOBIG. */
MUST enum err idents_add(struct idents *l, struct span text);
void idents_done(struct idents *l);
/* Tell age about the bad ones; *any: there were some. */
MUST enum err idents_report(struct chat *t, const struct idents *l, bool *any);
/* A number as in the protocol: decimal, no signs, no leading zeros.  ERR_AGE_PLUGIN. */
MUST enum err machine_number(struct span text, size_t *v);

#endif
