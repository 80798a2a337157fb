/*
 * core.h - what the files of the software token share.  Nobody else includes it.
 */
#ifndef SOFTTOKEN_CORE_H
#define SOFTTOKEN_CORE_H

#include "lib/buf.h"
#include "lib/cbor.h"
#include "lib/sec.h"
#include "tests/softtoken/ctap.h"
#include "tests/softtoken/softtoken.h"

#define SOFT_NEVER	 UINT64_MAX
#define SOFT_MSG_MAX	 7609 /* 64 - 7 + 128 * (64 - 5), CTAP 11.2.4 */
#define SOFT_RK_MAX	 25
#define SOFT_FAULTS	 8
#define SOFT_PIN_TRIES	 8
#define SOFT_PIN_STRIKES 3
#define SOFT_CRED_ID	 192 /* longest of ours */
#define SOFT_NAME_MAX	 64  /* names of RPs and users are cut to this, CTAP 6.8.7 */

/* --- personality.c --- */

enum soft_version { SOFT_2_0 = 1, SOFT_2_1_PRE = 2, SOFT_2_1 = 4 };

enum soft_trait {
	SOFT_U2F_ONLY = 1 << 0,
	SOFT_HMAC = 1 << 1,	       /* hmac-secret */
	SOFT_PROTECT = 1 << 2,	       /* credProtect */
	SOFT_PUAT = 1 << 3,	       /* pinUvAuthToken: permissions, one use each */
	SOFT_NOT_RQD = 1 << 4,	       /* makeCredUvNotRqd */
	SOFT_CONFIG = 1 << 5,	       /* authnrCfg, setMinPINLength, alwaysUv */
	SOFT_MANAGE = 1 << 6,	       /* credMgmt, 0x0A */
	SOFT_MANAGE_PRE = 1 << 7,      /* 0x41 */
	SOFT_RESET_WINDOW = 1 << 8,    /* reset only 10 s after power-up */
	SOFT_COUNTER_BACK = 1 << 9,    /* the counter goes back at power-up */
	SOFT_ALGS = 1 << 10,	       /* algorithms are listed */
	SOFT_SEVERAL = 1 << 11,	       /* several statements also for an allow list */
	SOFT_LEAKY_LOCK = 1 << 12,     /* soft lock does not stop the right PIN */
	SOFT_ALWAYS_UV = 1 << 13,      /* on from the factory */
	SOFT_BLOCKED = 1 << 14,	       /* no PIN tries are left */
	SOFT_NO_ROOM = 1 << 15,	       /* no resident key fits */
	SOFT_ONE_SECRET = 1 << 16,     /* same secret with and without UV */
	SOFT_PROTECT_3 = 1 << 17,      /* every credential gets level 3 */
	SOFT_NO_ATTEST = 1 << 18,      /* fmt "none" instead of packed self */
	SOFT_SHOWS_PROTECT_1 = 1 << 19 /* management always reports level 1 */
};

/* hmac-secret with up=false */
enum soft_silent { SOFT_SILENT_LEAK, SOFT_SILENT_OPTION, SOFT_SILENT_INVALID };

struct soft_row {
	const char *name;
	const char *help;
	unsigned versions;
	unsigned traits;
	unsigned protocols; /* bit 0: one, bit 1: two */
	uint32_t max_msg;
	uint32_t max_list;
	uint32_t max_id;
	uint32_t pad; /* credential ids are this much longer than they need be */
	uint32_t firmware;
	enum soft_silent silent;
	enum ctap timeout;  /* nobody touched it */
	enum ctap uv_retry; /* getUVRetries */
	enum ctap config;   /* authenticatorConfig without SOFT_CONFIG */
};

const struct soft_row *soft_row_find(const char *name);

/* --- what is in the state file (store.c) --- */

struct soft_text {
	uint8_t len;
	char p[SOFT_NAME_MAX];
};

struct soft_rk {
	uint8_t rp_hash[32];
	struct soft_text rp_id;
	uint8_t user_id_len;
	uint8_t user_id[64];
	struct soft_text user_name;
	struct soft_text user_display;
	uint64_t order; /* younger ones are larger */
	uint8_t id_len;
	uint8_t id[SOFT_CRED_ID];
};

struct soft_store {
	uint8_t master[32];
	uint32_t counter_top; /* no larger one was ever given out */
	uint32_t retries;
	uint32_t min_pin;
	uint32_t pin_points; /* 0: no PIN */
	uint8_t pin_hash[16];
	bool force_change;
	bool always_uv;
	uint64_t order;
	size_t nrk;
	struct soft_rk rk[SOFT_RK_MAX];
};

/* --- volatile parts --- */

struct soft_hid {
	uint32_t first_cid; /* channels are numbered upwards from a random one */
	uint32_t last_cid;
	uint32_t cid; /* owner of the transaction, 0 = idle */
	uint8_t cmd;
	uint8_t seq;
	size_t want;
	bool busy; /* message is complete and being worked on */
	uint64_t deadline;
	struct buf in;
	struct buf out; /* whole reports */
};

