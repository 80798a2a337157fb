"""`ownkey import`: exports of KeePassXC, keys of minisign and WireGuard, in scripts."""

import base64
import hashlib
import os
import random
import subprocess
import sys
import time
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import agefile
from cli import opened, refused, works
from ownkey import run_parallel


def put(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def quote(*fields):
    return ",".join('"%s"' % f.replace('"', '""') for f in fields) + "\n"


HEAD = quote("Group", "Title", "Username", "Password", "URL", "Notes", "TOTP", "Icon")
OTP = "otpauth://totp/x:alice?secret=JBSWY3DPEHPK3PXP&period=30&digits=6&issuer=x"


def string(key, value, protected=False):
    return "<String><Key>%s</Key><Value%s>%s</Value></String>" % (
        escape(key), ' ProtectInMemory="True"' if protected else "", escape(value))


def entry(title, password="", extra="", **fields):
    return "<Entry><UUID>AAAA</UUID>%s%s%s%s</Entry>" % (
        string("Title", title), string("Password", password, True),
        "".join(string(k, v) for k, v in fields.items()), extra)


def xml(*content, meta=""):
    return ('<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<KeePassFile><Meta>%s</Meta>'
            "<Root><Group><UUID>ROOT</UUID><Name>Root</Name>%s</Group></Root></KeePassFile>\n"
            % (meta, "".join(content)))


def group(name, *content, uuid="GGGG"):
    return "<Group><UUID>%s</UUID><Name>%s</Name>%s</Group>" % (uuid, escape(name),
                                                                "".join(content))


def get(agent, name):
    return works(agent, "secret", "get", name)[:-1]


def names(agent):
    return [line.split("  ")[0] for line in works(agent, "secret", "list").splitlines()]


def csv(directory):
    """CSV: quotes, lines, duplicates; what is there stays, --replace; --dry-run changes nothing"""
    with opened(directory) as (agent, _, _):
        file = put(directory, "x.csv", HEAD + quote(
            "Root", "mail", "alice", 'p"1,\n2', "https://mail.example", "two\nlines", "", "0")
            + quote("Root/Work/ä", "vpn", "", "pw2", "", "", OTP, "0")
            + quote("Root/Work/ä", "vpn", "bob", "pw3", "", "", "", "0")
            + quote("Root", "empty", "", "", "", "", "", "0"))
        dry = agent.cli("import", "--dry-run", file)
        assert "would come in: Work/ä/vpn (2)" in dry.stdout, dry
        assert "5 would come in, 0 already here, 1 not" in dry.stdout, dry
        assert not names(agent)
        done = agent.cli("import", file)
        assert done.returncode == 1 and "not: empty: there is nothing in it" in done.stdout, done
        assert "5 came in, 0 already here, 1 not" in done.stdout, done
        assert "came in: Work/ä/vpn (2)\n" in done.stdout, done
        assert "p\"1" not in done.stdout + done.stderr and "pw2" not in done.stdout + done.stderr
        assert "x.csv is still there" in done.stderr.replace("\n", " "), done
        assert sorted(names(agent)) == ["Work/ä/vpn", "Work/ä/vpn (2)", "Work/ä/vpn/otp", "mail",
                                        "mail/notes"]
        assert get(agent, "mail") == 'p"1,\n2' and get(agent, "mail/notes") == "two\nlines"
        assert get(agent, "Work/ä/vpn/otp") == OTP and get(agent, "Work/ä/vpn (2)") == "pw3"
        again = agent.cli("import", file).stdout
        assert "0 came in, 5 already here, 1 not" in again and "came in: " not in again, again
        works(agent, "secret", "set", "--replace", "mail", stdin="changed")
        done = agent.cli("import", file)
        assert "not: mail: another value has this name" in done.stdout, done
        assert "0 came in, 4 already here, 2 not" in done.stdout, done
        assert get(agent, "mail") == "changed"
        assert "1 came in, 4" in agent.cli("import", "--replace", file).stdout
        assert get(agent, "mail") == 'p"1,\n2'


def keepass(directory):
    """XML: groups, protected strings, old seeds, history, attachments, the recycle bin"""
    history = "<History>" + entry("mail", "old") + "</History>"
    binary = "<Binary><Key>a.pdf</Key><Value Ref=\"0\"/></Binary>"
    with opened(directory) as (agent, _, _):
        file = put(directory, "x.xml", xml(
            entry("mail", "pw & <1>", history + binary, UserName="alice", URL="https://m",
                  Notes="n"),
            group("Wörk", entry("bank", "b", string("PIN", "1234", True) + string("Branch", "7")),
                  group("Deep", entry("old", "o", string("TOTP Seed", "JBSWY3DPEHPK3PXP", True)
                                      + string("TOTP Settings", "60;8"))),
                  entry("after", "z")),
            group("Recycle Bin", entry("gone", "g"), uuid="BIN0"),
            meta="<RecycleBinUUID>BIN0</RecycleBinUUID>"))
        done = agent.cli("import", file)
        assert "not: mail/(attachment): attachments" in done.stdout, done
        assert "not: Recycle Bin/gone: it is in the recycle bin" in done.stdout, done
        assert "7 came in, 0 already here, 2 not" in done.stdout, done
        assert sorted(names(agent)) == [
            "Wörk/Deep/old", "Wörk/Deep/old/otp", "Wörk/after", "Wörk/bank", "Wörk/bank/PIN",
            "mail", "mail/notes"], names(agent)
        assert get(agent, "mail") == "pw & <1>" and get(agent, "Wörk/bank/PIN") == "1234"
        assert get(agent, "Wörk/Deep/old/otp") == "JBSWY3DPEHPK3PXP"


def refusals(directory):
    """what is cut off or no import at all: nothing comes in, the next file does"""
    with opened(directory) as (agent, _, _):
        whole = HEAD + quote("Root", "a", "u", "p", "", "", "", "0")
        for i, text in enumerate((
                whole[:-3], xml(entry("a", "b"))[:-9], "", "nothing in particular\n",
                '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><KeePassFile></KeePassFile>',
                xml("<Entry><String><Key>Password</Key><Value Protected=\"True\">AAAA</Value>"
                    "</String></Entry>"), xml("<Group>" * 200), "ssh-ed25519 AAAA me\n",
                "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")):
            file = put(directory, "%d.x" % i, text)
            refused(agent, "import", file)
        said = refused(agent, "import", os.path.join(directory, "absent"))
        assert "no file or folder has this name" in said, said
        assert not names(agent)
        good = put(directory, "good.csv", whole)
        done = agent.cli("import", os.path.join(directory, "0.x"), good)
        assert done.returncode == 1 and "1 came in, 0 already here, 1 not" in done.stdout, done
        assert names(agent) == ["a"]
        refused(agent, "import", "gpg", "1234", status=64)
        refused(agent, "import", "ssh", status=64)
        works(agent, "lock")
        refused(agent, "import", good, status=3)


def called(directory):
    """a key is called by its comment, not by its file; status counts it, until a backup"""
    with opened(directory) as (agent, _, _):
        file = os.path.join(directory, "id_x")
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "me@example.org",
                        "-f", file], check=True, stdin=subprocess.DEVNULL)
        done = works(agent, "import", file)
        assert "came in: ssh/me@example.org/identity\n1 came in, 0 already" in done, done
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "sesame", "-f", file + "e"],
                       check=True, stdin=subprocess.DEVNULL)
        assert "import it in a terminal" in refused(agent, "import", file + "e")
        assert "1 secret, counting keys from elsewhere, exists only on this disk" in \
            " ".join(agent.cli("status").stdout.split())


