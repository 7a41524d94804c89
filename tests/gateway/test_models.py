"""The list of models, in the shape of whichever vendor's client asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import anthropic
import openai
import pytest

from tests.kit import ENV, Field, running

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
ANTHROPIC = {"anthropic-version": "2023-06-01"}


async def ids(field: Field, query: str = "") -> list[str]:
    page = (await field.get(f"/v1/models{query}", ANTHROPIC)).json
    return [one["id"] for one in page["data"]]


async def test_the_official_anthropic_client_reads_every_page_of_the_list(
    street: Field,
) -> None:
    def read() -> tuple[list[str], str]:
        with anthropic.Anthropic(base_url=street.url, api_key="sk-test") as client:
            every = [model.id for model in client.models.list(limit=7)]
            one = client.models.retrieve("claude-haiku-5-5")
            assert one.type == "model"
            assert one.display_name
            return every, one.id

    every, one = await asyncio.to_thread(read)
    assert one == "claude-haiku-5-5"
    assert len(every) == len(set(every)) > 7
    assert "claude-haiku-5-5" in every
    assert "gpt-6-luna" in every
    assert every == await ids(street, "?limit=1000")


async def test_the_official_openai_client_reads_the_whole_list(street: Field) -> None:
    def read() -> tuple[list[str], str, str]:
        with openai.OpenAI(base_url=f"{street.url}/v1", api_key="sk-test") as client:
            one = client.models.retrieve("gpt-6-luna")
            return [model.id for model in client.models.list()], one.id, one.object

    every, one, kind = await asyncio.to_thread(read)
    assert (one, kind) == ("gpt-6-luna", "model")
    assert every == await ids(street, "?limit=1000")


def not_found_of_anthropic(url: str) -> str:
    with (
        anthropic.Anthropic(base_url=url, api_key="sk-test") as client,
        pytest.raises(anthropic.NotFoundError) as caught,
    ):
        client.models.retrieve("claud-nothing")
    assert caught.value.response.json()["error"]["type"] == "not_found_error"
    return caught.value.message


def not_found_of_openai(url: str) -> str:
    with (
        openai.OpenAI(base_url=f"{url}/v1", api_key="sk-test") as client,
        pytest.raises(openai.NotFoundError) as caught,
    ):
        client.models.retrieve("claud-nothing")
    assert caught.value.code == "model_not_found"
    return caught.value.message


@pytest.mark.parametrize("ask", [not_found_of_anthropic, not_found_of_openai])
async def test_an_unknown_name_is_a_404_that_lists_the_known_ones(
    street: Field, ask: Callable[[str], str]
) -> None:
    text = await asyncio.to_thread(ask, street.url)
    assert "claud-nothing" in text
    assert "claude-*" in text


async def test_pages_can_be_walked_backwards(street: Field) -> None:
    every = await ids(street, "?limit=1000")
    page = (await street.get(f"/v1/models?limit=3&before_id={every[5]}", ANTHROPIC)).json
    assert [one["id"] for one in page["data"]] == every[2:5]
    assert page["has_more"] is True
    page = (await street.get(f"/v1/models?limit=3&before_id={every[2]}", ANTHROPIC)).json
    assert [one["id"] for one in page["data"]] == every[:2]
    assert page["has_more"] is False


@pytest.mark.parametrize("limit", ["0", "1001", "x", "-1"])
async def test_a_limit_that_makes_no_sense_is_a_400(street: Field, limit: str) -> None:
    got = await street.get(f"/v1/models?limit={limit}", ANTHROPIC)
    assert got.status == 400
    assert got.json["error"]["type"] == "invalid_request_error"
    assert "limit" in got.json["error"]["message"]


async def test_an_unknown_cursor_ends_the_list(street: Field) -> None:
    got = await street.get("/v1/models?after_id=nothing", ANTHROPIC)
    assert got.json == {"data": [], "has_more": False, "first_id": None, "last_id": None}


async def test_names_and_aliases_of_the_configuration_are_listed_first() -> None:
    toml = '[models]\nbest = ["anthropic:claude-opus-5-5"]\n"gpt-6-*" = ["openai"]\n'
    async with running(toml) as field:
        every = await ids(field, "?limit=1000")
        assert every[0] == "best"
        assert "gpt-6-luna" in every
        one = await field.get("/v1/models/best")
        assert one.json == {
            "id": "best",
            "object": "model",
            "created": 0,
            "owned_by": "anthropic",
        }
        assert (await field.get("/v1/models/anthropic%3Aclaude-x")).status == 200


async def test_a_gateway_without_known_models_lists_none() -> None:
    toml = '[providers.lab]\nkind = "vllm"\nbase_url = "{sim}/v1"\n'
    async with running(toml, env=ENV) as field:
        assert await ids(field) == []
        assert (await field.get("/v1/models")).json == {"object": "list", "data": []}
