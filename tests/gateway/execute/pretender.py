"""A sandbox in name only, for tests of what stands in front of it: it obeys a few words.

`say TEXT`, `moan TEXT`, `wait SECONDS`, `exit N`, `make NAME TEXT`, `large NAME MEBIBYTES`,
`keep NAME TEXT` (answered by reference), `end STATUS`, `queue` (for ever), `note X` and
`recall` (what a session remembers), `busy`, `gone`.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import tarfile
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from types import TracebackType

import msgspec
import pytest

from headgate.gateway.execute.execution import box_of
from headgate.gateway.execute.ops import Begin, Hear
from headgate.sandbox.catalogue import named
from headgate.sandbox.model import (
    Artefact,
    Isolation,
    Job,
    Limits,
    Made,
    Output,
    Refused,
    Result,
    Status,
    Unavailable,
)
from headgate.sandbox.settings import Settings
from tests.kit import HASTE, Field, running


class Pretender:
    """One sandbox: what it ran, and what it was told to give up."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.jobs: list[Job] = []
        self.stopped = 0
        self.going = 0
        self.is_open = False
        self.refuses: Unavailable | None = None
        self._rooms: dict[str, tuple[str, dict[str, str], dict[str, bytes]]] = {}
        self._kept: dict[str, Artefact] = {}
        self._notes: dict[str, tuple[str, bytes]] = {}

    async def __aenter__(self) -> Pretender:
        if self.refuses is not None:
            raise self.refuses
        self.is_open = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_open = False

    def figures(self) -> Mapping[str, float]:
        return {"running": self.going, "waiting": 0, "spares": 3}

    async def run(
        self, job: Job, heard: Hear | None = None, begins: Begin | None = None
    ) -> Result:
        self.jobs.append(job)
        language = named(job.language).name
        notes, files = self._place(job)
        files |= {each.path: each.data for each in job.files}
        run = _Run(self, job, heard, notes)
        self.going += 1
        try:
            async with asyncio.timeout(job.limits.wall_s):
                if job.code.startswith("queue"):
                    await asyncio.sleep(60)
                if begins is not None:
                    begins()
                for line in job.code.splitlines():
                    await run.obey(line)
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        except TimeoutError:
            run.status = Status.WALL
        except Stop:
            pass
        finally:
            self.going -= 1
        return run.result(language)

    def _place(self, job: Job) -> tuple[dict[str, str], dict[str, bytes]]:
        if not job.session:
            return {}, {}
        if job.session not in self._rooms:
            raise Refused("there is no such session", kind="not_found")
        tenant, notes, files = self._rooms[job.session]
        assert tenant == job.tenant, "another tenant reached a session"
        return notes, files

    def keep(self, it: Artefact, data: bytes, owner: str) -> Artefact:
        name = f"art_{it.sha256[:32]}"
        self._kept[name + owner] = msgspec.structs.replace(it, data=data)
        return msgspec.structs.replace(it, reference=name)

    async def open_session(
        self,
        tenant: str,
        language: str,
        limits: Limits,
        snapshot: bytes | None = None,
        note: bytes = b"",
    ) -> str:
        if language not in ("python", "javascript"):
            raise Refused(f"{language} has no sessions", "python and javascript have")
        id = f"sess_pretended-{len(self._notes)}"
        self._notes[id] = tenant, note
        found = await asyncio.to_thread(_files, snapshot) if snapshot else {}
        self._rooms[id] = tenant, {}, found
        return id

    async def session_note(self, session: str, tenant: str) -> bytes:
        owner, note = self._notes.get(session, ("", b""))
        if owner != tenant or session not in self._rooms:
            raise Refused("there is no such session", kind="not_found")
        return note

    async def close_session(self, session: str, tenant: str) -> None:
        if self._rooms.pop(session, None) is None:
            raise Refused("there is no such session", kind="not_found")

    def forget(self) -> None:
        """End all sessions, as time does."""
        self._rooms.clear()

    async def snapshot(self, session: str, tenant: str) -> bytes:
        if session not in self._rooms:
            raise Refused("there is no such session", kind="not_found")
        return await asyncio.to_thread(archive, self._rooms[session][2])

    async def artefact(self, reference: str, owner: str) -> Artefact | None:
        return self._kept.get(reference + owner)


class Stop(Exception):
    """The code ended itself."""


