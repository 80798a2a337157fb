"""unlock {given}: a login has asked the token itself and hands the factor over secret.sock.  The
factor comes from python3-fido2, so that it is no code of ours that finds it."""

import contextlib
import os
import socket
import sys

from fido2.ctap2 import ClientPin, Ctap2
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.ctap2.pin import PinProtocolV2
from fido2.hid import CtapHidDevice
from fido2.hid.base import HidDescriptor

from job import receive, send
from ownkey import PASS, PASSPHRASE, PIN, TOKEN, Person, expect, run_parallel, world
from softtoken import HASH, RP, Connection
from vault import Vault

FACTOR = 8


def token_slots(agent):
    """(credential id, slot) of those that a token opens"""
    v = Vault(agent.read())
    slots = [v.slot(i) for i in range(16)]
    return [(s[384:384 + int.from_bytes(s[44:46], "big")], s) for s in slots if s[0] and s[1] & 1]


def factor(agent, token):
    """One assertion as a login makes it: credential id, secret."""
    salt = bytes(Vault(agent.read()).head[128:160])
    ctap = Ctap2(CtapHidDevice(HidDescriptor(token.socket, 0, 0, 64, 64), Connection(token.socket)))
    protocol = PinProtocolV2()
    pin = ClientPin(ctap, protocol).get_pin_token(PIN, ClientPin.PERMISSION.GET_ASSERTION, RP)
    ext = HmacSecretExtension(ctap, protocol)
    ids = [{"type": "public-key", "id": c} for c, _ in token_slots(agent)]
    a = ctap.get_assertion(
        RP, HASH, ids, {"hmac-secret": ext.process_get_input({"hmacGetSecret": {"salt1": salt}})},
        pin_uv_param=protocol.authenticate(pin, HASH), pin_uv_protocol=protocol.VERSION)
    secret = ext.process_get_output(a.auth_data)["hmacGetSecret"]["output1"]
    return (a.credential or {"id": ids[0]["id"]})["id"], secret


def talk(agent, job, message):
    s = socket.socket(socket.AF_UNIX)
    s.connect(agent.secret)
    s.sendall(job)
    send(s, message)
    return s


def give(agent, cred_id, f1, person=None, interactive=False):
    """The reply to an unlock with this factor, and the kinds of events before it."""
    with contextlib.closing(agent.client(person, interactive=interactive)) as c:
        c.person.hold.add("NEED_FACTOR")
        request = c.start("unlock", given=True)
        with contextlib.suppress(AssertionError):
            while request not in c.replies and not c.count("NEED_FACTOR"):
                c.step()
        if request not in c.replies:
            job = next(e.job for e in c.events if e.kind == "NEED_FACTOR")
            c.talks.append(talk(agent, job, {1: FACTOR, 11: cred_id, 12: f1}))
        reply = c.wait(request)
        return reply, [e.kind for e in c.events]


def opens(directory):
    """a factor that was handed over opens the vault: no token is asked, the slot is named"""
    with world(directory, {}) as (agent, token):
        agent.init()
        agent.lock()
        cred_id, f1 = factor(agent, token)
        token.stop()
        reply, events = give(agent, cred_id, f1)
        expect(reply, "OK")
        assert not {"TOUCH", "WAIT_TOKEN", "NEED_PIN"} & set(events), events
        status = agent.status()
        assert not status.locked and status.unlocked_by == reply.result.label, status
        assert not status.opened_with, status
        reply, events = give(agent, cred_id, bytes(32))
        assert expect(reply, "OK").result.was_open and "NEED_FACTOR" not in events, events
        with contextlib.closing(agent.client()) as c:
            c.call("secret.set", label="a", value=b"x")
            assert c.call("secret.get", label="a").value == b"x"


def refuses(directory):
    """a wrong factor changes nothing, is recorded, and after some of them there is a pause"""
    with world(directory, {}) as (agent, token):
        person = agent.init()
        agent.lock()
        cred_id, f1 = factor(agent, token)
        before = agent.read()
        expect(give(agent, b"c" * 48, f1)[0], "GIVEN_SLOT")
        for bit in range(5):
            bad = bytearray(f1)
            bad[bit * 6] ^= 1 << bit
            expect(give(agent, cred_id, bytes(bad))[0], "VAULT_KEY")
            assert agent.status().locked
        expect(give(agent, cred_id, f1)[0], "GIVEN_WAIT")
        assert agent.read() == before
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as c:
            rows = c.call("audit.show")["entries"]
            wrong = [e for e in rows if e.kind == 3 and e.err]
            assert sum(e.count or 1 for e in wrong) == 5, rows


def malformed(directory):
    """other messages, short factors, silence and a client that leaves end the request"""
    with world(directory, {}) as (agent, token):
        agent.init()
        agent.lock()
        cred_id, f1 = factor(agent, token)
        for bad in ({1: 0, 2: b"1234"}, {1: FACTOR}, {1: FACTOR, 11: cred_id},
                    {1: FACTOR, 12: f1}, {1: FACTOR, 11: cred_id, 12: f1[:31]},
                    {1: FACTOR, 11: b"", 12: f1}, {1: 9, 11: cred_id, 12: f1}):
            with contextlib.closing(agent.client()) as c:
                c.person.hold.add("NEED_FACTOR")
                request = c.start("unlock", given=True)
                c.talks.append(talk(agent, c.wait_event("NEED_FACTOR").job, bad))
                assert c.wait(request).status not in ("OK", "VAULT_KEY"), bad
        with contextlib.closing(agent.client()) as c:
            c.person.hold.add("NEED_FACTOR")
            request = c.start("unlock", given=True)
            job = c.wait_event("NEED_FACTOR").job
        with contextlib.closing(agent.client()) as c:
            c.person.hold.add("NEED_FACTOR")
            request = c.start("unlock", given=True)
            assert c.wait_event("NEED_FACTOR").job != job
            c.call("cancel", request=request)
            assert c.wait(request).status == "CANCELLED"
        assert agent.status().locked
        expect(give(agent, cred_id, f1)[0], "OK")


def passphrase(directory):
    """a way in of token and passphrase: refused in a login, asked for in a terminal"""
    with world(directory, {}) as (agent, token):
        agent.init(ways=TOKEN, and_pass=True)
        agent.lock()
        cred_id, f1 = factor(agent, token)
        expect(give(agent, cred_id, f1)[0], "GIVEN_PASS")
        assert agent.status().locked
        expect(give(agent, cred_id, f1, Person(passphrase="wrong"), True)[0], "PASS_WRONG")
        expect(give(agent, cred_id, f1, Person(passphrase=PASSPHRASE), True)[0], "OK")


def deferred(directory):
    """a slot that was wrapped without its token is written anew, as after a touch"""
    with world(directory, {}) as (agent, token):
        person = agent.init(ways=TOKEN | PASS)
        with contextlib.closing(agent.client(person)) as c:
            c.call("slot.remove", label=next(
                s.label for s in c.call("slot.list")["slots"] if s.factors == 4), proof=PASS)
        (cred_id, slot), = token_slots(agent)
        assert slot[3] == 1, "the wrap is not deferred"
        agent.lock()
        cred_id, f1 = factor(agent, token)
        expect(give(agent, cred_id, f1)[0], "OK")
        (_, slot), = token_slots(agent)
        assert slot[3] == 0, "the wrap is still deferred"
        agent.lock()
        expect(give(agent, cred_id, f1)[0], "OK")


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(run_parallel([(t.__doc__, t) for t in (opens, refuses, malformed, passphrase,
                                                      deferred)]))
