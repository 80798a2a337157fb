#include "lib/opt.h"

#define MAX_OPTIONS 64

static void
store(const struct opt *o, void *st, uint64_t v)
{
	uint32_t v32 = (uint32_t)v;

	memcpy((uint8_t *)st + o->offset, &v32, sizeof(v32));
}

/* Decimal digits only; ERR_CONFIG beyond 2^32. */
static enum err
parse_number(struct span s, uint64_t *v)
{
	size_t i;

	if (s.len == 0)
		return ERR_CONFIG;
	for (*v = 0, i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return ERR_CONFIG;
		*v = *v * 10 + (uint64_t)(s.p[i] - '0');
		if (*v > UINT32_MAX)
			return ERR_CONFIG;
	}
	return ERR_OK;
}

static enum err
set_ranged(const struct opt *o, uint64_t v, void *st)
{
	if (v < o->min || v > o->max || v > UINT32_MAX)
		return ERR_CONFIG;
	store(o, st, v);
	return ERR_OK;
}

static enum err
set_uint(const struct opt *o, struct span value, void *st)
{
	uint64_t v;
	enum err r;

	if ((r = parse_number(value, &v)))
		return r;
	return set_ranged(o, v, st);
}

static enum err
set_seconds(const struct opt *o, struct span value, void *st)
{
	static const struct {
		char suffix;
		uint32_t seconds;
	} units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
	uint64_t v, unit = 1;
	size_t i;
	enum err r;

	if (span_is(value, "never"))
		return set_ranged(o, 0, st);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (value.len == 0 || value.p[value.len - 1] != units[i].suffix)
			continue;
		unit = units[i].seconds;
		value.len--;
		break;
	}
	if ((r = parse_number(value, &v)))
		return r;
	return set_ranged(o, v * unit, st);
}

/* Index of value in "a|b|c". */
static enum err
find_name(const char *names, struct span value, uint64_t *index)
{
	size_t n;

	for (*index = 0;; names += n + 1, ++*index) {
		n = strcspn(names, "|");
		if (n > 0 && span_eq(SPAN(names, n), value))
			return ERR_OK;
		if (names[n] == 0)
			return ERR_CONFIG;
	}
}

static enum err
set_named(const struct opt *o, const char *names, struct span value, void *st)
{
	uint64_t v;
	enum err r;

	if ((r = find_name(names, value, &v)))
		return r;
	store(o, st, o->type == OPT_BOOL ? v & 1 : v);
	return ERR_OK;
}

static bool
is_between(uint8_t c)
{
	return c == ',' || c == ' ' || c == '\t';
}

/* Each name once, at least one: who writes nothing has forgotten something. */
static enum err
set_set(const struct opt *o, struct span value, void *st)
{
	uint64_t bits = 0, i;
	enum err r;
	size_t n;

	if (span_is(value, "none")) {
		store(o, st, 0);
		return ERR_OK;
	}
	while (value.len > 0) {
		for (n = 0; n < value.len && !is_between(value.p[n]);)
			n++;
		if (n > 0 && (r = find_name(o->names, SPAN(value.p, n), &i)))
			return r;
		if (n > 0 && (bits & UINT64_C(1) << i))
			return ERR_CONFIG;
		if (n > 0)
			bits |= UINT64_C(1) << i;
		n += n < value.len;
		value = SPAN(value.p + n, value.len - n);
	}
	if (!bits)
		return ERR_CONFIG;
	store(o, st, bits);
	return ERR_OK;
}

/* Into out[max], the rest of it zero. */
static enum err
copy_text(const struct opt *o, struct span value, char *out)
{
	size_t i;

	if (value.len >= o->max)
		return ERR_CONFIG;
	for (i = 0; i < value.len; i++)
		if (value.p[i] < ' ' || value.p[i] == 0x7f)
			return ERR_CONFIG;
	memset(out, 0, o->max);
	if (value.len > 0)
		memcpy(out, value.p, value.len);
	return o->check == NULL || o->check(out) ? ERR_OK : ERR_CONFIG;
}

static enum err
set_text(const struct opt *o, struct span value, void *st)
{
	if (value.len < o->min)
		return ERR_CONFIG;
	return copy_text(o, value, (char *)st + o->offset);
}

