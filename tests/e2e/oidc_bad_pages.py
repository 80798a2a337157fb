"""What browsers are made to do: forms of other sites, sessions that others set, pages in frames,
names that lie."""

import hashlib
import html
import re
import secrets
import time
import urllib.parse

from oidc_rp import BASE, COOKIE, FORM, REDIRECT, Browser, query_of
from oidcd import ISSUER
from webauthn import Token

HOST = "https://id.example.org"


# --- a login by its forms ---

def hidden(page):
    return Browser.fields(page)


def data(page, name):
    return html.unescape(re.search('data-%s="([^"]*)"' % name, page.body.decode())[1])


def form_of(page):
    return {"data-challenge": data(page, "challenge"),
            "data-user": (re.search('data-user="([^"]*)"', page.body.decode()) or [0, ""])[1]}


def registered(o):
    """A token of ann's, made once."""
    if not hasattr(o, "token"):
        o.token = Token(HOST, "id.example.org")
        invite = "oki_" + secrets.token_urlsafe(32)
        o.sql("INSERT INTO pass VALUES(?,0,?,?)", hashlib.sha256(invite.encode()).digest(),
              bytes.fromhex(o.users["ann"]), int(time.time()) + 600)
        b = Browser(o.p)
        page = b.get(BASE + "/register", invite=invite)
        page = b.ask("POST", BASE + "/register/start", {**hidden(page), "label": "key"})
        r = b.ask("POST", BASE + "/register/finish",
                  {**hidden(page), **o.token.create(form_of(page))})
        assert r.status in (200, 303), r.raw
    return o.token


def challenge(o, b, go=""):
    registered(o)
    page = b.get(BASE + "/login", **({"go": go} if go else {}))
    return b.ask("POST", BASE + "/login/start", {**hidden(page), "name": ""})


def log_in(o, b, go=""):
    page = challenge(o, b, go)
    r = b.ask("POST", BASE + "/login/finish", {**hidden(page), **o.token.get(form_of(page))})
    assert r.status in (200, 303) and COOKIE in b.cookies, r.raw
    return r


def account(b):
    return b.get(BASE + "/account")


def is_in(b):
    return b"Your account" in account(b).body


# --- forms of others ---

def foreign(o, path, fields, *headers):
    """The browser of o.b sends a form as another site would make it."""
    lines = [FORM, "Cookie: " + "; ".join("%s=%s" % c for c in o.b.cookies.items()), *headers]
    return o.p.ask("POST", path, *lines, body=urllib.parse.urlencode(fields).encode(), shut=False)


OTHERS = [("Origin: https://evil.example",), ("Origin: null",), ("Origin: " + HOST + ".evil",),
          ("Origin: http://id.example.org",), ("Origin: " + HOST + ":444",),
          ("Origin: " + HOST, "Origin: https://evil.example"),
          ("Sec-Fetch-Site: cross-site",), ("Sec-Fetch-Site: same-site",),
          ("Sec-Fetch-Site: none",)]


def origins(o):
    """Forms of ours, token and all, sent from elsewhere."""
    o.b = o.browser("ann")
    asked = o.two.request(redirect_uri="https://two.example/a")
    page = o.b.follow(o.b.get(BASE + "/authorize", **asked))
    assert b'name="decision"' in page.body, page.raw
    leaving = o.b.get(BASE + "/logout")
    for headers in OTHERS:
        r = foreign(o, Browser.action(page), {**hidden(page), "decision": "yes"}, *headers)
        assert r.status in (400, 403) and "location" not in r.headers, (headers, r.raw)
        r = foreign(o, Browser.action(leaving), hidden(leaving), *headers)
        assert r.status in (400, 403), (headers, r.raw)
        assert is_in(o.b)
    r = o.b.decide(page, "no")
    assert "error=access_denied" in r.get("location"), r.raw


def account_forms(o):
    """Nothing that a person does on their page happens without its token."""
    b = o.b = o.browser("ann")
    page = account(b).body.decode()
    paths = set(re.findall(r'<form[^>]* action="([^"]*/account/[a-z-]+)"', page))
    assert len(paths) >= 3, paths
    sid = o.sql("SELECT count(*) FROM session")
    for path in paths:
        for fields in {}, {"token": "A" * 43}, {"token": ""}:
            r = foreign(o, path, {**fields, "name": "ann"}, "Origin: " + HOST)
            assert r.status in (400, 403), (path, r.raw)
            assert b.get(path).status in (404, 405), path
    assert o.sql("SELECT count(*) FROM session") == sid and is_in(b)


