#!/usr/bin/python3
# limit: 300
"""Every page of the provider as people meet it: on a phone and a desk, light and dark, in each
language, by keyboard alone, without scripts, in a text browser.  Judged by axe-core
(accessibility) and html-validate, which nobody here wrote.  OWNKEY_PICTURES: a folder for
pictures of them."""

import importlib
import json
import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
NPM = os.path.join(HERE, "..", "..", "build", "npm", "node_modules")
sys.dont_write_bytecode = True
sys.path[:0] = [os.path.join(HERE, "..", "e2e"), HERE]
# pylint: disable=wrong-import-position
from oidc_login import place
from ownkey import run_parallel
from webdriver import chromium

enroll = importlib.import_module("96-oidc-chromium")
SIZES = [(360, 640), (320, 500), (768, 1024), (1280, 900)]  # 320: 1280 at 400 % (WCAG 1.4.10)
TAB, ENTER = "\ue004", "\ue007"
AXE = """const done = arguments[arguments.length - 1];
axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
'best-practice'] }).then(r => done(r.violations.map(v => v.id + ': ' + v.help + ': ' +
v.nodes.map(n => n.html).join(' ; '))), e => done([String(e)]))"""


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def axe(d):
    d.run(read(NPM + "/axe-core/axe.min.js"))
    return d.call("POST", "/execute/async", {"script": AXE, "args": []})


class Judge:
    """Looks at the page that is open; what is wrong is collected, with its name."""

    def __init__(self, d, p):
        self.d, self.origin, self.wrong, self.html = d, p.origin, [], {}

    def blame(self, name, what):
        if what:
            self.wrong.append("%s: %s" % (name, what))

    def look(self, name):
        d = self.d
        self.html[name] = d.call("GET", "/source")
        for scheme in ("light", "dark"):
            for width, height in SIZES:
                d.show(width, height, scheme)
                self.blame(name, d.run("return document.documentElement.scrollWidth > innerWidth &&"
                                       " 'wider than %d'" % width))
                if os.environ.get("OWNKEY_PICTURES"):
                    d.picture("%s/%s-%s-%d.png" % (
                        os.environ["OWNKEY_PICTURES"], name, scheme, width))
            self.blame(name + ", " + scheme, axe(d))
        d.show(*SIZES[0])
        self.blame(name, d.run("return [...document.querySelectorAll('main h1')].length != 1 && "
                               "'headings'"))
        self.quiet(name)

    def quiet(self, name):
        """No error of the console, least of all of the policy; nothing asked of others."""
        self.blame(name, [m["message"] for m in self.d.log("browser")
                          if "status of 40" not in m["message"]])
        self.blame(name, [u for u in self.d.asked() if not u.startswith((self.origin, "data:"))])

    def verdict(self):
        assert not self.wrong, "\n".join(self.wrong)


def html_is_valid(judge, directory):
    paths = []
    for name, html in judge.html.items():
        paths.append(os.path.join(directory, name + ".html"))
        with open(paths[-1], "w", encoding="utf-8") as f:
            f.write(html)
    rules = {"extends": ["html-validate:standard"], "root": True,
             "rules": {"no-trailing-whitespace": "off", "void-style": "off", "long-title": "off",
                       "no-raw-characters": "off", "no-implicit-button-type": "off",
                       "doctype-style": "off", "prefer-native-element": "off",
                       "no-redundant-role": "off"}}
    with open(directory + "/rules.json", "w", encoding="utf-8") as f:
        json.dump(rules, f)
    r = subprocess.run([NPM + "/node/bin/node", NPM + "/html-validate/bin/html-validate.mjs",
                        "--config", directory + "/rules.json", *paths], capture_output=True,
                       text=True, check=False, timeout=60)
    assert r.returncode == 0, r.stdout + r.stderr


def until(d, css):
    """The page with it is there."""
    end = time.monotonic() + 30
    while not d.run("return document.readyState == 'complete' && "
                    "!!document.querySelector(arguments[0])", css):
        assert time.monotonic() < end, "no %s: %s" % (css, d.text())
        time.sleep(0.05)


