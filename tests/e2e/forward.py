"""A forwarded token (DESIGN 7): two machines, a token at home, all that the other side sends and
gets recorded; Debian's python3-fido2 as a client that wants more than it may have."""

import contextlib
import hashlib
import os
import random
import select
import socket
import sys
import threading
import time

from fido2 import cbor
from fido2.cose import ES256
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, Ctap2
from fido2.ctap2.pin import PinProtocolV1, PinProtocolV2
from fido2.hid import CTAPHID, CtapHidDevice
from fido2.hid.base import HidDescriptor

import audit
from job import BUILD
from ownkey import PIN, TOKEN, Agent, Person, Token, run_parallel, until
from softtoken import Connection
from terminal import Terminal

OWNKEY = os.path.join(BUILD, "ownkey")
HASH = hashlib.sha256(b"request").digest()
RP = "ownkey:vault"
LONG_PIN = "a PIN nobody sees"


class Wire(threading.Thread):
    """Between the two machines, where sshd would be: keeps every byte of both directions."""

    def __init__(self, path, target):
        super().__init__(daemon=True)
        self.path, self.target, self.seen = path, target, b""
        self.pairs, self.cut = [], False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(4)
        self.start()

    def run(self):
        while True:
            while self.cut and self.pairs:
                for s in self.pairs.pop():
                    s.close()
            ready, _, _ = select.select([self.listener, *sum(self.pairs, ())], [], [], 0.1)
            for s in ready:
                if s is self.listener:
                    self.begin(s.accept()[0])
                else:
                    self.move(s)

    def begin(self, one):
        other = socket.socket(socket.AF_UNIX)
        other.connect(self.target)
        self.pairs.append((one, other))

    def move(self, s):
        for pair in self.pairs:
            if s in pair:
                to = pair[1 - pair.index(s)]
                data = b""
                # who gives up with bytes unread resets the connection
                with contextlib.suppress(OSError):
                    data = s.recv(4096)
                    self.seen += data
                    to.sendall(data)
                if not data:
                    self.pairs.remove(pair)
                    s.close()
                    to.close()
                return


class Home:
    """The person's machine: an agent, a token, `ownkey token serve` on a terminal."""

    def __init__(self, directory, token, *args, name="me@server"):
        self.dir = os.path.join(directory, "home")
        os.makedirs(self.dir)
        self.token = token
        self.agent = Agent(self.dir, [token])
        self.socket = os.path.join(self.dir, "t")
        self.args = [OWNKEY, "token", "serve", "--socket", self.socket, "--label", name, *args]
        self.terminal = None
        self.owner = None

    def serve(self):
        self.agent.start()
        self.terminal = Terminal(self.args, self.agent.env, size=(24, 120))
        self.terminal.expect("may use a token")
        return self

    def pin(self, text):
        """It is read from when this stands there."""
        self.terminal.expect(r"(PIN|\(software token\)): ")
        self.terminal.type(text)

    def stop(self):
        if self.terminal:
            self.terminal.kill()
            assert self.terminal.end() in (0, 1)
            assert not os.path.exists(self.socket)
        self.agent.stop()


@contextlib.contextmanager
def machines(directory, *args, pin=PIN, person=None, faults=(), own=False, **conf):
    """Home and server; the server's vault opens with the token that is at home."""
    token = Token(directory, pin=pin, faults=faults)
    home = Home(directory, token, *args)
    server = Agent(os.path.join(directory, "server"), [token], **conf)
    wire = None
    try:
        server.start()
        server.init(Person(pin=pin))
        server.configure([], **conf)
        server.restart()
        if own:
            home.agent.start()
            home.owner = home.agent.init(Person(pin=pin))
            home.agent.stop()
        home.serve()
        token.tell("touch-mode", "delay=300")
        wire = Wire(os.path.join(directory, "w"), home.socket)
        yield home, server, wire
    except BaseException:
        sys.stderr.write(home.agent.said() + (home.terminal.text if home.terminal else ""))
        sys.stderr.write(server.said())
        raise
    finally:
        server.stop()
        home.stop()
        token.stop()


def unlock(server, wire, **kw):
    """On the server, by somebody who cannot be asked for anything."""
    client = server.client(Person(pin=None), interactive=False)
    return client, client.start("unlock", token="unix:" + wire.path, **kw)


def opened(client, request):
    reply = client.wait(request, timeout=60)
    assert reply.status == "OK", reply
    client.close()


# --- it works ---

