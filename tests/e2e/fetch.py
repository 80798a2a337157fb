"""ownkey-oidc-fetch against servers that attack it.

All of it is in a network namespace where public addresses are ours: the loopback has
9.9.1.1 and 2a00:1::1, too.  Names come from a name server of our own, and certificates from an
authority that the helper is told of as ca_file of oidc.conf does it.  Every private
address has a server, too, with a good certificate: what must not be reached would answer."""

import contextlib
import gzip
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback

import cbor2

from fetchworld import AGAIN, IMAGE, PRIVATE, PUBLIC, PUBLIC6, TALK, Helper, World, answer

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
ID = "https://app.example/client"


def document(url=ID, **members):
    return json.dumps({"client_id": url, **members})


def drip(c):
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4000\r\n\r\n")
    for _ in range(40):
        c.sendall(b" ")
        time.sleep(0.5)


def hang(c):
    time.sleep(30)
    c.close()


def endless(head, piece):
    def send(c):
        c.sendall(head)
        while True:
            c.sendall(piece)
    return send


PAGE = """<!doctype html><title>x</title><base href="https://app.example/base/">
<link rel="redirect_uri" href="/back?a=1"><link rel="stylesheet redirect_uri" href="app.one:/two">
<div class="vcard h-app"><a href="home" class="u-url p-name">An <b>Example</b>
 app</a><img class="u-logo" src="//cdn.example/logo.png"></div>"""

