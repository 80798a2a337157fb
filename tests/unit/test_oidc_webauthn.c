/* WebAuthn 7.1 and 7.2: each step refuses what it is there for, and what is right is taken.  The
 * objects are made in oidc_forged.h. */
#include "tests/unit/oidc_forged.h"

/* What was refused, or NULL. */
static const char *
registered(const struct forged *f, struct db_credential *row)
{
	struct buf json = BUF_INIT, object = BUF_INIT;
	struct webauthn_why why = { NULL };
	enum err e;

	put_json(&json, f);
	put_object(&object, f, buf_span(&json));
	e = webauthn_register(&expect, buf_span(&json), buf_span(&object), row, &why);
	assert_int_equal(e, why.text ? ERR_FORMAT : ERR_OK);
	row->id = row->key = SPAN_NONE;
	buf_done(&json);
	buf_done(&object);
	return why.text;
}

static const char *
asserted(const struct forged *f, struct db_credential *row)
{
	struct buf json = BUF_INIT, data = BUF_INIT, sig = BUF_INIT, key = BUF_INIT;
	struct webauthn_assertion got;
	struct webauthn_why why = { NULL };
	enum err e;

	forge_assertion(f, &(struct forged_parts){ &json, &data, &sig, &key }, &got, row);
	e = webauthn_assert(&expect, &got, row, &why);
	assert_int_equal(e, why.text ? ERR_FORMAT : ERR_OK);
	buf_done(&json);
	buf_done(&data);
	buf_done(&sig);
	buf_done(&key);
	return why.text;
}

static void
check(const struct wrong *w, const char *got)
{
	if ((w->why == NULL) != (got == NULL) || (got && strcmp(got, w->why) != 0))
		fail_msg("%s: %s", w->name, got ? got : "was taken");
}

static void
test_both(void **state)
{
	struct db_credential row;

	(void)state;
	for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
		struct forged f = good(), g = good_assertion();

		both[i].bend(&f);
		check(&both[i], registered(&f, &row));
		both[i].bend(&g);
		check(&both[i], asserted(&g, &row));
	}
}

static void
test_register(void **state)
{
	struct db_credential row;

	(void)state;
	for (size_t i = 0; i < sizeof registrations / sizeof *registrations; i++) {
		struct forged f = good();

		registrations[i].bend(&f);
		check(&registrations[i], registered(&f, &row));
	}
}

static void
test_register_row(void **state)
{
	struct db_credential row = { .count = 0 };
	struct forged f = good();

	(void)state;
	f.flags |= AUTHDATA_BE | AUTHDATA_BS;
	assert_null(registered(&f, &row));
	assert_int_equal(row.count, 5);
	assert_int_equal(row.flags, DB_UV | DB_BE | DB_BS);
}

/* glewlwyd's three overflows (CVE-2021-40818, CVE-2022-27240, CVE-2023-49208). */
static void
test_cut_anywhere(void **state)
{
	struct forged f = good();
	struct buf data = BUF_INIT, object = BUF_INIT;
	struct webauthn_why why;
	struct db_credential row;
	struct authdata d;

	(void)state;
	f.flags |= AUTHDATA_ED;
	f.extensions = true;
	put_authdata(&data, &f);
	assert_int_equal(authdata_parse(buf_span(&data), &d), ERR_OK);
	assert_int_equal(d.id.len, 32);
	for (size_t n = 0; n < data.len; n++) {
		/* in memory of its own, so that a sanitizer sees each byte too many */
		struct buf cut = BUF_INIT;

		buf_put(&cut, data.p, n);
		assert_int_not_equal(authdata_parse(buf_span(&cut), &d), ERR_OK);
		buf_done(&cut);
	}
	put_object(&object, &f, SPAN_LIT(HEAD "}"));
	for (size_t n = 0; n < object.len; n++)
		assert_int_equal(
		    webauthn_register(&expect, SPAN_LIT(HEAD "}"), SPAN(object.p, n), &row, &why),
		    ERR_FORMAT);
	assert_int_equal(
	    webauthn_register(&expect, SPAN_LIT(HEAD "}"), buf_span(&object), &row, &why), ERR_OK);
	buf_done(&data);
	buf_done(&object);
}

static void
test_assert(void **state)
{
	struct db_credential row;

	(void)state;
	for (size_t i = 0; i < sizeof assertions / sizeof *assertions; i++) {
		struct forged f = good_assertion();

		assertions[i].bend(&f);
		check(&assertions[i], asserted(&f, &row));
	}
}

static void
test_assert_row(void **state)
{
	struct db_credential row;
	struct forged f = good_assertion();

	(void)state;
	f.row_flags = DB_BE | DB_BS | DB_FOUND;
	f.flags |= AUTHDATA_BE;
	assert_null(asserted(&f, &row));
	assert_int_equal(row.count, 5);
	assert_int_equal(row.flags, DB_BE | DB_FOUND | DB_UV);
}

/* ---- keys ---- */
static void
test_cose(void **state)
{
	struct buf b = BUF_INIT;
	struct cose_key k;

	(void)state;
	put_key(&b, COSE_ES256);
	assert_int_equal(cose_parse(buf_span(&b), &k), ERR_OK);
	for (size_t n = 0; n < b.len; n++)
		assert_int_not_equal(cose_parse(SPAN(b.p, n), &k), ERR_OK);
	buf_put_u8(&b, 0xa0);
	assert_int_not_equal(cose_parse(buf_span(&b), &k), ERR_OK);
	buf_reset(&b);
	put_key(&b, COSE_ES256);
	b.p[0] = 0xa4; /* without y */
	buf_cut(&b, b.len - 35);
	assert_int_equal(cose_parse(buf_span(&b), &k), ERR_FORMAT);
	buf_done(&b);
}

static const uint8_t off_curve[] = "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"
				   "11111111111111111111111111111111\x22\x58\x20"
				   "22222222222222222222222222222222";

/* A point that is none: no signature is by it, and nothing breaks. */
static void
test_off_curve(void **state)
{
	struct cose_key k;
	struct buf sig = BUF_INIT;

	(void)state;
	assert_int_equal(cose_parse(SPAN(off_curve, sizeof off_curve - 1), &k), ERR_OK);
	sign(COSE_ES256, SPAN_LIT("x"), SPAN_LIT("y"), &sig);
	assert_false(cose_verify(&k, SPAN_LIT("x"), buf_span(&sig)));
	assert_false(cose_verify(&k, SPAN_LIT("x"), SPAN_NONE));
	buf_done(&sig);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both),
		cmocka_unit_test(test_register),
		cmocka_unit_test(test_register_row),
		cmocka_unit_test(test_cut_anywhere),
		cmocka_unit_test(test_assert),
		cmocka_unit_test(test_assert_row),
		cmocka_unit_test(test_cose),
		cmocka_unit_test(test_off_curve),
	};

	return cmocka_run_group_tests(tests, make_keys, NULL);
}
