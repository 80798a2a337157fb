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

from backup import create
from other_reader import Outside, derive, read_body, replay
from ownkey import ARGON, PASS, TOKEN, Person, expect, run_parallel, world
from restore import restorer
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


def restored(directory):
    """from a backup, logs and contacts come back and go on: contacts see nothing amiss"""
    with opened(directory, "old") as (_, person, c):
        for account in ("alice", "owed"):
            c.call("id.add", service="ssh", account=account)
        c.call("id.rotate", label="ssh/alice", succession=True)
        first = card(c)
        c.call("id.rotate", label="ssh/owed")
        c.call("contact.add", name="alice", card=first)
        blob, _ = create(c)
    home = os.path.join(directory, "new")
    os.makedirs(home)
    typist = Person(words=person.shown)
    with world(home) as (agent,), restorer(agent, blob, [person.shown], typist) as c:
        head = expect(c.open(), "OK").result
        c.call("restore.commit", handle=head.handle, ways=PASS, timeout=60, **ARGON)
        log, bound, _ = show(c, "ssh/alice")
        assert (log.entries, log.rotations, log.state) == (2, 1, GOOD)
        assert show(c, "ssh/owed")[0].state == OWED
        assert c.call("contact.show", label="alice").card == first
        assert not c.call("id.rotate", label="ssh/alice", succession=True, proof=PASS).owed
        assert len(c.call("succession.sign").logs) == 1
        assert keys_of(c, "ssh/alice") == show(c, "ssh/alice")[1] != bound
        time.sleep(1.1)
        rows = {"ssh/alice": "rotated", "ssh/owed": "rotated"}
        assert check(c, card(c), update=True) == (UPDATED, rows, True)
        announced = [cbor2.loads(e[1])[7] for i in logs_of(agent, person.shown).values()
                     for e in cbor2.loads(i[9])]
        assert len(set(announced)) == len(announced) == 5, "a key of the phrase is used twice"


# --- other people ---

def card(c, **kw):
    return c.call("card.make", **kw).card


def check(c, data, name="alice", **kw):
    rep = c.call("contact.check", name=name, card=data, **kw)
    return rep.verdict, {"%s/%s" % (r.service, r.account): CHANGES[r.change]
                         for r in rep.rows or []}, bool(rep.pinned)


def follows(directory):
    """a contact's rotations are kept; older, forged, changed and unknown cards are not"""
    with opened(directory, "alice") as (_, _, a), opened(directory, "bob") as (bob, person, b):
        a.call("id.add", service="matrix", account="@a:example.org")
        a.call("id.add", service="ssh", account="alice")
        touched = a.count("TOUCH")
        first = card(a)
        assert a.count("TOUCH") == touched + 1, "a card takes a touch"
        b.call("contact.add", name="alice", card=first)
        expect(b.ask("contact.add", name="alice", card=first), "EXISTS")
        expect(b.ask("contact.add", name="mallory", card=first), "CONTACT_KNOWN")
        expect(b.ask("contact.add", name="two\nlines", card=first), "TEXT")
        a.call("id.rotate", label=M, succession=True)
        a.call("id.add", service="age", account="me")
        time.sleep(1.1)
        second = card(a)
        rows = {M: "rotated", "ssh/alice": "same", "age/me": "new"}
        assert check(b, second) == (UPDATED, rows, False)
        assert check(b, second) == (UPDATED, rows, False), "nothing was kept unasked"
        assert check(b, second, update=True) == (UPDATED, rows, True)
        assert check(b, second)[0] == SAME
        assert check(b, first, update=True)[::2] == (OLDER, False)
        for at in range(0, len(second), 97):
            forged = bytearray(second)
            forged[at] ^= 1
            reply = b.ask("contact.check", name="alice", card=bytes(forged), update=True)
            assert reply.status != "OK", at
        a.call("id.revoke", label="ssh/alice")
        time.sleep(1.1)
        third = card(a)
        assert check(b, third, update=True) == (ASK, {M: "same", "ssh/alice": "revoked",
                                                      "age/me": "same"}, False)
        # what nothing vouches for, and forgetting, takes a factor
        person.answers["NEED_PASS"] = "not the passphrase"
        expect(b.ask("contact.check", name="alice", card=third, update=True, force=True,
                     proof=PASS), "PASS_WRONG")
        expect(b.ask("contact.remove", label="alice", proof=PASS), "PASS_WRONG")
        assert b.call("contact.show", label="alice").card == second
        assert check(b, third, update=True, force=True)[2]
        assert b.call("contact.show", label="alice").card == third
        assert [i.label for i in b.call("contact.list")["items"]] == ["alice"]
        b.call("contact.remove", label="alice")
        expect(b.ask("contact.show", label="alice"), "NOTFOUND")
        expect(b.ask("contact.check", card=third), "CONTACT_NONE")
        assert bob.status().identities is None or not b.call("id.list").get("items")


