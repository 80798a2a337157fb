/*
 * import_xml.c - XML exports of KeePassXC (the KeePass 2 format), read by expat.  Histories are
 * left out; attachments, and what lies in the recycle bin, are reported.
 */
#include <expat.h>
#include <stdlib.h>

#include "cli/import_keepass.h"

#define DEPTH	128
#define STRINGS 64 /* of one entry */
#define UUID	64

struct string {
	struct import_text key, value; /* in the entry's pool */
	bool is_secret;
};

struct xml {
	struct import_list *l;
	XML_Parser parser;
	enum err e;
	unsigned depth, history;
	struct buf text; /* of the element that is open */
	/* groups */
	struct buf path;      /* below the root, "a/b" */
	size_t above[DEPTH];  /* its length outside of each group */
	unsigned groups, bin; /* bin: depth of the recycle bin, 0: not inside */
	char bin_uuid[UUID + 1];
	/* the entry */
	bool in_entry, in_binary, value_secret;
	struct buf pool;
	struct string string[STRINGS];
	size_t n;
	struct import_text key;
	unsigned files;
};

/* ---- memory that is wiped when it is given back ---- */
union block {
	size_t n;
	max_align_t align;
};

static void *
take(size_t n)
{
	union block *b = n < IMPORT_FILE * 4 ? malloc(sizeof *b + n) : NULL;

	if (!b)
		return NULL;
	b->n = n;
	return b + 1;
}

static void
give(void *p)
{
	union block *b = p;

	if (!p)
		return;
	b--;
	sec_zero(b + 1, b->n);
	free(b);
}

static void *
change(void *p, size_t n)
{
	void *fresh = take(n);

	if (fresh && p) {
		size_t old = ((union block *)p)[-1].n;

		memcpy(fresh, p, old < n ? old : n);
		give(p);
	}
	return fresh;
}

/* ---- elements ---- */
static void
stop(struct xml *x, enum err e)
{
	if (!x->e)
		x->e = e;
	XML_StopParser(x->parser, XML_FALSE);
}

static struct import_text
keep_text(struct xml *x)
{
	struct import_text t = { x->pool.len, x->text.len };

	buf_put_span(&x->pool, buf_span(&x->text));
	return t;
}

static struct span
pooled(const struct xml *x, struct import_text t)
{
	return t.len ? span_sub(buf_span(&x->pool), t.at, t.len) : SPAN_NONE;
}

static bool
has(const XML_Char **attrs, const char *name)
{
	for (; attrs && attrs[0]; attrs += 2)
		if (strcmp(attrs[0], name) == 0)
			return strcmp(attrs[1], "True") == 0 || strcmp(attrs[1], "true") == 0;
	return false;
}

static void
begin_entry(struct xml *x)
{
	x->in_entry = true;
	x->in_binary = false;
	x->n = 0;
	x->files = 0;
	buf_reset(&x->pool);
}

static void
begin_group(struct xml *x)
{
	if (x->groups == DEPTH) {
		stop(x, ERR_IMPORT_FORMAT);
		return;
	}
	x->above[x->groups++] = x->path.len;
}

static void
begin(void *arg, const XML_Char *name, const XML_Char **attrs)
{
	struct xml *x = arg;

	buf_reset(&x->text);
	if (++x->depth > DEPTH)
		stop(x, ERR_IMPORT_FORMAT);
	if (x->depth == 1 && strcmp(name, "KeePassFile") != 0)
		stop(x, ERR_IMPORT_FORMAT);
	if (strcmp(name, "History") == 0)
		x->history++;
	if (x->history)
		return;
	if (strcmp(name, "Group") == 0)
		begin_group(x);
	else if (strcmp(name, "Entry") == 0)
		begin_entry(x);
	else if (strcmp(name, "Binary") == 0)
		x->in_binary = true;
	else if (strcmp(name, "String") == 0)
		x->key = (struct import_text){ 0, 0 };
	else if (strcmp(name, "Value") == 0) {
		x->value_secret = has(attrs, "ProtectInMemory");
		/* of a database as it is inside: under a key that is not in the export */
		if (has(attrs, "Protected") && x->in_entry)
			stop(x, ERR_IMPORT_CIPHER);
	}
}

