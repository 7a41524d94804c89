"""Everyday Python and its tests, each with a mistake that the tests see: threads of the code and of the tests, side by side."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

THREADS: dict[str, Piece] = {
    'pool calls a blocking fake': Piece(
        """\
from concurrent.futures import ThreadPoolExecutor
def fetch_all(urls, fetch, workers=4):
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(fetch, urls))
""",
        """\
import threading
from solution import fetch_all
def test_parallel():
    barrier = threading.Barrier(3, timeout=5)
    def fetch(u):
        barrier.wait()
        return u * 2
    assert fetch_all([1, 2, 3], fetch, workers=3) == [2, 4, 6]
""",
        ('ThreadPoolExecutor(workers)', 'ThreadPoolExecutor(1)'), style="runner",
    ),
    'callback waits for another': Piece(
        """\
import threading
def run_both(a, b):
    out = {}
    ts = [threading.Thread(target=lambda n=n, f=f: out.__setitem__(n, f())) for n, f in (("a", a), ("b", b))]
    for t in ts: t.start()
    for t in ts: t.join()
    return out
""",
        """\
import threading
from solution import run_both
def test_both():
    ready = threading.Event()
    def a():
        assert ready.wait(5)
        return 1
    def b():
        ready.set()
        return 2
    assert run_both(a, b) == {"a": 1, "b": 2}
""",
        ('for t in ts: t.start()\n    for t in ts: t.join()', 'for t in ts: t.start(); t.join()'), style="runner",
    ),
    'background worker calls the test': Piece(
        """\
import threading, time
class Ticker:
    def __init__(self, fn, every): self.fn, self.every, self._stop = fn, every, threading.Event()
    def start(self): self.t = threading.Thread(target=self._run); self.t.start()
    def _run(self):
        while not self._stop.wait(self.every): self.fn()
    def stop(self): self._stop.set(); self.t.join()
""",
        """\
import threading, time
from solution import Ticker
def test_ticks():
    seen, enough = [], threading.Event()
    def tick():
        seen.append(1)
        if len(seen) >= 3: enough.set()
    t = Ticker(tick, 0.005)
    t.start()
    assert enough.wait(5)
    t.stop()
    n = len(seen)
    time.sleep(0.03)
    assert len(seen) == n
""",
        ('self._stop.set(); self.t.join()', 'pass'), style="runner",
    ),
    'background thread sleeps in the test': Piece(
        """\
import threading
class Poller:
    def __init__(self, poll): self.poll, self.got, self.run = poll, [], True
    def start(self): self.t = threading.Thread(target=self._loop); self.t.start()
    def _loop(self):
        while self.run:
            self.got.append(self.poll())
    def stop(self): self.run = False; self.t.join()
""",
        """\
import time
from solution import Poller
def test_poll():
    def poll():
        time.sleep(0.005)
        return 1
    p = Poller(poll)
    p.start()
    deadline = time.time() + 5
    while len(p.got) < 3 and time.time() < deadline: time.sleep(0.005)
    p.stop()
    assert len(p.got) >= 3
""",
        ('self.got.append(self.poll())', 'self.poll()'), style="runner",
    ),
    '8 threads on a blocking queue': Piece(
        """\
import threading
from collections import deque
class BoundedQueue:
    def __init__(self, n): self.n, self.d, self.c = n, deque(), threading.Condition()
    def put(self, x):
        with self.c:
            while len(self.d) >= self.n: self.c.wait()
            self.d.append(x); self.c.notify_all()
    def get(self):
        with self.c:
            while not self.d: self.c.wait()
            x = self.d.popleft(); self.c.notify_all(); return x
""",
        """\
import threading
from solution import BoundedQueue
def test_blocks():
    q, got = BoundedQueue(1), []
    def consume():
        for _ in range(20): got.append(q.get())
    t = threading.Thread(target=consume)
    t.start()
    for i in range(20): q.put(i)
    t.join(5)
    assert not t.is_alive()
    assert got == list(range(20))
