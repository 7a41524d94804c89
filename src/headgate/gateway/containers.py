"""The pages of containers and their files: lets callers in, and asks the worker that has them.

Rule 1: whoever may call a model may see what its own calls left, and nothing else.
Rule 2: all of an owner's are in one worker of this host; any worker answers for it.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from headgate.gateway.body import read_body
from headgate.gateway.edge import LINE
from headgate.gateway.execute.desk import Desk
from headgate.gateway.execute.ops import Page
from headgate.gateway.house import House
from headgate.gateway.keys import authenticate
from headgate.gateway.line import Line, Scope, id_field
from headgate.gateway.models import wants_anthropic
from headgate.gateway.sink import HttpSink
from headgate.wire.model import Headers

_PATH = re.compile(r"(?:/v1)?/(containers|files)((?:/[^/]+){0,4})/?")


def serves(path: str) -> bool:
    return path.startswith(("/v1/containers", "/v1/files", "/containers", "/files")) and bool(
        _PATH.fullmatch(path)
    )


class ContainerPages:
    """Answers for one gateway."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._desk = Desk(house.ground)

    async def __call__(self, scope: Scope, sink: HttpSink) -> None:
        """Answer; Fault says what is wrong with the request."""
        visit, execution = await self._let_in(scope), self._house.execution
        if execution is None:
            own, body = await self._desk.answer(visit)
        else:
            answer = await execution.do(visit)
            own, body = answer.headers, answer.data
        headers: Headers = [id_field(scope["headers"]), *own]
        await sink.whole(200, headers, body)

    async def _let_in(self, scope: Scope) -> Page:
        house, line = self._house, _line(scope)
        key, headers = authenticate(house.keys, scope["headers"])
        config = house.engine.config
        limit = config.server.max_body_bytes
        if not line.all_here and line.declared <= limit:
            await line.gather(limit)
        told = dict(headers)
        found = _PATH.fullmatch(scope["path"])
        assert found is not None, "it was routed here by its path"
        below = found[2].strip("/")
        return Page(
            house.keys.holder(key).key_id or "house",
            scope["method"],
            found[1],
            tuple(below.split("/")) if below else (),
            dict(parse_qsl(scope["query_string"].decode("latin-1"))),
            read_body(line, told, limit) if scope["method"] == "POST" else b"",
            told.get(b"content-type", b"").decode("latin-1"),
            wants_anthropic(scope["headers"]),
            config.sandbox.most_memory_mb,
        )


def _line(scope: Scope) -> Line:
    line: Line = scope[LINE]
    return line
