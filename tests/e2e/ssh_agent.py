"""OpenSSH's ssh-add and ssh-keygen with ssh.sock.  The cases are named after the scripts of
OpenSSH's regress whose outcome they repeat; where ours differs on purpose that is said there."""

import contextlib
import os
import signal
import sys
import time

from hardening import SANITIZED, is_hidden, may_trace
from ownkey import BUILD, children, run_parallel, until
from policy import Pinentry
from sshdoor import KINDS, Door, blob_of, door, sign_request, ssh_socket, vault_key
from ssh_keys import NAMES as NAME
from ssh_keys import Key, fingerprint, strings, take, userauth

NAMES = ["ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-ed25519",
         "ssh-rsa"]
CERT = "-cert-v01@openssh.com"
ALL = sorted(NAMES + [n + CERT for n in NAMES])


def everything(t):
    """Keys of all kinds with certificates."""
    ca = t.generate("ca")
    return [t.generate("key_" + kind, kind, ca) for kind in KINDS]


# --- agent.sh ---

def agent_sh(directory):
    """agent.sh: no agent 2, no keys 1; keys of all kinds and certificates added, listed, tested"""
    with door(directory) as (agent, _, _, t):
        t.do("ssh-add", "-l", status=2, SSH_AUTH_SOCK=directory + "/nothing")
        assert "no identities" in t.do("ssh-add", "-l", status=1)
        for file in everything(t):
            t.add(file)
            t.add("-q", file)  # again is no second one
        assert t.kinds() == ALL, t.kinds()
        listed = t.add("-l").splitlines()
        assert len(listed) == len(ALL)
        for kind in KINDS:
            finger = t.do("ssh-keygen", "-l", "-f", "%s/key_%s.pub" % (t.dir, kind)).split()[1]
            assert sum(finger in l for l in listed) == 2, (finger, listed)
        assert t.add("-l", "-E", "md5").count("MD5:") == len(ALL)
        assert agent.status().locked is not True


def agent_sh_delete(directory):
    """agent.sh: -D, -d with and without -k, -d from stdin"""
    with door(directory) as (_, _, _, t):
        files = everything(t)
        t.add(*files)
        assert t.kinds() == ALL
        t.add("-D")
        t.do("ssh-add", "-l", status=1)
        t.add("-q", *files)
        assert t.kinds() == ALL
        for file in files:
            key = tuple(open(file + ".pub", encoding="utf-8").read().split()[:2])
            cert = tuple(open(file + "-cert.pub", encoding="utf-8").read().split()[:2])
            for args, stdin, left in ((["-qdk", file], "", [cert]), (["-qd", file], "", []),
                                      (["-qd", "-"], open(file + "-cert.pub").read(), [key]),
                                      (["-qd", "-"], open(file + ".pub").read(), [])):
                if left == [] and args[1] == "-":
                    t.add(*args, stdin=stdin)
                else:
                    t.add("-q", file)
                    t.add(*args, stdin=stdin)
                got = [k for k in t.keys() if k in (key, cert)]
                assert got == left, (args, got, left)
            t.do("ssh-add", "-d", file, status=1)
        t.do("ssh-add", "-l", status=1)


def agent_sh_usr1(directory):
    """agent.sh: SIGUSR1 takes added keys away; here that is a lock, the vault's stay listed"""
    with door(directory) as (agent, _, person, t):
        _, line = vault_key(agent, person)
        t.add(t.generate("added"))
        assert len(t.keys()) == 2
        os.kill(agent.main_pid(), signal.SIGUSR1)
        until(lambda: agent.status().locked, "the lock")
        until(lambda: t.keys() == [tuple(line.split()[:2])], "added keys to go")
        agent.unlock(person)
        assert t.keys() == [tuple(line.split()[:2])]


def vault_keys(directory):
    """-D and -d hide keys of the vault until the next unlock (OpenSSH: they are gone)"""
    with door(directory) as (agent, _, person, t):
        key = [tuple(vault_key(agent, person, n)[1].split()[:2]) for n in ("one", "two")]
        assert sorted(t.keys()) == sorted(key)
        t.add("-d", "-", stdin=" ".join(key[0]) + "\n")
        assert t.keys() == [key[1]]
        t.add("-D")
        t.do("ssh-add", "-l", status=1)
        agent.lock()
        t.do("ssh-add", "-l", status=1)
        agent.unlock(person)
        assert sorted(t.keys()) == sorted(key)
        agent.lock()
        t.add("-D")  # nothing that was hidden needs an open vault
        t.do("ssh-add", "-l", status=1)
        assert agent.status().locked


