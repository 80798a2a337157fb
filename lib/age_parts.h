/*
 * age_parts.h - what the files age_*.c share.
 */
#ifndef LIB_AGE_PARTS_H
#define LIB_AGE_PARTS_H

#include "lib/age.h"

#define AGE_VERSION_LINE "age-encryption.org/v1\n"
#define AGE_BODY	 (AGE_FILE_KEY + AGE_TAG) /* of the stanzas that are known */
#define AGE_SEALED	 (AGE_CHUNK + AGE_TAG)
#define AGE_COLUMNS	 64
#define AGE_BEGIN	 "-----BEGIN AGE ENCRYPTED FILE-----"
#define AGE_END		 "-----END AGE ENCRYPTED FILE-----"

enum age_state {
	AGE_AT_START, /* not a byte yet */
	AGE_AT_HEADER,
	AGE_AT_NONCE,
	AGE_AT_PAYLOAD,
	AGE_AT_CHECK, /* of a payload that is only counted */
	AGE_AT_END    /* the last chunk was read */
};

/* ---- age_header.c ---- */

struct age_stanza {
	struct span arg[3]; /* the first three; arg[0] is the type */
	size_t nargs;	    /* all of them */
	uint8_t body[48];   /* its last line, decoded */
	size_t nbody;	    /* bytes of the whole body */
};

struct age_parsed {
	struct age_header h;
	struct span stanzas; /* text of all of them */
	struct span maced;   /* what the MAC is made of */
	uint8_t mac[32];
};

/* A whole header, from its first byte to the line feed of its last line.  ERR_AGE_HEADER;
 * ERR_AGE_WORK.  p borrows from text. */
MUST enum err age_header_parse(struct span text, unsigned log_n_max, struct age_parsed *p);
/* The stanza that *rest begins with; *rest is advanced.  ERR_AGE_HEADER. */
MUST enum err age_stanza_next(struct span *rest, struct age_stanza *s);
/* One stanza as text: type, n arguments, body of AGE_BODY bytes. */
void age_stanza_put(struct buf *out, const char *type, const char *args, const uint8_t *body);

/* ---- age_wrap.c ---- */

/* The MAC of a header under a file key. */
void age_mac(struct span file_key, struct span maced, uint8_t mac[32]);
/* The key of the payload. */
void age_payload_key(struct span file_key, const uint8_t nonce[AGE_NONCE], uint8_t key[32]);
/* The file key under a wrapping key; ERR_AGE_MATCH when it is another one. */
void age_wrap(const uint8_t key[32], const uint8_t *file_key, uint8_t body[AGE_BODY]);
MUST enum err age_unwrap(const uint8_t key[32], const uint8_t body[AGE_BODY], uint8_t *file_key);
/* The same for an X25519 stanza.  ERR_RANGE: a point of low order. */
MUST enum err age_wrap_x25519(const uint8_t pub[32], struct span file_key, struct buf *out);
MUST enum err age_unwrap_x25519(
    const struct age_stanza *s, const uint8_t priv[32], uint8_t *file_key);

/* ---- age_stream.c ---- */

/* Chunk number n of the payload (STREAM).  open: ERR_AGE_PAYLOAD. */
MUST enum err age_chunk_seal(
    const struct sec *key, uint64_t n, bool last, struct span in, uint8_t *out);
MUST enum err age_chunk_open(
    const struct sec *key, uint64_t n, bool last, struct span in, uint8_t *out);
/* Bytes of plaintext in a payload of so many bytes, the nonce not counted.  ERR_AGE_PAYLOAD when no
 * payload has this length. */
MUST enum err age_payload_size(uint64_t sealed, uint64_t *plain);

/* ---- age_armor.c ---- */

/* Take white space, then up to a whole line from *in; bytes of the line are in a->out.
 * ERR_AGE_ARMOR. */
MUST enum err age_armor_take(struct age_armor_in *a, struct span *in);
/* No more comes. */
MUST enum err age_armor_end(struct age_armor_in *a);
/* Append in as lines of text; what does not fill one is carried, or, when last, written. */
void age_armor_put(struct age_writer *w, struct span in, bool last);

#endif
