"""ownkey-handoff as the module drives it (lib/handoff.h), for an account called alice."""

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

from given import factor, token_slots
from ownkey import ERR, TOKEN, Agent, Token, expect, until

PROGRAM = os.path.abspath(os.path.join(os.environ.get("B", "build"), "ownkey-handoff"))
UNLOCK, LOCK, READ, HEAD, HOLD, SESSION = range(1, 7)
MAGIC = 0x4f4b4831
ROOT = os.getuid() == 0
# one that no other test has: those of this one are found, and ended, by it
UID = 200000 + os.getpid() % 100000 if ROOT else os.getuid()
NAMES = {number: name for name, number in ERR.items()}
EXITS = {"OK": 0, "BECOME": 2, "NOVAULT": 3, "NOTOWNER": 4, "NOAGENT": 5, "GIVEN_SLOT": 6,
         "GIVEN_PASS": 7, "VAULT_KEY": 8, "NOTFOUND": 12, "PERMISSION": 13, "TOOBIG": 14,
         "FORMAT": 17, "IO": 15}


def frame(data):
    return struct.pack(">I", len(data)) + data


def take(s):
    data = b""
    while len(data) < 4 or len(data) < 4 + struct.unpack(">I", data[:4])[0]:
        piece = s.recv(65536)
        if not piece:
            return None
        data += piece
    return data[4:]


class Handoff:
    def __init__(self, op, *parts, uid=UID, name=b"alice", most=0, env=None):
        ours, theirs = socket.socketpair()
        ours.settimeout(30)
        self.process = subprocess.Popen([PROGRAM], stdin=theirs, env=env or {})
        theirs.close()
        ask = struct.pack("=IIIII256s", MAGIC, op, uid, 30000, most, name)
        with contextlib.suppress(BrokenPipeError):
            ours.sendall(frame(ask) + b"".join(frame(p) for p in parts))
        answer = take(ours)
        self.raw = answer
        self.status, self.bytes = None, b""
        if answer:
            magic, err = struct.unpack("=II", answer[:8])
            assert magic == MAGIC
            self.status, self.bytes = NAMES[err], answer[8:]
        self.exit = self.process.wait(30)
        ours.close()


def check(status, op, *parts, **kw):
    h = Handoff(op, *parts, **kw)
    assert h.status == status, "%s, expected %s (exit %d)" % (h.status, status, h.exit)
    assert h.exit == EXITS[status], h.exit
    return h.bytes


