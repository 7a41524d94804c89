"""Both vendors' interpreters can take each other's place."""

from __future__ import annotations

from headgate.sandbox.hosted.anthropic import Anthropic
from headgate.sandbox.hosted.openai import OpenAI
from headgate.sandbox.hosted.said import Interpreter


def test_both_do_what_an_interpreter_does() -> None:
    names = [name for name in vars(Interpreter) if not name.startswith("_")]
    assert names
    for vendor in (Anthropic, OpenAI):
        assert all(callable(getattr(vendor, name)) for name in names)
