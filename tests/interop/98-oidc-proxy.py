#!/usr/bin/python3
# limit: 300
"""The blocks that `ownkey-oidc setup nginx`, `apache-proxy` and `caddy` print, in the real ones:
the provider behind is reached, at the root and below a path, and knows who asks."""

import contextlib
import glob
import http.client
import json
import os
import socket
import ssl
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
# pylint: disable=wrong-import-position
from fetchworld import Authority
from oidcd import free_port, running
from ownkey import run_parallel, until

HOST = "id.example.org"
CLIENT = "127.0.0.2"  # who asks; the proxy is at 127.0.0.1
ENV = {"PATH": "/usr/sbin:/usr/bin:/bin"}

NGINX = """
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ }}
http {{
	access_log off;
	client_body_temp_path {dir}/body;
	proxy_temp_path {dir}/proxy;
	fastcgi_temp_path {dir}/fastcgi;
	uwsgi_temp_path {dir}/uwsgi;
	scgi_temp_path {dir}/scgi;
	server {{
		listen 127.0.0.1:{port} ssl;
		server_name {host};
		ssl_certificate {pem};
		ssl_certificate_key {pem};
{text}
	}}
}}
"""
APACHE = """
ServerName {host}
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
<VirtualHost *:{port}>
SSLEngine on
SSLCertificateFile {pem}
SSLCertificateKeyFile {pem}
{text}
</VirtualHost>
"""
LOADED = "mpm_event authn_core authz_core proxy proxy_http headers ssl"
CADDY = """
{{
	admin off
	auto_https disable_redirects
	https_port {port}
	default_bind 127.0.0.1
}}
{text}
"""
CHECKS = {"nginx": ["nginx", "-t", "-c"], "apache-proxy": ["apache2", "-t", "-f"],
          "caddy": ["caddy", "validate", "--adapter", "caddyfile", "--config"]}
RUNS = {"nginx": ["nginx", "-c"], "apache-proxy": ["apache2", "-DFOREGROUND", "-f"],
        "caddy": ["caddy", "run", "--adapter", "caddyfile", "--config"]}
HEADS = {"nginx": NGINX, "apache-proxy": APACHE, "caddy": CADDY}
STARTS = {"nginx": "\nlocation", "apache-proxy": "\nProxyRequests", "caddy": "\n" + HOST}


class Front:
    def __init__(self, directory, which, p):
        self.dir, self.port = directory, free_port()
        authority = Authority(directory)
        authority.context([HOST])
        self.ca, pem = authority.path, glob.glob(directory + "/leaf*.pem")[0]
        done = p.run("setup", which)
        assert done.returncode == 0 and "trusted_proxy = " in done.stdout, done
        self.trusted = done.stdout.split("trusted_proxy = ")[1].split()[0]
        text = done.stdout[done.stdout.index(STARTS[which]):]
        if which == "caddy":  # which would ask an authority for a certificate
            text = text.replace("{\n", "{\n\ttls %s %s\n" % (pem, pem), 1)
        conf = directory + "/front.conf"
        with open(conf, "w", encoding="utf-8") as f:
            f.write(HEADS[which].format(
                dir=directory, port=self.port, host=HOST, pem=pem, text=text,
                load="\n".join("LoadModule %s_module /usr/lib/apache2/modules/mod_%s.so" % (m, m)
                               for m in LOADED.split())))
        env = {**ENV, "HOME": directory, "XDG_DATA_HOME": directory, "XDG_CONFIG_HOME": directory}
        done = subprocess.run([*CHECKS[which], conf], env=env, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done
        self.log = open(directory + "/front.log", "wb")  # pylint: disable=consider-using-with
        # pylint: disable-next=consider-using-with
        self.process = subprocess.Popen([*RUNS[which], conf], env=env, stdout=self.log,
                                        stderr=self.log)
        until(self.answers, "%s answers" % which, 60)

    def answers(self):
        assert self.process.poll() is None, open(self.log.name, encoding="utf-8").read()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), 10).close()
            return True

    def ask(self, method, path, body=None, **headers):
        context = ssl.create_default_context(cafile=self.ca)
        raw = socket.create_connection(("127.0.0.1", self.port), 60, (CLIENT, 0))
        c = http.client.HTTPSConnection(HOST, timeout=60)
        c.sock = context.wrap_socket(raw, server_hostname=HOST)
        c.request(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        r = c.getresponse()
        out = r.status, {k.lower(): v for k, v in r.getheaders()}, r.read()
        c.close()
        return out

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def proxied(which, path, unix):
    issuer = "https://" + HOST + path

    def case(directory):
        # short: the path of a Unix socket has 107 characters
        conf = {"issuer": issuer, "log_addresses": "yes"}
        with running(directory, **conf) as p:
            if unix:
                p.conf["listen"].reverse()
            p.stop()
            p.conf["trusted_proxy"] = "unix" if unix else "127.0.0.1"
            p.start()
            front = Front(directory, which, p)
            try:
                check(front, p, issuer, path)
                assert front.trusted == p.conf["trusted_proxy"]
            finally:
                front.stop()
    where = "a Unix socket" if unix else "a port"
    return "%s: %s, by %s" % (which, issuer, where), case


def check(front, p, issuer, path):
    for at in (path + "/.well-known/openid-configuration",
               "/.well-known/openid-configuration" + path,
               "/.well-known/oauth-authorization-server" + path):
        status, _, body = front.ask("GET", at)
        assert status == 200 and json.loads(body)["issuer"] == issuer, (at, status, body)
    # who asks is who connected, whatever they say of themselves
    status, headers, _ = front.ask("GET", path + "/login", X_Forwarded_For="192.0.2.66")
    assert status == 200 and "__Host-ownkey" in headers["set-cookie"], headers
    assert headers["content-security-policy"] and "strict" not in headers, headers
    lines = [line for line in p.said().splitlines() if "address=" in line]
    assert lines and all("address=" + CLIENT in line for line in lines), lines
    # forms, errors for programs, long addresses
    status, headers, body = front.ask("POST", path + "/token", "grant_type=authorization_code",
                                      Content_Type="application/x-www-form-urlencoded")
    assert status in (400, 401) and "error" in json.loads(body), (status, body)
    status, _, body = front.ask("GET", path + "/authorize?client_id=x&state=" + "s" * 6000)
    assert status == 400 and b"html" in body, (status, body)
    status, _, _ = front.ask("GET", path + "/a%2fb")
    assert status == 404
    # a POST from its own page is one: the proxy keeps Host and Origin
    status, headers, body = front.ask("POST", path + "/login/start", "name=&token=x&go=",
                                      Origin="https://" + HOST,
                                      Content_Type="application/x-www-form-urlencoded")
    assert status == 403, (status, body)


CASES = [proxied(which, path, unix) for which in ("nginx", "apache-proxy", "caddy")
         for path in ("", "/idp") for unix in (True, False)]

if __name__ == "__main__":
    sys.exit(run_parallel(CASES, 2))
