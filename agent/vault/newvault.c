/* newvault.c - a vault that is being made. */
#include "agent/vault/newvault.h"

#include <stdio.h>
#include <time.h>

#include "agent/slot/slot.h"
#include "lib/crypto.h"
#include "lib/text.h"

enum err
newvault_begin(struct newvault *n)
{
	struct outer_new fresh = { .rp_id = SLOT_RP_ID };
	enum err e;

	*n = (struct newvault){ .now = (uint64_t)time(NULL) };
	crypto_random(fresh.vault_id, sizeof fresh.vault_id);
	crypto_random(fresh.prf_salt, sizeof fresh.prf_salt);
	crypto_random(fresh.hard_salt, sizeof fresh.hard_salt);
	crypto_random(n->phrase_id, sizeof n->phrase_id);
	body_init(&n->body);
	if ((e = outer_init(&n->outer, &fresh)) || (e = sec_init(&n->vrk, KEYS_VRK)))
		return e;
	return sec_random(&n->vrk, KEYS_VRK);
}

void
newvault_done(struct newvault *n)
{
	body_done(&n->body);
	sec_done(&n->vrk);
}

/* ---- what must be true before anything is asked ---- */
enum err
newvault_check(const struct newvault_ways *w)
{
	unsigned ways = (w->phrase ? 1u : 0) + (w->ways & OPS_WAY_TOKEN ? 1u : 0) +
	    ((w->ways & OPS_WAY_PASS) && !w->and_pass ? 1u : 0);

	if (w->token_label.len && !text_is_name(w->token_label))
		return ERR_TEXT;
	if (w->and_pass && !(w->ways & OPS_WAY_TOKEN))
		return ERR_USAGE;
	if (ways == 0)
		return ERR_LASTSLOT;
	return ways < 2 && !w->one_way_in ? ERR_ONEWAY : ERR_OK;
}

enum err
newvault_none_yet(struct job *j)
{
	struct buf bytes = BUF_INIT;
	enum err e = store_read(j, &bytes);

	buf_done(&bytes);
	return e == ERR_NOVAULT ? ERR_OK : e ? e : ERR_VAULT_EXISTS;
}

/* ---- ways in ---- */
static enum err
add_slot(struct newvault *n, struct slot *s, const struct keys_factors *f,
    const struct slotmake_note *about)
{
	struct slotmake_note note = *about;
	struct slotmake_seal k = { .factors = f, .vrk = sec_span(&n->vrk) };
	enum err e;

	note.id = s->id;
	note.auth = k.auth;
	note.now = n->now;
	if (!(e = slotmake_seal(&n->outer, n->next, s, &k)))
		e = slotmake_put_note(&n->body, &note);
	sec_zero(&k, sizeof k);
	n->next++;
	return e;
}

static void
fill_want(const struct newvault *n, const struct newvault_ways *w, struct enrol_want *want)
{
	*want = (struct enrol_want){ .outer = &n->outer,
		.replaces = -1,
		.path = w->token,
		.no_pin = w->no_pin,
		.force = w->force,
		.argon_m = (uint32_t)w->argon_m,
		.argon_t = (uint32_t)w->argon_t };
}

static enum err
enrol_token_slot(struct newvault *n, struct job *j, const struct newvault_ways *w)
{
	struct slotmake_note about = { .label = SPAN_LIT("token") };
	struct sec f1 = { 0 }, f2 = { 0 };
	struct enrol_report rep;
	struct enrol_want want;
	struct slot s;
	enum err e;

	fill_want(n, w, &want);
	slotmake_new(&s, n->now);
	e = enrol_token(j, &want, &s, &f1, &rep);
	if (!e && w->and_pass)
		e = enrol_passphrase(j, &want, &s, &f2);
	if (!e) {
		struct keys_factors f = { .token = sec_span(&f1), .passphrase = sec_span(&f2) };

		if (w->token_label.len)
			about.label = w->token_label;
		about.aaguid = SPAN(rep.aaguid, 16);
		snprintf(n->note, sizeof n->note, "%s", rep.note);
		e = add_slot(n, &s, &f, &about);
	}
	sec_done(&f1);
	sec_done(&f2);
	return e;
}

static enum err
enrol_passphrase_slot(struct newvault *n, struct job *j, const struct newvault_ways *w)
{
	struct slotmake_note about = { .label = SPAN_LIT("passphrase") };
	struct enrol_want want;
	struct sec f2 = { 0 };
	struct slot s;
	enum err e;

	fill_want(n, w, &want);
	slotmake_new(&s, n->now);
	if (!(e = enrol_passphrase(j, &want, &s, &f2))) {
		struct keys_factors f = { .passphrase = sec_span(&f2) };

		e = add_slot(n, &s, &f, &about);
	}
	sec_done(&f2);
	return e;
}

enum err
newvault_enrol(struct newvault *n, struct job *j, const struct newvault_ways *w)
{
	enum err e = ERR_OK;

	if (w->ways & OPS_WAY_TOKEN)
		e = enrol_token_slot(n, j, w);
	if (!e && (w->ways & OPS_WAY_PASS) && !w->and_pass)
		e = enrol_passphrase_slot(n, j, w);
	return e;
}

enum err
newvault_phrase(struct newvault *n, struct span rec)
{
	struct slotmake_note about = { .label = SPAN_LIT("recovery phrase") };
	struct keys_factors f = { .recovery = rec };
	struct slot s;

	slotmake_new(&s, n->now);
	memcpy(s.id, n->phrase_id, sizeof s.id);
	s.factors = FACTOR_PHRASE;
	return add_slot(n, &s, &f, &about);
}

/* ---- the rest ---- */
static enum err
put_audit(struct newvault *n)
{
	static const uint8_t zero[32];
	uint8_t key[32];
	struct audit a = { .key = SPAN(key, 32), .head = SPAN(zero, 32) };
	enum err e;

	crypto_random(key, sizeof key);
	e = body_value_put(&n->body, BODY_AUDIT, &audit_map, &a);
	sec_zero(key, sizeof key);
	return e;
}

enum err
newvault_defaults(struct newvault *n, const struct defaults *def)
{
	enum err e = ERR_OK;

	if (!body_raw(&n->body, BODY_AUDIT).len)
		e = put_audit(n);
	if (!e && !body_raw(&n->body, BODY_DEFAULTS).len)
		e = body_value_put(&n->body, BODY_DEFAULTS, &defaults_map, def);
	return e;
}

enum err
newvault_write(struct newvault *n, struct job *j)
{
	struct store_rewrite w = {
		.outer = &n->outer, .body = &n->body, .vrk = &n->vrk, .create = true
	};

	return store_rewrite(j, &w);
}
