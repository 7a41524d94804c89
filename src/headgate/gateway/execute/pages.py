"""Which path runs code, opens a session or hands out what was made: our own API.

Rule 1: whoever may not run code is told so before anything of the request is read.
Rule 2: what belongs to another key is answered as what is not there.
Rule 3: names that come in a path are checked like those in a body.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import msgspec

from headgate.gateway.execute import asked, names, ops, said, trouble
from headgate.gateway.execute.box import load_catalogue
from headgate.gateway.execute.execution import Execution
from headgate.gateway.execute.ops import Room
from headgate.gateway.execute.trouble import Trouble, wrong
from headgate.gateway.execute.visit import Visit
from headgate.sandbox.model import File, Refused
from headgate.wire.model import Headers, Kind

EXECUTE, SESSIONS, ARTEFACTS = "/v1/execute", "/v1/sessions", "/v1/artefacts/"
LANGUAGES = "/v1/execute/languages"
TAR: Headers = [(b"content-type", b"application/x-tar")]

Page = Callable[[Visit, str, list[str]], Awaitable[None]]


def serves(path: str) -> bool:
    """Is this one of our own paths."""
    return path in (EXECUTE, SESSIONS, LANGUAGES) or path.startswith(
        (f"{SESSIONS}/", ARTEFACTS)
    )


class Pages:
    """Answers for one Execution."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution
        self._pages: dict[tuple[str, int], dict[str, Page]] = {
            ("execute", 1): {"POST": self._execute},
            ("execute", 2): {"GET": self._languages},
            ("sessions", 1): {"POST": self._open, "GET": self._list},
            ("sessions", 2): {"GET": self._show, "DELETE": self._close},
            ("artefacts", 2): {"GET": self._artefact},
        }
        self._of_session: dict[str, dict[str, Page]] = {
            "execute": {"POST": self._execute},
            "snapshot": {"GET": self._snapshot},
            "files": {"GET": self._get_file, "PUT": self._put_file},
        }

    async def __call__(self, visit: Visit, method: str, path: str) -> None:
        """Answer a request; Fault says what is wrong with it."""
        parts = path.removeprefix("/v1/").split("/")
        pages = self._pages.get((parts[0], len(parts)))
        if pages is None and parts[0] == "sessions" and len(parts) > 2:
            pages = self._of_session.get(parts[2])
            if parts[2] == "files" and len(parts) < 4:
                pages = None
        if pages is None:
            raise Trouble(
                Kind.NO_SUCH_PATH,
                f"nothing is served at {path[:200]!a}; sessions have /execute, /files/NAME and"
                " /snapshot",
            )
        page = pages.get(method)
        if page is None:
            await wrong_method(visit, f"{path[:200]} does not take {method}", [*pages])
            return
        await page(visit, path, parts)

    # ---- runs

    async def _execute(self, visit: Visit, path: str, parts: list[str]) -> None:
        body, session = await visit.body(), parts[1] if len(parts) > 1 else ""
        told = await visit.read(body, lambda data: asked.read(data, visit.tenant, session))
        check_languages(told)
        if told.session:
            told = await self._in_session(visit, told)
        voice = said.Ours(visit.id, several=told.several, stream=told.stream)
        await self._execution.runs.serve(visit, told, body, voice)

    async def _in_session(self, visit: Visit, told: asked.Asked) -> asked.Asked:
        """What is asked of a session speaks its language."""
        ask = ops.Look(visit.owner, told.session, visit.tenant)
        language = (await self._execution.do(ask)).rooms[0].language
        catalogue = load_catalogue()
        for job in told.jobs:
            if job.language and catalogue.named(job.language).name != language:
                raise wrong("language", f"is not that of the session, which is {language}")
        jobs = tuple(msgspec.structs.replace(job, language=language) for job in told.jobs)
        return told._replace(jobs=jobs)

    async def _languages(self, visit: Visit, path: str, parts: list[str]) -> None:
        found = [
            {"name": each.name, "aliases": list(each.aliases), "suffixes": list(each.suffixes)}
            for each in load_catalogue().LANGUAGES
        ]
        await _show(visit, {"object": "list", "data": found})

    # ---- sessions

    async def _open(self, visit: Visit, path: str, parts: list[str]) -> None:
        body = await visit.body()
        told = await visit.read(body, lambda data: asked.decode(data, asked.Opening))
        limits = asked.limits_of(told.limits)
        snapshot = b""
        if told.snapshot_base64:
            try:
                snapshot = base64.b64decode(told.snapshot_base64, validate=True)
            except (binascii.Error, ValueError):
                raise wrong("snapshot_base64", "is no base64") from None
        try:
            trouble.check_limits(visit.config.sandbox, limits)
            language = load_catalogue().named(told.language).name
        except Refused as error:
            raise trouble.of(error) from error
        ask = ops.Open(visit.owner, visit.tenant, language, limits, "", snapshot)
        room = (await self._execution.do(ask)).rooms[0]
        await _show(visit, _shown(room, visit), 201)

    async def _list(self, visit: Visit, path: str, parts: list[str]) -> None:
        rooms = await self._execution.rooms(visit.owner)
        shown = [_shown(room, visit) for room in rooms]
        await _show(visit, {"object": "list", "data": shown})

    async def _show(self, visit: Visit, path: str, parts: list[str]) -> None:
        rooms = (await self._execution.do(ops.Look(visit.owner, parts[1], visit.tenant))).rooms
        await _show(visit, _shown(rooms[0], visit))

    async def _close(self, visit: Visit, path: str, parts: list[str]) -> None:
        await self._execution.do(ops.Close(visit.owner, parts[1], visit.tenant))
        await _show(visit, {"id": parts[1], "object": "session", "deleted": True})

    async def _snapshot(self, visit: Visit, path: str, parts: list[str]) -> None:
        answer = await self._execution.do(ops.Take(visit.owner, parts[1], "", visit.tenant))
        await _bytes(visit, answer.data, TAR)

    async def _get_file(self, visit: Visit, path: str, parts: list[str]) -> None:
        name = names.check("/".join(parts[3:]), "path")
        answer = await self._execution.do(ops.Take(visit.owner, parts[1], name, visit.tenant))
        await _bytes(visit, answer.data, attachment(name, "application/octet-stream"))

    async def _put_file(self, visit: Visit, path: str, parts: list[str]) -> None:
        name = names.check("/".join(parts[3:]), "path")
        rooms = (await self._execution.do(ops.Look(visit.owner, parts[1], visit.tenant))).rooms
        data = await visit.body(rooms[0].limits.file_mb << 20)
        await self._execution.do(ops.Put(visit.owner, parts[1], File(name, data), visit.tenant))
        await _show(visit, {"path": name, "size": len(data)}, 201)

    async def _artefact(self, visit: Visit, path: str, parts: list[str]) -> None:
        answer = await self._execution.do(ops.Fetch(visit.owner, parts[1]))
        assert answer.made is not None
        await _bytes(visit, answer.data, attachment(answer.made.path, answer.made.mime))


