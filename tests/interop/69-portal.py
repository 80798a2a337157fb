#!/usr/bin/python3
# limit: 200
"""The secret of an application in a sandbox: over org.freedesktop.impl.portal.Secret as the portal
asks, and over the real xdg-desktop-portal from a real sandbox (bubblewrap, as Flatpak makes it).
What is derived is the same after everything was restored from the phrase."""

import contextlib
import os
import secrets
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

# pylint: disable=wrong-import-position
from desktop import BUILD, HERE, NAME, Ownkey, Refused, tail, until  # noqa: E402
from facts import compare  # noqa: E402

OURS = "org.freedesktop.impl.portal.desktop.ownkey"
BACKEND = {"ownkey": OURS, "gnome-keyring": NAME}
PATH = "/org/freedesktop/portal/desktop"
I_SECRET = "org.freedesktop.impl.portal.Secret"


def backend(owner, app, wait=40):
    """(response, secret) of the backend itself."""
    r, w = os.pipe()
    with owner.connect(fds=True) as c:
        try:
            response = c.call(BACKEND[owner.name], PATH, I_SECRET, "RetrieveSecret", "osha{sv}",
                              PATH + "/request/x/t" + secrets.token_hex(3), app, w, {},
                              timeout=wait)[0]
        except Refused as e:
            response = e.name
        finally:
            os.close(w)
    with open(r, "rb") as f:
        return response, f.read()


@contextlib.contextmanager
def portal(owner):
    """xdg-desktop-portal, which knows of one backend."""
    portals = os.path.join(owner.dir, "portals")
    os.makedirs(portals, exist_ok=True)
    with open(portals + "/one.portal", "w", encoding="utf-8") as f:
        f.write("[portal]\nDBusName=%s\nInterfaces=%s\nUseIn=tests\n" % (BACKEND[owner.name],
                                                                         I_SECRET))
    with open(portals + "/portals.conf", "w", encoding="utf-8") as f:
        f.write("[preferred]\ndefault=one\n")
    with open(owner.dir + "/portal.log", "ab") as log:
        p = subprocess.Popen(["/usr/libexec/xdg-desktop-portal", "--verbose"], stdout=log,
                             stderr=log, stdin=subprocess.DEVNULL,
                             env={**owner.client_env, "XDG_DESKTOP_PORTAL_DIR": portals,
                                  "XDG_CURRENT_DESKTOP": "tests"})
    try:
        until(lambda: owner.bus.pid_of("org.freedesktop.portal.Desktop"), "the portal", 20)
        yield
    except BaseException:
        sys.stderr.write(tail(owner.dir + "/portal.log"))
        raise
    finally:
        p.terminate()
        p.wait(10)


def sandboxed(owner, app):
    """What a program sees in a sandbox with the mark of a Flatpak application."""
    info = os.path.join(owner.dir, "flatpak-info")
    with open(info, "w", encoding="utf-8") as f:
        f.write("[Application]\nname=%s\nruntime=runtime/x/x86_64/1\n\n"
                "[Instance]\ninstance-id=%d\n" % (app, secrets.randbelow(10 ** 9)))
    done = subprocess.run(
        ["bwrap", "--ro-bind", "/usr", "/usr", "--symlink", "usr/lib", "/lib", "--symlink",
         "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin", "--proc", "/proc", "--dev", "/dev",
         "--ro-bind", owner.bus.path, "/bus", "--ro-bind", HERE, "/here",
         "--ro-bind", info, "/.flatpak-info", "/usr/bin/python3", "/here/portal_client.py"],
        env={"PATH": "/usr/bin", "DBUS_SESSION_BUS_ADDRESS": "unix:path=/bus"},
        capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
    return done.stdout.strip()


def walk(owner, fact):
    app, other = ("org.example.%s%s" % (w, secrets.token_hex(4)) for w in ("One", "Two"))
    if owner.name == "ownkey":
        owner.bus.activate(OURS, os.path.join(BUILD, "ownkey-secrets"))
    response, first = backend(owner, app)
    fact("the backend's response, bytes", (response, len(first)))
    fact("the same again", backend(owner, app) == (0, first))
    fact("another application, another secret", backend(owner, other)[1] not in (b"", first))
    owner.restart()
    fact("the same after a restart", backend(owner, app) == (0, first))
    owner.lock()
    owner.person("yes")
    fact("the same after lock", backend(owner, app) == (0, first))
    fact("application without a name", backend(owner, "")[0])
    with portal(owner):
        got = sandboxed(owner, app)
        fact("through xdg-desktop-portal, from a sandbox", got == first.hex() or got)
        fact("another sandbox", sandboxed(owner, other) not in ("", got))
    if owner.name == "ownkey":
        restored(owner, fact, app, first)
        imported(owner, fact, other)


def restored(owner, fact, app, first):
    """Another machine, with nothing but the words."""
    directory = tempfile.mkdtemp()
    again = Ownkey(directory, words=owner.who.shown)
    try:
        again.bus.activate(OURS, os.path.join(BUILD, "ownkey-secrets"))
        fact.must("the same after everything was restored from the phrase",
                  backend(again, app) == (0, first))
    finally:
        again.stop()


def imported(owner, fact, app):
    value = secrets.token_bytes(64)
    done = owner.run("secret-tool", "store", "--label=imported", "xdg:schema", I_SECRET, "app_id",
                     app, data=value)
    fact.must("a value from elsewhere wins", done.returncode == 0
              and backend(owner, app) == (0, value))


sys.exit(compare("portal", walk))
