/*
 * op_portal.c - the secret of an application for the Secret portal (lib/ops_entry.h): what was
 * moved in from another service wins, else portal/APP/secret is derived, and listed from then on.
 */
#include <stdio.h>

#include "agent/vault/applist.h"
#include "agent/vault/audit.h"
#include "agent/vault/derive.h"
#include "agent/vault/entry.h"
#include "agent/vault/identity.h"
#include "agent/vault/job.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "agent/vault/store.h"
#include "lib/text.h"

#define SCHEMA	"org.freedesktop.impl.portal.Secret"
#define PURPOSE "secret"
#define VERB	"have the secret of its sandbox"

/* ---- where it is ---- */
static bool
is_of_app(const struct item *it, struct span app)
{
	struct entry en;
	bool schema = false, id = false;

	if (!entry_is(it) || !entry_read(it, &en) || en.removed)
		return false;
	for (size_t i = 0; i < en.nattr; i++) {
		schema = schema ||
		    (span_is(en.attr[i].name, "xdg:schema") && span_is(en.attr[i].value, SCHEMA));
		id = id || (span_is(en.attr[i].name, "app_id") && span_eq(en.attr[i].value, app));
	}
	return schema && id;
}

/* Imported; the one that was changed last, should there be several. */
static bool
find_entry(const struct vault *v, struct span app, struct item *out)
{
	bool found = false;
	struct item it;
	size_t pos = 0;

	while (body_item_next(&v->open.body, &pos, &it))
		if (it.kind == ITEM_SECRET && is_of_app(&it, app) &&
		    (!found || it.mtime > out->mtime)) {
			*out = it;
			found = true;
		}
	return found;
}

static enum err
make_identity(struct req *r, struct span app, struct identity *id)
{
	struct identity_want w = { .format = &format_portal, .account = app };
	struct seed s;
	enum err e;

	w.key = format_key(&format_portal, SPAN_LIT(PURPOSE));
	if ((e = body_seed_last(&r->v->open.body, &s)))
		return e;
	w.generation = s.generation;
	return identity_make(id, &w);
}

static enum err
find(struct req *r, struct span app, const struct identity *id, struct item *it)
{
	if (find_entry(r->v, app, it))
		return ERR_OK;
	return itemop_find(r->v, ITEM_KEY, buf_span(&id->label), it);
}

/* Added when it is first asked for; one append. */
static enum err
add(struct req *r, struct span app, struct identity *id)
{
	struct delta d = DELTA_INIT;
	struct item other;
	enum err e;

	if ((e = store_take(r->job)))
		return e;
	if (find(r, app, id, &other) == ERR_OK) {
		store_release(r->job);
		return ERR_OK;
	}
	audit_about(r, id->fresh.id);
	delta_item(&d, &id->item);
	e = store_append(r->job, &d);
	delta_done(&d);
	store_release(r->job);
	return e;
}

/* ---- who may have it ---- */
/* The application itself: its sandbox, or the portal that asks for it. */
static bool
is_itself(const struct req *r, const struct ops_portal *in)
{
	static const char flatpak[] = "flatpak:";
	const size_t n = sizeof flatpak - 1;
	struct span who = in->who.app;

	return policy_is_adapter(r->c) && in->who.vouched && who.len == n + in->app.len &&
	    memcmp(who.p, flatpak, n) == 0 && memcmp(who.p + n, in->app.p, in->app.len) == 0;
}

/* One that is not there yet: what failed has added nothing, so the person comes first. */
static enum err
agree_new(struct req *r, const struct item *it)
{
	const struct ops_portal *in = r->in;
	struct use u = { .item = it, .verb = VERB, .request = in->app };
	uint8_t app[32];

	if (is_itself(r, in))
		return ERR_OK;
	if (wire_has(&ops_portal_map, in, "who")) {
		policy_who(&in->who, app);
		u.who = &in->who;
		u.through = app;
	}
	return policy_use(r, &u);
}

static enum err
agree(struct req *r, const struct item *it)
{
	const struct ops_portal *in = r->in;
	struct use u = { .verb = VERB, .request = in->app };
	struct use_item ui = { .err = ERR_OK };
	enum err e;

	if (itemop_is_retired(it))
		return ERR_DENIED;
	if (is_itself(r, in) && it->policy.use <= USE_ASK_ONCE &&
	    applist_of_app(it, in->who.app) != APPLIST_DENIED) {
		audit_count(r, it->id.p);
		return ERR_OK;
	}
	memcpy(ui.id, it->id.p, sizeof ui.id);
	u.who = wire_has(&ops_portal_map, in, "who") ? &in->who : NULL;
	e = policy_use_all(r, &u, &ui, 1);
	return e ? e : ui.err;
}

static enum err
hand_out(struct req *r, const struct item *it)
{
	struct ops_secret_rep rep = { .has = 0 };
	struct sec value = { 0 };
	struct format_in key;
	enum err e;

	if (it->kind == ITEM_KEY) {
		if ((e = itemop_key(r->v, it, &key)))
			return e;
		rep.value = key.priv;
	} else {
		if ((e = keyring_secret(r->v, it, &value)))
			return e;
		rep.value = sec_span(&value);
	}
	wire_mark(&ops_secret_rep_map, &rep);
	e = req_reply(r, &rep);
	sec_done(&value);
	vault_touch(r->v);
	return e;
}

static enum err
serve(struct req *r, const struct ops_portal *in, struct identity *id)
{
	struct itemop_agreed agreed;
	struct item it;
	enum err e;

	if (find(r, in->app, id, &it)) {
		REQ_MUST_WAIT(r);
		if ((e = agree_new(r, &id->item)) || (e = add(r, in->app, id)) ||
		    (e = find(r, in->app, id, &it)))
			return e;
		if (memcmp(it.id.p, id->fresh.id, ITEM_ID_LEN) == 0)
			return hand_out(r, &it);
		/* somebody else was faster */
	}
	itemop_agree(&it, &agreed);
	if ((e = agree(r, &it)))
		return e;
	if (r->job && (e = itemop_again(r->v, &agreed, &it)))
		return e;
	return hand_out(r, &it);
}

enum err
op_portal_secret(struct req *r)
{
	const struct ops_portal *in = r->in;
	struct identity id;
	struct derive_path path = {
		.service = SPAN_LIT("portal"), .account = in->app, .purpose = SPAN_LIT(PURPOSE)
	};
	enum err e;

	if ((e = derive_path_check(&path)) || (e = make_identity(r, in->app, &id)))
		return e;
	e = serve(r, in, &id);
	identity_done(&id);
	return e;
}
