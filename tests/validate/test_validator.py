"""Checks are planned, carried out and remembered; neighbours do not spoil one another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

from headgate.sandbox.model import Ended, Order, Result, Status, Unavailable
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
