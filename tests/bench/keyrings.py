"""ownkey-secrets next to gnome-keyring, in the same rounds: adding, reading, searching, what is
written, memory; and as many entries as gnome-keyring never gets to."""
import contextlib
import json
import os
import statistics
import subprocess
import sys
import time

import ownkey
from ssh import pss

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "interop"))

import desktop  # noqa: E402  pylint: disable=wrong-import-position

TOOL = os.path.join(ownkey.BUILD, "bench", "busload")
ITEMS, MANY, ADDS = 2000, 10000, 20
CASES = [("get", 1), ("get", 8), ("search", 1)]


def load(owner, *args):
    """One client, which both owners know as the same program."""
    got = owner.run(TOOL, *map(str, args), timeout=900)
    assert got.returncode == 0, got
    return json.loads(got.stdout)


def processes(owner):
    """By name; the first one writes the file."""
    service = owner.bus.pid_of(desktop.NAME)
    if owner.name == "gnome-keyring":
        return {"gnome-keyring-daemon": service}
    agent = owner.agent
    return {"front": agent.role("front"), "vault": agent.role("vault"),
            "supervisor": agent.main_pid(), "ownkey-secrets": service,
            **{"starter": pid for pid in ownkey.children(service)}}


def memory(owner):
    return {name: pss(pid) for name, pid in processes(owner).items()}


def written(owner):
    """Bytes that it has passed to write so far, sockets among them; None where that is hidden."""
    with contextlib.suppress(PermissionError):
        with open("/proc/%d/io" % [*processes(owner).values()][0], encoding="ascii") as f:
            return int(f.read().split("wchar: ")[1].split()[0])
    return None


def size(owner):
    """Of the file that items are in."""
    if owner.name == "ownkey":
        return os.stat(owner.agent.vault).st_size
    folder = owner.dir + "/data/keyrings"
    return sum(os.stat(os.path.join(folder, f)).st_size for f in os.listdir(folder))


def add(owner, n):
    """So many items, each with a number of its own."""
    before, file = written(owner), size(owner)
    got = load(owner, "add", owner.items, n)
    owner.items += n
    if before is not None:
        got["written"] = (written(owner) - before) / n
    got["growth"] = (size(owner) - file) / n
    return got


def clients_known(owner):
    """How long a client is told "locked" once the vault is open: milliseconds."""
    owner.lock()
    with owner.connect() as c:
        def locked():
            return c.get(desktop.ROOT + "/aliases/default", desktop.I_COLLECTION, "Locked")
        assert locked()
        owner.agent.unlock(owner.who)
        start = time.perf_counter()
        while locked():
            time.sleep(0.001)
    return (time.perf_counter() - start) * 1e3


def rounds_of(owners, rounds):
    rows = {(owner.name, *case): [] for owner in owners for case in [("add", 1), *CASES]}
    for _ in range(rounds):
        for owner in owners:
            rows[owner.name, "add", 1].append(add(owner, ADDS))
        for what, n in CASES:
            for owner in owners:
                rows[owner.name, what, n].append(load(owner, what, "1.0", n))
    return rows


def median(rows, key):
    values = [r[key] for r in rows if key in r]
    return statistics.median(values) if values else None


def ratio(ours, theirs, key):
    return statistics.median(a[key] / b[key] for a, b in zip(ours, theirs))


def show(value, form="%.0f"):
    return "hidden" if value is None else form % value


def compare(note, rows):
    ours, theirs = rows["ownkey", "add", 1], rows["gnome-keyring", "add", 1]
    value = {"rounds": {"ownkey": ours, "gnome-keyring": theirs},
             "ratio": ratio(ours, theirs, "p50_us")}
    note("secrets-add-%d" % ITEMS, value,
         "add: %.2f ms, gnome-keyring %.1f ms: %.4f of it [%.4f..%.4f]\n     bytes passed to write"
         " %s, gnome-keyring %s; the file grows by %.0f, gnome-keyring's by %.0f"
         % (median(ours, "p50_us") / 1e3, median(theirs, "p50_us") / 1e3, value["ratio"],
            *[f(a["p50_us"] / b["p50_us"] for a, b in zip(ours, theirs)) for f in (min, max)],
            show(median(ours, "written")), show(median(theirs, "written")),
            median(ours, "growth"), median(theirs, "growth")))
    for what, n in CASES:
        ours, theirs = rows["ownkey", what, n], rows["gnome-keyring", what, n]
        value = {"rounds": {"ownkey": ours, "gnome-keyring": theirs},
                 "ratio": ratio(ours, theirs, "per_s")}
        note("secrets-%s-%d" % (what, n), value,
             "%-6s %d clients: %.0f/s [%.0f..%.0f] p50 %.0f p99 %.0f us, gnome-keyring %.0f/s"
             " [%.0f..%.0f] p50 %.0f p99 %.0f us: %.2f times"
             % (what, n, *columns(ours), *columns(theirs), value["ratio"]))


