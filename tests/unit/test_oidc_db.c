#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/oidc_place.h"

static struct db_token
token(const struct db_account *a, enum db_kind kind)
{
	struct db_token t = { .kind = kind,
		.client = SPAN_LIT("rp"),
		.scopes = SPAN_LIT("openid profile"),
		.sub = SPAN_LIT("s"),
		.issued = NOW,
		.expires = NOW + 600,
		.auth_time = NOW - 5 };

	crypto_random(t.hash, sizeof t.hash);
	crypto_random(t.family, sizeof t.family);
	memcpy(t.account, a->id, DB_ID);
	return t;
}

/* ---- rows ---- */
static enum err
count_account(void *arg, const struct db_account *a)
{
	(void)a;
	++*(int *)arg;
	return ERR_OK;
}

static void
test_accounts(void **state)
{
	struct db_account a = person("anna"), b, got;
	int n = 0;

	(void)state;
	a.me = SPAN_LIT("https://anna.example/");
	assert_int_equal(db_account_add(s, &a), ERR_OK);
	b = person("anna");
	assert_int_equal(db_account_add(s, &b), ERR_EXISTS);
	b.name = SPAN_LIT("bert");
	assert_int_equal(db_account_add(s, &b), ERR_OK);
	b.me = a.me;
	assert_int_equal(db_account_set(s, &b), ERR_EXISTS);
	b.me = SPAN_NONE;
	b.disabled = true;
	assert_int_equal(db_account_set(s, &b), ERR_OK);
	assert_int_equal(db_commit(s), ERR_OK);
	again();
	assert_int_equal(db_account_find(s, SPAN_LIT("bert"), &got), ERR_OK);
	assert_memory_equal(got.id, b.id, DB_ID);
	assert_true(got.disabled);
	assert_int_equal(got.me.len, 0);
	assert_true(span_is(got.claims, "{\"email\":\"x\"}"));
	db_row_done(&got);
	assert_int_equal(db_account_by_me(s, a.me, &got), ERR_OK);
	assert_true(span_is(got.name, "anna"));
	db_row_done(&got);
	/* nobody is found by having no page */
	assert_int_equal(db_account_by_me(s, SPAN_NONE, &got), ERR_NOTFOUND);
	assert_int_equal(db_account_find(s, SPAN_LIT("ann"), &got), ERR_NOTFOUND);
	assert_int_equal(db_account_each(s, count_account, &n), ERR_OK);
	assert_int_equal(n, 2);
	assert_int_equal(db_account_remove(s, a.id), ERR_OK);
	assert_int_equal(db_account_remove(s, a.id), ERR_NOTFOUND);
	assert_int_equal(db_account_get(s, a.id, &got), ERR_NOTFOUND);
}

static enum err
last_credential(void *arg, const struct db_credential *c)
{
	*(uint8_t *)arg = c->id.p[0];
	return ERR_OK;
}

static void
test_credentials(void **state)
{
	struct db_account a = added("anna"), b = added("bert");
	uint8_t big[1024] = { 7 }, last = 0;
	struct db_credential c = { .id = SPAN(big, 1023),
		.key = SPAN_LIT("cose"),
		.name = SPAN_LIT("blue"),
		.count = 7,
		.flags = DB_UV,
		.created = NOW },
			     got;

	(void)state;
	memcpy(c.account, a.id, DB_ID);
	assert_int_equal(db_credential_add(s, &c), ERR_OK);
	memcpy(c.account, b.id, DB_ID);
	assert_int_equal(db_credential_add(s, &c), ERR_EXISTS);
	c.id.len = 1024;
	assert_int_equal(db_credential_add(s, &c), ERR_RANGE);
	c.id.len = 1023;
	c.count = 8;
	c.used = NOW + 1;
	assert_int_equal(db_credential_used(s, &c), ERR_OK);
	assert_int_equal(db_credential_name(s, b.id, c.id, SPAN_LIT("mine")), ERR_NOTFOUND);
	assert_int_equal(db_credential_name(s, a.id, c.id, SPAN_LIT("red")), ERR_OK);
	assert_int_equal(db_credential_get(s, c.id, &got), ERR_OK);
	assert_memory_equal(got.account, a.id, DB_ID);
	assert_int_equal(got.count, 8);
	assert_true(span_is(got.name, "red"));
	assert_true(span_eq(got.id, c.id));
	db_row_done(&got);
	c.id = SPAN_LIT("second");
	memcpy(c.account, a.id, DB_ID);
	c.created++;
	assert_int_equal(db_credential_add(s, &c), ERR_OK);
	assert_int_equal(db_credential_each(s, a.id, last_credential, &last), ERR_OK);
	assert_int_equal(last, 's');
	/* another's token is not removed, and one's own is */
	assert_int_equal(db_credential_remove(s, b.id, c.id), ERR_NOTFOUND);
	assert_int_equal(db_credential_remove(s, a.id, c.id), ERR_OK);
	assert_int_equal(db_account_remove(s, a.id), ERR_OK);
	assert_int_equal(db_commit(s), ERR_OK);
	assert_int_equal(count("credential"), 0);
	/* a token of nobody */
	assert_int_equal(db_credential_add(s, &c), ERR_NOTFOUND);
}

