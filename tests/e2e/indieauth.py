"""IndieAuth (living standard; Client ID Metadata Documents): what indieauth.rocks asks of servers,
by area, and what has gone wrong elsewhere."""

import os
import re
import signal
import sys
import urllib.parse

import oidc_rp
from fetchworld import PRIVATE, answer
from indieworld import (ANN, APP, BACK, PNG, Browser, Indie, digest, provider, run_cases, text_of)
from oidc_rp import BASE, query_of
from oidcd import ISSUER
from ownkey import children, has_ended, until

CASES = []


def case(name):
    def add(fn):
        CASES.append((name, fn))
        return fn
    return add


def page_error(r, *says):
    """Nothing goes anywhere."""
    assert 400 <= r.status < 500 and "location" not in r.headers, r.raw
    assert r.get("content-type").startswith("text/html"), r.raw
    for text in says:
        assert text in text_of(r), r.raw


def refused(r, error, status=400):
    assert r.status == status and r.json()["error"] == error, r.raw
    assert r.get("content-type") == "application/json" and r.get("cache-control") == "no-store"


# --- discovery, metadata (S1xx) ---

@case("metadata: members of 4.1.1, at an address that begins with the issuer")
def metadata(o):
    r = o.p.get(BASE + "/.well-known/oauth-authorization-server")
    m = r.json()
    assert m["issuer"] == ISSUER and m["issuer"].startswith("https://")
    for name in ("authorization", "token", "introspection", "revocation", "userinfo"):
        assert m[name + "_endpoint"].startswith(ISSUER + "/"), m
    assert m["code_challenge_methods_supported"] == ["S256"]
    assert "none" in m["revocation_endpoint_auth_methods_supported"]
    assert "none" in m["token_endpoint_auth_methods_supported"]  # keycloak#49730
    assert "none" not in m["introspection_endpoint_auth_methods_supported"]
    assert {"profile", "email"} <= set(m["scopes_supported"])
    assert m["authorization_response_iss_parameter_supported"] is True
    assert m["client_id_metadata_document_supported"] is True
    assert m["response_types_supported"] == ["code"]


@case("a person's page here: Link header, link elements, h-card; nobody else has one")
def person_page(o):
    r = o.p.get(BASE + "/people/bob")
    assert r.status == 200, r.raw
    want = {"indieauth-metadata": ISSUER + "/.well-known/oauth-authorization-server",
            "authorization_endpoint": ISSUER + "/authorize", "token_endpoint": ISSUER + "/token"}
    assert dict((b, a) for a, b in re.findall('<([^>]*)>; rel="([^"]*)"', r.get("link"))) == want
    head = r.body.decode().split("</head>")[0]
    found = re.findall('<link rel="([^"]*)" href="([^"]*)">', head)
    assert {**want, **dict(found)} == dict(found), found
    assert 'class="h-card"' in r.body.decode() and ISSUER + "/people/bob" in r.body.decode()
    assert o.p.ask("HEAD", BASE + "/people/bob").get("link") == r.get("link")
    for name in ("ann", "carl", "nobody", "", "bob/", "..%2fpeople%2fbob"):
        assert o.p.get(BASE + "/people/" + name).status == 404, name
    o.add("user", "disable", "bob")
    assert o.p.get(BASE + "/people/bob").status == 404
    o.add("user", "disable", "bob", "--undo")


@case("user --me: what may be a person's page, and its canonical form")
def user_me(o):
    assert o.sql("SELECT me FROM account WHERE name='ann'") == [(ANN,)]
    for wrong in ("ann.example", "mailto:ann@ann.example", "https://ann.example/a/../b",
                  "https://ann.example/#me", "https://a:b@ann.example/",
                  "https://ann.example:8443/", "https://172.28.92.51/", "https://[::1]/",
                  "https://localhost/"):
        done = o.p.run("user", "set", "carl", "--me", wrong)
        assert done.returncode and "--me" in done.stderr, (wrong, done)
    assert o.p.run("user", "set", "carl", "--me", ANN).returncode, "somebody else's"


# --- authorization request (S2xx) ---

