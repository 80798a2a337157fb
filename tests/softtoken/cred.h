/*
 * cred.h - credentials: an id is a box under the token's master key, so that none need be kept.
 */
#ifndef SOFTTOKEN_CRED_H
#define SOFTTOKEN_CRED_H

#include "tests/softtoken/core.h"

struct soft_cred {
	int64_t alg;
	uint8_t protect; /* credProtect, 1..3 */
	bool rk;
	bool hmac; /* made with hmac-secret */
	uint8_t seed[32];
	uint8_t id[SOFT_CRED_ID];
	size_t id_len;
	size_t slot; /* in the store, when rk */
};

/* Fill in seed and id; alg, protect, rk and hmac are the caller's. */
enum ctap soft_cred_make(struct softtoken *t, const uint8_t rp_hash[32], struct soft_cred *c);
/* false: not ours, of another RP, or a resident one that was deleted. */
bool soft_cred_open(
    struct softtoken *t, struct span id, const uint8_t rp_hash[32], struct soft_cred *c);
/* COSE public key. */
enum ctap soft_cred_put_public(const struct soft_cred *c, struct buf *out);
enum ctap soft_cred_sign(const struct soft_cred *c, struct span msg, struct buf *sig);
/* CredRandomWithUV, CredRandomWithoutUV (12.5). */
void soft_cred_random(
    const struct softtoken *t, const struct soft_cred *c, bool uv, uint8_t out[32]);

/* Names of a PublicKeyCredentialUserEntity, cut to what a resident key keeps. */
void soft_rk_set_user(struct soft_rk *k, struct span user);

/* authData up to the counter, with what the faults do to it; CTAP_OTHER: counter not saved. */
enum ctap soft_auth_data(
    struct softtoken *t, const uint8_t rp_hash[32], uint8_t flags, struct buf *out);
/* Signature over authData || clientDataHash. */
enum ctap soft_auth_sign(struct softtoken *t, const struct soft_cred *c, struct span auth_data,
    struct span client_hash, struct buf *sig);

/* --- hmac.c --- */
/* Answer to the extension's input, encrypted; CTAP statuses of 12.5. */
enum ctap soft_hmac_secret(
    struct softtoken *t, const struct soft_cred *c, bool uv, struct span input, struct buf *out);
/* What can be refused before the touch. */
enum ctap soft_hmac_check(struct softtoken *t, struct span input);

#endif
