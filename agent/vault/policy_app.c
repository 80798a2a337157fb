/* policy_app.c - several items at once, for an application that an adapter asks for. */
#include "agent/vault/audit.h"
#include "agent/vault/grants.h"
#include "agent/vault/policy_inner.h"
#include "agent/vault/policy_text.h"
#include "lib/crypto.h"

#define IN_ONE 16 /* entries of the audit log that are written together */

void
policy_who(const struct ops_who *who, uint8_t out[32])
{
	uint8_t head[13] = { 0 };
	const struct span v[] = { SPAN_LIT("ownkey application"), SPAN(head, sizeof head),
		who->app };

	/* one that is not known is its process */
	if (!who->app.len)
		put_be64(head, who->pid);
	head[8] = who->vouched;
	put_be32(head + 9, (uint32_t)who->app.len);
	crypto_sha256v(v, 3, out);
}

/* The program that says what the kernel told it of applications.  Others may say the same: they are
 * asked themselves.  Anybody can have that name, so it never is what runs as an application, which
 * the kernel knows; of what else the same user runs, nothing tells it apart (ownkey(1)). */
bool
policy_is_adapter(const struct client *c)
{
	const char *slash = strrchr(c->label, '/');

	return strcmp(slash ? slash + 1 : c->label, "ownkey-secrets") == 0 &&
	    !applist_is_application(c);
}

bool
policy_client(const struct ops_who *who, struct item_client *ic)
{
	static const char program[] = "program:";

	*ic = (struct item_client){ .has = 0 };
	if (!who->app.len || who->app.len > POLICY_CLIENT)
		return false;
	if (who->vouched)
		ic->unit = who->app;
	else if (span_is(span_sub(who->app, 0, sizeof program - 1), program))
		ic->label = who->app;
	else
		return false;
	wire_mark(&item_client_map, ic);
	return true;
}

/* Without waiting: what has to be asked for it? */
static void
look(struct req *r, const struct use *u, struct use_item *ui)
{
	enum applist_says said;
	struct item it;

	ui->need = USE_FREE;
	if (ui->err || (ui->err = body_item_by_id(&r->v->open.body, ui->id, &it)))
		return;
	ui->had = it.policy.use;
	said = policy_says(r, u, &it);
	if (it.policy.use > USE_TOUCH || said == APPLIST_DENIED)
		ui->err = ERR_DENIED;
	else if (it.policy.use == USE_TOUCH)
		ui->need = USE_TOUCH;
	else if (it.policy.use == USE_ASK_ONCE && said != APPLIST_ALLOWED &&
	    !grants_has(r->v, r->c, u, ui->id))
		ui->need = USE_ASK_ONCE;
}

static size_t
count_need(const struct use_item *v, size_t n, enum item_use need)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += !v[i].err && v[i].need == need;
	return found;
}

/* All that need it have had it, and how it ended. */
static enum err
settle(struct req *r, struct use_item *v, size_t n, enum item_use need, enum err err)
{
	size_t left = count_need(v, n, need);
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && !e; i++) {
		if (v[i].err || v[i].need != need)
			continue;
		/* durable now; as few writes as the log takes */
		if (--left % IN_ONE)
			audit_owe(r, need == USE_TOUCH ? AUDIT_TOUCH : AUDIT_ASK, v[i].id, err);
		else
			e = audit_event(
			    r, need == USE_TOUCH ? AUDIT_TOUCH : AUDIT_ASK, v[i].id, err);
		if (e == err)
			e = ERR_OK;
	}
	for (size_t i = 0; i < n; i++)
		if (!v[i].err && v[i].need == need) {
			v[i].err = err;
			v[i].asked = true;
		}
	return e;
}

static void
collect_labels(
    struct req *r, const struct use_item *v, size_t n, struct policy_about *a, enum item_use need)
{
	struct item it;

	*a = (struct policy_about){ .n = 0 };
	for (size_t i = 0; i < n; i++)
		if (!v[i].err && v[i].need == need &&
		    !body_item_by_id(&r->v->open.body, v[i].id, &it)) {
			if (a->n < POLICY_LABELS)
				a->label[a->n] = it.label;
			a->n++;
		}
}

/* One question for all that need one. */
static enum err
ask_some(struct req *r, const struct use *u, struct use_item *v, size_t n)
{
	struct policy_about about;
	char text[POLICY_TEXT];
	enum err e, told;

	collect_labels(r, v, n, &about, USE_ASK_ONCE);
	policy_text(r, u, &about, text);
	if ((e = job_confirm(r->job, text)) == ERR_NOPROMPT)
		e = policy_touch(r, u);
	if ((told = settle(r, v, n, USE_ASK_ONCE, e)))
		return told;
	for (size_t i = 0; i < n && !e && r->c; i++)
		if (v[i].asked)
			grants_add(r->v, r->c, v[i].id, u);
	return e;
}

