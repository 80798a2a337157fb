/*
 * vault.h - the vault process: a pure server of frames; every decision is made here (DESIGN 3).
 *
 * Data flow:   front --frame--> dispatch --request--> op_*.c --> body, slots, formats
 *                                  |                     |
 *                                  |                     +--> job.c: helpers, secrets, waiting
 *              front <--frame-- reply                    +--> store.c: bytes of the file, by front
 *
 * A request that need not wait is answered in dispatch.  One that must wait (a touch, a person, the
 * disk) runs as a fiber (struct job), so that its code reads from top to bottom.
 * Lock = this process exits; nothing has to be found and wiped one by one.
 */
#ifndef AGENT_VAULT_VAULT_H
#define AGENT_VAULT_VAULT_H

#include <sys/types.h>

#include "agent/control.h"
#include "agent/link.h"
#include "agent/vault/body.h"
#include "agent/vault/line.h"
#include "agent/vault/mergenotes.h"
#include "agent/vault/outer.h"
#include "agent/vault/seen.h"
#include "agent/vault/vaultfile.h"
#include "lib/chan.h"
#include "lib/fiber.h"
#include "lib/loop.h"
#include "lib/ops.h"

#define VAULT_CLIENTS	  4096
#define VAULT_JOBS	  256
#define VAULT_CLIENT_JOBS 64
#define VAULT_PROMPTS	  3

struct job;

/* A connection of front. */
struct client {
	uint32_t conn;
	uint64_t uid;
	pid_t pid;
	char label[256];
	char unit[128];
	bool has_session;
	uint8_t session[32]; /* names its session, unit and program (policy.h) */
	char name[128];	     /* from hello */
	char tty[256], display[256], wayland[256], xauthority[256], lang[64], bus[256];
	bool greeted;
	bool interactive;
	bool subscribed;
	bool asks;    /* subscribed to what others' requests ask of the person */
	bool exports; /* proved a way in to take entries out (op_entry_export.c) */
	unsigned njobs;
	struct client *next; /* hash chain */
};

/* Something that one job uses at a time (turn.h). */
struct turn {
	struct job *owner; /* NULL = free */
};

/* The file as this process knows it (store.c). */
struct store {
	struct seen seen; /* what this machine remembers of it */
	char path[PATHS_MAX];
	bool prev;	  /* there is a vault.prev */
	struct turn turn; /* who uses the disk now */
	bool grown;	  /* there were changes since the journal was folded in */
	bool folding;	  /* a job does that, or waits for the moment to do it */
	uint64_t folds;	  /* so far: generations in which nothing changed */
	/* the answer that the owner waits for */
	bool answered;
	enum err err;
	struct buf *sink;   /* where data that is read goes */
	struct span verify; /* what must be read back */
	size_t verified;
	bool differs;
	uint64_t size;	    /* of what was read */
	char name[256];	    /* of a file beside the vault, printable */
	enum err audit_err; /* the log refused; then err is the same */
};

/* While unlocked. */
struct open_vault {
	bool is;
	struct sec vrk;
	struct outer outer;
	struct body body;
	struct vaultfile_state state;
	int slot;	 /* index of the slot that opened it */
	char token[128]; /* device path of the token that did; "" = none, or not of this machine */
	uint64_t since_unix, since, last_use; /* since, last_use: loop_now() */
	bool first_seen;
	enum err warning;
	struct mergenotes notes; /* of copies, since it was opened */
};

