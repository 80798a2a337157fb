/* oidc.conf: whatever is taken holds what the program relies on. */
#include <stdlib.h>

#include "oidc/conf.h"

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct oidc_conf c;
	struct oidc_conf_wrong w;

	if (oidc_conf_parse(SPAN(p, n), &c, &w))
		return 0;
	if (!oidc_conf_is_issuer(c.issuer) || c.nlisten > OIDC_CONF_LISTEN ||
	    c.ntrusted > OIDC_CONF_PROXIES || !c.algorithms || c.code_lifetime > 600)
		abort();
	return 0;
}
