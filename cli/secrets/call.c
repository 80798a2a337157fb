/* call.c - methods that wait for the agent. */
#include <errno.h>
#include <stdlib.h>

#include "cli/secrets/secrets.h"

#define FIXED "ynqiuxtd" /* of an array that can be read at once */

/* ---- how long a message is: sd-bus does not say ---- */
static int
weigh_basic(sd_bus_message *m, char type, size_t *n)
{
	const char *text;
	uint64_t number;
	int r;

	if (type != 's' && type != 'o' && type != 'g') {
		*n += sizeof number;
		return sd_bus_message_read_basic(m, type, &number);
	}
	if ((r = sd_bus_message_read_basic(m, type, &text)) >= 0)
		*n += sizeof number + strlen(text);
	return r;
}

static int
weigh_array(sd_bus_message *m, char type, size_t *n)
{
	const void *p;
	size_t len;
	int r = sd_bus_message_read_array(m, type, &p, &len);

	if (r >= 0)
		*n += len;
	return r;
}

/* The rest of where m stands; at most a little more than what one may weigh is looked at.  As deep
 * as sd-bus lets containers be. */
static int
weigh(sd_bus_message *m, size_t *n)
{
	const char *contents;
	char type;
	int r;

	while ((r = sd_bus_message_peek_type(m, &type, &contents)) > 0 && *n <= SECRETS_MESSAGE) {
		*n += sizeof(uint64_t);
		if (!contents)
			r = weigh_basic(m, type, n);
		else if (type == 'a' && strchr(FIXED, contents[0]))
			r = weigh_array(m, contents[0], n);
		else if ((r = sd_bus_message_enter_container(m, type, contents)) >= 0 &&
		    (r = weigh(m, n)) >= 0 && *n <= SECRETS_MESSAGE)
			r = sd_bus_message_exit_container(m);
		if (r < 0)
			return r;
	}
	return r;
}

enum err
call_hold(struct peer *peer, sd_bus_message *m, size_t *weight)
{
	size_t n = 0;
	int r;

	if ((r = sd_bus_message_rewind(m, true)) < 0 || (r = weigh(m, &n)) < 0)
		return r == -ENOMEM ? ERR_NOMEM : ERR_FORMAT;
	if (n > SECRETS_MESSAGE)
		return ERR_TOOBIG;
	if (peer->held + n > SECRETS_HELD)
		return ERR_LIMIT;
	peer->held += n;
	*weight = n;
	return ERR_OK;
}

/* ---- calls ---- */
enum err
call_new(struct secrets *s, sd_bus_message *m, struct peer *peer, struct call **out)
{
	struct call *c;
	size_t weight;
	enum err e;

	if (peer->pending >= SECRETS_PENDING)
		return ERR_LIMIT;
	if ((e = call_hold(peer, m, &weight)))
		return e;
	c = calloc(1, sizeof *c);
	if (!c) {
		peer->held -= weight;
		return ERR_NOMEM;
	}
	*c = (struct call){ .s = s, .peer = peer, .weight = weight, .next = s->calls };
	c->m = sd_bus_message_ref(m);
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
	if (c->peer) {
		c->peer->pending--;
		c->peer->held -= c->weight;
	}
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
