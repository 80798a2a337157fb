"""contrib/systemd/system: systemd finds nothing wrong, what they leave open stays below a limit,
and each system call of a provider and of an agent that works is one that the unit lets through."""

import contextlib
import glob
import os
import re
import subprocess
import sys

from job import BUILD
from oidcd import ISSUER, Provider
from ownkey import expect, run_parallel, until, world

# tenths of what `systemd-analyze security` counts: lower one when its unit gets better
EXPOSURE = {"ownkey-oidc": 13, "ownkey-agent": 7, "ownkey-unlock": 4}
CALL = re.compile(r"^\d+ +(?:<\.\.\. )?([a-z0-9_]+)[( ]", re.MULTILINE)


def analyze(*args):
    done = subprocess.run(["systemd-analyze", *args], capture_output=True, text=True, check=False,
                          timeout=60)
    return done.returncode, re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)


def units(directory):
    """As they are installed, with the programs of this build."""
    at = []
    for path in glob.glob("contrib/systemd/system/*"):
        at.append(os.path.join(directory, os.path.basename(path)))
        with open(path, encoding="utf-8") as unit, open(at[-1], "w", encoding="utf-8") as f:
            f.write(unit.read().replace("@BINDIR@", os.path.abspath(BUILD)))
    return at


def groups():
    """{name of a group or call: its calls}"""
    rows, name = {}, None
    for line in analyze("syscall-filter", "--no-pager")[1].splitlines():
        if line.startswith(("@", "#")):
            name = line.strip() if line[0] == "@" else None
            rows[name] = set()
        elif name and line.strip() and "#" not in line:
            rows[name].add(line.strip())

    def calls(of):
        return set().union(*map(calls, rows[of])) if of[0] == "@" else {of}
    return calls


def allowed(unit):
    """Rows of SystemCallFilter, the later ones over the earlier."""
    calls, out = groups(), set()
    text = open("contrib/systemd/system/" + unit, encoding="utf-8").read()
    for row in re.findall(r"^SystemCallFilter=(.+)$", text, re.MULTILINE):
        some = set().union(*map(calls, row.lstrip("~").split()))
        out = out - some if row[0] == "~" else out | some
    assert len(out) > 100, out
    return out


def judge(unit, trace):
    made = set(CALL.findall(open(trace, encoding="utf-8", errors="replace").read()))
    assert len(made) > 40, made
    assert not made - allowed(unit), "%s lets not through: %s" % (unit, made - allowed(unit))


def ended(trace, pid):
    text = open(trace, encoding="utf-8", errors="replace").read()
    return re.search(r"^%d +\+\+\+ (exited|killed)" % pid, text, re.MULTILINE)


def tracer(trace):
    return ["strace", "-D", "-f", "-o", trace]


# --- cases ---

def verified(directory):
    """systemd reads them, and has nothing to say (of other packages' units it may)"""
    said = analyze("verify", "--man=no", *units(directory))[1]
    assert not [line for line in said.splitlines() if "ownkey" in line], said


def exposed(directory):
    """what they leave open"""
    units(directory)
    for unit, limit in EXPOSURE.items():
        status, said = analyze("security", "--no-pager", "--offline=true",
                               "--threshold=%d" % limit, "%s/%s.service" % (directory, unit))
        assert status == 0, "\n".join(t for t in said.splitlines() if not t.startswith("✓"))


def provider(directory):
    """it starts, its helper, too, and answers; and stops"""
    trace = directory + "/trace"
    p = Provider(directory, indieauth="yes")
    p.start()
    p.stop()
    with open(p.log, "ab") as log, subprocess.Popen(
            [*tracer(trace), BUILD + "/ownkey-oidc", "serve", "--config", p.path], env=p.env,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log) as p.process:
        pid = p.process.pid

        def answers():
            with contextlib.suppress(OSError):
                return p.get("/idp/health").status == 503
            return False
        until(answers, "it answers", 60)
        p.process.terminate()
        p.process.wait(60)
    until(lambda: ended(trace, pid), "the trace is whole", 60)
    judge("ownkey-oidc.service", trace)


def agent(directory):
    """a vault is made, opened with a token, and has keys of an issuer, RSA, too"""
    trace = directory + "/trace"
    with world(directory, {}, wrap=tracer(trace)) as (a, _):
        pid = a.process.pid
        person = a.init()
        expect(a.unlock(person), "OK")
        with contextlib.closing(a.client(person)) as c:
            c.call("id.add", timeout=60, service="oidc", account=ISSUER)
            c.call("jwt.keys", issuer=ISSUER)
        a.lock()
    until(lambda: ended(trace, pid), "the trace is whole", 60)
    judge("ownkey-agent.service", trace)


if __name__ == "__main__":
    sys.exit(run_parallel([("systemd finds nothing wrong", verified),
                           ("they leave open no more than they did", exposed),
                           ("the provider's calls are let through", provider),
                           ("the agent's calls are let through", agent)], jobs=2))
