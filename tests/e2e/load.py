"""Many clients, slow ones and hostile ones: the others are served (DESIGN 3, 9)."""

import contextlib
import os
import resource
import select
import socket
import struct
import sys
import threading
import time

from ownkey import BUILD, OPS, Client, Person, encode, expect, run_parallel, until, world
from vault import Vault

# built with sanitizers
SANITIZED = b"__asan_init" in open(os.path.join(BUILD, "ownkey-agent"), "rb").read()
# patience: a loaded machine with two cores
BOUND = 8


@contextlib.contextmanager
def opened(directory):
    with world(directory, {}) as (agent, token):
        agent.init()
        with contextlib.closing(agent.client()) as c:
            c.call("secret.set", label="it", value=b"value", use=0)
            yield agent, token, c


@contextlib.contextmanager
def many(agent, n, **kw):
    clients = []
    try:
        for _ in range(n):
            clients.append(Client(agent, **kw))
        yield clients
    finally:
        for c in clients:
            c.close()


def timed(client, bound=BOUND, op="status", **params):
    start = time.monotonic()
    expect(client.ask(op, **params), "OK")
    took = time.monotonic() - start
    assert took < bound, "served after %.1f s" % took
    return took


def two_hundred(directory):
    """200 clients at once, each with requests under way"""
    with opened(directory) as (agent, _, _c):
        with many(agent, 200) as clients:
            start = time.monotonic()
            for _ in range(5):
                requests = [(c, c.start("secret.get", label="it")) for c in clients]
                for c, r in requests:
                    assert c.wait(r).result.value == b"value"
            assert time.monotonic() - start < 30


def all_kinds(directory):
    """200 clients, one with half a frame, one that floods: each is served in time"""
    with opened(directory) as (agent, _, _c):
        with many(agent, 200) as clients, hostile(agent) as (half, stop):
            began = time.monotonic()
            worst = max(timed(c, op="secret.get", label="it") for c in clients)
            # half a frame is given five seconds
            half.settimeout(30)
            assert half.recv(1) == b""
            took = time.monotonic() - began
            assert 3 < took < 30, took
            stop.set()
            assert worst < BOUND


@contextlib.contextmanager
def hostile(agent):
    half = socket.socket(socket.AF_UNIX)
    half.connect(agent.socket)
    half.sendall(struct.pack(">I", 100) + b"half")
    flood = Client(agent)
    frame = encode({1: OPS["status"][0], 2: 0xffff})
    stop = threading.Event()

    def run():
        n = 0
        flood.sock.settimeout(0.2)
        while not stop.is_set():
            n += 1
            frame = encode({1: OPS["status"][0], 2: n})
            try:
                flood.sock.sendall((struct.pack(">I", len(frame)) + frame) * 1)
            except TimeoutError:
                continue
            except OSError:
                return
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield half, stop
    finally:
        stop.set()
        thread.join()
        half.close()
        flood.close()
    del frame


def never_reads(directory):
    """a client that asks and never reads the answers is held back, the others are not"""
    with opened(directory) as (agent, _, c):
        c.call("secret.set", label="big", value=bytes(100000), use=0)
        deaf = Client(agent)
        deaf.sock.setblocking(False)
        number, frame = OPS["secret.get"][0], b""
        for i in range(2, 3000):
            body = encode({1: number, 2: i, 3: {1: "big"}})
            frame += struct.pack(">I", len(body)) + body
        end = time.monotonic() + 2
        while frame and time.monotonic() < end:
            _, w, _ = select.select([], [deaf.sock], [], 0.1)
            if w:
                try:
                    frame = frame[deaf.sock.send(frame):]
                except OSError:
                    break
        for _ in range(20):
            timed(c)
        rss = sum(int(line.split()[1]) for pid in (agent.role("front"), agent.role("vault"))
                  for line in open("/proc/%d/status" % pid, encoding="utf-8")
                  if line.startswith("VmRSS"))
        most = 256 if SANITIZED else 64  # shadow memory
        assert rss < most * 1024, "%d kB for a deaf client" % rss
        deaf.close()


def waits_for_touch(directory):
    """while an unlock waits for its touch, others are answered"""
    with opened(directory) as (agent, token, _):
        agent.lock()
        token.tell("touch-mode", "never")
        with many(agent, 50) as clients, contextlib.closing(agent.client()) as c:
            request = c.start("unlock")
            c.wait_event("TOUCH")
            until(token.is_waiting, "no touch is wanted")
            for other in clients:
                timed(other)
                expect(other.ask("secret.get", label="it"), "LOCKED")
            assert agent.status().jobs == 1
            token.tell("touch")
            expect(c.wait(request), "OK")
            for other in clients:
                expect(other.ask("secret.get", label="it"), "OK")


def in_flight(directory):
    """64 requests in flight wait; one more waits outside; each can be cancelled"""
    with opened(directory) as (agent, token, c):
        token.tell("touch-mode", "never")
        c.call("policy.set", label="it", use=2)
        requests = [c.start("secret.get", label="it") for _ in range(63)]
        until(token.is_waiting, "no touch is wanted")
        assert expect(c.ask("status"), "OK").result.jobs <= 63
        for request in requests:
            c.call("cancel", request=request)
        for request in requests:
            assert c.wait(request).status in ("CANCELLED", "LIMIT", "TOKEN_IO", "BUSY")
        assert not agent.status().jobs
        until(lambda: not agent.helpers(), "helpers are left")
        token.tell("touch-mode", "auto")
        token.tell("powercycle")
        expect(c.ask("secret.get", label="it"), "OK")


