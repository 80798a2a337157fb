/* conf.c - the table of oidc.conf, and what must hold between its options. */
#include "oidc/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/text.h"

#define FILE_MAX (64 * 1024)
#define DAY	 86400u

/* ---- checks of single values ---- */
static bool
is_path(const char *s)
{
	return s[0] == '/' && strlen(s) < OIDC_CONF_PATH;
}

static bool
is_path_or_none(const char *s)
{
	return !*s || is_path(s);
}

static bool
is_socket_folder(const char *s)
{
	return s[0] == '/' && strlen(s) + sizeof "/secret.sock" <= 108;
}

static bool
is_port(const char *s)
{
	char *end;
	unsigned long n = strtoul(s, &end, 10);

	return *s >= '0' && *s <= '9' && !*end && end - s <= 5 && n > 0 && n <= 65535;
}

/* Never the network: the proxy in front has TLS, we have not. */
static bool
is_listen(const char *s)
{
	if (strncmp(s, "127.0.0.1:", 10) == 0)
		return is_port(s + 10);
	if (strncmp(s, "[::1]:", 6) == 0)
		return is_port(s + 6);
	return strncmp(s, "unix:/", 6) == 0 && strlen(s + 5) < 108;
}

static bool
is_listen_or_none(const char *s)
{
	return !*s || is_listen(s);
}

static bool
is_proxy(const char *s)
{
	static const char *const schemes[] = { "http://", "https://", "socks5h://", "socks5://" };

	if (!*s)
		return true;
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strncmp(s, schemes[i], strlen(schemes[i])) == 0)
			return s[strlen(schemes[i])] != '\0';
	return false;
}

static bool
is_trusted(const char *s)
{
	return strcmp(s, "unix") == 0 || (*s && strspn(s, "0123456789abcdef.:") == strlen(s));
}

static bool
is_language(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");

	return n >= 2 && n <= 3 && (!s[n] || (s[n] == '-' && text_is_label(span_str(s), false)));
}

static bool
is_web_or_none(const char *s)
{
	return !*s || strncmp(s, "https://", 8) == 0 || strncmp(s, "http://", 7) == 0;
}

static bool
is_shown(const char *s)
{
	return text_is_name(span_str(s));
}

/* ---- the issuer ---- */
static size_t
scheme_length(const char *s)
{
	if (strncmp(s, "https://", 8) == 0)
		return 8;
	return strncmp(s, "http://", 7) == 0 ? 7 : 0;
}

static bool
is_loopback(const char *host, size_t n)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "[::1]" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == n && memcmp(names[i], host, n) == 0)
			return true;
	return false;
}

/* The host with its port; lower case, so that there is one way to write it. */
static bool
is_authority(const char *s, size_t n, bool local)
{
	static const char host_chars[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
	char text[OIDC_CONF_ISSUER], *port;

	if (n == 0 || n >= sizeof text)
		return false;
	memcpy(text, s, n);
	text[n] = '\0';
	port = strrchr(text, ':');
	if (port && port[strcspn(port, "]")] == ']')
		port = NULL;
	/* browsers leave the usual one out: no login would be of this origin */
	if (port && (!is_port(port + 1) || strcmp(port + 1, local ? "80" : "443") == 0))
		return false;
	if (port)
		*port = '\0';
	if (local || text[0] == '[')
		return is_loopback(text, strlen(text));
	return text[0] && strspn(text, host_chars) == strlen(text) && text[0] != '.' &&
	    text[0] != '-';
}

/* Segments of unreserved characters: such a path is the same however it is compared. */
static bool
is_clean_path(const char *p)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";

	while (*p) {
		size_t n = strspn(p + 1, plain);

		if (*p != '/' || n == 0 || (n == 1 && p[1] == '.') ||
		    (n == 2 && p[1] == '.' && p[2] == '.'))
			return false;
		p += 1 + n;
	}
	return true;
}

const char *
oidc_conf_path(const char *issuer)
{
	const char *host = issuer + scheme_length(issuer);

	return host + strcspn(host, "/");
}

