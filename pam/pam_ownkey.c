/*
 * The entry points of Linux-PAM.  PAM_IGNORE is returned in one case: nobody is enrolled by that
 * name, and the option nouserok says that this is none of our business.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pam/code.h"
#include "pam/handoff.h"
#include "pam/helper.h"
#include "pam/work.h"

#define HOLD	      "OWNKEY_HANDOFF"
#define UNLOCK_MOST_S 15

static int64_t
soon(void)
{
	return helper_clock() + UNLOCK_MOST_S * 1000;
}

static bool
none_of_ours(const struct work *w, enum err e)
{
	return e == ERR_PAM_NOT_ENROLLED && w->options.nouserok;
}

/* ---- auth ---- */

/* No session of theirs will open: their vault is none of the business of who becomes them, nor of
 * programs that change one thing. */
static bool
is_borrowed(const struct work *w)
{
	static const char *const never[] = { "doas", "polkit-1", "chfn", "chsh", "passwd" };
	uid_t caller = getuid();
	size_t i;

	if (strncmp(w->service, "sudo", 4) == 0)
		return true;
	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (strcmp(w->service, never[i]) == 0)
			return true;
	if (strcmp(w->service, "su") != 0 && strcmp(w->service, "su-l") != 0)
		return false;
	return caller != 0 && caller != w->person.uid;
}

/* Whoever asks is them already, so that their session is open, and this one opens none: a screen
 * locker.  Root is also who lets others in. */
static bool
is_in(const struct work *w)
{
	uid_t caller = getuid();

	return caller != 0 && caller == w->person.uid;
}

static void
forget(struct work *w)
{
	work_forget(w);
	if (pam_getenv(w->pamh, HOLD))
		(void)pam_putenv(w->pamh, HOLD);
}

/* Hosts that authenticate in a child lose pam's data with it, but carry its environment over. */
static enum err
hold(struct work *w, const struct kept *k)
{
	char name[HANDOFF_NAME_MAX], set[HANDOFF_NAME_MAX + sizeof(HOLD) + 1];
	enum err e;

	if (strcmp(w->service, "sshd") != 0 || !k->factor.there)
		return ERR_OK;
	e = handoff_hold(&w->person, &k->factor, name, soon());
	if (e != ERR_OK)
		return e;
	snprintf(set, sizeof(set), HOLD "=%s", name);
	return pam_putenv(w->pamh, set) == PAM_SUCCESS ? ERR_OK : ERR_NOMEM;
}

/* What cannot be handed over keeps nobody out: they are who they are. */
static enum err
authenticated(struct work *w, struct kept *k)
{
	enum err e = is_in(w) && k->factor.there ? handoff_unlock(&w->person, &k->factor, soon())
						 : hold(w, k);

	if (e != ERR_OK) {
		(void)work_code(w->pamh, "the vault stays locked", e);
		(void)!say_error(&w->say, "Your vault is still locked: %s.", err_text(e));
	}
	if (is_in(w) || !k->factor.there) {
		kept_free(k);
		return ERR_OK;
	}
	e = work_keep(w, k);
	if (e != ERR_OK)
		kept_free(k);
	return e;
}

static enum err
authenticate(struct work *w)
{
	struct kept *k = kept_new();
	struct login l = {
		.options = &w->options,
		.say = &w->say,
		.person = &w->person,
		.map = &w->map,
		.service = w->service,
		.host = w->host,
		.unlock = !w->options.no_unlock && !is_borrowed(w),
		.kept = k,
	};
	enum err e;

	if (!k)
		return ERR_PAM_HOST;
	e = login_run(&l);
	if (e == ERR_OK)
		return authenticated(w, k);
	kept_free(k);
	return e;
}

/* An agent that is elsewhere has nothing for the session: nothing is kept. */
static enum err
authenticate_by_agent(struct work *w)
{
	const struct login l = {
		.options = &w->options,
		.say = &w->say,
		.person = &w->person,
		.map = &w->map,
		.service = w->service,
		.host = w->host,
		.agent = w->agent,
	};

	return login_from_agent(&l);
}

PAM_EXTERN int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct work *w;
	enum err e = work_begin(pamh, 0, argc, argv, &w);
	int r;

	/* what an earlier one gave is not for whoever comes now */
	if (w)
		forget(w);
	(void)flags; /* sudo asks for silence: nobody would know when to touch the token */
	if (e == ERR_OK)
		e = work_map(w);
	if (w && none_of_ours(w, e))
		r = PAM_IGNORE;
	else {
		if (e == ERR_OK)
			e = w->options.from_agent ? authenticate_by_agent(w) : authenticate(w);
		r = work_code(pamh, "authentication", e);
	}
	work_end(w);
	return r;
}

