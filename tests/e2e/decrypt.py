"""decrypt: file keys of age files, asked for once a session (DESIGN 8, 9)."""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time

import agefile
from ownkey import HERE, TOKEN, Client, expect, run_parallel, until, world


def recipient_key(text):
    """The 32 bytes of an age1..."""
    return agefile.unbech32(text)


def stanza(public, file_key):
    share, body = agefile.wrap_x25519(public, file_key)
    return {"share": share, "body": body}


def random_stanza():
    return {"share": os.urandom(32), "body": os.urandom(32)}


@contextlib.contextmanager
def opened(directory, **conf):
    """An open vault with one age identity; its recipient."""
    with world(directory, {}, **conf) as (agent, token):
        person = agent.init(ways=TOKEN)
        with contextlib.closing(agent.client(person)) as c:
            row = c.call("id.add", service="age", account="me")["items"][0]
            yield agent, token, c, row.label, recipient_key(row.shown)


def decrypt(c, stanzas, timeout=20, **kw):
    return c.ask("decrypt", timeout=timeout, type=0, stanzas=stanzas, **kw)


def keys(reply):
    expect(reply, "OK")
    return {k.stanza: (k.key, k.label) for k in reply.result["keys"]}


def opens(directory):
    """file keys, by label, by id and by none; what is for others stays closed"""
    with opened(directory) as (_, _, c, label, public):
        want = {i: os.urandom(16) for i in (1, 3, 40)}
        stanzas = [stanza(public, want[i]) if i in want else random_stanza() for i in range(41)]
        item = c.call("id.list")["items"][0].id.hex()
        for kw in ({}, {"label": label}, {"label": item}):
            assert keys(decrypt(c, stanzas, **kw)) == {i: (k, label) for i, k in want.items()}
        assert c.count("TOUCH") == 1, c.events
        assert keys(decrypt(c, [random_stanza()])) == {}
        assert keys(decrypt(c, [])) == {}


def epochs(directory):
    """older epochs open, too, and so does a retired identity"""
    with opened(directory) as (_, _, c, label, old):
        c.call("id.rotate", label=label)
        row = c.call("id.list")["items"][0]
        new = recipient_key(row.shown)
        assert new != old and row.epoch == 1
        c.call("id.retire", label=label)
        want = {i: (os.urandom(16), label) for i in range(2)}
        assert keys(decrypt(c, [stanza(old, want[0][0]), stanza(new, want[1][0])])) == want


def which_one(directory):
    """of several identities only the one that opens something is asked for"""
    with opened(directory) as (_, token, c, mine, public):
        other = c.call("id.add", service="age", account="strict")["items"][0]
        c.call("policy.set", label=other.label, use=2)
        token.tell("touch-mode", "auto")
        key = os.urandom(16)
        assert keys(decrypt(c, [stanza(public, key)])) == {0: (key, mine)}
        before = c.count("TOUCH")
        for n in (1, 2):
            reply = decrypt(c, [stanza(recipient_key(other.shown), key), stanza(public, key)])
            assert keys(reply) == {0: (key, other.label), 1: (key, mine)}
            assert c.count("TOUCH") == before + n
        expect(decrypt(c, [stanza(public, key)], label="age/nobody/identity"), "NOTFOUND")
        ssh = c.call("id.add", service="ssh", account="me")["items"][0].label
        expect(decrypt(c, [stanza(public, key)], label=ssh), "DENIED")
        assert keys(decrypt(c, [stanza(public, key)], label=other.label)) == {}


