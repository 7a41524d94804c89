"""Where generated code came from: which prompt, which model, which call; said in four ways.

Rule 1: what the command says counts before a sidecar, that before what the ledger knows of the
call, and all of it before the file's own head, which was written by whoever wrote the code.
Rule 2: a prompt is told by its fingerprint alone; its text is kept nowhere.
Rule 3: code without a prompt is known by its path.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

HEAD_LINES = 20
_HEAD = re.compile(rb"headgate:[ \t]+((?:(?:prompt|model|call)=\S+[ \t]*)+)")
_PAIR = re.compile(r"(prompt|model|call)=(\S+)")
_PRINT = re.compile(r"(?:sha256:)?([0-9a-f]{12,64})")
SIDECAR = ".headgate.json"
"""beside parse.py lies parse.py.headgate.json"""


class Origin(msgspec.Struct, frozen=True):
    """Of one file; an empty word is not known."""

    prompt: str = ""
    """its fingerprint"""
    model: str = ""
    call: str = ""
    """the id of the ledger's row"""


def fingerprint(prompt: str) -> str:
    """Of a prompt's text; what is a fingerprint already is kept.

    Spaces, line ends and ways to write an accent do not matter.
    """
    given = _PRINT.fullmatch(prompt.strip())
    if given is not None:
        return given[1][:16]
    plain = " ".join(unicodedata.normalize("NFC", prompt).split())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def read_head(data: bytes) -> Origin:
    """What a comment in the first lines says: headgate: model=… prompt=… call=…"""
    head = b"\n".join(data[:8192].split(b"\n")[:HEAD_LINES])
    found = _HEAD.search(head)
    if found is None:
        return Origin()
    return _told(dict(_PAIR.findall(found[1].decode("utf-8", "replace"))))


def read_sidecar(path: Path) -> Origin:
    """What lies beside the file; nothing, if it cannot be read."""
    beside = path.with_name(path.name + SIDECAR)
    try:
        if beside.stat().st_size > 1 << 16:
            return Origin()
        said = msgspec.json.decode(beside.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.MsgspecError):
        return Origin()
    return _told(said)


def _told(said: Mapping[str, str]) -> Origin:
    prompt = said.get("prompt", "")
    return Origin(
        prompt=fingerprint(prompt) if prompt else "",
        model=said.get("model", "")[:100],
        call=said.get("call", "")[:64],
    )


Ways = tuple[Origin, Origin, Origin]
"""what the command, a sidecar and the file's head say"""


def ways(command: Origin, path: Path, data: bytes) -> Ways:
    """All that is said of a file."""
    return command, read_sidecar(path), read_head(data)


def called(said: Ways) -> str:
    """The call that the ledger may know more of."""
    return _first(said, "call")


def joined(said: Ways, ledger: Origin) -> Origin:
    """Each word from whoever says it first; the ledger before the head, which is the code's."""
    command, sidecar, head = said
    order = (command, sidecar, ledger, head)
    return Origin(_first(order, "prompt"), _first(order, "model"), called(said))


def _first(order: Iterable[Origin], word: str) -> str:
    return next((it for one in order if (it := str(getattr(one, word)))), "")
