"""`ownkey-oidc setup`: each recipe, whole, with a client that can do what the text says."""

import json
import re
import subprocess
import sys

import yaml

from oidc_rp import Client, run_shared
from oidcd import ISSUER

SITE = "https://git.example.org"
PROXIES = {"nginx", "apache-proxy", "caddy"}
# redirect URIs as the manuals of the services say them, and how they authenticate
SERVICES = {
    "apache": (["/oidc/redirect"], "basic"),
    "bookstack": (["/oidc/callback"], "basic"),
    "forgejo": (["/user/oauth2/ownkey/callback"], "basic"),
    "gitea": (["/user/oauth2/ownkey/callback"], "basic"),
    "gitlab": (["/users/auth/openid_connect/callback"], "basic"),
    "grafana": (["/login/generic_oauth"], "basic"),
    "hedgedoc": (["/auth/oauth2/callback"], "post"),
    "immich": (["/auth/login", "/user-settings", "/api/oauth/mobile-redirect"], "basic"),
    "jellyfin": (["/sso/OID/redirect/ownkey"], "post"),
    "mastodon": (["/auth/auth/openid_connect/callback"], "basic"),
    "miniflux": (["/oauth2/oidc/callback"], "basic"),
    "nextcloud": (["/apps/user_oidc/code"], "post"),
    "oauth2-proxy": (["/oauth2/callback"], "basic"),
    "paperless": (["/accounts/oidc/ownkey/login/callback/"], "basic"),
    "synapse": (["/_synapse/client/oidc/callback"], "basic"),
    "vaultwarden": (["/identity/connect/oidc-signin"], "basic"),
}
SECRET = re.compile(r"okcs_[A-Za-z0-9_-]{43}")


def made(o, *args):
    done = o.p.run("setup", *args)
    assert done.returncode == 0 or "vault's list" in done.stderr, done
    return done.stdout


def client(o, name):
    return json.loads(o.p.run("client", "show", name, "--json").stdout)


def whole(text):
    """No placeholder is left, and no line that belongs to a condition."""
    assert not re.search(r"@[A-Z_]+@|^[?!][A-Z]", text, re.M), text


def lists(o):
    done = o.p.run("setup")
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert set(names) == set(SERVICES) | PROXIES | {
        "apache-api", "dovecot", "generic", "indieauth"}
    assert len(names) == len(set(names)) and max(map(len, done.stdout.splitlines())) <= 50


def each(o):
    for name, (paths, how) in SERVICES.items():
        text = made(o, name, SITE + "/")
        whole(text)
        assert ISSUER in text and ISSUER + "/\"" not in text and SITE + "//" not in text, text
        secret = SECRET.search(text)[0]
        row = client(o, name)
        assert row["redirect_uris"] == [SITE + p for p in paths], row
        assert row["token_endpoint_auth_method"] == "client_secret_" + how, row
        assert "(" not in row["client_name"] and row["sector"] == "git.example.org"
        # what is pasted is what the provider takes: a wrong code, not a wrong client
        r = Client(o, name, secret, how).post("/token", grant_type="authorization_code",
                                              code="x", redirect_uri=SITE + paths[0])
        assert r.status == 400 and r.json()["error"] == "invalid_grant", (name, r.raw)
        again = made(o, name, SITE)
        whole(again)
        assert not SECRET.search(again) and "ownkey-oidc client secret " + name in again
        assert secret not in open(o.p.path, encoding="utf-8").read() + o.p.said()


def others(o):
    for args, why in ((["forgejo", "https://other.example.org"], "other addresses"),
                      (["forgejo"], "where is it"),
                      (["forgejo", "http://git.example.org"], "no addr"),
                      (["forgejo", "https://git.example.org/a?b=c"], "no addr"),
                      (["forgejo", "https://git.example.org/'$(id)"], "no addr"),
                      (["forgejo", "https://GIT.example.org"], "no addr"),
                      (["nosuch", SITE], "no recipe"), (["nginx", SITE], "no URL")):
        done = o.p.run("setup", *args)
        assert done.returncode in (1, 64) and why in done.stderr, done
    text = made(o, "forgejo", "https://other.example.org", "--id", "forge2", "--name", "Forge two")
    assert "--key 'forge2'" in text
    row = client(o, "forge2")
    assert row["client_name"] == "Forge two"
    assert row["redirect_uris"] == ["https://other.example.org/user/oauth2/ownkey/callback"]
    # below a path, and at a port
    made(o, "miniflux", "https://example.org:8443/rss/", "--id", "rss")
    assert client(o, "rss")["redirect_uris"] == [
        "https://example.org:8443/rss/oauth2/oidc/callback"]


