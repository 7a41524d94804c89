"""What was typed is read as a question, or refused with every mistake in it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.cli.decisions import TWO, WORK, run


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (("--right", "gpt-9=0.9"), "gpt-9 is not among the models"),
        (("--right", "claude-haiku-5-5=9/5"), "no more can be right than there are"),
        (("--takes", "claude-haiku-5-5=fast"), "write ttft:0.6,whole:4,speed:80"),
        (("--budget-ttft", "soon"), "--budget-ttft: 'soon'"),
        (("--chunks", "4"), "--chunks: say how long one is: --chunk TOKENS"),
        (("--turns", "4"), "--turns: say how long one is: --turn TOKENS"),
        (("--least-right", "95"), "--least-right: '95' is no part of a whole"),
        (("--hours", "9"), "--current MODEL"),
        (("--key", "ana"), "choose calls of the ledger"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(words: Sequence[str], wrong: str) -> None:
    done = run(*WORK, *TWO, *words)
    assert done.exit_code == 2
    assert wrong in done.stderr
