#!/usr/bin/python3
"""Chromium with a token of its own through the pages of the provider.  OWNKEY_PICTURES: a folder
for pictures of them."""

import contextlib
import http.server
import os
import sys
import threading
import time
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from oidc_login import place
from ownkey import run_parallel
from webdriver import chromium


def picture(d, name):
    folder = os.environ.get("OWNKEY_PICTURES")
    if folder:
        d.picture("%s/%s.png" % (folder, name))


def clean(d):
    """No page says that it broke its own policy, nothing was asked of others."""
    assert d.run("return performance.getEntriesByType('resource')"
                 ".every(e => e.name.startsWith(location.origin))")
    assert d.run("return document.documentElement.scrollWidth <= innerWidth"), "too wide"


def enroll(d, p, name):
    d.open(p.origin + "/register?invite=" + p.invite(p.person(name)))
    d.wait("Register a token")
    clean(d)
    picture(d, "register")
    d.type("#label", "blue key")
    d.click("main button")
    d.wait("Your account")


def login(d, p, name=""):
    d.call("DELETE", "/cookie")
    d.open(p.origin + "/login")
    d.wait("Log in")
    clean(d)
    if name:
        d.type("#name", name)
    picture(d, "login")
    d.click("main button")


def pages(directory):
    """register, log in with and without a name, codes, second token, remove, delete"""
    with place(directory) as p, chromium() as d:
        token = d.token()
        enroll(d, p, "anna")
        d.wait("blue key")
        clean(d)
        picture(d, "account")
        login(d, p)
        d.wait("Your account")
        login(d, p, "anna")
        d.wait("Your account")
        picture(d, "account-again")
        d.click("form[action$='/codes'] button")
        d.wait("this once")
        clean(d)
        picture(d, "codes")
        # the same token again is refused by the browser itself (excludeCredentials)
        d.open(p.origin + "/register")
        d.click("main button")
        d.wait("registered for this account already")
        picture(d, "again")
        # another one
        d.call("DELETE", token)
        d.token(transport="nfc")
        d.open(p.origin + "/register")
        d.type("#label", "spare")
        d.click("main button")
        d.wait("spare")
        assert p.sql("SELECT count(*) FROM credential") == [(2,)]
        assert {r[0] for r in p.sql("SELECT transports FROM credential")} == {"usb", "nfc"}
        assert all(r[0] & 8 for r in p.sql("SELECT flags FROM credential"))
        d.click("li summary")
        d.click("form[action$='/remove'] button")
        d.wait("Register a second token")
        d.click("section:last-of-type summary")
        d.type("#sure", "anna")
        d.click("form[action$='/delete'] button")
        d.wait("is deleted")
        assert p.sql("SELECT count(*) FROM account") == [(0,)]


def refusals(directory):
    """wrong user, no token, no PIN: said in words, with a way on"""
    with place(directory) as p, chromium() as d:
        token = d.token()
        enroll(d, p, "anna")
        login(d, p, "bert")
        d.wait("Nothing was confirmed")
        clean(d)
        picture(d, "wrong-user")
        d.call("POST", token + "/uv", {"isUserVerified": False})
        login(d, p)
        d.wait("Nothing was confirmed")
        d.call("POST", token + "/uv", {"isUserVerified": True})
        d.click("#again")
        d.wait("Your account")
        d.call("DELETE", token)
        d.token()
        login(d, p, "anna")
        d.wait("Nothing was confirmed")


def dark(directory):
    """in the dark, and wide"""
    with place(directory) as p, chromium("--force-dark-mode", width=1200) as d:
        d.token()
        enroll(d, p, "anna")
        clean(d)
        picture(d, "account-dark")


class Site(http.server.BaseHTTPRequestHandler):
    """A relying party: shows how it was called."""

    def do_GET(self):  # pylint: disable=invalid-name
        n = int(self.headers.get("content-length") or 0)
        said = "%s %s %s" % (self.command, self.path, self.rfile.read(n).decode())
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(said.encode())

    do_POST = do_GET

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def site(p):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    back = "http://127.0.0.1:%d/back" % server.server_port
    # it has a secret: a program without one would be asked about each time
    p.sql("INSERT INTO client VALUES('rp','A <b>site</b>',1,?,?,'','127.0.0.1','profile email',"
          "'ES256','','','','',32,1)", bytes(32), back)
    try:
        yield "/authorize?" + urllib.parse.urlencode({
            "client_id": "rp", "response_type": "code", "redirect_uri": back, "state": "kept",
            "code_challenge_method": "S256", "code_challenge": "E" * 43, "scope": ""})
    finally:
        server.shutdown()
        server.server_close()


def sites(directory):
    """from a site through login and consent back to it, whatever form-action says"""
    with place(directory) as p, site(p) as asks, chromium() as d:
        d.token()
        enroll(d, p, "anna")
        ident = p.sql("SELECT id FROM account")[0][0]
        p.sql("INSERT INTO consent VALUES(?,'rp','profile','s',1,?)", ident, int(time.time()))
        # a login, and nothing to ask
        d.call("DELETE", "/cookie")
        d.open(p.origin + asks + "profile")
        d.click("main button")
        d.wait("GET /back?")
        assert "code=okac_" in d.text() and "state=kept" in d.text(), d.text()
        # a login, and something to ask
        d.open(p.origin + "/login")
        d.call("DELETE", "/cookie")
        d.open(p.origin + asks + "profile+email")
        d.click("main button")
        d.wait("A <b>site</b>")
        clean(d)
        picture(d, "consent")
        d.click("button[value=yes]")
        d.wait("GET /back?")
        assert "code=okac_" in d.text(), d.text()
        # logged in already, and the answer by a form
        d.open(p.origin + asks + "profile&response_mode=form_post")
        d.wait("POST /back")
        assert "code=okac_" in d.text() and "code" not in d.call("GET", "/url"), d.text()
        # no
        p.sql("UPDATE consent SET scopes='profile'")
        d.open(p.origin + asks + "profile+email")
        d.wait("A <b>site</b>")
        d.click("button[value=no]")
        d.wait("error=access_denied")
        # out
        d.open(p.origin + "/logout")
        d.wait("Log out?")
        picture(d, "logout")
        d.click("main button")
        d.wait("You are logged out")
        d.open(p.origin + "/account")
        d.wait("Your name here")


if __name__ == "__main__":
    sys.exit(run_parallel([
        ("Chromium goes through the pages", pages),
        ("Chromium is refused", refusals),
        ("Chromium in the dark", dark),
        ("Chromium goes from a site, and back", sites),
    ], 1))
