"""A small client of ownkey's native protocol, and what its tests need: an agent and software tokens
in a private folder, a person who types.  Field names and numbers come from lib/ops*.[ch]."""

import contextlib
import glob
import hashlib
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import cbor2

from job import BUILD, ERR, HERE, encode, read_exactly, receive, run, send  # noqa: F401

NAME = {number: name for name, number in ERR.items()}
LIB = os.path.join(HERE, "..", "..", "lib")
TEXT, SHOW, ACCEPTED, FAILED = range(4)
TOKEN, PASS, PHRASE = 1, 2, 4
PIN = "1234"
PASSPHRASE = "correct horse battery"
# small: the tests are not about Argon2
ARGON = {"argon_m": 8192, "argon_t": 1}


def personalities():
    text = subprocess.check_output([os.path.join(BUILD, "ownkey-softtoken"), "--list"], text=True)
    return [line.split()[0] for line in text.split("faults:")[0].splitlines()
            if line.startswith("  ")]


# --- the tables ---

def table_text(name):
    return open(os.path.join(LIB, name), encoding="utf-8").read()


def tables():
    return "\n".join(table_text(os.path.basename(f))
                     for f in sorted(glob.glob(os.path.join(LIB, "ops_*.c"))))


def read_maps():
    """{struct: {field name: (key, type, map of sub messages)}}"""
    maps = {}
    field = re.compile(r"WIRE_([FSE])\(\s*(\w+),\s*(\d+),\s*(.*?)\)\s*,\s*(?=WIRE_|$)", re.S)
    for name, body in re.findall(r"wire_field (\w+)_fields\[\] = \{(.*?)\n\};",
                                 tables(), re.S):
        fields = {}
        for shape, _, key, rest in field.findall(body.strip()):
            args = [a.strip() for a in rest.split(",")]
            if shape == "E":
                fields[args[1]] = (int(key), "UINT", None)
            elif shape == "S":
                fields[args[2]] = (int(key), args[0], args[3].strip("&").removesuffix("_map"))
            else:
                fields[args[2]] = (int(key), args[0], None)
        maps[name] = fields
    return maps


def read_ops():
    """{name: (number, request map, reply map)}"""
    numbers = dict(re.findall(r"\b(OP_\w+) = (\d+)", table_text("ops.h")))
    rows = re.findall(r'\{\s*(OP_\w+),\s*"([\w.]+)",[^&N]*?(?:&ops_(\w+)_map|NULL),'
                      r'\s*(?:&ops_(\w+)_map|NULL),', re.sub(r"OPF_\w+|ANYTIME|\|", "",
                                                              table_text("ops.c")))
    return {name: (int(numbers[op]), "ops_" + req if req else None, "ops_" + rep if rep else None)
            for op, name, req, rep in rows}


MAPS, OPS = read_maps(), read_ops()
KINDS = re.findall(r"OPS_EV_(\w+)", table_text("ops.h").split("enum ops_event_kind")[1]
                   .split("};")[0])
assert len(OPS) >= 29 and len(MAPS["ops_status_rep"]) >= 19, "the tables look different now"


def pack(name, values):
    fields = MAPS[name]
    out = {}
    for member, value in values.items():
        if value is None:
            continue
        key, kind, sub = fields[member]
        if kind == "MAP":
            out[key] = pack(sub, value)
        else:
            out[key] = [pack(sub, v) for v in value] if sub else value
    return out


class Fields(dict):
    """A decoded message: fields by name; None when absent."""
    __getattr__ = dict.get


def unpack(name, values):
    out = Fields()
    for member, (key, _, sub) in MAPS[name].items():
        if key in values:
            out[member] = [unpack(sub, v) for v in values[key]] if sub else values[key]
    return out


# --- people and clients ---

class Person:
    """What somebody types when asked.  A list is taken in order, its last element stays."""

    def __init__(self, pin=PIN, passphrase=PASSPHRASE, words=None, newpass=None, newpin=None):
        self.answers = {"NEED_PIN": pin, "NEED_PASS": passphrase, "NEED_WORDS": words,
                        "NEED_NEWPIN": newpin or pin}
        self.newpass = newpass or passphrase
        self.shown = None
        self.asked = []
        self.hold = set()  # kinds of events that stay unanswered

    def answer(self, kind, again=False):
        text = self.newpass if kind == "NEED_PASS" and again else self.answers[kind]
        if isinstance(text, list):
            text = text.pop(0) if len(text) > 1 else text[0]
        return text


