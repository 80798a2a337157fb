#!/usr/bin/python3
# limit: 240
"""openid-client 6 (npm, on oauth4webapi) as a relying party: discovery, code flow with PKCE, ID
token, userinfo, introspection, refresh, revocation, logout, for each algorithm; what it may ask
about the login."""

import sys

import oidc_peers
from oidc_peers import ISSUER, node, run_shared

BACK = "http://127.0.0.1:9/cb"


def flow(alg, *args):
    def case(o):
        c = o.client(alg.lower(), "--redirect", BACK, "--logout", BACK + "/bye", "--trusted",
                     "--refresh", "--alg", alg, *args)
        o.allow()
        node("oidc_client.mjs", ISSUER, c.id, c.secret or "", alg, BACK,
             oidc_peers.cookie(o.browser()))
    return case


def prompts(o):
    c = o.client("asks", "--redirect", BACK, "--trusted", "--scopes", "openid profile email")
    o.allow()
    node("oidc_prompts.mjs", ISSUER, c.id, c.secret, BACK,
         oidc_peers.cookie(o.browser(age=1000)), oidc_peers.cookie(o.browser("bob")))


CASES = [("openid-client, RS256, with a secret", flow("RS256")),
         ("openid-client, ES256, with a secret", flow("ES256")),
         ("openid-client, EdDSA, without a secret", flow("EdDSA", "--public")),
         ("openid-client: prompt, max_age, id_token_hint, form_post", prompts)]

if __name__ == "__main__":
    sys.exit(run_shared(CASES))
