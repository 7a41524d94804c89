"""The terminal tells claims, hypotheses and what was not judged apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.audits import _home, claude_home, ledger, run, told

__all__ = ("_home",)


@pytest.mark.slow
def test_it_is_headed_by_whether_it_was_reconciled(tmp_path: Path) -> None:
    ledger(tmp_path, 30)
    text = run().stdout
    assert "NOT RECONCILED" in text
    assert text.index("NOT RECONCILED") < text.index("claimable together")


@pytest.mark.slow
def test_rows_that_rules_could_not_judge_are_named(tmp_path: Path) -> None:
    claude_home(tmp_path)
    assert "not judged, as claude-code rows do not tell the system prompt" in run().stdout


@pytest.mark.slow
def test_words_of_callers_are_no_markup(tmp_path: Path) -> None:
    place = ledger(tmp_path, 30)
    from headgate.store.place import connect

    connection = connect(place)
    connection.execute("UPDATE call SET model_sent = '[bold]x[/nonsense]'")
    connection.close()
    done = run()
    assert done.exit_code == 0
    assert "[bold]x[/nonsense]" in done.stdout


@pytest.mark.slow
def test_the_document_adds_up(tmp_path: Path) -> None:
    ledger(tmp_path, 60)
    found = told()
    assert sum(it["adds_nusd"] for it in found["claims"]) == found["joint"]["total_nusd"]
    assert sum(found["joint"]["parts_nusd"].values()) == found["joint"]["total_nusd"]


DAYS = """date,model,input_tokens,output_tokens,requests
2026-08-01,gpt-4o,1000000,50000,{calls}
2026-08-02,gpt-4o,2000000,50000,{calls}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("calls", "said", "money"),
    [
        (
            0,
            "table: 2 sums (of calls that the source does not count) in 1 file",
            "nobody counted",
        ),
        (600, "table: 2 sums (1,200 calls) in 1 file", "on 1,200 calls, 2026"),
    ],
)
def test_sums_of_days_are_not_told_as_calls(
    tmp_path: Path, calls: int, said: str, money: str
) -> None:
    file = tmp_path / "days.csv"
    file.write_text(DAYS.format(calls=calls))
    text = run(str(file)).stdout
    assert said in text
    assert money in text
    assert " 0 calls" not in text
    assert "in this window" not in text
