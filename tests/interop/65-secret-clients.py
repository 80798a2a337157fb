#!/usr/bin/python3
# limit: 300
"""python3-secretstorage and python3-keyring, every method, and the calls they have none for, in
both ways of crossing the bus: gnome-keyring and ownkey-secrets say the same, or differences.py
says why not.

This program is told of the bus by its environment, as any is: `walk` runs in a process of its own
for each owner."""

import json
import os
import secrets
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
import keyring.backends.SecretService  # noqa: E402
import secretstorage  # noqa: E402

from desktop import (DH, I_COLLECTION, I_ITEM, I_PROMPT, I_SERVICE, I_SESSION,  # noqa: E402
                     PROPERTIES, ROOT, Connection, Refused, Transfer)
from facts import compare  # noqa: E402


def word():
    return "w" + secrets.token_hex(6)


def outcome(function, *args, **kw):
    """What it returns, or the name of what it raises."""
    try:
        return function(*args, **kw)
    except Refused as e:
        return e.name
    except Exception as e:  # pylint: disable=broad-except
        return type(e).__name__


def patient(function, seconds=4):
    """Its outcome; or "waits": then it goes on behind us, on a connection of its own."""
    got = []
    thread = threading.Thread(target=lambda: got.append(outcome(function)), daemon=True)
    thread.start()
    thread.join(seconds)
    return got[0] if got else "waits"


class Person:
    """The other process: locks, and answers prompts."""

    def __getattr__(self, verb):
        def tell(*args):
            print(json.dumps(["owner", verb, *args]), flush=True)
            assert sys.stdin.readline()
        return tell


def say(name, value):
    print(json.dumps(["fact", name, value]), flush=True)


# --- python3-secretstorage ---

def storage_collections(bus, _):
    say("check_service_availability", secretstorage.check_service_availability(bus))
    default = secretstorage.get_default_collection(bus)
    say("label of the default collection", default.get_label())
    say("it is locked", default.is_locked())
    say("ensure_not_locked", outcome(default.ensure_not_locked))
    say("labels of all", sorted(c.get_label() for c in secretstorage.get_all_collections(bus)))
    say("get_any_collection", secretstorage.get_any_collection(bus).get_label())
    session = secretstorage.get_collection_by_alias(bus, "session")
    say("session: label, locked", [session.get_label(), session.is_locked()])
    say("an alias that is not there", outcome(secretstorage.get_collection_by_alias, bus, word()))
    say("set_label of the default", outcome(default.set_label, "Changed"))
    say("its label then", default.get_label())
    default.set_label("Login")


def storage_items(bus, _):
    coll = secretstorage.get_default_collection(bus)
    a = {word(): word(), "ü" + word(): "ü"}
    item = coll.create_item("one", a, b"secret 1", False, "text/x-test")
    say("created: label", item.get_label())
    say("created: attributes", item.get_attributes() == a)
    say("created: secret, type", [item.get_secret().decode(), item.get_secret_content_type()])
    say("created and modified are now", [abs(t - time.time()) < 30
                                         for t in (item.get_created(), item.get_modified())])
    say("is_locked", item.is_locked())
    again = coll.create_item("two", a, b"secret 2", False)
    say("create again, not replacing: another", again.item_path != item.item_path)
    say("found", len(list(coll.search_items(a))))
    third = coll.create_item("three", a, b"secret 3", True)
    say("create again, replacing: one of them",
        third.item_path in (item.item_path, again.item_path))
    say("found after it", len(list(secretstorage.search_items(bus, a))))
    third.set_label("new label ü")
    say("set_label", third.get_label())
    more = {word(): word()}
    third.set_attributes(more)
    # gnome-keyring adds a schema now and then, when it has read its file again
    say("set_attributes: new ones",
        {k: v for k, v in third.get_attributes().items() if k != "xdg:schema"} == more)
    say("set_attributes: found by them", [i.get_label() for i in coll.search_items(more)])
    third.set_secret(b"\0\xff" * 40, "application/octet-stream")
    say("set_secret", third.get_secret() == b"\0\xff" * 40)
    say("its type", third.get_secret_content_type())
    say("get_all_items has it", third.item_path in [i.item_path for i in coll.get_all_items()])
    say("search by nothing", len(list(coll.search_items({}))) == len(list(coll.get_all_items())))
    say("unlock of what is open", outcome(third.unlock))
    say("delete", outcome(third.delete))
    say("get_label after it", outcome(third.get_label))
    say("get_secret after it", outcome(third.get_secret))
    say("found after it, by the new ones", len(list(coll.search_items(more))))
    for i in coll.search_items(a):
        i.delete()
    for size in (0, 15, 16, 17, 4095, 100000):
        value = secrets.token_bytes(size)
        i = coll.create_item("size", {word(): word()}, value)
        say("a value of %d bytes" % size, i.get_secret() == value)
        i.delete()


