/*
 * wipe.h - a directory that never was.
 */
#ifndef CLI_WIPE_H
#define CLI_WIPE_H

#include "lib/err.h"

/* Overwrite and remove every file below path (never through a link, never onto another file
 * system), then the directories.  Goes on whatever fails; ERR_IO when something is left. */
MUST enum err wipe_tree(const char *path);

#endif
