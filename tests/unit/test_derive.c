/* agent/vault/derive.c; the known answers by the code of ownkey-kat. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/vault/derive.h"
#include "lib/crypto.h"
#include "tests/kat/check.c"
#include "tests/kat/check_slot.c"
#include "tests/kat/entry.c"
#include "tests/kat/kat.c"

static int
setup(void **state)
{
	(void)state;
	return crypto_init() || sec_arena_open(65536, true, true);
}

static const char *
top(void)
{
	return getenv("TOP") ? getenv("TOP") : ".";
}

static void
test_known_answers(void **state)
{
	struct kat k = { .out = stderr };
	char path[4096];

	(void)state;
	snprintf(path, sizeof(path), "%s/tests/vectors/derive.json", top());
	assert_true(kat_file(&k, path));
	assert_int_equal(k.failed, 0);
	assert_int_equal(k.passed, 97);
	assert_int_equal(sec_arena_used(), 0);
}

/* A checker that passes everything would be of no use. */
static bool
kat_of(const char *text, size_t failed)
{
	struct kat k = { .out = fopen("/dev/null", "w") };
	char path[] = "/tmp/ownkey-kat-XXXXXX";
	int fd = mkstemp(path);
	bool ok;

	if (fd < 0 || k.out == NULL || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		abort();
	ok = kat_file(&k, path);
	unlink(path);
	close(fd);
	fclose(k.out);
	assert_int_equal(k.failed, failed);
	return ok;
}

#define KDF(len, out) \
	"{\"key\":\"00\",\"label\":\"x\",\"context\":\"\",\"length\":" len ",\"out\":\"" out "\"}"

static void
test_kat_refuses(void **state)
{
	(void)state;
	assert_true(kat_of("{\"about\":\"x\"}", 0));
	assert_true(kat_of("{\"kdf\":[1,{}," KDF("1", "00") "," KDF("513", "00") "," KDF(
			       "-1", "") "," KDF("1", "0g") "]}",
	    6));
	assert_false(kat_of("{\"kdff\":[]}", 1));
	assert_false(kat_of("{\"kdf\":{}}", 1));
	assert_false(kat_of("[]", 0));
	assert_false(kat_of("{", 0));
}

static const struct {
	const char *text;
	enum err r;
} paths[] = {
	{ "matrix/@alice:example.org/cross-signing.master/0#ed25519", ERR_OK },
	{ "a/b/c/2147483647#secret", ERR_OK },
	{ "a/b/c/0", ERR_OK },
	{ "a/b%2Fc%25/c/7#x25519", ERR_OK },
	{ "a/b#c/c/7#x25519", ERR_OK },
	{ "a/\xc3\xa9/c/7", ERR_OK },
	{ "a/e\xcc\x81/c/7", ERR_TEXT },
	{ "a/\xff/c/7", ERR_TEXT },
	{ "a/b\x01/c/7", ERR_TEXT },
	{ "A/b/c/7", ERR_TEXT },
	{ "a.b/b/c/7", ERR_TEXT },
	{ "a/b/c_/7", ERR_TEXT },
	{ "a%2F/b/c/7", ERR_TEXT },
	{ "a/b%2f/c/7", ERR_FORMAT },
	{ "a/b%20/c/7", ERR_FORMAT },
	{ "a/b%/c/7", ERR_FORMAT },
	{ "a/b%2/c/7", ERR_FORMAT },
	{ "a/b/c/2147483648", ERR_RANGE },
	{ "a/b/c/99999999999", ERR_FORMAT },
	{ "a/b/c/07", ERR_FORMAT },
	{ "a/b/c/-1", ERR_FORMAT },
	{ "a/b/c/", ERR_FORMAT },
	{ "a/b/c/7#", ERR_FORMAT },
	{ "a/b/c/7/", ERR_FORMAT },
	{ "a/b/c", ERR_FORMAT },
	{ "", ERR_FORMAT },
	{ "/b/c/7", ERR_RANGE },
	{ "a//c/7", ERR_RANGE },
	{ "a/b//7", ERR_RANGE },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b/c/7", ERR_RANGE },
	{ "a/b/ccccccccccccccccccccccccccccccccccccccccccccccccc/7", ERR_RANGE },
};

/* What is read comes out the same. */
static void
test_paths(void **state)
{
	struct buf mem = BUF_INIT, out = BUF_INIT;
	struct derive_path path;
	struct span alg;
	enum err r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		buf_reset(&mem);
		buf_reset(&out);
		r = derive_path_parse(span_str(paths[i].text), &mem, &path, &alg);
		if (r != paths[i].r)
			fprintf(stderr, "%s: %s\n", paths[i].text, err_name(r));
		assert_int_equal(r, paths[i].r);
		if (r)
			continue;
		derive_path_print(&path, alg, &out);
		assert_string_equal(buf_cstr(&out), paths[i].text);
	}
	buf_done(&mem);
	buf_done(&out);
}

static void
test_path_lengths(void **state)
{
	struct derive_path p = { SPAN_LIT("a"), SPAN_NONE, SPAN_LIT("c"), 0 };
	char account[256];

	(void)state;
	memset(account, 'x', sizeof(account));
	p.account = SPAN(account, 255);
	assert_int_equal(derive_path_check(&p), ERR_OK);
	p.account.len = 256;
	assert_int_equal(derive_path_check(&p), ERR_RANGE);
	p.account.len = 1;
	p.epoch = 0x80000000u;
	assert_int_equal(derive_path_check(&p), ERR_RANGE);
	account[0] = 0;
	p.epoch = 0;
	assert_int_equal(derive_path_check(&p), ERR_TEXT);
}

