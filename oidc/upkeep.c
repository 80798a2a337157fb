/* upkeep.c - `ownkey-oidc backup`, `ownkey-oidc key list`. */
#include <limits.h>
#include <stdlib.h>

#include "oidc/admin.h"
#include "oidc/web/jput.h"

enum err
oidc_verb_backup(struct oidc_cmd *c)
{
	const char *path = oidc_cmd_operand(c, 0);
	enum err e = admin_open(c);

	if (!e && (e = db_backup(c->oidc.db, path)))
		e = oidc_cmd_wrong(c, e, "%s", path);
	if (e == ERR_PERMISSION)
		snprintf(c->hint, sizeof c->hint,
		    "it is written by the owner of the store's folder, who must be allowed to");
	if (!e)
		puts("done: accounts, clients and hashes; keys are in the vault's own backup");
	admin_close(c);
	return e;
}

static const char *const algs[] = { "ES256", "EdDSA", "RS256" };
static const char *const states[] = { "next", "signs", "old" };

static void
put_key(struct jput *j, const struct ops_jwt_key *k)
{
	char day[ADMIN_DAY];

	if (j) {
		jput_object(j, NULL);
		jput_text(j, "kid", k->kid);
		jput_text(j, "alg", span_str(algs[k->alg]));
		jput_text(j, "state", span_str(states[k->state]));
		jput_uint(j, "since", k->since);
		jput_uint(j, "until", k->until);
		jput_end(j);
		return;
	}
	admin_put(k->kid);
	printf("  %s  %s", algs[k->alg], states[k->state]);
	if (k->since && k->state == JWT_CURRENT)
		printf(" since %s", admin_day(k->since, day));
	if (k->until)
		printf(" until %s", admin_day(k->until, day));
	putchar('\n');
}

static enum err
put_keys(const struct ops_jwt_keys_rep *rep, struct jput *j)
{
	struct cbor at = wire_each(&rep->keys);
	struct ops_jwt_key k;
	enum err e = ERR_OK;

	for (size_t i = 0; i < rep->keys.n && !e; i++)
		if (!(e = wire_next(&ops_jwt_key_map, &at, &k)))
			put_key(j, &k);
	return e;
}

enum err
oidc_verb_key_list(struct oidc_cmd *c)
{
	struct buf json = BUF_INIT;
	struct jput j = jput_into(&json);
	struct ops_jwt_keys_rep rep;
	enum err e = admin_keys(c, &rep);

	if (!e && !c->args.given[OIDC_ARG_JSON])
		e = put_keys(&rep, NULL);
	else if (!e) {
		jput_object(&j, NULL);
		jput_list(&j, "keys");
		e = put_keys(&rep, &j);
		jput_end(&j);
		jput_end(&j);
		if (!e)
			e = admin_put_json(&json);
	}
	buf_done(&json);
	admin_close(c);
	return e;
}
