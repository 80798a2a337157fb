"""Another reader of ownkey's vaults, written from ownkey-vault(5) alone: nothing of ownkey is used.

usage: other_reader.py VAULT phrase|passphrase WORDLIST <answer

Prints what is in the vault as JSON: secrets by name, and for each key of an identity its private
and public bytes.  WORDLIST: any file that has BIP39's English words in order, quoted.  Never use
this on a vault of yours: nothing is wiped.
"""

import ctypes
import ctypes.util
import hashlib
import hmac
import json
import re
import struct
import sys
import unicodedata

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

PUBLIC = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
ORDER = {"p256": 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551,
         "secp256k1": 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141}


class Refused(Exception):
    pass


def require(true, why):
    if not true:
        raise Refused(why)


def u16(n):
    return struct.pack(">H", n)


def u32(n):
    return struct.pack(">I", n)


def u64(n):
    return struct.pack(">Q", n)


# --- PRIMITIVES ---

def lp(x):
    return u16(len(x)) + x


def expand(prk, info, length):
    return HKDFExpand(hashes.SHA512(), length, info).derive(prk)


def extract(salt, ikm):
    return hmac.digest(salt, ikm, "sha512")


def kdf(key, label, ctx, length):
    return expand(key, b"ownkey1" + lp(label) + lp(ctx) + u16(length), length)


def unseal(key, label, ad, box):
    require(len(box) >= 80, "box too short")
    n, commitment, rest = box[:32], box[32:64], box[64:]
    okm = expand(key, b"ownkey1seal" + lp(label) + n + hashlib.sha512(ad).digest(), 64)
    require(hmac.compare_digest(okm[32:], commitment), "other key, label or context")
    try:
        return ChaCha20Poly1305(okm[:32]).decrypt(bytes(12), rest, b"")
    except InvalidTag:
        raise Refused("damaged box") from None


def strict(data):
    """Deterministic CBOR: what comes out goes back in to the same bytes."""
    value = cbor2.loads(data)
    require(cbor2.dumps(value, canonical=True) == data, "CBOR is not deterministic")
    return value


def padded(plain):
    length, = struct.unpack(">I", plain[:4])
    require(4 + length <= len(plain) and not any(plain[4 + length:]), "wrong padding")
    return length, plain[4:4 + length]


# --- OUTSIDE ---

class Outside:
    def __init__(self, data):
        require(data[:8] == b"\x89OWK\r\n\x1a\n", "no vault")
        version, least, self.total, self.vault_id, self.generation = struct.unpack(
            ">HHI16sQ", data[8:40])
        require(version >= 1 and least == 1, "a later version")
        nslots, size, offset, self.body_len = struct.unpack(">HHII", data[40:52])
        require((nslots, size, offset) == (16, 2048, 33280), "edited head")
        require(self.total == 33280 + self.body_len + 32 <= len(data), "damaged")
        require(self.body_len >= 4176 and (self.body_len - 80) % 4096 == 0, "damaged")
        self.trailer = data[self.total - 32:self.total]
        require(hashlib.sha256(data[:self.total - 32]).digest() == self.trailer, "damaged")
        require(data[64:71] == b"ownkey:" and not data[127] and not any(data[52:64]) and
                not any(data[192:512]) and self.generation, "edited head")
        self.data = data
        self.slots = [data[512 + 2048 * i:512 + 2048 * (i + 1)] for i in range(16)]


def slot_is_usable(s):
    factors = s[1]
    return s[0] == 1 and 1 <= factors <= 7 and s[3] <= 1 and not any(s[4:8]) and \
        not any(s[160:256]) and not any(s[1600:]) and any(s[16:32]) and \
        any(s[96:128]) and struct.unpack(">Q", s[8:16])[0] % 86400 == 0


# --- KEYS ---

def x25519_public(private):
    return x25519.X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(*PUBLIC)


def exchange(private, public):
    # all zero is refused by the library
    return x25519.X25519PrivateKey.from_private_bytes(private).exchange(
        x25519.X25519PublicKey.from_public_bytes(public))


