"""Another reader of ownkey's audit logs, written from ownkey-vault(5) alone: nothing of ownkey is
used but the other reader of vaults.

usage: other_audit.py VAULT phrase|passphrase WORDLIST LOG [OLDER] <answer

Prints the entries as JSON, or what is wrong and where.
"""

import hashlib
import hmac
import json
import re
import struct
import sys

from other_reader import (Outside, Refused, kdf, open_slot, phrase_root, read_body, replay, require,
                          strict, u64)

RECORD, HEAD = 512, 48
KINDS = ["begin", "ask", "touch", "proof", "operation", "uses", "repair"]
KEYS = {1: "kind", 2: "op", 3: "time", 4: "boottime", 5: "item", 6: "client", 7: "err", 8: "count",
        9: "log_id"}


def mac_of(key, record):
    n, = struct.unpack(">Q", record[8:16])
    return hmac.new(kdf(key, b"audit", u64(n), 32), record[:-32], hashlib.sha256).digest()


def item_of(key, identifier):
    return hmac.new(kdf(key, b"audit-item", b"", 32), identifier, hashlib.sha256).digest()[:16]


def entry_of(record):
    length, = struct.unpack(">I", record[4:8])
    require(record[:4] == b"OWA1", "magic")
    require(length <= RECORD - HEAD - 32, "length")
    require(not any(record[HEAD + length:-32]), "padding")
    fields = strict(record[HEAD:HEAD + length])
    require(set(fields) <= set(KEYS), "unknown key")
    return {KEYS[k]: v for k, v in fields.items()}


def follow(key, data, at=None):
    """Entries of one file; at: (number, hash) of what was before, None when that is not known."""
    entries = []
    for offset in range(0, len(data), RECORD):
        record = data[offset:offset + RECORD]
        where = "entry %d: " % (offset // RECORD)
        require(len(record) == RECORD, where + "not complete")
        entry = entry_of(record)
        n, = struct.unpack(">Q", record[8:16])
        if at is None:
            require(entry["kind"] == 0, where + "not the beginning of a file")
            require(n > 0 or not any(record[16:48]), where + "something before the first")
            at = n, record[16:48]
        require((n, record[16:48]) == at, where + "not the next one")
        require(hmac.compare_digest(mac_of(key, record), record[-32:]), where + "MAC")
        at = n + 1, hashlib.sha256(record).digest()
        entry["n"], entry["hash"] = n, at[1]
        entries.append(entry)
    return entries, at


def audit_of(vault, way, answer):
    """Record 8 of the body."""
    outside = Outside(vault)
    vrk, _ = open_slot(outside, way, answer)
    body = read_body(outside, vrk)
    replay(outside, vrk, body)
    return body[8]


def against_head(audit, entries):
    """What the vault remembers of this log: as many entries as it says, the last of them that."""
    log_id = next(e["log_id"] for e in entries if e["kind"] == 0)
    for head in audit.get(4, []):
        if head[1] == log_id:
            known = [e for e in entries if e["n"] == head[2] - 1]
            require(entries[-1]["n"] + 1 >= head[2], "shorter than the vault remembers")
            require(not known or known[0]["hash"] == head[3], "not what the vault remembers")
            return head[2]
    return 0


def make(key, at, fields):
    """One record, for tests that need a long log; and where the next one goes."""
    # pylint: disable=import-outside-toplevel
    import cbor2
    cbor = cbor2.dumps(fields, canonical=True)
    record = b"OWA1" + struct.pack(">IQ", len(cbor), at[0]) + at[1] + cbor
    record += bytes(RECORD - 32 - len(record))
    record += mac_of(key, record + bytes(32))
    return record, (at[0] + 1, hashlib.sha256(record).digest())


def printable(entry):
    return {k: KINDS[v] if k == "kind" else v.hex() if isinstance(v, bytes) else v
            for k, v in entry.items()}


def main():
    answer = sys.stdin.read().strip()
    wordlist = re.findall(r'"([a-z]+)"', open(sys.argv[3], encoding="utf-8").read())[-2048:]
    root = phrase_root(answer.split(), wordlist) if sys.argv[2] == "phrase" else answer.encode()
    audit = audit_of(open(sys.argv[1], "rb").read(), sys.argv[2], root)
    entries, at = [], None
    for path in reversed(sys.argv[4:]):
        more, at = follow(audit[1], open(path, "rb").read(), at)
        entries += more
    json.dump({"anchored": against_head(audit, entries), "logs": len(audit.get(4, [])),
               "entries": [printable(e) for e in entries]}, sys.stdout)


if __name__ == "__main__":
    try:
        main()
    except Refused as e:
        sys.exit("refused: %s" % e)
