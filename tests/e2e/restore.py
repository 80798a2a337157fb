"""Restoring from backups: on an empty home, beside a vault, from files that somebody wrote or
damaged."""

import contextlib
import json
import os
import random
import socket
import sys
import time

from agefile import open_passphrase, seal_passphrase, seal_x25519
from backup import create, fill, opened, passphrase_of
from job import receive, send
from ownkey import ARGON, PASS, PHRASE, Client, Person, expect, run_parallel, until, world
from worker_backup import DATA, FAILED, MORE, OK, TEXT, WANT, bech32

class Restorer(Client):
    """Has a backup, and types keys for it: a list, in order."""

    def __init__(self, agent, person, blob=b"", keys=()):
        super().__init__(agent, person)
        self.blob, self.keys, self.told, self.tried = blob, list(keys), [], 0
        self.stop_at = None

    def on_event(self, event):
        if event.kind != "NEED_FILE":
            super().on_event(event)
            return
        s = self.connect_for(event.job)
        at, answer = 0, {1: MORE}
        while answer == {1: MORE} and at <= len(self.blob):
            answer = self.put(s, at)
            at += 65536
        while answer[1] == WANT or (answer[1] == MORE and 7 in answer) or answer.get(5) and \
                answer[1] == FAILED:
            self.told.append(answer)
            if not self.keys:
                s.close()
                return
            send(s, {1: TEXT, 2: self.keys.pop(0).encode()})
            answer = receive(s, 60)
        self.told.append(answer)
        with contextlib.suppress(OSError):
            while answer == {1: OK, 5: True} and at < len(self.blob):
                if self.stop_at is not None and at >= self.stop_at:
                    return
                self.put(s, at, wait=False)
                at += 65536

    def connect_for(self, job):
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.agent.secret)
        s.sendall(job)
        self.talks.append(s)
        return s

    def put(self, s, at, wait=True):
        more = {5: True} if at + 65536 < len(self.blob) else {}
        send(s, {1: DATA, 8: self.blob[at:at + 65536], **more})
        return receive(s, 60) if wait else None

    def open(self, **params):
        return self.ask("restore.open", timeout=120, **params)

    def rows(self, handle):
        rows, same, cursor = [], 0, None
        while True:
            page = self.call("restore.compare", handle=handle, cursor=cursor)
            rows += page.rows
            same += page.same or 0
            cursor = page.next
            if not cursor:
                return rows, same


@contextlib.contextmanager
def restorer(agent, blob, keys=(), person=None):
    with contextlib.closing(Restorer(agent, person or Person(), blob, keys)) as c:
        yield c


def shown(c):
    return sorted((i.label, i.shown, i.epoch, i.state) for i in
                  c.call("id.list", all=True)["items"])


def secrets(c):
    return {i.label: c.call("secret.get", label=i.label).value
            for i in c.call("secret.list")["items"]}


def make(directory, more=0):
    """A vault, its backup, and what is in it."""
    with opened(directory) as (agent, _, person, c):
        fill(c)
        for i in range(more):
            c.call("secret.set", label="random %d" % i,
                   value=os.urandom(random.randrange(1, 5000)))
        blob, _ = create(c)
        return blob, person, shown(c), secrets(c), passphrase_of(person.shown), agent.read()


def sub(directory, name):
    path = os.path.join(directory, name)
    os.mkdir(path)
    return path


