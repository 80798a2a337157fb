/* lib/age.h against the age testkit of C2SP, read where it is (vectors/README.md).  Every file:
 * what it says, whatever the pieces are that it comes in, and what came out before it failed. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <zlib.h>

#include "lib/crypto.h"
#include "lib/text.h"
#include "tests/unit/age_rig.h"

#define FILE_MAX (32 << 20)

struct kit {
	const char *name;
	char expect[32], payload[65], pass[64];
	bool has_payload, has_pass, zlib, quantum;
	struct sec privs;
	struct span file;   /* of all bytes below */
	struct buf content; /* decompressed */
};

static int
setup(void **state)
{
	(void)state;
	return crypto_init() || sec_arena_open(256 * 1024, true, true);
}

/* ---- the files ---- */

static bool
field(const char *line, const char *name, char *out, size_t cap)
{
	size_t n = strlen(name);

	if (strncmp(line, name, n) != 0 || strncmp(line + n, ": ", 2) != 0)
		return false;
	assert_in_range(snprintf(out, cap, "%s", line + n + 2), 1, cap - 1);
	return true;
}

static void
identity(struct kit *k, const char *text)
{
	uint8_t priv[32];
	enum err e = age_identity_parse(span_str(text), priv);

	if (e == ERR_AGE_QUANTUM) {
		k->quantum = true;
		return;
	}
	assert_int_equal(e, ERR_OK);
	assert_int_equal(sec_put(&k->privs, SPAN(priv, 32)), ERR_OK);
}

static void
key_line(struct kit *k, const char *line)
{
	char text[8192];

	if (field(line, "expect", k->expect, sizeof(k->expect)) ||
	    field(line, "file key", text, sizeof(text)) ||
	    field(line, "armored", text, sizeof(text)) ||
	    field(line, "comment", text, sizeof(text)))
		return;
	if (field(line, "payload", k->payload, sizeof(k->payload)))
		k->has_payload = true;
	else if (field(line, "passphrase", k->pass, sizeof(k->pass)))
		k->has_pass = true;
	else if (field(line, "compressed", text, sizeof(text)))
		k->zlib = true;
	else if (field(line, "identity", text, sizeof(text)))
		identity(k, text);
	else
		fail_msg("%s: what is '%s'?", k->name, line);
}

static void
inflate_rest(struct kit *k)
{
	uLongf n = FILE_MAX;
	uint8_t *p = malloc(n);

	assert_non_null(p);
	assert_int_equal(uncompress(p, &n, k->file.p, k->file.len), Z_OK);
	buf_put(&k->content, p, n);
	free(p);
	k->file = buf_span(&k->content);
}

static void
parse(struct kit *k, char *p, size_t n)
{
	char *end = p + n, *lf;

	assert_int_equal(sec_init(&k->privs, 32 * 8), ERR_OK);
	for (; (lf = memchr(p, '\n', (size_t)(end - p))) != NULL && lf != p; p = lf + 1) {
		*lf = 0;
		key_line(k, p);
	}
	assert_non_null(lf);
	k->file = SPAN(lf + 1, (size_t)(end - lf - 1));
	if (k->zlib)
		inflate_rest(k);
}

/* ---- what each must do ---- */

/* What is refused for being post-quantum could not be told apart further. */
static bool
is_expected(const struct kit *k, enum err e, unsigned kinds)
{
	if (e == ERR_AGE_QUANTUM)
		return kinds & AGE_QUANTUM && k->quantum;
	if (strcmp(k->expect, "header failure") == 0)
		return e == ERR_AGE_HEADER || e == ERR_AGE_WORK;
	return e ==
	    (strcmp(k->expect, "success") == 0			? ERR_OK
		    : strcmp(k->expect, "HMAC failure") == 0	? ERR_AGE_EDITED
		    : strcmp(k->expect, "no match") == 0	? ERR_AGE_MATCH
		    : strcmp(k->expect, "payload failure") == 0 ? ERR_AGE_PAYLOAD
		    : strcmp(k->expect, "armor failure") == 0	? ERR_AGE_ARMOR
								: ERR_INTERNAL);
}

static bool
is_payload(const struct kit *k, enum err e, struct span plain)
{
	uint8_t hash[32];
	char text[65] = { 0 };

	if (e == ERR_AGE_QUANTUM || !k->has_payload)
		return plain.len == 0;
	crypto_sha256(plain, hash);
	text_encode_raw(TEXT_HEX, SPAN(hash, 32), text);
	return strcmp(text, k->payload) == 0;
}

static void
run(struct kit *k, size_t piece)
{
	struct age_rig t = { .piece = piece,
		.privs = sec_span(&k->privs),
		.pass = k->has_pass ? span_str(k->pass) : SPAN_NONE };
	struct buf plain = BUF_INIT;
	enum err e = age_rig_read(&t, k->file, &plain);

	if (!is_expected(k, e, t.header.kinds) || !is_payload(k, e, buf_span(&plain)))
		fail_msg("%s, pieces of %zu: want %s, got %s (%zu bytes)", k->name, piece,
		    k->expect, err_name(e), plain.len);
	buf_done(&plain);
}

/* Without a key less can be seen, but what opens is whole, and its size is known. */
static void
run_check(struct kit *k)
{
	struct age_rig t = { .check = true },
		       with = { .privs = sec_span(&k->privs), .pass = span_str(k->pass) };
	struct buf plain = BUF_INIT, none = BUF_INIT;
	enum err e = age_rig_read(&t, k->file, &none), opened;

	opened = age_rig_read(&with, k->file, &plain);
	assert_int_equal(none.len, 0);
	if (opened == ERR_OK) {
		assert_int_equal(e, ERR_OK);
		assert_int_equal(t.size, plain.len);
		assert_int_equal(with.size, plain.len);
	} else if (opened == ERR_AGE_ARMOR || opened == ERR_AGE_WORK) {
		assert_int_equal(e, opened);
	}
	buf_done(&plain);
	buf_done(&none);
}

static void
one_file(const char *path, const char *name)
{
	static const size_t pieces[] = { 0, 1, 3, 50, 65, 4096, 65536, 65537 };
	struct kit k = { .name = name };
	static char raw[1 << 20];
	FILE *f = fopen(path, "rb");
	size_t i, n;

	assert_non_null(f);
	n = fread(raw, 1, sizeof(raw), f);
	fclose(f);
	assert_in_range(n, 1, sizeof(raw) - 1);
	parse(&k, raw, n);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		if (k.file.len < 1 << 20 || pieces[i] == 0 || pieces[i] > 4096)
			run(&k, pieces[i]);
	run_check(&k);
	sec_done(&k.privs);
	buf_done(&k.content);
	assert_int_equal(sec_arena_used(), 0);
}

static void
test_files(void **state)
{
	const char *dir = getenv("OWNKEY_VECTORS");
	char folder[3072], path[4096];
	struct dirent *d;
	int n = 0;
	DIR *all;

	(void)state;
	snprintf(folder, sizeof(folder), "%s/age", dir ? dir : "../shared/vectors");
	if ((all = opendir(folder)) == NULL) {
		fprintf(stderr, "%s is not there (OWNKEY_VECTORS)\n", folder);
		return;
	}
	while ((d = readdir(all)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		one_file(path, d->d_name);
		n++;
	}
	closedir(all);
	fprintf(stderr, "%d files of the age testkit\n", n);
	assert_in_range(n, 143, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_files) };

	return cmocka_run_group_tests(tests, setup, NULL);
}
