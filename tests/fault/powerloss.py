"""Power loss: what front did to the disk is recorded, and every state that a power cut can leave of
it is looked at with the vault's own reader (powerloss.c, crashfs.h).

An agent is run under strace on a prepared folder, changes are asked for, and each reply is marked
where front sent it.  Then powerloss replays each record as it is, which nothing may break, and
once without each fsync of the code, which something has to break: else nobody needs that fsync, or
this test is too weak to say so.
"""

import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from ownkey import ARGON, BUILD, PASS, TOKEN, Agent, Person, Token, children, cmdline, until
from vault import Vault

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
# the files whose syncs are for the vault; filecuts.py looks at those of cli/outfile.c and
# lib/whole.c (lists, and copies of the vault); cli/wipe.c only destroys, and what cli/verb_id.c
# syncs by itself is no file (a device, a pipe)
SOURCES = ["agent/door/file.c", "agent/door/rewrite.c", "agent/door/auditfile.c", "lib/sock.c"]
STATES = 100000
CALLS = ("openat,open,creat,mkdir,mkdirat,rmdir,close,dup,dup2,dup3,pwrite64,write,writev,pwritev,"
         "ftruncate,truncate,fallocate,fsync,fdatasync,sync_file_range,rename,renameat,renameat2,"
         "link,linkat,unlink,unlinkat,sendmsg,sendto")
FIRST_ID = 0x51000000


# --- from the lines of strace to operations on inodes ---

