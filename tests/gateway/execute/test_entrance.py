"""Each way in has its own paths and its own shape of error."""

from __future__ import annotations

import pytest

from headgate.gateway.execute.entrance import serves
from tests.gateway.execute.pretender import pretending
from tests.kit import request


@pytest.mark.parametrize(
    ("path", "is_served"),
    [
        ("/v1/execute", True),
        ("/v1/sessions/x/execute", True),
        ("/v1/artefacts/x", True),
        ("/run_code", True),
        ("/sandboxes/x", True),
        ("/execute", False),
        ("/health", False),
        ("/v1/files", False),
        ("/v1/messages", False),
    ],
)
def test_what_is_served(path: str, is_served: bool) -> None:
    assert serves({"path": path, "headers": []}) is is_served


@pytest.mark.slow
async def test_a_refusal_has_the_shape_of_the_api_that_was_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pretending(monkeypatch, "") as (field, _):
        ours = await field.post("/v1/execute", {"code": "1"})
        theirs = await field.post("/v2/sandboxes", {})
        fusion = await field.post("/run_code", {})
        assert {got.status for got in (ours, theirs, fusion)} == {403}
        assert ours.json["error"]["code"] == "execution_off"
        assert theirs.json["code"] == 403
        assert "enabled = true" in theirs.json["message"]
        refused = field.opened.house.refused
        assert refused["forbidden"] == 3


@pytest.mark.slow
async def test_a_web_page_may_not_run_code_here(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pretending(monkeypatch) as (field, boxes):
        page = {"origin": "https://evil.example", "sec-fetch-mode": "cors"}
        got = await field.post("/v1/execute", {"code": "say 1"}, page)
        assert got.status == 403
        rebound = {"host": "evil.example"}
        port = field.opened.server.port
        assert (await request(port, "POST", "/run_code", {}, rebound)).status == 403
        assert not boxes or boxes[0].jobs == []
