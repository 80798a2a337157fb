"""ownkey-session on two buses of its own, with logind, screen savers and a notification server of
python3-dbusmock, the real agent and software tokens."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import dbus

from ownkey import BUILD, KINDS, PASS, TOKEN, expect, run_parallel, status_of, until, world
from sessionbus import (EVERYTHING, LOGIND, MOCK, NOTES, NOTES_PATH, ROOT, desktop, locks, stays,
                        variants)

# --- triggers ---

def on_lock(d, _):
    d.seat("Lock")


def on_hint(d, _):
    d.seat("SetLockedHint", True)


def on_sleep(d, _):
    d.manager("PrepareForSleep", True)


def on_shutdown(d, _):
    d.manager("PrepareForShutdown", True)


def on_idle(d, _):
    d.hint("IdleHint", True)


def on_lid(d, _):
    with contextlib.suppress(dbus.exceptions.DBusException):
        d.call(d.system, LOGIND, ROOT, MOCK, "AddProperty", LOGIND + ".Manager", "LidClosed", False)
    d.call(d.system, LOGIND, ROOT, MOCK, "UpdateProperties", LOGIND + ".Manager",
           {"LidClosed": True})


def on_upower(d, _):
    d.call(d.system, "org.freedesktop.UPower", "/org/freedesktop/UPower", MOCK, "UpdateProperties",
           "org.freedesktop.UPower", {"LidIsClosed": True})


def on_token(_, token):
    token.stop()


def saver(name):
    path = "/" + name.replace(".", "/")

    def fire(d, _):
        d.call(d.session, name, path, MOCK, "EmitSignal", name, "ActiveChanged", "b", [False])
        stays(d.agent, 0.2)
        d.call(d.session, name, path, MOCK, "EmitSignal", name, "ActiveChanged", "b", [True])

    def stand(d):
        d.mock(d.session, name, name, path, name)
    return stand, fire


def upower(d):
    d.mock(d.system, "org.freedesktop.UPower", "--template", "upower")


TRIGGERS = [("session-lock", "Lock of logind", None, on_lock),
            ("session-lock", "LockedHint", None, on_hint),
            ("sleep", "PrepareForSleep", None, on_sleep),
            ("sleep", "PrepareForShutdown", None, on_shutdown),
            ("idle", "IdleHint", None, on_idle),
            ("lid", "logind's lid", None, on_lid),
            ("lid", "UPower's lid", upower, on_upower),
            ("token-removed", "the token is pulled out", None, on_token)]
TRIGGERS += [("screensaver", name, *saver(name)) for name in
             ("org.freedesktop.ScreenSaver", "org.gnome.ScreenSaver", "org.cinnamon.ScreenSaver",
              "org.mate.ScreenSaver", "org.xfce.ScreenSaver")]


def all_but(what):
    return ",".join(x for x in EVERYTHING.split(",") if x != what)


def trigger(what, stand, fire):
    def case(directory):
        with desktop(directory, lock_on=all_but(what), lock_session_idle="never") as (d, agent,
                                                                                     token):
            if stand:
                stand(d)
            d.start()
            fire(d, token)
            stays(agent)
            if what == "token-removed":
                token.start()
            agent.configure([token], lock_on=what, lock_session_idle="never")
            agent.restart()
            d.program.terminate()
            assert d.program.wait(10) == 0
            d.seat("SetLockedHint", False)
            d.hint("IdleHint", False)
            os.remove(d.log)
            d.start()
            expect(agent.unlock(), "OK")
            until(lambda: what != "token-removed" or agent.status().opened_with, "told with what")
            time.sleep(0.5)  # matches on the other bus
            fire(d, token)
            locks(agent)
    return case


def strangers(directory):
    """what another user's session says does not lock"""
    with desktop(directory, lock_on=EVERYTHING, lock_session_idle="never") as (d, agent, _):
        d.start()
        d.seat("Lock", which="c2")
        d.hint("LockedHint", True, which="c2")
        d.hint("IdleHint", True, which="c2")
        stays(agent)
        d.seat("Lock")
        locks(agent)


