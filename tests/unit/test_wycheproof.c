/* lib/crypto*.c against Project Wycheproof, read where it is (vectors/README.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "tests/kat/entry.c"

/* A test and the group it is in: keys of signatures are in the group. */
struct vector {
	struct entry e;
	struct entry group;
	struct buf a, b, c, d, f; /* whatever the test needs */
};

typedef bool vector_fn(struct vector *v);

static int
setup(void **state)
{
	(void)state;
	return crypto_init() || sec_arena_open(65536, true, true);
}

static bool
has_flag(const struct vector *v, const char *flag)
{
	const json_t *f;
	size_t i;

	json_array_foreach(json_object_get(v->e.obj, "flags"), i, f)
	{
		if (strcmp(json_string_value(f), flag) == 0)
			return true;
	}
	return false;
}

/* "acceptable" is for each test to say. */
static bool
is_valid(const struct vector *v, bool acceptable)
{
	const char *result = json_string_value(json_object_get(v->e.obj, "result"));

	return strcmp(result, "valid") == 0 || (acceptable && strcmp(result, "acceptable") == 0);
}

static void
run_one(const char *file, vector_fn *fn, const json_t *group, const json_t *test)
{
	struct vector v = { .e.obj = test, .group.obj = group };

	if (!fn(&v)) {
		fprintf(stderr, "%s, tcId %lld, %s\n", file,
		    json_integer_value(json_object_get(test, "tcId")), v.e.name ? v.e.name : "");
		fail();
	}
	buf_done(&v.a);
	buf_done(&v.b);
	buf_done(&v.c);
	buf_done(&v.d);
	buf_done(&v.f);
}

static void
run(const char *file, vector_fn *fn)
{
	const char *dir = getenv("OWNKEY_VECTORS");
	const json_t *group, *test;
	char path[4096];
	size_t i, j;
	json_t *root;

	snprintf(path, sizeof(path), "%s/wycheproof/%s", dir ? dir : "../shared/vectors", file);
	if ((root = json_load_file(path, 0, NULL)) == NULL) {
		fprintf(stderr, "%s is not there (OWNKEY_VECTORS): not checked\n", path);
		return;
	}
	json_array_foreach(json_object_get(root, "testGroups"), i, group)
	{
		json_array_foreach(json_object_get(group, "tests"), j, test)
		    run_one(file, fn, group, test);
	}
	json_decref(root);
}

static bool
one_ed25519(struct vector *v)
{
	struct entry key = { .obj = json_object_get(v->group.obj, "publicKey") };
	bool ok;

	if (!entry_bytes(&key, "pk", 32, &v->a) || !entry_bytes(&v->e, "msg", ENTRY_ANY, &v->b) ||
	    !entry_bytes(&v->e, "sig", ENTRY_ANY, &v->c))
		return false;
	ok = v->c.len == 64 && crypto_ed25519_verify(v->a.p, buf_span(&v->b), v->c.p);
	return ok == is_valid(v, false);
}

/* "Acceptable": keys on the twist and non-canonical ones work, a zero result is refused. */
static bool
one_x25519(struct vector *v)
{
	uint8_t shared[32];

	if (!entry_bytes(&v->e, "public", 32, &v->a) || !entry_bytes(&v->e, "private", 32, &v->b))
		return false;
	if (has_flag(v, "ZeroSharedSecret"))
		return crypto_x25519(v->b.p, v->a.p, shared) == ERR_RANGE;
	return crypto_x25519(v->b.p, v->a.p, shared) == ERR_OK && is_valid(v, true) &&
	    entry_same(&v->e, "shared", SPAN(shared, 32));
}

static bool
aead_both_ways(struct vector *v, struct span nonce)
{
	struct span ad = buf_span(&v->b), pt = buf_span(&v->c), box = buf_span(&v->d);
	uint8_t out[4096];
	enum err r;

	r = crypto_aead_open(v->a.p, nonce.p, ad, box, out);
	if (!is_valid(v, false))
		return r == ERR_VAULT_DAMAGED;
	return r == ERR_OK && span_eq(SPAN(out, pt.len), pt) &&
	    crypto_aead_seal(v->a.p, nonce.p, ad, pt, out) == ERR_OK &&
	    span_eq(SPAN(out, pt.len + 16), box);
}

