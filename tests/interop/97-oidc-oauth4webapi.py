#!/usr/bin/python3
# limit: 240
"""oauth4webapi (npm; below openid-client, and in browsers and workers by itself): each of its
functions for what the provider serves, for each algorithm and way of a client to say who it is."""

import sys

import oidc_peers
from oidc_peers import ISSUER, node, run_shared

BACK = "http://127.0.0.1:9/cb"
API = "https://api.example/v1"


def flow(alg, how, *args):
    def case(o):
        c = o.client("app-" + alg, "--redirect", BACK, "--logout", BACK + "/bye", "--trusted",
                     "--refresh", "--alg", alg, *args)
        api = o.client(API + "/" + alg, "--resource")
        o.allow()
        cookie = oidc_peers.cookie(o.browser())
        node("oauth4webapi.mjs", ISSUER, c.id, c.secret or "", how, alg, BACK, cookie, api.id,
             api.secret)
    return case


CASES = [("oauth4webapi, RS256, client_secret_basic", flow("RS256", "basic")),
         ("oauth4webapi, ES256, client_secret_post", flow("ES256", "post", "--secret", "post")),
         ("oauth4webapi, EdDSA, without a secret", flow("EdDSA", "none", "--public"))]

if __name__ == "__main__":
    sys.exit(run_shared(CASES))
