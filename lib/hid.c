/* hid.c - report descriptors (HID 1.11, 6.2.2) and the hidraw class of sysfs. */
#include "lib/hid.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/text.h"

#define FIDO_PAGE  0xf1d0U
#define FIDO_USAGE 0x01U
#define STACK_MAX  8
#define DEPTH_MAX  32

/* --- report descriptors --- */

enum { ITEM_MAIN, ITEM_GLOBAL, ITEM_LOCAL, ITEM_RESERVED };
enum { MAIN_COLLECTION = 10, MAIN_END = 12 };
enum { GLOBAL_PAGE = 0, GLOBAL_PUSH = 10, GLOBAL_POP = 11 };
enum { LOCAL_USAGE = 0 };

#define LONG_ITEM	       0xfe
#define COLLECTION_APPLICATION 1

struct parser {
	uint32_t page;
	uint32_t stack[STACK_MAX];
	size_t pushed;
	uint32_t usage; /* last usage declared since the last main item */
	bool usage_has_page;
	bool has_usage;
	size_t depth;
	bool fido;
};

struct item {
	unsigned type;
	unsigned tag;
	unsigned size;
	uint32_t value;
};

static enum err
next_item(struct span *s, struct item *it)
{
	static const unsigned sizes[4] = { 0, 1, 2, 4 };
	unsigned prefix = s->p[0], i;
	size_t need;

	if (prefix == LONG_ITEM) {
		if (s->len < 3 || s->len < (need = 3 + (size_t)s->p[1]))
			return ERR_TRUNCATED;
		*it = (struct item){ .type = ITEM_RESERVED };
	} else {
		*it = (struct item){
			.type = prefix >> 2 & 3, .tag = prefix >> 4, .size = sizes[prefix & 3]
		};
		need = 1 + it->size;
		if (s->len < need)
			return ERR_TRUNCATED;
		for (i = 0; i < it->size; i++)
			it->value |= (uint32_t)s->p[1 + i] << 8 * i;
	}
	*s = SPAN(s->p + need, s->len - need);
	return ERR_OK;
}

static enum err
do_collection(struct parser *p, const struct item *it)
{
	uint32_t page = p->usage_has_page ? p->usage >> 16 : p->page;
	uint32_t usage = p->usage_has_page ? p->usage & 0xffff : p->usage;

	if (p->depth == DEPTH_MAX)
		return ERR_FORMAT;
	if (p->depth == 0 && it->value == COLLECTION_APPLICATION && p->has_usage &&
	    page == FIDO_PAGE && usage == FIDO_USAGE)
		p->fido = true;
	p->depth++;
	return ERR_OK;
}

static enum err
do_main(struct parser *p, const struct item *it)
{
	enum err e = ERR_OK;

	if (it->tag == MAIN_COLLECTION)
		e = do_collection(p, it);
	else if (it->tag == MAIN_END && p->depth-- == 0)
		e = ERR_FORMAT;
	p->has_usage = false;
	return e;
}

static enum err
do_global(struct parser *p, const struct item *it)
{
	switch (it->tag) {
	case GLOBAL_PAGE:
		p->page = it->value;
		return ERR_OK;
	case GLOBAL_PUSH:
		if (p->pushed == STACK_MAX)
			return ERR_FORMAT;
		p->stack[p->pushed++] = p->page;
		return ERR_OK;
	case GLOBAL_POP:
		if (p->pushed == 0)
			return ERR_FORMAT;
		p->page = p->stack[--p->pushed];
		return ERR_OK;
	default:
		return ERR_OK;
	}
}

static enum err
do_item(struct parser *p, const struct item *it)
{
	switch (it->type) {
	case ITEM_MAIN:
		return do_main(p, it);
	case ITEM_GLOBAL:
		return do_global(p, it);
	case ITEM_LOCAL:
		if (it->tag == LOCAL_USAGE) {
			p->usage = it->value;
			p->usage_has_page = it->size == 4;
			p->has_usage = true;
		}
		return ERR_OK;
	default: /* reserved and long items mean nothing to us */
		return ERR_OK;
	}
}

