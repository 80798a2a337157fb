/*
 * oidc_place.h - a database of the provider in a folder of its own, for one test.
 */
#ifndef TESTS_UNIT_OIDC_PLACE_H
#define TESTS_UNIT_OIDC_PLACE_H

#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/crypto.h"
#include "oidc/db/db.h"

#define NOW 1800000000

static char dir[] = "/tmp/store.XXXXXX", path[64];
static struct db *s;

/* ---- a place ---- */
static __attribute__((unused)) int
make_place(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/store.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	(void)snprintf(path, sizeof path, "%s/db", dir);
	return db_open(&s, path, true) == ERR_OK ? 0 : -1;
}

static __attribute__((unused)) int
remove_place(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm", ".copy", ".copy-wal", ".copy-shm" };
	char name[80];

	(void)state;
	db_close(s);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		(void)snprintf(name, sizeof name, "%s%s", path, ends[i]);
		(void)unlink(name);
	}
	return rmdir(dir);
}

static __attribute__((unused)) void
again(void)
{
	db_close(s);
	assert_int_equal(db_open(&s, path, false), ERR_OK);
}

static __attribute__((unused)) struct db_account
person(const char *name)
{
	struct db_account a = {
		.name = span_str(name), .claims = SPAN_LIT("{\"email\":\"x\"}"), .created = NOW
	};

	crypto_random(a.id, sizeof a.id);
	return a;
}

static __attribute__((unused)) struct db_account
added(const char *name)
{
	struct db_account a = person(name);

	assert_int_equal(db_account_add(s, &a), ERR_OK);
	return a;
}

static __attribute__((unused)) uint64_t
count(const char *table)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	char text[64];
	uint64_t n;

	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	(void)snprintf(text, sizeof text, "SELECT count(*) FROM %s", table);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = (uint64_t)sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return n;
}

#define T(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

#endif
