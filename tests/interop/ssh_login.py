"""ssh, scp, sftp and sshd on loopback with ssh.sock: the logins of OpenSSH's agent.sh, and what is
ours: the question, waiting for the vault, one answer for a session."""

import contextlib
import os
import sys
import time

from ownkey import run_parallel, until
from policy import Pinentry
from sshd import ME, Host, Network, listening
from sshdoor import KINDS, door, ssh_socket, vault_key


@contextlib.contextmanager
def server(directory, key=True, **conf):
    """An open vault with a key that a server on loopback lets in."""
    with door(directory, **conf) as (agent, token, person, t):
        line = label = None
        if key:
            label, line = vault_key(agent, person, use=key is not True and key or 0)
        host = Host(t, "a")
        host.authorize(*([line] if line else []))
        net = Network(t, [host], [host.known()], listening=True)
        with listening(t, host):
            yield agent, token, person, t, host, net, (label, line)


def logs_in(net, *options, **kw):
    done = net.ssh("a", *options, "--", "exit", "52", **kw)
    assert done.returncode == 52, done


def fails(net, *options, **kw):
    done = net.ssh("a", *options, "--", "exit", "52", **kw)
    assert done.returncode == 255, done


def derived(directory):
    """a derived key logs in; none without it, none after -D, again after the next unlock"""
    with server(directory) as (agent, _, person, t, host, net, _key):
        logs_in(net)
        t.add("-D")
        fails(net)
        agent.lock()
        agent.unlock(person)
        logs_in(net)
        host.authorize()
        fails(net)
        host.authorize(_key[1])
        # IdentityAgent, without the variable
        logs_in(net, "-oIdentityAgent=" + ssh_socket(agent), SSH_AUTH_SOCK="")
        fails(net, SSH_AUTH_SOCK="")
        fails(net, "-oIdentityAgent=none")


def agent_sh_logins(directory):
    """agent.sh: logins with keys of all kinds, with certificates, by IdentitiesOnly"""
    with server(directory, key=False) as (_, _, _, t, host, net, _key):
        ca = t.generate("ca")
        for kind in KINDS:
            file = t.generate(kind, kind, ca)
            public = open(file + ".pub", encoding="utf-8").read()
            t.add(file)
            os.rename(file, file + ".away")
            host.authorize(public)
            logs_in(net, "-i", file + ".pub", "-oIdentitiesOnly=yes")
            fails(net, "-i", ca + ".pub", "-oIdentitiesOnly=yes")
            if kind == "rsa":
                for alg in ("rsa-sha2-256", "rsa-sha2-512"):
                    logs_in(net, "-oPubkeyAcceptedAlgorithms=" + alg)
                # SHA-1: refused by us whatever sshd would take
                fails(net, "-oPubkeyAcceptedAlgorithms=ssh-rsa")
            line = 'cert-authority,principals="%s" ' + open(ca + ".pub", encoding="utf-8").read()
            host.authorize(line % "estragon")
            logs_in(net, "-i", file + ".pub", "-oCertificateFile=" + file + "-cert.pub",
                    "-oIdentitiesOnly=yes")
            host.authorize(line % "vladimir")
            fails(net, "-i", file + ".pub", "-oCertificateFile=" + file + "-cert.pub")


def into_vault(directory):
    """ssh_add = vault: keys of all kinds are kept, log in after a restart of the agent"""
    pinentry = Pinentry(directory, "ok")
    with server(directory, key=False, ssh_add="vault", pinentry=pinentry.path) as (
            agent, _, person, t, host, net, _key):
        files = [t.generate(kind, kind) for kind in KINDS]
        t.add(*files)
        for file in files:
            os.remove(file)
        agent.restart()
        agent.unlock(person)
        assert len(t.keys()) == len(KINDS)
        for file in files:
            host.authorize(open(file + ".pub", encoding="utf-8").read())
            logs_in(net)
        assert pinentry.questions(), "a kept key asks once"


