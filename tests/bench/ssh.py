"""The ssh door next to OpenSSH's ssh-agent, in the same rounds: signatures, waiting times, lists,
memory, instructions."""
import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile

import ownkey

TOOLS = os.path.join(ownkey.BUILD, "bench")
SECONDS = {1: "1.5", 64: "1.5", 2000: "6"} # so that each client gets a few answers
CLIENTS = [1, 64, 2000]
# each core has one side: servers here, the clients there
SERVER, CLIENT = ["taskset", "-c", "0"], ["taskset", "-c", "1"]


def load(*args, pin=()):
    args = [*pin, os.path.join(TOOLS, "sshload"), *map(str, args)]
    return json.loads(subprocess.run(args, capture_output=True, text=True, check=True).stdout)


def raw():
    """Signatures by libsodium alone, on one core."""
    got = subprocess.run([*SERVER, os.path.join(TOOLS, "load"), "raw", "1", "1.0"],
                         capture_output=True, text=True, check=True)
    return json.loads(got.stdout)["per_s"]


@contextlib.contextmanager
def openssh(wrap=()):
    """An ssh-agent: (socket, process)."""
    folder = tempfile.mkdtemp()
    sock = os.path.join(folder, "sock")
    # Debian's is setgid, which valgrind does not start
    program = shutil.copyfile(shutil.which("ssh-agent"), os.path.join(folder, "ssh-agent"))
    os.chmod(program, 0o755)
    process = subprocess.Popen([*wrap, program, "-D", "-a", sock],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    process.stdout.readline()
    try:
        yield sock, process
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def door(agent):
    return os.path.join(agent.runtime, "ownkey", "ssh.sock")


def pin(pids, cores):
    for pid in pids:
        subprocess.run(["taskset", "-a", "-p", "-c", cores, str(pid)], capture_output=True,
                       check=True)


def ours(agent):
    return [agent.main_pid(), agent.role("front"), agent.role("vault")]


def add_file_key(sock, kind, bits, folder):
    path = os.path.join(folder, kind + str(bits))
    if not os.path.exists(path):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-b", str(bits), "-N", "", "-f", path],
                       check=True)
    subprocess.run(["ssh-add", "-q", path], check=True, stderr=subprocess.DEVNULL,
                   env={**os.environ, "SSH_AUTH_SOCK": sock})


# --- signatures ---

def rates(note, agent, theirs, rounds):
    """Theirs is one process; ours on its core alone, and as it is used, on both."""
    rows = {(who, n): [] for n in CLIENTS for who in ("ssh-agent", "one core", "two cores")}
    anchor = []
    for _ in range(rounds):
        anchor.append(raw())
        for who, n in rows:
            pin(ours(agent), "0" if who == "one core" else "0,1")
            sock = theirs if who == "ssh-agent" else door(agent)
            got = load("run", sock, SECONDS[n], "ed25519:%d" % n,
                       pin=CLIENT if who != "two cores" else ())["ed25519"]
            rows[who, n].append(got)
    print("\nssh door, Ed25519 logins: %d interleaved rounds, medians [range]; servers on one core,"
          "\nclients on the other, and ours on both; libsodium on one core: %.0f/s"
          % (rounds, statistics.median(anchor)))
    for (who, n), got in rows.items():
        other = rows["ssh-agent", n]
        rate = [r["per_s"] for r in got]
        p99 = statistics.median([r["p99_us"] for r in got])
        line = "%-10s %5d clients %7.0f/s [%.0f..%.0f]  p50 %.0f p99 %.0f us" % (who, n,
            statistics.median(rate), min(rate), max(rate),
            statistics.median([r["p50_us"] for r in got]), p99)
        value = {"per_s": statistics.median(rate), "p99_us": p99, "rounds": got}
        if who != "ssh-agent":
            value["ratio"] = statistics.median(a["per_s"] / max(b["per_s"], 1)
                                               for a, b in zip(got, other))
            value["p99_ratio"] = statistics.median(a["p99_us"] / max(b["p99_us"], 1)
                                                   for a, b in zip(got, other))
            value["sodium"] = statistics.median(a["per_s"] / b for a, b in zip(got, anchor))
            line += "  %.1f times, p99 %.3f, %.2f of libsodium" % (value["ratio"],
                value["p99_ratio"], value["sodium"])
        value["closed"] = sum(r["closed"] + r["refused"] for r in got)
        assert not value["closed"], value
        note("ssh-%s-%d" % (who.replace(" ", "-"), n), value, line)


def beside_rsa(note, agent, rounds):
    """Ed25519's p99 with and without clients that want RSA and P-256 all the time."""
    rows = {spec: [] for spec in ("ed25519:1", "ed25519:1 rsa:4", "ed25519:64",
                                  "ed25519:64 rsa:4", "ed25519:64 rsa:64", "ed25519:64 ecdsa:8")}
    for _ in range(rounds):
        for spec, got in rows.items():
            got.append(load("run", door(agent), "2", *spec.split()))
    print("\nEd25519 beside RSA-3072 and P-256, medians")
    for spec, got in rows.items():
        alone = rows[spec.split()[0]]
        p99 = [r["ed25519"]["p99_us"] for r in got]
        ratio = statistics.median(a / b["ed25519"]["p99_us"] for a, b in zip(p99, alone))
        others = ", ".join("%s %.0f/s" % (k, statistics.median(r[k]["per_s"] for r in got))
                           for k in got[0])
        note("ssh-beside-" + spec.replace(" ", "+"), {"p99_us": statistics.median(p99),
             "ratio": ratio}, "%-28s p99 %6.0f us, %.2f of alone   %s"
             % (spec, statistics.median(p99), ratio, others))


