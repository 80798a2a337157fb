"""Programs that ask for nothing but who somebody is: screen lockers, and passwd(1), which changes
the PIN."""

import os
import subprocess
import sys
import time

from fido2.ctap2 import ClientPin, Config, Ctap2
from fido2.ctap2.pin import PinProtocolV2
from fido2.hid import CtapHidDevice
from fido2.hid.base import HidDescriptor

from softtoken import Connection
from ownkey import PIN, until
from pamworld import (ALICE, HOME, SECRET, Terminal, agents, become, end_agents, environment,
                      is_open, lock, run_cases, running, service)

ASKS = "PIN of your token: "
OTHER = "8765"


def nobody_is_left():
    until(lambda: not [r for r in running() if "ownkey-agent" not in r], "no process is left")


# --- xsecurelock: its part that asks, as the person ---

def packet(kind, text):
    return b"%s %d\n%s\n" % (kind.encode(), len(text), text.encode())


class Locker:
    """authproto_pam; what it wants shown is in texts, and typed is what is answered."""

    def __init__(self, *typed):
        self.typed, self.texts = list(typed), []
        env = {**environment(ALICE), "XSECURELOCK_PAM_SERVICE": "xsecurelock"}
        self.process = subprocess.Popen(
            ["/usr/libexec/xsecurelock/authproto_pam"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, cwd="/",
            preexec_fn=lambda: become(ALICE))
        while self.step():
            pass
        self.process.stdin.close()
        self.status = self.process.wait(30)

    def step(self):
        head = self.process.stdout.readline().split()
        if not head:
            return False
        text = self.process.stdout.read(int(head[1]) + 1)[:-1].decode()
        self.texts.append(text)
        if head[0] in (b"P", b"U"):
            answer = packet(head[0].decode().lower(), self.typed.pop(0)) if self.typed else \
                b"x 0\n\n"
            self.process.stdin.write(answer)
            self.process.stdin.flush()
        return True


def locker_unlocks(m):
    """xsecurelock, as alice: the touch that unlocks the screen unlocks the vault"""
    service("xsecurelock", token=m.own.path)
    for start in (lambda: None, end_agents, lock):
        if agents() or start is not lock:
            start()
        got = Locker(PIN)
        assert got.status == 0, (got.texts, got.process.stderr.read())
        assert ASKS in got.texts and "Touch your token now" in got.texts, got.texts
        assert m.own.take()[:2] == (1, 1) and is_open()
    assert {tuple(a["ids"]["Uid"]) for a in m.own.take()[2]} <= {(ALICE,) * 4}
    nobody_is_left()


def locker_stays(m):
    """xsecurelock: wrong PIN, no answer, no token: it stays locked, and so does the vault"""
    service("xsecurelock", "wait=0", token=m.own.path)
    if agents():
        lock()
    got = Locker("9999", PIN)
    assert got.status == 0 and "Wrong PIN, 7 tries left." in got.texts, got.texts
    lock()
    got = Locker()
    assert got.status != 0, got.texts
    service("xsecurelock", "wait=0", token="unix:/run/none")
    got = Locker()
    assert got.status != 0 and any("No token is plugged in" in t for t in got.texts), got.texts
    assert not is_open()
    nobody_is_left()


def locker_only(m):
    """xsecurelock with no-unlock: the screen, and not the vault; without a vault, the screen"""
    service("xsecurelock", "no-unlock", token=m.own.path)
    got = Locker(PIN)
    assert got.status == 0 and m.own.take()[:2] == (1, 0) and not is_open(), got.texts
    service("xsecurelock", token=m.own.path)
    vault = os.path.join(HOME, ".local/share/ownkey/vault")
    end_agents()
    os.rename(vault, vault + ".away")
    try:
        got = Locker(PIN)
        assert got.status == 0, got.texts
        assert any("Your vault is still locked" in t for t in got.texts), got.texts
    finally:
        os.rename(vault + ".away", vault)


# --- vlock: setuid root, started by the person ---

def console_unlocks(m):
    """vlock: one program of root's, started by alice; wrong PIN, then right"""
    service("vlock", token=m.proxy.path)
    if agents():
        lock()
    t = Terminal("vlock", "-c", uid=ALICE)

    def types(text):
        """It throws away what was typed before it asks; nothing tells when it listens."""
        time.sleep(0.5)
        return t.type(text)

    t.expect("ENTER")
    types("").expect(ASKS)
    types("9999").expect("Wrong PIN").expect(ASKS)
    assert not is_open()
    status, text = types(PIN).expect("Touch your token now").ends()
    assert status == 0, (status, text)
    assert m.proxy.take()[:2] == (1, 1) and is_open()
    nobody_is_left()


# --- passwd: the PIN ---

def passwd_changes(m):
    """passwd: alice changes her PIN; wrong, differing and refused ones change nothing"""
    service("passwd", token=m.proxy.path)
    service("su-l", token=m.proxy.path)

    def passwd(old, new, again, uid=ALICE, args=()):
        t = Terminal("passwd", *args, uid=uid).expect(ASKS).type(old)
        if new:
            t.expect("New PIN of the token: ").type(new)
        if again:
            t.expect("once more: ").type(again)
        return t.ends()

    status, text = passwd(PIN, OTHER, "8766")
    assert status != 0 and "updated" not in text, text
    status, text = passwd(PIN, "12", None)
    assert status != 0 and "4 to 63" in text, text
    status, text = passwd("9999", OTHER, OTHER)
    assert status != 0 and "Wrong PIN" in text, text
    status, text = passwd(PIN, OTHER, OTHER)
    assert status == 0 and "The token has its new PIN." in text, text
    assert Terminal("su", "-l", "alice", "-c", "true").expect(ASKS).type(OTHER).ends()[0] == 0
    status, text = passwd(OTHER, PIN, PIN, uid=0, args=("alice",))
    assert status == 0, text
    service("passwd", token="unix:/run/none")
    status, text = Terminal("passwd", uid=ALICE).ends()
    assert status != 0 and "No token is plugged in" in text, text
    nobody_is_left()


def forced_change(m):
    """su: a token that wants a new PIN gets one while logging in, and opens the vault with it"""
    service("su-l", token=m.proxy.path)
    if agents():
        lock()
    device = CtapHidDevice(HidDescriptor(m.token.socket, 0, 0, 64, 64), Connection(m.token.socket))
    ctap, protocol = Ctap2(device), PinProtocolV2()
    token = ClientPin(ctap, protocol).get_pin_token(PIN, ClientPin.PERMISSION.AUTHENTICATOR_CFG)
    Config(ctap, protocol, token).set_min_pin_length(force_change_pin=True)
    device.close()
    t = Terminal("su", "-l", "alice", "-c", "ownkey secret get mail | cat")
    t.expect("The token wants a new PIN first.").expect(ASKS).type(PIN)
    t.expect("New PIN of the token: ").type(OTHER).expect("once more: ").type(OTHER)
    status, text = t.expect("Touch your token now").ends()
    assert status == 0 and SECRET in text and m.proxy.take()[:2] == (1, 1), text
    t = Terminal("su", "-l", "alice", "-c", "true").expect(ASKS).type(OTHER)
    assert t.ends()[0] == 0, t.text
    nobody_is_left()


if __name__ == "__main__":
    sys.exit(run_cases([v for k, v in list(globals().items())
                        if callable(v) and k[0].islower() and v.__doc__ and
                        v.__module__ == "__main__"]))
