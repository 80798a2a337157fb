"""Tokens that come back as id_token_hint, to authorize and to log out: forged in every way that
worked somewhere.  What needs a real signature of ours comes from the vault itself."""

import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from oidc_rp import AFTER, BASE, Browser, query_of
from oidcd import ISSUER

OTHER = "https://other.example.org"
ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551


def b64(data):
    if isinstance(data, (dict, list)):
        data = json.dumps(data, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def signed(o, typ=0, issuer=ISSUER, alg=0, **change):
    """By the vault."""
    events = [{"name": "events",
               "texts": [b"http://schemas.openid.net/event/backchannel-logout"]}]
    fields = {"issuer": issuer, "alg": alg, "typ": typ, "audience": "rp",
              "account": o.users["ann"], "lifetime": 60,
              "claims": events if typ == 2 else [], **change}
    return o.owner.call("jwt.sign", **fields).token


class Forger:
    """Has what everybody has: a good token, the keys that are published, keys of its own."""

    def __init__(self, o):
        self.good = o.tokens["id_token"]
        self.head, self.body, self.sig = self.good.split(".")
        self.header = json.loads(unb64(self.head))
        self.payload = json.loads(unb64(self.body))
        self.keys = {k["alg"]: k for k in o.p.get(BASE + "/jwks.json").json()["keys"]
                     if k["kid"] == self.header["kid"]}
        every = o.p.get(BASE + "/jwks.json").json()["keys"]
        self.by_alg = {}
        for k in every:
            self.by_alg.setdefault(k.get("alg"), k)
        self.rsa = rsa.generate_private_key(65537, 2048)
        self.ec = ec.generate_private_key(ec.SECP256R1())
        self.ed = ed25519.Ed25519PrivateKey.generate()

    def make(self, sign, header=None, payload=None, **more):
        head = b64({**self.header, **(header or {}), **more})
        text = head + "." + b64({**self.payload, **(payload or {})})
        return text + "." + b64(sign(text.encode()))

    def rs(self, data):
        return self.rsa.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def es(self, data):
        r, s = utils.decode_dss_signature(self.ec.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def es_der(self, data):
        return self.ec.sign(data, ec.ECDSA(hashes.SHA256()))

    def jwk(self):
        n = self.rsa.public_key().public_numbers()
        return {"kty": "RSA", "n": b64(n.n.to_bytes(256, "big")), "e": "AQAB"}

    def public(self):
        k = self.by_alg["RS256"]
        return rsa.RSAPublicNumbers(int.from_bytes(unb64(k["e"]), "big"),
                                    int.from_bytes(unb64(k["n"]), "big")).public_key()


def hs(key):
    return lambda data: hmac.new(key, data, hashlib.sha256).digest()


def pem(f, form):
    return f.public().public_bytes(serialization.Encoding.PEM, form)


SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS1 = serialization.PublicFormat.PKCS1


def nothing(_):
    return b""


def es(f, r, s, **kw):
    """An ES256 token of our own kid with these numbers for a signature."""
    key = f.by_alg["ES256"]
    return f.make(lambda _: r.to_bytes(32, "big") + s.to_bytes(32, "big"), alg="ES256",
                  kid=key["kid"], **kw)


def twice(f, name, value):
    head = json.dumps(f.header)[:-1] + ', "%s": %s}' % (name, json.dumps(value))
    return b64(head.encode()) + "." + f.body + "." + f.sig


# (name, origin, forger -> token)
HINTS = [
    ("alg none", "CVE-2015-9235", lambda f: f.make(nothing, alg="none")),
    ("alg None", "CVE-2018-1000531", lambda f: f.make(nothing, alg="None")),
    ("alg nOnE", "CVE-2020-28042", lambda f: f.make(nothing, alg="nOnE")),
    ("alg none, signature left there", "CVE-2015-9235",
     lambda f: b64({**f.header, "alg": "none"}) + "." + f.body + "." + f.sig),
    ("alg none without kid", "CVE-2015-9235",
     lambda f: b64({"alg": "none", "typ": "JWT"}) + "." + f.body + "."),
    ("signature taken away", "CVE-2020-28042", lambda f: f.head + "." + f.body + "."),
    ("no third part", "RFC 7515 7.1", lambda f: f.head + "." + f.body),
    ("four parts", "RFC 7515 7.1", lambda f: f.good + ".AAAA"),
    ("five parts, as if encrypted", "RFC 7516 7.1", lambda f: f.good + ".AAAA.AAAA"),
    ("HS256 with the RSA key as PEM", "CVE-2015-9235",
     lambda f: f.make(hs(pem(f, SPKI)), alg="HS256")),
    ("HS256 with the RSA key as PKCS#1", "CVE-2022-29217",
     lambda f: f.make(hs(pem(f, PKCS1)), alg="HS256")),
    ("HS256 with the PEM without its last line end", "CVE-2022-29217",
     lambda f: f.make(hs(pem(f, SPKI).rstrip()), alg="HS256")),
    ("HS256 with the key as JWK", "CVE-2016-10555",
     lambda f: f.make(hs(json.dumps(f.by_alg["RS256"]).encode()), alg="HS256")),
    ("HS256 with the modulus", "CVE-2016-10555",
     lambda f: f.make(hs(unb64(f.by_alg["RS256"]["n"])), alg="HS256")),
    ("HS256 with an empty key", "CVE-2019-20933", lambda f: f.make(hs(b""), alg="HS256")),
    ("HS256 with the kid", "CWE-347",
     lambda f: f.make(hs(f.header["kid"].encode()), alg="HS256")),
    ("RS256 said, ES256 done", "RFC 8725 3.1",
     lambda f: f.make(f.es, kid=f.by_alg["ES256"]["kid"], alg="RS256")),
    ("ES256 said of the RSA key", "RFC 8725 3.1", lambda f: f.make(f.es, alg="ES256")),
    ("PS256", "RFC 8725 3.1", lambda f: f.make(f.rs, alg="PS256")),
    ("RS1, which is SHA-1", "RFC 8725 3.2", lambda f: f.make(f.rs, alg="RS1")),
    ("alg in lower case", "RFC 7515 4.1.1", lambda f: f.make(f.rs, alg="rs256")),
    ("alg that is a list", "RFC 7515 4.1.1", lambda f: f.make(f.rs, alg=["RS256"])),
    ("alg null", "RFC 7515 4.1.1", lambda f: f.make(f.rs, alg=None)),
    ("a key of one's own", "CWE-347", lambda f: f.make(f.rs)),
    ("kid of another key", "RFC 7515 4.1.4",
     lambda f: b64({**f.header, "kid": f.by_alg["ES256"]["kid"]}) + "." + f.body + "." + f.sig),
    ("kid that leads out of a folder", "CVE-2017-17068",
     lambda f: f.make(hs(b""), kid="../../../../dev/null", alg="HS256")),
    ("kid with SQL", "CVE-2018-0114",
     lambda f: f.make(hs(b"x"), kid="x' UNION SELECT 'x' --", alg="HS256")),
    ("kid of 4 kB", "CWE-770", lambda f: f.make(f.rs, kid="a" * 4000)),
    ("kid with NUL behind", "CWE-158", lambda f: f.make(f.rs, kid=f.header["kid"] + "\0")),
    ("kid empty", "RFC 7515 4.1.4", lambda f: f.make(f.rs, kid="")),
    ("kid that is a number", "RFC 7515 4.1.4", lambda f: f.make(f.rs, kid=0)),
    ("jwk with its own key", "CVE-2018-0114", lambda f: f.make(f.rs, jwk=f.jwk())),
    ("jwk, and no kid", "CVE-2018-0114",
     lambda f: b64({"alg": "RS256", "typ": "JWT", "jwk": f.jwk()}) + "." + f.body + "." + f.sig),
    ("jku", "CVE-2018-0114", lambda f: f.make(f.rs, jku="https://evil.example/jwks.json")),
    ("x5u", "CVE-2018-0114", lambda f: f.make(f.rs, x5u="https://evil.example/cert.pem")),
    ("x5c", "CVE-2018-0114", lambda f: f.make(f.rs, x5c=["AAAA"])),
    ("crit that nobody knows", "CVE-2025-59420",
     lambda f: f.make(f.rs, crit=["x-evil"], **{"x-evil": 1})),
    ("b64 false", "RFC 7797 8", lambda f: f.make(f.rs, crit=["b64"], b64=False)),
    ("zip", "CVE-2024-28176", lambda f: f.make(f.rs, zip="DEF")),
    ("a member of the header twice", "RFC 7515 4", lambda f: twice(f, "alg", "none")),
    ("typ at+jwt in the header of another", "RFC 8725 3.11", lambda f: f.make(f.rs, typ="at+jwt")),
    ("psychic signature: r = s = 0", "CVE-2022-21449", lambda f: es(f, 0, 0)),
    ("r = s = the order", "CVE-2022-21449", lambda f: es(f, ORDER, ORDER)),
    ("r = 1, s = the order + 1", "CVE-2022-21449", lambda f: es(f, 1, ORDER + 1)),
    ("r = 0, s = 1", "CVE-2022-21449", lambda f: es(f, 0, 1)),
    ("ES256 as DER", "RFC 7518 3.4",
     lambda f: f.make(f.es_der, alg="ES256", kid=f.by_alg["ES256"]["kid"])),
    ("ES256 of 63 bytes", "RFC 7518 3.4",
     lambda f: f.make(lambda d: f.es(d)[:63], alg="ES256", kid=f.by_alg["ES256"]["kid"])),
    ("ES256 of 65 bytes", "CVE-2024-42460",
     lambda f: f.make(lambda d: f.es(d) + b"\0", alg="ES256", kid=f.by_alg["ES256"]["kid"])),
    ("ES256 of nothing", "CVE-2022-21449",
     lambda f: f.make(nothing, alg="ES256", kid=f.by_alg["ES256"]["kid"])),
    ("Ed25519 with R and S of zero", "CVE-2024-48949",
     lambda f: f.make(lambda _: bytes(64), alg="EdDSA", kid=f.by_alg["EdDSA"]["kid"])),
    ("Ed25519 with R of small order", "RFC 8032 5.1.7",
     lambda f: f.make(lambda _: b"\1" + bytes(63), alg="EdDSA", kid=f.by_alg["EdDSA"]["kid"])),
    ("RSA signature of zero", "CVE-2006-4339", lambda f: f.make(lambda _: bytes(256))),
    ("RSA signature of one", "CVE-2006-4339",
     lambda f: f.make(lambda _: bytes(255) + b"\1")),
    ("RSA signature of 255 bytes", "RFC 8017 8.2.2", lambda f: f.make(lambda d: f.rs(d)[1:])),
    ("another payload under this signature", "CWE-347",
     lambda f: f.head + "." + b64({**f.payload, "sub": "x"}) + "." + f.sig),
    ("payload twice the sub", "CVE-2022-23540",
     lambda f: f.head + "." + b64((json.dumps(f.payload)[:-1] + ',"sub":"x"}').encode()) + "." +
     f.sig),
    ("exp as a text", "CVE-2022-23541", lambda f: f.make(f.rs, payload={"exp": "9999999999"})),
    ("exp as a huge number", "CWE-190", lambda f: f.make(f.rs, payload={"exp": 10 ** 400})),
    ("aud as a list", "RFC 7519 4.1.3", lambda f: f.make(f.rs, payload={"aud": ["rp", "evil"]})),
    ("iss of another", "OIDC Core 2", lambda f: f.make(f.rs, payload={"iss": OTHER})),
    ("header that is a list", "RFC 7515 4", lambda f: b64([]) + "." + f.body + "." + f.sig),
    ("header nested 1000 deep", "CWE-674",
     lambda f: b64(b"[" * 1000) + "." + f.body + "." + f.sig),
    ("header that is no JSON", "RFC 7515 4", lambda f: "AAAA." + f.body + "." + f.sig),
    ("header with a byte order mark", "RFC 8259 8.1",
     lambda f: b64(b"\xef\xbb\xbf" + unb64(f.head)) + "." + f.body + "." + f.sig),
    ("base64 with padding", "RFC 7515 2", lambda f: f.head + "=." + f.body + "." + f.sig),
    ("standard base64", "RFC 7515 2",
     lambda f: f.head + "." + f.body + "." + f.sig[:-2].replace("-", "+") + "//"),
    ("white space in front", "RFC 7515 7.1", lambda f: " " + f.good),
    ("a line end behind", "RFC 7515 7.1", lambda f: f.good + "\n"),
    ("NUL behind", "CWE-158", lambda f: f.good[:-1] + "\u0000"),
    ("in JSON serialization", "RFC 7515 7.2",
     lambda f: json.dumps({"payload": f.body, "protected": f.head, "signature": f.sig})),
    ("8 kB and more", "CWE-770", lambda f: f.good + "A" * 9000),
    ("dots alone", "RFC 7515 7.1", lambda f: ".."),
    ("one byte changed in the signature", "CWE-347",
     lambda f: f.good[:-20] + ("A" if f.good[-20] != "A" else "B") + f.good[-19:]),
]


def refused(o, token, client=None):
    """Neither to authorize nor to log out."""
    if "\0" not in token:
        r = o.ann.get(BASE + "/authorize", **(client or o.rp).request(
            prompt="none", id_token_hint=token))
        if r.status == 303:
            back = query_of(r.get("location"))
            assert back["error"] in ("invalid_request", "login_required"), back
            assert "code" not in back, back
        else:
            assert r.status in (400, 414, 431) and "location" not in r.headers, r.raw
    r = Browser(o.p).get(BASE + "/logout", id_token_hint=token, post_logout_redirect_uri=AFTER)
    assert r.status in (200, 400, 414, 431) and "location" not in r.headers, r.raw


def forged(make):
    def fn(o):
        if not hasattr(o, "forger"):
            o.forger = Forger(o)
        refused(o, make(o.forger))
    return fn


# --- what the vault really signs ---

def good(o):
    o.ann = o.browser() if not hasattr(o, "ann") else o.ann
    o.tokens = o.rp.login(o.ann)
    r = o.ann.get(BASE + "/authorize", **o.rp.request(
        prompt="none", id_token_hint=o.tokens["id_token"]))
    assert "code" in query_of(r.get("location")), r.raw


def other_types(o):
    for typ in 1, 2:
        refused(o, signed(o, typ=typ))


def another_issuer(o):
    o.owner.call("id.add", service="oidc", account=OTHER)
    o.owner.call("jwt.allow", issuer=OTHER, names=[
        {"kind": 0, "name": "rp", "sector": "rp.example"}, {"kind": 1, "name": o.users["ann"]}])
    refused(o, signed(o, issuer=OTHER))
    o.owner.call("jwt.forget", issuer=OTHER, names=[{"kind": 0, "name": "rp"}])


def another_audience(o):
    token = signed(o, audience="post")
    r = o.ann.get(BASE + "/authorize", **o.rp.request(prompt="none", id_token_hint=token))
    assert query_of(r.get("location"))["error"] == "invalid_request", r.raw
    # whoever says which client it is
    r = Browser(o.p).get(BASE + "/logout", id_token_hint=token, post_logout_redirect_uri=AFTER,
                         client_id="rp")
    assert r.status == 200 and "location" not in r.headers, r.raw


def another_person(o):
    token = signed(o, account=o.users["bob"])
    r = o.ann.get(BASE + "/authorize", **o.rp.request(prompt="none", id_token_hint=token))
    assert query_of(r.get("location"))["error"] == "login_required", r.raw


def opaque(o):
    refused(o, o.tokens["access_token"])


def old(o):
    """How old it is does not matter to log out: then as good as a fresh one."""
    token = signed(o, lifetime=1)
    time.sleep(2.1)
    r = Browser(o.p).get(BASE + "/logout", id_token_hint=token, post_logout_redirect_uri=AFTER)
    assert r.status == 303 and r.get("location") == AFTER, r.raw


REAL = [
    ("the right one, which shows that these rows see anything", "OIDC Core 3.1.2.1", good),
    ("at+jwt and logout+jwt of ours", "RFC 8725 3.11: cross-JWT confusion", other_types),
    ("of another issuer of the same vault", "RFC 8725 3.8", another_issuer),
    ("for another client", "RFC 8725 3.9", another_audience),
    ("of another person", "OIDC Core 3.1.2.1", another_person),
    ("an access token", "RFC 8725 3.11", opaque),
    ("one that has ended, to log out", "RP-Initiated Logout 2", old),
]


def rows():
    out = [("id_token_hint: %s (%s)" % (n, w), fn) for n, w, fn in REAL[:1]]
    out += [("id_token_hint: %s (%s)" % (n, w), forged(make)) for n, w, make in HINTS]
    return out + [("id_token_hint: %s (%s)" % (n, w), fn) for n, w, fn in REAL[1:]]
