/* open.c - identity-v1: file keys, for the stanzas that identities open. */
#include "cli/age/machine.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/age/foreign.h"
#include "lib/text.h"

struct file {
	size_t number; /* as age counts */
	unsigned stanzas;
	enum err bad; /* of the first malformed stanza */
	unsigned bad_at;
	bool opened;
};

struct opening {
	struct chat *t;
	struct agent *a;
	struct idents ids;
	struct wrapped *w;
	size_t nw;
	struct file *file;
	size_t nfiles;
	bool said; /* age was told what is wrong */
};

/* ---- what age wants ---- */
/* Files come in order, the stanzas of one together. */
static enum err
find_file(struct opening *o, size_t number, struct file **f)
{
	struct file *last = o->nfiles ? &o->file[o->nfiles - 1] : NULL;

	if (last && number < last->number)
		return ERR_AGE_PLUGIN;
	if (!last || number > last->number) {
		if (o->nfiles == MACHINE_FILES)
			return ERR_TOOBIG;
		last = &o->file[o->nfiles++];
		last->number = number;
	}
	*f = last;
	return ERR_OK;
}

/* recipient-stanza FILE TYPE ...: unknown types are counted and nothing else. */
static enum err
add_stanza(struct opening *o, const struct stanza *s)
{
	struct wrapped *w = &o->w[o->nw];
	struct file *f;
	size_t number;
	bool known;
	enum err e;

	if (s->nargs < 3)
		return ERR_AGE_PLUGIN;
	if (o->nw == MACHINE_WRAPPED)
		return ERR_TOOBIG;
	if ((e = machine_number(s->arg[1], &number)) || (e = find_file(o, number, &f)))
		return e;
	e = wrapped_parse(s->arg + 2, s->nargs - 2, s->body, w, &known);
	if (e && !f->bad) {
		f->bad = e;
		f->bad_at = f->stanzas;
	}
	if (!e && known) {
		w->file = (size_t)(f - o->file);
		w->at = f->stanzas;
		o->nw++;
	}
	f->stanzas++;
	return e == ERR_NOMEM ? e : ERR_OK;
}

static enum err
listen(struct opening *o)
{
	struct stanza s;
	enum err e;

	while (!(e = chat_next(o->t, &s)) && !span_is(s.arg[0], "done")) {
		if (span_is(s.arg[0], "add-identity"))
			e = s.nargs == 2 ? idents_add(&o->ids, s.arg[1]) : ERR_AGE_PLUGIN;
		else if (span_is(s.arg[0], "recipient-stanza"))
			e = add_stanza(o, &s);
		if (e)
			return e;
	}
	return e;
}

static enum err
report_stanzas(struct opening *o)
{
	char which[64];
	enum err e = ERR_OK;

	for (size_t i = 0; i < o->nfiles && !e; i++) {
		if (!o->file[i].bad)
			continue;
		o->said = true;
		snprintf(
		    which, sizeof which, "stanza %zu %u", o->file[i].number, o->file[i].bad_at);
		e = chat_error(o->t, which, o->file[i].bad, NULL);
	}
	return e;
}

/* ---- file keys ---- */
static bool
is_wanted(const struct opening *o, const struct wrapped *w)
{
	return !o->file[w->file].bad && !o->file[w->file].opened;
}

static enum err
give(struct opening *o, const struct wrapped *w, const uint8_t *file_key)
{
	struct file *f = &o->file[w->file];
	char line[32];
	enum err e;

	if (f->opened)
		return ERR_OK;
	snprintf(line, sizeof line, "file-key %zu", f->number);
	e = chat_ask(o->t, line, SPAN(file_key, AGE_FILE_KEY), NULL);
	f->opened = true;
	return e == ERR_REFUSED ? ERR_OK : e;
}

/* ---- identities of the vault ---- */
static enum err
try_some(struct opening *o, const struct ident *id, const struct wrapped *const *w, size_t n)
{
	struct sec keys = { 0 };
	bool found[OPS_STANZAS] = { false };
	struct agent_try try = { .w = w, .n = n, .file_keys = &keys, .found = found };
	enum err e;

	if ((e = sec_init(&keys, n * AGE_FILE_KEY)))
		return e;
	e = agent_decrypt(o->a, id->label, &try);
	for (size_t i = 0; i < n && !e; i++)
		if (found[i])
			e = give(o, w[i], keys.p + i * AGE_FILE_KEY);
	sec_done(&keys);
	return e;
}

