"""From the words alone, on a machine that has nothing else: the same public keys again."""

import contextlib
import os
import sys

from ownkey import ARGON, PASS, PHRASE, TOKEN, Person, expect, run_parallel, world
from worker import kdf, root_of

ACCOUNTS = [("matrix", "@a:example.org"), ("ssh", "me"), ("age", "files"), ("tor", "blog")]


def publics(c):
    rows = c.call("id.list", all=True)["items"]
    return sorted((i.label, i.epoch or 0, i.generation or 0, i.shown) for i in rows)


@contextlib.contextmanager
def lived(directory):
    """An old vault with a history; its words and public keys."""
    with world(os.path.join(directory, "old"), {}) as (agent, _):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            for service, account in ACCOUNTS:
                c.call("id.add", service=service, account=account)
            c.call("id.rotate", label="ssh/me")
            c.call("id.reseed")
            c.call("id.rotate", label="matrix/@a:example.org")
            yield person.shown, publics(c)


def open_by(c):
    rep = c.call("rebuild.open", timeout=60)
    assert {s.name for s in rep.services} >= {"matrix", "ssh", "age", "tor", "omemo"}, rep
    return rep


def recognise(c, service, account, known):
    """What a person does: find a public key that they know in the list."""
    rows = c.call("rebuild.preview", service=service, account=account)["items"]
    shown = {k[3] for k in known}
    found = [(r.epoch or 0, r.generation or 0) for r in rows if r.shown in shown]
    assert len(found) == 1, (service, found)
    return found[0]


def again(directory):
    """every derived identity comes back, in its epoch and generation"""
    os.mkdir(os.path.join(directory, "old"))
    os.mkdir(os.path.join(directory, "new"))
    with lived(directory) as (words, before):
        pass
    with world(os.path.join(directory, "new"), {}) as (agent, _):
        with contextlib.closing(agent.client(Person(words=words))) as c:
            rep = open_by(c)
            assert rep.fingerprint == kdf(root_of(words.split()), b"fingerprint", b"", 4)
            for service, account in ACCOUNTS:
                epoch, generation = recognise(c, service, account, before)
                epochs = [{"epoch": e, "generation": 0} for e in range(epoch)]
                c.call("rebuild.add", service=service, account=account,
                       epochs=epochs + [{"epoch": epoch, "generation": generation}])
            expect(c.ask("rebuild.add", service="ssh", account="me", epochs=[{"epoch": 0}]),
                   "EXISTS")
            assert not os.path.exists(agent.vault)
            c.call("rebuild.commit", timeout=60, ways=TOKEN, **ARGON)
            assert publics(c) == before
            agent.lock()
            c.call("unlock", way=PHRASE, timeout=60)
            assert publics(c) == before
            assert c.call("id.reseed", timeout=60).generation == 2, "the next one is not in it"


def refuses(directory):
    """wrong words, somebody else's connection, a vault that is there, one way in"""
    with world(directory, {}) as (agent, _):
        person = Person(words=["abandon " * 23 + "abandon", "abandon " * 23 + "art"])
        with contextlib.closing(agent.client(person)) as c:
            open_by(c)
            with contextlib.closing(agent.client(Person())) as other:
                expect(other.ask("rebuild.preview", service="ssh", account="me"), "NOTFOUND")
                expect(other.ask("rebuild.commit", ways=TOKEN), "NOTFOUND")
            expect(c.ask("rebuild.commit", ways=0), "ONEWAY")
            expect(c.ask("rebuild.add", service="ssh", account="me",
                         epochs=[{"epoch": 1}, {"epoch": 1}]), "RANGE")
            expect(c.ask("rebuild.preview", service="nothing", account="me"), "UNSUPPORTED")
            c.call("rebuild.close")
            expect(c.ask("rebuild.preview", service="ssh", account="me"), "NOTFOUND")
        assert not os.path.exists(agent.vault)
        agent.init(ways=TOKEN)
        with contextlib.closing(agent.client(person)) as c:
            expect(c.ask("rebuild.open"), "VAULT_EXISTS")
            agent.lock()
            expect(c.ask("rebuild.open"), "VAULT_EXISTS")


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (again, refuses)]))
