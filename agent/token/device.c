/* token.c - opening, the job, events. */
#include "agent/token/token.h"

#include "lib/buf.h"
#include "lib/chan.h"

/* An answer to INIT and getInfo needs nobody's touch. */
#define OPEN_QUIET_MS 3000
#define OPEN_TRIES    3
#define BUSY_TRIES    25
#define BUSY_STEP_MS  200
#define RETRIES_LOW   3
#define AFTER_MS      3000 /* to read the tries left although the job's time is over */

/* --- events --- */

void
token_send(const struct token *t, struct token_event *ev)
{
	struct buf b = BUF_INIT;

	wire_mark(&token_event_map, ev);
	if (t->out >= 0 && wire_encode(&token_event_map, ev, &b) == ERR_OK &&
	    chan_send(t->out, buf_span(&b)) != ERR_OK)
		buf_reset(&b); /* the vault is gone, and with it whoever wanted to know */
	buf_done(&b);
}

void
token_fail(const struct token *t, enum err e)
{
	struct token_event ev = { .kind = TOKEN_EV_ERROR, .err = e };

	if (t->has_retries) {
		ev.retries = t->retries;
		wire_set(&token_event_map, &ev, "retries");
	}
	token_send(t, &ev);
}

static void
on_keepalive(void *arg, bool touch)
{
	const struct token *t = arg;
	struct token_event ev = { .kind = touch ? TOKEN_EV_TOUCH : TOKEN_EV_WORKING };

	token_send(t, &ev);
}

/* --- the job --- */

enum need { NEED_RP = 1, NEED_CDH = 2, NEED_PIN = 4, NEED_NEWPIN = 8, NEED_USER = 16 };

static const struct verb {
	unsigned needs;
	bool u2f; /* may be asked of an old token too */
	enum err (*run)(struct token *t);
} verbs[] = {
	[TOKEN_INFO] = { 0, true, token_info },
	[TOKEN_ASSERT] = { NEED_RP | NEED_CDH, false, token_assert },
	[TOKEN_MAKE] = { NEED_RP | NEED_CDH | NEED_USER, false, token_make },
	[TOKEN_PIN_SET] = { NEED_NEWPIN, false, token_pin_set },
	[TOKEN_PIN_CHANGE] = { NEED_PIN | NEED_NEWPIN, false, token_pin_change },
	[TOKEN_SELECT] = { 0, false, token_select },
};

static const struct verb *
get_verb(const struct token_job *job)
{
	if (job->op >= sizeof verbs / sizeof *verbs || verbs[job->op].run == NULL)
		return NULL;
	return &verbs[job->op];
}

static enum err
check_job(const struct token_job *job)
{
	const struct verb *v = get_verb(job);
	unsigned has = 0;

	if (v == NULL)
		return ERR_USAGE;
	has |= job->rp_id.len > 0 ? NEED_RP : 0U;
	has |= job->cdh.len > 0 ? NEED_CDH : 0U;
	has |= job->pin.len > 0 ? NEED_PIN : 0U;
	has |= job->newpin.len > 0 ? NEED_NEWPIN : 0U;
	has |= job->user.len > 0 && job->user_id.len > 0 ? NEED_USER : 0U;
	if ((v->needs & ~has) != 0 || job->path.len == 0 ||
	    (job->uv == TOKEN_UV_PIN && job->pin.len == 0))
		return ERR_USAGE;
	if (job->salt.len != 0 && job->salt.len != 32 && job->salt.len != 64)
		return ERR_RANGE;
	return ERR_OK;
}

/* The library takes strings: what stands behind a NUL would be dropped without a word. */
static enum err
copy_pin(struct sec *dst, struct span pin)
{
	enum err e;

	if (pin.len == 0)
		return ERR_OK;
	if (pin.len < 4 || pin.len > 63 || memchr(pin.p, '\0', pin.len) != NULL)
		return ERR_PIN_POLICY;
	if ((e = sec_init(dst, pin.len + 1)) != ERR_OK)
		return e;
	return sec_set(dst, pin);
}

