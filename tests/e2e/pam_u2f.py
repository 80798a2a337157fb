"""Lines as pamu2fcfg(1) prints them, with credentials of the software token.

pam_u2f itself judges them too: with its option manual it shows its challenge, and takes the
assertion as typed."""

import base64
import contextlib
import ctypes
import glob
import os
import socket
import subprocess
import sys
import types

import cbor2
from fido2.ctap2 import Ctap2
from fido2.hid import CtapHidDevice
from fido2.hid.base import HidDescriptor

from job import run
from pamhost import CONVERSE, ME, Conversation, Stack, b64, libc
from softtoken import Connection
from token_job import ASSERT, MAKE, UV_NONE, UV_PIN, Token, expect

HERE = "pam://" + socket.gethostname()
PIN = "1234"
TYPE = {-7: "es256", -8: "eddsa"}
libc.strdup.restype = ctypes.c_void_p
FOREIGN = bool(glob.glob("/usr/lib/*/security/pam_u2f.so"))


class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


class Manual:
    """A person with fido2-assert(1): what pam_u2f shows is signed by a token, and typed."""

    def __init__(self, rp_id, tokens):
        self.rp_id, self.tokens = rp_id, tokens
        self.shown, self.typed = [], []

    def sign(self, challenge, handle):
        """By whichever token has it; one that is refused gives what verifies nowhere."""
        handle = base64.urlsafe_b64decode(handle.replace("+", "-").replace("/", "_") + "===")
        for token, pin in self.tokens:
            got = token.job(ASSERT, rp_id=self.rp_id, cdh=challenge, creds=[handle], up=True,
                            uv=UV_PIN if pin else UV_NONE, pin=pin and pin.encode(),
                            timeout_ms=10000).end()
            if got.verdict == "OK":
                return got.authdata, got.sig
        return bytes(37), bytes(8)

    def answers(self):
        for text in self.shown:
            if text.count("\n") == 2:
                challenge, rp_id, handle = text.split("\n")
                assert rp_id == self.rp_id, text
                data, sig = self.sign(base64.b64decode(challenge), handle)
                yield from [challenge, rp_id, b64(cbor2.dumps(data)), b64(sig)]

    def talk(self, _count, messages, out, _data):
        message = messages[0].contents
        text = message.text.decode()
        answer = None
        if text.startswith("Response"):
            if not self.typed:
                self.typed = list(self.answers())
                self.typed.reverse()
            answer = self.typed.pop().encode()
        self.shown.append(text)
        at = libc.calloc(ctypes.c_size_t(1), ctypes.c_size_t(ctypes.sizeof(Response)))
        if answer is not None:
            Response.from_address(at).text = libc.strdup(answer)
        out[0] = at
        return 0


