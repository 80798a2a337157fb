"""ownkey pam enroll, list, test, check.  What check says of a stack is held against libpam, which
runs the same stack with pam_debug in the place of what proves somebody."""

import base64
import ctypes
import itertools
import os
import pwd
import random
import subprocess
import sys

from given import token_slots
from ownkey import PASS, TOKEN, run_parallel, world
from vault import Vault

OURS, OTHER = "pam_ownkey.so", "pam_unix.so"
SUCCESS, FAILS, ABSENT, UNKNOWN, IGNORE = ANSWERS = (
    "success", "auth_err", "authinfo_unavail", "user_unknown", "ignore")
STATIC = {"pam_deny.so": "auth_err", "pam_permit.so": "success", "pam_env.so": "success"}


class Pam:
    """libpam with the stacks of a folder."""

    class Conv(ctypes.Structure):
        _fields_ = [("conv", ctypes.c_void_p), ("data", ctypes.c_void_p)]

    def __init__(self):
        self.lib = ctypes.CDLL("libpam.so.0")

    def admits(self, folder, service):
        handle = ctypes.c_void_p()
        status = self.lib.pam_start_confdir(
            service.encode(), b"root", ctypes.byref(self.Conv()), folder.encode(),
            ctypes.byref(handle))
        assert status == 0, status
        status = self.lib.pam_authenticate(handle, 0)
        self.lib.pam_end(handle, status)
        return status == 0


def real(line, ran, ours, others):
    """The line with pam_debug in place of its module; libpam 1.5 looks for what is included in
    /etc/pam.d, whatever folder it was given."""
    if line.endswith(" inner"):
        return line[:-5] + os.path.join(ran, "inner")
    for name, answer in {**STATIC, OURS: None, OTHER: others}.items():
        if name in line:
            if name == OURS:
                known = ours == IGNORE and "nouserok" not in line
                answer = UNKNOWN if known else ours
            return line.split(name)[0] + "pam_debug.so auth=" + answer
    return line


def judged(admits):
    """What is to be said when these get in: the words of the command, and whether it fails."""
    if any(admits(a, FAILS) for a in (FAILS, ABSENT, UNKNOWN)):
        return "lets everyone in, without", True
    if admits(IGNORE, FAILS):
        return "nouserok lets everyone in", True
    if not admits(SUCCESS, SUCCESS):
        return "lets nobody in", True
    if not admits(UNKNOWN, SUCCESS) and not admits(IGNORE, SUCCESS):
        return "locks out whoever", True
    if not admits(ABSENT, SUCCESS):
        return "who loses theirs", False
    if not admits(SUCCESS, FAILS):
        return "token alone is not enough", False
    return "or else what comes after", False


def said(agent, folder, stacks):
    """{service: what it says}, and the exit status"""
    os.makedirs(folder, exist_ok=True)
    for name, text in stacks.items():
        with open(os.path.join(folder, name), "w", encoding="ascii") as f:
            f.write(text)
    done = agent.cli("pam", "check", folder)
    out, name = {}, None
    for line in done.stdout.splitlines():
        if line[:1].strip():
            name = line.split()[1]
            out[name] = line.split()[0]
        else:
            out[name] += " " + line.strip()
    return out, done


def random_stack(rnd, nested):
    lines = []
    for _ in range(rnd.randint(1, 5)):
        module = rnd.choice([OURS, OURS + " nouserok", OTHER, *STATIC])
        control = rnd.choice(["required", "requisite", "sufficient", "optional",
                              "[success=1 default=ignore]", "[success=2 default=ignore]",
                              "[success=done auth_err=die default=bad]",
                              "[success=ok ignore=ignore default=reset]",
                              "[success=ok user_unknown=1 default=die]"])
        lines.append("auth %s %s" % (control, module))
    if nested and rnd.random() < 0.6:
        lines.insert(rnd.randint(0, len(lines)),
                     rnd.choice(["auth substack inner", "auth include inner", "@include inner"]))
    lines.insert(rnd.randint(0, len(lines)), "auth %s %s" % (
        rnd.choice(["required", "sufficient", "[success=1 default=ignore]"]), OURS))
    return lines


def as_libpam(directory):
    """check says of stacks what libpam does with them"""
    pam, rnd = Pam(), random.Random(6)
    with world(directory, start=False) as (agent,):
        for i in range(60):
            folder = os.path.join(directory, "stacks%d" % i)
            inner = random_stack(rnd, False)
            outer = random_stack(rnd, True)
            stacks = {"inner": inner, "outer": outer, "other": ["auth required pam_deny.so"]}
            out, _ = said(agent, folder, {k: "\n".join(v) + "\n" for k, v in stacks.items()})
            ran = os.path.join(directory, "real%d" % i)
            os.makedirs(ran)
            answers = {}
            for ours, others in itertools.product(ANSWERS, (SUCCESS, FAILS)):
                for name, lines in stacks.items():
                    with open(os.path.join(ran, name), "w", encoding="ascii") as f:
                        f.write("\n".join(real(x, ran, ours, others) for x in lines) + "\n")
                for name in ("inner", "outer"):
                    answers[name, ours, others] = pam.admits(ran, name)
            for name in ("inner", "outer"):
                want, bad = judged(lambda a, b, n=name: answers[n, a, b])
                assert want in out[name] and out[name].startswith("warn" if bad else "ok"), (
                    name, stacks, out[name], want)