@case("consent page: the host first, names as strangers' text, scopes, where the answer goes")
def consent_page(o):
    c = Indie(o)
    page = c.ask(o.browser(), scope="profile email create x:y")
    text = text_of(page)
    assert page.status == 200 and "app.example wants to know who you are" in text, text
    assert "An app &lt;b&gt;" in text and "\u202e" not in text, text
    assert APP in text and ANN in text and "write on your site" in text, text
    assert "x:y" in text and text.index("app.example wants") < text.index("An app"), text
    assert "your email address" in text
    assert "script" not in page.body.decode().lower()
    assert "https://app.example;" in page.get("content-security-policy"), page.raw
    other = c.ask(o.browser(), redirect_uri="https://other.example/back")
    assert "The answer goes to https://other.example" in text_of(other), other.raw


@case("nothing is fetched before somebody is logged in")
def not_before_login(o):
    c = Indie(o)
    b = o.browser(None)
    r = c.ask(b)
    assert r.status == 200 and "/login" in r.body.decode(), r.raw
    page_error(c.ask(o.browser(None), prompt="none"))  # and no redirect by anybody's word
    page_error(c.ask(o.browser(None), redirect_uri="https://evil.example/", prompt="none"))
    assert o.p.get(BASE + "/authorize/logo?go=x").status == 404
    assert not o.asked()
    c.ask(o.browser())
    assert o.asked() == ["/client"]


@case("the person is asked every time; No goes back; prompt=none never agrees")
def asked_every_time(o):
    c, b = Indie(o), o.browser()
    assert c.redeem(c.code(b, scope="profile")).status == 200
    page = c.ask(b, scope="profile")
    assert b'name="decision"' in page.body, page.raw
    back = query_of(b.decide(page, "no").get("location"))
    assert back["error"] == "access_denied" and back["iss"] == ISSUER and "code" not in back
    r = c.ask(b, prompt="none")
    assert query_of(r.get("location"))["error"] == "consent_required", r.raw


@case("a page of another session, or without its token, agrees to nothing")
def consent_csrf(o):
    c, b = Indie(o), o.browser()
    page = c.ask(b)
    assert b.decide(page, token="x").status == 403
    mallory = o.browser("bob")
    assert mallory.ask("POST", Browser.action(page),
                       {**Browser.fields(page), "decision": "yes"}).status == 400


@case("state comes back byte for byte; me is a hint and no more")
def state_and_me(o):
    c, b = Indie(o), o.browser()
    for me in (None, ANN, "https://mallory.example/", "not a url", "javascript:alert(1)"):
        page = c.ask(b, state="a b&c=d%+\u00e9", me=me)
        back = query_of(b.decide(page).get("location"))
        assert back["state"] == "a b&c=d%+\u00e9", back
        assert c.redeem(back["code"], "/authorize").json() == {"me": ANN}


@case("PKCE: S256, or nothing (authentik CVE-2024-23647)")
def pkce(o):
    c, b = Indie(o), o.browser()
    for change in ({"code_challenge": None, "code_challenge_method": None},
                   {"code_challenge_method": None}, {"code_challenge_method": "plain"},
                   {"code_challenge": "short"}, {"code_challenge": "x" * 44 + "="}):
        r = c.ask(b, **change)
        assert r.status == 303 and r.get("location").startswith(BACK + "?"), r.raw
        assert query_of(r.get("location"))["error"] == "invalid_request", r.raw


@case("response_type other than code, duplicates, request objects, too many scopes")
def malformed(o):
    c, b = Indie(o), o.browser()
    for error, change in (("invalid_request", {"response_type": None}),
                          ("unsupported_response_type", {"response_type": "id"}),
                          ("unsupported_response_type", {"response_type": "token"}),
                          ("request_not_supported", {"request": "x"}),
                          ("invalid_scope", {"scope": "a\"b"}),
                          ("invalid_scope", {"scope": " ".join("s%d" % i for i in range(33))})):
        r = c.ask(b, **change)
        assert r.status == 303 and query_of(r.get("location"))["error"] == error, (change, r.raw)
    page_error(b.ask("GET", BASE + "/authorize?client_id=x&" + urllib.parse.urlencode(c.request())))
    # nobody is told anything before it is known that they are who they say
    r = c.ask(o.browser(None), response_type="token")
    assert r.status == 200 and "/login" in r.body.decode(), r.raw


