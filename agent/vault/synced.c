/* synced.c - copies of a vault that were changed apart are joined when it is opened. */
#include "agent/vault/synced.h"
#include "agent/vault/sharedkeys.h"

#include <stdlib.h>

#include "lib/log.h"

#define BESIDE_FILES (FILE_BESIDE_MOST + 1)

/* What must be in the result: what this machine, and this agent, had last. */
struct need {
	bool is;
	struct line_mark mark;
};

/* A version of the vault that is of this line. */
struct version {
	struct outer outer;
	struct body body;
	struct vaultfile_state st;
};

struct joining {
	struct job *j;
	const struct synced_with *w;
	struct span vrk;
	struct need need[2];
	struct merge_copy all;	       /* joined so far; borrowed from one of the versions */
	struct version *kept[2];       /* the first one, if it is no other's; the newest result */
	struct mergenotes said;	       /* what joining changes */
	struct mergenotes others;      /* files that are of no use */
	char named[BESIDE_FILES][256]; /* files that hold nothing new once the result is written */
	size_t nnamed;
	bool before_known;
	uint8_t before[32]; /* digest of what we had without the file */
	struct buf bytes;
};

/* ---- what is missing ---- */
static bool
is_missing(const struct joining *s)
{
	return s->need[0].is || s->need[1].is;
}

/* What the lock put behind a version is only the head of this machine's audit log: the copy of that
 * version has everything else, and this one is made again. */
static bool
has(struct span bytes, const struct outer *o, const struct line_mark *m)
{
	return vaultfile_passes(bytes, o, m->last_hash) ||
	    (!outer_is_zero(m->before, 32) && vaultfile_passes(bytes, o, m->before));
}

static void
has_been_found(struct joining *s, struct span bytes, const struct outer *o)
{
	for (int i = 0; i < 2; i++)
		if (s->need[i].is && has(bytes, o, &s->need[i].mark))
			s->need[i].is = false;
}

/* Of another line nothing is searched for: it does not open with this key. */
static void
want(struct joining *s, int i, const struct line_mark *m)
{
	uint8_t t[LINE_LEN];
	struct line_file f = { .generation = 0 };
	struct line_mark now;

	memcpy(f.vault_id, s->w->a->outer.vault_id, 16);
	line_make(s->vrk, f.vault_id, t);
	memcpy(f.t, t, sizeof t);
	line_mark_of(&f, &now);
	s->need[i].mark = *m;
	s->need[i].is = memcmp(m->line, now.line, 32) == 0;
}

static void
find_needs(struct joining *s)
{
	struct vault *v = s->j->v;
	const struct control_memory *mem = &v->mem;
	struct line_mark m;

	if (v->store.seen.known)
		want(s, 0, &v->store.seen.mark);
	if (mem->known) {
		store_recall(mem, &m);
		want(s, 1, &m);
	}
	has_been_found(s, s->w->a->bytes, &s->w->a->outer);
}

/* ---- joining two ---- */
static void
version_done(struct version *x)
{
	if (!x)
		return;
	body_done(&x->body);
	free(x);
}

static enum err
join(struct joining *s, const struct merge_copy *theirs)
{
	struct merge_in in = { .ours = s->all, .theirs = *theirs, .vrk = s->vrk };
	struct merge_report rep = { .text = BUF_INIT };
	struct version *x;
	enum err e;

	if (!s->all.outer) {
		s->all = *theirs;
		return ERR_OK;
	}
	if (!(x = calloc(1, sizeof *x)))
		return ERR_NOMEM;
	if (!(e = merge_copies(&in, &x->outer, &x->body, &rep))) {
		mergenotes_report(&s->said, &rep);
		s->all = (struct merge_copy){ &x->outer, &x->body };
		version_done(s->kept[1]);
		s->kept[1] = x;
	} else {
		version_done(x);
	}
	merge_report_done(&rep);
	return e;
}

/* Open what was read.  ERR_EXISTS: the file goes on from it. */
static enum err
open_version(struct joining *s, struct version *x)
{
	struct span bytes = buf_span(&s->bytes);
	const struct arrival *a = s->w->a;
	enum err e;

	if ((e = outer_parse(bytes, &x->outer)))
		return e;
	if (memcmp(x->outer.vault_id, a->outer.vault_id, 16) != 0)
		return ERR_VAULT_FORGED;
	if (vaultfile_passes(a->bytes, &a->outer, bytes.p + bytes.len - 32)) {
		has_been_found(s, bytes, &x->outer);
		return ERR_EXISTS;
	}
	if ((e = vaultfile_open(bytes, &x->outer, s->vrk, &x->body, &x->st)))
		return e;
	if (vaultfile_passes(a->bytes, &a->outer, x->st.last.hash))
		e = ERR_EXISTS;
	return e;
}

static enum err
take_bytes(struct joining *s)
{
	struct version *x = calloc(1, sizeof *x);
	struct merge_copy c;
	enum err e;

	if (!x)
		return ERR_NOMEM;
	c = (struct merge_copy){ &x->outer, &x->body };
	if (!(e = open_version(s, x)) && !(e = join(s, &c))) {
		has_been_found(s, buf_span(&s->bytes), &x->outer);
		if (s->all.outer == &x->outer) {
			s->kept[0] = x;
			return ERR_OK;
		}
	}
	version_done(x);
	return e == ERR_EXISTS ? ERR_OK : e;
}

/* ---- files ---- */
static void
name_file(struct joining *s)
{
	if (s->nnamed < BESIDE_FILES)
		memcpy(s->named[s->nnamed++], s->j->v->store.name, sizeof *s->named);
}

