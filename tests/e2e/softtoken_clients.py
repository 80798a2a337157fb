#!/usr/bin/python3
"""Debian's python3-fido2 as an independent client of the software token."""
import inspect
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback

from fido2 import cbor
from fido2.attestation import Attestation
from fido2.client import Fido2Client
from fido2.cose import ES256
from fido2.ctap2 import ClientPin, Config, CredentialManagement
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.ctap2.pin import PinProtocolV2
from fido2.hid import CTAPHID
from fido2.server import AttestationVerifier, Fido2Server
from fido2.utils import sha256

from softtoken import (
	AAGUID, ALGS, HASH, PIN, PROGRAM, RP, SALT1, SALT2, Soft,
	auth, expect, made_id, make, personalities, protocols, secret)


# every function test_* is a test

def test_hid():
	with Soft() as soft:
		dev = soft.device()
		assert dev.version == 2 and dev.capabilities == 0x0d
		for n in (0, 1, 57, 58, 116, 117, 200, 7609):
			data = os.urandom(n)
			assert dev.ping(data) == data
		dev.wink()
		expect(0x01, dev.call, 0x55)
		expect(0x01, dev.call, CTAPHID.MSG, b"\0\3\0\0\0\0\0")
		expect(0x03, dev.call, CTAPHID.CBOR)


def test_u2f_only():
	with Soft("u2f-only") as soft:
		dev = soft.device()
		assert dev.capabilities & 0x0c == 0
		assert dev.call(CTAPHID.MSG, b"\0\3\0\0\0\0\0") == b"U2F_V2\x90\0"
		expect(0x01, dev.call, CTAPHID.CBOR, b"\4")


def test_info_is_canonical():
	for name in personalities(["u2f-only"]):
		with Soft(name) as soft:
			info = soft.ctap().info
			assert info.aaguid == AAGUID
			assert info.options["clientPin"] == (name == "pin-blocked"), name
			assert ("hmac-secret" in info.extensions) == (name != "no-hmac-secret")
			assert info.options.get("alwaysUv", False) == (name == "alwaysuv")


def test_credentials():
	for name in personalities(["u2f-only", "pin-blocked"]):
		with Soft(name, "--pin", PIN) as soft:
			ctap = soft.ctap()
			for protocol in protocols(ctap):
				for alg, key in ALGS.items():
					check_credential(ctap, protocol, alg, key)


def check_credential(ctap, protocol, alg, key):
	att = make(ctap, alg, protocol)
	data = att.auth_data
	assert data.rp_id_hash == sha256(RP.encode())
	assert data.is_user_verified() and data.is_user_present()
	assert data.credential_data.aaguid == AAGUID
	assert isinstance(data.credential_data.public_key, key)
	Attestation.for_type(att.fmt)().verify(att.att_statement, data, HASH)
	cred = made_id(att)
	kwargs = auth(ctap, protocol, ClientPin.PERMISSION.GET_ASSERTION)
	a = ctap.get_assertion(RP, HASH, [cred], **kwargs)
	a.verify(HASH, data.credential_data.public_key)
	assert a.credential == cred and a.auth_data.is_user_verified()
	assert a.auth_data.counter > data.counter


def test_hmac_secret():
	skip = ["u2f-only", "no-hmac-secret", "pin-blocked", "alwaysuv", "credprotect3-only"]
	for name in personalities(skip):
		with Soft(name, "--pin", PIN) as soft:
			check_secret(soft, name == "one-secret")


