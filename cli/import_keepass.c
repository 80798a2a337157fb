/* import_keepass.c - entries of KeePass as secrets. */
#include "cli/import_keepass.h"
#include "lib/text.h"

struct span
keepass_below_root(struct span group)
{
	const uint8_t *slash = group.len ? memchr(group.p, '/', group.len) : NULL;
	size_t n;

	if (!slash)
		return SPAN_NONE;
	n = (size_t)(slash + 1 - group.p);
	return n < group.len ? SPAN(group.p + n, group.len - n) : SPAN_NONE;
}

static void
put_below(struct import_list *l, struct span name, const char *what, struct span value)
{
	struct buf b = BUF_INIT;

	if (value.len == 0)
		return;
	import_join(&b, name, span_str(what));
	import_secret(l, buf_span(&b), value);
	buf_done(&b);
}

void
keepass_put_otp(struct import_list *l, struct span name, struct span address)
{
	if (address.len == 0)
		return;
	put_below(l, name, "otp", address);
	import_attribute(l, "kind", SPAN_LIT("otpauth"));
}

static void
name_of(const struct keepass_entry *e, struct buf *name)
{
	if (e->path.len) {
		buf_put_span(name, e->path);
		buf_put_str(name, "/");
	}
	buf_put_span(name, e->title.len ? e->title : SPAN_LIT("untitled"));
}

bool
keepass_put(struct import_list *l, const struct keepass_entry *e)
{
	struct buf name = BUF_INIT;
	bool nothing = e->password.len + e->user.len + e->url.len == 0;

	name_of(e, &name);
	put_below(l, buf_span(&name), "notes", e->notes);
	keepass_put_otp(l, buf_span(&name), e->otp);
	if (!nothing) {
		import_secret(l, buf_span(&name), e->password);
		import_attribute(l, "user", e->user);
		import_attribute(l, "url", e->url);
	} else if (e->notes.len + e->otp.len == 0) {
		import_refuse(l, buf_span(&name), "there is nothing in it");
	}
	if (buf_err(&name))
		l->overflow = true;
	buf_done(&name);
	return !nothing;
}
