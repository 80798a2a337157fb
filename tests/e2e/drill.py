"""`ownkey backup drill` and `ownkey restore` without a file, as a person types them."""

import contextlib
import glob
import os
import re
import sys
import time

from cli import fits, terminal, works
from ownkey import PASS, TOKEN, run_parallel, world


@contextlib.contextmanager
def opened(directory):
    with world(directory, {"pin": None}) as (agent, tok):
        person = agent.init(ways=TOKEN | PASS)
        yield agent, tok, person


def type_words(t, words):
    for i, word in enumerate(words.split(), 1):
        t.expect("word %d" % i)
        t.type(word)


def left(agent):
    return glob.glob(os.path.join(agent.runtime, "ownkey-away*")) + \
        glob.glob("/tmp/ownkey-away*")


def fill(agent, person):
    with contextlib.closing(agent.client(person)) as c:
        c.call("id.add", service="matrix", account="@a:example.org")
        c.call("id.add", service="ssh", account="me")
        c.call("id.rotate", label="matrix/@a:example.org/backup")
        c.call("id.reseed")
        c.call("id.rotate", label="ssh/me")
        c.call("secret.set", label="wifi", value=b"secret")


def goes_well(directory):
    """every key that the phrase should bring back does; nothing is left of the place"""
    with opened(directory) as (agent, _, person):
        fill(agent, person)
        before = agent.hash()
        t = terminal(agent, "backup", "drill")
        type_words(t, person.shown)
        t.expect("came back +6 of 6 keys")
        t.expect("1 secrets, only from a\\s+backup")
        t.expect("went well")
        assert t.end() == 0
        fits(t)
        assert agent.hash() == before and not left(agent), left(agent)
        assert "secret" in works(agent, "secret", "get", "wifi")


def from_backup(directory):
    """a backup, too: keys and secrets; what is newer than it is told apart"""
    with opened(directory) as (agent, _, person):
        fill(agent, person)
        name = os.path.join(directory, "b.age")
        works(agent, "backup", "create", name)
        card = works(agent, "backup", "passphrase").strip()
        time.sleep(1.1)
        with contextlib.closing(agent.client(person)) as c:
            c.call("secret.set", label="later", value=b"x")
        t = terminal(agent, "backup", "drill", name)
        t.expect("words or key: ")
        t.type("wrong")
        t.expect("words or key: ")
        t.type(card)
        t.expect("A backup of")
        t.expect("came back +7 of 7 keys and secrets")
        t.expect("1 secrets, newer")
        t.expect("went well")
        assert t.end() == 0
        fits(t)
        assert not left(agent)


def fails(directory):
    """another phrase is noticed; a wrong word can be typed again"""
    with opened(directory) as (agent, _, person):
        fill(agent, person)
        t = terminal(agent, "backup", "drill")
        type_words(t, "abandon " * 23 + "art")
        t.expect("NOT THE SAME KEY")
        t.expect("came back +0 of 6 keys")
        t.expect("FAILED")
        assert t.end() == 1
        assert not left(agent)


def cancelled(directory):
    """Ctrl-C in the middle leaves nothing"""
    with opened(directory) as (agent, _, person):
        fill(agent, person)
        t = terminal(agent, "backup", "drill")
        t.expect("word 1")
        assert left(agent)
        t.key(b"\x03")
        assert t.end() != 0
        assert not left(agent)


def end_of(c, label):
    """What a person would remember of a key."""
    row = [i for i in c.call("id.list", all=True)["items"] if i.label.startswith(label)][0]
    return row.shown[-12:], row.shown


def rebuilds(directory):
    """restore without a file: phrase, accounts, a number each, ways in; on 50 x 15"""
    for name in ("old", "new"):
        os.mkdir(os.path.join(directory, name))
    with opened(os.path.join(directory, "old")) as (agent, _, person):
        fill(agent, person)
        with contextlib.closing(agent.client(person)) as c:
            known = {s: end_of(c, s) for s in ("ssh/me", "matrix/@a:example.org/cross")}
    with world(os.path.join(directory, "new"), {"pin": None}) as (agent, _):
        t = terminal(agent, "restore")
        t.expect("It cannot bring back secrets")
        type_words(t, person.shown)
        t.expect("stands on your card")
        mine = {"matrix": ("@a:example.org", "matrix/@a:example.org/cross"),
                "ssh": ("me", "ssh/me")}
        asked = set()
        while found := t.expect(r"(?s)\n([a-z0-9-]+): .*?your account, or Enter for none: "
                                "|generation on your newest card").group(1):
            service = found
            asked.add(service)
            account, label = mine.get(service, ("", ""))
            t.type(account)
            if not account:
                continue
            number = None
            while number is None:
                t.expect(r"skip \[1\]: ")
                found = [m for m in re.findall(
                    r"(\d+) +epoch \d, generation \d\r?\n +(\S[^\r\n]*)", t.text)
                    if m[1].endswith(known[label][0])]
                number = found[-1][0] if found else None
                t.type(number or "m")
            if service == "ssh":
                t.expect("older ones of yours")
                t.type("")
            t.expect("your account, or Enter for none: ")
            t.type("")
        assert asked >= {*mine, "omemo", "tor", "age"}, asked
        t.type("")
        t.expect(r"set a PIN now\? \[Y/n\] ")
        t.type("n")
        t.expect("name of this token")
        t.type("")
        t.expect("Not in it: secrets")
        assert t.end() == 0
        fits(t)
        with contextlib.closing(agent.client(person)) as c:
            for label, (_, shown) in known.items():
                assert end_of(c, label)[1] == shown


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        goes_well, from_backup, fails, cancelled, rebuilds)], jobs=1))
