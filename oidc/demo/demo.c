/*
 * demo.c - `ownkey-oidc demo`: a vault, an agent, a provider and a site on this machine, in a
 * folder that is gone afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lib/crypto.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "oidc/db/handle.h"
#include "oidc/demo/place.h"
#include "oidc/demo/site.h"
#include "oidc/demo/vault.h"
#include "oidc/verbs.h"

#define PERSON	 "you"
#define DAY	 86400
#define LOOK	 500   /* milliseconds: is everybody still there? */
#define START_MS 30000 /* of the provider */
#define STEP_MS	 50

struct demo {
	struct demo_place place;
	struct demo_provider provider;
	uint16_t site_port;
	int site_fd;
	struct loop *loop;
	struct demo_site *site;
	struct db *db;
	bool has_token; /* one in software, for a terminal */
	uint8_t person[DB_ID];
	char invite[HANDLE_TEXT];
	enum err e; /* why it ended */
};

/* ---- ports ---- */
static enum err
listen_somewhere(int *fd, uint16_t *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t n = sizeof in;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((*fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) < 0)
		return err_of_errno(errno);
	if (bind(*fd, (const struct sockaddr *)&in, sizeof in) < 0 || listen(*fd, 64) < 0 ||
	    getsockname(*fd, (struct sockaddr *)&in, &n) < 0)
		return err_of_errno(errno);
	*port = ntohs(in.sin_port);
	return ERR_OK;
}

/* The provider opens its port itself, a moment later. */
static enum err
find_port(uint16_t *port)
{
	int fd = -1;
	enum err e = listen_somewhere(&fd, port);

	if (fd >= 0)
		close(fd);
	return e;
}

/* ---- what is in the store ---- */
static enum err
add_person(struct demo *d, uint64_t now)
{
	struct db_account a = { .name = SPAN_LIT(PERSON), .created = now };
	struct db_pass p = { .kind = DB_INVITE, .expires = now + DAY };
	enum err e;

	a.claims = SPAN_LIT("{\"name\":\"You Yourself\",\"email\":\"you@example.org\"}");
	crypto_random(d->person, DB_ID);
	memcpy(a.id, d->person, DB_ID);
	memcpy(p.account, d->person, DB_ID);
	handle_make(HANDLE_INVITE, d->invite, p.hash);
	if ((e = db_account_add(d->db, &a)))
		return e;
	return db_pass_add(d->db, &p);
}

static enum err
add_site(struct demo *d, uint64_t now)
{
	char back[96], home[96];
	struct db_client x = { .id = SPAN_LIT(DEMO_CLIENT),
		.name = SPAN_LIT("The site of the demo"),
		.auth = DB_AUTH_NONE,
		.sector = SPAN_LIT("localhost"),
		.scopes = SPAN_LIT("openid profile email"),
		.algorithm = SPAN_LIT("ES256"),
		.created = now };

	snprintf(back, sizeof back, "http://localhost:%u" DEMO_BACK, (unsigned)d->site_port);
	snprintf(home, sizeof home, "http://localhost:%u/", (unsigned)d->site_port);
	x.redirects = span_str(back);
	x.logouts = span_str(home);
	return db_client_add(d->db, &x);
}

static enum err
fill_store(struct demo *d)
{
	uint64_t now = (uint64_t)time(NULL);
	char path[PLACE_PATH];
	enum err e;

	if ((e = db_open(&d->db, demo_place_at(&d->place, "store/db", path), true)))
		return e;
	if (!(e = add_person(d, now)) && !(e = add_site(d, now)))
		e = db_commit(d->db);
	db_close(d->db);
	d->db = NULL;
	return e;
}

/* ---- starting ---- */
/* For `ownkey approve`, which logs in from a terminal: the browser has the person's own token. */
static enum err
start_token(struct demo *d)
{
	char conf[2 * PLACE_PATH];
	enum err e = demo_place_token(&d->place);

	if (e == ERR_NOPROGRAM) {
		puts(
		    "There is no software token here (ownkey-softtoken): the browser needs yours.");
		return ERR_OK;
	}
	d->has_token = !e;
	snprintf(conf, sizeof conf, "token = unix:%s/token/sock\n", d->place.dir);
	return e ? e : demo_place_write(&d->place, "config/ownkey/ownkey.conf", conf);
}

static enum err
write_conf(struct demo *d)
{
	char conf[1024];

	snprintf(conf, sizeof conf,
	    "issuer = %s\nlisten = 127.0.0.1:%u\nstore = %s/store\nagent = %s/run/ownkey\n"
	    "name = The demo\nlog_level = warn\n",
	    d->provider.issuer, (unsigned)d->provider.port, d->place.dir, d->place.dir);
	return demo_place_write(&d->place, "oidc.conf", conf);
}

