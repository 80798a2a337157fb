/*
 * powerloss.c - every state in which a power cut can leave a recorded disk, looked at as the agent
 * does when it starts.  powerloss.py makes the records and describes the whole.
 *
 * ATOMIC: the vault opens, with `seen` and with the recovery phrase, and holds what it held before
 * or after the change that was under way.  vault.prev opens, and is not of an earlier line when
 * `seen` says that nothing is left to do.  DURABLE: what was answered is there: the change, the
 * acceptance of an older version, that an earlier line opens no more and its vault.prev is gone;
 * and the entries of the audit log, of which the vault never remembers more than there are.
 */
#include "agent/vault/seen.h"
#include "tests/fault/entries.h"
#include "tests/fault/look.h"
#include "tests/fault/record.h"

#define MARKS	 64
#define VARIANTS (1 << 14)
#define FAILURES (1 << 20) /* states tried without one sync */

/* As the other thing that it may be. */
struct seen_look {
	uint64_t hash[2];
	struct seen seen;
};

/* After each reply, had the power stayed. */
struct mark {
	char text[64];
	const struct look *vault;
	enum err line;
	bool has_older_prev;
	uint64_t audited;	  /* entries of the audit log */
	const struct look *maybe; /* what may be there, or not, until the next reply */
};

static struct crash_fs fs, at_start;
static const struct look nothing;
static struct mark mark[MARKS];
static int nmarks; /* replies; mark[0] is the beginning */
static struct sec root;

/* ---- the record ---- */
/* All as at the beginning; bytes are copied, since time wears them. */
static void
rewind_fs(void)
{
	for (int i = 0; i < CRASH_INODES; i++) {
		struct buf b = BUF_INIT;

		buf_put_span(&b, buf_span(&at_start.inode[i].data));
		if (fs.inode[i].data.p != at_start.inode[i].data.p)
			buf_done(&fs.inode[i].data);
		fs.inode[i] = at_start.inode[i];
		fs.inode[i].data = b;
	}
}

/* ---- all that a file may be now ---- */
struct variant {
	const struct look *vault; /* unless it is `seen` */
	struct seen_look seen;
	size_t kept, of, len; /* for people */
};

struct variants {
	int inode;
	bool is_seen;
	struct variant v[VARIANTS];
	size_t n;
	uint32_t slot[4 * VARIANTS]; /* hash table of v: index + 1 */
};

static bool
is_new(struct variants *vs, const uint64_t h[2])
{
	size_t at = (size_t)(h[1] % (4 * VARIANTS));

	for (; vs->slot[at]; at = (at + 1) % (4 * VARIANTS))
		if (!memcmp(vs->v[vs->slot[at] - 1].seen.hash, h, sizeof nothing.hash))
			return false;
	crash_must(vs->n < VARIANTS, "too many states of one file");
	vs->slot[at] = (uint32_t)vs->n + 1;
	return true;
}

static void
add_variant(struct variants *vs, struct span bytes, const struct crash_pieces *p)
{
	struct variant *v = &vs->v[vs->n];
	uint64_t h[2];

	look_hash(bytes, h);
	if (!is_new(vs, h))
		return;
	*v = (struct variant){ .of = p->n, .len = bytes.len };
	memcpy(v->seen.hash, h, sizeof h);
	for (size_t i = 0; i < p->n; i++)
		v->kept += p->on[i];
	if (vs->is_seen)
		seen_parse(bytes, &v->seen.seen);
	else
		v->vault = look_at(bytes, h, &root);
	vs->n++;
}

/* A file that grew may have ended at each sector on the way. */
static void
add_lengths(struct variants *vs, struct span bytes, const struct crash_pieces *p)
{
	size_t at = (p->least / CRASH_SECTOR + 1) * CRASH_SECTOR;

	add_variant(vs, bytes, p);
	for (; at < bytes.len; at += CRASH_SECTOR)
		add_variant(vs, SPAN(bytes.p, at), p);
}

