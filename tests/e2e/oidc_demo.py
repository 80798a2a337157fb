"""`ownkey-oidc demo`, by what it prints: register, log in at its site, log out, Ctrl-C."""

import contextlib
import glob
import os
import re
import signal
import subprocess
import sys
import urllib.parse

from job import BUILD
from oidc_browser import Browser
from oidc_terminal import code_of
from ownkey import run_parallel, until
from webauthn import Token


@contextlib.contextmanager
def demo(directory):
    out = directory + "/out"
    with open(out, "wb") as f:
        # pylint: disable-next=consider-using-with
        p = subprocess.Popen([BUILD + "/ownkey-oidc", "demo"], stdin=subprocess.DEVNULL, stdout=f,
                             stderr=f, env={"PATH": "/usr/bin:/bin"}, start_new_session=True)

    def said():
        with open(out, encoding="utf-8") as f:
            return f.read()
    try:
        until(lambda: "Ctrl-C" in said() or p.poll() is not None, "the demo runs", 60)
        assert p.poll() is None, said()
        yield p, said
    finally:
        if p.poll() is None:
            p.terminate()
            p.wait(60)


class Two:
    """One browser at two ports: cookies are the host's."""

    def __init__(self, *ports):
        self.at = {p: Browser(p) for p in ports}
        first = self.at[ports[0]]
        for b in self.at.values():
            b.cookies = first.cookies

    def open(self, url):
        """Redirects lead from one to the other."""
        for _ in range(10):
            u = urllib.parse.urlsplit(url)
            page = self.at[u.port].ask("GET", u.path + ("?" + u.query if u.query else ""),
                                       follow=False)
            if page.status not in (302, 303):
                page.port = u.port
                return page
            url = urllib.parse.urljoin(url, page.headers["location"])
        raise AssertionError(url)


def decide(two, op, page):
    """Consent is asked for once."""
    assert b"decision" in page.body, page.body
    form = page.forms[0]
    page = two.at[op].send(form, follow=False, decision="yes")
    return two.open(page.headers["location"])


def whole(directory):
    """register, log in, who it was, log out; nothing stays"""
    with demo(directory) as (p, said):
        link = re.search(r"http://localhost:(\d+)(/register\?invite=\S+)", said())
        op, site = int(link[1]), int(re.search(r"http://localhost:(\d+)/\n", said())[1])
        two = Two(op, site)
        base = "http://localhost:%d" % site
        assert "Nobody is logged in" in two.open(base + "/").text
        token = Token("http://localhost:%d" % op, "localhost")
        page = two.at[op].open(link[2])
        form = two.at[op].send(page.form(), label="key").form("/register/finish")
        assert "Your account" in two.at[op].send(form, **token.create(form)).text
        page = two.open(base + "/login")
        if page.port == op:
            page = decide(two, op, page)
        assert "You are logged in" in page.text and "you@example.org" in page.text, page.body
        assert "signature was right" in page.text
        # an answer that this browser did not ask for
        page = two.open(base + "/back?code=okac_x&state=x&iss=http://localhost:%d" % op)
        assert page.status == 400 and "no answer" in page.text
        assert "You are logged in" in two.open(base + "/").text
        two.open(base + "/logout")
        assert "Nobody is logged in" in two.open(base + "/").text
        folder = [d for d in glob.glob("/tmp/ownkey-demo.*") if os.stat(d).st_uid == os.getuid()]
        p.send_signal(signal.SIGINT)
        assert p.wait(60) == 0 and "ended, and removed" in said(), said()
        assert not [d for d in folder if "/out" not in d and os.path.exists(d)]


def terminal(directory):
    """without a browser's token: the commands that it prints, as they stand"""
    with demo(directory) as (p, said):
        op, link = re.search(r"http://localhost:(\d+)(/register\?invite=\S+)", said()).groups()
        lines = re.findall(r"^ +(OWNKEY_SOCKET=\S+) ownkey (.*)$", said(), re.M)
        pin = re.search(r"PIN (\d+)", said())[1]
        assert [words.split()[0] for _, words in lines] == ["register", "approve"], said()

        def typed(line, code, *answers):
            env = {"PATH": "/usr/bin:/bin", "HOME": directory, "LANG": "C.UTF-8"}
            env.update([line[0].split("=", 1)])
            words = line[1].replace("CODE", code).split()
            done = subprocess.run([BUILD + "/ownkey", *words, "--ask-stdin"], env=env, check=False,
                                  input="\n".join(answers) + "\n", text=True, timeout=60,
                                  capture_output=True)
            assert done.returncode == 0, done
        typed(lines[0], "", "http://localhost:%s%s" % (op, link), "y", pin)
        b = Browser(int(op))
        page = b.send(b.open("/login").form("/login/start"), name="you", terminal="1")
        typed(lines[1], code_of(page), "y", pin)
        form = page.form("/login/terminal")
        page = b.open(form["action"] + "?page=" + form["fields"]["page"])
        assert "You are logged in" in page.text or "Your account" in page.text, page.body
        p.send_signal(signal.SIGINT)
        assert p.wait(60) == 0 and "ended, and removed" in said(), said()


def broken(directory):
    """a part that dies ends all of it"""
    with demo(directory) as (p, said):
        with open("/proc/%d/task/%d/children" % (p.pid, p.pid), encoding="ascii") as f:
            children = [int(n) for n in f.read().split()]
        names = {open("/proc/%d/comm" % n, encoding="ascii").read().strip(): n for n in children}
        os.kill(names["ownkey-oidc"], signal.SIGKILL)
        assert p.wait(60) == 1 and "a part of the demo ended" in said(), said()
        for n in children:
            until(lambda n=n: not os.path.exists("/proc/%d" % n), "everybody has ended", 30)


if __name__ == "__main__":
    sys.exit(run_parallel([(fn.__doc__, fn) for fn in (whole, terminal, broken)], 1))
