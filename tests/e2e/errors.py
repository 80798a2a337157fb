"""Errors that people meet: one line says what happened, one what to do, and the exit status is the
documented one (DESIGN 11, 14)."""

import contextlib
import os
import re
import resource
import shutil
import signal
import sys

from ownkey import LIB, PASS, PIN, TOKEN, run_parallel, until, world

ROW = re.compile(r'^E\((\w+),\s*(\d+),\s*(\d+),[^,]*,\s*\d+,\s*"([^"]*)",\s*"([^"]*)"\)', re.M)
TABLE = {m[1]: (int(m[3]), m[4], m[5])
         for m in ROW.finditer(open(os.path.join(LIB, "err_table.h"), encoding="utf-8").read())}


def fails(agent, error, *args, **kw):
    """`ownkey ARGS` ends with this error of the table."""
    done = agent.cli(*args, **kw)
    status, text, _ = TABLE[error]
    lines = done.stderr.splitlines()
    errors = [l for l in lines if l.startswith("ownkey: error: ")]
    hints = [l for l in lines if l.startswith("ownkey: hint: ")]
    assert len(errors) == 1 and len(hints) == 1, (args, done)
    assert done.returncode == status and text in errors[0], (error, args, done)
    assert lines[-2:] == [errors[0], hints[0]], done
    assert done.stdout == "", done
    return done


def works(agent, *args, **kw):
    done = agent.cli(*args, **kw)
    assert done.returncode == 0, (args, done)
    return done.stdout


def unlocks(agent):
    return works(agent, "unlock", "--ask-stdin", stdin=PIN + "\n")


@contextlib.contextmanager
def made(directory, *tokens, **conf):
    with world(directory, *(tokens or ({},)), **conf) as w:
        person = w[0].init(ways=TOKEN | PASS)
        w[0].lock()
        yield (*w, person)


def no_agent(directory):
    """no agent"""
    with world(directory, start=False) as (agent,):
        fails(agent, "NOAGENT", "lock")


def no_vault(directory):
    """no vault yet"""
    with world(directory) as (agent,):
        fails(agent, "NOVAULT", "unlock")


def locked(directory):
    """locked"""
    with made(directory) as (agent, _, _p):
        fails(agent, "LOCKED", "secret", "get", "x")
        fails(agent, "LOCKED", "id", "list")


def absent(directory):
    """no token is plugged in"""
    with made(directory) as (agent, token, _):
        token.stop()
        fails(agent, "TOKEN_ABSENT", "unlock", "--no-wait")


def not_this(directory):
    """it is another token"""
    with made(directory) as (agent, token, _):
        token.stop()
        os.rename(token.base + ".state", token.base + ".mine")
        token.start()
        fails(agent, "TOKEN_WRONG", "unlock", "--ask-stdin", stdin=PIN + "\n")


def not_allowed(directory):
    """a token is there, but may not be opened"""
    assert os.getuid() != 0, "root may open everything: run this test as somebody else"
    with made(directory) as (agent, token, _):
        os.chmod(token.socket, 0)
        fails(agent, "TOKEN_ACCESS", "unlock")


def no_touch(directory):
    """nobody touches it"""
    with made(directory, touch_timeout="5s") as (agent, token, _):
        token.tell("touch-mode", "never")
        fails(agent, "TOUCH_TIMEOUT", "unlock", "--ask-stdin", stdin=PIN + "\n")


def wrong_pin(directory):
    """wrong PIN; no PIN can be asked for"""
    with made(directory) as (agent, token, _):
        done = fails(agent, "PIN_REPLUG", "unlock", "--ask-stdin", stdin="4321\n" * 3)
        assert "7" in done.stderr and "6" in done.stderr, done
        token.tell("powercycle")
        fails(agent, "NOPROMPT", "unlock", stdin="")


