"""Shares and cards of the recovery phrase, as people make and use them."""

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from job import BUILD
from ownkey import PASS, PASSPHRASE, TOKEN, Agent, Person, expect, run_parallel, until, world
from terminal import COLUMNS, ROWS, Terminal
from worker import fingerprint, root_of

OWNKEY = os.path.join(BUILD, "ownkey")
NAMES = ["alice", "bob", "carol", "dave", "eve"]


def works(agent, *args, **kw):
    done = agent.cli(*args, **kw)
    assert done.returncode == 0, (args, done)
    return done


def refused(agent, *args, status=1, **kw):
    done = agent.cli(*args, **kw)
    assert done.returncode == status, (args, done)
    return done.stderr


def terminal(agent, *args):
    return Terminal([OWNKEY, *args], agent.env)


def code(share):
    return hashlib.sha256(share.encode()).hexdigest()[:8]


@contextlib.contextmanager
def opened(directory, **kw):
    """A vault that is open; the person, who knows the words."""
    with world(directory, {"pin": None}, **kw) as (agent, _):
        yield agent, agent.init(ways=TOKEN | PASS)


def words_of(screen, count=33):
    """From three columns, or one."""
    found = {int(n): w for n, w in re.findall(r"(?<![\w.])(\d{1,2}) +([a-z]{3,8})\b", screen)}
    assert sorted(found) == list(range(1, count + 1)), screen
    return " ".join(found[i] for i in range(1, count + 1))


def prove(t, person):
    t.expect("word 1: ")
    t.type(person.shown)


def written_down(t):
    """One share on a screen of its own, as somebody writes it down."""
    before = t.seen
    t.expect("Press Enter when it is written down: ")
    screen = t.text[t.text.rindex("\x1b[H", 0, t.seen):t.seen]
    assert screen.count("\n") < ROWS and before < t.seen, screen
    t.type("")
    return words_of(screen), screen


def split(agent, person, threshold, names):
    t = terminal(agent, "share", "create", str(threshold), str(len(names)), "--for",
                 ",".join(names))
    prove(t, person)
    out = []
    for i, name in enumerate(names, 1):
        share, screen = written_down(t)
        assert re.search(r"Share %d of %d \(any %d open\), for %s\b" % (
            i, len(names), threshold, name), screen), screen
        assert "check " + code(share) in screen
        assert "vault " + fingerprint(root_of(person.shown.split())).hex() in screen
        out.append(share)
    assert t.end() == 0, t.text
    # what was shown is gone: the terminal is back on its own screen
    after = t.text[t.text.rindex("\x1b[?1049l"):]
    assert not any(re.search(r"\b\d\d? %s\b" % w, after) for w in out[0].split()), after
    long = [line for line in t.lines() if len(line) > COLUMNS and "word 1: " not in line]
    assert not long, long
    return out


def sets(agent):
    with contextlib.closing(agent.client()) as c:
        return c.call("share.list").sets


def nowhere(directory, shares):
    """No three words of a share stand together in any file."""
    runs = [re.compile(rb"\W+".join(w.encode() for w in words[i:i + 3]), re.I)
            for words in (s.split() for s in shares) for i in range(4, len(words) - 2)]
    looked = 0
    for root, _, files in os.walk(directory):
        for name in files:
            path = os.path.join(root, name)
            if not os.path.isfile(path):
                continue
            data = open(path, "rb").read()
            looked += 1
            for run in runs:
                assert not run.search(data), path
    assert looked > 3


def by_hand(directory):
    """three of five, written down; any three open a copy of the vault elsewhere"""
    with opened(directory) as (agent, person):
        shares = split(agent, person, 3, NAMES)
        other = split(agent, person, 3, NAMES)
        assert len({s.split()[0] + s.split()[1] for s in shares}) == 1
        nowhere(directory, shares + [person.shown])
        out = works(agent, "share", "list").stdout
        assert all(re.search(r"%d never +%s$" % (i, n), out, re.M)
                   for i, n in enumerate(NAMES, 1)) and out.count("any 3 of 5 open") == 2, out
        elsewhere(os.path.join(directory, "elsewhere"), agent, shares, other)


