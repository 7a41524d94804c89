"""What the other side asks for by name is what Python does by itself."""

from __future__ import annotations

import asyncio
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sandbox.verdict.inside.doing import BINARY, PASSED, UNARY

WHOLE = st.integers(0, 40)


@pytest.mark.parametrize("name", [it for it in BINARY if it not in ("matmul", "pow")])
@given(WHOLE, st.integers(1, 40))
def test_an_operator_is_pythons_and_turned_round_its_other_side(
    name: str, one: int, other: int
) -> None:
    asked = getattr(operator, name)(one, other)
    assert UNARY[name](one, other) == asked
    assert UNARY["r" + name](other, one) == asked


def test_what_is_awaited_is_finished_also_where_the_asker_runs_a_loop() -> None:
    async def slow(it: int) -> int:
        await asyncio.sleep(0)
        return it

    async def asking() -> int:
        found: int = UNARY["await"](slow(2))
        assert asyncio.get_running_loop() is not None
        return found

    assert UNARY["await"](slow(1)) == 1
    assert asyncio.run(asking()) == 2


def test_words_do_not_tell_what_a_function_was_made_with() -> None:
    secret = [41].append
    assert "41" not in UNARY["str"](secret) + UNARY["repr"](secret) + UNARY["format"](secret)
    assert UNARY["format"](3.14159, ".2f") == "3.14"


def test_what_may_hand_over_containers_is_done_here_or_a_step_of_it() -> None:
    plain = {it.removeprefix("step ") for it in PASSED} - {"call", "set"}
    assert plain <= UNARY.keys()
