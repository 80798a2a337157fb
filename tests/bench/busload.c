/*
 * busload.c - clients of a Secret Service, whoever owns it; one line of JSON on stdout.
 * usage: busload add FIRST ITEMS		one client; microseconds each
 *        busload get SECONDS CLIENTS	GetSecret of all items in turn, one in flight each
 *        busload search SECONDS CLIENTS	SearchItems by an attribute that one item has
 *        busload list		one search that finds all of them
 *        busload ping SECONDS CLIENTS	the bus daemon by itself
 * Sessions are plain; the bus is that of DBUS_SESSION_BUS_ADDRESS.
 */
#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "tests/bench/bench.h"

#define NAME	   "org.freedesktop.secrets"
#define ROOT	   "/org/freedesktop/secrets"
#define COLLECTION ROOT "/aliases/default"
#define SERVICE	   "org.freedesktop.Secret.Service"
#define ITEM	   "org.freedesktop.Secret.Item"
#define SCHEMA	   "org.example.Bench"
#define VALUE	   128
#define WARM_UP	   0.3
#define CLIENTS	   64
#define SAMPLES	   (1u << 20)

enum what { GET, SEARCH, PING };

struct client {
	sd_bus *bus;
	char *session;
	double sent;
	size_t next; /* item */
};

static struct client clients[CLIENTS];
static enum what what;
static char **paths; /* of all items */
static size_t items, samples;
static double waited[SAMPLES], begin, end;

static void
must(int r, const char *doing)
{
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", doing, strerror(-r));
	exit(1);
}

/* ---- one call after the other ---- */
static void
open_bus(struct client *c)
{
	sd_bus_message *reply = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *session, *type;

	must(sd_bus_open_user(&c->bus), "the bus");
	if (sd_bus_call_method(c->bus, NAME, ROOT, SERVICE, "OpenSession", &error, &reply, "sv",
		"plain", "s", "") < 0) {
		fprintf(stderr, "OpenSession: %s\n", error.message);
		exit(1);
	}
	must(sd_bus_message_peek_type(reply, NULL, &type), "OpenSession");
	must(sd_bus_message_skip(reply, "v"), "OpenSession");
	must(sd_bus_message_read(reply, "o", &session), "OpenSession");
	c->session = strdup(session);
	sd_bus_message_unref(reply);
}

static void
append_properties(sd_bus_message *m, size_t number)
{
	char text[32];

	snprintf(text, sizeof text, "%zu", number);
	must(sd_bus_message_append(m, "a{sv}", 2, ITEM ".Label", "s", text, ITEM ".Attributes",
		 "a{ss}", 3, "xdg:schema", SCHEMA, "account", "somebody", "number", text),
	    "properties");
}

static void
append_secret(sd_bus_message *m, const char *session)
{
	uint8_t value[VALUE];

	for (size_t i = 0; i < sizeof value; i++)
		value[i] = (uint8_t)('!' + rand() % 90);
	must(sd_bus_message_open_container(m, 'r', "oayays"), "secret");
	must(sd_bus_message_append(m, "o", session), "secret");
	must(sd_bus_message_append_array(m, 'y', NULL, 0), "secret");
	must(sd_bus_message_append_array(m, 'y', value, sizeof value), "secret");
	must(sd_bus_message_append(m, "s", "text/plain"), "secret");
	must(sd_bus_message_close_container(m), "secret");
}

static void
add_one(struct client *c, size_t number)
{
	sd_bus_message *m = NULL, *reply = NULL;
	sd_bus_error error = SD_BUS_ERROR_NULL;
	const char *item, *prompt;

	must(sd_bus_message_new_method_call(
		 c->bus, &m, NAME, COLLECTION, "org.freedesktop.Secret.Collection", "CreateItem"),
	    "CreateItem");
	append_properties(m, number);
	append_secret(m, c->session);
	must(sd_bus_message_append(m, "b", 0), "CreateItem");
	if (sd_bus_call(c->bus, m, 0, &error, &reply) < 0) {
		fprintf(stderr, "CreateItem: %s\n", error.message);
		exit(1);
	}
	must(sd_bus_message_read(reply, "oo", &item, &prompt), "CreateItem");
	if (strcmp(item, "/") == 0)
		must(-EPERM, "CreateItem");
	sd_bus_message_unref(m);
	sd_bus_message_unref(reply);
}

static void
add(size_t first, size_t n)
{
	double start = bench_now(), before;

	for (size_t i = 0; i < n; i++) {
		before = bench_now();
		add_one(&clients[0], first + i);
		waited[i % SAMPLES] = (bench_now() - before) * 1e6;
	}
	printf("{\"us\": %.1f, ", (bench_now() - start) * 1e6 / (double)n);
	printf("\"p50_us\": %.1f}\n", bench_quantile(waited, n < SAMPLES ? n : SAMPLES, 0.5));
}