def hostile(directory):
    """shares of low order, too much at once, wrong lengths"""
    with opened(directory) as (_, _, c, label, public):
        low = [bytes(32), b"\1" + bytes(31), bytes.fromhex(
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800")]
        assert keys(decrypt(c, [{"share": s, "body": os.urandom(32)} for s in low])) == {}
        for bad in ({"share": bytes(31), "body": bytes(32)}, {"share": bytes(32), "body": b""}):
            assert decrypt(c, [bad]).status in ("RANGE", "TOOBIG", "FORMAT"), bad
        assert decrypt(c, [random_stanza()] * 1025).status in ("TOOBIG", "RANGE", "LIMIT")
        key = os.urandom(16)
        assert keys(decrypt(c, [random_stanza()] * 1023 + [stanza(public, key)])) == \
            {1023: (key, label)}


def fair(directory):
    """many keys and many stanzas: others are answered meanwhile; more is refused"""
    with opened(directory) as (agent, _, c, label, _):
        for i in range(59):
            c.call("id.add", service="age", account="n%d" % i)
        with contextlib.closing(agent.client()) as other:
            other.call("status")
            request = c.start("decrypt", type=0, stanzas=[random_stanza()] * 1000)
            slowest = 0
            while request not in c.replies:
                start = time.monotonic()
                other.call("status")
                slowest = max(slowest, time.monotonic() - start)
                with contextlib.suppress(TimeoutError, BlockingIOError):
                    c.step(0.05)
            assert keys(c.wait(request)) == {}
            assert slowest < 2, slowest
            # one that gives up is let go
            request = c.start("decrypt", type=0, stanzas=[random_stanza()] * 1000)
            time.sleep(0.1)
            c.call("cancel", request=request)
            expect(c.wait(request), "CANCELLED")
        for i in range(20):
            c.call("id.add", service="age", account="m%d" % i)
        expect(decrypt(c, [random_stanza()] * 1024), "TOOBIG")
        assert keys(decrypt(c, [random_stanza()], label=label)) == {}


def waiting(directory):
    """however many wait for a touch, there is secure memory left for others"""
    with opened(directory, touch_timeout="60s") as (agent, token, c, label, public):
        free = c.call("id.add", service="age", account="free")["items"][0]
        c.call("policy.set", label=free.label, use=0)
        token.tell("touch-mode", "never")
        for stanzas in ([stanza(public, os.urandom(16))], [stanza(public, bytes(16))] * 1000):
            with contextlib.ExitStack() as stack:
                many = [stack.enter_context(contextlib.closing(agent.client(interactive=False)))
                        for _ in range(2)]
                waits = [(d, d.start("decrypt", type=0, stanzas=stanzas, label=label))
                         for d in many for _ in range(60)]
                until(token.is_waiting, "no touch is wanted")
                for d in many:
                    d.call("status")
                key = os.urandom(16)
                one = stanza(recipient_key(free.shown), key)
                assert keys(decrypt(c, [one], label=free.label)) == {0: (key, free.label)}
                name = "secret %d" % len(stanzas)
                c.call("secret.set", label=name, value=os.urandom(16), use=0)
                c.call("secret.get", label=name)
                lost = {d.replies[r].status for d, r in waits if r in d.replies}
                assert lost <= {"LIMIT"}, lost


# --- once a session ---

PROGRAM = """
import json, sys
sys.path.insert(0, %r)
from ownkey import Client
class At: socket = %r; secret = %r
c = Client(At, interactive=False)
one = {k: bytes.fromhex(v) for k, v in json.load(sys.stdin).items()}
reply = c.ask("decrypt", type=0, stanzas=[one])
print(reply.status, c.count("TOUCH"))
"""


def program(agent, one, executable=sys.executable, **kw):
    """Another process asks for the same; its answer, and how often it was told to touch."""
    done = subprocess.run([executable, "-c", PROGRAM % (HERE, agent.socket, agent.secret)],
                          input=json.dumps({k: v.hex() for k, v in one.items()}), text=True,
                          stdout=subprocess.PIPE, check=True, timeout=60,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, **kw)
    status, touches = done.stdout.split()
    return status, int(touches)


def once_a_session(directory):
    """asked once for all processes of a program in a session; not for another program, nor for
    another session, nor after lock"""
    with opened(directory) as (agent, _, _, _, public):
        one = stanza(public, bytes(16))
        assert program(agent, one) == ("OK", 1)
        for _ in range(3):
            assert program(agent, one) == ("OK", 0)
        assert program(agent, one, start_new_session=True) == ("OK", 1)
        assert program(agent, one, start_new_session=True) == ("OK", 1)
        copy = os.path.join(directory, "program")
        shutil.copy(os.path.realpath(sys.executable), copy)
        assert program(agent, one, copy) == ("OK", 1)
        assert program(agent, one, copy) == ("OK", 0)
        agent.lock()
        assert program(agent, one) == ("LOCKED", 0)
        expect(agent.unlock(), "OK")
        assert program(agent, one) == ("OK", 1)


def not_for_others(directory):
    """the grant of a session is for decrypting: other uses are asked of each process"""
    with opened(directory) as (agent, token, c, _, public):
        c.call("secret.set", label="once", value=b"1", use=1)
        assert program(agent, stanza(public, bytes(16))) == ("OK", 1)
        token.tell("touch-mode", "never")
        with contextlib.closing(Client(agent, interactive=False)) as other:
            request = other.start("secret.get", label="once")
            until(token.is_waiting, "no touch is wanted")
            other.call("cancel", request=request)
            expect(other.wait(request), "CANCELLED")


def refused(directory):
    """no touch, no key"""
    with opened(directory, touch_timeout="5s") as (_, token, c, _, public):
        token.tell("touch-mode", "never")
        reply = decrypt(c, [stanza(public, bytes(16))])
        assert reply.status in ("TIMEOUT", "TOUCH_TIMEOUT"), reply
        token.stop()
        expect(decrypt(c, [stanza(public, bytes(16))]), "TOKEN_ABSENT")


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        opens, epochs, which_one, hostile, fair, waiting, once_a_session, not_for_others,
        refused)]))