def elsewhere(directory, agent, shares, other):
    os.mkdir(directory, 0o700)
    second = Agent(directory)
    os.makedirs(os.path.dirname(second.vault), 0o700)
    shutil.copy(agent.vault, second.vault)
    second.start()
    try:
        attempt = ("unlock", "--with", "phrase", "--ask-stdin")
        for chosen in ((4, 0, 2), (1, 2, 3)):
            works(second, *attempt, stdin="".join(shares[i] + "\n" for i in chosen))
            works(second, "lock")
        wrong = shares[1].split()
        wrong[20] = "zero" if wrong[20] != "zero" else "yoga"
        for typed, said in ((shares[:2], "cancelled"),
                            ([shares[0], shares[0]], "given already"),
                            ([shares[0], other[1]], "another set"),
                            ([shares[0], " ".join(wrong)], "a word is wrong"),
                            ([shares[0], " ".join(shares[1].split()[:-1])], "cancelled")):
            before = second.hash()
            err = refused(second, *attempt, stdin="\n".join(typed) + "\n")
            assert said in err, (said, err)
            assert second.hash() == before and second.status().locked
        # mistakes cost nothing but a try
        works(second, *attempt, stdin="\n".join(
            [shares[0], shares[0], other[0], " ".join(wrong), shares[3], shares[4]]) + "\n")
        assert len(sets(second)) == 2, "the ledger came with the vault"
    finally:
        second.stop()


def ledger(directory):
    """codes that holders read out; what is remembered survives, and is forgotten on demand"""
    with opened(directory) as (agent, person):
        shares = split(agent, person, 2, ["alice", "bob smith", "Ωmega"])
        out = works(agent, "share", "code", "--ask-stdin", stdin=shares[1] + "\n").stdout
        assert out == code(shares[1]) + "\n", out
        err = works(agent, "share", "check", out[:4].upper() + " " + out[4:8]).stderr
        assert "bob smith" in err and "share 2" in err, err
        assert "Checked last on" in works(agent, "share", "check", out.strip()).stderr
        assert "no share that was made here" in refused(agent, "share", "check", "00000000")
        assert "no share" in refused(agent, "share", "check", code(shares[0]), "--for", "bob smith")
        assert "8 digits" in refused(agent, "share", "check", "xyz", status=64)
        t = terminal(agent, "share", "check")
        t.expect("reads out: ")
        t.type(code(shares[2]))
        assert t.end() == 0 and "Ωmega" in t.text, t.text
        agent.restart()
        expect(agent.unlock(person, way=PASS), "OK")
        rows = sets(agent)[0].shares
        assert [bool(r.confirmed) for r in rows] == [False, True, True]
        number = str(sets(agent)[0].set)
        assert "say --force" in refused(agent, "share", "remove", number, status=64)
        works(agent, "share", "remove", number, "--force")
        assert not sets(agent)
        assert "no such thing" in refused(agent, "share", "remove", number, "--force")
        agent.restart()
        expect(agent.unlock(person, way=PASS), "OK")
        assert not sets(agent)


def holders_code(directory):
    """a holder finds the code with no agent at all, and hears of a wrong word"""
    with opened(directory) as (agent, person):
        share = split(agent, person, 2, ["a", "b"])[0]
    swapped = share.split()
    at = next(i for i in range(4, 31) if swapped[i] != swapped[i + 1])
    swapped[at], swapped[at + 1] = swapped[at + 1], swapped[at]
    done = agent.cli("share", "code", "--ask-stdin",
                     stdin=" ".join(swapped) + "\n" + " ".join(w[:4] for w in share.split()) + "\n")
    assert done.returncode == 0 and done.stdout == code(share) + "\n", done
    assert "two are swapped" in done.stderr
    t = terminal(agent, "share", "code")
    for i, word in enumerate(share.split(), 1):
        t.expect("word %d: " % i)
        t.type(word)
    assert t.end() == 0 and code(share) in t.text


