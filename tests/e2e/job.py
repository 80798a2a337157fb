"""What the drivers of ownkey's helper programs share: frames, CBOR by number, TAP."""

import os
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

import cbor2

BUILD = os.path.abspath(os.environ.get("OWNKEY_BUILD") or os.environ.get("B") or "build")
HERE = os.path.dirname(os.path.abspath(__file__))


def errors():
    """The numbers of lib/err_table.h."""
    table = os.path.join(HERE, "..", "..", "lib", "err_table.h")
    rows = [line[2:].split(",") for line in open(table) if line.startswith("E(")]
    return {row[0].strip(): int(row[1]) for row in rows}


ERR = errors()


def encode(message):
    return cbor2.dumps(message, canonical=True)


def send(sock, message):
    frame = encode(message)
    sock.sendall(struct.pack(">I", len(frame)) + frame)


def read_exactly(sock, n, timeout):
    data = b""
    sock.settimeout(timeout)
    while len(data) < n:
        part = sock.recv(n - len(data))
        if not part:
            raise EOFError("closed after %d of %d bytes" % (len(data), n))
        data += part
    return data


def receive(sock, timeout=40):
    n, = struct.unpack(">I", read_exactly(sock, 4, timeout))
    frame = read_exactly(sock, n, timeout)
    message = cbor2.loads(frame)
    assert encode(message) == frame, "not deterministic"
    return message


class Helper:
    """A helper process, and the ends of its descriptors that the vault and the supervisor hold."""

    def __init__(self, program, env=None, args=(), preexec_fn=None):
        self.vault, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.door, door = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, program), *args], stdin=theirs, stdout=door, stderr=self.log,
            env=env, preexec_fn=preexec_fn)
        theirs.close()
        door.close()

    def send(self, job):
        send(self.vault, job)

    def receive(self, timeout=40):
        return receive(self.vault, timeout)

    def bring_person(self):
        """What the supervisor does when somebody came to secret.sock."""
        person, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        socket.send_fds(self.door, [b"\0"], [theirs.fileno()])
        theirs.close()
        return person

    def said(self):
        self.log.seek(0)
        return self.log.read()

    def ends(self, timeout=40):
        """Wait for its end; its exit status."""
        return self.process.wait(timeout)

    def is_silent(self):
        """Nothing, not even the end, within a moment."""
        return not select.select([self.vault], [], [], 0.3)[0]

    def close(self):
        self.vault.close()
        self.door.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.log.close()


def until(condition, timeout=30):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it did not happen within %d s" % timeout)


def run(tests):
    """Each test is a function; says TAP.  Returns the exit status."""
    failed = 0
    wanted = sys.argv[1:]
    tests = [t for t in tests if not wanted or t.__name__ in wanted]
    print("1..%d" % len(tests), flush=True)
    for i, test in enumerate(tests, 1):
        directory = tempfile.mkdtemp()
        try:
            test(directory)
            verdict = "ok"
        except Exception:  # pylint: disable=broad-except
            traceback.print_exc()
            verdict = "not ok"
            failed += 1
        shutil.rmtree(directory)
        name = test.__doc__ or test.__name__
        print("%s %d - %s" % (verdict, i, name), flush=True)
    return 1 if failed else 0