def tools(directory):
    """WireGuard and minisign: keys and configurations, wrong ones refused"""
    rng = random.Random(os.urandom(8))
    key = base64.b64encode(rng.randbytes(32)).decode()
    psk = base64.b64encode(rng.randbytes(32)).decode()
    peer = base64.b64encode(rng.randbytes(32)).decode()
    with opened(directory) as (agent, _, _):
        conf = put(directory, "wg0.conf", "# mine\n[Interface]\nAddress = 10.0.0.1/24\n"
                   "PrivateKey = %s\n\n[Peer]\nPublicKey=%s\nPresharedKey= %s\n[Peer]\n"
                   "PublicKey = %s\n" % (key, peer, psk, key))
        assert "2 came in" in works(agent, "import", conf)
        assert get(agent, "wireguard/wg0") == key
        assert get(agent, "wireguard/wg0/preshared " + peer) == psk
        alone = put(directory, "wg1", key + "\n")
        refused(agent, "import", alone)
        assert "1 came in" in works(agent, "import", "wireguard", alone)
        refused(agent, "import", put(directory, "bad.conf", "[Interface]\nPrivateKey = AAAA\n"))
        raw = bytearray(b"Ed\0\0B2" + bytes(48) + bytes(104))
        refused(agent, "import", put(
            directory, "m.key", "untrusted comment: x\n" + base64.b64encode(raw).decode() + "\n"))


