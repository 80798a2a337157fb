#!/usr/bin/python3
"""Everything that gnome-keyring and KeePassXC keep comes in, and goes out again: random bytes,
labels, attributes, collections; asked for again, nothing changes."""

import contextlib
import os
import random
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

# pylint: disable=wrong-import-position
from desktop import (I_COLLECTION, I_ITEM, I_SERVICE, NAME, ROOT, GnomeKeyring,  # noqa: E402
                     Refused, Transfer, owned)
from keepassxc import KeePassXC  # noqa: E402
import ownkey  # noqa: E402
from ownkey import run_parallel  # noqa: E402

COLLECTION = ROOT + "/collection/"
INTERNAL = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
WORDS = ["user", "url", "übung", "日本語", "xdg:schema", "a b", "=", "'\"", "\\n", "💾"]


def opened(owner, **conf):
    """A vault beside the other keyring, on its bus."""
    return contextlib.closing(Ours(owner, **conf))


class Ours:
    def __init__(self, owner, **conf):
        self.token = ownkey.Token(owner.dir, pin=None)
        self.agent = ownkey.Agent(owner.dir, [self.token], **conf)
        self.agent.env["DBUS_SESSION_BUS_ADDRESS"] = owner.bus.address
        self.agent.start()
        self.who = self.agent.init(ways=1)

    def cli(self, *args, **env):
        done = self.agent.cli(*args, **env)
        assert "secret value" not in done.stdout + done.stderr
        return done

    def moved(self, *args, code=0, **env):
        """(came in or went out, there already, not)"""
        done = self.cli(*args, "--secret-service", **env)
        assert done.returncode == code, done
        self.last = done.stdout
        counts = re.findall(r"^(\d+) .*, (\d+) already t?here, (\d+) not$", done.stdout, re.M)
        return tuple(map(int, counts[0])) if counts else done

    def entries(self, **kw):
        got, cursor = [], None
        with contextlib.closing(self.agent.client(self.who)) as c:
            while True:
                page = c.call("entry.list", cursor=cursor, **kw)
                got += page["entries"]
                cursor = page.cursor
                if not cursor:
                    return got

    def close(self):
        self.agent.stop()
        self.token.stop()


# --- what is in a keyring ---

def things(rng, n):
    """(label, attributes, value) of each item: the odd ones first."""
    yield "", {}, b""
    yield "empty value", {"k": "v"}, b""
    yield "binary", {"k": "binary"}, bytes(range(256))
    yield "zeros", {"k": "zeros"}, bytes(1000)
    yield "64 KiB", {"k": "long"}, rng.randbytes(65536)
    yield "label\nof two lines, übung 日本語 💾", {"k": "label"}, b"x"
    yield "many", {"attribute %d" % i: "value %d" % i for i in range(47)}, b"many"
    yield "long attribute", {"k": "x" * 4096, "n" * 200: ""}, b"long"
    yield "twice", {"k": "twice"}, b"first"
    yield "twice", {"k": "twice"}, b"second"
    for i in range(n):
        attributes = {rng.choice(WORDS) + str(rng.randrange(9)):
                      rng.choice(WORDS) * rng.randrange(4) for _ in range(rng.randrange(6))}
        yield rng.choice(WORDS) + " %d" % i, attributes, rng.randbytes(rng.randrange(200))


def secret(transfer, sealed):
    """Bytes and content type of a struct Secret."""
    session, iv, value, kind = sealed
    assert session == transfer.session and not iv
    return bytes(value), kind


def put(c, transfer, collection, label, attributes, value):
    item, prompt = c.secret(collection, I_COLLECTION, "CreateItem", "a{sv}(oayays)b",
        {I_ITEM + ".Label": ("s", label), I_ITEM + ".Attributes": ("a{ss}", attributes)},
        transfer.seal(value), False)
    assert prompt == "/" and item != "/"
    return item


def said(attributes):
    """Without what gnome-keyring adds some time later."""
    return sorted(a for a in attributes if a != ("xdg:schema", "org.freedesktop.Secret.Generic"))


def content(owner):
    """{label of collection: sorted (label, attributes, value, type)}, but the volatile one"""
    got = {}
    with owner.connect() as c:
        transfer = Transfer(c, "plain")
        for path in c.get(ROOT, I_SERVICE, "Collections"):
            if path.endswith("/session"):
                continue
            got[c.get(path, I_COLLECTION, "Label")] = sorted(
                (c.get(i, I_ITEM, "Label"), said(c.get(i, I_ITEM, "Attributes").items()),
                 *secret(transfer, c.secret(i, I_ITEM, "GetSecret", "o", transfer.session)))
                for i in c.get(path, I_COLLECTION, "Items"))
    return got


def created(owner, collection):
    with owner.connect() as c:
        return sorted((c.get(i, I_ITEM, "Label"), c.get(i, I_ITEM, "Created"))
                      for i in c.get(collection, I_COLLECTION, "Items"))


