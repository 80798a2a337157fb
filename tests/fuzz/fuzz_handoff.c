/* What a login reads of a person's vault before anybody has proven anything, and the message that
 * brings a factor to the agent. */
#include <stdlib.h>

#include "lib/job.h"
#include "pam/handoff.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
header(struct span in)
{
	struct handoff_header h;

	if (handoff_header_parse(in, &h))
		return;
	if (h.n > HANDOFF_SLOTS || h.rp_id[sizeof h.rp_id - 1])
		abort();
	for (size_t i = 0; i < h.n; i++)
		if (!h.slot[i].len || h.slot[i].len > HANDOFF_CRED_MAX ||
		    !handoff_header_has(&h, SPAN(h.slot[i].cred_id, h.slot[i].len)))
			abort();
}

static void
factor(struct span in)
{
	struct secret_msg m;

	if (wire_decode(&secret_msg_map, in, &m))
		return;
	if (m.cred_id.len > 1023 || (m.factor.len && m.factor.len != 32))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	header(SPAN(p, n));
	factor(SPAN(p, n));
	return 0;
}
