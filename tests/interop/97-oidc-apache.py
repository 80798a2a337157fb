#!/usr/bin/python3
# limit: 300
"""Apache with mod_auth_openidc (Debian; a certified relying party): people log in to a site behind
it, their access token is kept fresh, they log out; and it checks tokens as a resource server."""

import contextlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from oidc_peers import ISSUER, app, free_port, person, run_shared, tls
from fetchworld import Authority
from ownkey import until

MODULES = "/usr/lib/apache2/modules"
LOADED = ("mpm_event authn_core authz_core authz_user proxy proxy_http headers env auth_openidc")
API = "https://api.example/v1"
CONF = """
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {dir}/pid
ErrorLog {dir}/error.log
LogLevel auth_openidc:info
Mutex file:{dir} default
DefaultRuntimeDir {dir}
{load}
StartServers 1
ThreadsPerChild 8
MinSpareThreads 1
MaxSpareThreads 8
MaxRequestWorkers 8
OIDCProviderMetadataURL {issuer}/.well-known/openid-configuration
OIDCClientID {id}
OIDCClientSecret {secret}
OIDCRedirectURI http://localhost:{port}/secure/redirect_uri
OIDCCryptoPassphrase for-tests-only
OIDCScope "openid profile email offline_access"
OIDCAuthRequestParams prompt=consent
OIDCPKCEMethod S256
OIDCRemoteUserClaim preferred_username
OIDCPassRefreshToken Off
OIDCOAuthIntrospectionEndpoint https://localhost:{tls}/idp/introspect
OIDCOAuthClientID {api}
OIDCOAuthClientSecret {api_secret}
OIDCOAuthRemoteUserClaim username
OIDCOAuthTokenIntrospectionInterval -1
OIDCCABundlePath {ca}
{more}
<Location /secure>
	AuthType openid-connect
	Require claim email:ann@example.org
</Location>
<Location /api>
	AuthType oauth20
	Require claim scope~profile
</Location>
ProxyPass / http://127.0.0.1:{app}/
RequestHeader set X-Remote-User "expr=%{{REMOTE_USER}}"
"""


class Apache:
    def __init__(self, directory, **values):
        self.dir, self.port = directory, values["port"]
        self.site = "http://localhost:%d" % self.port
        self.conf = directory + "/httpd.conf"
        with open(self.conf, "w", encoding="ascii") as f:
            f.write(CONF.format(dir=directory, load="\n".join(
                "LoadModule %s_module %s/mod_%s.so" % (m, MODULES, m) for m in LOADED.split()),
                **{"more": "", **values}))

    def start(self):
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen(["/usr/sbin/apache2", "-f", self.conf, "-DFOREGROUND"],
                                        env={"PATH": "/usr/bin:/bin"})

        def answers():
            assert self.process.poll() is None, self.said()
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(self.site + "/open", timeout=10).status == 200
        until(answers, "Apache answers")
        return self

    def said(self):
        with contextlib.suppress(OSError), open(self.dir + "/error.log", encoding="utf-8") as f:
            return f.read()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@contextlib.contextmanager
def apache(o, name, more=""):
    """A site and an API behind it, for a client of this name."""
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        port = free_port()
        site = "http://localhost:%d" % port
        client = o.client(name, "--redirect", site + "/secure/redirect_uri", "--logout",
                          site + "/bye", "--refresh", "--scopes",
                          "openid profile email offline_access")
        api = o.client(API + "/" + name, "--resource")
        o.allow()
        authority = Authority(directory)
        front = stack.enter_context(tls(authority.context(["localhost"])))
        behind = stack.enter_context(app())
        a = Apache(directory, port=port, issuer=ISSUER, id=client.id, secret=client.secret,
                   api=api.id, api_secret=api.secret, tls=front, ca=authority.path, app=behind,
                   more=more)
        a.client, a.api = client, api
        stack.callback(a.stop)
        try:
            yield a.start()
        except BaseException:
            sys.stderr.write(a.said())
            raise


def headers(page):
    """What the application behind Apache was given."""
    assert page.status == 200, page
    lines = page.body.decode().splitlines()
    return lines[0], {k.lower(): v for k, v in (l.split(": ", 1) for l in lines[1:])}


def login(o):
    """a person logs in; claims and token reach the application; somebody else may not in"""
    with apache(o, "login") as a:
        ann = person(o)
        page = ann.go(a.site + "/secure/wiki?page=1")
        line, got = headers(page)
        assert ann.logged_in() and line == "GET /secure/wiki?page=1", line
        assert got["x-remote-user"] == "ann", got
        assert got["oidc_claim_email"] == "ann@example.org", got
        assert got["oidc_claim_name"] == "Ann Lee" and got["oidc_claim_iss"] == ISSUER, got
        info = o.rp.userinfo(got["oidc_access_token"]).json()
        assert info["sub"] == got["oidc_claim_sub"], info
        # again, without a word to us
        assert headers(ann.go(a.site + "/secure/other"))[0] == "GET /secure/other"
        assert len(ann.said) == 1
        bob = person(o, "bob")
        page = bob.go(a.site + "/secure/wiki")
        assert bob.logged_in() and page.status == 401, page


