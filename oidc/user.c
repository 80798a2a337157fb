/* user.c - `ownkey-oidc user ...`: people who log in here. */
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "lib/crypto.h"
#include "lib/sec.h"
#include "lib/text.h"
#include "oidc/admin.h"
#include "oidc/db/handle.h"
#include "oidc/login/recover.h"
#include "oidc/login/register.h"
#include "oidc/op/claims.h"
#include "oidc/op/metadata.h"
#include "oidc/op/profile.h"

#define INVITED (24 * 3600) /* seconds that an invitation is good */

/* ---- what is given ---- */
/* Others show it, and sign people in by it: what looks like another name is not taken. */
static enum err
check_name(struct oidc_cmd *c, const char *name)
{
	size_t n = strlen(name);

	snprintf(c->hint, sizeof c->hint,
	    "small letters, digits, dot, hyphen, underscore, @; a letter or digit first");
	if (!n || n > DB_NAME || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-_@") != n ||
	    strchr(".-_@", name[0]))
		return oidc_cmd_wrong(c, ERR_TEXT, "'%.64s' cannot be a name", name);
	c->hint[0] = '\0';
	return ERR_OK;
}

/* A profile URL of IndieAuth 3.2, canonical. */
static enum err
check_me(struct oidc_cmd *c, const char *me, struct buf *out)
{
	enum profile_wrong w = *me ? profile_check_person(span_str(me), out) : PROFILE_OK;

	if (!w)
		return buf_err(out);
	snprintf(c->hint, sizeof c->hint,
	    "a page of theirs, as https://name.example/; one here: %.150s" PATH_PEOPLE "NAME",
	    c->oidc.conf.issuer);
	return oidc_cmd_wrong(c, ERR_TEXT, "--me: %s", profile_text(w));
}

static bool
set_text(json_t *all, const char *name, const char *value)
{
	if (!*value)
		return json_object_del(all, name) == 0 || !json_object_get(all, name);
	return json_object_set_new(all, name, json_string(value)) == 0;
}

/* The owner says that it is theirs: that is all the verifying there is. */
static bool
set_email(json_t *all, const char *value)
{
	return set_text(all, "email", value) &&
	    (*value ? json_object_set_new(all, "email_verified", json_true()) == 0
		    : set_text(all, "email_verified", ""));
}

static enum err
merge(struct oidc_cmd *c, struct span old, struct buf *out)
{
	const struct oidc_args *a = &c->args;
	json_t *all = json_loadb((const char *)old.p, old.len, JSON_REJECT_DUPLICATES, NULL);
	char *text = NULL;
	const char *wrong = NULL;
	bool good = json_is_object(all);

	if (good && a->given[OIDC_ARG_NAME])
		good = set_text(all, "name", a->value[OIDC_ARG_NAME]);
	if (good && a->given[OIDC_ARG_EMAIL])
		good = set_email(all, a->value[OIDC_ARG_EMAIL]);
	if (good && (text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS)))
		buf_put_str(out, text);
	free(text);
	json_decref(all);
	if (!good || claims_check(buf_span(out), &wrong))
		return oidc_cmd_wrong(
		    c, ERR_FORMAT, "claims: %s", wrong ? wrong : "it is not a JSON object");
	return buf_err(out);
}

struct given {
	struct buf file, claims, me;
};

static void
given_done(struct given *g)
{
	buf_done(&g->file);
	buf_done(&g->claims);
	buf_done(&g->me);
}

/* Before root is given away: the file may be root's. */
static enum err
read_file(struct oidc_cmd *c, struct given *g)
{
	const char *path = c->args.value[OIDC_ARG_CLAIMS];

	*g = (struct given){ .file = BUF_INIT };
	return path ? admin_file(c, path, &g->file) : ERR_OK;
}

static enum err
take_given(struct oidc_cmd *c, struct given *g, struct db_account *a)
{
	const char *me = c->args.value[OIDC_ARG_ME];
	enum err e = merge(c, g->file.len ? buf_span(&g->file) : a->claims, &g->claims);

	if (!e && me && !(e = check_me(c, me, &g->me)))
		a->me = buf_span(&g->me);
	a->claims = buf_span(&g->claims);
	return e;
}

/* ---- commands ---- */
static enum err
find(struct oidc_cmd *c, struct db_account *a)
{
	const char *name = oidc_cmd_operand(c, 0);
	enum err e = db_account_find(c->oidc.db, span_str(name), a);

	if (e != ERR_NOTFOUND)
		return e;
	snprintf(c->hint, sizeof c->hint, "'ownkey-oidc user list' shows who is there");
	return oidc_cmd_wrong(c, e, "nobody is called '%.64s'", name);
}

static enum err
add(struct oidc_cmd *c, struct given *g)
{
	const char *name = oidc_cmd_operand(c, 0);
	struct db_account a = {
		.name = span_str(name), .claims = SPAN_LIT("{}"), .created = (uint64_t)time(NULL)
	};
	enum err e;

	crypto_random(a.id, sizeof a.id);
	if ((e = check_name(c, name)) || (e = take_given(c, g, &a)))
		return e;
	if ((e = db_account_add(c->oidc.db, &a)) == ERR_EXISTS)
		return oidc_cmd_wrong(c, e, "that name, or that page, is taken");
	if (e || (e = admin_commit(c)))
		return e;
	printf("%s is there; next: ownkey-oidc user invite %s\n", name, name);
	admin_allow_account(c, a.id);
	return ERR_OK;
}

