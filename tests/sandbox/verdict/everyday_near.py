"""Everyday Python that comes near to what is refused, each with a mistake that the tests see."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

NEAR: dict[str, Piece] = {
    "a block that swallows its own kind": Piece(
        "from contextlib import contextmanager\n@contextmanager\ndef ignoring(*kinds):\n"
        "    try: yield\n    except kinds: pass\n",
        "import pytest\nfrom solution import ignoring\ndef test_a():\n"
        "    with ignoring(KeyError):\n        {}[1]\n"
        "    with pytest.raises(ValueError):\n        with ignoring(KeyError): raise ValueError\n",
        ("except kinds", "except Exception"), style="runner",
    ),
    "a spy on a method": Piece(
        "def spy(it, name):\n    calls, own = [], getattr(it, name)\n"
        "    def seen(*args):\n        calls.append(args)\n        return own(*args)\n"
        "    setattr(it, name, seen)\n    return lambda: calls\n",
        "from solution import spy\nclass Adder:\n    def add(self, a, b): return a + b\n"
        "def test_a():\n    it = Adder()\n    calls = spy(it, 'add')\n"
        "    assert it.add(1, 2) == 3\n    assert calls() == [(1, 2)]\n",
        ("return own(*args)", "own(*args)"), style="runner",
    ),
    "vectors of a function": Piece(
        "class Vector:\n    def __init__(self, xs): self.xs = list(xs)\n"
        "    def __add__(self, k): return Vector(x + k for x in self.xs)\n"
        "    def __sub__(self, o): return Vector(a - b for a, b in zip(self.xs, o.xs))\n"
        "    def __len__(self): return len(self.xs)\n    def __iter__(self): return iter(self.xs)\n"
        "    def norm(self): return sum(x * x for x in self.xs) ** 0.5\n"
        "    def __eq__(self, o): return isinstance(o, Vector) and self.xs == o.xs\n"
        "def vector(*xs): return Vector(xs)\n",
        "from solution import vector\ndef test_a():\n    it = vector(1, 2)\n"
        "    assert len(it) == 2 and list(it) == [1, 2]\n    assert it + 1 == vector(2, 3)\n"
        "    assert (vector(4, 6) - it).norm() == 5\n    assert [x for x in it + 2] == [3, 4]\n"
        "    for got, want in zip(it, [1, 2]): assert got == want\n",
        ("x + k", "x - k"), style="runner",
    ),
    "a filter in words": Piece(
        "class Column:\n    def __init__(self, text): self.text = text\n"
        "    def __sub__(self, o): return Column(f'{self.text} - {o}')\n"
        "    def eq(self, o): return Column(f'{self.text} = {o!r}')\n"
        "    def __str__(self): return self.text\n"
        "def column(name): return Column(name)\n",
        "from solution import column\ndef test_a():\n"
        "    assert str(column('a') - 1) == 'a - 1'\n"
        "    assert column('a').eq('x').text == \"a = 'x'\"\n",
        ("{o!r}", "{o}"), style="runner",
    ),
    "no number that is known": Piece(
        "import math\ndef mean(xs): return sum(xs) / len(xs) if xs else math.nan\n",
        "import math\nfrom solution import mean\ndef test_a():\n    assert math.isnan(mean([]))\n"
        "    assert mean([1, 3]) == 2\n",
        ("math.nan", "0.0"), style="runner",
    ),
    "all of it, by a star": Piece(
        "import math\ndef area(r): return math.pi * r ** 2\ndef test_area(): raise ValueError\n",
        "from math import *\nfrom solution import *\ndef test_a():\n"
        "    assert isclose(area(2), 4 * pi)\n",
        ("** 2", "* 2 + 1"), style="runner",
    ),
    "cancelled by the code": Piece(
        "import asyncio\nclass Worker:\n"
        "    def start(self): self.task = asyncio.ensure_future(asyncio.sleep(30))\n"
        "    def stop(self): self.task.cancel()\n    async def wait(self): await self.task\n",
        "import asyncio, pytest\nfrom solution import Worker\ndef test_a():\n"
        "    async def main():\n        it = Worker()\n        it.start()\n        it.stop()\n"
        "        with pytest.raises(asyncio.CancelledError): await it.wait()\n"
        "    asyncio.run(main())\n",
        ("self.task.cancel()", "self.task = asyncio.ensure_future(asyncio.sleep(0))"), style="runner",
    ),
    "a failing check that is expected": Piece(
        "class raises:\n    def __init__(self, kind): self.kind = kind\n"
        "    def __enter__(self): return self\n    def __exit__(self, kind, it, trace):\n"
        "        if kind is None: raise AssertionError('nothing was raised')\n"
        "        return issubclass(kind, self.kind)\n",
        "import pytest\nfrom solution import raises\ndef test_a():\n"
        "    with raises(AssertionError): assert False\n"
        "    with pytest.raises(AssertionError):\n        with raises(KeyError): pass\n",
        ("raise AssertionError", "print"), style="runner",
    ),
    "told by its name": Piece(
        "import functools\ndef logged(f, say):\n"
        "    name = getattr(f, '__name__', None) or repr(f)\n"
        "    def call(*a):\n        say('calls ' + ('it' if name else '?'))\n        return f(*a)\n    return call\n",
        "import functools\nfrom solution import logged\ndef test_a():\n    said = []\n"
        "    it = logged(functools.partial(pow, 2), said.append)\n    assert it(3) == 8\n"
        "    assert said == ['calls it']\n",
        ("return f(*a)", "f(*a)"), style="runner",
    ),
    "temporary files where the environment says": Piece(
        "import tempfile\ndef place(): return tempfile.gettempdir()\n",
        "import os, tempfile\nos.mkdir('near')\nhere = os.environ['TMPDIR'] = os.path.abspath('near')\n"
        "assert tempfile.gettempdir() == here\nassert place() == here\n",
        ("tempfile.gettempdir()", "'/tmp'"),
    ),
    "a module that answers for its names": Piece(
        "TABLE = {'a': 1}\ndef add(a, b): return a + b\ndef __getattr__(name): return TABLE[name]\n",
        "assert add(1, 2) == 3\nassert math.pi > 3 and a == 1\n",
        ("a + b", "a - b"), support="import math\n", entry="add",
    ),
    "what Python's own packages raise": Piece(
        "import argparse, graphlib, json, zoneinfo\n"
        "def read(text): return json.loads(text)\n"
        "def even(n):\n    if n % 2: raise argparse.ArgumentTypeError(f'{n} is odd')\n    return n\n"
        "def order(graph): return list(graphlib.TopologicalSorter(graph).static_order())\n"
        "def zone(name): return zoneinfo.ZoneInfo(name)\n",
        "import argparse, json, zoneinfo\nfrom graphlib import CycleError\nimport pytest\n"
        "from solution import even, order, read, zone\ndef test_a():\n"
        "    with pytest.raises(json.JSONDecodeError) as e: read('{')\n"
        "    assert (e.value.pos, e.value.doc) == (1, '{')\n"
        "    with pytest.raises(argparse.ArgumentTypeError, match='3 is odd'): even(3)\n"
        "    with pytest.raises(CycleError) as e: order({1: [2], 2: [1]})\n"
        "    assert e.value.args[1] in ([1, 2, 1], [2, 1, 2])\n"
        "    with pytest.raises(zoneinfo.ZoneInfoNotFoundError): zone('No/Such')\n",
        ("argparse.ArgumentTypeError", "ValueError"), style="runner",
    ),
    "what a driver raises": Piece(
        "import psycopg\nclass Taken(psycopg.errors.UniqueViolation): pass\n"
        "def add(conn, name):\n    try: conn.execute('insert', (name,))\n"
        "    except psycopg.OperationalError as e: raise psycopg.errors.AdminShutdown('gone') from e\n"
        "    except psycopg.errors.UniqueViolation as e: raise Taken(name) from e\n",
        "from unittest.mock import Mock\nimport psycopg, pytest\nfrom solution import Taken, add\n"
        "def conn(e): return Mock(**{'execute.side_effect': e})\ndef test_a():\n"
        "    with pytest.raises(psycopg.Error) as e: add(conn(psycopg.OperationalError('no')), 'a')\n"
        "    assert type(e.value) is psycopg.errors.AdminShutdown and e.value.sqlstate == '57P01'\n"
        "    assert isinstance(e.value.__cause__, psycopg.OperationalError)\n"
        "    try: add(conn(psycopg.errors.UniqueViolation('x')), 'b')\n"
        "    except psycopg.IntegrityError as e: assert isinstance(e, Taken) and str(e) == 'b'\n"
        "    else: assert False\n",
        ("psycopg.errors.AdminShutdown", "psycopg.errors.CrashShutdown"), style="runner",
    ),
}  # fmt: skip