def with_pin(directory):
    """PIN at home, touch at home; the server is open, and never saw the PIN"""
    with machines(directory, pin=LONG_PIN) as (home, server, wire):
        client, request = unlock(server, wire)
        home.terminal.expect(r"me@server asks \(its credential is used for the first time\).*PIN")
        home.pin(LONG_PIN)
        home.terminal.expect(r"touch your token now.*me@server asks")
        opened(client, request)
        assert LONG_PIN.encode() not in wire.seen and len(wire.seen) > 640
        assert hashlib.sha256(LONG_PIN.encode()).digest()[:16] not in wire.seen
        assert LONG_PIN not in server.said() and LONG_PIN not in home.agent.said()
        client = server.client()
        client.call("lock")
        client.close()
        # it is known now
        client, request = unlock(server, wire)
        home.terminal.expect("me@server asks: PIN of your")
        home.pin(LONG_PIN)
        opened(client, request)


def without_pin(directory):
    """a token without a PIN: the touch is enough, where the slot says so"""
    with machines(directory, pin=None) as (home, server, wire):
        client, request = unlock(server, wire)
        home.terminal.expect(r"touch your token now.*me@server asks")
        opened(client, request)


def wrong_pin(directory):
    """a mistyped PIN, or folder: asked again at home, and the server's request goes on"""
    with machines(directory) as (home, server, wire):
        gone = os.path.join(directory, "no", "t")
        done = home.agent.cli("token", "serve", "--socket", gone, "--label", "x")
        assert done.returncode == 1 and gone in done.stderr, done
        assert "its folder has to be there" in done.stderr, done
        client, request = unlock(server, wire)
        home.terminal.expect("PIN of your token")
        home.pin("9999")
        home.terminal.expect("7 tries left")
        home.terminal.expect("PIN of your token")
        home.pin(PIN)
        home.terminal.expect("touch your token now")
        opened(client, request)


def wrong_token(directory):
    """another token than the server's: it says so"""
    with machines(directory) as (home, server, wire):
        home.token.stop()
        os.remove(home.token.base + ".state")
        home.token.start()
        client, request = unlock(server, wire, nowait=True)
        with contextlib.suppress(AssertionError):
            home.pin(PIN)
        reply = client.wait(request, timeout=60)
        assert reply.status == "TOKEN_WRONG", reply


def pulled(directory):
    """the token is pulled while it waits for the touch"""
    with machines(directory, pin=None) as (home, server, wire):
        home.token.tell("touch-mode", "never")
        client, request = unlock(server, wire)
        home.terminal.expect("touch your token now")
        home.token.stop()
        reply = client.wait(request, timeout=60)
        assert reply.status in ("TOKEN_GONE", "TOKEN_IO", "TOKEN_ABSENT"), reply
        home.terminal.expect("note: ")
        home.token.start()
        client, request = unlock(server, wire)
        opened(client, request)


def lost(directory):
    """the connection is lost while it waits for the touch: the token stops blinking"""
    with machines(directory, pin=None) as (home, server, wire):
        home.token.tell("touch-mode", "never")
        client, request = unlock(server, wire)
        home.terminal.expect("touch your token now")
        until(home.token.is_waiting, "blinking")
        wire.cut = True
        reply = client.wait(request, timeout=60)
        assert reply.status in ("TOKEN_GONE", "TOKEN_IO"), reply
        until(lambda: not home.token.is_waiting(), "no blinking")


def cancelled_there(directory):
    """the server gives up: the token stops blinking, and the next one is served"""
    with machines(directory, pin=None) as (home, server, wire):
        home.token.tell("touch-mode", "never")
        client, request = unlock(server, wire)
        home.terminal.expect("touch your token now")
        until(home.token.is_waiting, "blinking")
        client.close()
        until(lambda: not home.token.is_waiting(), "no blinking")
        home.token.tell("touch-mode", "auto")
        client, request = unlock(server, wire)
        opened(client, request)


def own_vault(directory):
    """the key of the vault at home is not for others, unless the person says so"""
    for args, want in (((), "TOUCH_DENIED"), (("--same-vault",), "OK")):
        here = os.path.join(directory, "x" + want)
        os.makedirs(here)
        with machines(here, *args, pin=None, own=True) as (home, server, wire):
            server.stop()
            server.write(home.agent.read())
            for f in os.listdir(os.path.join(server.state, "ownkey")):
                os.remove(os.path.join(server.state, "ownkey", f))
            server.start()
            client, request = unlock(server, wire)
            if want == "OK":
                home.terminal.expect("may open the vault of THIS machine")
            reply = client.wait(request, timeout=60)
            assert reply.status == want, reply
            if want != "OK":
                home.terminal.expect("THIS machine: refused")


