#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sodium.h>

#include "agent/format/format.h"
#include "agent/format/ssh.h"
#include "agent/vault/derive.h"
#include "lib/crypto.h"
#include "tests/unit/vectors.h"

#define ONION "aoqqpp7tzyil4hlq3umoos6atft6jvrqtosq2xy53sdgiesvgg4bqead"

static char *doc;

static int
setup(void **state)
{
	(void)state;
	if (sec_arena_open(65536, false, true) || crypto_init())
		return -1;
	return (doc = vectors_read("tests/vectors/formats.json")) ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	free(doc);
	assert_int_equal(sec_arena_used(), 0);
	sec_arena_close();
	return 0;
}

/* ---- known answers ---- */

/* One vector's secret through one row, public or export. */
struct known {
	const char *id, *input; /* in formats.json */
	enum { PUBLIC, EXPORT } side;
	const char *service, *account, *purpose, *name;
	const char *output;
	enum { AS_IS, IN_BASE64, CUT } how;
};

#define SELF "@alice:example.org"

static const struct known knowns[] = {
	{ "tor-v3-onion", "ed25519_seed", PUBLIC, "tor", "blog", "onion", "hostname", "hostname",
	    AS_IS },
	{ "tor-v3-onion", "ed25519_seed", PUBLIC, "tor", "blog", "onion", "hs_ed25519_public_key",
	    "hs_ed25519_public_key_file_b64", AS_IS },
	{ "tor-v3-onion", "ed25519_seed", EXPORT, "tor", "blog", "onion", "hs_ed25519_secret_key",
	    "hs_ed25519_secret_key_file_b64", IN_BASE64 },
	{ "tor-v3-onion", "ed25519_seed", EXPORT, "tor", "blog", "onion", "add-onion",
	    "add_onion_key", AS_IS },
	{ "tor-v3-client-auth", "x25519_private", PUBLIC, "tor", ONION ".onion", "client-auth",
	    "authorized-client", "authorized_clients_line", AS_IS },
	{ "tor-v3-client-auth", "x25519_private", EXPORT, "tor", ONION ".onion", "client-auth",
	    "auth_private", "auth_private_line", AS_IS },
	{ "tor-v3-client-auth", "x25519_private", EXPORT, "tor", ONION, "client-auth",
	    "auth_private", "auth_private_line", AS_IS },
	{ "age-identity", "x25519_secret", PUBLIC, "age", "me", "identity", "recipient",
	    "recipient", AS_IS },
	{ "age-identity", "x25519_secret", EXPORT, "age", "me", "identity", "identity", "identity",
	    AS_IS },
	{ "ssh-ed25519", "seed", PUBLIC, "ssh", "me@host", "identity", "public", "public_line",
	    CUT },
	{ "ssh-ed25519", "seed", PUBLIC, "ssh", "me@host", "identity", "fingerprint", "fingerprint",
	    AS_IS },
	{ "matrix-recovery-key", "key", EXPORT, "matrix", SELF, "recovery", "recovery-key",
	    "recovery_key", AS_IS },
	{ "matrix-cross-signing", "master_seed", PUBLIC, "matrix", SELF, "cross-signing.master",
	    "public", "master_pub", AS_IS },
	{ "matrix-cross-signing", "self_signing_seed", PUBLIC, "matrix", SELF, "cross-signing.self",
	    "public", "self_signing_pub", AS_IS },
	{ "matrix-cross-signing", "user_signing_seed", PUBLIC, "matrix", SELF, "cross-signing.user",
	    "public", "user_signing_pub", AS_IS },
	{ "matrix-key-backup", "key", PUBLIC, "matrix", SELF, "backup", "public", "public_b64",
	    AS_IS },
	{ "matrix-key-backup", "key", EXPORT, "matrix", SELF, "backup", "private", "private_b64",
	    AS_IS },
	{ "wireguard", "private", PUBLIC, "wireguard", "wg0", "interface", "public", "public_b64",
	    AS_IS },
	{ "wireguard", "private", EXPORT, "wireguard", "wg0", "interface", "key", "clamped_b64",
	    AS_IS },
	{ "omemo-identity", "private_clamped", PUBLIC, "omemo", "a@b.org", "identity",
	    "fingerprint", "profanity_display", AS_IS },
	{ "omemo-identity", "private_clamped", EXPORT, "omemo", "a@b.org", "identity", "hex", NULL,
	    AS_IS },
};

