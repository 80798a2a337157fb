#!/usr/bin/python3
# limit: 400
"""Chromium keeps its cookies with a key from the Secret Service (the code of Electron's
safeStorage).  A cookie of a server of our own survives whatever happens to the vault."""

import contextlib
import glob
import hashlib
import http.server
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
import time

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from desktop import until  # noqa: E402
from facts import compare  # noqa: E402

ABSENT = 65  # seconds


class Server:
    """Sets a cookie at /set; what it was sent with each request to /get."""

    def __init__(self):
        self.value, self.seen = secrets.token_hex(12), []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # pylint: disable=invalid-name
                if self.path == "/get":
                    server.seen.append(self.headers.get("Cookie"))
                self.send_response(200)
                if self.path == "/set":
                    self.send_header("Set-Cookie", "k=%s; Max-Age=1000000; Path=/" % server.value)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(b"<script>setInterval(()=>fetch('/get'),200)</script>")

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def got(self):
        """What came with the last request: its cookie, nothing, or there was no request."""
        if not self.seen:
            return "no request"
        return {"k=" + self.value: "cookie", None: "nothing"}.get(self.seen[-1], "another")

    def wait(self, seconds=40):
        """Until the second request, which the page makes itself."""
        end = time.monotonic() + seconds
        while len(self.seen) < 2 and time.monotonic() < end:
            time.sleep(0.05)
        return self.got()


class Browser:
    """Chromium without a window, told to end by its debugging pipe: it writes what it has."""
    ARGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-dev-shm-usage", "--disable-background-networking", "--disable-sync",
            "--disable-component-update", "--password-store=gnome-libsecret",
            "--remote-debugging-pipe")

    def __init__(self, owner, server):
        self.owner, self.server, self.process, self.pipes = owner, server, None, ()
        self.profile = owner.home + "/profile"

    def start(self, path):
        self.server.seen.clear()
        (in_r, in_w), (out_r, out_w) = os.pipe(), os.pipe()
        self.pipes = (in_w, out_r)
        with open(self.owner.dir + "/chromium.log", "ab") as log:
            self.process = subprocess.Popen(
                ["sh", "-c", "exec 3<&%d 4>&%d; exec chromium \"$@\"" % (in_r, out_w), "sh",
                 *self.ARGS, "--user-data-dir=" + self.profile,
                 "http://127.0.0.1:%d%s" % (self.server.http.server_port, path)],
                env=self.owner.client_env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=(in_r, out_w), start_new_session=True)
        os.close(in_r)
        os.close(out_w)

    def end(self):
        with contextlib.suppress(BrokenPipeError):  # it ended by itself: its visit says so
            os.write(self.pipes[0], b'{"id":1,"method":"Browser.close"}\0')
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            sys.stderr.write("chromium had to be killed\n")
        self.kill()

    def kill(self):
        """With its helpers; a lock of its profile that is left would send the next one away."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
        until(lambda: not self.is_in_use(), "Chromium's helpers to end")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.profile + "/SingletonLock")
        for fd in self.pipes:
            os.close(fd)
        self.process = None

    def is_in_use(self):
        """One that finds another at the same profile ends at once."""
        for path in glob.glob("/proc/[0-9]*/cmdline"):
            with contextlib.suppress(OSError), open(path, encoding="utf-8", errors="replace") as f:
                if self.profile in f.read():
                    return True
        return False

    def visit(self, path="/get"):
        self.start(path)
        got = self.server.wait()
        self.end()
        return got

    def sealed(self):
        """encrypted_value of the cookie; None when its row is gone."""
        db = sqlite3.connect("file:%s/Default/Cookies?mode=ro" % self.profile, uri=True)
        with contextlib.closing(db):
            row = db.execute("SELECT encrypted_value FROM cookies WHERE name = 'k'").fetchone()
        return row[0] if row else None

    def row(self):
        value = self.sealed()
        return "deleted" if value is None else value[:3].decode()


def opened(value, secret):
    """A value of Chromium's scheme v11; the hash of the host before it."""
    assert value[:3] == b"v11", value
    key = hashlib.pbkdf2_hmac("sha1", secret, b"saltysalt", 1, 16)
    d = Cipher(algorithms.AES(key), modes.CBC(b" " * 16)).decryptor()
    text = d.update(value[3:]) + d.finalize()
    return text[:-text[-1]].removeprefix(hashlib.sha256(b"127.0.0.1").digest())


