"""The vault, as ownkey-token meets it; the tokens are ownkey-softtoken and whoever lies better."""

import os
import shutil
import signal
import socket
import stat
import sys
import threading
import time

from job import Helper, run, until
from token_job import (DEVICE, END, FAILED, INFO, LIST, MAKE, NAME, PIN_CHANGE, PIN_SET, PROGRAM,
                       ASSERT, SELECT, TOUCH, UV_PIN, WATCH, Event, Job, Token, expect)

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "hid")
# built with sanitizers: limits and filters are left out then
SANITIZED = b"__asan_init" in open(PROGRAM, "rb").read()
PIN = b"1234"
# hmac-secret, PIN, touch: they make and open something in the ordinary way
ORDINARY = ["yk57", "yk54", "solo", "canokey", "pico", "full", "alwaysuv", "one-secret"]


# --- lists ---

def copy_tree(directory, tree="desk"):
    root = os.path.join(directory, tree)
    shutil.copytree(os.path.join(FIXTURES, tree), root, symlinks=True)
    return {"sysfs": root + "/sys", "dev": root + "/dev"}


def one_list(job):
    job.wait_for(END, FAILED)
    assert job.events[-1].kind == END, job.events
    return [e for e in job.events if e.kind == DEVICE]


def list_once(**fields):
    job = Job(op=LIST, **fields)
    devices = one_list(job)
    assert job.helper.ends() == 0
    job.helper.close()
    return devices


def test_list_hid(directory):
    """the tokens of a made-up tree, with what is known about them"""
    roots = copy_tree(directory)
    found = list_once(sources=[b"hid"], **roots)
    assert [os.path.basename(d.path) for d in found] == ["hidraw3", "hidraw9", "hidraw10"], found
    first = found[0]
    assert first.path == roots["dev"] + "/hidraw3"
    assert (first.vendor, first.product) == (0x1050, 0x407)
    assert first.name == "Yubico YubiKey OTP+FIDO+CCID"
    assert all(d.access for d in found)
    assert found == sorted(found, key=found.index)
    assert len(list_once(**roots)) == 3, "no sources: hid"
    assert list_once(sysfs="/nonexistent", dev="/nonexistent") == []


def test_list_odd(directory):
    """names and descriptors that a device made up"""
    found = list_once(sources=[b"hid"], **copy_tree(directory, "odd"))
    assert len(found) == 8, found
    assert found[0].name == "bell? esc?[31m bad?? end"
    assert len(found[1].name.encode()) <= 127


def test_list_access(directory):
    """there, but not allowed to open it"""
    assert os.getuid() != 0, "root may open everything: run this test as somebody else"
    roots = copy_tree(directory)
    os.chmod(roots["dev"] + "/hidraw3", 0o444)
    os.chmod(roots["dev"] + "/hidraw9", 0)
    found = list_once(**roots)
    assert [d.access for d in found] == [False, False, True], found


def test_list_unix(directory):
    """sockets: only where somebody listens"""
    assert os.getuid() != 0, "root may open everything: run this test as somebody else"
    stale = directory + "/stale"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(stale)
    open(directory + "/file", "w").close()
    with Token(directory) as token, Token(directory, name="shut") as shut:
        os.chmod(shut.socket, 0)
        paths = [stale, directory + "/file", directory + "/none", token.socket, shut.socket]
        found = list_once(sources=[b"unix:" + p.encode() for p in paths])
        assert [(d.path, d.access) for d in found] == [(token.path, True), (shut.path, False)]
        both = list_once(sources=[b"unix:" + token.socket.encode(), b"hid"],
                         **copy_tree(directory))
        assert len(both) == 4, both
        # whoever looks does not disturb: it still works
        expect(token.info(), "OK", name="software token")


def test_list_refused(directory):
    """sources that are none"""
    del directory
    for bad in [b"usb", b"unix:relative", b"unix:/" + b"x" * 200, b"hid\0"]:
        job = Job(op=LIST, sources=[bad])
        assert job.end().kind == FAILED
    assert Job(op=LIST, sources=[b"hid"], sysfs="sys").end().verdict == "USAGE"


