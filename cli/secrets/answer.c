/* answer.c - errors as D-Bus names, and what messages are read into. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/secrets/secrets.h"
#include "lib/text.h"

#define SECRET_ERROR "org.freedesktop.Secret.Error."

static const struct {
	enum err e;
	const char *name;
} names[] = {
	{ ERR_LOCKED, SECRET_ERROR "IsLocked" },
	/* the agent has gone in the middle: it comes back locked */
	{ ERR_NOAGENT, SECRET_ERROR "IsLocked" },
	{ ERR_NOTFOUND, SECRET_ERROR "NoSuchObject" },
	{ ERR_SECRETS_SESSION, SECRET_ERROR "NoSession" },
	{ ERR_SECRETS_MAIN, SD_BUS_ERROR_NOT_SUPPORTED },
	{ ERR_SECRETS_ALIAS, SD_BUS_ERROR_NOT_SUPPORTED },
	{ ERR_UNSUPPORTED, SD_BUS_ERROR_NOT_SUPPORTED },
	{ ERR_CANCELLED, SD_BUS_ERROR_ACCESS_DENIED },
	{ ERR_DENIED, SD_BUS_ERROR_ACCESS_DENIED },
	{ ERR_NOPROMPT, SD_BUS_ERROR_ACCESS_DENIED },
	{ ERR_TIMEOUT, SD_BUS_ERROR_TIMEOUT },
	{ ERR_REFUSED, SD_BUS_ERROR_ACCESS_DENIED },
	{ ERR_PERMISSION, SD_BUS_ERROR_ACCESS_DENIED },
	{ ERR_NOMEM, SD_BUS_ERROR_NO_MEMORY },
	{ ERR_LIMIT, SD_BUS_ERROR_LIMITS_EXCEEDED },
	{ ERR_TOOBIG, SD_BUS_ERROR_LIMITS_EXCEEDED },
	{ ERR_FORMAT, SD_BUS_ERROR_INVALID_ARGS },
	{ ERR_RANGE, SD_BUS_ERROR_INVALID_ARGS },
	{ ERR_TEXT, SD_BUS_ERROR_INVALID_ARGS },
	{ ERR_RESERVED, SD_BUS_ERROR_INVALID_ARGS },
};

int
fail(sd_bus_error *error, enum err e, const char *text)
{
	const char *name = SD_BUS_ERROR_FAILED, *more = text && *text ? text : err_hint(e);

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].e == e)
			name = names[i].name;
	return sd_bus_error_setf(
	    error, name, "%s%s%s", err_text(e), *more ? ": " : "", *more ? more : "");
}

int
fail_args(sd_bus_error *error, const char *text)
{
	return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, text);
}

int
fail_read(sd_bus_error *error, int r)
{
	if (r == -ENOMEM)
		return fail(error, ERR_NOMEM, NULL);
	return fail_args(error, "the arguments of the call are malformed");
}

enum err
secrets_open(const struct secrets *s)
{
	switch (store_state(s->store)) {
	case STORE_OPEN:
		return ERR_OK;
	case STORE_NO_VAULT:
		return ERR_NOVAULT;
	case STORE_NO_AGENT:
	case STORE_LOCKED:
	case STORE_READING:
		break;
	}
	return ERR_LOCKED;
}

/* ---- a{ss} ---- */
static int
compare_spans(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

static int
compare_attrs(const void *a, const void *b)
{
	const struct store_attr *x = a, *y = b;

	return compare_spans(x->name, y->name);
}

static enum err
check_attr(const struct store_attr *a)
{
	static const char ours[] = "ownkey.";

	if (a->name.len > OPS_ENTRY_NAME || a->value.len > OPS_ENTRY_VALUE)
		return ERR_TOOBIG;
	if (a->name.len >= sizeof ours - 1 && memcmp(a->name.p, ours, sizeof ours - 1) == 0)
		return ERR_RESERVED;
	return ERR_OK;
}

static enum err
read_attr(sd_bus_message *m, struct attrs *a, bool *more)
{
	const char *name, *value;
	int r = sd_bus_message_read(m, "{ss}", &name, &value);

	*more = r > 0;
	if (r <= 0)
		return r < 0 ? ERR_FORMAT : ERR_OK;
	if (a->n == OPS_ENTRY_ATTRS)
		return ERR_TOOBIG;
	a->v[a->n] = (struct store_attr){ span_str(name), span_str(value) };
	return check_attr(&a->v[a->n++]);
}

enum err
read_attrs(sd_bus_message *m, struct attrs *a)
{
	bool more = true;
	enum err e = ERR_OK;

	a->n = 0;
	if (sd_bus_message_enter_container(m, 'a', "{ss}") <= 0)
		return ERR_FORMAT;
	while (!e && more)
		e = read_attr(m, a, &more);
	if (e || sd_bus_message_exit_container(m) < 0)
		return e ? e : ERR_FORMAT;
	qsort(a->v, a->n, sizeof *a->v, compare_attrs);
	for (size_t i = 1; i < a->n; i++)
		if (span_eq(a->v[i - 1].name, a->v[i].name))
			return ERR_FORMAT;
	return ERR_OK;
}

/* ---- ao ---- */
static enum err
grow_paths(const char ***list, size_t n)
{
	const char **more;

	if (n && (n < 16 || (n & (n - 1))))
		return ERR_OK;
	if (n >= SECRETS_PATHS)
		return ERR_TOOBIG;
	more = realloc(*list, (n ? 2 * n : 16) * sizeof *more);
	if (!more)
		return ERR_NOMEM;
	*list = more;
	return ERR_OK;
}

enum err
read_paths(sd_bus_message *m, const char ***out, size_t *n)
{
	const char **list = NULL, *path;
	size_t count = 0;
	enum err e = ERR_OK;
	int r;

	if (sd_bus_message_enter_container(m, 'a', "o") <= 0)
		return ERR_FORMAT;
	while (!e && (r = sd_bus_message_read(m, "o", &path)) != 0) {
		e = r < 0 ? ERR_FORMAT : grow_paths(&list, count);
		if (!e)
			list[count++] = path;
	}
	if (!e && sd_bus_message_exit_container(m) < 0)
		e = ERR_FORMAT;
	if (e) {
		free(list);
		return e;
	}
	*out = list;
	*n = count;
	return ERR_OK;
}