def vrk_of(outside, s, factors):
    """None: these are not the factors of this slot."""
    hdr, slot_id, kdf_salt, wrap = s[:1408], s[16:32], s[48:80], s[1408:1600]
    prk = extract(kdf_salt, b"".join(lp(f) for f in factors))
    xs = expand(prk, b"ownkey1 slot x25519" + slot_id, 32)
    xp = x25519_public(xs)
    if xp != s[96:128]:
        return None
    ad = outside.vault_id + hdr
    if s[3] == 0:
        require(not any(wrap[112:]), "slot edited")
        return unseal(expand(prk, b"ownkey1 slot" + hdr, 32), b"vrk", ad, wrap[:112])
    auth = expand(prk, b"ownkey1 slot auth" + slot_id, 32)
    epk = wrap[:32]
    k1 = expand(extract(auth, lp(exchange(xs, epk)) + lp(epk) + lp(xp)),
                b"ownkey1 slot deferred" + hdr, 32)
    require(not any(wrap[144:]), "slot edited")
    return unseal(k1, b"vrk", ad, wrap[32:144])


def phrase_root(words, wordlist):
    """BIP39 backwards: 24 words are 256 bits and 8 bits of SHA-256."""
    bits = 0
    require(len(words) == 24, "not 24 words")
    for word in words:
        require(word in wordlist, "unknown word")
        bits = bits << 11 | wordlist.index(word)
    root = (bits >> 8).to_bytes(32, "big")
    require(hashlib.sha256(root).digest()[0] == bits & 255, "a word is wrong")
    return root


def argon2id(passphrase, salt, m, t):
    sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
    out = ctypes.create_string_buffer(32)
    done = sodium.crypto_pwhash(out, ctypes.c_ulonglong(32), passphrase,
                                ctypes.c_ulonglong(len(passphrase)), salt, ctypes.c_ulonglong(t),
                                ctypes.c_size_t(m * 1024), ctypes.c_int(2))
    require(done == 0, "Argon2 failed")
    return out.raw


def factors_of(s, way, answer):
    """f1, f2, f3, f4"""
    if way == "phrase":
        return b"", b"", kdf(answer, b"recovery", s[16:32], 32), b""
    m, t = struct.unpack(">II", s[32:40])
    return b"", argon2id(answer, s[80:96], m, t), b"", b""


def open_slot(outside, way, answer):
    wanted = {"phrase": 4, "passphrase": 2}[way]
    for s in outside.slots:
        if slot_is_usable(s) and s[1] == wanted:
            vrk = vrk_of(outside, s, factors_of(s, way, answer))
            if vrk:
                return vrk, "deferred" if s[3] else "plain"
    raise Refused("this way in does not open this vault")


# --- BODY and JOURNAL ---

