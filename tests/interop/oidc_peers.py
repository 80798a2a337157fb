"""What other people's relying parties need: a provider at localhost whose vault is real, and a
person, whose browser goes from site to site and logs in with a token (WebAuthn).  PEERS_TLS in the
environment: the issuer has https, by a proxy in front, as some insist on."""

import contextlib
import http.client
import http.server
import os
import socket
import socketserver
import ssl
import subprocess
import sys
import tempfile
import threading
import urllib.parse

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
NPM = os.path.join(HERE, "..", "..", "build", "npm")
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

# pylint: disable=wrong-import-position
import oidcd  # noqa: E402

PORT = oidcd.free_port()
TLS_PORT = oidcd.free_port() if os.environ.get("PEERS_TLS") else 0
ORIGIN = "%s://localhost:%d" % (("https", TLS_PORT) if TLS_PORT else ("http", PORT))
ISSUER = ORIGIN + "/idp"
oidcd.ISSUER = ISSUER
free_port = oidcd.free_port
oidcd.free_port = lambda: PORT

import oidc_rp  # noqa: E402
from fetchworld import Authority  # noqa: E402
from oidc_browser import Forms  # noqa: E402
from webauthn import Token  # noqa: E402

if not TLS_PORT:
    oidc_rp.COOKIE = "ownkey-local"
trusted, context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), None


class Page:
    def __init__(self, url, response):
        self.url, self.status, self.body = url, response.status, response.read()
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        html = "html" in self.headers.get("content-type", "")
        parsed = Forms(self.body.decode() if html else "")
        self.forms, self.text = parsed.forms, parsed.text

    def form(self, action=""):
        return next((f for f in self.forms if f["action"].endswith(action)), None)

    def __repr__(self):
        return "%s: %d %s\n%s" % (self.url, self.status, self.headers, self.body.decode())


class Person:
    """A browser and a token.  said: the pages on the way; decision: the answer to consent."""

    def __init__(self, token=None):
        self.token = token or Token(ORIGIN, "localhost")
        self.jar, self.said, self.decision = {}, [], "yes"

    def ask(self, url, fields=None, origin=None):
        """One request, as a browser makes it when somebody goes to a page."""
        at = urllib.parse.urlsplit(url)
        jar = self.jar.setdefault(at.hostname, {})
        headers = {"User-Agent": "test browser", "Accept": "text/html", "Sec-Fetch-Dest":
                   "document", "Sec-Fetch-Mode": "navigate"}
        if jar:
            headers["Cookie"] = "; ".join("%s=%s" % kv for kv in jar.items())
        body = None
        if fields is not None:
            headers.update({"Content-Type": "application/x-www-form-urlencoded",
                            "Origin": origin or "%s://%s" % (at.scheme, at.netloc)})
            body = urllib.parse.urlencode(fields)
        c = (http.client.HTTPSConnection(at.hostname, at.port, timeout=60, context=trusted)
             if at.scheme == "https" else
             http.client.HTTPConnection(at.hostname, at.port, timeout=60))
        c.request("GET" if body is None else "POST",
                  at.path + ("?" + at.query if at.query else ""), body, headers)
        r = c.getresponse()
        for line in r.headers.get_all("set-cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            jar.pop(name, None)
            if value and "max-age=0" not in line.lower() and "1970" not in line:
                jar[name] = value
        page = Page(url, r)
        c.close()
        self.said.append(page)
        return page

    def send(self, page, form, **fields):
        return self.ask(urllib.parse.urljoin(page.url, form["action"]),
                        {**form["fields"], **fields}, "/".join(page.url.split("/")[:3]))

    def next(self, page):
        """What a person does with a page, or None if it is where they wanted to go."""
        if page.status in (301, 302, 303, 307):
            return self.ask(urllib.parse.urljoin(page.url, page.headers["location"]))
        if not page.url.startswith(ORIGIN) or page.status != 200:
            return None
        if page.form("/login/start"):
            return self.send(page, page.form("/login/start"), name="")
        if page.form("/login/finish"):
            form = page.form("/login/finish")
            return self.send(page, form, **self.token.get(form))
        if b'name="decision"' in page.body:
            return self.send(page, page.forms[0], decision=self.decision)
        if b'http-equiv="refresh"' in page.body:
            to = page.body.decode().split("/continue?go=")[1].split('"')[0]
            return self.ask(ISSUER + "/authorize/continue?go=" + to)
        if page.forms and page.forms[0].get("id") == "answer":
            return self.send(page, page.forms[0])
        return None

    def go(self, url):
        """To where the way leads."""
        self.said = []
        return self.follow(self.ask(url))

    def follow(self, page):
        for _ in range(20):
            following = self.next(page)
            if not following:
                return page
            page = following
        raise AssertionError("no end: %s" % [p.url for p in self.said])

    def logged_in(self):
        """Whether this way led through a login with the token."""
        return any(p.url.endswith("/login/finish") for p in self.said)

    def register(self, link):
        page = self.ask(link)
        page = self.send(page, page.form("/register/start"), label="key")
        form = page.form("/register/finish")
        page = self.follow(self.send(page, form, **self.token.create(form)))
        assert page.status == 200 and "Your account" in page.text, page
        return self


def person(o, name="ann"):
    """Registered by an invitation, and not logged in any more."""
    done = o.p.run("user", "invite", name)
    assert done.returncode == 0, done
    link = next(w for w in done.stdout.split() if w.startswith(ISSUER + "/register"))
    who = Person().register(link)
    who.jar.clear()
    return who


class App(http.server.BaseHTTPRequestHandler):
    """Says how it was called."""

    def do_GET(self):  # pylint: disable=invalid-name
        said = "\n".join(["%s %s" % (self.command, self.path),
                          *("%s: %s" % kv for kv in self.headers.items())]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        pass


@contextlib.contextmanager
def served(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def app():
    """With https if the provider has it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), App)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    return served(server)


def pump(source, sink):
    with contextlib.suppress(OSError, ValueError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)


def tls(certified, at=0):
    """What is in front of the provider for those who insist on https."""
    class Front(socketserver.BaseRequestHandler):
        def handle(self):
            with contextlib.suppress(OSError), certified.wrap_socket(self.request, True) as c, \
                    socket.create_connection(("127.0.0.1", PORT)) as behind:
                back = threading.Thread(target=pump, args=(behind, c), daemon=True)
                back.start()
                pump(c, behind)
                back.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = allow_reuse_address = True

        def handle_error(self, *_):  # pylint: disable=arguments-differ
            pass

    return served(Server(("127.0.0.1", at), Front))


def run_shared(cases, **conf):
    """Each case with the same provider, in order."""
    if not TLS_PORT:
        return oidc_rp.run_shared(cases, **conf)
    global context  # pylint: disable=global-statement
    with tempfile.TemporaryDirectory() as directory:
        authority = Authority(directory)
        trusted.load_verify_locations(authority.path)
        context = authority.context(["localhost"])
        with tls(context, TLS_PORT):
            return oidc_rp.run_shared(cases, **conf)


def node(script, *args, timeout=100, **env):
    done = subprocess.run(
        [NPM + "/node_modules/node/bin/node", os.path.join(HERE, script), *args],
        env={"NPM": NPM, **env}, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def cookie(browser):
    """As a header of another program's browser has it."""
    return "; ".join("%s=%s" % kv for kv in browser.cookies.items())