bool
oidc_conf_is_local(const char *issuer)
{
	return scheme_length(issuer) == 7;
}

bool
oidc_conf_is_issuer(const char *issuer)
{
	size_t scheme = scheme_length(issuer);
	const char *host = issuer + scheme, *path = oidc_conf_path(issuer);

	return scheme && is_authority(host, (size_t)(path - host), scheme == 7) &&
	    is_clean_path(path);
}

static bool
is_issuer(const char *s)
{
	return oidc_conf_is_issuer(s);
}

/* ---- the table ---- */
#define F(member)    .offset = offsetof(struct oidc_conf, member)
#define TEXT(member) F(member), .max = sizeof(((struct oidc_conf *)0)->member)

const struct opt oidc_conf_options[] = {
	{ .name = "issuer",
	    .type = OPT_TEXT,
	    TEXT(issuer),
	    .min = 1,
	    .check = is_issuer,
	    .help = "address of this provider as others see it, https://HOST[/PATH] without a "
		    "slash at the end; it cannot be changed later" },
	{ .name = "listen",
	    .type = OPT_TEXTS,
	    F(listen),
	    .min = OIDC_CONF_LISTEN,
	    .max = OIDC_CONF_PATH,
	    .def = "127.0.0.1:8480",
	    .check = is_listen,
	    .help = "where the proxy in front reaches it: 127.0.0.1:PORT, [::1]:PORT or "
		    "unix:PATH; may be repeated" },
	{ .name = "metrics",
	    .type = OPT_TEXT,
	    TEXT(metrics),
	    .check = is_listen_or_none,
	    .help = "where Prometheus finds /metrics, as listen; never the same address" },
	{ .name = "store",
	    .type = OPT_TEXT,
	    TEXT(store),
	    .min = 1,
	    .def = "/var/lib/ownkey-oidc",
	    .check = is_path,
	    .help = "folder of the store: users, clients, grants, tokens (as hashes)" },
	{ .name = "agent",
	    .type = OPT_TEXT,
	    TEXT(agent),
	    .min = 1,
	    .def = "/run/ownkey",
	    .check = is_socket_folder,
	    .help = "folder of the sockets of the agent that signs" },
	{ .name = "algorithms",
	    .type = OPT_SET,
	    F(algorithms),
	    .names = "es256|eddsa|rs256",
	    .def = "es256,eddsa,rs256",
	    .help = "what tokens are signed with; clients that say nothing get RS256 if it is "
		    "there, as the standard has it" },
	{ .name = "proxy",
	    .type = OPT_TEXT,
	    TEXT(proxy),
	    .check = is_proxy,
	    .help = "for whatever goes out: http://, socks5h:// (Tor) and so on; an issuer that "
		    "ends in .onion fetches nothing without it" },
	{ .name = "ca_file",
	    .type = OPT_TEXT,
	    TEXT(ca_file),
	    .check = is_path_or_none,
	    .help = "certificates (PEM) of the authorities that are trusted when something is "
		    "fetched; not given: those of the system" },
	{ .name = "trusted_proxy",
	    .type = OPT_TEXTS,
	    F(trusted),
	    .min = OIDC_CONF_PROXIES,
	    .max = OIDC_CONF_ADDRESS,
	    .check = is_trusted,
	    .help = "who may say in X-Forwarded-For whose request it is: an address, or unix for "
		    "the Unix socket; may be repeated" },
	{ .name = "subject",
	    .type = OPT_ENUM,
	    F(subject),
	    .names = "pairwise|public",
	    .def = "pairwise",
	    .help = "what clients know a person by: each by another name, or all by the same" },
	{ .name = "pkce",
	    .type = OPT_ENUM,
	    F(pkce),
	    .names = "always|public",
	    .def = "public",
	    .help = "who must use PKCE: every client, or those without a secret" },
	{ .name = "code_lifetime",
	    .type = OPT_SECONDS,
	    F(code_lifetime),
	    .min = 5,
	    .max = 600,
	    .def = "60s",
	    .help = "how long an authorization code is good" },
	{ .name = "id_lifetime",
	    .type = OPT_SECONDS,
	    F(id_lifetime),
	    .min = 30,
	    .max = 3600,
	    .def = "10m",
	    .help = "how long an ID token is good" },
	{ .name = "access_lifetime",
	    .type = OPT_SECONDS,
	    F(access_lifetime),
	    .min = 30,
	    .max = 3600,
	    .def = "10m",
	    .help = "how long an access token is good" },
	{ .name = "refresh_lifetime",
	    .type = OPT_SECONDS,
	    F(refresh_lifetime),
	    .min = 60,
	    .max = 365 * DAY,
	    .def = "30d",
	    .help = "how long a refresh token that nobody uses is good" },
	{ .name = "session_lifetime",
	    .type = OPT_SECONDS,
	    F(session_lifetime),
	    .min = 60,
	    .max = 365 * DAY,
	    .def = "7d",
	    .help = "how long a login in a browser lasts" },
	{ .name = "session_idle",
	    .type = OPT_SECONDS,
	    F(session_idle),
	    .min = 60,
	    .max = 365 * DAY,
	    .def = "1d",
	    .help = "how long it lasts without a request" },
	{ .name = "registration",
	    .type = OPT_ENUM,
	    F(registration),
	    .names = "closed|invited",
	    .def = "invited",
	    .help = "closed: invitation links do nothing; only the command line makes users" },
	{ .name = "indieauth",
	    .type = OPT_BOOL,
	    F(indieauth),
	    .def = "no",
	    .help = "be an IndieAuth server, too: clients are URLs that nobody registered" },
	{ .name = "old_clients",
	    .type = OPT_BOOL,
	    F(old_clients),
	    .def = "no",
	    .help =
		"of IndieAuth: take those without PKCE, which came in 2020; people are warned" },
	{ .name = "name",
	    .type = OPT_TEXT,
	    TEXT(name),
	    .check = is_shown,
	    .help = "what pages call this provider; not given: its host" },
	{ .name = "language",
	    .type = OPT_TEXT,
	    TEXT(language),
	    .min = 2,
	    .def = "en",
	    .check = is_language,
	    .help = "of pages, when the browser asks for none that there is" },
	{ .name = "policy_uri",
	    .type = OPT_TEXT,
	    TEXT(policy_uri),
	    .check = is_web_or_none,
	    .help = "page on what is done with data; linked from pages and from the metadata" },
	{ .name = "tos_uri",
	    .type = OPT_TEXT,
	    TEXT(tos_uri),
	    .check = is_web_or_none,
	    .help = "page with the terms of service" },
	{ .name = "contact",
	    .type = OPT_TEXT,
	    TEXT(contact),
	    .check = is_shown,
	    .help = "whom people turn to; shown on pages of errors" },
	{ .name = "connections",
	    .type = OPT_UINT,
	    F(connections),
	    .min = 16,
	    .max = 60000,
	    .def = "10240",
	    .help = "open connections at most; beyond, the one that is idle longest is closed" },
	{ .name = "address_connections",
	    .type = OPT_UINT,
	    F(address_connections),
	    .max = 60000,
	    .def = "0",
	    .help = "the same for one address that is no trusted proxy; 0: no limit of its own" },
	{ .name = "log_level",
	    .type = OPT_ENUM,
	    F(log_level),
	    .names = "error|warn|info|debug",
	    .def = "info",
	    .help = "how much is logged; never a token or what a query says" },
	{ .name = "log_addresses",
	    .type = OPT_BOOL,
	    F(log_addresses),
	    .def = "no",
	    .help = "log the addresses of clients" },
};

