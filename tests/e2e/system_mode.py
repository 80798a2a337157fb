"""ownkey-agent --system: the owner is an account of its own, another has rows in ownkey.conf, a
third has none.  The accounts exist in this mount namespace only."""

import contextlib
import os
import re
import socket
import subprocess
import sys
import tempfile
import traceback

import cbor2

import jwt_issuer
from job import BUILD, receive, send
from ownkey import NAME, OPS, PASS, PASSPHRASE, Agent, Person, expect, tables

OWNER, PROVIDER, STRANGER, GROUP = 61001, 61002, 61003, 61004
ISSUER, OTHER = "https://id.example.org", "https://other.example.org"
ALLOWED = {"jwt.sign", "jwt.keys", "jwt.subject", "jwt.list"}
ALWAYS = {"hello", "subscribe", "cancel"}
ROW = "ownkey-oidc oidc/https://id.example.org jwt.sign,jwt.keys,jwt.subject,jwt.list"
GOOD = {"issuer": ISSUER, "alg": 0, "typ": 0, "audience": "forge", "account": "u1",
        "lifetime": 300}


def accounts(directory):
    """An /etc with three more accounts, and empty places of an agent of the machine."""
    etc = os.path.join(directory, "etc")
    subprocess.run(["cp", "-a", "/etc", etc], check=True)
    with open(etc + "/passwd", "a", encoding="utf-8") as f:
        for name, uid in (("ownkey", OWNER), ("ownkey-oidc", PROVIDER), ("somebody", STRANGER)):
            f.write("%s:x:%d:%d::/nowhere:/bin/false\n" % (name, uid, uid))
    with open(etc + "/group", "a", encoding="utf-8") as f:
        f.write("ownkey-clients:x:%d:ownkey,ownkey-oidc\n" % GROUP)
    os.makedirs(etc + "/ownkey", 0o755, exist_ok=True)
    subprocess.run(["mount", "--bind", etc, "/etc"], check=True)
    for place in ("/var/lib", "/run"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", place], check=True)
    for path, mode in (("/var/lib/ownkey", 0o700), ("/run/ownkey", 0o755)):
        os.mkdir(path)
        os.chmod(path, mode)
        os.chown(path, OWNER, OWNER)


def become(uid, groups=()):
    def drop():
        os.setgroups(list(groups))
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    return drop


class System(Agent):
    """With the places of the machine."""

    def __init__(self, directory, **conf):
        super().__init__(directory)
        self.config = "/etc/ownkey/ownkey.conf"
        self.configure((), **conf)
        os.chmod(self.config, 0o644)
        self.socket, self.secret = "/run/ownkey/agent.sock", "/run/ownkey/secret.sock"
        self.vault = "/var/lib/ownkey/vault"
        self.env = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}

    def begin(self):
        return self.start(args=["--system"], preexec_fn=become(OWNER, [GROUP]))


@contextlib.contextmanager
def system(directory, rows=ROW, **conf):
    agent = System(directory, client=rows, **conf)
    agent.begin()
    try:
        person = agent.init(ways=PASS)
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as c:
            for issuer in (ISSUER, OTHER):
                c.call("id.add", service="oidc", account=issuer)
                c.call("jwt.allow", issuer=issuer, names=[
                    {"kind": 0, "name": "forge"}, {"kind": 1, "name": "u1"}])
        yield agent
    finally:
        agent.stop()


def as_user(uid, groups, what, *args):
    """what(*args) in a process of that account; its exception's text, or what it returned."""
    r, w = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            become(uid, groups)()
            out = what(*args)
        except BaseException:  # pylint: disable=broad-except
            out = traceback.format_exc()
        os.write(w, cbor2.dumps(out))
        os._exit(0)
    os.close(w)
    with open(r, "rb") as f:
        out = cbor2.load(f)
    os.waitpid(pid, 0)
    return out


