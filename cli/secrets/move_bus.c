/* move_bus.c - calls to another Secret Service, one at a time. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/secrets/move.h"
#include "lib/text.h"

#define BUS "org.freedesktop.DBus"

/* ---- what went wrong ---- */
static void
remember(struct move *m, const char *name, const char *text)
{
	struct buf b = BUF_INIT;

	text_printable(span_str(text ? text : name), &b);
	snprintf(m->wrong, sizeof m->wrong, "%.480s", buf_cstr(&b));
	buf_done(&b);
}

enum err
move_error(struct move *m, int r)
{
	remember(m, strerror(-r), NULL);
	return r == -ENOMEM ? ERR_NOMEM : ERR_MOVE_SERVICE;
}

static enum err
answered(struct move *m, const sd_bus_error *e)
{
	remember(m, e->name ? e->name : "", e->message);
	if (sd_bus_error_has_name(e, "org.freedesktop.Secret.Error.IsLocked"))
		return ERR_LOCKED;
	if (sd_bus_error_has_name(e, "org.freedesktop.Secret.Error.NoSuchObject") ||
	    sd_bus_error_has_name(e, SD_BUS_ERROR_UNKNOWN_OBJECT))
		return ERR_NOTFOUND;
	return sd_bus_error_has_name(e, SD_BUS_ERROR_NOT_SUPPORTED) ? ERR_UNSUPPORTED
								    : ERR_MOVE_SERVICE;
}

void
move_say(struct move *m, const char *fmt, ...)
{
	struct move_msg say = { .kind = MOVE_SAY };
	struct buf b = BUF_INIT;
	char line[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	text_printable(span_str(line), &b);
	say.text = buf_span(&b);
	if (!buf_err(&b) && move_send(m->fd, &say))
		(void)0; /* the next message finds that out */
	buf_done(&b);
}

/* ---- calls ---- */
enum err
move_new_call(
    struct move *m, const char *path, const char *iface, const char *member, sd_bus_message **out)
{
	int r = sd_bus_message_new_method_call(m->bus, out, m->owner, path, iface, member);

	return r < 0 ? move_error(m, r) : ERR_OK;
}

enum err
move_call(struct move *m, sd_bus_message *in, sd_bus_message **rep)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_call(m->bus, in, MOVE_USEC, &error, rep);
	enum err e = ERR_OK;

	sd_bus_message_unref(in);
	if (r < 0)
		e = sd_bus_error_is_set(&error) ? answered(m, &error) : move_error(m, r);
	sd_bus_error_free(&error);
	return e;
}

enum err
move_property(
    struct move *m, const char *path, const char *iface, const char *what, sd_bus_message **rep)
{
	const char *type = strchr(what, ' ') + 1;
	sd_bus_message *in = NULL;
	char name[32];
	enum err e;
	int r;

	snprintf(name, sizeof name, "%.*s", (int)(type - what - 1), what);
	*rep = NULL;
	if ((e = move_new_call(m, path, "org.freedesktop.DBus.Properties", "Get", &in)))
		return e;
	if ((r = sd_bus_message_append(in, "ss", iface, name)) < 0) {
		sd_bus_message_unref(in);
		return move_error(m, r);
	}
	if ((e = move_call(m, in, rep)))
		return e;
	if ((r = sd_bus_message_enter_container(*rep, 'v', type)) < 0) {
		*rep = sd_bus_message_unref(*rep);
		return move_error(m, r);
	}
	return ERR_OK;
}

/* ---- prompts ---- */
struct waiting {
	bool done, dismissed, gone;
	char *found;
};

static int
on_completed(sd_bus_message *s, void *arg, sd_bus_error *error)
{
	struct waiting *w = arg;
	const char *path;
	int dismissed;

	(void)error;
	if (sd_bus_message_read(s, "b", &dismissed) < 0)
		return 0;
	w->done = true;
	w->dismissed = dismissed;
	if (w->found && !dismissed && sd_bus_message_read(s, "v", "o", &path) > 0)
		snprintf(w->found, MOVE_PATH, "%s", path);
	return 0;
}

static int
on_owner(sd_bus_message *s, void *arg, sd_bus_error *error)
{
	struct waiting *w = arg;

	(void)s;
	(void)error;
	w->gone = true;
	return 0;
}

/* As long as the person takes; `ownkey` that is gone wants nothing more. */
static enum err
wait_for(struct move *m, struct waiting *w)
{
	struct pollfd p[2] = { { .fd = sd_bus_get_fd(m->bus) }, { .fd = m->fd } };
	int r;

	while (!w->done && !w->gone) {
		if ((r = sd_bus_process(m->bus, NULL)) < 0)
			return move_error(m, r);
		if (r > 0)
			continue;
		p[0].events = (short)sd_bus_get_events(m->bus);
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return ERR_IO;
		if (p[1].revents & (POLLHUP | POLLERR))
			return ERR_HANGUP;
	}
	if (!w->done)
		remember(m, "it went away", NULL);
	return w->done ? w->dismissed ? ERR_REFUSED : ERR_OK : ERR_MOVE_SERVICE;
}

