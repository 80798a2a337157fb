#!/usr/bin/python3
"""GnuPG with pinentry-ownkey: protected Ed25519 and RSA keys, passphrases in the vault and not,
right and wrong ones, an open and a locked vault, with and without gpg-agent's external cache."""
import contextlib
import os
import re
import shutil
import subprocess
import sys
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "e2e"))

import ownkey  # noqa: E402  pylint: disable=wrong-import-position

FAKE = os.path.join(ownkey.HERE, "fake-pinentry")
# what Assuan has to escape, and what it need not
SECRET = "per cent % and\tblank ä"


class Gpg:
    """A GNUPGHOME of its own whose agent asks pinentry-ownkey; the real pinentry is a fake."""

    def __init__(self, agent, directory, *conf):
        self.agent, self.home = agent, os.path.join(directory, "g")
        self.real = os.path.join(directory, "real")
        shutil.copy(FAKE, self.real)
        os.chmod(self.real, 0o755)
        os.makedirs(self.home, 0o700)
        self.env = {**agent.env, "GNUPGHOME": self.home}
        self.answers("cancel")
        agent.configure(agent.tokens, pinentry=self.real)
        with open(os.path.join(self.home, "gpg-agent.conf"), "w", encoding="utf-8") as f:
            f.write("pinentry-program %s\nmax-cache-ttl 0\ndefault-cache-ttl 0\n" %
                    os.path.join(ownkey.BUILD, "pinentry-ownkey"))
            f.writelines(line + "\n" for line in conf)

    def answers(self, *lines):
        for name in (".count", ".log"):
            with contextlib.suppress(FileNotFoundError):
                os.remove(self.real + name)
        with open(self.real + ".answers", "w", encoding="utf-8") as f:
            f.write("\n".join(lines) + "\n")

    def asked(self):
        """What the real pinentry was told."""
        with contextlib.suppress(FileNotFoundError):
            return open(self.real + ".log", encoding="utf-8").read()
        return ""

    def run(self, *args, data="", good=True):
        done = subprocess.run(["gpg", "--batch", "--quiet", *args], input=data.encode(),
                              env=self.env, capture_output=True, timeout=60, check=False)
        assert (done.returncode == 0) == good, (args, done)
        return done.stdout

    def make(self, name, algorithm, passphrase):
        """A protected key; the keygrips of its primary key and its subkey."""
        for algo, use in (algorithm, ("rsa2048" if algorithm[0].startswith("rsa") else "cv25519",
                                      "encr")):
            args = ["--quick-generate-key", name, algo, use, "never"]
            if use == "encr":
                args = ["--quick-add-key", self.fingerprint(name), algo, use, "never"]
            self.run("--pinentry-mode", "loopback", "--passphrase", passphrase, *args)
        listed = self.run("--with-colons", "--with-keygrip", "-K", name).decode()
        return re.findall(r"^grp:+([0-9A-F]{40}):", listed, re.M)

    def fingerprint(self, name):
        return re.search(r"^fpr:+([0-9A-F]+):",
                         self.run("--with-colons", "-K", name).decode(), re.M)[1]

    def sign(self, name, good=True):
        signed = self.run("-u", name, "--clearsign", data="text\n", good=good)
        if good:
            self.run("--verify", data=signed.decode())

    def stop(self):
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], env=self.env, check=False)


@contextlib.contextmanager
def gnupg(directory, *conf):
    with ownkey.world(directory, {}, start=False) as (agent, token):
        agent.tokens = [token]
        gpg = Gpg(agent, directory, *conf)
        agent.start()
        person = agent.init(no_pin=True)
        agent.unlock(person)
        try:
            yield agent, token, gpg
        except BaseException:
            sys.stderr.write(gpg.asked())
            raise
        finally:
            gpg.stop()


def keep(agent, keygrips, passphrase, **how):
    with contextlib.closing(agent.client()) as c:
        for grip in keygrips:
            c.call("secret.set", label="gpg/" + grip, value=passphrase.encode(), **how)


def kept(directory, algorithm):
    """sign, clearsign, decrypt: the real pinentry is never started"""
    with gnupg(directory) as (agent, _, gpg):
        keep(agent, gpg.make("a@example.org", algorithm, SECRET), SECRET)
        gpg.sign("a@example.org")
        signed = gpg.run("-u", "a@example.org", "--sign", data="more\n")
        assert gpg.run("--decrypt", input_of(directory, signed)) == b"more\n"
        sealed = gpg.run("--trust-model", "always", "-r", "a@example.org", "-e", data="secret\n")
        assert gpg.run("--decrypt", input_of(directory, sealed)) == b"secret\n"
        assert gpg.asked() == "", gpg.asked()
        said = agent.said()
        assert SECRET not in said


def input_of(directory, data):
    path = os.path.join(directory, "input")
    with open(path, "wb") as f:
        f.write(data)
    return path


def ed25519(directory):
    """an Ed25519 key whose passphrase the vault has: sign, decrypt"""
    kept(directory, ("ed25519", "sign,cert"))


def rsa(directory):
    """the same with RSA"""
    kept(directory, ("rsa2048", "sign,cert"))


