"""libownkey-sk.so: ssh-keygen makes and uses keys, ssh-agent holds them, sshd lets us in; the
tokens are those of the running agent, and count their touches."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from free_port import free_port
from job import BUILD
from ownkey import run_parallel, until, world

PROVIDER = os.environ.get("SK_PROVIDER", os.path.abspath(os.path.join(BUILD, "libownkey-sk.so")))


class Ssh:
    def __init__(self, agent, directory):
        self.dir = directory
        self.askpass = os.path.join(directory, "askpass")
        self.asked = self.askpass + ".log"
        self.env = {"PATH": "/usr/bin:/bin:/usr/sbin", "HOME": directory, "LANG": "C.UTF-8",
                    "OWNKEY_SOCKET": agent.socket, "SSH_SK_PROVIDER": PROVIDER,
                    "SSH_ASKPASS": self.askpass, "SSH_ASKPASS_REQUIRE": "force"}
        self.pin("1234")

    def pin(self, *answers):
        """What the person types when ssh asks; the questions are kept."""
        with open(self.askpass, "w", encoding="utf-8") as f:
            f.write("#!/bin/sh\necho \"$1\" >>%s\nn=$(wc -l <%s)\n" % (self.asked, self.asked))
            for i, answer in enumerate(answers, 1):
                f.write("[ \"$n\" -gt %d ] || { echo %s; exit 0; }\n" % (i, answer))
            f.write("echo %s\n" % answers[-1])
        os.chmod(self.askpass, 0o700)
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.asked)

    def questions(self):
        with contextlib.suppress(FileNotFoundError):
            return open(self.asked, encoding="utf-8").read()
        return ""

    def run(self, *args, check=True, stdin=None, **env):
        done = subprocess.run(args, cwd=self.dir, env={**self.env, **env}, input=stdin,
                              capture_output=True, text=True, timeout=60, check=False)
        assert not check or done.returncode == 0, (args, done)
        return done

    def keygen(self, kind, name, *options, check=True):
        flags = [x for o in options for x in ("-O", o)]
        return self.run("ssh-keygen", "-q", "-t", kind, "-w", PROVIDER, "-N", "", "-C", "test",
                        "-f", name, *flags, check=check)

    def sign_and_verify(self, name):
        message = os.path.join(self.dir, "message")
        with open(message, "w", encoding="utf-8") as f:
            f.write("hello\n")
        with contextlib.suppress(FileNotFoundError):
            os.remove(message + ".sig")
        self.run("ssh-keygen", "-Y", "sign", "-f", name, "-n", "file", message)
        kind, blob = open(os.path.join(self.dir, name + ".pub")).read().split()[:2]
        with open(os.path.join(self.dir, "allowed"), "w", encoding="utf-8") as f:
            f.write("me %s %s\n" % (kind, blob))
        self.run("ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "me", "-n", "file", "-s",
                 "message.sig", stdin="hello\n")
        bad = self.run("ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", "me", "-n", "file",
                       "-s", "message.sig", stdin="hullo\n", check=False)
        assert bad.returncode != 0, "a changed message was taken"


@contextlib.contextmanager
def prepared(directory, *tokens, **conf):
    with world(directory, *(tokens or ({"pin": None},)), **conf) as (agent, *soft):
        yield (agent, Ssh(agent, directory), *soft)


def made(directory):
    """keys of both kinds are made, sign and verify; a signature needs one touch"""
    with prepared(directory) as (_, ssh, token):
        for kind in ("ed25519-sk", "ecdsa-sk"):
            ssh.keygen(kind, kind)
            ssh.sign_and_verify(kind)
        token.tell("touch-mode", "never")
        request = subprocess.Popen(["ssh-keygen", "-Y", "sign", "-f", "ed25519-sk", "-n", "x", "-"],
                                   cwd=directory, env=ssh.env, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        request.stdin.write(b"x")
        request.stdin.close()
        until(token.is_waiting, "no touch is wanted")
        assert request.poll() is None
        token.tell("touch")
        assert b"BEGIN SSH SIGNATURE" in request.stdout.read() and request.wait(10) == 0
        assert not token.is_waiting()


def verify_required(directory):
    """verify-required: ssh asks for the PIN where the agent cannot; a wrong one is asked again"""
    with prepared(directory, {"pin": "1234"}) as (agent, ssh, token):
        ssh.keygen("ed25519-sk", "key", "verify-required")
        assert "PIN" in ssh.questions(), ssh.questions()
        ssh.pin("1234")
        ssh.sign_and_verify("key")
        assert ssh.questions().count("PIN") >= 1
        ssh.pin("9999")
        bad = ssh.run("ssh-keygen", "-Y", "sign", "-f", "key", "-n", "file", "-", stdin="x",
                      check=False)
        assert bad.returncode != 0
        with contextlib.closing(agent.client()) as c:
            assert c.call("token.info").retries == 7, "one PIN, one try"
        ssh.pin("1234")
        ssh.sign_and_verify("key")
        assert token.path


def by_prompt(directory):
    """the agent's own prompt is used where there is one: ssh asks nothing"""
    # pylint: disable=import-outside-toplevel
    from policy import Pinentry
    pinentry = Pinentry(directory, "pin 1234")
    with prepared(directory, {"pin": "1234"}, pinentry=pinentry.path) as (_, ssh, _):
        ssh.keygen("ed25519-sk", "key", "verify-required")
        assert not ssh.questions(), ssh.questions()
        said = pinentry.said()
        assert "ssh:" in said and "ssh-sk-helper" in said, said
        ssh.sign_and_verify("key")