def forwarding(directory):
    """agent.sh: a forwarded agent lists, logs in from there; another agent's path; -D there"""
    with server(directory) as (agent, _, _, t, host, net, key):
        plain = t.generate("plain")
        there = t.do("ssh-agent", "-s", "-a", directory + "/theirs.sock")
        pid = int(there.split("SSH_AGENT_PID=")[1].split(";")[0])
        theirs = {"SSH_AUTH_SOCK": directory + "/theirs.sock"}
        try:
            t.add(plain, **theirs)
            done = net.ssh("a", "-A", "--", "ssh-add", "-L")
            assert key[1].split()[1] in done.stdout and done.returncode == 0, done
            done = net.ssh("a", "-oForwardAgent=" + ssh_socket(agent), "--", "ssh-add", "-L")
            assert key[1].split()[1] in done.stdout, done
            done = net.ssh("a", "-oForwardAgent=" + theirs["SSH_AUTH_SOCK"], "--", "ssh-add", "-L")
            assert key[1].split()[1] not in done.stdout and done.returncode == 0, done
            done = net.ssh("a", "-A", "--", "ssh -F %s host_a exit 53" % net.config)
            assert done.returncode == 53, done
            # ours forwarded by a connection that their agent logs in
            host.authorize(open(plain + ".pub", encoding="utf-8").read())
            done = net.ssh("a", "-oForwardAgent=" + ssh_socket(agent), "--", "ssh-add", "-L",
                           **theirs)
            assert key[1].split()[1] in done.stdout, done
            t.add("-D")
            done = net.ssh("a", "-oForwardAgent=" + ssh_socket(agent), "--", "ssh-add", "-l",
                           **theirs)
            assert done.returncode == 1, done
        finally:
            os.kill(pid, 15)


def asked(directory):
    """use 1: the question names user, host and client; no is no; one yes is for all the session"""
    pinentry = Pinentry(directory, "no", "ok")
    with server(directory, key=1, pinentry=pinentry.path) as (_, _, _, t, host, net, key):
        fails(net)
        said = pinentry.said().replace("%0A", "\n")
        assert "\nssh login as " + ME in said and "\nkey of the host:" in said, said
        said = said.replace("\n", "")
        finger = t.do("ssh-keygen", "-l", "-f", host.key + ".pub").split()[1]
        for part in (finger, key[0], "ssh (process "):
            assert part in said, (part, said)
        before = len(pinentry.questions())
        script = ("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do ssh -F %(c)s host_a true || exit 1; "
                  "done; for i in 1 2 3 4; do scp -q -F %(c)s %(c)s host_a:%(d)s/copy$i || exit 2; "
                  "done; for i in 1 2 3 4; do echo ls | sftp -q -b - -F %(c)s host_a >/dev/null || "
                  "exit 3; done" % {"c": net.config, "d": directory})
        t.do("setsid", "--wait", "sh", "-c", script, timeout=60)
        assert len(pinentry.questions()) == before + 1, pinentry.said()
        assert open(directory + "/copy4").read() == open(net.config).read()


def asked_at_once(directory):
    """use 1: ten logins of one session at the same time are one question, too"""
    pinentry = Pinentry(directory, "slow ok")
    with server(directory, key=1, pinentry=pinentry.path) as (_, _, _, t, _, net, _key):
        script = ("for i in 1 2 3 4 5 6 7 8 9 10; do ssh -F %s host_a echo in & done; wait"
                  % net.config)
        out = t.do("setsid", "--wait", "sh", "-c", script, timeout=60)
        assert out.split() == ["in"] * 10, out
        assert len(pinentry.questions()) == 1, pinentry.said()


def adds_keys(directory):
    """AddKeysToAgent: yes, for a time, confirm"""
    pinentry = Pinentry(directory, "ok")
    with server(directory, key=False, pinentry=pinentry.path) as (_, _, _, t, host, net, _key):
        file = t.generate("mine")
        host.authorize(open(file + ".pub", encoding="utf-8").read())
        for how in ("yes", "2s", "confirm"):
            logs_in(net, "-i", file, "-oAddKeysToAgent=" + how)
            assert len(t.keys()) == 1
            os.rename(file, file + ".away")
            logs_in(net)
            assert len(pinentry.questions()) == (how == "confirm")
            if how == "2s":
                until(lambda: not t.keys(), "the key to go")
            else:
                t.add("-D")
            os.rename(file + ".away", file)


def jumps(directory):
    """ProxyJump: a key with destinations goes to both, and is not lent to the one between"""
    with server(directory, key=False) as (_, _, _, t, host, net, _key):
        between = Host(t, "b")
        file = t.generate("mine")
        net = Network(t, [host, between], [host.known(), between.known()], listening=True)
        with listening(t, between):
            for h in (host, between):
                h.authorize(open(file + ".pub", encoding="utf-8").read())
            for constraints, status in ((("host_a", "host_b"), 52), (("host_a",), 255),
                                        (("host_b",), 255), (("host_b", "host_b>host_a"), 255)):
                t.add("-q", "-H", net.known, *[o for c in constraints for o in ("-h", c)], file)
                os.rename(file, file + ".away")
                done = net.ssh("a", "-oProxyCommand=ssh -F %s -W %%h:%%p host_b" % net.config,
                               "--", "exit", "52")
                assert done.returncode == status, (constraints, done)
                os.rename(file + ".away", file)


