/*
 * What stands behind "alice:" in an authfile of pam_u2f, any bytes: `ownkey pam list` says that
 * alice logs in with it exactly when the module takes it, and of each token what is asked of it.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/pamu2f.h"
#include "pam/map.h"

#define TOKENS 24
#define MOST   8192

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static unsigned
flags_of(const struct pamu2f_token *t)
{
	if (strcmp(t->flags, "up") == 0)
		return MAP_UP;
	return strcmp(t->flags, "up,uv") == 0 ? MAP_UP | MAP_UV : MAP_UP | MAP_UV | MAP_PIN;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct map_who who = { .user = "alice", .rpid = "pam://here", .most = TOKENS };
	struct buf text = BUF_INIT;
	struct pamu2f_token t;
	struct map m;
	struct span rest;
	bool refused = false;
	size_t i = 0;
	enum err e;

	if (n > MOST || (n && memchr(p, '\n', n)))
		return 0;
	buf_put_str(&text, "alice:");
	buf_put(&text, p, n);
	e = map_parse(buf_span(&text), &who, &m);
	rest = SPAN(text.p + 6, n);
	for (; i <= TOKENS && pamu2f_next(&rest, &t); i++) {
		refused |= t.refused != NULL;
		if (!e && (i >= m.n || flags_of(&t) != m.row[i].flags))
			abort();
	}
	if (i <= TOKENS && (e != ERR_OK) != refused)
		abort();
	map_done(&m);
	buf_done(&text);
	return 0;
}
