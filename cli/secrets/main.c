/*
 * main.c - ownkey-secrets: the Secret Service and the Secret portal of desktop applications, for
 * the vault of ownkey's agent (DESIGN 10).
 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "cli/secrets/move.h"
#include "cli/secrets/bus.h"
#include "cli/secrets/bus_session.h"
#include "cli/secrets/kept.h"
#include "cli/secrets/object.h"
#include "cli/secrets/portal.h"
#include "cli/secrets/prompt.h"
#include "cli/secrets/starter.h"
#include "cli/secrets/volatile.h"
#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/sandbox.h"

#define ARENA (2 * 1024 * 1024)
#define BIG   (1024 * 1024)

static const char usage[] = "usage: ownkey-secrets [--replace] [--bus ADDRESS]\n"
			    "The bus starts it: 'ownkey setup', ownkey-secrets(1)\n";

static const char *const keep[] = { "OWNKEY_*", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY",
	"DBUS_SESSION_BUS_ADDRESS", NULL };

struct options {
	bool replace;
	const char *bus;
};

/*
 * In place of the C library's, for libsystemd: a message that grows while a value is put into it,
 * and what was read of one, would leave a copy where they were.  A message that is marked as
 * sensitive is wiped when it is freed, nothing is when it moves.
 */
void *
realloc(void *p, size_t n)
{
	size_t had = p ? malloc_usable_size(p) : 0;
	void *q;

	if (p && n <= had && n > had / 2)
		return p;
	if (!(q = malloc(n)) || !p)
		return q;
	memcpy(q, p, had < n ? had : n);
	sec_zero(p, had);
	free(p);
	return q;
}

/* ---- what the store tells ---- */
static void
on_state(void *arg, enum store_state now)
{
	struct secrets *s = arg;

	if (now != STORE_OPEN && now != STORE_READING)
		kept_clear(s);
	if (now == STORE_OPEN)
		placeholders_opened(s->holders);
	bus_follow_state(s);
	if (s->bus && now != STORE_READING)
		object_state_changed(s);
	if (now == STORE_OPEN)
		prompt_opened(s);
}

static void
on_change(void *arg, enum store_change what, const struct entry *e)
{
	struct secrets *s = arg;

	if (s->bus)
		object_entry_changed(s, what, e);
	if (what != STORE_ADDED)
		prompt_entry_changed(s, e);
}

static void
on_event(void *arg, const struct ops_event *ev)
{
	(void)arg;
	(void)ev;
}

static void
on_peer_gone(void *arg, struct peer *p)
{
	struct secrets *s = arg;

	bus_session_peer_gone(s, p);
	prompt_peer_gone(s, p);
	portal_peer_gone(s, p);
	call_peer_gone(s, p);
	kept_peer_gone(s, p);
	placeholders_forget(s->holders, p);
}

/* ---- start and end ---- */
static enum err
start(struct secrets *s, const struct options *o)
{
	static const struct store_hooks hooks = { on_state, on_change, on_event };
	enum err e;

	s->replace = o->replace;
	if ((e = placeholders_new(&s->holders)) || (e = store_new(&s->store, &hooks, s)) ||
	    (e = bus_open(s, o->bus)) || (e = peers_new(&s->peers, s->bus, on_peer_gone, s)) ||
	    (e = bus_expect_names(s)))
		return e;
	if (sd_event_add_io(s->loop, NULL, s->starter, EPOLLIN, starter_on_answer, s) < 0)
		return ERR_NOMEM;
	starter_wake(s);
	return ERR_OK;
}

static void
stop(struct secrets *s)
{
	store_done(s->store);
	while (s->calls)
		call_free(s->calls);
	prompt_clear(s);
	while (s->sessions)
		bus_session_peer_gone(s, s->sessions->peer);
	portal_clear(s);
	peers_done(s->peers);
	placeholders_done(s->holders);
	kept_clear(s);
	volatile_clear(s);
	free(s->known);
	bus_done(s);
	sd_event_unref(s->loop);
	if (s->starter >= 0)
		close(s->starter);
}

