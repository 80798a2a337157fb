/* error.c - errors for others: the numbers of lib/err_table.h. */
#include "include/ownkey.h"
#include "lib/err.h"
#include "lib/sec.h"

#define SAME(name) _Static_assert((int)OWNKEY_##name == (int)ERR_##name, #name)
SAME(OK);
SAME(NOMEM);
SAME(NOTFOUND);
SAME(EXISTS);
SAME(USAGE);
SAME(CANCELLED);
SAME(TIMEOUT);
SAME(RANGE);
SAME(TEXT);
SAME(TOOBIG);
SAME(NOAGENT);
SAME(LOCKED);
SAME(NOVAULT);
SAME(DENIED);
SAME(REFUSED);
SAME(HANGUP);
_Static_assert((int)OWNKEY_FORKED == (int)ERR_LIB_FORKED, "forked");
_Static_assert((int)OWNKEY_NESTED == (int)ERR_LIB_NESTED, "nested");
_Static_assert((int)OWNKEY_PROTOCOL == (int)ERR_LIB_PROTOCOL, "protocol");

const char *
ownkey_error_text(int error)
{
	return err_text((enum err)error);
}

const char *
ownkey_error_hint(int error)
{
	return err_hint((enum err)error);
}

const char *
ownkey_error_name(int error)
{
	return err_name((enum err)error);
}

void
ownkey_wipe(void *p, size_t len)
{
	if (p && len)
		sec_zero(p, len);
}
