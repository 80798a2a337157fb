"""ownkey-secrets and what no friend sends: calls of another shape, too much of everything, clients
that vanish or do not listen, what belongs to others.  Afterwards the same process serves others at
once, with the memory and the descriptors that it had, and the vault is what it was."""

import contextlib
import os
import signal
import sys
import time

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hardening import SANITIZED
from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call, new_signal
from ownkey import run_parallel, status_of, until
from secretbus import (DEFAULT, I, LOGIN, NAME, PORTAL, ROOT, VOLATILE, Caller, Error, refused)
from secrets_service import DH, QUERY, desktop, lock

PORTAL_PATH = "/org/freedesktop/portal/desktop"
PROPERTIES = "org.freedesktop.DBus.Properties"
DAEMON = "org.freedesktop.DBus"
P = int("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22"
        "514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6"
        "F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381"
        "FFFFFFFFFFFFFFFF", 16)
SECRET = "(oayays)"
MEGA = 1024 * 1024
KEPT_MOST = 24 * MEGA  # what may stay of any attack: the C library keeps some of what was freed


def memory(pid):
    return int(status_of(pid, "RssAnon")[0]) * 1024


def descriptors(pid):
    """How many there are: the kernel tells it to everybody as the size of the folder."""
    return os.stat("/proc/%d/fd" % pid).st_size


class Victim:
    def __init__(self, agent, token, bus, c):
        self.agent, self.token, self.bus, self.c = agent, token, bus, c
        self.pid = agent.service.process.pid
        self.item = c.create(QUERY, b"one")
        # what is there from the first call on
        self.served()
        self.before = descriptors(self.pid), memory(self.pid), agent.hash()
        self.wrote = False

    def lock(self):
        """... and nobody touches the token."""
        lock(self.agent, self.c)
        self.token.tell("touch-mode", "never")
        self.wrote = True

    def unlock(self):
        until(lambda: not self.token.is_waiting(), "nobody waits any more")
        self.token.tell("touch-mode", "auto")
        self.agent.unlock()
        until(self.c.is_open, "open")

    def caller(self):
        return contextlib.closing(Caller(self.bus))

    def served(self, within=10, locked=False):
        """Somebody new, at once."""
        start = time.monotonic()
        with self.caller() as c:
            found = c.search(QUERY)
            assert locked or found == [self.item], found
            assert len(found) == 1
            if not locked:
                assert c.get(self.item, "Item", "Label") == "Label"
                assert c.secret(self.item) == b"one"
        took = time.monotonic() - start
        assert took < within * (5 if SANITIZED else 1), "served after %.1f s" % took

    def unharmed(self, kept=KEPT_MOST):
        self.served()
        fds, rss, state = self.before
        # unlocking writes what is its own
        assert self.wrote or self.agent.hash() == state, "the vault has changed"
        assert self.c.search({}) == [self.item]
        until(lambda: descriptors(self.pid) == fds, "the descriptors that it had")
        assert SANITIZED or memory(self.pid) < rss + kept, (memory(self.pid) - rss) // 1024
        assert not self.agent.status().locked


@contextlib.contextmanager
def victim(directory, *answers, changes=False, **conf):
    """changes: friends change the vault meanwhile."""
    with desktop(directory, *answers, **conf) as (agent, token, bus, c):
        v = Victim(agent, token, bus, c)
        yield v
        if not changes:
            v.unharmed()
        assert agent.service.process.poll() is None


def error_of(c, serial, timeout=20):
    """The name of the error that answers it; None when it is none."""
    try:
        c.wait(serial, timeout)
    except Error as e:
        return e.name
    except TimeoutError as e:
        raise AssertionError("no answer to %d" % serial) from e
    return None


def errors_of(c, serials, timeout=30):
    """The names of the errors in whatever order they come, None for those that went well."""
    names, left, end = [], set(serials), time.monotonic() + timeout
    while left:
        m = c.take(max(0.001, end - time.monotonic()))
        if m and m.header.fields.get(HeaderFields.reply_serial) in left:
            left.remove(m.header.fields[HeaderFields.reply_serial])
            names.append(m.header.fields.get(HeaderFields.error_name))
    return names


