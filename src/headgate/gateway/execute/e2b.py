"""What E2B's code-interpreter SDK asks for, answered with sessions of ours.

Rule 1: a sandbox of theirs is a Python session; a context is a session of its own, and what has
no sessions here (bash, R, TypeScript) runs each time anew.
Rule 2: who made a sandbox is told a token for it, and whoever shows that token is that key.
Rule 3: what we do not have (commands, networks, templates, pausing) is answered as missing.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import parse_qs

import msgspec

from headgate.config import Config
from headgate.gateway.execute import multipart, names, ops, said, visit
from headgate.gateway.execute.asked import Asked, decode
from headgate.gateway.execute.box import load_catalogue
from headgate.gateway.execute.e2bvoice import Voice, refusal
from headgate.gateway.execute.execution import Execution
from headgate.gateway.execute.ops import Room
from headgate.gateway.execute.trouble import Trouble, wrong
from headgate.gateway.execute.visit import Visit
from headgate.gateway.line import Scope
from headgate.gateway.sink import HttpSink
from headgate.sandbox.model import File, Job, Limits
from headgate.store.keys import Keys
from headgate.wire import headers as fields
from headgate.wire.call import Caller
from headgate.wire.model import Headers, Kind

SANDBOX = b"e2b-sandbox-id"
TOKENS = (b"x-access-token", b"e2b-traffic-access-token")
PREFIX = "e2bt"
TEMPLATE = "headgate"
ENVD = "0.5.7"
"""the version of theirs whose files API ours is like"""
WORK = "/".join(("", "home", "user"))
"""what their clients call the work folder"""
STATEFUL = frozenset(("python", "javascript"))
USUAL_WALL_S = 60.0
_DATA = ("/execute", "/health", "/files")
_CONTROL = ("/sandboxes", "/v2/sandboxes")

Page = Callable[[Visit, Scope, str], Awaitable[None]]


_NO_ENV = "variables cannot be given to a sandbox here"


class New(msgspec.Struct, rename={"env_vars": "envVars"}):
    """A sandbox; what is more is left alone."""

    env_vars: dict[str, str] | None = None


class Code(msgspec.Struct):
    code: str
    context_id: str | None = None
    language: str | None = None
    env_vars: dict[str, str] | None = None


class Wished(msgspec.Struct):
    """A context."""

    language: str | None = None
    cwd: str | None = None


def serves(path: str, headers: Headers) -> bool:
    """Is this a request of their SDK."""
    if path in _CONTROL or path.startswith(("/sandboxes/", "/v2/sandboxes/")):
        return True
    data = path in _DATA or path == "/contexts" or path.startswith("/contexts/")
    return data and bool(fields.first(headers, SANDBOX))


class Guard(NamedTuple):
    """What tokens are known by."""

    keys: Keys
    secret: bytes

    def token(self, owner: str, sandbox: str) -> str:
        """What opens this sandbox, and nothing else."""
        said = f"e2b {owner} {sandbox}".encode()
        return f"{PREFIX}.{owner}.{hmac.new(self.secret, said, hashlib.sha256).hexdigest()}"


def let_in(guard: Guard, config: Config, scope: Scope, sink: HttpSink, id: str) -> Visit:
    """The visit of who shows a key, or a sandbox's token."""
    keys, headers = guard.keys, scope["headers"]
    token = next((t for name in TOKENS if (t := fields.text(headers, name))), "")
    if not token.startswith(f"{PREFIX}."):
        return visit.let_in(keys, config, scope, sink, id)
    parts = token.split(".")
    key = keys.named(parts[1]) if len(parts) == 3 else None
    sandbox = fields.text(headers, SANDBOX)
    if key is None or not hmac.compare_digest(token, guard.token(key.id, sandbox)):
        raise Trouble(Kind.AUTH, "this token opens no sandbox here", code="invalid_token")
    kept = [field for field in headers if field[0] not in TOKENS]
    caller = Caller(kept, keys.holder(key))
    return visit.visit_of(keys, config, (key, caller), (scope, sink), id)


