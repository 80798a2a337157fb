"""age files once more (C2SP age.md), by python3-cryptography: a second opinion without age."""

import base64
import hashlib
import hmac
import os

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


# --- writing ---

def no_pad(data):
    return base64.b64encode(data).rstrip(b"=")


def wrap(key, file_key):
    return ChaCha20Poly1305(key).encrypt(bytes(12), file_key, b"")


def wrap_x25519(public, file_key):
    """(share, body) of an X25519 stanza."""
    mine = X25519PrivateKey.generate()
    share = mine.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    secret = mine.exchange(X25519PublicKey.from_public_bytes(public))
    return share, wrap(hkdf(secret, share + public, b"age-encryption.org/v1/X25519"), file_key)


def stanza_text(args, body):
    """Arguments as bytes; the body in lines of 64, the last one shorter."""
    text = no_pad(body)
    lines = [text[i:i + 64] for i in range(0, len(text) + 1, 64)]
    return b"\n".join([b"-> " + b" ".join(args), *lines]) + b"\n"


def seal(file_key, stanzas, plain):
    """A file for stanzas [(args, body)]."""
    maced = b"age-encryption.org/v1\n" + b"".join(stanza_text(*s) for s in stanzas) + b"---"
    mac = hmac.digest(hkdf(file_key, b"", b"header"), maced, "sha256")
    nonce = os.urandom(16)
    aead = ChaCha20Poly1305(hkdf(file_key, nonce, b"payload"))
    count = max(1, -(-len(plain) // CHUNK))
    return maced + b" " + no_pad(mac) + b"\n" + nonce + b"".join(
        aead.encrypt(n.to_bytes(11, "big") + bytes([n == count - 1]),
                     plain[n * CHUNK:(n + 1) * CHUNK], b"") for n in range(count))


def seal_passphrase(plain, passphrase, log_n=10):
    salt, file_key = os.urandom(16), os.urandom(16)
    key = hashlib.scrypt(passphrase.encode(), salt=b"age-encryption.org/v1/scrypt" + salt,
                         n=1 << log_n, r=8, p=1, maxmem=1 << 30, dklen=32)
    args = [b"scrypt", no_pad(salt), b"%d" % log_n]
    return seal(file_key, [(args, wrap(key, file_key))], plain)


def seal_x25519(plain, public):
    file_key = os.urandom(16)
    share, body = wrap_x25519(public, file_key)
    return seal(file_key, [([b"X25519", no_pad(share)], body)], plain)


CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def polymod(values):
    check = 1
    for v in values:
        top = check >> 25
        check = (check & 0x1ffffff) << 5 ^ v
        for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
            check ^= g if top >> i & 1 else 0
    return check


def bech32(prefix, data):
    """BIP173 without its limit of length."""
    bits = "".join("{:08b}".format(b) for b in data)
    bits += "0" * (-len(bits) % 5)
    values = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]
    head = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    sum_ = polymod(head + values + [0] * 6) ^ 1
    return prefix + "1" + "".join(
        CHARSET[v] for v in values + [sum_ >> 5 * (5 - i) & 31 for i in range(6)])


def unbech32(text):
    """The bytes, the checksum not looked at."""
    bits = "".join("{:05b}".format(CHARSET.index(c)) for c in text.lower().rsplit("1", 1)[1][:-6])
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits) // 8 * 8, 8))
