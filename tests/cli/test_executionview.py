"""A run is shown as it goes; its files are written inside the folder that was named."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headgate.cli import Trouble
from headgate.cli.executionview import Teller, exit_code
from headgate.sandbox.model import Artefact, Output, Result, Status


def made(path: str, data: bytes | None = b"text") -> Artefact:
    return Artefact(path, len(data or b""), "0" * 64, "text/plain", data)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (Result(status=Status.OK, exit_code=0), 0),
        (Result(status=Status.ERROR, exit_code=7), 7),
        (Result(status=Status.ERROR), 1),
        (Result(status=Status.SIGNAL, signal=11), 139),
        (Result(status=Status.WALL), 124),
        (Result(status=Status.MEMORY, exit_code=1), 124),
        (Result(status=Status.BUILD, exit_code=2), 2),
        (Result(status=Status.BROKEN), 1),
    ],
    ids=lambda it: it.status if isinstance(it, Result) else str(it),
)
def test_the_exit_code_tells_a_script_how_it_ended(result: Result, code: int) -> None:
    assert exit_code(result) == code


def test_output_goes_where_the_code_sent_it_and_words_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    teller = Teller(tmp_path / "output", is_quiet=False)
    teller.heard(Output("stdout", "one\n"))
    teller.heard(Output("stderr", "careful\n"))
    teller.tell(Result(status=Status.WALL, hint="work in chunks", artefacts=(made("a.txt"),)))
    seen = capsys.readouterr()
    assert seen.out == "one\n"
    assert seen.err.startswith("careful\n")
    assert "Error: it ran out of time\n\nhint: work in chunks\n" in seen.err
    assert (tmp_path / "output" / "a.txt").read_bytes() == b"text"


def test_a_file_that_code_left_is_never_written_through_a_link(tmp_path: Path) -> None:
    out = tmp_path / "output"
    out.mkdir()
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (out / "a.txt").symlink_to(victim)
    (out / f".a.txt.{os.getpid()}.part").symlink_to(victim)
    Teller(out, is_quiet=False).tell(Result(status=Status.OK, artefacts=(made("a.txt"),)))
    assert victim.read_bytes() == b"mine"
    assert (out / "a.txt").read_bytes() == b"text"


def test_a_file_that_was_too_large_to_come_back_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Teller(tmp_path, is_quiet=False).tell(
        Result(status=Status.OK, artefacts=(made("big\x1b[2J.bin", None),))
    )
    assert "not written: big?[2J.bin" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_with_the_remedy(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    with pytest.raises(Trouble, match="cannot be written") as raised:
        Teller(place, is_quiet=False).tell(Result(status=Status.OK, artefacts=(made("a"),)))
    assert raised.value.hint == "name another: --out"
