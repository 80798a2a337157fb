/* card_option.c - cards of the agent are collected and printed, or shown. */
#include "cli/card_option.h"

#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "cli/show_card.h"

/* ---- from lines to a page ---- */
struct facts {
	char fingerprint[9], check[9];
};

static void
copy_value(struct span card, const char *key, char *out, size_t cap)
{
	struct span v = show_card_value(card, key);

	snprintf(out, cap, "%.*s", (int)v.len, v.len ? (const char *)v.p : "");
}

/* "1 of 3 of 5"; what is missing is found by paper.c. */
static void
fill_share(struct span card, struct paper_page *p)
{
	char text[48];

	copy_value(card, "share", text, sizeof text);
	if (sscanf(text, "%u of %u of %u", &p->share, &p->threshold, &p->count) == 3)
		p->kind = PAPER_OF_SHARE;
}

static void
fill_page(const struct card_option *o, size_t i, struct facts *f, struct paper_page *p)
{
	struct span card = sec_span(&o->card[i]);
	char generation[16];

	*p = (struct paper_page){ .kind = PAPER_OF_PHRASE,
		.words = show_card_value(card, "words"),
		.backup = show_card_value(card, "backup"),
		.path = span_str(o->path),
		.fingerprint = f->fingerprint,
		.check = f->check,
		.made = (uint64_t)time(NULL) };
	copy_value(card, "fingerprint", f->fingerprint, sizeof f->fingerprint);
	copy_value(card, "check", f->check, sizeof f->check);
	copy_value(card, "generation", generation, sizeof generation);
	p->generation = (uint32_t)strtoul(generation, NULL, 10);
	if (o->holders)
		p->holder = o->holders[i];
	fill_share(card, p);
}

/* ---- to paper ---- */
static bool
is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *v = NULL;

	for (size_t i = 0; i < 3 && !(v && *v); i++)
		v = getenv(names[i]);
	return v && (strcasestr(v, "utf-8") || strcasestr(v, "utf8"));
}

void
card_option_look(const struct cli *c, int fd, struct paper_look *look)
{
	bool terminal = isatty(fd);

	*look = (struct paper_look){ .columns = terminal ? out_columns(fd) : 78,
		.qr = true,
		.plain = c->term.plain || getenv("NO_COLOR"),
		.ink = !terminal,
		.utf8 = is_utf8() };
}

enum err
card_option_put(struct card_option *o, const struct paper_page *pages, size_t n)
{
	struct paper_look look;
	struct buf out = BUF_INIT;
	enum err e;

	card_option_look(o->c, o->to.fd, &look);
	e = o->form == PRINTOUT_PDF ? paper_pdf(pages, n, &out) : paper_text(pages, n, &look, &out);
	if (!e && !(e = printout_put(&o->to, buf_span(&out))))
		o->put = true;
	buf_done(&out);
	return e;
}

static enum err
print(struct card_option *o)
{
	struct paper_page page[PAPER_HOLDERS_MAX];
	struct facts facts[PAPER_HOLDERS_MAX];

	for (size_t i = 0; i < o->n; i++)
		fill_page(o, i, &facts[i], &page[i]);
	return card_option_put(o, page, o->n);
}

/* ---- the agent gives one ---- */
static enum err
take(struct cli *c, struct span text)
{
	struct card_option *o = c->card_arg;
	struct span holder = o->holders && o->n < o->pages ? o->holders[o->n] : SPAN_NONE;
	enum err e;

	if (o->n >= o->pages || o->n >= PAPER_HOLDERS_MAX)
		return ERR_FORMAT;
	if (!o->wanted) {
		o->n++;
		return show_card(c, text, holder);
	}
	if ((e = sec_init_copy(&o->card[o->n], text)))
		return e;
	return ++o->n < o->pages ? ERR_OK : print(o);
}

/* ---- the options ---- */
bool
card_option_is_stdout(const struct card_option *o)
{
	const char *file;

	if (!o->wanted)
		return false;
	file = o->c->args.value[ARG_CARD];
	return !file || strcmp(file, "-") == 0;
}

enum err
card_option_open(struct cli *c, struct card_option *o)
{
	const char *file = c->args.value[ARG_CARD];
	enum err e;

	o->c = c;
	o->wanted = args_has(&c->args, ARG_CARD) || args_has(&c->args, ARG_TEXT);
	o->form = args_has(&c->args, ARG_TEXT) ? PRINTOUT_TEXT : PRINTOUT_PDF;
	if (card_option_is_stdout(o) && args_has(&c->args, ARG_JSON))
		return cli_wrong(c, "the card and --json cannot both go to standard output");
	if (o->wanted && (e = printout_open(&o->to, file, o->form, args_has(&c->args, ARG_SHOW)))) {
		if (file)
			snprintf(c->detail, sizeof c->detail, "%s", file);
		return e;
	}
	c->take_card = take;
	c->card_arg = o;
	return ERR_OK;
}

void
card_option_close(struct card_option *o, enum err e)
{
	for (size_t i = 0; i < o->n && i < PAPER_HOLDERS_MAX; i++)
		sec_done(&o->card[i]);
	if (o->wanted && !o->put)
		printout_drop(&o->to);
	if (e && o->in_vain && (o->put || (!o->wanted && o->n > 0)))
		out_say("%s", o->in_vain);
	o->c->take_card = NULL;
	o->c->card_arg = NULL;
}