def storage_made(bus, person):
    name = "Coll " + word()
    made = None
    for last in (False, False, False, True):
        person.person("new")
        try:
            made = secretstorage.create_collection(bus, name)
            break
        except secretstorage.exceptions.PromptDismissedException:
            # now and then gnome-keyring cannot read the password that its own prompter sends it
            if last or os.environ["OWNER"] != "gnome-keyring":
                raise
    say("create_collection: label", made.get_label() == name)
    say("create_collection: locked", made.is_locked())
    say("create_collection: among all", made.collection_path in
        [c.collection_path for c in secretstorage.get_all_collections(bus)])
    item = made.create_item("in it", {"x": word()}, b"v")
    say("an item's path is below its collection",
        item.item_path.startswith(made.collection_path + "/"))
    say("not found in the default", len(list(secretstorage.get_default_collection(
        bus).search_items(item.get_attributes()))))
    say("lock of it", outcome(made.lock))
    say("is it locked", made.is_locked())
    say("is the default locked with it", secretstorage.get_default_collection(bus).is_locked())
    if made.is_locked():
        person.person("yes")
        say("unlock of it", outcome(made.unlock))
    say("delete of it", outcome(made.delete))
    say("get_label after delete", outcome(made.get_label))
    say("its item after delete", outcome(item.get_secret))


def storage_locked(bus, person):
    coll = secretstorage.get_default_collection(bus)
    attributes = {word(): word()}
    item = coll.create_item("kept", attributes, b"kept secret")
    coll.lock()
    say("locked: collection, item", [coll.is_locked(), outcome(item.is_locked)])
    say("locked: get_secret", outcome(item.get_secret))
    say("locked: get_label", outcome(item.get_label))
    say("locked: get_attributes is the same", outcome(item.get_attributes) == attributes)
    say("locked: set_label", outcome(item.set_label, "x"))
    say("locked: set_secret", outcome(item.set_secret, b"x"))
    say("locked: set_attributes", outcome(item.set_attributes, {"x": "x"}))
    say("locked: delete", outcome(item.delete))
    say("locked: create_item", outcome(coll.create_item, "x", {"x": word()}, b"x"))
    say("locked: ensure_not_locked", outcome(coll.ensure_not_locked))
    say("locked: what is there is found", len(list(coll.search_items(attributes))))
    say("locked: what is not there is found", len(list(coll.search_items({word(): "x"}))))
    person.person("no")
    say("unlock, the person says no: dismissed", patient(
        lambda: secretstorage.get_default_collection(secretstorage.dbus_init()).unlock()))
    say("locked after it", coll.is_locked())
    person.person("yes")
    say("unlock, the person says yes: dismissed", outcome(coll.unlock))
    say("locked after that", coll.is_locked())
    say("the secret is what it was", outcome(item.get_secret) == b"kept secret")
    person.lock()
    found = list(secretstorage.search_items(bus, attributes))
    say("found while locked", len(found))
    person.person("yes")
    say("unlock of what was found: dismissed", outcome(found[0].unlock))
    say("its secret", outcome(found[0].get_secret) == b"kept secret")
    say("its attributes", outcome(found[0].get_attributes) == attributes)
    item.delete()


# --- python3-keyring ---