enum err
move_prompt(struct move *m, const char *prompt, char found[MOVE_PATH])
{
	struct waiting w = { .found = found };
	sd_bus_slot *done = NULL, *owner = NULL;
	sd_bus_message *in = NULL, *rep = NULL;
	enum err e = ERR_OK;
	int r;

	if (strcmp(prompt, "/") == 0)
		return ERR_OK;
	if ((r = sd_bus_match_signal(m->bus, &done, m->owner, prompt, MOVE_IFACE("Prompt"),
		 "Completed", on_completed, &w)) < 0 ||
	    (r = sd_bus_add_match(m->bus, &owner,
		 "type='signal',sender='" BUS "',member='NameOwnerChanged',arg0='" MOVE_SERVICE "'",
		 on_owner, &w)) < 0)
		e = move_error(m, r);
	if (!e && !(e = move_new_call(m, prompt, MOVE_IFACE("Prompt"), "Prompt", &in))) {
		if ((r = sd_bus_message_append(in, "s", "")) < 0) {
			sd_bus_message_unref(in);
			e = move_error(m, r);
		} else if (!(e = move_call(m, in, &rep))) {
			e = wait_for(m, &w);
		}
	}
	sd_bus_message_unref(rep);
	sd_bus_slot_unref(done);
	sd_bus_slot_unref(owner);
	return e;
}

static int
append_paths(sd_bus_message *in, char **paths)
{
	int r = sd_bus_message_open_container(in, 'a', "o");

	for (size_t i = 0; r >= 0 && paths[i]; i++)
		r = sd_bus_message_append(in, "o", paths[i]);
	return r < 0 ? r : sd_bus_message_close_container(in);
}

enum err
move_unlock(struct move *m, char **paths)
{
	sd_bus_message *in = NULL, *rep = NULL;
	const char *prompt;
	enum err e;
	int r;

	if ((e = move_new_call(m, MOVE_ROOT, MOVE_IFACE("Service"), "Unlock", &in)))
		return e;
	if ((r = append_paths(in, paths)) < 0) {
		sd_bus_message_unref(in);
		return move_error(m, r);
	}
	if ((e = move_call(m, in, &rep)))
		return e;
	if ((r = sd_bus_message_skip(rep, "ao")) < 0 ||
	    (r = sd_bus_message_read(rep, "o", &prompt)) < 0)
		e = move_error(m, r);
	else
		e = move_prompt(m, prompt, NULL);
	sd_bus_message_unref(rep);
	return e;
}

enum err
move_alias(struct move *m, const char *alias, char path[MOVE_PATH])
{
	sd_bus_message *in = NULL, *rep = NULL;
	const char *p;
	enum err e;
	int r;

	path[0] = '\0';
	if ((e = move_new_call(m, MOVE_ROOT, MOVE_IFACE("Service"), "ReadAlias", &in)))
		return e;
	if ((r = sd_bus_message_append(in, "s", alias)) < 0) {
		sd_bus_message_unref(in);
		return move_error(m, r);
	}
	if ((e = move_call(m, in, &rep)))
		return e == ERR_NOTFOUND ? ERR_OK : e;
	if ((r = sd_bus_message_read(rep, "o", &p)) < 0)
		e = move_error(m, r);
	else if (p[1] && strlen(p) < MOVE_PATH)
		snprintf(path, MOVE_PATH, "%s", p);
	sd_bus_message_unref(rep);
	return e;
}

/* ---- secrets ---- */
static enum err
take_secret(struct move *m, sd_bus_message *rep, struct buf *value, struct buf *type)
{
	const void *iv, *bytes;
	size_t niv, n;
	const char *text;
	struct sec plain = { 0 };
	enum err e;
	int r;

	if ((r = sd_bus_message_enter_container(rep, 'r', "oayays")) < 0 ||
	    (r = sd_bus_message_skip(rep, "o")) < 0 ||
	    (r = sd_bus_message_read_array(rep, 'y', &iv, &niv)) < 0 ||
	    (r = sd_bus_message_read_array(rep, 'y', &bytes, &n)) < 0 ||
	    (r = sd_bus_message_read(rep, "s", &text)) < 0)
		return move_error(m, r);
	if (n > MOVE_VALUE + TRANSPORT_BLOCK)
		return ERR_TOOBIG;
	if ((e = transport_unseal(&m->transport, SPAN(iv, niv), SPAN(bytes, n), &plain)))
		return e;
	buf_put_span(value, sec_span(&plain));
	buf_put_str(type, text);
	sec_done(&plain);
	if (value->len > MOVE_VALUE || type->len > 255)
		return ERR_TOOBIG;
	return buf_err(value) ? buf_err(value) : buf_err(type);
}

