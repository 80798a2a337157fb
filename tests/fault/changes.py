"""What is asked for in faults.py, one row for each operation that changes the disk.

To add one: what is there before (a function of the world), what is made ready on the connection
that asks (`prepare`, not traced), and the request.  What should be noticed of it goes into
World.look.
"""

import glob
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                          PublicFormat)

from audit import fill_up
from backup import create
from other_audit import RECORD
from ownkey import ARGON, PASS, PHRASE, TOKEN, Failed
from vault import Vault
from worker_backup import bech32

A, B = "@a:example.org", "@b:example.org"
ISSUER = "https://id.example.org"
AUDIT_MOST = 16 << 20
WORDS = "abandon " * 23 + "art"
KEY = X25519PrivateKey.generate()
IDENTITY = bech32("age-secret-key-", KEY.private_bytes(
    Encoding.Raw, PrivateFormat.Raw, NoEncryption())).upper()
RECIPIENT = bech32("age", KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))


KEPT = {"keep": True, "service": "ssh", "alg": "ed25519", "private_key": bytes(range(32)), "use": 0}


# --- what is there before ---

def nothing(_world):
    pass


def a_vault(w):
    w.agent.init(w.person, ways=TOKEN | PASS, no_pin=True)
    w.words = w.person.shown
    with w.client() as c:
        c.call("secret.set", label="first", value=b"1", use=0)
        c.call("id.add", service="ssh", account="first")


def known_ways(w):
    a_vault(w)
    with w.client() as c:
        w.ids = {s.id for s in c.call("slot.list").slots}


def a_torn_vault(w):
    """Cut within its last record, which was never acknowledged."""
    a_vault(w)
    agent = w.agent
    seen = open(agent.seen, "rb").read()
    with w.client() as c:
        c.call("secret.set", label="lost", value=b"2", use=0)
    w.kill()
    agent.write(agent.read()[:Vault(agent.read()).records()[-1] - 1000])
    with open(agent.seen, "wb") as f:
        f.write(seen)


def a_long_journal(w):
    """The next change folds it into the file."""
    a_vault(w)
    with w.client() as c:
        n = 0
        # less two records: what unlocking notes, and the change
        while len(Vault(w.agent.read()).journal) < 65536 - 2 * 4096:
            c.call("secret.set", label="more%d" % n, value=b"x", use=0)
            n += 1


def a_long_log(w):
    """The audit log has room for what unlocking notes, and for few more."""
    a_vault(w)
    w.kill()
    fill_up(w.agent, w.person, AUDIT_MOST - 12 * RECORD)


def a_succession(w):
    """Two logs; one of them owes an entry."""
    a_vault(w)
    with w.client() as c:
        for account in (A, B):
            c.call("id.add", service="matrix", account=account)
            c.call("succession.show", label="matrix/" + account)
        c.call("id.rotate", label="matrix/" + B, proof=TOKEN, timeout=60)


def two_versions(w):
    a_vault(w)
    with w.client() as c:
        c.call("slot.add", way=PASS, label="new", proof=TOKEN, timeout=60, **ARGON)


def a_card(w):
    a_vault(w)
    with w.client() as c:
        w.card = c.call("card.make", name="somebody").card


def a_newer_card(w):
    """Pinned is an older card of the same identities."""
    a_card(w)
    with w.client() as c:
        c.call("contact.add", name="them", card=w.card)
        c.call("id.rotate", label="ssh/first", succession=True)
        w.card = c.call("card.make", name="somebody").card


def named_apart(w):
    """The same as apart, under a name that nothing joins unasked."""
    apart(w)
    os.rename(w.agent.vault + ".conflict1", w.agent.vault + ".merge-x")


def apart(w):
    """Beside the vault is a version that was changed elsewhere."""
    a_vault(w)
    w.kill()
    kept = {p: open(p, "rb").read() for p in (w.agent.vault, w.agent.seen)}
    change_alone(w, "theirs")
    theirs = w.agent.read()
    for path, data in kept.items():
        with open(path, "wb") as f:
            f.write(data)
    for path in glob.glob(os.path.join(w.agent.state, "ownkey", "copy-*")):
        os.remove(path)
    change_alone(w, "ours")
    with open(w.agent.vault + ".conflict1", "wb") as f:
        f.write(theirs)


