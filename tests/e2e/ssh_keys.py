"""SSH keys that are added (key.add, key.list, key.hide, ssh.lock) and what they sign, by a client
that speaks to the socket directly.  Keys and verdicts are OpenSSH's and OpenSSL's."""

import base64
import contextlib
import os
import shutil
import struct
import subprocess
import sys
import time

from backup import create, passphrase_of
from ownkey import ARGON, HERE, PASS, TOKEN, expect, run_parallel, until, world
from policy import Pinentry
from restore import Restorer

SSHSIG, RAW, USERAUTH = range(3)
KINDS = {"ed25519": ("ed25519", None), "rsa": ("rsa", 2048), "p256": ("ecdsa", 256),
         "p384": ("ecdsa", 384), "p521": ("ecdsa", 521)}
NAMES = {"ed25519": b"ssh-ed25519", "rsa": b"rsa-sha2-512", "p256": b"ecdsa-sha2-nistp256",
         "p384": b"ecdsa-sha2-nistp384", "p521": b"ecdsa-sha2-nistp521"}
SESSION = b"\x05" * 32


# --- RFC 4251 ---

def string(b):
    return struct.pack(">I", len(b)) + b


def strings(b):
    out = []
    while b:
        n = struct.unpack(">I", b[:4])[0]
        out.append(b[4:4 + n])
        b = b[4 + n:]
    return out


def take(b):
    n = struct.unpack(">I", b[:4])[0]
    return b[4:4 + n], b[4 + n:]


class Key:
    """A key of ssh-keygen's, and its private bytes as ownkey keeps them."""

    def __init__(self, directory, alg, name=None):
        self.alg, self.file = alg, os.path.join(directory, name or "id_" + alg)
        kind, bits = KINDS[alg]
        run("ssh-keygen", "-q", "-t", kind, *(["-b", str(bits)] if bits else []), "-N", "",
            "-C", "comment", "-f", self.file)
        self.line = open(self.file + ".pub", encoding="utf-8").read()
        self.blob = base64.b64decode(self.line.split()[1])
        self.private = self.parse()

    def parse(self):
        text = open(self.file, encoding="utf-8").read().split("\n")
        body = base64.b64decode("".join(l for l in text if l and not l.startswith("-")))
        rest = body[len(b"openssh-key-v1\0"):]
        for _ in range(3):
            _, rest = take(rest)
        _, rest = take(rest[4:])
        part, _ = take(rest)
        name, part = take(part[8:])
        fields = []
        for _ in range({"ed25519": 2, "rsa": 6}.get(self.alg, 3)):
            field, part = take(part)
            fields.append(field)
        if self.alg == "ed25519":
            return fields[1][:32]
        if self.alg == "rsa":
            return b"".join(string(f) for f in fields)
        size = {"p256": 32, "p384": 48, "p521": 66}[self.alg]
        return fields[2].lstrip(b"\0").rjust(size, b"\0")

    def add(self, client, **kw):
        return client.call("key.add", alg=self.alg, private_key=self.private, **kw)

    def pem(self):
        if self.alg == "ed25519":
            der = bytes.fromhex("302a300506032b6570032100") + self.blob[-32:]
            return run("openssl", "pkey", "-pubin", "-inform", "DER", stdin=der)
        return run("ssh-keygen", "-e", "-m", "PKCS8", "-f", self.file + ".pub")

    def verify(self, signature, data, name=None):
        """By OpenSSL."""
        algorithm, blob = strings(signature)
        assert algorithm == (name or NAMES[self.alg]), algorithm
        base = self.file + "." + os.urandom(4).hex()
        for suffix, content in ((".pem", self.pem()), (".sig", der(self.alg, blob)),
                                (".data", data)):
            with open(base + suffix, "wb") as f:
                f.write(content)
        if self.alg == "ed25519":
            run("openssl", "pkeyutl", "-verify", "-pubin", "-inkey", base + ".pem", "-rawin",
                "-in", base + ".data", "-sigfile", base + ".sig")
            return
        digest = {"rsa": "sha512", "p256": "sha256", "p384": "sha384", "p521": "sha512"}[self.alg]
        if name == b"rsa-sha2-256":
            digest = "sha256"
        run("openssl", "dgst", "-" + digest, "-verify", base + ".pem", "-signature",
            base + ".sig", base + ".data")


