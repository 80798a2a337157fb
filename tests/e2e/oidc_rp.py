"""A relying party and a browser, for a provider whose vault is real.  What the provider says is
checked with PyJWT and the keys that it publishes."""

import base64
import contextlib
import hashlib
import html
import json
import re
import secrets
import sqlite3
import sys
import tempfile
import time
import traceback
import urllib.parse

import jwt as pyjwt

from oidcd import ISSUER, running
from ownkey import PIN, expect, until, world

REDIRECT = "https://rp.example/cb"
AFTER = "https://rp.example/bye"
BASE = urllib.parse.urlsplit(ISSUER).path
FORM = "Content-Type: application/x-www-form-urlencoded"
COOKIE = "__Host-ownkey"
PERSON = {"name": "Ann Lee", "given_name": "Ann", "family_name": "Lee", "email": "ann@example.org",
          "email_verified": True, "phone_number": "+1 555", "phone_number_verified": False,
          "address": {"country": "NZ"}, "updated_at": 1700000000}


def challenge_of(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def query_of(url):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query, strict_parsing=True))


class Browser:
    """Cookies, and forms as a person sends them off."""

    # of the Form Post plan: the page that sends itself off is read as what it sends
    form_post = False

    def __init__(self, p):
        self.p, self.cookies = p, {}

    def ask(self, method, path, fields=None, *headers):
        headers = list(headers)
        if self.cookies:
            headers.append("Cookie: " + "; ".join("%s=%s" % c for c in self.cookies.items()))
        if method == "POST":
            headers += [FORM, "Origin: https://id.example.org"]
        body = urllib.parse.urlencode(fields or {}).encode() if method == "POST" else b""
        r = self.p.ask(method, path, *headers, body=body, shut=False)
        for line in r.headers.get("set-cookie", []):
            name, _, value = line.split(";")[0].partition("=")
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        if self.form_post and r.status == 200 and b'id="answer"' in r.body:
            assert 'script-src \'self\'' in r.get("content-security-policy"), r.raw
            r.headers["location"] = [self.action(r) + "?" +
                                     urllib.parse.urlencode(self.fields(r))]
            r.status = 303
        return r

    def get(self, path, **fields):
        return self.ask("GET", path + ("?" + urllib.parse.urlencode(fields) if fields else ""))

    def follow(self, r):
        """Within the provider; what leads elsewhere is returned."""
        while r.status == 303 and r.get("location").startswith(ISSUER + "/"):
            r = self.get(r.get("location")[len("https://id.example.org"):])
        return r

    @staticmethod
    def fields(page):
        text = page.body.decode()
        found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', text)
        return {html.unescape(n): html.unescape(v) for n, v in found}

    @staticmethod
    def action(page):
        to = html.unescape(re.search(r'<form[^>]* action="([^"]*)"', page.body.decode())[1])
        return urllib.parse.urlsplit(to).path if to.startswith("https://id.") else to

    def decide(self, page, decision="yes", **change):
        fields = {**self.fields(page), "decision": decision, **change}
        return self.follow(self.ask("POST", self.action(page), fields))


class Client:
    """A relying party."""

    def __init__(self, op, name, secret=None, how="basic"):
        self.op, self.id, self.secret, self.how = op, name, secret, how

    def request(self, **change):
        """Parameters of an authorization request; None takes one out."""
        self.verifier = secrets.token_urlsafe(48)
        fields = {"client_id": self.id, "redirect_uri": REDIRECT, "response_type": "code",
                  "scope": "openid", "state": secrets.token_hex(8), "nonce": secrets.token_hex(8),
                  "code_challenge": challenge_of(self.verifier), "code_challenge_method": "S256",
                  "response_mode": "form_post" if Browser.form_post else None, **change}
        return {k: v for k, v in fields.items() if v is not None}

    def post(self, path, headers=(), auth=True, **fields):
        headers = [FORM, *headers]
        if auth and self.how == "basic" and self.secret:
            pair = ":".join(urllib.parse.quote_plus(t) for t in (self.id, self.secret))
            headers.append("Authorization: Basic " + base64.b64encode(pair.encode()).decode())
        elif auth:
            fields["client_id"] = self.id
            if self.secret:
                fields["client_secret"] = self.secret
        fields = {k: v for k, v in fields.items() if v is not None}
        return self.op.p.ask("POST", BASE + path, *headers,
                             body=urllib.parse.urlencode(fields).encode(), shut=False)

    def redeem(self, code, **change):
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
                  "code_verifier": self.verifier, **change}
        return self.post("/token", **fields)

    def refresh(self, token, **change):
        return self.post("/token", **{"grant_type": "refresh_token", "refresh_token": token,
                                      **change})

    def code(self, browser, **change):
        """What comes back to the client; a person says yes when asked."""
        asked = self.request(**change)
        r = browser.follow(browser.get(BASE + "/authorize", **asked))
        if r.status == 200 and b'name="decision"' in r.body:
            r = browser.decide(r)
        assert r.status == 303, r.raw
        back = query_of(r.get("location"))
        assert r.get("location").startswith(REDIRECT + "?") and back["iss"] == ISSUER, r.raw
        assert back["state"] == asked["state"]
        return back

    def login(self, browser, **change):
        """Tokens, checked."""
        asked = self.request(**change)
        verifier = self.verifier
        back = self.code(browser, **{"nonce": None, **asked})
        self.verifier = verifier
        r = self.redeem(back["code"])
        assert r.status == 200, r.raw
        assert r.get("cache-control") == "no-store" and r.json()["token_type"] == "Bearer"
        tokens = r.json()
        if "id_token" in tokens:
            tokens["claims"] = self.op.read(tokens["id_token"], self.id)
            assert tokens["claims"].get("nonce") == asked.get("nonce")
        return tokens

    def userinfo(self, token):
        return self.op.p.get(BASE + "/userinfo", "Authorization: Bearer " + token)

    def introspect(self, token):
        r = self.post("/introspect", token=token)
        assert r.status == 200, r.raw
        return r.json()


