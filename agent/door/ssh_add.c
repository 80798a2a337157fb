/*
 * ssh_add.c - keys that clients bring: SSH_AGENTC_ADD_IDENTITY and ADD_ID_CONSTRAINED (RFC 9987
 * 5.2), with the constraints that we can keep.  Any other constraint refuses the key: a key whose
 * limits are not known must not be used.
 */
#include "agent/door/front.h"
#include "lib/sec.h"
#include "lib/sshkey.h"
#include "lib/text.h"

#define LIFETIME  1 /* RFC 9987 5.2.6 */
#define CONFIRM	  2
#define EXTENSION 255
#define RESTRICT  "restrict-destination-v00@openssh.com"

/* What a key was added with. */
struct limits {
	bool lifetime, confirm, restricted;
	uint32_t seconds;
	struct buf dest; /* struct ssh_destination, encoded */
	size_t ndest;
};

/* ---- restrict-destination-v00@openssh.com (PROTOCOL.agent 2) ---- */
static enum err
take_hop_keys(struct ssh_reader *r, struct buf *b, struct wire_list *keys)
{
	enum err e = ERR_OK;

	while (!e && r->left.len && !r->failed) {
		struct ssh_hop_key k = { .has = 0 };
		struct ssh_reader name;

		k.blob = ssh_read_string(r, SSH_HOSTKEY_MAX);
		k.ca = ssh_read_u8(r) != 0;
		/* what is no key would never be met */
		name = ssh_reader(k.blob);
		ssh_read_string(&name, 64);
		if (r->failed || name.failed || ++keys->n > SSH_HOP_KEYS)
			return ERR_SSH_CONSTRAINT;
		wire_mark(&ssh_hop_key_map, &k);
		e = wire_encode(&ssh_hop_key_map, &k, b);
	}
	return e ? e : ssh_reader_err(r);
}

/* One end of a hop.  user: where it may be given; elsewhere it has to be empty. */
static enum err
take_hop(
    struct span in, struct span *user, struct span *host, struct buf *b, struct wire_list *keys)
{
	struct ssh_reader r = ssh_reader(in);

	*user = ssh_read_string(&r, SSH_NAME_MAX);
	*host = ssh_read_string(&r, SSH_NAME_MAX);
	if (ssh_read_string(&r, 0).len)
		return ERR_SSH_CONSTRAINT;
	return take_hop_keys(&r, b, keys);
}

static enum err
take_destination(struct span in, struct buf *out)
{
	struct ssh_reader r = ssh_reader(in);
	struct ssh_destination d = { .has = 0 };
	struct buf from = BUF_INIT, to = BUF_INIT;
	struct span from_user, from_hop, to_hop;
	enum err e;

	from_hop = ssh_read_string(&r, SIZE_MAX);
	to_hop = ssh_read_string(&r, SIZE_MAX);
	(void)ssh_read_string(&r, 0);
	if ((e = ssh_reader_end(&r)) ||
	    (e = take_hop(from_hop, &from_user, &d.from_host, &from, &d.from_keys)) ||
	    (e = take_hop(to_hop, &d.to_user, &d.to_host, &to, &d.to_keys)))
		goto out;
	e = ERR_SSH_CONSTRAINT;
	if (from_user.len || !d.from_host.len != !d.from_keys.n || !d.to_host.len || !d.to_keys.n)
		goto out;
	d.from_keys.raw = buf_span(&from);
	d.to_keys.raw = buf_span(&to);
	wire_mark(&ssh_destination_map, &d);
	e = wire_encode(&ssh_destination_map, &d, out);
out:
	buf_done(&from);
	buf_done(&to);
	return e;
}

static enum err
take_extension(struct ssh_reader *r, struct limits *l)
{
	struct span name = ssh_read_string(r, 256);
	struct ssh_reader in;
	enum err e = ERR_OK;

	if (!span_is(name, RESTRICT) || l->restricted)
		return ERR_SSH_CONSTRAINT;
	l->restricted = true;
	in = ssh_reader(ssh_read_string(r, SIZE_MAX));
	while (!e && in.left.len && !in.failed) {
		struct span one = ssh_read_string(&in, SIZE_MAX);

		if (in.failed || ++l->ndest > SSH_DESTINATIONS)
			return ERR_SSH_CONSTRAINT;
		e = take_destination(one, &l->dest);
	}
	/* a restriction to nothing is none that OpenSSH would keep: better refused than free */
	return e || l->ndest ? e : ERR_SSH_CONSTRAINT;
}

