"""pinentry-ownkey without gpg-agent: what it relays, what it answers itself, and what it makes of
lines that nobody should send.  GnuPG itself: tests/interop/22-gpg.sh."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys

from ownkey import BUILD, HERE, run_parallel, until, world

OURS = os.path.join(BUILD, "pinentry-ownkey")
GRIP = "0123456789ABCDEF0123456789ABCDEF01234567"
INQUIRER = """#!/bin/sh
echo OK
while read -r line; do
	case $line in
	GETPIN)
		echo 'INQUIRE QUALITY a%20b'
		read -r data
		read -r end
		printf 'D %s/%s\\nOK\\n' "$data" "$end" ;;
	BYE) echo OK; exit ;;
	*) echo OK ;;
	esac
done
"""


class Pinentry:
    """It, and the real one behind it."""

    def __init__(self, directory, *answers, real=None, env=None, args=()):
        self.real = os.path.join(directory, "real")
        if real is None:
            shutil.copy(os.path.join(HERE, "fake-pinentry"), self.real)
        else:
            with open(self.real, "w", encoding="utf-8") as f:
                f.write(real)
        os.chmod(self.real, 0o755)
        with open(self.real + ".answers", "w", encoding="utf-8") as f:
            f.write("\n".join(answers) + "\n")
        conf = os.path.join(directory, "ownkey", "ownkey.conf")
        if not os.path.exists(conf):
            os.makedirs(os.path.dirname(conf), exist_ok=True)
            with open(conf, "w", encoding="utf-8") as f:
                f.write("pinentry = %s\n" % self.real)
        base = {"HOME": directory, "XDG_RUNTIME_DIR": directory, "XDG_CONFIG_HOME": directory,
                "XDG_DATA_HOME": directory, "XDG_STATE_HOME": directory, "PATH": "/usr/bin:/bin"}
        self.process = subprocess.Popen([OURS, *args], env={**base, **(env or {})},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        assert self.line().startswith("OK"), "no greeting"

    def line(self):
        return self.process.stdout.readline().decode().rstrip("\n")

    def put(self, data):
        self.process.stdin.write(data.encode() if isinstance(data, str) else data)
        self.process.stdin.flush()

    def say(self, command):
        """All lines up to OK or ERR."""
        self.put(command + "\n" if isinstance(command, str) else command + b"\n")
        lines = [self.line()]
        while not lines[-1].startswith(("OK", "ERR")):
            assert lines[-1], lines
            lines.append(self.line())
        return lines

    def all_ok(self, *commands):
        for command in commands:
            assert self.say(command) == ["OK"], command

    def log(self):
        with contextlib.suppress(FileNotFoundError):
            return open(self.real + ".log", encoding="utf-8").read()
        return ""

    def end(self):
        out, err = self.process.communicate(timeout=10)
        return out, err


@contextlib.contextmanager
def opened(directory, *answers, **kw):
    p = Pinentry(directory, *answers, **kw)
    try:
        yield p
    finally:
        p.process.kill()
        p.end()


def relays(directory):
    """all that was said is said again, in order; answers and errors come back as they are"""
    with opened(directory, "pin a%25b", "cancel", "ok", "err 83886142") as p:
        p.all_ok("OPTION ttyname=/dev/none", "OPTION lc-ctype=C", "SETDESC Was%0Anun",
                 "SETPROMPT Wort", "SETTIMEOUT 5", "SETKEYINFO --clear")
        assert p.log() == "", "started before it was needed"
        assert p.say("GETPIN") == ["D a%25b", "OK"]
        said = [line for line in p.log().splitlines() if not line.startswith("START")]
        assert said == ["OPTION ttyname=/dev/none", "OPTION lc-ctype=C", "SETDESC Was%0Anun",
                        "SETPROMPT Wort", "SETTIMEOUT 5", "SETKEYINFO --clear", "GETPIN"], said
        assert p.say("GETPIN")[0].startswith("ERR 83886179 ")
        p.all_ok("SETERROR no", "confirm --one-button".upper())
        assert p.say("MESSAGE")[0].startswith("ERR 83886142")
        assert "SETERROR no" in p.log()
        p.all_ok("RESET", "SOMETHING new")
        assert p.say("BYE")[0].startswith("OK")
        assert p.process.wait(10) == 0
    assert p.log().endswith("BYE\n"), p.log()


def inquires(directory):
    """what the real one inquires goes to gpg-agent and back"""
    with opened(directory, real=INQUIRER) as p:
        p.all_ok("SETQUALITYBAR Q:")
        p.put("GETPIN\n")
        assert p.line() == "INQUIRE QUALITY a%20b"
        p.put("D 80\nEND\n")
        assert p.line() == "D D 80/END" and p.line() == "OK"
        assert p.say("END")[0].startswith("ERR 83886354 ")


def hostile(directory):
    """long lines, NULs, nothing at all: an error, and it goes on"""
    with opened(directory, "ok") as p:
        assert p.say("SETDESC " + "x" * 10000)[0].startswith("ERR 83886343 ")
        assert p.say("GETPIN" * 50000)[0].startswith("ERR 83886343 ")
        assert p.say("SETDESC " + "x" * 993)[0].startswith("ERR 83886343 ")
        p.all_ok("SETDESC " + "x" * 992)
        for line in (b"SETDESC a\0b", b"\0" * 900, b"", b"\r"):
            assert p.say(line)[0].startswith("ERR 83886356 "), line
        for line in ("D 1", "END", "CAN"):
            assert p.say(line)[0].startswith("ERR 83886354 "), line
        p.all_ok("SETKEYINFO x/" + GRIP, "SETKEYINFO n/" + GRIP[1:], "SETKEYINFO", "SETERROR",
                 "NOP", "SETDESC \xff\xfe", "setdesc small", "OPTION =", "OPTION", "SETDESC a\r")
        full = [p.say("OPTION x=" + "y" * 980)[0] for _ in range(80)]
        assert full[0] == "OK" and full[-1].startswith("ERR 83886353 "), full
        assert p.say("GETINFO pid") == ["D %d" % p.process.pid, "OK"]
        p.put("# a comment\n")
        p.put("GETINFO flav")
        p.put("or\r\n")
        assert p.line() == "D ownkey" and p.line() == "OK"
        p.put("half a line")
        p.process.stdin.close()
        assert p.process.wait(10) == 0
        assert p.process.stdout.read() == b""
        p.process.stdin = None


def faulty(directory):
    """a real one that dies, says too much, or does not start: an error each time, no hang"""
    for i, answer in enumerate(("die", "nul", "long", "raw D " + "x" * 999)):
        sub = os.path.join(directory, str(i))
        os.makedirs(sub)
        with opened(sub, answer) as p:
            last = p.say("GETPIN")[-1]
            assert answer == "nul" or last.startswith("ERR 83886165 "), (answer, last)
            assert answer == "nul" or p.say("CONFIRM")[0].startswith("ERR 83886165 ")
            p.all_ok("NOP")
    sub = os.path.join(directory, "mute")
    os.makedirs(sub)
    with opened(sub, real="#!/bin/sh\nexit 1\n") as p:
        assert p.say("GETPIN")[0].startswith("ERR 83886165 ")


def never_itself(directory):
    """by no name, link or configuration does it run itself"""
    bin_ = os.path.join(directory, "bin")
    os.makedirs(bin_)
    os.makedirs(os.path.join(directory, "ownkey"))
    os.makedirs(os.path.join(directory, ".gnupg"))
    os.symlink(OURS, os.path.join(bin_, "pinentry"))
    for conf in ("", "pinentry = %s/bin/pinentry\n" % directory, "pinentry = none\n"):
        with open(os.path.join(directory, "ownkey", "ownkey.conf"), "w", encoding="utf-8") as f:
            f.write(conf)
        with open(os.path.join(directory, ".gnupg", "gpg-agent.conf"), "w",
                  encoding="utf-8") as f:
            f.write("pinentry-program %s\n" % OURS)
        with opened(directory, env={"PATH": bin_}) as p:
            assert p.say("GETPIN")[0].startswith("ERR 83886165 "), conf


def configured(directory):
    """what gpg-agent.conf named before is the real one"""
    os.makedirs(os.path.join(directory, "ownkey"))
    open(os.path.join(directory, "ownkey", "ownkey.conf"), "w", encoding="utf-8").close()
    os.makedirs(os.path.join(directory, ".gnupg"))
    with open(os.path.join(directory, ".gnupg", "gpg-agent.conf"), "w", encoding="utf-8") as f:
        f.write("  pinentry-program   %s/real\r\n# pinentry-program /nowhere\n"
                "pinentry-program %s\n" % (directory, OURS))
    with opened(directory, "pin yes") as p:
        assert p.say("GETPIN") == ["D yes", "OK"]


def signals(directory):
    """gpg-agent's signal, or its end, ends the question of the real one"""
    with opened(directory, "hang") as p:
        p.put("GETPIN\n")
        until(lambda: "GETPIN" in p.log(), "asked")
        p.process.send_signal(signal.SIGINT)
        assert p.line().startswith("ERR 83886165 ")
    with opened(directory, "hang") as p:
        os.remove(p.real + ".log")
        p.put("GETPIN\n")
        until(lambda: "GETPIN" in p.log(), "asked")
        p.process.stdin.close()
        p.process.wait(10)
        p.process.stdin = None


