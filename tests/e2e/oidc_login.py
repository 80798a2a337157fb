"""Logging in at the provider with a token, registering one, and a person's own page."""

import contextlib
import hashlib
import json
import os
import re
import sqlite3
import sys
import time
import urllib.parse

from oidc_browser import Browser
from oidcd import running, free_port
from ownkey import run_parallel, until
from webauthn import AT, BE, BS, UP, UV, Token, b64, unb64


class Place:
    """A provider without an agent, and its database by another program."""

    def __init__(self, provider):
        self.p, self.port = provider, provider.port
        self.origin = "http://localhost:%d" % self.port

    def sql(self, text, *values):
        with contextlib.closing(sqlite3.connect(self.p.dir + "/store/db", timeout=10)) as db:
            db.execute("PRAGMA foreign_keys=on")
            rows = db.execute(text, values).fetchall()
            db.commit()
            return rows

    def person(self, name):
        ident = os.urandom(16)
        self.sql("INSERT INTO account VALUES(?,?,NULL,?,?,0)", ident, name,
                 '{"email":"%s@id.example"}' % name, int(time.time()))
        return ident

    def invite(self, ident, ends=3600):
        text = "oki_" + b64(os.urandom(32))
        self.sql("INSERT INTO pass VALUES(?,0,?,?)", hashlib.sha256(text.encode()).digest(), ident,
                 int(time.time()) + ends)
        return text

    def token(self, alg=-7):
        return Token(self.origin, "localhost", alg)

    def browser(self, **kw):
        return Browser(self.port, **kw)

    def registered(self, name, alg=-7):
        """A person with a token, and a browser that they are logged in at."""
        b, t = self.browser(), self.token(alg)
        page = self.register(b, t, self.invite(self.person(name)))
        assert page.status == 200 and "Your account" in page.text, page.body
        return b, t

    def register(self, b, t, invite, label="blue key", **kw):
        page = b.open("/register?invite=" + invite if invite else "/register")
        if not page.forms:
            return page
        page = b.send(page.form(), label=label)
        form = page.form("/register/finish")
        return b.send(form, **t.create(form, **kw))

    def begin(self, b, name=""):
        page = b.send(b.open("/login").form("/login/start"), name=name)
        return page.form("/login/finish")

    def login(self, b, t, name="", **kw):
        form = self.begin(b, name)
        return b.send(form, **t.get(form, **kw))


@contextlib.contextmanager
def place(directory, **conf):
    port = free_port()
    conf = {"issuer": "http://localhost:%d" % port, "listen": "127.0.0.1:%d" % port, **conf}
    # the port that it listens at is the one of the issuer
    with running(directory, port=port, **conf) as p:
        yield Place(p)


def is_in(page):
    return page.status == 200 and "You are" in page.text and "Your account" in page.text


def refused(page):
    return page.status == 403 and "did not work" in page.text


def register(directory):
    """by an invitation, once; tokens of each algorithm"""
    with place(directory) as p:
        for alg in (-7, -8, -257):
            b, t = p.registered("person%d" % alg, alg)
            assert "blue key" in b.open("/account").text
            other = p.browser()
            assert not is_in(other.open("/account"))
            assert is_in(p.login(other, t)) and is_in(p.login(other, t, "person%d" % alg))
        ident = p.person("anna")
        invite, t = p.invite(ident), p.token()
        b = p.browser()
        # a form is open while another uses the invitation up
        form = b.send(b.open("/register?invite=" + invite).form()).form("/register/finish")
        assert is_in(p.register(p.browser(), t, invite))
        assert refused(b.send(form, **p.token().create(form)))
        assert refused(p.register(p.browser(), p.token(), invite))
        assert refused(p.register(p.browser(), p.token(), p.invite(ident, -1)))
        assert refused(p.register(p.browser(), p.token(), invite[:-1]))
        assert refused(p.register(p.browser(), p.token(), ""))
        # a token that is registered, to whomever; the invitation is not used up by that
        invite = p.invite(p.person("bert"))
        assert refused(p.register(p.browser(), t, invite))
        assert is_in(p.register(p.browser(), p.token(), invite))
        assert "oki_" not in p.p.said()


