/*
 * token_rig.h - ownkey-token's operations on the software token, in one process and without
 * waiting: the token's clock is virtual, and its reports are handed over directly.
 */
#ifndef UNIT_TOKEN_RIG_H
#define UNIT_TOKEN_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/token/device.h"
#include "lib/chan.h"
#include "lib/crypto.h"
#include "tests/softtoken/softtoken.h"

#define RP	 "ownkey:vault"
#define PIN	 "1234"
#define NO_TRIES 999

static struct softtoken *soft;

/* --- reports, in virtual time --- */

static inline enum err
soft_recv(struct port *p, uint8_t r[REPORT_LEN], int64_t until)
{
	int64_t left = until - port_clock();

	(void)p;
	if (softtoken_wait(soft, left > 0 ? (uint32_t)left : 0, r))
		return ERR_OK;
	return softtoken_is_plugged(soft) ? ERR_TIMEOUT : ERR_TOKEN_GONE;
}

static inline enum err
soft_send(struct port *p, const uint8_t r[REPORT_LEN], int64_t until)
{
	(void)p;
	(void)until;
	if (!softtoken_is_plugged(soft))
		return ERR_TOKEN_GONE;
	softtoken_feed(soft, r);
	return ERR_OK;
}

static inline enum err
soft_pause(struct port *p, int ms)
{
	(void)p;
	softtoken_tick(soft, softtoken_now(soft) + (unsigned)ms);
	return ERR_OK;
}

/* --- jobs --- */

struct answer {
	enum err err;
	uint64_t tries; /* NO_TRIES: not told */
	int touches;
	struct token_event ev; /* RESULT; points into frame */
	struct buf frame;
	struct buf id; /* of a new credential */
};

static inline void
take_event(struct answer *a, struct span frame)
{
	struct token_event ev;

	assert_int_equal(wire_decode(&token_event_map, frame, &ev), ERR_OK);
	if (ev.kind == TOKEN_EV_TOUCH)
		a->touches++;
	if (ev.kind == TOKEN_EV_RESULT || ev.kind == TOKEN_EV_ERROR) {
		if (wire_has(&token_event_map, &ev, "retries"))
			a->tries = ev.retries;
		buf_put_span(&a->frame, frame);
		assert_int_equal(
		    wire_decode(&token_event_map, buf_span(&a->frame), &a->ev), ERR_OK);
		a->err = (enum err)ev.err;
	}
}

static inline void
read_events(struct answer *a, int fd)
{
	struct buf b = BUF_INIT;

	while (chan_recv(fd, JOB_FRAME_MAX, 1000, &b) == ERR_OK)
		take_event(a, buf_span(&b));
	buf_done(&b);
}

static inline void
do_job(const struct token_job *job, int out)
{
	struct port port = {
		.fd = -1, .ctl = -1, .recv = soft_recv, .send = soft_send, .pause = soft_pause
	};
	struct device d;
	enum err e;

	if ((e = device_init(&d, job, out)) == ERR_OK) {
		device_attach(&d, &port);
		e = device_run(&d);
	}
	if (e != ERR_OK)
		device_fail(&d, e);
	device_done(&d);
}

static inline enum err
run(struct token_job job, struct answer *a)
{
	struct buf b = BUF_INIT;
	struct token_job decoded;
	int s[2];

	buf_done(&a->frame);
	*a = (struct answer){ .err = ERR_INTERNAL, .tries = NO_TRIES, .id = a->id };
	job.path = SPAN_LIT("unix:/soft");
	wire_mark(&token_job_map, &job);
	assert_int_equal(wire_encode(&token_job_map, &job, &b), ERR_OK);
	assert_int_equal(wire_decode(&token_job_map, buf_span(&b), &decoded), ERR_OK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	do_job(&decoded, s[0]);
	close(s[0]);
	read_events(a, s[1]);
	close(s[1]);
	buf_done(&b);
	return a->err;
}

static inline void
done(struct answer *a)
{
	buf_done(&a->frame);
	buf_done(&a->id);
}

static const uint8_t cdh[32] = { 7, 7, 7 };
static const uint8_t salt[64] = { 1, 2, 3, [32] = 4, 5, 6 };

static inline struct token_job
make_job(const char *pin)
{
	return (struct token_job){
		.op = TOKEN_MAKE,
		.rp_id = SPAN_LIT(RP),
		.cdh = SPAN(cdh, 32),
		.user = SPAN_LIT("ownkey"),
		.user_id = SPAN_LIT("0123456789abcdef"),
		.pin = span_str(pin),
		.uv = pin ? TOKEN_UV_PIN : TOKEN_UV_NONE,
	};
}

static inline struct token_job
assert_job(const struct span *ids, size_t n, size_t salt_len, const char *pin)
{
	return (struct token_job){
		.op = TOKEN_ASSERT,
		.rp_id = SPAN_LIT(RP),
		.cdh = SPAN(cdh, 32),
		.creds = { .v = ids, .n = n },
		.salt = SPAN(salt, salt_len),
		.up = true,
		.pin = span_str(pin),
		.uv = pin ? TOKEN_UV_PIN : TOKEN_UV_NONE,
	};
}

static inline enum err
make(const char *pin, struct answer *a)
{
	enum err e = run(make_job(pin), a);

	buf_done(&a->id);
	if (e == ERR_OK)
		buf_put_span(&a->id, a->ev.cred_id);
	return e;
}

static inline enum err
assert_one(struct span id, size_t salt_len, const char *pin, struct answer *a)
{
	return run(assert_job(&id, 1, salt_len, pin), a);
}

/* --- tokens --- */

static inline void
plug_in(const char *personality, const char *pin)
{
	struct softtoken_config c = { .personality = personality, .pin = pin };

	softtoken_free(soft);
	soft = NULL;
	assert_int_equal(softtoken_new(&c, &soft), ERR_OK);
}

static inline int
teardown(void **state)
{
	(void)state;
	softtoken_free(soft);
	soft = NULL;
	assert_int_equal(sec_arena_used(), 0);
	return 0;
}

static inline void
replug(void)
{
	softtoken_unplug(soft);
	softtoken_plug(soft);
}

static inline int
start(void **state)
{
	(void)state;
	return sec_arena_open(64 * 1024, true, true) != ERR_OK || crypto_init() != ERR_OK;
}

#endif
