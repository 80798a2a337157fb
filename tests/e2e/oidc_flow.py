"""The plans Basic, Form Post, Config and RP-Initiated Logout of the OpenID conformance suite: a
test for each module, under its name (the suite itself cannot be built here)."""

import sys
import time

from oidc_rp import AFTER, BASE, PERSON, REDIRECT, Browser, query_of, run_shared
from oidcd import ISSUER

CASES = []


def module(*names):
    def add(fn):
        CASES.extend((n, fn) for n in names)
        return fn
    return add


def refused(r, error):
    """At the client's address, and from us."""
    assert r.status == 303 and r.get("location").startswith(REDIRECT + "?"), r.raw
    back = query_of(r.get("location"))
    assert back["error"] == error and back["iss"] == ISSUER and "code" not in back, back
    return back


def page_error(r):
    assert r.status == 400 and "location" not in r.headers, r.raw
    assert r.get("content-type").startswith("text/html"), r.raw


def goes_to_login(r):
    assert r.status == 303 and r.get("location").startswith(ISSUER + "/login?go="), r.raw


def authorize(o, b, client=None, **change):
    return b.follow(b.get(BASE + "/authorize", **(client or o.rp).request(**change)))


# --- Basic ---

@module("oidcc-server")
def server(o):
    t = o.rp.login(o.browser())
    code = o.rp.code(o.browser())["code"]
    assert len(code) >= 43 and code != o.rp.code(o.browser())["code"]
    known = {"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash",
             "sid"}
    assert set(t["claims"]) <= known and t["claims"]["aud"] == "rp", t["claims"]
    assert len(t["claims"]["sub"]) == 32 and t["scope"] == "openid"
    assert "refresh_token" not in t


@module("oidcc-response-type-missing")
def response_type_missing(o):
    refused(authorize(o, o.browser(), response_type=None), "invalid_request")


@module("oidcc-idtoken-signature")
def idtoken_signature(o):
    t = o.rp.login(o.browser())
    import jwt  # pylint: disable=import-outside-toplevel
    head = jwt.get_unverified_header(t["id_token"])
    assert head["alg"] == "RS256" and head["kid"] and len(t["claims"]["at_hash"]) == 22
    t = o.open.login(o.browser())
    assert jwt.get_unverified_header(t["id_token"])["alg"] == "EdDSA"
    # which hash that would be is written nowhere, and Authlib 1.2 takes none
    assert "at_hash" not in t["claims"]


@module("oidcc-userinfo-get", "oidcc-userinfo-post-header", "oidcc-userinfo-post-body")
def userinfo(o):
    t = o.rp.login(o.browser())
    bearer = "Authorization: Bearer " + t["access_token"]
    for r in (o.rp.userinfo(t["access_token"]),
              o.p.ask("POST", BASE + "/userinfo", bearer),
              o.rp.post("/userinfo", auth=False, access_token=t["access_token"])):
        assert r.status == 200 and r.json() == {"sub": t["claims"]["sub"]}, r.raw
    both = o.rp.post("/userinfo", headers=[bearer], auth=False, access_token=t["access_token"])
    in_query = o.p.get(BASE + "/userinfo?access_token=" + t["access_token"])
    for r in both, in_query, o.p.get(BASE + "/userinfo"):
        assert r.status in (400, 401) and "sub" not in r.json(), r.raw
    for wrong in t["id_token"], "okat_" + "A" * 43, "x":
        r = o.rp.userinfo(wrong)
        assert r.status == 401 and 'error="invalid_token"' in r.get("www-authenticate"), r.raw


@module("oidcc-ensure-request-without-nonce-succeeds-for-code-flow")
def without_nonce(o):
    assert "nonce" not in o.rp.login(o.browser(), nonce=None)["claims"]


def scope_test(scope, *names):
    @module("oidcc-scope-" + scope)
    def _(o):
        wanted = "openid " + (scope if scope != "all" else "profile email address phone")
        t = o.rp.login(o.browser(), scope=wanted)
        assert not set(names) & set(t["claims"]), t["claims"]
        info = o.rp.userinfo(t["access_token"]).json()
        assert {n: info.get(n) for n in names} == {n: PERSON.get(n) for n in names}, info
        if scope in ("address", "phone"):
            assert "email" not in info and "name" not in info, info


scope_test("profile", "name", "given_name", "family_name", "updated_at")
scope_test("email", "email", "email_verified")
scope_test("address", "address")
scope_test("phone", "phone_number", "phone_number_verified")
scope_test("all", *PERSON)