def empty_home(directory):
    """everything is back on an empty home, byte for byte, opened with passphrase or phrase"""
    blob, person, keys, values, card, _ = make(sub(directory, "a"), more=random.randrange(40))
    cases = [("pass", ["wrong words", card.upper().replace("-", " ")], PASS),
             ("phrase", [person.shown], 0)]
    for name, typed, ways in cases:
        with world(sub(directory, name)) as (agent,), restorer(agent, blob, typed) as c:
            head = expect(c.open(), "OK").result
            assert (head.identities, head.secrets) == (len(keys), len(values))
            assert bool(head.phrase) == (name == "phrase") and not head.compares
            expect(c.ask("restore.commit", handle=head.handle, ways=ways), "ONEWAY"
                   if ways or name == "phrase" else "LASTSLOT")
            expect(c.ask("restore.commit", handle=head.handle), "LASTSLOT" if ways else "ONEWAY")
            expect(c.ask("restore.commit", handle=head.handle, merge=True), "LOCKED")
            done = c.call("restore.commit", handle=head.handle, ways=PASS, timeout=60,
                          one_way_in=name == "pass", **ARGON)
            assert done.added == len(keys) + len(values) + (head.others or 0)
            assert shown(c) == keys and secrets(c) == values
            expect(c.ask("restore.close", handle=head.handle), "NOTFOUND")
            agent.restart()
            again = Person(words=person.shown)
            expect(agent.unlock(again, way=PASS), "OK")
            with contextlib.closing(agent.client()) as d:
                assert shown(d) == keys and secrets(d) == values
                d.call("secret.set", label="new", value=b"x")
            if name == "phrase":
                agent.restart()
                expect(agent.unlock(again, way=PHRASE), "OK")


def beside(directory):
    """beside a vault: compared, added, kept twice; twice changes nothing"""
    with opened(directory) as (agent, _, person, c):
        values = fill(c)
        c.call("secret.set", label="goes", value=b"gone")
        blob, handle = create(c)
        c.call("backup.done", handle=handle, where="x")
        c.call("secret.remove", label="goes", proof=PASS)
        keys = shown(c)
        with restorer(agent, blob, person=person) as d:
            head = expect(d.open(live_key=True), "OK").result
            assert head.compares and head.known and not head.other and not d.keys
            rows, same = d.rows(head.handle)
            assert [(r.state, r.label, r.removed) for r in rows] == [(1, "goes", True)]
            assert same == len(values) + len(keys) + head.others
            closed = d.call("restore.close", handle=head.handle)
            assert closed.known and closed.verified
        assert c.call("backup.list").backups[0].verified
        time.sleep(1.1)
        c.call("secret.set", label="wifi", value=b"newer", replace=True)
        c.call("secret.set", label="made after", value=b"1")
        c.call("id.rotate", label=keys[-1][0], proof=PASS, timeout=60)
        c.call("id.rotate", label="matrix/@a:example.org", proof=PASS, timeout=60,
               succession=True)
        keys = shown(c)
        with restorer(agent, blob, person=person) as d:
            head = expect(d.open(live_key=True), "OK").result
            rows, _ = d.rows(head.handle)
            assert {(r.state or 0, r.label, bool(r.newer)) for r in rows} >= {
                (0, "wifi", True), (2, "made after", True), (1, "goes", False)}, rows
            before = agent.hash()
            person.answers["NEED_PASS"] = "not it"
            expect(d.ask("restore.commit", handle=head.handle, merge=True, proof=PASS,
                         timeout=60), "PASS_WRONG")
            assert agent.hash() == before
            person.answers["NEED_PASS"] = Person().answers["NEED_PASS"]
            expect(d.ask("restore.commit", handle=head.handle), "VAULT_EXISTS")
            done = d.call("restore.commit", handle=head.handle, merge=True, proof=PASS, timeout=60)
            assert (done.added, done.both) == (1, 1), done
            day = time.strftime("%Y-%m-%d", time.gmtime(head.created))
            want = {**values, "wifi": b"newer", "made after": b"1", "goes": b"gone",
                    "wifi (backup %s)" % day: values["wifi"]}
            assert secrets(d) == want and shown(d) == keys
            file = agent.hash()
            done = d.call("restore.commit", handle=head.handle, merge=True, proof=PASS, timeout=60)
            assert not done.added and not done.both, done
            assert secrets(d) == want
            assert file != before
        agent.restart()
        expect(agent.unlock(person, way=PASS), "OK")
        with contextlib.closing(agent.client(person)) as d:
            assert secrets(d) == want and shown(d) == keys