class Failed(Exception):
    def __init__(self, op, reply):
        super().__init__("%s: %s (%s)" % (op, reply.status, reply.text))
        self.status = reply.status


class Reply:
    def __init__(self, op, message):
        self.op, self.status = op, NAME[message[3]]
        self.text = message.get(5)
        rep = OPS[op][2]
        self.result = unpack(rep, message.get(4, {})) if rep else Fields()

    def __repr__(self):
        return "%s %s %r %r" % (self.op, self.status, self.result, self.text)


class Client:
    """A connection to agent.sock."""

    def __init__(self, agent, person=None, hello=True, interactive=True, **fields):
        self.agent, self.person = agent, person or Person()
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(agent.socket)
        self.next_id, self.names, self.replies = 0, {}, {}
        self.events = []  # Fields with kind by name
        self.talks = []
        if hello:
            self.call("hello", protocol=1, client="tests", interactive=interactive, **fields)

    def close(self):
        self.sock.close()

    def start(self, op, **params):
        """Send a request; its id."""
        number, req, _ = OPS[op]
        self.next_id += 1
        self.names[self.next_id] = op
        frame = {1: number, 2: self.next_id}
        if req:
            frame[3] = pack(req, params)
        send(self.sock, frame)
        return self.next_id

    def step(self, timeout=40):
        """Take one frame: an event is answered, a reply kept."""
        message = receive(self.sock, timeout)
        if message[2] == 0:
            event = unpack("ops_event", message[4])
            event["kind"] = KINDS[event.kind]
            self.events.append(event)
            self.on_event(event)
        else:
            self.replies[message[2]] = Reply(self.names[message[2]], message)

    def on_event(self, event):
        if event.job is None or event.kind in self.person.hold:
            return
        self.person.asked.append(event)
        if event.kind == "SHOW_WORDS":
            self.talk(event.job, None)
        else:
            s = self.talk(event.job, self.person.answer(event.kind, event.again))
            while event.kind == "NEED_WORDS" and self.is_asked_again(s):
                send(s, {1: TEXT, 2: self.person.answer(event.kind).encode()})

    @staticmethod
    def is_asked_again(s):
        """The worker says at once what it thinks of the words."""
        with contextlib.suppress(EOFError, ConnectionResetError):
            return receive(s).get(5, False)
        return False

    def talk(self, job, text):
        """secret.sock: the id, then what is typed, without waiting for what follows."""
        s = socket.socket(socket.AF_UNIX)
        s.connect(self.agent.secret)
        s.sendall(job)
        self.talks.append(s)
        if text is None:
            message = receive(s)
            assert message[1] == SHOW, message
            text = self.person.shown = message[2].decode()
        if text is not None:
            send(s, {1: TEXT, 2: text.encode()})
        return s

    def wait(self, request, timeout=40):
        end = time.monotonic() + timeout
        while request not in self.replies:
            self.step(max(end - time.monotonic(), 0.001))
        for s in self.talks:
            s.close()
        self.talks = []
        return self.replies.pop(request)

    def wait_event(self, *kinds, timeout=40):
        end = time.monotonic() + timeout
        seen = 0
        while True:
            for event in self.events[seen:]:
                if event.kind in kinds:
                    return event
            seen = len(self.events)
            self.step(max(end - time.monotonic(), 0.001))

    def ask(self, op, timeout=40, **params):
        return self.wait(self.start(op, **params), timeout)

    def call(self, op, **params):
        reply = self.ask(op, **params)
        if reply.status != "OK":
            raise Failed(op, reply)
        return reply.result

    def count(self, kind):
        return sum(e.kind == kind for e in self.events)


# --- processes ---

