"""A bus of one's own, ownkey-secrets on it, and clients that speak D-Bus by jeepney."""

import contextlib
import os
import subprocess
import time

from jeepney import (DBusAddress, HeaderFields, MessageFlag, MessageType, new_method_call,
                     new_signal)
from jeepney.io.blocking import open_dbus_connection

from ownkey import BUILD, until

ROOT = "/org/freedesktop/secrets"
LOGIN, VOLATILE = ROOT + "/collection/login", ROOT + "/collection/session"
DEFAULT = ROOT + "/aliases/default"
I = "org.freedesktop.Secret."
NAME = "org.freedesktop.secrets"
PORTAL = "org.freedesktop.impl.portal.desktop.ownkey"
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/><allow user="*"/></policy>%s</busconfig>
"""
# what a session bus allows (session.conf of dbus), but for the clients of one user
LIMITS = "".join("<limit name='%s'>%d</limit>" % row for row in (
    ("max_incoming_bytes", 10 ** 9), ("max_outgoing_bytes", 10 ** 9),
    ("max_message_size", 10 ** 9), ("max_connections_per_user", 400),
    ("max_completed_connections", 100000), ("max_match_rules_per_connection", 50000),
    ("max_replies_per_connection", 50000)))


class Error(Exception):
    """A D-Bus error."""

    def __init__(self, name, text):
        super().__init__("%s: %s" % (name, text))
        self.name, self.text = name, text


class Bus:
    def __init__(self, directory):
        self.address = "unix:path=%s/bus" % directory
        path = os.path.join(directory, "bus.conf")
        with open(path, "w", encoding="utf-8") as f:
            f.write(CONFIG % (directory + "/bus", LIMITS))
        r, w = os.pipe()
        self.process = subprocess.Popen(
            ["dbus-daemon", "--config-file", path, "--nofork", "--print-address=%d" % w],
            pass_fds=[w])
        os.close(w)
        assert os.read(r, 1), "no dbus-daemon"
        os.close(r)

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Service:
    """ownkey-secrets."""

    def __init__(self, agent, bus, *args, env=None):
        self.log = os.path.join(agent.dir, "secrets.log")
        self.agent, self.bus = agent, bus
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "ownkey-secrets"), "--bus", bus.address, *args],
                env={**agent.env, **(env or {})}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        return open(self.log, encoding="utf-8").read()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(10)


class Caller:
    """A client of the bus."""

    def __init__(self, bus, enable_fds=False):
        self.conn = open_dbus_connection(bus.address, enable_fds=enable_fds)
        self.name = self.conn.unique_name
        self.signals = []
        self.session = None

    def close(self):
        self.conn.close()

    def start(self, path, interface, member, signature=None, *body, to=NAME):
        m = new_method_call(DBusAddress(path, to, interface), member, signature, body)
        self.conn.send(m, serial=(serial := next(self.conn.outgoing_serial)))
        return serial

    def take(self, timeout):
        m = self.conn.receive(timeout=timeout)
        if m.header.message_type is MessageType.signal:
            self.signals.append(m)
            return None
        return m

    def wait(self, serial, timeout=40):
        end = time.monotonic() + timeout
        while True:
            m = self.take(max(0.001, end - time.monotonic()))
            if m and m.header.fields.get(5) == serial:
                break
        if m.header.message_type is MessageType.error:
            raise Error(m.header.fields[4], m.body[0] if m.body else "")
        return m.body[0] if len(m.body) == 1 else m.body

    def call(self, path, interface, member, signature=None, *body, to=NAME, timeout=40):
        return self.wait(self.start(path, interface, member, signature, *body, to=to), timeout)

    def forge(self, to, path, interface, member, signature, *body):
        """A signal to one client, as if it were another's."""
        m = new_signal(DBusAddress(path, to, interface), member, signature, body)
        m.header.fields[HeaderFields.destination] = to
        self.conn.send(m)

    def no_reply(self, path, interface, member, signature, *body):
        m = new_method_call(DBusAddress(path, NAME, interface), member, signature, body)
        m.header.flags |= MessageFlag.no_reply_expected
        self.conn.send(m)

    def listen(self):
        for interface in ("Service", "Collection", "Prompt"):
            self.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s",
                      "interface='%s'" % (I + interface), to="org.freedesktop.DBus")
        self.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s",
                  "interface='org.freedesktop.DBus.Properties'", to="org.freedesktop.DBus")

    def has_owner(self, name):
        return self.call("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameHasOwner", "s",
                         name, to="org.freedesktop.DBus")

    # --- the Secret Service ---

    def service(self, member, signature=None, *body, **kw):
        return self.call(ROOT, I + "Service", member, signature, *body, **kw)

    def get(self, path, interface, name):
        return self.call(path, "org.freedesktop.DBus.Properties", "Get", "ss", I + interface,
                         name)[1]

    def get_all(self, path, interface):
        return {n: v for n, (_, v) in self.call(
            path, "org.freedesktop.DBus.Properties", "GetAll", "s", I + interface).items()}

    def set(self, path, interface, name, signature, value):
        return self.call(path, "org.freedesktop.DBus.Properties", "Set", "ssv", I + interface,
                         name, (signature, value))

    def plain(self):
        if not self.session:
            self.session = self.service("OpenSession", "sv", "plain", ("s", ""))[1]
        return self.session

    def create(self, attributes, value, path=DEFAULT, label="Label", replace=True,
               kind="text/plain"):
        item, prompt = self.call(
            path, I + "Collection", "CreateItem", "a{sv}(oayays)b",
            {I + "Item.Label": ("s", label), I + "Item.Attributes": ("a{ss}", attributes)},
            (self.plain(), b"", value, kind), replace)
        assert prompt == "/", prompt
        return item

    def search(self, attributes, path=DEFAULT):
        return self.call(path, I + "Collection", "SearchItems", "a{ss}", attributes)

    def secret(self, path, timeout=40):
        session, parameters, value, _ = self.call(path, I + "Item", "GetSecret", "o",
                                                  self.plain(), timeout=timeout)
        assert session == self.session and parameters == b"", (session, parameters)
        return value

    def secrets(self, *paths):
        return {p: s[2] for p, s in self.service("GetSecrets", "aoo", list(paths),
                                                 self.plain()).items()}

    def unlock(self, *paths):
        return self.service("Unlock", "ao", list(paths))

    def prompt(self, path):
        self.call(path, I + "Prompt", "Prompt", "s", "")

    def completed(self, path, timeout=40):
        """(dismissed, signature, value) of the prompt, or None."""
        end = time.monotonic() + timeout
        while True:
            for m in self.signals:
                if m.header.fields.get(1) == path and m.header.fields.get(3) == "Completed":
                    self.signals.remove(m)
                    return (m.body[0], *m.body[1])
            if time.monotonic() >= end:
                return None
            with contextlib.suppress(TimeoutError):
                self.take(max(0.001, end - time.monotonic()))

    def signalled(self, member, value=None, timeout=30):
        end = time.monotonic() + timeout
        while True:
            for m in self.signals:
                if m.header.fields.get(3) == member and (value is None or value in m.body):
                    self.signals.remove(m)
                    return m
            assert time.monotonic() < end, "no signal " + member
            with contextlib.suppress(TimeoutError):
                self.take(max(0.001, end - time.monotonic()))

    def is_open(self):
        return not self.get(LOGIN, "Collection", "Locked")


def refused(name, function, *args, **kw):
    """It fails with this error; its text."""
    try:
        got = function(*args, **kw)
    except Error as e:
        assert e.name.rsplit(".", 1)[1] == name, e
        return e.text
    raise AssertionError("expected %s, got %r" % (name, got))


def serve(agent, bus, *args):
    service = Service(agent, bus, *args)
    caller = Caller(bus)

    def ready():
        assert service.process.poll() is None, service.said()
        return caller.has_owner(NAME)
    until(ready, "ownkey-secrets on the bus")
    caller.close()
    return service
