"""Containers and their files as both vendors' SDKs read them, over those of this process.

Facts: API references "Containers", "Container files" (OpenAI) and "Files" (Anthropic), SDKs
3.54.0 and 2.12.0, as of 2026-11-22.
Rule 1: a key sees what its own calls made and what it uploaded, and nothing else.
Rule 2: `/v1/files` answers in the shape of the vendor whose fields the request carries.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

import msgspec

from headgate.engine.container import Container, Containers, Kept, Sandboxed
from headgate.gateway.execute import multipart
from headgate.gateway.execute.ops import Page
from headgate.wire.model import Fault, Headers, Kind

_NAME = re.compile(r"[^/\\\x00-\x1f\x7f]{1,255}")
MEBIBYTES = {"": 0, "1g": 1024, "4g": 4096, "16g": 16_384, "64g": 65_536}
_JSON: tuple[bytes, bytes] = (b"content-type", b"application/json")
_OBJECT = msgspec.json.Decoder(dict[str, Any])
MOST_LISTED = 100


class _Data(NamedTuple):
    """A file's content as an answer."""

    kept: Kept


class Place(Protocol):
    """What holds them."""

    @property
    def sandbox(self) -> Sandboxed | None: ...

    @property
    def containers(self) -> Containers: ...


class Desk:
    """Answers for what is in one process."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def _all(self) -> Containers:
        return self._place.containers

    async def answer(self, visit: Page) -> tuple[Headers, bytes]:
        """The answer's own headers and its body; Fault says what is wrong with the request."""
        if visit.what == "files":
            answer = self._files(visit)
        else:
            answer = await self._containers(visit)
        if isinstance(answer, _Data):
            return _download(answer.kept), answer.kept.data
        return [_JSON], msgspec.json.encode(answer)

    # ---- /v1/containers

    async def _containers(self, visit: Page) -> Any:
        match (visit.method, *visit.parts):
            case ("POST",):
                return self._make(visit)
            case ("GET",):
                return _page([self._shown(it) for it in self._all.of(visit.owner)], visit)
            case ("GET", id):
                return self._shown(self._all.find(id, visit.owner))
            case ("DELETE", id):
                await self._all.close(self._all.find(id, visit.owner), self._place.sandbox)
                return {"id": id, "object": "container.deleted", "deleted": True}
            case (_, id, "files", *rest):
                return self._in_container(visit, self._all.find(id, visit.owner), rest)
            case _:
                raise _no_such(visit)

    def _in_container(self, visit: Page, container: Container, rest: list[str]) -> Any:
        match (visit.method, *rest):
            case ("POST",):
                return _shown_here(self._lay(visit, container))
            case ("GET",):
                found = self._all.files_of(container)
                return _page([_shown_here(it) for it in found], visit)
            case ("GET", id):
                return _shown_here(self._inside(container, id))
            case ("GET", id, "content"):
                return _Data(self._inside(container, id))
            case ("DELETE", id):
                self._all.forget(self._inside(container, id).id)
                return {"id": id, "object": "container.file.deleted", "deleted": True}
            case _:
                raise _no_such(visit)

    def _inside(self, container: Container, id: str) -> Kept:
        kept = self._all.file(id, container.owner)
        if kept.container != container.id:
            raise Fault(Kind.NOT_FOUND, f"file {id[:80]!r} is not in this container")
        return kept

    def _make(self, visit: Page) -> Any:
        asked = _object(visit.body)
        name, memory = asked.get("name"), str(asked.get("memory_limit") or "")
        if not isinstance(name, str) or not name:
            raise Fault(Kind.INVALID, "name: is required")
        if memory not in MEBIBYTES:
            raise Fault(Kind.INVALID, "memory_limit: must be 1g, 4g, 16g or 64g")
        if (asked.get("network_policy") or {}).get("type") == "allowlist":
            text = "network_policy: Headgate's sandbox has no network; leave it out"
            raise Fault(Kind.INVALID, text)
        most = visit.most_memory_mb
        wanted = min(MEBIBYTES[memory], most)
        container = self._all.open(visit.owner, "cntr", wanted, name)
        self._all.share(container, map(str, asked.get("file_ids") or ()))
        return self._shown(container)

    def _lay(self, visit: Page, container: Container) -> Kept:
        if not multipart.is_multipart(visit.kind):
            id = str(_object(visit.body).get("file_id") or "")
            self._all.share(container, [id])
            return self._all.files_of(container)[-1]
        name, data = _upload(visit)
        return self._all.lay(container, name, data)

    def _shown(self, container: Container) -> dict[str, Any]:
        mebibytes = container.limits.memory_mb
        limit = next((k for k, v in MEBIBYTES.items() if k and v == mebibytes), None)
        shown = {
            "id": container.id,
            "object": "container",
            "created_at": int(container.at.timestamp()),
            "status": "active",
            "last_active_at": int(container.used_at.timestamp()),
            "expires_after": {
                "anchor": "last_active_at",
                "minutes": int(self._all.idle_s / 60),
            },
            "name": container.name,
            "network_policy": {"type": "disabled"},
        }
        return {**shown, "memory_limit": limit} if limit else shown

    # ---- /v1/files

    def _files(self, visit: Page) -> Any:
        owner, shown = visit.owner, _shown_there if visit.anthropic else _shown_openai
        match (visit.method, *visit.parts):
            case ("POST",):
                return shown(self._all.store(owner, *_upload(visit)))
            case ("GET",):
                return _page([shown(it) for it in self._all.files_by(owner)], visit)
            case ("GET", id):
                return shown(self._all.file(id, owner))
            case ("GET", id, "content"):
                return _Data(self._all.file(id, owner))
            case ("DELETE", id):
                self._all.forget(self._all.file(id, owner).id)
                if visit.anthropic:
                    return {"id": id, "type": "file_deleted"}
                return {"id": id, "object": "file", "deleted": True}
            case _:
                raise _no_such(visit)


