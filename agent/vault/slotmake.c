/* slotmake.c - ways in are made, renewed and rewrapped. */
#include "agent/vault/slotmake.h"

#include "agent/vault/keyring.h"
#include "agent/vault/line.h"
#include "lib/crypto.h"
#include "lib/seal.h"

void
slotmake_new(struct slot *s, uint64_t now)
{
	*s = (struct slot){ .kind = SLOT_UNLOCK, .created = now - now % OUTER_DAY };
	crypto_random(s->id, sizeof s->id);
	crypto_random(s->kdf_salt, sizeof s->kdf_salt);
}

static enum err
make_wrap(const struct outer *o, struct slot *s, const struct sec *prk, struct span vrk)
{
	uint8_t hdr[OUTER_SLOT_HDR];
	struct keys_slot ks = { .vault_id = o->vault_id, .hdr = hdr };
	enum err e;

	s->wrap = WRAP_PLAIN;
	memset(s->box, 0, sizeof s->box);
	if ((e = outer_slot_build_hdr(s, hdr)))
		return e;
	return keys_wrap(&ks, prk, vrk, s->box);
}

static enum err
take_auth(const struct sec *prk, const uint8_t id[16], uint8_t auth[32])
{
	struct sec a = { 0 };
	enum err e;

	if (!(e = keys_auth(prk, id, &a)))
		memcpy(auth, a.p, 32);
	sec_done(&a);
	return e;
}

enum err
slotmake_seal(struct outer *o, int i, struct slot *s, struct slotmake_seal *k)
{
	struct sec prk = { 0 };
	enum err e;

	if (!(e = keys_prk(k->factors, s->kdf_salt, &prk)) && !(e = keys_xp(&prk, s->id, s->xp)) &&
	    !(e = take_auth(&prk, s->id, k->auth)) && !(e = make_wrap(o, s, &prk, k->vrk)))
		e = outer_slot_put(o, (size_t)i, s);
	sec_done(&prk);
	return e;
}

static enum err
defer(const struct outer *o, struct slot *s, struct span auth, struct span vrk)
{
	uint8_t hdr[OUTER_SLOT_HDR];
	struct keys_slot ks = { .vault_id = o->vault_id, .hdr = hdr };
	enum err e;

	s->wrap = WRAP_DEFERRED;
	memset(s->box, 0, sizeof s->box);
	if ((e = outer_slot_build_hdr(s, hdr)))
		return e;
	return keys_wrap_deferred(&ks, auth, vrk, s->box);
}

enum err
slotmake_rewrap(
    struct outer *o, const struct body *b, int i, const struct sec *prk, struct span vrk)
{
	struct slot s = o->slot[i];
	struct slot_note n;
	uint8_t xp[32];
	enum err e;

	/* of an older salt it would wrap for nobody: the slot may have been renewed since */
	if (prk && (keys_xp(prk, s.id, xp) || memcmp(xp, s.xp, sizeof xp) != 0))
		prk = NULL;
	if (prk)
		e = make_wrap(o, &s, prk, vrk);
	else if (!(e = body_note_get(b, s.id, &n)))
		e = defer(o, &s, n.auth, vrk);
	if (e)
		return e;
	outer_slot_clear(o, (size_t)i);
	return outer_slot_put(o, (size_t)i, &s);
}

enum err
slotmake_put_note(struct body *b, const struct slotmake_note *n)
{
	struct slot_note note = { 0 };
	enum err e;

	if ((e = body_note_get(b, n->id, &note)) && e != ERR_NOTFOUND)
		return e;
	note.slot_id = SPAN(n->id, 16);
	note.auth = SPAN(n->auth, 32);
	if (n->label.len) {
		note.label = n->label;
		note.labelled = n->now;
	}
	if (n->aaguid.len)
		note.aaguid = n->aaguid;
	if (!note.added)
		note.added = n->now;
	note.last_verified = n->now;
	wire_mark(&slot_note_map, &note);
	return body_note_put(b, &note);
}

/* ---- sealed parts of a generation ---- */
static enum err
backup_key(struct span vrk, const uint8_t g[4], struct sec *key)
{
	return seal_kdf_sec(vrk, "seedbox", SPAN(g, 4), 32, key);
}

