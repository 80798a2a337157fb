/*
 * cli.h - one run of `ownkey`: the command, its arguments, the terminal, the agent.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <sys/types.h>

#include "cli/args.h"
#include "cli/out.h"
#include "cli/term.h"
#include "lib/client.h"

struct verb;
struct serving;

struct cli {
	const struct verb *verb;
	struct args args;
	struct term term;
	struct client_conn conn;
	bool connected;
	bool quiet;   /* say nothing about what the agent waits for: somebody else's terminal */
	bool opens;   /* a locked vault is opened first, without this terminal if it is not ours */
	bool make_up; /* a new passphrase is made up: the vault is wiped at once */
	bool try_out; /* nothing is real: the words are not typed back */
	/* Takes a card (SECRET_CARD of lib/job.h) that the agent gives; what it returns ends the
	 * dialogue.  NULL: it is shown on the terminal. */
	enum err (*take_card)(struct cli *c, struct span text);
	void *card_arg;
	int file; /* what the agent may ask for with OPS_EV_NEED_FILE; of the verb */
	/* OPS_EV_FORWARD goes there; of serving.c */
	void (*on_forward)(struct cli *c, const struct ops_event *ev);
	struct serving *serving;
	enum err why; /* what went wrong on our side while the agent waited */
	char detail[1100];
	char hint[256];
	void (*sigpipe)(int); /* what it was when we were started */
	mode_t mask;	      /* the person's umask; ours is stricter */
	int status;	      /* exit status of the command itself, when it has one */
};

/* Connect, starting an agent if the verb may; say hello. */
MUST enum err cli_connect(struct cli *c);
/* Connect to whoever is there. */
MUST enum err cli_open(struct cli *c);
/* client_call on that, with dialogue; keeps the agent's detail.  Connects first if need be. */
MUST enum err cli_call(struct cli *c, enum op op, const void *req, void *rep);
/* The same with the request marked (wire_mark); with --json the result is printed, *done set. */
MUST enum err cli_ask(struct cli *c, enum op op, void *req, void *rep, bool *done);
/* ERR_USAGE with a reason. */
MUST enum err cli_wrong(struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Operand i, NULL beyond. */
const char *cli_operand(const struct cli *c, size_t i);
struct span cli_value(const struct cli *c, enum arg which);

#endif
