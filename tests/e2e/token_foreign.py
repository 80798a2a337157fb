"""token.make and token.assert: what other programs keep on tokens, checked with another
implementation of the signatures.  The vault's own ways in are out of reach."""

import contextlib
import hashlib
import os
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from job import receive
from ownkey import OPS, Person, expect, pack, run_parallel, until, world
from policy import Pinentry
from vault import Vault

ES256, EDDSA = 6, 7
UP, UV, AT = 1, 4, 64
RP = "age-encryption.org"
CDH = hashlib.sha256(b"client data").digest()
SALT, SALT2 = hashlib.sha256(b"1").digest(), hashlib.sha256(b"2").digest()
USER = {"user_id": b"me", "user": "me"}


def make(c, rp=RP, **params):
    return c.call("token.make", rp_id=rp, cdh=CDH, **USER, **{"secret": True, **params})


def ask(c, cred, rp=RP, **params):
    return c.ask("token.assert", rp_id=rp, creds=[cred.cred_id], **params)


def use(c, cred, rp=RP, **params):
    r = expect(ask(c, cred, rp, **params), "OK").result
    verify(cred, r.authdata + r.cdh, r.sig)
    assert r.authdata[:32] == hashlib.sha256(rp.encode()).digest()
    assert r.flags == r.authdata[32] and r.cred_id == cred.cred_id
    assert r.counter == int.from_bytes(r.authdata[33:37], "big")
    return r


def verify(cred, message, sig):
    if cred.alg == -8:
        Ed25519PublicKey.from_public_bytes(cred.pubkey).verify(sig, message)
        return
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\4" + cred.pubkey)
    key.verify(sig, message, ec.ECDSA(hashes.SHA256()))


@contextlib.contextmanager
def plugged(directory, *tokens, person=None, interactive=True, **conf):
    """Tokens and a client; there is no vault."""
    with world(directory, *(tokens or ({},)), **conf) as (agent, *soft):
        person = person or Person()
        with contextlib.closing(agent.client(person, interactive=interactive)) as c:
            yield (agent, c, *soft)


def no_vault(directory):
    """made and used without a vault; its key, its flags, its secrets"""
    with plugged(directory) as (agent, c, _):
        assert not agent.status().vault
        for algs, alg in [([EDDSA, ES256], -8), ([ES256, EDDSA], -7), (None, -7)]:
            cred = make(c, algs=algs, uv=True)
            assert cred.alg == alg and cred.software and cred.flags & (UP | UV | AT) == 0x45
            assert cred.authdata[55:55 + len(cred.cred_id)] == cred.cred_id
            assert cred.fmt == "packed" and len(cred.aaguid) == 16, cred
            verify(cred, cred.authdata + CDH, cred.sig)
            r = use(c, cred, cdh=CDH, pubkey=cred.pubkey)
            assert r.checked and r.flags & (UP | UV) == UP and r.cdh == CDH and r.secret is None
            assert use(c, cred).cdh != use(c, cred).cdh, "challenges are fresh"
        one, both = use(c, cred, salt=SALT).secret, use(c, cred, salt=SALT + SALT2).secret
        assert len(one) == 32 and len(both) == 64 and both[:32] == one != both[32:]
        assert use(c, cred, salt=SALT2).secret == both[32:]
        verified = use(c, cred, salt=SALT, uv=True)
        assert verified.flags & UV and verified.secret not in (one, both[32:])


def locked(directory):
    """the same while the vault is locked and open; its own credentials do not answer"""
    with plugged(directory) as (agent, c, _):
        agent.init()
        cred = make(c)
        own = Vault(agent.read()).slot(0)
        own = own[384:384 + int.from_bytes(own[44:46], "big")]
        assert len(own) > 40, "where credential ids are in a slot has changed"
        for _ in range(2):
            use(c, cred)
            for rp in (RP, "ssh:", "ownkey"):
                for creds in ([own], [own, own[::-1]]):
                    expect(c.ask("token.assert", rp_id=rp, creds=creds), "TOKEN_NOKEY")
                expect(c.ask("token.assert", rp_id=rp, creds=[own], uv=True, salt=SALT),
                       "TOKEN_NOKEY")
            agent.lock()


OWN = ["ownkey:vault", "ownkey:", "ownkey:anything", "OWNKEY:vault", "Ownkey:vault", "oWnKeY:x",
       "ownkey:" + "x" * 200, "ownkey:\xff", "ownkey: ", "ownkey:vault\n"]
ODD = ["\x00ownkey:vault", " ownkey:vault", "\townkey:vault", "own\x00key:vault", "x\x00",
       "ownkey\uff1avault", "\uff4fwnkey:vault", "o\u200bwnkey:vault", "\u212aownkey:vault",
       "own\u212aey:vault", "ownkey\u02d0vault", "\ufeffownkey:vault", "a b", "\x7f"]


