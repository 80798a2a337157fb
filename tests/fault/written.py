"""Every system call by which commands and the copier write files fails once: killed there, EIO,
ENOSPC.  The file is the old one or the new one, whole; exit 0 means the new one; what was in the
making is gone, or goes when the same is done again."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from agefile import open_x25519
from changes import KEY, RECIPIENT
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from ownkey import BUILD, PASS, TOKEN, Agent, Person, Token, until

JOBS = 4
CALLS = ("openat,open,write,pwrite64,fallocate,ftruncate,fchmod,fsync,fdatasync,dup,close,linkat,"
         "link,renameat,renameat2,rename,unlinkat,unlink,mkdir,mkdirat").split(",")
FAULTS = ["signal=KILL", "error=EIO:syscall=getpid", "error=ENOSPC:syscall=getpid"]
PRIVATE = KEY.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def read(path):
    with contextlib.suppress(FileNotFoundError):
        return open(path, "rb").read()
    return None


class Case:
    """A home with a vault, and a folder in which one file is written."""

    replaces = False
    is_list = False
    is_many = False

    def __init__(self):
        self.dir = tempfile.mkdtemp()
        self.person, self.token = Person(), Token(self.dir, pin=None)
        self.agent = Agent(self.dir, [self.token], log_level="error")
        self.agent.start()
        self.person = self.agent.init(ways=TOKEN | PASS, no_pin=True)
        with self.client() as c:
            c.call("id.add", service="ssh", account="first")
            for i in range(2):
                c.call("secret.set", label="long %d" % i, value=os.urandom(100000))
        self.folder = os.path.join(self.dir, "out")
        os.mkdir(self.folder)
        self.file = os.path.join(self.folder, "file")
        self.prepare()

    def client(self):
        return contextlib.closing(self.agent.client(self.person))

    def prepare(self):
        pass

    def close(self):
        self.agent.stop()
        self.token.stop()
        shutil.rmtree(self.dir)

    def argv(self, replace):
        raise NotImplementedError

    def is_old(self, data):
        return data == (b"old" if self.replaces else None)

    def is_new(self, data):
        """It is whole, and what was to be written."""
        raise NotImplementedError

    def reset(self):
        for name in os.listdir(self.folder):
            os.remove(os.path.join(self.folder, name))
        if self.replaces:
            with open(self.file, "wb") as f:
                f.write(b"old")

    def left(self):
        return [n for n in os.listdir(self.folder) if n != os.path.basename(self.file)]

    def strace(self, inject):
        return ["strace", "-qq", "-y", "-s", "16", "-o", os.path.join(self.dir, "strace"),
                "-e", "trace=" + ",".join(CALLS), "-e", "signal=none",
                *(["-e", "inject=" + inject] if inject else [])]

    def run(self, inject=None, replace=None):
        """Its exit status (below 0: killed), and the calls that were made."""
        replace = self.replaces if replace is None else replace
        done = subprocess.run(
            [*self.strace(inject), os.path.join(BUILD, "ownkey"), *self.argv(replace)],
            env=self.agent.env, capture_output=True, stdin=subprocess.DEVNULL, timeout=60,
            start_new_session=True, check=False)
        log = open(os.path.join(self.dir, "strace"), encoding="utf-8", errors="replace").read()
        return done.returncode, log

    def try_once(self, point):
        name, n, fault = point
        self.reset()
        status, log = self.run("%s:%s:when=%d" % (name, fault, n))
        done, killed = status == 0, "KILL" in fault
        assert status < 0 or self.is_many if killed else "(INJECTED)" in log, "no fault happened"
        found = read(self.file)
        assert self.is_old(found) or self.is_new(found), "neither old nor new: %r" % found[:40]
        assert not done or self.is_new(found), "it said done, and it is not"
        unsure = (self.replaces or self.is_list or self.is_many) and name == "fsync"
        assert done or killed or unsure or self.is_old(found), "it said no, and it is done"
        assert killed or name.startswith("unlink") or not self.left(), self.left()
        self.look(done, found)
        status, _ = self.run(replace=found is not None)
        assert not status and self.is_new(read(self.file)) and not self.left(), "afterwards"

    def look(self, done, found):
        pass


class Backup(Case):
    """backup create"""

    def argv(self, replace):
        return ["backup", "create", "--to", RECIPIENT, self.file,
                *(["--replace"] if replace else [])]

    def is_new(self, data):
        return data is not None and len(json.loads(open_x25519(data, PRIVATE))["items"]) == 3

    def backups(self):
        with self.client() as c:
            return [b.hash for b in c.call("backup.list").backups or []]

    def reset(self):
        super().reset()
        self.known = set(self.backups())

    def look(self, done, found):
        """What the vault counts on is there."""
        # pylint: disable=import-outside-toplevel
        import hashlib
        new = set(self.backups()) - self.known
        assert new <= {hashlib.sha256(found or b"").digest()}, "a backup that is nowhere"
        assert new or not done, "a backup that is not in the list"


class BackupOver(Backup):
    """backup create --replace"""
    replaces = True


class Export(Case):
    """id export"""

    def argv(self, replace):
        return ["id", "export", "ssh/first", "--form", "openssh", "-o", self.file,
                *(["--force"] if replace else [])]

    def is_new(self, data):
        return data is not None and data.startswith(b"-----BEGIN OPENSSH") and data.endswith(
            b"-----END OPENSSH PRIVATE KEY-----\n")


class ExportOver(Export):
    """id export --force"""
    replaces = True


class List(Case):
    """backup copy add, the list"""
    is_list = True

    def prepare(self):
        self.stick = os.path.join(self.dir, "stick")
        os.mkdir(self.stick)
        self.folder = os.path.dirname(self.agent.config)
        done = self.agent.cli("backup", "copy", "add", self.stick)
        assert done.returncode == 0, done
        name, = [n for n in os.listdir(self.folder) if n.startswith("copies-")]
        self.file = os.path.join(self.folder, name)

    def left(self):
        return [n for n in super().left() if n != "ownkey.conf"]

    def reset(self):
        for name in [os.path.basename(self.file), *self.left()]:
            with contextlib.suppress(FileNotFoundError):
                os.remove(os.path.join(self.folder, name))

    def argv(self, replace):
        return ["backup", "copy", "add", self.stick]

    def is_new(self, data):
        return data == self.stick.encode() + b"\n"


class Setup(Case):
    """setup, the file of a program"""
    before = b"[me@localhost]\nenabled=true\njid=me@localhost\n"
    replaces = True

    def prepare(self):
        self.edited = os.path.join(self.agent.data, "profanity", "accounts")
        self.record = os.path.join(self.agent.state, "ownkey", "setup-profanity")
        os.mkdir(os.path.dirname(self.edited))
        self.folder, self.file = os.path.dirname(self.edited), self.edited

    def reset(self):
        for where in (self.edited, self.record):
            folder, name = os.path.split(where)
            for left in os.listdir(folder):
                if name in left:
                    os.remove(os.path.join(folder, left))
        with open(self.edited, "wb") as f:
            f.write(self.before)

    def argv(self, replace):
        return ["setup", "profanity", "--yes"]

    def is_old(self, data):
        return data == self.before

    def is_new(self, data):
        head, rest = self.before.split(b"\n", 1)
        line = rb"eval_password=/\S+ secret get xmpp/me@localhost"
        return data is not None and re.fullmatch(
            re.escape(head) + b"\n" + line + b"\n" + re.escape(rest), data) is not None

    def look(self, done, found):
        """What was changed can be undone."""
        assert self.is_old(found) or read(self.record), "changed, and nobody knows how it was"

    def run(self, inject=None, replace=None):
        """Again: what is half done is undone first; there may be nothing left to do."""
        status, log = super().run(inject, replace)
        if status and not inject and self.is_old(read(self.edited)):
            done = self.agent.cli("setup", "profanity", "--undo", "--yes")
            assert done.returncode == 0 and self.is_old(read(self.edited)), done
            status, log = super().run(inject, replace)
        return 0 if not inject and self.is_new(read(self.edited)) else status, log


class SetupRecord(Setup):
    """setup, what it remembers for --undo"""
    replaces = False
    is_list = True

    def prepare(self):
        super().prepare()
        self.folder, self.file = os.path.dirname(self.record), self.record

    def left(self):
        return [n for n in super().left() if n.startswith(".") and "setup" in n]

    def is_old(self, data):
        return data is None

    def is_new(self, data):
        return data is not None and data.startswith(b"ownkey setup 1\nfile ") and \
            b"\nbefore " + self.before.hex().encode() + b"\n" in data and data.endswith(b"\n")

    def look(self, done, found):
        assert read(self.edited) == self.before or found, "changed, and nobody knows how it was"

    def run(self, inject=None, replace=None):
        status, log = Case.run(self, inject, replace)
        return 0 if inject is None and self.is_new(read(self.record)) else status, log


class VaultCopy(Case):
    """restore, a copy of the vault"""

    def prepare(self):
        self.copy = os.path.join(self.dir, "copy")
        self.agent.stop()
        shutil.copy(self.agent.vault, self.copy)
        self.folder, self.file = os.path.dirname(self.agent.vault), self.agent.vault

    def reset(self):
        self.agent.stop()
        for d in (self.agent.data, self.agent.state):
            shutil.rmtree(d)
            os.mkdir(d, 0o700)
        os.mkdir(self.folder, 0o700)
        self.agent.start()

    def argv(self, replace):
        return ["restore", self.copy]

    def run(self, inject=None, replace=None):
        """Again: it says that there is one."""
        status, log = super().run(inject, replace)
        return 0 if replace else status, log

    def is_new(self, data):
        return data == read(self.copy)


class Copier(Case):
    """backup copy run, the copy"""

    # each of its processes meets the fault; the next run mends all
    is_many = True

    def prepare(self):
        done = self.agent.cli("backup", "copy", "add", self.folder)
        assert done.returncode == 0, done
        self.file, = [os.path.join(self.folder, n) for n in os.listdir(self.folder)]
        self.state = os.path.join(self.agent.state, "ownkey")

    def reset(self):
        """The copy is one of the version before."""
        self.settle()
        self.old = read(self.file)
        os.rename(self.folder, self.folder + "-out")
        with self.client() as c:
            c.call("secret.set", label="kept", value=b"x", use=0, replace=True)
        until(lambda: any(read(p) == self.agent.read() for p in self.local()), "the local copy")
        time.sleep(0.1)
        os.rename(self.folder + "-out", self.folder)

    def local(self):
        return [os.path.join(self.state, n) for n in os.listdir(self.state)
                if n.startswith("copy-")]

    def settle(self):
        # a copier of the last try that was killed may take a moment to end, and until then its
        # folder counts as one that does not answer
        until(lambda: self.agent.cli("backup", "copy", "run").returncode == 0, "a good copy")
        assert read(self.file) == self.agent.read(), "no copy"

    def is_old(self, data):
        return data == self.old

    def is_new(self, data):
        return data == self.agent.read()

    def left(self):
        return super().left() + [n for n in os.listdir(self.state) if n.startswith(".")]

    def run(self, inject=None, replace=None):
        """The status: whether the folder is said to have the newest version."""
        log, pid = os.path.join(self.dir, "strace"), self.agent.main_pid()
        options = self.strace(inject)
        if replace:
            self.settle()
            return 0, ""
        strace = subprocess.Popen([*options, "-f", "-p", str(pid)], stdin=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        until(lambda: "TracerPid:\t0" not in open("/proc/%d/status" % pid).read(), "strace")
        try:
            done = self.agent.cli("backup", "copy", "run", "--json")
        finally:
            strace.terminate()
            strace.wait()
        rows = {r["path"]: r for r in json.loads(done.stdout or '{"copies":[]}')["copies"]}
        current = rows.get(self.folder, {}).get("current")
        text = open(log, encoding="utf-8", errors="replace").read()
        if "KILL" in (inject or ""):
            return (0 if current else -9), text
        return (0 if current else 1), text


CASES = [Backup, BackupOver, Export, ExportOver, List, Setup, SetupRecord, VaultCopy, Copier]


def points(case, log):
    counts, found = {}, []
    for line in log.splitlines():
        call = re.match(r"((?:\d+ +)?)(\w+)\(", line)
        if call:
            counts[call[0]] = counts.get(call[0], 0) + 1
            if case.folder in line and (call[2], counts[call[0]]) not in found:
                found.append((call[2], counts[call[0]]))
    return [(*call, fault) for call in found for fault in FAULTS]


def run_points(kind, todo):
    case, failed = kind(), []
    try:
        for point in todo:
            try:
                case.try_once(point)
            except Exception:  # pylint: disable=broad-except
                failed.append((point, traceback.format_exc()))
    finally:
        case.close()
    return failed


def run_case(kind):
    case = kind()
    try:
        case.reset()
        status, log = case.run()
        assert not status and case.is_new(read(case.file)), log
        todo = points(case, log)
    finally:
        case.close()
    with ThreadPoolExecutor(JOBS) as pool:
        parts = pool.map(lambda i: run_points(kind, todo[i::JOBS]), range(JOBS))
        return todo, [f for part in parts for f in part]


def main():
    tried = failures = 0
    for kind in CASES:
        if sys.argv[1:] and kind.__name__ not in sys.argv[1:]:
            continue
        start = time.monotonic()
        todo, failed = run_case(kind)
        for point, error in failed:
            print("FAILED %s: %s %d, %s\n%s" % (kind.__doc__, *point, error))
        print("%-32s %3d points, %d failed, %.0f s" % (
            kind.__doc__, len(todo), len(failed), time.monotonic() - start), flush=True)
        tried, failures = tried + len(todo), failures + len(failed)
    print("%d passed, %d failed" % (tried - failures, failures))
    return 1 if failures or not tried else 0


if __name__ == "__main__":
    sys.exit(main())
