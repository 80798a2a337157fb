#!/usr/bin/python3
"""usage: B=build tests/bench/oidc.py [ROUNDS [SECONDS]]	(a part of make bench, or alone)

The provider and npm's oidc-provider in turns, one load (oidcload.c) for both: the same requests,
the same keys; theirs keeps everything in memory, ours in a database.  "one core": all processes of
a provider, the agent's included, on the first core and the load on the second; "two": all on both.
CPU is what all processes of the provider used for one, which says more than rates do on a machine
that does other things, too."""
import base64
import contextlib
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import oidc_rp  # noqa: E402  pylint: disable=wrong-import-position
import oidcd  # noqa: E402  pylint: disable=wrong-import-position
from ownkey import children, status_of, until  # noqa: E402  pylint: disable=wrong-import-position

BUILD = os.path.realpath(os.environ["B"])
LOAD = os.path.join(BUILD, "bench", "oidcload")
NPM = os.path.join(os.path.realpath(os.path.join(HERE, "..", "..")), "build", "npm")
NODE = NPM + "/node_modules/node/bin/node"
ALGS = ["ES256", "EdDSA", "RS256"]
CONNECTIONS = 16
CORES = sorted(os.sched_getaffinity(0))


def median(values):
    return statistics.median(values)


def basic(name, secret):
    return "Authorization: Basic " + base64.b64encode(("%s:%s" % (name, secret)).encode()).decode()


def proportional(pid):
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
        return int(next(line for line in f if line.startswith("Pss:")).split()[1])


def tree(pid):
    return [pid] + [p for c in children(pid) for p in tree(c)]


