"""`ownkey-oidc check`: a case for each thing that can be wrong; once mended, nothing is said."""

import contextlib
import json
import os
import shutil
import socket
import sqlite3
import sys
import tempfile
import threading

from job import BUILD, ERR, receive, send
from oidc_rp import run_shared
from oidcd import ISSUER
from ownkey import OPS, expect


def findings(o, what=None):
    """(exit status, [(is, why, hint)] of what begins so)."""
    done = o.p.run("check", "--json")
    rows = json.loads(done.stdout)["findings"]
    assert done.returncode == int(any(r["is"] == "wrong" for r in rows)), done
    assert all(r["hint"] and r["why"] for r in rows if r["is"] != "ok"), rows
    return [(r["is"], r["what"], r["why"], r["hint"]) for r in rows
            if what is None or r["what"].startswith(what)]


def wrongs(o):
    return [r for r in findings(o) if r[0] == "wrong"]


def found(o, how, what, why, hint):
    rows = findings(o)
    assert any(r[0] == how and what in r[1] and why in r[2] and hint in r[3] for r in rows), rows


def configured(o, **conf):
    with open(o.p.path, "w", encoding="utf-8") as f:
        # the folder of tests is nobody else's, as the one of a socket must not be
        for name, value in {**o.p.conf, "listen": "127.0.0.1:%d" % o.p.port, **conf}.items():
            for v in value if isinstance(value, list) else [value]:
                f.write("%s = %s\n" % (name, v))


@contextlib.contextmanager
def conf(o, **lines):
    configured(o, **lines)
    try:
        yield
    finally:
        configured(o)


def clean(o):
    """with everything as it should be: exit status 0, hints only"""
    configured(o)
    assert not wrongs(o), wrongs(o)
    done = o.p.run("check")
    assert done.returncode == 0 and "ok    a key for RS256" in done.stdout, done
    assert "\n      hint: trusted_proxy = 127.0.0.1\n" in done.stdout, done


def issuers(o):
    """http that is not on loopback, and a configuration that others may write"""
    with conf(o, issuer="http://id.example.org"):
        done = o.p.run("check")
        assert done.returncode and "issuer" in done.stderr, done
    os.chmod(o.p.path, 0o666)
    found(o, "wrong", o.p.path, "others may write", "chmod go-w " + o.p.path)
    os.chmod(o.p.path, 0o600)
    clean(o)


def proxies(o):
    """a hint while trusted_proxy is missing, none when it is there"""
    assert findings(o, "trusted_proxy")[0][0] == "warn"
    with conf(o, listen="unix:" + o.p.sock):
        found(o, "warn", "trusted_proxy", "not set", "trusted_proxy = unix")
    with conf(o, trusted_proxy="127.0.0.1"):
        assert not findings(o, "trusted_proxy")


def sockets(o):
    """a socket that the web server cannot reach, or whose folder is missing"""
    with tempfile.TemporaryDirectory(dir="/tmp") as d:
        os.chmod(d, 0o755)
        with conf(o, listen="unix:%s/in/s" % d):
            found(o, "wrong", d + "/in", "No such file", "install -d")
            os.mkdir(d + "/in")
            os.chmod(d + "/in", 0o700)
            found(o, "warn", d + "/in", "cannot reach", "chmod a+x %s/in" % d)
            os.chmod(d + "/in", 0o750)
            found(o, "warn", d + "/in", "only its group", "usermod")
            os.chmod(d + "/in", 0o755)
            assert findings(o, "unix:%s/in/s" % d)[0][0] == "ok"


