"""agent-getpeereid.sh of OpenSSH's regress: another user gets nothing from ssh.sock."""

import os
import subprocess
import sys

from ownkey import run_parallel
from sshdoor import Door, door, ssh_socket, vault_key

NOBODY = 65534
CONNECT = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
s.connect(sys.argv[1])
try:
    s.sendall(bytes([0, 0, 0, 1, 11]))
    print(len(s.recv(1000)))
except (BrokenPipeError, ConnectionResetError):
    print(0)
"""


def as_nobody(t, *args):
    return subprocess.run(args, env=t.env, user=NOBODY, group=NOBODY, extra_groups=[], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)


def another_user(directory):
    """another uid: the file modes keep it out; were they open, the agent would"""
    with door(directory) as (agent, _, person, t):
        _, line = vault_key(agent, person)
        assert as_nobody(t, "ssh-add", "-l").returncode == 2
        path = ssh_socket(agent)
        assert os.stat(path).st_mode & 0o777 == 0o600
        where = path
        while where != "/tmp" and where != "/":
            os.chmod(where, os.stat(where).st_mode | (0o666 if where == path else 0o011))
            where = os.path.dirname(where)
        done = as_nobody(t, "ssh-add", "-L")
        assert done.returncode, done
        assert line.split()[1] not in done.stdout + done.stderr
        done = as_nobody(t, "/usr/bin/python3", "-c", CONNECT, path)
        assert done.stdout.strip() == "0", done
        assert "a connection was refused" in agent.said()
        with Door(agent) as d:
            assert len(d.list()) == 1


if __name__ == "__main__":
    sys.exit(run_parallel([(another_user.__doc__, another_user)]))
