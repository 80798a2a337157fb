/* helper.c - get, store and erase. */
#include "cli/git/helper.h"

#include <stdio.h>
#include <time.h>

#include "lib/crypto.h"

#define FOUND_MOST 256 /* secrets that one question may fit */
#define LABEL_ROOM 256

/* A secret that is kept for git. */
struct kept {
	char label[LABEL_ROOM];
	char username[LABEL_ROOM]; /* longer ones are found, but not said */
	uint64_t expires, rejected, mtime;
	uint64_t use;
	bool has_path;
};

/* ---- looking ---- */
struct search {
	struct ops_pair pair[OPS_SEARCH_ATTRS];
	size_t n;
};

static void
want(struct search *s, const char *name, struct span value)
{
	struct ops_pair p = { .name = span_str(name), .value = value };

	if (!value.p)
		return;
	wire_mark(&ops_pair_map, &p);
	s->pair[s->n++] = p;
}

static void
make_search(struct search *s, const struct message *m)
{
	*s = (struct search){ .n = 0 };
	want(s, "kind", SPAN_LIT("git"));
	want(s, "protocol", m->value[MESSAGE_PROTOCOL]);
	want(s, "host", m->value[MESSAGE_HOST]);
	want(s, "path", m->value[MESSAGE_PATH]);
	want(s, "username", m->value[MESSAGE_USERNAME]);
}

static void
copy_text(struct span s, char out[LABEL_ROOM])
{
	snprintf(out, LABEL_ROOM, "%.*s", (int)(s.len < LABEL_ROOM ? s.len : 0), (const char *)s.p);
}

static uint64_t
number(struct span s)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.len && i < 18; i++)
		v = s.p[i] >= '0' && s.p[i] <= '9' ? v * 10 + (uint64_t)(s.p[i] - '0') : v;
	return v;
}

static void
take_attribute(const struct ops_pair *p, struct kept *k)
{
	if (span_is(p->name, "username"))
		copy_text(p->value, k->username);
	else if (span_is(p->name, "path"))
		k->has_path = true;
	else if (span_is(p->name, "expires"))
		k->expires = number(p->value);
	else if (span_is(p->name, "rejected"))
		k->rejected = number(p->value);
}

/* What is known of the one with k->label. */
static enum err
look_at(struct client_conn *c, struct kept *k)
{
	struct ops_sel q = { .label = span_str(k->label) };
	struct ops_secret_show_rep rep;
	struct ops_item it;
	struct ops_pair p;
	struct cbor at;
	enum err e;

	wire_mark(&ops_sel_map, &q);
	if ((e = client_call_opened(c, OP_SECRET_SHOW, &q, &rep)))
		return e;
	at = wire_each(&rep.item);
	if ((e = wire_next(&ops_item_map, &at, &it)))
		return e;
	k->mtime = it.mtime;
	k->use = it.use;
	for (at = wire_each(&rep.attributes); !cbor_at_end(&at);) {
		if ((e = wire_next(&ops_pair_map, &at, &p)))
			return e;
		take_attribute(&p, k);
	}
	return ERR_OK;
}

struct found {
	char label[FOUND_MOST][LABEL_ROOM];
	size_t n;
};

static enum err
search_page(struct client_conn *c, struct ops_page *q, struct found *f, uint8_t cursor[64])
{
	struct ops_item_list_rep rep;
	struct ops_item it;
	struct cbor at;
	enum err e;

	wire_mark(&ops_page_map, q);
	if ((e = client_call_opened(c, OP_SECRET_LIST, q, &rep)))
		return e;
	for (at = wire_each(&rep.items); !cbor_at_end(&at);) {
		if ((e = wire_next(&ops_item_map, &at, &it)))
			return e;
		if (f->n < FOUND_MOST && it.label.len < LABEL_ROOM)
			copy_text(it.label, f->label[f->n++]);
	}
	if (rep.cursor.len > 64)
		return ERR_TOOBIG;
	if (rep.cursor.len)
		memcpy(cursor, rep.cursor.p, rep.cursor.len);
	q->cursor = SPAN(cursor, rep.cursor.len);
	return ERR_OK;
}

static enum err
search_all(struct client_conn *c, const struct message *m, struct found *f)
{
	struct search s;
	struct ops_page q = { .has = 0 };
	uint8_t cursor[64];
	enum err e;

	make_search(&s, m);
	q.attributes = (struct wire_list){ .v = s.pair, .n = s.n };
	f->n = 0;
	do
		e = search_page(c, &q, f, cursor);
	while (!e && q.cursor.len);
	return e;
}

/* ---- get ---- */
static bool
is_good(const struct kept *k, uint64_t now)
{
	return !k->rejected && (!k->expires || k->expires > now);
}

/* Of those that fit, the one that was changed last. */
static enum err
choose(struct client_conn *c, const struct message *m, struct kept *best)
{
	static struct found f;
	uint64_t now = (uint64_t)time(NULL);
	enum err e = search_all(c, m, &f);

	*best = (struct kept){ .mtime = 0 };
	for (size_t i = 0; i < f.n && !e; i++) {
		struct kept k = { .mtime = 0 };

		memcpy(k.label, f.label[i], LABEL_ROOM);
		if (!(e = look_at(c, &k)) && is_good(&k, now) &&
		    (!best->label[0] || k.mtime > best->mtime))
			*best = k;
	}
	if (e)
		return e;
	return best->label[0] ? ERR_OK : ERR_NOTFOUND;
}

static enum err
ask(struct client_conn *c, const char *label, struct span *value)
{
	struct ops_secret q = { .label = span_str(label) };
	struct ops_secret_rep rep;
	enum err e;

	wire_mark(&ops_secret_map, &q);
	if (!(e = client_call_opened(c, OP_SECRET_GET, &q, &rep)))
		*value = rep.value;
	return e;
}

/* Beside a password: "git/..." has "git-refresh/...". */
static void
refresh_label(const char *label, char out[LABEL_ROOM + 8])
{
	snprintf(
	    out, LABEL_ROOM + 8, "git-refresh%s", strchr(label, '/') ? strchr(label, '/') : "/");
}

static enum err
put_refresh(struct client_conn *c, const char *label, struct buf *out)
{
	char name[LABEL_ROOM + 8];
	struct span value;
	enum err e;

	refresh_label(label, name);
	if (strlen(name) >= LABEL_ROOM || (e = ask(c, name, &value)) == ERR_NOTFOUND)
		return ERR_OK;
	return e ? e : message_put(out, MESSAGE_REFRESH, value);
}

enum err
helper_get(struct client_conn *c, const struct message *m, struct buf *out)
{
	size_t at = out->len;
	struct span value;
	struct kept k;
	char text[24];
	enum err e = choose(c, m, &k);

	if (e)
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if (!(e = ask(c, k.label, &value)) &&
	    !(e = k.username[0] ? message_put(out, MESSAGE_USERNAME, span_str(k.username))
				: ERR_OK) &&
	    !(e = message_put(out, MESSAGE_PASSWORD, value)) && k.expires) {
		snprintf(text, sizeof text, "%llu", (unsigned long long)k.expires);
		e = message_put(out, MESSAGE_EXPIRY, span_str(text));
	}
	if (!e)
		e = put_refresh(c, k.label, out);
	if (e)
		buf_cut(out, at);
	return e;
}

/* ---- store, erase ---- */
/* The secret of exactly this.  ERR_NOTFOUND; ERR_EXISTS: the name is taken by one that is not
 * git's, or not for this. */
static enum err
find_exact(struct client_conn *c, const struct message *m, struct kept *k)
{
	static struct found f;
	struct buf label = BUF_INIT;
	enum err e;

	*k = (struct kept){ .mtime = 0 };
	if (!(e = message_label(m, "git", &label)))
		copy_text(buf_span(&label), k->label);
	buf_done(&label);
	if (e || (e = search_all(c, m, &f)))
		return e;
	if ((e = look_at(c, k)))
		return e;
	for (size_t i = 0; i < f.n; i++)
		if (strcmp(f.label[i], k->label) == 0)
			return ERR_OK;
	return ERR_EXISTS;
}