KNOWN = {
    # what contrib's profile makes of Debian's common-auth
    "good": ("auth [success=2 default=ignore] pam_ownkey.so\n"
             "auth [success=1 default=ignore] pam_unix.so nullok try_first_pass\n"
             "auth requisite pam_deny.so\nauth required pam_permit.so\n", "ok", "or else what"),
    "order": ("auth sufficient pam_ownkey.so\nauth required pam_permit.so\n", "warn", "everyone"),
    "jump": ("auth [success=2 default=ignore] pam_unix.so\n"
             "auth [success=1 default=ignore] pam_ownkey.so\n"
             "auth requisite pam_deny.so\nauth required pam_permit.so\n", "ok", "or else what"),
    "off": ("auth [success=1 default=1] pam_ownkey.so\n"
            "auth requisite pam_deny.so\nauth required pam_permit.so\n", "warn", "everyone"),
    "nouserok": ("auth required pam_ownkey.so nouserok\nauth required pam_permit.so\n", "warn",
                 "nouserok"),
    "second": ("auth required pam_unix.so\nauth required pam_ownkey.so nouserok\n", "ok",
               "who loses"),
    "sole": ("auth required pam_ownkey.so\n", "warn", "locks out"),
    "optional": ("auth optional pam_ownkey.so\nauth required pam_unix.so\n", "ok", "not enough"),
    "gone": ("auth required pam_ownkey.so\n@include nothing-here\n", "warn", "nothing-here"),
    "typo": ("auth requird pam_ownkey.so\n", "warn", "not understood"),
    "loop": ("auth sufficient pam_ownkey.so\n@include loop\n", "warn", "too deep"),
}


def stacks_known(directory):
    """the mistakes that people make have names; other services are left alone"""
    with world(directory, start=False) as (agent,):
        folder = os.path.join(directory, "pam.d")
        out, done = said(agent, folder, {**{k: v[0] for k, v in KNOWN.items()},
                                         "other": "auth required pam_unix.so\n"})
        for name, (_, verdict, words) in KNOWN.items():
            assert out[name].startswith(verdict) and words in out[name], (name, out[name])
        ours, line = "auth sufficient pam_ownkey.so%s\nauth required pam_unix.so\n", "no line of"
        opened, _ = said(agent, folder + "2", {
            "none": ours % "", "sudo-i": ours % "", "stays": ours % " no-unlock",
            "has": ours % "" + "session optional pam_ownkey.so\n", "in": ours % "" + "@include s\n",
            "sub": ours % "" + "session substack s\n", "auth": ours % "" + "auth include s\n",
            "s": "session optional pam_ownkey.so\n"})
        assert {k for k, v in opened.items() if line in v} == {"none", "auth"}, opened
        assert "other" not in out and done.returncode == 1 and "hint" in done.stderr, done
        for name in KNOWN:
            if name != "good":
                os.unlink(os.path.join(folder, name))
        assert agent.cli("pam", "check", folder).returncode == 0
        none = agent.cli("pam", "check", os.path.join(directory, "none"))
        assert none.returncode == 1 and "none" in none.stderr, none


def enrolls_ssh(directory):
    """lines for keys of an ssh agent: those of ssh-keygen, and of tokens; all of them or none"""
    def text(*lines):
        path = os.path.join(directory, "keys")
        with open(path, "w", encoding="utf-8") as f:
            f.write("".join(l + "\n" for l in lines))
        return path
    def string(s):
        return len(s).to_bytes(4, "big") + s
    made = {}
    for kind in ("ed25519", "ecdsa", "rsa"):
        file = os.path.join(directory, kind)
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "me at home", "-f", file],
                       check=True)
        made[kind] = open(file + ".pub", encoding="utf-8").read().strip()
    name = b"sk-ssh-ed25519@openssh.com"
    token = base64.b64encode(string(name) + string(bytes(32)) + string(b"ssh:")).decode()
    token = name.decode() + " " + token
    with world(directory, start=False) as (agent,):
        for line in made.values():
            done = agent.cli("pam", "enroll", "--ssh-key", text("# mine", "", line), "alice")
            kind, key = line.split()[:2]
            want = "alice ssh-agent - %s %s me_at_home\n" % (kind, key)
            assert done.stdout == want and "from-agent" in done.stderr, done
        done = agent.cli("pam", "enroll", "--ssh-key", text(made["rsa"], token), "alice")
        assert done.stdout.splitlines()[1] == "alice ssh-agent up " + token, done
        kind, key = made["ed25519"].split()[:2]
        for bad in ("", "x", kind, kind + " " + key[:-8], "ssh-rsa " + key, "ssh-dss " + key,
                    kind + "-cert-v01@openssh.com " + key, 'from="x" %s %s' % (kind, key)):
            done = agent.cli("pam", "enroll", "--ssh-key", text(token, bad) if bad else text(),
                             "alice")
            assert done.returncode == 1 and not done.stdout, (bad, done)
        good = text(token)
        assert agent.cli("pam", "enroll", "--ssh-key", good, "1", "alice").returncode == 64
        assert agent.cli("pam", "enroll", "--ssh-key", good, "a b").returncode == 64
        assert agent.cli("pam", "enroll", "--ssh-key", good + "x", "alice").returncode == 1


