"""ownkey setup: in clean and in lived-in homes it shows, does and undoes; what other people wrote
stays, byte for byte, whatever their files look like.  ssh and git say what they read."""

import contextlib
import os
import sqlite3
import stat
import subprocess
import sys

from ownkey import BUILD, run_parallel, world

# file, and what it has to have for there to be something to do
FILES = {
    "ssh": (".ssh/config", b"Host other\n  User me\n"),
    "git": (".gitconfig", b"[user]\n\tname = Me\n\temail = me@example.org\n"),
    "gpg": (".gnupg/gpg-agent.conf", b"default-cache-ttl 60\n"),
    "age": ("age/identities", b"# mine\n"),
    "profanity": ("data/profanity/accounts",
                  b"[a@example.org]\nenabled=true\n\n[b@example.org]\npassword=x\n"
                  b"[c@example.org]\neval_password=y\n\n[d@example.org]\njid=d@example.org\n"),
    "weechat": (".weechat/sec.conf",
                b"# comment\n\n[crypt]\ncipher = aes256\npassphrase_command = \"\"\n\n[data]\n"),
    "msmtp": (".msmtprc", b"defaults\ntls on\n\naccount work\nhost h\n\naccount x\n"
                          b"password secret\n\naccount default : work\n"),
    "mbsync": (".mbsyncrc", b"IMAPAccount one\nHost h\n\nIMAPAccount two\nPass p\n\n"
                            b"IMAPStore s\nAccount one\n"),
    "systemd": ("systemd/user/sockets.target.d/ownkey.conf", b""),
    "shell": (".profile", b"umask 022\n"),
    "secret-service": ("data/dbus-1/services/org.freedesktop.secrets.service",
                       b"[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/true\n"),
    "signal": ("data/applications/signal-desktop.desktop",
               b"[Desktop Entry]\nName=Signal\nExec=/opt/Signal/signal-desktop --x %U\n"),
    "element": ("data/applications/element-desktop.desktop",
                b"[Desktop Entry]\nExec=/opt/Element/element-desktop\nName=Element\n"),
    "chromium": ("data/applications/chromium.desktop",
                 b"[Desktop Entry]\nExec=chromium %U\nName=C\n\n[Desktop Action new]\n"
                 b"Name=New\nExec=chromium --new-window\n"),
    "brave": ("data/applications/brave-browser.desktop",
              b"[Desktop Entry]\nName=Brave\nExec=/usr/bin/brave-browser-stable %U\n"),
}
SECRETS = os.path.exists(os.path.join(BUILD, "ownkey-secrets"))
CHANGE_NOTHING = ["gajim", "nheko"]
SWITCH = b" --password-store=gnome-libsecret"
NEEDS_FILE = {"profanity", "weechat", "msmtp", "mbsync"}


class Home:
    """A home with an unlocked agent, an ssh and an age identity."""

    def __init__(self, directory, agent):
        self.dir, self.agent = directory, agent

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
        with open(path, "wb") as f:
            f.write(data)
        os.chmod(path, mode)
        return path

    def picture(self):
        """Every file but the agent's own."""
        found = {}
        for top, _, names in os.walk(self.dir):
            for name in names:
                path = os.path.join(top, name)
                rel = os.path.relpath(path, self.dir)
                if rel.startswith(("data/ownkey", "state/ownkey/", "run/", "token", "agent.log")):
                    continue
                if os.path.islink(path):
                    found[rel] = os.readlink(path)
                elif os.path.isfile(path):
                    found[rel] = (open(path, "rb").read(), stat.S_IMODE(os.stat(path).st_mode))
        return found

    def records(self):
        return [n for n in os.listdir(self.path("state/ownkey")) if n.startswith("setup-")]

    def setup(self, *args, status=0, **kw):
        done = self.agent.cli("setup", *args, **kw)
        assert done.returncode == status, (args, done)
        return done

    def read(self, name):
        return open(self.path(name), "rb").read()