class Trace:
    """Writes what powerloss reads: the disk as it was, and each operation by inode."""

    def __init__(self, root):
        self.root, self.lines = os.path.realpath(root), []
        self.dirs, self.path = {0: {}}, {0: ""}   # inode: entries; inode: where it began
        self.fds, self.pending, self.sites = {}, {}, set()
        self.next = 1
        self.scan(0, self.root, ("data", "state"))

    def scan(self, inode, path, only=None):
        for name in sorted(only or os.listdir(path)):
            full = os.path.join(path, name)
            if not os.path.exists(full):
                continue
            child = self.new(inode, name)
            if os.path.isdir(full):
                self.dirs[child] = {}
                self.put("dir %d" % child)
                self.scan(child, full)
            else:
                self.put("file %d %s" % (child, open(full, "rb").read().hex() or "-"))
            self.put("entry %d %s %d" % (inode, name, child))

    def put(self, line):
        self.lines.append(line)

    def new(self, parent, name):
        inode, self.next = self.next, self.next + 1
        self.dirs[parent][name] = inode
        self.path[inode] = os.path.join(self.path[parent], name)
        return inode

    def find(self, dirfd, path):
        """(inode of the folder, name), or None when it is none of ours."""
        if path.startswith("/"):
            if not (path + "/").startswith(self.root + "/"):
                return None
            at, parts = 0, [p for p in path[len(self.root):].split("/") if p]
        elif dirfd in self.fds:
            at, parts = self.fds[dirfd], [p for p in path.split("/") if p not in ("", ".")]
        else:
            return None
        for part in parts[:-1]:
            at = self.dirs[at][part]
        return (at, parts[-1] if parts else "")

    def note(self, inode, what):
        self.pending.setdefault(inode, set()).add(what)

    # each call by its name; args as strace shows them

    def openat(self, args, fd):
        self.fds.pop(fd, None)
        where = self.find(number(args[0]), text(args[1]))
        if not where:
            return
        parent, name = where
        inode = self.dirs[parent].get(name) if name else parent
        if inode is None:
            assert "O_CREAT" in args[2], args
            inode = self.new(parent, name)
            self.put("create %d %s %d" % (parent, name, inode))
            self.note(parent, "create " + name.split("-")[0])
        self.fds[fd] = inode

    def mkdir(self, args, _):
        self.mkdirat([None, *args], _)

    def mkdirat(self, args, _):
        where = self.find(number(args[0]), text(args[1]))
        if where:
            inode = self.new(*where)
            self.dirs[inode] = {}
            self.put("dir %d" % inode)
            self.put("create %d %s %d" % (*where, inode))
            self.note(where[0], "mkdir")

    def close(self, args, _):
        self.fds.pop(number(args[0]), None)

    def pwrite64(self, args, n):
        inode = self.fds[number(args[0])]
        self.put("write %d %s %s" % (inode, args[3], data(args[1])[:n].hex()))
        self.note(inode, "write")

    def ftruncate(self, args, _):
        inode = self.fds[number(args[0])]
        self.put("trunc %d %s" % (inode, args[1]))
        self.note(inode, "trunc")

    def fallocate(self, args, _):
        assert args[1] == "0", args
        self.put("grow %d %d" % (self.fds[number(args[0])], int(args[2]) + int(args[3])))

    def sync(self, args, _):
        inode = self.fds[number(args[0])]
        site = self.site(inode)
        self.sites.add(site)
        self.pending.pop(inode, None)
        self.put("sync %d %s" % (inode, site))

    fsync = fdatasync = sync

    def site(self, inode):
        """Where in the code this sync stands: there is one for each thing that is to be kept."""
        done, path = self.pending.get(inode, set()), self.path[inode]
        if inode not in self.dirs:
            if "/seen-" in path:
                return "file.c:file_write_seen"
            if "/audit-" in path:
                return "auditfile.c:cut" if done == {"trunc"} else "auditfile.c:write_there"
            if self.dirs[self.vault_dir()].get(".vault.new") == inode:
                return "rewrite.c:finish"
            if "trunc" in done:
                return "file.c:take_back" if "write" in done else "file.c:cut_tail"
            return "file.c:append_record"
        if "mkdir" in done:
            return "sock.c:sync_parent"
        if path == "state/ownkey" and "create audit" in done:
            return "auditfile.c:sync_folder"
        if path == "state/ownkey":
            return "file.c:sync_parent"
        if "rename" in done:
            return "rewrite.c:settle"
        if "exchange" in done:
            return "rewrite.c:rewrite_previous"
        return "file.c:do_seen"

    def vault_dir(self):
        return self.dirs[self.dirs[0]["data"]]["ownkey"]

    def renameat2(self, args, _):
        (d, old), (e, new) = (self.find(number(args[i]), text(args[i + 1])) for i in (0, 2))
        assert d == e
        there = self.dirs[d]
        if len(args) > 4 and "EXCHANGE" in args[4]:
            self.put("exchange %d %s %s" % (d, old, new))
            there[old], there[new] = there[new], there[old]
            self.note(d, "exchange")
        elif there[old] != there.get(new):
            self.put("rename %d %s %s" % (d, old, new))
            there[new] = there.pop(old)
            self.note(d, "rename")

    renameat = renameat2

    def linkat(self, args, _):
        (d, old), (e, new) = (self.find(number(args[i]), text(args[i + 1])) for i in (0, 2))
        self.dirs[e][new] = self.dirs[d][old]
        self.put("create %d %s %d" % (e, new, self.dirs[d][old]))
        self.note(e, "link")

    def unlinkat(self, args, _):
        where = self.find(number(args[0]), text(args[1]))
        if where:
            del self.dirs[where[0]][where[1]]
            self.put("unlink %d %s" % where)
            self.note(where[0], "unlink")

    def take(self, name, args, result):
        if name in ("sendmsg", "sendto", "writev", "write"):
            assert number(args[0]) not in self.fds, "a way of writing that is not known here"
        elif name in ("open", "creat", "unlink", "link", "rename", "rmdir", "truncate"):
            # front uses those with a folder's descriptor; elsewhere is not ours
            assert not self.find(None, text(args[0])), (name, args)
            self.fds.pop(result, None)
        elif number(args[0]) in self.fds or name in (
                "openat", "mkdir", "mkdirat", "renameat", "renameat2", "linkat", "unlinkat"):
            getattr(self, name)(args, result)


def text(arg):
    return data(arg).decode()


