/*
 * CTAPHID reports and CTAP requests to the software token.  Input: two bytes of choices, then
 * either raw reports of 64 bytes, or requests (u8 command, u16be length, bytes), which are framed
 * for it.  Whatever comes, it goes on answering.
 */
#include <assert.h>
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/crypto.h"
#include "tests/softtoken/softtoken.h"

#define R	SOFTTOKEN_REPORT
#define MSG_MAX 7609

static uint32_t channel;
static struct softtoken *t;

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
drain(void)
{
	uint8_t r[R];
	int i;

	for (i = 0; i < 2000 && softtoken_wait(t, 31000, r); i++)
		if (r[4] == 0x86)
			channel = be32(r + 15);
}

static void
init_send(void)
{
	uint8_t r[R] = { 0xff, 0xff, 0xff, 0xff, 0x86, 0, 8, 'n', 'o', 'n', 'c', 'e' };

	channel = 0;
	softtoken_feed(t, r);
	drain();
	assert(channel != 0);
}

static void
request_send(const uint8_t *p, size_t n)
{
	uint8_t r[R] = { 0 };
	size_t part = n < 57 ? n : 57;
	uint8_t seq = 0;

	put_be32(r, channel);
	r[4] = 0x90;
	put_be16(r + 5, (uint16_t)n);
	memcpy(r + 7, p, part);
	softtoken_feed(t, r);
	while (p += part, n -= part, n > 0) {
		part = n < 59 ? n : 59;
		memset(r + 4, 0, R - 4);
		r[4] = seq++;
		memcpy(r + 5, p, part);
		softtoken_feed(t, r);
	}
	drain();
}

static void
reports_run(const uint8_t *p, size_t n)
{
	uint8_t r[R];

	for (; n >= R; p += R, n -= R) {
		memcpy(r, p, R);
		/* 0x11111111 stands for the channel that it was given */
		if (be32(r) == 0x11111111)
			put_be32(r, channel);
		softtoken_feed(t, r);
		if (p[0] & 1)
			drain();
	}
}

/* The command stands before the length: put it in front of the map. */
static void
request_run(uint8_t cmd, const uint8_t *map, size_t n)
{
	uint8_t *msg = malloc(n + 1);

	if (msg == NULL)
		return;
	msg[0] = cmd;
	memcpy(msg + 1, map, n);
	request_send(msg, n + 1);
	free(msg);
}

static void
requests_run(const uint8_t *p, size_t n)
{
	size_t len;

	while (n >= 3) {
		len = be16(p + 1) % MSG_MAX;
		if (len > n - 3)
			len = n - 3;
		request_run(p[0], p + 3, len);
		p += 3 + len;
		n -= 3 + len;
	}
}

static size_t
rows_count(void)
{
	size_t n = 0;

	while (softtoken_personality_at(n, NULL) != NULL)
		n++;
	return n;
}

static bool
token_choose(uint8_t a, uint8_t b)
{
	struct softtoken_config c = { 0 };
	size_t i, rows = rows_count();
	enum err r = ERR_OK;

	c.personality = softtoken_personality_at(a % rows, NULL);
	c.touch = b & 2 ? SOFTTOKEN_TOUCH_NEVER : SOFTTOKEN_TOUCH_AUTO;
	c.pin = b & 4 ? NULL : "1234";
	if (softtoken_new(&c, &t) != ERR_OK)
		return false;
	/* all but slow and unplug */
	for (i = 0; (b & 8) && r == ERR_OK && i < 8; i++)
		r = softtoken_fault(t, softtoken_fault_at((a / rows + i * 5) % 20, NULL));
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	uint8_t ping[R] = { 0 };
	uint8_t r[R];

	if (n < 2 || crypto_init() != ERR_OK || !token_choose(p[0], p[1]))
		return 0;
	init_send();
	if (p[1] & 1)
		reports_run(p + 2, n - 2);
	else
		requests_run(p + 2, n - 2);
	drain();
	init_send();
	put_be32(ping, channel);
	ping[4] = 0x81;
	softtoken_feed(t, ping);
	assert(softtoken_wait(t, 0, r) && r[4] == 0x81);
	softtoken_free(t);
	return 0;
}
