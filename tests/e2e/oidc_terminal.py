"""ownkey approve and ownkey register: a browser without scripts, a terminal, a token."""

import base64
import contextlib
import hashlib
import json
import os
import re
import socket
import sys
import threading
import time
import urllib.parse

import cbor2

from cli import fits, terminal
from oidc_login import is_in, place, refused
from ownkey import PIN, run_parallel, world

ASK, ANSWER = "/login/terminal/ask", "/login/terminal/answer"
MESSAGE = {"Content-Type": "application/cbor"}


def code_of(page):
    return re.search(r"ownkey approve --at (\S+) ([0-9A-Z-]{9})", page.text)[2]


def number_of(page):
    return re.search(r"the number (\d{3})", page.text)[1]


def said(done):
    return " ".join(done.stderr.split())


def block(kind, message):
    data = base64.b64encode(hashlib.sha256(message).digest()[:4] + message).decode()
    lines = "".join(data[i:i + 64] + "\n" for i in range(0, len(data), 64))
    return "-----BEGIN OWNKEY %s-----\n%s-----END OWNKEY %s-----\n" % (kind, lines, kind)


def inside(kind, text):
    found = re.search("-----BEGIN OWNKEY %s-----\n(.*?)-----END" % kind, text, re.S)
    data = base64.b64decode(found[1])
    assert hashlib.sha256(data[4:]).digest()[:4] == data[:4]
    return data[4:]


class Desk:
    """A provider, an agent with a token, and who sits there."""

    def __init__(self, p, agent, token):
        self.p, self.agent, self.token = p, agent, token

    def link(self, name, **kw):
        return "%s/register?invite=%s" % (self.p.origin,
                                          self.p.invite(self.p.person(name), **kw))

    def register(self, name, *args, yes="y", pin=PIN):
        return self.type("register", *args, lines=[self.link(name), yes, pin])

    def registered(self, name):
        done = self.register(name)
        assert done.returncode == 0, done

    def type(self, *args, lines, **kw):
        return self.agent.cli(*args, "--ask-stdin", stdin="".join(s + "\n" for s in lines), **kw)

    def approve(self, code, yes="y", pin=PIN, at=None):
        return self.type("approve", "--at", at or self.p.origin, code, lines=[yes, pin])

    @staticmethod
    def begin(b, name, path="/login"):
        return b.send(b.open(path).form("/login/start"), name=name, terminal="1")

    @staticmethod
    def again(b, page):
        form = page.form("/login/terminal")
        return b.open(form["action"] + "?page=" + form["fields"]["page"])

    def talk(self, path, headers=None, **fields):
        """As a program of somebody else's would."""
        keys = {"code": 1, "denied": 2, "client_data": 3, "id": 4, "authdata": 5, "signature": 6}
        message = cbor2.dumps({keys[k]: v for k, v in fields.items()}, canonical=True)
        return self.p.browser().ask("POST", path, message, **MESSAGE, **(headers or {}))

    def behind_proxy(self):
        self.p.p.stop()
        self.p.p.conf["trusted_proxy"] = "127.0.0.1"
        self.p.p.start()

    @staticmethod
    def fails(done, text, status=1):
        assert done.returncode == status and text in said(done), done


@contextlib.contextmanager
def desk(directory, agent_conf=None, **token):
    with world(directory, {"pin": PIN, **token}, **(agent_conf or {})) as (agent, soft), \
            place(directory) as p:
        yield Desk(p, agent, soft)


def log_in(directory):
    """registered and logged in without a browser's help"""
    with desk(directory) as d:
        done = d.register("anna", "--label", "blue key")
        assert done.returncode == 0, done
        assert "\nfor anna\n" in done.stderr and "a second time" in said(done), done.stderr
        # not discoverable: none of the token's few slots
        assert d.p.sql("SELECT name, flags & 9 FROM credential") == [("blue key", 1)]
        b = d.p.browser()
        page = d.begin(b, "anna")
        assert d.p.origin in page.text and 'http-equiv="refresh"' in page.body.decode()
        assert "five minutes" in d.again(b, page).text
        done = d.approve(code_of(page))
        assert done.returncode == 0, done
        for text in (d.p.origin, "127.0.0.1", number_of(page), "you are logged in"):
            assert text in said(done), (text, done.stderr)
        page = d.again(b, page)
        assert is_in(page), page.body
        assert d.p.sql("SELECT amr FROM session") == [("hwk user mfa",)]
        assert "blue key" in b.open("/account").text
        # as people type it
        page = d.begin(b, "anna")
        done = d.approve(code_of(page).lower().replace("-", " ").replace("0", "o"),
                         at=d.p.origin + "/")
        assert done.returncode == 0 and is_in(d.again(b, page)), done
        log = d.p.p.said()
        assert code_of(page) not in log and code_of(page).replace("-", "") not in log
        assert "oki_" not in log and "page=" not in log