def forged(directory):
    """what anybody sends to it alone, as if it were logind, is not heard"""
    with desktop(directory, lock_on=EVERYTHING, lock_session_idle="never") as (d, agent, _):
        d.start()
        seat = ROOT + "/session/c1"
        for path, interface, member, signature, *args in [
                (ROOT, LOGIND + ".Manager", "PrepareForSleep", "b", True),
                (seat, LOGIND + ".Session", "Lock", ""),
                (seat, "org.freedesktop.DBus.Properties", "PropertiesChanged", "sa{sv}as",
                 LOGIND + ".Session", {"LockedHint": True}, []),
                ("/org/freedesktop/DBus", "org.freedesktop.DBus", "NameOwnerChanged", "sss",
                 LOGIND, ":1.1", "")]:
            d.system.send(path, interface, member, signature, *args)
        stays(agent)
        # and it still holds up sleep
        assert len(d.inhibitors()) == 1, d.inhibitors()
        d.manager("PrepareForSleep", True)
        locks(agent)


def idle_time(directory):
    """idle: only after the time of the configuration, and not when somebody came back"""
    with desktop(directory, lock_on="idle", lock_session_idle="4s") as (d, agent, _):
        d.start()
        d.hint("IdleHint", True)
        stays(agent, 1)
        d.hint("IdleHint", False)
        stays(agent, 3.6)
        began = time.monotonic()
        d.hint("IdleHint", True)
        locks(agent)
        assert time.monotonic() - began > 3.8


def gnome(directory):
    """the screen saver of dbusmock's own template"""
    with desktop(directory) as (d, agent, _):
        d.mock(d.session, "org.gnome.ScreenSaver", "--template", "gnome_screensaver")
        d.start()
        d.call(d.session, "org.gnome.ScreenSaver", "/org/gnome/ScreenSaver",
               "org.gnome.ScreenSaver", "SetActive", True)
        locks(agent)


# --- sleep ---

WANTED = ("sleep:shutdown", "ownkey", "the vault is locked first", "delay")


def inhibitor(directory):
    """held from the start, released when it is locked, taken again afterwards"""
    with desktop(directory) as (d, agent, _):
        d.start()
        assert d.inhibitors() == [WANTED], d.inhibitors()
        d.manager("PrepareForSleep", True)
        until(lambda: not d.inhibitors(), "released")
        assert agent.status().locked
        d.manager("PrepareForSleep", False)
        until(lambda: d.inhibitors() == [WANTED], "taken again")


def not_before(directory):
    """not released before the agent has said that it is locked"""
    with desktop(directory) as (d, agent, _):
        d.start()
        vault = agent.role("vault")
        os.kill(vault, signal.SIGSTOP)
        d.manager("PrepareForSleep", True)
        time.sleep(2)
        assert d.inhibitors() == [WANTED], "released although the vault is open"
        os.kill(vault, signal.SIGCONT)
        until(lambda: not d.inhibitors(), "released")
        assert agent.status().locked


def hung(directory):
    """a job that waits for ever delays nothing"""
    with desktop(directory) as (d, agent, token):
        d.start()
        with contextlib.closing(agent.client()) as c:
            c.call("secret.set", label="kept", value=b"v", use=2)
            os.kill(token.process.pid, signal.SIGSTOP)
            try:
                c.start("secret.get", label="kept")
                time.sleep(0.3)
                d.manager("PrepareForSleep", True)
                # a touch would be waited for ten seconds
                until(lambda: not d.inhibitors(), "released", 8)
                assert agent.status().locked
            finally:
                os.kill(token.process.pid, signal.SIGCONT)


def nobody(directory):
    """without an agent sleep is not held up"""
    with desktop(directory) as (d, agent, _):
        d.start()
        agent.stop()
        until(lambda: "the agent is gone" in d.said(), "noticed")
        d.manager("PrepareForSleep", True)
        until(lambda: not d.inhibitors(), "released", 8)


# --- tokens ---

def other_token(directory):
    """another token that goes does not lock, the one that opened it does"""
    with desktop(directory, {}, {"personality": "yk57"}) as (d, agent, first, second):
        d.start()
        assert agent.status().opened_with == first.path, agent.status()
        second.stop()
        stays(agent)
        first.stop()
        locks(agent)


def late(directory):
    """a token that went before anybody looked"""
    with desktop(directory) as (d, agent, token):
        token.stop()
        d.start(wait=False)
        locks(agent)


def passphrase(directory):
    """a vault that a passphrase opened knows no token, and its token may go"""
    with desktop(directory, ways=TOKEN | PASS) as (d, agent, token):
        agent.lock()
        expect(agent.unlock(way=PASS), "OK")
        d.start()
        assert agent.status().opened_with is None
        token.stop()
        stays(agent)


