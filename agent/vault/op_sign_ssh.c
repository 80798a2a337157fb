/*
 * op_sign_ssh.c - SSH signatures: by a key of the vault (item, or the row of its certificate) as
 * its policy says, or by one that was added, within what it was added with.
 *
 * The hot path (Ed25519, free or agreed to) allocates nothing once warm.  Slow algorithms go to the
 * worker (slowsign.h).
 */
#include "agent/format/ssh.h"
#include "agent/vault/audit.h"
#include "agent/vault/itemop.h"
#include "agent/vault/job.h"
#include "agent/vault/op_sign.h"
#include "agent/vault/policy.h"
#include "agent/vault/slowsign.h"
#include "agent/vault/sshrows.h"
#include "lib/crypto.h"
#include "lib/ssh_dest.h"
#include "lib/ssh_wire.h"
#include "lib/text.h"

/* Who signs. */
struct signer {
	bool added;
	uint8_t id[16];		    /* as the request names it, when it is an id */
	bool cert;		    /* of the vault: by its certificate */
	struct item it;		    /* of the vault */
	const struct addedkey *key; /* added */
	struct itemop_agreed agreed;
};

/* What comes of it.  One that need not wait uses the one that is there. */
struct signing {
	struct buf blob, tbs, sig, out;
	struct format_ssh_key key;
};
static struct signing quick;

/* ---- which key ---- */
static enum err
find_row(struct req *r, struct signer *s)
{
	const struct sshrow *row = sshrows_find(r->v, s->id);

	if (!row || !row->cert)
		return ERR_NOTFOUND;
	s->cert = true;
	return body_item_by_id(&r->v->open.body, row->item, &s->it);
}

static enum err
find(struct req *r, struct signer *s)
{
	const struct ops_sign *in = r->in;
	size_t n = 0;
	bool id = in->label.len == 32 &&
	    !text_decode(TEXT_HEX, in->label, s->id, sizeof s->id, &n) && n == sizeof s->id;

	s->cert = false;
	s->added = id && (s->key = sshrows_added_find(r->v, s->id)) != NULL;
	if (s->added)
		return ERR_OK;
	if (!itemop_find(r->v, ITEM_KEY, in->label, &s->it))
		return ERR_OK;
	return id ? find_row(r, s) : ERR_NOTFOUND;
}

bool
op_sign_ssh_knows(struct req *r)
{
	struct signer s;

	return !find(r, &s);
}

/* ---- what people read ---- */
static void
put_quoted(struct buf *b, const char *before, struct span text)
{
	buf_put_str(b, before);
	text_printable(text, b);
}

/* How sure it is: a name that a certificate vouches for, else the fingerprint of the host's key. */
static void
put_host(struct buf *b, const struct ops_sign *in, struct span known)
{
	struct cbor c = wire_each(&in->binds), names;
	struct ssh_bind bind = { .has = 0 };
	struct span host = in->hostkey, name;

	for (size_t i = 0; i < in->binds.n && !wire_next(&ssh_bind_map, &c, &bind); i++)
		;
	if (!host.len && span_eq(bind.session, in->session))
		host = bind.hostkey;
	if (!host.len) {
		buf_put_str(b, "\nhost: not known (its ssh does not say)");
		return;
	}
	names = wire_each(&bind.names);
	if (known.len)
		put_quoted(b, "\nhost: ", known);
	else if (span_eq(host, bind.hostkey) && bind.names.n && !cbor_get_bytes(&names, &name))
		put_quoted(b, "\nhost (as certified): ", name);
	buf_put_str(b, "\nkey of the host: ");
	sshkey_fingerprint(host, b);
}

/* Hosts that the agent is forwarded over: their keys, one behind the other; the last of them. */
static size_t
forwarded(const struct ops_sign *in, struct buf *keys, struct span *last)
{
	struct cbor c = wire_each(&in->binds);
	struct ssh_bind bind;
	size_t n = 0;

	for (size_t i = 0; i < in->binds.n && !wire_next(&ssh_bind_map, &c, &bind); i++) {
		if (!bind.forwarded)
			continue;
		*last = bind.hostkey;
		ssh_put_string(keys, bind.hostkey);
		n++;
	}
	return n;
}

