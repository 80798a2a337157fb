#!/usr/bin/python3
"""The mock prompter of libgcr: prints its name on the bus; lines of standard input are what the
next prompts are answered with: yes PASSWORD, new PASSWORD, no."""

import ctypes
import sys

gcr = ctypes.CDLL("libgcr-base-3.so.1")
gcr.gcr_mock_prompter_start.restype = ctypes.c_char_p
print(gcr.gcr_mock_prompter_start().decode(), flush=True)
gcr.gcr_mock_prompter_set_delay_msec(50)
for line in sys.stdin:
    verb, _, password = line.rstrip("\n").partition(" ")
    if verb == "no":
        gcr.gcr_mock_prompter_expect_password_cancel()
    else:
        gcr.gcr_mock_prompter_expect_password_ok(password.encode(), None)
    print("expected", flush=True)
