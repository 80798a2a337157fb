"""ownkey as people and scripts use it."""

import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time

from backup import WORDS
from job import BUILD
from ownkey import PASSPHRASE, PIN, TOKEN, run_parallel, until, world
import worker
import worker_shares
from terminal import COLUMNS, ROWS, Terminal, shown_words

OWNKEY = os.path.join(BUILD, "ownkey")


def works(agent, *args, **kw):
    done = agent.cli(*args, **kw)
    assert done.returncode == 0, (args, done)
    return done.stdout


def refused(agent, *args, status=1, **kw):
    done = agent.cli(*args, **kw)
    assert done.returncode == status, (args, done)
    return done.stderr


def terminal(agent, *args, **kw):
    return Terminal([OWNKEY, *args], agent.env, **kw)


def fits(t):
    # a path is as long as it is
    long = [l for l in t.lines() if len(l) > COLUMNS and "/tmp" not in l]
    assert not long, long


@contextlib.contextmanager
def opened(directory, **token):
    """A vault that is open, with token, passphrase and phrase."""
    with world(directory, {"pin": None, **token}) as (agent, tok):
        person = agent.init(ways=TOKEN | 2)
        yield agent, tok, person


def type_back(t, words):
    for i, word in enumerate(words, 1):
        t.expect("word %d: " % i)
        t.type(word)


def init_by_hand(directory):
    """init on a terminal: PIN, name, words typed back, one of them wrong"""
    with world(directory, {"pin": None}) as (agent, _):
        t = terminal(agent, "init")
        t.expect("Nothing on your token is\\s+erased")
        t.expect("set a PIN now")
        t.type("")
        for pin, prompt in (("135790", "PIN: "), ("135791", "once more: "),
                            ("135790", "try again(.|\n)*PIN: "), ("135790", "once more: ")):
            t.expect(prompt)
            t.type(pin)
        t.expect("name of this token.*: ")
        t.type("blue key")
        t.expect("PIN of your token.*: ")
        t.type("135790")
        t.expect("touch 1\\s+of 4")
        shown = t.seen
        t.expect("written down: ")
        words = shown_words(t.text[shown:t.seen])
        screen = t.text[t.text.rindex("\x1b[H", 0, t.seen):t.seen]
        assert screen.count("\n") < ROWS, screen
        t.type("")
        wrong = ["zoo" if i == 6 and w != "zoo" else "zone" if i == 6 else w[:4] if i % 2 else w
                 for i, w in enumerate(words)]
        t.expect("type the words back")
        for i, word in enumerate(wrong, 1):
            t.expect("word %d: " % i)
            if i == 3:
                t.type("xyzzy")
                t.expect("no such word")
                t.expect("word 3: ")
            if i == 9:
                t.type("<")
                t.expect("word 8: ")
                t.type(wrong[7])
                t.expect("word 9: ")
            t.type(word)
        t.expect("word 7 is not right")
        t.expect("word 7: ")
        t.type(words[6])
        assert t.end() == 0, t.text
        fits(t)
        assert "135790" not in t.text, "the PIN is on the terminal"
        assert "\x1b[?1049l" in t.text and re.search("phrase +[0-9a-f]{8}", t.text), t.text
        after = t.text[t.text.rindex("\x1b[?1049l"):]
        assert "\x1b" not in after[8:] and not re.search(r"\b\d\d? (%s)\b" % "|".join(words), after)
        out = works(agent, "slot", "list")
        assert "blue key" in out and "PIN" in out, out
        works(agent, "lock")
        works(agent, "unlock", "--with", "phrase", "--ask-stdin",
              stdin="\n".join(words) + "\n")


def init_from_script(directory):
    """init with --ask-stdin: no terminal, no escape sequences"""
    with world(directory, {"pin": None}) as (agent, _):
        p = subprocess.Popen([OWNKEY, "init", "--no-pin", "--ask-stdin", "--label", "x"],
                             env=agent.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, start_new_session=True)
        text = ""
        while "type the words back" not in text:
            line = p.stderr.readline()
            assert line, text
            text += line
        out, err = p.communicate(" ".join(shown_words(text[:text.index("Now type")])) + "\n",
                               timeout=30)
        assert p.returncode == 0 and "vault" in out and "\x1b" not in text + err, (out, err)


