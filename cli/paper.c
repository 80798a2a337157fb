/*
 * paper.c - what the pages say.  Written for somebody who finds one in ten years, may be afraid,
 * and has nobody to ask.
 */
#include "cli/paper_sheet.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>

#include "cli/out.h"
#include "lib/text.h"
#include "lib/words.h"

#define PAGE_ROOM  (48 * 1024) /* a page with the largest code takes 30 KiB */
#define PROSE_MAX  768
#define BACKUP_MAX 128

/* ---- is it well formed? ---- */
struct span
sheet_word(struct span words, size_t *at)
{
	size_t from = *at, n = 0;

	while (from + n < words.len && words.p[from + n] != ' ')
		n++;
	*at = from + n + (from + n < words.len);
	return span_sub(words, from, n);
}

static bool
are_words(struct span words, size_t want)
{
	size_t n = 0, at = 0;

	while (at < words.len) {
		struct span w = sheet_word(words, &at);

		if (w.len == 0 || w.len > WORDS_LONGEST)
			return false;
		for (size_t i = 0; i < w.len; i++)
			if (w.p[i] < 'a' || w.p[i] > 'z')
				return false;
		n++;
	}
	return n == want && words.p[words.len - 1] != ' ';
}

static bool
is_code(const char *s)
{
	return s && strlen(s) == 8 && strspn(s, "0123456789abcdef") == 8;
}

static bool
is_passphrase(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.len > 0 && s.len <= BACKUP_MAX;
}

static bool
is_count(const struct paper_page *p)
{
	return p->threshold >= 1 && p->threshold <= p->count && p->count <= PAPER_HOLDERS_MAX;
}

static bool
is_share(const struct paper_page *p)
{
	return are_words(p->words, PAPER_SHARE) && p->backup.len == 0 && is_code(p->check) &&
	    is_count(p) && p->share >= 1 && p->share <= p->count;
}

static bool
is_optional(const struct paper_page *p)
{
	return (p->words.len == 0 || are_words(p->words, PAPER_PHRASE)) &&
	    (p->backup.len == 0 || is_passphrase(p->backup));
}

static bool
is_page(const struct paper_page *p)
{
	if (!is_code(p->fingerprint))
		return false;
	switch (p->kind) {
	case PAPER_OF_PHRASE:
		return p->words.len > 0 && is_optional(p);
	case PAPER_OF_SHARE:
		return is_share(p);
	case PAPER_OF_BACKUP:
		return p->words.len == 0 && is_passphrase(p->backup);
	case PAPER_OF_HEIRS:
		return is_optional(p) && p->nholders <= PAPER_HOLDERS_MAX &&
		    p->nplaces <= PAPER_PLACES_MAX && (p->count == 0 || is_count(p));
	}
	return false;
}

/* One piece from the start: growing would copy (and wipe) it again and again.  Locked as far as it
 * goes, as the arena: main() has already said when nothing can be. */
enum err
sheet_reserve(const struct paper_page *pages, size_t n, struct buf *out)
{
	uint8_t *room;

	if (n > PAPER_PAGES_MAX)
		return ERR_TOOBIG;
	for (size_t i = 0; i < n; i++)
		if (!is_page(&pages[i]))
			return ERR_FORMAT;
	if (n == 0 || out->len > 0)
		return ERR_FORMAT;
	if (!(room = buf_room(out, n * PAGE_ROOM)))
		return ERR_NOMEM;
	(void)mlock(room, n * PAGE_ROOM);
	return ERR_OK;
}

enum err
sheet_qr(struct span words, enum qr_level level, struct qr *q)
{
	struct sec upper = { 0 };
	enum err e = sec_init_copy(&upper, words);

	if (!e) {
		text_upper((char *)upper.p, upper.len);
		e = qr_make(sec_span(&upper), level, q);
	}
	sec_done(&upper);
	return e;
}

