/* verb_card.c - a card of the owner's public keys: as text, in a file, as a QR code. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/outfile.h"
#include "cli/qr.h"
#include "cli/verbs.h"
#include "lib/idcard.h"
#include "lib/text.h"

/* ---- as a QR code ---- */
/* What is scanned is a block as 'contact add' reads it, in the fewest characters. */
static void
put_block(struct span card, struct buf *out)
{
	buf_put_str(out, "-----BEGIN OWNKEY CARD-----\n");
	text_encode(TEXT_BASE64, card, out);
	buf_put_str(out, "\n-----END OWNKEY CARD-----\n");
}

/* Which identities take how much, so that it is clear what to leave out. */
static enum err
say_sizes(struct cli *c, struct span bytes, size_t text)
{
	struct idcard card = IDCARD_INIT;
	enum err e = idcard_verify(bytes, &card);

	for (size_t i = 0; i < card.n && !e; i++) {
		printf("%6zu bytes  ", card.identity[i].log.len + card.identity[i].texts.raw.len);
		out_text(stdout, card.state[i].service);
		putchar('/');
		out_text(stdout, card.state[i].account);
		putchar('\n');
	}
	idcard_done(&card);
	if (e)
		return e;
	return cli_wrong(c,
	    "the card is too long for a QR code (%zu of %d characters): name the identities that "
	    "belong on it, and leave out large ones",
	    text, QR_TEXT_MAX);
}

/* Codes are wider than prose. */
static size_t
columns(void)
{
	struct winsize w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) < 0 || w.ws_col == 0)
		return 80;
	return w.ws_col;
}

static enum err
draw(struct cli *c, const struct qr *q)
{
	struct buf out = BUF_INIT;
	enum qr_paint paint = !isatty(STDOUT_FILENO) ? QR_BLOCKS_INK
	    : args_has(&c->args, ARG_PLAIN)	     ? QR_BLOCKS
						     : QR_COLOUR;
	enum err e = qr_draw(q, paint, isatty(STDOUT_FILENO) ? columns() : 1000, &out);

	if (e == ERR_TOOBIG)
		e = cli_wrong(c,
		    "the QR code wants %zu columns: a wider window, a smaller font, "
		    "or fewer identities",
		    q->width + 2);
	else if (!e)
		e = out_raw(STDOUT_FILENO, buf_span(&out));
	buf_done(&out);
	return e;
}

static enum err
put_qr(struct cli *c, struct span card)
{
	struct buf text = BUF_INIT;
	struct qr q = { 0 };
	enum err e;

	put_block(card, &text);
	if (!(e = buf_err(&text)))
		e = text.len > QR_TEXT_MAX ? say_sizes(c, card, text.len)
					   : qr_make(buf_span(&text), QR_LOW, &q);
	if (!e)
		e = draw(c, &q);
	qr_done(&q);
	buf_done(&text);
	return e;
}

/* ---- as text ---- */
static enum err
write_file(struct cli *c, const char *path, struct span text)
{
	struct outfile f = OUTFILE_NONE;
	enum err e;

	if (!(e = outfile_open(&f, path, args_has(&c->args, ARG_REPLACE))) &&
	    !(e = outfile_write(&f, text)))
		e = outfile_commit(&f);
	outfile_done(&f);
	if (e)
		snprintf(c->detail, sizeof c->detail, "%s", path);
	return e;
}

static enum err
put_text(struct cli *c, struct span card)
{
	const char *path = c->args.value[ARG_OUT];
	struct buf text = BUF_INIT;
	enum err e = idcard_print(card, &text);

	if (!e)
		e = path ? write_file(c, path, buf_span(&text))
			 : out_raw(STDOUT_FILENO, buf_span(&text));
	buf_done(&text);
	return e;
}

enum err
verb_card(struct cli *c)
{
	struct ops_path row[IDCARD_IDENTITIES];
	struct ops_card_make q = { .name = cli_value(c, ARG_NAME), .paths.v = row };
	struct ops_card_make_rep rep;
	bool done;
	enum err e;

	for (const char *s; q.paths.n < IDCARD_IDENTITIES && (s = cli_operand(c, q.paths.n));) {
		row[q.paths.n] = (struct ops_path){ .label = span_str(s) };
		wire_mark(&ops_path_map, &row[q.paths.n++]);
	}
	if ((e = cli_ask(c, OP_CARD_MAKE, &q, &rep, &done)) || done)
		return e;
	if ((e = args_has(&c->args, ARG_QR) ? put_qr(c, rep.card) : put_text(c, rep.card)))
		return e;
	out_say("Give it to people who should know your keys; they keep it with 'ownkey contact "
		"add'. It is public. The first time, compare a did:key in person.");
	return ERR_OK;
}