/* What somebody of the same application was answered meanwhile: no and silence are for all. */
static bool
was_answered(const struct asking *q, const uint8_t id[16])
{
	for (size_t i = 0; q->answered && i + 16 <= q->ids.len; i += 16)
		if (memcmp(q->ids.p + i, id, 16) == 0)
			return true;
	return false;
}

static void
take_answers(
    struct req *r, const struct use *u, const struct asking *q, struct use_item *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].err || v[i].need != USE_ASK_ONCE)
			continue;
		if (grants_has(r->v, r->c, u, v[i].id))
			v[i].need = USE_FREE;
		else if (was_answered(q, v[i].id))
			v[i].err = q->answer;
	}
}

static enum err
ask_in_turn(struct req *r, const struct use *u, struct asking *q, struct use_item *v, size_t n)
{
	enum err e;

	if (!r->c)
		return ERR_CANCELLED;
	take_answers(r, u, q, v, n);
	if (!count_need(v, n, USE_ASK_ONCE))
		return ERR_OK;
	buf_reset(&q->ids);
	for (size_t i = 0; i < n; i++)
		if (!v[i].err && v[i].need == USE_ASK_ONCE)
			buf_put(&q->ids, v[i].id, 16);
	e = ask_some(r, u, v, n);
	q->answered = e == ERR_REFUSED || e == ERR_TIMEOUT;
	q->answer = e;
	return e;
}

/* An application is asked about one thing at a time: what it wants besides may be in the answer. */
static enum err
ask_all(struct req *r, const struct use *u, struct use_item *v, size_t n)
{
	static const uint8_t anything[16];
	struct asking *q;
	enum err e;

	if (!count_need(v, n, USE_ASK_ONCE))
		return ERR_OK;
	if (!(q = grants_asking(r, u, anything)))
		return ask_some(r, u, v, n);
	q->jobs++;
	if (!(e = turn_take(r->job, &q->turn))) {
		e = ask_in_turn(r, u, q, v, n);
		turn_release(r->job, &q->turn);
	}
	if (--q->jobs == 0)
		buf_done(&q->ids);
	return e;
}

static enum err
touch_all(struct req *r, const struct use *u, struct use_item *v, size_t n)
{
	enum err e, told;

	if (!count_need(v, n, USE_TOUCH))
		return ERR_OK;
	e = policy_touch(r, u);
	told = settle(r, v, n, USE_TOUCH, e);
	return told ? told : e;
}

/* What it was asked for is still so; it is counted as used. */
static void
finish(struct req *r, const struct use *u, struct use_item *ui, bool each)
{
	struct item it;

	if (ui->err || (ui->err = body_item_by_id(&r->v->open.body, ui->id, &it)))
		return;
	if (it.policy.use > ui->had || policy_says(r, u, &it) == APPLIST_DENIED)
		ui->err = ERR_DENIED;
	if (!ui->asked)
		audit_count(r, each ? ui->id : NULL);
	if (!ui->err)
		ui->err = grants_count(r->v, ui->id, it.policy.rate);
}

/* Does it concern the request, not what was asked for? */
static bool
is_fatal(enum err e)
{
	return e == ERR_CANCELLED || e == ERR_AUDIT_WRITE || e == ERR_NOMEM;
}

enum err
policy_use_all(struct req *r, const struct use *u, struct use_item *v, size_t n)
{
	struct use mine = *u;
	uint8_t app[32];
	enum err e;

	if (!r->c)
		return ERR_CANCELLED;
	if (u->who) {
		policy_who(u->who, app);
		mine.through = app;
	}
	for (size_t i = 0; i < n; i++)
		look(r, &mine, &v[i]);
	if (count_need(v, n, USE_ASK_ONCE) || count_need(v, n, USE_TOUCH))
		REQ_MUST_WAIT(r);
	if (((e = ask_all(r, &mine, v, n)) && is_fatal(e)) ||
	    ((e = touch_all(r, &mine, v, n)) && is_fatal(e)))
		return e;
	for (size_t i = 0; i < n; i++)
		finish(r, &mine, &v[i], n <= IN_ONE);
	return r->c ? ERR_OK : ERR_CANCELLED;
}

void
policy_grant(struct req *r, const struct ops_who *who, const uint8_t id[16])
{
	struct use u = { .who = who };
	struct item_client ic;
	uint8_t app[32];

	if (r->c && who && policy_is_adapter(r->c) && policy_client(who, &ic))
		return; /* it is in the list */
	if (who) {
		policy_who(who, app);
		u.through = app;
	}
	if (r->c)
		grants_add(r->v, r->c, id, &u);
}
