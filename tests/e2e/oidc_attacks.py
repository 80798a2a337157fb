"""What a relying party that means ill, a person here, or a stranger tries."""

import sys
import urllib.parse

from oidc_rp import BASE, Browser, query_of, run_shared

API = "https://api.example/v1"


def authorize(o, b, client=None, **change):
    return b.follow(b.get(BASE + "/authorize", **(client or o.rp).request(**change)))


def error(r):
    assert r.status == 303, r.raw
    return query_of(r.get("location")).get("error")


def service(o):
    """who may know who I am may not use another service in my name: that is asked for"""
    b = o.browser()
    o.post.login(b)
    assert error(authorize(o, b, o.post, prompt="none", resource=API)) == "consent_required"
    page = authorize(o, b, o.post, resource=API)
    assert page.status == 200 and API.encode() in page.body, page.raw
    assert error(b.decide(page, "no")) == "access_denied"
    assert error(authorize(o, b, o.post, prompt="none", resource=API)) == "consent_required"
    o.post.login(b, resource=API)
    # once and for all, and for nothing else
    assert "code" in query_of(authorize(o, b, o.post, prompt="none", resource=API).get("location"))
    assert "code" in query_of(authorize(o, b, o.post, prompt="none").get("location"))
    assert error(authorize(o, b, o.post, prompt="none", resource=API, scope="openid email")) == \
        "consent_required"


def sessions(o):
    """two clients that compare what they were told do not find one session"""
    b = o.browser()
    one, other = o.rp.login(b)["claims"], o.post.login(b)["claims"]
    assert len(one["sid"]) == 32 and one["sid"] != other["sid"], (one, other)
    assert one["sid"] == o.rp.login(b)["claims"]["sid"]
    assert not {n for n in one if one[n] == other[n]} - {
        "iss", "iat", "exp", "auth_time", "acr", "amr", "sub"}, (one, other)  # sub: one sector
    # and neither logs out at once with the other's
    t = o.rp.login(b)
    assert b.get(BASE + "/logout", id_token_hint=t["id_token"]).status == 200
    assert error(authorize(o, b, prompt="none")) == "login_required"


def any_program(o):
    """RFC 8252 8.6: another program at the loopback gets nothing without the person"""
    back = "http://127.0.0.1:4711/cb"
    app = o.client("app", "--native", "--redirect", "http://127.0.0.1/cb", how=None)
    o.allow()
    b = o.browser()
    for _ in range(2):
        asked = app.request(redirect_uri=back)
        page = b.follow(b.get(BASE + "/authorize", **asked))
        assert page.status == 200 and b'name="decision"' in page.body, page.raw
        r = b.decide(page)
        assert r.get("location").startswith(back + "?code="), r.raw
    assert error(authorize(o, b, app, redirect_uri=back, prompt="none")) == "consent_required"


def other_person(o):
    """a yes counts for the account that the page named, not for who logged in since"""
    b = o.browser()
    page = authorize(o, b, o.rp, prompt="consent")
    assert b">ann<" in page.body, page.raw
    b.cookies.update(o.browser("bob").cookies)
    page = b.decide(page)
    assert page.status == 200 and b">bob<" in page.body, page.raw
    assert "code" in query_of(b.decide(page).get("location"))


def many_scopes(o):
    """nothing is agreed to that does not stand on the page"""
    names = ["openid"] + ["s%d" % i for i in range(39)]
    big = o.client("big", "--redirect", "https://rp.example/cb", "--scopes", " ".join(names))
    o.allow()
    b = o.browser()
    assert error(authorize(o, b, big, scope=" ".join(names))) == "invalid_scope"
    big.login(b, scope=" ".join(names[:32]))


def long_requests(o):
    """what waits for a person is bounded: strangers' requests fill no memory"""
    fields = o.rp.request(junk="x" * 20000)
    r = Browser(o.p).ask("POST", BASE + "/authorize", fields)
    assert error(r) == "invalid_request" and query_of(r.get("location"))["state"], r.raw
    fields = o.rp.request(junk="x" * 10000, state="s" * 4096)
    r = Browser(o.p).ask("POST", BASE + "/authorize", fields)
    assert r.status == 303 and "/authorize/continue?go=" in r.get("location"), r.raw


