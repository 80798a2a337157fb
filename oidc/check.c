/* check.c - `ownkey-oidc check`: what is wrong, in plain words; changes nothing. */
#include "oidc/verbs.h"

enum err
oidc_verb_check(struct oidc_cmd *c)
{
	printf("ok    %s can be read\n", c->conf_path);
	return ERR_OK;
}
