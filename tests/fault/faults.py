"""Every system call by which front changes the disk fails once: killed there, EIO, ENOSPC.

An agent is started on a copy of a vault, strace is attached to its front process, and one
change is asked for.  Afterwards, and after the next start, the vault must be as before or after the
change, open, nothing may be left behind, and what was acknowledged must be there.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from ownkey import ARGON, PASS, TOKEN, Agent, Failed, Person, Token, children, until
from vault import Vault

CALLS = ("pwrite64,write,fallocate,fsync,fdatasync,renameat,renameat2,rename,linkat,link,unlinkat,"
         "unlink,ftruncate,openat").split(",")
# an injected error makes strace ask for call -1, which the filter would kill: for getpid instead
FAULTS = ["signal=KILL", "error=EIO:syscall=getpid", "error=ENOSPC:syscall=getpid"]
ALLOWED = {"vault", "vault.prev"}


# --- changes: what is there before, and what is asked for ---

def nothing(_world):
    pass


def a_vault(world):
    world.agent.init(world.person, ways=TOKEN | PASS, no_pin=True)
    with world.client() as c:
        c.call("secret.set", label="first", value=b"1", use=0)
        c.call("id.add", service="ssh", account="first")


def a_torn_vault(world):
    """Cut within its last record, which was never acknowledged."""
    a_vault(world)
    agent = world.agent
    seen = open(agent.seen, "rb").read()
    with world.client() as c:
        c.call("secret.set", label="lost", value=b"2", use=0)
    world.kill()
    agent.write(agent.read()[:Vault(agent.read()).records()[-1] - 1000])
    with open(agent.seen, "wb") as f:
        f.write(seen)


def a_long_journal(world):
    """The next change folds it into the file."""
    a_vault(world)
    with world.client() as c:
        n = 0
        # less two records: what unlocking notes, and the change
        while len(Vault(world.agent.read()).journal) < 65536 - 2 * 4096:
            c.call("secret.set", label="more%d" % n, value=b"x", use=0)
            n += 1


class Change:
    """goes_on: it is durable before the last of its writes, which may fail in silence.  folds: so
    much that it is answered before them.  soft: so may those to the audit log."""

    def __init__(self, name, before, ask, unlocked=True, **kw):
        self.name, self.before, self.ask, self.unlocked = name, before, ask, unlocked
        self.folds, self.soft = kw.get("folds", False), kw.get("soft", False)
        self.goes_on = kw.get("goes_on", False) or self.folds


CHANGES = [
    Change("init", nothing, lambda c: c.call(
        "init", ways=TOKEN | PASS, no_pin=True, timeout=60, **ARGON), unlocked=False, soft=True),
    Change("slot add", a_vault, lambda c: c.call(
        "slot.add", way=PASS, label="new", proof=TOKEN, timeout=60, **ARGON)),
    Change("slot remove", a_vault, lambda c: c.call(
        "slot.remove", label="passphrase", proof=TOKEN, timeout=60), soft=True),
    Change("id add", a_vault, lambda c: c.call("id.add", service="ssh", account="me")),
    Change("secret set", a_vault, lambda c: c.call(
        "secret.set", label="new", value=b"2", use=0)),
    Change("secret set, folding the journal", a_long_journal, lambda c: c.call(
        "secret.set", label="new", value=bytes(9000), use=0), folds=True),
    Change("unlock of a torn file", a_torn_vault, lambda c: c.call("unlock"), unlocked=False,
           goes_on=True),
]


# --- a place to do it ---

class World:
    """One directory with a token and an agent; snapshots are put back in place, since what is
    remembered of a vault goes by its path."""

    def __init__(self, change):
        self.change = change
        self.dir = tempfile.mkdtemp()
        self.person = Person()
        self.token = Token(self.dir, pin=None)
        self.agent = Agent(self.dir, [self.token], log_level="error")
        self.agent.start()
        change.before(self)
        self.kill()
        self.kept = self.dir + ".kept"
        for name in ("data", "state"):
            shutil.copytree(os.path.join(self.dir, name), os.path.join(self.kept, name))
        self.before = self.picture()

    def client(self):
        return contextlib.closing(self.agent.client(self.person))

    def close(self):
        self.agent.stop()
        self.token.stop()
        shutil.rmtree(self.dir)
        shutil.rmtree(self.kept)

    def restore(self):
        for name in ("data", "state"):
            shutil.rmtree(os.path.join(self.dir, name))
            shutil.copytree(os.path.join(self.kept, name), os.path.join(self.dir, name))

    def look(self):
        """What an open vault holds."""
        with self.client() as c:
            slots = sorted(s.label for s in c.call("slot.list").slots)
            items = sorted(i.label for op in ("id.list", "secret.list")
                           for i in c.call(op)["items"])
            for label in items:
                if "/" not in label:
                    c.call("secret.get", label=label)
            return slots, items

    def picture(self):
        """After a fresh start: None when there is no vault, else what it holds."""
        self.agent.start()
        try:
            left = set(os.listdir(os.path.dirname(self.agent.vault))) - ALLOWED
            assert not left, "left behind: %s" % left
            if not self.agent.status().vault:
                assert not os.path.exists(self.agent.vault)
                return None
            with self.client() as c:
                assert c.call("vault.check").good, "vault check"
                c.call("unlock", timeout=60)
            return self.look()
        finally:
            self.agent.stop()

    @contextlib.contextmanager
    def traced(self, inject):
        """strace on front; yields what counts its calls afterwards."""
        log = os.path.join(self.dir, "strace")
        strace = subprocess.Popen(
            ["strace", "-qq", "-y", "-e", "trace=" + ",".join(CALLS), "-e", "signal=none",
             *(["-e", "inject=" + inject] if inject else []), "-o", log, "-p",
             str(self.agent.role("front"))], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
        front = self.agent.role("front")
        until(lambda: "TracerPid:\t0" not in open("/proc/%d/status" % front).read(), "strace")
        try:
            yield lambda: open(log, encoding="utf-8").read()
        finally:
            strace.terminate()
            strace.communicate()

    def try_once(self, inject):
        """The change with this fault: its status, and the calls that were made."""
        self.restore()
        self.agent.start()
        try:
            if self.change.unlocked:
                with self.client() as c:
                    c.call("unlock", timeout=60)
            front = self.agent.role("front")
            with self.traced(inject) as calls:
                status = self.ask()
                self.settle()
                log = calls()
                if "KILL" in (inject or "") and is_gone(front):
                    log += "killed by SIGKILL"
            killed = status == "HANGUP" or "KILL" in (inject or "")
            again = None if killed else self.goes_on()
            return status, log, again
        finally:
            self.kill()

    def settle(self):
        """What front does behind the answer is done: `seen`, and folding the journal in, if nothing
        prevents it."""
        end = time.monotonic() + 0.5
        while self.change.folds and Vault(self.agent.read()).journal and time.monotonic() < end:
            time.sleep(0.01)
        with contextlib.suppress(OSError, EOFError):
            self.agent.status()

    def ask(self):
        try:
            with self.client() as c:
                self.change.ask(c)
                return "OK"
        except Failed as e:
            return e.status
        except (EOFError, ConnectionError, FileNotFoundError):
            return "HANGUP"

    def goes_on(self):
        """Whatever the error was, the same agent can be used.  True: "again" was acknowledged."""
        if self.agent.status().locked:
            return False
        self.look()
        with self.client() as c:
            for _ in range(3):
                reply = c.ask("secret.set", label="again", value=b"3", use=0)
                # what it knew is not what is there: it looks again, or wants the new key
                if reply.status == "LOCKED":
                    c.call("unlock")
                elif reply.status != "VAULT_CHANGED":
                    break
            assert reply.status == "OK", "afterwards: %s" % reply
        return True

    def kill(self):
        """No goodbye."""
        if self.agent.process.poll() is None:
            pids = children(self.agent.process.pid)
            self.agent.process.kill()
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            # one that was just forked still holds what its parent held
            for pid in pids:
                until(lambda p=pid: is_gone(p), "its end")
        self.agent.process.wait()
        self.agent.process = None


def is_gone(pid):
    try:
        return open("/proc/%d/stat" % pid, encoding="utf-8").read().rsplit(")")[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def points(log, soft):
    """Every call that was seen, by name and number; not those that ask /proc who a client is."""
    counts, found = {}, []
    for line in log.splitlines():
        name = re.match(r"(?:\d+ +)?(\w+)\(", line)
        if name:
            counts[name[1]] = counts.get(name[1], 0) + 1
            if "/proc/" not in line:
                found.append((name[1], counts[name[1]], is_vital(line, name[1], soft)))
    return [(*call, fault) for call in found for fault in FAULTS]


def is_vital(line, name, soft):
    """Without this call nothing is durable: its error has to be told."""
    if soft and "/audit-" in line:
        return False
    if name in ("pwrite64", "fdatasync", "fallocate", "renameat2"):
        return "/seen-" not in line
    return name == "fsync" and ".vault.new" in line


def without_again(picture):
    return picture and (picture[0], [i for i in picture[1] if i != "again"])


def judge(world, after, point):
    name, n, vital, fault = point
    status, log, again = world.try_once("%s:%s:when=%d" % (name, fault, n))
    if "(INJECTED)" not in log and "killed by SIGKILL" not in log and status != "HANGUP":
        raise AssertionError("the fault did not happen")
    found = world.picture()
    assert not again or (found and "again" in found[1]), "lost what was acknowledged afterwards"
    found = without_again(found)
    assert found in (world.before, after), "neither before nor after: %r" % (found,)
    assert status != "OK" or found == after, "it said done, and it is not"
    assert (status == "HANGUP") == (fault == "signal=KILL") or (
        world.change.folds and status == "OK"), status
    assert not vital or world.change.goes_on or status != "OK", \
        "it said done although %s failed" % name
    assert not vital or status in ("OK", "HANGUP") or found == world.before, \
        "it said %s, and it is done" % status


def run_points(change, after, todo):
    world, failed = World(change), []
    try:
        for point in todo:
            try:
                judge(world, after, point)
            except Exception:  # pylint: disable=broad-except
                failed.append((point, traceback.format_exc()))
    finally:
        world.close()
    return failed


def run_change(change, jobs):
    """(points tried, failures)"""
    world = World(change)
    try:
        status, log, _ = world.try_once(None)
        assert status == "OK", status
        after = without_again(world.picture())
        assert after != world.before or change.before is a_torn_vault
    finally:
        world.close()
    todo = points(log, change.soft)
    with ThreadPoolExecutor(jobs) as pool:
        parts = pool.map(lambda i: run_points(change, after, todo[i::jobs]), range(jobs))
    return todo, [f for part in parts for f in part]


def main():
    tried = failures = 0
    wanted = sys.argv[1:]
    for change in CHANGES:
        if wanted and change.name not in wanted:
            continue
        start = time.monotonic()
        todo, failed = run_change(change, 4)
        for (name, n, _, fault), error in failed:
            print("FAILED %s: %s %d, %s\n%s" % (change.name, name, n, fault, error))
        print("%-32s %3d points, %d failed, %.0f s" % (
            change.name, len(todo), len(failed), time.monotonic() - start), flush=True)
        tried, failures = tried + len(todo), failures + len(failed)
    print("%d passed, %d failed" % (tried - failures, failures))
    return 1 if failures or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
