"""Copies of the vault on other disks: one that is full, read-only, not mounted, or does not answer.
Needs a mount namespace of its own, and to be root in it."""

import contextlib
import ctypes
import os
import re
import struct
import subprocess
import sys
import threading

from copies import change, copy_in, is_copied, median, opened, read, rows, run_says, took
from ownkey import expect, run_parallel, until

INIT, GETATTR, OPENDIR, FORGET, ACCESS, STATFS, LOOKUP = 26, 3, 27, 2, 34, 17, 1


MS_RDONLY, MS_REMOUNT, MS_BIND = 1, 32, 4096


def mount(what, where, kind=b"tmpfs", flags=0, options=b""):
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.mount(what, where.encode(), kind, flags, options) == 0, ctypes.get_errno()


def umount(path):
    subprocess.run(["umount", path], check=True)


def full(directory):
    """a full disk keeps the old copy, and gets the new one when there is room"""
    disk = os.path.join(directory, "disk")
    os.mkdir(disk)
    mount(b"tmpfs", disk, options=b"size=512k")
    try:
        with opened(directory, "disk") as (agent, _, c, disk):
            is_copied(agent, disk)
            old = read(copy_in(agent, disk))
            assert not rows(agent)[disk].get("same_disk")
            with open(os.path.join(disk, "film"), "wb") as f:
                f.write(bytes(os.statvfs(disk).f_bavail * 4096 - 8192))
            change(c, os.urandom(20000))
            run_says(agent, disk, "NOSPACE")
            assert read(copy_in(agent, disk)) == old
            assert sorted(os.listdir(disk)) == ["film", os.path.basename(copy_in(agent, disk))]
            os.remove(os.path.join(disk, "film"))
            run_says(agent, disk, "OK", 0)
            is_copied(agent, disk)
    finally:
        umount(disk)


def not_mounted(directory):
    """read-only is said; an empty mount point gets no copy, and the disk does when it is back"""
    disk = os.path.join(directory, "disk")
    os.mkdir(disk)
    mount(b"tmpfs", disk)
    with opened(directory, "disk") as (agent, _, c, disk):
        is_copied(agent, disk)
        mount(None, disk, None, MS_REMOUNT | MS_BIND | MS_RDONLY, None)
        old = read(copy_in(agent, disk))
        change(c, b"1")
        run_says(agent, disk, "PERMISSION")
        assert read(copy_in(agent, disk)) == old
        umount(disk)
        change(c, b"2")
        run_says(agent, disk, "COPY_ABSENT", 0)
        assert not os.listdir(disk)
        mount(b"tmpfs", disk)
        run_says(agent, disk, "OK", 0)
        is_copied(agent, disk)
        umount(disk)


# --- a disk that does not answer ---

def attributes():
    # struct fuse_attr of a folder, linux/fuse.h
    return struct.pack("<QQQQQQIIIIIIIIII", 1, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755, 2, 0, 0, 0, 4096, 0)


def serve(fd, asked):
    """Answer what opening the folder needs; what is in it is never told."""
    while True:
        try:
            request = os.read(fd, 1 << 20)
        except OSError:
            return
        op, unique = struct.unpack_from("<IQ", request, 4)
        if op == LOOKUP:
            asked.append(unique)
        answers = {INIT: struct.pack("<IIIIHHIIHHI28x", 7, 31, 65536, 0, 8, 6, 65536, 1, 1, 0, 0),
                   GETATTR: struct.pack("<QII", 0, 0, 0) + attributes(),
                   OPENDIR: bytes(16), ACCESS: b"", STATFS: bytes(80)}
        if op in answers:
            body = answers[op]
            os.write(fd, struct.pack("<IiQ", 16 + len(body), 0, unique) + body)


