/* fetchjob.c - what ownkey-oidc-fetch is asked for and answers. */
#include "lib/fetchjob.h"

#include <sys/socket.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/paths.h"
#include "lib/sock.h"
#include "lib/spawn.h"

#define URL WEBURL_MAX

static const struct wire_field ask_fields[] = {
	WIRE_F(fetch_ask, 1, UINT, 0, id, 1, UINT64_MAX, "number of the request"),
	WIRE_E(fetch_ask, 2, 0, kind, 2, "client|image|talk", "what is wanted"),
	WIRE_F(fetch_ask, 3, TEXT, 0, url, 1, URL, "address"),
	WIRE_F(fetch_ask, 4, BYTES, WF_OPT, body, 0, FETCH_HTML_MAX, "what is sent"),
	WIRE_F(fetch_ask, 5, TEXT, WF_OPT, type, 1, 100, "its type"),
};

const struct wire_map fetch_ask_map = { .name = "fetch_ask",
	.size = sizeof(struct fetch_ask),
	.field = ask_fields,
	.n = sizeof ask_fields / sizeof *ask_fields };

static const struct wire_field answer_fields[] = {
	WIRE_F(fetch_answer, 1, UINT, 0, why, 0, FETCH_WHY_BROKEN, "0, or what went wrong"),
	WIRE_F(fetch_answer, 2, UINT, WF_OPT, status, 0, 999, "HTTP status"),
	WIRE_F(fetch_answer, 3, UINT, WF_OPT, age, 0, FETCH_AGE_MAX, "seconds it may be kept"),
	WIRE_F(fetch_answer, 4, TEXT, WF_OPT, type, 0, 100, "type of the body"),
	WIRE_F(fetch_answer, 5, BYTES, WF_OPT, body, 0, FETCH_IMAGE_MAX, "body"),
	WIRE_E(fetch_answer, 6, WF_OPT, source, 1, "json|html", "where the rest comes from"),
	WIRE_F(fetch_answer, 7, TEXT, WF_OPT, name, 0, FETCH_NAME_MAX, "name of the client"),
	WIRE_F(fetch_answer, 8, TEXT, WF_OPT, home, 0, URL, "its page"),
	WIRE_F(fetch_answer, 9, TEXT, WF_OPT, logo, 0, URL, "its logo"),
	WIRE_F(fetch_answer, 10, TEXT, WF_OPT, policy, 0, URL, "its policy"),
	WIRE_F(fetch_answer, 11, TEXT, WF_OPT, terms, 0, URL, "its terms"),
	{ .key = 12,
	    .type = WIRE_BLOBS,
	    .flags = WF_OPT,
	    .offset = offsetof(struct fetch_answer, redirects),
	    .min = 1,
	    .max = URL,
	    .name = "redirects",
	    .help = "its redirect URIs" },
};

const struct wire_map fetch_answer_map = { .name = "fetch_answer",
	.size = sizeof(struct fetch_answer),
	.field = answer_fields,
	.n = sizeof answer_fields / sizeof *answer_fields };

/* --- why --- */

