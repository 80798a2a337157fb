/*
 * sshrows.h - what the ssh door lists: SSH keys of the vault that are in use, their certificates,
 * and keys that were added until lock.  Front is told of what changed only (LINK_SSH, ops_ssh.h).
 */
#ifndef AGENT_VAULT_SSHROWS_H
#define AGENT_VAULT_SSHROWS_H

#include "agent/vault/addedkeys.h"
#include "agent/vault/item.h"
#include "agent/vault/vault.h"

#define SSHROWS_MOST 2048 /* of the vault: as many as OpenSSH reads */
/* Attribute of a key: its certificate, "type base64". */
#define SSHROWS_CERT "ssh-certificate"

/* A row of the vault. */
struct sshrow {
	uint8_t id[16];	  /* of the item; of a certificate one that is made from it */
	uint8_t item[16]; /* of the item */
	uint8_t blob[16]; /* of its blob (addedkeys_id) */
	uint32_t rev;	  /* of the item, when front was told */
	bool cert;
	bool hidden; /* until the next unlock */
};

/* In memory until lock. */
struct sshrows {
	struct addedkeys *added;
	struct sshrow *row; /* ascending ids */
	size_t n;
	bool sent; /* since the vault was opened */
	struct loop_timer *expiry;
	/* ssh.lock */
	bool locked;
	struct sec lock;   /* salt, hash of the passphrase */
	uint64_t tries;	   /* wrong ones since it was locked */
	uint64_t next_try; /* loop_now() */
};

MUST enum err sshrows_new(struct sshrows **out);
/* The vault was opened, or a key in it has changed. */
void sshrows_send(struct vault *v);
/* A key was added, or added anew; its lifetime begins to count. */
void sshrows_added(struct vault *v, const struct addedkey *k);
/* Away from the door: an added key is forgotten, one of the vault hidden.  ERR_NOTFOUND. */
MUST enum err sshrows_hide(struct vault *v, const uint8_t id[16]);
void sshrows_hide_all(struct vault *v);
/* Tell front that the door is locked, or is not any more. */
void sshrows_send_lock(struct vault *v);
/* An added key that is in force now; NULL when there is none. */
const struct addedkey *sshrows_added_find(struct vault *v, const uint8_t id[16]);
/* The row of the vault with this id; NULL. */
const struct sshrow *sshrows_find(const struct vault *v, const uint8_t id[16]);
/* Is there a row of the vault with this blob, not hidden? */
const struct sshrow *sshrows_find_blob(const struct vault *v, struct span blob);
/* Append the blob that this row stands for.  ERR_NOTFOUND: it has none. */
MUST enum err sshrows_blob(const struct item *it, bool cert, struct buf *out);
/* Fill a row from them; borrows from both, and from blob. */
void sshrows_fill_added(const struct addedkey *k, struct ssh_row *row);
MUST enum err sshrows_fill(
    const struct item *it, const struct sshrow *r, struct buf *blob, struct ssh_row *row);

#endif
