"""Several machines change copies of one vault; files are carried between them as programs do that
synchronise folders.  Opening joins what was changed apart: nothing is lost, it comes to rest."""

import contextlib
import glob
import os
import random
import signal
import sys
import time

from ownkey import ARGON, PASS, PASSPHRASE, children, cmdline, expect, run_parallel, until, world

# how programs name the version that lost
STYLES = ("vault.sync-conflict-20261123-101112-ABCDEFG",
          "vault (conflicted copy 2026-11-23 101112)",
          "vault_conflict-20261123-101112",
          "vault (somebody's conflicted copy 2026-11-23)",
          "vault (SFConflict somebody 2026-11-23-10-11-12)",
          "vault-20261123.conflict",
          "vault.conflict1",
          "vault (1)",
          "vault.~1~",
          "vault~")


class Machine:
    """An agent with a home of its own, which keeps a connection open while it is unlocked."""

    def __init__(self, agent, person):
        self.agent, self.person, self.c = agent, person, None

    def unlock(self, **params):
        """Notes of the reply, as text."""
        reply = expect(self.agent.unlock(self.person, way=PASS, **params), "OK")
        self.c = self.agent.client(self.person)
        return "\n".join(n.text for n in reply.result.notes or [])

    def refuses(self, error):
        expect(self.agent.unlock(self.person, way=PASS), error)

    def lock(self):
        if self.c:
            self.c.close()
        self.c = None
        self.agent.lock()

    def set(self, label, value):
        reply = self.c.ask("secret.set", label=label, value=value.encode(), use=0, replace=True)
        if reply.status == "VAULT_CHANGED":
            reply = self.c.ask("secret.set", label=label, value=value.encode(), use=0,
                               replace=True)
        expect(reply, "OK")

    def remove(self, label):
        return self.c.ask("secret.remove", label=label, proof=PASS)

    def secrets(self):
        rows = self.c.call("secret.list")["items"]
        return {r.label: v for r in rows
                if (v := self.c.call("secret.get", label=r.label).value.decode()) != "-"}

    def local_copy(self):
        folder = os.path.join(self.agent.state, "ownkey")
        names = [f for f in os.listdir(folder) if f.startswith("copy-") and "aside" not in f]
        assert len(names) <= 1, names
        return os.path.join(folder, names[0]) if names else None

    def settle(self):
        """Its own copy is made behind each change."""
        until(lambda: self.local_copy() and
              open(self.local_copy(), "rb").read() == self.agent.read(), "its own copy")

    def beside(self, name):
        return os.path.join(os.path.dirname(self.agent.vault), name)

    def put(self, data, name=None):
        """As a program that synchronises: a new file in its place."""
        path = self.beside(name) if name else self.agent.vault
        with open(path + ".tmp", "wb") as f:
            f.write(data)
        os.chmod(path + ".tmp", 0o600)
        os.rename(path + ".tmp", path)


@contextlib.contextmanager
def machines(directory, n=2):
    """One vault on n machines, all of them locked and up to date."""
    with contextlib.ExitStack() as stack:
        made = []
        for i in range(n):
            home = os.path.join(directory, "m%d" % i)
            os.mkdir(home)
            agent, = stack.enter_context(world(home))
            made.append(agent)
        person = made[0].init(ways=PASS)
        with contextlib.closing(made[0].client(person)) as c:
            for i in range(3):
                c.call("secret.set", label="shared%d" % i, value=b"-", use=0)
        made[0].lock()
        made = [Machine(a, person) for a in made]
        for m in made[1:]:
            os.makedirs(os.path.dirname(m.agent.vault), 0o700, exist_ok=True)
            m.put(made[0].agent.read())
            m.unlock()
            m.settle()
            m.lock()
            made[0].put(m.agent.read())
        for m in made[:-1]:
            m.put(made[-1].agent.read())
            m.unlock()
            m.settle()
            m.lock()
            for o in made:
                o.put(m.agent.read())
        yield made


def changes(m, **values):
    m.unlock()
    for label, value in values.items():
        m.set(label, value)
    m.settle()
    m.lock()


def head(m):
    """Of the body: a rewrite changes it, a record does not."""
    return m.agent.read()[:512]


def conflict_files(directory):
    """what each program calls the version that lost: joined, reported, named as needless"""
    with machines(directory) as (a, b):
        for i, style in enumerate(STYLES):
            changes(a, **{"a%d" % i: "of a"})
            changes(b, **{"b%d" % i: "of b"})
            a.put(b.agent.read())
            os.rename(a.agent.vault, a.beside(style))
            a.put(b.agent.read())
            os.rename(a.beside(style), a.agent.vault + ".x")
            os.remove(a.agent.vault + ".x")
            # b's file wins, a's gets the name
            a.put(open(a.local_copy(), "rb").read(), style)
            said = a.unlock()
            have = a.secrets()
            assert have["a%d" % i] == "of a" and have["b%d" % i] == "of b", (style, have)
            assert "'b%d' was added on the other copy" % i in said, said
            assert style + " holds nothing any more" in said, said
            a.settle()
            a.lock()
            os.remove(a.beside(style))
            b.put(a.agent.read())


