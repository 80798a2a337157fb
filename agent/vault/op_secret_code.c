/* op_secret_code.c - what is known of a secret, and codes of a seed that stays here. */
#include <time.h>

#include "agent/vault/itemop.h"
#include "agent/vault/keyring.h"
#include "agent/vault/op.h"
#include "agent/vault/policy.h"
#include "lib/otp.h"
#include "lib/text.h"

/* ---- show ---- */
enum err
op_secret_show(struct req *r)
{
	static struct ops_pair pair[ITEM_ATTRS];
	const struct ops_sel *in = r->in;
	struct ops_secret_show_rep rep = { .attributes.v = pair };
	struct ops_item row;
	struct buf mem = BUF_INIT;
	struct item it;
	struct item_attr a;
	struct cbor c;
	enum err e;

	if ((e = itemop_find(r->v, ITEM_SECRET, in->label, &it)))
		return e;
	if (!buf_room(&mem, ITEMOP_ROW))
		return ERR_NOMEM;
	itemop_row(r->v, &it, &mem, &row);
	rep.item = (struct wire_list){ .v = &row, .n = 1 };
	c = wire_each(&it.attributes);
	while (!e && !cbor_at_end(&c) && rep.attributes.n < ITEM_ATTRS)
		if (!(e = wire_next(&item_attr_map, &c, &a))) {
			pair[rep.attributes.n] =
			    (struct ops_pair){ .name = a.name, .value = a.value };
			wire_mark(&ops_pair_map, &pair[rep.attributes.n++]);
		}
	wire_mark(&ops_secret_show_rep_map, &rep);
	if (!e)
		e = req_reply(r, &rep);
	buf_done(&mem);
	return e;
}

/* ---- code ---- */
static enum err
take_setting(const struct item_attr *a, struct otp *o, bool *kind)
{
	if (span_is(a->name, "kind"))
		*kind = span_is(a->value, "otpauth");
	else if (span_is(a->name, "algorithm"))
		return otp_alg_find(a->value, &o->alg);
	else if (span_is(a->name, "digits"))
		return otp_number(a->value, OTP_DIGITS_MIN, OTP_DIGITS_MAX, &o->digits);
	else if (span_is(a->name, "period"))
		return otp_number(a->value, 1, OTP_PERIOD_MAX, &o->period);
	return ERR_OK;
}

/* How the codes of this secret are made, by its attributes; *kind: they say that it is a seed. */
static enum err
read_settings(const struct item *it, struct otp *o, bool *kind)
{
	struct cbor c = wire_each(&it->attributes);
	struct item_attr a;
	enum err e = ERR_OK;

	*o = OTP_USUAL;
	*kind = false;
	while (!e && !cbor_at_end(&c))
		if (!(e = wire_next(&item_attr_map, &c, &a)))
			e = take_setting(&a, o, kind);
	return *kind || !e ? e : ERR_OTP_NONE;
}

/* Other programs keep the whole address as the secret: that is good, too. */
static enum err
open_seed(struct vault *v, const struct item *it, struct otp_given *g)
{
	static const char scheme[] = "otpauth://";
	struct sec value = { 0 };
	struct otp o;
	bool kind;
	enum err e;

	if ((e = read_settings(it, &o, &kind)) || (e = keyring_secret(v, it, &value)))
		return e;
	if (!kind && !span_is(span_sub(sec_span(&value), 0, sizeof scheme - 1), scheme))
		e = ERR_OTP_NONE;
	else if (!(e = otp_parse(sec_span(&value), g)) &&
	    !span_is(span_sub(sec_span(&value), 0, sizeof scheme - 1), scheme))
		g->otp = o;
	sec_done(&value);
	return e;
}

static enum err
answer(struct req *r, const struct item *it)
{
	static struct otp_given given; /* the names in it are large */
	struct ops_secret_code_rep rep = { .has = 0 };
	char code[OTP_DIGITS_MAX + 1];
	uint64_t now = (uint64_t)time(NULL);
	enum err e;

	given = (struct otp_given){ .seed = { 0 } };
	if ((e = open_seed(r->v, it, &given)))
		return e;
	otp_code(&given.otp, sec_span(&given.seed), now, code);
	rep.code = span_str(code);
	rep.period = given.otp.period;
	rep.left = rep.period - now % rep.period;
	wire_mark(&ops_secret_code_rep_map, &rep);
	e = req_reply(r, &rep);
	vault_touch(r->v);
	sec_done(&given.seed);
	sec_zero(code, sizeof code);
	return e;
}

enum err
op_secret_code(struct req *r)
{
	const struct ops_sel *in = r->in;
	struct use u = { .verb = "make a one-time code of", .request = in->label };
	struct itemop_agreed agreed;
	struct item it;
	enum err e;

	if ((e = itemop_find(r->v, ITEM_SECRET, in->label, &it)))
		return e;
	u.item = &it;
	itemop_agree(&it, &agreed);
	if ((e = policy_use(r, &u)))
		return e;
	if (r->job && (e = itemop_again(r->v, &agreed, &it)))
		return e;
	return answer(r, &it);
}
