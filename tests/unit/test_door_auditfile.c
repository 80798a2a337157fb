/*
 * The audit log's file: an entry is there, whole, or it is not; nothing is written behind what the
 * vault does not know; and a change whose entry cannot be written does not touch the vault's file.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/door/file.h"
#include "lib/wire.h"

struct world {
	char dir[64];
	char log[128], older[160], damaged[160], vault[128];
	struct control_start start;
	struct file f;
	struct buf out;
};

/* An entry ends in 32 of these. */
static struct span
entry(char c)
{
	static uint8_t e[26][64];

	memset(e[c - 'a'], c, sizeof e[0]);
	return SPAN(e[c - 'a'], sizeof e[0]);
}

static struct span
end_of(char c)
{
	return span_sub(entry(c), 32, 32);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	snprintf(w->dir, sizeof w->dir, "/tmp/ownkey-audit-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->vault, sizeof w->vault, "%s/vault", w->dir);
	snprintf(w->start.vault, sizeof w->start.vault, "%s", w->vault);
	snprintf(w->start.seen, sizeof w->start.seen, "%s/seen-00", w->dir);
	snprintf(w->log, sizeof w->log, "%s/audit-00", w->dir);
	snprintf(w->older, sizeof w->older, "%s.1", w->log);
	snprintf(w->damaged, sizeof w->damaged, "%s.damaged", w->log);
	w->start.rights.owner = (uint32_t)getuid();
	assert_int_equal(file_prepare(&w->f, &w->start), ERR_OK);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	const char *const names[] = { w->log, w->older, w->damaged, w->vault, w->start.seen };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		unlink(names[i]);
	file_close(&w->f.fd);
	file_close(&w->f.dirfd);
	assert_int_equal(rmdir(w->dir), 0);
	buf_done(&w->out);
	free(w);
	return 0;
}

static enum err
ask(struct world *w, struct file_request *q, struct file_reply *r)
{
	struct buf b = BUF_INIT;
	enum link_type type;
	uint32_t conn;
	struct span payload;

	wire_mark(&file_request_map, q);
	assert_int_equal(wire_encode(&file_request_map, q, &b), ERR_OK);
	buf_reset(&w->out);
	file_request(&w->f, buf_span(&b), &w->out);
	buf_done(&b);
	if (q->quiet) {
		assert_int_equal(w->out.len, 0);
		return ERR_OK;
	}
	assert_true(w->out.len == 4 + be32(w->out.p));
	assert_int_equal(
	    link_get(SPAN(w->out.p + 4, w->out.len - 4), &type, &conn, &payload), ERR_OK);
	assert_int_equal(wire_decode(&file_reply_map, payload, r), ERR_OK);
	return (enum err)r->err;
}

/* Behind what ends in last (0: nothing), of size bytes. */
static enum err
put_sized(struct world *w, enum audit_step step, uint64_t at, uint64_t size, char c)
{
	struct file_request q = { .op = FILE_AUDIT,
		.audit = { .step = step, .at = at, .size = size, .data = entry(c) } };
	struct file_reply r;

	if (at)
		q.audit.expect = end_of((char)(c - 1));
	return ask(w, &q, &r);
}

static enum err
put(struct world *w, uint64_t at, char c)
{
	return put_sized(w, AUDIT_STEP_APPEND, at, at, c);
}

static void
assert_file(const char *path, const char *entries)
{
	uint8_t have[1024];
	FILE *fp = fopen(path, "r");
	size_t n;

	assert_non_null(fp);
	n = fread(have, 1, sizeof have, fp);
	(void)fclose(fp);
	assert_int_equal(n, 64 * strlen(entries));
	for (size_t i = 0; entries[i]; i++)
		assert_memory_equal(have + 64 * i, entry(entries[i]).p, 64);
}

static void
append_to(const char *path, const void *p, size_t n)
{
	FILE *fp = fopen(path, "a");

	assert_non_null(fp);
	assert_int_equal(fwrite(p, 1, n, fp), n);
	assert_int_equal(fclose(fp), 0);
}

static void
appends(void **state)
{
	struct world *w = *state;
	struct stat st;

	assert_int_equal(put(w, 0, 'a'), ERR_OK);
	assert_int_equal(put(w, 64, 'b'), ERR_OK);
	assert_file(w->log, "ab");
	assert_int_equal(stat(w->log, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* Longer, shorter, other, gone, a second first one. */
static void
only_behind_what_is_known(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, 64, 'b'), ERR_AUDIT_CHANGED);
	assert_int_equal(put(w, 0, 'a'), ERR_OK);
	assert_int_equal(put(w, 0, 'x'), ERR_AUDIT_CHANGED);
	assert_int_equal(put(w, 128, 'b'), ERR_AUDIT_CHANGED);
	assert_int_equal(put(w, 64, 'c'), ERR_AUDIT_CHANGED);
	append_to(w->log, "x", 1);
	assert_int_equal(put(w, 64, 'b'), ERR_AUDIT_CHANGED);
	assert_int_equal(truncate(w->log, 64), 0);
	assert_file(w->log, "a");
	assert_int_equal(put(w, 64, 'b'), ERR_OK);
}

static void
cuts_what_a_crash_left(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, 0, 'a'), ERR_OK);
	append_to(w->log, "half an entry", 13);
	assert_int_equal(put_sized(w, AUDIT_STEP_APPEND, 64, 77, 'b'), ERR_OK);
	assert_file(w->log, "ab");
}

