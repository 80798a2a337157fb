"""Keys of the format app, each used for one thing only; checked with another implementation."""

import base64
import contextlib
import hashlib
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ownkey import expect, run_parallel, until, world
from policy import Pinentry

SIGN, AGREE, SECRET = "app/demo/sign", "app/demo/agree", "app/demo/secret"
SSHSIG, RAW, APP = 0, 1, 3
HKDF_SHA256, RAW_AGREE = 0, 1
SALT, INFO = b"salt", b"ratchet"
# of small order (RFC 7748 6.1; the list of curve25519's author)
ZERO = [bytes(32), b"\1" + bytes(31),
        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        bytes.fromhex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
        bytes.fromhex("eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]


@contextlib.contextmanager
def opened(directory, use=0, **conf):
    with world(directory, {}, **conf) as (agent, token):
        person = agent.init()
        with contextlib.closing(agent.client(person)) as c:
            rows = c.call("id.add", service="app", account="demo")["items"]
            assert [r.label for r in rows] == [SIGN, AGREE, SECRET], rows
            assert [r.use for r in rows] == [1, 1, 1]
            for path in (SIGN, AGREE, SECRET):
                c.call("policy.set", label=path, use=use)
            yield agent, token, c, {r.label: r.shown for r in rows}


def message(context, data):
    return b"ownkey1 app\0" + len(context.encode()).to_bytes(2, "big") + context.encode() + data


def signs(directory):
    """a signature covers the context and the data, and nothing that is given as it is"""
    with opened(directory) as (_, _, c, shown):
        public = base64.b64decode(shown[SIGN])
        key = Ed25519PublicKey.from_public_bytes(public)
        for context, data in [("chat", b"hello"), ("c" * 255, b"\0" * 65536), ("\u00fc", b"x")]:
            r = c.call("sign", label=SIGN, type=APP, name_space=context, data=data)
            assert r.public_key == public and len(r.signature) == 64
            key.verify(r.signature, message(context, data))
            with contextlib.suppress(InvalidSignature):
                key.verify(r.signature, data)
                raise AssertionError("the bare data was signed")
        # the border between context and data cannot be moved
        one = c.call("sign", label=SIGN, type=APP, name_space="ab", data=b"c").signature
        assert one != c.call("sign", label=SIGN, type=APP, name_space="a", data=b"bc").signature
        expect(c.ask("sign", label=SIGN, type=APP, data=b"x"), "USAGE")


def agrees(directory):
    """both sides get the same; other salts, infos and lengths something else"""
    with opened(directory) as (_, _, c, shown):
        own = base64.b64decode(shown[AGREE])
        peer = X25519PrivateKey.generate()
        public = peer.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        shared = peer.exchange(X25519PublicKey.from_public_bytes(own))
        seen = set()
        for salt, info, length in [(SALT, INFO, 32), (None, None, None), (b"x" * 64, INFO, 64),
                                   (SALT, b"i" * 255, 16), (SALT, None, 33)]:
            r = c.call("agree", label=AGREE, type=HKDF_SHA256, peer=public, salt=salt, info=info,
                       length=length)
            assert r.public_key == own
            assert r.key == HKDF(hashes.SHA256(), length or 32, salt, info or b"").derive(shared)
            seen.add(r.key[:16])
        assert len(seen) == 5 and shared[:16] not in seen


def refusals(directory):
    """what gives the same secret with everybody, and what an app key may not do"""
    with opened(directory) as (_, _, c, _):
        c.call("id.add", service="age", account="me")
        c.call("id.add", service="omemo", account="a@b.org")
        c.call("id.add", service="ssh", account="me")
        c.call("id.add", service="matrix", account="@a:b.org")
        peer = {"peer": b"\x09" + bytes(31)}
        for bad in ZERO:
            expect(c.ask("agree", label=AGREE, type=HKDF_SHA256, peer=bad), "RANGE")
        for bad, status in [({"length": 15}, "RANGE"), ({"length": 65}, "RANGE"),
                            ({"peer": bytes(31)}, "RANGE"), ({"salt": bytes(65)}, "TOOBIG RANGE")]:
            got = c.ask("agree", label=AGREE, type=HKDF_SHA256, **{**peer, **bad}).status
            assert got in status.split(), (bad, got)
        expect(c.ask("agree", label=AGREE, type=RAW_AGREE, **peer), "DENIED")
        expect(c.ask("agree", label=AGREE, type=RAW_AGREE, **peer, length=32), "USAGE")
        for path in (SIGN, SECRET, "age/me/identity", "omemo/a@b.org/identity",
                     "ssh/me/identity", "matrix/@a:b.org/backup"):
            expect(c.ask("agree", label=path, type=HKDF_SHA256, **peer), "DENIED")
        digest = hashlib.sha256(b"").digest()
        for path, kind in [(SIGN, SSHSIG), (SIGN, RAW), (AGREE, APP), (SECRET, APP),
                           ("ssh/me/identity", APP), ("omemo/a@b.org/identity", APP),
                           ("matrix/@a:b.org/cross-signing.master", APP)]:
            expect(c.ask("sign", label=path, type=kind, name_space="git", hash_alg="sha256",
                         hash=digest, data=b"x"), "DENIED")
        for path in (SIGN, AGREE, "matrix/@a:b.org/recovery"):
            expect(c.ask("secret.get", label=path), "NOTFOUND")


def secret(directory):
    """its secret is the same after a lock, and the one that would be exported"""
    with opened(directory) as (agent, _, c, _):
        value = c.call("secret.get", label=SECRET).value
        assert len(value) == 32
        exported = c.call("id.export", label=SECRET).data
        assert base64.b64decode(exported) == value
        agent.lock()
        for op, params in [("secret.get", {"label": SECRET}),
                           ("agree", {"label": AGREE, "type": 0, "peer": b"\x09" + bytes(31)}),
                           ("sign", {"label": SIGN, "type": APP, "name_space": "x"})]:
            with contextlib.closing(agent.client()) as d:
                expect(d.ask(op, **params), "LOCKED")
        expect(agent.unlock(), "OK")
        with contextlib.closing(agent.client()) as d:
            assert d.call("secret.get", label=SECRET).value == value


def retired(directory):
    """what is retired signs, agrees and gives nothing"""
    with opened(directory) as (_, _, c, _):
        for path in (SIGN, AGREE, SECRET):
            c.call("id.retire", label=path)
        expect(c.ask("sign", label=SIGN, type=APP, name_space="x", data=b"x"), "DENIED")
        expect(c.ask("agree", label=AGREE, type=0, peer=b"\x09" + bytes(31)), "DENIED")
        expect(c.ask("secret.get", label=SECRET), "NOTFOUND")


def asked(directory):
    """asked once: what for is shown; a touch each time where the policy says so"""
    pinentry = Pinentry(directory, "ok")
    with opened(directory, use=0, pinentry=pinentry.path) as (_, token, c, _):
        for path in (SIGN, AGREE):
            c.call("policy.set", label=path, use=1)
        pinentry.set("ok")
        c.call("sign", label=SIGN, type=APP, name_space="chat of mine", data=b"x")
        c.call("agree", label=AGREE, type=0, peer=b"\x09" + bytes(31), info=b"with \x1b[2Jme")
        for word in ("chat of mine", "with key 0900000000000000, for", "?[2Jme", SIGN, AGREE):
            assert word in pinentry.said(), (word, pinentry.said())
        c.call("policy.set", label=AGREE, use=2)
        token.tell("touch-mode", "never")
        for _ in range(2):
            request = c.start("agree", label=AGREE, type=0, peer=b"\x09" + bytes(31))
            until(token.is_waiting, "no touch is wanted")
            token.tell("touch")
            expect(c.wait(request), "OK")


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        signs, agrees, refusals, secret, retired, asked)]))