def _no_such(visit: Page) -> Fault:
    text = (
        "containers and their files are read at GET /v1/containers, /v1/containers/ID,"
        " /v1/containers/ID/files and /v1/files; …/FILE/content is a file's content"
    )
    return Fault(Kind.NO_SUCH_PATH, f"nothing is served with {visit.method} here; {text}")


def _object(body: bytes) -> dict[str, Any]:
    try:
        return _OBJECT.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Fault(Kind.INVALID, "the request body must be a JSON object") from None


def _upload(visit: Page) -> tuple[str, bytes]:
    """The one file of a body."""
    if not multipart.is_multipart(visit.kind):
        raise Fault(Kind.INVALID, "send the file as multipart/form-data, in a part `file`")
    found = [(name, data) for name, data in multipart.read(visit.body, visit.kind) if name]
    if len(found) != 1:
        raise Fault(Kind.INVALID, "file: must be one file with a name")
    name, data = found[0]
    name = name.rpartition("/")[2]
    if not _NAME.fullmatch(name) or name in (".", ".."):
        raise Fault(Kind.INVALID, "file: its name must be one of a file, without folders")
    return name, data


def _shown_here(kept: Kept) -> dict[str, Any]:
    """As a file of a container."""
    return {
        "id": kept.id,
        "object": "container.file",
        "created_at": int(kept.at.timestamp()),
        "bytes": len(kept.data),
        "container_id": kept.container,
        "path": f"/mnt/data/{kept.path}",
        "source": kept.source,
    }


def _shown_openai(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.id,
        "object": "file",
        "bytes": len(kept.data),
        "created_at": int(kept.at.timestamp()),
        "filename": kept.path,
        "purpose": "user_data" if kept.source == "user" else "assistants_output",
        "status": "processed",
    }


def _shown_there(kept: Kept) -> dict[str, Any]:
    """As Anthropic shows a file."""
    return {
        "id": kept.id,
        "type": "file",
        "filename": kept.path,
        "mime_type": kept.mime,
        "size_bytes": len(kept.data),
        "created_at": kept.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "downloadable": True,
    }


def _page(items: list[dict[str, Any]], visit: Page) -> dict[str, Any]:
    """A page of what is listed, the newest first, in both vendors' envelope."""
    items = items[::-1] if visit.query.get("order") != "asc" else items
    ids = [item["id"] for item in items]
    after = visit.query.get("after") or visit.query.get("after_id")
    start = ids.index(after) + 1 if after in ids else 0
    limit = visit.query.get("limit", "20")
    most = min(MOST_LISTED, max(1, int(limit))) if limit.isdigit() else 20
    found = items[start : start + most]
    return {
        "object": "list",
        "data": found,
        "first_id": found[0]["id"] if found else None,
        "last_id": found[-1]["id"] if found else None,
        "has_more": start + len(found) < len(items),
    }


def _download(kept: Kept) -> Headers:
    """What code made is handed on as a file, never shown as a page of ours."""
    name = quote(kept.path.rpartition("/")[2])
    return [
        (b"content-type", _safe(kept.mime)),
        (b"content-disposition", f"attachment; filename*=UTF-8''{name}".encode()),
        (b"x-content-type-options", b"nosniff"),
    ]


def _safe(mime: str) -> bytes:
    good = re.fullmatch(r"[a-z]+/[A-Za-z0-9.+-]+", mime)
    return mime.encode() if good else b"application/octet-stream"
