"""What the agent's processes may not do, seen from outside while they run (DESIGN 15)."""

import contextlib
import ctypes
import os
import sys

from ownkey import BUILD, PASS, PHRASE, TOKEN, Person, expect, run_parallel, status_of, until, world
from worker import kdf, root_of
from vault import Vault

SANITIZED = b"__asan_init" in open(os.path.join(BUILD, "ownkey-agent"), "rb").read()
LACK_LANDLOCK, LACK_SECCOMP = 1, 32
ROOT = os.getuid() == 0
PTRACE_ATTACH = 16


def may_trace(pid):
    return ctypes.CDLL(None, use_errno=True).ptrace(PTRACE_ATTACH, pid, None, None) == 0


def is_filtered(pid):
    return status_of(pid, "Seccomp") == ["2"] and status_of(pid, "NoNewPrivs") == ["1"]


def shown(pid):
    """What of it can be read in /proc: some names, or none."""
    if os.stat("/proc/%d/mem" % pid).st_uid != 0:
        return ["mem"]
    return [name for name in ("fd", "maps", "environ") if not ROOT and readable(pid, name)]


def readable(pid, name):
    path = "/proc/%d/%s" % (pid, name)
    try:
        os.listdir(path) if name == "fd" else open(path, "rb").read()
    except PermissionError:
        return False
    return True


def is_hidden(pid):
    """Not dumpable: its files in /proc are root's, nobody reads them, nobody traces it.  A helper
    that is just being started is hidden soon: exec(2) undoes what it inherited."""
    until(lambda: not shown(pid), "/proc/%d to be hidden" % pid)
    assert ROOT or not may_trace(pid), "it can be traced"


def descriptors(pid):
    """{number: what it is}"""
    base = "/proc/%d/fd" % pid
    return {int(n): os.readlink(os.path.join(base, n)).split(":")[0] for n in os.listdir(base)}


@contextlib.contextmanager
def waiting(agent, person, kind, op="unlock", **params):
    """A request that waits for something of this kind; it is cancelled at the end."""
    with contextlib.closing(agent.client(person)) as c:
        if kind.startswith(("NEED", "SHOW")):
            person.hold = {kind}
        request = c.start(op, **params)
        c.wait_event(kind)
        yield c
        c.call("cancel", request=request)
        expect(c.wait(request), "CANCELLED")
        person.hold = set()


def confined(directory):
    """front, vault and helpers: filtered, no new privileges, not dumpable"""
    with world(directory, {}) as (agent, token):
        person = agent.init(ways=TOKEN | PASS)
        agent.lock()
        vault, front = agent.role("vault"), agent.role("front")
        for pid in (vault, front):
            until(lambda p=pid: is_filtered(p), "no filter")
            is_hidden(pid)
        is_hidden(agent.main_pid())
        assert status_of(agent.main_pid(), "Seccomp") == ["0"], "prompts would inherit it"
        lacks = agent.status().lacks or 0
        assert not lacks & LACK_SECCOMP
        with contextlib.suppress(FileNotFoundError):
            if "landlock" in open("/sys/kernel/security/lsm", encoding="utf-8").read():
                assert not lacks & LACK_LANDLOCK
        token.tell("touch-mode", "never")

        def helper():
            until(lambda: len(agent.helpers()) == 1, "no helper, or too many")
            pid = agent.helpers()[0]
            until(lambda: is_filtered(pid), "no filter")
            is_hidden(pid)
            if ROOT:
                assert all(n <= 3 and what in ("socket", "/dev/null", "pipe") or n == 2
                           for n, what in descriptors(pid).items()), descriptors(pid)
        with waiting(agent, person, "TOUCH"):
            helper()
        with waiting(agent, person, "NEED_WORDS", way=PHRASE):
            helper()
        token.stop()
        with waiting(agent, person, "WAIT_TOKEN"):
            helper()
        until(lambda: not agent.helpers(), "helpers are left")
        assert (vault, front) == (agent.role("vault"), agent.role("front"))


def channels(directory):
    """the vault has no descriptor but its channels"""
    with world(directory, {}) as (agent, _):
        agent.init()
        for pid in (agent.role("vault"), None):
            if pid is None:
                agent.lock()
                pid = agent.role("vault")
            until(lambda p=pid: is_filtered(p), "no filter")
            have = descriptors(pid)
            # front, supervisor, the log; the timer of its loop
            assert have.pop(0) == "socket" and have.pop(1) == "socket", have
            have.pop(2)
            assert all("timerfd" in what or what == "anon_inode" for what in have.values()), have
            assert len(have) <= 1, have
            assert open("/proc/%d/environ" % pid, "rb").read().count(b"=") <= 12
        front = descriptors(agent.role("front"))
        assert len(front) <= 12, front


def incapable(directory):
    """what drives a token for root's agent can do no more than root's files allow"""
    with world(directory, {}) as (agent, token):
        person = agent.init()
        agent.lock()
        token.tell("touch-mode", "never")
        with waiting(agent, person, "TOUCH"):
            until(lambda: len(agent.helpers()) == 1, "no helper, or too many")
            for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
                assert status_of(agent.helpers()[0], kind) == ["0" * 16], kind


# --- markers in memory ---

