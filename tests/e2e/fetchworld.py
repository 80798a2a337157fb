"""The network that tests/e2e/fetch.py is in: addresses, names, certificates, servers, and the
helper that is driven."""

import contextlib
import datetime
import ipaddress
import os
import socket
import ssl
import struct
import subprocess
import tempfile
import threading

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PROGRAM = os.path.join(os.environ.get("B", "build"), "ownkey-oidc-fetch")
PUBLIC, PUBLIC6, NAMESERVER = "9.9.1.1", "2a00:1::1", "9.9.1.53"
PRIVATE = ["127.0.0.1", "::1", "10.1.1.1", "172.16.1.1", "192.168.1.1", "100.64.1.1",
           "169.254.169.254", "192.0.0.8", "192.0.2.1", "198.18.1.1", "198.51.100.1",
           "203.0.113.1", "fd00::1", "2002:a01:101::1", "2001:0:1::1", "64:ff9b::a01:101",
           "2001:db8::1", "::ffff:10.1.1.1"]
WHY = ("OK URL HOST PORT KIND SPECIAL NAME PROXY CONNECT TLS SLOW ENDED REDIRECT STATUS TYPE "
       "PACKED LARGE JSON SELF SECRET MEMBER HOME IMAGE BUSY BROKEN").split()
CLIENT, IMAGE, TALK = range(3)
NAMES = {1: "why", 2: "status", 3: "age", 4: "type", 5: "body", 6: "source", 7: "name", 8: "home",
         9: "logo", 10: "policy", 11: "terms", 12: "redirects"}
AGAIN = "rebind.example"


# ---- the network ----
def run(*args):
    subprocess.run(args, check=True, stdout=subprocess.DEVNULL)


def make_network(directory):
    run("ip", "link", "set", "lo", "up")
    for a in [PUBLIC, PUBLIC6, NAMESERVER] + PRIVATE:
        if a not in ("127.0.0.1", "::1", "::ffff:10.1.1.1"):
            run("ip", "addr", "add", a + ("/128" if ":" in a else "/32"), "dev", "lo",
                *(["nodad"] if ":" in a else []))
    for name, text in (("resolv.conf",
                        "nameserver %s\noptions timeout:1 attempts:1\n" % NAMESERVER),
                       ("hosts", ""), ("nsswitch.conf", "hosts: files dns\n")):
        path = os.path.join(directory, name)
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        if os.path.exists("/etc/" + name):
            run("mount", "--bind", path, os.path.realpath("/etc/" + name))


class NameServer(threading.Thread):
    """Says what `names` says; AGAIN is public the first time and 127.0.0.1 from then on."""

    def __init__(self):
        super().__init__(daemon=True)
        self.names, self.asked = {}, []
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((NAMESERVER, 53))
        self.start()

    def addresses(self, name, kind):
        if name == AGAIN:
            seen = self.asked.count((name, kind))
            return [PUBLIC if seen <= 1 else "127.0.0.1"] if kind == 1 else []
        return [a for a in self.names.get(name, []) if (":" in a) == (kind == 28)]

    def run(self):
        while True:
            data, sender = self.sock.recvfrom(512)
            labels, at = [], 12
            while data[at]:
                labels.append(data[at + 1:at + 1 + data[at]].decode())
                at += 1 + data[at]
            name, kind = ".".join(labels).lower(), struct.unpack(">H", data[at + 1:at + 3])[0]
            self.asked.append((name, kind))
            if name == "silent.example":
                continue
            found = self.addresses(name, kind)
            known = name in self.names or name == AGAIN
            answer = data[:2] + struct.pack(">HHHHH", 0x8180 if known else 0x8183, 1, len(found), 0,
                                            0) + data[12:at + 5]
            for a in found:
                raw = ipaddress.ip_address(a).packed
                answer += b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(raw)) + raw
            self.sock.sendto(answer, sender)


