#!/usr/bin/python3
"""usage: B=build tests/bench/age_files.py [ROUNDS]	(a part of make bench, or alone)

100 MiB for an X25519 recipient, from the page cache to nowhere: ours and Debian's age in turns."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

SIZE = 100 << 20


def start(args, path):
    with open(path, "rb") as given:
        return subprocess.Popen(args, stdin=given, stdout=subprocess.DEVNULL)


def timed(args, path):
    """Milliseconds."""
    begin = time.perf_counter()
    if start(args, path).wait():
        raise SystemExit("failed: " + " ".join(args))
    return (time.perf_counter() - begin) * 1e3


def peak(args, path):
    """kB of memory at the most, in a run of its own: wait4 would count what forked it, too."""
    child, most = start(args, path), 0
    while child.poll() is None:
        with open("/proc/%d/status" % child.pid, encoding="ascii") as f:
            most = max([most] + [int(line.split()[1]) for line in f if line.startswith("VmHWM")])
    return most


def make_files(ours):
    """Plaintext, and what each program makes of it."""
    with open("plain", "wb") as f:
        for _ in range(SIZE >> 20):
            f.write(os.urandom(1 << 20))
    subprocess.run(["age-keygen", "-o", "key"], stderr=subprocess.DEVNULL, check=True)
    recipient = subprocess.run(["age-keygen", "-y", "key"], capture_output=True, text=True,
        check=True).stdout.strip()
    for name, args in (("binary", []), ("armor", ["-a"])):
        with open("plain", "rb") as given, open(name, "wb") as out:
            subprocess.run([ours, "encrypt", *args, recipient], stdin=given, stdout=out,
                check=True)
    return recipient


def cases(ours, recipient):
    return {
        "encrypt": ("plain", [ours, "encrypt", recipient], ["age", "-r", recipient]),
        "decrypt": ("binary", [ours, "decrypt", "key"], ["age", "-d", "-i", "key"]),
        "encrypt armor": ("plain", [ours, "encrypt", "-a", recipient],
            ["age", "-a", "-r", recipient]),
        "decrypt armor": ("armor", [ours, "decrypt", "key"], ["age", "-d", "-i", "key"]),
    }


def measure(note, build, rounds):
    ours, old = os.path.join(build, "interop", "age"), os.getcwd()
    print("\nage files: 100 MiB, %d interleaved rounds, medians [range]" % rounds)
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        try:
            todo = cases(ours, make_files(ours))
            for name, (given, mine, theirs) in todo.items():
                pairs = [(timed(mine, given), timed(theirs, given)) for _ in range(rounds)]
                one(note, name, list(zip(*pairs)), (peak(mine, given), peak(theirs, given)))
        finally:
            os.chdir(old)


def one(note, name, ms, rss):
    mid = [statistics.median(each) for each in ms]
    text = ["%s %4.0f ms [%.0f..%.0f], %5d kB" % (who, mid[i], min(ms[i]), max(ms[i]), rss[i])
        for i, who in enumerate(("ours", "age"))]
    note("age " + name, {"ms": ms[0], "age_ms": ms[1], "ratio": mid[0] / mid[1],
        "rss_kb": rss[0], "age_rss_kb": rss[1]},
        "%-14s %s   %s   ratio %.2f" % (name, *text, mid[0] / mid[1]))


if __name__ == "__main__":
    measure(lambda key, value, text: print(text, flush=True), os.path.realpath(os.environ["B"]),
        int(sys.argv[1]) if sys.argv[1:] else 5)
