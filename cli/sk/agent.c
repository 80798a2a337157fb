/* agent.c - asking the agent; errors as OpenSSH knows them. */
#include "cli/sk/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/sk/sk.h"

/* One PIN, one try: a second question is answered by hanging up, and ssh asks the person again. */
static void
on_event(void *arg, const struct ops_event *ev)
{
	struct agent *a = arg;

	if (ev->kind != OPS_EV_NEED_PIN)
		return;
	if (a->secret >= 0)
		close(a->secret);
	if (client_secret_open(ev->job, &a->secret)) {
		a->secret = -1;
		return;
	}
	if (a->pin && *a->pin && !client_secret_send(a->secret, SPAN(a->pin, strlen(a->pin)))) {
		a->pin = NULL;
		return;
	}
	a->asked = true;
	close(a->secret);
	a->secret = -1;
}

static struct span
env(const char *name)
{
	const char *s = getenv(name);

	return s ? SPAN(s, strlen(s)) : SPAN_NONE;
}

enum err
agent_open(struct agent *a, const char *pin)
{
	struct ops_hello h = { .client = SPAN_LIT("ssh"),
		.display = env("DISPLAY"),
		.wayland = env("WAYLAND_DISPLAY"),
		.xauthority = env("XAUTHORITY"),
		.bus = env("DBUS_SESSION_BUS_ADDRESS"),
		.lang = env("LANG"),
		.interactive = pin && *pin };
	enum err e;

	*a = (struct agent){ .pin = pin, .secret = -1 };
	if (!(e = client_open(&a->c, &h))) {
		a->c.event = on_event;
		a->c.arg = a;
	}
	return e;
}

enum err
agent_call(struct agent *a, enum op op, const void *req, void *rep)
{
	return client_call(&a->c, op, req, rep);
}

void
agent_close(struct agent *a)
{
	if (a->secret >= 0)
		close(a->secret);
	client_close(&a->c);
}

static int
number(const struct agent *a, enum err e)
{
	switch (e) {
	case ERR_NOPROMPT:
	case ERR_PIN_NEEDED:
	case ERR_PIN_WRONG:
		return SK_PIN_REQUIRED;
	case ERR_CANCELLED:
		return a->asked ? SK_PIN_REQUIRED : SK_GENERAL;
	case ERR_TOKEN_ABSENT:
	case ERR_TOKEN_ACCESS:
	case ERR_TOKEN_NOKEY:
		return SK_NO_DEVICE;
	case ERR_TOKEN_HASKEY:
		return SK_EXISTS;
	case ERR_UNSUPPORTED:
	case ERR_TOKEN_U2F:
	case ERR_TOKEN_PASSKEY:
		return SK_UNSUPPORTED;
	default:
		return SK_GENERAL;
	}
}

int
agent_failed(const struct agent *a, enum err e)
{
	int n = number(a, e);

	if (n != SK_PIN_REQUIRED) {
		fprintf(stderr, "ownkey: error: %s\n", err_text(e));
		if (*err_hint(e))
			fprintf(stderr, "ownkey: hint: %s\n", err_hint(e));
	}
	return n;
}