struct vault {
	struct loop *loop;
	struct chan front;
	int control;
	struct conf conf;
	struct rights rights; /* the owner, and who else may ask what */
	bool notreal;
	struct control_memory mem;
	unsigned lacks;
	struct store store;
	struct turn tokens; /* who asks for a touch now */
	struct {
		unsigned wrong; /* factors that were handed over and fit nothing */
		uint64_t since; /* loop_now() of the first of them */
	} given;
	struct open_vault open;
	struct client *clients[1024];
	unsigned nclients;
	struct job *jobs; /* all that run or wait */
	unsigned njobs;
	uint64_t asked; /* jobs that asked something of the person, ever */
	uint32_t next_handle;
	struct loop_timer *deadline;
	struct key_cache *keys;	   /* keyring.h */
	struct grants *grants;	   /* policy.h */
	struct sshrows *ssh;	   /* sshrows.h */
	struct audit_state *audit; /* audit.h */
	bool stopping;
	struct control_copies copies; /* what became of the copies; zero: not known yet */
	uint32_t copies_done;	      /* the last request for a run that was answered */
	enum err copies_err;	      /* with this */
};

/* One request being answered. */
struct req {
	struct vault *v;
	struct client *c; /* NULL when the client left meanwhile */
	struct job *job;  /* NULL in dispatch: must not wait, returns VAULT_WAIT instead */
	const struct op_row *row;
	uint64_t id;
	void *in;	/* decoded parameters: struct of row->req; NULL when it has none */
	struct buf out; /* the encoded result map (without frame head); empty = none */
	char text[256]; /* detail for people, "" = none */
	/* for the audit log */
	bool has_about;
	uint8_t about[16]; /* id of what it is about */
	bool audited;	   /* its entry is there */
	bool counted;	   /* as a free use */
	bool unaudited;	   /* the log could not be written, and it goes on without */
	bool reread;	   /* the log was read anew for it */
	bool made;	   /* a vault: there was no log before it */
};

/* An op handler: fills r->out by req_reply() and returns ERR_OK, or an error. */
typedef enum err op_fn(struct req *r);
/* Not an error of the table: "start me again as a job, I have to wait". */
#define VAULT_WAIT ((enum err)0x7fff)

struct op_impl {
	enum op op;
	op_fn *fn;
};
/* op.c: one row an operation. */
extern const struct op_impl op_impls[];
extern const size_t nop_impls;
/* NULL when it has no implementation (events). */
op_fn *op_find(enum op op);

/* Encode the result. */
MUST enum err req_reply(struct req *r, const void *msg);
/* Detail for people, printf. */
void req_text(struct req *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* VAULT_WAIT in dispatch, ERR_OK in a job: call before anything that waits. */
#define REQ_MUST_WAIT(r)                   \
	do {                               \
		if (!(r)->job)             \
			return VAULT_WAIT; \
	} while (0)

/* ---- main.c ---- */
/* Exit now: keys go with the process. */
void vault_lock(struct vault *v) __attribute__((noreturn));
/* Push the idle deadline: somebody used the vault. */
void vault_touch(struct vault *v);
/* Tell the supervisor what a successor must know. */
void vault_remember(struct vault *v);
/* Ask it for copies of this version (mem, if known); the number of the request. */
uint32_t vault_copy(struct vault *v, enum copy_what what, const struct control_memory *mem);
/* Milliseconds until idle / absolute lock; UINT64_MAX = never. */
uint64_t vault_idle_left(const struct vault *v);
uint64_t vault_absolute_left(const struct vault *v);

/* ---- client.c ---- */
struct client *client_find(struct vault *v, uint32_t conn);
MUST enum err client_add(struct vault *v, uint32_t conn, struct span peer);
void client_remove(struct vault *v, struct client *c);
/* Event to one client (request != 0) / to all subscribers (request 0). */
void client_event(struct vault *v, struct client *c, const struct ops_event *ev);
void client_event_all(struct vault *v, const struct ops_event *ev);
/* What a request of `from` (may be NULL) asks of the person, to those who subscribed to that. */
void client_event_asks(struct vault *v, const struct client *from, const struct ops_event *ev);

/* ---- dispatch.c ---- */
void dispatch_frame(struct vault *v, struct span frame);
/* Send the reply of a finished request. */
void dispatch_reply(struct req *r, enum err status);

#endif