def data(arg):
    assert arg.endswith('"'), "cut short by strace"
    return bytes.fromhex(arg[1:-1].replace("\\x", ""))


def number(arg):
    return int(arg) if arg and arg.lstrip("-").isdigit() else None


def calls(log, pid):
    """(name, arguments, result) of one process, in its order."""
    head = str(pid) + " "
    begun = ""
    for line in open(log, encoding="utf-8"):
        if not line.startswith(head):
            continue
        line = line[len(head):].strip()
        if line.endswith("<unfinished ...>"):
            begun = line.removesuffix("<unfinished ...>").rstrip()
            continue
        line = re.sub(r"^<\.\.\. \w+ resumed>", lambda _, b=begun: b, line)
        found = re.match(r"(\w+)\((.*)\)\s+= (-?\d+)", line)
        if found:
            yield found[1], found[2], int(found[3])


def record(trace, log, pid, marks):
    """Front's calls go into the trace.  marks: (name, number of the request)."""
    # 2: its number, 3: the status, a number; behind a request's 3 comes a map
    left = [(name, "".join(r"\\x%02x" % b for b in b"\2\x1a" + n.to_bytes(4, "big") + b"\3") +
             r"\\x[01]") for name, n in marks]
    for name, args, result in calls(log, pid):
        if result < 0:
            if "sync" in name and int(args) in trace.fds:
                trace.put("maybe 0")
            continue
        if name == "sendmsg":
            while left and re.search(left[0][1], args):
                trace.put("mark " + left.pop(0)[0].replace(" ", "-"))
            continue
        trace.take(name, args.split(", "), result)
    assert not left, "the reply was not found: %s" % left[0][0]


# --- scenarios: what is there before, and what is asked for ---

class World:
    """A folder with a token and an agent."""

    def __init__(self):
        self.dir = tempfile.mkdtemp()
        self.person, self.token = Person(), Token(self.dir, pin=None)
        self.agent, self.marks, self.kept = None, [], {}
        self.use([])

    def use(self, wrap):
        self.agent = Agent(self.dir, [self.token], wrap=wrap, log_level="error")

    def stop(self):
        """The agent itself: strace ends with it."""
        if self.agent.process:
            with contextlib.suppress(ProcessLookupError, IndexError):
                os.kill(self.agent.main_pid(), signal.SIGTERM)
            self.agent.process.wait(10)
            self.agent.process = None

    def kill(self):
        """No goodbye, which would be one more change."""
        pids = children(self.agent.main_pid())
        self.agent.process.kill()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in pids:
            until(lambda p=pid: not cmdline(p), "its end")
        self.agent.process.wait()
        self.agent.process = None

    def close(self):
        self.stop()
        self.token.stop()
        shutil.rmtree(self.dir)

    def ask(self, op, status, **params):
        """Each change is a client of its own; its number is looked for in what front sent."""
        with contextlib.closing(self.agent.client(self.person)) as c:
            c.next_id = FIRST_ID + len(self.marks)
            self.marks.append(("%s %d" % (op, len(self.marks)), c.next_id + 1))
            reply = c.ask(op, timeout=60, **params)
            assert reply.status == status, reply

    def call(self, op, **params):
        self.ask(op, "OK", **params)

    def init(self):
        self.call("init", ways=TOKEN | PASS, no_pin=True, **ARGON)
        self.person.answers["NEED_WORDS"] = self.person.shown

    def set(self, name, value=b"x"):
        self.call("secret.set", label=name, value=value, use=0)

    def a_vault(self):
        self.agent.start()
        self.init()
        self.set("first")
        self.call("id.add", service="ssh", account="first")

    def settle(self):
        """All that front does behind a reply is done: the vault asks one thing after the other."""
        with contextlib.closing(self.agent.client(self.person)) as c:
            c.ask("vault.check")

    def keep(self, name):
        with open(name, "rb") as f:
            self.kept[name] = f.read()

    def put_back(self, name):
        with open(name, "wb") as f:
            f.write(self.kept[name])