def login_csrf(o):
    """Another site logs the person in as somebody else."""
    b = o.b = Browser(o.p)
    page = challenge(o, b)
    answer = {**hidden(page), **o.token.get(form_of(page))}
    for headers in OTHERS:
        r = foreign(o, BASE + "/login/finish", answer, *headers)
        assert r.status in (400, 403) and COOKIE not in "".join(r.headers.get("set-cookie", [])), \
            (headers, r.raw)
    # the attacker's own answer, with the attacker's own form, in the victim's browser
    victim, attacker = Browser(o.p), Browser(o.p)
    page = challenge(o, attacker)
    r = victim.ask("POST", BASE + "/login/finish",
                   {**hidden(page), **o.token.get(form_of(page))})
    assert r.status in (400, 403) and COOKIE not in victim.cookies, r.raw


def fixation(o):
    """A cookie that was there before the login is not the one after it."""
    for planted in "oks_" + secrets.token_urlsafe(32), "x", o.browser("bob").cookies[COOKIE]:
        b, thief = Browser(o.p), Browser(o.p)
        b.cookies[COOKIE] = thief.cookies[COOKIE] = planted
        log_in(o, b)
        assert b.cookies[COOKIE] != planted and is_in(b)
        page = account(thief)
        assert b"ann" not in page.body, page.raw
    # and each login has its own
    b = Browser(o.p)
    log_in(o, b)
    before = b.cookies[COOKIE]
    log_in(o, b)
    assert b.cookies[COOKIE] != before
    thief = Browser(o.p)
    thief.cookies[COOKIE] = before
    assert not is_in(thief)


def cookies(o):
    """HttpOnly, Secure, SameSite, the prefix; two of the name are none."""
    b = Browser(o.p)
    r = log_in(o, b)
    lines = [l for l in r.headers["set-cookie"] if l.startswith(COOKIE + "=")]
    assert len(lines) == 1, lines
    for part in "Path=/", "HttpOnly", "Secure", "SameSite=Lax":
        assert part in lines[0].split("; "), lines
    assert "domain" not in lines[0].lower()
    two = o.p.get(BASE + "/account", "Cookie: %s=x; %s=%s" % (COOKIE, COOKIE, b.cookies[COOKIE]))
    assert b"Your account" not in two.body, two.raw


def waiting_of_another(o):
    """Dex CVE-2022-39222: an id of what waits is worth nothing in another browser."""
    mine, other = o.browser("ann"), o.browser("ann")
    r = mine.get(BASE + "/authorize", **o.rp.request(prompt="consent"))
    to = r.get("location")[len(HOST):]
    for thief in other, Browser(o.p), o.browser("bob"):
        got = thief.get(to)
        assert got.status == 400 and "location" not in got.headers, got.raw
    page = mine.get(to)
    assert b'name="decision"' in page.body
    for thief in other, o.browser("bob"):
        got = thief.ask("POST", Browser.action(page), {**hidden(page), "decision": "yes"})
        assert got.status in (400, 403) and "location" not in got.headers, got.raw
    for guess in "A" * 43, hidden(page)["go"][:-1] + "_", "", "../x":
        got = mine.get(BASE + "/authorize/continue", go=guess)
        assert got.status == 400, got.raw
    assert "code=" in mine.decide(page).get("location")


def tabs(o):
    """Several at once in one browser: each ends with its own state."""
    b = o.browser("ann")
    asked = [o.rp.request(prompt="consent") for _ in range(4)]
    pages = [b.follow(b.get(BASE + "/authorize", **a)) for a in asked]
    assert len({hidden(p)["go"] for p in pages}) == 4
    for a, page in reversed(list(zip(asked, pages))):
        assert query_of(b.decide(page).get("location"))["state"] == a["state"]
    # the form of one tab with the name of another
    one, two = (b.follow(b.get(BASE + "/authorize", **o.rp.request(prompt="consent")))
                for _ in range(2))
    r = b.decide(one, go=hidden(two)["go"])
    assert r.status == 403, r.raw


def after_logout(o):
    """The back button: nothing is kept, and old forms do nothing."""
    b = o.browser("ann")
    consent = b.follow(b.get(BASE + "/authorize", **o.rp.request(prompt="consent")))
    page = account(b)
    old = dict(b.cookies)
    for p in consent, page:
        assert p.get("cache-control") == "no-store", p.raw
    leave = b.get(BASE + "/logout")
    assert b.ask("POST", Browser.action(leave), hidden(leave)).status == 200
    for jar in dict(b.cookies), old:
        b.cookies = jar
        assert not is_in(b)
        r = b.decide(consent)
        assert "code=" not in (r.get("location") or ""), r.raw
        action = re.search(r'action="([^"]*/account/[a-z-]+)"', page.body.decode())[1]
        r = b.ask("POST", action, hidden(page))
        assert r.status in (303, 401, 403) and b"Your account" not in r.body, r.raw