def on_a_terminal(directory):
    """what the person reads fits 50 columns, and nothing is agreed to by an empty line"""
    with desk(directory) as d:
        t = terminal(d.agent, "register")
        t.expect("the link that you were sent: ")
        t.type(d.link("anna"))
        t.expect(r"token there\? \[y/N\] ")
        t.type("y")
        t.expect("PIN: ")
        t.type(PIN)
        assert t.end() == 0, t.text
        b = d.p.browser()
        page = d.begin(b, "anna")
        t = terminal(d.agent, "approve", "--at", d.p.origin, code_of(page))
        t.expect("number " + number_of(page))
        t.expect(r"show this number\? \[y/N\] ")
        fits(t)
        assert len(t.lines()) <= 15, t.text
        t.type("")
        assert t.end() == 1 and "cancelled" in t.text, t.text
        assert refused(d.again(b, page))


def denied(directory):
    """no: the page says so, and the code is gone"""
    with desk(directory) as d:
        d.registered("anna")
        b = d.p.browser()
        page = d.begin(b, "anna")
        d.fails(d.approve(code_of(page), yes="n"), "the page was told")
        d.fails(d.approve(code_of(page)), "no login waits under that code")
        shown = d.again(b, page)
        assert refused(shown) and "No was said at the terminal" in shown.text
        assert refused(d.again(b, page)) and not is_in(b.open("/account"))
        link = d.link("bert")
        done = d.type("register", lines=[link, "n"])
        d.fails(done, "still good")
        assert d.type("register", lines=[link, "y", PIN]).returncode == 0


def codes(directory):
    """used twice, mistyped, of another browser, too late, after a restart, of nobody"""
    with desk(directory) as d:
        d.registered("anna")
        b, thief = d.p.browser(), d.p.browser()
        page = d.begin(b, "anna")
        d.begin(thief, "anna")
        # the page is of the browser that began: another is told nothing, and takes nothing away
        assert refused(d.again(thief, page)) and refused(d.again(d.p.browser(), page))
        assert d.approve(code_of(page)).returncode == 0
        assert refused(d.again(thief, page)) and not is_in(thief.open("/account"))
        d.fails(d.approve(code_of(page)), "no login waits under that code")
        assert is_in(d.again(b, page)) and refused(d.again(b, page))
        # mistyped
        page = d.begin(b, "anna")
        wrong = ("Z" if code_of(page)[0] != "Z" else "Y") + code_of(page)[1:]
        d.fails(d.approve(wrong), "no login waits under that code")
        for bad in ("ABC", "ABCD-EFGU", "ABCD-EFGHJ"):
            d.fails(d.approve(bad), "8 letters and digits", 64)
        # a name is needed, since the token is found by it
        page = b.send(b.open("/login").form("/login/start"), name="", terminal="1")
        assert refused(page) and "type your name" in page.text
        # a form of another site
        form = b.open("/login").form("/login/start")
        assert refused(b.send(form, name="anna", terminal="1", origin="https://evil.example"))
        # a restart voids all
        page = d.begin(b, "anna")
        d.p.p.stop()
        d.p.p.start()
        d.fails(d.approve(code_of(page)), "no login waits under that code")
        assert refused(d.again(b, page))


