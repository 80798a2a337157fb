/* What git says: what is accepted can be said again on lines of its own, and names one secret. */
#include <stdlib.h>

#include "cli/git/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
say_again(const struct message *m, struct buf *b)
{
	for (unsigned k = 0; k < MESSAGE_KEYS; k++)
		if (message_put(b, (enum message_key)k, m->value[k]))
			abort();
}

static void
check_label(const struct message *m)
{
	struct buf b = BUF_INIT;
	size_t slashes = 0;
	enum err e = message_label(m, "git", &b);

	if (e && e != ERR_TOOBIG)
		abort();
	for (size_t i = 0; i < b.len && !e; i++) {
		slashes += b.p[i] == '/';
		if (b.p[i] < 0x20 || b.p[i] >= 0x7f)
			abort();
	}
	if (!e && slashes != (message_has(m, MESSAGE_PATH) ? 4 : 3))
		abort();
	buf_done(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct message m, again;
	struct buf b = BUF_INIT;
	size_t lines = 0;

	if (message_read(SPAN(p, n), &m))
		return 0;
	if (!m.value[MESSAGE_PROTOCOL].len)
		abort();
	say_again(&m, &b);
	for (size_t i = 0; i < b.len; i++)
		lines += b.p[i] == '\n';
	for (unsigned k = 0; k < MESSAGE_KEYS; k++)
		lines -= message_has(&m, (enum message_key)k);
	if (lines || message_read(buf_span(&b), &again))
		abort();
	for (unsigned k = 0; k < MESSAGE_KEYS; k++)
		if (!span_eq(m.value[k], again.value[k]))
			abort();
	check_label(&m);
	buf_done(&b);
	return 0;
}
