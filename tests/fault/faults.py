"""Every system call by which front changes the disk fails once: killed there, EIO, ENOSPC.

An agent is started on a copy of a vault, strace is attached to its front process, and one
change is asked for.  Afterwards, and after the next start, the vault must be as before or after the
change, open, nothing may be left behind, and what was acknowledged must be there.
"""

import contextlib
import os
import random
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
from changes import CHANGES, IDENTITY
from job import receive, send
from ownkey import OPS, Agent, Failed, Person, Token, children, until
from restore import Restorer
from vault import Vault
from worker import CARD
from worker import OK as TAKEN

CALLS = ("pwrite64,write,fallocate,fsync,fdatasync,renameat,renameat2,rename,linkat,link,unlinkat,"
         "unlink,ftruncate,openat").split(",")
# an injected error makes strace ask for call -1, which the filter would kill: for getpid instead
FAULTS = ["signal=KILL", "error=EIO:syscall=getpid", "error=ENOSPC:syscall=getpid"]
JOBS = 4
MOST = 160  # points of one change; of more so many are drawn
ALLOWED = {"vault", "vault.prev", "vault.conflict1", "vault.merge-x"}
# in the state folder: what has a name for good
KEPT = re.compile(r"(seen|audit|copy|copies)-[0-9a-f]+(\.1|\.lock|\.state|\.state\.lock)?$")


# what else a vault holds: operation: what is the same in each world of its reply
MORE = {
    "share.list": lambda r: sorted([bool(s.current), s.threshold, sorted(
        (h.label, bool(h.confirmed)) for h in s.shares)] for s in r.sets or []),
    "contact.list": lambda r: sorted(i.label for i in r["items"] or []),
    # those until lock are no change of the disk
    "grant.list": lambda r: sorted((g.name, g.app, g.kind) for g in r.grants or [] if g.kind),
}


class Asker(Restorer):
    """Whoever asks: has a backup and its key, and takes shares that are shown."""

    def __init__(self, *args):
        super().__init__(*args)
        self.codes = []

    def is_asked_again(self, s):
        with contextlib.suppress(EOFError, ConnectionResetError):
            message = receive(s)
            while message[1] == CARD:
                self.codes.append(re.search("^check: (.*)", message[2].decode(), re.M)[1])
                send(s, {1: TAKEN})
                message = receive(s)
            return message.get(5, False)
        return False


# --- a place to do it ---

DRAWN = ("ownkey.created", "ownkey.removed", "ownkey.of")


def attributes(c, label):
    """Those that are not times, nor ids, which differ from one run to the next."""
    shown = c.call("secret.show", label=label)
    return [(a.name, a.name in DRAWN or a.value) for a in shown.attributes or []]


class World:
    """One directory with a token and an agent, for all changes that begin with the same;
    snapshots are put back in place, since what is remembered of a vault goes by its path."""

    def __init__(self, before):
        self.change, self.before = None, None
        self.blob, self.words = b"", ""
        self.dir = tempfile.mkdtemp()
        self.person = Person()
        self.token = Token(self.dir, pin=None)
        self.agent = Agent(self.dir, [self.token], log_level="error")
        self.agent.start()
        before(self)
        if self.agent.process:
            self.kill()
        self.kept = self.dir + ".kept"
        for name in ("data", "state"):
            shutil.copytree(os.path.join(self.dir, name), os.path.join(self.kept, name))
        self.was = self.words, self.person.shown, dict(self.person.answers)

    def begin(self, change):
        self.change = change
        self.restore()
        self.before = self.picture()

    def client(self):
        return contextlib.closing(Asker(self.agent, self.person, self.blob, [IDENTITY]))

    def close(self):
        self.agent.stop()
        self.token.stop()
        shutil.rmtree(self.dir)
        shutil.rmtree(self.kept)

    def restore(self):
        if self.agent.process:
            self.kill()
        for name in ("data", "state"):
            shutil.rmtree(os.path.join(self.dir, name))
            shutil.copytree(os.path.join(self.kept, name), os.path.join(self.dir, name))
        self.words, self.person.shown, self.person.answers = *self.was[:2], dict(self.was[2])

    def look(self):
        """What an open vault holds, in words that are the same in each world."""
        with self.client() as c:
            found = {
                "slots": sorted(s.label for s in c.call("slot.list").slots),
                "keys": sorted((i.label, i.epoch or 0, i.epochs or 0, i.generation or 0,
                                i.state or 0, bool(i.exposed), bool(i.recoverable))
                               for i in c.call("id.list", all=True)["items"]),
                "secrets": sorted((i.label, self.value_of(c, i.label), attributes(c, i.label),
                                   bool(i.exposed)) for i in c.call("secret.list")["items"]),
                "backups": sorted((b.where, bool(b.verified))
                                  for b in c.call("backup.list").backups or [])}
            for op, what in MORE.items():
                if op in OPS:
                    found[op] = what(c.call(op))
            found["logs"] = [self.log_of(c, "matrix/" + a) for a in sorted(
                {k[0].split("/")[1] for k in found["keys"] if k[0].startswith("matrix/")})]
            return found

    @staticmethod
    def value_of(c, label):
        """One that was made up is another one each time: so many words."""
        value = c.call("secret.get", label=label).value
        return len(value.split(b"-")) if label == "made" else value

    def left(self):
        return [f for f in os.listdir(os.path.dirname(self.agent.seen)) if not KEPT.match(f)]

    @staticmethod
    def log_of(c, label):
        log = c.call("succession.show", label=label).log[0]
        return log.entries, log.rotations or 0, log.state or 0

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
                c.call("unlock", accept_older=self.change.older or None, timeout=60)
                log = c.call("audit.verify", timeout=60)
                assert log.good, log
                found = self.look()
                if self.change.notice:
                    found["besides"] = self.change.notice(self, c)
            # a copy that was being made is begun anew
            until(lambda: not self.left(), "the end of %s" % self.left())
            return found
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

        def is_traced():
            try:
                return "TracerPid:\t0" not in open("/proc/%d/status" % front).read()
            except OSError:
                return True  # the fault came at once, from what it had still to do
        until(is_traced, "strace")
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
            with self.client() as c:
                ready = self.change.prepare(self, c) if self.change.prepare else None
                with self.traced(inject) as calls:
                    status = self.ask(c, ready)
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

    def ask(self, c, ready):
        try:
            self.change.ask(self, c, ready)
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
    if not picture:
        return None
    return {**picture, "secrets": [s for s in picture["secrets"] if s[0] != "again"]}


