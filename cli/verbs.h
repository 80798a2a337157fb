/*
 * verbs.h - the one table of commands.  Usage, help, completions and the manual's synopsis are made
 * from it.  A new command is a row here and a function.
 */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include "cli/cli.h"

enum verb_flag {
	VERB_ASKS = 1,	   /* may ask the person: on the terminal, from the arena */
	VERB_NOSTART = 2,  /* never starts an agent */
	VERB_FIRST = 4,	   /* in the short help */
	VERB_CHILDREN = 8, /* runs a person's programs: nothing we set may reach them */
	VERB_NOAGENT = 16  /* needs no agent at all */
};

#define VERB_WORDS 3

struct verb {
	const char *name; /* up to VERB_WORDS words */
	enum err (*run)(struct cli *c);
	const char *operands;	 /* for the usage line; "" = none */
	size_t min, max;	 /* how many */
	uint8_t args[ARGS_SOME]; /* options it takes, besides the common ones */
	unsigned flags;
	const char *help; /* one line */
	const char *example;
};

extern const struct verb verbs[];
extern const size_t nverbs;

/* The command in the first operands; they are taken away.  No operand: status.
 * ERR_USAGE with wrong and hint set. */
MUST enum err verbs_find(struct args *a, const struct verb **out);
/* For options that could not be read: the help of the command in the first operands. */
void verbs_hint(struct args *a);
/* Of a name. */
size_t verbs_words(const char *name);
/* The common options, too. */
bool verbs_takes(const struct verb *v, enum arg which);

/* help.c */
void help_short(FILE *f);
void help_verb(FILE *f, const struct verb *v);
/* Those whose name begins with these words; false: none. */
bool help_noun(FILE *f, const char *noun);
/* complete.c; shell: bash, zsh, fish.  ERR_USAGE. */
MUST enum err complete_dump(const char *shell);
void verbs_dump(void);

/* Shared by commands.  path: device; empty = the only one.  *t and *item borrow from the connection
 * until the next call. */
MUST enum err verb_token_ask(struct cli *c, struct span path, struct ops_token *t, bool *done);
MUST enum err verb_token_set_pin(struct cli *c, struct span path);
/* Of a try-out inside `ownkey try`, and of init itself. */
MUST enum err verb_init_ask(
    struct cli *c, struct ops_init *q, struct ops_init_rep *rep, bool *done);
/* An identity may be named by the beginning of its path, if there is one only: out gets it. */
MUST enum err verb_id_find(struct cli *c, const char *name, char *out, size_t cap);
/* Type the phrase or shares back: they open this vault.  Nothing is owed any more. */
MUST enum err verb_phrase_prove(struct cli *c, bool *done);
/* What `status` says of the ssh door. */
void verb_ssh_status(struct cli *c);
/* A new file for its owner.  VERB_OVER: an old one may be there; VERB_PUBLIC: others may read. */
enum { VERB_OVER = 1, VERB_PUBLIC = 2 };
MUST enum err verb_write_file(struct cli *c, const char *path, struct span s, unsigned how);

/* A backup in a new file; proven with this way in. */
MUST enum err verb_backup_to(struct cli *c, const char *path, struct span proof_label);
/* A new way in: "token", "passphrase"; asks for its name. */
MUST enum err verb_slot_enrol(struct cli *c, const char *type, struct span proof_label);
/* "token", "phrase" and so on, of OPS_WAY bits. */
const char *verb_slot_kind(uint64_t factors);

/* one function each; see their rows */
enum err verb_pam_enroll(struct cli *c);
enum err verb_pam_list(struct cli *c);
enum err verb_pam_test(struct cli *c);
enum err verb_pam_check(struct cli *c);
enum err verb_init(struct cli *c);
enum err verb_try(struct cli *c);
enum err verb_unlock(struct cli *c);
/* unattended.c: the passphrase comes from the credential that ownkey.conf names, as if it had been
 * typed on standard input.  ERR_NO_CREDENTIAL. */
