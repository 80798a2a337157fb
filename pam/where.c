/* where.c - the one place that says where helpers are. */
#include "pam/helper.h"

const char *
where_libexec(void)
{
	return OWNKEY_LIBEXECDIR;
}
