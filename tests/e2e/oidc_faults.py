"""The machine fails the provider.  What was acknowledged is there afterwards; what was not was not
done, or done as a whole; and it goes on by itself."""

import contextlib
import hashlib
import mmap
import os
import random
import signal
import sqlite3
import struct
import subprocess
import sys
import threading
import time

from job import BUILD
from oidc_place import site
from oidc_rp import BASE, Client, op
from ownkey import children, expect, run_parallel, until

LASTING = {"scope": "openid offline_access", "prompt": "consent"}


# --- killed under load ---

class Load:
    """Four who work until the provider is no more, and remember what it said."""

    def __init__(self, s, seed):
        self.s, self.end, self.draw = s, False, random.Random(seed)
        self.codes = [s.code() for _ in range(6)]
        self.tried, self.redeemed = set(), []
        self.registered, self.asked = [], []
        self.chains = [[s.tokens()["refresh_token"]] for _ in range(3)]
        self.asking = {}
        self.revoked, self.doomed = [], [s.tokens() for _ in range(8)]
        self.ceremonies = [s.ceremony() for _ in range(6)]

    def register(self):
        for b, form, answer, t, invite in self.ceremonies:
            self.asked.append((t, invite))
            page = b.send(form, **answer)
            assert page.status == 200 and "Your account" in page.text, page.body
            self.registered.append((t, invite))

    def rotate(self):
        n = 0
        while True:
            chain = self.chains[n % len(self.chains)]
            self.asking[n % len(self.chains)] = chain[-1]
            r = self.s.refresh(chain[-1])
            assert r.status == 200, r.raw
            chain.append(r.json()["refresh_token"])
            n += 1

    def revoke(self):
        for t in self.doomed:
            r = self.s.revoke(t["refresh_token"])
            assert r.status == 200, r.raw
            self.revoked.append(t)

    def redeem(self):
        for code in self.codes:
            self.tried.add(code)
            r = self.s.redeem(code)
            assert r.status == 200, r.raw
            self.redeemed.append(r.json())

    def one(self, what, wrong):
        try:
            what()
        except (OSError, TypeError, ValueError, IndexError) as e:  # it was killed
            self.end = repr(e)
        except Exception as e:  # pylint: disable=broad-except
            if "IncompleteRead" not in repr(e) and "RemoteDisconnected" not in repr(e) and \
                    "BadStatusLine" not in repr(e):
                wrong.append(repr(e))

    def run(self, delay):
        wrong = []
        threads = [threading.Thread(target=self.one, args=(w, wrong))
                   for w in (self.register, self.rotate, self.revoke, self.redeem)]
        for t in threads:
            t.start()
        time.sleep(delay)
        self.s.p.p.stop(signal.SIGKILL)
        for t in threads:
            t.join()
        assert not wrong, wrong

    def look(self):
        s = self.s
        for t, _ in self.registered:
            assert s.p.sql("SELECT 1 FROM credential WHERE id=?", t.id), "a registration is lost"
        s.is_whole()
        for i, chain in enumerate(self.chains):
            for old in chain[:-1]:
                assert s.row(old) in ((1,), None), "a rotation is lost"
            # unless the next one was under way
            assert s.row(chain[-1]) == (0,) or self.asking.get(i) == chain[-1], "a token is lost"
        for t in self.revoked:
            assert not s.row(t["refresh_token"]) and not s.row(t["access_token"]), "revoked"
        for t in self.redeemed:
            assert s.row(t["access_token"]) and s.row(t["refresh_token"]), "issued, and lost"
        for code in self.codes:
            r = s.redeem(code)
            assert r.status == 400 and r.json()["error"] == "invalid_grant", r.raw
        for t, _ in self.registered[:1]:
            b = s.p.browser()
            assert "Your account" in s.p.login(b, t).text


def killed(directory):
    """kill -9 at random moments under load: nothing acknowledged is lost, no code works again"""
    seed = random.randrange(1 << 32)
    print("# seed %d" % seed)
    draw, done = random.Random(seed), [0, 0, 0, 0]
    with site(directory) as s:
        for n in range(10):
            load = Load(s, seed + n)
            load.run(draw.choice((0.005, 0.03, 0.08, 0.2)) * draw.random())
            s.p.p.start()
            load.look()
            for i, l in enumerate((load.registered, load.revoked, load.redeemed,
                                   sum(load.chains, []))):
                done[i] += len(l)
    print("# %d registrations, %d revocations, %d codes, %d refresh tokens" % tuple(done))


# --- the disk ---

def writes(s, b):
    """What each of the kinds of writes is answered; none of it may be half done."""
    t = s.spare.pop()
    page = b.send(b.open("/account").form("/account/rename"), label="name")
    return [s.refresh(t["refresh_token"]), s.revoke(t["access_token"]), page]