def guarded(directory):
    """an open vault is not enough; what cannot be is said before anybody types"""
    with opened(directory) as (agent, person):
        for args in (("1", "2"), ("3", "2"), ("2", "17"), ("0", "0")):
            assert "cannot be split" in refused(agent, "share", "create", *args, status=64)
        refused(agent, "share", "create", "2", "x", status=64)
        for names in ("a", "a,b,c", ""):
            refused(agent, "share", "create", "2", "2", "--for", names, status=64)
        assert "same name" in refused(agent, "share", "create", "2", "2", "--for", "a,a")
        with contextlib.closing(agent.client(person)) as c:
            two = [{"label": "a"}, {"label": "b"}]
            person.answers["NEED_PASS"] = "wrong"
            expect(c.ask("share.create", threshold=2, holders=two, proof=PASS), "PASS_WRONG")
            expect(c.ask("share.create", threshold=2, holders=[{"label": "a\nb"}] * 2), "TEXT")
            person.answers["NEED_WORDS"] = "abandon " * 23 + "art"
            expect(c.ask("share.create", threshold=2, holders=two), "WORDS_WRONG")
            expect(c.ask("phrase.card"), "WORDS_WRONG")
        assert not sets(agent)


def killed(directory):
    """whoever is stopped in the middle has no row, and the old ones stay"""
    with opened(directory) as (agent, person):
        split(agent, person, 2, ["a", "b"])
        before = agent.hash()
        for how in (signal.SIGKILL, signal.SIGTERM):
            t = terminal(agent, "share", "create", "2", "3", "--for", "x,y,z")
            prove(t, person)
            written_down(t)
            t.expect("Share 2 of 3")
            t.kill(how)
            t.end()
            until(lambda: not agent.helpers(), "the worker ends")
            assert len(sets(agent)) == 1
        assert agent.hash() == before
        t = terminal(agent, "share", "create", "2", "3", "--for", "x,y,z")
        prove(t, person)
        written_down(t)
        t.expect("Share 2 of 3")
        os.kill(agent.helpers()[0], signal.SIGKILL)
        t.expect("written down: ")
        t.type("")
        assert t.end() != 0 and "destroy" in t.text, t.text
        assert len(sets(agent)) == 1 and agent.hash() == before


def idle(directory):
    """writing takes longer than the idle lock: the vault waits"""
    with opened(directory, lock_idle="12s") as (agent, person):
        t = terminal(agent, "share", "create", "2", "2", "--for", "a,b")
        prove(t, person)
        written_down(t)
        time.sleep(14)
        written_down(t)
        assert t.end() == 0, t.text
        assert len(sets(agent)) == 1
        until(lambda: agent.status().locked, "it locks afterwards", 20)


