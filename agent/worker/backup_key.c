/* backup_key.c - typed text is tried as what it looks like. */
#include "agent/worker/backup_key.h"

#include "lib/root.h"
#include "lib/words_list.h"

#define PASS_WORDS   10
#define PHRASE_WORDS 24
#define SHARE_WORDS  20 /* of the shortest */
#define PASS_MAX     128

void
backup_key_done(struct backup_key *k)
{
	gather_done(&k->shares);
	sec_done(&k->root);
}

/* ---- words ---- */
static size_t
count_words(struct span typed)
{
	struct words_word word;
	size_t n = 0;

	while (words_list_next(&typed, &word))
		n++;
	sec_zero(&word, sizeof(word));
	return n;
}

/* As it is on the card: ten words of the list, joined by "-".  ERR_WORDS_UNKNOWN: this is none. */
static enum err
as_on_card(struct span typed, struct sec *out)
{
	struct words_word word;
	uint32_t index = 0;
	enum err e = ERR_OK;

	if (count_words(typed) != PASS_WORDS)
		return ERR_WORDS_UNKNOWN;
	for (size_t i = 0; e == ERR_OK && words_list_next(&typed, &word); i++) {
		if ((e = words_list_find(&words_list_bip39, &word, &index)) == ERR_OK && i > 0)
			e = sec_put(out, SPAN_LIT("-"));
		if (e == ERR_OK)
			e = sec_put(out, span_str(words_at(index)));
	}
	sec_zero(&word, sizeof(word));
	sec_zero(&index, sizeof(index));
	return e;
}

/* ---- keys ---- */
static enum err
try_passphrase(struct backup_key *k, struct span pass)
{
	const struct age_header *h = &k->age->header;
	uint8_t wrap[32];
	enum err e;

	if (!(h->kinds & AGE_SCRYPT))
		return h->kinds & AGE_QUANTUM ? ERR_AGE_QUANTUM : ERR_AGE_MATCH;
	if (pass.len == 0)
		return ERR_PASS_EMPTY;
	if (h->log_n > k->log_n_max)
		return ERR_KDF_MEMORY;
	if ((e = age_scrypt(pass, h->salt, h->log_n, wrap)) == ERR_OK)
		e = age_reader_scrypt(k->age, wrap);
	sec_zero(wrap, sizeof(wrap));
	return e;
}

/* A file may be older than the last change of seeds. */
static enum err
try_root(struct backup_key *k)
{
	struct sec pass = { 0 };
	enum err e = sec_init(&pass, PASS_MAX);

	if (e != ERR_OK)
		return e;
	e = ERR_AGE_MATCH;
	for (uint32_t g = 0; g < BACKUP_GENERATIONS && e == ERR_AGE_MATCH; g++) {
		sec_wipe(&pass);
		if ((e = root_backup(sec_span(&k->root), g, &pass)) == ERR_OK)
			e = try_passphrase(k, sec_span(&pass));
	}
	sec_done(&pass);
	return e;
}

static enum err
try_phrase(struct backup_key *k, struct span typed)
{
	size_t bad = 0;
	enum err e;

	if ((e = sec_init(&k->root, ROOT_LEN)) != ERR_OK)
		return e;
	e = gather_is_share(&k->shares, typed) ? gather_take(&k->shares, typed, &k->root, &bad)
					       : words_to_bytes(typed, ROOT_LEN, &k->root, &bad);
	if (e == ERR_WORDS_UNKNOWN)
		k->bad = bad + 1;
	if (e == ERR_OK) {
		gather_done(&k->shares);
		e = try_root(k);
	}
	if (e != ERR_OK)
		sec_done(&k->root);
	return e;
}

static enum err
try_identity(struct backup_key *k, struct span text)
{
	struct sec priv = { 0 };
	enum err e;

	if ((e = sec_init(&priv, 32)) == ERR_OK &&
	    (e = age_identity_parse(text, priv.p)) == ERR_OK) {
		priv.len = 32;
		e = age_reader_identities(k->age, sec_span(&priv));
	}
	sec_done(&priv);
	return e;
}

/* As a person may have typed it; and if that is not it, as it stands there. */
static enum err
try_text(struct backup_key *k, struct span typed)
{
	struct sec card = { 0 };
	enum err e = sec_init(&card, PASS_MAX);

	if (e == ERR_OK && (e = as_on_card(typed, &card)) == ERR_OK)
		e = try_passphrase(k, sec_span(&card));
	if (e == ERR_WORDS_UNKNOWN || (e == ERR_AGE_MATCH && !span_eq(sec_span(&card), typed)))
		e = try_passphrase(k, typed);
	sec_done(&card);
	return e;
}

/* ---- which of them it is ---- */
static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = span_sub(s, 1, s.len - 1);
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	return s;
}

static bool
is_identity(struct span s)
{
	static const char mark[] = "age-secret-key-";

	for (size_t i = 0; i < sizeof(mark) - 1; i++)
		if (i >= s.len || (s.p[i] != (uint8_t)mark[i] && (s.p[i] | 0x20) != mark[i]))
			return false;
	return true;
}

enum err
backup_key_try(struct backup_key *k, struct span typed)
{
	size_t n;

	typed = trim(typed);
	k->bad = 0;
	if (is_identity(typed))
		return try_identity(k, typed);
	n = count_words(typed);
	if (k->shares.set.n > 0 || n == PHRASE_WORDS ||
	    (n >= SHARE_WORDS && gather_is_share(&k->shares, typed)))
		return try_phrase(k, typed);
	return try_text(k, typed);
}

enum err
backup_key_passphrases(struct backup_key *k, struct span lines)
{
	enum err e = ERR_AGE_MATCH;

	while (lines.len > 0 && e == ERR_AGE_MATCH) {
		const uint8_t *end = memchr(lines.p, '\n', lines.len);
		size_t n = end ? (size_t)(end - lines.p) : lines.len;

		e = try_passphrase(k, span_sub(lines, 0, n));
		n += end != NULL;
		lines = span_sub(lines, n, lines.len - n);
	}
	return e;
}
