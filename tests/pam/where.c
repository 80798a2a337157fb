/* In place of pam/where.c: the helpers of the build tree. */
#include "pam/helper.h"

const char *
where_libexec(void)
{
	return OWNKEY_BUILD;
}
