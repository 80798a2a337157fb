"""`ownkey unlock --at` through OpenSSH: sshd runs as an ordinary user, for that user alone."""

import argparse
import contextlib
import glob
import json
import os
import pwd
import signal
import socket
import subprocess
import sys

from forward import LONG_PIN, OWNKEY, Home
from free_port import free_port
from job import BUILD
from ownkey import Agent, Person, Token, run_parallel, until
from terminal import Terminal

ME = pwd.getpwuid(os.getuid()).pw_name


class Sshd:
    """Its sessions live where the agent of the server does."""

    def __init__(self, directory, agent, path):
        self.dir = os.path.join(directory, "sshd")
        os.makedirs(self.dir, 0o700)
        self.port = free_port()
        for key in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.file(key)],
                           check=True)
        # where a path of a socket would be too long it must be another one
        env = {**agent.env, "PATH": path}
        env = " ".join('"%s=%s"' % (k, v) for k, v in env.items() if k not in ("HOME", "LANG"))
        with open(self.file("config"), "w", encoding="utf-8") as f:
            f.write("ListenAddress 127.0.0.1\nPort %d\nHostKey %s\nAuthorizedKeysFile %s.pub\n"
                    "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
                    "KbdInteractiveAuthentication no\nAllowStreamLocalForwarding yes\n"
                    "SetEnv %s\n" % (self.port, self.file("host"), self.file("user"), env))
        with open(self.file("log"), "wb") as log:
            self.process = subprocess.Popen(
                ["/usr/sbin/sshd", "-D", "-e", "-f", self.file("config")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self.listens, "sshd")

    def file(self, name):
        return os.path.join(self.dir, name)

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def options(self):
        found = []
        for o in ("Port=%d" % self.port, "IdentityFile=" + self.file("user"), "IdentitiesOnly=yes",
                  "StrictHostKeyChecking=no", "UserKnownHostsFile=" + self.file("known"),
                  "BatchMode=yes", "LogLevel=ERROR"):
            found += ["--ssh-option", o]
        return found

    def sessions(self):
        """Those that sshd forked: the connection itself."""
        out = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True,
                             text=True, check=False)
        return [int(p) for p in out.stdout.split()]

    def stop(self):
        for p in self.sessions():
            with contextlib.suppress(ProcessLookupError):
                os.kill(p, signal.SIGTERM)
        self.process.terminate()
        self.process.wait(10)


@contextlib.contextmanager
def network(directory, pin=LONG_PIN, path=None, touch="delay=300", there="server"):
    """Home with the token, a server whose vault it opens, sshd between."""
    token = Token(directory, pin=pin)
    home = Home(directory, token)
    server = Agent(os.path.join(directory, there), [token])
    sshd = None
    try:
        server.start()
        server.init(Person(pin=pin))
        server.configure([])
        server.restart()
        home.agent.start()
        token.tell("touch-mode", touch)
        sshd = Sshd(directory, server, path or os.path.abspath(BUILD) + ":/usr/bin:/bin")
        yield home, server, sshd, token
    except BaseException:
        if sshd:
            sys.stderr.write(open(sshd.file("log"), encoding="utf-8").read())
        sys.stderr.write(server.said())
        raise
    finally:
        if sshd:
            sshd.stop()
        server.stop()
        home.agent.stop()
        token.stop()


def no_runtime(directory):
    """a server without XDG_RUNTIME_DIR: a folder in /tmp, the socket in the state folder"""
    if os.path.exists("/run/user/%d" % os.getuid()):
        print("# /run/user/%d is there: not tried" % os.getuid())
        return
    with network(directory, pin=None) as (home, server, sshd, token):
        server.stop()
        sshd.stop()
        before = glob.glob("/tmp/ownkey-*")
        env = {k: v for k, v in server.env.items() if k != "XDG_RUNTIME_DIR"}
        os.rename(sshd.dir, sshd.dir + "-before")
        path = os.path.abspath(BUILD) + ":/usr/bin:/bin"
        bare = Sshd(directory, argparse.Namespace(env=env), path)
        try:
            t = unlock_at(home, bare)
            assert t.end(60) == 0, t.text
            done = subprocess.run([OWNKEY, "status", "--json"], env=env, capture_output=True,
                                  check=True)
            status = json.loads(done.stdout)
            assert not status.get("locked"), status
            assert os.path.exists(os.path.join(server.state, "ownkey", "agent.sock"))
            assert not [f for f in glob.glob("/tmp/ownkey-*")
                        if f not in before and os.path.exists(f + "/t")]
        finally:
            bare.stop()
            done = subprocess.run([OWNKEY, "status", "--json"], env=env, capture_output=True,
                                  check=False)
            os.kill(json.loads(done.stdout)["pid"], signal.SIGTERM)
            assert token