def der(alg, blob):
    if alg in ("ed25519", "rsa"):
        return blob
    inner = b"".join(b"\x02" + bytes([len(n)]) + n for n in strings(blob))
    return b"\x30" + (bytes([len(inner)]) if len(inner) < 128 else b"\x81" + bytes(
        [len(inner)])) + inner


def run(*args, stdin=b""):
    done = subprocess.run(args, input=stdin, capture_output=True, check=False)
    assert done.returncode == 0, (args, done)
    return done.stdout


def userauth(key, user=b"alice", hostkey=None, alg=None, blob=None):
    """RFC 4252 7, PROTOCOL 3.1 of OpenSSH."""
    method = b"publickey-hostbound-v00@openssh.com" if hostkey else b"publickey"
    return (string(SESSION) + b"\x32" + string(user) + string(b"ssh-connection") + string(method)
            + b"\x01" + string(alg or NAMES[key.alg]) + string(blob or key.blob)
            + (string(hostkey) if hostkey else b""))


LOGIN = {"type": USERAUTH, "session": SESSION, "user": b"alice", "bare": True}


@contextlib.contextmanager
def opened(directory, **conf):
    with world(directory, {}, **conf) as (agent, token):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            yield agent, token, person, c


def listed(client):
    rows, cursor = [], None
    while True:
        page = client.call("key.list", cursor=cursor)
        rows += page["keys"]
        cursor = page.cursor
        if cursor is None:
            assert page.total == len(rows), (page.total, len(rows))
            return rows


def logins(directory):
    """keys of every kind, added until lock: logins that OpenSSL verifies"""
    with opened(directory) as (_, _, _, c):
        host = Key(directory, "ed25519", "host")
        for alg in KINDS:
            key = Key(directory, alg)
            added = key.add(c, comment="of " + alg)
            assert not added.there and key.add(c, comment="of " + alg).there
            label = added.id.hex()
            got = c.call("sign", label=label, **LOGIN)
            key.verify(got.signature, userauth(key))
            got = c.call("sign", label=label, hostkey=host.blob, alg=NAMES[alg].decode(), **LOGIN)
            key.verify(got.signature, userauth(key, hostkey=host.blob))
            if alg == "rsa":
                got = c.call("sign", label=label, alg="rsa-sha2-256", **LOGIN)
                key.verify(got.signature, userauth(key, alg=b"rsa-sha2-256"), b"rsa-sha2-256")
            for wrong in ("ssh-rsa", "ssh-dss", "rsa-sha2-1024"):
                expect(c.ask("sign", label=label, alg=wrong, **LOGIN), "KEY_ALG")
            expect(c.ask("sign", label=label, type=USERAUTH, session=SESSION), "RANGE")
        rows = listed(c)
        assert [r.comment for r in rows] == ["of " + a for a in KINDS], rows
        assert all(r.added and r.expires is None and r.label is None for r in rows)


def files(directory):
    """SSHSIG by added keys and by the vault's: ssh-keygen accepts them, and no others"""
    with opened(directory) as (_, _, _, c):
        label = c.call("id.add", service="ssh", account="me")["items"][0].label
        c.call("policy.set", label=label, use=0)
        labels = [label] + [Key(directory, a).add(c).id.hex() for a in KINDS]
        message = os.path.join(directory, "message")
        with open(message, "wb") as f:
            f.write(b"hello")
        digest = run("openssl", "dgst", "-sha512", "-binary", message)
        for n, label in enumerate(labels):
            blob = c.call("sign", label=label, type=SSHSIG, name_space="file", hash_alg="sha512",
                          hash=digest).signature
            sig = message + ".%d.sig" % n
            with open(sig, "w", encoding="ascii") as f:
                f.write("-----BEGIN SSH SIGNATURE-----\n%s\n-----END SSH SIGNATURE-----\n"
                        % base64.encodebytes(blob).decode().strip())
            run("ssh-keygen", "-Y", "check-novalidate", "-n", "file", "-s", sig, stdin=b"hello")
            bad = subprocess.run(["ssh-keygen", "-Y", "check-novalidate", "-n", "file", "-s", sig],
                                 input=b"hellp", capture_output=True, check=False)
            assert bad.returncode != 0


