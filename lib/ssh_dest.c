/*
 * ssh_dest.c - destination constraints.  A path is a chain of hops: from here to the first host,
 * from that one to the next, ...  Each has to be permitted by some destination of the key.
 */
#include "lib/ssh_dest.h"

#include "lib/buf.h"

#define CERT_SUFFIX "-cert-v01@openssh.com"

/* The hop that is looked at. */
struct hop {
	const struct ssh_bind *from; /* NULL: from here */
	const struct ssh_bind *to;   /* NULL: to anywhere */
	struct span user;	     /* empty: not known, any */
};

bool
ssh_dest_match(struct span text, struct span pattern)
{
	size_t t = 0, p = 0, star = SIZE_MAX, again = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			again = t;
		} else if (p < pattern.len && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			/* the last star takes one byte more */
			p = star + 1;
			t = ++again;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

/* Is the key's name (its first string) that of a certificate? */
static bool
is_certificate(struct span blob)
{
	struct span suffix = SPAN_LIT(CERT_SUFFIX), name;

	if (blob.len < 4)
		return false;
	name = span_sub(blob, 4, be32(blob.p));
	return name.len > suffix.len &&
	    span_eq(span_sub(name, name.len - suffix.len, suffix.len), suffix);
}

/* A host certificate's principals may be patterns. */
static bool
is_named(const struct ssh_bind *b, struct span host)
{
	struct cbor c = wire_each(&b->names);
	struct span name;

	for (size_t i = 0; i < b->names.n && !cbor_get_bytes(&c, &name); i++)
		if (ssh_dest_match(host, name))
			return true;
	return false;
}

/* A certificate counts only by its CA: the bind has one only if front found it valid. */
static bool
is_key_of(const struct ssh_bind *b, const struct ssh_hop_key *k, struct span host)
{
	if (!is_certificate(b->hostkey))
		return !k->ca && span_eq(k->blob, b->hostkey);
	return k->ca && b->ca.len && span_eq(k->blob, b->ca) && is_named(b, host);
}

static bool
has_key(const struct ssh_bind *b, const struct wire_list *keys, struct span host)
{
	struct cbor c = wire_each(keys);
	struct ssh_hop_key k;

	for (size_t i = 0; i < keys->n && !wire_next(&ssh_hop_key_map, &c, &k); i++)
		if (is_key_of(b, &k, host))
			return true;
	return false;
}

static bool
fits(const struct ssh_destination *d, const struct hop *h)
{
	/* a destination without a from is for the first hop, and for that one only */
	if (h->from ? !has_key(h->from, &d->from_keys, d->from_host)
		    : d->from_host.len || d->from_keys.n)
		return false;
	if (h->to && !has_key(h->to, &d->to_keys, d->to_host))
		return false;
	return !d->to_user.len || !h->user.len || ssh_dest_match(h->user, d->to_user);
}

/* Some destination permits it; host: to where, as that one says. */
static bool
is_permitted(const struct wire_list *dest, const struct hop *h, struct span *host)
{
	struct cbor c = wire_each(dest);
	struct ssh_destination d;

	for (size_t i = 0; i < dest->n && !wire_next(&ssh_destination_map, &c, &d); i++) {
		if (!fits(&d, h))
			continue;
		*host = d.to_host;
		return true;
	}
	return false;
}

/* All binds, and the last of them.  user empty: it is not about a signature. */
static enum err
walk(const struct wire_list *dest, const struct wire_list *binds, struct span user,
    struct ssh_bind *last, struct ssh_dest_hosts *hosts)
{
	struct cbor c = wire_each(binds);
	struct ssh_bind bind[2];
	struct hop h = { .from = NULL };
	struct span host;

	for (size_t i = 0; i < binds->n; i++) {
		struct ssh_bind *b = &bind[i & 1];
		bool is_last = i + 1 == binds->n;

		if (wire_next(&ssh_bind_map, &c, b))
			return ERR_SSH_PATH;
		/* only the last one may be a login, and only there somebody can sign */
		if (is_last ? b->forwarded && user.len : !b->forwarded)
			return ERR_SSH_PATH;
		h.to = b;
		h.user = is_last ? user : SPAN_NONE;
		if (!is_permitted(dest, &h, &host))
			return ERR_SSH_DESTINATION;
		if (is_last)
			hosts->last = host;
		else if (i == 0)
			hosts->forward = host;
		h.from = b;
	}
	*last = bind[(binds->n - 1) & 1];
	return ERR_OK;
}

bool
ssh_dest_visible(const struct wire_list *dest, const struct ssh_dest_path *path)
{
	struct ssh_dest_hosts hosts = { .last = SPAN_NONE };
	struct ssh_bind last;
	struct hop beyond = { .from = &last };
	struct span host;

	if (!dest->n)
		return true;
	if (!path->binds.n)
		return !path->failed;
	if (walk(dest, &path->binds, SPAN_NONE, &last, &hosts))
		return false;
	/* forwarded to there: it has to be of use from there on */
	return !last.forwarded || is_permitted(dest, &beyond, &host);
}

/* The request is for the session that was bound last, and names its host; the first hop's client
 * may be one that does not know how to name it. */
static bool
is_of(const struct ssh_dest_use *use, const struct ssh_bind *last, size_t binds)
{
	if (!use->user.len || !span_eq(use->session, last->session))
		return false;
	return use->hostkey.len ? span_eq(use->hostkey, last->hostkey) : binds == 1;
}

enum err
ssh_dest_permit(const struct wire_list *dest, const struct ssh_dest_path *path,
    const struct ssh_dest_use *use, struct ssh_dest_hosts *hosts)
{
	struct ssh_dest_hosts found = { .last = SPAN_NONE };
	struct ssh_bind last;
	enum err e;

	if (!dest->n)
		goto out;
	if (!path->binds.n || !use->user.len)
		return ERR_SSH_PATH;
	if ((e = walk(dest, &path->binds, use->user, &last, &found)))
		return e;
	if (!is_of(use, &last, path->binds.n))
		return ERR_SSH_PATH;
out:
	if (hosts)
		*hosts = found;
	return ERR_OK;
}
