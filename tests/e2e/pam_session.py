"""A login that opens a vault, and every way in which the person's agent can refuse, hang, lie or
not be there: pamtester, libpam, our module, a real agent.  For an account called alice, as
handoff.py."""

import base64
import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback

import handoff
from handoff import (ROOT, UID, Alice, agents, as_alice, end_agents, frame, is_open, prepare,
                     settle, status_in)
from ownkey import Token
from pamhost import Stack
from vault import Vault

PIN = "1234"
REFUSED = "Your vault is still locked"


class Login(Stack):
    """alice's token, plugged in, and a line for it."""

    def __init__(self, home):
        self.home = home
        self.vault = home + "/.local/share/ownkey/vault"
        self.agent_socket = home + "/.local/state/ownkey/agent.sock"
        directory = tempfile.mkdtemp()
        super().__init__(directory)
        os.chmod(directory, 0o755)
        os.chmod(self.libexec, 0o755)
        with as_alice():
            self.token = Token(home, pin=None)
        v = Vault(open(self.vault, "rb").read())
        slot = next(v.slot(i) for i in range(16) if v.slot(i)[:2] == b"\1\1")
        self.cred_id = slot[384:384 + int.from_bytes(slot[44:46], "big")]
        self.key = slot[256:256 + int.from_bytes(slot[46:48], "big")]
        self.salt = bytes(v.head[128:160])
        self.enroll(self.salt)
        self.options()

    def enroll(self, salt):
        b64 = [base64.b64encode(x).decode() for x in (self.cred_id, self.key, salt)]
        self.put_map("alice ownkey:vault %s up,pin %s" % (
            "es256" if len(self.key) == 64 else "eddsa", " ".join(b64)))

    def options(self, *options):
        self.service("login", *options, sources=[self.token.path])

    def says(self, code, *operations, shows=""):
        operations = operations or ("authenticate", "open_session")
        got, text = self.run(*operations, user="alice", types=[PIN])
        assert got == code, (code, got, text)
        assert shows in text and (shows or REFUSED not in text), text

    def close(self):
        self.token.stop()
        shutil.rmtree(self.dir)
        super().close()


def unlocks(l):
    """authenticate and open_session start the agent and open the vault; lock-at-end locks it"""
    assert not agents()
    l.says("PAM_SUCCESS", "authenticate")
    assert not agents(), "nothing of a session without a session"
    l.says("PAM_SUCCESS")
    assert is_open(l.home), status_in(l.home)
    l.options("lock-at-end")
    l.says("PAM_SUCCESS", "authenticate", "open_session", "close_session")
    handoff.until(lambda: not is_open(l.home), "locked")
    l.says("PAM_SUCCESS", "close_session")
    l.options("no-unlock")
    l.says("PAM_SUCCESS")
    assert not is_open(l.home)
    l.options()
    l.says("PAM_SUCCESS", "authenticate", "setcred", "acct_mgmt", "open_session")
    assert is_open(l.home)
    end_agents()
    l.says("PAM_SUCCESS", "close_session")


@contextlib.contextmanager
def changed(l, change):
    """The vault's file, for a while other than it was."""
    end_agents()
    with open(l.vault, "rb") as f:
        was = f.read()
    with as_alice():
        change()
    try:
        yield
    finally:
        end_agents()
        with as_alice(), contextlib.suppress(FileNotFoundError):
            os.remove(l.vault)
        with as_alice():
            with open(l.vault, "xb") as f:
                f.write(was)
            os.chmod(l.vault, 0o600)
            for name in os.listdir(l.home + "/.local/state/ownkey"):
                if name.startswith("seen-"):
                    os.remove(l.home + "/.local/state/ownkey/" + name)


def refuses(l):
    """no vault, no vault's file, one of another token's, another secret: a login, and locked"""
    with changed(l, lambda: os.remove(l.vault)):
        l.says("PAM_AUTHINFO_UNAVAIL", shows=REFUSED)
        assert not agents(), "an agent was started for nothing"

    def garbage():
        with open(l.vault, "r+b") as f:
            f.write(b"x" * 4096)
    with changed(l, garbage):
        code, text = l.run("authenticate", "open_session", user="alice", types=[PIN])
        assert code not in ("PAM_SUCCESS", "PAM_AUTH_ERR") and REFUSED in text, (code, text)

    def flip(at, where=0):
        with open(l.vault, "r+b") as f:
            data = f.read()
            at = data.index(l.cred_id) + where if at is None else at
            f.seek(at)
            f.write(bytes([data[at] ^ 1]))
    # a slot that was renewed: nothing is handed over, and that is said
    with changed(l, lambda: flip(None)):
        l.says("PAM_SUCCESS", shows="no longer opens your vault")
        assert not is_open(l.home)
    # the salt of the head, and the wrapped key of the slot
    for at, where in ((128, 0), (None, -300)):
        with changed(l, lambda a=at, w=where: flip(a, w)):
            code, text = l.run("authenticate", "open_session", user="alice", types=[PIN])
            assert code not in ("PAM_SUCCESS", "PAM_IGNORE") and REFUSED in text, (code, text)
            assert "successfully authenticated" in text, text
            assert not is_open(l.home)
    with changed(l, lambda: None):
        l.says("PAM_SUCCESS")
        assert is_open(l.home)


