/* sshkey_parts.h - what the files sshkey*.c share. */
#ifndef LIB_SSHKEY_PARTS_H
#define LIB_SSHKEY_PARTS_H

#include "lib/sshkey.h"

/* "nistp256", ...; of an ECDSA type only. */
const char *sshkey_curve(enum sshkey_type type);
enum crypto_nist sshkey_nist(enum sshkey_type type);

static inline bool
sshkey_is_ecdsa(enum sshkey_type type)
{
	return type >= SSHKEY_P256;
}

/* The public numbers behind the type name (and, in a certificate, the nonce). */
MUST enum err sshkey_read_numbers(struct ssh_reader *r, struct sshkey_public *k);
/* Append a plain blob: the type and the point, or n and e. */
void sshkey_put_point(enum sshkey_type type, struct span point, struct buf *out);
void sshkey_put_rsa(struct span n, struct span e, struct buf *out);
/* What stands in a certificate behind the numbers, to its end. */
MUST enum err sshkey_read_cert(struct ssh_reader *r, struct sshkey_public *k);

#endif
