"""The vault, the pinentry and the terminal, as ownkey-prompt meets them."""

import fcntl
import os
import pty
import select
import shutil
import signal
import struct
import sys
import termios
import time

from job import BUILD, ERR, HERE, Helper, run, until

# built with sanitizers: limits and filters are left out then
SANITIZED = b"__asan_init" in open(os.path.join(BUILD, "ownkey-prompt"), "rb").read()
PIN, PASSPHRASE, CONFIRM = range(3)
TITLE, QUESTION, LABEL, WRONG, SECONDS, PROGRAM, TTY, DISPLAY, WAYLAND, XAUTH, LANG, BUS = \
    range(2, 14)


class Fake:
    """A copy of the fake pinentry with its answers."""

    def __init__(self, directory, *answers):
        self.path = os.path.join(directory, "pin")
        shutil.copy(os.path.join(HERE, "fake-pinentry"), self.path)
        self.put("answers", "\n".join(answers) + "\n")

    def put(self, what, text):
        with open("%s.%s" % (self.path, what), "w") as f:
            f.write(text)

    def log(self):
        try:
            return open(self.path + ".log").read().split("\n")
        except FileNotFoundError:
            return []

    def was_asked(self):
        return any(line in ("GETPIN", "CONFIRM") for line in self.log())