PAGES = {
    "/client": answer(document(client_name="An \u202eapp\n<b>", client_uri="https://app.example/",
                               logo_uri="https://cdn.example/l.png", tos_uri="javascript:alert(1)",
                               policy_uri="http://app.example/p", other={"x": [1]},
                               redirect_uris=["https://app.example/back", "app.one:/two"]),
                      "200 OK", "application/json; charset=utf-8", "Cache-Control: max-age=77"),
    "/plus": answer(document("https://app.example/plus"), "200 OK", "application/foo+json"),
    "/page": answer(PAGE, "200 OK", "text/html",
                    'Link: </linked>; rel="redirect_uri", <x>; rel=next',
                    "Cache-Control: no-store"),
    "/bare": answer("<p>nothing", "200 OK", "text/html"),
    "/to-private": answer("", "302 Found", None, "Location: https://127.0.0.1/client"),
    "/loop": answer("", "301 Moved", None, "Location: https://app.example/loop"),
    "/307": answer("", "307 Temporary", None, "Location: https://app.example/client"),
    "/304": b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n",
    "/204": b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "/206": answer(document("https://app.example/206"), "206 Partial Content"),
    "/500": answer(document("https://app.example/500"), "500 Error"),
    "/100": b"HTTP/1.1 103 Early Hints\r\nLink: </early>; rel=redirect_uri\r\n\r\n" + answer(
        "<p>", "200 OK", "text/html"),
    "/text": answer("hello", "200 OK", "text/plain"),
    "/none": answer(document("https://app.example/none"), "200 OK", None),
    "/svg": answer("<svg xmlns='http://www.w3.org/2000/svg'/>", "200 OK", "image/png"),
    "/png": answer(PNG, "200 OK", "text/plain"),
    "/bomb": answer(gzip.compress(bytes(10 ** 7)), "200 OK", "text/html", "Content-Encoding: gzip"),
    "/br": answer("x", "200 OK", "text/html", "Content-Encoding: br"),
    "/big": answer(" " * 5200 + document("https://app.example/big")),
    "/huge": endless(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", b"<p>" * 10000),
    "/claims": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10000000000\r\n\r\n",
    "/headers": endless(b"HTTP/1.1 200 OK\r\n", b"X: %s\r\n" % (b"y" * 1000)),
    "/line": endless(b"HTTP/1.1 200 OK\r\nX: ", b"y" * 1000),
    "/drip": drip,
    "/hang": hang,
    "/cut": b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 100\r\n\r\n<p>",
    "/garbage": b"SSH-2.0-OpenSSH_9.2\r\n\r\n\r\n",
    "/other": answer(document("https://app.example/client")),
    "/secret": answer(document("https://app.example/secret", client_secret="x")),
    "/basic": answer(document("https://app.example/basic",
                              token_endpoint_auth_method="client_secret_basic")),
    "/twice": answer('{"client_id":"https://evil.example/",'
                     '"client_id":"https://app.example/twice"}'),
    "/bom": answer(b"\xef\xbb\xbf" + document("https://app.example/bom").encode()),
    "/deep": answer("[" * 2500 + "]" * 2500),
    "/deeper": answer("<div>" * 13000, "200 OK", "text/html"),
    "/home": answer(document("https://app.example/home", client_uri="https://app.exampl")),
    "/member": answer(document("https://app.example/member", redirect_uris="https://x.example/")),
    "/": answer(document("https://app.example")),
}


# ---- cases ----
def client_json(world):
    with Helper(world) as h:
        got = h.get(ID)
        assert {k: v for k, v in got.items() if v} == {
            "why": "OK", "status": 200, "age": 77, "name": "An app <b>",
            "home": "https://app.example/", "logo": "https://cdn.example/l.png",
            "redirects": [b"https://app.example/back", b"app.one:/two"]}, got
        head = world.heads[-1][1].lower()
        for line in (b"cookie", b"accept-encoding", b"referer", b"authorization"):
            assert b"\n" + line not in head, head
        assert not h.get("https://app.example/plus").get("source")
        h.get("https://app.example/")  # "https://app.example" in the document: no path


def client_html(world):
    with Helper(world) as h:
        got = h.get("https://app.example/page")
        assert got["name"] == "An Example app" and got["source"] == 1, got
        assert got["home"] == "https://app.example/base/home", got
        assert got["logo"] == "https://cdn.example/logo.png", got
        assert got["redirects"] == [b"https://app.example/linked",
                                    b"https://app.example/back?a=1", b"app.one:/two"], got
        assert not got.get("age"), got
        bare = h.get("https://app.example/bare")
        assert not bare.get("name") and not bare.get("redirects"), bare
        assert not h.get("https://app.example/100").get("redirects")  # of an interim response
        assert h.get("https://app.example/deeper")["source"] == 1


def where_it_goes(world):
    with Helper(world) as h:
        h.get("https://six.example/client", "SELF")
        h.get("https://both.example/client", "SELF")
        h.get("https://app.example:8443/client", "SELF")
        for i in range(len(PRIVATE)):
            h.get("https://p%d.example/client" % i, "SPECIAL")
            h.get("https://p%d.example:8443/client" % i, "SPECIAL")
        for name in ("mixed", "mixed6"):
            h.get("https://%s.example/client" % name, "SPECIAL")
        world.untouched()


def notations(world):
    hosts = ["127.0.0.1", "127.1", "0x7f.1", "0x7f000001", "2130706433", "0177.0.0.1", "0",
             "0.0.0.0",
             "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]",
             "169.254.169.254", "10.1.1.1", "[fd00::1]", "[fe80::1]", PUBLIC, "[%s]" % PUBLIC6,
             "localhost", "LOCALHOST", "a.localhost", "intranet", "hidden.onion"]
    with Helper(world) as h:
        for host in hosts:
            h.get("https://%s/client" % host, "HOST")
            h.get("https://%s:8443/client" % host, "HOST")
        for host in ("localhost.", "app.example.", "app.example..", "1.2.3.4.", "[fe80::1%25lo]",
                     "app.example@127.0.0.1", "a:b@app.example", "app.example\\@127.0.0.1",
                     "app.example:0", "app.example:", "app.example:65536", "app.example:0443",
                     "app%2eexample", ""):
            h.get("https://%s/client" % host, "URL")
        for url in ("http://app.example/client", "file:///etc/passwd", "gopher://app.example/_x",
                    "ftp://app.example/", "dict://app.example:2628/", "app.example",
                    "//app.example/",
                    "https:app.example", "https://app.example/a/../b",
                    "https://app.example/%2e%2E/b",
                    "https://app.example/#x", "https://app.example/ x", "https://app.example/\"",
                    "https://app.example/%zz"):
            h.get(url, "URL")
        for port in (1, 22, 25, 80, 444, 1023):
            h.get("https://app.example:%d/client" % port, "PORT")
        world.untouched()
    assert not [s for s in world.public if s.sock.getsockname()[1] == 22 and s.hits]


def rebinding(world):
    """Public when it is checked, 127.0.0.1 when it is asked again: it is not asked again."""
    with Helper(world) as h:
        h.get("https://%s/client" % AGAIN, "SELF")
        assert world.names.asked.count((AGAIN, 1)) == 1, world.names.asked
        h.get("https://%s/client" % AGAIN, "SPECIAL")
    world.untouched()


def answers(world):
    with Helper(world) as h:
        before = len(world.heads)
        for path, why in (("to-private", "REDIRECT"), ("loop", "REDIRECT"), ("307", "REDIRECT"),
                          ("304", "REDIRECT"), ("204", "STATUS"), ("206", "STATUS"),
                          ("500", "STATUS"), ("nothing", "STATUS"), ("text", "TYPE"),
                          ("none", "TYPE"), ("bomb", "PACKED"), ("br", "PACKED"), ("big", "LARGE"),
                          ("huge", "LARGE"), ("claims", "LARGE"), ("headers", "LARGE"),
                          ("cut", "ENDED"), ("garbage", "ENDED"), ("other", "SELF"),
                          ("secret", "SECRET"), ("basic", "SECRET"), ("twice", "JSON"),
                          ("bom", "JSON"), ("deep", "JSON"), ("home", "HOME"),
                          ("member", "MEMBER")):
            got = h.get("https://app.example/" + path, why)
            assert set(got) & {"name", "redirects", "body"} == set() or not any(
                got.get(k) for k in ("name", "redirects", "body")), got
            assert not got.get("age"), got
        assert len(world.heads) - before == 26, "something was asked for twice"
        assert h.take(h.send("https://app.example/line"))["why"] in ("LARGE", "ENDED")
    world.untouched()


def pictures(world):
    with Helper(world) as h:
        got = h.get("https://app.example/png", kind=IMAGE)
        assert got["type"] == "image/png" and got["body"] == PNG, got
        h.get("https://app.example/svg", "IMAGE", kind=IMAGE)
        h.get("https://app.example/png", "KIND", kind=TALK)


def certificates(world):
    with Helper(world) as h:
        for name in ("expired", "wrong", "self"):
            h.get("https://%s.example/client" % name, "TLS")
    with Helper(world, ca="") as h:  # the system's do not know our authority
        h.get(ID, "TLS")
    with Helper(world, ca="/nowhere/ca.pem") as h:
        h.get(ID, "TLS")


def slow_ones(world):
    """Eight that hang: the ninth waits for the first to be ended, and another helper does not."""
    with Helper(world) as h, Helper(world) as beside:
        start = time.monotonic()
        slow = [h.send("https://app.example/" + p) for p in ["drip", "hang"] * 3]
        quick = h.send(ID)
        assert h.take(quick)["why"] == "OK" and time.monotonic() - start < 3
        slow += [h.send("https://app.example/hang") for _ in range(2)]
        last = h.send(ID)
        more = [h.send(ID) for _ in range(60)]
        beside.get(ID)
        assert time.monotonic() - start < 4
        assert all(h.take(n)["why"] == "SLOW" for n in slow)
        assert 7 < time.monotonic() - start < 14
        assert h.take(last)["why"] == "OK"
        whys = [h.take(n)["why"] for n in more]
        assert whys.count("BUSY") >= 25 and set(whys) == {"OK", "BUSY"}, whys
    with Helper(world) as h:
        start = time.monotonic()
        assert h.take(h.send("https://silent.example/"))["why"] in ("NAME", "SLOW")
        h.get("https://no-such.example/", "NAME")
        h.get("https://empty.example/", "NAME")
        assert h.take(h.send("https://nobody.example/"))["why"] in ("CONNECT", "SLOW")
        assert time.monotonic() - start < 14


class Proxy(threading.Thread):
    """SOCKS5 that says where it was told to go."""

    def __init__(self):
        super().__init__(daemon=True)
        self.told, self.sock = [], socket.create_server(("127.0.0.1", 9050))
        self.start()

    def run(self):
        while True:
            c, _ = self.sock.accept()
            c.recv(2 + 10)
            c.sendall(b"\x05\x00")
            ask = c.recv(300)
            assert ask[3] == 3, "an address, not a name"
            name = ask[5:5 + ask[4]].decode()
            self.told.append(name)
            out = socket.create_connection((PUBLIC, 443))
            c.sendall(b"\x05\x00\x00\x01" + bytes(6))
            for a, b in ((c, out), (out, c)):
                threading.Thread(target=self.pump, args=(a, b), daemon=True).start()

    @staticmethod
    def pump(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        b.close()


def proxied(world):
    """Only through the proxy that is configured, names and all (Tor)."""
    p = Proxy()
    asked = len(world.names.asked)
    with Helper(world, proxy="socks5h://127.0.0.1:9050") as h:
        h.get("https://hidden.onion/client", "SELF")
        h.get("https://wrong.example/client", "TLS")
        h.get("https://127.0.0.1/client", "HOST")
    assert p.told == ["hidden.onion", "wrong.example"], p.told
    assert len(world.names.asked) == asked, "the name was looked up here"
    with Helper(world, proxy="socks5h://127.0.0.1:9051") as h:
        h.get(ID, "PROXY")
    world.untouched()


def person(world):
    """A person's own program may talk to their own network, and to nobody by http."""
    with Helper(world, "person") as h:
        got = h.get("https://p2.example/500", kind=TALK, body=b"a=b", type="text/x-y")
        assert got["status"] == 500 and b"client_id" in got["body"], got
        assert b"content-type: text/x-y" in world.heads[-1][1].lower()
        assert world.heads[-1][1].endswith(b"a=b")
        assert h.get("http://127.0.0.1:8080/text", kind=TALK, body=b"")["body"] == b"hello"
        h.get("https://127.0.0.1/text", kind=TALK, body=b"")
        h.get("http://app.example/text", "URL", kind=TALK, body=b"")
        h.get(ID, "KIND")
        h.get("https://wrong.example/text", "TLS", kind=TALK, body=b"")
    for s in world.private:
        s.hits.clear()


def malformed(world):
    """A provider that was taken over cannot make it do more than end."""
    for data in (b"", b"\xff" * 10, cbor2.dumps({1: 0, 2: 0, 3: ID}),
                 cbor2.dumps({1: 1, 2: 9, 3: ID}),
                 cbor2.dumps({1: 1, 2: 0, 3: "x" * 3000}), cbor2.dumps({1: 1, 2: 0, 3: ID, 9: 1})):
        with Helper(world) as h:
            h.raw(data)
            try:
                h.take()
                raise AssertionError("answered")
            except (EOFError, ConnectionError):
                pass
    with Helper(world) as h:
        h.sock.sendall(b"\xff\xff\xff\xff")
        try:
            h.take()
            raise AssertionError("answered")
        except (EOFError, ConnectionError):
            pass


def killed(world):
    """A child that dies is an answer; nothing is left when the provider goes."""
    with Helper(world) as h:
        n = h.send("https://app.example/hang")
        pid = None
        while not pid:
            time.sleep(0.05)
            with open("/proc/%d/task/%d/children" % (h.process.pid, h.process.pid),
                      encoding="ascii") as f:
                pid = [int(x) for x in f.read().split()]
        os.kill(pid[0], signal.SIGKILL)
        assert h.take(n)["why"] == "BROKEN"
        h.get(ID)
        n = h.send("https://app.example/hang")
        time.sleep(0.3)


CASES = [client_json, client_html, where_it_goes, notations, rebinding, answers, pictures,
         certificates, slow_ones, proxied, malformed, killed, person]


def main():
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    cases = [c for c in CASES if wanted in c.__name__]
    failed = 0
    print("1..%d" % len(cases))
    with tempfile.TemporaryDirectory() as directory:
        world = World(directory, PAGES)
        for i, case in enumerate(cases):
            try:
                case(world)
                print("ok %d - %s" % (i + 1, case.__name__), flush=True)
            except Exception:  # pylint: disable=broad-except
                failed = 1
                print("not ok %d - %s" % (i + 1, case.__name__), flush=True)
                traceback.print_exc()
    return failed


if __name__ == "__main__":
    sys.exit(main())