def test_watch(directory):
    """a list again at each change, until the vault hangs up"""
    roots = copy_tree(directory)
    node = roots["dev"] + "/hidraw3"
    path = b"unix:" + directory.encode() + b"/token.sock"
    job = Job(op=WATCH, sources=[b"hid", path], **roots)
    assert len(one_list(job)) == 3
    assert job.helper.is_silent(), "nothing changed"
    for change, count in [
            (lambda: os.remove(node), 2),
            (lambda: open(node, "w").close(), 3),
    ]:
        job.events = []
        change()
        assert len(one_list(job)) == count, job.events
    with Token(directory) as token:
        job.events = []
        assert [d.path for d in one_list(job)][3:] == [token.path]
    job.events = []
    assert len(one_list(job)) == 3, "its daemon was killed, the socket file is left"
    job.helper.vault.close()
    job.helper.ends()
    assert job.helper.said() == b""
    job.helper.close()


# --- jobs ---

def test_info(directory):
    """what a token says about itself"""
    with Token(directory) as token:
        info = expect(token.info(), "OK", name="software token", retries=None, max_creds=8,
                      aaguid=b"ownkeySoftToken1")
        assert "FIDO_2_1" in info.versions.split(), info
        assert "hmac-secret" in info.extensions.split(), info
        assert info.options & 1 == 0 and info.options & 2, info
        expect(token.job(PIN_SET, newpin=PIN).end(), "OK")
        assert expect(token.info(), "OK", retries=8).options & 1


def test_personalities(directory):
    """make and assert with PIN on every kind of token that can"""
    for name in ORDINARY:
        with Token(directory, "--personality", name, "--pin", "1234", name=name) as token:
            made = expect(token.make(pin=PIN), "OK", alg=-7, touches=1)
            assert len(made.pubkey) == 64 and len(made.aaguid) == 16, made
            first = expect(token.assert_(made.cred_id, pin=PIN), "OK", cred_id=made.cred_id,
                           touches=1)
            assert len(first.secret) == 64 and first.authdata[32] & 5 == 5, first
            again = expect(token.assert_(made.cred_id, pin=PIN, salt=32), "OK")
            assert again.secret == first.secret[:32]
            assert token.tell("powercycle")
            assert expect(token.assert_(made.cred_id, pin=PIN), "OK").secret == first.secret


def test_incapable(directory):
    """tokens that cannot keep a key say why"""
    for name, verdict in [("u2f-only", "TOKEN_U2F"), ("no-hmac-secret", "TOKEN_NOSECRET")]:
        with Token(directory, "--personality", name, name=name) as token:
            expect(token.make(), verdict)
            expect(token.assert_(b"id"), verdict)
            expect(token.info(), "OK")
    with Token(directory, "--personality", "pin-blocked", name="blocked") as token:
        expect(token.make(pin=PIN), "PIN_BLOCKED", retries=0)
    with Token(directory, "--personality", "alwaysuv", name="always") as token:
        expect(token.make(), "PIN_NEEDED")
    with Token(directory, "--personality", "credprotect3-only", "--pin", "1234",
               name="protect3") as token:
        made = expect(token.make(pin=PIN), "OK")
        expect(token.assert_(made.cred_id), "TOKEN_WRONG")
        expect(token.assert_(made.cred_id, pin=PIN), "OK")