def vault_key(directory):
    """keys of the vault are listed, sign logins, are hidden until the next unlock"""
    with opened(directory) as (agent, _, person, c):
        item = c.call("id.add", service="ssh", account="me")["items"][0]
        c.call("policy.set", label=item.label, use=0)
        row = listed(c)
        assert [(r.id, r.label, r.comment, r.added) for r in row] == [
            (item.id, item.label, "me", None)], row
        assert base64.b64decode(item.shown.split()[1]) == row[0].blob
        got = c.call("sign", label=item.id.hex(), **LOGIN)
        assert strings(got.signature)[0] == b"ssh-ed25519"
        c.call("key.hide", id=item.id)
        expect(c.ask("key.hide", id=item.id), "NOTFOUND")
        assert listed(c) == []
        c.call("id.add", service="ssh", account="other")
        c.call("key.hide")
        assert listed(c) == []
        agent.lock()
        agent.unlock(person)
        with contextlib.closing(agent.client(person)) as d:
            assert len(listed(d)) == 2
            d.call("id.retire", label=item.label)
            assert len(listed(d)) == 1


def certificates(directory):
    """a certificate is a row of its own, and is what its login is signed with"""
    with opened(directory) as (_, _, _, c):
        ca = Key(directory, "ed25519", "ca")
        for alg in KINDS:
            key, other = Key(directory, alg), Key(directory, alg, "other_" + alg)
            run("ssh-keygen", "-q", "-s", ca.file, "-I", "me", "-n", "alice", key.file + ".pub")
            cert = base64.b64decode(open(key.file + "-cert.pub", "rb").read().split()[1])
            plain, id_ = key.add(c).id, key.add(c, certificate=cert).id
            assert plain != id_
            got = c.call("sign", label=id_.hex(), **LOGIN)
            name = NAMES[alg] + b"-cert-v01@openssh.com"
            key.verify(got.signature, userauth(key, alg=name, blob=cert))
            expect(c.ask("key.add", alg=alg, private_key=other.private, certificate=cert),
                   "SSHKEY_PAIR")
        assert len(listed(c)) == 2 * len(KINDS)
        # in the vault
        key = Key(directory, "ed25519", "kept")
        run("ssh-keygen", "-q", "-s", ca.file, "-I", "me", "-n", "alice", key.file + ".pub")
        cert = base64.b64decode(open(key.file + "-cert.pub", "rb").read().split()[1])
        c.call("key.hide")
        key.add(c, keep=True, service="ssh", account="me", certificate=cert, use=0)
        rows = listed(c)
        assert sorted(r.blob for r in rows) == sorted([key.blob, cert]), rows
        row = [r for r in rows if r.blob == cert][0]
        got = c.call("sign", label=row.id.hex(), **LOGIN)
        key.verify(got.signature, userauth(key, alg=b"ssh-ed25519-cert-v01@openssh.com", blob=cert))


def lifetime(directory):
    """a lifetime ends; the same key added again lives as long as it is added for then"""
    with opened(directory) as (_, _, _, c):
        key = Key(directory, "ed25519")
        id_ = key.add(c, lifetime=3).id
        assert listed(c)[0].expires
        c.call("sign", label=id_.hex(), **LOGIN)
        until(lambda: not listed(c), "it lives on")
        expect(c.ask("sign", label=id_.hex(), **LOGIN), "NOTFOUND")
        key.add(c, lifetime=3)
        assert key.add(c).there
        time.sleep(3.5)
        assert listed(c)[0].expires is None


def long_rows(directory):
    """keys with long lists of destinations are listed, a page each"""
    with opened(directory) as (_, _, _, c):
        dest = [{"to_host": b"h%d" % i, "to_keys": [{"blob": os.urandom(4000)}]}
                for i in range(38)]
        for i in range(3):
            c.call("key.add", alg="ed25519", private_key=os.urandom(32), comment="long %d" % i,
                   dest=dest)
        assert len(c.call("key.list")["keys"]) == 1, "longer than a frame may be"
        rows = listed(c)
        assert [r.comment for r in rows] == ["long 0", "long 1", "long 2"]
        assert all(len(r.dest) == len(dest) for r in rows)