/* All files in as few requests as possible: what is asked of the person is asked once. */
static enum err
try_own(struct opening *o, const struct ident *id)
{
	static const struct wrapped *some[OPS_STANZAS];
	size_t n = 0;
	enum err e = ERR_OK;

	for (size_t i = 0; i < o->nw && !e; i++) {
		if (o->w[i].kind != WRAPPED_X25519 || !is_wanted(o, &o->w[i]))
			continue;
		some[n++] = &o->w[i];
		if (n == OPS_STANZAS) {
			e = try_some(o, id, some, n);
			n = 0;
		}
	}
	return n && !e ? try_some(o, id, some, n) : e;
}

/* ---- identities of other plugins ---- */
/* One touch is one secret: the next stanza may be for the same. */
static enum err
try_foreign(struct opening *o, const struct ident *id)
{
	struct foreign f = { .a = o->a, .id = id };
	uint8_t file_key[AGE_FILE_KEY];
	enum err e = ERR_OK, last = ERR_OK;

	for (size_t i = 0; i < o->nw && !o->a->broke; i++) {
		if (!is_wanted(o, &o->w[i]) || !foreign_fits(id, &o->w[i]))
			continue;
		e = foreign_open(&f, &o->w[i], file_key);
		if (!e)
			e = give(o, &o->w[i], file_key);
		else if (e != ERR_AGE_MATCH)
			last = e;
		if (last == ERR_REFUSED || last == ERR_TIMEOUT)
			break;
	}
	sec_zero(file_key, sizeof file_key);
	foreign_done(&f);
	return o->a->broke ? o->a->broke : last;
}

static size_t
unopened(const struct opening *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->nfiles; i++)
		n += !o->file[i].opened && !o->file[i].bad;
	return n;
}

/* A vault without age identities is no reason to look at no other identity. */
static enum err
try_identity(struct opening *o, size_t i)
{
	const struct ident *id = &o->ids.id[i];
	char which[32];
	enum err e;

	e = id->kind == IDENT_ANY || id->kind == IDENT_LABEL ? try_own(o, id) : try_foreign(o, id);
	if (o->a->broke || e == ERR_HANGUP || e == ERR_AGE_PLUGIN)
		return o->a->broke ? o->a->broke : e;
	if (!e || !unopened(o))
		return ERR_OK;
	o->said = true;
	if (e == ERR_AGE_NONE)
		return chat_msg(o->t, "%s (%s)", err_text(e), err_hint(e));
	snprintf(which, sizeof which, "identity %zu", i);
	return chat_error(o->t, which, e, o->a->conn.text[0] ? o->a->conn.text : NULL);
}

/* age may try other identities yet, so nothing more is said than is known. */
static enum err
say_nobody(struct opening *o)
{
	struct buf who = BUF_INIT;
	enum err e;

	for (size_t i = 0; i < o->ids.n; i++) {
		buf_put_str(&who, i ? ", " : "");
		if (o->ids.id[i].kind == IDENT_LABEL)
			text_printable(o->ids.id[i].label, &who);
		else if (o->ids.id[i].kind == IDENT_ANY)
			buf_put_str(&who, "any identity of this vault");
		else
			buf_put_str(&who, "this identity of another plugin");
	}
	e = chat_msg(
	    o->t, "the file is not encrypted to %s (%s)", buf_cstr(&who), err_hint(ERR_AGE_NOBODY));
	buf_done(&who);
	return e;
}

static enum err
work(struct opening *o)
{
	bool bad;
	enum err e;

	if ((e = idents_report(o->t, &o->ids, &bad)) || bad)
		return e;
	e = report_stanzas(o);
	for (size_t i = 0; i < o->ids.n && !e && unopened(o); i++)
		e = try_identity(o, i);
	if (!e && !o->said && o->ids.n && unopened(o))
		e = say_nobody(o);
	return e;
}

enum err
machine_open(struct chat *t, struct agent *a)
{
	static struct opening o;
	enum err e = ERR_NOMEM;

	o = (struct opening){ .t = t, .a = a };
	/* room for one more, which is looked at before it is refused */
	o.w = calloc(MACHINE_WRAPPED + 1, sizeof *o.w);
	o.file = calloc(MACHINE_FILES, sizeof *o.file);
	if (o.w && o.file && !(e = listen(&o)) && !(e = work(&o)))
		e = chat_end(t);
	for (size_t i = 0; i < o.nw; i++)
		buf_done(&o.w[i].cred);
	free(o.w);
	free(o.file);
	idents_done(&o.ids);
	return e;
}