def far(directory):
    """a socket that only the request named (a forwarded token) is not watched"""
    with desktop(directory) as (d, agent, token):
        far_end = os.path.join(directory, "far.sock")
        agent.lock()
        os.rename(token.socket, far_end)
        expect(agent.unlock(token="unix:" + far_end), "OK")
        d.start()
        assert agent.status().opened_with is None
        os.remove(far_end)
        stays(agent)


# --- notifications ---

@contextlib.contextmanager
def noticed(directory, **conf):
    with desktop(directory, **conf) as (d, agent, token):
        d.mock(d.session, NOTES, "--template", "notification_daemon")
        with contextlib.closing(agent.client()) as c:
            c.call("secret.set", label="diary", value=b"v", use=2)
            token.tell("touch-mode", "never")
            d.start()
            yield d, agent, token, c


def get(c):
    return c.start("secret.get", label="diary")


def shown(d, n=1):
    until(lambda: len(d.notes("Notify")) >= n, "a notification")
    return d.notes("Notify")[-1]


def touch_shown(directory):
    """a touch is announced without names, and the notification goes with it"""
    with noticed(directory) as (d, agent, token, c):
        request = get(c)
        note = shown(d)
        assert note[0] == "ownkey" and note[3] == "ownkey: touch your token", note
        assert note[4] == "" and list(note[5]) == ["lock", "Lock now"], note
        assert int(note[6]["urgency"]) == 2 and note[7] == 0, note
        assert "diary" not in str(note)
        assert not d.notes("CloseNotification")
        token.tell("touch")
        expect(c.wait(request), "OK")
        until(lambda: d.notes("CloseNotification"), "closed")
        assert not agent.status().locked


def named(directory):
    """with notify_names it says what for"""
    with noticed(directory, notify_names="yes") as (d, _, token, c):
        request = get(c)
        body = str(shown(d)[4])
        assert "python" in body and "to approve" in body and "token" in body, body
        token.tell("touch")
        expect(c.wait(request), "OK")


def silent(directory):
    """notify = no"""
    with noticed(directory, notify="no") as (d, _, token, c):
        request = get(c)
        c.wait_event("TOUCH")
        time.sleep(0.3)
        token.tell("touch")
        expect(c.wait(request), "OK")
        assert not d.notes("Notify")


def lock_now(directory):
    """Lock now"""
    with noticed(directory) as (d, agent, _, c):
        get(c)
        shown(d)
        d.call(d.session, NOTES, NOTES_PATH, MOCK, "EmitSignal", NOTES, "ActionInvoked", "us",
               variants(dbus.UInt32(99), "lock"))
        stays(agent, 0.3)
        d.call(d.session, NOTES, NOTES_PATH, MOCK, "EmitSignal", NOTES, "ActionInvoked", "us",
               variants(dbus.UInt32(1), "lock"))
        locks(agent)
        until(lambda: d.notes("CloseNotification"), "closed")


def replaced(directory):
    """PIN, then touch: one notification, replaced"""
    with noticed(directory) as (d, agent, token, c):
        agent.lock()
        c.person.hold.add("NEED_PIN")
        request = c.start("unlock")
        event = c.wait_event("NEED_PIN")
        assert shown(d)[3] == "ownkey: your PIN is asked for", d.notes("Notify")
        c.talk(event.job, "1234")
        until(lambda: token.is_waiting(), "a touch is waited for")
        until(lambda: d.notes("Notify")[-1][3] == "ownkey: touch your token", "replaced")
        token.tell("touch")
        expect(c.wait(request), "OK")
        until(lambda: d.notes("CloseNotification"), "closed")


def subscriber(directory):
    """what the agent tells those who subscribe: no job id, and when it is over; not its own"""
    with world(directory, {}) as (agent, token):
        agent.init()
        with contextlib.closing(agent.client()) as c, contextlib.closing(agent.client()) as w, \
                contextlib.closing(agent.client()) as plain:
            w.call("subscribe", on=True, asks=True)
            c.call("subscribe", on=True, asks=True)
            plain.call("subscribe", on=True)
            agent.lock()
            expect(c.ask("unlock"), "OK")
            for x in (w, plain, c):
                x.call("status")
            kinds = [e.kind for e in w.events]
            asked = [e for e in w.events if e.which]
            assert "NEED_PIN" in kinds and "TOUCH" in kinds and "ANSWERED" in kinds, kinds
            assert asked[-1].kind == "ANSWERED" and len({e.which for e in asked}) == 1, asked
            assert not any(e.job or e.request for e in w.events), w.events
            assert any("unlock" in (e.text or "") for e in asked)
            assert {e.kind for e in plain.events} <= {"LOCKED", "UNLOCKED", "CHANGED"}
            assert not any(e.which for e in c.events), c.events
            assert KINDS[14] == "ANSWERED" and token


