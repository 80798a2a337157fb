/*
 * server.c - listeners, connections and how long each may take, the loop.
 *
 * We accept ourselves, so that a flood finds the connection that is idle longest and not the next
 * person.  MHD's epoll descriptor is one row of our loop.  Its timeouts begin anew with each byte,
 * which is what slow clients live on; ours count from the beginning of a phase.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/log.h"
#include "oidc/web/parts.h"

#define POOL	(32 * 1024) /* headers of a request, and of its response */
#define ACCEPTS 64	    /* at one wake-up and listener */
#define TICK	1000
#define SPARE	256 /* connections that are shut down, but not yet gone */

static const uint64_t limits[WEB_PHASES] = {
	[WEB_IDLE] = 30000,    /* between requests, and until the last header is there */
	[WEB_READING] = 20000, /* a body */
	[WEB_ANSWERING] = 0,   /* is our own business */
	[WEB_WRITING] = 30000,
};

/* ---- phases ---- */
static void
unlink_conn(struct web_conn *c)
{
	struct web_list *l = &c->web->phase[c->phase];

	if (c->prev)
		c->prev->next = c->next;
	else
		l->head = c->next;
	if (c->next)
		c->next->prev = c->prev;
	else
		l->tail = c->prev;
	c->prev = c->next = NULL;
}

static void
link_conn(struct web_conn *c, enum web_phase phase)
{
	struct web_list *l = &c->web->phase[phase];

	c->phase = phase;
	c->since = loop_now();
	c->prev = l->tail;
	if (l->tail)
		l->tail->next = c;
	else
		l->head = c;
	l->tail = c;
}

void
web_conn_phase(struct web_conn *c, enum web_phase phase)
{
	if (c->phase == WEB_ENDING)
		return;
	unlink_conn(c);
	link_conn(c, phase);
}

/* MHD finds the end of file and does the rest. */
static void
end_conn(struct web_conn *c)
{
	shutdown(c->fd, SHUT_RDWR);
	web_conn_phase(c, WEB_ENDING);
}

static void
end_late(struct web *w, uint64_t now)
{
	for (size_t i = 0; i < WEB_PHASES; i++)
		while (limits[i] && w->phase[i].head && now - w->phase[i].head->since >= limits[i])
			end_conn(w->phase[i].head);
}

/* For a new one, when there are as many as may be. */
static bool
evict(struct web *w)
{
	struct web_conn *c = w->phase[WEB_IDLE].head;

	if (!c)
		c = w->phase[WEB_READING].head;
	if (!c)
		return false;
	end_conn(c);
	w->counts.evicted++;
	return true;
}

/* Is there a place for one more, if need be another's? */
static bool
make_room(struct web *w)
{
	if (w->counts.connections < w->conf.connections || evict(w))
		return true;
	(void)MHD_run(w->mhd); /* those that are shut down go */
	return w->counts.connections < w->conf.connections || evict(w);
}

/* ---- connections come and go ---- */
static void
on_connection(
    void *arg, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct web *w = arg;
	struct web_conn *c = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		c = w->arriving;
		w->arriving = NULL;
		c->mhd = mhd;
		*context = c;
		link_conn(c, WEB_IDLE);
		w->counts.connections++;
		w->counts.accepted++;
	} else if (c) {
		unlink_conn(c);
		w->counts.connections--;
		*context = NULL;
		free(c);
	}
}

bool
web_trusts(void *arg, const char *address)
{
	const struct web *w = arg;

	for (size_t i = 0; i < w->conf.ntrusted; i++)
		if (strcmp(w->conf.trusted[i], address) == 0)
			return true;
	return false;
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage storage;
};

/* As text; "" for a Unix socket. */
static void
describe(struct web *w, const union address *from, struct web_conn *c)
{
	if (from->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &from->in.sin_addr, c->address, sizeof c->address);
	else if (from->any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &from->in6.sin6_addr, c->address, sizeof c->address);
	c->trusted = web_trusts(w, c->address[0] ? c->address : "unix");
}

/* MHD owns the descriptor from here, whatever becomes of it. */
static void
hand_over(struct web *w, int fd, union address *from, socklen_t len, enum web_door door)
{
	struct web_conn *c = calloc(1, sizeof *c);

	if (!c) {
		close(fd);
		w->counts.refused++;
		return;
	}
	*c = (struct web_conn){ .web = w, .fd = fd, .door = door };
	describe(w, from, c);
	/* a length that MHD does not know is not counted by address: proxies */
	if (c->trusted || !c->address[0])
		len = sizeof from->any.sa_family;
	w->arriving = c;
	if (MHD_add_connection(w->mhd, fd, &from->any, len) == MHD_YES)
		return;
	w->counts.refused++;
	if (w->arriving) {
		w->arriving = NULL;
		free(c);
	}
}

