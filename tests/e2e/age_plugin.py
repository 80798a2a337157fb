"""age-plugin-ownkey (C2SP age-plugin.md), spoken to directly, and by Debian's age.  Files for the
identities of other plugins are made by python3-cryptography and python3-fido2."""

import contextlib
import fcntl
import hashlib
import hmac
import os
import pty
import signal
import subprocess
import sys
import termios

import cbor2
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fido2.ctap2 import ClientPin, Ctap2
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.ctap2.pin import PinProtocolV2
from fido2.hid import CtapHidDevice
from fido2.hid.base import HidDescriptor

import agefile
from agefile import b64, bech32, no_pad, seal, stanza_text, unbech32, wrap, wrap_x25519
from ownkey import BUILD, PASS, PIN, TOKEN, expect, run_parallel, until, world
from softtoken import Connection

PLUGIN = os.path.join(BUILD, "age-plugin-ownkey")
PLAIN = b"what the file says"
ANY = bech32("age-plugin-ownkey-", b"\1\0").upper()


def number(n):
    return str(n).encode()


class Plugin:
    """One conversation.  tty: give it a terminal of its own."""

    def __init__(self, agent, machine, tty=False):
        self.said = []
        self.terminal = pty.openpty() if tty else None
        self.process = subprocess.Popen(
            [PLUGIN, "--age-plugin=" + machine], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**agent.env, "OWNKEY_LIBEXECDIR": BUILD},
            preexec_fn=self.take_terminal if tty else os.setsid)

    def take_terminal(self):
        os.setsid()
        fcntl.ioctl(self.terminal[1], termios.TIOCSCTTY, 0)

    def say(self, *args, body=b""):
        self.write(stanza_text([a if isinstance(a, bytes) else a.encode() for a in args], body))

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def hear(self):
        """(arguments, body); None at the end."""
        line = self.process.stdout.readline()
        if not line:
            return None
        assert line.startswith(b"-> ") and line.endswith(b"\n"), line
        body = b""
        while True:
            part = self.process.stdout.readline()
            assert part.endswith(b"\n") and len(part) <= 65, part
            body += part[:-1]
            if len(part) < 65:
                return line[3:-1].decode().split(" "), b64(body)

    def run(self, answers=None):
        """Phase 2: each command is answered with what is given for it, else with ok; all of them
        but the last, which is done."""
        self.say("done")
        while True:
            heard = self.hear()
            if heard is None or heard[0] == ["done"]:
                assert heard, self.end()
                return self.said
            self.said.append(heard)
            reply = (answers or {}).get(heard[0][0], [("ok", b"")])
            word, body = reply.pop(0) if len(reply) > 1 else reply[0]
            self.say(word, body=body)

    def end(self):
        """Exit status, and what it said of errors."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        err = self.process.stderr.read().decode()
        self.process.stdout.close()
        self.process.stderr.close()
        for fd in self.terminal or ():
            os.close(fd)
        self.terminal = None
        return self.process.wait(20), err

    def all(self, *commands):
        return [h for h in self.said if h[0][0] in commands]


@contextlib.contextmanager
def opened(directory, ways=TOKEN, start=True, **conf):
    """An open vault with an identity; its identity line and its public key."""
    with world(directory, {}, start=start, **conf) as (agent, token):
        if not start:
            agent.start()
        person = agent.init(ways=ways)
        with contextlib.closing(agent.client(person)) as c:
            row = c.call("id.add", service="age", account="me/ä%")["items"][0]
            # what the machines have to say is the matter here: a touch is asked once elsewhere
            c.call("policy.set", label=row.label, use=0)
            parts = {p.name: p.value for p in c.call("id.show", label=row.label).parts}
            yield agent, token, c, parts["plugin-identity"], unbech32(parts["recipient"])


def x25519(public, file_key):
    share, body = wrap_x25519(public, file_key)
    return [b"X25519", no_pad(share)], body


def conversation(agent, identities, stanzas, answers=None, **kw):
    """stanzas: [(file, args, body)]; what the plugin said, by command."""
    p = Plugin(agent, "identity-v1", **kw)
    for i in identities:
        p.say("add-identity", i)
    for f, args, body in stanzas:
        p.say("recipient-stanza", number(f), *args, body=body)
    p.run(answers)
    status, err = p.end()
    assert status == 0, (status, err)
    return p


def file_keys(p):
    return {int(args[1]): body for args, body in p.all("file-key")}


def errors(p):
    return [args[1:] for args, _ in p.all("error")]


# --- identity-v1 ---

def many_files(directory):
    """many files in one conversation, among stanzas and commands that nobody knows"""
    with opened(directory) as (agent, _, _, identity, public):
        want = {i: os.urandom(16) for i in range(0, 3000, 3)}
        p = Plugin(agent, "identity-v1")
        p.say("grease-1-x7", "a", "b", body=os.urandom(100))
        p.say("add-identity", identity)
        for i, key in want.items():
            p.say("recipient-stanza", number(i), b"ssh-ed25519", b"abcd", no_pad(os.urandom(32)),
                  body=os.urandom(32))
            p.say("recipient-stanza", number(i), *x25519(public, key)[0][:1],
                  no_pad(os.urandom(32)), body=os.urandom(32))
            args, body = x25519(public, key)
            p.say("recipient-stanza", number(i), *args, body=body)
            p.say("recipient-stanza", number(i), *[b"grease"] * 20, body=os.urandom(48 * (i % 4)))
        p.say("extension-unheard-of")
        p.run()
        assert p.end()[0] == 0
        assert file_keys(p) == want and len(p.said) == len(want), p.said[:3]


def identities(directory):
    """any identity, this one, no data at all; one that is none, and then nothing is opened"""
    with opened(directory) as (agent, _, _, identity, public):
        key = os.urandom(16)
        mine = [(0, *x25519(public, key))]
        for good in (identity, ANY, bech32("age-plugin-ownkey-", b"").upper(), identity.lower()):
            assert file_keys(conversation(agent, [good], mine)) == {0: key}, good
        flipped = identity[:-1] + ("Q" if identity[-1] != "Q" else "P")
        for data in (b"\1", b"\1\1", b"\1\0x", b"\2\0", b"\1\3x", b"\1\1\xff", b"\1\1a\0b", b"\0\0",
                     b"\1\2AGE-SECRET-KEY-1X", b"\1\2" + ANY.encode(), b"\1\1" + b"x" * 1600):
            bad = bech32("age-plugin-ownkey-", data).upper()
            assert errors(conversation(agent, [bad], mine)) == [["identity", "0"]], data
        for bad in (flipped, "AGE-PLUGIN-OTHER-1QQQQQQ", "x", bech32("age-plugin-ownkey", b"\1\0")):
            p = conversation(agent, [identity, bad, ANY], mine)
            assert errors(p) == [["identity", "1"]] and not file_keys(p), bad
        nobody = bech32("age-plugin-ownkey-", b"\1\1age/nobody/identity").upper()
        p = conversation(agent, [nobody], mine)
        assert errors(p) == [["identity", "0"]] and b"no such thing" in p.said[0][1], p.said
        # no use for it when another one opened the file
        assert not errors(conversation(agent, [identity, nobody], mine))


def malformed(directory):
    """a malformed stanza closes its file, and no other"""
    with opened(directory) as (agent, _, _, identity, public):
        key = os.urandom(16)
        good_args, good_body = x25519(public, key)
        share, cred = no_pad(os.urandom(32)), no_pad(os.urandom(40))
        for args, body in [
                ([b"X25519"], good_body), ([b"X25519", b"AAAA"], good_body),
                ([b"X25519", share, b"x"], good_body), ([b"X25519", share[:-1] + b"="], good_body),
                ([b"X25519", share[:-1] + b"B"], good_body), (good_args, good_body[:-1]),
                (good_args, good_body + b"x"), (good_args, b""),
                ([b"fido2-hmac"], good_body), ([b"fido2-hmac", b"AAI"], good_body),
                ([b"fido2-hmac", b"AAI", share, b"Ag", share, cred], good_body),
                ([b"fido2-hmac", b"AAI", share, b"AA", share[:-4], cred], good_body),
                ([b"fido2-hmac", b"AAI", share, b"AA", share, b""], good_body),
                ([b"age-encryption.org/fido2prf"], good_body),
                ([b"age-encryption.org/fido2prf", share], good_body)]:
            if b"" in args:
                continue  # cannot be written
            p = conversation(agent, [identity], [
                (4, [b"other"], b""), (4, args, body), (4, good_args, good_body),
                (7, good_args, good_body)])
            assert errors(p) == [["stanza", "4", "1"]], (args, p.said)
            assert file_keys(p) == {7: key}, (args, p.said)


def not_ours(directory):
    """a file for nobody here: that is said, and what to do; nobody is asked for anything"""
    with opened(directory) as (agent, _, c, identity, _):
        c.call("policy.set", label=c.call("id.list")["items"][0].label, use=2)
        p = conversation(agent, [identity], [(0, *x25519(os.urandom(32), bytes(16))),
                                             (1, [b"ssh-rsa", b"x"], b"y")])
        assert [a for a, _ in p.said] == [["msg"]], p.said
        assert b"not encrypted to age/me%2F\xc3\xa4%25/identity (look" in p.said[0][1], p.said
        assert not conversation(agent, [identity], []).said


def quiet(directory):
    """messages that cannot be shown, commands that age does not know"""
    with opened(directory) as (agent, _, c, identity, public):
        c.call("policy.set", label=c.call("id.list")["items"][0].label, use=2)
        key = os.urandom(16)
        for word in ("fail", "unsupported"):
            p = conversation(agent, [identity], [(0, *x25519(public, key))],
                             {"msg": [(word, b"")]})
            assert file_keys(p) == {0: key} and len(p.all("msg")) == 1, p.said


# --- what is locked ---

def locked(directory):
    """a locked vault: the PIN is asked through age, a wrong one again; then it opens"""
    with opened(directory, ways=TOKEN | PASS) as (agent, _, _, identity, public):
        key = os.urandom(16)
        mine = [(0, *x25519(public, key))]
        agent.lock()
        p = conversation(agent, [identity], mine, {
            "request-secret": [("ok", b"9999"), ("ok", PIN.encode())]}, tty=True)
        assert file_keys(p) == {0: key}, p.said
        asked = p.all("request-secret")
        assert b"?" not in asked[0][1] and b"\n" not in asked[0][1], asked
        assert len(asked) == 2 and b"wrong" in asked[1][1] and b"tries left" in asked[1][1], p.said
        said = b"\n".join(body for _, body in p.all("msg"))
        assert b"locked" in said and b"touch your token now" in said, said
        assert not agent.status().locked


def not_unlocked(directory):
    """nobody types the PIN: an error that says so; the vault stays locked, the file closed"""
    with opened(directory) as (agent, _, _, identity, public):
        mine = [(0, *x25519(public, bytes(16)))]
        agent.lock()
        for tty in (True, False):
            p = conversation(agent, [identity], mine, {"request-secret": [("fail", b"")]}, tty=tty)
            assert errors(p) == [["identity", "0"]] and not file_keys(p), p.said
            assert agent.status().locked
        agent.stop()
        os.remove(agent.vault)
        agent.start()
        p = conversation(agent, [identity], mine)
        assert b"there is no vault yet" in p.all("error")[0][1], p.said


def starts_agent(directory):
    """no agent runs: it is started"""
    with opened(directory) as (agent, _, _, identity, public):
        agent.stop()
        try:
            p = conversation(agent, [identity], [(0, *x25519(public, bytes(16)))], {
                "request-secret": [("ok", PIN.encode())]}, tty=True)
            assert file_keys(p) == {0: bytes(16)}, p.said
        finally:
            with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
                pid = agent.status().pid
                os.kill(pid, signal.SIGTERM)
                until(lambda: not os.path.exists("/proc/%d" % pid), "the agent's end")


# --- recipient-v1 ---

def wraps(directory):
    """recipients and identities, several files, every stanza opens"""
    with opened(directory) as (agent, _, c, identity, public):
        private = os.urandom(32)
        raw = public_of(private)
        keys = [os.urandom(16) for _ in range(3)]
        second = unbech32(c.call("id.add", service="age", account="two")["items"][0].shown)
        for lines, fit in [
                ([("add-recipient", bech32("age1ownkey", b"\1" + raw))], [raw]),
                ([("add-identity", identity)], [public]),
                ([("add-identity", identity), ("add-recipient", bech32("age1ownkey", b"\1" + raw))],
                 [raw, public]),
                ([("add-identity", ANY)], [public, second])]:
            p = Plugin(agent, "recipient-v1")
            p.say("extension-labels")
            p.say("grease", body=b"x")
            for command, text in lines:
                p.say(command, text)
            for key in keys:
                p.say("wrap-file-key", body=key)
            p.run()
            assert p.end()[0] == 0 and all(a[0] == "recipient-stanza" for a, _ in p.said), p.said
            assert [int(a[1]) for a, _ in p.said] == [i for i in range(3) for _ in fit]
            stanzas = [(int(a[1]), [w.encode() for w in a[2:]], b) for a, b in p.said]
            for i, (index, args, body) in enumerate(stanzas):
                if fit[i % len(fit)] == raw:
                    assert agefile.unwrap_x25519((args, body), private) == keys[index]
            if fit != [raw]:
                assert file_keys(conversation(agent, [identity], stanzas)) == dict(enumerate(keys))


def wraps_nothing(directory):
    """one bad recipient or identity: errors for all of those, and not one stanza"""
    with opened(directory) as (agent, _, _, identity, public):
        good = bech32("age1ownkey", b"\1" + public)
        prf = bech32("age-plugin-fido2prf-", cbor2.dumps(1) + cbor2.dumps(b"c" * 40) +
                     cbor2.dumps("example.org") + cbor2.dumps(["usb"])).upper()
        for bad in (bech32("age1ownkey", public), bech32("age1ownkey", b"\2" + public),
                    bech32("age", public), bech32("age1ownkey", b"\1" + bytes(32)), "x", good[:-1]):
            p = Plugin(agent, "recipient-v1")
            for r in (good, bad, good, bad):
                p.say("add-recipient", r)
            p.say("add-identity", identity)
            p.say("wrap-file-key", body=bytes(16))
            p.run()
            assert p.end()[0] == 0
            assert errors(p) == [["recipient", "1"], ["recipient", "3"]] and len(p.said) == 2, bad
        for bad in ("AGE-PLUGIN-OWNKEY-1X", prf):
            p = Plugin(agent, "recipient-v1")
            p.say("add-recipient", good)
            p.say("add-identity", bad)
            p.say("wrap-file-key", body=bytes(16))
            p.run()
            assert p.end()[0] == 0
            assert errors(p) == [["identity", "0"]] and len(p.said) == 1, p.said


# --- bytes that no age would send ---

def feed(agent, machine, data):
    """Exit status, output, messages, when there is no more input."""
    done = subprocess.run([PLUGIN, "--age-plugin=" + machine], input=data, capture_output=True,
                          env=agent.env, timeout=20, start_new_session=True, check=False)
    assert done.returncode >= 0, (done, data[-100:])
    return done.returncode, done.stdout, done.stderr.decode()


def whole(identity, public):
    args, body = x25519(public, bytes(16))
    return {"identity-v1": stanza_text([b"add-identity", identity.encode()], b"") + stanza_text(
                [b"recipient-stanza", b"0", *args], body) + stanza_text([b"done"], b""),
            "recipient-v1": stanza_text([b"add-identity", identity.encode()], b"") + stanza_text(
                [b"wrap-file-key"], bytes(16)) + stanza_text([b"done"], b"")}


def truncated(directory):
    """cut off at every byte: it ends, it says why, it has said nothing to age"""
    with opened(directory) as (agent, _, _, identity, public):
        for machine, data in whole(identity, public).items():
            for n in range(len(data)):
                status, out, err = feed(agent, machine, data[:n])
                assert status != 0 and not out and "age-plugin-ownkey: error: " in err, (n, err)
            # age goes away after "done", or answers nothing
            status, out, err = feed(agent, machine, data)
            assert status != 0 and out.startswith(b"-> "), (out, err)


def odd_bytes(directory):
    """NULs, carriage returns, lines that are too long, base64 that is not canonical"""
    with opened(directory) as (agent, _, _, identity, public):
        good = whole(identity, public)["identity-v1"]
        line = b"-> add-identity " + identity.encode() + b"\n"
        bodies = [b"A" * 65 + b"\n", b"QQ==\n", b"QR\n", b"Q\n", b"Q Q\n", b"QUI\r\n", b"\0\n",
                  b"-> done\n\n", b"=\n"]
        starts = [b"\0", b"\n", b"->done\n\n", b"->  done\n\n", b"-> done \n\n", b"-> \n\n",
                  b" -> done\n\n", b"-> do\0ne\n\n", b"-> done\r\n\r\n", b"-> d\xc3\xa4\n\n",
                  b"-> a\tb\n\n", b"\xef\xbb\xbf" + good, b"-> " + b"x" * 70000 + b"\n\n",
                  b"-> x\n" + (b"A" * 64 + b"\n") * 2000 + b"\n", b"-> add-identity\n\n",
                  b"-> add-identity a b\n\n", b"-> recipient-stanza\n\n",
                  b"-> recipient-stanza 0\n\n", b"-> recipient-stanza 00 X25519 x\n\n",
                  b"-> recipient-stanza -1 X25519 x\n\n", b"-> recipient-stanza 0x1 a\n\n",
                  b"-> recipient-stanza 9999999999 a\n\n",
                  b"-> recipient-stanza 2 a\n\n-> recipient-stanza 1 a\n\n",
                  b"-> add-identity a\n\n" * 65]
        for data in [line + b for b in bodies] + [s + good for s in starts]:
            status, out, err = feed(agent, "identity-v1", data)
            assert status != 0 and not out and "error" in err and "\0" not in err, (data[:80], err)
        for data in (b"-> wrap-file-key\n\n", b"-> wrap-file-key\n" + no_pad(bytes(15)) + b"\n",
                     (b"-> wrap-file-key\n" + no_pad(bytes(16)) + b"\n") * 257):
            status, out, err = feed(agent, "recipient-v1", data + b"-> done\n\n")
            assert status != 0 and not out and "error" in err, (data[:80], err)
        for machine in ("", "identity-v2", "recipient-v11", "\n"):
            status, out, err = feed(agent, machine, good)
            assert status != 0 and not out and "not supported" in err, (machine, err)


def wrong_answers(directory):
    """age answers what is no answer: it ends"""
    with opened(directory) as (agent, _, _, identity, public):
        for answer in (b"-> yes\n\n", b"-> done\n\n", b"\0\0\0", b"-> ok\nA\n", b"ok\n\n",
                       b"-> file-key 0\n\n", b""):
            data = whole(identity, public)["identity-v1"] + answer
            status, out, err = feed(agent, "identity-v1", data)
            assert status != 0 and out.count(b"-> ") == 1 and "error" in err, (answer, out, err)


# --- other plugins' identities ---

class Hardware:
    """The token as other plugins know it."""

    def __init__(self, token):
        self.dev = CtapHidDevice(HidDescriptor(token.socket, 0, 0, 64, 64), Connection(
            token.socket))
        self.ctap, self.protocol = Ctap2(self.dev), PinProtocolV2()

    def close(self):
        self.dev.close()

    def auth(self, rp, permission):
        token = ClientPin(self.ctap, self.protocol).get_pin_token(PIN, permission, rp)
        return {"pin_uv_param": self.protocol.authenticate(token, b"h" * 32), "pin_uv_protocol": 2}

    def make(self, rp):
        att = self.ctap.make_credential(
            b"h" * 32, {"id": rp, "name": rp}, {"id": b"u", "name": "n"},
            [{"type": "public-key", "alg": -7}], extensions={"hmac-secret": True},
            **self.auth(rp, ClientPin.PERMISSION.MAKE_CREDENTIAL))
        return att.auth_data.credential_data.credential_id

    def secret(self, rp, cred, salts, pin):
        ext = HmacSecretExtension(self.ctap, self.protocol)
        data = ext.process_get_input({"hmacGetSecret": {
            "salt1": salts[:32], "salt2": salts[32:]}})
        a = self.ctap.get_assertion(rp, b"h" * 32, [{"type": "public-key", "id": cred}], {
            "hmac-secret": data}, **(self.auth(rp, 2) if pin else {}))
        out = ext.process_get_output(a.auth_data)["hmacGetSecret"]
        return out["output1"] + (out.get("output2") or b"")


def public_of(private):
    key = X25519PrivateKey.from_private_bytes(private)
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


RP = "age-encryption.org"


@contextlib.contextmanager
def foreign(directory):
    """A token, and no vault: those identities have nothing to do with one."""
    with world(directory, {}) as (agent, token):
        with contextlib.closing(Hardware(token)) as hardware:
            yield agent, token, hardware


def age(agent, args, pin=None, path=BUILD):
    """Debian's age; somebody types the PIN when it asks for one.  path: where plugins are."""
    env = {**agent.env, "PATH": path + ":/usr/bin:/bin"}
    if pin is None:
        return subprocess.run(["age", *args], env=env, capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, check=False)
    r, w = os.pipe()
    pid, fd = pty.fork()
    if pid == 0:
        os.dup2(w, 1)
        os.execvpe("age", ["age", *args], env)
    os.close(w)
    said = b""
    with contextlib.suppress(OSError):
        while part := os.read(fd, 4096):
            said += part
            if b"PIN" in part and b":" in part:
                os.write(fd, pin.encode() + b"\n")
    status = os.waitpid(pid, 0)[1]
    out = b""
    while part := os.read(r, 65536):
        out += part
    os.close(r)
    os.close(fd)
    return subprocess.CompletedProcess(args, os.waitstatus_to_exitcode(status), out, said)


