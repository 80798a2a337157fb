"""A backup, between ownkey-worker, a person who has the file, and the vault."""

import base64
import hashlib
import json
import os
import random
import sys
import threading
import time

from agefile import seal_passphrase, seal_x25519
from job import ERR, receive, run, send
from worker import (ERROR, FAILED, MORE, OK, OPS, RESULT, SLOTS, TEXT, ZERO, ZERO_WORDS,
                    expect_failed, fingerprint, is_closed, kdf, recs, start, u32)
from worker_shares import split, wordlist

OPEN = OPS.index("BACKUP_OPEN")
HEAD, SEED, VALUE, ITEM = 4, 5, 6, 7
DATA, WANT = 6, 7
PASS = "one two"


def passphrase(root, generation=0):
    raw = kdf(root, b"backup", u32(generation), 16)
    bits = "".join("{:08b}".format(b) for b in raw)
    words = wordlist()
    return "-".join(words[int(bits[11 * i:11 * i + 11], 2)] for i in range(10))


def document(items=3, size=100, **more):
    """A backup; what the vault hears of it."""
    data = {
        "format": "ownkey-backup", "version": 1, "about": ["\\\"}]{["], "created":
        "2026-11-23T14:05:06Z", "vault": {"id": "ab" * 16, "generation": 7, "made": "x"},
        "rules": {"items": [{"record": 1}]},
        "seeds": [{"generation": g, "fingerprint": "01020304", "made": "2000-02-29T00:00:00Z",
                   "seed": bytes([g] * 32).hex(), "backup_passphrase": "a-b"} for g in (0, 3)],
        "ways_in": [], "body": {"9": "oA==", "77": "gQE="}, "items": []}
    events = [{1: HEAD, 52: 1795442706},
              {1: HEAD, 41: 7, 54: b"\xab" * 16}]
    events += [{1: SEED, 4: bytes([g] * 32), 7: "a-b", 8: b"\1\2\3\4", 52: 951782400,
                **({41: g} if g else {})} for g in (0, 3)]
    events += [{1: VALUE, 50: b"\xa0", 51: 9}, {1: VALUE, 50: b"\x81\x01", 51: 77}]
    for i in range(items):
        record, value = b"\xa0%d" % i, os.urandom(size // 2).hex() + "\n\"\\\u00e4\U0001f511"
        item = {"kind": "secret", "name": "n%d" % i, "value": value, "forms": [{"value": "]"}],
                "record": base64.b64encode(record).decode()}
        event = {1: ITEM, 3: value.encode(), 50: record}
        if i % 3 == 1:
            event[3] = os.urandom(size)
            del item["value"]
            item["base64"] = base64.b64encode(event[3]).decode()
        if i % 3 == 2:
            del item["value"], event[3]
        data["items"].append(item)
        events.append(event)
    return {**data, **more}, events


def feed(person, blob, piece=65536):
    """The file, until the worker has enough of it; what it said, and the rest."""
    at = 0
    while at < len(blob) or not blob:
        n = min(piece, len(blob) - at)
        at += n
        send(person, {1: DATA, 8: blob[at - n:at], **({5: True} if at < len(blob) else {})})
        answer = receive(person)
        if answer != {1: MORE}:
            return answer, blob[at:]
    return None, b""


def stream(person, rest, piece=65536):
    try:
        for at in range(0, len(rest), piece):
            more = {5: True} if at + piece < len(rest) else {}
            send(person, {1: DATA, 8: rest[at:at + piece], **more})
    except OSError:
        pass


def events_of(w, timeout=20):
    out = []
    while not out or out[-1][1] not in (RESULT, ERROR):
        out.append(w.receive(timeout))
    return out


def open_file(blob, typed, piece=65536, job=None):
    """All that the vault hears."""
    w = start({1: OPEN, 6: SLOTS[:1], 12: 20000, **(job or {})})
    person = w.bring_person()
    answer, rest = feed(person, blob, piece)
    for text, expected in typed:
        if answer[1] == FAILED:
            assert answer[5], answer
        else:
            assert answer[1] in (WANT, MORE), answer
        send(person, {1: TEXT, 2: text.encode()})
        answer = receive(person)
        assert answer[1] == expected or answer.get(3) == ERR.get(expected), (answer, expected)
    told = []
    if answer == {1: OK, 5: True}:
        sender = threading.Thread(target=stream, args=(person, rest, piece))
        sender.start()
        heard = events_of(w)
        told.append(receive(person))
        sender.join()
    else:
        told.append(answer)
        heard = events_of(w)
    w.ends()
    assert w.said() == b"", w.said()
    w.close()
    return heard, told[0]


def expect_whole(heard, events, blob, root=None):
    want = {1: RESULT, 55: hashlib.sha256(blob).digest(), 56: len(blob)}
    if root is not None:
        want.update({5: recs(root, SLOTS[:1]), 8: fingerprint(root)})
    assert heard[-1] == want, (heard[-1], want)
    key = lambda e: (e[1], e.get(50, b""), e.get(41, 0), e.get(51, 0))
    assert sorted(heard[:-1], key=key) == sorted(events, key=key)


def keys(_):
    "passphrase, phrase, shares, identity; what is wrong may be typed again"
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption, PrivateFormat,
                                                              PublicFormat)
    data, events = document()
    plain = json.dumps(data).encode()
    card = passphrase(ZERO)
    blob = seal_passphrase(plain, card)
    for typed in (card, card.upper().replace("-", " "), "  " + " ".join(
            x[:4] for x in card.split("-"))):
        heard, told = open_file(blob, [("wrong", "AGE_MATCH"), ("", "PASS_EMPTY"), (typed, OK)])
        expect_whole(heard, events, blob)
        assert told == {1: OK}
    heard, _ = open_file(blob, [("abandon " * 24, "WORDS_CHECKSUM"), ("zoo " * 23 + "vote",
                                "AGE_MATCH"), (ZERO_WORDS, OK)])
    expect_whole(heard, events, blob, ZERO)
    later = seal_passphrase(plain, passphrase(ZERO, 5))
    heard, _ = open_file(later, [(ZERO_WORDS, OK)])
    expect_whole(heard, events, later, ZERO)
    shares = split(2, 3)
    heard, _ = open_file(blob, [(shares[2], MORE), (shares[2], "SHARE_TWICE"), (shares[0], OK)])
    expect_whole(heard, events, blob, ZERO)
    own = seal_passphrase(plain, "Own pass-Phrase")
    heard, _ = open_file(own, [("Own pass-Phrase", OK)])
    expect_whole(heard, events, own)
    private = X25519PrivateKey.generate()
    raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    mine = seal_x25519(plain, public)
    identity = bech32("age-secret-key-", raw).upper()
    typo = identity[:-1] + ("P" if identity[-1] == "Q" else "Q")
    heard, _ = open_file(mine, [(card, "AGE_MATCH"), (typo, "FORMAT"), (identity, OK)])
    expect_whole(heard, events, mine)


