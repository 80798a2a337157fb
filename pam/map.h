/*
 * map.h - which credentials belong to whom (pam_ownkey(8), THE MAP).
 *
 * One line a token:
 *     user rpid alg flags credential-id public-key [salt [label]]
 *     user ssh-agent flags type public-key [label]
 * alg es256 or eddsa; flags up, uv, pin joined by commas; the rest base64; "-" for no salt.  The
 * second is a key of their ssh agent, which counts for from-agent, and only there.  Or a line of
 * pam_u2f's authfile, user:handle,key,type,options:... .  The last of those counts, as there.
 * Lines of others are not looked at; one of this person that is not understood refuses all of
 * them.
 */
#ifndef PAM_MAP_H
#define PAM_MAP_H

#include "lib/buf.h"
#include "pam/options.h"
#include "pam/person.h"

#define MAP_FILE_MAX  (1024 * 1024)
#define MAP_LINE_MAX  16384
#define MAP_ROWS_MAX  64
#define MAP_CRED_MAX  1023
#define MAP_RPID_MAX  127
#define MAP_LABEL_MAX 64
#define MAP_SSH_MAX   4096
#define MAP_WHY_MAX   160

enum map_flag {
	MAP_UP = 1, /* a touch; rows of tokens that lack it are refused */
	MAP_UV = 2, /* PIN or fingerprint */
	MAP_PIN = 4 /* the PIN, no fingerprint; implies MAP_UV */
};

struct map_row {
	struct span rp_id;   /* text */
	int64_t alg;	     /* COSE: -7, -8 */
	unsigned flags;	     /* bits of enum map_flag */
	struct span cred_id; /* 1..MAP_CRED_MAX */
	struct span pubkey;  /* ES256: x||y 64; EdDSA: 32; ssh: its blob, up to MAP_SSH_MAX */
	struct span salt;    /* 32, or none: logs in, unlocks nothing */
	struct span label;   /* the rest of the line, no control characters; may be empty */
	bool foreign;	     /* a line of pam_u2f */
	bool ssh;	     /* of an ssh agent: flags, pubkey, label are all that it has */
};

struct map {
	struct map_row row[MAP_ROWS_MAX];
	size_t n;
	struct buf bytes;      /* what the rows point into */
	char why[MAP_WHY_MAX]; /* what is wrong with it: for the log, printable, no secret */
};

/* Whose rows, and what pam_u2f's lines leave open. */
struct map_who {
	const char *user;
	const char *rpid; /* of pam_u2f's lines */
	size_t most;	  /* rows; more are an error */
	bool ssh;	  /* those of an ssh agent are wanted, else those of tokens */
};

/*
 * The rows of a person, from the file that the options name.  An absolute path is the
 * administrator's: the file, and the folders it is in, owned by root or by who we are, and writable
 * by nobody else (a folder with the sticky bit may be).  "~/..." is in the
 * person's home, owned by them, and read by a process that has become them.
 * ERR_PAM_NOT_ENROLLED: there is no such file (of the administrator; of the person, where the home
 * is there), or no line of theirs.  ERR_PAM_MAP_OWNER, ERR_PAM_MAP_READ, ERR_PAM_MAP_LINE,
 * ERR_PAM_MAP_MANY, ERR_NOMEM: none of these is "not enrolled".  map_done in any case.
 */
MUST enum err map_read(
    const struct options *o, const struct person *p, int64_t until, struct map *out);
/* The same from the text of a file.  *out is empty on failure, but for why. */
MUST enum err map_parse(struct span text, const struct map_who *who, struct map *out);
void map_done(struct map *m);

#endif