/* ---- pieces of text ---- */
/* Not longer than it should be. */
static void
put_clipped(struct buf *b, struct span name, size_t most)
{
	size_t n = 0, characters = 0;

	while (n < name.len && characters < most) {
		n++;
		while (n < name.len && (name.p[n] & 0xc0) == 0x80)
			n++;
		characters++;
	}
	text_printable(SPAN(name.p, n), b);
	buf_put_str(b, n < name.len ? "..." : "");
}

static void
put_name(struct buf *b, struct span name)
{
	put_clipped(b, name, PAPER_LABEL_MAX);
}

static const char *
name_or(struct buf *b, struct span name, const char *other)
{
	buf_reset(b);
	if (name.len)
		put_name(b, name);
	else
		buf_put_str(b, other);
	return buf_cstr(b);
}

/* No secret goes through here: printf(3) keeps copies. */
static void __attribute__((format(printf, 3, 4)))
say(struct sheet *s, int number, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;
	char text[PROSE_MAX];

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_put_str(&b, text);
	s->ops->prose(s, number, buf_cstr(&b));
	buf_done(&b);
}

static void
title(struct sheet *s, const struct paper_page *p, const char *text, bool kept)
{
	struct buf about = BUF_INIT;
	char day[16];

	if (kept && p->holder.len) {
		buf_put_str(&about, "kept by ");
		put_name(&about, p->holder);
		buf_put_str(&about, ", ");
	}
	buf_put_str(&about, kept ? "for the ownkey vault" : "ownkey vault");
	if (p->owner.len) {
		buf_put_str(&about, " of ");
		put_name(&about, p->owner);
	}
	if (p->made) {
		out_day(p->made, day);
		buf_putf(&about, ", made %s", day);
	}
	s->ops->title(s, span_str(text), buf_span(&about));
	buf_done(&about);
}

static void
facts(struct sheet *s, const struct paper_page *p)
{
	struct buf path = BUF_INIT;
	char generation[16];

	snprintf(generation, sizeof generation, "%u", (unsigned)p->generation);
	s->ops->fact(s, "Fingerprint", span_str(p->fingerprint), "of the 24 words");
	s->ops->fact(s, "Generation", span_str(generation), "");
	if (p->backup.len)
		s->ops->fact(s, "Backup passphrase", p->backup, "");
	if (p->path.len && p->kind != PAPER_OF_SHARE) { /* a holder need not know */
		put_clipped(&path, p->path, PAPER_PATH_MAX);
		s->ops->fact(s, "Vault file", buf_span(&path), "");
		buf_done(&path);
	}
}

static void
never(struct sheet *s, const char *what)
{
	s->ops->head(s, "Never");
	say(s, 0, "photograph, scan or copy %s;", what);
	say(s, 0,
	    "type it into a web page, a mail or a chat, or read it out on the phone: who really "
	    "helps does not ask;");
}

static void
age_step(struct sheet *s, int number)
{
	say(s, number,
	    "A backup file (its name ends in .age) opens without ownkey, too: run `age -d FILE` "
	    "with the program age and type the backup passphrase, dashes included. The text that "
	    "comes out says what each key is and where it goes.");
}

/* ---- the pages ---- */
static void
phrase_page(struct sheet *s, const struct paper_page *p)
{
	title(s, p, "Recovery phrase", false);
	s->ops->notice(s, "SECRET. Who reads this page has all keys.");
	s->ops->words(s, p->words,
	    "The square holds the 24 words, in capitals, one blank between, and nothing else. "
	    "It is for a scanner that is not online.");
	facts(s, p);
	s->ops->head(s, "What this is");
	say(s, -1,
	    "A program called ownkey makes its owner's keys for accounts, messengers and servers "
	    "from these 24 words. With them, all those keys come back on a new machine, even when "
	    "everything else is lost. Passwords and other kept secrets come back with a backup "
	    "file.");
	s->ops->head(s, "What you can do with it");
	say(s, 1, "Take a Linux machine that you trust, and install ownkey there.");
	say(s, 2,
	    "Run `ownkey restore` and type the words, in order. The first four letters of each "
	    "are enough. The fingerprint that it shows must be the one above.");
	age_step(s, 3);
	say(s, 4,
	    "Without ownkey: the words are 32 bytes in the notation of BIP39 (English list, no "
	    "passphrase). How keys follow from them is public: manual page ownkey-vault(5).");
	never(s, "this page, or point a phone at the square");
	say(s, 0, "keep it where the token is: one thief or one fire must not get both.");
}