@case("client ids: canonical form; what is none is a page, and is not fetched")
def client_ids(o):
    for wrong in ("app.example", "mailto:a@app.example", "https://app.example/a/../b",
                  "https://app.example/%2e%2e/b", "https://app.example/#x",
                  "https://u:p@app.example/", "http://app.example/", "https://172.28.92.51/",
                  "https://9.9.1.1/client", "https://2130706433/", "https://0x7f.1/",
                  "https://[2a00:1::1]/", "https://app.example\\@evil.example/",
                  "https://app.example/ x", "https://app.example/\u00e9", "file:///etc/passwd",
                  "https://app.example/" + "x" * 2100):
        c = Indie(o, wrong)
        page_error(c.ask(o.browser()), "no client of this id")
    assert not o.asked()
    for same in ("https://app.example", "HTTPS://App.Example", "https://APP.example/"):
        c = Indie(o, same, "https://app.example/anything")
        code = c.code()
        c.id = "https://app.example/"
        assert c.redeem(code, "/authorize").json() == {"me": ANN}
    # a service that is registered is no stranger, however it is written
    for taken in ("https://api.example/v1", "https://API.example/v1"):
        page_error(Indie(o, taken, "https://api.example/x").ask(o.browser()),
                   "no client of this id")


@case("redirect_uri: on the list of the document alone; else own, or by link (4.2.2)")
def redirects(o):
    good = [(APP, "https://app.example/back"), (APP, "https://other.example/back"),
            (APP, "org.example.app:/back"), (APP, "http://127.0.0.1:4711/cb"),
            ("https://app.example/", "https://app.example/any?x=1"),
            ("https://app.example/", "https://cb.example/in"),
            ("https://app.example/header", "https://cb.example/in"),
            ("https://app.example/bare", "https://app.example/x"),
            ("https://app.example:8443/", "https://app.example:8443/x"),
            ("https://app.example/no-list", "https://app.example/x")]
    bad = [(APP, "https://app.example/other"), (APP, "https://app.example/back/"),
           (APP, "https://app.example/back?x=1"), (APP, "https://APP.example/back"),
           (APP, "http://localhost/cb"), (APP, "http://127.0.0.1:4711/other"),
           (APP, "org.example.app:/other"), (APP, "https://cb.example/in"),
           ("https://app.example/", "https://app.example:8443/x"),
           ("https://app.example/", "http://app.example/x"),
           ("https://app.example/", "https://cb.example/in2"),
           ("https://app.example/", "https://app.example.evil.example/"),
           ("https://app.example/", "https://app.example@evil.example/"),
           ("https://app.example/", "https://evil.example/"),
           ("https://app.example/", "https://app.example/#x"),
           ("https://app.example/", "https://app.example/../x"),
           ("https://app.example/", "https:app.example"),
           ("https://app.example/", "//app.example/"),
           ("https://app.example/", "https://app.example\\evil"),
           ("https://app.example/", "javascript:alert(1)"),
           ("https://app.example/", "http://127.0.0.1/")]
    for client_id, uri in good:
        page = Indie(o, client_id, uri).ask(o.browser())
        assert page.status == 200 and b'name="decision"' in page.body, (client_id, uri, page.raw)
    for client_id, uri in bad:
        page_error(Indie(o, client_id, uri).ask(o.browser()), "redirect_uri")


@case("documents that are wrong end it, with the reason; no list is passed by")
def wrong_documents(o):
    for path, why in (("other", "another"), ("secret", "secret"), ("away", "elsewhere"),
                      ("gone", ""), ("big", ""), ("missing", "")):
        c = Indie(o, "https://app.example/" + path, "https://app.example/back")
        page_error(c.ask(o.browser()), "could not be read", why if why != "elsewhere" else "")
        assert "/" + path in o.asked()


@case("SSRF: names that lead to private addresses, ports, certificates (hexclave#1828)")
def ssrf(o):
    hosts = ["p%d.example" % i for i in range(len(PRIVATE))] + ["mixed.example", "mixed6.example"]
    for host in hosts:
        c = Indie(o, "https://%s/client" % host, "https://%s/back" % host)
        page_error(c.ask(o.browser("bob")), "could not be read")
    o.net.untouched()
    for where in ("app.example:22", "wrong.example", "expired.example", "self.example",
                  "no-such.example", "intranet"):
        c = Indie(o, "https://%s/client" % where, "https://%s/back" % where)
        page_error(c.ask(o.browser("dan")), "could not be read")
    o.net.untouched()