def says_no(o):
    """a person says no, and an answer that nobody asked for"""
    with apache(o, "no") as a:
        ann = person(o)
        ann.decision = "no"
        page = ann.go(a.site + "/secure/wiki")
        assert "error=access_denied" in page.url and "Ann" not in page.text, page
        ann.decision = "yes"
        page = ann.go(a.site + "/secure/redirect_uri?code=okac_" + "A" * 43 + "&state=forged")
        assert page.status in (302, 400, 500) and not ann.logged_in(), page
        # an answer of another provider (RFC 9207): as it is, but for its iss
        asked = ann.ask(a.site + "/secure/wiki")
        page = ann.ask(asked.headers["location"])
        while not page.headers.get("location", "").startswith(a.site):
            page = ann.next(page)
        back = page.headers["location"]
        assert "iss=" + urllib.parse.quote(ISSUER, "") in back, back
        assert headers(ann.go(back))[0] == "GET /secure/wiki"


def refreshed(o):
    """an access token is refreshed before it ends, and by the hook; taken back, it is over"""
    with apache(o, "fresh", "OIDCRefreshAccessTokenBeforeExpiry 59 logout_on_error") as a:
        ann = person(o)
        first = headers(ann.go(a.site + "/secure/"))[1]["oidc_access_token"]

        def renewed():
            return headers(ann.go(a.site + "/secure/"))[1]["oidc_access_token"] != first
        until(renewed, "the token is another one", 60)
        assert not ann.logged_in()
        token = headers(ann.go(a.site + "/secure/"))[1]["oidc_access_token"]
        back = urllib.parse.quote(a.site + "/secure/after", "")
        line, got = headers(ann.go("%s/secure/redirect_uri?refresh=%s&access_token=%s"
                                   % (a.site, back, token)))
        assert line.startswith("GET /secure/after") and "error" not in line, line
        assert got["oidc_access_token"] not in (first, token)
        # taken back: the next refresh ends the session there, and the way leads through consent
        page = ann.ask(ISSUER + "/account")
        page = ann.follow(ann.send(page, page.form("/account/take-back")))
        assert "You are" in page.text, page

        def asked():
            ann.go(a.site + "/secure/")
            return any(b'name="decision"' in p.body for p in ann.said)
        until(asked, "consent is asked for again", 60)


def logout(o):
    """RP-initiated logout ends the session here and there, and the tokens"""
    with apache(o, "bye") as a:
        ann = person(o)
        token = headers(ann.go(a.site + "/secure/"))[1]["oidc_access_token"]
        assert a.client.introspect(token)["active"]
        page = ann.go("%s/secure/redirect_uri?logout=%s"
                      % (a.site, urllib.parse.quote(a.site + "/bye", "")))
        assert headers(page)[0].startswith("GET /bye"), page
        asked = next(p for p in ann.said if p.url.startswith(ISSUER + "/logout"))
        assert asked.status == 303 and "id_token_hint=" in asked.url, asked
        assert a.client.introspect(token) == {"active": False}
        assert "Your account" not in ann.ask(ISSUER + "/account").text
        ann.go(a.site + "/secure/")
        assert ann.logged_in()
        # to an address that is not registered: not led there
        page = ann.go("%s/secure/redirect_uri?logout=%s"
                      % (a.site, urllib.parse.quote(a.site + "/elsewhere", "")))
        assert not page.url.startswith(a.site + "/elsewhere"), page


def api_call(a, token=None):
    headers_ = {"Authorization": "Bearer " + token} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(a.site + "/api/x", headers=headers_),
                                    timeout=60) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, str(e.headers)


def resource_server(o):
    """a good token opens, a bad, foreign, narrow or revoked one does not"""
    with apache(o, "api") as a:
        browser = o.browser()
        client = o.client("app", "--redirect", "https://rp.example/cb", "--trusted", "--scopes",
                          "openid profile email")
        o.allow()
        tokens = [client.login(browser, scope=s, resource=r)["access_token"] for s, r in (
            ("openid profile", a.api.id), ("openid email", a.api.id), ("openid profile", None))]
        status, said = api_call(a, tokens[0])
        assert status == 200 and "X-Remote-User: ann" in said, said
        for wrong in tokens[1], tokens[2], tokens[0][:-1], "okat_" + "A" * 43, "x", None:
            assert api_call(a, wrong)[0] == 401, wrong
        assert 'error="invalid_token"' in api_call(a, "x")[1]
        assert client.post("/revoke", token=tokens[0]).status == 200
        assert api_call(a, tokens[0])[0] == 401


CASES = [("mod_auth_openidc: " + fn.__doc__, fn)
         for fn in (login, says_no, refreshed, logout, resource_server)]

if __name__ == "__main__":
    sys.exit(run_shared(CASES, access_lifetime="60s"))