def put(directory, name, data):
    path = os.path.join(directory, name)
    with open(path, "wb") as f:
        f.write(data)
    return path


def convert(agent, text):
    done = subprocess.run([PLUGIN, "--from", "-"], input=text, text=True, capture_output=True,
                          env=agent.env, check=False, timeout=20)
    return done.returncode, done.stdout, done.stderr


def opens_by_age(agent, directory, identity, sealed, pin=None):
    status, text, err = convert(agent, "# my old one\n" + identity + "\n")
    assert status == 0 and text.startswith("# my old one\nAGE-PLUGIN-OWNKEY-1"), (text, err)
    i, f = put(directory, "id", text.encode()), put(directory, "sealed", sealed)
    done = age(agent, ["-d", "-i", i, f], pin=pin)
    assert done.returncode == 0 and done.stdout == PLAIN, done
    return done


def fido2_hmac(directory):
    """age-plugin-fido2-hmac (v2): identities and self-contained stanzas, with and without PIN"""
    with foreign(directory) as (agent, token, hardware):
        for pin in (False, True):
            cred, salt, key = hardware.make(RP), os.urandom(32), os.urandom(16)
            public = public_of(hardware.secret(RP, cred, salt, pin))
            flag = bytes([pin])
            identity = bech32("age-plugin-fido2-hmac-", b"\0\2" + flag + salt + cred).upper()
            native = seal(key, [x25519(os.urandom(32), bytes(16)), x25519(public, key)], PLAIN)
            typed = PIN if pin else None
            opens_by_age(agent, directory, identity, native, typed)
            share, body = wrap_x25519(public, key)
            own = seal(key, [([b"fido2-hmac", b"AAI", no_pad(share), no_pad(flag), no_pad(salt),
                               no_pad(cred)], body)], PLAIN)
            for no_data in ("AGE-PLUGIN-FIDO2-HMAC-1VE5KGMEJ945X6CTRM2TF76",
                            bech32("age-plugin-fido2-hmac-", b"").upper()):
                opens_by_age(agent, directory, no_data, own, typed)
            opens_by_age(agent, directory, identity, own, typed)
        # many files of one identity are one touch, where age sends them together
        stanzas = [(i, *x25519(public, bytes([i] * 16))) for i in range(20)]
        p = conversation(agent, [identity], stanzas, {"request-secret": [("ok", PIN.encode())]},
                         tty=True)
        assert file_keys(p) == {i: bytes([i] * 16) for i in range(20)}
        assert len([m for m in p.all("msg") if b"touch" in m[1]]) == 1, p.all("msg")
        # under its own name, for who has only that
        os.symlink(PLUGIN, os.path.join(directory, "age-plugin-fido2-hmac"))
        i = put(directory, "id", identity.encode() + b"\n")
        f = put(directory, "sealed", native)
        done = age(agent, ["-d", "-i", i, f], pin=PIN, path=directory)
        assert done.returncode == 0 and done.stdout == PLAIN, done
        token.stop()
        with contextlib.suppress(Exception):
            hardware.close()


