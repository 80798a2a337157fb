"""What a script found out about two owners of the Secret Service, next to each other: the same, or
different as differences.py says."""

import sys
import time
import traceback

from desktop import GnomeKeyring, Ownkey, owned
from differences import DIFFERENCES

AGAIN = 2


class Facts(dict):
    """By name, in order; each once.  must: what has to be so, with ours or with both."""

    def __init__(self):
        super().__init__()
        self.musts = {}

    def must(self, name, good):
        sys.stderr.write("%s: %s\n" % (name, good))
        assert name not in self.musts, name
        self.musts[name] = bool(good)

    def __call__(self, name, value):
        assert name not in self, name
        sys.stderr.write("%s: %r\n" % (name, value))
        self[name] = value


def collect(kind, walk):
    facts, start = Facts(), time.monotonic()
    try:
        with owned(kind) as owner:
            walk(owner, facts)
    except Exception:  # pylint: disable=broad-except
        sys.stderr.write("--- %s, after %s\n%s" % (kind.name, list(facts)[-1:],
                                                   traceback.format_exc()))
        facts.must("it goes to its end", False)
    sys.stderr.write("%s: %.1f s\n" % (kind.name, time.monotonic() - start))
    return facts


def judge(name, reference, ours, rows):
    """(good, what to say) of one fact."""
    if name not in reference or name not in ours:
        return False, "%s: only one of them came so far" % name
    want, got = repr(reference[name]), repr(ours[name])
    if name not in rows:
        return want == got, name if want == got else "%s: gnome-keyring %s, ownkey %s" % (
            name, want, got)
    row = rows[name]
    if (repr(row[0]), repr(row[1])) == (want, got):
        return want != got, "%s: %s" % (name, row[2])
    return False, "%s: gnome-keyring %s, ownkey %s; differences.py says otherwise" % (
        name, want, got)


def lines_of(kinds, found, rows):
    names = dict.fromkeys([*found[1], *found[0], *rows])
    return [judge(name, *found, rows) for name in names] + [
        (good, "%s: %s" % (k.name, name))
        for k, facts in zip(kinds, found) for name, good in facts.musts.items()]


def compare(table, walk):
    """walk(owner, facts) for both; TAP.  table: the rows of differences.py that it may need.
    An argument says which owner alone is to be looked at."""
    kinds = [k for k in (GnomeKeyring, Ownkey) if k.name in (sys.argv[1:] or [k.name])]
    found = [collect(k, walk) for k in kinds]
    if len(found) == 1:
        return 1  # half a test
    rows = DIFFERENCES.get(table, {})
    lines = lines_of(kinds, found, rows)
    for _ in range(AGAIN):
        if not all(good for good, _ in lines):
            # the reference may have a bad day, which says nothing of ours: that is as it was
            found[0] = collect(kinds[0], walk)
            lines = lines_of(kinds, found, rows)
    print("1..%d" % len(lines))
    for n, (good, text) in enumerate(lines, 1):
        print("%sok %d - %s" % ("" if good else "not ", n, text.replace("#", "")))
    return 0 if all(good for good, _ in lines) else 1
