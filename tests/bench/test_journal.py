"""A journal gives back what was whole, whatever the end of the process tore off."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.bench import journal as keeping
from headgate.bench.grade import Grade
from headgate.bench.journal import Before, Begun, Head, Journal, NoJournal, OtherPlan, Paid
from headgate.bench.sample import Sample

HEAD = Head("run", "digest", (("one", "d1"),), 5, 7)


def heard(path: Path, head: Head = HEAD) -> Before:
    journal = Journal(path)
    before = journal.open(head)
    journal.close()
    return before


def sample(number: int, **changes: object) -> Sample:
    made = Sample(arm="one", task="t", sample=number, cost_nusd=10, verdict=Grade.WRONG)
    return msgspec.structs.replace(made, **changes)


STRANGE = sample(1, code="é\n\u2028", why="x" * 5000)


def written(path: Path, *said: Sample | Begun | Paid) -> None:
    journal = Journal(path)
    journal.open(HEAD)
    for it in said:
        if isinstance(it, Sample):
            journal.keep(it)
        else:
            journal.note(it)
    journal.close()


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    written(tmp_path / "j", sample(0), STRANGE)
    before = heard(tmp_path / "j", msgspec.structs.replace(HEAD, begun_us=99))
    assert list(before.heard.values()) == [
        sample(0),
        STRANGE,
    ]
    assert before.head.begun_us == 7


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 3), st.floats(0, 1))
def test_a_torn_end_costs_one_sample_at_most(count: int, share: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        written(path, *map(sample, range(count)))
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])
        left = path.read_bytes().count(b"\n")
        journal = Journal(path)
        before = journal.open(HEAD)
        assert len(before.heard) == max(0, left - 1)
        journal.keep(sample(9))
        journal.close()
        assert len(heard(path).heard) == max(0, left - 1) + 1


def test_an_answer_that_replaced_another_was_paid_for_twice(tmp_path: Path) -> None:
    written(tmp_path / "j", Paid("a", 10), sample(0), Paid("b", 5), sample(0, correct=True))
    before = heard(tmp_path / "j")
    assert [it.correct for it in before.heard.values()] == [True]
    assert before.spent_nusd == 15


def test_a_call_that_has_no_end_is_known_with_the_most_it_can_cost(tmp_path: Path) -> None:
    lines = (Begun("a", 90), Begun("b", 80), Paid("a", 7), Begun("c", 70))
    written(tmp_path / "j", *lines)
    before = heard(tmp_path / "j")
    assert (before.open, before.spent_nusd) == ({"b": 80, "c": 70}, 7)


@pytest.mark.parametrize(
    "change", [{"dataset": "x"}, {"arms": ()}, {"samples_each": 1}, {"shape": 0}]
)
def test_another_plan_is_refused_and_nothing_is_lost(
    tmp_path: Path, change: dict[str, object]
) -> None:
    written(tmp_path / "j", sample(0))
    with pytest.raises(OtherPlan) as error:
        heard(tmp_path / "j", msgspec.structs.replace(HEAD, **change))
    assert "--out" in error.value.remedy
    assert len(heard(tmp_path / "j").heard) == 1


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "j").write_text("dear diary\n")
    with pytest.raises(OtherPlan):
        heard(tmp_path / "j")
    assert (tmp_path / "j").read_text() == "dear diary\n"


def test_a_second_run_is_refused_while_the_first_writes_and_goes_on_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "WAITS_S", 0.05)
    path = tmp_path / "j"
    first = Journal(path)
    first.open(HEAD)
    first.keep(sample(0))
    for anew in (False, True):
        with pytest.raises(NoJournal, match="another run is writing") as error:
            Journal(path).open(HEAD, anew=anew)
        assert "--out" in error.value.remedy
    first.close()
    assert list(heard(path).heard.values()) == [sample(0)]


def test_a_run_that_is_just_ending_is_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "j"
    first = Journal(path)
    first.open(HEAD)
    ends = threading.Timer(0.1, first.close)
    ends.start()
    assert heard(path) == Before(HEAD, {}, 0)
    ends.join()


def test_what_is_begun_anew_has_heard_nothing(tmp_path: Path) -> None:
    written(tmp_path / "j", sample(0))
    journal = Journal(tmp_path / "j")
    assert journal.open(HEAD, anew=True).heard == {}
    journal.close()
    assert heard(tmp_path / "j").heard == {}


def test_a_journal_that_its_run_removes_is_nobody_elses_to_go_on_with(tmp_path: Path) -> None:
    path = tmp_path / "j"
    first = Journal(path)
    first.open(HEAD)
    first.keep(sample(0))
    first.remove()
    assert not path.exists()
    written(path, sample(1))
    assert list(heard(path).heard.values()) == [sample(1)]


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.integers(1, 255))
def test_a_flipped_byte_is_told_or_changes_one_line_alone(share: float, flip: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "j"
        written(path, *(sample(it) for it in range(4)), Begun("c", 5), Paid("c", 3))
        data = bytearray(path.read_bytes())
        at = round(share * (len(data) - 2))
        data[at] ^= flip
        path.write_bytes(data)
        with contextlib.suppress(NoJournal):
            before = heard(path)
            same = [it for it in before.heard.values() if it in map(sample, range(4))]
            assert len(same) >= 3
            return
        assert path.read_bytes() == data
