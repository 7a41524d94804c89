"""A file is what its bytes are; its name may only say more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.sniff import PLAIN, UNKNOWN, mime_of


@pytest.mark.parametrize(
    ("path", "data", "mime"),
    [
        ("x", b"\x89PNG\r\n\x1a\n....", "image/png"),
        ("evil.txt", b"\x89PNG\r\n\x1a\n....", "image/png"),
        ("fake.png", b"not a picture", PLAIN),
        ("fake.svg", b"plain words", PLAIN),
        ("a.svg", b"<svg xmlns='x'/>", "image/svg+xml"),
        ("plot", b"<?xml version='1.0'?><svg/>", "image/svg+xml"),
        ("page", b"<!DOCTYPE html><p>", "text/html"),
        ("t.csv", "a,b\n1,ü\n".encode(), "text/csv"),
        ("t.csv", b"a,b\0\n", UNKNOWN),
        ("b.xlsx", b"PK\x03\x04....", _XLSX := (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        )),
        ("b", b"PK\x03\x04....", "application/zip"),
        ("d.pdf", b"%PDF-1.7", "application/pdf"),
        ("e", b"", PLAIN),
        ("w.bmp", b"BM but words", PLAIN),
        ("l", b"\xff\xfe\xfd", UNKNOWN),
        ("cut", ("ü" * 4000).encode(), PLAIN),
    ],
)  # fmt: skip
def test_known_kinds_are_told_by_their_bytes(path: str, data: bytes, mime: str) -> None:
    assert mime_of(path, data) == mime
    assert _XLSX.endswith("sheet")


@given(st.text(), st.binary())
def test_nothing_is_too_strange_to_be_told(path: str, data: bytes) -> None:
    assert "/" in mime_of(path, data)