/* As a search finds them: microseconds. */
static double
find_all(struct client *c)
{
	sd_bus_message *reply = NULL;
	double start = bench_now(), took;

	must(sd_bus_call_method(c->bus, NAME, ROOT, SERVICE, "SearchItems", NULL, &reply, "a{ss}",
		 1, "xdg:schema", SCHEMA),
	    "SearchItems");
	took = (bench_now() - start) * 1e6;
	must(sd_bus_message_read_strv(reply, &paths), "SearchItems");
	sd_bus_message_unref(reply);
	for (items = 0; paths && paths[items]; items++)
		;
	return took;
}

/* ---- many at once ---- */
static int on_reply(sd_bus_message *m, void *arg, sd_bus_error *error);

static void
send_next(struct client *c)
{
	char number[32];
	int r;

	c->sent = bench_now();
	c->next = (c->next + 1) % (items ? items : 1);
	snprintf(number, sizeof number, "%zu", c->next);
	switch (what) {
	case GET:
		r = sd_bus_call_method_async(c->bus, NULL, NAME, paths[c->next], ITEM, "GetSecret",
		    on_reply, c, "o", c->session);
		break;
	case SEARCH:
		r = sd_bus_call_method_async(c->bus, NULL, NAME, ROOT, SERVICE, "SearchItems",
		    on_reply, c, "a{ss}", 2, "xdg:schema", SCHEMA, "number", number);
		break;
	default:
		r = sd_bus_call_method_async(c->bus, NULL, "org.freedesktop.DBus",
		    "/org/freedesktop/DBus", "org.freedesktop.DBus.Peer", "Ping", on_reply, c, "");
		break;
	}
	must(r, "call");
}

/* An answer without what was asked for counts for nothing. */
static void
check(sd_bus_message *m)
{
	const void *value;
	size_t n = 0;

	if (sd_bus_message_is_method_error(m, NULL))
		must(-sd_bus_message_get_errno(m), sd_bus_message_get_error(m)->message);
	if (what == GET) {
		must(sd_bus_message_enter_container(m, 'r', "oayays"), "GetSecret");
		must(sd_bus_message_skip(m, "oay"), "GetSecret");
		must(sd_bus_message_read_array(m, 'y', &value, &n), "GetSecret");
		must(n == VALUE ? 0 : -EBADMSG, "GetSecret");
	} else if (what == SEARCH) {
		must(sd_bus_message_enter_container(m, 'a', "o"), "SearchItems");
		must(sd_bus_message_skip(m, "o"), "SearchItems");
		must(sd_bus_message_at_end(m, 0) ? 0 : -EBADMSG, "SearchItems");
	}
}

static int
on_reply(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct client *c = arg;
	double now = bench_now();

	(void)error;
	check(m);
	if (now >= begin && now < end && samples < SAMPLES)
		waited[samples++] = (now - c->sent) * 1e6;
	if (now >= end)
		must(sd_event_exit(sd_bus_get_event(c->bus), 0), "loop");
	else
		send_next(c);
	return 0;
}

static void
run(double seconds, size_t n)
{
	sd_event *loop = NULL;

	must(sd_event_new(&loop), "loop");
	begin = bench_now() + WARM_UP;
	end = begin + seconds;
	for (size_t i = 0; i < n; i++) {
		clients[i].next = items / n * i;
		must(sd_bus_attach_event(clients[i].bus, loop, 0), "loop");
		send_next(&clients[i]);
	}
	must(sd_event_loop(loop), "loop");
	printf("{\"per_s\": %.1f, ", (double)samples / seconds);
	printf("\"p50_us\": %.1f, ", bench_quantile(waited, samples, 0.5));
	printf("\"p99_us\": %.1f}\n", bench_quantile(waited, samples, 0.99));
}

int
main(int argc, char **argv)
{
	static const char *const names[] = { "get", "search", "ping" };
	size_t n = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
	double took;

	if (argc == 4 && strcmp(argv[1], "add") == 0) {
		open_bus(&clients[0]);
		add(strtoul(argv[2], NULL, 10), n);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "list") == 0) {
		open_bus(&clients[0]);
		took = find_all(&clients[0]);
		printf("{\"us\": %.1f, \"items\": %zu}\n", took, items);
		return 0;
	}
	for (what = GET; what <= PING && argc == 4; what++)
		if (strcmp(argv[1], names[what]) == 0)
			break;
	if (argc != 4 || what > PING || n < 1 || n > CLIENTS) {
		fprintf(stderr, "usage: busload add|get|search|list|ping ...\n");
		return 2;
	}
	for (size_t i = 0; i < n; i++)
		open_bus(&clients[i]);
	if (what != PING)
		must(find_all(&clients[0]) > 0 && items ? 0 : -ENOENT, "items");
	run(strtod(argv[2], NULL), n);
	return 0;
}