@contextlib.contextmanager
def home(directory, keys=True):
    with world(directory, {}) as (agent, _):
        agent.unlock(agent.init(no_pin=True))
        if keys:
            with contextlib.closing(agent.client()) as c:
                c.call("id.add", service="ssh", account="me@example.org")
                c.call("id.add", service="age", account="me")
        h = Home(directory, agent)
        h.write("data/systemd/user/ownkey-agent.socket", b"")
        # what packages install, here and on every other machine
        agent.env.update(XDG_DATA_DIRS=h.path("system/share"), XDG_CONFIG_DIRS=h.path("system/etc"))
        for tool in ("signal", "element", "chromium", "brave"):
            name = os.path.basename(FILES[tool][0])
            h.write("system/share/applications/" + name, FILES[tool][1])
        h.write("system/etc/autostart/gnome-keyring-secrets.desktop",
                b"[Desktop Entry]\nExec=gnome-keyring-daemon --start --components=secrets\n")
        h.write("data/systemd/user/gnome-keyring-daemon.service",
                b"[Service]\nType=simple\nExecStart=/bin/gnome-keyring-daemon --foreground "
                b"--components=\"pkcs11,secrets\" --control-directory=%t/keyring\n")
        yield h


def tools(h):
    """Those of the table that can be set up here: a new row has to get a file above."""
    names = [line.split()[0] for line in h.setup().stdout.splitlines()]
    assert names == list(FILES) + CHANGE_NOTHING, names
    names = [n for n in names if n not in CHANGE_NOTHING and (n != "secret-service" or SECRETS)]
    with contextlib.closing(h.agent.client()) as c:
        label = c.call("id.list", service="age")["items"][0].label
        parts = [p.name for p in c.call("id.show", label=label).parts]
    return [n for n in names if n != "age" or "plugin-identity" in parts]


def there_and_back(h, tool):
    """dry run, do, again, undo, again; returns what it wrote"""
    before = h.picture()
    shown = h.setup(tool, "--dry-run").stdout
    assert h.picture() == before and not h.records(), "a dry run changed something"
    h.setup(tool, status=1)  # nobody can be asked
    assert h.picture() == before and not h.records()
    done = h.setup(tool, "--yes").stdout
    assert done == shown, (done, shown)
    after = h.picture()
    assert after != before
    for name, (data, mode) in [(n, v) for n, v in after.items() if isinstance(v, tuple)]:
        assert mode == before.get(name, (0, mode))[1], (name, mode)
        assert b"\r" not in data or b"\n" not in data.replace(b"\r\n", b""), data
    h.setup(tool, "--yes")
    assert h.picture() == after, "it was done twice"
    assert "%-14s set up" % tool in h.setup().stdout
    h.setup(tool, "--undo", "--dry-run")
    h.setup(tool, "--undo", status=1)
    assert h.picture() == after
    h.setup(tool, "--undo", "--yes")
    assert h.picture() == before, (h.picture(), before)
    assert not h.records()
    h.setup(tool, "--undo", "--yes")
    assert h.picture() == before
    return after


def clean(directory):
    """a clean home: new files, which go again"""
    with home(directory) as h:
        for tool in tools(h):
            if tool not in NEEDS_FILE:
                there_and_back(h, tool)
            else:
                said = h.setup(tool, "--yes", status=1).stderr
                assert "there is no file of its accounts yet" in " ".join(said.split()), said


def sockets(directory):
    """from login on there are all sockets that the agent is installed with"""
    units = sorted(n for n in os.listdir("contrib/systemd/user") if n.endswith(".socket"))
    with home(directory, keys=False) as h:
        h.setup("systemd", "--yes")
        wants = [line for line in h.read(FILES["systemd"][0]).decode().split("\n")
                 if line.startswith("Wants=")]
        assert len(wants) == 1 and sorted(wants[0][6:].split()) == units, wants

def lived_in(directory):
    """line ends of two kinds, none at the end, nothing at all, read-only, behind a link"""
    with home(directory) as h:
        for tool in tools(h):
            name, text = FILES[tool]
            for data, mode in ((text, 0o644), (text.replace(b"\n", b"\r\n"), 0o600),
                               (text.rstrip(b"\n"), 0o640), (text, 0o400),
                               (text.replace(b"\n", b"\r\n")[:-2], 0o664)):
                h.write(name, data, mode)
                there_and_back(h, tool)
            if tool not in NEEDS_FILE:
                h.write(name, b"")
                there_and_back(h, tool)
            os.remove(h.path(name))
            h.write("dotfiles/" + tool, text)
            os.symlink(os.path.relpath(h.path("dotfiles/" + tool), os.path.dirname(h.path(name))),
                       h.path(name))
            after = there_and_back(h, tool)
            assert after["dotfiles/" + tool][0] != text and isinstance(after[name], str)
            os.remove(h.path(name))


