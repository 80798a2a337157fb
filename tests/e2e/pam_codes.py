"""Paths of a login, the code of Linux-PAM at their end, and the test that takes them.  This one
shows that each of them is there and looks for that code; PAM_IGNORE has one path."""

import ast
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
IGNORED = "ignored=True"  # libpam makes PAM_PERM_DENIED of PAM_IGNORE alone

# path, code, file, function
PATHS = [
    ("a touch", "PAM_SUCCESS", "pam.py", "test_touch"),
    ("right PIN", "PAM_SUCCESS", "pam.py", "test_pin"),
    ("not enrolled, without nouserok", "PAM_USER_UNKNOWN", "pam.py", "test_not_enrolled"),
    ("not enrolled, with nouserok: PAM_IGNORE", IGNORED, "pam.py", "test_not_enrolled"),
    ("no such account", "PAM_USER_UNKNOWN", "pam.py", "test_unknown_account"),
    ("map: unreadable, others may write it", "PAM_AUTHINFO_UNAVAIL", "pam.py", "test_not_enrolled"),
    ("map: wrong owner", "PAM_AUTHINFO_UNAVAIL", "pam.py", "test_wrong_owner"),
    ("map: malformed line, too many", "PAM_AUTHINFO_UNAVAIL", "pam.py", "test_not_enrolled"),
    ("option unknown or malformed", "PAM_SERVICE_ERR", "pam.py", "test_options"),
    ("empty PIN, wrong PIN thrice, replug", "PAM_AUTH_ERR", "pam.py", "test_pin"),
    ("wrong PIN once, then right", "PAM_SUCCESS", "pam.py", "test_pin"),
    ("PIN blocked", "PAM_MAXTRIES", "pam.py", "test_pin"),
    ("PIN that no token takes", "PAM_AUTHTOK_ERR", "pam.py", "test_pin"),
    ("nobody to ask", "PAM_CONV_ERR", "pam.py", "test_nobody_to_ask"),
    ("PIN wanted, none set", "PAM_AUTHINFO_UNAVAIL", "pam.py", "test_pin_unset"),
    ("no token; token late", "PAM_AUTHINFO_UNAVAIL", "pam.py", "test_no_token"),
    ("wrong token", "PAM_AUTH_ERR", "pam.py", "test_wrong_token"),
    ("no touch", "PAM_AUTHINFO_UNAVAIL", "pam.py", "test_no_touch"),
    ("timeout of all of it", "PAM_AUTHINFO_UNAVAIL", "pam.py", "test_timeout"),
    ("cancelled: the host is killed", "waiting", "pam.py", "test_cancelled"),
    ("helper killed", "PAM_AUTHINFO_UNAVAIL", "pam.py", "test_helper_killed"),
    ("helper missing", "PAM_SYSTEM_ERR", "pam.py", "test_no_helpers"),
    ("no process can be made", "PAM_SYSTEM_ERR", "pam.py", "test_fork_fails"),
    ("a token that lies", "PAM_AUTH_ERR", "pam.py", "test_lies"),
    ("any bit flipped", "AUTH_ERR", "pam_flips.py", "refuse"),
    ("PIN changed; differently typed; wrong", "PAM_AUTHTOK_ERR", "pam.py", "test_change_pin"),
    ("forced PIN change; done differently twice", "ERR_PAM_PIN_AGAIN",
     "../unit/test_pam_login.c", None),
    ("memory, descriptors, processes: each call fails once", "PAM_SUCCESS",
     "../unit/test_pam_faults.c", None),
    ("session: a vault opens", "PAM_SUCCESS", "pam_session.py", "unlocks"),
    ("session: nothing to open", "PAM_AUTHINFO_UNAVAIL", "pam_session.py", "refuses"),
    ("session: agent answers garbage", "not in (\"PAM_SUCCESS\", \"PAM_IGNORE\")",
     "pam_session.py", "lies"),
    ("session: somebody else's agent", "PAM_PERM_DENIED", "pam_session.py", "strangers"),
    ("session: hand-off killed", "PAM_AUTHINFO_UNAVAIL", "pam_session.py", "killed"),
    ("session: hand-off missing", "PAM_SYSTEM_ERR", "pam_session.py", "killed"),
    ("account, with no process", "PAM_AUTHINFO_UNAVAIL", "pam.py", "test_fork_fails"),
    ("setcred, acct_mgmt beside a touch", "PAM_SUCCESS", "pam.py", "test_touch"),
    ("session: agent stopped", "PAM_AUTHINFO_UNAVAIL", "pam_session.py", "hangs"),
]


def functions(path):
    """Source of each function, by name."""
    text = open(path, encoding="utf-8").read()
    if not path.endswith(".py"):
        return {None: text}
    return {f.name: ast.get_source_segment(text, f) for f in ast.walk(ast.parse(text))
            if isinstance(f, ast.FunctionDef)}


def main():
    print("1..%d" % (len(PATHS) + 1))
    known = {}
    for n, (path, code, file, name) in enumerate(PATHS, 1):
        full = os.path.join(HERE, file)
        source = known.setdefault(full, functions(full)).get(name, "")
        print("%sok %d - %s: %s (%s)" % ("" if code in source else "not ", n, path, code,
                                         name or os.path.basename(file)))
    # one place returns it: where nobody is enrolled by that name, and nouserok stands in the line
    module = open(os.path.join(HERE, "../../pam/pam_ownkey.c"), encoding="utf-8").read()
    ways = re.findall(r"none_of_ours\(w, e\)", module)
    returns = re.findall(r"\bPAM_IGNORE\b", re.sub(r"/\*.*?\*/", "", module, flags=re.S))
    print("%sok %d - PAM_IGNORE stands behind none_of_ours alone" % (
        "" if len(ways) == len(returns) > 0 else "not ", len(PATHS) + 1))
    return 0


sys.exit(main())