def check_languages(told: asked.Asked) -> None:
    """Fault when a language is named that there is not."""
    for job in told.jobs:
        if job.language or not told.session:
            try:
                load_catalogue().named(job.language)
            except Refused as error:
                fault = trouble.of(error)
                fault.param, fault.code = "language", "unknown_language"
                raise fault from error


def attachment(path: str, mime: str) -> Headers:
    """So that a browser keeps what code made and never shows it as a page of ours."""
    name = quote(path.rpartition("/")[2], safe="")
    safe = mime if mime.isascii() and mime.isprintable() else "application/octet-stream"
    return [
        (b"content-type", safe.encode()),
        (b"content-disposition", f"attachment; filename*=UTF-8''{name}".encode()),
        (b"x-content-type-options", b"nosniff"),
    ]


def _shown(room: Room, visit: Visit) -> dict[str, Any]:
    idle_us = int(visit.config.sandbox.session_idle_s * 1e6)
    return {
        "id": room.id,
        "object": "session",
        "language": room.language,
        "limits": msgspec.to_builtins(room.limits),
        "created_at": moment(room.created_us),
        "used_at": moment(room.used_us),
        "expires_at": moment(room.used_us + idle_us),
        "runs": room.runs,
    }


def moment(us: int) -> str:
    return datetime.fromtimestamp(us // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def wrong_method(visit: Visit, what: str, allowed: list[str]) -> None:
    """Answer 405 with the methods that are taken."""
    takes = ", ".join(allowed)
    fault = Trouble(Kind.INVALID, f"{what}; it takes {takes}", code="wrong_method")
    headers = [(b"allow", takes.encode()), *trouble.headers(fault, visit.id)]
    body = msgspec.json.encode(trouble.fields(fault, visit.id))
    await visit.sink.whole(405, headers, body)


async def _show(visit: Visit, told: object, status: int = 200) -> None:
    await _bytes(visit, msgspec.json.encode(told), said.JSON, status)


async def _bytes(visit: Visit, data: bytes, headers: Headers, status: int = 200) -> None:
    named: Headers = [(b"x-request-id", visit.id.encode())]
    await visit.sink.whole(status, [*named, *headers], data)
