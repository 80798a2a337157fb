#!/usr/bin/python3
# limit: 240
"""Dovecot: a mailbox is opened by an access token for it (OAUTHBEARER, XOAUTH2, or as the
password), looked at by introspection.  It serves XMPP servers that ask Dovecot, too."""

import contextlib
import getpass
import imaplib
import os
import subprocess
import sys
import tempfile
import urllib.parse

from oidc_peers import PORT, free_port, run_shared
from ownkey import until

MAIL = "https://mail.example"
CONF = """
protocols = imap
listen = 127.0.0.1
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain oauthbearer xoauth2
auth_failure_delay = 0
mail_location = maildir:{dir}/mail/%u
default_internal_user = {user}
default_internal_group =
default_login_user = {user}
passdb {{
	driver = oauth2
	mechanisms = oauthbearer xoauth2 plain
	args = {dir}/oauth2
}}
userdb {{
	driver = static
	args = uid={uid} gid={gid} home={dir}/mail/%u allow_all_users=yes
}}
service anvil {{
	chroot =
	unix_listener anvil-auth-penalty {{
		mode = 0
	}}
}}
service stats {{
	chroot =
}}
service imap-login {{
	chroot =
	inet_listener imap {{
		port = {port}
	}}
	inet_listener imaps {{
		port = 0
	}}
}}
"""
LOOK = """
introspection_url = http://{who}@127.0.0.1:{provider}/idp/introspect
introspection_mode = post
username_attribute = username
active_attribute = active
active_value = true
"""


@contextlib.contextmanager
def dovecot(mail):
    """An IMAP server on a port, that looks at tokens as this client."""
    # the name of a service is a URL: Dovecot decodes it once, and the provider once
    who = ":".join(urllib.parse.quote(urllib.parse.quote(t, ""), "")
                   for t in (mail.id, mail.secret))
    with tempfile.TemporaryDirectory() as directory:
        port = free_port()
        values = {"dir": directory, "port": port, "who": who, "provider": PORT,
                  "uid": os.getuid(), "gid": os.getgid(), "user": getpass.getuser()}
        for name, text in ("conf", CONF), ("oauth2", LOOK):
            with open(directory + "/" + name, "w", encoding="ascii") as f:
                f.write(text.format(**values))
        with subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", directory + "/conf"]) as process:
            def answers():
                assert process.poll() is None
                with contextlib.suppress(OSError):
                    imaplib.IMAP4("127.0.0.1", port).logout()
                    return True
            try:
                until(answers, "Dovecot answers")
                yield port
            except BaseException:
                with contextlib.suppress(OSError), open(directory + "/log", encoding="utf-8") as f:
                    sys.stderr.write(f.read())
                raise
            finally:
                process.terminate()


def by_bearer(name, token):
    return "n,a=%s,\1host=127.0.0.1\1port=143\1auth=Bearer %s\1\1" % (name, token)


def by_xoauth2(name, token):
    return "user=%s\1auth=Bearer %s\1\1" % (name, token)


def opens(port, how, name, token):
    """Whether the mailbox of this person opens."""
    c = imaplib.IMAP4("127.0.0.1", port)
    try:
        if how == "PLAIN":
            c.login(name, token)
        else:
            answers = iter([{"OAUTHBEARER": by_bearer, "XOAUTH2": by_xoauth2}[how](name, token),
                            "\1"])
            c.authenticate(how, lambda _: next(answers).encode())
        return c.select()[0] == "OK"
    except imaplib.IMAP4.error:
        return False
    finally:
        c.shutdown()


def mailbox(o):
    """a token for the mailbox opens it; others, of others, for others, revoked, do not"""
    mail = o.client(MAIL, "--resource")
    phone = o.client("phone", "--redirect", "https://rp.example/cb", "--trusted", "--scopes",
                     "openid profile email")
    o.allow()

    def token(who, **more):
        return phone.login(o.browser(who), scope="openid profile", **more)["access_token"]
    ann, bob, elsewhere = token("ann", resource=MAIL), token("bob", resource=MAIL), token("ann")
    with dovecot(mail) as port:
        for how in "OAUTHBEARER", "XOAUTH2", "PLAIN":
            assert opens(port, how, "ann", ann), how
            assert opens(port, how, "bob", bob), how
            # alice's token and mallory's name: what two modules of Prosody let through
            assert not opens(port, how, "bob", ann) and not opens(port, how, "nobody", ann), how
            for wrong in elsewhere, ann[:-1], "okat_" + "A" * 43, "x":
                assert not opens(port, how, "ann", wrong), (how, wrong)
        assert phone.post("/revoke", token=ann).status == 200
        for how in "OAUTHBEARER", "XOAUTH2", "PLAIN":
            assert not opens(port, how, "ann", ann) and opens(port, how, "bob", bob), how


CASES = [("Dovecot: " + mailbox.__doc__, mailbox)]

if __name__ == "__main__":
    sys.exit(run_shared(CASES))