""",
        ('popleft()', 'pop() + 1'), style="runner",
    ),
    'timer debounce': Piece(
        """\
import threading
class Debounce:
    def __init__(self, fn, wait): self.fn, self.wait, self.t = fn, wait, None
    def __call__(self, *a):
        if self.t: self.t.cancel()
        self.t = threading.Timer(self.wait, self.fn, a); self.t.start()
""",
        """\
import time, threading
from solution import Debounce
def test_debounce():
    got, done = [], threading.Event()
    d = Debounce(lambda x: (got.append(x), done.set()), 0.05)
    d(1); d(2); d(3)
    assert done.wait(5)
    assert got == [3]
""",
        ('if self.t: self.t.cancel()', 'pass'), style="runner",
    ),
    'queue.Queue of the test': Piece(
        """\
def drain(q):
    out = []
    while not q.empty(): out.append(q.get_nowait())
    return out
def worker(q, results):
    while True:
        it = q.get()
        if it is None: break
        results.put(it * 2)
        q.task_done()
""",
        """\
import queue, threading
from solution import drain, worker
def test_drain():
    q = queue.Queue()
    for i in range(3): q.put(i)
    assert drain(q) == [0, 1, 2]
def test_worker():
    q, r = queue.Queue(), queue.Queue()
    t = threading.Thread(target=worker, args=(q, r)); t.start()
    for i in range(3): q.put(i)
    q.put(None)
    t.join(5)
    assert not t.is_alive()
    assert [r.get_nowait() for _ in range(3)] == [0, 2, 4]
""",
        ('results.put(it * 2)', 'results.put(it)'), style="runner",
    ),
    'threading primitives of the test': Piece(
        """\
import threading
def guarded(lock, box):
    with lock:
        box["n"] = box.get("n", 0) + 1
def signal(event): event.set()
def wait(event, t): return event.wait(t)
""",
        """\
import threading
from solution import guarded, signal, wait
def test_prims():
    box, lock = {}, threading.Lock()
    guarded(lock, box); guarded(lock, box)
    assert box == {"n": 2} and not lock.locked()
    e = threading.Event()
    assert wait(e, 0.01) is False
    signal(e)
    assert e.is_set()
    assert wait(e, 0.01) is True
""",
        ('event.set()', 'event.is_set()'), style="runner",
    ),
    'thread local context': Piece(
        """\
import threading, contextvars
_l = threading.local()
user = contextvars.ContextVar("user", default="none")
def set_user(u): _l.u = u
def get_user(): return getattr(_l, "u", None)
""",
        """\
import threading
from solution import set_user, get_user, user
def test_local():
    set_user("a")
    seen = []
    t = threading.Thread(target=lambda: seen.append(get_user())); t.start(); t.join()
    assert seen == [None] and get_user() == "a"
def test_var():
    token = user.set("bob")
    assert user.get() == "bob"
    user.reset(token)
    assert user.get() == "none"
""",
        ('threading.local()', "type('L', (), {})()"), style="runner",
    ),
    'futures of the candidate': Piece(
        """\
from concurrent.futures import ThreadPoolExecutor
class Jobs:
    def __init__(self): self.pool = ThreadPoolExecutor(2)
    def submit(self, fn, *a): return self.pool.submit(fn, *a)
    def close(self): self.pool.shutdown(wait=True)
""",
        """\
import threading, pytest
from solution import Jobs
def test_future():
    j, gate = Jobs(), threading.Event()
    def work(x):
        gate.wait(5)
        return x + 1
    f = j.submit(work, 1)
    assert not f.done()
    gate.set()
    assert f.result(timeout=5) == 2
    bad = j.submit(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError): bad.result(timeout=5)
    j.close()
""",
        ('submit(fn, *a)', 'submit(fn, 0)'), style="runner",
    ),
}  # fmt: skip