/* Missing: one state, that of nothing. */
static void
enumerate(struct variants *vs, int inode, bool is_seen)
{
	static struct crash_pieces p;
	struct buf bytes = BUF_INIT;
	size_t c, len;
	bool all;

	vs->n = 0;
	vs->inode = inode;
	vs->is_seen = is_seen;
	memset(vs->slot, 0, sizeof vs->slot);
	if (!inode) {
		vs->v[vs->n++] = (struct variant){ .vault = &nothing };
		return;
	}
	crash_pieces_of(&fs, inode, &p);
	crash_must(buf_room(&bytes, p.most + 1) != NULL, "out of memory");
	for (c = 0; c < crash_choices(p.n); c++) {
		crash_choose(p.n, c, p.on);
		len = crash_apply(&fs.inode[inode], &p, bytes.p);
		all = memchr(p.on, 0, p.n) == NULL;
		if ((p.n <= CRASH_EXACT || all) && len > p.least)
			add_lengths(vs, SPAN(bytes.p, len), &p);
		else
			add_variant(vs, SPAN(bytes.p, len), &p);
	}
	buf_done(&bytes);
}

/* ---- what is promised ---- */
struct state {
	const struct variant *vault, *prev, *seen;
	int replies;
};

enum verdict { GOOD, ATOMIC, DURABLE };

static bool
is_older_line(const struct look *prev, const struct look *vault)
{
	if (!prev->is_there || prev->err || !vault->is_there || vault->err)
		return false;
	for (size_t at = 0; at < vault->file.lines.len; at += LINE_LEN)
		if (!memcmp(vault->file.lines.p + at, prev->file.t, LINE_LEN))
			return true;
	return false;
}

static enum err
line_of(const struct look *vault, const struct seen *seen, enum line_verdict *v)
{
	return line_check(seen->known ? &seen->mark : NULL, &vault->file, v);
}

static bool
is_same(const struct look *a, const struct look *b)
{
	return b && a->is_there == b->is_there && !memcmp(a->content, b->content, 32);
}

static bool
holds(const struct look *l, int m)
{
	return is_same(l, mark[m].vault);
}

static enum verdict
judge_content(const struct state *s, const char **why)
{
	const struct look *l = s->vault->vault;

	*why = "the vault does not open";
	if (l->err)
		return ATOMIC;
	if (holds(l, s->replies) || (s->replies < nmarks && holds(l, s->replies + 1)) ||
	    is_same(l, mark[s->replies].maybe))
		return GOOD;
	for (int m = 0; m < s->replies; m++)
		if (holds(l, m)) {
			*why = "an acknowledged change is lost";
			return DURABLE;
		}
	*why = l->is_there ? "the vault holds neither before nor after" : "there is no vault";
	return ATOMIC;
}

/* An older version that was put back on purpose is refused until that was accepted. */
static enum verdict
judge_line(const struct state *s, const char **why)
{
	const struct look *l = s->vault->vault;
	enum line_verdict v = LINE_SAME;
	enum err e = l->is_there ? line_of(l, &s->seen->seen.seen, &v) : ERR_OK;

	*why = "seen refuses the vault";
	if (e && e != mark[s->replies].line &&
	    (s->replies == nmarks || e != mark[s->replies + 1].line))
		return ATOMIC;
	*why = "seen says that there is nothing to do, and vault.prev is of an earlier line";
	if (!e && v != LINE_LATER && is_older_line(s->prev->vault, l))
		return ATOMIC;
	*why = "vault.prev of an earlier line is back";
	return is_older_line(s->prev->vault, l) && holds(l, s->replies) &&
		!mark[s->replies].has_older_prev
	    ? DURABLE
	    : GOOD;
}

static enum verdict
judge_rollback(const struct state *s, const char **why)
{
	const struct look *now = mark[s->replies].vault;
	enum line_verdict v;

	*why = "seen would take an earlier line again";
	for (int m = 0; m < s->replies; m++)
		if (mark[m].vault->is_there && is_older_line(mark[m].vault, now) &&
		    !line_of(mark[m].vault, &s->seen->seen.seen, &v))
			return DURABLE;
	return GOOD;
}