@contextlib.contextmanager
def memory():
    """A folder that is in memory only; None where there is none."""
    folder = tempfile.mkdtemp(dir="/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    try:
        yield folder
    finally:
        if folder:
            shutil.rmtree(folder)


def text_pages(data):
    return [words_of(page.split("The square")[0]) for page in data.split("\f") if page.strip()]


def printed(directory):
    """one document with a page a holder, in memory only; never on a disk"""
    with opened(directory) as (agent, person), memory() as folder:
        disk = os.path.join(directory, "x.pdf")
        err = refused(agent, "share", "create", "2", "2", "--card", disk)
        assert "never touch a disk" in err and not os.path.exists(disk), err
        done = works(agent, "share", "create", "2", "3", "--for", "ann,ben,cyd", "--text",
                     "--ask-stdin", stdin=person.shown + "\n")
        pages = text_pages(done.stdout)
        assert len(pages) == 3 and code(pages[2]) in done.stdout.split("\f")[2]
        assert all(n in p for n, p in zip(("ann", "ben", "cyd"), done.stdout.split("\f")))
        assert "printers" in done.stderr
        assert " ".join(pages[0].split()[5:8]) not in re.sub(r"\s+", " ", done.stderr)
        works(agent, "share", "combine", "--ask-stdin", stdin="\n".join(pages[1:]) + "\n")
        assert len(sets(agent)) == 1
        if not folder:
            print("# /dev/shm cannot be written: files in memory are not tested")
            return
        name = os.path.join(folder, "shares.pdf")
        works(agent, "share", "create", "2", "3", "--card", name, "--ask-stdin",
              stdin=person.shown + "\n")
        assert open(name, "rb").read(5) == b"%PDF-" and os.stat(name).st_mode & 0o777 == 0o600
        assert "exists" in refused(agent, "share", "create", "2", "3", "--card", name)
        os.remove(name)
        refused(agent, "share", "create", "2", "3", "--card", name, "--ask-stdin",
                stdin="abandon " * 24 + "\n")
        assert os.listdir(folder) == [] and len(sets(agent)) == 2
        nowhere(directory, pages)


def init_card(directory, *card):
    """A vault whose phrase went into a pipe; the words, and what was said."""
    agent = Agent(directory).start()
    p = subprocess.run([OWNKEY, "init", "--passphrase", "--memory", "8", "--ask-stdin", *card],
                       input=(PASSPHRASE + "\n").encode() * 2, env=agent.env, capture_output=True,
                       start_new_session=True, timeout=60, check=False)
    return agent, p


def owed(directory):
    """init prints the phrase; until it is typed back, by words or by shares, it is owed"""
    agent, p = init_card(directory, "--text")
    try:
        assert p.returncode == 0, p
        text = p.stdout.decode()
        words = words_of(text.split("The square")[0], 24)
        said = p.stderr.decode()
        assert "phrase verify" in said, said
        assert " ".join(words.split()[3:6]) not in re.sub(r"\s+", " ", said)
        assert re.search("phrase [0-9a-f]{8}", said)
        person = Person(words=words)
        assert abs(agent.status().owed - time.time()) < 60
        agent.restart()
        expect(agent.unlock(person, way=PASS), "OK")
        assert agent.status().owed, "it survives"
        refused(agent, "phrase", "verify", "--ask-stdin", stdin="abandon " * 23 + "art\n")
        assert agent.status().owed
        before = agent.status().generation
        works(agent, "phrase", "verify", "--ask-stdin", stdin=words + "\n")
        assert not agent.status().owed and agent.status().generation == before + 1
        works(agent, "phrase", "verify", "--ask-stdin", stdin=words + "\n")
        agent.restart()
        expect(agent.unlock(person, way=PASS), "OK")
        assert not agent.status().owed
        nowhere(directory, [words])
    finally:
        agent.stop()


def another_phrase(directory):
    """a new phrase, printed: the old one opens nothing, the new one is owed until typed back"""
    agent, p = init_card(directory, "--text")
    try:
        old = words_of(p.stdout.decode().split("The square")[0], 24)
        works(agent, "phrase", "verify", "--ask-stdin", stdin=old + "\n")
        text = works(agent, "id", "reseed", "--new-phrase", "--text", "--ask-stdin",
                     stdin=PASSPHRASE + "\n").stdout
        new = words_of(text.split("The square")[0], 24)
        assert new != old and agent.status().owed
        refused(agent, "phrase", "verify", "--ask-stdin", stdin=old + "\n")
        works(agent, "phrase", "verify", "--ask-stdin", stdin=new + "\n")
        assert not agent.status().owed
        refused(agent, "id", "reseed", "--text", "--ask-stdin", status=64)
    finally:
        agent.stop()


def owed_unlock(directory):
    """opening the vault with the printed phrase is proof as well; so is making shares of it"""
    for i, settle in enumerate((("unlock", "--with", "phrase"), ("share", "create", "2", "2",
                                                                 "--text"))):
        home = os.path.join(directory, str(i))
        os.mkdir(home)
        agent, p = init_card(home, "--text", "--card", "-")
        try:
            words = words_of(p.stdout.decode().split("The square")[0], 24)
            if i == 0:
                works(agent, "lock")
                answers = words + "\n"
            else:
                answers = PASSPHRASE + "\n" + words + "\n"
            works(agent, *settle, "--ask-stdin", stdin=answers)
            assert not agent.status().owed
        finally:
            agent.stop()


def init_pipe(directory):
    """a PDF in a pipe and nothing else in it; a full pipe, a disk: no vault"""
    agent, p = init_card(directory, "--card", "-")
    try:
        assert p.returncode == 0 and p.stdout.startswith(b"%PDF-"), p
        assert p.stdout.rstrip().endswith(b"%%EOF")
        assert agent.status().owed
    finally:
        agent.stop()
    for card in (("--card", os.path.join(directory, "x.pdf")), ("--json", "--card", "-"),
                 ("--card", os.path.join(directory, "none", "x.pdf"))):
        home = tempfile.mkdtemp(dir=directory)
        agent, p = init_card(home, *card)
        agent.stop()
        assert p.returncode in (1, 64) and not os.path.exists(agent.vault), p
    home = tempfile.mkdtemp(dir=directory)
    agent = Agent(home).start()
    try:
        r, w = os.pipe()
        os.close(r)
        p = subprocess.run([OWNKEY, "init", "--passphrase", "--memory", "8", "--ask-stdin",
                            "--card", "-"], input=(PASSPHRASE + "\n").encode() * 2, stdout=w,
                           stderr=subprocess.PIPE, env=agent.env, start_new_session=True,
                           timeout=60, check=False)
        os.close(w)
        assert p.returncode == 1 and not os.path.exists(agent.vault), p
    finally:
        agent.stop()


def card_again(directory):
    """a card of the phrase that is typed, or of shares of it"""
    with opened(directory) as (agent, person):
        out = works(agent, "phrase", "card", "--text", "--ask-stdin",
                    stdin=person.shown + "\n").stdout
        assert words_of(out.split("The square")[0], 24) == person.shown
        assert fingerprint(root_of(person.shown.split())).hex() in out
        with contextlib.closing(agent.client(person)) as c:
            assert c.call("backup.passphrase").passphrase in re.sub(r"\n *", "", out)
        shares = split(agent, person, 2, ["a", "b"])
        t = terminal(agent, "phrase", "card")
        t.expect("word 1: ")
        t.type(shares[1])
        t.expect("share 2, word 1: ")
        t.type(shares[0])
        t.expect("written down: ")
        screen = t.text[t.text.rindex("\x1b[H", 0, t.seen):t.seen]
        assert words_of(screen, 24) == person.shown and screen.count("\n") < ROWS
        t.type("")
        assert t.end() == 0, t.text
        # a PDF never goes to a terminal, text only when asked twice
        for args, said in ((("--card", "-"), "cannot be shown"), (("--text",), "unasked")):
            t = terminal(agent, "phrase", "card", *args)
            assert t.end() == 1 and said in t.text, t.text
        t = terminal(agent, "phrase", "card", "--text", "--show")
        t.expect("word 1: ")
        t.type(person.shown)
        assert t.end() == 0 and "Clear this terminal" in t.text


def combined(directory):
    """shares are tried: on this vault, on a locked one, without any"""
    with opened(directory) as (agent, person):
        shares = split(agent, person, 2, ["a", "b", "c"])
        stdin = shares[2] + "\n" + shares[0] + "\n"
        assert "of this vault" in works(agent, "share", "combine", "--ask-stdin",
                                        stdin=stdin).stderr
        works(agent, "lock")
        mark = fingerprint(root_of(person.shown.split())).hex()
        before = agent.hash()
        assert mark in works(agent, "share", "combine", "--ask-stdin", stdin=stdin).stdout
        assert agent.hash() == before and agent.status().locked
        agent.stop()
    home = os.path.join(directory, "none")
    os.mkdir(home)
    other = Agent(home).start()
    try:
        assert mark in works(other, "share", "combine", "--ask-stdin", stdin=stdin).stdout
        assert not os.path.exists(other.vault)
    finally:
        other.stop()


def heirs(directory):
    """the sheet says who has shares and where backups are, and holds no secret"""
    with opened(directory) as (agent, person):
        stick = os.path.join(directory, "stick")
        os.mkdir(stick)
        assert "Find the page with the 24 words, or a backup" in re.sub(
            r"\s+", " ", works(agent, "inheritance").stdout)
        shares = split(agent, person, 3, NAMES)
        works(agent, "backup", "create", os.path.join(directory, "b.age"))
        works(agent, "backup", "copy", "add", stick)
        text = works(agent, "inheritance").stdout
        assert all("Share %d: %s" % (i, n) in text for i, n in enumerate(NAMES, 1)), text
        flat = re.sub(r"\s+", "", text)
        assert "b.age" in flat and os.path.realpath(stick) in flat, text
        assert "any 3 of 5" in re.sub(r"\s+", " ", text)
        assert fingerprint(root_of(person.shown.split())).hex() in text
        assert not re.search(r"\d\d? +(%s)\b" % "|".join(shares[0].split()), text)
        assert max(map(len, text.split("\n"))) <= COLUMNS


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        by_hand, ledger, holders_code, guarded, killed, idle, printed, owed, another_phrase,
        owed_unlock, init_pipe, card_again, combined, heirs)]))