def memory(pid):
    with open("/proc/%d/maps" % pid, encoding="utf-8") as maps, \
            open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in maps:
            bounds, mode = line.split()[:2]
            if not mode.startswith("r") or "[v" in line:
                continue
            low, high = (int(n, 16) for n in bounds.split("-"))
            try:
                mem.seek(low)
                yield mem.read(high - low)
            except (OSError, OverflowError, ValueError):
                continue


def finds(pid, marks):
    """Names of the marks that are in the memory of this process."""
    found = set()
    # a helper may end meanwhile
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for block in memory(pid):
            found |= {name for name, mark in marks.items() if mark in block}
    return found


def everywhere(agent, marks):
    pids = {"supervisor": agent.main_pid(), "front": agent.role("front"),
            "vault": agent.role("vault")}
    pids.update({"helper %d" % p: p for p in agent.helpers()})
    return {name: finds(pid, marks) for name, pid in pids.items()}


def halves(text):
    """A mark is found in parts, too: allocators overwrite the beginning of what is freed."""
    return text[len(text) // 3:]


def markers(directory):
    """PIN, passphrase, words, seeds and keys: never in front; nothing anywhere after lock"""
    pin, phrase = "PIN-marker-8c1f6a2e97", "passphrase marker 51b7c09d2ae4 in a sentence"
    secret = b"SECRET marker 0f9a7d31c5e2 that is kept in the vault"
    with world(directory, {"pin": pin}, secret_memory="mlock") as (agent, token):
        person = Person(pin=pin, passphrase=phrase)
        agent.init(person, ways=TOKEN | PASS)
        words = person.shown
        root = root_of(words.split())
        seed = kdf(root, b"seed", bytes(4), 32)
        vrk = Vault(agent.read()).vrk(words)
        marks = {"pin": pin.encode(), "passphrase": phrase.encode(), "words": words.encode(),
                 "some words": " ".join(words.split()[8:12]).encode(), "root": root, "seed": seed,
                 "vrk": vrk, "secret": secret}
        marks = {k: halves(v) if len(v) > 20 and k not in ("vrk", "seed", "root") else v
                 for k, v in marks.items()}
        now = everywhere(agent, marks)
        assert now["vault"] == {"vrk"}, now  # the control: it can be found
        assert not now["front"] and not now["supervisor"], now

        with contextlib.closing(agent.client(person)) as c:
            c.call("secret.set", label="marker", value=secret, use=0)
            now = everywhere(agent, marks)
            assert not now["front"], now
            c.call("id.add", service="ssh", account="me")
            assert c.call("secret.get", label="marker").value == secret
            now = everywhere(agent, marks)
            assert not now["front"] and not now["supervisor"], now
            assert now["vault"] <= {"vrk", "seed"}, now
            c.call("id.export", label=c.call("id.list")["items"][0].label)
            assert not everywhere(agent, marks)["front"]
        agent.lock()
        assert not any(everywhere(agent, marks).values())

        # while it waits: the PIN is with the token's helper, and there only
        token.tell("touch-mode", "never")
        with waiting(agent, person, "TOUCH"):
            now = everywhere(agent, marks)
            assert any("pin" in found for name, found in now.items()
                       if name not in ("front", "supervisor")), now
            assert not now["front"] and not now["supervisor"], now
        token.tell("touch-mode", "auto")
        for way in (PHRASE, PASS, TOKEN):
            expect(agent.unlock(person, way=way), "OK")
            now = everywhere(agent, marks)
            assert now["vault"] <= {"vrk", "seed"} and not now["front"], (way, now)
            os.kill(agent.main_pid(), 10)  # SIGUSR1: lock
            until(lambda: agent.status().locked, "locked")
            until(lambda: not agent.helpers(), "helpers are left")
            assert not any(everywhere(agent, marks).values()), way
        # what failed leaves nothing, either
        expect(agent.unlock(Person(pin=pin + "x")), "PIN_REPLUG")
        token.stop()
        expect(agent.unlock(person, way=TOKEN, nowait=True), "TOKEN_ABSENT")
        assert not any(everywhere(agent, marks).values())


def delivered(directory):
    """a secret that its client does not read is in front until it is, and not longer"""
    secret = os.urandom(100000)
    mark = {"secret": secret[50000:50032]}
    with world(directory, {}, secret_memory="mlock") as (agent, _):
        agent.init()
        with contextlib.closing(agent.client()) as c:
            c.call("secret.set", label="big", value=secret, use=0)
            assert not finds(agent.role("front"), mark)
            requests = [c.start("secret.get", label="big") for _ in range(8)]
            front = agent.role("front")
            until(lambda: finds(front, mark), "control: it is on its way")
            for r in requests:
                assert c.wait(r).result.value == secret
            assert not finds(front, mark)
            for r in [c.start("secret.get", label="big") for _ in range(8)]:
                pass
            until(lambda: finds(front, mark), "control: it is on its way")
        until(lambda: not finds(front, mark), "the client left, the secret stayed")


if __name__ == "__main__":
    tests = [channels, incapable, markers, delivered] if sys.argv.pop(1) == "memory" else [confined]
    if SANITIZED:
        print("1..1\nok 1 - built with sanitizers: all of this is left out at compile time")
        sys.exit(0)
    sys.exit(run_parallel([(t.__doc__, t) for t in tests]))
