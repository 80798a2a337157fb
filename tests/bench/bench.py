"""The figures of notes and releases; see run.sh."""
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))

import age_files  # noqa: E402  pylint: disable=wrong-import-position
import keyrings  # noqa: E402  pylint: disable=wrong-import-position
import logins  # noqa: E402  pylint: disable=wrong-import-position
import oidc  # noqa: E402  pylint: disable=wrong-import-position
import ssh  # noqa: E402  pylint: disable=wrong-import-position
import tokens  # noqa: E402  pylint: disable=wrong-import-position
import ownkey  # noqa: E402  pylint: disable=wrong-import-position

TOOLS = os.path.join(ownkey.BUILD, "bench")
RESULTS = os.path.join(TOOLS, "results.json")
SIZES = [10, 1000, 100000]
ROUNDS = int(sys.argv[1]) if sys.argv[1:] else 5
SECONDS = "1.0"
out = {}


def note(key, value, text):
    out[key] = value
    print(text, flush=True)


def tool(name, *args, text=""):
    args = [os.path.join(TOOLS, name), *map(str, args)]
    return subprocess.run(args, input=text, capture_output=True, text=True, check=True).stdout


def median(values):
    return statistics.median(values)


def timed(call):
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1e3


# --- unlocking ---

def unlock_ms(agent, person, token):
    """Until the reply: from the request, and from the touch.  In the second one are the token's
    signature and the end of the helper, besides what the vault does with the answer."""
    touched = []

    def touch():
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            touched.append(time.perf_counter())
            s.sendto(b"touch", token.control)

    with contextlib.closing(agent.client(person)) as c:
        on_event = c.on_event

        def watch(event):
            if event.kind == "TOUCH":
                time.sleep(0.02)
                touch()
            on_event(event)
        c.on_event = watch
        start = time.perf_counter()
        c.call("unlock")
        end = time.perf_counter()
    return (touched[-1] - start) * 1e3 - 20, (end - touched[-1]) * 1e3


def measure_unlock(agent, person, token):
    agent.lock()
    token.tell("touch-mode", "signal")
    both = []
    for _ in range(max(ROUNDS, 3)):
        both.append(unlock_ms(agent, person, token))
        agent.lock()
    token.tell("touch-mode", "auto")
    return [median(v) for v in zip(*both)]