@module("oidcc-alternate-happy-flow")
def alternate(o):
    fields = o.rp.request(scope="email openid")
    b = o.browser()
    r = b.follow(b.get(BASE + "/authorize", **dict(reversed(fields.items()))))
    r = b.decide(r) if r.status == 200 else r
    back = query_of(r.get("location"))
    assert o.rp.redeem(back["code"]).status == 200


def must_not_matter(name, **extra):
    @module(name)
    def _(o):
        o.rp.login(o.browser(), **extra)


must_not_matter("oidcc-display-page", display="page")
must_not_matter("oidcc-display-popup", display="popup")
must_not_matter("oidcc-ensure-request-with-unknown-parameter-succeeds", extra="foobar")
must_not_matter("oidcc-login-hint", login_hint="ann")
must_not_matter("oidcc-ui-locales", ui_locales="se")
must_not_matter("oidcc-claims-locales", claims_locales="se")
must_not_matter("oidcc-claims-essential", claims='{"userinfo":{"name":{"essential":true}}}')


@module("oidcc-ensure-request-with-acr-values-succeeds")
def acr_values(o):
    assert o.rp.login(o.browser(), acr_values="phrh")["claims"]["acr"] == "phrh"


@module("oidcc-prompt-login", "oidcc-max-age-1")
def login_again(o):
    for change in {"prompt": "login"}, {"max_age": "1"}, {"max_age": "0"}:
        b = o.browser(age=100)
        before = o.rp.login(b)["claims"]
        asked = o.rp.request(**change)
        r = b.get(BASE + "/authorize", **asked)
        goes_to_login(r)
        go = query_of(r.get("location"))["go"]
        # nothing but a login goes on from there
        goes_to_login(b.get(BASE + "/authorize/continue", go=go))
        o.again(b)
        r = b.follow(b.get(BASE + "/authorize/continue", go=go))
        t = o.rp.redeem(query_of(r.get("location"))["code"]).json()
        after = o.read(t["id_token"], "rp")
        assert after["auth_time"] > before["auth_time"] and after["sub"] == before["sub"]
        # it was used up
        assert b.get(BASE + "/authorize/continue", go=go).status == 400


@module("oidcc-prompt-none-not-logged-in")
def prompt_none_stranger(o):
    b = o.browser(user=None)
    refused(authorize(o, b, prompt="none"), "login_required")
    refused(authorize(o, o.browser(), prompt="none login"), "invalid_request")
    goes_to_login(b.get(BASE + "/authorize", **o.rp.request()))


@module("oidcc-prompt-none-logged-in")
def prompt_none(o):
    b = o.browser(age=50)
    first = o.rp.login(b)["claims"]
    r = b.get(BASE + "/authorize", **o.rp.request(prompt="none"))
    t = o.rp.redeem(query_of(r.get("location"))["code"]).json()
    again = o.read(t["id_token"], "rp")
    assert all(first[n] == again[n] for n in ("sub", "auth_time", "sid"))
    refused(authorize(o, o.browser("bob"), client=o.post, prompt="none"), "consent_required")


@module("oidcc-max-age-10000")
def max_age_long(o):
    b = o.browser(age=50)
    first = o.rp.login(b)["claims"]
    assert o.rp.login(b, max_age="10000")["claims"]["auth_time"] == first["auth_time"]


@module("oidcc-id-token-hint")
def id_token_hint(o):
    b = o.browser()
    t = o.rp.login(b)
    o.rp.login(b, prompt="none", id_token_hint=t["id_token"])
    o.rp.login(o.browser("bob"))
    refused(authorize(o, o.browser("bob"), prompt="none", id_token_hint=t["id_token"]),
            "login_required")
    for bad in o.post.login(b)["id_token"], t["id_token"][:-3] + "AAA", t["access_token"]:
        refused(authorize(o, b, prompt="none", id_token_hint=bad), "invalid_request")


@module("oidcc-codereuse", "oidcc-codereuse-30seconds")
def code_reuse(o):
    b = o.browser()
    for wait in 0, 1.2:
        code = o.rp.code(b, scope="openid offline_access", prompt="consent")["code"]
        t = o.rp.redeem(code).json()
        assert o.rp.userinfo(t["access_token"]).status == 200
        time.sleep(wait)
        r = o.rp.redeem(code)
        assert r.status == 400 and r.json()["error"] == "invalid_grant", r.raw
        # what came of it is void
        assert o.rp.userinfo(t["access_token"]).status == 401
        assert o.rp.refresh(t["refresh_token"]).json()["error"] == "invalid_grant"