static void
share_steps(struct sheet *s, const struct paper_page *p, const char *owner)
{
	s->ops->head(s, "What you can do with it");
	say(s, 1,
	    "Keep it: dry, in an envelope, where you will find it in ten years. Tell nobody what "
	    "is on it.");
	say(s, 2,
	    "When %s asks whether you still have it, read out the check code `%s` and nothing "
	    "else. It shows that the page is there and does not disclose a word of it.",
	    owner, p->check);
	say(s, 3,
	    "When it is needed, %u people with a share each meet at one Linux machine that they "
	    "trust. Run `ownkey restore` there, choose shares, and type the words of one after the "
	    "other. The fingerprint that it shows must be `%s`.",
	    p->threshold, p->fingerprint);
	say(s, 4,
	    "Without ownkey: any program for SLIP-39 shares combines them (no passphrase) into the "
	    "32 bytes of the recovery phrase. Manual page ownkey-vault(5) says what follows.");
	s->ops->head(s, "Call before you hand it over, or when it is lost");
	s->ops->line(s, "Name, phone");
	s->ops->line(s, "Name, phone");
}

static void
share_page(struct sheet *s, const struct paper_page *p)
{
	struct buf owner = BUF_INIT;
	char text[128];

	snprintf(text, sizeof text, "Share %u of %u", p->share, p->count);
	title(s, p, text, true);
	s->ops->notice(s,
	    p->threshold > 1 ? "SECRET. Together with others it opens everything."
			     : "SECRET. Who reads this page has all keys.");
	s->ops->words(s, p->words,
	    "The square holds the 33 words, in capitals, one blank between, and nothing else. "
	    "It is for a scanner that is not online.");
	s->ops->fact(s, "Check code", span_str(p->check), "may be read out");
	facts(s, p);
	s->ops->head(s, "What this is");
	(void)name_or(&owner, p->owner, "The owner");
	say(s, -1,
	    "%s split the recovery phrase of a vault, which brings back all keys for accounts, "
	    "messengers and servers, into %u shares. Any %u of them together give it back; fewer "
	    "say nothing. You keep number %u. You need not understand it to keep it.",
	    buf_cstr(&owner), p->count, p->threshold, p->share);
	share_steps(s, p, name_or(&owner, p->owner, "the owner"));
	never(s, "this page, or point a phone at the square");
	say(s, 0,
	    "send it to anybody, or give it to somebody who only writes to you: speak to a person "
	    "whom you know, first.");
	buf_done(&owner);
}

static void
backup_page(struct sheet *s, const struct paper_page *p)
{
	title(s, p, "Backup passphrase", false);
	s->ops->notice(s, "SECRET. With a backup file it opens everything.");
	facts(s, p);
	s->ops->head(s, "What this is");
	say(s, -1,
	    "A program called ownkey keeps its owner's keys and passwords, and writes backup files "
	    "of all of them. This passphrase opens them. Without a backup file it is worth "
	    "nothing.");
	s->ops->head(s, "What you can do with it");
	say(s, 1, "Find the newest backup file. Copies are kept here:");
	s->ops->line(s, "");
	s->ops->line(s, "");
	say(s, 2,
	    "On a Linux machine that you trust, install ownkey, run `ownkey restore`, choose the "
	    "backup file and type the passphrase, dashes included.");
	age_step(s, 3);
	never(s, "this page");
	say(s, 0, "keep it in one place with the backup files.");
}

/* ---- for heirs ---- */
/* What ownkey knows; the lines above are for what it does not. */
static void
heirs_places(struct sheet *s, const struct paper_page *p)
{
	struct buf b = BUF_INIT;

	if (p->nplaces > 0)
		say(s, -1, "Backups and copies were last put here:");
	for (size_t i = 0; i < p->nplaces; i++) {
		buf_reset(&b);
		put_clipped(&b, p->places[i], PAPER_PATH_MAX);
		say(s, 0, "%s", buf_cstr(&b));
	}
	buf_done(&b);
}