def other_people(directory):
    """whose token answers: only of the name that was typed; nobody learns who has an account"""
    with desk(directory) as d:
        d.registered("anna")
        d.registered("bert")
        b = d.p.browser()
        # a credential of bert's token for what anna began: the token is asked for anna's alone,
        # and the provider judges it besides
        ids = dict(d.p.sql("SELECT a.name, c.id FROM credential c JOIN account a "
                           "ON a.id = c.account"))
        page = d.begin(b, "anna")
        asked = cbor2.loads(d.talk(ASK, code=code_of(page).replace("-", "")).body)
        assert asked[7] == [ids["anna"]] and asked[2] == d.p.origin
        client = json.dumps({"type": "webauthn.get", "origin": d.p.origin,
                             "challenge": base64.urlsafe_b64encode(asked[4]).decode()[:43]})
        with contextlib.closing(d.agent.client()) as c:
            got = c.call("token.assert", rp_id="localhost", creds=[ids["bert"]], uv=True,
                         cdh=hashlib.sha256(client.encode()).digest())
        r = d.talk(ANSWER, code=asked[3], id=ids["bert"], client_data=client.encode(),
                   authdata=got.authdata, signature=got.sig)
        assert r.status == 403, r.body
        assert refused(d.again(b, page)) and not is_in(b.open("/account"))
        assert "login refused: credential of another account" in d.p.p.said()
        # a challenge is good for one answer, also for a wrong one
        assert d.talk(ANSWER, code=asked[3], denied=True).status == 404
        # a name that nobody has looks the same, to who has a token for others
        page = d.begin(b, "nobody")
        done = d.approve(code_of(page))
        d.fails(done, "no token that is plugged in knows this key", 4)
        d.fails(done, "is the name on the page right?", 4)
        nobody = cbor2.loads(d.talk(ASK, code=code_of(page).replace("-", "")).body)
        assert set(nobody) == set(asked) and nobody[7]


def wrong_answers(directory):
    """each thing that a signature is over, and a signature that is none"""
    with desk(directory) as d:
        d.registered("anna")
        b = d.p.browser()
        ident = d.p.sql("SELECT id FROM credential")[0][0]

        def answer(rp="localhost", uv=True, bend=None, **client):
            page = d.begin(b, "anna")
            asked = cbor2.loads(d.talk(ASK, code=code_of(page).replace("-", "")).body)
            text = json.dumps({"type": "webauthn.get", "origin": d.p.origin,
                               "challenge": base64.urlsafe_b64encode(asked[4]).decode()[:43],
                               **client}).encode()
            with contextlib.closing(d.agent.client()) as c:
                got = c.ask("token.assert", rp_id=rp, creds=[ident], uv=uv,
                            cdh=hashlib.sha256(text).digest())
            if got.status != "OK":
                return got.status
            sig = got.result.sig if bend is None else bend(got.result.sig)
            r = d.talk(ANSWER, code=asked[3], id=ident, client_data=text,
                       authdata=got.result.authdata, signature=sig)
            assert (r.status == 200) == is_in(d.again(b, page)), r.body
            return r.status

        assert answer() == 200
        for kw in ({"origin": "https://evil.example"}, {"type": "webauthn.create"},
                   {"challenge": base64.urlsafe_b64encode(bytes(32)).decode()[:43]},
                   {"crossOrigin": True}, {"uv": False},
                   {"bend": lambda s: s[:-1] + bytes([s[-1] ^ 1])}):
            assert answer(**kw) == 403, kw
        # of another site, the token itself says no
        assert answer(rp="evil.example") == "TOKEN_NOKEY"
        # what is no message
        for path in (ASK, ANSWER):
            for bad in (b"", b"{}", b"\xa0", b"\xff" * 100, cbor2.dumps({1: "short"}),
                        cbor2.dumps({1: "ABCDEFGH", 99: 1}), bytes(60000)):
                assert p_status(d, path, bad) in (400, 404), (path, bad[:10])
            assert d.p.browser().open(path).status == 405


def p_status(d, path, body):
    return d.p.browser().ask("POST", path, body, **MESSAGE).status


def guessed(directory):
    """tries are counted, by house; what is right is refused then, too"""
    with desk(directory) as d:
        d.registered("anna")
        d.behind_proxy()
        b = d.p.browser()
        page = d.begin(b, "anna")
        code = code_of(page).replace("-", "")
        there = {"X-Forwarded-For": "192.0.2.7"}
        got = [d.talk(ASK, there, code="%08d" % i).status for i in range(110)]
        assert got == [404] * 100 + [429] * 10, got
        assert d.talk(ASK, there, code=code).status == 429
        assert d.talk(ANSWER, there, code=code, denied=True).status == 429
        assert d.talk(ASK, {"X-Forwarded-For": "192.0.2.8"}, code=code).status == 200
        with contextlib.closing(Other(429, "application/json", b"{}")) as other:
            d.fails(d.approve(code, at=other.origin), "too many tries")
        # and so are pages that begin
        form = b.open("/login").form("/login/start")
        got = [b.send(form, follow=False, name="anna", terminal="1").status for _ in range(40)]
        assert got[0] == 303 and got[-1] == 429, got


