"""Places and workloads of tests: what they answer is known, and nothing is run."""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Sequence

from headgate.bench.interpreter.execution import Place, Run
from headgate.bench.interpreter.workload import Value, Workload
from headgate.sandbox.model import Job, Result, Status

PRICE_NUSD = 1_000_000


def workload(id: str = "algorithms/answer", number: float = 42) -> Workload:
    return Workload(id=id, title="an answer", code=id, values=(Value("x", number),))


def right(job: Job) -> Result:
    return Result(status=Status.OK, stdout="x = 42\n", cost_nusd=PRICE_NUSD, execution_ms=2)


def place(answer: Callable[[Job], Result] = right, name: str = "here") -> Place:
    async def run(job: Job) -> Result:
        return answer(job)

    @contextlib.asynccontextmanager
    async def ready() -> AsyncIterator[tuple[Run, int]]:
        yield run, 5 * PRICE_NUSD

    @contextlib.asynccontextmanager
    async def many() -> AsyncIterator[Run]:
        yield run

    return Place(name, "", "a price", run, ready, many, lambda _: PRICE_NUSD)


def png(rows: Sequence[Sequence[int]], kind: int = 2, how: int = 0) -> bytes:
    """A picture of 0xRRGGBB pixels; `how` its rows are made smaller."""
    packed, wide = bytearray(), 4 if kind == 6 else 3
    above = bytes(len(rows[0]) * wide)
    for row in rows:
        line = b"".join(it.to_bytes(3, "big") + b"\xff" * (wide - 3) for it in row)
        packed.append(how)
        packed += bytes(
            (line[at] - _guess(how, line, above, at, wide)) & 255 for at in range(len(line))
        )
        above = line
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, kind, 0, 0, 0)
    parts = (b"IHDR", head), (b"IDAT", zlib.compress(bytes(packed))), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*it) for it in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return (
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    )


def _guess(how: int, line: bytes, above: bytes, at: int, wide: int) -> int:
    left, corner = (line[at - wide], above[at - wide]) if at >= wide else (0, 0)
    up = above[at]
    foreseen = left + up - corner
    nearest = min((left, up, corner), key=lambda it: abs(foreseen - it))
    return (0, left, up, (left + up) // 2, nearest)[how]
