/*
 * sk.h - what OpenSSH wants of a provider of security keys (PROTOCOL.u2f; its middleware interface,
 * version 10): structures that it allocates against and frees with free(3).
 */
#ifndef CLI_SK_SK_H
#define CLI_SK_SK_H

#include <stddef.h>
#include <stdint.h>

#define SK_VERSION 0x000a0000u

enum sk_flag { SK_PRESENCE = 0x01, SK_VERIFIED = 0x04, SK_FORCE = 0x10, SK_RESIDENT = 0x20 };
enum sk_alg { SK_ECDSA = 0, SK_ED25519 = 1 };
enum sk_error {
	SK_GENERAL = -1,
	SK_UNSUPPORTED = -2,
	SK_PIN_REQUIRED = -3,
	SK_NO_DEVICE = -4,
	SK_EXISTS = -5
};

struct sk_enroll_response {
	uint8_t flags;
	uint8_t *public_key; /* Ed25519: 32; ECDSA: 0x04 || x || y */
	size_t public_key_len;
	uint8_t *key_handle;
	size_t key_handle_len;
	uint8_t *signature;
	size_t signature_len;
	uint8_t *attestation_cert;
	size_t attestation_cert_len;
	uint8_t *authdata; /* in a CBOR byte string */
	size_t authdata_len;
};

struct sk_sign_response {
	uint8_t flags;
	uint32_t counter;
	uint8_t *sig_r; /* Ed25519: all of it */
	size_t sig_r_len;
	uint8_t *sig_s;
	size_t sig_s_len;
};

struct sk_resident_key;

struct sk_option {
	char *name;
	char *value;
	uint8_t required;
};

/* The functions that OpenSSH calls; the number of their parameters is not ours to choose. */
uint32_t sk_api_version(void);
int sk_enroll(uint32_t alg, const uint8_t *challenge, size_t challenge_len, const char *application,
    uint8_t flags, const char *pin, struct sk_option **options,
    struct sk_enroll_response **response);
int sk_sign(uint32_t alg, const uint8_t *data, size_t data_len, const char *application,
    const uint8_t *key_handle, size_t key_handle_len, uint8_t flags, const char *pin,
    struct sk_option **options, struct sk_sign_response **response);
int sk_load_resident_keys(
    const char *pin, struct sk_option **options, struct sk_resident_key ***keys, size_t *nkeys);

#endif
