"""Logins that an ssh agent signs (from-agent): OpenSSH's agent, and agents that are no agents."""

import base64
import contextlib
import hashlib
import os
import socket
import struct
import subprocess
import sys
import threading
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from job import BUILD, run
from pamhost import ME, Stack, b64

FAILURE, SUCCESS = b"\x05", b"\x06"
LIST, LISTED, SIGN, SIGNED, EXTENSION = 11, 12, 13, 14, 27
KINDS = {"ed25519": (), "ecdsa": ("-b", "384"), "rsa": ("-b", "2048")}
UP, UV = 1, 4
UNAVAILABLE, WRONG = "PAM_AUTHINFO_UNAVAIL", "PAM_AUTH_ERR"


def string(s):
    return struct.pack(">I", len(s)) + s


def strings(b):
    out = []
    while b:
        n, = struct.unpack(">I", b[:4])
        assert len(b) >= 4 + n
        out.append(b[4:4 + n])
        b = b[4 + n:]
    return out


def mpint(n):
    return string(n.to_bytes(n.bit_length() // 8 + 1, "big"))


def do(*args, **kw):
    return subprocess.run(args, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60, **kw).stdout.decode()


def row(blob, flags="-", user=ME, label="key"):
    """A line of the map."""
    return " ".join([user, "ssh-agent", flags, strings(blob)[0].decode(), b64(blob), label])


class Login(Stack):
    """A PAM line with from-agent, and where the agent is."""

    def __init__(self, directory, *rows, options=(), **kw):
        super().__init__(directory, **kw)
        self.sock = os.path.join(directory, "agent")
        self.put_map("somebody x", *rows)
        self.service("login", "from-agent", *options)

    def environment(self):
        return {**super().environment(), **({"SSH_AUTH_SOCK": self.sock} if self.sock else {})}

    def says(self, code, *words, **kw):
        got, text = self.run(**kw)
        assert got == code, (code, got, text)
        for w in words:
            assert w in text, (w, text)
        return text


# --- OpenSSH's ---

@contextlib.contextmanager
def stock(directory, env=None):
    """OpenSSH's agent at directory/agent; env for its programs."""
    path = os.path.join(directory, "agent")
    p = subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL,
                         env={"PATH": os.environ["PATH"], **(env or {})})
    while not os.path.exists(path):
        time.sleep(0.01)
    try:
        yield {**os.environ, "SSH_AUTH_SOCK": path}
    finally:
        p.terminate()
        p.wait()
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)


def generate(directory, kind, name="key"):
    file = os.path.join(directory, name + kind)
    do("ssh-keygen", "-q", "-t", kind, *KINDS[kind], "-N", "", "-C", "me@home", "-f", file)
    return file, base64.b64decode(open(file + ".pub", encoding="utf-8").read().split()[1])