def overtaken(directory):
    """a file with a higher generation in the place of ours: our own copy has the rest"""
    with machines(directory) as (a, b):
        changes(a, kept="by a")
        changes(b, one="1", two="2", three="3", four="4")
        a.put(b.agent.read())
        said = a.unlock()
        assert a.secrets() == {"kept": "by a", "one": "1", "two": "2", "three": "3",
                               "four": "4"}, a.secrets()
        assert "4 came from another copy" in said, said
        status = a.agent.status()
        assert status.joined == 4, status
        assert "4 came from another copy" in a.agent.cli("status").stdout


def behind(directory):
    """a file with a lower generation, or the same one, which has something new"""
    with machines(directory) as (a, b):
        for more in (3, 1):
            changes(a, **{"a%d" % i: "of a" for i in range(more)})
            changes(b, last="of b%d" % more)
            a.put(b.agent.read())
            a.unlock()
            have = a.secrets()
            assert have["last"] == "of b%d" % more and have["a0"] == "of a", have
            a.lock()
            b.put(a.agent.read())


def put_back(directory):
    """an older state that has nothing new is still refused"""
    with machines(directory) as (a, _):
        old = a.agent.read()
        changes(a, new="x")
        a.put(old)
        a.refuses("VAULT_OLD")


def nothing_to_join(directory):
    """another version just as new, and none that has what was here: refused; taken on demand"""
    with machines(directory) as (a, b):
        changes(a, mine="a")
        changes(b, theirs="b")
        a.put(b.agent.read())
        os.remove(a.local_copy())
        a.refuses("VAULT_DIVERGED")
        a.unlock(accept_older=True)
        assert a.secrets() == {"theirs": "b"}


def while_open(directory):
    """the file is replaced under an open agent: the next change joins both"""
    with machines(directory) as (a, b):
        changes(b, theirs="b")
        a.unlock()
        a.set("mine", "a")
        with contextlib.closing(a.agent.client(interactive=False)) as other:
            other.call("subscribe", on=True)
            a.put(b.agent.read())
            reply = a.c.ask("secret.set", label="more", value=b"c", use=0)
            expect(reply, "VAULT_CHANGED")
            until(lambda: other.step(0.05) or other.count("CHANGED"), "others are told")
        a.set("more", "c")
        assert a.secrets() == {"mine": "a", "theirs": "b", "more": "c"}, a.secrets()
        assert a.agent.status().joined == 1


def rest(directory):
    """after each has opened the result once, nobody rewrites it any more"""
    with machines(directory) as (a, b):
        changes(a, shared0="of a", a="1")
        changes(b, shared0="of b", b="2")
        # each joins on its own: the same content in two files
        of_a, of_b = a.agent.read(), b.agent.read()
        a.put(of_b, STYLES[0])
        b.put(of_a, STYLES[0])
        for m in (a, b):
            said = m.unlock()
            assert "1 changed on both sides" in said, said
            m.settle()
            m.lock()
            os.remove(m.beside(STYLES[0]))
        a.put(b.agent.read())
        a.unlock()
        a.settle()
        a.lock()
        for turn in range(3):
            for one, other in ((a, b), (b, a)):
                other.put(one.agent.read())
                before = head(other)
                other.unlock()
                have = other.secrets()
                other.settle()
                other.lock()
                assert head(other) == before, turn
        assert sorted(have.values()) == ["1", "2", "of a", "of b"], have


def strangers(directory):
    """what is no copy of this vault is left alone, with a sentence"""
    with machines(directory) as (a, b):
        another = foreign(directory)
        files = {"vault (1)": another, "vault (2)": b"garbage" * 1000, "vault (3)": b"",
                 "vault (5)": a.agent.read()[:40000]}
        for name, data in files.items():
            a.put(data, name)
        with open(a.beside("vault (6)"), "wb") as f:
            os.ftruncate(f.fileno(), 200 << 20)
        os.symlink("/etc/passwd", a.beside("vault (7)"))
        os.mkfifo(a.beside("vault (8)"))
        os.mkdir(a.beside("vault (9)"))
        a.put(b.agent.read(), "vault (4)")
        os.chmod(a.beside("vault (4)"), 0)
        before = {n: os.lstat(a.beside(n)).st_mtime for n in os.listdir(a.beside(""))
                  if "(" in n}
        said = a.unlock()
        for name in ("vault (1)", "vault (2)"):
            assert name + " is no copy of this vault" in said, said
        for name in ("vault (5)", "vault (6)", "vault (7)", "vault (8)", "vault (9)"):
            assert name in said, (name, said)
        if os.getuid():
            assert "vault (4) was left alone" in said, said
        assert before == {n: os.lstat(a.beside(n)).st_mtime for n in before}
        a.lock()
        for i in range(40):
            a.put(b"x", "vault.conflict%d" % i)
        assert "more copies" in a.unlock()


