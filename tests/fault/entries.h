/*
 * entries.h - the audit log as it may be after a power cut: how many entries are there at least,
 * and is it one that the agent would go on with?
 */
#ifndef TESTS_FAULT_ENTRIES_H
#define TESTS_FAULT_ENTRIES_H

#include "agent/vault/audit_log.h"
#include "tests/fault/crashfs.h"

/* The key is one for all versions; some are from before there is a vault. */
static const uint8_t *entries_key;

static inline uint64_t
entries_count(struct span s, enum err *e)
{
	struct audit_pos at = { .n = 0 };
	struct audit_record first;
	size_t good;

	*e = ERR_OK;
	if (s.len < AUDIT_RECORD || !memcmp(s.p, (uint8_t[AUDIT_RECORD]){ 0 }, AUDIT_RECORD))
		return 0;
	*e = ERR_AUDIT_DAMAGED;
	if (!entries_key ||
	    audit_log_start(SPAN(entries_key, 32), SPAN(s.p, AUDIT_RECORD), &at, &first))
		return 0;
	*e = audit_log_walk(
	    SPAN(entries_key, 32), &at, SPAN(s.p + AUDIT_RECORD, s.len - AUDIT_RECORD), &good);
	if (*e == ERR_VAULT_TORN)
		*e = ERR_OK;
	return at.n;
}

struct entries {
	uint64_t least; /* entries, of all that may be there */
	bool is_damaged;
};

static inline void
entries_see_one(struct entries *a, struct span bytes)
{
	enum err e;
	uint64_t n = entries_count(bytes, &e);

	a->is_damaged |= e != ERR_OK;
	if (n < a->least)
		a->least = n;
}

static inline void
entries_see(struct entries *a, struct crash_fs *fs, int inode)
{
	static struct crash_pieces p;
	struct buf bytes = BUF_INIT;

	if (!inode) {
		a->least = 0;
		return;
	}
	crash_pieces_of(fs, inode, &p);
	crash_must(buf_room(&bytes, p.most + 1) != NULL, "out of memory");
	for (size_t c = 0; c < crash_choices(p.n); c++) {
		size_t len;

		crash_choose(p.n, c, p.on);
		len = crash_apply(&fs->inode[inode], &p, bytes.p);
		entries_see_one(a, SPAN(bytes.p, len));
		for (size_t at = p.least; at < len; at += CRASH_SECTOR)
			entries_see_one(a, SPAN(bytes.p, at));
	}
	buf_done(&bytes);
}

#endif
