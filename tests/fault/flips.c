/*
 * flips.c - every bit of a small vault flipped, every length cut: never a wrong success.
 *
 * Once as the file is (everything dies at the trailer), and once with the trailer made right, which
 * is the same as not looking at it: then the seals alone must notice.  The keys are at hand
 * (KEK, VRK), so that no flip costs an Argon2.  Work is split over processes.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "agent/vault/check.h"
#include "agent/vault/seen.h"
#include "tests/unit/vault_fixture.h"

#define RECORDS 2
#define WORKERS 4

static struct fixture fx;
static struct outer o;
static struct sec kek[FIXTURE_SLOTS];
static struct sec prk[FIXTURE_SLOTS];
static uint8_t *file;	/* the copy that is flipped */
static size_t body_end; /* of the file without journal */
static size_t failed;

static void
wrong(const char *what, size_t at, enum err e)
{
	if (failed++ < 20)
		printf("not ok - %s: %zu: %s\n", what, at, err_name(e));
}

/* ---- what must be refused ---- */

static void
flip_plain(size_t bit)
{
	enum err e;

	file[bit / 8] ^= (uint8_t)(1 << bit % 8);
	if ((e = outer_parse(SPAN(file, fx.file.len), &o)) == ERR_OK)
		wrong("flipped, and read", bit, e);
	file[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* The wrap of slot i under the key of its owner: nothing but the original opens. */
static enum err
open_wrap(int i)
{
	uint8_t ad[16 + OUTER_SLOT_HDR], vrk[32];
	enum err e;

	memcpy(ad, o.vault_id, 16);
	memcpy(ad + 16, outer_slot_hdr(&o, (size_t)i).p, OUTER_SLOT_HDR);
	e = seal_open(sec_span(&kek[i]), "vrk", SPAN(ad, sizeof(ad)), outer_wrap(&o.slot[i]), vrk);
	sec_zero(vrk, sizeof(vrk));
	return e;
}

/* The same as the vault does it: the key is derived from the header that is there. */
static enum err
open_slot(int i)
{
	struct keys_slot s = { .vault_id = o.vault_id, .hdr = outer_slot_hdr(&o, (size_t)i).p };
	struct sec vrk = { 0 };
	enum err e;

	e = keys_unwrap(&s, &prk[i], SPAN(o.slot[i].box, sizeof(o.slot[i].box)), &vrk);
	sec_done(&vrk);
	return e;
}

/* Slot i was hit, or the vault id was: it must not open.  Else it must. */
static void
check_slot(size_t bit, int i)
{
	size_t at = bit / 8, from = OUTER_HEAD + (size_t)i * OUTER_SLOT_SIZE;
	bool hit = (at >= from && at < from + OUTER_SLOT_SIZE) || (at >= 16 && at < 32);

	/* the untouched ones are tried now and then only */
	if (!hit && bit % 61 != 0)
		return;
	if (!outer_slot_ok(&o, (size_t)i)) {
		if (!hit)
			wrong("another slot became unusable", bit, o.slot_err[i]);
		return;
	}
	if ((open_wrap(i) == ERR_OK) == hit)
		wrong("wrap", bit, open_wrap(i));
	if ((open_slot(i) == ERR_OK) == hit)
		wrong("slot", bit, open_slot(i));
}

/* The trailer is right after all. */
static void
flip_fixed(size_t bit)
{
	struct vaultfile_state st;
	struct body b;
	enum err e;
	int i;

	file[bit / 8] ^= (uint8_t)(1 << bit % 8);
	e = outer_parse_untrusted(SPAN(file, body_end), &o);
	if (e == ERR_OK) {
		for (i = 0; i < FIXTURE_SLOTS; i++)
			check_slot(bit, i);
		e = vaultfile_open(SPAN(file, body_end), &o, fixture_vrk(&fx), &b, &st);
		body_done(&b);
	}
	if (e == ERR_OK || e == ERR_INTERNAL)
		wrong("flipped with the right trailer, and opened", bit, e);
	file[bit / 8] ^= (uint8_t)(1 << bit % 8);
}

/* ---- the journal, without opening the body again each time ---- */

/* How many records are read and open; *last is what ended it. */
static size_t
replay(size_t len, enum err *last)
{
	struct journal_pos at = { .generation = fx.outer.generation };
	struct journal_rest rest = { .file_at = body_end };
	struct journal_record r;
	struct buf plain = BUF_INIT;
	struct span cbor;
	size_t n = 0;

	memcpy(at.hash, fx.file.p + body_end - 32, 32);
	for (;; n++) {
		rest.bytes = SPAN(file + rest.file_at, len - (size_t)rest.file_at);
		if ((*last = journal_next(&rest, &at, &r)) != ERR_OK ||
		    (*last = journal_open(fixture_vrk(&fx), &r, &plain, &cbor)) != ERR_OK)
			break;
		journal_advance(&at, &r);
		rest.file_at += r.raw.len;
	}
	buf_done(&plain);
	return n;
}

static bool
is_flip_of_hash(size_t bit)
{
	return bit / 8 % JOURNAL_UNIT >= JOURNAL_UNIT - JOURNAL_HASH;
}

/*
 * Who makes the hash right can also say that the last record is longer than the file: it counts as
 * torn, as if he had cut it off, which no file can prevent and `seen` notices.
 */
static bool
is_refused(size_t bit, enum err e)
{
	size_t at = bit / 8 % JOURNAL_UNIT, rec = bit / 8 / JOURNAL_UNIT;

	return e == ERR_VAULT_DAMAGED ||
	    (e == ERR_VAULT_TORN && rec == RECORDS - 1 && at >= 4 && at < 8);
}

static void
flip_journal(size_t bit)
{
	size_t n, rec = bit / 8 / JOURNAL_UNIT;
	uint8_t *start = file + body_end + rec * JOURNAL_UNIT, *p = file + body_end + bit / 8;
	uint8_t hash[32];
	enum err e;

	*p ^= (uint8_t)(1 << bit % 8);
	n = replay(fx.file.len, &e);
	if (n != rec || e != ERR_VAULT_DAMAGED)
		wrong("journal flipped", bit, e);
	/* again with the record's own hash made right */
	memcpy(hash, start + JOURNAL_UNIT - 32, 32);
	crypto_sha256(SPAN(start, JOURNAL_UNIT - 32), start + JOURNAL_UNIT - 32);
	n = replay(fx.file.len, &e);
	if (is_flip_of_hash(bit) ? n != RECORDS : n != rec || !is_refused(bit, e))
		wrong("journal flipped with the right hash", bit, e);
	memcpy(start + JOURNAL_UNIT - 32, hash, 32);
	*p ^= (uint8_t)(1 << bit % 8);
}

/* ---- lengths ---- */

static void
cut(size_t len)
{
	struct check_report r;
	enum err e;
	size_t n;

	if (len < body_end) {
		if ((e = outer_parse(SPAN(file, len), &o)) == ERR_OK)
			wrong("cut, and read", len, e);
		return;
	}
	n = replay(len, &e);
	if (n != (len - body_end) / JOURNAL_UNIT ||
	    e != ((len - body_end) % JOURNAL_UNIT ? ERR_VAULT_TORN : ERR_NOTFOUND))
		wrong("journal cut", len, e);
	if (check_file(SPAN(file, len), &r) != ERR_OK || !r.good || r.records != n ||
	    r.torn != (e == ERR_VAULT_TORN))
		wrong("check of a cut journal", len, e);
}

/* One more byte behind: nothing of a record of ours. */
static void
lengthen(size_t value)
{
	enum err e;
	size_t n;

	file[fx.file.len] = (uint8_t)value;
	n = replay(fx.file.len + 1, &e);
	if (n != RECORDS || e != (value == 0 || value == 'O' ? ERR_VAULT_TORN : ERR_VAULT_DAMAGED))
		wrong("longer", value, e);
}

/* ---- work ---- */

/* What is tried is alive: the file as it is opens, with every slot. */
static void
prove(void)
{
	struct vaultfile_state st;
	struct keys_factors k;
	struct body b;
	enum err e;
	int i;

	/* after a fork the arena is empty: the keys are made again */
	sec_arena_close();
	memset(prk, 0, sizeof(prk));
	memset(kek, 0, sizeof(kek));
	FIXTURE_MUST(sec_arena_open(1 << 20, true, true));
	FIXTURE_MUST(outer_parse(SPAN(file, fx.file.len), &o));
	for (i = 0; i < FIXTURE_SLOTS; i++) {
		k = fixture_factors(&fx, i);
		FIXTURE_MUST(keys_prk(&k, o.slot[i].kdf_salt, &prk[i]));
		fixture_kek(&fx, i, &kek[i]);
		FIXTURE_MUST(open_wrap(i));
		FIXTURE_MUST(open_slot(i));
	}
	FIXTURE_MUST(vaultfile_open(SPAN(file, fx.file.len), &o, fixture_vrk(&fx), &b, &st));
	body_done(&b);
	if (replay(fx.file.len, &e) != RECORDS || e != ERR_NOTFOUND)
		wrong("journal", 0, e);
}

static const struct {
	const char *name;
	void (*fn)(size_t);
	size_t *last; /* of bytes, or of trials */
	size_t unit;
} jobs[] = {
	{ "each bit flipped", flip_plain, &body_end, 8 },
	{ "each bit flipped, the trailer made right", flip_fixed, &body_end, 8 },
	{ "each bit of the journal flipped, also with the right hash", flip_journal,
	    &(size_t){ RECORDS * JOURNAL_UNIT }, 8 },
	{ "each length", cut, &fx.file.len, 1 },
	{ "one byte more", lengthen, &(size_t){ 256 }, 1 },
};

#define NJOBS (sizeof(jobs) / sizeof(*jobs))

static size_t
njobs(size_t i)
{
	/* the trailer itself is made right, not flipped, in the second */
	return (*jobs[i].last - (jobs[i].fn == flip_fixed ? 32 : 0)) * jobs[i].unit;
}

static int
run_job(size_t i, size_t worker)
{
	size_t k, n = njobs(i);

	prove();
	for (k = worker; k < n; k += WORKERS)
		jobs[i].fn(k);
	if (memcmp(file, fx.file.p, fx.file.len) != 0)
		wrong("the file was not put back", i, ERR_INTERNAL);
	fflush(stdout);
	return failed > 0;
}

static bool
run_workers(size_t i)
{
	int w, status;
	bool good = true;

	for (w = 0; w < WORKERS; w++)
		if (fork() == 0)
			_exit(run_job(i, (size_t)w));
	for (w = 0; w < WORKERS; w++)
		good = wait(&status) > 0 && status == 0 && good;
	printf("%s - %s: %zu\n", good ? "ok" : "not ok", jobs[i].name, njobs(i));
	fflush(stdout);
	return good;
}

int
main(void)
{
	size_t i, tried = 0, bad = 0;

	fixture_make(&fx);
	for (i = 0; i < RECORDS; i++)
		fixture_append(&fx);
	body_end = fx.outer.total_len;
	if ((file = malloc(fx.file.len + 1)) == NULL)
		abort();
	memcpy(file, fx.file.p, fx.file.len);
	prove();
	for (i = 0; i < NJOBS; i++) {
		tried += njobs(i);
		bad += !run_workers(i);
	}
	free(file);
	fixture_done(&fx);
	printf("flips: %zu tried\n%zu passed, %zu failed\n", tried, NJOBS - bad, bad);
	return bad > 0;
}