def reserved(directory):
    """names of ours, however they are written: refused, and no token hears of it"""
    with plugged(directory) as (agent, _, token):
        token.stop()  # whoever asked it would say that it is not there
        for rp in OWN + ODD:
            for op in ("token.make", "token.assert"):
                params = {"creds": [b"x" * 40]} if op == "token.assert" else \
                    {"cdh": CDH, **USER, "secret": True}
                statuses = ["TOKEN_RESERVED", "TEXT"] if rp in OWN else ["TEXT"]
                with contextlib.closing(agent.client()) as c:
                    try:
                        reply = c.ask(op, rp_id=rp, **params)
                        assert reply.status in statuses, (rp, reply)
                    except EOFError:  # characters that no message may have
                        assert any(ord(x) < 32 or ord(x) == 127 for x in rp), rp
                    assert not agent.helpers(), "a token was asked about " + repr(rp)


def raw_names(directory):
    """bytes that are no text do not come through either"""
    with plugged(directory) as (agent, _, token):
        token.stop()
        for rp in (b"ownkey:vault", b"ownkey\x80:vault", b"\xc0\xafownkey:", b"ownkey:\x00"):
            with contextlib.closing(agent.client()) as c:
                number, req, _ = OPS["token.assert"]
                fields = pack(req, {"rp_id": "@", "creds": [b"x" * 40]})
                frame = cbor2.dumps({1: number, 2: 9, 3: fields}, canonical=True)
                frame = frame.replace(b"\x61@", bytes([0x60 + len(rp)]) + rp)
                c.sock.sendall(len(frame).to_bytes(4, "big") + frame)
                with contextlib.suppress(EOFError, ConnectionResetError, TimeoutError):
                    reply = receive(c.sock, 2)
                    assert reply[3] != 0, reply
                assert not agent.helpers()


def passkeys(directory):
    """passkey slots only for ssh"""
    with plugged(directory) as (_, c, _):
        for rp in (RP, "sshx:", "SSH:", "xssh:"):
            expect(c.ask("token.make", rp_id=rp, cdh=CDH, resident=True, **USER),
                   "TOKEN_PASSKEY")
        cred = make(c, "ssh:", resident=True, secret=False, algs=[EDDSA])
        use(c, cred, "ssh:")
        expect(ask(c, cred, "ssh:", salt=SALT), "LIE_SECRET")


def refusals(directory):
    """limits, lies about lengths, what needs a touch"""
    with plugged(directory) as (_, c, _):
        cred = make(c)
        for bad, status in [({"salt": SALT + b"x"}, "RANGE"), ({"pubkey": bytes(33)}, "RANGE"),
                            ({"silent": True, "salt": SALT}, "TOKEN_SILENT"),
                            ({"silent": True, "uv": True}, "TOKEN_SILENT")]:
            expect(ask(c, cred, **bad), status)
        for creds in ([], [b"x"] * 65):
            reply = c.ask("token.assert", rp_id=RP, creds=creds)
            assert reply.status in ("RANGE", "TOOBIG"), reply
        expect(c.ask("token.assert", rp_id=RP, creds=[cred.cred_id, b"y" * 40],
                     pubkey=cred.pubkey), "RANGE")
        found = expect(c.ask("token.assert", rp_id=RP, creds=[b"y" * 40] * 63 + [cred.cred_id]),
                       "OK").result
        assert found.cred_id == cred.cred_id
        expect(c.ask("token.make", rp_id=RP, cdh=CDH, secret=True, exclude=[cred.cred_id],
                     **USER), "TOKEN_HASKEY")
        expect(ask(c, cred, rp="example.org"), "TOKEN_NOKEY")
        expect(ask(c, cred, token="unix:/nowhere", nowait=True), "TOKEN_ABSENT")


def silent(directory):
    """without a touch: only that it is there"""
    with plugged(directory) as (_, c, token):
        cred = make(c)
        token.tell("touch-mode", "never")
        c.events.clear()
        r = use(c, cred, silent=True, pubkey=cred.pubkey)
        assert not r.flags & UP and r.checked and not c.count("TOUCH")
        expect(c.ask("token.assert", rp_id=RP, creds=[b"z" * 60], silent=True), "TOKEN_NOKEY")


def lies(directory):
    """what a token can lie about is found out; with its key, all of it"""
    with plugged(directory, {"pin": None}) as (_, c, token):
        cred, other = make(c), make(c)
        expect(ask(c, cred, pubkey=other.pubkey), "LIE_SIGNATURE")
        for fault, status, plain in [
                ("bad-signature", "LIE_SIGNATURE", "OK"), ("no-up", "LIE_PRESENCE", None),
                ("wrong-rp", "LIE_RP", None), ("other-credential", "LIE_CREDENTIAL", None),
                ("short-secret", "LIE_SECRET", None), ("no-secret", "LIE_SECRET", None)]:
            token.restart([fault + ":assert"])
            expect(ask(c, cred, pubkey=cred.pubkey, salt=SALT), status)
            expect(ask(c, cred, salt=SALT), plain or status)
        token.restart(["no-up:make"])
        expect(c.ask("token.make", rp_id=RP, cdh=CDH, secret=True, **USER), "LIE_PRESENCE")
        token.restart(["bad-signature:make"])
        expect(c.ask("token.make", rp_id=RP, cdh=CDH, secret=True, **USER), "LIE_SIGNATURE")
        token.restart([])
        use(c, cred, pubkey=cred.pubkey)