static const struct {
	const char *name;
	enum err r;
	unsigned n;
} algs_wanted[] = {
	{ "ed25519", ERR_OK, 0 },
	{ "password.alnum.1", ERR_OK, 1 },
	{ "password.print.128", ERR_OK, 128 },
	{ "password.print.129", ERR_RANGE, 0 },
	{ "password.print.0", ERR_RANGE, 0 },
	{ "password.print.01", ERR_RANGE, 0 },
	{ "password.print.", ERR_RANGE, 0 },
	{ "password.print.1x", ERR_RANGE, 0 },
	{ "password.print", ERR_UNSUPPORTED, 0 },
	{ "password.hex.4", ERR_UNSUPPORTED, 0 },
	{ "ed2551", ERR_UNSUPPORTED, 0 },
	{ "ed25519x", ERR_UNSUPPORTED, 0 },
	{ "rsa", ERR_UNSUPPORTED, 0 },
	{ "", ERR_UNSUPPORTED, 0 },
};

static void
test_algs(void **state)
{
	const struct derive_alg *alg;
	unsigned n;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(algs_wanted) / sizeof(algs_wanted[0]); i++) {
		n = 0;
		assert_int_equal(
		    derive_alg_find(span_str(algs_wanted[i].name), &alg, &n), algs_wanted[i].r);
		assert_int_equal(n, algs_wanted[i].n);
	}
	for (i = 0; derive_alg_at(i) != NULL; i++)
		assert_non_null(derive_alg_at(i)->name);
	assert_int_equal(i, 7);
}

/* Every character of the alphabet comes up, no other does. */
static void
password_alphabet(const struct sec *root, const char *alg, const char *alphabet)
{
	struct derive_path p = { SPAN_LIT("site"), SPAN_LIT("me"), SPAN_LIT("login"), 0 };
	bool seen[256] = { 0 };
	struct sec out = { 0 };
	size_t i;

	for (p.epoch = 0; p.epoch < 40; p.epoch++) {
		assert_int_equal(derive_key(root, &p, span_str(alg), &out), ERR_OK);
		assert_int_equal(out.len, 128);
		for (i = 0; i < out.len; i++) {
			assert_non_null(strchr(alphabet, out.p[i]));
			seen[out.p[i]] = true;
		}
		sec_done(&out);
	}
	for (i = 0; alphabet[i] != 0; i++)
		assert_true(seen[(uint8_t)alphabet[i]]);
}

static void
test_passwords(void **state)
{
	char all[95];
	struct sec root = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < 94; i++)
		all[i] = (char)(0x21 + i);
	all[94] = 0;
	assert_int_equal(derive_root(SPAN(all, 32), &root), ERR_OK);
	password_alphabet(&root, "password.print.128", all);
	password_alphabet(&root, "password.alnum.128",
	    "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789");
	sec_done(&root);
}

/* The same text at another level is another key. */
static void
test_levels(void **state)
{
	static const struct derive_path p[] = {
		{ { (const uint8_t *)"a", 1 }, { (const uint8_t *)"b", 1 },
		    { (const uint8_t *)"c", 1 }, 0 },
		{ { (const uint8_t *)"b", 1 }, { (const uint8_t *)"a", 1 },
		    { (const uint8_t *)"c", 1 }, 0 },
		{ { (const uint8_t *)"a", 1 }, { (const uint8_t *)"c", 1 },
		    { (const uint8_t *)"b", 1 }, 0 },
		{ { (const uint8_t *)"a", 1 }, { (const uint8_t *)"b", 1 },
		    { (const uint8_t *)"c", 1 }, 1 },
	};
	struct sec root = { 0 }, key[5] = { 0 };
	size_t i, j;

	(void)state;
	assert_int_equal(derive_root(SPAN_LIT("0123456789abcdef0123456789abcdef"), &root), ERR_OK);
	for (i = 0; i < 4; i++)
		assert_int_equal(derive_key(&root, &p[i], SPAN_LIT("secret"), &key[i]), ERR_OK);
	assert_int_equal(derive_key(&root, &p[0], SPAN_LIT("ed25519"), &key[4]), ERR_OK);
	for (i = 0; i < 5; i++)
		for (j = 0; j < i; j++)
			assert_memory_not_equal(key[i].p, key[j].p, 32);
	for (i = 0; i < 5; i++)
		sec_done(&key[i]);
	sec_done(&root);
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_public(void **state)
{
	static const uint8_t zero[32];
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(derive_public(SPAN_LIT("p256"), SPAN(zero, 32), &out), ERR_RANGE);
	assert_int_equal(derive_public(SPAN_LIT("ed25519"), SPAN(zero, 31), &out), ERR_RANGE);
	assert_int_equal(derive_public(SPAN_LIT("rsa"), SPAN(zero, 32), &out), ERR_UNSUPPORTED);
	assert_int_equal(derive_public(SPAN_LIT("password.alnum.3"), SPAN(zero, 3), &out), ERR_OK);
	assert_int_equal(out.len, 0);
	assert_int_equal(derive_public(SPAN_LIT("x25519"), SPAN(zero, 32), &out), ERR_OK);
	assert_int_equal(out.len, 32);
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_answers),
		cmocka_unit_test(test_kat_refuses),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_path_lengths),
		cmocka_unit_test(test_algs),
		cmocka_unit_test(test_passwords),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_public),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
