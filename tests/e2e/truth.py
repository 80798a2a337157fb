"""The token truth table of DESIGN 7: each row on every personality of the software token."""

import contextlib
import os
import sys

from ownkey import TOKEN, Person, expect, personalities, run_parallel, world

REFUSED = {"no-hmac-secret": "TOKEN_NOSECRET", "u2f-only": "TOKEN_U2F",
           "pin-blocked": "PIN_BLOCKED"}
ABLE = [p for p in personalities() if p not in REFUSED]
# a silent assertion does not tell that it is theirs
SILENT = ["alwaysuv", "credprotect3-only"]
LIES = [("short-secret", "LIE_SECRET"), ("no-secret", "LIE_SECRET"), ("no-up", "LIE_PRESENCE"),
        ("no-uv", "LIE_VERIFIED"), ("wrong-rp", "LIE_RP"), ("bad-signature", "LIE_SIGNATURE"),
        ("other-credential", "LIE_CREDENTIAL"), ("replay", "LIE_SIGNATURE"),
        ("garbage", "LIE_FORMAT"), ("huge-cbor", "LIE_FORMAT"), ("truncated", "LIE_FORMAT")]


@contextlib.contextmanager
def unchanged(agent):
    """What happens here changes neither the vault nor the agent, which answers."""
    before = agent.hash(), agent.main_pid(), agent.role("vault"), agent.role("front")
    yield
    assert agent.status().locked
    assert before == (agent.hash(), agent.main_pid(), agent.role("vault"), agent.role("front"))


def stable(name, directory):
    """the same secret, whatever was restarted"""
    with world(directory, {"personality": name}) as (agent, token):
        person = agent.init()
        for again in (lambda: None, agent.restart, token.restart, lambda: token.tell("powercycle")):
            agent.lock()
            again()
            person.asked.clear()
            expect(agent.unlock(person), "OK")
            assert len(person.asked) == 1, person.asked


def with_and_without(name, directory):
    """another secret with and without the PIN; where not, that is said"""
    with world(directory, {"personality": name}) as (agent, _):
        with contextlib.closing(agent.client()) as c:
            made = c.call("init", ways=TOKEN)
        said = "does not protect" in (made.note or "")
        assert said == (name == "one-secret"), made
        # a second way in with the same token, by touch alone
        with contextlib.closing(agent.client()) as c:
            reply = c.ask("slot.add", way=TOKEN, label="touch", no_pin=True, timeout=30)
            if reply.status == "OK":
                slots = {s.label: s.pin for s in c.call("slot.list").slots}
                assert slots["touch"] == (name in SILENT[:1]), slots


def touch_only(name, directory):
    """enrolled without its PIN: it opens with a touch, nothing is typed"""
    with world(directory, {"personality": name, "pin": None}) as (agent, token):
        if name == "alwaysuv":
            with contextlib.closing(agent.client()) as c:
                expect(c.ask("init", ways=TOKEN), "PIN_NEEDED")
            assert not os.path.exists(agent.vault)
            return
        reply = None
        with contextlib.closing(agent.client()) as c:
            reply = c.ask("init", ways=TOKEN)
        if name == "credprotect3-only":
            assert reply.status in ("TOKEN_WRONG", "PIN_NEEDED"), reply
            assert not os.path.exists(agent.vault)
            return
        expect(reply, "OK")
        agent.lock()
        token.tell("powercycle")
        person = Person()
        expect(agent.unlock(person), "OK")
        assert not person.asked


def wrong_pin(name, directory):
    """tries left, unplug after three, refused when few are left, blocked at the end"""
    with world(directory, {"personality": name}) as (agent, token):
        agent.init()
        agent.lock()
        wrong = Person(pin="4321")
        with unchanged(agent):
            reply = expect(agent.unlock(wrong), "PIN_REPLUG")
            assert [(e.err, e.retries) for e in wrong.asked][1:] == [(47, 7), (47, 6)], wrong.asked
            if name != "pico":
                expect(agent.unlock(), "PIN_REPLUG")
        token.tell("powercycle")
        expect(agent.unlock(), "OK")
        agent.lock()
        person = Person()
        for left in (5, 2):
            with unchanged(agent):
                reply = expect(agent.unlock(Person(pin="4321")), "PIN_REPLUG")
            token.tell("powercycle")
            with contextlib.closing(agent.client()) as c:
                assert c.call("token.info").retries == left, (reply, left)
        expect(agent.unlock(person), "PIN_LOW")
        assert not person.asked
        with unchanged(agent):
            expect(agent.unlock(Person(pin="4321"), force=True), "PIN_BLOCKED")
            token.tell("powercycle")
            expect(agent.unlock(person, force=True), "PIN_BLOCKED")


