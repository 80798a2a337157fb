"""A terminal with a person before it: what is on it, what they type."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time

COLUMNS, ROWS = 50, 15


class Terminal:
    """A program on a terminal of its own."""

    def __init__(self, args, env, term="linux", size=(ROWS, COLUMNS)):
        self.text, self.seen, self.status = "", 0, None
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            try:
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
                os.execve(args[0], args, {**env, "TERM": term})
            finally:
                os._exit(127)

    def read(self, seconds):
        """What comes in this time; False at its end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        self.text += data.decode(errors="replace")
        return bool(data)

    def expect(self, pattern, timeout=30):
        """The next place where the pattern is, behind the one before."""
        end = time.monotonic() + timeout
        while True:
            found = re.search(pattern, self.text[self.seen:])
            if found:
                self.seen += found.end()
                return found
            alive = self.read(0.2)
            assert alive and time.monotonic() < end, "no %r in %r" % (pattern, self.text)

    def type(self, line):
        os.write(self.fd, line.encode() + b"\n")

    def key(self, byte):
        os.write(self.fd, byte)

    def kill(self, signo=signal.SIGTERM):
        os.kill(self.pid, signo)

    def end(self, timeout=30):
        """Its exit status."""
        end = time.monotonic() + timeout
        while self.read(0.1):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError("it does not end: %r" % self.text)
        self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return self.status

    def lines(self):
        """As they were written, without what moves and clears."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\a", "", self.text).replace("\r", "").split("\n")


def shown_words(text):
    """The 24 of the recovery phrase, from their three columns."""
    found = {int(n): w for n, w in re.findall(r"(?<!\d)(\d{1,2}) ([a-z]{3,8})\b", text)}
    assert sorted(found) == list(range(1, 25)), text
    return [found[i] for i in range(1, 25)]
