/*
 * age.h - files of the age v1 format (C2SP age.md, age-encryption.org/v1), read and written.
 *
 * Pure: no descriptor, no clock, no prompt.  Bytes are pushed in, a bounded piece comes out of each
 * push; a file of any size passes through one chunk of 64 KiB.  Plaintext and keys stand in the
 * arena (AGE_ARENA bytes for each open file), ciphertext on the heap.
 *
 * Passphrases: scrypt takes much memory, so whoever reads or writes need not be who computes it:
 * salt and work factor go to the worker, age_scrypt gives the 32 bytes that wrap the file key.
 * Of public keys only X25519 is known; what a future quantum computer cannot open (ML-KEM) is
 * refused with ERR_AGE_QUANTUM, so that nobody believes it was used.
 */
#ifndef LIB_AGE_H
#define LIB_AGE_H

#include "lib/buf.h"
#include "lib/sec.h"

#define AGE_CHUNK	   65536 /* plaintext of every chunk but the last */
#define AGE_TAG		   16
#define AGE_FILE_KEY	   16
#define AGE_SALT	   16
#define AGE_NONCE	   16
#define AGE_HEADER_MAX	   65536
#define AGE_STANZAS_MAX	   256
#define AGE_RECIPIENTS_MAX 32
#define AGE_TEXT_MAX	   80 /* of an X25519 recipient or identity */
#define AGE_LOGN	   18 /* what age itself writes: 256 MiB */
#define AGE_LOGN_MAX	   20 /* what is read: 1 GiB */
#define AGE_ARENA	   (AGE_CHUNK + 4096)

/* Kinds of recipients, as bits. */
enum age_kind {
	AGE_SCRYPT = 1,	 /* a passphrase; always alone */
	AGE_X25519 = 2,	 /* age1... */
	AGE_QUANTUM = 4, /* age1pq1..., age1tagpq1... */
	AGE_OTHER = 8	 /* plugins, and what is there to keep parsers tolerant */
};

struct age_header {
	unsigned kinds;		/* of its stanzas */
	size_t stanzas;		/* how many */
	unsigned log_n;		/* of AGE_SCRYPT */
	uint8_t salt[AGE_SALT]; /* of AGE_SCRYPT */
};

/* ---- keys and passphrases ---- */

/* Text of a recipient (age1...) to its public key.  ERR_FORMAT; ERR_AGE_QUANTUM for a post-quantum
 * one; ERR_UNSUPPORTED for one of a plugin; ERR_RANGE for a point of low order. */
MUST enum err age_recipient_parse(struct span text, uint8_t pub[32]);
/* Text of an identity (AGE-SECRET-KEY-1...) to its private key, in the arena.  Errors as above. */
MUST enum err age_identity_parse(struct span text, uint8_t priv[32]);
/* A file of identities as age-keygen writes it, one a line, with comments: private keys behind one
 * another.  *privs was made by the caller: ERR_TOOBIG when it is too small.  ERR_FORMAT: there is
 * none, or another line; other errors as above. */
MUST enum err age_identity_file(struct span text, struct sec *privs);
/* The 32 bytes that wrap the file key of a passphrase: 2^log_n KiB of memory, and time in
 * proportion.  ERR_KDF_MEMORY, ERR_RANGE. */
MUST enum err age_scrypt(
    struct span pass, const uint8_t salt[AGE_SALT], unsigned log_n, uint8_t wrap[32]);

/* ---- stanzas by themselves, for who has no file (age-plugin.md) ---- */

/* The file key of an X25519 stanza: its ephemeral share and its body.  pair: private key, public
 * key.  ERR_AGE_MATCH: it is for another key; ERR_RANGE: the share is of low order. */
MUST enum err age_open_x25519(const uint8_t pair[64], const uint8_t share[32],
    const uint8_t body[32], uint8_t file_key[AGE_FILE_KEY]);
/* The same the other way: fresh share, and body. */
MUST enum err age_seal_x25519(const uint8_t pub[32], const uint8_t file_key[AGE_FILE_KEY],
    uint8_t share[32], uint8_t body[32]);
/* The file key under a key that is used once (ChaCha20-Poly1305, nonce zero).  ERR_AGE_MATCH. */
MUST enum err age_open_wrapped(
    const uint8_t key[32], const uint8_t body[32], uint8_t file_key[AGE_FILE_KEY]);

/* ---- reading ---- */

/* Armor, as it was decoded so far. */
struct age_armor_in {
	unsigned state;	  /* enum armor_state */
	size_t blank;	  /* white space before and behind */
	size_t nline;	  /* characters of a line whose end has not come */
	uint8_t line[66]; /* 64 and a carriage return, and one too many */
	uint8_t out[48];  /* bytes of a line, [at, n) not yet used */
	size_t at, n;
};

