"""Wrong words and shares, damaged and foreign backups: each is refused with a clear error, within
two seconds, and no file of the home is another one afterwards."""

import contextlib
import hashlib
import os
import sys
import time

from agefile import open_passphrase, seal_passphrase
from backup import create, passphrase_of
from ownkey import PASS, TOKEN, run_parallel, world
from shares import text_pages

MOST = 2.0


@contextlib.contextmanager
def opened(directory, name):
    home = os.path.join(directory, name)
    os.mkdir(home)
    with world(home, {"pin": None}) as (agent, _):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            c.call("id.add", service="ssh", account="me")
            c.call("secret.set", label="kept", value=b"x" * 70000)
            yield agent, person, c


@contextlib.contextmanager
def empty(directory, name):
    home = os.path.join(directory, name)
    os.mkdir(home)
    with world(home) as (agent,):
        yield agent


def files(agent):
    """Hashes of all files; the audit log may note a try, and the copier that it ran."""
    found = {}
    for root, _, names in os.walk(agent.dir):
        for name in names:
            path = os.path.join(root, name)
            if os.path.isfile(path) and not name.startswith(
                    ("audit-", "agent.log", "token", "copies-", ".copies-")):
                found[path] = hashlib.sha256(open(path, "rb").read()).hexdigest()
    return found


def refused(agent, said, *args, typed=()):
    before, begun = files(agent), time.monotonic()
    done = agent.cli(*args, "--ask-stdin", stdin="".join(t + "\n" for t in typed))
    took = time.monotonic() - begun
    err = " ".join(done.stderr.split())
    assert done.returncode not in (0, 70) and done.returncode > 0, (args, done)
    assert any(s in err for s in said), (said, err)
    changed = set(files(agent).items()) ^ set(before.items())
    assert not changed, "something changed: %s" % changed
    assert took < MOST, "%s took %.1f s" % (args, took)


def quick(blob, person):
    """The same backup for a passphrase that costs no time."""
    return seal_passphrase(open_passphrase(blob, passphrase_of(person.shown)), "q")


def words(directory):
    """a wrong, a swapped, an unknown, a missing word"""
    with opened(directory, "a") as (agent, person, _):
        phrase = person.shown.split()
        at = next(i for i in range(23) if phrase[i] != phrase[i + 1])
        swapped = list(phrase)
        swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
        wrong = phrase[:5] + ["zoo" if phrase[5] != "zoo" else "art"] + phrase[6:]
        cases = [phrase[:23], phrase[:5] + ["xyzzy"] + phrase[6:]]
        # one in 256 such phrases is a phrase, of nobody
        cases += [w for w in (swapped, wrong) if not is_phrase(w)]
        agent.lock()
        with empty(directory, "b") as other:
            for case in cases:
                for where, args in ((agent, ("unlock", "--with", "phrase")), (other, ("restore",))):
                    refused(where, SAID, *args, typed=[" ".join(case)])
            assert not other.status().vault


SAID = ("word", "cancelled")
LIST = [w for w in open(os.path.join(os.path.dirname(__file__), "..", "..", "lib",
                                     "words_english.c"), encoding="ascii").read().split('"')[1::2]
        if w.isalpha()]


def is_phrase(phrase):
    bits = "".join("{:011b}".format(LIST.index(w)) for w in phrase)
    data = int(bits[:256], 2).to_bytes(32, "big")
    return hashlib.sha256(data).digest()[0] == int(bits[256:], 2)


def shares(directory):
    """too few, one twice, of two sets, a wrong and a swapped word: on a machine with no vault"""
    with opened(directory, "a") as (agent, person, _):
        sets = []
        for _ in range(2):
            done = agent.cli("share", "create", "3", "4", "--for", "a,b,c,d", "--text",
                             "--ask-stdin", stdin=person.shown + "\n")
            assert done.returncode == 0, done
            sets.append(text_pages(done.stdout))
    one, two = sets
    bad = one[1].split()
    at = next(i for i in range(4, 31) if bad[i] != bad[i + 1])
    bad[at], bad[at + 1] = bad[at + 1], bad[at]
    wrong = one[1].split()
    wrong[20] = "zero" if wrong[20] != "zero" else "yoga"
    with empty(directory, "b") as other:
        for typed in (one[:2], [one[0], one[0]], [one[0], two[1]], [one[0], " ".join(bad)],
                      [one[0], " ".join(wrong)], one[:1], [one[0], one[1], two[2]]):
            refused(other, ("share", "word", "cancelled"), "restore", typed=typed)
        assert not other.status().vault


def backups(directory):
    """cut short, a flipped bit, huge work, of another vault: beside a vault and without one"""
    with opened(directory, "a") as (agent, person, c), \
            opened(directory, "b") as (_, person2, c2), empty(directory, "c") as none:
        good = quick(create(c)[0], person)
        foreign = quick(create(c2)[0], person2)
        end = good.index(b"\n--- ") + 49
        bad = [good[:n] for n in (0, 1, 10, end - 5, end + 5, end + 70000, len(good) - 1)]
        bad += [good[:n] + bytes([good[n] ^ 1]) + good[n + 1:]
                for n in (3, 40, end - 5, end + 3, end + 30, end + 66000, len(good) - 1)]
        bad += [good + b"x", good.replace(b" 10\n", b" 22\n", 1),
                good.replace(b" 10\n", b" 63\n", 1), os.urandom(5000)]
        cases = [(blob, ("",)) for blob in bad]
        for where in (agent, none):
            for blob, said in cases + ([(foreign, ("another", "other"))] if where is agent else []):
                name = os.path.join(where.dir, "backup")
                with open(name, "wb") as f:
                    f.write(blob)
                refused(where, said, "restore", name, "--passphrase", "--memory", "8",
                        "--one-way-in", typed=["q", "new pass", "new pass"])
        assert not none.status().vault
        assert c.call("secret.get", label="kept").value == b"x" * 70000


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (words, shares, backups)]))
