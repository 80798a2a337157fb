#!/usr/bin/python3
# limit: 200
"""secret-tool, unchanged, against gnome-keyring and against ownkey-secrets: the same facts, or a
row of differences.py."""

import re
import secrets
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from desktop import I_COLLECTION, I_ITEM, NAME, ROOT  # noqa: E402
from facts import compare  # noqa: E402


PATIENCE = 4  # seconds that this person waits after a "no"


def word():
    return "w" + secrets.token_hex(6)


class Tool:
    """secret-tool with one set of random attributes."""

    def __init__(self, owner):
        self.owner, self.patience = owner, 30
        self.attributes = [word(), word(), word(), "ü " + word()]

    def store(self, value, *options, label="a label", add=()):
        return self.owner.run("secret-tool", "store", "--label=" + label, *options,
                              *self.attributes, *add, data=value,
                              timeout=self.patience).returncode

    def lookup(self, *attributes):
        done = self.owner.run("secret-tool", "lookup", *(attributes or self.attributes),
                              timeout=self.patience)
        return done.stdout if done.returncode == 0 else done.returncode

    def clear(self, *attributes):
        return self.owner.run("secret-tool", "clear", *(attributes or self.attributes)).returncode

    def search(self, *options, attributes=None):
        """secret-tool writes attributes to stderr, as the order of a hash table has it; paths and
        times are anybody's."""
        done = self.owner.run("secret-tool", "search", *options, *(attributes or self.attributes))
        found = []
        for line in (done.stdout + done.stderr).decode().splitlines():
            line = re.sub(r"^\[.*\]$", "[an item]", line)
            line = re.sub(r"^(created|modified) = \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", r"\1", line)
            for n, a in enumerate(self.attributes):
                line = line.replace(a, "<%d>" % n)
            # gnome-keyring adds it now and then, when it has read its file again
            if line != "schema = org.freedesktop.Secret.Generic":
                found.append(line)
        return done.returncode, sorted(found)


def plain(owner, fact):
    """Everyday use."""
    tool = Tool(owner)
    fact("lookup of what is not there", tool.lookup())
    fact("clear of what is not there", tool.clear())
    fact("search for what is not there", tool.search())
    value = secrets.token_urlsafe(20).encode()
    fact("store", tool.store(value))
    fact("lookup", tool.lookup() == value)
    one = tool.attributes[:2]
    fact("lookup with one attribute of two", tool.lookup(*one) == value)
    fact("lookup with an attribute too many", tool.lookup(*tool.attributes, word(), word()))
    fact("search", (tool.search()[0], [l.replace(value.decode(), "<value>")
                                       for l in tool.search()[1]]))
    fact("store again: replaces", tool.store(b"second", label="second"))
    fact("search all after it", tool.search("--all"))
    fact("store with one attribute more: another item", tool.store(b"third", add=(word(), "x")))
    fact("how many there are", tool.search("--all")[1].count("[an item]"))
    fact("how many one finds", tool.search()[1].count("[an item]"))
    fact("clear with one attribute: all", tool.clear(*one))
    fact("lookup after clear", tool.lookup())


def values(owner, fact):
    """What a value may be."""
    for name, value in (("empty", b""), ("a line and its end", b"one\n"),
                        ("unicode", "päß🔑".encode()), ("9 kB", b"0123456789abcdef" * 576),
                        ("binary", b"\0\xff\x80\n"), ("not UTF-8", b"\xc3\x28")):
        tool = Tool(owner)
        fact("store: " + name, tool.store(value))
        got = tool.lookup()
        fact("lookup: " + name, "as it was" if got == value else "otherwise")


def names(owner, fact):
    """Attributes and labels."""
    tool = Tool(owner)
    for name, text in (("empty", ""), ("unicode", "Ключ 鍵"), ("long", "x" * 900),
                       ("control characters", "a\tb\x1b[31m")):
        tool.attributes = [word(), text]
        fact("attribute: " + name, tool.store(b"v"))
        fact("by attribute: " + name, tool.lookup())
        tool.attributes = [word(), word()]
        fact("label: " + name, tool.store(b"v", label=text))
        fact("with label: " + name, tool.search()[1].count("label = " + text)
             if name != "control characters" else tool.search()[0])
    tool.attributes = [word() + "é", "v", word(), word()]
    fact("name of an attribute in unicode", (tool.store(b"v"), tool.lookup()))
    tool.attributes = [x for _ in range(20) for x in (word(), word())]
    fact("20 attributes", (tool.store(b"v"), tool.lookup()))
    tool.attributes = ["xdg:schema", "org.example." + word(), word(), word()]
    fact("a schema as attribute", (tool.store(b"v"), tool.lookup()))


