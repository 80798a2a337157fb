/* policy_text.c - what people read when something is to be used. */
#include "agent/vault/policy_text.h"

#include <stdio.h>

#include "agent/vault/applist.h"
#include "lib/text.h"

#define LABEL_MOST 255 /* bytes of one: several have to fit */

/* What is in a line cannot begin another one. */
static void
put_lines(struct span text, struct buf *out)
{
	while (text.len) {
		const uint8_t *end = memchr(text.p, '\n', text.len);
		size_t n = end ? (size_t)(end - text.p) : text.len;

		buf_put_str(out, "\n");
		text_printable(SPAN(text.p, n), out);
		n += end != NULL;
		text = span_sub(text, n, text.len - n);
	}
}

/* How long the answer is good for. */
static const char *
for_how_long(const struct req *r, const struct use *u)
{
	if (u->who)
		return "\nasked once for this application, until the vault is locked";
	if (u->through)
		return "\nasked once for that machine, until the vault is locked";
	if (u->by_session && r->c && r->c->has_session)
		return "\nasked once for this session, until the vault is locked";
	return "";
}

/* The application as the adapter calls it: what the kernel does not vouch for, it only says. */
static void
put_who(const struct ops_who *who, struct buf *out)
{
	if (who->app.len)
		text_printable(who->app, out);
	else
		buf_put_str(out, "an unknown application");
	if (who->pid)
		buf_putf(out, " (process %u)", (unsigned)who->pid);
	buf_put_str(out, "\nby way of ");
}

static void
put_labels(const struct policy_about *a, struct buf *out)
{
	for (size_t i = 0; i < a->n && i < POLICY_LABELS; i++) {
		size_t before = out->len;

		if (i)
			buf_put_str(out, "\n");
		text_printable(a->label[i], out);
		if (a->n > 1 && out->len - before > LABEL_MOST) {
			while (
			    out->len - before > LABEL_MOST || (out->p[out->len - 1] & 0xc0) == 0x80)
				buf_cut(out, out->len - 1);
			buf_cut(out, out->len - 1);
			buf_put_str(out, "...");
		}
	}
	if (a->n > POLICY_LABELS)
		buf_putf(out, "\nand %u more", (unsigned)(a->n - POLICY_LABELS));
}

void
policy_text(
    const struct req *r, const struct use *u, const struct policy_about *a, char out[POLICY_TEXT])
{
	struct buf b = BUF_INIT;

	if (u->who)
		put_who(u->who, &b);
	text_printable(span_str(r->c && r->c->label[0] ? r->c->label : "a program"), &b);
	/* a program calls itself what it likes */
	if (r->c && applist_is_application(r->c)) {
		buf_put_str(&b, " in ");
		text_printable(span_str(r->c->unit), &b);
	}
	buf_putf(&b, " (process %d)\nwants to %s\n", r->c ? (int)r->c->pid : 0, u->verb);
	put_labels(a, &b);
	put_lines(span_str(u->detail), &b);
	buf_put_str(&b, for_how_long(r, u));
	snprintf(out, POLICY_TEXT, "%s", buf_cstr(&b));
	buf_done(&b);
}
