"""The running gateway over HTTP: its configuration without secrets, reloads that are told."""

from __future__ import annotations

import pytest

from headgate.gateway.admin import plant
from headgate.store.sql import StoreError
from tests.gateway.admin import desk as desks
from tests.gateway.admin.desk import opened, problem
from tests.kit import ENV

pytestmark = [pytest.mark.slow, pytest.mark.asyncio]


async def test_a_reload_is_told_under_who_asked_for_it() -> None:
    async with opened() as desk:
        ci = await desk.token("ci", "admin", "config:write")
        got = await desk.ask("POST", "/admin/reload", token=ci)
        assert got.json == {"reloaded": True, "notes": ["there is no file to read again"]}
        assert (await desk.deeds())[-1] == ("ci", "config.reload", "config")


async def test_a_log_that_cannot_be_written_stops_no_reload_and_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: object) -> None:
        raise StoreError("the disk is full")

    async with opened() as desk:
        monkeypatch.setattr(plant, "connect", fail)
        assert (await desk.ask("POST", "/admin/reload")).status == 200
        said = [line for line in desk.field.logged() if line["event"] == "reload_not_logged"]
        assert [line["why"] for line in said] == ["the disk is full"]


async def test_the_configuration_is_shown_without_a_secret_and_only_to_the_whole_house() -> (
    None
):
    async with opened() as desk:
        body = (await desk.ask("GET", "/admin/config")).body
        for secret in (*ENV.values(), desks.TOKEN):
            assert secret.encode() not in body
        bound = await desk.token("bound", "auditor", "team:default")
        for path in ("/admin/config", "/admin/targets"):
            got = await desk.ask("GET", path, token=bound)
            assert (got.status, "whole house" in problem(got)) == (403, True)
