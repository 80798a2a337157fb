"""Power loss while a command writes a file: what it did in the file's folder is recorded, and each
state that a power cut can leave of it (as in crashfs.h) has the old file or the new one, whole; the
new one when the command has said that it is done.  Without any one of its syncs that breaks."""

import itertools
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from ownkey import BUILD
from powerloss import calls, data, number, text
from written import (Backup, BackupOver, Export, ExportOver, List, Setup, SetupRecord, read)

CALLS = ("openat,open,close,dup,write,pwrite64,fallocate,ftruncate,fsync,fdatasync,linkat,renameat,"
         "renameat2,rename,unlinkat,unlink,link")
SECTOR, EXACT, DRAWN = 512, 11, 200
FOLDER = 0


class Disk:
    """Operations of one process in one folder: (kind, file, ...); files are numbers."""

    def __init__(self, folder):
        self.folder, self.ops = os.path.realpath(folder), []
        self.names, self.bytes, self.next = {}, {}, 1
        for name in os.listdir(folder):
            self.bytes[self.next] = read(os.path.join(folder, name))
            self.names[name] = self.next
            self.next += 1
        self.now, self.fds, self.at = dict(self.names), {}, {}

    def name_of(self, dirfd, path):
        """In the folder; "" is the folder itself, None elsewhere."""
        if self.fds.get(number(dirfd)) == FOLDER and "/" not in path:
            return "" if path == "." else path
        if path.rstrip("/") == self.folder:
            return ""
        return os.path.basename(path) if os.path.dirname(path) == self.folder else None

    def openat(self, args, fd):
        self.fds.pop(fd, None)
        name = self.name_of(args[0], text(args[1]))
        if name is None:
            return
        inode = self.now.get(name) if name else FOLDER
        if "O_TMPFILE" in args[2] or inode is None:
            inode, self.next = self.next, self.next + 1
            self.bytes[inode] = b""
            if name:
                self.enter(name, inode)
        self.fds[fd], self.at[fd] = inode, 0

    def enter(self, name, inode):
        self.now[name] = inode
        self.ops.append(("enter", FOLDER, name, inode))

    def write(self, args, n):
        fd = number(args[0])
        self.ops.append(("write", self.fds[fd], self.at[fd], data(args[1])[:n]))
        self.at[fd] += n

    def fsync(self, args, _):
        self.ops.append(("sync", self.fds[number(args[0])]))

    def dup(self, args, fd):
        self.fds[fd] = self.fds[number(args[0])]

    def close(self, args, _):
        self.fds.pop(number(args[0]), None)

    def fallocate(self, args, _):
        self.ops.append(("grow", self.fds[number(args[0])], int(args[3])))

    def linkat(self, args, _):
        old, new = text(args[1]), self.name_of(args[2], text(args[3]))
        inode = self.fds[int(old.split("/")[-1])] if old.startswith("/proc/self/fd/") else \
            self.now[self.name_of(args[0], old)]
        self.enter(new, inode)

    def renameat(self, args, _):
        old, new = (self.name_of(args[i], text(args[i + 1])) for i in (0, 2))
        self.ops.append(("rename", FOLDER, old, new, self.now[old]))
        self.now[new] = self.now.pop(old)

    def unlinkat(self, args, _):
        name = self.name_of(args[0], text(args[1]))
        del self.now[name]
        self.ops.append(("unlink", FOLDER, name))

    def take(self, name, args, result):
        if name in ("openat", "linkat", "renameat", "unlinkat") and result >= 0:
            if name == "openat" or any(self.fds.get(number(a)) == FOLDER for a in args):
                getattr(self, name)(args, result)
        elif result >= 0 and number(args[0]) in self.fds:
            getattr(self, name)(args, result)