/* The answer's text: as vectors have it */
static void
expect(const struct known *k, struct span got)
{
	char want[512], input[128];
	struct buf text = BUF_INIT;

	vectors_get(doc, k->id, k->output ? k->output : k->input, k->output ? want : input,
	    k->output ? sizeof want : sizeof input);
	if (k->how == IN_BASE64)
		text_encode(TEXT_BASE64, got, &text);
	else
		buf_put_span(&text, got);
	if (k->how == CUT) /* a comment follows */
		buf_cut(&text, strlen(want));
	assert_string_equal(buf_cstr(&text), k->output ? want : input);
	buf_done(&text);
}

static struct span
public_of(const struct format_key *key, struct span priv, uint8_t pub[32])
{
	if (strcmp(key->alg, "ed25519") == 0)
		crypto_ed25519_public(priv.p, pub);
	else if (strcmp(key->alg, "x25519") == 0)
		crypto_x25519_public(priv.p, pub);
	else
		return SPAN_NONE;
	return SPAN(pub, 32);
}

static void
check_known(const struct known *k)
{
	const struct format *f = format_find(span_str(k->service));
	struct span purpose = span_str(k->purpose), name = span_str(k->name);
	uint8_t priv[32], pub[32];
	struct buf text = BUF_INIT;
	struct sec secret = { 0 };
	struct format_in in;
	char hex[128];
	size_t n;

	assert_non_null(f);
	assert_non_null(format_key(f, purpose));
	vectors_get(doc, k->id, k->input, hex, sizeof hex);
	assert_int_equal(text_decode(TEXT_HEX, span_str(hex), priv, sizeof priv, &n), ERR_OK);
	in = (struct format_in){ span_str(k->account), SPAN(priv, 32),
		public_of(format_key(f, purpose), SPAN(priv, 32), pub), SPAN_NONE };
	if (k->side == PUBLIC) {
		in.priv = SPAN_NONE;
		assert_non_null(format_public(f, purpose, name));
		assert_int_equal(format_public(f, purpose, name)->fn(&in, &text), ERR_OK);
		assert_int_equal(buf_err(&text), ERR_OK);
		expect(k, buf_span(&text));
	} else {
		assert_non_null(format_export(f, purpose, name));
		assert_int_equal(format_export(f, purpose, name)->fn(&in, &secret), ERR_OK);
		expect(k, sec_span(&secret));
	}
	buf_done(&text);
	sec_done(&secret);
}

static void
test_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof knowns / sizeof *knowns; i++)
		check_known(&knowns[i]);
}

/* The type byte in front of OMEMO's public key; libomemo-c's trap: the scalar leaves clamped. */
static void
test_omemo(void **state)
{
	const struct span purpose = SPAN_LIT("identity");
	char hex[128],
	    unclamped[] = "000102030405060708090a0b0c0d0e0f"
			  "101112131415161718191a1b1c1d1e9f";
	uint8_t priv[32], pub[32], typed[33];
	struct buf text = BUF_INIT;
	struct sec secret = { 0 };
	size_t n;

	(void)state;
	unclamped[1] = '7'; /* the three low bits and the two high ones */
	assert_int_equal(text_decode(TEXT_HEX, span_str(unclamped), priv, 32, &n), ERR_OK);
	crypto_x25519_public(priv, pub);
	struct format_in in = { SPAN_LIT("a@b.org"), SPAN(priv, 32), SPAN(pub, 32), SPAN_NONE };
	assert_int_equal(
	    format_export(&format_omemo, purpose, SPAN_LIT("hex"))->fn(&in, &secret), ERR_OK);
	vectors_get(doc, "omemo-identity", "private_clamped", hex, sizeof hex);
	assert_true(span_is(sec_span(&secret), hex));
	assert_int_equal(
	    format_public(&format_omemo, purpose, SPAN_LIT("identity-key"))->fn(&in, &text),
	    ERR_OK);
	assert_int_equal(text_decode(TEXT_BASE64, buf_span(&text), typed, 33, &n), ERR_OK);
	assert_int_equal(n, 33);
	buf_reset(&text);
	text_encode(TEXT_HEX, SPAN(typed, 33), &text);
	vectors_get(doc, "omemo-identity", "identity_public_05", hex, sizeof hex);
	assert_string_equal(buf_cstr(&text), hex);
	buf_done(&text);
	sec_done(&secret);
}