def site(p, name):
    back = "https://rp.example/back"
    p.sql("INSERT INTO client VALUES('rp',?,0,?,?,'','rp.example','openid profile email groups x',"
          "'ES256','','','https://rp.example/policy','https://rp.example/terms',0,1)", name,
          bytes(32), back)
    return ("/authorize?client_id=rp&response_type=code&redirect_uri=" + back + "&state=kept"
            "&code_challenge_method=S256&scope=profile+email+groups+x&code_challenge=" + "E" * 43)


def terminal(d, p, judge, one):
    """The page that waits looks again by itself; so the one that does not is judged."""
    d.open(p.origin + "/login" + one)
    d.type("#name", "nobody")
    d.click("button[name=terminal]")
    until(d, "a[href*='/paste']")
    if os.environ.get("OWNKEY_PICTURES"):
        d.picture(os.environ["OWNKEY_PICTURES"] + "/terminal.png")
    d.open(d.call("GET", d.find("a[href*='/paste']") + "/property/href"))
    judge.look("terminal-paste")


def walk(d, p, judge, name, locale=""):
    """Each page, in an order that a person could take."""
    ask = site(p, "\u0645\u0648\u0642\u0639 " + "Sehrlangername" * 9)
    more = "&ui_locales=" + locale if locale else ""
    one = more.replace("&", "?", 1)
    invite = p.invite(p.person(name))
    d.open(p.origin + "/register?invite=" + invite + more)
    judge.look("register")
    d.type("#label", "blue key")
    d.click("main button")
    d.wait("blue key")
    d.open(p.origin + "/account" + one)
    judge.look("account")
    d.open(p.origin + "/register?invite=" + invite + more)
    judge.look("used-invitation")
    ident = p.sql("SELECT id FROM account")[0][0]
    for i in range(12):
        p.sql("INSERT INTO credential VALUES(?,?,?,?,'usb',?,1,?,1,1700000000)", os.urandom(32),
              ident, bytes(9), "\u05de\u05e4\u05ea\u05d7 %d " % i + "long" * 12, bytes(16),
              (0, 2, 6, 16)[i % 4])
        p.sql("INSERT INTO session VALUES(?,?,?,1700000000,1700000100,1,?,?,'hwk')",
              os.urandom(32), os.urandom(16), ident, int(time.time()) + 9999,
              ("Firefox/Linux", "Safari/iPhone", "", "w3m/")[i % 4])
    p.sql("INSERT INTO consent VALUES(?,'rp','profile','s',1,1700000000)", ident)
    d.open(p.origin + "/account" + one)
    d.run("document.querySelectorAll('details').forEach(x => { x.open = true; })")
    judge.look("account-full")
    d.open(p.origin + ask + more)
    d.wait("rp.example")
    judge.look("consent")
    d.click("ul.links a")
    until(d, "#name")
    judge.look("login-go")
    for path, what in (("/login", "login"), ("/login/recover", "recover"), ("/logout", "logout"),
                       ("/nothing", "not-found"), ("/authorize/continue?go=x", "too-old"),
                       ("/authorize?client_id=no", "bad-request")):
        d.open(p.origin + path + (more if "?" in path else one))
        judge.look(what)
    d.open(p.origin + "/account" + one)
    d.click("form[action$='/codes'] button")
    until(d, "ol.codes")
    judge.look("codes")
    d.open(p.origin + "/login" + one)
    d.type("#name", "nobody")
    d.click("main button")
    until(d, "#again:not([hidden])")
    judge.look("touch")
    terminal(d, p, judge, one)
    d.open(p.origin + "/logout" + one)
    d.click("main button")
    until(d, "main p + p > a[href*='/login']")
    judge.look("logged-out")
    # back, after that, shows nothing
    d.call("POST", "/back")
    d.call("POST", "/back")
    d.open(p.origin + "/account" + one)
    assert d.run("return location.pathname") == "/login"


def pages(directory):
    """judged by others"""
    with place(directory, policy_uri="https://id.example/policy", name="Our place") as p, \
            chromium() as d:
        d.token()
        judge = Judge(d, p)
        walk(d, p, judge, "\u05d0\u05e0\u05d4 anna")
        judge.verdict()
        html_is_valid(judge, directory)


