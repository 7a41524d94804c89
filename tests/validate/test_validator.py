"""Checks are planned, carried out and remembered; neighbours do not spoil one another."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.sandbox.model import Ended, Order, Result, Status, Unavailable
from headgate.validate.checks.mypy import CHECK as MYPY
from headgate.validate.checks.python_syntax import CHECK
from headgate.validate.gather import Wanted, gather
from headgate.validate.kept import Kept
from headgate.validate.problem import State, Verdict
from headgate.validate.validator import Asking, carry, conclude, prepare


class Machine:
    """Answers orders for the check of syntax, and counts them."""

    def __init__(self, answer: Callable[[set[str]], int] = lambda names: 0) -> None:
        self.orders: list[Order] = []
        self._answer = answer

    async def carry_out(self, order: Order) -> Result:
        self.orders.append(order)
        names = {
            it.path for it in order.files if it.path.endswith(".py") and "/" not in it.path
        }
        code = self._answer(names)
        steps = tuple(Ended(it.name, code, stdout="[]") for it in order.steps)
        return Result(status=Status.OK, steps=steps)


def checked(here: Path, machine: Machine, kept: Kept, *paths: str) -> Sequence[Verdict]:
    projects, refused = gather(Wanted(paths, here))
    assert refused == []
    prepared = prepare(projects, (CHECK,), Asking(), kept)
    going = carry(prepared, Asking(), machine.carry_out, lambda done, of: None)
    answers = asyncio.run(going)
    return conclude(prepared, answers, kept)


def written(here: Path, *names: str) -> None:
    for name in names:
        (here / name).write_text("x = 1\n")


def test_what_did_not_change_is_not_asked_again(tmp_path: Path) -> None:
    written(tmp_path, "a.py", "b.py")
    machine = Machine()
    for expected in (1, 1):
        kept = Kept(tmp_path / "verdicts.bin")
        told = checked(tmp_path, machine, kept, "a.py", "b.py")
        kept.close()
        assert [it.state for it in told] == [State.PASSED] * 2
        assert len(machine.orders) == expected
    (tmp_path / "a.py").write_text("x = 2\n")
    told = checked(tmp_path, machine, Kept(tmp_path / "verdicts.bin"), "a.py", "b.py")
    assert [it.cached for it in told] == [False, True]


def test_one_that_crashes_a_tool_takes_no_verdict_from_its_neighbours(
    tmp_path: Path,
) -> None:
    written(tmp_path, "a.py", "bad.py", "c.py")
    machine = Machine(lambda names: 139 if "bad.py" in names else 0)
    told = checked(tmp_path, machine, Kept(None), "a.py", "bad.py", "c.py")
    assert {it.path: it.state.value for it in told} == {
        "a.py": "passed",
        "bad.py": "broken",
        "c.py": "passed",
    }


def test_a_sandbox_that_is_not_there_is_never_a_failure_of_the_code(
    tmp_path: Path,
) -> None:
    async def nowhere(order: Order) -> Result:
        raise Unavailable("no namespaces here", "sysctl it")

    written(tmp_path, "a.py")
    projects, _ = gather(Wanted(("a.py",), tmp_path))
    prepared = prepare(projects, (CHECK,), Asking(), Kept(None))
    answers = asyncio.run(carry(prepared, Asking(), nowhere, lambda done, of: None))
    (verdict,) = conclude(prepared, answers, Kept(None))
    assert verdict.state is State.BROKEN
    assert "sysctl it" in verdict.note


def test_what_is_no_text_reaches_no_tool(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\x7fELF\0")
    machine = Machine()
    (verdict,) = checked(tmp_path, machine, Kept(None), "a.py")
    assert (verdict.check, verdict.state) == ("text", State.FAILED)
    assert machine.orders == []


FAKE = "# one\n"
CHANGES = {
    "src/own.py": {"own.py", "uses.py"},
    "src/near.py": {"near.py", "uses.py"},
    "src/apart.py": {"apart.py", "uses.py"},
    "mypy.ini": {"own.py", "near.py", "uses.py", "apart.py"},
    "notes.txt": set(),
    "ruff.toml": set(),
    "bin/tool": {"own.py", "near.py", "uses.py", "apart.py"},
}
"""a file that changes -> whose types have to be asked about again"""


def asked_again(here: Path, kept: Kept) -> set[str]:
    """The files whose types are not remembered."""

    async def answers(order: Order) -> Result:
        steps = tuple(Ended(it.name, 0) for it in order.steps)
        return Result(status=Status.OK, steps=steps)

    paths = tuple(f"src/{name}.py" for name in ("own", "near", "uses", "apart"))
    projects, _ = gather(Wanted(paths, here))
    prepared = prepare(projects, (MYPY,), Asking(), kept)
    going = asyncio.run(carry(prepared, Asking(), answers, lambda done, of: None))
    told = conclude(prepared, going, kept)
    return {it.path.removeprefix("src/") for it in told if not it.cached}


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(sorted(CHANGES)), min_size=1, max_size=4))
def test_whatever_a_verdict_was_made_of_and_nothing_else_asks_for_it_again(
    changed: list[str],
) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        here = Path(folder)
        for name in (*CHANGES, "src/uses.py"):
            (here / name).parent.mkdir(exist_ok=True)
            (here / name).write_text(FAKE)
        (here / "src" / "uses.py").write_text("import near\n")
        (here / "bin" / "mypy").symlink_to("tool")
        (here / "bin" / "tool").chmod(0o755)
        patch.setenv("PATH", str(here / "bin"))
        patch.setattr(sys, "prefix", str(here))
        kept = Kept(here / "verdicts.bin")
        assert asked_again(here, kept) == {"own.py", "near.py", "uses.py", "apart.py"}
        for turn, name in enumerate(changed):
            (here / name).write_text(FAKE * (turn + 2))
            assert asked_again(here, kept) == CHANGES[name], name
            assert asked_again(here, kept) == set()