static int
on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *arg)
{
	struct secrets *s = arg;

	(void)source;
	(void)si;
	s->quit = true;
	return 0;
}

/* ---- the loop: sd-event's descriptors and timers, and the store's ---- */
static enum err
wait_once(struct secrets *s)
{
	struct pollfd p[2] = { { sd_event_get_fd(s->loop), POLLIN, 0 },
		{ store_fd(s->store), store_events(s->store), 0 } };
	int r = sd_event_prepare(s->loop);

	if (r == 0 && poll(p, 2, store_timeout(s->store)) < 0 && errno != EINTR)
		return ERR_IO;
	if (r == 0)
		r = sd_event_wait(s->loop, 0);
	if (r > 0)
		r = sd_event_dispatch(s->loop);
	if (r < 0)
		return ERR_IO;
	store_run(s->store);
	return s->name_err;
}

static enum err
run(struct secrets *s, const struct options *o)
{
	struct sandbox box = { .profile = SANDBOX_SECRETS };
	unsigned lacks;
	sigset_t set;
	enum err e;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || sd_event_new(&s->loop) < 0 ||
	    sd_event_add_signal(s->loop, NULL, SIGTERM, on_signal, s) < 0 ||
	    sd_event_add_signal(s->loop, NULL, SIGINT, on_signal, s) < 0)
		return ERR_NOMEM;
	if ((e = start(s, o)) || (e = sandbox_enter(&box, &lacks)))
		return e;
	while (!e && !s->quit)
		e = wait_once(s);
	return e;
}

static enum err
prepare(struct secrets *s)
{
	enum err e;

	(void)signal(SIGPIPE, SIG_IGN);
	/* what a long message took goes back to the system: by itself, malloc would learn from
	 * the first one to keep tens of megabytes */
	(void)mallopt(M_MMAP_THRESHOLD, BIG);
	if ((e = sandbox_early(keep)))
		return e;
	log_open("ownkey-secrets", LOG_INFO_);
	/* before there is anything that a child should not have */
	if ((e = starter_open(&s->starter)) || (e = crypto_init()))
		return e;
	if ((e = sec_arena_open(ARENA, false, false)) == ERR_NOMEM)
		e = sec_arena_open(ARENA, false, true);
	return e;
}

static int
read_options(int argc, char **argv, struct options *o)
{
	static const struct option table[] = { { "replace", no_argument, NULL, 'r' },
		{ "bus", required_argument, NULL, 'b' }, { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' }, { NULL, 0, NULL, 0 } };
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1)
		switch (c) {
		case 'r':
			o->replace = true;
			break;
		case 'b':
			o->bus = optarg;
			break;
		case 'h':
			return fputs(usage, stdout) < 0;
		case 'v':
			return puts("ownkey-secrets " OWNKEY_VERSION) < 0;
		default:
			fputs(usage, stderr);
			return err_exit(ERR_USAGE);
		}
	if (optind == argc)
		return -1;
	fputs(usage, stderr);
	return err_exit(ERR_USAGE);
}

int
main(int argc, char **argv)
{
	static struct secrets s = { .starter = -1 };
	struct options o = { .replace = false };
	int done;
	enum err e;

	/* a child of `ownkey`, which is a client of the bus: nobody else says this */
	if (argc == 2 && (strcmp(argv[1], "--move-in") == 0 || strcmp(argv[1], "--move-out") == 0))
		return move_run(strcmp(argv[1], "--move-out") == 0);
	done = read_options(argc, argv, &o);
	if (done >= 0)
		return done;
	if (!(e = prepare(&s)))
		e = run(&s, &o);
	stop(&s);
	sec_arena_close();
	if (e)
		fprintf(stderr, "ownkey-secrets: error: %s\nownkey-secrets: hint: %s\n",
		    err_text(e), err_hint(e));
	return e ? err_exit(e) : 0;
}