const size_t oidc_conf_noptions = sizeof oidc_conf_options / sizeof *oidc_conf_options;

/* ---- what holds between them ---- */
static enum err
wrong(struct oidc_conf_wrong *w, size_t line, const char *text)
{
	w->line = line;
	snprintf(w->text, sizeof w->text, "%s", text);
	return ERR_CONFIG;
}

static bool
is_twice(const struct oidc_conf *c)
{
	for (uint32_t i = 0; i < c->nlisten; i++) {
		if (strcmp(c->listen[i], c->metrics) == 0)
			return true;
		for (uint32_t k = 0; k < i; k++)
			if (strcmp(c->listen[i], c->listen[k]) == 0)
				return true;
	}
	return false;
}

static bool
is_onion(const char *issuer)
{
	const char *host = issuer + scheme_length(issuer);
	size_t n = strcspn(host, ":/");

	return n > 6 && memcmp(host + n - 6, ".onion", 6) == 0;
}

static enum err
check(const struct oidc_conf *c, struct oidc_conf_wrong *w)
{
	if (!c->issuer[0])
		return wrong(w, 0, "issuer is missing: the address of this provider");
	if (is_twice(c))
		return wrong(w, 0, "two of listen and metrics are the same address");
	if (!c->algorithms)
		return wrong(w, 0, "algorithms: at least one is needed");
	if (c->session_idle > c->session_lifetime)
		return wrong(w, 0, "session_idle is longer than session_lifetime");
	if (c->indieauth && is_onion(c->issuer) && !c->proxy[0])
		return wrong(w, 0,
		    "indieauth fetches pages of clients, and an onion issuer needs a proxy for it");
	return ERR_OK;
}

