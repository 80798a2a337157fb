"""libownkey: the example as its readers would build it, and the library loaded into a program, in
front of the agent and of a server that lies."""

import base64
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from job import BUILD, ERR, HERE
from ownkey import OPS, expect, pack, run_parallel, until, world

TOP = os.path.join(HERE, "..", "..")
LIBRARY = os.path.join(BUILD, "libownkey.so.0")
EVENT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p)


class Bytes(ctypes.Structure):
    _fields_ = [("p", ctypes.c_char_p), ("len", ctypes.c_size_t)]


class Agreement(ctypes.Structure):
    _fields_ = [("path", ctypes.c_char_p), ("peer", ctypes.c_char_p), ("salt", Bytes),
                ("info", Bytes)]


def load():
    so = ctypes.CDLL(LIBRARY)
    for name in "list_next detail error_text error_name row_label row_service row_account " \
                "row_purpose row_public".split():
        getattr(so, "ownkey_" + name).restype = ctypes.c_void_p if name == "list_next" else \
            ctypes.c_char_p
    so.ownkey_sign.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, Bytes,
                               ctypes.c_char_p]
    so.ownkey_set.argtypes = [ctypes.c_void_p, ctypes.c_char_p, Bytes, ctypes.c_int]
    return so


SO = load()


def to(path):
    """The library reads where the agent is when it connects; one test at a time."""
    os.environ["OWNKEY_SOCKET"] = path


LOCK = threading.Lock()


class Conn:
    def __init__(self, path, program=b"test 1"):
        self.k = ctypes.c_void_p()
        with LOCK:
            to(path)
            self.status = SO.ownkey_connect(ctypes.byref(self.k), program)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        SO.ownkey_close(self.k)
        self.k = ctypes.c_void_p()

    def patience(self, ms):
        SO.ownkey_set_patience(self.k, ms)

    def state(self):
        state = ctypes.c_uint(99)
        return name(SO.ownkey_status(self.k, ctypes.byref(state))), state.value

    def rows(self, kind=0, service=None, match=None):
        listed = ctypes.c_void_p()
        status = name(SO.ownkey_list(self.k, kind, service, match, ctypes.byref(listed)))
        out = []
        while status == "OK":
            row = SO.ownkey_list_next(listed)
            if not row:
                break
            row = ctypes.c_void_p(row)
            out.append((SO.ownkey_row_label(row).decode(), SO.ownkey_row_public(row).decode()))
        SO.ownkey_list_free(listed)
        return status, out

    def sign(self, path, context, data):
        sig = ctypes.create_string_buffer(64)
        return name(SO.ownkey_sign(self.k, path, context, Bytes(data, len(data)), sig)), sig.raw

    def agree(self, path, peer, length=32, salt=b"", info=b""):
        out = ctypes.create_string_buffer(length)
        a = Agreement(path, peer, Bytes(salt, len(salt)), Bytes(info, len(info)))
        return name(SO.ownkey_agree(self.k, ctypes.byref(a), out, length)), out.raw

    def get(self, secret, cap=100):
        out, n = ctypes.create_string_buffer(cap), ctypes.c_size_t()
        status = name(SO.ownkey_get(self.k, secret, out, cap, ctypes.byref(n)))
        return status, out.raw[:n.value] if status == "OK" else n.value

    def set(self, secret, value, replace=0):
        return name(SO.ownkey_set(self.k, secret, Bytes(value, len(value)), replace))


def name(number):
    return {n: e for e, n in ERR.items()}[number]


@contextlib.contextmanager
def opened(directory):
    with world(directory, {"pin": None}) as (agent, token):
        person = agent.init(ways=1)
        with contextlib.closing(agent.client(person)) as c:
            c.call("id.add", service="app", account="messenger")
            for key in ("sign", "agree", "secret"):
                c.call("policy.set", label="app/messenger/" + key, use=0)
            yield agent, token, c


# --- against the agent ---