# ---- certificates ----
class Authority:
    def __init__(self, directory):
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.cert = self.make(self.name, self.key, ca=True)
        self.path = os.path.join(directory, "ca.pem")
        with open(self.path, "wb") as f:
            f.write(self.cert.public_bytes(serialization.Encoding.PEM))

    def make(self, subject, key, names=(), ca=False, days=30):
        now = datetime.datetime.utcnow()
        b = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name) \
            .public_key(key.public_key()).serial_number(x509.random_serial_number()) \
            .not_valid_before(now - datetime.timedelta(days=60)) \
            .not_valid_after(now + datetime.timedelta(days=days)) \
            .add_extension(x509.BasicConstraints(ca, None), True)
        if names:
            b = b.add_extension(x509.SubjectAlternativeName(
                [x509.DNSName(n) if not isinstance(n, ipaddress._BaseAddress)
                 else x509.IPAddress(n) for n in names]), False)
        return b.sign(self.key, hashes.SHA256())

    def context(self, names, days=30):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "leaf")])
        cert = self.make(subject, key, names, days=days)
        path = os.path.join(self.directory, "leaf%d.pem" % id(key))
        with open(path, "wb") as f:
            f.write(cert.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


# ---- servers ----
def answer(body=b"", status="200 OK", kind="application/json", *more):
    if isinstance(body, str):
        body = body.encode()
    head = ["HTTP/1.1 " + status, "Content-Length: %d" % len(body), "Connection: close"]
    return "\r\n".join(head + (["Content-Type: " + kind] if kind else []) + list(more)
                       ).encode() + b"\r\n\r\n" + body


class Server(threading.Thread):
    """Answers by path with what `pages` has: bytes, or a function of (connection, head)."""

    def __init__(self, world, address, port, context, pages):
        super().__init__(daemon=True)
        self.world, self.address, self.context, self.pages = world, address, context, pages
        self.hits = []
        self.sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((address, port))
        self.sock.listen(64)
        self.start()

    def run(self):
        while True:
            c, _ = self.sock.accept()
            self.hits.append(self.address)
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        with contextlib.suppress(OSError, ssl.SSLError):
            if self.context:
                c = self.context.wrap_socket(c, server_side=True)
            head = b""
            while b"\r\n\r\n" not in head:
                piece = c.recv(4096)
                if not piece:
                    return
                head += piece
            length = [h for h in head.lower().split(b"\r\n") if h.startswith(b"content-length:")]
            head, _, body = head.partition(b"\r\n\r\n")
            while length and len(body) < int(length[0].split(b":")[1]):
                body += c.recv(4096)
            path = head.split(b" ")[1].decode()
            self.world.heads.append((path, head + b"\r\n\r\n" + body))
            page = self.pages.get(path, answer("no", "404 Not Found"))
            c.sendall(page) if isinstance(page, bytes) else page(c)
        with contextlib.suppress(OSError):
            c.close()


# ---- the helper ----
class Helper:
    def __init__(self, world, mode="public", proxy="", ca=None):
        ours, theirs = socket.socketpair()
        ours.settimeout(30)
        env = {"HTTPS_PROXY": "http://127.0.0.1:1", "https_proxy": "http://127.0.0.1:1",
               "ALL_PROXY": "http://127.0.0.1:1", "NO_PROXY": "", "HOME": world.directory,
               "SSL_CERT_FILE": "/nowhere", "CURL_CA_BUNDLE": "/nowhere"}
        self.process = subprocess.Popen([PROGRAM, mode, world.ca.path if ca is None else ca, proxy],
                                        stdin=theirs, env=env)
        theirs.close()
        self.sock, self.next, self.early = ours, 0, {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()
        assert self.process.wait(10) == 0, self.process.returncode

    def send(self, url, kind=CLIENT, **more):
        self.next += 1
        self.raw(cbor2.dumps({1: self.next, 2: kind, 3: url, **({4: more["body"]} if "body" in more
                 else {}), **({5: more["type"]} if "type" in more else {})}, canonical=True))
        return self.next

    def raw(self, data):
        self.sock.sendall(struct.pack(">I", len(data)) + data)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            piece = self.sock.recv(n - len(data))
            if not piece:
                raise EOFError
            data += piece
        return data

    def take(self, number=None):
        while number is None or number not in self.early:
            data = self.exactly(struct.unpack(">I", self.exactly(4))[0])
            got = {NAMES[k]: v for k, v in cbor2.loads(data[8:]).items()}
            got["why"] = WHY[got["why"]]
            self.early[struct.unpack(">Q", data[:8])[0]] = got
            if number is None:
                number = struct.unpack(">Q", data[:8])[0]
        return self.early.pop(number)

    def get(self, url, why="OK", kind=CLIENT, **more):
        got = self.take(self.send(url, kind, **more))
        assert got["why"] == why, "%s: %s, expected %s" % (url, got, why)
        return got


class World:
    def __init__(self, directory, pages):
        self.directory, self.heads = directory, []
        make_network(directory)
        self.ca = Authority(directory)
        self.names = NameServer()
        self.names.names.update({
            "app.example": [PUBLIC], "six.example": [PUBLIC6], "both.example": [PUBLIC, PUBLIC6],
            "mixed.example": [PUBLIC, "10.1.1.1"], "mixed6.example": [PUBLIC, "fd00::1"],
            "expired.example": [PUBLIC], "wrong.example": [PUBLIC], "self.example": [PUBLIC],
            "nobody.example": ["9.9.9.9"], "empty.example": [],
            **{"p%d.example" % i: [a] for i, a in enumerate(PRIVATE)}})
        good = [n for n in self.names.names if n not in ("expired.example", "wrong.example")]
        context = self.ca.context(good + [AGAIN, "localhost", "hidden.onion"] +
                                  [ipaddress.ip_address(a) for a in PRIVATE])
        other = {"expired.example": self.ca.context(["expired.example"], days=-30),
                 "wrong.example": self.ca.context(["app.example"]),
                 "self.example": Authority(tempfile.mkdtemp(dir=directory)).context(
                     ["self.example"])}

        def choose(sock, name, _):
            sock.context = other.get(name, context)
        context.sni_callback = choose
        self.public = [Server(self, a, p, context, pages) for a in (PUBLIC, PUBLIC6)
                       for p in (443, 8443, 22)]
        self.private = [Server(self, a, p, context, pages) for a in PRIVATE if not
                        a.startswith("::ffff") for p in (443, 8443)]
        self.plain = Server(self, "127.0.0.1", 8080, None, pages)

    def untouched(self):
        hits = [h for s in self.private for h in s.hits]
        assert not hits, "private addresses were reached: %s" % hits
