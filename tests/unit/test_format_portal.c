/* The secret of an application: a known answer from the seed on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "agent/format/format.h"
#include "agent/vault/derive.h"
#include "lib/crypto.h"
#include "lib/ops_entry.h"
#include "tests/unit/vectors.h"

/* From a seed to what the application gets. */
static void
test_portal(void **state)
{
	const struct span text = SPAN_LIT("text");
	const struct format_key *key = &format_portal.key[0];
	struct derive_path path = { .service = SPAN_LIT("portal"),
		.purpose = span_str(key->purpose) };
	uint8_t seed[32];
	size_t n;
	struct sec root = { 0 }, priv = { 0 }, out = { 0 };
	char hex[128], account[256], want[128], *doc;

	(void)state;
	assert_non_null(doc = vectors_read("tests/vectors/formats.json"));
	vectors_get(doc, "portal-secret", "seed", hex, sizeof hex);
	assert_int_equal(text_decode(TEXT_HEX, span_str(hex), seed, sizeof seed, &n), ERR_OK);
	vectors_get(doc, "portal-secret", "account", account, sizeof account);
	vectors_get(doc, "portal-secret", "text", want, sizeof want);
	path.account = span_str(account);
	assert_int_equal(derive_root(SPAN(seed, sizeof seed), &root), ERR_OK);
	assert_int_equal(derive_key(&root, &path, span_str(key->alg), &priv), ERR_OK);
	struct format_in in = { path.account, sec_span(&priv), SPAN_NONE, SPAN_NONE };
	assert_int_equal(format_export(&format_portal, path.purpose, text)->fn(&in, &out), ERR_OK);
	assert_int_equal(strlen(want), OPS_PORTAL_BYTES);
	assert_true(span_is(sec_span(&out), want));
	assert_true(key->signs & FORMAT_GIVES);
	sec_done(&root);
	sec_done(&priv);
	sec_done(&out);
	free(doc);
	assert_int_equal(sec_arena_used(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_portal) };

	if (sec_arena_open(65536, false, true) || crypto_init())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