def test_stock(directory):
    """OpenSSH's agent with a key of each kind; account agrees; no key, another key, locked"""
    with stock(directory) as env, Login(directory) as l:
        for kind in KINDS:
            file, blob = generate(directory, kind)
            l.put_map(row(blob))
            l.says(WRONG, "did not sign")
            do("ssh-add", "-q", file, env=env)
            l.says("PAM_SUCCESS", "Your ssh agent is asked")
            code, text = l.run("authenticate", "setcred", "acct_mgmt", "open_session",
                               "close_session")
            assert code == "PAM_SUCCESS", text
            l.put_map(row(generate(directory, kind, "other")[1]), row(blob))
            l.says("PAM_SUCCESS")
            l.put_map(row(blob, user="somebody"))
            l.says("PAM_USER_UNKNOWN")
        cli = os.path.join(BUILD, "ownkey")
        made = subprocess.run([cli, "pam", "enroll", "--ssh-key", "-", ME],
                              input=do("ssh-add", "-L", env=env).encode(), check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
        assert len(made.splitlines()) == 3, made
        l.put_map(*made.splitlines())
        l.says("PAM_SUCCESS")
        do("ssh-add", "-x", env={**env, "SSH_ASKPASS_REQUIRE": "force",
                                 "SSH_ASKPASS": script(directory, "echo x")})
        l.says(WRONG)


def test_of_another(directory):
    """su: the variable is of who runs it, who is not who is asked; sudo: they are one"""
    with stock(directory) as env, Login(directory) as l:
        file, blob = generate(directory, "ed25519")
        do("ssh-add", "-q", file, env=env)
        l.put_map(row(blob))
        other = "root" if ME != "root" else "daemon"
        for ruser, code in ((ME, "PAM_SUCCESS"), (other, UNAVAILABLE), ("no-such", UNAVAILABLE)):
            run_by = 'shift; exec pamtester -I ruser=%s "$@"' % ruser
            l.says(code, before=["sh", "-c", run_by, "sh"])


def script(directory, text):
    path = os.path.join(directory, "script")
    with open(path, "w", encoding="utf-8") as f:
        f.write("#!/bin/sh\n%s\n" % text)
    os.chmod(path, 0o755)
    return path


def test_confirm(directory):
    """a key that its agent asks about (ssh-add -c): no, yes"""
    for answer, code in (("exit 1", WRONG), ("exit 0", "PAM_SUCCESS")):
        ask = {"SSH_ASKPASS": script(directory, answer), "DISPLAY": ":none",
               "SSH_ASKPASS_REQUIRE": "force"}
        with stock(directory, ask) as env, Login(os.path.join(directory)) as l:
            file, blob = generate(directory, "ed25519", answer[-1])
            l.put_map(row(blob))
            do("ssh-add", "-q", "-c", file, env=env)
            l.says(code)
        os.rename(l.services, l.services + answer[-1])


def test_certificate(directory):
    """a certificate in the map is refused, and in the agent it is another key"""
    with stock(directory) as env, Login(directory) as l:
        file, blob = generate(directory, "ed25519")
        do("ssh-keygen", "-q", "-s", file, "-I", "me", "-n", ME, file + ".pub")
        cert = open(file + "-cert.pub", encoding="utf-8").read().split()
        l.put_map("%s ssh-agent - %s %s" % (ME, cert[0], cert[1]))
        do("ssh-add", "-q", file, env=env)
        l.says(UNAVAILABLE)
        l.put_map(row(blob))
        l.says("PAM_SUCCESS")


# --- agents that are played here ---

class Played:
    """An agent: answer(type, body) gives the bytes of a reply, whole; None hangs up, "" hangs."""

    def __init__(self, path, answer):
        self.path, self.answer, self.seen = path, answer, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                s = self.listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        with s, contextlib.suppress(OSError, struct.error):
            while True:
                n, = struct.unpack(">I", s.recv(4, socket.MSG_WAITALL))
                body = s.recv(n, socket.MSG_WAITALL)
                self.seen.append(body)
                out = self.answer(body[0], body[1:])
                if out is None:
                    return
                if out == "":
                    self.over.wait(30)
                    return
                s.sendall(out)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        # a number that is closed under accept(2) may be the next agent's when that begins
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()
        os.remove(self.path)


def framed(body):
    return string(body)


def honest(keys):
    """keys: {blob: sign(tbs)}; an agent as it should be."""
    def answer(kind, body):
        if kind == LIST:
            rows = b"".join(string(k) + string(b"c") for k in keys)
            return framed(bytes([LISTED]) + struct.pack(">I", len(keys)) + rows)
        if kind == SIGN:
            blob, data = strings(body[:-4])
            return framed(bytes([SIGNED]) + string(keys[blob](data)) if blob in keys else FAILURE)
        return framed(FAILURE)
    return answer


def ed_key():
    """(blob, sign)"""
    key = ed25519.Ed25519PrivateKey.generate()
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return (string(b"ssh-ed25519") + string(raw),
            lambda data: string(b"ssh-ed25519") + string(key.sign(data)))


def sk_key(flags, curve=False):
    """The same of a key on a token that says these flags (PROTOCOL.u2f)."""
    app = b"ssh:"
    if curve:
        key, name = ec.generate_private_key(ec.SECP256R1()), b"sk-ecdsa-sha2-nistp256@openssh.com"
        raw = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        blob = string(name) + string(b"nistp256") + string(raw) + string(app)
    else:
        key, name = ed25519.Ed25519PrivateKey.generate(), b"sk-ssh-ed25519@openssh.com"
        raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        blob = string(name) + string(raw) + string(app)

    def sign(data):
        tail = bytes([flags]) + struct.pack(">I", 5)
        whole = hashlib.sha256(app).digest() + tail + hashlib.sha256(data).digest()
        if curve:
            sig = b"".join(map(mpint, decode_dss_signature(
                key.sign(whole, ec.ECDSA(hashes.SHA256())))))
        else:
            sig = key.sign(whole)
        return string(name) + string(sig) + tail
    return blob, sign


def test_token_keys(directory):
    """keys on tokens: touch and PIN as the line wants them, in what is signed"""
    with Login(directory) as l:
        for curve in (False, True):
            for flags in (0, UP, UV, UP | UV):
                blob, sign = sk_key(flags, curve)
                with Played(l.sock, honest({blob: sign})):
                    for want, needs in (("-", 0), ("up", UP), ("up,uv", UP | UV)):
                        l.put_map(row(blob, want))
                        l.says("PAM_SUCCESS" if flags & needs == needs else WRONG)
                    l.put_map(row(blob, "up"))
                    l.service("login", "from-agent", "uv=always")
                    l.says("PAM_SUCCESS" if flags == UP | UV else WRONG)
                    l.service("login", "from-agent")


def test_second_key(directory):
    """a key whose token is not there is passed over; not more than eight are tried"""
    keys = [ed_key() for _ in range(10)]
    rows = [row(blob) for blob, _ in keys]

    def only(i):
        def answer(kind, body):
            if kind == SIGN and strings(body[:-4])[0] != keys[i][0]:
                return framed(FAILURE)
            return honest(dict(keys))(kind, body)
        return answer
    with Login(directory, *rows) as l:
        for i, code in ((1, "PAM_SUCCESS"), (7, "PAM_SUCCESS"), (8, WRONG)):
            with Played(l.sock, only(i)) as agent:
                l.says(code)
                assert sum(b[0] == SIGN for b in agent.seen) == min(i + 1, 8)


def test_message(directory):
    """what is signed: ssh-keygen -Y verify takes it for the message that the agent was told"""
    with Login(directory) as l, stock(directory) as env:
        file, blob = generate(directory, "ed25519")
        do("ssh-add", "-q", file, env=env)
        real, l.sock = l.sock, l.sock + "2"
        got = {}

        def answer(_, body):
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(real)
                s.sendall(string(bytes([_]) + body))
                n, = struct.unpack(">I", s.recv(4, socket.MSG_WAITALL))
                reply = s.recv(n, socket.MSG_WAITALL)
            if _ == EXTENSION:
                got["message"] = strings(body)
            if _ == SIGN:
                got["sig"] = strings(reply[1:])[0]
            return framed(reply)
        l.put_map(row(blob))
        l.service("sudo", "from-agent")
        with Played(l.sock, answer):
            l.says("PAM_SUCCESS", service="sudo")
        name, message = got["message"]
        assert name == b"login@ownkey"
        domain, nonce, host, service, user = strings(message)
        assert (domain, len(nonce), service, user) == (
            b"ownkey login 1", 32, b"sudo", ME.encode()), message
        assert host == socket.gethostname().encode()
        verify(directory, file, got["sig"], blob, message)


def verify(directory, file, sig, blob, message):
    sshsig = b"SSHSIG" + struct.pack(">I", 1) + b"".join(
        map(string, (blob, b"ownkey-pam", b"", b"sha512", sig)))
    path = os.path.join(directory, "signature")
    with open(path, "w", encoding="ascii") as f:
        text = base64.encodebytes(sshsig).decode()
        f.write("-----BEGIN SSH SIGNATURE-----\n%s-----END SSH SIGNATURE-----\n" % text)
    allowed = os.path.join(directory, "allowed")
    with open(allowed, "w", encoding="utf-8") as f:
        f.write("me " + open(file + ".pub", encoding="utf-8").read())
    args = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "me", "-s", path, "-n"]
    assert "Good" in do(*args, "ownkey-pam", input=message)
    for n, text in (("file", message), ("ownkey-pam", message[:-1] + b"x")):
        assert subprocess.run([*args, n], input=text, stdout=subprocess.DEVNULL, check=False,
                              stderr=subprocess.DEVNULL).returncode


