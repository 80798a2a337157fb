"""Real su, sudo and sshd with pam_ownkey as all the authentication there is."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

from ownkey import PIN, Token, until
from pamworld import (ALICE, BOB, SECRET, Proxy, Terminal, agents, end_agents, ids_of, is_open,
                      lock, ours, run_cases, running, service, write)

ASKS = "PIN of your token: "
TOUCH = "Touch your token now"
ENTER = "prompt=Press Enter, and touch your token when it blinks: "
SHOW = "ownkey status --json; ownkey secret get mail | cat"


def su(*command, uid=0, pin=PIN, flags=("-l",)):
    t = Terminal("su", *flags, "alice", *command, uid=uid).expect(ASKS)
    return t.type(pin)


def logged_in(status, text):
    assert status == 0 and SECRET in text, text
    assert '"unlocked_by":"token"' in text, text


def nobody_is_left():
    until(lambda: not [r for r in running() if "ownkey-agent" not in r], "no process is left")


# --- su ---

def su_starts(m):
    """su -l: nobody's agent runs; the touch that logs in starts one and opens it"""
    service("su-l", token=m.proxy.path)
    assert not agents()
    logged_in(*su("-c", SHOW).expect(TOUCH).ends())
    assert m.proxy.take()[:2] == (1, 1)
    assert is_open() and len(agents()) == 1
    nobody_is_left()


def su_opens(m):
    """su -l: the agent runs, locked; another time it is open already; in /run/user, too"""
    service("su-l", token=m.proxy.path)
    assert agents()
    lock()
    logged_in(*su("-c", SHOW).ends())
    logged_in(*su("-c", SHOW).ends())
    assert m.proxy.take()[:2] == (2, 2)
    end_agents()
    os.mkdir("/run/user/%d" % ALICE, 0o700)
    os.chown("/run/user/%d" % ALICE, ALICE, ALICE)
    try:
        logged_in(*su("-c", SHOW).ends())
        assert os.path.exists("/run/user/%d/ownkey/agent.sock" % ALICE)
    finally:
        end_agents()
        subprocess.run(["rm", "-r", "/run/user/%d" % ALICE], check=True)


def drops_root(m):
    """who talks to the token is alice, without a capability, from the first byte on"""
    service("su-l", token=m.proxy.path)
    m.proxy.take()
    logged_in(*su("-c", SHOW).ends())
    asked = m.proxy.take()[2]
    assert len(asked) > 3, asked
    for a in asked:
        ids = a["ids"]
        assert set(ids["Uid"] + ids["Gid"]) == {ALICE} and not ids["Groups"], ids
        assert ids["CapEff"] == [0], ids


def login_opens(m):
    """login: the same on a terminal; a wrong PIN and an empty one let nobody in"""
    service("login", token=m.proxy.path)
    lock()
    t = Terminal("login", "alice").expect(ASKS).type("9999").expect("Wrong PIN").expect(ASKS)
    t.type("").expect("Login incorrect").kill()
    t = Terminal("login", "alice").expect(ASKS).type(PIN).expect(TOUCH).expect("$ ")
    t.type(SHOW + "; exit")
    logged_in(*t.ends())
    assert m.proxy.take()[:2] == (1, 1)
    nobody_is_left()


def su_by_others(m):
    """su by somebody else, by herself, and by root without -l: whose vault is opened"""
    for name in ("su", "su-l"):
        service(name, token=m.proxy.path)
    lock_now()
    status, text = su("-c", "id -un; ownkey secret get mail | cat", uid=BOB).ends()
    assert "alice\n" in text and SECRET not in text and "locked" in text, (status, text)
    assert m.proxy.take()[:2] == (1, 0) and not is_open()
    logged_in(*su("-c", SHOW, flags=()).ends())
    lock()
    logged_in(*su("-c", SHOW, uid=ALICE).ends())
    assert m.proxy.take()[:2] == (2, 2)


def lock_now():
    if agents():
        lock()


# --- who is refused ---

