/*
 * setup.h - `ownkey setup`: other programs are told about ownkey, in their own files, so that it
 * can be shown before and undone after.
 *
 * A tool is a file or a function and a row in setup_tools.c.  It plans: what is to be put where,
 * and one sentence about it.  The rest is the same for all: showing, writing, the record in the
 * state folder, undoing, doctor.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include <sys/types.h>

#include "cli/cli.h"
#include "lib/paths.h"

#define SETUP_FILES	 8
#define SETUP_EDITS	 32
#define SETUP_NOTES	 6
#define SETUP_MAX	 (256 * 1024) /* bytes of a file */
#define SETUP_RECORD_MAX (2 * SETUP_FILES * SETUP_MAX + SETUP_MAX)
#define SETUP_BEGIN	 "# ownkey: begin"
#define SETUP_END	 "# ownkey: end"

/* At one place of a file: what goes, and what comes in its stead. */
struct setup_edit {
	size_t at;	     /* in the file as it is; rising */
	struct buf old, new; /* new is found again by its text: it has to be unlike all else */
	char why[200];	     /* "gpg asks the vault for passphrases" */
};

struct setup_file {
	char path[PATHS_MAX]; /* what is edited: links are followed already */
	bool exists;
	mode_t mode;
	struct buf text; /* as it is */
	struct setup_edit edit[SETUP_EDITS];
	size_t n;
};

struct setup_plan {
	struct setup_file file[SETUP_FILES];
	size_t n;
	char note[SETUP_NOTES][300]; /* what the person has to do or know; "" = none */
};

enum setup_state { SETUP_NOT, SETUP_DONE, SETUP_BROKEN, SETUP_ABSENT };

struct setup_tool {
	const char *name;
	const char *program; /* it is installed when this is in PATH; NULL: always */
	enum err (*plan)(struct cli *c, struct setup_plan *p);
	const char *const *after; /* a command that makes the program read it; NULL: none */
	const char *help;
	const char *flatpak; /* installed, too, when this application is; NULL: there is none */
};

extern const struct setup_tool setup_tools[];
extern const size_t nsetup_tools;

/* NULL: there is no such tool. */
const struct setup_tool *setup_find(const char *name);
enum setup_state setup_state(const struct setup_tool *t);
/* Does what was written name a program of ours that is not there any more?  path gets it. */
bool setup_lacks(const struct setup_tool *t, char path[PATHS_MAX]);
/* The command of the row; what it says is of no interest, nor whether it works. */
void setup_after(const struct setup_tool *t);

/* ---- for the rows ---- */
/* Read a file for editing; it need not exist.  ERR_SETUP_OUTSIDE: a link leads out of the home;
 * ERR_PERMISSION: it is somebody else's; ERR_UNSUPPORTED: no plain file; ERR_TOOBIG. */
MUST enum err setup_open(struct setup_plan *p, const char *path, struct setup_file **out);
/* Put text (lines that end with LF) at this place: it gets the line ends of the file, and a line
 * end before it when the file lacks one there.  ERR_LIMIT. */
MUST enum err setup_insert(struct setup_file *f, size_t at, const char *text, const char *why);
MUST enum err setup_replace(
    struct setup_file *f, struct span old, const char *text, const char *why);
/* The same at the end, between SETUP_BEGIN and SETUP_END. */
MUST enum err setup_block(struct setup_file *f, const char *text, const char *why);
/* The same in place of all that the file says. */
MUST enum err setup_whole(struct setup_file *f, const char *text, const char *why);
/* key=value in the section "[...]" of a file that has such; nothing is to be done where it says so
 * already.  ERR_TEXT: the file is no text. */
MUST enum err setup_setting(
    struct setup_file *f, const char *section, const char *key, const char *value, const char *why);
