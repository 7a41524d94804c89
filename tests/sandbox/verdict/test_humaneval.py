"""HumanEval as it is: its own solutions pass, none with a mistake does and none forged."""

from __future__ import annotations

import pytest

from tests.sandbox.verdict import humaneval
from tests.sandbox.verdict.bench import accepted, missed, unsound, verdicts
from tests.sandbox.verdict.humaneval import COUNT, FILE, FORGED, Problem, forged, mutants, task

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not FILE.is_file(),
        reason=f"NOT RUN: HumanEval is not beside this checkout (shared/data/{FILE.name})",
    ),
]
STEP, TRICKS = 9, list(FORGED.items())


def some(start: int) -> list[Problem]:
    found = humaneval.problems()
    assert len(found) == COUNT
    return found[start::STEP]


def turns(problems: list[Problem], each: int) -> list[tuple[Problem, str, str]]:
    """So many forgeries of each problem, in turn."""
    return [
        (it, *TRICKS[(at * each + turn) % len(TRICKS)])
        for at, it in enumerate(problems)
        for turn in range(each)
    ]


def test_every_ninth_solution_passes_with_and_without_its_prompt_as_support() -> None:
    tasks = {it.name: task(it, it.solution) for it in some(0)}
    tasks |= {f"{it.name}, alone": task(it, it.solution, "") for it in some(4)}
    assert missed(verdicts(tasks)) == {}


def test_no_mistake_in_every_ninth_solution_passes() -> None:
    problems = some(2)
    found = verdicts(
        {f"{it.name} {kind}": task(it, code) for it in problems for kind, code in mutants(it)}
    )
    assert len(found) > 2 * len(problems)
    assert accepted(found) == []
    assert unsound(found) == {}


def test_no_forgery_of_every_ninth_solution_passes() -> None:
    tricks = turns(some(3), 2)
    assert {name for _, name, _ in tricks} == set(FORGED)
    found = verdicts(
        {f"{it.name} {name}": task(it, forged(it, code)) for it, name, code in tricks}
    )
    assert accepted(found) == []
    assert unsound(found) == {}


@pytest.mark.soak
def test_every_solution_passes_and_no_mistake_in_one_does() -> None:
    problems = humaneval.problems()
    assert missed(verdicts({it.name: task(it, it.solution) for it in problems})) == {}
    found = verdicts(
        {f"{it.name} {kind}": task(it, code) for it in problems for kind, code in mutants(it)}
    )
    assert len({name.partition(" ")[0] for name in found}) == COUNT
    assert accepted(found) == []
    assert unsound(found) == {}


@pytest.mark.soak
def test_no_forgery_of_any_solution_passes() -> None:
    tricks = turns(humaneval.problems(), len(TRICKS))
    found = verdicts(
        {f"{it.name} {name}": task(it, forged(it, code)) for it, name, code in tricks}
    )
    assert len(found) == COUNT * len(FORGED)
    assert accepted(found) == []
    assert unsound(found) == {}