def init_without_token(directory):
    """init without a token: wait for one, a passphrase now, only try"""
    with world(directory, {"pin": None}) as (agent, token):
        token.stop()
        t = terminal(agent, "init")
        t.expect("1, 2 or 3")
        t.type("3")
        assert t.end() == 0 and "ownkey try" in t.text
        fits(t)
        t = terminal(agent, "init", "--no-pin")
        t.expect("1, 2 or 3")
        t.type("1")
        t.expect("plug in your token")
        token.start()
        t.expect("name of this token")
        t.key(b"\x03")
        assert t.end() == 1 and "error: cancelled" in t.text, t.text
        t = terminal(agent, "init", "--passphrase", "--memory", "8", "--plain")
        for _ in range(2):
            t.expect("(passphrase|more): ")
            t.type(PASSPHRASE)
        shown = t.seen
        t.expect("written down: ")
        words = shown_words(t.text[shown:t.seen])
        t.type("")
        t.expect("word 1: ")
        t.type(" ".join(words))
        assert t.end() == 0, t.text
        assert "\x1b" not in t.text and PASSPHRASE not in t.text
        assert "there is a vault already" in refused(agent, "init")


def cancelled(directory):
    """Ctrl-C while a touch is waited for; then all goes on"""
    with opened(directory) as (agent, token, _):
        works(agent, "lock")
        token.tell("touch-mode", "never")
        t = terminal(agent, "unlock")
        t.expect("\a")
        t.expect("touch your token now")
        until(token.is_waiting, "touch")
        t.key(b"\x03")
        assert t.end(5) == 1, t.text
        assert t.text.count("error: cancelled") == 1 and t.text.count("hint:") == 1, t.text
        fits(t)
        until(lambda: not token.is_waiting(), "the token is left alone")
        token.tell("touch-mode", "auto")
        works(agent, "unlock")


def absent(directory):
    """unlock says what it waits for, and goes on when it is there"""
    with opened(directory) as (agent, token, _):
        works(agent, "lock")
        token.stop()
        t = terminal(agent, "unlock")
        t.expect("plug in your token")
        token.start()
        assert t.end() == 0 and "unlocked with" in t.text, t.text
        fits(t)


def pin_hidden(directory):
    """a PIN and a passphrase are not echoed; a wrong one is asked for again"""
    with world(directory, {}) as (agent, _):
        agent.init(ways=TOKEN | 2)
        works(agent, "lock")
        t = terminal(agent, "unlock")
        t.expect("PIN of your token.*: ")
        t.type("9753")
        t.expect("wrong PIN, 7 tries left")
        t.expect("PIN of your token.*: ")
        t.type(PIN)
        assert t.end() == 0 and "9753" not in t.text and PIN not in t.text, t.text
        works(agent, "lock")
        t = terminal(agent, "unlock", "--with", "passphrase")
        t.expect("assphrase.*: ")
        t.type("not this")
        t.expect("wrong passphrase")
        t.expect("assphrase.*: ")
        t.type(PASSPHRASE)
        assert t.end() == 0 and PASSPHRASE not in t.text and "not this" not in t.text, t.text
        fits(t)


def words_unlock(directory):
    """the phrase, word by word, with a mistake that is only found at the end"""
    with opened(directory) as (agent, _, person):
        words = person.shown.split()
        works(agent, "lock")
        t = terminal(agent, "unlock", "--with", "phrase")
        # its low bits are the checksum: of two words that change places, one of 256 fits
        type_back(t, [*words[:-1], WORDS[WORDS.index(words[-1]) ^ 1]])
        t.expect("Type them all again|not right")
        type_back(t, words)
        assert t.end() == 0, t.text
        fits(t)