# --- calls of another shape ---

def methods(v, c):
    """(path, interface, member, its signature), everything that there is."""
    session = c.plain()
    held = c.create({"v": "1"}, b"v", path=VOLATILE)
    rows = [
        (ROOT, "Service", "OpenSession", "sv"), (ROOT, "Service", "CreateCollection", "a{sv}s"),
        (ROOT, "Service", "SearchItems", "a{ss}"), (ROOT, "Service", "Unlock", "ao"),
        (ROOT, "Service", "Lock", "ao"), (ROOT, "Service", "GetSecrets", "aoo"),
        (ROOT, "Service", "ReadAlias", "s"), (ROOT, "Service", "SetAlias", "so"),
        (session, "Session", "Close", "")]
    for path in (LOGIN, DEFAULT, VOLATILE):
        rows += [(path, "Collection", "Delete", ""), (path, "Collection", "SearchItems", "a{ss}"),
                 (path, "Collection", "CreateItem", "a{sv}" + SECRET + "b")]
    for path in (v.item, held):
        rows += [(path, "Item", "Delete", ""), (path, "Item", "GetSecret", "o"),
                 (path, "Item", "SetSecret", SECRET)]
    rows = [(p, I + i, m, s, NAME) for p, i, m, s in rows]
    for path in (ROOT, LOGIN, VOLATILE, v.item, held, session):
        rows += [(path, PROPERTIES, "Get", "ss", NAME), (path, PROPERTIES, "GetAll", "s", NAME),
                 (path, PROPERTIES, "Set", "ssv", NAME),
                 (path, "org.freedesktop.DBus.Introspectable", "Introspect", "", NAME)]
    rows += [(PORTAL_PATH, "org.freedesktop.impl.portal.Secret", "RetrieveSecret", "osha{sv}",
              PORTAL)]
    return rows


def nested(n):
    value = ("s", "x")
    for _ in range(n):
        value = ("v", value)
    return value


SHAPES = [
    ("", ()), ("s", ("x",)), ("o", ("/",)), ("ss", ("a", "b")), ("so", ("a", "/")),
    ("v", (("i", 1),)), ("y", (255,)), ("b", (True,)), ("d", (float("nan"),)), ("g", ("aaai",)),
    ("sv", ("plain", ("a{sv}", {}))), ("sv", (DH, ("s", ""))), ("sv", (DH, nested(30))),
    ("ay", (b"\0" * 100,)), ("as", (["x"] * 10,)), ("ao", ([LOGIN],)), ("aoo", ([], "/")),
    ("aos", ([LOGIN], "x")), ("a{ss}", ({"a": "b"},)), ("a{sv}", ({"a": nested(20)},)),
    ("a{sv}s", ({I + "Collection.Label": ("i", 3)}, "")), ("aaas", ([[["x"]]],)),
    (SECRET, (("/", b"", b"x", ""),)), (SECRET + "b", (("/", b"", b"x", ""), True)),
    ("a{sv}(oayay)b", ({}, ("/", b"", b"x"), True)),
    ("a{sv}" + SECRET + "b", ({I + "Item.Attributes": ("a{sv}", {})}, ("/", b"", b"", ""), True)),
    ("a{sv}" + SECRET + "b", ({I + "Item.Label": nested(10)}, ("/", b"", b"", ""), True)),
    ("a{sv}" + SECRET + "s", ({}, ("/", b"", b"x", ""), "x")),
    ("ssv", ("a", "b", ("s", "c"))), ("ssv", (I + "Item", "Attributes", ("a{ss}", {1: 2}))),
    ("ssv", (I + "Item", "Locked", ("b", True))), ("ssv", (I + "Item", "Label", nested(5))),
    ("ssv", (I + "Collection", "Label", ("ay", b"x"))), ("osha{sv}", None)]
# those of their own shape that are right, and do what they say
RIGHT = {("SearchItems", "a{ss}"), ("ReadAlias", "s"), ("Unlock", "ao"), ("Lock", "ao"),
         ("Delete", ""), ("Close", ""), ("Introspect", ""), ("GetSecrets", "aoo")}


