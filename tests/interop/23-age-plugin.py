#!/usr/bin/python3
"""Debian's age with age-plugin-ownkey: a hundred files with one touch, other recipients beside
ours, armor, what is locked, what is for others."""

import contextlib
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["TOP"], "tests", "e2e"))

import ownkey  # noqa: E402  pylint: disable=wrong-import-position
from terminal import Terminal  # noqa: E402  pylint: disable=wrong-import-position

AGE = "/usr/bin/age"
FILES = 100
COUNT = [0]


def good(what, fact, *why):
    COUNT[0] += 1
    print("%sok %d - %s" % ("" if fact else "not ", COUNT[0], what), flush=True)
    if not fact:
        print(*why, file=sys.stderr)


class Folder:
    """Files, and age among them.  stderr is collected."""

    def __init__(self, directory, agent):
        self.dir, self.said = directory, ""
        self.env = {**agent.env, "PATH": ownkey.BUILD + ":/usr/bin:/bin"}

    def path(self, name):
        return os.path.join(self.dir, name)

    def put(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data if isinstance(data, bytes) else data.encode())
        return self.path(name)

    def get(self, name):
        with open(self.path(name), "rb") as f:
            return f.read()

    def age(self, *args):
        done = subprocess.run([AGE, *args], cwd=self.dir, env=self.env, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=60, check=False)
        self.said += done.stderr.decode()
        return done.stdout if done.returncode == 0 else None

    def terminal(self, *args):
        return Terminal([AGE, *args], {**self.env, "PWD": self.dir}, size=(24, 200))

    def keygen(self, name):
        """A key of age's own; its recipient."""
        subprocess.run(["age-keygen", "-o", self.path(name)], check=True, capture_output=True)
        return subprocess.check_output(["age-keygen", "-y", self.path(name)], text=True).strip()


def many(f, token, recipient):
    """Sizes are others at each run."""
    other = f.keygen("other")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f.path("ssh")], check=True)
    with_others = (["-r", other], ["-R", f.path("ssh.pub")], ["-r", other, "-R", f.path("ssh.pub")])
    plain = []
    for i in range(FILES):
        size = random.choice((0, 1, 65535, 65536, 65537, random.randrange(200000)))
        plain.append(os.urandom(size if i else 1000))  # age makes no file -o for no bytes
        f.put("plain", plain[-1])
        args = [*(["-a"] if i % 2 else []), *([] if i % 4 == 0 else with_others[i % 4 - 1])]
        f.age(*args, "-r", recipient, "-o", f.path("f%d" % i), f.path("plain"))
    f.said = ""
    first = f.age("-d", "-i", f.path("line"), f.path("f0"))
    touches = f.said.count("touch your token")
    token.stop()  # from now on nobody can touch anything
    opened = [first] + [f.age("-d", "-i", f.path("line"), f.path("f%d" % i))
                        for i in range(1, FILES)]
    good("%d files in a row are one touch" % FILES, opened == plain and touches == 1 and
         f.said.count("touch your token") == 1, f.said)
    good("without a file for -i, too",
         f.age("-d", "-j", "ownkey", f.path("f1")) == plain[1], f.said)
    good("the others open theirs", f.age("-d", "-i", f.path("other"), f.path("f1")) == plain[1] and
         f.age("-d", "-i", f.path("ssh"), f.path("f2")) == plain[2], f.said)
    f.put("both", f.get("other") + f.get("line"))
    f.put("both-2", f.get("line") + f.get("other"))
    good("beside a key of age's own",
         f.age("-d", "-i", f.path("both"), f.path("f0")) == plain[0] and
         f.age("-d", "-i", f.path("both-2"), f.path("f1")) == plain[1], f.said)
    token.start()
    return other, plain[0]


def encrypts(f, recipient):
    f.put("plain", b"to myself")
    for what, args in [("an identity", ["-e", "-i", f.path("line")]),
                       ("any", ["-e", "-j", "ownkey"])]:
        made = f.age(*args, "-o", f.path("mine"), f.path("plain")) is not None
        good("age encrypts to " + what, made and
             f.age("-d", "-i", f.path("line"), f.path("mine")) == b"to myself", f.said)
    f.put("recipients", recipient + "\n")
    converted = subprocess.check_output(
        [os.path.join(ownkey.BUILD, "age-plugin-ownkey"), "--from", f.path("recipients")],
        env=f.env)
    f.put("recipients", b"# ours\n" + converted)
    made = converted.startswith(b"age1ownkey1") and f.age(
        "-R", f.path("recipients"), "-o", f.path("mine"), f.path("plain")) is not None
    good("age encrypts to age1ownkey1...", made and
         f.age("-d", "-i", f.path("line"), f.path("mine")) == b"to myself", f.said)


def for_others(f, other):
    f.put("plain", b"not yours")
    f.age("-r", other, "-o", f.path("theirs"), f.path("plain"))
    for args, message in [(["-i", f.path("line")], "not encrypted to age/me/identity"),
                          (["-j", "ownkey"], "not encrypted to any identity of this vault")]:
        f.said = ""
        out = f.age("-d", *args, f.path("theirs"))
        good("%s: %s" % (args[0], message), out is None and message in f.said, f.said)


def under_passphrase(f, plain):
    """The line in a file that age itself protects with a passphrase."""
    t = f.terminal("-p", "-o", f.path("line.age"), f.path("line"))
    for _ in range(2):
        t.expect("(?i)passphrase.*:")
        t.type("a passphrase")
    good("age protects the line with a passphrase", t.end() == 0, t.text)
    t = f.terminal("-d", "-i", f.path("line.age"), "-o", f.path("out"), f.path("f0"))
    t.expect("(?i)passphrase.*:")
    t.type("a passphrase")
    good("and opens a file with it", t.end() == 0 and f.get("out") == plain, t.text)


def locked(f, agent, plain):
    agent.lock()
    t = f.terminal("-d", "-i", f.path("line"), "-o", f.path("out-2"), f.path("f0"))
    t.expect("the vault is locked")
    t.expect("PIN")
    t.type(ownkey.PIN)
    t.expect("touch your token now")
    good("locked: PIN, touch, open", t.end() == 0 and f.get("out-2") == plain, t.text)
    agent.lock()
    f.put("plain", b"while it is locked")
    made = f.age("-e", "-i", f.path("line"), "-o", f.path("mine"), f.path("plain")) is not None
    good("age encrypts while the vault is locked", made and agent.status().locked, f.said)


def rotated(f, agent, person, plain):
    agent.unlock(person)
    with contextlib.closing(agent.client(person)) as c:
        c.call("id.rotate", label="age/me/identity")
    good("a file of an older key opens after a rotation",
         f.age("-d", "-i", f.path("line"), f.path("f0")) == plain, f.said)


def main():
    directory = tempfile.mkdtemp()
    with ownkey.world(directory, {}, log_level="error") as (agent, token):
        person = agent.init(ways=ownkey.TOKEN)
        with contextlib.closing(agent.client(person)) as c:
            row = c.call("id.add", service="age", account="me")["items"][0]
            parts = {p.name: p.value for p in c.call("id.show", label=row.label).parts}
        f = Folder(directory, agent)
        f.put("line", parts["plugin-identity"] + "\n")
        other, plain = many(f, token, parts["recipient"])
        encrypts(f, parts["recipient"])
        for_others(f, other)
        under_passphrase(f, plain)
        locked(f, agent, plain)
        rotated(f, agent, person, plain)
    print("1..%d" % COUNT[0])


main()
