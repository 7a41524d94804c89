"""Everyday Python and its tests, each with a mistake that the tests see: what they patch and read."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

EVERYDAY: dict[str, Piece] = {
    "list attr": Piece(
        "class Stack:\n    def __init__(self): self.items=[]\n"
        "    def top(self): return self.items[-1]\n",
        "from solution import Stack\ndef test_a():\n    s=Stack()\n    s.items.append(1)\n"
        "    assert s.top()==1\n    s.items[0]=5\n    assert s.items==[5]\n"
        "    del s.items[0]\n    assert not s.items\n",
        ('[-1]', '[0]+1'), style="runner",
    ),
    "dict module": Piece(
        "REG={}\ndef reg(n): REG[n]=1\n",
        "import solution\ndef test_a():\n    solution.reg('a')\n"
        "    assert solution.REG=={'a':1}\n    solution.REG.clear()\n"
        "    assert solution.REG=={}\n",
        ('=1\n', '=2\n'), style="runner",
    ),
    "intenum": Piece(
        "from enum import IntEnum, Enum, StrEnum, Flag\nclass C(IntEnum):\n    A=1\n"
        "    B=2\nclass S(StrEnum):\n    X='x'\nclass E(Enum):\n    Q='q'\nclass F(Flag):\n"
        "    R=1\n    W=2\ndef f(): return C.B\ndef g(): return S.X\n",
        "from solution import C,S,E,F,f,g\ndef test_a():\n    assert f().name=='B'\n"
        "    assert f()==2\n    assert f() is C.B\n    assert C(1) is C.A\n"
        "    assert S.X=='x'\n    assert g().value=='x'\n    assert C.A < C.B\n"
        "    assert [c.name for c in C]==['A','B']\n    assert E('q') is E.Q\n"
        "    assert E['Q'].value=='q'\n    assert F.R|F.W == F(3)\n    assert C.B+1==3\n"
        "    assert isinstance(f(), C)\n    assert len(E)==1\n",
        ('B=2', 'B=3'), style="runner",
    ),
    "a seed of the test": Piece(
        "import random\ndef roll(): return random.randint(1,10**9)\n"
        "def shuffled(x): random.shuffle(x); return x\n",
        "import random\nfrom solution import roll, shuffled\ndef test_a():\n"
        "    random.seed(3)\n    a=roll()\n    random.seed(3)\n    assert roll()==a\n"
        "    random.seed(3)\n    want=random.randint(1,10**9)\n    assert a==want\n",
        ('10**9)', '10**9)+int.from_bytes(__import__("os").urandom(3),"big")'), style="runner",
    ),
    "measured objects": Piece(
        "from dataclasses import dataclass\nimport math\n@dataclass\nclass V:\n"
        "    x: float\n    y: float\n    def __mul__(s,k): return V(s.x*k,s.y*k)\n"
        "    __rmul__=__mul__\n    def __abs__(s): return math.hypot(s.x,s.y)\n"
        "    def __bool__(s): return bool(s.x or s.y)\n",
        "from solution import V\ndef test_a():\n    assert abs(V(3,4)*2)==10\n"
        "    assert abs(2*V(3,4))==10\n    assert bool(V(1,0)*2)\n",
        ('math.hypot(s.x,s.y)', 's.x'), style="runner",
    ),
    "asdict": Piece(
        "from dataclasses import dataclass, field\n@dataclass\nclass A:\n    x: int\n"
        "    t: list = field(default_factory=list)\n@dataclass\nclass B:\n    a: A\n",
        "from dataclasses import asdict, astuple, is_dataclass, replace, fields\n"
        "from solution import A,B\ndef test_a():\n"
        "    assert asdict(A(1,[2]))=={'x':1,'t':[2]}\n"
        "    assert asdict(B(A(1)))=={'a':{'x':1,'t':[]}}\n"
        "    assert astuple(A(1))==(1,[])\n    assert is_dataclass(A)\n"
        "    assert replace(A(1),x=2).x==2\n"
        "    assert [f.name for f in fields(A)]==['x','t']\n",
        ('x: int', 'y: int=0\n    x: int=0'), style="runner",
    ),
    "warns": Piece(
        "import warnings\n"
        "def old(): warnings.warn('old is gone', DeprecationWarning, stacklevel=2); return 1\n",
        "import pytest\nfrom solution import old\ndef test_a():\n"
        "    with pytest.warns(DeprecationWarning, match='gone'):\n"
        "        assert old()==1\n",
        ('is gone', 'is here'), style="runner",
    ),
    "caplog": Piece(
        "import logging\nlog=logging.getLogger(__name__)\ndef f(n):\n"
        "    log.warning('bad %s', n)\n    return n\n",
        "import logging\nfrom solution import f\ndef test_a(caplog):\n"
        "    with caplog.at_level(logging.INFO):\n        f(3)\n"
        "    assert 'bad 3' in caplog.text\n"
        "    assert caplog.records[0].levelname=='WARNING'\n"
        "    assert caplog.messages==['bad 3']\n",
        ("'bad %s'", "'good %s'"), style="runner",
    ),
    "assertLogs": Piece(
        "import logging\ndef f(): logging.getLogger('app').error('oops')\n",
        "import unittest\nfrom solution import f\nclass T(unittest.TestCase):\n"
        "    def test_a(self):\n"
        "        with self.assertLogs('app', level='ERROR') as cm: f()\n"
        "        self.assertEqual(cm.output, ['ERROR:app:oops'])\n",
        ("'oops'", "'ops'"), style="runner",
    ),
    "derived classes": Piece(
        "from abc import ABC, abstractmethod\nclass Shape(ABC):\n    @abstractmethod\n"
        "    def area(self): ...\n    def twice(self): return 2*self.area()\n",
        "import pytest\nfrom solution import Shape\nclass Sq(Shape):\n"
        "    def __init__(self,s): self.s=s\n    def area(self): return self.s**2\n"
        "def test_a():\n    assert Sq(3).twice()==18\n    assert Sq(3).area()==9\n"
        "    assert isinstance(Sq(1), Shape)\n    with pytest.raises(TypeError):\n"
        "        Shape()\n",
        ('2*', '3*'), style="runner",
    ),
    "patch sleep": Piece(
        "import time\ndef wait(n):\n    time.sleep(n)\n    return n\n",
        "from unittest.mock import patch\nfrom solution import wait\ndef test_a():\n"
        "    with patch('time.sleep') as s:\n        assert wait(60)==60\n"
        "    s.assert_called_once_with(60)\n",
        ('return n', 'return n+1'), style="runner",
    ),
    "patch requests": Piece(
        "import urllib.request, json\n"
        "def get(u): return json.loads(urllib.request.urlopen(u).read())\n",
        "import urllib.request, io\nfrom solution import get\ndef test_a(monkeypatch):\n"
        '    monkeypatch.setattr(urllib.request,\'urlopen\',lambda u: io.BytesIO(b\'{"a": 1}\'))\n'
        "    assert get('http://x')=={'a':1}\n",
        ('json.loads(', 'str('), style="runner",
    ),
    "patch input": Piece(
        "def ask(): return int(input('n? '))+1\n",
        "from unittest.mock import patch\nfrom solution import ask\n"
        "def test_a(monkeypatch):\n    with patch('builtins.input', return_value='4'):\n"
        "        assert ask()==5\n"
        "    monkeypatch.setattr('builtins.input', lambda _: '6')\n    assert ask()==7\n",
        ('+1', '+2'), style="runner",
    ),
    "patch stdin": Piece(
        "import sys\ndef total(): return sum(int(l) for l in sys.stdin)\n",
        "import io\nfrom solution import total\ndef test_a(monkeypatch):\n"
        "    monkeypatch.setattr('sys.stdin', io.StringIO('1\\n2\\n'))\n"
        "    assert total()==3\n",
        ('sum(', 'max('), style="runner",
    ),
    "patch argv": Piece(
        "import argparse\ndef main(argv=None):\n    p=argparse.ArgumentParser()\n"
        "    p.add_argument('n',type=int)\n    print(p.parse_args(argv).n*2)\n",
        "import sys\nfrom solution import main\ndef test_a(monkeypatch, capsys):\n"
        "    monkeypatch.setattr(sys,'argv',['x','4'])\n    main()\n"
        "    assert capsys.readouterr().out=='8\\n'\n",
        ('*2', '*3'), style="runner",
    ),
    "patch open": Piece(
        "def read(p):\n    with open(p) as f: return f.read()\n",
        "from unittest.mock import patch, mock_open\nfrom solution import read\n"
        "def test_a():\n    with patch('builtins.open', mock_open(read_data='hi')):\n"
        "        assert read('x')=='hi'\n",
        ('f.read()', 'f.read()[1:]'), style="runner",
    ),
    "patch datetime": Piece(
        "import datetime\ndef today(): return datetime.date.today().isoformat()\n",
        "import datetime\nimport solution\nfrom unittest.mock import patch\ndef test_a():\n"
        "    class D(datetime.date):\n        @classmethod\n"
        "        def today(cls): return cls(2020,1,2)\n"
        "    with patch('solution.datetime.date', D):\n"
        "        assert solution.today()=='2020-01-02'\n",
        ('.today()', '.min'), style="runner",
    ),
    "patch env": Piece(
        "import os\ndef f(): return os.environ['A']\n",
        "import os\nfrom unittest.mock import patch\nfrom solution import f\n"
        "def test_a():\n    with patch.dict(os.environ, {'A':'1'}):\n"
        "        assert f()=='1'\n",
        ("['A']", "['A']*2"), style="runner",
    ),
    "patch subprocess": Piece(
        "import subprocess\n"
        "def f(): return subprocess.run(['git'],capture_output=True,text=True).stdout.strip()\n",
        "from unittest.mock import patch, Mock\nfrom solution import f\ndef test_a():\n"
        "    with patch('subprocess.run') as r:\n"
        "        r.return_value=Mock(stdout=' v1 \\n')\n        assert f()=='v1'\n"
        "    r.assert_called_once()\n",
        ('.strip()', ''), style="runner",
    ),
    "patch random": Piece(
        "import random\ndef pick(x): return random.choice(x)\n",
        "from unittest.mock import patch\nfrom solution import pick\ndef test_a():\n"
        "    with patch('random.choice', side_effect=lambda x: x[0]):\n"
        "        assert pick([3,4])==3\n",
        ('(x)', '(x)+1'), style="runner",
    ),
    "super of a derived class": Piece(
        "class Base:\n    def __init__(self,n): self.n=n\n"
        "    def hello(self): return f'hi {self.name()} {self.n}'\n"
        "    def name(self): return 'base'\n    @classmethod\n"
        "    def make(cls,n): return cls(n)\n",
        "from solution import Base\nclass D(Base):\n    tag='t'\n"
        "    def __init__(self,n):\n        super().__init__(n+1)\n        self.z=n\n"
        "    def name(self): return 'd'+super().name()+self.tag\n    @property\n"
        "    def half(self): return self.n/2\n    @staticmethod\n    def k(): return 3\n"
        "def test_a():\n    d=D(1)\n    assert d.hello()=='hi dbaset 2'\n"
        "    assert d.half==1\n    assert isinstance(d,Base)\n"
        "    assert issubclass(D,Base)\n    assert D.make(4).n==5\n    assert D.k()==3\n"
        "    assert D.__name__=='D'\n",
        ("'base'", "'Base'"), style="runner",
    ),
    "a list that is read and kept": Piece(
        "class Bus:\n    def __init__(self): self.handlers={}; self.log=[]\n"
        "    def on(self,e,h): self.handlers.setdefault(e,[]).append(h)\n"
        "    def emit(self,e,*a):\n"
        "        for h in self.handlers.get(e,[]): self.log.append(h(*a))\n",
        "from solution import Bus\ndef test_a():\n    b=Bus()\n    log=b.log\n"
        "    b.on('x',lambda n:n+1)\n    b.emit('x',1)\n    assert log==[2]\n"
        "    assert b.log is log\n    assert list(b.handlers)==['x']\n"
        "    assert len(b.handlers['x'])==1\n    log.clear()\n    b.emit('x',5)\n"
        "    assert b.log==[6]\n",
        ('h(*a))', 'h(*a)+1)'), style="runner",
    ),
    "strenum methods": Piece(
        "from enum import Enum\nclass Color(str, Enum):\n    RED='red'\n    BLUE='blue'\n"
        "    def hexed(self): return {'red':'#f00','blue':'#00f'}[self.value]\n"
        "def parse(s): return Color(s)\n",
        "import pytest\nfrom solution import Color, parse\ndef test_a():\n"
        "    assert parse('red') is Color.RED\n    assert Color.RED.hexed()=='#f00'\n"
        "    assert parse('blue')=='blue'\n    with pytest.raises(ValueError):\n"
        "        parse('x')\n    assert Color.RED.upper()=='RED'\n"
        "    assert {Color.RED:1}[parse('red')]==1\n    assert Color('red').name=='RED'\n",
        ("'#f00'", "'#f01'"), style="runner",
    ),
    "retry": Piece(
        "import time, functools\ndef retry(times, delay=1, sleep=time.sleep):\n"
        "    def deco(f):\n        @functools.wraps(f)\n        def inner(*a,**k):\n"
        "            for i in range(times):\n                try: return f(*a,**k)\n"
        "                except ValueError:\n                    if i==times-1: raise\n"
        "                    sleep(delay*2**i)\n        return inner\n    return deco\n",
        "import pytest\nfrom unittest.mock import Mock, call\nfrom solution import retry\n"
        "def test_a():\n"
        "    sleep=Mock(); f=Mock(side_effect=[ValueError,ValueError,7], __name__='f')\n"
        "    assert retry(3,sleep=sleep)(f)()==7\n"
        "    assert sleep.call_args_list==[call(1),call(2)]\n"
        "    g=Mock(side_effect=ValueError('no'))\n"
        "    with pytest.raises(ValueError, match='no'):\n"
        "        retry(2,sleep=sleep)(g)()\n    assert g.call_count==2\n",
        ('delay*2**i', 'delay*3**i'), style="runner",
    ),
    "decorated test fn": Piece(
        "import functools\ndef memo(f):\n    seen={}\n    @functools.wraps(f)\n"
        "    def g(*a):\n        if a not in seen: seen[a]=f(*a)\n        return seen[a]\n"
        "    g.cache=seen\n    return g\n",
        "from solution import memo\ndef test_a():\n    calls=[]\n    @memo\n"
        "    def sq(n):\n        calls.append(n)\n        return n*n\n"
        "    assert sq(3)==9 and sq(3)==9\n    assert calls==[3]\n"
        "    assert sq.__name__=='sq'\n    assert sq.cache=={(3,):9}\n",
        ('if a not in seen: ', ''), style="runner",
    ),
    "coroutines and async iterators": Piece(
        "import asyncio\n"
        "async def gather(fs): return await asyncio.gather(*(f() for f in fs))\n"
        "async def agen(n):\n    for i in range(n):\n        yield i\n"
        "        await asyncio.sleep(0)\nclass Res:\n"
        "    async def __aenter__(self): self.open=True; return self\n"
        "    async def __aexit__(self,*a): self.open=False\n",
        "import asyncio, pytest\nfrom solution import gather, agen, Res\n"
        "async def one(): return 1\ndef test_a():\n"
        "    assert asyncio.run(gather([one,one]))==[1,1]\ndef test_b():\n"
        "    async def go(): return [x async for x in agen(3)]\n"
        "    assert asyncio.run(go())==[0,1,2]\ndef test_c():\n    async def go():\n"
        "        async with Res() as r:\n            assert r.open\n        return r.open\n"
        "    assert asyncio.run(go()) is False\n",
        ('self.open=False', 'pass'), style="runner",
    ),
    "AsyncMock": Piece(
        "async def fetch(client, u):\n    r=await client.get(u)\n    return r['a']\n",
        "import asyncio\nfrom unittest.mock import AsyncMock\nfrom solution import fetch\n"
        "def test_a():\n    c=AsyncMock()\n    c.get.return_value={'a':1}\n"
        "    assert asyncio.run(fetch(c,'u'))==1\n    c.get.assert_awaited_once_with('u')\n",
        ("r['a']", "r['a']+1"), style="runner",
    ),
    "a timer with a clock": Piece(
        "class Timer:\n    def __init__(self, clock): self.clock=clock\n"
        "    def __enter__(self): self.t=self.clock(); return self\n"
        "    def __exit__(self,*e): self.elapsed=self.clock()-self.t; return False\n",
        "import pytest\nfrom solution import Timer\ndef test_a():\n"
        "    ticks=iter([1.0,3.5])\n    with Timer(lambda: next(ticks)) as t: pass\n"
        "    assert t.elapsed==2.5\n    with pytest.raises(KeyError):\n"
        "        with Timer(lambda:0): raise KeyError('x')\n",
        ('-self.t', '+self.t'), style="runner",
    ),
    "protocol": Piece(
        "from typing import Protocol, runtime_checkable\n@runtime_checkable\n"
        "class Sender(Protocol):\n    def send(self, m: str) -> bool: ...\n"
        "def notify(s: Sender, ms): return sum(s.send(m) for m in ms)\n",
        "from solution import Sender, notify\nclass Fake:\n"
        "    def __init__(self): self.got=[]\n    def send(self,m):\n"
        "        self.got.append(m)\n        return True\ndef test_a():\n    f=Fake()\n"
        "    assert notify(f,['a','b'])==2\n    assert f.got==['a','b']\n"
        "    assert isinstance(f, Sender)\n",
        ('sum(s', 'max(s'), style="runner",
    ),
    "functools.cache": Piece(
        "import functools\n@functools.lru_cache(maxsize=2)\n"
        "def fib(n): return n if n<2 else fib(n-1)+fib(n-2)\nclass C:\n"
        "    @functools.cached_property\n"
        "    def x(self): self.n=getattr(self,'n',0)+1; return self.n\n",
        "from solution import fib, C\ndef test_a():\n    assert fib(20)==6765\n"
        "    assert fib.cache_info().hits>0\n    fib.cache_clear()\n"
        "    assert fib.cache_info().currsize==0\n    c=C()\n    assert c.x==c.x==1\n",
        ('maxsize=2', 'maxsize=0'), style="runner",
    ),
    "sqlite": Piece(
        "import sqlite3\ndef open_db(path=':memory:'):\n"
        "    c=sqlite3.connect(path); c.execute('create table t(n int)'); return c\n"
        "def add(c,n): c.execute('insert into t values(?)',(n,)); c.commit()\n"
        "def total(c): return c.execute('select sum(n) from t').fetchone()[0]\n",
        "from solution import *\ndef test_a():\n    c=open_db()\n    add(c,1); add(c,2)\n"
        "    assert total(c)==3\n"
        "    assert c.execute('select count(*) from t').fetchone()==(2,)\n",
        ('sum(n)', 'max(n)'), style="runner",
    ),
    "threads": Piece(
        "import threading\nclass Counter:\n"
        "    def __init__(self): self.n=0; self.l=threading.Lock()\n    def inc(self):\n"
        "        with self.l: self.n+=1\n",
        "import threading\nfrom solution import Counter\ndef test_a():\n    c=Counter()\n"
        "    ts=[threading.Thread(target=c.inc) for _ in range(8)]\n"
        "    [t.start() for t in ts]; [t.join() for t in ts]\n    assert c.n==8\n",
        ('+=1', '+=2'), style="runner",
    ),
    "now patched": Piece(
        "from datetime import datetime, timezone\n"
        "def stamp(): return datetime.now(timezone.utc).isoformat()\n",
        "from datetime import datetime, timezone\nfrom unittest.mock import patch\n"
        "import solution\ndef test_a():\n    with patch('solution.datetime') as d:\n"
        "        d.now.return_value=datetime(2020,1,2,tzinfo=timezone.utc)\n"
        "        assert solution.stamp()=='2020-01-02T00:00:00+00:00'\n"
        "        d.now.assert_called_once_with(timezone.utc)\n",
        ('timezone.utc', 'None'), style="runner",
    ),
}  # fmt: skip
