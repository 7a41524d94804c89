"""A process that judges cannot be looked into by others of its user."""

from __future__ import annotations

import subprocess
import sys

from headgate.sandbox.verdict import sealed
from headgate.sandbox.verdict.inside import seal

HIDDEN = """
import ctypes
from headgate.sandbox.verdict.inside import seal
seal.hide()
assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0
"""


def test_a_hidden_process_is_not_dumpable() -> None:
    done = subprocess.run([sys.executable, "-c", HIDDEN], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_seal_depends_on_key_and_body() -> None:
    key = bytes.fromhex(sealed.new_key())
    assert seal.mac(key, "a") == seal.mac(key, "a")
    assert seal.mac(key, "a") != seal.mac(key, "b")
    assert seal.mac(key, "a") != seal.mac(bytes.fromhex(sealed.new_key()), "a")
