"""ownkey-oidc as a web server.  Bad inputs are those of the field: two lengths, a length and
chunks, forged hosts, parameters without end, clients that do not come to an end."""

import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time

from job import BUILD
from oidcd import ISSUER, Response, Provider, raise_files, running
from ownkey import expect, run_parallel, until, world

OPENID = "/idp/.well-known/openid-configuration"
HOST = b"Host: id.example.org\r\n"
HEALTH = "/idp/health"


@contextlib.contextmanager
def signing(directory):
    with world(directory, {}) as (agent, _):
        person = agent.init()
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as owner:
            owner.call("id.add", service="oidc", account=ISSUER)
        with running(directory, agent) as p:
            until(lambda: p.get(HEALTH).status == 200, "it can sign")
            until(lambda: p.get("/idp/jwks.json").status == 200, "it has asked for the keys")
            yield agent, person, p


def discovery(directory):
    """oidcc-discovery-endpoint-verification: the documents, and what absence would mean"""
    with signing(directory) as (_, _, p):
        r = p.get(OPENID)
        d = r.json()
        assert r.status == 200 and r.get("content-type") == "application/json", r.raw
        assert r.get("access-control-allow-origin") == "*" and "max-age" in r.get("cache-control")
        assert d["issuer"] == ISSUER
        for path in ("/.well-known/openid-configuration/idp",
                     "/.well-known/oauth-authorization-server/idp",
                     "/idp/.well-known/oauth-authorization-server"):
            assert p.get(path).json() == d, path
        for path in ("/.well-known/openid-configuration", "/idp2" + OPENID[4:], OPENID + "/",
                     "/.well-known/oauth-authorization-server", "/idp/%2ewell-known/x",
                     "/idp/../idp/health", "//idp/health", "/IDP/health"):
            assert p.get(path).status == 404, path
        for name, value in d.items():
            if name.endswith("_endpoint") or name == "jwks_uri":
                assert value.startswith(ISSUER + "/"), (name, value)
        assert "RS256" in d["id_token_signing_alg_values_supported"]
        assert set(d["id_token_signing_alg_values_supported"]) <= {"RS256", "ES256", "EdDSA"}
        assert d["request_uri_parameter_supported"] is False
        assert d["request_parameter_supported"] is False
        assert d["claims_parameter_supported"] is False
        assert d["authorization_response_iss_parameter_supported"] is True
        assert d["code_challenge_methods_supported"] == ["S256"]
        assert d["grant_types_supported"] == ["authorization_code", "refresh_token"]
        assert "none" in d["token_endpoint_auth_methods_supported"]
        assert "openid" in d["scopes_supported"] and d["response_types_supported"] == ["code"]
        keys = p.get("/idp/jwks.json").json()["keys"]
        assert {k["alg"] for k in keys} >= set(d["id_token_signing_alg_values_supported"])
        assert len({k["kid"] for k in keys}) == len(keys)
        assert not any({"d", "p", "q", "dp", "dq", "qi", "k"} & set(k) for k in keys)


def locked(directory):
    """while the vault is locked, and without an agent: keys stay, health says so"""
    with signing(directory) as (agent, person, p):
        keys = p.get("/idp/jwks.json").json()
        agent.lock()
        until(lambda: p.get(HEALTH).status == 503, "it knows that it is locked")
        assert p.get(HEALTH).json()["agent"] == "locked"
        assert p.get("/idp/jwks.json").json() == keys
        agent.stop()
        until(lambda: p.get(HEALTH).json()["agent"] == "absent", "it misses the agent")
        assert p.get("/idp/jwks.json").json() == keys
        agent.start()
        expect(agent.unlock(person), "OK")
        until(lambda: p.get(HEALTH).status == 200, "it can sign again")
        assert p.get("/idp/jwks.json").json() == keys


def hosts(directory):
    """forged Host, X-Forwarded-Host, Forwarded, absolute form: the issuer does not change"""
    with running(directory, trusted_proxy=["unix", "127.0.0.1"]) as p:
        want = p.get(OPENID).body
        for raw in ("GET %s HTTP/1.1\r\nHost: evil.example\r\n" % OPENID,
                    "GET http://evil.example%s HTTP/1.1\r\nHost: evil.example\r\n" % OPENID,
                    "GET %s HTTP/1.1\r\nHost: a\r\nX-Forwarded-Host: evil.example\r\n"
                    "X-Forwarded-Proto: http\r\nX-Forwarded-Prefix: /x\r\n"
                    "Forwarded: host=evil.example\r\n" % OPENID):
            for unix in (False, True):
                assert p.raw(raw.encode() + b"Connection: close\r\n\r\n", unix).body == want, raw
        for raw in (b"GET %s HTTP/1.1\r\n\r\n", b"GET %s HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"):
            assert p.raw(raw % OPENID.encode()).status == 400, raw


