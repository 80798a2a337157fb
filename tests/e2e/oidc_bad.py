"""Inputs that broke others, all at one running provider: one row an input, and the failure of the
field that it comes from.  A row of `elsewhere` names the test that has it."""

import base64
import json
import sys
import time
import urllib.parse

import oidc_bad_elsewhere
import oidc_bad_jwt
import oidc_bad_pages
from oidc_rp import AFTER, BASE, FORM, REDIRECT, Browser, query_of, run_shared
from oidcd import ISSUER

ROWS = []


def bad(group, name, origin):
    """One row: a function of the provider (Op)."""
    def add(fn):
        ROWS.append(("%s: %s (%s)" % (group, name, origin), fn))
        return fn
    return add


def is_page(r, *statuses):
    """Told to the person, and leads nowhere."""
    assert r.status in (statuses or (400,)) and "location" not in r.headers, r.raw
    assert r.get("content-type").startswith("text/html"), r.raw


def told(r, error):
    """Told to the client, at its own address."""
    assert r.status == 303 and r.get("location").startswith(REDIRECT + "?"), r.raw
    back = query_of(r.get("location"))
    assert back["error"] == error and back["iss"] == ISSUER and "code" not in back, back


def is_error(r, status, *errors):
    assert r.status == status and r.json()["error"] in errors, r.raw
    assert not {"access_token", "id_token"} & set(r.json()), r.raw


def ann(o):
    """A browser in which ann is logged in and has agreed to rp; kept."""
    if not hasattr(o, "ann"):
        o.ann = o.browser()
        o.tokens = o.rp.login(o.ann)
    return o.ann


# --- redirect_uri, and where a logout leads ---

# (name, origin, address): none is what a client registered.  All are for https://rp.example/cb.
URIS = [
    ("a host that begins like it", "Keycloak CVE-2024-8883", "https://rp.example.evil.com/cb"),
    ("it as user of another host", "Keycloak CVE-2024-8883", "https://rp.example@evil.com/cb"),
    ("loopback and port as user", "Keycloak CVE-2024-8883", "http://localhost:80@evil.com/cb"),
    ("loopback address as user", "fastmcp#346", "http://127.0.0.1:80@evil.com/cb"),
    ("user and password", "hsweb#354", "https://rp.example:pw@evil.com/cb"),
    ("an encoded percent sign as user", "zitadel#12559", "http://localhost:8090%25@example.com/"),
    ("two backslashes", "openauth#299", "\\\\evil.com/cb"),
    ("slash and backslash", "openauth#299", "/\\evil.com/cb"),
    ("no slashes", "openauth#299", "https:evil.com"),
    ("no scheme", "openauth#299", "//evil.com/cb"),
    ("a path alone", "openauth#299", "/cb"),
    ("a backslash in the host", "openauth#299", "https://rp.example\\@evil.com/cb"),
    ("path in capitals", "fosite CVE-2020-15234", "https://rp.example/CB"),
    ("host in capitals", "fosite CVE-2020-15234", "https://RP.example/cb"),
    ("scheme in capitals", "fosite CVE-2020-15234", "HTTPS://rp.example/cb"),
    ("loopback for who is on https", "fosite CVE-2020-15233", "http://127.0.0.1/cb"),
    ("localhost for who is on https", "fosite CVE-2020-15233", "http://localhost/cb"),
    ("http for https", "RFC 9700 4.1.3", "http://rp.example/cb"),
    ("dots", "Keycloak CVE-2024-1132", "https://rp.example/cb/../evil"),
    ("dots that lead back", "Keycloak CVE-2024-1132", "https://rp.example/x/../cb"),
    ("encoded dots", "Keycloak CVE-2024-1132", "https://rp.example/x/%2e%2e/cb"),
    ("an encoded letter", "RFC 9700 4.1.3", "https://rp.example/%63b"),
    ("a dot behind the host", "RFC 9700 4.1.3", "https://rp.example./cb"),
    ("the port that goes without saying", "RFC 9700 4.1.3", "https://rp.example:443/cb"),
    ("another port", "RFC 9700 4.1.3", "https://rp.example:8443/cb"),
    ("a port of nothing", "RFC 9700 4.1.3", "https://rp.example:/cb"),
    ("a slash behind", "RFC 9700 4.1.3", "https://rp.example/cb/"),
    ("more behind", "RFC 9700 4.1.3", "https://rp.example/cb2"),
    ("less", "RFC 9700 4.1.3", "https://rp.example/c"),
    ("the host alone", "RFC 9700 4.1.3", "https://rp.example"),
    ("another query", "oidcc-redirect-uri-query-added", "https://rp.example/cb?x=1"),
    ("an empty query", "oidcc-redirect-uri-query-added", "https://rp.example/cb?"),
    ("a fragment", "RFC 6749 3.1.2", "https://rp.example/cb#x"),
    ("an empty fragment", "RFC 6749 3.1.2", "https://rp.example/cb#"),
    ("CR LF and a header", "CWE-113", "https://rp.example/cb\r\nX-Evil: 1"),
    ("a line of its own", "CWE-93", "https://rp.example/cb\nhttps://evil.com/"),
    ("LF at the end", "CWE-93", "https://rp.example/cb\n"),
    ("a tab", "CWE-20", "https://rp.example/c\tb"),
    ("a space in front", "CWE-20", " https://rp.example/cb"),
    ("javascript in mixed case", "workers-oauth-provider#97", "JavaScript:alert(1)//rp.example/cb"),
    ("data in mixed case", "workers-oauth-provider#97", "DaTa:text/html,<script>x</script>"),
    ("javascript with the host in it", "authentik CVE-2024-21637",
     "javascript://rp.example/%0aalert(1)"),
    ("a wildcard", "RFC 9700 4.1.1", "https://*.example/cb"),
    ("a host below it", "RFC 9700 4.1.1", "https://evil.rp.example/cb"),
    ("letters of another script", "homograph", "https://rp.ex\u0430mple/cb"),
    ("the same as punycode", "homograph", "https://rp.xn--exmple-4nf/cb"),
    ("full-width letters", "homograph", "https://\uff52\uff50.example/cb"),
    ("an IPv6 zone", "RFC 6874", "http://[fe80::1%25eth0]/cb"),
    ("IPv6 loopback", "fosite CVE-2020-15233", "http://[::1]/cb"),
    ("8 kB", "CWE-770", "https://rp.example/cb?" + "a" * 8000),
    ("urn of out of band", "RFC 8252 B", "urn:ietf:wg:oauth:2.0:oob"),
    ("blob", "workers-oauth-provider#97", "blob:https://rp.example/cb"),
    ("file", "workers-oauth-provider#97", "file:///etc/passwd"),
    ("empty", "RFC 6749 3.1.2.3", ""),
]


