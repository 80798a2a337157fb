/*
 * supervisor.h - the process that people see as ownkey-agent: owns the listening sockets, starts
 * front and vault by exec'ing itself with a role, starts helpers for the vault, delivers a person's
 * secret.sock connection to who waits for it.  It parses nothing (DESIGN 3).
 */
#ifndef AGENT_SUPERVISOR_H
#define AGENT_SUPERVISOR_H

#include <sys/types.h>

#include "agent/control.h"
#include "lib/loop.h"

#define SUPERVISOR_HELPERS 64
#define SUPERVISOR_IDS	   64
#define SUPERVISOR_CALLERS 64

struct child {
	pid_t pid;   /* 0 = not running */
	int control; /* our end */
	struct loop_fd *fd;
};

/* A helper that runs for the vault. */
struct running {
	uint32_t handle; /* 0 = free */
	uint32_t kind;	 /* enum helper_kind */
	pid_t pid;
	int deliver;		   /* worker: our end of its descriptor 1; -1 */
	struct loop_timer *ending; /* it was told to end, and is killed when this runs out */
};

/* A job id that somebody waits for on secret.sock. */
struct expected {
	bool used;
	uint8_t id[JOB_ID_LEN];
	uint32_t handle; /* worker to deliver to; 0 = the vault */
};

/* A connection to secret.sock whose 16 bytes are not complete yet. */
struct caller {
	struct supervisor *s;
	int fd; /* -1 = free */
	uint8_t id[JOB_ID_LEN];
	size_t have;
	struct loop_fd *watch;
	struct loop_timer *timer;
};

/* The copier (copies.c). */
struct copying {
	pid_t pid;   /* 0 = none runs */
	int control; /* our end; -1 */
	struct loop_fd *fd;
	struct loop_timer *timer, *limit; /* when it is started, and when killed */
	uint64_t started;
	uint32_t want;		    /* enum copy_what of the next run; 0 = none */
	uint32_t handle;	    /* of who asked for the next run; 0 = nobody */
	uint32_t asked;		    /* of who waits for this one */
	struct control_memory mem;  /* what is copied */
	bool keeps;		    /* this run was told to keep our own copy aside */
	struct control_copies last; /* what was reported last; all zero: nothing yet */
};

struct supervisor {
	struct loop *loop;
	struct control_start start; /* what every child is told: conf, owner, paths, memory */
	char self[PATHS_MAX];	    /* our own executable */
	int agent_sock, secret_sock, ssh_sock, lock;
	struct child vault, front;
	struct running running[SUPERVISOR_HELPERS];
	struct expected expected[SUPERVISOR_IDS];
	struct caller caller[SUPERVISOR_CALLERS];
	struct copying copying;
	int ready_fd; /* -1; gets one byte when everything serves */
	unsigned ready;
	uint64_t vault_started;
	unsigned quick_deaths;
	bool stopping;
};

/* Serve until a signal ends it.  Sockets and start must be filled in. */
MUST enum err supervisor_run(struct supervisor *s);
/* Take what the vault has said up to now. */
void supervisor_hear_vault(struct supervisor *s);

/* ---- helpers.c ---- */
void helpers_spawn(struct supervisor *s, const struct control *m);
void helpers_kill(struct supervisor *s, uint32_t handle);
void helpers_kill_all(struct supervisor *s);
bool helpers_reap(struct supervisor *s, pid_t pid);

/* ---- callers.c: secret.sock ---- */
MUST enum err callers_open(struct supervisor *s);
void callers_expect(struct supervisor *s, const uint8_t id[JOB_ID_LEN], uint32_t handle);
void callers_forget(struct supervisor *s, const uint8_t id[JOB_ID_LEN]);
void callers_forget_all(struct supervisor *s);

/* ---- copies.c ---- */
void copies_open(struct supervisor *s);
/* The vault has opened or written this version. */
void copies_changed(struct supervisor *s, const struct control_memory *mem);
/* The vault asks: a COPY message. */
void copies_ask(struct supervisor *s, const struct control *m);
/* To the vault. */
void copies_send(struct supervisor *s, const struct control_copies *m);
/* The vault has gone: nobody waits for an answer, and what is owed is copied now. */
void copies_locked(struct supervisor *s);
/* True: it was the copier. */
bool copies_reap(struct supervisor *s, pid_t pid);
void copies_close(struct supervisor *s);

#endif
