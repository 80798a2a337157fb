/*
 * job.h - what the vault and its helpers say to each other (one frame of chan.h = one message).
 *
 * A helper is started per operation (and per device) with descriptor 0 = stream socket to the
 * vault; it reads one job, sends events, then one RESULT or ERROR, and exits.  The vault cancels by
 * closing its end.  A worker that needs the person has descriptor 1 = seqpacket socket on which
 * the supervisor passes the person's connection to secret.sock (sock_recv_fd).
 *
 * On a secret.sock connection both sides then speak struct secret_msg frames.
 */
#ifndef LIB_JOB_H
#define LIB_JOB_H

#include "lib/succession.h"

#define JOB_FRAME_MAX (264 * 1024) /* an item of a backup, as large as items are, with its secret */
#define JOB_ID_LEN    16

/* ---- ownkey-token ---- */
enum token_op {
	TOKEN_LIST,	  /* enumerate: DEVICE..., END */
	TOKEN_WATCH,	  /* the same again at each change, until cancelled */
	TOKEN_INFO,	  /* RESULT with the info fields */
	TOKEN_ASSERT,	  /* RESULT with cred_id, authdata, sig, secret (when a salt was given) */
	TOKEN_MAKE,	  /* RESULT with cred_id, authdata, pubkey, alg, aaguid */
	TOKEN_PIN_SET,	  /* newpin */
	TOKEN_PIN_CHANGE, /* pin -> newpin */
	TOKEN_SELECT,	  /* RESULT after a touch: which of several tokens is meant */
	TOKEN_SERVE /* descriptor 1 brings the connection of another machine (agent/token/serve.h):
		     * NEED_PIN (answered by a job with pin, or without), TOUCH, REFUSED, RELEASED;
		     * RESULT when it has ended */
};

enum token_uv { TOKEN_UV_NONE, TOKEN_UV_PIN, TOKEN_UV_BUILTIN };

struct token_job {
	uint64_t has;
	uint64_t op;		/* enum token_op */
	struct span path;	/* "unix:/path" or "/dev/hidrawN" */
	struct span rp_id;	/* text */
	struct span cdh;	/* client data hash, 32 */
	struct wire_list creds; /* blobs: allow list (assert), exclude list (make) */
	struct span salt;	/* 32 or 64; empty: no hmac-secret */
	struct span pin;	/* UTF-8 NFC, 4..63 bytes */
	struct span newpin;
	bool up;		  /* assert: user presence (touch) wanted */
	uint64_t uv;		  /* enum token_uv */
	uint64_t timeout_ms;	  /* whole operation */
	struct span user;	  /* make: user name shown by tokens with a display */
	struct span user_id;	  /* make: 1..64 bytes */
	struct wire_list sources; /* list/watch: texts "hid", "unix:/path" */
	struct span sysfs;	  /* list/watch: root of sysfs, "/sys" */
	struct span dev;	  /* list/watch: root of dev, "/dev" */
	bool force;		  /* use the PIN although fewer than 3 tries are left */
	/* make, for other programs; absent: as a way in wants it */
	struct wire_list algs; /* -1 - COSE number, in order: 6 ES256, 7 EdDSA */
	bool plain;	       /* without hmac-secret */
	bool resident;	       /* a passkey slot of the token */
	uint64_t protect;      /* credProtect 1..3; with plain, 0 = none */
	/* serve: creds are those of our own vault, never used for others */
	struct wire_list refuse; /* SHA-256 of credential ids: those of third machines */
	struct wire_list known;	 /* of those that this machine was asked for before */
	/* started as root: who it becomes when the device is open.  PAM always says; without it
	 * (root's own agent) it stays root without a capability.  For others of no effect */
	uint64_t uid, gid;
};
extern const struct wire_map token_job_map;

enum token_kind {
	TOKEN_EV_DEVICE, /* path, name, vendor, product, access */
	TOKEN_EV_END,	 /* end of a list */
	TOKEN_EV_WORKING,
	TOKEN_EV_TOUCH, /* the token blinks: ask for the touch now */
	TOKEN_EV_RESULT,
	TOKEN_EV_ERROR,	   /* err, retries */
	TOKEN_EV_NEED_PIN, /* serve: retries, err (why again), fresh */
	TOKEN_EV_REFUSED,  /* serve: name: what was asked */
	TOKEN_EV_RELEASED  /* serve: cred_id: an assertion went out, with its secret */
};

enum token_option { /* bits of options */
	TOKEN_OPT_PIN_SET = 1,
	TOKEN_OPT_PIN_ABLE = 2,
	TOKEN_OPT_UV = 4, /* built-in user verification is set up */
	TOKEN_OPT_ALWAYS_UV = 8,
	TOKEN_OPT_HMAC_SECRET = 16,
	TOKEN_OPT_CRED_PROTECT = 32,
	TOKEN_OPT_PIN_CHANGE = 64, /* forcePINChange */
	TOKEN_OPT_FIDO2 = 128,	   /* speaks CTAP2 */
	TOKEN_OPT_UV_ABLE = 256,
	TOKEN_OPT_EDDSA = 512
};

