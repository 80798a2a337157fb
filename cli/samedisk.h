/*
 * samedisk.h - is a file on the disk of the vault?  Then losing that disk loses both.
 */
#ifndef CLI_SAMEDISK_H
#define CLI_SAMEDISK_H

#include "cli/cli.h"

/* Asks the agent where the vault is.  *same is false when nobody can tell. */
MUST enum err samedisk_as_vault(struct cli *c, const char *path, bool *same);

#endif