def shares_unlock(directory):
    """shares of the phrase, word by word and at once, with mistakes that cost one share only"""
    with opened(directory) as (agent, _, person):
        words = person.shown.split()
        root = worker.root_of(words)
        shares = worker_shares.split(3, 4, person.shown, root)
        other = worker_shares.split(3, 4, person.shown, root)
        works(agent, "lock")
        t = terminal(agent, "unlock", "--with", "phrase")
        t.expect("or the 33 words of a share")
        type_back(t, shares[3].split())
        t.expect("share accepted; 2 more are needed")
        t.expect("share 2, word 1: ")
        t.type(" ".join(x[:4] for x in shares[3].split()))
        t.expect("given already(.|\n)*again, or another one")
        wrong = shares[0].split()
        wrong[20] = "zero" if wrong[20] != "zero" else "yoga"
        for share, said in ((" ".join(wrong), "a word is wrong"), (other[0], "another set"),
                            (" ".join([*shares[0].split()[:11], "abandon", *wrong[12:]]),
                             "word 12 is not in the list")):
            t.expect("share 2, word 1: ")
            t.type(share)
            t.expect(said)
        t.expect("share 2, word 12: ")
        t.type(shares[0])
        t.expect("share accepted; 1 more is needed")
        type_back(t, shares[2].split())
        assert t.end() == 0, t.text
        # a line that was typed is as long as it was typed
        t.text = re.sub(r"(word \d+: ).*", r"\1", t.text)
        fits(t)
        works(agent, "lock")
        works(agent, "unlock", "--with", "phrase", "--ask-stdin",
              stdin="\n".join(shares[1:]) + "\n")


def secrets(directory):
    """secret set, get, list, remove; never on a terminal unasked"""
    with opened(directory) as (agent, _, _p):
        works(agent, "secret", "set", "xmpp/alice", stdin="one two\n")
        assert works(agent, "secret", "get", "xmpp/alice") == "one two\n"
        works(agent, "secret", "set", "raw", stdin="line 1\nline 2\n\n")
        assert works(agent, "secret", "get", "raw") == "line 1\nline 2\n\n"
        assert works(agent, "secret", "list").split() == ["raw", "xmpp/alice"]
        assert works(agent, "secret", "list", "--match", "xmpp") == "xmpp/alice\n"
        assert "--replace" in refused(agent, "secret", "set", "raw", stdin="x")
        works(agent, "secret", "set", "raw", "--replace", stdin="x")
        t = terminal(agent, "secret", "get", "raw")
        assert t.end() == 64 and "--show" in t.text, t.text
        t = terminal(agent, "secret", "get", "raw", "--show")
        assert t.end() == 0 and t.text == "x\r\n", t.text
        t = terminal(agent, "secret", "set", "typed")
        t.expect("the secret: ")
        t.type("hush")
        assert t.end() == 0 and "hush" not in t.text
        assert works(agent, "secret", "get", "typed") == "hush\n"
        assert "1" in works(agent, "status")
        works(agent, "secret", "remove", "raw")
        refused(agent, "secret", "get", "raw")
        big = "x" * (128 * 1024)
        works(agent, "secret", "set", "big", stdin=big)
        assert works(agent, "secret", "get", "big") == big + "\n"
        refused(agent, "secret", "set", "bigger", stdin=big + "xx")


def get_is_silent(directory):
    """a password command says nothing on the terminal it inherits"""
    with opened(directory) as (agent, _, _p):
        works(agent, "secret", "set", "x", "--use", "2", stdin="y")
        t = Terminal(["/bin/sh", "-c", "x=$(%s secret get x); echo got $x" % OWNKEY], agent.env)
        assert t.end() == 0 and t.text == "got y\r\n", t.text
        works(agent, "lock")
        t = Terminal(["/bin/sh", "-c", "x=$(%s secret get x); echo $?$x" % OWNKEY], agent.env)
        assert t.end() == 0 and t.text == "0y\r\n", t.text


