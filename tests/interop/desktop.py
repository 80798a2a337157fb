"""Desktop programs against the Secret Service: a private bus, and two that own the name on it.

GnomeKeyring is the reference, Ownkey what we make; both are started, locked and answered alike,
so that one script runs against each.  What a script finds out are facts, by name; where the two
owners differ, DIFFERENCES says how and why, or the script fails: so does a row that is no longer
true."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

# pylint: disable=wrong-import-position
from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: E402
from cryptography.hazmat.primitives.kdf.hkdf import HKDF  # noqa: E402
from jeepney import DBusAddress, MatchRule, message_bus, new_method_call  # noqa: E402
from jeepney.io.blocking import open_dbus_connection  # noqa: E402

import ownkey  # noqa: E402
from ownkey import BUILD, until  # noqa: E402

NAME = "org.freedesktop.secrets"
ROOT = "/org/freedesktop/secrets"
I_SERVICE, I_COLLECTION, I_ITEM, I_PROMPT, I_SESSION = (
    "org.freedesktop.Secret." + i for i in ("Service", "Collection", "Item", "Prompt", "Session"))
PROPERTIES = "org.freedesktop.DBus.Properties"
DH = "dh-ietf1024-sha256-aes128-cbc-pkcs7"
CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>
<servicedir>%s</servicedir>
<policy context="default"><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


def tail(path, size=4000):
    with contextlib.suppress(OSError), open(path, "rb") as f:
        f.seek(max(os.path.getsize(path) - size, 0))
        return f.read().decode(errors="replace")
    return ""


class Bus:
    """dbus-daemon with services of our own only."""

    def __init__(self, directory, env):
        self.dir, self.path = directory, os.path.join(directory, "bus")
        self.services = os.path.join(directory, "services")
        os.makedirs(self.services, exist_ok=True)
        config = os.path.join(directory, "bus.conf")
        with open(config, "w", encoding="utf-8") as f:
            f.write(CONFIG % (self.path, self.services))
        self.address = "unix:path=" + self.path
        # what the bus starts finds the bus in its environment
        self.env = {**env, "DBUS_SESSION_BUS_ADDRESS": self.address,
                    "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=" + directory + "/no-system-bus"}
        self.log = os.path.join(directory, "bus.log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(["dbus-daemon", "--nofork", "--config-file", config],
                                            env=self.env, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        until(lambda: os.path.exists(self.path), "a bus")

    def activate(self, name, *command):
        """The bus starts command when name is asked for."""
        with open(os.path.join(self.services, name + ".service"), "w", encoding="utf-8") as f:
            f.write("[D-BUS Service]\nName=%s\nExec=%s\n" % (name, " ".join(command)))
        with self.connect() as c:
            c.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                   "ReloadConfig")

    def connect(self, **kw):
        return Connection(self.address, **kw)

    def pid_of(self, name):
        """Of the owner; None when there is none (and none is started)."""
        with self.connect() as c, contextlib.suppress(Refused):
            return c.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                          "GetConnectionUnixProcessID", "s", name)
        return None

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class Refused(Exception):
    """An error reply: .name is the D-Bus error."""

    def __init__(self, what, name, text):
        super().__init__("%s: %s: %s" % (what, name, text))
        self.name = name


class Connection:
    """One client of the bus, which waits for answers."""

    def __init__(self, address, fds=False):
        self.bus = open_dbus_connection(address, enable_fds=fds)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bus.close()

    @property
    def name(self):
        return self.bus.unique_name

    def call(self, to, path, interface, member, signature=None, *args, timeout=25):
        """The body: alone when it is one value."""
        m = new_method_call(DBusAddress(path, bus_name=to, interface=interface), member,
                            signature, args)
        reply = self.bus.send_and_get_reply(m, timeout=timeout)
        if reply.header.message_type.name == "error":
            name = reply.header.fields[4]
            raise Refused(member, name, reply.body[0] if reply.body else "")
        return reply.body[0] if len(reply.body) == 1 else reply.body

    def secret(self, path, interface, member, signature=None, *args, **kw):
        return self.call(NAME, path, interface, member, signature, *args, **kw)

    def get(self, path, interface, name):
        return self.secret(path, PROPERTIES, "Get", "ss", interface, name)[1]

    def set(self, path, interface, name, signature, value):
        return self.secret(path, PROPERTIES, "Set", "ssv", interface, name, (signature, value))

    @contextlib.contextmanager
    def signals(self, **rule):
        """A queue of the signals that fit, until the block ends."""
        rule = MatchRule(type="signal", **rule)
        self.bus.send_and_get_reply(message_bus.AddMatch(rule))
        with self.bus.filter(rule, bufsize=1000) as queue:
            yield queue

    def prompted(self, path, dismiss=False, timeout=60):
        """Prompt and wait for Completed: (dismissed, signature of the result, result)"""
        with self.signals(interface=I_PROMPT, member="Completed", path=path) as queue:
            self.secret(path, I_PROMPT, "Prompt", "s", "")
            if dismiss:
                self.secret(path, I_PROMPT, "Dismiss")
            dismissed, (signature, value) = self.bus.recv_until_filtered(queue,
                                                                        timeout=timeout).body
        return bool(dismissed), signature, value

    def plain(self):
        return self.secret(ROOT, I_SERVICE, "OpenSession", "sv", "plain", ("s", ""))[1]

    def settle(self, seconds=0.3):
        """Take what comes for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                self.bus.recv_messages(timeout=max(end - time.monotonic(), 0.001))

    def unlock(self, *paths, **kw):
        """Paths that are open afterwards."""
        done, prompt = self.secret(ROOT, I_SERVICE, "Unlock", "ao", list(paths))
        return done if prompt == "/" else self.prompted(prompt, **kw)[2]


