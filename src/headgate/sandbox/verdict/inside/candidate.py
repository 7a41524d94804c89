"""Holds the code under test, in a process that was there before any test or key was read.

Rule 1: whatever this process does or says, only values come of it: the judge decides.
Rule 2: what the code prints travels with the next answer, so that a test may capture it.
"""

from __future__ import annotations

import importlib
import io
import os
import socket
import sys
from typing import Any

from headgate.sandbox.verdict.inside import obliging, peer, surroundings

MOST_PRINTED = 1 << 20


class _Spoken(io.RawIOBase):
    """Takes what is printed until it is fetched; beyond the limit it is dropped."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.room = MOST_PRINTED

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        if part and self.room > 0:
            self.parts.append(part[: self.room])
            self.room -= len(part)
        return len(part)

    def take(self) -> str:
        text = b"".join(self.parts).decode("utf-8", "replace")
        self.parts.clear()
        return text


def _lay(files: dict[str, str], roots: list[str]) -> None:
    for path, text in files.items():
        if folder := os.path.dirname(path):
            os.makedirs(folder, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    here = os.getcwd()
    paths = [os.path.join(here, root) if root else here for root in roots]
    sys.path[:0] = paths
    for it in paths:
        sys.path_importer_cache.pop(it, None)  # as it was before the files were laid


def _public(name: str) -> list[str]:
    module = sys.modules[name]
    names = getattr(module, "__all__", None)
    if names is None:
        names = [it for it in vars(module) if not it.startswith("_")]
    return [str(it) for it in names]


def _load(name: str) -> Any:
    return importlib.import_module(name)


def _find(name: str, attributes: list[str]) -> list[str]:
    """Which of them the module has."""
    return [it for it in attributes if hasattr(sys.modules[name], it)]


def run(sock: socket.socket) -> None:
    """Serves the judge until it hangs up."""
    spoken = [_Spoken(), _Spoken()]
    out, err = (
        io.TextIOWrapper(io.BufferedWriter(it, 1 << 16), "utf-8", "replace", write_through=True)
        for it in spoken
    )
    sys.stdout = sys.__stdout__ = out  # type: ignore[misc] # code may use either
    sys.stderr = sys.__stderr__ = err  # type: ignore[misc] # code may use either
    side = peer.Peer(peer.Wire(sock))

    obliges = obliging.Obliging(side)
    around = surroundings.Surroundings()

    def said() -> list[Any]:
        for it in (sys.stdout, sys.stderr, out, err):
            try:
                it.flush()
            except (ValueError, OSError, AttributeError):
                continue
        return [*(it.take() for it in spoken), *obliges.take(), around.changed()]

    def heard(it: Any) -> None:
        if it:
            around.take(it.get("around"), lambda name: True)
            obliges.apply(it)

    side.errors.ask = lambda number, name: side.ask("get", number, (name,))
    side.said, side.heard, side.lets_read = said, heard, lambda it, name: True
    side.perform = {
        "lay": _lay, "load": _load, "public": _public, "has": _find,
        "heed": obliges.heed, "look": obliging.look, "derive": obliging.derive,
        "super": super,
    }  # fmt: skip
    side.awaits.lends = False
    side.attend()


def begin(keep: int) -> None:
    """Shuts everything but the exchange, and serves."""
    sock = socket.socket(fileno=keep)
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    os.closerange(3, keep)
    os.closerange(keep + 1, 4096)
    try:
        run(sock)
    except BaseException:  # noqa: BLE001 (nobody is left to tell)
        os._exit(1)