def other_name(directory):
    """a credential that one machine used is not for another"""
    with machines(directory, pin=None) as (home, server, wire):
        client, request = unlock(server, wire)
        opened(client, request)
        server.restart()
        home.terminal.kill()
        home.terminal.end()
        home.args[6] = "somebody@else"
        home.terminal = Terminal(home.args, home.agent.env, size=(24, 120))
        home.terminal.expect("may use a token")
        client, request = unlock(server, wire)
        assert client.wait(request, timeout=60).status == "TOUCH_DENIED"
        home.terminal.expect("somebody@else asked for the key of another machine's vault: refused")


def recorded(directory):
    """each touch for another machine is in the audit log of the vault that is open at home"""
    with machines(directory, pin=None, own=True) as (home, server, wire):
        home.agent.unlock(home.owner)
        for _ in range(2):
            client, request = unlock(server, wire)
            opened(client, request)
            server.restart()

        def touches():
            entries = audit.read(home.agent, home.owner)["entries"]
            found = audit.said(entries, kind="touch", op=audit.op("TOKEN_SERVE"))
            return sum(e.get("count", 1) for e in found)
        until(lambda: touches() == 2, "both are on the disk, long before the minute is over", 10)


def only_the_owner(directory):
    """a socket that is nowhere in the configuration: by the owner's request alone"""
    with machines(directory, pin=None) as (_, server, wire):
        client = server.client()
        for path in ("unix:relative", "unix:/" + "x" * 200, "/etc/passwd"):
            reply = client.ask("unlock", token=path, nowait=True)
            assert reply.status in ("TOKEN_ABSENT", "TOKEN_ACCESS"), (path, reply)
        reply = client.ask("unlock", token="unix:/nowhere", nowait=True)
        assert reply.status == "TOKEN_ABSENT", reply
        client.close()


# --- what it refuses: an independent client ---

def device(home):
    connection = Connection(home.socket)
    return CtapHidDevice(HidDescriptor("x", 0, 0, 64, 64), connection)


def denied(home, what, ctap_status, function, *args, **kw):
    try:
        function(*args, **kw)
    except CtapError as e:
        assert e.code == ctap_status, (what, e.code)
        home.terminal.expect(what + ": refused")
        return
    raise AssertionError("done: " + what)


def credential(token):
    """By somebody with the token itself."""
    dev = CtapHidDevice(HidDescriptor("x", 0, 0, 64, 64), Connection(token.socket))
    ctap = Ctap2(dev)
    kw = {}
    if token.pin:
        pin = ClientPin(ctap, PinProtocolV2())
        t = pin.get_pin_token(token.pin, ClientPin.PERMISSION.MAKE_CREDENTIAL, RP)
        kw = {"pin_uv_param": PinProtocolV2().authenticate(t, HASH), "pin_uv_protocol": 2}
    att = ctap.make_credential(HASH, {"id": RP, "name": RP}, {"id": b"u", "name": "u"},
                               [{"type": "public-key", "alg": ES256.ALGORITHM}],
                               extensions={"hmac-secret": True}, **kw)
    dev.close()
    data = att.auth_data.credential_data
    return {"type": "public-key", "id": data.credential_id}, data.public_key


@contextlib.contextmanager
def serving(directory, *args, pin=PIN, **kw):
    token = Token(directory, pin=pin, **kw)
    home = Home(directory, token, *args)
    try:
        home.serve()
        yield home, token
    except BaseException:
        sys.stderr.write(home.agent.said() + (home.terminal.text if home.terminal else ""))
        raise
    finally:
        home.stop()
        token.stop()


def shown(directory):
    """getInfo shows what is forwarded, and no more"""
    with serving(directory) as (home, _):
        info = Ctap2(device(home)).info
        assert info.extensions == ["hmac-secret"], info
        assert info.options == {"rk": False, "up": True, "uv": True, "plat": False}, info
        assert set(info.versions) <= {"FIDO_2_0", "FIDO_2_1"} and len(info.aaguid) == 16


