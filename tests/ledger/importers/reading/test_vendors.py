"""Names of vendors, models, calls and failures are those of the book."""

from __future__ import annotations

import pytest

from headgate.ledger.importers.reading import vendors
from headgate.money.catalog import Catalog, PriceRules
from headgate.wire.model import FAULTS, Kind


def test_every_vendor_is_one_that_prices_know() -> None:
    known = set(Catalog.load(PriceRules()).providers)
    assert set(vendors._VENDORS.values()) <= known
    assert vendors.vendor("Vertex_AI") == "google"
    assert vendors.vendor("bedrock_converse") == "aws"
    assert vendors.vendor("our own") == ""


@pytest.mark.parametrize(
    ("name", "id"),
    [
        ("Claude Sonnet 4.5", "claude-sonnet-4-5"),
        ("Claude Opus 5", "claude-opus-5"),
        ("Claude Haiku 5.5", "claude-haiku-5-5"),
        ("Claude 3.5 Sonnet 2024-10-22", "claude-3-5-sonnet-20241022"),
        ("Claude Haiku 3.5", "claude-3-5-haiku"),
        ("Claude Sonnet 3.7", "claude-3-7-sonnet"),
        ("claude-opus-5", "claude-opus-5"),
        ("gpt-5", "gpt-5"),
    ],
)
def test_a_name_that_people_read_becomes_an_id(name: str, id: str) -> None:
    assert vendors.model_id(name) == id


def test_a_vendor_ahead_of_a_model_is_taken_off() -> None:
    assert vendors.bare("anthropic/claude-opus-5", "anthropic") == "claude-opus-5"
    assert vendors.bare("azure/deployment", "") == "deployment"
    assert vendors.bare("meta-llama/Llama-3", "") == "meta-llama/Llama-3"
    assert vendors.bare("gpt-5", "openai") == "gpt-5"


def test_kinds_of_calls_have_the_books_names() -> None:
    assert vendors.surface("acompletion") == vendors.surface("text_completion") == "chat"
    assert vendors.surface("anthropic_messages") == "messages"
    assert vendors.surface("aembedding") == "embeddings"
    assert vendors.surface("aimage_generation") == "aimage_generation"
    assert vendors.surface_of_path("/v1/chat/completions?x=1") == "chat"
    assert vendors.surface_of_path("/v1/messages") == "messages"
    assert vendors.surface_of_path("/v1/other") == ""


def test_a_status_is_a_kind_of_fault_that_is_known() -> None:
    for status in range(100, 600):
        kind = vendors.fault(status)
        assert (kind == "") == (status < 400)
        assert not kind or Kind(kind) in FAULTS


def test_standard_terms_are_left_empty() -> None:
    assert vendors.terms("default", None, "global") == {"tier": "", "speed": "", "geo": ""}
    assert vendors.terms("Batch", "fast", "us") == {
        "tier": "batch",
        "speed": "fast",
        "geo": "us",
    }
