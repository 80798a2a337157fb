#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "tests/unit/oidc_place.h"

/* ---- transactions ---- */
static void
test_rollback(void **state)
{
	struct db_account a = added("anna"), got;

	(void)state;
	assert_true(db_writing(s));
	db_rollback(s);
	assert_false(db_writing(s));
	assert_int_equal(db_account_get(s, a.id, &got), ERR_NOTFOUND);
	assert_int_equal(db_commit(s), ERR_OK);
	/* what fails in the middle leaves what was done before */
	(void)added("anna");
	a = person("anna");
	assert_int_equal(db_account_add(s, &a), ERR_EXISTS);
	(void)added("bert");
	assert_int_equal(db_commit(s), ERR_OK);
	assert_int_equal(count("account"), 2);
}

static void
test_another_process(void **state)
{
	struct db *t;
	struct db_account a;

	(void)state;
	assert_int_equal(db_open(&t, path, false), ERR_OK);
	db_patience(t, 20);
	assert_false(db_changed(t));
	a = added("anna");
	assert_false(db_changed(t));
	assert_int_equal(db_account_add(t, &a), ERR_BUSY);
	assert_int_equal(db_probe(t), ERR_BUSY);
	assert_int_equal(db_commit(s), ERR_OK);
	assert_true(db_changed(t));
	assert_false(db_changed(t));
	assert_int_equal(db_probe(t), ERR_OK);
	assert_int_equal(db_account_add(t, &a), ERR_EXISTS);
	a = person("bert");
	assert_int_equal(db_account_add(t, &a), ERR_OK);
	assert_int_equal(db_commit(t), ERR_OK);
	db_close(t);
	assert_true(db_changed(s));
}

/* What is read between two rests is of one moment; a write begins with what is there. */
static void
test_steady(void **state)
{
	struct db *t;
	struct db_account a = added("anna"), b = person("bert"), got;

	(void)state;
	assert_int_equal(db_commit(s), ERR_OK);
	assert_int_equal(db_open(&t, path, false), ERR_OK);
	db_steady(t);
	assert_int_equal(db_account_get(t, a.id, &got), ERR_OK);
	db_row_done(&got);
	assert_int_equal(db_account_add(s, &b), ERR_OK);
	assert_int_equal(db_commit(s), ERR_OK);
	assert_int_equal(db_account_get(t, b.id, &got), ERR_NOTFOUND);
	assert_false(db_writing(t));
	db_rest(t);
	assert_int_equal(db_account_get(t, b.id, &got), ERR_OK);
	db_row_done(&got);
	b.disabled = true;
	assert_int_equal(db_account_set(s, &b), ERR_OK);
	assert_int_equal(db_commit(s), ERR_OK);
	a = person("carl");
	assert_int_equal(db_account_add(t, &a), ERR_OK);
	assert_int_equal(db_account_get(t, b.id, &got), ERR_OK);
	assert_true(got.disabled);
	db_row_done(&got);
	assert_int_equal(db_commit(t), ERR_OK);
	db_rest(t);
	db_close(t);
}

/* Of 8 processes that take one invitation, one gets it. */
static void
test_race(void **state)
{
	struct db_account a = added("anna");
	struct db_pass p = { .kind = DB_INVITE };
	int won = 0, status;

	(void)state;
	memcpy(p.account, a.id, DB_ID);
	assert_int_equal(db_pass_add(s, &p), ERR_OK);
	assert_int_equal(db_commit(s), ERR_OK);
	db_close(s);
	s = NULL;
	for (int i = 0; i < 8; i++)
		if (fork() == 0) {
			struct db *t;
			enum err e = db_open(&t, path, false);

			if (!e)
				e = db_pass_take(t, p.hash, NOW, &p);
			if (!e)
				e = db_commit(t);
			_exit((int)e);
		}
	for (int i = 0; i < 8; i++) {
		assert_true(wait(&status) > 0 && WIFEXITED(status));
		won += WEXITSTATUS(status) == ERR_OK;
		assert_true(WEXITSTATUS(status) == ERR_OK || WEXITSTATUS(status) == ERR_NOTFOUND);
	}
	assert_int_equal(won, 1);
}

/* Writes accounts until it is killed, and says the number of each that was committed. */
static void
write_on(int out)
{
	struct db *t;
	char name[16];

	if (db_open(&t, path, false))
		_exit(1);
	for (uint32_t i = 0;; i++) {
		struct db_account a;

		(void)snprintf(name, sizeof name, "n%u", i);
		a = person(name);
		if (db_account_add(t, &a) || db_commit(t) || write(out, &i, sizeof i) != sizeof i)
			_exit(2);
	}
}

static void
test_killed(void **state)
{
	int p[2];
	uint32_t last = 0;
	struct db_account got;
	bool ok;
	struct buf report = BUF_INIT;
	char name[16];
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(p), 0);
	/* a database that is open must not be taken into a child */
	db_close(s);
	s = NULL;
	if ((pid = fork()) == 0)
		write_on(p[1]);
	(void)close(p[1]);
	while (last < 20)
		assert_int_equal(read(p[0], &last, sizeof last), sizeof last);
	(void)kill(pid, SIGKILL);
	while (read(p[0], &last, sizeof last) == sizeof last)
		;
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	(void)close(p[0]);
	assert_int_equal(db_open(&s, path, false), ERR_OK);
	for (uint32_t i = 0; i <= last; i++) {
		(void)snprintf(name, sizeof name, "n%u", i);
		assert_int_equal(db_account_find(s, span_str(name), &got), ERR_OK);
		db_row_done(&got);
	}
	assert_int_equal(db_check(s, &ok, &report), ERR_OK);
	assert_true(ok);
	assert_int_equal(report.len, 0);
}