def check_secret(soft, one):
	ctap = soft.ctap()
	pins = protocols(ctap)
	att, other = make(ctap, protocol=pins[0]), make(ctap, protocol=pins[0])
	assert att.auth_data.extensions["hmac-secret"] is True
	creds = [made_id(att)]
	_, no_pin, none = secret(ctap, creds, pins[0])
	assert len(no_pin) == 32 and none is None
	seen = {no_pin, secret(ctap, [made_id(other)], pins[0])[1]}
	for protocol in pins:
		assert secret(ctap, creds, protocol)[1] == no_pin
		a, first, second = secret(ctap, creds, protocol, salt2=SALT2)
		assert first == no_pin
		a, with_pin, with_second = secret(ctap, creds, protocol, True, SALT2)
		assert a.auth_data.is_user_verified()
		a.verify(HASH, att.auth_data.credential_data.public_key)
		assert (with_pin == no_pin) == one and (with_second == second) == one
		seen |= {second, with_pin, with_second}
	assert len(seen) == (3 if one else 5)
	soft.send("powercycle")
	ctap = soft.ctap()
	assert secret(ctap, creds, protocols(ctap)[0])[1] == no_pin
	ClientPin(ctap).change_pin(PIN, "another PIN")
	assert secret(ctap, creds, protocols(ctap)[0])[1] == no_pin
	soft.stop()
	soft.start()
	assert secret(soft.ctap(), creds, protocols(ctap)[0])[1] == no_pin


def test_one_assertion_for_all_slots():
	"""Ids of two tokens in one list."""
	for name in ("yk54", "yk57", "solo", "canokey", "pico"):
		with Soft(name) as soft, Soft(name) as elsewhere:
			ctap = soft.ctap()
			foreign = elsewhere.ctap()
			mine = [made_id(make(ctap)), made_id(make(ctap))]
			theirs = [made_id(make(foreign))]
			creds = [theirs[0], mine[1], mine[0]]
			a, first, second = secret(ctap, creds, protocols(ctap)[0], salt2=SALT2)
			assert a.credential in mine and len(second) == 32
			assert (a.number_of_credentials == 2) == (name in ("solo", "pico"))
			if a.number_of_credentials == 2:
				b = ctap.get_next_assertion()
				assert b.credential in mine and b.credential != a.credential
				expect(0x30, ctap.get_next_assertion)
			expect(0x2e, ctap.get_assertion, RP, HASH, theirs)
			expect(0x2e, ctap.get_assertion, "example.org", HASH, mine)


def test_pin_retries():
	for name in ("yk54", "yk57", "solo", "canokey", "pico"):
		with Soft(name, "--pin", PIN) as soft:
			check_retries(soft, name == "pico")


def check_retries(soft, leaky):
	pin = ClientPin(soft.ctap())
	args = (ClientPin.PERMISSION.GET_ASSERTION, RP)
	for status, left in ((0x31, 7), (0x31, 6), (0x34, 5), (0x34, 4 if leaky else 5)):
		expect(status, pin.get_pin_token, "4321", *args)
		assert pin.get_pin_retries()[0] == left
	if leaky:
		pin.get_pin_token(PIN, *args)
	else:
		expect(0x34, pin.get_pin_token, PIN, *args)
		soft.send("powercycle")
		pin = ClientPin(soft.ctap())
		pin.get_pin_token(PIN, *args)
	assert pin.get_pin_retries()[0] == 8
	for left in range(7, -1, -1):
		if left in (4, 1):
			soft.send("powercycle")
			pin = ClientPin(soft.ctap())
		wrong = 0x32 if left == 0 else 0x34 if left in (5, 2) else 0x31
		expect(wrong, pin.get_pin_token, "4321", *args)
		assert pin.get_pin_retries()[0] == left
	soft.send("powercycle")
	expect(0x32, ClientPin(soft.ctap()).get_pin_token, PIN, *args)


def test_pin_try_survives_kill():
	with Soft("yk57", "--pin", PIN) as soft:
		soft.send("fault", "kill-before-compare")
		pin = ClientPin(soft.ctap())
		try:
			pin.get_pin_token("4321", ClientPin.PERMISSION.GET_ASSERTION, RP)
			raise AssertionError("it answered")
		except (EOFError, OSError):
			pass
		assert soft.proc.wait(10) == -signal.SIGKILL
		soft.start()
		assert ClientPin(soft.ctap()).get_pin_retries()[0] == 7
		assert os.listdir(soft.dir).count("state.new") == 0
		assert os.stat(soft.state).st_mode & 0o777 == 0o600