def reason(path):
    """What connect says, and what comes back if it says nothing."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
        s.settimeout(10)
        try:
            s.connect(path)
        except PermissionError:
            return "refused by the kernel"
        try:
            s.sendall(b"\0\0\0\1\xa0" * 4)
            return "served" if s.recv(1) else "closed"
        except (ConnectionResetError, BrokenPipeError):
            return "closed"


def sample(name):
    """The least that a request of this kind may say: every field that is required."""
    if not OPS[name][1]:
        return None
    body = re.search(r"wire_field %s_fields\[\] = \{(.*?)\n\};" % OPS[name][1], tables(), re.S)
    out = {}
    for key, kind, rest in re.findall(r"WIRE_F\(\s*\w+,\s*(\d+),\s*(\w+),\s*([^)]*)\)",
                                      body.group(1) if body else ""):
        flags, _, low, *_ = [a.strip() for a in rest.split(",")]
        if "WF_OPT" in flags:
            continue
        n = int(low) if low.isdigit() else 1
        out[int(key)] = {"TEXT": "x" * max(n, 1), "BYTES": b"x" * n, "UINT": n,
                         "BOOL": False}.get(kind, [])
    return out


def all_operations(only=None):
    """{operation: status} of each in lib/ops.c, asked by this account."""
    out = {}
    for name, (number, _, _) in OPS.items():
        if only and name not in only:
            continue
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as s:
            s.connect("/run/ownkey/agent.sock")
            send(s, {1: OPS["hello"][0], 2: 1, 3: {1: 1, 2: "tests"}})
            assert receive(s)[3] == 0
            params = {1: ISSUER} if name.startswith("jwt.") else sample(name)
            send(s, {1: number, 2: 2, **({3: params} if params else {})})
            try:
                message = receive(s)
                while message[2] == 0:
                    message = receive(s)
                out[name] = NAME[message[3]]
            except (EOFError, ConnectionResetError):
                out[name] = "closed"
    return out


def provider_asks(agent):
    out = {}
    with contextlib.closing(agent.client(Person(), interactive=False)) as c:
        for issuer in (ISSUER, OTHER):
            for op, params in (("jwt.sign", {**GOOD, "issuer": issuer}),
                               ("jwt.keys", {"issuer": issuer}), ("jwt.list", {"issuer": issuer}),
                               ("jwt.subject", {"issuer": issuer, "audience": "forge",
                                                "account": "u1"})):
                out["%s %s" % (op, issuer)] = c.ask(op, **params).status
        out["wrong audience"] = c.ask("jwt.sign", **{**GOOD, "audience": "elsewhere"}).status
    return out


def at_its_worst(agent):
    """A provider that somebody else runs now: what each of its wishes is answered."""
    out = {"sign": [], "other": {}, "lists": []}
    with contextlib.closing(agent.client(Person(), interactive=False)) as c:
        for status, change in jwt_issuer.never():
            # another issuer is refused before it is looked for
            want = "CLIENT_RIGHT" if "issuer" in change else status
            got = c.ask("jwt.sign", **{**GOOD, **change}).status
            if got != want:
                out["sign"].append("%s: %s, not %s" % (change, got, want))
        path = "oidc/" + ISSUER.replace("/", "%2F") + "/"
        for op, params in (
                ("jwt.allow", {"issuer": ISSUER, "names": [{"kind": 0, "name": "mallory"}]}),
                ("jwt.forget", {"issuer": ISSUER, "names": [{"kind": 0, "name": "forge"}]}),
                ("sign", {"label": path + "es256", "type": 1, "data": b"x"}),
                ("id.export", {"label": path + "es256"}), ("id.rotate", {"label": path + "es256"}),
                ("id.show", {"label": path + "es256"}), ("id.remove", {"label": path + "es256"}),
                ("id.add", {"service": "oidc", "account": OTHER}), ("secret.get", {"label": path}),
                ("policy.set", {"label": path + "es256", "rate": 0}), ("lock", {}),
                ("key.list", {}), ("id.list", {}), ("audit.show", {}), ("status", {})):
            if op in OPS:
                out["other"][op] = c.ask(op, **params).status
        c.ask("subscribe", on=True, asks=True)
        os.write(agent.ready, b"x")
        c.wait_event("CHANGED", timeout=60)
        # all that there is by then
        c.ask("jwt.keys", issuer=ISSUER)
        out["events"] = [repr(e) for e in c.events]
        ids = [c.start("jwt.sign", **{**GOOD, "alg": 1}) for _ in range(900)]
        replies = [c.wait(i).status for i in ids]
        out["flood"] = {s: replies.count(s) for s in set(replies)}
        out["left"] = c.ask("jwt.sign", **{**GOOD, "alg": 1}).status
    return out


# --- cases ---

def table(directory):
    """of all operations, the provider's account may ask those of its row, about its issuer"""
    with system(directory) as agent:
        got = as_user(PROVIDER, [GROUP], provider_asks, agent)
        assert isinstance(got, dict), got
        for op in ALLOWED:
            assert got["%s %s" % (op, ISSUER)] == "OK", got
            assert got["%s %s" % (op, OTHER)] == "CLIENT_RIGHT", got
        assert got["wrong audience"] == "JWT_AUDIENCE", got
        got = as_user(PROVIDER, [GROUP], all_operations)
        assert isinstance(got, dict) and set(got) == set(OPS), got
        refused = {op for op, s in got.items() if s == "NOTOWNER"}
        assert refused == set(OPS) - ALLOWED - ALWAYS - {"event"}, got
        assert got["event"] == "closed", got
        # and not because these requests are malformed: the owner is told something else
        as_owner = as_user(OWNER, [], all_operations, {"status", "id.list", "slot.list"})
        assert set(as_owner.values()) == {"OK"}, as_owner