def sha1(directory):
    """RSA with SHA-1 is refused (differs from OpenSSH's agent, which still makes it)"""
    with door(directory) as (agent, _, _, t):
        t.add(t.generate("rsa", "rsa"))
        with Door(agent) as d:
            blob = d.list()[0][0]
            data = sshsig(b"file")
            assert d.sign(blob, data) is None
            assert strings(d.sign(blob, data, 2))[0] == b"rsa-sha2-256"
            assert strings(d.sign(blob, data, 4))[0] == b"rsa-sha2-512"


def sshsig(namespace):
    def s(b):
        return len(b).to_bytes(4, "big") + b
    return b"SSHSIG" + s(namespace) + s(b"") + s(b"sha512") + s(bytes(64))


def raw(directory):
    """ssh-add -T signs random bytes: refused (differs from OpenSSH) unless the policy says raw"""
    with door(directory) as (agent, token, person, t):
        label, line = vault_key(agent, person)
        with open(directory + "/vault.pub", "w", encoding="utf-8") as f:
            f.write(line + "\n")
        t.do("ssh-add", "-T", directory + "/vault.pub", status=1)
        for kind in KINDS:
            file = t.generate(kind, kind)
            t.add(file)
            t.do("ssh-add", "-T", file + ".pub", status=1)
        with contextlib.closing(agent.client(person)) as c:
            c.call("policy.set", label=label, raw=True, timeout=30)
        t.do("ssh-add", "-T", directory + "/vault.pub")
        with contextlib.closing(agent.client()) as nobody:
            token.tell("touch-mode", "never")
            nobody.call("policy.set", label=label, raw=False)
            assert nobody.ask("policy.set", label=label, raw=True, timeout=15).status != "OK"
        t.do("ssh-add", "-T", directory + "/vault.pub", status=1)


def foreign_certificate(directory):
    """a plain key signs for its certificate that only ssh has (CertificateFile); for no other's"""
    with door(directory) as (agent, _, _, t), Door(agent) as d:
        ca = t.generate("ca")
        for alg in ("ed25519", "rsa", "p384"):
            keys = [Key(directory, alg, n + alg) for n in ("mine_", "other_")]
            certs = []
            for k in keys:
                t.do("ssh-keygen", "-q", "-s", ca, "-I", "me", "-n", "alice", k.file + ".pub")
                certs.append(blob_of(k.file + "-cert.pub"))
                os.rename(k.file + "-cert.pub", k.file + ".cert")
            t.add(keys[0].file)
            flags = 4 if alg == "rsa" else 0
            data = userauth(keys[0], alg=NAME[alg] + CERT.encode(), blob=certs[0])
            keys[0].verify(d.sign(keys[0].blob, data, flags), data)
            for wrong in (userauth(keys[0], alg=NAME[alg], blob=certs[0]),
                          userauth(keys[0], alg=NAME[alg] + CERT.encode()),
                          userauth(keys[0], alg=NAME[alg] + CERT.encode(), blob=certs[1]),
                          userauth(keys[0], blob=keys[1].blob)):
                assert d.sign(keys[0].blob, wrong, flags) is None


def question(directory):
    """the question about a login: who asks, for which key, as whom, where, a line each"""
    pinentry = Pinentry(directory, "ok")
    with door(directory, pinentry=pinentry.path) as (agent, _, person, _), Door(agent) as d:
        label, _ = vault_key(agent, person, use=1)
        host = Key(directory, "ed25519", "host")
        blob = d.list()[0][0]
        key = Key.__new__(Key)
        key.alg, key.blob = "ed25519", blob
        assert d.sign(blob, userauth(key, hostkey=host.blob))
        said = pinentry.said().replace("%0A", "\n")
        for line in ("\nssh login as alice\n", "\nkey of the host:\n", "\n%s\n" % label):
            assert line in said, said
        assert fingerprint(host) in said.replace("\n", ""), said
        # asked once
        assert d.sign(blob, userauth(key, user=b"bob")) and len(pinentry.questions()) == 1