/* The line that begins at this place, with its end; and without the spaces around it. */
struct span setup_line(const struct buf *text, size_t at);
struct span setup_trim(struct span s);
void setup_note(struct setup_plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* $variable/rest, else ~/fallback/rest.  ERR_NOTFOUND, ERR_TOOBIG. */
MUST enum err setup_place(
    const char *variable, const char *fallback, const char *rest, char out[PATHS_MAX]);
/* Does the file say this anywhere, in either case? */
bool setup_says(const struct setup_file *f, const char *word);
/* Another program, in PATH. */
bool setup_find_program(const char *name, char *file, size_t cap);
/* The next folder of "a:b"; false: there is none. */
bool setup_next_dir(const char **list, char out[PATHS_MAX]);
/* The first $variable/rest that is there, of a list of folders (fallback when it is unset). */
bool setup_system(
    const char *variable, const char *fallback, const char *rest, char out[PATHS_MAX]);
/* A file of the system, which others own.  ERR_NOTFOUND, ERR_TOOBIG, ERR_PERMISSION. */
MUST enum err setup_read_system(const char *path, size_t max, struct buf *out);
/* Where a unit of systemd for users is. */
bool setup_unit(const char *unit, char out[PATHS_MAX]);
bool setup_has_flatpak(const char *id);
/* A program of ours, as others are to name it.  ERR_NOPROGRAM. */
MUST enum err setup_program(const char *name, char out[PATHS_MAX]);
void setup_plan_done(struct setup_plan *p);

/* ---- doing (setup_do.c) ---- */
/* The file as it will be. */
MUST enum err setup_result(const struct setup_file *f, struct buf *out);
/* Record, then write.  What fails half-way is undone.  ERR_BUSY: a file changed meanwhile. */
MUST enum err setup_do(const struct setup_tool *t, const struct setup_plan *p);
/* ERR_NOTFOUND: nothing is recorded.  ERR_SETUP_EDITED: what was written was edited since; nothing
 * is changed.  dry: say only what would be.  path gets the file that it is about. */
MUST enum err setup_undo(const struct setup_tool *t, bool dry, char path[PATHS_MAX]);

/* ---- the record (setup_record.c) ---- */
struct setup_row {
	char path[PATHS_MAX];
	bool existed;
	uint8_t after[32];		     /* SHA-256 of what was written */
	struct buf before;		     /* the whole file */
	struct setup_edit edit[SETUP_EDITS]; /* old and new */
	size_t n;
};
struct setup_record {
	struct setup_row row[SETUP_FILES];
	size_t n;
};
/* ERR_NOTFOUND. */
MUST enum err setup_record_get(const char *tool, struct setup_record *r);
/* Of the bytes of a record.  ERR_FORMAT. */
MUST enum err setup_record_parse(struct span text, struct setup_record *r);
MUST enum err setup_record_put(const char *tool, const struct setup_plan *p);
MUST enum err setup_record_drop(const char *tool);
void setup_record_done(struct setup_record *r);

/* setup_file.c: read, and replace for good, keeping the mode; missing folders are made (0700). */
MUST enum err setup_file_read(const char *path, struct buf *out, mode_t *mode);
MUST enum err setup_file_write(const char *path, struct span s, mode_t mode);
/* The file behind all links, which need not exist. */
MUST enum err setup_file_real(const char *path, char out[PATHS_MAX]);

/* setup_desktop.c */
MUST enum err setup_secret_service(struct cli *c, struct setup_plan *p);

/* setup_apps.c */
MUST enum err setup_signal(struct cli *c, struct setup_plan *p);
MUST enum err setup_element(struct cli *c, struct setup_plan *p);
MUST enum err setup_chromium(struct cli *c, struct setup_plan *p);
MUST enum err setup_brave(struct cli *c, struct setup_plan *p);
MUST enum err setup_gajim(struct cli *c, struct setup_plan *p);
MUST enum err setup_nheko(struct cli *c, struct setup_plan *p);

/* setup_accounts.c */
MUST enum err setup_profanity(struct cli *c, struct setup_plan *p);
MUST enum err setup_weechat(struct cli *c, struct setup_plan *p);
MUST enum err setup_msmtp(struct cli *c, struct setup_plan *p);
MUST enum err setup_mbsync(struct cli *c, struct setup_plan *p);

#endif
