#!/usr/bin/python3
"""Debian's age opens the files that lib/age.h writes, and it opens age's: passphrases, keys, armor.

Sizes are others at each run, around the borders of chunks and anywhere.
"""
import os
import random
import subprocess
import sys
import tempfile

TOP, BUILD = os.environ["TOP"], os.environ["B"]
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(TOP, "tests", "e2e"))

from terminal import Terminal  # noqa: E402  pylint: disable=wrong-import-position

OURS = os.path.join(BUILD, "interop", "age")
AGE = "/usr/bin/age"
CHUNK = 65536
COUNT = [0]


def good(what, fact):
    COUNT[0] += 1
    print("%sok %d - %s" % ("" if fact else "not ", COUNT[0], what), flush=True)


def run(*args, data=b"", pass_line=None):
    """Standard output, or None when the program failed; a passphrase is given on descriptor 3."""
    args = list(args)
    if pass_line is not None:
        args = ["sh", "-c", 'exec "$@" 3<"$0"', write("pass", pass_line + b"\n")] + args
    done = subprocess.run(args, input=data, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)
    return name


def read(name):
    with open(name, "rb") as f:
        return f.read()


def age_typing(args, *lines):
    """age on a terminal, where somebody types the passphrase as often as it asks."""
    terminal = Terminal([AGE, *args], dict(os.environ))
    for line in lines:
        terminal.expect(r"passphrase[^:]*: ")
        terminal.type(line)
    return terminal.end() == 0


def sizes():
    border = [CHUNK * n + d for n in (0, 1, 2, 5) for d in (-1, 0, 1) if CHUNK * n + d >= 0]
    return border + [random.randrange(8 * CHUNK) for _ in range(12)]


def keygen(name):
    subprocess.run(["age-keygen", "-o", name], stderr=subprocess.DEVNULL, check=True)
    return run("age-keygen", "-y", name).decode().strip()


def both_ways(size, recipients, keys):
    """One file by each, opened by the other with one key of several."""
    plain, key = os.urandom(size), random.choice(keys)
    armor = random.choice([[], ["-a"]])
    sealed = write("ours.age", run(OURS, "encrypt", *armor, *recipients, data=plain) or b"")
    good("age opens ours: %d bytes %s" % (size, "".join(armor)),
        run(AGE, "-d", "-i", key, sealed) == plain)
    args = [x for r in recipients for x in ("-r", r)]
    theirs = run(AGE, *armor, *args, data=plain)
    good("ours opens age's: %d bytes" % size, run(OURS, "decrypt", key, data=theirs) == plain)
    want = b"kinds 2 stanzas %d size %d\n" % (len(recipients), size)
    good("checked without a key", run(OURS, "check", data=theirs) == want)
    cut = theirs[:random.randrange(len(theirs) - 2)]
    good("a file cut off is refused", run(OURS, "decrypt", key, data=cut) is None)


def keys_of_others():
    """A key that is none of the recipients opens nothing; crlf is one kind of armor."""
    mine, other = keygen("mine"), keygen("other")
    sealed = run(OURS, "encrypt", "-a", mine, data=b"x")
    good("another key opens nothing", run(AGE, "-d", "-i", "other", write("x", sealed)) is None)
    theirs = run(AGE, "-a", "-r", other, data=b"y")
    good("nor age's for us", run(OURS, "decrypt", "mine", data=theirs) is None)
    crlf = theirs.replace(b"\n", b"\r\n")
    good("lines of another system", run(OURS, "decrypt", "other", data=crlf) == b"y")


def passphrase_ours(plain, word):
    """With a small work factor and with age's own."""
    for log_n in ("10", "18"):
        sealed = run(OURS, "encrypt", "-a", "-p", log_n, data=plain, pass_line=word.encode())
        write("pp.age", sealed)
        good("age opens ours with a passphrase, N = 2^" + log_n,
            age_typing(["-d", "-o", "pp.out", "pp.age"], word) and read("pp.out") == plain)
        os.remove("pp.out")
    good("age refuses another passphrase",
        not age_typing(["-d", "-o", "pp.out", "pp.age"], word + "x"))


def passphrase_theirs(plain, word):
    write("plain", plain)
    good("age writes", age_typing(["-p", "-o", "theirs.age", "plain"], word, word))
    theirs = read("theirs.age")
    opened = run(OURS, "decrypt", "-p", data=theirs, pass_line=word.encode())
    good("ours opens age's with a passphrase", opened == plain)
    wrong = run(OURS, "decrypt", "-p", data=theirs, pass_line=b"no")
    good("but not with another", wrong is None)
    good("checked without it",
        run(OURS, "check", data=theirs) == b"kinds 1 stanzas 1 size %d\n" % len(plain))


def main():
    os.chdir(tempfile.mkdtemp())
    keys = ["k%d" % i for i in range(5)]
    recipients = [keygen(key) for key in keys]
    for size in sizes():
        n = random.randrange(1, len(keys) + 1)
        both_ways(size, recipients[:n], keys[:n])
    both_ways(0, recipients[:1], keys[:1])
    keys_of_others()
    plain, word = os.urandom(random.randrange(3 * CHUNK)), "wort %d" % random.randrange(10**9)
    passphrase_ours(plain, word)
    passphrase_theirs(plain, word)
    print("1..%d" % COUNT[0])


main()
