"""Succession (DESIGN 5, ownkey-succession(5)): agents make logs and cards, another program reads
them; contacts follow what was meant and are warned of everything else."""

import base64
import contextlib
import hashlib
import os
import re
import struct
import subprocess
import sys
import time

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from other_reader import Outside, derive, read_body, replay
from ownkey import PASS, PHRASE, TOKEN, Failed, expect, run_parallel, until, world
from vault import Vault, raw, unseal
from worker import kdf

OTHER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "unit",
                     "succession_other.py")
GOOD, OWED, REVOKED = range(3)
SAME, UPDATED, ASK, OLDER, ALARM = range(5)
CHANGES = "same new added rotated recovered older missing revoked changed".split()
M = "matrix/@a:example.org"
WRONG = " ".join(["abandon"] * 23 + ["art"])


@contextlib.contextmanager
def opened(directory, name="a", **conf):
    home = os.path.join(directory, name)
    os.makedirs(home, exist_ok=True)
    with world(home, {}, **conf) as (agent, _):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            yield agent, person, c


def block(kind, data):
    text = base64.b64encode(data).decode()
    return "-----BEGIN OWNKEY %s-----\n%s\n-----END OWNKEY %s-----\n" % (kind, text, kind)


def unblock(text):
    return base64.b64decode(re.search(r"BEGIN OWNKEY \w+-----\n(.*?)\n-----END", text,
                                      re.S).group(1).replace("\n", ""))


def other(text):
    """What the other reader says."""
    path = "/proc/self/fd/0"
    return subprocess.run(["/usr/bin/python3", OTHER, "read", path], input=text, text=True,
                          capture_output=True, check=True).stdout.strip()


def keys_of(c, label=M):
    """{purpose: hash of the public key} as `id list` shows them."""
    return {i.purpose: hashlib.sha256(i.shown.encode()).hexdigest()
            for i in c.call("id.list")["items"] if i.label.startswith(label + "/") and i.shown}


def show(c, label=M):
    rep = c.call("succession.show", label=label)
    log = rep.log[0]
    words = other(rep.text).split()
    assert words[:2] == [log.service, log.account], words
    assert int(words[3]) == log.entries and int(words[4]) == (log.rotations or 0), words
    assert words[6] == log.key, words
    assert dict(w.split("=") for w in words[8:]) == {b.purpose: b.digest.hex()
                                                     for b in rep.bound or []}
    return log, {b.purpose: b.digest.hex() for b in rep.bound or []}, rep.text


def asked(person, kind="NEED_WORDS"):
    return sum(e.kind == kind for e in person.asked)


def records(agent):
    return len(Vault(agent.read()).records())


def rotates(directory):
    """a rotation signed with the phrase is read by another program, and is one record"""
    with opened(directory) as (agent, person, c):
        c.call("id.add", service="matrix", account="@a:example.org")
        log, bound, _ = show(c)
        assert log.entries == 1 and log.state == GOOD and bound == keys_of(c) and bound
        for n in range(1, 4):
            before, old = records(agent), keys_of(c)
            rep = c.call("id.rotate", label=M, succession=True)
            assert not rep.owed and records(agent) == before + 1
            log, bound, _ = show(c)
            assert (log.rotations, log.state) == (n, GOOD) and asked(person) == n
            assert bound == keys_of(c) != old
        # one key alone; a purpose more is bound without the phrase
        c.call("id.retire", label=M + "/backup")
        c.call("id.rotate", label=M + "/cross-signing.master", succession=True)
        _, bound, _ = show(c)
        assert bound == keys_of(c) and "backup" not in bound
        c.call("id.rotate", label=M + "/backup", succession=True)
        count = asked(person)
        log, bound, _ = show(c)
        assert bound == keys_of(c) and "backup" in bound and log.state == GOOD
        assert count == 4, "binding took the phrase"
        hidden(agent, person, c)


def hidden(agent, person, c):
    """The item of a log is nobody's to list, show, export, sign with or weaken."""
    log, = logs_of(agent, person.shown).values()
    assert log[3] == M and log[7][5] == "succession" and log[10][1] == 2
    assert "succession" not in {i.purpose for i in c.call("id.list", all=True)["items"]}
    for label in (log[1].hex(), M + "/succession"):
        for op in ("id.show", "id.export", "id.rotate", "secret.get"):
            expect(c.ask(op, label=label), "NOTFOUND")
        expect(c.ask("policy.set", label=label, use=0), "NOTFOUND")
        expect(c.ask("sign", label=label, type=1, data=b"ownkey1-card" + bytes(32)), "NOTFOUND")
    expect(c.ask("id.add", service="matrix", account="@a:example.org", purpose="succession"),
           "NOTFOUND")


def body_of(data, words):
    """All that an open vault holds, the journal replayed: its root key and its body."""
    vrk = Vault(data).vrk(words)
    outside = Outside(data)
    body = read_body(outside, vrk)
    replay(outside, vrk, body)
    return vrk, body


def logs_of(agent, words):
    """{label: item} of the logs, by the other implementation."""
    return {i[3]: i for i in body_of(agent.read(), words)[1][5] if i[2] == 4}


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (rotates,)]))
