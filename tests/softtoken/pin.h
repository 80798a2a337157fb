/*
 * pin.h - PIN/UV auth protocols one and two (CTAP 2.1 section 6.5), and the PIN itself.
 */
#ifndef SOFTTOKEN_PIN_H
#define SOFTTOKEN_PIN_H

#include "tests/softtoken/core.h"
#include "tests/softtoken/parse.h"

struct soft_shared {
	unsigned proto; /* 1 or 2 */
	uint8_t hmac[32];
	uint8_t aes[32];
};

/* --- proto.c --- */
bool soft_proto_is_known(const struct softtoken *t, uint64_t proto);
void soft_proto_regenerate(struct softtoken *t, unsigned proto);
/* The secret shared with a platform that sent this COSE key. */
enum ctap soft_proto_decapsulate(
    struct softtoken *t, uint64_t proto, struct span cose, struct soft_shared *s);
bool soft_proto_verify(const uint8_t key[32], unsigned proto, struct span msg, struct span sig);
/* Appends to out.  CTAP_INVALID_PARAMETER when the length is no multiple of a block. */
enum ctap soft_proto_decrypt(const struct soft_shared *s, struct span in, struct buf *out);
enum ctap soft_proto_encrypt(const struct soft_shared *s, struct span in, struct buf *out);

/* --- pin.c --- */
void soft_pin_power_up(struct softtoken *t);
/* Set a PIN from outside (--pin).  ERR_RANGE. */
enum err soft_pin_preset(struct softtoken *t, struct span pin);
bool soft_pin_is_set(const struct softtoken *t);

/* What comes with a command that may carry a pinUvAuthParam. */
struct soft_auth {
	struct span param; /* p NULL: none */
	struct soft_uint proto;
};

/* pinUvAuthParam of no bytes asks "is this the token you mean?" (6.1.2 step 1).
 * CTAP_OK: that was not asked, go on. */
enum ctap soft_pin_probe(struct softtoken *t, const struct soft_auth *a);
/* Check the parameter over msg.  rp_hash NULL: the token must not be bound to an RP. */
enum ctap soft_pin_auth(struct softtoken *t, const struct soft_auth *a, struct span msg,
    unsigned perm, const uint8_t *rp_hash);
/* A credential was made or used: the pinUvAuthToken may do nothing more. */
void soft_pin_spend(struct softtoken *t);

#endif
