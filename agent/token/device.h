/*
 * token.h - one token and one job: opening, the library's errors as ours, what is reported.
 *
 * Order: token_init, token_connect (the device is open, nothing said yet; the sandbox comes here),
 * token_run, token_done.  token_run sends the RESULT itself; an error is returned, for
 * token_fail to send.
 */
#ifndef AGENT_TOKEN_TOKEN_H
#define AGENT_TOKEN_TOKEN_H

#include <fido.h>

#include "agent/token/link.h"
#include "agent/token/report.h"
#include "lib/job.h"
#include "lib/sec.h"

#define TOKEN_CREDS_MAX	 64
#define TOKEN_TIMEOUT_MS 30000 /* when the job names none */
#define TOKEN_PATH_MAX	 256
#define TOKEN_RP_MAX	 64

struct token {
	const struct token_job *job; /* borrowed */
	int out;		     /* events go there; -1 = nowhere */
	struct report_port port;
	struct link link;
	fido_dev_t *dev;
	fido_cbor_info_t *info; /* NULL: speaks U2F only */
	char rp_id[TOKEN_RP_MAX];
	struct sec pin, newpin; /* NUL-terminated; empty when the job has none */
	uint64_t retries;	/* PIN tries left, when known */
	bool has_retries;
};

/* The credential ids of a job. */
struct token_creds {
	struct span v[TOKEN_CREDS_MAX];
	size_t n;
};

/* Checks the job; copies PINs and names where the library can use them.  ERR_USAGE when a field is
 * missing, ERR_RANGE, ERR_TOOBIG, ERR_PIN_POLICY. */
MUST enum err token_init(struct token *t, const struct token_job *job, int out);
/* Open the device; ctl is watched for the vault's cancel (-1: nothing to watch). */
MUST enum err token_connect(struct token *t, int ctl);
/* Instead of token_connect, for tests: these reports. */
void token_attach(struct token *t, const struct report_port *port);
/* INIT, getInfo, the operation.  ERR_CANCELLED when the vault hung up. */
MUST enum err token_run(struct token *t);
void token_done(struct token *t);

/* An event, a failure (with the tries left, when known); what cannot be sent is lost. */
void token_send(const struct token *t, struct token_event *ev);
void token_fail(const struct token *t, enum err e);

/* --- for the operations --- */

/* The library's code as ours; what the link knows comes first. */
enum err token_error(const struct token *t, int fido);
/* Forget the channel and take a fresh one: after a failed read it may hold a stale answer. */
MUST enum err token_reopen(struct token *t);
/* Read how many PIN tries are left into t->retries. */
MUST enum err token_read_retries(struct token *t);
/* May the job's PIN be sent?  ERR_PIN_UNSET, ERR_PIN_BLOCKED, ERR_PIN_LOW, ERR_PIN_CHANGE. */
MUST enum err token_check_pin(struct token *t);
/* The verification that the job asks for is there?  *pin: what to give to the library. */
MUST enum err token_check_uv(struct token *t, const char **pin);
/* After an error that concerns the PIN: find out how many tries are left, on a fresh channel. */
enum err token_after_pin(struct token *t, enum err e);
bool token_has_option(const struct token *t, const char *name, bool *value);
bool token_has_extension(const struct token *t, const char *name);
bool token_has_alg(const struct token *t, int alg);
MUST enum err token_get_creds(const struct token *t, struct token_creds *c);

/* The operations: info.c, assert.c, make.c, pin.c. */
MUST enum err token_info(struct token *t);
MUST enum err token_assert(struct token *t);
MUST enum err token_make(struct token *t);
MUST enum err token_pin_set(struct token *t);
MUST enum err token_pin_change(struct token *t);
MUST enum err token_select(struct token *t);

#endif
