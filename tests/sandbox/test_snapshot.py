"""A snapshot comes back as it was; what no snapshot of ours holds is not taken back."""

from __future__ import annotations

import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.sandbox.model import File, Refused
from headgate.sandbox.snapshot import pack, unpack

NAMES = st.text(st.sampled_from("ab é-\u202e\n"), min_size=1, max_size=6).filter(
    lambda it: bool(it.strip())
)
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
FILES = st.lists(
    st.builds(File, PATHS, st.binary(max_size=40), st.booleans()),
    max_size=6,
    unique_by=lambda it: it.path,
)
MOST = 1 << 20


@settings(max_examples=40)
@given(FILES)
def test_files_come_back_as_they_were_whatever_their_names(files: list[File]) -> None:
    assert sorted(unpack(pack(files), MOST), key=str) == sorted(files, key=str)
    assert pack(files) == pack(files[::-1])


@given(st.binary(max_size=2000))
def test_whatever_bytes_come_they_are_files_or_refused(data: bytes) -> None:
    with suppress(Refused):
        assert isinstance(unpack(data, MOST), tuple)


def archive(entry: tarfile.TarInfo, data: bytes = b"") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    return out.getvalue()


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../up", "."])
def test_a_path_outside_of_the_work_folder_is_refused(path: str) -> None:
    with pytest.raises(Refused, match="no path below the work folder"):
        unpack(archive(tarfile.TarInfo(path), b"x"), MOST)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE]
)
def test_links_devices_and_pipes_are_refused(kind: bytes) -> None:
    entry = tarfile.TarInfo("a")
    entry.type, entry.linkname = kind, "/etc/passwd"
    with pytest.raises(Refused, match="no regular file"):
        unpack(archive(entry), MOST)


def test_more_than_there_is_room_for_is_refused() -> None:
    with pytest.raises(Refused, match="larger than 1 MB"):
        unpack(pack([File("a", b"x" * (MOST + 1))]), MOST)


def test_a_compressed_archive_is_no_snapshot() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz"):
        pass
    with pytest.raises(Refused, match="cannot be read"):
        unpack(out.getvalue(), MOST)
