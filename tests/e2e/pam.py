"""Every way through pam_ownkey to every answer of PAM; the token is ownkey-softtoken."""

import os
import signal
import sys
import threading
import time

from job import run, until
from pamhost import ME, Stack, answer, authenticate, b64, line
from token_job import Token, expect

PIN = b"1234"


class Login(Stack):
    """With one token that has a credential of ours, and a map that says so."""

    def __init__(self, directory, *token, flags="up", options=(), pin=None, **kwargs):
        super().__init__(directory, **kwargs)
        if pin:
            token += ("--pin", pin.decode())
        self.token = Token(directory, *token)
        self.made = expect(self.token.make(pin=pin), "OK")
        self.put_map("# all", "somebody x", line(self.made, flags))
        self.options(*options)

    def options(self, *options, **kwargs):
        self.service("login", *options, sources=[self.token.path], **kwargs)

    def says(self, code, *words, **kwargs):
        got, text = self.run(**kwargs)
        assert got == code, (code, got, text)
        for w in words:
            assert w in text, (w, text)
        return text

    def close(self):
        self.token.close()
        super().close()


# --- the ordinary ---

def test_touch(directory):
    """a touch logs in; account and setcred agree"""
    with Login(directory) as l:
        l.says("PAM_SUCCESS", "Touch your token now")
        code, text = l.run("authenticate", "setcred", "acct_mgmt")
        assert code == "PAM_SUCCESS", text
        l.options("cue=Now!")
        assert "Touch" not in l.says("PAM_SUCCESS", "Now!")
        l.options("cue=")
        assert "Now!" not in l.says("PAM_SUCCESS")
        l.options("prompt=Take it, and Enter")
        l.says("PAM_SUCCESS", "Take it, and Enter", types=[""])


def test_pin(directory):
    """PINs: right, wrong once, thrice, empty, blocked; replugging gives the next three"""
    with Login(directory, pin=PIN, flags="up,pin") as l:
        l.says("PAM_SUCCESS", "PIN of your token: ", types=["1234"])
        l.says("PAM_SUCCESS", "Wrong PIN, 7 tries left.", types=["9999", "1234"])
        l.says("PAM_AUTH_ERR", "No PIN was typed", types=[""])
        l.says("PAM_AUTHTOK_ERR", "4 to 63", types=["12"])
        l.says("PAM_AUTH_ERR", "Wrong PIN", types=["9999", "9999", "9999"])
        l.says("PAM_SUCCESS", types=["1234"])
        l.says("PAM_AUTH_ERR", "unplugged and plugged in", types=["9991", "9992", "9993"])
        l.says("PAM_AUTH_ERR", "unplugged and plugged in", types=["1234"])
        l.token.tell("powercycle")
        l.says("PAM_AUTH_ERR", types=["9991", "9992", "9993"])
        l.token.tell("powercycle")
        l.says("PAM_MAXTRIES", "(2 tries left)", "blocked for good", types=["9991", "9992"])
        l.says("PAM_MAXTRIES", "blocked for good", types=["1234"])


def test_nobody_to_ask(directory):
    """the PIN is wanted, and nobody answers"""
    with Login(directory, pin=PIN, flags="up,uv") as l:
        l.says("PAM_CONV_ERR")


def test_pin_unset(directory):
    """a PIN is wanted of a token that has none"""
    with Login(directory) as l:
        l.put_map(line(l.made, "up,uv"))
        l.says("PAM_AUTHINFO_UNAVAIL", "has no PIN")


def test_always(directory):
    """a token that does nothing without its PIN"""
    with Login(directory, "--personality", "alwaysuv", pin=PIN) as l:
        l.says("PAM_SUCCESS", "PIN of your token: ", types=["1234"])


def test_change_pin(directory):
    """the PIN is changed: right, typed differently, wrong"""
    with Login(directory, pin=PIN, flags="up,pin") as l:
        code, text = l.run("chauthtok", types=["1234", "5678", "5678"])
        assert code == "PAM_SUCCESS", text
        l.says("PAM_SUCCESS", types=["5678"])
        code, text = l.run("chauthtok", types=["5678", "1234", "1235"])
        assert code == "PAM_AUTHTOK_ERR", text
        code, text = l.run("chauthtok", types=["1234", "0000", "0000"])
        assert code == "PAM_AUTH_ERR", text
        l.says("PAM_SUCCESS", types=["5678"])