def make_collection(owner, label):
    """Without a question: gnome-keyring lets the login do that."""
    with owner.connect() as c:
        session = c.plain()
        return c.secret(ROOT, INTERNAL, "CreateWithMasterPassword", "a{sv}(oayays)",
                        {I_COLLECTION + ".Label": ("s", label)},
                        (session, b"", owner.PASSWORD.encode(), "text/plain"))


def fill(owner, n=40):
    rng = random.Random(n)
    collections = [COLLECTION + "login", make_collection(owner, "Work"),
                   make_collection(owner, "Übung, zwei")]
    with owner.connect() as c:
        transfer = Transfer(c, "plain")
        for path in collections:
            for thing in things(rng, n):
                put(c, transfer, path, *thing)
        put(c, transfer, COLLECTION + "session", "volatile", {}, b"x")
    return collections


# --- gnome-keyring ---

def there_and_back(_):
    """random items of three collections of gnome-keyring: in, compared, out into a fresh one"""
    with owned(GnomeKeyring) as old, opened(old) as ours:
        fill(old)
        before = content(old)
        assert sorted(before) == ["Login", "Work", "Übung, zwei"], before.keys()
        n = sum(map(len, before.values()))
        assert ours.moved("import", "--dry-run") == (n, 0, 0) and not ours.entries()
        assert ours.moved("import") == (n, 0, 0)
        assert content(old) == before, "the old keyring is as it was"
        labels = {e.collection: e.label for e in ours.entries() if e.kind == 1}
        labels.setdefault("default", "Login")
        mine = {label: [] for label in labels.values()}
        with contextlib.closing(ours.agent.client(ours.who)) as c:
            for e in ours.entries():
                if e.kind != 1:
                    v = c.call("entry.get", ids=[e.id])["values"][0]
                    mine[labels[e.collection]].append((e.label, said(
                        (a.name, a.value) for a in e.attributes or []), v.value, v.type))
        assert {k: sorted(v) for k, v in mine.items()} == before
        times = sorted((e.label, e.created) for e in ours.entries()
                       if e.kind != 1 and e.collection == "default")
        assert times == created(old, COLLECTION + "login")
        again(ours, old, n)
        with owned(GnomeKeyring) as new:
            ours.agent.env["DBUS_SESSION_BUS_ADDRESS"] = new.bus.address
            new.person("new", "new")
            got = ours.moved("export")
            assert got == (n, 0, 0), got
            assert content(new) == before
            got = ours.moved("export")
            assert got == (0, n, 0), (got, n)
            assert content(new) == before


def again(ours, old, n):
    """a second time nothing changes; another value stays out until it is meant"""
    generation = ours.agent.cli("vault", "check", "--json").stdout
    assert ours.moved("import") == (0, n, 0)
    assert ours.agent.cli("vault", "check", "--json").stdout == generation
    with old.connect() as c:
        transfer = Transfer(c, "plain")
        item = c.secret(COLLECTION + "login", I_COLLECTION, "SearchItems", "a{ss}",
                        {"k": "zeros"})[0]
        c.secret(item, I_ITEM, "SetSecret", "(oayays)", transfer.seal(b"changed"))
        got = ours.moved("import", code=1)
        assert got == (0, n - 1, 1), (got, ours.last)
        assert ours.moved("import", "--replace") == (1, n - 1, 0)
        c.secret(item, I_ITEM, "SetSecret", "(oayays)", transfer.seal(bytes(1000)))
        assert ours.moved("import", "--replace") == (1, n - 1, 0)
    assert len([e for e in ours.entries() if e.kind != 1]) == n


def locked(_):
    """a locked collection is opened by its own question; a dismissed one is counted and named"""
    with owned(GnomeKeyring) as old, opened(old) as ours:
        with old.connect() as c:
            transfer = Transfer(c, "plain")
            for i in range(3):
                put(c, transfer, COLLECTION + "login", "one %d" % i, {"n": str(i)}, b"v")
        old.lock()
        old.person("no")
        done = ours.cli("import", "--secret-service")
        assert done.returncode == 1 and "stayed locked, with 3 items" in done.stdout, done
        assert "0 came in, 0 already here, 3 not" in done.stdout, done
        assert "answer the question" in done.stderr and not ours.entries(), done
        old.person("yes")
        assert ours.moved("import") == (3, 0, 0)


def bounds(_):
    """what cannot be kept is named with the reason, and the rest comes in"""
    with owned(GnomeKeyring) as old, opened(old) as ours:
        with old.connect() as c:
            transfer = Transfer(c, "plain")
            for label, attributes, value in (
                    ("fine", {}, b"x"), ("too long", {}, bytes(131073)),
                    ("too many", {str(i): "" for i in range(49)}, b"x"),
                    ("wide", {"a": "x" * 4097}, b"x"), ("l" * 1024, {}, b"x"),
                    ("bell \a", {}, b"x"), ("reserved", {"ownkey.kind": "item"}, b"x")):
                put(c, transfer, COLLECTION + "login", label, attributes, value)
        done = ours.cli("import", "--secret-service")
        assert done.returncode == 1 and "1 came in, 0 already here, 6 not" in done.stdout, done
        for text in ("not: too long: it is longer", "more than 48", "too long: 200 bytes",
                     "cannot be kept", "not: reserved: "):
            assert text in done.stdout, (text, done)
        assert "not: bell" in done.stdout and "\a" not in done.stdout, done


