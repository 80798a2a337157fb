"""`ownkey-oidc key`: a relying party keeps the keys that it read, and goes on over a rotation."""

import contextlib
import json
import sys
import time

import jwt as pyjwt

from oidc_rp import BASE, op
from oidcd import ISSUER, running
from ownkey import expect, run_parallel, until, world


def published(p):
    return p.get(BASE + "/jwks.json").body


def reads(jwks, token, audience):
    """Does somebody with these keys accept it?"""
    kid = pyjwt.get_unverified_header(token)["kid"]
    for k in pyjwt.PyJWKSet.from_dict(json.loads(jwks)).keys:
        if k.key_id == kid:
            pyjwt.decode(token, k.key, algorithms=[pyjwt.get_unverified_header(token)["alg"]],
                         audience=audience, issuer=ISSUER)
            return True
    return False


def states(p):
    rows = json.loads(p.run("key", "list", "--json").stdout)["keys"]
    return {s: {r["alg"]: r["kid"] for r in rows if r["state"] == s}
            for s in ("signs", "next", "old")}, rows


def rotate(o, alg):
    """By the command, or where it wants a PIN, which nobody can be asked for here, as it says."""
    before = published(o.p)
    done = o.p.run("key", "rotate", alg)
    if done.returncode:
        hint = done.stderr.split("runs 'ownkey id rotate ")[1].split("'")[0]
        o.owner.call("id.rotate", label=hint, timeout=60)
    until(lambda: published(o.p) != before, "other keys are published")
    return done


def cached(directory):
    """a relying party that keeps the keys reads what the next key signs, and the other way round"""
    with op(directory) as o:
        first = published(o.p)
        was, _ = states(o.p)
        hint = o.rp.login(o.browser())["id_token"]
        for alg, client in (("RS256", o.rp), ("EdDSA", o.open)):
            old = client.login(o.browser())["id_token"]
            rotate(o, alg)
            now, rows = states(o.p)
            assert now["signs"][alg] == was["next"][alg] and now["old"][alg] == was["signs"][alg]
            new = client.login(o.browser())["id_token"]
            assert pyjwt.get_unverified_header(new)["kid"] == now["signs"][alg]
            second = published(o.p)
            # who has read the keys before, and who reads them now
            for jwks in first, second:
                assert reads(jwks, old, client.id) and reads(jwks, new, client.id)
            ends = [r["until"] for r in rows if r["state"] == "old" and r["alg"] == alg]
            assert len(ends) == 1 and time.time() + 3600 <= ends[0] <= time.time() + 4000
        text = o.p.run("key", "list").stdout
        assert "signs since 20" in text and "old, shown until 20" in text and " UTC" in text, text
        # other algorithms stayed as they were
        assert now["signs"]["ES256"] == was["signs"]["ES256"] and "ES256" not in now["old"]
        # hints of logins that the old key signed still say who it was
        o.rp.login(o.browser(), prompt="none", id_token_hint=hint)
        # a second rotation: who kept the first keys must read them again, as all do
        rotate(o, "EdDSA")
        new = o.open.login(o.browser())["id_token"]
        assert not reads(first, new, "open") and reads(published(o.p), new, "open")
        assert reads(second, new, "open")


def restarts(directory):
    """the same keys after a restart of the provider, of the agent, and while it is locked"""
    with op(directory) as o:
        rotate(o, "all")
        before = published(o.p)
        token = o.rp.login(o.browser())["id_token"]
        o.p.stop()
        o.p.start()
        until(lambda: o.p.get(BASE + "/health").status == 200, "it can sign")
        assert published(o.p) == before
        o.agent.lock()
        assert published(o.p) == before
        o.agent.stop()
        assert published(o.p) == before
        o.agent.start()
        expect(o.agent.unlock(o.person), "OK")
        until(lambda: o.p.get(BASE + "/health").status == 200, "it can sign again")
        assert published(o.p) == before and reads(before, token, "rp")
        token = o.rp.login(o.browser())["id_token"]
        assert reads(before, token, "rp")


def added(directory):
    """a key that is missing is made; what is wrong is said"""
    with world(directory, {}) as (agent, _):
        person = agent.init()
        with running(directory, agent) as p:
            done = p.run("key", "list")
            assert done.returncode and "error: " in done.stderr, done
            expect(agent.unlock(person), "OK")
            done = p.run("key", "list")
            assert done.returncode and "key add all" in done.stderr, done
            done = p.run("key", "add", "es256")
            assert done.returncode == 0 and "ES256  signs" in done.stdout, done
            assert "wrong a key for RS256" in p.run("check").stdout
            done = p.run("key", "add", "all")
            assert done.returncode == 0, done
            assert set(states(p)[0]["signs"]) == {"ES256", "EdDSA", "RS256"}
            until(lambda: len(json.loads(published(p))["keys"]) == 6, "all are published")
            for args in (["rotate", "HS256"], ["add", "none"], ["rotate"]):
                assert p.run("key", *args).returncode == 64, args


def by_touch(directory):
    """with a token that needs no PIN the command does it all, and says when to touch"""
    with world(directory, {"pin": None}) as (agent, _):
        person = agent.init(no_pin=True)
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as c:
            c.call("id.add", service="oidc", account=ISSUER)
        with running(directory, agent) as p:
            was, _ = states(p)
            done = p.run("key", "rotate", "ES256")
            assert done.returncode == 0 and "touch the token" in done.stderr, done
            assert "old, shown until" in done.stdout
            assert states(p)[0]["signs"]["ES256"] == was["next"]["ES256"]


if __name__ == "__main__":
    sys.exit(run_parallel([(fn.__doc__, fn) for fn in (cached, restarts, added, by_touch)], 2))
