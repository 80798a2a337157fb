"""Floods and slow clients: memory and store stay bounded, others are served, and afterwards all is
as before.  Sizes are such that a small machine that does other things is done in a minute."""

import contextlib
import os
import signal
import sys
import time
import urllib.parse

from job import BUILD
from oidc_rp import BASE, COOKIE, FORM, REDIRECT, run_shared
from oidcd import Response
from ownkey import until

WATCHED = BUILD.endswith("/san")  # AddressSanitizer keeps what was freed

# until others are answered, on a machine with two cores that does other things
PATIENCE = 8
OPENID = BASE + "/.well-known/openid-configuration"
ES256 = "oidc/https:%2F%2Fid.example.org%2Fidp/es256"


def request(method, path, *headers, body=b""):
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: id.example.org", *headers]
    if body:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Line:
    """A connection that stays, and its requests one behind the other."""

    def __init__(self, p):
        self.sock, self.got = p.connect(timeout=60), b""

    def answer(self):
        while True:
            end = self.got.find(b"\r\n\r\n")
            if end >= 0:
                r = Response(self.got)
                size = end + 4 + int(r.get("content-length", 0))
                if len(self.got) >= size:
                    self.got = self.got[size:]
                    return r
            more = self.sock.recv(65536)
            assert more, "hung up"
            self.got += more

    def close(self):
        self.sock.close()


@contextlib.contextmanager
def lines(p, n):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(contextlib.closing(Line(p))) for _ in range(n)]


def flood(p, data, n, at_once=20, conns=8):
    """n times the same request; how many of each status came back."""
    seen = {}
    with lines(p, conns) as all_lines:
        while n > 0:
            for c in all_lines:
                c.sock.sendall(data * at_once)
            for c in all_lines:
                for _ in range(at_once):
                    r = c.answer()
                    seen[r.status] = seen.get(r.status, 0) + 1
                    n -= 1
            others_are_served(p)
    return seen


def others_are_served(p):
    at = time.monotonic()
    assert p.get(OPENID).status == 200
    assert time.monotonic() < at + PATIENCE, "served after %.1f s" % (time.monotonic() - at)


def resident(p):
    return int(p.status("VmRSS").split()[0])


def rows(o):
    names = [n for (n,) in o.sql("SELECT name FROM sqlite_schema WHERE type='table'")]
    return {n: o.sql("SELECT count(*) FROM " + n)[0][0] for n in names}


@contextlib.contextmanager
def bounded(o, name, kb):
    """Nothing is written, memory grows by kb at most, and a login works afterwards."""
    before, stored = resident(o.p), rows(o)
    yield
    grown = resident(o.p) - before
    print("# %s: %d kB more" % (name, grown))
    assert grown < kb or WATCHED, grown
    assert rows(o) == stored
    assert o.rp.login(o.browser())["id_token"]


# --- without a login ---

def authorize(o):
    """requests of people who are not logged in: 16 MB of them wait at most, nothing is written"""
    asked = BASE + "/authorize?" + urllib.parse.urlencode(o.rp.request(state="s" * 3000))
    form = {**o.rp.request(), "ui_locales": "x" * 14000}
    large = urllib.parse.urlencode(form).encode()
    with bounded(o, "authorize", 50000):
        for i in range(8):
            house = "X-Forwarded-For: 192.0.2.%d" % i
            seen = flood(o.p, request("GET", asked, house), 480)
            assert seen == {303: 480}, seen
            data = request("POST", BASE + "/authorize", FORM, house, body=large)
            seen = flood(o.p, data, 480, at_once=4)
            assert seen == {303: 480}, seen
        # one house may have a thousand
        assert 429 in flood(o.p, request("GET", asked, house), 480)
        # who comes now goes on as ever
        b = o.browser(None)
        r = b.get(BASE + "/authorize", **o.rp.request())
        assert r.status == 303 and b.get(BASE + "/login", go=r.get("location")[-43:]).status == 200


def secrets(o):
    """wrong secrets, wrong codes, wrong tokens: each refused, nothing kept"""
    wrong = b"grant_type=authorization_code&code=okc_" + b"A" * 43 + b"&client_id=rp&client_secret="
    token = b"client_id=post&client_secret=" + o.post.secret.encode() + b"&token=okat_" + b"A" * 43
    with bounded(o, "wrong secrets", 20000):
        data = request("POST", BASE + "/token", FORM, body=wrong + b"x" * 43)
        assert flood(o.p, data, 3000) == {401: 3040}
        assert flood(o.p, request("POST", BASE + "/introspect", FORM, body=token), 1000) == {
            200: 1120}
        data = request("GET", BASE + "/userinfo", "Authorization: Bearer okat_" + "A" * 43)
        assert flood(o.p, data, 1000) == {401: 1120}