def nothing(w):
    for d in (w.agent.data, w.agent.state):
        shutil.rmtree(d)


def whole_life(w):
    w.init()
    w.call("slot.add", way=PASS, label="new", proof=TOKEN, **ARGON)
    w.set("one")
    w.call("slot.remove", label="new", proof=TOKEN)
    w.set("two")
    w.set("three")


def many_changes(w):
    w.call("unlock")
    for i in range(5):
        w.set("more %d" % i)
    w.set("large", bytes(9000))
    w.call("id.add", service="ssh", account="second")
    w.call("secret.remove", label="more 1")
    w.set("last")


def a_lagging_seen(w):
    w.a_vault()
    w.keep(w.agent.seen)
    w.set("second")
    w.agent.stop()
    w.put_back(w.agent.seen)


def unlock_and_set(w):
    w.call("unlock")
    w.set("more")
    w.set("even more")


def a_long_journal(w):
    w.a_vault()
    n = 0
    # less what unlocking notes and one change
    while len(Vault(w.agent.read()).journal) < 65536 - 4096:
        w.set("more %d" % n)
        n += 1


def fold(w):
    w.call("unlock")
    w.set("folded")
    until(lambda: not Vault(w.agent.read()).journal, "folding")
    w.set("behind")
    w.set("behind it")


def torn(change):
    """The last change was never acknowledged; change: what a power cut left of it."""
    def before(w):
        w.a_vault()
        w.set("before")
        w.keep(w.agent.seen)
        w.set("lost", bytes(5000))
        w.kill()
        file = bytearray(w.agent.read())
        w.agent.write(bytes(change(file, Vault(bytes(file)).records()[-2])))
        w.put_back(w.agent.seen)
    return before


def a_torn_log(w):
    """The audit log: of two entries that were written at once only the second one is there."""
    w.a_vault()
    w.kill()
    log, = glob.glob(os.path.join(w.agent.state, "ownkey", "audit-*"))
    with open(log, "ab") as f:
        f.write(bytes(512) + b"x" * 512)


def cut_short(file, at):
    return file[:at + 5000]


def with_hole(file, at):
    at += -at % 512 + 3 * 512
    file[at:at + 512] = bytes(512)
    return file


def without_head(file, at):
    file[at:at - at % 512 + 512] = bytes(512 - at % 512)
    return file


def no_seen(w):
    """It is made again; the folder is not synced for the audit log, which is there."""
    w.a_vault()
    w.kill()
    os.remove(w.agent.seen)


def new_lines(w):
    w.call("unlock")
    w.call("slot.remove", label="passphrase", proof=TOKEN, one_way_in=True)
    w.set("one")


def two_versions(w):
    w.a_vault()
    w.call("slot.add", way=PASS, label="new", proof=TOKEN, **ARGON)
    w.set("later")


def go_back(w):
    w.call("vault.previous")
    w.call("unlock", accept_older=True)
    w.set("more")


def a_later_line(w):
    """A slot was removed, and the power cut came before vault.prev was deleted."""
    w.a_vault()
    w.call("slot.add", way=PASS, label="new", proof=TOKEN, **ARGON)
    w.keep(w.agent.seen)
    w.keep(w.agent.vault)
    w.call("slot.remove", label="new", proof=TOKEN)
    w.agent.stop()
    w.put_back(w.agent.seen)
    prev = w.agent.vault + ".prev"
    w.kept[prev] = w.kept[w.agent.vault]
    w.put_back(prev)
    os.chmod(prev, 0o600)


def after_an_error(w):
    """The second change fails on the disk, and is tried again."""
    w.call("unlock")
    w.set("one")
    w.ask("secret.set", "IO", label="two", value=b"x", use=0)
    w.set("two again")
    w.set("three")