class Transfer:
    """A session, and secrets as they go over the bus in it, by python3-cryptography."""
    P = int(
        "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A0879"
        "8E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B"
        "0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF", 16)

    def __init__(self, connection, algorithm):
        self.key = None
        if algorithm == "plain":
            self.session = connection.plain()
            return
        mine = secrets.randbelow(self.P - 3) + 2
        theirs, self.session = connection.secret(
            ROOT, I_SERVICE, "OpenSession", "sv", DH,
            ("ay", pow(2, mine, self.P).to_bytes(128, "big")))
        self.shared = pow(int.from_bytes(theirs[1], "big"), mine, self.P)
        self.key = HKDF(hashes.SHA256(), 16, None, b"").derive(self.shared.to_bytes(128, "big"))

    def seal(self, value, kind="text/plain"):
        if not self.key:
            return self.session, b"", value, kind
        iv = secrets.token_bytes(16)
        pad = 16 - len(value) % 16
        e = Cipher(algorithms.AES(self.key), modes.CBC(iv)).encryptor()
        return self.session, iv, e.update(value + bytes([pad]) * pad) + e.finalize(), kind

    def open(self, sealed):
        """Text of a struct Secret that came."""
        session, iv, value, _ = sealed
        assert session == self.session, (session, self.session)
        if self.key:
            d = Cipher(algorithms.AES(self.key), modes.CBC(bytes(iv))).decryptor()
            value = d.update(bytes(value)) + d.finalize()
            value = value[:-value[-1]]
        return bytes(value).decode()


class Owner:
    """Who owns org.freedesktop.secrets.  One that is locked asks somebody, whose answers are
    given in advance with person(): one for each prompt that gnome-keyring will make."""
    name = ""

    def __init__(self, directory):
        self.dir = directory
        self.env = {"HOME": directory, "XDG_RUNTIME_DIR": directory + "/run",
                    "XDG_DATA_HOME": directory + "/data", "XDG_STATE_HOME": directory + "/state",
                    "XDG_CONFIG_HOME": directory, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        for d in ("run", "data", "state"):
            os.makedirs(os.path.join(directory, d), 0o700, exist_ok=True)
        self.bus = Bus(directory, self.env)

    @property
    def client_env(self):
        """For a program that knows nothing of us but the bus."""
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": self.home,
                "XDG_RUNTIME_DIR": self.home + "/run",
                "DBUS_SESSION_BUS_ADDRESS": self.bus.address,
                "DBUS_SYSTEM_BUS_ADDRESS": self.bus.env["DBUS_SYSTEM_BUS_ADDRESS"]}

    @property
    def home(self):
        home = os.path.join(self.dir, "client")
        os.makedirs(home + "/run", 0o700, exist_ok=True)
        return home

    def connect(self, **kw):
        return self.bus.connect(**kw)

    def run(self, *args, data=None, timeout=30, **env):
        """returncode is "waits" when it does not end in time; then it is ended."""
        try:
            return subprocess.run(args, input=data, capture_output=True, check=False,
                                  timeout=timeout, env={**self.client_env, **env})
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(args, "waits", b"", b"")

    def is_locked(self):
        with self.connect() as c:
            return c.get(ROOT + "/aliases/default", I_COLLECTION, "Locked")