NEXT = b"GET /idp/health?smuggled=1 HTTP/1.1\r\n" + HOST + b"\r\n"
TWO_WAYS = [
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
    b"Content-Length: 0\r\ncontent-length: 0\r\n\r\n",
    b"Content-Length: 0, 0\r\n\r\n", b"Content-Length: +0\r\n\r\n", b"Content-Length: -1\r\n\r\n",
    b"Content-Length: 0x0\r\n\r\n", b"Content-Length: 99999999999999999999\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"Content-Length: 5\r\n\r\nhello",  # a body where there is none
    b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    b"X\x01Y: a\r\n\r\n", b"X: a\x01b\r\n\r\n", b"no colon\r\n\r\n",
]


def framing(directory):
    """chunked smuggling and its kin: refused, and nothing behind it is answered"""
    with running(directory) as p:
        for headers in TWO_WAYS:
            for method in (b"GET", b"POST"):
                r = p.raw(method + b" /idp/jwks.json HTTP/1.1\r\n" + HOST + headers + NEXT)
                assert r.status in (400, 405, 413), (headers, r.raw)
                # libmicrohttpd sends its own 400 for a bad length twice, then hangs up
                assert b" 503 " not in r.raw and b" 200 " not in r.raw, (headers, r.raw)
        assert p.raw(b"GET /idp/jwks.json HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                     ).status == 400
        # what is not doubtful is answered, one after the other
        r = p.raw(NEXT * 2 + NEXT.replace(HOST, HOST + b"Connection: close\r\n"))
        for _ in range(3):
            assert r.status == 503, r.raw
            last, r = r, Response(r.rest) if r.rest else None
        assert r is None and not last.rest
        assert "smuggled" not in p.said()


def bounds(directory):
    """10k parameters, 1 MB of state, large bodies, many headers: refused, and it stays small"""
    with running(directory) as p:
        def q(s):
            return p.get(HEALTH + "?" + s).status
        assert q("a=1&" * 50) == 503
        assert q("a=1&" * 101) == 400
        assert q("a=1&" * 7000) == 400
        assert q("&".join("p%d=1" % i for i in range(10000))) in (400, 414, 431)
        assert q("state=" + "x" * 1000000) in (414, 431)
        assert q("state=" + "x" * 12000) == 503
        for bad in ("%", "a=%00", "a=%zz", "a=%C0%80", "a=%ED%A0%80", "a=%ff", "=b"):
            assert q(bad) == 400, bad
        many = ["X-H%d: 1" % i for i in range(150)]
        assert p.get(HEALTH, *many).status == 400
        assert p.get(HEALTH, "X: " + "y" * 60000).status in (400, 413, 431)
        assert p.get("/idp/" + "a" * 60000).status in (414, 431)
        form = "Content-Type: application/x-www-form-urlencoded"
        assert p.ask("POST", HEALTH, form, body=b"a=" + b"x" * 100000).status in (405, 413)
        before = int(p.status("VmRSS").split()[0])
        for _ in range(200):
            q("state=" + "x" * 1000000)
        # AddressSanitizer keeps what was freed
        assert int(p.status("VmRSS").split()[0]) < before + 4096 or BUILD.endswith("/san")


def methods(directory):
    """404, 405 with Allow, HEAD, OPTIONS, preflight; pages are protected"""
    with running(directory) as p:
        r = p.ask("DELETE", HEALTH)
        assert r.status == 405 and r.get("allow") == "GET, HEAD, OPTIONS", r.raw
        assert r.json()["error"] == "invalid_request"
        r = p.ask("HEAD", OPENID)
        assert r.status == 200 and int(r.get("content-length")) > 500 and not r.rest
        r = p.ask("OPTIONS", OPENID, "Origin: https://rp.example",
                  "Access-Control-Request-Method: GET")
        assert r.status == 204 and r.get("access-control-allow-origin") == "*", r.raw
        assert "Authorization" in r.get("access-control-allow-headers")
        assert "access-control-allow-credentials" not in r.headers
        assert "access-control-allow-origin" not in p.get(HEALTH).headers
        r = p.get("/idp/<script>")
        assert r.status == 404 and b"script>" not in r.body
        csp = r.get("content-security-policy")
        for part in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'",
                     "form-action 'self'"):
            assert part in csp, csp
        assert r.get("x-frame-options") == "DENY" and r.get("cache-control") == "no-store"
        assert r.get("referrer-policy") == "same-origin"
        assert r.get("x-content-type-options") == "nosniff"


