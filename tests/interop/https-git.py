#!/usr/bin/python3
"""usage: https-git.py ROOT CERT KEY USER PASSWORD      prints its port, then serves

git's own http-backend below ROOT, over TLS, for who knows user and password; each request and its
status is a line of ROOT/requests."""
import base64
import http.server
import os
import ssl
import subprocess
import sys

root, cert, key, user, password = sys.argv[1:]
WANT = "Basic " + base64.b64encode(("%s:%s" % (user, password)).encode()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def note(self, status):
        with open(os.path.join(root, "requests"), "a", encoding="utf-8") as f:
            f.write("%s %s %d\n" % (self.command, self.path, status))

    def refuse(self):
        self.note(401)
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while size := int(self.rfile.readline(), 16):
                data += self.rfile.read(size)
                self.rfile.readline()
            return data
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def do_GET(self):  # pylint: disable=invalid-name
        data = self.body()
        if self.headers.get("Authorization") != WANT:
            self.refuse()
            return
        path, _, query = self.path.partition("?")
        done = subprocess.run(["git", "http-backend"], input=data, capture_output=True, check=True,
            env={"PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": root, "GIT_HTTP_EXPORT_ALL": "1",
                 "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command,
                 "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_USER": user,
                 "CONTENT_LENGTH": str(len(data)), "REMOTE_ADDR": "127.0.0.1",
                 "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                 "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")})
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(fields.pop("Status", "200").split()[0])
        self.note(status)
        self.send_response(status)
        for item in fields.items():
            self.send_header(*item)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(cert, key)
server.socket = tls.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