static void
rotates(void **state)
{
	struct world *w = *state;

	assert_int_equal(put(w, 0, 'a'), ERR_OK);
	assert_int_equal(put_sized(w, AUDIT_STEP_ROTATE, 64, 65, 'b'), ERR_AUDIT_CHANGED);
	assert_int_equal(put_sized(w, AUDIT_STEP_ROTATE, 64, 64, 'b'), ERR_OK);
	assert_file(w->older, "a");
	assert_file(w->log, "b");
	/* interrupted behind the renaming: once more is harmless */
	assert_int_equal(rename(w->log, w->older), 0);
	assert_int_equal(put_sized(w, AUDIT_STEP_ROTATE, 64, 64, 'c'), ERR_OK);
	assert_file(w->older, "b");
	assert_file(w->log, "c");
}

static void
puts_aside(void **state)
{
	struct world *w = *state;

	assert_int_equal(put_sized(w, AUDIT_STEP_FOREIGN, 0, 0, 'a'), ERR_OK);
	assert_int_equal(put_sized(w, AUDIT_STEP_ASIDE, 0, 0, 'b'), ERR_OK);
	assert_file(w->damaged, "a");
	assert_file(w->log, "b");
	assert_int_equal(put_sized(w, AUDIT_STEP_FOREIGN, 0, 0, 'c'), ERR_OK);
	assert_file(w->older, "b");
	assert_file(w->log, "c");
}

/* What is no file of ours is not written. */
static void
not_ours(void **state)
{
	struct world *w = *state;

	assert_int_equal(symlink("/dev/null", w->log), 0);
	assert_int_not_equal(put(w, 0, 'a'), ERR_OK);
	assert_int_equal(unlink(w->log), 0);
	assert_int_equal(put(w, 0, 'a'), ERR_OK);
	assert_int_equal(chmod(w->log, 0622), 0);
	assert_int_equal(put(w, 64, 'b'), ERR_PERMISSION);
	assert_int_equal(unlink(w->log), 0);
	assert_int_equal(mkfifo(w->log, 0600), 0);
	assert_int_equal(put(w, 0, 'a'), ERR_PERMISSION);
}

