/* sshlogin.c - the message of a login, and what of it is signed. */
#include "lib/sshlogin.h"

#include "lib/crypto.h"
#include "lib/ssh_wire.h"

#define MAGIC "SSHSIG" /* without its NUL */

static bool
is_sound(const struct sshlogin *l)
{
	return l->nonce.len == SSHLOGIN_NONCE && l->host.len <= SSHLOGIN_TEXT_MAX &&
	    l->service.len && l->service.len <= SSHLOGIN_TEXT_MAX && l->user.len &&
	    l->user.len <= SSHLOGIN_TEXT_MAX;
}

enum err
sshlogin_put(const struct sshlogin *l, struct buf *message)
{
	if (!is_sound(l))
		return ERR_RANGE;
	ssh_put_text(message, SSHLOGIN_DOMAIN);
	ssh_put_string(message, l->nonce);
	ssh_put_string(message, l->host);
	ssh_put_string(message, l->service);
	ssh_put_string(message, l->user);
	return buf_err(message);
}

enum err
sshlogin_parse(struct span message, struct sshlogin *out)
{
	struct ssh_reader r = ssh_reader(message);
	struct span domain = ssh_read_string(&r, sizeof SSHLOGIN_DOMAIN);
	struct sshlogin l;

	l.nonce = ssh_read_string(&r, SSHLOGIN_NONCE);
	l.host = ssh_read_string(&r, SSHLOGIN_TEXT_MAX);
	l.service = ssh_read_string(&r, SSHLOGIN_TEXT_MAX);
	l.user = ssh_read_string(&r, SSHLOGIN_TEXT_MAX);
	if (ssh_reader_end(&r) || !span_is(domain, SSHLOGIN_DOMAIN) || !is_sound(&l))
		return ERR_FORMAT;
	*out = l;
	return ERR_OK;
}

enum err
sshlogin_tbs(struct span message, struct buf *tbs)
{
	uint8_t hash[64];

	crypto_sha512(message, hash);
	buf_put_str(tbs, MAGIC);
	ssh_put_text(tbs, SSHLOGIN_NAMESPACE);
	ssh_put_string(tbs, SPAN_NONE);
	ssh_put_text(tbs, "sha512");
	ssh_put_string(tbs, SPAN(hash, sizeof hash));
	return buf_err(tbs);
}

bool
sshlogin_is_tbs(struct span data)
{
	struct ssh_reader r = ssh_reader(data);
	struct span magic = ssh_read_bytes(&r, sizeof MAGIC - 1);
	struct span name_space = ssh_read_string(&r, data.len);

	return !ssh_reader_err(&r) && span_is(magic, MAGIC) &&
	    span_is(name_space, SSHLOGIN_NAMESPACE);
}