def choices(n):
    if n <= EXACT:
        yield from itertools.product((False, True), repeat=n)
        return
    for k in range(0, n, max(1, n // 50)):
        yield [i != k for i in range(n)]
        yield [i < k for i in range(n)]
    rng = random.Random(n)
    yield [True] * n
    for _ in range(DRAWN):
        yield [rng.random() < 0.5 for _ in range(n)]


def contents(safe, pending):
    """All that a file may be."""
    pieces = []
    for op in pending:
        if op[0] == "grow":
            pieces.append((op[2], b"", op[2]))
        else:
            at, what = op[2], op[3]
            pieces += [(at + i, what[i:i + SECTOR], 0) for i in range(0, len(what), SECTOR)]
            pieces.append((0, b"", at + len(what)))
    for on in choices(len(pieces)):
        out, length = bytearray(safe), len(safe)
        for (at, what, end), there in zip(pieces, on):
            if there:
                length = max(length, end)
                out += bytes(max(0, at + len(what) - len(out)))
                out[at:at + len(what)] = what
        out += bytes(max(0, length - len(out)))
        yield bytes(out[:length])


def entries(names, pending):
    for on in choices(len(pending)):
        now = dict(names)
        for op, there in zip(pending, on):
            if there and op[0] == "enter":
                now[op[2]] = op[3]
            elif there and op[0] == "rename":
                now.pop(op[2], None)
                now[op[3]] = op[4]
            elif there:
                now.pop(op[2], None)
        yield now


def replay(disk, name, good, without=None):
    """(states, what is wrong).  good: what the file may be before the end, and at it."""
    names, safe, pending, seen = dict(disk.names), dict(disk.bytes), {}, set()
    for i, op in enumerate([*disk.ops, ("end", None)]):
        if op[0] in ("sync", "end"):
            allowed = good[op[0] == "end"]
            for now in entries(names, pending.get(FOLDER, [])):
                inode = now.get(name)
                for found in contents(safe[inode], pending.get(inode, [])) if inode else [None]:
                    seen.add((i, inode, hash(found)))
                    if found not in allowed:
                        return len(seen), "cut before operation %d: %s" % (
                            i, "no file" if found is None else "%d bytes" % len(found))
        if op[0] == "end":
            return len(seen), None
        if op[0] != "sync":
            pending.setdefault(op[1], []).append(op)
        elif without is None or (op[1] == FOLDER) == (without == "file"):
            if op[1] == FOLDER:
                names = list(entries(names, pending.get(FOLDER, [])))[-1]
            else:
                for op2 in pending.get(op[1], []):
                    safe[op[1]] = list(contents(safe[op[1]], [op2]))[-1] \
                        if op2[0] == "grow" else put(safe[op[1]], op2)
            pending[op[1]] = []


def put(before, op):
    out = bytearray(before) + bytes(max(0, op[2] + len(op[3]) - len(before)))
    out[op[2]:op[2] + len(op[3])] = op[3]
    return bytes(out)


def record(case):
    """What the command did, and the file before and after."""
    log = os.path.join(case.dir, "strace")
    case.reset()
    disk, old = Disk(case.folder), read(case.file)
    done = subprocess.run(
        ["strace", "-f", "-qq", "-xx", "-s", "4000000", "-e", "trace=" + CALLS, "-e",
         "signal=none", "-o", log, os.path.join(BUILD, "ownkey"), *case.argv(case.replaces)],
        env=case.agent.env, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 0, done
    pid = int(open(log, encoding="utf-8").readline().split()[0])
    for name, args, result in calls(log, pid):
        disk.take("fsync" if name == "fdatasync" else name, args.split(", "), result)
    return disk, old, read(case.file)


def main():
    start, states, bad, n = time.monotonic(), 0, 0, 0
    for kind in (Backup, BackupOver, Export, ExportOver, List, Setup, SetupRecord):
        case = kind()
        try:
            disk, old, new = record(case)
        finally:
            case.close()
        assert case.is_old(old) and new, "nothing was written"
        good, name = ((old, new), (new,)), os.path.basename(case.file)
        tries, wrong = replay(disk, name, good)
        states, n, bad = states + tries, n + 1, bad + bool(wrong)
        print("%sok - power loss: %s: %d states%s" % (
            "not " if wrong else "", kind.__doc__, tries, ": " + wrong if wrong else ""))
        for which in ("file", "folder"):
            _, wrong = replay(disk, name, good, which)
            n, bad = n + 1, bad + (not wrong)
            print("%sok - without the sync of its %s: %s" % (
                "" if wrong else "not ", which, wrong or "nothing fails"))
    print("# %d states, %.0f s" % (states, time.monotonic() - start))
    print("%d passed, %d failed" % (n - bad, bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