def questions_at_once(directory):
    """use 1: what one session asks for at once is one question; a no is for all; who left, not"""
    pinentry = Pinentry(directory, "slow no", "hang", "slow ok")
    with door(directory, pinentry=pinentry.path) as (agent, _, person, _), \
            contextlib.ExitStack() as stack:
        vault_key(agent, person, use=1)
        doors = [stack.enter_context(Door(agent)) for _ in range(20)]
        blob = doors[0].list()[0][0]

        def ask():
            for d in doors:
                d.send(sign_request(blob, sshsig(b"file")))
                if d is doors[0]:
                    until(lambda: len(pinentry.questions()) == asked, "nobody is asked")
        asked = 1
        ask()
        assert [d.receive()[0] for d in doors] == [5] * 20
        assert len(pinentry.questions()) == 1, pinentry.said()
        asked = 2
        ask()
        doors.pop(0).sock.close()
        assert [d.receive()[0] for d in doors] == [14] * 19
        assert len(pinentry.questions()) == 3, pinentry.said()


# --- agent-timeout.sh ---

def agent_timeout_sh(directory):
    """agent-timeout.sh: keys of all kinds with -t are gone when it is over"""
    with door(directory) as (_, _, _, t):
        files = everything(t)
        t.add("-t", "8", *files)
        assert t.kinds() == ALL
        began = time.monotonic()
        until(lambda: not t.keys(), "keys to go", 30)
        assert time.monotonic() - began > 1.5
        assert "no identities" in t.do("ssh-add", "-l", status=1)
        t.add("-k", "-t", "1h", files[0])
        assert t.kinds() == ["ssh-ed25519"]
        # added again without: for as long as the vault is open
        t.add("-k", "-t", "1", files[0])
        t.add("-k", files[0])
        time.sleep(2.2)
        assert t.kinds() == ["ssh-ed25519"]


# --- confirm ---

def confirm(directory):
    """-c: each use is asked for; no is no; without anybody to ask it is refused"""
    pinentry = Pinentry(directory, "ok")
    with door(directory, pinentry=pinentry.path) as (_, _, _, t):
        for kind in ("ed25519", "rsa", "p384"):
            file = t.generate(kind, kind)
            t.add("-c", file)
            os.remove(file)
            pinentry.set("ok")
            for times in (1, 2):
                t.do("ssh-keygen", "-Y", "sign", "-f", file + ".pub", "-n", "file",
                     stdin="hello\n")
                assert len(pinentry.questions()) == times, pinentry.said()
            assert kind in pinentry.said() and "namespace file" in pinentry.said()
            pinentry.set("no")
            done = t.run("ssh-keygen", "-Y", "sign", "-f", file + ".pub", "-n", "file",
                         stdin="hello\n")
            assert done.returncode != 0 and len(pinentry.questions()) == 1, done


def confirm_nobody(directory):
    """-c, and nobody to ask: refused"""
    with door(directory) as (_, _, _, t):
        file = t.generate("unasked")
        t.add("-c", file)
        os.remove(file)
        assert t.run("ssh-keygen", "-Y", "sign", "-f", file + ".pub", "-n", "file",
                     stdin="x").returncode != 0


# --- lock ---

def lock(directory):
    """-x, -X: nothing is listed, added, signed or taken away; wrong passphrases wait"""
    with door(directory) as (agent, _, person, t):
        vault_key(agent, person)
        file = t.generate("added")
        t.add(file)
        t.do("ssh-add", "-X", typed="open", status=1)
        t.add("-x", typed="open sesame")
        t.do("ssh-add", "-l", status=1)
        for args in ([file], ["-D"], ["-d", file], ["-T", file + ".pub"], ["-c", file]):
            t.do("ssh-add", *args, status=1)
        t.do("ssh-add", "-x", typed="again", status=1)
        os.remove(file)
        assert t.run("ssh-keygen", "-Y", "sign", "-f", file + ".pub", "-n", "file",
                     stdin="x").returncode != 0
        began = time.monotonic()
        for wrong in ("open sesam", "open sesame ", "x", "OPEN SESAME"):
            t.do("ssh-add", "-X", typed=wrong, status=1)
        assert time.monotonic() - began > 0.5, "wrong tries cost nothing"
        t.do("ssh-add", "-l", status=1)
        t.add("-X", typed="open sesame")
        assert len(t.keys()) == 2
        t.do("ssh-add", "-X", typed="open sesame", status=1)


