"""Honest code that must pass, and the same with a mistake that must not: (code, tests, mistake).

A mistake is a piece of the code and what stands there instead.
"""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from typing import NamedTuple


class Piece(NamedTuple):
    code: str
    tests: str
    mistake: tuple[str, str]
    entry: str = ""
    style: str = "asserts"
    support: str = ""


PYTHON: dict[str, Piece] = {
    "paths and the environment": Piece(
        "import os\ndef words(path):\n    return path.read_text().split()\n"
        "def region():\n    return os.environ.get('REGION', 'none')\n",
        "from solution import words, region\ndef test_words(tmp_path):\n"
        "    (tmp_path / 'a').write_text('x y')\n    assert words(tmp_path / 'a') == ['x', 'y']\n"
        "def test_region(monkeypatch):\n    monkeypatch.setenv('REGION', 'eu')\n"
        "    assert region() == 'eu'\n    monkeypatch.delenv('REGION')\n    assert region() == 'none'\n",
        ("split()", "splitlines()"), style="runner",
    ),
    "what the tests patch": Piece(
        "import time\ndef slow(n):\n    time.sleep(60)\n    return n + 1\n",
        "from unittest import mock\nimport solution\n@mock.patch('solution.time.sleep')\n"
        "def test_slow(sleep):\n    assert solution.slow(1) == 2\n    sleep.assert_called_once_with(60)\n",
        ("+ 1", "+ 2"), style="runner",
    ),
    "a star": Piece(
        "import math\nfrom datetime import date\ndef next_year(d):\n    return date(d.year + 1, d.month, d.day)\n"
        "def root(n):\n    return math.sqrt(n)\n",
        "from datetime import date\nimport math\nfrom solution import *\ndef test_both():\n"
        "    assert next_year(date(2024, 5, 1)) == date(2025, 5, 1)\n"
        "    assert math.isclose(root(2), math.sqrt(2))\n",
        ("+ 1", "+ 2"), style="runner",
    ),
    "plain values": Piece(
        "def close(numbers, gap):\n    numbers = sorted(numbers)\n"
        "    return any(b - a < gap for a, b in zip(numbers, numbers[1:]))\n",
        "def check(candidate):\n    assert candidate([1.0, 2.0, 3.9, 4.0], 0.3) == True\n"
        "    assert candidate([1.0, 2.0], 0.5) is False\n",
        ("< gap", "> gap"), "close",
    ),
    "prints a lot": Piece(
        "def f(n):\n    for i in range(20000): print('x' * 100)\n    return n + 1\n",
        "assert f(1) == 2\n", ("+ 1", "+ 2"),
    ),
    "what it prints": Piece(
        "def f(n):\n    print('hello', n)\n",
        "import contextlib, io\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n"
        "    f(3)\nassert out.getvalue() == 'hello 3\\n'\n", ("hello", "hallo"),
    ),
    "recursion": Piece(
        "def f(n):\n    return 1 if n < 2 else n * f(n - 1)\n",
        "assert f(5) == 120\nassert f(300) % 10**9 == 0\nassert len(str(f(300))) == 615\n",
        ("n < 2", "n < 3"),
    ),
    "classes": Piece(
        "class Stack:\n    def __init__(self): self._items = []\n"
        "    def push(self, it): self._items.append(it); return self\n"
        "    def pop(self): return self._items.pop()\n"
        "    def __len__(self): return len(self._items)\n"
        "    def __contains__(self, it): return it in self._items\n"
        "    def __iter__(self): return iter(self._items)\n",
        "s = Stack()\ns.push(1).push(2)\nassert len(s) == 2\nassert 1 in s\nassert 7 not in s\n"
        "assert list(s) == [1, 2]\nassert s.pop() == 2\nassert isinstance(s, Stack)\n"
        "try:\n    Stack().pop()\n    assert False\nexcept IndexError:\n    pass\n",
        ("self._items.pop()", "self._items.pop(0)"),
    ),
    "classes with operators": Piece(
        "from dataclasses import dataclass\n@dataclass(frozen=True)\nclass V:\n    x: int\n"
        "    y: int\n    def __add__(self, o): return V(self.x + o.x, self.y + o.y)\n"
        "    def __mul__(self, k): return V(self.x * k, self.y * k)\n"
        "    def __lt__(self, o): return self.x < o.x\n",
        "assert V(1, 2) + V(3, 4) == V(4, 6)\nassert V(1, 2) * 3 == V(3, 6)\n"
        "assert V(1, 2) != V(2, 1)\nassert V(1, 2) < V(2, 1)\nassert V(1, 2).x == 1\n"
        "assert len({V(1, 2), V(1, 2)}) == 1\nassert repr(V(1, 2)) == 'V(x=1, y=2)'\n",
        ("self.y * k", "self.y + k"),
    ),
    "generators": Piece(
        "def count(n):\n    for i in range(n):\n        yield i * i\n"
        "def forever():\n    n = 0\n    while True:\n        yield n\n        n += 1\n",
        "import itertools\nassert list(count(4)) == [0, 1, 4, 9]\n"
        "assert list(itertools.islice(forever(), 3)) == [0, 1, 2]\nassert sum(count(3)) == 5\n"
        "it = count(1)\nassert next(it) == 0\n"
        "try:\n    next(it)\n    assert False\nexcept StopIteration:\n    pass\n",
        ("i * i", "i + i"),
    ),
    "exceptions": Piece(
        "class Bad(ValueError):\n    def __init__(self, code):\n"
        "        super().__init__(f'bad {code}')\n        self.code = code\n"
        "def f(n):\n    if n < 0: raise Bad(7)\n    if n == 0: raise ZeroDivisionError\n"
        "    return {'a': 1}['b']\n",
        "for n, kind in ((-1, Bad), (-1, ValueError), (0, ZeroDivisionError), (1, KeyError)):\n"
        "    try:\n        f(n)\n    except kind as e:\n"
        "        assert n >= 0 or (e.code == 7 and str(e) == 'bad 7')\n"
        "    else:\n        assert False, 'nothing was raised'\n",
        ("Bad(7)", "Bad(8)"),
    ),
    "floats": Piece(
        "def f(n):\n    return n / 3, float('inf'), float('nan'), -0.0, 1 + 2j\n",
        "import math\na, b, c, d, e = f(1)\nassert math.isclose(a, 1 / 3)\n"
        "assert b == math.inf\nassert math.isnan(c)\nassert math.copysign(1, d) == -1\n"
        "assert abs(e) == abs(1 + 2j)\n", ("n / 3", "n / 3.01"),
    ),
    "big and small values": Piece(
        "from decimal import Decimal\nfrom fractions import Fraction\nimport datetime\n"
        "def f():\n    return (2 ** 20000, {1, (2, 3)}, None, b'x', Decimal('1.10'),\n"
        "        Fraction(1, 3), datetime.date(2020, 1, 2), frozenset([1]), range(3), 'é\\ud800')\n",
        "from decimal import Decimal\nfrom fractions import Fraction\nimport datetime\n"
        "assert f() == (2 ** 20000, {1, (2, 3)}, None, b'x', Decimal('1.10'), Fraction(1, 3),\n"
        "    datetime.date(2020, 1, 2), frozenset([1]), range(3), 'é\\ud800')\n"
        "assert type(f()) is tuple\n", ("2 ** 20000", "2 ** 20000 + 1"),
    ),
    "collections": Piece(
        "from collections import *\nP = namedtuple('P', 'x y')\n"
        "def f(t):\n    d = defaultdict(list)\n    d[1].append(2)\n"
        "    return P(1, 2), Counter(t), deque([1, 2]), d, OrderedDict(a=1)\n",
        "p, c, q, d, o = f('aab')\nassert p.x == 1 and p == (1, 2)\nassert c['a'] == 2\n"
        "assert c.most_common(1) == [('a', 2)]\nassert q.popleft() == 1\nassert d == {1: [2]}\n"
        "assert d[9] == []\nassert list(o) == ['a']\n", ("P(1, 2)", "P(2, 1)"),
    ),
    "mutation is seen": Piece(
        "def f(rows, seen, counts):\n    rows.sort()\n    rows[0].append(9)\n    seen.add(1)\n"
        "    counts['n'] = counts.get('n', 0) + 1\n    return rows\n",
        "inner = [1]\nrows = [[2], inner]\nseen, counts = set(), {}\nback = f(rows, seen, counts)\n"
        "assert rows == [[1, 9], [2]]\nassert inner == [1, 9]\nassert back is rows\n"
        "assert rows[0] is inner\nassert seen == {1}\nassert counts == {'n': 1}\n",
        ("seen.add(1)", "seen.add(2)"),
    ),
    "functions as arguments and results": Piece(
        "def twice(f):\n    return lambda x: f(f(x))\n"
        "def counter():\n    n = 0\n    def step():\n        nonlocal n\n        n += 1\n"
        "        return n\n    return step\n",
        "assert twice(lambda x: x + 3)(1) == 7\nassert twice(str.upper)('a') == 'A'\n"
        "c = counter()\nassert (c(), c(), counter()()) == (1, 2, 1)\n"
        "assert twice(int)('5') == 5\n", ("f(f(x))", "f(x)"),
    ),
    "objects of the test as arguments": Piece(
        "def total(node):\n    found = 0\n    while node is not None:\n"
        "        found += node.value\n        node.seen = True\n        node = node.next\n"
        "    return found\n",
        "class Node:\n    def __init__(self, value, next=None):\n"
        "        self.value, self.next, self.seen = value, next, False\n"
        "n = Node(1, Node(2))\nassert total(n) == 3\nassert n.next.seen\n",
        ("found += node.value", "found = node.value"),
    ),
    "coroutines": Piece(
        "import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n    return n + 1\n",
        "import asyncio\nassert asyncio.run(f(1)) == 2\n", ("+ 1", "- 1"),
    ),
    "context managers": Piece(
        "import contextlib\nlog = []\n@contextlib.contextmanager\ndef scope(n):\n"
        "    log.append(n)\n    yield n * 2\n    log.append(-n)\ndef said(): return log\n",
        "with scope(2) as it:\n    assert it == 4\nassert said() == [2, -2]\n",
        ("append(-n)", "append(n)"),
    ),
    "the task's own functions": Piece(
        "def poly(xs, x):\n    return 0\ndef root(xs):\n    return -xs[0] / xs[1]\n",
        "def check(candidate):\n    assert abs(poly([1, 2], candidate([1, 2]))) < 1e-9\n",
        ("-xs[0]", "xs[0]"), "root", "asserts",
        "def poly(xs, x):\n    return sum(c * x ** i for i, c in enumerate(xs))\n",
    ),
    "test functions": Piece(
        "def f(n):\n    return n + 1\n", "def test_one():\n    assert f(1) == 2\n",
        ("+ 1", "+ 2"),
    ),
    "unittest": Piece(
        "def f(n):\n    return n + 1\n",
        "import unittest\nfrom solution import f\nclass Case(unittest.TestCase):\n"
        "    def test_one(self):\n        self.assertEqual(f(1), 2)\n"
        "        self.assertAlmostEqual(f(0.1), 1.1)\n        with self.assertRaises(TypeError):\n"
        "            f('x')\n", ("+ 1", "+ 2"), "", "runner",
    ),
    "pytest": Piece(
        "import sys\ndef f(n):\n    print('said', n)\n    return n + clock()\n"
        "def clock():\n    return 100\ndef end():\n    sys.exit(3)\n",
        "import pytest\nimport solution\nfrom solution import f\n"
        "@pytest.fixture\ndef one():\n    return 1\n"
        "@pytest.mark.parametrize('n', [1, 2])\ndef test_n(n, one):\n"
        "    assert f(n) == n + 99 + one\n"
        "def test_said(capsys):\n    f(5)\n    assert capsys.readouterr().out == 'said 5\\n'\n"
        "def test_clock(monkeypatch):\n    monkeypatch.setattr(solution, 'clock', lambda: 1)\n"
        "    assert f(1) == 2\n"
        "def test_end():\n    with pytest.raises(SystemExit) as e:\n        solution.end()\n"
        "    assert e.value.code == 3\n"
        "def test_near():\n    assert f(0.1) == pytest.approx(100.1)\n"
        "@pytest.mark.skip\ndef test_left():\n    assert False\n",
        ("n + clock()", "n + clock() + 1"), "", "runner",
    ),
}  # fmt: skip