def histories(directory, seed):
    """random histories on two and three machines: all that was written is somewhere"""
    rng = random.Random(seed)
    end = time.monotonic() + 45
    with machines(directory, 3) as made:
        for n in range(10):
            if time.monotonic() > end:
                break
            check_history(made, *one_history(rng, made, n), n)
        assert n >= 5, "too slow: %d" % n


def one_history(rng, made, n):
    """Each machine changes on its own: values that must be there in the end, who was idle."""
    wrote, idle = {}, set()
    for k, m in enumerate(made):
        if rng.random() < 0.2:
            idle.add(k)
            continue
        m.unlock()
        for i in range(rng.randint(1, 3)):
            shared = rng.random() < 0.5
            label = "shared%d" % rng.randint(0, 2) if shared else "m%d-%d" % (k, n)
            value = "%d/%d/%d" % (n, k, i)
            m.set(label, value)
            wrote[k, label] = value
        m.settle()
        m.lock()
    return set(wrote.values()), idle


def check_history(made, expected, idle, n):
    rng = random.Random(n)
    files = [m.agent.read() for m in made]
    order = list(range(len(made)))
    rng.shuffle(order)
    last = made[order[0]]
    for k in order[1:]:
        # an older state in the vault's place is refused, not joined
        if k in idle or rng.random() < 0.5:
            last.put(files[k], STYLES[(n + k) % len(STYLES)])
        else:
            last.put(files[k])
        last.unlock()
        last.settle()
        last.lock()
    last.unlock()
    have = last.secrets()
    missing = expected - set(have.values())
    assert not missing, (n, missing, have)
    for label in [x for x in have if "conflict" in x]:
        expect(last.remove(label), "OK")
    last.settle()
    last.lock()
    for style in STYLES:
        with contextlib.suppress(FileNotFoundError):
            os.remove(last.beside(style))
    for m in made:
        m.put(last.agent.read())
        m.unlock()
        m.settle()
        m.lock()
        last = m
    for m in made:
        m.put(last.agent.read())


def two_lines(directory):
    """one removed a way in while the other went on: never joined unasked, `vault merge` takes it"""
    with machines(directory) as (a, b):
        a.unlock()
        expect(a.c.ask("slot.add", way=PASS, label="spare", proof=PASS, **ARGON), "OK")
        a.settle()
        a.lock()
        b.put(a.agent.read())
        changes(b, theirs="b", shared0="of b")
        a.unlock()
        a.set("shared0", "of a")
        before = a.agent.read()
        expect(a.c.ask("slot.remove", label="spare", proof=PASS), "OK")
        slots = len(a.c.call("slot.list").slots)
        a.settle()
        a.lock()
        a.put(b.agent.read(), STYLES[0])
        said = a.unlock()
        assert "vault merge" in said and STYLES[0] in said, said
        assert "theirs" not in a.secrets()
        rep = a.c.call("vault.merge", name=STYLES[0], way=PASS)
        # which of two revisions wins is decided by their random names
        assert rep.other_line and rep.came in (1, 2) and rep.conflicts == 1, rep
        assert "theirs" not in a.secrets()
        n = len(a.person.asked)
        a.c.call("vault.merge", name=STYLES[0], way=PASS, take=True)
        # one proof for both
        assert len(a.person.asked) == n + 1, a.person.asked
        have = a.secrets()
        assert have["theirs"] == "b" and {"of a", "of b"} <= set(have.values()), have
        assert len(a.c.call("slot.list").slots) == slots
        labels = [s.label for s in a.c.call("slot.list").slots]
        assert "spare" not in labels, labels
        rep = a.c.call("vault.merge", name=STYLES[0], way=PASS)
        assert not rep.came and not rep.conflicts, rep
        # of the time before, by the command, from anywhere
        old = os.path.join(directory, "old copy")
        with open(old, "wb") as f:
            f.write(before)
        done = a.agent.cli("vault", "merge", old, "--force", "--with", "passphrase",
                           "--ask-stdin", stdin=PASSPHRASE + "\n")
        assert done.returncode == 0 and "nothing that the vault does not" in done.stderr, done
        assert not [n for n in os.listdir(a.beside("")) if "merge-" in n]
        for bad, error in ((b"garbage" * 100, "MERGE_OTHER"), (foreign(directory), "MERGE_OTHER")):
            a.put(bad, "vault.merge-x")
            expect(a.c.ask("vault.merge", name="vault.merge-x", way=PASS), error)
        for name in ("vault", "../vault", ".vault.new", "vault.merge-none", "passwd"):
            expect(a.c.ask("vault.merge", name=name, way=PASS), "NOTFOUND")
        have = a.secrets()
        a.settle()
        a.lock()
        a.unlock()
        assert a.secrets() == have