static void
get_hex(const char *id, const char *name, struct buf *out)
{
	char hex[512];
	uint8_t bytes[256];
	size_t n;

	vectors_get(doc, id, name, hex, sizeof hex);
	assert_int_equal(text_decode(TEXT_HEX, span_str(hex), bytes, sizeof bytes, &n), ERR_OK);
	buf_put(out, bytes, n);
	assert_int_equal(buf_err(out), ERR_OK);
}

static void
test_app(void **state)
{
	struct buf seed = BUF_INIT, data = BUF_INIT, want = BUF_INIT, got = BUF_INIT;
	struct ops_sign q = { .name_space = SPAN_LIT("chat") };
	uint8_t pub[32];

	(void)state;
	get_hex("app-sign", "seed", &seed);
	get_hex("app-sign", "data", &data);
	crypto_ed25519_public(seed.p, pub);
	struct format_in in = { SPAN_LIT("me"), buf_span(&seed), SPAN(pub, 32), SPAN_NONE };
	q.data = buf_span(&data);
	get_hex("app-sign", "signed", &want);
	assert_int_equal(format_app_signed(&q, &got), ERR_OK);
	assert_true(span_eq(buf_span(&got), buf_span(&want)));
	buf_reset(&want);
	buf_reset(&got);
	get_hex("app-sign", "signature", &want);
	assert_int_equal(format_app_sign(&in, &q, &got), ERR_OK);
	assert_true(span_eq(buf_span(&got), buf_span(&want)));
	q.name_space = SPAN_NONE;
	assert_int_equal(format_app_sign(&in, &q, &got), ERR_USAGE);
	buf_done(&seed);
	buf_done(&data);
	buf_done(&want);
	buf_done(&got);
}

/* ---- every row, on random keys ---- */

static const char *
an_account(const struct format *f, const struct format_key *key)
{
	static const char *const tries[] = { "me", SELF, "alice@example.org", ONION ".onion",
		"https://id.example.org" };

	for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
		if ((!f->check || !f->check(span_str(tries[i]))) &&
		    (!key->wanted || key->wanted(span_str(tries[i]))))
			return tries[i];
	fail_msg("no account for %s/%s", f->name, key->purpose);
	return NULL;
}

/* Lists show it in one line of a terminal. */
static void
check_public(const struct format_public *row, const struct format_in *with)
{
	struct format_in in = { with->account, SPAN_NONE, with->pub, with->alg };
	struct buf a = BUF_INIT, b = BUF_INIT, shown = BUF_INIT;

	assert_int_equal(row->fn(&in, &a), ERR_OK);
	assert_int_equal(row->fn(with, &b), ERR_OK);
	assert_int_equal(buf_err(&a), ERR_OK);
	assert_true(a.len > 0);
	assert_true(span_eq(buf_span(&a), buf_span(&b)));
	text_printable(buf_span(&a), &shown);
	assert_true(span_eq(buf_span(&a), buf_span(&shown)));
	buf_done(&a);
	buf_done(&b);
	buf_done(&shown);
}

/* All but the check number of an OpenSSH file is the key's: those files are read by ssh-keygen in
 * tests/interop. */