def cancels(directory):
    """cancelled, or its client left: helper and token are free again"""
    with opened(directory) as (agent, token, _):
        agent.lock()
        token.tell("touch-mode", "never")
        c = agent.client()
        request = c.start("unlock")
        c.wait_event("TOUCH")
        until(token.is_waiting, "no touch is wanted")
        expect(c.ask("cancel", request=request), "OK")
        expect(c.wait(request), "CANCELLED")
        until(lambda: not agent.helpers() and not token.is_waiting(), "it still waits")
        assert c.ask("cancel", request=request).status in ("OK", "NOTFOUND")
        c.events.clear()
        c.start("unlock")
        c.wait_event("TOUCH")
        until(token.is_waiting, "no touch is wanted")
        c.close()
        until(lambda: not agent.helpers() and not token.is_waiting(), "it still waits")
        person = Person()
        person.hold = {"NEED_PIN"}
        with contextlib.closing(agent.client(person)) as c:
            request = c.start("unlock")
            job = c.wait_event("NEED_PIN").job
            c.call("cancel", request=request)
            expect(c.wait(request), "CANCELLED")
            # its id is void
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                late = c.talk(job, "1234")
                late.settimeout(5)
                assert late.recv(1) == b""
        token.tell("touch-mode", "auto")
        expect(agent.unlock(), "OK")


def thousand(directory):
    """1,000 connections, and a limit that is one"""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with opened(directory) as (agent, _, c):
        with many(agent, 1000) as clients:
            for other in clients[::50]:
                timed(other)
            agent.lock()
            for other in clients[::50]:
                expect(other.ask("secret.get", label="it"), "LOCKED")
            expect(agent.unlock(), "OK")
            timed(clients[0], op="secret.get", label="it")
        timed(c)


def malformed(directory):
    """what is malformed ends its own connection, and nothing else"""
    with opened(directory) as (agent, _, c):
        ids = agent.role("vault"), agent.role("front")
        for junk in (b"\xff\xff\xff\xff", struct.pack(">I", 3) + b"\xff\xff\xff",
                     struct.pack(">I", 1) + b"\xa0", os.urandom(300), struct.pack(">I", 0),
                     struct.pack(">I", 7) + encode({1: 2, 2: 0}) + b"xx",
                     struct.pack(">I", 5) + bytes.fromhex("a2020101 02".replace(" ", "")),
                     struct.pack(">I", 9) + bytes.fromhex("a301020201a100 0000".replace(" ", ""))):
            s = socket.socket(socket.AF_UNIX)
            s.connect(agent.socket)
            s.sendall(junk)
            s.shutdown(socket.SHUT_WR)
            s.settimeout(10)
            with contextlib.suppress(ConnectionResetError):
                while s.recv(4096):
                    pass
            s.close()
            timed(c)
        # without a hello
        quiet = Client(agent, hello=False)
        assert quiet.ask("status").status == "FORMAT"
        quiet.close()
        # a number that is in use
        twice = Client(agent)
        twice.start("token.list")
        twice.next_id -= 1
        twice.start("status")
        with contextlib.suppress(EOFError, ConnectionResetError, KeyError):
            while twice.step() is None and len(twice.replies) < 3:
                pass
        twice.close()
        timed(c)
        assert ids == (agent.role("vault"), agent.role("front"))


def secret_sock(directory):
    """strangers at secret.sock: unknown ids, half ids, many of them"""
    with opened(directory) as (agent, _, _c):
        agent.lock()
        idle = []
        for _ in range(40):
            s = socket.socket(socket.AF_UNIX)
            s.connect(agent.secret)
            s.sendall(b"half")
            idle.append(s)
        wrong = socket.socket(socket.AF_UNIX)
        wrong.connect(agent.secret)
        wrong.sendall(bytes(16))
        wrong.settimeout(5)
        assert wrong.recv(1) == b""
        expect(agent.unlock(), "OK")
        for s in idle:
            s.settimeout(10)
            assert s.recv(1) == b""
            s.close()


def folding(directory):
    """a long journal is folded into the file in a pause, or when it is twice too long"""
    with opened(directory) as (agent, _, c):
        def journal():
            return len(Vault(agent.read()).journal)

        names = ["n%d" % i for i in range(150)]
        lengths = []
        for name in names:
            c.call("secret.set", label=name, value=b"x", use=0)
            lengths.append(journal())
        # not so many that go on while it is looked at, nor while the file is written
        assert max(lengths) < 150 * 4096 and lengths != sorted(lengths), lengths
        until(lambda: journal() <= 65536, "the journal to be folded")
        agent.lock()
        expect(agent.unlock(), "OK")
        for name in names:
            c.call("secret.get", label=name)


def killed(directory):
    """an agent that was killed makes room for the next one at once"""
    with world(directory, {}) as (agent, _):
        for _ in range(20):
            agent.process.kill()
            agent.process.wait()
            agent.start()


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        two_hundred, all_kinds, never_reads, waits_for_touch, in_flight, cancels, thousand,
        malformed, secret_sock, folding, killed)], jobs=2))