def uri_row(name, origin, uri):
    @bad("redirect_uri", name, origin)
    def _(o):
        for client in o.rp, o.open, o.two:
            is_page(ann(o).get(BASE + "/authorize", **client.request(redirect_uri=uri)))
            # nor when it may not show a page
            is_page(ann(o).get(BASE + "/authorize",
                               **client.request(redirect_uri=uri, prompt="none")))

    @bad("post_logout_redirect_uri", name, origin)
    def _(o):
        ann(o)
        r = Browser(o.p).get(BASE + "/logout", id_token_hint=o.tokens["id_token"],
                             post_logout_redirect_uri=uri.replace("/cb", "/bye"))
        is_page(r, 200)


for row in URIS:
    uri_row(*row)


@bad("redirect_uri", "the right ones, which show that these rows see anything", "RFC 6749 3.1.2")
def right_ones(o):
    ann(o)
    r = Browser(o.p).get(BASE + "/logout", id_token_hint=o.tokens["id_token"],
                         post_logout_redirect_uri=AFTER)
    assert r.status == 303 and r.get("location") == AFTER, r.raw
    for uri in "http://127.0.0.1/cb", "http://127.0.0.1:49152/cb", "http://[::1]:8/cb":
        r = ann(o).get(BASE + "/authorize", **o.app.request(redirect_uri=uri, prompt="none"))
        assert r.get("location").startswith(uri + "?error="), r.raw


LOOPBACK = [("another path", "http://127.0.0.1:8/cb2"), ("a query", "http://127.0.0.1:8/cb?x=1"),
            ("localhost, which is a name", "http://localhost:8/cb"),
            ("another address of this machine", "http://127.0.0.2:8/cb"),
            ("port and user", "http://127.0.0.1:8@evil.com/cb"),
            ("port 0", "http://127.0.0.1:0/cb"), ("port 99999", "http://127.0.0.1:99999/cb"),
            ("https", "https://127.0.0.1:8/cb"), ("a name that begins so", "http://127.0.0.1.a/cb"),
            ("short form", "http://127.1:8/cb"), ("as a number", "http://2130706433:8/cb")]


