#!/usr/bin/python3
"""What the real programs keep comes in: keepassxc-cli, pass, gpg, minisign, wg, ssh-keygen, age."""

import base64
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))

# pylint: disable=wrong-import-position
from cli import opened, works  # noqa: E402
from importing import get, names, put  # noqa: E402
from ownkey import PIN, run_parallel  # noqa: E402
from terminal import Terminal  # noqa: E402

PASS = "an export pass phrase"


def run(*args, data="", **env):
    done = subprocess.run(args, input=data, capture_output=True, text=True, check=False,
                          env={**os.environ, **env})
    assert done.returncode == 0, (args, done)
    return done.stdout


def keepassxc(directory):
    """keepassxc-cli: its XML and its CSV have the same passwords"""
    db, env = os.path.join(directory, "x.kdbx"), {"QT_QPA_PLATFORM": "offscreen"}
    run("keepassxc-cli", "db-create", "-p", db, data="%s\n%s\n" % (PASS, PASS), **env)
    run("keepassxc-cli", "mkdir", db, "Web", data=PASS + "\n", **env)
    for name, pw in (("mail", 'p"1,&<x>'), ("Web/shop ü", "pw2"), ("Web/bank", "pw3")):
        run("keepassxc-cli", "add", "-u", "alice", "--url", "https://x.example", "-p", db, name,
            data="%s\n%s\n" % (PASS, pw), **env)
    run("keepassxc-cli", "edit", "-p", db, "Web/bank", data="%s\npw4\n" % PASS, **env)
    with opened(directory) as (agent, _, _):
        for form in ("xml", "csv"):
            file = put(directory, "x." + form,
                       run("keepassxc-cli", "export", "-f", form, db, data=PASS + "\n", **env))
            done = works(agent, "import", file)
            assert ("3 came in" if form == "xml" else "0 came in, 3 already here") in done, done
        assert sorted(names(agent)) == ["Web/bank", "Web/shop ü", "mail"]
        assert get(agent, "mail") == 'p"1,&<x>' and get(agent, "Web/bank") == "pw4"


def gpg_home(directory, passphrase=""):
    home = os.path.join(directory, "g")
    os.mkdir(home, 0o700)
    run("gpg", "--batch", "--pinentry-mode", "loopback", "--passphrase", passphrase,
        "--quick-gen-key", "test@example.org", "rsa2048" if passphrase else "default", "default",
        "never", GNUPGHOME=home)
    return home


def stop_gpg(home):
    subprocess.run(["gpgconf", "--kill", "all"], check=False, env={**os.environ,
                                                                  "GNUPGHOME": home})


def pass_store(directory):
    """pass: passwords, user, url, codes and notes of a store"""
    home, store = gpg_home(directory), os.path.join(directory, "store")
    env = {"GNUPGHOME": home, "PASSWORD_STORE_DIR": store}
    try:
        run("pass", "init", "test@example.org", **env)
        otp = "otpauth://totp/a?secret=JBSWY3DPEHPK3PXP"
        run("pass", "insert", "-m", "web/shop", data="pw1\nuser: alice\nurl: https://s.example\n"
            + otp + "\n\nanswer: blue\nmore\n", **env)
        run("pass", "insert", "-m", "mail ü", data="pw 2", **env)
        put(store, "broken.gpg", b"\x85\x01\x0c")
        with opened(directory) as (agent, _, _):
            for again in range(2):
                done = agent.cli("import", store, **env)
                assert done.returncode == 1, done
                assert "not: broken: gpg could not decrypt it" in done.stdout, done
                assert ("0 came in, 4" if again else "4 came in, 0") in done.stdout, done
            assert sorted(names(agent)) == ["mail ü", "web/shop", "web/shop/notes",
                                            "web/shop/otp"]
            assert get(agent, "web/shop") == "pw1" and get(agent, "mail ü") == "pw 2"
            assert get(agent, "web/shop/otp") == otp
            assert get(agent, "web/shop/notes") == "answer: blue\nmore"
            assert "0 came in, 4" in agent.cli("import", "pass", **env).stdout
    finally:
        stop_gpg(home)