def crowd(note, agent):
    """2,000 clients, slow and large ones among them."""
    spec = ["ed25519:1800", "list:100", "mid:40", "big:40", "slow:20"]
    got = load("run", door(agent), 6, *spec)
    for k in got.values():
        assert not k["closed"], got
    text = "; ".join("%s %.0f/s, %d to %d each" % (name, k["per_s"], k["least"], k["most"])
                     for name, k in got.items())
    note("ssh-crowd", got, "\n2,000 clients at once: %s\nvault and front: %d kB"
         % (text, sum(pss(p) for p in ours(agent))))


# --- keys ---

def pss(pid):
    with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
        return sum(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def key_list(agent, n):
    got = json.loads(subprocess.run([os.path.join(TOOLS, "keylist"), agent.socket, "10"],
                                    capture_output=True, text=True, check=True).stdout)
    assert got["keys"] >= n, got
    return got["us"]


def keys(note, agent, person, sizes):
    print("\nmany keys: PSS of all processes, kB; listing: theirs 10 times, ours by key.list pages")
    for n in sizes:
        agent.lock()
        agent.unlock(person)
        with openssh() as (theirs, process):
            them = load("add", theirs, n)
            us = load("add", door(agent), n)
            listed = load("list", theirs, 10)
            value = {"add_us": us["us"], "their_add_us": them["us"], "pss": sum(map(pss,
                ours(agent))), "their_pss": pss(process.pid), "their_list_us": listed["us"],
                "ssh_list_us": load("list", door(agent), 10)["us"],
                "list_us": key_list(agent, n)}
        note("ssh-keys-%d" % n, value, "%6d keys: %d, ssh-agent %d (%.3f)   add %.0f us, theirs "
             "%.0f   list %.0f us (ssh's part of it %.0f), theirs %.0f" % (n, value["pss"],
             value["their_pss"], value["pss"] / value["their_pss"], value["add_us"],
             value["their_add_us"], value["list_us"], value["ssh_list_us"],
             value["their_list_us"]))


# --- instructions ---

def collected(folder, names):
    total = 0
    for name in os.listdir(folder):
        text = open(os.path.join(folder, name), encoding="utf-8", errors="replace").read()
        command = re.findall(r"^cmd: (.*)", text, re.M)
        if command and any(n in command[0] for n in names):
            total += int(re.findall(r"^(?:summary|totals): (\d+)", text, re.M)[-1])
    return total


def under_callgrind(run):
    folder = tempfile.mkdtemp()
    try:
        run(["valgrind", "--tool=callgrind", "--trace-children=yes", "-q",
             "--callgrind-out-file=%s/out.%%p" % folder])
        return collected(folder, ("ssh-agent", "--role=front", "--role=vault"))
    finally:
        shutil.rmtree(folder)


def their_run(signatures):
    def run(wrap):
        with openssh(wrap) as (sock, _):
            load("add", sock, 1)
            if signatures:
                load("sign", sock, signatures)
    return run


def our_run(signatures):
    """A build without sandboxes: valgrind makes system calls of its own."""
    def run(wrap):
        directory = tempfile.mkdtemp()
        person = ownkey.Person()
        built = ownkey.BUILD
        ownkey.BUILD = os.path.join(built, "valgrind")
        try:
            with ownkey.world(directory, {}, start=False, log_level="error") as (agent, _):
                agent.wrap = wrap
                agent.start()
                agent.init(person)
                load("add", door(agent), 1)
                if signatures:
                    load("sign", door(agent), signatures)
        finally:
            ownkey.BUILD = built
            shutil.rmtree(directory, ignore_errors=True)
    return run


def instructions(note):
    few, many = 100, 600
    each = {}
    for who, make in (("ours", our_run), ("ssh-agent", their_run)):
        each[who] = (under_callgrind(make(many)) - under_callgrind(make(few))) / (many - few)
    each["ratio"] = each["ssh-agent"] / each["ours"]
    note("ssh-instructions", each, "\ninstructions for one Ed25519 signature, callgrind: "
         "front and vault %.0f, ssh-agent %.0f (%.1f times)"
         % (each["ours"], each["ssh-agent"], each["ratio"]))


def measure(note, agent, person, rounds):
    folder = tempfile.mkdtemp()
    try:
        agent.lock()
        agent.unlock(person)
        with openssh(SERVER) as (theirs, _):
            for sock in (theirs, door(agent)):
                load("add", sock, 3)
                add_file_key(sock, "rsa", 3072, folder)
                add_file_key(sock, "ecdsa", 256, folder)
            rates(note, agent, theirs, rounds)
            beside_rsa(note, agent, rounds)
            crowd(note, agent)
        keys(note, agent, person, (1000, 10000))
        instructions(note)
    finally:
        shutil.rmtree(folder)