def all_refused(s, b):
    before = s.p.sql("SELECT * FROM token ORDER BY n") + s.p.sql("SELECT * FROM credential")
    answers = writes(s, b)
    for r in answers:
        assert r.status == 503, r.status
    assert answers[0].get("retry-after") and answers[0].json()["error"], answers[0].raw
    assert answers[2].headers["retry-after"] and "<html" in answers[2].body.decode()
    assert "nothing was changed" in answers[2].text.lower() or "again" in answers[2].text, \
        answers[2].text
    # who only reads is served
    assert s.p.p.get("/.well-known/openid-configuration").status == 200
    assert "Your account" in b.open("/account").text
    after = s.p.sql("SELECT * FROM token ORDER BY n") + s.p.sql("SELECT * FROM credential")
    assert before == after


def all_done(s, b):
    end = time.monotonic() + 30
    while s.p.p.get("/health").json()["store"] != "ok":
        assert time.monotonic() < end, s.p.p.said()
        time.sleep(0.05)
    assert [r.status for r in writes(s, b)] == [200] * 3
    s.is_whole()


@contextlib.contextmanager
def prepared(directory, **conf):
    with site(directory, **conf) as s:
        s.spare = [s.tokens() for _ in range(4)]
        yield s


def full(directory):
    """a full disk (a small tmpfs): 503 and nothing changed, and it goes on when there is room"""
    store = directory + "/store"
    os.mkdir(store, 0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2M,mode=700", "x", store], check=True)
    with prepared(directory) as s:
        with open(store + "/filler", "wb", buffering=0) as f, contextlib.suppress(OSError):
            while True:
                f.write(bytes(4096))
        # the log that is there already may be written again: hold it in use, so that it must grow
        other = sqlite3.connect(store + "/db", isolation_level=None)
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM token").fetchall()
        statuses = []
        for _ in range(200):
            r = s.browser.send(s.browser.open("/account").form("/account/rename"),
                               label="n" * 60)
            statuses.append(r.status)
            if r.status == 503:
                break
        assert statuses[-1] == 503 and set(statuses) <= {200, 503}, statuses[-3:]
        all_refused(s, s.browser)
        os.unlink(store + "/filler")
        all_done(s, s.browser)
        other.close()


def read_only(directory):
    """a folder that is read-only: the start says so and changes nothing, later it starts"""
    store = directory + "/store"
    os.mkdir(store, 0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20M,mode=700", "x", store], check=True)
    with prepared(directory) as s:
        for how in signal.SIGTERM, signal.SIGKILL:
            s.p.p.stop(how)
            subprocess.run(["mount", "-o", "remount,bind,ro", store], check=True)
            done = s.p.p.run("serve")
            assert done.returncode not in (0, -6, -11) and store in done.stderr, done
            subprocess.run(["mount", "-o", "remount,bind,rw", store], check=True)
            s.p.p.start()
            all_done(s, s.browser)


def held(directory):
    """another writer for ten seconds: 503 soon, others are served, then it goes on"""
    with prepared(directory) as s:
        with contextlib.closing(sqlite3.connect(directory + "/store/db",
                                                isolation_level=None)) as other:
            for how in "IMMEDIATE", "EXCLUSIVE":
                other.execute("BEGIN " + how)
                end = time.monotonic() + 5
                while time.monotonic() < end:
                    began = time.monotonic()
                    r = s.refresh(s.spare[-1]["refresh_token"])
                    assert r.status == 503 and r.get("retry-after"), r.raw
                    assert time.monotonic() - began < 5
                    assert s.p.p.get("/.well-known/openid-configuration").status == 200
                    assert "Your account" in s.browser.open("/account").text
                other.execute("ROLLBACK")
                assert s.revoke("okat_" + "A" * 43).status == 200
            other.execute("BEGIN IMMEDIATE")
            all_refused(s, s.browser)
            other.execute("ROLLBACK")
        all_done(s, s.browser)


def wal_gone(directory):
    """somebody removes the write-ahead log: it does not fall over, and starts again, whole"""
    with prepared(directory) as s:
        s.p.p.stop()
        s.p.p.start()
        t = s.tokens()
        for name in "db-wal", "db-shm":
            with contextlib.suppress(FileNotFoundError):
                os.unlink(directory + "/store/" + name)
        for _ in range(3):
            assert s.refresh(t["refresh_token"]).status in (200, 400, 503)
            assert s.p.p.get("/.well-known/openid-configuration").status == 200
        s.p.p.stop(signal.SIGKILL)
        s.p.p.start()
        s.is_whole()
        assert "Your account" in s.p.login(s.p.browser(), s.token).text


# --- clocks ---

class Clock:
    """Of a provider that was started by hand() of it."""

    def __init__(self, path):
        self.path = path
        with open(path, "wb") as f:
            f.write(bytes(16))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 16)

    def env(self):
        return {"LD_PRELOAD": os.path.join(BUILD, "tests/preload/clock.so"),
                "OWNKEY_CLOCK": self.path}

    def set(self, wall=0, forward=0):
        self.map[:] = struct.pack("<qq", wall, forward)


def clocks(directory):
    """clocks jump back and forward: no code lives on, no token lasts longer, nobody is lost"""
    if BUILD.endswith("/san"):
        return
    with site(directory) as s:
        clock = Clock(directory + "/clock")
        s.p.p.stop()
        s.p.p.env.update(clock.env())
        s.p.p.start()
        s.browser.open("/login")
        good = s.tokens()
        code = s.code()
        # used, and again 30 s later, as the machine counts them
        used = s.code()
        t = s.redeem(used).json()
        clock.set(0, 31)
        assert s.redeem(used).json()["error"] == "invalid_grant"
        assert not s.row(t["access_token"]) and not s.row(t["refresh_token"])
        # a code ends with its minute whatever the time of day says
        clock.set(-86400, 31)
        late = s.code()
        clock.set(-86400, 31 + 61)
        for c in code, late:
            assert s.redeem(c).json()["error"] == "invalid_grant"
        # a day back: what is there goes on, what is new is good
        new = s.tokens()
        assert s.refresh(new["refresh_token"]).status == 200
        assert s.p.p.get("/userinfo", "Authorization: Bearer " +
                         good["access_token"]).status == 403  # for profile, not for openid
        assert "Your account" in s.p.login(s.p.browser(), s.token).text
        # an hour ahead: access tokens are over, the rest is not
        clock.set(3700, 100)
        assert s.p.p.get("/userinfo", "Authorization: Bearer " +
                         good["access_token"]).status == 401
        assert s.refresh(good["refresh_token"]).status == 200
        # ten years: logins are over, tokens are too, and people can log in
        clock.set(10 * 31536000, 200)
        assert s.refresh(good["refresh_token"]).json()["error"] == "invalid_grant"
        assert "Your account" not in s.browser.open("/account").text
        assert "Your account" in s.p.login(s.p.browser(), s.token).text
        # and back
        clock.set(0, 300)
        assert "Your account" in s.p.login(s.p.browser(), s.token).text
        assert s.p.p.get("/health").json()["store"] == "ok"


# --- the agent ---

def agent_hangs(directory):
    """the agent hangs, is killed, comes back: others are served, nothing is lost"""
    with op(directory) as o:
        b = o.browser()
        t = o.rp.login(b, **LASTING)
        code, verifier = o.rp.code(b)["code"], o.rp.verifier
        pids = [o.agent.process.pid] + children(o.agent.process.pid)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        got = []
        asker = threading.Thread(target=lambda: got.append(
            o.rp.redeem(code, code_verifier=verifier)))
        asker.start()
        for _ in range(20):
            began = time.monotonic()
            assert o.rp.userinfo(t["access_token"]).status == 200
            assert o.p.get(BASE + "/jwks.json").status == 200
            assert time.monotonic() - began < 5
        assert not got
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        asker.join(60)
        assert got and got[0].status == 200, got
        # all of it at once, in the midst of requests
        codes = [o.rp.code(b)["code"] for _ in range(6)]
        out = []

        def ask(c):
            client = Client(o, "rp", o.rp.secret)
            client.verifier = o.rp.verifier
            out.append(client.redeem(c))
        askers = [threading.Thread(target=ask, args=(c,)) for c in codes]
        for a in askers:
            a.start()
        for pid in [o.agent.process.pid] + children(o.agent.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for a in askers:
            a.join(60)
        assert len(out) == 6 and {r.status for r in out} <= {200, 400, 503}, out
        until(lambda: o.p.get(BASE + "/health").json()["agent"] == "absent", "it misses it")
        r = o.rp.refresh(t["refresh_token"])
        assert r.status == 503 and r.get("retry-after"), r.raw
        keys = o.p.get(BASE + "/jwks.json").json()
        o.agent.process.wait(30)
        o.agent.start()
        expect(o.agent.unlock(o.person), "OK")
        until(lambda: o.p.get(BASE + "/health").status == 200, "it can sign again")
        assert o.rp.refresh(t["refresh_token"]).status == 200
        assert o.p.get(BASE + "/jwks.json").json() == keys
        # a start while the vault is locked: keys are shown, as they were
        o.agent.lock()
        o.p.stop()
        o.p.start()
        until(lambda: o.p.get(BASE + "/jwks.json").status == 200, "keys are there")
        assert o.p.get(BASE + "/jwks.json").json() == keys
        # and without an agent: not now, rather than none
        o.agent.stop()
        o.p.stop()
        o.p.start()
        r = o.p.get(BASE + "/jwks.json")
        assert r.status == 503 and r.get("retry-after"), r.raw
        assert hashlib.sha256(r.body)


CASES = [(f.__doc__, f) for f in (killed, held, wal_gone, clocks, agent_hangs)]
MOUNTS = [(f.__doc__, f) for f in (full, read_only)]


def main():
    if sys.argv[1:2] == ["--mounts"]:
        del sys.argv[1]
        return run_parallel(MOUNTS, 2)
    status = run_parallel(CASES, 2)
    # who is not root becomes it in a namespace of their own
    done = subprocess.run(["unshare", "-Urm", "true"], check=False, stderr=subprocess.DEVNULL)
    if done.returncode:
        print("# no namespaces here: disks were not filled")
        return status
    return subprocess.run(["unshare", "-Urm", sys.executable, __file__, "--mounts"],
                          check=False).returncode or status


if __name__ == "__main__":
    sys.exit(main())