def edited(directory):
    """edits elsewhere stay; an edit of our lines stops the undoing, all of it"""
    with home(directory) as h:
        for tool in tools(h):
            name, text = FILES[tool]
            h.write(name, text)
            h.setup(tool, "--yes")
            h.write(name, b"# before\n" + h.read(name) + b"# behind\n")
            h.setup(tool, "--undo", "--yes")
            assert h.read(name) == b"# before\n" + text + b"# behind\n", h.read(name)
            h.write(name, text)
        h.setup("gpg", "--yes")
        doctor = h.agent.cli("doctor").stdout
        assert "ok    gpg is set up for ownkey" in doctor, doctor
        record = h.read("state/ownkey/setup-gpg")
        gone = record.replace(BUILD.encode().hex().encode(), b"/gone".hex().encode())
        h.write("state/ownkey/setup-gpg", gone, 0o600)
        h.write(".gnupg/gpg-agent.conf", h.read(".gnupg/gpg-agent.conf").replace(
            os.path.realpath(BUILD).encode(), b"/gone"))
        assert "gpg is to run is not there: /gone/pinentry-ownkey" in h.agent.cli("doctor").stdout
        h.setup("gpg", "--undo", "--yes")
        for tool in ("ssh", "gpg", "shell"):
            name, text = FILES[tool]
            h.setup(tool, "--yes")
            changed = h.read(name).replace(b"ownkey", b"OWNKEY", 2).replace(b"OWNKEY", b"ownkey", 1)
            h.write(name, changed)
            said = h.setup(tool, "--undo", "--yes", status=1).stderr
            assert "edited since" in said and h.path(name) in said, said
            assert h.read(name) == changed and h.records() == ["setup-" + tool]
            assert "edited since" in h.setup(tool, "--yes", status=1).stderr
            assert "what ownkey wrote for %s was edited" % tool in h.agent.cli("doctor").stdout
            h.write(name, text)  # taken out by hand
            h.setup(tool, "--undo", "--yes")
            assert h.read(name) == text and not h.records()
        h.write(".ssh/config", b"# ownkey: begin\n")
        assert "did not write them" in h.setup("ssh", "--yes", status=1).stderr


def refused(directory):
    """links out of the home, files of others, folders: nothing is changed"""
    with home(directory) as h:
        os.makedirs(h.path(".ssh"))
        for target in ("/etc/passwd", "/dev/null", "/nowhere/at/all"):
            os.symlink(target, h.path(".ssh/config"))
            assert h.setup("ssh", "--yes", status=1).stderr, target
            os.remove(h.path(".ssh/config"))
        os.mkdir(h.path(".ssh/config"))
        h.setup("ssh", "--yes", status=1)
        assert not h.records()
        h.setup("nothing", status=64)
        h.write("state/ownkey/setup-gpg", b"ownkey setup 1\nfile /etc/passwd\nnonsense\n", 0o600)
        h.setup("gpg", "--undo", "--yes", status=1)
        assert "gpg            set up, and edited" in h.setup().stdout


