/* agent.c - the person's agent: opened, locked. */
#include "pam/handoff/agent.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/client.h"
#include "lib/paths.h"

struct giving {
	const struct sec *cred_id, *f1;
	int fd;	      /* secret.sock */
	enum err err; /* why it could not be given */
};

/* Whoever could put a socket there could be anybody; the kernel says who listens. */
static enum err
check_peer(int fd)
{
	struct ucred u;
	socklen_t n = sizeof u;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &u, &n) || n != sizeof u)
		return ERR_IO;
	return u.uid == getuid() ? ERR_OK : ERR_NOTOWNER;
}

static void
give(void *arg, const struct ops_event *ev)
{
	struct giving *g = arg;

	if (ev->kind != OPS_EV_NEED_FACTOR || g->fd >= 0)
		return;
	if (!(g->err = client_secret_open(ev->job, &g->fd)) && !(g->err = check_peer(g->fd)))
		g->err = client_secret_factor(g->fd, sec_span(g->cred_id), sec_span(g->f1));
	if (g->err && g->fd >= 0)
		close(g->fd); /* the agent gives the request up */
}

static enum err
there_is_a_vault(void)
{
	char path[PATHS_MAX];
	struct stat st;
	enum err e = paths_vault(NULL, path, sizeof path);

	if (e)
		return e;
	return stat(path, &st) ? ERR_NOVAULT : ERR_OK;
}

static enum err
reach(struct client_conn *c)
{
	struct ops_hello hello = { .client = SPAN_LIT("login") };
	enum err e = client_open(c, &hello);

	if (!e && (e = check_peer(c->fd)))
		client_close(c);
	return e;
}

static enum err
reach_or_start(struct client_conn *c)
{
	enum err e = reach(c);

	if (e != ERR_NOAGENT)
		return e;
	/* who has no vault, or one elsewhere, gets no agent that serves nothing */
	if ((e = there_is_a_vault()) || (e = client_start_agent(NULL)))
		return e;
	return reach(c);
}

enum err
agent_unlock(const struct sec *cred_id, const struct sec *f1)
{
	struct giving g = { .cred_id = cred_id, .f1 = f1, .fd = -1 };
	struct ops_unlock q = { .given = true };
	struct client_conn c;
	enum err e;

	if ((e = reach_or_start(&c)))
		return e;
	c.event = give;
	c.arg = &g;
	wire_mark(&ops_unlock_map, &q);
	e = client_call(&c, OP_UNLOCK, &q, NULL);
	if (g.err)
		e = g.err;
	else if (g.fd >= 0)
		close(g.fd);
	client_close(&c);
	return e;
}

enum err
agent_lock(void)
{
	struct client_conn c;
	enum err e = reach(&c);

	if (e == ERR_NOAGENT)
		return ERR_OK;
	if (e)
		return e;
	e = client_call(&c, OP_LOCK, NULL, NULL);
	client_close(&c);
	/* it locks by ending, and may not have said so before */
	return e == ERR_HANGUP || e == ERR_LOCKED ? ERR_OK : e;
}