struct age_reader {
	/* for the caller to look at */
	bool wants_key;		  /* header is complete: give a key, or say that none is needed */
	struct age_header header; /* valid from then on */
	bool armored;
	uint64_t size; /* bytes of plaintext handed out; at the end of a check: all there are */
	/* the rest is not */
	unsigned state; /* enum age_state */
	unsigned log_n_max;
	struct buf text;  /* the header, then the nonce, then a chunk as it comes */
	size_t line;	  /* where the last line of the header begins */
	uint64_t chunk;	  /* number of the next chunk */
	struct sec file;  /* file key, until the nonce has come */
	struct sec key;	  /* payload key */
	struct sec plain; /* the chunk handed out last */
	struct age_armor_in armor;
};

/* log_n_max: what work factor is still accepted (AGE_LOGN_MAX). */
void age_reader_init(struct age_reader *r, unsigned log_n_max);
void age_reader_done(struct age_reader *r); /* wipe and free; harmless when done already */

/*
 * Take bytes from *in, which is advanced.  *out: plaintext of one chunk, verified, valid until the
 * next call; empty when there is none yet.  Push again until both *in and *out are empty.  Stops
 * when wants_key is set: then one of the four functions below comes before the next push.
 * What was handed out is the beginning of the plaintext, and no more is promised before
 * age_reader_end says ERR_OK.
 * ERR_AGE_HEADER, ERR_AGE_ARMOR, ERR_AGE_PAYLOAD; ERR_AGE_WORK before any work was done; ERR_NOMEM.
 * After an error only age_reader_done may be called.
 */
MUST enum err age_reader_push(struct age_reader *r, struct span *in, struct span *out);
/* The file ends here: *out is the last of the plaintext.  ERR_AGE_* as above. */
MUST enum err age_reader_end(struct age_reader *r, struct span *out);

/* A key.  ERR_AGE_MATCH: it does not fit (ERR_AGE_QUANTUM: and there is a stanza that we cannot
 * read); ERR_AGE_EDITED: it does, but the header is not what was written; ERR_AGE_HEADER: the
 * stanza is forged; ERR_NOMEM.  Nothing has changed then: another key may be tried. */
/* ... wrap: what age_scrypt gave for header.salt and header.log_n. */
MUST enum err age_reader_scrypt(struct age_reader *r, const uint8_t wrap[32]);
/* ... privs: X25519 private keys of 32 bytes, one behind the other; all are tried. */
MUST enum err age_reader_identities(struct age_reader *r, struct span privs);
/* ... the file key, found by other means. */
MUST enum err age_reader_file_key(struct age_reader *r, const uint8_t key[AGE_FILE_KEY]);
/* None: nothing will come out; at the end it is known whether the framing is whole, and size. */
void age_reader_check(struct age_reader *r);

/* ---- writing ---- */

struct age_writer {
	bool armored;
	unsigned state; /* enum age_state */
	size_t stanzas;
	unsigned kinds;
	uint64_t chunk;	  /* number of the next chunk */
	struct buf out;	  /* what the last call handed out */
	struct buf seal;  /* with armor: the chunk before it becomes text */
	struct sec file;  /* file key, until the header is written */
	struct sec key;	  /* payload key */
	struct sec plain; /* a chunk being collected */
	size_t ncarry;	  /* armor: bytes that do not yet fill a line */
	uint8_t carry[48];
};

/* A new file with a fresh file key.  ERR_NOMEM.  After an error and at the end: age_writer_done. */
MUST enum err age_writer_init(struct age_writer *w, bool armored);
void age_writer_done(struct age_writer *w);
/* Who can read it: one passphrase, alone (a fresh salt; wrap is what age_scrypt gave for it) ... */
MUST enum err age_writer_scrypt(
    struct age_writer *w, const uint8_t salt[AGE_SALT], unsigned log_n, const uint8_t wrap[32]);
/* ... or 1 to AGE_RECIPIENTS_MAX public keys.  ERR_RANGE: of low order, or mixed with a
 * passphrase; ERR_TOOBIG: too many. */
MUST enum err age_writer_recipient(struct age_writer *w, const uint8_t pub[32]);
/* The header.  *out is valid until the next call.  ERR_USAGE when there is nobody to read it. */
MUST enum err age_writer_start(struct age_writer *w, struct span *out);
/* Take plaintext from *in, which is advanced; *out: a finished piece of the file, or nothing yet.
 * Push again until *in is empty. */
MUST enum err age_writer_push(struct age_writer *w, struct span *in, struct span *out);
/* The last piece. */
MUST enum err age_writer_end(struct age_writer *w, struct span *out);

#endif