def lock_forgotten(directory):
    """a forgotten passphrase of -x ends with the lock of the vault (OpenSSH: with its agent)"""
    with door(directory) as (agent, _, person, t):
        _, line = vault_key(agent, person)
        t.add("-x", typed="forgotten")
        t.do("ssh-add", "-l", status=1)
        agent.lock()
        agent.unlock(person)
        assert t.keys() == [tuple(line.split()[:2])]


# --- smartcards, security keys ---

def providers(directory):
    """-s, -e and keys of sk-helpers: refused, no library is opened"""
    with door(directory) as (agent, _, _, t):
        library = "/usr/lib/x86_64-linux-gnu/libc.so.6"
        for option in ("-s", "-e"):
            t.do("ssh-add", option, library, typed="1234", status=1)
        assert t.run("ssh-add", "-K", typed="1234", SSH_SK_PROVIDER="/nonexistent").returncode
        sk = (b"\x00\x00\x00\x1ask-ssh-ed25519@openssh.com" + s32(bytes(32)) + s32(b"ssh:")
              + b"\x01" + s32(bytes(64)) + s32(b"") + s32(b"comment"))
        provider = b"\xff" + s32(b"sk-provider@openssh.com") + s32(b"internal")
        with Door(agent) as d:
            assert d.ask(b"\x19" + sk + provider) == b"\x05"
            assert d.ask(b"\x11" + sk) == b"\x05"
            for n in (20, 21, 26):
                assert d.ask(bytes([n]) + s32(library.encode()) + s32(b"1234")) == b"\x05"
            assert d.list() == []
        for pid in (agent.role("front"), agent.role("vault")):
            if os.getuid() == 0:
                maps = open("/proc/%d/maps" % pid, encoding="utf-8").read()
                assert "pkcs11" not in maps and "libfido2" not in maps


def s32(b):
    return len(b).to_bytes(4, "big") + b


def query(directory):
    """the query extension names what there is; unknown ones are a failure of their own"""
    with door(directory) as (agent, _, _, _), Door(agent) as d:
        body = d.ask(b"\x1b" + s32(b"query"))
        assert body[0] == 29 and take(body[1:])[0] == b"query", body
        assert strings(body[1:])[1:] == [b"session-bind@openssh.com", b"login@ownkey"], body
        assert d.ask(b"\x1b" + s32(b"nothing@example.org") + b"rest") == b"\x05"


# --- agent-ptrace.sh ---

def agent_ptrace_sh(directory):
    """agent-ptrace.sh: no process of the agent is dumpable or can be traced"""
    with door(directory) as (agent, _, _, t):
        t.add(t.generate("added"))
        for pid in [agent.main_pid(), *children(agent.main_pid())]:
            if SANITIZED:  # its leak checker has to trace itself
                continue
            until(lambda p=pid: os.stat("/proc/%d/mem" % p).st_uid == 0, "hidden")
            is_hidden(pid)
            assert os.getuid() == 0 or not may_trace(pid)


# --- agent-subprocess.sh ---

def agent_subprocess_sh(directory):
    """agent-subprocess.sh: it ends with what it was started for: ownkey try; and on SIGTERM"""
    with door(directory) as (agent, _, person, t):
        pids = [agent.main_pid(), *children(agent.main_pid())]
        agent.stop()
        until(lambda: not any(os.path.exists("/proc/%d" % p) for p in pids), "the agent to end")
        t.do("ssh-add", "-l", status=2)
        agent.start()
        agent.unlock(person)
        file = directory + "/socket"
        key = t.generate("tried")
        script = 'echo "$SSH_AUTH_SOCK" >%s; ssh-add -q %s && ssh-add -L' % (file, key)
        out = t.do(os.path.join(BUILD, "ownkey"), "try", "--", "sh", "-c", script, timeout=60)
        assert " ".join(open(key + ".pub", encoding="utf-8").read().split()[:2]) in out, out
        socket = open(file, encoding="utf-8").read().strip()
        assert socket != ssh_socket(agent) and not os.path.exists(socket)
        assert t.keys() == []


CASES = [agent_sh, agent_sh_delete, agent_sh_usr1, vault_keys, sha1, raw, foreign_certificate,
         question, questions_at_once, agent_timeout_sh, confirm,
         confirm_nobody,
         lock, lock_forgotten, providers, query, agent_ptrace_sh, agent_subprocess_sh]

if __name__ == "__main__":
    sys.exit(run_parallel([(c.__doc__, c) for c in CASES], jobs=3))
