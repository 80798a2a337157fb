"""Connections to ssh.sock that are somebody else's: what a person allowed here is not allowed
there, and only front says by which hosts a request came (DESIGN 9, 10)."""

import base64
import contextlib
import os
import socket
import struct
import sys

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ownkey import expect, run_parallel, world
from policy import Pinentry
from ssh_keys import LOGIN, Key, fingerprint, string, take, userauth

SIGN, SIGNED, FAILURE, SUCCESS, EXTENSION = 13, 14, b"\x05", b"\x06", 27


class Door:
    """A connection to ssh.sock."""

    def __init__(self, agent):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(os.path.join(agent.runtime, "ownkey", "ssh.sock"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def ask(self, body):
        self.sock.sendall(string(body))
        n = struct.unpack(">I", self.sock.recv(4, socket.MSG_WAITALL))[0]
        return self.sock.recv(n, socket.MSG_WAITALL)

    def bind(self, host, session, forwarded, spoil=False):
        """session-bind@openssh.com, signed by the host."""
        signature = Ed25519PrivateKey.from_private_bytes(host.private).sign(session)
        if spoil:
            signature = bytes(64)
        return self.ask(bytes([EXTENSION]) + string(b"session-bind@openssh.com")
                        + string(host.blob) + string(session)
                        + string(string(b"ssh-ed25519") + string(signature))
                        + bytes([forwarded]))

    def sign(self, blob, data):
        """The signature, or None."""
        body = self.ask(bytes([SIGN]) + string(blob) + string(data) + bytes(4))
        return None if body == FAILURE else take(body[1:])[0]


class Vault:
    """Its derived ssh key, as the door knows it."""

    alg = "ed25519"

    def __init__(self, c):
        self.item = c.call("id.add", service="ssh", account="me")["items"][0]
        self.blob = base64.b64decode(self.item.shown.split()[1])

    def login(self, door):
        return door.sign(self.blob, userauth(self))

    def file(self, door):
        return door.sign(self.blob, b"SSHSIG" + string(b"git") + string(b"") + string(b"sha256")
                         + string(bytes(32)))


@contextlib.contextmanager
def opened(directory, *answers):
    pinentry = Pinentry(directory, *answers)
    with world(directory, {}, pinentry=pinentry.path) as (agent, _):
        person = agent.init()
        with contextlib.closing(agent.client(person)) as c:
            pinentry.set(*answers)
            yield agent, c, Vault(c), pinentry


def not_theirs(directory):
    """what this session was granted is not granted to the host that its agent is forwarded to"""
    with opened(directory, "ok") as (agent, _, key, pinentry):
        host = Key(directory, "ed25519", "host")
        with Door(agent) as here, Door(agent) as there:
            assert key.login(here) and key.login(here)
            assert len(pinentry.questions()) == 1, pinentry.said()
            pinentry.set("no", "no")
            assert there.bind(host, b"s" * 32, True) == SUCCESS
            assert key.login(there) is None and key.file(there) is None
            assert len(pinentry.questions()) == 2, pinentry.said()
            assert key.login(here)
            assert len(pinentry.questions()) == 2, pinentry.said()
            said = pinentry.said().replace("%0A", "")
            assert "through a forwarded agent" in said and fingerprint(host) in said, said
        pinentry.set("ok", "ok")
        with Door(agent) as there:
            assert there.bind(host, b"t" * 32, True) == SUCCESS
            assert key.login(there) and key.login(there) and key.file(there)
            assert len(pinentry.questions()) == 1, pinentry.said()
            # from there on to another: that one is another
            other = Key(directory, "ed25519", "other")
            assert there.bind(other, b"u" * 32, True) == SUCCESS
            assert key.login(there)
            assert len(pinentry.questions()) == 2, pinentry.said()


def unproven(directory):
    """a connection whose host could not be verified is not taken for one of this machine"""
    with opened(directory, "ok") as (agent, _, key, pinentry):
        host = Key(directory, "ed25519", "host")
        with Door(agent) as here, Door(agent) as there:
            assert key.login(here)
            pinentry.set("no")
            assert there.bind(host, b"s" * 32, True, spoil=True) != SUCCESS
            assert key.login(there) is None
            assert len(pinentry.questions()) == 1, pinentry.said()
            assert "could not be verified" in pinentry.said(), pinentry.said()


def destinations(directory):
    """a key with destinations signs over a bound connection; who only says so is refused"""
    with opened(directory, "ok") as (agent, c, _, _):
        host, key = Key(directory, "ed25519", "host"), Key(directory, "ed25519", "key")
        dest = [{"to_host": b"host", "to_user": b"ali*", "to_keys": [{"blob": host.blob}]}]
        label = key.add(c, dest=dest).id.hex()
        session = LOGIN["session"]
        data = userauth(key, hostkey=host.blob)
        with Door(agent) as there:
            assert there.sign(key.blob, data) is None
            assert there.bind(host, session, False) == SUCCESS
            assert there.sign(key.blob, data)
            assert there.sign(key.blob, userauth(key, user=b"bob", hostkey=host.blob)) is None
        bind = {"session": session, "hostkey": host.blob}
        login = {**LOGIN, "label": label, "hostkey": host.blob}
        expect(c.ask("sign", **login, binds=[bind]), "SSH_PATH")
        expect(c.ask("sign", **login), "SSH_PATH")


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (not_theirs, unproven, destinations)]))