def options(directory):
    """application, user, device, no-touch-required, resident; refusals"""
    with prepared(directory, {"pin": None}, {"pin": None}) as (_, ssh, one, two):
        one.tell("touch-mode", "never")
        ssh.keygen("ed25519-sk", "work", "application=ssh:work", "device=" + two.path)
        one.tell("touch-mode", "auto")
        ssh.sign_and_verify("work")
        assert b"ssh:work" in __import__("base64").b64decode(
            open(os.path.join(directory, "work.pub")).read().split()[1])
        ssh.keygen("ed25519-sk", "quiet", "no-touch-required", "device=" + one.path)
        for token in (one, two):
            token.tell("touch-mode", "never")
        ssh.run("ssh-keygen", "-Y", "sign", "-f", "quiet", "-n", "file", "-", stdin="x")
        for token in (one, two):
            token.tell("touch-mode", "auto")
        done = ssh.run("ssh-keygen", "-K", "-w", PROVIDER, check=False)
        assert done.returncode != 0, done
        one.stop()
        two.stop()
        done = ssh.run("ssh-keygen", "-Y", "sign", "-f", "work", "-n", "file", "-", stdin="x",
                       check=False)
        assert done.returncode != 0 and "no token" in done.stderr, done
        done = ssh.run("ssh-keygen", "-Y", "sign", "-f", "work", "-n", "file", "-", stdin="x",
                       check=False, OWNKEY_SOCKET=directory + "/nobody")
        assert done.returncode != 0 and "ownkey agent" in done.stderr, done


def resident(directory):
    """resident keys: one does not take the place of the other"""
    with prepared(directory, {"pin": "1234"}) as (_, ssh, _):
        for name in ("first", "second"):
            ssh.pin("1234")
            ssh.keygen("ed25519-sk", name, "resident")
        for name in ("first", "second"):
            ssh.pin("1234")
            ssh.sign_and_verify(name)


@contextlib.contextmanager
def ssh_agent(ssh):
    path = os.path.join(ssh.dir, "ssh-agent.sock")
    p = subprocess.Popen(["ssh-agent", "-D", "-a", path, "-P", os.path.dirname(PROVIDER) + "/*"],
                         env=ssh.env, stdout=subprocess.DEVNULL)
    try:
        until(lambda: os.path.exists(path), "ssh-agent")
        yield path
    finally:
        p.terminate()
        p.wait()


@contextlib.contextmanager
def server(ssh, key, option=""):
    """sshd on loopback, as this user"""
    port = free_port()
    ssh.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "host")
    public = open(os.path.join(ssh.dir, key + ".pub")).read()
    with open(os.path.join(ssh.dir, "authorized"), "w", encoding="utf-8") as f:
        f.write(option + public)
    conf = os.path.join(ssh.dir, "sshd_config")
    with open(conf, "w", encoding="utf-8") as f:
        f.write("Port %d\nListenAddress 127.0.0.1\nHostKey %s/host\nAuthorizedKeysFile "
                "%s/authorized\nStrictModes no\nUsePAM no\nPidFile none\n"
                "PasswordAuthentication no\n" % (port, ssh.dir, ssh.dir))
    p = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", conf], stderr=subprocess.PIPE,
                         env=ssh.env, text=True)
    try:
        until(lambda: reachable(port), "sshd")
        yield port
    finally:
        p.send_signal(signal.SIGTERM)
        p.wait()


def reachable(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def logs_in(directory):
    """ssh-agent holds the key, sshd lets us in for a touch, and not without"""
    with prepared(directory) as (_, ssh, token):
        ssh.keygen("ed25519-sk", "key")
        with ssh_agent(ssh) as path, server(ssh, "key") as port:
            env = {"SSH_AUTH_SOCK": path}
            ssh.run("ssh-add", "-q", "-S", PROVIDER, "key", **env)
            assert "SK" in ssh.run("ssh-add", "-l", **env).stdout
            # who runs this may have no shell: to be let in is enough
            login = ["ssh", "-v", "-F", "none", "-p", str(port), "-o", "StrictHostKeyChecking=no",
                     "-o", "UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=no", "-l",
                     pwd.getpwuid(os.getuid()).pw_name, "127.0.0.1", "echo", "in"]
            started = time.monotonic()
            done = ssh.run(*login, check=False, **env)
            assert "Authenticated to 127.0.0.1" in done.stderr and "-SK" in done.stderr, done
            assert time.monotonic() - started < 30
            token.stop()
            refused = ssh.run(*login, check=False, **env)
            assert "Authenticated to" not in refused.stderr, refused


if __name__ == "__main__":
    tempfile.tempdir = "/tmp"
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        made, verify_required, by_prompt, options, resident, logs_in)], jobs=2))
