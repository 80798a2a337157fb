"""ssh.sock from outside: OpenSSH's programs with an environment of their own, and a client that
sends what no program would (RFC 9987, OpenSSH's PROTOCOL.agent)."""

import base64
import contextlib
import os
import socket
import struct
import subprocess

from ownkey import Person, world
from ssh_keys import string, take

FAILURE, SUCCESS, IDENTITIES, SIGNED, EXT_FAILURE, EXT_RESPONSE = b"\x05", b"\x06", 12, 14, 28, 29
ADD, REMOVE, ADD_CONSTRAINED, EXTENSION = 17, 18, 25, 27
KINDS = {"ed25519": ("ed25519", None), "rsa": ("rsa", "2048"), "p256": ("ecdsa", "256"),
         "p384": ("ecdsa", "384"), "p521": ("ecdsa", "521")}


def ssh_socket(agent):
    return os.path.join(agent.runtime, "ownkey", "ssh.sock")


def u32(n):
    return struct.pack(">I", n)


class Tools:
    """OpenSSH's programs with this agent.  The passphrase is what SSH_ASKPASS types."""

    def __init__(self, agent, directory):
        self.agent, self.dir = agent, directory
        self.askpass = os.path.join(directory, "askpass")
        with open(self.askpass, "w", encoding="utf-8") as f:
            f.write('#!/bin/sh\nprintf "%s\\n" "$1" >>"$0.log"\nprintf "%s\\n" "$TYPED"\n')
        os.chmod(self.askpass, 0o755)
        self.env = {**agent.env, "SSH_AUTH_SOCK": ssh_socket(agent), "SSH_ASKPASS": self.askpass,
                    "SSH_ASKPASS_REQUIRE": "force"}

    def run(self, *args, stdin="", typed="", timeout=60, **env):
        """CompletedProcess, its output as text."""
        return subprocess.run(args, input=stdin, text=True, capture_output=True, timeout=timeout,
                              env={**self.env, "TYPED": typed, **env}, check=False)

    def start(self, *args, **env):
        return subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, env={**self.env, **env})

    def do(self, *args, status=0, **kw):
        """What it prints; it must end with this status."""
        done = self.run(*args, **kw)
        assert done.returncode == status, (args, done)
        return done.stdout

    def add(self, *args, **kw):
        return self.do("ssh-add", *args, **kw)

    def keys(self):
        """(kind, base64) of what is listed."""
        done = self.run("ssh-add", "-L")
        assert done.returncode in (0, 1), done
        return [tuple(l.split()[:2]) for l in done.stdout.splitlines() if done.returncode == 0]

    def kinds(self):
        return sorted(k for k, _ in self.keys())

    def generate(self, name, kind="ed25519", ca=None, principal="estragon", host=False):
        """A file; with ca also NAME-cert.pub."""
        file = os.path.join(self.dir, name)
        kind, bits = KINDS[kind]
        self.do("ssh-keygen", "-q", "-N", "", "-C", name, "-f", file, "-t", kind,
                *(["-b", bits] if bits else []))
        if ca:
            self.do("ssh-keygen", "-q", "-s", ca, "-I", name, "-n", principal,
                    *(["-h"] if host else []), file + ".pub")
        return file


def blob_of(file):
    return base64.b64decode(open(file, encoding="utf-8").read().split()[1])


@contextlib.contextmanager
def door(directory, token=None, **conf):
    """An open vault, its person, and OpenSSH's programs with it."""
    with world(directory, token or {}, **conf) as (agent, soft):
        person = agent.init(Person())
        yield agent, soft, person, Tools(agent, directory)


def vault_key(agent, person, account="me@vault", use=0):
    """A derived key: (label, line of authorized_keys)."""
    with contextlib.closing(agent.client(person)) as c:
        item = c.call("id.add", service="ssh", account=account)["items"][0]
        if use != 1:
            c.call("policy.set", label=item.label, use=use)
        return item.label, item.shown


# --- frames ---

class Door:
    """A connection to ssh.sock."""

    def __init__(self, agent, timeout=40):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(ssh_socket(agent))
        self.sock.settimeout(timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, body):
        self.sock.sendall(string(body))

    def exactly(self, n):
        out = b""
        while len(out) < n:
            got = self.sock.recv(n - len(out))
            if not got:
                raise EOFError
            out += got
        return out

    def receive(self):
        return self.exactly(struct.unpack(">I", self.exactly(4))[0])

    def ask(self, body):
        self.send(body)
        return self.receive()

    def list(self):
        """[(blob, comment)]"""
        body = self.ask(b"\x0b")
        assert body[0] == IDENTITIES, body
        n, rest, out = struct.unpack(">I", body[1:5])[0], body[5:], []
        for _ in range(n):
            blob, rest = take(rest)
            comment, rest = take(rest)
            out.append((blob, comment))
        assert not rest
        return out

    def sign(self, blob, data, flags=0):
        """The signature, or None."""
        body = self.ask(sign_request(blob, data, flags))
        return None if body == FAILURE else take(body[1:])[0]


def sign_request(blob, data, flags=0):
    return b"\x0d" + string(blob) + string(data) + u32(flags)


def add_request(key, comment=b"comment", constraints=None):
    """For a Key of ssh_keys with Ed25519."""
    body = (string(b"ssh-ed25519") + string(key.blob[-32:]) + string(key.private + key.blob[-32:])
            + string(comment))
    return bytes([ADD]) + body if constraints is None else (
        bytes([ADD_CONSTRAINED]) + body + constraints)


def hop(user=b"", host=b"", keys=()):
    return string(string(user) + string(host) + string(b"")
                  + b"".join(string(k) + b"\0" for k in keys))


def destination(host, keys, user=b"", came=None):
    return string((came or hop()) + hop(user, host, keys) + string(b""))


def restricted(*destinations):
    return (b"\xff" + string(b"restrict-destination-v00@openssh.com")
            + string(b"".join(destinations)))


def bind(host_blob, session, signature, forwarded=False):
    return (bytes([EXTENSION]) + string(b"session-bind@openssh.com") + string(host_blob)
            + string(session) + string(signature) + bytes([forwarded]))
