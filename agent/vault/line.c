/* line.c - is this file the one this machine saw last, or later? */
#include "agent/vault/line.h"

#include "agent/vault/keys.h"
#include "lib/crypto.h"

void
line_make(struct span vrk, const uint8_t vault_id[16], uint8_t t[LINE_LEN])
{
	keys_line(vrk, vault_id, t);
}

void
line_mark_of(const struct line_file *f, struct line_mark *m)
{
	memcpy(m->vault_id, f->vault_id, 16);
	crypto_sha256(SPAN(f->t, LINE_LEN), m->line);
	m->generation = f->generation;
	memcpy(m->last_hash, f->last_hash, 32);
	memset(m->before, 0, 32);
}

/* The line that was seen is an earlier one of this file: it knows its t. */
static bool
is_earlier(const struct line_mark *known, const struct line_file *f)
{
	uint8_t hash[32];

	for (size_t at = 0; at + LINE_LEN <= f->lines.len; at += LINE_LEN) {
		crypto_sha256(SPAN(f->lines.p + at, LINE_LEN), hash);
		if (memcmp(hash, known->line, 32) == 0)
			return true;
	}
	return false;
}

static enum err
check_same_line(
    const struct line_mark *known, const struct line_mark *now, enum line_verdict *verdict)
{
	if (now->generation < known->generation)
		return ERR_VAULT_OLD;
	if (now->generation > known->generation) {
		*verdict = LINE_AHEAD;
		return ERR_OK;
	}
	if (memcmp(now->last_hash, known->last_hash, 32) != 0)
		return ERR_VAULT_DIVERGED;
	*verdict = LINE_SAME;
	return ERR_OK;
}

enum err
line_check(const struct line_mark *known, const struct line_file *f, enum line_verdict *verdict)
{
	struct line_mark now;

	line_mark_of(f, &now);
	if (!known) {
		*verdict = LINE_FIRST;
		return ERR_OK;
	}
	if (memcmp(known->vault_id, now.vault_id, 16) != 0)
		return ERR_VAULT_FORGED;
	if (memcmp(known->line, now.line, 32) == 0)
		return check_same_line(known, &now, verdict);
	if (!is_earlier(known, f))
		return now.generation < known->generation ? ERR_VAULT_OLD : ERR_VAULT_FORGED;
	/* each change counts one up: a later line not beyond what was seen forked before it */
	if (now.generation <= known->generation)
		return ERR_VAULT_DIVERGED;
	*verdict = LINE_LATER;
	return ERR_OK;
}