class Token:
    """ownkey-softtoken."""

    def __init__(self, directory, name="token", personality="yk57", pin=PIN, faults=(), **kw):
        self.base = os.path.join(directory, name)
        self.socket, self.control = self.base + ".sock", self.base + ".ctl"
        self.personality, self.pin, self.faults = personality, pin, faults
        self.touch_timeout = kw.get("touch_timeout")
        self.process = None
        self.start()

    def start(self, faults=None):
        r, w = os.pipe()
        args = ["--personality", self.personality]
        for fault in self.faults if faults is None else faults:
            args += ["--fault", fault]
        if self.pin:
            args += ["--pin", self.pin]
        if self.touch_timeout:
            args += ["--touch-timeout", str(self.touch_timeout)]
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "ownkey-softtoken"), "--state", self.base + ".state",
             "--socket", self.socket, "--control", self.control, "--ready", str(w), "--quiet",
             *args], pass_fds=[w])
        os.close(w)
        assert os.read(r, 1), "ownkey-softtoken did not start"
        os.close(r)

    def tell(self, *command):
        done = subprocess.run([os.path.join(BUILD, "ownkey-softtoken"), "--send", self.control,
                               *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done)
        return done.stdout

    def is_waiting(self):
        return subprocess.run([os.path.join(BUILD, "ownkey-softtoken"), "--send", self.control,
                               "waiting"], capture_output=True, check=False).returncode == 0

    def restart(self, faults=None):
        self.stop()
        self.start(faults)

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.socket)

    @property
    def path(self):
        return "unix:" + self.socket


class Agent:
    """ownkey-agent with a private home.  conf: lines of ownkey.conf."""

    def __init__(self, directory, tokens=(), wrap=(), **conf):
        self.dir, self.process, self.wrap = directory, None, list(wrap)
        self.runtime = os.path.join(directory, "run")
        self.data, self.state = os.path.join(directory, "data"), os.path.join(directory, "state")
        self.config = os.path.join(directory, "ownkey", "ownkey.conf")
        self.socket = os.path.join(self.runtime, "ownkey", "agent.sock")
        self.secret = os.path.join(self.runtime, "ownkey", "secret.sock")
        self.vault = os.path.join(self.data, "ownkey", "vault")
        self.log = os.path.join(directory, "agent.log")
        for d in (self.runtime, self.data, self.state, os.path.dirname(self.config)):
            os.makedirs(d, 0o700, exist_ok=True)
        self.env = {"HOME": directory, "XDG_RUNTIME_DIR": self.runtime, "PATH": "/usr/bin:/bin",
                    "XDG_DATA_HOME": self.data, "XDG_STATE_HOME": self.state,
                    "XDG_CONFIG_HOME": directory, "LANG": "C.UTF-8"}
        self.configure(tokens, **conf)

    def configure(self, tokens, **conf):
        conf = {"pinentry": "none", "prompt_timeout": "10s", "touch_timeout": "10s",
                "log_level": "debug", "allow_swap": "yes", **conf}
        with open(self.config, "w", encoding="utf-8") as f:
            for t in tokens:
                f.write("token = %s\n" % (t if isinstance(t, str) else t.path))
            if not tokens:
                f.write("token = unix:%s/none\n" % self.dir)
            f.writelines("%s = %s\n" % item for item in conf.items())

    def start(self, env=None, args=(), preexec_fn=None):
        r, w = os.pipe()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrap, os.path.join(BUILD, "ownkey-agent"), "--config", self.config,
                 "--ready-fd", str(w), *args], env={**self.env, **(env or {})}, pass_fds=[w],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=preexec_fn)
        os.close(w)
        ready = os.read(r, 1)
        os.close(r)
        assert ready, "ownkey-agent did not start: " + self.said()
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        self.process = None

    def cli(self, *args, stdin="", **env):
        """Run ownkey, as from a script without a terminal."""
        return subprocess.run([os.path.join(BUILD, "ownkey"), *args], input=stdin, text=True,
                              env={**self.env, **env}, capture_output=True, timeout=60,
                              start_new_session=True, check=False)

    def restart(self, **kw):
        self.stop()
        return self.start(**kw)

    def said(self):
        return open(self.log, encoding="utf-8", errors="replace").read()

    def client(self, person=None, **kw):
        return Client(self, person, **kw)

    @property
    def seen(self):
        """What this machine remembers of the vault: one file for each place of one."""
        found = glob.glob(os.path.join(self.state, "ownkey", "seen-*"))
        assert len(found) == 1, found
        return found[0]

    def hash(self):
        return hashlib.sha256(open(self.vault, "rb").read()).hexdigest()

    def read(self):
        return open(self.vault, "rb").read()

    def write(self, data):
        with open(self.vault, "wb") as f:
            f.write(data)

    # pids

    def main_pid(self):
        """Of the supervisor (the process that was started may be strace)."""
        pid = self.process.pid
        while b"ownkey-agent" not in open("/proc/%d/cmdline" % pid, "rb").read().split(b"\0")[0]:
            pid = children(pid)[0]
        return pid

    def role(self, role):
        for pid in children(self.main_pid()):
            if b"--role=" + role.encode() in cmdline(pid):
                return pid
        raise AssertionError("no process with role " + role)

    def helpers(self):
        """Those that live: one that has ended has no command line any more."""
        return [p for p in children(self.main_pid())
                if cmdline(p) and b"--role=" not in cmdline(p)]

    # ordinary things, each with a fresh client

    def init(self, person=None, ways=TOKEN, **params):
        """Make a vault; the person, who has seen the words."""
        person = person or Person()
        with contextlib.closing(self.client(person)) as c:
            c.call("init", timeout=60, ways=ways, **ARGON, **params)
        person.answers["NEED_WORDS"] = person.shown
        return person

    def unlock(self, person=None, **params):
        with contextlib.closing(self.client(person)) as c:
            return c.ask("unlock", timeout=60, **params)

    def lock(self):
        with contextlib.closing(self.client()) as c:
            c.ask("lock")
            until(lambda: self.status().locked, "locked")

    def status(self):
        with contextlib.closing(self.client()) as c:
            return c.call("status")