def policy(_):
    """going out takes a fresh factor, and leaves what may not leave"""
    with owned(GnomeKeyring) as old, opened(old) as ours:
        with old.connect() as c:
            transfer = Transfer(c, "plain")
            for i in range(3):
                put(c, transfer, COLLECTION + "login", "one %d" % i, {"n": str(i)}, b"v%d" % i)
        assert ours.moved("import") == (3, 0, 0)
        done = ours.cli("policy", "one 1", "--export", "no")
        assert done.returncode == 0, done
        with owned(GnomeKeyring) as new:
            ours.agent.env["DBUS_SESSION_BUS_ADDRESS"] = new.bus.address
            ours.token.tell("touch-mode", "never")
            done = ours.cli("export", "--secret-service")
            assert done.returncode and "went out" not in done.stdout, done
            assert content(new) == {"Login": []}
            ours.token.tell("touch-mode", "auto")
            done = ours.cli("export", "--secret-service")
            assert done.returncode == 1 and "2 went out, 0 already there, 1 not" in done.stdout
            assert "not: one 1: its policy forbids export" in done.stdout, done
            assert [i[0] for i in content(new)["Login"]] == ["one 0", "one 2"]
            with contextlib.closing(ours.agent.client(ours.who)) as c:
                ids = [e.id for e in ours.entries()]
                reply = c.ask("entry.get", ids=ids, export=True)
                assert reply.status == "DENIED", reply


# --- KeePassXC ---

def items(ours):
    """(label, attributes, value) of each item of the vault"""
    with contextlib.closing(ours.agent.client(ours.who)) as c:
        return sorted((e.label, sorted((a.name, a.value) for a in e.attributes or []),
                       c.call("entry.get", ids=[e.id])["values"][0].value)
                      for e in ours.entries() if e.kind != 1)


def without_own(row):
    """KeePassXC draws the Uuid, and makes the Path from the title."""
    label, attributes, *rest = row
    return (label, [a for a in attributes if a[0] not in ("Uuid", "Path")], *rest)


def from_keepassxc(_):
    """the group that KeePassXC shows to programs: in, and out into another database; both twice"""
    entries = [{"Title": "mail", "UserName": "me", "Password": "secret value \u00fc\U0001f4be",
                "URL": "https://mail.example", "Notes": "two\nlines"},
               {"Title": "chat", "UserName": "you", "Password": "", "app": "x", "\u00fcber": "y"},
               *({"Title": "n %d" % i, "Password": "p%d" % i} for i in range(30))]
    with owned(KeePassXC, entries=entries) as old, opened(old) as ours:
        there = [row for rows in content(old).values() for row in rows]
        assert len(there) == 32 and "mail" in {row[0] for row in there}
        assert ours.moved("import") == (32, 0, 0)
        assert items(ours) == sorted(row[:3] for row in there)
        assert [v for label, _, v in items(ours) if label == "mail"] == [
            entries[0]["Password"].encode()]
        assert ours.moved("import") == (0, 32, 0)
        with owned(KeePassXC) as new:
            ours.agent.env["DBUS_SESSION_BUS_ADDRESS"] = new.bus.address
            for counts in ((32, 0, 0), (0, 32, 0)):
                assert ours.moved("export") == counts, ours.last
                out = [row for rows in content(new).values() for row in rows]
                assert sorted(map(without_own, out)) == sorted(map(without_own, there))


# --- others ---

def nobody(_):
    """no bus, nobody there, KWallet alone, ourselves: said in plain words, nothing changed"""
    with owned(GnomeKeyring) as old, opened(old) as ours:
        for verb in ("import", "export"):
            if verb == "export":
                assert ours.moved("import") == (0, 0, 0)
        old.process.terminate()
        old.process.wait()
        ownkey.until(lambda: not old.bus.pid_of(NAME), "nobody")
        done = ours.cli("import", "--secret-service")
        assert done.returncode == 1 and "no other keyring" in done.stderr, done
        for name in ("org.kde.kwalletd5", "org.kde.kwalletd6"):
            with old.connect() as c:
                c.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                       "RequestName", "su", name, 4)
                done = ours.cli("import", "--secret-service")
                assert done.returncode == 1 and "KWallet" in done.stderr, done
        done = ours.cli("import", "--secret-service",
                        DBUS_SESSION_BUS_ADDRESS="unix:path=/nonexistent")
        assert done.returncode == 1 and "no session bus" in done.stderr, done


if __name__ == "__main__":
    sys.exit(run_parallel([(f.__doc__.split("\n")[0], f) for f in (
        there_and_back, locked, bounds, policy, from_keepassxc, nobody)], jobs=2))