def bad_registrations(directory):
    """nothing is stored, and the invitation stays good"""
    with place(directory) as p:
        invite = p.invite(p.person("anna"))
        b = p.browser()
        for kw in ({"origin": "https://evil.example"}, {"crossOrigin": True},
                   {"topOrigin": "https://evil.example"}, {"type": "webauthn.get"},
                   {"challenge": b64(os.urandom(32))}, {"flags": UV | AT}, {"flags": UP | AT},
                   {"flags": UP | UV}, {"flags": UP | UV | AT | BS}):
            assert refused(p.register(b, p.token(), invite, **kw)), kw
        assert p.sql("SELECT count(*) FROM credential") == [(0,)]
        t = p.token()
        assert is_in(p.register(b, t, invite))


def wrong_logins(directory):
    """wrong user, wrong token, wrong origin, a challenge twice, of another browser, too late"""
    with place(directory) as p:
        _, t = p.registered("anna")
        _, other = p.registered("bert")
        b = p.browser()
        assert refused(p.login(b, t, "bert")) and refused(p.login(b, t, "nobody"))
        assert refused(p.login(b, p.token()))
        assert refused(p.login(b, t, user=other.user)) and refused(p.login(b, t, user=b""))
        for kw in ({"origin": "https://evil.example"}, {"origin": p.origin + ".evil.example"},
                   {"origin": p.origin[:-1]}, {"origin": p.origin.replace("http", "https")},
                   {"crossOrigin": True}, {"topOrigin": p.origin}, {"type": "webauthn.create"},
                   {"rp": "evil.example"}, {"flags": UV}, {"flags": UP},
                   {"flags": UP | UV | BE}, {"flags": UP | UV | BS}):
            assert refused(p.login(b, t, **kw)), kw
        # a challenge is used once, also by an answer that was wrong
        form = p.begin(b)
        answer = t.get(form)
        assert refused(b.send(form, **{**answer, "signature": b64(bytes(70))}))
        assert refused(b.send(form, **answer))
        form = p.begin(b)
        answer = t.get(form)
        assert is_in(b.send(form, **answer)) and refused(b.send(form, **answer))
        # of another browser: refused there, and still good here
        thief, form = p.browser(), p.begin(b)
        answer = t.get(form)
        p.begin(thief)
        assert refused(thief.send({**form, "fields": {**form["fields"], "token":
                                   p.begin(thief)["fields"]["token"]}}, **answer))
        assert is_in(b.send(form, **answer))
        # a form of another site, and one without our token
        form = p.begin(b)
        assert refused(b.send(form, origin="https://evil.example", **t.get(form)))
        assert refused(b.send(form, **{**t.get(form), "token": "x"}))
        # a copy of the token: the counter went back
        form = p.begin(b)
        t.count -= 3
        assert refused(b.send(form, **t.get(form)))
        p.sql("UPDATE account SET disabled=1 WHERE name='anna'")
        t.count += 5
        assert refused(p.login(p.browser(), t)) and refused(p.login(p.browser(), t, "anna"))
        assert not is_in(b.open("/account"))
        said = p.p.said()
        assert "login refused: clientData: origin" in said and "anna" not in said


def names(directory):
    """who has an account: a page does not tell, now or after a restart"""
    with place(directory) as p:
        _, t = p.registered("anna")
        b = p.browser()
        assert unb64(p.begin(b, "anna")["data-list"]) == t.id
        decoys = {n: p.begin(b, n)["data-list"] for n in ["nobody%d" % i for i in range(40)]}
        ids = [unb64(i) for v in decoys.values() for i in v.split()]
        assert len(set(ids)) == len(ids) and {len(v.split()) for v in decoys.values()} == {1, 2}
        # as long as other people's: a length that is always the same would tell
        assert {len(i) for i in ids} <= {16, 20, 32, 48, 64, 96} and len({len(i) for i in ids}) > 2
        p.p.stop()
        p.p.start()
        again = p.browser()
        assert {n: p.begin(again, n)["data-list"] for n in decoys} == decoys
        assert not p.begin(again)["data-list"]


