/*
 * record.h - reads what powerloss.py has recorded, a line for each thing, by number of the file or
 * folder (0: the one all are in):
 *
 *	words TEXT                   the recovery phrase
 *	dir N, file N HEX, entry N NAME M          what was there
 *	create N NAME M, unlink N NAME, rename N NAME NAME, exchange N NAME NAME    in folder N
 *	write N AT HEX, trunc N LENGTH, grow N LENGTH                               of file N
 *	sync N WHERE, maybe 0 (a sync failed), mark WHICH (a reply was sent)
 */
#ifndef TESTS_FAULT_RECORD_H
#define TESTS_FAULT_RECORD_H

#include "lib/root.h"
#include "lib/words.h"
#include "tests/fault/crashfs.h"

static inline void
record_hex(const char *hex, struct buf *out)
{
	unsigned byte;

	for (; hex[0] && hex[1] && sscanf(hex, "%2x", &byte) == 1; hex += 2) {
		uint8_t b = (uint8_t)byte;

		buf_put(out, &b, 1);
	}
	crash_must(!buf_err(out), "out of memory");
}

static inline struct crash_op *
record_op(struct crash_fs *fs, enum crash_kind kind, const char *inode)
{
	crash_must(fs->nops < CRASH_OPS, "too many operations");
	fs->op[fs->nops] = (struct crash_op){ .kind = kind, .inode = atoi(inode) };
	crash_must(fs->op[fs->nops].inode < CRASH_INODES, "too many files");
	return &fs->op[fs->nops++];
}

/* What the entry is when all before has happened. */
static inline int
record_entry_now(const struct crash_fs *fs, int dir, int name)
{
	int16_t entry[CRASH_NAMES];

	memcpy(entry, fs->inode[dir].entry, sizeof entry);
	for (int i = 0; i < fs->nops; i++)
		if (fs->op[i].inode == dir && fs->op[i].kind >= CRASH_ENTRY &&
		    fs->op[i].kind <= CRASH_EXCHANGE)
			crash_enter(entry, &fs->op[i]);
	return entry[name];
}

static inline void
record_entry(struct crash_fs *fs, const char *word, char **w)
{
	static const char *const names[] = { "create", "unlink", "rename", "exchange" };
	int kind = 0, dir = atoi(w[0]), name = crash_name(fs, w[1]), name2, child, child2;
	struct crash_op *op;

	while (strcmp(names[kind], word) != 0)
		crash_must(++kind < 4, word);
	name2 = kind >= 2 ? crash_name(fs, w[2]) : 0;
	child = kind == 0 ? atoi(w[2]) : record_entry_now(fs, dir, name);
	child2 = kind == 3 ? record_entry_now(fs, dir, name2) : 0;
	op = record_op(fs, (enum crash_kind)(CRASH_ENTRY + kind), w[0]);
	op->name = name;
	op->name2 = name2;
	op->child = child;
	op->child2 = child2;
}

static inline void
record_any(struct crash_fs *fs, const char *word, char **w)
{
	struct crash_op *op;

	if (!strcmp(word, "write")) {
		op = record_op(fs, CRASH_WRITE, w[0]);
		op->at = (size_t)atol(w[1]);
		record_hex(w[2], &op->data);
	} else if (!strcmp(word, "trunc") || !strcmp(word, "grow")) {
		op = record_op(fs, word[0] == 't' ? CRASH_TRUNC : CRASH_GROW, w[0]);
		op->at = (size_t)atol(w[1]);
	} else if (!strcmp(word, "maybe")) {
		record_op(fs, CRASH_MAYBE, w[0]);
	} else if (!strcmp(word, "sync") || !strcmp(word, "mark")) {
		bool is_sync = word[0] == 's';

		op = record_op(fs, is_sync ? CRASH_SYNC : CRASH_MARK, is_sync ? w[0] : "0");
		snprintf(op->text, sizeof op->text, "%s", w[is_sync]);
	} else {
		record_entry(fs, word, w);
	}
}

static inline void
record_line(struct crash_fs *fs, struct sec *root, char *line)
{
	char *w[4] = { 0 }, *word = strtok(line, " \n");

	if (word && !strcmp(word, "words")) {
		char *words = strtok(NULL, "\n");

		crash_must(!sec_init(root, ROOT_LEN), "arena");
		crash_must(!words_to_bytes(span_str(words), ROOT_LEN, root, NULL), "the words");
		return;
	}
	for (int i = 0; i < 4; i++)
		w[i] = strtok(NULL, " \n");
	crash_must(word && w[0], "an empty line");
	if (!strcmp(word, "dir"))
		fs->inode[atoi(w[0])].is_dir = true;
	else if (!strcmp(word, "file"))
		record_hex(w[1], &fs->inode[atoi(w[0])].data);
	else if (!strcmp(word, "entry"))
		fs->inode[atoi(w[0])].entry[crash_name(fs, w[1])] = (int16_t)atoi(w[2]);
	else
		record_any(fs, word, w);
}

static inline void
record_read(const char *path, struct crash_fs *fs, struct sec *root)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	crash_must(f != NULL, "no record");
	fs->inode[0].is_dir = true;
	while (getline(&line, &cap, f) > 0)
		record_line(fs, root, line);
	free(line);
	(void)fclose(f);
}

#endif
