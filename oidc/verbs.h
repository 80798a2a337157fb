/*
 * verbs.h - the table of commands of ownkey-oidc.  A new one is a row in verbs.c and a function;
 * usage and help are made from it, ownkey-oidc(8) says the same.
 */
#ifndef OIDC_VERBS_H
#define OIDC_VERBS_H

#include <stdio.h>

#include "oidc/args.h"
#include "oidc/oidc.h"

enum oidc_verb_flag {
	OIDC_VERB_NOCONF = 1, /* does not read oidc.conf */
};

/* One run of the program. */
struct oidc_cmd {
	const struct oidc_verb *verb;
	struct oidc_args args;
	struct oidc oidc;      /* conf has been read (but see the flag); the rest is the verb's */
	const char *conf_path; /* that was read */
	char detail[1100];     /* of an error, for people */
	char hint[256];
	int status; /* exit status of the command itself */
};

struct oidc_verb {
	const char *name; /* one word or two */
	enum err (*run)(struct oidc_cmd *c);
	const char *operands;
	size_t min, max;
	uint8_t args[OIDC_ARGS_SOME];
	unsigned flags;
	const char *help; /* one line, < 45 characters */
	const char *example;
};

extern const struct oidc_verb oidc_verbs[];
extern const size_t oidc_nverbs;

/* The command in the first operands; they are taken away.  ERR_USAGE with wrong set. */
MUST enum err oidc_verbs_find(struct oidc_args *a, const struct oidc_verb **out);
void oidc_help(FILE *f);
void oidc_help_verb(FILE *f, const struct oidc_verb *v);
/* ERR_USAGE, or e, with a reason. */
MUST enum err oidc_cmd_wrong(struct oidc_cmd *c, enum err e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static inline const char *
oidc_cmd_operand(const struct oidc_cmd *c, size_t i)
{
	return i < c->args.n ? c->args.operand[i] : NULL;
}

/* one function each; see their rows */
enum err oidc_verb_serve(struct oidc_cmd *c);
enum err oidc_verb_check(struct oidc_cmd *c);
enum err oidc_verb_user_add(struct oidc_cmd *c);
enum err oidc_verb_user_list(struct oidc_cmd *c);
enum err oidc_verb_user_show(struct oidc_cmd *c);
enum err oidc_verb_user_set(struct oidc_cmd *c);
enum err oidc_verb_user_disable(struct oidc_cmd *c);
enum err oidc_verb_user_remove(struct oidc_cmd *c);
enum err oidc_verb_user_invite(struct oidc_cmd *c);
enum err oidc_verb_user_recovery(struct oidc_cmd *c);
enum err oidc_verb_client_add(struct oidc_cmd *c);
enum err oidc_verb_client_list(struct oidc_cmd *c);
enum err oidc_verb_client_show(struct oidc_cmd *c);
enum err oidc_verb_client_set(struct oidc_cmd *c);
enum err oidc_verb_client_secret(struct oidc_cmd *c);
enum err oidc_verb_client_remove(struct oidc_cmd *c);
enum err oidc_verb_key_add(struct oidc_cmd *c);
enum err oidc_verb_key_rotate(struct oidc_cmd *c);
enum err oidc_verb_key_list(struct oidc_cmd *c);
enum err oidc_verb_setup(struct oidc_cmd *c);
enum err oidc_verb_demo(struct oidc_cmd *c);
enum err oidc_verb_backup(struct oidc_cmd *c);
enum err oidc_verb_help(struct oidc_cmd *c);
enum err oidc_verb_version(struct oidc_cmd *c);

#endif