def account(directory):
    """tokens, sessions, sites, codes, export, the end"""
    with place(directory) as p:
        b, t = p.registered("anna")
        page = b.open("/account")
        assert not [f for f in page.forms if f["action"].endswith("/remove")]
        # a name, also one that wants to be HTML
        name = '"><script>alert(1)</script>'
        page = b.send(page.form("/account/rename"), label=name)
        assert is_in(page) and b"<script>alert" not in page.body and name in page.text
        # the last one stays, whatever the form says
        form = page.form("/account/rename")
        assert refused(b.send(form, to="/account/remove"))
        second = p.token(-8)
        assert is_in(p.register(b, second, "", label="second"))
        page = b.open("/account")
        first = next(f for f in page.forms if f["action"].endswith("/remove") and
                     unb64(f["fields"]["id"]) == t.id)
        # what cannot be undone wants a fresh login
        p.sql("UPDATE session SET auth_time=auth_time-400")
        for path in ("remove", "codes", "export", "delete"):
            assert refused(b.send(first, to="/account/" + path, name="anna")), path
        assert refused(p.register(b, p.token(), ""))
        assert is_in(p.login(b, second))
        page = b.open("/account")
        first = next(f for f in page.forms if f["action"].endswith("/remove") and
                     unb64(f["fields"]["id"]) == t.id)
        thief = p.browser()
        assert is_in(p.login(thief, t)) and is_in(thief.open("/account"))
        assert is_in(b.send(first)) and p.sql("SELECT count(*) FROM credential") == [(1,)]
        assert not is_in(thief.open("/account"))
        assert refused(p.login(p.browser(), t))
        # where
        there = p.browser(agent="Mozilla/5.0 (X11; OpenBSD amd64; rv:128.0) Firefox/128.0")
        third = p.browser(agent="third <b>")
        assert is_in(p.login(there, second)) and is_in(p.login(third, second))
        page = b.open("/account")
        assert "Firefox on OpenBSD" in page.text and "does not say which" in page.text
        # nothing more is kept than is shown
        assert {r[0] for r in p.sql("SELECT agent FROM session")} == {"", "Firefox/OpenBSD"}
        assert b"third" not in page.body and b"<b>" not in page.body
        assert is_in(b.send(page.form("/account/leave")))
        assert sorted(is_in(x.open("/account")) for x in (there, third)) == [False, True]
        assert is_in(b.send(page.form("/account/leave-others")))
        assert not is_in(there.open("/account")) and not is_in(third.open("/account"))
        # sites
        ident = p.sql("SELECT id FROM account")[0][0]
        p.sql("INSERT INTO consent VALUES(?,?,?,?,?,?)", ident, "https://rp.example/", "openid",
              "s", 1, 1)
        page = b.open("/account")
        assert "https://rp.example/" in page.text
        assert is_in(b.send(page.form("/account/take-back")))
        assert p.sql("SELECT count(*) FROM consent") == [(0,)]
        # all of it
        r = b.send(page.form("/account/export"))
        data = json.loads(r.body)
        assert "attachment" in r.headers["content-disposition"] and data["name"] == "anna"
        assert data["claims"] == {"email": "anna@id.example"} and len(data["tokens"]) == 1
        # another person's rows
        other, _ = p.registered("bert")
        form = other.open("/account").form("/account/rename")
        form["fields"]["id"] = b64(second.id)
        assert refused(other.send(form, label="mine"))
        sid = p.sql("SELECT hex(sid) FROM session WHERE account=?", ident)[0][0].lower()
        assert refused(other.send({**form, "fields": {**form["fields"], "id": sid}},
                                  to="/account/leave"))
        assert is_in(b.open("/account"))
        # the end
        form = b.open("/account").form("/account/delete")
        assert refused(b.send(form, name="bert"))
        assert "is deleted" in b.send(form, name="anna").text
        assert not is_in(b.open("/account"))
        for table in ("credential", "session", "consent", "account"):
            assert len(p.sql("SELECT 1 FROM " + table)) == (0 if table == "consent" else 1), table


