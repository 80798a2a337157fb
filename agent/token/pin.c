/* pin.c - setting and changing the PIN, and which token is meant. */
#include "agent/token/token.h"

static void
say_done(const struct token *t)
{
	struct token_event ev = { .kind = TOKEN_EV_RESULT };

	token_send(t, &ev);
}

static enum err
set_pin(struct token *t, const char *old)
{
	enum err e = token_error(t, fido_dev_set_pin(t->dev, (const char *)t->newpin.p, old));

	if (e == ERR_OK)
		say_done(t);
	return e;
}

enum err
token_pin_set(struct token *t)
{
	bool set;

	if (!token_has_option(t, "clientPin", &set))
		return ERR_UNSUPPORTED;
	if (set)
		return ERR_EXISTS;
	return set_pin(t, NULL);
}

enum err
token_pin_change(struct token *t)
{
	enum err e;

	if ((e = token_check_pin(t)) != ERR_OK)
		return e;
	return token_after_pin(t, set_pin(t, (const char *)t->pin.p));
}

/* The status call hides a failed read behind "not touched". */
enum err
token_select(struct token *t)
{
	int touched = 0, r;
	enum err e;

	if ((r = fido_dev_get_touch_begin(t->dev)) == FIDO_OK)
		r = fido_dev_get_touch_status(t->dev, &touched, -1);
	if ((e = token_error(t, r)) != ERR_OK)
		return e;
	if (!touched)
		return t->link.err != ERR_OK ? t->link.err : ERR_TOKEN_IO;
	say_done(t);
	return ERR_OK;
}