def taken_over(directory):
    """a provider that was taken over: tokens of its issuer, for the lists, capped; nothing else"""
    with system(directory) as agent:
        heard, agent.ready = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.read(heard, 1)
            with contextlib.closing(agent.client(Person())) as c:
                c.call("id.add", service="oidc", account="https://private.example.org")
            os._exit(0)
        got = as_user(PROVIDER, [GROUP], at_its_worst, agent)
        os.waitpid(pid, 0)
        assert isinstance(got, dict), got
        assert not got["sign"], got["sign"]
        assert set(got["other"].values()) == {"NOTOWNER"} and len(got["other"]) > 10, got["other"]
        assert got["events"] and "private" not in str(got["events"]), got["events"]
        # 600 at once and a minute's worth while it went on
        assert set(got["flood"]) == {"OK", "LIMIT"} and got["left"] == "LIMIT", got["flood"]
        assert 550 <= got["flood"]["OK"] <= 800, got["flood"]


def locked(directory):
    """nor while the vault is locked, when front answers some of it by itself"""
    with system(directory) as agent:
        with contextlib.closing(agent.client()) as c:
            c.call("lock")
        got = as_user(PROVIDER, [GROUP], provider_asks, agent)
        assert got["jwt.keys " + ISSUER] == "OK", got
        assert got["jwt.keys " + OTHER] == "CLIENT_RIGHT", got
        assert got["jwt.sign " + ISSUER] == "LOCKED", got
        got = as_user(PROVIDER, [GROUP], all_operations)
        for op in ("id.list", "key.list", "slot.list", "status", "unlock", "lock", "init"):
            assert got[op] == "NOTOWNER", (op, got)


def fewer(directory):
    """a row with fewer operations gives fewer; a star stands for any ending"""
    with system(directory, rows="ownkey-oidc oidc/* jwt.keys") as agent:
        got = as_user(PROVIDER, [GROUP], provider_asks, agent)
        assert {k.split()[0] for k, s in got.items() if s == "OK"} == {"jwt.keys"}, got
        assert got["jwt.keys " + OTHER] == "OK", got


