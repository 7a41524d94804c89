"""What a gateway says when it serves: one JSON line for machines, words for people."""

from __future__ import annotations

import json

import pytest

from headgate.cli.greeting import Greeting, greet
from headgate.config import Config, load

ENV = {"ANTHROPIC_API_KEY": "sk-ant-api03-" + "t" * 80}


@pytest.fixture
def config() -> Config:
    return load("", ENV, source="")


def test_one_process_names_its_address_and_number(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    greet(Greeting("http://127.0.0.1:1", False, 7), config, as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out) == {"url": "http://127.0.0.1:1", "keyless": False, "pid": 7}
    assert "Headgate is up at http://127.0.0.1:1, in front of anthropic." in said.err
    assert "ANTHROPIC_AUTH_TOKEN='your Headgate key'" in said.err
    assert "No key is defined" not in said.err


def test_several_workers_are_counted_and_numbered(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    greet(Greeting("http://[::1]:1", True, 7), config, as_json=True, workers=[8, 9])
    said = capsys.readouterr()
    facts = {"url": "http://[::1]:1", "keyless": True, "pid": 7, "workers": [8, 9]}
    assert json.loads(said.out) == facts
    assert "Headgate is up by 2 workers at http://[::1]:1" in said.err
    assert "No key is defined: it listens on loopback only" in said.err


def test_calls_left_open_are_counted_and_the_first_are_named(
    config: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    greet(Greeting("u", False, 7, 12, ["id-1  anthropic:m"]), config)
    said = capsys.readouterr()
    assert said.out == ""
    assert "12 calls of an earlier run were never closed and may have been billed" in said.err
    assert "  id-1  anthropic:m" in said.err
