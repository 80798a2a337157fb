"""Vault files that an attacker who may write the disk would plant: each is refused with its own
error.  They are made by vault.py, which reads and writes the format by itself."""

import contextlib
import glob
import os
import shutil
import sys

from ownkey import PASS, PHRASE, TOKEN, Person, expect, run_parallel, world
from vault import SLOT, SLOTS, Vault, expand

ACCEPTED = object()


@contextlib.contextmanager
def made(directory, items=3):
    """A locked vault with a token, a passphrase, the phrase, and a journal."""
    with world(directory, {}) as (agent, token):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            for i in range(items):
                c.call("secret.set", label="item%d" % i, value=b"value%d" % i, use=0)
        agent.lock()
        yield agent, token, person


def put(agent, data):
    agent.stop()
    agent.write(data)
    agent.start()


def tries(agent, person, by_phrase, by_token=None):
    """Each way in against what was planted: the agent survives, the file stays as it is."""
    before = agent.hash(), agent.main_pid(), agent.role("vault")
    for way, error in ((PHRASE, by_phrase), (TOKEN, by_token or by_phrase)):
        expect(agent.unlock(person, way=way), error)
    assert before == (agent.hash(), agent.main_pid(), agent.role("vault"))
    assert agent.status().locked


def check(agent):
    with contextlib.closing(agent.client()) as c:
        rep = c.call("vault.check")
        return rep.good, [f.err for f in rep.findings or []]


def reader(directory):
    """control: the test's own reader opens it, and what it writes is taken"""
    with made(directory) as (agent, _, person):
        v = Vault(agent.read())
        vrk = v.vrk(person.shown)
        body = v.body(vrk)
        assert body[1] == int.from_bytes(v.head[32:40], "big")
        v.put_body(vrk, body)
        v.journal = b""
        os.remove(agent.seen)
        put(agent, v.bytes())
        for way in (PHRASE, TOKEN, PASS):
            expect(agent.unlock(person, way=way), "OK")
            agent.lock()
        assert check(agent) == (True, [])


def outsider(directory):
    """a deferred wrap by somebody who never opened the vault"""
    with made(directory) as (agent, _, person):
        v = Vault(agent.read())
        vrk = os.urandom(32)
        body = v.body(v.vrk(person.shown))
        for i in range(3):
            v.defer(i, bytes(32), vrk)
        v.put_body(vrk, body)
        v.journal = b""
        put(agent, v.bytes())
        tries(agent, person, "VAULT_WRAP")
        # not damage: without a key nothing looks wrong
        assert check(agent)[0]


def insider(directory):
    """a deferred wrap by somebody who once opened it: the line tells"""
    with made(directory) as (agent, _, person):
        v = Vault(agent.read())
        i, old = v.phrase_slot(), v.vrk(person.shown)
        auth = expand(v.prk(i, person.shown), b"ownkey1 slot auth" + v.slot(i)[16:32], 32)
        body, vrk = v.body(old), os.urandom(32)
        v.defer(i, auth, vrk)
        for later, error in ((0, "VAULT_OLD"), (100, "VAULT_FORGED")):
            body[1] += later
            v.head[32:40] = body[1].to_bytes(8, "big")
            v.put_body(vrk, body)
            v.journal = b""
            put(agent, v.bytes())
            expect(agent.unlock(person, way=PHRASE), error)


def deferred(directory):
    """control: an honest deferred wrap opens, and is renewed"""
    with made(directory) as (agent, _, person):
        v = Vault(agent.read())
        i, vrk = v.phrase_slot(), v.vrk(person.shown)
        auth = expand(v.prk(i, person.shown), b"ownkey1 slot auth" + v.slot(i)[16:32], 32)
        body = v.body(vrk)
        v.defer(i, auth, vrk)
        body[1] += 100
        v.head[32:40] = body[1].to_bytes(8, "big")
        v.put_body(vrk, body)
        v.journal = b""
        put(agent, v.bytes())
        for own in glob.glob(os.path.join(agent.state, "ownkey", "copy-*")):
            os.remove(own)  # it has the plain wrap, which joining would take
        expect(agent.unlock(person, way=PHRASE), "OK")
        agent.lock()
        after = Vault(agent.read())
        assert after.slot(i)[3] == 0 and after.slot(i)[48:80] != v.slot(i)[48:80]
        expect(agent.unlock(person, way=PHRASE), "OK")


def edited(at, value):
    def plant(v):
        v.head[at:at + len(value)] = value
    return plant


