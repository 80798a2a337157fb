#include <stdlib.h>
#include <time.h>

#include "lib/crypto.h"
#include "lib/loop.h"
#include "lib/text.h"
#include "oidc/db/memo.h"
#include "oidc/login/session.h"
#include "oidc/oidc.h"
#include "oidc/op/waiting.h"

void
waiting_done(struct waiting *w)
{
	if (!w || --w->held)
		return;
	form_done(&w->form);
	free(w);
}

static void
drop(void *value)
{
	waiting_done(value);
}

struct memo *
waiting_new(void)
{
	const struct memo_kind kind = { WAITING_MOST, WAITING_LIFE, true, drop };
	struct memo *m = memo_new(&kind);

	if (m)
		memo_weigh(m, WAITING_ALL);
	return m;
}

static enum err
copy(const struct form *from, struct form *to)
{
	struct buf text = { .max = WAITING_BYTES };
	enum err e;

	for (size_t i = 0; i < from->n; i++) {
		if (i)
			buf_put_u8(&text, '&');
		form_encode(from->at[i].name, &text);
		buf_put_u8(&text, '=');
		form_encode(from->at[i].value, &text);
	}
	if (!(e = buf_err(&text)))
		e = form_parse(buf_span(&text), to);
	buf_done(&text);
	return e;
}

static size_t
weight(const struct waiting *w)
{
	return sizeof *w + w->form.text.cap + w->form.n * sizeof *w->form.at;
}

bool
waiting_is_bare(struct web_request *q)
{
	return q->method == WEB_POST && !session_has_cookies(q);
}

enum err
waiting_put(struct web_request *q, struct web_response *a, const struct form *form,
    const struct db_session *had, char id[WAITING_ID])
{
	struct waiting *w = calloc(1, sizeof *w);
	uint8_t random[32], key[MEMO_KEY];
	enum err e = ERR_NOMEM;

	if (w) {
		w->held = 1;
		e = copy(form, &w->form);
	}
	if (e) {
		drop(w);
		return e;
	}
	w->since = (uint64_t)time(NULL);
	memcpy(w->had, had->hash, sizeof w->had);
	if (!(w->loose = waiting_is_bare(q)))
		session_browser(q, a, w->browser);
	crypto_random(random, sizeof random);
	text_encode_raw(TEXT_BASE64URL, SPAN(random, sizeof random), id);
	id[WAITING_ID - 1] = '\0';
	crypto_sha256(SPAN(id, WAITING_ID - 1), key);
	return memo_put_bytes(q->oidc->waiting, key, w, weight(w), loop_now());
}

bool
waiting_saw_login(const struct waiting *w, const struct db_session *now)
{
	return now->auth_time >= w->since && memcmp(now->hash, w->had, sizeof w->had) != 0;
}

static struct waiting *
look(struct web_request *q, struct span id)
{
	uint8_t key[MEMO_KEY];

	crypto_sha256(id, key);
	return memo_find(q->oidc->waiting, key, loop_now());
}

struct waiting *
waiting_find(struct web_request *q, struct span id)
{
	struct waiting *w = look(q, id);

	if (!w || w->loose || !session_browser_is(q, w->browser))
		return NULL;
	w->held++;
	return w;
}

struct waiting *
waiting_find_loose(struct web_request *q, struct span id)
{
	struct waiting *w = look(q, id);

	if (!w || !w->loose)
		return NULL;
	w->held++;
	return w;
}

void
waiting_end(struct web_request *q, struct span id)
{
	uint8_t key[MEMO_KEY];

	crypto_sha256(id, key);
	drop(memo_take(q->oidc->waiting, key, loop_now()));
}
