"""Every system call by which the provider changes its database fails once: killed, EIO, ENOSPC.

strace is attached to a running provider, and one change is asked for.  What was acknowledged is
there; what was refused was not done; who was killed did all of it or nothing, and nobody's code
works a second time.  Without a restart the next such change works.
"""

import collections
import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from oidc_place import site
from ownkey import has_ended

CALLS = "pwrite64,pwritev,write,fallocate,fsync,fdatasync,ftruncate,openat,unlink,unlinkat,mmap," \
        "fcntl,sendto,sendmsg,writev"
DISK = {"pwrite64", "pwritev", "write", "fallocate", "fsync", "fdatasync", "ftruncate"}
# an injected error makes strace ask for call -1, which the filter would kill: for getpid instead
FAULTS = {"killed": "signal=KILL", "EIO": "error=EIO:syscall=getpid",
          "ENOSPC": "error=ENOSPC:syscall=getpid"}


class Registration:
    def __init__(self, s):
        self.b, self.form, self.answer, self.token, self.invite = s.ceremony()

    def run(self, _):
        return self.b.send(self.form, **self.answer).status

    def is_done(self, s):
        return bool(s.p.sql("SELECT 1 FROM credential WHERE id=?", self.token.id))


class Redemption:
    """Of a code: at most once, whatever happens."""

    def __init__(self, s):
        self.code = s.code()
        self.before, self.tried = s.p.sql("SELECT count(*) FROM token"), None

    def run(self, s):
        r = s.redeem(self.code)
        self.got = r.json() if r.status == 200 else None
        return r.status

    def is_done(self, s):
        if self.tried:
            return self.tried == "done"
        done = s.p.sql("SELECT count(*) FROM token") != self.before
        assert s.redeem(self.code).status == 400, "a code was used twice"
        self.tried = "done" if done else "not done"
        return done


class Rotation:
    def __init__(self, s):
        self.old, self.got = s.tokens()["refresh_token"], None

    def run(self, s):
        r = s.refresh(self.old)
        self.got = r.json()["refresh_token"] if r.status == 200 else None
        return r.status

    def is_done(self, s):
        if self.got:
            assert s.row(self.got) == (0,), "what was answered is not there"
        return s.row(self.old) == (1,)


class Revocation:
    def __init__(self, s):
        self.tokens = s.tokens()

    def run(self, s):
        return s.revoke(self.tokens["refresh_token"]).status

    def is_done(self, s):
        there = [bool(s.row(self.tokens[t])) for t in ("refresh_token", "access_token")]
        assert there[0] == there[1], "half of it"
        return not there[0]


class Renaming:
    def __init__(self, s):
        self.form = s.browser.open("/account").form("/account/rename")
        self.name = "n%d" % time.monotonic_ns()

    def run(self, s):
        return s.browser.send(self.form, label=self.name).status

    def is_done(self, s):
        return bool(s.p.sql("SELECT 1 FROM credential WHERE name=?", self.name))


TOLD = collections.Counter()
CHANGES = [Registration, Redemption, Rotation, Revocation, Renaming]


class Strace:
    """Attached to the provider."""

    def __init__(self, pid, out, *rules):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(
            ["strace", "-f", "-qq", "-o", out, "-p", str(pid), "-e", "trace=" + CALLS,
             *[a for r in rules for a in ("-e", "inject=" + r)]],
            stderr=subprocess.PIPE, text=True)
        end = time.monotonic() + 30
        while not is_traced(pid):
            if has_ended(pid):
                return  # at something that it did by itself
            assert self.process.poll() is None, self.process.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.005)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self.process.stderr.close()


def is_traced(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        return "TracerPid:\t0\n" not in f.read()


def attempt(s, change, out, *rules):
    """(what it was told: a status, or None)."""
    strace = Strace(s.p.p.process.pid, out, *rules)
    try:
        return change.run(s)
    except (OSError, TypeError, AttributeError, ValueError):
        return None
    except Exception as e:  # pylint: disable=broad-except
        if type(e).__module__ != "http.client":
            raise
        return None
    finally:
        strace.end()


def points(s, kind, out):
    """(call, how often it was made so far) of an undisturbed one."""
    change = kind(s)
    assert attempt(s, change, out) == 200 and change.is_done(s)
    seen, found = collections.Counter(), []
    with open(out, encoding="utf-8", errors="replace") as f:
        for line in f:
            m = re.match(r"\d+ +(\w+)\(", line)
            if m:
                seen[m[1]] += 1
                found.append((m[1], seen[m[1]]))
    return found


def check(s, kind, fault, call, nth, out):
    change = kind(s)
    status = attempt(s, change, out, "%s:%s:when=%d" % (call, FAULTS[fault], nth))
    if s.p.p.process.poll() is not None:
        s.p.p.process = None
        s.p.p.start()
        assert fault == "killed", "it ended"
    done = change.is_done(s)
    if status == 200:
        assert done, "acknowledged, and lost"
    elif status is not None:
        assert not done or status == 303, "refused with %s, and done" % status
    s.is_whole()
    TOLD[status] += 1
    if fault != "killed":
        assert status in (200, 503), status
        s.p.p.stop(signal.SIGKILL)
        s.p.p.start()
        assert change.is_done(s) == done, "another start makes it other"
        again = kind(s)
        assert again.run(s) == 200 and again.is_done(s), "it does not go on"


def run(directory, only):
    passed = failed = 0
    out = directory + "/strace"
    with site(directory) as s:
        for kind in CHANGES:
            if only and only not in kind.__name__:
                continue
            tried = 0
            for call, nth in points(s, kind, out):
                for fault in FAULTS:
                    if fault != "killed" and call not in DISK:
                        continue
                    tried += 1
                    try:
                        check(s, kind, fault, call, nth, out)
                        passed += 1
                    except Exception:  # pylint: disable=broad-except
                        failed += 1
                        print("not ok - %s, %s at %s %d" % (kind.__name__, fault, call, nth))
                        traceback.print_exc(file=sys.stdout)
                        if s.p.p.process is None or s.p.p.process.poll() is not None:
                            s.p.p.process = None
                            s.p.p.start()
            print("# %s: %d points" % (kind.__name__, tried), flush=True)
    return passed, failed


def main():
    with tempfile.TemporaryDirectory() as directory, contextlib.suppress(KeyboardInterrupt):
        passed, failed = run(directory, sys.argv[1] if sys.argv[1:] else "")
        print("# told: %s" % dict(TOLD))
        print("%d passed, %d failed" % (passed, failed))
        return failed > 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