def test_pin_set_and_change():
	for name in ("yk57", "solo"):
		with Soft(name) as soft:
			ctap = soft.ctap()
			for protocol in protocols(ctap):
				pin = ClientPin(ctap, protocol)
				args = (ClientPin.PERMISSION.GET_ASSERTION, RP)
				expect(0x35, pin.get_pin_token, PIN, *args)
				pin.set_pin(PIN)
				expect(0x33, pin.set_pin, PIN)
				expect(0x31, pin.change_pin, "4321", "56789")
				pin.change_pin(PIN, "\u00e9t\u00e9s")
				pin.get_pin_token("\u00e9t\u00e9s", *args)
				expect(0x31, pin.get_pin_token, PIN, *args)
				expect(0x37, pin.change_pin, "\u00e9t\u00e9s", "x" * 64)
				soft.send("powercycle")
				ctap = soft.ctap()
				ctap.reset()


def test_pin_needed():
	"""Who wants a PIN to make a credential, once there is one."""
	for name in ("yk54", "solo", "pico"):
		with Soft(name, "--pin", PIN) as soft:
			expect(0x36, make, soft.ctap())
	for name in ("yk57", "canokey"):
		with Soft(name, "--pin", PIN) as soft:
			make(soft.ctap())
			expect(0x36, make, soft.ctap(), rk=True)
	with Soft("alwaysuv", "--pin", PIN) as soft:
		ctap = soft.ctap()
		expect(0x36, make, ctap)
		cred = made_id(make(ctap, protocol=PinProtocolV2()))
		expect(0x36, ctap.get_assertion, RP, HASH, [cred])
		assert not ctap.get_assertion(
			RP, HASH, [cred], options={"up": False}).auth_data.is_user_present()


def test_token_is_spent():
	with Soft("yk57", "--pin", PIN) as soft:
		ctap = soft.ctap()
		protocol = PinProtocolV2()
		both = ClientPin.PERMISSION.MAKE_CREDENTIAL | ClientPin.PERMISSION.GET_ASSERTION
		kwargs = auth(ctap, protocol, both)
		cred = made_id(make(ctap, **kwargs))
		expect(0x33, ctap.get_assertion, RP, HASH, [cred], **kwargs)
		kwargs = auth(ctap, protocol, ClientPin.PERMISSION.GET_ASSERTION)
		expect(0x33, make, ctap, **kwargs)
		expect(0x33, ctap.get_assertion, "example.org", HASH, [cred], **kwargs)
		ctap.get_assertion(RP, HASH, [cred], **kwargs)
	with Soft("yk54", "--pin", PIN) as soft:
		ctap = soft.ctap()
		kwargs = auth(ctap, protocol, 0)
		cred = made_id(make(ctap, **kwargs))
		ctap.get_assertion(RP, HASH, [cred], **kwargs)
		ctap.get_assertion(RP, HASH, [cred], **kwargs)


def test_silent_secret():
	for name, status in (("solo", 0), ("canokey", 0x2b), ("pico", 0x2c), ("yk57", 0x2b)):
		with Soft(name) as soft:
			ctap = soft.ctap()
			protocol = protocols(ctap)[0]
			creds = [made_id(make(ctap))]
			ext = HmacSecretExtension(ctap, protocol)
			data = ext.process_get_input({"hmacGetSecret": {"salt1": SALT1}})
			args = (RP, HASH, creds, {"hmac-secret": data}, {"up": False})
			if status:
				expect(status, ctap.get_assertion, *args)
				continue
			a = ctap.get_assertion(*args)
			assert a.auth_data.flags == 0x80
			out = ext.process_get_output(a.auth_data)["hmacGetSecret"]
			assert out["output1"] == secret(ctap, creds, protocol)[1]


