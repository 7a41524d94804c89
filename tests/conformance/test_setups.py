"""The configurations that are shown are ones that work."""

from __future__ import annotations

import pytest

from headgate import config as configuration
from headgate.conformance.case import SURFACES
from headgate.conformance.setups import MODELS, NAMES, SETUPS, environment, text_of


@pytest.mark.parametrize("name", SETUPS)
def test_a_configuration_names_every_model_and_its_upstream(name: str) -> None:
    text = text_of(name, "http://127.0.0.1:4198", 4100)
    for surface in SURFACES:
        assert NAMES[surface] in text
        assert MODELS[surface] in text
    assert text.count("http://127.0.0.1:4198") == len(SURFACES)
    used = [variable for variable in environment("k") if variable in text]
    assert len(used) >= len(SURFACES)


def test_headgate_takes_its_own() -> None:
    text = text_of("headgate", "http://127.0.0.1:4198", 4100)
    config = configuration.load(text, environment("k"), source="test")
    assert config.server.port == 4100
    assert {provider.name for provider in config.providers} == {
        *("anthropic", "chat-only", "responses-only"),
    }


def test_the_house_keys_are_no_secret_of_the_client() -> None:
    assert environment("sk-mine")["CLIENT_KEY"] == "sk-mine"
    assert len(set(environment("sk-mine").values())) == 4
