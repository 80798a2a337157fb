"""The secret of an application for the Secret portal (op portal.secret): derived as another program
derives it, without a question for itself, and back from the phrase alone."""

import contextlib
import os
import sys

from entries import Adapter, opened, pairs
from life import seed_of
from other_reader import derive
from ownkey import ARGON, PASS, TOKEN, Person, expect, run_parallel, world

ID = "org.example.Chat"
PATH = "portal/%s/secret" % ID
ITSELF = {"pid": 4242, "app": "flatpak:" + ID, "vouched": True}
OTHER = {"pid": 4243, "app": "flatpak:org.example.Other", "vouched": True}
DENY = 1


def want(words, app, epoch=0):
    parts = [b"portal", app.encode(), b"secret", epoch.to_bytes(4, "big")]
    return derive(seed_of(words, 0), parts, "password.alnum.64")


def get(a, who, app=ID):
    return a.run("(lambda r: r.result.value if r.status == 'OK' else r.status)("
                 "c.ask('portal.secret', app=%r, who=%r))" % (app, who))


def itself(directory):
    """64 characters, the same each time, listed from then on; one append, no question"""
    with opened(directory, "no") as (agent, c, pinentry, _):
        with contextlib.closing(Adapter(agent)) as a:
            before = len(agent.read())
            first = get(a, ITSELF)
            after = len(agent.read())
            assert len(first) == 64 and first.isalnum(), first
            assert after - before == 4096, after - before
            assert get(a, ITSELF) == first and len(agent.read()) == after
            assert [i.label for i in c.call("id.list")["items"]] == [PATH]
            assert not pinentry.questions(), pinentry.said()
            agent.lock()
            assert get(a, ITSELF) == "LOCKED"
            expect(agent.unlock(), "OK")
            assert get(a, ITSELF) == first and not pinentry.questions()
            assert get(a, {**ITSELF, "app": "flatpak:b"}, "b") != first


def others(directory):
    """others are asked: another application, one that nobody vouches for, another client"""
    with opened(directory, "no") as (agent, c, pinentry, _):
        with contextlib.closing(Adapter(agent)) as a:
            value = get(a, ITSELF)
            for i, who in enumerate((OTHER, {**ITSELF, "vouched": False}, {"pid": 7, "app": ""})):
                assert get(a, who) == "REFUSED", who
                assert len(pinentry.questions()) == i + 1, pinentry.said()
            pinentry.set("ok")
            for _ in range(2):
                assert get(a, OTHER) == value
            assert len(pinentry.questions()) == 1 and PATH in pinentry.said(), pinentry.said()
        # the same claim by another program
        assert c.call("portal.secret", app=ID, who=ITSELF).value == value
        assert c.call("portal.secret", app=ID).value == value
        assert len(pinentry.questions()) == 3, pinentry.said()
        with contextlib.closing(Adapter(agent)) as a:
            c.call("grant.set", label=PATH, app=ITSELF["app"], verb=DENY)
            assert get(a, ITSELF) == "DENIED"
            c.call("grant.set", label=PATH, app=OTHER["app"], verb=DENY)
            assert get(a, OTHER) == "DENIED"
        assert len(pinentry.questions()) == 3


def imported(directory):
    """what came from another service wins, until it is removed"""
    with opened(directory, "no") as (agent, c, pinentry, _):
        schema = {"xdg:schema": "org.freedesktop.impl.portal.Secret"}
        with contextlib.closing(Adapter(agent)) as a:
            derived = get(a, ITSELF)
            kept = c.call("entry.set", label="other app", value=b"not mine", **{"import": True},
                          attributes=pairs(**schema, app_id="org.example.Chat2")).entry[0].id
            assert get(a, ITSELF) == derived
            mine = c.call("entry.set", label="app", value=b"\0moved in", **{"import": True},
                          attributes=pairs(**schema, app_id=ID)).entry[0].id
            assert kept != mine and get(a, ITSELF) == b"\0moved in"
            assert not pinentry.questions(), pinentry.said()
            pinentry.set("ok")
            c.call("entry.remove", id=mine)
            assert get(a, ITSELF) == derived
            c.call("entry.back", id=mine)
            assert get(a, ITSELF) == b"\0moved in"


def epochs(directory):
    """rotated: another secret; revoked: none any more"""
    with opened(directory, "no") as (agent, c, _, _):
        with contextlib.closing(Adapter(agent)) as a:
            first = get(a, ITSELF)
            c.call("id.rotate", label="portal/" + ID)
            second = get(a, ITSELF)
            assert second != first and len(second) == 64
            c.call("id.revoke", label="portal/" + ID)
            assert get(a, ITSELF) == "DENIED"
            for bad in ("a\nb", "x" * 256):
                assert get(a, ITSELF, bad) in ("TEXT", "RANGE", "TOOBIG", "FORMAT"), bad


def from_the_phrase(directory):
    """it comes back from the phrase alone, on a machine that has nothing else"""
    for name in ("old", "new"):
        os.mkdir(os.path.join(directory, name))
    with world(os.path.join(directory, "old"), {}) as (agent, _):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(Adapter(agent)) as a:
            value = get(a, ITSELF)
            assert value == want(person.shown, ID), (value, want(person.shown, ID))
    with world(os.path.join(directory, "new"), {}) as (agent, _):
        with contextlib.closing(agent.client(Person(words=person.shown))) as c:
            c.call("rebuild.open", timeout=60)
            c.call("rebuild.commit", timeout=60, ways=TOKEN, **ARGON)
        with contextlib.closing(Adapter(agent)) as a:
            # nobody had to say which applications there were
            assert get(a, ITSELF) == value


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        itself, others, imported, epochs, from_the_phrase)]))
