/* call.c - methods that wait for the agent. */
#include <stdlib.h>

#include "cli/secrets/secrets.h"

enum err
call_new(struct secrets *s, sd_bus_message *m, struct peer *peer, struct call **out)
{
	struct call *c;

	if (peer->pending >= SECRETS_PENDING)
		return ERR_LIMIT;
	c = calloc(1, sizeof *c);
	if (!c)
		return ERR_NOMEM;
	*c = (struct call){ .s = s, .m = sd_bus_message_ref(m), .peer = peer, .next = s->calls };
	s->calls = c;
	peer->pending++;
	*out = c;
	return ERR_OK;
}

void
call_free(struct call *c)
{
	struct call **at = &c->s->calls;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->peer)
		c->peer->pending--;
	sd_bus_message_unref(c->m);
	sd_bus_message_unref(c->reply);
	free(c->paths);
	free(c->ids);
	buf_done(&c->key);
	free(c);
}

void
call_end(struct call *c, enum err e, const char *text)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;

	if (!e) {
		(void)sd_bus_reply_method_return(c->m, "");
	} else {
		(void)fail(&error, e, text);
		(void)sd_bus_reply_method_error(c->m, &error);
	}
	sd_bus_error_free(&error);
	call_free(c);
}

void
call_reply(struct call *c, sd_bus_message *reply)
{
	if (!reply) {
		call_end(c, ERR_NOMEM, NULL);
		return;
	}
	(void)sd_bus_send(c->s->bus, reply, NULL);
	sd_bus_message_unref(reply);
	call_free(c);
}

/* The agent is told; the store answers all the same, to nobody. */
void
call_peer_gone(struct secrets *s, const struct peer *p)
{
	struct call *c, *next;

	for (c = s->calls; c; c = next) {
		next = c->next;
		if (c->peer != p)
			continue;
		if (c->waits) { /* the agent has not heard of it */
			call_free(c);
			continue;
		}
		c->peer = NULL;
		store_cancel(s->store, c->request);
	}
}