/* A disk that is full: an error, nothing of that transaction, and it goes on when there is room. */
static void
test_full(void **state)
{
	struct rlimit was, small;
	struct db_account a = person("anna");
	static char claims[DB_CLAIMS / 2];
	char name[16];
	enum err e = ERR_OK;
	int n = 0;

	(void)state;
	memset(claims, 'x', sizeof claims);
	a.claims = SPAN(claims, sizeof claims);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 512 * 1024;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (; n < 1000 && !e; n++) {
		(void)snprintf(name, sizeof name, "n%d", n);
		a.name = span_str(name);
		crypto_random(a.id, sizeof a.id);
		e = db_account_add(s, &a);
		if (!e)
			e = db_commit(s);
		else
			db_rollback(s);
	}
	assert_true(e == ERR_NOSPACE || e == ERR_IO);
	assert_true(n > 2);
	assert_int_equal(db_probe(s) == ERR_OK || db_probe(s) == ERR_IO, 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(db_account_add(s, &a), ERR_OK);
	assert_int_equal(db_commit(s), ERR_OK);
	assert_int_equal(count("account"), n);
}

/* What was committed is there, also when the checkpoint behind it fails, which db_probe tells. */
static void
test_late(void **state)
{
	struct rlimit was, small;
	struct db_account a = person("anna"), got;
	struct db_token t = { .kind = DB_ACCESS,
		.client = SPAN_LIT("rp"),
		.scopes = SPAN_LIT("openid"),
		.sub = SPAN_LIT("s"),
		.expires = NOW + 100 };
	static char claims[DB_CLAIMS / 2];
	char name[16];

	(void)state;
	memset(claims, 'x', sizeof claims);
	a.claims = SPAN(claims, sizeof claims);
	for (int n = 0; n < 300; n++) {
		(void)snprintf(name, sizeof name, "n%d", n);
		a.name = span_str(name);
		crypto_random(a.id, sizeof a.id);
		assert_int_equal(db_account_add(s, &a), ERR_OK);
	}
	assert_int_equal(db_commit(s), ERR_OK);
	db_close(s); /* all into the file, and the log begins anew */
	assert_int_equal(db_open(&s, path, false), ERR_OK);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = was;
	small.rlim_cur = 512 * 1024;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	memcpy(t.account, a.id, DB_ID);
	assert_int_equal(db_token_add(s, &t), ERR_OK);
	a.name = SPAN_LIT("last");
	crypto_random(a.id, sizeof a.id);
	assert_int_equal(db_account_add(s, &a), ERR_OK);
	assert_int_equal(db_commit(s), ERR_OK);
	assert_int_equal(db_account_get(s, a.id, &got), ERR_OK);
	db_row_done(&got);
	assert_int_not_equal(db_probe(s), ERR_OK);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(db_probe(s), ERR_OK);
}

/* ---- the file ---- */
static void
test_file(void **state)
{
	struct db *t;
	struct stat st;
	char other[80];

	(void)state;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	(void)snprintf(other, sizeof other, "%s.copy", path);
	assert_int_equal(db_open(&t, other, false), ERR_NOTFOUND);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(db_open(&t, other, true), ERR_PERMISSION);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(db_open(&t, path, false), ERR_PERMISSION);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(db_open(&t, path, false), ERR_OK);
	db_close(t);
}

static void
test_newer(void **state)
{
	sqlite3 *db;
	struct db *t;

	(void)state;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=999", NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(db);
	assert_int_equal(db_open(&t, path, false), ERR_VERSION);
}

static void
test_damaged(void **state)
{
	struct db *t;
	struct buf report = BUF_INIT;
	bool ok = true;
	enum err e;
	int fd;

	(void)state;
	for (int i = 0; i < 200; i++) {
		char name[16];

		(void)snprintf(name, sizeof name, "n%d", i);
		(void)added(name);
	}
	assert_int_equal(db_commit(s), ERR_OK);
	db_close(s);
	s = NULL;
	assert_true((fd = open(path, O_RDWR)) >= 0);
	for (off_t at = 8192; at < 40960; at += 512)
		assert_int_equal(pwrite(fd, "\xff\xff\xff\xff\xff\xff", 6, at), 6);
	(void)close(fd);
	e = db_open(&t, path, false);
	if (!e) {
		e = db_check(t, &ok, &report);
		db_close(t);
	}
	assert_true(e == ERR_DB_DAMAGED || (!e && !ok && report.len));
	buf_done(&report);
	assert_true((fd = open(path, O_RDWR | O_TRUNC)) >= 0);
	assert_int_equal(write(fd, "this is no database, and long enough", 36), 36);
	(void)close(fd);
	assert_int_equal(db_open(&t, path, false), ERR_DB_DAMAGED);
}

static void
test_backup(void **state)
{
	struct db_account a = added("anna"), got;
	struct db *t;
	char copy[80];

	(void)state;
	assert_int_equal(db_commit(s), ERR_OK);
	(void)snprintf(copy, sizeof copy, "%s.copy", path);
	assert_int_equal(db_backup(s, copy), ERR_OK);
	assert_int_equal(db_backup(s, copy), ERR_EXISTS);
	assert_int_equal(db_open(&t, copy, false), ERR_OK);
	assert_int_equal(db_account_get(t, a.id, &got), ERR_OK);
	db_row_done(&got);
	db_close(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_rollback),
		T(test_another_process),
		T(test_steady),
		T(test_race),
		T(test_killed),
		T(test_full),
		T(test_late),
		T(test_file),
		T(test_newer),
		T(test_damaged),
		T(test_backup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
