#!/usr/bin/python3
# limit: 240
"""passport-openidconnect (npm) in an application of express: no PKCE, the secret in the form,
endpoints by hand.  People log in with a token, in a browser."""

import contextlib
import json
import os
import subprocess
import sys
import urllib.parse

from oidc_peers import HERE, ISSUER, NPM, free_port, person, run_shared


@contextlib.contextmanager
def application(o, name, *options):
    port = free_port()
    site = "http://127.0.0.1:%d" % port
    c = o.client(name, "--redirect", site + "/cb", "--secret", "post", "--scopes",
                 "openid profile email")
    o.allow()
    with subprocess.Popen(
            [NPM + "/node_modules/node/bin/node", os.path.join(HERE, "passport_app.mjs"), ISSUER,
             c.id, c.secret, str(port), *options], env={"NPM": NPM}, text=True,
            stdout=subprocess.PIPE) as process:
        try:
            assert "listening" in process.stdout.readline()
            yield site
        finally:
            process.terminate()


def login(o):
    """a person logs in; the application has profile and context"""
    with application(o, "app") as site:
        ann = person(o)
        assert ann.go(site + "/").status == 401
        page = ann.go(site + "/login")
        assert page.status == 200 and page.url == site + "/" and ann.logged_in(), page
        user = json.loads(page.body)
        assert user["iss"] == ISSUER and user["told"]["displayName"] == "Ann Lee", user
        assert user["told"]["emails"] == [{"value": "ann@example.org"}], user
        assert user["told"]["id"] == user["inToken"]["id"] and len(user["told"]["id"]) == 32
        assert user["told"]["username"] == "ann" and user["told"]["name"] == {
            "familyName": "Lee", "givenName": "Ann"}, user
        assert user["context"]["class"] == "phrh" and "hwk" in user["context"]["methods"], user
        assert "refresh_token" not in user["params"], user
        assert ann.go(site + "/").status == 200
        # a second login: neither the token nor the person is asked
        assert ann.go(site + "/login").status == 200 and not ann.logged_in()
        assert not any(b'name="decision"' in p.body for p in ann.said)


def answer(person_, site):
    """The address with the answer, not gone to."""
    page = person_.ask(site + "/login")
    while not page.headers.get("location", "").startswith(site):
        page = person_.next(page)
    return page.headers["location"]


def wrong_state(o):
    """an answer with another state, of another browser, or a second time"""
    with application(o, "state") as site:
        ann = person(o)
        to = answer(ann, site)
        assert ann.go(to.replace("state=", "state=x")).status == 403
        assert ann.go(site + "/").status == 401
        thief = person(o, "bob")
        assert thief.go(to).status == 403 and thief.go(site + "/").status == 401
        # the first wrong one ended this attempt: passport is as strict
        to = answer(ann, site)
        assert ann.go(to).url == site + "/"
        used = urllib.parse.parse_qs(urllib.parse.urlsplit(to).query)["code"][0]
        again = urllib.parse.urlsplit(answer(ann, site))
        fresh = urllib.parse.parse_qs(again.query)
        page = ann.go("%s/cb?%s" % (site, urllib.parse.urlencode({
            "code": used, "state": fresh["state"][0]})))
        assert page.status == 500 and json.loads(page.body) == {
            "name": "TokenError", "code": "invalid_grant"}, page


def says_no(o):
    """a person says no, and may say yes later"""
    with application(o, "no") as site:
        ann = person(o)
        ann.decision = "no"
        page = ann.go(site + "/login")
        assert "error=access_denied" in page.url and page.status == 401, page
        ann.decision = "yes"
        assert ann.go(site + "/login").status == 200


def fresh_login(o):
    """prompt=login: the token is asked for each time"""
    with application(o, "fresh", "prompt=login") as site:
        ann = person(o)
        for _ in range(2):
            assert ann.go(site + "/login").status == 200 and ann.logged_in()


def aged_login(o):
    """max_age is kept: a login of today will do, one of an hour ago will not"""
    with application(o, "aged", "maxAge=3600") as site:
        ann = person(o)
        assert ann.go(site + "/login").status == 200 and ann.logged_in()
        assert ann.go(site + "/login").status == 200 and not ann.logged_in()
        o.sql("UPDATE session SET auth_time=auth_time-4000")
        assert ann.go(site + "/login").status == 200 and ann.logged_in()


CASES = [("passport-openidconnect: " + fn.__doc__, fn)
         for fn in (login, wrong_state, says_no, fresh_login, aged_login)]

if __name__ == "__main__":
    sys.exit(run_shared(CASES))
