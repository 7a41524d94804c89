"""A file's name is a path inside the work folder that reads as what it is, or it is refused."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.execute import names
from headgate.wire.model import Fault


@pytest.mark.parametrize("path", ["a", "a/b.csv", "ä ö.txt", ".hidden", "a.b/c-d_e"])
def test_plain_names_are_taken_as_they_are(path: str) -> None:
    assert names.check(path, "x") == path


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("", "empty"),
        ("/etc/passwd", "relative"),
        ("../x", "leads out"),
        ("a/../x", "leads out"),
        ("a//b", "empty"),
        ("./a", "empty"),
        ("a\nb", "line break"),
        ("a\u2028b", "line break"),
        ("a\0b", "control"),
        ("a\x1bb", "control"),
        ("a\u202egnp.exe", "direction"),
        ("a\\b", "parted by /"),
        ("a/-rf", "dash"),
        (" a", "space"),
        ("\ud800", "Unicode"),
        ("a\ufffd", "Unicode"),
        ("a/...", "dots"),
        ("x" * 256, "longer than 255"),
        ("/".join("a" * 20), "deeper"),
    ],
)
def test_other_names_are_refused_with_the_reason(path: str, why: str) -> None:
    with pytest.raises(Fault, match=why) as fault:
        names.check(path, "files[0].path")
    assert fault.value.message.startswith("files[0].path: ")
    assert fault.value.message.isascii()


@given(st.text(max_size=40))
def test_whatever_is_taken_stays_inside_and_is_printed_as_it_is(path: str) -> None:
    try:
        names.check(path, "x")
    except Fault:
        return
    parts = PurePosixPath(path).parts
    assert ".." not in parts
    assert not path.startswith("/")
    assert "\n" not in path
    assert str(PurePosixPath(path)) == path
