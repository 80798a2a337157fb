"""No code twice, no revoked token that opens anything, whatever happens meanwhile; and the commands
that make people and clients."""

import contextlib
import hashlib
import json
import os
import re
import resource as resource_limits
import signal
import sqlite3
import subprocess
import sys
import threading
import time

from job import BUILD
from oidc_rp import BASE, COOKIE, REDIRECT, query_of, run_shared
from oidcd import ISSUER
from ownkey import PIN, expect, until

LASTING = {"scope": "openid email offline_access", "prompt": "consent"}
API = "https://api.example/v1"


def at_once(n, fn):
    """The answers of n calls that begin together."""
    out, gate = [None] * n, threading.Barrier(n)

    def one(i):
        gate.wait()
        out[i] = fn(i)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return out


def kill(o):
    o.p.stop(signal.SIGKILL)
    o.p.start()
    until(lambda: o.p.get(BASE + "/health").status == 200, "it can sign again")


def invalid(r, error="invalid_grant"):
    assert r.status == 400 and r.json()["error"] == error, r.raw


# --- tokens ---

def revocation(o):
    """RFC 7009: an access token alone, a refresh token with all of its family, others' never"""
    t = o.rp.login(o.browser(), **LASTING)
    for who, token in ((o.post, t["access_token"]), (o.open, t["refresh_token"])):
        assert who.post("/revoke", token=token).status == 200
    assert o.rp.userinfo(t["access_token"]).status == 200
    assert o.rp.post("/revoke", token="nonsense").status == 200
    assert o.rp.post("/revoke").status == 400
    assert o.rp.post("/revoke", auth=False, token=t["access_token"]).status == 401
    assert o.rp.post("/revoke", token=t["access_token"]).status == 200
    assert o.rp.userinfo(t["access_token"]).status == 401
    t = o.rp.refresh(t["refresh_token"]).json()
    hint = {"token_type_hint": "access_token"}  # wrong on purpose
    assert o.rp.post("/revoke", token=t["refresh_token"], **hint).status == 200
    assert o.rp.userinfo(t["access_token"]).status == 401
    invalid(o.rp.refresh(t["refresh_token"]))


def introspection(o):
    """RFC 7662: one's own; a service that of its own audience alone; others see nothing"""
    t = o.rp.login(o.browser(), **LASTING)
    seen = o.rp.introspect(t["access_token"])
    assert seen["active"] is True and seen["sub"] == t["claims"]["sub"], seen
    assert seen["client_id"] == "rp" and seen["iss"] == ISSUER and seen["exp"] > time.time()
    # names are the same everywhere: not for who may know a pairwise subject alone
    assert "username" not in seen and "me" not in seen, seen
    named = o.rp.login(o.browser(), scope="openid profile")
    seen = o.rp.introspect(named["access_token"])
    assert seen["username"] == "ann" and seen["me"] == "https://ann.example/", seen
    for who in o.post, o.api:
        assert who.introspect(t["access_token"]) == {"active": False}
        assert who.introspect(t["refresh_token"]) == {"active": False}
    assert o.rp.introspect("x") == {"active": False}
    assert o.open.post("/introspect", token=t["access_token"]).status == 401
    bearer = "Authorization: Bearer " + t["access_token"]
    assert o.rp.post("/introspect", [bearer], False, token=t["access_token"]).status == 401


def resource(o):
    """RFC 8707: a token for one service, which sees it; it opens nothing else"""
    b = o.browser()
    t = o.rp.login(b, resource=API, **LASTING)
    seen = o.api.introspect(t["access_token"])
    assert seen["active"] and seen["aud"] == API and seen["client_id"] == "rp", seen
    assert seen["username"] == "ann", seen
    assert o.rp.userinfo(t["access_token"]).status == 401
    new = o.rp.refresh(t["refresh_token"], resource=API).json()
    assert o.api.introspect(new["access_token"])["active"]
    invalid(o.rp.refresh(new["refresh_token"], resource="https://other.example"), "invalid_target")
    for bad in "https://other.example", "rp":
        r = b.get(BASE + "/authorize", **o.rp.request(resource=bad))
        assert query_of(r.get("location"))["error"] == "invalid_target", r.raw
    code = o.rp.code(b)["code"]
    invalid(o.rp.redeem(code, resource=API), "invalid_target")