static enum err
wait_provider(struct demo *d)
{
	struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (int ms = 0; ms < START_MS; ms += STEP_MS) {
		json_t *health = NULL;
		enum err e = demo_ask(&d->provider, "/health", SPAN_NONE, SPAN_NONE, &health);

		json_decref(health);
		if (!e)
			return ERR_OK;
		if (demo_place_broken(&d->place))
			return ERR_DEMO_ENDED;
		(void)nanosleep(&step, NULL);
	}
	return ERR_TIMEOUT;
}

static enum err
start(struct demo *d)
{
	enum err e;

	if ((e = find_port(&d->provider.port)) ||
	    (e = listen_somewhere(&d->site_fd, &d->site_port)) || (e = demo_place_make(&d->place)))
		return e;
	snprintf(d->provider.issuer, sizeof d->provider.issuer, "http://localhost:%u",
	    (unsigned)d->provider.port);
	if ((e = start_token(d)) || (e = fill_store(d)) || (e = write_conf(d)) ||
	    (e = demo_place_agent(&d->place)) ||
	    (e = demo_vault_make(d->provider.issuer, d->person, DEMO_CLIENT, "localhost")) ||
	    (e = demo_place_provider(&d->place)) || (e = wait_provider(d)))
		return e;
	e = demo_site_new(&d->site, d->loop, &d->provider, d->site_port, d->site_fd);
	d->site_fd = -1;
	return e;
}

/* ---- running ---- */
static void
on_signal(void *arg, int signo)
{
	struct demo *d = arg;

	(void)signo;
	loop_stop(d->loop);
}

static void
on_look(void *arg)
{
	struct demo *d = arg;

	if (demo_place_broken(&d->place)) {
		d->e = ERR_DEMO_ENDED;
		loop_stop(d->loop);
	}
	if (!loop_timer_add(d->loop, loop_now() + LOOK, on_look, d))
		loop_stop(d->loop);
}

/* Another way in; the lines are to be copied whole, so none is broken. */
static void
say_terminal(const struct demo *d)
{
	char sock[PLACE_PATH];

	demo_place_at(&d->place, "run/ownkey/agent.sock", sock);
	printf("\nNo token, or no browser that knows it? A software token, its PIN %s, in\n"
	       "another terminal; 'register' asks for the link of 1:\n"
	       "   OWNKEY_SOCKET=%s ownkey register\n"
	       "Log in at the site as \"" PERSON "\", by a terminal; the page shows CODE:\n"
	       "   OWNKEY_SOCKET=%s ownkey approve --at %s CODE\n\n",
	    DEMO_PIN, sock, sock, d->provider.issuer);
}

static void
say(const struct demo *d)
{
	printf("A provider, a vault and a site are running. Nothing of it is real.\n\n"
	       "1. Register your token, in a browser on this machine:\n"
	       "   %s/register?invite=%s\n\n"
	       "2. Log in at the site:\n"
	       "   http://localhost:%u/\n\n"
	       "The provider's pages: %s/account\n",
	    d->provider.issuer, d->invite, (unsigned)d->site_port, d->provider.issuer);
	if (d->has_token)
		say_terminal(d);
	puts("Ctrl-C ends it all, and removes it.");
	fflush(stdout);
}

static void
show_log(const struct demo *d)
{
	char path[PLACE_PATH], text[4096];
	int fd = open(demo_place_at(&d->place, "oidc.log", path), O_RDONLY | O_CLOEXEC);
	ssize_t n;

	while (fd >= 0 && (n = read(fd, text, sizeof text)) > 0)
		fwrite(text, 1, (size_t)n, stderr);
	if (fd >= 0)
		close(fd);
}

static enum err
run(struct demo *d)
{
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP, -1 };
	enum err e;

	if (!(d->loop = loop_new()))
		return ERR_NOMEM;
	/* from here on nobody is left behind */
	if ((e = loop_signals(d->loop, stops, on_signal, d)) || (e = start(d)))
		return e;
	if (!loop_timer_add(d->loop, loop_now() + LOOK, on_look, d))
		return ERR_NOMEM;
	say(d);
	if (!(e = loop_run(d->loop)))
		e = d->e;
	return e;
}

enum err
oidc_verb_demo(struct oidc_cmd *c)
{
	static struct demo d;
	enum err e;

	d.site_fd = -1;
	log_open("ownkey-oidc demo", LOG_WARN_);
	if ((e = run(&d)))
		show_log(&d);
	demo_site_done(d.site);
	if (d.site_fd >= 0)
		close(d.site_fd);
	if (demo_place_end(&d.place)) {
		fprintf(stderr, "ownkey-oidc: left behind: %s\n", d.place.dir);
		c->status = 1;
	} else if (!e)
		puts("ended, and removed");
	loop_free(d.loop);
	return e;
}
