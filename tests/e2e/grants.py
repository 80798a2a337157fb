"""Applications that an item knows (op grant.*): who is denied is not asked about, who is allowed is
not asked, and only that needs a factor."""

import contextlib
import json
import os
import sys

from entries import APP as CHAT, OTHER, Adapter
from ownkey import ERR, PASS, PASSPHRASE, TOKEN, Person, expect, run_parallel, world
from policy import Pinentry

ALLOW, DENY, FORGET = range(3)
UNTIL_LOCK, ALWAYS, NEVER = range(3)


@contextlib.contextmanager
def opened(directory, *answers):
    pinentry = Pinentry(directory, *answers)
    with world(directory, {}, pinentry=pinentry.path) as (agent, token):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            for name in ("one", "two"):
                c.call("secret.set", label=name, value=name.encode(), use=1)
            c.call("secret.set", label="free", value=b"free", use=0)
            pinentry.set(*answers)
            yield agent, token, person, c, pinentry


def me():
    """What the agent calls this process: under its sandbox it sees the short name only."""
    return "program:" + open("/proc/self/comm", encoding="utf-8").read().strip()


def rows(c, **q):
    found, cursor = [], None
    while True:
        rep = c.call("grant.list", **q, **({"cursor": cursor} if cursor else {}))
        found += [(g.name, g.app, g.kind or 0) for g in rep.get("grants", [])]
        cursor = rep.get("cursor")
        if not cursor:
            return found


def denied(directory):
    """who is denied gets nothing and no question, free or not; forgotten, it is asked again"""
    with opened(directory, "ok") as (_, token, _, c, pinentry):
        token.tell("touch-mode", "never")
        for name in ("one", "free"):
            c.call("grant.set", label=name, app=me(), verb=DENY)
            expect(c.ask("secret.get", label=name), "DENIED")
        assert not pinentry.questions()
        assert (("one", me(), NEVER)) in rows(c) and ("free", me(), NEVER) in rows(c), rows(c)
        expect(c.ask("secret.get", label="two"), "OK")
        assert len(pinentry.questions()) == 1
        for name in ("one", "free"):
            c.call("grant.set", label=name, app=me(), verb=FORGET)
            expect(c.ask("secret.get", label=name), "OK")
        assert len(pinentry.questions()) == 2
        assert not [r for r in rows(c) if r[2] != UNTIL_LOCK]


def allowed(directory):
    """who is allowed is not asked, after a lock neither; another program is"""
    with opened(directory, "no") as (agent, _, _, c, pinentry):
        c.call("grant.set", label="one", app=me(), verb=ALLOW)
        c.call("grant.set", label="two", app="program:/usr/bin/other", verb=ALLOW)
        for _ in range(2):
            expect(c.ask("secret.get", label="one"), "OK")
            assert not pinentry.questions()
            expect(c.ask("secret.get", label="two"), "REFUSED")
            assert len(pinentry.questions()) == 1
            agent.lock()
            expect(agent.unlock(), "OK")
            pinentry.set("no")
        assert sorted(rows(c)) == [("one", me(), ALWAYS), ("two", "program:/usr/bin/other", ALWAYS)]
        # the last word counts, and there is one row of each
        c.call("grant.set", label="one", app=me(), verb=DENY)
        expect(c.ask("secret.get", label="one"), "DENIED")
        assert rows(c, match="one") == [("one", me(), NEVER)]


def proven(directory):
    """allowing needs a factor, what takes away needs none"""
    with opened(directory, "ok") as (agent, token, _, c, _):
        token.stop()
        before = agent.hash()
        expect(c.ask("grant.set", label="one", app=me(), verb=ALLOW, timeout=60), "TOKEN_ABSENT")
        with contextlib.closing(agent.client(Person(passphrase="wrong"))) as w:
            expect(w.ask("grant.set", label="one", app=me(), verb=ALLOW, proof=PASS, timeout=60),
                   "PASS_WRONG")
        assert agent.hash() == before and rows(c) == []
        expect(c.ask("grant.set", label="one", app=me(), verb=DENY), "OK")
        expect(c.ask("grant.set", label="one", app=me(), verb=FORGET), "OK")
        expect(c.ask("grant.set", label="one", app=me(), verb=ALLOW, proof=PASS, timeout=60), "OK")


def refused(directory):
    """what is no application, no item, or not there"""
    with opened(directory, "ok") as (agent, _, _, c, _):
        before = agent.hash()
        for app in ("signal", "flatpak:", "program", "unit:", ":x", "x" * 300):
            expect(c.ask("grant.set", label="one", app=app, verb=DENY), "GRANT_APP")
        expect(c.ask("grant.set", label="none", app=me(), verb=DENY), "NOTFOUND")
        expect(c.ask("grant.set", label="one", app=me(), verb=FORGET), "GRANT_NONE")
        assert c.ask("grant.set", label="one", app="flatpak:" + "x" * 293, verb=DENY).status in (
            "TOOBIG", "RANGE")
        assert agent.hash() == before
        expect(c.ask("grant.list", cursor=b"12345678"), "RANGE")