EIO = ["-e", "inject=fdatasync:error=EIO:syscall=getpid:when=4"]
SCENARIOS = [
    ("a whole life", nothing, whole_life, []),
    ("many changes", World.a_vault, many_changes, []),
    ("a seen that lags", a_lagging_seen, unlock_and_set, []),
    ("a seen that is gone", no_seen, new_lines, []),
    ("a long journal", a_long_journal, fold, []),
    ("a tail cut short", torn(cut_short), unlock_and_set, []),
    ("a tail with a hole", torn(with_hole), unlock_and_set, []),
    ("a tail without head", torn(without_head), unlock_and_set, []),
    ("a torn audit log", a_torn_log, unlock_and_set, []),
    ("back one version", two_versions, go_back, []),
    ("a later line", a_later_line, unlock_and_set, []),
    ("an error of the disk", World.a_vault, after_an_error, EIO),
]


def run_scenario(scenario, out):
    """The trace, written to out; its sites."""
    _, before, change, inject = scenario
    w = World()
    try:
        before(w)
        if w.agent.process:
            w.kill()
        w.marks = []
        log = os.path.join(w.dir, "strace")
        w.use(["strace", "-f", "-qq", "-xx", "-s", "4000000", "-e", "trace=" + CALLS,
               "-e", "signal=none", *inject, "-o", log])
        if before is nothing:
            nothing(w)
        trace = Trace(w.dir)
        w.agent.start()
        pid = w.agent.role("front")
        change(w)
        w.settle()
        w.stop()
        record(trace, log, pid, w.marks)
        with open(out, "w", encoding="utf-8") as f:
            f.write("\n".join(["words " + w.person.shown, *trace.lines, ""]))
        return trace.sites
    finally:
        w.close()


# --- replay ---

def replay(path):
    return subprocess.run([os.path.join(BUILD, "fault", "powerloss"), path], text=True,
                          stdout=subprocess.PIPE, check=False)


def sites_of_code():
    return sum(len(re.findall(r"\bf(?:data)?sync\(", open(os.path.join(TREE, f)).read()))
               for f in SOURCES)


def report(results, sites):
    """True: nothing breaks, and each fsync is needed."""
    states, bad = 0, 0
    broken = {}
    for (name, *_), done in zip(SCENARIOS, results):
        n = int((re.search(r"^states (\d+)", done.stdout, re.M) or [0, 0])[1])
        failed = re.findall(r"^FAILED (.*)", done.stdout, re.M)
        states += n
        bad += done.returncode != 0 or n == 0
        print("%sok - power loss: %s: %d states" % (
            "not " if failed or done.returncode else "", name, n))
        for line in failed:
            print("# " + line)
        for site, kind, how in re.findall(r"^WITHOUT (\S+) (\w+) (.*)", done.stdout, re.M):
            broken.setdefault(site, {}).setdefault(kind, "%s: %s" % (name, how))
    for site in sorted(sites):
        kinds = broken.get(site, {})
        print("%sok - without the sync in %s: %s" % (
            "" if kinds else "not ", site, " and ".join(sorted(kinds)) or "nothing fails"))
        for kind in sorted(kinds):
            print("#   %s: %s" % (kind, kinds[kind]))
        bad += not kinds
    print("%sok - %d states, at least %d" % (
        "" if states >= STATES else "not ", states, STATES))
    if len(sites) != sites_of_code():
        print("not ok - %d syncs were seen, %d are in the code" % (len(sites), sites_of_code()))
        bad += 1
    return not bad and states >= STATES


def main():
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as out, ThreadPoolExecutor(2) as pool:
        paths = [os.path.join(out, "%d" % i) for i in range(len(SCENARIOS))]
        sites = set().union(*pool.map(run_scenario, SCENARIOS, paths))
        recorded = time.monotonic()
        good = report(list(pool.map(replay, paths)), sites)
        if len(sys.argv) > 1:
            shutil.copytree(out, sys.argv[1], dirs_exist_ok=True)
    print("# recorded in %.0f s, replayed in %.0f s" % (
        recorded - start, time.monotonic() - recorded))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
