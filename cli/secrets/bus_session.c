#include "cli/secrets/bus_session.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/secrets/transport.h"

struct bus_session *
bus_session_of(struct secrets *s, const struct peer *peer, uint64_t number)
{
	for (struct bus_session *b = s->sessions; b; b = b->next)
		if (b->number == number)
			return b->peer == peer ? b : NULL;
	return NULL;
}

struct bus_session *
bus_session_at(struct secrets *s, const struct peer *peer, const char *path)
{
	struct objpath o;

	objpath_parse(path, &o);
	return o.kind == OBJPATH_BUS_SESSION ? bus_session_of(s, peer, o.number) : NULL;
}

bool
bus_session_is(const struct secrets *s, uint64_t number)
{
	for (const struct bus_session *b = s->sessions; b; b = b->next)
		if (b->number == number)
			return true;
	return false;
}

static void
drop(struct bus_session **at)
{
	struct bus_session *b = *at;

	*at = b->next;
	b->peer->sessions--;
	transport_done(b->transport);
	free(b->transport);
	free(b);
}

void
bus_session_peer_gone(struct secrets *s, const struct peer *peer)
{
	struct bus_session **at = &s->sessions;

	while (*at)
		if ((*at)->peer == peer)
			drop(at);
		else
			at = &(*at)->next;
}

/* ---- OpenSession ---- */
/* The input of the algorithm: a string for "plain", bytes for the other. */
static int
read_input(sd_bus_message *m, struct span *in)
{
	const char *contents, *text;
	const void *p;
	size_t n;
	char type;
	int r = sd_bus_message_peek_type(m, &type, &contents);

	if (r <= 0 || type != 'v')
		return -EBADMSG;
	if (strcmp(contents, "s") == 0) {
		r = sd_bus_message_read(m, "v", "s", &text);
		*in = r < 0 ? SPAN_NONE : span_str(text);
		return r;
	}
	if (strcmp(contents, "ay") != 0)
		return -EBADMSG;
	if ((r = sd_bus_message_enter_container(m, 'v', "ay")) < 0 ||
	    (r = sd_bus_message_read_array(m, 'y', &p, &n)) < 0)
		return r;
	*in = SPAN(p, n);
	return sd_bus_message_exit_container(m);
}

