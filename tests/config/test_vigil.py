"""[loops] and [events] as they are read, and what is said of their mistakes."""

from __future__ import annotations

import pytest

from headgate.config import Config, ConfigError, describe, load
from headgate.config.model import Loops

SECRET = "s" * 32
ENV = {
    "OPENAI_API_KEY": "sk-proj-" + "t" * 80,
    "HOOK": "https://hooks.example.com/services/T0KEN?to=me",
    "SECRET": SECRET,
    "SHORT": "short",
}


def read(text: str) -> Config:
    return load(text, ENV, source="test")


def wrong(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return str(caught.value)


def test_by_default_loops_are_noticed_and_only_named_sessions_are_stopped() -> None:
    loops = read("").loops
    assert loops == Loops()
    assert 0 < loops.identical < loops.identical_stop
    assert loops.unnamed_stop == loops.failed_stop == loops.session_calls == 0


def test_a_tag_changes_what_it_names_and_keeps_the_rest() -> None:
    config = read(
        "[loops]\nidentical = 3\nsession_usd = 2.5\n"
        "[loops.tags.batch]\nidentical = 0\nidentical_stop = 0\n"
        '[loops.tags.agents]\nsession_usd = "50"\n'
    )
    batch, agents = (loops for _, loops in config.loops_of_tags)
    assert [name for name, _ in config.loops_of_tags] == ["batch", "agents"]
    assert (batch.identical, batch.identical_stop, batch.session_usd) == (0, 0, "2.5")
    assert (agents.identical, agents.session_usd) == (3, "50")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[loops]\nidentcal = 3", "did you mean 'identical'"),
        ("[loops]\ntags = 3", "[loops.tags.NAME]"),
        ("[loops.tags]\nbatch = 3", "[loops.tags.batch]"),
        ("[loops.tags.batch]\ncool_s = 0", "loops.tags.batch.cool_s"),
        ("[loops]\nsession_usd = -1", "no amount of dollars"),
    ],
)
def test_a_mistake_in_loops_is_told_with_its_place_and_remedy(text: str, said: str) -> None:
    assert said in wrong(text)


def test_an_address_may_lie_in_the_environment_and_is_shown_nowhere() -> None:
    config = read(
        '[events]\nwebhook = "env:HOOK"\nsecret = "env:SECRET"\nkinds = ["loop_stopped"]'
    )
    assert config.events.webhook == ENV["HOOK"]
    assert config.events.secret == SECRET
    assert config.events.kinds == ("loop_stopped",)
    shown = str(describe(config)) + repr(config)
    assert "hooks.example.com" in shown
    assert "T0KEN" not in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('webhook = "https://h.example"', "needs secret beside it"),
        ('webhook = "ftp://h.example"\nsecret = "env:SECRET"', "is no address"),
        ('webhook = "https://"\nsecret = "env:SECRET"', "is no address"),
        ('webhook = "https://h.example:x"\nsecret = "env:SECRET"', "is no address"),
        ('webhook = "https://u:p@h.example"\nsecret = "env:SECRET"', "holds a user"),
        ('webhook = "https://h.example/a b"\nsecret = "env:SECRET"', "holds a space"),
        ('webhook = "https://h.example"\nsecret = "env:SHORT"', "could be guessed"),
        ('webhook = "https://h.example"\nsecret = "plain"', "does not belong in this file"),
        ('webhook = "env:NOT_THERE"\nsecret = "env:SECRET"', "NOT_THERE"),
        ('secret = "env:SECRET"', "needs webhook"),
        (
            'webhook = "https://h.example"\nsecret = "env:SECRET"\nkinds = ["loop_stoped"]',
            "loop_stopped",
        ),
    ],
)
def test_a_mistake_in_events_is_told_with_its_remedy(text: str, said: str) -> None:
    assert said in wrong(f"[events]\n{text}")


def test_plain_http_to_somewhere_else_is_said_aloud() -> None:
    far = read('[events]\nwebhook = "http://h.example"\nsecret = "env:SECRET"')
    near = read('[events]\nwebhook = "http://127.0.0.1:9"\nsecret = "env:SECRET"')
    assert any("plain http" in note for note in far.notes)
    assert not any("plain http" in note for note in near.notes)