def slow(directory):
    """slowloris: who does not come to an end is cut off, whatever bytes still come; others go on"""
    with running(directory) as p, contextlib.ExitStack() as stack:
        lazy = [stack.enter_context(contextlib.closing(p.connect())) for _ in range(300)]
        for s in lazy:
            s.sendall(b"GET /idp/health HTTP/1.1\r\n" + HOST)
        began, alive = time.monotonic(), set(lazy)
        while alive and time.monotonic() < began + 30:
            for s in list(alive):
                try:
                    s.sendall(b"X: y\r\n")
                except OSError:
                    alive.discard(s)
            at = time.monotonic()
            assert p.get(OPENID).status == 200 and time.monotonic() < at + 1
            time.sleep(0.5)
        assert not alive, "%d of them are still there" % len(alive)
        assert time.monotonic() > began + 15


def idle(directory):
    """10,000 idle connections: bounded memory, others are served; beyond, the idlest one goes"""
    most = raise_files()
    n = min(10000, most - 600)
    with running(directory, connections=n + 50) as p, contextlib.ExitStack() as stack:
        before = int(p.status("VmRSS").split()[0])
        for i in range(n):
            s = stack.enter_context(contextlib.closing(p.connect(unix=i % 2 == 0)))
            if i % 4 == 0:
                s.sendall(b"GET / HTTP/1.1\r\nX")
        at = time.monotonic()
        assert p.get(OPENID).status == 200
        took = time.monotonic() - at
        rss = int(p.status("VmRSS").split()[0])
        print("# %d idle connections: %d kB (%d before), discovery in %.1f ms" %
              (n, rss, before, took * 1000))
        assert rss < 120000 and took < 1
    with running(directory, connections=16) as p, contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(contextlib.closing(p.connect()))
        for _ in range(20):
            assert p.get(OPENID).status == 200


