"""Codex itself, headless, through the gateway: as a provider of its own and as OpenAI."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.street import Ran, Street, codex
from tests.matrix import CODEX, cell

pytestmark = [pytest.mark.e2e, pytest.mark.clients, pytest.mark.slow]


def as_provider(street: Street) -> list[str]:
    """What `headgate setup codex` writes, as options of one run."""
    return [
        *("-c", "model_provider=headgate"),
        *(
            "-c",
            "model_providers.headgate={"
            f'name="Headgate",base_url="{street.url}/v1",'
            'env_key="HEADGATE_KEY",wire_api="responses"}',
        ),
    ]


def said(ran: Ran) -> str:
    items = [event["item"] for event in ran.events if event["type"] == "item.completed"]
    return " ".join(item["text"] for item in items if item["type"] == "agent_message")


def usage(ran: Ran) -> dict[str, int]:
    done = [event for event in ran.events if event["type"] == "turn.completed"]
    assert len(done) == 1, ran.out + ran.err
    return dict(done[0]["usage"])


@cell(CODEX, "responses", "stream")
def test_codex_works_with_the_gateway_as_a_provider_of_its_own(
    street: Street, fresh_home: Path
) -> None:
    mark = street.mark()
    ran = codex(street, fresh_home, *as_provider(street), "-m", "gpt-5.6-terra", "say hi")
    assert ran.code == 0, ran.out + ran.err
    assert "simulated" in said(ran).lower()
    (row,) = street.rows_after(mark)
    assert row["surface"] == "responses"
    assert row["status"] == 200
    assert row["ending"] == "complete"
    assert row["model_sent"] == "gpt-5.6-terra"
    assert row["cost_nusd"] > 0
    seen = usage(ran)
    assert row["output"] == seen["output_tokens"]
    assert row["cache_read"] == seen["cached_input_tokens"]
    written = row["cache_write_30m"] + row["cache_write_12h"]
    assert row["input_fresh"] + row["cache_read"] + written == seen["input_tokens"]


def test_codex_as_openai_gives_up_its_websocket_at_once(
    street: Street, fresh_home: Path
) -> None:
    """The answer 426 sends it to HTTPS; any other costs it six tries and as many seconds."""
    mark = street.mark()
    ran = codex(
        street,
        fresh_home,
        *("-c", f'openai_base_url="{street.url}/v1"'),
        *("-m", "gpt-6.1-sol", "say hi"),
        OPENAI_API_KEY=street.key,
        CODEX_API_KEY=street.key,
    )
    assert ran.code == 0, ran.out + ran.err
    assert "simulated" in said(ran).lower()
    assert "Reconnecting" not in ran.out
    assert ran.seconds < 5
    (row,) = street.rows_after(mark)
    assert row["surface"] == "responses"
    assert row["model_sent"] == "gpt-6.1-sol"


@cell(CODEX, "responses", "errors")
def test_an_overload_is_survived_without_codex_noticing(
    street: Street, fresh_home: Path
) -> None:
    street.direct('title = "a bad moment"\n[[step]]\ncalls = "1-2"\ndo = "503"\n')
    mark = street.mark()
    ran = codex(street, fresh_home, *as_provider(street), "-m", "gpt-5.6-terra", "say hi")
    assert ran.code == 0, ran.out + ran.err
    assert "Reconnecting" not in ran.out
    (row,) = street.rows_after(mark)
    assert row["tries"] == 3


def test_an_unknown_model_is_named_with_those_that_are_known(
    street: Street, fresh_home: Path
) -> None:
    ran = codex(street, fresh_home, *as_provider(street), "-m", "no-such-model", "say hi")
    assert ran.code != 0
    assert "no-such-model" in ran.out
