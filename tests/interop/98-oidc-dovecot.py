#!/usr/bin/python3
# limit: 240
"""What `ownkey-oidc setup dovecot` prints, pasted into Dovecot as it is: a mailbox is opened by an
access token for it (OAUTHBEARER, XOAUTH2, or as the password), looked at by introspection.  It
serves XMPP servers that ask Dovecot, too."""

import contextlib
import getpass
import imaplib
import os
import re
import subprocess
import sys
import tempfile

from oidc_peers import ISSUER, free_port, run_shared, tls
from fetchworld import Authority
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
auth_mechanisms = plain
auth_failure_delay = 0
mail_location = maildir:{dir}/mail/%u
default_internal_user = {user}
default_internal_group =
default_login_user = {user}
{text}
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
EXT = "/etc/dovecot/ownkey-oauth2.conf.ext"
CA = "/etc/ssl/certs/ca-certificates.crt"


class Mail:
    """The client that `ownkey-oidc setup dovecot` made, and what it printed."""

    def __init__(self, o):
        done = o.p.run("setup", "dovecot", MAIL)
        assert done.returncode == 0 or "vault's list" in done.stderr, done
        self.look = re.search(r"^introspection_url.*?(?=\n\n)", done.stdout, re.M | re.S)[0]
        self.conf = re.search(r"^auth_mechanisms.*?^}$", done.stdout, re.M | re.S)[0]
        assert EXT in self.conf and CA in self.look, done.stdout
        # what the text says for programs that send the token as the password
        self.more = re.search(r"(mechanisms = .* plain)$", done.stdout, re.M)[1]

    def plain(self):
        return re.sub(r"^\tmechanisms = .*$", "\t" + self.more, self.conf, flags=re.M)


@contextlib.contextmanager
def dovecot(look, text):
    """An IMAP server on a port, that has what was printed."""
    with tempfile.TemporaryDirectory() as directory, contextlib.ExitStack() as stack:
        authority = Authority(directory)
        front = stack.enter_context(tls(authority.context(["localhost"])))
        # issuers of tests have no https
        host = ISSUER[ISSUER.index("://") + 3:]
        assert look.count(host) == 1, look
        look = look.replace("http://", "https://").replace(host, "localhost:%d/idp" % front)
        port = free_port()
        values = {"dir": directory, "port": port, "text": text.replace(EXT, directory + "/oauth2"),
                  "uid": os.getuid(), "gid": os.getgid(), "user": getpass.getuser()}
        for name, said in (("conf", CONF.format(**values)),
                           ("oauth2", look.replace(CA, authority.path) + "\n")):
            with open(directory + "/" + name, "w", encoding="ascii") as f:
                f.write(said)
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
    mail = Mail(o)
    phone = o.client("phone", "--redirect", "https://rp.example/cb", "--trusted", "--scopes",
                     "openid profile email")
    o.allow()

    def token(who, **more):
        return phone.login(o.browser(who), scope="openid profile", **more)["access_token"]

    def judge(port, *ways):
        ann, bob, elsewhere = token("ann", resource=MAIL), token("bob", resource=MAIL), token("ann")
        for how in ways:
            assert opens(port, how, "ann", ann), how
            assert opens(port, how, "bob", bob), how
            # alice's token and mallory's name: what two modules of Prosody let through
            assert not opens(port, how, "bob", ann) and not opens(port, how, "nobody", ann), how
            for wrong in elsewhere, ann[:-1], "okat_" + "A" * 43, "x":
                assert not opens(port, how, "ann", wrong), (how, wrong)
        assert phone.post("/revoke", token=ann).status == 200
        for how in ways:
            assert not opens(port, how, "ann", ann) and opens(port, how, "bob", bob), how
        return bob
    with dovecot(mail.look, mail.conf) as port:
        assert not opens(port, "PLAIN", "bob", judge(port, "OAUTHBEARER", "XOAUTH2"))
    with dovecot(mail.look, mail.plain()) as port:
        judge(port, "OAUTHBEARER", "XOAUTH2", "PLAIN")


CASES = [("Dovecot: " + mailbox.__doc__, mailbox)]

if __name__ == "__main__":
    sys.exit(run_shared(CASES))
