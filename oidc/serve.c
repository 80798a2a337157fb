/* serve.c - `ownkey-oidc serve`: listens, answers, until it is told to stop. */
#include <signal.h>
#include <sys/resource.h>

#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/sandbox.h"
#include "oidc/db/db.h"
#include "oidc/db/memo.h"
#include "oidc/fetch.h"
#include "oidc/health.h"
#include "oidc/listen.h"
#include "oidc/login/ceremony.h"
#include "oidc/login/rate.h"
#include "oidc/op/code.h"
#include "oidc/op/metadata.h"
#include "oidc/op/terminal.h"
#include "oidc/op/waiting.h"
#include "oidc/page/page.h"
#include "oidc/routes.h"
#include "oidc/sign.h"
#include "oidc/sweep.h"
#include "oidc/verbs.h"

#define DRAIN	 5000 /* milliseconds for what is being answered */
#define SPARE	 512  /* descriptors besides those of connections */
#define PATIENCE 300  /* milliseconds that another process may write */

static void
on_drained(void *arg)
{
	struct oidc *o = arg;

	loop_stop(o->loop);
}

static void
on_signal(void *arg, int signo)
{
	struct oidc *o = arg;

	(void)signo;
	log_info("stopping");
	web_drain(o->web, DRAIN, on_drained, o);
}

/* As many as connections may be open, or as the machine allows. */
static void
raise_limit(struct oidc_conf *c)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0)
		return;
	l.rlim_cur = l.rlim_max;
	if (l.rlim_cur > c->connections + SPARE)
		l.rlim_cur = c->connections + SPARE;
	(void)setrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_cur < c->connections + SPARE && l.rlim_cur > 2 * SPARE) {
		c->connections = (uint32_t)l.rlim_cur - SPARE;
		log_warn("no more than %u connections: the limit on open files is low",
		    (unsigned)c->connections);
	}
}

/* ---- the store ---- */
static bool
wrote(struct oidc *o)
{
	return db_writing(o->db);
}

static enum err
commit(struct oidc *o)
{
	return db_commit(o->db);
}

/* Whatever this wake-up read and said. */
static void
rest(void *arg)
{
	struct oidc *o = arg;

	db_rest(o->db);
	log_flush();
}

static enum err
open_store(struct oidc_cmd *c)
{
	struct oidc *o = &c->oidc;
	char path[OIDC_CONF_PATH + 16];
	enum err e;

	snprintf(path, sizeof path, "%s/db", o->conf.store);
	if ((e = db_open(&o->db, path, true)))
		return oidc_cmd_wrong(c, e, "%s", path);
	/* one that writes at the command line must not hold up everybody */
	db_patience(o->db, PATIENCE);
	db_steady(o->db);
	crypto_random(o->form_key, sizeof o->form_key);
	o->codes = codes_new(o->conf.code_lifetime);
	o->waiting = waiting_new();
	o->ceremonies = ceremony_table();
	o->terminals = terminal_table();
	o->rates = rate_table();
	o->pages = rate_page_table();
	return o->codes && o->waiting && o->ceremonies && o->terminals && o->rates && o->pages
	    ? ERR_OK
	    : ERR_NOMEM;
}

static void
close_store(struct oidc *o)
{
	codes_free(o->codes);
	memo_free(o->waiting);
	memo_free(o->ceremonies);
	memo_free(o->terminals);
	memo_free(o->rates);
	memo_free(o->pages);
	db_close(o->db);
}

static enum err
start_web(struct oidc_cmd *c)
{
	struct oidc *o = &c->oidc;
	struct web_conf conf = { .issuer = o->conf.issuer,
		.routes = o->routes,
		.metrics = health_routes,
		.hooks = { wrote, commit, page_error },
		.oidc = o,
		.loop = o->loop,
		.connections = o->conf.connections,
		.address_connections = o->conf.address_connections,
		.log_addresses = o->conf.log_addresses,
		.trusted = (const char(*)[WEB_ADDRESS])o->conf.trusted,
		.ntrusted = o->conf.ntrusted };
	struct web_listener listeners[WEB_LISTENERS];
	const char *wrong = "";
	size_t n = 0;
	enum err e;

	if ((e = listen_all(&o->conf, listeners, &n, &wrong)))
		return oidc_cmd_wrong(c, e, "listen: %s", wrong);
	e = web_new(&o->web, &conf);
	for (size_t i = 0; !e && i < n; i++)
		e = web_listen(o->web, &listeners[i]);
	return e;
}

/* The store's folder and the agent's sockets, and nothing else of this machine. */
static enum err
confine(const struct oidc *o)
{
	const struct sandbox_rule rules[] = {
		{ o->conf.store, true },
		{ o->conf.agent, false },
		{ "/etc/localtime", false },
		{ NULL, false },
	};
	struct sandbox s = { .profile = SANDBOX_WEB, .rules = rules };
	unsigned lacks;
	enum err e = sandbox_enter(&s, &lacks);

	if (!e && lacks & (SANDBOX_LACK_LANDLOCK | SANDBOX_LACK_SECCOMP))
		log_warn("this kernel cannot confine it fully: see ownkey-oidc(8)");
	return e;
}

static enum err
start(struct oidc_cmd *c)
{
	static const int stops[] = { SIGTERM, SIGINT, -1 };
	struct oidc *o = &c->oidc;
	enum err e;

	raise_limit(&o->conf);
	o->routes = oidc_routes;
	if (!(o->loop = loop_new()))
		return ERR_NOMEM;
	if ((e = fetch_new(&o->fetch, o->loop, &o->conf)) || (e = open_store(c)) ||
	    (e = loop_signals(o->loop, stops, on_signal, o)) || (e = metadata_new(&o->metadata)) ||
	    (e = sign_new(&o->sign, o->loop, &o->conf)) || (e = start_web(c)) ||
	    (e = sweep_new(&o->sweep, o)))
		return e;
	sign_follow(o->sign);
	loop_after(o->loop, rest, o);
	return confine(o);
}

static void
stop(struct oidc *o)
{
	sweep_done(o->sweep);
	web_done(o->web);
	fetch_done(o->fetch);
	sign_done(o->sign);
	metadata_done(o->metadata);
	close_store(o);
	loop_free(o->loop);
}

enum err
oidc_verb_serve(struct oidc_cmd *c)
{
	struct oidc *o = &c->oidc;
	enum err e;

	log_open("ownkey-oidc", (enum log_level)o->conf.log_level);
	if (!(e = start(c))) {
		log_info("serving %s", o->conf.issuer);
		log_gather();
		e = loop_run(o->loop);
	}
	stop(o);
	log_flush();
	return e;
}
