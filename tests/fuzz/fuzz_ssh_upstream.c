/* The list of the agent behind ours: joined with ours it is one that OpenSSH reads, ours first. */
#include <stdlib.h>

#include "agent/door/ssh.h"
#include "lib/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool true_)
{
	if (!true_)
		abort();
}

/* One key without content, "k". */
static const uint8_t own[] = { SSH_IDENTITIES_ANSWER, 0, 0, 0, 1, 0, 0, 0, 1, 'k', 0, 0, 0, 0 };

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct conf conf;
	struct ssh_keys k = { .conf = &conf };
	struct buf b = BUF_INIT;
	struct ssh_reader r;
	uint32_t count;

	if (ssh_up_join(&k, SPAN(own, sizeof own), SPAN(p, n), &b)) {
		must(b.len <= SSH_LIST_BYTES && memcmp(b.p + 5, own + 5, sizeof own - 5) == 0);
		r = ssh_reader(SPAN(b.p + 1, b.len - 1));
		count = ssh_read_u32(&r);
		must(count >= 1 && count <= SSH_LIST_MOST);
		for (uint32_t i = 0; i < 2 * count; i++)
			ssh_read_string(&r, SSH_LIST_BYTES);
		must(!ssh_reader_end(&r));
	}
	buf_done(&b);
	return 0;
}