def read_by(directory):
    """ssh, git and a shell read what was written"""
    with home(directory) as h:
        env = {**h.agent.env, "GIT_CONFIG_NOSYSTEM": "1"}

        def run(*args):
            return subprocess.run(args, env=env, capture_output=True, text=True, check=True,
                                  cwd=directory, stdin=subprocess.DEVNULL).stdout
        for tool in ("ssh", "git", "shell"):
            h.setup(tool, "--yes")
        other = "the ssh-agent of now holds"
        h.setup("ssh", "--undo", "--yes")
        for sock, there in (("/x", True), (h.path("run/ownkey/ssh.sock"), False), ("", False)):
            note = " ".join(h.setup("ssh", "--dry-run", SSH_AUTH_SOCK=sock).stderr.split())
            assert (other in note) == there and "'ownkey ssh list'" in note, note
        h.setup("ssh", "--yes")
        said = run("ssh", "-F", h.path(".ssh/config"), "-G", "host").splitlines()
        sock = h.path("run/ownkey/ssh.sock")
        assert "identityagent " + sock in said, said
        get = lambda name: run("git", "config", "--global", name).strip()
        assert get("gpg.format") == "ssh"
        assert get("user.signingkey").startswith("key::ssh-ed25519 ")
        signers = open(get("gpg.ssh.allowedSignersFile"), encoding="utf-8").read()
        assert 'me@example.org namespaces="git" ssh-ed25519 ' in signers, signers
        with contextlib.closing(h.agent.client()) as c:
            c.call("id.add", service="ssh", account="two@example.org")
        h.setup("git", "--undo", "--yes")
        h.setup("git", "--yes", status=64)
        h.setup("git", "--yes", "--key", "ssh/two@example.org")
        assert "two@example.org" in h.read("ownkey/allowed_signers").decode()
        script = ". ./.profile; echo $SSH_AUTH_SOCK"
        if not os.path.exists(sock):
            h.write("run/ownkey/x", b"")
            assert run("sh", "-c", script) == "\n"
            with contextlib.closing(__import__("socket").socket(1)) as s:
                s.bind(sock)
                assert run("sh", "-c", script).strip() == sock
        else:
            assert run("sh", "-c", script).strip() == sock


def store(directory):
    """the store of the desktop: who is started for its names, and who is not any more"""
    with home(directory, keys=False) as h:
        if not SECRETS:
            print("# ownkey-secrets is not built: nothing is shown here")
            return
        h.write("keepassxc/keepassxc.ini", b"[Browser]\nEnabled=true\n\n[FdoSecrets]\n"
                b"ConfirmAccessItem=true\nEnabled=true\n\n[GUI]\nEnabled=true\n")
        h.write("system/share/xdg-desktop-portal/sway-portals.conf",
                b"[preferred]\ndefault=gtk\norg.freedesktop.impl.portal.Secret=gnome-keyring\n"
                b"org.freedesktop.impl.portal.Screenshot=wlr\n")
        h.agent.env["XDG_CURRENT_DESKTOP"] = "Sway:wlroots"
        before = h.picture()
        said = " ".join(h.setup("secret-service", "--yes").stderr.split())
        assert "FIRST" in said and "'ownkey import --secret-service'" in said, said
        assert "quit KeePassXC" in said
        program = os.path.realpath(os.path.join(BUILD, "ownkey-secrets")).encode()
        for name in (b"org.freedesktop.secrets", b"org.freedesktop.impl.portal.desktop.ownkey"):
            text = h.read("data/dbus-1/services/%s.service" % name.decode())
            assert b"[D-BUS Service]\nName=%s\nExec=%s\n" % (name, program) in text, text
        ini = h.read("keepassxc/keepassxc.ini")
        assert ini == before["keepassxc/keepassxc.ini"][0].replace(
            b"ConfirmAccessItem=true\nEnabled=true", b"ConfirmAccessItem=true\nEnabled=false")
        unit = h.read("systemd/user/gnome-keyring-daemon.service.d/ownkey.conf")
        assert b"ExecStart=\nExecStart=/bin/gnome-keyring-daemon --foreground " \
            b"--components=\"pkcs11\" --control" in unit, unit
        assert b"Hidden=true" in h.read("autostart/gnome-keyring-secrets.desktop")
        conf = h.read("xdg-desktop-portal/sway-portals.conf")
        assert b"[preferred]\ndefault=gtk\norg.freedesktop.impl.portal.Secret=ownkey\n" \
            b"org.freedesktop.impl.portal.Screenshot=wlr\n" in conf, conf
        h.setup("secret-service", "--undo", "--yes")
        assert h.picture() == before
        # what an installation in the home says already is left to it
        installed = {"data/dbus-1/services/org.freedesktop.impl.portal.desktop.ownkey.service":
                     b"[D-BUS Service]\nName=x\nExec=%s\n" % program,
                     "data/xdg-desktop-portal/portals/ownkey.portal":
                     b"[portal]\nDBusName=org.freedesktop.impl.portal.desktop.ownkey\n"}
        for name, text in installed.items():
            h.write(name, text)
        h.setup("secret-service", "--yes")
        for name, text in installed.items():
            assert h.read(name) == text, h.read(name)
            os.remove(h.path(name))
        h.setup("secret-service", "--undo", "--yes")
        # one's own file is edited, not covered by another
        h.write("xdg-desktop-portal/portals.conf", b"[preferred]\r\ndefault=kde\r\n")
        h.setup("secret-service", "--yes")
        assert h.read("xdg-desktop-portal/portals.conf") == \
            b"[preferred]\r\norg.freedesktop.impl.portal.Secret=ownkey\r\ndefault=kde\r\n"
        # KeePassXC writes its file anew: what it says elsewhere stays
        h.write("keepassxc/keepassxc.ini",
                h.read("keepassxc/keepassxc.ini").replace(b"[GUI]", b"[GUI]\nNew=1"))
        h.setup("secret-service", "--undo", "--yes")
        assert h.read("keepassxc/keepassxc.ini") == before["keepassxc/keepassxc.ini"][0].replace(
            b"[GUI]", b"[GUI]\nNew=1")
        said = h.setup("secret-service", "--dry-run", XDG_CURRENT_DESKTOP="KDE").stderr
        assert "KWallet" in said