@case("one account makes 30 different pages be read in an hour, and no more")
def many_pages(o):
    b = o.browser("eve")
    for i in range(30):
        page = Indie(o, "https://app.example/bare?%d" % i).ask(b)
        page_error(page, "could not be read")  # nothing is there: it counts as well
    o.asked()
    for more in "https://app.example/bare?30", "https://app.example/client?x":
        r = Indie(o, more).ask(b)
        page_error(r, "too many different sites")
        assert r.status == 429 and r.get("retry-after") == "3600", r.raw
    # nor by its logo, or without a page to look at
    r = b.get(BASE + "/authorize", **Indie(o, "https://app.example/client?y").request())
    go = query_of(r.get("location"))["go"]
    assert b.get(BASE + "/authorize/logo?go=" + go).status == 404
    assert Indie(o, "https://app.example/z").ask(b, prompt="none").status == 429
    assert not o.asked()
    # what was read before, what is never read, and other people
    page_error(Indie(o, "https://app.example/bare?0").ask(b), "could not be read")
    assert o.asked() == ["/bare?0"]
    page = Indie(o, "http://localhost:8080/", "http://localhost:8080/cb").ask(b)
    assert page.status == 200 and b'name="decision"' in page.body, page.raw
    assert Indie(o).ask(o.browser("dan")).status == 200


@case("programs on the person's machine: never fetched, own address alone, a warning")
def local_clients(o):
    for client_id in ("http://localhost:8080/", "http://127.0.0.1:8080/app", "http://[::1]:8080/",
                      "https://localhost:8443/"):
        c = Indie(o, client_id, client_id + "cb")
        page = c.ask(o.browser(), scope="profile")
        assert "a program on this computer" in text_of(page), page.raw
        page_error(Indie(o, client_id, "http://localhost:8081/cb").ask(o.browser()))
        page_error(Indie(o, client_id, "https://app.example/back").ask(o.browser()))
        if "[::1]" not in client_id:
            assert c.redeem(c.code(), "/authorize").json() == {"me": ANN}
    assert not o.asked()
    o.net.untouched()


@case("who logs out while the client's page is read is asked nothing, and not logged in")
def logged_out_meanwhile(o):
    b = o.browser()

    def end(conn):
        o.sql("DELETE FROM session WHERE hash=?", digest(b.cookies[oidc_rp.COOKIE]))
        conn.sendall(answer("<p>", "200 OK", "text/html"))
    o.net.public[0].pages["/ends"] = end
    r = Indie(o, "https://app.example/ends").ask(b)
    assert r.status == 200 and "/login" in r.body.decode() and b"decision" not in r.body, r.raw


@case("who has no page cannot log in that way")
def no_page(o):
    page_error(Indie(o).ask(o.browser("carl")), "no web page")
    assert not o.asked()


@case("the logo comes from here, for the browser that it is shown to")
def logo(o):
    b = o.browser()
    page = Indie(o).ask(b)
    src = re.search(r'<img[^>]* src="([^"]*)"', page.body.decode())[1]
    assert src.startswith(BASE + "/authorize/logo?go="), src
    r = b.get(src)
    assert r.status == 200 and r.body == PNG and r.get("content-type") == "image/png", r.raw
    assert "sandbox" in r.get("content-security-policy"), r.raw
    assert o.browser("bob").get(src).status == 404
    assert o.browser(None).get(src).status == 404
    o.asked()
    o.sql("DELETE FROM session WHERE hash=?", digest(b.cookies[oidc_rp.COOKIE]))
    assert b.get(src).status == 404 and not o.asked(), "for who is logged out"
    b = o.browser()
    page = Indie(o, "https://app.example/bad-logo").ask(b)
    src = re.search(r'<img[^>]* src="([^"]*)"', page.body.decode())[1]
    assert b.get(src).status == 404


# --- redemption (S3xx), responses (S4xx) ---

