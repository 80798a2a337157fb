#include <security/pam_modules.h>
#include <string.h>

#include "pam/code.h"

static const struct {
	const char *name;
	int code;
} codes[] = {
	{ "PAM_SERVICE_ERR", PAM_SERVICE_ERR },
	{ "PAM_BUF_ERR", PAM_BUF_ERR },
	{ "PAM_PERM_DENIED", PAM_PERM_DENIED },
	{ "PAM_USER_UNKNOWN", PAM_USER_UNKNOWN },
	{ "PAM_AUTH_ERR", PAM_AUTH_ERR },
	{ "PAM_AUTHINFO_UNAVAIL", PAM_AUTHINFO_UNAVAIL },
	{ "PAM_CONV_ERR", PAM_CONV_ERR },
	{ "PAM_MAXTRIES", PAM_MAXTRIES },
	{ "PAM_AUTHTOK_ERR", PAM_AUTHTOK_ERR },
	{ "PAM_NEW_AUTHTOK_REQD", PAM_NEW_AUTHTOK_REQD },
};

int
code_of(enum err e)
{
	const char *name = err_pam(e);
	size_t i;

	if (e == ERR_OK)
		return PAM_SUCCESS;
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(codes[i].name, name) == 0)
			return codes[i].code;
	return PAM_SYSTEM_ERR;
}
