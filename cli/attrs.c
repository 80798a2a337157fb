/* attrs.c - attributes of a secret. */
#include "cli/attrs.h"

#include "lib/text.h"

#define NAME_LONGEST  255
#define VALUE_LONGEST 8191

enum err
attrs_put(struct attrs *a, struct span name, struct span value)
{
	struct ops_pair p = { .name = name, .value = value };
	size_t i = 0;

	if (name.len == 0 || name.len > NAME_LONGEST || value.len > VALUE_LONGEST)
		return ERR_TOOBIG;
	if (!text_is_utf8(name) || !text_is_utf8(value))
		return ERR_TEXT;
	while (i < a->n && !span_eq(a->pair[i].name, name))
		i++;
	if (i == OPS_SECRET_ATTRS)
		return ERR_TOOBIG;
	wire_mark(&ops_pair_map, &p);
	a->pair[i] = p;
	a->n += i == a->n;
	return ERR_OK;
}

enum err
attrs_from_args(struct cli *c, struct attrs *a)
{
	*a = (struct attrs){ .n = 0 };
	for (size_t i = 0; i < c->args.nlist; i++) {
		const char *text = c->args.list[i].value, *is = strchr(text, '=');
		enum err e;

		if (c->args.list[i].which != ARG_ATTR)
			continue;
		if (!is || is == text)
			return cli_wrong(c, "--attr takes NAME=VALUE, not '%.40s'", text);
		e = attrs_put(a, SPAN(text, (size_t)(is - text)), span_str(is + 1));
		if (e)
			return e;
	}
	return ERR_OK;
}

enum err
attrs_put_otp(struct attrs *a, const struct otp_given *g)
{
	enum err e;

	snprintf(a->number[0], sizeof a->number[0], "%u", (unsigned)g->otp.digits);
	snprintf(a->number[1], sizeof a->number[1], "%u", (unsigned)g->otp.period);
	if ((e = attrs_put(a, SPAN_LIT("kind"), SPAN_LIT("otpauth"))) ||
	    (e = attrs_put(a, SPAN_LIT("algorithm"), span_str(otp_alg_name(g->otp.alg)))) ||
	    (e = attrs_put(a, SPAN_LIT("digits"), span_str(a->number[0]))) ||
	    (e = attrs_put(a, SPAN_LIT("period"), span_str(a->number[1]))))
		return e;
	if (g->issuer[0] && (e = attrs_put(a, SPAN_LIT("issuer"), span_str(g->issuer))))
		return e;
	return g->account[0] ? attrs_put(a, SPAN_LIT("account"), span_str(g->account)) : ERR_OK;
}

struct wire_list
attrs_list(const struct attrs *a)
{
	return (struct wire_list){ .v = a->n ? a->pair : NULL, .n = a->n };
}

enum err
attrs_find(const struct wire_list *l, struct span name, struct span *value)
{
	struct cbor at = wire_each(l);
	struct ops_pair p;

	while (!cbor_at_end(&at) && !wire_next(&ops_pair_map, &at, &p))
		if (span_eq(p.name, name)) {
			*value = p.value;
			return ERR_OK;
		}
	return ERR_NOTFOUND;
}