def cmdline(pid):
    try:
        return open("/proc/%d/cmdline" % pid, "rb").read()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def children(pid):
    try:
        return [int(p) for p in open("/proc/%d/task/%d/children" % (pid, pid)).read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


def has_ended(pid):
    """Waited for by its parent, or not yet."""
    try:
        stat = open("/proc/%d/stat" % pid, encoding="utf-8").read()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return stat.rsplit(")", 1)[1].split()[0] == "Z"


def status_of(pid, field):
    for line in open("/proc/%d/status" % pid):
        if line.startswith(field + ":"):
            return line.split(":", 1)[1].split()
    return None


def until(true, what, timeout=30):
    end = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < end, "waited in vain: " + what
        time.sleep(0.01)


@contextlib.contextmanager
def world(directory, *tokens, start=True, **conf):
    """An agent and its tokens, which are ended whatever happens.  A token is a dictionary."""
    made, agent = [], None
    try:
        for i, kw in enumerate(tokens):
            made.append(Token(directory, **{"name": "token%d" % i, **kw}))
        agent = Agent(directory, made, **conf)
        if start:
            agent.start()
        yield (agent, *made)
    except BaseException:
        if agent and os.path.exists(agent.log):
            sys.stderr.write(agent.said())
        raise
    finally:
        if agent:
            agent.stop()
        for t in made:
            t.stop()


def expect(reply, status):
    assert reply.status == status, "%s, expected %s" % (reply, status)
    return reply


def run_parallel(cases, jobs=4):
    """cases: (name, function of a directory).  Says TAP; returns the exit status."""
    # pylint: disable=import-outside-toplevel
    import tempfile
    import traceback
    from concurrent.futures import ThreadPoolExecutor, as_completed

    def one(case):
        directory = tempfile.mkdtemp()
        try:
            case[1](directory)
            return None
        except Exception:  # pylint: disable=broad-except
            return traceback.format_exc()
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    cases = [c for c in cases if not sys.argv[1:] or any(a in c[0] for a in sys.argv[1:])]
    print("1..%d" % len(cases), flush=True)
    failed = 0
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(one, c): c[0] for c in cases}
        for n, done in enumerate(as_completed(running), 1):
            error = done.result()
            if error:
                failed += 1
                sys.stderr.write("--- %s\n%s" % (running[done], error))
            print("%sok %d - %s" % ("not " if error else "", n, running[done]), flush=True)
    return 1 if failed else 0
