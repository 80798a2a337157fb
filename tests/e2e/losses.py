"""Promise 2: losing any one thing never loses an identity.  A person with a token, a card with the
phrase, a backup on a stick and a life of random length loses one of them; a machine that has only
the rest gives every derived identity back, byte for byte, and every secret that was in more than
one place."""

import contextlib
import os
import random
import shutil
import sys

from backup import create, passphrase_of
from ownkey import ARGON, PASS, PHRASE, TOKEN, Person, expect, run_parallel, world
from restore import restorer, secrets, shown, sub

SERVICES = [("matrix", "@u%d:example.org"), ("ssh", "user%d@host"), ("age", "files%d"),
            ("tor", "site%d"), ("omemo", "u%d@example.org")]


class Life:
    """What somebody has, and what they would have to get back."""

    def __init__(self, directory):
        self.dir, self.person, self.card = directory, None, None
        self.backup, self.vault = None, None
        self.keys, self.values = None, None


def accounts(keys):
    return sorted({tuple(label.rsplit("/", 1)[0].split("/", 1)) for label, *_ in keys})


@contextlib.contextmanager
def lived(directory, ways=TOKEN | PASS):
    """An open vault with a history of random length, just backed up."""
    here = sub(directory, "home")
    with world(here, {}) as (agent, token):
        life = Life(here)
        life.person = agent.init(ways=ways)
        with contextlib.closing(agent.client(life.person)) as c:
            live(c)
            life.card = passphrase_of(life.person.shown,
                                      max(i.generation or 0 for i in every(c)))
            life.backup, handle = create(c)
            c.call("backup.done", handle=handle, where="/media/stick/b.age")
            life.keys, life.values, life.vault = shown(c), secrets(c), agent.read()
            yield life, agent, token, c


def every(c):
    return c.call("id.list", all=True)["items"]


def live(c):
    """Random things that people do."""
    for i in range(random.randrange(2, 6)):
        service, account = random.choice(SERVICES)
        c.call("id.add", service=service, account=account % i)
    for i in range(random.randrange(1, 8)):
        c.call("secret.set", label="secret %d" % i, value=os.urandom(random.randrange(1, 3000)))
    for _ in range(random.randrange(4)):
        c.call("id.rotate", label=random.choice(every(c)).label)
    if random.randrange(2):
        c.call("id.reseed", timeout=60)
        for item in every(c):
            c.call("id.rotate", label=item.label)


def is_all_back(c, life):
    assert shown(c) == life.keys, (shown(c), life.keys)
    assert secrets(c) == life.values


def lose_token(directory):
    """the token: the phrase opens, the lost one is removed, a new one is enrolled"""
    with lived(directory, ways=TOKEN) as (life, agent, token, c):
        agent.lock()
        token.stop()
        os.remove(token.base + ".state")
        with contextlib.closing(agent.client(life.person)) as again:
            again.call("unlock", way=PHRASE, timeout=60)
            is_all_back(again, life)
            lost = [s.label for s in again.call("slot.list").slots if s.factors == TOKEN]
            again.call("slot.remove", label=lost[0], proof=PHRASE, one_way_in=True, timeout=60)
            token.start()
            again.call("slot.add", way=TOKEN, label="the new one", proof=PHRASE, timeout=60)
            agent.lock()
        with contextlib.closing(agent.client(Person())) as again:
            again.call("unlock", way=TOKEN, timeout=60)
            is_all_back(again, life)
        assert c


def on_new_machine(life, directory, typed, phrase):
    """Only the stick and what is typed."""
    with world(sub(directory, "new")) as (agent,):
        with restorer(agent, life.backup, [typed]) as c:
            head = expect(c.open(), "OK").result
            assert bool(head.phrase) == phrase
            expect(c.ask("restore.commit", handle=head.handle, ways=PASS, one_way_in=True,
                         timeout=120, **ARGON), "OK")
            is_all_back(c, life)
            agent.lock()
        with contextlib.closing(agent.client(Person(words=life.person.shown))) as c:
            c.call("unlock", way=PHRASE if phrase else PASS, timeout=60)
            is_all_back(c, life)