class Both(Stack):
    """One authfile for both; rp_id None: nothing is said about it to either."""

    def __init__(self, directory, *tokens, rp_id=None, options=()):
        super().__init__(directory)
        self.tokens, self.rp_id = tokens, rp_id or HERE
        said = ["rpid=" + rp_id] if rp_id else []
        self.service("ours", "wait=0", *said, *options,
                     sources=[t.path for t, _pin in tokens])
        self.log = os.path.join(directory, "log")
        self.write("theirs", "auth required pam_u2f.so manual debug debug_file=%s authfile=%s %s"
                   % (self.log, self.map, "origin=" + rp_id if rp_id else ""))

    def theirs(self):
        """PAM's number, and what it says about what it read."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.log)
        open(self.log, "x").close()
        person = Manual(self.rp_id, self.tokens)
        pam, handle = ctypes.CDLL("libpam.so.0"), ctypes.c_void_p()
        talk = Conversation(CONVERSE(person.talk), None)
        assert pam.pam_start_confdir(b"theirs", ME.encode(), ctypes.byref(talk),
                                     self.services.encode(), ctypes.byref(handle)) == 0
        code = pam.pam_authenticate(handle, 0)
        pam.pam_end(handle, code)
        with open(self.log) as f:
            return code, f.read()

    def accept(self, *lines, read=(), typed=(), theirs=True):
        """By both; theirs=False: pam_u2f reads it, but may be too old to use it."""
        self.put_map(*lines)
        code, text = self.run(service="ours", types=typed)
        assert code == "PAM_SUCCESS", (lines, code, text)
        assert ("PIN of your token" in text) == bool(typed), (lines, text)
        if FOREIGN:
            code, text = self.theirs()
            assert code == 0 or not theirs, (lines, code, text)
            for words in read:
                assert words in text, (words, text)

    def refuse(self, *lines, code="PAM_AUTHINFO_UNAVAIL", words="", theirs=None, read=()):
        """By us with that; theirs: what pam_u2f does, where it is said."""
        self.put_map(*lines)
        got, text = self.run(service="ours")
        assert got == code and words in text, (lines, got, text)
        if FOREIGN and theirs is not None:
            got, text = self.theirs()
            assert (got == 0) == theirs, (lines, got, text)
            for w in read:
                assert w in text, (w, text)


def make(token, rp_id=HERE, pin=None):
    return expect(token.job(MAKE, rp_id=rp_id, cdh=bytes(32), user="me", user_id=b"me",
                            timeout_ms=10000, pin=pin and pin.encode(),
                            uv=UV_PIN if pin else UV_NONE).end(), "OK")


def make_eddsa(token):
    """ownkey-token asks for ES256 where a token has both."""
    to = CtapHidDevice(HidDescriptor(token.socket, 0, 0, 64, 64), Connection(token.socket))
    got = Ctap2(to).make_credential(bytes(32), {"id": HERE, "name": HERE},
                                    {"id": b"me", "name": "me"},
                                    [{"type": "public-key", "alg": -8}])
    to.close()
    of = got.auth_data.credential_data
    return types.SimpleNamespace(cred_id=of.credential_id, pubkey=of.public_key[-2], alg=-8)


def device(made, attributes="+presence", **other):
    """As pamu2fcfg prints it."""
    f = {"handle": b64(made.cred_id), "key": b64(made.pubkey), "type": TYPE[made.alg], **other}
    return "%s,%s,%s,%s" % (f["handle"], f["key"], f["type"], attributes)


def old(made, key=None):
    """As it was before FIDO2: the handle in websafe base64, the point in hex."""
    handle = base64.urlsafe_b64encode(made.cred_id).decode().rstrip("=")
    return "%s,%s" % (handle, key or "04" + made.pubkey.hex())


def row(*devices):
    return ":".join([ME, *devices])


def test_new(directory):
    """the format of today, for the name pam://HOSTNAME that both take by themselves"""
    with Token(directory) as token, Both(directory, (token, None)) as both:
        made = make(token)
        both.accept(row(device(made)), read=[
            "KeyHandle for device number 1: " + b64(made.cred_id),
            "publicKey for device number 1: " + b64(made.pubkey),
            "COSE type for device number 1: " + TYPE[made.alg],
            "Attributes for device number 1: +presence"])


def test_eddsa(directory):
    """EdDSA (pamu2fcfg -t EDDSA, from 1.2.0 on), alone and beside ES256"""
    with Token(directory) as token, Both(directory, (token, None)) as both:
        made = make_eddsa(token)
        both.accept(row(device(made)), read=["COSE type for device number 1: eddsa"], theirs=False)
        both.accept(row(device(made), device(make(token))), read=["Found 2 device(s)"],
                    theirs=False)
        both.refuse(row(device(make(token), type="eddsa")), theirs=False)
        both.refuse(row(device(made, type="es256")), theirs=False)


def test_origin(directory):
    """the name of option rpid, which is origin there; another name is another credential"""
    with Token(directory) as token, \
            Both(directory, (token, None), rp_id="pam://fleet.example") as both:
        made = make(token, "pam://fleet.example")
        both.accept(row(device(made)))
        both.refuse(row(device(make(token))), code="PAM_AUTH_ERR", theirs=False)


