"""`ownkey slot lost` and the life of keys on a terminal of 50 x 15, and in scripts."""

import atexit
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

import cli
from cli import OWNKEY, opened, refused, terminal, works
from ownkey import PASSPHRASE, run_parallel
from terminal import shown_words

PROMPT = re.compile(
    r"(its number \[1\]|yes, no or unsure \[unsure\]|show their names\? y/n \[n\]|"
    r"take it out now\? y/n \[y\]|make a new seed now\? y/n \[y\]|word 1|"
    r"move it\? yes, no or stop \[yes\]|Press Enter to go on|file \(empty: later\)|"
    r"add token, passphrase, later \[later\]|Passphrase of [^:]*|PIN of your token[^:]*|"
    r"with which\? \[phrase\]|go on\? y/n \[n\]|type it now\? y/n \[y\]): $", re.M)


def another_disk(directory):
    """A folder on another file system than the test's own, if there is one."""
    if os.stat("/dev/shm").st_dev == os.stat(directory).st_dev:
        return directory
    made = tempfile.mkdtemp(dir="/dev/shm")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def fits(t):
    """Errors are one line each; what is typed, and public keys, are as long as they are."""
    text, t.text = t.text, re.sub(r"(?m)^    (ssh-ed25519|age1|[A-Za-z0-9+/]{43}).*", "", t.text)
    t.text = re.sub(r"(?m)^ownkey: (error|hint): .*$", "", t.text)
    t.text = re.sub(r"(word \d+: ).*", r"\1", t.text)
    cli.fits(t)
    t.text = text


def drive(t, answers, stop_at=lambda prompt: False, timeout=60):
    """Answer what is asked until it ends; Ctrl-C where stop_at says.  The prompts, status."""
    asked, end = [], time.monotonic() + timeout
    while True:
        found = PROMPT.search(t.text[t.seen:].replace("\r", ""))
        if not found:
            if not t.read(0.05):
                break
            assert time.monotonic() < end, "it waits: %r" % t.text[t.seen:]
            continue
        t.seen = len(t.text)
        asked.append(found[1])
        if stop_at(found[1]):
            t.key(b"\x03")
            break
        key = next(k for k in answers if found[1].startswith(k))
        answer = answers[key]
        t.type(answer.pop(0) if isinstance(answer, list) else answer)
    return asked, t.end(30)


def filled(agent, person):
    for account in (("matrix", "@a:example.org"), ("ssh", "me"), ("age", "me")):
        works(agent, "id", "add", *account)
    works(agent, "secret", "set", "xmpp/me", stdin="old\n")
    return person.shown


def answers_of(words, **more):
    return {"its number": "1", "yes, no or unsure": "unsure", "show their names": "y",
            "take it out": "y", "make a new seed": "y", "word 1": words, "move it": "yes",
            "Press Enter": "", "file": "", "add token": "later", "Passphrase of": PASSPHRASE,
            "with which": "passphrase", "go on": "y", "type it now": "n", **more}


def status(agent):
    return json.loads(works(agent, "status", "--json"))


def whole(directory):
    """the guided command from the beginning to the end, and what is left is told"""
    with opened(directory) as (agent, token, person):
        words = filled(agent, person)
        before = works(agent, "id", "show", "ssh/me/identity")
        token.stop()
        stick = os.path.join(another_disk(directory), "b.age")
        t = terminal(agent, "slot", "lost", "token", "--slot", "passphrase")
        asked, code = drive(t, answers_of(words, **{"file": stick, "type it now": "y"}))
        assert code == 1, t.text  # a secret is to be changed
        fits(t)
        for said in ("it opens nothing that is written", "AND the PIN|, and no PIN", "7 keys",
                     "1 secret", "vault.prev", "still open|by hand open", "generation 1",
                     "ssh/me/identity", "no key is left", "signed", "authorized_keys", "xmpp/me",
                     "backup written", "1 secret may be known"):
            assert re.search(said, re.sub(r"\s+", " ", t.text)), (said, t.text)
        assert asked.count("move it? yes, no or stop [yes]") == 3, asked
        assert os.path.exists(stick)
        st = status(agent)
        assert not st.get("exposed") and st["exposed_secrets"] == 1 and st["slots"] == 2, st
        assert works(agent, "id", "show", "ssh/me/identity") != before
        assert "(exposed)" in works(agent, "secret", "list")
        works(agent, "secret", "set", "xmpp/me", "--replace", stdin="new\n")
        works(agent, "backup", "create", stick, "--replace", "--slot", "passphrase",
              "--ask-stdin", stdin=PASSPHRASE + "\n")
        assert works(agent, "status", "--overdue") == ""