static enum err
take_limits(struct ssh_reader *r, struct limits *l)
{
	enum err e = ERR_OK;

	while (!e && r->left.len && !r->failed) {
		uint8_t type = ssh_read_u8(r);

		if (type == LIFETIME && !l->lifetime) {
			l->lifetime = true;
			l->seconds = ssh_read_u32(r);
		} else if (type == CONFIRM && !l->confirm) {
			l->confirm = true;
		} else if (type == EXTENSION) {
			e = take_extension(r, l);
		} else {
			e = ERR_SSH_CONSTRAINT;
		}
	}
	return e ? e : ssh_reader_end(r);
}

/* ---- to the vault ---- */
/* Somebody at another machine, whose agent this is for a while, puts nothing into it for ever. */
static bool
is_from_elsewhere(const struct ssh_dest_path *path)
{
	struct cbor c = wire_each(&path->binds);
	struct ssh_bind b;

	for (size_t i = 0; i < path->binds.n && !wire_next(&ssh_bind_map, &c, &b); i++)
		if (b.forwarded)
			return true;
	return path->failed;
}

/* Kept in the vault under its comment: the name by which people know the file. */
static void
name_it(const struct sshkey_private *k, struct span comment, struct buf *account)
{
	if (comment.len && comment.len <= 255)
		buf_put_span(account, comment);
	else
		sshkey_fingerprint(buf_span(&k->blob), account);
}

static enum err
forward(struct conn *c, const struct sshkey_private *k, struct span comment, const struct limits *l)
{
	struct buf account = BUF_INIT;
	struct ops_key_add in = { .alg = span_str(sshkey_alg(k->type)),
		.private_key = sec_span(&k->canonical),
		.certificate = buf_span(&k->cert),
		.comment = comment,
		.confirm = l->confirm,
		.lifetime = l->lifetime && !l->seconds ? 1 : l->seconds,
		.dest = { .n = l->ndest, .raw = buf_span(&l->dest) } };
	enum err e;

	/* who sets limits does not mean for ever */
	if (c->f->start.conf.ssh_add == CONF_SSH_VAULT && !l->lifetime && !l->confirm &&
	    !l->ndest && !k->cert.len && !is_from_elsewhere(&c->ssh->path)) {
		name_it(k, comment, &account);
		in.keep = true;
		in.service = SPAN_LIT("ssh");
		in.account = buf_span(&account);
		in.source = SPAN_LIT("ssh-add");
	}
	wire_mark(&ops_key_add_map, &in);
	e = ssh_ask(c, OP_KEY_ADD, &in);
	buf_done(&account);
	return e;
}

/* A key that this connection may not see is not replaced by it either. */
static enum err
may_replace(struct conn *c, const struct sshkey_private *k)
{
	struct span blob = buf_span(k->cert.len ? &k->cert : &k->blob);
	const struct ssh_key *old = ssh_keys_find(&c->f->ssh.keys, blob);

	return old && !ssh_dest_visible(&old->dest, &c->ssh->path) ? ERR_SSH_PATH : ERR_OK;
}

enum err
ssh_add(struct conn *c, struct ssh_reader *r, bool constrained)
{
	struct sshkey_private k = { .type = 0 };
	struct limits l = { .seconds = 0 };
	struct buf comment = BUF_INIT;
	struct span given;
	enum err e;

	if ((e = sshkey_parse_private(r, &k)))
		goto out;
	given = ssh_read_string(r, SSH_COMMENT_MAX);
	text_printable(given, &comment);
	if ((e = buf_err(&comment)) || (e = constrained ? take_limits(r, &l) : ssh_reader_end(r)))
		goto out;
	if (comment.len > SSH_COMMENT_MAX)
		buf_reset(&comment);
	if (!(e = may_replace(c, &k)))
		e = forward(c, &k, buf_span(&comment), &l);
out:
	sshkey_private_done(&k);
	buf_done(&comment);
	buf_done(&l.dest);
	return e;
}