static enum err
add_text(const struct opt *o, struct span value, void *st)
{
	uint8_t *counter = (uint8_t *)st + o->offset - sizeof(uint32_t);
	uint32_t count;
	enum err r;

	memcpy(&count, counter, sizeof(count));
	if (value.len == 0 || count >= o->min)
		return ERR_CONFIG;
	if ((r = copy_text(o, value, (char *)st + o->offset + count * o->max)))
		return r;
	count++;
	memcpy(counter, &count, sizeof(count));
	return ERR_OK;
}

/* Zero in all of what the option owns. */
static void
clear(const struct opt *o, void *st)
{
	uint8_t *p = (uint8_t *)st + o->offset;

	if (o->type == OPT_TEXT)
		memset(p, 0, o->max);
	else if (o->type == OPT_TEXTS)
		memset(p - sizeof(uint32_t), 0, sizeof(uint32_t) + o->min * o->max);
	else
		store(o, st, 0);
}

static enum err
set_option(const struct opt *o, struct span value, void *st)
{
	switch (o->type) {
	case OPT_BOOL:
		return set_named(o, "no|yes|false|true|off|on", value, st);
	case OPT_UINT:
		return set_uint(o, value, st);
	case OPT_SECONDS:
		return set_seconds(o, value, st);
	case OPT_TEXT:
		return set_text(o, value, st);
	case OPT_TEXTS:
		return add_text(o, value, st);
	case OPT_ENUM:
		return set_named(o, o->names, value, st);
	case OPT_SET:
		return set_set(o, value, st);
	}
	return ERR_INTERNAL;
}

enum err
opt_defaults(const struct opt *table, size_t n, void *st)
{
	size_t i;

	for (i = 0; i < n; i++) {
		clear(&table[i], st);
		if (table[i].def != NULL && set_option(&table[i], span_str(table[i].def), st))
			return ERR_INTERNAL;
	}
	return ERR_OK;
}

static const struct opt *
find(const struct opt *table, size_t n, struct span name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (span_is(name, table[i].name))
			return &table[i];
	return NULL;
}

enum err
opt_set(const struct opt *table, size_t n, const char *name, struct span value, void *st)
{
	const struct opt *o = find(table, n, span_str(name));

	return o == NULL ? ERR_CONFIG : set_option(o, value, st);
}

/* --- files --- */

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && is_blank(s.p[s.len - 1]))
		s.len--;
	while (s.len > 0 && is_blank(s.p[0]))
		s = SPAN(s.p + 1, s.len - 1);
	return s;
}

/* seen: bit i when option i was given before. */
static enum err
parse_line(const struct opt *table, size_t n, struct span line, void *st, uint64_t *seen)
{
	const uint8_t *eq;
	const struct opt *o;
	uint64_t bit;
	size_t at;

	line = trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return ERR_OK;
	if ((eq = memchr(line.p, '=', line.len)) == NULL)
		return ERR_CONFIG;
	at = (size_t)(eq - line.p);
	if ((o = find(table, n, trim(SPAN(line.p, at)))) == NULL)
		return ERR_CONFIG;
	bit = (uint64_t)1 << (o - table);
	if (*seen & bit && o->type != OPT_TEXTS)
		return ERR_CONFIG;
	if (!(*seen & bit) && o->type == OPT_TEXTS)
		clear(o, st);
	*seen |= bit;
	return set_option(o, trim(SPAN(eq + 1, line.len - at - 1)), st);
}

enum err
opt_parse(const struct opt *table, size_t n, struct span text, void *st, size_t *line)
{
	uint64_t seen = 0;
	const uint8_t *nl;
	size_t len, number;
	enum err r;

	*line = 0;
	if (n > MAX_OPTIONS)
		return ERR_INTERNAL;
	for (number = 1; text.len > 0; number++) {
		nl = memchr(text.p, '\n', text.len);
		len = nl ? (size_t)(nl - text.p) : text.len;
		if ((r = parse_line(table, n, SPAN(text.p, len), st, &seen))) {
			*line = number;
			return r;
		}
		len += nl != NULL;
		text = SPAN(text.p + len, text.len - len);
	}
	return ERR_OK;
}
