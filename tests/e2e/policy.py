"""Policy (DESIGN 9), by a client that speaks to the socket directly: what widens needs a fresh
factor, `use` 2 a touch each time, `use` 1 an answer once."""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time

from ownkey import HERE, PASS, PHRASE, TOKEN, Client, Person, expect, run_parallel, until, world

HASH = hashlib.sha256(b"message").digest()
SIGN = {"type": 0, "name_space": "file", "hash_alg": "sha256", "hash": HASH}


def widening(label):
    """Every operation that widens, ready to be sent."""
    return [("slot.add", {"way": PASS, "label": "planted", "argon_m": 8192, "argon_t": 1}),
            ("slot.renew", {"label": "passphrase"}),
            ("slot.remove", {"label": "passphrase"}),
            ("id.export", {"label": label}),
            ("policy.set", {"label": label, "use": 0}),
            ("policy.set", {"label": "kept", "use": 2, "may_export": True}),
            ("policy.set", {"label": "kept", "use": 1}),
            ("secret.remove", {"label": "kept"})]


@contextlib.contextmanager
def opened(directory, **conf):
    """An open vault with a key and a secret, which ask for a touch."""
    with world(directory, {}, **conf) as (agent, token):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            key = c.call("id.add", service="ssh", account="me")["items"][0].label
            c.call("policy.set", label=key, use=2)
            c.call("secret.set", label="kept", value=b"the value", use=2)
            c.call("policy.set", label="kept", may_export=False)
            yield agent, token, person, c, key


def picture(client):
    slots = [(s.label, s.id) for s in client.call("slot.list").slots]
    items = [(i.label, i.use, i.may_export) for op in ("id.list", "secret.list")
             for i in client.call(op)["items"]]
    return slots, items


def refused_all(agent, client, label, statuses, at_once=8, **proof):
    """Nothing that widens is done; nothing is different afterwards."""
    before = agent.hash(), picture(client)
    rows = widening(label)
    for i in range(0, len(rows), at_once):
        refused_some(client, rows[i:i + at_once], statuses, proof)
    assert before == (agent.hash(), picture(client))


def refused_some(client, rows, statuses, proof):
    requests = [(op, client.start(op, **params, **proof)) for op, params in rows]
    for op, request in requests:
        reply = client.wait(request, timeout=60)
        assert reply.status in statuses, (op, reply)


def no_token(directory):
    """nothing widens with an open vault and no token"""
    with opened(directory) as (agent, token, _, c, key):
        token.stop()
        refused_all(agent, c, key, ["TOKEN_ABSENT"])


def nobody(directory):
    """nor by a program that nobody answers for"""
    with opened(directory) as (agent, _, _, c, key):
        with contextlib.closing(Client(agent, interactive=False)) as program:
            refused_all(agent, program, key, ["NOPROMPT"], at_once=1)
            refused_all(agent, program, key, ["NOPROMPT"], at_once=1, proof=PHRASE)
            refused_all(agent, program, key, ["NOPROMPT"], at_once=1, proof=PASS)
        c.call("status")


def wrong_factors(directory):
    """nor with a wrong passphrase, wrong words, a wrong token, a wrong PIN"""
    with opened(directory) as (agent, token, person, c, key):
        wrong = Person(passphrase="wrong", words="abandon " * 23 + "art", pin="9999")
        ask = [("secret.remove", {"label": "kept"}), ("id.export", {"label": key}),
               ("policy.set", {"label": key, "use": 0})]
        before = agent.hash(), picture(c)
        with contextlib.closing(agent.client(wrong)) as w:
            for op, params in ask:
                expect(w.ask(op, proof=PASS, timeout=30, **params), "PASS_WRONG")
                expect(w.ask(op, proof=PHRASE, timeout=30, **params), "WORDS_WRONG")
            expect(w.ask("id.export", label=key), "PIN_REPLUG")
            token.tell("powercycle")
        # approved for one thing is not approved for the next: each asks again
        assert before == (agent.hash(), picture(c))
        person.asked.clear()
        c.call("id.export", label=key)
        c.call("id.export", label=key)
        assert len(person.asked) == 2, person.asked
        token.tell("fault", "replay:assert")
        expect(c.ask("id.export", label=key), "LIE_SIGNATURE")


def other_token(directory):
    """nor with somebody else's token"""
    with opened(directory) as (agent, token, _, c, key):
        # in its place, under the same name
        token.stop()
        os.rename(token.base + ".state", token.base + ".mine")
        token.start()
        before = agent.hash()
        for op, params in widening(key):
            expect(c.ask(op, timeout=30, **params), "TOKEN_WRONG")
        assert before == agent.hash()