# --- who is enrolled ---

def test_not_enrolled(directory):
    """PAM_IGNORE is for who is not enrolled, with nouserok, and for nobody else"""
    with Login(directory) as l:
        others = "\n".join(["somebody x", "#" + ME])

        def both(code, code_nouserok, ignored=False, **kwargs):
            l.options(**kwargs)
            l.says(code)
            # what libpam makes of PAM_IGNORE alone, and beside a module that says yes
            l.options("nouserok", **kwargs)
            l.says("PAM_PERM_DENIED" if ignored else code_nouserok)
            l.options("nouserok", after="pam_permit.so", **kwargs)
            l.says("PAM_SUCCESS" if ignored else code_nouserok)

        l.put_map(others)
        both("PAM_USER_UNKNOWN", None, ignored=True)
        os.remove(l.map)
        both("PAM_USER_UNKNOWN", None, ignored=True)
        unavailable = "PAM_AUTHINFO_UNAVAIL"
        both(unavailable, unavailable, map="/dev/null/map")
        l.put_map(line(l.made), mode=0o664)
        both(unavailable, unavailable)
        os.remove(l.map)
        good = os.path.join(directory, "good")
        l.put_map(line(l.made), at=good)
        os.symlink(good, l.map)
        both(unavailable, unavailable)
        os.remove(l.map)
        l.put_map(line(l.made), ME + " ownkey:vault es256")
        both(unavailable, unavailable)
        l.put_map(*[line(l.made)] * 3)
        l.options("max-tokens=2", "nouserok", after="pam_permit.so")
        l.says(unavailable)
        l.put_map(line(l.made))
        l.options("nouserok")
        l.says("PAM_SUCCESS")


def test_wrong_owner(directory):
    """a map that belongs to somebody else; one that may not be read"""
    with Login(directory) as l:
        if os.getuid() != 0:
            # in a user namespace, what is root's belongs to a stranger
            l.options("nouserok", map="/etc/debian_version", after="pam_permit.so")
            l.says("PAM_SUCCESS")  # no line of ours
            l.says("PAM_AUTHINFO_UNAVAIL", before=["unshare", "-U", "--map-user=1"])
            l.put_map(line(l.made), mode=0)
            l.options("nouserok", after="pam_permit.so")
            l.says("PAM_AUTHINFO_UNAVAIL")
        else:
            os.chown(l.map, 4242, 4242)
            l.options("nouserok", after="pam_permit.so")
            l.says("PAM_AUTHINFO_UNAVAIL")


def test_unknown_account(directory):
    """no such account: with nouserok, too"""
    with Login(directory) as l:
        l.options("nouserok", after="pam_permit.so")
        l.says("PAM_USER_UNKNOWN", user="nobody-of-this-name")


def test_options(directory):
    """options that are not known, or malformed, let nobody in"""
    with Login(directory) as l:
        for bad in ["debug", "nouserok=1", "wait=x", "timeout=1", "uv=never", "map=relative",
                    "max-tokens=0", "token=usb", "wait=100"]:
            l.options(bad, after="pam_permit.so")
            l.says("PAM_SERVICE_ERR")
        l.options("from-agent", after="pam_permit.so")
        l.says("PAM_USER_UNKNOWN")


def test_u2f_lines(directory):
    """lines of pam_u2f: the same credential, by its name"""
    with Login(directory) as l:
        alg = {-7: "es256", -8: "eddsa"}[l.made.alg]
        device = "%s,%s,%s,+presence" % (b64(l.made.cred_id), b64(l.made.pubkey), alg)
        l.put_map("%s:%s:%s" % (ME, device.replace(b64(l.made.cred_id), b64(b"x" * 64)), device))
        l.options("rpid=ownkey:vault")
        l.says("PAM_SUCCESS")
        l.options("rpid=pam://elsewhere", "wait=0")
        l.says("PAM_AUTH_ERR", "not enrolled")


# --- tokens ---