def change_alone(w, label):
    w.agent.start()
    with w.client() as c:
        c.call("unlock", timeout=60)
        c.call("secret.set", label=label, value=b"x", use=0)
    w.kill()


def an_issuer(w):
    """It has a list of two, and an RSA key."""
    a_vault(w)
    with w.client() as c:
        for purpose in "subject", "rs256":
            c.call("id.add", service="oidc", account=ISSUER, purpose=purpose, timeout=60)
        c.call("jwt.allow", issuer=ISSUER, names=[
            {"kind": 0, "name": n} for n in ("wiki", "forge")])


def an_entry(w):
    """As many of its values were set aside as may stay."""
    a_vault(w)
    with w.client() as c:
        w.entry = c.call("entry.set", label="Chat", value=b"1", use=0).entry[0].id
        for n in range(3):
            c.call("entry.set", id=w.entry, value=b"next %d" % n)
        w.aside = c.call("entry.list", removed=True).entries[0].id


def a_large_collection(w):
    """What is in it has no room in one record of the journal."""
    a_vault(w)
    with w.client() as c:
        w.entry = c.call("entry.set", kind=1, collection="box", label="Box").entry[0].id
        for n in range(6):
            c.call("entry.set", label="large %d" % n, collection="box", use=0,
                   value=bytes([n]) * 100000)


def shares(w):
    a_vault(w)
    with w.client() as c:
        c.call("share.create", timeout=60, **TWO)
        w.code = c.codes[0]


def a_backup(w):
    """It is in the list."""
    a_vault(w)
    with w.client() as c:
        w.blob, handle = create(c, recipients=[{"text": RECIPIENT}])
        c.call("backup.done", handle=handle, where="kept")


def an_older_backup(w):
    """What is in it has been changed since."""
    a_backup(w)
    time.sleep(1.1)
    with w.client() as c:
        c.call("secret.set", label="first", value=b"2", use=0, replace=True)
        c.call("secret.set", label="second", value=b"3", use=0)


def a_backup_alone(w):
    a_backup(w)
    w.kill()
    for d in (w.agent.data, w.agent.state):
        shutil.rmtree(d)
        os.mkdir(d, 0o700)


# --- what is made ready ---

def read_backup(_w, c):
    return create(c, recipients=[{"text": RECIPIENT}])[1]


def open_backup(_w, c):
    return c.call("restore.open", timeout=60).handle


def compare_backup(_w, c):
    handle = open_backup(_w, c)
    c.rows(handle)
    return handle


def open_phrase(w, c):
    w.person.answers["NEED_WORDS"] = w.words = WORDS
    c.call("rebuild.open", timeout=60)
    c.call("rebuild.add", service="ssh", account="first", epochs=[{"epoch": 0}, {"epoch": 1}])


def fill_log(w, c):
    """The log is full with the next entry."""
    log, = glob.glob(os.path.join(os.path.dirname(w.agent.seen), "audit-*"))
    size, grown, rate = os.path.getsize(log), 0, 100
    while not grown or size + grown + RECORD <= AUDIT_MOST:
        c.call("policy.set", label="first", rate=rate)
        grown, size = os.path.getsize(log) - size, os.path.getsize(log)
        rate -= 1


def log_goes_on(w):
    """In a second file."""
    return any(f.endswith(".1") for f in os.listdir(os.path.dirname(w.agent.seen)))


def is_joined(w):
    """The vault was written anew."""
    return w.agent.read()[:512] != open(os.path.join(w.kept, "data", "ownkey", "vault"),
                                        "rb").read(512)


# --- what is noticed besides ---

def pinned(w, c):
    """Is it the newer card?"""
    return c.call("contact.show", label="them").card == w.card


def allowed(_w, c):
    return sorted((n.kind, n.name, n.sector) for n in c.call("jwt.list", issuer=ISSUER)["names"])


def shown_keys(_w, c):
    """How many of each state."""
    return sorted(k.state for k in c.call("jwt.keys", issuer=ISSUER)["keys"])


