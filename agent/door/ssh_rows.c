/* ssh_rows.c - the public keys of the ssh door, as the vault told them, and the list of them. */
#include <stdlib.h>

#include "agent/door/ssh.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/loop.h"

#define BUCKETS_FIRST 64
#define LIST_HEAD     5 /* message number, how many */

/* ---- finding ---- */
/* FNV-1a; seeded, so that nobody can choose keys that all fall into one bucket. */
static size_t
bucket(const struct ssh_keys *k, struct span s)
{
	uint64_t h = k->seed ^ 0xcbf29ce484222325u;

	for (size_t i = 0; i < s.len; i++)
		h = (h ^ s.p[i]) * 0x100000001b3u;
	return (size_t)(h ^ h >> 32) & (k->buckets - 1);
}

static struct ssh_key *
find_id(const struct ssh_keys *k, struct span id)
{
	struct ssh_key *key = k->buckets ? k->by_id[bucket(k, id)] : NULL;

	while (key && !span_eq(key->id, id))
		key = key->next_id;
	return key;
}

static uint64_t
seconds(void)
{
	return loop_now() / 1000;
}

const struct ssh_key *
ssh_keys_find(struct ssh_keys *k, struct span blob)
{
	struct ssh_key *key = k->buckets ? k->by_blob[bucket(k, blob)] : NULL;

	while (key && (!span_eq(key->blob, blob) || key->expires <= seconds()))
		key = key->next_blob;
	return key;
}

static void
insert(struct ssh_keys *k, struct ssh_key *key)
{
	size_t blob = bucket(k, key->blob), id = bucket(k, key->id);

	key->next_blob = k->by_blob[blob];
	k->by_blob[blob] = key;
	key->next_id = k->by_id[id];
	k->by_id[id] = key;
}

static void
take_out(struct ssh_keys *k, const struct ssh_key *key)
{
	struct ssh_key **at = &k->by_blob[bucket(k, key->blob)];

	while (*at != key)
		at = &(*at)->next_blob;
	*at = key->next_blob;
	at = &k->by_id[bucket(k, key->id)];
	while (*at != key)
		at = &(*at)->next_id;
	*at = key->next_id;
}

/* Room for one more, in the order and in the buckets. */
static enum err
make_room(struct ssh_keys *k)
{
	size_t cap = k->cap ? 2 * k->cap : BUCKETS_FIRST;
	struct ssh_key **at, **blobs, **ids;

	if (k->n < k->cap)
		return ERR_OK;
	blobs = calloc(cap, sizeof(struct ssh_key *));
	ids = calloc(cap, sizeof(struct ssh_key *));
	at = realloc(k->at, cap * sizeof(struct ssh_key *));
	if (at)
		k->at = at;
	if (!blobs || !ids || !at) {
		free(blobs);
		free(ids);
		return ERR_NOMEM;
	}
	if (!k->seed)
		crypto_random(&k->seed, sizeof k->seed);
	free(k->by_blob);
	free(k->by_id);
	k->by_blob = blobs;
	k->by_id = ids;
	k->cap = k->buckets = cap;
	for (size_t i = 0; i < k->n; i++)
		if (k->at[i])
			insert(k, k->at[i]);
	return ERR_OK;
}

/* ---- rows ---- */
/* The first pattern of ssh_list that fits path or comment; no pattern: all alike. */
static unsigned
rank(const struct conf *conf, const struct ssh_row *row)
{
	unsigned i = 0;

	while (i < conf->nssh_list && !ssh_dest_match(row->label, span_str(conf->ssh_list[i])) &&
	    !ssh_dest_match(row->comment, span_str(conf->ssh_list[i])))
		i++;
	return i;
}

static struct span
keep(struct ssh_key *key, size_t *at, struct span s)
{
	struct span kept = SPAN(key->bytes + *at, s.len);

	if (s.len)
		memcpy(key->bytes + *at, s.p, s.len);
	*at += s.len;
	return kept;
}

static struct ssh_key *
copy(const struct ssh_keys *k, const struct ssh_row *row)
{
	size_t n = row->id.len + row->blob.len + row->comment.len + row->dest.raw.len, at = 0;
	struct ssh_key *key = calloc(1, sizeof *key + n + row->label.len);

	if (!key)
		return NULL;
	key->id = keep(key, &at, row->id);
	key->blob = keep(key, &at, row->blob);
	key->comment = keep(key, &at, row->comment);
	key->dest = (struct wire_list){ .n = row->dest.n, .raw = keep(key, &at, row->dest.raw) };
	key->label = keep(key, &at, row->label);
	key->added = row->added;
	key->confirm = row->confirm;
	key->expires = row->expires ? row->expires : UINT64_MAX;
	key->rank = rank(k->conf, row);
	key->unlisted = SSH_NOT_NAMED;
	return key;
}

static void
drop(struct ssh_keys *k, struct ssh_key *key)
{
	take_out(k, key);
	k->at[key->place] = NULL;
	k->gone++;
	free(key);
}

/* One with the same id leaves its place to it. */
static enum err
put(struct ssh_keys *k, const struct ssh_row *row)
{
	struct ssh_key *old = find_id(k, row->id), *key;
	enum err e;

	if (!old && (e = make_room(k)))
		return e;
	if (!(key = copy(k, row)))
		return ERR_NOMEM;
	key->place = old ? old->place : k->n++;
	key->number = old ? old->number : ++k->numbers;
	if (old) {
		take_out(k, old);
		free(old);
	}
	k->at[key->place] = key;
	insert(k, key);
	return ERR_OK;
}