def refused_commands(directory):
    """every other command, PIN command and relying party, by python3-fido2"""
    with serving(directory) as (home, token):
        cred, _ = credential(token)
        dev = device(home)
        ctap = Ctap2(dev)
        denied(home, "make a credential", 0x27, ctap.make_credential, HASH,
               {"id": RP, "name": RP}, {"id": b"u", "name": "u"},
               [{"type": "public-key", "alg": -7}])
        denied(home, "reset the token", 0x27, ctap.reset)
        denied(home, "touch that is bound to nothing", 0x27, ctap.selection)
        for cmd, what in ((9, "fingerprints"), (0x0a, "list of credentials"),
                          (0x0c, "stored on the token"), (0x0d, "settings of the token"),
                          (0x40, "fingerprints"), (0x41, "list of credentials")):
            denied(home, what, 0x27, ctap.send_cbor, cmd, {1: 1})
        for cmd in (0, 3, 5, 0x42, 0xff):
            denied(home, "unknown command", 0x01, ctap.send_cbor, cmd, {1: 1})
        dev.close()
        dev = device(home)
        ctap = Ctap2(dev)
        for sub in (3, 4):
            denied(home, "change the PIN", 0x27, ctap.client_pin, 2, sub)
        for sub in (5, 6, 9):
            denied(home, "typed at home only", 0x27, ctap.client_pin, 2, sub)
        denied(home, "unknown PIN command", 0x27, ctap.client_pin, 2, 99)
        for rp in ("example.org", "ownkey", "ownkey:", "Ownkey:vault", "ssh:", "ownkey;vault"):
            denied(home, "log in somewhere else", 0x27, ctap.get_assertion, rp, HASH, [cred])
        denied(home, "for which credential", 0x27, ctap.get_assertion, RP, HASH)
        denied(home, "without a touch", 0x27, ctap.get_assertion, RP, HASH, [cred],
               options={"up": False, "uv": True})
        dev.close()
        assert token.tell("waiting" if token.is_waiting() else "touch-mode", "auto") is not None
        # the token's own word: it was not touched by any of that
        again, _ = credential(token)
        assert again["id"] != cred["id"]


def secret(ctap, cred, protocol, **kw):
    agreement, shared = protocol.encapsulate(ctap.client_pin(protocol.VERSION, 2)[1])
    salt = protocol.encrypt(shared, b"s" * 32)
    auth = protocol.authenticate(shared, salt)
    a = ctap.get_assertion(
        RP, HASH, [cred],
        extensions={"hmac-secret": {1: agreement, 2: salt, 3: auth, 4: protocol.VERSION}}, **kw)
    return a, protocol.decrypt(shared, a.auth_data.extensions["hmac-secret"])


def independent(directory):
    """python3-fido2 gets the secret of its own credential: both protocols, with and without PIN"""
    with serving(directory) as (home, token):
        cred, key = credential(token)
        found = set()
        for protocol in (PinProtocolV1(), PinProtocolV2()):
            dev = device(home)
            a, plain = secret(Ctap2(dev), cred, protocol)
            a.verify(HASH, key)
            assert not a.auth_data.is_user_verified()
            answer = []
            ctap = Ctap2(dev)
            work = threading.Thread(
                target=lambda: answer.append(secret(ctap, cred, protocol, options={"uv": True})))
            work.start()
            home.terminal.expect("PIN of your token")
            home.pin(PIN)
            work.join(30)
            a, verified = answer[0]
            a.verify(HASH, key)
            assert a.auth_data.is_user_verified() and verified != plain and len(plain) == 32
            found |= {plain, verified}
            dev.close()
        assert len(found) == 2


def often(directory):
    """so many touches for one connection, and no more"""
    with serving(directory, pin=None) as (home, token):
        cred, _ = credential(token)
        ctap = Ctap2(device(home))
        for _ in range(8):
            ctap.get_assertion(RP, HASH, [cred])
        denied(home, "asked too often", 0x27, ctap.get_assertion, RP, HASH, [cred])


# --- bytes that are no token protocol ---

def raw(home):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(home.socket)
    return s


def report(cid, cmd, length, data=b""):
    return (cid + bytes([cmd]) + length.to_bytes(2, "big") + data).ljust(64, b"\0")[:64]