enum err
token_init(struct token *t, const struct token_job *job, int out)
{
	enum err e;

	*t = (struct token){ .job = job, .out = out };
	t->port.fd = t->port.ctl = -1;
	if ((e = check_job(job)) != ERR_OK)
		return e;
	if (job->rp_id.len >= sizeof t->rp_id || job->path.len >= TOKEN_PATH_MAX)
		return ERR_TOOBIG;
	if (job->rp_id.len > 0)
		memcpy(t->rp_id, job->rp_id.p, job->rp_id.len);
	if ((e = copy_pin(&t->pin, job->pin)) != ERR_OK)
		return e;
	return copy_pin(&t->newpin, job->newpin);
}

enum err
token_get_creds(const struct token *t, struct token_creds *c)
{
	struct cbor cur = wire_each(&t->job->creds);
	enum err e;

	c->n = 0;
	while (!cbor_at_end(&cur)) {
		if (c->n == TOKEN_CREDS_MAX)
			return ERR_TOOBIG;
		if ((e = cbor_get_bytes(&cur, &c->v[c->n])) != ERR_OK)
			return e;
		if (c->v[c->n].len == 0)
			return ERR_RANGE;
		c->n++;
	}
	return ERR_OK;
}

/* --- opening --- */

void
token_attach(struct token *t, const struct report_port *port)
{
	uint64_t ms = t->job->timeout_ms ? t->job->timeout_ms : TOKEN_TIMEOUT_MS;

	t->port = *port;
	t->link = (struct link){ .port = &t->port, .event = on_keepalive, .arg = t };
	t->link.until = report_clock() + (int64_t)ms;
}

enum err
token_connect(struct token *t, int ctl)
{
	char path[TOKEN_PATH_MAX] = { 0 };
	struct report_port none = { .fd = -1, .ctl = -1 };

	memcpy(path, t->job->path.p, t->job->path.len);
	token_attach(t, &none); /* the clock runs from here */
	return report_open(&t->port, path, ctl, t->link.until);
}

static void
drop_dev(struct token *t)
{
	if (t->dev != NULL)
		fido_dev_close(t->dev);
	fido_dev_free(&t->dev);
	fido_cbor_info_free(&t->info);
}

static int
read_info(struct token *t)
{
	if (!fido_dev_is_fido2(t->dev))
		return FIDO_OK;
	if ((t->info = fido_cbor_info_new()) == NULL)
		return FIDO_ERR_INTERNAL;
	return fido_dev_get_cbor_info(t->dev, t->info);
}

/* Never fido_dev_new_with_info: with our own functions it takes our handle for its own. */
static enum err
open_once(struct token *t)
{
	int r;

	drop_dev(t);
	t->link.err = ERR_OK;
	t->link.busy = t->link.has_cid = false;
	t->link.quiet_until = report_clock() + OPEN_QUIET_MS;
	link_use(&t->link);
	if ((t->dev = fido_dev_new()) == NULL)
		return ERR_NOMEM;
	if ((r = fido_dev_set_io_functions(t->dev, &link_io)) == FIDO_OK &&
	    (r = fido_dev_set_timeout(t->dev, -1)) == FIDO_OK &&
	    (r = fido_dev_open(t->dev, "token")) == FIDO_OK)
		r = read_info(t);
	t->link.quiet_until = 0;
	return token_error(t, r);
}

static bool
is_final(const struct token *t, enum err e)
{
	return e == ERR_OK || e == ERR_CANCELLED || e == ERR_TOKEN_GONE || e == ERR_NOMEM ||
	    report_clock() >= t->link.until;
}

enum err
token_reopen(struct token *t)
{
	unsigned failed = 0, busy = 0;
	enum err e, cancel;

	for (;;) {
		e = open_once(t);
		if (is_final(t, e) || (e != ERR_BUSY && ++failed == OPEN_TRIES) ||
		    (e == ERR_BUSY && ++busy == BUSY_TRIES))
			return e;
		if (e != ERR_BUSY)
			continue;
		if ((cancel = t->port.pause(&t->port, BUSY_STEP_MS)) != ERR_OK)
			return cancel;
	}
}

