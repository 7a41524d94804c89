"""Results that are given again: which job has one, which is kept, and which goes first.

Rule 1: what a tenant is given again came of its own job: the same code, files, arguments,
input, variables, limits, language with its version and packages, in the same containment.
Rule 2: a result that another run might not have (a limit, a signal, our fault) is not kept.
Rule 3: the same job asked for while it runs is run once, unless its first asker gives it up.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import msgspec

from headgate.sandbox.model import Job, Result, Status

LASTING = frozenset({Status.OK, Status.ERROR, Status.BUILD})
OVERHEAD = 1024
"""bytes of a kept result beside what it holds"""

_encoder = msgspec.msgpack.Encoder()


def may_keep(job: Job) -> bool:
    """Is this a job whose result may be given again."""
    return job.cached and not job.session and not job.depends_on


def key_of(job: Job, *setting: object) -> bytes:
    """What is equal for equal jobs alone; `setting`: all that it depends on besides itself."""
    files = [(it.path, len(it.data), it.executable) for it in job.files]
    told = (
        *(job.tenant, job.language, job.code, files, job.args, job.stdin, job.limits),
        *(job.packages, job.env, setting),
    )
    digest = hashlib.blake2b(_encoder.encode(told), digest_size=32)
    for each in job.files:
        digest.update(each.data)
    return digest.digest()


class Keep:
    """Results by the key of their job; the one that was not asked for longest goes first."""

    def __init__(self, entries: int, size: int) -> None:
        self._entries, self._size = entries, size
        self._kept: OrderedDict[bytes, tuple[Result, int]] = OrderedDict()
        self._running: dict[bytes, asyncio.Future[Result | None]] = {}
        self.held_bytes = 0
        self.hits = self.joins = self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    async def result(self, key: bytes, run: Callable[[], Awaitable[Result]]) -> Result:
        """What is kept, or what a run of the same job that is under way comes to, or `run`."""
        while True:
            if (found := self._found(key)) is not None:
                return found
            running = self._running.get(key)
            if running is None:
                return await self._first(key, run)
            joined = await asyncio.shield(running)
            if joined is None:
                continue
            if joined.status not in LASTING:
                return await run()
            self.joins += 1
            return _again(joined)

    def _found(self, key: bytes) -> Result | None:
        entry = self._kept.get(key)
        if entry is None:
            return None
        self._kept.move_to_end(key)
        self.hits += 1
        return _again(entry[0])

    async def _first(self, key: bytes, run: Callable[[], Awaitable[Result]]) -> Result:
        """Run, and tell those who wait for the same; None: it did not come to a result."""
        self.misses += 1
        shared: asyncio.Future[Result | None] = asyncio.get_running_loop().create_future()
        self._running[key] = shared
        result: Result | None = None
        try:
            result = await run()
            if result.status in LASTING:
                self._put(key, result)
            return result
        finally:
            del self._running[key]
            shared.set_result(result)

    def _put(self, key: bytes, result: Result) -> None:
        size = _size(result)
        if size > self._size // 4 or not self._entries:
            return
        self._kept[key] = (result, size)
        self.held_bytes += size
        while len(self._kept) > self._entries or self.held_bytes > self._size:
            _, (_, gone) = self._kept.popitem(last=False)
            self.held_bytes -= gone


def _again(result: Result) -> Result:
    return msgspec.structs.replace(
        result, cached=True, queue_ms=0.0, execution_ms=0.0, total_ms=0.0, cpu_ms=0.0
    )


def _size(result: Result) -> int:
    texts = [result.stdout, result.stderr, result.value or "", result.hint]
    texts += [text for step in result.steps for text in (step.stdout, step.stderr)]
    files = sum(len(it.data or b"") + len(it.path) for it in result.artefacts)
    return OVERHEAD + 4 * sum(map(len, texts)) + files