def flood(directory):
    """1,000 connections at once, half of which hang up in the middle: all others are answered"""
    with running(directory) as p, contextlib.ExitStack() as stack:
        socks = [stack.enter_context(contextlib.closing(p.connect())) for _ in range(1000)]
        for i, s in enumerate(socks):
            s.sendall(b"GET " + OPENID.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n" * (i % 2))
        for s in socks[::2]:
            s.close()
        for s in socks[1::2]:
            assert s.recv(65536).startswith(b"HTTP/1.1 200")


def restart(directory):
    """killed and started again at the same places; SIGTERM ends it cleanly"""
    with running(directory, metrics="unix:%s/metrics.sock" % directory) as p:
        idler = p.connect()
        for how, want in ((signal.SIGKILL, -9), (signal.SIGTERM, 0), (signal.SIGINT, 0)):
            assert p.stop(how) == want
            p.start()
            assert p.get(OPENID).status == 200 and p.get(OPENID, unix=True).status == 200
        print("# serves after %.1f ms" % (p.took * 1000))
        idler.close()
        taken = Provider(directory)
        taken.port, taken.log = p.port, directory + "/second.log"
        taken.conf["listen"] = "127.0.0.1:%d" % p.port
        r = subprocess.run([BUILD + "/ownkey-oidc", "serve", "--config", p.path], env=p.env,
                           capture_output=True, text=True, check=False, timeout=10)
        assert r.returncode and "listen" in r.stderr, r
        p.stop()


def confined(directory):
    """what a process that was taken over has: seccomp, no new rights, no core, nobody to signal"""
    with running(directory) as p:
        assert p.status("NoNewPrivs") == "1"
        if not BUILD.endswith("/san"):
            assert p.status("Seccomp") == "2", p.said()
        assert p.get("/idp/health").status == 503


def logs(directory):
    """no query, no token, no address in the log; addresses when wanted, from trusted proxies"""
    secret = "okat_" + "s" * 43
    with running(directory, log_level="debug") as p:
        p.get(HEALTH + "?code=" + secret, "Authorization: Bearer " + secret, "Cookie: a=" + secret,
              "X-Forwarded-For: 192.0.2.7")
        p.get("/idp/" + secret)
        p.ask("POST", HEALTH, "Content-Type: application/x-www-form-urlencoded",
              body=b"token=" + secret.encode())
        p.raw(b"GET /idp/" + secret.encode() + b" HTTP/9.9\r\n\r\n")
        assert "okat" not in p.said() and "192.0.2" not in p.said() and "127.0.0" not in p.said()
        until(lambda: "route=/health status=503" in p.said(), "a line for each")
        assert "okat" not in p.said()
    with running(directory, log_addresses="yes", trusted_proxy="unix") as p:
        p.get(HEALTH, "X-Forwarded-For: 198.51.100.9", unix=True)
        p.get(HEALTH, "X-Forwarded-For: 203.0.113.5")
        until(lambda: "address=127.0.0.1" in p.said(), "both lines")
        assert "address=198.51.100.9" in p.said() and "203.0.113.5" not in p.said()
        # a proxy that adds a header of its own to the client's (HAProxy): its own counts
        p.get(HEALTH, "X-Forwarded-For: 192.0.2.99", "X-Forwarded-For: 198.51.100.10", unix=True)
        until(lambda: "address=198.51.100.10" in p.said(), "a third line")
        assert "192.0.2.99" not in p.said()


def busy_store(directory):
    """a store that somebody else holds: health says so, and it comes back by itself"""
    with signing(directory) as (_, _, p):
        other = sqlite3.connect(directory + "/store/db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        r = p.get(HEALTH)
        assert r.status == 503 and r.json()["store"] != "ok" and r.json()["agent"] == "open", r.raw
        assert p.get(OPENID).status == 200
        other.execute("ROLLBACK")
        other.close()
        assert p.get(HEALTH).status == 200


def metrics(directory):
    """metrics have a door of their own, and only they are behind it"""
    with running(directory, metrics="unix:%s/metrics.sock" % directory) as p:
        p.get(OPENID)
        assert p.get("/metrics").status == 404 and p.get("/idp/metrics").status == 404
        p.sock = directory + "/metrics.sock"
        text = p.get("/metrics", unix=True).body.decode()
        assert 'responses_total{route="/.well-known/openid-configuration",class="2xx"} 1' in text
        assert "ownkey_oidc_vault_open 0" in text and "store_writable 1" in text
        assert p.get(OPENID, unix=True).status == 404


def activated(directory):
    """sockets of the service manager count instead of those of the file"""
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        p = Provider(directory)
        old, p.port = p.port, s.getsockname()[1]

        p.env = {**p.env, "LISTEN_FDS": "1", "LISTEN_FDNAMES": "http"}
        script = 'exec 3<&%d; LISTEN_PID=$$ exec "$0" "$@"' % s.fileno()
        with open(p.path, "w", encoding="utf-8") as f:
            f.writelines("%s = %s\n" % (k, v) for k, v in p.conf.items() if k != "listen")
            f.write("listen = 127.0.0.1:%d\n" % old)
        with subprocess.Popen(["/bin/bash", "-c", script, BUILD + "/ownkey-oidc", "serve",
                               "--config", p.path], env=p.env, pass_fds=[s.fileno()],
                              stderr=subprocess.DEVNULL) as process:
            try:
                assert p.get(OPENID).json()["issuer"] == ISSUER
                with contextlib.suppress(ConnectionRefusedError):
                    socket.create_connection(("127.0.0.1", old)).close()
                    raise AssertionError("it listens where the file says, too")
            finally:
                process.terminate()


def checks(directory):
    """check says what is wrong, in words, and changes nothing"""
    p = Provider(directory)

    def write(text):
        with open(p.path, "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(p.path, 0o600)
        return p.run("check")

    r = write("issuer = https://a.example/\n")
    assert r.returncode and "line 1" in r.stderr and "issuer" in r.stderr, r
    r = write("# x\nlissen = 1\n")
    assert r.returncode and "'lissen' is no option" in r.stderr, r
    r = write("issuer = https://a.example\nstore = %s/none\nagent = %s\n" % (directory, directory))
    assert r.returncode == 1 and "there is no such folder" in r.stdout, r
    assert "no agent answers" in r.stdout
    r = write("")
    assert r.returncode and "issuer is missing" in r.stderr, r
    os.mkdir(directory + "/w")
    with signing(directory + "/w") as (_, _, q):
        r = q.run("check")
        assert r.returncode == 0 and "wrong" not in r.stdout, r
        assert "ok    a key for RS256" in r.stdout and "trusted_proxy" in r.stdout, r


CASES = [(f.__doc__, f) for f in (
    discovery, locked, busy_store, hosts, framing, bounds, methods, slow, idle, flood, restart,
    confined, logs,
    metrics, activated, checks)]

if __name__ == "__main__":
    sys.exit(run_parallel(CASES, 4))
