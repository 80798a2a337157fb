"""The vault, the supervisor and the person, as ownkey-worker meets them."""

import hashlib
import hmac
import os
import re
import resource
import struct
import subprocess
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import (RSAPrivateNumbers,
                                                           RSAPublicNumbers)
from cryptography.hazmat.primitives.serialization import (Encoding, NoEncryption,
                                                          PrivateFormat)

from job import BUILD, ERR, Helper, encode, receive, run, send, until

RESULT, ERROR = 1, 2
TEXT, SHOW, OK, FAILED, MORE, CARD = range(6)
# built with sanitizers: limits and filters are left out then
SANITIZED = b"__asan_init" in open(os.path.join(BUILD, "ownkey-worker"), "rb").read()
LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib")
JOB_H = open(os.path.join(LIB, "job.h")).read()
OPS = re.findall(r"\bWORKER_(\w+)", JOB_H.split("enum worker_op {")[1].split("};")[0])
ARGON2, MAKE, OPEN, RSA, SHARE_MAKE, CARD_MAKE, SUCCESSION = [
    OPS.index(x) for x in ("ARGON2", "PHRASE_MAKE", "PHRASE_OPEN", "RSA", "SHARE_MAKE", "CARD",
                           "SUCC_SIGN")]
SLOTS = [bytes([i]) * 16 for i in (1, 2, 3)]

# vectors of BIP39: all zero, all one
ZERO = bytes(32)
ZERO_WORDS = "abandon " * 23 + "art"
ONES_WORDS = "zoo " * 23 + "vote"


# --- the key schedule once more, from the page of the design ---

def lp(x):
    return struct.pack(">H", len(x)) + x


def kdf(key, label, context, length):
    info = b"ownkey1" + lp(label) + lp(context) + struct.pack(">H", length)
    return hmac.new(key, info + b"\1", hashlib.sha512).digest()[:length]


def u32(n):
    return struct.pack(">I", n)


def fingerprint(root):
    return kdf(root, b"fingerprint", b"", 4)


def recs(root, slots):
    return [kdf(root, b"recovery", slot, 32) for slot in slots]


# --- helpers ---

def worker(**kw):
    return Helper("ownkey-worker", **kw)


def start(job, **kw):
    w = worker(**kw)
    w.send(job)
    return w


def make_job(more=None):
    return {1: MAKE, 6: SLOTS, 7: 0, 12: 20000, **(more or {})}


def open_job(more=None):
    return {1: OPEN, 6: SLOTS, 7: 0, 12: 20000, **(more or {})}


def type_words(person, text):
    send(person, {1: TEXT, 2: text.encode()})


def shown(person):
    message = receive(person)
    assert set(message) == {1, 2} and message[1] == SHOW, message
    words = message[2].decode().split(" ")
    assert len(words) == 24
    return words


def expect_failed(w, err, status=0):
    message = w.receive()
    assert message == {1: ERROR, 2: ERR[err]}, (message, err)
    assert w.ends() == status
    w.close()


def expect_told(person, err, index=None, more=None):
    want = {1: FAILED, 3: ERR[err]}
    if index:
        want[4] = index
    if more:
        want[5] = True
    got = receive(person)
    assert got == want, (got, want)


def is_closed(sock):
    sock.settimeout(5)
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


# --- computing ---

def argon2(_):
    "Argon2id gives what another implementation gives"
    # printf 'correct horse battery staple' |
    #     argon2 0123456789abcdef -id -v 13 -k 65536 -t 3 -p 1 -l 32 -r
    known = "94c86f541abdb3d9aabfea59aa03963549483e9c0b1a79336e76b54cee6c917e"
    w = start({1: ARGON2, 2: b"correct horse battery staple", 3: b"0123456789abcdef", 4: 65536,
               5: 3})
    assert w.receive(60) == {1: RESULT, 3: bytes.fromhex(known)}
    assert w.ends() == 0 and w.said() == b""
    w.close()


def argon2_bad_jobs(_):
    "Argon2id jobs that lack something or ask too much"
    good = {1: ARGON2, 2: b"x", 3: bytes(16), 4: 8, 5: 1}
    for key, value, err in ((2, None, "PASS_EMPTY"), (3, None, "RANGE"), (4, None, "RANGE"),
                            (5, None, "RANGE"), (5, 65, "RANGE"), (4, 2 ** 21 + 1, "RANGE"),
                            (4, 7, "RANGE"), (3, bytes(15), "RANGE"), (99, 1, "VERSION"),
                            (1, 99, "RANGE")):
        job = {**good, key: value}
        if value is None:
            del job[key]
        w = start(job)
        message = w.receive()
        assert message[1] == ERROR and message[2] in (ERR[err], ERR["FORMAT"]), (key, message)
        assert w.ends() == 0
        w.close()


