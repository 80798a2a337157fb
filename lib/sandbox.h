/*
 * sandbox.h - what a process gives up (DESIGN 15; notes: order matters).
 *
 * early: first thing in main: core 0, not dumpable, umask 077, descriptors 0-2 exist, environment
 * reduced to an allow-list, refuses setuid.  enter: no new privileges, resource limits, MDWE where
 * known, landlock, seccomp (kill) by profile.  After exec only; filters are inherited, so the
 * supervisor and prompt parents never call enter.
 * Built with OWNKEY_SAN (sanitizers) or OWNKEY_VALGRIND the limits and filters are left out at
 * compile time; nothing at run time switches them off.
 */
#ifndef LIB_SANDBOX_H
#define LIB_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

enum sandbox_profile {
	SANDBOX_VAULT,	    /* read/write/sendmsg/recvmsg/poll on its channels; nothing else */
	SANDBOX_FRONT,	    /* rw files below two directories, accept on its listeners */
	SANDBOX_TOKEN,	    /* r/w one open device descriptor; RLIMIT_AS 96 MiB, CPU 30 s */
	SANDBOX_TOKEN_LIST, /* read-only below sysfs and dev roots, connect to unix: paths */
	SANDBOX_WORKER,	    /* no files at all; RLIMIT_AS from as_limit */
	SANDBOX_VERIFY,	    /* computes: no files, 96 MiB, CPU 10 s */
	SANDBOX_COPIER,	    /* rw files below some directories; no sockets, CPU 60 s */
	SANDBOX_BUS,	    /* speaks D-Bus and to the agent: UNIX sockets; no files */
	SANDBOX_SECRETS, /* as BUS, and reads /proc of its clients: no landlock, which hides that */
	SANDBOX_WEB,	 /* HTTP, SQLite below its folder, connects to UNIX sockets */
	SANDBOX_FETCHER, /* starts FETCH children; may do what they may */
	SANDBOX_FETCH,	 /* TCP to some ports, names looked up, files read; 256 MiB, CPU 10 s */
	SANDBOX_CLI	 /* no new privileges, core 0 only */
};

struct sandbox_rule {
	const char *path; /* landlock: this directory or file and below */
	bool write;
};

struct sandbox {
	enum sandbox_profile profile;
	uint64_t as_limit;		  /* bytes, 0 = none */
	const struct sandbox_rule *rules; /* ended by path NULL; may be NULL */
	const uint16_t *ports;		  /* FETCH: TCP connections go to these alone; 0-ended */
};

/* What this kernel lacks, for `status`. */
enum sandbox_lack {
	SANDBOX_LACK_LANDLOCK = 1,
	SANDBOX_LACK_MDWE = 2,
	SANDBOX_LACK_SECRETMEM = 4, /* filled in by callers from sec_arena_kind */
	SANDBOX_LACK_MLOCK = 8,
	SANDBOX_LACK_PIDFD = 16,
	SANDBOX_LACK_SECCOMP = 32
};

/* keep: environment names that stay (NULL-ended) besides LANG LC_* PATH HOME TZ XDG_*; a name that
 * ends in * is a beginning, and "*" alone keeps all.  ERR_PERMISSION: we are setuid. */
MUST enum err sandbox_early(const char *const *keep);
/* *lacks gets sandbox_lack bits.  Rules for paths that do not exist are passed over. */
MUST enum err sandbox_enter(const struct sandbox *s, unsigned *lacks);
/* From FETCH on: only system calls that profile has, too. */
MUST enum err sandbox_narrow(enum sandbox_profile profile);

#endif
