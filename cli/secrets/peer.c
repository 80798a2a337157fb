/* peer.c - clients of the bus: a name, a process, an application. */
#include "cli/secrets/peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/secrets/peer_app.h"

#define DAEMON	    "org.freedesktop.DBus"
#define DAEMON_PATH "/org/freedesktop/DBus"
#define PATIENCE    (2 * 1000 * 1000) /* microseconds that the bus daemon may take */

struct known {
	struct peer p; /* first: ours is theirs */
	struct peers *of;
	sd_bus_slot *slot; /* of its departure */
};

struct peers {
	sd_bus *bus;
	peer_gone_fn *gone;
	void *arg;
	struct peer *all; /* who asked last is first */
	size_t n;
};

enum err
peers_new(struct peers **out, sd_bus *bus, peer_gone_fn *gone, void *arg)
{
	struct peers *p = calloc(1, sizeof *p);

	if (!p)
		return ERR_NOMEM;
	p->bus = sd_bus_ref(bus);
	p->gone = gone;
	p->arg = arg;
	*out = p;
	return ERR_OK;
}

static void
free_one(struct known *k)
{
	sd_bus_slot_unref(k->slot);
	free(k);
}

void
peers_done(struct peers *p)
{
	if (!p)
		return;
	while (p->all) {
		struct peer *one = p->all;

		p->all = one->next;
		free_one((struct known *)one);
	}
	sd_bus_unref(p->bus);
	free(p);
}

/* ---- leaving ---- */
static int
on_owner(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *name, *old, *new;
	struct known *k = arg;
	struct peers *p = k->of;
	struct peer **at = &p->all;

	(void)error;
	if (sd_bus_message_read(m, "sss", &name, &old, &new) < 0 || strcmp(name, k->p.name) != 0 ||
	    *new)
		return 0;
	while (*at && *at != &k->p)
		at = &(*at)->next;
	if (!*at)
		return 0;
	if (p->gone)
		p->gone(p->arg, &k->p);
	*at = k->p.next;
	p->n--;
	free_one(k);
	return 0;
}

static enum err
watch(struct known *k)
{
	char match[512];

	snprintf(match, sizeof match,
	    "type='signal',sender='" DAEMON "',path='" DAEMON_PATH "',interface='" DAEMON
	    "',member='NameOwnerChanged',arg0='%s'",
	    k->p.name);
	return sd_bus_add_match_async(k->of->bus, &k->slot, match, on_owner, NULL, k) < 0
	    ? ERR_NOMEM
	    : ERR_OK;
}

/* ---- who it is ---- */
static int
ask_daemon(struct peers *p, const char *method, const char *name, sd_bus_message **reply)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(p->bus, &m, DAEMON, DAEMON_PATH, DAEMON, method);

	if (r >= 0)
		r = sd_bus_message_append(m, "s", name);
	if (r >= 0)
		r = sd_bus_call(p->bus, m, PATIENCE, NULL, reply);
	sd_bus_message_unref(m);
	return r;
}

struct said {
	uint32_t uid, pid;
	int pidfd; /* the caller's; -1 = the daemon knows none */
	bool has_uid;
};

static int
read_one(sd_bus_message *m, struct said *out)
{
	const char *key, *type;
	char kind;
	int r, fd;

	if ((r = sd_bus_message_read(m, "s", &key)) < 0 ||
	    (r = sd_bus_message_peek_type(m, &kind, &type)) < 0)
		return r;
	if (!strcmp(key, "UnixUserID") && !strcmp(type, "u")) {
		out->has_uid = true;
		return sd_bus_message_read(m, "v", "u", &out->uid);
	}
	if (!strcmp(key, "ProcessID") && !strcmp(type, "u"))
		return sd_bus_message_read(m, "v", "u", &out->pid);
	if (!strcmp(key, "ProcessFD") && !strcmp(type, "h") && out->pidfd < 0) {
		if ((r = sd_bus_message_read(m, "v", "h", &fd)) >= 0)
			out->pidfd = dup(fd);
		return r;
	}
	return sd_bus_message_skip(m, "v");
}

static int
read_credentials(sd_bus_message *m, struct said *out)
{
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0)
		if ((r = read_one(m, out)) >= 0)
			r = sd_bus_message_exit_container(m);
	return r;
}

/* The daemon answers in order: a client that leaves before it answers is an error here, one that
 * leaves afterwards is told of by the signal, which was asked for before. */
static enum err
ask_who(struct known *k)
{
	struct said said = { .pidfd = -1 };
	sd_bus_message *reply = NULL;
	enum err e = ERR_PERMISSION;
	int r = ask_daemon(k->of, "GetConnectionCredentials", k->p.name, &reply);

	if (r >= 0)
		r = read_credentials(reply, &said);
	if (r >= 0 && said.has_uid && said.uid == geteuid()) {
		k->p.uid = said.uid;
		k->p.pid = said.pid <= INT32_MAX ? (pid_t)said.pid : 0;
		peer_app_read(&k->p, said.pidfd);
		e = ERR_OK;
	}
	if (said.pidfd >= 0)
		close(said.pidfd);
	sd_bus_message_unref(reply);
	return e;
}

/* ---- asking ---- */
static struct peer *
find(struct peers *p, const char *name)
{
	for (struct peer **at = &p->all; *at; at = &(*at)->next)
		if (!strcmp((*at)->name, name)) {
			struct peer *one = *at;

			*at = one->next;
			one->next = p->all;
			p->all = one;
			return one;
		}
	return NULL;
}

enum err
peers_of(struct peers *p, sd_bus_message *m, struct peer **out)
{
	const char *name = sd_bus_message_get_sender(m);
	struct known *k;
	enum err e;

	if (!name || strlen(name) >= sizeof k->p.name)
		return ERR_PERMISSION;
	if ((*out = find(p, name)))
		return ERR_OK;
	if (p->n >= PEERS_MAX)
		return ERR_LIMIT;
	if (!(k = calloc(1, sizeof *k)))
		return ERR_NOMEM;
	k->of = p;
	strcpy(k->p.name, name);
	if ((e = watch(k)) || (e = ask_who(k))) {
		free_one(k);
		return e;
	}
	k->p.next = p->all;
	p->all = &k->p;
	p->n++;
	*out = &k->p;
	return ERR_OK;
}