@case("at the authorization endpoint: me, and the profile that was asked for, no token")
def profile_response(o):
    c = Indie(o)
    r = c.redeem(c.code(), "/authorize")
    assert r.status == 200 and r.json() == {"me": ANN}, r.raw
    assert r.get("content-type") == "application/json" and r.get("cache-control") == "no-store"
    whole = {"name": "Ann Lee", "url": ANN, "photo": "https://ann.example/me.jpg"}
    for scope, want in (("profile", {"me": ANN, "profile": whole}),
                        ("profile email", {"me": ANN, "profile": {
                            **whole, "email": "ann@example.org"}}),
                        ("email", {"me": ANN}), ("create", {"me": ANN}),
                        ("openid", {"me": ANN})):
        r = c.redeem(c.code(scope=scope), "/authorize")
        assert r.status == 200 and r.json() == want, r.raw


@case("at the token endpoint: a token, me, profile, a refresh token")
def token_response(o):
    t = Indie(o).tokens("profile create email openid address")
    assert t["me"] == ANN and t["token_type"] == "Bearer" and t["expires_in"] > 0, t
    assert t["scope"] == "profile create email", "openid and address are not for strangers"
    assert t["profile"]["email"] == "ann@example.org" and "id_token" not in t, t
    assert t["access_token"].startswith("okat_") and t["refresh_token"].startswith("okrt_")
    t = Indie(o).tokens("create")
    assert "profile" not in t and t["me"] == ANN and t["scope"] == "create", t


@case("a code without a scope is refused at the token endpoint, and is used up")
def no_scope(o):
    c = Indie(o)
    for scope in (None, "openid", "email"):
        code = c.code(scope=scope)
        refused(c.redeem(code), "invalid_grant")
        refused(c.redeem(code, "/authorize"), "invalid_grant")


@case("a code is good once, at whichever endpoint; the second time ends its tokens")
def once(o):
    c = Indie(o)
    for first, second in (("/token", "/token"), ("/token", "/authorize"),
                          ("/authorize", "/token"), ("/authorize", "/authorize")):
        code = c.code(scope="profile")
        r = c.redeem(code, first)
        assert r.status == 200, r.raw
        refused(c.redeem(code, second), "invalid_grant")
        if first == "/token":
            assert c.userinfo(r.json()["access_token"]).status == 401
            refused(c.post("/token", grant_type="refresh_token", client_id=c.id,
                           refresh_token=r.json()["refresh_token"]), "invalid_grant")


@case("a code with another client_id, redirect_uri, verifier, or none of them")
def mismatched(o):
    c = Indie(o)
    for path in ("/token", "/authorize"):
        for change in ({"client_id": "https://app.example/"},
                       {"client_id": "https://other.example/"},
                       {"redirect_uri": "https://other.example/back"}, {"redirect_uri": None},
                       {"code_verifier": None}, {"code_verifier": "x" * 43},
                       {"code_verifier": c.request()["code_challenge"]}):
            code = c.code(scope="profile")
            refused(c.redeem(code, path, **change), "invalid_grant")
            refused(c.redeem(code, path), "invalid_grant")
        code = c.code(scope="profile")
        refused(c.redeem(code[:-1], path), "invalid_grant")
        refused(c.post(path, grant_type="authorization_code", client_id=c.id,
                       redirect_uri=BACK, code_verifier=c.verifier), "invalid_request")
        refused(c.redeem(code, path, client_id="rp"), "invalid_client", 401)
        refused(c.redeem(code, path, client_id="https://10.0.0.1/"), "invalid_client", 401)
        refused(c.redeem(code, path, client_secret="x"), "invalid_client", 401)
        refused(c.redeem(code, path, grant_type="password"), "unsupported_grant_type")
        assert c.redeem(code, path).status == 200


@case("a code of IndieAuth at a registered client, and the other way round")
def crossed(o):
    c, b = Indie(o), o.browser()
    theirs = o.rp.code(b, scope="profile email", nonce=None)["code"]
    refused(c.redeem(theirs, code_verifier=o.rp.verifier, redirect_uri=oidc_rp.REDIRECT),
            "invalid_grant")
    theirs = o.rp.code(b, scope="profile email", nonce=None)["code"]
    refused(c.redeem(theirs, "/authorize", code_verifier=o.rp.verifier,
                     redirect_uri=oidc_rp.REDIRECT), "invalid_grant")
    ours = c.code(scope="profile")
    refused(o.rp.redeem(ours, code_verifier=c.verifier, redirect_uri=BACK), "invalid_grant")
    theirs = o.rp.code(b, scope="profile email", nonce=None)["code"]
    r = o.rp.post("/authorize", grant_type="authorization_code", code=theirs,
                  redirect_uri=oidc_rp.REDIRECT, code_verifier=o.rp.verifier)
    refused(r, "unauthorized_client")
    t = o.rp.redeem(theirs)
    assert t.status == 200 and "me" not in t.json() and "refresh_token" not in t.json(), t.raw