class Op:
    """The provider with a person and clients: rp (basic), post, open (public), api (resource)."""

    def __init__(self, agent, owner, p, person):
        self.agent, self.owner, self.p, self.person = agent, owner, p, person

    def add(self, *args):
        done = self.p.run(*args)
        assert done.returncode == 0 or "vault's list" in done.stderr, done
        return done

    def client(self, name, *args, how="basic"):
        done = self.add("client", "add", name, "--json", *args)
        out = json.loads(done.stdout)
        return Client(self, name, out.get("client_secret"), how)

    def allow(self):
        """What is in the store, onto the vault's list."""
        users = json.loads(self.p.run("user", "list", "--json").stdout)["users"]
        clients = json.loads(self.p.run("client", "list", "--json").stdout)["clients"]
        names = [{"kind": 1, "name": u["id"]} for u in users]
        names += [{"kind": 0, "name": c["client_id"], "sector": c["sector"]} for c in clients
                  if "resource" not in c["flags"]]
        self.owner.call("jwt.allow", issuer=ISSUER, names=names)
        self.users = {u["name"]: u["id"] for u in users}

    def read(self, token, audience):
        jwks = pyjwt.PyJWKSet.from_dict(self.p.get(BASE + "/jwks.json").json())
        head = pyjwt.get_unverified_header(token)
        key = [k for k in jwks.keys if k.key_id == head["kid"]][0]
        return pyjwt.decode(token, key.key, algorithms=[head["alg"]], audience=audience,
                            issuer=ISSUER)

    def sql(self, text, *values):
        with contextlib.closing(sqlite3.connect(self.p.dir + "/store/db", timeout=10)) as db, db:
            return db.execute(text, values).fetchall()

    def browser(self, user="ann", age=0):
        """Logged in `age` seconds ago."""
        b = Browser(self.p)
        if user:
            cookie, now = "oks_" + secrets.token_urlsafe(32), int(time.time())
            self.sql("INSERT INTO session VALUES(?,?,?,?,?,?,?,?,?)",
                     hashlib.sha256(cookie.encode()).digest(), secrets.token_bytes(16),
                     bytes.fromhex(self.users[user]), now - age, now, now - age, now + 3600,
                     "test", "hwk user pin")
            b.cookies[COOKIE] = cookie
        return b

    def elsewhere(self, browser):
        """They log out there; another browser that they are logged in at."""
        page = browser.get(BASE + "/logout")
        assert browser.ask("POST", browser.action(page), browser.fields(page)).status == 200
        return self.browser()

    def again(self, browser):
        """The person touches the token once more."""
        time.sleep(1.1)
        old, cookie = browser.cookies[COOKIE], "oks_" + secrets.token_urlsafe(32)
        self.sql("UPDATE session SET auth_time=?, hash=? WHERE hash=?", int(time.time()),
                 *(hashlib.sha256(c.encode()).digest() for c in (cookie, old)))
        browser.cookies[COOKIE] = cookie


@contextlib.contextmanager
def op(directory, **conf):
    with world(directory, {}) as (agent, _):
        person = agent.init()
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as owner:
            owner.call("id.add", service="oidc", account=ISSUER)
            for key in "rs256", "es256", "eddsa":
                owner.call("policy.set", label="oidc/%s/%s" % (
                    ISSUER.replace("/", "%2F"), key), rate=0)
            with running(directory, agent, **conf) as p:
                it = Op(agent, owner, p, person)
                claims = directory + "/claims.json"
                with open(claims, "w", encoding="utf-8") as f:
                    json.dump(PERSON, f)
                it.add("user", "add", "ann", "--claims", claims, "--me", "https://ann.example")
                it.add("user", "add", "bob")
                uris = ["--redirect", REDIRECT, "--logout", AFTER]
                scopes = ["--scopes", "openid profile email address phone"]
                it.rp = it.client("rp", *uris, *scopes, "--refresh")
                it.post = it.client("post", *uris, "--secret", "post", how="post")
                it.open = it.client("open", *uris, "--public", "--refresh", "--alg", "EdDSA")
                it.api = it.client("https://api.example/v1", "--resource")
                it.allow()
                until(lambda: p.get(BASE + "/health").status == 200, "it can sign")
                yield it


def quiet(o):
    """After all of them: codes, tokens, cookies, invitations, PINs; and people in logs."""
    logs = open(o.p.log, "rb").read() + open(o.agent.log, "rb").read()
    print("# %d secrets crossed the wire" % o.p.keeps_quiet())
    for word in (PERSON["email"], PERSON["phone_number"], "ann", "bob", PIN, o.rp.secret or ""):
        assert not re.search(rb"\b%s\b" % re.escape(word.encode()), logs), word


def run_shared(cases, **conf):
    """Each with the same provider, in order.  Says TAP; returns the exit status."""
    cases = [c for c in cases if not sys.argv[1:] or any(a in c[0] for a in sys.argv[1:])]
    cases.append(("and nothing of it is in a log or file", quiet))
    print("1..%d" % len(cases), flush=True)
    failed = 0
    with tempfile.TemporaryDirectory() as directory, op(directory, **conf) as it:
        for n, (name, fn) in enumerate(cases, 1):
            good = True
            try:
                fn(it)
            except Exception:  # pylint: disable=broad-except
                good = False
                sys.stderr.write("--- %s\n%s" % (name, traceback.format_exc()))
            failed += not good
            print("%sok %d - %s" % ("" if good else "not ", n, name), flush=True)
    return failed > 0