enum err
slotmake_seal_backup(struct span vrk, uint32_t g, struct span text, struct buf *box)
{
	struct sec key = { 0 };
	uint8_t ctx[4];
	enum err e;

	put_be32(ctx, g);
	if (!(e = backup_key(vrk, ctx, &key)))
		e = seal_box(sec_span(&key), "backup", SPAN(ctx, 4), text, box);
	sec_done(&key);
	return e;
}

enum err
slotmake_open_backup(struct span vrk, uint32_t g, struct span box, struct sec *text)
{
	struct sec key = { 0 };
	uint8_t ctx[4];
	enum err e;

	put_be32(ctx, g);
	if (!(e = backup_key(vrk, ctx, &key)))
		e = seal_open_sec(sec_span(&key), "backup", SPAN(ctx, 4), box, text);
	sec_done(&key);
	return e;
}

/* ---- a new line ---- */
static enum err
reseal_seed(struct slotmake_line *l, struct span old, struct seed *s)
{
	uint32_t g = (uint32_t)s->generation;
	struct span vrk = sec_span(&l->vrk);
	struct buf box = BUF_INIT, backup = BUF_INIT;
	struct sec seed = { 0 }, text = { 0 };
	enum err e;

	if (!(e = keys_seed_open(old, g, s->box, &seed)) &&
	    !(e = keys_seed_seal(vrk, g, sec_span(&seed), &box)) && s->backup.len &&
	    !(e = slotmake_open_backup(old, g, s->backup, &text)))
		e = slotmake_seal_backup(vrk, g, sec_span(&text), &backup);
	s->box = buf_span(&box);
	if (s->backup.len)
		s->backup = buf_span(&backup);
	if (!e)
		e = body_seed_put(l->body, s);
	sec_done(&seed);
	sec_done(&text);
	buf_done(&box);
	buf_done(&backup);
	return e;
}

static enum err
reseal_item(struct slotmake_line *l, struct span old, struct item *it)
{
	struct keys_item ki = { .id = it->id.p, .rev = (uint32_t)it->rev };
	struct buf box = BUF_INIT;
	struct sec secret = { 0 };
	enum err e;

	if (!(e = keys_item_open(old, &ki, it->secret, &secret)) &&
	    !(e = keys_item_seal(sec_span(&l->vrk), &ki, sec_span(&secret), &box))) {
		it->secret = buf_span(&box);
		e = body_item_put(l->body, it);
	}
	sec_done(&secret);
	buf_done(&box);
	return e;
}

enum err
slotmake_reseal(struct slotmake_line *l, struct span old)
{
	struct item it;
	struct seed s;
	size_t pos = 0;
	enum err e = ERR_OK;

	while (!e && body_seed_next(l->body, &pos, &s))
		e = reseal_seed(l, old, &s);
	pos = 0;
	while (!e && body_item_next(l->body, &pos, &it))
		if (it.secret.len)
			e = reseal_item(l, old, &it);
	return e;
}

static enum err
rewrap_all(struct slotmake_line *l, int at_hand, const struct sec *prk)
{
	enum err e = ERR_OK;

	for (int i = 0; i < OUTER_SLOTS && !e; i++)
		if (outer_slot_ok(l->outer, (size_t)i))
			e = slotmake_rewrap(
			    l->outer, l->body, i, i == at_hand ? prk : NULL, sec_span(&l->vrk));
	return e;
}

enum err
slotmake_new_line(struct vault *v, struct slotmake_line *l, int at_hand, const struct sec *prk)
{
	struct span old = sec_span(&v->open.vrk);
	uint8_t t[LINE_LEN];
	enum err e;

	if ((e = sec_init(&l->vrk, KEYS_VRK)) || (e = sec_random(&l->vrk, KEYS_VRK)))
		return e;
	line_make(old, v->open.outer.vault_id, t);
	if ((e = slotmake_reseal(l, old)) || (e = body_line_add(l->body, t)))
		return e;
	return rewrap_all(l, at_hand, prk);
}
