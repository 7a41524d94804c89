"""Where code is asked to be run: owns the line, the workers, the sessions and what is kept.

Rule 1: what may not run here is refused before anything of it begins.
Rule 2: whatever way a run ends, its place in the line, its cell and its files are given back.
Rule 3: a result says how long it stood in line, how long it ran, and what contained it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace as with_settings
from decimal import Decimal
from pathlib import Path
from types import TracebackType

import msgspec

from headgate.sandbox import catalogue
from headgate.sandbox.cabinet import Cabinet
from headgate.sandbox.checkpoint import Chunked, in_chunks
from headgate.sandbox.chunks import Chunking
from headgate.sandbox.database.lending import Databases
from headgate.sandbox.journal import Journal
from headgate.sandbox.keep import Keep, key_of, may_keep
from headgate.sandbox.language import Missing
from headgate.sandbox.languages import python
from headgate.sandbox.line import Line, Room
from headgate.sandbox.model import (
    Artefact,
    Database,
    File,
    Heard,
    Isolation,
    Job,
    Limits,
    Made,
    Order,
    Output,
    Result,
    Runtime,
    Step,
    Unavailable,
)
from headgate.sandbox.pool import Bounds, Hearing, Pool
from headgate.sandbox.referring import Referring, fetched
from headgate.sandbox.sessions import Opening, Sessions, Terms, Told
from headgate.sandbox.settings import MEBIBYTE, Settings
from headgate.sandbox.shelf import Room as Space
from headgate.sandbox.shelf import Shelf, Store
from headgate.sandbox.snapshot import pack, unpack
from headgate.sandbox.standing import Standing, stand

Begins = Callable[[], None] | None

TEND_S = 5.0
"""how often what is idle is looked for"""
SWEEP_S = 60.0
"""how often what is kept is"""
MUCH_BYTES = MEBIBYTE
"""from here on a job's key is made beside the loop"""


