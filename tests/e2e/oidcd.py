"""A running ownkey-oidc, and HTTP as it is on the wire."""

import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import time

from job import BUILD

ISSUER = "https://id.example.org/idp"


# What crossed the wire and is nobody's to read later: our handles, tokens that we signed, PKCE
# verifiers, recovery codes.
SECRET = re.compile(rb"ok(?:at|rt|ac|s|cs|i|f)_[A-Za-z0-9_-]{43}|eyJ[\w-]{20,}\.[\w-]+\.[\w-]+|"
                    rb"code_verifier=[\w-]{43,}|\b(?:[A-Z2-7]{4}-){5}[A-Z2-7]{4}\b")


def free_port():
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Response:
    """The first response in some bytes; rest: what is behind it."""

    def __init__(self, raw, head=False):
        start, _, body = raw.partition(b"\r\n\r\n")
        lines = start.decode("latin-1").split("\r\n")
        self.raw, self.status = raw, int(lines[0].split()[1]) if raw else None
        self.headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            self.headers.setdefault(name.lower(), []).append(value.strip())
        n = 0 if head else int(self.get("content-length", 0))
        self.body, self.rest = body[:n], body[n:]

    def get(self, name, default=None):
        return self.headers.get(name, [default])[0]

    def json(self):
        return json.loads(self.body)


class Provider:
    """conf: lines of oidc.conf; lists become several lines."""

    def __init__(self, directory, agent=None, port=None, **conf):
        self.dir, self.port, self.process = directory, port or free_port(), None
        self.secrets = set()
        self.path, self.log = directory + "/oidc.conf", directory + "/oidc.log"
        self.sock = directory + "/http.sock"
        os.makedirs(directory + "/store", 0o700, exist_ok=True)
        where = os.path.dirname(agent.socket) if agent else directory + "/no-agent"
        self.conf = {"issuer": ISSUER, "store": directory + "/store", "agent": where,
                     "listen": ["127.0.0.1:%d" % self.port, "unix:" + self.sock], **conf}
        self.env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": directory}

    def start(self, **kw):
        with open(self.path, "w", encoding="utf-8") as f:
            for name, value in self.conf.items():
                for v in value if isinstance(value, list) else [value]:
                    f.write("%s = %s\n" % (name, v))
        with open(self.log, "ab") as log:
            began = time.monotonic()
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen(
                [os.path.join(BUILD, "ownkey-oidc"), "serve", "--config", self.path],
                env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **kw)
        while True:
            try:
                self.connect().close()
                if "unix:" + self.sock in self.conf["listen"]:
                    self.connect(unix=True).close()
                self.took = time.monotonic() - began
                return self
            except OSError:
                assert self.process.poll() is None and time.monotonic() < began + 10, self.said()
                time.sleep(0.001)

    def stop(self, how=signal.SIGTERM):
        if self.process:
            self.process.send_signal(how)
            status = self.process.wait(15)
            self.process = None
            return status
        return None

    def run(self, *args):
        return subprocess.run([os.path.join(BUILD, "ownkey-oidc"), *args, "--config", self.path],
                              env=self.env, capture_output=True, text=True, check=False, timeout=20)

    def said(self):
        return open(self.log, encoding="utf-8", errors="replace").read()

    def connect(self, unix=False, timeout=10):
        s = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        s.settimeout(timeout)
        end = time.monotonic() + timeout
        while True:
            try:
                s.connect(self.sock if unix else ("127.0.0.1", self.port))
                return s
            except BlockingIOError:  # the queue of a Unix socket is full
                assert time.monotonic() < end, "nobody takes connections"
                time.sleep(0.01)

    def raw(self, data, unix=False, timeout=10, head=False, shut=True):
        """All that comes back for these bytes, until the end or silence.  shut: say that no more
        comes, which libmicrohttpd takes for hanging up while a request waits."""
        got = b""
        with contextlib.closing(self.connect(unix, timeout)) as s:
            with contextlib.suppress(OSError):
                s.sendall(data)
                if shut:
                    s.shutdown(socket.SHUT_WR)
            with contextlib.suppress(ConnectionError, TimeoutError):
                while more := s.recv(65536):
                    got += more
        for bytes_ in data, got:
            self.secrets.update(SECRET.findall(bytes_))
        return Response(got, head)

    def ask(self, method, path, *headers, body=b"", **kw):
        lines = ["%s %s HTTP/1.1" % (method, path), "Host: id.example.org", "Connection: close",
                 *headers]
        if body:
            lines.append("Content-Length: %d" % len(body))
        return self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body, head=method == "HEAD",
                        **kw)

    def get(self, path, *headers, **kw):
        return self.ask("GET", path, *headers, **kw)

    def pieces(self):
        """Eight bytes and more of each secret that crossed the wire."""
        for secret in self.secrets:
            core = secret.split(b"=")[-1].split(b"_", 1)[-1] if secret.startswith(b"ok") else \
                secret.split(b"=")[-1].rsplit(b".", 1)[-1]
            half = max(8, len(core) // 2)
            yield secret, (core[:half], core[-half:])

    def keeps_quiet(self, *more):
        """No secret, and no half of one, is in any file below, in a log, or where the kernel shows
        a process."""
        files = [os.path.join(d, f) for d, _, names in os.walk(self.dir) for f in names]
        files += ["/proc/%d/%s" % (self.process.pid, f) for f in ("cmdline", "environ")]
        texts = [b"".join(more)]
        for path in files:
            with contextlib.suppress(OSError), open(path, "rb") as f:
                texts.append(f.read())
        text = b"\n".join(texts)
        for secret, parts in self.pieces():
            for part in parts:
                assert part not in text, "%s: %s is in one of %s" % (secret, part, files)
        return len(self.secrets)

    def status(self, name):
        with open("/proc/%d/status" % self.process.pid, encoding="ascii") as f:
            return next(line.split(":")[1].strip() for line in f if line.startswith(name + ":"))


@contextlib.contextmanager
def running(directory, agent=None, port=None, **conf):
    p = Provider(directory, agent, port, **conf)
    try:
        yield p.start()
    finally:
        if p.process:
            p.stop(signal.SIGKILL)


def raise_files():
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most
