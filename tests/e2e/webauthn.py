"""An authenticator of WebAuthn, by python3-cryptography and python3-cbor2: what a browser and a
token answer together, and what they never would."""

import base64
import hashlib
import json
import os
import struct

import cbor2
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128


RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Token:
    """One credential.  alg: -7, -8, -257."""

    def __init__(self, origin, rp, alg=-7):
        self.origin, self.rp, self.alg = origin, rp, alg
        self.id, self.count, self.user = os.urandom(48), 0, b""
        self.key = (ec.generate_private_key(ec.SECP256R1()) if alg == -7 else
                    ed25519.Ed25519PrivateKey.generate() if alg == -8 else
                    rsa.generate_private_key(65537, 2048))

    def cose(self):
        n = self.key.public_key()
        if self.alg == -8:
            return {1: 1, 3: -8, -1: 6, -2: n.public_bytes(*RAW)}
        n = n.public_numbers()
        if self.alg == -7:
            return {1: 2, 3: -7, -1: 1, -2: n.x.to_bytes(32, "big"), -3: n.y.to_bytes(32, "big")}
        return {1: 3, 3: -257, -1: n.n.to_bytes(256, "big"), -2: b"\1\0\1"}

    def sign(self, data):
        if self.alg == -7:
            return self.key.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.alg == -8:
            return self.key.sign(data)
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def client_data(self, kind, asked, **other):
        return json.dumps({"type": kind, "challenge": asked, "origin": self.origin,
                           "crossOrigin": False, **other}).encode()

    def authdata(self, flags, behind=b"", rp=None):
        self.count += 1
        return (hashlib.sha256((rp or self.rp).encode()).digest() +
                struct.pack(">BI", flags, self.count) + behind)

    def create(self, form, flags=UP | UV | AT, **other):
        """Fields of the form that a browser would fill in."""
        self.user = unb64(form["data-user"])
        new = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(self.cose())
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self.authdata(flags, new)})
        return {"client_data": b64(self.client_data("webauthn.create", form["data-challenge"],
                                                    **other)),
                "object": b64(made), "transports": "usb nfc", "found": "1"}

    def get(self, form, flags=UP | UV, rp=None, user=None, **other):
        data = self.authdata(flags, rp=rp)
        client = self.client_data("webauthn.get", form["data-challenge"], **other)
        return {"id": b64(self.id), "client_data": b64(client), "authdata": b64(data),
                "signature": b64(self.sign(data + hashlib.sha256(client).digest())),
                "user_handle": b64(self.user if user is None else user)}