static void
check_export(const struct format *f, const struct format_export *row, const struct format_in *in)
{
	struct sec a = { 0 }, b = { 0 };
	struct buf shown = BUF_INIT;

	assert_int_equal(row->fn(in, &a), ERR_OK);
	assert_int_equal(row->fn(in, &b), ERR_OK);
	assert_true(sec_arena_has(a.p) && a.len > 0);
	assert_int_equal(a.len, b.len);
	if (f != &format_ssh)
		assert_true(span_eq(sec_span(&a), sec_span(&b)));
	if (row->text && f != &format_ssh) {
		text_printable(sec_span(&a), &shown);
		assert_true(span_eq(sec_span(&a), buf_span(&shown)));
	}
	buf_done(&shown);
	sec_done(&a);
	sec_done(&b);
}

static struct sec pair;

/* Two RSA keys: they take long to make. */
static struct span
rsa_pair(void)
{
	struct sec one = { 0 };

	for (int i = 0; i < 2 && pair.len < 1800; i++) {
		assert_int_equal(crypto_rsa_generate(2048, &one), ERR_OK);
		if (!pair.p)
			assert_int_equal(sec_init(&pair, 4096), ERR_OK);
		assert_int_equal(sec_put(&pair, sec_span(&one)), ERR_OK);
		sec_done(&one);
	}
	return sec_span(&pair);
}

/* priv: 32 random bytes, where they are a key of this algorithm. */
static void
make_key(const struct format *f, const struct format_key *key, struct span priv, struct buf *pub,
    struct format_in *in)
{
	uint8_t pub32[32];

	*in = (struct format_in){ .priv = priv, .alg = span_str(key->alg) };
	if (strcmp(key->alg, FORMAT_RSA) == 0) {
		in->priv = rsa_pair();
		assert_int_equal(
		    format_import(f, span_str(key->purpose), in->alg)->fn(in->priv, pub), ERR_OK);
	} else if (strcmp(key->alg, "p256") == 0) {
		assert_int_equal(derive_public(in->alg, priv, pub), ERR_OK);
	} else {
		buf_put_span(pub, public_of(key, priv, pub32));
	}
	in->pub = buf_span(pub);
}

static void
check_key(const struct format *f, const struct format_key *key)
{
	const char *account = an_account(f, key);
	struct buf pub = BUF_INIT;
	struct format_in in;
	uint8_t priv[32];
	size_t rows = 0;

	crypto_random(priv, sizeof priv);
	for (size_t i = 0; i < sizeof priv && strncmp(key->alg, "password.", 9) == 0; i++)
		priv[i] = (uint8_t)('a' + priv[i] % 26);
	make_key(f, key, SPAN(priv, 32), &pub, &in);
	in.account = span_str(account);
	for (size_t i = 0; i < f->npublic; i++)
		if (strcmp(f->public[i].purpose, key->purpose) == 0) {
			check_public(&f->public[i], &in);
			rows++;
		}
	assert_true(rows > 0 || !in.pub.len);
	for (size_t i = 0; i < f->nexport; i++)
		if (strcmp(f->export[i].purpose, key->purpose) == 0) {
			check_export(f, &f->export[i], &in);
			rows++;
		}
	assert_true(rows > 0);
	buf_done(&pub);
}

static void
test_every_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < nformats; i++)
		for (size_t k = 0; k < formats[i]->nkey; k++)
			for (int n = 0; n < 8; n++)
				check_key(formats[i], &formats[i]->key[k]);
	sec_done(&pair);
}

/* Whatever happens to a key, there is a row for it; steps are lines that can be read. */
static void
test_advice(void **state)
{
	static const enum format_event events[] = { FORMAT_ROTATE, FORMAT_MOVE, FORMAT_RETIRE,
		FORMAT_REVOKE };

	(void)state;
	for (size_t i = 0; i < nformats; i++)
		for (size_t k = 0; k < formats[i]->nkey; k++)
			for (size_t j = 0; j < sizeof events / sizeof *events; j++) {
				const struct format_advice *a = format_advice(
				    formats[i], span_str(formats[i]->key[k].purpose), events[j]);

				assert_non_null(a);
				assert_in_range(strlen(a->sees), 20, 400);
				for (const char *s = a->steps;; s++) {
					size_t n = strcspn(s, "\n");

					assert_in_range(n, 10, 300);
					s += n;
					if (!*s)
						break;
				}
			}
	assert_ptr_not_equal(format_advice(&format_ssh, SPAN_LIT("identity"), FORMAT_ROTATE),
	    format_advice(&format_ssh, SPAN_LIT("identity"), FORMAT_MOVE));
}

