/* upkeep.c - `ownkey-oidc backup`. */
#include "oidc/admin.h"

enum err
oidc_verb_backup(struct oidc_cmd *c)
{
	const char *path = oidc_cmd_operand(c, 0);
	enum err e = admin_open(c);

	if (!e && (e = db_backup(c->oidc.db, path)))
		e = oidc_cmd_wrong(c, e, "%s", path);
	if (e == ERR_PERMISSION)
		snprintf(c->hint, sizeof c->hint,
		    "it is written by the owner of the store's folder, who must be allowed to");
	if (!e)
		puts("done: accounts, clients and hashes; keys are in the vault's own backup");
	admin_close(c);
	return e;
}