@module("oidcc-ensure-registered-redirect-uri")
def registered_redirect(o):
    for uri in (REDIRECT + "2", REDIRECT + "/", REDIRECT + "?x=1", "https://rp.example/CB", None,
                "https://rp.example.evil.com/cb", "https://rp.example@evil.com/cb",
                "http://rp.example/cb", "https://rp.example:443/cb", "https://rp.example/x/../cb",
                "//rp.example/cb", "javascript:alert(1)", REDIRECT + "#x", REDIRECT + "\r\nX: y"):
        page_error(o.browser().get(BASE + "/authorize", **o.rp.request(redirect_uri=uri)))
    page_error(o.browser().get(BASE + "/authorize", **o.rp.request(client_id="nobody")))
    page_error(o.browser().get(BASE + "/authorize", **o.rp.request(client_id=o.api.id)))


@module("oidcc-ensure-post-request-succeeds")
def by_post(o):
    b = o.browser()
    o.rp.login(b)
    r = b.follow(b.ask("POST", BASE + "/authorize", o.rp.request()))
    assert o.rp.redeem(query_of(r.get("location"))["code"]).status == 200


@module("oidcc-server-client-secret-post")
def secret_post(o):
    b = o.browser()
    o.post.login(b)
    code = o.post.code(b)["code"]
    o.post.how = "basic"  # registered for the other way
    try:
        r = o.post.redeem(code)
    finally:
        o.post.how = "post"
    assert r.status == 401 and r.json()["error"] == "invalid_client", r.raw
    assert r.get("www-authenticate").startswith("Basic ")
    right, o.post.secret = o.post.secret, "okcs_" + "A" * 43
    try:
        assert o.post.redeem(code).status == 401
    finally:
        o.post.secret = right
    # nobody but the client uses it up
    assert o.post.redeem(code).status == 200


@module("oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported")
def request_uri(o):
    refused(authorize(o, o.browser(), request_uri="https://rp.example/r"),
            "request_uri_not_supported")


@module("oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported",
        "oidcc-ensure-request-object-with-redirect-uri")
def request_object(o):
    refused(authorize(o, o.browser(), request="eyJhbGciOiJub25lIn0.e30."), "request_not_supported")


@module("oidcc-refresh-token")
def refresh_token(o):
    t = o.rp.login(o.browser(age=30), scope="openid email offline_access", prompt="consent")
    other = o.post.refresh(t["refresh_token"])
    assert other.json()["error"] == "invalid_grant", other.raw
    r = o.rp.refresh(t["refresh_token"])
    assert r.status == 200 and r.get("cache-control") == "no-store", r.raw
    new = r.json()
    claims = o.read(new["id_token"], "rp")
    assert all(claims[n] == t["claims"][n] for n in ("iss", "sub", "aud", "auth_time"))
    assert new["refresh_token"] != t["refresh_token"] and "nonce" not in claims
    # less for once; the next refresh token still has all (RFC 6749 6)
    less = o.rp.refresh(new["refresh_token"], scope="openid").json()
    assert less["scope"] == "openid"
    assert "email" not in o.rp.userinfo(less["access_token"]).json()
    more = o.rp.refresh(less["refresh_token"], scope="openid phone")
    assert more.status == 400 and more.json()["error"] == "invalid_scope", more.raw
    full = o.rp.refresh(less["refresh_token"]).json()
    assert full["scope"].split() == ["openid", "email", "offline_access"], full
    # an old one again: it was stolen, all end
    assert o.rp.refresh(new["refresh_token"]).json()["error"] == "invalid_grant"
    assert o.rp.refresh(full["refresh_token"]).json()["error"] == "invalid_grant"
    assert o.rp.userinfo(full["access_token"]).status == 401


@module("oidcc-ensure-request-with-valid-pkce-succeeds")
def pkce(o):
    b = o.browser()
    o.open.login(b)
    good = o.rp.request()
    for change in ({"code_challenge": None}, {"code_challenge_method": "plain"},
                   {"code_challenge_method": None},
                   {"code_challenge": good["code_challenge"][1:]},
                   {"code_challenge": good["code_challenge"] + "="},
                   {"code_challenge": None, "code_challenge_method": None}):
        refused(authorize(o, b, client=o.open, **change), "invalid_request")
    for verifier in (None, "", "x" * 43, "x" * 42, "x" * 129, "\u00e4" * 43):
        code = o.open.code(b)["code"]
        r = o.open.redeem(code, code_verifier=verifier)
        assert r.status == 400 and r.json()["error"] == "invalid_grant", r.raw
        # and it is used up
        assert o.open.redeem(code).status == 400


# --- Form Post ---