def logins(o):
    """/login/start: so many of one address in ten minutes, then 429; others get their page"""
    b = o.browser(None)
    page = b.get(BASE + "/login")
    body = urllib.parse.urlencode(b.fields(page)).encode()
    cookie = "Cookie: " + "; ".join("%s=%s" % c for c in b.cookies.items())
    data = request("POST", BASE + "/login/start", FORM, cookie, "Origin: https://id.example.org",
                   body=body)
    with bounded(o, "logins", 20000):
        seen = flood(o.p, data, 1500)
        assert set(seen) == {200, 429} and seen[200] <= 1000, seen
        with lines(o.p, 1) as (c,):
            c.sock.sendall(data)
            r = c.answer()
            assert r.status == 429 and int(r.get("retry-after")) > 0, r.raw
        assert o.browser(None).get(BASE + "/login").status == 200


# --- with a login ---

def codes(o):
    """more codes than may wait: the oldest go, and others get theirs and redeem it"""
    b = o.browser()
    o.rp.login(b)
    first, verifier = o.rp.code(b)["code"], o.rp.verifier
    asked = BASE + "/authorize?" + urllib.parse.urlencode(o.rp.request())
    data = request("GET", asked, "Cookie: %s=%s" % (COOKIE, b.cookies[COOKIE]))
    before = resident(o.p)
    assert flood(o.p, data, 20400, at_once=50) == {303: 20400}
    grown = resident(o.p) - before
    print("# codes: %d kB more" % grown)
    assert grown < 60000 or WATCHED, grown
    o.rp.verifier = verifier
    assert o.rp.redeem(first).status == 400
    assert o.rp.login(o.browser("bob"), prompt="consent")["id_token"]


def fibers(o):
    """a vault that does not answer: 256 requests wait, others get 503 with Retry-After; discovery
    is served; and when it goes on, so do they"""
    b = o.browser()
    vault = o.agent.role("vault")
    client = o.client("waits", "--redirect", REDIRECT, "--public", "--alg", "ES256", "--trusted")
    o.allow()
    bodies = []
    for _ in range(280):
        code = client.code(b)["code"]
        bodies.append(urllib.parse.urlencode({
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
            "code_verifier": client.verifier, "client_id": client.id}).encode())
    with lines(o.p, len(bodies)) as all_lines:
        os.kill(vault, signal.SIGSTOP)
        try:
            for c, body in zip(all_lines, bodies):
                c.sock.sendall(request("POST", BASE + "/token", FORM, body=body))
            late = []
            for c in all_lines[256:]:
                late.append(c.answer())
            others_are_served(o.p)
        finally:
            os.kill(vault, signal.SIGCONT)
        assert {r.status for r in late} == {503}, [r.status for r in late]
        assert all(int(r.get("retry-after")) > 0 for r in late)
        assert [c.answer().status for c in all_lines[:256]] == [200] * 256
    assert client.login(b)["id_token"]


def frozen(o):
    """a vault that says nothing: after a while 503 with Retry-After, nobody waits for good, and
    what it says later is nobody's"""
    b = o.browser()
    vault = o.agent.role("vault")
    client = o.client("frozen", "--redirect", REDIRECT, "--public", "--alg", "ES256", "--trusted")
    o.allow()
    bodies = []
    for _ in range(80):  # more than go to the agent at once
        code = client.code(b)["code"]
        bodies.append(urllib.parse.urlencode({
            "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
            "code_verifier": client.verifier, "client_id": client.id}).encode())
    with lines(o.p, len(bodies)) as all_lines:
        os.kill(vault, signal.SIGSTOP)
        try:
            for c, body in zip(all_lines, bodies):
                c.sock.sendall(request("POST", BASE + "/token", FORM, body=body))
            for c in all_lines:
                r = c.answer()
                assert r.status == 503 and int(r.get("retry-after")) > 0, r.raw
            others_are_served(o.p)
        finally:
            os.kill(vault, signal.SIGCONT)
    for _ in range(100):
        assert client.login(b)["id_token"]


def rate(o):
    """more tokens than the owner lets it have: 503 with Retry-After, and other users of the agent
    are served meanwhile"""
    client = o.client("often", "--redirect", REDIRECT, "--alg", "ES256", "--trusted")
    o.allow()
    b = o.browser()
    client.login(b)
    with contextlib.closing(o.agent.client(o.person)) as c:
        o.owner.call("policy.set", label=ES256, rate=20)
        try:
            seen, waited = {}, []
            for _ in range(60):
                code = client.code(b)["code"]
                r = client.redeem(code)
                seen[r.status] = seen.get(r.status, 0) + 1
                assert r.status == 200 or int(r.get("retry-after")) > 0, r.raw
                at = time.monotonic()
                c.call("status")
                waited.append(time.monotonic() - at)
            print("# %s; status meanwhile after %.1f ms at most" % (seen, max(waited) * 1000))
            assert seen[503] >= 20 and seen[200] >= 20 and max(waited) < PATIENCE, seen
        finally:
            o.owner.call("policy.set", label=ES256, rate=0)
    assert client.login(b)["id_token"]