def test_attributes(directory):
    """+verification, +pin, and both, in any order: the PIN is asked for"""
    with Token(directory, "--pin", PIN) as token, Both(directory, (token, PIN)) as both:
        made = make(token, pin=PIN)
        for words in ["+presence+verification", "+presence+pin", "+presence+verification+pin",
                      "+pin+presence"]:
            both.accept(row(device(made, words)), typed=[PIN],
                        read=["Attributes for device number 1: " + words])


def test_several(directory):
    """two tokens in a line: each logs in alone; the other's handle is no hindrance"""
    with Token(directory, name="a") as a, Token(directory, name="b") as b:
        first, second = make(a), make(b)
        for i, token in enumerate((a, b)):
            folder = os.path.join(directory, str(i))
            os.mkdir(folder)
            with Both(folder, (token, None)) as both:
                both.accept(row(device(first), device(second)), read=["Found 2 device(s)"])
                both.accept(row(old(first), device(second)))


def test_old(directory):
    """the format before FIDO2; its key is hex, and only hex"""
    with Token(directory) as token, Both(directory, (token, None)) as both:
        made = make(token)
        both.accept(row(old(made)))
        both.accept(row(old(made, "04" + made.pubkey.hex().upper())))
        for key in [b64(b"\x04" + made.pubkey), "04" + made.pubkey.hex()[:-2]]:
            both.refuse(row(old(made, key)), theirs=False)
        # no program wrote that: x and y without the 04 in front
        both.refuse(row(old(made, made.pubkey.hex())))


def test_around(directory):
    """remarks, empty lines and other people's lines, even bad ones, change nothing"""
    with Token(directory) as token, Both(directory, (token, None)) as both:
        good = row(device(make(token)))
        both.accept("# who may log in", "", "#" + good, "somebody:*,x,y", "", good,
                    ME + "x:bad", "")
        both.refuse("#" + good, "", code="PAM_USER_UNKNOWN", theirs=False)


def test_last(directory):
    """the last line of an account counts: what is gone from it is revoked"""
    with Token(directory) as token, Both(directory, (token, None)) as both:
        made = make(token)
        good = row(device(made))
        gone = row(device(made, handle=b64(b"x" * 64)))
        both.accept(gone, good)
        both.refuse(good, gone, code="PAM_AUTH_ERR", theirs=False)


def test_refused(directory):
    """what the manual says is refused: -r, -P, RSA; a bad one beside a good one refuses both"""
    with Token(directory) as token, Both(directory, (token, None)) as both:
        made = make(token)
        good = device(made)
        for bad, read in [
                (device(made, handle="*"), "KeyHandle for device number 2: *"),
                (device(made, ""), "device number 2"),
                (device(made, "+verification"), "Attributes for device number 2: +verification"),
                (device(made, type="rs256"), "COSE type for device number 2: rs256"),
                (device(made, type="es384"), "COSE type for device number 2: es384"),
                (device(made, key=b64(made.pubkey[:-1])), "device number 2")]:
            both.refuse(row(bad))
            both.refuse(row(good, bad))
            if FOREIGN:
                _code, text = both.theirs()
                assert read in text, (read, text)


def test_sshformat(directory):
    """a key file of ssh (option sshformat) names no account, and the option is refused"""
    key = os.path.join(directory, "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key],
                   check=True)
    with Token(directory) as token, Both(directory, (token, None)) as both:
        with open(key) as f:
            lines = f.read().rstrip("\n").split("\n")
        both.refuse(*lines, code="PAM_USER_UNKNOWN")
        both.service("ours", "wait=0", "sshformat", sources=[token.path])
        both.refuse(*lines, code="PAM_SERVICE_ERR")


TESTS = [v for k, v in sorted(globals().items()) if k.startswith("test_")]

if __name__ == "__main__":
    if not FOREIGN:
        print("# no pam_u2f is installed: ours alone", flush=True)
    sys.exit(run(TESTS))
