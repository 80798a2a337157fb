#!/usr/bin/python3
# limit: 300
"""Browsers of the terminal, which have no scripts, at the provider: a person types a name, ownkey
approve has the token sign, the browser goes on.  Each on a terminal of its own, by its keys."""

import os
import re
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from oidc_terminal import desk
from ownkey import run_parallel
from terminal import Terminal

DOWN, TAB, ENTER, RELOAD = b"\x1b[B", b"\t", b"\r", b"\x12"
SIZE = (50, 100)
CODE = r"ownkey approve --at (\S+) ([0-9A-Z]{4}-[0-9A-Z]{4})"


class Screen:
    """What is on the terminal, from what the program wrote: only moves, text and clearing."""

    def __init__(self, argv, env):
        self.t = Terminal([shutil.which(argv[0]), *argv[1:]], env, term="vt100", size=SIZE)

    def keys(self, *keys):
        for key in keys:
            self.t.key(key)
            self.t.read(0.3)

    def expect(self, pattern):
        return self.t.expect(pattern, 60)


def login(d, screen, to_name, to_button, again):
    """The keys that lead to the name, from there to the button, and to "Look again"."""
    screen.expect("Log in from a terminal")
    screen.keys(*to_name, b"anna", *to_button)
    found = screen.expect(CODE)
    assert found[1] == d.p.origin, found[0]
    number = re.search(r"number\D*(\d{3})", screen.t.text)
    done = d.approve(found[2])
    assert done.returncode == 0 and (not number or number[1] in done.stderr), done
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
                sys.stderr.write(screen.t.text + "\n")
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