def argon2_memory(_):
    "no memory for Argon2id has its own error"
    def less():
        if not SANITIZED:
            resource.setrlimit(resource.RLIMIT_AS, (160 << 20, 160 << 20))
    # on a machine with more than that the limit makes it fail, else the look at /proc/meminfo
    kib = 2 ** 21 if SANITIZED else 2 ** 20
    w = start({1: ARGON2, 2: b"x", 3: bytes(16), 4: kib, 5: 1}, preexec_fn=less)
    if SANITIZED and w.is_silent():
        w.close()
        return
    expect_failed(w, "KDF_MEMORY")


def argon2_cancel(_):
    "a vault that hangs up ends the longest computation"
    job = {1: ARGON2, 2: b"x", 3: bytes(16), 4: 262144, 5: 64}
    left, w = start(job), start(job)
    time.sleep(0.5)
    assert w.process.poll() is None
    w.vault.close()
    assert w.ends() == 1
    assert left.process.poll() is None, "it was computed to its end"
    left.close()
    w.close()


def rsa(directory):
    "an RSA key that openssl accepts"
    w = start({1: RSA, 10: 3072})
    out = w.receive(60)
    assert out[1] == RESULT and w.ends() == 0
    numbers, rest = [], out[3]
    while rest:
        size = 4 + int.from_bytes(rest[:4], "big")
        numbers.append(int.from_bytes(rest[4:size], "big"))
        rest = rest[size:]
    n, e, d, iqmp, p, q = numbers
    der = RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), iqmp, RSAPublicNumbers(e, n)) \
        .private_key().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    check = subprocess.run(["openssl", "pkey", "-inform", "DER", "-check", "-noout", "-text"],
                           input=der, capture_output=True, check=True)
    assert b"Key is valid" in check.stdout + check.stderr and b"3072 bit" in check.stdout
    w.close()
    w = start({1: RSA, 10: 2049})
    expect_failed(w, "RANGE")


# --- making a phrase ---

def make(_):
    "a phrase is shown, typed back, and everything derives from it"
    w = start(make_job())
    person = w.bring_person()
    words = shown(person)
    assert w.is_silent()
    type_words(person, " ".join(words))
    assert receive(person) == {1: OK}
    assert is_closed(person)
    out = w.receive()
    assert w.ends() == 0 and w.said() == b""
    assert out[1] == RESULT and set(out) == {1, 4, 5, 6, 7, 8}
    assert len(out[6]) == 256 * 32 and len({out[6][i:i + 32] for i in range(0, 8192, 32)}) == 256
    assert len(out[7].split("-")) == 10
    # the same words open it
    opened = open_with(" ".join(words), {8: True, 9: out[8]})
    assert opened[5] == out[5] and opened[4] == out[4] and opened[8] == out[8]
    w.close()


def make_succession(_):
    "hashes, backup passphrase and seed follow the design"
    # the worker draws P itself: find it again from the words
    w = start(make_job({7: 3}))
    person = w.bring_person()
    words = shown(person)
    root = root_of(words)
    type_words(person, "  ".join(x[:4].upper() for x in words))
    assert receive(person) == {1: OK}
    out = w.receive()
    assert out[4] == kdf(root, b"seed", u32(3), 32)
    assert out[5] == recs(root, SLOTS)
    assert out[8] == fingerprint(root)
    bits = int.from_bytes(kdf(root, b"backup", u32(3), 16), "big") >> 18
    bip39 = wordlist()
    assert out[7] == "-".join(bip39[bits >> (99 - 11 * i) & 2047] for i in range(10))
    for j in (0, 1, 255):
        seed = kdf(root, b"succession", u32(3) + u32(j), 32)
        assert out[6][32 * j:32 * j + 32] == hashlib.sha256(ed25519_public(seed)).digest()
    w.close()


def ed25519_public(seed):
    der = bytes.fromhex("302e020100300506032b657004220420") + seed
    out = subprocess.run(["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"],
                         input=der, capture_output=True, check=True)
    return out.stdout[-32:]


def wordlist():
    """Ours; that it is the right one is shown by the vectors of BIP39."""
    here = os.path.dirname(os.path.abspath(__file__))
    text = open(os.path.join(here, "..", "..", "lib", "words_english.c")).read()
    words = re.findall('"([a-z]+)"', text)
    assert len(words) == 2048
    return words


