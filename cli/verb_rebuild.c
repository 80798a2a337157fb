/*
 * verb_rebuild.c - `restore` without a file: a vault from the recovery phrase alone.  It says
 * before and after what the phrase cannot bring back.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/init_ways.h"
#include "cli/rebuilding.h"
#include "cli/verbs.h"
#include "lib/text.h"

#define SERVICES_MAX 64

struct service {
	char name[33];
	char what[128];
};

struct services {
	struct service row[SERVICES_MAX];
	size_t n;
	char fpr[9];
};

static void
say_first(void)
{
	out_say("This makes a vault from your recovery phrase alone. It brings back every key that "
		"was derived from it. It cannot bring back secrets that you stored, keys that you "
		"imported, and contacts: these need a backup ('ownkey restore FILE') or the vault "
		"file itself.\n");
}

static void
copy(char *out, size_t cap, struct span s)
{
	snprintf(out, cap, "%.*s", (int)s.len, s.len ? (const char *)s.p : "");
}

/* The reply is void at the next call. */
static enum err
open_phrase(struct cli *c, struct services *s)
{
	struct ops_rebuild_open_rep rep;
	struct ops_pair p;
	struct cbor at;
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_REBUILD_OPEN, NULL, &rep, &done)))
		return e;
	text_encode_raw(TEXT_HEX, rep.fingerprint, s->fpr);
	for (at = wire_each(&rep.services); !cbor_at_end(&at) && s->n < SERVICES_MAX;) {
		if ((e = wire_next(&ops_pair_map, &at, &p)))
			return e;
		copy(s->row[s->n].name, sizeof s->row[0].name, p.name);
		copy(s->row[s->n++].what, sizeof s->row[0].what, p.value);
	}
	return ERR_OK;
}

static enum err
find_accounts(struct rebuilding *r, const struct services *s)
{
	enum err e = ERR_OK;

	out_say("The fingerprint of this phrase is %s: it stands on your card.", s->fpr);
	out_say("Now the accounts, service by service. Public keys are shown: take those that "
		"your contacts, servers or files know.\n");
	for (size_t i = 0; i < s->n && !e; i++)
		e = rebuilding_service(r, s->row[i].name, s->row[i].what);
	return e;
}

static enum err
ask_generation(struct rebuilding *r, uint64_t *generation)
{
	char def[16], prompt[64], answer[16], *end;
	enum err e;

	snprintf(def, sizeof def, "%u", (unsigned)r->top);
	snprintf(prompt, sizeof prompt, "generation on your newest card [%s]: ", def);
	for (;;) {
		if ((e = term_ask(&r->c->term, prompt, def, answer, sizeof answer)))
			return e;
		*generation = strtoull(answer, &end, 10);
		if (end != answer && !*end && *generation < OPS_REBUILD_GENERATIONS)
			return ERR_OK;
	}
}

static enum err
commit(struct rebuilding *r, const struct init_ways *w, uint64_t generation)
{
	struct ops_rebuild_commit q = { .ways = w->q.ways,
		.token = w->q.token,
		.token_label = w->q.token_label,
		.no_pin = w->q.no_pin,
		.and_pass = w->q.and_pass,
		.one_way_in = w->q.one_way_in,
		.argon_m = w->q.argon_m,
		.force = w->q.force,
		.generation = generation };
	struct ops_init_rep rep;
	bool done;
	enum err e;

	if ((e = cli_ask(r->c, OP_REBUILD_COMMIT, &q, &rep, &done)) || done)
		return e;
	out_row_span("vault", rep.path);
	out_row("accounts", "%zu", r->accounts);
	fflush(stdout);
	if (rep.note.len)
		out_say_span("note: ", rep.note);
	return ERR_OK;
}

static void
say_after(void)
{
	out_say("Not in it: secrets that you stored, imported keys, contacts, what each key was "
		"allowed to do. 'ownkey restore FILE' adds them from a backup. An account that "
		"you forgot now comes back later: 'ownkey id add SERVICE ACCOUNT'.");
	out_say("Next: 'ownkey backup create', and a second token ('ownkey slot add token').");
}

static enum err
rebuild(struct cli *c, struct services *s, struct init_ways *w)
{
	struct rebuilding r = { .c = c };
	uint64_t generation;
	enum err e;

	if ((e = open_phrase(c, s)) || (e = find_accounts(&r, s)) ||
	    (e = ask_generation(&r, &generation)) || (e = init_ways_choose(c, w)))
		return e;
	if (w->try_instead)
		return ERR_CANCELLED;
	if ((e = commit(&r, w, generation)))
		return e;
	say_after();
	return ERR_OK;
}

enum err
verb_rebuild(struct cli *c)
{
	struct init_ways w = { .try_instead = false };
	struct services *s;
	enum err e;

	if ((e = init_ways_options(c, &w)))
		return e;
	if (!term_is_there(&c->term))
		return ERR_NOPROMPT;
	if (!(s = calloc(1, sizeof *s)))
		return ERR_NOMEM;
	say_first();
	e = rebuild(c, s, &w);
	free(s);
	return e;
}
