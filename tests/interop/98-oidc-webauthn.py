#!/usr/bin/python3
# limit: 240
"""@simplewebauthn/server (npm) as a second opinion on WebAuthn: on each ceremony of our tests, with
what is wrong by name, with the software token, with Chromium's.  Where we differ stands here, with
the reason."""

import contextlib
import importlib.util
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, "..", "e2e"))
# pylint: disable=wrong-import-position
import oidc_login  # noqa: E402
from job import BUILD  # noqa: E402
from oidc_browser import Browser  # noqa: E402
from ownkey import run_parallel, until  # noqa: E402
from webauthn import AT, b64, unb64  # noqa: E402
import webdriver  # noqa: E402

NPM = os.path.join(HERE, "..", "..", "build", "npm")
UV, BE, BS = 1, 2, 4  # flags of a credential in the store

# All that we refuse and the other takes; nothing is the other way round.
DIFFERENCES = {
    "crossOrigin": "it lets a frame of another origin pass without topOrigin, as Safari has none; "
                   "nobody has our pages in a frame (7.1 step 9, 7.2 step 13)",
    "crossOrigin that is a text": "it takes what is not true or false for either",
    "topOrigin": "it looks at it in logins only (7.1 step 10)",
    "JSON that is not UTF-8": "it puts U+FFFD there; no browser sends it",
    "extensions that are no map": "it takes any CBOR item for extensions (6.1)",
    "empty credential id": "it does not look at the length of 0",
    "credential id of 1024 bytes": "it does not look at the length (7.1 step 25)",
    "kty of another algorithm": "it looks at the key when it is used first, we before it is stored",
    "RSA with a tiny modulus": "the same",
    "bytes behind the object": "it reads the first CBOR item only",
    "members in another order": "decoders should refuse CBOR that is not canonical (2.1)",
    "another credential": "it leaves it to the caller which credential it is judged with",
    "userHandle of another": "it leaves userHandle to the caller (7.2 step 6)",
    "userHandle that is short": "the same",
    "a new credential": "AT must not be set in an assertion (6.1); it does not look",
    "BE came": "it leaves the stored flag to the caller (7.2 step 18)",
    "BE went": "the same",
}
# Why we refused what came over HTTP, though the other takes the ceremony in it.
AROUND = {
    "around": "a challenge twice, late, or of another browser; a form of another site; an "
              "invitation that was used; a token that is registered",
    "credential of another account": "than the one that was named",
    "nobody's credential": "it was taken away",
    "disabled account": "it knows no accounts",
    "no userHandle": "it leaves userHandle to the caller (7.2 step 6)",
    "userHandle of another account": "the same",
    "authData: backup eligibility changed": DIFFERENCES["BE came"],
    "clientData: crossOrigin": DIFFERENCES["crossOrigin"],
    "clientData: topOrigin": DIFFERENCES["topOrigin"],
}
SEEN = set()


def judged(ceremonies):
    """What the other says about each."""
    done = subprocess.run(
        [NPM + "/node_modules/node/bin/node", os.path.join(HERE, "webauthn_judge.mjs")],
        input="".join(json.dumps(c) + "\n" for c in ceremonies), env={"NPM": NPM}, text=True,
        capture_output=True, timeout=100, check=True)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(said) == len(ceremonies), done.stderr
    return list(zip(ceremonies, said))


def named(_):
    """each that is wrong by name"""
    lines = subprocess.run([BUILD + "/interop/ceremonies"], stdout=subprocess.PIPE, check=True,
                           text=True).stdout.splitlines()
    differ, n = set(), {True: 0, False: 0}
    for ours, theirs in judged([json.loads(line) for line in lines]):
        n[not ours["why"]] += 1
        assert theirs["ok"] or ours["why"], (ours, theirs)
        if theirs["ok"] and ours["why"]:
            differ.add(ours["name"])
    assert n[True] >= 15 and n[False] >= 70, n
    assert differ == set(DIFFERENCES), differ ^ set(DIFFERENCES)


class Heard(Browser):
    """A browser that writes down ceremonies, and what came of them."""

    def __init__(self, at, heard, **kw):
        super().__init__(at.port, **kw)
        self.at, self.heard = at, heard

    def send(self, form, follow=True, to=None, origin=None, **fields):
        before = len(self.at.p.said())
        page = super().send(form, follow, to, origin, **fields)
        if form["action"].endswith("/finish") and "client_data" in fields:
            until(lambda: "/finish status=" in self.at.p.said()[before:], "it is in the log")
            said = self.at.p.said()[before:].partition(" refused: ")[2].splitlines()
            why = "" if page.status == 200 else said[0].split('"')[0] if said else "around"
            self.heard.append(ceremony(self.at.origin, form, fields, why))
            if not why and "object" in fields:
                self.look(self.heard[-1])
        return page

    def look(self, c):
        """What is stored now is what the other reads in it."""
        row = self.at.sql("SELECT key, count, flags FROM credential WHERE id=?", unb64(c["id"]))[0]
        c["row"] = [b64(row[0]), row[1], *(bool(row[2] & f) for f in (UV, BE, BS))]