def hits(log, name, soft):
    """Is the call that failed the one that was meant?  What front does behind an earlier answer
    may come in between, and be counted."""
    injected = [line for line in log.splitlines() if "(INJECTED)" in line]
    return not injected or any(is_vital(line, name, soft) for line in injected)


def try_point(world, point):
    name, n, vital, fault = point
    for _ in range(5):
        status, log, again = world.try_once("%s:%s:when=%d" % (name, fault, n))
        if not vital or hits(log, name, world.change.soft):
            break
    return status, log, again


def judge(world, after, point):
    name, _, vital, fault = point
    status, log, again = try_point(world, point)
    if "(INJECTED)" not in log and "killed by SIGKILL" not in log and status != "HANGUP":
        # what it does behind the answer it may not get to do
        assert world.change.goes_on and status == "OK", "the fault did not happen"
    found = world.picture()
    assert not again or (found and without_again(found) != found), "lost what came afterwards"
    found = without_again(found)
    assert found in (world.before, after), "neither before nor after: %r" % (found,)
    assert status != "OK" or found == after, "it said done, and it is not"
    assert (status == "HANGUP") == (fault == "signal=KILL") or (
        world.change.goes_on and status == "OK"), status
    assert not vital or world.change.goes_on or status != "OK", \
        "it said done although %s failed" % name
    assert not vital or status in ("OK", "HANGUP") or found == world.before, \
        "it said %s, and it is done" % status


def run_points(world, change, after, todo):
    world.begin(change)
    failed = []
    for point in todo:
        try:
            judge(world, after, point)
        except Exception:  # pylint: disable=broad-except
            failed.append((point, traceback.format_exc()))
    return failed


def run_change(change, worlds, seed):
    """(points there are, points tried, failures)"""
    world = worlds[0]
    world.begin(change)
    status, log, _ = world.try_once(None)
    assert status == "OK", status
    assert change.happened(world), "it is not the case that was meant"
    after = without_again(world.picture())
    assert (after == world.before) == change.same, (world.before, after)
    found = points(log, change.soft)
    todo = random.Random(seed).sample(found, min(len(found), MOST))
    with ThreadPoolExecutor(JOBS) as pool:
        parts = pool.map(lambda i: run_points(worlds[i], change, after, todo[i::JOBS]),
                         range(JOBS))
        return len(found), todo, [f for part in parts for f in part]


def run_changes(before, changes, seed):
    """(points tried, failures) of those that begin with the same"""
    tried = failures = 0
    with ThreadPoolExecutor(JOBS) as pool:
        worlds = list(pool.map(lambda _: World(before), range(JOBS)))
    try:
        for change in changes:
            start = time.monotonic()
            try:
                there, todo, failed = run_change(change, worlds, seed)
            except Exception:  # pylint: disable=broad-except
                there, todo, failed = 0, [], [(("none", 0, False, "none"), traceback.format_exc())]
            for (name, n, _, fault), error in failed:
                print("FAILED %s: %s %d, %s\n%s" % (change.name, name, n, fault, error))
            print("%-32s %3d of %3d points, %d failed, %.0f s" % (
                change.name, len(todo), there, len(failed), time.monotonic() - start), flush=True)
            tried, failures = tried + len(todo), failures + len(failed)
    finally:
        for world in worlds:
            world.close()
    return tried, failures


def main():
    seed = int(os.environ.get("FAULT_SEED", "") or random.randrange(1 << 31))
    tried = failures = 0
    groups = {}
    for change in CHANGES:
        if change.needs not in OPS:
            print("# %s: there is no %s yet" % (change.name, change.needs))
        elif not sys.argv[1:] or change.name in sys.argv[1:]:
            groups.setdefault(change.before, []).append(change)
    for before, changes in groups.items():
        t, f = run_changes(before, changes, seed)
        tried, failures = tried + t, failures + f
    print("# FAULT_SEED=%d: drawn where there are more than %d points" % (seed, MOST))
    print("%d passed, %d failed" % (tried - failures, failures))
    return 1 if failures or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
