/* sharedkeys.c - succession logs that announce the same next key. */
#include "agent/vault/sharedkeys.h"

#include <stdlib.h>

#include "lib/succession.h"

#define LOGS 1024 /* looked at: the phrase has 256 keys a generation */

struct announced {
	uint8_t next[32];
	struct span label; /* borrowed from the body */
};

/* False: no log, or one that says nothing any more. */
static bool
read_next(const struct item *it, struct announced *a)
{
	struct succession_state st;
	struct cbor c = cbor_from(it->public_part);
	struct span log;

	if (it->kind != ITEM_LOG || it->conflict.root.len || !it->public_part.len ||
	    cbor_get_bytes(&c, &log) || succession_verify(log, &st))
		return false;
	memcpy(a->next, st.next, sizeof a->next);
	a->label = it->label;
	return true;
}

static void
say_pair(struct mergenotes *m, struct span a, struct span b)
{
	mergenotes_say(m,
	    "'%.*s' and '%.*s' announce the same next key, each made on another machine: "
	    "'ownkey id rotate' one of them, then each has its own",
	    (int)a.len, (const char *)a.p, (int)b.len, (const char *)b.p);
}

void
sharedkeys_say(const struct body *b, struct mergenotes *m)
{
	struct announced *all = calloc(LOGS, sizeof *all);
	struct item it;
	size_t pos = 0, n = 0;

	while (all && n < LOGS && body_item_next(b, &pos, &it)) {
		if (!read_next(&it, &all[n]))
			continue;
		for (size_t i = 0; i < n; i++)
			if (memcmp(all[i].next, all[n].next, 32) == 0)
				say_pair(m, all[i].label, all[n].label);
		n++;
	}
	free(all);
}