enum err
hid_parse_desc(struct span desc, bool *fido)
{
	struct parser p = { 0 };
	struct item it;
	enum err e;

	*fido = false;
	if (desc.len > HID_DESC_MAX)
		return ERR_TOOBIG;
	while (desc.len > 0) {
		if ((e = next_item(&desc, &it)) != ERR_OK || (e = do_item(&p, &it)) != ERR_OK)
			return e;
	}
	if (p.depth != 0)
		return ERR_TRUNCATED;
	*fido = p.fido;
	return ERR_OK;
}

/* --- uevent files --- */

static bool
get_hex(struct span *s, size_t digits, unsigned long *v)
{
	size_t i;
	unsigned c;

	*v = 0;
	if (s->len < digits)
		return false;
	for (i = 0; i < digits; i++) {
		c = s->p[i];
		if (c >= '0' && c <= '9')
			c -= '0';
		else if (c >= 'A' && c <= 'F')
			c -= 'A' - 10;
		else
			return false;
		*v = *v << 4 | c;
	}
	*s = SPAN(s->p + digits, s->len - digits);
	return true;
}

static bool
skip_colon(struct span *s)
{
	if (s->len == 0 || s->p[0] != ':')
		return false;
	*s = SPAN(s->p + 1, s->len - 1);
	return true;
}

/* "0003:00001050:00000407": bus, vendor, product as the kernel prints them (drivers/hid) */
static bool
set_id(struct span v, struct hid_dev *d)
{
	unsigned long bus, vendor, product;

	if (!get_hex(&v, 4, &bus) || !skip_colon(&v) || !get_hex(&v, 8, &vendor) ||
	    !skip_colon(&v) || !get_hex(&v, 8, &product) || v.len != 0 || vendor > UINT16_MAX ||
	    product > UINT16_MAX)
		return false;
	d->vendor = (uint16_t)vendor;
	d->product = (uint16_t)product;
	return true;
}

/* Cut at a character: the field of the protocol holds 127 bytes. */
static enum err
set_name(struct span v, struct hid_dev *d)
{
	struct buf b = BUF_INIT;
	size_t n;
	enum err e;

	text_printable(span_sub(v, 0, v.len < 1024 ? v.len : 1024), &b);
	if ((e = buf_err(&b)) == ERR_OK) {
		n = b.len < sizeof d->name ? b.len : sizeof d->name - 1;
		while (n < b.len && n > 0 && (b.p[n] & 0xc0) == 0x80)
			n--;
		if (n > 0)
			memcpy(d->name, b.p, n);
		d->name[n] = '\0';
	}
	buf_done(&b);
	return e;
}

static struct span
next_line(struct span *text)
{
	const uint8_t *nl = memchr(text->p, '\n', text->len);
	size_t n = nl ? (size_t)(nl - text->p) : text->len;
	struct span line = SPAN(text->p, n);

	*text = nl ? SPAN(nl + 1, text->len - n - 1) : SPAN_NONE;
	return line;
}

static bool
has_key(struct span line, struct span key, struct span *value)
{
	if (!span_eq(span_sub(line, 0, key.len), key))
		return false;
	*value = SPAN(line.p + key.len, line.len - key.len);
	return true;
}

enum err
hid_parse_uevent(struct span text, struct hid_dev *d)
{
	struct span line, v;
	bool has_id = false;
	enum err e;

	d->name[0] = '\0';
	while (text.len > 0) {
		line = next_line(&text);
		if (has_key(line, SPAN_LIT("HID_ID="), &v)) {
			if (has_id || !set_id(v, d))
				return ERR_FORMAT;
			has_id = true;
		} else if (has_key(line, SPAN_LIT("HID_NAME="), &v)) {
			if ((e = set_name(v, d)) != ERR_OK)
				return e;
		}
	}
	return has_id ? ERR_OK : ERR_FORMAT;
}

