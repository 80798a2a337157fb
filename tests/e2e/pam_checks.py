"""The judge of logins: signatures made by other software, and what becomes of its tests when one of
its checks is not there."""

import base64
import hashlib
import os
import struct
import subprocess
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from job import BUILD, ERR, HERE, Helper, run

TOP = os.path.join(HERE, "..", "..")
BEGIN, BEGIN_SSH, CHECK, CHECK_SSH = range(4)
BEGUN, GOOD, BAD = range(3)
UP, UV = 1, 4


# --- the program, spoken to by another codec, about signatures of another library ---

class Verifier:
    def __init__(self):
        self.helper = Helper("ownkey-verify")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.helper.close()

    def ask(self, job):
        self.helper.send(job)
        return self.helper.receive()

    def begin(self, rp="ownkey:vault", host="h", service="sudo", user="u"):
        ev = self.ask({1: BEGIN, 3: rp, 4: host, 5: service, 6: user})
        assert ev[1] == BEGUN and sorted(ev) == [1, 3, 4], ev
        request = b"".join(struct.pack(">H", len(s)) + s.encode() for s in (host, service, user))
        assert ev[4] == hashlib.sha256(b"ownkey1 pam\0" + ev[3] +
                                       hashlib.sha256(request).digest()).digest()
        return ev


def authdata(rp="ownkey:vault", flags=UP, counter=1):
    return hashlib.sha256(rp.encode()).digest() + bytes([flags]) + struct.pack(">I", counter)


def test_es256(_):
    """ES256 by python-cryptography: good, then silence; one bit of the counter: bad"""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    with Verifier() as v:
        begun = v.begin()
        data = authdata()
        sig = key.sign(data + begun[4], ec.ECDSA(hashes.SHA256()))
        cred = {1: b"id", 2: -7, 3: public, 4: True}
        ev = v.ask({1: CHECK, 10: [cred], 11: b"id", 12: data[:-1] + b"\0", 13: sig})
        assert ev == {1: BAD, 2: ERR["LIE_SIGNATURE"], 3: begun[3]}, ev
        ev = v.ask({1: CHECK, 10: [cred], 11: b"id", 12: data, 13: sig})
        assert ev == {1: GOOD, 3: begun[3], 7: 1, 8: True}, ev
        assert v.helper.ends() == 0


def test_eddsa(_):
    """EdDSA by python-cryptography, with the PIN wanted, the second of two credentials"""
    key = ed25519.Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    creds = [{1: b"other", 2: -8, 3: b"\1" * 32, 4: True, 5: True},
             {1: b"id", 2: -8, 3: public, 4: True, 5: True}]
    with Verifier() as v:
        begun = v.begin()
        for flags, want in ((UP, "LIE_VERIFIED"), (UV, "LIE_PRESENCE")):
            data = authdata(flags=flags)
            ev = v.ask({1: CHECK, 10: creds, 11: b"id", 12: data, 13: key.sign(data + begun[4])})
            assert ev[1] == BAD and ev[2] == ERR[want], ev
        data = authdata(flags=UP | UV)
        ev = v.ask({1: CHECK, 10: creds, 11: b"id", 12: data, 13: key.sign(data + begun[4])})
        assert ev == {1: GOOD, 3: begun[3], 6: 1, 7: 1, 8: True, 9: True}, ev


def ssh(s):
    return struct.pack(">I", len(s)) + s