def ways_of_before(w, c):
    """How many ways in are the ones that were there at first: their ids are random."""
    return sum(s.id in w.ids for s in c.call("slot.list").slots)


def generation(_w, c):
    return c.call("backup.passphrase", proof=TOKEN, timeout=60).generation or 0


def phrases(w, c):
    """Which phrase opens it: the old one, and the one that was shown since."""
    def opens(words):
        w.agent.lock()
        w.person.answers["NEED_WORDS"] = words
        try:
            c.call("unlock", way=PHRASE, timeout=60)
            return True
        except Failed as e:
            assert e.status == "WORDS_WRONG", e
            return False
    shown = w.person.shown
    return opens(w.words), shown not in (None, w.words) and opens(shown)


class Change:
    """goes_on: it is durable before the last of its writes, which may fail in silence.  folds: so
    much that it is answered before them.  soft: so may those to the audit log.  same: what the
    vault holds stays as it is.  notice: what else is looked at.  happened: it is the case that
    it is about.  older: afterwards an older version has to be accepted.  needs: an
    operation."""

    def __init__(self, name, before, ask, prepare=None, **kw):
        self.name, self.before, self.ask, self.prepare = name, before, ask, prepare
        self.unlocked = kw.get("unlocked", True)
        self.folds, self.soft, self.same = (kw.get(k, False) for k in ("folds", "soft", "same"))
        self.goes_on = kw.get("goes_on", False) or self.folds
        self.notice, self.happened = kw.get("notice"), kw.get("happened", lambda _w: True)
        self.needs, self.older = kw.get("needs", "unlock"), kw.get("older", False)


def asks(op, **params):
    return lambda _w, c, _ready: c.call(op, timeout=60, **params)


def asks_with_handle(op, **params):
    return lambda _w, c, ready: c.call(op, timeout=60, handle=ready, **params)


