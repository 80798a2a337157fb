"""KeePassXC as the owner of the Secret Service: the real program, without a screen."""

import base64
import subprocess
import uuid

# pylint: disable=wrong-import-order
from desktop import NAME, Owner, tail
from ownkey import until

PASSWORD = "a password"
GROUP = uuid.UUID(int=2 ** 100)
# what its dialogs ask is allowed here
CONFIG = """[General]
ConfigVersion=2
UpdateCheckMessageShown=true
[GUI]
CheckForUpdates=false
[FdoSecrets]
Enabled=true
ShowNotification=false
ConfirmAccessItem=false
ConfirmDeleteItem=false
"""


def id_of(u):
    return "<UUID>%s</UUID>" % base64.b64encode(u.bytes).decode()


def entry(n, **texts):
    return "<Entry>%s%s</Entry>" % (id_of(uuid.UUID(int=n)), "".join(
        "<String><Key>%s</Key><Value>%s</Value></String>" % t for t in texts.items()))


def database(entries):
    """One group is what programs may see; the root is not."""
    return ('<?xml version="1.0" encoding="utf-8"?><KeePassFile><Meta><CustomData><Item>'
            "<Key>FDO_SECRETS_EXPOSED_GROUP</Key><Value>{%s}</Value></Item></CustomData></Meta>"
            "<Root><Group>%s<Name>Root</Name>%s<Group>%s<Name>Programs</Name>%s</Group></Group>"
            "</Root></KeePassFile>" % (
                GROUP, id_of(uuid.UUID(int=1)), entry(9, Title="hidden", Password="not shown"),
                id_of(GROUP), "".join(entry(100 + n, **e) for n, e in enumerate(entries))))


class KeePassXC(Owner):
    name = "KeePassXC"

    def __init__(self, directory, entries=()):
        super().__init__(directory)
        self.process = None
        self.file, xml = directory + "/programs.kdbx", directory + "/programs.xml"
        config = directory + "/keepassxc.ini"
        for path, text in ((xml, database(entries)), (config, CONFIG)):
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        subprocess.run(["keepassxc-cli", "import", "-q", "-p", xml, self.file], check=True,
                       input=(PASSWORD + "\n") * 2, text=True, env=self.env, timeout=60,
                       capture_output=True)
        with open(directory + "/keepassxc.log", "ab") as log:
            self.process = subprocess.Popen(
                ["keepassxc", "--config", config, "--localconfig", directory + "/local.ini",
                 "--pw-stdin", self.file], stdin=subprocess.PIPE, stdout=log, stderr=log,
                # it is there once for each TMPDIR
                env={**self.bus.env, "QT_QPA_PLATFORM": "offscreen", "TMPDIR": directory,
                     "XDG_CACHE_HOME": directory + "/cache"})
        self.process.stdin.write(PASSWORD.encode() + b"\n")
        self.process.stdin.close()
        until(lambda: self.bus.pid_of(NAME), "KeePassXC on the bus", 30)
        until(lambda: not self.is_locked(), "open", 30)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait(20)
        self.bus.stop()

    def said(self):
        return tail(self.dir + "/keepassxc.log")