def unknown(directory):
    """a key that the vault does not know: the real pinentry is asked, with all that was said"""
    with gnupg(directory) as (agent, _, gpg):
        grips = gpg.make("b@example.org", ("ed25519", "sign,cert"), SECRET)
        gpg.answers("pin " + SECRET.replace("%", "%25"))
        gpg.sign("b@example.org")
        log = gpg.asked()
        assert "SETKEYINFO n/" + grips[0] in log and log.count("GETPIN") == 1, log
        assert "OPTION allow-external-password-cache" in log and "SETDESC" in log, log
        assert log.index("OPTION") < log.index("SETKEYINFO") < log.index("GETPIN"), log
        gpg.answers("cancel")
        gpg.sign("b@example.org", good=False)
        assert gpg.asked().count("GETPIN") == 1, gpg.asked()
        assert not agent.status().locked


def wrong(directory, *conf):
    """a wrong passphrase in the vault: given once, then the real pinentry; a new one is given"""
    with gnupg(directory, *conf) as (agent, _, gpg):
        grips = gpg.make("c@example.org", ("ed25519", "sign,cert"), SECRET)
        keep(agent, grips, "not this one")
        gpg.answers("pin " + SECRET.replace("%", "%25"))
        gpg.sign("c@example.org")
        assert gpg.asked().count("GETPIN") == 1, gpg.asked()
        gpg.answers("pin " + SECRET.replace("%", "%25"))
        gpg.sign("c@example.org")
        assert gpg.asked().count("GETPIN") == 1 and "SETERROR" not in gpg.asked(), gpg.asked()
        ownkey.time.sleep(1.1)  # when it was changed is known to the second
        keep(agent, grips, SECRET, replace=True)
        gpg.answers("cancel")
        gpg.sign("c@example.org")
        assert gpg.asked() == "", gpg.asked()


def wrong_no_cache(directory):
    """the same when gpg-agent wants no external cache: it says SETERROR"""
    wrong(directory, "no-allow-external-cache")


def locked(directory):
    """a locked vault waits for the touch; without one the real pinentry is asked"""
    with gnupg(directory) as (agent, token, gpg):
        keep(agent, gpg.make("d@example.org", ("ed25519", "sign,cert"), SECRET), SECRET)
        token.tell("touch-mode", "never")
        agent.lock()
        signing = threading.Thread(target=gpg.sign, args=["d@example.org"])
        signing.start()
        ownkey.until(token.is_waiting, "gpg waits for a touch")
        assert signing.is_alive()
        token.tell("touch")
        signing.join(20)
        assert not signing.is_alive() and not agent.status().locked and gpg.asked() == ""
        agent.lock()
        gpg.answers("pin " + SECRET.replace("%", "%25"))
        gpg.sign("d@example.org")  # nobody touches: 10 seconds
        assert gpg.asked().count("GETPIN") == 1 and agent.status().locked, gpg.asked()


def policy(directory):
    """use 1 asks the person, use 2 wants a touch; no means no"""
    with gnupg(directory) as (agent, token, gpg):
        one = gpg.make("e@example.org", ("ed25519", "sign,cert"), SECRET)
        keep(agent, one, SECRET, use=1)
        gpg.answers("no")
        gpg.sign("e@example.org", good=False)
        assert gpg.asked().count("CONFIRM") == 1 and "GETPIN" not in gpg.asked(), gpg.asked()
        gpg.answers("ok")
        gpg.sign("e@example.org")
        assert "pinentry-ownkey" in gpg.asked() and "GETPIN" not in gpg.asked(), gpg.asked()
        keep(agent, one, SECRET, use=2, replace=True)
        token.tell("touch-mode", "never")
        signing = threading.Thread(target=gpg.sign, args=["e@example.org"])
        signing.start()
        ownkey.until(token.is_waiting, "gpg waits for a touch")
        token.tell("touch")
        signing.join(20)
        assert not signing.is_alive()


def no_agent(directory):
    """no vault: the real pinentry, and no agent is started"""
    with gnupg(directory) as (agent, _, gpg):
        gpg.make("f@example.org", ("ed25519", "sign,cert"), SECRET)
        gpg.answers("pin " + SECRET.replace("%", "%25"))
        agent.stop()
        for path in (agent.vault, agent.socket):
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)
        gpg.sign("f@example.org")
        assert gpg.asked().count("GETPIN") == 1, gpg.asked()
        assert not os.path.exists(agent.socket)


def symmetric(directory):
    """gpg -c, which has no key: twice by the real pinentry"""
    with gnupg(directory) as (_, _, gpg):
        gpg.answers("pin a long one with 4 words")
        sealed = gpg.run("--no-symkey-cache", "-c", data="text\n")
        assert gpg.asked().count("GETPIN") >= 1, gpg.asked()
        assert gpg.run("--no-symkey-cache", "-d", input_of(directory, sealed)) == b"text\n"


CASES = [ed25519, rsa, unknown, wrong, wrong_no_cache, locked, policy, no_agent, symmetric]

sys.exit(ownkey.run_parallel([(f.__doc__.splitlines()[0], f) for f in CASES], jobs=2))