def identities(directory):
    """id add, list, show, export, retire; by the beginning of the path, too"""
    with opened(directory) as (agent, _, _p):
        assert "ssh-ed25519 " in works(agent, "id", "add", "ssh", "me@example.org")
        works(agent, "id", "add", "matrix", "@me:example.org")
        assert works(agent, "id", "list", "ssh").startswith("ssh/me@example.org/")
        assert "ssh-ed25519 " in works(agent, "id", "show", "ssh/me@example.org")
        assert "say which" in refused(agent, "id", "show", "matrix/@me:example.org", status=64)
        assert "services" in refused(agent, "id", "add", "nonsense", "me")
        t = terminal(agent, "id", "export", "ssh/me@example.org")
        assert t.end() == 64 and "--out" in t.text, t.text
        out = os.path.join(directory, "key")
        works(agent, "id", "export", "ssh/me@example.org", "--out", out)
        assert stat.S_IMODE(os.stat(out).st_mode) == 0o600
        line = subprocess.check_output(["ssh-keygen", "-y", "-f", out], text=True).split()[1]
        assert line in works(agent, "id", "show", "ssh/me@example.org")
        assert "exists" in refused(agent, "id", "export", "ssh/me@example.org", "-o", out)
        assert "PRIVATE KEY" in works(agent, "id", "export", "ssh/me@example.org")
        works(agent, "id", "add", "age", "me")
        assert re.fullmatch("AGE-SECRET-KEY-1[0-9A-Z]+\n", works(agent, "id", "export", "age/me"))
        works(agent, "id", "retire", "ssh/me@example.org")
        assert "ssh/" not in works(agent, "id", "list")
        assert "(retired)" in works(agent, "id", "list", "--all")


def signatures(directory):
    """sign: files, standard input; ssh-keygen agrees"""
    with opened(directory) as (agent, _, _p):
        shown = works(agent, "id", "add", "ssh", "me")
        key = re.search("ssh-ed25519 [^ ]+", shown)[0]
        with open(directory + "/signers", "w", encoding="utf-8") as f:
            f.write("me %s\n" % key)
        for name, content in (("a", b""), ("b", os.urandom(300000))):
            name = os.path.join(directory, name)
            with open(name, "wb") as f:
                f.write(content)
            sign = ("sign", "--key", "ssh/me", "-n", "file")
            works(agent, *sign, name)
            assert "--force" in refused(agent, *sign, name)
            with open(name, "rb") as f:
                piped = subprocess.run([OWNKEY, *sign], env=agent.env, stdin=f, check=True,
                                       capture_output=True, start_new_session=True).stdout
            assert piped == open(name + ".sig", "rb").read()
            assert max(len(l) for l in piped.split(b"\n")) == 70
            with open(name, "rb") as f:
                subprocess.run(["ssh-keygen", "-Y", "verify", "-f", directory + "/signers",
                                "-I", "me", "-n", "file", "-s", name + ".sig"], stdin=f,
                               check=True, capture_output=True)
        for key, status in ((b"n", 1), (b"y", 0)):
            t = terminal(agent, *sign, "--force", name)
            t.expect("\\[y/n\\] ")
            t.key(key)
            assert t.end() == status, t.text
        refused(agent, "sign", "--key", "ssh/me", "x", status=64)
        assert "no-such-file" in refused(agent, *sign, "no-such-file")


def ways_in(directory):
    """slot add, list, verify, label, renew, remove"""
    with opened(directory) as (agent, _, _p):
        p = "--ask-stdin"
        works(agent, "slot", "add", "passphrase", "--label", "second", "--hint", "2nd",
              "--memory", "8", p, stdin="another one\n" * 2)
        assert "second" in works(agent, "slot", "list")
        works(agent, "slot", "verify", "second", p, stdin="another one\n")
        works(agent, "slot", "label", "second", "third")
        works(agent, "slot", "renew", "third", p, stdin="a third one\n" * 2)
        works(agent, "lock")
        refused(agent, "unlock", "--slot", "2nd", p, stdin="another one\n" * 3, status=5)
        works(agent, "unlock", "--with", "passphrase", p, stdin=PASSPHRASE + "\n")
        works(agent, "slot", "remove", "third", p)
        assert "third" not in works(agent, "slot", "list")
        works(agent, "slot", "remove", "passphrase", p)
        assert "one-way-in" in refused(agent, "slot", "remove", "recovery phrase", p)
        assert "TYPE is" in refused(agent, "slot", "add", "key", status=64)


def policies(directory):
    """policy: stricter at once, weaker only with a proof"""
    with opened(directory) as (agent, token, _):
        works(agent, "secret", "set", "x", stdin="y")
        works(agent, "policy", "x", "--use", "2")
        assert "touch each time" in works(agent, "secret", "list")
        token.tell("touch-mode", "never")
        t = terminal(agent, "policy", "x", "--use", "0")
        t.expect("touch your token now")
        t.key(b"\x03")
        assert t.end() == 1, t.text
        until(lambda: not token.is_waiting(), "the token is left alone")
        token.tell("touch-mode", "auto")
        works(agent, "policy", "x", "--use", "0")
        assert works(agent, "secret", "list") == "x\n"
        assert "say --use" in refused(agent, "policy", "x", status=64)