def test_cred_protect():
	for name in ("yk54", "yk57", "solo", "canokey", "pico"):
		with Soft(name) as soft:
			ctap = soft.ctap()
			creds = {n: make(ctap, ext={"credProtect": n}) for n in (1, 2, 3)}
			for n, att in creds.items():
				assert att.auth_data.extensions["credProtect"] == n
				args = (ctap.get_assertion, RP, HASH, [made_id(att)])
				args[0](*args[1:]) if n < 3 else expect(0x2e, *args)
			ClientPin(ctap).set_pin(PIN)
			secret(ctap, [made_id(creds[3])], protocols(ctap)[0], pin=True)
	with Soft("credprotect3-only") as soft:
		ctap = soft.ctap()
		expect(0x2e, ctap.get_assertion, RP, HASH, [made_id(make(ctap))])


def test_resident_keys():
	for name in ("yk54", "yk57", "solo", "canokey", "pico"):
		with Soft(name, "--pin", PIN) as soft:
			check_resident(soft.ctap(), name == "solo")


def check_resident(ctap, shows_one):
	protocol = protocols(ctap)[0]
	ids = []
	for n, user in enumerate((b"ann", b"bob", b"eve")):
		ids.append(made_id(make(ctap, protocol=protocol, rk=True, user=user,
			ext={"credProtect": n + 1})))
	make(ctap, protocol=protocol, rk=True, user=b"ann")
	first = ctap.get_assertion(RP, HASH, **auth(ctap, protocol, 2))
	found = [first]
	while len(found) < first.number_of_credentials:
		found.append(ctap.get_next_assertion())
	assert [a.user["id"] for a in found] == [b"ann", b"eve", b"bob"]
	assert found[1].user["name"] == "n-eve" and found[0].credential != ids[0]
	assert ctap.get_assertion(RP, HASH).number_of_credentials is None
	expect(0x2e, ctap.get_assertion, RP, HASH, [ids[0]])
	token = ClientPin(ctap, protocol).get_pin_token(PIN, ClientPin.PERMISSION.CREDENTIAL_MGMT)
	check_manage(CredentialManagement(ctap, protocol, token), ids, shows_one)
	expect(0x2e, ctap.get_assertion, RP, HASH, [ids[2]], **auth(ctap, protocol, 2))


def check_manage(manage, ids, shows_one):
	result = CredentialManagement.RESULT
	assert manage.get_metadata() == {1: 3, 2: 22}
	rps = manage.enumerate_rps()
	assert [rp[result.RP] for rp in rps] == [{"id": RP}]
	creds = manage.enumerate_creds(rps[0][result.RP_ID_HASH])
	assert len(creds) == 3
	levels = {c[result.USER]["id"]: c[result.CRED_PROTECT] for c in creds}
	assert levels == {b"ann": 1, b"bob": 1 if shows_one else 2, b"eve": 1 if shows_one else 3}
	user = {"id": b"bob", "name": "robert", "displayName": "Robert"}
	manage.update_user_info(ids[1], user)
	creds = manage.enumerate_creds(rps[0][result.RP_ID_HASH])
	assert user in [c[result.USER] for c in creds]
	manage.delete_cred(ids[2])
	expect(0x2e, manage.delete_cred, ids[2])
	assert manage.get_metadata() == {1: 2, 2: 23}
	assert manage.enumerate_creds(b"x" * 32) == []


def test_room():
	with Soft("full") as soft:
		expect(0x28, make, soft.ctap(), rk=True)
		make(soft.ctap())
	with Soft() as soft:
		ctap = soft.ctap()
		for n in range(25):
			assert ctap.get_info().remaining_disc_creds == 25 - n
			make(ctap, rk=True, user=b"%d" % n)
		expect(0x28, make, ctap, rk=True, user=b"one more")
		make(ctap, rk=True, user=b"3")
		assert ctap.get_assertion(RP, HASH).number_of_credentials == 25


def test_exclude_list():
	with Soft() as soft:
		ctap = soft.ctap()
		att = make(ctap)
		expect(0x19, make, ctap, exclude_list=[made_id(att)])
		make(ctap, exclude_list=[{"type": "public-key", "id": b"x" * 64}])
		expect(0x15, make, ctap, exclude_list=[{"type": "public-key", "id": b"x"}] * 9)


