"""ownkey approve and ownkey register: a browser without scripts, a terminal, a token."""

import contextlib
import re
import sys

from oidc_login import is_in, place, refused
from ownkey import PIN, run_parallel, world


def code_of(page):
    return re.search(r"ownkey approve --at (\S+) ([0-9A-Z-]{9})", page.text)


def said(done):
    return " ".join(done.stderr.split())


def number_of(page):
    return re.search(r"the number (\d{3})", page.text)[1]


class Desk:
    """A provider, an agent with a token, and who sits there."""

    def __init__(self, p, agent, token):
        self.p, self.agent, self.token = p, agent, token

    def register(self, name, *args, yes="y", **kw):
        link = "%s/register?invite=%s" % (self.p.origin, self.p.invite(self.p.person(name)))
        return self.type("register", *args, lines=[link, yes, PIN], **kw)

    def type(self, *args, lines, **kw):
        return self.agent.cli(*args, "--ask-stdin", stdin="".join(s + "\n" for s in lines), **kw)

    def approve(self, page, yes="y", pin=PIN):
        _, code = code_of(page).groups()
        return self.type("approve", "--at", self.p.origin, code, lines=[yes, pin])

    def begin(self, b, name, path="/login"):
        return b.send(b.open(path).form("/login/start"), name=name, terminal="1")

    @staticmethod
    def again(b, page):
        form = page.form("/login/terminal")
        return b.open(form["action"] + "?page=" + form["fields"]["page"])


@contextlib.contextmanager
def desk(directory, **token):
    with world(directory, {"pin": PIN, **token}) as (agent, soft), place(directory) as p:
        yield Desk(p, agent, soft)


def log_in(directory):
    """registered and logged in without a browser's help"""
    with desk(directory) as d:
        done = d.register("anna", "--label", "blue key")
        assert done.returncode == 0, done
        assert "\nfor anna\n" in done.stderr and "a second time" in said(done), done.stderr
        assert d.p.sql("SELECT name, flags & 9 FROM credential") == [("blue key", 1)]
        b = d.p.browser()
        page = d.begin(b, "anna")
        at, _ = code_of(page).groups()
        assert at == d.p.origin and 'http-equiv="refresh"' in page.body.decode()
        assert "five minutes" in d.again(b, page).text
        done = d.approve(page)
        assert done.returncode == 0, done
        for text in (d.p.origin, "127.0.0.1", number_of(page), "you are logged in"):
            assert text in said(done), (text, done.stderr)
        page = d.again(b, page)
        assert is_in(page), page.body
        assert d.p.sql("SELECT amr FROM session") == [("hwk user mfa",)]
        assert "blue key" in b.open("/account").text


def main():
    return run_parallel([
        ("registered and logged in without a browser's help", log_in),
    ], 2)


if __name__ == "__main__":
    sys.exit(main())