def other_site(o):
    """a form of another site brings no cookies: who is logged in stays so, and no cookie changes"""
    b = o.browser()
    o.rp.login(b)
    waits = authorize(o, b, prompt="consent")
    had, b.cookies = b.cookies, {}
    r = b.ask("POST", BASE + "/authorize", o.rp.request())
    assert r.status == 303 and not b.cookies, r.raw
    go = r.get("location")[len("https://id.example.org"):]
    b.cookies = dict(had)
    assert "code" in query_of(b.get(go).get("location"))
    assert b.cookies == had and "code" in query_of(b.decide(waits).get("location"))
    # it is no more than a link: no answer to the question of a page
    old = b.fields(authorize(o, b, prompt="consent"))
    r = b.ask("POST", BASE + "/authorize/continue",
              {**old, "go": query_of(go)["go"], "decision": "yes"})
    assert r.status == 400, r.raw
    # nobody is logged in: as by a link
    b = o.browser(None)
    r = b.follow(b.ask("POST", BASE + "/authorize", o.rp.request()))
    assert r.status == 200 and b"Log in" in r.body, r.raw


def one_house(o):
    """a stranger who begins a thousand logins has had enough; another house has not"""
    asked = "GET %s/authorize?%s HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: %%s\r\n\r\n" % (
        BASE, urllib.parse.urlencode(o.rp.request()).replace("%", "%%"))
    many = (asked % "2001:db8::5").encode() * 100
    for _ in range(11):
        got = o.p.raw(many[:-2] + b"Connection: close\r\n\r\n", shut=False).raw
    assert got.count(b"HTTP/1.1 429 ") == 100, got[-400:]
    assert b" 303 " in o.p.raw((asked % "2001:db8:0:1::5").encode()).raw


def one_name(o):
    """a client that moved: ID token, userinfo and introspection have one subject (Core 5.3.2)"""
    lasting = {"scope": "openid offline_access", "prompt": "consent"}
    c = o.client("mover", "--redirect", "https://rp.example/cb", "--refresh")
    o.allow()
    b = o.browser()
    old = c.login(b, **lasting)
    o.add("client", "set", "mover", "--redirect", "https://rp.example/cb", "--redirect",
          "https://other.example/cb")
    o.allow()

    def same(t, claims):
        assert claims["sub"] != old["claims"]["sub"]
        assert c.userinfo(t["access_token"]).json()["sub"] == claims["sub"]
        assert c.introspect(t["access_token"])["sub"] == claims["sub"]

    t = c.login(b)
    same(t, t["claims"])
    fresh = c.refresh(old["refresh_token"]).json()
    same(fresh, o.read(fresh["id_token"], "mover"))
    back = c.code(b, prompt="none", id_token_hint=t["id_token"])
    assert "code" in back, back


def taken_away(o):
    """what its owner takes from a client is gone for what it was granted before, too"""
    lasting = {"scope": "openid email offline_access", "prompt": "consent"}
    c = o.client("less", "--redirect", "https://rp.example/cb", "--refresh")
    o.allow()
    t = c.login(o.browser(), **lasting)
    o.add("client", "set", "less", "--scopes", "openid")
    r = c.refresh(t["refresh_token"])
    assert r.status == 400 and r.json()["error"] == "invalid_scope", r.raw
    t = c.refresh(t["refresh_token"], scope="openid").json()
    o.add("client", "set", "less", "--not", "refresh")
    r = c.refresh(t["refresh_token"])
    assert r.status == 400 and r.json()["error"] == "unauthorized_client", r.raw


def own_scheme(o):
    """an application with a scheme of its own: the page lets its form lead there, by either way"""
    back = "org.example.app:/a;b,c"
    app = o.client("own", "--native", "--redirect", back, how=None)
    o.allow()
    for mode in None, "form_post":
        b = o.browser()
        page = b.follow(b.get(BASE + "/authorize", **app.request(redirect_uri=back,
                                                                 response_mode=mode)))
        csp = page.get("content-security-policy")
        assert page.status == 200 and "form-action 'self' org.example.app:;" in csp, page.raw
        r = b.decide(page)
        if mode:
            assert "form-action 'self' org.example.app:;" in r.get("content-security-policy"), r.raw
        else:
            assert r.get("location").startswith(back + "?code="), r.raw