static enum verdict
judge(const struct state *s, const char **why)
{
	enum verdict v = judge_content(s, why);

	if (v)
		return v;
	if (s->prev->vault->err) {
		*why = "vault.prev does not open";
		return ATOMIC;
	}
	if ((v = judge_line(s, why)))
		return v;
	return judge_rollback(s, why);
}

/* ---- distinct states ---- */
#define STATES (1u << 24)
static uint64_t *known_states;
static size_t nstates;

static void
count_state(const struct state *s)
{
	uint64_t key[9], h[2];
	size_t at;

	memcpy(key, s->vault->seen.hash, 16);
	memcpy(key + 2, s->prev->seen.hash, 16);
	memcpy(key + 4, s->seen->seen.hash, 16);
	look_hash(SPAN((uint8_t *)key, 48), h);
	h[0] |= 1;
	for (at = (size_t)(h[1] % STATES); known_states[at]; at = (at + 1) % STATES)
		if (known_states[at] == h[0])
			return;
	crash_must(nstates < STATES / 2, "too many states");
	known_states[at] = h[0];
	nstates++;
}

/* ---- one power cut ---- */
struct run {
	const char *without; /* NULL: the record as it is */
	size_t tried, failed[3];
};

static struct variants vaults, prevs, seens;

static void
tell(int op, const struct state *s, const char *why)
{
	const struct look *l = s->vault->vault;
	const char *next = s->replies < nmarks ? mark[s->replies + 1].text : "the end";

	printf(
	    "power cut before operation %d, %d replies sent, next is %s; of the vault %zu of %zu "
	    "pieces, %zu bytes; of seen %zu of %zu: %s",
	    op, s->replies, next, s->vault->kept, s->vault->of, s->vault->len, s->seen->kept,
	    s->seen->of, why);
	printf(l->err ? " (%s)\n" : "\n", err_name(l->err));
}

static void
try_state(struct run *r, int op, const struct state *s)
{
	const char *why = "";
	enum verdict v = judge(s, &why);

	r->tried++;
	if (!r->without)
		count_state(s);
	if (!v || r->failed[v]++ || (r->without == NULL && r->failed[v] > 5))
		return;
	if (r->without)
		printf("WITHOUT %s %s ", r->without, v == ATOMIC ? "ATOMIC" : "DURABLE");
	else
		printf("FAILED %s: ", v == ATOMIC ? "ATOMIC" : "DURABLE");
	tell(op, s, why);
}

static bool
is_enough(const struct run *r)
{
	return r->without && ((r->failed[ATOMIC] && r->failed[DURABLE]) || r->tried > FAILURES);
}

/* A file that has two names is the same under both.  Where a sync is left out, of vault.prev only
 * a few. */
static void
try_files(struct run *r, int op, int replies)
{
	struct state s = { .replies = replies };
	size_t step = prevs.n > 64 ? prevs.n / 64 : 1;
	bool same = prevs.inode && prevs.inode == vaults.inode;

	for (size_t v = 0; v < vaults.n; v++)
		for (size_t p = 0; p < prevs.n; p += step)
			for (size_t n = 0; n < seens.n && !is_enough(r); n++) {
				s.vault = &vaults.v[v];
				s.prev = same ? s.vault : &prevs.v[p];
				s.seen = &seens.v[n];
				try_state(r, op, &s);
			}
}

/* ---- the audit log ---- */
static void
judge_audit(struct run *r, const struct entries *a, uint64_t remembered, int replies)
{
	enum verdict v = GOOD;
	const char *why = "the audit log is damaged";

	if (a->is_damaged) {
		v = ATOMIC;
	} else if (a->least < remembered) {
		v = ATOMIC;
		why = "the vault remembers more of the audit log than there is";
	} else if (a->least < mark[replies].audited) {
		v = DURABLE;
		why = "an entry of the audit log is lost";
	}
	r->tried++;
	if (!v || r->failed[v]++)
		return;
	if (r->without)
		printf("WITHOUT %s %s ", r->without, v == ATOMIC ? "ATOMIC" : "DURABLE");
	else
		printf("FAILED %s: ", v == ATOMIC ? "ATOMIC" : "DURABLE");
	printf("%d replies sent: %s\n", replies, why);
}

