"""Pages of containers and their files, and of Anthropic's files, at the simulator."""

from __future__ import annotations

import re
from typing import Any

from headgate.sim.batches import multipart
from headgate.sim.checks import Refused
from headgate.sim.stage import Play
from headgate.sim.text import encode
from headgate.sim.turn import JSON, Received, World, check_key, error, vendor_headers

PATH = re.compile(r".*?/(?P<what>containers|files)(?P<rest>(?:/[^/]+){0,4})")
"""providers put their own prefix before it"""


def page(world: World, call: Received, vendor: str) -> Play:
    """One request below /containers, or below Anthropic's /files."""
    found = PATH.fullmatch(call.path)
    assert found is not None, "it was routed here by its path"
    desk, rest = world.interpreters, [each for each in found["rest"].split("/") if each]
    try:
        check_key(world, vendor, call)
        body: Any = None
        if call.method == "POST" and call.header("content-type").startswith("multipart/"):
            body = multipart(call.header("content-type"), call.body).get("file")
        elif call.method == "POST":
            body = call.json()
        pages = desk.containers if found["what"] == "containers" else desk.store
        answer = _play(pages(call.key, call.method, rest, body))
    except Refused as wrong:
        return error(world, vendor, call, wrong)
    answer.headers += vendor_headers(world, vendor, call, metered=False)
    return answer


def _play(found: Any) -> Play:
    if isinstance(found, bytes):
        return Play(200, [(b"content-type", b"application/octet-stream")], found)
    return Play(200, [JSON], encode(found))