def test_wrong_pin(directory):
    """wrong PINs: tries left, locked until plugged in again, refused when few are left"""
    with Token(directory, "--pin", "1234") as token:
        made = expect(token.make(pin=PIN), "OK")
        wrong = lambda **f: token.assert_(made.cred_id, pin=b"4321", **f)
        expect(wrong(), "PIN_WRONG", retries=7, touches=0)
        expect(wrong(), "PIN_WRONG", retries=6)
        expect(wrong(), "PIN_REPLUG", retries=5)
        expect(token.assert_(made.cred_id, pin=PIN), "PIN_REPLUG", retries=5)
        token.tell("powercycle")
        for left in (4, 3):
            expect(wrong(), "PIN_WRONG", retries=left)
        expect(wrong(), "PIN_REPLUG", retries=2)
        token.tell("powercycle")
        expect(token.assert_(made.cred_id, pin=PIN), "PIN_LOW", retries=2)
        expect(token.job(PIN_CHANGE, pin=PIN, newpin=b"12345").end(), "PIN_LOW", retries=2)
        expect(wrong(force=True), "PIN_WRONG", retries=1)
        expect(token.assert_(made.cred_id, pin=PIN, force=True), "OK")
        expect(token.assert_(made.cred_id, pin=PIN), "OK")
        assert expect(token.info(), "OK").retries == 8


def test_pin_change(directory):
    """a PIN is set, set again, changed, used"""
    with Token(directory) as token:
        expect(token.make(pin=PIN), "PIN_UNSET")
        expect(token.job(PIN_SET, newpin=PIN).end(), "OK")
        expect(token.job(PIN_SET, newpin=b"4321").end(), "EXISTS")
        expect(token.job(PIN_CHANGE, pin=b"9999", newpin=b"4321").end(), "PIN_WRONG", retries=7)
        expect(token.job(PIN_CHANGE, pin=PIN, newpin="zwölf€".encode()).end(), "OK")
        expect(token.make(pin="zwölf€".encode()), "OK")


def test_list_split(directory):
    """64 credential ids: its own is found wherever it stands, with one touch"""
    with Token(directory, "--personality", "pico") as token:
        made = expect(token.make(), "OK")
        junk = [bytes([i]) * 170 for i in range(64)]
        for at in (0, 31, 63):
            ids = junk[:at] + [made.cred_id] + junk[at + 1:]
            expect(token.assert_(*ids), "OK", cred_id=made.cred_id, touches=1)
        expect(token.assert_(*junk), "TOKEN_WRONG", touches=0)


# --- waiting ---

def test_touch_timeout(directory):
    """nobody touches it: said so, and the token is free again"""
    with Token(directory) as token:
        made = expect(token.make(), "OK")
        token.tell("touch-mode", "never")
        start = time.monotonic()
        expect(token.assert_(made.cred_id, timeout_ms=2000), "TOUCH_TIMEOUT", touches=1)
        assert 1.9 < time.monotonic() - start < 10
        expect(token.job(SELECT, timeout_ms=1500).end(), "TOUCH_TIMEOUT", touches=1)
        token.tell("touch-mode", "auto")
        expect(token.assert_(made.cred_id), "OK")
    with Token(directory, "--touch", "never", "--touch-timeout", "300", name="own") as token:
        expect(token.make(timeout_ms=5000), "TOUCH_TIMEOUT")


def test_touch_later(directory):
    """TOUCH is said when the token waits, and then somebody comes"""
    with Token(directory, "--touch", "signal") as token:
        job = token.job(SELECT, timeout_ms=20000)
        job.wait_for(TOUCH)
        assert token.tell("touch")
        expect(job.end(), "OK", touches=1)


def test_cancel(directory):
    """the vault hangs up: gone at once, and the token no longer waits"""
    with Token(directory) as token:
        made = expect(token.make(), "OK")
        token.tell("touch-mode", "never")
        job = token.assert_(made.cred_id, wait=False, timeout_ms=60000)
        job.wait_for(TOUCH)
        assert token.tell("waiting")
        start = time.monotonic()
        job.helper.vault.close()
        job.helper.ends()
        assert time.monotonic() - start < 5
        until(lambda: not token.tell("waiting"))
        assert job.helper.said() == b""
        job.helper.close()
        # a token that answers somebody else before it hears of it
        with socket.socket(socket.AF_UNIX) as other:
            other.connect(token.socket)
            job = token.assert_(made.cred_id, wait=False, timeout_ms=60000)
            job.wait_for(TOUCH)
            os.kill(token.process.pid, signal.SIGSTOP)
            other.sendall(b"\xff\xff\xff\xff\x86\0\x08".ljust(64, b"\0"))
            job.helper.vault.close()
            job.helper.ends()
            os.kill(token.process.pid, signal.SIGCONT)
            until(lambda: not token.tell("waiting"))
        job.helper.close()
        token.tell("touch-mode", "auto")
        expect(token.assert_(made.cred_id), "OK")