class Terminal:
    """A pseudo terminal with somebody in front of it."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.path = os.ttyname(self.slave)
        self.before = termios.tcgetattr(self.slave)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.seen = b""

    def read(self, timeout=0.2):
        while self.master >= 0 and select.select([self.master], [], [], timeout)[0]:
            part = os.read(self.master, 4096)
            if not part:
                break
            self.seen += part

    def expect(self, text):
        def there():
            self.read(0.05)
            return text in self.seen
        until(there)

    def type(self, text):
        os.write(self.master, text)

    def is_silent(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ECHO

    def is_as_before(self):
        return termios.tcgetattr(self.slave) == self.before

    def close(self):
        os.close(self.master)
        os.close(self.slave)


def environment(**more):
    env = {"PATH": "/usr/bin:/bin", "HOME": os.environ.get("HOME", "/"), "TERM": "dumb",
           "SECRET_VARIABLE": "x", "LD_LIBRARY_PATH": ""}
    env.update(more)
    return env


def ask(kind, program="none", more=None, env=None):
    p = Helper("ownkey-prompt", env=env or environment())
    job = {1: kind, QUESTION: "Unlock the vault?", PROGRAM: program, LABEL: "PIN:"}
    job.update(more or {})
    p.send({k: v for k, v in job.items() if v is not None})
    return p


def expect(p, err, text=None, timeout=30):
    want = {1: ERR[err]}
    if text is not None:
        want[2] = text
    got = p.receive(timeout)
    assert got == want, (got, err, text, p.said())
    assert p.ends() == 0
    p.close()


def children(pid):
    path = "/proc/%d/task/%d/children" % (pid, pid)
    return [int(x) for x in open(path).read().split()]


def is_gone(pid):
    try:
        return open("/proc/%d/stat" % pid).read().split()[2] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


# --- a pinentry ---

def pinentry_pin(directory):
    "a PIN by pinentry: what it is told, how it is started"
    fake = Fake(directory, "pin 1234")
    p = ask(PIN, fake.path, {TITLE: "ownkey", WRONG: "wrong PIN, 5 tries left", SECONDS: 30,
                             DISPLAY: ":7", LANG: "de_DE.UTF-8"})
    expect(p, "OK", b"1234")
    log = fake.log()
    assert log[0].split(" ", 1)[0] == "START" and "DISPLAY=:7" in log[0]
    assert "LANG=de_DE.UTF-8" in log[0] and "HOME=" in log[0]
    for line in ("OPTION display=:7", "OPTION lc-ctype=de_DE.UTF-8", "SETTIMEOUT 30",
                 "SETTITLE ownkey", "SETDESC Unlock the vault?", "SETPROMPT PIN:",
                 "SETERROR wrong PIN, 5 tries left", "GETPIN"):
        assert line in log, (line, log)
    assert not any("ttyname" in line for line in log)


def pinentry_environment(directory):
    "a pinentry gets only the variables that it needs"
    fake = Fake(directory, "hang")
    env = environment(DISPLAY=":1", WAYLAND_DISPLAY="w-1", XAUTHORITY="/x", LC_ALL="C",
                      XDG_RUNTIME_DIR="/run/x", DBUS_SESSION_BUS_ADDRESS="unix:x", LANG="C")
    terminal = Terminal()
    for tty, seen, bus in ((None, True, "unix:y"), (terminal.path, False, None)):
        p = ask(PIN, fake.path, {TTY: tty, BUS: bus}, env)
        until(fake.was_asked)
        child, = children(p.process.pid)
        got = open("/proc/%d/environ" % child).read().split("\0")
        names = {x.split("=")[0] for x in got if x}
        assert ("DISPLAY=:1" in got) == seen and ("WAYLAND_DISPLAY=w-1" in got) == seen
        assert names - {"DISPLAY", "WAYLAND_DISPLAY"} == {
            "PATH", "HOME", "LANG", "TERM", "XAUTHORITY", "XDG_RUNTIME_DIR",
            "DBUS_SESSION_BUS_ADDRESS"}, names
        # that of who asks, before ours
        assert "DBUS_SESSION_BUS_ADDRESS=" + (bus or "unix:x") in got, got
        status = open("/proc/%d/status" % child).read()
        assert "Seccomp:\t0" in status and "NoNewPrivs:\t0" in status
        p.close()
        os.remove(fake.path + ".log")
        until(lambda: is_gone(child))
    terminal.close()


def pinentry_escapes(directory):
    "what is typed may be anything, and what is shown cannot be a command"
    fake = Fake(directory, "pin %25 %0A%00%ff x%20")
    evil = "a 100%\nGETPIN\n" + "\u202egnp " + "Ärger"
    p = ask(PASSPHRASE, fake.path, {QUESTION: evil})
    expect(p, "OK", b"% \n\0\xff x ")
    desc, = [line for line in fake.log() if line.startswith("SETDESC")]
    assert desc == "SETDESC a 100%25%0AGETPIN%0A?gnp Ärger", desc
    fake = Fake(directory, "pin ")
    os.remove(fake.path + ".count")
    expect(ask(PIN, fake.path), "OK")


def pinentry_long(directory):
    "the longest question fits a line of the protocol and the columns of a small screen"
    fake = Fake(directory, "pin 1")
    p = ask(PIN, fake.path, {QUESTION: "\u00e4%\u00f6 word " * 150, TITLE: "t" * 127,
                             WRONG: "%" * 255})
    expect(p, "OK", b"1")
    raw = open(fake.path + ".log", "rb").read().split(b"\n")
    assert max(len(line) for line in raw) <= 1000
    desc, = [line for line in raw if line.startswith(b"SETDESC")]
    assert desc.endswith(b"...")
    shown = desc[8:].decode().replace("%25", "%").split("%0A")
    assert max(len(line) for line in shown[:-1]) <= 46, shown


def pinentry_confirm(directory):
    "yes, no and closing the window"
    for answer, err in (("ok", "OK"), ("no", "REFUSED"), ("cancel", "CANCELLED")):
        fake = Fake(directory, answer)
        expect(ask(CONFIRM, fake.path), err)
        assert "CONFIRM" in fake.log() and "SETOK Yes" in fake.log()
        assert "GETPIN" not in fake.log()
        os.remove(fake.path + ".log")
        os.remove(fake.path + ".count")


def pinentry_errors(directory):
    "each way of not getting an answer"
    for i, (answer, err) in enumerate((
            ("cancel", "CANCELLED"), ("timeout", "TIMEOUT"), ("err 83886278", "CANCELLED"),
            ("err 83918950", "NOPROMPT"), ("err 1", "NOPROMPT"))):
        sub = os.path.join(directory, str(i))
        os.mkdir(sub)
        expect(ask(PIN, Fake(sub, answer).path), err)


def pinentry_faulty(directory):
    "a faulty or hostile pinentry is never believed, and takes nobody with it"
    for i, answer in enumerate((
            "die", "long", "nul", "silent", "flood", "raw OKAY", "raw D %zz", "raw D 12%",
            "raw ERR", "raw ERR x", "raw ERR 99999999999", "raw INQUIRE QUALITY", "raw", "raw END",
            "raw ok")):
        sub = os.path.join(directory, str(i))
        os.mkdir(sub)
        p = ask(PIN, Fake(sub, answer).path)
        expect(p, "NOPROMPT")
    sub = os.path.join(directory, "data")
    os.mkdir(sub)
    expect(ask(CONFIRM, Fake(sub, "pin 1").path), "NOPROMPT")
    fake = Fake(sub, "raw D " + "x" * 900 + "\nD " + "x" * 900)
    expect(ask(PIN, fake.path), "NOPROMPT")


def pinentry_question_first(directory):
    "no answer counts when the question was refused; other refusals do not matter"
    fake = Fake(directory, "ok")
    fake.put("refuse", "SETDESC\n")
    expect(ask(CONFIRM, fake.path), "NOPROMPT")
    assert not fake.was_asked()
    fake.put("refuse", "OPTION\nSETTIMEOUT\nSETTITLE\nSETPROMPT\nSETERROR\nSETOK\nSETNOTOK\n")
    expect(ask(CONFIRM, fake.path, {WRONG: "x"}), "OK")
    fake.put("mute", "")
    expect(ask(CONFIRM, fake.path), "NOPROMPT")


def pinentry_not_there(directory):
    "no pinentry: a path that is not there, a file that is no program, PATH without one"
    plain = os.path.join(directory, "plain")
    open(plain, "w").close()
    for program, path in (("/nonexistent", "/usr/bin"), (plain, "/usr/bin"), (directory, "/x"),
                          ("none", "/usr/bin"), ("no-such-pinentry", "/usr/bin"), ("", "/x:y::z"),
                          ("", ""), ("./pin", "/usr/bin")):
        expect(ask(PIN, program, env=environment(PATH=path)), "NOPROMPT")
    fake = Fake(directory, "pin 7")
    expect(ask(PIN, "pin", env=environment(PATH="/x:/bin:" + directory)), "OK", b"7")
    shutil.copy(fake.path, os.path.join(directory, "pinentry"))
    shutil.copy(fake.path + ".answers", os.path.join(directory, "pinentry.answers"))
    env = environment(PATH=directory + ":/bin")
    expect(ask(PIN, "", env=env), "OK", b"7")
    expect(ask(PIN, None, env=env), "OK", b"7")


def pinentry_hangs(directory):
    "a pinentry that never answers is ended after the timeout"
    fake = Fake(directory, "hang")
    begin = time.monotonic()
    p = ask(PIN, fake.path, {SECONDS: 5})
    until(fake.was_asked)
    child, = children(p.process.pid)
    expect(p, "TIMEOUT")
    assert is_gone(child) and 4 < time.monotonic() - begin < 20


def pinentry_cancelled(directory):
    "the vault hangs up, the supervisor ends us, we are killed: the pinentry goes too"
    for i in range(3):
        sub = os.path.join(directory, str(i))
        os.mkdir(sub)
        fake = Fake(sub, "hang")
        p = ask(PIN, fake.path)
        until(fake.was_asked)
        child, = children(p.process.pid)
        if i == 0:
            p.vault.close()
            assert p.ends() == 1
        elif i == 1:
            p.process.terminate()
            expect(p, "CANCELLED")
        else:
            p.process.kill()
        until(lambda: is_gone(child))
        p.close()


# --- the built-in dialogue ---

def terminal_pin(_):
    "a PIN on the terminal: not echoed, keys that edit, settings restored"
    terminal = Terminal()
    for keys, answer in (
            (b"1234\r", b"1234"), (b"1234\n", b"1234"), (b"12x\x7f34\r", b"1234"),
            (b"zz\x151234\r", b"1234"), (b"12\x1b[A\x1bOB34\x1b[3~\r", b"1234"),
            ("a\u00e4\u20ac\x08\r".encode(), "a\u00e4".encode()), (b"\x7f\x7f1\x00\r", b"1"),
            (b"\r", None), (b"x" * 1024 + b"\r", b"x" * 1024), (b"\x1b[\r", None)):
        p = ask(PIN, more={TTY: terminal.path, WRONG: "wrong PIN, 5 tries left"})
        terminal.expect(b"PIN: ")
        until(terminal.is_silent)
        if len(keys) < 100:
            terminal.type(keys)
        else:
            for i in range(0, len(keys), 256):
                terminal.type(keys[i:i + 256])
                time.sleep(0.05)
        expect(p, "OK", answer)
        assert terminal.is_as_before()
        terminal.read()
        assert b"1234" not in terminal.seen and b"wrong PIN, 5 tries left" in terminal.seen
        assert terminal.seen.startswith(b"\r\nownkey\r\nUnlock the vault?\r\n"), terminal.seen
        terminal.seen = b""
    terminal.close()


def terminal_ends(_):
    "Ctrl-C, Ctrl-D, too long a line, nobody there"
    terminal = Terminal()
    for keys, err in ((b"12\x03", "CANCELLED"), (b"12\x04", "CANCELLED"), (b"", "TIMEOUT"),
                      (b"x" * 1025, "TOOBIG")):
        p = ask(PASSPHRASE, more={TTY: terminal.path, SECONDS: 1 if not keys else 60})
        terminal.expect(b"PIN: ")
        until(terminal.is_silent)
        terminal.type(keys)
        expect(p, err)
        assert terminal.is_as_before()
        terminal.seen = b""
    p = ask(PIN, more={TTY: terminal.path})
    terminal.expect(b"PIN: ")
    terminal.close()
    expect(p, "CANCELLED")


def terminal_confirm(_):
    "y, n, and keys that are neither"
    terminal = Terminal()
    for keys, err in ((b"y", "OK"), (b"Y", "OK"), (b"n", "REFUSED"), (b"\r jN", "REFUSED"),
                      (b"\x03", "CANCELLED"), (b"\x04", "CANCELLED"), (b"\x1bOyn", "REFUSED")):
        p = ask(CONFIRM, more={TTY: terminal.path, TITLE: "ownkey: approve"})
        terminal.expect(b"[y/n] ")
        until(terminal.is_silent)
        terminal.type(keys)
        expect(p, err)
        assert terminal.is_as_before() and b"ownkey: approve\r\n" in terminal.seen
        terminal.seen = b""
    terminal.close()


def terminal_typed_ahead(_):
    "what was typed before the question is no answer"
    terminal = Terminal()
    terminal.type(b"y\n")
    p = ask(CONFIRM, more={TTY: terminal.path})
    terminal.expect(b"[y/n] ")
    assert p.is_silent()
    terminal.type(b"n")
    expect(p, "REFUSED")
    terminal.close()


def terminal_columns(_):
    "any text fits 50 columns and cannot steer the terminal"
    terminal = Terminal()
    text = "word " * 40 + "\n" + "x" * 120 + "\n\n\u202e \u9f8d" + "\u9f8d" * 60
    p = ask(PIN, more={TTY: terminal.path, QUESTION: text, WRONG: "e" * 200, LABEL: "l" * 63})
    terminal.expect(b"l ")
    lines = terminal.seen.decode().replace("\r", "").split("\n")
    width = [sum(2 if c >= "\u1000" else 1 for c in line) for line in lines]
    assert max(width) <= 50, width
    assert "?" in terminal.seen.decode() and "\u202e" not in terminal.seen.decode()
    terminal.type(b"\x03")
    expect(p, "CANCELLED")
    terminal.close()


def terminal_cancelled(_):
    "the vault hangs up or a signal comes: the echo is back"
    terminal = Terminal()
    for end in ("vault", signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        p = ask(PIN, more={TTY: terminal.path})
        terminal.expect(b"PIN: ")
        until(terminal.is_silent)
        terminal.type(b"12")
        if end == "vault":
            p.vault.close()
            assert p.ends(2) == 1
        else:
            p.process.send_signal(end)
            expect(p, "CANCELLED")
        assert terminal.is_as_before()
        p.close()
        terminal.seen = b""
    terminal.close()


def terminal_unfit(directory):
    "files, links, devices of others and odd names are no terminals, and stay as they are"
    terminal = Terminal()
    plain = os.path.join(directory, "plain")
    with open(plain, "w") as f:
        f.write("content")
    link = os.path.join(directory, "link")
    os.symlink(terminal.path, link)
    fifo = os.path.join(directory, "fifo")
    os.mkfifo(fifo)
    fake = Fake(directory, "pin 1")
    names = [plain, link, fifo, directory, "/dev/null", "/dev/zero", "/nonexistent", "pts/0",
             terminal.path[1:], "/dev/tty"]
    if os.getuid() != 0:
        names.append("/dev/console")
    for name in names:
        expect(ask(PIN, more={TTY: name}), "NOPROMPT")
        # nor does a pinentry hear of it, which would open it for writing
        expect(ask(PIN, fake.path, {TTY: name}), "OK", b"1")
    assert not any("tty" in line.lower() for line in fake.log() if "START" not in line)
    assert open(plain).read() == "content"
    terminal.close()


def terminal_instead(directory):
    "a pinentry that cannot ask is followed by the terminal; one that was answered is not"
    terminal = Terminal()
    for i, answer in enumerate(("die", "err 83918950", "long")):
        sub = os.path.join(directory, str(i))
        os.mkdir(sub)
        p = ask(PIN, Fake(sub, answer).path, {TTY: terminal.path})
        terminal.expect(b"PIN: ")
        until(terminal.is_silent)
        terminal.type(b"77\r")
        expect(p, "OK", b"77")
        terminal.read()
        terminal.seen = b""
    fake = Fake(directory, "cancel")
    expect(ask(PIN, fake.path, {TTY: terminal.path}), "CANCELLED")
    assert "OPTION ttyname=" + terminal.path in fake.log()
    assert "OPTION ttytype=vt100" in fake.log()
    terminal.read()
    assert terminal.seen == b""
    terminal.close()


# --- Debian's programs ---

def real_tty(_):
    "pinentry-tty: a PIN, yes and no, a cancel"
    program = "/usr/bin/pinentry-tty"
    terminal = Terminal()
    for kind, keys, err, text in ((PIN, b"4321\n", "OK", b"4321"), (CONFIRM, b"y", "OK", None),
                                  (CONFIRM, b"n", "REFUSED", None)):
        p = ask(kind, program, {TTY: terminal.path, SECONDS: 20})
        terminal.expect(b"Unlock the vault?")
        terminal.expect(b"PIN:" if kind == PIN else b"[yn")
        time.sleep(0.3)
        terminal.type(keys)
        expect(p, err, text)
        assert b"4321" not in terminal.seen
        assert terminal.is_as_before()
        terminal.seen = b""
    p = ask(PIN, program, {TTY: terminal.path})
    terminal.expect(b"PIN:")
    until(terminal.is_silent)
    child, = children(p.process.pid)
    p.vault.close()
    assert p.ends() == 1 and is_gone(child) and terminal.is_as_before()
    p.close()
    terminal.close()


def real_curses(_):
    "pinentry-curses: a PIN, a refusal, a cancel, a timeout"
    program = "/usr/bin/pinentry-curses"
    terminal = Terminal()
    p = ask(PIN, program, {TTY: terminal.path, WRONG: "wrong PIN", LANG: "C.UTF-8"})
    terminal.expect(b"Unlock the vault?")
    terminal.expect(b"wrong PIN")
    time.sleep(0.3)
    terminal.type(b"98765\r")
    expect(p, "OK", b"98765")
    assert terminal.is_as_before() and b"98765" not in terminal.seen
    terminal.seen = b""
    p = ask(CONFIRM, program, {TTY: terminal.path})
    terminal.expect(b"Unlock the vault?")
    terminal.expect(b"No")
    time.sleep(0.3)
    terminal.type(b"\t\r")
    expect(p, "REFUSED")
    assert terminal.is_as_before()
    terminal.seen = b""
    p = ask(PIN, program, {TTY: terminal.path})
    terminal.expect(b"Unlock the vault?")
    child, = children(p.process.pid)
    p.vault.close()
    assert p.ends() == 1 and is_gone(child) and terminal.is_as_before()
    p.close()
    terminal.seen = b""
    p = ask(PIN, program, {TTY: terminal.path, SECONDS: 1})
    expect(p, "TIMEOUT")
    assert terminal.is_as_before()
    expect(ask(PIN, program), "NOPROMPT")
    terminal.close()


# --- jobs ---

def bad_jobs(_):
    "frames that are no job, and a vault that is gone"
    for frame in (b"\xff\xff\xff\xff", b"\0\0\0\1\xff", b"\0\0\0\1\xa0", b"\0\0\0\0"):
        p = Helper("ownkey-prompt", env=environment())
        p.vault.sendall(frame)
        assert p.receive()[1] != 0
        assert p.ends() == 0
        p.close()
    p = ask(PIN, more={QUESTION: "\x1b[2J"})
    assert p.receive()[1] != 0
    p.close()
    for part in (b"", b"\0\0"):
        p = Helper("ownkey-prompt", env=environment())
        p.vault.sendall(part)
        p.vault.close()
        assert p.ends() == 1
        p.close()


def hardened(directory):
    "not dumpable, no core files"
    fake = Fake(directory, "hang")
    p = ask(PIN, fake.path)
    until(fake.was_asked)
    pid = p.process.pid
    assert os.stat("/proc/%d/mem" % pid).st_uid == 0
    if os.getuid() != 0:
        try:
            open("/proc/%d/environ" % pid)
            raise AssertionError("it is dumpable")
        except PermissionError:
            pass
    p.close()


if __name__ == "__main__":
    if SANITIZED:
        print("# left out: hardened: compiled out with sanitizers")
    sys.exit(run([
        pinentry_pin, pinentry_environment, pinentry_escapes, pinentry_long, pinentry_confirm,
        pinentry_errors, pinentry_faulty, pinentry_question_first, pinentry_not_there,
        pinentry_hangs, pinentry_cancelled, terminal_pin, terminal_ends, terminal_confirm,
        terminal_typed_ahead, terminal_columns, terminal_cancelled, terminal_unfit,
        terminal_instead, real_tty, real_curses, bad_jobs, *([] if SANITIZED else [hardened])]))
