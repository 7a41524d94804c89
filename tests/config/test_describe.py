"""What is in force can be shown to anybody: complete, and without a secret."""

from __future__ import annotations

import json
from dataclasses import fields

from headgate.config import Config, describe, load
from headgate.config.describe import spell
from headgate.config.model import Route, Rung, Tag
from headgate.config.setting import SERVER

TEXT = """
[server]
admin_token = "env:ADMIN"
[providers.one]
kind = "openai-compatible"
base_url = "http://127.0.0.1:9/v1"
api_key = "env:KEY"
headers = { x-plain = "hunter2-plain" }
[models]
fast = { ladder = ["one:small x2", "one"], canned = "sorry", silence_s = 5 }
[capabilities.small]
images = false
"""
ENV = {"ADMIN": "hunter2-admin", "KEY": "hunter2-key"}


def test_everything_in_force_is_shown_and_no_secret_is() -> None:
    shown = describe(load(TEXT, ENV, source="headgate.toml"))
    text = json.dumps(shown)
    assert "hunter2" not in text
    assert text.count('"***"') == 3
    assert shown["models"] == {
        "fast": {"ladder": ["one:small x2", "one x1"], "canned": "sorry", "silence_s": 5.0}
    }
    assert shown["capabilities"] == {"small": {"images": False}}
    assert shown["models_by_default"] == {"one:*": {"ladder": ["one x3"]}}


def test_every_section_and_key_appears() -> None:
    shown = describe(Config())
    assert {each.name for each in fields(Config)} - {"routes"} <= set(shown)
    server = shown["server"]
    assert isinstance(server, dict)
    assert {setting.name for setting in SERVER} == set(server)


def test_a_rung_is_spelled_as_it_is_written() -> None:
    assert spell(Rung("anthropic", "claude-x", 3)) == "anthropic:claude-x x3"
    assert spell(Rung("anthropic", "", 1)) == "anthropic x1"


def test_a_rung_that_says_more_than_its_target_is_told_as_a_table() -> None:
    route = Route(
        "m", (Rung("a", "x", 1, 2.0, 7.0), Rung("b", "y")), policy="best", hints=False
    )
    shown = describe(Config(routes=(route,), tags=(Tag("nightly", "cost"),)))
    models = shown["models"]
    assert isinstance(models, dict)
    assert models["m"] == {
        "ladder": [{"target": "a:x x1", "weight": 2.0, "quality": 7.0}, "b:y x1"],
        "policy": "best",
        "hints": False,
    }
    assert shown["tags"] == {"nightly": "cost"}
