/* PINs and fingerprints.  A PIN goes to the one token that was found, typed anew each time. */
#include <stdio.h>
#include <string.h>

#include "lib/sec.h"
#include "pam/login_parts.h"

#define PIN_TRIES 3

/* Comparing two PINs that the same person typed: how long that takes tells nobody anything. */
static bool
was_wrong(const struct kept *k)
{
	return strcmp(k->pin, k->wrong[0]) == 0 || strcmp(k->pin, k->wrong[1]) == 0;
}

static void
remember_wrong(struct kept *k)
{
	memcpy(k->wrong[1], k->wrong[0], sizeof(k->wrong[0]));
	memcpy(k->wrong[0], k->pin, sizeof(k->pin));
}

/* "PIN of your token: ", with what a person should know before they type. */
static void
question(const struct flow_holder *h, uint64_t retries, char *out, size_t cap)
{
	const char *whose = h->row == FLOW_ANY ? "the token" : "your token";
	char left[48] = "";

	if (retries < 4)
		snprintf(left, sizeof(left), " (%u %s left)", (unsigned)retries,
		    retries == 1 ? "try" : "tries");
	if (h->row == FLOW_ANY)
		snprintf(out, cap, "PIN of %s%s%s, if it is yours%s: ", whose,
		    h->token->name[0] ? " " : "", h->token->name, left);
	else
		snprintf(out, cap, "PIN of %s%s: ", whose, left);
}

static enum err
ask_pin(struct flow *f, const struct flow_holder *h, uint64_t retries)
{
	char text[SAY_LINE_MAX];

	question(h, retries, text, sizeof(text));
	return say_ask(f->l->say, text, f->l->kept->pin, sizeof(f->l->kept->pin));
}

/* ---- a new PIN ---- */

static enum err
ask_new_pin(struct flow *f)
{
	struct kept *k = f->l->kept;
	enum err e = say_ask(f->l->say, "New PIN of the token: ", k->newpin, sizeof(k->newpin));

	if (e == ERR_OK)
		e = say_ask(f->l->say, "The new PIN once more: ", k->again, sizeof(k->again));
	if (e == ERR_OK && strcmp(k->newpin, k->again) != 0)
		e = ERR_PAM_PIN_AGAIN;
	sec_zero(k->again, sizeof(k->again));
	return e;
}

/* The new PIN is the one of this login then. */
static enum err
change(struct flow *f, const struct flow_holder *h, uint64_t retries)
{
	struct kept *k = f->l->kept;
	struct tokens_pins pins = { .pin = k->pin, .newpin = k->newpin, .force = true };
	enum err e = ask_pin(f, h, retries);

	if (e == ERR_OK && was_wrong(k))
		e = ERR_PIN_WRONG;
	else if (e == ERR_OK) {
		e = ask_new_pin(f);
		if (e == ERR_OK)
			e = tokens_change_pin(&f->setup, h->token->path, f->until, &pins);
		if (e == ERR_PIN_WRONG)
			remember_wrong(k);
	}
	if (e == ERR_OK)
		memcpy(k->pin, k->newpin, sizeof(k->pin));
	else
		sec_zero(k->pin, sizeof(k->pin));
	sec_zero(k->newpin, sizeof(k->newpin));
	return e;
}

enum err
flow_change_pin(struct flow *f, const struct flow_holder *h)
{
	struct tokens_info info = { 0 };
	enum err e = tokens_info(&f->setup, h->token->path, f->until, &info);

	if (e == ERR_OK && !(info.options & TOKEN_OPT_PIN_SET))
		e = ERR_PIN_UNSET;
	if (e == ERR_OK)
		e = change(f, h, info.retries);
	if (e == ERR_OK)
		e = say_info(f->l->say, "The token has its new PIN.");
	return e;
}

/* ---- an assertion that knows the person ---- */

/* Typed again after each wrong one; the same once more is not sent. */
static enum err
by_pin(struct flow *f, const struct flow_holder *h, uint64_t retries)
{
	const struct flow_ask ask = { .row = h->row, .uv = TOKEN_UV_PIN };
	struct kept *k = f->l->kept;
	enum err e = ERR_PIN_WRONG;
	size_t row, i;

	for (i = 0; i < PIN_TRIES && e == ERR_PIN_WRONG; i++) {
		if (i > 0 && (e = say_err(f->l->say, ERR_PIN_WRONG, retries)) != ERR_OK)
			break;
		e = ask_pin(f, h, retries);
		if (e == ERR_OK && was_wrong(k))
			e = ERR_PIN_WRONG;
		else if (e == ERR_OK) {
			e = flow_assert(f, h->token->path, &ask, &row);
			retries = f->answer.retries;
			if (e == ERR_PIN_WRONG)
				remember_wrong(k);
		}
		sec_zero(k->pin, sizeof(k->pin));
	}
	return e;
}

/* The PIN was changed a moment ago, and is right. */
static enum err
by_new_pin(struct flow *f, const struct flow_holder *h)
{
	const struct flow_ask ask = { .row = h->row, .uv = TOKEN_UV_PIN };
	size_t row;
	enum err e = flow_assert(f, h->token->path, &ask, &row);

	sec_zero(f->l->kept->pin, sizeof(f->l->kept->pin));
	return e;
}

static enum err
by_finger(struct flow *f, const struct flow_holder *h)
{
	const struct flow_ask ask = { .row = h->row, .uv = TOKEN_UV_BUILTIN };
	size_t row;

	return flow_assert(f, h->token->path, &ask, &row);
}

static bool
finger_will_do(const struct flow *f, const struct flow_holder *h, const struct tokens_info *info)
{
	const struct map *m = f->l->map;
	size_t i;

	if (!(info->options & TOKEN_OPT_UV) || f->l->options->uv == OPTION_UV_PIN)
		return false;
	if (h->row != FLOW_ANY)
		return !(m->row[h->row].flags & MAP_PIN);
	for (i = 0; i < m->n; i++)
		if (m->row[i].flags & MAP_PIN)
			return false;
	return true;
}

/* In one line of the stack: what the finger did not do, the PIN does. */
static bool
is_finger_trouble(enum err e)
{
	return e == ERR_UV_BLOCKED || e == ERR_TOUCH_DENIED || e == ERR_PIN_NEEDED;
}

enum err
flow_verified(struct flow *f, const struct flow_holder *h)
{
	struct tokens_info info = { 0 };
	enum err e = tokens_info(&f->setup, h->token->path, f->until, &info);

	if (e != ERR_OK)
		return e;
	if (finger_will_do(f, h, &info)) {
		e = by_finger(f, h);
		if (!is_finger_trouble(e) || !(info.options & TOKEN_OPT_PIN_SET))
			return e;
		e = say_error(f->l->say, "The fingerprint was not recognised: type the PIN.");
		if (e != ERR_OK)
			return e;
	}
	if (!(info.options & TOKEN_OPT_PIN_SET))
		return ERR_PIN_UNSET;
	if (!(info.options & TOKEN_OPT_PIN_CHANGE))
		return by_pin(f, h, info.retries);
	e = say_err(f->l->say, ERR_PIN_CHANGE, SAY_NO_RETRIES);
	if (e == ERR_OK)
		e = change(f, h, info.retries);
	return e == ERR_OK ? by_new_pin(f, h) : e;
}
