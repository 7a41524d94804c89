"""An answer starts out as one that says nothing and costs nothing."""

from __future__ import annotations

import msgspec

from headgate.bench.ask import Answer


def test_an_answer_survives_the_wire() -> None:
    answer = Answer(text="é", cost_nusd=3, notes=("temperature was left out",), fault="busy: x")
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer
