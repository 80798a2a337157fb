/* task.c - what one child does. */
#include "oidc/fetch/task.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/chan.h"
#include "oidc/fetch/found.h"
#include "oidc/fetch/picture.h"
#include "oidc/fetch/transfer.h"

#define CA_MAX	 (4 * 1024 * 1024)
#define DNS_PORT 53

struct task {
	const struct task_setup *setup;
	const struct fetch_ask *ask;
	struct weburl url;
	struct buf url_text, ca;
	struct peer peer;
	struct transfer transfer;
	struct found found;
	struct span redirects[FETCH_REDIRECTS];
	struct fetch_answer answer;
};

static enum err
read_file(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum err e = ERR_OK;
	ssize_t n = 1;

	if (fd < 0)
		return err_of_errno(errno);
	b->max = CA_MAX;
	while (!e && n > 0) {
		uint8_t *to = buf_room(b, 65536);

		n = to ? read(fd, to, 65536) : -1;
		if (n > 0)
			buf_add(b, (size_t)n);
		e = n < 0 ? ERR_IO : buf_err(b);
	}
	close(fd);
	return e;
}

/* From here on no other port than these, and names may be looked up. */
static enum err
confine(const struct task *t)
{
	const uint16_t ports[] = { t->peer.port, DNS_PORT, 0 };
	struct sandbox s = { .profile = SANDBOX_FETCH, .rules = t->setup->rules, .ports = ports };
	unsigned lacks;

	return sandbox_enter(&s, &lacks);
}

/* Everything that can be refused without a word to anybody. */
static enum fetch_why
prepare(struct task *t)
{
	bool person = t->setup->person;
	enum fetch_why why;

	buf_put_span(&t->url_text, t->ask->url);
	if (weburl_parse(SPAN(buf_cstr(&t->url_text), t->url_text.len), &t->url))
		return FETCH_WHY_URL;
	if ((t->ask->kind == FETCH_TALK) != person)
		return FETCH_WHY_KIND;
	if ((why = peer_check_url(&t->url, person, *t->setup->proxy)) ||
	    (why = peer_set(&t->peer, &t->url, t->setup->proxy)))
		return why;
	if (read_file(t->setup->ca, &t->ca))
		return FETCH_WHY_TLS;
	if (confine(t))
		return FETCH_WHY_BROKEN;
	return peer_look_up(&t->peer, person);
}

static enum fetch_why
transfer(struct task *t)
{
	struct transfer *x = &t->transfer;

	x->kind = (enum fetch_kind)t->ask->kind;
	x->url = &t->url;
	x->peer = &t->peer;
	x->proxy = t->setup->proxy;
	x->ca = buf_span(&t->ca);
	x->send = t->ask->body;
	x->send_type = t->ask->type;
	transfer_run(x);
	t->answer.status = x->status > 0 && x->status < 1000 ? (uint64_t)x->status : 0;
	return x->why;
}

/* Of a page and of JSON alike: Link headers belong to the address (RFC 8288). */
static void
read_links(struct task *t)
{
	struct span all = buf_span(&t->transfer.links);

	while (all.len) {
		const uint8_t *end = memchr(all.p, '\n', all.len);
		size_t n = end ? (size_t)(end - all.p) : all.len;

		found_read_link(&t->found, SPAN(all.p, n), &t->url);
		all = end ? SPAN(all.p + n + 1, all.len - n - 1) : SPAN_NONE;
	}
}

static enum fetch_why
read_client(struct task *t)
{
	struct span body = buf_span(&t->transfer.body);
	enum fetch_why why = FETCH_WHY_OK;

	if (t->transfer.is_json) {
		why = found_read_json(&t->found, body, &t->url);
	} else {
		read_links(t);
		found_read_html(&t->found, body, &t->url);
	}
	if (!why)
		found_answer(&t->found, t->redirects, &t->answer);
	return why;
}

static enum fetch_why
read_body(struct task *t)
{
	const char *type = t->transfer.type;

	if (t->ask->kind == FETCH_CLIENT)
		return read_client(t);
	if (t->ask->kind == FETCH_IMAGE && !(type = picture_type(buf_span(&t->transfer.body))))
		return FETCH_WHY_IMAGE;
	t->answer.type = span_str(type);
	t->answer.body = buf_span(&t->transfer.body);
	return FETCH_WHY_OK;
}

static enum err
send_answer(const struct fetch_answer *a, int fd)
{
	struct buf b = BUF_INIT;
	enum err e = wire_encode(&fetch_answer_map, a, &b);

	if (!e)
		e = chan_send(fd, buf_span(&b));
	buf_done(&b);
	return e;
}

enum err
task_run(const struct task_setup *s, const struct fetch_ask *ask, int fd)
{
	static struct task t; /* large */
	enum fetch_why why;

	t = (struct task){ .setup = s, .ask = ask };
	if (!(why = prepare(&t)) && !(why = transfer(&t))) {
		/* what strangers wrote is read without network and files */
		if (sandbox_narrow(SANDBOX_WORKER))
			why = FETCH_WHY_BROKEN;
		else if (!(why = read_body(&t)))
			t.answer.age = t.transfer.age;
	}
	t.answer.why = why;
	wire_mark(&fetch_answer_map, &t.answer);
	buf_done(&t.url_text);
	buf_done(&t.ca);
	buf_done(&t.transfer.links);
	return send_answer(&t.answer, fd);
}