static void
put_path(struct buf *b, const struct ops_sign *in)
{
	struct buf keys = BUF_INIT;
	struct span last = SPAN_NONE;
	size_t n = forwarded(in, &keys, &last);

	if (in->unproven)
		buf_put_str(b, "\nasked by a host that could not be verified, or for one");
	if (n) {
		buf_putf(b, "\nasked through a forwarded agent, %zu hop%s, by the host with key ",
		    n, n > 1 ? "s" : "");
		sshkey_fingerprint(last, b);
	}
	buf_done(&keys);
}

/* Somebody at another machine, not the process that connects us: who, for grants.  NULL: nobody. */
static const uint8_t *
through(const struct ops_sign *in, uint8_t hash[32])
{
	struct buf keys = BUF_INIT;
	struct span last;
	bool is;

	if (!in->binds.n && !in->unproven)
		return NULL;
	/* one that was bound for a login of its own is of this machine */
	is = forwarded(in, &keys, &last) || in->unproven;
	buf_put_u8(&keys, in->unproven);
	crypto_sha256(buf_span(&keys), hash);
	if (buf_err(&keys))
		crypto_random(hash, 32); /* nobody's */
	buf_done(&keys);
	return is ? hash : NULL;
}

static void
describe(const struct ops_sign *in, struct span host, struct buf *b)
{
	if (in->type == OPS_SIGN_RAW) {
		buf_put_str(b, "raw bytes: nobody can tell what this signs");
	} else if (op_sign_is_login(in)) {
		op_sign_login_put(in, b);
	} else if (in->type == OPS_SIGN_SSHSIG) {
		put_quoted(b, "signature for namespace ", in->name_space);
	} else {
		put_quoted(b, "ssh login as ", in->user);
		put_host(b, in, host);
	}
	put_path(b, in);
}

/* ---- may it ---- */
static enum err
agree_vault(struct req *r, struct signer *s)
{
	const struct ops_sign *in = r->in;
	struct use u = { .item = &s->it,
		.verb = "sign with",
		.request = in->hash.len ? in->hash
		    : in->data.len	? in->data
					: in->session,
		/* ssh and git start a process for each signature */
		.by_session =
		    in->type != OPS_SIGN_RAW && (in->bare || in->type == OPS_SIGN_SSH_USERAUTH),
		.each = op_sign_is_login(in) };
	struct buf text = BUF_INIT, touch = BUF_INIT;
	uint8_t hash[32];
	enum err e;

	if ((e = op_sign_may(&s->it, in->type)))
		return e;
	itemop_agree(&s->it, &s->agreed);
	if (u.each) {
		op_sign_login_touch(in, &touch);
		u.touch = buf_cstr(&touch);
	}
	if (s->it.policy.use != USE_FREE || u.each) {
		describe(in, SPAN_NONE, &text);
		u.detail = buf_cstr(&text);
		u.through = through(in, hash);
	}
	if (!(e = buf_err(&text)) && !(e = buf_err(&touch)))
		e = policy_use(r, &u);
	buf_done(&text);
	buf_done(&touch);
	return e;
}

static enum err
confirm_login(struct req *r, const char *text)
{
	const struct ops_sign *in = r->in;
	struct use u = { .request = in->hash };
	struct buf touch = BUF_INIT;
	enum err e;

	op_sign_login_touch(in, &touch);
	u.touch = buf_cstr(&touch);
	if (!(e = buf_err(&touch)))
		e = policy_each(r, &u, text);
	buf_done(&touch);
	return e;
}