def bech32(hrp, raw):
    chars = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = "".join("{:08b}".format(b) for b in raw)
    bits += "0" * (-len(bits) % 5)
    data = [int(bits[i:i + 5], 2) for i in range(0, len(bits), 5)]

    def polymod(values):
        chk = 1
        for v in values:
            top, chk = chk >> 25, (chk & 0x1ffffff) << 5 ^ v
            for i, g in enumerate((0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3)):
                chk ^= g if top >> i & 1 else 0
        return chk

    expanded = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]
    check = polymod(expanded + data + [0] * 6) ^ 1
    return hrp + "1" + "".join(chars[d] for d in data + [check >> 5 * (5 - i) & 31
                                                         for i in range(6)])


def of_the_vault(_):
    "with a key from the vault nobody is asked, unless it is not the one"
    data, events = document()
    blob = seal_passphrase(json.dumps(data).encode(), PASS)
    heard, _ = open_file(blob, [], job={2: b"newer\n" + PASS.encode()})
    expect_whole(heard, events, blob)
    heard, _ = open_file(blob, [(PASS, OK)], job={2: b"newer"})
    expect_whole(heard, events, blob)


def any_shape(_):
    "any formatting, any order, any size of pieces"
    data, events = document(items=40, size=3000)
    shuffled = list(data.items())
    random.shuffle(shuffled)
    for plain in (json.dumps(data), json.dumps(data, indent=4, sort_keys=True),
                  json.dumps(data, separators=(",", ":"), ensure_ascii=False),
                  "\r\n\t" + json.dumps(dict(shuffled), indent="\t") + "  \n"):
        blob = seal_passphrase(plain.encode(), PASS)
        heard, _ = open_file(blob, [(PASS, OK)], piece=random.choice((1000, 17000, 65536)))
        expect_whole(heard, events, blob)
    blob = seal_passphrase(json.dumps(document(items=0)[0]).encode(), PASS)
    heard, _ = open_file(blob, [(PASS, OK)], piece=1)
    expect_whole(heard, document(items=0)[1], blob)


def expect_refused(blob, err):
    heard, told = open_file(blob, [(PASS, OK)])
    assert heard[-1] == {1: ERROR, 2: ERR[err]}, (heard[-1], err)
    assert told == {1: FAILED, 3: ERR[err]}, (told, err)


