/*
 * ops_forward.h - a token of this machine is used by another one (DESIGN 7).
 */
#ifndef LIB_OPS_FORWARD_H
#define LIB_OPS_FORWARD_H

#include "lib/wire.h"

/* One connection of the other machine: the client is told by OPS_EV_FORWARD where to bring it
 * (job), and by another one, with label, which credential an assertion went out for (SHA-256,
 * hex).  The answer comes when the connection has ended. */
struct ops_token_serve {
	uint64_t has;
	struct span path; /* device; absent = the only one */
	struct span name; /* of the other machine, for prompts */
	bool force;	  /* PIN although few tries are left */
	bool same_vault;  /* it has a copy of our own vault: its credentials may be asked for */
	struct wire_list refuse; /* SHA-256 of credential ids that other machines were let use */
	struct wire_list known;	 /* of those that this one was */
};
struct ops_token_serve_rep {
	uint64_t has;
	uint64_t released; /* assertions that went out */
};
extern const struct wire_map ops_token_serve_map, ops_token_serve_rep_map;

#endif
