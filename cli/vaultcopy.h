/*
 * vaultcopy.h - a copy of a vault file (ownkey-vault(5)), sealed as it is, is put where the vault
 * belongs.  Nothing in it is read here; the agent examines it.
 */
#ifndef CLI_VAULTCOPY_H
#define CLI_VAULTCOPY_H

#include "cli/cli.h"

/* Does fd, read from its beginning, begin like a vault? */
MUST enum err vaultcopy_is(int fd, bool *is);
/* Where there is no vault.  ERR_BACKUP_COPY when there is; what the agent finds wrong, and then it
 * is not there. */
MUST enum err vaultcopy_restore(struct cli *c, int fd);

#endif
