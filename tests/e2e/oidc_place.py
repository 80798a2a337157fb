"""A provider without an agent, and a client that needs no signatures: everything that its database
does, and nothing that waits for a vault."""

import contextlib
import hashlib
import secrets
import time
import urllib.parse

from oidc_login import place
from webauthn import b64

BACK = "https://rp.example/back"
SCOPE = "profile offline_access"
VERIFIER = "s" * 43


class Site:
    """A person with a token, and a client (public, lasting logins) that they agreed to."""

    def __init__(self, p):
        self.p = p
        self.browser, self.token = p.registered("anna")
        self.account = p.sql("SELECT id FROM account WHERE name='anna'")[0][0]
        p.sql("INSERT INTO client VALUES('rp','A site',0,?,?,'','rp.example',?,'ES256','',"
              "'','','',4,1)", bytes(32), BACK, SCOPE)
        p.sql("INSERT INTO consent VALUES(?,'rp',?,'s',1,?)", self.account, SCOPE,
              int(time.time()))

    def code(self):
        page = self.browser.open("/authorize?" + urllib.parse.urlencode({
            "client_id": "rp", "response_type": "code", "scope": SCOPE, "redirect_uri": BACK,
            "code_challenge_method": "S256",
            "code_challenge": b64(hashlib.sha256(VERIFIER.encode()).digest())}), follow=False)
        assert page.status == 303, (page.status, page.body)
        return urllib.parse.parse_qs(urllib.parse.urlsplit(page.headers["location"]).query)[
            "code"][0]

    def post(self, path, **fields):
        """A response, or OSError: the provider is no more."""
        body = urllib.parse.urlencode({"client_id": "rp", **fields}).encode()
        r = self.p.p.ask("POST", path, "Content-Type: application/x-www-form-urlencoded",
                         body=body, shut=False)
        if r.status is None or len(r.body) != int(r.get("content-length", 0)):
            raise ConnectionResetError
        return r

    def redeem(self, code):
        return self.post("/token", grant_type="authorization_code", code=code, redirect_uri=BACK,
                         code_verifier=VERIFIER)

    def refresh(self, token):
        return self.post("/token", grant_type="refresh_token", refresh_token=token)

    def revoke(self, token):
        return self.post("/revoke", token=token)

    def tokens(self):
        r = self.redeem(self.code())
        assert r.status == 200, r.raw
        return r.json()

    def row(self, token):
        """(spent,) of a token, or None: it is not there."""
        rows = self.p.sql("SELECT spent FROM token WHERE hash=?",
                          hashlib.sha256(token.encode()).digest())
        return rows[0] if rows else None

    def ceremony(self):
        """A registration up to its last form: what to send, the token, the invitation."""
        ident = self.p.person("p" + secrets.token_hex(6))
        invite, b, t = self.p.invite(ident), self.p.browser(), self.p.token()
        page = b.send(b.open("/register?invite=" + invite).form(), label="key")
        form = page.form("/register/finish")
        return b, form, t.create(form), t, invite

    def is_whole(self):
        done = self.p.p.run("check")
        assert "damaged" not in done.stdout + done.stderr, done
        assert self.p.sql("PRAGMA integrity_check") == [("ok",)]
        # a credential is there if, and only if, its invitation is not
        assert not self.p.sql("SELECT 1 FROM credential JOIN pass USING(account) WHERE kind=0")


@contextlib.contextmanager
def site(directory, **conf):
    with place(directory, address_connections=0, **conf) as p:
        yield Site(p)
