/*
 * conf.h - ownkey.conf: the options of agent and helpers as one flat struct, so that the
 * supervisor can hand it to its children as bytes.
 */
#ifndef LIB_CONF_H
#define LIB_CONF_H

#include "lib/opt.h"

#define CONF_TOKENS   8
#define CONF_PATH     256
#define CONF_SSH_LIST 8
#define CONF_PATTERN  128
#define CONF_CLIENTS  8
#define CONF_CLIENT   192

enum conf_fingerprint { CONF_FINGER_AUTO, CONF_FINGER_NEVER };
enum conf_ssh_add { CONF_SSH_MEMORY, CONF_SSH_VAULT };
/* What locks besides time: bits of lock_on. */
enum conf_lock {
	CONF_LOCK_SESSION = 1,
	CONF_LOCK_SLEEP = 2,
	CONF_LOCK_SCREENSAVER = 4,
	CONF_LOCK_TOKEN = 8,
	CONF_LOCK_IDLE = 16,
	CONF_LOCK_LID = 32
};
enum conf_memory { CONF_MEMORY_AUTO, CONF_MEMORY_SECRETMEM, CONF_MEMORY_MLOCK };

struct conf {
	uint32_t lock_idle;	/* seconds, 0 = never; default 15 min */
	uint32_t lock_absolute; /* seconds, 0 = never; default 8 h */
	uint32_t touch_timeout; /* seconds a touch is waited for; default 30 */
	uint32_t prompt_timeout;
	uint32_t fingerprint;	/* enum conf_fingerprint */
	uint32_t secret_memory; /* enum conf_memory */
	uint32_t allow_swap;	/* bool as uint32_t: start although nothing can be locked */
	uint32_t log_level;
	char pinentry[CONF_PATH]; /* program; "" = search pinentry in PATH, "none" = never */
	uint32_t ntokens;	  /* token = hid | unix:PATH, repeated; default hid */
	char token[CONF_TOKENS][CONF_PATH];
	char sysfs[CONF_PATH]; /* roots for HID enumeration: tests */
	char dev[CONF_PATH];
	uint32_t copy_timeout; /* seconds a folder with copies may take; default 20 */
	uint32_t notify_names; /* bool: names in desktop notifications */
	uint32_t ssh_wait;     /* seconds that ssh waits for the vault to be opened; 0 = not */
	uint32_t ssh_add;      /* enum conf_ssh_add: where ssh-add puts keys */
	uint32_t nssh_list;    /* ssh_list = pattern of paths and comments, repeated */
	char ssh_list[CONF_SSH_LIST][CONF_PATTERN];
	char ssh_upstream[CONF_PATH]; /* socket of another agent for ssh; "" = none */
	uint32_t nclient;	      /* client = USER PATTERN OPERATIONS, repeated: lib/rights.h */
	char client[CONF_CLIENTS][CONF_CLIENT];
	char unattended[CONF_PATTERN]; /* credential with the passphrase; "" = none */
	/* ownkey-session: */
	uint32_t lock_on;	    /* enum conf_lock bits */
	uint32_t lock_session_idle; /* seconds after the desktop said idle; 0 = at once */
	uint32_t notify;	    /* bool: notifications at all */
};

extern const struct opt conf_options[];
extern const size_t conf_noptions;

/* Defaults, then the file at path (a missing file is fine).  *line as opt_parse. */
MUST enum err conf_load(const char *path, struct conf *c, size_t *line);

#endif
