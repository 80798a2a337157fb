"""Entries of desktop applications (lib/ops_entry.h), by a client that speaks to the socket
directly, as ownkey-secrets does; as that program it runs under its name."""

import contextlib
import os
import shutil
import subprocess
import sys
import time

from backup import create
from ownkey import (ARGON, BUILD, ERR, HERE, PASS, expect, run_parallel, status_of, until,
                    world)
from policy import Pinentry
from restore import restorer
from synced import machines

# what is freed is kept then
SANITIZED = b"__asan_init" in open(os.path.join(BUILD, "ownkey-agent"), "rb").read()

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


# --- names, what is set aside ---

def entries(c, **params):
    """All of them, by pages."""
    found, cursor = [], None
    while True:
        page = c.call("entry.list", cursor=cursor, **params)
        found += page.entries
        cursor = page.cursor
        if cursor is None:
            return found


def secrets(c):
    return sorted(i.label for i in c.call("secret.list")["items"])


def values(c, *ids):
    return [v.value if v.value is not None else v.err
            for v in c.call("entry.get", ids=list(ids))["values"]]


def names(directory):
    """names among the secrets: the label, and a number where another has it"""
    with opened(directory) as (_, c, _, _):
        c.call("secret.set", label="Chat", value=b"mine", use=0)
        made = [c.call("entry.set", label=label, value=b"v").entry[0] for label in
                ("Chat", "Chat", "", "  ", "tab\tline\n", "ü" * 400, "u\u0308", "Chat (2)")]
        assert [e.name for e in made] == [
            "Chat (2)", "Chat (3)", "unnamed", "unnamed (2)", "tab?line?", "ü" * 121, "ü",
            "Chat (2) (2)"], made
        assert made[5].label == "ü" * 400 and made[4].label == "tab\tline\n"
        assert secrets(c) == sorted([e.name for e in made] + ["Chat"])
        assert c.call("secret.get", label="Chat (3)").value == b"v"
        assert c.call("secret.get", label="Chat").value == b"mine"
        # hundreds with one label
        many = {c.call("entry.set", label="same", value=b"v").entry[0].name for _ in range(70)}
        assert many == {"same"} | {"same (%d)" % n for n in range(2, 71)}, many
        # another label, another name; the old one is free
        e = c.call("entry.set", id=made[0].id, label="other").entry[0]
        assert (e.name, e.label) == ("other", "other"), e
        assert c.call("entry.set", label="Chat", value=b"").entry[0].name == "Chat (2)"
        # with a new value the old one keeps the name
        e = c.call("entry.set", id=e.id, label="other (2)", value=b"w").entry[0]
        assert e.name == "other (2)", e
        assert [x.name for x in entries(c, removed=True)] == ["other"]


def aside(directory):
    """a value that is replaced or removed is set aside: three of each, in one append"""
    with opened(directory, "ok") as (agent, c, pinentry, _):
        watch = agent.client()
        watch.call("subscribe", on=True)
        e = c.call("entry.set", label="Chat", value=b"0", type="text/plain",
                   attributes=pairs(b="2", a="1")).entry[0]
        assert [(p.name, p.value) for p in e.attributes] == [("a", "1"), ("b", "2")]
        x = c.call("entry.set", label="Chat", value=b"x", attributes=pairs(a="1")).entry[0]
        for n in range(1, 6):
            before = c.call("status").generation
            r = c.call("entry.set", id=e.id, value=b"%d" % n, type="t%d" % n)
            assert r.change == before + 1 == c.call("status").generation
            assert r.entry[0].id == e.id and r.entry[0].created == e.created
            old = entries(c, removed=True)
            assert len(old) == min(n, 3), old
        watch.call("status")
        assert [v.change for v in watch.events if v.kind == "CHANGED"][-1] == r.change
        watch.close()
        assert values(c, e.id, x.id) == [b"5", b"x"]
        # the last one, and the first, however often it is replaced
        kept = {c.call("secret.get", label=o.name).value for o in old}
        assert {b"0", b"4"} < kept and b"5" not in kept, kept
        asked = len(pinentry.questions())
        assert values(c, old[0].id) == [ERR["NOTFOUND"]]
        for op in ("entry.set", "entry.remove"):
            expect(c.ask(op, id=old[0].id), "NOTFOUND")
        assert len(pinentry.questions()) == asked
        # the same again changes nothing
        r = c.call("entry.set", id=e.id, value=b"5", type="t5", label="Chat",
                   attributes=pairs(a="1", b="2"))
        assert r.change == c.call("status").generation and len(entries(c, removed=True)) == 3
        gen = c.call("status").generation
        # what is around it sets nothing aside
        r = c.call("entry.set", id=e.id, attributes=pairs(a="1", c="3"))
        assert r.change == gen + 1 and len(entries(c, removed=True)) == 3
        # of other attributes there are three more
        r = c.call("entry.remove", id=e.id)
        assert r.change == gen + 2 and len(entries(c, removed=True)) == 4
        assert [y.id for y in entries(c)] == [x.id]
        r = c.call("entry.back", id=e.id)
        assert r.entry[0].id == e.id and r.entry[0].removed is None
        expect(c.ask("entry.back", id=e.id), "NOTFOUND")
        assert values(c, e.id) == [b"5"]


