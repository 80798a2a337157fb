"""age files once more (C2SP age.md), by python3-cryptography: a second opinion without age."""

import base64
import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CHUNK = 65536


def b64(text):
    return base64.b64decode(text + b"=" * (-len(text) % 4))


def hkdf(key, salt, info):
    return HKDF(SHA256(), 32, salt, info).derive(key)


def parse(data):
    """Stanzas [(args, body)], the bytes under the MAC, the MAC, the payload."""
    end = data.index(b"\n--- ") + 1
    line_end = data.index(b"\n", end)
    lines = data[:end].split(b"\n")[1:-1]
    stanzas = []
    for line in lines:
        if line.startswith(b"-> "):
            stanzas.append([line[3:].split(b" "), b""])
        else:
            stanzas[-1][1] += line
    return ([(a, b64(b)) for a, b in stanzas], data[:end] + b"---",
            b64(data[end + 4:line_end]), data[line_end + 1:])


def unwrap_passphrase(stanza, passphrase):
    (kind, salt, log_n), body = stanza
    assert kind == b"scrypt"
    key = hashlib.scrypt(passphrase.encode(), salt=b"age-encryption.org/v1/scrypt" + b64(salt),
                         n=1 << int(log_n), r=8, p=1, maxmem=1 << 30, dklen=32)
    return ChaCha20Poly1305(key).decrypt(bytes(12), body, b"")


def unwrap_x25519(stanza, private):
    (kind, share), body = stanza
    assert kind == b"X25519"
    share = b64(share)
    own = X25519PrivateKey.from_private_bytes(private)
    public = own.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    secret = own.exchange(X25519PublicKey.from_public_bytes(share))
    key = hkdf(secret, share + public, b"age-encryption.org/v1/X25519")
    return ChaCha20Poly1305(key).decrypt(bytes(12), body, b"")


def payload(file_key, maced, mac, sealed):
    want = hmac.digest(hkdf(file_key, b"", b"header"), maced, "sha256")
    assert hmac.compare_digest(want, mac), "header"
    aead = ChaCha20Poly1305(hkdf(file_key, sealed[:16], b"payload"))
    sealed, plain, n = sealed[16:], b"", 0
    while True:
        piece, sealed = sealed[:CHUNK + 16], sealed[CHUNK + 16:]
        last = not sealed
        plain += aead.decrypt(n.to_bytes(11, "big") + bytes([last]), piece, b"")
        n += 1
        if last:
            return plain


def open_passphrase(data, passphrase):
    stanzas, maced, mac, sealed = parse(data)
    assert len(stanzas) == 1, stanzas
    return payload(unwrap_passphrase(stanzas[0], passphrase), maced, mac, sealed)


def open_x25519(data, private):
    stanzas, maced, mac, sealed = parse(data)
    for stanza in stanzas:
        try:
            key = unwrap_x25519(stanza, private)
        except Exception:  # pylint: disable=broad-except
            continue
        return payload(key, maced, mac, sealed)
    raise ValueError("no stanza fits")
