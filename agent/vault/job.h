/*
 * job.h - a request that waits: helpers, secrets typed by a person, the disk.  All functions here
 * run inside the job's fiber and return ERR_CANCELLED when the client gave up or left, ERR_TIMEOUT
 * when patience ended.  Several helpers may run for one job at the same time (tokens).
 */
#ifndef AGENT_VAULT_JOB_H
#define AGENT_VAULT_JOB_H

#include "agent/vault/vault.h"

#define JOB_HELPERS 8

/* A running helper of a job. */
struct helper {
	struct job *job;
	uint32_t handle; /* 0 = free */
	enum helper_kind kind;
	struct chan chan;
	struct loop_fd *fd;
	bool connected; /* the supervisor answered */
	bool ended;
	enum err err; /* spawn failed */
	void *arg;    /* for the flow that started it */
};

struct job {
	struct vault *v;
	struct req r;
	struct buf params; /* r.in borrows from it */
	struct fiber *fiber;
	bool cancelled;
	bool waits;
	const struct turn *wants;
	struct loop_timer *timer;
	struct helper helper[JOB_HELPERS];
	uint8_t id[JOB_ID_LEN];	       /* secret.sock id in use, zero = none */
	int secret;		       /* the person's connection, -1 */
	uint64_t which;		       /* names it to subscribers; 0 = nothing was asked yet */
	bool asking;		       /* the person was asked for something */
	enum err (*own)(struct job *); /* no request: work of our own */
	struct job *next;
};

/* Start r as a job (takes over r->in's bytes through params).  ERR_LIMIT, ERR_NOMEM. */
MUST enum err job_start(
    struct vault *v, struct client *c, const struct op_row *row, uint64_t id, struct span params);
/* Start work of our own, which waits: no client, no answer. */
MUST enum err job_start_own(struct vault *v, enum err (*fn)(struct job *));
/* From outside: cancel one request / all of a client; wake what waits. */
void job_cancel(struct vault *v, struct client *c, uint64_t request);
void job_cancel_client(struct vault *v, struct client *c);
/* A message of the supervisor that concerns a job. */
void job_control(struct vault *v, const struct control *m, int fd);

/* Free the jobs that have ended: at the end of each wake-up. */
void job_reap(struct vault *v);
/* Let the fiber go on with this reason (no-op when it does not wait). */
void job_wake(struct job *j, enum err reason);
/* Sleep until something of this job happened or ms passed (0 = for ever). */
MUST enum err job_wait(struct job *j, uint64_t ms);

/* ---- helpers ---- */
/* Start; *h points into the job.  id: deliver the person's connection straight to the helper. */
MUST enum err job_spawn(struct job *j, enum helper_kind kind, const uint8_t *id, struct helper **h);
/* Send the one job message. */
MUST enum err job_send(struct job *j, struct helper *h, const struct wire_map *m, const void *msg);
/* Next event frame of this helper; waits.  Valid until the next call for this helper.
 * ERR_HANGUP when it died without a word. */
MUST enum err job_recv(struct job *j, struct helper *h, uint64_t ms, struct span *frame);
/* Next event of any running helper: *h tells which.  ERR_NOTFOUND when none runs. */
MUST enum err job_recv_any(struct job *j, uint64_t ms, struct helper **h, struct span *frame);
/* End it (kills if it runs). */
void job_end(struct job *j, struct helper *h);
void job_end_all(struct job *j);

/* ---- telling and asking the person ---- */
void job_event(struct job *j, enum ops_event_kind kind, const char *text);
/* The same with everything. */
void job_event_full(struct job *j, struct ops_event *ev);
/* What it asked of the person came, or is not wanted any more: for subscribers. */
void job_answered(struct job *j);
enum ask { ASK_PIN, ASK_NEWPIN, ASK_PASS, ASK_NEWPASS };
struct question {
	enum ask ask;
	const char *text;  /* what for: "PIN of the blue token" */
	const char *label; /* name of the token or slot */
	enum err err;	   /* why it is asked again; ERR_OK = first time */
	uint64_t retries;
};
/* From the client's terminal (secret.sock) when it is interactive, else by a prompt program, else
 * ERR_NOPROMPT.  NFC-normalised into the arena. */
MUST enum err job_ask(struct job *j, const struct question *q, struct sec *out);
/* A factor that the client has obtained already: NEED_FACTOR, then SECRET_FACTOR within ms.  Both
 * are empty before; the caller ends them.  ERR_FORMAT, ERR_TIMEOUT. */
MUST enum err job_ask_factor(struct job *j, uint64_t ms, struct sec *cred_id, struct sec *f1);
/* Yes or no by a prompt program or the client's tty; never by the client itself.  ERR_REFUSED,
 * ERR_NOPROMPT (then a touch is asked, policy.h). */
MUST enum err job_confirm(struct job *j, const char *text);
/* Draw a job id, have the supervisor deliver its connection to the worker or to us. */
MUST enum err job_new_id(struct job *j, bool to_vault);
/* The id is void, its connection closed. */
void job_forget_id(struct job *j);

#endif