static void
text(void *arg, const XML_Char *s, int n)
{
	struct xml *x = arg;

	buf_put(&x->text, s, (size_t)n);
}

/* A group's name is that of the group that was opened last; the root's own counts for nothing. */
static void
group_name(struct xml *x)
{
	if (x->groups < 2)
		return;
	buf_cut(&x->path, x->above[x->groups - 1]);
	if (x->path.len)
		buf_put_str(&x->path, "/");
	buf_put_span(&x->path, buf_span(&x->text));
}

static void
uuid(struct xml *x)
{
	if (x->groups && !x->in_entry && x->bin_uuid[0] && !x->bin &&
	    span_is(buf_span(&x->text), x->bin_uuid))
		x->bin = x->groups;
}

static void
end_group(struct xml *x)
{
	if (x->groups == 0)
		return;
	if (x->bin == x->groups)
		x->bin = 0;
	buf_cut(&x->path, x->above[--x->groups]);
}

static void
end_string(struct xml *x)
{
	if (!x->in_entry)
		return;
	if (x->n == STRINGS) {
		stop(x, ERR_TOOBIG);
		return;
	}
	x->string[x->n++] =
	    (struct string){ .key = x->key, .value = keep_text(x), .is_secret = x->value_secret };
}

/* ---- an entry ---- */
static struct span
value(const struct xml *x, const char *key)
{
	for (size_t i = 0; i < x->n; i++)
		if (span_is(pooled(x, x->string[i].key), key))
			return pooled(x, x->string[i].value);
	return SPAN_NONE;
}