def fresh_factor(directory):
    """control: with a fresh factor all of it is done"""
    with opened(directory) as (agent, _, _, c, key):
        for op, params in widening(key):
            expect(c.ask(op, timeout=30, **params), "OK")
        slots, items = picture(c)
        assert [s[0] for s in slots] == ["token", "recovery phrase", "planted"] or \
            "planted" in [s[0] for s in slots], slots
        assert [i[0] for i in items] == [key], items
        agent.lock()
        expect(agent.unlock(), "OK")


def stronger(directory):
    """what is stronger needs nothing"""
    with opened(directory) as (_, token, _, c, key):
        c.call("secret.set", label="free", value=b"x", use=0)
        token.stop()
        for use in (1, 2):
            c.call("policy.set", label="free", use=use)
        c.call("policy.set", label=key, rate=10)


def rates(directory):
    """a rate holds for each of sixty items that are used in turn"""
    with opened(directory) as (_, _, _, c, _):
        names = ["limited-%d" % i for i in range(60)]
        for name in names:
            c.call("secret.set", label=name, value=b"x", use=0)
            c.call("policy.set", label=name, rate=1)
        # within one minute of the machine's clock
        left = 60 - time.clock_gettime(time.CLOCK_BOOTTIME) % 60
        time.sleep(left + 0.1 if left < 15 else 0)
        for name in names:
            expect(c.ask("secret.get", label=name), "OK")
        for name in names:
            expect(c.ask("secret.get", label=name), "LIMIT")


def each_time(directory):
    """`use` 2: two uses need two touches, counted at the token"""
    with opened(directory) as (_, token, _, c, key):
        token.tell("touch-mode", "never")
        for op, params in [("sign", {"label": key, **SIGN})] * 2 + [
                ("secret.get", {"label": "kept"})] * 2:
            request = c.start(op, **params)
            until(token.is_waiting, "no touch is wanted")
            assert request not in c.replies
            assert c.ask("status").status == "OK"
            token.tell("touch")
            expect(c.wait(request), "OK")
            assert not token.is_waiting()


def no_replay(directory):
    """`use` 2: the approval before this one is not taken again"""
    with opened(directory) as (agent, token, _, c, key):
        expect(c.ask("sign", label=key, **SIGN), "OK")
        token.tell("fault", "replay:assert")
        expect(c.ask("sign", label=key, **SIGN), "LIE_SIGNATURE")
        expect(c.ask("secret.get", label="kept"), "LIE_SIGNATURE")
        for lie, error in [("no-up", "LIE_PRESENCE"), ("bad-signature", "LIE_SIGNATURE"),
                           ("wrong-rp", "LIE_RP")]:
            token.restart([lie + ":assert"])
            expect(c.ask("sign", label=key, **SIGN), error)
        assert not agent.status().locked


def two_at_once(directory):
    """`use` 2: two requests at once are two touches"""
    with opened(directory) as (_, token, _, c, key):
        token.tell("touch-mode", "never")
        both = [c.start("sign", label=key, **SIGN) for _ in range(2)]
        until(token.is_waiting, "no touch is wanted")
        token.tell("touch")
        until(lambda: c.replies or c.step(), "the first one")
        with contextlib.suppress(TimeoutError):
            c.step(0.5)
        assert len(c.replies) == 1, c.replies
        expect(next(iter(c.replies.values())), "OK")
        c.call("cancel", request=next(r for r in both if r not in c.replies))


# --- asked once ---

class Pinentry:
    def __init__(self, directory, *answers):
        self.path = os.path.join(directory, "pinentry")
        shutil.copy(os.path.join(HERE, "fake-pinentry"), self.path)
        os.chmod(self.path, 0o755)
        self.set(*answers)

    def set(self, *answers):
        for f in (".count", ".log"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.path + f)
        with open(self.path + ".answers", "w", encoding="utf-8") as f:
            f.writelines(a + "\n" for a in answers)

    def questions(self):
        try:
            return [l for l in open(self.path + ".log", encoding="utf-8")
                    if l.startswith(("CONFIRM", "GETPIN", "MESSAGE"))]
        except FileNotFoundError:
            return []

    def said(self):
        return open(self.path + ".log", encoding="utf-8").read()