def many_signatures(o):
    """2,000 signatures asked for at once on the agent's socket: others are answered between"""
    ask = {"issuer": "https://id.example.org/idp", "alg": 0, "typ": 0, "audience": "rp",
           "account": o.users["ann"], "lifetime": 300, "claims": []}
    with contextlib.closing(o.agent.client()) as c, contextlib.closing(o.agent.client()) as other:
        asked = [c.start("jwt.sign", **ask) for _ in range(2000)]
        waited = []
        for _ in range(20):
            at = time.monotonic()
            other.call("status")
            waited.append(time.monotonic() - at)
        assert {c.wait(r).status for r in asked} <= {"OK", "LIMIT", "BUSY"}
        print("# status meanwhile after %.1f ms at most" % (max(waited) * 1000))
        assert max(waited) < PATIENCE


# --- slow ones ---

def bodies(o):
    """bodies that are here at once are bounded together: over 16 MiB 503 with Retry-After"""
    body = b"grant_type=x&a=" + b"x" * 64000
    asked = request("POST", BASE + "/token", FORM, body=body)
    with lines(o.p, 400) as all_lines:
        for c in all_lines:
            c.sock.sendall(asked[:-1])
        others_are_served(o.p)
        for c in all_lines:
            c.sock.sendall(asked[-1:])
        seen = {}
        for c in all_lines:
            r = c.answer()
            seen[r.status] = seen.get(r.status, 0) + 1
            assert r.status == 401 or int(r.get("retry-after")) > 0, r.raw
    print("# %s" % seen)
    assert set(seen) == {401, 503} and seen[503] > 100, seen
    assert o.p.raw(asked, shut=False).status == 401


def slow(o):
    """a body that never ends, and answers that nobody reads: cut off; memory stays bounded"""
    body = request("POST", BASE + "/token", FORM, "Content-Length: 5000") + b"grant_type="
    reads = request("GET", OPENID) * 200
    before = resident(o.p)
    with lines(o.p, 100) as drips, lines(o.p, 50) as deaf:
        for c in drips:
            c.sock.sendall(body)
        for c in deaf:
            c.sock.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                while True:
                    c.sock.send(reads)
        began, alive = time.monotonic(), set(drips)
        while alive and time.monotonic() < began + 60:
            for c in list(alive):
                try:
                    c.sock.send(b"a")
                except OSError:
                    alive.discard(c)
            others_are_served(o.p)
            time.sleep(0.5)
        assert not alive, "%d of them are still there" % len(alive)
        grown = resident(o.p) - before
        print("# slow ones: %d kB more, cut off after %.0f s" % (grown, time.monotonic() - began))
        assert grown < 40000 or WATCHED
        for c in deaf:
            c.sock.settimeout(60)
        until(lambda: all(is_cut_off(c) for c in deaf), "nobody who does not read stays", 60)
    assert o.rp.login(o.browser())["id_token"]


def is_cut_off(c):
    try:
        c.sock.send(b"x")
    except OSError:
        return True
    return False


# --- what has ended ---

def ended(o):
    """expired sessions, tokens, invitations are deleted while it runs; what is good stays"""
    t = o.rp.login(o.browser())
    good = rows(o)
    o.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000)"
          " INSERT INTO token SELECT NULL,randomblob(32),0,randomblob(16),randomblob(16),"
          "randomblob(16),'rp','openid','','sub','','',0,0,1,0,0 FROM n")
    o.sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<3000)"
          " INSERT INTO session SELECT randomblob(32),randomblob(16),id,0,0,0,1,'',''"
          " FROM n, account WHERE name='ann'")
    assert rows(o)["token"] == good["token"] + 5000
    o.p.stop()
    o.p.start()
    until(lambda: rows(o) == good, "they are gone", 60)
    assert o.rp.userinfo(t["access_token"]).status == 200


if __name__ == "__main__":
    sys.exit(run_shared([(fn.__doc__.split("\n")[0], fn) for fn in (
        authorize, secrets, logins, codes, fibers, frozen, rate, many_signatures, bodies,
        slow, ended)],
        log_level="error", trusted_proxy="127.0.0.1"))
