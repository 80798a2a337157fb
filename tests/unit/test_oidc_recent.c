/* Rows that are kept are never older than ones that would be read. */
#include "oidc/db/recent.h"
#include "tests/unit/oidc_place.h"

static struct db *t; /* the server's; s is another process */
static struct db_account anna;
static struct db_session session;
static struct db_client rp;

static int
make_two(void **state)
{
	struct db_consent c = {
		.client = SPAN_LIT("rp"), .scopes = SPAN_LIT("openid"), .sub = SPAN_LIT("x")
	};

	if (make_place(state) || db_open(&t, path, false))
		return -1;
	db_steady(t);
	db_patience(t, 0);
	anna = added("anna");
	rp = (struct db_client){ .id = SPAN_LIT("rp"), .name = SPAN_LIT("Shop") };
	session = (struct db_session){ .expires = NOW + 60, .amr = SPAN_LIT("hwk") };
	crypto_random(session.hash, sizeof session.hash);
	crypto_random(session.sid, sizeof session.sid);
	memcpy(session.account, anna.id, DB_ID);
	memcpy(c.account, anna.id, DB_ID);
	return db_client_add(s, &rp) || db_session_add(s, &session) || db_consent_set(s, &c) ||
	    db_commit(s);
}

static int
remove_two(void **state)
{
	db_close(t);
	return remove_place(state);
}

/* ---- what a server reads ---- */
enum { ENABLED = 1, CLIENT = 2, SESSION = 4, CONSENT = 8, STANDS = 16, SHOP = 32, ALL = 63 };

static unsigned
found(void)
{
	struct db_account a;
	struct db_client c;
	struct db_session x;
	struct db_consent k;
	unsigned all = 0;

	if (!db_account_get(t, anna.id, &a) && span_is(a.name, "anna") && !a.disabled)
		all |= ENABLED;
	if (!db_client_get(t, SPAN_LIT("rp"), &c))
		all |= CLIENT | (span_is(c.name, "Shop") ? SHOP : 0U);
	if (!db_session_get(t, session.hash, NOW, &x) && span_is(x.amr, "hwk"))
		all |= SESSION;
	if (!db_consent_get(t, anna.id, SPAN_LIT("rp"), &k) && span_is(k.scopes, "openid"))
		all |= CONSENT;
	if (!db_consent_stands(t, anna.id, SPAN_LIT("rp"), session.sid))
		all |= STANDS;
	db_row_done(&a);
	db_row_done(&c);
	db_row_done(&x);
	db_row_done(&k);
	return all;
}

/* All of it is kept, and a wake-up later still. */
static void
warm(void)
{
	uint64_t hits;

	assert_int_equal(found(), ALL);
	db_rest(t);
	hits = t->recent.hits;
	assert_int_equal(found(), ALL);
	assert_int_equal(t->recent.hits - hits, 5);
}

/* ---- what ends it ---- */
static enum err
disable(struct db *d)
{
	struct db_account a = anna;

	a.disabled = true;
	return db_account_set(d, &a);
}

static enum err
remove_account(struct db *d)
{
	return db_account_remove(d, anna.id);
}

static enum err
rename_client(struct db *d)
{
	struct db_client c = rp;

	c.name = SPAN_LIT("Another");
	return db_client_set(d, &c);
}

static enum err
remove_client(struct db *d)
{
	return db_client_remove(d, SPAN_LIT("rp"));
}

static enum err
remove_session(struct db *d)
{
	return db_session_remove(d, session.sid);
}

static enum err
clear_sessions(struct db *d)
{
	return db_session_clear(d, anna.id, NULL);
}

static enum err
purge_sessions(struct db *d)
{
	bool left;

	return db_purge(d, NOW + 61, 10, &left);
}

static enum err
remove_consent(struct db *d)
{
	return db_consent_remove(d, anna.id, SPAN_LIT("rp"));
}

static enum err
narrow_consent(struct db *d)
{
	struct db_consent c = { .client = SPAN_LIT("rp"), .sub = SPAN_LIT("x") };

	memcpy(c.account, anna.id, DB_ID);
	return db_consent_set(d, &c);
}

static const struct {
	enum err (*run)(struct db *d);
	unsigned left;
} changes[] = {
	{ disable, ALL & ~ENABLED },
	{ remove_account, CLIENT | SHOP },
	{ rename_client, ALL & ~SHOP },
	{ remove_client, ENABLED | SESSION },
	{ remove_session, ALL & ~(SESSION | STANDS) },
	{ clear_sessions, ALL & ~(SESSION | STANDS) },
	{ purge_sessions, ALL & ~(SESSION | STANDS) },
	{ remove_consent, ALL & ~(CONSENT | STANDS) },
	{ narrow_consent, ALL & ~CONSENT },
};
#define EACH(i) for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)

static void
anew(void)
{
	void *none = NULL;

	assert_int_equal(remove_two(&none), 0);
	assert_int_equal(make_two(&none), 0);
	warm();
}

/* ---- tests ---- */
static void
test_by_another(void **state)
{
	(void)state;
	EACH(i)
	{
		anew();
		assert_int_equal(changes[i].run(s), ERR_OK);
		assert_int_equal(db_commit(s), ERR_OK);
		/* of one moment until the wake-up has ended */
		assert_int_equal(found(), ALL);
		db_rest(t);
		assert_int_equal(found(), changes[i].left);
	}
}

