"""What the code prints waits until it is fetched."""

from __future__ import annotations

from headgate.sandbox.verdict.inside import candidate


def test_what_is_printed_is_fetched_once_and_bounded() -> None:
    spoken = candidate._Spoken()
    for _ in range(3):
        spoken.write(b"x" * (candidate.MOST_PRINTED // 2 + 1))
    assert len(spoken.take()) == candidate.MOST_PRINTED
    assert spoken.take() == ""