def messengers(directory):
    """desktop programs: the switch where it is read, nothing where the desktop does it"""
    with home(directory, keys=False) as h:
        for tool in ("signal", "element", "chromium", "brave"):
            name, text = FILES[tool]
            for there in (False, True):
                if there:
                    h.write(name, text)
                h.setup(tool, "--yes")
                lines = [n for n in h.read(name).splitlines() if n.startswith(b"Exec=")]
                assert len(lines) == text.count(b"Exec="), lines
                for line in lines:
                    assert SWITCH in line and not line.endswith(b"%U" + SWITCH), line
                    assert line.replace(SWITCH, b"") in text.splitlines(), line
                h.setup(tool, "--undo", "--yes")
            os.remove(h.path(name))
            before = h.picture()
            said = h.setup(tool, "--yes", XDG_CURRENT_DESKTOP="ubuntu:GNOME")
            assert "nothing has to be changed" in said.stderr and h.picture() == before, said
            said = h.setup(tool, "--dry-run", XDG_CURRENT_DESKTOP="KDE").stderr
            assert "KWallet" in said, said
            h.write(name, text.replace(b"\nExec=", b"\nExec=x --password-store=basic "))
            assert "stays as it is" in h.setup(tool, "--yes").stderr
            os.remove(h.path(name))
            os.remove(h.path("system/share/applications/" + os.path.basename(name)))
            assert "not installed here" in h.setup(tool, "--yes", status=1).stderr
        for tool, app, name, text in (
                ("signal", "org.signal.Signal", "data/flatpak/overrides/org.signal.Signal",
                 b"[Environment]\nSIGNAL_PASSWORD_STORE=gnome-libsecret\n"),
                ("element", "im.riot.Riot", "data/flatpak/overrides/im.riot.Riot",
                 b"[Session Bus Policy]\norg.freedesktop.secrets=talk\n"),
                ("chromium", "org.chromium.Chromium",
                 ".var/app/org.chromium.Chromium/config/chromium-flags.conf", SWITCH[1:] + b"\n"),
                ("brave", "com.brave.Browser",
                 ".var/app/com.brave.Browser/config/brave-flags.conf", SWITCH[1:] + b"\n")):
            h.write("data/flatpak/app/%s/current" % app, b"")
            after = there_and_back(h, tool)
            assert after[name][0] == text, after[name]
            h.write(name, b"[Context]\nsockets=wayland;\n\n[Environment]\nA=b\n"
                    if b"[" in text else b"--x")
            there_and_back(h, tool)
        # what is lost is said, whatever else there is to say
        h.write(FILES["element"][0], b"[Desktop Entry]\nExec=x --password-store=basic\n")
        said = " ".join(h.setup("element", "--dry-run",
                                XDG_CURRENT_DESKTOP="KDE").stderr.split())
        assert "lost to it" in said and "makes ownkey that store" in said, said
        os.remove(h.path(FILES["element"][0]))
        h.write("data/flatpak/overrides/org.signal.Signal",
                b"[Environment]\nA=b\nSIGNAL_PASSWORD_STORE=basic\n")
        h.setup("signal", "--yes")
        assert h.read("data/flatpak/overrides/org.signal.Signal") == \
            b"[Environment]\nA=b\nSIGNAL_PASSWORD_STORE=gnome-libsecret\n"
        h.setup("signal", "--undo", "--yes")
        for name in ("Signal/config.json", ".var/app/org.signal.Signal/config/Signal/config.json"):
            for backend, status in ((b"kwallet6", 1), (b"basic_text", 1), (b"gnome_libsecret", 0)):
                h.write(name, b'{\n  "encryptedKey": "7631", "safeStorageBackend" : "%s"}\n'
                        % backend)
                said = " ".join(h.setup("signal", "--dry-run", status=status).stderr.split())
                assert ("sealed by another store" in said) == bool(status), said
        h.write("system/share/applications/chromium.desktop",
                b"[Desktop Entry]\nName=C\nName[de]=K\nName[ru]=X\nExec=/usr/bin/c\nX-a=[b]=c\n")
        shown = h.setup("chromium", "--dry-run").stdout.splitlines()
        assert "  + and 2 translations, as they are" in shown and "  + Name=C" in shown and \
            "  + X-a=[b]=c" in shown and not [l for l in shown if "[de]" in l], shown
        before = h.picture()
        for tool in CHANGE_NOTHING:
            said = h.setup(tool, "--yes").stderr
            assert "nothing has to be changed" in said and "of itself" in said, said
            assert "nothing to undo" in h.setup(tool, "--undo", "--yes").stderr
        assert h.picture() == before
        h.write("python_keyring/keyringrc.cfg",
                b"[backend]\ndefault-keyring=keyring.backends.null.Keyring\n")
        assert "another place for passwords" in " ".join(h.setup("gajim").stderr.split())