def test_config():
	for name in ("yk57", "pico"):
		with Soft(name, "--pin", PIN) as soft:
			check_config(soft)
	for name, status in (("solo", 0x01), ("canokey", 0x40)):
		with Soft(name) as soft:
			expect(status, soft.ctap().config, Config.CMD.TOGGLE_ALWAYS_UV)


def check_config(soft):
	ctap = soft.ctap()
	protocol = PinProtocolV2()
	pin = ClientPin(ctap, protocol)

	def config():
		token = pin.get_pin_token(PIN, ClientPin.PERMISSION.AUTHENTICATOR_CFG)
		return Config(ctap, protocol, token)

	expect(0x36, Config(ctap).toggle_always_uv)
	config().toggle_always_uv()
	assert ctap.get_info().options["alwaysUv"]
	config().toggle_always_uv()
	assert not ctap.get_info().options["alwaysUv"]
	config().set_min_pin_length(min_pin_length=6)
	info = ctap.get_info()
	assert info.min_pin_length == 6 and info.force_pin_change
	expect(0x37, pin.get_pin_token, PIN, ClientPin.PERMISSION.GET_ASSERTION, RP)
	expect(0x37, pin.change_pin, PIN, "12345")
	pin.change_pin(PIN, "123456")
	assert not ctap.get_info().force_pin_change
	pin.get_pin_token("123456", ClientPin.PERMISSION.GET_ASSERTION, RP)


def test_reset():
	with Soft("canokey", "--pin", PIN) as soft:
		ctap = soft.ctap()
		cred = made_id(make(ctap))
		ctap.reset()
		info = ctap.get_info()
		assert info.options["clientPin"] is False
		expect(0x2e, ctap.get_assertion, RP, HASH, [cred])


def test_touch_by_signal():
	with Soft("yk57", "--touch", "signal") as soft:
		seen = []
		result = []
		ctap = soft.ctap()
		work = threading.Thread(
			target=lambda: result.append(make(ctap, on_keepalive=seen.append)))
		work.start()
		while not soft.send("waiting"):
			time.sleep(0.01)
		os.kill(soft.proc.pid, signal.SIGUSR1)
		work.join(10)
		assert result and seen and seen[-1] == 2
		assert not soft.send("touch")


def test_cancel():
	with Soft("yk57", "--touch", "never") as soft:
		ctap = soft.ctap()
		event = threading.Event()
		threading.Timer(0.3, event.set).start()
		expect(0x2d, ctap.selection, event=event)
		soft.send("touch-mode", "auto")
		ctap.selection()


def test_touch_timeout():
	for name, status in (("yk57", 0x3a), ("solo", 0x2f)):
		with Soft(name, "--touch", "never", "--touch-timeout", "300") as soft:
			expect(status, make, soft.ctap())


def test_which_token():
	"""pinUvAuthParam of no bytes: a touch, and no more."""
	for options, status in (([], 0x35), (["--pin", PIN], 0x31)):
		with Soft("yk57", *options) as soft:
			expect(status, make, soft.ctap(), pin_uv_param=b"", pin_uv_protocol=1)


def test_two_at_once():
	"""Two connections to one token: each gets its own answers."""
	with Soft("yk57", "--touch", "delay=300") as soft:
		result = []
		ctap = soft.ctap()
		work = threading.Thread(target=lambda: result.append(make(ctap)))
		work.start()
		while not soft.send("waiting"):
			time.sleep(0.01)
		other = soft.device()
		expect(0x06, other.call, CTAPHID.CBOR, b"\4")
		work.join(10)
		assert result
		other.call(CTAPHID.CBOR, b"\4")


def test_unplug():
	with Soft("yk57", "--touch", "never") as soft:
		ctap = soft.ctap()
		soft.send("fault", "unplug@2:make")
		try:
			make(ctap)
			raise AssertionError("it answered")
		except EOFError:
			pass
		assert not os.path.exists(soft.path)
		soft.send("plug")
		soft.send("touch-mode", "auto")
		make(soft.ctap())


