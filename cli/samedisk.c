/* samedisk.c - is a file on the disk of the vault? */
#include "cli/samedisk.h"

#include <stdio.h>
#include <sys/stat.h>

enum err
samedisk_as_vault(struct cli *c, const char *path, bool *same)
{
	struct ops_status_rep st;
	struct stat a, b;
	char name[4096];
	enum err e;

	*same = false;
	if ((e = cli_call(c, OP_STATUS, NULL, &st)))
		return e;
	snprintf(name, sizeof name, "%.*s", (int)st.path.len,
	    st.path.len ? (const char *)st.path.p : "");
	*same = stat(path, &a) == 0 && stat(name, &b) == 0 && a.st_dev == b.st_dev;
	return ERR_OK;
}
