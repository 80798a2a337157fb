"""A provider with IndieAuth in a network of the test's own (fetchworld.py): people with pages,
servers of clients that count who asks.  No vault: nothing of this is signed."""

import contextlib
import hashlib
import json
import re
import secrets
import sys
import tempfile
import traceback
import urllib.parse

import oidc_rp
from fetchworld import World, answer
from oidc_rp import BASE, FORM, Browser, Op, challenge_of, query_of
from oidcd import ISSUER, running

APP = "https://app.example/client"
BACK = "https://app.example/back"
ANN = "https://ann.example/"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def document(url, **members):
    members.setdefault("redirect_uris", ["https://app.example/back", "http://127.0.0.1/cb",
                                         "org.example.app:/back", "https://other.example/back"])
    return json.dumps({"client_id": url, "client_name": "An \u202eapp <b>",
                       "client_uri": "https://app.example/",
                       "logo_uri": "https://app.example/logo.png",
                       "policy_uri": "https://app.example/policy", **members})


PAGE = """<!doctype html><title>x</title><link rel="redirect_uri" href="https://cb.example/in">
<div class="h-app"><a href="/" class="u-url p-name">Paper</a><img class="u-logo" src="/logo.png">
</div>"""
NO_STORE = "Cache-Control: no-store"

PAGES = {
    "/client": answer(document(APP), "200 OK", "application/json", NO_STORE),
    "/": answer(PAGE, "200 OK", "text/html", NO_STORE),
    "/header": answer("<p>", "200 OK", "text/html", NO_STORE,
                      'Link: <https://cb.example/in>; rel="redirect_uri"'),
    "/bare": answer("<p>hello", "200 OK", "text/html", NO_STORE),
    "/no-list": answer(json.dumps({"client_id": "https://app.example/no-list"})),
    "/other": answer(document(APP), "200 OK", "application/json"),
    "/secret": answer(document("https://app.example/secret", client_secret="x")),
    "/away": answer("", "302 Found", None, "Location: https://app.example/client"),
    "/gone": answer("", "410 Gone"),
    "/big": answer(" " * 6000 + document("https://app.example/big")),
    "/bad-logo": answer(document("https://app.example/bad-logo",
                                 logo_uri="https://app.example/bare"), "200 OK",
                        "application/json", NO_STORE),
    "/logo.png": answer(PNG, "200 OK", "image/png"),
}


class Indie:
    """A client of IndieAuth; nobody registered it."""

    def __init__(self, op, client_id=APP, back=BACK):
        self.op, self.id, self.back, self.verifier = op, client_id, back, None

    def request(self, **change):
        self.verifier = secrets.token_urlsafe(48)
        fields = {"client_id": self.id, "redirect_uri": self.back, "response_type": "code",
                  "state": secrets.token_hex(8), "me": ANN, "scope": None,
                  "code_challenge": challenge_of(self.verifier), "code_challenge_method": "S256",
                  **change}
        return {k: v for k, v in fields.items() if v is not None}

    def ask(self, browser, **change):
        """What the person sees: the consent page, or why there is none."""
        return browser.follow(browser.get(BASE + "/authorize", **self.request(**change)))

    def code(self, browser=None, **change):
        page = self.ask(browser or self.op.browser(), **change)
        assert page.status == 200 and b'name="decision"' in page.body, page.raw
        r = (browser or self.op.last).decide(page)
        assert r.status == 303 and r.get("location").startswith(self.back + "?"), r.raw
        back = query_of(r.get("location"))
        assert back["iss"] == ISSUER, back
        return back["code"]

    def post(self, path, *headers, **fields):
        fields = {k: v for k, v in fields.items() if v is not None}
        return self.op.p.ask("POST", BASE + path, FORM, *headers, shut=False,
                             body=urllib.parse.urlencode(fields).encode())

    def redeem(self, code, path="/token", **change):
        return self.post(path, **{"grant_type": "authorization_code", "code": code,
                                  "client_id": self.id, "redirect_uri": self.back,
                                  "code_verifier": self.verifier, **change})

    def tokens(self, scope, **change):
        r = self.redeem(self.code(scope=scope, **change))
        assert r.status == 200, r.raw
        return r.json()

    def userinfo(self, token):
        return self.op.p.get(BASE + "/userinfo", "Authorization: Bearer " + token)


class Provider(Op):
    def __init__(self, p, net):
        super().__init__(None, None, p, None)
        self.net, self.last = net, None

    def browser(self, user="ann", age=0):
        self.last = super().browser(user, age)
        return self.last

    def list_users(self):
        users = json.loads(self.p.run("user", "list", "--json").stdout)["users"]
        self.users = {u["name"]: u["id"] for u in users}

    def asked(self):
        """Paths that the servers of clients were asked for, and forget them."""
        paths = [path for path, _ in self.net.heads]
        del self.net.heads[:]
        return paths

    def known_at(self, client, user="ann"):
        """As if the vault had told a registered client of this person before."""
        self.sql("INSERT INTO consent VALUES(?,?,?,?,1,1)", bytes.fromhex(self.users[user]),
                 client, "profile email", "s" * 32)


@contextlib.contextmanager
def provider(directory, net, **conf):
    conf = {"indieauth": "yes", "ca_file": net.ca.path, **conf}
    with running(directory, None, **conf) as p:
        it = Provider(p, net)
        claims = directory + "/claims.json"
        with open(claims, "w", encoding="utf-8") as f:
            json.dump({"name": "Ann Lee", "email": "ann@example.org", "email_verified": True,
                       "picture": "https://ann.example/me.jpg"}, f)
        it.add("user", "add", "ann", "--claims", claims, "--me", "https://Ann.example")
        it.add("user", "add", "bob", "--me", ISSUER + "/people/bob")
        it.add("user", "add", "carl")
        for more in "dan", "eve":
            it.add("user", "add", more, "--me", "https://%s.example/" % more)
        it.rp = it.client("rp", "--redirect", oidc_rp.REDIRECT, "--scopes", "profile email")
        it.micropub = it.client("https://ann.example/micropub", "--resource")
        it.add("client", "set", "https://ann.example/micropub", "--indieauth")
        it.other = it.client("https://api.example/v1", "--resource")
        it.list_users()
        it.known_at("rp")
        yield it


def run_cases(cases):
    cases = [c for c in cases if not sys.argv[1:] or any(a in c[0] for a in sys.argv[1:])]
    print("1..%d" % len(cases), flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        net = World(directory, PAGES)
        for name in "other.example", "cb.example", "ann.example":
            net.names.names[name] = net.names.names["app.example"]
        with provider(directory + "/op", net) as it:
            for n, (name, fn) in enumerate(cases, 1):
                good = True
                try:
                    it.asked()
                    fn(it)
                except Exception:  # pylint: disable=broad-except
                    good = False
                    sys.stderr.write("--- %s\n%s" % (name, traceback.format_exc()))
                failed += not good
                print("%sok %d - %s" % ("" if good else "not ", n, name), flush=True)
    return failed > 0


def text_of(page):
    return re.sub(r"<[^>]*>", "", page.body.decode())


def digest(token):
    return hashlib.sha256(token.encode()).digest()


__all__ = ["ANN", "APP", "BACK", "Browser", "Indie", "PNG", "digest", "provider", "run_cases",
           "text_of"]
