/* fetch.c - the helper that goes out: requests in flight, and answers that are kept. */
#include "oidc/fetch.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/fiber.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "oidc/fetch_start.h"
#include "oidc/op/uri.h"

#define NUMBER 8     /* bytes in front of an answer */
#define AGAIN  1000  /* milliseconds before one that ended soon is started again */
#define LONG   10000 /* that one has to live for its end to be none of its faults */

/* On the stack of a fiber. */
struct waiting {
	struct fiber *fiber; /* NULL: it does not wait yet */
	uint64_t id;
	struct buf *bytes; /* gets the answer */
	bool came;
};

struct kept {
	struct buf key;	  /* kind, address */
	struct buf bytes; /* the answer; empty = free */
	uint64_t until;	  /* loop_now */
	uint64_t number;  /* grows; the oldest makes place */
};

struct fetch {
	struct loop *loop;
	struct chan chan; /* fd -1: off, or the helper has ended */
	struct loop_fd *watch;
	int starter; /* fetch_start.h; -1: there is none */
	struct loop_fd *starter_watch;
	struct loop_timer *again;
	uint64_t born; /* loop_now: the helper */
	bool is_off;
	uint64_t last; /* id */
	struct waiting *waiting[FETCH_WAITING];
	struct kept kept[FETCH_KEPT];
	uint64_t stored; /* so many answers */
};

/* ---- what the helper says is checked ---- */
static bool
is_link(struct span s)
{
	struct weburl u;

	return !s.len || (!weburl_parse(s, &u) && u.is_https && u.kind == WEBURL_DOMAIN);
}

static bool
is_redirects(const struct wire_list *list)
{
	struct cbor c = wire_each(list);
	struct span s;

	if (list->n > FETCH_REDIRECTS)
		return false;
	while (list->n && !cbor_at_end(&c)) {
		if (cbor_get_bytes(&c, &s))
			return false;
		for (size_t i = 0; i < s.len; i++)
			if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
				return false;
	}
	return true;
}

static bool
is_image(struct span type)
{
	static const char *const types[] = { "", "image/png", "image/jpeg", "image/gif",
		"image/webp" };

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (span_is(type, types[i]))
			return true;
	return false;
}

static enum err
read_answer(struct fetch_got *g)
{
	const struct fetch_answer *a = &g->a;
	enum err e = wire_decode(&fetch_answer_map, buf_span(&g->bytes), &g->a);

	if (e)
		return e;
	if (!is_link(a->home) || !is_link(a->logo) || !is_link(a->policy) || !is_link(a->terms) ||
	    !is_redirects(&a->redirects) || !is_image(a->type) ||
	    (a->name.len &&
		(memchr(a->name.p, '\n', a->name.len) || memchr(a->name.p, '\t', a->name.len))))
		return ERR_FORMAT;
	return fetch_why_err(a->why);
}

/* ---- what is kept ---- */
static void
make_key(enum fetch_kind kind, struct span url, struct buf *key)
{
	buf_put_u8(key, (uint8_t)kind);
	buf_put_span(key, url);
}

static bool
find_kept(const struct fetch *f, struct span key, struct buf *bytes)
{
	uint64_t now = loop_now();

	for (size_t i = 0; i < FETCH_KEPT; i++) {
		const struct kept *k = &f->kept[i];

		if (k->bytes.len && k->until > now && span_eq(buf_span(&k->key), key)) {
			buf_put_span(bytes, buf_span(&k->bytes));
			return true;
		}
	}
	return false;
}

/* In the place of itself, or of the oldest. */
static void
keep(struct fetch *f, struct span key, const struct fetch_got *g)
{
	struct kept *k = &f->kept[0];

	if (!g->a.age)
		return;
	for (size_t i = 0; i < FETCH_KEPT; i++) {
		if (span_eq(buf_span(&f->kept[i].key), key)) {
			k = &f->kept[i];
			break;
		}
		if (f->kept[i].number < k->number)
			k = &f->kept[i];
	}
	buf_reset(&k->key);
	buf_reset(&k->bytes);
	buf_put_span(&k->key, key);
	buf_put_span(&k->bytes, buf_span(&g->bytes));
	k->number = ++f->stored;
	k->until = loop_now() + g->a.age * 1000;
	if (buf_err(&k->key) || buf_err(&k->bytes))
		buf_reset(&k->bytes);
}

