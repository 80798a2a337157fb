/* age_rig.h - whole age files in memory, read and written through lib/age.h in pieces. */
#ifndef TESTS_UNIT_AGE_RIG_H
#define TESTS_UNIT_AGE_RIG_H

#include <stdlib.h>

#include "lib/age.h"

struct age_rig {
	size_t piece;	    /* bytes of a push; 0 = all */
	struct span privs;  /* X25519 private keys */
	struct span pass;   /* or a passphrase: p is not NULL */
	const uint8_t *key; /* or the file key */
	bool check;	    /* or nothing at all */
	uint64_t size;	    /* what the reader counted */
	struct age_header header;
};

static inline enum err
age_rig_key(struct age_rig *t, struct age_reader *r)
{
	uint8_t wrap[32];
	enum err e;

	t->header = r->header;
	if (t->check) {
		age_reader_check(r);
		return ERR_OK;
	}
	if (t->key != NULL)
		return age_reader_file_key(r, t->key);
	if (t->pass.p == NULL || !(r->header.kinds & AGE_SCRYPT))
		return age_reader_identities(r, t->privs);
	if ((e = age_scrypt(t->pass, r->header.salt, r->header.log_n, wrap)))
		return e;
	return age_reader_scrypt(r, wrap);
}

static inline enum err
age_rig_push(struct age_rig *t, struct age_reader *r, struct span in, struct buf *plain)
{
	struct span out;
	enum err e;

	do {
		if ((e = age_reader_push(r, &in, &out)))
			return e;
		buf_put_span(plain, out);
		if (r->wants_key && (e = age_rig_key(t, r)))
			return e;
	} while (in.len > 0 || out.len > 0);
	return ERR_OK;
}

/* plain: whatever came out, also when it fails. */
static inline enum err
age_rig_read(struct age_rig *t, struct span file, struct buf *plain)
{
	size_t at, n = t->piece ? t->piece : file.len;
	struct age_reader r;
	struct span out;
	enum err e = ERR_OK;

	age_reader_init(&r, AGE_LOGN_MAX);
	for (at = 0; !e && at < file.len; at += n) {
		if (n > file.len - at)
			n = file.len - at;
		e = age_rig_push(t, &r, SPAN(file.p + at, n), plain);
	}
	if (!e && !(e = age_reader_end(&r, &out)))
		buf_put_span(plain, out);
	t->size = r.size;
	age_reader_done(&r);
	return e;
}

/* n pushes of pieces until all is in; appends to file. */
static inline enum err
age_rig_write(struct age_writer *w, struct span plain, size_t piece, struct buf *file)
{
	size_t at, n = piece ? piece : plain.len;
	struct span in, out;
	enum err e;

	if ((e = age_writer_start(w, &out)))
		return e;
	buf_put_span(file, out);
	for (at = 0; at < plain.len; at += n) {
		if (n > plain.len - at)
			n = plain.len - at;
		for (in = SPAN(plain.p + at, n); in.len > 0; buf_put_span(file, out))
			if ((e = age_writer_push(w, &in, &out)))
				return e;
	}
	if (!(e = age_writer_end(w, &out)))
		buf_put_span(file, out);
	return e;
}

#endif
