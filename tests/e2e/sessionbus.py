"""Two buses of their own with what a desktop has on them (python3-dbusmock), and ownkey-session."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import dbus
import dbus.lowlevel

from ownkey import BUILD, TOKEN, expect, until, world

BUS = """<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>"""
MOCK = "org.freedesktop.DBus.Mock"
LOGIND, ROOT = "org.freedesktop.login1", "/org/freedesktop/login1"
NOTES, NOTES_PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
EVERYTHING = "session-lock,sleep,screensaver,token-removed,idle,lid"


def variants(*values):
    return dbus.Array(values, signature="v")


class Bus:
    def __init__(self, directory, name):
        self.path = os.path.join(directory, name + ".bus")
        self.address = "unix:path=" + self.path
        self.config = os.path.join(directory, name + ".conf")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write(BUS % self.path)
        self.process, self.connection = None, None

    def start(self):
        r, w = os.pipe()
        self.process = subprocess.Popen(
            ["dbus-daemon", "--nofork", "--config-file", self.config, "--print-address=%d" % w],
            stderr=subprocess.DEVNULL, pass_fds=[w])
        os.close(w)
        assert os.read(r, 1), "no dbus-daemon"  # once it listens
        os.close(r)
        try:
            self.connection = dbus.bus.BusConnection(self.address)
        except dbus.exceptions.DBusException:
            self.stop()
            raise
        self.connection.set_exit_on_disconnect(False)
        return self

    def has(self, name):
        return self.connection.name_has_owner(name)

    def object(self, name, path):
        return self.connection.get_object(name, path, introspect=False)

    def send(self, path, interface, member, signature, *args):
        """A stranger's signal, to each client by its own name."""
        stranger = dbus.bus.BusConnection(self.address)
        stranger.set_exit_on_disconnect(False)
        for name in stranger.list_names():
            message = dbus.lowlevel.SignalMessage(path, interface, member)
            message.set_destination(name)
            message.append(signature=signature, *args)
            if name.startswith(":"):
                stranger.send_message(message)
        stranger.list_names()  # all of them have been sent
        stranger.close()

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(10)
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path)
        self.process = None


class Desktop:
    """The buses, what stands on them, and ownkey-session."""

    def __init__(self, directory, agent, system=True):
        self.agent, self.children = agent, {}
        self.session, self.system = Bus(directory, "session"), Bus(directory, "system")
        self.log = os.path.join(directory, "session.log")
        self.env = {**agent.env, "DBUS_SESSION_BUS_ADDRESS": self.session.address,
                    "DBUS_SYSTEM_BUS_ADDRESS": self.system.address}
        self.session.start()
        if system:
            self.system.start()
        self.program = None

    def mock(self, bus, name, *args):
        flag = "--system" if bus is self.system else "--session"
        self.children[name] = subprocess.Popen(
            ["/usr/bin/python3", "-m", "dbusmock", flag, *args], env={**os.environ, **self.env},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: bus.has(name), name)
        return self

    def end(self, name, bus):
        child = self.children.pop(name)
        child.terminate()
        child.wait(10)
        until(lambda: not bus.has(name), name + " gone")

    # logind

    def logind(self):
        self.mock(self.system, LOGIND, "--template", "logind")
        self.call(self.system, LOGIND, ROOT, MOCK, "AddSession", "c1", "seat0",
                  dbus.UInt32(os.getuid()), "me", True)
        self.call(self.system, LOGIND, ROOT, MOCK, "AddSession", "c2", "seat0",
                  dbus.UInt32(os.getuid() + 1), "somebody", False)
        self.call(self.system, LOGIND, ROOT, MOCK, "EmitSignal", LOGIND + ".Manager", "SessionNew",
                  "so", variants("c1", dbus.ObjectPath(ROOT + "/session/c1")))
        return self

    def call(self, bus, name, path, interface, method, *args):
        return getattr(dbus.Interface(bus.object(name, path), interface), method)(*args)

    def manager(self, signal_name, value):
        self.call(self.system, LOGIND, ROOT, MOCK, "EmitSignal", LOGIND + ".Manager", signal_name,
                  "b", [value])

    def seat(self, method, *args, which="c1"):
        self.call(self.system, LOGIND, ROOT + "/session/" + which, LOGIND + ".Session", method,
                  *args)

    def hint(self, name, value, which="c1"):
        self.call(self.system, LOGIND, ROOT + "/session/" + which, MOCK, "UpdateProperties",
                  LOGIND + ".Session", {name: value})

    def inhibitors(self):
        return [tuple(map(str, i[:4])) for i in
                self.call(self.system, LOGIND, ROOT, LOGIND + ".Manager", "ListInhibitors")]

    # notifications

    def notes(self, method):
        """Arguments of its calls."""
        calls = self.call(self.session, NOTES, NOTES_PATH, MOCK, "GetMethodCalls", method)
        return [c[1] for c in calls]

    # ownkey-session

    def start(self, wait=True):
        log = open(self.log, "ab")
        self.program = subprocess.Popen([os.path.join(BUILD, "ownkey-session")], env=self.env,
                                        stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        if wait:
            until(lambda: "connected to the agent" in self.said(), "ownkey-session")
            until(lambda: not self.system.process or LOGIND not in self.children
                  or "sleep" not in self.conf_lock_on() or self.inhibitors(), "an inhibitor")
            until(lambda: not self.system.process or LOGIND not in self.children
                  or self.sessions(), "the answer about the sessions")
        return self

    def conf_lock_on(self):
        text = open(self.agent.config, encoding="utf-8").read()
        lines = [x for x in text.splitlines() if x.startswith("lock_on")]
        return lines[0] if lines else EVERYTHING

    def sessions(self):
        """How often one of ours has said how it is."""
        return self.said().count("a session is known")

    def said(self):
        return open(self.log, encoding="utf-8", errors="replace").read()

    def stop(self):
        for child in [self.program, *self.children.values()]:
            if child and child.poll() is None:
                child.send_signal(signal.SIGCONT)
                child.terminate()
                child.wait(10)
        self.session.stop()
        self.system.stop()


@contextlib.contextmanager
def desktop(directory, *tokens, system=True, ways=TOKEN, **conf):
    """An agent whose vault is open, buses with logind on one; nothing of ours yet."""
    with world(directory, *(tokens or ({},)), **conf) as (agent, *made):
        # one at a time: a vault is made with the only token that is there
        for t in made[1:]:
            t.stop()
        agent.init(ways=ways)
        for t in made[1:]:
            t.start()
        d = Desktop(directory, agent, system)
        try:
            if system:
                d.logind()
            agent.lock()
            expect(agent.unlock(), "OK")
            yield (d, agent, *made)
        except BaseException:
            if os.path.exists(d.log):
                sys.stderr.write(d.said())
            raise
        finally:
            d.stop()


def locks(agent):
    until(lambda: agent.status().locked, "locked")


def stays(agent, seconds=0.5):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert not agent.status().locked, "locked"
        time.sleep(0.05)