def foreign(directory):
    other = os.path.join(directory, "foreign")
    os.mkdir(other)
    with world(other) as (agent,):
        agent.init(ways=PASS)
        return agent.read()


def kill_all(agent):
    """At once, the supervisor first: it would start another vault."""
    pids = children(agent.main_pid())
    agent.process.kill()
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    agent.process.wait()
    until(lambda: not any(cmdline(p) for p in pids), "all to be gone")


def killed(directory):
    """kill -9 at any moment of joining: the old file or the new one, and nothing is lost"""
    with machines(directory) as (a, b):
        want = {}
        for n in range(12):
            mine, theirs = {"a%d" % n: "of a"}, {"b%d" % n: "of b"}
            changes(a, **mine)
            changes(b, **theirs)
            want.update(mine, **theirs)
            a.put(b.agent.read())
            with contextlib.closing(a.agent.client(a.person)) as c:
                c.start("unlock", way=PASS)
                c.wait_event("NEED_PASS")
                time.sleep(0.015 + n * 0.005)
                kill_all(a.agent)
            a.agent.start()
            a.unlock()
            assert a.secrets() == want, n
            a.settle()
            a.lock()


def same_key_announced(directory):
    """two machines announced one key of the phrase: said, since nobody else can see it"""
    with machines(directory) as (a, b):
        a.unlock()
        for account in ("one", "two"):
            a.c.call("id.add", service="ssh", account=account)
        a.settle()
        a.lock()
        b.put(a.agent.read())
        b.unlock()
        expect(b.c.ask("succession.show", label="ssh/two"), "OK")
        b.settle()
        b.lock()
        a.unlock()
        expect(a.c.ask("succession.show", label="ssh/one"), "OK")
        a.settle()
        a.lock()
        a.put(b.agent.read(), STYLES[0])
        said = a.unlock()
        assert "same next key" in said and "ssh/one" in said and "ssh/two" in said, said


def kept_aside(b):
    """Our copy of before has a name of its own, and what only it has can be taken from it."""
    assert "only here" not in b.secrets()
    b.settle()
    own = glob.glob(os.path.join(b.agent.state, "ownkey", "copy-*-aside"))
    assert len(own) == 1, own
    done = b.agent.cli("vault", "merge", own[0], "--force", "--with", "passphrase",
                       "--ask-stdin", stdin=(PASSPHRASE + "\n") * 4)
    assert done.returncode == 0, done
    assert b.secrets()["only here"] == "of b"
    os.remove(own[0])
    b.settle()
    b.lock()
    assert "aside" not in b.unlock()
    b.settle()
    assert not os.path.exists(own[0])


def line_over_ours(directory):
    """a later line comes over ours, with nothing beside it: ours is kept, and can be merged"""
    for further in (True, False):
        home = os.path.join(directory, str(further))
        os.mkdir(home)
        with machines(home) as (a, b):
            a.unlock()
            expect(a.c.ask("slot.add", way=PASS, label="spare", proof=PASS, **ARGON), "OK")
            a.settle()
            a.lock()
            b.put(a.agent.read())
            b.unlock()
            for i in range(1 if further else 9):
                b.set("only here", "of b")
            b.settle()
            b.lock()
            a.unlock()
            expect(a.c.ask("slot.remove", label="spare", proof=PASS), "OK")
            for i in range(9 if further else 0):
                a.set("more %d" % i, "of a")
            a.settle()
            a.lock()
            b.put(a.agent.read())
            if further:
                assert "aside" in b.unlock()
            else:
                # as many changes here: not taken unasked
                b.refuses("VAULT_DIVERGED")
                b.unlock(accept_older=True)
            kept_aside(b)


CASES = [(f.__doc__.split("\n")[0], f) for f in (
    conflict_files, overtaken, behind, put_back, nothing_to_join, while_open, rest, strangers,
    two_lines, line_over_ours, same_key_announced, killed)]
# waiting most of the time: several at once
CASES += [("random histories on three machines: all that was written is somewhere (%d)" % seed,
           lambda directory, seed=seed: histories(directory, seed)) for seed in (67, 68, 69, 70)]

if __name__ == "__main__":
    sys.exit(run_parallel(CASES))
