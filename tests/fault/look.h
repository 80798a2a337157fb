/*
 * look.h - a file as the agent finds it: does it open with the recovery phrase, what does it hold,
 * of which line is it?  The same bytes are looked at once.
 */
#ifndef TESTS_FAULT_LOOK_H
#define TESTS_FAULT_LOOK_H

#include "agent/vault/check.h"
#include "agent/vault/keys.h"
#include "agent/vault/line.h"
#include "agent/vault/vaultfile.h"
#include "lib/crypto.h"
#include "lib/root.h"
#include "tests/fault/crashfs.h"

#define LINES 16
#define LOOKS 65536

/* What a file is worth to the agent. */
struct look {
	uint64_t hash[2]; /* of its bytes; of none: 0 */
	bool is_there;
	enum err err; /* as a vault: does it open? */
	uint8_t content[32];
	uint8_t lines[LINES * LINE_LEN];
	struct line_file file;
	uint8_t audit_key[32];
	uint64_t audited; /* entries of the audit log that it remembers */
	struct look *next;
};

static inline void
look_hash(struct span s, uint64_t h[2])
{
	uint64_t a = 0x243f6a8885a308d3u ^ s.len, b = 0x13198a2e03707344u, x;
	size_t i = 0;

	for (; i + 8 <= s.len; i += 8) {
		memcpy(&x, s.p + i, 8);
		a = (a ^ x) * 0x9e3779b97f4a7c15u;
		a ^= a >> 29;
		b = (b + x) * 0xd6e8feb86659fd93u;
		b ^= b >> 32;
	}
	for (x = 0; i < s.len; i++)
		x = x << 8 | s.p[i];
	h[0] = (a ^ x) * 0xbf58476d1ce4e5b9u;
	h[1] = (b + x) * 0x94d049bb133111ebu;
	h[0] ^= h[0] >> 31;
	h[1] ^= h[1] >> 30;
}

static inline enum err
look_vrk(const struct outer *o, const struct sec *root, struct sec *vrk)
{
	enum err e = ERR_NOTFOUND;

	for (size_t i = 0; i < OUTER_SLOTS && e; i++) {
		const struct slot *s = &o->slot[i];
		struct keys_slot ks = { .vault_id = o->vault_id, .hdr = outer_slot_hdr(o, i).p };
		struct sec prk = { 0 };
		uint8_t rec[32];
		struct keys_factors f = { .recovery = SPAN(rec, 32) };

		if (!outer_slot_ok(o, i) || s->factors != FACTOR_PHRASE)
			continue;
		root_recovery(sec_span(root), s->id, rec);
		if (!(e = keys_prk(&f, s->kdf_salt, &prk)))
			e = keys_unwrap(&ks, &prk, outer_wrap(s), vrk);
		sec_done(&prk);
	}
	return e;
}

static inline enum err
look_audit(const struct body *b, struct look *l)
{
	struct audit a;
	enum err e = body_value_get(b, BODY_AUDIT, &audit_map, &a);

	if (e)
		return e;
	memcpy(l->audit_key, a.key.p, 32);
	l->audited = a.n;
	return ERR_OK;
}

/* What a person would miss: ways in, and all that is inside, but for generation and time, and what
 * is remembered of the audit log. */
static inline enum err
look_digest(const struct outer *o, struct body *b, uint8_t out[32])
{
	struct buf all = BUF_INIT;
	enum err e;

	if ((e = body_raw_put(b, BODY_AUDIT, SPAN_NONE)) || (e = body_encode(b, 0, 0, &all)))
		return e;
	for (size_t i = 0; i < OUTER_SLOTS; i++)
		if (outer_slot_ok(o, i))
			buf_put(&all, o->slot[i].id, 16);
	crypto_sha256(buf_span(&all), out);
	buf_done(&all);
	return e;
}

static inline enum err
look_open(struct span bytes, const struct sec *root, struct look *l)
{
	static struct outer o;
	struct check_report report;
	struct vaultfile_state st;
	struct sec vrk = { 0 };
	struct body b = { 0 };
	enum err e;

	if ((e = outer_parse(bytes, &o)) || (e = look_vrk(&o, root, &vrk)) ||
	    (e = vaultfile_open(bytes, &o, sec_span(&vrk), &b, &st)))
		goto out;
	if (!(e = look_audit(&b, l)))
		e = look_digest(&o, &b, l->content);
	crash_must(b.lines.len <= sizeof l->lines, "too many lines");
	if (b.lines.len)
		memcpy(l->lines, b.lines.p, b.lines.len);
	l->file.lines = SPAN(l->lines, b.lines.len);
	memcpy(l->file.vault_id, o.vault_id, 16);
	line_make(sec_span(&vrk), o.vault_id, l->file.t);
	l->file.generation = st.last.generation;
	memcpy(l->file.last_hash, st.last.hash, 32);
	if (!e && !(e = check_file(bytes, &report)) && (!report.good || report.torn != st.torn))
		e = ERR_INTERNAL;
out:
	body_done(&b);
	sec_done(&vrk);
	return e;
}

/* The same bytes are looked at once. */
static inline const struct look *
look_at(struct span bytes, const uint64_t h[2], const struct sec *root)
{
	static struct look *looks[LOOKS];
	struct look **at = &looks[h[0] % LOOKS];

	while (*at && memcmp((*at)->hash, h, sizeof(*at)->hash) != 0)
		at = &(*at)->next;
	if (*at)
		return *at;
	crash_must((*at = calloc(1, sizeof **at)) != NULL, "out of memory");
	memcpy((*at)->hash, h, sizeof(*at)->hash);
	(*at)->is_there = true;
	(*at)->err = look_open(bytes, root, *at);
	return *at;
}

#endif
