/*
 * ssh.h - the ssh-agent protocol (RFC 9987; OpenSSH's PROTOCOL.agent) on ssh.sock, in front.
 *
 *   client --message--> ssh.c --ssh_sign.c, ssh_add.c: what is it?--> LINK_REQUEST --> vault
 *   vault --LINK_SSH--> ssh_rows.c: public keys, the list as it is sent
 *   vault --LINK_REPLY--> ssh.c: answers leave in the order of their requests
 *
 *   ssh_upstream.c: keys of another agent, behind ours
 *
 * What needs an open vault waits in ssh_wait.c while it is opened.  Nothing here decides about a
 * key: the vault does, at each signature.
 */
#ifndef AGENT_DOOR_SSH_H
#define AGENT_DOOR_SSH_H

#include "lib/conf.h"
#include "lib/ops.h"
#include "lib/ssh_dest.h"
#include "lib/ssh_wire.h"

#define SSH_LIST_MOST  2048	    /* identities that OpenSSH reads; more: it reads none */
#define SSH_LIST_BYTES (256 * 1024) /* of an answer that it reads */
#define SSH_HELLO_ID   1	    /* requests to the vault that nobody here has sent */
#define SSH_OPEN_ID    2
#define SSH_CANCEL_ID  3
#define SSH_FIRST_ID   16
#define SSH_RAW_BIND   (16 * 1024) /* a session-bind that is told to the agent behind ours */
#define SSH_SLOW_MOST  64	   /* slow signatures that the vault has to make at a time */

struct front;
struct conn;

/* Message numbers (RFC 9987 6.1). */
enum ssh_message {
	SSH_FAILURE = 5,
	SSH_SUCCESS = 6,
	SSH_REMOVE_ALL_V1 = 9,
	SSH_REQUEST_IDENTITIES = 11,
	SSH_IDENTITIES_ANSWER = 12,
	SSH_SIGN_REQUEST = 13,
	SSH_SIGN_RESPONSE = 14,
	SSH_ADD_IDENTITY = 17,
	SSH_REMOVE_IDENTITY = 18,
	SSH_REMOVE_ALL = 19,
	SSH_LOCK = 22,
	SSH_UNLOCK = 23,
	SSH_ADD_CONSTRAINED = 25,
	SSH_EXTENSION = 27,
	SSH_EXTENSION_FAILURE = 28,
	SSH_EXTENSION_RESPONSE = 29
};

/* One row of the vault; a single allocation.  Spans and lists point into bytes. */
struct ssh_key {
	struct ssh_key *next_blob, *next_id; /* in their buckets */
	size_t place;			     /* in ssh_keys.at */
	uint64_t expires;		     /* CLOCK_BOOTTIME seconds; UINT64_MAX = never */
	uint64_t number;		     /* ascending in ssh_keys.at */
	unsigned rank;			     /* of the first pattern of ssh_list that fits */
	bool added, confirm;
	uint8_t unlisted; /* enum ssh_unlisted, when the list was made for here */
	struct span id, blob, comment, label;
	struct wire_list dest;
	uint8_t bytes[];
};

/* All rows; they stay when the vault is locked. */
struct ssh_keys {
	struct ssh_key **at; /* in the order of the vault; NULL = gone */
	size_t n, cap, gone;
	uint64_t numbers; /* given so far */
	struct ssh_key **by_blob, **by_id;
	size_t buckets; /* power of two, of each */
	uint64_t seed;
	const struct conf *conf;
	struct buf list; /* the answer for who may see all of them */
	bool stale;	 /* list has to be made anew */
	bool hides;	 /* some key is not for everybody */
	uint64_t expires;
	size_t cut;    /* as many are not in it */
	size_t listed; /* as many are in it */
	bool known;    /* the vault was open at least once */
	bool locked;   /* by SSH_LOCK */
};

/* Of one connection. */
struct ssh_conn {
	uint64_t first, next;	   /* requests to the vault: the oldest unanswered, one more */
	struct buf *early;	   /* answers that came before it; NULL until one does */
	struct buf binds;	   /* struct ssh_bind, encoded, one behind the other */
	struct ssh_dest_path path; /* borrows from binds */
	bool greeted;		   /* this vault knows who we are */
	bool waits;		   /* on the list of those that wait for the vault to open */
	uint64_t until;		   /* and until when, loop_now */
	struct conn *next_waiting;
	bool slow_waits; /* in the queue of ssh_slow.c */
	struct conn *next_slow;
	struct span frame; /* the message that is looked at */
	struct ssh_up *up; /* ssh_upstream.c; NULL until it is needed */
	struct buf raw;	   /* session-binds as frames, for it */
	size_t nraw;
	bool raw_lost;	  /* not all of them are there */
	struct buf login; /* what a signature for a login is about (lib/sshlogin.h) */
};

/* Of all of them. */
struct ssh_door {
	struct ssh_keys keys;
	struct conn *waiting;	     /* the oldest first */
	uint32_t opener;	     /* number of the connection that the vault is opened for */
	struct loop_timer *patience; /* of the oldest */
	struct buf hello;	     /* what the vault is told of ssh clients: where to ask */
	struct conn *slow_first;     /* those that wait for a slow signature, the oldest first */
	struct conn *slow_last;
	unsigned nslow;	   /* that the vault makes */
	unsigned up_asked; /* connections that the supervisor is asked for */
	uint64_t up_pause; /* until then lists do without the agent behind ours */
};

