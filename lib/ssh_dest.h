/*
 * ssh_dest.h - keys that may be used only on the way to some hosts: struct ssh_destination (what a
 * key was added with) against struct ssh_bind (how a request came here), of ops_ssh.h.
 *
 * The rules are those of OpenSSH's agent (PROTOCOL.agent 1 and 2).  Pure functions: front asks what
 * may be listed and removed, the vault asks again at each signature.  Lists are as decoded (raw);
 * of an item that does not decode nothing is permitted.
 */
#ifndef LIB_SSH_DEST_H
#define LIB_SSH_DEST_H

#include "lib/ops_ssh.h"

/* How a connection came here. */
struct ssh_dest_path {
	struct wire_list binds; /* struct ssh_bind, the oldest first */
	bool failed;		/* a session-bind of it was refused */
};

/* What a signature is for: fields of the userauth request. */
struct ssh_dest_use {
	struct span session;
	struct span user;
	struct span hostkey; /* blob; empty: the request is not bound to a host */
};

/* Hosts as the constraints name them, for prompts; borrowed from dest. */
struct ssh_dest_hosts {
	struct span forward; /* the first host that the agent was forwarded to; empty: not at all */
	struct span last;    /* where the key will log in */
};

/* May the key be listed, replaced and removed?  Also when it could be used one hop further only. */
bool ssh_dest_visible(const struct wire_list *dest, const struct ssh_dest_path *path);
/* May it sign that?  No destinations: yes (hosts are empty).  ERR_SSH_PATH: not over this
 * connection; ERR_SSH_DESTINATION: not for this user or host.  hosts may be NULL. */
MUST enum err ssh_dest_permit(const struct wire_list *dest, const struct ssh_dest_path *path,
    const struct ssh_dest_use *use, struct ssh_dest_hosts *hosts);
/* Shell-like: '*' any number of bytes, '?' one.  Whole text. */
bool ssh_dest_match(struct span text, struct span pattern);

#endif