static void
reads(void **state)
{
	struct world *w = *state;
	struct file_request q = { .op = FILE_AUDIT_READ, .audit = { .at = 60, .size = 8 } };
	struct file_reply r;

	assert_int_equal(ask(w, &q, &r), ERR_NOTFOUND);
	assert_int_equal(put(w, 0, 'a'), ERR_OK);
	assert_int_equal(put(w, 64, 'b'), ERR_OK);
	assert_int_equal(ask(w, &q, &r), ERR_OK);
	assert_true(span_is(r.data, "aaaabbbb"));
	assert_int_equal(r.size, 128);
	q.audit.at = 124;
	assert_int_equal(ask(w, &q, &r), ERR_OK);
	assert_int_equal(r.data.len, 4);
	q.audit.step = AUDIT_STEP_ROTATE;
	assert_int_equal(ask(w, &q, &r), ERR_NOTFOUND);
}

static void
limit(rlim_t most)
{
	struct rlimit l;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = most == RLIM_INFINITY ? l.rlim_max : most;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

/* No room: nothing stays, with a file of its own too; the next try finds what the vault knows. */
static void
without_room(void **state)
{
	struct world *w = *state;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(put(w, 0, 'a'), ERR_OK);
	limit(100);
	assert_int_equal(put(w, 64, 'b'), ERR_NOSPACE);
	assert_file(w->log, "a");
	limit(10);
	assert_int_equal(put_sized(w, AUDIT_STEP_ROTATE, 64, 64, 'b'), ERR_NOSPACE);
	limit(RLIM_INFINITY);
	assert_file(w->log, "a");
	assert_int_equal(put_sized(w, AUDIT_STEP_ROTATE, 64, 64, 'b'), ERR_OK);
	assert_file(w->older, "a");
	assert_file(w->log, "b");
}

/* The log first: when it refuses, the vault is not touched; else both are there. */
static void
with_a_change(void **state)
{
	struct world *w = *state;
	struct file_request read = { .op = FILE_READ },
			    q = { .op = FILE_APPEND,
				    .at = 64,
				    .expect = end_of('v'),
				    .data = entry('w'),
				    .audit = { .at = 64,
					.size = 64,
					.expect = end_of('a'),
					.data = entry('b') } };
	struct file_reply r;

	append_to(w->vault, entry('v').p, 64);
	assert_int_equal(chmod(w->vault, 0600), 0);
	wire_mark(&file_request_map, &read);
	{
		struct buf b = BUF_INIT;

		assert_int_equal(wire_encode(&file_request_map, &read, &b), ERR_OK);
		file_request(&w->f, buf_span(&b), &w->out);
		buf_done(&b);
	}
	assert_int_equal(ask(w, &q, &r), ERR_AUDIT_CHANGED);
	assert_int_equal(r.audit, ERR_AUDIT_CHANGED);
	assert_file(w->vault, "v");
	assert_int_equal(put(w, 0, 'a'), ERR_OK);
	assert_int_equal(ask(w, &q, &r), ERR_OK);
	assert_int_equal(r.audit, ERR_OK);
	assert_file(w->vault, "vw");
	assert_file(w->log, "ab");
	/* the vault's file refuses: the entry is there, and whose fault it was is told */
	q.audit.at = q.audit.size = 128;
	q.audit.expect = end_of('b');
	q.audit.data = entry('c');
	assert_int_equal(ask(w, &q, &r), ERR_VAULT_CHANGED);
	assert_int_equal(r.audit, ERR_OK);
	assert_file(w->log, "abc");
}

/* Last words: done, without an answer. */
static void
quietly(void **state)
{
	struct world *w = *state;
	struct file_request q = { .op = FILE_AUDIT, .quiet = true, .audit.data = entry('a') };
	struct file_reply r;

	assert_int_equal(ask(w, &q, &r), ERR_OK);
	assert_file(w->log, "a");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		T(appends),
		T(only_behind_what_is_known),
		T(cuts_what_a_crash_left),
		T(rotates),
		T(puts_aside),
		T(not_ours),
		T(reads),
		T(without_room),
		T(with_a_change),
		T(quietly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