def stores(o):
    """the store, or a file of it, that others may read; that is missing; that is damaged"""
    store = o.p.conf["store"]
    os.chmod(store, 0o755)
    found(o, "wrong", store, "others may look", "chmod 700 " + store)
    os.chmod(store, 0o700)
    with open(store + "/stray", "w", encoding="utf-8") as f:
        f.write("x")
    os.chmod(store + "/stray", 0o644)
    found(o, "wrong", store + "/stray", "others may read", "chmod go-rwx %s/stray" % store)
    os.unlink(store + "/stray")
    with conf(o, store=store + "/none"):
        found(o, "wrong", store + "/none", "no such folder", "install -d -m 700")
    with tempfile.TemporaryDirectory(dir=o.p.dir) as empty, conf(o, store=empty):
        found(o, "warn", empty + "/db", "nobody", "user add")
        assert not os.listdir(empty), "it made something"
    with tempfile.TemporaryDirectory(dir=o.p.dir) as other, conf(o, store=other):
        with contextlib.closing(sqlite3.connect(store + "/db")) as db:
            db.execute("VACUUM INTO '%s/db'" % other)
        os.chmod(other + "/db", 0o600)
        assert findings(o, other + "/db")[0][0] == "ok"
        with open(other + "/db", "r+b") as f:
            f.seek(4096)
            f.write(os.urandom(3 * 4096))
        found(o, "wrong", other + "/db", "", "")
    clean(o)


def owners(o):
    """a store that belongs to somebody else"""
    with conf(o, store="/usr"):
        found(o, "wrong", "/usr", "", "")
    with conf(o, store="/lost+found" if os.path.isdir("/lost+found") else "/root"):
        found(o, "wrong", "/", "", "")


def helpers(o):
    """no fetch helper while indieauth is on"""
    with tempfile.TemporaryDirectory(dir=o.p.dir) as d:
        os.chmod(d, 0o755)
        shutil.copy(BUILD + "/ownkey-oidc", d)
        with conf(o, indieauth="yes"):
            assert any(r[0] == "ok" and r[1].endswith("ownkey-oidc-fetch") for r in findings(o)), \
                findings(o)
            out = os.popen("PATH=/usr/bin:/bin %s/ownkey-oidc check --config %s" % (d, o.p.path))
            text = out.read()
            assert "wrong ownkey-oidc-fetch: not installed" in text and out.close(), text


@contextlib.contextmanager
def between(o, change):
    """An agent whose replies are changed on their way."""
    def serve(listener):
        with contextlib.suppress(OSError, EOFError):
            while True:
                ours, _ = listener.accept()
                theirs = socket.socket(socket.AF_UNIX)
                theirs.connect(o.agent.socket)
                with contextlib.suppress(OSError, EOFError), ours, theirs:
                    while True:
                        asked = receive(ours)
                        send(theirs, asked)
                        reply = receive(theirs)
                        change(asked, reply)
                        send(ours, reply)

    with tempfile.TemporaryDirectory(dir="/tmp") as d, \
            contextlib.closing(socket.socket(socket.AF_UNIX)) as listener:
        os.chmod(d, 0o700)
        listener.bind(d + "/agent.sock")
        listener.listen(8)
        threading.Thread(target=serve, args=[listener], daemon=True).start()
        with conf(o, agent=d):
            yield


def agents(o):
    """an agent of another version, none, a locked one"""
    def older(asked, reply):
        if asked[1] == OPS["hello"][0]:
            reply[4] = {**reply[4], 2: "0.0.1"}

    with between(o, older):
        found(o, "warn", "agent.sock", "of version 0.0.1", "again after an upgrade")
    with conf(o, agent=o.p.dir + "/none"):
        found(o, "wrong", "agent.sock", "no agent answers", "ownkey-agent")
    o.agent.lock()
    found(o, "warn", "the vault", "locked", "ownkey unlock")
    found(o, "warn", "the vault's list", "locked", "ownkey unlock")
    expect(o.agent.unlock(o.person), "OK")
    clean(o)