/* The name on a line, for the message about it. */
static void
describe(struct span text, size_t line, struct oidc_conf_wrong *w)
{
	char start[64] = "";
	size_t n = 0;

	for (size_t i = 1; i < line && text.len; text = SPAN(text.p + 1, text.len - 1))
		i += *text.p == '\n';
	while (n < text.len && n < sizeof start - 1 && text.p[n] != '\n' && text.p[n] != '=') {
		start[n] = (char)(text.p[n] < ' ' || text.p[n] > '~' ? '?' : text.p[n]);
		n++;
	}
	while (n > 0 && start[n - 1] == ' ')
		n--;
	start[n] = '\0';
	for (size_t i = 0; i < oidc_conf_noptions; i++) {
		if (strcmp(start, oidc_conf_options[i].name) == 0) {
			snprintf(w->text, sizeof w->text,
			    "the value of %s is none that it takes, or it is given twice", start);
			return;
		}
	}
	snprintf(w->text, sizeof w->text, "'%s' is no option", start);
}

enum err
oidc_conf_parse(struct span text, struct oidc_conf *c, struct oidc_conf_wrong *w)
{
	struct oidc_conf got;
	enum err e;

	memset(w, 0, sizeof *w);
	memset(&got, 0, sizeof got);
	if ((e = opt_defaults(oidc_conf_options, oidc_conf_noptions, &got)))
		return e;
	if ((e = opt_parse(oidc_conf_options, oidc_conf_noptions, text, &got, &w->line))) {
		describe(text, w->line, w);
		return e;
	}
	if (!(e = check(&got, w)))
		*c = got;
	return e;
}

static enum err
read_all(int fd, struct buf *b)
{
	uint8_t *to;
	ssize_t n;

	for (;;) {
		if ((to = buf_room(b, 4096)) == NULL)
			return buf_err(b);
		n = read(fd, to, 4096);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? ERR_IO : ERR_OK;
		buf_add(b, (size_t)n);
	}
}

enum err
oidc_conf_load(const char *path, struct oidc_conf *c, struct oidc_conf_wrong *w)
{
	struct buf b = { .max = FILE_MAX };
	struct stat st;
	enum err e;
	int fd;

	memset(w, 0, sizeof *w);
	/* non-blocking: a FIFO in its place cannot hold us up */
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) < 0)
		return errno == ENOENT ? ERR_NOTFOUND : err_of_errno(errno);
	if (fstat(fd, &st) != 0)
		e = ERR_IO;
	else
		e = S_ISREG(st.st_mode) ? read_all(fd, &b) : ERR_CONFIG;
	if (!e)
		e = oidc_conf_parse(buf_span(&b), c, w);
	close(fd);
	buf_done(&b);
	return e;
}
