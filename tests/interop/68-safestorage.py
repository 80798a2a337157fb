#!/usr/bin/python3
# limit: 200
"""What Electron programs seal with safeStorage (Signal, Element) stays open to them: safestorage.py
does what they do, with libsecret; an answer of the real chain is in formats.json."""

import json
import os
import secrets
import subprocess
import sys

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from desktop import HERE, I_SERVICE, ROOT  # noqa: E402
from facts import compare  # noqa: E402

VECTORS = os.environ.get("OWNKEY_VECTORS") or os.path.join(HERE, "..", "..", "..", "shared",
                                                          "vectors")
PROGRAM = os.path.join(HERE, "safestorage.py")


def starts(owner, app, sealed, timeout=10, then=None):
    """What the program says; "waits" when it does, and what it says after then()."""
    with subprocess.Popen([sys.executable, PROGRAM, app, sealed], env=owner.client_env, text=True,
                          stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as p:
        try:
            return p.communicate(timeout=timeout)[0].strip()
        except subprocess.TimeoutExpired:
            if not then:
                p.kill()
                return "waits"
        then()
        return "waits, then " + p.communicate(timeout=20)[0].strip()


def count(owner, schema):
    out = owner.run("secret-tool", "search", "--all", "xdg:schema", schema)
    return (out.stdout + out.stderr).count(b"label = ")


def known_answer(owner, fact):
    path = os.path.join(VECTORS, "formats.json")
    if not os.path.exists(path):
        sys.stderr.write("no formats.json: its known answer is not looked at\n")
        return
    with open(path, encoding="utf-8") as f:
        row = [v for v in json.load(f)["vectors"] if v["id"] == "electron-safestorage-v11"][0]
    owner.run("secret-tool", "store", "--label=Chromium Safe Storage", "xdg:schema",
              "chrome_libsecret_os_crypt_password_v2", "application", "Signal",
              data=row["input"]["keyring_secret_text"].encode())
    said = starts(owner, "Signal", row["output"]["encryptedKey_hex"])
    plain = row["input"]["plaintext"]
    fact("a key from elsewhere opens what it sealed", said == "opened " + plain)


def unlock_elsewhere(owner):
    if owner.name == "ownkey":
        owner.agent.unlock(owner.who)


def walk(owner, fact):
    known_answer(owner, fact)
    app = "Element" + secrets.token_hex(3)
    said, sealed = starts(owner, app, "-").split()
    fact("first start", said)
    fact("second start", starts(owner, app, sealed))
    fact("items of it", count(owner, "chrome_libsecret_os_crypt_password_v2"))
    fact("the item that makes a service unlock", count(owner,
                                                       "_chrome_dummy_schema_for_unlocking"))
    owner.restart()
    fact("after the service restarted", starts(owner, app, sealed))
    owner.lock()
    owner.person("yes")
    fact("locked, the person says yes", starts(owner, app, sealed))
    owner.lock()
    owner.person("no", "no", "no")
    fact("locked, the person says no", starts(owner, app, sealed, 4,
                                              lambda: unlock_elsewhere(owner)))
    if owner.is_locked():
        with owner.connect() as c:
            owner.person("yes")
            c.unlock(c.secret(ROOT, I_SERVICE, "ReadAlias", "s",
                              "default"))
    fact("open again", [starts(owner, app, sealed),
                        count(owner, "chrome_libsecret_os_crypt_password_v2")])
    other = "Other" + secrets.token_hex(3)
    fact("another program has a key of its own", starts(owner, other, sealed))


sys.exit(compare("safestorage", walk))
