"""ssh.sock and what no friend sends: cut messages, lengths that lie, too much of everything,
thousands of clients, noise.  Afterwards a good client is served by the same processes."""

import contextlib
import random
import resource
import socket
import sys
import time

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hardening import SANITIZED
from ownkey import run_parallel, status_of, until
from policy import Pinentry
from sshdoor import (EXT_FAILURE, FAILURE, SUCCESS, Door, add_request, bind, destination, door, hop,
                     restricted, sign_request, u32, vault_key)
from ssh_keys import SESSION, Key, string, strings, userauth

FRAME_MAX = 256 * 1024
PATIENCE = 5


def sshsig(namespace, digest=bytes(64), name=b"sha512"):
    return b"SSHSIG" + string(namespace) + string(b"") + string(name) + string(digest)


def proof(host, session):
    """The host's signature over the session id."""
    raw = Ed25519PrivateKey.from_private_bytes(host.private).sign(session)
    return string(b"ssh-ed25519") + string(raw)


def bound(host, session=SESSION, forwarded=False, signature=None):
    return bind(host.blob, session, signature or proof(host, session), forwarded)


@contextlib.contextmanager
def victim(directory, **conf):
    """An agent with a key of the vault that signs freely, and the same processes at the end."""
    with door(directory, **conf) as (agent, _, person, t):
        vault_key(agent, person)
        ids = agent.role("front"), agent.role("vault")
        key = Key.__new__(Key)
        key.alg = "ed25519"
        with Door(agent) as d:
            key.blob = d.list()[0][0]
        yield agent, t, key
        with Door(agent) as d:
            assert (key.blob, b"me@vault") in d.list()
            assert strings(d.sign(key.blob, userauth(key)))[0] == b"ssh-ed25519"
        assert ids == (agent.role("front"), agent.role("vault")), "a process died"


def ended(sock, within=PATIENCE + 2):
    """The other side closes it; what it said before."""
    sock.settimeout(within)
    out = b""
    with contextlib.suppress(ConnectionResetError):
        while True:
            got = sock.recv(65536)
            if not got:
                break
            out += got
    return out


def messages(directory, key):
    """{name: (a good message, lengths at which it is a shorter good one)}"""
    added, host = Key(directory, "ed25519", "added"), Key(directory, "ed25519", "host")
    limits = b"\x01" + u32(1000) + b"\x02" + restricted(
        destination(b"host", [host.blob], came=hop(host=b"from", keys=[host.blob])))
    plain = len(add_request(added, constraints=b""))
    return {
        "list": (b"\x0b", ()),
        "login": (sign_request(key.blob, userauth(key, hostkey=host.blob)), ()),
        "file": (sign_request(key.blob, sshsig(b"file")), ()),
        "bind": (bound(host), ()),
        "query": (b"\x1b" + string(b"query"), ()),
        "add": (add_request(added), ()),
        "add limited": (add_request(added, constraints=limits), (plain, plain + 5, plain + 6)),
        "remove": (b"\x12" + string(added.blob), ()),
        "lock": (b"\x16" + string(b"open sesame"), ()),
        "unlock": (b"\x17" + string(b"open sesame"), ()),
        "remove all": (b"\x13", ()),
    }


def cut(directory):
    """each message cut at each byte: refused; with what is missing announced: closed"""
    with victim(directory) as (agent, _, key):
        for name, (whole, good) in messages(directory, key).items():
            for n in range(len(whole)):
                with Door(agent) as d:
                    if n == 0:
                        d.send(b"")
                        assert ended(d.sock) == b"", name
                        continue
                    reply = d.ask(whole[:n])
                    if n in good:
                        assert reply == SUCCESS, (name, n)
                    else:
                        assert reply in (FAILURE, bytes([EXT_FAILURE])), (name, n, reply)
            for n in range(len(whole) + 4):
                with Door(agent) as d:
                    d.sock.sendall(string(whole)[:n])
                    d.sock.shutdown(socket.SHUT_WR)
                    assert ended(d.sock) == b"", (name, n)
            if name == "remove all":
                return
            with Door(agent) as d:
                assert d.ask(whole)[0] != FAILURE[0] or name in ("remove", "unlock"), name
                if name == "lock":
                    assert d.ask(b"\x17" + string(b"open sesame")) == SUCCESS