def recovery(directory):
    """codes: shown once, each works once, for a new token and nothing else"""
    with place(directory) as p:
        b, t = p.registered("anna")
        p.registered("bert")
        page = b.send(b.open("/account").form("/account/codes"))
        codes = re.findall(r"<li>([A-Z2-7-]{29})</li>", page.body.decode())
        assert len(set(codes)) == 8
        lost = p.browser()

        def recover(name, code):
            return lost.send(lost.open("/login/recover").form(), name=name, code=code)

        assert refused(recover("bert", codes[0])) and refused(recover("nobody", codes[0]))
        assert refused(recover("anna", codes[0][:-1]))
        page = recover("anna", codes[0].lower().replace("-", " "))
        assert "Register a token" in page.text and not is_in(lost.open("/account"))
        new = p.token()
        form = lost.send(page.form(), label="new").form("/register/finish")
        assert is_in(lost.send(form, **new.create(form)))
        assert refused(recover("anna", codes[0]))
        # new ones make the old ones worthless
        b.send(b.open("/account").form("/account/codes"))
        assert refused(recover("anna", codes[1]))
        assert is_in(p.login(p.browser(), t)) and is_in(p.login(p.browser(), new))
        stored = p.sql("SELECT hex(hash) FROM pass")
        assert len(stored) == 8 and not any(c in p.p.said() for c in codes)


def rates(directory):
    """too many tries: told so, with when to come back"""
    with place(directory, trusted_proxy="127.0.0.1") as p:
        house = {"X-Forwarded-For": "198.51.100.7"}
        b = p.browser(**house)
        form = b.open("/login/recover").form()
        got = [b.send(form, name="anna", code="A" * 24).status for _ in range(12)]
        assert got == [403] * 10 + [429] * 2, got
        page = b.send(form, name="anna", code="x")
        assert page.headers["retry-after"] == "600"
        # another browser at the same address has some left, not all
        other = p.browser(**house)
        form = other.open("/login/recover").form()
        got = [other.send(form, name="anna", code="x").status for _ in range(12)]
        assert 429 in got and got[0] == 403, got
        # nor has who says to be elsewhere, in front of the proxy that knows better
        liar = p.browser(**{"X-Forwarded-For": "203.0.113.1, 198.51.100.7"})
        form = liar.open("/login/recover").form()
        assert liar.send(form, name="anna", code="x").status == 429
        form = b.open("/login").form("/login/start")
        got = [b.send(form).status for _ in range(101)]
        assert got == [200] * 100 + [429]


def closed(directory):
    """registration = closed: invitations do nothing, recovery codes what they always do"""
    with place(directory, registration="closed") as p:
        ident = p.person("anna")
        page = p.register(p.browser(), p.token(), p.invite(ident))
        assert refused(page) and "not taken" in page.text, page.body
        assert p.sql("SELECT count(*) FROM credential") == [(0,)]
        code = "A" * 24
        p.sql("INSERT INTO pass VALUES(?,1,?,0)",
              hashlib.sha256(("okrc_" + code).encode()).digest(), ident)
        b, t = p.browser(), p.token()
        page = b.send(b.open("/login/recover").form(), name="anna", code=code)
        form = b.send(page.form(), label="new").form("/register/finish")
        assert is_in(b.send(form, **t.create(form)))


def again(directory):
    """who logs in again has all of the time again, not what was left of it"""
    with place(directory) as p:
        b, t = p.registered("anna")
        now = int(time.time())
        p.sql("UPDATE session SET created=?", now - 7 * 86400 + 100)
        assert is_in(p.login(b, t))
        p.sql("UPDATE session SET used=used-100")
        assert is_in(b.open("/account"))
        assert p.sql("SELECT expires>? FROM session", now + 3600) == [(1,)]


def ended(directory):
    """what has ended does not stay in the store"""
    with place(directory) as p:
        b, t = p.registered("anna")
        ident = p.sql("SELECT id FROM account")[0][0]
        p.p.stop()
        now = int(time.time())
        for n in range(1200):
            ends = now + (9999 if n % 400 == 0 else -1)
            some = hashlib.sha256(b"%d" % n).digest()
            p.sql("INSERT INTO token VALUES(NULL,?,0,?,?,?,'x','','','','','',0,0,?,0,0)", some,
                  some[:16], ident, some[:16], ends)
        p.sql("UPDATE session SET expires=?", now - 1)
        p.invite(ident, -1)
        p.p.start()
        until(lambda: p.sql("SELECT count(*) FROM token") == [(3,)], "tokens are gone", 30)
        assert p.sql("SELECT count(*) FROM session") == p.sql("SELECT count(*) FROM pass") == [(0,)]
        assert is_in(p.login(b, t))