enum err
oidc_verb_user_add(struct oidc_cmd *c)
{
	struct given g;
	enum err e;

	if (!(e = read_file(c, &g)) && !(e = admin_open(c)))
		e = add(c, &g);
	admin_close(c);
	given_done(&g);
	return e;
}

static enum err
set(struct oidc_cmd *c, struct given *g)
{
	struct db_account a = { .created = 0 };
	enum err e;

	if ((e = find(c, &a)) || (e = take_given(c, g, &a)))
		goto out;
	if ((e = db_account_set(c->oidc.db, &a)) == ERR_EXISTS)
		e = oidc_cmd_wrong(c, e, "that page is somebody else's");
	if (e || (e = admin_commit(c)))
		goto out;
	puts("done");
	admin_allow_account(c, a.id);
out:
	db_row_done(&a);
	return e;
}

enum err
oidc_verb_user_set(struct oidc_cmd *c)
{
	struct given g;
	enum err e;

	if (!(e = read_file(c, &g)) && !(e = admin_open(c)))
		e = set(c, &g);
	admin_close(c);
	given_done(&g);
	return e;
}

/* Opens the store and finds who is meant. */
static enum err
with_user(struct oidc_cmd *c, enum err (*fn)(struct oidc_cmd *c, struct db_account *a))
{
	struct db_account a = { .created = 0 };
	enum err e;

	if (!(e = admin_open(c)) && !(e = find(c, &a)))
		e = fn(c, &a);
	db_row_done(&a);
	admin_close(c);
	return e;
}

/* Off, or on again. */
static enum err
turn(struct oidc_cmd *c, struct db_account *a)
{
	enum err e;

	a->disabled = !c->args.given[OIDC_ARG_UNDO];
	e = db_account_set(c->oidc.db, a);
	if (!e && a->disabled)
		e = db_session_clear(c->oidc.db, a->id, NULL);
	if (e || (e = admin_commit(c)))
		return e;
	puts(a->disabled ? "done: logged out everywhere here, and no tokens any more"
			 : "done: can log in again");
	return ERR_OK;
}

enum err
oidc_verb_user_disable(struct oidc_cmd *c)
{
	return with_user(c, turn);
}

static enum err
remove_one(struct oidc_cmd *c, struct db_account *a)
{
	char hex[2 * DB_ID];
	enum err e;

	if (!c->args.given[OIDC_ARG_YES]) {
		snprintf(c->hint, sizeof c->hint,
		    "with --yes it is done; 'user disable' can be taken back");
		return oidc_cmd_wrong(c, ERR_USAGE,
		    "services would not know '%.64s' again, even with the same name",
		    oidc_cmd_operand(c, 0));
	}
	if ((e = db_account_remove(c->oidc.db, a->id)) || (e = admin_commit(c)))
		return e;
	puts("done");
	text_encode_raw(TEXT_HEX, SPAN(a->id, DB_ID), hex);
	admin_forget(c, JWT_ACCOUNT, SPAN(hex, sizeof hex));
	return ERR_OK;
}

enum err
oidc_verb_user_remove(struct oidc_cmd *c)
{
	return with_user(c, remove_one);
}

/* ---- what works once ---- */
static const char careful[] = " Whoever has it can log in as this person: hand it over safely.\n";

static enum err
invite(struct oidc_cmd *c, struct db_account *a)
{
	struct db_pass p = { .kind = DB_INVITE, .expires = (uint64_t)time(NULL) + INVITED };
	char text[HANDLE_TEXT];
	enum err e;

	if (a->disabled) {
		snprintf(
		    c->hint, sizeof c->hint, "'ownkey-oidc user disable NAME --undo' lets them in");
		return oidc_cmd_wrong(c, ERR_DENIED, "the account is disabled");
	}
	memcpy(p.account, a->id, DB_ID);
	handle_make(HANDLE_INVITE, text, p.hash);
	/* one at a time: an older one that was lost on its way opens nothing */
	if ((e = db_pass_clear(c->oidc.db, a->id, DB_INVITE)) ||
	    (e = db_pass_add(c->oidc.db, &p)) || (e = admin_commit(c)))
		return e;
	printf("%s" PATH_REGISTER "?invite=%s\n", c->oidc.conf.issuer, text);
	fflush(stdout);
	fprintf(stderr,
	    "Good once, for a day, in a browser; without one: ownkey register, which asks for "
	    "it.\n%s",
	    careful + 1);
	sec_zero(text, sizeof text);
	return ERR_OK;
}

enum err
oidc_verb_user_invite(struct oidc_cmd *c)
{
	return with_user(c, invite);
}

static enum err
recovery(struct oidc_cmd *c, struct db_account *a)
{
	char codes[RECOVER_CODES][RECOVER_TEXT];
	enum err e;

	if ((e = recover_renew(c->oidc.db, a->id, codes)) || (e = admin_commit(c)))
		return e;
	for (size_t i = 0; i < RECOVER_CODES; i++)
		puts(codes[i]);
	fflush(stdout);
	fprintf(stderr, "Each is good once; older ones are void.%s", careful);
	sec_zero(codes, sizeof codes);
	return ERR_OK;
}

enum err
oidc_verb_user_recovery(struct oidc_cmd *c)
{
	return with_user(c, recovery);
}