static void
close_gaps(struct ssh_keys *k)
{
	size_t n = 0;

	for (size_t i = 0; k->gone && i < k->n; i++)
		if (k->at[i]) {
			k->at[i]->place = n;
			k->at[n++] = k->at[i];
		}
	if (k->gone)
		k->n = n;
	k->gone = 0;
	k->stale = true;
}

void
ssh_keys_forget(struct ssh_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->at[i])
			drop(k, k->at[i]);
	close_gaps(k);
}

void
ssh_keys_done(struct ssh_keys *k)
{
	ssh_keys_forget(k);
	free(k->at);
	free(k->by_blob);
	free(k->by_id);
	buf_done(&k->list);
	*k = (struct ssh_keys){ .conf = k->conf };
}

void
ssh_keys_lock(struct ssh_keys *k)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->at[i] && k->at[i]->added)
			drop(k, k->at[i]);
	close_gaps(k);
}

static enum err
change(struct ssh_keys *k, const struct ssh_rows *m)
{
	struct cbor put_at = wire_each(&m->put), drop_at = wire_each(&m->drop);
	struct ssh_key *old;
	struct ssh_row row;
	struct span id;
	enum err e = ERR_OK;

	for (size_t i = 0; !e && i < m->put.n; i++)
		if (!(e = wire_next(&ssh_row_map, &put_at, &row)))
			e = put(k, &row);
	for (size_t i = 0; !e && i < m->drop.n; i++)
		if (!(e = cbor_get_bytes(&drop_at, &id)) && (old = find_id(k, id)))
			drop(k, old);
	return e;
}

void
ssh_keys_take(struct ssh_keys *k, struct span rows)
{
	struct ssh_rows m;
	enum err e;

	if (!(e = wire_decode(&ssh_rows_map, rows, &m))) {
		if (m.reset)
			ssh_keys_forget(k);
		e = change(k, &m);
		k->locked = m.locked;
		k->known = true;
	}
	if (e)
		log_err(e, "keys are missing in the list for ssh");
	close_gaps(k);
}

/* ---- the list ---- */
static bool
fits(const struct buf *b, const struct ssh_key *key, size_t n)
{
	return n < SSH_LIST_MOST && b->len + 8 + key->blob.len + key->comment.len <= SSH_LIST_BYTES;
}

static unsigned
ranks(const struct ssh_keys *k)
{
	return k->conf->nssh_list ? k->conf->nssh_list : 1;
}

static enum ssh_unlisted
put_one(const struct ssh_key *key, struct buf *b, size_t *n)
{
	if (!fits(b, key, *n))
		return SSH_NO_ROOM;
	ssh_put_string(b, key->blob);
	ssh_put_string(b, key->comment);
	++*n;
	return SSH_LISTED;
}

/* Best ranks first; within one the order of the vault.  Returns how many have no room. */
static size_t
collect(const struct ssh_keys *k, const struct ssh_dest_path *path, struct buf *b, size_t *n)
{
	uint64_t now = seconds();
	size_t cut = 0;

	for (unsigned r = 0; r < ranks(k); r++)
		for (size_t i = 0; i < k->n; i++) {
			struct ssh_key *key = k->at[i];

			if (key->rank != r || key->expires <= now)
				continue;
			if (k->hides && !ssh_dest_visible(&key->dest, path))
				continue;
			key->unlisted = (uint8_t)put_one(key, b, n);
			cut += key->unlisted == SSH_NO_ROOM;
		}
	return cut;
}

bool
ssh_keys_is_over(const struct ssh_key *key)
{
	return key->expires <= seconds();
}

void
ssh_keys_row(const struct ssh_key *key, struct ssh_row *row)
{
	*row = (struct ssh_row){ .id = key->id,
		.blob = key->blob,
		.comment = key->comment,
		.added = key->added,
		.confirm = key->confirm,
		.expires = key->expires == UINT64_MAX ? 0 : key->expires,
		.dest = key->dest,
		.label = key->label,
		.unlisted = key->unlisted };
	wire_mark(&ssh_row_map, row);
}

static void
make(struct ssh_keys *k, const struct ssh_dest_path *path)
{
	size_t n = 0, cut;

	buf_reset(&k->list);
	buf_put_u8(&k->list, SSH_IDENTITIES_ANSWER);
	buf_put_u32(&k->list, 0);
	cut = collect(k, path, &k->list, &n);
	if (k->list.len >= LIST_HEAD)
		put_be32(k->list.p + 1, (uint32_t)n);
	if (cut && cut != k->cut)
		log_warn("ssh reads %zu of %zu keys: ssh_list says which come first", n, n + cut);
	k->cut = cut;
	k->listed = n;
}

static void
look(struct ssh_keys *k)
{
	k->hides = false;
	k->expires = UINT64_MAX;
	for (size_t i = 0; i < k->n; i++) {
		k->hides |= k->at[i]->dest.n > 0;
		if (k->at[i]->expires < k->expires && k->at[i]->expires > seconds())
			k->expires = k->at[i]->expires;
	}
}

struct span
ssh_keys_list(struct ssh_keys *k, const struct ssh_dest_path *path)
{
	static const uint8_t nothing[LIST_HEAD] = { SSH_IDENTITIES_ANSWER };
	static const struct ssh_dest_path here;
	bool own;

	if (k->locked)
		return SPAN(nothing, sizeof nothing);
	if (k->stale || k->expires <= seconds())
		look(k);
	own = k->hides && (path->binds.n || path->failed);
	if (own || k->stale || k->expires <= seconds())
		make(k, own ? path : &here);
	/* what was made for one path is not for the next */
	k->stale = own;
	return buf_err(&k->list) ? SPAN_NONE : buf_span(&k->list);
}