@contextlib.contextmanager
def asking(directory, *answers):
    pinentry = Pinentry(directory, *answers)
    with opened(directory, pinentry=pinentry.path) as (agent, token, person, c, key):
        c.call("secret.set", label="once", value=b"1", use=1)
        pinentry.set(*answers)
        yield agent, token, c, key, pinentry


OTHER = """
import sys
sys.path.insert(0, %r)
from ownkey import Agent, Client
class At: socket = %r; secret = %r
print(Client(At, interactive=False).ask("secret.get", label="once").status)
"""


def other_process(agent):
    code = OTHER % (HERE, agent.socket, agent.secret)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
                          check=True).stdout.strip()


def once(directory):
    """`use` 1: asked once a client, and again after lock"""
    with asking(directory, "ok") as (agent, token, c, _, pinentry):
        token.tell("touch-mode", "never")
        for _ in range(3):
            expect(c.ask("secret.get", label="once"), "OK")
        assert len(pinentry.questions()) == 1, pinentry.said()
        assert "once" in pinentry.said() and str(os.getpid()) in pinentry.said(), pinentry.said()
        assert other_process(agent) == "OK"
        assert len(pinentry.questions()) == 2
        token.tell("touch-mode", "auto")
        agent.lock()
        expect(agent.unlock(), "OK")
        expect(c.ask("secret.get", label="once"), "OK")
        assert len(pinentry.questions()) == 3


def answered_no(directory):
    """`use` 1: no is no, and so is closing the window"""
    with asking(directory, "no") as (agent, _, c, _, pinentry):
        for answer, status in [("no", "REFUSED"), ("cancel", "REFUSED CANCELLED"),
                               ("timeout", "TIMEOUT REFUSED")]:
            pinentry.set(answer)
            reply = c.ask("secret.get", label="once")
            assert reply.status in status.split(), reply
            assert other_process(agent) in status.split()
        pinentry.set("ok")
        expect(c.ask("secret.get", label="once"), "OK")


def not_free(directory):
    """`use` 2 is not satisfied by an answer"""
    with asking(directory, "ok") as (_, token, c, key, pinentry):
        token.tell("touch-mode", "never")
        request = c.start("sign", label=key, **SIGN)
        until(token.is_waiting, "no touch is wanted")
        assert not pinentry.questions()
        c.call("cancel", request=request)
        expect(c.wait(request), "CANCELLED")


def no_pinentry(directory):
    """`use` 1 without a prompt program: a touch is asked"""
    with opened(directory) as (_, token, _, c, _):
        c.call("secret.set", label="once", value=b"1", use=1)
        token.tell("touch-mode", "never")
        request = c.start("secret.get", label="once")
        until(token.is_waiting, "no touch is wanted")
        token.tell("touch")
        expect(c.wait(request), "OK")
        expect(c.ask("secret.get", label="once"), "OK")
        token.stop()
        expect(c.ask("secret.get", label="once"), "OK")


def hangs(directory):
    """a prompt that nobody answers delays nobody else; only three wait at once"""
    with asking(directory, "hang") as (_, _, c, _, _):
        for n in range(5):
            c.call("secret.set", label="once %d" % n, value=b"1", use=1)
        # the same one twice is one question
        requests = [c.start("secret.get", label="once %d" % (n % 5)) for n in range(10)]
        start = time.monotonic()
        assert c.ask("status").status == "OK"
        assert time.monotonic() - start < 8
        until(lambda: len(c.replies) >= 4 or c.step(), "too many prompts")
        assert all(r.status == "LIMIT" for r in c.replies.values()), c.replies
        for request in requests:
            if request not in c.replies:
                c.call("cancel", request=request)
                expect(c.wait(request), "CANCELLED")


def still_visible(directory):
    """public rows of keys stay visible after lock, secrets and their names do not"""
    with opened(directory) as (agent, _, person, c, key):
        rows = [(i.label, i.shown) for i in c.call("id.list")["items"]]
        assert rows and rows[0][0] == key and rows[0][1].startswith("ssh-ed25519 ")
        agent.lock()
        with contextlib.closing(agent.client(person)) as d:
            assert [(i.label, i.shown) for i in d.call("id.list")["items"]] == rows
            assert d.call("id.list", match="nothing like it").get("items", []) == []
            expect(d.ask("secret.list"), "LOCKED")
            expect(d.ask("id.show", label=key), "LOCKED")


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        no_token, nobody, wrong_factors, other_token, fresh_factor, stronger, rates, each_time,
        no_replay, two_at_once, once, answered_no, not_free, no_pinentry, hangs,
        still_visible)]))
