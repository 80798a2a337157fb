/*
 * sshlogin_type.h - which keys of an ssh agent may log in (from-agent), for who writes the lines of
 * the map and for who reads them.
 */
#ifndef LIB_SSHLOGIN_TYPE_H
#define LIB_SSHLOGIN_TYPE_H

#include "lib/span.h"

/* By the name of its type (RFC 4253 6.6).  *token: it lives on a token, whose signatures say
 * whether it was touched.  No certificates: they prove what an authority says, and the
 * administrator lists keys. */
bool sshlogin_type(struct span name, bool *token);

#endif
