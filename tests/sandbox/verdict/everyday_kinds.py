"""Everyday Python and its tests, each with a mistake that the tests see: kinds of values that cross, and come back as what they were."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

KINDS: dict[str, Piece] = {
    'fold and zoneinfo': Piece(
        """\
from datetime import datetime, timezone
from zoneinfo import ZoneInfo
def to_local(ts, zone): return datetime.fromtimestamp(ts, ZoneInfo(zone))
def to_utc(dt): return dt.astimezone(timezone.utc)
def later(dt): return dt.replace(fold=1)
""",
        """\
from datetime import datetime, timezone, time
from zoneinfo import ZoneInfo
from solution import to_local, to_utc, later
def test_fold():
    z = ZoneInfo("Europe/Berlin")
    first = datetime(2024, 10, 27, 2, 30, tzinfo=z)
    second = first.replace(fold=1)
    assert to_utc(first).hour == 0 and to_utc(second).hour == 1
    assert to_local(second.timestamp(), "Europe/Berlin").fold == 1
    assert later(first).fold == 1
    assert later(datetime(2024, 1, 1)).fold == 1
    assert later(datetime(2024, 1, 1, tzinfo=timezone.utc)).fold == 1
    assert later(time(1, 2, tzinfo=z)).fold == 1
    assert later(time(1, 2, tzinfo=z)).tzinfo is z
""",
        ('replace(fold=1)', 'replace(fold=0)'), style="runner",
    ),
    'enums': Piece(
        """\
from enum import Enum, IntFlag, auto
class Color(Enum):
    RED = "r"; BLUE = "b"
    @property
    def nice(self): return self.name.title()
    @classmethod
    def parse(cls, s): return cls(s.lower())
class Perm(IntFlag):
    R = 4; W = 2; X = 1
def grant(p): return p | Perm.X
def counts(colors):
    d = {}
    for c in colors: d[c] = d.get(c, 0) + 1
    return d
""",
        """\
import pytest
from solution import Color, Perm, grant, counts
def test_enum():
    assert Color.parse("R") is Color.RED
    assert Color.RED.nice == "Red" and Color.RED != Color.BLUE
    assert list(Color) == [Color.RED, Color.BLUE]
    assert {Color.RED: 1}[Color.parse("r")] == 1
    assert Color["BLUE"].value == "b"
    assert repr(Color.RED) == "<Color.RED: 'r'>"
    with pytest.raises(ValueError): Color("x")
    assert counts([Color.RED, Color.RED, Color.BLUE]) == {Color.RED: 2, Color.BLUE: 1}
    assert Color.RED in Color
    assert len(Color) == 2
def test_flag():
    assert grant(Perm.R) == Perm.R | Perm.X
    assert grant(Perm.R) == 5
    assert Perm.X in grant(Perm.W)
    assert grant(Perm.R) & Perm.W == 0
""",
        ('p | Perm.X', 'p & Perm.X'), style="runner",
    ),
    'namedtuples': Piece(
        """\
from typing import NamedTuple
from collections import namedtuple
class Row(NamedTuple):
    id: int
    name: str = "x"
    @property
    def label(self): return f"{self.id}:{self.name}"
Pair = namedtuple("Pair", "a b")
def rows(): return [Row(1), Row(2, "y")]
def swap(p): return Pair(p.b, p.a)
""",
        """\
from solution import Row, Pair, rows, swap
def test_nt():
    assert rows() == [Row(1), (2, "y")]
    assert rows()[0].label == "1:x"
    assert swap(Pair(1, 2)) == Pair(2, 1)
    assert swap(Pair(1, 2))._asdict() == {"a": 2, "b": 1}
    a, b = swap(Pair(1, 2)); assert (a, b) == (2, 1)
    assert rows()[1]._replace(name="z") == Row(2, "z")
    assert isinstance(rows()[0], Row) and Row._fields == ("id", "name")
""",
        ('{self.id}:', '{self.id}-'), style="runner",
    ),
    'exceptions': Piece(
        """\
class AppError(Exception):
    def __init__(self, code, message, details=None):
        super().__init__(message)
        self.code, self.details = code, details or {}
class NotFound(AppError):
    def __init__(self, key): super().__init__(404, f"{key} not found", {"key": key}); self.key = key
class Wrapped(Exception): pass
def find(d, k):
    try: return d[k]
    except KeyError as e: raise NotFound(k) from e
def many():
    raise ExceptionGroup("bad", [ValueError("a"), NotFound("b")])
def hide():
    try: 1 / 0
    except ZeroDivisionError: raise Wrapped("w") from None
def status(e): return e.code
def ctx():
    try: int("x")
    except ValueError: raise Wrapped("second")
