/* pin.c - setting and changing the PIN, and which token is meant. */
#include "agent/token/device.h"

static void
say_done(const struct device *d)
{
	struct token_event ev = { .kind = TOKEN_EV_RESULT };

	device_send(d, &ev);
}

static enum err
set_pin(struct device *d, const char *old)
{
	enum err e = device_error(d, fido_dev_set_pin(d->dev, (const char *)d->newpin.p, old));

	if (e == ERR_OK)
		say_done(d);
	return e;
}

enum err
device_pin_set(struct device *d)
{
	bool set;

	if (!device_has_option(d, "clientPin", &set))
		return ERR_UNSUPPORTED;
	if (set)
		return ERR_EXISTS;
	return set_pin(d, NULL);
}

enum err
device_pin_change(struct device *d)
{
	enum err e;

	if ((e = device_check_pin(d)) != ERR_OK)
		return e;
	return device_after_pin(d, set_pin(d, (const char *)d->pin.p));
}

/* The status call hides a failed read behind "not touched". */
enum err
device_select(struct device *d)
{
	int touched = 0, r;
	enum err e;

	if ((r = fido_dev_get_touch_begin(d->dev)) == FIDO_OK)
		r = fido_dev_get_touch_status(d->dev, &touched, -1);
	if ((e = device_error(d, r)) != ERR_OK)
		return e;
	if (!touched)
		return d->channel.err != ERR_OK ? d->channel.err : ERR_TOKEN_IO;
	say_done(d);
	return ERR_OK;
}
