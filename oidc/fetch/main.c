/*
 * ownkey-oidc-fetch: goes out for the provider.
 *
 * Descriptor 0: its only client (lib/fetchjob.h).  Arguments: "public" or "person", a file of
 * certificates, a proxy; "" = the system's, none.  It starts a child for each request, which does
 * all the work (task.h), hands its answer on unread, and ends it when it takes too long: a server
 * that hangs delays nobody else.  When descriptor 0 is closed, all ends.
 */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/chan.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/sock.h"
#include "oidc/fetch/task.h"

#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"
#define CHILD_FD  3

struct fetcher;

struct child {
	struct fetcher *fetcher;
	uint64_t id; /* 0 = free */
	pid_t pid;
	struct chan chan;
	struct loop_fd *watch;
	struct loop_timer *timer;
};

struct fetcher {
	struct task_setup setup;
	struct loop *loop;
	struct chan client;
	struct loop_fd *watch;
	struct child child[FETCH_AT_ONCE];
	struct buf queue[FETCH_QUEUE]; /* requests, oldest first */
	size_t nqueue;
};

static void start_next(struct fetcher *f);

/* ---- answers ---- */
static void
put_answer(struct fetcher *f, uint64_t id, struct span answer)
{
	struct buf b = BUF_INIT;

	buf_put_u64(&b, id);
	buf_put_span(&b, answer);
	if (buf_err(&b) || chan_put(&f->client, buf_span(&b)))
		loop_stop(f->loop);
	buf_done(&b);
}

static void
put_why(struct fetcher *f, uint64_t id, enum fetch_why why)
{
	struct fetch_answer a = { .why = why };
	struct buf b = BUF_INIT;

	wire_mark(&fetch_answer_map, &a);
	if (!wire_encode(&fetch_answer_map, &a, &b))
		put_answer(f, id, buf_span(&b));
	buf_done(&b);
}

/* ---- children ---- */
static void
end_child(struct child *c)
{
	loop_fd_remove(c->watch);
	loop_timer_remove(c->timer);
	chan_done(&c->chan);
	(void)kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	c->watch = NULL;
	c->timer = NULL;
	c->id = 0;
	start_next(c->fetcher);
}

static void
on_late(void *arg)
{
	struct child *c = arg;

	c->timer = NULL;
	put_why(c->fetcher, c->id, FETCH_WHY_SLOW);
	end_child(c);
}

static void
on_child(void *arg, short revents)
{
	struct child *c = arg;
	struct span frame;
	enum err e = chan_fill(&c->chan), got;

	(void)revents;
	got = chan_next(&c->chan, &frame);
	if (!got)
		put_answer(c->fetcher, c->id, frame);
	else if (e || got != ERR_TRUNCATED)
		put_why(c->fetcher, c->id, FETCH_WHY_BROKEN);
	else
		return;
	end_child(c);
}

/* Nothing of its parent's is open in it but where the answer goes. */
static _Noreturn void
be_child(const struct fetcher *f, const struct fetch_ask *ask, int fd, pid_t parent)
{
	enum err e = ERR_IO;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 && getppid() == parent &&
	    (fd == CHILD_FD || dup3(fd, CHILD_FD, 0) == CHILD_FD) &&
	    syscall(SYS_close_range, CHILD_FD + 1, ~0U, 0U) == 0 && close(STDIN_FILENO) == 0)
		e = task_run(&f->setup, ask, CHILD_FD);
	_exit(e != ERR_OK);
}

static bool
start_child(struct child *c, const struct fetch_ask *ask)
{
	struct fetcher *f = c->fetcher;
	pid_t parent = getpid();
	int pair[2];

	if (sock_pair(SOCK_STREAM, pair))
		return false;
	if ((c->pid = fork()) == 0)
		be_child(f, ask, pair[1], parent);
	close(pair[1]);
	chan_init(&c->chan, pair[0], FETCH_FRAME_MAX);
	c->id = ask->id;
	c->timer = loop_timer_add(f->loop, loop_now() + FETCH_MS, on_late, c);
	c->watch = loop_fd_add(f->loop, pair[0], POLLIN, on_child, c);
	return c->pid > 0 && c->timer && c->watch;
}

static struct child *
find_free(struct fetcher *f)
{
	for (size_t i = 0; i < FETCH_AT_ONCE; i++)
		if (!f->child[i].id)
			return &f->child[i];
	return NULL;
}

