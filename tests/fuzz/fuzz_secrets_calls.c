/*
 * What ownkey-secrets reads out of calls: object paths, attributes, properties of items, lists of
 * paths, secrets.  Input: a byte that says which; then a path, or a message as steps of appending.
 * Messages are real ones of sd-bus, sealed and read back; no daemon is needed for that.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/secrets/bus_session.h"
#include "cli/secrets/given.h"

static void
check_path(const uint8_t *p, size_t n)
{
	char text[512], again[OBJPATH_MOST], more[OBJPATH_MOST];
	struct objpath o, same;

	if (n >= sizeof text - sizeof OBJPATH_ROOT)
		return;
	memcpy(text, OBJPATH_ROOT, sizeof OBJPATH_ROOT - 1);
	memcpy(text + sizeof OBJPATH_ROOT - 1, p, n);
	text[sizeof OBJPATH_ROOT - 1 + n] = '\0';
	objpath_parse(text, &o);
	objpath_put(&o, again);
	objpath_parse(again, &same);
	objpath_put(&same, more);
	if (o.kind != same.kind || strcmp(again, more) != 0)
		abort();
}

/* ---- messages ---- */
struct input {
	const uint8_t *p;
	size_t n;
};

static uint8_t
take(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

static const char *
take_text(struct input *in, char out[256])
{
	size_t n = take(in);

	for (size_t i = 0; i < n; i++)
		out[i] = (char)(take(in) | 1);
	out[n] = '\0';
	return out;
}

static const char *const signatures[] = { "{sv}", "{ss}", "sv", "ss", "s", "ay", "a{ss}", "o", "v",
	"oayays", "y", "i", "b", "as", "a{sv}", "{s(ay)}" };

/* One step; what does not fit where it stands, sd-bus refuses. */
static void
step(sd_bus_message *m, struct input *in)
{
	uint8_t what = take(in);
	const char *signature = signatures[(what >> 4) % 16];
	static const char containers[] = { 'a', 'e', 'v', 'r' };
	char text[256];

	switch (what & 7) {
	case 0:
	case 1:
		(void)sd_bus_message_open_container(m, containers[take(in) % 4], signature);
		break;
	case 2:
	case 3:
		(void)sd_bus_message_close_container(m);
		break;
	case 4:
		(void)sd_bus_message_append(m, "o", take_text(in, text));
		break;
	case 5:
		take_text(in, text);
		(void)sd_bus_message_append_array(m, 'y', text, strlen(text));
		break;
	case 6:
		(void)sd_bus_message_append(m, "b", take(in) & 1);
		break;
	default:
		(void)sd_bus_message_append(m, "s", take_text(in, text));
	}
}

static void
read_back(sd_bus_message *m, uint8_t which)
{
	static struct secrets s;
	static const struct peer peer;
	static struct attrs attrs;
	static struct given given;
	const char **paths = NULL;
	struct sec value = { 0 };
	struct span type;
	size_t n;

	if (which % 5 == 1 && !read_attrs(m, &attrs) && attrs.n > OPS_ENTRY_ATTRS)
		abort();
	if (which % 5 == 2 && !read_paths(m, &paths, &n) && n > SECRETS_PATHS)
		abort();
	free(paths);
	if (which % 5 == 3 && !given_read(m, IFACE_ITEM, &given) && given.set.has_label &&
	    given.set.label.len > OPS_ENTRY_LABEL)
		abort();
	if (which % 5 == 4 && !bus_session_read(&s, &peer, m, &value, &type))
		abort();
}

static sd_bus *
any_bus(void)
{
	static sd_bus *bus;
	int pair[2];

	if (bus)
		return bus;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || sd_bus_new(&bus) < 0 ||
	    sd_bus_set_fd(bus, pair[0], pair[0]) < 0 || sd_bus_start(bus) < 0)
		abort();
	return bus;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct input in = { p, n };
	uint8_t which = take(&in);
	sd_bus_message *m = NULL;

	if (which % 5 == 0) {
		check_path(in.p, in.n);
		return 0;
	}
	if (sd_bus_message_new_method_call(any_bus(), &m, "a.b", "/", "a.b", "C") < 0)
		abort();
	for (int i = 0; in.n && i < 4096; i++)
		step(m, &in);
	/* what is left open is closed */
	for (int i = 0; i < 32; i++)
		(void)sd_bus_message_close_container(m);
	if (sd_bus_message_seal(m, 1, 0) >= 0 && sd_bus_message_rewind(m, 1) >= 0)
		read_back(m, which);
	sd_bus_message_unref(m);
	return 0;
}
