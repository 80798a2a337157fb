/*
 * import_wireguard.c - private keys of WireGuard: a file of `wg genkey`, or a configuration of
 * wg-quick with its preshared keys (wg(8), "CONFIGURATION FILE FORMAT").
 *
 * Kept as the text that wg takes: wg set wg0 private-key <(ownkey secret get wireguard/wg0)
 */
#include "cli/import.h"
#include "lib/crypto.h"
#include "lib/text.h"

#define KEY  32
#define TEXT 44 /* base64 of it */

static bool
read_key(struct span text, uint8_t key[KEY])
{
	size_t n;

	return text.len == TEXT && !text_decode(TEXT_BASE64, text, key, KEY, &n) && n == KEY;
}

/* wg0.conf: wg0 */
static struct span
name_of(const char *path)
{
	struct span s = import_base(path);

	if (s.len > 5 && memcmp(s.p + s.len - 5, ".conf", 5) == 0)
		s.len -= 5;
	return s;
}

static bool
put_private(struct import_in *in, struct span text, struct import_list *l)
{
	struct buf name = BUF_INIT, shown = BUF_INIT;
	uint8_t pub[KEY];
	struct sec key = { 0 };
	bool good;

	if (sec_init(&key, KEY))
		return false;
	if ((good = read_key(text, key.p))) {
		crypto_x25519_public(key.p, pub);
		text_encode(TEXT_BASE64, SPAN(pub, KEY), &shown);
		import_join(&name, SPAN_LIT("wireguard"), name_of(in->path));
		import_secret(l, buf_span(&name), text);
		import_attribute(l, "kind", SPAN_LIT("wireguard"));
		import_attribute(l, "public", buf_span(&shown));
	}
	sec_done(&key);
	buf_done(&name);
	buf_done(&shown);
	return good;
}

/* Of one peer, whose public key names it; "/" in base64 stays: it is only a name. */
static bool
put_preshared(struct import_in *in, struct span text, struct span peer, struct import_list *l)
{
	struct buf name = BUF_INIT;
	struct sec key = { 0 };
	bool good;

	if (sec_init(&key, KEY))
		return false;
	if ((good = read_key(text, key.p))) {
		import_join(&name, SPAN_LIT("wireguard"), name_of(in->path));
		buf_put_str(&name, "/preshared ");
		buf_put_span(&name, peer);
		import_secret(l, buf_span(&name), text);
		import_attribute(l, "kind", SPAN_LIT("wireguard-preshared"));
		import_attribute(l, "peer", peer);
	}
	sec_done(&key);
	buf_done(&name);
	return good;
}

/* ---- configurations ---- */
struct section {
	bool peer;
	struct span public, preshared;
};

static bool
is_word(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.p, word, s.len) == 0;
}

static bool
end_section(struct import_in *in, struct section *s, struct import_list *l)
{
	uint8_t pub[KEY];
	bool good = true;

	if (s->peer && s->preshared.len)
		good = read_key(s->public, pub) && put_preshared(in, s->preshared, s->public, l);
	*s = (struct section){ .peer = false };
	return good;
}

static bool
take_line(struct import_in *in, struct span line, struct section *s, struct import_list *l)
{
	const uint8_t *hash = line.len ? memchr(line.p, '#', line.len) : NULL, *is;
	struct span name, value;

	if (hash)
		line.len = (size_t)(hash - line.p);
	line = import_trim(line);
	if (line.len && line.p[0] == '[') {
		if (!end_section(in, s, l))
			return false;
		s->peer = is_word(line, "[Peer]");
		return true;
	}
	is = line.len ? memchr(line.p, '=', line.len) : NULL;
	if (!is)
		return line.len == 0;
	name = import_trim(SPAN(line.p, (size_t)(is - line.p)));
	value = import_trim(SPAN(is + 1, (size_t)(line.p + line.len - is - 1)));
	if (!s->peer && is_word(name, "PrivateKey"))
		return put_private(in, value, l);
	if (s->peer && is_word(name, "PublicKey"))
		s->public = value;
	if (s->peer && is_word(name, "PresharedKey"))
		s->preshared = value;
	return true;
}

/* A file of one key is that, whatever it is called. */
static enum err
read_wireguard(struct import_in *in, struct import_list *l)
{
	struct span text = in->content, line;
	struct section s = { .peer = false };
	bool good = true;

	if (import_line(&text, &line) && import_trim(line).len == TEXT && text.len == 0)
		return put_private(in, import_trim(line), l) ? ERR_OK : ERR_IMPORT_FORMAT;
	text = in->content;
	while (good && import_line(&text, &line))
		good = take_line(in, line, &s, l);
	good = good && end_section(in, &s, l) && import_count(l) > 0;
	return good ? ERR_OK : ERR_IMPORT_FORMAT;
}

/* Configurations by their first section; a key alone could be anything, and is only read when it
 * is said to be one. */
static bool
is_wireguard(struct span s)
{
	struct span line;

	while (import_line(&s, &line)) {
		line = import_trim(line);
		if (is_word(line, "[Interface]") || is_word(line, "[Peer]"))
			return true;
		if (line.len && line.p[0] != '#')
			return false;
	}
	return false;
}

const struct import_source import_wireguard = {
	.name = "wireguard",
	.what = "key of `wg genkey`, or a configuration (wg0.conf)",
	.is = is_wireguard,
	.read = read_wireguard,
};
