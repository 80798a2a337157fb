"""ownkey-secrets asks the person about an item: who is asked about, and what a no does."""

import contextlib
import json
import os
import subprocess
import sys

from ownkey import HERE, run_parallel, until
from secretbus import LOGIN, Caller, I, refused
from secrets_service import QUERY, desktop

ASK = """
import sys
sys.path.insert(0, %r)
from secretbus import *
class At: address = %r
c = Caller(At)
if len(sys.argv) > 2:
    paths, prompt = c.unlock(sys.argv[1])
    assert prompt != "/", paths
    c.prompt(prompt)
    open(sys.argv[2], "w").close()
    print(c.completed(prompt)[0])
try:
    print(c.secret(sys.argv[1]))
except Error as e:
    print(e.name, e.text)
"""


LOOK = """
import json, sys
sys.path.insert(0, %r)
from secretbus import *
class At: address = %r
c = Caller(At)
item = sys.argv[1]
def shown():
    all_items = c.get_all(item, "Item")
    assert all_items["Locked"] == c.get(item, "Item", "Locked")
    assert all_items["Label"] == "Label", all_items
    assert c.search({}) == [item], "the collection lists all"
    return list(c.service("SearchItems", "a{ss}", {})) + [all_items["Locked"]]
said = [shown()]
paths, prompt = c.unlock(item)
if prompt != "/":
    c.prompt(prompt)
    said.append(c.completed(prompt))
    if len(sys.argv) > 2:
        c.signalled("PropertiesChanged", {"Locked": ("b", False)}, 0)
said.append(c.secret(item).decode())
said.append(shown())
print(json.dumps(said))
"""


class Other:
    """Another program than ours."""

    def __init__(self, directory, bus):
        self.exe = os.path.join(directory, "python-other")
        self.bus = bus
        with open("/proc/self/exe", "rb") as f, open(self.exe, "wb") as g:
            g.write(f.read())
        os.chmod(self.exe, 0o755)

    def start(self, *args, script=ASK):
        return subprocess.Popen([self.exe, "-c", script % (HERE, self.bus.address), *args],
                                stdout=subprocess.PIPE, text=True,
                                env={**os.environ, "PYTHONHOME": "/usr",
                                     "PYTHONDONTWRITEBYTECODE": "1"})

    def output(self, *args, **kw):
        process = self.start(*args, **kw)
        said = process.communicate(timeout=60)[0]
        assert process.returncode == 0, process.returncode
        return said

    def says(self, *args):
        return self.output(*args).split()


def asks(directory):
    """another program is asked about, once; the one that made the item is not"""
    with desktop(directory, "cancel") as (agent, _, bus, c):
        item = c.create(QUERY, b"one")
        assert c.secret(item) == b"one"
        assert not agent.pinentry.questions()
        program = Other(directory, bus)

        def other(*args):
            return program.says(item, *args)
        said = other()
        assert said[0].endswith("IsLocked"), said
        assert len(agent.pinentry.questions()) == 1, agent.pinentry.said()
        agent.pinentry.set("ok")
        assert other(os.devnull) == ["False", "b'one'"]
        assert len(agent.pinentry.questions()) == 1, agent.pinentry.said()
        assert other() == ["b'one'"], "asked twice"


def locked_for_others(directory):
    """what would be asked about is locked for who is asked about, until the person said yes"""
    with desktop(directory, "ok") as (agent, _, bus, c):
        item = c.create(QUERY, b"one")
        other = Other(directory, bus)
        mine, closed, opened = ([[item], [], False], [[], [item], True], [[item], [], False])

        def seen():
            return [*c.service("SearchItems", "a{ss}", {}), c.get(item, "Item", "Locked")]

        def looks(*args):
            return json.loads(other.output(item, *args, script=LOOK))
        assert seen() == mine
        assert looks("asked") == [closed, [False, "ao", [item]], "one", opened]
        assert len(agent.pinentry.questions()) == 1, agent.pinentry.said()
        with contextlib.closing(agent.client(agent.person)) as a:
            a.call("grant.set", label="Label", app="program:" + other.exe, verb=0, timeout=60)
        agent.lock()
        agent.unlock()
        until(c.is_open, "open")
        agent.pinentry.set("cancel")
        asked = len(agent.pinentry.questions())
        said = looks()
        assert said[0] == opened and said[-2:] == ["one", opened], said
        with contextlib.closing(agent.client(agent.person)) as a:
            a.call("grant.set", label="Label", app="program:" + other.exe, verb=2)
        with contextlib.closing(Caller(bus)) as same:
            assert same.get(item, "Item", "Locked") is False
        process = other.start(item, os.devnull)
        until(lambda: len(agent.pinentry.questions()) > asked, "a question")
        assert waits_on(process), process.stdout.read()
        process.kill()
        process.communicate()
        assert len(agent.pinentry.questions()) == asked + 1, agent.pinentry.said()
        assert seen() == mine


