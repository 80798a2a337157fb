/* seen.c - the file `seen`: two halves, written in turn. */
#include "agent/vault/seen.h"

#include "lib/crypto.h"

#define MAGIC	"OWKS"
#define VERSION 1
#define SUM_AT	(SEEN_HALF - 32)

static bool
is_zero(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i])
			return false;
	return true;
}

/* True: valid. */
static bool
parse_half(const uint8_t *p, uint64_t *sequence, struct line_mark *m)
{
	uint8_t sum[32];

	crypto_sha256(SPAN(p, SUM_AT), sum);
	if (memcmp(p, MAGIC, 4) != 0 || be16(p + 4) != VERSION || be16(p + 6) != 0)
		return false;
	if (!is_zero(SPAN(p + 136, SUM_AT - 136)) || memcmp(sum, p + SUM_AT, 32) != 0)
		return false;
	*sequence = be64(p + 8);
	memcpy(m->vault_id, p + 16, 16);
	memcpy(m->line, p + 32, 32);
	m->generation = be64(p + 64);
	memcpy(m->last_hash, p + 72, 32);
	memcpy(m->before, p + 104, 32);
	return true;
}

void
seen_parse(struct span content, struct seen *s)
{
	*s = (struct seen){ .half = 1 };
	if (content.len > SEEN_SIZE)
		s->damaged = true;
	for (unsigned i = 0; i < 2; i++) {
		struct span half = span_sub(content, i * SEEN_HALF, SEEN_HALF);
		struct line_mark m;
		uint64_t sequence;

		if (!half.len || is_zero(half))
			continue;
		if (!parse_half(half.p, &sequence, &m)) {
			s->damaged = true;
		} else if (!s->known || sequence > s->sequence) {
			s->known = true;
			s->sequence = sequence;
			s->half = i;
			s->mark = m;
		}
	}
	if (content.len % SEEN_HALF)
		s->damaged = true;
}

void
seen_next(struct seen *s, const struct line_mark *m, uint8_t out[SEEN_HALF], size_t *at)
{
	s->known = true;
	s->sequence++;
	s->half = !s->half;
	s->mark = *m;
	memset(out, 0, SEEN_HALF);
	memcpy(out, MAGIC, 4);
	out[5] = VERSION;
	put_be64(out + 8, s->sequence);
	memcpy(out + 16, m->vault_id, 16);
	memcpy(out + 32, m->line, 32);
	put_be64(out + 64, m->generation);
	memcpy(out + 72, m->last_hash, 32);
	memcpy(out + 104, m->before, 32);
	crypto_sha256(SPAN(out, SUM_AT), out + SUM_AT);
	*at = (size_t)s->half * SEEN_HALF;
}