def everything(directory):
    """list, sign, agree, get, set, events"""
    with opened(directory) as (agent, _, c), Conn(agent.socket) as k:
        assert k.state() == ("OK", 3), k.state()
        status, rows = k.rows(service=b"app")
        assert status == "OK" and [r[0] for r in rows] == [
            "app/messenger/" + p for p in ("sign", "agree", "secret")], rows
        assert k.rows(match=b"nothing") == ("OK", [])
        status, sig = k.sign(b"app/messenger/sign", b"chat", b"hello")
        public = base64.b64decode(rows[0][1])
        Ed25519PublicKey.from_public_bytes(public).verify(
            sig, b"ownkey1 app\0\0\4chathello")
        peer = X25519PrivateKey.generate()
        shared = peer.exchange(X25519PublicKey.from_public_bytes(base64.b64decode(rows[1][1])))
        status, key = k.agree(b"app/messenger/agree", raw_public(peer), 40, b"s", b"i")
        assert status == "OK" and key == HKDF(hashes.SHA256(), 40, b"s", b"i").derive(shared)
        assert k.agree(b"app/messenger/agree", bytes(32))[0] == "RANGE"
        assert k.agree(b"app/messenger/agree", raw_public(peer), 8)[0] == "RANGE"
        assert len(k.get(b"app/messenger/secret")[1]) == 32
        assert k.set(b"mine", b"x" * 50) == "OK"
        assert k.set(b"mine", b"y") == "EXISTS"
        assert k.set(b"mine", b"z" * 50, 1) == "OK"
        c.call("policy.set", label="mine", use=0)
        assert k.get(b"mine", 49) == ("TOOBIG", 50)
        assert k.get(b"mine", 50) == ("OK", b"z" * 50)
        assert k.get(b"none")[0] == "NOTFOUND"
        assert k.sign(b"app/messenger/sign", b"", b"x")[0] == "USAGE"
        assert "mine" in [r[0] for r in k.rows(kind=1)[1]]


def raw_public(private):
    # pylint: disable=import-outside-toplevel
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def locking(directory):
    """locked: said so; waiting for it, with and without asking; an event each"""
    with opened(directory) as (agent, token, _), Conn(agent.socket) as k:
        seen = []
        fn = EVENT(lambda arg, event, text: seen.append((event, text)))
        assert SO.ownkey_subscribe(k.k, fn, None) == 0
        agent.lock()
        until(lambda: SO.ownkey_pump(k.k, 100) or seen, "locked")
        assert seen[0][0] == 0, seen
        assert k.state() == ("OK", 1), k.state()
        assert k.get(b"app/messenger/secret")[0] == "LOCKED"
        start = time.monotonic()
        assert name(SO.ownkey_wait_unlocked(k.k, 300, 0)) == "TIMEOUT"
        assert 0.2 < time.monotonic() - start < 8
        # it asks: the token is touched; nobody touches; then somebody does
        token.tell("touch-mode", "never")
        with contextlib.closing(agent.client()) as other:
            request = other.start("unlock")
            until(token.is_waiting, "no touch is wanted")
            assert name(SO.ownkey_wait_unlocked(k.k, 100, 0)) == "TIMEOUT"
            token.tell("touch")
            assert SO.ownkey_wait_unlocked(k.k, 20000, 0) == 0
            expect(other.wait(request), "OK")
        assert (1 in [e for e, _ in seen]), seen
        assert k.get(b"app/messenger/secret")[0] == "OK"
        # after all that nothing is out of step
        assert k.state()[0] == "OK" and k.sign(b"app/messenger/sign", b"c", b"d")[0] == "OK"


def no_pin(directory):
    """asking for the touch itself; giving up is told to the agent"""
    with world(directory, {"pin": None}) as (agent, token):
        agent.init(ways=1)
        agent.lock()
        with Conn(agent.socket) as k:
            token.tell("touch-mode", "never")
            start = time.monotonic()
            assert name(SO.ownkey_wait_unlocked(k.k, 700, 1)) == "TIMEOUT"
            assert time.monotonic() - start < 8
            until(lambda: not agent.helpers(), "it was given up")
            token.tell("touch-mode", "auto")
            said = name(SO.ownkey_wait_unlocked(k.k, 20000, 1))
            assert said == "OK", said
            assert SO.ownkey_wait_unlocked(k.k, 0, 1) == 0


