"""ownkey-secrets: what clients of the Secret Service and of the portal rely on."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from hardening import SANITIZED, is_hidden
from ownkey import Person, run_parallel, status_of, until, world
from policy import Pinentry
from secretbus import (DEFAULT, I, LOGIN, NAME, PORTAL, ROOT, VOLATILE, Bus, Caller, Error,
                       Service, refused, serve)

QUERY = {"service": "chat", "user": "me"}
DH = "dh-ietf1024-sha256-aes128-cbc-pkcs7"


@contextlib.contextmanager
def desktop(directory, *answers, vault=True, pin=None, **conf):
    """An open vault, a bus, the service, a client."""
    pinentry = Pinentry(directory, *(answers or ("ok",)))
    with world(directory, {"pin": pin} if pin else {}, pinentry=pinentry.path,
               **conf) as (agent, token):
        agent.pinentry = pinentry
        if vault:
            agent.person = agent.init(Person(pin=pin), no_pin=not pin)
            pinentry.set(*(answers or ("ok",)))
        bus = Bus(directory)
        service = None
        try:
            service = serve(agent, bus)
            agent.service = service
            with contextlib.closing(Caller(bus)) as c:
                c.listen()
                if vault:
                    until(c.is_open, "open on the bus")
                yield agent, token, bus, c
            assert agent.service.stop() == 0, "it did not end well"
        except BaseException:
            sys.stderr.write(service.said() if service else "")
            raise
        finally:
            if service:
                service.stop()
            bus.stop()


def lock(agent, c):
    agent.lock()
    until(lambda: not c.is_open(), "locked on the bus")


# --- open ---

def keeps(directory):
    """create, search, read, replace, change, delete; text and bytes; nothing is lost"""
    with desktop(directory) as (agent, _, _, c):
        item = c.create(QUERY, b"one", label="Chat")
        assert item.startswith(LOGIN + "/") and len(item) == len(LOGIN) + 33, item
        c.signalled("ItemCreated", item)
        for path in (DEFAULT, LOGIN, ROOT + "/collection/default", ROOT + "/aliases/login"):
            assert c.search(QUERY, path) == [item], path
            assert c.search({"user": "me"}, path) == [item]
            assert c.search({"user": "you"}, path) == []
            assert c.search({**QUERY, "more": "x"}, path) == []
            assert c.get(path, "Collection", "Label") == "Login"
            assert c.get(path, "Collection", "Items") == [item]
            assert not c.get(path, "Collection", "Locked")
        assert c.service("SearchItems", "a{ss}", QUERY) == ([item], [])
        assert c.secret(item) == b"one"
        shown = c.get_all(item, "Item")
        assert shown["Attributes"] == QUERY and shown["Label"] == "Chat", shown
        assert not shown["Locked"] and abs(shown["Created"] - time.time()) < 60, shown
        assert c.create(QUERY, b"\0\xff two", replace=True) == item
        assert c.secret(item) == b"\0\xff two"
        other = c.create(QUERY, b"three", replace=False)
        assert sorted(c.search(QUERY)) == sorted([item, other])
        assert c.secrets(item, other, LOGIN + "/" + "0" * 32) == {
            item: b"\0\xff two", other: b"three"}
        c.call(item, I + "Item", "SetSecret", "(oayays)", (c.plain(), b"", b"four", "a/b"))
        assert c.secret(item) == b"four"
        c.set(item, "Item", "Label", "s", "New")
        c.set(item, "Item", "Attributes", "a{ss}", {"a": "b"})
        assert c.get(item, "Item", "Label") == "New"
        assert c.search({"a": "b"}) == [item]
        c.signalled("ItemChanged", item)
        assert c.call(item, I + "Item", "Delete") == "/"
        c.signalled("ItemDeleted", item)
        assert c.search({"a": "b"}) == []
        refused("NoSuchObject", c.secret, item)
        refused("NoSuchObject", c.get, item, "Item", "Label")
        with contextlib.closing(agent.client()) as a:
            assert a.call("entry.list", removed=True).entries


def at_once(directory):
    """of 20 that replace the same at the same moment one makes the item"""
    with desktop(directory) as (agent, _, bus, c):
        callers = [Caller(bus) for _ in range(4)]
        for x in (c, *callers):
            x.plain()

        def start(x, attributes, value):
            return x.start(DEFAULT, I + "Collection", "CreateItem", "a{sv}(oayays)b",
                           {I + "Item.Attributes": ("a{ss}", attributes)},
                           (x.plain(), b"", value, ""), True)
        calls = [(x, start(x, QUERY, b"%d" % n)) for n in range(5) for x in callers]
        other = start(c, {**QUERY, "more": ""}, b"other")
        # one leaves while its calls wait
        gone = Caller(bus)
        gone.plain()
        for _ in range(3):
            start(gone, QUERY, b"gone")
        gone.close()
        items = {x.wait(n)[0] for x, n in calls}
        assert len(items) == 1, items
        assert c.wait(other)[0] not in items
        assert c.search(QUERY) and len(c.search({})) == 2, c.search({})
        assert c.secret(*items) in [b"4", b"gone"], c.secret(*items)
        # all are answered, in whatever order, when it is locked in between
        calls = {start(c, {"a": "b"}, b"x") for _ in range(20)}
        agent.lock()
        while calls:
            m = c.take(20)
            calls.discard(m and m.header.fields.get(5))
        agent.unlock()
        until(c.is_open, "open")
        assert len(c.search({"a": "b"})) <= 1
        for x in callers:
            x.close()


def binary(directory):
    """values of any size up to the limit, over both transports"""
    with desktop(directory) as (_, _, _, c):
        for n in (0, 1, 15, 16, 17, 5000, 128 * 1024):
            value = os.urandom(n)
            assert c.secret(c.create({"n": str(n)}, value)) == value, n
        refused("LimitsExceeded", c.create, {"n": "too much"}, bytes(128 * 1024 + 1))
        assert c.search({"n": "too much"}) == []


def many(directory):
    """the values of more than one request holds"""
    with desktop(directory) as (_, _, _, c):
        items = [c.create({"n": str(n)}, b"v%d" % n) for n in range(40)]
        got = c.secrets(*items * 30)
        assert got == {p: b"v%d" % n for n, p in enumerate(items)}, len(got)


def encrypted(directory):
    """the encrypted transport, by other people's code"""
    with desktop(directory) as (_, _, bus, c):
        script = ("import secretstorage,sys\n"
                  "from jeepney.io.blocking import open_dbus_connection\n"
                  "b = open_dbus_connection(sys.argv[1])\n"
                  "c = secretstorage.get_default_collection(b)\n"
                  "i = c.create_item('L', {'app': 'x'}, b'by dh', replace=True)\n"
                  "assert i.get_secret() == b'by dh'\n"
                  "assert [x.get_secret() for x in c.search_items({'app': 'x'})] == [b'by dh']\n"
                  "i.set_secret(b'again'); assert i.get_secret() == b'again'\n"
                  "assert c.get_label() == 'Login', c.get_label()\n"
                  "assert not c.is_locked()\n")
        done = subprocess.run(["/usr/bin/python3", "-c", script, bus.address], check=False,
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        for wrong in (b"", b"\0", b"\1", b"\xff" * 128, b"\xff" * 129):
            refused("InvalidArgs", c.service, "OpenSession", "sv", DH, ("ay", wrong))
        refused("InvalidArgs", c.service, "OpenSession", "sv", DH, ("i", 3))
        refused("NotSupported", c.service, "OpenSession", "sv", "rot13", ("s", ""))


def introspected(directory):
    """every object says what it can do"""
    with desktop(directory) as (_, _, _, c):
        item = c.create(QUERY, b"one")
        session = c.plain()
        for path, words in ((ROOT, ("OpenSession", "Collections", "CollectionDeleted")),
                            (DEFAULT, ("CreateItem", "Items", "ItemChanged")),
                            (LOGIN, ("SearchItems", "Locked")),
                            (VOLATILE, ("SearchItems",)), (item, ("GetSecret", "Attributes")),
                            (session, ("Close",))):
            xml = c.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
            for word in words:
                assert 'name="%s"' % word in xml, (path, word, xml)
        for path, child in ((ROOT, "collection/login"), (LOGIN, item.rsplit("/", 1)[1])):
            xml = c.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
            assert '<node name="%s"' % child in xml, (path, child, xml)
        refused("UnknownObject", c.call, ROOT + "/nothing", I + "Item", "Delete")
        refused("UnknownMethod", c.call, item, I + "Item", "Explode")
        refused("PropertyReadOnly", c.set, item, "Item", "Locked", "b", False)


def aliases(directory):
    """default and login are the main collection, and stay so"""
    with desktop(directory) as (_, _, _, c):
        for name, path in (("default", LOGIN), ("login", LOGIN), ("session", VOLATILE),
                           ("x", "/")):
            assert c.service("ReadAlias", "s", name) == path, name
        c.service("SetAlias", "so", "default", DEFAULT)
        refused("NotSupported", c.service, "SetAlias", "so", "default", VOLATILE)
        refused("NotSupported", c.service, "SetAlias", "so", "other", LOGIN)
        label = {I + "Collection.Label": ("s", "Default Keyring")}
        assert c.service("CreateCollection", "a{sv}s", label, "default") == (LOGIN, "/")


def collections(directory):
    """collections are made, labelled, listed, deleted with what is in them"""
    with desktop(directory) as (agent, _, _, c):
        label = {I + "Collection.Label": ("s", "Päper Work!")}
        path, prompt = c.service("CreateCollection", "a{sv}s", label, "")
        assert prompt == "/" and path.startswith(ROOT + "/collection/p"), path
        c.signalled("CollectionCreated", path)
        again, _ = c.service("CreateCollection", "a{sv}s", label, "")
        assert again != path
        assert {path, again, LOGIN, VOLATILE} == set(c.get(ROOT, "Service", "Collections"))
        assert c.get(path, "Collection", "Label") == "Päper Work!"
        item = c.create(QUERY, b"x", path=path)
        assert item.startswith(path + "/")
        assert c.search(QUERY) == [] and c.search(QUERY, path) == [item]
        refused("NoSuchObject", c.get, LOGIN + item[len(path):], "Item", "Label")
        c.set(path, "Collection", "Label", "s", "Paper")
        assert c.get(path, "Collection", "Label") == "Paper"
        c.set(LOGIN, "Collection", "Label", "s", "Mine")
        assert c.get(DEFAULT, "Collection", "Label") == "Mine"
        lock(agent, c)
        assert path in c.get(ROOT, "Service", "Collections")
        assert c.get(path, "Collection", "Locked")
        agent.unlock()
        until(c.is_open, "open")
        assert c.call(path, I + "Collection", "Delete") == "/"
        c.signalled("CollectionDeleted", path)
        refused("NoSuchObject", c.get, path, "Collection", "Label")
        refused("NoSuchObject", c.get, item, "Item", "Label")
        refused("NotSupported", c.call, LOGIN, I + "Collection", "Delete")
        assert c.search({}) == []


def dropped(directory):
    """Chromium's dummy item is accepted and kept nowhere"""
    with desktop(directory) as (_, _, _, c):
        dummy = {"xdg:schema": "_chrome_dummy_schema_for_unlocking"}
        assert c.create(dummy, b"The meaning of life").startswith(LOGIN + "/")
        assert c.search(dummy) == [] and c.search({}) == []


def volatile(directory):
    """the session collection is in memory, never locked, and for everybody"""
    with desktop(directory) as (agent, _, bus, c):
        lock(agent, c)
        item = c.create(QUERY, b"v", path=VOLATILE)
        assert item.startswith(VOLATILE + "/"), item
        c.signalled("ItemCreated", item)
        assert c.secret(item) == b"v" and c.secrets(item) == {item: b"v"}
        assert c.create(QUERY, b"w", path=VOLATILE) == item and c.secret(item) == b"w"
        assert c.search(QUERY, VOLATILE) == [item]
        assert c.service("SearchItems", "a{ss}", QUERY)[0] == [item]
        assert c.unlock(item, VOLATILE) == ([item, VOLATILE], "/")
        assert c.service("Lock", "ao", [VOLATILE, item]) == ([], "/")
        c.set(item, "Item", "Label", "s", "L")
        assert c.get_all(item, "Item")["Label"] == "L"
        assert not c.get(item, "Item", "Locked")
        with contextlib.closing(Caller(bus)) as other:
            assert other.secret(item) == b"w"
        assert c.call(item, I + "Item", "Delete") == "/"
        refused("NoSuchObject", c.secret, item)
        for n in range(4):
            c.create({"n": str(n)}, bytes(128 * 1024), path=VOLATILE)
        refused("LimitsExceeded", c.create, {"n": "4"}, b"x", path=VOLATILE)
        assert len(c.search({}, VOLATILE)) == 4


def refuses(directory):
    """what is malformed or too large is an error, and changes nothing"""
    with desktop(directory) as (_, _, _, c):
        for name, attributes in (
                ("LimitsExceeded", {"n%d" % i: "" for i in range(49)}),
                ("LimitsExceeded", {"a" * 201: ""}), ("LimitsExceeded", {"a": "b" * 4097}),
                ("InvalidArgs", {"ownkey.kind": "item"})):
            refused(name, c.create, attributes, b"x")
        refused("LimitsExceeded", c.create, QUERY, b"x", label="l" * 1024)
        refused("LimitsExceeded", c.search, {"n%d" % i: "" for i in range(49)})
        # another type where a property is known
        refused("InvalidArgs", c.call, DEFAULT, I + "Collection", "CreateItem",
                "a{sv}(oayays)b", {I + "Item.Attributes": ("s", "x")},
                (c.plain(), b"", b"x", ""), False)
        refused("InvalidArgs", c.call, DEFAULT, I + "Collection", "CreateItem", "s", "x")
        refused("NoSession", c.call, DEFAULT, I + "Collection", "CreateItem",
                "a{sv}(oayays)b", {}, (ROOT + "/session/99", b"", b"x", ""), False)
        assert c.search({}) == []
        item = c.create(QUERY, b"x")
        refused("NoSession", c.call, item, I + "Item", "GetSecret", "o", "/")
        refused("InvalidArgs", c.set, item, "Item", "Label", "i", 3)
        assert c.get(item, "Item", "Label") == "Label"
        # what is odd, but text, stays as it is
        odd = {"a": "b\n\tc \u202e", "ü": ""}
        assert c.search(odd) == []
        item = c.create(odd, b"y", label="")
        assert c.search(odd) == [item]
        assert c.get(item, "Item", "Attributes") == odd


# --- locked ---

def held(directory):
    """a locked service answers every search with one item, which becomes the right one"""
    with desktop(directory) as (agent, token, _, c):
        item = c.create(QUERY, b"one")
        lock(agent, c)
        token.tell("touch-mode", "never")
        unlocked, locked = c.service("SearchItems", "a{ss}", QUERY)
        assert unlocked == [] and len(locked) == 1 and locked[0].startswith(LOGIN), locked
        found = c.search(QUERY)
        assert len(found) == 1 and found[0] != item, found
        none = c.search({"no": "such"})
        assert len(none) == 1 and none[0] not in (found[0], item)
        assert c.search(QUERY) == found, "not the same again"
        shown = c.get_all(found[0], "Item")
        assert shown["Locked"] and shown["Attributes"] == QUERY, shown
        assert shown["Label"] == "" and shown["Created"] == 0, shown
        assert len(c.get(LOGIN, "Collection", "Items")) == 1
        for path in (*found, *none, item):
            assert c.get(path, "Item", "Locked")
            refused("IsLocked", c.secret, path)
            refused("IsLocked", c.call, path, I + "Item", "SetSecret", "(oayays)",
                    (c.plain(), b"", b"x", ""))
            refused("IsLocked", c.set, path, "Item", "Label", "s", "x")
        refused("IsLocked", c.create, {"new": "one"}, b"x")
        assert c.secrets(*found, item) == {}
        assert c.get(DEFAULT, "Collection", "Label") and c.get(LOGIN, "Collection", "Locked")
        paths, prompt = c.unlock(found[0], none[0], item)
        assert paths == [] and prompt != "/"
        time.sleep(0.3)
        assert not token.is_waiting(), "touch before Prompt()"
        c.prompt(prompt)
        until(token.is_waiting, "a touch")
        assert c.completed(prompt, 0.5) is None
        token.tell("touch")
        assert c.completed(prompt) == (False, "ao", [found[0], item])
        assert c.secret(found[0]) == b"one" and c.secret(item) == b"one"
        assert c.secrets(found[0]) == {found[0]: b"one"}
        assert c.get(found[0], "Item", "Label") == "Label"
        refused("NoSuchObject", c.secret, none[0])
        assert c.search(QUERY) == [item]


def prompts(directory):
    """several prompts share one touch; one that is dismissed ends alone"""
    with desktop(directory) as (agent, token, bus, c):
        lock(agent, c)
        token.tell("touch-mode", "never")
        with contextlib.closing(Caller(bus)) as other:
            first, second, third = (x.unlock(LOGIN)[1] for x in (c, c, other))
            for x, p in ((c, first), (c, second), (other, third)):
                x.prompt(p)
            refused("AccessDenied", c.call, third, I + "Prompt", "Dismiss")
            c.call(first, I + "Prompt", "Dismiss")
            assert c.completed(first) == (True, "ao", [])
            refused("UnknownObject", c.prompt, first)
            until(token.is_waiting, "a touch")
            token.tell("touch")
            assert c.completed(second) == (False, "ao", [LOGIN])
            assert other.completed(third) == (False, "ao", [LOGIN])
            assert not c.completed(third, 0.1), "told to another"
        assert c.unlock(LOGIN, DEFAULT, ROOT + "/nothing") == ([LOGIN, DEFAULT], "/")


def patient(directory):
    """a prompt outlives the agent's limits and an absent token"""
    with desktop(directory, touch_timeout="5s") as (agent, token, _, c):
        lock(agent, c)
        token.stop()
        prompt = c.unlock(LOGIN)[1]
        c.prompt(prompt)
        assert c.completed(prompt, 8) is None
        token.start()
        token.tell("touch-mode", "auto")
        assert c.completed(prompt, 30) == (False, "ao", [LOGIN])


def elsewhere(directory):
    """a prompt ends when the vault is opened by other means"""
    with desktop(directory) as (agent, token, _, c):
        lock(agent, c)
        token.tell("touch-mode", "never")
        p = c.call(LOGIN + "/" + "1" * 32, I + "Item", "Delete")
        q = c.service("CreateCollection", "a{sv}s", {}, "")[1]
        c.prompt(p)
        c.prompt(q)
        until(token.is_waiting, "a touch")
        token.tell("touch-mode", "auto")
        token.tell("touch")
        assert c.completed(p) == (False, "o", "/")
        dismissed, signature, path = c.completed(q)
        assert (dismissed, signature) == (False, "o"), (dismissed, signature)
        assert path in c.get(ROOT, "Service", "Collections"), path


def locks(directory):
    """Lock locks the vault, and everybody is told; of nothing, nothing"""
    with desktop(directory) as (agent, _, _, c):
        item = c.create(QUERY, b"one")
        assert c.service("Lock", "ao", []) == ([], "/") and c.is_open()
        assert c.service("Lock", "ao", [VOLATILE, ROOT]) == ([], "/") and c.is_open()
        assert c.service("Lock", "ao", [DEFAULT]) == ([DEFAULT], "/")
        until(lambda: agent.status().locked, "locked")
        until(lambda: not c.is_open(), "locked on the bus")
        m = c.signalled("PropertiesChanged")
        while "Locked" not in m.body[1]:
            m = c.signalled("PropertiesChanged")
        assert m.body[1]["Locked"] == ("b", True), m.body
        assert c.service("Lock", "ao", [item]) == ([item], "/")


# --- peers ---

def vanishes(directory):
    """what belongs to a client that leaves the bus goes with it; limits are per client"""
    with desktop(directory) as (agent, token, bus, c):
        lock(agent, c)
        token.tell("touch-mode", "never")
        other = Caller(bus)
        session = other.plain()
        prompts = [other.unlock(LOGIN)[1] for _ in range(16)]
        refused("LimitsExceeded", other.unlock, LOGIN)
        for _ in range(63):
            other.service("OpenSession", "sv", "plain", ("s", ""))
        refused("LimitsExceeded", other.service, "OpenSession", "sv", "plain", ("s", ""))
        refused("NoSession", c.call, session, I + "Session", "Close")
        other.prompt(prompts[0])
        until(token.is_waiting, "a touch")
        other.close()
        until(lambda: not token.is_waiting(), "nobody waits any more")

        def gone():
            try:
                c.call(prompts[0], I + "Prompt", "Dismiss")
            except Error as e:
                return "UnknownObject" in e.name
            return False
        until(gone, "its prompt is gone")
        # and its places are free
        c.unlock(LOGIN)


# --- the agent comes and goes ---

def killed(directory):
    """the agent dies and comes back: locked in between, and the same paths afterwards"""
    with desktop(directory) as (agent, _, _, c):
        item = c.create(QUERY, b"one")
        agent.process.kill()
        agent.process.wait()
        until(lambda: not c.is_open(), "locked on the bus")
        found = c.search(QUERY)
        assert len(found) == 1 and c.get(found[0], "Item", "Locked")
        prompt = c.unlock(found[0])[1]
        refused("IsLocked", c.secret, item)
        agent.start()
        c.prompt(prompt)
        assert c.completed(prompt, 30) == (False, "ao", found)
        assert c.secret(found[0]) == c.secret(item) == b"one"


def starts(directory):
    """it starts an agent where none runs; no vault is said clearly"""
    pinentry = Pinentry(directory, "ok")
    with world(directory, {}, pinentry=pinentry.path, start=False) as (agent, _):
        bus = Bus(directory)
        service = serve(agent, bus)
        try:
            until(lambda: os.path.exists(agent.socket), "an agent")
            with contextlib.closing(Caller(bus)) as c:
                until(lambda: "ownkey init" in refused_or(c.search, QUERY), "no vault")
                assert "ownkey init" in refused_or(c.unlock, LOGIN)
                assert "ownkey init" in refused_or(c.create, QUERY, b"x")
        finally:
            assert service.stop() == 0
            bus.stop()
            os.kill(agent.status().pid, signal.SIGTERM)


def refused_or(function, *args):
    try:
        return repr(function(*args))
    except Error as e:
        return e.text


def replaced(directory):
    """a second one says who is in the way; --replace takes its place"""
    with desktop(directory) as (agent, _, bus, c):
        second = Service(agent, bus)
        assert second.process.wait(10) == 1
        assert "another program" in second.said()
        item = c.create(QUERY, b"one")
        third = Service(agent, bus, "--replace")
        try:
            assert agent.service.process.wait(10) == 0
            until(lambda: c.has_owner(NAME), "the name")
            assert c.is_open()  # never locked because it does not know yet
            c.session = None
            assert c.secret(item) == b"one"
            assert c.has_owner(PORTAL)
        finally:
            assert third.stop() == 0


# --- the portal ---

def portal(directory):
    """an application's secret: derived, waited for, given once; closed requests end"""
    with desktop(directory) as (agent, token, bus, _):
        with contextlib.closing(Caller(bus, enable_fds=True)) as c:
            def retrieve(app, handle="/req/1"):
                r, w = os.pipe()
                n = c.start("/org/freedesktop/portal/desktop",
                            "org.freedesktop.impl.portal.Secret", "RetrieveSecret", "osha{sv}",
                            handle, app, w, {}, to=PORTAL)
                os.close(w)
                return n, r

            def value(app):
                n, r = retrieve(app)
                assert c.wait(n) == (0, {})
                with os.fdopen(r, "rb") as f:
                    return f.read()
            first = value("org.example.App")
            assert len(first) == 64 and value("org.example.App") == first
            assert value("org.example.Other") != first
            assert c.call("/org/freedesktop/portal/desktop", "org.freedesktop.DBus.Properties",
                          "Get", "ss", "org.freedesktop.impl.portal.Secret", "version",
                          to=PORTAL) == ("u", 1)
            agent.lock()
            token.tell("touch-mode", "never")
            n, r = retrieve("org.example.App")
            gone, r2 = retrieve("org.example.App", "/req/2")
            until(token.is_waiting, "a touch")
            c.call("/req/2", "org.freedesktop.impl.portal.Request", "Close", to=PORTAL)
            assert c.wait(gone) == (1, {})
            assert os.read(r2, 1) == b""
            token.tell("touch")
            assert c.wait(n) == (0, {})
            assert os.read(r, 100) == first
            os.close(r)
            os.close(r2)
            n, r = retrieve("")
            refused("InvalidArgs", c.wait, n)


def shape(directory):
    """a filter, not dumpable, ends at SIGTERM; who starts agents has no filter"""
    with desktop(directory) as (agent, _, _, c):
        pid = agent.service.process.pid
        assert status_of(pid, "NoNewPrivs") == ["1"]
        if not SANITIZED:
            assert status_of(pid, "Seccomp") == ["2"]
            is_hidden(pid)
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="utf-8") as f:
            starter = f.read().split()
        assert len(starter) == 1, starter
        assert status_of(int(starter[0]), "Seccomp") == ["0"]
        # under the filter it still tells who asks
        item = c.create(QUERY, b"one")
        agent.lock()
        agent.unlock()
        until(c.is_open, "open")
        assert c.secret(item) == b"one" and not agent.pinentry.questions()
        assert agent.service.stop() == 0


CASES = [keeps, at_once, binary, many, encrypted, introspected, aliases, collections, dropped,
         volatile, refuses, held, prompts, patient, elsewhere, locks, vanishes, killed, starts,
         replaced, portal, shape]

if __name__ == "__main__":
    sys.exit(run_parallel([(f.__doc__, f) for f in CASES]))
