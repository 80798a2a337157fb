#!/usr/bin/python3
"""usage: B=build tests/bench/logins.py [ROUNDS]	(a part of make bench, or alone)

A login without a token, in a fresh process: pam_ownkey and Debian's pam_u2f in turns, each with one
valid line for the account.  Nothing is plugged in for both; "a socket" is what a keyboard with a
hidraw node is to pam_ownkey: something is there, and a helper has to see that it is no token."""
import base64
import json
import os
import pwd
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ME = pwd.getpwuid(os.getuid()).pw_name
U2F = "pam_u2f, authfile"


def point():
    """A public key as both write it."""
    der = subprocess.run("openssl ecparam -name prime256v1 -genkey -noout |"
        " openssl ec -pubout -outform DER", shell=True, capture_output=True, check=True).stdout
    return der[-64:]


def write(path, text):
    with open(path, "x", encoding="ascii") as f:
        f.write(text + "\n")
    os.chmod(path, 0o644)


def make_services(build, where):
    """Services by the name that is shown."""
    handle, key = (base64.b64encode(b).decode() for b in (os.urandom(64), point()))
    u2f, own = os.path.join(where, "u2f"), os.path.join(where, "map")
    left = os.path.join(where, "socket")
    write(u2f, "%s:%s,%s,es256,+presence" % (ME, handle, key))
    write(own, "%s ownkey:vault es256 up %s %s -" % (ME, handle, key))
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(left)
    os.chmod(left, 0o666)
    module = os.path.join(build, "tests", "pam_ownkey.so")
    lines = {
        "permit": "pam_permit.so",
        U2F: "pam_u2f.so authfile=" + u2f,
        "pam_ownkey": "%s map=%s wait=0" % (module, own),
        "pam_ownkey, pam_u2f's line": "%s map=%s wait=0" % (module, u2f),
        "pam_ownkey, a socket": "%s map=%s wait=0 token=unix:%s" % (module, own, left),
        "waits: pam_u2f interactive": "pam_u2f.so interactive authfile=" + u2f,
        "waits: pam_ownkey": "%s map=%s wait=60" % (module, own),
    }
    os.mkdir(os.path.join(where, "pam.d"))
    services = {}
    for i, (name, line) in enumerate(lines.items()):
        services[name] = "bench%d" % i
        write(os.path.join(where, "pam.d", services[name]), "auth required " + line)
    write(os.path.join(where, "pam.d", "other"), "auth required pam_deny.so")
    return services


def process_memory(pid):
    """kB of it and its children: resident; by share of what others use, too; written by it."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
        rows = dict(line.split()[:2] for line in f if line.endswith("kB\n"))
    got = [int(rows[k]) for k in ("Rss:", "Pss:", "Private_Dirty:")]
    with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
        for child in map(int, f.read().split()):
            got = [x + y for x, y in zip(got, process_memory(child))]
    return got


def waiting(program, where, service):
    """Memory while it waits for a token, or for somebody to say that there is one."""
    host = subprocess.Popen([program, "host", os.path.join(where, "pam.d"), ME, service])
    try:
        time.sleep(0.5)
        return process_memory(host.pid)
    finally:
        host.kill()
        host.wait()


def measure(note, build, rounds):
    program, where = os.path.join(build, "bench", "pam"), tempfile.mkdtemp()
    os.chmod(where, 0o755)
    try:
        services = make_services(build, where)
        raced = [n for n in services if not n.startswith("waits")]
        got = json.loads(subprocess.run([program, "race", str(rounds * 10),
            os.path.join(where, "pam.d"), ME, *[services[n] for n in raced]],
            capture_output=True, check=True).stdout)
        print("\nlogins without a token, fresh processes, %d interleaved rounds, medians [range]"
            % (rounds * 10))
        theirs = got[services[U2F]]["ms"]
        for name in raced:
            row = got[services[name]]
            ratio = statistics.median(a / b for a, b in zip(row["ms"], theirs))
            note("login, " + name, {"ms": statistics.median(row["ms"]), "ratio": ratio,
                "peak_kb": row["kb"], "code": row["code"]},
                "%-28s %5.2f ms [%.2f..%.2f]  %.2f of pam_u2f   largest process %5d kB" % (name,
                statistics.median(row["ms"]), min(row["ms"]), max(row["ms"]), ratio, row["kb"]))
        for name in [n for n in services if n not in raced]:
            kb = waiting(program, where, services[name])
            note(name, dict(zip(("rss_kb", "pss_kb", "dirty_kb"), kb)), "%-28s host and helpers:"
                " resident %d kB, proportional %d kB, written %d kB" % (name, *kb))
    finally:
        shutil.rmtree(where)


if __name__ == "__main__":
    measure(lambda _key, _value, text: print(text, flush=True), os.path.realpath(os.environ["B"]),
        int(sys.argv[1]) if sys.argv[1:] else 5)
