"""Vaults that ownkey made, opened by somebody else's program (other_reader.py): it must find what
ownkey shows."""

import base64
import hashlib
import json
import os
import subprocess
import sys

from ownkey import ARGON, HERE, PASS, PASSPHRASE, PIN, TOKEN, Person, expect, run_parallel, world

READER = os.path.join(HERE, "other_reader.py")
WORDLIST = os.path.join(HERE, "..", "..", "lib", "words_english.c")
SECRETS = {"mail/me": "correct horse", "xmpp/\u00e5sa": "p\u00e4ssword"}
IDENTITIES = [("ssh", "me@example.org"), ("matrix", "@me:example.org"), ("omemo", "me@example.org"),
              ("tor", "shop"), ("age", "me/with 100%")]


def read(agent, way, answer, vault=None):
    done = subprocess.run([sys.executable, READER, vault or agent.vault, way, WORDLIST],
                          input=answer, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(agent, way, answer):
    done = subprocess.run([sys.executable, READER, agent.vault, way, WORDLIST], input=answer,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stderr.startswith("refused:"), done


def base32(raw):
    return base64.b32encode(raw).decode().lower().rstrip("=")


def shown_as(path, public):
    """How `ownkey id show` must write this public key."""
    service = path.split("/")[0]
    if service == "ssh":
        blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + public
        return "ssh-ed25519 " + base64.b64encode(blob).decode()
    if service == "matrix":
        return base64.b64encode(public).decode().rstrip("=")
    if service == "omemo":
        return "-".join(public[i:i + 4].hex() for i in range(0, 32, 4))
    if service == "tor":
        check = hashlib.sha3_256(b".onion checksum" + public + b"\3").digest()[:2]
        return base32(public + check + b"\3") + ".onion"
    return None


def compare(agent, found):
    assert found["secrets"] == SECRETS, found["secrets"]
    assert len(found["keys"]) == 9, sorted(found["keys"])
    for path, key in found["keys"].items():
        shown = agent.cli("id", "show", path)
        assert shown.returncode == 0, shown
        want = shown_as(path, bytes.fromhex(key["public"])) if key["public"] else None
        if want:
            assert want in shown.stdout, (path, want, shown.stdout)


def fill(c):
    for service, account in IDENTITIES:
        c.call("id.add", service=service, account=account)
    for name, value in SECRETS.items():
        c.call("secret.set", label=name, value=value.encode())
    c.call("secret.set", label="gone", value=b"1")
    c.call("secret.set", label="mail/me", value=b"new", replace=True)
    c.call("secret.set", label="mail/me", value=SECRETS["mail/me"].encode(), replace=True)
    c.call("secret.remove", label="gone", proof=PASS)


def age_identity(agent, found):
    """The recipient is bech32: compared by way of the exported identity's key."""
    (path, key), = [(p, k) for p, k in found["keys"].items() if p.startswith("age/")]
    shown = agent.cli("id", "show", path).stdout
    words = [w for w in shown.split() if w.startswith("age1")]
    charset = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
    bits = "".join("{:05b}".format(charset.index(c)) for c in words[0][4:-6])
    raw = int(bits[:256], 2).to_bytes(32, "big")
    assert raw.hex() == key["public"], (path, words)


def plain(directory):
    """what ownkey shows is what another program finds, by phrase and by passphrase"""
    with world(directory, {"pin": PIN}) as (agent, _):
        person = agent.init(ways=TOKEN | PASS)
        fill(agent.client(person))
        by_phrase = read(agent, "phrase", person.shown)
        compare(agent, by_phrase)
        age_identity(agent, by_phrase)
        by_passphrase = read(agent, "passphrase", PASSPHRASE)
        assert by_passphrase == by_phrase
        assert by_phrase["wrap"] == "plain" and by_phrase["records"] > 5, by_phrase
        assert len(by_phrase["slots"]) == 3


def deferred(directory):
    """after a way in was removed: a new line, and a deferred wrap for what was not at hand"""
    with world(directory, {"pin": PIN}) as (agent, _):
        person = agent.init(ways=TOKEN | PASS)
        c = agent.client(person)
        fill(c)
        before = read(agent, "phrase", person.shown)
        c.call("slot.remove", label="token", proof=PASS)
        found = read(agent, "phrase", person.shown)
        assert found["wrap"] == "deferred" and found["lines"] == 1 and not found["records"], found
        assert found["keys"] == before["keys"] and len(found["slots"]) == 2, found
        assert read(agent, "passphrase", PASSPHRASE)["wrap"] == "plain"
        compare(agent, found)
        # the next use of the phrase makes a plain wrap of it
        agent.lock()
        expect(agent.unlock(person, way=4), "OK")
        assert read(agent, "phrase", person.shown)["wrap"] == "plain"


def wrong(directory):
    """other words and another passphrase open nothing, nor does a file with a flipped bit"""
    with world(directory) as (agent,):
        person = agent.init(ways=PASS)
        other = Person(passphrase="another")
        words = person.shown.split()
        words[0], words[1] = words[1], words[0]
        refused(agent, "phrase", " ".join(["abandon"] * 23 + ["art"]))
        refused(agent, "passphrase", other.answers["NEED_PASS"])
        data = bytearray(agent.read())
        data[40000] ^= 1
        agent.write(data)
        refused(agent, "phrase", person.shown)


if __name__ == "__main__":
    assert ARGON["argon_m"] >= 8
    sys.exit(run_parallel([(t.__doc__, t) for t in (plain, deferred, wrong)]))