/* Other sizes of the nonce cannot be asked for. */
static bool
one_aead(struct vector *v)
{
	if (!entry_bytes(&v->e, "iv", ENTRY_ANY, &v->f) || !entry_bytes(&v->e, "key", 32, &v->a) ||
	    !entry_bytes(&v->e, "aad", ENTRY_ANY, &v->b) ||
	    !entry_bytes(&v->e, "tag", ENTRY_ANY, &v->c) ||
	    !entry_bytes(&v->e, "ct", ENTRY_ANY, &v->d))
		return false;
	if (v->f.len != 12)
		return !is_valid(v, false);
	buf_put_span(&v->d, buf_span(&v->c));
	return entry_bytes(&v->e, "msg", ENTRY_ANY, &v->c) && aead_both_ways(v, buf_span(&v->f));
}

static bool
one_hkdf(struct vector *v)
{
	static uint8_t okm[255 * 64];
	uint64_t size;
	uint8_t prk[64];

	if (!entry_bytes(&v->e, "ikm", ENTRY_ANY, &v->a) ||
	    !entry_bytes(&v->e, "salt", ENTRY_ANY, &v->b) ||
	    !entry_bytes(&v->e, "info", ENTRY_ANY, &v->c) ||
	    !entry_number(&v->e, "size", 1 << 20, &size))
		return false;
	if (size > sizeof(okm)) /* a broken promise of the caller: abort() */
		return !is_valid(v, false);
	crypto_hkdf_extract(buf_span(&v->b), buf_span(&v->a), prk);
	crypto_hkdf_expand(SPAN(prk, 64), buf_span(&v->c), okm, size);
	return entry_same(&v->e, "okm", SPAN(okm, size));
}

static bool
one_hmac(struct vector *v)
{
	uint8_t tag[64];

	if (!entry_bytes(&v->e, "key", ENTRY_ANY, &v->a) ||
	    !entry_bytes(&v->e, "msg", ENTRY_ANY, &v->b) ||
	    !entry_bytes(&v->e, "tag", ENTRY_ANY, &v->c))
		return false;
	crypto_hmac_sha512(buf_span(&v->a), buf_span(&v->b), tag);
	return crypto_eq(SPAN(tag, v->c.len), buf_span(&v->c)) == is_valid(v, false);
}

/* INTEGER of X.690 8.3 from 32 bytes */
static void
der_integer(struct buf *out, const uint8_t *p)
{
	size_t n = 32;

	for (; n > 1 && *p == 0; n--)
		p++;
	buf_put_u8(out, 2);
	buf_put_u8(out, (uint8_t)(n + (*p >> 7)));
	if (*p >> 7)
		buf_put_u8(out, 0);
	buf_put(out, p, n);
}

/* r || s as DER; one of another length than 64 is refused by whoever converts. */
static bool
one_ecdsa(struct vector *v)
{
	struct entry key = { .obj = json_object_get(v->group.obj, "publicKey") };
	bool ok = false;

	if (!entry_bytes(&key, "uncompressed", 65, &v->a) ||
	    !entry_bytes(&v->e, "msg", ENTRY_ANY, &v->b) ||
	    !entry_bytes(&v->e, "sig", ENTRY_ANY, &v->c))
		return false;
	if (v->c.len == 64) {
		der_integer(&v->d, v->c.p);
		der_integer(&v->d, v->c.p + 32);
		buf_put_u8(&v->f, 0x30);
		buf_put_u8(&v->f, (uint8_t)v->d.len);
		buf_put_span(&v->f, buf_span(&v->d));
		ok = crypto_p256_verify(v->a.p + 1, buf_span(&v->b), buf_span(&v->f));
	}
	return ok == is_valid(v, false);
}

#define WYCHEPROOF(name, file)                \
	static void test_##name(void **state) \
	{                                     \
		(void)state;                  \
		run(file, one_##name);        \
	}

WYCHEPROOF(ed25519, "ed25519.json")
WYCHEPROOF(x25519, "x25519.json")
WYCHEPROOF(aead, "chacha20_poly1305.json")
WYCHEPROOF(hkdf, "hkdf_sha512.json")
WYCHEPROOF(hmac, "hmac_sha512.json")
WYCHEPROOF(ecdsa, "ecdsa_secp256r1_sha256_p1363.json")

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ed25519),
		cmocka_unit_test(test_x25519),
		cmocka_unit_test(test_aead),
		cmocka_unit_test(test_hkdf),
		cmocka_unit_test(test_hmac),
		cmocka_unit_test(test_ecdsa),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
