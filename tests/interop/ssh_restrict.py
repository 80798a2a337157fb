"""Keys with destinations (ssh-add -h) at real sshds: every case of OpenSSH's agent-restrict.sh,
with five hosts, two of them known by a CA only."""

import contextlib
import os
import sys

from ownkey import run_parallel
from sshd import ME, Host, Network
from sshdoor import door

HOSTS = "abcde"
CYCLE = "abaacde"


class Restrict:
    """Five hosts, a key for each (and x, which no host is for), their private files away."""

    def __init__(self, tools):
        self.t = tools
        ca = tools.generate("host_ca")
        hosts = [Host(tools, h, ca=ca if h in "de" else None) for h in HOSTS]
        x = Host(tools, "x")
        known = [h.known() for h in hosts if h.name[5:] not in "de"] + [
            x.known(), "@cert-authority host_* " + self.text(ca + ".pub")]
        self.net = Network(tools, hosts, known)
        self.user = {u: tools.generate("user_" + u) for u in HOSTS + "x"}
        self.hidden = os.path.join(tools.dir, "hidden")
        os.mkdir(self.hidden)
        for u in self.user:
            os.rename(self.user[u], os.path.join(self.hidden, "user_" + u))
        self.authorize("cat $SSH_USER_AUTH")

    @staticmethod
    def text(file):
        return open(file, encoding="utf-8").read()

    def key(self, user):
        return " ".join(self.text(self.user[user] + ".pub").split()[:2])

    def authorize(self, command=None, users=HOSTS + "x"):
        """Each host lets all keys in, and does only this."""
        head = 'restrict,agent-forwarding,command="%s" ' % command if command else ""
        for host in self.net.hosts.values():
            host.authorize(*[head + self.key(u) for u in users])

    def add(self, user, *constraints):
        options = [o for c in constraints for o in ("-h", c)]
        if options:
            options += ["-H", self.net.known]
        self.t.add("-q", *options, os.path.join(self.hidden, "user_" + user))

    def clear(self):
        self.t.run("ssh-add", "-D")

    def ssh(self, host, user):
        """Log in to a host with the key of this user and no other."""
        return self.net.ssh(host, "-oIdentitiesOnly=yes", "-oForwardAgent=yes",
                            "-oExitOnForwardFailure=yes", "-i", self.user[user] + ".pub", "--",
                            "true")

    def works(self, host, user):
        done = self.ssh(host, user)
        assert done.returncode == 0, (host, user, done)
        return done.stdout

    def logs_in(self, host, user):
        """By that key, as the host says."""
        out = self.works(host, user).split()
        assert out[:3] == ["publickey", *self.key(user).split()], out

    def fails(self, host, user):
        done = self.ssh(host, user)
        assert done.returncode == 255, (host, user, done)


@contextlib.contextmanager
def restrict(directory):
    with door(directory) as (agent, _, _, t):
        yield Restrict(t)


def wrong(host):
    return "a" if host == "e" else "e"


def unrestricted(directory):
    """no destinations: every key logs in everywhere, and forwarded all are listed"""
    with restrict(directory) as r:
        for h in HOSTS:
            r.fails(h, h)  # nothing was added
        for u in HOSTS + "x":
            r.add(u)
        for h in HOSTS:
            r.logs_in(h, h)
            r.logs_in(h, wrong(h))
        r.authorize("ssh-add -L | cut -d' ' -f-2 | LC_ALL=C sort")
        for h in HOSTS:
            assert r.works(h, h).splitlines() == sorted(r.key(u) for u in HOSTS + "x")


def basic(directory):
    """a host each: that one, no other; forwarded only the unrestricted key is listed"""
    with restrict(directory) as r:
        for h in HOSTS:
            r.add(h, "host_" + h)
        r.add("x")
        for h in HOSTS:
            r.logs_in(h, h)
            r.fails(h, wrong(h))
            r.logs_in(h, "x")
        r.authorize("ssh-add -L | cut -d' ' -f-2 | LC_ALL=C sort")
        for h in HOSTS:
            assert r.works(h, h).splitlines() == [r.key("x")]


def users(directory):
    """user@host: that user, patterns, no other user"""
    with restrict(directory) as r:
        for pattern, works in ((ME, True), ("*", True), (ME[:3] + "*", True), ("--BADUSER", False)):
            for h in HOSTS:
                r.add(h, "%s@host_%s" % (pattern, h))
            for h in HOSTS:
                (r.logs_in if works else r.fails)(h, h)


def principal(directory):
    """a host certificate is good for the names in it only"""
    with restrict(directory) as r:
        r.add("d", "host_e")
        r.fails("d", "d")
        r.clear()
        r.add("d", "host_d")
        r.logs_in("d", "d")


def changed(directory):
    """added again with other destinations those count; with none it is free"""
    with restrict(directory) as r:
        r.add("a", "host_a")
        r.logs_in("a", "a")
        r.add("a", "host_b")
        r.fails("a", "a")
        r.logs_in("b", "a")
        r.add("a")
        r.logs_in("c", "a")


