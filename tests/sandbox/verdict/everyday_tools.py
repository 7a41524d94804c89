"""Everyday Python and its tests, each with a mistake that the tests see: what tests hand over, patch and look at."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

TOOLS: dict[str, Piece] = {
    'mocks passed in': Piece(
        """\
class Service:
    def __init__(self, repo, mailer, clock): self.repo, self.mailer, self.clock = repo, mailer, clock
    def register(self, email):
        if self.repo.exists(email): raise ValueError("taken")
        user = self.repo.save({"email": email, "at": self.clock()})
        try: self.mailer.send(to=email, subject="hi")
        except ConnectionError: self.repo.flag(user["id"], reason="mail")
        return user["id"]
def each(cb, xs):
    for i, x in enumerate(xs): cb(i, x, last=i == len(xs) - 1)
""",
        """\
import pytest
from unittest.mock import Mock, MagicMock, call, create_autospec, ANY
from solution import Service, each
class Repo:
    def exists(self, e): ...
    def save(self, d): ...
    def flag(self, i, reason): ...
@pytest.fixture
def repo():
    r = create_autospec(Repo, instance=True)
    r.exists.return_value = False
    r.save.return_value = {"id": 7}
    return r
def test_ok(repo):
    mail = Mock()
    assert Service(repo, mail, lambda: 1).register("a@b") == 7
    repo.save.assert_called_once_with({"email": "a@b", "at": 1})
    mail.send.assert_called_once_with(to="a@b", subject=ANY)
    assert mail.mock_calls == [call.send(to="a@b", subject="hi")]
    repo.flag.assert_not_called()
def test_mail_down(repo):
    mail = Mock(); mail.send.side_effect = ConnectionError
    Service(repo, mail, Mock(return_value=2)).register("x")
    repo.flag.assert_called_once_with(7, reason="mail")
def test_taken(repo):
    repo.exists.return_value = True
    with pytest.raises(ValueError, match="^taken$"): Service(repo, Mock(), Mock()).register("x")
    assert not repo.save.called
def test_each():
    cb = MagicMock(); each(cb, "ab")
    assert cb.call_args_list == [call(0, "a", last=False), call(1, "b", last=True)]
    assert cb.call_count == 2 and cb.call_args.kwargs == {"last": True}
""",
        ('reason="mail"', 'reason="post"'), style="runner",
    ),
    'capsys and caplog': Piece(
        """\
import logging, sys
log = logging.getLogger(__name__)
def run(name):
    print(f"hello {name}")
    print("warn", file=sys.stderr)
    log.info("ran %s", name)
    log.error("bad", extra={"user": name})
    try: 1 / 0
    except ZeroDivisionError: log.exception("failed")
""",
        """\
import logging
from solution import run
def test_out(capsys):
    run("a")
    got = capsys.readouterr()
    assert got.out == "hello a\\n" and got.err == "warn\\n"
    run("b"); assert "hello b" in capsys.readouterr().out
def test_log(caplog):
    caplog.set_level(logging.INFO)
    run("x")
    assert [r.levelname for r in caplog.records] == ["INFO", "ERROR", "ERROR"]
    assert caplog.record_tuples[0] == ("solution", logging.INFO, "ran x")
    assert caplog.records[1].user == "x"
    assert "ZeroDivisionError" in caplog.text
    caplog.clear(); assert not caplog.records
def test_level(caplog):
    with caplog.at_level(logging.ERROR, logger="solution"): run("y")
    assert "ran y" not in caplog.messages
""",
        ('extra={"user": name}', 'extra={"user": 1}'), style="runner",
    ),
    'structured logging handler of the test': Piece(
        """\
import json, logging
class JsonFormatter(logging.Formatter):
    def format(self, r): return json.dumps({"level": r.levelname, "msg": r.getMessage(), "ctx": getattr(r, "ctx", None)})
class ListHandler(logging.Handler):
    def __init__(self): super().__init__(); self.rows = []
    def emit(self, r): self.rows.append(self.format(r))
def make(name):
    lg = logging.getLogger(name); lg.setLevel("INFO"); lg.propagate = False
    h = ListHandler(); h.setFormatter(JsonFormatter()); lg.handlers[:] = [h]
    return lg, h
""",
        """\
import io, json, logging
from solution import JsonFormatter, make
def test_own():
    lg, h = make("t")
    lg.info("a %d", 1, extra={"ctx": 5}); lg.debug("no")
    assert [json.loads(r) for r in h.rows] == [{"level": "INFO", "msg": "a 1", "ctx": 5}]