def until_lock(directory):
    """added keys are gone after lock"""
    with opened(directory) as (agent, _, person, c):
        id_ = Key(directory, "ed25519").add(c).id
        agent.lock()
        agent.unlock(person)
        with contextlib.closing(agent.client(person)) as d:
            assert listed(d) == []
            expect(d.ask("sign", label=id_.hex(), **LOGIN), "NOTFOUND")


def confirmed(directory):
    """confirm: asked at each use; without a prompt program it is refused"""
    with opened(directory) as (_, _, _, c):
        id_ = Key(directory, "ed25519").add(c, confirm=True).id
        expect(c.ask("sign", label=id_.hex(), **LOGIN), "NOPROMPT")


def asked(directory):
    """confirm: each use says who asks, for which key, as whom, where; no is no"""
    pinentry = Pinentry(directory, "ok")
    with opened(directory, pinentry=pinentry.path) as (_, _, _, c):
        key, host = Key(directory, "ed25519"), Key(directory, "ed25519", "host")
        login = {**LOGIN, "label": key.add(c, confirm=True, comment="the key").id.hex()}
        for times in (1, 2):
            got = c.call("sign", **login, hostkey=host.blob)
            key.verify(got.signature, userauth(key, hostkey=host.blob))
            assert len(pinentry.questions()) == times, pinentry.said()
        for part in ("alice", "the key", fingerprint(key), fingerprint(host)):
            assert part in pinentry.said().replace("%0A", ""), (part, pinentry.said())
        pinentry.set("no")
        expect(c.ask("sign", **login), "REFUSED")
        assert "host: not known" in pinentry.said()
        # while somebody is asked the key goes
        pinentry.set("hang")
        request = c.start("sign", **login)
        until(pinentry.questions, "nobody is asked")
        c.call("key.hide")
        c.call("cancel", request=request)
        expect(c.wait(request), "CANCELLED")


def fingerprint(key):
    return run("ssh-keygen", "-l", "-f", key.file + ".pub").split()[1].decode()


OTHER = """
import sys
sys.path.insert(0, %r)
from ownkey import Client
class At: socket = %r; secret = %r
print(Client(At, interactive=False).ask("sign", label=%r, type=2, session=bytes(32), user=b"alice",
                                        bare=True).status)
"""


def session(directory):
    """keys of the vault, by default: logins of one session are asked for once, until lock"""
    pinentry = Pinentry(directory, "ok")
    with opened(directory, pinentry=pinentry.path) as (agent, _, person, c):
        item = c.call("id.add", service="ssh", account="me")["items"][0]
        code = OTHER % (HERE, agent.socket, agent.secret, item.label)

        def other():
            return run(sys.executable, "-c", code).decode().strip()
        for _ in range(3):
            assert other() == "OK"
        assert len(pinentry.questions()) == 1, pinentry.said()
        assert "alice" in pinentry.said() and item.label in pinentry.said()
        assert run("setsid", "--wait", sys.executable, "-c", code).decode().strip() == "OK"
        assert len(pinentry.questions()) == 2, pinentry.said()
        agent.lock()
        agent.unlock(person)
        assert other() == "OK"
        assert len(pinentry.questions()) == 3, pinentry.said()


