"""Secrets as programs take them: password commands, exec, the clipboard, the editor, git."""

import base64
import contextlib
import glob
import hashlib
import hmac
import json
import os
import re
import signal
import struct
import subprocess
import sys
import time

from cli import OWNKEY, opened, refused, terminal, works
from job import BUILD
from ownkey import TOKEN, Person, children, run_parallel, until, world
from terminal import Terminal

GIT = os.path.join(BUILD, "git-credential-ownkey")


def attributes(directory):
    """attributes are kept, shown, looked for, and told apart from the value"""
    with opened(directory) as (agent, _, _p):
        works(agent, "secret", "set", "web/a", "--attr", "user=alice", "--attr",
              "url=https://a.example", stdin="hush")
        works(agent, "secret", "set", "web/b", "--attr", "user=bob", stdin="hush2")
        shown = works(agent, "secret", "show", "web/a")
        assert "user: alice" in shown and "url: https://a.example" in shown, shown
        assert "hush" not in shown
        shown = json.loads(works(agent, "secret", "show", "web/a", "--json"))
        assert shown["attributes"][0] == {"name": "user", "value": "alice"}, shown
        assert works(agent, "secret", "get", "web/a", "--attr", "user") == "alice\n"
        refused(agent, "secret", "get", "web/a", "--attr", "nothing")
        assert works(agent, "secret", "list", "--attr", "user=alice") == "web/a\n"
        assert works(agent, "secret", "list", "--attr", "user=alice", "--attr", "url=x") == ""
        works(agent, "secret", "set", "web/a", "--replace", stdin="other")
        assert works(agent, "secret", "get", "web/a", "--attr", "user") == "alice\n"
        works(agent, "secret", "set", "web/a", "--replace", "--attr", "user=carol", stdin="other")
        assert "url" not in works(agent, "secret", "show", "web/a")
        for wrong in ("user", "=x"):
            assert "NAME=VALUE" in refused(agent, "secret", "set", "x", "--attr", wrong,
                                           stdin="x", status=64)


def attributes_alone(directory):
    """a change of attributes leaves the value; the policy is asked"""
    with opened(directory) as (agent, token, _), agent_client(agent) as c:
        c.call("secret.set", label="x", value=b"1", attributes=[{"name": "a", "value": "1"}])
        assert c.ask("secret.set", label="x", attributes=[]).status == "EXISTS"
        c.call("secret.set", label="x", replace=True, attributes=[{"name": "b", "value": "2"}])
        assert c.call("secret.get", label="x").value == b"1"
        assert [a.name for a in c.call("secret.show", label="x").attributes] == ["b"]
        c.call("secret.set", label="x", replace=True, attributes=[])
        assert not c.call("secret.show", label="x").attributes
        assert c.ask("secret.set", label="y", replace=True, attributes=[]).status == "NOTFOUND"
        c.call("secret.set", label="x", value=b"1", replace=True, use=2)
        token.tell("touch-mode", "never")
        q = c.start("secret.set", label="x", replace=True, attributes=[])
        until(token.is_waiting, "touch")
        c.call("cancel", request=q)
        assert c.wait(q).status == "CANCELLED"


class agent_client:  # pylint: disable=invalid-name
    def __init__(self, agent):
        self.c = agent.client()

    def __enter__(self):
        return self.c

    def __exit__(self, *_):
        self.c.close()


def generated(directory):
    """generate: each alphabet, lengths, never shown unasked"""
    with opened(directory) as (agent, _, _p):
        for i, (args, pattern) in enumerate((
                ((), "[A-Za-z0-9]{24}"), (("--length", "7"), "[A-Za-z0-9]{7}"),
                (("--alphabet", "digits"), "[0-9]{8}"), (("--alphabet", "print"), "[!-~]{24}"),
                (("--alphabet", "words"), "[a-z]{3,8}(-[a-z]{3,8}){7}"))):
            assert works(agent, "secret", "generate", "g%d" % i, *args) == ""
            value = works(agent, "secret", "get", "g%d" % i)
            assert re.fullmatch(pattern + "\n", value), value
        old = works(agent, "secret", "get", "g0")
        assert "--replace" in refused(agent, "secret", "generate", "g0")
        assert works(agent, "secret", "get", "g0") == old
        new = works(agent, "secret", "generate", "g0", "--replace", "--show")
        assert new != old and works(agent, "secret", "get", "g0") == new
        assert "made up" in works(agent, "secret", "show", "g0")
        refused(agent, "secret", "generate", "x", "--length", "1025", status=64)
        refused(agent, "secret", "generate", "x", "--length", "200", "--alphabet", "words")


