"""Simulated models are right as often as was asked, and the same ones again and again."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.coder import Book, BookError, Known, Rates, Written, read

TASKS = tuple(
    Known(f"t{n}", f"Write the function number {n}.", "python", f"right {n}", (f"wrong {n}",))
    for n in range(50)
)


def asked(n: int) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": f"Hello. {TASKS[n].prompt}"}]}


def test_the_rate_over_all_tasks_is_the_one_that_was_asked_for() -> None:
    book = Book({"good": Rates(right=0.9), "*": Rates(right=0.6)}, TASKS, seed=3)
    for model, rate in (("good", 0.9), ("any", 0.6)):
        right = [
            f"right {n}\n" in book.says(model, asked(n), sample)
            for n in range(50)
            for sample in range(200)
        ]
        assert fmean(right) == pytest.approx(rate, abs=0.02)


@given(st.floats(0, 1), st.floats(0, 1))
def test_the_tasks_own_rates_have_the_mean_that_was_asked_for(
    right: float, spread: float
) -> None:
    book = Book({}, TASKS)
    rates = Rates(right=right, spread=spread)
    chances = [book.chance(rates, it.id) for it in TASKS]
    assert fmean(chances) == pytest.approx(right)
    assert min(chances) >= -1e-9
    assert max(chances) <= 1 + 1e-9


def test_the_same_sample_is_answered_the_same_and_another_anew() -> None:
    book = Book({"*": Rates(right=0.5)}, TASKS)
    again = Book({"*": Rates(right=0.5)}, TASKS)
    said = [book.says("m", asked(1), n) for n in range(20)]
    assert said == [again.says("m", asked(1), n) for n in range(20)]
    assert len(set(said)) == 2
    other = Book({"*": Rates(right=0.5)}, TASKS, seed=9)
    assert said != [other.says("m", asked(1), n) for n in range(20)]


def test_what_is_not_in_the_book_is_not_answered_from_it() -> None:
    book = Book({"known": Rates()}, TASKS)
    assert book.says("unknown", asked(1), 0) == ""
    assert book.says("known", {"messages": [{"role": "user", "content": "hi"}]}, 0) == ""
    assert book.says("known", {}, 0) == ""


@pytest.mark.parametrize(
    "body",
    [
        {"input": "Write the function number 7."},
        {"input": [{"role": "user", "content": [{"text": "Write the function number 7."}]}]},
        {"messages": [{"role": "user", "content": "Write the function number 7."}]},
    ],
)
def test_a_task_is_known_on_every_surface(body: dict[str, object]) -> None:
    assert "right 7" in Book({"*": Rates(right=1.0)}, TASKS).says("m", body, 0)


def test_manners_to_fail_come_at_their_rates() -> None:
    book = Book({"*": Rates(right=0.0, prose=0.25, broken=0.25)}, TASKS)
    said = [book.says("m", asked(n), k) for n in range(50) for k in range(40)]
    assert fmean("```" not in it for it in said) == pytest.approx(0.25, abs=0.05)
    assert fmean(")(" in it for it in said) == pytest.approx(0.25, abs=0.05)
    assert fmean("wrong" in it for it in said) == pytest.approx(0.5, abs=0.05)


def test_a_book_is_read_and_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "book.json"
    path.write_bytes(msgspec.json.encode(Written({"*": Rates(right=1.0)}, TASKS)))
    assert "right 3" in read(path, 0).says("m", asked(3), 0)
    path.write_text("[]")
    with pytest.raises(BookError, match=r"book\.json"):
        read(path, 0)