def not_on_the_list(o):
    """a client that the vault was not told of: the page says what is left to do"""
    late = o.client("late", "--redirect", "https://rp.example/cb")
    b = o.browser()
    r = b.decide(authorize(o, b, late))
    assert r.status == 503 and b"ownkey jwt allow" in r.body, r.raw
    o.allow()
    late.login(b)


def lasting(o):
    """what was agreed to last outlives a logout (Core 11), and ends where a person ends it"""
    asked = {"scope": "openid offline_access", "prompt": "consent"}

    def leave(b):
        page = b.get(BASE + "/logout")
        assert b.ask("POST", b.action(page), b.fields(page)).status == 200, page.raw
        assert error(authorize(o, b, prompt="none")) == "login_required"

    def good(t):
        return o.rp.userinfo(t["access_token"]).status == 200

    b = o.browser()
    short, t = o.post.login(b), o.rp.login(b, **asked)
    leave(b)
    assert o.post.userinfo(short["access_token"]).status == 401
    assert good(t)
    t = o.rp.refresh(t["refresh_token"]).json()
    assert good(t) and o.read(t["id_token"], "rp")["sub"], t
    b = o.browser()
    t = o.rp.login(b, **asked)
    assert b.get(BASE + "/account").body.count(b'name="id" value="rp"') == 1

    def do(what, **fields):
        who = o.browser()
        page = who.get(BASE + "/account")
        token = who.fields(page)["token"]
        r = who.ask("POST", BASE + "/account/" + what, {"token": token, **fields})
        assert r.status == 303, r.raw

    # seen from another browser, when the one it was given at is long logged out
    leave(b)
    do("take-back", id="rp")
    assert not good(t) and o.rp.refresh(t["refresh_token"]).status == 400
    for end in (lambda: do("leave-others"), lambda: o.add("user", "disable", "ann")):
        b = o.browser()
        t = o.rp.login(b, **asked)
        leave(b)
        assert good(t)
        end()
        assert not good(t) and o.rp.refresh(t["refresh_token"]).status == 400
    o.add("user", "disable", "ann", "--undo")


def same_second(o):
    """prompt=login wants a login after the request, not one in the same second"""
    b = o.browser(age=-5)
    r = b.get(BASE + "/authorize", **o.rp.request(prompt="login"))
    assert r.status == 303 and "/login?go=" in r.get("location"), r.raw
    go = BASE + "/authorize/continue?go=" + query_of(r.get("location"))["go"]
    r = b.get(go)
    assert r.status == 303 and "/login?go=" in r.get("location"), r.raw
    o.again(b)
    r = b.follow(b.get(go))
    assert b'name="decision"' in r.body or "code" in query_of(r.get("location")), r.raw


def hinted(o):
    """who took it back is still whom the client's ID token means"""
    b = o.browser()
    t = o.post.login(b)
    page = b.get(BASE + "/account")
    r = b.ask("POST", BASE + "/account/take-back", {"token": b.fields(page)["token"], "id": "post"})
    assert r.status == 303, r.raw
    asked = {"id_token_hint": t["id_token"]}
    assert error(authorize(o, b, o.post, prompt="none", **asked)) == "consent_required"
    assert error(authorize(o, o.browser("bob"), o.post, prompt="none", **asked)) == \
        "login_required"
    assert o.post.login(b, **asked)["claims"]["sub"] == t["claims"]["sub"]


CASES = [(fn.__doc__, fn) for fn in (service, sessions, any_program, other_person, many_scopes,
                                   long_requests, one_house, one_name, taken_away, own_scheme,
                                   not_on_the_list, lasting, same_second,
                                   hinted, other_site)]

if __name__ == "__main__":
    sys.exit(run_shared(CASES, trusted_proxy="127.0.0.1"))