def root_of(words):
    listed = wordlist()
    value = 0
    for word in words:
        value = value << 11 | listed.index(word)
    return (value >> 8).to_bytes(32, "big")


def make_wrong_then_right(_):
    "a mistyped word is named, then the right words are taken"
    w = start(make_job())
    person = w.bring_person()
    words = shown(person)
    for at, wrong, err in ((0, "zzz", "WORDS_UNKNOWN"), (23, "qqqq", "WORDS_UNKNOWN")):
        typed = words[:]
        typed[at] = wrong
        type_words(person, " ".join(typed))
        expect_told(person, err, at + 1, True)
    typed = words[:]
    typed[6] = "zoo" if typed[6] != "zoo" else "able"
    type_words(person, " ".join(typed))
    got = receive(person)
    assert got[3] in (ERR["WORDS_CHECKSUM"], ERR["WORDS_WRONG"]) and got[4] == 7 and got[5]
    type_words(person, " ".join(words[:23]))
    expect_told(person, "WORDS_COUNT", 24, True)
    type_words(person, " ".join(words))
    assert receive(person) == {1: OK}
    assert w.receive()[1] == RESULT
    w.close()


def make_gives_up(_):
    "after the last try the phrase is gone"
    w = start(make_job({11: 2}))
    person = w.bring_person()
    words = shown(person)
    other = ONES_WORDS if words != ONES_WORDS.split() else ZERO_WORDS
    type_words(person, other)
    got = receive(person)
    assert got[1] == FAILED and got[3] == ERR["WORDS_WRONG"] and got[5] is True
    type_words(person, other)
    got = receive(person)
    assert got[1] == FAILED and got[3] == ERR["WORDS_WRONG"] and 5 not in got, got
    assert is_closed(person)
    expect_failed(w, "WORDS_WRONG")


def make_without_confirm(_):
    "a try-out shows the words only"
    w = start(make_job({13: True}))
    person = w.bring_person()
    shown(person)
    assert receive(person) == {1: OK}
    assert w.receive()[1] == RESULT and w.ends() == 0
    w.close()


def make_never_twice(_):
    "two phrases differ"
    seen = set()
    for _i in range(3):
        w = start(make_job({13: True}))
        seen.add(" ".join(shown(w.bring_person())))
        w.close()
    assert len(seen) == 3


# --- opening with a phrase ---

def open_with(text, more=None):
    w = start(open_job(more))
    person = w.bring_person()
    type_words(person, text)
    assert receive(person) == {1: OK}
    out = w.receive()
    assert out[1] == RESULT and w.ends() == 0 and w.said() == b""
    w.close()
    return out


def open_(_):
    "24 words open, whole or by four letters, with blanks, dashes or lines between"
    want = {1: RESULT, 5: recs(ZERO, SLOTS), 8: fingerprint(ZERO)}
    assert open_with(ZERO_WORDS) == want
    assert open_with(ZERO_WORDS, {9: fingerprint(ZERO)}) == want
    seed = open_with(ZERO_WORDS, {8: True, 7: 7})
    assert seed[4] == kdf(ZERO, b"seed", u32(7), 32) and set(seed) == {1, 4, 5, 6, 7, 8}
    typed = "\n" + "\t".join(x[:4] for x in ZERO_WORDS.upper().split()) + "  \r\n"
    assert open_with(typed) == want
    assert open_with(ZERO_WORDS.replace(" ", "-")) == want
    assert open_with(ONES_WORDS)[5] == recs(b"\xff" * 32, SLOTS)
    assert open_with(ZERO_WORDS, {6: []})[8] == fingerprint(ZERO)
    many = [bytes([i]) * 16 for i in range(16)]
    assert open_with(ZERO_WORDS, {6: many})[5] == recs(ZERO, many)


def open_wrong_then_right(_):
    "each way of being wrong has its error, and there is another try"
    w = start(open_job({9: fingerprint(ZERO)}))
    person = w.bring_person()
    type_words(person, ZERO_WORDS.replace("art", "arx"))
    expect_told(person, "WORDS_UNKNOWN", 24, True)
    type_words(person, ZERO_WORDS.replace("art", "able"))
    expect_told(person, "WORDS_CHECKSUM", None, True)
    type_words(person, "")
    expect_told(person, "WORDS_COUNT", None, True)
    type_words(person, ONES_WORDS)
    expect_told(person, "WORDS_WRONG", None, True)
    assert w.is_silent()
    type_words(person, ZERO_WORDS)
    assert receive(person) == {1: OK}
    assert w.receive()[5] == recs(ZERO, SLOTS)
    w.close()


