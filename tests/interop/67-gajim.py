#!/usr/bin/python3
# limit: 300
"""Gajim logs in to a real XMPP server with a password that only the keeper of secrets has, nobody
typing; the vault may be locked when it starts."""

import contextlib
import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from desktop import tail, until  # noqa: E402
from facts import compare  # noqa: E402
from free_port import free_port  # noqa: E402

PROSODY = """
data_path = "{dir}/xmpp"
pidfile = "{dir}/prosody.pid"
modules_enabled = {{ "roster", "saslauth", "disco", "ping" }}
modules_disabled = {{ "s2s", "tls" }}
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}
s2s_ports = {{ }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
log = {{ debug = "{dir}/prosody.log" }}
VirtualHost "localhost"
"""
ACCOUNT = "acc"


class Server:
    """prosody with one account."""

    def __init__(self, directory, password):
        self.dir, self.log = directory, directory + "/prosody.log"
        self.port = free_port()
        os.makedirs(directory + "/xmpp/localhost/accounts")
        with open(directory + "/xmpp/localhost/accounts/alice.dat", "w", encoding="utf-8") as f:
            f.write('return { ["password"] = "%s" };\n' % password)
        config = directory + "/prosody.cfg.lua"
        with open(config, "w", encoding="utf-8") as f:
            f.write(PROSODY.format(dir=directory, port=self.port))
        self.process = subprocess.Popen(["prosody", "-F", "--config", config],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        until(lambda: "on [127.0.0.1]:%d" % self.port in tail(self.log, 100000)
              or ":%d" % self.port in tail(self.log, 100000), "prosody listens", 20)

    def logins(self):
        return tail(self.log, 10000000).count("Authenticated as alice@localhost")

    def failures(self):
        return tail(self.log, 10000000).count("not-authorized")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


@contextlib.contextmanager
def display():
    r, w = os.pipe()
    p = subprocess.Popen(["Xvfb", "-displayfd", str(w), "-screen", "0", "1024x768x24",
                          "-nolisten", "tcp"], pass_fds=[w], stderr=subprocess.DEVNULL)
    os.close(w)
    try:
        with open(r, encoding="ascii") as f:
            yield ":" + f.readline().strip()
    finally:
        p.terminate()
        p.wait(10)


class Gajim:
    def __init__(self, owner, server, screen):
        self.owner, self.server, self.process = owner, server, None
        self.env = {**owner.client_env, "DISPLAY": screen, "NO_AT_BRIDGE": "1",
                    "GSETTINGS_BACKEND": "memory", "LIBGL_ALWAYS_SOFTWARE": "1"}
        self.settings = owner.home + "/.config/gajim/settings.sqlite"

    def start(self):
        with open(self.owner.dir + "/gajim.log", "ab") as log:
            self.process = subprocess.Popen(["gajim", "--verbose"], env=self.env, stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True)

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def tables(self):
        with contextlib.suppress(sqlite3.Error):
            db = sqlite3.connect("file:%s?mode=ro" % self.settings, uri=True)
            with contextlib.closing(db):
                return db.execute("SELECT count(*) FROM account_settings").fetchone()
        return None

    def account(self):
        """One, as its own dialogs write it, without a password."""
        self.start()
        until(self.tables, "gajim makes its settings", 60)
        time.sleep(0.5)
        self.stop()
        values = {"name": "alice", "hostname": "localhost", "address": "alice@localhost",
                  "use_custom_host": True, "custom_host": "127.0.0.1",
                  "custom_port": self.server.port, "custom_type": "PLAIN", "savepass": True,
                  "autoconnect": True, "active": True, "resource": "test",
                  "confirm_unencrypted_connection": False, "restore_last_status": False,
                  "account_label": ACCOUNT, "anonymous_auth": False}
        with contextlib.closing(sqlite3.connect(self.settings)) as db:
            db.execute("INSERT INTO account_settings VALUES (?, ?)", (ACCOUNT, json.dumps(
                {"account": values, "contact": {}, "group_chat": {}})))
            db.commit()

    def login(self, seconds=60, meanwhile=None):
        """It starts; whether the server let it in."""
        before, end = self.server.logins(), time.monotonic() + seconds
        self.start()
        try:
            while self.server.logins() == before and time.monotonic() < end:
                if meanwhile and time.monotonic() > end - seconds + 6:
                    meanwhile()
                    meanwhile = None
                time.sleep(0.05)
            return self.server.logins() > before and self.server.failures() == 0
        finally:
            self.stop()


def nowhere(directory, password):
    """Is the password in no file below it?"""
    for at, _, files in os.walk(directory):
        for name in files:
            with contextlib.suppress(OSError), open(os.path.join(at, name), "rb") as f:
                if password.encode() in f.read():
                    sys.stderr.write("in %s\n" % os.path.join(at, name))
                    return False
    return True


def told(owner, server, screen, fact, password):
    gajim = Gajim(owner, server, screen)
    gajim.account()
    fact("the password is put there", owner.run(
        "secret-tool", "store", "--label=Password for '%s' on 'gajim'" % ACCOUNT, "service",
        "gajim", "username", ACCOUNT, "application", "Python keyring library",
        data=password.encode()).returncode)
    fact("gajim logs in", gajim.login())
    owner.lock()
    owner.person("yes")
    fact("locked when it starts: the person says yes, it logs in", gajim.login())
    if owner.name == "ownkey":
        owner.lock()
        owner.token.stop()
        fact.must("no token when it starts: it logs in when there is one",
                  gajim.login(80, owner.token.start))
    fact("the password is in no file of gajim", nowhere(owner.home, password))


def walk(owner, fact):
    password = secrets.token_urlsafe(18)
    server = Server(owner.dir, password)
    try:
        with display() as screen:
            told(owner, server, screen, fact, password)
    except BaseException:
        sys.stderr.write(tail(owner.dir + "/gajim.log") + tail(server.log))
        raise
    finally:
        server.stop()


sys.exit(compare("gajim", walk))