def catches_up(directory):
    """without the phrase a rotation stays owed; one typing signs what many identities owe"""
    with opened(directory) as (agent, person, c):
        labels = [M, "ssh/alice", "age/me"]
        for label in labels:
            service, account = label.split("/")
            c.call("id.add", service=service, account=account)
        before = {label: keys_of(c, label) for label in labels[:1]}
        for label in labels:
            assert c.call("id.rotate", label=label).owed and not asked(person)
        log, bound, _ = show(c)
        assert log.state == OWED and bound == before[M], "what contacts knew is on record"
        expect(c.ask("card.make"), "SUCC_OWED")
        person.answers["NEED_WORDS"] = WRONG
        data = agent.read()
        expect(c.ask("succession.sign"), "WORDS_WRONG")
        expect(c.ask("id.rotate", label=M, succession=True), "WORDS_WRONG")
        assert agent.read() == data, "the phrase was wrong, and something changed"
        person.answers["NEED_WORDS"], count = person.shown, asked(person)
        rep = c.call("succession.sign")
        assert asked(person) == count + 1 and not rep.left and len(rep.logs) == 3, rep
        for label in labels:
            log, bound, _ = show(c, label)
            assert (log.state, log.rotations) == (GOOD, 1) and bound
        assert not c.call("succession.sign").logs and asked(person) == count + 1
        # each took keys of its own
        logs = logs_of(agent, person.shown).values()
        announced = [cbor2.loads(s[1])[7] for i in logs for s in cbor2.loads(i[9])]
        assert len(set(announced)) == len(announced) == 6
        # a program that cannot have words typed: nothing is changed
        with contextlib.closing(agent.client(person, interactive=False)) as script:
            data = agent.read()
            expect(script.ask("id.rotate", label=M, succession=True), "NOPROMPT")
            assert agent.read() == data


def revokes(directory):
    """revoking all keys takes no phrase and is in the log; then only a rotation goes on"""
    with opened(directory) as (_, person, c):
        c.call("id.add", service="matrix", account="@a:example.org")
        show(c)
        assert not c.call("id.revoke", label=M + "/backup", succession=True).owed
        log, bound, _ = show(c)
        assert (log.rotations, asked(person)) == (1, 1) and "backup" not in bound
        assert not c.call("id.revoke", label=M).owed and asked(person) == 1
        log, _, _ = show(c)
        assert log.state == REVOKED
        assert not c.call("id.rotate", label=M + "/cross-signing.master", succession=True).owed
        log, bound, _ = show(c)
        assert log.state == GOOD and set(bound) == {"cross-signing.master"}


def new_seeds(directory):
    """a reseed goes on with the log; another phrase takes the old one, or the log ends"""
    with opened(directory) as (agent, person, c):
        c.call("id.add", service="ssh", account="alice")
        show(c, "ssh/alice")
        old = card(c)
        c.call("id.reseed")
        assert not c.call("id.rotate", label="ssh/alice", succession=True).owed
        log, _, _ = show(c, "ssh/alice")
        assert log.state == GOOD and not log.old_phrase
        first = person.shown
        person.answers["NEED_WORDS"] = first
        c.call("id.reseed", new_phrase=True)
        log, _, _ = show(c, "ssh/alice")
        assert log.old_phrase and person.shown != first
        person.answers["NEED_WORDS"] = person.shown
        expect(c.ask("id.rotate", label="ssh/alice", succession=True), "WORDS_WRONG")
        person.answers["NEED_WORDS"] = first
        assert not c.call("id.rotate", label="ssh/alice", succession=True).owed
        assert "OLD recovery phrase" in person.asked[-1].text
        log, _, _ = show(c, "ssh/alice")
        assert (log.rotations, log.state) == (2, GOOD) and log.old_phrase
        # the old phrase is lost: the log ends
        assert c.call("id.rotate", label="ssh/alice").owed
        expect(c.ask("succession.sign", anew=True), "USAGE")
        rep = c.call("succession.sign", anew=True, paths=[{"label": "ssh/alice"}])
        assert len(rep.logs) == 1 and not rep.left
        log, bound, _ = show(c, "ssh/alice")
        assert (log.entries, log.state) == (1, GOOD) and not log.old_phrase
        assert bound == keys_of(c, "ssh/alice")
        c.call("contact.add", name="alice", card=old)
        time.sleep(1.1)
        assert check(c, card(c), update=True) == (ALARM, {"ssh/alice": "changed"}, False)
        del agent