class E2b:
    """Answers for one Execution."""

    def __init__(self, execution: Execution, guard: Guard) -> None:
        self._execution = execution
        self._guard = guard

    async def __call__(self, visit: Visit, scope: Scope) -> None:
        path, method = scope["path"], scope["method"]
        parts = path.removeprefix("/v2").strip("/").split("/")
        page = self._page(method, parts)
        if page is None:
            raise Trouble(
                Kind.NO_SUCH_PATH,
                f"{method} {path[:200]} of E2B is not served here; run_code, contexts, files"
                " and the life of a sandbox are",
            )
        await page(visit, scope, parts[1] if len(parts) > 1 else "")

    def _page(self, method: str, parts: list[str]) -> Page | None:
        """What answers this path; None: nothing does."""
        shape = (
            method,
            parts[0],
            *("…" if at == 1 else it for at, it in enumerate(parts) if at),
        )
        pages: dict[tuple[str, ...], Page] = {
            ("POST", "sandboxes"): self._create,
            ("GET", "sandboxes"): self._list,
            ("GET", "sandboxes", "…"): self._show,
            ("DELETE", "sandboxes", "…"): self._kill,
            ("POST", "sandboxes", "…", "timeout"): self._timeout,
            ("POST", "sandboxes", "…", "connect"): self._connect,
            ("POST", "execute"): self._execute,
            ("POST", "contexts"): self._new_context,
            ("GET", "contexts"): self._contexts,
            ("DELETE", "contexts", "…"): self._drop_context,
            ("POST", "contexts", "…", "restart"): self._restart,
            ("GET", "health"): self._health,
            ("GET", "files"): self._read_file,
            ("POST", "files"): self._write_file,
        }
        return pages.get(shape)

    # ---- the life of a sandbox

    async def _create(self, visit: Visit, scope: Scope, id: str) -> None:
        if decode(await visit.body(), New).env_vars:
            raise wrong("envVars", _NO_ENV, "set os.environ in the code")
        room = await self._open(visit, "python", "sandbox")
        await _show(visit, self._told(room), 201)

    async def _connect(self, visit: Visit, scope: Scope, id: str) -> None:
        await _show(visit, self._told(await self._find(visit, id)))

    async def _list(self, visit: Visit, scope: Scope, id: str) -> None:
        rooms = await self._execution.rooms(visit.owner)
        found = [_detail(room, visit) for room in rooms if room.label == "sandbox"]
        await _show(visit, found)

    async def _show(self, visit: Visit, scope: Scope, id: str) -> None:
        await _show(visit, _detail(await self._find(visit, id), visit))

    async def _kill(self, visit: Visit, scope: Scope, id: str) -> None:
        await self._find(visit, id)
        for room in await self._contexts_of(visit, id):
            await self._execution.do(ops.Close(visit.owner, room.id))
        await visit.sink.whole(204, [(b"x-request-id", visit.id.encode())], b"")

    async def _timeout(self, visit: Visit, scope: Scope, id: str) -> None:
        """Sessions end when they are idle, however long they were asked to live."""
        await self._find(visit, id)
        await visit.sink.whole(204, [(b"x-request-id", visit.id.encode())], b"")

    async def _health(self, visit: Visit, scope: Scope, id: str) -> None:
        """Their word for a sandbox that is gone is 502."""
        try:
            await self._find(visit, _sandbox(scope))
        except Trouble as trouble:
            _, body = refusal(trouble)
            told = msgspec.json.decode(body) | {"sandboxId": _sandbox(scope), "code": 502}
            await _show(visit, told, 502)
            return
        await visit.sink.whole(204, [(b"x-request-id", visit.id.encode())], b"")

    # ---- contexts

    async def _new_context(self, visit: Visit, scope: Scope, id: str) -> None:
        sandbox, body = _sandbox(scope), await visit.body()
        wished = decode(body, Wished)
        if wished.cwd not in (None, "", WORK):
            raise wrong("cwd", f"code always begins in its work folder, {WORK}")
        await self._find(visit, sandbox)
        language = load_catalogue().named(wished.language or "python").name
        if language not in STATEFUL:
            raise wrong("language", f"{language} has no contexts here; run_code runs it anew")
        room = await self._open(visit, language, f"{sandbox}/context")
        await _show(visit, _context(room), 201)

    async def _contexts(self, visit: Visit, scope: Scope, id: str) -> None:
        rooms = await self._contexts_of(visit, _sandbox(scope))
        await _show(visit, [_context(room) for room in rooms])

    async def _drop_context(self, visit: Visit, scope: Scope, id: str) -> None:
        await self._context_of(visit, scope, id)
        await self._execution.do(ops.Close(visit.owner, id))
        await visit.sink.whole(204, [(b"x-request-id", visit.id.encode())], b"")

    async def _restart(self, visit: Visit, scope: Scope, id: str) -> None:
        raise Trouble(
            Kind.UNSUPPORTED,
            "contexts are not restarted here",
            remedy="remove the context and create another",
        )

    # ---- code and files

    async def _execute(self, visit: Visit, scope: Scope, id: str) -> None:
        body = await visit.body()
        told = await visit.read(body, lambda data: decode(data, Code))
        session, language = await self._where(visit, scope, told)
        if session and told.env_vars:
            raise wrong("env_vars", _NO_ENV, "set os.environ in the code")
        limits = Limits(wall_s=min(USUAL_WALL_S, visit.config.sandbox.most_wall_s))
        job = Job(
            language,
            told.code,
            limits=limits,
            tenant=visit.tenant,
            cached=False,
            env=tuple(sorted((told.env_vars or {}).items())),
        )
        asked = Asked((job,), False, session, True, None)
        await self._execution.runs.serve(visit, asked, body, Voice())

    async def _where(self, visit: Visit, scope: Scope, told: Code) -> tuple[str, str]:
        """(session, language): the context that is named, or the usual one of the language."""
        sandbox = _sandbox(scope)
        if told.context_id:
            room = await self._context_of(visit, scope, told.context_id)
            return room.id, room.language
        main = await self._find(visit, sandbox)
        language = load_catalogue().named(told.language or main.language).name
        if language == main.language:
            return main.id, language
        if language not in STATEFUL:
            return "", language
        label = f"{sandbox}/{language}"
        rooms = await self._execution.rooms(visit.owner)
        found = next((room for room in rooms if room.label == label), None)
        found = found or await self._open(visit, language, label)
        return found.id, language

    async def _read_file(self, visit: Visit, scope: Scope, id: str) -> None:
        room = await self._find(visit, _sandbox(scope))
        answer = await self._execution.do(ops.Take(visit.owner, room.id, _path(scope)))
        kind = (b"content-type", b"application/octet-stream")
        named = (b"x-request-id", visit.id.encode())
        await visit.sink.whole(200, [named, kind], answer.data)

    async def _write_file(self, visit: Visit, scope: Scope, id: str) -> None:
        room = await self._find(visit, _sandbox(scope))
        body = await visit.body(room.limits.disk_mb << 20)
        kind = fields.text(scope["headers"], b"content-type")
        if multipart.is_multipart(kind):
            parts = await visit.read(body, lambda data: multipart.read(data, kind))
        else:
            parts = [(_query(scope), body)]
        named = [(inside(name or _query(scope)), data) for name, data in parts]
        for path, data in named:
            await self._execution.do(ops.Put(visit.owner, room.id, File(path, data)))
        found = [
            {"name": path.rpartition("/")[2], "type": "file", "path": f"{WORK}/{path}"}
            for path, _ in named
        ]
        await _show(visit, found)

    # ---- rooms

    async def _open(self, visit: Visit, language: str, label: str) -> Room:
        ask = ops.Open(visit.owner, visit.tenant, language, Limits(), label)
        return (await self._execution.do(ask)).rooms[0]

    async def _find(self, visit: Visit, id: str) -> Room:
        room = (await self._execution.do(ops.Look(visit.owner, id, visit.tenant))).rooms[0]
        if room.label != "sandbox":
            raise ops.absent(id, ops.SESSION)
        return room

    async def _contexts_of(self, visit: Visit, id: str) -> list[Room]:
        """The sandbox's own and those that were made in it."""
        rooms = await self._execution.rooms(visit.owner)
        return [room for room in rooms if room.id == id or room.label.startswith(f"{id}/")]

    async def _context_of(self, visit: Visit, scope: Scope, id: str) -> Room:
        sandbox = _sandbox(scope)
        room = (await self._execution.do(ops.Look(visit.owner, id, visit.tenant))).rooms[0]
        if room.id != sandbox and not room.label.startswith(f"{sandbox}/"):
            raise ops.absent(id, ops.SESSION)
        return room

    def _told(self, room: Room) -> dict[str, Any]:
        token = self._guard.token(room.owner, room.id) if room.owner else None
        return {
            "sandboxID": room.id,
            "templateID": TEMPLATE,
            "clientID": TEMPLATE,
            "envdVersion": ENVD,
            "envdAccessToken": token,
            "trafficAccessToken": token,
            "domain": None,
        }


