#!/bin/sh
# What pages tell people when they refuse is in the table of texts, so that it can be translated:
# every text of web_refuse and ceremony_failed is a row of it, word for word.  What only programs
# read (API) may stay English.
. tests/lint/lib.sh
exec /usr/bin/python3 - <<'PY'
import glob
import re
import sys

TABLE = "oidc/page/say_en_table.h"
API = {"oidc/op/userinfo.c", "oidc/op/terminal_api.c"}
LITERAL = r'"(?:[^"\\]|\\.)*"'


def texts(code):
    """Literals; those that stand side by side are one."""
    for run in re.findall(r"(?:%s\s*)+" % LITERAL, code):
        yield "".join(part[1:-1] for part in re.findall(LITERAL, run))


def calls(code):
    """(line, arguments) of each call."""
    for m in re.finditer(r"\b(?:web_refuse|ceremony_failed)\(", code):
        depth = 1
        for token in re.finditer(r"%s|[()]" % LITERAL, code[m.end():]):
            depth += {"(": 1, ")": -1}.get(token.group(), 0)
            if not depth:
                yield code.count("\n", 0, m.start()) + 1, code[m.end():m.end() + token.start()]
                break


try:
    with open(TABLE, encoding="utf-8") as f:
        rows = set(texts(f.read()))
except FileNotFoundError:
    rows = set()
bad = False
for file in sorted(set(glob.glob("oidc/**/*.c", recursive=True)) - API):
    with open(file, encoding="utf-8") as f:
        for line, arguments in calls(f.read()):
            for text in texts(arguments):
                if " " in text and text not in rows:
                    print("%s:%d: no row of %s says: %s" % (file, line, TABLE, text))
                    bad = True
sys.exit(bad)
PY
