"""Tokens of an issuer: signatures a second by algorithm and requests in flight."""

import contextlib
from statistics import median

ISSUER = "https://id.example.org"
PATH = "oidc/https:%2F%2Fid.example.org/"
ALGS = ["es256", "eddsa", "rs256"]
AUDIENCE, ACCOUNT = 0, 1


def prepare(agent, person, audiences=1000, accounts=10000):
    with contextlib.closing(agent.client(person)) as c:
        c.call("id.add", service="oidc", account=ISSUER)
        names = [(AUDIENCE, "aud")] + [(AUDIENCE, "aud%d" % i) for i in range(audiences - 1)]
        names += [(ACCOUNT, "acc")] + [(ACCOUNT, "acc%d" % i) for i in range(accounts - 1)]
        for i in range(0, len(names), 1000):
            c.call("jwt.allow", issuer=ISSUER,
                   names=[{"kind": k, "name": n} for k, n in names[i:i + 1000]])
        for alg in ALGS:
            c.call("policy.set", label=PATH + alg, rate=0)


def measure(note, agent, person, rounds, load):
    prepare(agent, person)
    cases = [(alg, n) for alg in ALGS for n in (1, 16, 64)]
    rows = {case: [] for case in cases}
    for _ in range(rounds):
        for alg, n in cases:
            rows[alg, n].append(load(alg, n, agent, ISSUER))
    print("\ntokens (jwt.sign): 1000 audiences and 10000 accounts on the list, medians [range]")
    for (alg, n), got in rows.items():
        rate = [r["per_s"] for r in got]
        note("jwt-%s-%d" % (alg, n), {"per_s": median(rate), "rounds": got},
             ("%-7s %4d in flight %8.0f/s [%.0f..%.0f]   p50 %.0f p99 %.0f us, "
              "agent %.1f us CPU each") % (alg, n, median(rate), min(rate), max(rate), *[
                     median([r[k] for r in got]) for k in ("p50_us", "p99_us", "agent_cpu_us")]))