def measure_change(agent, person, body):
    """A secret of 64 bytes is set until the journal has been folded into the file at least once, in
    the pause behind these changes: milliseconds each, and what front writes meanwhile."""
    folds_after = max(65536, body // 2) // 4096 + 2
    agent.unlock(person)
    with contextlib.closing(agent.client(person)) as c:
        def change(i):
            c.call("secret.set", label="bench-%d" % (i % 8), value=os.urandom(64), replace=True)
        for i in range(8):
            change(i)
        one = [written(agent, lambda: change(0)) for _ in range(3)]
        ms = [timed(lambda i=i: change(i)) for i in range(max(200, folds_after))]
        for i in range(3):
            time.sleep(1)
            ms.append(timed(lambda i=i: change(i)))
        n = 10 * folds_after if folds_after < 200 else folds_after
        mean = written(agent, lambda: [*map(change, range(n)), time.sleep(1)]) / n
    return {"change_ms": median(ms), "change_p99_ms": statistics.quantiles(ms, n=100)[98],
        "change_max_ms": max(ms), "change_bytes": min(one), "change_bytes_mean": mean}


def written(agent, call):
    """Bytes that front's pwrite and write system calls put into files, by strace."""
    log = os.path.join(agent.dir, "strace")
    tracer = subprocess.Popen(["strace", "-qq", "-y", "-e", "trace=pwrite64,write,pwritev,writev",
        "-e", "signal=none", "-p", str(agent.role("front")), "-o", log])
    time.sleep(0.3)
    call()
    tracer.terminate()
    tracer.wait()
    total = 0
    for line in open(log, errors="replace"):
        if "</" in line.split(",")[0] and "= " in line:
            with contextlib.suppress(ValueError):
                total += max(int(line.rsplit("= ", 1)[1].split()[0]), 0)
    return total


def pristine(agent, person):
    """The vault as init made it, kept aside."""
    made = agent.init(person)
    agent.stop()
    shutil.copy(agent.vault, agent.vault + ".init")
    return made


def fill(agent, person, keys, secrets):
    agent.stop()
    shutil.copy(agent.vault + ".init", agent.vault)
    for name in os.listdir(os.path.dirname(agent.vault)):
        if name not in ("vault", "vault.init"):
            os.remove(os.path.join(os.path.dirname(agent.vault), name))
    shutil.rmtree(agent.state)
    os.makedirs(agent.state, 0o700)
    tool("vault", "fill", agent.vault, keys, secrets, text=person.shown)
    agent.start()


def growth(agent, person, token):
    print("\nvault: of N items (128-byte secrets); unlocking: medians of %d\n"
        "%7s %8s | %8s %7s | %6s %6s | %9s %6s %6s %6s %6s | %9s" % (max(ROUNDS, 3), "items",
        "file kB", "parse ms", "open ms", "before", "after", "change ms", "p99", "max", "bytes",
        "mean", "status us"))
    for n in SIZES:
        fill(agent, person, 0, n)
        size = os.stat(agent.vault).st_size
        got = json.loads(tool("vault", "open", agent.vault, 7, text=person.shown))
        got["before_touch_ms"], got["after_touch_ms"] = measure_unlock(agent, person, token)
        got.update(measure_change(agent, person, size))
        got["status_us"] = load("status", 1, agent)["p50_us"]
        columns = ("outer_parse_ms", "vaultfile_open_ms", "before_touch_ms", "after_touch_ms",
                   "change_ms", "change_p99_ms", "change_max_ms", "change_bytes",
                   "change_bytes_mean", "status_us")
        note("vault-%d" % n, got, "%7d %8.1f | %8.2f %7.2f | %6.1f %6.1f | %9.2f %6.2f"
             " %6.1f %6.0f %6.0f | %9.0f" % (n, size / 1e3, *[got[k] for k in columns]))
    print("parse, open: outer_parse and vaultfile_open alone.  before, after: request to\n"
        "touch (reading the file, PIN), touch to reply.  Change: as many as fold the journal into\n"
        "the file, which waits for a pause; bytes: what front writes for one; mean: of many,\n"
        "folding included.")


# --- signatures ---

def cpu_s(agent):
    """Processor seconds of front and vault so far."""
    total = 0
    for role in ("front", "vault"):
        with open("/proc/%d/stat" % agent.role(role), encoding="ascii") as f:
            total += sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


def load(op, clients, agent=None, label=""):
    if not agent:
        return json.loads(tool("load", op, clients, SECONDS))
    start = cpu_s(agent)
    got = json.loads(tool("load", op, clients, SECONDS, agent.socket, label))
    # the load runs a fifth longer, to warm up
    got["agent_cpu_us"] = (cpu_s(agent) - start) / (got["per_s"] * (float(SECONDS) + 0.2)) * 1e6
    return got


def signatures(agent, person):
    fill(agent, person, 0, 10)
    agent.unlock(person)
    with contextlib.closing(agent.client(person)) as c:
        label = c.call("id.add", service="ssh", account="bench")["items"][0].label
        c.call("policy.set", label=label, use=0)
    cases = [("raw", 1), ("sshsig", 1), ("sshsig", 8), ("sshsig", 64), ("sshsig", 512),
        ("status", 1), ("status", 64)]
    rows = {case: [] for case in cases}
    for _ in range(ROUNDS):
        for op, clients in cases:
            rows[op, clients].append(load(op, clients, None if op == "raw" else agent, label))
    print("\nsignatures: native socket, %d interleaved rounds, medians [range]" % ROUNDS)
    for (op, clients), got in rows.items():
        rate = [r["per_s"] for r in got]
        ratio = median([r["per_s"] / raw["per_s"] for r, raw in zip(got, rows["raw", 1])])
        line = "%-7s %4d clients %8.0f/s [%.0f..%.0f]  %.2f of libsodium" % (op, clients,
            median(rate), min(rate), max(rate), ratio)
        if op != "raw":
            line += "   p50 %.0f p99 %.0f us, agent %.1f us CPU each" % tuple(
                median([r[k] for r in got]) for k in ("p50_us", "p99_us", "agent_cpu_us"))
        note("%s-%d" % (op, clients), {"per_s": median(rate), "ratio": ratio,
            "rounds": got}, line)


# --- memory, start ---

def pss(agent):
    main = agent.main_pid()
    each = {}
    for name, pid in [("supervisor", main), ("front", agent.role("front")),
        ("vault", agent.role("vault"))]:
        with open("/proc/%d/smaps_rollup" % pid, encoding="ascii") as f:
            each[name] = sum(int(l.split()[1]) for l in f if l.startswith("Pss:"))
    return each


def memory(agent, person):
    print("\nmemory: PSS of all processes, kB")
    fill(agent, person, 0, 0)
    time.sleep(0.2)
    cases = [("idle, locked", None), ("unlocked, empty", 0), ("unlocked, 1000 identities", 1000)]
    for what, keys in cases:
        if keys:
            fill(agent, person, keys, 0)
        if keys is not None:
            agent.unlock(person)
            with contextlib.closing(agent.client(person)) as c:
                c.call("id.list")
        each = pss(agent)
        note("pss " + what, each, "%-28s %6d   (%s)" % (what, sum(each.values()),
            ", ".join("%s %d" % item for item in each.items())))


def starting(agent):
    times = []
    for _ in range(20):
        agent.stop()
        times.append(timed(agent.start))
    note("start_ms", median(times),
         "\nstart to ready (ownkey-agent --ready-fd): %.1f ms [%.1f..%.1f]"
        % (median(times), min(times), max(times)))


def main():
    directory = tempfile.mkdtemp()
    person = ownkey.Person()
    try:
        with ownkey.world(directory, {}, log_level="error", lock_idle="never") as (agent, token):
            pristine(agent, person)
            note("machine", {"cpus": os.cpu_count(), "kernel": os.uname().release,
                "filesystem": subprocess.run(["stat", "-f", "-c", "%T", agent.data],
                capture_output=True, text=True, check=True).stdout.strip()},
                "%d CPUs, Linux %s, ROUNDS=%d" % (os.cpu_count(), os.uname().release, ROUNDS))
            growth(agent, person, token)
            signatures(agent, person)
            tokens.measure(note, agent, person, ROUNDS, load)
            memory(agent, person)
            starting(agent)
            ssh.measure(note, agent, person, ROUNDS)
        keyrings.measure(note, ROUNDS)
        age_files.measure(note, ownkey.BUILD, max(ROUNDS, 5))
        logins.measure(note, ownkey.BUILD, max(ROUNDS, 5))
        oidc.measure(note, ROUNDS)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    with open(RESULTS, "w", encoding="ascii") as f:
        f.write(json.dumps(out) + "\n")
    print("\nas JSON: " + RESULTS)


if __name__ == "__main__":
    main()