def cut_off(directory):
    """cut off at any byte, keys of age, minisign and WireGuard are refused, or are still whole"""
    private = os.urandom(32)
    identity = agefile.bech32("age-secret-key-", private).upper() + "\n"
    secret = os.urandom(32)
    public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(
        Encoding.Raw, PublicFormat.Raw)
    raw = b"Ed\0\0B2" + bytes(48) + os.urandom(8) + secret + public + bytes(32)
    key = base64.b64encode(os.urandom(32)).decode()
    files = {
        "age": (identity, len(identity) - 1),
        "age.sealed": (agefile.seal_passphrase(identity.encode(), "x"), None),
        "minisign": ("untrusted comment: x\n" + base64.b64encode(raw).decode() + "\n", 21 + 212),
        "wireguard": ("[Interface]\nPrivateKey = %s\n" % key, 12 + 13 + 44)}
    with opened(directory) as (agent, _, _):
        for name, (text, enough) in files.items():
            text = text if isinstance(text, bytes) else text.encode()
            where = os.path.join(directory, name)
            os.mkdir(where)
            parts = [put(where, "%03d" % n, text[:n]) for n in range(1, len(text))]
            for some in (parts[i:i + 50] for i in range(0, len(parts), 50)):
                done = agent.cli("import", "--dry-run", name.split(".")[0], *some, "--ask-stdin",
                                 stdin="x\n" * len(some))
                good = sum(enough is not None and int(os.path.basename(p)) >= enough
                           for p in some)
                assert "%d would come in, 0 already here, %d not" % (
                    good, len(some) - good) in done.stdout, (name, some[0], done)
            whole = agent.cli("import", name.split(".")[0], put(where, name, text),
                              "--ask-stdin", stdin="x\n")
            assert "1 came in" in whole.stdout, (name, whole)


def many(directory):
    """5,000 entries within seconds; again, all there"""
    rng = random.Random(5)
    rows = ["".join(rng.choice("abcdefghij") for _ in range(12)) for _ in range(5000)]
    with opened(directory) as (agent, _, _):
        file = put(directory, "x.csv", HEAD + "".join(
            quote("Root/g%d" % (i % 50), t, "u", hashlib.sha256(t.encode()).hexdigest(), "", "",
                  "", "0") for i, t in enumerate(rows)))
        began = time.monotonic()
        assert "5000 came in, 0 already here, 0 not" in works(agent, "import", file)
        first = time.monotonic() - began
        assert "0 came in, 5000 already here, 0 not" in works(agent, "import", file)
        print("# 5000 entries: %.1f s, again: %.1f s" % (first, time.monotonic() - began - first))
        assert first < 50
        assert get(agent, "g7/" + rows[7]) == hashlib.sha256(rows[7].encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__.split(";")[0].split(":")[0], t) for t in (
        csv, keepass, refusals, called, tools, cut_off, many)]))