static void
say_why_not(struct joining *s, enum err e)
{
	const char *name = s->j->v->store.name;

	if (e == ERR_VAULT_HEADER || e == ERR_MERGE_LINES)
		mergenotes_say(&s->others,
		    "%s is a copy from before or after a way in was removed or renewed: 'ownkey "
		    "vault merge' shows what it has that the vault lacks",
		    name);
	else if (e == ERR_VAULT_FORGED || e == ERR_FORMAT)
		mergenotes_say(&s->others, "%s is no copy of this vault: left alone", name);
	else
		mergenotes_say(&s->others, "%s was left alone: %s", name, err_text(e));
}

/* ERR_NOTFOUND: there is none.  What is wrong with a copy is said, and no more. */
static enum err
take_file(struct joining *s, uint64_t at)
{
	bool is_beside = at >= FILE_BESIDE_FIRST;
	enum err e = store_read_beside(s->j, at, SPAN_NONE, &s->bytes);

	if (e == ERR_NOTFOUND)
		return e;
	if (e == ERR_LIMIT && is_beside) {
		mergenotes_say(&s->others,
		    "there are more copies beside the vault than are looked "
		    "at: delete those that you do not need");
		return ERR_NOTFOUND;
	}
	if (!e && !(e = take_bytes(s))) {
		if (is_beside)
			name_file(s);
		return ERR_OK;
	}
	if (e == ERR_NOMEM || e == ERR_CANCELLED || e == ERR_TIMEOUT)
		return e;
	if (is_beside)
		say_why_not(s, e);
	else
		log_err(e, "a copy of the vault in the state folder or vault.prev is of no use");
	return ERR_OK;
}

static enum err
take_optional(struct joining *s, uint64_t at)
{
	enum err e = take_file(s, at);

	return e == ERR_NOTFOUND ? ERR_OK : e;
}

/* What this machine had, if the file does not go on from it. */
static enum err
take_own(struct joining *s)
{
	const struct open_vault *v = s->w->ours;
	struct merge_copy now;
	enum err e;

	if (!is_missing(s))
		return ERR_OK;
	if (v) {
		now = (struct merge_copy){ &v->outer, &v->body };
		for (int i = 0; i < 2; i++)
			s->need[i].is = false;
		return join(s, &now);
	}
	if ((e = take_optional(s, FILE_BESIDE_LOCAL)) || !is_missing(s))
		return e;
	return take_optional(s, FILE_BESIDE_ASIDE);
}

static enum err
take_all(struct joining *s)
{
	struct arrival *a = s->w->a;
	struct merge_copy file = { &a->outer, &a->body };
	enum err e;

	if ((e = take_own(s)))
		return e;
	if (s->all.outer && a->refused == ERR_VAULT_OLD) {
		if ((e = merge_digest(&s->all, s->vrk, s->before)))
			return e;
		s->before_known = true;
	}
	if ((e = join(s, &file)))
		return e;
	for (uint64_t i = 0; !e && i <= FILE_BESIDE_MOST; i++)
		e = take_file(s, FILE_BESIDE_FIRST + i);
	if (e == ERR_NOTFOUND)
		e = ERR_OK;
	if (!e && is_missing(s))
		e = take_optional(s, FILE_BESIDE_PREV);
	return e;
}

/* ---- what becomes of it ---- */
static void
say_named(struct joining *s)
{
	for (size_t i = 0; i < s->nnamed; i++)
		mergenotes_say(&s->others,
		    "%s holds nothing any more that the vault does not: you can delete it",
		    s->named[i]);
}

/* An older state that has nothing new is what somebody put back: that is for the person to say. */
static enum err
is_put_back(struct joining *s, const uint8_t digest[32], bool *is)
{
	*is = s->w->a->refused == ERR_VAULT_OLD && s->before_known &&
	    memcmp(s->before, digest, 32) == 0;
	return *is ? s->w->a->refused : ERR_OK;
}

static enum err
write_result(struct joining *s)
{
	struct vault *v = s->j->v;
	struct store_rewrite r = {
		.outer = &s->kept[1]->outer, .body = &s->kept[1]->body, .joined = true
	};

	if (!s->w->ours)
		r.vrk = s->w->vrk;
	/* front compares with what it has there now */
	v->open.state = s->w->a->st;
	return store_rewrite(s->j, &r);
}

static enum err
decide(struct joining *s, bool *joined)
{
	struct arrival *a = s->w->a;
	struct merge_copy file = { &a->outer, &a->body };
	uint8_t all[32], now[32];
	bool back;
	enum err e;

	*joined = false;
	if (a->refused && is_missing(s))
		return a->refused;
	if (!s->kept[1])
		return a->refused;
	if ((e = merge_digest(&s->all, s->vrk, all)) || (e = is_put_back(s, all, &back)) ||
	    (e = merge_digest(&file, s->vrk, now)))
		return e;
	if (memcmp(all, now, sizeof all) == 0) {
		mergenotes_done(&s->said);
		return ERR_OK;
	}
	if (!(e = write_result(s)))
		*joined = true;
	return e;
}

enum err
synced_join(struct job *j, const struct synced_with *w, bool *joined)
{
	struct joining *s = calloc(1, sizeof *s);
	enum err e;

	*joined = false;
	if (!s)
		return ERR_NOMEM;
	s->j = j;
	s->w = w;
	s->vrk = sec_span(w->vrk);
	find_needs(s);
	if (!(e = take_all(s)) && s->said.n)
		sharedkeys_say(s->all.body, &s->said);
	if (!e && !(e = decide(s, joined))) {
		say_named(s);
		mergenotes_move(&j->v->open.notes, &s->said);
		mergenotes_move(&j->v->open.notes, &s->others);
	}
	mergenotes_done(&s->said);
	mergenotes_done(&s->others);
	version_done(s->kept[0]);
	version_done(s->kept[1]);
	buf_done(&s->bytes);
	free(s);
	return e;
}
