/*
 * What a program that pretends to be age says to age-plugin-ownkey: stanzas in pieces of any size,
 * the identities and wrapped file keys in them; files of identities to convert.  A stanza that was
 * read is written again as the same bytes.
 */
#include <stdlib.h>

#include "cli/age/convert.h"
#include "cli/age/ident.h"
#include "lib/crypto.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct stanza_in in;
static struct sec out;

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static void
open_once(void)
{
	if (out.p == NULL)
		must(crypto_init() == ERR_OK &&
		    sec_arena_open(STANZA_ARENA + 2 * STANZA_TEXT, true, true) == ERR_OK &&
		    sec_init(&out, STANZA_TEXT) == ERR_OK);
}

/* The line that was read, from its first argument to the end of its last that was kept. */
static void
write_again(const struct stanza *s)
{
	const uint8_t *end;

	if (s->nargs > STANZA_ARGS)
		return;
	end = s->arg[s->nargs - 1].p + s->arg[s->nargs - 1].len;
	sec_wipe(&out);
	must(stanza_put(&out, SPAN(s->arg[0].p, (size_t)(end - s->arg[0].p)), s->body) == ERR_OK);
	must(out.len == in.taken && memcmp(out.p, in.text.p, out.len) == 0);
}

static void
read_stanza(const struct stanza *s)
{
	struct wrapped w;
	struct ident id;
	bool known;

	if (s->nargs >= 2 && ident_parse(s->arg[1], &id) == ERR_OK) {
		must(id.cred.len <= IDENT_CREDS);
		ident_done(&id);
	}
	if (s->nargs >= 3 &&
	    wrapped_parse(s->arg + 2, s->nargs - 2, s->body, &w, &known) == ERR_OK && known) {
		must(w.kind != WRAPPED_HMAC || (w.cred.len > 0 && w.cred.len <= IDENT_CREDS));
		buf_done(&w.cred);
	}
}

/* Pieces as long as the last byte says. */
static void
read_stanzas(struct span text)
{
	size_t piece = text.len ? 1 + text.p[text.len - 1] : 1, room;
	struct stanza s;
	enum err e = ERR_TRUNCATED;

	must(stanza_in_init(&in) == ERR_OK);
	while (e == ERR_OK || (e == ERR_TRUNCATED && text.len > 0)) {
		if (e == ERR_TRUNCATED) {
			uint8_t *at = stanza_in_room(&in, &room);
			size_t n = piece < text.len ? piece : text.len;

			n = n < room ? n : room;
			must(n > 0);
			memcpy(at, text.p, n);
			stanza_in_add(&in, n);
			text = SPAN(text.p + n, text.len - n);
		}
		if ((e = stanza_next(&in, &s)) == ERR_OK) {
			write_again(&s);
			read_stanza(&s);
		}
	}
	stanza_in_done(&in);
}

/* What was converted once stays what it is. */
static void
convert_twice(struct span text)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	size_t line;

	if (convert_text(text, &once, &line) == ERR_OK) {
		must(convert_text(buf_span(&once), &twice, &line) == ERR_OK);
		must(span_eq(buf_span(&once), buf_span(&twice)));
	}
	buf_done(&once);
	buf_done(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	open_once();
	read_stanzas(SPAN(p, n));
	if (n <= 8192)
		convert_twice(SPAN(p, n));
	return 0;
}
