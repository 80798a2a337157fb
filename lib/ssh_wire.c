/* RFC 4251 5. */
#include "lib/ssh_wire.h"

struct span
ssh_read_bytes(struct ssh_reader *r, size_t n)
{
	struct span s;

	if (r->failed || n > r->left.len) {
		r->failed = true;
		r->left = SPAN_NONE;
		return SPAN_NONE;
	}
	s = SPAN(r->left.p, n);
	/* no arithmetic on what may be NULL */
	if (n > 0)
		r->left = SPAN(r->left.p + n, r->left.len - n);
	return s;
}

uint8_t
ssh_read_u8(struct ssh_reader *r)
{
	struct span s = ssh_read_bytes(r, 1);

	return s.len ? s.p[0] : 0;
}

uint32_t
ssh_read_u32(struct ssh_reader *r)
{
	struct span s = ssh_read_bytes(r, 4);

	return s.len ? be32(s.p) : 0;
}

uint64_t
ssh_read_u64(struct ssh_reader *r)
{
	struct span s = ssh_read_bytes(r, 8);

	return s.len ? be64(s.p) : 0;
}

struct span
ssh_read_string(struct ssh_reader *r, size_t max)
{
	uint32_t n = ssh_read_u32(r);

	if (n > max)
		r->failed = true;
	return ssh_read_bytes(r, n);
}

struct span
ssh_read_mpint(struct ssh_reader *r, size_t max)
{
	struct span s = ssh_read_string(r, max + 1);

	if (s.len == 0)
		return SPAN_NONE;
	/* a zero in front where, and only where, the next bit is set */
	if ((s.p[0] & 0x80) || (s.p[0] == 0 && (s.len == 1 || !(s.p[1] & 0x80)))) {
		r->failed = true;
		return SPAN_NONE;
	}
	if (s.p[0] == 0)
		s = SPAN(s.p + 1, s.len - 1);
	if (s.len > max) {
		r->failed = true;
		return SPAN_NONE;
	}
	return s;
}

enum err
ssh_reader_err(const struct ssh_reader *r)
{
	return r->failed ? ERR_SSHKEY_FORMAT : ERR_OK;
}

enum err
ssh_reader_end(const struct ssh_reader *r)
{
	return r->failed || r->left.len > 0 ? ERR_SSHKEY_FORMAT : ERR_OK;
}

/* --- writing --- */

static struct span
without_zeros(struct span m)
{
	size_t i = 0;

	while (i < m.len && m.p[i] == 0)
		i++;
	return i < m.len ? SPAN(m.p + i, m.len - i) : SPAN_NONE;
}

void
ssh_put_string(struct buf *b, struct span s)
{
	buf_put_u32(b, (uint32_t)s.len);
	buf_put_span(b, s);
}

void
ssh_put_text(struct buf *b, const char *s)
{
	ssh_put_string(b, span_str(s));
}

void
ssh_put_mpint(struct buf *b, struct span magnitude)
{
	struct span m = without_zeros(magnitude);
	bool zero = m.len > 0 && (m.p[0] & 0x80);

	buf_put_u32(b, (uint32_t)(m.len + zero));
	buf_put_zero(b, zero);
	buf_put_span(b, m);
}

enum err
ssh_sec_u32(struct sec *s, uint32_t v)
{
	uint8_t b[4];

	put_be32(b, v);
	return sec_put(s, SPAN(b, 4));
}

enum err
ssh_sec_string(struct sec *s, struct span v)
{
	enum err e;

	if (v.len > s->cap || s->cap - s->len < v.len + 4)
		return ERR_TOOBIG;
	if ((e = ssh_sec_u32(s, (uint32_t)v.len)))
		return e;
	return sec_put(s, v);
}

enum err
ssh_sec_mpint(struct sec *s, struct span magnitude)
{
	struct span m = without_zeros(magnitude);
	size_t zero = m.len > 0 && (m.p[0] & 0x80);
	enum err e;

	if (m.len > s->cap || s->cap - s->len < m.len + zero + 4)
		return ERR_TOOBIG;
	if ((e = ssh_sec_u32(s, (uint32_t)(m.len + zero))))
		return e;
	if (zero && (e = sec_put(s, SPAN("", 1))))
		return e;
	return sec_put(s, m);
}