def interrupted(directory):
    """killed, or overtaken by another change, while the phrase is looked for: nothing happened"""
    with opened(directory) as (agent, person, c):
        c.call("id.add", service="ssh", account="alice")
        show(c, "ssh/alice")
        keys = keys_of(c, "ssh/alice")
        person.hold.add("NEED_WORDS")
        request = c.start("id.rotate", label="ssh/alice", succession=True)
        event = c.wait_event("NEED_WORDS")
        with contextlib.closing(agent.client()) as other_client:
            other_client.call("id.rotate", label="ssh/alice")
        now = keys_of(c, "ssh/alice")
        c.talk(event.job, person.shown)
        expect(c.wait(request), "VAULT_CHANGED")
        assert keys_of(c, "ssh/alice") == now != keys
        before = body_of(agent.read(), person.shown)[1]
        c.start("id.rotate", label="ssh/alice", succession=True)
        c.wait_event("NEED_WORDS")
        agent.restart()
        after = body_of(agent.read(), person.shown)[1]
        assert [after[key] for key in (4, 5, 7)] == [before[key] for key in (4, 5, 7)]
        person.hold.clear()
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as again:
            assert keys_of(again, "ssh/alice") == now
            assert not again.call("id.rotate", label="ssh/alice", succession=True).owed
            assert show(again, "ssh/alice")[0].rotations == 1


# --- a thief ---

def sign(domain, key, data):
    return key.sign(domain + hashlib.sha256(data).digest())


def public(key):
    return raw(key.public_key())


def dumps(value):
    return cbor2.dumps(value, canonical=True)


def add_entry(log, kind, keys, **fields):
    last = cbor2.loads(log[-1][1])
    entry = {1: 1, 2: last[2], 3: len(log), 4: hashlib.sha256(dumps(log[-1])).digest(), 5: kind,
             6: last[6], 7: last[7], 8: last[8], **{int(k[1:]): v for k, v in fields.items()}}
    data = dumps(entry)
    return log + [{1: data, 2: [{1: public(k), 2: sign(b"ownkey1-succession", k, data)}
                                for k in keys]}]


def begin(key, announced, rows):
    entry = {1: 1, 3: 0, 5: 0, 6: [public(key)], 7: announced, 8: int(time.time()), 9: rows}
    entry[2] = hashlib.sha256(dumps(entry)).digest()[:16]
    data = dumps(entry)
    return [{1: data, 2: [{1: public(key), 2: sign(b"ownkey1-succession", key, data)}]}]


def make_card(logs, texts=()):
    """logs: (log, key that signs the card)"""
    body = dumps({1: 1, 2: "Alice", 3: int(time.time()) + 5,
                  4: [{1: log, 2: list(texts)} for log, _ in logs]})
    return dumps({1: body, 2: [sign(b"ownkey1-card", key, body) for _, key in logs]})


def binding(account, purpose, text, epoch=0):
    return {1: "ssh", 2: account, 3: purpose, 4: "ed25519",
            5: hashlib.sha256(text.encode()).digest(), 6: epoch}