def interrupted(directory):
    """Ctrl-C at every prompt; the same command goes on, and status tells the truth"""
    with opened(directory) as (agent, token, person):
        words = filled(agent, person)
        token.stop()
        seen, code = set(), None

        def new(prompt):
            st = status(agent)
            key = (prompt.split(" of ")[0], st["slots"], st.get("exposed"), st.get("seed"))
            here.append(key not in seen)
            seen.add(key)
            return here[-1]

        here = [True]
        while here[-1]:
            t = terminal(agent, "slot", "lost", "token", "--slot", "passphrase")
            here[:] = [False]
            _, code = drive(t, answers_of(words), new)
            fits(t)
            removed = "token" not in works(agent, "slot", "list")
            st = status(agent)
            assert code == 1 and st["slots"] == 3 - removed, (st, t.text)
            assert bool(st.get("exposed_secrets")) == removed, st
            said = works(agent, "status")
            assert ("id reseed" in said) == bool(st.get("seed_exposed")), said
            assert ("--all-exposed" in said) == bool(
                st.get("exposed") and not st.get("seed_exposed")), said
            if here[-1] and removed:
                assert "The same command" in re.sub(r"\s+", " ", t.text), t.text
            assert len(seen) < 60, seen
        assert not st.get("exposed") and st["seed"] == 1, (st, seen)
        assert len(seen) > 18 and {"take it out now? y/n [y]", "word 1", "Press Enter to go on",
                                   "move it? yes, no or stop [yes]"} <= {k[0] for k in seen}, seen


def stopped(directory):
    """moving is stopped and gone on with; a wrong phrase changes nothing"""
    with opened(directory) as (agent, token, person):
        words = filled(agent, person)
        token.stop()
        wrong = " ".join(["abandon"] * 23 + ["art"])
        t = terminal(agent, "slot", "lost", "token", "--slot", "passphrase")
        drive(t, answers_of(wrong))
        fits(t)
        st = status(agent)
        assert st["exposed"] == 7 and not st.get("seed") and st["seed_exposed"], st
        assert "id reseed" in works(agent, "status")
        assert "reseed" in refused(agent, "id", "rotate", "--all-exposed", "--yes")
        t = terminal(agent, "id", "reseed", "--slot", "passphrase")
        _, code = drive(t, answers_of(words))
        assert code == 0 and "generation 1" in t.text, t.text
        fits(t)
        move = ("id", "rotate", "--all-exposed", "--slot", "passphrase")
        t = terminal(agent, *move)
        asked, code = drive(t, answers_of(words, **{"move it": ["no", "yes", "stop"]}))
        assert code == 1 and "goes on" in t.text, (asked, t.text)
        fits(t)
        assert 0 < status(agent)["exposed"] < 7, status(agent)
        works(agent, *move, "--yes", "--ask-stdin", stdin=(PASSPHRASE + "\n") * 3)
        assert not status(agent).get("exposed")
        assert "no key has to be moved" in agent.cli(*move, "--yes").stderr


def only_way(directory):
    """no other way in: nothing is changed, and it is said what comes back from what"""
    with opened(directory) as (agent, _, person):
        filled(agent, person)
        for label in ("passphrase", "recovery phrase"):
            works(agent, "slot", "remove", label, "--one-way-in", "--slot", "token")
        before = agent.hash()
        t = terminal(agent, "slot", "lost", "token")
        assert t.end() == 1 and agent.hash() == before, t.text
        fits(t)
        text = re.sub(r"\s+", " ", t.text)
        assert "only way in" in text and "24 words" in text and "secret get" in text, text
        assert "slot list" in refused(agent, "slot", "lost", "nonsense")


def phrase_only(directory):
    """what is left is the phrase: a passphrase is added before the words are typed again"""
    with opened(directory) as (agent, token, person):
        words = filled(agent, person)
        works(agent, "slot", "remove", "passphrase", "--slot", "token")
        token.stop()
        works(agent, "lock")
        t = terminal(agent, "slot", "lost", "token")
        asked, _ = drive(t, answers_of(words, **{
            "with which": "phrase", "add token": "later", "yes, no or unsure": "no"}))
        fits(t)
        assert asked.count("word 1") == 2, asked
        assert "single way in" in works(agent, "status"), works(agent, "status")


def phrase_lost(directory):
    """the phrase is lost: another one is made, the old one opens nothing, keys move to it"""
    with opened(directory) as (agent, _, person):
        words = filled(agent, person)
        p = "--ask-stdin"
        out = subprocess.Popen([OWNKEY, "slot", "lost", "recovery phrase", "--slot", "token",
                                "--finder-may-open", "yes", "--yes", p], env=agent.env,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True)
        text = ""
        while "type the words back" not in text:
            line = out.stdout.readline()
            assert line, text
            text += line
        new = " ".join(shown_words(text[text.index("Never type"):text.index("Now type")]))
        text += out.communicate(new + "\n", timeout=60)[0]
        assert out.returncode == 1 and new != words, text
        st = status(agent)
        assert not st.get("exposed") and not st.get("older") and st["seed"] == 1, (st, text)
        works(agent, "lock")
        refused(agent, "unlock", "--with", "phrase", p, stdin=words + "\n", status=5)
        works(agent, "unlock", "--with", "phrase", p, stdin=new + "\n")