def passphrase(directory):
    """ssh.lock: nothing is listed, added or signed until the same passphrase comes"""
    with opened(directory) as (agent, _, person, c):
        item = c.call("id.add", service="ssh", account="me")["items"][0]
        c.call("policy.set", label=item.label, use=0)
        key = Key(directory, "ed25519")
        label = key.add(c).id.hex()
        expect(c.ask("ssh.lock", secret=b"x"), "SSH_PASSPHRASE")
        c.call("ssh.lock", lock=True, secret=b"open sesame")
        for op, params in (("key.list", {}), ("key.hide", {}),
                           ("ssh.lock", {"lock": True, "secret": b"x"}),
                           ("key.add", {"alg": "ed25519", "private_key": key.private}),
                           ("sign", {"label": label, **LOGIN}),
                           ("sign", {"label": item.label, **LOGIN})):
            expect(c.ask(op, **params), "SSH_LOCKED")
        start = time.monotonic()
        for wrong in (b"", b"open sesamf", b"open sesame ", b"x"):
            expect(c.ask("ssh.lock", secret=wrong), "SSH_PASSPHRASE")
        assert time.monotonic() - start > 0.5, "wrong tries cost nothing"
        # tries that are given up do not put off whoever knows it
        for _ in range(100):
            request = c.start("ssh.lock", secret=b"wrong")
            c.call("cancel", request=request)
        start = time.monotonic()
        while c.ask("ssh.lock", secret=b"open sesame", timeout=60).status == "LIMIT":
            time.sleep(0.5)
        assert time.monotonic() - start < 40
        c.call("sign", label=label, **LOGIN)
        c.call("ssh.lock", lock=True, secret=b"forgotten")
        agent.lock()
        agent.unlock(person)
        with contextlib.closing(agent.client(person)) as d:
            d.call("sign", label=item.label, **LOGIN)


def kept(directory):
    """imported keys of every kind: sign, are shown and exported as they were, survive a lock"""
    with opened(directory) as (agent, _, person, c):
        keys = {alg: Key(directory, alg) for alg in KINDS}
        for alg, key in keys.items():
            added = key.add(c, keep=True, service="ssh", account="my " + alg, use=0,
                            source="id_" + alg)
            assert added.label == "ssh/my %s/identity" % alg, added
            assert key.add(c, keep=True, service="ssh", account="again").there
        agent.lock()
        agent.unlock(person)
        with contextlib.closing(agent.client(person)) as d:
            rows = {i.label: i for i in d.call("id.list")["items"]}
            for alg, key in keys.items():
                row = rows["ssh/my %s/identity" % alg]
                assert row.shown.split()[1] == key.line.split()[1]
                assert not row.recoverable and row.origin == 1, row
                got = d.call("sign", label=row.label, **LOGIN)
                key.verify(got.signature, userauth(key))
                exported(directory, d, row, key)
                expect(d.ask("id.rotate", label=row.label, proof=PASS, timeout=60),
                       "KEY_IMPORTED")
            status = d.call("status")
            assert status.only_here == len(KINDS), status


def restored(directory):
    """a backup brings imported keys back, with their private halves"""
    rsa = Key(directory, "rsa")
    with opened(directory) as (agent, _, person, c):
        rsa.add(c, keep=True, service="ssh", account="me", use=0)
        blob, _ = create(c)
        agent.stop()
        os.remove(agent.vault)
        shutil.rmtree(agent.state)
        os.makedirs(agent.state, 0o700)
        agent.start()
        passphrase = passphrase_of(person.shown)
        with contextlib.closing(Restorer(agent, person, blob, [passphrase])) as d:
            head = d.open().result
            d.call("restore.commit", handle=head.handle, ways=PASS, timeout=60, one_way_in=True,
                   **ARGON)
            row = d.call("id.list")["items"][0]
            rsa.verify(d.call("sign", label=row.label, **LOGIN).signature, userauth(rsa))


def exported(directory, client, row, key):
    private = client.call("id.export", label=row.label, proof=PASS).data
    path = os.path.join(directory, "exported_" + key.alg)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as f:
        f.write(private)
    assert run("ssh-keygen", "-y", "-f", path).split()[:2] == key.line.encode().split()[:2]


def replaced(directory):
    """another key in the place of one: only when asked for, and the older one is kept"""
    with opened(directory) as (_, _, _, c):
        mine = c.call("id.add", service="ssh", account="me")["items"][0]
        c.call("policy.set", label=mine.label, use=0)
        first, second = Key(directory, "rsa", "first"), Key(directory, "ed25519", "second")
        where = {"keep": True, "service": "ssh", "account": "me", "use": 0}
        expect(c.ask("key.add", alg="rsa", private_key=first.private, **where), "EXISTS")
        assert first.add(c, **where, replace=True).label == mine.label
        assert second.add(c, **where, replace=True).label == mine.label
        rows = {i.label: i for i in c.call("id.list", all=True)["items"]}
        assert sorted(rows) == [mine.label, mine.label + "~1", mine.label + "~2"], rows
        assert rows[mine.label + "~1"].shown == mine.shown
        exported(directory, c, rows[mine.label + "~2"], first)
        assert [r.blob for r in listed(c)] == [second.blob]
        expect(c.ask("sign", label=mine.label + "~2", **LOGIN), "DENIED")


