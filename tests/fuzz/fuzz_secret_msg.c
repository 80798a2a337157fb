/*
 * What a client says on secret.sock, to a worker that waits for the words of a recovery phrase.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/worker/phrase.h"
#include "lib/crypto.h"
#include "lib/sock.h"

#define MOST (64 * 1024) /* fits the buffers of a socket */

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void
setup(void)
{
	static bool done;

	if (!done)
		must(sec_arena_open(WORKER_ARENA, true, true) == ERR_OK && crypto_init() == ERR_OK);
	done = true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	int vault[2], door[2], person[2];
	struct worker w = { .job = { .op = WORKER_PHRASE_OPEN, .tries = 20, .wait_ms = 1000 } };
	enum err e;

	setup();
	must(sock_pair(SOCK_STREAM, vault) == ERR_OK && sock_pair(SOCK_SEQPACKET, door) == ERR_OK &&
	    sock_pair(SOCK_STREAM, person) == ERR_OK);
	w.vault = vault[0];
	w.door = door[0];
	must(sock_send_fd(door[1], SPAN_LIT("x"), person[0]) == ERR_OK);
	close(person[0]);
	n = n > MOST ? MOST : n;
	must(write(person[1], p, n) == (ssize_t)n && shutdown(person[1], SHUT_WR) == 0);
	e = phrase_open(&w);
	must(e != ERR_TIMEOUT && e != ERR_INTERNAL && e != ERR_NOMEM);
	must(e != ERR_OK || w.event.fpr.len == 4);
	worker_done(&w);
	must(sec_arena_used() == 0);
	close(vault[0]);
	close(vault[1]);
	close(door[0]);
	close(door[1]);
	close(person[1]);
	return 0;
}
