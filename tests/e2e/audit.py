"""The audit log (DESIGN 9), looked at by another reader: durable before the answer, counted when
free, and whatever is edited, cut or put back is found.  With a full disk nothing is handed out that
could not be recorded."""

import contextlib
import glob
import json
import os
import re
import resource
import signal
import subprocess
import sys

from other_audit import RECORD, follow, make
from ownkey import (ARGON, HERE, PASS, TOKEN, Person, children, expect, has_ended, run_parallel,
                    until, world)
from policy import SIGN

WORDLIST = os.path.join(HERE, "..", "..", "lib", "words_english.c")
REFUSED = "AUDIT_WRITE"


def log_of(agent):
    found = glob.glob(os.path.join(agent.state, "ownkey", "audit-*"))
    return min(found, key=len)


def files_of(agent):
    log = log_of(agent)
    return [log] + ([log + ".1"] if os.path.exists(log + ".1") else [])


def read(agent, person):
    """What another program finds in it, with the vault's phrase."""
    done = subprocess.run(
        ["/usr/bin/python3", os.path.join(HERE, "other_audit.py"), agent.vault, "phrase", WORDLIST,
         *files_of(agent)], input=person.shown, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def said(entries, **want):
    return [e for e in entries if all(e.get(k) == v for k, v in want.items())]


def kill(agent):
    """No goodbye: what is not on the disk is lost."""
    pids = children(agent.main_pid())
    agent.process.kill()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    agent.process.wait()
    for pid in pids:
        until(lambda p=pid: has_ended(p), "end")
    agent.process = None


OPS = dict(re.findall(r"(OP_\w+) = (\d+)", open(os.path.join(HERE, "..", "..", "lib", "ops.h"),
                                                  encoding="utf-8").read()))


def op(name):
    return int(OPS["OP_" + name])


@contextlib.contextmanager
def opened(directory, **conf):
    with world(directory, {}, **conf) as (agent, token):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            key = c.call("id.add", service="ssh", account="me")["items"][0].label
            c.call("secret.set", label="kept", value=b"the value", use=0)
            yield agent, token, person, c, key


def verify(agent):
    """(exit status, what it says)"""
    done = agent.cli("audit", "verify", "--json")
    return done.returncode, json.loads(done.stdout)


def head_of(agent, person):
    """The audit key and the heads, as the vault has them."""
    # pylint: disable=import-outside-toplevel
    from other_audit import audit_of
    from other_reader import phrase_root
    words = re.findall(r'"([a-z]+)"', open(WORDLIST, encoding="utf-8").read())[-2048:]
    data = open(agent.vault, "rb").read()
    return audit_of(data, "phrase", phrase_root(person.shown.split(), words))


# --- what is in it, and when ---

def durable(directory):
    """what was asked, proven, handed out and changed is there when the agent is killed"""
    with opened(directory) as (agent, _, person, c, key):
        c.call("sign", label=key, **SIGN)  # use 1, nobody to ask: a touch
        c.call("id.export", label=key)
        c.call("slot.add", way=PASS, label="spare", timeout=60, **ARGON)
        with contextlib.closing(agent.client(Person(passphrase="wrong"))) as w:
            expect(w.ask("id.export", label=key, proof=PASS, timeout=30), "PASS_WRONG")
        kill(agent)
        entries = read(agent, person)["entries"]
        for want in ({"kind": "begin"}, {"kind": "operation", "op": op("INIT")},
                     {"kind": "operation", "op": op("ID_ADD")},
                     {"kind": "ask", "op": op("SIGN")},
                     {"kind": "proof", "op": op("ID_EXPORT")},
                     {"kind": "operation", "op": op("ID_EXPORT")},
                     {"kind": "operation", "op": op("SLOT_ADD")}):
            good = [e for e in said(entries, **want) if "err" not in e]
            assert len(good) == 1, (want, entries)
        bad = [e for e in said(entries, kind="proof", op=op("ID_EXPORT")) if "err" in e]
        assert sum(e.get("count", 1) for e in bad) >= 3, entries
        assert all(e["client"].startswith("python3") for e in said(entries, op=op("SLOT_ADD")))
        # names of items are nowhere in the file
        raw = open(log_of(agent), "rb").read()
        assert b"ssh/" not in raw and b"spare" not in raw and b"kept" not in raw
        agent.start()
        assert agent.unlock(person).status == "OK"
        assert verify(agent)[0] == 0


def counted(directory):
    """free uses are counted, and written at lock; so is the lock, and the end of the agent"""
    with opened(directory) as (agent, _, person, c, key):
        c.call("sign", label=key, **SIGN)
        before = open(log_of(agent), "rb").read()
        for _ in range(7):
            c.call("secret.get", label="kept")
        for _ in range(5):
            c.call("sign", label=key, **SIGN)
        assert open(log_of(agent), "rb").read() == before, "a free use was written by itself"
        agent.lock()
        entries = read(agent, person)["entries"]
        count = {e["op"]: e.get("count", 1) for e in said(entries, kind="uses")}
        assert count[op("SECRET_GET")] == 7 and count[op("SIGN")] == 5, entries
        assert entries[-1]["op"] == op("LOCK") or said(entries[-8:], op=op("LOCK")), entries
        agent.unlock(person)
        with contextlib.closing(agent.client()) as d:
            for _ in range(3):
                d.call("secret.get", label="kept")
        agent.stop()
        entries = read(agent, person)["entries"]
        assert said(entries[-4:], kind="uses", op=op("SECRET_GET"), count=3), entries


def while_locked(directory):
    """wrong PINs and passphrases at the locked vault are told once it is open"""
    with opened(directory) as (agent, token, person, _, _key):
        agent.lock()
        wrong = Person(passphrase="wrong", pin="9999")
        expect(agent.unlock(wrong, way=PASS), "PASS_WRONG")
        expect(agent.unlock(wrong, way=PASS), "PASS_WRONG")
        expect(agent.unlock(wrong), "PIN_REPLUG")
        token.tell("powercycle")
        assert agent.unlock(person).status == "OK"
        kill(agent)
        failed = [e for e in said(read(agent, person)["entries"], op=op("UNLOCK")) if "err" in e]
        ends = said(failed, kind="operation")
        assert sum(e.get("count", 1) for e in ends) == 3, failed
        # each time the person was asked again
        assert sum(e.get("count", 1) for e in said(failed, kind="proof")) >= 4, failed


def shown(directory):
    """what people see: names, programs, how it ended; newest first, by pages, since a day"""
    with opened(directory) as (agent, _, _person, c, key):
        c.call("id.export", label=key)
        for i in range(150):
            c.call("policy.set", label="kept", rate=1000 - i)
        text = agent.cli("audit", "show").stdout
        numbers = [int(n) for n in re.findall(r"^(\d+)  20", text, re.M)]
        assert numbers == list(range(len(numbers)))[::-1] and len(numbers) > 155, numbers
        assert re.search(r"id\.export\n    %s\n    by python3" % key, text), text
        assert max(map(len, text.splitlines())) <= 50, text
        rows = json.loads(agent.cli("audit", "show", "--json", "--since", "1d").stdout)["entries"]
        assert [r["n"] for r in rows] == numbers
        assert agent.cli("audit", "show", "--since", "2999-01-01").stdout == ""
        assert agent.cli("audit", "show", "--since", "soon").returncode == 64
        expect(c.ask("audit.show", cursor=b"1"), "RANGE")
        c.call("secret.remove", label="kept")
        c.call("lock")
        until(lambda: agent.status().locked, "locked")
        assert agent.cli("audit", "show").returncode == 3


# --- what others do to it ---

def edits(log):
    """(name, first wrong entry, bytes) of a log of n records"""
    n = len(log) // RECORD
    rec = [log[i * RECORD:(i + 1) * RECORD] for i in range(n)]
    for i in (0, 1, n // 2, n - 1):
        for offset in (0, 8, 20, 55, 400, 511):
            one = bytearray(log)
            one[i * RECORD + offset] ^= 1
            yield "edited", i, bytes(one)
    for i in (0, 3, n - 2):
        yield "swapped", i, b"".join(rec[:i] + [rec[i + 1], rec[i]] + rec[i + 2:])
        yield "dropped", i, b"".join(rec[:i] + rec[i + 1:])
        yield "doubled", i + 1, b"".join(rec[:i + 1] + rec[i:])
    for i in (1, n - 1):
        yield "cut", i, b"".join(rec[:i])


def found_while_open(directory):
    """edits, swaps, drops, cuts: `audit verify` says where, and fails"""
    with opened(directory) as (agent, _, _person, c, key):
        c.call("id.export", label=key)
        assert verify(agent)[0] == 0
        good = open(log_of(agent), "rb").read()
        for name, at, data in edits(good):
            with open(log_of(agent), "wb") as f:
                f.write(data)
            reply = c.call("audit.verify")
            assert not reply.good and reply.err and (reply.at or 0) == at, (name, at, reply)
            # and it stays as it was put: looking does not mend
            assert open(log_of(agent), "rb").read() == data
        status, told = verify(agent)
        assert status == 1 and not told.get("good"), told
        text = agent.cli("audit", "verify").stdout
        assert "NOT AS IT WAS WRITTEN" in text and "at entry %d" % (len(good) // RECORD - 1) in text
        with open(log_of(agent), "wb") as f:
            f.write(good)
        assert verify(agent)[0] == 0


def found_at_unlock(directory):
    """what was done to it while the vault was locked is said loudly, and kept"""
    with opened(directory) as (agent, _, person, _c, _key):
        agent.lock()
        good = open(log_of(agent), "rb").read()
        other = glob.glob(os.path.join(agent.state, "ownkey", "*"))
        kept = {p: open(p, "rb").read() for p in [*other, agent.vault]}
        head = read(agent, person)["anchored"]
        assert head * RECORD >= len(good) - RECORD, "more than the lock is not anchored"
        edited = bytearray(good)
        edited[(head - 1) * RECORD + 60] ^= 1
        cases = [("AUDIT_SHORT", good[:(head - 1) * RECORD]), ("AUDIT_MISSING", None),
                 ("AUDIT_MISSING", b""), ("AUDIT_DAMAGED", bytes(edited)),
                 ("AUDIT_DAMAGED", good + os.urandom(RECORD)), ("AUDIT_DAMAGED", b"x" * len(good)),
                 (None, good + bytes(100)), (None, good + bytes(RECORD * 2)), (None, good)]
        for warning, data in cases:
            agent.stop()
            for path in glob.glob(os.path.join(agent.state, "ownkey", "*")):
                os.remove(path)
            for path, was in kept.items():
                with open(path, "wb") as f:
                    f.write(was)
            if data is None:
                os.remove(log_of(agent))
            else:
                with open(log_of(agent), "wb") as f:
                    f.write(data)
            agent.start()
            told = expect(agent.unlock(person), "OK").result
            error = told.warning and err_name(told.warning)
            assert error == warning, (warning, error, data and len(data))
            after_unlock(agent, person, warning, data, good)


def err_name(number):
    # pylint: disable=import-outside-toplevel
    from ownkey import NAME
    return NAME[number]


def after_unlock(agent, person, warning, data, good):
    entries = read(agent, person)["entries"]
    if not warning:
        # it goes on where it was; what a crash left was cut, and that is said
        assert open(log_of(agent), "rb").read().startswith(good)
        assert bool(said(entries, kind="repair")) == (data != good), entries
        assert verify(agent)[0] == 0
        return
    assert entries[0]["kind"] == "begin" and entries[0]["n"] == 0
    assert err_name(entries[0]["err"]) == warning, entries[0]
    status, told = verify(agent)
    if not data:
        assert status == 0 and told["begun"], told
        return
    aside = log_of(agent) + ".damaged"
    assert open(aside, "rb").read() == data
    assert status == 1 and told["file"] == "damaged", told
    os.remove(aside)
    assert verify(agent)[0] == 0


def put_back(directory):
    """an older copy of the log is not taken for the newest; another vault's is not taken at all"""
    with opened(directory) as (agent, _, person, c, _key):
        old = open(log_of(agent), "rb").read()
        c.call("policy.set", label="kept", rate=7)
        agent.lock()
        with open(log_of(agent), "wb") as f:
            f.write(old)
        assert err_name(agent.unlock(person).result.warning) == "AUDIT_SHORT"
        assert "AUDIT" not in str(agent.lock())
        agent.unlock(person)
        # exchanged while it is open: the next entry is not put behind what is not known
        with open(log_of(agent), "wb") as f:
            f.write(old)
        with contextlib.closing(agent.client(person)) as d:
            d.call("policy.set", label="kept", rate=6)
            entries = d.call("audit.show").entries
            begin = [e for e in entries if (e.kind or 0) == 0]
            assert begin and begin[-1].err, entries


# --- the disk is full ---

def fill_up(agent, person, size):
    """Make the log as long as that, by entries that belong there."""
    key = head_of(agent, person)[1]
    data = open(log_of(agent), "rb").read()
    _, at = follow(key, data)
    more = []
    while len(data) + len(more) * RECORD < size:
        record, at = make(key, at, {1: 5, 2: 60, 3: 1790000000, 4: len(more), 8: 2})
        more.append(record)
    with open(log_of(agent), "ab") as f:
        f.write(b"".join(more))


def limit(agent, size=1 << 28):
    """No file may grow beyond (EFBIG: treated as a full disk)."""
    pid = agent.role("front")
    hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


def full_disk(directory):
    """what cannot be recorded is refused with a clear error and not done; taking away is done"""
    size = 1 << 20
    with opened(directory) as (agent, token, person, c, key):
        agent.lock()
        fill_up(agent, person, size)
        expect(agent.unlock(person), "OK")
        size = os.stat(log_of(agent)).st_size
        limit(agent, size + 100)
        before = agent.hash(), open(log_of(agent), "rb").read()
        with contextlib.closing(agent.client(person)) as d:
            for name, params in (("sign", {"label": key, **SIGN}), ("id.export", {"label": key}),
                                 ("id.add", {"service": "ssh", "account": "new"}),
                                 ("policy.set", {"label": "kept", "use": 2}),
                                 ("slot.add", {"way": PASS, "label": "new", **ARGON})):
                reply = expect(d.ask(name, timeout=60, **params), REFUSED)
                assert not reply.result, reply
            assert before == (agent.hash(), open(log_of(agent), "rb").read())
            assert d.call("secret.get", label="kept").value == b"the value"
            d.call("secret.set", label="other", value=b"1")
            # what takes power away goes on, and says so
            d.call("slot.remove", label="passphrase", timeout=60)
            assert err_name(d.call("status").warning) == REFUSED
            assert len(open(log_of(agent), "rb").read()) == size
            cli = agent.cli("id", "export", key, "--form", "openssh", "-o", directory + "/x",
                            "--ask-stdin", stdin="1234\n")
            assert cli.returncode == 1 and "audit log cannot be written" in cli.stderr, cli
            assert not os.path.exists(directory + "/x")
            limit(agent)
            d.call("id.export", label=key)
            assert verify(agent)[0] == 0
        entries = read(agent, person)["entries"]
        late = said(entries[-20:], kind="operation", op=op("SLOT_REMOVE"))
        assert len(late) == 1, entries[-20:]


def full_at_unlock(directory):
    """a full disk locks nobody out"""
    with opened(directory) as (agent, _, person, _c, _key):
        agent.lock()
        fill_up(agent, person, 1 << 20)
        limit(agent, os.stat(log_of(agent)).st_size)
        told = expect(agent.unlock(person), "OK").result
        assert err_name(told.warning) == REFUSED, told
        limit(agent)
        agent.lock()
        entries = read(agent, person)["entries"]
        assert len(said(entries[-6:], op=op("UNLOCK"), kind="operation")) >= 1, entries[-6:]


# --- long logs ---

def rotated(directory):
    """beyond 16 MiB a new file goes on where the older one ends; both are one chain"""
    with opened(directory) as (agent, _, person, c, _key):
        agent.lock()
        fill_up(agent, person, (16 << 20) - 3 * RECORD)
        assert agent.unlock(person).status == "OK"
        with contextlib.closing(agent.client(person)) as d:
            for i in range(5):
                d.call("policy.set", label="kept", rate=100 - i)
            log = log_of(agent)
            assert os.path.exists(log + ".1") and os.stat(log).st_size < 10 * RECORD
            told = d.call("audit.verify", timeout=60)
            assert told.good and told.entries > 32768, told
            page = d.call("audit.show")
            more = d.call("audit.show", cursor=page.cursor)
            assert page.entries[-1].n == more.entries[0].n + 1
            assert len(more.entries) > 100
        agent.lock()
        assert not agent.unlock(person).result.warning
        assert len(read(agent, person)["entries"]) > 32768
        older_is_examined(agent)
        assert c


def older_is_examined(agent):
    log = log_of(agent)
    with open(log + ".1", "r+b") as f:
        f.seek(7777 * RECORD + 100)
        byte = f.read(1)
        f.seek(7777 * RECORD + 100)
        f.write(bytes([byte[0] ^ 1]))
    status, told = verify(agent)
    assert (status, told["file"], told["at"]) == (1, "older", 7777), told
    os.rename(log + ".1", log + ".kept")
    status, told = verify(agent)
    assert (status, told["file"]) == (1, "older"), told
    os.remove(log + ".kept")


def interrupted_rotation(directory):
    """killed between renaming the older file and writing the newer one"""
    with opened(directory) as (agent, _, person, _c, _key):
        agent.lock()
        log = log_of(agent)
        good = open(log, "rb").read()
        os.rename(log, log + ".1")
        assert not agent.unlock(person).result.warning
        assert open(log + ".1", "rb").read() == good
        assert verify(agent)[0] == 0
        assert len(read(agent, person)["entries"]) > len(good) // RECORD


def another_machine(directory):
    """each machine has a log of its own; the vault knows all of them"""
    with opened(directory) as (agent, _, person, _c, _key):
        agent.stop()
        os.rename(agent.state, agent.state + ".first")
        os.makedirs(agent.state, 0o700)
        agent.start()
        told = agent.unlock(person).result
        assert told.first_seen and not told.warning, told
        agent.stop()
        assert read(agent, person)["logs"] == 2
        os.rename(agent.state, agent.state + ".second")
        os.rename(agent.state + ".first", agent.state)
        agent.start()
        assert not agent.unlock(person).result.warning
        agent.stop()
        assert read(agent, person)["logs"] == 2


def another_vault(directory):
    """the log of a vault that was here before is put out of the way, without alarm"""
    with opened(directory) as (agent, _, _person, _c, _key):
        agent.stop()
        old = open(log_of(agent), "rb").read()
        os.remove(agent.vault)
        os.remove(agent.seen)
        agent.start()
        person = agent.init(ways=TOKEN | PASS)
        assert not agent.status().warning
        assert verify(agent)[0] == 0
        agent.stop()
        assert open(log_of(agent) + ".1", "rb").read() == old
        done = subprocess.run(
            ["/usr/bin/python3", os.path.join(HERE, "other_audit.py"), agent.vault, "phrase",
             WORDLIST, log_of(agent)], input=person.shown, text=True, capture_output=True,
            check=False)
        assert done.returncode == 0, done.stderr


if __name__ == "__main__":
    sys.exit(run_parallel([(f.__doc__, f) for f in (
        durable, counted, while_locked, shown, found_while_open, found_at_unlock, put_back,
        full_disk, full_at_unlock, rotated, interrupted_rotation, another_machine,
        another_vault)]))
