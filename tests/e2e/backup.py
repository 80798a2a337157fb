"""Backups, read without ownkey: the JSON in them, against a second implementation of the
derivation."""

import base64
import contextlib
import hashlib
import json
import os
import random
import shutil
import sys
import tempfile
import time

import cbor2

from agefile import open_passphrase
from other_reader import derive
from ownkey import PASS, PHRASE, TOKEN, expect, run_parallel, world
from worker import kdf, root_of


@contextlib.contextmanager
def opened(directory, **token):
    with world(directory, token) as (agent, token):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            yield agent, token, person, c


def create(c, **params):
    """The bytes of a backup, and its handle."""
    rep = c.call("backup.create", timeout=120, **params)
    data = b""
    while True:
        piece = c.call("backup.read", handle=rep.handle)
        data += piece.data or b""
        if piece.end:
            return data, rep.handle


def passphrase_of(words, generation=0):
    raw = kdf(root_of(words.split()), b"backup", generation.to_bytes(4, "big"), 16)
    bits = bin(int.from_bytes(b"\1" + raw, "big"))[3:]
    return "-".join(WORDS[int(bits[11 * i:11 * i + 11], 2)] for i in range(10))


WORDS = [w for w in open(os.path.join(os.path.dirname(__file__), "..", "..", "lib",
                                      "words_english.c"), encoding="ascii").read().split('"')[1::2]
         if w.isalpha()]


def fill(c):
    secrets = {"wifi": b"pass \"word\" \\ \xc3\xa4", "binary": os.urandom(1000),
               "long": os.urandom(50000).hex().encode(), "empty lines": b"a\n\nb\t",
               "big": os.urandom(131000)}
    for name, value in secrets.items():
        c.call("secret.set", label=name, value=value)
    c.call("id.add", service="matrix", account="@a:example.org")
    c.call("id.add", service="ssh", account="me/\u00e4 %")
    c.call("id.rotate", label="matrix/%40a:example.org/backup"
           if not [i for i in c.call("id.list")["items"] if i.label.startswith("matrix/@")]
           else "matrix/@a:example.org/backup")
    return secrets


def value_of(item):
    return item["value"].encode() if "value" in item else base64.b64decode(item["base64"])


def check_keys(data, words):
    seeds = {s["generation"]: bytes.fromhex(s["seed"]) for s in data["seeds"]}
    root = root_of(words.split())
    assert seeds == {g: kdf(root, b"seed", g.to_bytes(4, "big"), 32) for g in seeds}
    n = 0
    for item in data["items"]:
        for epoch in item.get("epochs", []):
            path = [item["service"].encode(), item["account"].encode(), item["purpose"].encode(),
                    epoch["epoch"].to_bytes(4, "big")]
            key = derive(seeds[epoch["generation"]], path, item["algorithm"])
            assert key.hex() == epoch["private"], item["name"]
            n += item["kind"] == "key"
    return n


def content(directory):
    """everything is in it, in words and as records"""
    with opened(directory) as (_, _, person, c):
        secrets = fill(c)
        blob, handle = create(c)
        plain = open_passphrase(blob, passphrase_of(person.shown))
        data = json.loads(plain)
        assert data["format"] == "ownkey-backup" and data["version"] == 1
        found = {i["name"]: value_of(i) for i in data["items"] if i["kind"] == "secret"}
        assert found == secrets
        assert check_keys(data, person.shown) == 7
        assert any(f["form"] == "recovery-key" and f["value"].startswith("Es")
                   for i in data["items"] for f in i.get("forms", []))
        listed = c.call("id.list", all=True)["items"] + c.call("secret.list")["items"]
        records = {cbor2.loads(base64.b64decode(i["record"]))[1] for i in data["items"]}
        assert records >= {i.id for i in listed}
        assert len(records) - len(listed) == sum(
            i["kind"] == "succession log" for i in data["items"])
        assert {s["backup_passphrase"] for s in data["seeds"]} == {passphrase_of(person.shown)}
        assert "9" in data["body"] and "8" not in data["body"], "no audit key"
        c.call("backup.done", handle=handle, where="/media/stick/x.age")
        rows = c.call("backup.list").backups
        assert [(r.hash, r.size, r.where) for r in rows] == [
            (hashlib.sha256(blob).digest(), len(blob), "/media/stick/x.age")]
        expect(c.ask("backup.done", handle=handle), "NOTFOUND")


