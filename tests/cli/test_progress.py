"""Progress is shown to whoever looks, and leaves nothing in what is piped."""

from __future__ import annotations

import pytest

from headgate.cli.progress import progress
from headgate.ledger.importers.intake import Seen


def work() -> None:
    with progress() as told:
        told.step("counting")
        told.watch(Seen("csv", 5, 10, 1, 2, 1_234))
        told.pause()
        told.step("more")


def test_without_a_terminal_nothing_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    work()
    out, err = capsys.readouterr()
    assert (out, err) == ("", "")


def test_on_a_terminal_it_goes_to_stderr(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    work()
    out, err = capsys.readouterr()
    assert out == ""
    assert "more" in err


@pytest.mark.parametrize(("columns", "bars"), [("40", False), ("100", True)])
def test_on_a_narrow_terminal_the_words_have_the_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    columns: str,
    bars: bool,
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", columns)
    with progress() as told:
        told.step("8/720: 62% right, $0.00162, 11 min left")
    _, err = capsys.readouterr()
    assert "11 min left" in err
    assert ("\u2501" in err) is bars