class _Run:
    def __init__(
        self, box: Pretender, job: Job, heard: Hear | None, notes: dict[str, str]
    ) -> None:
        self.status = Status.OK
        self.exit_code = 0
        self._box = box
        self._job = job
        self._tell: Hear = heard or (lambda it: None)
        self._notes = notes
        self._texts = {"stdout": "", "stderr": ""}
        self._value: str | None = None
        self._made: list[Artefact] = []
        self._took = 0.004

    async def obey(self, line: str) -> None:
        word, _, rest = line.strip().partition(" ")
        words: dict[str, Callable[[str], None]] = {
            "say": lambda text: self._say("stdout", text),
            "moan": lambda text: self._say("stderr", text),
            "exit": self._exit,
            "make": self._make,
            "keep": self._keep,
            "large": self._large,
            "end": self._end,
            "note": lambda text: self._notes.__setitem__("it", text),
            "recall": self._recall,
            "busy": self._busy,
            "gone": self._gone,
        }
        if word == "wait":
            self._took += float(rest)
            await asyncio.sleep(float(rest))
        elif word:
            words[word](rest)

    def _say(self, stream: str, text: str) -> None:
        self._texts[stream] += f"{text}\n"
        self._tell(Output("stdout" if stream == "stdout" else "stderr", f"{text}\n"))

    def _exit(self, number: str) -> None:
        self.exit_code = int(number)
        self.status = Status.ERROR if self.exit_code else Status.OK
        raise Stop

    def _end(self, status: str) -> None:
        self.status = Status(status)
        raise Stop

    def _make(self, rest: str) -> None:
        name, _, text = rest.partition(" ")
        self._add(name, text.encode())

    def _keep(self, rest: str) -> None:
        name, _, text = rest.partition(" ")
        self._add(name, text.encode(), kept=True)

    def _large(self, rest: str) -> None:
        name, _, mebibytes = rest.partition(" ")
        data = bytes(int(mebibytes) << 20)
        self._made.append(Artefact(name, len(data), "0" * 64, "image/png", data))
        self._tell(Made(self._made[-1]))

    def _add(self, name: str, whole: bytes, *, kept: bool = False) -> None:
        mime = "image/png" if name.endswith(".png") else "text/plain"
        sha256 = hashlib.sha256(whole).hexdigest()
        made = Artefact(name, len(whole), sha256, mime, None if kept else whole)
        self._made.append(self._box.keep(made, whole, self._job.owner) if kept else made)
        self._tell(Made(self._made[-1]))

    def _recall(self, _: str) -> None:
        self._value = self._notes.get("it")

    def _busy(self, _: str) -> None:
        raise Refused("100 runs wait already", "try again", "busy")

    def _gone(self, _: str) -> None:
        raise Refused("there is no such session", kind="not_found")

    def result(self, language: str) -> Result:
        return Result(
            status=self.status,
            exit_code=self.exit_code if self.status in (Status.OK, Status.ERROR) else None,
            stdout=self._texts["stdout"],
            stderr=self._texts["stderr"],
            value=self._value,
            artefacts=tuple(self._made),
            execution_ms=self._took * 1000,
            total_ms=self._took * 1000,
            language=language,
            version="1.0",
            isolation=Isolation("namespaces", gaps=("a gap",)),
        )


def archive(files: Mapping[str, bytes]) -> bytes:
    """A tar archive of these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in files.items():
            told = tarfile.TarInfo(name)
            told.size = len(data)
            tar.addfile(told, io.BytesIO(data))
    return out.getvalue()


def _files(tar: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(tar)) as opened:
        for each in opened:
            data = opened.extractfile(each)
            if data is not None:
                found[each.name] = data.read()
    return found


ON = "[sandbox]\nenabled = true\n"


@contextlib.asynccontextmanager
async def pretending(
    monkeypatch: pytest.MonkeyPatch, toml: str = ON, box: type[Pretender] = Pretender
) -> AsyncIterator[tuple[Field, list[Pretender]]]:
    """A gateway whose sandboxes only pretend, and those that were opened."""
    boxes: list[Pretender] = []

    def make(settings: Settings) -> Pretender:
        boxes.append(box(settings))
        return boxes[-1]

    with monkeypatch.context() as patch:
        patch.setattr("headgate.gateway.start.box_of", partial(box_of, open_box=make))
        async with running(toml + HASTE) as field:
            yield field, boxes
