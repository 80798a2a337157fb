"""Where ownkey-secrets answers otherwise than gnome-keyring 42.1, and why: all of it, as the
interop scripts measure it.  {script: {fact: (gnome-keyring, ownkey, why)}}"""

NOT_FOUND = "the error that D-Bus has for it"
ONE_LOCK = "one vault, one lock"
NEVER_MOVED = "the default cannot be moved: what programs find by it would seem to be gone"
SEALED = "nothing about an item is known while the vault is locked"
NO_IS_NOT_NOW = ("no means not now: a program that hears it throws away what it cannot open, so it "
                 "waits until the vault is open")
OTHERS = "an item of another program is locked until the person says yes"
WEAK = "a number of the peer that makes the shared secret known to all is refused"
ESCAPES = "text that would control a terminal is refused"
D_BUS = "org.freedesktop.DBus.Error."
PLACEHOLDER = (0, ["[an item]", "attribute.<0> = <1>", "attribute.<2> = <3>", "created = ",
                   "label = ", "modified = ",
                   "secret-tool: the vault is locked: unlock it with 'ownkey unlock'"])
SHOWN = ["[an item]", "attribute.<0> = <1>", "attribute.<2> = <3>", "created", "label = a label",
         "modified"]

DIFFERENCES = {
    "secret-tool": {
        "attribute: control characters": (0, 1, ESCAPES),
        "by attribute: control characters": (b"v", 1, ESCAPES),
        "label: control characters": (0, 1, ESCAPES),
        "search while locked, what is there": (
            (0, SHOWN + ["secret-tool: Cannot get secret of a locked object"]), PLACEHOLDER,
            "attributes and labels are sealed, too: a placeholder has what was asked for"),
        "search while locked, what is not": (
            (0, []), PLACEHOLDER, "a locked vault never says that there is no such item"),
        "search --unlock": (
            (0, SHOWN + ["secret = kept"]),
            (0, PLACEHOLDER[1][:-1] + ["secret = kept"]),
            "libsecret shows what it read of the placeholder before"),
        "lookup of another program's, and the person says no": (
            b"theirs", "waits", OTHERS + "; no means not now, so it waits"),
        "clear of another program's": (0, 1, OTHERS + ": libsecret clears what is unlocked"),
        "lookup, and the person says no": (1, "waits", NO_IS_NOT_NOW),
        "store, and the person says no": (1, "waits", NO_IS_NOT_NOW),
        "lock --collection=default": (False, True, "secret-tool crashes before it locks "
                                      "gnome-keyring's, and after it locked the vault"),
    },
    "clients": {
        "labels of all": (["", "Login"], ["Login", "session"], "the session collection has a name"),
        "session: label, locked": (["", False], ["session", False], "it has a name"),
        "created: secret, type": (["secret 1", "text/plain"], ["secret 1", "text/x-test"],
                                  "the content type is kept"),
        "its type": ("text/plain", "application/octet-stream", "the content type is kept"),
        "is the default locked with it": (False, True, ONE_LOCK),
        "locked: get_label": ("kept", "", SEALED),
        "locked: get_attributes is the same": (True, False, SEALED),
        "locked: what is not there is found": (0, 1, "a locked vault never says that there is no "
                                               "such item"),
        "unlock, the person says no: dismissed": (True, "waits", NO_IS_NOT_NOW),
        "get_password, the person says no": ("KeyringLocked", "waits", NO_IS_NOT_NOW),
        "its attributes": (False, True, "they are what the program gave, nothing is added"),
        "Close again": (D_BUS + "UnknownMethod", D_BUS + "UnknownObject", NOT_FOUND),
        "a property that is not there": (D_BUS + "InvalidArgs", D_BUS + "UnknownProperty",
                                         NOT_FOUND),
        "Locked cannot be set": (D_BUS + "InvalidArgs", D_BUS + "PropertyReadOnly", NOT_FOUND),
        "the prompt after it": (D_BUS + "UnknownMethod", D_BUS + "UnknownObject", NOT_FOUND),
        "SetAlias default": ([], D_BUS + "NotSupported", NEVER_MOVED),
        "ReadAlias default then": (True, False, NEVER_MOVED),
        "aliases/default then": ("plain one", "Login", NEVER_MOVED),
        "SetAlias default to nothing": ([], D_BUS + "NotSupported", NEVER_MOVED),
        "ReadAlias default after that": ("/", "/org/freedesktop/secrets/collection/login",
                                         NEVER_MOVED),
        "SetAlias default to what is not there": ("org.freedesktop.Secret.Error.NoSuchObject",
                                                  D_BUS + "NotSupported", NEVER_MOVED),
        "dh with 0": (True, D_BUS + "InvalidArgs", WEAK),
        "dh with 1": (True, D_BUS + "InvalidArgs", WEAK),
        "dh with p - 1": (True, D_BUS + "InvalidArgs", WEAK),
        "dh with p": (True, D_BUS + "InvalidArgs", WEAK),
        "CreateCollection needs a prompt": (True, False, "an open vault needs no new password"),
    },
    "chromium": {
        "locked, the person says no": ("nothing", "no request", NO_IS_NOT_NOW),
        "its row after that": ("deleted", "v11", NO_IS_NOT_NOW),
    },
    "safestorage": {
        "the item that makes a service unlock": (1, 0, "it is taken and dropped: it says nothing"),
        "locked, the person says no": ("no key", "waits, then opened what it keeps",
                                       NO_IS_NOT_NOW),
    },
    "portal": {
        "application without a name": (0, D_BUS + "InvalidArgs",
                                       "a secret for everybody would be nobody's"),
    },
}