/* Rows name each other, paths and algorithms that exist. */
static void
test_tables(void **state)
{
	const struct derive_alg *alg;
	unsigned chars;

	(void)state;
	for (size_t i = 0; i < nformats; i++) {
		const struct format *f = formats[i];

		assert_ptr_equal(format_find(span_str(f->name)), f);
		assert_true(*f->help && *f->account && f->nkey);
		for (size_t k = 0; k < f->nkey; k++) {
			struct derive_path path = { span_str(f->name), SPAN_LIT("x"),
				span_str(f->key[k].purpose), 0 };

			assert_int_equal(derive_path_check(&path), ERR_OK);
			assert_ptr_equal(format_key(f, path.purpose), &f->key[k]);
			if (strcmp(f->key[k].alg, FORMAT_RSA) == 0)
				assert_non_null(
				    format_import(f, path.purpose, SPAN_LIT(FORMAT_RSA)));
			else
				assert_int_equal(
				    derive_alg_find(span_str(f->key[k].alg), &alg, &chars), ERR_OK);
			assert_in_range(f->key[k].use, 0, 2);
			/* that is the key of succession logs (keylog.h), which no format may use */
			assert_string_not_equal(f->key[k].purpose, "succession");
		}
		for (size_t k = 0; k < f->npublic; k++)
			assert_ptr_equal(format_public(f, span_str(f->public[k].purpose),
					     span_str(f->public[k].name)),
			    &f->public[k]);
		for (size_t k = 0; k < f->nexport; k++) {
			assert_ptr_equal(format_export(f, span_str(f->export[k].purpose),
					     span_str(f->export[k].name)),
			    &f->export[k]);
			assert_non_null(format_key(f, span_str(f->export[k].purpose)));
			assert_true(*f->export[k].help);
		}
	}
	assert_null(format_find(SPAN_LIT("nothing")));
	assert_null(format_key(&format_age, SPAN_LIT("nothing")));
	assert_null(format_public(&format_age, SPAN_LIT("identity"), SPAN_LIT("nothing")));
	assert_null(format_export(&format_age, SPAN_LIT("nothing"), SPAN_NONE));
}

static void
test_accounts(void **state)
{
	static const struct {
		const struct format *f;
		const char *account;
		enum err want;
	} v[] = {
		{ &format_matrix, "@a:b", ERR_OK },
		{ &format_matrix, "a:b", ERR_TEXT },
		{ &format_matrix, "@a", ERR_TEXT },
		{ &format_matrix, "@:b", ERR_TEXT },
		{ &format_matrix, "", ERR_TEXT },
		{ &format_omemo, "a@b", ERR_OK },
		{ &format_omemo, "@b", ERR_TEXT },
		{ &format_omemo, "a@", ERR_TEXT },
		{ &format_omemo, "a", ERR_TEXT },
	};
	const struct format_key *onion = format_key(&format_tor, SPAN_LIT("onion"));
	const struct format_key *client = format_key(&format_tor, SPAN_LIT("client-auth"));

	(void)state;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		assert_int_equal(v[i].f->check(span_str(v[i].account)), v[i].want);
	assert_true(onion->wanted(SPAN_LIT("blog")) && !client->wanted(SPAN_LIT("blog")));
	assert_true(client->wanted(SPAN_LIT(ONION)) && !onion->wanted(SPAN_LIT(ONION)));
	assert_true(client->wanted(SPAN_LIT(ONION ".onion")));
	assert_false(client->wanted(SPAN_LIT("1" ONION)));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known),
		cmocka_unit_test(test_omemo),
		cmocka_unit_test(test_app),
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_advice),
		cmocka_unit_test(test_accounts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