def shapes(directory):
    """every method with the arguments of every other: an error each, and nothing is done"""
    with victim(directory) as v, v.caller() as c:
        for path, interface, member, signature, to in methods(v, c):
            sent = []
            for shape, body in SHAPES:
                if body is None or (shape == signature and (member, shape) in RIGHT):
                    continue
                if interface == PROPERTIES and shape.startswith(signature):
                    continue  # sd-bus looks no further
                with contextlib.suppress(AttributeError, TypeError):  # jeepney cannot write it
                    sent.append((shape, c.start(path, interface, member, shape, *body, to=to)))
            assert len(sent) > 20
            for shape, serial in sent:
                assert error_of(c, serial), (path, member, shape)
        v.unharmed()
        assert c.search({"v": "1"}, VOLATILE)


ODD = ["/", ROOT + "/", ROOT + "s", ROOT + "/collection", ROOT + "/collection/none",
       LOGIN + "/0", LOGIN + "/" + "0" * 31, LOGIN + "/" + "0" * 32, LOGIN + "/" + "g" * 32,
       LOGIN + "/locked_", LOGIN + "/locked_0", LOGIN + "/locked_01", LOGIN + "/locked_1",
       LOGIN + "/locked_99999999999999999999", LOGIN + "/locked_18446744073709551617",
       LOGIN + "/locked_9223372036854775808", VOLATILE + "/1_", VOLATILE + "/99999999999999999999",
       VOLATILE + "/-1", ROOT + "/session/0", ROOT + "/session/99999999999999999999",
       ROOT + "/session/1_1", ROOT + "/prompt/1", ROOT + "/prompt/99999999999999999999",
       ROOT + "/aliases/none", ROOT + "/aliases/default_", ROOT + "/" + "a" * 4000,
       LOGIN + "/" + "a" * 60000, ROOT + "/collection/" + "a" * 65, LOGIN + "/a" * 2000]


def paths(directory):
    """paths of objects that there are not, cannot be, or that only look like one"""
    with victim(directory) as v, v.caller() as c:
        session = c.plain()
        odd = [p for p in ODD if "-" not in p and not p.endswith("/") or p == "/"]
        upper = LOGIN + "/" + v.item.rsplit("/", 1)[1].upper()
        if upper != v.item:
            odd.append(upper)
        odd += [v.item + "/x", v.item + "0", v.item[:-1]]
        for path in odd:
            for interface, member, signature, body in (
                    ("Item", "GetSecret", "o", (session,)), ("Item", "Delete", "", ()),
                    ("Item", "SetSecret", SECRET, ((session, b"", b"x", ""),)),
                    ("Collection", "Delete", "", ()), ("Collection", "SearchItems", "a{ss}", ({},)),
                    ("Session", "Close", "", ()), ("Prompt", "Prompt", "s", ("",)),
                    ("Prompt", "Dismiss", "", ())):
                serial = c.start(path, I + interface, member, signature, *body)
                assert error_of(c, serial), (path[:200], member)
            serial = c.start(path, PROPERTIES, "Set", "ssv", I + "Item", "Label", ("s", "x"))
            assert error_of(c, serial), path[:200]
        assert c.secrets(*odd) == {}
        assert c.unlock(*odd) == ([], "/")
        # those that only look locked_ are nobody's, and an item of another spelling is none
        v.unharmed()
        for path in ("//", "/a//b", "a", "", "/a/", "/\u00e4"):
            with v.caller() as bad, contextlib.suppress(Exception):
                bad.call(path, I + "Item", "GetSecret", "o", session, timeout=1)
        # sd-bus answers nothing to these
        for member in ("GetSecret", "Delete"):
            c.start(LOGIN + "/" + "a" * MEGA, I + "Item", member)
        v.unharmed()
        v.lock()
        for path in odd:
            for member, signature, body in (("GetSecret", "o", (session,)),
                                            ("SetSecret", SECRET, ((session, b"", b"x", ""),))):
                assert error_of(c, c.start(path, I + "Item", member, signature, *body)), path[:200]
        v.unlock()


