/* serve_pin.c - the PIN is asked for and used at home: the other side gets only a verified answer.
 *
 * A wrong PIN makes a token draw a new key agreement key (CTAP 2.1, 6.5.5.7.1), and what the other
 * side has encrypted for the old one is void: after the right PIN it is told to begin again, and
 * the person is not asked once more. */
#include <string.h>

#include "agent/token/pinauth.h"
#include "agent/token/serve_parts.h"
#include "lib/chan.h"

#define ASK_MS	  300000
#define BLINK_MS  200
#define PIN_TRIES 3

/* ---- the person ---- */
/* The other side sees a token that waits. */
static enum err
wait_vault(struct serve *s)
{
	int64_t until = port_clock() + ASK_MS;
	enum remote_event ev = REMOTE_NONE;
	unsigned ready = 0;
	enum err e = ERR_OK;

	while (!e && !(ready & SERVE_VAULT)) {
		e = serve_wait(s, SERVE_VAULT | SERVE_REMOTE, port_clock() + BLINK_MS, &ready);
		if (e == ERR_TIMEOUT && port_clock() < until) {
			remote_keepalive(&s->remote, 2);
			e = ERR_OK;
		}
		if (!e && (ready & SERVE_REMOTE))
			e = serve_hear(s, &ev);
		s->cancelled = s->cancelled || ev == REMOTE_CANCEL;
	}
	return e;
}

/* Empty: the person does not want to.  Kept: until the connection ends. */
static enum err
ask(struct serve *s, enum err again, uint64_t retries, struct sec *pin)
{
	struct token_event q = { .kind = TOKEN_EV_NEED_PIN, .err = again, .retries = retries };
	struct token_job answer;
	struct sec frame = { 0 };
	enum err e;

	q.fresh = s->fresh;
	serve_event(s, &q);
	if ((e = wait_vault(s)) || (e = chan_recv_sec(s->vault, SERVE_OPEN_MS, &frame)))
		return e == ERR_HANGUP && !s->gone ? ERR_CANCELLED : e;
	if (!(e = wire_decode(&token_job_map, sec_span(&frame), &answer)) && answer.pin.len)
		e = sec_init_copy(pin, answer.pin);
	sec_done(&frame);
	return e;
}

/* ---- the token ---- */
static enum err
call(struct serve *s, struct buf *request, struct buf *reply, uint8_t *status)
{
	enum err e = buf_err(request);

	if (!e)
		e = serve_call(s, buf_span(request), reply);
	if (!e)
		*status = reply->p[0];
	buf_reset(request);
	return e;
}

static struct span
body(const struct buf *reply)
{
	return span_sub(buf_span(reply), 1, reply->len - 1);
}

static enum err
read_retries(struct serve *s, uint64_t *retries, uint8_t *status)
{
	static const uint8_t request[] = { 6, 0xa2, 1, 1, 2, 1 };
	struct buf reply = BUF_INIT;
	enum err e;

	if (!(e = serve_call(s, SPAN(request, sizeof request), &reply)) && !(*status = reply.p[0]))
		e = pinauth_retries(body(&reply), retries);
	buf_done(&reply);
	return e;
}

/* A pinUvAuthToken for this PIN. */
static enum err
fetch(struct serve *s, const struct forward *f, struct sec *pin, struct sec *token, uint8_t *status)
{
	uint64_t proto = s->info.nprotos ? s->info.proto[0] : 1;
	struct span rp = s->info.uv_token ? f->rp_id : SPAN_NONE;
	struct buf request = BUF_INIT, reply = BUF_INIT;
	struct pinauth p = { 0 };
	enum err e;

	pinauth_put_agree(proto, &request);
	if ((e = call(s, &request, &reply, status)) || *status)
		goto out;
	if ((e = pinauth_agree(&p, proto, body(&reply))) ||
	    (e = pinauth_put_token(&p, sec_span(pin), rp, &request)) ||
	    (e = call(s, &request, &reply, status)) || *status)
		goto out;
	e = pinauth_token(&p, body(&reply), token);
out:
	pinauth_done(&p);
	buf_done(&request);
	buf_done(&reply);
	return e;
}

static enum err
why_again(uint8_t status)
{
	return status == FORWARD_PIN_INVALID ? ERR_PIN_WRONG : ERR_OK;
}

/* Ask until one is right; kept in s->pin. */
static enum err
find_pin(struct serve *s, const struct forward *f, struct sec *token, uint8_t *status)
{
	uint64_t retries = 0;
	uint8_t last = 0;
	enum err e = ERR_OK;

	for (int i = 0; i < PIN_TRIES; i++) {
		sec_done(&s->pin);
		*status = FORWARD_DENIED;
		if ((e = read_retries(s, &retries, status)) || *status ||
		    (e = ask(s, why_again(last), retries, &s->pin)))
			return e;
		*status = FORWARD_DENIED;
		if (!s->pin.len || s->cancelled || (e = fetch(s, f, &s->pin, token, status)) ||
		    !*status)
			break;
		s->stale = true;
		last = *status;
		if (last != FORWARD_PIN_INVALID)
			break;
	}
	if (*status)
		sec_done(&s->pin);
	return e;
}

static void
say_pin(struct serve *s, uint8_t status)
{
	if (status == FORWARD_PIN_BLOCKED)
		serve_note(s, "cannot be let in: the PIN of the token is blocked for good");
	else if (status == FORWARD_PIN_REPLUG)
		serve_note(s, "cannot be let in: unplug the token and plug it in again");
}

enum err
serve_verify(struct serve *s, const struct forward *f, struct forward_auth *auth, uint8_t param[32],
    uint8_t *status)
{
	struct sec token = { 0 };
	enum err e;

	*status = 0;
	e = s->pin.len ? fetch(s, f, &s->pin, &token, status) : find_pin(s, f, &token, status);
	if (!e && *status)
		say_pin(s, *status);
	if (!e && !*status && s->stale) {
		s->stale = false;
		*status = FORWARD_PIN_AUTH;
	} else if (!e && !*status) {
		auth->proto = s->info.nprotos ? s->info.proto[0] : 1;
		auth->param = SPAN(param, pinauth_param(auth->proto, &token, f->cdh, param));
	}
	sec_done(&token);
	return e;
}
