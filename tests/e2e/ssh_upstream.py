"""ssh_upstream: OpenSSH's agent behind ours, and some that do not behave."""

import base64
import contextlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time

from ownkey import run_parallel, until
from ssh_keys import SESSION, Key, opened, string, strings, userauth


@contextlib.contextmanager
def openssh(directory):
    """A real ssh-agent."""
    path = os.path.join(directory, "up.sock")
    with open(os.path.join(directory, "up.log"), "wb") as log:
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=log, stderr=log)
    try:
        until(lambda: os.path.exists(path), "ssh-agent did not start")
        yield path, agent
    finally:
        agent.terminate()
        agent.wait(10)


def say(sock, *args, good=True):
    done = subprocess.run(args, env={**os.environ, "SSH_AUTH_SOCK": sock}, capture_output=True,
                          text=True, timeout=30, check=False)
    assert (done.returncode == 0) == good, (args, done)
    return done.stdout


def comments(sock):
    out = subprocess.run(["ssh-add", "-L"], env={**os.environ, "SSH_AUTH_SOCK": sock},
                         capture_output=True, text=True, timeout=30, check=False).stdout
    return [l.split()[2] for l in out.splitlines() if not l.startswith("The agent")]


def chained(directory):
    """keys of ssh-agent: listed behind ours, sign, are removed; its end does not hurt"""
    with openssh(directory) as (up, process), opened(directory, ssh_upstream=up) as (agent, *_, c):
        ours = os.path.join(agent.runtime, "ownkey", "ssh.sock")
        mine, both, theirs = (Key(directory, "ed25519", n) for n in ("mine", "both", "theirs"))
        rsa = Key(directory, "rsa", "rsa")
        mine.add(c, comment="mine")
        both.add(c, comment="both")
        assert comments(ours) == ["mine", "both"]
        say(up, "ssh-add", both.file, theirs.file, rsa.file)
        assert comments(ours) == ["mine", "both", "comment", "comment"], comments(ours)
        text = os.path.join(directory, "text")
        for key in (mine, both, theirs, rsa):
            with open(text, "w", encoding="ascii") as f:
                f.write("hello")
            say(ours, "ssh-keygen", "-Y", "sign", "-n", "file", "-f", key.file + ".pub", text)
            with open(text, encoding="ascii") as f:
                done = subprocess.run(["ssh-keygen", "-Y", "check-novalidate", "-n", "file", "-s",
                                       text + ".sig"], stdin=f, capture_output=True, check=False)
            assert done.returncode == 0, done
            os.remove(text + ".sig")
        # added and locked: ours alone
        extra = Key(directory, "ed25519", "extra")
        say(ours, "ssh-add", "-q", extra.file)
        assert len(comments(ours)) == 5 and len(comments(up)) == 3
        say(ours, "ssh-add", "-d", theirs.file + ".pub")
        assert len(comments(up)) == 2 and len(comments(ours)) == 4
        say(ours, "ssh-add", "-D")
        assert len(comments(up)) == 2, "all of the other agent's went, too"
        assert comments(ours) == ["comment", "comment"]
        process.terminate()
        process.wait(10)
        both.add(c, comment="both")
        assert comments(ours) == ["both"]
        say(ours, "ssh-keygen", "-Y", "sign", "-n", "file", "-f", both.file + ".pub", text)


class Connection:
    """To an agent, message by message."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.socket.settimeout(20)

    def ask(self, message):
        self.socket.sendall(string(message))
        n = struct.unpack(">I", self.socket.recv(4, socket.MSG_WAITALL))[0]
        return self.socket.recv(n, socket.MSG_WAITALL)

    def sign(self, key, data):
        return self.ask(b"\x0d" + string(key.blob) + string(data) + bytes(4))


def restricted(directory):
    """its destination constraints hold: the sessions that ours hears, it hears"""
    with openssh(directory) as (up, _), opened(directory, ssh_upstream=up) as (agent, *_):
        ours = os.path.join(agent.runtime, "ownkey", "ssh.sock")
        key, host, other = (Key(directory, "ed25519", n) for n in ("key", "host", "other"))
        known = os.path.join(directory, "known")
        with open(known, "w", encoding="ascii") as f:
            for name, k in (("good", host), ("far", other)):
                f.write("%s %s\n" % (name, " ".join(k.line.split()[:2])))
        say(up, "ssh-add", "-q", host.file)
        signature = strings(Connection(up).sign(host, SESSION)[1:])[0]
        bind = (b"\x1b" + string(b"session-bind@openssh.com") + string(host.blob) +
                string(SESSION) + string(signature) + b"\0")
        login = userauth(key, hostkey=host.blob)
        for place, status in (("far", 5), ("good", 14)):
            say(up, "ssh-add", "-q", "-D")
            say(up, "ssh-add", "-q", "-H", known, "-h", place, key.file)
            c = Connection(ours)
            assert c.sign(key, login)[0] == 5, "without a session"
            assert c.ask(bind)[0] == 6
            got = c.sign(key, login)
            assert got[0] == status, (place, got)
            assert c.ask(b"\x0b")[4] == (status == 14), "listed where it is of no use"
        key.verify(strings(got[1:])[0], login)


class Bad:
    """An agent that answers each message with these bytes, or not; then it may hang up."""

    def __init__(self, directory, answer, hangup):
        self.path = os.path.join(directory, "bad.sock")
        if os.path.exists(self.path):
            os.remove(self.path)
        self.answer, self.hangup = answer, hangup
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        kept = []
        with contextlib.suppress(OSError):
            while True:
                s, _ = self.listener.accept()
                kept.append(s)
                s.recv(1 << 16)
                s.sendall(self.answer)
                if self.hangup:
                    s.close()

    def close(self):
        # closed under accept(2), its number may be the next listener's by the time that begins
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.listener.close()


def misbehaved(directory):
    """one that hangs, lies, dies: our list comes, and in time; our keys sign"""
    path = os.path.join(directory, "bad.sock")
    with opened(directory, ssh_upstream=path) as (agent, *_, c):
        ours = os.path.join(agent.runtime, "ownkey", "ssh.sock")
        Key(directory, "ed25519", "mine").add(c, comment="mine")
        assert comments(ours) == ["mine"]
        blob = base64.b64decode("AAAA")
        for answer, hangup in ((b"", True), (b"\0\0\0\x05\x0c\0\0\0\1", False),
                               (b"\xff\xff\xff\xff", False), (b"\0\1\0\0\x0c\0\0\0\1" + blob, True),
                               (b"\0\0\0\x01\x05", False), (b"", False)):
            bad = Bad(directory, answer, hangup)
            start = time.monotonic()
            assert comments(ours) == ["mine"], (answer, comments(ours))
            assert time.monotonic() - start < 15, "it was waited for"
            bad.close()


def own(directory):
    """our own socket behind ours is left alone"""
    ours = os.path.join(directory, "run", "ownkey", "ssh.sock")
    with opened(directory, ssh_upstream=ours) as (_, _, _, c):
        Key(directory, "ed25519", "mine").add(c, comment="mine")
        def took():
            start = time.monotonic()
            assert comments(ours) == ["mine"]
            return time.monotonic() - start
        # two seconds is what others are waited for
        assert min(took() for _ in range(4)) < 1.5


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (chained, restricted, misbehaved, own)]))