@case("refresh: the same or fewer scopes, rotation, reuse ends all")
def refresh(o):
    c = Indie(o)
    t = c.tokens("profile create update")

    def again(token, **change):
        return c.post("/token", **{"grant_type": "refresh_token", "refresh_token": token,
                                   "client_id": c.id, **change})
    r = again(t["refresh_token"], scope="create")
    assert r.status == 200 and r.json()["scope"] == "create" and r.json()["me"] == ANN, r.raw
    new = r.json()["refresh_token"]
    r = again(new)
    assert r.json()["scope"] == "profile create update", r.raw
    newest = r.json()["refresh_token"]
    refused(again(newest, scope="profile delete"), "invalid_scope")
    refused(again(newest, client_id="https://app.example/"), "invalid_grant")
    refused(again(new), "invalid_grant")
    refused(again(newest), "invalid_grant")
    assert c.userinfo(r.json()["access_token"]).status == 401


# --- revocation (S6xx), userinfo (S7xx), introspection (S8xx) ---

@case("revocation: 200 whatever comes; a client need not say who it is; not others' tokens")
def revocation(o):
    c = Indie(o)
    for name in ("access_token", "refresh_token"):
        for who in (c.id, None):
            t = c.tokens("profile")
            r = c.post("/revoke", token=t[name], client_id="https://other.example/")
            assert r.status == 200, r.raw
            assert c.userinfo(t["access_token"]).status == 200
            assert c.post("/revoke", token=t[name], client_id=who).status == 200
            assert c.userinfo(t["access_token"]).status == 401
    assert c.post("/revoke", token="okat_" + "A" * 43).status == 200
    code = o.rp.code(o.browser(), scope="profile", nonce=None)["code"]
    t = o.rp.redeem(code).json()
    assert c.post("/revoke", token=t["access_token"]).status == 200
    assert o.rp.introspect(t["access_token"])["active"] is True


@case("userinfo: the profile object, by scope")
def userinfo(o):
    c = Indie(o)
    r = c.userinfo(c.tokens("profile email")["access_token"])
    assert r.json() == {"name": "Ann Lee", "url": ANN, "photo": "https://ann.example/me.jpg",
                        "email": "ann@example.org"}, r.raw
    r = c.userinfo(c.tokens("profile")["access_token"])
    assert "email" not in r.json() and r.status == 200
    t = c.tokens("create")
    r = c.userinfo(t["access_token"])
    assert r.status == 403 and 'error="insufficient_scope"' in r.get("www-authenticate"), r.raw
    r = o.p.get(BASE + "/userinfo")
    assert r.status == 401 and "error" not in r.get("www-authenticate"), r.raw
    assert c.userinfo(t["refresh_token"]).status == 401
    assert o.p.get(BASE + "/userinfo?access_token=" + t["access_token"]).status == 401


@case("introspection: by services of the owner's choice; me; true is true")
def introspection(o):
    c = Indie(o)
    t = c.tokens("create update")
    got = o.micropub.introspect(t["access_token"])
    assert got["active"] is True and got["me"] == ANN and got["client_id"] == APP, got
    assert got["scope"] == "create update" and isinstance(got["exp"], int) and "sub" not in got
    assert o.micropub.introspect(t["refresh_token"]) == {"active": False}
    assert o.other.introspect(t["access_token"]) == {"active": False}
    assert o.rp.introspect(t["access_token"]) == {"active": False}
    assert c.post("/introspect", token=t["access_token"]).status == 401
    assert c.post("/introspect", token=t["access_token"], client_id=c.id).status == 401
    r = c.post("/introspect", "Authorization: Bearer " + t["access_token"],
               token=t["access_token"])
    assert r.status == 401, r.raw
    c.post("/revoke", token=t["access_token"])
    assert o.micropub.introspect(t["access_token"]) == {"active": False}


