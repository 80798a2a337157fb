/*
 * crashfs.h - what a power cut can leave on a disk (the model of ALICE, OSDI 2014).
 *
 * A file's bytes and length are safe once it was fsynced, a folder's entries once the folder was.
 * Of what was done since, each piece reached the disk or did not, whatever came later: each
 * 512-byte sector of a write, each change of a length, each entry made, renamed or deleted.  A
 * sector that did not reads as before, or as zeros where there was nothing; a growing file may
 * have any length on the way that ends a sector.  A rename is in one piece.
 *
 * Few pieces (CRASH_EXACT) are tried in all combinations; of more: none, all, each alone, each
 * missing, all up to and from each, every other one, and CRASH_RANDOM random ones.
 */
#ifndef TESTS_FAULT_CRASHFS_H
#define TESTS_FAULT_CRASHFS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"

#define CRASH_INODES 64
#define CRASH_NAMES  32
#define CRASH_OPS    512
#define CRASH_PIECES 2048
#define CRASH_SECTOR 512
#define CRASH_EXACT  11
#define CRASH_RANDOM 256

enum crash_kind {
	CRASH_WRITE,
	CRASH_TRUNC,
	CRASH_GROW,
	CRASH_ENTRY,  /* name := child */
	CRASH_UNLINK, /* name := nothing */
	CRASH_RENAME, /* name2 := what name was, name := nothing */
	CRASH_EXCHANGE,
	CRASH_SYNC,
	CRASH_MARK, /* a reply was sent */
	CRASH_MAYBE /* a sync failed: what was done so far may be there, or will be taken back */
};

struct crash_op {
	enum crash_kind kind;
	int inode; /* the file, or the folder */
	int name, name2, child, child2;
	size_t at;
	struct buf data;
	char text[64]; /* of a sync: where in the code; of a mark: which reply */
};

struct crash_inode {
	bool is_dir;
	struct buf data;	    /* of a file: what is safe */
	int16_t entry[CRASH_NAMES]; /* of a folder: the same; 0 = nothing */
	int pending[CRASH_OPS];	    /* operations that are not */
	int npending;
};

struct crash_fs {
	struct crash_inode inode[CRASH_INODES];
	char name[CRASH_NAMES][64];
	struct crash_op op[CRASH_OPS];
	int nops;
};

static inline void
crash_must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "powerloss: %s\n", what);
	exit(2);
}

static inline int
crash_name(struct crash_fs *fs, const char *name)
{
	int i = 1;

	while (i < CRASH_NAMES && fs->name[i][0] && strcmp(fs->name[i], name) != 0)
		i++;
	crash_must(i < CRASH_NAMES, "too many names");
	snprintf(fs->name[i], sizeof fs->name[i], "%s", name);
	return i;
}

/* ---- pieces ---- */
struct crash_piece {
	enum crash_kind kind; /* WRITE: a sector; GROW, TRUNC: a length */
	const struct crash_op *op;
	size_t from, to; /* in the file; a length is `to` */
};

struct crash_pieces {
	struct crash_piece v[CRASH_PIECES];
	size_t n;
	bool on[CRASH_PIECES];
	size_t least, most; /* lengths that the file had */
};

static inline void
crash_add(struct crash_pieces *p, const struct crash_piece *piece)
{
	crash_must(p->n < CRASH_PIECES, "too many pieces");
	p->v[p->n++] = *piece;
}

static inline void
crash_split(struct crash_pieces *p, const struct crash_op *op)
{
	size_t at = op->at, end = op->at + op->data.len;

	while (at < end) {
		size_t next = (at / CRASH_SECTOR + 1) * CRASH_SECTOR;

		if (next > end)
			next = end;
		crash_add(p, &(struct crash_piece){ CRASH_WRITE, op, at, next });
		at = next;
	}
}

