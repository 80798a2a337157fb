#!/usr/bin/python3
# limit: 300
"""Browsers of the terminal, which have no scripts, at the provider: a person types a name, ownkey
approve has the token sign, the browser goes on.  Each on a terminal of its own, by its keys."""

import os
import re
import shutil
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from oidc_terminal import desk
from ownkey import run_parallel
from terminal import Terminal

DOWN, TAB, ENTER, RELOAD, REDRAW = b"\x1b[B", b"\t", b"\r", b"\x12", b"\x0c"
SIZE = (50, 100)
CODE = r"ownkey approve --at (\S+) ([0-9A-Z]{4}-[0-9A-Z]{4})"


def clean(text):
    """Where a cell is blank already, a browser may step over it."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.replace("\0", "").replace("\x1b[C", " "))


class Screen:
    """A browser on a terminal: what it wrote, and keys for it."""

    def __init__(self, argv, env):
        self.t = Terminal([shutil.which(argv[0]), *argv[1:]], env, term="vt100", size=SIZE)
        self.seen = 0

    def keys(self, *keys):
        for key in keys:
            self.t.key(key)
            self.t.read(0.3)

    def expect(self, pattern):
        """Behind what was found before; it draws the whole screen until it is there."""
        end = time.monotonic() + 60
        while True:
            self.t.read(0.5)
            found = re.search(pattern, clean(self.t.text[self.seen:]))
            if found:
                self.seen = len(self.t.text)
                return found
            assert time.monotonic() < end, "no %r in %r" % (pattern, clean(self.t.text))
            self.t.key(REDRAW)


def login(d, screen, to_name, to_button, again):
    """The keys that lead to the name, from there to the button, and to "Look again"."""
    screen.expect("Log in from a terminal")
    screen.keys(*to_name, b"anna", *to_button)
    found = screen.expect(CODE)
    assert found[1] == d.p.origin, found[0]
    done = d.approve(found[2])
    assert done.returncode == 0, done
    screen.keys(*again)
    screen.expect("Your account")
    assert d.p.sql("SELECT amr FROM session") == [("hwk user mfa",)]


def browser(argv, **keys):
    def case(directory):
        with desk(directory) as d:
            d.registered("anna")
            env = {**d.agent.env, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}
            screen = Screen([*argv, d.p.origin + "/login"], env)
            try:
                login(d, screen, **keys)
            except AssertionError:
                sys.stderr.write(clean(screen.t.text) + "\n")
                raise
            finally:
                screen.t.kill(9)
    return case


def main():
    return run_parallel([
        ("w3m", browser(["w3m", "-cookie", "-o", "accept_cookie=1", "-no-mouse"],
                        to_name=[TAB, ENTER], to_button=[ENTER, TAB, TAB, ENTER],
                        again=[b"R"])),
        ("lynx", browser(["lynx", "-accept_all_cookies", "-nopause"],
                         to_name=[], to_button=[DOWN, DOWN, ENTER], again=[ENTER])),
        ("links", browser(["links", "-html-numbered-links", "0"],
                          to_name=[ENTER], to_button=[DOWN, DOWN, ENTER], again=[RELOAD])),
    ], 3)


if __name__ == "__main__":
    sys.exit(main())