/* ---- ssh.c ---- */
extern const struct door ssh_door;
/* Answer in order; when it cannot be kept the connection ends. */
void ssh_answer(struct conn *c, struct span message);
void ssh_answer_status(struct conn *c, enum ssh_message status);
/* Forward to the vault; answered when it answers. */
MUST enum err ssh_ask(struct conn *c, enum op op, const void *msg);
/* The same with an id of ours; nobody is answered. */
MUST enum err ssh_send(struct conn *c, enum op op, uint64_t id, const void *msg);
/* The message that waits is answered with a failure. */
void ssh_give_up(struct conn *c);
/* LINK_SSH. */
void ssh_take_rows(struct front *f, struct span rows);
/* A native client has said where its person can be asked: ssh clients say nothing. */
void ssh_hear_hello(struct front *f, const struct ops_hello *hello);

/* ---- ssh_rows.c ---- */
void ssh_keys_take(struct ssh_keys *k, struct span rows);
/* The vault is locked: what was in memory only is gone. */
void ssh_keys_lock(struct ssh_keys *k);
void ssh_keys_forget(struct ssh_keys *k);
void ssh_keys_done(struct ssh_keys *k); /* for tests */
/* NULL: none; also when its time is over. */
const struct ssh_key *ssh_keys_find(struct ssh_keys *k, struct span blob);
/* The IDENTITIES_ANSWER for this path; valid until the next call. */
struct span ssh_keys_list(struct ssh_keys *k, const struct ssh_dest_path *path);
/* A row like it; borrows from the key. */
void ssh_keys_row(const struct ssh_key *key, struct ssh_row *row);
/* Is its time over? */
bool ssh_keys_is_over(const struct ssh_key *key);

/* ---- ssh_pages.c ---- */
/* key.list.  An error is for its status. */
MUST enum err ssh_pages_answer(struct conn *c, const struct ops_request *q);

/* ---- ssh_sign.c ---- */
/* What is to be signed, as fields (in borrows from data and key): userauth, SSHSIG, else raw.
 * ERR_SSHKEY_SIGNATURE: with SHA-1. */
MUST enum err ssh_sign_parse(
    const struct ssh_key *key, struct span data, uint32_t flags, struct ops_sign *in);

/* ---- ssh_add.c ---- */
/* Parse what is behind the message number, and forward it.  ERR_SSH_CONSTRAINT: one that we do not
 * know; ERR_SSH_PATH: the key is there, and this connection may not see it. */
MUST enum err ssh_add(struct conn *c, struct ssh_reader *r, bool constrained);

/* ---- ssh_bind.c ---- */
/* session-bind@openssh.com, behind its name.  ERR_SSHKEY_SIGNATURE, ERR_SSH_BIND: against what was
 * bound before; ERR_LIMIT: too many. */
MUST enum err ssh_bind_take(struct ssh_conn *s, struct ssh_reader *r);

/* ---- ssh_wait.c ---- */
/* Hold the connection until the vault is open.  ERR_LOCKED: that is not waited for. */
MUST enum err ssh_wait(struct conn *c);
void ssh_wait_leave(struct conn *c);
/* All that wait are told a failure. */
void ssh_wait_fail(struct front *f);
/* The vault has answered request SSH_OPEN_ID. */
void ssh_wait_opened(struct conn *c, enum err status);
/* At the end of a wake-up: begin to open, or let all go on. */
void ssh_wait_after(struct front *f);

/* ---- ssh_slow.c ---- */
/* Does a signature by this key take long? */
bool ssh_slow_is(struct span blob);
/* True: others are first; the connection is held, and looked at again in its turn. */
MUST bool ssh_slow_wait(struct conn *c);
/* Its message does not wait there any longer: it was taken, or the connection goes. */
void ssh_slow_leave(struct conn *c);
/* One was sent to the vault; it is over. */
void ssh_slow_begin(struct conn *c);
void ssh_slow_end(struct conn *c);

/* ---- ssh_upstream.c ---- */
/* Is there an agent behind ours? */
bool ssh_up_is_there(const struct conn *c);
/* Ask it: true: the connection is held meanwhile.  False: there is an answer, or none will come.
 * endless: it may take its time. */
MUST bool ssh_up_wait(struct conn *c, struct span message, bool endless);
/* Its answer to the message that is looked at; empty: none. */
struct span ssh_up_answer(const struct conn *c);
void ssh_up_forget(struct conn *c);
bool ssh_up_is_busy(const struct conn *c);
/* A session-bind, or a login, to be told to it before anything else. */
void ssh_up_bind(struct conn *c, struct span message);
/* The client goes: whatever is asked for it is given up. */
void ssh_up_leave(struct conn *c);
/* The supervisor's answer: a connection, or -1. */
void ssh_up_come(struct front *f, uint32_t number, int fd);
/* Our list and theirs, which is not believed.  False: ours alone. */
MUST bool ssh_up_join(struct ssh_keys *k, struct span own, struct span theirs, struct buf *b);

#endif