MUST enum err unattended_open(struct cli *c);
enum err verb_lock(struct cli *c);
enum err verb_status(struct cli *c);
enum err verb_ssh_list(struct cli *c);
enum err verb_wait(struct cli *c);
enum err verb_doctor(struct cli *c);
enum err verb_slot_list(struct cli *c);
enum err verb_slot_add(struct cli *c);
enum err verb_slot_remove(struct cli *c);
enum err verb_slot_lost(struct cli *c);
enum err verb_slot_verify(struct cli *c);
enum err verb_slot_renew(struct cli *c);
enum err verb_slot_label(struct cli *c);
enum err verb_token_list(struct cli *c);
enum err verb_token_info(struct cli *c);
enum err verb_token_pin(struct cli *c);
/* verb_forward.c */
enum err verb_token_serve(struct cli *c);
enum err verb_unlock_at(struct cli *c);
enum err verb_id_list(struct cli *c);
enum err verb_id_add(struct cli *c);
enum err verb_id_show(struct cli *c);
enum err verb_id_export(struct cli *c);
enum err verb_id_rotate(struct cli *c);
enum err verb_id_retire(struct cli *c);
enum err verb_id_revoke(struct cli *c);
enum err verb_id_reseed(struct cli *c);
enum err verb_backup_create(struct cli *c);
enum err verb_backup_drill(struct cli *c);
enum err verb_rebuild(struct cli *c);
enum err verb_backup_list(struct cli *c);
enum err verb_backup_passphrase(struct cli *c);
enum err verb_backup_verify(struct cli *c);
enum err verb_restore(struct cli *c);
enum err verb_secret_set(struct cli *c);
enum err verb_secret_get(struct cli *c);
enum err verb_secret_list(struct cli *c);
enum err verb_secret_remove(struct cli *c);
enum err verb_secret_show(struct cli *c);
/* verb_removed.c */
enum err verb_secret_removed(struct cli *c);
/* How many of the secrets are of no application any more, but kept. */
size_t verbs_removed(struct cli *c);
enum err verb_secret_back(struct cli *c);
/* verb_grant.c */
enum err verb_grant_list(struct cli *c);
enum err verb_grant_allow(struct cli *c);
enum err verb_grant_deny(struct cli *c);
enum err verb_grant_forget(struct cli *c);
/* verb_jwt.c */
enum err verb_jwt_keys(struct cli *c);
enum err verb_jwt_list(struct cli *c);
enum err verb_jwt_allow(struct cli *c);
enum err verb_jwt_forget(struct cli *c);
/* verb_secret_make.c */
enum err verb_secret_generate(struct cli *c);
enum err verb_secret_code(struct cli *c);
enum err verb_secret_edit(struct cli *c);
enum err verb_secret_clip(struct cli *c);
enum err verb_exec(struct cli *c);
enum err verb_policy(struct cli *c);
enum err verb_sign(struct cli *c);
enum err verb_approve(struct cli *c);
enum err verb_register(struct cli *c);
enum err verb_audit_show(struct cli *c);
enum err verb_audit_verify(struct cli *c);
enum err verb_vault_check(struct cli *c);
enum err verb_vault_previous(struct cli *c);
/* verb_merge.c */
enum err verb_vault_merge(struct cli *c);
enum err verb_backup_copy_add(struct cli *c);
enum err verb_backup_copy_list(struct cli *c);
enum err verb_backup_copy_remove(struct cli *c);
enum err verb_backup_copy_run(struct cli *c);
enum err verb_phrase_card(struct cli *c);
enum err verb_phrase_verify(struct cli *c);
enum err verb_share_create(struct cli *c);
enum err verb_share_list(struct cli *c);
enum err verb_share_check(struct cli *c);
enum err verb_share_code(struct cli *c);
enum err verb_share_combine(struct cli *c);
enum err verb_share_remove(struct cli *c);
enum err verb_inheritance(struct cli *c);
enum err verb_succession_show(struct cli *c);
enum err verb_succession_sign(struct cli *c);
enum err verb_succession_verify(struct cli *c);
enum err verb_card(struct cli *c);
enum err verb_contact_add(struct cli *c);
enum err verb_contact_list(struct cli *c);
enum err verb_contact_show(struct cli *c);
enum err verb_contact_check(struct cli *c);
enum err verb_contact_remove(struct cli *c);
enum err verb_setup(struct cli *c);
enum err verb_import(struct cli *c);
enum err verb_export(struct cli *c);
enum err verb_version(struct cli *c);
enum err verb_help(struct cli *c);

#endif