def su_refused(m):
    """wrong token, no token, wrong PIN, no PIN, cancelled, not touched: refused, and why is said"""
    def refused(text, *words):
        for w in words:
            assert w in text, (w, text)
        assert "alice\n" not in text, text

    service("su-l", "wait=0", token="unix:%s/root-only/none" % m.base)
    refused(Terminal("su", "-l", "alice", "-c", "id -un").ends()[1], "No token is plugged in")
    other = os.path.join(m.base, "root-only")
    foreign = Token(other, name="foreign")
    try:
        service("su-l", "wait=0", token=foreign.path)
        refused(Terminal("su", "-l", "alice", "-c", "id -un").ends()[1], "not enrolled for this")
        service("su-l", "wait=20", token=foreign.path)
        with open("/etc/pam.d/su-l", encoding="utf-8") as f:
            lines = f.read().replace("wait=20]", "wait=20] [token=%s/root-only/late]" % (
                "unix:" + m.base))
        write("/etc/pam.d/su-l", lines)
        t = Terminal("su", "-l", "alice", "-c", SHOW).expect("plug in the right one")
        time.sleep(0.5)
        late = Proxy(m.base + "/root-only/late", m.token)
        logged_in(*t.expect(ASKS).type(PIN).ends())
        assert late.take()[0] == 1
    finally:
        foreign.stop()
    service("su-l", token=m.proxy.path)
    t = su("-c", "id -un", pin="9999").expect("Wrong PIN, 7 tries left.").expect(ASKS).type("")
    refused(t.ends()[1], "No PIN was typed")
    t = Terminal("su", "-l", "alice", "-c", "id -un").expect(ASKS)
    t.kill()
    nobody_is_left()
    m.token.tell("touch-mode", "never")
    t = su("-c", "id -un").expect(TOUCH)
    os.write(t.fd, b"\x03")
    refused(t.ends()[1])
    until(lambda: not m.token.is_waiting(), "the token stops blinking")
    nobody_is_left()
    service("su-l", "timeout=5", "wait=0", token=m.proxy.path)
    refused(su("-c", "id -un").expect(TOUCH).ends()[1], "not touched in time")
    m.token.tell("touch-mode", "auto")
    service("su-l", token=m.proxy.path)
    logged_in(*su("-c", SHOW).ends())


def strangers_are_refused(m):
    """who is not in the map; a map that others may write"""
    service("su-l", token=m.proxy.path)
    status, text = Terminal("su", "-l", "bob", "-c", "id -un").ends()
    assert status != 0 and "bob\n" not in text, text
    os.chmod("/etc/ownkey/pam.map", 0o666)
    status, text = Terminal("su", "-l", "alice", "-c", "id -un").ends()
    assert status != 0 and "alice\n" not in text, text
    os.chmod("/etc/ownkey/pam.map", 0o644)


# --- sudo ---

def sudo(m):
    """sudo: authenticates, never unlocks, never asks for the secret; PAM says no: no"""
    service("sudo", token=m.proxy.path)
    write("/etc/sudoers.d/alice", "alice ALL=(ALL:ALL) ALL\nDefaults:alice timestamp_timeout=0\n",
          0o440)
    lock_now()
    status, text = Terminal("sudo", "id", "-un", uid=ALICE).expect(ASKS).type(PIN) \
        .expect(TOUCH).ends()
    assert status == 0 and text.endswith("root\n"), text
    assert m.proxy.take()[:2] == (1, 0) and not is_open()
    t = Terminal("sudo", "-u", "bob", "id", "-un", uid=ALICE).expect(ASKS).type(PIN)
    assert t.ends()[1].endswith("bob\n")
    t = Terminal("sudo", "id", "-un", uid=ALICE).expect(ASKS).type("").expect("No PIN was typed")
    os.write(t.expect(ASKS).fd, b"\x03")
    assert "root\n" not in t.ends()[1], t.text
    assert m.proxy.take()[:2] == (1, 0) and not is_open()
    nobody_is_left()


# --- sshd ---

CONFIG = """KbdInteractiveAuthentication yes
PasswordAuthentication no
AuthenticationMethods keyboard-interactive
"""