def strangers(directory):
    """who has no row cannot connect; secret.sock and ssh.sock are the owner's"""
    with system(directory):
        for name, mode in (("agent", 0o660), ("secret", 0o600), ("ssh", 0o600)):
            st = os.stat("/run/ownkey/%s.sock" % name)
            assert (st.st_mode & 0o777, st.st_uid) == (mode, OWNER), (name, st)
            path = "/run/ownkey/%s.sock" % name
            assert as_user(STRANGER, [], reason, path) == "refused by the kernel", name
        assert as_user(STRANGER, [GROUP], reason, "/run/ownkey/agent.sock") == "closed"
        for name in ("secret", "ssh"):
            path = "/run/ownkey/%s.sock" % name
            assert as_user(PROVIDER, [GROUP], reason, path) == "refused by the kernel"
            os.chmod(path, 0o666)  # even if its mode were wrong
            assert as_user(PROVIDER, [GROUP], reason, path) == "closed"


def refused_configurations(directory):
    """rows that give what cannot be given, or name nobody, are refused at start"""
    for rows in ("ownkey-oidc oidc/* unlock", "ownkey-oidc oidc/* status",
                 "nobody-there oidc/* jwt.keys", "ownkey-oidc o*c/x jwt.keys",
                 "ownkey-oidc oidc/*", "ownkey-oidc oidc/* jwt.keys jwt.sign",
                 "ownkey-oidc oidc/* jwt.keys,"):
        agent = System(directory, client=rows)
        try:
            agent.begin()
        except AssertionError:
            continue
        agent.stop()
        raise AssertionError("taken: " + rows)


def unattended(directory):
    """ownkey --system unlock --unattended: the passphrase comes from the service manager"""
    with system(directory, unattended="vault") as agent:
        with contextlib.closing(agent.client()) as c:
            c.call("lock")
        creds = "/run/credentials"
        os.mkdir(creds)
        os.chmod(creds, 0o755)

        def unlock(**env):
            return subprocess.run(
                [os.path.join(BUILD, "ownkey"), "--system", "unlock", "--unattended"],
                env={**agent.env, **env}, stdin=subprocess.DEVNULL, capture_output=True,
                text=True, timeout=60, check=False, preexec_fn=become(OWNER))

        done = unlock()
        assert done.returncode and "unattended" in done.stderr, done
        path = os.path.join(creds, "vault")
        for text, mode, good in (("wrong\n", 0o440, False), (PASSPHRASE + "\n", 0o444, False),
                                 (PASSPHRASE + "\n", 0o440, True)):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            os.chmod(path, mode)
            os.chown(path, OWNER, OWNER)
            done = unlock(CREDENTIALS_DIRECTORY=creds)
            assert (done.returncode == 0) == good, (text, oct(mode), done)
        with contextlib.closing(agent.client()) as c:
            assert not c.call("status").locked


CASES = [table, taken_over, locked, fewer, strangers, refused_configurations, unattended]


def one(name):
    """In a mount namespace, which ends with it."""
    case = [c for c in CASES if c.__name__ == name][0]
    with tempfile.TemporaryDirectory() as directory:
        try:
            accounts(directory)
            case(directory)
        finally:
            subprocess.run(["umount", "/etc", "/run", "/var/lib"], check=False)


def main():
    if sys.argv[1:2] == ["--one"]:
        one(sys.argv[2])
        return
    failed = False
    for case in CASES:
        if len(sys.argv) > 1 and sys.argv[1] not in case.__doc__:
            continue
        done = subprocess.run(["unshare", "-m", sys.executable, __file__, "--one", case.__name__],
                              check=False)
        print("%-4s %s" % ("FAIL" if done.returncode else "ok", case.__doc__), flush=True)
        failed |= done.returncode != 0
    sys.exit(failed)


if __name__ == "__main__":
    main()