static void
test_passes(void **state)
{
	struct db_account a = added("anna");
	struct db_pass p = { .kind = DB_INVITE, .expires = NOW + 10 }, got;
	uint64_t n;

	(void)state;
	memcpy(p.account, a.id, DB_ID);
	crypto_random(p.hash, sizeof p.hash);
	assert_int_equal(db_pass_add(s, &p), ERR_OK);
	assert_int_equal(db_pass_look(s, p.hash, NOW + 10, &got), ERR_NOTFOUND);
	assert_int_equal(db_pass_take(s, p.hash, NOW + 10, &got), ERR_NOTFOUND);
	assert_int_equal(db_pass_look(s, p.hash, NOW + 9, &got), ERR_OK);
	assert_int_equal(db_pass_take(s, p.hash, NOW + 9, &got), ERR_OK);
	assert_memory_equal(got.account, a.id, DB_ID);
	assert_int_equal(got.kind, DB_INVITE);
	assert_int_equal(db_pass_take(s, p.hash, NOW + 9, &got), ERR_NOTFOUND);
	p.kind = DB_RECOVERY;
	p.expires = 0;
	for (int i = 0; i < 8; i++) {
		p.hash[0] = (uint8_t)i;
		assert_int_equal(db_pass_add(s, &p), ERR_OK);
	}
	assert_int_equal(db_pass_take(s, p.hash, NOW * 2ULL, &got), ERR_OK);
	assert_int_equal(db_pass_count(s, a.id, DB_RECOVERY, &n), ERR_OK);
	assert_int_equal(n, 7);
	assert_int_equal(db_pass_clear(s, a.id, DB_RECOVERY), ERR_OK);
	assert_int_equal(db_pass_count(s, a.id, DB_RECOVERY, &n), ERR_OK);
	assert_int_equal(n, 0);
}

static void
test_clients(void **state)
{
	struct db_account a = added("anna");
	struct db_client c = { .id = SPAN_LIT("rp"),
		.name = SPAN_LIT("A wiki"),
		.auth = DB_AUTH_BASIC,
		.redirects = SPAN_LIT("https://a.example/cb\nhttps://b/"),
		.sector = SPAN_LIT("a.example"),
		.scopes = SPAN_LIT("openid"),
		.algorithm = SPAN_LIT("ES256"),
		.flags = DB_REFRESH,
		.created = NOW },
			 got;
	struct db_consent k = { .client = c.id,
		.scopes = SPAN_LIT("openid"),
		.sub = SPAN_LIT("abc"),
		.created = NOW,
		.used = NOW },
			  kept;
	struct db_token t = token(&a, DB_ACCESS);

	(void)state;
	memset(c.secret, 9, sizeof c.secret);
	assert_int_equal(db_client_add(s, &c), ERR_OK);
	assert_int_equal(db_client_add(s, &c), ERR_EXISTS);
	c.name = SPAN_LIT("A better wiki");
	assert_int_equal(db_client_set(s, &c), ERR_OK);
	assert_int_equal(db_client_get(s, c.id, &got), ERR_OK);
	assert_true(span_eq(got.name, c.name) && span_eq(got.redirects, c.redirects));
	assert_true(span_eq(got.algorithm, c.algorithm) && !got.logo.len);
	assert_memory_equal(got.secret, c.secret, DB_HASH);
	assert_int_equal(got.flags, DB_REFRESH);
	assert_int_equal(got.auth, DB_AUTH_BASIC);
	db_row_done(&got);
	memcpy(k.account, a.id, DB_ID);
	assert_int_equal(db_consent_set(s, &k), ERR_OK);
	k.scopes = SPAN_LIT("openid email");
	k.used = NOW + 1;
	assert_int_equal(db_consent_set(s, &k), ERR_OK);
	assert_int_equal(db_consent_get(s, a.id, c.id, &kept), ERR_OK);
	assert_true(span_is(kept.scopes, "openid email"));
	assert_int_equal(kept.created, NOW);
	db_row_done(&kept);
	assert_int_equal(db_token_add(s, &t), ERR_OK);
	assert_int_equal(db_client_remove(s, c.id), ERR_OK);
	assert_int_equal(db_consent_get(s, a.id, c.id, &kept), ERR_NOTFOUND);
	assert_int_equal(db_token_get(s, t.hash, NOW, &t), ERR_NOTFOUND);
	assert_int_equal(db_client_set(s, &c), ERR_NOTFOUND);
}

