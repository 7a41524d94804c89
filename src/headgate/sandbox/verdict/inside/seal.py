"""Writes the one report that is believed: sealed with a key that the code never had.

Rule 1: the key comes over standard input and is read to its end before any code runs.
Rule 2: this process is hidden from others of its user: no ptrace, no /proc entries, no core.
"""

from __future__ import annotations

import ctypes
import hashlib
import hmac
import json
import os
from typing import Any

MARK = "headgate-verdict"
PR_SET_DUMPABLE = 4
_libc = ctypes.CDLL(None, use_errno=True)


def hide() -> None:
    """Shuts /proc/PID/{mem,fd,environ,…} and ptrace to other processes of the same user."""
    if _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this process cannot hide its memory")


def mac(key: bytes, body: str) -> str:
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()


class Report:
    """Standard input and output, taken away from everything that runs later."""

    def __init__(self) -> None:
        with os.fdopen(os.dup(0), "rb") as given:
            payload = json.loads(given.read())
        self.payload: dict[str, Any] = payload
        self._key = bytes.fromhex(payload.pop("key"))
        self._out = os.dup(1)
        os.set_inheritable(self._out, False)
        nothing = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(nothing, fd)
        os.close(nothing)

    def write(self, body: dict[str, Any]) -> None:
        text = json.dumps(body)
        line = f"\n{MARK} {mac(self._key, text)} {text}\n".encode()
        while line:
            line = line[os.write(self._out, line) :]
        os.close(self._out)  # whoever reads need not wait until the kernel has freed us