TWO = {"threshold": 2, "holders": [{"label": "a"}, {"label": "b"}]}
NEW = {"ways": TOKEN | PASS, "no_pin": True, **ARGON}
SECRET = {"label": "new", "value": b"2", "use": 0}
CHANGES = [
    Change("init", nothing, asks("init", **NEW), unlocked=False, soft=True),
    Change("unlock", a_vault, asks("unlock"), unlocked=False, soft=True, same=True, goes_on=True),
    Change("slot add", a_vault, asks("slot.add", way=PASS, label="new", proof=TOKEN, **ARGON)),
    Change("slot remove", a_vault, asks("slot.remove", label="passphrase", proof=TOKEN), soft=True),
    Change("slot remove, exposed", a_vault, asks(
        "slot.remove", label="passphrase", proof=TOKEN, exposed=True), soft=True),
    Change("id add", a_vault, asks("id.add", service="ssh", account="me")),
    Change("key add, kept", a_vault, asks("key.add", **KEPT, account="me")),
    Change("key add, replacing", a_vault, asks("key.add", **KEPT, account="first", replace=True)),
    Change("id rotate", a_vault, asks("id.rotate", label="ssh/first", proof=TOKEN)),
    Change("id revoke", a_vault, asks("id.revoke", label="ssh/first", proof=TOKEN), soft=True),
    Change("id retire", a_vault, asks("id.retire", label="ssh/first")),
    Change("id rotate, succession", a_succession, asks(
        "id.rotate", label="matrix/" + A, succession=True), needs="succession.sign"),
    Change("succession sign", a_succession, asks("succession.sign"), needs="succession.sign"),
    Change("contact add", a_card, lambda w, c, _ready: c.call(
        "contact.add", name="them", card=w.card), needs="contact.add"),
    Change("contact check, updating", a_newer_card, lambda w, c, _ready: c.call(
        "contact.check", name="them", card=w.card, update=True), needs="contact.add",
           notice=pinned),
    Change("contact remove", a_newer_card, asks("contact.remove", label="them", proof=TOKEN),
           needs="contact.add"),
    Change("jwt allow", an_issuer, asks("jwt.allow", issuer=ISSUER, proof=TOKEN, names=[
        {"kind": 0, "name": "wiki", "sector": "s"}, {"kind": 1, "name": "ann"}]), notice=allowed,
           needs="jwt.allow"),
    Change("jwt forget", an_issuer, asks("jwt.forget", issuer=ISSUER, names=[
        {"kind": 0, "name": "wiki"}]), notice=allowed, soft=True, needs="jwt.allow"),
    Change("id rotate, rsa", an_issuer, asks(
        "id.rotate", label="oidc/https:%2F%2Fid.example.org/rs256", proof=TOKEN),
           notice=shown_keys, needs="jwt.allow"),
    Change("slot label", a_vault, asks("slot.label", label="passphrase", text="another")),
    Change("slot renew", known_ways, asks("slot.renew", label="token", proof=TOKEN), soft=True,
           notice=ways_of_before),
    Change("vault merge", named_apart, asks(
        "vault.merge", name="vault.merge-x", way=TOKEN, take=True), needs="vault.merge"),
    Change("share create", a_vault, asks("share.create", **TWO)),
    Change("share check", shares, lambda w, c, _ready: c.call("share.check", code=w.code)),
    Change("id reseed", a_vault, asks("id.reseed"), soft=True, notice=generation),
    Change("id reseed, new phrase", a_vault, asks("id.reseed", new_phrase=True), soft=True,
           notice=phrases),
    Change("secret set", a_vault, asks("secret.set", **SECRET)),
    Change("secret set, replacing", a_vault, asks(
        "secret.set", label="first", value=b"other", use=0, replace=True)),
    Change("secret set, folding the journal", a_long_journal, asks(
        "secret.set", label="new", value=bytes(9000), use=0), folds=True),
    Change("secret set, attributes alone", a_vault, asks(
        "secret.set", label="first", replace=True, attributes=[{"name": "a", "value": "b"}])),
    Change("entry set", an_entry, asks("entry.set", label="Chat", value=b"other", use=0)),
    Change("entry set, replacing", an_entry, lambda w, c, _ready: c.call(
        "entry.set", id=w.entry, value=b"other", label="new")),
    Change("entry remove, the oldest goes", an_entry, lambda w, c, _ready: c.call(
        "entry.remove", id=w.entry)),
    Change("entry back", an_entry, lambda w, c, _ready: c.call("entry.back", id=w.aside)),
    Change("entry remove, a collection too large for a record", a_large_collection,
           lambda w, c, _ready: c.call("entry.remove", id=w.entry)),
    Change("secret generate", a_vault, asks("secret.generate", label="made", alphabet=3)),
    Change("grant set", a_vault, asks("grant.set", label="first", app="unit:x.service", verb=1)),
    Change("portal secret", a_vault, asks(
        "portal.secret", app="org.example.Chat", who={"pid": 1, "app": "unit:x.service"})),
    Change("secret remove", a_vault, asks("secret.remove", label="first", proof=TOKEN)),
    Change("unlock of a torn file", a_torn_vault, asks("unlock"), unlocked=False, same=True,
           goes_on=True),
    Change("unlock, joining two versions", apart, asks("unlock"), unlocked=False, soft=True,
           same=True, goes_on=True, happened=is_joined),
    Change("audit log, next file", a_long_log, asks("policy.set", label="first", rate=9),
           fill_log, same=True, happened=log_goes_on),
    Change("vault previous", two_versions, asks("vault.previous"), soft=True, unlocked=False,
           older=True, goes_on=True),
    Change("backup create", a_vault, asks("backup.create", recipients=[{"text": RECIPIENT}]),
           same=True),
    Change("backup done", a_vault, asks_with_handle("backup.done", where="there"), read_backup),
    Change("backup verify", a_backup, asks_with_handle("restore.close"), compare_backup),
    Change("restore", a_backup_alone, asks_with_handle("restore.commit", **NEW), open_backup,
           unlocked=False, soft=True),
    Change("restore, merging", an_older_backup, asks_with_handle(
        "restore.commit", merge=True, proof=TOKEN), open_backup),
    Change("rebuild", nothing, asks("rebuild.commit", ways=TOKEN, no_pin=True), open_phrase,
           unlocked=False, soft=True, notice=phrases),
]