class Thief:
    """Has a copy of the vault while it was open: its root key, and all that is in it."""

    def __init__(self, data, words, label):
        self.vrk, self.body = body_of(data, words)
        item = next(i for i in self.body[5] if i[2] == 4 and i[3] == label)
        self.log = cbor2.loads(item[9])
        self.account = item[7][4]
        seeds = {s[1]: unseal(kdf(self.vrk, b"seedbox", struct.pack(">I", s[1]), 32), b"seedbox",
                              struct.pack(">I", s[1]), s[2]) for s in self.body[4]}
        self.secrets = [self.vrk, *seeds.values()]
        last = item[12][-1]
        self.key = self.log_key(seeds[last.get(4, 0)], last[1])
        self.announced = cbor2.loads(self.log[-1][1])[7]
        self.own = [Ed25519PrivateKey.generate() for _ in range(3)]

    def log_key(self, seed, epoch):
        path = [b"ssh", self.account.encode(), b"succession", struct.pack(">I", epoch)]
        return Ed25519PrivateKey.from_private_bytes(derive(seed, path, "ed25519"))

    def candidates(self):
        """Every key that comes to mind, from everything there is."""
        for s in self.secrets:
            yield s
            for g in range(3):
                for j in range(256):
                    yield kdf(s, b"succession", struct.pack(">II", g, j), 32)
        for s in self.secrets[1:]:
            for epoch in range(64):
                yield self.log_key(s, epoch).private_bytes_raw() if hasattr(
                    self.key, "private_bytes_raw") else self.log_key(s, epoch).private_bytes(*RAW)

    def has_phrase_key(self):
        return any(hashlib.sha256(public(Ed25519PrivateKey.from_private_bytes(k))).digest()
                   == self.announced for k in self.candidates())

    def rotations(self):
        """Ways to move the log to keys of the thief's."""
        rows = [binding(self.account, "identity", "stolen")]
        nxt = hashlib.sha256(public(self.own[2])).digest()
        moved = {"_6": [public(self.own[0])], "_7": nxt, "_9": rows}
        yield add_entry(self.log, 1, [self.key, self.own[1]], **moved)
        yield add_entry(self.log, 1, [self.key, self.key], **moved)
        yield add_entry(self.log, 1, [self.key], **moved)
        yield add_entry(self.log, 1, [self.own[1], self.key], **moved)
        # announce another key first
        yield add_entry(self.log, 3, [self.key], _7=nxt,
                        _9=[binding(self.account, "x", "stolen")])
        yield add_entry(self.log, 3, [self.key], _6=[public(self.own[0])],
                        _9=[binding(self.account, "x", "stolen")])
        # bind over what is bound
        yield add_entry(self.log, 3, [self.key], _9=rows)
        # go on after revoking
        revoked = add_entry(self.log, 2, [self.key])
        yield add_entry(revoked, 1, [self.key, self.own[1]], **moved)
        yield add_entry(revoked, 3, [self.key], _9=[binding(self.account, "x", "stolen")])


RAW = ()