def test_sshsig(directory):
    """SSHSIG by ssh-keygen -Y sign, in our namespace and in another"""
    key = os.path.join(directory, "key")
    for kind in ("ed25519", "ecdsa", "rsa"):
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", key + kind], check=True)
        blob = subprocess.run(["sh", "-c", "cut -d' ' -f2 <%s | base64 -d" % (key + kind + ".pub")],
                              check=True, stdout=subprocess.PIPE).stdout
        for namespace, want in (("file", BAD), ("ownkey-pam", GOOD)):
            with Verifier() as v:
                begun = v.ask({1: BEGIN_SSH, 4: "h", 5: "sudo", 6: "u"})
                assert begun[1] == BEGUN and sorted(begun) == [1, 3, 5, 10], begun
                message = b"".join(
                    ssh(s) for s in (b"ownkey login 1", begun[3], b"h", b"sudo", b"u"))
                assert begun[10] == message, begun
                assert begun[5].endswith(ssh(hashlib.sha512(message).digest()))
                out = subprocess.run(["ssh-keygen", "-Y", "sign", "-n", namespace, "-f",
                                      key + kind], input=message, check=True,
                                     stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
                ev = v.ask({1: CHECK_SSH, 13: inner_signature(out), 14: [{1: blob}], 15: blob})
                assert ev[1] == want and ev[3] == begun[3], (kind, namespace, ev)


def inner_signature(armored):
    """PROTOCOL.sshsig: magic, version, public key, namespace, reserved, hash, signature"""
    b = base64.b64decode(b"".join(armored.splitlines()[1:-1]))
    assert b[:10] == b"SSHSIG\0\0\0\1"
    b = b[10:]
    for _ in range(5):
        n, = struct.unpack(">I", b[:4])
        part, b = b[4:4 + n], b[4 + n:]
    return part


def test_nonsense(_):
    """what is no job ends it; nothing but a good answer is ever called one"""
    for job in ({}, {1: 9}, {1: CHECK}, {1: BEGIN, 3: "r"}, {1: BEGIN_SSH, 3: "r", 5: "s", 6: "u"},
                {1: BEGIN, 5: "s", 6: "u"}, {1: CHECK_SSH}, {1: BEGIN, 99: 1}):
        with Verifier() as v:
            v.helper.send(job)
            try:
                ev = v.helper.receive()
                assert ev[1] == BAD and ev[2] == ERR["VERIFY_ANSWER"], ev
            except EOFError:
                pass
            v.helper.ends()
    with Verifier() as v:
        nonces = {v.begin()[3]}
        assert v.ask({1: BEGIN, 3: "r", 5: "s", 6: "u"})[1] == BAD
        v.helper.ends()
    for _ in range(4):
        with Verifier() as v:
            nonces.add(v.begin()[3])
    assert len(nonces) == 5


# --- the checks, one at a time ---

SHARED, CHECKER = "lib/token.c", "pam/verify/checker.c"
MODULE, TOKENS = "pam/verify.c", "pam/tokens.c"
LOGIN, SK = "lib/sshlogin.c", "lib/sshkey_sk.c"
NEVER = "if (0 && "
# name, file, what stands there, what stands there instead, who notices
REMOVED = [
    ("rpIdHash", SHARED,
     "return crypto_eq(SPAN(hash, 32), span_sub(authdata, 0, 32)) ? ERR_OK : ERR_LIE_RP;",
     "return ERR_OK;", "test_verify"),
    ("UP", SHARED, "if (x->up && !up)", NEVER + "x->up && !up)", "test_verify"),
    ("UV", SHARED, "if (x->uv && !uv)", NEVER + "x->uv && !uv)", "test_verify"),
    ("signature, ES256", SHARED, "good = crypto_p256_verify(", "good = true || crypto_p256_verify(",
     "test_verify"),
    ("signature, EdDSA", SHARED, "good = crypto_ed25519_verify(",
     "good = true || crypto_ed25519_verify(", "test_verify"),
    ("what the signature says", SHARED, "return good ? ERR_OK : ERR_LIE_SIGNATURE;",
     "return ERR_OK;", "test_verify"),
    ("client data in what is signed", SHARED, "buf_put(&msg, x->cdh, 32);", "", "test_verify"),
    ("authdata in what is signed", SHARED, "buf_put_span(&msg, ev->authdata);", "", "test_verify"),
    ("nonce in the client data", SHARED, "SPAN(n->nonce, 32), SPAN(hash, 32) }",
     "SPAN(n->nonce, 0), SPAN(hash, 32) }", "test_verify"),
    ("nonce is drawn", SHARED, "crypto_random(n->nonce, sizeof n->nonce);", "", "test_verify"),
    ("credential, of the shared judgement", SHARED,
     "if (!span_eq(ev->cred_id, x->cred_id))\n\t\treturn ERR_LIE_CREDENTIAL;\n\tif ((e = judge_rp("
     "x->rp_id, ev->authdata)) || (e",
     "if ((e = judge_rp(x->rp_id, ev->authdata)) || (e", "test_verify"),
    ("length of authdata", SHARED, "if (authdata.len < 37)", "if (authdata.len < 33)",
     "test_verify"),
    ("length of the key", SHARED, "x->alg == TOKEN_ES256 && x->pubkey.len == 64",
     "x->alg == TOKEN_ES256 && x->pubkey.len", "test_verify"),
    ("UP is asked of the judgement", CHECKER, "x.up = row.up && !c->probe;", "x.up = false;",
     "test_verify"),
    ("UV is asked of the judgement", CHECKER, "x.uv = row.uv && !c->probe;", "x.uv = false;",
     "test_verify"),
    ("judgement", CHECKER, "if ((e = token_judge(&x, &said)))", "if ((e = 0))", "test_verify"),
    ("credential is one of the list", CHECKER, "if (!span_eq(row->cred_id, q->cred_id))",
     NEVER + "row)", "test_verify"),
    ("purpose of a probe", CHECKER, 'q->probe ? "probe" : "pam"', '"probe"', "test_verify"),
    ("user in the request", CHECKER, "buf_put_lp(&request, q->user);", "", "test_verify"),
    ("service in the request", CHECKER, "buf_put_lp(&request, q->service);", "", "test_verify"),
    ("host in the request", CHECKER, "buf_put_lp(&request, q->host);", "", "test_verify"),
    ("begun before, not over, so many tries", CHECKER,
     "if (!c->begun || c->over || c->checks++ == VERIFY_CHECKS)", "if (0)", "test_verify"),
    ("begun once", CHECKER, "if (c->begun || ", "if (", "test_verify"),
    ("over when good", CHECKER, "c->over = true;\n\treturn ERR_OK;", "return ERR_OK;",
     "test_verify"),
    ("tokens apart from agents", CHECKER, "if (c->ssh)\n", "if (0)\n", "test_verify"),
    ("agents apart from tokens", CHECKER, "if (!c->ssh)\n", "if (0)\n", "test_verify"),
    ("ssh key is one of the list", CHECKER, "if (!span_eq(row->blob, q->key))",
     NEVER + "row->up)", "test_verify_ssh"),
    ("ssh signature", CHECKER, "return sshkey_verify(row->blob, sig, tbs);", "return ERR_OK;",
     "test_verify_ssh"),
    ("ssh signature of a token", CHECKER,
     "enum err e = sshkey_sk_verify(row->blob, sig, tbs, &said);\n\n\tif (e)",
     "enum err e = sshkey_sk_verify(row->blob, sig, tbs, &said);\n\n\tif (0)",
     "test_verify_ssh"),
    ("no ssh certificate", CHECKER, "if (key.is_cert || row->up || row->uv)",
     "if (row->up || row->uv)", "test_verify_ssh"),
    ("no touch of a file", CHECKER, "if (key.is_cert || row->up || row->uv)",
     "if (key.is_cert || row->uv)", "test_verify_ssh"),
    ("no PIN of a file", CHECKER, "if (key.is_cert || row->up || row->uv)",
     "if (key.is_cert || row->up)", "test_verify_ssh"),
    ("one hash of RSA", CHECKER, 'key.type == SSHKEY_RSA && !span_is(alg, "rsa-sha2-512")', "0",
     "test_verify_ssh"),
    ("touch of an ssh key", CHECKER, "if (row->up && !said.up)", "if (0)", "test_verify_ssh"),
    ("PIN of an ssh key", CHECKER, "if (row->uv && !said.uv)", "if (0)", "test_verify_ssh"),
    ("nonce in what an agent signs", CHECKER,
     "l.nonce = SPAN(c->nonce.nonce, SSHLOGIN_NONCE);",
     "static const uint8_t zero[32];\n\tl.nonce = SPAN(zero, 32);",
     "test_verify_ssh"),
    ("nonce of an agent is drawn", CHECKER,
     "crypto_random(c->nonce.nonce, sizeof c->nonce.nonce);", "", "test_verify_ssh"),
    ("host in what an agent signs", LOGIN, "ssh_put_string(message, l->host);",
     "ssh_put_text(message, \"\");", "test_verify_ssh"),
    ("service in what an agent signs", LOGIN, "ssh_put_string(message, l->service);",
     "ssh_put_text(message, \"s\");", "test_verify_ssh"),
    ("user in what an agent signs", LOGIN, "ssh_put_string(message, l->user);",
     "ssh_put_text(message, \"u\");", "test_verify_ssh"),
    ("namespace of what an agent signs", LOGIN, "ssh_put_text(tbs, SSHLOGIN_NAMESPACE);",
     "ssh_put_text(tbs, \"file\");", "test_verify_ssh"),
    ("message in what an agent signs", LOGIN, "crypto_sha512(message, hash);",
     "memset(hash, 0, sizeof hash);", "test_verify_ssh"),
    ("signature of a token's ssh key", SK,
     "if (k.ecdsa ? !verify_ecdsa(&k, sig, SPAN(whole, sizeof whole))",
     "if (k.ecdsa ? 0", "test_verify_ssh"),
    ("application of an ssh key", SK, "crypto_sha256(k.application, whole);",
     "memset(whole, 0, 32);", "test_verify_ssh"),
    ("flags in what a token signs", SK, "whole[32] = flags;", "whole[32] = 1;",
     "test_verify_ssh"),
    ("nonce of the verdict", MODULE, "memcmp(ev->nonce.p, v->nonce, 32) != 0", "0",
     "test_pam_verdict"),
    ("verdict is good", MODULE, "ev->kind != VERIFY_EV_GOOD || ", "", "test_pam_verdict"),
    ("verdict is not bad", MODULE,
     "if (ev->kind == VERIFY_EV_BAD)\n\t\treturn reason(ev);\n\tif (ev->kind != VERIFY_EV_GOOD",
     "if (ev->kind != VERIFY_EV_GOOD && ev->kind != VERIFY_EV_BAD", "test_pam_verdict"),
    ("good without an error", MODULE, "|| ev->err || ", "|| ", "test_pam_verdict"),
    ("row of the verdict is there", MODULE, " || ev->index >= n)", ")", "test_pam_verdict"),
    ("reason of a bad one", MODULE,
     "return ev->err && err_is_known(ev->err) ? (enum err)ev->err : ERR_VERIFY_ANSWER;",
     "return (enum err)ev->err;", "test_pam_verdict"),
    ("length of the secret", TOKENS, "ev->secret.len != c->salt.len || ", "", "test_pam_verdict"),
    ("secret of zeros", TOKENS, "|| is_zero(ev->secret))", ")", "test_pam_verdict"),
    ("secret that was not asked for", TOKENS, "if (!c->salt.len && ev->secret.len)", "if (0)",
     "test_pam_verdict"),
    ("authdata is there", TOKENS, "!ev->authdata.len || ", "", "test_pam_verdict"),
]


def flags():
    with open(os.path.join(BUILD, "lib.a"), "rb") as f:
        sanitized = b"__asan_init" in f.read()
    return ["-fsanitize=address,undefined"] if sanitized else []


def compile_with(directory, text, test):
    """`test` with this text in place of that file."""
    source = os.path.join(directory, "changed.c")
    program = os.path.join(directory, test)
    with open(source, "w", encoding="utf-8") as f:
        f.write(text)
    rooms = [os.path.join(BUILD, room + ".a") for room in ("verify", "pam", "lib")]
    libraries = "-lcmocka -lsodium -lcrypto -lutf8proc".split()
    subprocess.run(["cc", "-std=c17", "-D_GNU_SOURCE", "-w", "-I", TOP, *flags(), "-o", program,
                    source, os.path.join(BUILD, "tests", "unit", test + ".o"),
                    "-Wl,--start-group", *rooms, "-Wl,--end-group", *libraries], check=True)
    return program


def fails(program):
    return subprocess.run([program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                          timeout=60, check=False).returncode != 0


def test_unchanged(directory):
    """with all of its checks, each test passes"""
    for path, test in sorted({(r[1], r[4]) for r in REMOVED}):
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            assert not fails(compile_with(directory, f.read(), test)), test


def removal(name, path, there, instead, test):
    def case(directory):
        with open(os.path.join(TOP, path), encoding="utf-8") as f:
            text = f.read()
        assert text.count(there) == 1, "%s: %d times" % (there, text.count(there))
        assert fails(compile_with(directory, text.replace(there, instead), test)), \
            "%s is gone, and %s does not notice" % (name, test)
    case.__name__ = "test_without_" + name.replace(" ", "_")
    case.__doc__ = "without the check of %s, %s fails" % (name, test)
    return case


TESTS = [f for name, f in list(globals().items()) if name.startswith("test_")] + \
    [removal(*row) for row in REMOVED]

if __name__ == "__main__":
    sys.exit(run(TESTS))