/* Attributes and, if it has one, the value. */
static enum err
write_secret(struct client_conn *c, const struct message *m, const char *label, struct span value,
    uint64_t rejected)
{
	struct ops_secret q = { .label = span_str(label), .value = value, .replace = true };
	char text[24];
	struct search s;

	make_search(&s, m);
	want(&s, "expires", m->expiry ? m->value[MESSAGE_EXPIRY] : SPAN_NONE);
	snprintf(text, sizeof text, "%llu", (unsigned long long)rejected);
	want(&s, "rejected", rejected ? span_str(text) : SPAN_NONE);
	q.attributes = (struct wire_list){ .v = s.pair, .n = s.n };
	wire_mark(&ops_secret_map, &q);
	if (value.p)
		wire_set(&ops_secret_map, &q, "value");
	return client_call_opened(c, OP_SECRET_SET, &q, NULL);
}

/* Is this what is kept?  Who wants to be asked for each use is not asked for this. */
static enum err
is_same(struct client_conn *c, const struct kept *k, struct span password, bool *same)
{
	struct span value;
	enum err e;

	*same = false;
	if (!(e = ask(c, k->label, &value)))
		*same = crypto_eq(value, password);
	return e;
}

static enum err
store_refresh(struct client_conn *c, const struct message *m)
{
	struct ops_secret q = { .replace = true, .value = m->value[MESSAGE_REFRESH] };
	struct buf label = BUF_INIT;
	struct span old;
	enum err e;

	if (!q.value.len || (e = message_label(m, "git-refresh", &label)) == ERR_TOOBIG) {
		buf_done(&label);
		return ERR_OK;
	}
	q.label = buf_span(&label);
	wire_mark(&ops_secret_map, &q);
	if (!e && (ask(c, buf_cstr(&label), &old) || !crypto_eq(old, q.value)))
		e = client_call_opened(c, OP_SECRET_SET, &q, NULL);
	buf_done(&label);
	return e;
}

/* git says this after every success, with what it was given: mostly nothing is new. */
enum err
helper_store(struct client_conn *c, const struct message *m)
{
	bool same = false;
	struct kept k;
	enum err e;

	if (!m->value[MESSAGE_PASSWORD].len || !message_has(m, MESSAGE_USERNAME))
		return ERR_OK;
	e = find_exact(c, m, &k);
	if (!e && k.use > 0 && !k.rejected)
		return ERR_OK; /* it was just given out, with the person's consent */
	if (!e && !k.rejected && k.expires == m->expiry)
		e = is_same(c, &k, m->value[MESSAGE_PASSWORD], &same);
	if (e == ERR_NOTFOUND)
		e = ERR_OK;
	if (!e && !same)
		e = write_secret(c, m, k.label, m->value[MESSAGE_PASSWORD], 0);
	return e ? e : store_refresh(c, m);
}

/* One of those that fit: without a username git means whichever it was given. */
static enum err
reject(struct client_conn *c, const struct message *m, struct kept *k)
{
	struct message own = *m;
	bool same = false;
	enum err e;

	if (k->rejected || (m->value[MESSAGE_PATH].p == NULL && k->has_path))
		return ERR_OK;
	if ((e = is_same(c, k, m->value[MESSAGE_PASSWORD], &same)) || !same)
		return e;
	own.value[MESSAGE_USERNAME] = k->username[0] ? span_str(k->username) : SPAN_NONE;
	return write_secret(c, &own, k->label, SPAN_NONE, (uint64_t)time(NULL));
}

enum err
helper_erase(struct client_conn *c, const struct message *m)
{
	static struct found f;
	enum err e;

	if (!m->value[MESSAGE_PASSWORD].len)
		return ERR_OK; /* nothing says which one */
	e = search_all(c, m, &f);
	for (size_t i = 0; i < f.n && !e; i++) {
		struct kept k = { .mtime = 0 };

		memcpy(k.label, f.label[i], LABEL_ROOM);
		if (!(e = look_at(c, &k)))
			e = reject(c, m, &k);
	}
	return e;
}
