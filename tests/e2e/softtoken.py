"""A running ownkey-softtoken, and Debian's python3-fido2 as a client of it."""
import os
import socket
import subprocess
import tempfile

from fido2.cose import ES256, EdDSA
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, Ctap2
from fido2.ctap2.extensions import HmacSecretExtension
from fido2.ctap2.pin import PinProtocolV1, PinProtocolV2
from fido2.hid import CtapHidDevice
from fido2.hid.base import CtapHidConnection, HidDescriptor

BUILD = os.environ.get("B", "build")
PROGRAM = os.path.join(BUILD, "ownkey-softtoken")
RP = "ownkey:vault"
PIN = "1234"
HASH = b"h" * 32
SALT1, SALT2 = b"1" * 32, b"2" * 32
ALGS = {ES256.ALGORITHM: ES256, EdDSA.ALGORITHM: EdDSA}
AAGUID = b"ownkeySoftToken1"


class Connection(CtapHidConnection):
	"""As with hidraw, reports for others come here, too; python3-fido2 does not expect them."""

	def __init__(self, path):
		self.channel = None
		self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
		self.sock.settimeout(20)
		self.sock.connect(path)

	def read_packet(self):
		packet = self.read_any()
		while packet[:4] != self.channel:
			packet = self.read_any()
		return packet

	def read_any(self):
		packet = b""
		while len(packet) < 64:
			part = self.sock.recv(64 - len(packet))
			if not part:
				raise EOFError("unplugged")
			packet += part
		return packet

	def write_packet(self, data):
		self.channel = data[:4]
		self.sock.sendall(data)

	def close(self):
		self.sock.close()


class Soft:
	"""A running ownkey-softtoken."""

	def __init__(self, personality="yk57", *options, state=None):
		self.dir = tempfile.mkdtemp()
		self.state = state or os.path.join(self.dir, "state")
		self.path = os.path.join(self.dir, "sock")
		self.control = os.path.join(self.dir, "ctl")
		self.options = ["--personality", personality, *options]
		self.start()

	def start(self):
		r, w = os.pipe()
		self.proc = subprocess.Popen(
			[PROGRAM, "--state", self.state, "--socket", self.path, "--control",
				self.control, "--ready", str(w), *self.options], pass_fds=[w])
		os.close(w)
		assert os.read(r, 1) == b"\n", "it does not start"
		os.close(r)

	def send(self, *command):
		return subprocess.run([PROGRAM, "--send", self.control, *command]).returncode == 0

	def device(self):
		return CtapHidDevice(HidDescriptor(self.path, 0, 0, 64, 64), Connection(self.path))

	def ctap(self):
		return Ctap2(self.device())

	def stop(self):
		self.proc.terminate()
		assert self.proc.wait(10) == 0, "it did not end well"

	def __enter__(self):
		return self

	def __exit__(self, *error):
		if self.proc.poll() is None:
			self.stop()


def expect(code, call, *args, **kwargs):
	"""The call must fail with this CTAP status."""
	try:
		call(*args, **kwargs)
	except CtapError as e:
		assert e.code == code, f"status {e.code!r}, expected 0x{code:02x}"
		return
	raise AssertionError(f"it succeeded, expected 0x{code:02x}")


def protocols(ctap):
	known = {1: PinProtocolV1, 2: PinProtocolV2}
	return [known[n]() for n in ctap.info.pin_uv_protocols]


def auth(ctap, protocol, perm):
	"""pinUvAuthParam over HASH, and the protocol's number, for a call."""
	token = ClientPin(ctap, protocol).get_pin_token(PIN, perm, RP)
	return {"pin_uv_param": protocol.authenticate(token, HASH),
		"pin_uv_protocol": protocol.VERSION}


def make(ctap, alg=ES256.ALGORITHM, protocol=None, rk=False, ext=None, user=b"u", **kwargs):
	if protocol:
		kwargs.update(auth(ctap, protocol, ClientPin.PERMISSION.MAKE_CREDENTIAL))
	return ctap.make_credential(
		HASH, {"id": RP, "name": "vault"},
		{"id": user, "name": "n-" + user.decode(), "displayName": "d"},
		[{"type": "public-key", "alg": alg}],
		extensions={"hmac-secret": True, **(ext or {})},
		options={"rk": True} if rk else None, **kwargs)


def made_id(att):
	return {"type": "public-key", "id": att.auth_data.credential_data.credential_id}


def secret(ctap, creds, protocol, pin=False, salt2=b""):
	"""One assertion: the statement and its decrypted output."""
	kwargs = auth(ctap, protocol, ClientPin.PERMISSION.GET_ASSERTION) if pin else {}
	ext = HmacSecretExtension(ctap, protocol)
	data = ext.process_get_input({"hmacGetSecret": {"salt1": SALT1, "salt2": salt2}})
	a = ctap.get_assertion(RP, HASH, creds or None, {"hmac-secret": data}, **kwargs)
	out = ext.process_get_output(a.auth_data)["hmacGetSecret"]
	return a, out["output1"], out.get("output2")


def personalities(without=()):
	text = subprocess.check_output([PROGRAM, "--list"], text=True).split("faults:")[0]
	names = [line.split()[0] for line in text.splitlines() if line.startswith("  ")]
	return [n for n in names if n not in without]