# --- agents that are none ---

def at(kind, reply, keys):
    """An honest agent, but for that message."""
    return lambda k, body: reply if k == kind else honest(keys)(k, body)


def test_hostile(directory):
    """an agent that hangs up, talks nonsense, says too much: nobody is let in"""
    blob, sign = ed_key()
    keys = {blob: sign}
    listed = struct.pack(">I", 1) + string(blob) + string(b"c")
    nonsense = [None, framed(b""), framed(b"\x63"), framed(SUCCESS), b"\xff\xff\xff\xff",
                struct.pack(">I", 300000) + bytes(300000)]
    bad = [(k, r) for k in (LIST, SIGN) for r in nonsense]
    bad += [(LIST, framed(bytes([LISTED]) + r)) for r in (
        b"", b"\xff\xff\xff\xff", struct.pack(">I", 2) + listed[4:], listed + b"x", listed[:-2],
        struct.pack(">I", 1) + b"\xff\xff\xff\xff")]
    bad += [(SIGN, framed(bytes([SIGNED]) + r)) for r in (
        b"", string(b""), string(b"x" * 4097), string(sign(b"x")) + b"x", b"\0\0\1\0x")]
    bad += [(EXTENSION, r) for r in (None, b"\xff\xff\xff\xff")]
    with Login(directory, row(blob)) as l:
        for kind, reply in bad:
            with Played(l.sock, at(kind, reply, keys)):
                l.says(UNAVAILABLE, "no ssh agent of yours answers here")
        for reply in map(framed, (SUCCESS, b"\x1c", b"\x1d" + string(b"x"), b"")):
            with Played(l.sock, at(EXTENSION, reply, keys)):
                l.says("PAM_SUCCESS")
        with Played(l.sock, at(LIST, framed(bytes([LISTED]) + bytes(4)), keys)):
            l.says(WRONG)


