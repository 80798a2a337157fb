"""Tokens of an OpenID Connect provider (jwt.*): checked by PyJWT with the published keys, and what
somebody gets who has taken the provider over and speaks to the agent in its place."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import sys
import time

import jwt as pyjwt

from backup import create, opened, passphrase_of
from ownkey import ARGON, PASS, PIN, TOKEN, Person, expect, run_parallel, world
from restore import restorer
from synced import machines

ISSUER = "https://id.example.org"
OTHER = "https://other.example.org/op"
PATH = "oidc/https:%2F%2Fid.example.org/"
ES256, EDDSA, RS256 = range(3)
ALGS = ["ES256", "EdDSA", "RS256"]
ID, ACCESS, LOGOUT = range(3)
AUDIENCE, ACCOUNT = range(2)
CURRENT, NEXT, OLD = 1, 0, 2
EVENT = "http://schemas.openid.net/event/backchannel-logout"
GOOD = {"issuer": ISSUER, "alg": ES256, "typ": ID, "audience": "forge", "account": "u1",
        "lifetime": 300}


def names(*audiences, accounts=(), **kw):
    return [{"kind": AUDIENCE, "name": a, **kw} for a in audiences] + \
        [{"kind": ACCOUNT, "name": a} for a in accounts]


@contextlib.contextmanager
def provider(directory, **conf):
    """A vault with an issuer, its list, and the connection of its provider."""
    with world(directory, {}, **conf) as (agent, token):
        person = agent.init()
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as owner, \
                contextlib.closing(agent.client(Person(pin="0000"), interactive=False)) as taken:
            owner.call("id.add", service="oidc", account=ISSUER)
            owner.call("jwt.allow", issuer=ISSUER, names=names(
                "forge", "cloud", accounts=["u1", "u2"]))
            yield agent, owner, taken, token


def part(token, i):
    text = token.split(".")[i]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def keys(client, issuer=ISSUER):
    return client.call("jwt.keys", issuer=issuer).keys_


def published(client, issuer=ISSUER):
    """What a relying party gets."""
    rows = client.call("jwt.keys", issuer=issuer)["keys"]
    return pyjwt.PyJWKSet.from_dict({"keys": [json.loads(k.jwk) for k in rows]})


def read(jwks, token, audience="forge", leeway=0):
    """A relying party: by kid, with the algorithm of that key."""
    head = pyjwt.get_unverified_header(token)
    key = [k for k in jwks.keys if k.key_id == head["kid"]][0]
    return head, pyjwt.decode(token, key.key, algorithms=[head["alg"]], audience=audience,
                              issuer=ISSUER, leeway=leeway)


def thumbprint(jwk):
    """RFC 7638 3"""
    wanted = {"EC": ["crv", "kty", "x", "y"], "OKP": ["crv", "kty", "x"], "RSA": ["e", "kty", "n"]}
    text = json.dumps({m: jwk[m] for m in sorted(wanted[jwk["kty"]])}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


# --- tokens ---

def good(directory):
    """a token of each algorithm and type, as PyJWT reads it with the published keys"""
    claims = [{"name": "nonce", "text": "n-0S6_WzA2Mj"},
              {"name": "auth_time", "number": 1700000000},
              {"name": "amr", "texts": [b"hwk", b"user", b"pin"]},
              {"name": "email_verified", "truth": True},
              {"name": "name", "text": "Zo\u00eb \"Q\" </script> \U0001f511 \\ \t"}]
    with provider(directory) as (_, owner, taken, _):
        jwks = published(owner)
        rows = owner.call("jwt.keys", issuer=ISSUER)["keys"]
        assert [(r.alg, r.state) for r in rows] == [
            (a, s) for s in (CURRENT, NEXT) for a in range(3)], rows
        for r in rows:
            jwk = json.loads(r.jwk)
            assert r.kid == jwk["kid"] == thumbprint(jwk) and jwk["use"] == "sig"
            assert not {"d", "p", "q", "k"} & set(jwk), jwk
        subs = set()
        for alg in range(3):
            now = int(time.time())
            made = taken.call("jwt.sign", **{**GOOD, "alg": alg, "claims": claims})
            head, payload = read(jwks, made.token)
            assert list(head) == ["alg", "kid", "typ"] and head["typ"] == "JWT", head
            assert head["alg"] == ALGS[alg] and head["kid"] == made.kid
            assert now <= payload["iat"] <= now + 5 and payload["exp"] == payload["iat"] + 300
            assert (made.issued, made.expires) == (payload["iat"], payload["exp"])
            assert payload["sub"] == made.subject and payload["iss"] == ISSUER
            assert payload["name"] == claims[4]["text"] and payload["email_verified"] is True
            assert payload["amr"] == ["hwk", "user", "pin"]
            assert payload["auth_time"] == 1700000000
            assert b"<" not in part(made.token, 1)
            subs.add(made.subject)
            # one bit
            broken = made.token[:-4] + ("A" if made.token[-4] != "A" else "B") + made.token[-3:]
            with contextlib.suppress(pyjwt.InvalidSignatureError):
                read(jwks, broken)
                raise AssertionError("a broken signature was taken")
        assert len(subs) == 1
        access = taken.call("jwt.sign", **{**GOOD, "typ": ACCESS, "claims": [
            {"name": "client_id", "text": "forge"}, {"name": "scope", "text": "openid email"}]})
        assert read(jwks, access.token)[0]["typ"] == "at+jwt"
        out = taken.call("jwt.sign", **{**GOOD, "typ": LOGOUT, "lifetime": 120, "claims": [
            {"name": "events", "texts": [EVENT.encode()]}, {"name": "jti", "text": "x"}]})
        head, payload = read(jwks, out.token)
        assert head["typ"] == "logout+jwt" and payload["events"] == {EVENT: {}}


def subjects(directory):
    """pairwise by sector, the same where it is public; as jwt.subject says"""
    with provider(directory) as (_, owner, taken, _):
        owner.call("jwt.allow", issuer=ISSUER, names=[
            {"kind": AUDIENCE, "name": "a1", "sector": "a.example"},
            {"kind": AUDIENCE, "name": "a2", "sector": "a.example"},
            {"kind": AUDIENCE, "name": "p1", "is_public": True},
            {"kind": AUDIENCE, "name": "p2", "is_public": True}])

        def sub(audience, account="u1"):
            told = taken.call("jwt.subject", issuer=ISSUER, audience=audience, account=account)
            made = taken.call("jwt.sign", **{**GOOD, "audience": audience, "account": account})
            assert told.subject == made.subject and len(made.subject) == 32
            return made.subject

        assert sub("a1") == sub("a2") and sub("p1") == sub("p2")
        assert len({sub("a1"), sub("forge"), sub("cloud"), sub("p1")}) == 4
        assert sub("a1", "u2") != sub("a1") and sub("p1", "u2") != sub("p1")
        # as documented: HMAC-SHA256 of a key that the owner can take out
        owner.call("policy.set", label=PATH + "subject", may_export=True)
        key = bytes.fromhex(owner.call("id.export", label=PATH + "subject").data.decode())

        def lp(text):
            return len(text).to_bytes(2, "big") + text.encode()

        mac = hmac.new(key, lp("a.example") + lp("u1"), "sha256").digest()[:24]
        assert sub("a1") == base64.urlsafe_b64encode(mac).decode()
        assert sub("forge") == base64.urlsafe_b64encode(
            hmac.new(key, lp("forge") + lp("u1"), "sha256").digest()[:24]).decode()
        told = taken.call("jwt.subject", issuer=ISSUER, audience="a1", account="u1")
        assert told.sector == "a.example" and not told.is_public


# --- a provider that was taken over ---

def never():
    """(status, what differs from GOOD): what no provider gets, whichever account it has."""
    bad = [
        ("JWT_AUDIENCE", {"audience": "mallory"}),
        ("JWT_AUDIENCE", {"audience": "forge "}),
        ("JWT_AUDIENCE", {"audience": "u1"}),
        ("JWT_ACCOUNT", {"account": "root"}),
        ("JWT_ACCOUNT", {"account": "forge"}),
        ("NOTFOUND", {"issuer": OTHER}),
        ("NOTFOUND", {"issuer": ISSUER + "/"}),
        ("JWT_LIFETIME", {"lifetime": 86400}),
        ("JWT_LIFETIME", {"lifetime": 3601}),
        ("JWT_LIFETIME", {"typ": ACCESS, "lifetime": 3601}),
        ("JWT_LIFETIME", {"typ": LOGOUT, "lifetime": 121}),
        ("JWT_CLAIM", {"typ": LOGOUT, "lifetime": 60}),  # no events
        ("RANGE", {"lifetime": 0}),
        ("RANGE", {"typ": 3}),  # dpop+jwt, say
        ("RANGE", {"alg": 3}),
    ]
    text = [{"name": "nonce", "text": "a"}]
    claims = [[{"name": n, "text": "x"}] for n in (
        "iss", "sub", "aud", "iat", "exp", "nbf", "cnf", "act", "typ", "kid", "alg", "Nonce",
        "nonce\",\"sub\":\"root", "scope", "client_id")]
    claims += [text + text, [{"name": "nonce", "number": 1}], [{"name": "auth_time", "text": "1"}],
               [{"name": "nonce"}], [{"name": "nonce", "text": "a", "number": 1}],
               [{"name": "amr", "text": "hwk"}], [{"name": "email_verified", "number": 1}],
               [{"name": "events", "texts": [EVENT.encode()]}]]
    bad += [("JWT_CLAIM", {"claims": c}) for c in claims]
    bad += [("JWT_CLAIM", {"typ": LOGOUT, "lifetime": 60, "claims": [
        {"name": "events", "texts": [e]}]}) for e in (
            b"http://evil", EVENT.encode() + b'":{},"sub')]
    bad += [("TEXT", {"claims": [{"name": "amr", "texts": [b]}]})
            for b in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80")]
    return bad


def refused(directory):
    """nothing but tokens of this issuer, for whom is on the list, short ones, with known claims"""
    with provider(directory) as (_, _, taken, _):
        for status, change in never():
            try:
                expect(taken.ask("jwt.sign", **{**GOOD, **change}), status)
            except AssertionError as e:
                raise AssertionError("%s: %s" % (change, e)) from e
        for status, change in (("JWT_AUDIENCE", {"audience": "x"}),
                               ("JWT_ACCOUNT", {"account": "x"}), ("NOTFOUND", {"issuer": OTHER})):
            q = {"issuer": ISSUER, "audience": "forge", "account": "u1", **change}
            expect(taken.ask("jwt.subject", **q), "JWT_AUDIENCE" if "issuer" in change else status)
        # whatever is printed stays inside of its string
        nasty = "\",\"sub\":\"root\"}\\\0\x1f\x7f\u2028</script>"
        for value in nasty, "\"" * 400, "\\" * 400, "\u2028" * 300:
            value = value.replace("\0", "").replace("\x1f", "").replace("\x7f", "")
            made = taken.call("jwt.sign", **{**GOOD, "claims": [{"name": "nonce", "text": value}]})
            payload = json.loads(part(made.token, 1),
                                 object_pairs_hook=lambda p: (len(p), dict(p)))
            assert payload[0] == 6 and payload[1]["nonce"] == value
            assert payload[1]["sub"] == made.subject
        made = taken.call("jwt.sign", **{**GOOD, "claims": [
            {"name": "amr", "texts": [b"\x00\x1f\x7f\"],\"sub\":[\""]}]})
        payload = json.loads(part(made.token, 1))
        assert payload["amr"] == ["\0\x1f\x7f\"],\"sub\":[\""] and payload["sub"] == made.subject


def no_other_use(directory):
    """its keys do nothing else, and nothing is widened without a factor"""
    with provider(directory) as (_, owner, taken, _):
        for key in "es256", "eddsa", "rs256", "subject":
            label = PATH + key
            for q in ({"type": 0, "name_space": "file", "hash_alg": "sha512", "hash": b"x" * 64},
                      {"type": 1, "data": b"raw"},
                      {"type": 1, "data": b"raw", "bare": True},
                      {"type": 2, "session": b"s" * 32, "user": b"root",
                       "auth_service": b"ssh-connection"},
                      {"type": 3, "name_space": "app", "data": b"x"}):
                reply = taken.ask("sign", label=label, **q)
                assert reply.status in ("DENIED", "UNSUPPORTED"), reply
            assert taken.ask("secret.get", label=label).status != "OK"
            # even the owner has to allow it first, which asks for a factor
            expect(owner.ask("id.export", label=label), "DENIED")
            for weaker in {"may_export": True}, {"raw": True}, {"rate": 0}, {"rate": 100000}:
                reply = taken.ask("policy.set", label=label, **weaker)
                assert reply.status not in ("OK", "CANCELLED"), reply
        reply = taken.ask("jwt.allow", issuer=ISSUER, names=names("mallory"))
        assert reply.status != "OK", reply
        reply = taken.ask("id.rotate", label=PATH + "es256")
        assert reply.status != "OK", reply
        expect(taken.ask("jwt.sign", **{**GOOD, "audience": "mallory"}), "JWT_AUDIENCE")
        # no key from elsewhere takes the place of one
        for alg, n in ("ed25519", 32), ("p256", 32), ("rsa", 64):
            reply = taken.ask("key.add", keep=True, service="oidc", account=ISSUER, alg=alg,
                              private_key=b"\1" * n, replace=True)
            expect(reply, "KEY_SERVICE")
        # who has the list already need not prove anything to have it again
        assert taken.call("jwt.allow", issuer=ISSUER, names=names("forge")) == {
            "added": 0, "changed": 0}


def flood(directory):
    """600 a minute, and then none; the owner may allow more"""
    with provider(directory) as (_, owner, taken, _):
        # one minute is enough for both: do not begin at its end
        def burst(n):
            ids = [taken.start("jwt.sign", **{**GOOD, "alg": EDDSA}) for _ in range(n)]
            return [taken.wait(i).status for i in ids]

        said = []
        while "LIMIT" not in said and len(said) < 2000:
            said += burst(50)
        assert 600 <= said.count("OK") <= 1200 and "LIMIT" in said, said.count("OK")
        expect(taken.ask("jwt.sign", **{**GOOD, "alg": EDDSA}), "LIMIT")
        expect(taken.ask("jwt.sign", **GOOD), "OK")  # another key
        owner.call("policy.set", label=PATH + "eddsa", rate=0)
        assert set(burst(50)) == {"OK"}


# --- the list ---

def lists(directory):
    """a thousand audiences, ten thousand accounts: pages, forgetting, and signing is not slower"""
    with provider(directory) as (agent, owner, taken, _):
        owner.call("policy.set", label=PATH + "eddsa", rate=0)

        def speed(**kw):
            begin = time.monotonic()
            for _ in range(5):
                ids = [taken.start("jwt.sign", **{**GOOD, "alg": EDDSA, **kw}) for _ in range(50)]
                assert {taken.wait(i).status for i in ids} == {"OK"}
            return time.monotonic() - begin

        before = speed()
        for i in range(10):
            rep = owner.call("jwt.allow", issuer=ISSUER, names=[
                {"kind": ACCOUNT, "name": "acc%05d" % (1000 * i + k)} for k in range(1000)])
            assert rep.added == 1000
        owner.call("jwt.allow", issuer=ISSUER, names=[
            {"kind": AUDIENCE, "name": "aud%04d" % k, "note": "client %d" % k}
            for k in range(1000)])
        after = speed(account="acc09999", audience="aud0999")
        assert after < 3 * before + 0.2, (before, after)

        def listed(**kw):
            rows, cursor = [], None
            while True:
                page = taken.call("jwt.list", issuer=ISSUER, cursor=cursor, **kw)
                rows += page["names"]
                cursor = page.cursor
                if cursor is None:
                    return rows

        rows = listed()
        assert len(rows) == 11004 and len({(r.kind, r.name) for r in rows}) == 11004
        assert len(listed(kind=AUDIENCE)) == 1002
        assert [r.name for r in listed(match="client 77")] == ["aud0077"] + \
            ["aud077%d" % k for k in range(10)]
        expect(owner.ask("jwt.allow", issuer=ISSUER, names=[
            {"kind": AUDIENCE, "name": "k%d" % k} for k in range(1001)]), "TOOBIG")
        # what others know of the vault is there while it is locked
        agent.lock()
        assert len(owner.call("jwt.keys", issuer=ISSUER)["keys"]) == 6
        assert any("oidc/" in i.label for i in owner.call("id.list")["items"])


def forgotten(directory):
    """who is taken off the list gets no more tokens, also after the vault was opened anew"""
    with provider(directory) as (agent, owner, taken, _):
        removed = owner.call("jwt.forget", issuer=ISSUER, names=names("forge", "nobody",
                                                                       accounts=["u2"]))
        assert removed.removed == 2
        expect(taken.ask("jwt.sign", **GOOD), "JWT_AUDIENCE")
        expect(taken.ask("jwt.sign", **{**GOOD, "audience": "cloud", "account": "u2"}),
               "JWT_ACCOUNT")
        expect(taken.ask("jwt.sign", **{**GOOD, "audience": "cloud"}), "OK")
        agent.lock()
        expect(agent.unlock(owner.person), "OK")
        expect(taken.ask("jwt.sign", **GOOD), "JWT_AUDIENCE")
        # back again: by a factor, and it is as before
        sub = taken.call("jwt.sign", **{**GOOD, "audience": "cloud"}).subject
        owner.call("jwt.allow", issuer=ISSUER, names=names("forge"))
        expect(taken.ask("jwt.sign", **GOOD), "OK")
        assert taken.call("jwt.sign", **{**GOOD, "audience": "cloud"}).subject == sub
        for bad in ("", ), ("x" * 601, ):
            assert owner.ask("jwt.allow", issuer=ISSUER, names=names(*bad)).status != "OK"
        for bad in ({"kind": AUDIENCE, "name": "a\nb"},
                    {"kind": ACCOUNT, "name": "x", "sector": "y"},
                    {"kind": AUDIENCE, "name": "a", "sector": "b", "is_public": True}):
            assert owner.ask("jwt.allow", issuer=ISSUER, names=[bad]).status in ("TEXT", "RANGE")


# --- the life of keys ---

def by_state(client):
    rows = client.call("jwt.keys", issuer=ISSUER)["keys"]
    return {s: [r.kid for r in rows if r.state == s] for s in (CURRENT, NEXT, OLD)}, rows


def rotation(directory):
    """what signs next was published before; what signed is shown until its tokens have ended"""
    with provider(directory) as (agent, owner, taken, _):
        first, _ = by_state(owner)
        old = [taken.call("jwt.sign", **{**GOOD, "alg": a}).token for a in range(3)]
        sub = taken.call("jwt.sign", **GOOD).subject
        changed = owner.call("id.rotate", label=PATH.rstrip("/"), timeout=60)
        assert sorted(i.purpose for i in changed["items"]) == ["eddsa", "es256", "rs256"]
        second, rows = by_state(owner)
        assert second[CURRENT] == first[NEXT] and second[OLD] == first[CURRENT]
        assert not set(second[NEXT]) & set(first[CURRENT] + first[NEXT])
        jwks = published(owner)
        for a in range(3):
            read(jwks, old[a])
            new = taken.call("jwt.sign", **{**GOOD, "alg": a})
            assert new.kid == second[CURRENT][a] and new.subject == sub
            read(jwks, new.token)
        for r in rows:
            if r.state == OLD:
                assert time.time() + 3600 <= r.until <= time.time() + 4000
        owner.call("id.rotate", label=PATH + "rs256", timeout=60)
        assert [len(by_state(owner)[0][s]) for s in (CURRENT, NEXT, OLD)] == [3, 3, 4]
        # one that is revoked is gone at once
        kid = by_state(owner)[0][CURRENT][RS256]
        owner.call("id.revoke", label=PATH + "rs256")
        assert kid not in [r.kid for r in by_state(owner)[1]]
        expect(taken.ask("jwt.sign", **{**GOOD, "alg": RS256}), "DENIED")
        agent.lock()
        assert kid not in [r.kid for r in owner.call("jwt.keys", issuer=ISSUER)["keys"]]
        expect(owner.ask("jwt.keys", issuer=OTHER), "LOCKED")
        expect(taken.ask("jwt.sign", **GOOD), "LOCKED")


def comes_back(directory):
    """derived keys and subjects come back from the phrase"""
    with provider(directory) as (agent, owner, taken, token):
        before, _ = by_state(owner)
        sub = taken.call("jwt.sign", **GOOD).subject
        person = owner.person
        words = person.answers["NEED_WORDS"]
        os.remove(agent.vault)
        agent.stop()
        for f in (os.path.join(agent.state, "ownkey"), ):
            for name in os.listdir(f):
                os.remove(os.path.join(f, name))
        agent.start()
        with contextlib.closing(agent.client(Person(words=words))) as c:
            c.call("rebuild.open")
            c.call("rebuild.add", service="oidc", account=ISSUER, epochs=[{"epoch": 0}])
            c.call("rebuild.commit", ways=TOKEN, argon_m=8192, argon_t=1)
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as c:
            after, _ = by_state(c)
            assert after[CURRENT] == before[CURRENT][:2] and after[NEXT] == before[NEXT][:2]
            expect(c.ask("jwt.sign", **GOOD), "JWT_AUDIENCE")
            c.call("jwt.allow", issuer=ISSUER, names=names("forge", accounts=["u1"]))
            assert c.call("jwt.sign", **GOOD).subject == sub
            # the RSA key is a new one
            c.call("id.add", service="oidc", account=ISSUER, purpose="rs256")
            assert by_state(c)[0][CURRENT][RS256] != before[CURRENT][RS256]
            read(published(c), c.call("jwt.sign", **{**GOOD, "alg": RS256}).token)


def from_backup(directory):
    """a backup brings everything back: RSA, what was rotated out, and the list"""
    homes = [os.path.join(directory, n) for n in "ab"]
    for home in homes:
        os.mkdir(home)
    with opened(homes[0]) as (_, _, person, c):
        c.call("id.add", service="oidc", account=ISSUER)
        c.call("jwt.allow", issuer=ISSUER, proof=PASS, names=names(
            "forge", sector="s.example", note="the forge") + names(accounts=["u1"]))
        c.call("id.rotate", label=PATH + "rs256", timeout=60, proof=PASS)
        before = by_state(c)[1], c.call("jwt.list", issuer=ISSUER)
        sub = c.call("jwt.sign", **GOOD).subject
        blob, _ = create(c)
    with world(homes[1]) as (agent,), \
            restorer(agent, blob, [passphrase_of(person.shown)]) as c:
        head = expect(c.open(), "OK").result
        c.call("restore.commit", handle=head.handle, ways=PASS, timeout=60, one_way_in=True,
               **ARGON)
        assert before == (by_state(c)[1], c.call("jwt.list", issuer=ISSUER))
        made = c.call("jwt.sign", **{**GOOD, "alg": RS256})
        assert made.subject == sub
        read(published(c), made.token)


def two_machines(directory):
    """what two machines put on the list is on both, once; what one forgot is gone"""
    with machines(directory) as (a, b):
        a.unlock()
        a.c.call("id.add", service="oidc", account=ISSUER)
        a.c.call("jwt.allow", issuer=ISSUER, proof=PASS, names=names("old", accounts=["u1"]))
        a.settle()
        a.lock()
        b.put(a.agent.read())
        for m, audience in (a, "forge"), (b, "cloud"):
            m.unlock()
            m.c.call("jwt.allow", issuer=ISSUER, proof=PASS, names=names(audience, "both"))
            if m is b:
                m.c.call("jwt.forget", issuer=ISSUER, names=names("old"))
            m.settle()
            m.lock()
        a.put(b.agent.read())
        a.unlock()

        def listed():
            return sorted(n.name for n in a.c.call("jwt.list", issuer=ISSUER)["names"])

        assert listed() == ["both", "cloud", "forge", "u1"], listed()
        for audience in "forge", "cloud", "both":
            a.c.call("jwt.sign", **{**GOOD, "audience": audience})
        expect(a.c.ask("jwt.sign", **{**GOOD, "audience": "old"}), "JWT_AUDIENCE")
        a.c.call("jwt.forget", issuer=ISSUER, names=names("both"))
        expect(a.c.ask("jwt.sign", **{**GOOD, "audience": "both"}), "JWT_AUDIENCE")
        assert listed() == ["cloud", "forge", "u1"], listed()


def issuers(directory):
    """what can be an issuer, and what not"""
    good_ones = ["https://id.example.org:8443", "https://example.org/op/a", "http://127.0.0.1:8080",
                 "http://[::1]:8080", "http://localhost", "http://" + "a" * 56 + ".onion",
                 "https://[2001:db8::1]/x"]
    bad = ["", "id.example.org", "http://id.example.org", "https://id.example.org/", "https://",
           "https://a?b", "https://a#b", "https://u@a", "https://u:p@a", "HTTPS://a",
           "https://A.org", "https://a/../b", "https://a//b", "https://a/b/", "https://a/%2e",
           "https://a:0",
           "https://a:99999", "https://a:", "https://a b", "https://a\\b", "https://.a",
           "https://a.", "https://a..b", "http://localhost.evil.org", "http://127.0.0.1.evil.org",
           "http://onion", "https://[::1", "https://a/\u00e4", "ftp://a", "javascript:alert(1)",
           "https://[::1]evil", "http://[::1].evil.org", "https://" + "a" * 250]
    with world(directory, {}) as (agent, _):
        person = agent.init()
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as c:
            for issuer in good_ones:
                expect(c.ask("id.add", service="oidc", account=issuer, purpose="eddsa"), "OK")
            for issuer in bad:
                reply = c.ask("id.add", service="oidc", account=issuer, purpose="eddsa")
                assert reply.status in ("JWT_ISSUER", "RANGE", "TEXT", "TOOBIG"), (issuer, reply)


def by_command(directory):
    """the same with ownkey jwt, and a JWKS for a file; what is wrong says how it is right"""
    with provider(directory) as (agent, _, taken, _):
        def said(status, *args, stdin=""):
            done = agent.cli("jwt", *args, stdin=stdin)
            assert done.returncode == status, done
            return done.stdout + done.stderr

        # the PIN of the token, as a line
        assert "3 new" in said(0, "allow", ISSUER, "audience:https://app.example/cb:1",
                               "audience:wiki", "account:ann", "--sector", "s.example", "--label",
                               "the wiki", "--ask-stdin", stdin=PIN + "\n")
        assert "already" in said(0, "allow", ISSUER, "account:u1")
        text = said(0, "list", ISSUER)
        assert "audience:wiki\n  as for all of s.example\n  the wiki\n" in text, text
        assert "account:ann\n  the wiki\n" in text, text
        rows = json.loads(said(0, "list", ISSUER, "--json", "--match", "wiki"))["names"]
        assert {r["name"] for r in rows} == {"wiki", "https://app.example/cb:1", "ann"}, rows
        taken.call("jwt.sign", **{**GOOD, "audience": "https://app.example/cb:1"})
        assert "no more tokens" in said(0, "forget", ISSUER, "audience:wiki")
        assert "nothing was changed" in said(0, "forget", ISSUER, "audience:wiki")
        jwks = pyjwt.PyJWKSet.from_json(said(0, "keys", ISSUER, "--json"))
        read(jwks, taken.call("jwt.sign", **GOOD).token)
        assert "ES256  signs" in said(0, "keys", ISSUER)
        assert "audience:NAME" in said(64, "allow", ISSUER, "wiki")
        assert "exclude" in said(64, "allow", ISSUER, "audience:a", "--public", "--sector", "b")
        assert "id add oidc" in said(1, "list", OTHER)
        assert "https address" in agent.cli("id", "add", "oidc", "http://x.org").stderr
        agent.lock()
        assert len(json.loads(said(0, "keys", ISSUER, "--json"))["keys"]) == 6


CASES = [(f.__doc__, f) for f in (good, subjects, refused, no_other_use, flood, lists, forgotten,
                                   rotation, comes_back, from_backup, two_machines, issuers,
                                   by_command)]

if __name__ == "__main__":
    sys.exit(run_parallel(CASES, 2))