def another_person_came(o):
    """Somebody else logs in while a question waits: it is asked anew, of them."""
    b = o.browser("ann")
    page = b.follow(b.get(BASE + "/authorize", **o.rp.request(prompt="consent")))
    b.cookies[COOKIE] = o.browser("bob").cookies[COOKIE]
    r = b.decide(page)
    assert r.status == 200 and b">bob<" in r.body, r.raw
    assert "code=" in b.decide(r).get("location")


def open_redirects(o):
    """Where a page goes on to is nobody's to say."""
    b = o.browser("ann")
    for bad in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)",
                "%0d%0aLocation:%20https://evil.example", "A" * 5000):
        for path in "/login", "/account", "/register", "/authorize/continue", "/login/recover":
            for name in "go", "next", "return_to", "redirect_uri", "invite":
                r = b.get(BASE + path, **{name: bad})
                assert (r.get("location") or ISSUER).startswith(ISSUER), r.raw
                assert b"evil.example" not in r.body, r.raw


# --- pages ---

def every_page(o):
    b, who, stranger = Browser(o.p), o.browser("ann"), Browser(o.p)
    yield "login", stranger.get(BASE + "/login")
    yield "ceremony", challenge(o, b)
    yield "recovery", stranger.get(BASE + "/login/recover")
    yield "registration", stranger.get(BASE + "/register", invite="oki_" + "A" * 43)
    yield "account", account(who)
    yield "logout", who.get(BASE + "/logout")
    yield "logged out", stranger.get(BASE + "/logout")
    yield "not found", stranger.get(BASE + "/nothing")
    yield "error", stranger.get(BASE + "/authorize")
    yield "too old", stranger.get(BASE + "/authorize/continue", go="x")
    yield "consent", who.follow(who.get(BASE + "/authorize", **o.rp.request(prompt="consent")))
    yield "form post", who.get(BASE + "/authorize", **o.rp.request(
        response_mode="form_post", prompt="none"))
    yield "method", who.ask("POST", BASE + "/account", {})
    yield "form of nobody", who.ask("POST", BASE + "/logout/confirm", {"token": "x"})


def headers(o):
    """Clickjacking and the like: every page has all of them."""
    seen = 0
    for name, r in every_page(o):
        if not (r.get("content-type") or "").startswith("text/html"):
            continue
        seen += 1
        csp = dict((d.strip().split(" ", 1) + [""])[:2]
                   for d in r.get("content-security-policy").split(";") if d.strip())
        for directive in "default-src", "frame-ancestors", "base-uri":
            assert csp[directive] == "'none'", (name, csp)
        assert "unsafe" not in str(csp) and "*" not in str(csp) and "data:" not in str(csp), csp
        wanted = "'self' https://rp.example" if name in ("consent", "form post") else "'self'"
        assert csp["form-action"] == wanted, (name, csp)
        for header, value in (("x-frame-options", "DENY"), ("x-content-type-options", "nosniff"),
                              ("cache-control", "no-store"),
                              ("cross-origin-opener-policy", "same-origin")):
            assert r.get(header) == value, (name, header, r.raw)
        assert r.get("referrer-policy") in ("no-referrer", "same-origin"), (name, r.raw)
        assert "access-control-allow-origin" not in r.headers, (name, r.raw)
        body = r.body.decode()
        assert not re.search(r"<script(?![^>]* src=)|javascript:| on[a-z]+=|<style| style=", body,
                             re.I), (name, body)
        for url in re.findall(r'(?:src|href|action)="([^"]*)"', body):
            assert url.startswith((BASE + "/", ISSUER, "#")) or name == "form post" and \
                url == REDIRECT, (name, url)
    assert seen >= 12, seen


NAMES = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', "&lt;b&gt;", "{{7*7}}",
         "${7*7}", "Forge</title><h1>x", "'-alert(1)-'", "\u0420\u0420 homograph", "%3Cb%3E"]
NEVER = ["\u202eevil", "a\u2066b", "a\nb", "a\0b", "a\u200bb\u200fc", "x" * 10000, "\x1b[31m"]