def patience(directory):
    """a call that nobody answers ends in time, and the connection goes on"""
    with opened(directory) as (agent, token, c), Conn(agent.socket) as k:
        c.call("policy.set", label="app/messenger/sign", use=2)
        token.tell("touch-mode", "never")
        k.patience(400)
        start = time.monotonic()
        assert k.sign(b"app/messenger/sign", b"c", b"d")[0] == "TIMEOUT"
        assert time.monotonic() - start < 8
        token.tell("touch-mode", "auto")
        k.patience(20000)
        assert k.sign(b"app/messenger/sign", b"c", b"d")[0] == "OK"


def nested(directory):
    """an event may not use its connection"""
    with opened(directory) as (agent, _, c), Conn(agent.socket) as k:
        got = []
        fn = EVENT(lambda arg, event, text: got.append(k.state()[0]))
        assert SO.ownkey_subscribe(k.k, fn, None) == 0
        c.call("secret.set", label="new", value=b"x")
        until(lambda: SO.ownkey_pump(k.k, 100) or got, "changed")
        assert got[0] == "LIB_NESTED" and k.state()[0] == "OK"


def threads(directory):
    """two threads with two connections; signals and SIGPIPE stay as they were"""
    before = signal.getsignal(signal.SIGPIPE)
    with opened(directory) as (agent, _, _):
        bad = []

        def work():
            with Conn(agent.socket) as k:
                for _ in range(100):
                    if k.sign(b"app/messenger/sign", b"c", os.urandom(20))[0] != "OK":
                        bad.append(1)
        pair = [threading.Thread(target=work) for _ in range(2)]
        for t in pair:
            t.start()
        for t in pair:
            t.join()
        assert not bad
        mask = [l for l in open("/proc/self/status") if l.startswith(("SigBlk", "SigIgn"))]
        with Conn(agent.socket) as k:
            agent.stop()
            for _ in range(3):
                assert k.set(b"x", b"y" * 1000)  in ("HANGUP",)
        assert mask == [l for l in open("/proc/self/status")
                        if l.startswith(("SigBlk", "SigIgn"))]
        assert signal.getsignal(signal.SIGPIPE) == before


FORKER = r"""
import os, signal, sys
sys.path.insert(0, %r)
from libownkey import Conn, name
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
k = Conn(%r)
assert k.state()[0] == "OK"
pid = os.fork()
if pid == 0:
    ok = k.state()[0] == "LIB_FORKED"
    k.close()
    with Conn(%r) as mine:
        os._exit(0 if ok and mine.state()[0] == "OK" else 1)
assert os.waitpid(pid, 0)[1] == 0
assert k.state()[0] == "OK", "the parent's connection"
k.close()
r, w = os.pipe()
print("good")
"""


