"""The vault file once more, from the page of the design: read with the recovery phrase, and made
anew, for tests that plant what an attacker would."""

import hashlib
import hmac
import os
import struct

import cbor2
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from job import encode
from worker import kdf, lp, root_of

BODY, SLOTS, SLOT = 33280, 512, 2048
HDR = 1408


def expand(key, info, length):
    out, block, n = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + info + bytes([n]), hashlib.sha512).digest()
        out, n = out + block, n + 1
    return out[:length]


def extract(salt, ikm):
    return hmac.new(salt, ikm, hashlib.sha512).digest()


def keys(key, label, nonce, ad):
    okm = expand(key, b"ownkey1seal" + lp(label) + nonce + hashlib.sha512(ad).digest(), 64)
    return okm[:32], okm[32:]


def seal(key, label, ad, text):
    nonce = os.urandom(32)
    k, commitment = keys(key, label, nonce, ad)
    return nonce + commitment + ChaCha20Poly1305(k).encrypt(bytes(12), text, b"")


def unseal(key, label, ad, box):
    k, commitment = keys(key, label, box[:32], ad)
    assert commitment == box[32:64], "wrong key"
    return ChaCha20Poly1305(k).decrypt(bytes(12), box[64:], b"")


class Vault:
    """A file in parts; edit them, then bytes()."""

    def __init__(self, data):
        self.head = bytearray(data[:BODY])
        total, = struct.unpack(">I", data[12:16])
        self.box = data[BODY:total - 32]
        self.journal = data[total:]
        assert hashlib.sha256(data[:total - 32]).digest() == data[total - 32:total]

    def bytes(self):
        self.head[12:16] = struct.pack(">I", BODY + len(self.box) + 32)
        self.head[48:52] = struct.pack(">I", len(self.box))
        data = bytes(self.head) + self.box
        return data + hashlib.sha256(data).digest() + self.journal

    def slot(self, i):
        return bytes(self.head[SLOTS + i * SLOT:SLOTS + (i + 1) * SLOT])

    def put_slot(self, i, slot):
        self.head[SLOTS + i * SLOT:SLOTS + (i + 1) * SLOT] = slot

    @property
    def id(self):
        return bytes(self.head[16:32])

    def phrase_slot(self):
        return next(i for i in range(16) if self.slot(i)[:2] == b"\1\4")

    def prk(self, i, words):
        s = self.slot(i)
        rec = kdf(root_of(words.split()), b"recovery", s[16:32], 32)
        return extract(s[48:80], lp(b"") + lp(b"") + lp(rec) + lp(b""))

    def vrk(self, words):
        i = self.phrase_slot()
        s = self.slot(i)
        assert s[3] == 0, "deferred"
        kek = expand(self.prk(i, words), b"ownkey1 slot" + s[:HDR], 32)
        return unseal(kek, b"vrk", self.id + s[:HDR], s[1408:1408 + 112])

    def body(self, vrk):
        text = unseal(kdf(vrk, b"body", b"", 32), b"body", bytes(self.head), self.box)
        n, = struct.unpack(">I", text[:4])
        return cbor2.loads(text[4:4 + n])

    def put_body(self, vrk, body):
        """Sealed for the head as it is now."""
        text = encode(body)
        text = struct.pack(">I", len(text)) + text
        unit = max(4096, 1 << max(len(text).bit_length() - 1 - 4, 0))
        text += bytes(-len(text) % unit)
        self.head[12:16] = struct.pack(">I", BODY + len(text) + 80 + 32)
        self.head[48:52] = struct.pack(">I", len(text) + 80)
        self.box = seal(kdf(vrk, b"body", b"", 32), b"body", bytes(self.head), text)

    def records(self):
        """Offsets of the journal's records in the file, and its end."""
        start = BODY + len(self.box) + 32
        at, out = 0, [start]
        while at < len(self.journal):
            assert self.journal[at:at + 4] == b"OWJ1"
            at += struct.unpack(">I", self.journal[at + 4:at + 8])[0]
            out.append(start + at)
        return out

    def defer(self, i, auth, vrk):
        """A deferred wrap of vrk for slot i by somebody who believes that auth is its key."""
        s = bytearray(self.slot(i))
        s[3] = 1
        hdr = bytes(s[:HDR])
        xp = hdr[96:128]
        e = X25519PrivateKey.generate()
        epk = e.public_key().public_bytes_raw() if hasattr(
            e.public_key(), "public_bytes_raw") else raw(e.public_key())
        dh = e.exchange(X25519PublicKey.from_public_bytes(xp))
        k1 = expand(extract(auth, lp(dh) + lp(epk) + lp(xp)), b"ownkey1 slot deferred" + hdr, 32)
        box = epk + seal(k1, b"vrk", self.id + hdr, vrk)
        s[1408:1600] = box + bytes(192 - len(box))
        self.put_slot(i, bytes(s))


def raw(public):
    # pylint: disable=import-outside-toplevel
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)
