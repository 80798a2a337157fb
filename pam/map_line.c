/* One line of the map: ours, or pam_u2f's. */
#include <string.h>

#include "pam/map_parts.h"

bool
map_decode(struct map *m, enum text_code code, struct span in, struct span *out)
{
	uint8_t *at = m->bytes.p + m->bytes.len;
	size_t n;

	if (text_decode(code, in, at, m->bytes.cap - m->bytes.len, &n) != ERR_OK)
		return false;
	buf_add(&m->bytes, n);
	*out = SPAN(at, n);
	return true;
}

static struct span
copy(struct map *m, struct span in)
{
	uint8_t *at = m->bytes.p + m->bytes.len;

	buf_put_span(&m->bytes, in);
	return SPAN(at, in.len);
}

static enum err
add(struct map *m, const struct map_row *row, const struct map_who *who)
{
	if (row->ssh != who->ssh)
		return ERR_OK;
	if (m->n == MAP_ROWS_MAX || m->n == who->most)
		return ERR_PAM_MAP_MANY;
	m->row[m->n++] = *row;
	return ERR_OK;
}

static bool
is_printable(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	return true;
}

/* For people: 'ownkey pam enroll' writes "slot 1", or what the token calls itself. */
static bool
is_text(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

static bool
take_alg(struct span word, struct map_row *row)
{
	row->alg = span_is(word, "es256") ? -7 : span_is(word, "eddsa") ? -8 : 0;
	return row->alg != 0;
}

static bool
key_fits(const struct map_row *row)
{
	return row->pubkey.len == (row->alg == -7 ? 64 : 32);
}

static bool
cred_fits(const struct map_row *row)
{
	return row->cred_id.len >= 1 && row->cred_id.len <= MAP_CRED_MAX;
}

/* ---- ours ---- */

static bool
take_flags(struct span words, struct map_row *row)
{
	while (words.len > 0) {
		struct span word = map_word(&words, ",");

		if (span_is(word, "up"))
			row->flags |= MAP_UP;
		else if (span_is(word, "uv"))
			row->flags |= MAP_UV;
		else if (span_is(word, "pin"))
			row->flags |= MAP_UV | MAP_PIN;
		else
			return false;
	}
	return row->flags & MAP_UP;
}

static bool
take_rpid(struct span word, struct map *m, struct map_row *row)
{
	if (word.len < 1 || word.len > MAP_RPID_MAX || !is_printable(word))
		return false;
	row->rp_id = copy(m, word);
	return true;
}

/* Absent or "-": none. */
static bool
take_salt(struct span word, struct map *m, struct map_row *row)
{
	if (word.len == 0 || span_is(word, "-"))
		return true;
	return map_decode(m, TEXT_BASE64, word, &row->salt) && row->salt.len == 32;
}

enum err
map_take_label(struct span label, const struct map_who *who, struct map *m, struct map_row *row,
    const char **why)
{
	*why = "label";
	if (label.len > MAP_LABEL_MAX || !is_text(label))
		return ERR_PAM_MAP_LINE;
	row->label = copy(m, label);
	return add(m, row, who);
}

enum err
map_take_own(struct span line, const struct map_who *who, struct map *m, const char **why)
{
	struct map_row row = { 0 };
	struct span rpid;

	*why = "the account is followed by a space";
	if (!span_is(map_word(&line, " "), who->user))
		return ERR_PAM_MAP_LINE;
	rpid = map_word(&line, " ");
	if (span_is(rpid, "ssh-agent"))
		return map_take_ssh(line, who, m, why);
	*why = "rp id";
	if (!take_rpid(rpid, m, &row))
		return ERR_PAM_MAP_LINE;
	*why = "algorithm";
	if (!take_alg(map_word(&line, " "), &row))
		return ERR_PAM_MAP_LINE;
	*why = "flags: up, with uv or pin";
	if (!take_flags(map_word(&line, " "), &row))
		return ERR_PAM_MAP_LINE;
	*why = "credential id";
	if (!map_decode(m, TEXT_BASE64, map_word(&line, " "), &row.cred_id) || !cred_fits(&row))
		return ERR_PAM_MAP_LINE;
	*why = "public key";
	if (!map_decode(m, TEXT_BASE64, map_word(&line, " "), &row.pubkey) || !key_fits(&row))
		return ERR_PAM_MAP_LINE;
	*why = "salt";
	if (!take_salt(map_word(&line, " "), m, &row))
		return ERR_PAM_MAP_LINE;
	return map_take_label(line, who, m, &row, why);
}

/* ---- pam_u2f's ---- */

/* "+presence+verification+pin", in any order; none of them would be a login without a touch. */
static bool
take_attributes(struct span words, struct map_row *row)
{
	if (words.len == 0 || words.p[0] != '+')
		return false;
	(void)map_word(&words, "+");
	do {
		struct span word = map_word(&words, "+");

		if (span_is(word, "presence"))
			row->flags |= MAP_UP;
		else if (span_is(word, "verification"))
			row->flags |= MAP_UV;
		else if (span_is(word, "pin"))
			row->flags |= MAP_UV | MAP_PIN;
		else
			return false;
	} while (words.p);
	return row->flags & MAP_UP;
}

/* As pamu2fcfg made them before it knew FIDO2: the point in hex, and always a touch. */
static bool
take_old_key(struct span key, struct map *m, struct map_row *row)
{
	row->alg = -7;
	row->flags = MAP_UP;
	if (!map_decode(m, TEXT_HEX, key, &row->pubkey) || row->pubkey.len != 65 ||
	    row->pubkey.p[0] != 4)
		return false;
	row->pubkey = span_sub(row->pubkey, 1, 64);
	return true;
}

static enum err
take_device(struct span text, const struct map_who *who, struct map *m, const char **why)
{
	struct map_row row = { .foreign = true };
	struct span handle = map_word(&text, ","), key = map_word(&text, ",");

	row.rp_id = SPAN(m->bytes.p, strlen(who->rpid));
	*why = "pam_u2f: a credential that only the token keeps (-r) is not supported";
	if (span_is(handle, "*"))
		return ERR_PAM_MAP_LINE;
	*why = "pam_u2f: key handle";
	if (!map_decode(m, text.p ? TEXT_BASE64 : TEXT_BASE64URL, handle, &row.cred_id) ||
	    !cred_fits(&row))
		return ERR_PAM_MAP_LINE;
	*why = "pam_u2f: key";
	if (!text.p)
		return take_old_key(key, m, &row) ? add(m, &row, who) : ERR_PAM_MAP_LINE;
	if (!take_alg(map_word(&text, ","), &row) ||
	    !map_decode(m, TEXT_BASE64, key, &row.pubkey) || !key_fits(&row))
		return ERR_PAM_MAP_LINE;
	*why = "pam_u2f: attributes: +presence, with +verification or +pin";
	if (!take_attributes(text, &row))
		return ERR_PAM_MAP_LINE;
	return add(m, &row, who);
}

/* pam_u2f keeps the last line of an account only: what an earlier one says was revoked by it. */
static void
forget_foreign(struct map *m)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		if (!m->row[i].foreign)
			m->row[n++] = m->row[i];
	m->n = n;
}

enum err
map_take_u2f(struct span line, const struct map_who *who, struct map *m, const char **why)
{
	enum err e = ERR_OK;

	(void)map_word(&line, ":"); /* the name */
	forget_foreign(m);
	*why = "pam_u2f: no token";
	if (line.len == 0)
		return ERR_PAM_MAP_LINE;
	while (line.p && e == ERR_OK)
		e = take_device(map_word(&line, ":"), who, m, why);
	return e;
}
