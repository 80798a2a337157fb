"""Succession logs and cards once more, from ownkey-succession(5): cbor2, cryptography, hashlib.

usage: succession_other.py read FILE...   what is in the block of each, or "refused: why"
       succession_other.py make           a block of each kind, made here
"""

import base64
import hashlib
import hmac
import re
import struct
import sys

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey, Ed25519PublicKey)

INCEPT, ROTATE, REVOKE, BIND = range(4)
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Refused(Exception):
    pass


def need(condition, why):
    if not condition:
        raise Refused(why)


def sha256(data):
    return hashlib.sha256(data).digest()


def dumps(value):
    return cbor2.dumps(value, canonical=True)


def loads(data):
    value = cbor2.loads(data)
    need(dumps(value) == data, "not deterministic")
    return value


def did_key(public):
    number = int.from_bytes(b"\xed\x01" + public, "big")
    text = ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "did:key:z" + text


def is_signed(domain, key, data, signature):
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, domain + sha256(data))
    except InvalidSignature:
        return False
    return True


# --- logs ---

class Log:
    def __init__(self):
        self.n = self.rotations = self.time = 0
        self.revoked = False
        self.bound = {}
        self.identity = self.key = self.next = self.head = self.id = None

    def check_entry(self, e):
        allowed = {1, 2, 3, 5, 6, 7, 8, 9, 10} | ({4} if self.n else set())
        need(set(e) <= allowed and set(e) >= allowed - {9, 10}, "keys of an entry")
        need(e[1] == 1 and e[3] == self.n and e[8] >= self.time, "version, number or time")
        need(len(e[6]) == 1 and len(e[6][0]) == 32 and len(e[7]) == 32, "keys")
        if self.n == 0:
            bare = {k: v for k, v in e.items() if k != 2}
            need(e[5] == INCEPT and e[2] == sha256(dumps(bare))[:16], "inception")
        else:
            need(e[5] != INCEPT and e[2] == self.id and e[4] == self.head, "chain")
        need(not self.revoked or e[5] == ROTATE, "revoked")

    def check_keys(self, e):
        if e[5] in (REVOKE, BIND):
            need(e[6] == [self.key] and e[7] == self.next, "keys change")
            return
        need(e[7] != sha256(e[6][0]), "announces itself")
        if e[5] == ROTATE:
            need(e[6] != [self.key] and e[7] != self.next, "old keys")
            need(sha256(e[6][0]) != self.next and e[7] != sha256(self.key), "crossed keys")

    def check_bindings(self, e):
        rows = e.get(9, [])
        need(9 not in e or (rows and e[5] != REVOKE), "bindings")
        need(rows or e[5] in (ROTATE, REVOKE), "no bindings")
        bound = {} if e[5] == ROTATE else dict(self.bound)
        for row in rows:
            need(set(row) == {1, 2, 3, 4, 5, 6} and len(row[5]) == 32, "binding")
            self.identity = self.identity or (row[1], row[2])
            need(self.identity == (row[1], row[2]), "another identity")
            need(row[3] not in bound, "bound already")
            bound[row[3]] = row[5]
        return bound

    def check_signatures(self, e, entry, signatures):
        for row in signatures:
            need(set(row) == {1, 2}, "signature")
            need(is_signed(b"ownkey1-succession", row[1], entry, row[2]), "signature")
        keys = [row[1] for row in signatures]
        current = e[6][0] if e[5] == INCEPT else self.key
        if e[5] == ROTATE:
            need(len(keys) == 2 and keys[0] == current and sha256(keys[1]) == self.next,
                 "not the phrase's key")
        else:
            need(len(keys) == 1, "signatures")
            need(keys[0] == current or (e[5] == REVOKE and sha256(keys[0]) == self.next),
                 "signer")

    def add(self, signed):
        need(set(signed) == {1, 2}, "signed entry")
        e = loads(signed[1])
        self.check_entry(e)
        self.check_keys(e)
        bound = self.check_bindings(e)
        self.check_signatures(e, signed[1], signed[2])
        self.bound, self.id, self.time = bound, e[2], e[8]
        self.key, self.next = e[6][0], e[7]
        self.revoked = e[5] == REVOKE
        self.rotations += e[5] == ROTATE
        self.head = sha256(dumps(signed))
        self.n += 1

    def __str__(self):
        bound = " ".join("%s=%s" % (k, self.bound[k].hex()) for k in sorted(self.bound))
        return "%s %s %s %d %d %s %s %s %s" % (
            *self.identity, self.id.hex(), self.n, self.rotations,
            "revoked" if self.revoked else "good", did_key(self.key), self.next.hex(), bound)


