/*
 * The map of a login: any bytes, as the file of alice.  What is accepted has rows within their
 * bounds, each with a touch; what is refused has none, and says why in text that a log can hold.
 */
#include <stdlib.h>

#include "pam/map.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
check_ssh(const struct map_row *r)
{
	if (r->flags & MAP_PIN || (r->flags & MAP_UV && !(r->flags & MAP_UP)) || r->foreign)
		abort();
	if (r->pubkey.len < 8 || r->pubkey.len > MAP_SSH_MAX || r->label.len > MAP_LABEL_MAX)
		abort();
	if (r->cred_id.len || r->salt.len || r->rp_id.len)
		abort();
}

static void
check_row(const struct map_row *r)
{
	if (r->ssh) {
		check_ssh(r);
		return;
	}
	if (!(r->flags & MAP_UP) || (r->flags & MAP_PIN && !(r->flags & MAP_UV)))
		abort();
	if (r->cred_id.len < 1 || r->cred_id.len > MAP_CRED_MAX)
		abort();
	if (r->pubkey.len != (r->alg == -7 ? 64 : 32) || (r->alg != -7 && r->alg != -8))
		abort();
	if (r->salt.p && (r->salt.len != 32 || r->foreign))
		abort();
	if (r->rp_id.len < 1 || r->rp_id.len > MAP_RPID_MAX || r->label.len > MAP_LABEL_MAX)
		abort();
}

static void
read_as(const uint8_t *p, size_t n, bool ssh)
{
	const struct map_who who = { .user = "alice", .rpid = "pam://here", .most = 5, .ssh = ssh };
	struct map m;
	enum err e = map_parse(SPAN(p, n), &who, &m);
	size_t i;

	if ((e == ERR_OK) != (m.n > 0) || m.n > who.most)
		abort();
	for (i = 0; i < m.n; i++)
		if (m.row[i].ssh != ssh)
			abort();
		else
			check_row(&m.row[i]);
	for (i = 0; e != ERR_OK && m.why[i]; i++)
		if (m.why[i] < ' ' || m.why[i] > '~')
			abort();
	map_done(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	read_as(p, n, false);
	read_as(p, n, true);
	return 0;
}
