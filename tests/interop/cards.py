"""Pages of a real vault, read by other people's software; see 73-cards.sh."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "e2e"))

# pylint: disable=wrong-import-position
from electrum import slip39  # noqa: E402
from mnemonic import Mnemonic  # noqa: E402

from ownkey import PASS, PASSPHRASE, Agent, Person, expect, run_parallel  # noqa: E402
from shares import OWNKEY, code, works  # noqa: E402
from worker import fingerprint, root_of  # noqa: E402


def pipe(agent, *args, stdin):
    p = subprocess.run([OWNKEY, *args, "--ask-stdin", "--card", "-"], input=stdin.encode(),
                       env=agent.env, capture_output=True, start_new_session=True, timeout=120,
                       check=False)
    assert p.returncode == 0, p
    return p.stdout


def pages_of(pdf, count):
    """The words of each page, by their numbers."""
    text = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True,
                          check=True).stdout.decode()
    out = []
    for page in text.rstrip("\f").split("\f"):
        found, n = [], 0
        for number, word in re.findall(r"^(\d+) ([a-z]{3,8})$", page, re.M):
            if int(number) == n + 1:
                n += 1
                found.append(word)
        assert n == count, page
        out.append((" ".join(found), page))
    return out


def electrum_opens(shares):
    return slip39.recover_ems(shares).decrypt("")


def everything(directory):
    """init prints the phrase, shares are printed; each is read, combined and typed back"""
    agent = Agent(directory).start()
    try:
        (words, page), = pages_of(pipe(agent, "init", "--passphrase", "--memory", "8",
                                       stdin=(PASSPHRASE + "\n") * 2), 24)
        root = bytes(Mnemonic("english").to_entropy(words.split()))
        assert root == root_of(words.split())
        mark = fingerprint(root).hex()
        assert mark in page
        assert agent.status().owed
        works(agent, "phrase", "verify", "--ask-stdin", stdin=words + "\n")
        assert not agent.status().owed
        pages = pages_of(pipe(agent, "share", "create", "3", "5", "--for", "ann,ben,cyd,dan,eve",
                              stdin=PASSPHRASE + "\n" + words + "\n"), 33)
        shares = [s for s, _ in pages]
        for name, (share, page) in zip(("ann", "ben", "cyd", "dan", "eve"), pages):
            assert code(share) in page and mark in page and name in page
        for chosen in ((0, 1, 2), (4, 2, 0), (3, 1, 4)):
            assert electrum_opens([shares[i] for i in chosen]) == root
        works(agent, "lock")
        works(agent, "unlock", "--with", "phrase", "--ask-stdin",
              stdin="\n".join(shares[2:]) + "\n")
        (again, _), = pages_of(pipe(agent, "phrase", "card",
                                       stdin="\n".join(shares[:3]) + "\n"), 24)
        assert again == words
        agent.restart()
        expect(agent.unlock(Person(words=words), way=PASS), "OK")
    finally:
        agent.stop()


if __name__ == "__main__":
    sys.exit(run_parallel([(everything.__doc__, everything)]))
