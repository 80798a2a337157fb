/* device.c - opening, the job, events. */
#include "agent/token/device.h"

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
device_send(const struct device *d, struct token_event *ev)
{
	struct buf b = BUF_INIT;

	wire_mark(&token_event_map, ev);
	if (d->out >= 0 && wire_encode(&token_event_map, ev, &b) == ERR_OK &&
	    chan_send(d->out, buf_span(&b)) != ERR_OK)
		buf_reset(&b); /* the vault is gone, and with it whoever wanted to know */
	buf_done(&b);
}

void
device_fail(const struct device *d, enum err e)
{
	struct token_event ev = { .kind = TOKEN_EV_ERROR, .err = e };

	if (d->has_retries) {
		ev.retries = d->retries;
		wire_set(&token_event_map, &ev, "retries");
	}
	device_send(d, &ev);
}

static void
on_keepalive(void *arg, bool touch)
{
	const struct device *d = arg;
	struct token_event ev = { .kind = touch ? TOKEN_EV_TOUCH : TOKEN_EV_WORKING };

	device_send(d, &ev);
}

/* --- the job --- */

enum need { NEED_RP = 1, NEED_CDH = 2, NEED_PIN = 4, NEED_NEWPIN = 8, NEED_USER = 16 };

static const struct verb {
	unsigned needs;
	bool u2f; /* may be asked of an old token too */
	enum err (*run)(struct device *d);
} verbs[] = {
	[TOKEN_INFO] = { 0, true, device_info },
	[TOKEN_ASSERT] = { NEED_RP | NEED_CDH, false, device_assert },
	[TOKEN_MAKE] = { NEED_RP | NEED_CDH | NEED_USER, false, device_make },
	[TOKEN_PIN_SET] = { NEED_NEWPIN, false, device_pin_set },
	[TOKEN_PIN_CHANGE] = { NEED_PIN | NEED_NEWPIN, false, device_pin_change },
	[TOKEN_SELECT] = { 0, false, device_select },
};

