/*
 * ssh_bind.c - session-bind@openssh.com (PROTOCOL.agent 1): which SSH connection a connection to
 * the agent belongs to, proven by the host's signature over the session id.
 */
#include <time.h>

#include "agent/door/ssh.h"
#include "lib/sshkey.h"

/* The names of a host certificate, as a list of byte strings.  Those that no host can have are left
 * out. */
static enum err
put_names(struct span principals, struct buf *b, struct wire_list *names)
{
	struct span one;

	while (sshkey_next(&principals, &one)) {
		if (!one.len || one.len > SSH_NAME_MAX)
			continue;
		cbor_put_bytes(b, one);
		names->n++;
	}
	names->raw = buf_span(b);
	return buf_err(b);
}

/* A certificate counts only while it is valid, and for the hosts that it names. */
static enum err
put_authority(const struct sshkey_public *k, struct buf *mem, struct ssh_bind *b)
{
	struct sshkey_cert_want want = { .type = SSHKEY_CERT_HOST, .now = (uint64_t)time(NULL) };

	if (!k->is_cert || !k->cert.nprincipals || sshkey_cert_check(k, &want))
		return ERR_OK;
	b->ca = k->cert.ca;
	return put_names(k->cert.principals, mem, &b->names);
}

/* The same session again is nothing new; another host for it is a lie; and nothing comes behind a
 * login.  *known: it is there. */
static enum err
compare(const struct ssh_conn *s, const struct ssh_bind *b, bool *known)
{
	struct cbor c = wire_each(&s->path.binds);
	struct ssh_bind old;

	*known = false;
	for (size_t i = 0; i < s->path.binds.n; i++) {
		if (wire_next(&ssh_bind_map, &c, &old))
			return ERR_INTERNAL;
		if (!old.forwarded)
			return ERR_SSH_BIND;
		if (!span_eq(old.session, b->session))
			continue;
		*known = span_eq(old.hostkey, b->hostkey);
		return *known ? ERR_OK : ERR_SSH_BIND;
	}
	return ERR_OK;
}

static enum err
append(struct ssh_conn *s, const struct sshkey_public *k, struct ssh_bind *b)
{
	struct buf mem = BUF_INIT;
	enum err e;

	if (s->path.binds.n >= SSH_BINDS)
		return ERR_LIMIT;
	if (!(e = put_authority(k, &mem, b))) {
		wire_mark(&ssh_bind_map, b);
		if (!(e = wire_encode(&ssh_bind_map, b, &s->binds)))
			s->path.binds.n++;
	}
	s->path.binds.raw = buf_span(&s->binds);
	buf_done(&mem);
	return e;
}

static enum err
take(struct ssh_conn *s, struct ssh_reader *r)
{
	struct ssh_bind b = { .has = 0 };
	struct sshkey_public k;
	struct span signature;
	bool known;
	enum err e;

	b.hostkey = ssh_read_string(r, SSH_HOSTKEY_MAX);
	b.session = ssh_read_string(r, SSH_SESSION_MAX);
	signature = ssh_read_string(r, SSH_HOSTKEY_MAX);
	b.forwarded = ssh_read_u8(r) != 0;
	if ((e = ssh_reader_end(r)))
		return e;
	if (!b.session.len)
		return ERR_SSHKEY_FORMAT;
	if ((e = sshkey_parse_public(b.hostkey, &k)) ||
	    (e = sshkey_verify(b.hostkey, signature, b.session)) || (e = compare(s, &b, &known)))
		return e;
	return known ? ERR_OK : append(s, &k, &b);
}

enum err
ssh_bind_take(struct ssh_conn *s, struct ssh_reader *r)
{
	enum err e = take(s, r);

	if (e)
		s->path.failed = true;
	return e;
}
