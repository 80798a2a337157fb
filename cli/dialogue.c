/* dialogue.c - events become lines on the terminal, answers go to secret.sock. */
#include "cli/dialogue.h"

#include <unistd.h>

#include "lib/crypto.h"
#include "lib/text.h"

#define NEW_TRIES 3
#define ROOM	  12 /* for an answer, behind a prompt */

/* ---- saying ---- */
static void
say_why_again(const struct cli *c, const struct ops_event *ev)
{
	char line[160];
	int n;

	if (!ev->err)
		return;
	n = snprintf(line, sizeof line, "%s", err_text((enum err)ev->err));
	if (ev->retries && n > 0 && (size_t)n < sizeof line)
		snprintf(
		    line + n, sizeof line - (size_t)n, ", %u tries left", (unsigned)ev->retries);
	term_say(&c->term, line);
}

/* "plug in your token ...": the dots say that something goes on. */
static void
say_waiting(const struct ops_event *ev, const char *def)
{
	struct buf b = BUF_INIT;

	text_printable(ev->text.len ? ev->text : span_str(def), &b);
	out_say("%s ... (Ctrl-C cancels)", buf_cstr(&b));
	buf_done(&b);
}

static void
on_wait_token(struct cli *c, const struct ops_event *ev)
{
	(void)c;
	say_waiting(ev, "plug in your token");
}

static void
on_touch(struct cli *c, const struct ops_event *ev)
{
	struct buf b = BUF_INIT;

	buf_put_str(&b, "touch your token now");
	if (ev->label.len) {
		buf_put_str(&b, ": ");
		text_printable(ev->label, &b);
	}
	if (ev->text.len) {
		buf_put_str(&b, " (");
		text_printable(ev->text, &b);
		buf_put_str(&b, ")");
	}
	if (c->conn.hello.notreal)
		buf_put_str(&b, ": not real, it touches itself");
	term_bell(&c->term);
	out_say("%s", buf_cstr(&b));
	buf_done(&b);
}

static void
on_working(struct cli *c, const struct ops_event *ev)
{
	(void)c;
	say_waiting(ev, "this takes a few seconds");
}

static void
on_note(struct cli *c, const struct ops_event *ev)
{
	(void)c;
	out_say_span("note: ", ev->text);
}

/* ---- asking ---- */
static enum err
answer(const struct ops_event *ev, struct span text)
{
	enum err e;
	int fd;

	if ((e = client_secret_open(ev->job, &fd)))
		return e;
	e = client_secret_send(fd, text);
	close(fd);
	return e;
}

static enum err
ask_once(struct cli *c, const char *prompt, struct sec *line)
{
	c->term.agent = c->conn.fd;
	return term_line(&c->term, prompt, false, line);
}

/* A new one is typed twice, until both are the same. */
static enum err
ask_twice(struct cli *c, const char *prompt, struct sec *line)
{
	struct sec again = { 0 };
	enum err e = sec_init(&again, TERM_LINE_MAX);

	for (int i = 0; i < NEW_TRIES && !e; i++) {
		if ((e = ask_once(c, prompt, line)) || (e = ask_once(c, "once more: ", &again)) ||
		    crypto_eq(sec_span(line), sec_span(&again)))
			break;
		if (i + 1 == NEW_TRIES)
			e = ERR_MISMATCH;
		else
			term_say(&c->term, "the two entries differ: try again");
	}
	sec_done(&again);
	return e;
}

/* What the agent says is the prompt, or stands above a short one. */
static void
make_prompt(const struct cli *c, const struct ops_event *ev, const char *brief, struct buf *b)
{
	text_printable(ev->text, b);
	while (b->len && b->p[b->len - 1] == ' ')
		buf_cut(b, b->len - 1);
	if (b->len == 0 || b->len + ROOM > out_columns(c->term.out)) {
		term_say(&c->term, buf_cstr(b));
		buf_reset(b);
		buf_put_str(b, brief);
	}
	buf_put_str(b, ": ");
}

/* Ctrl-C, or nobody there: the agent is told, so that it does not wait for nothing. */
static void
give_up(struct cli *c, enum err e)
{
	if (!c->why)
		c->why = e;
	term_cancel();
}

static void
ask(struct cli *c, const struct ops_event *ev, const char *brief, bool fresh)
{
	struct buf prompt = BUF_INIT;
	struct sec line = { 0 };
	enum err e;

	say_why_again(c, ev);
	make_prompt(c, ev, brief, &prompt);
	if (!(e = sec_init(&line, TERM_LINE_MAX)) &&
	    !(e = fresh ? ask_twice(c, buf_cstr(&prompt), &line)
			: ask_once(c, buf_cstr(&prompt), &line)))
		e = answer(ev, sec_span(&line));
	if (e)
		give_up(c, e);
	sec_done(&line);
	buf_done(&prompt);
}

static void
on_pin(struct cli *c, const struct ops_event *ev)
{
	ask(c, ev, "PIN", ev->again);
}

static void
on_new_pin(struct cli *c, const struct ops_event *ev)
{
	ask(c, ev, "new PIN", true);
}

/* For a vault that is wiped before anybody could need it. */
static void
make_up(struct cli *c, const struct ops_event *ev)
{
	struct sec raw = { 0 }, text = { 0 };
	enum err e;

	if (!(e = sec_init(&raw, 32)) && !(e = sec_random(&raw, 32)) &&
	    !(e = sec_init(&text, 64)) && !(e = text_encode_sec(TEXT_HEX, sec_span(&raw), &text)))
		e = answer(ev, sec_span(&text));
	if (e)
		give_up(c, e);
	sec_done(&raw);
	sec_done(&text);
}

static void
on_pass(struct cli *c, const struct ops_event *ev)
{
	if (c->make_up && ev->again) {
		make_up(c, ev);
		return;
	}
	ask(c, ev, ev->again ? "new passphrase" : "passphrase", ev->again);
}

static void
on_need_words(struct cli *c, const struct ops_event *ev)
{
	recite_type(c, ev);
	if (c->why)
		give_up(c, c->why);
}

static void
on_show_words(struct cli *c, const struct ops_event *ev)
{
	recite_show(c, ev);
	if (c->why)
		give_up(c, c->why);
}

static void
on_need_file(struct cli *c, const struct ops_event *ev)
{
	sendfile_key(c, ev);
	if (c->why)
		give_up(c, c->why);
}

static void
on_forward(struct cli *c, const struct ops_event *ev)
{
	if (c->on_forward)
		c->on_forward(c, ev);
}

static void (*const handlers[])(struct cli *, const struct ops_event *) = {
	[OPS_EV_WAIT_TOKEN] = on_wait_token,
	[OPS_EV_TOUCH] = on_touch,
	[OPS_EV_NEED_PIN] = on_pin,
	[OPS_EV_NEED_PASS] = on_pass,
	[OPS_EV_NEED_WORDS] = on_need_words,
	[OPS_EV_SHOW_WORDS] = on_show_words,
	[OPS_EV_WORKING] = on_working,
	[OPS_EV_NEED_NEWPIN] = on_new_pin,
	[OPS_EV_NOTE] = on_note,
	[OPS_EV_NEED_FILE] = on_need_file,
	[OPS_EV_FORWARD] = on_forward,
};

/* Nobody at hand: only what needs no answer may be passed over, and that is what is left. */
void
dialogue_event(void *arg, const struct ops_event *ev)
{
	struct cli *c = arg;

	if (ev->kind >= sizeof handlers / sizeof *handlers || !handlers[ev->kind] || c->quiet)
		return;
	handlers[ev->kind](c, ev);
	c->term.agent = -1;
}