def waits_on(process):
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.5)
    return process.poll() is None


def no_to_item(directory):
    """after a no to an item its prompt waits: for a grant, a yes to another, the next opening"""
    with desktop(directory, "cancel") as (agent, _, bus, c):
        item = c.create(QUERY, b"one")
        other = Other(directory, bus)

        def refused_one():
            agent.pinentry.set("cancel")
            process = other.start(item, os.devnull)
            until(agent.pinentry.questions, "a question")
            assert waits_on(process), process.stdout.read()
            assert len(agent.pinentry.questions()) == 1, "asked again"
            return process

        def ends(process):
            assert process.communicate(timeout=20)[0].split() == ["False", "b'one'"]

        first = refused_one()
        agent.lock()
        assert waits_on(first)
        agent.pinentry.set("ok")
        agent.unlock()
        ends(first)
        agent.lock()
        agent.unlock()
        until(c.is_open, "open")

        first = refused_one()
        second = refused_one()
        gone = refused_one()
        gone.kill()
        gone.communicate()
        agent.pinentry.set("ok")
        assert other.says(item, os.devnull) == ["False", "b'one'"]
        ends(first)
        ends(second)
        agent.lock()
        agent.unlock()
        until(c.is_open, "open")

        first = refused_one()
        agent.pinentry.set("cancel")
        with contextlib.closing(agent.client(agent.person)) as a:
            a.call("grant.set", label="Label", app="program:" + other.exe, verb=0, timeout=60)
        ends(first)
        assert not agent.pinentry.questions(), agent.pinentry.said()
        # what is denied for good waits, too
        with contextlib.closing(agent.client(agent.person)) as a:
            a.call("grant.set", label="Label", app="program:" + other.exe, verb=1)
        prompted = os.path.join(directory, "prompted")
        first = other.start(item, prompted)
        until(lambda: os.path.exists(prompted), "its prompt")
        assert waits_on(first)
        c.call(item, I + "Item", "Delete")
        assert first.communicate(timeout=20)[0].startswith("False\n")


def no_to_opening(directory):
    """after a no to the opening a prompt waits; dismissed, or its client gone, it is no more"""
    with desktop(directory, "cancel", pin="1357") as (agent, token, bus, c):
        agent.lock()
        until(lambda: not c.is_open(), "locked")
        other = Caller(bus)
        first, second, third = (x.unlock(LOGIN)[1] for x in (c, c, other))
        for x, p in ((c, first), (c, second), (other, third)):
            x.prompt(p)
        until(agent.pinentry.questions, "a question")
        assert c.completed(first, 0.7) is None and c.completed(second, 0.1) is None
        assert len(agent.pinentry.questions()) == 1, agent.pinentry.said()
        c.call(first, I + "Prompt", "Dismiss")
        assert c.completed(first) == (True, "ao", [])
        refused("UnknownObject", c.call, first, I + "Prompt", "Dismiss")
        other.close()
        assert c.completed(second, 0.5) is None
        agent.unlock(agent.person)
        assert c.completed(second) == (False, "ao", [LOGIN])
        for p in (first, third):
            refused("UnknownObject", c.call, p, I + "Prompt", "Dismiss")
        assert len(agent.pinentry.questions()) == 1 and not token.is_waiting()


CASES = [asks, locked_for_others, no_to_item, no_to_opening]

if __name__ == "__main__":
    sys.exit(run_parallel([(f.__doc__, f) for f in CASES]))