def asked_to_go(directory):
    """use 2: each login takes a touch"""
    with server(directory, key=2) as (_, token, _, t, _, net, _key):
        token.tell("touch-mode", "never")
        for _ in range(2):
            p = t.start("ssh", "-F", net.config, "host_a", "exit", "52")
            until(token.is_waiting, "no touch is wanted")
            time.sleep(0.2)
            assert p.poll() is None
            token.tell("touch")
            assert p.wait(20) == 52, p.stdout.read()


def restricted_prompt(directory):
    """ssh-add -c -h: the question names the host as the constraint does"""
    pinentry = Pinentry(directory, "ok")
    with server(directory, key=False, pinentry=pinentry.path) as (_, _, _, t, host, net, _key):
        file = t.generate("mine")
        host.authorize(open(file + ".pub", encoding="utf-8").read())
        t.add("-c", "-h", "%s@host_a" % ME, "-H", net.known, file)
        os.remove(file)
        logs_in(net)
        assert "host: host_a" in pinentry.said() and ME in pinentry.said(), pinentry.said()


def waits_for_touch(directory):
    """a locked vault: the key stays listed, ssh waits for the touch, then it logs in"""
    with server_without_pin(directory) as (agent, token, t, net, line):
        agent.lock()
        assert t.keys() == [tuple(line.split()[:2])]
        token.tell("touch-mode", "never")
        p = t.start("ssh", "-F", net.config, "host_a", "exit", "52")
        others = [t.start("ssh", "-F", net.config, "host_a", "exit", "53") for _ in range(3)]
        until(token.is_waiting, "no touch is wanted")
        time.sleep(0.3)
        assert p.poll() is None and agent.status().locked
        token.tell("touch")
        assert p.wait(20) == 52, p.stdout.read()
        for o in others:
            assert o.wait(20) == 53, o.stdout.read()
        # nobody comes: it ends, the vault is locked, and nothing waits
        agent.lock()
        p = t.start("ssh", "-F", net.config, "host_a", "exit", "52")
        until(token.is_waiting, "no touch is wanted")
        p.terminate()
        p.wait(10)
        until(lambda: not token.is_waiting(), "it still waits")
        assert agent.status().locked


@contextlib.contextmanager
def server_without_pin(directory, **conf):
    with door(directory, {"pin": None}, **conf) as (agent, token, person, t):
        _, line = vault_key(agent, person)
        host = Host(t, "a")
        host.authorize(line)
        net = Network(t, [host], [host.known()], listening=True)
        with listening(t, host):
            yield agent, token, t, net, line


def first_unlock(directory):
    """before the first unlock the list waits; somebody else may open the vault, or nobody does"""
    with server_without_pin(directory, ssh_wait="4s") as (agent, token, t, net, line):
        token.tell("touch-mode", "never")
        agent.restart()
        p = t.start("ssh-add", "-L")
        until(token.is_waiting, "no touch is wanted")
        time.sleep(0.3)
        assert p.poll() is None
        token.tell("touch")
        assert p.wait(20) == 0 and line.split()[1] in p.stdout.read()
        agent.restart()
        login = t.start("ssh", "-F", net.config, "host_a", "exit", "52")
        until(token.is_waiting, "no touch is wanted")
        token.tell("touch")
        assert login.wait(20) == 52, login.stdout.read()
        agent.restart()
        began = time.monotonic()
        done = t.run("ssh-add", "-l")
        assert done.returncode == 1 and "refused" in done.stderr, done
        assert 3 < time.monotonic() - began < 20
        until(lambda: not token.is_waiting(), "it still waits")


def never_waits(directory):
    """ssh_wait = never: a locked vault is a failure at once"""
    with server_without_pin(directory, ssh_wait="never") as (agent, token, t, net, line):
        agent.lock()
        assert t.keys() == [tuple(line.split()[:2])]
        began = time.monotonic()
        fails(net)
        assert time.monotonic() - began < 15 and not token.is_waiting()


CASES = [derived, agent_sh_logins, into_vault, forwarding, asked, asked_at_once, adds_keys, jumps,
         asked_to_go, restricted_prompt,
         waits_for_touch, first_unlock, never_waits]

if __name__ == "__main__":
    sys.exit(run_parallel([(c.__doc__, c) for c in CASES], jobs=2))
