/*
 * control.h - fixed-size messages between the supervisor and its children (seqpacket sockets;
 * descriptors travel with them).  No parsing: a message is this struct (the first one to a child
 * struct control_start) or it is dropped.
 *
 * The vault's descriptors: 0 = front (link.h), 1 = supervisor (this), 2 = the supervisor's standard
 * error.  The front's: 0 = vault, 1 = supervisor, 2 = standard error, 3 = agent.sock, 4 = ssh.sock,
 * listening.  The copier's: 0 = supervisor, 2 = standard error.
 *
 * supervisor -> vault   START   first message: conf, owner, memory of the predecessor
 *                       HELPER  answer to SPAWN: err, handle; fd = socket to the helper
 *                       SECRET  fd = a person's connection for job id (their 16 bytes were read)
 *                       LOCK    SIGUSR1 or shutdown: exit now
 *                       COPIES  struct control_copies: what became of the copies; err: that is not
 *                               known, the copier ended without a word
 * vault -> supervisor   READY   sandboxed, serving
 *                       SPAWN   kind, handle (chosen by the vault), id (worker, forwarded token:
 *                               deliver a person's connection for this id to the helper itself;
 *                               zero = none)
 *                       EXPECT  deliver the connection for id to the vault
 *                       FORGET  id is void
 *                       KILL    end the helper with this handle
 *                       MEMORY  mem: what a successor must know; this version is copied
 *                       COPY    handle: a number for this request; kind: enum copy_what; mem: what
 *                               to copy
 * supervisor -> front   START   conf, owner, paths
 *                       VAULT   a fresh vault was started (lock): fd = new channel
 *                       LOCK    shutdown: exit
 *                       UPSTREAM  handle as asked; fd = a connection to it, or none
 * front -> supervisor   READY   sandboxed, serving
 *                       UPSTREAM  connect to ssh_upstream; handle: chosen by front
 * supervisor -> copier  START   conf, paths, mem: the version that is copied (not known: none);
 *                               handle: of the request that this run is for, 0 = none
 * copier -> supervisor  COPIES  after each folder; handle is 0 but in the last one
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include "lib/rights.h"
#include "lib/copies.h"
#include "lib/job.h"
#include "lib/paths.h"

#define CONTROL_MAGIC 0x4f574b31u /* "OWK1" */

enum control_type {
	CONTROL_START = 1,
	CONTROL_HELPER,
	CONTROL_SECRET,
	CONTROL_LOCK,
	CONTROL_READY,
	CONTROL_SPAWN,
	CONTROL_EXPECT,
	CONTROL_FORGET,
	CONTROL_KILL,
	CONTROL_MEMORY,
	CONTROL_VAULT,
	CONTROL_COPY,
	CONTROL_COPIES,
	CONTROL_UPSTREAM
};

enum helper_kind { HELPER_TOKEN = 1, HELPER_WORKER, HELPER_PROMPT };

enum copy_what {
	COPY_LOOK = 1, /* say what is known, touch no folder */
	COPY_RUN
};

/* What a fresh vault process must know of the file, so that front cannot feed it an older one. */
struct control_memory {
	uint8_t known; /* 0: nothing yet */
	uint8_t vault_id[16];
	uint8_t line[32]; /* SHA-256(t) */
	uint64_t generation;
	uint8_t last_hash[32];
	/* For the copier, once: another machine removed a way in, and what ours had before may be
	 * the only copy of its last changes: kept aside. */
	uint8_t keep_own;
};

struct control {
	uint32_t magic;
	uint32_t type;
	uint32_t handle;
	uint32_t kind; /* enum helper_kind */
	uint32_t err;
	uint8_t id[JOB_ID_LEN];
	struct control_memory mem;
};

/* The first message to a child. */
struct control_start {
	struct control head;  /* type START; mem = memory of the predecessor */
	struct rights rights; /* the owner, and who else may ask what */
	uint32_t notreal;     /* started by `ownkey try` */
	struct conf conf;
	char vault[PATHS_MAX];
	char seen[PATHS_MAX];
	char copy[PATHS_MAX], copies_state[PATHS_MAX], copies_list[PATHS_MAX];
};

/* What the copier says, handed on to the vault. */
struct control_copies {
	struct control head; /* type COPIES */
	struct copies c;     /* row 0: the copy on this machine */
};

#endif