/* ---- folders ---- */
struct place {
	int vault, prev, seen;
};

struct dirs {
	int op[CRASH_OPS]; /* entries that are not safe, of all folders */
	size_t n;
	struct place found[1024];
	size_t nfound;
	bool audit[CRASH_INODES]; /* which file the log may be; 0: none */
};

static int
find_entry(int16_t entry[][CRASH_NAMES], int dir, const char *name)
{
	for (int i = 1; i < CRASH_NAMES && fs.name[i][0] && dir >= 0; i++)
		if (entry[dir][i] && !strncmp(fs.name[i], name, strlen(name)) &&
		    (name[strlen(name) - 1] == '-' || !fs.name[i][strlen(name)]))
			return entry[dir][i];
	return -1;
}

static struct place
resolve(int16_t entry[][CRASH_NAMES])
{
	int data = find_entry(entry, find_entry(entry, 0, "data"), "ownkey");
	int state = find_entry(entry, find_entry(entry, 0, "state"), "ownkey");
	struct place p = { find_entry(entry, data, "vault"), find_entry(entry, data, "vault.prev"),
		find_entry(entry, state, "seen-") };

	p.vault = p.vault < 0 ? 0 : p.vault;
	p.prev = p.prev < 0 ? 0 : p.prev;
	p.seen = p.seen < 0 ? 0 : p.seen;
	return p;
}

static int
find_audit(int16_t entry[][CRASH_NAMES])
{
	int state = find_entry(entry, find_entry(entry, 0, "state"), "ownkey");
	int log = find_entry(entry, state, "audit-");

	return log < 0 ? 0 : log;
}

static void
add_place(struct dirs *d, const struct place *p)
{
	for (size_t i = 0; i < d->nfound; i++)
		if (!memcmp(&d->found[i], p, sizeof *p))
			return;
	crash_must(d->nfound < 1024, "too many arrangements");
	d->found[d->nfound++] = *p;
}

/* Which files may stand under the three names. */
static void
find_places(struct dirs *d)
{
	static int16_t entry[CRASH_INODES][CRASH_NAMES];
	static bool on[CRASH_OPS];

	d->n = d->nfound = 0;
	memset(d->audit, 0, sizeof d->audit);
	for (int i = 0; i < fs.nops; i++)
		for (int k = 0; k < fs.inode[fs.op[i].inode].npending; k++)
			if (fs.inode[fs.op[i].inode].pending[k] == i &&
			    fs.inode[fs.op[i].inode].is_dir)
				d->op[d->n++] = i;
	for (size_t c = 0; c < crash_choices(d->n); c++) {
		struct place p;

		crash_choose(d->n, c, on);
		for (int i = 0; i < CRASH_INODES; i++)
			memcpy(entry[i], fs.inode[i].entry, sizeof entry[i]);
		for (size_t i = 0; i < d->n; i++)
			if (on[i])
				crash_enter(entry[fs.op[d->op[i]].inode], &fs.op[d->op[i]]);
		p = resolve(entry);
		add_place(d, &p);
		d->audit[find_audit(entry)] = true;
	}
}

/* What the vault on the disk may remember of the log. */
static uint64_t
most_remembered(uint64_t so_far)
{
	for (size_t i = 0; i < vaults.n; i++)
		if (vaults.v[i].vault->is_there && !vaults.v[i].vault->err &&
		    vaults.v[i].vault->audited > so_far)
			so_far = vaults.v[i].vault->audited;
	return so_far;
}

/* The power goes before operation op. */
static void
cut(struct run *r, int op, int replies)
{
	static struct dirs d;
	struct entries a = { .least = UINT64_MAX };
	uint64_t remembered = 0;

	find_places(&d);
	for (size_t i = 0; i < d.nfound && !is_enough(r); i++) {
		enumerate(&vaults, d.found[i].vault, false);
		enumerate(&prevs, d.found[i].prev, false);
		enumerate(&seens, d.found[i].seen, true);
		remembered = most_remembered(remembered);
		try_files(r, op, replies);
	}
	for (int i = 0; i < CRASH_INODES; i++)
		if (d.audit[i])
			entries_see(&a, &fs, i);
	judge_audit(r, &a, remembered, replies);
}

