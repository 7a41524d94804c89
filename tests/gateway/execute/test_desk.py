"""Containers and files are shown to their owner, in the shape of the vendor that is asked."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headgate.engine.container import Containers
from headgate.gateway.execute.desk import Desk
from headgate.gateway.execute.ops import Page
from headgate.wire.model import Fault, Kind


class Place:
    sandbox = None

    def __init__(self) -> None:
        self.containers = Containers(lambda: 0.0)


def page(method: str, what: str, *parts: str, **more: Any) -> Page:
    body = msgspec.json.encode(more.pop("body", {}))
    plain = Page("me", method, what, parts, {}, body, "", anthropic=False, most_memory_mb=2048)
    return msgspec.structs.replace(plain, **more)


async def read(desk: Desk, asked: Page) -> Any:
    return json.loads((await desk.answer(asked))[1])


async def test_a_container_is_made_shown_listed_and_ended() -> None:
    desk = Desk(Place())
    asked = page("POST", "containers", body={"name": "mine", "memory_limit": "64g"})
    made = await read(desk, asked)
    assert (made["name"], made.get("memory_limit")) == ("mine", None), "at most 2 GB here"
    assert (await read(desk, page("GET", "containers", made["id"])))["id"] == made["id"]
    assert [it["id"] for it in (await read(desk, page("GET", "containers")))["data"]] == [
        made["id"]
    ]
    for asked in (
        page("GET", "containers", made["id"], owner="you"),
        page("DELETE", "containers", made["id"], owner="you"),
        page("GET", "containers", made["id"], "files", owner="you"),
    ):
        with pytest.raises(Fault) as fault:
            await desk.answer(asked)
        assert fault.value.kind is Kind.NOT_FOUND
    assert (await read(desk, page("DELETE", "containers", made["id"])))["deleted"] is True
    assert (await read(desk, page("GET", "containers")))["data"] == []


async def test_a_file_is_shown_as_each_vendor_shows_files() -> None:
    place = Place()
    kept = place.containers.store("me", "a.txt", b"seven")
    desk = Desk(place)
    openai = await read(desk, page("GET", "files", kept.id))
    assert (openai["object"], openai["bytes"], openai["filename"]) == ("file", 5, "a.txt")
    anthropic = await read(desk, page("GET", "files", kept.id, anthropic=True))
    assert (anthropic["type"], anthropic["size_bytes"]) == ("file", 5)
    headers, data = await desk.answer(page("GET", "files", kept.id, "content"))
    assert data == b"seven"
    assert (b"x-content-type-options", b"nosniff") in headers


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (page("POST", "containers"), "name: is required"),
        (page("POST", "containers", body={"name": "a", "memory_limit": "3g"}), "must be 1g"),
        (page("PUT", "files"), "nothing is served with PUT"),
        (page("POST", "files"), "multipart/form-data"),
        (page("GET", "files", "file_no"), "does not exist"),
    ],
)
async def test_a_mistake_is_told_in_words(asked: Page, said: str) -> None:
    with pytest.raises(Fault, match=said):
        await Desk(Place()).answer(asked)
