"""What a host, another user or a hostile home can do to a login by pam_ownkey."""

import ctypes
import os
import pwd
import sys

from job import run
from token_job import Token, expect
from pamhost import CONVERSE, ME, Conversation, Stack, line, show_only

PAM_USER, PAM_SUCCESS = 2, 0
OTHER = next(p.pw_name for p in pwd.getpwall() if p.pw_uid not in (0, os.getuid()))


class Handle:
    """A handle of libpam, whose entry points are called in any order."""

    def __init__(self, stack, service="login", user=ME, converse=show_only):
        self.pam = ctypes.CDLL("libpam.so.0")
        self.handle = ctypes.c_void_p()
        self.talk = Conversation(CONVERSE(converse), None)
        r = self.pam.pam_start_confdir(service.encode(), user.encode(), ctypes.byref(self.talk),
                                       stack.services.encode(), ctypes.byref(self.handle))
        assert r == PAM_SUCCESS, r

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pam.pam_end(self.handle, 0)

    def call(self, name, flags=0):
        return getattr(self.pam, "pam_" + name)(self.handle, flags)

    def set_user(self, name):
        assert self.pam.pam_set_item(self.handle, PAM_USER, name.encode()) == PAM_SUCCESS


class Enrolled(Stack):
    def __init__(self, directory, *options):
        super().__init__(directory)
        self.token = Token(directory)
        self.put_map(line(expect(self.token.make(), "OK")))
        self.service("login", *options, sources=[self.token.path])

    def close(self):
        self.token.close()
        super().close()


# --- hosts ---

def test_another_session(directory):
    """who authenticated is not whose session opens (doas): nothing of theirs is handed over"""
    with Enrolled(directory) as l, Handle(l) as h:
        assert h.call("authenticate") == PAM_SUCCESS
        # theirs: there is no vault, which is told
        assert h.call("open_session") != PAM_SUCCESS
        assert h.call("authenticate") == PAM_SUCCESS
        h.set_user(OTHER)
        assert h.call("open_session") == PAM_SUCCESS
        h.set_user(ME)
        assert h.call("open_session") == PAM_SUCCESS, "it was kept for later"


def test_another_login(directory):
    """a second login that fails leaves nothing of the first"""
    with Enrolled(directory) as l, Handle(l) as h:
        assert h.call("authenticate") == PAM_SUCCESS
        h.set_user(OTHER)
        assert h.call("authenticate") != PAM_SUCCESS
        h.set_user(ME)
        assert h.call("open_session") == PAM_SUCCESS


TESTS = [v for k, v in sorted(globals().items()) if k.startswith("test_")]

if __name__ == "__main__":
    sys.exit(run(TESTS))