def pulled_out(name, directory):
    """pulled out while it waits to be touched"""
    with world(directory, {"personality": name}) as (agent, token):
        agent.init()
        agent.lock()
        token.tell("touch-mode", "never")
        with unchanged(agent), contextlib.closing(agent.client()) as c:
            request = c.start("unlock")
            c.wait_event("TOUCH")
            assert token.is_waiting()
            token.tell("unplug")
            expect(c.wait(request), "TOKEN_GONE")
        with unchanged(agent):
            expect(agent.unlock(nowait=True), "TOKEN_ABSENT")
        token.tell("plug")
        token.tell("touch-mode", "auto")
        expect(agent.unlock(), "OK")


def no_touch(name, directory):
    """nobody touches it"""
    with world(directory, {"personality": name}, touch_timeout="5s") as (agent, token):
        agent.init()
        agent.lock()
        token.tell("touch-mode", "never")
        with unchanged(agent):
            expect(agent.unlock(), "TOUCH_TIMEOUT")
        token.tell("touch-mode", "auto")
        expect(agent.unlock(), "OK")


def wrong_token(name, directory):
    """another token, though its PIN is right"""
    with world(directory, {"personality": name}, {"personality": name}) as (agent, mine, other):
        agent.configure([mine])
        agent.restart()
        agent.init()
        agent.configure([other])
        agent.restart()
        with unchanged(agent):
            expect(agent.unlock(), "TOKEN_WRONG")


def two_tokens(name, directory):
    """of two tokens, the PIN goes to the right one only"""
    for order in (0, 1):
        path = os.path.join(directory, str(order))
        os.mkdir(path)
        with world(path, {"personality": name}, {"personality": name, "pin": "5678"}
                   ) as (agent, mine, other):
            agent.configure([mine])
            agent.restart()
            agent.init()
            other.tell("touch-mode", "never")
            agent.configure([other, mine] if order else [mine, other])
            agent.restart()
            for _ in range(2):
                expect(agent.unlock(), "OK")
                agent.lock()
            with contextlib.closing(agent.client()) as c:
                assert c.call("token.info", path=other.path).retries == 8
                assert c.call("token.info", path=mine.path).retries == 8


def liar(name, directory):
    """a token that lies: each lie has its own error"""
    with world(directory, {"personality": name}) as (agent, token):
        agent.init()
        agent.lock()
        for lie, error in LIES:
            token.tell("powercycle")
            token.tell("fault", lie + ":assert")
            with unchanged(agent):
                expect(agent.unlock(), error)
            token.restart()
            expect(agent.unlock(), "OK")
            agent.lock()


def liar_enrols(name, directory):
    """a token that lies is not enrolled"""
    with world(directory, {"personality": name}) as (agent, token):
        for lie, error in [("unstable-secret", "LIE_UNSTABLE")] + LIES[:7]:
            token.restart([lie + ":assert"])
            with contextlib.closing(agent.client()) as c:
                expect(c.ask("init", ways=TOKEN), error)
            assert not os.path.exists(agent.vault)
        agent.status()


def refused(name, directory):
    """a token that cannot do it is told so, and no vault is made"""
    with world(directory, {"personality": name, "pin": None}) as (agent, _):
        with contextlib.closing(agent.client()) as c:
            expect(c.ask("init", ways=TOKEN), REFUSED[name])
        assert not os.path.exists(agent.vault)
        assert not agent.status().vault


ROWS = [stable, with_and_without, touch_only, wrong_pin, pulled_out, no_touch, wrong_token,
        two_tokens, liar, liar_enrols]


def case(row, name):
    return "%s: %s" % (name, row.__doc__), lambda directory: row(name, directory)


if __name__ == "__main__":
    sys.exit(run_parallel([case(row, name) for row in ROWS for name in ABLE] +
                          [case(refused, name) for name in REFUSED]))