def consent(o):
    """no is no; only this browser's form counts, once; more scopes are asked for again"""
    b = o.browser("bob")
    asked = o.open.request()
    page = b.follow(b.get(BASE + "/authorize", **asked))
    csp = page.get("content-security-policy")
    assert "form-action 'self' https://rp.example" in csp and "frame-ancestors 'none'" in csp, csp
    r = o.browser("bob").decide(page)
    assert r.status in (400, 403), r.raw
    assert b.decide(page, token="A" * 43).status == 403
    evil = b.ask("POST", b.action(page), {**b.fields(page), "decision": "yes"},
                 "Sec-Fetch-Site: cross-site", "Origin: https://evil.example")
    assert evil.status in (400, 403), evil.raw
    back = query_of(b.decide(page, "no").get("location"))
    assert back["error"] == "access_denied" and back["state"] == asked["state"], back
    assert b.decide(page).status == 400
    o.open.login(b)
    r = b.get(BASE + "/authorize", **o.open.request(scope="openid email"))
    assert b">new<" in b.follow(r).body


# --- races ---

def fifty(o):
    """50 parallel redemptions of one code: exactly one 200 (puzed/darkauth#78)"""
    for client in o.rp, o.open:
        code = client.code(o.browser())["code"]
        got = at_once(50, lambda _, c=client, k=code: c.redeem(k))
        assert [r.status for r in got].count(200) == 1, [r.status for r in got]
        for r in got:
            if r.status != 200:
                invalid(r)


def refresh_race(o):
    """20 at once with one refresh token: at most one gets more, and what it got ends as well"""
    t = o.rp.login(o.browser(), **LASTING)
    got = at_once(20, lambda _: o.rp.refresh(t["refresh_token"]))
    good = [r for r in got if r.status == 200]
    assert len(good) <= 1, [r.status for r in got]
    for r in got:
        if r.status != 200:
            invalid(r)
    for r in good:
        invalid(o.rp.refresh(r.json()["refresh_token"]))
        assert o.rp.userinfo(r.json()["access_token"]).status == 401
    assert o.rp.userinfo(t["access_token"]).status == 401


def killed(o):
    """kill -9: no code is used twice, what was answered stays, no revocation is lost"""
    b = o.browser()
    code, spare = o.rp.code(b, **LASTING), o.rp.code(b)
    t = o.rp.redeem(spare["code"]).json()
    kept = o.rp.login(b, **LASTING)
    gone = o.rp.login(b, **LASTING)
    assert o.rp.post("/revoke", token=gone["refresh_token"]).status == 200
    kill(o)
    invalid(o.rp.redeem(spare["code"]))
    invalid(o.rp.redeem(code["code"]))
    invalid(o.rp.refresh(gone["refresh_token"]))
    assert o.rp.userinfo(gone["access_token"]).status == 401
    assert o.rp.userinfo(t["access_token"]).status == 200
    new = o.rp.refresh(kept["refresh_token"])
    assert new.status == 200, new.raw
    kill(o)
    invalid(o.rp.refresh(kept["refresh_token"]))
    # in the midst of it: whoever got an answer has what it says, and no code works again
    for delay in 0.002, 0.01, 0.03:
        codes = [o.rp.code(b)["code"] for _ in range(8)]
        timer = threading.Timer(delay, lambda: o.p.process.send_signal(signal.SIGKILL))
        timer.start()

        def one(i, codes=codes):
            with contextlib.suppress(OSError, TypeError, IndexError):
                return o.rp.redeem(codes[i])
            return None

        got = at_once(8, one)
        timer.join()
        o.p.process.wait()
        o.p.process = None
        o.p.start()
        until(lambda: o.p.get(BASE + "/health").status == 200, "it can sign again")
        for code, r in zip(codes, got):
            invalid(o.rp.redeem(code))
            if r is not None and r.status == 200 and r.body:
                assert o.rp.userinfo(r.json()["access_token"]).status == 200


# --- what is not there ---

def locked_vault(o):
    """a locked agent: a clear page, no token, health says so; nothing is lost"""
    b = o.browser()
    t = o.rp.login(b, **LASTING)
    code, verifier = o.rp.code(b)["code"], o.rp.verifier
    o.agent.lock()
    until(lambda: o.p.get(BASE + "/health").status == 503, "it knows")
    assert o.p.get(BASE + "/health").json()["agent"] == "locked"
    page = b.get(BASE + "/authorize", **o.rp.request())
    assert page.status == 503 and page.get("retry-after") and b"<html" in page.body, page.raw
    quiet = b.get(BASE + "/authorize", **o.rp.request(prompt="none"))
    assert query_of(quiet.get("location"))["error"] == "temporarily_unavailable", quiet.raw
    for r in o.rp.redeem(code, code_verifier=verifier), o.rp.refresh(t["refresh_token"]):
        assert r.status == 503 and "access_token" not in r.json(), r.raw
    # what needs no key goes on
    assert o.rp.userinfo(t["access_token"]).status == 200
    expect(o.agent.unlock(o.person), "OK")
    until(lambda: o.p.get(BASE + "/health").status == 200, "it can sign again")
    assert o.rp.refresh(t["refresh_token"]).status == 200
    o.rp.login(b)