def others(directory):
    """what one application replaces pushes out nothing that another one's was"""
    with opened(directory, "ok") as (_, c, _, _):
        same = {"label": "Chat", "attributes": pairs(a="1")}
        with contextlib.closing(Adapter(c.agent)) as a:
            i = a.set(value=b"precious", who=APP, **same)
            a.set(id=i, value=b"new", who=APP)
            j = a.set(value=b"mine", who=OTHER, **same)
            for n in range(5):
                a.set(id=j, value=b"%d" % n, who=OTHER)
            # nor what claims to be that one
            k = c.call("entry.set", value=b"claimed", who=APP, **same).entry[0].id
            for n in range(5):
                c.call("entry.set", id=k, value=b"%d" % n, who=APP)
        kept = [c.call("secret.get", label=e.name).value for e in entries(c, removed=True)]
        assert b"precious" in kept and len(kept) == 7, kept


def undone(directory):
    """what is taken back takes the place of what replaced it, which is set aside"""
    with opened(directory, "ok") as (_, c, _, _):
        e = c.call("entry.set", label="Chat", value=b"old", type="a").entry[0]
        c.call("entry.set", id=e.id, value=b"new", type="b")
        old, = entries(c, removed=True)
        for value, type_ in [(b"old", "a"), (b"new", "b")]:
            gen = c.call("status").generation
            r = c.call("entry.back", id=old.id)
            assert r.change == gen + 1 and r.entry[0].id == e.id and r.entry[0].type == type_
            assert values(c, e.id) == [value]
            assert [o.id for o in entries(c, removed=True)] == [old.id]
        # the one that replaced it is gone itself
        c.call("secret.remove", label="Chat")
        r = c.call("entry.back", id=old.id)
        assert r.entry[0].id == old.id and values(c, old.id) == [b"old"], r
        assert not entries(c, removed=True)


def reserved(directory):
    """what makes an entry of a secret is nobody's to set, and stays when its owner edits it"""
    with opened(directory, "ok") as (_, c, _, _):
        for op, params in [("secret.set", {"label": "x", "value": b"x"}),
                           ("secret.generate", {"label": "x"}), ("entry.set", {"label": "x"})]:
            for name in ("ownkey.kind", "ownkey.removed", "ownkey.later"):
                expect(c.ask(op, attributes=pairs(**{name: "item"}), **params), "RESERVED")
        assert not secrets(c)
        e = c.call("entry.set", label="Chat", value=b"1", attributes=pairs(a="1")).entry[0]
        shown = c.call("secret.show", label="Chat").attributes
        assert {"ownkey.kind", "ownkey.label", "a"} <= {p.name for p in shown}, shown
        again = {**e, "modified": None}
        c.call("secret.set", label="Chat", value=b"2", replace=True)
        assert {**entries(c)[0], "modified": None} == again and values(c, e.id) == [b"2"]
        c.call("secret.set", label="Chat", replace=True, attributes=[*shown, *pairs(b="2")])
        assert [p.name for p in entries(c)[0].attributes] == ["a", "b"]
        c.call("secret.set", label="Chat", replace=True, attributes=pairs(c="3"))
        assert [p.name for p in entries(c)[0].attributes] == ["c"]
        expect(c.ask("secret.set", label="Chat", replace=True,
                     attributes=pairs(**{"ownkey.removed": "1"})), "RESERVED")
        expect(c.ask("secret.set", label="Chat", replace=True,
                     attributes=pairs(**{"n%d" % n: "" for n in range(49)})), "TOOBIG")
        c.call("secret.set", label="Chat", replace=True,
               attributes=pairs(**{"n%d" % n: "" for n in range(48)}))
        assert len(entries(c)[0].attributes) == 48
        # by its owner it goes for good
        c.call("secret.remove", label="Chat")
        assert not entries(c) and not entries(c, removed=True)


