"""Entries of desktop applications (lib/ops_entry.h), by a client that speaks to the socket
directly, as ownkey-secrets does; as that program it runs under its name."""

import contextlib
import os
import shutil
import subprocess
import sys

from ownkey import ERR, HERE, expect, run_parallel, world
from policy import Pinentry

APP = {"pid": 4242, "app": "flatpak:org.example.Chat", "vouched": True}
OTHER = {"pid": 4243, "app": "unit:app-other.service", "vouched": True}
PROGRAM = {"pid": 4244, "app": "program:/usr/bin/chat"}
UNKNOWN = {"pid": 4245, "app": ""}

# A client with that name: what it is asked, one line of Python each, is answered with one line.
ADAPTER = """
import sys
sys.path.insert(0, %r)
from ownkey import Agent, Client
class At: socket = %r; secret = %r
c = Client(At, interactive=False)
for line in sys.stdin:
    print(repr(eval(line)), flush=True)
"""


class Adapter:
    """A process of its own that asks; name: of its executable."""

    def __init__(self, agent, name="ownkey-secrets"):
        exe = os.path.join(agent.dir, name)
        if not os.path.exists(exe):
            shutil.copy(os.path.realpath("/usr/bin/python3"), exe)
        self.process = subprocess.Popen(
            [exe, "-c", ADAPTER % (HERE, agent.socket, agent.secret)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHOME": "/usr"})

    def run(self, code):
        self.process.stdin.write(code + "\n")
        self.process.stdin.flush()
        return eval(self.process.stdout.readline())

    def get(self, who, *ids):
        """Values, or the names of errors."""
        return self.run("[v.value if v.value is not None else v.err for v in "
                        "c.call('entry.get', ids=%r, who=%r)['values']]" % (list(ids), who))

    def set(self, **params):
        """The id."""
        return self.run("c.call('entry.set', **%r).entry[0].id" % params)

    def status(self, op, **params):
        return self.run("c.ask(%r, **%r).status" % (op, params))

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def pairs(**attributes):
    return [{"name": n, "value": v} for n, v in attributes.items()]


@contextlib.contextmanager
def opened(directory, *answers, **conf):
    pinentry = Pinentry(directory, *answers)
    with world(directory, {}, pinentry=pinentry.path, **conf) as (agent, token):
        person = agent.init()
        pinentry.set(*answers)
        with contextlib.closing(agent.client(person)) as c:
            yield agent, c, pinentry, token


# --- policy ---

def own(directory):
    """the application that made it is not asked, another one once, until lock"""
    with opened(directory, "ok") as (agent, _, pinentry, _):
        with contextlib.closing(Adapter(agent)) as a:
            i = a.set(label="Chat", value=b"one", who=APP)
            for _ in range(2):
                assert a.get(APP, i) == [b"one"]
            assert not pinentry.questions(), pinentry.said()
            for _ in range(3):
                assert a.get(OTHER, i) == [b"one"]
            said = pinentry.said()
            assert len(pinentry.questions()) == 1, said
            for text in ("unit:app-other.service", "4243", "ownkey-secrets",
                         str(a.process.pid), "Chat"):
                assert text in said, (text, said)
            # what the kernel does not vouch for is not it
            assert a.get({**APP, "vouched": False}, i) == [b"one"]
            assert len(pinentry.questions()) == 2, said
        agent.lock()
        expect(agent.unlock(), "OK")
        with contextlib.closing(Adapter(agent)) as a:
            assert a.get(APP, i) == [b"one"]
            assert len(pinentry.questions()) == 2, said
            assert a.get(OTHER, i) == [b"one"]
            assert len(pinentry.questions()) == 3, said


def claimed(directory):
    """another client that says the same is asked itself"""
    with opened(directory, "ok") as (agent, _, pinentry, _):
        with contextlib.closing(Adapter(agent)) as a, \
                contextlib.closing(Adapter(agent, "thief")) as thief:
            i = a.set(label="Chat", value=b"one", who=APP)
            j = a.set(label="Other", value=b"two", who=OTHER)
            assert a.get(OTHER, i) == [b"one"]
            assert len(pinentry.questions()) == 1
            pinentry.set("no")
            for who in (APP, OTHER):
                assert thief.get(who, i, j)[0] not in (b"one", b"two"), who
            assert "thief" in pinentry.said()
            assert thief.status("entry.remove", id=i, who=APP) == "REFUSED"
            assert thief.status("entry.set", id=i, who=APP, value=b"x") == "REFUSED"
            assert thief.status("entry.set", id=i, who=APP, label="x") == "REFUSED"
            pinentry.set("no")
            assert a.get(APP, i) == [b"one"]
            assert not pinentry.questions()


def one_question(directory):
    """one question for several; no is for those that were asked about"""
    with opened(directory, "ok") as (agent, _, pinentry, _):
        with contextlib.closing(Adapter(agent)) as a:
            ids = [a.set(label="entry %d" % n, value=b"%d" % n, who=APP) for n in range(8)]
            mine = a.set(label="mine", value=b"mine", who=OTHER)
            assert a.get(OTHER, mine, *ids) == [b"mine"] + [b"%d" % n for n in range(8)]
            said = pinentry.said()
            assert len(pinentry.questions()) == 1, said
            assert "entry 0" in said and "entry 2" in said and "and 5 more" in said, said
            assert "entry 3" not in said and "mine" not in said, said
            assert a.get(OTHER, *ids) == [b"%d" % n for n in range(8)]
            assert len(pinentry.questions()) == 1
            pinentry.set("no")
            no = ERR["REFUSED"]
            assert a.get(PROGRAM, mine, *ids[:2], b"?" * 16) == [no] * 3 + [ERR["NOTFOUND"]]


def imported(directory):
    """what came from elsewhere belongs to the first that the person says yes to"""
    with opened(directory, "no") as (agent, c, pinentry, _):
        ids = [c.call("entry.set", label="old %d" % n, value=b"v", created=1000 + n,
                      **{"import": True}).entry[0].id for n in range(3)]
        assert c.call("entry.list").entries[2].created == 1002
        with contextlib.closing(Adapter(agent)) as a:
            assert a.get(PROGRAM, *ids) != [b"v"] * 3
            pinentry.set("ok")
            assert a.get(PROGRAM, *ids) == [b"v"] * 3
            assert len(pinentry.questions()) == 1
        agent.lock()
        expect(agent.unlock(), "OK")
        with contextlib.closing(Adapter(agent)) as a:
            assert a.get(PROGRAM, *ids) == [b"v"] * 3
            assert len(pinentry.questions()) == 1, pinentry.said()
            assert a.get(APP, ids[0]) == [b"v"]
            assert len(pinentry.questions()) == 2
        with contextlib.closing(agent.client()) as d:
            log = [e for e in d.call("audit.show").entries if e.op == "entry.get"]
        assert sum(e.kind == 4 for e in log) == 3, log


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (own, claimed, one_question, imported)]))
