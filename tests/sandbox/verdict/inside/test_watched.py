"""What is refused is remembered, once, and said in words."""

from __future__ import annotations

from headgate.sandbox.verdict.inside.watched import Unjudged, Watch


def test_a_refusal_is_remembered_though_a_test_swallows_it() -> None:
    watch = Watch()
    for _ in range(2):
        assert isinstance(watch.refuse("its own operator would have decided"), Unjudged)
    assert watch.suspicion == ["its own operator would have decided"]