class GnomeKeyring(Owner):
    """gnome-keyring-daemon; its prompts are answered by libgcr's own mock prompter."""
    name = "gnome-keyring"
    PASSWORD = "a password"

    def __init__(self, directory):
        super().__init__(directory)
        self.prompter = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "gcr_prompter.py")], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env=self.bus.env)
        self.prompter_name = self.prompter.stdout.readline().strip()
        assert self.prompter_name, "no prompter"
        self.process = None
        self.start()

    def start(self):
        log = open(self.dir + "/keyring.log", "ab")
        self.process = subprocess.Popen(
            ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets",
             "--control-directory=" + self.dir + "/run/keyring"], stdin=subprocess.PIPE,
            stdout=log, stderr=log,
            env={**self.bus.env, "GNOME_KEYRING_TEST_PROMPTER": self.prompter_name})
        log.close()
        self.process.stdin.write(self.PASSWORD.encode())
        self.process.stdin.close()
        until(lambda: self.bus.pid_of(NAME), "gnome-keyring on the bus")

    def restart(self):
        """The service ends and comes back."""
        self.process.terminate()
        self.process.wait(10)
        until(lambda: not self.bus.pid_of(NAME), "gnome-keyring is gone")
        self.start()

    def lock(self):
        with self.connect() as c:
            login = c.secret(ROOT, I_SERVICE, "ReadAlias", "s", "default")
            c.secret(ROOT, I_SERVICE, "Lock", "ao", [login])

    def person(self, *answers):
        """What is done at the next prompts: yes, no (closes it), new (a password for it)."""
        for a in answers:
            self.prompter.stdin.write("%s %s\n" % (a, self.PASSWORD))
        self.prompter.stdin.flush()
        assert self.prompter.stdout.readline() if answers else True

    def stop(self):
        for p in (self.process, self.prompter):
            if p:
                p.terminate()
                p.wait(10)
        self.bus.stop()

    def said(self):
        return tail(self.dir + "/keyring.log")


class Ownkey(Owner):
    """ownkey-secrets, which the bus starts, ownkey-agent and a token with a PIN that a person
    types into a pinentry; touches come by themselves.  Of a person's answers the last one stays."""
    name = "ownkey"

    def __init__(self, directory, words=None, **conf):
        """words: of an older vault; all that can be had from them is in this one."""
        super().__init__(directory)
        self.desk = os.path.join(directory, "desk")
        os.mkdir(self.desk)
        shutil.copy(os.path.join(HERE, "yes-or-no"), self.desk + "/pinentry")
        self.person("yes")
        self.token = ownkey.Token(directory, pin=ownkey.PIN)
        self.agent = ownkey.Agent(directory, [self.token], pinentry=self.desk + "/pinentry", **conf)
        self.agent.env["DBUS_SESSION_BUS_ADDRESS"] = self.bus.address
        self.agent.start()
        self.who = self.restored(words) if words else self.agent.init()
        self.bus.activate(NAME, os.path.join(BUILD, "ownkey-secrets"))
        # it is locked to all until it has read what is in the vault
        until(lambda: not self.is_locked(), "ownkey-secrets has read the vault")

    def restored(self, words):
        who = ownkey.Person(words=words)
        with contextlib.closing(self.agent.client(who)) as c:
            c.call("rebuild.open", timeout=60)
            c.call("rebuild.commit", timeout=60, ways=ownkey.TOKEN, **ownkey.ARGON)
        return who

    def person(self, *answers):
        with open(self.desk + "/answer.new", "w", encoding="utf-8") as f:
            f.write({"no": "no"}.get(answers[-1], ownkey.PIN) + "\n")
        os.rename(self.desk + "/answer.new", self.desk + "/answer")

    def asked(self):
        """What the person was asked so far."""
        with contextlib.suppress(FileNotFoundError), open(self.desk + "/asked",
                                                          encoding="utf-8") as f:
            return f.read().splitlines()
        return []

    def restart(self):
        pid = self.bus.pid_of(NAME)
        if pid:
            os.kill(pid, signal.SIGTERM)
            until(lambda: not self.bus.pid_of(NAME), "ownkey-secrets is gone")

    def lock(self):
        self.agent.lock()

    def stop(self):
        self.restart()
        self.agent.stop()
        self.stop_another()
        self.token.stop()
        self.bus.stop()

    def stop_another(self):
        """An agent that ownkey-secrets started, because ours was not there."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as s:
            s.connect(self.agent.socket)
            pid = struct.unpack("3i", s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
            os.kill(pid, signal.SIGTERM)
            until(lambda: not os.path.exists("/proc/%d" % pid), "another agent ends")

    def said(self):
        return "".join((self.agent.said(), tail(self.bus.log), *self.asked()))


@contextlib.contextmanager
def owned(kind, **kw):
    """An owner, which is ended whatever happens; what it said, when something went wrong."""
    directory, owner = tempfile.mkdtemp(), None
    try:
        owner = kind(directory, **kw)
        yield owner
    except BaseException:
        if owner:
            sys.stderr.write(owner.said())
        raise
    finally:
        if owner:
            owner.stop()
        if not os.environ.get("KEEP"):
            shutil.rmtree(directory, ignore_errors=True)