def test_pulled_out(directory):
    """pulled out while it waits, while it answers, before anything"""
    with Token(directory) as token:
        made = expect(token.make(), "OK")
        token.tell("touch-mode", "never")
        job = token.assert_(made.cred_id, wait=False)
        job.wait_for(TOUCH)
        token.tell("unplug")
        expect(job.end(), "TOKEN_GONE")
        gone = token.assert_(made.cred_id, timeout_ms=2000)
        assert gone.verdict in ("TOKEN_GONE", "TOKEN_ABSENT"), gone
        token.tell("plug")
        token.tell("touch-mode", "auto")
        for n in (1, 2, 3):
            token.tell("fault", "unplug@%d:assert*1" % n)
            expect(token.assert_(made.cred_id), "TOKEN_GONE")
            token.tell("fault", "none")
            token.tell("plug")
        expect(token.assert_(made.cred_id), "OK")
        token.process.kill()
        token.process.wait()
        expect(token.assert_(made.cred_id), "TOKEN_ABSENT")


def test_not_allowed(directory):
    """there, but not allowed to open it; no token at all; no token but a file"""
    assert os.getuid() != 0, "root may open everything: run this test as somebody else"
    with Token(directory) as token:
        os.chmod(token.socket, 0)
        expect(token.info(), "TOKEN_ACCESS")
    expect(Job(op=INFO, path="unix:" + directory + "/none").end(), "TOKEN_ABSENT")
    expect(Job(op=INFO, path="/dev/hidraw99").end(), "TOKEN_ABSENT")
    expect(Job(op=INFO, path="/dev/null").end(), "TOKEN_ABSENT")
    closed = directory + "/hidraw0"
    open(closed, "w").close()
    os.chmod(closed, 0)
    expect(Job(op=INFO, path=closed).end(), "TOKEN_ACCESS")


def test_two_tokens(directory):
    """two at once: the first touched wins, the other is cancelled; a PIN goes to one only"""
    with Token(directory, "--pin", "1234", name="a") as a, \
            Token(directory, "--pin", "1234", name="b") as b:
        ids = [expect(t.make(pin=PIN), "OK").cred_id for t in (a, b)]
        for t in (a, b):
            t.tell("touch-mode", "signal")
        jobs = [t.assert_(*ids, wait=False) for t in (a, b)]
        for job in jobs:
            job.wait_for(TOUCH)
        assert b.tell("touch")
        expect(jobs[1].end(), "OK", cred_id=ids[1])
        jobs[0].helper.vault.close()
        jobs[0].helper.ends()
        jobs[0].helper.close()
        until(lambda: not a.tell("waiting"))
        expect(a.assert_(*ids, pin=b"9999"), "PIN_WRONG", retries=7)
        assert b.info().retries == 8
        for t in (a, b):
            t.tell("touch-mode", "auto")
        expect(b.assert_(ids[0]), "TOKEN_WRONG")


def test_same_token_twice(directory):
    """two helpers at one token: what is said to the other does not disturb"""
    with Token(directory) as token:
        made = expect(token.make(), "OK")
        token.tell("touch-mode", "delay=400")
        jobs = [token.assert_(made.cred_id, wait=False) for _ in range(2)]
        ends = [job.end() for job in jobs]
        assert all(e.verdict in ("OK", "BUSY") for e in ends), ends
        assert any(e.verdict == "OK" for e in ends), ends


