/* serve.c - `ownkey-oidc serve`: listens, answers, until it is told to stop. */
#include "oidc/verbs.h"

enum err
oidc_verb_serve(struct oidc_cmd *c)
{
	return oidc_cmd_wrong(c, ERR_UNSUPPORTED, "not built yet");
}
