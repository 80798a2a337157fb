/* move_session.c - a session as its client: Diffie-Hellman when the service can, else plain. */
#include <stdio.h>

#include "cli/secrets/move.h"
#include "lib/crypto_modp.h"

#define DH "dh-ietf1024-sha256-aes128-cbc-pkcs7"

static enum err
new_call(struct move *m, const char *algorithm, struct span public, sd_bus_message **in)
{
	enum err e = move_new_call(m, MOVE_ROOT, MOVE_IFACE("Service"), "OpenSession", in);
	int r;

	if (e)
		return e;
	r = sd_bus_message_append(*in, "s", algorithm);
	if (r >= 0 && !public.len)
		r = sd_bus_message_append(*in, "v", "s", "");
	else if (r >= 0 && (r = sd_bus_message_open_container(*in, 'v', "ay")) >= 0 &&
	    (r = sd_bus_message_append_array(*in, 'y', public.p, public.len)) >= 0)
		r = sd_bus_message_close_container(*in);
	if (r >= 0)
		return ERR_OK;
	*in = sd_bus_message_unref(*in);
	return move_error(m, r);
}

static enum err
keep_path(struct move *m, sd_bus_message *rep)
{
	const char *path;
	int r = sd_bus_message_read(rep, "o", &path);

	if (r < 0)
		return move_error(m, r);
	if (strlen(path) >= sizeof m->session)
		return ERR_MOVE_SERVICE;
	snprintf(m->session, sizeof m->session, "%s", path);
	return ERR_OK;
}

static enum err
agree(struct move *m, const struct sec *priv, sd_bus_message *rep)
{
	struct sec shared = { 0 };
	const void *theirs;
	size_t n;
	enum err e;
	int r;

	if ((r = sd_bus_message_enter_container(rep, 'v', "ay")) < 0 ||
	    (r = sd_bus_message_read_array(rep, 'y', &theirs, &n)) < 0 ||
	    (r = sd_bus_message_exit_container(rep)) < 0)
		return move_error(m, r);
	if ((e = sec_init(&shared, CRYPTO_MODP_LEN)))
		return e;
	if (!(e = crypto_modp_shared(sec_span(priv), SPAN(theirs, n), shared.p))) {
		shared.len = CRYPTO_MODP_LEN;
		crypto_hkdf256(SPAN_NONE, sec_span(&shared), SPAN_NONE, m->transport.key,
		    sizeof m->transport.key);
		m->transport.kind = TRANSPORT_DH;
		e = keep_path(m, rep);
	}
	sec_done(&shared);
	return e;
}

static enum err
open_dh(struct move *m)
{
	uint8_t public[CRYPTO_MODP_LEN];
	sd_bus_message *in = NULL, *rep = NULL;
	struct sec priv = { 0 };
	enum err e;

	if ((e = sec_init(&priv, CRYPTO_MODP_PRIVATE)) ||
	    (e = sec_random(&priv, CRYPTO_MODP_PRIVATE)))
		goto out;
	crypto_modp_public(sec_span(&priv), public);
	if (!(e = new_call(m, DH, SPAN(public, sizeof public), &in)) &&
	    !(e = move_call(m, in, &rep)))
		e = agree(m, &priv, rep);
out:
	sec_done(&priv);
	sd_bus_message_unref(rep);
	return e;
}

static enum err
open_plain(struct move *m)
{
	sd_bus_message *in = NULL, *rep = NULL;
	enum err e;
	int r;

	m->transport = (struct transport){ .kind = TRANSPORT_PLAIN };
	if ((e = new_call(m, "plain", SPAN_NONE, &in)) || (e = move_call(m, in, &rep)))
		return e;
	if ((r = sd_bus_message_skip(rep, "v")) < 0)
		e = move_error(m, r);
	else
		e = keep_path(m, rep);
	sd_bus_message_unref(rep);
	return e;
}

enum err
move_session(struct move *m)
{
	enum err e = open_dh(m);

	return e && e != ERR_NOMEM ? open_plain(m) : e;
}