def files(directory):
    """stylesheet and scripts: cached, told apart by what they are"""
    with place(directory) as p:
        b = p.browser()
        for name, kind in (("style.css", "text/css"), ("webauthn.js", "text/javascript"),
                           ("post.js", "text/javascript")):
            page = b.open("/static/" + name)
            with open("oidc/page/" + name, "rb") as f:
                assert page.status == 200 and page.body == f.read()
            assert kind in page.headers["content-type"]
            assert "max-age" in page.headers["cache-control"]
            again = b.open("/static/" + name, **{"If-None-Match": page.headers["etag"]})
            assert again.status == 304 and not again.body
        assert b.open("/static/x").status == 404 and b.open("/static/../x").status == 404
        page = b.open("/login")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        assert page.headers["referrer-policy"] == "same-origin"


def goes_on(directory):
    """what began at a site goes on there after the login, by a page and not by the form"""
    with place(directory) as p:
        _, t = p.registered("anna")
        secret = "s" * 43
        p.sql("INSERT INTO client VALUES('rp','A site',0,?,?,'','rp.example','openid','ES256','',"
              "'','','',0,1)", bytes(32), "https://rp.example/back")
        challenge = b64(hashlib.sha256(secret.encode()).digest())
        b = p.browser()
        page = b.open("/authorize?client_id=rp&response_type=code&scope=openid&state=x"
                      "&redirect_uri=https://rp.example/back&code_challenge_method=S256"
                      "&code_challenge=" + challenge)
        assert page.form("/login/start")["fields"]["go"], page.body
        form = b.send(page.form("/login/start")).form("/login/finish")
        page = b.send(form, **t.get(form))
        assert page.status == 200 and "/authorize/continue?go=" in page.body.decode()
        where = page.body.decode().split('href="/authorize')[1].split('"')[0]
        page = b.open("/authorize" + where)
        assert "Log in with this account?" in page.text and "A site" in page.text, page.body


def in_flight(directory):
    """a code that is under way when the person logs out there, or takes the site back"""
    with place(directory) as p:
        b, t = p.registered("anna")
        p.sql("INSERT INTO client VALUES('rp','A site',0,?,?,'','rp.example','profile','ES256','',"
              "'','','',0,1)", bytes(32), "https://rp.example/back")
        ident = p.sql("SELECT id FROM account")[0][0]

        def agreed():
            p.sql("INSERT OR REPLACE INTO consent VALUES(?,'rp','profile','s',1,?)", ident,
                  int(time.time()))

        def code(at):
            page = at.open("/authorize?" + urllib.parse.urlencode({
                "client_id": "rp", "response_type": "code", "scope": "profile",
                "redirect_uri": "https://rp.example/back", "code_challenge_method": "S256",
                "code_challenge": b64(hashlib.sha256(b"s" * 43).digest())}), follow=False)
            assert page.status == 303, page.body
            query = urllib.parse.urlsplit(page.headers["location"]).query
            return urllib.parse.parse_qs(query)["code"][0]

        def redeem(text):
            return b.ask("POST", "/token", urllib.parse.urlencode({
                "grant_type": "authorization_code", "code": text, "client_id": "rp",
                "redirect_uri": "https://rp.example/back", "code_verifier": "s" * 43})).status

        agreed()
        assert redeem(code(b)) == 200
        there = p.browser()
        assert is_in(p.login(there, t))
        begun = code(there)
        assert is_in(b.send(b.open("/account").form("/account/leave")))
        assert redeem(begun) == 400 and redeem(code(b)) == 200
        begun = code(b)
        assert is_in(b.send(b.open("/account").form("/account/take-back")))
        assert redeem(begun) == 400
        assert p.sql("SELECT count(*) FROM token") == [(0,)]


def main():
    return run_parallel([
        ("a token is registered by an invitation, once", register),
        ("a registration that does not fit stores nothing", bad_registrations),
        ("logins that are refused", wrong_logins),
        ("a name that nobody has looks like one", names),
        ("a person's own page", account),
        ("recovery codes", recovery),
        ("tries are counted", rates),
        ("what has ended does not stay in the store", ended),
        ("a login lasts from when it was made last", again),
        ("nobody comes in by an invitation where that is closed", closed),
        ("stylesheet and scripts", files),
        ("a login goes on to the site it is for", goes_on),
        ("what is under way ends with what it came of", in_flight),
    ], 2)


if __name__ == "__main__":
    sys.exit(main())