def of_another(directory):
    """a backup of another vault: refused, but for its secrets on request"""
    blob, _, _, values, card, _ = make(sub(directory, "a"))
    with opened(sub(directory, "b")) as (agent, _, person, c):
        c.call("id.add", service="age", account="mine")
        keys, before = shown(c), agent.hash()
        with restorer(agent, blob, [card], person) as d:
            head = expect(d.open(live_key=True), "OK").result
            assert head.other and not head.known
            expect(d.ask("restore.commit", handle=head.handle, merge=True, proof=PASS),
                   "BACKUP_OTHER")
            assert agent.hash() == before
            done = d.call("restore.commit", handle=head.handle, merge=True, proof=PASS,
                          secrets_only=True, timeout=60)
            assert done.added == len(values) and done.passed
            assert secrets(d) == values and shown(d) == keys


def shapes(directory):
    """encrypted again by somebody else, reformatted, for a public key"""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption,
                                                              PrivateFormat, PublicFormat)
    blob, _, keys, values, card, _ = make(sub(directory, "a"))
    data = json.loads(open_passphrase(blob, card))
    private = X25519PrivateKey.generate()
    raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    identity = bech32("age-secret-key-", raw).upper()
    cases = [(seal_passphrase(json.dumps(data, indent=2, sort_keys=True).encode(), "my own"),
              "my own"),
             (seal_x25519(json.dumps(data, ensure_ascii=False).encode(), public), identity)]
    for i, (file, key) in enumerate(cases):
        with world(sub(directory, str(i))) as (agent,), restorer(agent, file, [key]) as c:
            head = expect(c.open(), "OK").result
            c.call("restore.commit", handle=head.handle, ways=PASS, one_way_in=True, timeout=60,
                   **ARGON)
            assert shown(c) == keys and secrets(c) == values


def damaged(directory):
    """cut off, flipped, another's, huge work: a clear error, nothing is there"""
    blob, _, _, _, card, _ = make(sub(directory, "a"))
    quick = seal_passphrase(open_passphrase(blob, card), "q")
    head = quick.index(b"\n--- ") + 49
    cases = [(quick[:at], None) for at in (0, 10, head - 1, head + 10, len(quick) // 2,
                                           len(quick) - 1)]
    for at in random.sample(range(len(quick)), 8):
        cases.append((quick[:at] + bytes([quick[at] ^ 1 << random.randrange(8)]) + quick[at + 1:],
                      None))
    cases.append((quick.replace(b" 10\n", b" 22\n", 1), "AGE_WORK"))
    cases.append((seal_passphrase(b"{}", "q"), "BACKUP_FORMAT"))
    cases.append((seal_passphrase(b"no JSON", "q"), "BACKUP_FORMAT"))
    document = json.loads(open_passphrase(blob, card))
    document["items"].append(document["items"][0])
    cases.append((seal_passphrase(json.dumps(document).encode(), "q"), "BACKUP_FORMAT"))
    with world(sub(directory, "b")) as (agent,):
        for file, status in cases:
            with restorer(agent, file, ["q"]) as c:
                begin = time.monotonic()
                reply = c.open()
                assert reply.status == status or (
                    not status and (reply.status.startswith("AGE_") or reply.status in (
                        "CANCELLED", "FORMAT"))), (reply, status)
                assert time.monotonic() - begin < 5 or status != "AGE_WORK"
                expect(c.ask("restore.commit", handle=1, ways=PASS), "NOTFOUND")
        assert not os.path.exists(agent.vault)
        until(lambda: not agent.helpers(), "the end of the workers")