enum err
move_secret(struct move *m, const char *item, struct buf *value, struct buf *type)
{
	sd_bus_message *in = NULL, *rep = NULL;
	enum err e;
	int r;

	buf_reset(value);
	buf_reset(type);
	if ((e = move_new_call(m, item, MOVE_IFACE("Item"), "GetSecret", &in)))
		return e;
	if ((r = sd_bus_message_append(in, "o", m->session)) < 0) {
		sd_bus_message_unref(in);
		return move_error(m, r);
	}
	if ((e = move_call(m, in, &rep)))
		return e;
	(void)sd_bus_message_sensitive(rep);
	e = take_secret(m, rep, value, type);
	sd_bus_message_unref(rep);
	return e;
}

/* ---- who answers ---- */
static enum err
owner_of(struct move *m, const char *name, char *out, size_t cap)
{
	sd_bus_message *rep = NULL;
	const char *owner = "";
	int r = sd_bus_call_method(
	    m->bus, BUS, "/org/freedesktop/DBus", BUS, "GetNameOwner", NULL, &rep, "s", name);

	out[0] = '\0';
	if (r >= 0 && (r = sd_bus_message_read(rep, "s", &owner)) >= 0)
		snprintf(out, cap, "%s", owner);
	sd_bus_message_unref(rep);
	return out[0] ? ERR_OK : ERR_NOTFOUND;
}

static uint32_t
pid_of(struct move *m)
{
	sd_bus_message *rep = NULL;
	uint32_t pid = 0;

	if (sd_bus_call_method(m->bus, BUS, "/org/freedesktop/DBus", BUS,
		"GetConnectionUnixProcessID", NULL, &rep, "s", m->owner) >= 0)
		(void)sd_bus_message_read(rep, "u", &pid);
	sd_bus_message_unref(rep);
	return pid;
}

/* What the kernel calls the process: the first 15 letters can be read of one whose /proc is closed
 * to us, too. */
static void
program_of(struct move *m, char *out, size_t cap)
{
	char path[40], exe[1024], *slash;
	uint32_t pid = pid_of(m);
	ssize_t n;
	int fd;

	out[0] = '\0';
	snprintf(path, sizeof path, "/proc/%u/exe", pid);
	if ((n = readlink(path, exe, sizeof exe - 1)) > 0) {
		exe[n] = '\0';
		slash = strrchr(exe, '/');
		snprintf(out, cap, "%.*s", (int)cap - 1, slash ? slash + 1 : exe);
		return;
	}
	snprintf(path, sizeof path, "/proc/%u/comm", pid);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
		n = read(fd, out, cap - 1);
		close(fd);
		out[n > 0 ? n - 1 : 0] = '\0';
	}
}

static bool
is_kwallet(struct move *m)
{
	char owner[256];

	return !owner_of(m, "org.kde.kwalletd6", owner, sizeof owner) ||
	    !owner_of(m, "org.kde.kwalletd5", owner, sizeof owner);
}

static enum err
find_service(struct move *m)
{
	struct move_msg said = { .kind = MOVE_OWNER };
	struct buf b = BUF_INIT;
	char program[64], portal[256];
	enum err e;

	if (owner_of(m, MOVE_SERVICE, m->owner, sizeof m->owner))
		return is_kwallet(m) ? ERR_MOVE_KWALLET : ERR_MOVE_NONE;
	program_of(m, program, sizeof program);
	if (strcmp(program, "ownkey-secrets") == 0 ||
	    (!owner_of(m, "org.freedesktop.impl.portal.desktop.ownkey", portal, sizeof portal) &&
		strcmp(portal, m->owner) == 0))
		return ERR_MOVE_OURS;
	m->keepassxc = strcmp(program, "keepassxc") == 0;
	text_printable(span_str(program[0] ? program : "another program"), &b);
	said.text = buf_span(&b);
	if (!(e = buf_err(&b)))
		e = move_send(m->fd, &said);
	buf_done(&b);
	return e;
}

enum err
move_open(struct move *m)
{
	enum err e;

	if (sd_bus_open_user(&m->bus) < 0)
		return ERR_MOVE_BUS;
	if ((e = find_service(m)))
		return e;
	return move_session(m);
}

void
move_close(struct move *m)
{
	if (m->bus && m->session[0])
		(void)sd_bus_call_method(
		    m->bus, m->owner, m->session, MOVE_IFACE("Session"), "Close", NULL, NULL, "");
	transport_done(&m->transport);
	m->bus = sd_bus_flush_close_unref(m->bus);
}
