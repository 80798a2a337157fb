/* verb_share.c - shares of the recovery phrase: made, asked after, tried. */
#include <ctype.h>
#include <unistd.h>

#include "cli/card_option.h"
#include "cli/typing.h"
#include "cli/verbs.h"
#include "lib/text.h"
#include "lib/words_slip39.h"

/* ---- create ---- */
struct plan {
	struct ops_share_create q;
	size_t n;
	struct ops_holder row[OPS_SHARES];
	struct span name[OPS_SHARES];
	char own[OPS_SHARES][32]; /* where nobody was named */
};

static enum err
take_number(struct cli *c, size_t operand, size_t *n)
{
	const char *s = cli_operand(c, operand);
	size_t len = strlen(s);

	if (len < 1 || len > 2 || strspn(s, "0123456789") != len)
		return cli_wrong(c, "'share create 3 5' makes 5 shares, of which any 3 open");
	*n = s[1] ? (size_t)(s[0] - '0') * 10 + (size_t)(s[1] - '0') : (size_t)(s[0] - '0');
	return ERR_OK;
}

static enum err
take_names(struct cli *c, struct plan *p)
{
	const char *s = c->args.value[ARG_FOR];
	size_t n = 0, len;

	for (; s && *s && n < OPS_SHARES; n++) {
		len = strcspn(s, ",");
		p->name[n] = SPAN(s, len);
		s += len + (s[len] == ',');
	}
	if (s && (n != p->n || *s))
		return cli_wrong(
		    c, "--for names %zu, but there are %zu shares", n + (*s != 0), p->n);
	for (; n < p->n; n++) {
		snprintf(p->own[n], sizeof p->own[n], "holder %zu", n + 1);
		p->name[n] = span_str(p->own[n]);
	}
	return ERR_OK;
}

static enum err
take_plan(struct cli *c, struct plan *p)
{
	size_t threshold;
	enum err e;

	if ((e = take_number(c, 0, &threshold)) || (e = take_number(c, 1, &p->n)))
		return e;
	if (threshold < 2 || p->n > OPS_SHARES || threshold > p->n)
		return ERR_SHARE_SPLIT;
	if ((e = take_names(c, p)) || (e = args_ways(c->args.value[ARG_WITH], &p->q.proof)))
		return e;
	for (size_t i = 0; i < p->n; i++) {
		p->row[i] = (struct ops_holder){ .label = p->name[i] };
		wire_mark(&ops_holder_map, &p->row[i]);
	}
	p->q.threshold = threshold;
	p->q.holders = (struct wire_list){ .v = p->row, .n = p->n };
	p->q.proof_label = cli_value(c, ARG_SLOT);
	p->q.force = args_has(&c->args, ARG_FORCE);
	return ERR_OK;
}

static void
say_first(const struct plan *p, bool printed)
{
	out_say("This splits your recovery phrase into %zu shares of 33 words. Any %u of them "
		"bring it back; fewer say nothing. First a way in is proven, then you type the "
		"phrase.",
	    p->n, (unsigned)p->q.threshold);
	if (!printed)
		out_say("Each share is then shown once: have %zu sheets of paper ready.", p->n);
}

static void
say_made(const struct ops_share_set *s)
{
	out_say("%zu shares are made, any %u of them open. Hand them over in person: "
		"shares that travel together over one messenger are as good as the phrase.",
	    s->shares.n, (unsigned)s->threshold);
	out_say("Nobody can take a share back later: only another phrase ('ownkey id reseed "
		"--new-phrase') makes shares worthless. Ask the holders once a year: 'ownkey "
		"share check'.");
}

