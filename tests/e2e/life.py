"""Rotating, retiring, revoking, reseeding (DESIGN 5), checked by a second implementation of the
derivation that starts at the recovery phrase."""

import base64
import contextlib
import os
import struct
import sys

from other_reader import derive, public_of
from ownkey import PASS, PHRASE, TOKEN, expect, run_parallel, world
from vault import Vault, unseal
from worker import kdf, root_of


def seed_of(words, generation):
    return kdf(root_of(words.split()), b"seed", struct.pack(">I", generation), 32)


def ssh_line(seed, account, epoch):
    """What `id list` shows of an ssh key, from the page of the design."""
    parts = [b"ssh", account.encode(), b"identity", struct.pack(">I", epoch)]
    public = public_of("ed25519", derive(seed, parts, "ed25519"))
    blob = b"".join(struct.pack(">I", len(x)) + x for x in (b"ssh-ed25519", public))
    return "ssh-ed25519 %s %s" % (base64.b64encode(blob).decode(), account)


@contextlib.contextmanager
def opened(directory):
    with world(directory, {}) as (agent, token):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            yield agent, token, person, c


def row(c, label):
    rows = [i for i in c.call("id.list", all=True)["items"] if i.label.startswith(label)]
    assert len(rows) == 1, rows
    return rows[0]


def rotates(directory):
    """a new epoch is derived, the old ones stay; the phrase alone gives all of them"""
    with opened(directory) as (_, _, person, c):
        c.call("id.add", service="ssh", account="me")
        for epoch in range(1, 4):
            rep = c.call("id.rotate", label="ssh/me")
            assert rep.advice and not rep.exposed, rep
            r = row(c, "ssh/me")
            assert (r.epoch, r.epochs, r.state or 0) == (epoch, epoch + 1, 0), r
            assert r.shown == ssh_line(seed_of(person.shown, 0), "me", epoch)
            assert r.recoverable


def looks(directory):
    """what would come of it is told and changes nothing; an account's retired keys stay so"""
    with opened(directory) as (agent, _, person, c):
        c.call("id.add", service="matrix", account="@a:example.org")
        c.call("id.retire", label="matrix/@a:example.org/recovery")
        before, person.asked = agent.hash(), []
        for op, word in (("id.rotate", "verify you again"), ("id.retire", "Contacts see nothing"),
                         ("id.revoke", "no revocation")):
            rep = c.call(op, label="matrix/@a:example.org", look=True)
            assert len(rep["items"]) == 4 and word in rep.advice and rep.steps, (op, rep)
            steps = [s.text for s in rep.steps]
            assert len(steps) == len(set(steps)) and all(20 < len(s) < 300 for s in steps), steps
        assert agent.hash() == before and not person.asked
        expect(c.ask("id.rotate", label="matrix/@b:example.org", look=True), "NOTFOUND")
        c.call("id.rotate", label="matrix/@a:example.org")
        rows = c.call("id.list", all=True)["items"]
        assert {(i.purpose == "recovery", i.state or 0, i.epoch or 0) for i in rows} == {
            (True, 1, 0), (False, 0, 1)}, rows
        c.call("slot.remove", label="passphrase", exposed=True)
        move = c.call("id.rotate", label="matrix/@a:example.org", look=True)
        assert move.exposed, move
        c.call("id.add", service="ssh", account="me")
        steps = str(c.call("id.rotate", label="ssh/me", look=True).steps)
        assert "Only then" in steps, "it was made after the loss"


def counts(directory):
    """status: what others may know, what is nowhere else, how old the backup is"""
    with opened(directory) as (agent, _, person, c):
        def status(**want):
            st = agent.status()
            assert {k: st.get(k) or 0 for k in want} == want, st
            return st
        status(identities=0, only_here=0, exposed=0, seed=0, older=0, changed=0)
        c.call("id.add", service="matrix", account="@a:example.org")
        c.call("id.add", service="ssh", account="me")
        c.call("secret.set", label="a", value=b"x")
        c.call("secret.set", label="b", value=b"x")
        assert not status(identities=6, secrets=2, only_here=2, changed=8).backup_at
        back_up(c)
        assert status(only_here=0, changed=0).backup_at
        c.call("secret.set", label="b", value=b"y", replace=True)
        status(only_here=1, changed=1)
        back_up(c)
        c.call("slot.remove", label="passphrase", exposed=True)
        assert status(exposed=6, exposed_secrets=2, only_here=0).seed_exposed
        c.call("secret.set", label="b", value=b"z", replace=True)
        status(exposed=6, exposed_secrets=1, only_here=1)
        assert [i.label for i in c.call("secret.list")["items"] if i.exposed] == ["a"]
        c.call("id.retire", label="ssh/me")
        person.answers["NEED_WORDS"] = person.shown
        c.call("id.reseed", new_phrase=True)
        # five in use; the retired one can be made by the old seed only, which a backup has
        assert not status(seed=1, exposed=5, older=5, backup_seed=0).seed_exposed
        c.call("id.rotate", label="matrix/@a:example.org")
        status(exposed=0, older=0, exposed_secrets=1)
        agent.lock()
        assert agent.status().exposed is None


