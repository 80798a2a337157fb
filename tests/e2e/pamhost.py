"""Programs that log in by pam_ownkey: pamtester under pam_wrapper, and this process by ctypes."""

import base64
import contextlib
import ctypes
import os
import pwd
import shutil
import subprocess
import tempfile

from job import BUILD

ME = pwd.getpwuid(os.getuid()).pw_name
HELPERS = ["ownkey-list", "ownkey-token", "ownkey-verify", "ownkey-handoff"]
# what pamtester says: pam_strerror(3) of Debian's libpam
SAYS = {
    "Error in service module": "PAM_SERVICE_ERR",
    "System error": "PAM_SYSTEM_ERR",
    "Memory buffer error": "PAM_BUF_ERR",
    "Permission denied": "PAM_PERM_DENIED",
    "Authentication failure": "PAM_AUTH_ERR",
    "cannot retrieve authentication info": "PAM_AUTHINFO_UNAVAIL",
    "User not known": "PAM_USER_UNKNOWN",
    "exhausted maximum number of retries": "PAM_MAXTRIES",
    "new one required": "PAM_NEW_AUTHTOK_REQD",
    "Conversation error": "PAM_CONV_ERR",
    "token manipulation error": "PAM_AUTHTOK_ERR",
}


def b64(data):
    return base64.b64encode(data).decode()


class Stack:
    """A folder with pam.d, a map, and the module as it is built, but for where its helpers are."""

    def __init__(self, directory, helpers=None):
        self.dir = directory
        self.services = os.path.join(directory, "pam.d")
        self.map = os.path.join(directory, "map")
        self.module = os.path.join(directory, "pam_ownkey.so")
        # short: it takes the place of the path in the module
        self.libexec = tempfile.mkdtemp(prefix="ok", dir="/tmp")
        os.mkdir(self.services)
        self.write("other", "auth required pam_deny.so")
        for name in HELPERS:
            if helpers is None or name in helpers:
                os.symlink(os.path.join(os.path.abspath(BUILD), name),
                           os.path.join(self.libexec, name))
        self.patch()

    def patch(self):
        module = open(os.path.join(BUILD, "pam_ownkey.so"), "rb").read()
        begin = module.index(b"/libexec/ownkey\0")
        begin = module.rindex(b"\0", 0, begin) + 1
        end = module.index(b"\0", begin)
        path = self.libexec.encode().ljust(end - begin, b"\0")
        assert len(path) == end - begin, "the prefix is too short for this test"
        with open(self.module, "wb") as f:
            f.write(module[:begin] + path + module[end:])

    def write(self, name, text):
        with open(os.path.join(self.services, name), "w") as f:
            f.write(text + "\n")

    def service(self, name="login", *options, sources=(), map=None, after=""):
        """One line of each kind; the options in brackets, as those with spaces need it."""
        words = ["map=" + (map or self.map), *("token=" + s for s in sources), *options]
        words = " ".join("[%s]" % w for w in words)
        self.write(name, "\n".join("%s required %s %s" % (kind, self.module, words)
                                   for kind in ["auth", "account", "password", "session"])
                   + ("\nauth required " + after if after else ""))

    def put_map(self, *lines, mode=0o644, at=None):
        """Never through a link."""
        at = at or self.map
        with contextlib.suppress(FileNotFoundError):
            os.remove(at)
        with open(at, "x") as f:
            f.write("".join(line + "\n" for line in lines))
        os.chmod(at, mode)

    def environment(self):
        return {"LD_PRELOAD": "libpam_wrapper.so", "PAM_WRAPPER": "1", "LANG": "C.UTF-8",
                "PAM_WRAPPER_SERVICE_DIR": self.services, "PATH": os.environ["PATH"],
                "TMPDIR": self.dir}

    def start(self, *operations, service="login", user=ME, before=(), **kwargs):
        return subprocess.Popen([*before, "pamtester", service, user, *operations],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, env=self.environment(), **kwargs)

    def run(self, *operations, types=(), **kwargs):
        """What PAM said, and all that was read."""
        p = self.start(*(operations or ["authenticate"]), **kwargs)
        return answer(p, "".join(t + "\n" for t in types))

    def close(self):
        shutil.rmtree(self.libexec)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def answer(p, typed="", timeout=60):
    text = p.communicate(typed.encode(), timeout=timeout)[0].decode()
    if p.returncode == 0:
        return "PAM_SUCCESS", text
    said = [t for t in text.split("\n") if t.startswith("pamtester: ")] or [text]
    return next((c for words, c in SAYS.items() if any(words in t for t in said)), said[-1]), text


def line(made, flags="up", user=ME, rp_id="ownkey:vault", salt=bytes(32)):
    """A row of the map, for a credential that ownkey-token made."""
    alg = {-7: "es256", -8: "eddsa"}[made.alg]
    return " ".join([user, rp_id, alg, flags, b64(made.cred_id), b64(made.pubkey),
                     b64(salt) if salt else "-", "test"])


# --- a host of our own, for what pamtester is not: threads, small stacks ---

class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


CONVERSE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int,
                            ctypes.POINTER(ctypes.POINTER(Message)),
                            ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = [("conv", CONVERSE), ("data", ctypes.c_void_p)]


libc = ctypes.CDLL(None)
libc.calloc.restype = ctypes.c_void_p


def show_only(_count, _messages, out, _data):
    out[0] = libc.calloc(ctypes.c_size_t(1), ctypes.c_size_t(16))
    return 0


def authenticate(stack, service="login", user=ME):
    """PAM's number, from this thread of this process."""
    pam = ctypes.CDLL("libpam.so.0")
    handle = ctypes.c_void_p()
    talk = Conversation(CONVERSE(show_only), None)
    r = pam.pam_start_confdir(service.encode(), user.encode(), ctypes.byref(talk),
                              stack.services.encode(), ctypes.byref(handle))
    assert r == 0, r
    r = pam.pam_authenticate(handle, 0)
    pam.pam_end(handle, r)
    return r
