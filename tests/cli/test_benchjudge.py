"""Judging has the cores for itself, wherever they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from headgate.cli import main
from headgate.cli.benchjudge import Ground, judging, judging_settings
from headgate.sandbox.settings import CORES, Settings
from tests.bench.samples import doubling

TASK = """
language = "python"
prompt = "write double(n)"
tests = "from solution import double\\ndef test_it():\\n    assert double(3) == 6"
"""


def test_a_run_stands_in_no_line_and_shares_with_no_tenant(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text("[sandbox]\nconcurrent = 6\nwaiting = 1\n")
    settings = judging_settings(str(tmp_path / "headgate.toml"))
    assert (settings.at_once, settings.at_once_per_tenant) == (6, 6)
    assert settings.waiting > 1000


async def test_without_an_address_the_cores_here_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headgate.cli.benchjudge.judging_settings", lambda path: Settings())
    async with judging(Ground(None), (doubling(),)) as judges:
        assert judges.cores == CORES


@pytest.mark.parametrize(
    ("address", "code", "said"),
    [("nowhere", 2, "no address of a Ray cluster"), ("127.0.0.1:9", 1, "nothing answers at")],
)
@pytest.mark.parametrize("words", [("check",), ("run", "--model", "m", "--tasks")])
def test_a_cluster_that_is_not_there_is_told_before_anything_is_asked(
    tmp_path: Path, words: tuple[str, ...], address: str, code: int, said: str
) -> None:
    (tmp_path / "t.toml").write_text(TASK)
    found = CliRunner().invoke(main, ["bench", *words, str(tmp_path), "--on", address])
    assert (found.exit_code, said in found.stderr) == (code, True), found.stderr
    assert "ray start --head" in found.stderr