def lose_token_and_laptop(directory):
    """token and laptop: card and stick bring everything to a new machine"""
    with lived(directory) as (life, *_):
        pass
    shutil.rmtree(life.dir)
    on_new_machine(life, directory, life.person.shown, phrase=True)


def lose_vault_with_backup(directory):
    """the vault file, with a backup: the passphrase on the card suffices"""
    with lived(directory) as (life, *_):
        pass
    shutil.rmtree(life.dir)
    on_new_machine(life, directory, life.card, phrase=False)


def lose_phrase(directory):
    """the phrase: token and vault make a new one, nothing changes for anybody"""
    with lived(directory) as (life, agent, _, c):
        old = life.person.shown
        c.call("id.reseed", new_phrase=True, timeout=60)
        assert life.person.shown != old
        is_all_back(c, life)
        agent.lock()
        life.person.answers["NEED_WORDS"] = life.person.shown
        with contextlib.closing(agent.client(life.person)) as again:
            again.call("unlock", way=PHRASE, timeout=60)
            is_all_back(again, life)
            blob, _ = create(again)
        life.backup = blob
        life.person.answers["NEED_WORDS"] = life.person.shown
    on_new_machine(life, directory, life.person.shown, phrase=True)


def find_again(c, account, wanted):
    """Each key of an account, by what the person knows of it: public key, epoch, generation."""
    service, name = account
    for label, _, epoch, _ in wanted:
        purpose = label.rsplit("/", 1)[1]
        rows = c.call("rebuild.preview", service=service, account=name, epochs=8)["items"]
        known = {(r.epoch or 0, r.generation or 0): r.shown for r in rows}
        yield purpose, epoch or 0, known


def lose_all_but_words(directory):
    """everything but the words: every derived identity is back, and it is said what is not"""
    with lived(directory) as (life, agent, _, c):
        generation = {i.label: i.generation or 0 for i in every(c)}
    shutil.rmtree(life.dir)
    with world(sub(directory, "new")) as (agent,):
        with contextlib.closing(agent.client(Person(words=life.person.shown))) as c:
            c.call("rebuild.open", timeout=60)
            for account in accounts(life.keys):
                mine = [k for k in life.keys if k[0].startswith("/".join(account) + "/")]
                for purpose, epoch, known in find_again(c, account, mine):
                    label = "/".join(account) + "/" + purpose
                    g = generation[label]
                    assert (epoch, g) in known, "shown to be recognised"
                    c.call("rebuild.add", service=account[0], account=account[1],
                           purpose=purpose, epochs=[{"epoch": epoch, "generation": g}])
            c.call("rebuild.commit", timeout=120, ways=PASS, **ARGON)
            assert shown(c) == life.keys
            assert not c.call("secret.list").get("items")
        # and later a backup turns up
        with restorer(agent, life.backup, [life.card], person=Person()) as c:
            head = expect(c.open(), "OK").result
            expect(c.ask("restore.commit", handle=head.handle, merge=True, proof=PASS,
                         timeout=120), "OK")
            is_all_back(c, life)


def lose_passphrase(directory):
    """the passphrase, of the vault or of backups: the token makes a new one, the phrase has it"""
    with lived(directory) as (life, agent, _, c):
        life.person.answers["NEED_PASS"] = "forgotten"
        c.call("slot.remove", label="passphrase", proof=TOKEN, timeout=60)
        c.call("slot.add", way=PASS, label="another", proof=TOKEN, timeout=60, **ARGON)
        is_all_back(c, life)
        life.person.answers["NEED_PASS"] = life.person.newpass
        agent.lock()
        c.close()
        with contextlib.closing(agent.client(life.person)) as again:
            again.call("unlock", way=PASS, timeout=60)
            is_all_back(again, life)
            assert again.call("backup.passphrase", proof=TOKEN).passphrase == life.card
    on_new_machine(life, directory, life.person.shown, phrase=True)


CASES = (lose_token, lose_token_and_laptop, lose_phrase, lose_vault_with_backup,
         lose_all_but_words, lose_passphrase)

if __name__ == "__main__":
    seed = int(os.environ.get("OWNKEY_SEED", random.randrange(1 << 32)))
    random.seed(seed)
    print("# OWNKEY_SEED=%d" % seed)
    sys.exit(run_parallel([(t.__doc__, t) for t in CASES]))