def read_body(outside, vrk):
    ad, box = outside.data[:33280], outside.data[33280:33280 + outside.body_len]
    plain = unseal(kdf(vrk, b"body", b"", 32), b"body", ad, box)
    length, cbor = padded(plain)
    unit = max(4096, 1 << ((4 + length).bit_length() - 1 - 4))
    require(len(plain) == -(-(4 + length) // unit) * unit, "wrong padding")
    body = strict(cbor)
    require(body[1] == outside.generation, "body of another generation")
    return body


def by_id(rows):
    return {row[1]: row for row in rows}


def apply(body, change):
    for tomb in change.get(6, []):
        key = 3 if tomb.get(2, 0) == 1 else 5
        body[key] = [row for row in body.get(key, []) if row[1] != tomb[1]]
        body.setdefault(6, []).append(tomb)
    for key in (3, 4, 5):
        rows = by_id(body.get(key, []))
        rows.update(by_id(change.get(key, [])))
        body[key] = list(rows.values())
    for key, value in change.items():
        if key not in (1, 3, 4, 5, 6):
            body[key] = value


def replay(outside, vrk, body):
    rest, prev, generation, n = outside.data[outside.total:], outside.trailer, outside.generation, 0
    while rest:
        require(rest[:4] == b"OWJ1", "damaged journal")
        total, said, before = struct.unpack(">IQ32s", rest[4:48])
        require(0 < total <= 64 << 20 and total % 4096 == 0 and total <= len(rest), "torn journal")
        record, rest = rest[:total], rest[total:]
        require(hashlib.sha256(record[:-32]).digest() == record[-32:], "damaged record")
        require(before == prev and said == generation + 1, "record of another file")
        prev, generation, n = record[-32:], said, n + 1
        plain = unseal(kdf(vrk, b"journal", u64(generation), 32), b"journal", record[:48],
                       record[48:-32])
        apply(body, strict(padded(plain)[1]))
    return n


# --- IDENTITIES ---

def password(stream, n, alphabet):
    return "".join(alphabet[struct.unpack(">I", stream[4 * i:4 * i + 4])[0] % len(alphabet)]
                   for i in range(n)).encode()


def derive(seed, components, alg):
    node = hmac.digest(b"ownkey1 root", seed, "sha512")
    for level, component in enumerate(components, 1):
        node = hmac.digest(node, b"ownkey1 child" + bytes([level]) + lp(component), "sha512")
    if alg.startswith("password."):
        kind, n = alg.split(".")[1:]
        upper, lower = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
        alphabet = [c for c in upper + lower + "23456789" if c not in "IOl"] \
            if kind == "alnum" else [chr(c) for c in range(0x21, 0x7f)]
        return password(kdf(node, b"key", alg.encode(), 4 * int(n)), int(n), alphabet)
    if alg in ORDER:
        d = int.from_bytes(kdf(node, b"key", alg.encode(), 48), "big") % (ORDER[alg] - 1) + 1
        return d.to_bytes(32, "big")
    return kdf(node, b"key", alg.encode(), 32)


def public_of(alg, private):
    if alg == "ed25519":
        key = ed25519.Ed25519PrivateKey.from_private_bytes(private)
        return key.public_key().public_bytes(*PUBLIC)
    if alg == "x25519":
        return x25519_public(private)
    if alg in ORDER:
        curve = ec.SECP256R1() if alg == "p256" else ec.SECP256K1()
        return ec.derive_private_key(int.from_bytes(private, "big"), curve).public_key() \
            .public_bytes(serialization.Encoding.X962,
                          serialization.PublicFormat.UncompressedPoint)
    return b""


# --- what is in it ---

def seeds_of(body, vrk):
    out = {}
    for seed in body[4]:
        g = u32(seed[1])
        out[seed[1]] = unseal(kdf(vrk, b"seedbox", g, 32), b"seedbox", g, seed[2])
    return out


def contents(body, vrk):
    seeds, keys, secrets = seeds_of(body, vrk), {}, {}
    for item in body.get(5, []):
        ctx = item[1] + u32(item[4])
        if item[2] == 2:
            secrets[item[3]] = unseal(kdf(vrk, b"item", ctx, 32), b"item", ctx, item[8]).decode()
            continue
        origin = item[7]
        if item[2] != 1 or origin.get(1, 0) != 0:
            continue
        epoch = item[12][-1][1] if item.get(12) else 0
        path = [origin[3].encode(), origin[4].encode(), origin[5].encode(), u32(epoch)]
        private = derive(seeds[origin.get(2, 0)], path, origin[6])
        keys[item[3]] = {"alg": origin[6], "private": private.hex(),
                         "public": public_of(origin[6], private).hex()}
    return seeds, keys, secrets


def main():
    data = open(sys.argv[1], "rb").read()
    way, answer = sys.argv[2], sys.stdin.read().strip()
    wordlist = re.findall(r'"([a-z]+)"', open(sys.argv[3], encoding="utf-8").read())[-2048:]
    root = None
    if way == "phrase":
        answer = root = phrase_root(answer.split(), wordlist)
    else:
        answer = unicodedata.normalize("NFC", answer).encode()
    outside = Outside(data)
    vrk, wrap = open_slot(outside, way, answer)
    body = read_body(outside, vrk)
    records = replay(outside, vrk, body)
    seeds, keys, secrets = contents(body, vrk)
    if root:
        for seed in body[4]:
            seed_g = kdf(root, b"seed", u32(seed[1]), 32)
            require(seeds[seed[1]] == seed_g, "seed of another phrase")
            require(seed[4] == kdf(root, b"fingerprint", b"", 4), "fingerprint of another phrase")
    json.dump({"wrap": wrap, "records": records, "keys": keys, "secrets": secrets,
               "lines": len(body.get(11, [])),
               "slots": sorted(note[3] for note in body[3])}, sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except Refused as e:
        sys.exit("refused: %s" % e)
