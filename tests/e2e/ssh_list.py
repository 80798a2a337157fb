"""Which keys ssh sees: key.list, `ownkey ssh list`, status and doctor, next to ssh-add; and many
who want slow signatures."""

import base64
import json
import os
import resource
import socket
import struct
import sys

from ownkey import expect, run_parallel
from ssh_keys import Key, fingerprint, listed, opened, run, string, strings, userauth


def shown(agent, *args, **env):
    done = agent.cli(*args, **env)
    assert done.returncode == 0, done
    return done.stdout, done.stderr


def for_people(directory):
    """ssh list, status, doctor: which keys, whence, for how long, where; what ssh does not see"""
    with opened(directory, ssh_list="*work*") as (agent, _, person, c):
        item = c.call("id.add", service="ssh", account="work")["items"][0]
        blob = listed(c)[0].blob
        keys = {n: Key(directory, "ed25519", n) for n in ("work1", "work2", "work3", "home")}
        hop = {"to_host": b"here", "to_user": b"me", "to_keys": [{"blob": keys["work1"].blob}]}
        far = {**hop, "from_host": b"gate", "from_keys": [{"blob": keys["work2"].blob}]}
        keys["work1"].add(c, comment="work1", lifetime=3000, confirm=True)
        keys["work2"].add(c, comment="work2", dest=[hop])
        keys["work3"].add(c, comment="work3", dest=[far])
        keys["home"].add(c, comment="ho\u2028me")
        out, said = shown(agent, "ssh", "list")
        lines = {l.split("  ")[1]: l for l in out.splitlines()}
        assert len(lines) == 5 and not said, (out, said)
        path = os.path.join(directory, "work.pub")
        with open(path, "w", encoding="ascii") as f:
            f.write("ssh-ed25519 " + base64.b64encode(blob).decode())
        own = run("ssh-keygen", "-l", "-f", path).split()[1].decode()
        assert lines["work"] == "ssh-ed25519 %s  work  (%s)" % (own, item.label), out
        one = "ssh-ed25519 %s  work1  (added for " % fingerprint(keys["work1"])
        assert lines["work1"].startswith(one), out
        assert lines["work1"].endswith(" min more)  (asks each time)"), out
        assert lines["work2"].endswith("  (added until lock)  (only to me@here)"), out
        assert lines["work3"].endswith("(only gate to me@here)"), out
        assert "\u2028" not in out and "(not listed: not in ssh_list)" in out, out
        got = json.loads(shown(agent, "ssh", "list", "--json")[0])
        assert (got["total"], got["listed"], got["cut"]) == (5, 4, 0), got
        assert [k.get("unlisted") for k in got["keys"]] == [
            None, None, None, None, "not-named"], got
        ssh = os.path.join(agent.runtime, "ownkey", "ssh.sock")
        out = shown(agent, "status")[0]
        assert "ssh        " + ssh + "\n" in out and "ssh keys   4 of 5 are listed (" in out, out
        seen = run("env", "SSH_AUTH_SOCK=" + ssh, "ssh-add", "-L").decode().splitlines()
        assert [l.split()[2] for l in seen] == ["work", "work1", "work2", "work3"], seen
        # doctor
        assert "ssh is not set up" in shown(agent, "doctor")[0]
        out = shown(agent, "doctor", SSH_AUTH_SOCK=ssh)[0]
        assert "ok    SSH_AUTH_SOCK is ownkey's" in out, out
        other = os.path.join(directory, "other.sock")
        assert "warn  SSH_AUTH_SOCK is another" in shown(agent, "doctor", SSH_AUTH_SOCK=other)[0]
        shown(agent, "setup", "ssh", "--yes")
        assert "ok    ssh asks ownkey" in shown(agent, "doctor", SSH_AUTH_SOCK=other)[0]
        # locked: the vault's own stay
        agent.lock()
        assert shown(agent, "ssh", "list")[0].splitlines() == [lines["work"]]
        assert "ssh keys   1\n" in shown(agent, "status")[0]
        agent.unlock(person)
        assert "ssh keys   1\n" in shown(agent, "status")[0]
        # hidden is not lost
        run("env", "SSH_AUTH_SOCK=" + ssh, "ssh-add", "-q", "-D")
        out, said = shown(agent, "ssh", "list")
        assert not out and "1 key of the vault is hidden from ssh" in said, (out, said)
        assert "no key for ssh" not in said, said
        agent.lock()
        agent.unlock(person)
        out, said = shown(agent, "ssh", "list")
        assert out.splitlines() == [lines["work"]] and not said, (out, said)


def raw(directory):
    """a raw signature by an added key is refused: the key is there"""
    with opened(directory) as (_, _, _, c):
        key = Key(directory, "ed25519")
        label = key.add(c).id.hex()
        for kind in ({"type": 1, "data": b"x"}, {"type": 3, "data": b"x", "name_space": "a"}):
            expect(c.ask("sign", label=label, **kind), "DENIED")
            expect(c.ask("sign", label="00" * 16, **kind), "NOTFOUND")


def cut(directory):
    """more keys than OpenSSH reads: which are left out is said, pages hold all of them"""
    with opened(directory) as (agent, _, _, c):
        expect(c.ask("key.list", cursor=bytes(7)), "RANGE")
        for start in range(0, 2100, 50):
            asked = [c.start("key.add", alg="ed25519", private_key=i.to_bytes(32, "big"),
                             comment="n%04d" % i) for i in range(start + 1, start + 51)]
            assert all(c.wait(r).status == "OK" for r in asked)
        names = [r.comment for r in listed(c)]
        assert names == ["n%04d" % i for i in range(1, 2101)], names
        out, said = shown(agent, "ssh", "list")
        left = [l.split()[2] for l in out.splitlines() if l.endswith("  (not listed: no room)")]
        assert left == names[2048:] and "ssh sees 2048 of 2100 keys" in said, (left, said)
        assert "2048 of 2100 are listed: ssh reads no more" in shown(agent, "status")[0]
        ssh = os.path.join(agent.runtime, "ownkey", "ssh.sock")
        seen = run("env", "SSH_AUTH_SOCK=" + ssh, "ssh-add", "-L").decode().splitlines()
        assert [l.split()[2] for l in seen] == names[:2048]
        # what goes between two pages moves nothing
        page = c.call("key.list")
        c.call("key.hide", id=page["keys"][0].id)
        rest = c.call("key.list", cursor=page.cursor)
        assert rest["keys"][0].comment == "n%04d" % (len(page["keys"]) + 1), rest["keys"][0]


def crowd(directory):
    """2,000 clients want RSA signatures at once: all get one"""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    with opened(directory) as (agent, _, _, c):
        key = Key(directory, "rsa")
        key.add(c)
        data = userauth(key)
        message = b"\x0d" + string(key.blob) + string(data) + struct.pack(">I", 4)
        clients = []
        for _ in range(2000):
            s = socket.socket(socket.AF_UNIX)
            s.connect(os.path.join(agent.runtime, "ownkey", "ssh.sock"))
            s.settimeout(60)
            clients.append(s)
        for s in clients:
            s.sendall(string(message))
        for s in clients:
            head = s.recv(4, socket.MSG_WAITALL)
            got = s.recv(struct.unpack(">I", head)[0], socket.MSG_WAITALL)
            assert got[0] == 14, got
        key.verify(strings(got[1:])[0], data)


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (for_people, raw, cut, crowd)]))
