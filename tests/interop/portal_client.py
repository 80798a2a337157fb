#!/usr/bin/python3
"""What a program in a sandbox does: asks org.freedesktop.portal.Secret for its secret, and
prints it in hex, or "response N"."""

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from jeepney import DBusAddress, MatchRule, message_bus, new_method_call  # noqa: E402
from jeepney.io.blocking import open_dbus_connection  # noqa: E402

bus = open_dbus_connection(os.environ["DBUS_SESSION_BUS_ADDRESS"], enable_fds=True)
rule = MatchRule(type="signal", interface="org.freedesktop.portal.Request", member="Response")
bus.send_and_get_reply(message_bus.AddMatch(rule))
r, w = os.pipe()
portal = DBusAddress("/org/freedesktop/portal/desktop", "org.freedesktop.portal.Desktop",
                     "org.freedesktop.portal.Secret")
with bus.filter(rule) as queue:
    reply = bus.send_and_get_reply(new_method_call(portal, "RetrieveSecret", "ha{sv}",
                                                   (w, {"handle_token": ("s", "t")})), timeout=20)
    if reply.header.message_type.name == "error":
        sys.exit("refused: %s" % (reply.body,))
    response = bus.recv_until_filtered(queue, timeout=60).body[0]
os.close(w)
with open(r, "rb") as f:
    print(f.read().hex() if response == 0 else "response %d" % response)
