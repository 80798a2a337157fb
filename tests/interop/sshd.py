"""sshd of OpenSSH as an ordinary user, for that user alone: on loopback, or started by ssh itself
for one connection (ProxyCommand), as many hosts as a test wants."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import sys

from free_port import free_port
from ownkey import until

ME = pwd.getpwuid(os.getuid()).pw_name
SSHD = "/usr/sbin/sshd"


class Host:
    """A server called host_NAME.  authorized: lines of authorized_keys."""

    def __init__(self, tools, name, ca=None, lines=""):
        self.name, self.dir = "host_" + name, tools.dir
        self.key = tools.generate(self.name, ca=ca, principal=self.name, host=True)
        self.config, self.keys = (os.path.join(self.dir, self.name + suffix)
                                  for suffix in (".conf", ".authorized"))
        self.log = os.path.join(self.dir, self.name + ".log")
        self.process, self.port = None, free_port()
        self.authorize("")
        with open(self.config, "w", encoding="utf-8") as f:
            f.write("ListenAddress 127.0.0.1\nPort %d\nHostKey %s\nAuthorizedKeysFile %s\n"
                    "PidFile none\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
                    "KbdInteractiveAuthentication no\nMaxAuthTries 64\nMaxStartups 100\n"
                    "ExposeAuthInfo yes\nSubsystem sftp internal-sftp\nSetEnv PATH=/usr/bin:/bin\n"
                    "LogLevel VERBOSE\n%s"
                    % (self.port, self.key, self.keys, lines))
            if ca:
                f.write("HostCertificate %s-cert.pub\n" % self.key)

    def authorize(self, *lines):
        with open(self.keys, "w", encoding="utf-8") as f:
            f.writelines(l.strip() + "\n" for l in lines)

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([SSHD, "-D", "-e", "-f", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        until(self.listens, "sshd")

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self):
        if not self.process:
            return
        out = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True,
                             text=True, check=False)
        for p in out.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(p), signal.SIGTERM)
        self.process.terminate()
        self.process.wait(10)

    def known(self, pattern=None):
        return "%s %s" % (pattern or self.name, open(self.key + ".pub", encoding="utf-8").read())


class Network:
    """What ssh needs to reach some hosts: a configuration and known_hosts."""

    def __init__(self, tools, hosts, known, listening=False):
        self.tools, self.hosts = tools, {h.name[5:]: h for h in hosts}
        self.config = os.path.join(tools.dir, "ssh_config")
        self.known = os.path.join(tools.dir, "known_hosts")
        with open(self.known, "w", encoding="utf-8") as f:
            f.writelines(known)
        with open(self.config, "w", encoding="utf-8") as f:
            for h in hosts:
                f.write("Host %s\n  Hostname %s\n  HostKeyAlias %s\n" % (
                    h.name, "127.0.0.1" if listening else h.name, h.name))
                f.write("  Port %d\n" % h.port if listening else
                        "  ProxyCommand %s -i -f %s -E %s\n" % (SSHD, h.config, h.log))
            f.write("Host *\n  UserKnownHostsFile %s\n  StrictHostKeyChecking yes\n"
                    "  BatchMode yes\n  LogLevel ERROR\n  User %s\n  IdentityFile none\n"
                    % (self.known, ME))

    def ssh(self, host, *args, **kw):
        """args: options, then what follows the host behind "--"."""
        options, command = split(args)
        return self.tools.run("ssh", "-F", self.config, *options, "host_" + host, *command, **kw)


def split(args):
    at = args.index("--") if "--" in args else len(args)
    return args[:at], args[at + 1:]


@contextlib.contextmanager
def listening(tools, *hosts):
    try:
        for h in hosts:
            h.start()
        yield
    except BaseException:
        for h in hosts:
            with contextlib.suppress(FileNotFoundError):
                sys.stderr.write(open(h.log, encoding="utf-8").read())
        raise
    finally:
        for h in hosts:
            h.stop()