/* A write begins with what is there, even one of nothing but tokens. */
static void
test_write_begins(void **state)
{
	struct db_token k = { .client = SPAN_LIT("rp"), .expires = NOW };

	(void)state;
	EACH(i)
	{
		anew();
		assert_int_equal(changes[i].run(s), ERR_OK);
		assert_int_equal(db_commit(s), ERR_OK);
		crypto_random(k.hash, sizeof k.hash);
		assert_int_equal(db_token_add(t, &k), ERR_OK);
		assert_int_equal(found(), changes[i].left);
		assert_int_equal(db_commit(t), ERR_OK);
		assert_int_equal(found(), changes[i].left);
	}
}

static void
test_by_itself(void **state)
{
	(void)state;
	EACH(i)
	{
		anew();
		assert_int_equal(changes[i].run(t), ERR_OK);
		assert_int_equal(found(), changes[i].left);
		assert_int_equal(db_commit(t), ERR_OK);
		assert_int_equal(found(), changes[i].left);
		db_rest(t);
		assert_int_equal(found(), changes[i].left);
	}
}

/* What was read of a change that did not happen is forgotten. */
static void
test_taken_back(void **state)
{
	(void)state;
	EACH(i)
	{
		anew();
		assert_int_equal(changes[i].run(t), ERR_OK);
		assert_int_equal(found(), changes[i].left);
		db_rollback(t);
		assert_int_equal(found(), ALL);
		db_rest(t);
		/* a part of what the transaction does */
		assert_int_equal(sql_mark(t, DB_PLAIN), ERR_OK);
		assert_int_equal(changes[i].run(t), ERR_OK);
		assert_int_equal(found(), changes[i].left);
		assert_int_equal(sql_unmark(t, ERR_EXISTS), ERR_EXISTS);
		assert_int_equal(found(), ALL);
		assert_int_equal(db_commit(t), ERR_OK);
		assert_int_equal(found(), ALL);
	}
}

/* Made by one that reads all, and taken back. */
static void
test_made_and_taken_back(void **state)
{
	struct db_client c = rp, got;

	(void)state;
	warm();
	c.id = SPAN_LIT("new");
	assert_int_equal(db_client_add(t, &c), ERR_OK);
	assert_int_equal(db_client_get(t, c.id, &got), ERR_OK);
	db_row_done(&got);
	db_rollback(t);
	assert_int_equal(db_client_get(t, c.id, &got), ERR_NOTFOUND);
}

/* Time passes, whatever is kept. */
static void
test_time(void **state)
{
	struct db_session x;
	uint64_t hits;

	(void)state;
	warm();
	hits = t->recent.hits;
	assert_int_equal(db_session_get(t, session.hash, NOW + 59, &x), ERR_OK);
	assert_memory_equal(x.sid, session.sid, DB_ID);
	db_row_done(&x);
	assert_int_equal(db_session_get(t, session.hash, NOW + 60, &x), ERR_NOTFOUND);
	assert_null(x.bytes.p);
	assert_int_equal(t->recent.hits - hits, 2);
}

/* Tokens alone end nothing: it is for them that rows are kept. */
static void
test_tokens(void **state)
{
	struct db_token k = { .client = SPAN_LIT("rp"), .expires = NOW };
	uint64_t hits;

	(void)state;
	warm();
	assert_int_equal(db_token_add(t, &k), ERR_OK);
	assert_int_equal(db_family_remove(t, k.family, NULL), ERR_OK);
	assert_int_equal(db_commit(t), ERR_OK);
	hits = t->recent.hits;
	assert_int_equal(found(), ALL);
	assert_int_equal(t->recent.hits - hits, 5);
}

/* Keys that look alike; more rows than places; rows that are too large. */
static void
test_bounds(void **state)
{
	static char redirects[RECENT_BYTES];
	struct db_client c = rp, got;
	char id[32];
	uint64_t hits;

	(void)state;
	for (int i = 0; i < 4 * RECENT_PLACES; i++) {
		(void)snprintf(id, sizeof id, "client%d", i);
		c.id = span_str(id);
		assert_int_equal(db_client_add(s, &c), ERR_OK);
	}
	memset(redirects, 'x', sizeof redirects);
	c.id = SPAN_LIT("large");
	c.redirects = SPAN(redirects, sizeof redirects);
	assert_int_equal(db_client_add(s, &c), ERR_OK);
	assert_int_equal(db_commit(s), ERR_OK);
	for (int i = 0; i < 8 * RECENT_PLACES; i++) {
		(void)snprintf(id, sizeof id, "client%d", i / 2);
		assert_int_equal(db_client_get(t, span_str(id), &got), ERR_OK);
		assert_true(span_is(got.id, id));
		db_row_done(&got);
	}
	hits = t->recent.hits;
	assert_int_equal(hits, 4 * RECENT_PLACES);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(db_client_get(t, c.id, &got), ERR_OK);
		assert_true(span_eq(got.redirects, c.redirects));
		db_row_done(&got);
	}
	assert_int_equal(t->recent.hits, hits);
}

#define TWO(name) cmocka_unit_test_setup_teardown(name, make_two, remove_two)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TWO(test_by_another),
		TWO(test_write_begins),
		TWO(test_by_itself),
		TWO(test_taken_back),
		TWO(test_made_and_taken_back),
		TWO(test_time),
		TWO(test_tokens),
		TWO(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