def swapped(v):
    a, b = v.slot(0), v.slot(1)
    v.put_slot(0, b)
    v.put_slot(1, a)


def in_phrase_slot(at, value):
    def plant(v):
        at_slot = SLOTS + v.phrase_slot() * SLOT + at
        v.head[at_slot:at_slot + len(value)] = value
    return plant


def removed(v):
    v.put_slot(1, bytes(SLOT))


EDITS = {
    "rp_id": (edited(64, b"ownkey:vaulu"), "VAULT_HEADER", "TOKEN_WRONG"),
    "rp_id of a web site": (edited(64, b"example.org\0"), "VAULT_HEADER", "VAULT_HEADER"),
    "prf_salt": (edited(128, bytes(range(32))), "VAULT_HEADER", "VAULT_KEY"),
    "hard_salt": (edited(160, bytes(32)), "VAULT_HEADER", "VAULT_HEADER"),
    "vault_id": (edited(16, bytes(range(16))), "VAULT_SLOT", "VAULT_SLOT"),
    "generation": (edited(32, (99).to_bytes(8, "big")), "VAULT_HEADER", "VAULT_HEADER"),
    "slots swapped": (swapped, "VAULT_HEADER", "VAULT_HEADER"),
    "a slot removed": (removed, "VAULT_HEADER", "VAULT_HEADER"),
    "hint": (in_phrase_slot(128, b"call 555 0100"), "VAULT_SLOT", "VAULT_HEADER"),
    "created": (in_phrase_slot(8, bytes(8)), "VAULT_SLOT", "VAULT_HEADER"),
    "kdf_salt": (in_phrase_slot(48, bytes(range(32))), "WORDS_WRONG", "VAULT_HEADER"),
    "wrap": (in_phrase_slot(1408, bytes(range(112))), "VAULT_SLOT", "VAULT_HEADER"),
}


def edit(name):
    plant, by_phrase, by_token = EDITS[name]

    def test(directory):
        with made(directory) as (agent, _, person):
            v = Vault(agent.read())
            plant(v)
            put(agent, v.bytes())
            tries(agent, person, by_phrase, by_token)
    return "edited: " + name, test


def another_body(directory):
    """the body of another generation under this head"""
    with made(directory) as (agent, _, person):
        first = agent.read()
        with contextlib.closing(agent.client(person)) as c:
            c.call("unlock")
            c.call("slot.add", way=PASS, label="more", argon_m=8192, argon_t=1, timeout=30)
        agent.lock()
        v, old = Vault(agent.read()), Vault(first)
        v.box, v.journal = old.box, b""
        put(agent, v.bytes())
        tries(agent, person, "VAULT_HEADER")
        # sealed for this head by somebody with the key, and saying something else inside
        vrk = old.vrk(person.shown)
        v.put_body(vrk, old.body(vrk))
        put(agent, v.bytes())
        tries(agent, person, "VAULT_GENERATION")


def older(directory):
    """an older file: refused by `seen`, and by the agent's memory; taken only when told to"""
    with made(directory) as (agent, _, person):
        first = agent.read()
        with contextlib.closing(agent.client(person)) as c:
            c.call("unlock")
            c.call("secret.set", label="later", value=b"x", use=0)
        agent.lock()
        agent.write(first)
        tries(agent, person, "VAULT_OLD")
        os.remove(agent.seen)
        tries(agent, person, "VAULT_OLD")
        expect(agent.unlock(person, accept_older=True), "OK")


def older_after_restart(directory):
    """the same after the agent was restarted"""
    with made(directory) as (agent, _, person):
        first = agent.read()
        expect(agent.unlock(person), "OK")
        agent.lock()
        assert agent.read() != first
        put(agent, first)
        tries(agent, person, "VAULT_OLD")
        reply = expect(agent.unlock(person, accept_older=True), "OK")
        assert reply.result.warning == 82, reply


def cut(directory):
    """cut at the boundary of a record, and within one"""
    with made(directory) as (agent, _, person):
        data = agent.read()
        ends = Vault(data).records()
        assert len(ends) >= 4, ends
        for end in ends[:-1]:
            put(agent, data[:end])
            tries(agent, person, "VAULT_OLD")
        put(agent, data[:ends[-1] - 100])
        tries(agent, person, "VAULT_OLD")
        assert check(agent) == (True, [86])
        # a record that was acknowledged, whatever it looks like now
        for sector in sectors(ends[-2], ends[-1]):
            put(agent, without(data, sector))
            tries(agent, person, "VAULT_OLD")


