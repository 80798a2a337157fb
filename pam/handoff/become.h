/*
 * become.h - from root to the person, for good.
 */
#ifndef PAM_HANDOFF_BECOME_H
#define PAM_HANDOFF_BECOME_H

#include "lib/handoff.h"

/*
 * Their groups, gid, uid, all three of each; then an environment with nothing but HOME, USER,
 * LOGNAME, PATH and, when /run/user/UID is theirs, XDG_RUNTIME_DIR.  Who is not root can only be
 * who they are.  ERR_BECOME: the account is not that uid, or something of root was left.
 */
MUST enum err become(const struct handoff_ask *a);

#endif