enum err
verb_share_create(struct cli *c)
{
	struct plan p = { .n = 0 };
	struct card_option card = { .holders = p.name,
		.in_vain = "These shares would open, but nobody remembers who has them: destroy "
			   "what was printed or written down, and start again." };
	struct ops_share_set rep;
	bool done;
	enum err e;

	if ((e = take_plan(c, &p)))
		return e;
	card.pages = p.n;
	if ((e = card_option_open(c, &card)))
		return e;
	say_first(&p, card.wanted);
	e = cli_ask(c, OP_SHARE_CREATE, &p.q, &rep, &done);
	card_option_close(&card, e);
	if (!e && !done)
		say_made(&rep);
	return e;
}

/* ---- list ---- */
static enum err
put_set(const struct ops_share_set *s)
{
	char day[16];
	struct ops_share share;
	struct cbor at;
	enum err e = ERR_OK;

	out_day(s->created, day);
	printf("%s  set %u: any %u of %zu open%s\n", day, (unsigned)s->set, (unsigned)s->threshold,
	    s->shares.n, s->current ? "" : " an older phrase");
	for (at = wire_each(&s->shares); !cbor_at_end(&at) && !e;) {
		if ((e = wire_next(&ops_share_map, &at, &share)))
			break;
		if (share.confirmed)
			out_day(share.confirmed, day);
		printf("  %2u %s  ", (unsigned)share.index, share.confirmed ? day : "never     ");
		out_text(stdout, share.label);
		putchar('\n');
	}
	return e;
}

enum err
verb_share_list(struct cli *c)
{
	struct ops_share_list_rep rep;
	struct ops_share_set s;
	struct cbor at;
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_SHARE_LIST, NULL, &rep, &done)) || done)
		return e;
	if (!rep.sets.n)
		out_say("no shares yet; 'ownkey share create 3 5 --for alice,bob,...' makes some");
	for (at = wire_each(&rep.sets); !cbor_at_end(&at) && !e;)
		if (!(e = wire_next(&ops_share_set_map, &at, &s)))
			e = put_set(&s);
	if (!e && rep.sets.n) {
		fflush(stdout);
		out_say("The day before a name: when its share was last checked.");
	}
	return e;
}

/* ---- check ---- */
/* As people read it out: "1A2B 3C4D". */
static enum err
clean_code(struct cli *c, const char *typed, char code[OPS_SHARE_CODE + 1])
{
	size_t n = 0;

	for (; *typed; typed++) {
		if (*typed == ' ' || *typed == '-')
			continue;
		if (!isxdigit((unsigned char)*typed) || n == OPS_SHARE_CODE)
			return cli_wrong(c, "a check code has 8 digits, 0-9 and a-f");
		code[n++] = (char)tolower((unsigned char)*typed);
	}
	code[n] = '\0';
	return n == OPS_SHARE_CODE ? ERR_OK
				   : cli_wrong(c, "a check code has 8 digits, 0-9 and a-f");
}

static void
say_checked(const struct ops_share_check_rep *rep)
{
	char day[16];

	out_say_span("This share is still there. Held by: ", rep->label);
	out_say("It is share %u of set %u.", (unsigned)rep->index, (unsigned)rep->set);
	if (rep->before) {
		out_day(rep->before, day);
		out_say("Checked last on %s.", day);
	}
	if (!rep->current)
		out_say("warning: it is of an older phrase, and opens this vault no more: make "
			"new shares.");
}

enum err
verb_share_check(struct cli *c)
{
	struct ops_share_check q = { .label = cli_value(c, ARG_FOR) };
	struct ops_share_check_rep rep;
	char typed[64], code[OPS_SHARE_CODE + 1];
	bool done;
	enum err e;

	if (cli_operand(c, 0))
		snprintf(typed, sizeof typed, "%s", cli_operand(c, 0));
	else if ((e = term_ask(
		      &c->term, "the code that the holder reads out: ", "", typed, sizeof typed)))
		return e;
	if ((e = clean_code(c, typed, code)))
		return e;
	q.code = span_str(code);
	if (!(e = cli_ask(c, OP_SHARE_CHECK, &q, &rep, &done)) && !done)
		say_checked(&rep);
	return e;
}

