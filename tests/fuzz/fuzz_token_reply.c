/*
 * A token that lies, and a helper that is taken over.
 *
 * Input: one byte OP, one byte HOW, then answers.  OP 0: the rest is an event as the vault decodes
 * it.  Else enum token_op, and the rest answers the library's messages in turn: one byte CTL, two
 * bytes length, the message.  INIT is answered honestly with the library's own nonce, and channel,
 * command and sequence numbers are put in, so that the bytes reach the parsers (libfido2's own
 * scheme needs a special build).  CTL: 1 touch keepalive first, 2 processing keepalive first,
 * 4 one raw frame of ours with the channel put in, 8 an error frame, 16 sequence numbers off.
 */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/token/device.h"
#include "lib/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The helper runs with RLIMIT_AS: what libcbor is told to allocate must fail here too, as a limit
 * of the process, or of the sanitizer, which itself needs more than that. */
static void
limit_memory(void)
{
#ifndef OWNKEY_SAN
	const struct rlimit l = { 96 << 20, 96 << 20 };

	if (setrlimit(RLIMIT_AS, &l) != 0)
		abort();
#endif
}

const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=64";
}

#define CID 0x5a

enum {
	HOW_SALT1 = 1,
	HOW_SALT2 = 2,
	HOW_PIN = 4,
	HOW_UV = 8,
	HOW_SILENT = 16,
	HOW_U2F = 32,
	HOW_MANY = 64,
	HOW_FORCE = 128
};

struct fake {
	const uint8_t *p;
	size_t n;
	unsigned how;
	struct buf out; /* whole reports */
};

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* --- the token --- */

static uint8_t
take8(struct fake *f)
{
	if (f->n == 0)
		return 0;
	f->n--;
	return *f->p++;
}

static struct span
take(struct fake *f, size_t len)
{
	struct span s = SPAN(f->p, len < f->n ? len : f->n);

	f->p += s.len;
	f->n -= s.len;
	return s;
}

static void
put_frame(struct fake *f, const uint8_t head[7], size_t nhead, struct span *data)
{
	uint8_t r[REPORT_LEN] = { CID, CID, CID, CID };
	size_t n = data->len < REPORT_LEN - nhead ? data->len : REPORT_LEN - nhead;

	memcpy(r + 4, head + 4, nhead - 4);
	if (n > 0)
		memcpy(r + nhead, data->p, n);
	*data = SPAN(data->p + n, data->len - n);
	buf_put(&f->out, r, sizeof r);
}

static void
put_short(struct fake *f, uint8_t cmd, uint8_t byte)
{
	const uint8_t head[7] = { 0, 0, 0, 0, cmd, 0, 1 };
	struct span data = SPAN(&byte, 1);

	put_frame(f, head, 7, &data);
}

static void
put_message(struct fake *f, unsigned ctl, struct span msg)
{
	uint8_t head[7] = { 0, 0, 0, 0, 0x90, (uint8_t)(msg.len >> 8), (uint8_t)msg.len };
	uint8_t seq = ctl & 16 ? 1 : 0;

	put_frame(f, head, 7, &msg);
	while (msg.len > 0) {
		head[4] = seq++ & 0x7f;
		put_frame(f, head, 5, &msg);
	}
}

static void
answer(struct fake *f)
{
	unsigned ctl = take8(f);
	size_t len;
	struct span s;

	if (ctl & 1)
		put_short(f, 0xbb, 2);
	if (ctl & 2)
		put_short(f, 0xbb, 1);
	if (ctl & 8)
		put_short(f, 0xbf, take8(f));
	if (ctl & 4) {
		const uint8_t head[7] = { 0 };

		s = take(f, REPORT_LEN - 4);
		put_frame(f, head, 4, &s);
		return;
	}
	len = (size_t)take8(f) << 8;
	len |= take8(f);
	put_message(f, ctl, take(f, len % 7609));
}

static enum err
fake_send(struct port *port, const uint8_t r[REPORT_LEN], int64_t until)
{
	struct fake *f = port->arg;
	uint8_t reply[REPORT_LEN] = { 0xff, 0xff, 0xff, 0xff, 0x86, 0, 17 };

	(void)until;
	if ((r[4] & 0x80) == 0)
		return ERR_OK;
	if (r[4] == 0x86) {
		memcpy(reply + 7, r + 7, 8);
		memset(reply + 15, CID, 4);
		reply[23] = f->how & HOW_U2F ? 0 : 0x0c; /* CBOR, no U2F */
		buf_put(&f->out, reply, sizeof reply);
	} else if (r[4] == 0x90 && f->n > 0) {
		answer(f);
	}
	return ERR_OK;
}

static enum err
fake_recv(struct port *port, uint8_t r[REPORT_LEN], int64_t until)
{
	struct fake *f = port->arg;

	(void)until;
	if (f->out.len < REPORT_LEN)
		return ERR_TOKEN_GONE;
	memcpy(r, f->out.p, REPORT_LEN);
	buf_drop(&f->out, REPORT_LEN);
	return ERR_OK;
}

static enum err
fake_pause(struct port *port, int ms)
{
	(void)port;
	(void)ms;
	return ERR_OK;
}

/* --- what reaches the vault --- */

