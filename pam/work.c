#include <security/pam_ext.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "pam/code.h"
#include "pam/helper.h"
#include "pam/work.h"

#define DATA	"ownkey_kept"
#define SESSION "ownkey_session"

/* ---- what is known ---- */

static void
take_conversation(struct work *w, int flags)
{
	const void *item = NULL;

	w->say.silent = ((unsigned)flags & PAM_SILENT) != 0;
	if (pam_get_item(w->pamh, PAM_CONV, &item) == PAM_SUCCESS)
		w->say.conv = item;
	item = NULL;
	if (pam_get_item(w->pamh, PAM_SERVICE, &item) == PAM_SUCCESS)
		w->service = item;
	if (!w->service)
		w->service = "";
	if (gethostname(w->host, sizeof(w->host) - 1) < 0)
		w->host[0] = '\0';
}

/* The environment is that of who runs the program, and the agent that of who is to log in: where
 * they are not one, whoever runs su could name the agent of the target, which signs without a word
 * if its keys are files.  sudo's real uid may be root's; it says by PAM_RUSER who runs it, as su
 * does. */
static bool
is_own(const struct work *w)
{
	uid_t caller = getuid();
	const void *name = NULL;
	struct person p;

	if (caller != 0 && caller != w->person.uid)
		return false;
	if (pam_get_item(w->pamh, PAM_RUSER, &name) != PAM_SUCCESS)
		return false;
	return !name || !*(const char *)name ||
	    (person_find(name, &p) == ERR_OK && p.uid == w->person.uid);
}

/* The one variable that is read, for from-agent alone: as the bytes of a path, which a helper opens
 * that has become the person.  getenv is the host's own where it has one (sudo). */
static void
take_agent(struct work *w)
{
	const char *path = w->options.from_agent && is_own(w) ? getenv("SSH_AUTH_SOCK") : NULL;

	if (path && strlen(path) < sizeof(w->agent))
		memcpy(w->agent, path, strlen(path));
}

static enum err
take_person(struct work *w)
{
	const char *name = NULL;
	enum err e;
	int r = pam_get_user(w->pamh, &name, NULL);

	if (r == PAM_BUF_ERR)
		return ERR_NOMEM;
	if (r != PAM_SUCCESS || !name)
		return ERR_PAM_CONV;
	e = person_find(name, &w->person);
	if (e == ERR_NOTFOUND)
		pam_syslog(w->pamh, LOG_NOTICE, "there is no such account");
	return e;
}

enum err
work_begin(pam_handle_t *pamh, int flags, int argc, const char **argv, struct work **out)
{
	struct work *w = calloc(1, sizeof(*w));
	enum err e;

	*out = w;
	if (!w)
		return ERR_NOMEM;
	w->pamh = pamh;
	e = options_parse(argc, argv, &w->options);
	if (e != ERR_OK) {
		pam_syslog(pamh, LOG_ERR, "%s", w->options.why);
		return e;
	}
	take_conversation(w, flags);
	if ((e = take_person(w)) == ERR_OK)
		take_agent(w);
	return e;
}

enum err
work_map(struct work *w)
{
	int64_t until = helper_clock() + (int64_t)w->options.timeout * 1000;
	enum err e = map_read(&w->options, &w->person, until, &w->map);

	if (e != ERR_OK)
		pam_syslog(w->pamh, e == ERR_PAM_NOT_ENROLLED ? LOG_NOTICE : LOG_ERR,
		    "map for %s: %s", w->person.name, w->map.why);
	return e;
}

void
work_end(struct work *w)
{
	if (!w)
		return;
	map_done(&w->map);
	free(w);
}

int
work_code(pam_handle_t *pamh, const char *what, enum err e)
{
	if (e != ERR_OK)
		pam_syslog(pamh, LOG_NOTICE, "%s: %s (%s)", what, err_text(e), err_name(e));
	return code_of(e);
}

/* ---- the factor ---- */

static void
cleanup(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh, (void)status;
	kept_free(data);
}

enum err
work_keep(struct work *w, struct kept *k)
{
	k->uid = w->person.uid;
	return pam_set_data(w->pamh, DATA, k, cleanup) == PAM_SUCCESS ? ERR_OK : ERR_NOMEM;
}

const struct factor *
work_kept(const struct work *w)
{
	const void *data = NULL;
	const struct kept *k;

	if (pam_get_data(w->pamh, DATA, &data) != PAM_SUCCESS || !data)
		return NULL;
	k = data;
	return k->factor.there && k->uid == w->person.uid ? &k->factor : NULL;
}

void
work_forget(const struct work *w)
{
	(void)pam_set_data(w->pamh, DATA, NULL, NULL);
}

/* ---- the session ---- */

static void
cleanup_session(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh, (void)status;
	free(data);
}

enum err
work_keep_session(struct work *w, const char *name)
{
	char *copy = strdup(name);

	if (copy && pam_set_data(w->pamh, SESSION, copy, cleanup_session) == PAM_SUCCESS)
		return ERR_OK;
	free(copy);
	return ERR_NOMEM;
}

const char *
work_session(const struct work *w)
{
	const void *data = NULL;

	return pam_get_data(w->pamh, SESSION, &data) == PAM_SUCCESS ? data : NULL;
}

void
work_forget_session(const struct work *w)
{
	(void)pam_set_data(w->pamh, SESSION, NULL, NULL);
}
