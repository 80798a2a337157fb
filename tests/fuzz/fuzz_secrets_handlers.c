/*
 * What ownkey-secrets does with calls: its real objects, filters and store, on a connection of
 * sd-bus without a daemon, before an agent that answers when the input says so (agent_fuzz.h).
 * Input: a byte for the state of the vault, then steps: calls (object, method, arguments), answers
 * of the agent, clients that leave, a vault that is locked or opened, an agent that dies.
 *
 * Every call is answered once, or still waits; when the clients have left nothing of theirs stays.
 */
#include <fcntl.h>
#include <signal.h>

#include "agent_fuzz.h"
#include "cli/secrets/bus.h"
#include "cli/secrets/bus_session.h"
#include "cli/secrets/kept.h"
#include "cli/secrets/object.h"
#include "cli/secrets/portal.h"
#include "cli/secrets/prompt.h"
#include "cli/secrets/volatile.h"
#include "lib/crypto.h"

#define CALLS 128 /* of one input */
#define DEEP  6

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct secrets s;
static sd_bus *client;
static int pipes[2], nowhere;

/* ---- clients: in place of peer.c, which asks a bus daemon ---- */
#define PEERS 2
struct peers {
	struct peer *of[PEERS];
};
static struct peers peers;

enum err
peers_new(struct peers **out, sd_bus *bus, peer_gone_fn *gone, void *arg)
{
	(void)bus;
	(void)gone;
	(void)arg;
	*out = &peers;
	return ERR_OK;
}

void
peers_done(struct peers *p)
{
	(void)p;
}

/* ":1.0", ":1.1"; all others are somebody else's */
enum err
peers_of(struct peers *p, sd_bus_message *m, struct peer **out)
{
	const char *name = sd_bus_message_get_sender(m);
	size_t i;

	must(name && strlen(name) == 4);
	i = (size_t)(name[3] - '0');
	if (i >= PEERS)
		return ERR_PERMISSION;
	if (!p->of[i]) {
		must((p->of[i] = calloc(1, sizeof *p->of[i])) != NULL);
		strcpy(p->of[i]->name, name);
		strcpy(p->of[i]->app, "unit:app");
		p->of[i]->pid = 1;
	}
	*out = p->of[i];
	return ERR_OK;
}

/* ---- calls and their answers ---- */
static struct {
	bool answered[CALLS];
	uint64_t cookie[CALLS];
	size_t n, open;
	size_t lost; /* at most so many were asked by clients that have left */
} calls;

static void
take_answer(sd_bus_message *m)
{
	uint64_t to;
	size_t i;

	if (sd_bus_message_is_signal(m, NULL, NULL) > 0)
		return;
	must(sd_bus_message_get_reply_cookie(m, &to) >= 0);
	for (i = 0; i < calls.n && calls.cookie[i] != to; i++)
		;
	must(i < calls.n && !calls.answered[i]);
	calls.answered[i] = true;
	calls.open--;
}

/* Until nothing moves, but the agent. */
static void
pump(void)
{
	int r = 1, t;

	for (int i = 0; r > 0 && i < 1000; i++) {
		sd_bus_message *m = NULL;

		must((r = sd_event_run(s.loop, 0)) >= 0);
		if (s.store)
			store_run(s.store);
		must((t = sd_bus_process(client, &m)) >= 0);
		if (m)
			take_answer(m);
		sd_bus_message_unref(m);
		r += t;
	}
}

/* What was not answered waits. */
static void
check_open(void)
{
	size_t pending = 0, waits = 0;

	for (size_t i = 0; i < PEERS; i++)
		pending += peers.of[i] ? peers.of[i]->pending : 0;
	for (const struct call *c = s.calls; c; c = c->next)
		waits += c->peer != NULL;
	must(waits <= pending && waits <= calls.open);
	must(s.deaf || calls.open <= pending + calls.lost);
}