def many(directory):
    """256 applications of an item, long ones, by pages; no more than that"""
    with opened(directory, "ok") as (_, _, _, c, _):
        apps = ["flatpak:%s.%03d" % ("a" * 280, i) for i in range(256)]
        key, = c.call("id.add", service="portal", account="%" * 255)["items"]
        for app in apps:
            c.call("grant.set", label=key.label, app=app, verb=DENY)
        c.call("grant.set", label="two", app=apps[0], verb=DENY)
        expect(c.ask("grant.set", label=key.label, app="unit:x.service", verb=DENY), "LIMIT")
        assert sorted(r[1] for r in rows(c, match="%25")) == apps
        assert c.call("grant.list").get("cursor") and len(rows(c)) == 257


def live(directory):
    """what was granted until lock is listed, and taken back one by one"""
    with opened(directory, "ok") as (agent, _, _, c, pinentry):
        c.call("secret.get", label="one")
        c.call("secret.get", label="two")
        with contextlib.closing(Adapter(agent)) as a:
            i = a.set(label="Chat", value=b"v", who=CHAT)
            assert a.get(OTHER, i) == [b"v"]
            found = c.call("grant.list")["grants"]
            got = {(g.name, g.app, g.kind or 0, g.pid) for g in found}
            assert {("one", me(), UNTIL_LOCK, os.getpid()), ("two", me(), UNTIL_LOCK, os.getpid()),
                    ("Chat", OTHER["app"], UNTIL_LOCK, OTHER["pid"]),
                    ("Chat", CHAT["app"], ALWAYS, None)} <= got, got
            n = len(pinentry.questions())
            c.call("grant.set", label="one", app=me(), verb=FORGET)
            c.call("secret.get", label="two")
            assert len(pinentry.questions()) == n
            c.call("secret.get", label="one")
            assert len(pinentry.questions()) == n + 1
            c.call("grant.set", label="Chat", app=OTHER["app"], verb=DENY)
            assert a.get(OTHER, i) == [ERR["DENIED"]] and a.get(CHAT, i) == [b"v"]
            assert len(pinentry.questions()) == n + 1
            assert not [r for r in rows(c) if r[:2] == ("Chat", OTHER["app"]) and r[2] != NEVER]
            # even the one that made it; and an adapter that is itself denied serves nobody
            c.call("grant.set", label="Chat", app=CHAT["app"], verb=DENY)
            assert a.get(CHAT, i) == [ERR["DENIED"]]
        agent.lock()
        expect(agent.unlock(), "OK")
        assert not [r for r in rows(c) if r[2] == UNTIL_LOCK]


def by_command(directory):
    """ownkey grant, and what it says to a name without prefix; removed entries come back"""
    with opened(directory, "ok") as (agent, _, _, c, pinentry):
        def works(*args, **kw):
            done = agent.cli(*args, **kw)
            assert done.returncode == 0, done
            return done.stdout
        chat = "flatpak:org.example.Chat"
        assert "no application" in agent.cli("grant", "list").stderr
        done = agent.cli("grant", "deny", "one", "chat")
        assert done.returncode == 64 and "grant list" in done.stderr, done
        works("grant", "deny", "one", chat)
        assert "never       %s" % chat in works("grant", "list", "one")
        assert works("grant", "list", "two") == ""
        for word in ("chat", "Chta", "org.example.chat"):
            done = agent.cli("grant", "deny", "two", word)
            assert done.returncode == 64 and "did you mean '%s'" % chat in done.stderr, done
        works("grant", "allow", "--with", "passphrase", "--ask-stdin", "two", chat,
              stdin=PASSPHRASE + "\n")
        listed = json.loads(works("grant", "list", "--json"))["grants"]
        assert [(g["name"], g["app"], g["kind"]) for g in listed] == [
            ("one", chat, "never"), ("two", chat, "always")], listed
        works("grant", "forget", "one", chat)
        assert agent.cli("grant", "forget", "one", chat).returncode == 1
        with contextlib.closing(Adapter(agent)) as a:
            i = a.set(label="Chat key", value=b"v", who=CHAT)
            assert a.status("entry.remove", id=i, who=CHAT) == "OK"
            said = agent.cli("secret", "list").stderr
            assert "1 of all were removed or replaced" in said, said
            out = works("secret", "removed")
            assert "Chat key" in out and i.hex() in out, out
            assert json.loads(works("secret", "removed", "--json"))["entries"][0]["removed"]
            assert agent.cli("secret", "back", "nothing").returncode != 0
            works("secret", "back", "Chat key")
            assert a.get(CHAT, i) == [b"v"] and works("secret", "removed") == ""
            assert a.status("entry.remove", id=i, who=CHAT) == "OK"
            works("secret", "back", i.hex())
            assert a.get(CHAT, i) == [b"v"]
        assert pinentry


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(run_parallel([(t.__doc__, t) for t in (denied, allowed, proven, refused, many, live,
                                                      by_command)]))