def locked_database(o):
    """another process writes for long: 503 and nothing changed; then it goes on by itself"""
    b = o.browser()
    t = o.rp.login(b, **LASTING)
    with contextlib.closing(sqlite3.connect(o.p.dir + "/store/db", isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        r = o.rp.refresh(t["refresh_token"])
        assert r.status == 503 and r.get("retry-after") and "access_token" not in r.json(), r.raw
        assert o.rp.post("/revoke", token=t["access_token"]).status == 503
        assert o.rp.userinfo(t["access_token"]).status == 200
        db.execute("ROLLBACK")
    assert o.rp.refresh(t["refresh_token"]).status == 200


def full_disk(o):
    """the disk is full (here: no file may grow): 503 and nothing changed, then it goes on"""
    b = o.browser()
    t = o.rp.login(b, **LASTING)
    pid = o.p.process.pid
    was = resource_limits.prlimit(pid, resource_limits.RLIMIT_FSIZE)
    resource_limits.prlimit(pid, resource_limits.RLIMIT_FSIZE, (0, was[1]))
    try:
        for r in o.rp.refresh(t["refresh_token"]), o.rp.post("/revoke", token=t["access_token"]):
            assert r.status == 503 and "access_token" not in r.json(), r.raw
        assert o.rp.userinfo(t["access_token"]).status == 200
    finally:
        resource_limits.prlimit(pid, resource_limits.RLIMIT_FSIZE, was)
    assert o.rp.refresh(t["refresh_token"]).status == 200


def secrets_in_log(o):
    """no code, token, cookie or secret is in the log"""
    b = o.browser()
    t = o.rp.login(b, **LASTING)
    text = o.p.said()
    for word in ("okat_", "okrt_", "okac_", "oks_", "okcs_", o.rp.secret, t["claims"]["sub"],
                 "ann@example.org", "code_challenge"):
        assert word not in text, word


# --- commands ---

def commands(o):
    """people and clients at the command line: what is wrong is said, what is left to do, too"""
    def said(status, *args):
        done = o.p.run(*args)
        assert done.returncode == status, (args, done)
        return done.stdout + done.stderr

    text = said(1, "user", "add", "cy", "--name", "Cy", "--email", "cy@example.org")
    line = [x.strip() for x in text.splitlines() if "jwt allow" in x][0]
    assert line.startswith("ownkey jwt allow %s account:" % ISSUER), text
    done = o.agent.cli(*line.split()[1:], "--ask-stdin", stdin=PIN + "\n")
    assert done.returncode == 0, done
    # it is there now: nothing is left to do
    assert said(0, "user", "set", "cy", "--email", "") == "done\n"
    shown = json.loads(said(0, "user", "show", "cy", "--json"))
    assert shown["claims"] == {"name": "Cy"} and shown["tokens"] == [], shown
    said(1, "user", "add", "cy")
    for name in "Cy", "", "a b", "../x", "\u0441y", "x" * 65, "-x":
        assert said(1 if name != "-x" else 64, "user", "add", name), name
    said(1, "user", "show", "nobody")
    for bad in "https://x.example:8/", "https://127.0.0.1/", "https://x/":
        assert "--me" in said(1, "user", "set", "cy", "--me", bad), bad
    link = said(0, "user", "invite", "cy").splitlines()[0]
    assert link.startswith(ISSUER + "/register?invite=oki_") and len(link.split("oki_")[1]) == 43
    codes = said(0, "user", "recovery", "cy")
    assert re.fullmatch("(([A-Z2-7]{4}-){5}[A-Z2-7]{4}\n){8}.*\n", codes), codes
    # the page of the invitation opens for whoever has it
    assert o.p.get(link[len("https://id.example.org"):]).status == 200
    rows = o.sql("SELECT kind, count(*) FROM pass GROUP BY kind")
    assert rows == [(0, 1), (1, 8)], rows
    # clients
    for args, words in ((["x"], "--redirect"), (["x", "--redirect", "http://a.example/"], "https"),
                        (["x", "--redirect", "https://a/*#"], "without #"),
                        (["x", "--redirect", "org.app:/cb"], "--native"),
                        (["https://a.example/", "--redirect", "https://a.example/"], "client id"),
                        (["x", "--redirect", "https://a.example/", "--alg", "HS256"], "--alg"),
                        (["x", "--redirect", REDIRECT, "--public", "--not", "pkce"], "PKCE"),
                        (["x", "--redirect", REDIRECT, "--public", "--secret", "post"],
                         "exclude")):
        done = o.p.run("client", "add", *args)
        assert done.returncode in (1, 64) and words in done.stderr, (args, done)
    text = said(1, "client", "add", "app", "--native", "--redirect", "http://127.0.0.1/cb")
    assert "audience:app" in text and "--sector" not in text and "okcs_" not in text, text
    made = json.loads(o.p.run("client", "add", "-", "--redirect", REDIRECT, "--json").stdout)
    assert len(made["client_id"]) == 32 and made["client_secret"].startswith("okcs_")
    shown = json.loads(said(0, "client", "show", made["client_id"], "--json"))
    assert shown["sector"] == "rp.example" and shown["redirect_uris"] == [REDIRECT]
    assert made["client_secret"] not in json.dumps(shown)
    old = o.post.secret
    o.post.secret = json.loads(said(0, "client", "secret", "post", "--json"))["client_secret"]
    assert o.post.secret != old and o.post.login(o.browser())
    assert said(64, "client", "remove", "app") and said(0, "client", "remove", "app", "--yes")
    said(1, "client", "show", "app")
    keys = json.loads(said(0, "key", "list", "--json"))["keys"]
    assert len(keys) == 6 and "RS256  signs" in said(0, "key", "list")
    copy = o.p.dir + "/copy"
    said(0, "backup", copy)
    assert os.stat(copy).st_mode & 0o777 == 0o600
    said(1, "backup", copy)
    for verb in "user", "client", "key":
        assert "ownkey-oidc " + verb in subprocess.check_output(
            [os.path.join(BUILD, "ownkey-oidc"), "help", verb], text=True)


def disabled(o):
    """a person who is disabled or removed is out at once, with all tokens"""
    b = o.browser("bob")
    t = o.rp.login(b, **LASTING)
    code = o.rp.code(b)["code"]
    assert o.p.run("user", "disable", "bob").returncode == 0
    assert o.rp.userinfo(t["access_token"]).status == 401
    assert o.rp.introspect(t["access_token"]) == {"active": False}
    invalid(o.rp.refresh(t["refresh_token"]))
    invalid(o.rp.redeem(code))
    r = b.get(BASE + "/authorize", **o.rp.request(prompt="none"))
    assert query_of(r.get("location"))["error"] == "login_required"
    assert o.p.run("user", "disable", "bob", "--undo").returncode == 0
    sub = o.rp.login(o.browser("bob"))["claims"]["sub"]
    assert sub == t["claims"]["sub"]
    assert o.p.run("user", "remove", "bob").returncode == 64
    done = o.p.run("user", "remove", "bob", "--yes")
    assert done.returncode == 0, done


def taken_away(o):
    """what is taken away beside the running provider ends at the next request"""
    def asked(browser):
        r = browser.get(BASE + "/authorize", **client.request(prompt="none"))
        if r.status != 303:
            return r.status
        q = query_of(r.get("location"))
        return q.get("error", "code" if "code" in q else q)

    client = o.client("brief", "--redirect", REDIRECT, "--scopes", "openid")
    o.allow()
    b = o.browser()
    client.login(b)
    hashed = hashlib.sha256(b.cookies[COOKIE].encode()).digest()
    for text, value, error in [
            ("UPDATE account SET disabled=1 WHERE name=?", "ann", "login_required"),
            ("UPDATE account SET disabled=0 WHERE name=?", "ann", "code"),
            ("UPDATE session SET expires=1 WHERE hash=?", hashed, "login_required"),
            ("UPDATE session SET expires=4000000000 WHERE hash=?", hashed, "code"),
            ("UPDATE consent SET scopes='' WHERE client=?", "brief", "consent_required"),
            ("UPDATE consent SET scopes='openid' WHERE client=?", "brief", "code"),
            ("DELETE FROM consent WHERE client=?", "brief", "consent_required")]:
        for _ in range(2):  # the second time it is known already
            o.sql("SELECT 1")
            asked(b)
        o.sql(text, value)
        assert asked(b) == error, (text, asked(b))
        assert asked(b) == error, text
    client.login(b)
    assert asked(b) == "code"
    code = client.code(b)["code"]
    o.sql("DELETE FROM session WHERE hash=?", hashed)
    assert asked(b) == "login_required"
    invalid(client.redeem(code))
    assert o.p.run("client", "remove", "brief", "--yes").returncode == 0
    assert asked(b) == 400


CASES = [(f.__doc__, f) for f in (revocation, introspection, resource, consent, fifty,
                                   refresh_race, killed, locked_vault, locked_database, full_disk,
                                   secrets_in_log, commands, disabled,
                                   taken_away)]

if __name__ == "__main__":
    sys.exit(run_shared(CASES, address_connections=200))