# --- misbehaviour ---

FAULTS = [
    ("short-secret", ["LIE_SECRET"]),
    ("no-secret", ["LIE_SECRET"]),
    ("other-credential", ["LIE_CREDENTIAL"]),
    ("huge-cbor:info", ["LIE_FORMAT"]),
    ("huge-cbor:assert", ["LIE_FORMAT"]),
    ("huge-cbor:pin", ["TOKEN_IO", "LIE_FORMAT"]),
    ("garbage:info", ["LIE_FORMAT", "TOKEN_IO"]),
    ("garbage:assert", ["LIE_FORMAT", "TOKEN_IO"]),
    ("truncated:assert", ["LIE_FORMAT", "TOKEN_IO"]),
    ("lost-frame:assert", ["TOKEN_IO"]),
    ("wrong-seq:assert", ["TOKEN_IO"]),
    ("wrong-channel:assert", ["TOKEN_IO", "TOUCH_TIMEOUT"]),
    ("drop:assert", ["TOKEN_IO", "TOUCH_TIMEOUT"]),
    ("drop:pin", ["TOKEN_IO"]),
    ("drop:info*1", ["OK"]),
    ("garbage:info*1", ["OK"]),
    ("busy:assert", ["BUSY"]),
    ("busy:info*2", ["OK"]),
    ("error=0x27:assert", ["TOUCH_DENIED"]),
    ("error=0x28:assert", ["TOKEN_FULL"]),
    ("error=0x32:pin", ["PIN_BLOCKED", "TOKEN_IO"]),
    ("error=0x3c:assert", ["UV_BLOCKED"]),
    ("error=0x7f:assert", ["TOKEN_IO"]),
    ("error=0xf5:assert", ["TOKEN_IO"]),
    ("slow=600:assert", ["OK"]),
    # the vault judges these
    ("no-up", ["OK"]),
    ("bad-signature", ["OK"]),
]


def test_faults(directory):
    """a token that misbehaves: its own error, in time, and the next job is not disturbed"""
    with Token(directory) as token:
        made = expect(token.make(), "OK")
        right = expect(token.assert_(made.cred_id), "OK").secret
        for fault, verdicts in FAULTS:
            assert token.tell("fault", fault), fault
            start = time.monotonic()
            # who is silent is given up then; getInfo may be for 3 s, and has a second try
            silent = fault in ("drop:assert", "drop:pin", "wrong-channel:assert")
            end = token.assert_(made.cred_id, timeout_ms=2000 if silent else 10000)
            assert end.verdict in verdicts, (fault, end)
            assert time.monotonic() - start < 15, fault
            assert token.tell("fault", "none")
            assert expect(token.assert_(made.cred_id), "OK").secret == right, fault


def test_stale(directory):
    """an old answer is never taken for a new one"""
    with Token(directory) as token:
        made = expect(token.make(), "OK")
        right = expect(token.assert_(made.cred_id), "OK").secret
        for command in ("info", "pin", "assert"):
            assert token.tell("fault", "stale:%s*1" % command)
            end = token.assert_(made.cred_id, timeout_ms=1500)
            assert end.verdict != "OK" or end.secret == right, end
            token.tell("fault", "none")
            assert expect(token.assert_(made.cred_id), "OK").secret == right


class Liar:
    """A socket where a function answers instead of a token."""

    def __init__(self, directory, answer):
        self.path = directory + "/liar"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self.serve, args=(answer,), daemon=True).start()

    def serve(self, answer):
        s, _ = self.listener.accept()
        try:
            answer(s)
        except OSError:
            pass
        s.close()

    def close(self):
        self.listener.close()
        os.remove(self.path)


def flood(s):
    junk = os.urandom(64 * 1024)
    while True:
        s.sendall(junk)


def mute(s):
    while s.recv(4096):
        pass