# --- coming and going ---

def agent_restarted(directory):
    """agent killed and started again: what locks still does"""
    with desktop(directory) as (d, agent, _):
        d.start()
        agent.process.kill()
        agent.process.wait()
        until(lambda: "the agent is gone" in d.said(), "noticed")
        agent.start()
        until(lambda: d.said().count("connected to the agent") == 2, "connected again")
        expect(agent.unlock(), "OK")
        d.seat("Lock")
        locks(agent)


def vault_again(directory):
    """several locks and unlocks over one connection"""
    with desktop(directory) as (d, agent, _):
        d.start()
        for _ in range(3):
            d.seat("Lock")
            locks(agent)
            expect(agent.unlock(), "OK")
        assert d.said().count("connected to the agent") == 1


def logind_restarted(directory):
    """logind restarted: the inhibitor is taken again, its signals lock"""
    with desktop(directory) as (d, agent, _):
        d.start()
        d.end(LOGIND, d.system)
        stays(agent, 0.3)
        d.logind()
        until(lambda: d.inhibitors() == [WANTED], "taken again")
        until(lambda: d.sessions() == 2, "the answer about the sessions")
        d.manager("PrepareForSleep", True)
        locks(agent)
        until(lambda: not d.inhibitors(), "released")
        d.manager("PrepareForSleep", False)
        expect(agent.unlock(), "OK")
        d.seat("Lock")
        locks(agent)


def no_system(directory):
    """without a system bus it says so, and the rest works"""
    with desktop(directory, system=False) as (d, agent, token):
        d.start()
        assert "no system bus" in d.said(), d.said()
        token.stop()
        locks(agent)


def system_later(directory):
    """a system bus that comes later is found"""
    with desktop(directory, system=False) as (d, agent, _):
        d.start()
        d.system.start()
        d.logind()
        until(d.inhibitors, "an inhibitor", 30)
        until(d.sessions, "the answer about the sessions")
        d.seat("Lock")
        locks(agent)


def no_bus(directory):
    """without any bus, too"""
    with desktop(directory, system=False) as (d, agent, token):
        d.session.stop()
        d.start()
        assert "no session bus" in d.said(), d.said()
        token.stop()
        locks(agent)


def session_ends(directory):
    """the session bus goes: it ends well"""
    with desktop(directory) as (d, agent, _):
        d.start()
        d.session.stop()
        assert d.program.wait(10) == 0
        stays(agent, 0.2)


def only_one(directory):
    """a second one goes away at once"""
    with desktop(directory) as (d, _, __):
        d.start()
        again = subprocess.run([os.path.join(BUILD, "ownkey-session")], env=d.env, timeout=10,
                               capture_output=True, text=True, check=False)
        assert again.returncode == 0 and "it runs already" in again.stderr, again
        assert d.program.poll() is None


def confined(directory):
    """not dumpable, no new privileges, a filter"""
    with desktop(directory) as (d, _, __):
        d.start()
        pid = d.program.pid
        assert status_of(pid, "NoNewPrivs") == ["1"]
        if os.path.basename(os.path.normpath(BUILD)) != "san":
            assert status_of(pid, "Seccomp") == ["2"]
            # what is not dumpable belongs to root
            assert os.getuid() == 0 or os.stat("/proc/%d/environ" % pid).st_uid == 0



CASES = [("%s locks where it is configured, and only there" % name, trigger(what, stand, fire))
         for what, name, stand, fire in TRIGGERS]
CASES += [(f.__doc__, f) for f in (
    strangers, forged, idle_time, gnome, inhibitor, not_before, hung, nobody, other_token, late,
    passphrase, far, touch_shown, named, silent, lock_now, replaced, subscriber, agent_restarted,
    vault_again, logind_restarted, no_system, system_later, no_bus, session_ends, only_one,
    confined)]

if __name__ == "__main__":
    sys.exit(run_parallel(CASES, 3))
