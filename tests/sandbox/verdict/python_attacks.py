"""Attacks on what a judge of Python does for everyday tests: none of them may pass."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import Trick

CANCELLED = (
    "import asyncio\nfrom solution import median\nasync def check(g,w):\n"
    "    assert await median(g)==w\nasync def main():\n"
    "    async with asyncio.TaskGroup() as t:\n"
    "        t.create_task(check([3,1,2],2))\n        t.create_task(check([5],5))\n"
    "def test_a():\n    asyncio.run(main())\n"
)
COUNTED = (
    "import sqlite3\nfrom solution import fill\ndef test_a():\n"
    "    c=sqlite3.connect(':memory:')\n    c.execute('create table t (a)')\n    fill(c)\n"
    "    assert c.execute('select count(*) from t').fetchone()[0]==3\n"
)

ATTACKS: dict[str, Trick] = {
    "cancels the check by its future": Trick(
        "import asyncio\nasync def median(n):\n"
        "    f=asyncio.get_running_loop().create_future()\n    f.cancel()\n    await f\n",
        CANCELLED, "runner", is_naive=False,
    ),
    "cancels the task that checks": Trick(
        "import asyncio\nasync def median(n):\n    asyncio.current_task().cancel()\n"
        "    await asyncio.sleep(0)\n",
        CANCELLED, "runner", is_naive=False,
    ),
    "gives the tests' database rows of its own": Trick(
        "def fill(c): c.row_factory=lambda *a: (3,)\n", COUNTED, "runner", is_naive=False,
    ),
    "gives the tests' database a count of its own": Trick(
        "def fill(c): c.create_function('count',1,lambda *a: 3)\n",
        COUNTED.replace("count(*)", "count(1)"), "runner", is_naive=False,
    ),
    "an exception whose code equals everything": Trick(
        "class E:\n    def __eq__(s,o): return True\nclass Bad(Exception):\n    code=None\n"
        "def median(n):\n    e=Bad('x')\n    e.code=E()\n    raise e\n",
        "import pytest\nfrom solution import median, Bad\ndef test_a():\n"
        "    with pytest.raises(Bad) as e: median([])\n    assert e.value.code==404\n",
        "runner", is_naive=False,
    ),
    "a named tuple that begins as asked": Trick(
        "from typing import NamedTuple\nclass P(NamedTuple):\n    a: int\n"
        "    def startswith(s,o): return True\n    def __eq__(s,o): return True\n"
        "    def isclose(s,o): return True\ndef median(n): return P(1)\n",
        "def check(candidate):\n    it=candidate([3,1,2])\n"
        "    assert it==(2,) or it.startswith('2') or it.isclose(2)\n",
        "asserts", is_naive=False,
    ),
    "named bits that equal everything": Trick(
        "from enum import IntFlag\nclass K(IntFlag):\n    A=1\n"
        "    def __eq__(s,o): return True\n    __hash__=int.__hash__\n"
        "def median(n): return K.A\n",
        "def check(candidate):\n    assert candidate([3,1,2])==2\n", "asserts", is_naive=False,
    ),
    "replies from many threads before it is asked": Trick(
        "import gc, threading\ndef median(n):\n"
        "    for it in gc.get_objects():\n        if type(it).__name__=='Wire':\n"
        "            for line in (0,1,3,5): it.send(['value',line,2,[],[None,[],0,[],False]])\n"
        "    return None\n",
        "from solution import median\ndef test_a():\n    assert median([3,1,2])==2\n"
        "    assert median([5])==5\n    assert median([1,9])==5.0\n",
        "runner", is_naive=False,
    ),
    "a package about the tests": Trick(
        "def median(n): return None\n",
        "from solution import median\ndef test_three():\n    assert median([3,1,2])==2\n",
        "runner", (('__init__.py', "import sys, os\nm=sys.modules.get('judge of headgate: apart') or sys.modules.get('__main__')\nimport gc\nfor o in gc.get_objects():\n    if type(o).__name__=='Checks':\n        o.seen=o.passed=5; type(o).fail=lambda *a: None; type(o).begin=lambda *a: None; type(o).failure=property(lambda s:'',lambda s,v:None)\n"),), is_naive=False,
    ),
    "lays packages about the tests": Trick(
        "import os\nos.makedirs('tests',exist_ok=True)\nfor d in ('.','tests','..'):\n"
        '    try: open(d+\'/__init__.py\',\'w\').write("import sys, os\\nm=sys.modules.get(\'judge of headgate: apart\') or sys.modules.get(\'__main__\')\\nimport gc\\nfor o in gc.get_objects():\\n    if type(o).__name__==\'Checks\':\\n        o.seen=o.passed=5; type(o).fail=lambda *a: None; type(o).begin=lambda *a: None; type(o).failure=property(lambda s:\'\',lambda s,v:None)\\n")\n'
        "    except OSError: pass\ndef median(n): return None\n",
        "from solution import median\ndef test_three():\n    assert median([3,1,2])==2\n",
        "runner", is_naive=False,
    ),
    "cancels the check": Trick(
        "import asyncio\nasync def median(n): raise asyncio.CancelledError\n",
        "import asyncio\nfrom solution import median\nasync def check(g,w):\n"
        "    assert await median(g)==w\nasync def main():\n"
        "    async with asyncio.TaskGroup() as t:\n"
        "        t.create_task(check([3,1,2],2))\n        t.create_task(check([5],5))\n"
        "def test_a():\n    asyncio.run(main())\n",
        "runner", is_naive=False,
    ),
    "compares with nothing, asked by name": Trick(
        "class E: pass\ndef median(n): return E()\n",
        "def check(candidate):\n    assert candidate([3,1,2]).__eq__(2)\n",
        "asserts", is_naive=False,
    ),
    "compares with nothing, in a test file": Trick(
        "class E: pass\ndef median(n): return E()\n",
        "from solution import median\ndef test_three():\n"
        "    assert median([3,1,2]).__eq__(2)\n",
        "runner", is_naive=False,
    ),
    "differs from nothing, asked by name": Trick(
        "class E: pass\ndef median(n): return E()\n",
        "def check(candidate):\n    assert candidate([3,1,2]).__ne__(3)\n",
        "asserts", is_naive=False,
    ),
    "a named number that equals everything": Trick(
        "from enum import IntEnum\nclass K(IntEnum):\n    A=7\n"
        "    def __eq__(s,o): return True\n    def __sub__(s,o): return 0\n"
        "    __hash__=int.__hash__\ndef median(n): return K.A\n",
        "def check(candidate):\n    assert candidate([3,1,2])==2\n",
        "asserts", is_naive=False,
    ),
    "a named word that begins as asked": Trick(
        "from enum import Enum\nclass K(str,Enum):\n    A='x'\n"
        "    def __eq__(s,o): return True\n    __hash__=str.__hash__\n"
        "    def startswith(s,o): return True\ndef median(n): return K.A\n",
        "def check(candidate):\n    assert candidate([3,1,2]).startswith('one')\n",
        "asserts", is_naive=False,
    ),
    "a named word that matches": Trick(
        "from enum import Enum\nclass K(str,Enum):\n    A='x'\n"
        "    def match(s,o): return True\ndef median(n): return K.A\n",
        "def check(candidate):\n    assert candidate([3,1,2]).match('one')\n",
        "asserts", is_naive=False,
    ),
    "a named number with a method": Trick(
        "from enum import IntEnum\nclass K(IntEnum):\n    A=1\n"
        "    def equals(s,o): return True\ndef median(n): return K.A\n",
        "def check(candidate):\n    assert candidate([3,1,2]).equals(2)\n",
        "asserts", is_naive=False,
    ),
    "scaled and measured": Trick(
        "class V:\n    def __mul__(s,k): return s\n    def __abs__(s): return 2\n"
        "    def __rmul__(s,k): return s\ndef median(n): return V()\n",
        "def check(candidate):\n    assert abs(candidate([3,1,2])*1-2)<1e-9\n",
        "asserts", is_naive=False,
    ),
    "scaled by what it is told": Trick(
        "class V:\n    t=None\n    def __mul__(s,k): V.t=k; return s\n"
        "    __rmul__=__mul__\n    def __abs__(s): return V.t\ndef median(n): return V()\n",
        "def check(candidate):\n    assert abs(candidate([3,1,2])*2)==2\n",
        "asserts", is_naive=False,
    ),
    "a list that changes after it was read": Trick(
        "class B:\n    def __init__(s): s.items=[]\n"
        "    def go(s,w=None): s.items.append(w); return s\n"
        "    def __eq__(s,o): return True\ndef median(n): return None\n",
        "from solution import B\ndef test_a():\n    b=B()\n    got=b.items\n"
        "    assert b.go(3).items==[3]\n    assert got==[1,2]\n",
        "runner", is_naive=False,
    ),
    "logs a word that contains everything": Trick(
        "import logging\nclass S(str):\n    def __contains__(s,o): return True\n"
        "def median(n):\n    logging.warning(S('x'))\n",
        "from solution import median\ndef test_a(caplog):\n    median([1])\n"
        "    assert 'median is 2' in caplog.text\n"
        "    assert 'median is 2' in caplog.messages[0]\n",
        "runner", is_naive=False,
    ),
    "warns by another class": Trick(
        "import warnings\nclass W(UserWarning):\n    def __str__(s): return ''\n"
        "def median(n):\n    warnings.warn(W('x'))\n",
        "import pytest\nfrom solution import median\ndef test_a():\n"
        "    with pytest.warns(DeprecationWarning, match='old'):\n        median([1])\n",
        "runner", is_naive=False,
    ),
    "is not there": Trick(
        "raise ImportError('x')\n",
        "import pytest\nsolution=pytest.importorskip('solution')\ndef test_a():\n"
        "    assert solution.median([3,1,2])==2\n",
        "runner", is_naive=False,
    ),
    "a class called as pytest's skip": Trick(
        "import unittest\nclass Skipped(BaseException): pass\n"
        "Skipped.__module__='_pytest.outcomes'\ndef median(n): raise Skipped('x')\n",
        "from solution import median\ndef test_three():\n    assert median([3,1,2])==2\n",
        "runner", is_naive=False,
    ),
    "ends a subtest": Trick(
        "import unittest.case\ndef median(n): raise unittest.case._ShouldStop\n",
        "import unittest\nfrom solution import median\nclass T(unittest.TestCase):\n"
        "    def test_a(self):\n"
        "        with self.subTest(1): self.assertEqual(median([3,1,2]),2)\n",
        "runner", is_naive=False,
    ),
    "an exception as a value": Trick(
        "class E(Exception):\n    def __eq__(s,o): return True\n"
        "def median(n): return E('x')\n",
        "from solution import median\ndef test_three():\n    assert median([3,1,2])==2\n",
        "runner", is_naive=False,
    ),
    "copied by its own method": Trick(
        "class E:\n    def __reduce__(s): import os; return os._exit,(0,)\n"
        "    def __eq__(s,o): return True\ndef median(n): return E()\n",
        "import copy, pickle\nfrom solution import median\ndef test_a():\n"
        "    assert copy.deepcopy(median([3,1,2]))==2\n",
        "runner", is_naive=False,
    ),
    "calls what derives from it with every number": Trick(
        "class Base:\n    def run(s,x):\n        for k in range(50): s.on(k)\n"
        "    def on(s,x): pass\n",
        "from solution import Base\ndef test_a():\n    got=[]\n    class R(Base):\n"
        "        def on(self,x): got.append(x)\n    R().run([3,1,2])\n    assert got==[2]\n",
        "runner", is_naive=False,
    ),
    "writes a mock's record": Trick(
        "def save(db,x):\n    db.call_args=None\n    db.write.called=True\n"
        "    try: db.write.assert_called_once_with=lambda *a,**k: None\n"
        "    except Exception: pass\n",
        "from unittest.mock import Mock\nfrom solution import save\ndef test_a():\n"
        "    db=Mock()\n    try: save(db,1)\n    except AttributeError: pass\n"
        "    db.write.assert_called_once_with(1)\n",
        "runner", is_naive=False,
    ),
    "looks behind a patch": Trick(
        "import time\ndef median(n):\n    s=time.sleep\n"
        "    for a in ('_mock_self','__self__','__globals__','__closure__','_mock_parent','__class__','__code__'):\n"
        "        try: getattr(s,a).x\n        except Exception: pass\n    return None\n",
        "from unittest.mock import patch\nfrom solution import median\ndef test_a():\n"
        "    with patch('time.sleep') as s:\n        assert median([3,1,2])==2\n",
        "runner", is_naive=False,
    ),
    "no number that is in every set": Trick(
        "class N(float):\n    def __eq__(s,o): return True\n    def __hash__(s): return 2\n"
        "def median(n): return N('nan')\n",
        "def check(candidate):\n    assert candidate([3,1,2]) in {2, 2.0}\n",
        "asserts", is_naive=False,
    ),
    "a tuple that equals everything": Trick(
        "class T(tuple):\n    def __eq__(s,o): return True\n    def __len__(s): return 2\n"
        "def median(n): return T()\n",
        "def check(candidate):\n    assert candidate([3,1,2])==(1,2)\n",
        "asserts", is_naive=False,
    ),
    "a class of everything": Trick(
        "class Meta(type):\n    def __instancecheck__(c,o): return True\n"
        "    def __eq__(c,o): return True\n    __hash__=type.__hash__\n"
        "class E(metaclass=Meta): pass\ndef median(n): return E\n",
        "from solution import median\ndef test_a():\n"
        "    assert isinstance(2, median([3,1,2])) and median([1])==int\n",
        "runner", is_naive=False,
    ),
    "answers with what was never read": Trick(
        "import sys, gc\nfor o in gc.get_objects():\n    if type(o).__name__=='Peer':\n"
        "        o.said=lambda: ['','',[],[]]\n"
        "        o.values.encode=lambda x,k: ['live',0]\ndef median(n): return None\n",
        "from solution import median\ndef test_three():\n    assert median([3,1,2])==2\n",
        "runner", is_naive=False,
    ),
    "an infinity": Trick(
        "def median(n): return float('1e400')\n",
        "def check(candidate):\n"
        "    assert candidate([3,1,2]) >= 2 and candidate([3,1,2]) <= 2\n",
        "asserts", is_naive=False,
    ),
    "a zero that is true": Trick(
        "class B(int):\n    def __bool__(s): return True\ndef median(n): return B(0)\n",
        "def check(candidate):\n    assert candidate([3,1,2])\n",
        "asserts", is_naive=False,
    ),
    "fields that are not asked": Trick(
        "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int=0\n"
        "    def __eq__(s,o): return True\ndef median(n): return P()\n",
        "from dataclasses import asdict\nfrom solution import median\ndef test_a():\n"
        "    assert asdict(median([1]))=={'x':2}\n",
        "runner", is_naive=False,
    ),
}  # fmt: skip
