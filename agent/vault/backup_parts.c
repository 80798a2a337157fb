/*
 * backup_parts.c - what stands in a backup, in the order of its stages.  It is written for somebody
 * who has no ownkey any more: everything is told in words beside the records that ownkey itself
 * reads again ("record", "body": the CBOR of ownkey-vault(5), without the seals).
 */
#include <stdio.h>

#include "agent/slot/slot.h"
#include "agent/vault/backup.h"
#include "agent/vault/backup_item.h"
#include "agent/vault/body_parts.h"
#include "agent/vault/keys.h"
#include "agent/vault/slotmake.h"
#include "lib/text.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const char *const about[] = {
	"This is a backup made by ownkey, a manager of keys and identities.",
	"Everything in it is secret. Whoever reads it can be you: keep it encrypted.",
	"'ownkey restore FILE' reads the encrypted file. Without ownkey: each entry of 'items'",
	"is a key or a password, with its name, its value and where it goes.",
	"Keys of identities are derived from 'seeds' as 'rules' says; 'epochs' has them ready.",
	"'record' and 'body' are for ownkey: what stands there is told in words beside it.",
};

static const char *const rules[] = {
	"Numbers are big-endian. lp(x): length of x as 2 bytes, then x. || joins bytes.",
	"root = HMAC-SHA512(key 'ownkey1 root', seed of the generation)",
	"child = HMAC-SHA512(key parent, 'ownkey1 child' || level as 1 byte || lp(component))",
	"levels: service 1, account 2, purpose 3, epoch (as 4 bytes) 4; the last child is node",
	"key = HKDF-Expand-SHA512(PRK node, info, length); info = 'ownkey1' || lp('key') ||",
	"  lp(algorithm) || length as 2 bytes",
	"ed25519: 32 bytes, the seed of RFC 8032. x25519: 32 bytes, clamped when used.",
	"secret: 32 bytes as they are.",
	"p256, secp256k1: 48 bytes; the key is that number modulo (order - 1), plus 1.",
	"password.KIND.N: 4N bytes; character i is alphabet[4 bytes at 4i modulo its size];",
	"  alnum = A-Z a-z 2-9 without I O l (57), print = 0x21 to 0x7e (94).",
};

static void
put_lines(struct agejson *j, const char *name, const char *const *line, size_t n)
{
	agejson_open(j, name, '[');
	for (size_t i = 0; i < n; i++)
		agejson_text(j, NULL, span_str(line[i]));
	agejson_close(j, ']');
}

static enum err
head(struct backup *b, bool *more)
{
	struct agejson *j = &b->json;
	struct defaults def;

	(void)more;
	agejson_open(j, NULL, '{');
	agejson_text(j, "format", SPAN_LIT("ownkey-backup"));
	agejson_number(j, "version", 1);
	put_lines(j, "about", about, N(about));
	agejson_time(j, "created", b->note.created);
	agejson_open(j, "vault", '{');
	agejson_hex(j, "id", SPAN(b->v->open.outer.vault_id, 16));
	agejson_number(j, "generation", b->note.generation);
	if (!body_value_get(&b->body, BODY_DEFAULTS, &defaults_map, &def))
		agejson_time(j, "made", def.created);
	agejson_close(j, '}');
	put_lines(j, "rules", rules, N(rules));
	return j->err;
}

/* ---- seeds ---- */
static enum err
put_passphrase(struct backup *b, const struct seed *s)
{
	struct sec text = { 0 };
	enum err e = ERR_OK;

	if (s->backup.len &&
	    !(e = slotmake_open_backup(
		  sec_span(&b->vrk), (uint32_t)s->generation, s->backup, &text)))
		agejson_text(&b->json, "backup_passphrase", sec_span(&text));
	sec_done(&text);
	return e;
}

static enum err
put_seed(struct backup *b, const struct seed *s)
{
	struct agejson *j = &b->json;
	struct sec seed = { 0 };
	enum err e;

	agejson_open(j, NULL, '{');
	agejson_number(j, "generation", s->generation);
	agejson_hex(j, "fingerprint", s->fpr);
	agejson_time(j, "made", s->created);
	agejson_time(j, "exposed", s->exposed);
	if (!(e = keys_seed_open(sec_span(&b->vrk), (uint32_t)s->generation, s->box, &seed)))
		agejson_hex(j, "seed", sec_span(&seed));
	if (!e)
		e = put_passphrase(b, s);
	agejson_close(j, '}');
	sec_done(&seed);
	return e ? e : j->err;
}

static enum err
seeds(struct backup *b, bool *more)
{
	struct seed s;
	size_t pos = 0;
	enum err e = ERR_OK;

	(void)more;
	agejson_open(&b->json, "seeds", '[');
	while (!e && body_seed_next(&b->body, &pos, &s))
		e = put_seed(b, &s);
	agejson_close(&b->json, ']');
	return e ? e : b->json.err;
}

/* ---- ways in: for people; they open the vault file, not this one ---- */
static enum err
ways(struct backup *b, bool *more)
{
	const struct outer *o = &b->v->open.outer;
	struct agejson *j = &b->json;
	struct slot_note n;
	size_t pos = 0;
	int i;

	(void)more;
	agejson_open(j, "ways_in", '[');
	while (body_note_next(&b->body, &pos, &n)) {
		const struct slot_type *t = NULL;

		if ((i = outer_slot_find(o, n.slot_id.p)) >= 0)
			t = slot_type_find(o->slot[i].factors);
		agejson_open(j, NULL, '{');
		agejson_text(j, "name", n.label);
		agejson_text(j, "kind", span_str(t ? t->name : "unknown"));
		agejson_time(j, "added", n.added);
		agejson_close(j, '}');
	}
	agejson_close(j, ']');
	return j->err;
}

/* ---- what ownkey keeps besides: succession, defaults, who holds shares, what is unknown ---- */
static enum err
others(struct backup *b, bool *more)
{
	struct agejson *j = &b->json;

	(void)more;
	agejson_open(j, "body", '{');
	for (size_t i = 0; i < b->body.other.n; i++) {
		char key[24];

		if (b->body.other.v[i].key == BODY_AUDIT)
			continue; /* the log it belongs to is not in here */
		snprintf(key, sizeof key, "%llu", (unsigned long long)b->body.other.v[i].key);
		agejson_base64(j, key, rows_raw(&b->body.other, i));
	}
	agejson_close(j, '}');
	return j->err;
}

/* ---- items ---- */
static enum err
begin_items(struct backup *b, bool *more)
{
	(void)more;
	agejson_open(&b->json, "items", '[');
	return b->json.err;
}

static enum err
items(struct backup *b, bool *more)
{
	struct item it;

	if (!body_item_next(&b->body, &b->pos, &it))
		return ERR_OK;
	*more = true;
	return backup_item_put(b, &it);
}

static enum err
tail(struct backup *b, bool *more)
{
	(void)more;
	agejson_close(&b->json, ']');
	agejson_close(&b->json, '}');
	return b->json.err;
}

backup_stage_fn *const backup_stages[] = { head, seeds, ways, others, begin_items, items, tail };
const size_t nbackup_stages = N(backup_stages);
