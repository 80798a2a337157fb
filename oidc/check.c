/* check.c - `ownkey-oidc check`: what is wrong and what to do, in plain words; changes nothing. */
#include "oidc/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/drop.h"
#include "lib/fetchjob.h"
#include "lib/paths.h"
#include "oidc/web/jput.h"

/* ---- findings ---- */
static void
put_json(struct check *x, const char *how, const char *what, const char *why, const char *fix)
{
	struct jput *j = x->j;

	jput_object(j, NULL);
	jput_text(j, "check", span_str(x->name));
	jput_text(j, "is", span_str(how));
	jput_text(j, "what", span_str(what));
	jput_text(j, "why", span_str(why));
	jput_text(j, "hint", span_str(fix));
	jput_end(j);
}

static void
say(struct check *x, const char *how, const char *what, const char *why, const char *fix)
{
	if (x->j) {
		put_json(x, how, what, why, fix);
		return;
	}
	printf("%-5s ", how);
	admin_put(span_str(what));
	if (*why) {
		printf(": ");
		admin_put(span_str(why));
	}
	if (*fix) {
		printf("\n      hint: ");
		admin_put(span_str(fix));
	}
	putchar('\n');
}

void
check_ok(struct check *x, const char *what)
{
	say(x, "ok", what, "", "");
}

void
check_hint(struct check *x, const char *what, const char *why, const char *fix)
{
	say(x, "warn", what, why, fix);
}

void
check_wrong(struct check *x, const char *what, const char *why, const char *fix)
{
	say(x, "wrong", what, why, fix);
	x->c->status = 1;
}

/* ---- the configuration ---- */
static void
check_conf(struct check *x)
{
	const char *path = x->c->conf_path;
	char fix[OIDC_CONF_PATH + 32];
	struct stat st;

	snprintf(fix, sizeof fix, "chmod go-w %s", path);
	if (stat(path, &st) == 0 && st.st_mode & 022)
		check_wrong(x, path, "others may write it", fix);
	else
		check_ok(x, path);
}

static void
check_issuer(struct check *x)
{
	const char *issuer = x->c->oidc.conf.issuer;

	if (oidc_conf_is_local(issuer))
		check_hint(x, issuer, "without https it is for this machine alone",
		    "other machines need issuer = https://...: 'ownkey-oidc setup nginx'");
	else
		check_ok(x, issuer);
}

static void
check_algorithms(struct check *x)
{
	if (!(x->c->oidc.conf.algorithms & OIDC_RS256))
		check_hint(x, "algorithms", "many clients know no other than RS256",
		    "add rs256 to algorithms in oidc.conf");
}

/* Without it everybody has the address of the proxy, and its limits. */
static void
check_proxy(struct check *x)
{
	const struct oidc_conf *conf = &x->c->oidc.conf;
	char fix[64] = "trusted_proxy = unix";

	if (oidc_conf_is_local(conf->issuer) || conf->ntrusted)
		return;
	for (uint32_t i = 0; i < conf->nlisten; i++)
		if (strncmp(conf->listen[i], "unix:", 5) != 0)
			snprintf(fix, sizeof fix, "trusted_proxy = %s",
			    conf->listen[i][0] == '[' ? "::1" : "127.0.0.1");
	check_hint(x, "trusted_proxy",
	    "not set: everybody has the address of the proxy, and its limits", fix);
}

/* The folder that the web server cannot pass, of those above path; 0: all can be passed, S_IXGRP:
 * by its group, S_IXUSR: by its owner alone. */
static mode_t
how_closed(char *path, struct stat *st)
{
	for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
		mode_t closed = 0;

		*slash = '\0';
		if (stat(path, st) < 0)
			return S_IFDIR;
		if (!(st->st_mode & S_IXOTH))
			closed = st->st_mode & S_IXGRP ? S_IXGRP : S_IXUSR;
		if (closed)
			return closed;
		*slash = '/';
	}
	return 0;
}