def python_keyring(_, person):
    k = keyring.backends.SecretService.Keyring()
    say("priority", keyring.backends.SecretService.Keyring.priority)
    service, user = "svc " + word(), "user ü"
    say("get_password of nothing", k.get_password(service, user))
    say("get_credential of nothing", k.get_credential(service, None))
    say("delete_password of nothing", outcome(k.delete_password, service, user))
    for password in ("pw", "pässwort 鍵", "", "x" * 2000, "line\nline"):
        k.set_password(service, user, password)
        say("a password of %d characters" % len(password), k.get_password(service, user)
            == password)
    k.set_password(service, "another", "pw 2")
    say("of another user", k.get_password(service, "another"))
    say("get_credential", [outcome(lambda u=u: k.get_credential(service, u).username == (
        u or k.get_credential(service, None).username)) for u in (None, user, "another")])
    person.lock()
    person.person("yes")
    say("get_password while locked", outcome(k.get_password, service, user) == "line\nline")
    person.lock()
    person.person("no")
    say("get_password, the person says no", patient(
        lambda: keyring.backends.SecretService.Keyring().get_password(service, user)))
    person.person("yes")
    say("locked after it, too", secretstorage.get_default_collection(
        secretstorage.dbus_init()).is_locked())
    say("set_password while locked", outcome(k.set_password, service, user, "new"))
    say("it is set", k.get_password(service, user))
    say("delete_password", [outcome(k.delete_password, service, u) for u in (user, "another")])
    say("get_password after it", k.get_password(service, user))


# --- what they have no method for ---

def raw_service(c, _):
    def ask(member, *args, path=ROOT, interface=I_SERVICE):
        return outcome(c.secret, path, interface, member, *args)
    say("OpenSession of an algorithm that nobody has",
        ask("OpenSession", "sv", "rot13", ("s", "")))
    say("OpenSession plain", ask("OpenSession", "sv", "plain", ("s", ""))[0])
    output, path = ask("OpenSession", "sv", "plain", ("s", ""))
    say("Close", ask("Close", path=path, interface=I_SESSION))
    say("Close again", ask("Close", path=path, interface=I_SESSION))
    say("ReadAlias of nothing", ask("ReadAlias", "s", word()))
    default = ask("ReadAlias", "s", "default")
    say("ReadAlias default", default)
    say("ReadAlias login", ask("ReadAlias", "s", "login"))
    say("Unlock of what is open", ask("Unlock", "ao", [default]) == ([default], "/"))
    say("Unlock of what is not there", ask("Unlock", "ao", [ROOT + "/collection/nosuch"]))
    say("Unlock of nothing", ask("Unlock", "ao", []))
    say("Lock of nothing", ask("Lock", "ao", []))
    say("GetSecrets of nothing", ask("GetSecrets", "aoo", [], c.plain()))
    say("GetSecrets of what is not there",
        ask("GetSecrets", "aoo", [default + "/nosuch"], c.plain()))
    say("SearchItems by nothing found", ask("SearchItems", "a{ss}", {word(): "x"}))
    say("a method that is not there", ask("Nosuch"))
    say("a wrong signature", ask("ReadAlias", "u", 7))
    for what, interface, path in (("Service", I_SERVICE, ROOT),
                                  ("Collection", I_COLLECTION, default)):
        names = outcome(c.secret, path, PROPERTIES, "GetAll", "s", interface)
        say("properties of " + what, sorted(names))
        xml = c.secret(path, "org.freedesktop.DBus.Introspectable", "Introspect")
        say("introspection of " + what, interface in xml)
    say("a property that is not there", outcome(c.get, default, I_COLLECTION, "Nosuch"))
    say("Locked cannot be set", outcome(c.set, default, I_COLLECTION, "Locked", "b", True))


def made_collection(c, person, label, alias):
    """Path of a new one, which may need a prompt; or the error."""
    for _ in range(3):
        made = outcome(c.secret, ROOT, I_SERVICE, "CreateCollection", "a{sv}s",
                       {I_COLLECTION + ".Label": ("s", label)}, alias)
        if isinstance(made, str):
            return made
        prompted = made[1] != "/"
        if not prompted:
            break
        person.person("new")
        dismissed, signature, path = c.prompted(made[1])
        # one of eight times gnome-keyring shows no prompt, right after another
        if not dismissed or os.environ["OWNER"] != "gnome-keyring":
            break
    if not alias:
        say("CreateCollection needs a prompt", prompted)
    if prompted:
        assert [dismissed, signature] == [False, "o"], (dismissed, signature)
    return path if prompted else made[0]


