"""ownkey try: a home that was never there."""

import glob
import os
import signal
import subprocess
import sys
import tempfile
import time

from job import BUILD
from ownkey import cmdline, run_parallel, until
from terminal import Terminal

OWNKEY = os.path.join(BUILD, "ownkey")


def env(directory, **more):
    run = os.path.join(directory, "r")
    os.makedirs(run, 0o700, exist_ok=True)
    return {"HOME": directory, "PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": run,
            "LANG": "C.UTF-8", **more}


def ours(directory):
    """Processes whose command line or environment names this directory."""
    found = []
    for p in os.listdir("/proc"):
        if p.isdigit() and int(p) != os.getpid():
            text = cmdline(int(p))
            try:
                text += open("/proc/%s/environ" % p, "rb").read()
            except OSError:
                pass
            if directory.encode() in text:
                found.append((p, cmdline(int(p))))
    return found


def nothing_left(directory):
    assert glob.glob(directory + "/r/*") == [], os.listdir(directory + "/r")
    until(lambda: not ours(directory), "processes are gone: %s" % ours(directory))


def command(directory):
    """a command inside: its status is ours, its home is gone"""
    done = subprocess.run([OWNKEY, "try", "--", "sh", "-c", """
        set -e
        case $HOME in "$1"/r/*) ;; *) exit 1 ;; esac
        ownkey status | grep -q 'NOT REAL'
        ownkey id add ssh me
        echo secret | ownkey secret set x
        mkdir -p "$HOME/a/b" && echo y >"$HOME/a/b/c" && chmod 400 "$HOME/a/b/c"
        chmod 500 "$HOME/a/b"
        ln -s / "$HOME/root" && ln "$1/keep" "$HOME/linked"
        ownkey secret get x
        umask
        exit 7""", "sh", directory], env=env(directory), capture_output=True, text=True,
                          stdin=open(keep(directory), encoding="utf-8"), check=False)
    assert done.returncode == 7 and done.stdout.endswith("secret\n0022\n"), done
    assert open(keep(directory), encoding="utf-8").read() == "kept\n"
    nothing_left(directory)


def keep(directory):
    name = os.path.join(directory, "keep")
    if not os.path.exists(name):
        with open(name, "w", encoding="utf-8") as f:
            f.write("kept\n")
    os.umask(0o022)
    return name


def shell(directory):
    """the shell says NOT REAL, and Ctrl-C is its own"""
    for name in ("/bin/bash", "/bin/sh"):
        t = Terminal([OWNKEY, "try"], env(directory, SHELL=name))
        t.expect("NOT REAL:\r\n")
        t.expect("NOT REAL\\) \\$ ")
        t.type("sleep 100")
        time.sleep(0.3)
        t.key(b"\x03")
        t.expect("NOT REAL\\) \\$ ")
        t.type("ownkey unlock; echo st''atus $?")
        t.expect("status 0")
        t.type("exit 4")
        assert t.end() == 4, t.text
        nothing_left(directory)


def killed(directory):
    """ended by a signal, it still cleans up"""
    for signo in (signal.SIGTERM, signal.SIGHUP):
        p = subprocess.Popen([OWNKEY, "try", "--", "sh", "-c", "echo ready; sleep 100; :"],
                             env=env(directory), stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, start_new_session=True)
        assert p.stdout.readline() == b"ready\n"
        p.send_signal(signo)
        p.wait(20)
        p.stdout.close()
        assert glob.glob(directory + "/r/*") == []


def no_command(directory):
    """a command that does not exist"""
    done = subprocess.run([OWNKEY, "try", "--", "no-such-command"], env=env(directory),
                          capture_output=True, text=True, check=False)
    assert done.returncode == 127 and "no-such-command" in done.stderr, done
    nothing_left(directory)


def without_runtime(directory):
    """without XDG_RUNTIME_DIR, with a vault of the person's own in the way"""
    e = env(directory, OWNKEY_VAULT=directory + "/mine", OWNKEY_SOCKET=directory + "/sock/a")
    del e["XDG_RUNTIME_DIR"]
    done = subprocess.run([OWNKEY, "try", "--", "sh", "-c", "ownkey status; echo $HOME"], env=e,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "NOT REAL" in done.stdout, done
    assert not os.path.exists(done.stdout.split()[-1])
    assert not os.path.exists(directory + "/mine"), "the real vault was touched"


if __name__ == "__main__":
    tempfile.tempdir = "/tmp"  # a try-out lives in the runtime directory only if its sockets fit
    sys.exit(run_parallel([(t.__doc__.split(":")[0], t) for t in (
        command, shell, killed, no_command, without_runtime)]))
