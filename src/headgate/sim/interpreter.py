"""Vendors' hosted interpreters, simulated: containers, files, and runs of which nothing is run.

Rule 1: no code is ever run here. What a run prints says that it is simulated; a parcel of
Headgate's own is answered as if its code had printed so and ended well.
Rule 2: the model runs the code that stands fenced in the last words of its user, unless a
script gives it other code: then that.
Rule 3: each key sees only its own; what is kept is bounded, the oldest goes first.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from headgate.sim.checks import Refused, need
from headgate.sim.faults import Script
from headgate.sim.limits import rfc3339
from headgate.sim.text import encode, mint

MOST_KEPT = 500
SAYS = "[simulated] no code was run\n"
_FENCED = re.compile(r"```(?:python|bash)\n(.*?)\n```", re.S)
_PARCEL = re.compile(r"\bhg[0-9a-f]{16}\b")
Carry = Callable[[bytes], tuple[str, dict[str, bytes]]]
"""from a parcel to what it printed and the files it left"""


class Ran(NamedTuple):
    """What a model had run."""

    container: str
    code: str
    logs: str
    files: tuple[str, ...] = ()
    """ids of what it left"""


@dataclass(slots=True)
class Held:
    """A file at the vendor."""

    id: str
    key: str
    name: str
    container: str
    created: float
    data: bytes
    source: str = "user"


@dataclass(slots=True)
class Box:
    """A container."""

    id: str
    key: str
    created: float
    body: dict[str, Any] = field(default_factory=dict)


def carry(data: bytes) -> tuple[str, dict[str, bytes]]:
    """A parcel's outcome without its code having been run."""
    with zipfile.ZipFile(io.BytesIO(data)) as bundle:
        spec = msgspec.json.decode(bundle.read("spec.json"))
    told = encode(
        {
            "status": "",
            "code": 0,
            "stdout": b64encode(SAYS.encode()).decode(),
            "stderr": "",
            "lost": 0,
            "made": [],
            "ms": 1.0,
            "cpu_ms": 1.0,
            "peak_mb": 1.0,
            "version": "simulated",
        }
    )
    name = str(spec["name"])
    return f"{name} {hashlib.sha256(told).hexdigest()}\n", {f"{name}.json": told}


