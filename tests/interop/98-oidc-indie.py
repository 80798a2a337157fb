#!/usr/bin/python3
"""IndieAuth with other people's programs, each name on its own https server: openid-client 6 as a
client that nobody registered, indieauth-helper as one of before PKCE, mf2py for pages."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
NPM = os.path.join(HERE, "..", "..", "build", "npm")
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
sys.dont_write_bytecode = True

if "OWNKEY_INDIE_NET" not in os.environ:
    if subprocess.run(["unshare", "-rnm", "true"], check=False, stderr=-3).returncode:
        print("1..1\nok 1 - this machine gives no network namespace to users: nothing was tried")
        sys.exit(0)
    os.environ["OWNKEY_INDIE_NET"] = "1"
    os.execvp("unshare", ["unshare", "-rnm", sys.executable, os.path.abspath(__file__),
                          *sys.argv[1:]])

# pylint: disable=wrong-import-position
import mf2py  # noqa: E402

import indieworld  # noqa: E402
from fetchworld import Server, World, answer, run  # noqa: E402
from oidc_rp import BASE  # noqa: E402
from oidcd import ISSUER  # noqa: E402

PROXY = "9.9.1.2"
META = ISSUER + "/.well-known/oauth-authorization-server"
# what ownkey-oidc(8) says to put there
MINE = """<!doctype html><title>Ann</title><link rel="indieauth-metadata"
 href="%s"><link rel="authorization_endpoint" href="%s/authorize">
<link rel="token_endpoint" href="%s/token"><p>me""" % (META, ISSUER, ISSUER)


class Front(Server):
    """TLS in front of the provider, as a web server has it."""

    port = None

    @staticmethod
    def pump(a, b):
        with contextlib.suppress(OSError):
            while data := a.recv(65536):
                b.sendall(data)
        with contextlib.suppress(OSError):
            b.shutdown(socket.SHUT_WR)

    def serve(self, c):
        with contextlib.suppress(OSError):
            c = self.context.wrap_socket(c, server_side=True)
            with c, socket.create_connection(("127.0.0.1", self.port)) as to:
                back = threading.Thread(target=self.pump, args=(to, c), daemon=True)
                back.start()
                self.pump(c, to)
                back.join()


def converse(o, script, browser, *args):
    """The client says where the person goes, and is told where they came back to."""
    with subprocess.Popen([NPM + "/node_modules/node/bin/node", os.path.join(HERE, script), *args],
                          env={"NPM": NPM, "NODE_EXTRA_CA_CERTS": o.net.ca.path},
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as p:
        while line := p.stdout.readline().strip():
            assert line.startswith(ISSUER + "/authorize?"), line
            page = browser.follow(browser.get(line[len("https://id.example.org"):]))
            assert b'name="decision"' in page.body, page.raw
            p.stdin.write(browser.decide(page).get("location") + "\n")
            p.stdin.flush()
        said = p.communicate(timeout=60)[1]
        assert p.returncode == 0, said


def openid_client(o):
    converse(o, "oidc_indie.mjs", o.browser("bob"), ISSUER + "/people/bob", ISSUER,
             o.micropub.id, o.micropub.secret)


def openid_client_own_page(o):
    converse(o, "oidc_indie.mjs", o.browser("ann"), "https://ann.example/", ISSUER,
             o.micropub.id, o.micropub.secret)


def helper(o):
    """It has neither PKCE (its challenge is hexadecimal) nor grant_type."""
    o.p.stop()
    o.p.conf["old_clients"] = "yes"
    o.p.start()
    converse(o, "oidc_indie_old.mjs", o.browser("ann"), "https://ann.example/")


def microformats(o):
    r = o.p.get(BASE + "/people/bob")
    got = mf2py.parse(doc=r.body.decode(), url=ISSUER + "/people/bob")
    assert got["rels"]["indieauth-metadata"] == [META], got
    assert got["rels"]["authorization_endpoint"] == [ISSUER + "/authorize"], got
    assert got["rels"]["token_endpoint"] == [ISSUER + "/token"], got
    card = [i for i in got["items"] if i["type"] == ["h-card"]][0]["properties"]
    assert card["url"] == card["uid"] == [ISSUER + "/people/bob"], card
    assert card["name"] == ["bob"], card


CASES = [("openid-client, a client id that is an address, a page of the provider", openid_client),
         ("openid-client, a page of one's own", openid_client_own_page),
         ("indieauth-helper, with old_clients", helper),
         ("mf2py reads the person's page", microformats)]


def main():
    failed = 0
    print("1..%d" % len(CASES), flush=True)
    with tempfile.TemporaryDirectory() as directory:
        net = World(directory, {**indieworld.PAGES,
                                "/": answer(MINE, "200 OK", "text/html; charset=utf-8")})
        run("ip", "addr", "add", PROXY + "/32", "dev", "lo")
        net.names.names["id.example.org"] = [PROXY]
        net.names.names["ann.example"] = net.names.names["app.example"]
        front = Front(net, PROXY, 443, net.ca.context(["id.example.org"]), {})
        for s in net.public:
            if s.sock.getsockname()[1] == 443:
                s.context = net.ca.context(["app.example", "ann.example"])
        with indieworld.provider(directory + "/op", net) as o:
            front.port = o.p.port
            for n, (name, fn) in enumerate(CASES, 1):
                good = True
                try:
                    fn(o)
                except Exception:  # pylint: disable=broad-except
                    good = False
                    sys.stderr.write("--- %s\n%s" % (name, traceback.format_exc()))
                failed += not good
                print("%sok %d - %s" % ("" if good else "not ", n, name), flush=True)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