def waits(directory):
    """wait: gives up in time, wakes up at unlock; status tells"""
    with opened(directory) as (agent, _, _p):
        works(agent, "wait")
        works(agent, "lock")
        assert "locked" in works(agent, "status")
        start = time.monotonic()
        refused(agent, "wait", "--timeout", "1")
        assert time.monotonic() - start < 15
        p = subprocess.Popen([OWNKEY, "wait", "--timeout", "20"], env=agent.env,
                             stderr=subprocess.PIPE, start_new_session=True)
        assert b"waiting" in p.stderr.readline()
        assert p.poll() is None
        works(agent, "unlock")
        assert p.wait(10) == 0
        p.stderr.close()
        for text in (works(agent), works(agent, "status")):
            assert "open" in text and len(text.splitlines()) <= 12, text


def json_everywhere(directory):
    """--json of whatever reads"""
    with opened(directory) as (agent, _, _p):
        works(agent, "id", "add", "ssh", "me")
        works(agent, "secret", "set", "x", stdin="hush")
        for args in (["status"], ["slot", "list"], ["token", "list"], ["token", "info"],
                     ["id", "list"], ["id", "show", "ssh/me"], ["secret", "list"],
                     ["vault", "check"], ["secret", "get", "x"], ["unlock"]):
            answer = json.loads(works(agent, *args, "--json"))
            assert isinstance(answer, dict) and "hush" not in str(answer), (args, answer)
        assert json.loads(works(agent, "secret", "get", "x", "--json", "--show"))["value"]
        assert len(json.loads(works(agent, "secret", "list", "-j"))["items"]) == 1
        out = works(agent, "vault", "check")
        assert "no damage" in out, out


def many_pages(directory):
    """lists longer than a page"""
    with opened(directory) as (agent, _, _p):
        c = agent.client()
        for i in range(300):
            c.call("secret.set", label="s%03d" % i, value=b"v")
        names = works(agent, "secret", "list").split()
        assert sorted(names) == ["s%03d" % i for i in range(300)]
        assert len(json.loads(works(agent, "secret", "list", "--json"))["items"]) == 300


def started(directory):
    """the agent is started when it is needed, and only then; two at once find one"""
    with world(directory, {"pin": None}) as (agent, _):
        agent.init()
        agent.stop()
        assert "no agent is running" in agent.cli("status").stdout
        assert agent.cli("status").returncode == 2 and agent.cli("lock").returncode == 2
        both = [subprocess.Popen([OWNKEY, "unlock"], env=agent.env, start_new_session=True,
                                 stderr=subprocess.PIPE) for _ in range(2)]
        said = [p.communicate(timeout=30)[1] for p in both]
        assert [p.returncode for p in both] == [0, 0], said
        pid = json.loads(works(agent, "status", "--json"))["pid"]
        try:
            refused(agent, "id", "list", "--vault", "elsewhere")
        finally:
            os.kill(pid, signal.SIGTERM)
        until(lambda: "no agent is running" in agent.cli("status").stdout, "no agent")
        with open(agent.config, "w", encoding="utf-8") as f:
            f.write("# one\nnonsense = 1\n")
        said = refused(agent, "unlock", status=2)
        assert "'ownkey doctor'" in said, said
        assert "error in line 2" in works(agent, "doctor")


def doctored(directory):
    """doctor: what is well, and what is not"""
    with opened(directory) as (agent, _, _p):
        out = works(agent, "doctor")
        assert "the agent answers" in out and "a software token" in out, out
        os.chmod(agent.vault, 0o644)
        out = works(agent, "doctor", FIDO_DEBUG="1")
        assert "warn  others may read the vault" in out and "warn  FIDO_DEBUG" in out, out
        for size in ((15, 50), (15, 31)):
            t = terminal(agent, "doctor", size=size)
            assert t.end() == 0 and "pinentry" in t.text
            long = [l for l in t.lines() if len(l) >= size[1] and "/tmp" not in l]
            assert not long and "  " not in t.text.replace("\n      ", "").replace(
                "ok    ", "").replace("warn  ", ""), t.text
        folder = os.path.dirname(agent.vault)
        os.chmod(folder, 0o755)
        assert "no agent starts\n      chmod 700 " + folder in works(agent, "doctor")
        os.chmod(folder, 0o700)