/* ---- account ---- */

PAM_EXTERN int
pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct work *w;
	enum err e = work_begin(pamh, flags, argc, argv, &w);
	int r;

	if (e == ERR_OK)
		e = work_map(w);
	r = w && none_of_ours(w, e) ? PAM_IGNORE : work_code(pamh, "account", e);
	work_end(w);
	return r;
}

/* ---- password: the PIN of the token ---- */

static enum err
change_pin(struct work *w, int flags)
{
	struct kept *k = kept_new();
	struct login l = {
		.options = &w->options,
		.say = &w->say,
		.person = &w->person,
		.map = &w->map,
		.service = w->service,
		.host = w->host,
		.kept = k,
	};
	enum err e;

	if (!k)
		return ERR_PAM_HOST;
	if ((unsigned)flags & PAM_PRELIM_CHECK) {
		e = login_look(&l);
		if (e != ERR_OK)
			(void)!say_err(&w->say, e, SAY_NO_RETRIES);
	} else {
		e = login_change_pin(&l);
	}
	kept_free(k);
	return e;
}

PAM_EXTERN int
pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct work *w;
	enum err e = work_begin(pamh, flags, argc, argv, &w);
	int r;

	if (e == ERR_OK && w->options.from_agent)
		e = ERR_UNSUPPORTED;
	if (e == ERR_OK)
		e = work_map(w);
	if (w && none_of_ours(w, e))
		r = PAM_IGNORE;
	else {
		if (e == ERR_OK)
			e = change_pin(w, flags);
		r = work_code(pamh, "change of the PIN", e);
	}
	work_end(w);
	return r;
}

/* ---- session ---- */

/* In this process, or held for us since a child of it authenticated; nothing is no failure. */
static enum err
hand_over(struct work *w)
{
	const char *held = pam_getenv(w->pamh, HOLD);
	const struct factor *f = work_kept(w);
	enum err e = ERR_OK;

	if (f)
		e = handoff_unlock(&w->person, f, soon());
	else if (held)
		e = handoff_held_unlock(&w->person, held, soon());
	if (f && held)
		handoff_held_drop(&w->person, held, soon());
	forget(w);
	return e;
}

/* Who unlocks a screen as root renews credentials and opens no session. */
static void
renew(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct work *w;
	enum err e = work_begin(pamh, flags, argc, argv, &w);

	if (e == ERR_OK && !w->options.no_unlock)
		e = hand_over(w);
	(void)work_code(pamh, "the vault stays locked", e);
	work_end(w);
}

/* There are none to set: libpam decides by what pam_sm_authenticate said. */
PAM_EXTERN int
pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	if ((unsigned)flags & (PAM_REFRESH_CRED | PAM_REINITIALIZE_CRED))
		renew(pamh, flags, argc, argv);
	return PAM_SUCCESS;
}

/* Before the vault is opened: or the end of another session could lock it right after. */
static void
count(struct work *w)
{
	char name[HANDOFF_NAME_MAX];
	enum err e = handoff_session(&w->person, name, soon());

	if (e == ERR_OK)
		e = work_keep_session(w, name);
	if (e == ERR_OK)
		return;
	(void)work_code(w->pamh, "this session does not count for lock-at-end", e);
	(void)!say_error(&w->say, "Your vault will stay open after this session: %s.", err_text(e));
}

PAM_EXTERN int
pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct work *w;
	enum err e = work_begin(pamh, flags, argc, argv, &w);
	int r;

	if (e == ERR_OK && w->options.lock_at_end && !is_borrowed(w))
		count(w);
	if (e == ERR_OK && !w->options.no_unlock && !w->options.from_agent) {
		e = hand_over(w);
		if (e != ERR_OK)
			(void)!say_error(&w->say, "Your vault is still locked: %s.", err_text(e));
	}
	r = work_code(pamh, "session", e);
	work_end(w);
	return r;
}

/* Who waited for its end may have been killed: then it is asked whether others are open. */
static enum err
end_session(struct work *w)
{
	const char *name = work_session(w);
	enum err e = name ? handoff_session_end(&w->person, name, soon()) : ERR_NOTFOUND;

	if (e == ERR_NOTFOUND || e == ERR_HANGUP)
		e = handoff_lock(&w->person, soon());
	work_forget_session(w);
	return e;
}

PAM_EXTERN int
pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct work *w;
	enum err e = work_begin(pamh, flags, argc, argv, &w);
	int r;

	if (e == ERR_OK && w->options.lock_at_end && !is_borrowed(w))
		e = end_session(w);
	r = work_code(pamh, "end of the session", e);
	work_end(w);
	return r;
}