def columns(rows):
    rate = [r["per_s"] for r in rows]
    return (statistics.median(rate), min(rate), max(rate), median(rows, "p50_us"),
            median(rows, "p99_us"))


def compare_memory(note, owners):
    each = {owner.name: memory(owner) for owner in owners}
    total = {name: sum(m.values()) for name, m in each.items()}
    note("secrets-pss-%d" % ITEMS, {"each": each, "ratio": total["ownkey"] /
         total["gnome-keyring"]}, "PSS, kB: %d (%s), gnome-keyring %d: %.2f of it"
         % (total["ownkey"], ", ".join("%s %d" % m for m in each["ownkey"].items()),
            total["gnome-keyring"], total["ownkey"] / total["gnome-keyring"]))


def many(note, owner, rounds):
    """Of these gnome-keyring has none: filling it is quadratic."""
    filling = add(owner, MANY - owner.items)
    added = [add(owner, ADDS) for _ in range(rounds)]
    loading = [clients_known(owner) for _ in range(rounds)]
    listed = [load(owner, "list") for _ in range(rounds)]
    got = {what: [load(owner, what, "1.0", 1) for _ in range(rounds)]
           for what in ("get", "search")}
    each = memory(owner)
    note("secrets-%d" % MANY, {"filling": filling, "added": added, "loading_ms": loading,
         "listed": listed, "pss": each, **got},
         "%d items: filled with %.2f ms each; add %.2f ms, %s bytes passed to write, the file "
         "grows by %.0f;\n     open to clients %.0f ms after unlocking; get %.0f/s, search %.0f/s,"
         " a search that finds all %.1f ms;\n     PSS %d kB (%s)"
         % (owner.items, filling["us"] / 1e3, median(added, "p50_us") / 1e3,
            show(median(added, "written")), median(added, "growth"), statistics.median(loading),
            median(got["get"], "per_s"), median(got["search"], "per_s"),
            median(listed, "us") / 1e3, sum(each.values()),
            ", ".join("%s %d" % m for m in each.items())))


def measure(note, rounds):
    print("\nSecret Service at %d items of 128 bytes, plain sessions: %d interleaved rounds,"
          " medians\n[range]; load of the machine %.1f" % (ITEMS, rounds, os.getloadavg()[0]))
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(desktop.owned(desktop.Ownkey, lock_idle="never",
                                                 log_level="error"))
        theirs = stack.enter_context(desktop.owned(desktop.GnomeKeyring))
        ping = []
        for owner in (theirs, ours):
            owner.items = 0
            filled = add(owner, ITEMS)
            ping.append(load(owner, "ping", "1.0", 1)["per_s"])
            note("secrets-fill-" + owner.name, filled,
                 "%s: filled with %.2f ms each" % (owner.name, filled["us"] / 1e3))
        note("secrets-ping", ping, "a bus daemon by itself, 1 client: %.0f/s" % max(ping))
        compare(note, rounds_of((ours, theirs), rounds))
        compare_memory(note, (ours, theirs))
        theirs.stop()
        theirs.stop = lambda: None # once is enough
        many(note, ours, rounds)


def main():
    """These figures alone: PYTHONPATH=tests/e2e B=build tests/bench/keyrings.py [ROUNDS]"""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 5
    measure(lambda key, value, text: print(text, flush=True), rounds)
    print("load at the end %.1f" % os.getloadavg()[0])


if __name__ == "__main__":
    main()