/* ---- the helper ---- */
static void
wake(struct fetch *f, size_t i, struct span answer)
{
	struct waiting *w = f->waiting[i];

	f->waiting[i] = NULL;
	w->came = true;
	buf_put_span(w->bytes, answer);
	if (w->fiber)
		fiber_wake(w->fiber, ERR_OK);
}

static void
no_more(struct fetch *f)
{
	loop_fd_remove(f->starter_watch);
	f->starter_watch = NULL;
	if (f->starter >= 0)
		close(f->starter);
	f->starter = -1;
	log_error("%s has ended: nothing is fetched until the next start", FETCH_PROGRAM);
}

static void
on_again(void *arg)
{
	struct fetch *f = arg;

	f->again = NULL;
	if (fetch_start_ask(f->starter))
		no_more(f);
}

static void
start_again(struct fetch *f)
{
	uint64_t now = loop_now();

	if (f->starter < 0 || f->again)
		return;
	f->again = loop_timer_add(f->loop, now < f->born + LONG ? now + AGAIN : now, on_again, f);
	if (!f->again)
		no_more(f);
}

static void
lose(struct fetch *f)
{
	loop_fd_remove(f->watch);
	f->watch = NULL;
	if (f->chan.fd >= 0)
		log_warn("%s has ended", FETCH_PROGRAM);
	chan_done(&f->chan);
	start_again(f);
	for (size_t i = 0; i < FETCH_WAITING; i++)
		if (f->waiting[i])
			wake(f, i, SPAN_NONE);
}

static void
flush(struct fetch *f)
{
	if (chan_flush(&f->chan))
		lose(f);
	else
		loop_fd_events(f->watch, chan_wants_write(&f->chan) ? POLLIN | POLLOUT : POLLIN);
}

static void
take(struct fetch *f, struct span frame)
{
	uint64_t id = frame.len < NUMBER ? 0 : be64(frame.p);

	for (size_t i = 0; id && i < FETCH_WAITING; i++) {
		if (f->waiting[i] && f->waiting[i]->id == id) {
			wake(f, i, SPAN(frame.p + NUMBER, frame.len - NUMBER));
			return;
		}
	}
}

static void
on_helper(void *arg, short revents)
{
	struct fetch *f = arg;
	struct span frame;
	enum err e = chan_fill(&f->chan), got = ERR_OK;

	(void)revents;
	while (f->chan.fd >= 0 && !(got = chan_next(&f->chan, &frame)))
		take(f, frame);
	if (f->chan.fd < 0)
		return;
	if (e || got != ERR_TRUNCATED)
		lose(f);
	else
		flush(f);
}

/* ---- asking ---- */
static enum err
send_ask(struct fetch *f, uint64_t id, enum fetch_kind kind, struct span url)
{
	struct fetch_ask q = { .id = id, .kind = kind, .url = url };
	struct buf b = BUF_INIT;
	enum err e;

	wire_mark(&fetch_ask_map, &q);
	if (!(e = wire_encode(&fetch_ask_map, &q, &b)))
		e = chan_put(&f->chan, buf_span(&b));
	buf_done(&b);
	if (!e)
		flush(f);
	return e;
}

static enum err
exchange(struct fetch *f, enum fetch_kind kind, struct span url, struct buf *bytes)
{
	struct waiting w = { .bytes = bytes };
	enum err e;
	size_t i = 0;

	if (!fiber_self())
		return ERR_INTERNAL;
	if (f->chan.fd < 0)
		return f->is_off ? ERR_UNSUPPORTED : ERR_FETCH_UNREACHED;
	while (i < FETCH_WAITING && f->waiting[i])
		i++;
	if (i == FETCH_WAITING)
		return ERR_BUSY;
	w.id = ++f->last;
	f->waiting[i] = &w;
	e = send_ask(f, w.id, kind, url);
	w.fiber = fiber_self();
	if (!e && !w.came)
		e = fiber_wait();
	if (f->waiting[i] == &w)
		f->waiting[i] = NULL;
	if (e)
		return e;
	return bytes->len ? buf_err(bytes) : ERR_FETCH_UNREACHED;
}