struct token_event {
	uint64_t has;
	uint64_t kind;	  /* enum token_kind */
	uint64_t err;	  /* enum err */
	uint64_t retries; /* PIN tries left */
	struct span path; /* device */
	struct span name; /* product text, printable */
	uint64_t vendor, product;
	bool access;	    /* may we open it? */
	struct span aaguid; /* 16 */
	uint64_t options;   /* bits of enum token_option */
	uint64_t max_creds; /* maxCredentialCountInList, 0 unknown */
	uint64_t max_cred_id;
	uint64_t min_pin;
	struct span versions; /* text, joined by spaces */
	struct span extensions;
	uint64_t firmware;
	struct span
	    cred_id; /* returned by the token; the only credential asked for when it says none */
	struct span authdata; /* raw authenticator data */
	struct span sig;
	struct span secret; /* decrypted hmac-secret output, 32 or 64 */
	struct span pubkey; /* ES256: x||y 64; EdDSA: 32 */
	int64_t alg;	    /* COSE: -7, -8 */
	struct span fmt;    /* make: attestation, "packed"; sig is its signature */
	struct span cert;   /* the first certificate of it, DER */
	bool fresh;	    /* serve: none of its credentials is known */
};
extern const struct wire_map token_event_map;

/* ---- ownkey-worker ---- */
enum worker_op {
	WORKER_ARGON2,	    /* pass, salt, m, t -> out (32) */
	WORKER_PHRASE_MAKE, /* new P; words shown, typed back -> seed, recs, hashes, ... */
	WORKER_PHRASE_OPEN, /* asks for the words -> recs (one a slot), fpr; seed if wanted */
	WORKER_RSA,	    /* bits -> out (canonical, sshkey.h) */
	WORKER_SHARE_MAKE, /* asks for the words; threshold, count -> shares, set, threshold, fpr */
	WORKER_CARD,	   /* asks for the words, and gives them back as a card -> fpr */
	WORKER_SUCC_SIGN,  /* asks for the words; successions -> proofs, fpr */
	WORKER_SCRYPT,	   /* pass, salt, log_n -> out (32), as age wants it */
	/* a file from the person, then a key for it, unless pass has it (one a line); slot_ids ->
	 * HEAD, SEED, VALUE, ITEM; in the result hash, size; fpr, recs if the phrase opened it */
	WORKER_BACKUP_OPEN,
	/* stays: struct worker_sign, RESULT with out (signature blob), struct worker_sign, ... */
	WORKER_SIGN
};

/* A signature by an SSH key (sshkey.h). */
struct worker_sign {
	uint64_t has;
	uint64_t type;	  /* 1 enum sshkey_type */
	uint64_t hash;	  /* 2 enum sshkey_hash */
	struct span key;  /* 3 canonical private bytes */
	struct span data; /* 4 what is signed */
};
extern const struct wire_map worker_sign_map;

/* An entry of a succession log that wants the signature of succ_g,j: a rotation or a revocation. */
#define WORKER_SUCCESSIONS 64
struct worker_succession {
	uint64_t has;
	struct span entry;	  /* 1 its bytes */
	uint64_t generation;	  /* 2 g and */
	uint64_t j;		  /* 3 j of the key that the log announced */
	uint64_t next_generation; /* 4 rotation: of the key that it announces in turn */
	uint64_t next_j;	  /* 5 */
};
extern const struct wire_map worker_succession_map;

struct worker_job {
	uint64_t has;
	uint64_t op;
	struct span pass;
	struct span salt; /* 16 */
	uint64_t m;	  /* KiB */
	uint64_t t;
	struct wire_list slot_ids; /* blobs of 16 */
	uint64_t generation;
	uint64_t generations; /* PHRASE_OPEN: an event for each of the first so many */
	bool want_seed;	      /* and backup, hashes: all that the vault keeps of a generation */
	struct span fpr;      /* 4: compare when given; differs -> ERR_WORDS_WRONG */
	uint64_t bits;
	uint64_t tries;	    /* how often the words may be typed; 0 = 5 */
	uint64_t wait_ms;   /* for the person to connect and type */
	bool no_confirm;    /* PHRASE_MAKE: do not have the words typed back (ownkey try only) */
	uint64_t threshold; /* SHARE_MAKE: so many shares open */
	uint64_t count;	    /* SHARE_MAKE: of so many */
	bool card;	    /* PHRASE_MAKE: a card besides the words */
	struct wire_list successions; /* SUCC_SIGN: struct worker_succession, 1..64 */
	uint64_t log_n;		      /* SCRYPT: 2^log_n KiB */
};
extern const struct wire_map worker_job_map;