# --- too much ---

def huge(directory):
    """attributes, labels, values, lists that are too many, or far too long"""
    with victim(directory) as v, v.caller() as c:
        big = "b" * (16 * MEGA)
        properties, secret = I + "Item.Attributes", (c.plain(), b"", b"x", "text/plain")

        def create(given, secret=secret, path=DEFAULT):
            return c.call(path, I + "Collection", "CreateItem", "a{sv}" + SECRET + "b", given,
                          secret, True)
        for path in (DEFAULT, VOLATILE):
            for a in ({"n%d" % i: "" for i in range(100000)}, {"a": big}, {big: "a"},
                      {"n%d" % i: "v" * 4097 for i in range(48)}):
                refused("LimitsExceeded", create, {properties: ("a{ss}", a)}, path=path)
                refused("LimitsExceeded", c.search, a, path)
            refused("LimitsExceeded", create, {I + "Item.Label": ("s", big)}, path=path)
            refused("LimitsExceeded", create, {}, (*secret[:2], big.encode(), ""), path=path)
            for wrong in ((secret[0], big.encode(), b"x", ""), (*secret[:3], big)):
                with contextlib.suppress(Error):
                    item, _ = create({properties: ("a{ss}", {"wrong": "1"})}, wrong, path)
                    c.call(item, I + "Item", "Delete")
        v.served()
        v.wrote = True
        # what nobody knows is skipped, however long
        for _ in range(3):
            with contextlib.suppress(Error):
                create({"x%d" % i: ("ay", bytes(8 * MEGA)) for i in range(4)}, path=VOLATILE)
        many = [LOGIN + "/%032x" % i for i in range(20000)]
        refused("LimitsExceeded", c.service, "GetSecrets", "aoo", many, c.plain())
        refused("LimitsExceeded", c.service, "Lock", "ao", many)
        refused("LimitsExceeded", c.unlock, *many)
        for input_ in (("ay", bytes(8 * MEGA)), ("s", big), ("v", ("s", big))):
            assert error_of(c, c.start(ROOT, I + "Service", "OpenSession", "sv", DH, input_))
        assert error_of(c, c.start(ROOT, I + "Service", "OpenSession", "sv", big, ("s", "")))
        assert c.service("ReadAlias", "s", big) == "/"
        refused("LimitsExceeded", c.set, v.item, "Item", "Label", "s", big)
        refused("LimitsExceeded", c.set, v.item, "Item", "Attributes", "a{ss}", {"a": big})
        for item in c.search({}, VOLATILE):
            c.call(item, I + "Item", "Delete")


def biggest(directory):
    """the most that is allowed is kept, and found"""
    with victim(directory, changes=True) as v, v.caller() as c:
        most = {"%0200d" % i: "v" * 4096 for i in range(4)} | {"%d" % i: "" for i in range(44)}
        item = c.create(most, bytes(128 * 1024), label="l" * 255)
        assert c.search(most) == [item] and c.secret(item) == bytes(128 * 1024)


def sessions(directory):
    """10,000 sessions: of one client, and of two hundred"""
    with victim(directory) as v:
        with v.caller() as c:
            sent = [c.start(ROOT, I + "Service", "OpenSession", "sv", "plain", ("s", ""))
                    for _ in range(10000)]
            errors = [error_of(c, s) for s in sent]
            assert errors.count(None) == 64 and len({*errors}) == 2, {*errors}
        v.unharmed()
        with contextlib.ExitStack() as all_:
            for n in range(200):
                c = all_.enter_context(v.caller())
                sent = [c.start(ROOT, I + "Service", "OpenSession", "sv", "plain", ("s", ""))
                        for _ in range(50)]
                assert not any([error_of(c, s) for s in sent])
                if n % 50 == 49:
                    v.served()