static int
reply_opened(sd_bus_message *m, const struct bus_session *b, const uint8_t ours[TRANSPORT_PUBLIC])
{
	sd_bus_message *reply = NULL;
	char path[OBJPATH_MOST];
	int r;

	objpath_numbered(OBJPATH_BUS_SESSION, b->number, path);
	if (b->transport->kind == TRANSPORT_PLAIN)
		return sd_bus_reply_method_return(m, "vo", "s", "", path);
	if ((r = sd_bus_message_new_method_return(m, &reply)) >= 0 &&
	    (r = sd_bus_message_open_container(reply, 'v', "ay")) >= 0 &&
	    (r = sd_bus_message_append_array(reply, 'y', ours, TRANSPORT_PUBLIC)) >= 0 &&
	    (r = sd_bus_message_close_container(reply)) >= 0 &&
	    (r = sd_bus_message_append(reply, "o", path)) >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

static enum err
make(struct secrets *s, struct peer *peer, struct transport *t, struct bus_session **out)
{
	struct bus_session *b = calloc(1, sizeof *b);

	if (!b)
		return ERR_NOMEM;
	*b = (struct bus_session){
		.number = ++s->last_session, .peer = peer, .transport = t, .next = s->sessions
	};
	s->sessions = b;
	peer->sessions++;
	*out = b;
	return ERR_OK;
}

int
bus_session_open(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	uint8_t ours[TRANSPORT_PUBLIC];
	struct transport *t;
	struct bus_session *b;
	const char *algorithm;
	struct span in;
	struct peer *peer;
	enum err e;
	int r;

	if ((e = peers_of(s->peers, m, &peer)))
		return fail(error, e, NULL);
	if ((r = sd_bus_message_read(m, "s", &algorithm)) < 0 || (r = read_input(m, &in)) < 0)
		return fail_read(error, r);
	if (peer->sessions >= PEER_SESSIONS)
		return fail(error, ERR_LIMIT, "sessions of one client");
	t = calloc(1, sizeof *t);
	e = t ? transport_open(t, span_str(algorithm), in, ours) : ERR_NOMEM;
	if (!e && (e = make(s, peer, t, &b)))
		transport_done(t);
	if (e) {
		free(t);
		return fail(error, e, NULL);
	}
	return reply_opened(m, b, ours);
}

static int
on_close(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct secrets *s = arg;
	struct bus_session *b, **at = &s->sessions;
	struct peer *peer;
	enum err e = peers_of(s->peers, m, &peer);

	if (e)
		return fail(error, e, NULL);
	b = bus_session_at(s, peer, sd_bus_message_get_path(m));
	if (!b)
		return fail(error, ERR_SECRETS_SESSION, NULL);
	while (*at != b)
		at = &(*at)->next;
	drop(at);
	return sd_bus_reply_method_return(m, "");
}

const sd_bus_vtable bus_session_vtable[] = { SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD("Close", "", "", on_close, SD_BUS_VTABLE_UNPRIVILEGED), SD_BUS_VTABLE_END };

/* ---- secrets in messages ---- */
int
bus_session_append(sd_bus_message *m, const struct bus_session *b, const struct ops_entry_value *v)
{
	struct buf parameters = BUF_INIT, value = BUF_INIT, type = BUF_INIT;
	char path[OBJPATH_MOST];
	int r;

	objpath_numbered(OBJPATH_BUS_SESSION, b->number, path);
	buf_put_span(&type, v->type.len ? v->type : SPAN_LIT("text/plain"));
	(void)sd_bus_message_sensitive(m);
	if (transport_seal(b->transport, v->value, &parameters, &value))
		r = -ENOMEM;
	else if ((r = sd_bus_message_open_container(m, 'r', "oayays")) >= 0 &&
	    (r = sd_bus_message_append(m, "o", path)) >= 0 &&
	    (r = sd_bus_message_append_array(m, 'y', parameters.p, parameters.len)) >= 0 &&
	    (r = sd_bus_message_append_array(m, 'y', value.p, value.len)) >= 0 &&
	    (r = sd_bus_message_append(m, "s", buf_cstr(&type))) >= 0)
		r = sd_bus_message_close_container(m);
	buf_done(&parameters);
	buf_done(&value);
	buf_done(&type);
	return r;
}

struct raw_secret {
	const char *session, *type;
	struct span parameters, value;
};

static int
read_raw(sd_bus_message *m, struct raw_secret *raw)
{
	const void *p, *v;
	size_t np, nv;
	int r;

	if ((r = sd_bus_message_enter_container(m, 'r', "oayays")) < 0 ||
	    (r = sd_bus_message_read(m, "o", &raw->session)) < 0 ||
	    (r = sd_bus_message_read_array(m, 'y', &p, &np)) < 0 ||
	    (r = sd_bus_message_read_array(m, 'y', &v, &nv)) < 0 ||
	    (r = sd_bus_message_read(m, "s", &raw->type)) < 0)
		return r;
	raw->parameters = SPAN(p, np);
	raw->value = SPAN(v, nv);
	return sd_bus_message_exit_container(m);
}

enum err
bus_session_read(struct secrets *s, const struct peer *peer, sd_bus_message *m, struct sec *value,
    struct span *type)
{
	struct raw_secret raw;
	struct bus_session *b;
	enum err e;

	(void)sd_bus_message_sensitive(m);
	if (read_raw(m, &raw) < 0)
		return ERR_FORMAT;
	b = bus_session_at(s, peer, raw.session);
	if (!b)
		return ERR_SECRETS_SESSION;
	if (raw.value.len > SECRETS_VALUE + TRANSPORT_BLOCK)
		return ERR_TOOBIG;
	if ((e = transport_unseal(b->transport, raw.parameters, raw.value, value)))
		return e;
	if (value->len > SECRETS_VALUE) {
		sec_done(value);
		return ERR_TOOBIG;
	}
	*type = span_str(raw.type);
	return ERR_OK;
}