enum err
token_run(struct token *t)
{
	const struct verb *v = get_verb(t->job);
	enum err e;

	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	if ((e = token_reopen(t)) != ERR_OK)
		return e;
	if (t->info == NULL && !v->u2f)
		return ERR_TOKEN_U2F;
	return v->run(t);
}

void
token_done(struct token *t)
{
	drop_dev(t);
	report_close(&t->port);
	sec_done(&t->pin);
	sec_done(&t->newpin);
}

/* --- what getInfo said --- */

bool
token_has_option(const struct token *t, const char *name, bool *value)
{
	char **names = fido_cbor_info_options_name_ptr(t->info);
	const bool *values = fido_cbor_info_options_value_ptr(t->info);
	size_t i, n = fido_cbor_info_options_len(t->info);

	*value = false;
	for (i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0) {
			*value = values[i];
			return true;
		}
	}
	return false;
}

bool
token_has_extension(const struct token *t, const char *name)
{
	char **names = fido_cbor_info_extensions_ptr(t->info);
	size_t i, n = fido_cbor_info_extensions_len(t->info);

	for (i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

bool
token_has_alg(const struct token *t, int alg)
{
	size_t i, n = fido_cbor_info_algorithm_count(t->info);

	for (i = 0; i < n; i++) {
		if (fido_cbor_info_algorithm_cose(t->info, i) == alg)
			return true;
	}
	return false;
}

/* --- PIN and fingerprint --- */

enum err
token_read_retries(struct token *t)
{
	int n = -1, r;

	if ((r = fido_dev_get_retry_count(t->dev, &n)) != FIDO_OK)
		return token_error(t, r);
	if (n < 0 || n > 255)
		return ERR_LIE_FORMAT;
	t->retries = (uint64_t)n;
	t->has_retries = true;
	return ERR_OK;
}

enum err
token_check_pin(struct token *t)
{
	bool set;
	enum err e;

	/* without a PIN the tries are not asked for: one firmware crashes on it */
	if (!token_has_option(t, "clientPin", &set))
		return ERR_UNSUPPORTED;
	if (!set)
		return ERR_PIN_UNSET;
	if ((e = token_read_retries(t)) != ERR_OK)
		return e;
	if (t->retries == 0)
		return ERR_PIN_BLOCKED;
	if (t->retries < RETRIES_LOW && !t->job->force)
		return ERR_PIN_LOW;
	return ERR_OK;
}

enum err
token_check_uv(struct token *t, const char **pin)
{
	bool on;
	enum err e;

	*pin = NULL;
	switch (t->job->uv) {
	case TOKEN_UV_PIN:
		if ((e = token_check_pin(t)) != ERR_OK)
			return e;
		if (fido_cbor_info_new_pin_required(t->info))
			return ERR_PIN_CHANGE;
		*pin = (const char *)t->pin.p;
		return ERR_OK;
	case TOKEN_UV_BUILTIN:
		token_has_option(t, "uv", &on);
		return on ? ERR_OK : ERR_PIN_NEEDED;
	default:
		return ERR_OK;
	}
}

enum err
token_after_pin(struct token *t, enum err e)
{
	if (e != ERR_PIN_WRONG && e != ERR_PIN_REPLUG && e != ERR_PIN_BLOCKED)
		return e;
	t->has_retries = false;
	t->link.until = report_clock() + AFTER_MS;
	if (token_reopen(t) != ERR_OK || t->info == NULL || token_read_retries(t) != ERR_OK)
		t->has_retries = false;
	/* the wrong PIN that used up the last try is answered with "wrong" by some */
	return e == ERR_PIN_WRONG && t->has_retries && t->retries == 0 ? ERR_PIN_BLOCKED : e;
}