def gpg(directory):
    """gpg: a passphrase is tried by gpg-agent before it is kept for its keygrip"""
    home = gpg_home(directory, PASS)
    try:
        out = run("gpg", "--list-secret-keys", "--with-colons", "--with-keygrip", GNUPGHOME=home)
        grip = re.findall(r"^grp:+([0-9A-F]{40}):", out, re.M)[0]
        with opened(directory) as (agent, _, _):
            done = agent.cli("import", "gpg", grip, "--ask-stdin", stdin="wrong\n",
                             GNUPGHOME=home)
            assert done.returncode == 5 and not names(agent), done
            done = agent.cli("import", "gpg", grip.lower(), "--ask-stdin", stdin=PASS + "\n",
                             GNUPGHOME=home)
            assert done.returncode == 0 and "1 came in" in done.stdout, done
            assert get(agent, "gpg/" + grip) == PASS
    finally:
        stop_gpg(home)


def minisign(directory):
    """minisign: keys with and without a passphrase sign as before"""
    with opened(directory) as (agent, _, _):
        for name, more in (("plain", ["-W"]), ("sealed", [])):
            sk, pk = (os.path.join(directory, name + x) for x in (".key", ".pub"))
            run("minisign", "-G", "-f", *more, "-p", pk, "-s", sk, data="%s\n%s\n" % (PASS, PASS))
            if name == "sealed":
                done = agent.cli("import", sk, "--ask-stdin", stdin="wrong\n")
                assert done.returncode == 5, done
            done = agent.cli("import", sk, "--ask-stdin", stdin=PASS + "\n")
            assert done.returncode == 0 and "1 came in" in done.stdout, done
            back = put(directory, name + ".back", get(agent, "minisign/" + name) + "\n")
            file = put(directory, name + ".txt", "what is signed")
            run("minisign", "-S", "-m", file, "-s", back, "-x", file + ".sig")
            run("minisign", "-V", "-m", file, "-p", pk, "-x", file + ".sig")


def wireguard(directory):
    """wg: the key of a file and of a configuration, known by `wg pubkey`"""
    key, psk = run("wg", "genkey"), run("wg", "genpsk")
    peer = run("wg", "pubkey", data=run("wg", "genkey"))
    with opened(directory) as (agent, _, _):
        works(agent, "import", "wireguard", put(directory, "alone", key))
        assert "2 came in" in works(agent, "import", put(
            directory, "wg0.conf", "[Interface]\nPrivateKey = %s[Peer]\nPublicKey = %s"
            "PresharedKey = %s" % (key, peer, psk)))
        assert run("wg", "pubkey", data=get(agent, "wireguard/wg0") + "\n") == run(
            "wg", "pubkey", data=key)
        assert get(agent, "wireguard/alone") + "\n" == key
        # and one that is made here
        shown = works(agent, "id", "add", "wireguard", "wg9")
        works(agent, "id", "export", "wireguard/wg9", "-o", directory + "/wg9", "--ask-stdin",
              stdin=PIN + "\n")
        made = open(directory + "/wg9", encoding="ascii").read().strip()
        public = run("wg", "pubkey", data=made + "\n").strip()
        assert public in shown, (public, shown)
        first, last = base64.b64decode(made)[0], base64.b64decode(made)[31]
        assert first & 7 == 0 and last & 0xc0 == 0x40, "not as wg genkey makes it"