static bool
is_asked_for(const struct token_job *job, struct span id)
{
	struct cbor c = wire_each(&job->creds);
	struct span s;

	while (!cbor_at_end(&c)) {
		if (cbor_get_bytes(&c, &s) != ERR_OK)
			abort();
		if (span_eq(s, id))
			return true;
	}
	return false;
}

static void
check_result(const struct token_job *job, const struct token_event *ev)
{
	if (job->op == TOKEN_ASSERT) {
		check(is_asked_for(job, ev->cred_id));
		check(ev->secret.len == job->salt.len);
		check(ev->authdata.len >= 37 && ev->sig.len > 0);
	}
	if (job->op == TOKEN_MAKE) {
		check(ev->alg == -7 ? ev->pubkey.len == 64 : ev->alg == -8 && ev->pubkey.len == 32);
		check(ev->authdata.len >= 37 && ev->cred_id.len > 0 && ev->aaguid.len == 16);
	}
}

/* Each event must be one that the vault accepts; the last one ends the job. */
static void
check_events(const struct token_job *job, int fd)
{
	static uint8_t all[1 << 18];
	struct token_event ev = { 0 };
	size_t at = 0, len;
	ssize_t n = recv(fd, all, sizeof all, MSG_DONTWAIT);

	check(n > 0);
	while (at < (size_t)n) {
		len = be32(all + at);
		check(len <= (size_t)n - at - 4);
		check(wire_decode(&token_event_map, SPAN(all + at + 4, len), &ev) == ERR_OK);
		at += 4 + len;
		check((ev.kind >= TOKEN_EV_RESULT) == (at == (size_t)n));
	}
	if (ev.kind == TOKEN_EV_RESULT)
		check_result(job, &ev);
	else
		check(ev.err != ERR_OK && err_is_known(ev.err));
}

/* --- the job --- */

static void
set_job(struct token_job *job, const struct fake *f, struct span *ids)
{
	static const uint8_t bytes[64] = { 1 };
	static uint8_t id[12][64];
	size_t i;

	for (i = 0; i < 12; i++) {
		memset(id[i], (int)i, sizeof id[i]);
		ids[i] = SPAN(id[i], sizeof id[i]);
	}
	job->path = SPAN_LIT("unix:/fake");
	job->rp_id = SPAN_LIT("ownkey:vault");
	job->cdh = SPAN(bytes, 32);
	job->user = SPAN_LIT("u");
	job->user_id = SPAN_LIT("id");
	job->pin = SPAN_LIT("1234");
	job->newpin = SPAN_LIT("12345");
	job->creds = (struct wire_list){ .v = ids, .n = f->how & HOW_MANY ? 12 : 1 };
	job->salt = SPAN(bytes, f->how & HOW_SALT2 ? 64 : f->how & HOW_SALT1 ? 32 : 0);
	job->uv = f->how & HOW_PIN ? TOKEN_UV_PIN
	    : f->how & HOW_UV	   ? TOKEN_UV_BUILTIN
				   : TOKEN_UV_NONE;
	job->up = (f->how & HOW_SILENT) == 0;
	job->force = (f->how & HOW_FORCE) != 0;
}

static void
run(const struct token_job *job, struct fake *f, int out)
{
	struct port port = {
		.fd = -1, .ctl = -1, .recv = fake_recv, .send = fake_send, .pause = fake_pause
	};
	struct device d;
	enum err e;

	port.arg = f;
	if ((e = device_init(&d, job, out)) == ERR_OK) {
		device_attach(&d, &port);
		e = device_run(&d);
	}
	if (e != ERR_OK)
		device_fail(&d, e);
	device_done(&d);
}

static void
lie(struct token_job *job, struct fake *f)
{
	struct buf b = BUF_INIT;
	struct token_job decoded;
	struct span ids[12];
	static int s[2] = { -1, -1 };

	if (s[0] < 0)
		check(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
	set_job(job, f, ids);
	wire_mark(&token_job_map, job);
	check(wire_encode(&token_job_map, job, &b) == ERR_OK);
	check(wire_decode(&token_job_map, buf_span(&b), &decoded) == ERR_OK);
	run(&decoded, f, s[0]);
	check_events(&decoded, s[1]);
	check(sec_arena_used() == 0);
	buf_done(&b);
	buf_done(&f->out);
}

/* What is accepted is written again byte for byte. */
static void
decode(struct span s)
{
	struct buf b = BUF_INIT;
	struct token_event ev;

	if (wire_decode(&token_event_map, s, &ev) != ERR_OK)
		return;
	check(wire_encode(&token_event_map, &ev, &b) == ERR_OK);
	check(span_eq(buf_span(&b), s));
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static bool started;
	struct token_job job = { 0 };
	struct fake f = { 0 };

	if (!started) {
		check(sec_arena_open(16384, true, true) == ERR_OK && crypto_init() == ERR_OK);
		limit_memory();
		started = true;
	}
	if (n < 2)
		return 0;
	f = (struct fake){ .p = p + 2, .n = n - 2, .how = p[1] };
	if (p[0] == 0) {
		decode(SPAN(f.p, f.n));
		return 0;
	}
	job.op = TOKEN_INFO + (p[0] - 1U) % (TOKEN_SELECT - TOKEN_INFO + 1);
	lie(&job, &f);
	return 0;
}
