"""Files in a multipart/form-data body, as SDKs upload them (RFC 7578).

Rule 1: only whole bodies are read; their size was bounded before.
Rule 2: what is no such body is refused with words, whatever it is.
"""

from __future__ import annotations

from email.message import Message
from email.parser import HeaderParser

from headgate.gateway.execute.trouble import wrong

MOST_PARTS = 1000


def is_multipart(kind: str) -> bool:
    """Does this content-type say so."""
    return kind.strip().lower().startswith("multipart/form-data")


def read(body: bytes, kind: str) -> list[tuple[str, bytes]]:
    """(file name, content) of each part; Fault when it is no such body."""
    told = Message()
    told["content-type"] = kind
    boundary = told.get_boundary()
    if not boundary:
        raise wrong("content-type", "names no boundary")
    parts = (b"\r\n" + body).split(b"\r\n--" + boundary.encode("latin-1", "replace"))
    if len(parts) < 2 or not parts[-1].startswith(b"--") or len(parts) > MOST_PARTS:
        raise wrong("body", "is no multipart/form-data with that boundary")
    return [_part(part) for part in parts[1:-1]]


def _part(part: bytes) -> tuple[str, bytes]:
    head, blank, data = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not blank:
        raise wrong("body", "has a part without a head")
    told = HeaderParser().parsestr(head.decode("utf-8", "replace"))
    return told.get_filename() or "", data