def test_wrong_signatures(directory):
    """signatures of another key, for another login, for another purpose, of nothing"""
    blob, sign = ed_key()
    old = []

    def replay(data):
        old.append(sign(data))
        return old[0]

    def instead(data, there, here):
        assert there in data
        return sign(data.replace(there, here))
    wrong = [lambda d: ed_key()[1](d), lambda d: sign(d[:-1]), lambda d: sign(b""),
             lambda d: sign(d)[:-1], lambda d: b"x", lambda d: string(b"ssh-ed25519"),
             lambda d: instead(d, string(b"ownkey-pam"), string(b"file")),
             lambda d: instead(d, b"SSHSIG", b""),
             lambda d: instead(d, b"ownkey-pam" + string(b""), b"ownkey-pam" + string(b"x")),
             lambda d: string(b"SSHSIG") + sign(d)]
    with Login(directory, row(blob)) as l:
        with Played(l.sock, honest({blob: replay})):
            l.says("PAM_SUCCESS")
            l.says(WRONG, "signature is wrong")
        for w in wrong:
            with Played(l.sock, honest({blob: w})):
                l.says(WRONG)


def test_hangs(directory):
    """an agent that does not answer, or answers too slowly, holds nobody up"""
    blob, sign = ed_key()
    with Login(directory, row(blob), options=("timeout=5", "wait=0")) as l:
        for kind in (EXTENSION, SIGN):
            with Played(l.sock, at(kind, "", {blob: sign})):
                before = time.monotonic()
                l.says(UNAVAILABLE)
                assert 4 < time.monotonic() - before < 8
        # nobody accepts
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(l.sock)
            s.listen(0)
            l.says(UNAVAILABLE)


