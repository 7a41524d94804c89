"""Requests to a vendor's API: whole, with our credential, and with words when they fail."""

from __future__ import annotations

import pytest

from headgate.sandbox.hosted.wire import Wire
from headgate.sandbox.model import Unavailable
from tests.sandbox.hosted.shop import shop

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("at", "header"), [(0, "x-api-key"), (1, "authorization")])
async def test_each_request_carries_our_credential(at: int, header: str) -> None:
    async with shop() as (sim, away):
        wire = Wire(away._providers[at], away._door)
        await wire.fetch("/models")
        assert sim.calls[-1].path == "/v1/models"
        assert "t" * 80 in sim.calls[-1].header("authorization") + sim.calls[-1].header(header)


async def test_a_file_arrives_byte_for_byte() -> None:
    async with shop() as (sim, away):
        wire = Wire(away._providers[1], away._door)
        data = bytes(range(256)) * 10 + b"\r\n--x--\r\n"
        made = await wire.upload("/files", "a.zip", data, purpose="user_data")
        assert sim.desk.files[made["id"]].data == data


async def test_what_is_refused_keeps_the_vendors_words() -> None:
    async with shop() as (_, away):
        wire = Wire(away._providers[1], away._door)
        with pytest.raises(Unavailable, match=r"404: .*not found") as failed:
            await wire.fetch("/containers/cntr_none")
        assert "--on local,openai" in failed.value.remedy