def generic(o):
    text = made(o, "generic", "https://x.example/back/", "--id", "x")
    whole(text)
    assert "https://x.example/back/\n" in text
    assert client(o, "x")["redirect_uris"] == ["https://x.example/back/"]
    # each address that it names is one that the provider has
    document = o.p.get("/idp/.well-known/openid-configuration").json()
    for member in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint",
                   "end_session_endpoint", "jwks_uri", "issuer"):
        assert document[member] + "\n" in text, member


def resource(o):
    text = made(o, "apache-api", "https://files.example/v1")
    whole(text)
    secret = SECRET.search(text)[0]
    api = Client(o, "https://files.example/v1", secret)
    assert api.introspect("okat_" + "A" * 43) == {"active": False}
    document = o.p.get("/idp/.well-known/openid-configuration").json()
    assert "Endpoint %s\n" % document["introspection_endpoint"] in text
    text = made(o, "dovecot", "https://mail.example")
    whole(text)
    secret = re.search(r"^secret +(okcs_\S+)$", text, re.M)[1]
    where = document["introspection_endpoint"].replace(
        "://", "://https%253A%252F%252Fmail.example:" + secret + "@")
    assert "introspection_url = %s\n" % where in text, text


def formats(o):
    """What is JSON or YAML is read by others."""
    text = made(o, "paperless", SITE, "--id", "paper2")
    got = json.loads(re.search(r"^PAPERLESS_SOCIALACCOUNT_PROVIDERS=(.*)$", text, re.M)[1])
    app = got["openid_connect"]["APPS"][0]
    assert app["client_id"] == "paper2" and app["settings"]["server_url"] == ISSUER
    assert app["secret"] == SECRET.search(text)[0]
    text = made(o, "synapse", SITE, "--id", "matrix2")
    got = yaml.safe_load(text[text.index("oidc_providers:"):])["oidc_providers"][0]
    assert got["issuer"] == ISSUER and got["client_id"] == "matrix2"
    # names are not in our ID tokens, where it would look for them
    assert got["user_profile_method"] == "userinfo_endpoint"
    assert got["client_secret"] == SECRET.search(text)[0]
    # shells take the command apart as it is meant
    text = made(o, "forgejo", SITE, "--id", "forge3")
    command = text[text.index("forgejo admin"):].split("\n\n")[0]
    done = subprocess.run(["sh", "-c", "forgejo() { printf '%s\\n' \"$@\"; }\n" + command],
                          capture_output=True, text=True, check=True)
    words = done.stdout.splitlines()
    assert words[words.index("--secret") + 1] == SECRET.search(text)[0]
    assert words[words.index("--scopes") + 1] == "openid profile email"
    assert words[words.index("--auto-discover-url") + 1] == \
        ISSUER + "/.well-known/openid-configuration"


def page(o):
    text = made(o, "indieauth", "https://ann.example/")
    whole(text)
    assert 'href="%s/.well-known/oauth-authorization-server"' % ISSUER in text
    assert o.p.get("/idp/.well-known/oauth-authorization-server").json()["issuer"] == ISSUER
    # the address in it begins with the issuer, as the standard wants (3.1), and there are three
    assert re.findall(r'<link rel="(\S+)"', text) == [
        "indieauth-metadata", "authorization_endpoint", "token_endpoint"], text


def pkce(o):
    """Where all must use PKCE, who cannot is excepted."""
    o.p.conf["pkce"] = "always"
    o.p.stop()
    o.p.start()
    made(o, "hedgedoc", SITE, "--id", "pad2")
    made(o, "grafana", SITE, "--id", "graph2")
    assert "not-pkce" in client(o, "pad2")["flags"]
    assert "not-pkce" not in client(o, "graph2")["flags"]


if __name__ == "__main__":
    sys.exit(run_shared([
        ("the list", lists),
        ("each service: text, client, secret, shown again", each),
        ("another address, no address, no service", others),
        ("any other service", generic),
        ("a service that only checks tokens", resource),
        ("JSON, YAML and commands are read as they are meant", formats),
        ("a page of one's own", page),
        ("a service without PKCE", pkce),
    ]))
