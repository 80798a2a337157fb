/* backup_item.c - one item in a backup. */
#include "agent/vault/backup_item.h"

#include "agent/format/format.h"
#include "agent/vault/body_parts.h"
#include "agent/vault/derive.h"
#include "agent/vault/epochs.h"
#include "agent/vault/keyring.h"
#include "agent/vault/keys.h"
#include "lib/text.h"

/* ---- the value ---- */
/* Text that an editor shows as it is, so that a password can be read and typed. */
static bool
is_plain_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\t') || s.p[i] == 0x7f)
			return false;
	return text_is_utf8(s);
}

static void
put_value(struct agejson *j, struct span value)
{
	if (is_plain_text(value))
		agejson_text(j, "value", value);
	else
		agejson_base64(j, "base64", value);
}

static enum err
put_secret(struct backup *b, const struct item *it)
{
	struct keys_item ki = { .id = it->id.p, .rev = (uint32_t)it->rev };
	struct sec secret = { 0 };
	enum err e;

	if (!it->secret.len)
		return ERR_OK;
	if (!(e = keys_item_open(sec_span(&b->vrk), &ki, it->secret, &secret)))
		put_value(&b->json, sec_span(&secret));
	sec_done(&secret);
	return e;
}

/* ---- derived keys ---- */
static enum err
derive_epoch(struct backup *b, const struct item *it, const struct item_epoch *ep, struct sec *key)
{
	struct derive_path p = { .service = it->origin.service,
		.account = it->origin.account,
		.purpose = it->origin.purpose,
		.epoch = (uint32_t)ep->epoch };
	const struct sec *root;
	enum err e;

	if ((e = keyring_root(b->v, (uint32_t)ep->generation, &root)))
		return e;
	return derive_key(root, &p, it->origin.alg, key);
}

static bool
is_password(struct span alg)
{
	return alg.len > 9 && span_is(span_sub(alg, 0, 9), "password.");
}

static enum err
put_epoch(struct backup *b, const struct item *it, const struct item_epoch *ep)
{
	static const char *const states[] = { "active", "retired", "revoked" };
	struct agejson *j = &b->json;
	struct sec key = { 0 };
	enum err e;

	agejson_open(j, NULL, '{');
	agejson_number(j, "epoch", ep->epoch);
	agejson_number(j, "generation", ep->generation);
	agejson_text(j, "state", span_str(ep->state < 3 ? states[ep->state] : "unknown"));
	agejson_time(j, "since", ep->created);
	e = derive_epoch(b, it, ep, &key);
	if (!e && is_password(it->origin.alg))
		agejson_text(j, "password", sec_span(&key));
	else if (!e)
		agejson_hex(j, "private", sec_span(&key));
	agejson_close(j, '}');
	sec_done(&key);
	return e;
}

static enum err
put_epochs(struct backup *b, const struct item *it)
{
	struct epochs all;
	enum err e;

	if ((e = epochs_load(it, &all)))
		return e;
	agejson_open(&b->json, "epochs", '[');
	for (size_t i = 0; i < all.n && !e; i++)
		e = put_epoch(b, it, &all.v[i]);
	agejson_close(&b->json, ']');
	epochs_done(&all);
	return e;
}

/* ---- as programs want it ---- */
static enum err
put_form(struct backup *b, const struct format_export *x, const struct format_in *in)
{
	struct agejson *j = &b->json;
	struct sec data = { 0 };
	enum err e;

	agejson_open(j, NULL, '{');
	agejson_text(j, "form", span_str(x->name));
	agejson_text(j, "where", span_str(x->help));
	if (x->file[0])
		agejson_text(j, "file", span_str(x->file));
	if (!(e = x->fn(in, &data)))
		put_value(j, sec_span(&data));
	agejson_close(j, '}');
	sec_done(&data);
	return e;
}

/* Of the epoch in use. */
static enum err
put_forms(struct backup *b, const struct item *it)
{
	const struct format *f = format_find(it->origin.service);
	struct item_epoch ep;
	struct sec key = { 0 };
	struct buf pub = BUF_INIT;
	struct format_in in = { .account = it->origin.account };
	enum err e;

	if (!f || !format_export(f, it->origin.purpose, SPAN_NONE))
		return ERR_OK;
	epochs_current(it, &ep);
	if (!(e = derive_epoch(b, it, &ep, &key)) &&
	    !(e = derive_public(it->origin.alg, sec_span(&key), &pub)) && !(e = buf_err(&pub))) {
		in.priv = sec_span(&key);
		in.pub = buf_span(&pub);
		agejson_open(&b->json, "forms", '[');
		for (size_t i = 0; i < f->nexport && !e; i++)
			if (span_is(it->origin.purpose, f->export[i].purpose))
				e = put_form(b, &f->export[i], &in);
		agejson_close(&b->json, ']');
	}
	buf_done(&pub);
	sec_done(&key);
	return e;
}

static enum err
put_derived(struct backup *b, const struct item *it)
{
	struct agejson *j = &b->json;
	enum err e;

	agejson_text(j, "service", it->origin.service);
	agejson_text(j, "account", it->origin.account);
	agejson_text(j, "purpose", it->origin.purpose);
	agejson_text(j, "algorithm", it->origin.alg);
	if ((e = put_epochs(b, it)))
		return e;
	return put_forms(b, it);
}

/* ---- the rest ---- */
static void
put_public(struct agejson *j, const struct item *it)
{
	struct cbor c = cbor_from(it->public_part);
	struct span text;

	if (it->public_part.len && !cbor_get_text(&c, &text))
		agejson_text(j, "public", text);
}

static void
put_attributes(struct agejson *j, const struct item *it)
{
	struct cbor c = wire_each(&it->attributes);
	struct item_attr a;

	if (!it->attributes.n)
		return;
	agejson_open(j, "attributes", '[');
	while (!cbor_at_end(&c) && !wire_next(&item_attr_map, &c, &a)) {
		agejson_open(j, NULL, '{');
		agejson_text(j, "name", a.name);
		agejson_text(j, "value", a.value);
		agejson_close(j, '}');
	}
	agejson_close(j, ']');
}

/* The item as the vault keeps it, without its secret, which stands beside it. */
static enum err
put_record(struct agejson *j, const struct item *it)
{
	struct item bare = *it;
	struct buf raw = BUF_INIT;
	enum err e;

	bare.secret = SPAN_NONE;
	if (!(e = body_item_encode(&bare, &raw)))
		agejson_base64(j, "record", buf_span(&raw));
	buf_done(&raw);
	return e;
}

static const char *
kind_name(const struct item *it)
{
	static const char *const names[] = { "key", "secret", "contact", "succession log",
		"audience or account of an issuer" };

	return it->kind <= 5 ? names[it->kind - 1] : "unknown";
}

enum err
backup_item_put(struct backup *b, const struct item *it)
{
	struct agejson *j = &b->json;
	enum err e;

	agejson_open(j, NULL, '{');
	agejson_text(j, "kind", span_str(kind_name(it)));
	agejson_text(j, "name", it->label);
	agejson_time(j, "changed", it->mtime);
	put_public(j, it);
	put_attributes(j, it);
	if ((e = put_secret(b, it)))
		return e;
	if (it->origin.kind == ORIGIN_DERIVED && it->origin.service.len && (e = put_derived(b, it)))
		return e;
	if ((e = put_record(j, it)))
		return e;
	agejson_close(j, '}');
	return j->err;
}
