"""Every bit of an assertion, flipped on its way out of the token: nobody gets in by any of them.
Through the module, libpam and the real helpers; some bits at random, or all of them."""

import random
import sys

from job import run
from pam import Login
from pamhost import authenticate
from token_job import expect

SUCCESS, SYSTEM_ERR, AUTH_ERR, UNAVAIL, IGNORE = 0, 4, 7, 9, 25
ALL = sys.argv[1:] == ["all"]
SAMPLE = 20  # of each part


def parts(l, salt):
    """Names and bits of the parts of an assertion, as the fault "flip" counts them."""
    answer = expect(l.token.assert_(l.made.cred_id, salt=salt), "OK")
    # the next signature may be a few bytes shorter: what is behind its end is not flipped
    sizes = [("authdata", len(answer.authdata)), ("credential", len(l.made.cred_id)),
             ("signature", len(answer.sig) - 6)]
    at, out = 0, []
    for name, size in sizes:
        out.append((name, range(at, at + size * 8)))
        at += size * 8
    return out, at


def refuse(l, salt):
    found, end = parts(l, salt)
    rnd = random.Random()
    assert authenticate(l) == SUCCESS
    for name, bits in found:
        for bit in bits if ALL else sorted(rnd.sample(bits, SAMPLE)):
            l.token.tell("fault", "none")
            assert l.token.tell("fault", "flip=%d:assert" % bit)
            code = authenticate(l)
            assert code in (AUTH_ERR, UNAVAIL), "bit %d (%s) flipped: %d" % (bit, name, code)
    # the fault does nothing past the end: it is the flipped bit that is refused
    l.token.tell("fault", "none")
    assert l.token.tell("fault", "flip=%d:assert" % (end + 10000))
    assert authenticate(l) == SUCCESS


def test_login(directory):
    """a login that opens no vault: authenticator data, signature, credential id"""
    with Login(directory, options=("no-unlock", "wait=0", "cue=")) as l:
        refuse(l, salt=0)


def test_secret(directory):
    """a login that asks for the vault's secret, which the signature covers, too"""
    with Login(directory, options=("wait=0", "cue=")) as l:
        refuse(l, salt=32)


TESTS = [test_login, test_secret]

if __name__ == "__main__":
    sys.argv[1:] = [] if ALL else sys.argv[1:]
    sys.exit(run(TESTS))
