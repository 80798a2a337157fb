"""Logins that our own agent signs: the person is shown each, whatever the policy of the key, and
what nobody can be shown is not signed (lib/sshlogin.h)."""

import base64
import contextlib
import hashlib
import os
import socket
import sys

from from_agent import Login, row
from ownkey import expect, run_parallel
from pamhost import ME
from policy import Pinentry
from ssh_keys import Key, string
from sshdoor import EXT_FAILURE, SUCCESS, Door, blob_of, door, ssh_socket, vault_key

DOMAIN, NAMESPACE = b"ownkey login 1", b"ownkey-pam"
NONCE = bytes(range(32))
SSHSIG, RAW = 0, 1


def message(host=b"web", service=b"sudo", user=b"alice", nonce=NONCE, domain=DOMAIN):
    return b"".join(map(string, (domain, nonce, host, service, user)))


def told(text):
    return b"\x1b" + string(b"login@ownkey") + string(text)


def tbs(text, name=b"sha512", namespace=NAMESPACE):
    digest = hashlib.new(name.decode(), text).digest()
    return b"SSHSIG" + b"".join(map(string, (namespace, b"", name, digest)))


@contextlib.contextmanager
def opened(directory, *answers, use=0):
    """A key of the vault, and who is asked."""
    pinentry = Pinentry(directory, "ok")
    with door(directory, pinentry=pinentry.path) as (agent, soft, person, t):
        label, shown = vault_key(agent, person, use=use)
        pinentry.set(*answers)
        yield agent, t, pinentry, label, base64.b64decode(shown.split()[1])


def whole(directory):
    """a login from end to end: shown with machine, service and account, each time; no is no"""
    pam = os.path.join(directory, "p")
    os.mkdir(pam)
    with opened(directory, "ok", "ok", "no") as (agent, _, pinentry, label, blob), \
            Login(pam, row(blob)) as l:
        l.sock = ssh_socket(agent)
        l.service("sudo", "from-agent")
        l.says("PAM_SUCCESS", service="sudo")
        said = pinentry.said().replace("%0A", "\n")
        for line in ("LOG IN at %s\n" % socket.gethostname(), "\nby sudo, as %s\n" % ME, label):
            assert line in said, said
        l.says("PAM_SUCCESS", service="sudo")
        l.says("PAM_AUTH_ERR", "did not sign", service="sudo")
        assert len(pinentry.questions()) == 3, pinentry.said()


def each_time(directory):
    """use 0, 1 and 2 and added keys: asked each time; a login is no grant for anything else"""
    for use in (0, 1, 2):
        here = os.path.join(directory, str(use))
        os.mkdir(here)
        with opened(here, "ok", "ok", "ok", "no", use=use) as (agent, _, pinentry, _, blob), \
                Door(agent) as d:
            for i in (1, 2, 3):
                assert d.ask(told(message())) == SUCCESS
                assert d.sign(blob, tbs(message())), use
                assert len(pinentry.questions()) == i, (use, pinentry.said())
            assert d.sign(blob, tbs(message())) is None
            assert len(pinentry.questions()) == 4, (use, pinentry.said())
    here = os.path.join(directory, "added")
    os.mkdir(here)
    with opened(here, "ok", "no") as (agent, t, pinentry, _, _), Door(agent) as d:
        file = t.generate("added")
        t.add(file)
        blob = blob_of(file + ".pub")
        assert d.sign(blob, tbs(b"x", namespace=b"file"))
        assert not pinentry.questions()
        assert d.ask(told(message())) == SUCCESS
        assert d.sign(blob, tbs(message()))
        assert d.sign(blob, tbs(message())) is None
        assert len(pinentry.questions()) == 2, pinentry.said()
        assert "LOG IN at web" in pinentry.said(), pinentry.said()


def nobody_to_show(directory):
    """no prompt program: a touch, and without a touch nothing"""
    for mode in ("auto", "never"):
        here = os.path.join(directory, mode)
        os.mkdir(here)
        with door(here, touch_timeout="5s") as (agent, soft, person, _), Door(agent) as d:
            _, shown = vault_key(agent, person)
            blob = base64.b64decode(shown.split()[1])
            soft.tell("touch-mode", mode)
            assert d.ask(told(message())) == SUCCESS
            got = d.sign(blob, tbs(message()))
            assert bool(got) == (mode == "auto"), mode
            assert d.sign(blob, tbs(message(), namespace=b"file"))


def not_told(directory):
    """not told, told something else, not told well: nothing is signed, and nobody asked"""
    with opened(directory) as (agent, t, pinentry, label, blob):
        with Door(agent) as d:
            assert d.sign(blob, tbs(message())) is None
            assert d.ask(told(message(host=b"other"))) == SUCCESS
            assert d.sign(blob, tbs(message())) is None
            for other in (message(user=b"root"), message(service=b"su"), message(nonce=bytes(32))):
                assert d.sign(blob, tbs(other)) is None
            assert d.sign(blob, tbs(message(host=b"other"), b"sha256")) is None
        with Door(agent) as d:
            for bad in (b"", message() + b"x", message(domain=b"ownkey login 2"),
                        message(nonce=bytes(31)), message(user=b""), message(host=b"x" * 257),
                        message()[:-1]):
                assert d.ask(told(message())) == SUCCESS
                assert d.ask(told(bad)) == bytes([EXT_FAILURE])
                assert d.sign(blob, tbs(message())) is None
                assert d.sign(blob, tbs(bad)) is None
        with open(t.generate("k") + ".pub", "w", encoding="ascii") as f:
            f.write("ssh-ed25519 %s\n" % base64.b64encode(blob).decode())
        assert t.run("ssh-keygen", "-Y", "sign", "-f", f.name, "-n", "ownkey-pam",
                     stdin="x").returncode
        assert not pinentry.questions(), pinentry.said()


def natively(directory):
    """over agent.sock: sshsig without its message, and raw bytes that would be one"""
    with door(directory) as (agent, _, person, _), contextlib.closing(agent.client(person)) as c:
        label, _ = vault_key(agent, person)
        data = tbs(message())
        q = {"label": label, "type": SSHSIG, "name_space": NAMESPACE.decode(),
             "hash_alg": "sha512", "hash": data[-64:]}
        expect(c.ask("sign", **q), "SIGN_LOGIN")
        expect(c.ask("sign", **q, login=message(host=b"x")), "SIGN_LOGIN")
        expect(c.ask("sign", **q, login=message()), "OK")
        for bare in (False, True):
            expect(c.ask("sign", label=label, type=RAW, data=data, bare=bare), "SIGN_LOGIN")
        key = Key(directory, "ed25519", "key")
        added = key.add(c).id.hex()
        expect(c.ask("sign", **{**q, "label": added}), "SIGN_LOGIN")
        done = agent.cli("sign", "--key", label, "--namespace", "ownkey-pam",
                         key.file + ".pub")
        assert done.returncode == 1 and "logs somebody in" in done.stderr, done


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        whole, each_time, nobody_to_show, not_told, natively)]))
