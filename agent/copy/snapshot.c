/* snapshot.c - what is copied, checked before it is. */
#include "agent/copy/snapshot.h"

#include <fcntl.h>
#include <stdlib.h>

#include "agent/vault/journal.h"
#include "agent/vault/outer.h"
#include "lib/whole.h"

static enum err
follow_journal(struct span file, const uint8_t *until, struct snapshot_end *end)
{
	struct journal_pos pos = { .generation = end->generation };
	struct journal_record rec;
	enum err e = ERR_OK;

	memcpy(pos.hash, end->hash, 32);
	while (!e && !(until && memcmp(pos.hash, until, 32) == 0)) {
		struct journal_rest rest = { SPAN(file.p + end->size, file.len - end->size),
			end->size };

		if ((e = journal_next(&rest, &pos, &rec)))
			break;
		journal_advance(&pos, &rec);
		end->size += rec.raw.len;
	}
	end->generation = pos.generation;
	memcpy(end->hash, pos.hash, 32);
	if (e == ERR_NOTFOUND || e == ERR_VAULT_TORN)
		return until ? ERR_VAULT_CHANGED : ERR_OK;
	return e;
}

enum err
snapshot_scan(struct span file, const uint8_t *until, struct snapshot_end *end)
{
	struct outer *o = malloc(sizeof *o);
	enum err e;

	memset(end, 0, sizeof *end);
	if (!o)
		return ERR_NOMEM;
	e = outer_parse_untrusted(file, o);
	memcpy(end->vault_id, o->vault_id, 16);
	end->generation = o->generation;
	if (!e)
		e = outer_check_trailer(file, o);
	if (!e) {
		end->size = o->total_len;
		memcpy(end->hash, file.p + o->total_len - OUTER_TRAILER, 32);
		e = follow_journal(file, until, end);
	}
	free(o);
	return e;
}

enum err
snapshot_read(const char *path, const struct control_memory *mem, struct buf *out)
{
	struct whole w = { .dirfd = AT_FDCWD, .name = path };
	struct snapshot_end end;
	enum err e = whole_read(&w, out);

	if (e)
		return e == ERR_NOTFOUND ? ERR_NOVAULT : e == ERR_FORMAT ? ERR_VAULT_MODE : e;
	e = snapshot_scan(buf_span(out), mem->last_hash, &end);
	if (e == ERR_VAULT_CHANGED || e == ERR_FORMAT)
		return ERR_COPY_UNKNOWN;
	if (!e && memcmp(end.vault_id, mem->vault_id, 16) != 0)
		return ERR_COPY_UNKNOWN;
	if (!e)
		buf_cut(out, end.size);
	return e;
}