def alias_of(c, name):
    return c.secret(ROOT, I_SERVICE, "ReadAlias", "s", name)


def raw_aliases(c, person):
    def set_alias(name, path):
        return outcome(c.secret, ROOT, I_SERVICE, "SetAlias", "so", name, path)
    path = made_collection(c, person, "plain one", "")
    say("CreateCollection: label", c.get(path, I_COLLECTION, "Label"))
    say("SetAlias of another name", set_alias("other", path))
    say("it stands for it", alias_of(c, "other") == path)
    say("SetAlias default", set_alias("default", path))
    say("ReadAlias default then", alias_of(c, "default") == path)
    say("aliases/default then", outcome(c.get, ROOT + "/aliases/default", I_COLLECTION, "Label"))
    say("SetAlias default to nothing", set_alias("default", "/"))
    say("ReadAlias default after that", alias_of(c, "default"))
    say("SetAlias default to what is not there",
        set_alias("default", ROOT + "/collection/nosuch"))
    say("SetAlias default back", set_alias("default", ROOT + "/collection/login"))
    say("ReadAlias default in the end", alias_of(c, "default"))
    prompt = c.secret(path, I_COLLECTION, "Delete")
    if prompt != "/":
        person.person("yes")
        say("Delete: dismissed", c.prompted(prompt)[0])
    made = made_collection(c, person, "aliased", "my_alias")
    say("CreateCollection with an alias", made.startswith(ROOT) or made)
    if made.startswith(ROOT):
        say("the alias stands for it", alias_of(c, "my_alias") == made)
        say("as an object path", outcome(c.get, ROOT + "/aliases/my_alias", I_COLLECTION,
                                         "Label"))
        c.secret(made, I_COLLECTION, "Delete")
        say("the alias after Delete", alias_of(c, "my_alias"))


def raw_transfer(c, _):
    default = ROOT + "/aliases/default"
    for name, algorithm in (("plain", "plain"), ("dh", DH)):
        t = Transfer(c, algorithm)
        attributes = {word(): word()}
        item, prompt = c.secret(default, I_COLLECTION, "CreateItem", "a{sv}(oayays)b", {
            I_ITEM + ".Label": ("s", name), I_ITEM + ".Attributes": ("a{ss}", attributes)},
            t.seal(b"over the bus"), False)
        say(name + ": CreateItem needs no prompt", prompt)
        say(name + ": GetSecret", t.open(c.secret(item, I_ITEM, "GetSecret", "o", t.session)))
        say(name + ": GetSecrets", {"item" if k == item else k: t.open(v) for k, v in c.secret(
            ROOT, I_SERVICE, "GetSecrets", "aoo", [item], t.session).items()})
        c.secret(item, I_ITEM, "SetSecret", "(oayays)", t.seal(b"another"))
        other = Transfer(c, "plain" if algorithm == DH else DH)
        say(name + ": read in the other way",
            other.open(c.secret(item, I_ITEM, "GetSecret", "o", other.session)))
        say(name + ": a session that is not there",
            outcome(c.secret, item, I_ITEM, "GetSecret", "o", ROOT + "/session/nosuch"))
        with Connection(os.environ["DBUS_SESSION_BUS_ADDRESS"]) as stranger:
            say(name + ": the session of somebody else",
                outcome(stranger.secret, item, I_ITEM, "GetSecret", "o", t.session))
        say(name + ": Delete", c.secret(item, I_ITEM, "Delete"))
    for what, n in (("0", 0), ("1", 1), ("p - 1", Transfer.P - 1), ("p", Transfer.P)):
        say("dh with " + what, outcome(lambda n=n: bool(c.secret(
            ROOT, I_SERVICE, "OpenSession", "sv", DH, ("ay", n.to_bytes(128, "big"))))))
    # one of 256 shared secrets begins with a zero
    t, tries = None, 0
    while t is None or t.shared >> 1016:
        t, tries = Transfer(c, DH), tries + 1
        if t.shared >> 1016:
            c.secret(t.session, I_SESSION, "Close")
        assert tries < 5000
    item, _ = c.secret(default, I_COLLECTION, "CreateItem", "a{sv}(oayays)b",
                       {I_ITEM + ".Label": ("s", "p")}, t.seal(b"padded"), False)
    say("a shared secret that begins with 0", t.open(c.secret(item, I_ITEM, "GetSecret", "o",
                                                              t.session)))
    c.secret(item, I_ITEM, "Delete")