def crowd(directory):
    """as many clients as the bus lets in, each with what one may have"""
    with victim(directory) as v:
        v.lock()
        with contextlib.ExitStack() as all_:
            clients = []
            with contextlib.suppress(Exception):
                while len(clients) < 2000:
                    clients.append(all_.enter_context(v.caller()))
            assert len(clients) > 100, len(clients)
            # room for one more, who means well
            clients.pop().close()
            for n, c in enumerate(clients):
                c.plain()
                for i in range(4):
                    assert len(c.search({"n": str(n), "i": str(i)})) == 1
                c.prompt(c.unlock(LOGIN)[1])
            v.served(locked=True)
            assert SANITIZED or memory(v.pid) < v.before[1] + 64 * MEGA
        v.unlock()


def waiting(directory):
    """long messages that have to wait for the agent do not pile up"""
    with victim(directory) as v, v.caller() as c:
        front = v.agent.role("front")
        session = c.plain()
        os.kill(front, signal.SIGSTOP)
        try:
            # longer paths sd-bus does not take; 12 MB are refused, and soon 1.5 are, too
            junk = ["/%03d" % i + "x" * 65000 for i in range(190)]
            sent = [c.start(ROOT, I + "Service", "GetSecrets", "aoo", [v.item, *junk[:n]], session)
                    for n in [190] * 20 + [24] * 40]
            with v.caller() as other:
                assert other.search(QUERY) == [v.item]
            time.sleep(1)
            held = memory(v.pid) - v.before[1]
            assert SANITIZED or held < 32 * MEGA, "%d MB are held" % (held // MEGA)
        finally:
            os.kill(front, signal.SIGCONT)
        names = errors_of(c, sent)
        assert 5 < names.count(None) < 20 and len({*names}) == 2, {*names}
        assert c.secret(v.item) == b"one"


def deaf(directory):
    """a client that asks and never reads is nobody's business but its own"""
    with victim(directory, changes=True) as v:
        with v.caller() as c:
            big = c.create({"big": "1"}, bytes(128 * 1024))
            session = c.plain()
            c.conn.sock.settimeout(2)
            with contextlib.suppress(TimeoutError, OSError):
                for _ in range(2000):
                    c.start(big, I + "Item", "GetSecret", "o", session)
                    c.start(ROOT, "org.freedesktop.DBus.Introspectable", "Introspect")
            v.served()
            until(lambda: SANITIZED or memory(v.pid) < v.before[1] + 64 * MEGA, "less memory")
        v.served()
        until(lambda: descriptors(v.pid) == v.before[0], "the descriptors that it had")
        assert SANITIZED or memory(v.pid) < v.before[1] + KEPT_MOST


# --- leaving ---

def vanishes(directory):
    """clients that leave in the middle: of a call, of a message, of making an item, of a prompt"""
    with victim(directory, changes=True) as v:
        for n in range(30):
            for half in (False, True):
                c = Caller(v.bus)
                session = c.plain()
                m = new_method_call(
                    DBusAddress(DEFAULT, NAME, I + "Collection"), "CreateItem",
                    "a{sv}" + SECRET + "b",
                    ({I + "Item.Attributes": ("a{ss}", {"gone": str(n)})},
                     (session, b"", b"whole" * 1000, "text/plain"), True))
                raw = m.serialise(serial=next(c.conn.outgoing_serial))
                c.conn.sock.sendall(raw[:-100] if half else raw)
                c.close()
                c = Caller(v.bus)
                c.start(v.item, I + "Item", "GetSecret", "o", c.plain())
                c.start(ROOT, I + "Service", "GetSecrets", "aoo", [v.item] * 100, c.session)
                c.start(ROOT, I + "Service", "SearchItems", "a{ss}", {})
                c.close()
        v.served()
        # whole, or not there
        with v.caller() as c:
            for n in range(30):
                for item in c.search({"gone": str(n)}):
                    assert c.secret(item) == b"whole" * 1000
        v.lock()
        for n in range(20):
            c = Caller(v.bus)
            prompts = [c.unlock(LOGIN)[1] for _ in range(n % 16 + 1)]
            prompts.append(c.call(v.item, I + "Item", "Delete")) if n < 15 else None
            for p in prompts:
                c.start(p, I + "Prompt", "Prompt", "s", "")
            if n % 2:
                until(v.token.is_waiting, "a touch")
            c.close()
        v.unlock()
        v.served()
        until(lambda: descriptors(v.pid) == v.before[0], "the descriptors that it had")
        assert SANITIZED or memory(v.pid) < v.before[1] + KEPT_MOST


# --- numbers of the key agreement ---

def open_dh(c, number, length=None):
    raw = number.to_bytes(length or (number.bit_length() + 7) // 8, "big")
    (_, theirs), path = c.service("OpenSession", "sv", DH, ("ay", raw))
    return theirs, path


def opened_with(c, path, key, item):
    session, iv, sealed, _ = c.call(item, I + "Item", "GetSecret", "o", path)
    assert session == path
    d = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
    u = padding.PKCS7(128).unpadder()
    return u.update(d.update(sealed) + d.finalize()) + u.finalize()


def key_of(shared):
    return HKDF(hashes.SHA256(), 16, None, b"").derive(shared.to_bytes(128, "big"))


def numbers(directory):
    """bad numbers are refused; those that begin with zeros are agreed upon like the others"""
    with victim(directory) as v, v.caller() as c:
        for bad in (0, 1, P - 1, P, P + 1, 2 ** 1024 - 1):
            refused("InvalidArgs", open_dh, c, bad, 128)
        for bad in (b"", b"\0", b"\0" * 128, b"\1" * 129, b"\0" + (2 ** 1000).to_bytes(128, "big"),
                    bytes(1 * MEGA)):
            refused("InvalidArgs", c.service, "OpenSession", "sv", DH, ("ay", bad))
        # a public number of ours that is short, as people's libraries send it
        private = next(x for x in range(1200, 9999) if pow(2, x, P).bit_length() <= 1016)
        for length in (None, 128):
            theirs, path = open_dh(c, pow(2, private, P), length)
            shared = pow(int.from_bytes(theirs, "big"), private, P)
            assert opened_with(c, path, key_of(shared), v.item) == b"one"
        # the one in 256 whose shared number is short: 2^1 makes it the number that they drew
        short = 0
        for _ in range(5000):
            theirs, path = open_dh(c, 2)
            assert len(theirs) == 128
            if theirs[0] == 0:
                shared = int.from_bytes(theirs, "big")
                assert opened_with(c, path, key_of(shared), v.item) == b"one"
                short += 1
            c.call(path, I + "Session", "Close")
            if short == 2:
                break
        assert short == 2, "not one in 5000"


# --- what belongs to others ---

def others(directory):
    """prompts and sessions of others, and one's own twice"""
    with victim(directory) as v, v.caller() as a, v.caller() as b:
        theirs = a.plain()
        b.plain()
        secret = (theirs, b"", b"x", "text/plain")
        for path in (DEFAULT, VOLATILE):
            refused("NoSession", b.call, path, I + "Collection", "CreateItem",
                    "a{sv}" + SECRET + "b", {}, secret, True)
        refused("NoSession", b.call, v.item, I + "Item", "GetSecret", "o", theirs)
        refused("NoSession", b.call, v.item, I + "Item", "SetSecret", SECRET, secret)
        refused("NoSession", b.service, "GetSecrets", "aoo", [v.item], theirs)
        refused("NoSession", b.call, theirs, I + "Session", "Close")
        assert a.secret(v.item) == b"one"
        v.unharmed()
        v.lock()
        a.listen()
        b.listen()
        prompt = a.unlock(LOGIN)[1]
        refused("AccessDenied", b.prompt, prompt)
        refused("AccessDenied", b.call, prompt, I + "Prompt", "Dismiss")
        time.sleep(0.2)
        assert not v.token.is_waiting()
        a.prompt(prompt)
        for _ in range(3):
            assert error_of(a, a.start(prompt, I + "Prompt", "Prompt", "s", ""))
        refused("AccessDenied", b.call, prompt, I + "Prompt", "Dismiss")
        until(v.token.is_waiting, "a touch")
        a.call(prompt, I + "Prompt", "Dismiss")
        assert a.completed(prompt) == (True, "ao", [])
        for c in (a, b):
            assert error_of(c, c.start(prompt, I + "Prompt", "Dismiss"))
        assert a.completed(prompt, 0.1) is None and b.completed(prompt, 0.1) is None
        v.unlock()


def fakes(directory):
    """signals that a client makes up for the daemon's: who has gone, who owns a name"""
    with victim(directory) as v, v.caller() as a, v.caller() as bad:
        session = a.plain()
        owner = a.call("/org/freedesktop/DBus", DAEMON, "GetNameOwner", "s", NAME, to=DAEMON)
        for path, interface, member, signature, body in (
                ("/org/freedesktop/DBus", DAEMON, "NameOwnerChanged", "sss", (a.name, a.name, "")),
                ("/org/freedesktop/DBus", DAEMON, "NameLost", "s", (NAME,)),
                ("/org/freedesktop/DBus", DAEMON, "NameAcquired", "s", (NAME,))):
            m = new_signal(DBusAddress(path, interface=interface), member, signature, body)
            m.header.fields[HeaderFields.destination] = owner
            bad.conn.send(m)
        # in order behind them
        bad.service("ReadAlias", "s", "default")
        assert v.agent.service.process.poll() is None, "a made up signal ended it"
        assert session == a.session and a.secret(v.item) == b"one"
        with v.caller() as last, contextlib.suppress(Exception):
            m = new_signal(DBusAddress("/org/freedesktop/DBus/Local",
                                       interface="org.freedesktop.DBus.Local"), "Disconnected")
            m.header.fields[HeaderFields.destination] = owner
            last.conn.send(m)
            last.has_owner(NAME)
        assert a.secret(v.item) == b"one" and v.agent.service.process.poll() is None
        # replies that nobody asked for
        m = new_method_call(DBusAddress("/", owner, I + "Item"), "X")
        for kind in (MessageType.method_return, MessageType.error):
            m.header.message_type = kind
            m.header.fields = {HeaderFields.reply_serial: 3, HeaderFields.destination: owner,
                               HeaderFields.error_name: "a.b"}
            bad.conn.send(m)
        assert bad.service("ReadAlias", "s", "default") == LOGIN


def stranger(directory):
    """another user's client, which the bus of a session does not let in, is told nothing"""
    if os.getuid() != 0:
        print("# not root: nobody else can be tried", flush=True)
        return
    with victim(directory) as v:
        os.chmod(directory, 0o711)
        r, w = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                os.write(w, tried(v).encode())
            finally:
                os._exit(0)
        os.close(w)
        os.waitpid(child, 0)
        with os.fdopen(r, encoding="utf-8") as f:
            said = f.read()
        assert said == "told nothing", said


def tried(v):
    try:
        c = Caller(v.bus)
        for path, interface, member, signature, body in (
                (ROOT, "Service", "OpenSession", "sv", ("plain", ("s", ""))),
                (ROOT, "Service", "SearchItems", "a{ss}", (QUERY,)),
                (LOGIN, "Collection", "SearchItems", "a{ss}", (QUERY,)),
                (ROOT, "Service", "Unlock", "ao", ([LOGIN],)),
                (ROOT, "Service", "Lock", "ao", ([LOGIN],)),
                (v.item, "Item", "Delete", "", ())):
            name = error_of(c, c.start(path, I + interface, member, signature, *body))
            if not name or not name.endswith("AccessDenied"):
                return "%s: %s" % (member, name)
        for path, interface in ((v.item, "Item"), (LOGIN, "Collection")):
            serial = c.start(path, PROPERTIES, "GetAll", "s", I + interface)
            if not error_of(c, serial):
                return "properties of " + path
    except Exception as e:  # pylint: disable=broad-except
        return repr(e)
    return "told nothing"


def ends(directory):
    """when the bus itself is gone, so is it"""
    with desktop(directory) as (agent, _, bus, c):
        c.create(QUERY, b"one")
        bus.process.kill()
        assert agent.service.process.wait(10) == 0


CASES = [shapes, paths, huge, biggest, sessions, crowd, waiting, deaf, vanishes, numbers, others,
         fakes, stranger, ends]

if __name__ == "__main__":
    sys.exit(run_parallel([(f.__doc__, f) for f in CASES]))