def names(o):
    """A client's name is text, short, and stands beside where the answer really goes."""
    b = o.browser("ann")
    for n, name in enumerate(NAMES):
        client = o.client("named%d" % n, "--redirect", REDIRECT, "--public", "--name", name)
        page = b.follow(b.get(BASE + "/authorize", **client.request()))
        body = page.body.decode()
        assert page.status == 200 and html.escape(name, quote=False) in html.escape(
            html.unescape(body), quote=False), page.raw
        assert name not in body or not set(name) & set("<\""), body
        assert "&lt;b&gt;" != name or "&amp;lt;b&amp;gt;" in body, body
        assert "https://rp.example" in body
    for name in NEVER:
        if "\0" in name:
            continue
        done = o.p.run("client", "add", "lies", "--redirect", REDIRECT, "--name", name)
        assert done.returncode not in (0, -11), (name, done)


def reflected(o):
    """What a request says comes back on no page as markup."""
    evil = '"><svg onload=alert(1)>'
    b = o.browser("ann")
    for r in (b.get(BASE + "/login", go=evil), b.get(BASE + "/register", invite=evil),
              b.get(BASE + "/authorize", **o.rp.request(client_id=evil)),
              b.get(BASE + "/authorize", **o.rp.request(redirect_uri=evil)),
              b.get(BASE + "/authorize", **o.rp.request(state=evil, prompt="consent")),
              b.get(BASE + "/authorize", **o.rp.request(
                  state=evil, prompt="none", response_mode="form_post")),
              b.get(BASE + "/authorize", **o.rp.request(
                  login_hint=evil, ui_locales=evil, display=evil, acr_values=evil)),
              b.get(BASE + "/logout", state=evil, post_logout_redirect_uri=evil),
              b.get(BASE + "/authorize/continue", go=evil),
              b.get(BASE + "/" + urllib.parse.quote(evil))):
        r = b.follow(r)
        assert b"<svg" not in r.body, r.raw
    error = o.p.ask("POST", BASE + "/token", FORM, body=urllib.parse.urlencode(
        {"grant_type": evil, "client_id": "open"}).encode(), shut=False)
    assert error.get("content-type") == "application/json" and b"<svg" not in error.body


def cors(o):
    """Only what needs no cookie may be read by other sites."""
    b = o.browser("ann")
    cookie = "Cookie: %s=%s" % (COOKIE, b.cookies[COOKIE])
    for path in "/authorize", "/login", "/account", "/logout", "/introspect", "/register":
        for method in "GET", "OPTIONS":
            r = o.p.ask(method, BASE + path, "Origin: https://evil.example", cookie,
                        "Access-Control-Request-Method: POST")
            assert not [h for h in r.headers if h.startswith("access-control")], r.raw


def user_is_not_known(o):
    """Recovery says the same of people who are and are not."""
    def ask(name):
        b = Browser(o.p)
        page = b.get(BASE + "/login/recover")
        r = b.ask("POST", BASE + "/login/recover", {**hidden(page), "name": name,
                                                    "code": "AAAA-" * 5 + "AAAA"})
        return r.status, re.sub(rb'value="[^"]*"', b"", r.body)
    assert ask("ann") == ask("nobody") == ask("bob")


CASES = [
    ("csrf: forms from other origins", "CWE-352", origins),
    ("csrf: a person's own page", "CWE-352", account_forms),
    ("csrf: a login that another site makes", "RFC 6749 10.12; login CSRF", login_csrf),
    ("session: one that was planted", "CWE-384, session fixation", fixation),
    ("session: how its cookie is set", "RFC 6265bis", cookies),
    ("session: what waits in another browser", "Dex CVE-2022-39222", waiting_of_another),
    ("session: parallel tabs", "OAuth 2.0 Security BCP 4.5", tabs),
    ("session: back after logout", "CWE-613", after_logout),
    ("session: somebody else logs in meanwhile", "CWE-613", another_person_came),
    ("pages: where they go on to", "CWE-601", open_redirects),
    ("pages: headers against frames and scripts, on each", "CWE-1021; RFC 9700 4.16", headers),
    ("pages: names of clients that lie", "CVE-2021-42574; authentik CVE-2024-21637", names),
    ("pages: what was asked comes back as text", "CWE-79", reflected),
    ("pages: other sites read nothing", "RFC 9700 2.6", cors),
    ("oracle: recovery for nobody", "CWE-204", user_is_not_known),
]


def rows():
    return [("%s (%s)" % (name, origin), fn) for name, origin, fn in CASES]