static enum err
check_job(const struct token_job *job, const struct verb **verb)
{
	const struct verb *v;
	unsigned has = 0;

	if (job->op >= sizeof verbs / sizeof *verbs || verbs[job->op].run == NULL)
		return ERR_USAGE;
	v = &verbs[job->op];
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
	*verb = v;
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
device_init(struct device *d, const struct token_job *job, int out)
{
	enum err e;

	*d = (struct device){ .job = job, .out = out };
	d->port.fd = d->port.ctl = -1;
	if ((e = check_job(job, &d->verb)) != ERR_OK)
		return e;
	if (job->rp_id.len >= sizeof d->rp_id || job->path.len >= DEVICE_PATH_MAX)
		return ERR_TOOBIG;
	if (job->rp_id.len > 0)
		memcpy(d->rp_id, job->rp_id.p, job->rp_id.len);
	if ((e = copy_pin(&d->pin, job->pin)) != ERR_OK)
		return e;
	return copy_pin(&d->newpin, job->newpin);
}

enum err
device_get_creds(const struct device *d, struct device_creds *c)
{
	struct cbor cur = wire_each(&d->job->creds);
	enum err e;

	c->n = 0;
	while (!cbor_at_end(&cur)) {
		if (c->n == DEVICE_CREDS_MAX)
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
device_attach(struct device *d, const struct port *port)
{
	uint64_t ms = d->job->timeout_ms ? d->job->timeout_ms : DEVICE_TIMEOUT_MS;

	d->port = *port;
	d->channel = (struct channel){ .port = &d->port, .event = on_keepalive, .arg = d };
	d->channel.until = port_clock() + (int64_t)ms;
}

enum err
device_connect(struct device *d, int ctl)
{
	char path[DEVICE_PATH_MAX] = { 0 };
	struct port none = { .fd = -1, .ctl = -1 };

	memcpy(path, d->job->path.p, d->job->path.len);
	device_attach(d, &none); /* the clock runs from here */
	return port_open(&d->port, path, ctl);
}

enum err
device_ready(struct device *d)
{
	return port_ready(&d->port, d->channel.until);
}

static void
drop_dev(struct device *d)
{
	if (d->dev != NULL)
		fido_dev_close(d->dev);
	fido_dev_free(&d->dev);
	fido_cbor_info_free(&d->info);
}

static int
read_info(struct device *d)
{
	if (!fido_dev_is_fido2(d->dev))
		return FIDO_OK;
	if ((d->info = fido_cbor_info_new()) == NULL)
		return FIDO_ERR_INTERNAL;
	return fido_dev_get_cbor_info(d->dev, d->info);
}

/* Never fido_dev_new_with_info: with our own functions it takes our handle for its own. */
static enum err
open_once(struct device *d)
{
	int r;

	drop_dev(d);
	d->channel.err = ERR_OK;
	d->channel.busy = d->channel.has_cid = false;
	d->channel.quiet_until = port_clock() + OPEN_QUIET_MS;
	channel_use(&d->channel);
	if ((d->dev = fido_dev_new()) == NULL)
		return ERR_NOMEM;
	if ((r = fido_dev_set_io_functions(d->dev, &channel_io)) == FIDO_OK &&
	    (r = fido_dev_set_timeout(d->dev, -1)) == FIDO_OK &&
	    (r = fido_dev_open(d->dev, "token")) == FIDO_OK)
		r = read_info(d);
	d->channel.quiet_until = 0;
	return device_error(d, r);
}

static bool
is_final(const struct device *d, enum err e)
{
	return e == ERR_OK || e == ERR_CANCELLED || e == ERR_TOKEN_GONE || e == ERR_NOMEM ||
	    port_clock() >= d->channel.until;
}

enum err
device_reopen(struct device *d)
{
	unsigned failed = 0, busy = 0;
	enum err e, cancel;

	for (;;) {
		e = open_once(d);
		if (is_final(d, e) || (e != ERR_BUSY && ++failed == OPEN_TRIES) ||
		    (e == ERR_BUSY && ++busy == BUSY_TRIES))
			return e;
		if (e != ERR_BUSY)
			continue;
		if ((cancel = d->port.pause(&d->port, BUSY_STEP_MS)) != ERR_OK)
			return cancel;
	}
}

enum err
device_run(struct device *d)
{
	enum err e;

	fido_init(FIDO_DISABLE_U2F_FALLBACK);
	if ((e = device_reopen(d)) != ERR_OK)
		return e;
	if (d->info == NULL && !d->verb->u2f)
		return ERR_TOKEN_U2F;
	return d->verb->run(d);
}

void
device_done(struct device *d)
{
	drop_dev(d);
	port_close(&d->port);
	sec_done(&d->pin);
	sec_done(&d->newpin);
}

/* --- what getInfo said --- */

bool
device_has_option(const struct device *d, const char *name, bool *value)
{
	char **names = fido_cbor_info_options_name_ptr(d->info);
	const bool *values = fido_cbor_info_options_value_ptr(d->info);
	size_t i, n = fido_cbor_info_options_len(d->info);

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
device_has_extension(const struct device *d, const char *name)
{
	char **names = fido_cbor_info_extensions_ptr(d->info);
	size_t i, n = fido_cbor_info_extensions_len(d->info);

	for (i = 0; i < n; i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

bool
device_has_alg(const struct device *d, int alg)
{
	size_t i, n = fido_cbor_info_algorithm_count(d->info);

	for (i = 0; i < n; i++) {
		if (fido_cbor_info_algorithm_cose(d->info, i) == alg)
			return true;
	}
	return false;
}

/* --- PIN and fingerprint --- */

enum err
device_read_retries(struct device *d)
{
	int n = -1, r;

	if ((r = fido_dev_get_retry_count(d->dev, &n)) != FIDO_OK)
		return device_error(d, r);
	if (n < 0 || n > 255)
		return ERR_LIE_FORMAT;
	d->retries = (uint64_t)n;
	d->has_retries = true;
	return ERR_OK;
}

enum err
device_check_pin(struct device *d)
{
	bool set;
	enum err e;

	/* without a PIN the tries are not asked for: one firmware crashes on it */
	if (!device_has_option(d, "clientPin", &set))
		return ERR_UNSUPPORTED;
	if (!set)
		return ERR_PIN_UNSET;
	if ((e = device_read_retries(d)) != ERR_OK)
		return e;
	if (d->retries == 0)
		return ERR_PIN_BLOCKED;
	if (d->retries < RETRIES_LOW && !d->job->force)
		return ERR_PIN_LOW;
	return ERR_OK;
}

enum err
device_check_uv(struct device *d, const char **pin)
{
	bool on;
	enum err e;

	*pin = NULL;
	switch (d->job->uv) {
	case TOKEN_UV_PIN:
		if ((e = device_check_pin(d)) != ERR_OK)
			return e;
		if (fido_cbor_info_new_pin_required(d->info))
			return ERR_PIN_CHANGE;
		*pin = (const char *)d->pin.p;
		return ERR_OK;
	case TOKEN_UV_BUILTIN:
		device_has_option(d, "uv", &on);
		return on ? ERR_OK : ERR_PIN_NEEDED;
	default:
		return ERR_OK;
	}
}

enum err
device_after_pin(struct device *d, enum err e)
{
	if (e != ERR_PIN_WRONG && e != ERR_PIN_REPLUG && e != ERR_PIN_BLOCKED)
		return e;
	d->has_retries = false;
	d->channel.until = port_clock() + AFTER_MS;
	if (device_reopen(d) != ERR_OK || d->info == NULL || device_read_retries(d) != ERR_OK)
		d->has_retries = false;
	/* the wrong PIN that used up the last try is answered with "wrong" by some */
	return e == ERR_PIN_WRONG && d->has_retries && d->retries == 0 ? ERR_PIN_BLOCKED : e;
}