def collections(owner, fact):
    """--collection: session, default, login and one that is not there."""
    for name in ("session", "default", "login", "nosuch"):
        tool = Tool(owner)
        fact("store in %s" % name, tool.store(b"in " + name.encode(), "--collection=" + name))
        fact("found from %s" % name, tool.lookup())
        if name == "session":
            session = tool
        if name == "default":
            kept = tool
    owner.restart()
    fact("session after a restart", session.lookup())
    fact("default after a restart", kept.lookup())


def of_another(owner, fact):
    """An item that another program made: this one."""
    tool = Tool(owner)
    attributes = dict(zip(tool.attributes[::2], tool.attributes[1::2]))
    with owner.connect() as c:
        c.call(NAME, ROOT + "/aliases/default", I_COLLECTION, "CreateItem", "a{sv}(oayays)b",
               {I_ITEM + ".Label": ("s", "a label"), I_ITEM + ".Attributes": ("a{ss}", attributes)},
               (c.plain(), b"", b"theirs", "text/plain"), False)
    # gnome-keyring asks nothing, and would keep the answer for what it asks next
    if owner.name == "ownkey":
        owner.person("no")
    tool.patience = PATIENCE
    fact("lookup of another program's, and the person says no", tool.lookup())
    tool.patience = 30
    if owner.name == "ownkey":
        owner.person("yes")
    fact("lookup of another program's, and the person says yes", tool.lookup())
    fact("search for another program's", tool.search())
    fact("search --unlock for another program's", tool.search("--unlock"))
    fact("clear of another program's", tool.clear())


def locked(owner, fact):
    tool, absent = Tool(owner), Tool(owner)
    tool.store(b"kept")
    owner.run("secret-tool", "lock")
    fact("locked by secret-tool", owner.is_locked())
    fact("search while locked, what is there", tool.search())
    fact("search while locked, what is not", absent.search())
    owner.person("no")
    tool.patience = PATIENCE
    fact("lookup, and the person says no", tool.lookup())
    tool.patience = 30
    fact("still locked", owner.is_locked())
    owner.person("yes")
    fact("lookup, and the person says yes", tool.lookup())
    fact("open then", owner.is_locked())
    fact("the session collection while locked", session_while_locked(owner))
    fact("lookup of what is not there, locked", absent.lookup())
    owner.lock()
    owner.person("yes")
    fact("search --unlock", tool.search("--unlock"))
    owner.lock()
    owner.person("no")
    tool.patience = PATIENCE
    fact("store, and the person says no", tool.store(b"changed"))
    tool.patience = 30
    owner.person("yes")
    fact("it is what it was", tool.lookup())
    owner.lock()
    owner.person("yes")
    fact("store, and the person says yes", tool.store(b"changed"))
    fact("it is changed", tool.lookup())
    owner.lock()
    owner.person("yes")
    fact("clear while locked", tool.clear())
    fact("after that", tool.lookup())


def session_while_locked(owner):
    tool = Tool(owner)
    stored = tool.store(b"volatile", "--collection=session")
    owner.lock()
    return stored, tool.search("--all")[1].count("secret = volatile")


def lock_one(owner, fact):
    """What is locked then, not how it exits: secret-tool 0.20.5 crashes where a service does not
    know the object, or does not, as what it finds in its memory leads to."""
    for name in ("default", "login", "session", "nosuch"):
        if owner.is_locked():
            owner.person("yes")
            with owner.connect() as c:
                c.unlock(ROOT + "/aliases/default")
        owner.run("secret-tool", "lock", "--collection=" + name)
        fact("lock --collection=" + name, owner.is_locked())


def walk(owner, fact):
    for part in (plain, values, names, collections, of_another, locked, lock_one):
        part(owner, fact)


sys.exit(compare("secret-tool", walk))
