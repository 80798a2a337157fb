/* jsonsplit.c - where the pieces of a JSON document begin and end. */
#include "agent/worker/jsonsplit.h"

enum state {
	AT_START,
	AT_NAME,
	AT_NAME_OR_END,
	IN_NAME,
	AT_COLON,
	AT_VALUE,
	AT_ELEMENT,
	AT_ELEMENT_OR_END,
	IN_VALUE,
	BEHIND_VALUE,
	AT_END
};

void
jsonsplit_init(struct jsonsplit *s, struct sec *room)
{
	*s = (struct jsonsplit){ .room = room };
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* ---- names ---- */
static enum err
name_ends(struct jsonsplit *s)
{
	size_t n = s->nname;

	s->state = AT_COLON;
	for (s->at = 0; s->at < s->nwant; s->at++)
		if (strlen(s->want[s->at].name) == n && !memcmp(s->want[s->at].name, s->name, n))
			break;
	if (s->at == s->nwant)
		return ERR_OK;
	if (jsonsplit_saw(s, s->at))
		return ERR_FORMAT;
	s->seen |= (uint32_t)1 << s->at;
	return ERR_OK;
}

static enum err
name_takes(struct jsonsplit *s, uint8_t c)
{
	if (c == '"' && !s->escaped)
		return name_ends(s);
	s->escaped = c == '\\' && !s->escaped;
	if (s->nname < sizeof s->name)
		s->name[s->nname++] = (char)c;
	return ERR_OK;
}

/* ---- values ---- */
static bool
is_wanted(const struct jsonsplit *s)
{
	return s->at < s->nwant;
}

/* What is in use only: the room is large, and there are many small pieces. */
static void
forget(struct jsonsplit *s)
{
	sec_zero(s->room->p, s->room->len);
	s->room->len = 0;
}

static enum err
begin_value(struct jsonsplit *s)
{
	s->depth = 0;
	s->in_string = s->escaped = false;
	s->state = IN_VALUE;
	forget(s);
	return ERR_OK;
}

static enum err
end_value(struct jsonsplit *s)
{
	enum err e = ERR_OK;

	s->state = BEHIND_VALUE;
	if (is_wanted(s))
		e = s->take(s->arg, s->at, sec_span(s->room));
	forget(s);
	return e;
}

/* A character within a value: is it the last one (*ends), or the first one behind (*over)? */
static enum err
look(struct jsonsplit *s, uint8_t c, bool *ends, bool *over)
{
	if (s->in_string) {
		if (c == '"' && !s->escaped) {
			s->in_string = false;
			*ends = s->depth == 0;
		}
		s->escaped = c == '\\' && !s->escaped;
		return ERR_OK;
	}
	if (s->depth == 0 && (is_space(c) || c == ',' || c == ']' || c == '}'))
		*over = true;
	else if (c == '"')
		s->in_string = true;
	else if (c == '{' || c == '[')
		return s->depth++ < JSONSPLIT_DEPTH ? ERR_OK : ERR_TOOBIG;
	else if (c == '}' || c == ']')
		*ends = --s->depth == 0;
	return ERR_OK;
}

/* As much of a value as is there. */
static enum err
value_takes(struct jsonsplit *s, struct span in, size_t *at)
{
	size_t begin = *at;
	bool ends = false, over = false;
	enum err e = ERR_OK;

	while (!e && !ends && !over && *at < in.len) {
		e = look(s, in.p[*at], &ends, &over);
		*at += !over;
	}
	if (!e && is_wanted(s))
		e = sec_put(s->room, SPAN(in.p + begin, *at - begin));
	return !e && (ends || over) ? end_value(s) : e;
}

/* ---- between them ---- */
/* The first character of a value; *again: it is part of it. */
static enum err
value_begins(struct jsonsplit *s, uint8_t c, bool *again)
{
	if (strchr(",:]}", c))
		return ERR_FORMAT;
	*again = true;
	if (s->state != AT_VALUE || !is_wanted(s) || !s->want[s->at].each)
		return begin_value(s);
	if (c != '[')
		return ERR_FORMAT;
	*again = false;
	s->in_array = true;
	s->state = AT_ELEMENT_OR_END;
	return ERR_OK;
}

static enum err
behind(struct jsonsplit *s, uint8_t c)
{
	if (c == ',')
		s->state = s->in_array ? AT_ELEMENT : AT_NAME;
	else if (c == ']' && s->in_array)
		s->in_array = false;
	else if (c == '}' && !s->in_array)
		s->state = AT_END;
	else
		return ERR_FORMAT;
	return ERR_OK;
}

static enum err
expect(struct jsonsplit *s, bool is_it, unsigned then)
{
	s->state = then;
	return is_it ? ERR_OK : ERR_FORMAT;
}

/* One character outside of names and values; *again: it is to be looked at in the new state. */
static enum err
step(struct jsonsplit *s, uint8_t c, bool *again)
{
	switch (s->state) {
	case AT_START:
		return expect(s, c == '{', AT_NAME_OR_END);
	case AT_NAME_OR_END:
		if (c == '}')
			return expect(s, true, AT_END);
		__attribute__((fallthrough));
	case AT_NAME:
		s->nname = 0;
		s->escaped = false;
		return expect(s, c == '"', IN_NAME);
	case AT_COLON:
		return expect(s, c == ':', AT_VALUE);
	case AT_ELEMENT_OR_END:
		if (c == ']') {
			s->in_array = false;
			return expect(s, true, BEHIND_VALUE);
		}
		__attribute__((fallthrough));
	case AT_VALUE:
	case AT_ELEMENT:
		return value_begins(s, c, again);
	case BEHIND_VALUE:
		return behind(s, c);
	default:
		return ERR_FORMAT;
	}
}

enum err
jsonsplit_push(struct jsonsplit *s, struct span in)
{
	size_t i = 0;
	enum err e = ERR_OK;

	while (!e && i < in.len) {
		bool again = false;

		if (s->state == IN_VALUE)
			e = value_takes(s, in, &i);
		else if (s->state == IN_NAME)
			e = name_takes(s, in.p[i++]);
		else if (is_space(in.p[i]))
			i++;
		else if (!(e = step(s, in.p[i], &again)))
			i += !again;
	}
	return e;
}

enum err
jsonsplit_end(const struct jsonsplit *s)
{
	return s->state == AT_END ? ERR_OK : ERR_FORMAT;
}
