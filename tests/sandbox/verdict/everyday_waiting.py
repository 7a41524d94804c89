"""Everyday Python and its tests, each with a mistake that the tests see: what is awaited on both sides, in one order."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

WAITING: dict[str, Piece] = {
    'gather interleaves': Piece(
        """\
import asyncio
async def worker(name, log, n):
    for i in range(n):
        log.append((name, i))
        await asyncio.sleep(0)
    return name
""",
        """\
import asyncio
from solution import worker
def test_gather():
    async def main():
        log = []
        got = await asyncio.gather(worker("a", log, 2), worker("b", log, 2))
        assert got == ["a", "b"]
        assert log == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    asyncio.run(main())
""",
        ('return name', 'return log'), style="runner",
    ),
    'gather of fetches is concurrent': Piece(
        """\
import asyncio
async def fetch_all(urls, fetch, limit=2):
    gate = asyncio.Semaphore(limit)
    async def one(u):
        async with gate:
            return await fetch(u)
    return await asyncio.gather(*(one(u) for u in urls))
""",
        """\
import asyncio, pytest
from solution import fetch_all
async def test_limit():
    active = peak = 0
    async def fetch(u):
        nonlocal active, peak
        active += 1
        peak = max(peak, active)
        await asyncio.sleep(0.01)
        active -= 1
        return u.upper()
    assert await fetch_all(["a", "b", "c", "d"], fetch, limit=2) == ["A", "B", "C", "D"]
    assert peak == 2
""",
        ('Semaphore(limit)', 'Semaphore(limit + 1)'), style="runner",
    ),
    'event handed over': Piece(
        """\
import asyncio
async def wait_for(event, out):
    await event.wait()
    out.append("go")
    return "done"
""",
        """\
import asyncio
from solution import wait_for
async def test_event():
    event, out = asyncio.Event(), []
    task = asyncio.create_task(wait_for(event, out))
    await asyncio.sleep(0)
    assert out == []
    event.set()
    assert await task == "done"
    assert out == ["go"]
""",
        ('    await event.wait()\n', ''), style="runner",
    ),
    'lock handed over': Piece(
        """\
import asyncio
async def critical(lock, log, name):
    async with lock:
        log.append(name + " in")
        await asyncio.sleep(0)
        log.append(name + " out")
""",
        """\
import asyncio
from solution import critical
async def test_lock():
    lock, log = asyncio.Lock(), []
    await asyncio.gather(critical(lock, log, "a"), critical(lock, log, "b"))
    assert log == ["a in", "a out", "b in", "b out"]
""",
        ('    async with lock:', '    if True:'), style="runner",
    ),
    'queue handed over': Piece(
        """\
import asyncio
async def produce(queue, items):
    for it in items:
        await queue.put(it)
    await queue.put(None)
async def consume(queue):
    got = []
    while (it := await queue.get()) is not None:
        got.append(it)
    return got
""",
        """\
import asyncio
from solution import produce, consume
async def test_queue():
    queue = asyncio.Queue(maxsize=1)
    _, got = await asyncio.gather(produce(queue, [1, 2, 3]), consume(queue))
    assert got == [1, 2, 3]
""",
        ('is not None', 'is not 2'), style="runner",
    ),
    'cancel a running task': Piece(
        """\
import asyncio
class Poller:
    def __init__(self): self.ticks = 0; self.closed = False
    async def run(self):
        try:
            while True:
                self.ticks += 1
                await asyncio.sleep(0.001)
        except asyncio.CancelledError:
            self.closed = True
            raise
""",
        """\
import asyncio, pytest
from solution import Poller
async def test_cancel():
    p = Poller()
    task = asyncio.create_task(p.run())
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert p.ticks > 1 and p.closed
""",
        ('self.closed = True', 'pass'), style="runner",
    ),
    'wait_for times out': Piece(
        """\
import asyncio
async def slow():
    await asyncio.sleep(10)
""",
        """\
import asyncio, pytest
from solution import slow
async def test_timeout():
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(slow(), 0.05)
""",
        ('sleep(10)', 'sleep(0)'), style="runner",
    ),
    'background task of the candidate': Piece(
        """\
