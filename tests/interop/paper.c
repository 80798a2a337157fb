/*
 * paper.c - usage: paper pdf|text|ascii phrase|shares|backup|heirs OWNER [HOLDER...] <WORDS
 *
 * A document with pages of that kind to standard output; one line of words for each page that has
 * any.  heirs and backup read none.  Also useful to look at: paper ... | pdftoppm -png - page
 */
#include <stdio.h>
#include <unistd.h>

#include "cli/out.h"
#include "cli/paper.h"
#include "lib/crypto.h"
#include "lib/words.h"

#define LINE 512

static struct sec words[PAPER_HOLDERS_MAX], passphrase;
static struct span holders[PAPER_HOLDERS_MAX];
static struct paper_page pages[PAPER_HOLDERS_MAX];

/* One line of standard input. */
static enum err
read_words(struct sec *s)
{
	enum err e = sec_init(s, LINE);
	uint8_t c;

	while (!e && read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
		e = sec_put(s, SPAN(&c, 1));
	return e;
}

/* bkp_g is ten words of the list, joined by "-". */
static enum err
make_passphrase(void)
{
	uint8_t bits[16];
	enum err e = sec_init(&passphrase, LINE);

	crypto_random(bits, sizeof bits);
	return e ? e : words_from_bits(SPAN(bits, sizeof bits), 110, '-', &passphrase);
}

static enum err
fill(struct paper_page *p, enum paper_kind kind, struct span owner, size_t i, size_t n)
{
	static const char *const check[] = { "00c0ffee", "deadbeef" };
	enum err e = ERR_OK;

	*p = (struct paper_page){
		.kind = kind,
		.owner = owner,
		.path = SPAN_LIT("~/.local/share/ownkey/vault"),
		.fingerprint = "1a2b3c4d",
		.generation = 1,
		.made = 1767225600,
	};
	if (kind == PAPER_OF_SHARE || (kind == PAPER_OF_HEIRS && n > 0)) {
		p->threshold = (unsigned)(n + 1) / 2;
		p->count = (unsigned)n;
	}
	if (kind == PAPER_OF_SHARE) {
		p->holder = holders[i];
		p->check = check[i % 2];
		p->share = (unsigned)i + 1;
	}
	if (kind == PAPER_OF_PHRASE || kind == PAPER_OF_BACKUP)
		p->backup = sec_span(&passphrase);
	if (kind == PAPER_OF_HEIRS) {
		p->holders = holders;
		p->nholders = n;
	}
	if (kind == PAPER_OF_PHRASE || kind == PAPER_OF_SHARE) {
		e = read_words(&words[i]);
		p->words = sec_span(&words[i]);
	}
	return e;
}

int
main(int argc, char **argv)
{
	static const char *const kinds[] = { "phrase", "shares", "backup", "heirs" };
	struct paper_look look = { .columns = 78, .qr = true, .ink = true };
	struct buf out = BUF_INIT;
	size_t kind = 0, n = 0, count;
	enum err e;

	if (argc < 4)
		return 64;
	while (kind < 3 && strcmp(kinds[kind], argv[2]) != 0)
		kind++;
	for (; n + 4 < (size_t)argc && n < PAPER_HOLDERS_MAX; n++)
		holders[n] = span_str(argv[n + 4]);
	count = kind == PAPER_OF_SHARE ? n : 1;
	look.utf8 = strcmp(argv[1], "ascii") != 0;
	look.columns = look.utf8 ? 78 : 150;
	if ((e = sec_arena_open(65536, false, true)) || (e = crypto_init_light()) ||
	    (e = make_passphrase()))
		return err_exit(e);
	for (size_t i = 0; i < count && !e; i++)
		e = fill(&pages[i], (enum paper_kind)kind, span_str(argv[3]), i, n);
	if (!e)
		e = strcmp(argv[1], "pdf") == 0 ? paper_pdf(pages, count, &out)
						: paper_text(pages, count, &look, &out);
	if (!e)
		e = out_raw(STDOUT_FILENO, buf_span(&out));
	if (e)
		out_error(e, "", "");
	buf_done(&out);
	sec_arena_close();
	return err_exit(e);
}