def fido2prf(directory):
    """the fido2prf plugin of typage: two secrets for each file, PIN always"""
    with foreign(directory) as (agent, _, hardware):
        rp, label = "example.org", b"age-encryption.org/fido2prf"
        cred, nonce, key = hardware.make(rp), os.urandom(16), os.urandom(16)
        salts = b"".join(hashlib.sha256(
            b"WebAuthn PRF\0" + label + n + nonce).digest() for n in (b"\1", b"\2"))
        secret = hardware.secret(rp, cred, salts, True)
        assert len(secret) == 64
        body = wrap(hmac.digest(label, secret, "sha256"), key)
        identity = bech32("age-plugin-fido2prf-", cbor2.dumps(1) + cbor2.dumps(cred) +
                          cbor2.dumps(rp) + cbor2.dumps(["usb", "nfc"])).upper()
        sealed = seal(key, [([label, no_pad(nonce)], body)], PLAIN)
        opens_by_age(agent, directory, identity, sealed, PIN)
        other = hardware.make(rp)
        wrong = bech32("age-plugin-fido2prf-", cbor2.dumps(1) + cbor2.dumps(other) +
                       cbor2.dumps(rp) + cbor2.dumps([])).upper()
        stanza = [(0, [label, no_pad(nonce)], body)]
        answers = {"request-secret": [("ok", PIN.encode())]}
        p = conversation(agent, [wrong], stanza, answers, tty=True)
        assert not file_keys(p) and not errors(p) and p.said[-1][0] == ["msg"], p.said
        # what belongs to the vault is out of reach
        own = bech32("age-plugin-fido2prf-", cbor2.dumps(1) + cbor2.dumps(cred) +
                     cbor2.dumps("ownkey:vault") + cbor2.dumps([])).upper()
        p = conversation(agent, [own], stanza, answers, tty=True)
        assert errors(p) == [["identity", "0"]] and not p.all("request-secret"), p.said


