/* One-time codes: RFC 6238 appendix B, RFC 4226 appendix D, and how seeds are handed out. */
#include "lib/otp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "lib/password.h"

static int
setup(void **state)
{
	(void)state;
	return sec_arena_open(65536, true, true) || crypto_init_light();
}

/* ---- RFC 6238, appendix B: seeds are 20, 32 and 64 digits ---- */
static const char digits[] = "1234567890123456789012345678901234567890123456789012345678901234";

static const struct {
	uint64_t time;
	const char *code[3];
} vectors[] = {
	{ 59, { "94287082", "46119246", "90693936" } },
	{ 1111111109, { "07081804", "68084774", "25091201" } },
	{ 1111111111, { "14050471", "67062674", "99943326" } },
	{ 1234567890, { "89005924", "91819424", "93441116" } },
	{ 2000000000, { "69279037", "90698825", "38618901" } },
	{ 20000000000, { "65353130", "77737706", "47863826" } },
};

static void
test_rfc6238(void **state)
{
	static const size_t len[] = { 20, 32, 64 };
	char code[OTP_DIGITS_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
		for (unsigned alg = 0; alg < 3; alg++) {
			struct otp o = { (enum otp_alg)alg, 8, 30 };

			otp_code(&o, SPAN(digits, len[alg]), vectors[i].time, code);
			assert_string_equal(code, vectors[i].code[alg]);
		}
}

static void
test_rfc4226(void **state)
{
	static const char *const codes[] = { "755224", "287082", "359152", "969429", "338314",
		"254676", "287922", "162583", "399871", "520489" };
	struct otp o = OTP_USUAL;
	char code[OTP_DIGITS_MAX + 1];

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		otp_code(&o, SPAN(digits, 20), 30 * i + i, code);
		assert_string_equal(code, codes[i]);
	}
}

/* RFC 2202 3: a key that is longer than a block */
static void
test_long_key(void **state)
{
	static const uint8_t want[4] = { 0xaa, 0x4a, 0xe5, 0xe1 };
	uint8_t key[80], out[20];

	(void)state;
	memset(key, 0xaa, sizeof key);
	crypto_hmac_sha1(SPAN(key, sizeof key),
	    SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	assert_memory_equal(out, want, 4);
}

/* ---- seeds ---- */
static void
parses(const char *text, const struct otp *want, const char *seed, const char *who)
{
	struct otp_given g;
	struct sec t = { 0 };
	char both[2 * OTP_NAME_MAX + 4];

	assert_int_equal(otp_parse(span_str(text), &g), ERR_OK);
	assert_int_equal(g.otp.alg, want->alg);
	assert_int_equal(g.otp.digits, want->digits);
	assert_int_equal(g.otp.period, want->period);
	assert_int_equal(sec_init(&t, 2 * OTP_SEED_MAX), ERR_OK);
	assert_int_equal(otp_seed_text(sec_span(&g.seed), &t), ERR_OK);
	assert_true(span_is(sec_span(&t), seed));
	snprintf(both, sizeof both, "%s|%s", g.issuer, g.account);
	assert_string_equal(both, who);
	sec_done(&t);
	sec_done(&g.seed);
}

static void
test_parse(void **state)
{
	const struct otp usual = OTP_USUAL, other = { OTP_SHA256, 8, 60 };

	(void)state;
	parses("JBSWY3DPEHPK3PXP", &usual, "JBSWY3DPEHPK3PXP", "|");
	parses(" jbsw y3dp-ehpk 3pxp \n", &usual, "JBSWY3DPEHPK3PXP", "|");
	parses("MFRGG===", &usual, "MFRGG", "|");
	parses("otpauth://totp/Example:alice@example.org?secret=JBSWY3DPEHPK3PXP&issuer=Example",
	    &usual, "JBSWY3DPEHPK3PXP", "Example|alice@example.org");
	parses("OTPAUTH://TOTP/ACME%20Co:%20j%C3%BCrgen?secret=MFRGG%3D%3D%3D&algorithm=SHA256"
	       "&digits=8&period=60&image=x",
	    &other, "MFRGG", "ACME Co|jürgen");
	parses("otpauth://totp/me?issuer=A+B&secret=MFRGG", &usual, "MFRGG", "A B|me");
}

static void
test_refused(void **state)
{
	static const char *const texts[] = { "", " ", "=", "1", "JBSW0", "MFRGG=A", "ä",
		"otpauth://", "otpauth://totp/",
		"otpauth://totp/x?secret=", "otpauth://totp/x?secret=1",
		"otpauth://hotp/x?secret=MFRGG&counter=1", "otpauth://totp/x?secret=MFRGG&digits=5",
		"otpauth://totp/x?secret=MFRGG&digits=9", "otpauth://totp/x?secret=MFRGG&period=0",
		"otpauth://totp/x?secret=MFRGG&algorithm=MD5", "otpauth://totp/%zz?secret=MFRGG",
		"otpauth://totp/%00?secret=MFRGG", "otpauth://totp/%ff?secret=MFRGG",
		"otpauth://totp/x?secret=MFRGG&secret=MFRGG",
		"otpauth://totp/x?secret=MFRGG&encoder=steam" };
	struct otp_given g;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(otp_parse(span_str(texts[i]), &g), ERR_OTP_TEXT);
		assert_null(g.seed.p);
	}
	assert_int_equal(sec_arena_used(), 0);
}

/* ---- passwords ---- */
#define DRAWS 200000

/* Every character of an alphabet, and about as often (6 standard deviations). */
static void
spread(enum password_alphabet alphabet, const char *of)
{
	size_t seen[256] = { 0 }, n = strlen(of);
	double want = (double)DRAWS / (double)n;
	struct sec s = { 0 };

	for (size_t i = 0; i < DRAWS / 1000; i++) {
		assert_int_equal(password_make(alphabet, 1000, &s), ERR_OK);
		assert_int_equal(s.len, 1000);
		for (size_t k = 0; k < s.len; k++)
			seen[s.p[k]]++;
		sec_done(&s);
	}
	for (size_t i = 0; i < 256; i++) {
		double off = (double)seen[i] - want;

		if (!i || !strchr(of, (int)i))
			assert_int_equal(seen[i], 0);
		else
			assert_true(off * off < 36 * want);
	}
}

static void
test_passwords(void **state)
{
	char print[95] = "";
	struct sec s = { 0 };
	size_t words = 1;

	(void)state;
	for (int i = 0; i < 94; i++)
		print[i] = (char)('!' + i);
	spread(PASSWORD_ALNUM, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
	spread(PASSWORD_PRINT, print);
	spread(PASSWORD_DIGITS, "0123456789");
	assert_int_equal(password_make(PASSWORD_WORDS, 0, &s), ERR_OK);
	for (size_t i = 0; i < s.len; i++)
		words += s.p[i] == '-';
	assert_int_equal(words, 8);
	sec_done(&s);
	assert_int_equal(password_make(PASSWORD_ALNUM, 0, &s), ERR_OK);
	assert_int_equal(s.len, 24);
	sec_done(&s);
	assert_int_equal(password_make(PASSWORD_WORDS, 114, &s), ERR_RANGE);
	assert_int_equal(password_make(PASSWORD_ALNUM, PASSWORD_MAX + 1, &s), ERR_RANGE);
	assert_int_equal(password_make((enum password_alphabet)4, 1, &s), ERR_RANGE);
	assert_int_equal(sec_arena_used(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rfc6238),
		cmocka_unit_test(test_rfc4226),
		cmocka_unit_test(test_long_key),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_passwords),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