SCRIPT = """#!/bin/sh
# said by each hop: who it is, by which key, what its agent has; then the next
me=$1; shift
if [ "$me" != - ]; then echo "HOST $me"; cut -d' ' -f-3 <"$SSH_USER_AUTH"; fi
echo AGENT
ssh-add -L 2>/dev/null | grep ^ssh | cut -d' ' -f-2 | LC_ALL=C sort
[ $# = 0 ] && echo FINISH && exit 0
echo NEXT
ssh -F %(config)s -oIdentitiesOnly=yes -oForwardAgent=yes -i %(user)s host_$1 %(script)s "$@"
e=$?
echo "COMPLETE $me"
exit $e
"""


class Hops:
    def __init__(self, r):
        self.r, self.script = r, os.path.join(r.t.dir, "hop")
        with open(self.script, "w", encoding="utf-8") as f:
            f.write(SCRIPT % {"config": r.net.config, "user": r.user["a"] + ".pub",
                              "script": self.script})
        os.chmod(self.script, 0o755)
        r.authorize(users="a")

    def go(self, hops):
        return self.r.t.run(self.script, "-", *hops, timeout=60)

    def expected(self, hops, here, there):
        """here: keys that are listed here; there(hop is the last): forwarded."""
        out = ["AGENT", *sorted(here), "NEXT"]
        for i, h in enumerate(hops):
            last = i == len(hops) - 1
            out += ["HOST " + h, "publickey " + self.r.key("a"), "AGENT", *sorted(there(last)),
                    "FINISH" if last else "NEXT"]
        return out + ["COMPLETE " + h for h in reversed(["-", *hops[:-1]])]

    def works(self, hops, here, there):
        done = self.go(hops)
        assert done.returncode == 0, done
        assert done.stdout.splitlines() == self.expected(hops, here, there), (
            done.stdout, self.expected(hops, here, there))

    def fails(self, hops, reached):
        """It comes as far as this."""
        done = self.go(hops)
        assert done.returncode != 0 and "FINISH" not in done.stdout, done
        got = [l.split()[1] for l in done.stdout.splitlines() if l.startswith("HOST ")]
        assert got == list(reached), (got, done)


WAY = ["host_a", "host_a>host_b", "host_b>host_c", "host_c>host_d", "host_d>host_e"]
BACK = ["host_b>host_a", "host_a>host_a", "host_a>host_c"]


def way(user, constraints):
    return [c if ">" not in c else c.replace(">", ">%s@" % user) for c in constraints]


def multihop_free(directory):
    """five hops, and in circles, without destinations: all keys are listed on each"""
    with restrict(directory) as r:
        hops = Hops(r)
        for u in HOSTS:
            r.add(u)
        keys = [r.key(u) for u in HOSTS]
        hops.works(HOSTS, keys, lambda last: keys)
        hops.works(CYCLE, keys, lambda last: keys)


def multihop(directory):
    """five hops, each of them named: listed only where it may go on from; not further"""
    with restrict(directory) as r:
        hops = Hops(r)
        r.add("a", *WAY)
        for u in "bcde":
            r.add(u, "host_x")
        keys = [r.key(u) for u in HOSTS]
        ways = [WAY, way(ME, WAY), way("*", WAY)]
        for constraints in ways:
            r.add("a", *constraints)
            hops.works(HOSTS, keys, lambda last: [] if last else [r.key("a")])
        # a user that nobody is
        r.add("a", *way("*", WAY[:3]), "host_c>--BADUSER@host_d", "host_d>*@host_e")
        hops.fails(HOSTS, "abc")
        # one hop is missing
        r.add("a", *WAY[:2], *WAY[3:])
        hops.fails(HOSTS, "ab")
        r.add("a", "host_a")
        hops.fails(HOSTS, "a")


def cycle(directory):
    """in circles: only when each step is named"""
    with restrict(directory) as r:
        hops = Hops(r)
        for u in "bcde":
            r.add(u, "host_x")
        r.add("a", *WAY)
        hops.fails(CYCLE, "ab")
        r.add("a", *WAY, *BACK)
        hops.works(CYCLE, [r.key(u) for u in HOSTS], lambda last: [] if last else [r.key("a")])


def there(directory):
    """forwarded: a restricted key is not used, nor deleted, nor replaced, nor lent further"""
    with restrict(directory) as r:
        r.add("a", "host_a")
        r.add("x")
        public = r.user["a"] + ".pub"
        for command in ("ssh-add -d %s" % public,
                        "echo x | ssh-keygen -Y sign -f %s -n file" % public,
                        "ssh-add -q %s/user_a" % r.hidden,
                        "ssh -F %s -oIdentitiesOnly=yes -i %s host_a true" % (
                            r.net.config, public)):
            r.authorize(command)
            done = r.ssh("a", "x")
            assert done.returncode != 0, (command, done)
        r.authorize("ssh-add -l | wc -l")
        assert r.works("a", "x").strip() == "1"
        assert len(r.t.keys()) == 2
        r.authorize("cat $SSH_USER_AUTH")
        r.logs_in("a", "a")
        r.fails("b", "a")


CASES = [unrestricted, basic, users, principal, changed, multihop_free, multihop, cycle, there]

if __name__ == "__main__":
    sys.exit(run_parallel([("agent-restrict.sh: " + c.__doc__, c) for c in CASES], jobs=2))