def rights(o):
    """a right of the system mode that is missing"""
    for op, what in (("hello", "agent.sock"), ("jwt.sign", "jwt.sign"),
                     ("jwt.subject", "jwt.subject"), ("jwt.keys", "jwt.keys")):
        def refuse(asked, reply, op=op):
            if asked[1] == OPS[op][0]:
                reply.pop(4, None)
                reply[3] = ERR["CLIENT_RIGHT" if op != "hello" else "NOTOWNER"]

        with between(o, refuse):
            found(o, "wrong", what, "", " oidc/%s jwt.sign,jwt.keys,jwt.subject,jwt.list" % ISSUER)

    def no_list(asked, reply):
        if asked[1] == OPS["jwt.list"][0]:
            reply.pop(4, None)
            reply[3] = ERR["CLIENT_RIGHT"]

    with between(o, no_list):
        found(o, "warn", "the vault's list", "not compared", "jwt.list")
        assert not wrongs(o)


def keys(o):
    """a key that the vault does not have, and a client that needs it"""
    def no_rsa(asked, reply):
        if asked[1] == OPS["jwt.keys"][0]:
            reply[4] = {1: [k for k in reply[4][1] if k.get(2, 0) != 2]}

    o.sql("UPDATE client SET algorithm='RS256' WHERE id='post'")
    clean(o)
    with between(o, no_rsa):
        found(o, "wrong", "a key for RS256", "none",
              "ownkey id add oidc %s --purpose rs256" % ISSUER)
        found(o, "wrong", "client post", "RS256", "algorithms")
    with conf(o, algorithms="es256 eddsa"):
        found(o, "wrong", "client post", "RS256", "algorithms")
        found(o, "warn", "algorithms", "RS256", "rs256")


def lists(o):
    """who is missing on the vault's list, who is on it for nothing; the line that mends it"""
    o.owner.call("jwt.forget", issuer=ISSUER, names=[{"kind": 0, "name": "rp"}])
    line = "ownkey jwt allow %s audience:rp --sector rp.example" % ISSUER
    row = findings(o, "client rp")
    assert row and row[0][0] == "wrong" and row[0][3].startswith(line[:-len("rp.example")]), row
    o.allow()
    ann = o.users["ann"]
    o.owner.call("jwt.forget", issuer=ISSUER, names=[{"kind": 1, "name": ann}])
    found(o, "wrong", "user ann", "list", "ownkey jwt allow %s account:%s" % (ISSUER, ann))
    o.allow()
    # on it, but for another sector: another subject than the one that clients know
    o.owner.call("jwt.allow", issuer=ISSUER, names=[
        {"kind": 0, "name": "rp", "sector": "other.example"}])
    found(o, "wrong", "client rp", "like this", "--sector")
    o.allow()
    more = [{"kind": 0, "name": "gone%d" % i} for i in range(300)]
    o.owner.call("jwt.allow", issuer=ISSUER, names=more)
    rows = [r for r in findings(o) if "audience gone" in r[1]]
    assert len(rows) == 300 and {r[0] for r in rows} == {"warn"}, rows[:3]
    assert ("ownkey jwt forget %s audience:gone7" % ISSUER) in [r[3] for r in rows]
    o.owner.call("jwt.forget", issuer=ISSUER, names=more)
    clean(o)


def setups(o):
    """setup of a client that is there says when it is not on the vault's list"""
    o.add("setup", "forgejo", "https://git.example.org")
    o.allow()
    done = o.p.run("setup", "forgejo", "https://git.example.org")
    assert done.returncode == 0 and "list" not in done.stderr, done
    o.owner.call("jwt.forget", issuer=ISSUER, names=[{"kind": 0, "name": "forgejo"}])
    done = o.p.run("setup", "forgejo", "https://git.example.org")
    assert done.returncode == 1 and "not yet on the vault's list" in done.stderr, done
    assert "ownkey jwt allow %s audience:forgejo" % ISSUER in done.stderr, done
    o.allow()


CASES = [(f.__doc__, f) for f in (clean, issuers, proxies, sockets, stores, owners, helpers, agents,
                                  rights, keys, lists, setups)]

if __name__ == "__main__":
    sys.exit(run_shared(CASES))