def folded(directory):
    """errors and hints keep their words whole on a terminal, and are one line in a pipe"""
    with world(directory, start=False) as (agent,):
        t = terminal(agent, "setup", "nothing")
        assert t.end() != 0
        fits(t)
        said = refused(agent, "setup", "nothing", status=64)
        assert len(said.splitlines()) == 2 and said.split() == t.text.split(), (said, t.text)


def helps(directory):
    """help fits, everything has some; near misses are understood"""
    with world(directory, start=False) as (agent,):
        rows = [l.split("\t") for l in works(agent, "--dump-verbs").splitlines()]
        verbs = [r[0] for r in rows if not r[0].startswith("--")]
        assert len(verbs) >= 31, verbs
        texts = [works(agent, *v.split(), "--help") for v in verbs]
        assert works(agent, "help", "slot", "add") == texts[verbs.index("slot add")]
        texts += [works(agent, "help"), works(agent, "help", "slot")]
        for text in texts:
            lines = text.splitlines()
            assert max(map(len, lines)) < COLUMNS and len(lines) <= ROWS + 2, text
        assert len(works(agent, "help").splitlines()) < ROWS
        for typo, meant in (("unlok", "unlock"), ("slot lits", "slot list"),
                            ("backup copy ad", "backup copy add"), ("sing", "sign")):
            assert "did you mean 'ownkey %s'" % meant in refused(
                agent, *typo.split(), status=64), typo
        assert "did you mean --json" in refused(agent, "status", "--jsno", status=64)
        assert "takes no --label" in refused(agent, "status", "--label", "x", status=64)
        assert "one of 0|1|2" in refused(agent, "policy", "x", "--use", "3", status=64)
        assert "does not want 'now'" in refused(agent, "lock", "now", status=64)
        bash = os.path.join(directory, "bash")
        with open(bash, "w", encoding="utf-8") as f:
            f.write(works(agent, "--dump-completion", "bash"))
            f.write("COMP_WORDS=(ownkey slot re) COMP_CWORD=2; _ownkey; "
                    "echo \"${COMPREPLY[@]}\"\n"
                    "COMP_WORDS=(ownkey slot add --la) COMP_CWORD=3; _ownkey; "
                    "echo \"${COMPREPLY[@]}\"\n"
                    "COMP_WORDS=(ownkey backup copy r) COMP_CWORD=3; _ownkey; "
                    "echo \"${COMPREPLY[@]}\"\n"
                    "COMP_WORDS=(ownkey un) COMP_CWORD=1; _ownkey; echo \"${COMPREPLY[@]}\"\n"
                    "COMP_WORDS=(ownkey setup g) COMP_CWORD=2; _ownkey; "
                    "echo \"${COMPREPLY[@]}\"\n"
                    "COMP_WORDS=(ownkey help unl) COMP_CWORD=2; _ownkey; "
                    "echo \"${COMPREPLY[@]}\"\n"
                    "COMP_WORDS=(ownkey unlock --with ph) COMP_CWORD=3; _ownkey; "
                    "echo \"${COMPREPLY[@]}\"\n")
        said = subprocess.check_output(["bash", bash], text=True).splitlines()
        assert said == ["remove renew", "--label", "remove run", "unlock", "git gpg gajim",
                        "unlock", "phrase"], said
        assert "complete -c ownkey" in works(agent, "--dump-completion", "fish")
        assert works(agent, "--dump-completion", "zsh").startswith("#compdef")


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__.split(";")[0].split(":")[0], t) for t in (
        init_by_hand, init_from_script, init_without_token, cancelled, absent, pin_hidden,
        words_unlock, shares_unlock,
        secrets, get_is_silent, identities, signatures, ways_in, policies, waits,
        json_everywhere, many_pages, started, doctored, folded, helps)]))