def german(directory):
    """nothing of it is English"""
    english = set()
    for line in read("oidc/page/say_en_table.h").splitlines():
        if line.startswith("T(") and "{" not in line:
            english.add(line.split('"')[1])
    german = {line.split('"')[1] for line in read("oidc/page/say_de_table.h").splitlines()
              if line.startswith("T(")}
    with place(directory) as p, chromium("--lang=fr") as d:
        d.token()
        judge = Judge(d, p)
        said = {}
        judge.look = lambda name: said.update({name: (d.text(), d.run(
            "return document.documentElement.lang"))})
        walk(d, p, judge, "anna", "de")
        del said["not-found"]  # of an address that is none, the query is not read
        assert {lang for _, lang in said.values()} == {"de"}, {k: v[1] for k, v in said.items()}
        for name, (text, _) in said.items():
            lines = {line.strip() for line in text.splitlines()}
            assert not (lines & english) - german, (name, lines & english)


def keyboard(directory):
    """Tab and Enter are enough: register, log in, codes, log out"""

    def press(d, what):
        for _ in range(60):
            d.keys(TAB)
            if d.run("return document.activeElement.matches(arguments[0])", what):
                assert d.run("return getComputedStyle(document.activeElement).outlineStyle") != \
                    "none", what
                d.keys(ENTER)
                return
        raise AssertionError("Tab does not come to " + what)

    with place(directory) as p, chromium() as d:
        d.token()
        d.open(p.origin + "/register?invite=" + p.invite(p.person("anna")))
        press(d, "main button")
        d.wait("Your account")
        press(d, "a[href$='/logout']")
        d.wait("Log out?")
        press(d, "main button")
        d.wait("You are logged out")
        press(d, "main a")
        d.wait("Your name here")
        press(d, "main button:not([name])")
        d.wait("Your account")
        press(d, "form[action$='/codes'] button")
        d.wait("this once")


def source_has(d, text):
    end = time.monotonic() + 20
    while text not in d.call("GET", "/source"):
        assert time.monotonic() < end, d.call("GET", "/source")
        time.sleep(0.05)


def no_scripts(directory):
    """said on the page, and what needs none works"""
    with place(directory) as p, chromium() as d:
        d.token()
        enroll.enroll(d, p, "anna")
        d.cdp("Emulation.setScriptExecutionDisabled", value=True)
        d.open(p.origin + "/account")
        d.click("form[action$='/codes'] button")
        source_has(d, "this once")
        for path in ("/login", "/register"):
            d.open(p.origin + path)
            assert "Scripts are off" in d.call("GET", d.find("noscript") + "/text"), path
        d.open(p.origin + "/logout")
        d.click("main button")
        source_has(d, "You are logged out")


def elsewhere(directory):
    """logged out in another tab: the page says so, and nothing is done"""
    with place(directory) as p, chromium() as d:
        d.token()
        enroll.enroll(d, p, "anna")
        first = d.call("GET", "/window")
        d.call("POST", "/window", {"handle": d.call("POST", "/window/new",
                                                    {"type": "tab"})["handle"]})
        d.open(p.origin + "/logout")
        d.click("main button")
        d.wait("You are logged out")
        d.call("POST", "/window", {"handle": first})
        d.click("form[action$='/codes'] button")
        d.wait("Your name here")
        assert p.sql("SELECT count(*) FROM pass") == [(0,)]


def text_browsers(directory):
    """w3m and lynx: in order, with labels"""
    with place(directory) as p:
        for program in (["w3m", "-dump", "-cols", "72"], ["lynx", "-dump", "-width=72"]):
            r = subprocess.run([*program, p.origin + "/login"], capture_output=True, text=True,
                               check=True, timeout=30, env={**os.environ, "LANG": "C.UTF-8"})
            at = [r.stdout.find(t) for t in ("Log in", "Your name here", "Leave it empty",
                                             "Log in from a terminal", "I have lost my token")]
            assert -1 not in at and at == sorted(at), r.stdout


if __name__ == "__main__":
    sys.exit(run_parallel([
        ("pages, judged by axe-core and html-validate", pages),
        ("pages in German", german),
        ("pages by keyboard", keyboard),
        ("pages without scripts", no_scripts),
        ("pages after a logout in another tab", elsewhere),
        ("pages in text browsers", text_browsers),
    ], 2))