static enum err
get(struct fetch *f, enum fetch_kind kind, struct span url, struct fetch_got *out)
{
	struct buf key = BUF_INIT;
	enum err e;

	*out = (struct fetch_got){ 0 };
	make_key(kind, url, &key);
	if ((e = buf_err(&key)) == ERR_OK && !find_kept(f, buf_span(&key), &out->bytes) &&
	    !(e = exchange(f, kind, url, &out->bytes)) && !(e = read_answer(out)))
		keep(f, buf_span(&key), out);
	else if (!e)
		e = read_answer(out);
	buf_done(&key);
	return e;
}

enum err
fetch_client(struct fetch *f, struct span client_id, struct fetch_got *out)
{
	return get(f, FETCH_CLIENT, client_id, out);
}

enum err
fetch_image(struct fetch *f, struct span url, struct fetch_got *out)
{
	return get(f, FETCH_IMAGE, url, out);
}

void
fetch_got_done(struct fetch_got *g)
{
	buf_done(&g->bytes);
	g->a = (struct fetch_answer){ 0 };
}

bool
fetch_has_redirect(const struct fetch_got *g, struct span uri)
{
	struct cbor c = wire_each(&g->a.redirects);
	struct span s;

	while (g->a.redirects.n && !cbor_at_end(&c) && !cbor_get_bytes(&c, &s))
		if (uri_is_listed(s, uri, true))
			return true;
	return false;
}

/* ---- beginning and end ---- */
static enum err
use(struct fetch *f, int fd)
{
	chan_init(&f->chan, fd, FETCH_FRAME_MAX + NUMBER);
	f->watch = loop_fd_add(f->loop, fd, POLLIN, on_helper, f);
	f->born = loop_now();
	if (f->watch)
		return ERR_OK;
	chan_done(&f->chan);
	return ERR_NOMEM;
}

/* Another helper, or why there is none. */
static void
on_starter(void *arg, short revents)
{
	struct fetch *f = arg;
	int fd = -1;
	enum err e = fetch_start_take(f->starter, &fd);

	(void)revents;
	if (e == ERR_HANGUP) {
		no_more(f);
		return;
	}
	if (!e)
		e = use(f, fd);
	if (!e) {
		log_info("%s runs again", FETCH_PROGRAM);
		return;
	}
	log_err(e, FETCH_PROGRAM);
	f->born = loop_now();
	start_again(f);
}

enum err
fetch_new_on(struct fetch **out, struct loop *l, int fd)
{
	struct fetch *f = calloc(1, sizeof *f);

	if (!f) {
		if (fd >= 0)
			close(fd);
		return ERR_NOMEM;
	}
	f->loop = l;
	f->is_off = fd < 0;
	f->chan.fd = f->starter = -1;
	if (fd >= 0 && use(f, fd)) {
		fetch_done(f);
		return ERR_NOMEM;
	}
	*out = f;
	return ERR_OK;
}

static enum err
follow(struct fetch *f, int starter)
{
	f->starter = starter;
	f->starter_watch = loop_fd_add(f->loop, starter, POLLIN, on_starter, f);
	return f->starter_watch ? ERR_OK : ERR_NOMEM;
}

/* With the first helper of a starter, which becomes f's own whatever comes of it. */
static enum err
begin(struct fetch **out, struct loop *l, int starter)
{
	int fd = -1;
	enum err e = fetch_start_ask(starter);

	if (!e)
		e = fetch_start_take(starter, &fd);
	if (!e)
		e = fetch_new_on(out, l, fd);
	if (e)
		close(starter);
	else if ((e = follow(*out, starter))) {
		fetch_done(*out);
		*out = NULL;
	}
	return e;
}

enum err
fetch_new(struct fetch **out, struct loop *l, const struct oidc_conf *c)
{
	int starter;
	enum err e;

	if (!c->indieauth)
		return fetch_new_on(out, l, -1);
	if ((e = fetch_start_open(c, &starter)))
		return e;
	return begin(out, l, starter);
}

void
fetch_done(struct fetch *f)
{
	if (!f)
		return;
	loop_fd_remove(f->watch);
	loop_fd_remove(f->starter_watch);
	loop_timer_remove(f->again);
	if (f->starter >= 0)
		close(f->starter);
	if (f->chan.fd >= 0)
		chan_done(&f->chan);
	for (size_t i = 0; i < FETCH_KEPT; i++) {
		buf_done(&f->kept[i].key);
		buf_done(&f->kept[i].bytes);
	}
	free(f);
}
