"""ownkey-secrets among people who say no, strangers on the bus, its own successor,
and who reads its memory."""

import contextlib
import os
import sys

from hardening import SANITIZED
from ownkey import run_parallel, until
from passwords import memory
from secretbus import I, LOGIN, NAME, VOLATILE, Caller, refused, serve
from secrets_service import QUERY, desktop, lock


def not_now(directory):
    """no to an item is told to nobody: asked again once it was locked and opened"""
    with desktop(directory, "cancel") as (agent, _, _, c):
        # imported: it is nobody's yet
        with contextlib.closing(agent.client()) as a:
            i = a.call("entry.set", label="Chat", value=b"one", attributes=[
                {"name": n, "value": v} for n, v in QUERY.items()], **{"import": True}).entry[0].id
        item = LOGIN + "/" + i.hex()
        until(lambda: c.search(QUERY) == [item], "it on the bus")
        prompt = c.unlock(item)[1]
        c.prompt(prompt)
        said = c.completed(prompt, 1)
        assert said is None, said
        assert len(agent.pinentry.questions()) == 1, agent.pinentry.said()
        lock(agent, c)
        assert c.completed(prompt, 0.5) is None
        agent.pinentry.set("ok")
        agent.unlock()
        assert c.completed(prompt) == (False, "ao", [item])
        assert c.secret(item) == b"one"


def forged(directory):
    """what anybody sends to it alone, as if it were the bus, is not heard"""
    with desktop(directory) as (agent, token, bus, c):
        c.create(QUERY, b"one")
        lock(agent, c)
        token.tell("touch-mode", "never")
        found, = c.search(QUERY)
        prompt = c.unlock(found)[1]
        c.prompt(prompt)
        with contextlib.closing(Caller(bus)) as thief:
            to = thief.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "GetNameOwner", "s",
                            NAME, to="org.freedesktop.DBus")
            for member, signature, *body in (("NameLost", "s", NAME),
                                             ("NameOwnerChanged", "sss", c.name, c.name, "")):
                thief.forge(to, "/org/freedesktop/DBus", "org.freedesktop.DBus", member, signature,
                            *body)
            thief.is_open()
        assert agent.service.process.poll() is None, agent.service.said()
        until(token.is_waiting, "a touch")
        token.tell("touch")
        assert c.completed(prompt) == (False, "ao", [found])
        assert c.secret(found) == b"one"


def again(directory):
    """a locked item of a process that has ended is not another one for the next"""
    with desktop(directory) as (agent, _, bus, c):
        c.create(QUERY, b"one")
        c.create({"other": "2"}, b"two")
        lock(agent, c)
        found, = c.search(QUERY)
        agent.service.process.kill()
        agent.service.process.wait()
        agent.service = serve(agent, bus)
        c.session = None
        other, = c.search({"other": "2"})
        assert found != other
        agent.unlock()
        until(c.is_open, "open")
        assert c.secret(other) == b"two"
        refused("NoSuchObject", c.secret, found)


def crowd(directory):
    """a hundred searches while locked: each of them finds what it was for"""
    with desktop(directory) as (agent, _, _, c):
        for n in range(100):
            c.create({"n": str(n)}, b"%d" % n)
        lock(agent, c)
        found = [c.search({"n": str(n)})[0] for n in range(100)]
        agent.unlock()
        until(c.is_open, "open")
        assert c.secrets(*found) == {path: b"%d" % n for n, path in enumerate(found)}


def wiped(directory):
    """memory: values leave nothing behind, on their way in or out"""
    with desktop(directory) as (agent, _, _, c):
        values = [b"first needle in memory", b"second needle in memory " * 5000]
        items = [c.create({"n": str(n)}, v) for n, v in enumerate(values)]
        for item, value in zip(items, values):
            assert c.secret(item) == value and c.secrets(item) == {item: value}
        assert len(c.secrets(*items)) == 2
        gone = c.create({"v": "1"}, b"third needle in memory", path=VOLATILE)
        c.call(gone, I + "Item", "Delete")
        c.is_open()
        pid = agent.service.process.pid
        if SANITIZED or os.geteuid():
            return
        assert b"second needle" not in memory(pid) and b"needle in memory" not in memory(pid)


CASES = [not_now, forged, again, crowd, wiped]

if __name__ == "__main__":
    sys.exit(run_parallel([(f.__doc__, f) for f in CASES]))