def test_stream():
    out = io.StringIO(); h = logging.StreamHandler(out); h.setFormatter(JsonFormatter())
    lg = logging.getLogger("mine"); lg.handlers[:] = [h]; lg.setLevel(logging.INFO); lg.propagate = False
    lg.warning("w")
    assert json.loads(out.getvalue()) == {"level": "WARNING", "msg": "w", "ctx": None}
def test_record():
    r = logging.LogRecord("n", logging.ERROR, "p", 1, "m %s", ("x",), None)
    assert json.loads(JsonFormatter().format(r))["msg"] == "m x"
""",
        ('r.getMessage()', 'r.msg'), style="runner",
    ),
    'files passed in': Piece(
        """\
import csv, io, json, sys
def count(f): return sum(1 for line in f if line.strip())
def dump(rows, out):
    w = csv.DictWriter(out, ["a", "b"]); w.writeheader(); w.writerows(rows)
def head(f, n=2): return [next(f).rstrip() for _ in range(n)]
def copy(src, dst):
    while chunk := src.read(4): dst.write(chunk)
def load(f): return json.load(f)
def tell(out): print("hi", file=out, flush=True)
def seeky(f): f.seek(0); f.truncate(); f.write("new"); return f.tell()
""",
        """\
import io, pytest
from solution import *
def test_s(tmp_path):
    assert count(io.StringIO("a\\n\\nb\\n")) == 2
    out = io.StringIO(); dump([{"a": 1, "b": 2}], out); assert out.getvalue() == "a,b\\r\\n1,2\\r\\n"
    assert head(io.StringIO("a\\nb\\nc\\n")) == ["a", "b"]
    dst = io.BytesIO(); copy(io.BytesIO(b"123456"), dst); assert dst.getvalue() == b"123456"
    assert load(io.StringIO('{"a": 1}')) == {"a": 1}
    o = io.StringIO(); tell(o); assert o.getvalue() == "hi\\n"
    f = io.StringIO("old text"); assert seeky(f) == 3 and f.getvalue() == "new"
    p = tmp_path / "x"; p.write_text("a\\nb\\n")
    with open(p) as fh: assert count(fh) == 2
    with open(p, "w") as fh: tell(fh)
    assert p.read_text() == "hi\\n"
    with open(p, "rb") as fh:
        dst = io.BytesIO(); copy(fh, dst); assert dst.getvalue() == b"hi\\n"
""",
        ('dst.write(chunk)', 'dst.write(chunk[:1])'), style="runner",
    ),
    'sqlite of the test': Piece(
        """\
import sqlite3
class Repo:
    def __init__(self, conn):
        self.conn = conn
        conn.execute("create table if not exists u (id integer primary key, name text unique)")
    def add(self, name):
        with self.conn:
            return self.conn.execute("insert into u (name) values (?)", (name,)).lastrowid
    def all(self): return [r[0] for r in self.conn.execute("select name from u order by id")]
    def get(self, i):
        row = self.conn.execute("select * from u where id=?", (i,)).fetchone()
        return row and dict(row)
def connect(path=":memory:"):
    c = sqlite3.connect(path); c.row_factory = sqlite3.Row; return c
""",
        """\
import sqlite3, pytest
from solution import Repo, connect
@pytest.fixture
def conn():
    c = sqlite3.connect(":memory:"); c.row_factory = sqlite3.Row
    yield c
    c.close()
def test_repo(conn):
    r = Repo(conn)
    assert r.add("a") == 1 and r.add("b") == 2 and r.all() == ["a", "b"]
    assert r.get(1) == {"id": 1, "name": "a"} and r.get(9) is None
    with pytest.raises(sqlite3.IntegrityError): r.add("a")
    assert conn.execute("select count(*) from u").fetchone()[0] == 2
def test_theirs(tmp_path):
    r = Repo(connect(tmp_path / "db")); r.add("z")
    assert sqlite3.connect(tmp_path / "db").execute("select name from u").fetchall() == [("z",)]
    assert r.conn.execute("select name from u").fetchone()["name"] == "z"
""",
        ('order by id', 'order by id desc'), style="runner",
    ),
    'script run by path': Piece(
        """\
import sys
def add(a, b): return a + b
if __name__ == "__main__":
    print(add(int(sys.argv[1]), int(sys.argv[2])))
""",
        """\
