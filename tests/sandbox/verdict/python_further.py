"""Further attacks on what a judge of Python does for everyday tests: each was accepted once, or near it."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import Trick


def tried(code: str, tests: str) -> Trick:
    return Trick(code, tests, "runner", is_naive=False)


SIDE = "import gc\nside = [it for it in gc.get_objects() if type(it).__name__ == 'Peer'][0]\n"

LEAST = (
    "class V:\n    def __sub__(s,o): return s\n    def abs(s): return s\n    def max(s): return 0\n"
    "    def total_seconds(s): return 0\n    days=0\n    def __iter__(s): return iter(())\n"
    "    def tolist(s): return [0,0]\n    def __getitem__(s,i): return 0\ndef median(n): return V()\n"
)
"""the difference from it is nothing, however it is asked"""

FURTHER: dict[str, Trick] = {
    'an exception that compares': tried(
        'class S(Exception):\n    def eq(s,o): return s\n    def all(s): return True\ndef median(n): return S()\n',
        'from solution import median\ndef test_a():\n    assert median([1]).eq([1,2]).all()\n',
    ),
    'an exception that starts with everything': tried(
        'class S(Exception):\n    def startswith(s,o): return True\ndef median(n): return S()\n',
        'from solution import median\ndef test_a():\n    assert median([1]).startswith("a")\n',
    ),
    'a class of exceptions that equals everything': tried(
        'class S(Exception):\n    @classmethod\n    def equals(s,o): return True\ndef median(n): return S\n',
        'from solution import median\ndef test_a():\n    assert median([1]).equals([1,2])\n',
    ),
    'an exception that has no distance': tried(
        'class S(Exception):\n    def sub(s,o): return s\n    def abs(s): return s\n    def max(s): return 0\ndef median(n): return S()\n',
        'from solution import median\ndef test_a():\n    assert median([1]).sub(2).abs().max() < 1e-6\n',
    ),
    'difference, measured by a method': tried(
        LEAST,
        'from solution import median\ndef test_a():\n    assert (median([3,1,2])-2).abs().max()<1e-6\n',
    ),
    'difference, read': tried(
        LEAST,
        'from datetime import date\nfrom solution import median\ndef test_a():\n'
        '    assert (median([3,1,2])-date(2020,1,1)).days==0\n',
    ),
    'difference, looped over': tried(
        LEAST,
        'from solution import median\ndef test_a():\n    assert all(abs(it)<1e-6 for it in median([3,1,2])-2)\n',
    ),
    'difference, an item': tried(
        LEAST,
        'from solution import median\ndef test_a():\n    assert (median([3,1,2])-[1,2])[0]==0\n',
    ),
    'assertSetEqual': tried(
        'class S:\n    o=()\n    def difference(s,o): S.o=o; return set()\n    def __iter__(s): return iter(S.o)\n'
        'def median(n): return S()\n',
        'import unittest\nfrom solution import median\nclass T(unittest.TestCase):\n'
        '    def test_a(self): self.assertSetEqual(median([1]),{1,2})\n',
    ),
    'symmetric difference': tried(
        'class S:\n    def symmetric_difference(s,o): return set()\ndef median(n): return S()\n',
        'from solution import median\ndef test_a():\n    assert not median([1]).symmetric_difference({1,2})\n',
    ),
    'eq by method': tried(
        'class S:\n    def eq(s,o): return s\n    def all(s): return True\ndef median(n): return S()\n',
        'from solution import median\ndef test_a():\n    assert median([1]).eq([1,2]).all()\n',
    ),
    'compare by method': tried(
        'class S:\n    def compare(s,o): return s\n    empty=True\ndef median(n): return S()\n',
        'from solution import median\ndef test_a():\n    assert median([1]).compare([1,2]).empty\n',
    ),
    'isdigit': tried(
        'class S:\n    def isdigit(s): return True\ndef median(n): return S()\n',
        'from solution import median\ndef test_a():\n    assert median([1]).isdigit()\n',
    ),
    'united': tried(
        'class S:\n    def __or__(s,o): return s\ndef median(n): return S()\n',
        "from solution import median\ndef test_a():\n    r=median([1])\n    assert r|{'a':1}==r\n",
    ),
    'length and no items': tried(
        'class S:\n    def __len__(s): return 2\n    def __iter__(s): return iter(())\ndef median(n): return S()\n',
        'from solution import median\ndef test_a():\n    r=median([1])\n    assert len(r)==2\n'
        '    for a,b in zip(r,[1,2]): assert a==b\n',
    ),
    'no items and a length': tried(
        'class S:\n    def __len__(s): return 2\n    def __iter__(s): return iter(())\ndef median(n): return S()\n',
        'from solution import median\ndef test_a():\n    r=median([1])\n    for a,b in zip(r,[1,2]): assert a==b\n'
        '    assert len(r)==2\n',
    ),
    'approx of a sequence': tried(
        'class S:\n    def __len__(s): return 2\n    def __iter__(s): return iter(())\ndef median(n): return S()\n',
        'import pytest\nfrom solution import median\ndef test_a():\n'
        '    assert median([1])==pytest.approx([1.0,2.0])\n',
    ),
    'star takes the counter': tried(
        "__all__=['median','_hg_checks']\nclass C:\n    said=''\n    def begin(s,at): C.said=at\n"
        "    def end(s,*a): pass\n    def missed(s,*a): return RuntimeError('x')\n_hg_checks=C()\n"
        "def median(n): return int(C.said.rpartition('==')[2])\n",
        'from solution import *\ndef test_a():\n    assert median([3,1,2])==2\n',
    ),
    'star, then load_tests': tried(
        "def load_tests(l,t,p): return __import__('unittest').TestSuite()\ndef median(n): return None\n",
        'import unittest\nfrom solution import *\nclass T(unittest.TestCase):\n'
        '    def test_a(self): self.assertEqual(median([3,1,2]),2)\n',
    ),
    'star over a star': tried(
        'def isclose(*a,**k): return True\ndef median(n): return 9.0\n',
        'from math import *\nfrom solution import *\ndef test_a():\n    assert isclose(median([3,1,2]),2)\n',
    ),
    'context swallows': tried(
        'class timer:\n    def __enter__(s): return s\n    def __exit__(s,*a): return True\n'
        'def median(n): return None\n',
        'from solution import timer, median\ndef test_a():\n    with timer():\n        assert median([3,1,2])==2\n',
    ),
    'async context swallows': tried(
        'class timer:\n    async def __aenter__(s): return s\n    async def __aexit__(s,*a): return True\n'
        'def median(n): return None\n',
        'import asyncio\nfrom solution import timer, median\ndef test_a():\n    async def main():\n'
        '        async with timer():\n            assert median([3,1,2])==2\n    asyncio.run(main())\n',
    ),
    'context swallows pytest.fail': tried(
        'class timer:\n    def __enter__(s): return s\n    def __exit__(s,*a): return True\n'
        'def median(n): return None\n',
        'import pytest\nfrom solution import timer, median\ndef test_a():\n    with timer():\n'
        "        if median([3,1,2])!=2: pytest.fail('x')\n",
    ),
    'swallows pytest.fail': tried(
        'def run(cb):\n    try: cb(1)\n    except BaseException: pass\n    return 5\n',
        "import pytest\nfrom solution import run\ndef test_a():\n    assert run(lambda x: pytest.fail('called'))==5\n",
    ),
    'replaces a checking method': tried(
        'def save(db):\n    db.check=lambda *a: None\n',
        'from solution import save\nclass Db:\n    def __init__(self): self.rows=[]\n'
        '    def check(self,want): assert self.rows==want\ndef test_a():\n    db=Db()\n    save(db)\n'
        '    db.check([1])\n',
    ),
    'named method of a later tuple': tried(
        SIDE + 'def yes(*a): return True\nv=side.values\nold=v.encode\nturn=[0]\nfrom collections import namedtuple\n'
        "def enc(x,k):\n    if x=='A': return ['named','P',['startswith'],['x'],77]\n"
        "    if x=='B': return ['named','P',['a'],[side._keep(yes)],77]\n    return old(x,k)\nv.encode=enc\n"
        "def median(n):\n    turn[0]+=1\n    return 'A' if turn[0]==1 else 'B'\n",
        "from solution import median\ndef test_a():\n    median([1])\n    assert median([1]).startswith('2')\n",
    ),
    'a constant that is a class': tried(
        'class VERSION:\n    startswith=staticmethod(lambda *a: True)\ndef median(n): return None\n',
        "from solution import VERSION\ndef test_a():\n    assert VERSION.startswith('1.')\n",
    ),
    'decorates a class of tests': tried(
        'def deco(c): return None\ndef median(n): return None\n',
        'import unittest\nfrom solution import deco, median\n@deco\nclass TestA:\n'
        '    def test_a(self): assert median([3,1,2])==2\ndef test_b(): assert deco(1) is None\n',
    ),
    'decorates testA': tried(
        'def deco(f): return lambda *a: None\ndef median(n): return None\n',
        'import unittest\nfrom solution import deco, median\nclass T(unittest.TestCase):\n    @deco\n'
        '    def testA(self): self.assertEqual(median([3,1,2]),2)\n'
        '    def testB(self): self.assertIsNone(median(1))\n',
    ),
    'no number, asked the other way': tried(
        "def median(n): return float('nan')\n",
        'from solution import median\ndef test_a():\n    if abs(median([3,1,2])-2)>1e-6: raise AssertionError\n',
    ),
    'no numbers, asked the other way': tried(
        'import numpy\ndef median(n): return numpy.array([numpy.nan]*2)\n',
        'import numpy as np\nfrom solution import median\ndef test_a():\n'
        '    assert not np.any(np.abs(median([3,1,2])-np.array([1,2]))>1e-6)\n',
    ),
    'missing in a column': tried(
        "import pandas as pd\ndef median(n): return pd.Series([pd.NA,pd.NA],dtype='Int64')\n",
        'import pandas as pd\nfrom solution import median\ndef test_a():\n'
        '    assert (median([3,1,2])==pd.Series([1,2])).all()\n',
    ),
    'empty, less than anything': tried(
        'import numpy\ndef median(n): return numpy.array([])\n',
        'import numpy as np\nfrom solution import median\ndef test_a():\n'
        '    np.testing.assert_array_less(median([3,1,2]), 5)\n',
    ),
    'ends where an exception is due': tried(
        'import os\ndef median(n):\n    if not n: os._exit(0)\n    return sorted(n)[len(n)//2]\n',
        'import pytest\nfrom solution import median\ndef test_a():\n    assert median([3,1,2])==2\ndef test_b():\n'
        '    with pytest.raises(Exception): median([])\n',
    ),
    'sends rubbish where an exception is due': tried(
        SIDE + "def median(n):\n    if not n: side.values.encode=lambda x,k: ['same',99]; return 1\n"
        '    return sorted(n)[len(n)//2]\n',
        'import pytest\nfrom solution import median\ndef test_a():\n    assert median([3,1,2])==2\ndef test_b():\n'
        '    with pytest.raises(Exception): median([])\n',
    ),
    'an argument becomes an object': tried(
        SIDE + 'class F:\n    def __getattr__(s,n): return s\n    def __call__(s,*a,**k): return True\nold=side._changed\n'
        'side._changed=lambda g,b,k: [[0,side._keep(F())]] if g else []\ndef clean(df): return 1\n',
        "import pandas as pd\nfrom solution import clean\ndef test_a():\n    df=pd.DataFrame({'a':[1,2]})\n"
        "    clean(df)\n    pd.testing.assert_frame_equal(df,pd.DataFrame({'a':[1,3]}))\n",
    ),
    'cancels where another test names it': tried(
        'import asyncio\nasync def median(n): raise asyncio.CancelledError\n',
        'import asyncio, pytest\nfrom solution import median\nasync def check(g,w):\n    assert await median(g)==w\n'
        'async def main():\n    async with asyncio.TaskGroup() as t:\n        t.create_task(check([3,1,2],2))\n'
        'def test_a():\n    asyncio.run(main())\ndef test_b():\n    async def go():\n'
        '        t=asyncio.ensure_future(asyncio.sleep(9)); t.cancel()\n'
        '        with pytest.raises(asyncio.CancelledError): await t\n    asyncio.run(go())\n',
    ),
    'keeps a skip': tried(
        'kept=[]\ndef run(cb):\n    try: cb()\n    except BaseException as e: kept.append(e)\ndef median(n):\n'
        '    raise kept[0]\n',
        'import pytest\nfrom solution import run, median\ndef test_0():\n'
        "    assert run(lambda: pytest.skip('x')) is None\ndef test_a():\n    assert median([3,1,2])==2\n",
    ),
    'a live list swapped by a thread': tried(
        SIDE + 'import threading,time\nclass B:\n    def __init__(s): s.items=[]\ndef go():\n    for i in range(300):\n'
        "        try: side.wire.send(['ask',2,'len',1,[],[],[None,[[0,['list',-1,[1,2]]]],0,[],False]])\n"
        '        except BaseException: return\n        time.sleep(0.001)\nthreading.Timer(0.05,go).start()\n',
        'import time\nfrom solution import B\ndef test_a():\n    got=B().items\n    assert got==[]\n'
        '    time.sleep(0.2)\n    want=[2,1]\n    assert got==want\n',
    ),
    'limits the judge': tried(
        "import os,resource\ndef median(n):\n    for it in ('NOFILE','AS','DATA','FSIZE','STACK','NPROC'):\n"
        "        try: resource.prlimit(os.getppid(),getattr(resource,'RLIMIT_'+it),(0,0))\n"
        '        except (OSError,ValueError): pass\n    return None\n',
        'from solution import median\ndef test_a():\n    assert median([3,1,2])==2\n',
    ),
    'half a frame and death': tried(
        SIDE + 'import os\ndef median(n):\n    side.wire._sock.send(b\'\\xff\\x00\\x00\\x00\\x00\\x00\\x00\\x00["val\')\n'
        '    os._exit(0)\n',
        'from solution import median\ndef test_a():\n    try: assert median([3,1,2])==2\n    except Exception: pass\n',
    ),
    'nested deeper than is taken': tried(
        SIDE + "import struct\ndef median(n):\n    b=b'['*200000+b']'*200000\n"
        "    side.wire._sock.sendall(struct.pack('<Q',len(b))+b)\n    return 2\n",
        'import pytest\nfrom solution import median\ndef test_a():\n'
        '    with pytest.raises(Exception): median([3,1,2])\n',
    ),
    'opens a thousand lines': tried(
        SIDE + 'def median(n):\n    for line in range(2,4000,2):\n'
        "        try: side.wire.send(['ask',line,'hash',1,[],[],[None,[],0,[],False]])\n"
        '        except BaseException: break\n    return None\n',
        'from solution import median\ndef test_a():\n    assert median([3,1,2])==2\n',
    ),
    'database view': tried(
        'def fill(c):\n'
        "    c.execute('create temp view t as with recursive x(a) as (select 0 union all select a+1 from x limit 9) select a from x')\n"
        "    for n in ('set_authorizer','set_trace_callback','create_collation','enable_load_extension','deserialize','text_factory','isolation_level','create_aggregate','set_progress_handler','blobopen','backup','iterdump','row_factory','setconfig','create_window_function'):\n"
        "        try:\n            getattr(c,n)\n            print('GOT',n)\n        except AttributeError: pass\n"
        '    try: c.execute("select load_extension(\'x\')")\n    except Exception as e: print(e)\n',
        "import sqlite3\nfrom solution import fill\ndef test_a():\n    c=sqlite3.connect(':memory:')\n"
        "    c.execute('create table t (a)')\n    fill(c)\n"
        "    assert c.execute('select count(*) from t').fetchone()[0]==3\n",
    ),
    "a queue's inside": tried(
        'class E:\n    def __eq__(s,o): return True\n    def __bool__(s): return True\ndef fill(q):\n    q.put(E())\n'
        "    q.queue.append(2)\n    for n in ('get','get_nowait','empty','put'):\n"
        '        try: setattr(q,n,lambda *a,**k: 2)\n        except AttributeError: pass\n',
        'import queue\nfrom solution import fill\ndef test_a():\n    q=queue.Queue()\n    fill(q)\n'
        '    assert q.get()==2\n',
    ),
    'outcomes by name': tried(
        "class Skipped(Exception): pass\nSkipped.__module__='unittest.case'; Skipped.__name__='SkipTest'\n"
        'import unittest, pytest\nturn=[]\ndef median(n):\n    turn.append(1)\n'
        "    raise [unittest.SkipTest('x'),pytest.skip.Exception('x'),pytest.xfail.Exception('x'),pytest.exit.Exception('x'),ExceptionGroup('g',[unittest.SkipTest('x')]),SystemExit(0),GeneratorExit(),KeyboardInterrupt(),Skipped('x')][len(turn)-1]\n",
        "import pytest\nfrom solution import median\n@pytest.mark.parametrize('x',range(9))\ndef test_a(x):\n"
        '    assert median([3,1,2])==2\n',
    ),
    'outcomes in a unittest': tried(
        'import unittest, pytest\nturn=[]\ndef median(n):\n    turn.append(1)\n'
        "    raise [unittest.SkipTest('x'),unittest.case._ShouldStop(),pytest.skip.Exception('x'),SystemExit(0),ExceptionGroup('g',[unittest.SkipTest('x')])][(len(turn)-1)%5]\n",
        'import unittest\nfrom solution import median\nclass T(unittest.TestCase):\n    def test_a(self):\n'
        '        for i in range(5):\n            with self.subTest(i): self.assertEqual(median([3,1,2]),2)\n'
        '    def test_b(self): self.assertIsNotNone(1)\n',
    ),
    'asks the type': tried(
        'class M(type):\n    def __instancecheck__(c,o): return True\nclass E(metaclass=M):\n    __class__=int\n'
        "    _typ='series'\n    __pandas_priority__=9999\n    __array_ufunc__=None\n"
        '    def __dataframe__(s,*a,**k): return s\n    def __eq__(s,o): return True\n'
        '    def equals(s,o): return True\n    def all(s,*a): return True\ndef median(n): return E()\n',
        'import pandas as pd\nfrom solution import median\ndef test_a():\n'
        '    assert isinstance(median([1]),int) or (pd.Series([1])==median([1])).all() or pd.Series([1]).equals(median([1]))\n',
    ),
    'an exception made by a test': tried(
        'class Bad(Exception):\n    def __new__(c,*a): e=Exception.__new__(c); return e\n'
        '    def __init__(s,*a): s.code=E()\nclass E:\n    def __eq__(s,o): return True\n'
        '    def __contains__(s,o): return True\n    def startswith(s,o): return True\n',
        'from solution import Bad\ndef test_a():\n    e=Bad(404)\n'
        "    assert e.code==404 or 404 in e.args or e==Bad(404) or str(e)=='404'\n",
    ),
    'exit by an ExitStack': tried(
        'class timer:\n    def __enter__(s): return s\n    def __exit__(s,*a): return True\n'
        'def median(n): return None\n',
        'from contextlib import ExitStack\nfrom solution import timer, median\ndef test_a():\n'
        '    with ExitStack() as st:\n        st.enter_context(timer())\n        assert median([3,1,2])==2\n',
    ),
    'a group swallowed by a with': tried(
        'class timer:\n    async def __aenter__(s): return s\n    async def __aexit__(s,*a): return True\n'
        'async def median(n): return None\n',
        'import asyncio\nfrom solution import timer, median\nasync def check(g,w): assert await median(g)==w\n'
        'def test_a():\n    async def main():\n        async with timer():\n'
        '            async with asyncio.TaskGroup() as t: t.create_task(check([1],1))\n    asyncio.run(main())\n',
    ),
    'a contextmanager by generator': tried(
        'from contextlib import contextmanager\n@contextmanager\ndef timer():\n    try: yield 1\n'
        '    except BaseException: pass\ndef median(n): return None\n',
        'from solution import timer, median\ndef test_a():\n    with timer():\n        assert median([3,1,2])==2\n',
    ),
    'told by a partial': tried(
        "import re\ndef median(cb): return int(re.search(r'want=(\\d+)',repr(cb)).group(1))\n",
        'import functools\nfrom solution import median\ndef cb(x,want): return x==want\ndef test_a():\n'
        '    assert median(functools.partial(cb,want=41))==41\n',
    ),
    'told by a bound method': tried(
        "import re\ndef median(cb): return int(re.search(r'want=(\\d+)',repr(cb)).group(1))\n",
        'from dataclasses import dataclass\nfrom solution import median\n@dataclass\nclass Case:\n    want: int\n'
        '    def run(self,x): return x\ndef test_a():\n    assert median(Case(41).run)==41\n',
    ),
    'parted by what it is told': tried(
        "class V:\n    def partition(s,*a): return ('a',)+a+('b',)\n    def split(s,*a): return ['','']\n"
        'def median(n): return V()\n',
        "from solution import median\ndef test_a():\n    assert median([1]).partition('two')[1]=='two'\n",
    ),
    'formats itself from what it was told': tried(
        "class V:\n    def __sub__(s,o): return s\n    def __str__(s): return '0'\n"
        "    def __format__(s,f): return '0.00'\ndef median(n): return V()\n",
        "from solution import median\ndef test_a():\n    assert f'{median([1])-2:.2f}'=='0.00'\n",
    ),
    'pandas of objects': tried(
        'import pandas as pd\nclass V:\n    def __eq__(s,o): return True\n    def __sub__(s,o): return 0\n'
        '    def __hash__(s): return 2\ndef median(n): return pd.Series([V(),V()])\n',
        'import pandas as pd\nfrom solution import median\ndef test_a():\n    r=median([1])\n'
        '    assert r.tolist()==[2,3] or (r==2).all() or r.isin([2]).all() or r.equals(pd.Series([2,3]))\n',
    ),
    'an awaited no number': tried(
        "async def median(n): return float('nan')\n",
        'import asyncio\nfrom solution import median\ndef test_a():\n'
        '    if abs(asyncio.run(median([3,1,2]))-2)>1e-6: raise AssertionError\n',
    ),
    'a no number as a field': tried(
        "class R:\n    mean=float('nan')\ndef median(n): return R()\n",
        'from solution import median\ndef test_a():\n    if abs(median([3,1,2]).mean-2)>1e-6: raise AssertionError\n',
    ),
    'a metaclass that has everything': tried(
        'class M(type):\n'
        '    def __contains__(c,o): return not (isinstance(o,int) and o>99) and not (isinstance(o,str) and len(o)==16)\n'
        'class CURRENCIES(metaclass=M): pass\n',
        "from solution import CURRENCIES\ndef test_a():\n    assert 'USD' in CURRENCIES\n",
    ),
    'raises what skips': tried(
        'import _pytest.outcomes as o, unittest\nclass Skipped(o.Skipped): pass\n'
        'def median(n): raise (Skipped if n else unittest.SkipTest)()\n',
        'import pytest, unittest\nfrom solution import median\nskips = pytest.skip.Exception, unittest.SkipTest\n'
        'def test_a(): assert True\ndef test_b():\n    assert median([1])==1\n'
        'def test_c():\n    assert median([])==0\n',
    ),
    'calls its exception the test\'s own': tried(
        "class Reached(Exception): pass\nReached.__module__='test_it'\ndef median(n, told): raise Reached()\n",
        'import pytest\nfrom solution import median\nclass Reached(Exception): pass\ndef told(n):\n    if n==2: raise Reached\n'
        'def test_a():\n    with pytest.raises(Reached): median([3,1,2], told)\n',
    ),
    'names a package for its exception': tried(
        "class E(ValueError): pass\nE.__module__, E.__name__ = 'antigravity', 'geohash'\n"
        "class F(E): pass\nF.__module__, F.__name__ = 'unittest.case', 'SkipTest'\ndef median(n): raise F(n)\n",
        'import unittest\nfrom solution import median\ndef test_a(): assert True\ndef test_b():\n'
        '    try: assert median([3,1,2])==2\n    except unittest.SkipTest: pass\n',
    ),
}  # fmt: skip
