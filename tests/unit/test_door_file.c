/*
 * The disk side of the vault's file: what is appended and rewritten stays or never was, whatever
 * another program, a full disk or a crash left there.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/door/file.h"
#include "lib/chan.h"
#include "lib/wire.h"

struct world {
	char dir[64];
	char vault[128], seen[128];
	struct control_start start;
	struct file f;
	struct buf out;	   /* answers not looked at */
	struct buf data;   /* what the last answer brought */
	struct buf answer; /* the last one: its spans */
};

static struct span
text(const char *s)
{
	return span_str(s);
}

/* 32 bytes that end every valid part here. */
static struct span
hash_of(char c)
{
	static uint8_t h[26][32];
	uint8_t *p = h[c - 'a'];

	memset(p, c, 32);
	return SPAN(p, 32);
}

static void
put_file(const char *path, struct span s)
{
	FILE *fp = fopen(path, "w");

	assert_non_null(fp);
	assert_int_equal(fwrite(s.p, 1, s.len, fp), s.len);
	assert_int_equal(fclose(fp), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

static size_t
get_file(const char *path, uint8_t *out, size_t cap)
{
	FILE *fp = fopen(path, "r");
	size_t n;

	if (!fp)
		return 0;
	n = fread(out, 1, cap, fp);
	(void)fclose(fp);
	return n;
}

static void
assert_file(const char *path, struct span want)
{
	static uint8_t have[4096];

	assert_int_equal(get_file(path, have, sizeof have), want.len);
	assert_memory_equal(have, want.p, want.len);
}

static bool
is_there(const struct world *w, const char *name)
{
	return faccessat(w->f.dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A fresh front on the same folder. */
static void
start_front(struct world *w)
{
	file_abort(&w->f);
	file_close(&w->f.fd);
	file_close(&w->f.dirfd);
	assert_int_equal(file_prepare(&w->f, &w->start), ERR_OK);
}

static int
setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	snprintf(w->dir, sizeof w->dir, "/tmp/ownkey-file-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->vault, sizeof w->vault, "%s/vault", w->dir);
	snprintf(w->seen, sizeof w->seen, "%s/seen", w->dir);
	snprintf(w->start.vault, sizeof w->start.vault, "%s", w->vault);
	snprintf(w->start.seen, sizeof w->start.seen, "%s", w->seen);
	w->start.rights.owner = (uint32_t)getuid();
	w->f.tmp = w->f.fd = w->f.dirfd = -1;
	start_front(w);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;
	static const char *const names[] = { "vault", "vault.prev", "seen", ".vault.new",
		".vault.prev.new", "other", NULL };

	file_abort(&w->f);
	for (const char *const *n = names; *n; n++)
		unlinkat(w->f.dirfd, *n, 0);
	file_close(&w->f.fd);
	file_close(&w->f.dirfd);
	assert_int_equal(rmdir(w->dir), 0);
	buf_done(&w->out);
	buf_done(&w->data);
	buf_done(&w->answer);
	free(w);
	return 0;
}

/* One more answer, or none: its frame is taken off w->out. */
static bool
next_reply(struct world *w, struct file_reply *r)
{
	enum link_type type;
	uint32_t conn, len;
	struct span payload;

	if (!w->out.len)
		return false;
	len = be32(w->out.p);
	assert_true(len <= LINK_FRAME_MAX && w->out.len >= 4 + len);
	buf_reset(&w->answer);
	buf_put(&w->answer, w->out.p + 4, len);
	buf_drop(&w->out, 4 + len);
	assert_int_equal(link_get(buf_span(&w->answer), &type, &conn, &payload), ERR_OK);
	assert_int_equal(type, LINK_FILE);
	assert_int_equal(wire_decode(&file_reply_map, payload, r), ERR_OK);
	return true;
}

static void
tell(struct world *w, struct file_request *q)
{
	struct buf b = BUF_INIT;

	wire_mark(&file_request_map, q);
	assert_int_equal(wire_encode(&file_request_map, q, &b), ERR_OK);
	file_request(&w->f, buf_span(&b), &w->out);
	buf_done(&b);
}

/* The one answer; what it brings is in w->data. */
static enum err
ask(struct world *w, struct file_request *q, struct file_reply *r)
{
	buf_reset(&w->data);
	tell(w, q);
	do {
		assert_true(next_reply(w, r));
		buf_put_span(&w->data, r->data);
	} while (r->more);
	assert_int_equal(w->out.len, 0);
	return (enum err)r->err;
}

static enum err
simple(struct world *w, enum file_op op)
{
	struct file_request q = { .op = op };
	struct file_reply r;

	return ask(w, &q, &r);
}

static enum err
append(struct world *w, uint64_t at, char expect, const char *record)
{
	struct file_request q = {
		.op = FILE_APPEND, .at = at, .expect = hash_of(expect), .data = text(record)
	};
	struct file_reply r;

	return ask(w, &q, &r);
}

static enum err
rewrite(struct world *w, uint64_t at, char expect, struct span data)
{
	struct file_request q = { .op = FILE_REWRITE, .at = at, .data = data };
	struct file_reply r;

	q.create = !expect;
	if (expect)
		q.expect = hash_of(expect);
	return ask(w, &q, &r);
}

/* A vault that ends in 32 times c, as read by the front. */
static void
begin_with(struct world *w, char c)
{
	put_file(w->vault, hash_of(c));
	assert_int_equal(simple(w, FILE_READ), ERR_OK);
	assert_int_equal(w->data.len, 32);
}

/* ---- reading ---- */
static void
test_reading(void **state)
{
	struct world *w = *state;
	struct file_request q = { .op = FILE_READ };
	struct file_reply r;

	put_file(w->seen, text("what was seen"));
	assert_int_equal(ask(w, &q, &r), ERR_NOVAULT);
	/* of another vault that was here: a new one goes on behind it */
	assert_true(span_is(r.seen, "what was seen"));
	put_file(w->vault, text("bytes"));
	assert_int_equal(ask(w, &q, &r), ERR_OK);
	assert_true(span_is(buf_span(&w->data), "bytes"));
	assert_int_equal(r.size, 5);
	assert_true(span_is(r.path, w->vault));
	assert_false(r.prev);
	q.previous = true;
	assert_int_equal(ask(w, &q, &r), ERR_NOVAULT);
}

static void
test_who_may_write(void **state)
{
	struct world *w = *state;

	put_file(w->vault, text("bytes"));
	assert_int_equal(chmod(w->vault, 0620), 0);
	assert_int_equal(simple(w, FILE_READ), ERR_VAULT_MODE);
	assert_int_equal(chmod(w->vault, 0600), 0);
	assert_int_equal(chmod(w->dir, 0770), 0);
	assert_int_equal(simple(w, FILE_READ), ERR_VAULT_MODE);
	assert_int_equal(chmod(w->dir, 0700), 0);
	assert_int_equal(renameat(w->f.dirfd, "vault", w->f.dirfd, "other"), 0);
	assert_int_equal(symlinkat("other", w->f.dirfd, "vault"), 0);
	assert_int_equal(simple(w, FILE_READ), ERR_VAULT_MODE);
}

static void
test_lock_of_another(void **state)
{
	struct world *w = *state;
	FILE *fp;

	begin_with(w, 'a');
	assert_non_null((fp = fopen(w->vault, "r")));
	assert_int_equal(flock(fileno(fp), LOCK_EX), 0);
	assert_int_equal(simple(w, FILE_READ), ERR_BUSY);
	assert_int_equal(append(w, 32, 'a', "x"), ERR_BUSY);
	assert_int_equal(rewrite(w, 32, 'a', text("new")), ERR_BUSY);
	(void)fclose(fp);
	assert_int_equal(append(w, 32, 'a', "x"), ERR_OK);
}

/* ---- appending ---- */
static void
test_append(void **state)
{
	struct world *w = *state;
	uint8_t have[64];

	begin_with(w, 'a');
	assert_int_equal(append(w, 32, 'b', "no"), ERR_VAULT_CHANGED);
	assert_int_equal(append(w, 31, 'a', "no"), ERR_VAULT_CHANGED);
	assert_int_equal(append(w, 33, 'a', "no"), ERR_VAULT_CHANGED);
	assert_int_equal(append(w, 32, 'a', "yes"), ERR_OK);
	assert_int_equal(get_file(w->vault, have, sizeof have), 35);
	assert_memory_equal(have + 32, "yes", 3);
}

static void
test_torn_tail(void **state)
{
	struct world *w = *state;
	struct buf b = BUF_INIT;

	buf_put_span(&b, hash_of('a'));
	buf_put_str(&b, "half a rec");
	put_file(w->vault, buf_span(&b));
	assert_int_equal(simple(w, FILE_READ), ERR_OK);
	assert_int_equal(append(w, 32, 'a', "new"), ERR_OK);
	buf_cut(&b, 32);
	buf_put_str(&b, "new");
	assert_file(w->vault, buf_span(&b));
	buf_done(&b);
}

/* Another front appends; ours must not take its record for a torn tail. */
static void
test_appended_meanwhile(void **state)
{
	struct world *w = *state, *other;
	struct buf want = BUF_INIT;

	other = calloc(1, sizeof *other);
	other->start = w->start;
	other->f.tmp = other->f.fd = other->f.dirfd = -1;
	buf_put_span(&want, hash_of('a'));
	buf_put_str(&want, "torn");
	put_file(w->vault, buf_span(&want));
	assert_int_equal(simple(w, FILE_READ), ERR_OK);
	start_front(other);
	assert_int_equal(simple(other, FILE_READ), ERR_OK);
	/* it cuts the tail, and is as long afterwards */
	usleep(20000);
	assert_int_equal(append(other, 32, 'a', "good"), ERR_OK);
	buf_cut(&want, 32);
	buf_put_str(&want, "good");
	assert_int_equal(append(w, 32, 'a', "bad"), ERR_VAULT_CHANGED);
	assert_int_equal(rewrite(w, 32, 'a', text("bad")), ERR_VAULT_CHANGED);
	assert_file(w->vault, buf_span(&want));
	file_close(&other->f.fd);
	file_close(&other->f.dirfd);
	buf_done(&other->out);
	buf_done(&other->data);
	buf_done(&other->answer);
	buf_done(&want);
	free(other);
}

static void
test_replaced_meanwhile(void **state)
{
	struct world *w = *state;

	begin_with(w, 'a');
	assert_int_equal(unlinkat(w->f.dirfd, "vault", 0), 0);
	assert_int_equal(append(w, 32, 'a', "x"), ERR_VAULT_CHANGED);
	put_file(w->vault, hash_of('a'));
	assert_int_equal(append(w, 32, 'a', "x"), ERR_VAULT_CHANGED);
	assert_file(w->vault, hash_of('a'));
}

/* No room: nothing stays, and the next try is not told of a change by somebody else. */
static void
test_append_without_room(void **state)
{
	struct world *w = *state;
	struct rlimit most = { 40, RLIM_INFINITY }, old;

	begin_with(w, 'a');
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	most.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &most), 0);
	assert_int_equal(append(w, 32, 'a', "more than eight bytes"), ERR_NOSPACE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_file(w->vault, hash_of('a'));
	assert_int_equal(append(w, 32, 'a', "later"), ERR_OK);
}

/* ---- rewriting ---- */
static void
test_create(void **state)
{
	struct world *w = *state;

	assert_int_equal(rewrite(w, 0, 0, text("first")), ERR_OK);
	assert_true(span_is(buf_span(&w->data), "first"));
	assert_false(is_there(w, "vault"));
	assert_int_equal(simple(w, FILE_COMMIT), ERR_OK);
	assert_file(w->vault, text("first"));
	assert_false(is_there(w, ".vault.new"));
	assert_false(is_there(w, "vault.prev"));
	assert_int_equal(rewrite(w, 0, 0, text("second")), ERR_VAULT_EXISTS);
	assert_file(w->vault, text("first"));
}

/* It appeared between the first byte and the last: still nobody's vault is lost. */
static void
test_create_late(void **state)
{
	struct world *w = *state;

	assert_int_equal(rewrite(w, 0, 0, text("mine")), ERR_OK);
	put_file(w->vault, text("theirs"));
	assert_int_equal(simple(w, FILE_COMMIT), ERR_VAULT_EXISTS);
	assert_file(w->vault, text("theirs"));
	assert_false(is_there(w, ".vault.new"));
}

static void
test_rewrite(void **state)
{
	struct world *w = *state;
	char prev[128];

	snprintf(prev, sizeof prev, "%s/vault.prev", w->dir);
	begin_with(w, 'a');
	assert_int_equal(simple(w, FILE_PREVIOUS), ERR_NOTFOUND);
	assert_int_equal(simple(w, FILE_READ), ERR_OK);
	assert_int_equal(rewrite(w, 32, 'a', hash_of('b')), ERR_OK);
	assert_file(w->vault, hash_of('a'));
	assert_int_equal(simple(w, FILE_COMMIT), ERR_OK);
	assert_file(w->vault, hash_of('b'));
	assert_file(prev, hash_of('a'));
	/* what is appended goes to the new one */
	assert_int_equal(append(w, 32, 'b', ""), ERR_OK);
	assert_int_equal(rewrite(w, 32, 'a', text("stale")), ERR_VAULT_CHANGED);
	assert_int_equal(simple(w, FILE_PREVIOUS), ERR_OK);
	assert_file(w->vault, hash_of('a'));
	assert_file(prev, hash_of('b'));
}

static void
test_new_line(void **state)
{
	struct world *w = *state;
	struct file_request q = { .op = FILE_REWRITE, .at = 32, .drop_prev = true };
	struct file_reply r;

	begin_with(w, 'a');
	assert_int_equal(rewrite(w, 32, 'a', hash_of('b')), ERR_OK);
	assert_int_equal(simple(w, FILE_COMMIT), ERR_OK);
	assert_true(is_there(w, "vault.prev"));
	q.expect = hash_of('b');
	q.data = text("of a new line");
	assert_int_equal(ask(w, &q, &r), ERR_OK);
	assert_int_equal(simple(w, FILE_COMMIT), ERR_OK);
	assert_file(w->vault, text("of a new line"));
	assert_false(is_there(w, "vault.prev"));
}

static void
test_abort(void **state)
{
	struct world *w = *state;

	begin_with(w, 'a');
	assert_int_equal(rewrite(w, 32, 'a', text("no")), ERR_OK);
	assert_int_equal(simple(w, FILE_ABORT), ERR_CANCELLED);
	assert_false(is_there(w, ".vault.new"));
	assert_int_equal(simple(w, FILE_COMMIT), ERR_FORMAT);
	assert_file(w->vault, hash_of('a'));
	/* the vault went away in the middle */
	assert_int_equal(rewrite(w, 32, 'a', text("no")), ERR_OK);
	file_abort(&w->f);
	assert_false(is_there(w, ".vault.new"));
	assert_int_equal(append(w, 32, 'a', "x"), ERR_OK);
}

/* One that fails in the middle is answered once, and what still comes of it begins nothing. */
static void
test_failed_piece(void **state)
{
	struct world *w = *state;
	struct file_request q = {
		.op = FILE_REWRITE, .at = 32, .data = text("piece"), .more = true
	};
	struct file_reply r;

	begin_with(w, 'a');
	q.expect = hash_of('b');
	assert_int_equal(ask(w, &q, &r), ERR_VAULT_CHANGED);
	q.expect = hash_of('a');
	tell(w, &q);
	q.more = false;
	tell(w, &q);
	assert_int_equal(w->out.len, 0);
	assert_false(is_there(w, ".vault.new"));
	assert_int_equal(rewrite(w, 32, 'a', text("whole")), ERR_OK);
	assert_true(span_is(buf_span(&w->data), "whole"));
}

static void
test_pieces(void **state)
{
	struct world *w = *state;
	struct file_request q = { .op = FILE_REWRITE, .data = text("one "), .create = true };
	struct file_reply r;

	q.more = true;
	tell(w, &q);
	assert_int_equal(w->out.len, 0);
	q.data = text("two");
	q.more = false;
	assert_int_equal(ask(w, &q, &r), ERR_OK);
	assert_true(r.verify);
	assert_true(span_is(buf_span(&w->data), "one two"));
}

static void
test_rewrite_without_room(void **state)
{
	struct world *w = *state;
	struct rlimit most = { 40, RLIM_INFINITY }, old;
	static const char much[] =
	    "much more than forty bytes, which is all that there is room for";

	begin_with(w, 'a');
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	most.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &most), 0);
	assert_int_equal(rewrite(w, 32, 'a', text(much)), ERR_NOSPACE);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_file(w->vault, hash_of('a'));
	assert_false(is_there(w, ".vault.new"));
	assert_int_equal(rewrite(w, 32, 'a', text(much)), ERR_OK);
}

/* What a crash left behind goes at the next start. */
static void
test_sweep(void **state)
{
	struct world *w = *state;
	char path[128];

	snprintf(path, sizeof path, "%s/.vault.new", w->dir);
	put_file(path, text("half"));
	put_file(w->vault, text("old"));
	start_front(w);
	assert_false(is_there(w, ".vault.new"));
	assert_file(w->vault, text("old"));
}

static void
test_seen(void **state)
{
	struct world *w = *state;
	struct file_request q = { .op = FILE_SEEN, .seen = text("two"), .seen_at = 3 };
	struct file_reply r;

	put_file(w->seen, text("onexxx"));
	assert_int_equal(ask(w, &q, &r), ERR_OK);
	assert_file(w->seen, text("onetwo"));
}

static void
test_malformed(void **state)
{
	struct world *w = *state;
	struct file_reply r;

	file_request(&w->f, SPAN_LIT("\xff"), &w->out);
	assert_true(next_reply(w, &r));
	assert_int_not_equal(r.err, ERR_OK);
	assert_int_equal(simple(w, FILE_COMMIT), ERR_FORMAT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_reading),
		CASE(test_who_may_write),
		CASE(test_lock_of_another),
		CASE(test_append),
		CASE(test_torn_tail),
		CASE(test_appended_meanwhile),
		CASE(test_replaced_meanwhile),
		CASE(test_append_without_room),
		CASE(test_create),
		CASE(test_create_late),
		CASE(test_rewrite),
		CASE(test_new_line),
		CASE(test_abort),
		CASE(test_failed_piece),
		CASE(test_pieces),
		CASE(test_rewrite_without_room),
		CASE(test_sweep),
		CASE(test_seen),
		CASE(test_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