NUMPY = Piece(
    "import numpy as np\ndef f(a):\n    a[0] = 5\n    return a * 2, a.mean(), a > 2\n",
    "import numpy as np\na = np.array([1.0, 3.0])\nb, c, d = f(a)\nassert a[0] == 5\n"
    "assert np.allclose(b, [10, 6])\nassert c == 4\nassert d.tolist() == [True, True]\n",
    ("a * 2", "a * 3"),
)

JAVASCRIPT: dict[str, Piece] = {
    "plain values": Piece(
        "const add = (a, b) => a + b;",
        "console.assert(add(1, 2) === 3);\nconsole.assert(add('a', 'b') === 'ab');",
        ("a + b", "a - b"),
    ),
    "candidate and check": Piece(
        "function add(a, b) { return a + b; }",
        "const assert = require('node:assert');\n"
        "function check(candidate) { assert.deepEqual(candidate(1, 2), 3); }",
        ("a + b", "a - b"), "add",
    ),
    "prints a lot": Piece(
        "function f(n) { for (let i = 0; i < 20000; i++) console.log('x'.repeat(100));"
        " return n + 1; }",
        "require('assert').equal(f(1), 2);", ("n + 1", "n + 2"),
    ),
    "every kind of value": Piece(
        "function f() { return [undefined, null, NaN, -0, 10n ** 30n, new Map([[1, { a: [] }]]),"
        " new Set(['x']), new Date(5), /a+/gi, new Uint8Array([1, 2]), [1, , 3], Infinity]; }",
        "require('assert').deepStrictEqual(f(), [undefined, null, NaN, -0, 10n ** 30n,"
        " new Map([[1, { a: [] }]]), new Set(['x']), new Date(5), /a+/gi,"
        " new Uint8Array([1, 2]), [1, , 3], Infinity]);", ("['x']", "['y']"),
    ),
    "classes": Piece(
        "class Stack { constructor() { this.items = []; } push(it) { this.items.push(it);"
        " return this; } pop() { return this.items.pop(); } get size() "
        "{ return this.items.length; } static of(...i) { const s = new Stack();"
        " i.forEach((it) => s.push(it)); return s; } includes(it) "
        "{ return this.items.includes(it); } }",
        "const assert = require('assert');\nconst s = new Stack();\ns.push(1).push(2);\n"
        "assert.equal(s.size, 2);\nassert.equal(s.pop(), 2);\nassert.ok(s instanceof Stack);\n"
        "assert.equal(Stack.of(1, 2, 3).size, 3);\nassert.ok(s.includes(1));\n"
        "assert.ok(!s.includes(9));\nassert.deepEqual([...s.items], [1]);",
        ("this.items.pop()", "this.items.shift()"),
    ),
    "exceptions": Piece(
        "class Bad extends Error { constructor(c) { super('bad ' + c); this.code = c; } }\n"
        "function f(n) { if (n) throw new Bad(n); null.x; }",
        "const assert = require('assert');\nassert.throws(() => f(3), Bad);\n"
        "assert.throws(() => f(3), /bad 3/);\nassert.throws(() => f(3), { code: 3 });\n"
        "assert.throws(() => f(0), TypeError);", ("'bad '", "'good '"),
    ),
    "closures, callbacks, generators": Piece(
        "function counter() { let n = 0; return () => ++n; }\n"
        "function twice(f) { return (x) => f(f(x)); }\n"
        "function* upto(n) { for (let i = 0; i < n; i++) yield i; }",
        "const assert = require('assert');\nconst c = counter();\nc();\nassert.equal(c(), 2);\n"
        "assert.equal(twice((x) => x + 3)(1), 7);\nassert.deepEqual([...upto(3)], [0, 1, 2]);",
        ("++n", "n++"),
    ),
    "mutation is seen": Piece(
        "function f(a, m) { a.reverse(); a[0].x = 1; m.set('k', a.length); return a; }",
        "const assert = require('assert');\nconst a = [{}, {}], m = new Map();\nconst last = a[1];\n"
        "const b = f(a, m);\nassert.strictEqual(b, a);\nassert.equal(last.x, 1);\n"
        "assert.equal(m.get('k'), 2);", ("x = 1", "x = 2"),
    ),
    "promises": Piece(
        "async function f(n) { await new Promise((r) => setTimeout(r, 2));"
        " if (n < 0) throw new RangeError('neg'); return n + 1; }",
        "const assert = require('assert');\n(async () => {\n"
        "  assert.deepEqual(await Promise.all([f(1), f(2)]), [2, 3]);\n"
        "  await assert.rejects(f(-1), RangeError);\n})();", ("n + 1", "n + 2"),
    ),
    "a module": Piece(
        "export function f(n) { return n + 1; }\nfunction g(n) { return n; }\n",
        "import assert from 'node:assert';\nassert.equal(f(g(1)), 2);", ("n + 1", "n + 2"),
    ),
    "node:test": Piece(
        "export const f = (n) => n + 1;\nexport default f;\n",
        "import { describe, it, test } from 'node:test';\nimport assert from 'node:assert/strict';\n"
        "import g, { f } from './solution.js';\n"
        "test('one', () => assert.equal(f(1), 2));\n"
        "test('later', async (t) => { assert.equal(g(2), 3); });\n"
        "describe('both', () => { it('adds', () => { assert.equal(f(0), 1); }); });\n",
        ("n + 1", "n + 2"), "", "runner",
    ),
    "vitest": Piece(
        "export function f(n) { if (n < 0) throw new Error('neg'); return [n + 1]; }\n",
        "import { beforeEach, describe, expect, it } from 'vitest';\n"
        "import { f } from './solution';\nlet n;\nbeforeEach(() => { n = 1; });\n"
        "describe('f', () => {\n  it('adds', () => { expect(f(n)).toEqual([2]); });\n"
        "  it('throws', () => { expect(() => f(-1)).toThrow('neg'); });\n"
        "  it.each([[1, 2], [2, 3]])('%i', (a, b) => { expect(f(a)[0]).toBe(b); });\n});\n",
        ("n + 1", "n + 2"), "", "runner",
    ),
}  # fmt: skip

TYPESCRIPT: dict[str, Piece] = {
    "assertions": Piece(
        "interface P { x: number }\nexport function f(p: P): number { return p.x + 1; }\n",
        "import assert from 'node:assert';\nconst got: number = f({ x: 1 });\n"
        "assert.equal(got, 2);\n", ("+ 1", "+ 2"),
    ),
    "node:test": Piece(
        "enum K { A = 1 }\nexport const f = (n: number): number => n + K.A;\n",
        "import test from 'node:test';\nimport assert from 'node:assert';\n"
        "import { f } from './solution';\n"
        "test('one', () => { assert.equal(f(1) as number, 2); });\n",
        ("n + K.A", "n - K.A"), "", "runner",
    ),
}  # fmt: skip
