#include "cli/secrets/portal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/secrets/starter.h"

#define APP_MOST 255

/* org.freedesktop.impl.portal.Request: 0 done, 1 cancelled by the person, 2 ended otherwise */
enum response { RESPONSE_DONE, RESPONSE_CANCELLED, RESPONSE_FAILED };
enum request_state { REQUEST_OPENING, REQUEST_ASKING, REQUEST_WRITING, REQUEST_OVER };

struct portal_request {
	struct secrets *s;
	sd_bus_message *m;
	struct peer *peer; /* NULL: gone */
	size_t weight;	   /* of m */
	enum request_state state;
	struct buf app;
	int fd;
	uint64_t request;
	struct sec value;
	size_t sent;
	sd_bus_slot *slot;
	sd_event_source *io;
	struct portal_request *next;
};

static void
release(struct portal_request *p)
{
	struct portal_request **at = &p->s->requests;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (p->peer) {
		p->peer->pending--;
		p->peer->held -= p->weight;
	}
	sd_bus_slot_unref(p->slot);
	sd_event_source_disable_unref(p->io);
	sd_bus_message_unref(p->m);
	sec_done(&p->value);
	buf_done(&p->app);
	if (p->fd >= 0)
		close(p->fd);
	free(p);
}

/* Answer, and be rid of it as soon as the store has nothing to say any more. */
static void
end(struct portal_request *p, enum response response)
{
	if (p->state != REQUEST_OVER && p->peer)
		(void)sd_bus_reply_method_return(p->m, "ua{sv}", (uint32_t)response, 0);
	if (p->state == REQUEST_OPENING)
		store_unlock_cancel(p->s->store, p);
	if (p->state != REQUEST_ASKING) {
		release(p);
		return;
	}
	p->state = REQUEST_OVER;
	p->slot = sd_bus_slot_unref(p->slot);
	store_cancel(p->s->store, p->request);
}

void
portal_peer_gone(struct secrets *s, const struct peer *peer)
{
	struct portal_request *p, *next;

	for (p = s->requests; p; p = next) {
		next = p->next;
		if (p->peer != peer)
			continue;
		p->peer->pending--;
		p->peer = NULL;
		if (p->state != REQUEST_OVER)
			end(p, RESPONSE_FAILED);
	}
}

void
portal_clear(struct secrets *s)
{
	while (s->requests)
		release(s->requests);
}

/* ---- writing: whoever reads may take their time ---- */
static int on_writable(sd_event_source *source, int fd, uint32_t events, void *arg);

/* O_NONBLOCK belongs to all who have the pipe, and they may take it away: what there is room for
 * is written. */