OWNER = """
import signal
import sys
import dbus.service
name = dbus.service.BusName(sys.argv[1], dbus.SessionBus(), do_not_queue=True)
print("here", flush=True)
signal.pause()
"""


@contextlib.contextmanager
def owner(h, name, of, env):
    """a program that owns a name on the bus"""
    path = h.path("bin/" + name)
    os.makedirs(h.path("bin"), exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.symlink("/usr/bin/python3", path)
    with subprocess.Popen([path, "-c", OWNER, of], env=env, stdout=subprocess.PIPE) as p:
        assert p.stdout.readline()
        try:
            yield p
        finally:
            p.kill()


@contextlib.contextmanager
def bus(h):
    """a bus of one's own; its address"""
    conf = h.write("bus.conf", b"""<busconfig><type>session</type><listen>unix:dir=%s</listen>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>""" % h.dir.encode())
    with subprocess.Popen(["dbus-daemon", "--nofork", "--print-address", "--config-file=" + conf],
                          stdout=subprocess.PIPE, env=h.agent.env, text=True) as p:
        try:
            yield p.stdout.readline().strip()
        finally:
            p.kill()


def sqlite(h, name, table, rows):
    """a database, as other programs write them"""
    path = h.write(name, b"")
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("create table " + table)
        for row in rows:
            db.execute("insert into %s values (%s)" % (
                table.split("(")[0], ",".join("?" * len(row))), row)
        db.commit()


def diagnosed(directory):
    """doctor: keys in the clear, who answers first, what does not run, a changed configuration"""
    with home(directory, keys=False) as h:
        def doctor(**env):
            said = h.agent.cli("doctor", **env)
            assert said.returncode == 0, said
            return said.stdout
        quiet = doctor()
        for word in ("Signal", "Element", "Gajim", "Chromium", "desktop", "ownkey-session",
                     "linger", "log out"):
            assert word not in quiet, quiet
        for app, text, warns in (
                ("Signal", b'{"encryptedKey":"76","safeStorageBackend":"gnome_libsecret"}', False),
                ("Signal", b'{"key":"00ff","theme":"x"}', True),
                ("Signal", b'{"encryptedKey":"76","safeStorageBackend":"basic_text"}', True),
                ("Signal", b'{"key":', False),
                ("Element", b'{"safeStorage":{"a":"x"},"safeStorageBackend": "plaintext"}', True),
                ("Element", b'{"safeStorage":{"key":"x"}}', False)):
            name = "Signal/config.json" if app == "Signal" else "Element/electron-config.json"
            flatpak = ".var/app/%s/config/" % (
                "org.signal.Signal" if app == "Signal" else "im.riot.Riot")
            for place in ("", flatpak):
                path = h.write(place + name, text)
                said = doctor()
                assert ("warn  %s keeps its key in the clear: %s" % (app, path) in said) == warns, \
                    (text, said)
                assert ("ok    %s does not" % app in said) != warns, said
                os.remove(path)
        for password in ("", "geheim"):
            account = '{"account": {"name": "a", "password": "%s", "savepass": true}}' % password
            sqlite(h, "gajim/settings.sqlite", "account_settings(account, settings)",
                   [("a", account)])
            said = doctor()
            assert ("warn  Gajim keeps a password" in said) == bool(password), said
            assert ("ok    Gajim keeps no password" in said) != bool(password), said
            assert "geheim" not in said
        for values, warns in ((b"v10", True), (b"v11", False), (b"v10v11", False)):
            sqlite(h, "chromium/Default/Cookies", "cookies(name, encrypted_value)", [
                ("n%d" % i, values[3 * i % len(values):][:3] + b"\xfe" * 45) for i in range(4)])
            assert ("warn  Chromium seems to seal" in doctor()) == warns, values
        conf = h.write("ownkey/ownkey.conf", b"# nothing\n")
        os.utime(conf, (1e9, 1e9))
        assert "ok    the agent has read the configuration as it is" in doctor()
        os.utime(conf)
        later = os.stat(conf).st_mtime + 10
        os.utime(conf, (later, later))
        assert "warn  ownkey.conf was changed since" in doctor()
        h.setup("systemd", "--yes")
        assert "loginctl enable-linger" in doctor(SSH_CONNECTION="x"), doctor(SSH_CONNECTION="x")
        assert "linger" not in doctor()
        answers(h, doctor)


def answers(h, doctor):
    """who owns the name on a bus, as busctl says, and dbus-send where that is not there"""
    os.makedirs(h.path("tools"), exist_ok=True)
    os.symlink("/usr/bin/dbus-send", h.path("tools/dbus-send"))
    with bus(h) as address:
        env = {**h.agent.env, "DBUS_SESSION_BUS_ADDRESS": address}
        for path in ("/usr/bin:/bin", h.path("tools")):
            def ask():
                return doctor(DBUS_SESSION_BUS_ADDRESS=address, PATH=path)
            assert "desktop programs" not in ask(), ask()
            with owner(h, "some-keyring", "org.freedesktop.secrets", env):
                assert "ok    some-keyring is the store of the desktop" in ask(), ask()
                if SECRETS:
                    h.setup("secret-service", "--yes")
                    assert "warn  some-keyring answers desktop programs, not ownkey" in ask()
            if SECRETS:
                assert "ok    ownkey answers desktop programs, when one asks" in ask()
                h.setup("secret-service", "--undo", "--yes")
            with owner(h, "ownkey-secrets", "org.freedesktop.secrets", env):
                assert "ok    ownkey answers desktop programs\n" in ask(), ask()
        if os.path.exists(os.path.join(BUILD, "ownkey-session")):
            env["DISPLAY"] = ":99"
            assert "ownkey-session" not in doctor(DBUS_SESSION_BUS_ADDRESS=address)
            assert "warn  ownkey-session does not run" in doctor(**env)
            with owner(h, "python", "org.ownkey.Session", env):
                assert "ok    ownkey-session runs" in doctor(**env)
    nowhere = "unix:path=" + h.path("no-bus")
    assert "desktop programs" not in doctor(DBUS_SESSION_BUS_ADDRESS=nowhere)


CASES = [clean, sockets, lived_in, edited, refused, read_by, store, messengers, diagnosed]

if __name__ == "__main__":
    sys.exit(run_parallel([(f.__doc__.splitlines()[0], f) for f in CASES]))