import subprocess, sys, runpy
import solution
def test_script():
    r = subprocess.run([sys.executable, solution.__file__, "1", "2"], capture_output=True, text=True)
    assert r.stdout == "3\\n", r.stderr
""",
        ('return a + b', 'return a - b'), style="runner",
    ),
    'decorators on test functions': Piece(
        """\
import functools, time
def cached(fn):
    store = {}
    @functools.wraps(fn)
    def inner(*a):
        if a not in store: store[a] = fn(*a)
        return store[a]
    inner.cache = store
    return inner
def retry(times, exc=Exception):
    def deco(fn):
        @functools.wraps(fn)
        def inner(*a, **k):
            for i in range(times):
                try: return fn(*a, **k)
                except exc:
                    if i == times - 1: raise
        return inner
    return deco
def timed(fn):
    @functools.wraps(fn)
    def inner(*a, **k):
        t = time.perf_counter(); r = fn(*a, **k); inner.last = time.perf_counter() - t; return r
    return inner
def validate(**types):
    def deco(fn):
        @functools.wraps(fn)
        def inner(**k):
            for n, t in types.items():
                if not isinstance(k.get(n), t): raise TypeError(n)
            return fn(**k)
        return inner
    return deco
""",
        """\
import pytest
from solution import cached, retry, timed, validate
def test_d():
    calls = []
    @cached
    def sq(n):
        "squares"
        calls.append(n); return n * n
    assert sq(2) == sq(2) == 4 and calls == [2] and sq.__name__ == "sq" and sq.__doc__ == "squares"
    assert sq.cache == {(2,): 4}
    n = 0
    @retry(3, ValueError)
    def flaky():
        nonlocal n; n += 1
        if n < 3: raise ValueError
        return n
    assert flaky() == 3
    @timed
    def f(x): return x
    assert f(1) == 1 and f.last >= 0
    @validate(a=int)
    def g(a): return a
    assert g(a=1) == 1
    with pytest.raises(TypeError, match="a"): g(a="x")
    class K:
        @cached
        def m(self): return 5
    assert K().m() == 5
""",
        ('store[a] = fn(*a)', 'store[a] = None'), style="runner",
    ),
    'type hints and docs': Piece(
        """\
from __future__ import annotations
import inspect
def area(w: float, h: float = 1.0) -> float:
    \"\"\"Area of a box.

    >>> area(2, 3)
    6
    \"\"\"
    return w * h
class A:
    \"\"\"An A.\"\"\"
    x: int = 1
    def m(self, *, k: str = "a") -> None: ...
""",
        """\
import inspect, typing
import solution
from solution import area, A
def test_h():
    assert area.__doc__.startswith("Area") and area.__name__ == "area"
    assert str(inspect.signature(area)) == "(w: 'float', h: 'float' = 1.0) -> 'float'"
    assert list(inspect.signature(area).parameters) == ["w", "h"]
    assert area.__annotations__ == {"w": "float", "h": "float", "return": "float"}
    assert typing.get_type_hints(area) == {"w": float, "h": float, "return": float}
    assert A.__doc__ == "An A." and A.__name__ == "A" and A.x == 1
    assert callable(area) and inspect.isclass(A) and inspect.isfunction(area)
    assert hasattr(solution, "area") and not hasattr(solution, "nope")
""",
        ('Area of', 'The area of'), style="runner",
    ),
    'fakes with attributes': Piece(
        """\
def summary(orders):
    return {o.id: sum(l.qty * l.price for l in o.lines) for o in orders if o.status == "paid"}
def ship(order, gateway):
    order.status = "shipped"
    order.lines.append(gateway.label(order))
    return order
""",
        """\
from types import SimpleNamespace as NS
from dataclasses import dataclass, field
from solution import summary, ship
@dataclass
class Order:
    id: int
    status: str = "paid"
    lines: list = field(default_factory=list)
class Gateway:
    def label(self, o): return f"L{o.id}"
def test_f():
    o = Order(1, lines=[NS(qty=2, price=3), NS(qty=1, price=1)])
    assert summary([o, Order(2, "open")]) == {1: 7}
    assert ship(o, Gateway()) is o and o.status == "shipped" and o.lines[-1] == "L1"
    n = NS(id=5, status="x", lines=[]); ship(n, Gateway()); assert n.status == "shipped" and n.lines == ["L5"]
""",
        ('order.lines.append(gateway.label(order))', 'order.lines = order.lines + [1]'), style="runner",
    ),
}  # fmt: skip
