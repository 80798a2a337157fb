/* verb_phrase.c - the recovery phrase on paper: typed back, printed again; a sheet for heirs. */
#include <time.h>
#include <unistd.h>

#include "cli/card_option.h"
#include "cli/verbs.h"
#include "lib/paths.h"
#include "lib/text.h"

/* ---- typed back ---- */
/* The first way in that is the phrase, by its id. */
static enum err
find_phrase(struct cli *c, char id[33])
{
	struct ops_slot_list_rep rep;
	struct ops_slot s;
	struct cbor at;
	enum err e;

	if ((e = cli_call(c, OP_SLOT_LIST, NULL, &rep)))
		return e;
	for (at = wire_each(&rep.slots); !cbor_at_end(&at);) {
		if ((e = wire_next(&ops_slot_map, &at, &s)))
			return e;
		if (s.factors != OPS_WAY_PHRASE || s.err)
			continue;
		text_encode_raw(TEXT_HEX, s.id, id);
		id[32] = '\0';
		return ERR_OK;
	}
	snprintf(c->detail, sizeof c->detail, "no recovery phrase opens this vault");
	snprintf(c->hint, sizeof c->hint, "'ownkey slot add phrase' makes it a way in again");
	return ERR_NOTFOUND;
}

enum err
verb_phrase_prove(struct cli *c, bool *done)
{
	struct ops_slot_sel q = { 0 };
	struct ops_slot_rep rep;
	char id[33];
	enum err e;

	*done = false;
	if ((e = find_phrase(c, id)))
		return e;
	q.label = span_str(id);
	return cli_ask(c, OP_SLOT_VERIFY, &q, &rep, done);
}

enum err
verb_phrase_verify(struct cli *c)
{
	bool done;
	enum err e = verb_phrase_prove(c, &done);

	if (!e && !done)
		out_say("These words open this vault: the paper is good. Put it back where it is "
			"safe, not beside the token.");
	return e;
}

/* ---- printed again ---- */
enum err
verb_phrase_card(struct cli *c)
{
	struct card_option card = { .pages = 1 };
	struct ops_phrase_rep rep;
	bool done;
	enum err e;

	if ((e = card_option_open(c, &card)))
		return e;
	e = cli_ask(c, OP_PHRASE_CARD, NULL, &rep, &done);
	card_option_close(&card, e);
	if (!e && !done)
		out_say("Compare the new page with the one you typed from. An old page that you no "
			"longer keep: burn it, do not throw it away.");
	return e;
}

/* ---- for heirs ---- */
struct sheet_facts {
	char fingerprint[9];
	char path[PATHS_MAX];
	struct buf text; /* labels and places, copied one after the other */
	size_t length[PAPER_HOLDERS_MAX + PAPER_PLACES_MAX];
	size_t nholders, nplaces;
	struct span span[PAPER_HOLDERS_MAX + PAPER_PLACES_MAX];
	struct paper_page page;
};

/* Replies are gone with the next call. */
static void
keep(struct sheet_facts *f, struct span s)
{
	f->length[f->nholders + f->nplaces] = s.len;
	buf_put_span(&f->text, s);
}

static enum err
look_for_holders(struct cli *c, struct sheet_facts *f)
{
	struct ops_share_list_rep rep;
	struct ops_share_set set = { 0 };
	struct ops_share share;
	struct cbor at;
	enum err e;

	if ((e = cli_call(c, OP_SHARE_LIST, NULL, &rep)))
		return e;
	if (rep.fingerprint.len != 4)
		return ERR_FORMAT;
	text_encode_raw(TEXT_HEX, rep.fingerprint, f->fingerprint);
	f->page.generation = (uint32_t)rep.generation;
	for (at = wire_each(&rep.sets); !cbor_at_end(&at) && !set.current && !e;)
		e = wire_next(&ops_share_set_map, &at, &set);
	if (e || !set.current)
		return e;
	f->page.threshold = (unsigned)set.threshold;
	f->page.count = (unsigned)set.shares.n;
	for (at = wire_each(&set.shares); !cbor_at_end(&at) && !e && f->nholders < OPS_SHARES;)
		if (!(e = wire_next(&ops_share_map, &at, &share))) {
			keep(f, share.label);
			f->nholders++;
		}
	return e;
}

static void
keep_place(struct sheet_facts *f, struct span where)
{
	if (where.len == 0 || f->nplaces >= PAPER_PLACES_MAX)
		return;
	keep(f, where);
	f->nplaces++;
}

static enum err
look_for_backups(struct cli *c, struct sheet_facts *f)
{
	struct ops_backup_list_rep rep;
	struct ops_backup b;
	struct cbor at;
	enum err e;

	if ((e = cli_call(c, OP_BACKUP_LIST, NULL, &rep)))
		return e;
	for (at = wire_each(&rep.backups); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_backup_map, &at, &b)) && f->nplaces < PAPER_PLACES_MAX / 2)
			keep_place(f, b.where);
	return e;
}

static enum err
look_for_copies(struct cli *c, struct sheet_facts *f)
{
	struct ops_backup_copies q = { 0 };
	struct ops_backup_copies_rep rep;
	struct ops_copy row;
	struct cbor at;
	enum err e;

	if ((e = cli_call(c, OP_BACKUP_COPIES, &q, &rep)))
		return e;
	for (at = wire_each(&rep.copies); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_copy_map, &at, &row)) && row.time && !row.local)
			keep_place(f, row.path);
	return e;
}

static enum err
look(struct cli *c, struct sheet_facts *f)
{
	struct ops_status_rep st;
	size_t at = 0;
	enum err e;

	if ((e = cli_call(c, OP_STATUS, NULL, &st)))
		return e;
	snprintf(f->path, sizeof f->path, "%.*s", (int)st.path.len,
	    st.path.len ? (const char *)st.path.p : "");
	if ((e = look_for_holders(c, f)) || (e = look_for_backups(c, f)) ||
	    (e = look_for_copies(c, f)))
		return e;
	for (size_t i = 0; i < f->nholders + f->nplaces; at += f->length[i++])
		f->span[i] = span_sub(buf_span(&f->text), at, f->length[i]);
	f->page.kind = PAPER_OF_HEIRS;
	f->page.fingerprint = f->fingerprint;
	f->page.path = span_str(f->path);
	f->page.made = (uint64_t)time(NULL);
	f->page.holders = f->span;
	f->page.nholders = f->nholders;
	f->page.places = f->span + f->nholders;
	f->page.nplaces = f->nplaces;
	return buf_err(&f->text);
}

/* It holds no secret: without --card it goes wherever other results go. */
static enum err
put_text(const struct cli *c, const struct sheet_facts *f)
{
	struct paper_look look;
	struct buf out = BUF_INIT;
	enum err e;

	card_option_look(c, STDOUT_FILENO, &look);
	if (!(e = paper_text(&f->page, 1, &look, &out)))
		e = out_raw(STDOUT_FILENO, buf_span(&out));
	buf_done(&out);
	return e;
}

enum err
verb_inheritance(struct cli *c)
{
	struct sheet_facts f = { .nholders = 0 };
	struct card_option card = { .pages = 1 };
	enum err e;

	if (!args_has(&c->args, ARG_CARD)) {
		if (!(e = look(c, &f)))
			e = put_text(c, &f);
		buf_done(&f.text);
		return e;
	}
	if ((e = card_option_open(c, &card)))
		return e;
	if (!(e = look(c, &f)))
		e = card_option_put(&card, &f.page, 1);
	card_option_close(&card, ERR_OK);
	buf_done(&f.text);
	return e;
}
