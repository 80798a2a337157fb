"""`ownkey backup drill` and `ownkey restore` without a file, as a person types them."""

import contextlib
import glob
import os
import sys

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
        t.expect("1 stored secrets")
        t.expect("went well")
        assert t.end() == 0
        fits(t)
        assert agent.hash() == before and not left(agent), left(agent)
        assert "secret" in works(agent, "secret", "get", "wifi")


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


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (goes_well, fails, cancelled)]))
