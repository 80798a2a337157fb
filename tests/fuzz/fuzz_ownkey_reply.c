/*
 * What answers a program that uses libownkey: one byte says what the program asks, the rest is what
 * comes.  Request ids begin with 1.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/ownkey/conn.h"
#include "lib/sock.h"

#define MOST (64 * 1024) /* fits the buffers of a socket */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
on_event(void *arg, enum ownkey_event event, const char *text)
{
	unsigned *n = arg;

	*n += (unsigned)event + (unsigned)strlen(text);
}

static int
do_list(struct ownkey *k, enum ownkey_kind kind)
{
	struct ownkey_list *l = NULL;
	const struct ownkey_row *row;
	unsigned char key[32];
	int e = ownkey_list(k, kind, NULL, NULL, &l);

	while (!e && (row = ownkey_list_next(l)))
		if (ownkey_row_public_key(row, key) && strlen(ownkey_row_label(row)) > 1024)
			abort();
	if (!e)
		ownkey_list_free(l);
	return e;
}

static int
ask(struct ownkey *k, unsigned what)
{
	static const unsigned char peer[32] = { 9 };
	struct ownkey_agreement a = { .path = "p", .peer = peer };
	struct ownkey_bytes data = { "x", 1 };
	unsigned char out[64];
	unsigned state;
	size_t len;

	switch (what % 8) {
	case 0:
		return ownkey_status(k, &state);
	case 1:
		return do_list(k, OWNKEY_IDENTITIES);
	case 2:
		return do_list(k, OWNKEY_SECRETS);
	case 3:
		return ownkey_sign(k, "p", "c", data, out);
	case 4:
		return ownkey_agree(k, &a, out, sizeof out);
	case 5:
		return ownkey_get(k, "n", out, sizeof out, &len);
	case 6:
		return ownkey_wait_unlocked(k, 0, 1);
	default:
		return ownkey_pump(k, 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct ownkey *k = calloc(1, sizeof *k);
	unsigned told = 0;
	int s[2];

	if (n == 0 || n > MOST || !k || sock_pair(SOCK_STREAM, s) != ERR_OK) {
		free(k);
		return 0;
	}
	if (send(s[1], p + 1, n - 1, MSG_NOSIGNAL) != (ssize_t)(n - 1))
		abort();
	shutdown(s[1], SHUT_WR);
	k->pid = getpid();
	k->next_id = 1;
	k->patience = 0;
	k->fn = on_event;
	k->arg = &told;
	k->subscribed = true;
	chan_init(&k->chan, s[0], OPS_FRAME_MAX);
	for (int i = 0; i < 3; i++)
		if (!err_is_known((unsigned long)ask(k, p[0])))
			abort();
	ownkey_close(k);
	close(s[1]);
	return 0;
}
