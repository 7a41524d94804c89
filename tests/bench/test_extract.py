"""Code is found in replies of every manner, by rules that do not look at who is right."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.bench.extract import JOINED, SEVERAL, code_of
from headgate.bench.judging import trial
from tests.bench.replies import BEGUN, REPLIES
from tests.bench.samples import RIGHT, WRONG, doubling

TASK = doubling()
PIECES = st.sampled_from(
    ["```", "```python", "~~~", "def double(n):", "    return 2", "<think>", "</think>", "{",
     '"""', "<pre>", "</pre>", ">>> x", "+x", "", "prose.", "\r", "import solution", "}"]
)  # fmt: skip


@pytest.mark.parametrize("name", REPLIES)
def test_what_is_judged_of_a_reply(name: str) -> None:
    reply = REPLIES[name]
    assert code_of(reply.text, reply.task) == (reply.code, reply.notes)


def test_there_are_replies_of_all_manners() -> None:
    assert len(REPLIES) >= 60


@pytest.mark.parametrize("order", [(RIGHT, WRONG), (WRONG, RIGHT)])
def test_the_last_version_is_judged_whether_it_is_right_or_not(order: tuple[str, str]) -> None:
    first, last = order
    found = code_of(f"```python\n{first}```\nthen\n```python\n{last}```", TASK)
    assert found == (last, (SEVERAL,))


def test_a_body_whose_first_line_is_a_call_may_be_trimmed() -> None:
    body = "numbers.sort()\n    return numbers"
    assert code_of(body, BEGUN).code == f"    {body}\n"
    assert code_of("double(n)\n\nIt takes a number.", BEGUN).code == ""


@pytest.mark.parametrize(
    "reply", ["    return 2 * n\n", "return 2 * n", RIGHT, BEGUN.lead + "    return 2 * n\n"]
)
def test_every_way_to_finish_what_was_begun_is_the_same_program(reply: str) -> None:
    """A body, a body without its indent, a whole function, one that repeats what was asked."""
    for text in (reply, f"```python\n{reply}\n```", f"Sure.\n\n```\n{reply}\n```\nDone."):
        spoken = trial(BEGUN, code_of(text, BEGUN).code).candidate[0].data.decode()
        names: dict[str, object] = {}
        exec(spoken, names)  # noqa: S102 - what is run stands in this file
        assert names["double"](21) == 42, text  # type: ignore[operator]


@given(st.lists(PIECES, max_size=14))
def test_no_mixture_of_pieces_is_too_strange(pieces: list[str]) -> None:
    for task in (TASK, BEGUN):
        found = code_of("\n".join(pieces), task)
        assert isinstance(found.code, str)
        assert len(set(found.notes)) == len(found.notes)


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    assert isinstance(code_of(text, TASK).code, str)


@given(st.permutations(["alpha", "beta", "gamma"]))
def test_halves_are_joined_in_their_order_and_nothing_is_lost(order: list[str]) -> None:
    named = "from solution import " + ", ".join(order) + "\n"
    task = doubling(tests=(TASK.tests[0].__class__("test_solution.py", named.encode()),))
    text = "\n".join(f"```python\ndef {it}(): pass\n```" for it in order)
    found = code_of(text, task)
    assert [it for it in found.code.split("\n") if it] == [f"def {it}(): pass" for it in order]
    assert found.notes == (JOINED,)


@pytest.mark.parametrize(
    "text",
    [
        '```python\n"""\n' + "```\n" * 20_000,
        "<pre>" * 100_000,
        "<think>" * 100_000,
        "```\n" * 100_000,
        "[" * 100_000,
        "\n\n    x" * 50_000,
        "def " * 100_000,
        "A" * 500_000,
        "x = " * 100_000,
        " " * 300_000,
        "\t\n" * 100_000,
        "Aa " * 100_000,
    ],
)
@pytest.mark.slow
def test_a_reply_that_wants_to_keep_us_busy_does_not(text: str) -> None:
    begun = time.perf_counter()
    for task in (TASK, BEGUN):
        code_of(text, task)
    assert time.perf_counter() - begun < 3
