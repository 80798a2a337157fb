/* The entry points of Linux-PAM. */
#include <security/pam_modules.h>

#include "pam/code.h"

PAM_EXTERN int
pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh, (void)flags, (void)argc, (void)argv;
	return code_of(ERR_UNSUPPORTED);
}