def ssh(directory):
    """ssh-keygen: keys of each kind, with and without a passphrase; certificates; PEM"""
    kinds = (("-t", "ed25519"), ("-t", "rsa", "-b", "2048"), ("-t", "ecdsa", "-b", "384"),
             ("-t", "ecdsa", "-b", "521", "-m", "PEM"))
    with opened(directory) as (agent, _, _):
        for i, kind in enumerate(kinds * 2):
            phrase = PASS if i >= len(kinds) else ""
            key = os.path.join(directory, "k%d" % i)
            run("ssh-keygen", "-q", *kind, "-N", phrase, "-C", "me@here", "-f", key)
            if i == 0:
                run("ssh-keygen", "-q", "-s", key, "-I", "id", "-n", "me", key + ".pub")
            dry = agent.cli("import", "--dry-run", key, "--ask-stdin", stdin=phrase + "\n")
            assert "1 would come in, 0 already" in dry.stdout, dry
            done = agent.cli("import", key, "--ask-stdin", stdin=phrase + "\n")
            assert done.returncode == 0 and "1 came in" in done.stdout, done
            assert PASS not in done.stdout + done.stderr
            again = agent.cli("import", key, "--ask-stdin", stdin=phrase + "\n")
            assert "0 came in, 1 already here" in again.stdout, again
            dry = agent.cli("import", "--dry-run", key, "--ask-stdin", stdin=phrase + "\n")
            assert "0 would come in, 1 already" in dry.stdout, dry
            listed = works(agent, "ssh", "list")
            print_ = run("ssh-keygen", "-l", "-f", key + ".pub").split()[1]
            assert "ssh-ed25519-cert-v01@openssh.com " in listed and print_ in listed, listed
            public = open(key + ".pub", encoding="utf-8").read().split()[1]
            shown = [works(agent, "id", "show", line.split("  ")[0])
                     for line in works(agent, "id", "list", "ssh").splitlines()]
            assert sum(public in s for s in shown) == 1, (key, shown)


def age_sealed(directory):
    """age -p: identities under a passphrase that is typed at a terminal, in both forms"""
    plain = put(directory, "plain", run("age-keygen"))
    recipient, = [line.split()[-1] for line in open(plain, encoding="ascii")
                  if "public key" in line]
    with opened(directory) as (agent, _, _):
        for i, more in enumerate(([], ["-a"])):
            file = os.path.join(directory, "sealed%d" % i)
            t = Terminal([shutil.which("age"), "-p", *more, "-o", file, plain], dict(os.environ))
            t.expect("passphrase")
            t.type(PASS)
            t.expect("[Cc]onfirm passphrase")
            t.type(PASS)
            assert t.end() == 0, t.text
            wrong = agent.cli("import", file, "--ask-stdin", stdin="wrong\n")
            assert wrong.returncode == 5 and "came in: " not in wrong.stdout, wrong
            for dry in ([], ["--dry-run"]):
                done = agent.cli("import", *dry, file, "--ask-stdin", stdin=PASS + "\n")
                want = "1 already here" if dry else "1 came in"
                assert done.returncode == 0 and want in done.stdout, done
            assert recipient in works(agent, "id", "show", "age/sealed%d/identity" % i)


def age(directory):
    """age-keygen: several identities in a file, and lines of plugins"""
    file = os.path.join(directory, "key.txt")
    with open(file, "w", encoding="ascii") as f:
        f.write(run("age-keygen") + run("age-keygen") + "AGE-PLUGIN-X-1QQPQYZLQW\n")
    recipients = [line.split()[-1] for line in open(file, encoding="ascii")
                  if "public key" in line]
    with opened(directory) as (agent, _, _):
        done = agent.cli("import", file)
        assert done.returncode == 1 and "2 came in, 0 already here, 1 not" in done.stdout, done
        assert "0 came in, 2 already here, 1 not" in agent.cli("import", file).stdout
        shown = "".join(works(agent, "id", "show", line.split("  ")[0])
                        for line in works(agent, "id", "list", "age").splitlines())
        assert len(recipients) == 2 and all(r in shown for r in recipients), (recipients, shown)


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__.split(";")[0].split(":")[0], t) for t in (
        keepassxc, pass_store, gpg, minisign, wireguard, ssh, age, age_sealed)]))