def id_of(fields):
    """The credential's, in a registration: of authData, by another way than ours."""
    if fields.get("id"):
        return fields["id"]
    import cbor2  # pylint: disable=import-outside-toplevel
    data = cbor2.loads(unb64(fields["object"]))["authData"]
    return b64(data[55:55 + int.from_bytes(data[53:55], "big")]) if data[32] & AT else "none"


def ceremony(origin, form, fields, why):
    kind = "create" if "object" in fields else "get"
    return {"kind": kind, "origin": origin, "rp": form["data-rp"], "why": why, "id": id_of(fields),
            "challenge": form["data-challenge"],
            **{n: v for n, v in fields.items() if n in ("client_data", "object", "authdata",
                                                        "signature", "user_handle")}}


def agree(heard, least):
    """Both say yes, or both no, or we have a reason.  least: how many each, yes and no."""
    yes, no = 0, 0
    for ours, theirs in judged(heard):
        yes, no = yes + (not ours["why"]), no + bool(ours["why"])
        assert theirs["ok"] or ours["why"], (ours, theirs)
        if theirs["ok"] and ours["why"]:
            assert ours["why"] in AROUND, (ours, theirs)
            SEEN.add(ours["why"])
        if "row" in ours:
            assert ours["row"] == [theirs[n] for n in ("key", "count", "uv", "be", "bs")], theirs
    assert yes >= least[0] and no >= least[1], (yes, no)


def with_token(case, *least):
    def run(directory):
        heard = []

        @contextlib.contextmanager
        def place(*args, **kw):
            with oidc_login_place(*args, **kw) as at:
                at.browser = lambda **kw: Heard(at, heard, **kw)
                yield at
        oidc_login.place = place
        case(directory)
        agree(heard, least)
    return run


oidc_login_place = oidc_login.place

LISTEN = """
const send = HTMLFormElement.prototype.submit;
HTMLFormElement.prototype.submit = function () {
    const all = JSON.parse(localStorage.ceremonies || '[]');
    const d = this.dataset, fields = Object.fromEntries(new FormData(this));
    if (d.rp)
        all.push([{ 'data-rp': d.rp, 'data-challenge': d.challenge }, fields]);
    localStorage.ceremonies = JSON.stringify(all);
    send.call(this);
};
"""


class Listening(webdriver.Driver):
    """Chromium, which keeps what its pages sent off."""
    origin = None

    def open(self, url):
        if not self.origin:
            self.origin = "/".join(url.split("/")[:3])
            self.call("POST", "/goog/cdp/execute", {
                "cmd": "Page.addScriptToEvaluateOnNewDocument", "params": {"source": LISTEN}})
        super().open(url)

    def end(self):
        if self.origin and self.heard is not None:
            self.open(self.origin + "/static/style.css")
            for form, fields in json.loads(self.run("return localStorage.ceremonies || '[]'")):
                fields = {n: v for n, v in fields.items() if v}
                self.heard.append(ceremony(self.origin, form, fields, ""))
            self.heard = None
        super().end()


def with_chromium(name, least):
    def run(directory):
        spec = importlib.util.spec_from_file_location(
            "pages", os.path.join(HERE, "96-oidc-chromium.py"))
        pages = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(pages)
        heard = Listening.heard = []
        webdriver.Driver = Listening
        getattr(pages, name)(directory)
        agree(heard, (least, 0))
    return run


def stale(_):
    """Each reason is one that there is."""
    assert set(AROUND) <= SEEN or sys.argv[1:], set(AROUND) - SEEN


CASES = [
    ("each wrong by name: differences have reasons", named),
    ("the token registers", with_token(oidc_login.register, 6, 1)),
    ("the token registers wrongly", with_token(oidc_login.bad_registrations, 1, 9)),
    ("the token logs in wrongly", with_token(oidc_login.wrong_logins, 4, 20)),
    ("tokens of an account", with_token(oidc_login.account, 5, 1)),
    ("tokens after recovery", with_token(oidc_login.recovery, 3, 0)),
    ("Chromium: pages", with_chromium("pages", 4)),
    ("Chromium: refusals", with_chromium("refusals", 2)),
    ("Chromium: sites", with_chromium("sites", 3)),
    ("Chromium: dark", with_chromium("dark", 1)),
    ("no reason is stale", stale),
]

if __name__ == "__main__":
    sys.exit(run_parallel(CASES, 1))