def test_no_token(directory):
    """none is there, and none comes; one comes"""
    with Login(directory) as l:
        l.token.close()
        os.remove(l.token.socket)
        l.options("wait=0")
        text = l.says("PAM_AUTHINFO_UNAVAIL", "No token is plugged in")
        assert "Plug in" not in text
        l.options("wait=1")
        l.says("PAM_AUTHINFO_UNAVAIL", "Plug in your token.")
        l.options("wait=20")
        p = l.start("authenticate")
        time.sleep(1)
        l.token.start()
        code, text = answer(p)
        assert code == "PAM_SUCCESS", text


def test_wrong_token(directory):
    """another token alone; it gets no PIN, not even beside the right one"""
    with Login(directory, pin=PIN, flags="up,pin") as l:
        with Token(directory, "--pin", "4321", name="other") as other:
            l.service("login", "wait=0", sources=[other.path])
            l.says("PAM_AUTH_ERR", "not enrolled for this account", types=["1234"])
            l.service("login", sources=[other.path, l.token.path])
            l.says("PAM_SUCCESS", types=["1234"])
            assert expect(other.info(), "OK").retries == 8


def test_two_of_theirs(directory):
    """two tokens: the touched one"""
    with Login(directory) as l, Token(directory, "--touch", "never", name="b") as other:
        other.tell("touch-mode", "auto")
        second = expect(other.make(), "OK")
        other.tell("touch-mode", "never")
        l.put_map(line(second), line(l.made))
        l.service("login", sources=[other.path, l.token.path])
        l.says("PAM_SUCCESS")


def test_no_touch(directory):
    """nobody touches it: the token gives up, or we do"""
    with Login(directory, "--touch-timeout", "700") as l:
        l.token.tell("touch-mode", "never")
        l.says("PAM_AUTHINFO_UNAVAIL", "Touch your token now", "not touched in time")


def test_timeout(directory):
    """all of it may take so long, and no longer"""
    with Login(directory, options=("timeout=5", "wait=1")) as l:
        l.token.tell("touch-mode", "never")
        before = time.monotonic()
        l.says("PAM_AUTHINFO_UNAVAIL")
        assert 4 < time.monotonic() - before < 15


def test_cancelled(directory):
    """the program that asks is killed: nothing is left"""
    with Login(directory) as l:
        l.token.tell("touch-mode", "never")
        p = l.start("authenticate")
        until(lambda: l.token.tell("waiting"))
        helpers = children(p.pid)
        assert helpers, "no helper"
        p.kill()
        p.wait()
        until(lambda: not any(os.path.exists("/proc/%d" % h) for h in helpers))


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(word) for word in f.read().split()]


def test_helper_killed(directory):
    """a helper is killed in the middle"""
    with Login(directory) as l:
        for name in ["ownkey-token", "ownkey-verify"]:
            l.token.tell("touch-mode", "never")
            p = l.start("authenticate")
            until(lambda: l.token.tell("waiting"))
            for pid in children(p.pid):
                if open("/proc/%d/comm" % pid).read().strip() == name[:15]:
                    os.kill(pid, signal.SIGKILL)
            l.token.tell("touch-mode", "auto")
            l.token.tell("touch")
            code, text = answer(p)
            assert code == "PAM_AUTHINFO_UNAVAIL", (name, code, text)
            time.sleep(0.2)


def test_no_helpers(directory):
    """a helper is not installed; none can be started"""
    with Login(directory) as l:
        for name in ["ownkey-list", "ownkey-token", "ownkey-verify"]:
            path = os.path.join(l.libexec, name)
            os.rename(path, path + ".away")
            l.says("PAM_SYSTEM_ERR")
            os.rename(path + ".away", path)
        l.says("PAM_SUCCESS")


def test_nothing_started(directory):
    """where nothing is plugged in, no program is started to see that"""
    with Login(directory, helpers=[]) as l:
        l.options("wait=0")
        l.token.close()
        l.says("PAM_SYSTEM_ERR")  # its socket is left, so somebody has to look
        os.remove(l.token.socket)
        l.says("PAM_AUTHINFO_UNAVAIL", "No token is plugged in")


