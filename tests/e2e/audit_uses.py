"""What programs use is in the audit log: what a person was asked or touched for before the answer,
even when the agent is killed right behind it; what was free, counted.  Looked at by another
reader."""

import contextlib
import os
import sys

from audit import REFUSED, SIGN, kill, limit, log_of, op, opened, read, said
from decrypt import recipient_key, stanza
from other_audit import RECORD
from ownkey import expect, run_parallel, world
from ssh_keys import Key
from token_foreign import CDH, RP, USER, make

PEER = {"type": 0, "peer": b"\x09" + bytes(31)}
SEED = b"otpauth://totp/x?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def total(entries, **want):
    return sum(e.get("count", 1) for e in said(entries, **want))


def foreign_tokens(directory):
    """token.make and token.assert: a touch each, about the relying party; without one, counted"""
    with opened(directory) as (agent, _, person, c, _key):
        cred, other = make(c), make(c, "ssh:")
        for rp, one in ((RP, cred), (RP, cred), ("ssh:", other)):
            expect(c.ask("token.assert", rp_id=rp, creds=[one.cred_id]), "OK")
        expect(c.ask("token.assert", rp_id=RP, creds=[b"y" * 40]), "TOKEN_NOKEY")
        expect(c.ask("token.assert", rp_id=RP, creds=[b"y" * 40], nowait=True,
                     token="unix:/nowhere"), "TOKEN_ABSENT")
        names = agent.cli("audit", "show").stdout
        assert names.count("\n    ssh:\n") == 2 and RP not in names, names
        kill(agent)
        entries = read(agent, person)["entries"]
        made = said(entries, kind="touch", op=op("TOKEN_MAKE"))
        used = said(entries, kind="touch", op=op("TOKEN_ASSERT"))
        assert len(made) == 2 and len(used) == 4, entries
        assert made[0]["item"] == used[0]["item"] == used[1]["item"] == used[3]["item"]
        assert made[1]["item"] == used[2]["item"] != made[0]["item"]
        assert [bool(e.get("err")) for e in used] == [False, False, False, True]
        assert all(e["client"].startswith("python3") for e in made + used)
        raw = open(log_of(agent), "rb").read()
        assert RP.encode() not in raw and b"ssh:" not in raw
        agent.start()
        agent.unlock(person)
        with contextlib.closing(agent.client(person)) as d:
            for _ in range(3):
                expect(d.ask("token.assert", rp_id=RP, creds=[cred.cred_id], silent=True), "OK")
        agent.lock()
        entries = read(agent, person)["entries"]
        assert total(entries, kind="uses", op=op("TOKEN_ASSERT")) == 3, entries


def tokens_while_locked(directory):
    """what tokens did for others while there was no open vault is told once there is one"""
    with world(directory, {}) as (agent, _):
        with contextlib.closing(agent.client()) as c:
            cred = make(c)
        person = agent.init()
        agent.lock()
        with contextlib.closing(agent.client(person)) as c:
            for _ in range(2):
                expect(c.ask("token.assert", rp_id=RP, creds=[cred.cred_id]), "OK")
        assert not total(read(agent, person)["entries"], op=op("TOKEN_ASSERT"))
        agent.unlock(person)
        kill(agent)
        entries = read(agent, person)["entries"]
        assert total(entries, kind="touch", op=op("TOKEN_ASSERT")) == 2, entries
        assert total(entries, kind="touch", op=op("TOKEN_MAKE")) == 1, entries


def full_disk(directory):
    """what cannot be recorded is not handed out"""
    with opened(directory) as (agent, _, _person, c, _key):
        cred = make(c)
        limit(agent, os.stat(log_of(agent)).st_size + 100)
        for name, params in (("token.assert", {"creds": [cred.cred_id], "salt": CDH}),
                             ("token.make", {"cdh": CDH, **USER})):
            reply = expect(c.ask(name, rp_id=RP, **params), REFUSED)
            assert not reply.result, reply
        limit(agent)
        expect(c.ask("token.assert", rp_id=RP, creds=[cred.cred_id]), "OK")


def typed_uses(directory):
    """decrypt, agree, codes and ssh keys: asked or touched, durable; then counted"""
    with opened(directory) as (agent, _, person, c, key):
        age = c.call("id.add", service="age", account="me")["items"][0]
        c.call("id.add", service="app", account="demo")
        c.call("policy.set", label="app/demo/agree", use=2)
        c.call("secret.set", label="code", value=SEED, use=1)
        one = stanza(recipient_key(age.shown), os.urandom(16))
        calls = [("SIGN", {"label": key, **SIGN}), ("DECRYPT", {"type": 0, "stanzas": [one]}),
                 ("AGREE", {"label": "app/demo/agree", **PEER}), ("SECRET_CODE", {"label": "code"})]
        for name, params in calls:
            c.call(name.lower().replace("_", "."), **params)
        kill(agent)
        entries = read(agent, person)["entries"]
        for name, _ in calls:
            kind = "touch" if name == "AGREE" else "ask"
            assert total(entries, kind=kind, op=op(name)) == 1, (name, entries)
        agent.start()
        agent.unlock(person)
        with contextlib.closing(agent.client(person)) as d:
            for _ in range(3):
                for name, params in calls:
                    d.call(name.lower().replace("_", "."), **params)
        agent.lock()
        entries = read(agent, person)["entries"]
        for name, _ in calls:
            free, asked = (0, 4) if name == "AGREE" else (2, 2)
            assert total(entries, kind="uses", op=op(name)) == free, (name, entries)
            assert total(entries, kind="ask", op=op(name)) + \
                total(entries, kind="touch", op=op(name)) == asked, (name, entries)


def ssh_door(directory):
    """keys until lock and the door's own lock are counted; a wrong passphrase is durable"""
    with opened(directory) as (agent, _, person, c, _key):
        key = Key(directory, "ed25519")
        key.add(c)
        c.call("ssh.lock", lock=True, secret=b"open sesame")
        for _ in range(2):
            expect(c.ask("ssh.lock", secret=b"wrong"), "SSH_PASSPHRASE")
        kill(agent)
        wrong = said(read(agent, person)["entries"], kind="proof", op=op("SSH_LOCK"))
        assert len(wrong) == 2 and all(e["err"] for e in wrong), wrong
        agent.start()
        agent.unlock(person)
        with contextlib.closing(agent.client(person)) as d:
            key.add(d)
            d.call("ssh.lock", lock=True, secret=b"open sesame")
            d.call("ssh.lock", secret=b"open sesame")
            d.call("key.hide")
        agent.lock()
        entries = read(agent, person)["entries"]
        counted = {e["op"]: e.get("count", 1) for e in said(entries, kind="uses")}
        assert [counted.get(op(n)) for n in ("KEY_ADD", "SSH_LOCK", "KEY_HIDE")] == [1, 2, 1], \
            entries


def control(directory):
    """control: these checks can fail: without its record the log does not show it"""
    with opened(directory) as (agent, _, person, c, _key):
        make(c)
        kill(agent)
        entry, = said(read(agent, person)["entries"], op=op("TOKEN_MAKE"))
        os.truncate(log_of(agent), entry["n"] * RECORD)
        entries = read(agent, person)["entries"]
        assert not total(entries, op=op("TOKEN_MAKE")), entries


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        foreign_tokens, tokens_while_locked, full_disk, typed_uses, ssh_door, control)]))