class Server:
    """What both are to the load: host, paths, clients by algorithm, a cookie, processes."""

    secrets = {}
    base = ""

    def pids(self):
        raise NotImplementedError

    def pin(self, cores):
        for pid in self.pids():
            os.sched_setaffinity(pid, cores)

    def cpu(self):
        """Seconds, in nanoseconds' steps."""
        total = 0
        for pid in self.pids():
            with open("/proc/%d/schedstat" % pid, encoding="ascii") as f:
                total += int(f.read().split()[0])
        return total / 1e9

    def memory(self):
        """kB: resident, each process with all it maps; proportional, shared pages shared out (None
        where the kernel does not show it: the agent's processes are not for others to look at)."""
        rss = sum(int(status_of(pid, "VmRSS")[0]) for pid in self.pids())
        with contextlib.suppress(PermissionError):
            return rss, sum(map(proportional, self.pids()))
        return rss, None

    def head(self, method, path, *headers):
        return "\r\n".join(["%s %s HTTP/1.1" % (method, path), "Host: " + self.host, *headers])

    def authorize(self, alg):
        query = {"client_id": alg.lower(), "redirect_uri": oidc_rp.REDIRECT, "scope": "openid",
                 "response_type": "code", "state": "0123456789abcdef", "nonce": "0123456789abcdef",
                 "code_challenge": oidc_rp.challenge_of("v" * 43), "code_challenge_method": "S256"}
        return self.paths["authorize"] + "?" + urllib.parse.urlencode(query)

    def flow(self, alg):
        form = urllib.parse.urlencode({"grant_type": "authorization_code",
            "redirect_uri": oidc_rp.REDIRECT, "code_verifier": "v" * 43})
        return ["303", self.head("GET", self.authorize(alg), "Cookie: " + self.cookie),
                "200", self.head("POST", self.paths["token"], oidc_rp.FORM,
                                 basic(alg.lower(), self.secrets[alg])), form + "&code=@CODE@"]

    def introspection(self):
        form = "token=" + self.token
        return ["200", self.head("POST", self.paths["introspect"], oidc_rp.FORM,
                                 basic("es256", self.secrets["ES256"])), form]

    def plain(self, name):
        return ["200", self.head("GET", self.paths[name])]

    def ask(self, method, path, *headers, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = dict(h.split(": ", 1) for h in headers)
        c.request(method, path, body, {"Host": self.host, **named})
        r = c.getresponse()
        return r.status, r.getheaders(), r.read()

    def one_flow(self, alg):
        """By hand, once: is it what it is taken for?"""
        status, headers, _ = self.ask("GET", self.authorize(alg), "Cookie: " + self.cookie)
        code = oidc_rp.query_of(dict((k.lower(), v) for k, v in headers)["location"])["code"]
        lines = self.flow(alg)
        status, _, body = self.ask("POST", self.paths["token"], oidc_rp.FORM,
            basic(alg.lower(), self.secrets[alg]), body=lines[-1].replace("@CODE@", code))
        got = json.loads(body)
        head = got["id_token"].split(".")[0]
        assert status == 200, body
        assert json.loads(base64.urlsafe_b64decode(head + "=="))["alg"] == alg, head
        self.token = got["access_token"]

    def load(self, step, connections, directory, seconds):
        """step: status, head, maybe body, and so on."""
        args, n, name = [], 0, os.path.join(directory, "step")
        while step:
            body = step.pop(2) if len(step) > 2 and not step[2].isdigit() else ""
            with open("%s%d" % (name, n), "w", encoding="ascii") as f:
                f.write(step[1] + "\r\n\r\n" + body)
            args += [step[0], "%s%d" % (name, n)]
            step, n = step[2:], n + 1
        start = self.cpu()
        done = subprocess.run([LOAD, "load", str(self.port), str(connections), str(seconds),
            *args], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        got = json.loads(done.stdout)
        # the load runs longer, to warm up
        got["cpu_us"] = (self.cpu() - start) / (got["per_s"] * (seconds + 0.3)) * 1e6
        return got


class Ours(Server):
    name = "ownkey-oidc"

    def __init__(self, op):
        self.op, self.p, self.port = op, op.p, op.p.port
        self.host = "id.example.org"
        self.paths = {n: oidc_rp.BASE + "/" + n for n in ("authorize", "token", "introspect")}
        self.paths["discovery"] = oidc_rp.BASE + "/.well-known/openid-configuration"
        self.paths["jwks"] = oidc_rp.BASE + "/jwks.json"
        self.browser, self.clients = op.browser(), []
        for alg in ALGS:
            c = op.client(alg.lower(), "--redirect", oidc_rp.REDIRECT, "--alg", alg)
            self.clients.append(c)
            self.secrets[alg] = c.secret
        op.allow()

    secrets = {}

    def warm(self):
        for alg, client in zip(ALGS, self.clients):
            client.code(self.browser)
            self.cookie = "%s=%s" % (oidc_rp.COOKIE, self.browser.cookies[oidc_rp.COOKIE])
            self.one_flow(alg)

    def pids(self):
        return tree(self.p.process.pid) + tree(self.op.agent.main_pid())

    def start_ms(self):
        self.p.stop()
        with open(self.p.log, "ab") as log:
            args = [os.path.join(BUILD, "ownkey-oidc"), "serve", "--config", self.p.path]
            begun = time.perf_counter()
            # pylint: disable-next=consider-using-with
            self.p.process = subprocess.Popen(args, env=self.p.env, stdout=log, stderr=log)
            return first_answer(self, begun)


class Theirs(Server):
    def __init__(self, directory):
        with open(NPM + "/node_modules/oidc-provider/package.json", encoding="utf-8") as f:
            self.name = "npm oidc-provider " + json.load(f)["version"]
        self.port, self.process = oidcd.free_port(), None
        self.host = "127.0.0.1:%d" % self.port
        self.paths = {"authorize": "/auth", "token": "/token", "jwks": "/jwks",
            "introspect": "/token/introspection", "discovery": "/.well-known/openid-configuration"}
        self.secrets, self.cookies = dict.fromkeys(ALGS, "s" * 43), {}
        self.log = os.path.join(directory, "peer.log")

    def start_ms(self):
        self.stop()
        with open(self.log, "ab") as log:
            begun = time.perf_counter()
            # pylint: disable-next=consider-using-with
            self.process = subprocess.Popen([NODE, os.path.join(HERE, "oidc.mjs"), NPM,
                str(self.port), oidc_rp.REDIRECT, "s" * 43], stdout=log, stderr=log)
            return first_answer(self, begun)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def pids(self):
        return tree(self.process.pid)

    @property
    def cookie(self):
        return "; ".join("%s=%s" % c for c in self.cookies.items() if "_session" in c[0])

    def warm(self):
        self.cookies = {}
        for alg in ALGS:
            path = self.authorize(alg)
            while True:
                cookies = "; ".join("%s=%s" % c for c in self.cookies.items())
                status, headers, body = self.ask("GET", path, "Cookie: " + cookies)
                assert status == 303, (status, body)
                for line in (v for k, v in headers if k.lower() == "set-cookie"):
                    name, _, value = line.split(";")[0].partition("=")
                    self.cookies[name] = value
                path = dict((k.lower(), v) for k, v in headers)["location"]
                if path.startswith(oidc_rp.REDIRECT):
                    break
                path = path.removeprefix("http://" + self.host)
            self.one_flow(alg)


def first_answer(server, begun):
    while True:
        with contextlib.suppress(OSError):
            if server.ask("GET", server.paths["discovery"])[0] == 200:
                return (time.perf_counter() - begun) * 1e3
        assert time.perf_counter() < begun + 30, "it does not answer"


# --- measuring ---

def ceiling(note, directory, seconds):
    """What the load reaches with a server that does nothing."""
    port = oidcd.free_port()
    floor = subprocess.Popen([LOAD, "floor", str(port)])
    s = Server()
    s.port, s.host, s.cookie, s.secrets = port, "floor", "c=" + "x" * 43, dict.fromkeys(ALGS, "s")
    s.paths, s.pids = {"authorize": "/a", "token": "/t"}, lambda: [floor.pid]
    try:
        time.sleep(0.2)
        s.pin(CORES[:1])
        step = s.flow("ES256")
        got = s.load(["200"] + step[1:], CONNECTIONS, directory, seconds)
        note("oidc-ceiling", got, "the load itself: %.0f/s of two requests each against a server"
             " that does nothing (%.1f us CPU each)" % (got["per_s"], got["client_cpu_us"]))
    finally:
        floor.kill()
        floor.wait()


def cases(server):
    """name, cores, connections, requests"""
    flows = [("flow " + a, c, n, server.flow(a)) for a in ALGS
             for c, n in ((1, CONNECTIONS), (2, CONNECTIONS), (2, 64), (2, 1))]
    return flows + [("introspection", 1, CONNECTIONS, server.introspection()),
                    ("discovery", 1, CONNECTIONS, server.plain("discovery")),
                    ("jwks", 1, CONNECTIONS, server.plain("jwks"))]


def one_round(servers, rows, directory, seconds):
    for i in range(len(cases(servers[0]))):
        for s in servers:
            s.warm()  # their store keeps the last 1000 things, and forgets clients' consents
            name, cores, connections, step = cases(s)[i]
            s.pin(CORES[:cores])
            os.sched_setaffinity(0, CORES[1:2] if cores == 1 else CORES)
            rows.setdefault((name, cores, connections), {}).setdefault(s.name, []).append(
                s.load(step, connections, directory, seconds))
            os.sched_setaffinity(0, CORES)


def show(note, key, case, ours, theirs):
    each = [[r["per_s"] for r in rows] for rows in (ours, theirs)]
    ratio = median([a / b for a, b in zip(*each)])
    less = median([b["cpu_us"] / a["cpu_us"] for a, b in zip(ours, theirs)])
    mid = [median([r[k] for r in rows]) for rows in (ours, theirs)
           for k in ("per_s", "p50_us", "p99_us", "cpu_us")]
    name, cores, connections = case
    note(key + " %s-%d-%d" % case, {"per_s": mid[0], "ratio": ratio, "cpu_ratio": less,
        "ours": ours, "theirs": theirs},
        "%-14s %s cores %3d conn  %6.0f/s p50 %5.0f p99 %6.0f us CPU %4.0f | %5.0f/s p50 %5.0f"
        " p99 %6.0f us CPU %5.0f | %5.1fx rate, %5.1fx CPU" % (name, cores, connections, *mid,
        ratio, less))


def starting(note, servers, rounds):
    for s in servers:
        ms = [s.start_ms() for _ in range(max(rounds, 5))]
        note("oidc-start " + s.name, ms, "%-28s start to the first discovery answer %6.1f ms"
             " [%.1f..%.1f]" % (s.name, median(ms), min(ms), max(ms)))


def remember(note, when, servers):
    got = [s.memory() for s in servers]
    for s, (rss, pss) in zip(servers, got):
        note("oidc-memory %s, %s" % (when, s.name), {"rss_kb": rss, "pss_kb": pss},
             "%-28s memory %-10s resident %6d kB, proportional %s kB (%d processes)"
             % (s.name, when, rss, pss, len(s.pids())))
    ratio = [b / a for a, b in zip(*got) if a]
    note("oidc-memory-ratio " + when, ratio, "%-28s memory %-10s %s; provider alone: resident %s kB"
         % ("", when, " and ".join("%.1fx" % r for r in ratio),
            status_of(servers[0].p.process.pid, "VmRSS")[0]))


def compare(note, key, directory, rounds, seconds):
    with oidc_rp.op(directory) as op:
        theirs = Theirs(directory)
        servers = [Ours(op), theirs]
        try:
            starting(note, servers, rounds)
            until(lambda: op.p.get(oidc_rp.BASE + "/health").status == 200, "it can sign")
            for s in servers:
                s.warm()
            remember(note, "at start", servers)
            rows = {}
            for _ in range(rounds):
                one_round(servers, rows, directory, seconds)
            for case, got in rows.items():
                show(note, key, case, *[got[s.name] for s in servers])
            remember(note, "after load", servers)
        finally:
            theirs.stop()


def elsewhere(note, directory, rounds, seconds):
    """The database on tmpfs: is it the disk that we wait for?"""
    with oidc_rp.op(directory) as op:
        ours = Ours(op)
        ours.warm()
        for alg in ALGS:
            got = [ours.load(ours.flow(alg), CONNECTIONS, directory, seconds)
                   for _ in range(rounds)]
            note("oidc-tmpfs " + alg, got, "flow %-9s 2 cores %3d conn  %6.0f/s, database on tmpfs"
                 % (alg, CONNECTIONS, median([g["per_s"] for g in got])))


def measure(note, rounds, seconds=1.0):
    if not os.path.exists(NODE):
        print("\nproviders: npm's oidc-provider is not there (make deps-interop)")
        return
    print("\nproviders: %d interleaved rounds, medians; ours | npm's" % rounds)
    for kind, parent in (("disk", None), ("tmpfs", "/dev/shm")):
        directory = tempfile.mkdtemp(dir=parent)
        try:
            if kind == "disk":
                ceiling(note, directory, seconds)
                compare(note, "oidc", directory, rounds, seconds)
            else:
                elsewhere(note, directory, rounds, seconds)
        finally:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    measure(lambda _key, _value, text: print(text, flush=True),
        int(sys.argv[1]) if sys.argv[1:] else 3, float(sys.argv[2]) if sys.argv[2:] else 1.0)