def tries(agent, token):
    with contextlib.closing(agent.client()) as c:
        return c.call("token.info", path=token.path).retries


def pins(directory):
    """two tokens: a PIN goes to the one that has proven itself, or that was touched"""
    with plugged(directory, {"pin": "1111"}, {"pin": "2222"}, person=Person(pin="2222")) as (
            agent, c, one, two):
        one.tell("touch-mode", "never")
        cred = make(c, uv=True)  # the person touches the second one
        assert cred.token == two.path, cred
        one.tell("touch-mode", "auto")
        for _ in range(3):
            r = use(c, cred, uv=True, salt=SALT, pubkey=cred.pubkey)
            assert r.token == two.path and r.flags & UV
        c.person.answers["NEED_PIN"] = ["0000", "2222"]
        use(c, cred, uv=True, pubkey=cred.pubkey)
        assert [e.err for e in c.person.asked[-2:]] != [None, None] and \
            c.person.asked[-1].label == c.person.asked[-2].label
        # nobody knows its key: a silent "yes" proves nothing, so the person points it out
        one.tell("touch-mode", "never")
        use(c, cred, uv=True)
        assert (tries(agent, one), tries(agent, two)) == (8, 8)


def lying_probe(directory):
    """one that claims to have everything gets no PIN, nor does its touch count"""
    with plugged(directory, {"pin": "1111"}, {"pin": "2222", "personality": "alwaysuv"},
                 person=Person(pin="2222")) as (agent, c, liar, true):
        liar.tell("touch-mode", "never")
        cred = make(c, uv=True)
        assert cred.token == true.path
        for fault in ("replay:assert", "other-credential:assert", "bad-signature:assert"):
            liar.restart([fault])
            liar.tell("touch-mode", "never")
            for known in (cred.pubkey, None):
                use(c, cred, uv=True, pubkey=known)
            assert tries(agent, liar) == 8, (fault, tries(agent, liar), agent.said())


def first_touched(directory):
    """without a PIN all are asked, and the one that has it answers"""
    with plugged(directory, {"pin": None}, {"pin": None}) as (_, c, one, two):
        one.tell("touch-mode", "never")
        cred = make(c)
        assert cred.token == two.path
        for params in ({}, {"pubkey": cred.pubkey}):
            assert use(c, cred, salt=SALT, **params).token == two.path


def older(directory):
    """every kind of token that can"""
    for i, personality in enumerate("yk54 solo canokey pico alwaysuv one-secret".split()):
        where = os.path.join(directory, str(i))
        os.mkdir(where)
        with plugged(where, {"personality": personality}) as (_, c, _):
            for algs in ([ES256], [EDDSA]):
                cred = make(c, algs=algs)
                assert cred.alg == -1 - algs[0]
                use(c, cred, salt=SALT, pubkey=cred.pubkey)
                use(c, cred, salt=SALT, uv=True)


def incapable(directory):
    """those that cannot say why; a key without secrets is possible nevertheless"""
    with plugged(directory, {"personality": "no-hmac-secret"}) as (_, c, _):
        expect(c.ask("token.make", rp_id=RP, cdh=CDH, secret=True, **USER), "TOKEN_NOSECRET")
        use(c, make(c, "ssh:x", secret=False), "ssh:x")


def told(directory):
    """touch and PIN name the program and what it wants"""
    pinentry = Pinentry(directory, "pin 1234")
    with plugged(directory, interactive=False, pinentry=pinentry.path) as (_, c, token):
        cred = make(c, "ssh:work")
        token.tell("touch-mode", "never")
        c.events.clear()
        request = c.start("token.assert", rp_id="ssh:work", creds=[cred.cred_id], uv=True)
        event = c.wait_event("TOUCH")
        for word in ("ssh:work", "python3", str(os.getpid())):
            assert word in event.text, event
            assert word in pinentry.said(), pinentry.said()
        until(token.is_waiting, "no touch is wanted")
        token.tell("touch")
        expect(c.wait(request), "OK")


def cancelled(directory):
    """given up, the token is free again"""
    with plugged(directory) as (agent, c, token):
        cred = make(c)
        token.tell("touch-mode", "never")
        request = c.start("token.assert", rp_id=RP, creds=[cred.cred_id])
        until(token.is_waiting, "no touch is wanted")
        c.call("cancel", request=request)
        expect(c.wait(request), "CANCELLED")
        until(lambda: not agent.helpers(), "the helper has gone")
        token.tell("touch-mode", "auto")
        use(c, cred)


def control(directory):
    """control: these checks can fail"""
    with plugged(directory) as (_, c, _):
        cred = make(c)
        r = use(c, cred)
        with contextlib.suppress(InvalidSignature):
            verify(cred, r.authdata + CDH, r.sig)
            raise AssertionError("a wrong signature was taken")


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        no_vault, locked, reserved, raw_names, passkeys, refusals, silent, lies, pins, lying_probe,
        first_touched, older, incapable, told, cancelled, control)]))