def totp(seed, algorithm, digits, period, at):
    mac = hmac.new(seed, struct.pack(">Q", int(at) // period), algorithm).digest()
    where = mac[-1] & 15
    number = struct.unpack(">I", mac[where:where + 4])[0] & 0x7fffffff
    return str(number % 10 ** digits).zfill(digits)


def codes(directory):
    """codes as another program computes them; the seed stays in the vault"""
    with opened(directory) as (agent, _, _p):
        for i, (algorithm, digits, period) in enumerate((
                ("sha1", 6, 30), ("sha256", 8, 60), ("sha512", 7, 15), ("sha1", 8, 86400))):
            seed = os.urandom(20 + 20 * i)
            text = base64.b32encode(seed).decode()
            works(agent, "secret", "set", "otp%d" % i, "--otp", stdin="otpauth://totp/"
                  "Forge:me%%40x?secret=%s&algorithm=%s&digits=%d&period=%d" % (
                      text.rstrip("="), algorithm, digits, period))
            before = time.time()
            code = works(agent, "secret", "code", "otp%d" % i).strip()
            assert code in (totp(seed, algorithm, digits, period, at)
                            for at in (before, time.time())), (code, i)
            assert works(agent, "secret", "get", "otp%d" % i).strip() == text.rstrip("=")
            shown = works(agent, "secret", "show", "otp%d" % i)
            assert "issuer: Forge" in shown and "account: me@x" in shown, shown
            assert text.rstrip("=") not in shown
        works(agent, "secret", "set", "plain", "--otp", stdin="jbsw y3dp ehpk 3pxp\n")
        reply = json.loads(works(agent, "secret", "code", "plain", "--json", "--show"))
        assert len(reply["code"]) == 6 and 1 <= reply["left"] <= 30, reply
        assert "code" not in json.loads(works(agent, "secret", "code", "plain", "--json"))
        works(agent, "secret", "set", "foreign", stdin="otpauth://totp/x?secret=MFRGG&digits=8\n")
        assert re.fullmatch("[0-9]{8}\n", works(agent, "secret", "code", "foreign"))
        works(agent, "secret", "set", "none", stdin="MFRGG")
        assert "--otp" in refused(agent, "secret", "code", "none")
        for wrong in ("", "0", "otpauth://hotp/x?secret=MFRGG&counter=1", "x" * 5000):
            refused(agent, "secret", "set", "bad", "--otp", stdin=wrong)
        works(agent, "secret", "set", "bad", "--attr", "kind=otpauth", "--attr", "digits=99",
              stdin="MFRGG")
        refused(agent, "secret", "code", "bad")


# --- password commands while it is locked ---

def locked(directory):
    """locked: a touch opens it, nothing is asked on the terminal; clear statuses"""
    with world(directory, {"pin": None}, touch_timeout="5s") as (agent, token):
        agent.init(Person(), ways=TOKEN, no_pin=True, one_way_in=True)
        works(agent, "secret", "set", "x", stdin="y")
        works(agent, "secret", "set", "o", "--otp", stdin="MFRGG")
        command = "x=$(%s secret get x </dev/tty); echo $?$x" % OWNKEY
        works(agent, "lock")
        t = Terminal(["/bin/sh", "-c", command], agent.env)
        assert t.end() == 0 and t.text == "0y\r\n", t.text
        for args in (("secret", "get", "x"), ("secret", "get", "x", "--attr", "a"),
                     ("secret", "code", "o"), ("exec", "--fd", "3=x", "--", "true")):
            works(agent, "lock")
            agent.cli(*args)
            assert not agent.status().locked, args
        works(agent, "lock")
        token.tell("touch-mode", "never")
        t = Terminal(["/bin/sh", "-c", command], agent.env)
        assert t.end() == 0 and t.lines()[-2] == "4", t.text
        assert "touch your" not in t.text.split("error")[0], t.text
        token.stop()
        assert "token" in refused(agent, "secret", "get", "x", status=4)


def locked_nowhere(directory):
    """locked, a PIN, and nowhere to ask: 3, at once"""
    with world(directory, {}) as (agent, _):
        agent.init()
        works(agent, "secret", "set", "x", stdin="y")
        works(agent, "lock")
        start = time.monotonic()
        assert "locked" in refused(agent, "secret", "get", "x", status=3)
        assert time.monotonic() - start < 8


# --- exec ---

def exec_gives(directory):
    """exec: descriptors, standard input, variables; nothing on the command line"""
    with opened(directory) as (agent, _, _p):
        for name, value in (("a", "one"), ("b", "two\nlines"), ("big", "x" * 131072)):
            works(agent, "secret", "set", name, stdin=value)
        done = agent.cli("exec", "--fd", "5=a", "--fd", "7=b", "--", "sh", "-c",
                         'cat <&5; echo; cat /dev/fd/7; echo " $1"; cat', "sh", "{fd}", stdin="in")
        assert done.stdout == "one\ntwo\nlines /dev/fd/5\nin" and not done.stderr, done
        assert works(agent, "exec", "--fd", "3=big", "--", "wc", "-c", "{fd}").split()[0] == \
            "131072"
        assert works(agent, "exec", "--fd", "0=a", "--", "cat") == "one"
        done = agent.cli("exec", "--env", "A=a", "--env", "B_2=b", "--", "sh", "-c",
                         'echo "$A $B_2"; cat')
        assert done.stdout == "one two\nlines\n" and done.stderr.count("warning") == 1, done
        works(agent, "secret", "set", "nul", stdin="a\0b")
        for args, status in (((), 64), (("--env", "1A=a"), 64), (("--env", "A"), 64),
                             (("--fd", "2=a"), 64), (("--fd", "64=a"), 64), (("--fd", "a"), 64),
                             (("--fd", "3=a", "--fd", "3=b"), 64), (("--fd", "3=none"), 1),
                             (("--env", "A=nul"), 1)):
            said = refused(agent, "exec", *args, "--", "echo", "ran", status=status)
            assert "ran" not in said
        for command, status in (("/nonexistent", 127), ("/", 126)):
            assert agent.cli("exec", "--fd", "3=a", "--", command).returncode == status
        assert agent.cli("exec", "--fd", "3=a", "--", "sh", "-c", "exit 42").returncode == 42
        assert agent.cli("exec", "--fd", "3=a", "--", "sh", "-c", "kill -9 $$").returncode == -9


LOOK = r"""
ulimit -c; ulimit -v; umask; trap
grep -E '^(NoNewPrivs|Seccomp|Sig...):' /proc/self/status
ls /proc/self/fd
env | sort
exec /usr/bin/python3 -Ic 'import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))'
"""


def exec_leaves(directory):
    """exec: nothing that we set reaches the command"""
    with opened(directory) as (agent, token, _):
        works(agent, "secret", "set", "x", stdin="y")
        def run(*argv):
            return subprocess.run(argv, env={**agent.env, "FOO": "1"}, capture_output=True,
                                  text=True, start_new_session=True, check=True,
                                  stdin=subprocess.DEVNULL).stdout
        look = ("sh", "-c", LOOK)
        for before in ((), ("nohup",), ("env", "--ignore-signal=PIPE,INT")):
            want = run(*before, *look)
            got = run(*before, OWNKEY, "exec", "--fd", "0=x", "--", *look)
            assert want == got, (want, got)
        p = subprocess.Popen([OWNKEY, "exec", "--fd", "9=x", "--", "sleep", "20"], env=agent.env)
        until(lambda: open("/proc/%d/cmdline" % p.pid, "rb").read().startswith(b"sleep"), "exec")
        p.send_signal(signal.SIGTERM)
        assert p.wait(10) == -signal.SIGTERM
        works(agent, "policy", "x", "--use", "2")
        token.tell("touch-mode", "never")
        p = subprocess.Popen([OWNKEY, "exec", "--fd", "9=x", "--", "sleep", "20"], env=agent.env,
                             start_new_session=True)
        until(token.is_waiting, "touch")
        p.send_signal(signal.SIGTERM)
        assert p.wait(10) == 1, "it ends before the command"


# --- the editor ---

def editor(agent, directory, script):
    path = os.path.join(directory, "editor")
    with open(path, "w", encoding="utf-8") as f:
        f.write('#!/bin/sh\ndirname "$1" >>%s/dirs\n' % directory + script)
    os.chmod(path, 0o700)
    agent.env["EDITOR"] = path


def edits(directory):
    """edit: in memory, wiped; what failed has changed nothing"""
    with opened(directory) as (agent, _, _p):
        works(agent, "secret", "set", "x", "--attr", "user=alice", "--attr", "n=1",
              stdin="old\nlines")
        editor(agent, directory, 'cp "$1" %s/seen; stat -fc %%T "$1" >%s/fs; stat -c %%a "$1" '
               '"${1%%/*}" >%s/modes; dirname "$1" >%s/dir; echo x >"$1~"; '
               'sed -i "s/alice/bob/; /^n:/d; s/old/new/" "$1"' % ((directory,) * 4))
        text = {n: os.path.join(directory, n) for n in ("seen", "fs", "modes", "dir")}
        works(agent, "secret", "edit", "x")
        text = {n: open(f, encoding="utf-8").read() for n, f in text.items()}
        assert text["seen"] == "user: alice\nn: 1\n--- the secret: all that follows ---\n" \
            "old\nlines\n", text
        assert text["fs"] == "tmpfs\n" and text["modes"].split() == ["600", "700"], text
        assert not os.path.exists(text["dir"].strip()), "left behind"
        assert works(agent, "secret", "get", "x") == "new\nlines\n"
        assert works(agent, "secret", "get", "x", "--attr", "user") == "bob\n"
        refused(agent, "secret", "get", "x", "--attr", "n")
        for script, said in (("exit 1", "editor failed"), ('rm "$1"', "no such thing"),
                             ('echo >"$1"', "separating line"), ('sed -i 1s/:// "$1"', "name: v"),
                             ('sed -i "s/^---.*//" "$1"', "changed"),
                             ('ln -sf /etc/passwd "$1"', "no such thing")):
            editor(agent, directory, script)
            assert said in refused(agent, "secret", "edit", "x"), script
            assert works(agent, "secret", "get", "x") == "new\nlines\n"
        editor(agent, directory, "sed -i 1d \"$1\"")
        works(agent, "secret", "edit", "x")
        assert "user" not in works(agent, "secret", "show", "x")
        editor(agent, directory, ":")
        works(agent, "secret", "set", "bin", stdin="a\0b")
        refused(agent, "secret", "edit", "bin")
        refused(agent, "secret", "edit", "none")
        dirs = open(os.path.join(directory, "dirs"), encoding="utf-8").read().split()
        assert len(dirs) == 8 and not any(map(os.path.exists, dirs)), dirs


def edits_with_vim(directory):
    """edit: vim and nano get their flags"""
    with opened(directory) as (agent, _, _p):
        works(agent, "secret", "set", "x", stdin="y")
        for name, flags in (("vim.tiny", "-n -i NONE"), ("nano", "-I -R"), ("other", "")):
            path = os.path.join(directory, name)
            with open(path, "w", encoding="utf-8") as f:
                f.write('#!/bin/sh\nprintf "%%s " "$@" >%s/args' % directory)
            os.chmod(path, 0o700)
            works(agent, "secret", "edit", "x", VISUAL=path)
            said = open(os.path.join(directory, "args"), encoding="utf-8").read()
            assert said.startswith(flags) and said.strip().endswith("/secret"), said


# --- the clipboard ---

XCLIP = """#!/bin/sh
echo "$@" >>%(d)s/args
case $* in
*-out*) cat %(d)s/clip ;;
*) cat >%(d)s/clip; (cat %(d)s/clip; echo) >>%(d)s/clips; (sleep 0.1) & ;;
esac
"""


def clips(directory):
    """clip: through a pipe, for a while, taken away only if it is still there"""
    with opened(directory) as (agent, _, _p):
        works(agent, "secret", "set", "x", "--attr", "user=alice", stdin="hush hush")
        env = {"PATH": directory + "/bin:/usr/bin:/bin", "DISPLAY": ":9"}
        assert "xclip" in refused(agent, "secret", "clip", "x", PATH=directory, DISPLAY=":9")
        assert "xclip" in refused(agent, "secret", "clip", "x", PATH="/usr/bin:/bin")
        os.mkdir(directory + "/bin")
        with open(directory + "/bin/xclip", "w", encoding="utf-8") as f:
            f.write(XCLIP % {"d": directory})
        os.chmod(directory + "/bin/xclip", 0o700)
        clip = os.path.join(directory, "clip")
        def said(name):
            return open(os.path.join(directory, name), encoding="utf-8").read()
        # how soon a busy machine takes it away, nobody knows
        works(agent, "secret", "clip", "x", "--timeout", "1", **env)
        until(lambda: said("clips").splitlines() == ["hush hush", ""], "taken away")
        assert said("clip") == ""
        works(agent, "secret", "clip", "x", "--timeout", "3", **env)
        with open(clip, "w", encoding="utf-8") as f:
            f.write("something else")
        until(lambda: said("args").count("-out") == 2, "looked at")
        time.sleep(0.5)
        assert said("clip") == "something else"
        works(agent, "secret", "clip", "x", "--attr", "user", "--timeout", "1", **env)
        assert said("clips").splitlines()[:4] == ["hush hush", "", "hush hush", "alice"]
        assert "hush" not in open(directory + "/args", encoding="utf-8").read()
        t = terminal(agent, "secret", "clip", "x", "--show")
        assert t.end() == 0, t.text
        assert "\x1b]52;c;%s\a" % base64.b64encode(b"hush hush").decode() in t.text, t.text


SLOW = """#!/bin/sh
case $* in
*-out*) [ -e %(d)s/asked ] || { : >%(d)s/asked; exec sleep 60; }; cat %(d)s/clip ;;
*) cat >%(d)s/clip ;;
esac
"""


def clips_slowly(directory):
    """clip: a clipboard that hangs when it is asked is asked again"""
    with opened(directory) as (agent, _, _p):
        works(agent, "secret", "set", "x", stdin="hush hush")
        os.mkdir(directory + "/bin")
        with open(directory + "/bin/xclip", "w", encoding="utf-8") as f:
            f.write(SLOW % {"d": directory})
        os.chmod(directory + "/bin/xclip", 0o700)
        clip = os.path.join(directory, "clip")
        works(agent, "secret", "clip", "x", "--timeout", "3", DISPLAY=":9",
              PATH=directory + "/bin:/usr/bin:/bin")
        assert open(clip, encoding="utf-8").read() == "hush hush"
        until(lambda: open(clip, encoding="utf-8").read() == "", "taken away", timeout=30)


def behind(directory):
    """clip: who stays behind knows a hash, and nothing else of it"""
    with opened(directory) as (agent, _, _p):
        value = "needle" + hashlib.sha256(os.urandom(16)).hexdigest()
        label = "behind-" + os.urandom(8).hex()
        works(agent, "secret", "set", label, stdin=value)
        os.mkdir(directory + "/bin")
        with open(directory + "/bin/xclip", "w", encoding="utf-8") as f:
            f.write(XCLIP % {"d": directory})
        os.chmod(directory + "/bin/xclip", 0o700)
        works(agent, "secret", "clip", label, "--timeout", "60", DISPLAY=":9",
              PATH=directory + "/bin:/usr/bin:/bin")
        def mine():
            """By the label, which is no other case's: all else in /proc is root's."""
            found = []
            for d in glob.glob("/proc/[0-9]*"):
                with contextlib.suppress(OSError):
                    if b"secret\0clip\0" + label.encode() in open(d + "/cmdline", "rb").read():
                        found.append(int(d[6:]))
            return found
        pids = [p for p in mine() if os.stat("/proc/%d" % p)]
        assert pids, "nobody stays behind"
        for pid in pids:
            if os.geteuid() == 0:
                assert value.encode() not in memory(pid)
            else:
                try:
                    open("/proc/%d/mem" % pid, "rb").close()
                    raise AssertionError("its memory can be read")
                except PermissionError:
                    pass
            os.kill(pid, signal.SIGTERM)


def memory(pid):
    data = b""
    with open("/proc/%d/mem" % pid, "rb", 0) as mem:
        for line in open("/proc/%d/maps" % pid, encoding="utf-8"):
            begin, end = (int(x, 16) for x in line.split()[0].split("-"))
            if " rw" in line:
                try:
                    mem.seek(begin)
                    data += mem.read(end - begin)
                except OSError:
                    pass
    return data


# --- git ---

def git(agent, what, text, **kw):
    if isinstance(text, dict):
        text = "".join("%s=%s\n" % i for i in text.items()) + "\n"
    return subprocess.run([GIT, what], input=text.encode() if isinstance(text, str) else text,
                          env={**agent.env, **kw}, capture_output=True, timeout=60, check=False,
                          start_new_session=True)


SITE = {"protocol": "https", "host": "git.example:8443"}


def said(done):
    assert done.returncode == 0, done
    return done.stdout.decode()


def git_keeps(directory):
    """git: get, store, erase; what was wrong is not given out again"""
    with opened(directory) as (agent, _, _p):
        assert said(git(agent, "--help", "")).startswith("usage: git-credential-ownkey get")
        assert said(git(agent, "--version", "")).startswith("git-credential-ownkey ")
        assert said(git(agent, "capability", "")) == ""
        assert said(git(agent, "get", SITE)) == ""
        alice = {**SITE, "username": "alice", "password": "p=1 "}
        assert said(git(agent, "store", alice)) == ""
        assert said(git(agent, "get", SITE)) == "username=alice\npassword=p=1 \n"
        assert works(agent, "secret", "list") == "git/https/git.example:8443/alice\n"
        before = agent.hash()
        said(git(agent, "store", alice))
        assert agent.hash() == before, "nothing was new"
        for other in ({**SITE, "host": "git.example"}, {**SITE, "protocol": "http"},
                      {**SITE, "username": "bob"}, {**SITE, "path": "x.git"}):
            assert said(git(agent, "get", other)) == "", other
        said(git(agent, "erase", {**alice, "password": "another"}))
        assert "p=1" in said(git(agent, "get", SITE))
        said(git(agent, "erase", SITE))
        assert "p=1" in said(git(agent, "get", SITE))
        said(git(agent, "erase", alice))
        assert said(git(agent, "get", SITE)) == ""
        assert works(agent, "secret", "get", "git/https/git.example:8443/alice") == "p=1 \n"
        said(git(agent, "store", {**alice, "password": "p2"}))
        assert said(git(agent, "get", SITE)) == "username=alice\npassword=p2\n"
        said(git(agent, "store", {**SITE, "username": "bob", "password": "b"}))
        assert said(git(agent, "get", {**SITE, "username": "alice"})).endswith("password=p2\n")
        path = {**SITE, "path": "a/b.git", "username": "c/d", "password": "p3"}
        said(git(agent, "store", path))
        assert "git/https/git.example:8443/a%2Fb.git/c%2Fd" in works(agent, "secret", "list")
        assert said(git(agent, "get", {**SITE, "path": "a/b.git"})) == \
            "username=c/d\npassword=p3\n"
        # who leaves the host out does not get that of any (CVE-2020-11008)
        cheat = {"protocol": "https", "path": "a/b.git"}
        assert said(git(agent, "get", {**cheat, "host": ""})) == ""
        done = git(agent, "get", cheat)
        assert done.returncode == 1 and done.stdout == b"quit=1\n", done
        for nothing in ("capability", "unknown"):
            assert said(git(agent, nothing, SITE)) == ""


def git_more(directory):
    """git: expiry, refresh tokens, names that are taken, policies"""
    with opened(directory) as (agent, token, _):
        entry = {**SITE, "username": "o", "password": "t", "password_expiry_utc": "99999999999",
                 "oauth_refresh_token": "r1"}
        said(git(agent, "store", entry))
        assert said(git(agent, "get", SITE)) == "username=o\npassword=t\n" \
            "password_expiry_utc=99999999999\noauth_refresh_token=r1\n"
        assert "r1" not in works(agent, "secret", "show", "git/https/git.example:8443/o")
        said(git(agent, "store", {**entry, "password_expiry_utc": "1"}))
        assert said(git(agent, "get", SITE)) == ""
        said(git(agent, "store", {**entry, "oauth_refresh_token": "r2"}))
        assert "oauth_refresh_token=r2\n" in said(git(agent, "get", SITE))
        works(agent, "secret", "set", "git/https/h/me", stdin="mine")
        done = git(agent, "store", {"protocol": "https", "host": "h", "username": "me",
                                    "password": "x"})
        assert done.returncode == 1, done
        assert works(agent, "secret", "get", "git/https/h/me") == "mine\n"
        works(agent, "secret", "set", "injected", "--attr", "kind=git", "--attr",
              "protocol=https", "--attr", "host=i", "--attr", "username=u",
              stdin="x\nhost=evil\n\n")
        done = git(agent, "get", {"protocol": "https", "host": "i"})
        assert done.returncode == 1 and done.stdout == b"quit=1\n", done
        works(agent, "policy", "git/https/git.example:8443/o", "--use", "2")
        token.tell("touch-mode", "never")
        said(git(agent, "store", {**entry, "oauth_refresh_token": "r2"}))
        assert not token.is_waiting()
        token.tell("touch-mode", "auto")
        assert "password=t\n" in said(git(agent, "get", SITE))


def git_locked(directory):
    """git: a locked vault is opened by a touch, else git is told to stop"""
    with world(directory, {"pin": None}, touch_timeout="5s") as (agent, token):
        agent.init(Person(), ways=TOKEN, no_pin=True, one_way_in=True)
        said(git(agent, "store", {**SITE, "username": "a", "password": "b"}))
        works(agent, "lock")
        assert "password=b\n" in said(git(agent, "get", SITE))
        works(agent, "lock")
        token.tell("touch-mode", "never")
        done = git(agent, "get", SITE)
        assert done.returncode == 4 and done.stdout == b"quit=1\n", done
        assert b"hint" in done.stderr
        agent.stop()
    with world(directory + "/2") if os.mkdir(directory + "/2") is None else None as (empty,):
        done = git(empty, "get", SITE)
        assert done.returncode and done.stdout == b"", done


def git_hostile(directory):
    """git: cut at every byte, NULs, huge lines: refused, and nothing is changed"""
    with opened(directory) as (agent, _, _p):
        said(git(agent, "store", {**SITE, "username": "alice", "password": "hush"}))
        before = agent.hash()
        whole = b"protocol=https\nhost=git.example:8443\nusername=alice\npassword=x\n"
        for cut in range(len(whole)):
            text = whole[:cut]
            done = git(agent, "get", text)
            good = cut in (37, 37 + 15) # whole lines: protocol, host, perhaps a name
            assert (b"hush" in done.stdout) == good, (text, done)
            assert (done.returncode == 0) == good, (text, done)
        for what in ("get", "store", "erase"):
            for wrong in (b"", b"\n", b"protocol=https\n\n", b"host=git.example\n\n",
                          b"=x\n\n", b"protocol\n\n", whole[:37] + b"x",
                          b"protocol=https\nhost=git.example:8443\rx\npassword=y\n\n",
                          b"protocol=https\nhost=git.example:8443\0x\npassword=y\n\n",
                          b"protocol=https\nhost=\xff\nusername=a\npassword=y\n\n",
                          b"protocol=https\nhost=h\nusername=a\x1b[\npassword=y\n\n",
                          b"protocol=https\nhost=h\nusername=a\npassword=y\0z\n\n",
                          b"protocol=https\nhost=h\nusername=a\npassword=y\rz\n\n",
                          b"protocol=https\nhost=" + b"h" * 9000 + b"\nusername=a\npassword=y\n\n",
                          b"protocol=https\nhost=h\nusername=" + b"a" * 300 +
                          b"\npassword=y\n\n" if what == "store" else b"x",
                          b"protocol=https\nhost=h\npassword_expiry_utc=x\npassword=y\n\n",
                          b"protocol=https\nhost=h\nx=" + b"y" * 70000 + b"\n\n",
                          b"x" * (1 << 20), b"\0" * 100):
                done = git(agent, what, wrong)
                assert done.returncode and b"hush" not in done.stdout, (what, wrong[:80], done)
                assert done.stdout in (b"", b"quit=1\n"), done
        assert agent.hash() == before
        assert "password=hush" in said(git(agent, "get", b"protocol=https\nhost=git.example:8443\n"
                                           b"wwwauth[]=Basic realm=x\ncapability[]=authtype\n\n"
                                           b"host=other\n"))


if __name__ == "__main__":
    assert children is not None
    sys.exit(run_parallel([(t.__doc__.split(";")[0].split(":")[0] + " (" + t.__name__ + ")", t)
                           for t in (
        attributes, attributes_alone, generated, codes, locked, locked_nowhere, exec_gives,
        exec_leaves, edits, edits_with_vim, clips, clips_slowly, behind, git_keeps, git_more,
        git_locked, git_hostile)]))
