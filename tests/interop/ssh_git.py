"""ssh-keygen -Y and git with gpg.format=ssh sign through ssh.sock; OpenSSH and git verify."""

import os
import sys

from ownkey import run_parallel, until
from policy import Pinentry
from sshdoor import KINDS, door, vault_key


def public_file(directory, line, name="key.pub"):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as f:
        f.write(line.strip() + "\n")
    return path


def allowed(directory, *lines):
    path = os.path.join(directory, "allowed")
    with open(path, "w", encoding="utf-8") as f:
        f.writelines("me@example.org " + " ".join(l.split()[:2]) + "\n" for l in lines)
    return path


def verify(t, signers, signature, message, namespace="file", status=0):
    path = os.path.join(t.dir, "message.sig")
    with open(path, "w", encoding="utf-8") as f:
        f.write(signature)
    done = t.run("ssh-keygen", "-Y", "verify", "-f", signers, "-I", "me@example.org", "-n",
                 namespace, "-s", path, stdin=message, SSH_AUTH_SOCK="")
    assert (done.returncode != 0) == (status != 0), done


def keygen(directory):
    """ssh-keygen -Y sign, also with -U: keys of the vault and added ones of all kinds"""
    with door(directory) as (agent, _, person, t):
        lines = [vault_key(agent, person)[1]]
        for kind in KINDS:
            file = t.generate(kind, kind)
            t.add(file)
            os.remove(file)
            lines.append(open(file + ".pub", encoding="utf-8").read())
        for n, line in enumerate(lines):
            key, signers = public_file(directory, line, "%d.pub" % n), allowed(directory, line)
            for options in ([], ["-U"], ["-O", "hashalg=sha256"]):
                sig = t.do("ssh-keygen", "-Y", "sign", *options, "-f", key, "-n", "file",
                           stdin="hello")
                allowed(directory, line)
                verify(t, signers, sig, "hello")
                verify(t, signers, sig, "hellp", status=1)
                verify(t, signers, sig, "hello", namespace="git", status=1)
                allowed(directory, lines[n - 1])
                verify(t, signers, sig, "hello", status=1)
        done = t.run("ssh-keygen", "-Y", "sign", "-U", "-f", key, "-n", "file", stdin="x",
                     SSH_AUTH_SOCK="")
        assert done.returncode != 0


def repository(t, key, signers):
    """A function that runs git in one."""
    where = os.path.join(t.dir, "repository")
    os.mkdir(where)

    def git(*args, status=0, **kw):
        return t.do("git", "-C", where, *args, status=status, GIT_CONFIG_NOSYSTEM="1",
                    GIT_CONFIG_GLOBAL="/dev/null", **kw)
    git("init", "-q", "-b", "main")
    for name, value in (("user.name", "me"), ("user.email", "me@example.org"),
                        ("gpg.format", "ssh"), ("user.signingkey", key),
                        ("gpg.ssh.allowedSignersFile", signers), ("commit.gpgsign", "true")):
        git("config", name, value)
    return git


def git_signs(directory):
    """git commit and tag, by file and by key::; show-signature, verify-tag; a wrong signer"""
    with door(directory) as (agent, _, person, t):
        _, line = vault_key(agent, person)
        git = repository(t, public_file(directory, line), allowed(directory, line))
        git("commit", "-q", "--allow-empty", "-m", "first")
        git("config", "user.signingkey", "key::" + " ".join(line.split()[:2]))
        git("commit", "-q", "--allow-empty", "-m", "second")
        git("tag", "-s", "-m", "one", "v1")
        done = t.run("git", "-C", directory + "/repository", "log", "--show-signature")
        assert done.stdout.count('Good "git" signature for me@example.org') == 2, done
        assert git("log", "--format=%G?").split() == ["G", "G"]
        git("verify-tag", "v1")
        git("verify-commit", "HEAD")
        # signed by a key that is not in the list
        other = t.generate("other")
        t.add(other)
        git("-c", "user.signingkey=%s.pub" % other, "commit", "-q", "--allow-empty", "-m", "third")
        assert git("log", "--format=%G?").split()[0] == "U"
        git("verify-commit", "HEAD", status=1)
        # without the key there is no commit
        t.add("-D")
        os.remove(other)
        git("commit", "-q", "--allow-empty", "-m", "fourth", status=128)
        assert len(git("log", "--format=%h").split()) == 3


def git_asks(directory):
    """use 1: a rebase of ten commits is asked for once, and the question says git"""
    pinentry = Pinentry(directory, "ok")
    with door(directory, pinentry=pinentry.path) as (agent, _, person, t):
        _, line = vault_key(agent, person, use=1)
        git = repository(t, public_file(directory, line), allowed(directory, line))
        for n in range(10):
            git("commit", "-q", "--allow-empty", "-m", str(n))
        assert len(pinentry.questions()) == 1, pinentry.said()
        assert "namespace git" in pinentry.said()
        git("rebase", "-q", "--root", "--force-rebase", "--keep-empty")
        assert git("log", "--format=%G?").split() == ["G"] * 10
        assert len(pinentry.questions()) == 1, pinentry.said()


def git_waits(directory):
    """a locked vault: git waits for the touch"""
    with door(directory, {"pin": None}) as (agent, token, person, t):
        _, line = vault_key(agent, person)
        git = repository(t, public_file(directory, line), allowed(directory, line))
        agent.lock()
        token.tell("touch-mode", "never")
        p = t.start("git", "-C", directory + "/repository", "commit", "-q", "--allow-empty", "-m",
                    "late")
        until(token.is_waiting, "no touch is wanted")
        token.tell("touch")
        assert p.wait(20) == 0, p.stdout.read()
        assert git("log", "--format=%G?").split() == ["G"]


CASES = [keygen, git_signs, git_asks, git_waits]

if __name__ == "__main__":
    sys.exit(run_parallel([(c.__doc__, c) for c in CASES], jobs=2))