def test_relying_party():
	"""A whole ceremony by a client and a server that are not ours."""
	rp = {"id": "example.org", "name": "Example"}
	for name in ("yk54", "yk57", "solo", "canokey", "pico"):
		with Soft(name, "--pin", PIN) as soft:
			server = Fido2Server(rp, "direct", verify_attestation=Verifier())
			client = Fido2Client(soft.device(), "https://example.org")
			options, state = server.register_begin({"id": b"u", "name": "u"},
				user_verification="required")
			made = client.make_credential(options["publicKey"], pin=PIN)
			data = server.register_complete(
				state, made.client_data, made.attestation_object)
			creds = [data.credential_data]
			options, state = server.authenticate_begin(creds, "required")
			a = client.get_assertion(options["publicKey"], pin=PIN).get_response(0)
			server.authenticate_complete(state, creds, a.credential_id, a.client_data,
				a.authenticator_data, a.signature)


class Verifier(AttestationVerifier):
	def ca_lookup(self, result, auth_data):
		return None

	def verify_attestation(self, obj, client_data_hash):
		Attestation.for_type(obj.fmt)().verify(
			obj.att_statement, obj.auth_data, client_data_hash)


def test_stdin():
	init = (b"\xff" * 4 + b"\x86\0\x08nonce123").ljust(64, b"\0")
	out = subprocess.run([PROGRAM, "--stdin"], input=init * 2, capture_output=True, check=True)
	assert len(out.stdout) == 128 and out.stdout[7:15] == b"nonce123" and not out.stderr


def test_command_line():
	with tempfile.TemporaryDirectory() as home:
		state, sock = os.path.join(home, "state"), os.path.join(home, "sock")
		both = ["--state", state, "--socket", sock]
		for args, status in (([], 64), (["--state", state], 64), ([*both, "x"], 64),
				([*both, "--touch", "often"], 64), ([*both, "--fault", "x"], 64),
				([*both, "--personality", "x"], 1), ([*both, "--pin", "1"], 1),
				(["--state", state, "--socket", home], 1)):
			run = subprocess.run([PROGRAM, *args], stderr=subprocess.PIPE)
			assert run.returncode == status and run.stderr, args
		with open(state, "wb") as f:
			f.write(b"damaged")
		assert subprocess.run([PROGRAM, *both], stderr=subprocess.PIPE).returncode == 1
		with open(state, "rb") as f:
			assert f.read() == b"damaged"
	with Soft() as soft:
		assert subprocess.run([PROGRAM, "--state", soft.state + "2", "--socket", soft.path],
			stderr=subprocess.PIPE).returncode == 1
		assert soft.ctap() and not soft.send("nonsense") and not soft.send("fault", "x")


def test_malformed_requests():
	with Soft() as soft:
		dev = soft.device()
		for request, status in (
				(b"\x99", 0x01), (b"\x01", 0x14), (b"\x02", 0x14),
				(b"\x01\xa0", 0x14), (b"\x01\xbf\xff", 0x12),
				(b"\x01\xa1\x01", 0x12), (b"\x02\x80", 0x11),
				(b"\x02" + cbor.encode({1: 5, 2: HASH}), 0x11),
				(b"\x02\xa2\x02\x41a\x01\x61a", 0x12),
				(b"\x06" + cbor.encode({1: 2, 2: 99}), 0x3e),
				(b"\x04" + b"\0" * 2000, 0x39)):
			assert dev.call(CTAPHID.CBOR, request) == bytes([status]), request.hex()


def main():
	tests = [f for name, f in sorted(globals().items()) if name.startswith("test_")
		and inspect.isfunction(f)]
	bad = 0
	for test in tests:
		if sys.argv[1:] and test.__name__ not in sys.argv[1:]:
			continue
		start = time.monotonic()
		try:
			test()
			took = time.monotonic() - start
			print(f"ok {test.__name__[5:]}  {took:.1f} s", flush=True)
		except Exception as e:
			traceback.print_exc()
			print(f"not ok {test.__name__[5:]}: {e!r}", flush=True)
			bad = 1
	return bad


if __name__ == "__main__":
	sys.exit(main())