/* ---- requests ---- */
static void
run_ask(struct fetcher *f, struct child *c, struct span frame)
{
	struct fetch_ask ask;

	if (wire_decode(&fetch_ask_map, frame, &ask)) {
		log_error("the provider asked for something that is malformed");
		loop_stop(f->loop);
	} else if (!start_child(c, &ask)) {
		log_error("a child cannot be started");
		loop_stop(f->loop);
	}
}

static void
start_next(struct fetcher *f)
{
	struct child *c;

	while (f->nqueue && (c = find_free(f))) {
		struct buf first = f->queue[0];

		f->nqueue--;
		memmove(f->queue, f->queue + 1, f->nqueue * sizeof *f->queue);
		run_ask(f, c, buf_span(&first));
		buf_done(&first);
	}
}

static void
take_ask(struct fetcher *f, struct span frame)
{
	struct fetch_ask ask;

	if (f->nqueue == FETCH_QUEUE) {
		if (wire_decode(&fetch_ask_map, frame, &ask))
			loop_stop(f->loop);
		else
			put_why(f, ask.id, FETCH_WHY_BUSY);
		return;
	}
	f->queue[f->nqueue] = BUF_INIT;
	buf_put_span(&f->queue[f->nqueue], frame);
	if (buf_err(&f->queue[f->nqueue++]))
		loop_stop(f->loop);
	start_next(f);
}

static void
on_client(void *arg, short revents)
{
	struct fetcher *f = arg;
	struct span frame;
	enum err e = chan_fill(&f->client), got = ERR_OK;

	(void)revents;
	while (!(got = chan_next(&f->client, &frame)))
		take_ask(f, frame);
	if (e || got != ERR_TRUNCATED)
		loop_stop(f->loop);
}

static void
flush(void *arg)
{
	struct fetcher *f = arg;

	if (chan_wants_write(&f->client) && chan_flush(&f->client))
		loop_stop(f->loop);
	loop_fd_events(f->watch, chan_wants_write(&f->client) ? POLLIN | POLLOUT : POLLIN);
}

/* ---- start ---- */
static bool
take_arguments(struct task_setup *s, int argc, char **argv)
{
	if (argc != 4 || (strcmp(argv[1], "public") != 0 && strcmp(argv[1], "person") != 0))
		return false;
	s->person = strcmp(argv[1], "person") == 0;
	s->ca = *argv[2] ? argv[2] : SYSTEM_CA;
	s->proxy = argv[3];
	return true;
}

/* What libc reads to look a name up, and the certificates. */
static enum err
confine(struct task_setup *s)
{
	static char folder[1024];
	static struct sandbox_rule rules[] = { { "/etc", false }, { "/run/systemd/resolve", false },
		{ "/run/NetworkManager", false }, { "/run/resolvconf", false }, { folder, false },
		{ NULL, false } };
	struct sandbox box = { .profile = SANDBOX_FETCHER, .rules = rules };
	char *slash;
	unsigned lacks;

	if ((size_t)snprintf(folder, sizeof folder, "%s", s->ca) >= sizeof folder)
		return ERR_TOOBIG;
	if (!(slash = strrchr(folder, '/')))
		return ERR_CONFIG;
	slash[slash == folder] = '\0';
	s->rules = rules;
	return sandbox_enter(&box, &lacks);
}

static enum err
serve(struct fetcher *f)
{
	for (size_t i = 0; i < FETCH_AT_ONCE; i++)
		f->child[i].fetcher = f;
	chan_init(&f->client, STDIN_FILENO, FETCH_FRAME_MAX);
	if (!(f->watch = loop_fd_add(f->loop, STDIN_FILENO, POLLIN, on_client, f)))
		return ERR_NOMEM;
	loop_after(f->loop, flush, f);
	return loop_run(f->loop);
}

int
main(int argc, char **argv)
{
	static struct fetcher f;
	enum err e;

	log_open("ownkey-oidc-fetch", LOG_INFO_);
	if (!take_arguments(&f.setup, argc, argv)) {
		fprintf(stderr, "ownkey-oidc-fetch is started by ownkey-oidc\n");
		return err_exit(ERR_USAGE);
	}
	signal(SIGPIPE, SIG_IGN);
	if ((e = sandbox_early(NULL)) || (e = crypto_init_light()))
		return err_exit(e);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_exit(ERR_NOMEM);
	if (!(f.loop = loop_new()))
		return err_exit(ERR_NOMEM);
	if (!(e = confine(&f.setup)))
		e = serve(&f);
	if (e)
		log_err(e, "fetching");
	return e ? err_exit(e) : 0;
}