class Other:
    """A server that is not the one that was meant: answers all the same."""

    def __init__(self, status, kind, body):
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.origin = "http://localhost:%d" % self.sock.getsockname()[1]
        self.reply = (b"HTTP/1.1 %d x\r\nContent-Type: %s\r\nContent-Length: %d\r\n"
                      b"Connection: close\r\n\r\n" % (status, kind.encode(), len(body))) + body
        self.asked = []
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                s = self.sock.accept()[0]
                with contextlib.closing(s):
                    self.asked.append(s.recv(65536))
                    s.sendall(self.reply)

    def close(self):
        self.sock.close()


def ask_of(d, page):
    return d.talk(ASK, code=code_of(page).replace("-", "")).body


def phished(directory):
    """a server in between passes the provider's request on: nothing is signed for the provider"""
    with desk(directory) as d:
        d.registered("anna")
        b = d.p.browser()
        page = d.begin(b, "anna")
        real = ask_of(d, page)
        with contextlib.closing(Other(200, "application/cbor", real)) as evil:
            done = d.approve(code_of(page), at=evil.origin)
            d.fails(done, "not of the provider you named")
            assert len(evil.asked) == 1 and "touch" not in done.stderr, done.stderr
        # it puts its own name on it: the token knows no key for that
        other = cbor2.loads(real)
        for issuer in ("https://evil.example", "http://evil.example", "https://localhost:1@x",
                       "ownkey:1", d.p.origin + "/x"):
            other[2] = issuer
            with contextlib.closing(Other(200, "application/cbor", cbor2.dumps(other))) as evil:
                d.fails(d.approve(code_of(page), at=evil.origin), "not of the provider you named")
        # another request than the one that was named
        with contextlib.closing(Other(200, "application/cbor", b"")) as evil:
            other[2], other[3] = evil.origin, "ZZZZZZZZ"
            evil.reply = evil.reply.replace(b"Length: 0", b"Length: %d" % len(cbor2.dumps(other)))
            evil.reply += cbor2.dumps(other)
            d.fails(d.approve(code_of(page), at=evil.origin), "no login waits")
        assert not is_in(b.open("/account"))
        # addresses that are none
        for bad in ("id.example", "http://id.example", "https://id.example?x", "ftp://x",
                    "https://"):
            d.fails(d.approve(code_of(page), at=bad), "no address of a provider", 64)
        d.fails(d.type("approve", code_of(page), lines=[]), "say where", 64)


def elsewhere(directory):
    """servers that are none, or say nonsense; nothing there at all"""
    with desk(directory) as d:
        nonsense = [(200, "text/html", b"hello"), (200, "application/cbor", b""),
                    (200, "application/cbor", b"\xff" * 2000), (404, "text/html", b"no"),
                    (302, "text/html", b""), (500, "text/plain", b"x"),
                    (403, "application/cbor", b"\xa1\x01\x18"), (200, "application/cbor", b"\xa0")]
        for status, kind, body in nonsense:
            with contextlib.closing(Other(status, kind, body)) as other:
                d.fails(d.approve("ABCD-EFGH", at=other.origin), "no provider of ownkey's")
        with contextlib.closing(Other(404, "application/json", b"{}")) as other:
            d.fails(d.approve("ABCD-EFGH", at=other.origin), "no login waits under that code")
        said_no = cbor2.dumps({1: "no \u202e because\x1b[31m of this".replace("\x1b", "")})
        with contextlib.closing(Other(403, "application/cbor", said_no)) as other:
            done = d.approve("ABCD-EFGH", at=other.origin)
            d.fails(done, "did not take it")
            assert "\u202e" not in done.stderr, done.stderr
        d.fails(d.approve("ABCD-EFGH", at="http://localhost:1"), "nobody answers there")
        with contextlib.closing(Other(200, "application/cbor", b"")) as other:
            d.fails(d.type("register", lines=[other.origin + "/register?invite=oki_x"]),
                    "no provider of ownkey's")