static void
check_socket(struct check *x, const char *listen)
{
	char path[OIDC_CONF_PATH], fix[OIDC_CONF_PATH + 64];
	struct stat st;
	mode_t closed;

	snprintf(path, sizeof path, "%s", listen + 5);
	closed = how_closed(path, &st);
	if (closed == S_IFDIR) {
		snprintf(fix, sizeof fix, "make it: install -d -m 755 %s", path);
		check_wrong(x, path, strerror(errno), fix);
	} else if (closed == S_IXUSR) {
		snprintf(fix, sizeof fix, "chmod a+x %s", path);
		/* unless it is the same account */
		check_hint(x, path, "other accounts cannot reach the socket in it", fix);
	} else if (closed) {
		snprintf(fix, sizeof fix, "usermod -aG %u WEB-SERVER-USER", (unsigned)st.st_gid);
		check_hint(x, path, "only its group can reach the socket in it", fix);
	} else
		check_ok(x, listen);
}

static void
check_listen(struct check *x)
{
	const struct oidc_conf *conf = &x->c->oidc.conf;

	for (uint32_t i = 0; i < conf->nlisten; i++)
		if (strncmp(conf->listen[i], "unix:", 5) == 0)
			check_socket(x, conf->listen[i]);
}

static void
check_helper(struct check *x)
{
	char path[PATHS_MAX];

	if (!x->c->oidc.conf.indieauth)
		return;
	if (paths_program(FETCH_PROGRAM, path, sizeof path))
		check_wrong(x, FETCH_PROGRAM, "not installed, and indieauth needs it",
		    "install all of ownkey ('make install'), or indieauth = no in oidc.conf");
	else
		check_ok(x, path);
}

/* ---- who asks ---- */
/* From here on we are who the provider is, so that we see what it sees, and no file of root's is
 * left behind. */
static void
check_who(struct check *x)
{
	const char *path = x->c->oidc.conf.store;
	char fix[OIDC_CONF_PATH + 64];
	struct stat st;

	if (!drop_is_root() || stat(path, &st) < 0)
		return;
	snprintf(fix, sizeof fix, "chown -R ownkey-oidc: %s", path);
	if (st.st_uid == 0)
		check_wrong(x, path, "belongs to root: the provider would run as root", fix);
	else if (drop_root(st.st_uid, st.st_gid))
		check_wrong(x, "root", "could not be given away", "run it as the provider's user");
}

/* ---- all of it ---- */
static const struct {
	const char *name;
	void (*run)(struct check *x);
} checks[] = {
	{ "conf", check_conf },
	{ "who", check_who },
	{ "issuer", check_issuer },
	{ "algorithms", check_algorithms },
	{ "proxy", check_proxy },
	{ "listen", check_listen },
	{ "helper", check_helper },
	{ "store", check_store },
	{ "files", check_files },
	{ "db", check_db },
	{ "agent", check_agent },
	{ "rights", check_rights },
	{ "keys", check_keys },
	{ "clients", check_clients },
	{ "list", check_list },
};

enum err
oidc_verb_check(struct oidc_cmd *c)
{
	struct check x = { .c = c, .conn = { .fd = -1, .cancel_fd = -1 } };
	struct buf json = BUF_INIT;
	struct jput j = jput_into(&json);
	enum err e = ERR_OK;

	if (c->args.given[OIDC_ARG_JSON])
		x.j = &j;
	jput_object(&j, NULL);
	jput_list(&j, "findings");
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		x.name = checks[i].name;
		checks[i].run(&x);
	}
	jput_end(&j);
	jput_end(&j);
	if (x.j)
		e = admin_put_json(&json);
	buf_done(&json);
	if (x.conn.fd >= 0)
		client_close(&x.conn);
	db_close(c->oidc.db);
	c->oidc.db = NULL;
	return e;
}