class Sshd:
    """Debian's, with its configuration, and the lines that the manual says."""

    def __init__(self, m):
        write("/etc/ssh/sshd_config.d/ownkey.conf", CONFIG)
        subprocess.run(["ssh-keygen", "-A"], check=True, stdout=subprocess.DEVNULL)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self.log = open(m.base + "/sshd.log", "wb")
        self.process = subprocess.Popen(
            ["/usr/sbin/sshd", "-D", "-e", "-p", str(self.port), "-o",
             "ListenAddress=127.0.0.1"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        until(self.listens, "sshd")

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def ssh(self, *command, name="alice", options=()):
        return Terminal("ssh", "-F", "none", "-p", str(self.port), "-o",
                        "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o",
                        "LogLevel=ERROR", *options, name + "@127.0.0.1", *command)

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.log.close()


@contextlib.contextmanager
def sshd(m, *options):
    service("sshd", *options, token=m.proxy.path)
    server = Sshd(m)
    try:
        yield server
    except BaseException:
        sys.stderr.write(open(m.base + "/sshd.log", encoding="utf-8").read())
        raise
    finally:
        server.close()


def ssh_logs_in(m):
    """sshd: keyboard-interactive alone; no agent runs, one runs locked; without a terminal, too"""
    end_agents()
    with sshd(m, ENTER) as server:
        t = server.ssh(SHOW).expect("when it blinks").type("")
        logged_in(*t.expect(ASKS).type(PIN).ends())
        assert m.proxy.take()[:2] == (1, 1) and is_open() and len(agents()) == 1
        lock()
        service("sshd", token=m.proxy.path)
        t = server.ssh("-tt").expect(ASKS).type(PIN).expect("$ ").type("env; " + SHOW + "; exit")
        status, text = t.ends()
        logged_in(status, text)
        assert "OWNKEY" not in text, text
        assert m.proxy.take()[:2] == (1, 1)
        until(lambda: not [r for r in running() if "ownkey-agent" not in r and
                           not r.startswith("sshd: /usr/sbin/sshd")], "nothing is left")
    nobody_is_left()


def ssh_refuses(m):
    """sshd: wrong PIN and then none; nobody of that name; the client is gone in the middle"""
    lock_now()
    with sshd(m) as server:
        t = server.ssh("id", "-un", options=("-o", "NumberOfPasswordPrompts=1")).expect(ASKS)
        status, text = t.type("9999").expect("Wrong PIN").expect(ASKS).type("").ends()
        assert status == 255 and "alice\n" not in text, text
        t = server.ssh("id", "-un", name="bob").ends()
        assert t[0] == 255 and "bob\n" not in t[1], t
        t = server.ssh("id", "-un").expect(ASKS)
        t.kill()
        m.token.tell("touch-mode", "never")
        service("sshd", "timeout=8", "wait=0", token=m.proxy.path)
        t = server.ssh("id", "-un").expect(ASKS).type(PIN)
        until(m.token.is_waiting, "the token blinks")
        t.kill()
        until(lambda: not m.token.is_waiting(), "the token stops blinking")
        m.token.tell("touch-mode", "auto")
        until(lambda: not [r for r in running() if "ownkey-agent" not in r and
                           not r.startswith("sshd: /usr/sbin/sshd")], "nothing is left")
        assert not is_open()


# --- the end of sessions ---

END = "lock-at-end"


def keepers():
    return [p for p, line in ours().items() if line == "ownkey-handoff"]


STAY = "echo is; echo there; exec cat"


# a session that is there, and stays

def by_ssh(server):
    return server.ssh("-tt", STAY).expect(ASKS).type(PIN).expect("is\nthere\n")


def by_su():
    return su("-c", STAY).expect("is\nthere\n")


def leave(t):
    os.write(t.fd, b"\x04")
    return t.ends()


def is_locked_soon():
    until(lambda: not is_open(), "locked")
    until(lambda: not keepers(), "nobody keeps the session")


def last_one_locks(m):
    """lock-at-end: of two sessions by ssh and one by su, the end of the last locks; sudo is none"""
    lock_now()
    service("su-l", END, token=m.proxy.path)
    service("sudo", END, token=m.proxy.path)
    with sshd(m, END) as server:
        one = by_ssh(server)
        two = by_ssh(server)
        three = by_su()
        assert len(keepers()) == 3, ours()
        for p in keepers():
            ids = ids_of(p)
            assert set(ids["Uid"] + ids["Gid"]) == {ALICE} and ids["CapEff"] == [0], ids
        leave(one)
        until(lambda: len(keepers()) == 2, "one less")
        assert is_open()
        t = Terminal("sudo", "id", "-un", uid=ALICE).expect(ASKS).type(PIN)
        assert t.ends()[0] == 0 and is_open() and len(keepers()) == 2
        leave(three)
        assert is_open() and len(keepers()) == 1
        leave(two)
        is_locked_soon()
        t = by_ssh(server)
        assert is_open() and len(keepers()) == 1
        leave(t)
        is_locked_soon()


def killed_sessions(m):
    """lock-at-end: sshd's process of the session is killed; so is who counts it, or is ended"""
    service("su-l", END, token=m.proxy.path)
    with sshd(m, END) as server:
        t = by_ssh(server)
        assert is_open() and len(keepers()) == 1
        for p in [p for p, line in ours().items() if line == "sshd: alice [priv]"]:
            os.kill(p, signal.SIGKILL)
        is_locked_soon()
        t.kill()
        for how in (signal.SIGKILL, signal.SIGTERM):
            t = by_su()
            assert is_open() and len(keepers()) == 1
            os.kill(keepers()[0], how)
            until(lambda: not keepers(), "it is gone")
            assert is_open() == (how == signal.SIGKILL)
            leave(t)
            is_locked_soon()
        one, two = by_su(), by_su()
        os.kill(keepers()[0], signal.SIGKILL)
        until(lambda: len(keepers()) == 1, "one is gone")
        for t in (one, two):
            assert is_open()
            leave(t)
        is_locked_soon()
    nobody_is_left()


if __name__ == "__main__":
    sys.exit(run_cases([v for k, v in list(globals().items())
                        if callable(v) and k[0].islower() and v.__doc__ and
                        v.__module__ == "__main__"]))