def blocks(directory):
    """by copying: round trip, cut, bent, of another page, twice"""
    with desk(directory) as d:
        d.registered("anna")
        b = d.p.browser()

        def paste_page(page):
            link = re.search(r'href="([^"]*/login/terminal/paste[^"]*)"', page.body.decode())[1]
            shown = b.open(link)
            assert 'http-equiv="refresh"' not in shown.body.decode()
            return shown

        def answer(shown, yes="y", args=(), change=lambda t: t):
            text = re.search(r"-----BEGIN.*?-----END[^\n]*\n", shown.text, re.S)[0]
            return d.agent.cli("approve", *args, "--ask-stdin",
                               stdin="hello\n" + change(text) + yes + "\n" + PIN + "\n")

        page = d.begin(b, "anna")
        shown = paste_page(page)
        done = answer(shown)
        assert done.returncode == 0 and number_of(shown) in said(done), done
        form = shown.form("/login/terminal/paste")
        # bent and cut ones may be pasted again; line ends of the web
        text = "> some mail\n" + done.stdout.replace("\n", "\r\n")
        at = done.stdout.index("\n") + 20
        bent = done.stdout[:at] + ("A" if done.stdout[at] != "A" else "B") + done.stdout[at + 1:]
        message = inside("LOGIN ANSWER", done.stdout)
        fields = cbor2.loads(message)
        fields[1] = "ZZZZZZZZ"
        for bad in ("", "hello", bent, done.stdout[:-30], done.stdout[:200],
                    block("LOGIN REQUEST", message), block("LOGIN ANSWER", b"\xff"),
                    block("LOGIN ANSWER", cbor2.dumps(fields)), "A" * 50000):
            got = b.send(form, block=bad)
            assert refused(got) and "Copy it anew" in got.text, (bad, got.text)
        # another browser, and a form of another site
        thief = d.p.browser()
        d.begin(thief, "anna")
        assert refused(thief.send(form, block=text))
        assert refused(b.send(form, block=text, origin="https://evil.example"))
        assert is_in(b.send(form, block=text)) and refused(b.send(form, block=text))
        # no; and a block of the request that is not whole
        shown = paste_page(d.begin(b, "anna"))
        d.fails(answer(shown, change=lambda t: t[:100] + "x" + t[101:]), "no whole block")
        d.fails(answer(shown, change=lambda t: ""), "no whole block")
        done = answer(shown, yes="n")
        assert done.returncode == 1 and "BEGIN OWNKEY LOGIN ANSWER" in done.stdout, done
        got = b.send(shown.form("/login/terminal/paste"), block=done.stdout)
        assert refused(got) and "No was said" in got.text
        # an answer of one page in another's
        first, second = paste_page(d.begin(b, "anna")), paste_page(d.begin(b, "anna"))
        done = answer(first, args=("--at", d.p.origin))
        assert "Copy it anew" in b.send(second.form("/login/terminal/paste"),
                                        block=done.stdout).text
        # of another provider than the one that was named, or could be one
        d.fails(answer(second, args=("--at", "https://id.example")), "provider you named")
        asked = cbor2.loads(inside("LOGIN REQUEST", second.text))
        for issuer in ("http://id.example", "ownkey:x", "https://a@b", "x" * 2000):
            asked[2] = issuer
            done = answer(second, change=lambda _: block("LOGIN REQUEST", cbor2.dumps(asked)))
            d.fails(done, "provider you named")