def leavers(directory):
    """clients that go, workers that die, sessions of others: nothing stays"""
    blob, _, _, _, card, _ = make(sub(directory, "a"))
    plain = json.loads(open_passphrase(blob, card))
    plain["about"] = ["x" * 1000] * 3000
    quick = seal_passphrase(json.dumps(plain).encode(), "q")
    with world(sub(directory, "b")) as (agent,):
        c = Restorer(agent, Person(), quick, ["q"])
        head = expect(c.open(), "OK").result
        with restorer(agent, quick, ["q"]) as d:
            expect(d.open(), "BUSY")
            expect(d.ask("restore.commit", handle=head.handle, ways=PASS), "NOTFOUND")
            c.close()
        with restorer(agent, quick, []) as d:
            expect(d.open(), "CANCELLED")
        with restorer(agent, quick, ["q"]) as d:
            d.stop_at = 131072
            request = d.start("restore.open")
            d.wait_event("NEED_FILE")
            until(agent.helpers, "a worker")
            os.kill(agent.helpers()[0], 9)
            assert d.wait(request).status != "OK"
        with restorer(agent, quick, ["q"]) as d:
            d.stop_at = 131072
            d.start("restore.open")
            d.wait_event("NEED_FILE")
        until(lambda: not agent.helpers(), "the worker's end")
        with restorer(agent, quick, ["q"]) as d:
            expect(d.open(), "OK")
        assert not os.path.exists(agent.vault)


def by_hand(directory):
    """the commands: verify at both levels, restore, a copy of the vault"""
    blob, person, keys, values, card, vault = make(sub(directory, "a"))
    home = sub(directory, "b")
    file = os.path.join(home, "b.age")
    with open(file, "wb") as f:
        f.write(blob)
    with world(home, pinentry="none") as (agent,):
        done = agent.cli("backup", "verify", file)
        assert done.returncode == 0 and "whole" in done.stderr, done
        done = agent.cli("backup", "verify", file, "--deep", "--ask-stdin", stdin=card + "\n")
        assert done.returncode == 0 and "%d secrets" % len(values) in done.stderr, done
        for bad in (blob[:-1], blob[:-70000]):
            with open(file + ".bad", "wb") as f:
                f.write(bad[:len(bad)])
            done = agent.cli("backup", "verify", file + ".bad", "--deep", "--ask-stdin",
                             stdin=card + "\n")
            assert done.returncode == 1, done
        done = agent.cli("restore", file, "--passphrase", "--one-way-in", "--memory", "8",
                         "--ask-stdin", stdin="\n".join(["wrong", card, "new pass", "new pass",
                                                         ""]))
        assert done.returncode == 0, done
        with contextlib.closing(agent.client()) as c:
            assert shown(c) == keys and secrets(c) == values
            done = agent.cli("backup", "verify", file)
            assert done.returncode == 0 and "everything" in done.stderr, done
            c.call("secret.set", label="another", value=b"1")
            done = agent.cli("backup", "verify", file, "--json")
            assert done.returncode == 1 and json.loads(done.stdout)["missing"] == 1, done
            done = agent.cli("restore", file)
            assert done.returncode == 0 and "already" in done.stderr, done
        copy = os.path.join(home, "copy")
        with open(copy, "wb") as f:
            f.write(vault)
        done = agent.cli("restore", copy)
        assert done.returncode == 1 and "already" in done.stderr, done
    with world(sub(directory, "c")) as (agent,):
        with open(copy, "wb") as f:
            f.write(vault[:4000] + b"x" + vault[4001:])
        done = agent.cli("restore", copy)
        assert done.returncode == 1 and not os.path.exists(agent.vault), done
        with open(copy, "wb") as f:
            f.write(vault)
        done = agent.cli("restore", copy)
        assert done.returncode == 0 and agent.read() == vault, done
        expect(agent.unlock(person, way=PASS), "OK")
        with contextlib.closing(agent.client()) as c:
            assert shown(c) == keys and secrets(c) == values


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        empty_home, beside, of_another, shapes, damaged, leavers, by_hand)]))
