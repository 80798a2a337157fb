#!/usr/bin/python3
# limit: 240
"""Authlib (python3-authlib), called as Synapse calls it (synapse/handlers/oidc.py): discovery by
https and its checks, PKCE, the client's word in the header, ID token or userinfo."""

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request

os.environ["PEERS_TLS"] = "yes"
# pylint: disable=wrong-import-position
from authlib.common.security import generate_token  # noqa: E402
from authlib.jose import JsonWebToken  # noqa: E402
from authlib.jose.errors import JoseError  # noqa: E402
from authlib.oauth2.auth import ClientAuth  # noqa: E402
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri  # noqa: E402
from authlib.oauth2.rfc7636.challenge import create_s256_code_challenge  # noqa: E402
from authlib.oidc.core import CodeIDToken, UserInfo  # noqa: E402
from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url  # noqa: E402

import oidc_peers  # noqa: E402
from oidc_peers import ISSUER, app, person, run_shared  # noqa: E402

CALLBACK = "/_synapse/client/oidc/callback"


def http(url, body=None, headers=None):
    """(status, content type, body)"""
    request = urllib.request.Request(url, body and body.encode(), headers or {})
    try:
        with urllib.request.urlopen(request, timeout=60, context=oidc_peers.trusted) as r:
            return r.status, r.headers.get("Content-Type"), r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers.get("Content-Type"), e.read()


def get_json(url):
    status, kind, body = http(url)
    assert status == 200 and "json" in kind, (url, status, kind, body)
    return json.loads(body)


class Synapse:
    """As it is configured for any provider: scopes, how it says who it is."""

    def __init__(self, client, site, method):
        self.client, self.site = client, site
        self.auth = ClientAuth(client.id, client.secret, method)
        self.metadata = m = OpenIDProviderMetadata(issuer=ISSUER)
        m.update(get_json(get_well_known_url(ISSUER, external=True)))
        m.validate()
        assert m["issuer"] == ISSUER
        m.validate_code_challenge_methods_supported()
        assert "S256" in m["code_challenge_methods_supported"]
        assert method in m["token_endpoint_auth_methods_supported"]
        assert "code" in m["response_types_supported"] and m.get("userinfo_endpoint")

    def redirect(self, **more):
        self.state, self.nonce, self.verifier = (generate_token(), generate_token(length=32),
                                                 generate_token(48))
        return prepare_grant_uri(
            self.metadata["authorization_endpoint"], client_id=self.client.id,
            response_type="code", redirect_uri=self.site + CALLBACK,
            scope=["openid", "profile", "email"], state=self.state, nonce=self.nonce,
            code_challenge_method="S256",
            code_challenge=create_s256_code_challenge(self.verifier), **more)

    def callback(self, line):
        """What it was called with by the browser."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(line.split()[1]).query))
        assert query["state"] == self.state, query
        return self.exchange(query["code"])

    def exchange(self, code, **change):
        body = urllib.parse.urlencode({
            "grant_type": "authorization_code", "code": code,
            "redirect_uri": self.site + CALLBACK, "code_verifier": self.verifier, **change})
        uri, headers, body = self.auth.prepare("POST", self.metadata["token_endpoint"], {
            "Content-Type": "application/x-www-form-urlencoded", "User-Agent": "Synapse/1.0",
            "Accept": "application/json"}, body)
        _, kind, answer = http(uri, body, headers)
        assert "json" in kind, (kind, answer)
        return json.loads(answer)

    def id_token(self, token, nonce=None):
        params = {"nonce": nonce or self.nonce, "client_id": self.client.id,
                  "access_token": token["access_token"]}
        claims = JsonWebToken(self.metadata["id_token_signing_alg_values_supported"]).decode(
            token["id_token"], key=get_json(self.metadata["jwks_uri"]), claims_cls=CodeIDToken,
            claims_options={"iss": {"values": [ISSUER]}}, claims_params=params)
        claims.validate(leeway=120)
        return claims

    def userinfo(self, token):
        status, kind, body = http(self.metadata["userinfo_endpoint"], None, {
            "Authorization": "Bearer " + token["access_token"]})
        assert status == 200 and kind.startswith("application/json"), (status, kind, body)
        return UserInfo(json.loads(body))


def login(alg, method, *args):
    def case(o):
        with app() as port:
            site = "https://localhost:%d" % port
            c = o.client("synapse-" + alg, "--redirect", site + CALLBACK, "--alg", alg, "--scopes",
                         "openid profile email", *args)
            o.allow()
            it, ann = Synapse(c, site, method), person(o)
            page = ann.go(it.redirect())
            assert ann.logged_in() and page.status == 200, page
            token = it.callback(page.body.decode().splitlines()[0])
            claims, user = it.id_token(token), it.userinfo(token)
            assert claims.header["alg"] == alg and claims["sub"] == user["sub"]
            # what its templates take: user.preferred_username, user.name, user.email
            assert user.preferred_username == "ann" and user.name == "Ann Lee", user
            assert user.email == "ann@example.org", user
            # without user_profile_method: userinfo_endpoint it would look here, in vain
            assert "preferred_username" not in claims, claims
            for wrong in {"nonce": "x"}, {}:
                bad = dict(token) if wrong else {**token, "access_token": "another"}
                try:
                    it.id_token(bad, **wrong)
                    # no at_hash with EdDSA: Authlib knows none
                    assert not wrong and alg == "EdDSA", wrong
                except JoseError:
                    pass
            # a second time, and with a wrong verifier
            line = ann.go(it.redirect()).body.decode().splitlines()[0]
            code = urllib.parse.parse_qs(urllib.parse.urlsplit(line.split()[1]).query)["code"][0]
            assert it.exchange(code, code_verifier="x" * 43)["error"] == "invalid_grant"
            assert it.exchange(code)["error"] == "invalid_grant"
    return case


CASES = [("Authlib as in Synapse, RS256", login("RS256", "client_secret_basic")),
         ("Authlib as in Synapse, ES256", login("ES256", "client_secret_post", "--secret", "post")),
         ("Authlib as in Synapse, EdDSA", login("EdDSA", "client_secret_basic"))]

if __name__ == "__main__":
    sys.exit(run_shared(CASES))