def open_wrong_phrase(_):
    "the words of another vault end it after the tries that were given"
    w = start(open_job({9: fingerprint(ZERO), 11: 1}))
    person = w.bring_person()
    type_words(person, ONES_WORDS)
    expect_told(person, "WORDS_WRONG")
    expect_failed(w, "WORDS_WRONG")


def open_bad_jobs(_):
    "jobs with too many or bad slot ids"
    for ids, errs in (([bytes(16)] * 17, ("RANGE",)), ([bytes(15)], ("RANGE", "TRUNCATED")),
                      (["x" * 16], ("FORMAT",))):
        w = start(open_job({6: ids}))
        message = w.receive()
        assert message[1] == ERROR and message[2] in [ERR[e] for e in errs], message
        w.close()


# --- signing what succeeds ---

def entry(kind, **more):
    "An entry of a succession log, as far as the worker looks at it."
    return encode({1: 1, 2: bytes(16), 3: 1, 4: bytes(32), 5: kind, 6: [bytes([7]) * 32], 8: 5,
                   **{int(k[1:]): v for k, v in more.items()}})


def phrase_seed(g, j):
    return kdf(bytes(32), b"succession", u32(g) + u32(j), 32)


def phrase_hash(g, j):
    return hashlib.sha256(ed25519_public(phrase_seed(g, j))).digest()


def succession(_):
    "rotations and revocations are signed with keys of the phrase, many at a time"
    rotate = entry(1, _7=phrase_hash(2, 8))
    revoke = entry(2, _7=phrase_hash(0, 255), _10="lost")
    job = {1: SUCCESSION, 9: fingerprint(bytes(32)), 12: 20000, 30: [
        {1: rotate, 2: 1, 3: 6, 4: 2, 5: 8}, {1: revoke, 2: 0, 3: 255}]}
    w = start(job)
    person = w.bring_person()
    type_words(person, ONES_WORDS)
    expect_told(person, "WORDS_WRONG", more=True)
    type_words(person, ZERO_WORDS)
    assert receive(person) == {1: OK}
    out = w.receive()
    assert out[1] == RESULT and set(out) == {1, 8, 30} and w.ends() == 0 and w.said() == b""
    for proof, what, g, j in zip(out[30], (rotate, revoke), (1, 0), (6, 255)):
        assert set(proof) == {1, 2} and proof[1] == ed25519_public(phrase_seed(g, j))
        Ed25519PublicKey.from_public_bytes(proof[1]).verify(
            proof[2], b"ownkey1-succession" + hashlib.sha256(what).digest())
    w.close()


def succession_refused(_):
    "nothing is signed that would give an identity away"
    for what, g, j, more in (
            (entry(3, _7=phrase_hash(0, 0), _9=[{1: "a", 2: "b", 3: "c", 4: "d", 5: bytes(32),
                                                 6: 0}]), 0, 0, {}),
            (entry(1, _7=bytes(32)), 0, 0, {4: 0, 5: 1}),
            (entry(1, _7=phrase_hash(0, 0)), 0, 0, {4: 0, 5: 0}),
            (entry(2, _7=phrase_hash(0, 1)), 0, 0, {})):
        w = start({1: SUCCESSION, 9: fingerprint(bytes(32)), 12: 20000,
                   30: [{1: what, 2: g, 3: j, **more}]})
        try:
            person = w.bring_person()
            type_words(person, ZERO_WORDS)
        except OSError:
            pass
        expect_failed(w, "SUCC_REFUSED")


# --- ends ---

def person_leaves(_):
    "the person closes: before, in the middle, after being shown the words"
    for job in (make_job(), open_job()):
        w = start(job)
        person = w.bring_person()
        if job[1] == MAKE:
            shown(person)
        person.close()
        expect_failed(w, "CANCELLED")
        w = start(job)
        person = w.bring_person()
        person.sendall(b"\0\0\0\x20abc")
        if job[1] == MAKE:
            shown(person)
        person.close()
        expect_failed(w, "CANCELLED")