def site_shown(directory):
    """who wants to know, and where the browser is, as the proxy says; text of strangers"""
    with desk(directory) as d:
        d.registered("anna")
        name = "Wiki \u202eevil\u202c <b>"
        d.p.sql("INSERT INTO client VALUES('rp',?,0,?,?,'','rp.example','profile','ES256','','','',"
                "'',0,1)", name, bytes(32), "https://rp.example/back")
        d.behind_proxy()
        b = d.p.browser()
        page = b.open("/authorize?" + urllib.parse.urlencode({
            "client_id": "rp", "response_type": "code", "scope": "profile",
            "redirect_uri": "https://rp.example/back", "code_challenge_method": "S256",
            "code_challenge": "A" * 43}))
        assert page.forms, page.body
        form = page.form("/login/start")
        body = urllib.parse.urlencode({**form["fields"], "name": "anna", "terminal": "1"})
        page = b.ask("POST", form["action"], body, **{"X-Forwarded-For": "192.0.2.77"})
        done = d.approve(code_of(page))
        assert done.returncode == 0, done
        for text in ("rp.example", "192.0.2.77", "Wiki"):
            assert text in said(done), (text, done.stderr)
        assert "\u202e" not in done.stderr
        got = d.again(b, page)
        assert "You are logged in" in got.text and "/authorize/continue?go=" in got.body.decode()
        where = got.body.decode().split('href="/authorize')[1].split('"')[0]
        assert "Log in with this account?" in b.open("/authorize" + where).text


def invitations(directory):
    """used, ended, not whole; a token that is there already; without a PIN"""
    with desk(directory) as d:
        link = d.link("anna")
        assert d.type("register", lines=[link, "y", PIN]).returncode == 0
        d.fails(d.type("register", lines=[link, "y", PIN]), "used already")
        d.fails(d.type("register", lines=[d.link("bert", ends=-1), "y", PIN]), "has ended")
        d.fails(d.type("register", lines=[d.link("carl")[:-1], "y", PIN]), "not copied whole")
        for bad in ("", "hello", d.p.origin, "https://id.example/?invite=x"):
            d.fails(d.type("register", lines=[bad]), "no invitation", 64)
        d.fails(d.type("register", lines=["http://id.example/register?invite=x"]),
                "no address of a provider", 64)
        d.fails(d.type("register", "--label", "x" * 65, lines=[link]), "a label has", 64)
        # the same token once more for the same person
        ident = d.p.sql("SELECT id FROM account WHERE name='anna'")[0][0]
        again = "%s/register?invite=%s" % (d.p.origin, d.p.invite(ident))
        d.fails(d.type("register", lines=[again, "y", PIN]), "registered there already", 1)
        assert d.p.sql("SELECT count(*) FROM credential") == [(1,)]


def pins(directory):
    """a wrong PIN is asked for again; a token without one is told how to get it"""
    with desk(directory) as d:
        done = d.type("register", lines=[d.link("anna"), "y", "9999", PIN])
        assert done.returncode == 0 and "wrong PIN" in said(done), done
        b = d.p.browser()
        page = d.begin(b, "anna")
        done = d.type("approve", "--at", d.p.origin, code_of(page), lines=["y", "0000", PIN])
        assert done.returncode == 0 and is_in(d.again(b, page)), done


def no_pin(directory):
    """a token without a PIN"""
    with desk(directory, pin=None) as d:
        d.fails(d.register("anna"), "ownkey token pin")
        assert d.p.sql("SELECT count(*) FROM credential") == [(0,)]


def late(directory):
    """five minutes: the page and the terminal say so"""
    with desk(directory) as d:
        d.registered("anna")
        b = d.p.browser()
        page = d.begin(b, "anna")
        asked = cbor2.loads(ask_of(d, page))
        assert 290 <= asked[5] <= 300
        time.sleep(2)
        assert cbor2.loads(ask_of(d, page))[5] < asked[5]
        shown = b.open("/login/terminal?page=" + page.form("/login/terminal")["fields"]["page"],
                       **{"Accept-Language": "de"})
        assert "ob diese Seite die Zahl %s zeigt" % number_of(page) in shown.text


def main():
    return run_parallel([
        ("registered and logged in without a browser's help", log_in),
        ("what the person reads fits a small terminal", on_a_terminal),
        ("no is said at the terminal", denied),
        ("codes that are no good", codes),
        ("only the account that was named answers", other_people),
        ("answers that do not fit log nobody in", wrong_answers),
        ("guesses are counted", guessed),
        ("a server in between gets no signature", phished),
        ("servers that are none", elsewhere),
        ("blocks are pasted, whole or not at all", blocks),
        ("the site and the browser's address are shown", site_shown),
        ("invitations that are no good", invitations),
        ("the token's PIN is asked for", pins),
        ("a token without a PIN is told so", no_pin),
        ("the time that is left runs down", late),
    ], 2)


if __name__ == "__main__":
    sys.exit(main())
