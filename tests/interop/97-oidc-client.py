#!/usr/bin/python3
"""openid-client 6 (npm, on oauth4webapi) as a relying party: discovery, code flow with PKCE, ID
token, userinfo, introspection, refresh, revocation, logout, for each algorithm."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
NPM = os.path.join(HERE, "..", "..", "build", "npm")
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

# pylint: disable=wrong-import-position
import oidcd  # noqa: E402

PORT = oidcd.free_port()
oidcd.ISSUER = "http://127.0.0.1:%d/idp" % PORT
oidcd.free_port = lambda: PORT

import oidc_rp  # noqa: E402

oidc_rp.COOKIE = "ownkey-local"
BACK = "http://127.0.0.1:9/cb"


def flow(alg, *args):
    def case(o):
        name = alg.lower()
        c = o.client(name, "--redirect", BACK, "--logout", BACK + "/bye", "--trusted", "--refresh",
                     "--alg", alg, *args)
        o.allow()
        cookie = "%s=%s" % (oidc_rp.COOKIE, o.browser().cookies[oidc_rp.COOKIE])
        done = subprocess.run(
            [NPM + "/node_modules/node/bin/node", os.path.join(HERE, "oidc_client.mjs"),
             oidcd.ISSUER, c.id, c.secret or "", alg, BACK, cookie], env={"NPM": NPM},
            capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return case


CASES = [("openid-client, RS256, with a secret", flow("RS256")),
         ("openid-client, ES256, with a secret", flow("ES256")),
         ("openid-client, EdDSA, without a secret", flow("EdDSA", "--public"))]

if __name__ == "__main__":
    sys.exit(oidc_rp.run_shared(CASES))
