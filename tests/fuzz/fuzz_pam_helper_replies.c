/*
 * What ownkey-token and ownkey-verify answer to the module: either may have been taken over.
 * Input: whom to play, then frames, each with a length of two bytes.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pam/tokens_parts.h"
#include "pam/verify.h"

#define MAX 16384

static int peer;

/* A helper that has said all this, and then hung up. */
static struct helper
play(const uint8_t *p, size_t n)
{
	struct helper h = HELPER_NONE;
	uint8_t head[4];
	int pair[2];
	size_t len;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
		abort();
	h.fd = pair[0];
	peer = pair[1];
	h.max = MAX;
	h.page = mmap(NULL, MAX + 4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (h.page == MAP_FAILED)
		abort();
	while (n >= 2) {
		len = be16(p);
		put_be32(head, (uint32_t)len);
		len = len < n - 2 ? len : n - 2;
		if (write(peer, head, 4) != 4 || write(peer, p + 2, len) < (ssize_t)len)
			break;
		p += 2 + len;
		n -= 2 + len;
	}
	shutdown(peer, SHUT_WR);
	return h;
}

static void
hear_list(const uint8_t *p, size_t n)
{
	struct tokens_watch w = { play(p, n) };
	struct tokens_there there;

	while (tokens_watch_next(&w, helper_clock() + 1000, &there) == ERR_OK)
		for (size_t i = 0; i < there.n; i++)
			if (!memchr(there.t[i].path, 0, sizeof there.t[i].path) ||
			    !memchr(there.t[i].name, 0, sizeof there.t[i].name))
				abort();
	tokens_watch_end(&w);
}

static void
hear_assertion(const uint8_t *p, size_t n, bool secret)
{
	static const uint8_t salt[32];
	static struct tokens_answer a;
	struct turn t = { .n = 1 };
	struct tokens_call c = { .rp_id = "x" };
	uint8_t out[32] = { 0 }, all = 0;

	a = (struct tokens_answer){ .secret = out };
	c.salt = secret ? SPAN(salt, 32) : SPAN_NONE;
	for (size_t i = 0; i < TOKENS_MAX; i++)
		t.h[i] = (struct helper)HELPER_NONE;
	t.h[0] = play(p, n);
	if (tokens_hear(&t, &c, helper_clock() + 1000, &a) == ERR_OK) {
		for (size_t i = 0; i < sizeof out; i++)
			all |= out[i];
		if (secret != (all != 0) || !a.cred_len || a.cred_len > TOKENS_CRED ||
		    !a.auth_len || a.auth_len > TOKENS_AUTH || !a.sig_len || a.sig_len > TOKENS_SIG)
			abort();
	}
	helper_end(&t.h[0]);
}

static void
hear_verifier(const uint8_t *p, size_t n, bool ssh)
{
	struct verify_about about = { .rp_id = ssh ? NULL : "x", .service = "s", .user = "u" };
	struct verify_cred cred = { .alg = -7 };
	struct span id = SPAN_LIT("12345678901234567890123456789012");
	struct verify_answer a = { .creds = &cred, .ncreds = 1, .cred_id = id };
	struct verify_key key = { .blob = id };
	struct verify_ssh_answer s = { .keys = &key, .nkeys = 1, .key = id, .sig = id };
	struct verify_verdict out = { .index = 99 };
	struct verify v = VERIFY_NONE;
	int64_t until = helper_clock() + 1000;
	enum err e;

	cred.cred_id = cred.pubkey = a.authdata = a.sig = id;
	v.h = play(p, n);
	if (verify_hello(&about, until, &v) == ERR_OK) {
		e = ssh ? verify_check_ssh(&v, &s, until, &out) : verify_check(&v, &a, until, &out);
		if ((e == ERR_OK) != (out.index == 0))
			abort();
	}
	verify_end(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 5) {
	case 0:
		hear_list(data + 1, size - 1);
		break;
	case 1:
	case 2:
		hear_assertion(data + 1, size - 1, data[0] % 5 == 2);
		break;
	default:
		hear_verifier(data + 1, size - 1, data[0] % 5 == 4);
		break;
	}
	close(peer);
	return 0;
}