def kept_secret(owner):
    if owner.name == "ownkey":
        return owner.agent.cli("secret", "get", "Chromium Safe Storage").stdout.encode().strip()
    return owner.run("secret-tool", "lookup", "application", "chromium").stdout


def both(owner, fact, server, browser):
    fact("first visit", (browser.visit("/set"), browser.row()))
    first = browser.sealed()
    secret = kept_secret(owner)
    fact("the value opens with the secret that is kept",
         opened(first, secret) == server.value.encode())
    fact("restarted", (browser.visit(), browser.row()))
    owner.lock()
    owner.person("yes")
    fact("locked, the person says yes", (browser.visit(), browser.row()))
    owner.restart()
    fact("the service restarted", (browser.visit(), browser.row()))
    owner.lock()
    owner.person("no")
    browser.start("/get")
    server.wait(12)
    fact("locked, the person says no", server.got())
    browser.end()
    fact("its row after that", browser.row())
    return first, secret


def survives(fact, browser, what, got, first):
    fact.must(what + ": the cookie is sent", got == "cookie")
    fact.must(what + ": its row is there", browser.row() == "v11")
    fact.must(what + ": never without it", None not in browser.server.seen)
    if browser.sealed() != first:
        sys.stderr.write("(sealed anew)\n")


def restart(agent):
    """The children of one that was killed may hold its place for a moment."""
    for _ in range(20):
        with contextlib.suppress(AssertionError):
            agent.start()
            return
        time.sleep(0.2)
    raise AssertionError("no agent: " + agent.said())


def only_ours(owner, fact, server, browser, first):
    """What only a vault with a token can have happen to it."""
    owner.person("yes")
    survives(fact, browser, "after no, yes", browser.visit(), first)

    owner.lock()
    owner.person("no")
    browser.start("/get")
    server.wait(3)
    owner.agent.unlock(owner.who)
    survives(fact, browser, "no, then unlocked elsewhere", server.wait(), first)
    browser.end()

    owner.lock()
    owner.person("no")
    browser.start("/get")
    server.wait(3)
    browser.kill()
    owner.person("yes")
    survives(fact, browser, "no, and the browser killed", browser.visit(), first)

    os.kill(owner.agent.main_pid(), signal.SIGKILL)
    owner.agent.process.wait(10)
    restart(owner.agent)
    survives(fact, browser, "agent killed and restarted", browser.visit(), first)

    os.kill(owner.agent.main_pid(), signal.SIGKILL)
    owner.agent.process.wait(10)
    survives(fact, browser, "agent killed, nobody starts it", browser.visit(), first)


def absent_token(owner, fact, server, browser, first):
    owner.lock()
    owner.token.stop()
    browser.start("/get")
    server.wait(ABSENT)
    fact.must("without the token it waits for %d s" % ABSENT, not server.seen)
    owner.token.start()
    survives(fact, browser, "a token that comes then", server.wait(30), first)
    browser.end()


def walk(owner, fact):
    server = Server()
    browser = Browser(owner, server)
    try:
        first, secret = both(owner, fact, server, browser)
        if owner.name == "ownkey":
            only_ours(owner, fact, server, browser, first)
            absent_token(owner, fact, server, browser, first)
            fact.must("the secret is the first one still", kept_secret(owner) == secret)
            fact.must("the value still opens with it",
                      opened(browser.sealed(), secret) == server.value.encode())
    finally:
        if browser.process:
            browser.kill()
        server.http.shutdown()


sys.exit(compare("chromium", walk))
