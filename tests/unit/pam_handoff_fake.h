/*
 * pam_handoff_fake.h - this program as ownkey-handoff: the name of the account says what it does
 * wrong.  What the module asked it is written to a file, for the test to look at.
 */
#ifndef TESTS_UNIT_PAM_HANDOFF_FAKE_H
#define TESTS_UNIT_PAM_HANDOFF_FAKE_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/handoff.h"
#include "lib/span.h"
#include "pam/handoff.h"

#define FAKE_SALT 0x5a

/* What is held for this test; others that run now have a name of their own. */
static const char *
fake_held(pid_t test)
{
	static char name[HANDOFF_NAME_MAX];

	snprintf(name, sizeof name, HANDOFF_HELD "%032x", (unsigned)test);
	return name;
}

/* ALL of it, or this process ends. */
static void
fake_take(void *p, size_t n)
{
	if (n && recv(0, p, n, MSG_WAITALL) != (ssize_t)n)
		_exit(10);
}

static size_t
fake_frame(uint8_t *p, size_t cap)
{
	uint8_t head[4];
	size_t n;

	fake_take(head, 4);
	n = be32(head);
	if (n > cap)
		_exit(11);
	fake_take(p, n);
	return n;
}

static void
fake_answer(int fd, uint32_t magic, uint32_t err, const void *p, size_t n)
{
	struct handoff_reply r = { .magic = magic, .err = err };
	uint8_t head[4];

	put_be32(head, (uint32_t)(sizeof r + n));
	if (send(fd, head, 4, MSG_NOSIGNAL) != 4 ||
	    send(fd, &r, sizeof r, MSG_NOSIGNAL) != (ssize_t)sizeof r ||
	    (n && send(fd, p, n, MSG_NOSIGNAL) != (ssize_t)n))
		_exit(12);
}

/* A head of a vault with one slot, "mine" (DESIGN 6). */
static size_t
fake_header(uint8_t *p)
{
	static const uint8_t magic[8] = { 0x89, 'O', 'W', 'K', '\r', '\n', 0x1a, '\n' };

	memset(p, 0, HANDOFF_HEADER);
	memcpy(p, magic, 8);
	p[9] = 1;
	p[41] = HANDOFF_SLOTS;
	p[42] = 8;
	memcpy(p + 64, "ownkey:vault", 12);
	memset(p + 128, FAKE_SALT, 32);
	p[512] = p[513] = 1;
	p[512 + 45] = 4;
	memcpy(p + 512 + 384, "mine", 4);
	return HANDOFF_HEADER;
}

static size_t
fake_bytes(const struct handoff_ask *a, uint8_t *p)
{
	switch (a->op) {
	case HANDOFF_HOLD:
	case HANDOFF_SESSION:
		return (size_t)sprintf((char *)p, "%s", fake_held(getppid()));
	case HANDOFF_HEAD:
		return fake_header(p);
	case HANDOFF_READ:
		memcpy(p, "a file", 6);
		return 6;
	default:
		return 0;
	}
}

/* What a helper may do wrong, by the name of the account. */
static void
fake_misbehave(const char *name, const uint8_t *p, size_t n)
{
	const uint32_t magic = HANDOFF_MAGIC;

	if (strcmp(name, "dies") == 0)
		_exit(1);
	if (strcmp(name, "hangs") == 0)
		pause();
	if (strcmp(name, "magic") == 0)
		fake_answer(0, HANDOFF_MAGIC ^ 1, ERR_OK, p, n);
	else if (strcmp(name, "unknown") == 0)
		fake_answer(0, HANDOFF_MAGIC, 0xfffff, p, n);
	else if (strcmp(name, "short") == 0)
		(void)!(write(0, "\0\0\0\4", 4) + write(0, &magic, 4));
	else if (strcmp(name, "empty") == 0)
		fake_answer(0, HANDOFF_MAGIC, ERR_OK, NULL, 0);
	else if (strcmp(name, "huge") == 0)
		(void)!write(0, "\177\377\377\377OKH1", 8);
	else if (strcmp(name, "half") == 0)
		(void)!write(0, "\0\0\0\10OK", 6);
	else if (strcmp(name, "locked") == 0)
		fake_answer(0, HANDOFF_MAGIC, ERR_LOCKED, p, n);
	else if (strcmp(name, "alice") == 0 && n == HANDOFF_HEADER)
		fake_answer(0, HANDOFF_MAGIC, ERR_NOVAULT, p, 0);
	else
		fake_answer(0, HANDOFF_MAGIC, ERR_OK, p, n);
}

/* Never comes back. */
static void
fake_handoff(const char *heard)
{
	static uint8_t bytes[HANDOFF_HEADER], part[2][HANDOFF_PATH_MAX + 1];
	int fd = open(heard, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct handoff_ask a;
	size_t n[2] = { 0 };

	if (fake_frame((uint8_t *)&a, sizeof a) != sizeof a)
		_exit(13);
	if (a.op == HANDOFF_UNLOCK || a.op == HANDOFF_HOLD || a.op == HANDOFF_READ)
		n[0] = fake_frame(part[0], sizeof part[0]);
	if (a.op == HANDOFF_UNLOCK || a.op == HANDOFF_HOLD)
		n[1] = fake_frame(part[1], sizeof part[1]);
	if (fd >= 0)
		(void)!(
		    write(fd, &a, sizeof a) + write(fd, part[0], n[0]) + write(fd, part[1], n[1]));
	fake_misbehave(a.name, bytes, fake_bytes(&a, bytes));
	_exit(0);
}

/* Called first in main: are we started as the helper?  FOLDER of the helpers is in its path. */
static inline bool
fake_is_wanted(const char *name)
{
	return strcmp(name, "ownkey-handoff") == 0;
}

#endif