/* What was done to a file and is not safe. */
static inline void
crash_pieces_of(struct crash_fs *fs, int inode, struct crash_pieces *p)
{
	const struct crash_inode *f = &fs->inode[inode];
	size_t len = f->data.len;

	p->n = 0;
	p->least = p->most = len;
	for (int i = 0; i < f->npending; i++) {
		const struct crash_op *op = &fs->op[f->pending[i]];
		size_t end = op->kind == CRASH_WRITE ? op->at + op->data.len : op->at;

		if (op->kind == CRASH_WRITE)
			crash_split(p, op);
		if (op->kind == CRASH_TRUNC || end > len) {
			crash_add(p,
			    &(struct crash_piece){
				op->kind == CRASH_TRUNC ? CRASH_TRUNC : CRASH_GROW, op, 0, end });
			len = end;
		}
		p->least = len < p->least ? len : p->least;
		p->most = len > p->most ? len : p->most;
	}
}

/* The file with those pieces that are on.  out has room for the longest. */
static inline size_t
crash_apply(const struct crash_inode *f, const struct crash_pieces *p, uint8_t *out)
{
	size_t len = f->data.len;

	memset(out, 0, p->most);
	if (len)
		memcpy(out, f->data.p, len);
	for (size_t i = 0; i < p->n; i++) {
		const struct crash_piece *v = &p->v[i];

		if (!p->on[i])
			continue;
		if (v->kind == CRASH_WRITE)
			memcpy(
			    out + v->from, v->op->data.p + (v->from - v->op->at), v->to - v->from);
		else if (v->kind == CRASH_GROW)
			len = v->to > len ? v->to : len;
		else {
			len = v->to;
			memset(out + len, 0, p->most - len);
		}
	}
	return len;
}

/* ---- choosing ---- */
static inline uint64_t
crash_random(uint64_t *x)
{
	uint64_t z = (*x += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline size_t
crash_choices(size_t n)
{
	return n <= CRASH_EXACT ? (size_t)1 << n : 4 + 4 * n + CRASH_RANDOM;
}

/* Choice c of crash_choices(n). */
static inline void
crash_choose(size_t n, size_t c, bool *on)
{
	uint64_t seed = c;
	size_t kind = n ? c / n : 0, k = n ? c % n : 0;

	for (size_t i = 0; i < n; i++) {
		if (n <= CRASH_EXACT)
			on[i] = c >> i & 1;
		else if (kind < 4)
			on[i] = kind == 0 ? i == k : kind == 1 ? i != k : kind == 2 ? i < k : i > k;
		else if (c < 4 * n + 4)
			on[i] = c == 4 * n || (c != 4 * n + 1 && i % 2 == c % 2);
		else
			on[i] = crash_random(&seed) >> 17 & 1;
	}
}

/* ---- folders ---- */
static inline void
crash_enter(int16_t entry[CRASH_NAMES], const struct crash_op *op)
{
	entry[op->name] = (int16_t)(op->kind == CRASH_ENTRY ? op->child
		: op->kind == CRASH_EXCHANGE		    ? op->child2
							    : 0);
	if (op->kind == CRASH_RENAME || op->kind == CRASH_EXCHANGE)
		entry[op->name2] = (int16_t)op->child;
}

/* ---- time goes on ---- */
static inline void
crash_sync(struct crash_fs *fs, int inode)
{
	static struct crash_pieces all;
	struct crash_inode *f = &fs->inode[inode];
	struct buf next = BUF_INIT;
	size_t len;

	if (f->is_dir) {
		for (int i = 0; i < f->npending; i++)
			crash_enter(f->entry, &fs->op[f->pending[i]]);
	} else if (f->npending) {
		crash_pieces_of(fs, inode, &all);
		memset(all.on, 1, sizeof all.on);
		crash_must(buf_room(&next, all.most + 1) != NULL, "out of memory");
		len = crash_apply(f, &all, next.p);
		buf_add(&next, len);
		buf_done(&f->data);
		f->data = next;
	}
	f->npending = 0;
}

/* Operation i happens.  A sync that is left out is none. */
static inline void
crash_step(struct crash_fs *fs, int i, const char *without)
{
	const struct crash_op *op = &fs->op[i];
	struct crash_inode *f = &fs->inode[op->inode];

	if (op->kind >= CRASH_MARK)
		return;
	if (op->kind != CRASH_SYNC)
		f->pending[f->npending++] = i;
	else if (!without || strcmp(op->text, without) != 0)
		crash_sync(fs, op->inode);
}

#endif
