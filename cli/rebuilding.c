/* rebuilding.c - an account is found again by its public keys. */
#include "cli/rebuilding.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

#define SHOWN_FIRST 4
#define SHOWN_MORE  6
#define EPOCHS_LOOK 6
#define KEY_COLUMNS 45

/* What could be, in the order in which it is shown. */
struct candidate {
	uint64_t epoch, generation;
	char key[KEY_COLUMNS + 8];
};

struct found {
	struct candidate row[REBUILDING_ROWS];
	size_t n, shown;
};

/* The end of a public key tells it from others better than its beginning. */
static void
shorten(struct span shown, char *out, size_t cap)
{
	struct buf b = BUF_INIT;
	size_t skip;

	text_printable(shown, &b);
	skip = b.len > KEY_COLUMNS ? b.len - KEY_COLUMNS + 3 : 0;
	snprintf(out, cap, "%s%s", skip ? "..." : "", buf_cstr(&b) + skip);
	buf_done(&b);
}

/* The likely ones first: few people rotate often. */
static int
by_likelihood(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	uint64_t wx = x->epoch + x->generation, wy = y->epoch + y->generation;

	if (wx != wy)
		return wx < wy ? -1 : 1;
	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

static enum err
look(struct rebuilding *r, const char *service, const char *account, struct found *f)
{
	struct ops_rebuild_preview q = {
		.service = span_str(service), .account = span_str(account), .epochs = EPOCHS_LOOK
	};
	struct ops_item_list_rep rep;
	struct ops_item it;
	struct cbor at;
	bool done;
	enum err e;

	f->n = f->shown = 0;
	if ((e = cli_ask(r->c, OP_REBUILD_PREVIEW, &q, &rep, &done)))
		return e;
	for (at = wire_each(&rep.items); !cbor_at_end(&at) && f->n < REBUILDING_ROWS;) {
		if ((e = wire_next(&ops_item_map, &at, &it)))
			return e;
		f->row[f->n] = (struct candidate){ it.epoch, it.generation, "" };
		shorten(it.shown, f->row[f->n].key, sizeof f->row[f->n].key);
		f->n++;
	}
	qsort(f->row, f->n, sizeof f->row[0], by_likelihood);
	return ERR_OK;
}

static void
show(const struct rebuilding *r, struct found *f, size_t more)
{
	char line[160];

	for (; more > 0 && f->shown < f->n; more--, f->shown++) {
		const struct candidate *row = &f->row[f->shown];

		snprintf(line, sizeof line, "%2zu  epoch %u, generation %u\n    %s\n", f->shown + 1,
		    (unsigned)row->epoch, (unsigned)row->generation, row->key);
		term_put(&r->c->term, line);
	}
}

/* ---- choosing ---- */
/* *pick: row + 1; 0: not this account. */
static enum err
choose(struct rebuilding *r, struct found *f, size_t *pick)
{
	char answer[16];
	enum err e;

	show(r, f, SHOWN_FIRST);
	for (;;) {
		if ((e = term_ask(&r->c->term, "yours now? number, m: more, s: skip [1]: ", "1",
			 answer, sizeof answer)))
			return e;
		*pick = (size_t)strtoul(answer, NULL, 10);
		if (answer[0] == 'm')
			show(r, f, SHOWN_MORE);
		else if (answer[0] == 's')
			return *pick = 0, ERR_OK;
		else if (*pick >= 1 && *pick <= f->n)
			return ERR_OK;
	}
}

/* The next number in a line of them; 0 at its end. */
static size_t
next_number(const char **s)
{
	char *end;
	size_t n;

	while (**s && !isdigit((unsigned char)**s))
		++*s;
	n = (size_t)strtoul(*s, &end, 10);
	*s = end;
	return n;
}

/* Older ones that the person knows, for reading what is old; one an epoch, below the one in use. */
static enum err
choose_older(struct rebuilding *r, const struct found *f, size_t pick, struct ops_rebuild_add *q,
    struct ops_rebuild_epoch *epoch)
{
	bool have[OPS_REBUILD_EPOCHS] = { false };
	uint64_t generation[OPS_REBUILD_EPOCHS];
	uint64_t now = f->row[pick - 1].epoch;
	char answer[128];
	const char *s = answer;
	size_t n;
	enum err e;

	if (now > 0 &&
	    (e = term_ask(&r->c->term, "older ones of yours? numbers, or Enter: ", "", answer,
		 sizeof answer)))
		return e;
	while (now > 0 && (n = next_number(&s)) > 0)
		if (n <= f->n && f->row[n - 1].epoch < now) {
			have[f->row[n - 1].epoch] = true;
			generation[f->row[n - 1].epoch] = f->row[n - 1].generation;
		}
	for (n = 0; n < now; n++)
		if (have[n])
			epoch[q->epochs.n++] =
			    (struct ops_rebuild_epoch){ .epoch = n, .generation = generation[n] };
	epoch[q->epochs.n++] =
	    (struct ops_rebuild_epoch){ .epoch = now, .generation = f->row[pick - 1].generation };
	return ERR_OK;
}

static enum err
take(struct rebuilding *r, struct ops_rebuild_add *q, const struct found *f, size_t pick)
{
	struct ops_rebuild_epoch epoch[OPS_REBUILD_EPOCHS];
	bool done;
	enum err e;

	q->epochs = (struct wire_list){ .v = epoch };
	if ((e = choose_older(r, f, pick, q, epoch)))
		return e;
	for (size_t i = 0; i < q->epochs.n; i++) {
		wire_mark(&ops_rebuild_epoch_map, &epoch[i]);
		if (epoch[i].generation > r->top)
			r->top = epoch[i].generation;
	}
	if (!(e = cli_ask(r->c, OP_REBUILD_ADD, q, NULL, &done)))
		r->accounts++;
	return e;
}

/* ---- one account ---- */
static enum err
one_account(struct rebuilding *r, const char *service, const char *account)
{
	struct ops_rebuild_add q = { .service = span_str(service), .account = span_str(account) };
	struct found *f = calloc(1, sizeof *f);
	size_t pick;
	enum err e;

	if (!f)
		return ERR_NOMEM;
	e = look(r, service, account, f);
	if (!e && !(e = choose(r, f, &pick)) && pick)
		e = take(r, &q, f, pick);
	free(f);
	if (e == ERR_EXISTS || e == ERR_TEXT) {
		out_say(e == ERR_EXISTS ? "you have that one already" : "that is no account there");
		e = ERR_OK;
	}
	return e;
}

enum err
rebuilding_service(struct rebuilding *r, const char *service, const char *what)
{
	char prompt[160], account[256];
	enum err e;

	for (;;) {
		out_say("%s: %s", service, what);
		snprintf(prompt, sizeof prompt, "your account, or Enter for none: ");
		if ((e = term_ask(&r->c->term, prompt, "", account, sizeof account)) || !*account)
			return e;
		if ((e = one_account(r, service, account)))
			return e;
	}
}