def scripted(directory):
    """options instead of answers"""
    with opened(directory) as (agent, _, person):
        words = filled(agent, person)
        lost = ("slot", "lost", "passphrase", "--slot", "token")
        assert "--finder-may-open" in refused(agent, *lost, "--yes", status=64)
        assert "--yes" in refused(agent, *lost, "--finder-may-open", "no", status=64)
        assert status(agent)["slots"] == 3
        done = agent.cli(*lost, "--yes", "--finder-may-open", "yes", "--all")
        assert done.returncode == 1 and "id reseed" in done.stdout + done.stderr, done
        assert "age/me/identity" in done.stdout and "xmpp/me" in done.stdout, done
        assert status(agent)["exposed"] == 7
        works(agent, "id", "reseed", "--ask-stdin", stdin=words + "\n")
        done = works(agent, "id", "rotate", "--all-exposed", "--yes")
        assert "What to do next:" in done and "keys/device_signing/upload" in done, done
        assert not status(agent).get("exposed")


def changes(directory):
    """id rotate, retire, revoke: what contacts see comes first, steps afterwards; id show"""
    with opened(directory) as (agent, _, person):
        words = filled(agent, person)
        works(agent, "id", "add", "omemo", "me@example.org")
        t = terminal(agent, "id", "rotate", "matrix/@a:example.org")
        t.expect("Everybody who verified you")
        t.expect(r"go on\? y/n \[n\]: ")
        t.type("")
        assert t.end() == 0 and "nothing is changed" in t.text
        fits(t)
        for service, account in (("matrix", "@a:example.org"), ("ssh", "me"), ("age", "me")):
            for verb in ("rotate", "revoke", "rotate", "retire"):
                t = terminal(agent, "id", verb, "%s/%s" % (service, account),
                             *(["--without-phrase"] if verb != "retire" else []))
                if verb != "retire":
                    t.expect(r"go on\? y/n \[n\]: ")
                    t.type("y")
                assert t.end() == 0, t.text
                assert " 1. " in t.text, t.text
                fits(t)
        t = terminal(agent, "id", "rotate", "omemo/me@example.org")
        _, code = drive(t, answers_of(words))
        assert code == 0 and "succession sign" not in t.text, t.text
        out = works(agent, "id", "show", "ssh/me/identity")
        assert re.search("state +retired", out) and re.search("epoch +2, of 3", out), out
        assert "from the recovery phrase alone" in out and "generation 0" in out, out
        assert "--yes" in refused(agent, "id", "rotate", "ssh/me", status=64)
        refused(agent, "id", "rotate", "--yes", status=64)
        assert json.loads(works(agent, "id", "rotate", "ssh/me", "--yes", "--json"))["steps"]
        works(agent, "slot", "remove", "passphrase")
        assert "exposed" not in works(agent, "id", "show", "ssh/me/identity")


def later_clock(directory, days):
    """A library in which it is later.  (faketime wants its environment, which ownkey clears.)"""
    source, library = os.path.join(directory, "late.c"), os.path.join(directory, "late.so")
    with open(source, "w", encoding="utf-8") as f:
        f.write("#include <time.h>\ntime_t time(time_t *t) { struct timespec n; "
                "clock_gettime(CLOCK_REALTIME, &n); n.tv_sec += %d * 86400; "
                "if (t) *t = n.tv_sec; return n.tv_sec; }\n" % days)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return library


def overdue(directory):
    """status --overdue: what was not proven for long, what is on one disk only"""
    with opened(directory) as (agent, _, person):
        late = later_clock(directory, 97)

        def later(*args):
            return agent.cli("status", *args, LD_PRELOAD=late,
                             ASAN_OPTIONS="verify_asan_link_order=0")

        assert works(agent, "status", "--overdue") == ""
        done = later("--overdue")
        assert done.returncode == 1 and done.stdout.count("not proven for 97 days") == 3, done
        assert "ownkey slot verify 'recovery phrase'" in done.stdout, done
        assert "not proven for 97 days" in later().stdout
        works(agent, "secret", "set", "x", stdin="y")
        done = agent.cli("status", "--overdue")
        assert done.returncode == 1 and "1 secret exists only on this disk" in done.stdout, done
        here = os.path.join(directory, "b.age")
        works(agent, "backup", "create", here)
        if another_disk(directory) != directory:
            assert "is on this disk" in agent.cli("status", "--overdue").stdout
        works(agent, "backup", "create", os.path.join(another_disk(directory), "b.age"))
        works(agent, "status", "--overdue")
        assert "nothing changed since" in works(agent, "status")
        works(agent, "id", "add", "ssh", "me")
        assert "1 change since" in works(agent, "status")
        assert "97 days old" in later("--overdue").stdout
        works(agent, "lock")
        assert agent.cli("status", "--overdue").returncode == 3
        assert person.shown


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__.split(";")[0].split(":")[0], t) for t in (
        whole, interrupted, stopped, only_way, phrase_only, phrase_lost, scripted, changes,
        overdue)]))