def snapshot(directory):
    """what changes while it is read is not in it, and nothing is torn"""
    with opened(directory) as (_, _, person, c):
        values = {"s%d" % i: os.urandom(random.randrange(20000)).hex().encode()
                  for i in range(30)}
        for name, value in values.items():
            c.call("secret.set", label=name, value=value)
        rep = c.call("backup.create", timeout=120)
        blob = c.call("backup.read", handle=rep.handle).data
        for name in values:
            c.call("secret.set", label=name, value=b"changed", replace=True)
        c.call("slot.remove", label="passphrase")
        end = False
        while not end:
            piece = c.call("backup.read", handle=rep.handle)
            blob, end = blob + (piece.data or b""), piece.end
        data = json.loads(open_passphrase(blob, passphrase_of(person.shown)))
        assert {i["name"]: value_of(i) for i in data["items"]} == values


def guarded(directory):
    """an open vault is not enough, other clients get nothing, unread ones are not counted"""
    with opened(directory) as (agent, _, person, c):
        person.answers["NEED_PASS"] = "wrong"
        expect(c.ask("backup.create", proof=PASS), "PASS_WRONG")
        person.answers["NEED_WORDS"] = "abandon " * 23 + "art"
        expect(c.ask("backup.create", proof=PHRASE), "WORDS_WRONG")
        expect(c.ask("backup.passphrase", proof=PHRASE), "WORDS_WRONG")
        expect(c.ask("backup.create", recipients=[{"text": "age1pq1" + "q" * 100}]),
               "AGE_QUANTUM")
        expect(c.ask("backup.create", recipients=[{"text": "age1notone"}]), "FORMAT")
        assert not c.events or not c.count("TOUCH"), "nobody is asked for a touch in vain"
        rep = c.call("backup.create", timeout=60)
        expect(c.ask("backup.done", handle=rep.handle, where="x"), "USAGE")
        with contextlib.closing(agent.client(person)) as other:
            expect(other.ask("backup.read", handle=rep.handle), "NOTFOUND")
        assert not c.call("backup.list").backups
        assert c.call("backup.passphrase").passphrase == passphrase_of(person.shown)


def by_hand(directory):
    """the command: a whole file or none, never over another one"""
    with opened(directory, pin=None) as (agent, _, person, c):
        fill(c)
        name = os.path.join(directory, "b.age")
        done = agent.cli("backup", "create", name)
        assert done.returncode == 0, done
        blob = open(name, "rb").read()
        assert os.stat(name).st_mode & 0o777 == 0o600
        json.loads(open_passphrase(blob, passphrase_of(person.shown)))
        done = agent.cli("backup", "create", name)
        assert done.returncode == 1 and "exists" in done.stderr, done
        assert open(name, "rb").read() == blob
        assert [f for f in os.listdir(directory) if "b.age" in f] == ["b.age"]
        done = agent.cli("backup", "create", os.path.join(directory, "none", "b.age"))
        assert done.returncode == 1, done
        assert len(c.call("backup.list").backups) == 1


def same_disk(directory):
    """on the vault's own disk it does not count as kept twice, until it is seen on another one"""
    with opened(directory, pin=None) as (agent, _, _, c):
        secrets = fill(c)
        name = os.path.join(directory, "b.age")
        with tempfile.TemporaryDirectory(dir="/dev/shm") as stick:
            if os.stat(stick).st_dev == os.stat(agent.vault).st_dev:
                print("# one disk for all: nothing to tell apart")
                return
            time.sleep(1.1)
            assert agent.cli("backup", "create", name).returncode == 0
            st = c.call("status")
            assert st.backup_here and st.only_here == len(secrets), st
            assert "another one" in agent.cli("status").stdout
            done = agent.cli("backup", "verify", name)
            assert done.returncode == 0 and c.call("status").only_here, done
            shutil.copy(name, stick)
            done = agent.cli("backup", "verify", os.path.join(stick, "b.age"))
            assert done.returncode == 0, done
            st = c.call("status")
            assert not st.backup_here and not st.only_here, st


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        content, snapshot, guarded, by_hand, same_disk)]))