static ssize_t
write_part(const struct portal_request *p)
{
	struct pollfd room = { .fd = p->fd, .events = POLLOUT };
	size_t n = p->value.len - p->sent;

	if (poll(&room, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(p->fd, p->value.p + p->sent, n < PIPE_BUF ? n : PIPE_BUF);
}

static void
write_some(struct portal_request *p)
{
	ssize_t n = 1;

	while (p->sent < p->value.len && n > 0) {
		n = write_part(p);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			p->sent += (size_t)n;
	}
	if (p->sent == p->value.len)
		end(p, RESPONSE_DONE);
	else if (n >= 0 || errno != EAGAIN ||
	    (!p->io && sd_event_add_io(p->s->loop, &p->io, p->fd, EPOLLOUT, on_writable, p) < 0))
		end(p, RESPONSE_FAILED);
}

static int
on_writable(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	(void)source;
	(void)fd;
	(void)events;
	write_some(arg);
	return 0;
}

/* ---- getting it ---- */
static bool
said_no(enum err e)
{
	return e == ERR_REFUSED || e == ERR_CANCELLED || e == ERR_DENIED;
}

static void
got(void *arg, enum err err, const char *text, const struct ops_entry_value *v, size_t n)
{
	struct portal_request *p = arg;

	(void)text;
	if (p->state == REQUEST_OVER) {
		release(p);
		return;
	}
	p->state = REQUEST_WRITING;
	if (!err)
		err = n != 1 ? ERR_INTERNAL : (enum err)v->err;
	if (!err && (!v->value.len || v->value.len > PORTAL_VALUE))
		err = ERR_TOOBIG;
	if (!err)
		err = sec_init_copy(&p->value, v->value);
	if (err)
		end(p, said_no(err) ? RESPONSE_CANCELLED : RESPONSE_FAILED);
	else
		write_some(p);
}

static void
opened(void *arg, enum err err, const char *text, const struct entry *entry)
{
	struct portal_request *p = arg;

	(void)text;
	(void)entry;
	p->state = REQUEST_WRITING; /* nothing of the store's is under way */
	if (err) {
		end(p, said_no(err) ? RESPONSE_CANCELLED : RESPONSE_FAILED);
		return;
	}
	err = store_portal(p->s->store, p->peer, buf_span(&p->app),
	    (struct store_values_then){ got, p }, &p->request);
	if (!err) {
		p->state = REQUEST_ASKING;
	} else if (err == ERR_LOCKED || err == ERR_NOAGENT) {
		p->state = REQUEST_OPENING;
		if (store_unlock(p->s->store, (struct store_then){ opened, p })) {
			p->state = REQUEST_WRITING;
			end(p, RESPONSE_FAILED);
		}
	} else {
		end(p, RESPONSE_FAILED);
	}
}

/* ---- the call ---- */
static int
on_close(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct portal_request *p = arg;
	struct peer *peer;
	enum err e = peers_of(p->s->peers, m, &peer);
	int r;

	if (!e && peer != p->peer)
		e = ERR_PERMISSION;
	if (e)
		return fail(error, e, NULL);
	r = sd_bus_reply_method_return(m, "");
	end(p, RESPONSE_CANCELLED);
	return r;
}

static const sd_bus_vtable request_vtable[] = { SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD("Close", "", "", on_close, 0), SD_BUS_VTABLE_END };

/* The message keeps its descriptor.  A file may be one that never answers. */
static enum err
take_fd(int fd, int *out)
{
	int flags = fcntl(fd, F_GETFL);
	struct stat st;

	if (fstat(fd, &st) || (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode)))
		return ERR_RANGE;
	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY ||
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return ERR_RANGE;
	*out = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return *out < 0 ? ERR_LIMIT : ERR_OK;
}

static enum err
make(struct secrets *s, sd_bus_message *m, struct peer *peer, struct portal_request **out)
{
	struct portal_request *p;
	size_t weight;
	enum err e;

	if (peer->pending >= SECRETS_PENDING)
		return ERR_LIMIT;
	if ((e = call_hold(peer, m, &weight)))
		return e;
	p = calloc(1, sizeof *p);
	if (!p) {
		peer->held -= weight;
		return ERR_NOMEM;
	}
	*p = (struct portal_request){
		.s = s, .peer = peer, .weight = weight, .fd = -1, .next = s->requests
	};
	p->m = sd_bus_message_ref(m);
	s->requests = p;
	peer->pending++;
	*out = p;
	return ERR_OK;
}

static enum err
retrieve(struct secrets *s, sd_bus_message *m, struct peer *peer)
{
	struct portal_request *p;
	const char *handle, *app;
	enum err e;
	int fd;

	if (sd_bus_message_read(m, "osh", &handle, &app, &fd) < 0)
		return ERR_FORMAT;
	if (!*app || strlen(app) > APP_MOST)
		return ERR_RANGE;
	if ((e = make(s, m, peer, &p)))
		return e;
	buf_put_str(&p->app, app);
	if ((e = buf_err(&p->app)) || (e = take_fd(fd, &p->fd)))
		goto out;
	if (sd_bus_add_object_vtable(s->bus, &p->slot, handle,
		"org.freedesktop.impl.portal.Request", request_vtable, p) < 0) {
		e = ERR_EXISTS;
		goto out;
	}
	starter_wake(s);
	e = store_unlock(s->store, (struct store_then){ opened, p });
out:
	if (e)
		release(p);
	return e;
}

static int
on_retrieve(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	struct peer *peer;
	enum err e = peers_of(s->peers, m, &peer);

	if (!e)
		e = retrieve(s, m, peer);
	return e ? fail(error, e, NULL) : 1;
}

static int
get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
    sd_bus_message *reply, void *arg, sd_bus_error *error)
{
	(void)bus;
	(void)path;
	(void)interface;
	(void)property;
	(void)arg;
	(void)error;
	return sd_bus_message_append(reply, "u", (uint32_t)1);
}

/* clang-format off */
const sd_bus_vtable portal_vtable[] = {
	SD_BUS_VTABLE_START(SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("RetrieveSecret",
	    SD_BUS_ARGS("o", handle, "s", app_id, "h", fd, "a{sv}", options),
	    SD_BUS_RESULT("u", response, "a{sv}", results), on_retrieve, 0),
	SD_BUS_PROPERTY("version", "u", get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END
};
/* clang-format on */
