/* address.c - which addresses are on the public Internet. */
#include "oidc/fetch/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block {
	uint8_t prefix[16];
	unsigned bits;
	bool open; /* an exception inside a block further down */
};

/* clang-format off */
/* The first that fits decides. */
static const struct block v4[] = {
	{ { 0 }, 8, false },                /* this network, RFC 791 */
	{ { 10 }, 8, false },               /* private, RFC 1918 */
	{ { 100, 64 }, 10, false },         /* shared by carriers, RFC 6598 */
	{ { 127 }, 8, false },              /* loopback */
	{ { 169, 254 }, 16, false },        /* link local, clouds' metadata: RFC 3927 */
	{ { 172, 16 }, 12, false },         /* private */
	{ { 192, 0, 0 }, 24, false },       /* protocol assignments, RFC 6890 */
	{ { 192, 0, 2 }, 24, false },       /* documentation, RFC 5737 */
	{ { 192, 31, 196 }, 24, false },    /* AS112, RFC 7535 */
	{ { 192, 52, 193 }, 24, false },    /* AMT, RFC 7450 */
	{ { 192, 88, 99 }, 24, false },     /* 6to4 relays, RFC 7526 */
	{ { 192, 168 }, 16, false },        /* private */
	{ { 192, 175, 48 }, 24, false },    /* AS112, RFC 7534 */
	{ { 198, 18 }, 15, false },         /* benchmarks, RFC 2544 */
	{ { 198, 51, 100 }, 24, false },    /* documentation */
	{ { 203, 0, 113 }, 24, false },     /* documentation */
	{ { 224 }, 4, false },              /* multicast */
	{ { 240 }, 4, false },              /* reserved, and broadcast */
};

/* What is outside of 2000::/3 was never given to anybody: the last row takes it all, with
 * ::/128, ::1/128, ::ffff:0:0/96, ::/96, 64:ff9b::/96, 64:ff9b:1::/48, 100::/64, 5f00::/16,
 * fc00::/7, fe80::/10, fec0::/10 and ff00::/8. */
static const struct block v6[] = {
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, false },       /* documentation, RFC 3849 */
	{ { 0x20, 0x01, 0x00 }, 23, false },             /* protocol assignments, Teredo, ORCHID */
	{ { 0x20, 0x02 }, 16, false },                   /* 6to4, RFC 3056 */
	{ { 0x26, 0x20, 0x00, 0x4f, 0x80 }, 48, false }, /* AS112 */
	{ { 0x3f, 0xff, 0x00 }, 20, false },             /* documentation, RFC 9637 */
	{ { 0x20 }, 3, true },                           /* global unicast */
	{ { 0 }, 0, false },
};
/* clang-format on */

static bool
is_in(const struct block *b, const uint8_t *a)
{
	size_t whole = b->bits / 8;
	unsigned rest = b->bits % 8;

	if (memcmp(b->prefix, a, whole) != 0)
		return false;
	return !rest || (unsigned)(b->prefix[whole] ^ a[whole]) >> (8 - rest) == 0;
}

static bool
look_up(const struct block *blocks, size_t n, const uint8_t *a)
{
	for (size_t i = 0; i < n; i++)
		if (is_in(&blocks[i], a))
			return blocks[i].open;
	return true;
}

bool
address_is_public(const struct sockaddr *a, socklen_t len)
{
	struct sockaddr_in6 six;
	struct sockaddr_in four;

	if (len >= sizeof four && a->sa_family == AF_INET) {
		memcpy(&four, a, sizeof four);
		return look_up(v4, sizeof v4 / sizeof *v4, (const uint8_t *)&four.sin_addr);
	}
	if (len >= sizeof six && a->sa_family == AF_INET6) {
		memcpy(&six, a, sizeof six);
		return !six.sin6_scope_id &&
		    look_up(v6, sizeof v6 / sizeof *v6, six.sin6_addr.s6_addr);
	}
	return false;
}