@module("oidcc-formpost-basic")
def form_post(o):
    b = o.browser()
    o.rp.login(b)
    asked = o.rp.request(response_mode="form_post", state='"><script>\'&amp;')
    r = b.get(BASE + "/authorize", **asked)
    assert r.status == 200 and r.get("cache-control") == "no-store", r.raw
    assert b"<script>'" not in r.body and Browser.action(r) == REDIRECT
    assert "form-action 'self' https://rp.example" in r.get("content-security-policy")
    fields = Browser.fields(r)
    assert fields["state"] == asked["state"] and fields["iss"] == ISSUER
    assert o.rp.redeem(fields["code"]).status == 200
    r = o.browser(None).get(BASE + "/authorize", **{**asked, "prompt": "none"})
    assert r.status == 200 and Browser.fields(r)["error"] == "login_required", r.raw
    refused(authorize(o, b, response_mode="fragment"), "invalid_request")


# --- Config ---

@module("oidcc-discovery-endpoint-verification")
def discovery(o):
    d = o.p.get(BASE + "/.well-known/openid-configuration").json()
    assert d["issuer"] == ISSUER and "RS256" in d["id_token_signing_alg_values_supported"]
    for name in "authorization", "token", "userinfo", "end_session", "introspection", "revocation":
        path = d[name + "_endpoint"][len("https://id.example.org"):]
        assert o.p.get(path).status in (200, 303, 400, 401, 405), name


# --- RP-Initiated Logout ---

def logs_out(o, b):
    refused(authorize(o, b, prompt="none"), "login_required")


def leave(b, **fields):
    return b.get(BASE + "/logout", **fields)


@module("oidcc-rp-initiated-logout", "oidcc-rp-initiated-logout-no-state")
def logout(o):
    for state in "x y&", None:
        b = o.browser()
        t = o.rp.login(b)
        fields = {"id_token_hint": t["id_token"], "post_logout_redirect_uri": AFTER}
        r = leave(b, **fields, **({"state": state} if state else {}))
        assert r.status == 303, r.raw
        assert r.get("location") == AFTER + ("?state=x+y%26" if state else "") or \
            r.get("location") == AFTER + "?state=x%20y%26", r.raw
        logs_out(o, b)
        # what the login had opened is closed
        assert o.rp.userinfo(t["access_token"]).status == 401


def no_way_back(name, change, logged_out=False):
    @module("oidcc-rp-initiated-logout-" + name)
    def _(o):
        b = o.browser()
        t = o.rp.login(b)
        fields = {"id_token_hint": t["id_token"], "post_logout_redirect_uri": AFTER, "state": "x",
                  **change(o, t)}
        r = leave(b, **{k: v for k, v in fields.items() if v})
        assert r.status == 200 and "location" not in r.headers, r.raw
        if b"<form" in r.body:
            # not without the person, and not with another page's form
            o.rp.login(b, prompt="none")
            assert b.ask("POST", Browser.action(r), {"token": "x"}).status == 403
            o.rp.login(b, prompt="none")
            r = b.ask("POST", Browser.action(r), Browser.fields(r))
            assert r.status == 200 and "location" not in r.headers, r.raw
        else:
            assert logged_out
        logs_out(o, b)


def unsigned(token):
    return "eyJhbGciOiJub25lIn0." + token.split(".")[1] + "."


no_way_back("bad-post-logout-redirect-uri",
            lambda o, t: {"post_logout_redirect_uri": "https://evil.example/"}, True)
no_way_back("query-added-to-post-logout-redirect-uri",
            lambda o, t: {"post_logout_redirect_uri": AFTER + "?x=1"}, True)
no_way_back("modified-id-token-hint",
            lambda o, t: {"id_token_hint": unsigned(t["id_token"])})
no_way_back("bad-id-token-hint",
            lambda o, t: {"id_token_hint": t["id_token"][:-9] + "AAAAAAAAA"})
no_way_back("no-id-token-hint", lambda o, t: {"id_token_hint": None})
no_way_back("no-params", lambda o, t: dict.fromkeys(
    ["id_token_hint", "post_logout_redirect_uri", "state"]))
no_way_back("no-post-logout-redirect-uri",
            lambda o, t: {"post_logout_redirect_uri": None}, True)
no_way_back("only-state", lambda o, t: dict.fromkeys(
    ["id_token_hint", "post_logout_redirect_uri"]))


def main():
    if sys.argv[1:2] != ["--form-post"]:
        return run_shared(CASES)
    del sys.argv[1]
    Browser.form_post = True
    basic = CASES[:[n for n, _ in CASES].index("oidcc-formpost-basic")]
    return run_shared([("oidcc-formpost-basic: " + name, fn) for name, fn in basic])


if __name__ == "__main__":
    sys.exit(main())