def dead_disk(directory):
    """a disk that does not answer delays nothing, is said to hang, and is left in peace"""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        print("# no FUSE here, or not for this user: not tried")
        return
    with opened(directory, "shelf", copy_timeout="4s") as (agent, person, c, shelf):
        plain = median([took(lambda: change(c)) for _ in range(20)])
        disk, asked = os.path.join(directory, "disk"), []
        os.mkdir(disk)
        fd = os.open("/dev/fuse", os.O_RDWR)
        options = "fd=%d,rootmode=40000,user_id=0,group_id=0" % fd
        mount(b"none", disk, b"fuse", 0, options.encode())
        threading.Thread(target=serve, args=(fd, asked), daemon=True).start()
        try:
            done = agent.cli("backup", "copy", "add", disk)
            assert done.returncode == 1 and "does not answer" in done.stdout, done
            assert len(asked) == 1, asked
            assert median([took(lambda: change(c)) for _ in range(20)]) < plain + 0.5
            is_copied(agent, shelf, 4)
            run_says(agent, disk, "COPY_STUCK")
            # what hangs in the kernel cannot be killed: nobody joins it
            assert len(asked) == 1, asked
            assert took(agent.lock) < 3
            expect(agent.unlock(person), "OK")
            assert took(agent.stop) < 3
        finally:
            os.close(fd)
            subprocess.run(["umount", "-l", disk], check=True)
    until(lambda: not os.listdir(disk), "the mount point")


# --- each system call that writes fails or is the last ---

CALLS = "openat,write,fallocate,fsync,renameat,unlinkat"
FAULTS = [call + ":" + fault for call, fault in (
    ("fallocate", "error=ENOSPC:when=1"), ("write", "error=ENOSPC:when=1"),
    ("write", "signal=KILL:when=1"), ("fsync", "error=EIO:when=1"),
    ("fsync", "signal=KILL:when=1"), ("renameat", "error=EIO:when=1"),
    ("renameat", "signal=KILL:when=1"), ("fsync", "error=EIO:when=2"),
    ("fsync", "signal=KILL:when=2"))]


@contextlib.contextmanager
def traced(agent, log, *inject):
    pid = agent.main_pid()
    strace = subprocess.Popen(["strace", "-f", "-qq", "-y", "-e", "trace=" + CALLS, "-e",
                               "signal=none", "-o", log, *inject, "-p", str(pid)])
    until(lambda: "TracerPid:\t0" not in open("/proc/%d/status" % pid).read(), "strace")
    try:
        yield
    finally:
        strace.terminate()
        strace.wait()


def steps(log, folder, name):
    """What was done in the folder, in order."""
    found = []
    for line in open(log, encoding="utf-8"):
        call = re.match(r"\d+ +(\w+)\((.*)", line)
        if not call or folder not in call[2]:
            continue
        if call[1] == "openat":
            found += ["create"] if "O_CREAT|O_EXCL" in call[2] else []
        elif call[1] == "fsync":
            found.append("sync file" if ".new>" in call[2] else "sync folder")
        elif call[1] == "renameat":
            assert ".new\"" in call[2] and '"%s"' % name in call[2], line
            found.append("rename")
        elif call[1] == "write" and found[-1:] != ["write"]:
            found.append("write")
    return found


def faults(directory):
    """written, synced, renamed, synced, in this order; whatever fails leaves the old copy"""
    with opened(directory, "stick") as (agent, _, c, stick):
        is_copied(agent, stick)
        log, name = os.path.join(directory, "log"), os.path.basename(copy_in(agent, stick))
        with traced(agent, log):
            change(c, b"order")
            is_copied(agent, stick)
            run_says(agent, stick, "OK", 0)
        assert steps(log, stick, name) == ["create", "write", "sync file", "rename",
                                           "sync folder"], steps(log, stick, name)
        for i, fault in enumerate(FAULTS):
            old = read(copy_in(agent, stick))
            with traced(agent, log, "-e", "inject=" + fault):
                change(c, b"%d" % i)
                agent.cli("backup", "copy", "run")
            found = read(copy_in(agent, stick))
            assert "INJECTED" in open(log, encoding="utf-8").read() or "KILL" in fault, fault
            # the folder's sync comes when the new one is in place
            late = fault.endswith("when=2")
            assert found == (agent.read() if late else old), fault
            row = rows(agent)[stick]
            assert late or not row.get("current"), (fault, row)
            run_says(agent, stick, "OK", 0)
            is_copied(agent, stick)
            assert os.listdir(stick) == [name], fault


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__.split(";")[0], t)
                           for t in (faults, full, not_mounted, dead_disk)]))