def collections(directory):
    """a collection goes with what is in it, and comes back with that alone"""
    with opened(directory) as (_, c, _, _):
        box = c.call("entry.set", kind=1, collection="box", label="Box").entry[0]
        expect(c.ask("entry.set", kind=1, collection="box", label="Box"), "EXISTS")
        expect(c.ask("entry.set", kind=1, label="Box"), "RANGE")
        expect(c.ask("entry.set", id=box.id, collection="other"), "EXISTS")
        ids = [c.call("entry.set", label="in it", collection="box", value=b"%d" % n,
                      attributes=pairs(n=str(n % 2))).entry[0].id for n in range(6)]
        out = c.call("entry.set", label="out", value=b"out").entry[0].id
        c.call("entry.remove", id=ids[0])
        gen = c.call("status").generation
        assert c.call("entry.remove", id=box.id).change == gen + 1
        assert [e.id for e in entries(c)] == [out]
        assert len(entries(c, removed=True)) == 7
        # one of them alone: where there is a place
        assert c.call("entry.back", id=ids[1]).entry[0].collection == "default"
        assert c.call("entry.back", id=box.id).entry[0].collection == "box"
        assert {e.id for e in entries(c)} == {box.id, out, *ids[1:]}
        assert [e.id for e in entries(c, removed=True)] == [ids[0]]
        assert values(c, *ids[1:]) == [b"%d" % n for n in range(1, 6)]


# --- copies of the vault ---

def picture(c):
    return sorted((e.id, e.kind, e.label, e.type, e.collection, e.created, e.removed,
                   [(p.name, p.value) for p in e.attributes or []])
                  for removed in (False, True) for e in entries(c, removed=removed))


def some(c, tag=""):
    e = c.call("entry.set", label="Chat" + tag, value=b"1", type="text/plain", use=0,
               attributes=pairs(a="1", tag=tag), who=APP).entry[0]
    c.call("entry.set", id=e.id, value=bytes(range(256)))
    c.call("entry.set", kind=1, collection="box" + tag, label="Box")
    gone = c.call("entry.set", label="gone", collection="box" + tag, use=0, value=b"").entry[0]
    c.call("entry.remove", id=gone.id)
    return e.id


def restored(directory):
    """all of them come back from a backup, and are what they were"""
    with opened(directory, "ok") as (_, c, _, _):
        i = some(c)
        before, said = picture(c), secrets(c)
        blob, _ = create(c)
        words = c.person.shown
    assert len(before) == 4
    home = os.path.join(directory, "other")
    os.mkdir(home)
    with world(home) as (agent,), restorer(agent, blob, [words]) as c:
        handle = expect(c.open(), "OK").result.handle
        c.call("restore.commit", handle=handle, ways=PASS, timeout=60, one_way_in=True, **ARGON)
        assert picture(c) == before and secrets(c) == said
        assert values(c, i) == [bytes(range(256))]


def joined(directory):
    """versions that were changed apart keep those of both"""
    with machines(directory) as (a, b):
        seen = []
        for m, tag in ((a, "a"), (b, "b")):
            m.unlock()
            some(m.c, tag)
            seen += picture(m.c)
            m.settle()
            m.lock()
        a.put(b.agent.read())
        a.unlock()
        assert picture(a.c) == sorted(seen)
        # two of one name after that: each by its id, a third gets a name of its own
        assert a.c.call("entry.set", label="gone", value=b"").entry[0].name == "gone (2)"


# --- foreign input ---