def loopback_row(name, uri):
    @bad("redirect_uri", "of an application: " + name, "fosite CVE-2020-15233")
    def _(o):
        is_page(ann(o).get(BASE + "/authorize", **o.app.request(redirect_uri=uri)))


for row in LOOPBACK:
    loopback_row(*row)


def raw_authorize(o, query):
    return ann(o).ask("GET", BASE + "/authorize?" + query)


@bad("redirect_uri", "twice", "RFC 6749 3.1")
def redirect_twice(o):
    fields = list(o.rp.request().items())
    for more in REDIRECT, "https://evil.com/cb":
        for order in fields + [("redirect_uri", more)], [("redirect_uri", more)] + fields:
            is_page(raw_authorize(o, urllib.parse.urlencode(order)))


@bad("redirect_uri", "as an array", "PHP, Rack and qs parse a[] so")
def redirect_array(o):
    for name in "redirect_uri[]", "redirect_uri[0]", "redirect_uri.0":
        fields = o.rp.request(redirect_uri=None)
        is_page(ann(o).get(BASE + "/authorize", **{**fields, name: REDIRECT}))


@bad("redirect_uri", "absent", "oidcc-ensure-redirect-uri-in-authorization-request")
def redirect_absent(o):
    for client in o.rp, o.two:
        is_page(ann(o).get(BASE + "/authorize", **client.request(redirect_uri=None)))


@bad("redirect_uri", "of another client", "RFC 9700 4.1")
def redirect_of_another(o):
    is_page(ann(o).get(BASE + "/authorize",
                       **o.rp.request(redirect_uri="https://two.example/a")))


@bad("redirect_uri", "20 kB", "CWE-770")
def redirect_long(o):
    r = raw_authorize(o, urllib.parse.urlencode(
        o.rp.request(redirect_uri=REDIRECT + "?" + "a" * 20000)))
    assert r.status in (400, 414, 431) and "location" not in r.headers, r.raw


@bad("redirect_uri", "NUL in it", "CWE-158")
def redirect_nul(o):
    for tail in "%00", "%00.evil.com":
        is_page(raw_authorize(o, urllib.parse.urlencode(o.rp.request(redirect_uri=None)) +
                              "&redirect_uri=" + urllib.parse.quote(REDIRECT, "") + tail))


@bad("redirect_uri", "what may not even be registered", "authentik CVE-2024-21637")
def redirect_registered(o):
    for _, _, uri in URIS:
        good = urllib.parse.urlsplit(uri)
        if "\0" in uri or good.scheme == "https" and good.hostname and \
                good.hostname.isascii() and not set(uri) & set("@#\\*\t\r\n ") and \
                "." != good.hostname[-1] and ".." not in uri and "%2e" not in uri and \
                not uri.startswith(("HTTPS", "https://RP")) and not good.netloc.endswith(":") and \
                len(uri) < 2000:
            continue
        done = o.p.run("client", "add", "never", "--redirect", uri)
        assert done.returncode not in (0, -11), (uri, done)
    assert o.p.run("client", "show", "never").returncode == 1


# --- codes ---

def wrong_code(o, code, client=None, **change):
    is_error((client or o.rp).redeem(code, **change), 400, "invalid_grant", "invalid_request")


@bad("code", "by another client, which it then works for no more", "RFC 6749 4.1.3")
def code_other_client(o):
    code = o.rp.code(ann(o))["code"]
    o.post.verifier = o.rp.verifier
    wrong_code(o, code, o.post)
    wrong_code(o, code)


@bad("code", "another redirect_uri", "RFC 6749 4.1.3")
def code_other_redirect(o):
    for uri in None, "", REDIRECT + "/", REDIRECT.upper(), "https://evil.com/cb":
        wrong_code(o, o.rp.code(ann(o))["code"], redirect_uri=uri)