def refused(directory):
    """what is no key, or not for that place, changes nothing"""
    with opened(directory) as (agent, _, _, c):
        key, rsa = Key(directory, "ed25519"), Key(directory, "rsa")
        before = agent.hash()
        keep = {"keep": True, "service": "ssh", "account": "me"}
        for status, params in (
                ("SSHKEY_KIND", {"alg": "dsa", "private_key": b"x"}),
                ("SSHKEY_FORMAT", {"alg": "ed25519", "private_key": b"x"}),
                ("SSHKEY_FORMAT", {"alg": "rsa", "private_key": rsa.private[:-1]}),
                ("SSHKEY_FORMAT", {"alg": "p256", "private_key": bytes(32)}),
                ("SSHKEY_PAIR", {"alg": "rsa", "private_key": rsa.private[:-1] + bytes(
                    [rsa.private[-1] ^ 2])})):
            for more in ({}, keep):
                reply = c.ask("key.add", **params, **more)
                assert reply.status in (status, "SSHKEY_PAIR", "SSHKEY_FORMAT"), (params, reply)
        private = {"alg": "ed25519", "private_key": key.private}
        for more, status in (({**keep, "service": "matrix", "account": "@a:b.org"}, "KEY_SERVICE"),
                             ({**keep, "service": "nothing"}, "UNSUPPORTED"),
                             ({**keep, "lifetime": 5}, "KEY_LIMITS"),
                             ({**keep, "confirm": True}, "KEY_LIMITS"),
                             ({**keep, "account": None}, "TEXT"),
                             ({**keep, "purpose": "other"}, "KEY_SERVICE")):
            reply = c.ask("key.add", **private, **more)
            assert reply.status in (status, "RANGE", "FORMAT"), (more, reply)
        assert listed(c) == [] and before == agent.hash()


def many(directory):
    """10,000 keys: each change goes to the door alone; all are listed; the last one signs"""
    with opened(directory) as (agent, _, _, c):
        start = time.monotonic()
        for i in range(0, 10000, 500):
            requests = [c.start("key.add", alg="ed25519", private_key=os.urandom(32),
                                comment="key %d" % j) for j in range(i, i + 500)]
            ids = [c.wait(r).result.id for r in requests]
        print("10,000 keys added in %.1f s" % (time.monotonic() - start))
        assert len(listed(c)) == 10000
        c.call("sign", label=ids[-1].hex(), **LOGIN)
        kib = sum(rss(p) for p in pids(agent))
        print("with 10,000 keys all processes have %d KiB" % kib)
        assert kib < 171 * 1024
        c.call("key.hide")
        assert listed(c) == []


def pids(agent):
    return [agent.main_pid()] + [agent.role(r) for r in ("front", "vault")]


def rss(pid):
    """With what it shares with others: nobody but root may look closer."""
    for line in open("/proc/%d/status" % pid, encoding="ascii"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(pid)


def worker_dies(directory):
    """slow signatures come from one process, which is started again when it died"""
    with opened(directory) as (agent, _, _, c):
        key = Key(directory, "rsa")
        label = key.add(c).id.hex()
        c.call("sign", label=label, **LOGIN)
        one = agent.helpers()
        assert len(one) == 1, one
        for _ in range(5):
            c.call("sign", label=label, **LOGIN)
        assert agent.helpers() == one
        os.kill(one[0], 9)
        until(lambda: agent.helpers() != one, "it lives")
        key.verify(c.call("sign", label=label, **LOGIN).signature, userauth(key))
        requests = [c.start("sign", label=label, **LOGIN) for _ in range(40)]
        assert all(c.wait(r).status == "OK" for r in requests)
        agent.lock()
        until(lambda: not agent.helpers(), "the worker outlives the vault")


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        asked, session, restored, logins, files, vault_key, certificates,
        lifetime, long_rows, until_lock, confirmed, passphrase,
        kept, replaced, refused, many, worker_dies)]))