def steals(directory):
    """who copied an open vault, every key in it, cannot move an identity to other keys"""
    # pylint: disable=global-statement,import-outside-toplevel
    global RAW
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    RAW = (Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    with opened(directory, "alice") as (alice, owner, a), opened(directory, "bob") as (bob, _, b):
        a.call("id.add", service="ssh", account="alice")
        a.call("id.rotate", label="ssh/alice", succession=True)
        mine = card(a)
        b.call("contact.add", name="alice", card=mine)
        thief = Thief(alice.read(), owner.shown, "ssh/alice")
        good = make_card([(thief.log, thief.key)])
        assert check(b, good) == (UPDATED, {"ssh/alice": "same"}, False), "has the log key"
        assert not thief.has_phrase_key(), "the vault holds the phrase's key"
        for n, log in enumerate(thief.rotations()):
            text = block("SUCCESSION", dumps(log))
            assert other(text).startswith("refused"), n
            done = bob.cli("succession", "verify", "-", stdin=text)
            assert done.returncode == 1 and not done.stdout, (n, done)
            for key in (thief.key, *thief.own):
                reply = b.ask("contact.check", name="alice", card=make_card([(log, key)]),
                              update=True)
                assert reply.status.startswith("SUCC_") or reply.status == "CARD_SIGNATURE", (
                    n, reply)
        # another log under the same name: shouted about, never kept
        nxt = hashlib.sha256(public(thief.own[2])).digest()
        rows = [binding("alice", "identity", "stolen")]
        for key in (thief.key, thief.own[0]):
            anew = make_card([(begin(key, nxt, rows), key)], [{1: "identity", 2: "stolen"}])
            assert check(b, anew, update=True) == (ALARM, {"ssh/alice": "changed"}, False)
            path = os.path.join(directory, "anew.txt")
            open(path, "w", encoding="utf-8").write(block("CARD", anew))
            done = bob.cli("contact", "check", path, "--update")
            assert done.returncode == 1 and "CHANGED WITHOUT A SUCCESSION" in done.stdout, done
            assert "in person" in done.stderr.replace("\n", " "), done
        # hiding behind other identities: the owner is to be asked
        extra = begin(thief.own[0], nxt, [binding("new", "identity", "stolen")])
        assert check(b, make_card([(extra, thief.own[0])]), update=True)[::2] == (ALARM, False)
        gone = add_entry(thief.log, 2, [thief.key])
        verdict, _, kept = check(b, make_card([(gone, thief.key), (extra, thief.own[0])]),
                                 update=True)
        assert verdict >= ASK and not kept
        assert b.call("contact.show", label="alice").card == mine
        recovers(a, b, thief)


def recovers(a, b, thief):
    """What the log key alone can do, the owner's phrase undoes."""
    more = add_entry(thief.log, 3, [thief.key], _9=[binding("alice", "sign", "stolen")])
    forked = make_card([(more, thief.key)], [{1: "sign", 2: "stolen"}])
    assert check(b, forked, update=True) == (UPDATED, {"ssh/alice": "added"}, True)
    a.call("id.reseed")
    a.call("id.rotate", label="ssh/alice", succession=True)
    time.sleep(6)
    assert check(b, card(a), update=True) == (UPDATED, {"ssh/alice": "recovered"}, True)
    assert check(b, forked, update=True)[::2] == (ALARM, False), "the thief, once more"
    _, bound, _ = show(a, "ssh/alice")
    assert "sign" not in bound
    new = add_entry(more, 3, [thief.key], _9=[binding("alice", "more", "stolen")])
    assert check(b, make_card([(new, thief.key)]), update=True)[0] == ALARM


# --- on the command line ---

def commands(directory):
    """the commands: a card as text and QR, contacts, verify without an agent; 50 columns"""
    with opened(directory, "alice") as (alice, _, a), opened(directory, "bob") as (bob, _, b):
        one, two = os.path.join(directory, "one.txt"), os.path.join(directory, "two.txt")
        log = os.path.join(directory, "log.txt")
        a.call("id.add", service="ssh", account="alice")

        def run(agent, status, *args, **kw):
            done = agent.cli(*args, **kw)
            assert done.returncode == status, (args, done)
            for line in done.stdout.splitlines():
                if not line.startswith(("    ssh-", "ssh alice, ", "(these", "card ")):
                    assert len(line) <= 64, line
            return done.stdout + done.stderr

        run(alice, 0, "card", "--name", "Alice", "-o", one)
        assert "log key" in run(bob, 0, "contact", "add", "alice", one)
        assert "alice" in run(bob, 0, "contact", "list")
        assert "ssh-ed25519" in run(bob, 0, "contact", "show", "alice")
        assert "Nothing changed" in run(bob, 0, "contact", "check", "alice", one)
        open(log, "w", encoding="utf-8").write(alice.cli("succession", "show", "ssh/alice").stdout)
        alice.stop()
        assert "did:key" in run(alice, 0, "succession", "verify", log)
        alice.start()
        expect(alice.unlock(), "OK")
        with contextlib.closing(alice.client()) as c:
            c.call("id.rotate", label="ssh/alice")
        assert "OWED" in run(alice, 0, "succession", "show", "ssh/alice")
        assert "succession sign" in run(alice, 1, "card")
        del a, b, two
        qr(directory, bob, one)


def qr(directory, bob, path):
    """The code, as zbar reads it, is a card again."""
    if not os.path.exists("/usr/bin/zbarimg"):
        print("# zbarimg is not here: QR codes are not read", flush=True)
        return
    with contextlib.closing(bob.client()) as c:
        c.call("id.add", service="ssh", account="b")
    text = bob.cli("card", "--qr").stdout
    rows = []
    for line in text.splitlines():
        rows.append([ch in "▀█" for ch in line])
        rows.append([ch in "▄█" for ch in line])
    width = max(len(r) for r in rows) + 8
    pixels = [[False] * width] * 4 + [[False] * 4 + r + [False] * (width - 4 - len(r))
                                      for r in rows] + [[False] * width] * 4
    image = os.path.join(directory, "code.pgm")
    with open(image, "wb") as f:
        f.write(b"P5 %d %d 255\n" % (width * 4, len(pixels) * 4))
        for r in pixels:
            f.write(b"".join((b"\0" if p else b"\xff") * 4 for p in r) * 4)
    done = subprocess.run(["/usr/bin/zbarimg", "-q", "--raw", image], capture_output=True,
                          text=True, check=True)
    assert other(done.stdout).startswith("card of b at "), done.stdout
    del path


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        rotates, catches_up, revokes, new_seeds, interrupted, restored, follows, steals,
        commands)]))