def test_fork_fails(directory):
    """no process more is allowed"""
    if os.getuid() == 0:
        return  # the limit does not hold for root
    with Login(directory) as l:
        full = ["prlimit", "--nproc=1"]
        for options in [], ["nouserok"], ["no-unlock"]:
            l.options(*options, after="pam_permit.so")
            l.says("PAM_SYSTEM_ERR", "too many", before=full)
            # an account is looked up in a file: that takes no process
            code, text = l.run("acct_mgmt", before=full)
            assert code == "PAM_SUCCESS", text
            code, text = l.run("chauthtok", before=full)
            assert code == "PAM_SYSTEM_ERR", text
        l.options("nouserok", map="~/map", after="pam_permit.so")
        code, text = l.run("acct_mgmt", before=full)
        assert code == "PAM_AUTHINFO_UNAVAIL", text
        l.options()
        l.says("PAM_SUCCESS")


# --- signatures ---

def test_lies(directory):
    """a token that lies logs nobody in"""
    with Login(directory, pin=PIN, flags="up,uv") as l:
        for fault in ["no-up", "no-uv", "wrong-rp", "bad-signature", "other-credential", "replay"]:
            l.says("PAM_SUCCESS", types=["1234"])
            l.token.tell("fault", fault + ":assert")
            l.says("PAM_AUTH_ERR", types=["1234"])
            l.token.close()
            l.token.start()


def test_other_key(directory):
    """the key of another credential in the map"""
    with Login(directory) as l:
        other = expect(l.token.make(), "OK")
        other.cred_id = l.made.cred_id
        l.put_map(line(other))
        l.says("PAM_AUTH_ERR")


# --- the session ---

def test_session(directory):
    """no vault can be opened: that is said; with nothing to hand over nothing is"""
    with Login(directory) as l:
        # who is in already is told at once, and let in; a session of root's making says it itself
        code, text = l.run("authenticate", "open_session", "close_session")
        assert code == ("PAM_SUCCESS" if os.getuid() else "PAM_AUTHINFO_UNAVAIL"), text
        assert "Your vault is still locked" in text, text
        code, text = l.run("open_session", "close_session")
        assert code == "PAM_SUCCESS", text
        l.options("no-unlock")
        code, text = l.run("authenticate", "open_session", "close_session")
        assert code == "PAM_SUCCESS" and "locked" not in text, text
        for name in ["sudo", "sudo-i", "doas", "polkit-1", "chfn", "chsh", "passwd"]:
            l.service(name, sources=[l.token.path])
            code, text = l.run("authenticate", "open_session", service=name)
            assert code == "PAM_SUCCESS" and "locked" not in text, text


# --- the host's process ---

def test_closed_descriptors(directory):
    """descriptors 0 to 2 are closed; SIGCHLD is ignored"""
    with Login(directory, options=("cue=",)) as l:
        p = l.start("authenticate", before=["sh", "-c", 'exec "$@" 0<&- 1>&- 2>&-', "sh"])
        assert p.wait(30) == 0
        ignore = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN);" \
            "os.execvp(sys.argv[1], sys.argv[1:])"
        l.says("PAM_SUCCESS", before=["/usr/bin/python3", "-c", ignore])


def signals():
    """Blocked, ignored, caught; without the two that glibc keeps for its threads."""
    text = open("/proc/self/status").read()
    return [int(text.split(name + ":")[1].split()[0], 16) & 0x7fffffff
            for name in ["SigBlk", "SigIgn", "SigCgt"]]


def test_threads(directory):
    """several threads with stacks of 64 KiB; no descriptor, child or handler of signals is left"""
    with Login(directory) as l:
        authenticate(l)
        got, size = [], threading.stack_size(65536)
        fds = sorted(os.listdir("/proc/self/fd"))
        handlers = signals()
        with Token(directory, name="second") as other:
            l.put_map(line(l.made), line(expect(other.make(), "OK")))
            l.service("second", sources=[other.path])
            for _ in range(3):
                threads = [threading.Thread(target=lambda s=s: got.append(authenticate(l, s)))
                           for s in ["login", "second"]]
                for t in threads:
                    t.start()
                for t in threads:
                    t.join(60)
        threading.stack_size(size)
        assert got == [0] * 6, got
        assert sorted(os.listdir("/proc/self/fd")) == fds, os.listdir("/proc/self/fd")
        assert signals() == handlers
        kin = [c for c in children(os.getpid()) if c != l.token.process.pid]
        assert not kin, kin


TESTS = [v for k, v in sorted(globals().items()) if k.startswith("test_")]

if __name__ == "__main__":
    sys.exit(run(TESTS))
