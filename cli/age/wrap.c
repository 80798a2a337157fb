/* wrap.c - recipient-v1: file keys are wrapped for recipients, and for identities of the vault. */
#include "cli/age/machine.h"

#include <stdio.h>

#include "lib/age_plugin.h"
#include "lib/text.h"

#define PUBS_MOST 256

struct wrapping {
	struct chat *t;
	struct agent *a;
	struct idents ids;
	size_t nrecipients;
	enum err bad[MACHINE_IDENTS]; /* of the recipients */
	uint8_t pub[PUBS_MOST][32];   /* for whom */
	size_t npub;
	struct sec keys; /* file keys */
	bool failed;
};

static enum err
add_pub(struct wrapping *w, const uint8_t pub[32])
{
	if (w->npub == PUBS_MOST)
		return ERR_TOOBIG;
	memcpy(w->pub[w->npub++], pub, 32);
	return ERR_OK;
}

/* A point of low order would let everybody open the file. */
static enum err
check_pub(const uint8_t pub[32])
{
	uint8_t key[AGE_FILE_KEY] = { 0 }, share[32], body[32];

	return age_seal_x25519(pub, key, share, body) ? ERR_AGE_IDENTITY : ERR_OK;
}

static enum err
add_recipient(struct wrapping *w, struct span text)
{
	uint8_t pub[32];
	enum err e;

	if (w->nrecipients == MACHINE_IDENTS)
		return ERR_TOOBIG;
	if (!(e = age_plugin_recipient_parse(text, pub)))
		e = check_pub(pub);
	w->bad[w->nrecipients++] = e == ERR_FORMAT ? ERR_AGE_IDENTITY : e;
	return e ? ERR_OK : add_pub(w, pub);
}

static enum err
listen(struct wrapping *w)
{
	struct stanza s;
	enum err e;

	while (!(e = chat_next(w->t, &s)) && !span_is(s.arg[0], "done")) {
		if (span_is(s.arg[0], "add-recipient"))
			e = s.nargs == 2 ? add_recipient(w, s.arg[1]) : ERR_AGE_PLUGIN;
		else if (span_is(s.arg[0], "add-identity"))
			e = s.nargs == 2 ? idents_add(&w->ids, s.arg[1]) : ERR_AGE_PLUGIN;
		else if (span_is(s.arg[0], "wrap-file-key"))
			e = s.body.len == AGE_FILE_KEY ? sec_put(&w->keys, s.body) : ERR_AGE_PLUGIN;
		if (e)
			return e;
	}
	return e;
}

/* ---- errors first: then no stanza is sent ---- */
static enum err
report_recipients(struct wrapping *w)
{
	char which[32];
	enum err e = ERR_OK;

	for (size_t i = 0; i < w->nrecipients && !e; i++) {
		if (!w->bad[i])
			continue;
		w->failed = true;
		snprintf(which, sizeof which, "recipient %zu", i);
		e = chat_error(w->t, which, w->bad[i], NULL);
	}
	return e;
}

/* Of an identity of the vault the public half is enough, which the agent knows while locked. */
static enum err
resolve(struct wrapping *w, const struct ident *id)
{
	size_t n;
	uint8_t pub[32];
	enum err e;

	switch (id->kind) {
	case IDENT_LABEL:
		e = agent_recipient(w->a, id->label, pub);
		return e ? e : add_pub(w, pub);
	case IDENT_ANY:
		e = agent_recipients(w->a, w->pub + w->npub, PUBS_MOST - w->npub, &n);
		w->npub += e ? 0 : n;
		return e;
	default:
		return ERR_UNSUPPORTED;
	}
}

static enum err
resolve_all(struct wrapping *w)
{
	char which[32];
	enum err e = ERR_OK, why;

	for (size_t i = 0; i < w->ids.n && !e; i++) {
		if (!(why = resolve(w, &w->ids.id[i])))
			continue;
		if (w->a->broke)
			return w->a->broke;
		w->failed = true;
		snprintf(which, sizeof which, "identity %zu", i);
		e = chat_error(w->t, which, why,
		    why == ERR_UNSUPPORTED ? "to encrypt, use the plugin that made this identity"
					   : NULL);
	}
	return e;
}

/* ---- stanzas ---- */
static enum err
send_stanza(struct wrapping *w, size_t file, const uint8_t pub[32])
{
	uint8_t share[32], body[32];
	char line[96], text[44] = { 0 };
	enum err e;

	if ((e = age_seal_x25519(pub, w->keys.p + file * AGE_FILE_KEY, share, body)))
		return e;
	text_encode_raw(TEXT_BASE64_NOPAD, SPAN(share, 32), text);
	snprintf(line, sizeof line, "recipient-stanza %zu X25519 %s", file, text);
	return chat_ask(w->t, line, SPAN(body, sizeof body), NULL);
}

static enum err
send_all(struct wrapping *w)
{
	enum err e = ERR_OK;

	for (size_t f = 0; f * AGE_FILE_KEY < w->keys.len; f++)
		for (size_t i = 0; i < w->npub && !e; i++)
			e = send_stanza(w, f, w->pub[i]);
	return e;
}

static enum err
work(struct wrapping *w)
{
	bool bad;
	enum err e;

	if ((e = report_recipients(w)) || (e = idents_report(w->t, &w->ids, &bad)))
		return e;
	if (w->failed || bad)
		return ERR_OK;
	if ((e = resolve_all(w)) || w->failed)
		return e;
	return send_all(w);
}

enum err
machine_wrap(struct chat *t, struct agent *a)
{
	static struct wrapping w;
	enum err e;

	w = (struct wrapping){ .t = t, .a = a };
	if (!(e = sec_init(&w.keys, MACHINE_FILE_KEYS * AGE_FILE_KEY)) && !(e = listen(&w)) &&
	    !(e = work(&w)))
		e = chat_end(t);
	sec_done(&w.keys);
	idents_done(&w.ids);
	return e;
}