def unlock_at(home, sshd, *args, host=ME + "@127.0.0.1"):
    env = {**home.agent.env, "HOME": home.dir}
    return Terminal([OWNKEY, "unlock", "--at", host, *sshd.options(), *args], env, size=(24, 120))


def is_locked(server):
    client = server.client()
    locked = client.call("status").locked
    client.close()
    return locked


def nothing_left(home, server):
    until(lambda: not glob.glob(os.path.join(server.runtime, "ownkey-*")), "no folder there")
    assert not glob.glob(os.path.join(home.agent.runtime, "ownkey", "token-*"))


def works(directory):
    """PIN and touch at home open the vault there; the PIN is seen nowhere else"""
    with network(directory) as (home, server, sshd, _):
        t = unlock_at(home, sshd)
        t.expect("asks.*used for the first time")
        t.expect(r"(PIN|\(software token\)): ")
        t.type(LONG_PIN)
        t.expect("touch your token now")
        t.expect(r"127.0.0.1 is open")
        assert t.end() == 0 and not is_locked(server)
        assert "127.0.0.1: unlocked with: token" in t.text.replace("\r\n", " "), t.text
        assert LONG_PIN not in server.said() + open(sshd.file("log"), encoding="utf-8").read()
        nothing_left(home, server)
        t = unlock_at(home, sshd)
        t.expect("open already")
        assert t.end() == 0


def given_up(directory):
    """Ctrl-C while the token blinks: it stops, nothing is left, the vault there is locked"""
    with network(directory, pin=None, touch="never") as (home, server, sshd, token):
        t = unlock_at(home, sshd)
        t.expect("touch your token now")
        until(token.is_waiting, "blinking")
        t.key(b"\x03")
        assert t.end() != 0
        until(lambda: not token.is_waiting(), "no blinking")
        assert is_locked(server)
        nothing_left(home, server)


def killed(directory):
    """the connection dies while the token blinks"""
    with network(directory, pin=None, touch="never") as (home, server, sshd, token):
        t = unlock_at(home, sshd)
        t.expect("touch your token now")
        until(token.is_waiting, "blinking")
        for p in sshd.sessions():
            os.kill(p, signal.SIGKILL)
        t.expect("error: ")
        assert t.end() == 1
        until(lambda: not token.is_waiting(), "no blinking")
        assert is_locked(server)


def pulled(directory):
    """the token is pulled while it blinks"""
    with network(directory, pin=None, touch="never") as (home, server, sshd, token):
        t = unlock_at(home, sshd)
        t.expect("touch your token now")
        token.stop()
        t.expect("error: ")
        assert t.end() != 0 and is_locked(server)
        nothing_left(home, server)


def none_there(directory):
    """no ownkey there, no such machine, options that do not go together: said"""
    with network(directory, pin=None, path="/usr/bin:/bin") as (home, server, sshd, _):
        t = unlock_at(home, sshd)
        t.expect("there is no ownkey on the other machine")
        assert t.end() == 1
        sshd.port = free_port()
        t = unlock_at(home, sshd)
        t.expect("ssh could not get to the other machine")
        assert t.end() == 1
        t = unlock_at(home, sshd, host="-oProxyCommand=true")
        assert t.end() == 64
        t = unlock_at(home, sshd, "--slot", "x")
        assert t.end() == 64
        nothing_left(home, server)


def long_paths(directory):
    """where the folder of the session is too deep for a socket there is another one"""
    deep = "d" * max(1, 61 - len(os.path.join(directory, "", "run")))
    with network(directory, pin=None, there=deep) as (home, server, sshd, _):
        assert len(server.runtime) > 60
        t = unlock_at(home, sshd)
        t.expect(r"127.0.0.1 is open")
        assert t.end() == 0 and not is_locked(server)


TESTS = [no_runtime, works, long_paths, given_up, killed, pulled, none_there]

if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in TESTS], jobs=2))