def converts(directory):
    """--from: comments stay, recipients too, what it does not know is named by its line"""
    with world(directory) as (agent,):
        public = os.urandom(32)
        status, text, _ = convert(agent, "# x\n\n" + bech32("age", public) + "  \r\n" + ANY)
        assert status == 0 and text.splitlines() == [
            "# x", "", bech32("age1ownkey", b"\1" + public), ANY], text
        prf = cbor2.dumps(1) + cbor2.dumps(b"c" * 40) + cbor2.dumps("a.b") + cbor2.dumps(["usb"])
        bad = [bech32("age-plugin-fido2prf-", d).upper() for d in (
            b"", prf[:-1], prf + b"x", b"\2" + prf[1:], b"\1\x40" + prf[43:], prf[:-5] + b"\x81\1")]
        bad += [bech32("age-plugin-fido2-hmac-", d).upper() for d in (
            b"\0", b"\0\2", b"\0\1\0" + bytes(60), b"\0\2\2" + bytes(60), b"\0\2\0" + bytes(32),
            b"\0\2\0" + bytes(32 + 1024))]
        for line in bad + ["AGE-SECRET-KEY-1X", "age1x", "x", "age1pq1x"]:
            status, text, err = convert(agent, "# first\n" + line + "\n")
            assert status != 0 and not text and "line 2: " in err, (line, text, err)


if __name__ == "__main__":
    sys.exit(run_parallel([(t.__doc__, t) for t in (
        many_files, identities, malformed, not_ours, quiet, locked, not_unlocked, starts_agent,
        wraps, wraps_nothing, truncated, odd_bytes, wrong_answers, fido2_hmac, fido2prf,
        converts)]))
