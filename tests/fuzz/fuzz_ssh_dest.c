/*
 * Destination constraints against a path, both of any bytes: what is permitted is visible, wants a
 * proven path, and one more destination takes nothing away.  Patterns: as a plain recursion says.
 */
#include <stdlib.h>

#include "lib/buf.h"
#include "lib/ssh_dest.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
must(bool true_)
{
	if (!true_)
		abort();
}

static struct span
take(struct span *in)
{
	size_t n = 0;
	struct span s;

	if (in->len >= 2) {
		n = be16(in->p);
		*in = SPAN(in->p + 2, in->len - 2);
	}
	s = span_sub(*in, 0, n < in->len ? n : in->len);
	*in = SPAN(in->p + s.len, in->len - s.len);
	return s;
}

static bool
slow_match(struct span text, struct span pattern)
{
	struct span rest, next;

	if (!pattern.len)
		return !text.len;
	next = span_sub(pattern, 1, pattern.len - 1);
	rest = text.len ? span_sub(text, 1, text.len - 1) : text;
	if (pattern.p[0] == '*')
		return slow_match(text, next) || (text.len && slow_match(rest, pattern));
	return text.len && (pattern.p[0] == '?' || pattern.p[0] == text.p[0]) &&
	    slow_match(rest, next);
}

/* As many items as there are. */
static struct wire_list
list(struct span raw, const struct wire_map *m)
{
	struct cbor c = cbor_from(raw);
	struct wire_list l = { .raw = raw };
	union {
		struct ssh_bind bind;
		struct ssh_destination dest;
	} one;

	while (!cbor_at_end(&c) && !wire_decode_at(m, &c, &one))
		l.n++;
	return l;
}

static void
check_permitted(const struct wire_list *dest, const struct ssh_dest_path *path,
    const struct ssh_dest_use *use, const struct ssh_dest_hosts *hosts)
{
	struct cbor c = wire_each(&path->binds);
	struct ssh_bind b = { .has = 0 };

	if (!dest->n)
		return;
	for (size_t i = 0; i < path->binds.n; i++)
		must(!wire_next(&ssh_bind_map, &c, &b));
	must(path->binds.n && !b.forwarded && span_eq(b.session, use->session));
	must(use->user.len && hosts->last.len);
	must(!use->hostkey.len || span_eq(use->hostkey, b.hostkey));
	must(ssh_dest_visible(dest, path));
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span in = SPAN(p, n), text, pattern;
	struct wire_list dest = list(take(&in), &ssh_destination_map), fewer;
	struct ssh_dest_path path = { .binds = list(take(&in), &ssh_bind_map) };
	struct ssh_dest_use use = { .session = take(&in) };
	struct ssh_dest_hosts hosts;
	enum err e;

	use.user = take(&in);
	use.hostkey = take(&in);
	path.failed = in.len && in.p[0] & 1;
	e = ssh_dest_permit(&dest, &path, &use, &hosts);
	must(!e || e == ERR_SSH_PATH || e == ERR_SSH_DESTINATION);
	if (!e)
		check_permitted(&dest, &path, &use, &hosts);
	fewer = dest;
	if (dest.n > 1) {
		fewer.n--;
		if (!ssh_dest_permit(&fewer, &path, &use, NULL))
			must(!e);
		if (ssh_dest_visible(&fewer, &path))
			must(ssh_dest_visible(&dest, &path));
	}
	text = span_sub(use.user, 0, use.user.len < 12 ? use.user.len : 12);
	pattern = span_sub(use.session, 0, use.session.len < 8 ? use.session.len : 8);
	must(ssh_dest_match(text, pattern) == slow_match(text, pattern));
	return 0;
}