def hostile(directory):
    """each field wrong, each limit; nothing is changed"""
    with opened(directory, "ok") as (agent, c, _, _):
        e = c.call("entry.set", label="Chat", value=b"1", attributes=pairs(a="1")).entry[0]
        before, state = agent.hash(), picture(c)
        wrong = [({"attributes": pairs(**{"n" * 201: "v"})}, "TOOBIG"),
                 ({"attributes": pairs(n="v" * 4097)}, "TOOBIG"),
                 ({"attributes": [{"name": "n%d" % i, "value": "v" * 2000} for i in range(40)]},
                  "TOOBIG"),
                 ({"attributes": [{"name": "n%d" % i, "value": "v"} for i in range(49)]},
                  "TOOBIG"),
                 ({"attributes": [*pairs(a="1"), *pairs(a="2")]}, "EXISTS"),
                 ({"attributes": pairs(**{"": "v"})}, "RANGE TOOBIG"),
                 ({"attributes": pairs(a="\x1b[2J")}, "TEXT"),
                 ({"label": "l" * 1024}, "TOOBIG RANGE"), ({"label": "a\x00b"}, "TEXT"),
                 ({"type": "t" * 256}, "TOOBIG RANGE"), ({"collection": "../x"}, "TEXT"),
                 ({"collection": "c" * 65}, "TOOBIG RANGE"), ({"collection": ""}, "RANGE TOOBIG"),
                 ({"value": bytes(131073)}, "TOOBIG RANGE"), ({"use": 3}, "RANGE"),
                 ({"kind": 2}, "RANGE"), ({"who": {"pid": 0}}, "RANGE"),
                 ({"who": {"app": "x" * 301}}, "TOOBIG RANGE")]
        for params, errors in wrong:
            for more in ({"label": "x", "value": b"x"}, {"id": e.id}):
                reply = c.ask("entry.set", **{**more, **params})
                assert reply.status in errors.split(), (params, reply)
        text = c.ask("entry.set", attributes=pairs(n="v" * 4097)).text
        assert "4096" in text and "4097" in text, text
        for op in ("entry.set", "entry.remove", "entry.back"):
            expect(c.ask(op, id=b"?" * 16), "NOTFOUND")
            assert c.ask(op, id=b"short").status in ("RANGE", "TOOBIG"), op
        c.call("secret.set", label="plain", value=b"x", use=0)
        before = agent.hash()
        plain = c.call("secret.show", label="plain")["item"][0].id
        for op in ("entry.set", "entry.remove", "entry.back"):
            expect(c.ask(op, id=plain), "NOTFOUND")
        assert values(c, plain) == [ERR["NOTFOUND"]]
        assert c.ask("entry.get", ids=[]).status == "RANGE"
        assert c.ask("entry.get", ids=[e.id] * 1025).status == "RANGE"
        assert c.ask("entry.list", cursor=b"1").status == "RANGE"
        assert c.call("entry.list", cursor=b"\xff" * 8).entries in (None, [])
        assert agent.hash() == before and picture(c) == state
        # what just fits
        big = c.call("entry.set", label="l" * 1023, value=bytes(131072), type="t" * 255, who={
            "app": "program:" + "x" * 292}, attributes=[
                {"name": "%03d" % i + "n" * 197, "value": "v" * 1100} for i in range(48)]).entry[0]
        c.call("entry.set", id=big.id, value=b"1" * 131072)
        got = c.call("entry.get", ids=[big.id, big.id, e.id])["values"]
        assert [v.err for v in got] == [None, ERR["TOOBIG"], None], [v.err for v in got]
        assert got[0].value == b"1" * 131072


# --- many ---

def written(agent):
    """The file, whether it grows or another takes its place."""
    now = os.stat(agent.vault)
    return now.st_ino, now.st_size


def front_memory(agent):
    return int(status_of(agent.role("front"), "VmRSS")[0])


def many(directory):
    """ten thousand: few round trips, one small write for each change"""
    with opened(directory, "ok", log_level="warn") as (agent, c, _, _):
        waiting, replies = [], []
        for n in range(10000):
            waiting.append(c.start(
                "entry.set", label="entry", value=b"%d" % n, use=0, attributes=pairs(
                    application="app%d" % (n % 10), n=str(n))))
            if len(waiting) == 50:
                replies += [c.wait(w).result for w in waiting]
                waiting = []
            if n == 2000:
                until(lambda: not waiting or replies, "the first ones")
                time.sleep(1)
                inode, size = written(agent)
                replies.append(c.call("entry.set", label="one more", value=b"x", use=0))
                now = written(agent)
                assert now[0] == inode and 0 < now[1] - size <= 8192, (inode, size, now)
        # the journal was folded into the file meanwhile, which is no change to who keeps a copy
        changes = sorted(r.change for r in replies)
        assert changes == [*range(changes[0], changes[0] + len(replies))], changes
        assert c.call("status").generation > changes[-1]
        start, pages, found, cursor = time.monotonic(), 0, {}, None
        while True:
            page = c.call("entry.list", cursor=cursor)
            found.update({e.id: e for e in page.entries})
            pages, cursor = pages + 1, page.cursor
            if cursor is None:
                break
        print("# %d entries in %d pages, %.0f ms" % (
            len(found), pages, 1000 * (time.monotonic() - start)))
        assert len(found) == 10001 and pages <= 12, (len(found), pages)
        assert len({e.name for e in found.values()}) == 10001
        ids = [r.entry[0].id for r in replies if r.entry[0].label == "entry"]
        for at in range(0, 10000, 1000):
            assert values(c, *ids[at:at + 1000]) == [b"%d" % n for n in range(at, at + 1000)]
        # what held the whole file goes back to the system
        before = front_memory(agent)
        agent.lock()
        agent.unlock()
        grown = front_memory(agent) - before
        print("# unlocking: front has %d kB more" % grown)
        assert grown < os.stat(agent.vault).st_size // 1024 // 2 or SANITIZED, grown


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        own, claimed, one_question, imported, names, aside, others, undone,
        reserved, collections, restored, joined, hostile, many)]))
