/* upgrade.c - after a way in was used. */
#include "agent/vault/upgrade.h"

#include <stdlib.h>
#include <time.h>

#include "agent/vault/slotmake.h"
#include "agent/vault/store.h"
#include "lib/crypto.h"

/* ---- a card that was printed ---- */
static bool
owes(const struct body *b, struct defaults *def)
{
	return !body_value_get(b, BODY_DEFAULTS, &defaults_map, def) && def->owed;
}

void
upgrade_settle(struct delta *d, const struct body *b)
{
	struct defaults def;

	if (!owes(b, &def))
		return;
	def.owed = 0;
	delta_value(d, BODY_DEFAULTS, &defaults_map, &def);
}

static enum err
settle_body(struct body *b)
{
	struct defaults def;

	if (!owes(b, &def))
		return ERR_OK;
	def.owed = 0;
	return body_value_put(b, BODY_DEFAULTS, &defaults_map, &def);
}

enum err
upgrade_note(struct job *j, int slot, bool verified)
{
	struct vault *v = j->v;
	struct delta d = DELTA_INIT;
	struct slot_note n;
	unsigned factors = v->open.outer.slot[slot].factors;
	uint8_t id[16];
	enum err e;

	/* another way in may have this place when the disk is ours */
	memcpy(id, v->open.outer.slot[slot].id, sizeof id);
	if ((e = store_take(j)) || (e = body_note_get(&v->open.body, id, &n)))
		return e;
	n.last_used = (uint64_t)time(NULL);
	if (verified)
		n.last_verified = n.last_used;
	wire_mark(&slot_note_map, &n);
	delta_note(&d, &n);
	if (verified && factors == FACTOR_PHRASE)
		upgrade_settle(&d, &v->open.body);
	e = store_append(j, &d);
	delta_done(&d);
	return e;
}

static enum err
rewrap(struct job *j, const struct way_got *got, struct outer *o, struct body *b)
{
	struct slot *s = malloc(sizeof *s);
	struct slotmake_note n = { .now = (uint64_t)time(NULL) };
	struct store_rewrite w = { .outer = o, .body = b };
	struct keys_factors f;
	struct slotmake_seal k = { .factors = &f, .vrk = sec_span(&j->v->open.vrk) };
	enum err e = ERR_OK;

	if (!s)
		return ERR_NOMEM;
	*s = o->slot[got->slot];
	crypto_random(s->kdf_salt, sizeof s->kdf_salt);
	way_factors(got, &f);
	n.id = s->id;
	n.auth = k.auth;
	outer_slot_clear(o, (size_t)got->slot);
	if (s->factors == FACTOR_PHRASE)
		e = settle_body(b);
	if (!e && !(e = slotmake_seal(o, got->slot, s, &k)) && !(e = slotmake_put_note(b, &n)))
		e = store_rewrite(j, &w);
	sec_zero(&k, sizeof k);
	free(s);
	return e;
}

enum err
upgrade_slot(struct job *j, const struct way_got *got)
{
	struct vault *v = j->v;
	struct outer *o;
	struct body b;
	enum err e;

	if (v->open.outer.slot[got->slot].wrap == WRAP_PLAIN)
		return upgrade_note(j, got->slot, true);
	if (!(o = malloc(sizeof *o)))
		return ERR_NOMEM;
	body_init(&b);
	e = store_take(j);
	*o = v->open.outer;
	if (!e && !(e = body_clone(&v->open.body, &b)))
		e = rewrap(j, got, o, &b);
	body_done(&b);
	free(o);
	return e;
}