static void
heirs_exist(struct sheet *s, const struct paper_page *p, const char *owner)
{
	s->ops->head(s, "What exists");
	say(s, -1,
	    "%s kept the keys to accounts, messengers, servers and secrets in a vault: one file, "
	    "made by a program called ownkey. The 24 words bring back its keys; a backup file with "
	    "its passphrase, or a copy of the vault with a token and its PIN, brings back "
	    "everything. Write here, by hand, where they are (not words or PINs themselves).",
	    owner);
	s->ops->line(s, "Page with 24 words");
	s->ops->line(s, "Backup files (.age)");
	s->ops->line(s, "Page with the backup passphrase");
	s->ops->line(s, "Copies of the vault");
	s->ops->line(s, "Tokens (USB keys)");
	heirs_places(s, p);
	if (p->count > 0)
		say(s, -1,
		    "The 24 words also come back from any %u of %u shares, each a page with 33 "
		    "words:",
		    p->threshold, p->count);
}

static void
heirs_holders(struct sheet *s, const struct paper_page *p)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < p->nholders; i++) {
		buf_reset(&b);
		buf_putf(&b, "Share %zu: ", i + 1);
		put_name(&b, p->holders[i]);
		s->ops->line(s, buf_cstr(&b));
	}
	buf_done(&b);
}

static void
heirs_steps(struct sheet *s, const struct paper_page *p)
{
	s->ops->head(s, "What to do, step by step");
	say(s, 1,
	    "There is no hurry. Wipe, sell and throw away nothing yet: no computer, USB key, phone "
	    "or paper.");
	if (p->count > 0)
		say(s, 2,
		    "Find the page with the 24 words, or ask %u of the people above to bring their "
		    "shares to one place. Not by mail, not by phone.",
		    p->threshold);
	else
		say(s, 2, "Find the page with the 24 words, or a backup file and its passphrase.");
	say(s, 3,
	    "On a Linux machine that you trust, with somebody who knows Linux and whom you know, "
	    "install ownkey and run `ownkey restore`. It asks for what you have, one thing at a "
	    "time. The fingerprint that it shows must be `%s`.",
	    p->fingerprint);
	say(s, 4,
	    "`ownkey id list` shows the accounts, `ownkey secret list` the passwords and other "
	    "secrets.");
	age_step(s, 5);
	s->ops->head(s, "Who can help");
	s->ops->line(s, "Name, phone");
	s->ops->line(s, "Name, phone");
}

static void
heirs_page(struct sheet *s, const struct paper_page *p)
{
	struct buf owner = BUF_INIT;
	bool secret = p->words.len > 0 || p->backup.len > 0;

	title(s, p, "For those who come after", false);
	s->ops->notice(s,
	    p->words.len	? "SECRET. Who reads this page has all keys."
		: p->backup.len ? "SECRET. With a backup file it opens everything."
				: "No secret is on this page: it says where things are.");
	if (p->words.len)
		s->ops->words(s, p->words, "The square holds the 24 words, and nothing else.");
	facts(s, p);
	heirs_exist(s, p, name_or(&owner, p->owner, "The owner"));
	heirs_holders(s, p);
	heirs_steps(s, p);
	never(s, secret ? "this page" : "a page with words, or point a phone at its square");
	say(s, 0, "pay somebody who promises to recover accounts, or let them have the papers.");
	buf_done(&owner);
}

enum err
sheet_write(struct sheet *s, const struct paper_page *pages, size_t n)
{
	static void (*const kinds[])(struct sheet *, const struct paper_page *) = {
		[PAPER_OF_PHRASE] = phrase_page,
		[PAPER_OF_SHARE] = share_page,
		[PAPER_OF_BACKUP] = backup_page,
		[PAPER_OF_HEIRS] = heirs_page,
	};

	for (size_t i = 0; i < n && !s->err; i++)
		kinds[pages[i].kind](s, &pages[i]);
	return s->err;
}