def forked(directory):
    """a child may not use its parent's connection, and does not end it"""
    with opened(directory) as (agent, _, _):
        done = subprocess.run([sys.executable, "-c", FORKER % (HERE, agent.socket, agent.socket)],
                              capture_output=True, text=True, check=False, env={
                                  **os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
        assert done.stdout == "good\n", done


# --- against a liar ---

HELLO = {"protocol": 1, "version": "x", "locked": False, "vault": True, "notreal": False}


class Liar:
    """Answers hello like an agent, then whatever it is told; one connection after the other."""

    def __init__(self, directory):
        self.path = os.path.join(directory, "agent.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(8)
        self.answer = None
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            with s, contextlib.suppress(OSError, EOFError):
                self.talk(s)

    def talk(self, s):
        s.settimeout(5)
        while True:
            n = struct.unpack(">I", exactly(s, 4))[0]
            q = cbor2.loads(exactly(s, n))
            if q[1] == OPS["hello"][0]:
                s.sendall(reply(q, pack("ops_hello_rep", HELLO)))
            else:
                data = self.answer(q)
                s.sendall(data)
                if len(data) == 0 or not self.honest(q, data):
                    return

    @staticmethod
    def honest(q, data):
        with contextlib.suppress(Exception):
            return data == frame(cbor2.dumps(cbor2.loads(data[4:]), canonical=True)) and \
                cbor2.loads(data[4:])[2] == q[2]
        return False

    def close(self):
        # closed under accept(2), its number may be the next listener's by the time that begins
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join(10)
        self.listener.close()


def exactly(s, n):
    data = b""
    while len(data) < n:
        part = s.recv(n - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def frame(body):
    return struct.pack(">I", len(body)) + body


def reply(q, result=None, status=0, **other):
    message = {1: q[1], 2: q[2], 3: status}
    if result is not None:
        message[4] = result
    message.update({int(k[1:]): v for k, v in other.items()})
    return frame(cbor2.dumps(message, canonical=True))



def good_item():
    return pack("ops_item", {"id": b"i" * 16, "label": "app/x/sign", "service": "app",
                             "account": "x", "purpose": "sign", "alg": "ed25519", "epoch": 0,
                             "state": 0, "use": 0, "mtime": 0, "origin": 0, "epochs": 1,
                             "generation": 0})


def honest_answer(q):
    by = {OPS["sign"][0]: {1: b"s" * 64, 2: b"p" * 32}, OPS["secret.get"][0]: {1: b"value"},
          OPS["id.list"][0]: {1: [good_item()]}, OPS["agree"][0]: {1: b"k" * 32, 2: b"p" * 32}}
    return reply(q, by.get(q[1]))


CALLS = [lambda k: k.sign(b"app/x/sign", b"c", b"d")[0], lambda k: k.get(b"x")[0],
         lambda k: k.rows()[0], lambda k: k.agree(b"app/x/agree", b"\x09" + bytes(31))[0]]
BAD = ("HANGUP", "LIB_PROTOCOL")


@contextlib.contextmanager
def lying(directory):
    liar = Liar(directory)
    try:
        yield liar
    finally:
        liar.close()


def truncated(directory):
    """each answer cut off at every byte, and with one byte more"""
    with lying(directory) as liar:
        for call in CALLS:
            liar.answer = honest_answer
            with Conn(liar.path) as k:
                assert call(k) == "OK", call(k)
            whole = []
            liar.answer = lambda q: whole.append(honest_answer(q)) or whole[-1]
            with Conn(liar.path) as k:
                call(k)
            for cut in range(len(whole[0])):
                liar.answer = lambda q, cut=cut: honest_answer(q)[:cut]
                with Conn(liar.path) as k:
                    assert call(k) in BAD
                    assert call(k) in BAD, "a broken connection stays broken"
            longer = frame(whole[0][4:] + b"\0")
            liar.answer = lambda q, longer=longer: longer
            with Conn(liar.path) as k:
                assert call(k) == "LIB_PROTOCOL"


def wrong_answers(directory):
    """answers to other questions, of wrong lengths, garbage, events without end"""
    lies = [lambda q: reply({1: q[1], 2: q[2] + 1}, {}), lambda q: reply({1: 99, 2: q[2]}, {}),
            lambda q: frame(b""), lambda q: frame(b"\xff" * 100), lambda q: b"\xff" * 100,
            lambda q: struct.pack(">I", 0x7fffffff) + b"x", lambda q: os.urandom(64),
            lambda q: reply({1: 5, 2: 0}, {1: 77}), lambda q: reply({1: 2, 2: 0}, {}),
            lambda q: reply(q, {1: b"s" * 63, 2: b"p" * 32}), lambda q: reply(q, {}),
            lambda q: reply(q, {1: b"s" * 65, 2: b"p" * 32}), lambda q: reply(q, {77: 1}),
            lambda q: frame(b"\xa3\x01\x18\x32\x02\x02\x03\x1b" + b"\xff" * 8)]
    with lying(directory) as liar:
        for i, lie in enumerate(lies):
            liar.answer = lie
            with Conn(liar.path) as k:
                assert k.sign(b"app/x/sign", b"c", b"d")[0] in BAD, i
        liar.answer = lambda q: reply(q, None, 64000)
        with Conn(liar.path) as k:
            assert k.sign(b"app/x/sign", b"c", b"d")[0] == "INTERNAL"
        liar.answer = lambda q: reply(q, None, ERR["DENIED"], _5="a\u202eb" * 200)
        with Conn(liar.path) as k:
            assert k.sign(b"app/x/sign", b"c", b"d")[0] == "DENIED"
            detail = SO.ownkey_detail(k.k).decode()
            assert 0 < len(detail) < 512 and "\u202e" not in detail


def no_end(directory):
    """pages and events without end; silence"""
    event = frame(cbor2.dumps({1: 5, 2: 0, 3: 0, 4: {1: 2}}, canonical=True))
    with lying(directory) as liar:
        rows = [good_item()] * 256
        liar.answer = lambda q: reply(q, {1: rows, 2: b"more"})
        with Conn(liar.path) as k:
            assert k.rows()[0] == "TOOBIG"
        liar.answer = lambda q: reply(q, {2: b"more"})
        with Conn(liar.path) as k:
            assert k.rows()[0] == "LIB_PROTOCOL"
        liar.answer = lambda q: event * 200000
        with Conn(liar.path) as k:
            k.patience(200)
            assert k.get(b"x")[0] in ("TIMEOUT", *BAD)
        liar.answer = lambda q: time.sleep(12) or b""
        with Conn(liar.path) as k:
            k.patience(200)
            start = time.monotonic()
            assert k.get(b"x")[0] in ("TIMEOUT", *BAD)
            assert time.monotonic() - start < 8
        assert name(Conn(os.path.join(directory, "none", "agent.sock")).status) == "NOAGENT"


# --- as others build it ---

def install(directory):
    prefix = os.path.join(directory, "prefix")
    env = {**os.environ, "B": BUILD, "PREFIX": prefix, "BINDIR": prefix + "/bin",
           "LIBEXECDIR": prefix + "/libexec", "MANDIR": prefix + "/man",
           "UNITDIR": prefix + "/units", "SHARE": prefix + "/share", "LIBDIR": prefix + "/lib",
           "INCLUDEDIR": prefix + "/include", "RUNS_FROM": prefix + "/bin",
           "LINKED_FROM": prefix + "/lib", "INCLUDED_FROM": prefix + "/include",
           "VERSION": "1.2.3"}
    subprocess.run(["contrib/install.sh", "install"], cwd=TOP, env=env, check=True)
    return prefix


def pkg_config(prefix, *args):
    return subprocess.run(["pkg-config", *args, "ownkey"], text=True, check=True,
                          stdout=subprocess.PIPE, env={
                              **os.environ, "PKG_CONFIG_PATH": prefix + "/lib/pkgconfig"}
                          ).stdout.split()


BUILDS = [("c99", ["cc", "-std=c99", "-pedantic"]), ("c11", ["cc", "-std=c11"]),
          ("c++", ["c++", "-std=c++17", "-pedantic", "-x", "c++"])]


def example(directory):
    """the example, installed, as C99, C11 and C++: signs, agrees, opens, and reacts to lock"""
    prefix = install(directory)
    assert pkg_config(prefix, "--modversion") == ["1.2.3"]
    flags = pkg_config(prefix, "--cflags"), pkg_config(prefix, "--libs")
    source = os.path.join(directory, "messenger.c")
    shutil.copy(os.path.join(TOP, "contrib/examples/messenger.c"), source)
    with opened(directory) as (agent, token, c):
        rows = {r.label: r.shown for r in c.call("id.list")["items"]}
        for label, compiler in BUILDS:
            program = os.path.join(directory, label)
            subprocess.run([*compiler, "-Wall", "-Wextra", "-Werror", *flags[0], source, "-x",
                            "none", "-o", program, *flags[1]], check=True)
            one_run(agent, token, program, prefix, rows)


def one_run(agent, token, program, prefix, rows):
    token.tell("touch-mode", "auto")
    with contextlib.closing(agent.client()) as c:
        assert c.ask("unlock").status == "OK"
    run = subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                           env={"OWNKEY_SOCKET": agent.socket,
                                "LD_LIBRARY_PATH": prefix + "/lib"})
    said = {}
    for line in run.stdout:
        word, _, rest = line.strip().partition(" ")
        said[word] = rest
        if word == "database":
            break
    assert said.get("database") == "open", (said, run.stderr.read())
    public = base64.b64decode(rows["app/messenger/sign"])
    assert said["sign"] == public.hex() and said["agree"]
    context = b"messenger: message"
    Ed25519PublicKey.from_public_bytes(public).verify(
        bytes.fromhex(said["signature"]),
        b"ownkey1 app\0" + struct.pack(">H", len(context)) + context + b"hello")
    assert len(said["session"]) == 64
    assert run.poll() is None
    agent.lock()
    rest, errors = run.communicate(timeout=10)
    assert rest == "database closed\n" and run.returncode == 0, (rest, errors)


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        everything, locking, no_pin, patience, nested, threads, forked, truncated, wrong_answers,
        no_end, example)], jobs=3))