class Alice(Agent):
    """With the folders that a login finds: nothing of them comes from the environment."""

    def __init__(self, home, tokens):
        super().__init__(home, tokens)
        self.data, self.state = home + "/.local/share", home + "/.local/state"
        self.config = home + "/.config/ownkey/ownkey.conf"
        os.makedirs(os.path.dirname(self.config), 0o700)
        self.configure(tokens)
        self.socket = self.state + "/ownkey/agent.sock"
        self.secret = self.state + "/ownkey/secret.sock"
        self.vault = self.data + "/ownkey/vault"
        self.env = {"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


@contextlib.contextmanager
def as_alice():
    """This process, for what the person does themselves."""
    if ROOT:
        os.setegid(UID)
        os.seteuid(UID)
    try:
        yield
    finally:
        if ROOT:
            os.seteuid(0)
            os.setegid(0)


def drop():
    if ROOT:
        os.seteuid(0)
        os.setgroups([])
        os.setresgid(UID, UID, UID)
        os.setresuid(UID, UID, UID)


def prepare(home):
    """In a process that is alice: a vault, and the factor of its token."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            drop()
            token = Token(home)
            agent = Alice(home, [token])
            try:
                agent.start()
                agent.init(ways=TOKEN)
                agent.lock()
                cred_id, f1 = factor(agent, token)
                os.write(w, cred_id + f1)
            finally:
                agent.stop()
                token.stop()
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(w)
    got = os.fdopen(r, "rb").read()
    assert os.waitpid(pid, 0)[1] == 0, "no vault could be made"
    return got[:-32], got[-32:]


def status_in(home):
    """What 'ownkey status' says to alice: 0 unlocked, 2 no agent, 3 locked."""
    program = os.path.join(os.path.dirname(PROGRAM), "ownkey")
    return subprocess.run(
        [program, "status", "--json"], env={"HOME": home, "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, preexec_fn=drop, check=False)


def is_open(home):
    out = status_in(home)
    return out.returncode == 0 and '"locked":true' not in out.stdout.replace(" ", "")


def agents():
    found, mine = [], os.readlink("/proc/self/ns/mnt")
    for p in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            args = open("/proc/%s/cmdline" % p, "rb").read().split(b"\0")
            # in our namespace: another test may run as the same user
            if os.stat("/proc/" + p).st_uid == UID and args[0] == b"ownkey-agent" and \
                    b"--ready-fd" in args and os.readlink("/proc/%s/ns/mnt" % p) == mine:
                found.append(int(p))
    return found


def end_agents():
    for p in agents():
        with contextlib.suppress(ProcessLookupError):
            os.kill(p, signal.SIGTERM)
    until(lambda: not agents(), "the agent ends")


def unlocks(home, cred_id, f1):
    """it starts the agent, hands the factor over and says how it went; it locks"""
    assert not agents()
    check("VAULT_KEY", UNLOCK, cred_id, bytes(32))
    assert agents() and not is_open(home)
    check("GIVEN_SLOT", UNLOCK, b"c" * 32, f1)
    check("OK", UNLOCK, cred_id, f1)
    assert is_open(home), status_in(home)
    check("OK", UNLOCK, cred_id, f1)
    for p in agents():
        status = open("/proc/%d/status" % p, encoding="ascii").read()
        assert "Uid:\t%d\t%d\t%d\t%d" % (UID, UID, UID, UID) in status, status
        if ROOT:
            assert "CapEff:\t0000000000000000" in status, status
    check("OK", LOCK)
    until(lambda: not is_open(home), "locked")
    end_agents()
    check("OK", LOCK)
    assert not agents()


def ignores_environment(home, cred_id, f1):
    """no variable changes where it looks"""
    end_agents()
    env = {"HOME": "/nonexistent", "XDG_DATA_HOME": "/nonexistent", "XDG_RUNTIME_DIR": "/tmp",
           "OWNKEY_VAULT": "/nonexistent/v", "OWNKEY_SOCKET": "/nonexistent/s"}
    check("OK", UNLOCK, cred_id, f1, env=env)
    assert is_open(home)
    end_agents()


def strangers(home, _, f1):
    """an account that is not that uid, and a socket of somebody else's, get nothing"""
    check("BECOME", LOCK, uid=UID + 1)
    check("BECOME", LOCK, name=b"nobody-of-that-name")
    check("FORMAT", 99)
    if not ROOT:
        return
    end_agents()
    path = home + "/.local/state/ownkey/agent.sock"
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        s.bind(path)
        os.chmod(path, 0o777)
        s.listen(4)
        pid = os.fork()
        if pid == 0:
            c, _ = s.accept()
            c.recv(4096)
            # a plausible answer to hello
            c.sendall(frame(b"\xa4\x01\x01\x02\x01\x03\x00\x04\xa1\x01\x01"))
            c.recv(4096)
            os._exit(0)
        h = Handoff(UNLOCK, b"c" * 32, f1)
        assert h.status != "OK", h.status
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    os.unlink(path)


def reads(home, cred_id, _):
    """files as the person reads them; the head of their vault; nothing else"""
    with as_alice():
        path = home + "/map"
        with open(path, "w", encoding="ascii") as f:
            f.write("alice line\n")
        os.chmod(path, 0o644)
        os.symlink(path, home + "/link")
        os.mkfifo(home + "/pipe")
    assert check("OK", READ, path.encode(), most=100) == b"alice line\n"
    assert check("OK", READ, path.encode(), most=11) == b"alice line\n"
    check("TOOBIG", READ, path.encode(), most=10)
    check("NOTFOUND", READ, (home + "/none").encode(), most=100)
    check("PERMISSION", READ, (home + "/link").encode(), most=100)
    check("PERMISSION", READ, (home + "/pipe").encode(), most=100)
    check("PERMISSION", READ, home.encode(), most=100)
    check("FORMAT", READ, b"relative", most=100)
    check("IO", READ, (path + "/none").encode(), most=100)
    # a home that is not mounted is not one without the file
    os.rename(home, home + ".away")
    try:
        check("IO", READ, path.encode(), most=100)
    finally:
        os.rename(home + ".away", home)
    os.chmod(path, 0o666)
    check("PERMISSION", READ, path.encode(), most=100)
    if ROOT:
        check("PERMISSION", READ, b"/etc/shadow", most=100)
    head = check("OK", HEAD)
    assert len(head) == 33280 and head[:4] == b"\x89OWK" and cred_id in head
    vault = home + "/.local/share/ownkey/vault"
    os.rename(vault, vault + ".away")
    check("NOVAULT", HEAD)
    end_agents()
    check("NOVAULT", UNLOCK, cred_id, bytes(32))
    assert not agents(), "an agent was started for nothing"
    os.rename(vault + ".away", vault)


def about(what, uid=UID):
    return struct.pack("=II", ord(what), uid)


def held(home, cred_id, f1):
    """a factor outlives the process that asked for it, and goes to nobody but its owner's agent"""
    end_agents()
    name = check("OK", HOLD, cred_id, f1)
    # the login of another person, into whose environment the name was put
    for data in (about("u", UID + 1), about("d", UID + 1), b"u", b"d"):
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
            s.connect(b"\0" + name)
            s.sendall(data)
            s.settimeout(30)
            assert s.recv(64) == b"", data
    assert name.startswith(b"ownkey-held-") and len(name) == 44
    if ROOT:
        pid = os.fork()
        if pid == 0:
            heard = b""
            with contextlib.suppress(ConnectionError), \
                    contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
                drop()
                s.connect(b"\0" + name)
                s.settimeout(5)
                s.sendall(about("u"))
                heard = s.recv(64)
            os._exit(1 if heard else 0)
        assert os.waitpid(pid, 0)[1] == 0, "a stranger was answered"
    assert not is_open(home)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        s.connect(b"\0" + name)
        s.settimeout(30)
        s.sendall(about("u"))
        assert struct.unpack("=II", take(s)) == (MAGIC, 0)
    assert is_open(home)
    end_agents()
    name = check("OK", HOLD, cred_id, f1)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        s.connect(b"\0" + name)
        s.sendall(about("d"))
        assert s.recv(1) == b""
    time.sleep(0.1)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        assert s.connect_ex(b"\0" + name) != 0, "it is still there"
    assert not is_open(home)


def say(name, what):
    """To what stays; its answer."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        s.connect(b"\0" + name)
        s.settimeout(30)
        s.sendall(about(what))
        return NAMES[struct.unpack("=II", take(s))[1]]


def counted(home, cred_id, f1):
    """of two sessions the last one locks; so does one whose process is killed"""
    end_agents()
    host, pipe = sleeping_host(SESSION)
    mine = check("OK", SESSION)
    check("OK", UNLOCK, cred_id, f1)
    check("OK", LOCK)
    assert is_open(home), "a session is open, and it was locked"
    assert say(mine, "e") == "OK" and is_open(home)
    os.kill(host, signal.SIGKILL)
    os.waitpid(host, 0)
    until(lambda: not is_open(home), "locked, because the last host was killed")
    os.close(pipe)
    check("OK", UNLOCK, cred_id, f1)
    mine = check("OK", SESSION)
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        s.connect(b"\0" + mine)
        s.sendall(about("u"))
        assert s.recv(1) == b"" and is_open(home)
    assert say(mine, "e") == "OK" and not is_open(home)
    check("OK", UNLOCK, cred_id, f1)
    check("OK", LOCK)
    assert not is_open(home)


def sleeping_host(op):
    """A process that asks, and then does nothing."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            check("OK", op)
            os.write(w, b"x")
            time.sleep(60)
        finally:
            os._exit(1)
    os.close(w)
    assert os.read(r, 1) == b"x"
    return pid, r


def settle(home):
    """An account of our own, and no /run/user of the machine."""
    for path, text in (("/etc/passwd", "root:x:0:0::/root:/bin/sh\nalice:x:%d:%d::%s:/bin/sh\n" %
                        (UID, UID, home)), ("/etc/group", "root:x:0:\nalice:x:%d:\n" % UID)):
        ours = home + "/" + os.path.basename(path)
        with open(ours, "w", encoding="ascii") as f:
            f.write(text)
        subprocess.run(["mount", "--bind", ours, path], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/run"], check=True)
    if ROOT:
        os.chown(home, UID, UID)


def main():
    home, bad = tempfile.mkdtemp(), 0
    cases = [t for t in (reads, unlocks, ignores_environment, strangers, held, counted)
             if len(sys.argv) < 2 or sys.argv[1] in t.__doc__]
    try:
        settle(home)
        secret = prepare(home)
        print("1..%d" % len(cases))
        for n, case in enumerate(cases, 1):
            try:
                case(home, *secret)
                print("ok %d - %s" % (n, case.__doc__))
            except Exception:  # pylint: disable=broad-except
                traceback.print_exc()
                print("not ok %d - %s" % (n, case.__doc__))
                bad = 1
    finally:
        end_agents()
        shutil.rmtree(home, ignore_errors=True)
    return bad


if __name__ == "__main__":
    assert expect and token_slots
    sys.exit(main())