@bad("code", "cut, longer, in capitals, of another kind", "RFC 6749 10.5")
def code_forms(o):
    for change in (lambda c: c[:-1], lambda c: c + "A", str.upper, lambda c: c[5:],
                   lambda c: " " + c, lambda c: c + "=", lambda c: "okrt_" + c[5:],
                   lambda c: "", lambda c: o.tokens["access_token"],
                   lambda c: o.tokens["id_token"], lambda c: "\u00e9" + c, lambda c: c * 400):
        code = o.rp.code(ann(o))["code"]
        verifier = o.rp.verifier
        wrong_code(o, change(code))
        assert o.rp.redeem(code, code_verifier=verifier).status == 200


@bad("code", "as a refresh token, a refresh token as one", "RFC 6749 10.5")
def code_kinds(o):
    code = o.rp.code(ann(o))["code"]
    is_error(o.rp.refresh(code), 400, "invalid_grant")
    assert o.rp.redeem(code).status == 200


@bad("code", "several grants at once", "RFC 6749 3.2")
def code_twice(o):
    code = o.rp.code(ann(o))["code"]
    basic = base64.b64encode(("rp:" + o.rp.secret).encode()).decode()
    body = urllib.parse.urlencode([("grant_type", "authorization_code"), ("code", code),
                                   ("code", code), ("redirect_uri", REDIRECT),
                                   ("code_verifier", o.rp.verifier)])
    is_error(o.p.ask("POST", BASE + "/token", FORM, "Authorization: Basic " + basic,
                     body=body.encode(), shut=False), 400, "invalid_request")
    assert o.rp.redeem(code).status == 200


@bad("code", "after its time", "oauth 2.1 4.1.2; FAPI 2: a code over 60 s old")
def code_expired(o):
    restart(o, code_lifetime=5)
    code, verifier = o.rp.code(ann(o))["code"], o.rp.verifier
    young = o.rp.code(ann(o))["code"]
    assert o.rp.redeem(young).status == 200
    time.sleep(5.5)
    wrong_code(o, code, code_verifier=verifier)
    restart(o, code_lifetime=60)


def restart(o, **conf):
    o.p.conf.update(conf)
    o.p.stop()
    o.p.start()
    end = time.monotonic() + 30
    while o.p.get(BASE + "/health").status != 200:
        assert time.monotonic() < end, o.p.said()
        time.sleep(0.02)


# --- PKCE ---

@bad("pkce", "verifier missing", "authentik CVE-2023-48228")
def pkce_missing(o):
    for verifier in None, "":
        wrong_code(o, o.open.code(ann(o))["code"], o.open, code_verifier=verifier)


@bad("pkce", "challenge taken out of the request", "authentik CVE-2024-23647")
def pkce_stripped(o):
    gone = {"code_challenge": None, "code_challenge_method": None}
    told(ann(o).get(BASE + "/authorize", **o.open.request(**gone)), "invalid_request")
    # who has a secret notices when it redeems
    wrong_code(o, o.rp.code(ann(o), **gone)["code"])


@bad("pkce", "verifier where there was no challenge", "RFC 9700 2.1.1")
def pkce_unasked(o):
    asked = {"code_challenge": None, "code_challenge_method": None}
    wrong_code(o, o.old.code(ann(o), **asked)["code"], o.old)
    assert o.old.redeem(o.old.code(ann(o), **asked)["code"], code_verifier=None).status == 200


@bad("pkce", "method plain, PLAIN, s256, none, empty", "RFC 7636 4.3; oauth 2.1 7.5.2")
def pkce_methods(o):
    for method in "plain", "PLAIN", "s256", "none", "", None, "S512", "S256 ":
        told(ann(o).get(BASE + "/authorize", **o.open.request(code_challenge_method=method)),
             "invalid_request")


@bad("pkce", "challenge of wrong length, alphabet, with padding", "RFC 7636 4.2")
def pkce_challenges(o):
    for change in (lambda c: c[:-1], lambda c: c + "A", lambda c: c + "=", lambda c: c[:-1] + "+",
                   lambda c: c[:-1] + "/", lambda c: "\u00e9" + c[2:], lambda c: c[:-1] + " ",
                   # 43 characters that no 32 bytes give
                   lambda c: "A" * 42 + "B"):
        asked = o.open.request()
        told(ann(o).get(BASE + "/authorize",
                        **{**asked, "code_challenge": change(asked["code_challenge"])}),
             "invalid_request")


