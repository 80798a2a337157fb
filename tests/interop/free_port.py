#!/usr/bin/python3
"""A port of 127.0.0.1 that a server may take in a moment: not one of those that the kernel gives to
connections meanwhile."""

import contextlib
import random
import socket

FIRST, LAST = 10240, 32000  # ip_local_port_range begins at 32768


def free_port():
    for _ in range(1000):
        port = random.randrange(FIRST, LAST)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


if __name__ == "__main__":
    print(free_port())