def sectors(at, end):
    """Those of the disk from `at` to `end`."""
    edges = [at, *range(at // 512 * 512 + 512, end, 512), end]
    return list(zip(edges, edges[1:]))


def without(data, sector):
    at, end = sector
    return data[:at] + bytes(end - at) + data[end:]


def torn(directory):
    """a change that was never acknowledged is dropped, and said"""
    with made(directory) as (agent, _, person):
        seen, ends = open(agent.seen, "rb").read(), Vault(agent.read()).records()
        expect(agent.unlock(person), "OK")
        agent.stop()
        data = agent.read()
        whole = Vault(data).records()
        assert len(whole) == len(ends) + 1
        left = [data[:ends[-1] + n] for n in (1, 47, 48, 100, 4000, 4095)]
        left += [without(data, s) for s in sectors(*whole[-2:])]
        for n, bad in enumerate(left):
            with open(agent.seen, "wb") as f:
                f.write(seen)
            put(agent, bad)
            assert check(agent) == (True, [86])
            reply = expect(agent.unlock(person), "OK")
            assert reply.result.warning == 86, (n, reply)
            agent.lock()
            assert Vault(agent.read()).records() == whole
            reply = expect(agent.unlock(person), "OK")
            assert not reply.result.warning, reply
            agent.lock()


def damaged_journal(directory):
    """a bit in a record that is not the last one"""
    with made(directory) as (agent, _, person):
        data = bytearray(agent.read())
        data[Vault(bytes(data)).records()[0] + 300] ^= 1
        put(agent, bytes(data))
        tries(agent, person, "VAULT_DAMAGED")
        good, found = check(agent)
        assert not good and 80 in found, found


def other_vault(directory):
    """another vault of the same person"""
    with made(directory) as (agent, _, person):
        agent.stop()
        shutil.move(agent.vault, agent.vault + ".mine")
        state = agent.seen
        shutil.move(state, state + ".mine")
        agent.start()
        other = agent.init(Person(), ways=TOKEN)
        agent.stop()
        shutil.move(state + ".mine", state)
        agent.start()
        expect(agent.unlock(other), "VAULT_FORGED")
        expect(agent.unlock(other, accept_older=True), "OK")


def checks(directory):
    """`vault.check` tells damage from a wrong key, without a token"""
    with made(directory) as (agent, token, _):
        token.stop()
        assert check(agent) == (True, [])
        expect(agent.unlock(Person(passphrase="wrong"), way=PASS), "PASS_WRONG")
        assert check(agent) == (True, [])
        data = agent.read()
        for at in (5, 20, 600, 1000, 33300, Vault(data).records()[0] - 1):
            bad = bytearray(data)
            bad[at] ^= 4
            put(agent, bytes(bad))
            good, found = check(agent)
            assert not good and found, at
        put(agent, data[:30000])
        assert not check(agent)[0]


def foreign_files(directory):
    """what is no vault at all"""
    with made(directory) as (agent, _, person):
        data = agent.read()
        for junk, error in ((b"", "VAULT_DAMAGED"), (b"hello\n", "VAULT_DAMAGED"),
                            (bytes(40000), "VAULT_DAMAGED"),
                            (data[:9] + b"\2" + b"\0\2" + data[12:], "VERSION")):
            put(agent, junk)
            reply = agent.unlock(person)
            assert reply.status in error.split(), reply
            agent.status()


def modes(directory):
    """others may write it; it is a link"""
    with made(directory) as (agent, _, person):
        os.chmod(agent.vault, 0o666)
        expect(agent.unlock(person), "VAULT_MODE")
        os.chmod(agent.vault, 0o600)
        os.chmod(os.path.dirname(agent.vault), 0o777)
        expect(agent.unlock(person), "VAULT_MODE")
        os.chmod(os.path.dirname(agent.vault), 0o700)
        os.rename(agent.vault, agent.vault + ".x")
        os.symlink(agent.vault + ".x", agent.vault)
        assert agent.unlock(person).status in ("VAULT_MODE", "IO", "PERMISSION")
        os.remove(agent.vault)
        os.rename(agent.vault + ".x", agent.vault)
        expect(agent.unlock(person), "OK")


if __name__ == "__main__":
    TESTS = [reader, outsider, insider, deferred, another_body, older, older_after_restart, cut,
             torn, damaged_journal, other_vault, checks, foreign_files, modes]
    sys.exit(run_parallel([(t.__doc__, t) for t in TESTS] + [edit(n) for n in EDITS]))