enum worker_kind {
	WORKER_EV_WORKING,
	WORKER_EV_RESULT,
	WORKER_EV_ERROR,
	WORKER_EV_GENERATION, /* generation, seed, backup, hashes, fpr */
	/* of a backup, in any order; nothing may be kept before the RESULT */
	WORKER_EV_HEAD,	 /* created; or vault_id, generation */
	WORKER_EV_SEED,	 /* generation, seed, fpr, backup, created, exposed */
	WORKER_EV_VALUE, /* key of the body, record: its CBOR */
	WORKER_EV_ITEM	 /* record: its CBOR without the secret; out: that */
};

struct worker_event {
	uint64_t has;
	uint64_t kind;
	uint64_t err;
	struct span out;
	struct span seed;	 /* 32: seed_g */
	struct wire_list recs;	 /* blobs of 32, in the order of slot_ids */
	struct span hashes;	 /* 256 x 32: SHA-256 of the succession public keys */
	struct span backup;	 /* 10 words joined by '-' */
	struct span fpr;	 /* 4 */
	struct wire_list shares; /* blobs of 32: SHA-256 of the words of each share, 1, 2, ... */
	uint64_t generation;	 /* of seed, backup, hashes */
	uint64_t threshold;
	uint64_t set;		 /* identifier that the shares carry, 15 bits */
	struct wire_list proofs; /* struct succession_signature, in the order of successions */
	struct span record;
	uint64_t key;
	uint64_t created; /* unix seconds */
	uint64_t exposed;
	struct span vault_id; /* 16 */
	struct span hash;     /* SHA-256 of the file */
	uint64_t size;	      /* of the file */
};
extern const struct wire_map worker_event_map;

/* ---- ownkey-prompt ---- */
enum prompt_kind { PROMPT_PIN, PROMPT_PASSPHRASE, PROMPT_CONFIRM };

struct prompt_job {
	uint64_t has;
	uint64_t kind;
	struct span title;
	struct span text;  /* what and who asks; may have several lines */
	struct span label; /* "PIN:" */
	struct span error; /* shown in red where possible: "wrong PIN, 5 tries left" */
	uint64_t timeout_s;
	struct span program; /* pinentry; "" = search PATH; "none" = never */
	struct span tty, display, wayland, xauthority, lang;
	struct span bus; /* DBUS_SESSION_BUS_ADDRESS */
};
extern const struct wire_map prompt_job_map;

struct prompt_event {
	uint64_t has;
	uint64_t err;	  /* OK, REFUSED, CANCELLED, TIMEOUT, NOPROMPT */
	struct span text; /* what was typed */
};
extern const struct wire_map prompt_event_map;

/* ---- secret.sock, after the 16 bytes of the job id ----
 *
 * Where the 24 words of the recovery phrase are asked for, SLIP-39 shares of it do as well: the
 * words of one (33) in a TEXT, MORE for each that was accepted but the last.  An ERROR with need is
 * about the share that was just typed, and those before it are kept; without, it is from the
 * beginning.
 *
 * A CARD is UTF-8 lines "key: value", in this order: of a share "share: 1 of 3 of 5" (number, how
 * many open, how many there are), "words", "check" (words_slip39_code), "fingerprint" and
 * "generation"; of a phrase "words", "fingerprint", "generation", "backup" (the passphrase of
 * backups, which is on no share: it would open one without the others).  The person answers each
 * with OK when it is shown, written or printed, and gets no other before.
 *
 * A backup: the file comes as DATA, each answered by MORE, until its head is complete: WANT, unless
 * the vault gave the key.  The person answers with TEXT: passphrase, recovery phrase, shares or an
 * age identity.  After OK with more the rest of the file follows without answers, until OK or a
 * last ERROR.
 */
enum secret_kind {
	SECRET_TEXT,  /* person -> ownkey: what was typed */
	SECRET_SHOW,  /* ownkey -> person: the recovery phrase, once; more: a card follows */
	SECRET_OK,    /* accepted; the connection ends.  person -> ownkey: I have the card */
	SECRET_ERROR, /* err (and index of the word, 1..33); more says whether to try again */
	SECRET_MORE,  /* the share was accepted: have, need */
	SECRET_CARD,  /* text */
	SECRET_DATA,  /* person -> ownkey: data, a piece of the file; more: it is not the last */
	SECRET_WANT,  /* a key for the file: kinds, log_n */
	SECRET_FACTOR /* person -> ownkey: cred_id, and f1 of that slot as its token gave it */
};

struct secret_msg {
	uint64_t has;
	uint64_t kind;
	struct span text;
	uint64_t err;
	uint64_t index;
	bool more;
	uint64_t have; /* so many shares were accepted */
	uint64_t need; /* so many more are needed, at least */
	struct span data;
	uint64_t kinds; /* enum age_kind bits */
	uint64_t log_n; /* work factor of the passphrase */
	struct span cred_id;
	struct span factor; /* 32 */
};
#define SECRET_DATA_MAX 65536
extern const struct wire_map secret_msg_map;

#endif