def from_vault(directory):
    """a passphrase of the vault: escaped, once, never after an error, never for a new one"""
    value = b"%\n\x01 " + "ä".encode() + b"x" * 1000
    with world(directory, {}, start=False) as (agent, token):
        agent.configure([token], pinentry=os.path.join(directory, "real"))
        agent.start()
        agent.unlock(agent.init(no_pin=True))
        with contextlib.closing(agent.client()) as c:
            c.call("secret.set", label="gpg/" + GRIP, value=value)
            c.call("secret.set", label="gpg/" + "0" * 40, value=b"a\0b")
            c.call("secret.set", label="gpg/" + "1" * 40 + "0", value=b"other")
        kw = {"env": agent.env}
        with opened(directory, "pin typed", **kw) as p:
            p.all_ok("SETKEYINFO s/" + GRIP.lower())
            lines = p.say("GETPIN")
            assert len(lines) == 3 and max(map(len, lines)) <= 1000, lines
            assert b"".join(unescape(line[2:]) for line in lines[:-1]) == value
            p.all_ok("SETERROR Bad Passphrase")
            assert p.say("GETPIN") == ["D typed", "OK"]
        for before in (["SETREPEAT again"], ["SETGENPIN x"], ["SETERROR no"], ["RESET"],
                       ["SETKEYINFO n/" + "0" * 40], ["SETKEYINFO n/" + "1" * 40], []):
            with opened(directory, "pin typed", **kw) as p:
                p.all_ok("SETKEYINFO n/" + GRIP, *before)
                assert p.say("GETPIN") == ["D typed", "OK"], before
        assert b"x" * 100 not in agent.said().encode()


def unescape(text):
    out, data = bytearray(), text.encode("utf-8")
    while data:
        if data[:1] == b"%":
            out.append(int(data[1:3], 16))
            data = data[3:]
        else:
            out.append(data[0])
            data = data[1:]
    return bytes(out)


CASES = [relays, inquires, hostile, faulty, never_itself, configured, signals, from_vault]

if __name__ == "__main__":
    sys.exit(run_parallel([(f.__doc__.splitlines()[0], f) for f in CASES]))
