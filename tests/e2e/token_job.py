"""Jobs for ownkey-token, and ownkey-softtoken to do them on."""

import os
import subprocess

from job import BUILD, ERR, Helper

LIST, WATCH, INFO, ASSERT, MAKE, PIN_SET, PIN_CHANGE, SELECT = range(8)
DEVICE, END, WORKING, TOUCH, RESULT, FAILED = range(6)
UV_NONE, UV_PIN, UV_BUILTIN = range(3)
# keys of struct token_job and struct token_event
JOB = {name: i for i, name in enumerate(
    "op path rp_id cdh creds salt pin newpin up uv timeout_ms user user_id sources sysfs dev "
    "force".split(), 1)}
EVENT = {i: name for i, name in enumerate(
    "kind err retries path name vendor product access aaguid options max_creds max_cred_id "
    "min_pin versions extensions firmware cred_id authdata sig secret pubkey alg".split(), 1)}
NAME = {number: name for name, number in ERR.items()}
PROGRAM = os.path.join(BUILD, "ownkey-token")


class Event:
    def __init__(self, message):
        for key, name in EVENT.items():
            setattr(self, name, message.get(key))

    def __repr__(self):
        return repr({k: v for k, v in vars(self).items() if v is not None})


class Job:
    """One job and what it said so far."""

    def __init__(self, env=None, **fields):
        self.helper = Helper("ownkey-token", env=env)
        self.events = []
        if fields:
            self.helper.send({JOB[k]: v for k, v in fields.items() if v is not None})

    def next(self, timeout=20):
        self.events.append(Event(self.helper.receive(timeout)))
        return self.events[-1]

    def wait_for(self, *kinds, timeout=20):
        while self.next(timeout).kind not in kinds:
            pass
        return self.events[-1]

    def count(self, kind):
        return sum(e.kind == kind for e in self.events)

    def end(self, timeout=20):
        """The last event; nothing comes behind it, and the process is gone."""
        last = self.wait_for(RESULT, FAILED, timeout=timeout)
        status = self.helper.ends()
        assert status == (0 if last.kind == RESULT else 1), status
        try:
            extra = self.helper.receive(1)
            raise AssertionError("said more: %r" % extra)
        except EOFError:
            pass
        said = self.helper.said()
        assert said == b"", said
        self.helper.close()
        last.verdict = NAME[last.err] if last.err else "OK"
        last.touches = self.count(TOUCH)
        return last


class Token:
    """ownkey-softtoken with its socket and its control socket."""

    def __init__(self, directory, *args, name="token"):
        self.base = os.path.join(directory, name)
        self.socket, self.control = self.base + ".sock", self.base + ".ctl"
        self.args = args
        self.start()

    def start(self):
        r, w = os.pipe()
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "ownkey-softtoken"), "--state", self.base + ".state", "--socket",
             self.socket, "--control", self.control, "--ready", str(w), "--quiet", *self.args],
            pass_fds=[w])
        os.close(w)
        assert os.read(r, 1), "ownkey-softtoken did not start"
        os.close(r)

    def tell(self, *command):
        sent = subprocess.run([os.path.join(BUILD, "ownkey-softtoken"), "--send", self.control,
                               *command], capture_output=True)
        return sent.returncode == 0

    @property
    def path(self):
        return "unix:" + self.socket

    def job(self, op, **fields):
        return Job(op=op, path=self.path, **fields)

    def make(self, pin=None, **fields):
        fields = {"timeout_ms": 10000, **fields}
        return self.job(MAKE, rp_id="ownkey:vault", cdh=bytes(32), user="ownkey",
                        user_id=b"0123456789abcdef", pin=pin,
                        uv=UV_PIN if pin else UV_NONE, **fields).end()

    def assert_(self, *ids, pin=None, wait=True, salt=64, **fields):
        fields = {"timeout_ms": 10000, "up": True, **fields}
        job = self.job(ASSERT, rp_id="ownkey:vault", cdh=bytes(32), creds=list(ids),
                       salt=bytes(range(salt)) if salt else None, pin=pin,
                       uv=UV_PIN if pin else UV_NONE, **fields)
        return job.end() if wait else job

    def info(self):
        return self.job(INFO).end()

    def close(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def expect(event, verdict, **fields):
    assert event.verdict == verdict, event
    for name, value in fields.items():
        assert getattr(event, name) == value, (name, event)
    return event
