#!/usr/bin/python3
"""usage: give.py DIR <LINES		A fresh vault, so random keys, opened by a software token.

Each line of standard input is done in order, what comes out is written into DIR (made):
  id SERVICE ACCOUNT            public parts and exports of all its keys: PURPOSE.NAME
  sign SERVICE ACCOUNT PURPOSE NAMESPACE HASH FILE      an SSH signature: FILE.sig
  secret NAME VALUE             kept
  words                         the phrase that init showed, and its fingerprint
  run COMMAND                   sh -c COMMAND, with the environment of a client of this agent
"""
import base64
import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "e2e"))

import ownkey  # noqa: E402  pylint: disable=wrong-import-position


def write(directory, name, data):
    path = os.path.join(directory, name)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        f.write(data.encode() if isinstance(data, str) else data)


class Giver:
    def __init__(self, agent, person, made, out):
        self.agent, self.person, self.made, self.out = agent, person, made, out
        self.client = agent.client(person)

    def id(self, service, account):
        for row in self.client.call("id.add", service=service, account=account)["items"]:
            shown = self.client.call("id.show", label=row.label)
            for part in shown.parts or []:
                write(self.out, row.purpose + "." + part.name, part.value)
            for form in shown.forms or []:
                data = self.client.call("id.export", label=row.label, form=form.name).data
                write(self.out, row.purpose + "." + form.name, data)

    def sign(self, service, account, purpose, namespace, algorithm, path):
        with open(path, "rb") as f:
            digest = hashlib.new(algorithm, f.read()).digest()
        rows = self.client.call("id.list", service=service)["items"]
        label = [r.label for r in rows if (r.account, r.purpose) == (account, purpose)][0]
        blob = self.client.call("sign", label=label, type=0, name_space=namespace,
            hash_alg=algorithm, hash=digest).signature
        text = base64.b64encode(blob).decode()
        lines = [text[i:i + 70] for i in range(0, len(text), 70)]
        write(os.path.dirname(path), os.path.basename(path) + ".sig", "\n".join(
            ["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]))

    def secret(self, name, value):
        self.client.call("secret.set", label=name, value=value.encode())

    def words(self):
        write(self.out, "words", self.person.shown + "\n")
        write(self.out, "fingerprint", self.made.fingerprint.hex() + "\n")

    def run(self, *command):
        env = {**os.environ, **self.agent.env, "HOME": os.environ["HOME"],
            "PATH": ownkey.BUILD + ":" + os.environ["PATH"]}
        if subprocess.run(["/bin/sh", "-c", " ".join(command)], env=env, check=False).returncode:
            raise SystemExit("failed: " + " ".join(command))


def main():
    out = sys.argv[1]
    os.makedirs(out, 0o700, exist_ok=True)
    directory = tempfile.mkdtemp()
    person = ownkey.Person()
    with ownkey.world(directory, {}, log_level="error") as (agent, _):
        with contextlib.closing(agent.client(person)) as c:
            made = c.call("init", timeout=60, ways=ownkey.TOKEN, **ownkey.ARGON)
        agent.unlock(person)
        giver = Giver(agent, person, made, out)
        for line in sys.stdin:
            verb, *args = line.split()
            getattr(giver, verb)(*args)


main()