# --- the person's say (S9xx and ours) ---

@case("what was allowed outlives a logout, is on the person's page, and can be taken back")
def taken_back(o):
    c, b = Indie(o), o.browser()
    t = c.redeem(c.code(b, scope="profile create")).json()
    b = o.elsewhere(b)
    page = b.get(BASE + "/account")
    assert APP in text_of(page) and c.userinfo(t["access_token"]).status == 200, page.raw
    fields = {"token": Browser.fields(page)["token"], "id": APP}
    assert b.ask("POST", BASE + "/account/take-back", fields).status in (200, 303)
    assert c.userinfo(t["access_token"]).status == 401
    assert APP not in text_of(b.get(BASE + "/account"))
    t = c.redeem(c.code(b, scope="profile create")).json()
    code = c.code(b, scope="profile")
    o.add("user", "disable", "ann")
    assert c.userinfo(t["access_token"]).status == 401
    refused(c.redeem(code), "invalid_grant")
    o.add("user", "disable", "ann", "--undo")
    c.redeem(c.code(o.browser(), scope="profile"))
    o.sql("DELETE FROM consent WHERE client=?", APP)
    code = c.code(scope="profile")
    o.sql("DELETE FROM consent WHERE client=?", APP)
    refused(c.redeem(code, "/authorize"), "invalid_grant")


@case("codes and tokens are kept as hashes, and are in no log")
def kept(o):
    c = Indie(o)
    code = c.code(scope="profile")
    t = c.redeem(code).json()
    assert o.sql("SELECT sub FROM token WHERE hash=?", digest(t["access_token"])) == [("",)]
    with open(o.p.dir + "/store/db-wal", "rb") as f:
        store = f.read()
    log = o.p.said()
    for secret in code, t["access_token"], t["refresh_token"], c.verifier:
        assert secret.encode() not in store and secret not in log


@case("the fetch helper is killed: others do not notice, and another one is there soon")
def helper_killed(o):
    t = Indie(o).tokens("profile")
    for _ in range(3):
        starter, = children(o.p.process.pid)
        helper, = [p for p in children(starter) if not has_ended(p)]
        os.kill(helper, signal.SIGKILL)
        assert Indie(o).userinfo(t["access_token"]).status == 200
        until(lambda h=helper: has_ended(h) and b'name="decision"' in Indie(o).ask(
            o.browser()).body, "another one fetches")
        assert o.asked()
    assert "ownkey-oidc-fetch runs again" in o.p.said()


# --- clients of before 2020, and none at all ---

@case("old_clients: without PKCE, with a warning; a verifier without a challenge is refused")
def old_clients(o):
    with provider(o.p.dir + "-old", o.net, old_clients="yes") as old:
        c, b = Indie(old), old.browser()
        none = {"code_challenge": None, "code_challenge_method": None}
        for kind in ("code", "id", None):
            page = c.ask(b, response_type=kind, **none)
            assert "in an old way" in text_of(page), page.raw
            code = query_of(b.decide(page).get("location"))["code"]
            r = c.redeem(code, "/authorize", code_verifier=None, grant_type=None)
            assert r.json() == {"me": ANN}, r.raw
        page = c.ask(b, scope="create", **none)
        code = query_of(b.decide(page).get("location"))["code"]
        refused(c.redeem(code), "invalid_grant")  # RFC 9700 2.1.1
        assert "in an old way" not in text_of(c.ask(b))
        refused(c.redeem(c.code(b, scope="profile"), code_verifier=None), "invalid_grant")


@case("indieauth = no: no strangers, no pages, nothing fetched")
def turned_off(o):
    with provider(o.p.dir + "-off", o.net, indieauth="no") as off:
        page_error(Indie(off).ask(off.browser()), "no client of this id")
        assert off.p.get(BASE + "/people/bob").status == 404
        m = off.p.get(BASE + "/.well-known/oauth-authorization-server").json()
        assert m["client_id_metadata_document_supported"] is False
        refused(Indie(off).post("/token", grant_type="authorization_code", code="x",
                                client_id=APP), "invalid_client", 401)
        page_error(Indie(off).post("/authorize", grant_type="authorization_code", code="x",
                                   client_id=APP))
    assert not o.asked()


if __name__ == "__main__":
    sys.exit(run_cases(CASES))