@bad("pkce", "the challenge as verifier, 42 and 129 characters, others", "RFC 7636 4.1")
def pkce_verifiers(o):
    for change in (lambda v: v[:42], lambda v: v * 3, lambda v: v.swapcase(), lambda v: v + " ",
                   lambda v: v[:-1] + "+", lambda v: v + "\n", lambda v: v[:-1]):
        code = o.open.code(ann(o))["code"]
        wrong_code(o, code, o.open, code_verifier=change(o.open.verifier))
    asked = o.open.request()
    code = query_of(ann(o).get(BASE + "/authorize", **asked).get("location"))["code"]
    wrong_code(o, code, o.open, code_verifier=asked["code_challenge"])


# --- requests ---

def token_request(o, headers=(), body=None, path="", method="POST"):
    """One for a code that would be good; returns the answer.  body: of the fields."""
    code = o.rp.code(ann(o))["code"]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT,
              "code_verifier": o.rp.verifier}
    text = urllib.parse.urlencode(fields).encode() if body is None else body(fields)
    query = "?" + urllib.parse.urlencode(fields) if path == "?" else path
    return o.p.ask(method, BASE + "/token" + query, *headers, body=text, shut=False)


def basic_of(ident, secret):
    return "Authorization: Basic " + base64.b64encode((ident + ":" + secret).encode()).decode()


def request_row(name, origin, statuses, make):
    @bad("request", name, origin)
    def _(o):
        ann(o)
        r = make(o)
        assert r.status in statuses, r.raw
        assert b"access_token\"" not in r.body and b"id_token\"" not in r.body, r.raw
        if r.get("content-type") == "application/json":
            assert r.json()["error"] in ("invalid_request", "invalid_client", "invalid_grant",
                                         "unauthorized_client"), r.raw


def own(o):
    return basic_of("rp", o.rp.secret)


request_row("GET at the token endpoint", "RFC 6749 3.2", (405,),
            lambda o: token_request(o, [own(o)], lambda f: b"", "?", "GET"))
request_row("parameters in the query of a POST", "RFC 6749 3.2", (400,),
            lambda o: token_request(o, [own(o), FORM], lambda f: b"", "?"))
request_row("a JSON body", "RFC 6749 4.1.3", (400, 415),
            lambda o: token_request(o, [own(o), "Content-Type: application/json"],
                                    lambda f: json.dumps(f).encode()))
request_row("a multipart body", "libmicrohttpd CVE-2023-27371", (400, 415),
            lambda o: token_request(o, [own(o), "Content-Type: multipart/form-data; boundary=x"],
                                    lambda f: b"--x\r\nContent-Disposition: form-data; name=\"a\""
                                              b"\r\n\r\nb\r\n--x--\r\n"))
request_row("multipart whose boundary never ends", "libmicrohttpd CVE-2023-27371", (400, 415),
            lambda o: token_request(o, [own(o), "Content-Type: multipart/form-data; boundary=" +
                                        "x" * 2000], lambda f: b"--" + b"x" * 2000))
request_row("no content type", "RFC 6749 3.2", (400, 415),
            lambda o: token_request(o, [own(o)]))
request_row("a form in UTF-16", "WHATWG URL 5.1", (400, 415),
            lambda o: token_request(o, [own(o), FORM + "; charset=utf-16"]))
request_row("Basic and a secret in the body", "RFC 6749 2.3", (400,),
            lambda o: token_request(o, [own(o), FORM], lambda f: urllib.parse.urlencode(
                {**f, "client_secret": o.rp.secret}).encode()))
request_row("Basic of one client, client_id of another", "RFC 6749 2.3", (400,),
            lambda o: token_request(o, [own(o), FORM], lambda f: urllib.parse.urlencode(
                {**f, "client_id": "post"}).encode()))
request_row("two Authorization headers", "RFC 9110 11.6.2", (400,),
            lambda o: token_request(o, [own(o), own(o), FORM]))
request_row("Basic without a colon", "RFC 7617 2", (400, 401),
            lambda o: token_request(o, [FORM, "Authorization: Basic " + base64.b64encode(
                b"rp").decode()]))
request_row("Basic that is no base64", "RFC 7617 2", (400, 401),
            lambda o: token_request(o, [FORM, "Authorization: Basic %%%"]))
request_row("half a percent sign in the secret", "RFC 6749 2.3.1", (400, 401),
            lambda o: token_request(o, [FORM, basic_of("rp", o.rp.secret + "%4")]))
