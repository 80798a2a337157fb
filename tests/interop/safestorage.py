#!/usr/bin/python3
"""usage: safestorage.py APP SEALED

What safeStorage of an Electron program does at its start, as Chromium's key_storage_libsecret.cc
has it, with the real libsecret: its item that makes a service unlock, then search, then make a
key if there is none.  Prints one line: "opened TEXT" of SEALED (hex of v11...; "-": seals the text
"what it keeps" anew and prints "sealed HEX"), "lost" when the key is another, "no key"."""

import base64
import ctypes
import hashlib
import os
import sys

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

secret = ctypes.CDLL("libsecret-1.so.0")
glib = ctypes.CDLL("libglib-2.0.so.0")
POINTER = ctypes.c_void_p
LABEL = b"Chromium Safe Storage"
SEARCH_UNLOCK, SEARCH_LOAD_SECRETS = 4, 8


class Attribute(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("type", ctypes.c_int)]


class Schema(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("flags", ctypes.c_int),
                ("attributes", Attribute * 32), ("reserved", ctypes.c_int),
                ("reserved1", POINTER * 7)]


class GList(ctypes.Structure):
    _fields_ = [("data", POINTER), ("next", POINTER), ("prev", POINTER)]


def schema(name, *attributes):
    s = Schema(name=name)
    for i, a in enumerate(attributes):
        s.attributes[i] = Attribute(a, 0)
    return s


KEYSTORE = schema(b"chrome_libsecret_os_crypt_password_v2", b"application")
DUMMY = schema(b"_chrome_dummy_schema_for_unlocking", b"explanation")
secret.secret_service_search_sync.restype = POINTER
secret.secret_item_get_secret.restype = POINTER
secret.secret_item_get_secret.argtypes = [POINTER]
secret.secret_value_get_text.restype = ctypes.c_char_p
secret.secret_value_get_text.argtypes = [POINTER]
glib.g_hash_table_new.restype = POINTER
glib.g_hash_table_insert.argtypes = [POINTER, ctypes.c_char_p, ctypes.c_char_p]


def store(kind, label, password, name, value):
    return bool(secret.secret_password_store_sync(
        ctypes.byref(kind), None, ctypes.c_char_p(label), ctypes.c_char_p(password), None, None,
        ctypes.c_char_p(name), ctypes.c_char_p(value), None))


def search(app):
    """Text of the first; None when the service says no, empty when there is none."""
    table = glib.g_hash_table_new(ctypes.cast(glib.g_str_hash, POINTER),
                                  ctypes.cast(glib.g_str_equal, POINTER))
    glib.g_hash_table_insert(table, b"application", app)
    error = POINTER()
    found = secret.secret_service_search_sync(
        None, ctypes.byref(KEYSTORE), POINTER(table), SEARCH_UNLOCK | SEARCH_LOAD_SECRETS, None,
        ctypes.byref(error))
    if error:
        return None
    if not found:
        return b""
    value = secret.secret_item_get_secret(GList.from_address(found).data)
    return secret.secret_value_get_text(value) if value else b""


def crypt(password):
    key = hashlib.pbkdf2_hmac("sha1", password, b"saltysalt", 1, 16)
    return Cipher(algorithms.AES(key), modes.CBC(b" " * 16))


def seal(password, text):
    pad = 16 - len(text) % 16
    e = crypt(password).encryptor()
    return b"v11" + e.update(text + bytes([pad]) * pad) + e.finalize()


def unseal(password, value):
    d = crypt(password).decryptor()
    text = d.update(value[3:]) + d.finalize()
    pad = text[-1]
    good = 1 <= pad <= 16 and text.endswith(bytes([pad]) * pad)
    return text[:-pad] if good else None


def main(app, sealed):
    store(DUMMY, b"Chromium dummy item", b"The meaning of life", b"explanation",
          b"Because of quirks in the gnome libsecret API, Chrome needs to store a dummy entry")
    password = search(app.encode())
    if password == b"":
        password = base64.b64encode(os.urandom(16))
        if not store(KEYSTORE, LABEL, password, b"application", app.encode()):
            password = None
    if not password:
        return "no key"
    if sealed == "-":
        return "sealed " + seal(password, b"what it keeps").hex()
    text = unseal(password, bytes.fromhex(sealed))
    try:
        return "lost" if text is None else "opened " + text.decode()
    except UnicodeDecodeError:
        return "lost"


print(main(*sys.argv[1:]))
