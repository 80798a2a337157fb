/* key.c - `ownkey-oidc key ...`: which keys there are, another one, the next one. */
#include <strings.h>
#include <time.h>

#include "lib/ops_life.h"
#include "oidc/admin.h"
#include "oidc/web/jput.h"

#define HOUR 32

static const char *const algs[] = { "ES256", "EdDSA", "RS256" };
static const char *const states[] = { "next", "signs", "old" };

/* An old key goes within hours. */
static const char *
when(uint64_t seconds, char out[HOUR])
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, HOUR, "%Y-%m-%d %H:%M UTC", &tm))
		out[0] = '\0';
	return out;
}

static void
put_key(struct jput *j, const struct ops_jwt_key *k)
{
	char day[ADMIN_DAY], hour[HOUR];

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
	printf("\n  %s  %s", algs[k->alg], states[k->state]);
	if (k->since && k->state == JWT_CURRENT)
		printf(" since %s", admin_day(k->since, day));
	if (k->until)
		printf(", shown until %s", when(k->until, hour));
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

static enum err
show(struct oidc_cmd *c)
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
	return e;
}

enum err
oidc_verb_key_list(struct oidc_cmd *c)
{
	enum err e = admin_agent(c);

	if (!e)
		e = show(c);
	admin_close(c);
	return e;
}

/* ---- another one, the next one ---- */
static const char *const purposes[] = { "es256", "eddsa", "rs256" };

/* The purpose of a key in the vault; NULL: all of them. */
static enum err
take_alg(struct oidc_cmd *c, const char **purpose)
{
	const char *said = oidc_cmd_operand(c, 0);

	*purpose = NULL;
	if (strcmp(said, "all") == 0)
		return ERR_OK;
	for (size_t i = 0; i < sizeof purposes / sizeof *purposes; i++)
		if (strcasecmp(said, purposes[i]) == 0) {
			*purpose = purposes[i];
			return ERR_OK;
		}
	return oidc_cmd_wrong(c, ERR_USAGE, "ES256, EdDSA, RS256 or all");
}

/* Where the vault has it: components of a path, "/" and "%" written out. */
static void
put_path(const struct oidc_cmd *c, const char *purpose, struct buf *out)
{
	buf_put_str(out, "oidc/");
	for (const char *p = c->oidc.conf.issuer; *p; p++)
		buf_putf(out, *p == '/' || *p == '%' ? "%%%02X" : "%c", (unsigned char)*p);
	if (purpose)
		buf_putf(out, "/%s", purpose);
}

/* Nobody could be asked here for the token or the phrase, or it is not ours to do. */
static enum err
say_command(struct oidc_cmd *c, enum err e, const char *verb, struct buf *what)
{
	if (e != ERR_EXISTS)
		snprintf(c->hint, sizeof c->hint, "whose vault it is runs '%s %s %.150s'",
		    admin_owner(c), verb, buf_cstr(what));
	return oidc_cmd_wrong(c, e, "nothing was changed");
}

static enum err
rotate(struct oidc_cmd *c, const char *purpose)
{
	struct ops_id_change q = { .force = false };
	struct buf path = BUF_INIT;
	enum err e;

	put_path(c, purpose, &path);
	q.label = buf_span(&path);
	wire_mark(&ops_id_change_map, &q);
	if (!(e = buf_err(&path)) && (e = admin_call(OP_ID_ROTATE, &q, NULL)))
		e = say_command(c, e, "id rotate", &path);
	buf_done(&path);
	return e;
}

enum err
oidc_verb_key_rotate(struct oidc_cmd *c)
{
	const char *purpose;
	enum err e = take_alg(c, &purpose);

	if (!e && !(e = admin_agent(c)) && !(e = rotate(c, purpose)))
		e = show(c);
	admin_close(c);
	return e;
}

static enum err
add(struct oidc_cmd *c, const char *purpose)
{
	struct ops_id_add q = { .service = SPAN_LIT("oidc") };
	struct buf what = BUF_INIT;
	enum err e;

	q.account = span_str(c->oidc.conf.issuer);
	q.purpose = span_str(purpose);
	wire_mark(&ops_id_add_map, &q);
	buf_putf(&what, "oidc %s --purpose %s", c->oidc.conf.issuer, purpose);
	if (!(e = buf_err(&what)) && (e = admin_call(OP_ID_ADD, &q, NULL)))
		e = say_command(c, e, "id add", &what);
	buf_done(&what);
	return e;
}

/* Those that there are stay as they are. */
static enum err
add_missing(struct oidc_cmd *c)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < sizeof purposes / sizeof *purposes && !e; i++)
		if ((e = add(c, purposes[i])) == ERR_EXISTS)
			e = ERR_OK;
	return e;
}

enum err
oidc_verb_key_add(struct oidc_cmd *c)
{
	const char *purpose;
	enum err e = take_alg(c, &purpose);

	if (!e && !(e = admin_agent(c)) && !(e = purpose ? add(c, purpose) : add_missing(c)))
		e = show(c);
	admin_close(c);
	return e;
}
