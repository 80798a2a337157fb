/*
 * copies.h - copies of the sealed vault in other folders: the list of the folders, and what became
 * of each (DESIGN 6; who copies is agent/copy).
 *
 * The list ($XDG_CONFIG_HOME/ownkey/copies-TAG): one absolute path a line; empty lines and lines
 * that begin with # say nothing.  The state (copies-TAG.state in the state folder): a line
 * "ownkey-copies 1", then one a folder: time generation line error flags tried path.
 * TAG: of the path of the vault (paths.h).
 */
#ifndef LIB_COPIES_H
#define LIB_COPIES_H

#include "lib/buf.h"
#include "lib/paths.h"

#define COPIES_FOLDERS	16 /* in the list */
#define COPIES_MAX	(COPIES_FOLDERS + 1)
#define COPIES_FILE_MAX 65536 /* bytes of either file */

/* Name of a copy of this vault: "ownkey-0a1b2c3d.vault". */
#define COPIES_NAME_LEN 24
void copies_name(const uint8_t vault_id[16], char out[COPIES_NAME_LEN]);

/* What is known of one folder. */
struct copies_row {
	char path[PATHS_MAX];
	uint64_t tried;	     /* unix seconds of the last try; 0: never */
	uint64_t time;	     /* of the last good copy; 0: none */
	uint64_t generation; /* of that copy */
	uint8_t line[32];    /* of that copy: SHA-256(t), DESIGN 6 */
	uint32_t err;	     /* enum err of the last try */
	uint32_t apart;	     /* 1: it was on another file system than the vault */
};

/* In a state and a report, row 0 is the copy on this machine: its path is that of a file. */
struct copies {
	uint32_t n;
	struct copies_row row[COPIES_MAX];
};

/* ---- the list ---- */
/* Folders into c, everything else of a row zero; a folder that comes twice counts once.
 * ERR_CONFIG: *line is the first one that is no absolute path of printable text, or one too many;
 * the others are there. */
MUST enum err copies_parse_list(struct span text, struct copies *c, size_t *line);
/* Is this a line of the list that means a folder?  No slash at its end. */
bool copies_is_folder(struct span path);
/* The text with a line more, or without those that mean this folder; all else stays as it is. */
void copies_add_line(struct span text, const char *folder, struct buf *out);
void copies_drop_line(struct span text, const char *folder, struct buf *out);

/* ---- the state ---- */
/* Never fails: a line that is broken is not known. */
void copies_parse_state(struct span text, struct copies *c);
void copies_put_state(const struct copies *c, struct buf *out);
/* The row of this folder; NULL. */
const struct copies_row *copies_find(const struct copies *c, const char *folder);

#endif