/* ---- code: for a holder, who needs neither vault nor agent ---- */
static enum err
code_of(struct typing *t, char code[WORDS_SLIP39_CODE + 1])
{
	struct sec text = { 0 };
	uint8_t hash[32];
	enum err e;

	if (!(e = sec_init(&text, CELLS_TEXT)) && !(e = cells_join(&t->cells, t->words, &text)) &&
	    !(e = words_slip39_hash(sec_span(&text), hash, NULL)))
		words_slip39_code(hash, code);
	sec_done(&text);
	return e;
}

static enum err
type_share(struct typing *t, char code[WORDS_SLIP39_CODE + 1])
{
	enum err e;

	t->kinds = CELLS_OF_SHARE;
	term_screen(t->term, true);
	term_put(t->term,
	    "Type the 33 words of your share.\n"
	    "One a line, or all at once. < goes back.\n");
	while (!(e = typing_words(t, 0, false)) && (e = code_of(t, code)) == ERR_WORDS_CHECKSUM) {
		cells_wipe(&t->cells);
		term_say(t->term,
		    "A word is wrong or two are swapped. Compare them with the "
		    "page, and type them all again.");
	}
	term_screen(t->term, false);
	return e;
}

enum err
verb_share_code(struct cli *c)
{
	char code[WORDS_SLIP39_CODE + 1] = "";
	struct typing t = { 0 };
	enum err e;

	if (!(e = typing_open(&t, &c->term)))
		e = type_share(&t, code);
	typing_done(&t);
	if (e)
		return e;
	puts(code);
	fflush(stdout);
	out_say("Read this out to the owner, and nothing else. It says nothing about the words.");
	return ERR_OK;
}

/* ---- combine ---- */
static enum err
only_fingerprint(struct cli *c)
{
	struct ops_phrase_rep rep;
	char hex[9];
	bool done;
	enum err e;

	if ((e = cli_ask(c, OP_PHRASE_CHECK, NULL, &rep, &done)) || done)
		return e;
	text_encode_raw(TEXT_HEX, rep.fingerprint, hex);
	out_row("phrase", "%.8s", hex);
	fflush(stdout);
	out_say("Compare this with the fingerprint on the pages. The vault is not open, so "
		"nothing else was tried: 'ownkey unlock --with phrase' opens it with these.");
	return ERR_OK;
}

enum err
verb_share_combine(struct cli *c)
{
	struct ops_status_rep st;
	bool done;
	enum err e;

	if ((e = cli_call(c, OP_STATUS, NULL, &st)))
		return e;
	if (!st.vault || st.locked)
		return only_fingerprint(c);
	if (!(e = verb_phrase_prove(c, &done)) && !done)
		out_say("They bring back the recovery phrase of this vault.");
	return e;
}

/* ---- remove ---- */
enum err
verb_share_remove(struct cli *c)
{
	struct ops_share_sel q = { 0 };
	const char *s = cli_operand(c, 0);
	bool yes = args_has(&c->args, ARG_FORCE), done;
	enum err e = ERR_OK;

	if (strlen(s) > 5 || strspn(s, "0123456789") != strlen(s) || !*s)
		return cli_wrong(c, "SET is a number that 'ownkey share list' shows");
	for (; *s; s++)
		q.set = q.set * 10 + (uint64_t)(*s - '0');
	out_say("Its shares are forgotten here, but they still bring back the phrase. Only "
		"'ownkey id reseed --new-phrase' makes them worthless.");
	if (!yes && term_is_there(&c->term))
		e = term_yes(&c->term, "forget who holds them? [y/N] ", false, &yes);
	if (!e && !yes)
		return term_is_there(&c->term)
		    ? ERR_REFUSED
		    : cli_wrong(c, "nobody is there to ask: say --force");
	if (!e && !(e = cli_ask(c, OP_SHARE_REMOVE, &q, NULL, &done)))
		out_say("forgotten");
	return e;
}