class Sandbox:
    """Runs code of strangers; an async context."""

    def __init__(
        self, settings: Settings | None = None, standing: Standing | None = None
    ) -> None:
        """`standing`: what contains code, and how a worker is begun; without it this machine
        is asked."""
        self.settings = it = settings or Settings()
        self._standing = standing
        share = (it.at_once, it.at_once_per_tenant, it.room_mb)
        self._line = Line(Room(*share, it.waiting, it.waiting_per_tenant, it.wait_s))
        self._keep = Keep(it.cache_entries if it.cache else 0, it.cache_bytes)
        self._references = self._store(
            "references", it.references_mb, it.references_per_owner_mb
        )
        self._left = self._store("sessions", it.snapshots_mb, it.snapshots_per_tenant_mb)
        self._runtimes: dict[str, Runtime] = {}
        self._second_nusd = Decimal(it.second_usd) * 1_000_000_000
        self._isolation: Isolation | None = None
        self._pool: Pool | None = None
        self._databases: Databases | None = None
        self._sessions: Sessions | None = None
        self._tending: asyncio.Future[None] | None = None

    @property
    def isolation(self) -> Isolation:
        """What contains the code; known once it is entered."""
        assert self._isolation is not None
        return self._isolation

    def _store(self, name: str, all_mb: int, own_mb: int) -> Store:
        """On disk where a folder is named, and in memory otherwise."""
        space = Space(all_mb * MEBIBYTE, own_mb * MEBIBYTE)
        folder = self.settings.folder
        return Cabinet(Path(folder) / name, space) if folder else Shelf(space)

    async def __aenter__(self) -> Sandbox:
        it = self.settings
        for store in (self._references, self._left):
            await _opened(store)
        self._standing = self._standing or await stand(it)
        self._isolation = self._standing.isolation
        bounds = Bounds(it.workers, it.spares, it.spares_mb, it.idle_s)
        self._pool = Pool(self._standing.start, bounds, self._line.waits)
        spans = (it.session_idle_s, it.session_life_s, it.session_keep_s)
        most_bytes = it.snapshot_mb * MEBIBYTE
        terms = Terms(it.sessions, it.sessions_per_tenant, *spans, most_bytes)
        self._databases = Databases(self._isolation)
        self._sessions = Sessions(self._pool, terms, self._left, self._runtime_of_sessions)
        self._tending = asyncio.ensure_future(self._tend())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every run and session; nothing of them is left."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.wait([self._tending])
        if self._sessions is not None:
            await self._sessions.close_all()
        if self._pool is not None:
            await self._pool.close()
        if self._databases is not None:
            await self._databases.close()
        standing, self._standing = self._standing, None
        if standing is not None:
            await standing.leave()

    async def run(
        self,
        job: Job,
        heard: Callable[[Heard], None] | None = None,
        begins: Callable[[], None] | None = None,
    ) -> Result:
        """Run code; of a session where the job names one.

        `begins` is called when it leaves the line; never, if what is kept is given again.
        """
        begun = time.monotonic()
        self.settings.check(job.limits)
        refer = self._referring(job.owner or job.tenant, job.limits)
        run = self._run_cell if job.session else self._run_fresh
        try:
            result = await run(job, refer.listen(heard), begins)
            return await self._finished(result, refer, begun)
        finally:
            await refer.give_up()

    async def carry_out(
        self, order: Order, tenant: str = "", heard: Callable[[Heard], None] | None = None
    ) -> Result:
        """Do what an order says, in a fresh place; never answered from what is kept."""
        begun = time.monotonic()
        self.settings.check(order.limits)
        refer = self._referring(tenant, order.limits)
        try:
            result = await self._carried_out(order, tenant, refer.listen(heard))
            return await self._finished(result, refer, begun)
        finally:
            await refer.give_up()

    async def prepare_database(self, wanted: Database) -> None:
        """See that orders can have it; Unavailable or Refused where they cannot."""
        await self._all_databases.prepare(wanted)

    async def run_in_chunks(
        self,
        job: Job,
        chunking: Chunking,
        heard: Callable[[Heard], None] | None = None,
        journal: Journal | None = None,
    ) -> Chunked:
        """Run a job slice by slice, smaller ones where they take too much."""
        self.settings.check(job.limits)
        begun = time.monotonic()
        refer = self._referring(job.owner or job.tenant, job.limits)
        try:
            listen = refer.listen(heard)
            done = await in_chunks(self._run_slice, job, chunking, listen, journal)
            return done._replace(result=await self._finished(done.result, refer, begun))
        finally:
            await refer.give_up()

    async def open_session(
        self,
        tenant: str,
        language: str,
        limits: Limits | None = None,
        snapshot: bytes | None = None,
        note: bytes = b"",
    ) -> str:
        """A place that remembers; its id is for `Job.session`, its note for `session_note`."""
        limits = limits or Limits()
        self.settings.check(limits)
        files: tuple[File, ...] = ()
        if snapshot is not None:
            most = self.settings.snapshot_mb * MEBIBYTE
            files = await asyncio.to_thread(unpack, snapshot, most)
        runtime = await self._runtime_of_sessions(catalogue.named(language).name)
        return await self._all_sessions.open(tenant, Opening(runtime, limits, files, note))

    async def session_note(self, session: str, tenant: str) -> bytes:
        """What it was opened with, also of one that can be taken up; Refused: it is gone."""
        return await self._all_sessions.note(session, tenant)

    async def close_session(self, session: str, tenant: str) -> None:
        await self._all_sessions.close(session, tenant)

    async def snapshot(self, session: str, tenant: str) -> bytes:
        """The files of its work folder, as `open_session` takes them."""
        files = await self._all_sessions.files(session, tenant)
        return await asyncio.to_thread(pack, files)

    def sessions(self, tenant: str) -> tuple[Told, ...]:
        return self._all_sessions.told(tenant)

    async def artefact(self, reference: str, owner: str) -> Artefact | None:
        """One that was too large to be answered inline, to whom `Job.owner` named; None: it is
        gone."""
        return await fetched(self._references, reference, owner)

    def figures(self) -> Mapping[str, float]:
        """How it stands, for whoever watches."""
        pool = self._entered
        return {
            "running": self._line.running,
            "waiting": self._line.waiting,
            "workers": len(pool.workers),
            "spares": sum(len(it.spares) for it in pool.workers),
            "spare_hits": pool.hits,
            "spare_misses": pool.misses,
            "workers_replaced": pool.replaced,
            "sessions": len(self._all_sessions),
            "cache_entries": len(self._keep),
            "cache_hits": self._keep.hits + self._keep.joins,
            "cache_misses": self._keep.misses,
        }

    @property
    def _entered(self) -> Pool:
        assert self._pool is not None, "enter the sandbox first: async with Sandbox(…)"
        return self._pool

    @property
    def _all_sessions(self) -> Sessions:
        assert self._sessions is not None, "enter the sandbox first: async with Sandbox(…)"
        return self._sessions

    @property
    def _all_databases(self) -> Databases:
        assert self._databases is not None, "enter the sandbox first: async with Sandbox(…)"
        return self._databases

    async def _run_fresh(self, job: Job, heard: Hearing, begins: Begins = None) -> Result:
        language = catalogue.named(job.language)
        if self.settings.packages and not job.packages and language.name == "python":
            job = msgspec.structs.replace(job, packages=self.settings.packages)
        order = language.plan(await self._runtime(language.name), job)
        if job.env:
            order = msgspec.structs.replace(order, steps=_with_env(order, job))

        ran = False

        async def run() -> Result:
            nonlocal ran
            ran = True
            return await self._carried_out(order, job.tenant, heard, begins)

        if not self.settings.cache or not may_keep(job):
            return await run()
        setting = (order.runtime, self.isolation)
        large = sum(len(it.data) for it in job.files) + len(job.stdin) > MUCH_BYTES
        key = await asyncio.to_thread(key_of, job, *setting) if large else key_of(job, *setting)
        result = await self._keep.result(key, run)
        if not ran and heard is not None:
            _tell(heard, result)
        return result

    async def _run_cell(self, job: Job, heard: Hearing, begins: Begins = None) -> Result:
        begun = time.monotonic()
        async with self._line.turn(job.tenant, 0):
            queue_ms = (time.monotonic() - begun) * 1000
            if begins is not None:
                begins()
            result = await self._all_sessions.run(job, heard)
        return msgspec.structs.replace(result, queue_ms=queue_ms)

    async def _run_slice(self, job: Job) -> Result:
        return await self._run_fresh(job, None)

    async def _carried_out(
        self, order: Order, tenant: str, heard: Hearing, begins: Begins = None
    ) -> Result:
        begun = ready = time.monotonic()

        def is_ready() -> None:
            nonlocal ready
            ready = time.monotonic()
            if begins is not None:
                begins()

        async with (
            self._line.turn(tenant, order.limits.memory_mb),
            self._all_databases.lent(order) as given,
        ):
            result = await self._entered.carry_out(tenant, given, heard, is_ready)
        return msgspec.structs.replace(result, queue_ms=(ready - begun) * 1000)

    async def _runtime(self, name: str) -> Runtime:
        found = self._runtimes.get(name)
        if found is None:
            found = await asyncio.to_thread(self._looked_for, name)
            self._runtimes[name] = found
        return found

    def _looked_for(self, name: str) -> Runtime:
        if name != "python" or not self.settings.python:
            return catalogue.runtime(name)
        own = python.look(self.settings.python)
        if isinstance(own, Missing):
            raise Unavailable(own.what, own.remedy)
        return own

    async def _runtime_of_sessions(self, name: str) -> Runtime:
        runtime = await self._runtime(name)
        if self.settings.packages and runtime.kind == "python":
            return msgspec.structs.replace(runtime, imports=self.settings.packages)
        return runtime

    async def _finished(self, result: Result, refer: Referring, begun: float) -> Result:
        """What every result says beside what came of the run."""
        spent = 0 if result.cached else int(self._second_nusd * int(result.execution_ms) / 1000)
        return msgspec.structs.replace(
            result,
            artefacts=await refer.all(result.artefacts),
            isolation=result.isolation or self._isolation,
            cost_nusd=spent,
            total_ms=(time.monotonic() - begun) * 1000,
            id=f"exec_{secrets.token_hex(12)}",
        )

    def _referring(self, owner: str, limits: Limits) -> Referring:
        return Referring(self._references, owner, limits, self.settings.reference_s)

    async def _tend(self) -> None:
        swept = time.monotonic()
        while True:
            await asyncio.sleep(TEND_S)
            self._entered.tend()
            await self._all_sessions.tend()
            if time.monotonic() - swept > SWEEP_S:
                swept = time.monotonic()
                for store in (self._references, self._left):
                    with suppress(OSError):  # it is told where something is to be kept
                        await store.sweep()


async def _once(job: Job, settings: Settings, heard: Hearing) -> Result:
    async with Sandbox(settings) as sandbox:
        return await sandbox.run(job, heard)


def run_once(
    job: Job,
    settings: Settings | None = None,
    heard: Callable[[Heard], None] | None = None,
) -> Result:
    """Run one job and leave nothing behind: for callers without a loop."""
    settings = with_settings(settings or Settings(), spares=0, cache=False)
    return asyncio.run(_once(job, settings, heard))


def _with_env(order: Order, job: Job) -> tuple[Step, ...]:
    return tuple(msgspec.structs.replace(it, env=(*it.env, *job.env)) for it in order.steps)


async def _opened(store: Store) -> None:
    if isinstance(store, Cabinet):
        try:
            await store.open()
        except OSError as error:
            raise Unavailable(
                f"what is to be kept of sessions and artefacts cannot be: {error}",
                "name a folder that can be written: [sandbox] folder",
            ) from None


def _tell(heard: Callable[[Heard], None], result: Result) -> None:
    """What is given again is heard as if it came now."""
    if result.stdout:
        heard(Output("stdout", result.stdout))
    if result.stderr:
        heard(Output("stderr", result.stderr))
    for each in result.artefacts:
        heard(Made(each))
