#!/usr/bin/python3
"""Backups and the real age: one for a key of age-keygen, and one that age encrypted again after jq
had its way with it, come back whole."""

import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

# pylint: disable=wrong-import-position
from agefile import open_passphrase  # noqa: E402
from backup import create, fill, opened, passphrase_of  # noqa: E402
from ownkey import ARGON, PASS, expect, run_parallel, world  # noqa: E402
from restore import restorer, secrets, shown, sub  # noqa: E402
from terminal import Terminal  # noqa: E402


def run(*args, data=b""):
    return subprocess.run(args, input=data, capture_output=True, check=True).stdout


def keygen(directory):
    path = os.path.join(directory, "key.txt")
    run("age-keygen", "-o", path)
    lines = open(path, encoding="ascii").read().split()
    return path, [x for x in lines if x.startswith("AGE-SECRET-KEY-")][0], run(
        "age-keygen", "-y", path).decode().strip()


def both(directory):
    """for a key of age-keygen; through jq and age -r"""
    path, identity, recipient = keygen(directory)
    with opened(sub(directory, "a")) as (_, _, person, c):
        fill(c)
        for_key, _ = create(c, recipients=[{"text": recipient}])
        own, _ = create(c)
        keys, values = shown(c), secrets(c)
    plain = run("age", "-d", "-i", path, data=for_key)
    assert plain.startswith(b"{")
    pretty = run("jq", "-S", "--tab", ".", data=open_passphrase(own, passphrase_of(person.shown)))
    again = run("age", "-a", "-r", recipient, data=pretty)
    for i, file in enumerate((for_key, again)):
        with world(sub(directory, str(i))) as (agent,), restorer(agent, file, [identity]) as c:
            head = expect(c.open(), "OK").result
            c.call("restore.commit", handle=head.handle, ways=PASS, one_way_in=True, timeout=60,
                   **ARGON)
            assert shown(c) == keys and secrets(c) == values


def by_passphrase(directory):
    """the card's passphrase typed into age; what age -p makes of it comes back"""
    with opened(sub(directory, "a")) as (_, _, person, c):
        fill(c)
        own, _ = create(c)
        keys, values = shown(c), secrets(c)
    card = passphrase_of(person.shown)
    names = [os.path.join(directory, n) for n in ("own.age", "plain.json", "again.age")]
    with open(names[0], "wb") as f:
        f.write(own)
    t = Terminal(["/usr/bin/age", "-d", "-o", names[1], names[0]], os.environ)
    t.expect("Enter passphrase")
    t.type(card)
    assert t.end(60) == 0, t.text
    data = json.load(open(names[1], encoding="utf-8"))
    assert {i["name"] for i in data["items"] if i["kind"] in ("key", "secret")} == \
        {k[0] for k in keys} | set(values)
    t = Terminal(["/usr/bin/age", "-p", "-o", names[2], names[1]], os.environ)
    for prompt in ("Enter passphrase", "Confirm passphrase"):
        t.expect(prompt)
        t.type("something else")
    assert t.end(60) == 0, t.text
    again = open(names[2], "rb").read()
    with world(sub(directory, "b")) as (agent,), restorer(agent, again, ["something else"]) as c:
        head = expect(c.open(), "OK").result
        c.call("restore.commit", handle=head.handle, ways=PASS, one_way_in=True, timeout=60,
               **ARGON)
        assert shown(c) == keys and secrets(c) == values


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (both, by_passphrase)]))
