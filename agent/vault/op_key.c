/* op_key.c - keys that come from elsewhere: until lock, for the ssh door, or into the vault. */
#include "agent/vault/audit.h"
#include "agent/vault/keepkey.h"
#include "agent/vault/op.h"
#include "agent/vault/sshrows.h"
#include "lib/text.h"

#define CERT_LINE_MOST 8191 /* of an attribute (item.h) */

/* What is added, checked: the public blob is made from the private bytes, never believed. */
struct adding {
	struct buf plain; /* blob of the public key */
	struct sshkey_public key;
	struct addedkeys_want want;
};

/* The certificate has to be of this key; whether it is in force is for who is shown it. */
static enum err
check_certificate(struct adding *a, struct span cert)
{
	struct sshkey_public c;
	struct buf inside = BUF_INIT;
	enum err e;

	if ((e = sshkey_parse_public(cert, &c)))
		return e;
	if (!c.is_cert)
		return ERR_SSHKEY_CERT;
	if (!(e = sshkey_put_plain(&c, &inside)) && !(e = buf_err(&inside)) &&
	    !span_eq(buf_span(&inside), buf_span(&a->plain)))
		e = ERR_SSHKEY_PAIR;
	buf_done(&inside);
	return e;
}

static enum err
check(const struct ops_key_add *in, struct adding *a)
{
	enum err e;

	if (!sshkey_type_of_alg(in->alg, &a->want.type))
		return ERR_SSHKEY_KIND;
	if ((e = sshkey_public_of(a->want.type, in->private_key, &a->plain)) ||
	    (e = buf_err(&a->plain)) || (e = sshkey_parse_public(buf_span(&a->plain), &a->key)))
		return e;
	if (in->certificate.len && (e = check_certificate(a, in->certificate)))
		return e;
	a->want.canonical = in->private_key;
	a->want.point = a->want.type == SSHKEY_ED25519 ? a->key.point : SPAN_NONE;
	a->want.blob = in->certificate.len ? in->certificate : buf_span(&a->plain);
	a->want.cert = in->certificate.len != 0;
	a->want.comment = in->comment;
	a->want.dest = in->dest;
	a->want.confirm = in->confirm;
	if (in->lifetime)
		a->want.expires = loop_now() / 1000 + in->lifetime;
	return ERR_OK;
}

static enum err
answer(struct req *r, const uint8_t id[16], bool there)
{
	struct ops_key_add_rep rep = { .id = SPAN(id, 16), .there = there };

	wire_mark(&ops_key_add_rep_map, &rep);
	return req_reply(r, &rep);
}

/* What the vault has needs no second row; with limits that the vault's key does not have, it would
 * not be limited at all. */
static enum err
add_known(struct req *r, const struct sshrow *row)
{
	const struct ops_key_add *in = r->in;

	if (in->lifetime || in->confirm || in->dest.n)
		return ERR_KEY_IN_VAULT;
	return answer(r, row->id, true);
}

static enum err
add_until_lock(struct req *r)
{
	struct adding a = { .plain = BUF_INIT };
	const struct sshrow *known;
	uint8_t id[16];
	bool there;
	enum err e;

	if (!(e = check(r->in, &a))) {
		if ((known = sshrows_find_blob(r->v, a.want.blob)))
			e = add_known(r, known);
		else if (!(e = addedkeys_put(r->v->ssh->added, &a.want, id, &there))) {
			audit_count(r, id);
			sshrows_added(r->v, addedkeys_find(r->v->ssh->added, id));
			e = answer(r, id, there);
		}
	}
	buf_done(&a.plain);
	return e;
}

/* "type base64", as an attribute of the item. */
static void
put_line(struct span cert, struct buf *line)
{
	struct sshkey_public c;

	if (sshkey_parse_public(cert, &c))
		return;
	buf_put_str(line, sshkey_name(c.type, true));
	buf_put_str(line, " ");
	text_encode(TEXT_BASE64, cert, line);
}

static enum err
keep(struct req *r)
{
	const struct ops_key_add *in = r->in;
	struct adding a = { .plain = BUF_INIT };
	struct buf line = BUF_INIT;
	struct keepkey k = { .blob = SPAN_NONE };
	enum err e = ERR_OK;

	REQ_MUST_WAIT(r);
	if (span_is(in->service, "ssh")) {
		if (!(e = check(in, &a)))
			put_line(in->certificate, &line);
		k = (struct keepkey){ .cert_line = buf_span(&line), .blob = a.want.blob };
	} else if (in->certificate.len) {
		e = ERR_KEY_SERVICE;
	}
	if (!e && !(e = buf_err(&line)))
		e = line.len > CERT_LINE_MOST ? ERR_TOOBIG : keepkey(r, &k);
	buf_done(&a.plain);
	buf_done(&line);
	return e;
}

enum err
op_key_add(struct req *r)
{
	const struct ops_key_add *in = r->in;

	if (in->keep)
		return keep(r);
	return r->v->ssh->locked ? ERR_SSH_LOCKED : add_until_lock(r);
}