def noted():
    e = ValueError("n"); e.add_note("look here"); raise e
""",
        """\
import pytest
from solution import *
def test_exc():
    with pytest.raises(NotFound, match="b not found") as e: find({}, "b")
    assert e.value.code == 404 and e.value.key == "b" and e.value.details == {"key": "b"}
    assert isinstance(e.value.__cause__, KeyError) and isinstance(e.value, AppError)
    assert e.value.args == ("b not found",) and str(e.value) == "b not found"
    assert e.type is NotFound
    assert status(NotFound("z")) == 404
    assert issubclass(NotFound, AppError)
    assert NotFound("q").key == "q"
def test_group():
    with pytest.raises(ExceptionGroup) as e: many()
    assert [type(x) for x in e.value.exceptions] == [ValueError, NotFound]
def test_hidden():
    with pytest.raises(Wrapped) as e: hide()
    assert e.value.__cause__ is None and e.value.__suppress_context__
def test_context():
    with pytest.raises(Wrapped) as e: ctx()
    assert isinstance(e.value.__context__, ValueError)
def test_note():
    with pytest.raises(ValueError) as e: noted()
    assert e.value.__notes__ == ["look here"]
""",
        ('raise NotFound(k) from e', 'raise NotFound(k) from None'), style="runner",
    ),
    'exception returned and raised by fakes': Piece(
        """\
class RetryError(Exception):
    def __init__(self, attempts, last): super().__init__(f"{attempts} attempts"); self.attempts = attempts; self.last = last
def retry(fn, n, on=(Exception,)):
    last = None
    for i in range(n):
        try: return fn()
        except on as e: last = e
    raise RetryError(n, last) from last
def collect(fns):
    out = []
    for f in fns:
        try: out.append(f())
        except Exception as e: out.append(e)
    return out
""",
        """\
import pytest
from solution import retry, RetryError, collect
class Boom(Exception):
    def __init__(self, n): super().__init__(n); self.n = n
def test_retry():
    calls = []
    def fn():
        calls.append(1)
        raise Boom(len(calls))
    with pytest.raises(RetryError) as e: retry(fn, 3)
    assert e.value.attempts == 3 and isinstance(e.value.__cause__, Boom)
    assert e.value.__cause__.n == 3 and e.value.last.n == 3
    with pytest.raises(Boom): retry(fn, 3, on=(ValueError,))
def test_collect():
    def bad(): raise Boom(7)
    got = collect([lambda: 1, bad])
    assert got[0] == 1 and isinstance(got[1], Boom) and got[1].n == 7
def test_identity():
    err = Boom(1)
    def bad(): raise err
    assert collect([bad])[0] is err
""",
        ('from last', 'from None'), style="runner",
    ),
    'collections': Piece(
        """\
from collections import deque, defaultdict, OrderedDict, Counter, ChainMap
from array import array
def group(ws):
    d = defaultdict(list)
    for w in ws: d[w[0]].append(w)
    return d
def top(ws, n): return Counter(ws).most_common(n)
def lru(od, k): od.move_to_end(k); return od
def rot(d): d.rotate(1); return d
def arr(xs): a = array("i", xs); a.append(9); return a
def chain(a, b): return ChainMap(a, b)
def uniq(xs): return set(xs), frozenset(xs)
def count(xs): return Counter(xs)
""",
        """\
from collections import *
from array import array
from solution import *
def test_c():
    g = group(["ab", "ac", "b"]); assert g == {"a": ["ab", "ac"], "b": ["b"]} and g["zz"] == []
    assert top("aab", 1) == [("a", 2)]
    assert list(lru(OrderedDict(a=1, b=2), "a")) == ["b", "a"]
    d = deque([1, 2, 3], maxlen=3); assert rot(d) is d and d == deque([3, 1, 2]) and rot(d).maxlen == 3
    assert arr([1, 2]) == array("i", [1, 2, 9]) and arr([1]).tolist() == [1, 9]
    assert arr(array("i", [4])).typecode == "i"
    assert chain({"a": 1}, {"a": 2, "b": 3})["b"] == 3 and dict(chain({"a": 1}, {"b": 2})) == {"a": 1, "b": 2}
    assert uniq([2, 1, 2]) == ({1, 2}, frozenset({1, 2}))
    c = count("aab"); assert c["zzz"] == 0 and c + Counter("b") == Counter(a=2, b=2)
    assert isinstance(c, Counter) and isinstance(g, defaultdict)
    od = OrderedDict(a=1, b=2); assert lru(od, "a") is od and list(od) == ["b", "a"]
""",
        ('od.move_to_end(k)', 'od.move_to_end(k, last=False)'), style="runner",
    ),
    'numpy': Piece(
        """\
