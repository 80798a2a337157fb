/* verb_approve.c - approve, register: a provider's login and registration from a terminal. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/approving.h"
#include "cli/verbs.h"

#define BLOCK_END   "-----END OWNKEY " APPROVAL_BLOCK_ASK "-----"
#define TEXT_MAX    (32 * 1024)
#define LINK_MAX    2200
#define LINK_MIDDLE "/register?invite="

/* ---- what the person is asked ---- */
static void
put_login(const struct approval_ask *q)
{
	out_say_span("log in at ", q->issuer);
	if (q->site.len)
		out_say_span("for ", q->site);
	if (q->host.len)
		out_say_span("which is at ", q->host);
	if (q->address.len)
		out_say_span("browser at ", q->address);
	out_say_span("number ", q->number);
	out_say("Say no if you did not begin this yourself a moment ago, or if the page shows "
		"another number, or has another address above it.");
}

static void
put_registration(const struct approval_ask *q)
{
	out_say_span("register at ", q->issuer);
	out_say_span("for ", q->user);
	out_say("Your token makes a key for this provider alone, beside the one that opens your "
		"vault: it is enrolled a second time, and asks for its PIN and a touch. None of "
		"its passkey slots is used, so you type your name when you log in there.");
}

static enum err
ask(struct cli *c, const char *question, bool *yes)
{
	if (!term_is_there(&c->term))
		return cli_wrong(c, "nobody can be asked here: there is no terminal");
	return term_yes(&c->term, question, false, yes);
}

static enum err
said_no(struct approving *a, const char *text)
{
	snprintf(a->c->hint, sizeof a->c->hint, "%s", text);
	return ERR_CANCELLED;
}

/* ---- with a code ---- */
static enum err
approve_code(struct approving *a, const char *code)
{
	char text[APPROVAL_CODE + 1];
	struct approval_want want = { .code = SPAN_NONE };
	bool yes = false;
	enum err e;

	if (approval_code_read(span_str(code), text))
		return cli_wrong(a->c, "a code has 8 letters and digits: ABCD-EFGH");
	want.code = SPAN(text, APPROVAL_CODE);
	if ((e = approving_ask(a, &want)))
		return e;
	if (a->ask.kind != APPROVAL_LOGIN)
		return ERR_APPROVE_CODE;
	put_login(&a->ask);
	if ((e = ask(a->c, "does the page show this number? [y/N] ", &yes)))
		return e;
	if ((e = yes ? approving_sign(a) : approving_deny(a)) || (e = approving_send(a)))
		return e;
	if (!yes)
		return said_no(a, "the page was told; nobody was logged in");
	out_say("you are logged in: look at the page");
	return ERR_OK;
}

/* ---- with a block ---- */
/* Byte by byte: what comes behind the block are answers. */
static enum err
read_block(struct buf *text)
{
	uint8_t c;
	ssize_t n;

	while (text->len < TEXT_MAX) {
		if ((n = read(STDIN_FILENO, &c, 1)) < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? ERR_IO : buf_err(text);
		buf_put_u8(text, c);
		if (c == '\n' && text->len > strlen(BLOCK_END) && strstr(buf_cstr(text), BLOCK_END))
			return buf_err(text);
	}
	return ERR_TOOBIG;
}

static enum err
give_block(struct approving *a)
{
	struct buf block = BUF_INIT;
	enum err e;

	approval_block_put(APPROVAL_BLOCK_ANSWER, buf_span(&a->answer), &block);
	if (!(e = buf_err(&block)))
		e = out_raw(STDOUT_FILENO, buf_span(&block));
	buf_done(&block);
	return e;
}

static enum err
approve_block(struct approving *a)
{
	struct buf text = BUF_INIT;
	bool yes = false;
	enum err e;

	if (isatty(STDIN_FILENO))
		out_say("paste the block that the page shows:");
	if ((e = read_block(&text)) || (e = approving_read(a, buf_span(&text))))
		goto out;
	put_login(&a->ask);
	if ((e = ask(a->c, "does the page show this number? [y/N] ", &yes)) ||
	    (e = yes ? approving_sign(a) : approving_deny(a)))
		goto out;
	out_say(yes ? "paste this block into the page:"
		    : "paste this block, which says no, or close the page:");
	if (!(e = give_block(a)) && !yes)
		e = said_no(a, "nobody was logged in");
out:
	buf_done(&text);
	return e;
}

enum err
verb_approve(struct cli *c)
{
	struct approving a = { .c = c };
	const char *code = cli_operand(c, 0);
	enum err e = ERR_OK;

	if (args_has(&c->args, ARG_AT))
		e = approving_at(&a, cli_value(c, ARG_AT));
	else if (code)
		e = cli_wrong(c, "say where: --at https://..., as the page shows it");
	if (!e)
		e = code ? approve_code(&a, code) : approve_block(&a);
	approving_done(&a);
	return e;
}

/* ---- registering ---- */
/* ISSUER/register?invite=oki_...: on the command line others could read it. */
static enum err
read_link(struct approving *a, char *link, struct span *invite)
{
	char *middle;
	enum err e;

	if (!term_is_there(&a->c->term))
		return cli_wrong(a->c, "nobody can be asked here: there is no terminal");
	if ((e = term_ask(&a->c->term, "the link that you were sent: ", "", link, LINK_MAX)))
		return e;
	link[strcspn(link, " \t")] = '\0';
	if (!(middle = strstr(link, LINK_MIDDLE)))
		return cli_wrong(a->c, "that is no invitation: https://.../register?invite=...");
	*invite = span_str(middle + strlen(LINK_MIDDLE));
	*middle = '\0';
	if (!invite->len || invite->len > 128)
		return cli_wrong(a->c, "that invitation was not copied whole");
	return approving_at(a, span_str(link));
}

static enum err
register_token(struct approving *a, struct span invite)
{
	struct approval_want want = { .invite = invite };
	bool yes = false;
	enum err e;

	if ((e = approving_ask(a, &want)))
		return e;
	if (a->ask.kind != APPROVAL_REGISTER || !a->ask.user_id.len)
		return ERR_APPROVE_CODE;
	put_registration(&a->ask);
	if ((e = ask(a->c, "register your token there? [y/N] ", &yes)))
		return e;
	if ((e = yes ? approving_make(a) : approving_deny(a)) || (e = approving_send(a)))
		return e;
	if (!yes)
		return said_no(a, "nothing was registered; the invitation is still good");
	out_say("the token is registered: log in with your name and 'ownkey approve', or in a "
		"browser");
	return ERR_OK;
}

enum err
verb_register(struct cli *c)
{
	struct approving a = { .c = c };
	char link[LINK_MAX];
	struct span invite = SPAN_NONE;
	enum err e;

	if (cli_value(c, ARG_LABEL).len > APPROVAL_LABEL)
		return cli_wrong(c, "a label has at most %d bytes", APPROVAL_LABEL);
	if (!(e = read_link(&a, link, &invite)))
		e = register_token(&a, invite);
	approving_done(&a);
	return e;
}