def _sandbox(scope: Scope) -> str:
    headers: Headers = scope["headers"]
    return fields.text(headers, SANDBOX)


def _query(scope: Scope) -> str:
    query: bytes = scope["query_string"]
    found = parse_qs(query.decode("latin-1"), keep_blank_values=True)
    return found.get("path", [""])[0]


def _path(scope: Scope) -> str:
    return inside(_query(scope))


def inside(path: str) -> str:
    """A path of theirs as one inside the work folder."""
    return names.check(path.removeprefix(f"{WORK}/"), "path")


def _context(room: Room) -> dict[str, Any]:
    return {"id": room.id, "language": room.language, "cwd": WORK}


def _detail(room: Room, visit: Visit) -> dict[str, Any]:
    idle_us = int(visit.config.sandbox.session_idle_s * 1e6)
    return {
        "sandboxID": room.id,
        "templateID": TEMPLATE,
        "clientID": TEMPLATE,
        "startedAt": _moment(room.created_us),
        "endAt": _moment(room.used_us + idle_us),
        "envdVersion": ENVD,
        "cpuCount": 1,
        "memoryMB": room.limits.memory_mb,
        "diskSizeMB": room.limits.disk_mb,
        "state": "running",
        "metadata": {},
    }


def _moment(us: int) -> str:
    return datetime.fromtimestamp(us / 1e6, UTC).isoformat()


async def _show(visit: Visit, told: object, status: int = 200) -> None:
    named: Headers = [(b"x-request-id", visit.id.encode())]
    await visit.sink.whole(status, [*named, *said.JSON], msgspec.json.encode(told))