static bool
is_usual(struct span key)
{
	static const char *const keys[] = { "Title", "UserName", "Password", "URL", "Notes", "otp",
		"TOTP Seed", "TOTP Settings", "TimeOtp-Secret-Base32" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (span_is(key, keys[i]))
			return true;
	return false;
}

static void
below(struct buf *out, struct span name, struct span what)
{
	buf_reset(out);
	import_join(out, name, what);
}

/* What older versions and KeePass 2 itself have: base32, and "30;6" (seconds; digits). */
static void
put_old_seed(struct xml *x, struct span name)
{
	struct span seed = value(x, "TOTP Seed"), settings = value(x, "TOTP Settings");
	struct buf at = BUF_INIT;
	const uint8_t *semicolon;

	if (seed.len == 0)
		seed = value(x, "TimeOtp-Secret-Base32");
	if (seed.len == 0)
		return;
	below(&at, name, SPAN_LIT("otp"));
	semicolon = settings.len ? memchr(settings.p, ';', settings.len) : NULL;
	if (semicolon && semicolon + 1 < settings.p + settings.len && semicolon[1] == 'S') {
		import_refuse(x->l, buf_span(&at), "codes of Steam are not made here");
	} else {
		import_secret(x->l, buf_span(&at), seed);
		import_attribute(x->l, "kind", SPAN_LIT("otpauth"));
		if (semicolon) {
			size_t n = (size_t)(semicolon - settings.p);

			import_attribute(x->l, "period", SPAN(settings.p, n));
			import_attribute(
			    x->l, "digits", span_sub(settings, n + 1, settings.len - n - 1));
		}
	}
	buf_done(&at);
}

/* Protected strings are secrets themselves; the others describe the password. */
static void
put_strings(struct xml *x, struct span name, bool secrets)
{
	struct buf at = BUF_INIT;

	for (size_t i = 0; i < x->n; i++) {
		struct span key = pooled(x, x->string[i].key), v = pooled(x, x->string[i].value);

		if (is_usual(key) || v.len == 0 || x->string[i].is_secret != secrets)
			continue;
		if (secrets) {
			below(&at, name, key);
			import_secret(x->l, buf_span(&at), v);
		} else {
			import_attribute_named(x->l, key, v);
		}
	}
	buf_done(&at);
}

static void
put_entry(struct xml *x, const struct keepass_entry *e, struct span name)
{
	struct buf at = BUF_INIT;

	if (x->bin) {
		import_refuse(x->l, name, "it is in the recycle bin");
		return;
	}
	put_strings(x, name, true);
	if (e->otp.len == 0)
		put_old_seed(x, name);
	for (; x->files > 0; x->files--) {
		below(&at, name, SPAN_LIT("(attachment)"));
		import_refuse(
		    x->l, buf_span(&at), "attachments are not imported: save it yourself");
	}
	if (keepass_put(x->l, e))
		put_strings(x, name, false);
	buf_done(&at);
}

static void
end_entry(struct xml *x)
{
	struct keepass_entry e = { .path = buf_span(&x->path),
		.title = value(x, "Title"),
		.user = value(x, "UserName"),
		.password = value(x, "Password"),
		.url = value(x, "URL"),
		.notes = value(x, "Notes"),
		.otp = value(x, "otp") };
	struct buf name = BUF_INIT;

	x->in_entry = false;
	if (e.path.len) {
		buf_put_span(&name, e.path);
		buf_put_str(&name, "/");
	}
	buf_put_span(&name, e.title.len ? e.title : SPAN_LIT("untitled"));
	put_entry(x, &e, buf_span(&name));
	buf_done(&name);
}

static void
end_of_entry_part(struct xml *x, const char *name)
{
	if (strcmp(name, "Key") == 0)
		x->key = keep_text(x);
	else if (strcmp(name, "Value") == 0 && !x->in_binary)
		end_string(x);
	else if (strcmp(name, "Binary") == 0) {
		x->in_binary = false;
		x->files++;
	} else if (strcmp(name, "Entry") == 0)
		end_entry(x);
}

static void
end(void *arg, const XML_Char *name)
{
	struct xml *x = arg;

	x->depth--;
	if (strcmp(name, "History") == 0)
		x->history--;
	else if (x->history)
		return;
	else if (x->in_entry)
		end_of_entry_part(x, name);
	else if (strcmp(name, "Group") == 0)
		end_group(x);
	else if (strcmp(name, "Name") == 0 && x->groups)
		group_name(x);
	else if (strcmp(name, "UUID") == 0)
		uuid(x);
	else if (strcmp(name, "RecycleBinUUID") == 0 && x->text.len <= UUID)
		snprintf(x->bin_uuid, sizeof x->bin_uuid, "%s", buf_cstr(&x->text));
	buf_reset(&x->text);
}

/* Exports have none, and what one can declare there has no place here. */
static void
doctype(void *arg, const XML_Char *name, const XML_Char *system, const XML_Char *public, int inner)
{
	(void)name;
	(void)system;
	(void)public;
	(void)inner;
	stop(arg, ERR_IMPORT_FORMAT);
}

static void
prepare(struct xml *x)
{
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, begin, end);
	XML_SetCharacterDataHandler(x->parser, text);
	XML_SetStartDoctypeDeclHandler(x->parser, doctype);
}

static enum err
read_xml(struct import_in *in, struct import_list *l)
{
	static const XML_Memory_Handling_Suite memory = { take, change, give };
	static struct xml x;
	enum err e;

	x = (struct xml){ .l = l };
	if (!(x.parser = XML_ParserCreate_MM(NULL, &memory, NULL)))
		return ERR_NOMEM;
	prepare(&x);
	if (XML_Parse(x.parser, (const char *)in->content.p, (int)in->content.len, 1) !=
		XML_STATUS_OK &&
	    !x.e)
		x.e = ERR_IMPORT_FORMAT;
	XML_ParserFree(x.parser);
	e = x.e;
	if (!e && !(e = buf_err(&x.pool)) && !(e = buf_err(&x.path)))
		e = buf_err(&x.text);
	buf_done(&x.text);
	buf_done(&x.path);
	buf_done(&x.pool);
	return e;
}

static bool
is_xml(struct span content)
{
	if (import_begins(content, "\xef\xbb\xbf"))
		content = SPAN(content.p + 3, content.len - 3);
	return import_begins(content, "<?xml") &&
	    memmem(content.p, content.len < 1024 ? content.len : 1024, "<KeePassFile>", 13);
}

const struct import_source import_keepassxc_xml = {
	.name = "keepassxc-xml",
	.what = "XML export of KeePassXC (or KeePass 2)",
	.is = is_xml,
	.read = read_xml,
};
