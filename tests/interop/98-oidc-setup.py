#!/usr/bin/python3
# limit: 300
"""What `ownkey-oidc setup apache` and `apache-api` print, pasted into Apache as it is: people log
in and out, and tokens are checked."""

import contextlib
import re
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
LOADED = "mpm_event authn_core authz_core authz_user proxy proxy_http headers env auth_openidc"
CONF = """
ServerName localhost
Listen 127.0.0.1:{port}
PidFile {dir}/pid
ErrorLog {dir}/error.log
Mutex file:{dir} default
DefaultRuntimeDir {dir}
{load}
StartServers 1
ThreadsPerChild 8
MinSpareThreads 1
MaxSpareThreads 8
MaxRequestWorkers 8
OIDCCABundlePath {ca}
<VirtualHost *:{port}>
{text}
ProxyPass / http://127.0.0.1:{app}/
RequestHeader set X-Remote-User "expr=%{{REMOTE_USER}}"
</VirtualHost>
"""


def pasted(o, *args):
    """The lines of what was printed that are for Apache."""
    done = o.p.run("setup", *args)
    assert done.returncode == 0 or "vault's list" in done.stderr, done
    o.allow()
    text = done.stdout[done.stdout.index("\nOIDC"):].replace("CHANGE-THIS", "for-tests-only")
    return text[:text.index("</Location>") + len("</Location>")]


@contextlib.contextmanager
def apache(o, service):
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(tempfile.TemporaryDirectory())
        port = free_port()
        site = "http://localhost:%d" % port
        authority = Authority(directory)
        front = stack.enter_context(tls(authority.context(["localhost"])))
        # introspection wants https, and issuers of tests have none
        text = pasted(o, service, site).replace(
            "IntrospectionEndpoint " + ISSUER,
            "IntrospectionEndpoint https://localhost:%d/idp" % front)
        conf = directory + "/httpd.conf"
        with open(conf, "w", encoding="ascii") as f:
            f.write(CONF.format(
                dir=directory, port=port, ca=authority.path, text=text,
                app=stack.enter_context(app()), load="\n".join(
                    "LoadModule %s_module %s/mod_%s.so" % (m, MODULES, m)
                    for m in LOADED.split())))
        run = ["/usr/sbin/apache2", "-f", conf]
        done = subprocess.run([*run, "-t"], capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "Syntax OK" in done.stderr, done
        # pylint: disable-next=consider-using-with
        process = subprocess.Popen([*run, "-DFOREGROUND"], env={"PATH": "/usr/bin:/bin"})
        stack.callback(process.wait, 30)
        stack.callback(process.terminate)
        until(lambda: status(site) in (302, 401), "Apache answers", 60)
        yield site


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):  # pylint: disable=arguments-differ
        return None


def status(site, token=None, path="/x"):
    """Of an answer, or 0; redirects are not followed."""
    asked = urllib.request.Request(site + path)
    if token:
        asked.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.build_opener(Stay).open(asked, timeout=60) as r:
            return r.status
    except urllib.error.HTTPError as e:
        return e.code
    except OSError:
        return 0


def login(o):
    """the site that was printed lets people in, and out"""
    with apache(o, "apache") as site:
        ann = person(o)
        page = ann.go(site + "/wiki")
        assert ann.logged_in() and page.status == 200, page
        assert "X-Remote-User: ann" in page.text or b"X-Remote-User: ann" in page.body, page
        asked = next(p.url for p in ann.said if p.url.startswith(ISSUER + "/authorize?"))
        assert "code_challenge_method=S256" in asked, asked
        # as the text says it
        said = o.p.run("setup", "apache", site).stdout
        out = re.search(r"Log out at (\S+)", said)[1]
        assert urllib.parse.unquote(out).endswith("?logout=" + site + "/"), out
        ann.go(out)
        assert any(p.url.startswith(ISSUER + "/logout") for p in ann.said), ann.said
        # all of the site wants a login, so that the way back leads to one, here too
        assert ann.logged_in()


def api(o):
    """the service that was printed takes good tokens alone"""
    with apache(o, "apache-api") as site:
        client = o.client("app", "--redirect", "https://rp.example/cb", "--trusted", "--scopes",
                          "openid profile")
        o.allow()
        browser = o.browser()
        good = client.login(browser, scope="openid profile", resource=site)["access_token"]
        other = client.login(browser, scope="openid profile")["access_token"]
        assert status(site, good) == 200
        for wrong in good[:-1], other, "okat_" + "A" * 43, None:
            assert status(site, wrong) == 401, wrong


CASES = [("setup: " + fn.__doc__, fn) for fn in (login, api)]

if __name__ == "__main__":
    sys.exit(run_shared(CASES))