def no_backup(_):
    "what is no backup, is doubled, too large or of a later version"
    data, _ = document()
    for change, err in (
            ({"format": "x"}, "BACKUP_FORMAT"), ({"version": 2}, "VERSION"),
            ({"items": {}}, "BACKUP_FORMAT"), ({"items": [1]}, "BACKUP_FORMAT"),
            ({"items": [{"record": "%"}]}, "BACKUP_FORMAT"), ({"items": [{}]}, "BACKUP_FORMAT"),
            ({"items": [{"record": "oA==", "value": "x", "base64": "eA=="}]}, "BACKUP_FORMAT"),
            ({"items": [{"record": "oA==", "value": 1}]}, "BACKUP_FORMAT"),
            ({"items": [{"record": "oA==", "value": "x" * 2 ** 20}]}, "TOOBIG"),
            ({"items": [{"record": "oA==", "value": "x" * 131073}]}, "TOOBIG"),
            ({"items": [{"record": "oA==", "x": [0] * 300000}]}, "BACKUP_FORMAT"),
            ({"body": {"x": "oA=="}}, "BACKUP_FORMAT"), ({"created": 3}, "BACKUP_FORMAT"),
            ({"seeds": [{"seed": "00" * 32}]}, "BACKUP_FORMAT"),
            ({"seeds": [{"generation": -1, "seed": "00" * 32}]}, "BACKUP_FORMAT"),
            ({"vault": {"id": "00"}}, "BACKUP_FORMAT")):
        expect_refused(seal_passphrase(json.dumps({**data, **change}).encode(), PASS), err)
    whole = json.dumps(data)
    for plain in ("", "x", "[]", whole[:-1], whole + "{}", whole[:-1] + ', "items": []}',
                  whole.replace('"kind"', '"record"'), whole.replace('"value"', '"name"'),
                  "[" * 100000, '{"a":' + "[" * 5000):
        heard, _ = open_file(seal_passphrase(plain.encode(), PASS), [(PASS, OK)])
        assert heard[-1][1] == ERROR, plain[:40]
        assert heard[-1][2] in (ERR["BACKUP_FORMAT"], ERR["TOOBIG"]), heard[-1]


def damaged(_):
    "cut off or flipped anywhere: an error, and never a result"
    data, _ = document(items=30, size=9000)
    blob = seal_passphrase(json.dumps(data).encode(), PASS)
    head = blob.index(b"\n--- ") + 49
    for at in sorted({0, 1, 21, head - 1, head, head + 15, head + 16, len(blob) - 1,
                      head + 16 + 65552, *random.sample(range(len(blob)), 12)}):
        for bad in (blob[:at], blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1:]):
            w = start({1: OPEN, 12: 20000, 2: PASS.encode()})
            person = w.bring_person()
            answer, rest = feed(person, bad)
            if answer is not None and answer[1] == OK:
                stream(person, rest)
            elif answer is not None and answer[1] == WANT:
                person.close()
            heard = events_of(w)
            assert heard[-1][1] == ERROR, (at, heard[-1])
            w.close()


def work(_):
    "a huge work factor is refused before any work"
    blob = seal_passphrase(b"{}", PASS).replace(b" 10\n", b" 21\n", 1)
    begin = time.monotonic()
    w = start({1: OPEN, 12: 20000})
    person = w.bring_person()
    answer, _ = feed(person, blob)
    assert answer == {1: FAILED, 3: ERR["AGE_WORK"]}, answer
    expect_failed(w, "AGE_WORK")
    assert time.monotonic() - begin < 4


def leaves(_):
    "a person who leaves, a vault that hangs up"
    data, _ = document(items=100, size=9000)
    blob = seal_passphrase(json.dumps(data).encode(), PASS)
    w = start({1: OPEN, 12: 20000})
    person = w.bring_person()
    answer, rest = feed(person, blob)
    send(person, {1: TEXT, 2: PASS.encode()})
    assert receive(person) == {1: OK, 5: True}
    stream(person, rest[:70000])
    person.close()
    assert events_of(w)[-1][1] == ERROR
    w.close()
    w = start({1: OPEN, 12: 20000})
    person = w.bring_person()
    assert feed(person, blob)[0][1] == WANT
    w.vault.close()
    assert receive(person) == {1: FAILED, 3: ERR["CANCELLED"]} and is_closed(person)
    assert w.ends() == 1
    w.close()


def peak(pid):
    lines = open("/proc/%d/status" % pid).read().splitlines()
    return int([x for x in lines if x.startswith("VmHWM")][0].split()[1])


def memory(_):
    "30 MiB of secrets pass through a few"
    data, _ = document(items=500, size=100000)
    blob = seal_passphrase(json.dumps(data).encode(), PASS)
    assert len(blob) > 30 << 20
    w = start({1: OPEN, 12: 60000, 2: PASS.encode()})
    person = w.bring_person()
    answer, rest = feed(person, blob)
    assert answer == {1: OK, 5: True}
    thread = threading.Thread(target=stream, args=(person, rest))
    thread.start()
    heard, most = 0, 0
    while True:
        event = w.receive()
        if event[1] == RESULT:
            break
        if event[1] == ITEM and heard % 50 == 0:
            most = max(most, peak(w.process.pid))
        heard += event[1] == ITEM
    thread.join()
    assert heard == 500
    sys.stderr.write("# %d KiB at most\n" % most)
    assert most < 24 << 10, most
    w.close()


if __name__ == "__main__":
    sys.exit(run([keys, of_the_vault, any_shape, no_backup, damaged, work, leaves, memory]))