static enum err
confirm(struct req *r, const struct signer *s, struct span host)
{
	struct buf b = BUF_INIT;
	enum err e;

	text_printable(span_str(r->c && r->c->label[0] ? r->c->label : "a program"), &b);
	buf_putf(&b, " (process %d)\nwants to use the added ssh key\n", r->c ? (int)r->c->pid : 0);
	text_printable(addedkey_comment(s->key), &b);
	buf_put_str(&b, "\n");
	sshkey_fingerprint(addedkey_blob(s->key), &b);
	buf_put_str(&b, "\n");
	describe(r->in, host, &b);
	if (!(e = buf_err(&b)))
		e = op_sign_is_login(r->in) ? confirm_login(r, buf_cstr(&b))
					    : job_confirm(r->job, buf_cstr(&b));
	buf_done(&b);
	return audit_event(r, AUDIT_ASK, s->id, e);
}

/* As OpenSSH's agent: a key with destinations signs logins only, over the connection that was bound
 * for it, to hosts that it names. */
static enum err
permit_added(const struct ops_sign *in, const struct signer *s, struct ssh_dest_hosts *hosts)
{
	struct ssh_dest_path path = { .binds = in->binds };
	struct ssh_dest_use use = { .session = in->session, .user = in->user };
	struct wire_list dest = addedkey_dest(s->key);

	use.hostkey = in->hostkey;
	if (in->type != OPS_SIGN_SSH_USERAUTH)
		use = (struct ssh_dest_use){ .user = SPAN_NONE };
	return ssh_dest_permit(&dest, &path, &use, hosts);
}

static enum err
agree_added(struct req *r, struct signer *s)
{
	const struct ops_sign *in = r->in;
	struct ssh_dest_hosts hosts;
	enum err e;

	if (in->type == OPS_SIGN_RAW) /* it has no policy that could say so */
		return ERR_DENIED;
	if ((e = permit_added(in, s, &hosts)))
		return e;
	if (!s->key->confirm && !op_sign_is_login(in)) {
		audit_count(r, s->id);
		return ERR_OK;
	}
	REQ_MUST_WAIT(r);
	return confirm(r, s, hosts.last);
}

/* The person took their time: what was found may have moved, gone or become stricter. */
static enum err
find_again(struct req *r, struct signer *s)
{
	const struct ops_sign *in = r->in;
	struct ssh_dest_hosts hosts;
	enum err e;

	if (r->v->ssh->locked)
		return ERR_SSH_LOCKED;
	if (s->added) {
		s->key = sshrows_added_find(r->v, s->id);
		return s->key ? permit_added(in, s, &hosts) : ERR_NOTFOUND;
	}
	e = itemop_again(r->v, &s->agreed, &s->it);
	return e ? e : op_sign_may(&s->it, in->type);
}

/* ---- the signature ---- */
static enum err
load_added(const struct signer *s, struct format_ssh_key *k)
{
	*k = (struct format_ssh_key){ .type = (enum sshkey_type)s->key->type,
		.canonical = addedkey_canonical(s->key),
		.blob = addedkey_blob(s->key),
		.cert = s->key->cert };
	if (k->type == SSHKEY_ED25519)
		k->point = SPAN(s->key->secret.p + 32, 32);
	return ERR_OK;
}

static enum err
load_vault(struct req *r, const struct signer *s, struct signing *w)
{
	struct format_ssh_key *k = &w->key;
	struct format_in key;
	enum err e;

	*k = (struct format_ssh_key){ .cert = s->cert };
	if (!sshkey_type_of_alg(s->it.origin.alg, &k->type))
		return ERR_UNSUPPORTED;
	if ((e = itemop_key(r->v, &s->it, &key)))
		return e;
	k->canonical = key.priv;
	if (k->type == SSHKEY_ED25519)
		k->point = key.pub;
	if (s->cert && (e = sshrows_blob(&s->it, true, &w->blob)))
		return e;
	if (!s->cert && k->type == SSHKEY_ED25519)
		format_ssh_ed25519(key.pub, &w->blob);
	else if (!s->cert)
		buf_put_span(&w->blob, key.pub);
	k->blob = buf_span(&w->blob);
	return buf_err(&w->blob);
}