@dataclass(slots=True)
class Interpreters:
    """What vendors keep of containers and files."""

    seed: int
    clock: Callable[[], float]
    carry: Carry = carry
    boxes: dict[str, Box] = field(default_factory=dict)
    files: dict[str, Held] = field(default_factory=dict)
    made: int = 0

    def _mint(self, prefix: str) -> str:
        self.made += 1
        return mint(self.seed, self.made, prefix, 24)

    def _box(self, key: str, id: str) -> Box:
        box = self.boxes.get(id)
        if box is None or box.key != key:
            raise Refused(f"Container {id} not found or expired", 404)
        return box

    def _file(self, key: str, id: str, container: str = "") -> Held:
        held = self.files.get(id)
        if held is None or held.key != key or (container and held.container != container):
            raise Refused(f"File {id} not found", 404)
        return held

    def hold(self, key: str, name: str, data: bytes, container: str, source: str) -> Held:
        prefix = "cfile_" if container.startswith("cntr") else "file_01"
        held = Held(self._mint(prefix), key, name, container, self.clock(), data, source)
        self.files[held.id] = held
        if len(self.files) > MOST_KEPT:
            del self.files[next(iter(self.files))]
        return held

    def open(self, key: str, prefix: str, body: dict[str, Any]) -> Box:
        box = Box(self._mint(prefix), key, self.clock(), body)
        self.boxes[box.id] = box
        if len(self.boxes) > MOST_KEPT:
            del self.boxes[next(iter(self.boxes))]
        return box

    # --- what a model runs -------------------------------------------------------------

    def run(self, key: str, body: dict[str, Any], script: Script) -> Ran | None:
        """What the model of this request runs; None: nothing."""
        box = self._wanted(key, body)
        code = _code(body, script)
        if box is None or not code:
            return None
        logs, left = SAYS, dict[str, bytes]()
        found = _PARCEL.search(code)
        for held in list(self.files.values()) if found is not None else ():
            if found is not None and held.name == f"{found[0]}.zip" and held.key == key:
                logs, left = self.carry(held.data)
        made = [self.hold(key, name, data, box.id, "assistant") for name, data in left.items()]
        return Ran(box.id, code, logs, tuple(it.id for it in made))

    def _wanted(self, key: str, body: dict[str, Any]) -> Box | None:
        """The container that a request names, or a new one; None: it has no such tool."""
        for tool in body.get("tools") or ():
            kind = str(tool.get("type"))
            if kind == "code_interpreter":
                container = tool.get("container")
                need(container is not None, "Missing required parameter: 'tools[0].container'.")
                named = isinstance(container, str)
                return self._box(key, container) if named else self.open(key, "cntr_", {})
            if kind.startswith("code_execution_"):
                id = body.get("container")
                return self._box(key, str(id)) if id else self.open(key, "container_01", {})
        return None

    # --- pages -------------------------------------------------------------------------

    def containers(self, key: str, method: str, rest: list[str], body: Any) -> Any:
        """POST, GET and DELETE below /v1/containers; bytes: a file's content."""
        match (method, *rest):
            case ("POST",):
                named = isinstance(body, dict) and bool(body.get("name"))
                need(named, "Missing required parameter: 'name'.")
                return _shown_box(self.open(key, "cntr_", body))
            case ("GET", id):
                return _shown_box(self._box(key, id))
            case ("DELETE", id):
                del self.boxes[self._box(key, id).id]
                return {"id": id, "object": "container.deleted", "deleted": True}
            case ("POST", id, "files"):
                name, data = body
                return _shown_inside(self.hold(key, name, data, self._box(key, id).id, "user"))
            case ("GET", id, "files"):
                own = [it for it in self.files.values() if it.container == id and it.key == key]
                shown = [_shown_inside(it) for it in own]
                return {"object": "list", "data": shown, "has_more": False}
            case ("GET", id, "files", name, "content"):
                return self._file(key, name, id).data
            case _:
                raise Refused("not found", 404)

    def store(self, key: str, method: str, rest: list[str], body: Any) -> Any:
        """The same below Anthropic's /v1/files."""
        match (method, *rest):
            case ("POST",):
                name, data = body
                return _shown_file(self.hold(key, name, data, "", "user"))
            case ("GET", id):
                return _shown_file(self._file(key, id))
            case ("GET", id, "content"):
                return self._file(key, id).data
            case ("DELETE", id):
                del self.files[self._file(key, id).id]
                return {"id": id, "type": "file_deleted"}
            case _:
                raise Refused("not found", 404)


def _code(body: dict[str, Any], script: Script) -> str:
    """What the model runs."""
    for given in script.tool_inputs if not script.tool else ():
        found = msgspec.json.decode(given)
        return str(found.get("code") or found.get("command") or "")
    words = body.get("input")
    if not isinstance(words, str):
        turns = body.get("messages") or body.get("input") or [{}]
        words = turns[-1].get("content")
    if isinstance(words, list):
        words = "\n".join(str(part.get("text") or "") for part in words)
    fenced = _FENCED.search(str(words or ""))
    return fenced[1] if fenced is not None else ""


def _shown_box(box: Box) -> dict[str, Any]:
    return {
        "id": box.id,
        "object": "container",
        "created_at": int(box.created),
        "status": "running",
        "expires_after": {"anchor": "last_active_at", "minutes": 20},
        "last_active_at": int(box.created),
        "memory_limit": box.body.get("memory_limit") or "1g",
        "name": box.body.get("name") or "auto",
    }


def _shown_inside(held: Held) -> dict[str, Any]:
    return {
        "id": held.id,
        "object": "container.file",
        "created_at": int(held.created),
        "bytes": len(held.data),
        "container_id": held.container,
        "path": f"/mnt/data/{held.name}",
        "source": held.source,
    }


def _shown_file(held: Held) -> dict[str, Any]:
    return {
        "id": held.id,
        "type": "file",
        "filename": held.name,
        "mime_type": "application/octet-stream",
        "size_bytes": len(held.data),
        "created_at": rfc3339(held.created),
        "downloadable": held.source == "assistant",
    }