def read_log(value):
    log = Log()
    need(value, "empty")
    for signed in value:
        log.add(signed)
    return log


def read_card(value):
    need(set(value) == {1, 2}, "signed card")
    body = loads(value[1])
    need(set(body) == {1, 2, 3, 4} and body[1] == 1, "card")
    need(len(body[4]) == len(value[2]), "number of signatures")
    lines = ["card of %s at %d" % (body[2], body[3])]
    for row, signature in zip(body[4], value[2]):
        need(set(row) == {1, 2}, "identity")
        log = read_log(row[1])
        need(is_signed(b"ownkey1-card", log.key, value[1], signature), "signature of the card")
        for text in row[2]:
            need(log.bound.get(text[1]) == sha256(text[2].encode()), "not the key in the log")
        lines.append("%s" % log)
    return "\n".join(lines)


def read(path):
    text = open(path).read()
    kind, data = re.search(r"-----BEGIN OWNKEY (\w+)-----\n(.*?)\n-----END OWNKEY \1-----",
                           text, re.S).groups()
    value = loads(base64.b64decode(data.replace("\n", ""), validate=True))
    return str(read_card(value) if kind == "CARD" else read_log(value))


# --- making ---

def lp(x):
    return struct.pack(">H", len(x)) + x


def phrase_key(root, j):
    info = b"ownkey1" + lp(b"succession") + lp(struct.pack(">II", 0, j)) + struct.pack(">H", 32)
    return Ed25519PrivateKey.from_private_bytes(
        hmac.new(root, info + b"\1", hashlib.sha512).digest()[:32])


def hot_key(name):
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()))


def public(key):
    return key.public_key().public_bytes(serialization.Encoding.Raw,
                                         serialization.PublicFormat.Raw)


def binding(purpose, text, epoch):
    return {1: "matrix", 2: "@bob:example.org", 3: purpose, 4: "ed25519",
            5: sha256(text.encode()), 6: epoch}


def sign(entry, keys):
    data = dumps(entry)
    message = b"ownkey1-succession" + sha256(data)
    return {1: data, 2: [{1: public(k), 2: k.sign(message)} for k in keys]}


def make_log():
    root = bytes(range(32))
    hot = [hot_key("bob %d" % i) for i in range(3)]
    phrase = [phrase_key(root, j) for j in range(4)]
    entry = {1: 1, 3: 0, 5: INCEPT, 6: [public(hot[0])], 7: sha256(public(phrase[0])), 8: 100,
             9: [binding("master", "one", 0)]}
    identifier = sha256(dumps(entry))[:16]
    log = [sign({**entry, 2: identifier}, [hot[0]])]

    def add(kind, key, announced, keys, **kw):
        entry = {1: 1, 2: identifier, 3: len(log), 4: sha256(dumps(log[-1])), 5: kind,
                 6: [public(key)], 7: sha256(public(announced)), 8: 100 + len(log),
                 **{int(k[1:]): v for k, v in kw.items()}}
        log.append(sign(entry, keys))

    add(BIND, hot[0], phrase[0], [hot[0]], _9=[binding("device", "d", 0)])
    add(ROTATE, hot[1], phrase[1], [hot[0], phrase[0]], _9=[binding("master", "two", 1)],
        _10="verloren – é")
    add(REVOKE, hot[1], phrase[1], [phrase[1]])
    add(ROTATE, hot[2], phrase[2], [hot[1], phrase[1]], _9=[binding("master", "three", 2)])
    return log, hot[2]


def print_block(kind, value):
    data = base64.b64encode(dumps(value)).decode()
    print("-----BEGIN OWNKEY %s-----" % kind)
    for i in range(0, len(data), 64):
        print(data[i:i + 64])
    print("-----END OWNKEY %s-----" % kind)


def make():
    log, key = make_log()
    print(read_log(log))
    print_block("SUCCESSION", log)
    body = dumps({1: 1, 2: "Bob", 3: 7000, 4: [{1: log, 2: [{1: "master", 2: "three"}]}]})
    print_block("CARD", {1: body, 2: [key.sign(b"ownkey1-card" + sha256(body))]})


if sys.argv[1] == "make":
    make()
else:
    for name in sys.argv[2:]:
        try:
            print(read(name))
        except Refused as why:
            print("refused: %s" % why)