struct soft_pin {
	uint8_t priv[2][32];
	uint8_t pub[2][64];
	unsigned strikes;
	bool locked; /* until power cycle */
	/* the pinUvAuthToken */
	bool valid;
	unsigned proto;
	unsigned perms;
	bool bound;
	uint8_t rp_hash[32];
	uint8_t token[32];
	bool used;
	uint64_t issued;
};

/* One CBOR command, from its last frame in to its first frame out. */
struct soft_op {
	enum { SOFT_IDLE, SOFT_TOUCH, SOFT_REPLY } state;
	uint8_t cmd;
	bool touched;
	uint64_t touch_at;
	uint64_t deadline;
	uint64_t reply_at;
	uint64_t keepalive_at;
	struct buf reply;
	unsigned frames; /* sent so far: unplug@N */
};

/* Enumerations that go on with "next" (assertions, RPs, credentials). */
struct soft_iter {
	enum { SOFT_ITER_NONE, SOFT_ITER_ASSERT, SOFT_ITER_RP, SOFT_ITER_CRED } kind;
	uint64_t since;
	size_t n, at;
	size_t rk[SOFT_RK_MAX]; /* index in the store */
	struct buf ids;		/* assertions: lp(id) each */
	uint8_t rp_hash[32];
	uint8_t client_hash[32];
	uint8_t flags;
	struct buf hmac; /* assertions: the extension's input */
};

enum soft_fault_kind {
	SOFT_SHORT_SECRET,
	SOFT_NO_SECRET,
	SOFT_UNSTABLE_SECRET,
	SOFT_NO_UP,
	SOFT_NO_UV,
	SOFT_WRONG_RP,
	SOFT_BAD_SIGNATURE,
	SOFT_FLIP,
	SOFT_OTHER_CREDENTIAL,
	SOFT_REPLAY,
	SOFT_HUGE_CBOR,
	SOFT_GARBAGE,
	SOFT_ERROR,
	SOFT_KILL,
	SOFT_DROP,
	SOFT_STALE,
	SOFT_TRUNCATED,
	SOFT_LOST_FRAME,
	SOFT_WRONG_CHANNEL,
	SOFT_WRONG_SEQ,
	SOFT_SAY_BUSY,
	SOFT_SLOW,
	SOFT_UNPLUG,
	SOFT_NFAULTS
};

struct soft_fault {
	enum soft_fault_kind kind;
	uint32_t value;
	uint32_t at;
	uint8_t cmd;   /* 0: any */
	uint32_t left; /* 0: for ever */
};

struct softtoken {
	struct softtoken_config conf;
	const struct soft_row *row;
	bool plugged;
	uint64_t now;
	uint64_t power_at;
	uint32_t counter;
	struct soft_store store;
	struct soft_hid hid;
	struct soft_pin pin;
	struct soft_op op;
	struct soft_iter iter;
	struct soft_fault fault[SOFT_FAULTS];
	size_t nfaults;
	struct buf last;     /* reply before this one: stale */
	struct buf recorded; /* last honest assertion: replay */
};

static inline bool
soft_has(const struct softtoken *t, enum soft_trait trait)
{
	return (t->row->traits & (unsigned)trait) != 0;
}

/* --- hid.c --- */
void soft_hid_reset(struct softtoken *t);
void soft_hid_done(struct soft_hid *h);
void soft_hid_feed(struct softtoken *t, const uint8_t *report);
/* Send a message on the channel of the transaction and end it. */
void soft_hid_reply(struct softtoken *t, uint8_t cmd, struct span msg);
void soft_hid_error(struct softtoken *t, uint32_t cid, uint8_t code);
void soft_hid_keepalive(struct softtoken *t, uint8_t status);
void soft_hid_tick(struct softtoken *t);

/* --- op.c: one command at a time, touches, replies --- */
void soft_op_start(struct softtoken *t, struct span msg);
void soft_op_cancel(struct softtoken *t); /* answers "cancelled" */
void soft_op_abort(struct softtoken *t);  /* silently */
void soft_op_tick(struct softtoken *t);
uint64_t soft_op_next(const struct softtoken *t);
/* CTAP_OK when a finger was there, else CTAP_PENDING. */
enum ctap soft_op_touch(const struct softtoken *t);

/* --- one function for each command; req: the CBOR map, or empty --- */
typedef enum ctap soft_command(struct softtoken *t, struct span req, struct buf *rep);
soft_command soft_info;
soft_command soft_make;
soft_command soft_assert;
soft_command soft_assert_next;
soft_command soft_client_pin;
soft_command soft_manage;
soft_command soft_config;
soft_command soft_reset;
soft_command soft_select;

/* --- store.c --- */
void soft_store_fresh(struct softtoken *t);
enum err soft_store_load(struct softtoken *t, struct span state);
enum err soft_store_save(struct softtoken *t);
/* The next signature counter, saved ahead of use. */
enum ctap soft_store_count(struct softtoken *t, uint32_t *counter);

/* --- fault.c --- */
/* Is this fault on for the command being worked on?  Uses it up by one. */
bool soft_fault_hit(struct softtoken *t, enum soft_fault_kind kind, uint32_t *value);
/* Replace the reply by a lie. */
void soft_fault_reply(struct softtoken *t, struct buf *rep);
/* Frame n of this command goes out: pull the plug? */
bool soft_fault_unplugs(struct softtoken *t, unsigned frames);

#endif