import asyncio
class Flusher:
    def __init__(self, sink): self.sink, self.buf, self.task = sink, [], None
    async def start(self): self.task = asyncio.create_task(self._loop())
    def add(self, x): self.buf.append(x)
    async def _loop(self):
        while True:
            await asyncio.sleep(0.01)
            if self.buf:
                batch, self.buf = self.buf, []
                await self.sink(batch)
    async def stop(self):
        self.task.cancel()
        try: await self.task
        except asyncio.CancelledError: pass
""",
        """\
import asyncio
from solution import Flusher
async def test_flush():
    got = []
    async def sink(batch): got.extend(batch)
    f = Flusher(sink)
    await f.start()
    f.add(1); f.add(2)
    await asyncio.sleep(0.1)
    await f.stop()
    assert got == [1, 2]
""",
        ('await self.sink(batch)', 'pass'), style="runner",
    ),
    'single flight': Piece(
        """\
import asyncio
class SingleFlight:
    def __init__(self): self.running = {}
    async def do(self, key, fn):
        if key in self.running: return await self.running[key]
        fut = self.running[key] = asyncio.ensure_future(fn())
        try: return await fut
        finally: del self.running[key]
""",
        """\
import asyncio
from solution import SingleFlight
async def test_one_call():
    calls = 0
    async def load():
        nonlocal calls
        calls += 1
        await asyncio.sleep(0.01)
        return 42
    s = SingleFlight()
    assert await asyncio.gather(*(s.do("k", load) for _ in range(5))) == [42] * 5
    assert calls == 1
""",
        ('if key in self.running:', 'if False:'), style="runner",
    ),
    'async generator consumed': Piece(
        """\
import asyncio
async def ticker(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i
class Pages:
    def __init__(self, fetch): self.fetch = fetch
    async def __aiter__(self):
        page = 1
        while (rows := await self.fetch(page)):
            for r in rows: yield r
            page += 1
""",
        """\
import asyncio
from solution import ticker, Pages
async def test_gen():
    assert [i async for i in ticker(3)] == [0, 1, 2]
    gen = ticker(5)
    assert await gen.__anext__() == 0
    await gen.aclose()
async def test_pages():
    data = {1: [1, 2], 2: [3]}
    async def fetch(p): return data.get(p, [])
    assert [r async for r in Pages(fetch)] == [1, 2, 3]
""",
        ('page += 1', 'page += 2'), style="runner",
    ),
    'async context manager': Piece(
        """\
from contextlib import asynccontextmanager
@asynccontextmanager
async def session(log):
    log.append("open")
    try:
        yield {"id": 1}
    except ValueError as e:
        log.append(str(e)); raise
    finally:
        log.append("close")
""",
        """\
import pytest
from solution import session
async def test_ctx():
    log = []
    async with session(log) as s:
        assert s == {"id": 1}
        assert log == ["open"]
    assert log == ["open", "close"]
async def test_ctx_raises():
    log = []
    with pytest.raises(ValueError):
        async with session(log):
            raise ValueError("bad")
    assert log == ["open", "bad", "close"]
""",
        ('log.append("close")', 'log.append("shut")'), style="runner",
    ),
    'future handed over': Piece(
        """\
import asyncio
class Broker:
    def __init__(self): self.waiting = {}
    def request(self, key):
        fut = asyncio.get_running_loop().create_future()
        self.waiting[key] = fut
        return fut
    def resolve(self, key, value): self.waiting.pop(key).set_result(value)
""",
        """\
import asyncio
from solution import Broker
async def test_broker():
    b = Broker()
    fut = b.request("a")
    asyncio.get_running_loop().call_soon(b.resolve, "a", 7)
    assert await fut == 7
""",
        ('set_result(value)', 'set_result(None)'), style="runner",
    ),
    'async pubsub with handlers': Piece(
        """\
import asyncio
class Bus:
    def __init__(self): self.h = {}
    def on(self, name, fn): self.h.setdefault(name, []).append(fn)
    async def emit(self, name, *a):
        return await asyncio.gather(*(f(*a) for f in self.h.get(name, [])))
""",
        """\
import asyncio
from solution import Bus
async def test_bus():
    b, order = Bus(), []
    started = asyncio.Event()
    async def first(x):
        await started.wait()
        order.append("first"); return x
    async def second(x):
        started.set()
        order.append("second"); return -x
    b.on("e", first); b.on("e", second)
    assert await b.emit("e", 3) == [3, -3]
    assert order == ["second", "first"]
""",
        ('f(*a) for f', 'f(*a) for f in [] or f'), style="runner",
    ),
}  # fmt: skip