@contextlib.contextmanager
def in_place(l, serve, uid=UID):
    """A process of that uid's, where the agent would listen.  What it heard: its exit status."""
    end_agents()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(l.agent_socket)
    s = socket.socket(socket.AF_UNIX)
    s.bind(l.agent_socket)
    os.chmod(l.agent_socket, 0o777)
    pid = os.fork()
    if pid == 0:
        heard = b""
        try:
            os.setgroups([])
            os.setresgid(uid, uid, uid)
            os.setresuid(uid, uid, uid)
            s.listen(4)  # from here on the kernel calls it this one's
            heard = serve(s)
        finally:
            os._exit(1 if heard else 0)
    s.close()
    time.sleep(0.1)
    result = {}
    try:
        yield result
    finally:
        os.kill(pid, signal.SIGTERM)
        result["heard"] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.unlink(l.agent_socket)


# hello: what the agent answers, or what one would that says yes to all
YES = frame(b"\xa4\x01\x01\x02\x01\x03\x00\x04\xa1\x01\x01")


def answering(with_what):
    def serve(s):
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        while True:
            c, _ = s.accept()
            with contextlib.suppress(OSError):
                if c.recv(4096) and with_what:
                    c.sendall(with_what)
                    c.recv(4096)
            c.close()
    return serve


def lies(l):
    """what listens in place of the agent answers garbage, ends, or says nothing but yes"""
    for what in (b"", b"\0\0\0\4abcd", b"\xff" * 64, YES):
        with in_place(l, answering(what)):
            code, text = l.run("authenticate", "open_session", user="alice", types=[PIN])
            assert code not in ("PAM_SUCCESS", "PAM_IGNORE") and REFUSED in text, (what, code, text)


def strangers(l):
    """somebody else's process listens there: it is told nothing, and the login says so"""
    def listen(s):
        told = []

        def end(*_):
            os._exit(1 if told else 0)
        signal.signal(signal.SIGTERM, end)
        while True:
            c, _ = s.accept()
            c.settimeout(5)
            with contextlib.suppress(OSError):
                c.sendall(YES)
                hello, more = c.recv(4096), c.recv(4096)
                told += [more] if hello and more else []
            c.close()
    with in_place(l, listen, uid=UID + 1) as result:
        l.says("PAM_PERM_DENIED", shows=REFUSED)
        l.options("lock-at-end")
        l.says("PAM_PERM_DENIED", "close_session")
        l.options()
    assert result["heard"] == 0, "it was told more than hello"


def killed(l):
    """ownkey-handoff is killed, or is not there or not executable"""
    end_agents()
    helper = os.path.join(l.libexec, "ownkey-handoff")
    real = os.readlink(helper)
    script = os.path.join(l.dir, "script")
    # as it would look when it dies at once
    with open(script, "x", encoding="ascii") as f:
        f.write("#!/bin/sh\nkill -9 $$\n")
    os.chmod(script, 0o755)
    plain = os.path.join(l.dir, "plain")
    shutil.copy(real, plain)
    os.chmod(plain, 0o644)
    for target, code in ((script, "PAM_AUTHINFO_UNAVAIL"), (plain, "PAM_SYSTEM_ERR"),
                         ("/nonexistent/x", "PAM_SYSTEM_ERR")):
        os.remove(helper)
        os.symlink(target, helper)
        got, text = l.run("authenticate", "open_session", user="alice", types=[PIN])
        assert got == code and REFUSED in text, (target, got, text)
        l.says("PAM_SUCCESS", "authenticate", shows="")
    os.remove(helper)
    os.symlink(real, helper)
    l.says("PAM_SUCCESS")
    end_agents()


def processes():
    """All of alice's agent: supervisor, front, vault."""
    found = []
    for p in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            name = open("/proc/%s/cmdline" % p, "rb").read().split(b"\0")[0]
            if os.stat("/proc/" + p).st_uid == UID and name.endswith(b"ownkey-agent"):
                found.append(int(p))
    return found


def hangs(l):
    """the agent is stopped: the login goes on after a quarter of a minute"""
    end_agents()
    l.says("PAM_SUCCESS")
    l.says("PAM_SUCCESS", "close_session")
    # the vault process of the session that ended makes room for a fresh one
    until = time.monotonic() + 20
    while len(stopped := processes()) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(stopped) > 2, stopped
    for p in stopped:
        os.kill(p, signal.SIGSTOP)
    before = time.monotonic()
    try:
        l.says("PAM_AUTHINFO_UNAVAIL", shows=REFUSED)
    finally:
        for p in stopped:
            os.kill(p, signal.SIGCONT)
    assert 5 < time.monotonic() - before < 30


def main():
    if not ROOT:
        print("1..0 # only root logs others in")
        return 0
    home, bad = tempfile.mkdtemp(), 0
    cases = [t for t in (unlocks, refuses, lies, strangers, killed, hangs)
             if len(sys.argv) < 2 or sys.argv[1] in t.__doc__]
    try:
        settle(home)
        prepare(home)
        print("1..%d" % len(cases))
        for n, case in enumerate(cases, 1):
            l = Login(home)
            try:
                case(l)
                print("ok %d - %s" % (n, case.__doc__), flush=True)
            except Exception:  # pylint: disable=broad-except
                traceback.print_exc()
                print("not ok %d - %s" % (n, case.__doc__), flush=True)
                bad = 1
            finally:
                l.close()
    finally:
        end_agents()
        shutil.rmtree(home, ignore_errors=True)
    return bad


if __name__ == "__main__":
    sys.exit(main())