request_row("a NUL behind the secret", "CWE-158", (400, 401),
            lambda o: token_request(o, [FORM, basic_of("rp", o.rp.secret + "%00x")]))
request_row("the secret with another one behind a colon", "RFC 7617 2", (401,),
            lambda o: token_request(o, [FORM, basic_of("rp", o.rp.secret + ":" + o.rp.secret)]))
request_row("client_assertion", "fosite GHSA-v3q9-2p3m-7g43: jti replayed", (401,),
            lambda o: token_request(o, [FORM], lambda f: urllib.parse.urlencode(
                {**f, "client_id": "rp", "client_assertion": o.tokens["id_token"],
                 "client_assertion_type":
                 "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}).encode()))
request_row("a public client that sends a secret", "RFC 6749 2.3.1", (401,),
            lambda o: token_request(o, [FORM], lambda f: urllib.parse.urlencode(
                {**f, "client_id": "open", "client_secret": "x"}).encode()))
request_row("a confidential client without its secret", "RFC 9700 4.4", (401,),
            lambda o: token_request(o, [FORM], lambda f: urllib.parse.urlencode(
                {**f, "client_id": "rp"}).encode()))
request_row("an empty secret", "RFC 6749 2.3.1", (401,),
            lambda o: token_request(o, [FORM, basic_of("rp", "")]))
request_row("a resource server that wants tokens", "RFC 9700 2.3", (400, 401),
            lambda o: token_request(o, [FORM, basic_of(urllib.parse.quote_plus(o.api.id),
                                                       o.api.secret)]))
for text, what in (("%", "half a percent sign"), ("a=%00", "NUL"), ("a=%zz", "no hex"),
                   ("a=%C0%80", "overlong UTF-8"), ("a=%ED%A0%80", "a surrogate"),
                   ("a=%ff", "no UTF-8"), ("=b", "no name"), ("a=\x00", "NUL itself"),
                   ("&".join("p%d=" % i for i in range(101)), "101 fields")):
    request_row("a form with " + what, "CWE-20", (400,),
                lambda o, t=text: token_request(o, [own(o), FORM], lambda f: (
                    urllib.parse.urlencode(f) + "&" + t).encode("latin-1")))

for grant in ("password", "client_credentials", "implicit", "Authorization_code", "",
              "urn:ietf:params:oauth:grant-type:device_code",
              "urn:ietf:params:oauth:grant-type:jwt-bearer"):
    @bad("request", "grant_type '%s'" % grant, "RFC 9700 2.4")
    def _(o, grant=grant):
        is_error(o.rp.post("/token", grant_type=grant, username="ann", password="x",
                           assertion="x", device_code="x"),
                 400, "unsupported_grant_type", "invalid_request")


@bad("request", "an unknown client and a wrong secret look the same", "RFC 6749 10.1: oracle")
def same_answer(o):
    def ask(ident, secret):
        r = o.p.ask("POST", BASE + "/token", FORM, basic_of(ident, secret),
                    body=b"grant_type=authorization_code&code=x", shut=False)
        head = {k: v for k, v in r.headers.items() if k != "date"}
        return r.status, head, r.body
    assert ask("rp", "okcs_" + "A" * 43) == ask("nobody", "okcs_" + "A" * 43) == ask("rp", "x")


@bad("request", "state comes back byte for byte", "RFC 6749 4.1.2")
def state_bytes(o):
    for state in ('a b+c%25&=#?"<>\'\\', "\u00e9\u202e\U0001f511", "x" * 4096, "%0d%0aX: y", "=",
                  "\r\nSet-Cookie: a=b", "code=evil&iss=evil"):
        back = query_of(ann(o).get(BASE + "/authorize", **o.rp.request(
            state=state, prompt="none")).get("location"))
        assert back["state"] == state and back["iss"] == ISSUER, back
        assert set(back) == {"code", "state", "iss"}, back


@bad("request", "state of 1 MB", "CWE-770")
def state_large(o):
    r = raw_authorize(o, urllib.parse.urlencode(o.rp.request(state="x" * 1000000)))
    assert r.status in (400, 414, 431) and "location" not in r.headers


@bad("request", "plus and %20 are a space, both", "WHATWG URL 5.1")
def spaces(o):
    for scope in "openid+email", "openid%20email":
        asked = o.rp.request(scope=None, prompt="none")
        r = raw_authorize(o, urllib.parse.urlencode(asked) + "&scope=" + scope)
        assert "scope" not in query_of(r.get("location")).get("error", ""), r.raw


@bad("request", "response types of the implicit flow", "RFC 9700 2.1.2")
def response_types(o):
    for kind in ("token", "id_token", "id_token token", "code token", "code id_token", "none",
                 "CODE", "code code"):
        told(ann(o).get(BASE + "/authorize", **o.rp.request(response_type=kind)),
             "unsupported_response_type")


# --- tokens ---

@bad("tokens", "other tokens as bearer of userinfo", "fosite CVE-2020-5300: kinds mixed up")
def bearer_kinds(o):
    t = o.rp.login(o.browser(), scope="openid offline_access", prompt="consent")
    for wrong in (t["refresh_token"], t["id_token"], o.rp.secret, t["access_token"][:-1],
                  t["access_token"] + "A", t["access_token"].upper(),
                  oidc_bad_jwt.signed(o, typ=1), oidc_bad_jwt.signed(o, typ=2),
                  list(ann(o).cookies.values())[0]):
        r = o.rp.userinfo(wrong)
        assert r.status == 401 and 'error="invalid_token"' in r.get("www-authenticate"), r.raw
    r = o.p.get(BASE + "/userinfo", "Authorization: Basic " + t["access_token"])
    assert r.status == 401, r.raw
    assert o.rp.userinfo(t["access_token"]).status == 200


@bad("tokens", "an access token as refresh token, and as cookie", "RFC 9700 4.10")
def token_kinds(o):
    is_error(o.rp.refresh(o.tokens["access_token"]), 400, "invalid_grant")
    b = Browser(o.p)
    for token in o.tokens["access_token"], "oks_" + o.tokens["access_token"][5:]:
        b.cookies["__Host-ownkey"] = token
        told(b.get(BASE + "/authorize", **o.rp.request(prompt="none")), "login_required")


@bad("tokens", "scanning: ones that nobody has are all the same", "RFC 7662 4")
def scanning(o):
    for token in ("okat_" + "A" * 43, "okrt_" + "A" * 43, "x", "a" * 5000, "\u00e9", "okat_"):
        assert o.rp.introspect(token) == {"active": False}


@bad("tokens", "none for a client with scopes that it may not have", "RFC 6749 3.3")
def scopes_unlisted(o):
    back = o.post.code(ann(o), scope="openid phone admin", prompt="consent")
    t = o.post.redeem(back["code"]).json()
    assert t["scope"] == "openid", t
    assert set(o.post.userinfo(t["access_token"]).json()) == {"sub"}


# --- a wait at the end, so that nobody waits ---

@bad("code", "used, and tried 30 s later", "oidcc-codereuse-30seconds; RFC 6749 4.1.2")
def code_late(o):
    code, t, since = o.late
    time.sleep(max(0, since + 31 - time.monotonic()))
    assert o.rp.userinfo(t["access_token"]).status == 200
    is_error(o.rp.redeem(code), 400, "invalid_grant")
    assert o.rp.userinfo(t["access_token"]).status == 401
    is_error(o.rp.refresh(t["refresh_token"]), 400, "invalid_grant")


def prepare(o):
    """more clients, and a code that is used now and tried late"""
    o.app = o.client("app", "--redirect", "http://127.0.0.1/cb", "--redirect",
                     "http://[::1]:9/cb", "--native")
    o.two = o.client("two", "--redirect", "https://two.example/a", "--redirect",
                     "https://two.example/b", "--public")
    o.old = o.client("old", "--redirect", REDIRECT, "--not", "pkce")
    o.allow()
    code = o.rp.code(o.browser(), scope="openid offline_access", prompt="consent")["code"]
    o.late = (code, o.rp.redeem(code).json(), time.monotonic())


def main():
    rows = [r for r in ROWS if r[1] is not code_late and r[1] is not code_expired]
    rows += oidc_bad_jwt.rows() + oidc_bad_pages.rows()
    # a restart forgets which codes were used: behind the one that is tried late
    rows += [r for r in ROWS if r[1] is code_late] + [r for r in ROWS if r[1] is code_expired]
    rows += oidc_bad_elsewhere.rows()
    if sys.argv[1:]:
        sys.argv.append(prepare.__doc__)
    return run_shared([(prepare.__doc__, prepare)] + rows)


if __name__ == "__main__":
    sys.exit(main())
