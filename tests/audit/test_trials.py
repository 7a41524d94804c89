"""Comparisons that somebody made are read, and what cannot be understood is refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.audit.trials import EXAMPLE, Trial, TrialError, read_trials
from headgate.stats.compare import Pairs, Rates


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "evidence"
    path.write_text(text, "utf-8")
    return path


def test_the_example_is_read(tmp_path: Path) -> None:
    (found,) = read_trials(written(tmp_path, EXAMPLE))
    seen = Pairs(1_400, 9, 11)
    assert found == Trial("purpose", "triage", "claude-opus-5-5", "claude-sonnet-5-5", seen)


def test_a_table_gives_counts_or_shares(tmp_path: Path) -> None:
    text = (
        "key,model,to,n,right_from,right_to,answers\n"
        "ci,claude-opus-5-5,claude-sonnet-5-5,1000,992,0.987,1.2\n"
    )
    (found,) = read_trials(written(tmp_path, text))
    assert found.seen == Rates(0.992, 0.987, 1_000)
    assert (found.about, found.value, found.answers) == ("key", "ci", 1.2)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "holds no comparison"),
        ("[1]", "no list of objects"),
        ('[{"purpose": "a"', "is no JSON"),
        ('[{"model": "a", "to": "b", "n": 9}]', "is about nothing"),
        ('[{"key": "a", "purpose": "b", "model": "a", "to": "b", "n": 9}]', "purpose and key"),
        ('[{"key": "a", "to": "b", "n": 9}]', "has no `model`"),
        ('[{"key": "a", "model": "a", "to": "b", "n": 9}]', "how often each was right"),
        ('[{"key": "a", "model": "a", "to": "b", "n": 9, "lost": 8, "won": 2}]', "not among 9"),
        ('[{"key": "a", "model": "a", "to": "b", "n": "x", "lost": 8, "won": 2}]', "no number"),
        ('[{"head": "zz", "model": "a", "to": "b", "n": 9, "lost": 1, "won": 2}]', "no head"),
        (
            '[{"key": "a", "model": "a", "to": "b", "n": 9, "right_from": 10, "right_to": 2}]',
            "right_from = 10 of 9",
        ),
        (
            '{"key": "a", "model": "a", "to": "b", "n": 9, "lost": 1, "won": 2, "answers": 0}',
            "answers = 0",
        ),
    ],
)
def test_what_cannot_be_understood_is_named(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(TrialError, match=told) as caught:
        read_trials(written(tmp_path, text))
    assert caught.value.hint


def test_one_beside_a_count_is_one_and_not_all(tmp_path: Path) -> None:
    text = "key,model,to,n,right_from,right_to\nci,a,b,100,97,1\nci,a,b,100,1,1\n"
    seen = [it.seen for it in read_trials(written(tmp_path, text))]
    assert seen == [Rates(0.97, 0.01, 100), Rates(1.0, 1.0, 100)]


@pytest.mark.parametrize("number", ["nan", "inf", "-1"])
def test_what_is_no_number_of_questions_is_refused(tmp_path: Path, number: str) -> None:
    with pytest.raises(TrialError):
        read_trials(written(tmp_path, f"key,model,to,n,lost,won\nci,a,b,{number},1,1\n"))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrialError, match="cannot be read"):
        read_trials(tmp_path / "none")
