/*
 * portal.c - secrets of applications for org.freedesktop.portal.Secret: 64 characters, from which
 * an application in a sandbox makes the key of what it keeps (libsecret's file backend does so).
 * The account is the application's id.  Another epoch is another secret: what was sealed with the
 * one before can only be opened with that.
 */
#include "agent/format/format.h"

#define N(a) (sizeof(a) / sizeof *(a))

static const struct format_key keys[] = {
	{ "secret", "password.alnum.64", "what the application seals its data with", 1,
	    FORMAT_GIVES, NULL },
};

static enum err
characters(const struct format_in *in, struct sec *out)
{
	return sec_init_copy(out, in->priv);
}

static const struct format_export exports[] = {
	{ "secret", "text", "", true, characters, "the 64 characters" },
};

static const struct format_advice advice[] = {
	{ FORMAT_ROTATE | FORMAT_MOVE, NULL,
	    "Contacts see nothing; the application cannot read what it sealed with the old secret.",
	    "Before you start the application again, see that it can log in anew: passwords, a "
	    "recovery key, a second device.\n"
	    "Then let it forget what it cannot read, and sign in again.\n"
	    "'ownkey id export' of the old epoch still gives the old secret." },
	{ FORMAT_RETIRE, NULL, "Contacts see nothing; the application gets no secret any more.",
	    "Remove the application, or its data: it cannot read them." },
	{ FORMAT_REVOKE, NULL, "Contacts see nothing; the application gets no secret any more.",
	    "Who knows the secret and has a copy of the application's data can read them: change "
	    "the passwords that are in there." },
};

const struct format format_portal = {
	.name = "portal",
	.help = "secret of an application in a sandbox",
	.account = "its id: org.signal.Signal",
	.key = keys,
	.nkey = N(keys),
	.export = exports,
	.nexport = N(exports),
	.advice = advice,
	.nadvice = N(advice),
};
