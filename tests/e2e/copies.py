"""Copies of the sealed vault in other folders (`backup copy`): there within two seconds, whole,
never in the way of a change or a lock, never over something newer or of somebody else."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import struct
import sys
import time

from ownkey import (BUILD, ERR, PASS, PHRASE, TOKEN, children, cmdline, expect, run_parallel,
                    status_of, until, world)
from vault import Vault

F_OFD_SETLK = 37
SANITIZED = b"__asan_init" in open(os.path.join(BUILD, "ownkey-agent"), "rb").read()


@contextlib.contextmanager
def opened(directory, *folders, **conf):
    """An open vault, its copies going to these folders below directory."""
    with world(directory, {}, **conf) as (agent, _):
        person = agent.init(ways=TOKEN | PASS)
        paths = [os.path.join(directory, f) for f in folders]
        for path in paths:
            os.makedirs(path, exist_ok=True)
            done = agent.cli("backup", "copy", "add", path)
            assert done.returncode == 0, done
        with contextlib.closing(agent.client(person)) as c:
            yield (agent, person, c, *paths)


def name_of(agent):
    return "ownkey-%s.vault" % Vault(agent.read()).id[:4].hex()


def copy_in(agent, path):
    return os.path.join(path, name_of(agent))


def read(path):
    with contextlib.suppress(FileNotFoundError):
        return open(path, "rb").read()
    return None


def is_copied(agent, path, within=2):
    until(lambda: read(copy_in(agent, path)) == agent.read(), "the copy in " + path, within)


def rows(agent, *command):
    done = agent.cli("backup", "copy", *(command or ("list",)), "--json")
    return {r["path"]: r for r in json.loads(done.stdout)["copies"]}


def change(c, value=b"v"):
    c.call("secret.set", label="kept", value=value, use=0, replace=True)


def run_says(agent, path, err, status=1):
    """A run ends so, and says this of the folder."""
    done = agent.cli("backup", "copy", "run")
    assert done.returncode == status, done
    row = rows(agent)[path]
    assert row.get("err", 0) == ERR[err], (err, row)
    return row


def after_change(directory):
    """a copy is there within two seconds of each change, and opens as a vault of its own"""
    with opened(directory, "stick") as (agent, person, c, stick):
        is_copied(agent, stick, 0.1)
        for i in range(3):
            change(c, b"%d" % i)
            is_copied(agent, stick)
        assert os.stat(copy_in(agent, stick)).st_mode & 0o777 == 0o600
        assert os.listdir(stick) == [name_of(agent)]
        state = os.path.join(agent.state, "ownkey")
        local = [f for f in os.listdir(state)
                 if f.startswith("copy-")]
        until(lambda: read(os.path.join(state, local[0])) == agent.read(), "the local copy")
        until(lambda: agent.status().copy_generation == agent.status().generation, "a report")
        status = agent.status()
        assert status.copies == 1 and status.copy_generation == status.generation, status
        assert rows(agent)[stick]["current"], rows(agent)
        assert "the newest of" in agent.cli("status").stdout


def own_vault(directory):
    """a copy opens with phrase and passphrase, as a vault of its own"""
    with opened(directory, "stick") as (agent, person, c, stick):
        change(c, b"the value")
        is_copied(agent, stick)
        taken = os.path.join(directory, "elsewhere", "vault")
        os.makedirs(os.path.dirname(taken), 0o700)
        shutil.copy(copy_in(agent, stick), taken)
        agent.stop()
        shutil.rmtree(agent.state)
        os.remove(agent.vault)
        for way in (PASS, PHRASE):
            agent.start(args=["--vault", taken])
            expect(agent.unlock(person, way=way), "OK")
            with contextlib.closing(agent.client(person)) as other:
                assert other.call("secret.get", label="kept").value == b"the value"
            agent.stop()


def refusals(directory):
    """links, other vaults, newer copies and strangers are left as they are; blanks are not"""
    with opened(directory, "stick") as (agent, _, c, stick):
        is_copied(agent, stick)
        there, ours = copy_in(agent, stick), agent.read()
        victim = os.path.join(directory, "victim")
        open(victim, "w", encoding="utf-8").close()

        def left(content, err):
            run_says(agent, stick, err)
            assert read(there) == content
            os.remove(there)

        def put(content):
            with open(there, "wb") as f:
                f.write(content)
            return content
        os.remove(there)
        os.symlink(victim, there)
        left(b"", "COPY_OTHER")
        assert read(victim) == b""
        os.mkfifo(there)
        run_says(agent, stick, "COPY_OTHER")
        os.remove(there)
        left(put(b"a letter to somebody"), "COPY_OTHER")
        other = Vault(ours)
        other.head[16:32] = bytes(range(16))
        left(put(other.bytes()), "COPY_OTHER")
        newer = Vault(ours)
        newer.head[32:40] = (agent.status().generation + 1).to_bytes(8, "big")
        left(put(newer.bytes()), "COPY_NEWER")
        later = Vault(ours)
        later.head[8:12] = b"\0\2\0\2"
        left(put(later.bytes()), "COPY_NEWER")
        for content in (b"", bytes(5000), ours[:40000], ours[:-1] + b"x", ours + bytes(100)):
            put(content)
            run_says(agent, stick, "OK", 0)
            assert read(there) == agent.read()
        # as new as ours, and not ours
        twin = Vault(ours)
        twin.box = twin.box[:-1] + bytes([twin.box[-1] ^ 1])
        left(put(twin.bytes()), "VAULT_DIVERGED")
        # the temporary name is taken by a link
        os.symlink(victim, os.path.join(stick, ".%s-00000000.new" % name_of(agent)))
        change(c)
        is_copied(agent, stick)
        assert read(victim) == b""


def missing(directory):
    """a folder that is not there, read-only or full is said, and mended by itself"""
    with opened(directory, "stick", "shelf") as (agent, _, c, stick, shelf):
        is_copied(agent, stick)
        os.rename(stick, stick + "-out")
        change(c, b"1")
        is_copied(agent, shelf)
        row = run_says(agent, stick, "COPY_ABSENT", 0)
        assert row["time"] and not row.get("current"), row
        assert "not there" in agent.cli("backup", "copy", "list").stdout
        os.rename(stick + "-out", stick)
        run_says(agent, stick, "OK", 0)
        is_copied(agent, stick)
        os.rename(stick, stick + "-out")
        os.symlink(shelf, stick)
        run_says(agent, stick, "COPY_OTHER")
        os.remove(stick)
        os.rename(stick + "-out", stick)
        if os.getuid():
            os.chmod(stick, 0o500)
            change(c, b"2")
            old = read(copy_in(agent, stick))
            run_says(agent, stick, "PERMISSION")
            assert read(copy_in(agent, stick)) == old
            os.chmod(stick, 0o700)
            run_says(agent, stick, "OK", 0)
        is_copied(agent, shelf)


def removed_way(directory):
    """a way in that was removed does not open the copies; one out of reach is warned of"""
    with opened(directory, "stick", "drawer") as (agent, person, c, stick, drawer):
        is_copied(agent, stick)
        is_copied(agent, drawer)
        os.rename(drawer, drawer + "-out")
        c.call("slot.remove", label="passphrase", one_way_in=True, timeout=60)
        is_copied(agent, stick)
        until(lambda: rows(agent)[stick]["current"], "a report")
        table = rows(agent)
        assert table[drawer]["older"] and not table[stick].get("older"), table
        done = agent.cli("backup", "copy", "list")
        assert "still opens the copy in " + drawer in done.stderr.replace("\n", " "), done
        os.rename(drawer + "-out", drawer)
        run_says(agent, drawer, "OK", 0)
        assert not rows(agent)[drawer].get("older")
        assert person


def only_opened(directory):
    """a file that somebody put in the vault's place takes no good copy's place"""
    with opened(directory, "stick") as (agent, person, c, stick):
        is_copied(agent, stick)
        good, ours = read(copy_in(agent, stick)), Vault(agent.read())
        ours.head[32:40] = (1 << 40).to_bytes(8, "big")
        agent.write(ours.bytes())
        run_says(agent, stick, "COPY_UNKNOWN")
        assert read(copy_in(agent, stick)) == good
        agent.write(good + bytes(200))
        run_says(agent, stick, "OK", 0)
        assert read(copy_in(agent, stick)) == good
        # a fresh agent asks `seen`; a machine that never opened it copies nothing
        agent.write(good)
        agent.restart()
        run_says(agent, stick, "OK", 0)
        os.remove(agent.seen)
        agent.restart()
        done = agent.cli("backup", "copy", "run")
        assert done.returncode == 3 and "unlock it once" in done.stderr, done
        expect(agent.unlock(person), "OK")
        with contextlib.closing(agent.client(person)) as again:
            change(again, b"after")
        is_copied(agent, stick)


def commands(directory):
    """add, list and remove say what they do"""
    with opened(directory) as (agent, _, _c):
        stick = os.path.join(directory, "stick")
        done = agent.cli("backup", "copy", "add", stick)
        assert done.returncode == 1 and "not there" in done.stderr, done
        os.mkdir(stick)
        done = agent.cli("backup", "copy", "add", os.path.dirname(agent.vault))
        assert done.returncode == 64 and "own folder" in done.stderr, done
        done = agent.cli("backup", "copy", "list")
        assert done.returncode == 0 and "no folder gets copies" in done.stderr, done
        for _ in range(2):
            done = agent.cli("backup", "copy", "add", stick + "/")
            assert done.returncode == 0 and "same disk" in done.stderr, done
            assert "newest version" in done.stdout, done
        files = [f for f in os.listdir(os.path.dirname(agent.config)) if f.startswith("copies-")]
        listed = os.path.join(os.path.dirname(agent.config), files[0])
        assert open(listed, encoding="utf-8").read() == stick + "\n"
        assert os.stat(listed).st_mode & 0o777 == 0o600
        with open(listed, "a", encoding="utf-8") as f:
            f.write("# mine\nnot absolute\n")
        done = agent.cli("backup", "copy", "list")
        assert done.returncode == 0 and stick in done.stdout, done
        done = agent.cli("backup", "copy", "remove", stick)
        assert done.returncode == 0 and "line 3" in done.stderr, done
        assert open(listed, encoding="utf-8").read() == "# mine\nnot absolute\n"
        assert stick not in rows(agent) and os.path.exists(copy_in(agent, stick))
        done = agent.cli("backup", "copy", "remove", stick)
        assert done.returncode == 1 and "no such thing" in done.stderr, done
        agent.lock()
        assert "on this machine" in agent.cli("backup", "copy", "list").stdout


# --- what hangs, and what dies ---

def copiers(agent):
    return [p for p in children(agent.main_pid()) if b"--role=copier" in cmdline(p)]


def catch(agent, c, signo, deep):
    """Send the signal to the next copier, deep: to one of the processes that it started, at its
    work."""
    for i in range(200):
        change(c, b"%d" % i)
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            for pid in copiers(agent):
                for p in children(pid) if deep else [pid]:
                    with contextlib.suppress(ProcessLookupError):
                        if not deep or status_of(p, "NoNewPrivs") == ["1"]:
                            os.kill(p, signo)
                            return pid, p
    raise AssertionError("no copier was met")


def took(what):
    start = time.monotonic()
    what()
    return time.monotonic() - start


def median(values):
    return sorted(values)[len(values) // 2]


def hangs(directory):
    """copies that hang delay no change, no lock and no end; one is said to hang"""
    with opened(directory, "a", copy_timeout="4s") as (agent, person, c, folder):
        plain = median([took(lambda: change(c)) for _ in range(20)])
        copier, stuck = catch(agent, c, signal.SIGSTOP, True)
        with_it = median([took(lambda: change(c)) for _ in range(20)])
        assert with_it < plain + 0.5, (plain, with_it)
        assert took(agent.lock) < 3
        # given up by its own starter, which is killed last of all
        until(lambda: cmdline(copier) == b"", "the end of the copier", 20)
        until(lambda: cmdline(stuck) == b"", "the end of what it started", 20)
        expect(agent.unlock(person), "OK")
        is_copied(agent, folder, 4)
    os.mkdir(os.path.join(directory, "b"))
    with world(os.path.join(directory, "b"), {}) as (agent, _):
        agent.init()
        with contextlib.closing(agent.client()) as c:
            copier, _ = catch(agent, c, signal.SIGSTOP, False)
            assert median([took(lambda: change(c)) for _ in range(20)]) < plain + 0.5
            assert took(agent.lock) < 3
            assert took(agent.stop) < 3
        until(lambda: cmdline(copier) == b"", "its end, with the agent's")


def still_hangs(directory):
    """a folder on which an earlier copy hangs is passed over, and said to hang"""
    with opened(directory, "stick", "shelf") as (agent, _, c, stick, shelf):
        is_copied(agent, stick)
        state = os.path.join(agent.state, "ownkey")
        lock = [f for f in os.listdir(state) if f.endswith(".lock")][0]
        at = int.from_bytes(hashlib.sha256(stick.encode()).digest()[:4], "big") >> 1
        with open(os.path.join(state, lock), "r+b") as f:
            fcntl.fcntl(f, F_OFD_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, at, 1, 0))
            old = read(copy_in(agent, stick))
            change(c)
            is_copied(agent, shelf)
            row = run_says(agent, stick, "COPY_STUCK")
            assert read(copy_in(agent, stick)) == old and not row.get("current"), row
        run_says(agent, stick, "OK", 0)
        is_copied(agent, stick)


def dies(directory):
    """a copier that is killed leaves the old copy or the new one, and the next run mends all"""
    with opened(directory, "stick") as (agent, _, c, stick):
        whole = {agent.read()}
        for i in range(8):
            catch(agent, c, signal.SIGKILL, i % 2 == 0)
            whole.add(agent.read())
            time.sleep(0.05)
            found = read(copy_in(agent, stick))
            Vault(found)
        agent.cli("backup", "copy", "run")
        is_copied(agent, stick)
        until(lambda: os.listdir(stick) == [name_of(agent)], "no rest of a file")
        assert agent.status().copy_generation == agent.status().generation


def confined(directory):
    """what copies is filtered and cannot reach anything else"""
    with opened(directory, "stick", copy_timeout="15s") as (agent, _, c, _s):
        copier, target = catch(agent, c, signal.SIGSTOP, True)
        until(lambda: status_of(copier, "NoNewPrivs") == ["1"], "it to give up privileges")
        for pid in (copier, target):
            assert os.stat("/proc/%d/mem" % pid).st_uid == 0, "it can be looked into"
        until(lambda: status_of(copier, "Seccomp") == ["2"], "no filter")


if __name__ == "__main__":
    tests = [after_change, own_vault, refusals, missing, removed_way, only_opened, commands, hangs,
             still_hangs, dies]
    if not SANITIZED:
        tests.append(confined)
    sys.exit(run_parallel([(t.__doc__.split(";")[0], t) for t in tests]))