def read(s):
    data = b""
    while len(data) < 64:
        part = s.recv(64 - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def channel(s):
    s.sendall(report(b"\xff" * 4, 0x86, 8, b"nonce123"))
    r = read(s)
    assert r[7:15] == b"nonce123" and r[4] == 0x86
    return r[15:19]


def hostile_frames(directory):
    """CTAPHID: errors as the specification has them, and the next one is served"""
    with serving(directory, pin=None) as (home, _):
        s = raw(home)
        cid = channel(s)
        for out, want in (
                (report(b"\0\0\0\0", 0x86, 8), 0x0b), (report(b"\0\0\0\x63", 0x90, 1), 0x0b),
                (report(b"\xff" * 4, 0x90, 1), 0x0b), (report(b"\xff" * 4, 0x86, 7), 0x03),
                (report(cid, 0x90, 7610), 0x03), (report(cid, 0x90, 0), 0x03),
                (report(cid, 0x83, 1), 0x01), (report(cid, 0x88, 0), 0x01),
                (report(cid, 0x84, 1), 0x01), (report(cid, 0xff, 1), 0x01),
                (report(cid, 0x90, 100) + report(cid, 0x05, 0), 0x04),
                (report(cid, 0x90, 100) + report(cid, 0x90, 1), 0x04)):
            s.sendall(out)
            r = read(s)
            assert (r[4], r[7]) == (0xbf, want), (out[:8].hex(), r[:8].hex())
        other = channel(s)
        s.sendall(report(cid, 0x90, 100) + report(other, 0x90, 1, b"\4"))
        assert read(s)[7] == 0x06
        r = read(s)  # the rest never comes
        assert (r[:4], r[4], r[7]) == (cid, 0xbf, 0x05), r
        s.sendall(report(cid, 0x81, 5, b"hello"))
        assert read(s)[7:12] == b"hello"
        for _ in range(62):
            channel(s)
        s.sendall(report(b"\xff" * 4, 0x86, 8, b"nonce123"))
        assert read(s)[4] == 0xbf
        s.close()
        assert Ctap2(device(home)).info


def hostile_bytes(directory):
    """noise, half a report, an end in the middle of each: the next one is served"""
    with serving(directory, pin=None) as (home, _):
        dice = random.Random(4)
        for i in range(12):
            s = raw(home)
            with contextlib.suppress(OSError, EOFError):
                if i % 2:
                    cid = channel(s)
                    body = dice.randbytes(dice.randrange(1, 57))
                    s.sendall(report(cid, 0x90, len(body), bytes([2]) + body[1:]))
                    read(s)
                s.sendall(dice.randbytes(dice.randrange(1, 4000)))
            s.close()
        time.sleep(1)
        assert Ctap2(device(home)).info


def one_at_a_time(directory):
    """a second connection waits; one that says nothing does not keep it for ever"""
    with serving(directory, pin=None) as (home, _):
        first = raw(home)
        channel(first)
        start = time.monotonic()
        second = raw(home)
        second.settimeout(30)
        channel(second)
        assert 5 < time.monotonic() - start < 25
        second.close()
        first.close()


def canonical(directory):
    """requests that are not what they seem: keys twice, unknown ones, other types, too many"""
    with serving(directory, pin=None) as (home, token):
        cred, _ = credential(token)
        dev = device(home)
        good = {1: RP, 2: HASH, 3: [cred]}
        for bad in ({**good, 6: b"x" * 16, 7: 1}, {**good, 8: 1}, {**good, 2: b"short"},
                    {1: RP, 3: [cred]}, {**good, 3: [{"type": "x", "id": b"1"}]},
                    {**good, 3: [{"type": "public-key", "id": b"1"}] * 65},
                    {**good, 4: {"credBlob": True}},
                    {**good, 4: {"hmac-secret": True}}, {**good, 5: {"rk": True}},
                    {**good, 3: [{"type": "public-key", "id": b""}]}):
            answer = dev.call(CTAPHID.CBOR, b"\2" + cbor.encode(bad))
            assert answer == b"\x12", (bad, answer)
        whole = b"\2" + cbor.encode(good)
        for cut in range(2, len(whole)):
            if cut % 16 == 0:
                assert dev.call(CTAPHID.CBOR, whole[:cut]) == b"\x12"
        assert dev.call(CTAPHID.CBOR, whole + b"\0") == b"\x12"
        assert dev.call(CTAPHID.CBOR, b"\4\xa0")[0] == 0x01
        assert dev.call(CTAPHID.CBOR, b"\x08") == b"\x30"
        assert dev.call(CTAPHID.CBOR, whole)[0] == 0


TESTS = [
    with_pin, without_pin, wrong_pin, wrong_token, pulled, lost, cancelled_there, own_vault,
    other_name, recorded, only_the_owner, shown, refused_commands, independent, often,
    hostile_frames, hostile_bytes, one_at_a_time, canonical]

if __name__ == "__main__":
    assert TOKEN
    sys.exit(run_parallel([(t.__doc__, t) for t in TESTS], jobs=3))