def wrong_words(directory):
    """wrong words, misspelt words, words of somebody else; a wrong passphrase"""
    with made(directory) as (agent, _, person):
        words = "abandon " * 23 + "art"
        fails(agent, "WORDS_WRONG", "unlock", "--with", "phrase", "--ask-stdin",
              stdin=(words + "\n") * 4)
        works(agent, "unlock", "--with", "phrase", "--ask-stdin", stdin=person.shown + "\n")
        works(agent, "lock")
        until(lambda: agent.status().locked, "locked")
        fails(agent, "PASS_WRONG", "unlock", "--with", "passphrase", "--ask-stdin",
              stdin="wrong\n" * 3)


def permission(directory):
    """the vault may not be read; others may write it"""
    assert os.getuid() != 0, "root may open everything: run this test as somebody else"
    with made(directory) as (agent, _, _p):
        os.chmod(agent.vault, 0)
        fails(agent, "PERMISSION", "unlock")
        os.chmod(agent.vault, 0o666)
        fails(agent, "VAULT_MODE", "unlock")


def disk_full(directory):
    """the disk is full"""
    with made(directory) as (agent, _, _p):
        unlocks(agent)
        size = os.path.getsize(agent.vault)
        # as a full disk: not a byte more
        resource.prlimit(agent.role("front"), resource.RLIMIT_FSIZE, (size, size))
        before = agent.read()
        fails(agent, "NOSPACE", "secret", "set", "new", stdin="value\n")
        fails(agent, "NOTFOUND", "secret", "get", "new")
        assert agent.read() == before
        agent.restart()
        unlocks(agent)
        works(agent, "secret", "set", "new", stdin="value\n")
        assert works(agent, "secret", "get", "new") == "value\n"


def put_back(directory):
    """an older copy of the vault was put back"""
    with made(directory) as (agent, _, _p):
        shutil.copy(agent.vault, agent.vault + ".old")
        unlocks(agent)
        works(agent, "secret", "set", "new", stdin="value\n")
        works(agent, "lock")
        os.rename(agent.vault + ".old", agent.vault)
        fails(agent, "VAULT_OLD", "unlock", "--ask-stdin", stdin=PIN + "\n")
        works(agent, "unlock", "--accept-older", "--ask-stdin", stdin=PIN + "\n")


def damaged(directory):
    """the vault is damaged; `vault check` says where"""
    with made(directory) as (agent, _, _p):
        data = bytearray(agent.read())
        data[34000] ^= 1
        agent.write(bytes(data))
        fails(agent, "VAULT_DAMAGED", "unlock", "--ask-stdin", stdin=PIN + "\n")
        done = agent.cli("vault", "check")
        assert done.returncode == 1, done


def not_there(directory):
    """there is no such thing; it exists already; not a command"""
    with made(directory) as (agent, _, _p):
        unlocks(agent)
        fails(agent, "NOTFOUND", "secret", "get", "x")
        fails(agent, "NOTFOUND", "id", "show", "ssh/nobody")
        works(agent, "secret", "set", "x", stdin="1\n")
        fails(agent, "EXISTS", "secret", "set", "x", stdin="2\n")
        assert works(agent, "secret", "get", "x") == "1\n"
        done = agent.cli("unlok")
        assert done.returncode == 64 and "unlock" in done.stderr, done
        assert sum(l.startswith("ownkey: error: ") for l in done.stderr.splitlines()) == 1, done


def agent_dies(directory):
    """the agent ends while somebody waits"""
    with made(directory) as (agent, token, _):
        token.stop()
        import threading  # pylint: disable=import-outside-toplevel
        timer = threading.Timer(1, lambda: os.kill(agent.main_pid(), signal.SIGTERM))
        timer.start()
        fails(agent, "HANGUP", "unlock")
        timer.join()


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        no_agent, no_vault, locked, absent, not_this, not_allowed, no_touch, wrong_pin,
        wrong_words, permission, disk_full, put_back, damaged, not_there, agent_dies)]))