static const struct {
	enum err err;
	const char *text;
} whys[] = {
	[FETCH_WHY_OK] = { ERR_OK, "" },
	[FETCH_WHY_URL] = { ERR_FETCH_REFUSED, "it is no https address" },
	[FETCH_WHY_HOST] = { ERR_FETCH_REFUSED, "its host is no name of the public Internet" },
	[FETCH_WHY_PORT] = { ERR_FETCH_REFUSED, "its port is one that is kept for other services" },
	[FETCH_WHY_KIND] = { ERR_FETCH_REFUSED, "that is not done here" },
	[FETCH_WHY_SPECIAL] = { ERR_FETCH_REFUSED, "its name leads into a private network" },
	[FETCH_WHY_NAME] = { ERR_FETCH_UNREACHED, "its name was not found" },
	[FETCH_WHY_PROXY] = { ERR_FETCH_UNREACHED, "the proxy for what goes out did not answer" },
	[FETCH_WHY_CONNECT] = { ERR_FETCH_UNREACHED, "nobody answers there" },
	[FETCH_WHY_TLS] = { ERR_FETCH_TLS, "its certificate is not good for that name" },
	[FETCH_WHY_SLOW] = { ERR_FETCH_UNREACHED, "it took too long to answer" },
	[FETCH_WHY_ENDED] = { ERR_FETCH_UNREACHED, "it broke off in the middle of its answer" },
	[FETCH_WHY_REDIRECT] = { ERR_FETCH_ANSWER, "it leads on to another address" },
	[FETCH_WHY_STATUS] = { ERR_FETCH_ANSWER, "it answered with an error, or with nothing" },
	[FETCH_WHY_TYPE] = { ERR_FETCH_ANSWER, "it is neither a page nor JSON" },
	[FETCH_WHY_PACKED] = { ERR_FETCH_ANSWER, "it is compressed, which nobody asked for" },
	[FETCH_WHY_LARGE] = { ERR_FETCH_ANSWER, "it is too large" },
	[FETCH_WHY_JSON] = { ERR_FETCH_DOCUMENT, "it is not well-formed" },
	[FETCH_WHY_SELF] = { ERR_FETCH_DOCUMENT, "it is about another client" },
	[FETCH_WHY_SECRET] = { ERR_FETCH_DOCUMENT, "it has a secret, which everybody can read" },
	[FETCH_WHY_MEMBER] = { ERR_FETCH_DOCUMENT, "a member is not what it has to be" },
	[FETCH_WHY_HOME] = { ERR_FETCH_DOCUMENT,
	    "its client_uri is no beginning of its client_id" },
	[FETCH_WHY_IMAGE] = { ERR_FETCH_DOCUMENT, "it is no PNG, JPEG, GIF or WebP" },
	[FETCH_WHY_BUSY] = { ERR_BUSY, "too much is being fetched at the moment" },
	[FETCH_WHY_BROKEN] = { ERR_FETCH_UNREACHED, "the program that fetches ended" },
};

enum err
fetch_why_err(uint64_t why)
{
	return why < sizeof whys / sizeof *whys ? whys[why].err : ERR_FORMAT;
}

const char *
fetch_why_text(uint64_t why)
{
	return why < sizeof whys / sizeof *whys ? whys[why].text : "";
}

/* --- a person's program --- */

static enum err
start(const struct fetch_talk *t, int *fd, pid_t *pid)
{
	char path[PATHS_MAX];
	const char *argv[] = { FETCH_PROGRAM, "person", t->ca ? t->ca : "",
		t->proxy ? t->proxy : "", NULL };
	struct spawn s = { .path = path, .argv = argv, .nfds = 3 };
	int pair[2];
	enum err e;

	if ((e = paths_program(FETCH_PROGRAM, path, sizeof path)) ||
	    (e = sock_pair(SOCK_STREAM, pair)))
		return e;
	s.fds[0] = pair[1];
	s.fds[1] = s.fds[2] = STDERR_FILENO;
	e = spawn_start(&s, pid);
	close(pair[1]);
	if (e)
		close(pair[0]);
	else
		*fd = pair[0];
	return e;
}

static enum err
exchange(const struct fetch_talk *t, int fd, struct buf *frame, struct fetch_answer *a)
{
	struct fetch_ask ask = { .id = 1,
		.kind = FETCH_TALK,
		.url = span_str(t->url),
		.body = t->body,
		.type = span_str(t->type) };
	struct buf b = BUF_INIT;
	enum err e;

	wire_mark(&fetch_ask_map, &ask);
	if (!(e = wire_encode(&fetch_ask_map, &ask, &b)) && !(e = chan_send(fd, buf_span(&b))) &&
	    !(e = chan_recv(fd, FETCH_FRAME_MAX, FETCH_MS + 2000, frame)))
		e = frame->len < 8
		    ? ERR_FORMAT
		    : wire_decode(&fetch_answer_map, SPAN(frame->p + 8, frame->len - 8), a);
	buf_done(&b);
	return e;
}

enum err
fetch_talk(const struct fetch_talk *t, struct buf *frame, struct fetch_answer *a)
{
	int fd = -1;
	pid_t pid;
	enum err e = start(t, &fd, &pid);

	if (e)
		return e;
	e = exchange(t, fd, frame, a);
	close(fd);
	spawn_kill(pid);
	return e;
}