static void
on_listener(void *arg, short revents)
{
	const struct web_ear *ear = arg;
	struct web *w = ear->web;

	(void)revents;
	for (int n = 0; n < ACCEPTS; n++) {
		union address from = { .storage = { 0 } };
		socklen_t len = sizeof from;
		int fd = accept4(ear->fd, &from.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
			continue;
		/* descriptors are short: whoever does nothing goes first */
		if (fd < 0 && (errno == EMFILE || errno == ENFILE))
			(void)evict(w);
		if (fd < 0)
			return;
		if (!make_room(w)) {
			w->counts.refused++;
			close(fd);
			continue;
		}
		hand_over(w, fd, &from, len, ear->door);
	}
}

/* ---- the loop ---- */
static void
on_again(void *arg)
{
	struct web *w = arg;

	w->again = NULL;
	(void)MHD_run(w->mhd);
}

/* What MHD has read but not worked on gives no event any more. */
static void
schedule(struct web *w)
{
	MHD_UNSIGNED_LONG_LONG ms;

	if (!w->again && MHD_get_timeout(w->mhd, &ms) == MHD_YES && ms == 0)
		w->again = loop_timer_add(w->conf.loop, 0, on_again, w);
}

static void
check_drained(struct web *w)
{
	if (!w->draining || !w->drained || (w->pending && loop_now() < w->drain_until))
		return;
	w->drained(w->drained_arg);
	w->drained = NULL;
}

/* Everything that the wake-up brought has run.  A few rounds, as the next request may be there
 * already; not for ever, as others wait, too. */
static void
after(void *arg)
{
	struct web *w = arg;

	if (!w->mhd)
		return;
	for (int i = 0; i < 4 && web_settle(w); i++)
		(void)MHD_run(w->mhd);
	schedule(w);
	check_drained(w);
}

static void
on_mhd(void *arg, short revents)
{
	struct web *w = arg;

	(void)revents;
	(void)MHD_run(w->mhd);
}

static void
on_tick(void *arg)
{
	struct web *w = arg;
	uint64_t now = loop_now();

	end_late(w, now);
	w->tick = loop_timer_add(w->conf.loop, now + TICK, on_tick, w);
}

enum err
web_listen(struct web *w, const struct web_listener *l)
{
	struct web_ear *ear = &w->ear[w->nears];

	if (w->nears == WEB_LISTENERS)
		return ERR_LIMIT;
	/* who was there may be gone when we accept */
	if (fcntl(l->fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return ERR_IO;
	*ear = (struct web_ear){ .web = w, .fd = l->fd, .door = l->door };
	if (!(ear->watch = loop_fd_add(w->conf.loop, l->fd, POLLIN, on_listener, ear)))
		return ERR_NOMEM;
	w->nears++;
	return ERR_OK;
}

static void
close_ears(struct web *w)
{
	for (size_t i = 0; i < w->nears; i++) {
		loop_fd_remove(w->ear[i].watch);
		close(w->ear[i].fd);
	}
	w->nears = 0;
}

/* ---- beginning and end ---- */
static struct MHD_Daemon *
start_mhd(struct web *w)
{
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, (intptr_t)w->conf.connections + SPARE, NULL },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)w->conf.address_connections, NULL },
		{ MHD_OPTION_CONNECTION_TIMEOUT, 0, NULL },
		{ MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};

	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME,
	    0, NULL, NULL, web_on_request, w, MHD_OPTION_ARRAY, options,
	    MHD_OPTION_NOTIFY_CONNECTION, on_connection, w, MHD_OPTION_URI_LOG_CALLBACK, web_on_url,
	    w, MHD_OPTION_NOTIFY_COMPLETED, web_on_completed, w, MHD_OPTION_END);
}

static void
set_issuer(struct web *w)
{
	const char *host = strstr(w->conf.issuer, "://");
	size_t n;

	w->secure = strncmp(w->conf.issuer, "https:", 6) == 0;
	host = host ? host + 3 : w->conf.issuer;
	w->path = host + strcspn(host, "/");
	n = (size_t)(w->path - w->conf.issuer);
	snprintf(w->origin, sizeof w->origin, "%.*s", (int)n, w->conf.issuer);
}

enum err
web_new(struct web **out, const struct web_conf *conf)
{
	struct web *w = calloc(1, sizeof *w);
	const union MHD_DaemonInfo *info;
	enum err e = ERR_NOMEM;

	if (!w)
		return ERR_NOMEM;
	w->conf = *conf;
	set_issuer(w);
	while (conf->routes[w->nrows].path)
		w->nrows++;
	if (!(w->by_row = calloc(w->nrows + 1, sizeof *w->by_row)) || !(w->mhd = start_mhd(w)) ||
	    !(info = MHD_get_daemon_info(w->mhd, MHD_DAEMON_INFO_EPOLL_FD)))
		goto out;
	w->watch = loop_fd_add(conf->loop, info->epoll_fd, POLLIN, on_mhd, w);
	w->tick = loop_timer_add(conf->loop, loop_now() + TICK, on_tick, w);
	if (!w->watch || !w->tick)
		goto out;
	loop_after(conf->loop, after, w);
	*out = w;
	return ERR_OK;
out:
	web_done(w);
	return e;
}

void
web_drain(struct web *w, uint64_t ms, void (*done)(void *arg), void *arg)
{
	close_ears(w);
	w->draining = true;
	w->drain_until = loop_now() + ms;
	w->drained = done;
	w->drained_arg = arg;
}

/* Fibers that still wait are left as they are: the process ends. */
void
web_done(struct web *w)
{
	if (!w)
		return;
	for (struct web_answer *x = w->pending; x; x = x->next) {
		x->failed = ERR_CANCELLED;
		x->done = true;
		MHD_resume_connection(x->mhd);
	}
	if (w->mhd)
		MHD_stop_daemon(w->mhd);
	w->mhd = NULL;
	close_ears(w);
	loop_fd_remove(w->watch);
	loop_timer_remove(w->tick);
	loop_timer_remove(w->again);
	free(w->by_row);
	free(w);
}

const struct web_counts *
web_counts(const struct web *w)
{
	return &w->counts;
}

const uint64_t *
web_row_counts(const struct web *w, size_t i)
{
	return i <= w->nrows ? w->by_row[i] : NULL;
}