def raw_signals(c, person):
    default = c.secret(ROOT, I_SERVICE, "ReadAlias", "s", "default")
    t = Transfer(c, "plain")
    heard = []

    def listen(queue, *path):
        c.secret(ROOT, PROPERTIES, "Get", "ss", I_SERVICE, "Collections")
        c.settle()
        heard.append(sorted({m.header.fields[3] for m in queue if m.header.fields[1] in path
                             or m.header.fields[3] != "PropertiesChanged"}))
        queue.clear()
        return heard[-1]
    with c.signals(path_namespace=ROOT) as queue:
        item, _ = c.secret(default, I_COLLECTION, "CreateItem", "a{sv}(oayays)b",
                           {I_ITEM + ".Label": ("s", "s")}, t.seal(b"x"), False)
        say("signals of CreateItem", listen(queue, default))
        c.set(item, I_ITEM, "Label", "s", "changed")
        say("signals of a new label", listen(queue, item))
        c.secret(item, I_ITEM, "Delete")
        say("signals of Delete", listen(queue, default))
        c.secret(ROOT, I_SERVICE, "Lock", "ao", [default])
        say("signals of Lock", listen(queue, default))
        person.person("yes")
        c.unlock(default)
        say("signals of Unlock", listen(queue, default))


def raw_prompts(c, person):
    default = c.secret(ROOT, I_SERVICE, "ReadAlias", "s", "default")
    person.lock()
    done, prompt = c.secret(ROOT, I_SERVICE, "Unlock", "ao", [default])
    say("Unlock: nothing yet, a prompt", [done, prompt != "/"])
    say("Dismiss before Prompt", outcome(c.secret, prompt, I_PROMPT, "Dismiss"))
    done, prompt = c.secret(ROOT, I_SERVICE, "Unlock", "ao", [default])
    with Connection(os.environ["DBUS_SESSION_BUS_ADDRESS"]) as stranger:
        say("Prompt by somebody else", outcome(stranger.secret, prompt, I_PROMPT, "Prompt", "s",
                                               ""))
    person.person("yes")
    dismissed, signature, value = c.prompted(prompt)
    say("Completed: dismissed, type", [dismissed, signature])
    say("Completed: result", value == [default])
    say("the prompt after it", outcome(c.secret, prompt, I_PROMPT, "Dismiss"))


def inside():
    person = Person()
    bus = secretstorage.dbus_init()
    for part in (storage_collections, storage_items, storage_made, storage_locked,
                 python_keyring):
        part(bus, person)
    with Connection(os.environ["DBUS_SESSION_BUS_ADDRESS"]) as c:
        for part in (raw_service, raw_aliases, raw_transfer, raw_prompts, raw_signals):
            part(c, person)
    print(json.dumps(["end"]), flush=True)


def walk(owner, fact):
    p = subprocess.Popen([sys.executable, os.path.abspath(__file__), "--inside"],
                         env={**owner.client_env, "OWNER": owner.name, "B": os.environ["B"]},
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    ended = False
    for line in p.stdout:
        verb, *args = json.loads(line)
        if verb == "fact":
            fact(*args)
        elif verb == "owner":
            getattr(owner, args[0])(*args[1:])
            p.stdin.write("done\n")
            p.stdin.flush()
        ended = ended or verb == "end"
    p.wait(10)
    assert ended, "it stopped"


if sys.argv[1:] == ["--inside"]:
    inside()
else:
    sys.exit(compare("clients", walk))
