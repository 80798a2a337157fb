/*
 * softtoken_aaguid.h - the AAGUID of ownkey-softtoken, fixed: a slot that carries it is labelled
 * "software token: not hardware" everywhere.  As text: 6f776e6b-6579-536f-6674-546f6b656e31.
 */
#ifndef LIB_SOFTTOKEN_AAGUID_H
#define LIB_SOFTTOKEN_AAGUID_H

#include <string.h>

#define SOFTTOKEN_AAGUID       "ownkeySoftToken1" /* 16 bytes, the NUL is not part of it */
#define SOFTTOKEN_AAGUID_LEN   16
#define SOFTTOKEN_AAGUID_LABEL "software token: not hardware"

/* p: 16 bytes as they stand in authData. */
static inline int
softtoken_aaguid_is(const void *p)
{
	return memcmp(p, SOFTTOKEN_AAGUID, SOFTTOKEN_AAGUID_LEN) == 0;
}

#endif