static enum err
count_session(void *arg, const struct db_session *x)
{
	(void)x;
	++*(int *)arg;
	return ERR_OK;
}

static void
test_sessions(void **state)
{
	struct db_account a = added("anna");
	struct db_session x = { .created = NOW,
		.used = NOW,
		.auth_time = NOW,
		.expires = NOW + 100,
		.agent = SPAN_LIT("Firefox"),
		.amr = SPAN_LIT("hwk user") },
			  got;
	struct db_token t = token(&a, DB_ACCESS);
	int n = 0;

	(void)state;
	memcpy(x.account, a.id, DB_ID);
	for (int i = 0; i < 3; i++) {
		x.hash[0] = x.sid[0] = (uint8_t)(i + 1);
		assert_int_equal(db_session_add(s, &x), ERR_OK);
	}
	t.sid[0] = 1;
	assert_int_equal(db_token_add(s, &t), ERR_OK);
	x.auth_time = NOW + 50;
	x.expires = NOW + 200;
	assert_int_equal(db_session_touch(s, &x), ERR_OK);
	assert_int_equal(db_session_get(s, x.hash, NOW + 199, &got), ERR_OK);
	assert_int_equal(got.auth_time, NOW + 50);
	assert_true(span_is(got.agent, "Firefox") && span_is(got.amr, "hwk user"));
	db_row_done(&got);
	assert_int_equal(db_session_get(s, x.hash, NOW + 200, &got), ERR_NOTFOUND);
	assert_int_equal(db_session_clear(s, a.id, x.sid), ERR_OK);
	assert_int_equal(db_session_each(s, a.id, count_session, &n), ERR_OK);
	assert_int_equal(n, 1);
	assert_int_equal(db_token_get(s, t.hash, NOW, &t), ERR_NOTFOUND);
	assert_int_equal(db_session_remove(s, x.sid), ERR_OK);
	assert_int_equal(db_session_remove(s, x.sid), ERR_NOTFOUND);
}

static void
test_tokens(void **state)
{
	struct db_account a = added("anna");
	struct db_token t = token(&a, DB_REFRESH_TOKEN), u = token(&a, DB_ACCESS), got;
	uint64_t n;
	bool first;

	(void)state;
	t.nonce = SPAN_LIT("n-0S6_WzA2Mj");
	memcpy(u.family, t.family, DB_ID);
	assert_int_equal(db_token_add(s, &t), ERR_OK);
	assert_int_equal(db_token_add(s, &t), ERR_EXISTS);
	assert_int_equal(db_token_add(s, &u), ERR_OK);
	assert_int_equal(db_token_get(s, t.hash, NOW + 599, &got), ERR_OK);
	assert_true(span_eq(got.nonce, t.nonce) && span_is(got.scopes, "openid profile"));
	assert_int_equal(got.kind, DB_REFRESH_TOKEN);
	assert_int_equal(got.auth_time, NOW - 5);
	db_row_done(&got);
	assert_int_equal(db_token_get(s, t.hash, NOW + 600, &got), ERR_NOTFOUND);
	assert_int_equal(db_token_spend(s, t.hash, &first), ERR_OK);
	assert_true(first);
	assert_int_equal(db_token_spend(s, t.hash, &first), ERR_OK);
	assert_false(first);
	/* an access token cannot be exchanged */
	assert_int_equal(db_token_spend(s, u.hash, &first), ERR_OK);
	assert_false(first);
	assert_int_equal(db_family_remove(s, t.family, &n), ERR_OK);
	assert_int_equal(n, 2);
	assert_int_equal(db_token_get(s, u.hash, NOW, &got), ERR_NOTFOUND);
	assert_int_equal(db_token_remove(s, u.hash), ERR_NOTFOUND);
}

static void
test_purge(void **state)
{
	struct db_account a = added("anna");
	bool left = true;

	(void)state;
	for (int i = 0; i < 100; i++) {
		struct db_token t = token(&a, DB_ACCESS);

		t.expires = NOW + (i % 3 ? 0 : 100);
		assert_int_equal(db_token_add(s, &t), ERR_OK);
	}
	for (int rounds = 0; left; rounds++) {
		assert_true(rounds < 12);
		assert_int_equal(db_purge(s, NOW, 10, &left), ERR_OK);
	}
	assert_int_equal(db_commit(s), ERR_OK);
	assert_int_equal(count("token"), 34);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_accounts),
		T(test_credentials),
		T(test_passes),
		T(test_clients),
		T(test_sessions),
		T(test_tokens),
		T(test_purge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
