/* savers.c - a screen saver that begins.  Which ones: one row each. */
#include "cli/session/session.h"
#include "lib/log.h"

/* Name on the session bus, and of the interface; the object differs between versions. */
static const char *const savers[] = {
	"org.freedesktop.ScreenSaver", /* KDE, and others' */
	"org.gnome.ScreenSaver",
	"org.cinnamon.ScreenSaver",
	"org.mate.ScreenSaver",
	"org.xfce.ScreenSaver",
};

static int
on_active(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	struct session *s = arg;
	int active = 0;

	(void)error;
	if (sd_bus_message_read(m, "b", &active) < 0 || !active)
		return 0;
	session_away(s, CONF_LOCK_SCREENSAVER, sd_bus_message_get_interface(m));
	return 0;
}

enum err
savers_start(struct session *s)
{
	if (!s->bus)
		return ERR_OK;
	for (size_t i = 0; i < sizeof savers / sizeof *savers; i++)
		if (sd_bus_match_signal_async(s->bus, NULL, savers[i], NULL, savers[i],
			"ActiveChanged", on_active, NULL, s) < 0)
			return ERR_NOMEM;
	return ERR_OK;
}