def back_up(c):
    handle = c.call("backup.create").handle
    while not c.call("backup.read", handle=handle).end:
        pass
    c.call("backup.done", handle=handle)


def retires(directory):
    """retired and revoked ones leave the list, and can be gone on with"""
    with opened(directory) as (_, _, person, c):
        c.call("id.add", service="matrix", account="@a:example.org")
        n = len(c.call("id.list")["items"])
        expect(c.ask("id.retire", label="matrix"), "NOTFOUND")
        c.call("id.retire", label="matrix/@a:example.org")
        assert not c.call("id.list").get("items") and n > 3
        expect(c.ask("id.retire", label="matrix/@a:example.org"), "EXISTS")
        c.call("id.rotate", label="matrix/@a:example.org/backup")
        assert [i.purpose for i in c.call("id.list")["items"]] == ["backup"]
        c.call("id.revoke", label="matrix/@a:example.org/backup")
        assert not c.call("id.list").get("items")
        assert {i.state for i in c.call("id.list", all=True)["items"]} == {1, 2}
        person.answers["NEED_WORDS"] = "nothing"
        expect(c.ask("id.rotate", label="matrix/@a:example.org", proof=PHRASE), "WORDS_COUNT")


def reseeds(directory):
    """what an old copy and all keys in it can make is none of the new generation's keys"""
    with opened(directory) as (agent, _, person, c):
        c.call("id.add", service="ssh", account="me")
        c.call("secret.set", label="kept", value=b"value")
        words = person.shown
        old = Vault(open(agent.vault, "rb").read())
        vrk = old.vrk(words)
        c.call("slot.remove", label="passphrase", exposed=True)
        assert row(c, "ssh/me").exposed and c.call("secret.list")["items"][0].exposed
        assert c.call("id.rotate", label="ssh/me").exposed, "rotating alone is no help"
        assert row(c, "ssh/me").exposed
        person.answers["NEED_WORDS"] = " ".join(["abandon"] * 23 + ["art"])
        expect(c.ask("id.reseed"), "WORDS_WRONG")
        person.answers["NEED_WORDS"] = words
        rep = c.call("id.reseed")
        assert rep.generation == 1 and rep.identities == 1, rep
        c.call("id.rotate", label="ssh/me")
        r = row(c, "ssh/me")
        assert r.shown == ssh_line(seed_of(words, 1), "me", 2) and not r.exposed, r
        assert r.recoverable and r.generation == 1
        expect(c.ask("secret.get", label="kept"), "OK")
        # the old root key opens nothing of the new file, and the old seed makes no new key
        new = Vault(open(agent.vault, "rb").read())
        try:
            new.body(vrk)
            raise SystemExit("the old root key opens the new vault")
        except AssertionError:
            pass
        seeds = [unseal(kdf(vrk, b"seedbox", struct.pack(">I", s[1]), 32), b"seedbox",
                        struct.pack(">I", s[1]), s[2]) for s in old.body(vrk)[4]]
        assert seeds == [seed_of(words, 0)]
        made = {ssh_line(s, "me", e) for s in seeds for e in range(100)}
        assert r.shown not in made and ssh_line(seeds[0], "me", 1) in made
        for name in os.listdir(os.path.dirname(agent.vault)):
            data = open(os.path.join(os.path.dirname(agent.vault), name), "rb").read()
            assert seed_of(words, 1) not in data


def new_phrase(directory):
    """another phrase: the old one opens nothing any more, identities move one by one"""
    with opened(directory) as (agent, _, person, c):
        c.call("id.add", service="ssh", account="me")
        before, words = row(c, "ssh/me").shown, person.shown
        rep = c.call("id.reseed", new_phrase=True)
        assert rep.generation == 1 and person.shown != words
        r = row(c, "ssh/me")
        assert r.shown == before and not r.recoverable, "the old seed is kept, in the vault only"
        agent.lock()
        person.answers["NEED_WORDS"] = words
        expect(c.ask("unlock", way=PHRASE), "WORDS_WRONG")
        person.answers["NEED_WORDS"] = person.shown
        c.call("unlock", way=PHRASE)
        c.call("id.rotate", label="ssh/me")
        r = row(c, "ssh/me")
        assert r.shown == ssh_line(seed_of(person.shown, 1), "me", 1) and r.recoverable


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (rotates, looks, counts, retires,
                                                        reseeds, new_phrase)]))