/* --- sysfs --- */

static enum err
read_attr(const char *sysfs, unsigned number, const char *attr, struct buf *b)
{
	char path[512];
	uint8_t *p;
	ssize_t r = 1;
	int fd;

	snprintf(path, sizeof path, "%s/class/hidraw/hidraw%u/device/%s", sysfs, number, attr);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) < 0)
		return ERR_NOTFOUND;
	/* one byte more than allowed, so that the parser sees that it is too long */
	while (r > 0 && b->len <= HID_DESC_MAX) {
		if ((p = buf_room(b, HID_DESC_MAX + 1 - b->len)) == NULL)
			break;
		if ((r = read(fd, p, HID_DESC_MAX + 1 - b->len)) > 0)
			buf_add(b, (size_t)r);
	}
	close(fd);
	return r < 0 ? ERR_IO : buf_err(b);
}

static bool
is_fido(const char *sysfs, unsigned number)
{
	struct buf b = BUF_INIT;
	bool fido = false;

	if (read_attr(sysfs, number, "report_descriptor", &b) != ERR_OK ||
	    hid_parse_desc(buf_span(&b), &fido) != ERR_OK)
		fido = false;
	buf_done(&b);
	return fido;
}

/* A token without a readable uevent is still a token: it only has no name. */
static void
describe(const char *sysfs, unsigned number, struct hid_dev *d)
{
	struct buf b = BUF_INIT;

	if (read_attr(sysfs, number, "uevent", &b) != ERR_OK ||
	    hid_parse_uevent(buf_span(&b), d) != ERR_OK) {
		d->name[0] = '\0';
		d->vendor = d->product = 0;
	}
	buf_done(&b);
}

/* "hidrawN", N without leading zeros, at most five digits */
static bool
get_number(const char *name, unsigned *number)
{
	size_t i;

	if (strncmp(name, "hidraw", 6) != 0)
		return false;
	name += 6;
	if (name[0] == '\0' || (name[0] == '0' && name[1] != '\0'))
		return false;
	*number = 0;
	for (i = 0; name[i] != '\0'; i++) {
		if (i == 5 || name[i] < '0' || name[i] > '9')
			return false;
		*number = *number * 10 + (unsigned)(name[i] - '0');
	}
	return true;
}

bool
hid_is_name(struct span s)
{
	unsigned number;
	char name[12];

	if (s.len >= sizeof name)
		return false;
	memcpy(name, s.p, s.len);
	name[s.len] = '\0';
	return strlen(name) == s.len && get_number(name, &number);
}

static bool
add_dev(const char *sysfs, const char *dev, unsigned number, struct hid_dev *d)
{
	if (!is_fido(sysfs, number))
		return false;
	*d = (struct hid_dev){ .number = number };
	if ((size_t)snprintf(d->path, sizeof d->path, "%s/hidraw%u", dev, number) >=
		sizeof d->path ||
	    access(d->path, F_OK) != 0)
		return false;
	/* asked, not tried: the sandbox of a listing never opens a device */
	d->access = access(d->path, R_OK | W_OK) == 0;
	describe(sysfs, number, d);
	return true;
}

static int
by_number(const void *a, const void *b)
{
	const struct hid_dev *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

enum err
hid_list(const char *sysfs, const char *dev, struct hid_dev *v, size_t cap, size_t *n)
{
	struct dirent *de;
	char path[512];
	unsigned number;
	DIR *dir;

	*n = 0;
	snprintf(path, sizeof path, "%s/class/hidraw", sysfs);
	if ((dir = opendir(path)) == NULL)
		return ERR_OK; /* no hidraw driver loaded: no tokens */
	while (*n < cap && (de = readdir(dir)) != NULL) {
		if (get_number(de->d_name, &number) && add_dev(sysfs, dev, number, &v[*n]))
			++*n;
	}
	closedir(dir);
	qsort(v, *n, sizeof *v, by_number);
	return ERR_OK;
}