def endless_keepalive(s):
    request = s.recv(64)
    s.sendall(request[:5] + b"\0\x11" + request[7:15] + b"\1\2\3\4" + b"\2\5\0\0\4" + bytes(40))
    while True:
        s.sendall(b"\1\2\3\4\xbb\0\1\2".ljust(64, b"\0"))
        s.sendall(b"\1\2\3\4\xbb\0\1\1".ljust(64, b"\0"))


def test_liars(directory):
    """floods, silence and keepalives without end do not outlast the deadline or fill the vault"""
    for answer in (flood, mute, endless_keepalive):
        liar = Liar(directory, answer)
        start = time.monotonic()
        job = Job(op=INFO, path="unix:" + liar.path, timeout_ms=1500)
        end = job.end()
        assert end.verdict in ("TOKEN_IO", "TOUCH_TIMEOUT", "TOKEN_GONE", "LIE_FORMAT"), end
        assert time.monotonic() - start < 15, answer
        assert len(job.events) < 100
        liar.close()


def test_bad_jobs(directory):
    """jobs that cannot be done are refused, whatever they are"""
    for raw in (b"", b"\xa0", b"\xff" * 40, b"\xa1\x01\x18\x63", b"\xbf" * 9):
        helper = Helper("ownkey-token")
        helper.vault.sendall(len(raw).to_bytes(4, "big") + raw)
        end = Event(helper.receive())
        assert end.kind == FAILED and end.err in NAME, end
        assert helper.ends() == 1
        helper.close()
    with Token(directory) as token:
        for fields in ({}, {"rp_id": "x"}, {"rp_id": "x", "cdh": bytes(32), "uv": UV_PIN}):
            expect(token.job(ASSERT, **fields).end(), "USAGE")
        expect(token.job(MAKE, rp_id="x", cdh=bytes(32)).end(), "USAGE")
        expect(token.job(PIN_SET).end(), "USAGE")
        expect(token.assert_(b"x", salt=48), "RANGE")
        expect(token.assert_(*[b"x"] * 65), "TOOBIG")
        expect(token.job(PIN_SET, newpin=b"ab\0cdef").end(), "PIN_POLICY")
    # the vault went away without a word
    helper = Helper("ownkey-token")
    helper.vault.close()
    helper.ends()
    helper.close()


# --- what it gives up ---

def proc(pid, name):
    return open("/proc/%d/%s" % (pid, name)).read()


def test_sandbox(directory):
    """filters and limits are on while it waits; the library prints nothing"""
    env = {**os.environ, "FIDO_DEBUG": "1", "LD_DEBUG": ""}
    with Token(directory, "--touch", "never") as token:
        job = Job(env=env, op=SELECT, path=token.path, timeout_ms=20000)
        job.wait_for(TOUCH)
        pid = job.helper.process.pid
        if not SANITIZED:
            status = dict(line.split(":\t", 1) for line in proc(pid, "status").splitlines()
                          if ":\t" in line)
            assert status["Seccomp"].strip() == "2" and status["NoNewPrivs"].strip() == "1"
            limits = proc(pid, "limits")
            line = next(li for li in limits.splitlines() if li.startswith("Max address space"))
            assert line.split()[3] == str(96 * 1024 * 1024), line
            core = next(li for li in limits.splitlines() if li.startswith("Max core file"))
            assert core.split()[4] == "0", core
            # not dumpable: its descriptors and memory are not for us
            assert os.stat("/proc/%d/fd" % pid).st_uid == 0
        token.tell("touch-mode", "auto")
        job.helper.vault.close()
        job.helper.ends()
        assert job.helper.said() == b"", job.helper.said()
        job.helper.close()
        job = Job(env=env, op=INFO, path=token.path)
        expect(job.end(), "OK")


def test_socket_mode(directory):
    """what this suite starts is private"""
    with Token(directory) as token:
        assert stat.S_IMODE(os.stat(token.socket).st_mode) & 0o077 == 0


TESTS = [f for name, f in list(globals().items()) if name.startswith("test_")]

if __name__ == "__main__":
    sys.exit(run(TESTS))
