"""A machine for logins, in a mount namespace of its own: accounts that are nowhere else,
/etc/pam.d, ownkey as `make install` puts it, and a token that tells what it was asked for."""

import contextlib
import json
import os
import pty
import pwd
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import traceback

import cbor2

from ownkey import PIN, TOKEN, Agent, Token, until

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BUILD = os.path.abspath(os.environ.get("B", "build"))
MODULE = "/usr/local/lib/security/pam_ownkey.so"
ALICE, BOB = 54331, 54332
HOME = os.path.join("/home", "alice")
MAP = "/etc/ownkey/pam.map"
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
SECRET = "a b c"


# --- the token ---

class Proxy:
    """A socket that leads to the token: what came by it, and from whom."""

    def __init__(self, path, token, owner=0):
        self.path, self.token, self.asked = "unix:" + path, token, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chown(path, owner, owner)
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            here, _ = self.listener.accept()
            threading.Thread(target=self.pump, args=(here,), daemon=True).start()

    def pump(self, here):
        pid, _, _ = struct.unpack("iII", here.getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        with contextlib.closing(here), contextlib.closing(socket.socket(socket.AF_UNIX)) as there:
            with contextlib.suppress(OSError):
                there.connect(self.token.socket)
                self.talk(here, there, pid)

    def talk(self, here, there, pid):
        message, left = b"", 0
        while True:
            ready = select.select([here, there], [], [])[0]
            if there in ready:
                data = there.recv(64)
                here.sendall(data)
                if not data:
                    return
            if here not in ready:
                continue
            report = here.recv(64)
            if not report:
                return
            if report[4] & 0x80:
                message, left = b"", struct.unpack(">H", report[5:7])[0]
                body, is_cbor = report[7:], report[4] == 0x90
            else:
                body = report[5:]
            message, left = message + body[:left], left - min(left, len(body))
            if left == 0 and is_cbor:
                self.note(message, pid)
            there.sendall(report)

    def note(self, message, pid):
        fields = cbor2.loads(message[1:]) if len(message) > 1 else {}
        self.asked.append({"command": message[0], "fields": fields, "ids": ids_of(pid)})

    def take(self):
        """What was asked since the last time: assertions with a touch, those with a secret."""
        asked, self.asked = self.asked, []
        touched = [a for a in asked if a["command"] == 2 and
                   a["fields"].get(5, {}).get("up", True)]
        secret = [a for a in asked if a["command"] == 2 and
                  "hmac-secret" in a["fields"].get(4, {})]
        return len(touched), len(secret), asked


def ids_of(pid):
    """uid, gid (real, effective, saved, of files), groups and effective capabilities."""
    lines = dict(line.rstrip().split(":", 1) for line in open("/proc/%d/status" % pid)
                 if ":" in line)
    return {k: [int(n, 16 if k == "CapEff" else 10) for n in lines[k].split()]
            for k in ("Uid", "Gid", "Groups", "CapEff")}


# --- the machine ---

def mount(*args):
    subprocess.run(["mount", *args], check=True)


def write(path, text, mode=0o644):
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    with open(path, "x", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def become(uid):
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def environment(uid):
    pw = pwd.getpwuid(uid)
    return {"HOME": pw.pw_dir, "PATH": PATH, "LANG": "C.UTF-8", "TERM": "dumb",
            "USER": pw.pw_name, "LOGNAME": pw.pw_name}


def run_as(uid, *argv, stdin="", check=False, timeout=60):
    return subprocess.run(argv, env=environment(uid), input=stdin, capture_output=True, text=True,
                          check=check, timeout=timeout, cwd="/", start_new_session=True,
                          preexec_fn=(lambda: become(uid)) if uid else None)


def settle(base):
    """From here on nothing that is written is the real machine's."""
    mount("--make-rprivate", "/")
    mount("-t", "tmpfs", "-o", "mode=755", "none", base)
    subprocess.run(["cp", "-a", "/etc", base + "/etc"], check=True)
    mount("--bind", base + "/etc", "/etc")
    for d in ("/run", "/home", "/var/log", "/var/mail", "/usr/local"):
        mount("-t", "tmpfs", "-o", "mode=755", "none", d)
    for d in ("/run/sshd", "/run/user", "/etc/ownkey", base + "/root-only"):
        os.mkdir(d)
    os.chmod(base + "/root-only", 0o700)
    install()
    accounts()


def install():
    env = {"PATH": os.environ["PATH"], "B": BUILD, "PREFIX": "/usr/local", "VERSION": "0",
           "BINDIR": "/usr/local/bin", "LIBEXECDIR": "/usr/local/libexec/ownkey",
           "MANDIR": "/usr/local/share/man", "UNITDIR": "/usr/local/share/systemd/user",
           "SHARE": "/usr/local/share", "LIBDIR": "/usr/local/lib",
           "INCLUDEDIR": "/usr/local/include", "RUNS_FROM": "/usr/local/bin",
           "LINKED_FROM": "/usr/local/lib", "INCLUDED_FROM": "/usr/local/include"}
    subprocess.run(["contrib/install.sh", "install"], cwd=TOP, env=env, check=True)
    profile = "/usr/local/share/ownkey-desktop/pam-configs/ownkey"
    assert os.path.exists(MODULE) and MODULE in open(profile, encoding="utf-8").read()


def accounts():
    for name, uid in (("alice", ALICE), ("bob", BOB)):
        home = os.path.join("/home", name)
        for path, line in (("passwd", "%s:x:%d:%d::%s:/bin/bash" % (name, uid, uid, home)),
                           ("group", "%s:x:%d:" % (name, uid)),
                           ("shadow", name + ":*:19000::::::")):
            with open("/etc/" + path, "a", encoding="utf-8") as f:
                f.write(line + "\n")
        os.mkdir(home, 0o700)
        os.chown(home, uid, uid)
        write(home + "/.hushlogin", "")


class Alice(Agent):
    """With the folders that a login finds: nothing of them comes from the environment."""

    def __init__(self, token):
        super().__init__(HOME, [token], idle_lock="never")
        self.data, self.state = HOME + "/.local/share", HOME + "/.local/state"
        os.makedirs(HOME + "/.config/ownkey", 0o700)
        self.config = HOME + "/.config/ownkey/ownkey.conf"
        self.configure([token])
        self.socket = self.state + "/ownkey/agent.sock"
        self.secret = self.state + "/ownkey/secret.sock"
        self.vault = self.data + "/ownkey/vault"
        self.env = environment(ALICE)


def forked(uid, function):
    """In a process that is this user for good."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            become(uid)
            os.environ.clear()
            os.environ.update(environment(uid))
            os.chdir("/")
            function()
            status = 0
        except BaseException:  # pylint: disable=broad-except
            traceback.print_exc()
        os._exit(status)
    assert os.waitpid(pid, 0)[1] == 0, function.__doc__


class Machine:
    """alice has a token, a vault with a secret in it, and a line in the map."""

    def __init__(self, base, pin=None, flags=None):
        settle(base)
        self.base, self.pin = base, pin
        self.place = HOME + "/token"
        os.mkdir(self.place, 0o700)
        os.chown(self.place, ALICE, ALICE)
        self.token = AliceToken(self.place)
        forked(ALICE, self.make_vault)
        self.proxy = Proxy(base + "/root-only/token.sock", self.token)
        self.own = Proxy(self.place + "/proxy.sock", self.token, ALICE)
        self.enroll(flags)

    def make_vault(self):
        """a vault, made through the native protocol"""
        agent = Alice(self.token)
        try:
            agent.start()
            agent.init(ways=TOKEN)
            out = agent.cli("secret", "set", "mail", stdin=SECRET)
            assert out.returncode == 0, out
        finally:
            agent.stop()

    def enroll(self, flags=None):
        out = run_as(ALICE, "ownkey", "pam", "enroll", check=True)
        self.line = out.stdout
        if flags:
            words = self.line.split(" ")
            words[3] = flags
            self.line = " ".join(words)
        write(MAP, self.line)

    def close(self):
        end_agents()
        self.token.stop()
        for pid, line in ours().items():
            if pid != os.getppid() and is_no_test(line):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


class AliceToken(Token):
    """It runs as alice, in a folder of hers."""

    def start(self, faults=None):
        before = subprocess.Popen

        def popen(*args, **kw):
            return before(*args, preexec_fn=lambda: become(ALICE), **kw)
        subprocess.Popen = popen
        try:
            super().start(faults)
        finally:
            subprocess.Popen = before


def service(name, *options, token, kinds=("auth", "account", "password", "session"), after=""):
    """/etc/pam.d/name: ours and nothing else, with the lines of the manual."""
    words = " ".join("[%s]" % o for o in ("token=" + token, *options))
    decide = {"session": "optional"}
    lines = ["%-8s %s %s %s" % (k, decide.get(k, "required"), MODULE, words) for k in kinds]
    write("/etc/pam.d/" + name, "\n".join(lines) + "\n" + after)


# --- who runs ---

def ours():
    """{pid: command line} of the processes in this mount namespace, but for this one's."""
    mine, found = os.readlink("/proc/self/ns/mnt"), {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if int(p) != os.getpid() and os.readlink("/proc/%s/ns/mnt" % p) == mine:
                line = open("/proc/%s/cmdline" % p, "rb").read().replace(b"\0", b" ").decode()
                if line:
                    found[int(p)] = line.strip()
    return found


def is_no_test(line):
    """Not this program, nor who started it."""
    return not line.startswith(("/usr/bin/python3", "timeout", "/bin/sh"))


def running():
    """Command lines of what runs, but for the token."""
    return sorted(line for line in ours().values()
                  if is_no_test(line) and "ownkey-softtoken" not in line.split(" ")[0])


def agents():
    return [p for p, line in ours().items()
            if line.startswith("ownkey-agent --ready-fd") and
            os.stat("/proc/%d" % p).st_uid == ALICE]


def end_agents():
    for p in agents():
        with contextlib.suppress(ProcessLookupError):
            os.kill(p, signal.SIGTERM)
    until(lambda: not agents(), "the agent ends")


def is_open():
    out = run_as(ALICE, "ownkey", "status", "--json")
    return out.returncode == 0 and json.loads(out.stdout).get("locked") is not True


def lock():
    run_as(ALICE, "ownkey", "lock")
    until(lambda: not is_open(), "locked")


# --- a terminal ---

class Terminal:
    """A program on a terminal of its own, run by uid."""

    def __init__(self, *argv, uid=0, env=None):
        self.text, self.seen = "", 0
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                if uid:
                    become(uid)
                os.chdir("/")
                os.execvpe(argv[0], argv, {**environment(uid), **(env or {})})
            finally:
                os._exit(127)

    def more(self, timeout):
        if not select.select([self.fd], [], [], max(timeout, 0))[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.text += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)

    def expect(self, words, timeout=20):
        end = time.monotonic() + timeout
        while words not in self.text[self.seen:]:
            assert self.more(end - time.monotonic()), (words, self.text)
        self.seen = self.text.index(words, self.seen) + len(words)
        return self

    def type(self, text):
        os.write(self.fd, text.encode() + b"\n")
        return self

    def ends(self, timeout=30):
        """Its exit status, and everything that it said."""
        end = time.monotonic() + timeout
        while self.more(end - time.monotonic()):
            pass
        assert time.monotonic() < end, self.text
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status), self.text

    def kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        return self.ends()[1]


def run_cases(cases, **kw):
    """Each is a function of the machine; says TAP."""
    wanted, bad = sys.argv[1:], 0
    cases = [c for c in cases if not wanted or any(w in c.__name__ for w in wanted)]
    base = tempfile.mkdtemp()
    machine = Machine(base, **kw)
    try:
        print("1..%d" % len(cases), flush=True)
        for n, case in enumerate(cases, 1):
            try:
                machine.proxy.take(), machine.own.take()
                case(machine)
                print("ok %d - %s" % (n, case.__doc__), flush=True)
            except Exception:  # pylint: disable=broad-except
                traceback.print_exc()
                sys.stderr.write("running: %s\n" % ours())
                print("not ok %d - %s" % (n, case.__doc__), flush=True)
                bad = 1
    finally:
        machine.close()
        subprocess.run(["umount", "-R", "-l", base], check=False)
        shutil.rmtree(base, ignore_errors=True)
    return bad


assert PIN and TOKEN
