/*
 * drop.h - root, given away for good.
 *
 * For helpers that PAM, or an agent of root's, starts.  What is left: one uid, one gid, no group,
 * no capability in any set, and no way back.
 */
#ifndef LIB_DROP_H
#define LIB_DROP_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/err.h"

#define DROP_NOBODY 65534

/* Is one of our ids 0? */
bool drop_is_root(void);
/* Become uid and gid, neither of them 0.  ERR_ROOT_KEPT: it did not happen as it should, and the
 * process has to end.  For processes with one thread. */
MUST enum err drop_root(uid_t uid, gid_t gid);
/* What is left to do once the ids are those of somebody who is not root: no capability stays, not
 * even where a host kept them, and the kernel's fs.suid_dumpable, which holds since then, does not
 * let that user trace us or find our core.  ERR_ROOT_KEPT. */
MUST enum err drop_rest(void);
/* Stay who we are, and be able to do only what our ids may: for helpers of root's own agent,
 * whose folders are root's, and of root in a namespace that knows no other uid.  ERR_ROOT_KEPT as
 * above. */
MUST enum err drop_capabilities(void);

#endif
