"""A verdict is found again by all it was made of, and by nothing less."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.validate.kept import Kept, key
from headgate.validate.problem import Problem, Stage, State, Verdict

PARTS = st.lists(st.text(max_size=4), max_size=4)


def verdict(state: State) -> Verdict:
    return Verdict("a.py", "ruff", Stage.LINT, state, (Problem("a.py", "no", "ruff"),))


@given(PARTS, PARTS)
def test_other_parts_have_another_key(one: list[str], other: list[str]) -> None:
    assert (key(*one) == key(*other)) == (one == other)


def test_what_was_kept_is_found_by_another_process_at_its_new_place(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "deep" / "verdicts.bin")
    kept.keep("k", verdict(State.FAILED))
    kept.close()
    found = Kept(tmp_path / "deep" / "verdicts.bin").find("k", "moved.py", "ruff")
    assert found is not None
    assert found.cached
    assert found.path == "moved.py"
    assert [it.path for it in found.problems] == ["moved.py"]


@pytest.mark.parametrize("state", [State.SKIPPED, State.BROKEN])
def test_what_says_nothing_of_the_code_is_not_kept(tmp_path: Path, state: State) -> None:
    kept = Kept(tmp_path / "verdicts.bin")
    kept.keep("k", verdict(state))
    kept.close()
    assert Kept(tmp_path / "verdicts.bin").find("k", "a.py", "ruff") is None


def test_a_damaged_file_and_a_folder_that_cannot_be_written_keep_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "verdicts.bin").write_bytes(b"garbage")
    assert Kept(tmp_path / "verdicts.bin").find("k", "a.py", "ruff") is None
    (tmp_path / "file").write_text("")
    kept = Kept(tmp_path / "file" / "verdicts.bin")
    kept.keep("k", verdict(State.PASSED))
    kept.close()