def test_sockets(directory):
    """SSH_AUTH_SOCK: unset, empty, relative, nothing there, no socket, a link, somebody else's"""
    blob, sign = ed_key()
    with Login(directory, row(blob)) as l, Played(l.sock, honest({blob: sign})):
        good = l.sock
        l.says("PAM_SUCCESS")
        link = os.path.join(directory, "link")
        os.symlink(good, link)
        for path in (None, "", "agent", "/" + "x" * 2000, directory, l.map, link,
                     directory + "/nothing", "/dev/null", "/proc/self/fd/0"):
            l.sock = path
            l.says(UNAVAILABLE, "no ssh agent of yours")
        deep = os.path.join(directory, "d" * 120)
        os.mkdir(deep)
        os.link(good, os.path.join(deep, "agent"))  # too long for sun_path
        l.sock = os.path.join(deep, "agent")
        l.says("PAM_SUCCESS")
        l.sock = good
        if os.getuid() == 0:
            os.chown(good, 4242, 4242)
            l.says(UNAVAILABLE)
            os.chown(good, 0, 0)
            l.says("PAM_SUCCESS")
        else:
            # in a namespace where we have another name than those who listen
            l.sock = somebody_elses()
            if l.sock:
                l.says(UNAVAILABLE)


def somebody_elses():
    """A socket that root listens on, if there is one."""
    for line in open("/proc/net/unix", encoding="utf-8").read().splitlines()[1:]:
        path = line.split()[-1]
        with contextlib.suppress(OSError):
            if path.startswith("/") and os.stat(path).st_uid != os.getuid():
                return path
    return None


# --- the line ---

def test_rows(directory):
    """rows of tokens are for tokens, rows of agents for agents; a malformed one refuses all"""
    blob, sign = ed_key()
    good = row(blob)
    token = "%s r es256 up %s %s" % (ME, b64(b"id"), b64(bytes(64)))
    with Login(directory, good) as l, Played(l.sock, honest({blob: sign})):
        l.put_map(token)
        l.says("PAM_USER_UNKNOWN")
        l.service("login", "from-agent", "nouserok", after="pam_permit.so")
        l.says("PAM_SUCCESS")
        l.put_map(good, token)
        l.sock, kept = None, l.sock
        l.says(UNAVAILABLE)
        l.sock = kept
        l.service("login", "from-agent")
        l.says("PAM_SUCCESS")
        code, text = l.run("chauthtok")
        assert code == "PAM_SERVICE_ERR", (code, text)
        for bad in (good.replace(" - ", " up "), good.replace(" - ", " pin "),
                    good.replace(" - ", " "), good.replace("ssh-ed25519", "ssh-dss"),
                    good.replace("ssh-ed25519", "ssh-rsa"), good[:-20], good + "x" * 64,
                    good.replace(b64(blob), b64(string(b"ssh-ed25519")))):
            l.put_map(good, bad)
            l.says(UNAVAILABLE)
        l.put_map(good)
        l.service("login", "wait=0")
        l.says("PAM_USER_UNKNOWN")
        l.service("login", "from-agent", "cue=Now there", "prompt=Ready?")
        l.says("PAM_SUCCESS", "Now there", "Ready?", types=[""])
        l.service("login", "from-agent", "cue=")
        assert "asked" not in l.says("PAM_SUCCESS")


def test_no_helpers(directory):
    """helpers that are not there"""
    blob, sign = ed_key()
    with Login(directory, row(blob), helpers=["ownkey-verify"]) as l, \
            Played(l.sock, honest({blob: sign})):
        l.says("PAM_SYSTEM_ERR")
        os.remove(os.path.join(l.libexec, "ownkey-verify"))
        l.says("PAM_SYSTEM_ERR")


if __name__ == "__main__":
    sys.exit(run([f for name, f in list(globals().items()) if name.startswith("test_")]))