/*
 * A cut before a sync leaves what cuts since the last one leave, too: each operation that has not
 * happened yet is one that did not reach the disk.
 */
static void
replay(struct run *r)
{
	int replies = 0;

	rewind_fs();
	for (int i = 0; i <= fs.nops && !is_enough(r); i++) {
		if (i == fs.nops || fs.op[i].kind == CRASH_SYNC)
			cut(r, i, replies);
		if (i == fs.nops)
			break;
		crash_step(&fs, i, r->without);
		replies += fs.op[i].kind == CRASH_MARK;
	}
}

/* ---- what should be ---- */
static void
note_mark(int m, const char *text)
{
	static struct crash_fs kept;
	static struct dirs d;
	enum line_verdict v;
	enum err e;

	crash_must(m < MARKS, "too many replies");
	kept = fs;
	for (int i = 0; i < CRASH_INODES; i++) {
		fs.inode[i].data = BUF_INIT;
		buf_put_span(&fs.inode[i].data, buf_span(&kept.inode[i].data));
		crash_sync(&fs, i);
	}
	find_places(&d);
	enumerate(&vaults, d.found[0].vault, false);
	enumerate(&prevs, d.found[0].prev, false);
	enumerate(&seens, d.found[0].seen, true);
	snprintf(mark[m].text, sizeof mark[m].text, "%s", text);
	mark[m].vault = vaults.v[0].vault;
	crash_must(!mark[m].vault->err, "a vault that does not open without any power cut");
	mark[m].has_older_prev = is_older_line(prevs.v[0].vault, mark[m].vault);
	if (mark[m].vault->is_there)
		entries_key = mark[m].vault->audit_key;
	for (int i = 1; i < CRASH_INODES; i++)
		if (d.audit[i])
			mark[m].audited = entries_count(buf_span(&fs.inode[i].data), &e);
	if (mark[m].vault->is_there)
		mark[m].line = line_of(mark[m].vault, &seens.v[0].seen.seen, &v);
	for (int i = 0; i < CRASH_INODES; i++)
		buf_done(&fs.inode[i].data);
	memcpy(fs.inode, kept.inode, sizeof fs.inode);
}

static void
note_marks(void)
{
	rewind_fs();
	note_mark(0, "the beginning");
	for (int i = 0; i < fs.nops; i++) {
		crash_step(&fs, i, NULL);
		if (fs.op[i].kind == CRASH_MARK)
			note_mark(++nmarks, fs.op[i].text);
		if (fs.op[i].kind == CRASH_MAYBE) {
			note_mark(nmarks + 1, "");
			mark[nmarks].maybe = mark[nmarks + 1].vault;
		}
	}
	crash_must(nmarks > 0, "no replies");
}

static bool
is_first_of_site(int op)
{
	if (fs.op[op].kind != CRASH_SYNC)
		return false;
	for (int i = 0; i < op; i++)
		if (fs.op[i].kind == CRASH_SYNC && !strcmp(fs.op[i].text, fs.op[op].text))
			return false;
	return true;
}

int
main(int argc, char **argv)
{
	struct run r = { .without = NULL };

	crash_must(argc == 2, "usage: powerloss RECORD (see powerloss.py)");
	crash_must(!crypto_init() && !sec_arena_open(1 << 20, true, true), "start");
	crash_must((known_states = calloc(STATES, sizeof *known_states)) != NULL, "out of memory");
	record_read(argv[1], &fs, &root);
	at_start = fs;
	note_marks();
	replay(&r);
	printf("states %zu\n", nstates);
	for (int i = 0; i < fs.nops; i++)
		if (is_first_of_site(i)) {
			struct run w = { .without = fs.op[i].text };

			replay(&w);
		}
	return r.failed[ATOMIC] || r.failed[DURABLE];
}