def vault_leaves(_):
    "the vault hangs up at every wait: before the job, for the person, for words, in a frame"
    w = worker()
    w.vault.close()
    assert w.ends() == 1
    w.close()
    w = worker()
    w.vault.sendall(b"\0\0")
    w.vault.close()
    assert w.ends() == 1
    w.close()
    for job in (make_job(), open_job()):
        w = start(job)
        assert w.is_silent()
        w.vault.close()
        assert w.ends(2) == 1
        w.close()
        for part in (b"", b"\0", b"\0\0\0\x20abc"):
            w = start(job)
            person = w.bring_person()
            if job[1] == MAKE:
                shown(person)
            person.sendall(part)
            assert w.is_silent()
            w.vault.close()
            assert w.ends(2) == 1
            expect_told(person, "CANCELLED")
            assert is_closed(person)
            w.close()


def supervisor_leaves(_):
    "a supervisor that dies ends the wait"
    w = start(open_job())
    w.door.close()
    expect_failed(w, "HANGUP")
    w = start(open_job())
    w.door.send(b"no descriptor")
    expect_failed(w, "INTERNAL")


def patience(_):
    "nobody comes, nobody types, somebody types half a frame: all end in time"
    begin = time.monotonic()
    w = start(open_job({12: 300}))
    expect_failed(w, "TIMEOUT")
    for part in (b"", b"\0\0", b"\0\0\0\x20abc"):
        w = start(make_job({12: 300}))
        person = w.bring_person()
        shown(person)
        person.sendall(part)
        expect_told(person, "TIMEOUT")
        expect_failed(w, "TIMEOUT")
    assert time.monotonic() - begin < 15


def hostile_person(_):
    "frames that no honest client sends"
    text = encode({1: TEXT, 2: b"abandon"})
    for frame, err in ((b"\xff\xff\xff\xff", "TOOBIG"), (b"\0\0\x20\0", "TOOBIG"),
                       (b"\0\0\0\0", "TRUNCATED"), (b"\0\0\0\1\xa0", "FORMAT"),
                       (struct.pack(">I", len(text) + 1) + text + b"\0", "FORMAT"),
                       (struct.pack(">I", 3) + encode({1: OK}), "FORMAT"),
                       (struct.pack(">I", 3) + encode({1: SHOW}), "FORMAT"),
                       (struct.pack(">I", 3) + encode({1: TEXT}), "FORMAT")):
        w = start(open_job())
        person = w.bring_person()
        person.sendall(frame)
        got = receive(person)
        assert got[1] == FAILED and 5 not in got, (frame, got)
        message = w.receive()
        assert message[1] == ERROR and message[2] == got[3], (frame, message)
        assert w.ends() == 0
        w.close()


def hostile_vault(_):
    "frames instead of a job"
    for frame in (b"\xff\xff\xff\xff", b"\0\0\0\1\xff", b"\0\0\0\1\xa0", b"\0\0\0\0"):
        w = worker()
        w.vault.sendall(frame)
        message = w.receive()
        assert message[1] == ERROR, message
        assert w.ends() == 0
        w.close()


def hardened(_):
    "while it waits: filtered, no new privileges, not dumpable, no descriptors but its own"
    w = start(open_job())
    pid = w.process.pid
    status = "/proc/%d/status" % pid

    def filtered():
        text = open(status).read()
        return SANITIZED or "Seccomp:\t2" in text and "NoNewPrivs:\t1" in text
    until(filtered)
    assert os.stat("/proc/%d/mem" % pid).st_uid == 0
    limits = open("/proc/%d/limits" % pid).read() if os.getuid() == 0 else ""
    assert not limits or "Max core file size        0                    0" in limits
    if os.getuid() == 0:
        assert sorted(os.listdir("/proc/%d/fd" % pid)) == ["0", "1", "2"]
    else:
        try:
            os.listdir("/proc/%d/fd" % pid)
            raise AssertionError("its descriptors can be read")
        except PermissionError:
            pass
    w.close()


def mlock(_):
    "the fallback without memfd_secret"
    w = worker(args=("mlock",))
    w.send(open_job())
    person = w.bring_person()
    type_words(person, ZERO_WORDS)
    assert receive(person) == {1: OK}
    assert w.receive()[1] == RESULT
    w.close()


if __name__ == "__main__":
    if SANITIZED:
        print("# left out: hardened: compiled out with sanitizers")
    sys.exit(run([
        argon2, argon2_bad_jobs, argon2_memory, argon2_cancel, rsa, make, make_succession,
        make_wrong_then_right, make_gives_up, make_without_confirm, make_never_twice, open_,
        open_wrong_then_right, open_wrong_phrase, open_bad_jobs, succession,
        succession_refused, person_leaves, vault_leaves,
        supervisor_leaves, patience, hostile_person, hostile_vault,
        mlock, *([] if SANITIZED else [hardened])]))