import numpy as np
def norm(a): return (a - a.mean()) / a.std()
def inplace(a): a *= 2
def grid(n): return np.arange(n * n, dtype=np.float32).reshape(n, n)
def big(n): return np.ones((n, n), dtype=np.uint8)
def mask(a): return a[a > 1]
def stats(a): return {"mean": a.mean(), "max": a.max(), "arg": int(a.argmax())}
def rng(seed): return np.random.default_rng(seed).integers(0, 10, 5)
def struct(): return np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
def view(a): return a[1:]
""",
        """\
import numpy as np, pytest
from numpy.testing import assert_allclose, assert_array_equal
from solution import *
def test_np():
    assert_allclose(norm(np.array([1.0, 2, 3])).mean(), 0, atol=1e-9)
    a = np.array([1, 2]); inplace(a); assert_array_equal(a, [2, 4]); assert a.dtype == np.int64
    assert grid(3).dtype == np.float32 and grid(3).shape == (3, 3) and grid(3)[1, 2] == 5
    assert big(1500).sum() == 1500 * 1500
    assert mask(np.array([1, 2, 3])).tolist() == [2, 3]
    s = stats(np.array([1, 5, 2])); assert s["max"] == 5 and s["arg"] == 1 and s["mean"] == pytest.approx(8 / 3)
    assert_array_equal(rng(1), np.random.default_rng(1).integers(0, 10, 5))
    assert struct()["a"][0] == 1
    assert isinstance(grid(2), np.ndarray) and np.isnan(norm(np.zeros(2))).all()
    b = np.zeros((2, 2)); inplace(b[0]); assert b.sum() == 0
    assert norm(np.array([1.0, 2, 3])) == pytest.approx([-1.2247, 0, 1.2247], abs=1e-3)
""",
        ('a *= 2', 'a = a * 2'), style="runner",
    ),
    'pandas': Piece(
        """\
import pandas as pd
def totals(df): return df.groupby("k", as_index=False)["v"].sum()
def add(df): df["w"] = df["v"] * 2
def clean(df): return df.dropna().drop_duplicates().reset_index(drop=True)
def series(df): return df.set_index("k")["v"]
def load(path): return pd.read_csv(path, parse_dates=["d"])
def mean(df): return df["v"].mean()
""",
        """\
import pandas as pd, numpy as np
from pandas.testing import assert_frame_equal, assert_series_equal
from solution import *
def test_pd(tmp_path):
    df = pd.DataFrame({"k": ["a", "b", "a"], "v": [1, 2, 3]})
    assert_frame_equal(totals(df), pd.DataFrame({"k": ["a", "b"], "v": [4, 2]}))
    assert mean(df) == 2
    add(df); assert df["w"].tolist() == [2, 4, 6]
    got = clean(pd.DataFrame({"a": [1.0, 1.0, None], "b": ["x", "x", "y"]}))
    assert got.shape == (1, 2) and list(got.columns) == ["a", "b"] and len(got) == 1
    assert series(df).loc["b"] == 2
    p = tmp_path / "a.csv"; p.write_text("d,v\\n2024-01-02,3\\n")
    f = load(p); assert str(f["d"].dtype).startswith("datetime64") and f["v"].sum() == 3
    assert totals(df).equals(pd.DataFrame({"k": ["a", "b"], "v": [4, 2]}))
    assert totals(df).iloc[0]["v"] == 4 and totals(df).to_dict("records")[1] == {"k": "b", "v": 2}
    assert isinstance(totals(df), pd.DataFrame)
    assert (totals(df)["v"] > 1).all() and totals(df).columns.tolist() == ["k", "v"]
""",
        ('df["w"] = df["v"] * 2', 'df.assign(w=df["v"] * 2)'), style="runner",
    ),
    'pydantic model': Piece(
        """\
from pydantic import BaseModel, Field, field_validator, ValidationError
class User(BaseModel):
    id: int
    name: str = Field(min_length=1)
    tags: list[str] = []
    @field_validator("name")
    @classmethod
    def strip(cls, v): return v.strip()
def parse(d): return User.model_validate(d)
""",
        """\
import pytest
from pydantic import ValidationError
from solution import User, parse
def test_p():
    u = parse({"id": "1", "name": " a "})
    assert u == User(id=1, name="a") and u.model_dump() == {"id": 1, "name": "a", "tags": []}
    assert u.name == "a" and u.model_dump_json() == '{"id":1,"name":"a","tags":[]}'
    with pytest.raises(ValidationError): parse({"id": "x", "name": "a"})
    with pytest.raises(ValueError, match="name"): User(id=1)
""",
        ('v.strip()', 'v'), style="runner",
    ),
}  # fmt: skip
