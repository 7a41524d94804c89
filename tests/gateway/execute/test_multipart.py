"""Uploads of SDKs are read part by part, and what is no upload is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.execute import multipart
from headgate.wire.model import Fault

KIND = "multipart/form-data; boundary=XyZ"


def body(*parts: tuple[str, bytes]) -> bytes:
    found = b""
    for name, data in parts:
        head = f'content-disposition: form-data; name="file"; filename="{name}"\r\n'
        kind = b"content-type: application/octet-stream\r\n\r\n"
        found += b"--XyZ\r\n" + head.encode() + kind + data + b"\r\n"
    return found + b"--XyZ--\r\n"


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=4))
def test_files_come_out_byte_for_byte(datas: list[bytes]) -> None:
    parts = [(f"f{at}.txt", data) for at, data in enumerate(datas) if b"--XyZ" not in data]
    assert multipart.read(body(*parts), KIND) == parts


def test_names_are_utf_8() -> None:
    assert multipart.read(body(("dä/ö.txt", b"1")), KIND) == [("dä/ö.txt", b"1")]


@pytest.mark.parametrize("data", [b"", b"--XyZ", b"--XyZ\r\nno head\r\n--XyZ--", b"garbage"])
def test_what_is_no_such_body_is_refused(data: bytes) -> None:
    with pytest.raises(Fault):
        multipart.read(data, KIND)


def test_a_body_without_a_boundary_is_refused() -> None:
    with pytest.raises(Fault, match="boundary"):
        multipart.read(b"", "multipart/form-data")


def test_what_an_upload_says_it_is_decides() -> None:
    assert multipart.is_multipart(" Multipart/Form-Data; boundary=x")
    assert not multipart.is_multipart("application/octet-stream")