def half(directory):
    """half a message: closed after five seconds, counted from its first byte"""
    with victim(directory) as (agent, _, key):
        doors, began = [], time.monotonic()
        for whole, _ in messages(directory, key).values():
            frame = string(whole)
            for n in sorted({1, 3, 4, 5, len(frame) // 2, len(frame) - 1}):
                if n < len(frame):
                    doors.append(Door(agent))
                    doors[-1].sock.sendall(frame[:n])
        for size in (2, FRAME_MAX - 1, FRAME_MAX):
            doors.append(Door(agent))
            doors[-1].sock.sendall(u32(size) + b"\x0b")
        drip = Door(agent)
        drip.sock.sendall(u32(100))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(16):
                drip.sock.sendall(b"\x0d")
                time.sleep(0.5)
        assert ended(drip.sock) == b""
        for d in doors:
            assert ended(d.sock) == b""
            d.sock.close()
        assert 4 < time.monotonic() - began < 60


def lengths(directory):
    """lengths that lie: of the message, and of each string in it"""
    lies = (0, 1, 0x7fffffff, 0x80000000, 0xffffffff, FRAME_MAX, FRAME_MAX + 1)
    with victim(directory) as (agent, _, key):
        for size in (0, FRAME_MAX + 1, 0x7fffffff, 0xffffffff):
            began = time.monotonic()
            with Door(agent) as d:
                d.sock.sendall(u32(size) + b"\x0b" * 16)
                assert ended(d.sock) == b""
            assert time.monotonic() - began < 4, "it was waited for"
        with Door(agent) as d:
            # one byte, and the rest is the next message
            d.sock.sendall(u32(1) + b"\x0b" + string(b"\x0b"))
            assert d.receive()[0] == d.receive()[0] == 12
        with Door(agent) as d:
            for size in (64 * 1024, FRAME_MAX):
                request = sign_request(key.blob, bytes(size - 9 - len(key.blob) - 4))
                assert len(request) == size and d.ask(request) == FAILURE
                assert d.ask(b"\x0b")[0] == 12
        for name, (whole, _) in messages(directory, key).items():
            if "lock" in name or "remove" in name:
                continue
            for at in range(1, len(whole) - 3):
                for lie in lies:
                    bad = whole[:at] + u32(lie) + whole[at + 4:]
                    # only where a length is
                    if whole[at:at + 2] != b"\0\0" or bad == whole:
                        continue
                    with Door(agent) as d:
                        reply = d.ask(bad)
                        assert reply[0] in (5, 6, 14, 28), (name, at, lie, reply)


def constraints(directory):
    """1,000 destinations are kept, 1,001 refused; unknown and doubled limits; nothing is added"""
    with victim(directory) as (agent, _, _key):
        key, host = Key(directory, "ed25519", "added"), Key(directory, "ed25519", "host")
        other = Key(directory, "ed25519", "other")

        def has():
            with Door(agent) as d:
                return key.blob in [b for b, _ in d.list()]

        one = destination(b"host", [host.blob])
        life, ask = b"\x01" + u32(60), b"\x02"
        bad = {
            "1001": restricted(*[one] * 1001), "none": restricted(), "twice": restricted(one) * 2,
            "type 3": b"\x03" + u32(1), "type 0": b"\0", "type 254": b"\xfe" + string(b"x"),
            "unknown": b"\xff" + string(b"nothing@example.org") + string(b"x"),
            "provider": b"\xff" + string(b"sk-provider@openssh.com") + string(b"internal"),
            "certificates": b"\xff" + string(b"associated-certs-v00@openssh.com") + b"\1"
                            + string(b""),
            "no name": b"\xff" + string(b"") + string(b""),
            "two lives": life * 2, "two questions": ask * 2, "behind": life + b"\xff",
            "no keys": restricted(destination(b"host", [])),
            "no host": restricted(destination(b"", [host.blob])),
            "from a user": restricted(destination(b"host", [host.blob], came=hop(
                b"me", b"from", [host.blob]))),
            "from keys alone": restricted(destination(b"host", [host.blob], came=hop(
                keys=[host.blob]))),
            "65 keys": restricted(destination(b"host", [host.blob] * 65)),
            "no key": restricted(destination(b"host", [b"x"])),
            "a long name": restricted(destination(b"h" * 5000, [host.blob])),
        }
        for name, limits in bad.items():
            with Door(agent) as d:
                assert d.ask(add_request(key, constraints=limits)) == FAILURE, name
                assert d.ask(add_request(key, constraints=life + limits)) == FAILURE, name
            assert not has(), name
        with Door(agent) as d:
            good = restricted(*[one] * 999, destination(b"host", [host.blob], user=b"alice"))
            assert d.ask(add_request(key, constraints=life + good + ask)) == SUCCESS
            assert d.ask(add_request(key, constraints=good)) == SUCCESS
        with Door(agent) as d:
            assert d.ask(bound(host)) == SUCCESS
            assert d.sign(key.blob, userauth(key, hostkey=host.blob))
        with Door(agent) as d:
            assert d.ask(bound(other)) == SUCCESS
            assert d.ask(b"\x12" + string(key.blob)) == FAILURE, "not from another host"
        with Door(agent) as d:
            assert d.ask(b"\x12" + string(key.blob)) == SUCCESS


def binds(directory):
    """16 binds, not 17; a wrong signature, another host, behind a login: no restricted key then"""
    with victim(directory) as (agent, _, free):
        key, host = Key(directory, "ed25519", "added"), Key(directory, "ed25519", "host")
        other = Key(directory, "ed25519", "other")
        here = destination(b"host", [host.blob])
        on = destination(b"host", [host.blob], came=hop(host=b"host", keys=[host.blob]))
        with Door(agent) as d:
            assert d.ask(add_request(key, constraints=restricted(here, on))) == SUCCESS
        sessions = [bytes([n]) * 32 for n in range(1, 18)]
        failure = bytes([EXT_FAILURE])

        def usable(d, session=SESSION):
            data = userauth(key, hostkey=host.blob).replace(string(SESSION), string(session), 1)
            listed = key.blob in [b for b, _ in d.list()]
            signed = d.sign(key.blob, data) is not None
            assert not (signed and not listed)
            # that key is nobody's business
            assert d.sign(free.blob, userauth(free))
            return signed
        with Door(agent) as d:
            assert not usable(d)
            for s in sessions[:15]:
                assert d.ask(bound(host, s, forwarded=True)) == SUCCESS
            assert d.ask(bound(host, sessions[0], forwarded=True)) == SUCCESS  # nothing new
            assert d.ask(bound(host, sessions[15])) == SUCCESS
            assert usable(d, sessions[15]) and not usable(d, sessions[0])
        with Door(agent) as d:
            for s in sessions[:16]:
                assert d.ask(bound(host, s, forwarded=True)) == SUCCESS
            assert d.ask(bound(host, sessions[16])) == failure
            assert not usable(d, sessions[16]) and not usable(d, sessions[15])
        good = proof(host, SESSION)
        wrong = [bound(host, signature=s) for s in (
            proof(other, SESSION), proof(host, b"another"), good[:-1], good + b"x", b"x",
            string(b"ssh-ed25519") + string(bytes(64)), string(b"ssh-rsa") + good[15:])]
        wrong += [bind(b"x", SESSION, good), bind(host.blob, b"", proof(host, b"")),
                  bind(host.blob, b"s" * 129, proof(host, b"s" * 129))]
        for n, message in enumerate(wrong):
            with Door(agent) as d:
                assert d.ask(message) == failure, n
                assert not usable(d), n
                # as with OpenSSH's agent: a good one makes it good
                assert d.ask(bound(host)) == SUCCESS and usable(d), n
        for first, second, left in (
                (bound(host), bound(other), True), (bound(host), bound(host, b"another"), True),
                (bound(other), bound(host), False),
                (bound(other, forwarded=True), bound(host), False),
                (bound(host, forwarded=True), bound(other, forwarded=True), False)):
            with Door(agent) as d:
                assert d.ask(first) == SUCCESS and d.ask(second) == failure
                assert usable(d) == left


def numbers(directory):
    """messages of version 1, smartcards, numbers that nobody has: refused, one goes on"""
    with victim(directory) as (agent, _, key), Door(agent) as d:
        # 9: SSH_AGENTC_REMOVE_ALL_RSA_IDENTITIES, that ssh-add -D sends, too
        known = {9, 11, 13, 17, 18, 19, 22, 23, 25, 27}
        for n in set(range(256)) - known:
            for body in (b"", string(b"x"), string(key.blob) + string(b"x") + u32(0)):
                assert d.ask(bytes([n]) + body) == FAILURE, n
        for name in (b"", b"nothing@example.org", b"session-bind@openssh.com\0", b"x" * 300):
            assert d.ask(b"\x1b" + string(name) + b"rest") == FAILURE, name
        assert d.ask(b"\x1b" + string(b"query") + b"rest") == bytes([EXT_FAILURE])


def typed(directory):
    """only logins and SSHSIG are signed; odd namespaces are shown harmless"""
    pinentry = Pinentry(directory, "ok")
    with victim(directory, pinentry=pinentry.path) as (agent, _, key), Door(agent) as d:
        rng = random.Random(1)
        whole = userauth(key, hostkey=key.blob)
        for data in [b"", b"x", bytes(32), bytes(64), whole + b"x", whole[1:], b"SSHSIG",
                     sshsig(b""), sshsig(b"x" * 256), sshsig(b"file", bytes(32)),
                     sshsig(b"file", bytes(64), b"sha256"), sshsig(b"file", bytes(20), b"sha1"),
                     sshsig(b"file") + b"x", b"x" + sshsig(b"file"),
                     *[rng.randbytes(rng.randrange(1, 300)) for _ in range(200)]]:
            assert d.sign(key.blob, data) is None, data
        assert d.sign(b"x", whole) is None and d.sign(b"", whole) is None
        added = Key(directory, "ed25519", "added")
        assert d.ask(add_request(added, constraints=b"\x02")) == SUCCESS
        for odd in (b"\x1b[31mfile", b"file\nnamespace git", b"a\0b", b"%0A", b"n" * 255,
                    "dat\u202eei".encode()):
            pinentry.set("ok")
            sig = d.sign(added.blob, sshsig(odd))
            if not sig:
                assert min(odd) < 32 and not pinentry.questions(), odd
                continue
            Ed25519PrivateKey.from_private_bytes(added.private).public_key().verify(
                strings(sig)[1], sshsig(odd))
            said = pinentry.said()
            assert "\x1b" not in said and "\0" not in said and "\u202e" not in said, said
            assert len(pinentry.questions()) == 1
            lines = [l.strip() for l in said.replace("%0A", "\n").split("\n")]
            assert "namespace git" not in lines
        # bytes that are no text
        pinentry.set("ok")
        sig = d.sign(added.blob, sshsig(b"\xff\xfe"))
        assert sig is None or "\udcff" not in pinentry.said()


def resident(agent):
    return sum(int(status_of(agent.role(r), "VmRSS")[0]) for r in ("front", "vault"))


def crowd(directory):
    """2,000 connections, slow ones among them: all are served, and the memory comes back"""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    with victim(directory) as (agent, _, key):
        request = string(sign_request(key.blob, userauth(key)))
        before = resident(agent)
        with contextlib.ExitStack() as stack:
            doors = [stack.enter_context(Door(agent, 60)) for _ in range(2000)]
            slow, good = doors[::10], [d for i, d in enumerate(doors) if i % 10]
            for n, d in enumerate(slow):
                d.sock.sendall(request[:1 + n % (len(request) - 1)])
            took = []
            for _ in range(2):
                began = time.monotonic()
                for d in good:
                    d.sock.sendall(request)
                for d in good:
                    assert d.receive()[0] == 14
                    took.append(time.monotonic() - began)
            for d in slow:
                assert ended(d.sock, 15) == b""
            most = resident(agent)
            print("# 2,000 connections: %d kB more, slowest answer %.2f s" % (
                most - before, max(took)), flush=True)
            assert max(took) < 20
            if not SANITIZED:
                assert most - before < 64 * 1024
        until(lambda: SANITIZED or resident(agent) - before < 6 * 1024, "the memory to come back")


def deaf(directory):
    """one that never reads: bounded, and the others are served"""
    with victim(directory) as (agent, t, key):
        t.add(*[t.generate("key%d" % n) for n in range(20)])
        before = resident(agent)
        deaf_ones = []
        for request in (b"\x0b", sign_request(key.blob, userauth(key)), b"\x1b" + string(b"query")):
            d = Door(agent)
            deaf_ones.append(d)
            d.sock.setblocking(False)
            frames, end = string(request) * 20000, time.monotonic() + 3
            while frames and time.monotonic() < end:
                try:
                    frames = frames[d.sock.send(frames[:65536]):]
                except BlockingIOError:
                    time.sleep(0.01)
                except (BrokenPipeError, ConnectionResetError):
                    break
            began = time.monotonic()
            with Door(agent) as other:
                assert len(other.list()) == 21 and other.sign(key.blob, userauth(key))
            assert time.monotonic() - began < 10
        grew = resident(agent) - before
        print("# three that never read: %d kB" % grew, flush=True)
        assert SANITIZED or grew < 24 * 1024, grew
        for d in deaf_ones:
            d.sock.close()


def noise(directory):
    """10,000 frames of noise, half of them good messages with a few bytes changed"""
    with victim(directory) as (agent, _, key):
        rng = random.Random(4)
        good = [m for n, (m, _) in messages(directory, key).items()
                if "lock" not in n and "remove" not in n]
        before, d, closed = resident(agent), Door(agent), 0
        for n in range(10000):
            if n % 2:
                body = rng.randbytes(rng.randrange(1, 400))
            else:
                body = bytearray(rng.choice(good))
                for _ in range(rng.randrange(1, 6)):
                    body[rng.randrange(len(body))] = rng.choice((0, 1, 0x7f, 0xff, rng.randrange(
                        256)))
            if body[0] in (9, 18, 19, 22, 23):
                body = b"\x0d" + bytes(body[1:])
            try:
                reply = d.ask(bytes(body))
                assert reply[0] in (5, 6, 12, 14, 28, 29), reply
            except (EOFError, ConnectionResetError, BrokenPipeError):
                closed += 1
                d = Door(agent)
            if n % 500 == 499:
                d.sock.close()
                d = Door(agent)
        d.sock.close()
        # and raw bytes
        for _ in range(300):
            with Door(agent) as raw:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    raw.sock.sendall(rng.randbytes(rng.randrange(1, 2000)))
                    raw.sock.shutdown(socket.SHUT_WR)
                ended(raw.sock)
        grew = resident(agent) - before
        print("# noise: %d connections closed, %d kB more" % (closed, grew), flush=True)
        assert SANITIZED or grew < 12 * 1024, grew


CASES = [cut, half, lengths, constraints, binds, numbers, typed, deaf, noise]

if __name__ == "__main__":
    failed = run_parallel([(c.__doc__, c) for c in CASES], jobs=2)
    # alone: it takes all descriptors
    sys.exit(run_parallel([(crowd.__doc__, crowd)]) or failed)
