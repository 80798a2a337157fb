#!/usr/bin/python3
"""usage: smtp-auth.py CERT KEY USER PASSWORD FILE    one SMTP session over TLS with AUTH PLAIN;
prints its port, then serves; the message goes into FILE."""
import base64
import socket
import ssl
import sys

cert, key, user, password, out = sys.argv[1:]
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(cert, key)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
WANT = "\0%s\0%s" % (user, password)
while True:
    try:
        stream = tls.wrap_socket(listener.accept()[0], server_side=True).makefile("rwb", 0)
    except OSError:
        continue
    known = False

    def say(line):
        stream.write(line.encode() + b"\r\n")

    say("220 test")
    while line := stream.readline().decode().strip():
        verb = line.split()[0].upper()
        if verb == "EHLO":
            say("250-test\r\n250 AUTH PLAIN")
        elif verb == "AUTH":
            known = base64.b64decode(line.split()[2]).decode() == WANT
            say("235 good" if known else "535 wrong")
        elif verb == "DATA" and known:
            say("354 go on")
            with open(out, "wb") as f:
                while (text := stream.readline()) != b".\r\n":
                    f.write(text)
            say("250 taken")
        elif verb == "QUIT":
            say("221 bye")
            break
        else:
            say("250 ok" if known else "530 who are you?")