def enrolls(directory):
    """a line a token, of public data only, with no agent and no touch; list knows stale ones"""
    with world(directory, {}) as (agent, token):
        agent.init(ways=TOKEN | PASS)
        agent.stop()
        token.stop()
        number = next(i + 1 for i in range(16) if Vault(agent.read()).slot(i)[:2] == b"\1\1")
        done = agent.cli("pam", "enroll", str(number), "alice")
        line, = done.stdout.splitlines()
        (cred_id, slot), = token_slots(agent)
        got = line.split(" ", 7)
        key = slot[256:256 + int.from_bytes(slot[46:48], "big")]
        salt = bytes(Vault(agent.read()).head[128:160])
        assert got[:4] == ["alice", "ownkey:vault", "es256", "up,uv"], got
        assert [base64.b64decode(x, validate=True) for x in got[4:7]] == [cred_id, key, salt]
        assert got[7] == "slot %d" % number and "/etc/ownkey/pam.map" in done.stderr, done
        for bad in ("a b", "a:b", "#a", "a\nb", ""):
            assert agent.cli("pam", "enroll", str(number), bad).returncode == 64, bad
        assert agent.cli("pam", "enroll", "15", "alice").returncode == 1
        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:  # list is about the account that asks
            assert agent.cli("pam", "enroll").returncode == 64
            return
        assert agent.cli("pam", "enroll").stdout == done.stdout.replace("alice", user, 1)
        line = line.replace("alice", user, 1)
        path = os.path.join(directory, "map")

        def listed(text):
            with open(path, "w", encoding="ascii") as f:
                f.write(text)
            return agent.cli("pam", "list", path).stdout
        assert "logs in and unlocks" in listed("# x\nsomebody a b c\n" + line + "\n")
        handle, good = base64.b64encode(bytes(64)).decode(), ",%s,es256,+presence" % got[5]
        lines = ["%s:%s%s%s\n" % (user, handle, good, x) for x in ("", "+pin")]
        shown = listed(lines[0] + line + "\n" + lines[1])  # the last counts
        assert "pam_u2f 1\n  up,uv,pin  logs in; unlocks nothing\n" in shown, shown
        assert "logs in and unlocks" in shown and "refused" not in shown, shown
        assert "earlier line\n  refused" in listed(user + ":*\n" + lines[1])
        for token, why in (("*" + good, "only the token"), (handle + good[:-8] + "pin", "no touch"),
                           (handle + good.replace("es256", "rs256"), "RSA"),
                           ("?" + good, "handle"), (handle + ",A,es256,+presence", "damaged")):
            shown = listed("%s:%s%s:%s\n" % (user, handle, good, token))
            first, second = shown.split("pam_u2f 2\n")
            assert "  up  logs in; " in first and "refused: " in second and why in second, shown
        assert "stale" in listed(line.replace(got[6], base64.b64encode(bytes(32)).decode()))
        assert "no way into" in listed(line.replace(got[4], base64.b64encode(bytes(48)).decode()))
        assert listed("somebody else\n") == ""
        os.unlink(agent.vault)
        assert agent.cli("pam", "enroll", "1", "alice").returncode == 1
        assert "logs in" in listed(line)
        with open(agent.vault, "wb") as f:
            f.write(b"no vault" * 8192)
        assert agent.cli("pam", "enroll", "1", "alice").returncode == 1


def tests(directory):
    """pam test runs pamtester, with its status, and says when it is not there"""
    with world(directory, start=False) as (agent,):
        away = agent.cli("pam", "test", "login", "root", PATH=directory)
        assert away.returncode == 1 and "pamtester" in away.stderr, away
        fake = os.path.join(directory, "pamtester")
        with open(fake, "w", encoding="ascii") as f:
            f.write("#!/bin/sh\necho \"$@\"\nexit 7\n")
        os.chmod(fake, 0o755)
        done = agent.cli("pam", "test", "login", "root", PATH=directory + ":/bin")
        assert (done.returncode, done.stdout) == (7, "login root authenticate\n"), done
        for bad in (["../x", "root"], ["a/b", "root"], ["", "root"]):
            assert agent.cli("pam", "test", *bad).returncode == 64


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        enrolls, enrolls_ssh, stacks_known, as_libpam, tests)]))
