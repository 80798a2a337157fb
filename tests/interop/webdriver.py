"""Chromium by chromedriver, with an authenticator of its own (W3C WebDriver, WebAuthn 11)."""

import base64
import contextlib
import json
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


class Driver:
    def __init__(self, port, *args, width=412):
        self.at = "http://127.0.0.1:%d" % port
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu",
                            "--disable-dev-shm-usage", "--window-size=%d,900" % width, *args]}
        self.id = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})["sessionId"]
        self.at += "/session/" + self.id

    def call(self, method, path, body=None):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(self.at + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as r:
                return json.load(r)["value"]
        except urllib.error.HTTPError as e:
            raise AssertionError("%s %s: %s" % (method, path, e.read().decode())) from e

    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *args):
        return self.call("POST", "/execute/sync", {"script": script, "args": list(args)})

    def find(self, css):
        found = self.call("POST", "/element", {"using": "css selector", "value": css})
        return "/element/" + found[ELEMENT]

    def click(self, css):
        self.call("POST", self.find(css) + "/click")

    def type(self, css, text):
        self.call("POST", self.find(css) + "/value", {"text": text})

    def cdp(self, command, **params):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": params})

    def log(self, kind):
        """What came since it was asked last: "browser" (its console) or "performance"."""
        return self.call("POST", "/se/log", {"type": kind})

    def asked(self):
        """Addresses that were asked for over the network since then."""
        told = (json.loads(line["message"])["message"] for line in self.log("performance"))
        return [m["params"]["request"]["url"] for m in told
                if m["method"] == "Network.requestWillBeSent"]

    def show(self, width, height, scheme="light"):
        """A screen of this size, of somebody who likes it light or dark."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)
        self.cdp("Emulation.setEmulatedMedia",
                 features=[{"name": "prefers-color-scheme", "value": scheme}])

    def keys(self, text):
        """To whatever has the focus."""
        keys = [{"type": t, "value": c} for c in text for t in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [
            {"type": "key", "id": "keyboard", "actions": keys}]})

    def text(self):
        return self.run("return document.body.innerText")

    def wait(self, text, seconds=20):
        end = time.monotonic() + seconds
        while True:
            with contextlib.suppress(AssertionError):
                if text in self.text():
                    return self
            assert time.monotonic() < end, "%r is not in %s" % (text, self.text())
            time.sleep(0.05)

    def picture(self, path):
        with open(path, "wb") as f:
            f.write(base64.b64decode(self.call("GET", "/screenshot")))

    def token(self, **other):
        return "/webauthn/authenticator/" + self.call("POST", "/webauthn/authenticator", {
            "protocol": "ctap2_1", "transport": "usb", "hasResidentKey": True,
            "hasUserVerification": True, "isUserConsenting": True, "isUserVerified": True,
            **other})

    def end(self):
        with contextlib.suppress(Exception):
            self.call("DELETE", "")


@contextlib.contextmanager
def chromedriver(home):
    """Its port.  It takes one that is free, and ends when another program was faster."""
    for _ in range(10):
        with subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, env={**os.environ, "HOME": home},
                              text=True) as process:
            try:
                for line in process.stdout:
                    if "started successfully on port" in line:
                        yield int(line.split("port ")[1].rstrip(".\n"))
                        return
            finally:
                process.terminate()
    raise AssertionError("chromedriver does not start")


@contextlib.contextmanager
def chromium(*args, **kw):
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home, \
            chromedriver(home) as port:
        d = Driver(port, *args, **kw)
        try:
            yield d
        finally:
            d.end()