static void
leave(size_t i)
{
	struct peer *p = peers.of[i];

	pump();
	check_open();
	if (!p)
		return;
	calls.lost += p->pending;
	bus_session_peer_gone(&s, p);
	prompt_peer_gone(&s, p);
	portal_peer_gone(&s, p);
	call_peer_gone(&s, p);
	kept_peer_gone(&s, p);
	placeholders_forget(s.holders, p);
	must(!p->sessions && !p->prompts);
	for (const struct call *c = s.calls; c; c = c->next)
		must(c->peer != p);
	peers.of[i] = NULL;
	free(p);
}

/* ---- input ---- */
struct input {
	const uint8_t *p;
	size_t n;
};

static unsigned
take(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

static const char *
take_raw(struct input *in, char out[256])
{
	size_t n = take(in);

	for (size_t i = 0; i < n; i++)
		out[i] = (char)(take(in) | 1);
	out[n] = '\0';
	return out;
}

static const char *
take_text(struct input *in, char out[256])
{
	static const char *const texts[] = { "", "plain", "dh-ietf1024-sha256-aes128-cbc-pkcs7",
		IFACE_ITEM ".Label", IFACE_ITEM ".Attributes", IFACE_COLLECTION ".Label", "user",
		"even", "default", "login", "c1", "text/plain", IFACE_ITEM, IFACE_COLLECTION,
		IFACE_SERVICE, "Label", "Attributes", "Locked", "Collections", "Items", "session" };
	unsigned which = take(in);

	if (which < sizeof texts / sizeof *texts)
		return texts[which];
	return take_raw(in, out);
}

/* Placeholders are counted from a random number. */
static uint64_t before;

static void
learn_number(void)
{
	const struct store_query all = { .nattr = 0 };
	const struct placeholder *one;
	struct peer nobody = { .uid = 0 };

	must(placeholders_get(s.holders, &nobody, &all, &one) == ERR_OK);
	before = one->number;
	placeholders_forget(s.holders, &nobody);
	must(!placeholders_find(s.holders, before));
}

/* Of objects that there are, could be, or cannot be. */
static const char *
take_path(struct input *in, char out[512])
{
	static const char *const kinds[] = { "", "/collection/login", "/collection/session",
		"/collection/c1", "/aliases/default", "/collection/login/", "/collection/c1/",
		"/collection/login/locked_", "/collection/session/", "/session/", "/prompt/",
		"/collection/c1/locked_", "/aliases/login/locked_" };
	unsigned kind = take(in) % 16;
	char text[256];

	if (kind < 5)
		snprintf(out, 512, OBJPATH_ROOT "%s", kinds[kind]);
	else if (kind < 7)
		snprintf(out, 512, OBJPATH_ROOT "%s%032x", kinds[kind], take(in));
	else if (kind < 13)
		snprintf(out, 512, OBJPATH_ROOT "%s%llu", kinds[kind],
		    (strstr(kinds[kind], "locked_") ? before : 0ULL) + take(in));
	else if (kind == 13)
		snprintf(out, 512, PORTAL_PATH);
	else if (kind == 14)
		snprintf(out, 512, PORTAL_PATH "/request/%u", take(in) % 4);
	else
		snprintf(out, 512, OBJPATH_ROOT "/%s", take_raw(in, text));
	return out;
}

/* ---- arguments: what sd-bus refuses is left out ---- */
static void put_args(sd_bus_message *m, const char *signature, struct input *in, int deep);

static void
put_basic(sd_bus_message *m, char type, struct input *in)
{
	const int fds[] = { pipes[1], pipes[0], nowhere };
	uint64_t number = take(in);
	char text[512];

	if (type == 's')
		(void)sd_bus_message_append(m, "s", take_text(in, text));
	else if (type == 'o')
		(void)sd_bus_message_append(m, "o", take_path(in, text));
	else if (type == 'h')
		(void)sd_bus_message_append(m, "h", fds[number % 3]);
	else if (type == 'b')
		(void)sd_bus_message_append(m, "b", (int)(number & 1));
	else
		(void)sd_bus_message_append_basic(m, type, &number);
}

static void
put_variant(sd_bus_message *m, struct input *in, int deep)
{
	static const char *const all[] = { "s", "ay", "a{ss}", "b", "t", "ao", "v", "a{sv}" };
	const char *contents = all[take(in) % 8];

	if (sd_bus_message_open_container(m, 'v', contents) < 0)
		return;
	put_args(m, contents, in, deep);
	(void)sd_bus_message_close_container(m);
}

static void
put_array(sd_bus_message *m, const char *contents, struct input *in, int deep)
{
	unsigned n = take(in);
	char text[256];

	if (strcmp(contents, "y") == 0) {
		for (unsigned i = 0; i < n; i++)
			text[i] = (char)take(in);
		(void)sd_bus_message_append_array(m, 'y', text, n);
		return;
	}
	if (sd_bus_message_open_container(m, 'a', contents) < 0)
		return;
	for (unsigned i = 0; i < n && (i < 1 || in->n); i++)
		put_args(m, contents, in, deep);
	(void)sd_bus_message_close_container(m);
}

/* Where the complete type ends that begins here. */
static const char *
type_end(const char *at)
{
	int open = 0;

	while (*at == 'a')
		at++;
	do {
		open += (*at == '(' || *at == '{') - (*at == ')' || *at == '}');
		at++;
	} while (open);
	return at;
}

static void
put_inner(sd_bus_message *m, const char *type, const char *end, struct input *in, int deep)
{
	bool array = *type == 'a';
	char inner[64] = "", kind = *type == '{' ? 'e' : 'r';

	must((size_t)(end - type) < sizeof inner);
	memcpy(inner, type + 1, (size_t)(end - type) - (array ? 1 : 2));
	if (array) {
		put_array(m, inner, in, deep);
	} else if (sd_bus_message_open_container(m, kind, inner) >= 0) {
		put_args(m, inner, in, deep);
		(void)sd_bus_message_close_container(m);
	}
}

static void
put_args(sd_bus_message *m, const char *signature, struct input *in, int deep)
{
	const char *end;

	for (; *signature && deep < DEEP; signature = end) {
		end = type_end(signature);
		if (*signature == 'v')
			put_variant(m, in, deep + 1);
		else if (strchr("a({", *signature))
			put_inner(m, signature, end, in, deep + 1);
		else
			put_basic(m, *signature, in);
	}
}

/* ---- calls ---- */
static const struct method {
	const char *interface, *name, *signature;
} methods[] = { { IFACE_SERVICE, "OpenSession", "sv" },
	{ IFACE_SERVICE, "CreateCollection", "a{sv}s" }, { IFACE_SERVICE, "SearchItems", "a{ss}" },
	{ IFACE_SERVICE, "Unlock", "ao" }, { IFACE_SERVICE, "Lock", "ao" },
	{ IFACE_SERVICE, "GetSecrets", "aoo" }, { IFACE_SERVICE, "ReadAlias", "s" },
	{ IFACE_SERVICE, "SetAlias", "so" }, { IFACE_COLLECTION, "Delete", "" },
	{ IFACE_COLLECTION, "SearchItems", "a{ss}" },
	{ IFACE_COLLECTION, "CreateItem", "a{sv}" SECRET_STRUCT "b" }, { IFACE_ITEM, "Delete", "" },
	{ IFACE_ITEM, "GetSecret", "o" }, { IFACE_ITEM, "SetSecret", SECRET_STRUCT },
	{ IFACE_SESSION, "Close", "" }, { IFACE_PROMPT, "Prompt", "s" },
	{ IFACE_PROMPT, "Dismiss", "" }, { PORTAL_IFACE, "RetrieveSecret", "osha{sv}" },
	{ "org.freedesktop.impl.portal.Request", "Close", "" },
	{ "org.freedesktop.DBus.Properties", "Get", "ss" },
	{ "org.freedesktop.DBus.Properties", "GetAll", "s" },
	{ "org.freedesktop.DBus.Properties", "Set", "ssv" },
	{ "org.freedesktop.DBus.Introspectable", "Introspect", "" },
	{ "org.freedesktop.DBus.Peer", "Ping", "" } };
#define METHODS (sizeof methods / sizeof *methods)

static void
send_call(struct input *in, unsigned who)
{
	static const char *const others[] = { "", "s", "ao", "a{ss}", "v", "a{sv}", "(oayays)",
		"a{oo}", "as", "ssv", "aas", "t", "ay", "h", "a(oayays)", "a{o(oayays)}" };
	unsigned which = take(in), other = take(in);
	const struct method *k = &methods[which % METHODS];
	const char *signature = other & 0x80 ? others[other % 16] : k->signature;
	char path[512], name[256], sender[] = ":1.0";
	sd_bus_message *m = NULL;
	uint64_t cookie;

	sender[3] = (char)('0' + who);
	if (sd_bus_message_new_method_call(client, &m, NULL, take_path(in, path),
		other & 0x40 ? NULL : k->interface,
		other & 0x20 ? take_raw(in, name) : k->name) >= 0) {
		put_args(m, signature, in, 0);
		must(sd_bus_message_set_sender(m, sender) >= 0);
		if (calls.n < CALLS && sd_bus_send(client, m, &cookie) >= 0) {
			calls.cookie[calls.n++] = cookie;
			calls.open++;
		}
	}
	sd_bus_message_unref(m);
	pump();
}

/* ---- the rest of what happens ---- */
static void
answer_some(struct input *in)
{
	static const enum err no[] = { ERR_OK, ERR_REFUSED, ERR_LOCKED, ERR_NOTFOUND, ERR_TIMEOUT,
		ERR_DENIED, ERR_NOMEM, ERR_LIMIT };
	unsigned how = take(in);
	bool any = true;

	for (unsigned i = 0; any && i <= how >> 4; i++) {
		any = agent_step(no[how % 8]);
		pump();
	}
}

static void
happen(struct input *in)
{
	unsigned what = take(in) % 6;

	if (what < PEERS)
		leave(what);
	else if (what == 5)
		agent_kill();
	else if (agent.chan.fd >= 0 && agent.vault)
		switch (what) {
		case 2:
			agent.locked = true;
			agent_event(OPS_EV_LOCKED);
			break;
		case 3:
			agent.locked = false;
			agent_event(OPS_EV_UNLOCKED);
			break;
		default:
			agent_event(OPS_EV_CHANGED);
		}
	pump();
}

static void
step(struct input *in)
{
	unsigned what = take(in);

	if (what % 8 < 5)
		send_call(in, what >> 3 & 3 ? (what >> 3 & 3) - 1 : 0);
	else if (what % 8 < 7)
		answer_some(in);
	else
		happen(in);
}

/* ---- the program, as main.c has it ---- */
static void
on_state(void *arg, enum store_state now)
{
	(void)arg;
	if (now != STORE_OPEN && now != STORE_READING)
		kept_clear(&s);
	if (now == STORE_OPEN)
		placeholders_opened(s.holders);
	bus_follow_state(&s);
	if (now != STORE_READING)
		object_state_changed(&s);
	if (now == STORE_OPEN)
		prompt_opened(&s);
}

static void
on_change(void *arg, enum store_change what, const struct entry *e)
{
	(void)arg;
	object_entry_changed(&s, what, e);
	if (what != STORE_ADDED)
		prompt_entry_changed(&s, e);
}

static void
connect_both(void)
{
	sd_id128_t id = { .bytes = { 1 } };
	int pair[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	must(sd_bus_new(&s.bus) >= 0 && sd_bus_set_fd(s.bus, pair[0], pair[0]) >= 0);
	must(sd_bus_set_server(s.bus, 1, id) >= 0 && sd_bus_set_anonymous(s.bus, 1) >= 0);
	/* else sd-bus asks the daemon whose uid it is */
	must(sd_bus_set_trusted(s.bus, 1) >= 0);
	must(sd_bus_negotiate_fds(s.bus, 1) >= 0 && sd_bus_start(s.bus) >= 0);
	must(sd_bus_new(&client) >= 0 && sd_bus_set_fd(client, pair[1], pair[1]) >= 0);
	must(sd_bus_set_anonymous(client, 1) >= 0 && sd_bus_negotiate_fds(client, 1) >= 0);
	must(sd_bus_start(client) >= 0 && bus_export(&s) >= 0);
	must(sd_bus_attach_event(s.bus, s.loop, SD_EVENT_PRIORITY_NORMAL) >= 0);
	for (int i = 0; i < 100 && sd_bus_is_ready(client) <= 0; i++)
		pump();
	must(sd_bus_is_ready(client) > 0);
}

static void
prepare(void)
{
	if (s.loop)
		return;
	(void)signal(SIGPIPE, SIG_IGN);
	must(crypto_init_light() == ERR_OK && sec_arena_open(1 << 20, false, true) == ERR_OK);
	must(pipe2(pipes, O_CLOEXEC | O_NONBLOCK) == 0);
	must((nowhere = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0);
	must(sd_event_new(&s.loop) >= 0);
	s.starter = -1;
	s.peers = &peers;
	agent_listen();
	connect_both();
}

static void
begin(unsigned mode)
{
	static const struct store_hooks hooks = { on_state, on_change, NULL };

	agent.locked = mode < 3;
	agent.vault = mode != 2;
	agent.change = 100;
	calls.n = calls.open = calls.lost = 0;
	memset(calls.answered, 0, sizeof calls.answered);
	must(placeholders_new(&s.holders) == ERR_OK);
	learn_number();
	must(store_new(&s.store, &hooks, &s) == ERR_OK);
	if (!mode)
		return;
	async_hurry(store_async(s.store));
	store_run(s.store);
	agent_accept();
	do
		pump();
	while (agent_step(ERR_OK));
	must(store_state(s.store) ==
	    (mode == 1		? STORE_LOCKED
		    : mode == 2 ? STORE_NO_VAULT
				: STORE_OPEN));
}

static void
settle(void)
{
	do
		pump();
	while (agent_step(ERR_OK));
}

/* Nobody is left, and the agent has answered all. */
static void
check_empty(void)
{
	must(!s.sessions && !s.prompts && !s.requests && !s.calls && !s.kept);
	for (uint64_t i = 1; i <= CALLS; i++)
		must(!placeholders_find(s.holders, before + i));
}

static void
end(bool dies)
{
	char text[4096];

	if (dies)
		agent_kill();
	settle();
	for (size_t i = 0; i < PEERS; i++)
		leave(i);
	settle();
	check_empty();
	agent_kill();
	store_done(s.store);
	s.store = NULL;
	s.slow = sd_event_source_disable_unref(s.slow);
	must(!s.deaf && !s.quit);
	placeholders_done(s.holders);
	volatile_clear(&s);
	must(!s.volatile_bytes && !sec_arena_used());
	free(s.known);
	s.known = NULL;
	s.nknown = 0;
	s.last_session = s.last_prompt = s.last_item = 0;
	while (read(pipes[0], text, sizeof text) > 0)
		;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct input in = { p, n };
	unsigned mode;

	if (n > 16384)
		return 0;
	prepare();
	mode = take(&in);
	begin(mode % 4);
	for (int i = 0; in.n && i < CALLS; i++)
		step(&in);
	end(mode & 4);
	return 0;
}