/* The host is shown the certificate: it has to be of the key that signs. */
static enum err
use_certificate(struct span cert, struct format_ssh_key *k)
{
	struct buf plain = BUF_INIT;
	struct sshkey_public c;
	enum err e;

	if (k->cert)
		return ERR_SSHKEY_CERT;
	if (!(e = sshkey_parse_public(cert, &c)) && !(e = sshkey_put_plain(&c, &plain)) &&
	    !(e = buf_err(&plain)) && (!c.is_cert || !span_eq(buf_span(&plain), k->blob)))
		e = ERR_SSHKEY_PAIR;
	buf_done(&plain);
	k->blob = cert;
	k->cert = true;
	return e;
}

static enum err
make_slowly(struct req *r, struct signing *w)
{
	struct slowsign_want want = { .type = w->key.type, .canonical = w->key.canonical };
	struct span blob = w->key.blob;
	enum err e;

	if ((e = format_ssh_hash(w->key.type, r->in, &want.hash)))
		return e;
	/* of an added key: it may be forgotten while the worker works */
	if (!w->blob.len) {
		buf_put_span(&w->blob, blob);
		w->key.blob = buf_span(&w->blob);
	}
	want.data = buf_span(&w->tbs);
	return (e = buf_err(&w->blob)) ? e : slowsign(r->job, &want, &w->sig);
}

static enum err
make(struct req *r, const struct signer *s, struct signing *w)
{
	const struct ops_sign *in = r->in;
	struct ops_sign_rep rep = { .has = 3 };
	enum err e;

	if ((e = s->added ? load_added(s, &w->key) : load_vault(r, s, w)) ||
	    (in->certificate.len && (e = use_certificate(in->certificate, &w->key))) ||
	    (e = format_ssh_tbs(&w->key, r->in, &w->tbs)))
		return e;
	if (slowsign_is(w->key.type))
		e = make_slowly(r, w);
	else
		e = format_ssh_make(&w->key, r->in, buf_span(&w->tbs), &w->sig);
	if (e || (e = format_ssh_wrap(&w->key, r->in, buf_span(&w->sig), &w->out)))
		return e;
	rep.signature = buf_span(&w->out);
	rep.public_key = w->key.type == SSHKEY_ED25519 && !w->key.cert ? w->key.point : w->key.blob;
	return req_reply(r, &rep);
}

static bool
is_slow(const struct signer *s)
{
	enum sshkey_type type;

	if (s->added)
		return slowsign_is((enum sshkey_type)s->key->type);
	return sshkey_type_of_alg(s->it.origin.alg, &type) && slowsign_is(type);
}

static enum err
make_in_job(struct req *r, const struct signer *s)
{
	struct signing w = { .blob = BUF_INIT };
	enum err e = make(r, s, &w);

	buf_done(&w.blob);
	buf_done(&w.tbs);
	buf_done(&w.sig);
	buf_done(&w.out);
	return e;
}

static enum err
make_now(struct req *r, const struct signer *s)
{
	enum err e;

	buf_reset(&quick.blob);
	buf_reset(&quick.tbs);
	buf_reset(&quick.sig);
	buf_reset(&quick.out);
	e = make(r, s, &quick);
	quick.key = (struct format_ssh_key){ .type = SSHKEY_ED25519 };
	return e;
}

enum err
op_sign_ssh(struct req *r)
{
	struct signer s;
	enum err e;

	if (r->v->ssh->locked)
		return ERR_SSH_LOCKED;
	if (op_sign_is_login(r->in) && (e = op_sign_login_check(r->in)))
		return e;
	if ((e = find(r, &s)))
		return e;
	if (is_slow(&s))
		REQ_MUST_WAIT(r);
	if ((e = s.added ? agree_added(r, &s) : agree_vault(r, &s)))
		return e;
	if (r->job && (e = find_again(r, &s)))
		return e;
	if (!(e = is_slow(&s) ? make_in_job(r, &s) : make_now(r, &s)))
		vault_touch(r->v);
	return e;
}
