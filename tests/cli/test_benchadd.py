"""`headgate bench add` says what it does, and refuses words that cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.cli import main


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "name what to make tasks of"),
        (["--call", "a", "--tag", "b"], "in one way"),
        (["--draft", "a", "--since", "7d"], "in one way"),
        (["--call", "a", "--call", "b", "--id", "n"], "are of one task"),
        (["--tag", "a", "--tests", __file__], "are of one task"),
    ],
)
def test_words_that_cannot_be_meant_are_refused_with_the_remedy(
    tmp_path: Path, words: list[str], why: str
) -> None:
    dataset = tmp_path / "tasks.toml"
    result = CliRunner().invoke(main, ["bench", "add", str(dataset), *words])
    assert result.exit_code == 2
    assert why in result.stderr
    assert "hint" in result.stderr
    assert not dataset.exists()
