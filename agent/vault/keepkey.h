/*
 * keepkey.h - a key that was made elsewhere, put into the vault (key.add with keep).
 *
 * It becomes an item like those of derived keys: same path, same lists, same exports.  But its
 * private bytes are its sealed secret, so no recovery phrase brings it back: it exists in this file
 * and in backups only, and status counts it so.
 */
#ifndef AGENT_VAULT_KEEPKEY_H
#define AGENT_VAULT_KEEPKEY_H

#include "agent/vault/vault.h"

/* Answers the request.  *cert_line: "type base64" of a certificate that was checked already, empty
 * for none.  blob: as the ssh door would list it, empty for other services. */
struct keepkey {
	struct span cert_line;
	struct span blob;
};
MUST enum err keepkey(struct req *r, const struct keepkey *k);

#endif
