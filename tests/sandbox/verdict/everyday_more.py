"""Everyday Python and its tests, each with a mistake that the tests see: classes, files, coroutines."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.honest import Piece

MORE: dict[str, Piece] = {
    "time.time patched": Piece(
        "import time\nclass TTL:\n    def __init__(self,ttl): self.ttl=ttl; self.d={}\n"
        "    def set(self,k,v): self.d[k]=(v,time.time())\n    def get(self,k):\n"
        "        v,t=self.d.get(k,(None,0))\n"
        "        return v if time.time()-t<self.ttl else None\n",
        "import time\nfrom solution import TTL\ndef test_a(monkeypatch):\n    now=[100.0]\n"
        "    monkeypatch.setattr(time,'time',lambda: now[0])\n    c=TTL(10)\n"
        "    c.set('a',1)\n    assert c.get('a')==1\n    now[0]=111\n"
        "    assert c.get('a') is None\n",
        ('<self.ttl', '<=self.ttl+5'), style="runner",
    ),
    "path patched": Piece(
        "from pathlib import Path\ndef f(p): return 'yes' if Path(p).exists() else 'no'\n"
        "def g(): return str(Path.home())\n",
        "from pathlib import Path\nfrom unittest.mock import patch\n"
        "from solution import f,g\ndef test_a(monkeypatch):\n"
        "    with patch('pathlib.Path.exists', return_value=True):\n"
        "        assert f('/none')=='yes'\n    assert f('/none')=='no'\n"
        "    monkeypatch.setattr(Path,'home',lambda: Path('/h'))\n    assert g()=='/h'\n"
        "    monkeypatch.setattr(Path,'exists',lambda self: str(self)=='/q')\n"
        "    assert f('/q')=='yes' and f('/r')=='no'\n",
        ('.exists()', '.is_dir()'), style="runner",
    ),
    "a mock with a specification": Piece(
        "class Repo:\n    def find(self,i): raise NotImplementedError\nclass Svc:\n"
        "    def __init__(self,r): self.r=r\n"
        "    def name(self,i): return self.r.find(i)['name'].title()\n",
        "from unittest.mock import Mock, create_autospec\nfrom solution import Repo, Svc\n"
        "def test_a():\n    r=Mock(spec=Repo)\n    r.find.return_value={'name':'ann'}\n"
        "    assert Svc(r).name(1)=='Ann'\n    r.find.assert_called_once_with(1)\n",
        ('.title()', '.upper()'), style="runner",
    ),
    "patch.object class": Piece(
        "class Client:\n    def get(self,u): raise OSError\n"
        "def load(u): return Client().get(u)['x']\n",
        "from unittest.mock import patch\nimport solution\n"
        "from solution import load, Client\ndef test_a():\n"
        "    with patch.object(Client,'get',return_value={'x':3}) as g:\n"
        "        assert load('u')==3\n    g.assert_called_once_with('u')\n"
        "    with patch('solution.Client') as K:\n"
        "        K.return_value.get.return_value={'x':4}\n        assert load('v')==4\n",
        ("['x']", "['x']+1"), style="runner",
    ),
    "a list that is given and kept": Piece(
        "class Q:\n    def __init__(self,items): self.items=items\n"
        "    def size(self): return len(self.items)\n",
        "from solution import Q\ndef test_a():\n    d=[1]\n    q=Q(d)\n    d.append(2)\n"
        "    assert q.size()==2\n    q.items.append(3)\n    assert d==[1,2,3]\n",
        ('self.items=items', 'self.items=list(items)'), style="runner",
    ),
    "representations": Piece(
        "class P:\n    def __init__(s,x): s.x=x\n"
        "    def __eq__(s,o): return isinstance(o,P) and s.x==o.x\n"
        "    def __repr__(s): return f'P({s.x})'\n    def __hash__(s): return hash(s.x)\n"
        "    def __iter__(s): yield s.x\n    def __format__(s,f): return 'F'\n"
        "    def __contains__(s,x): return x==s.x\n"
        "    def __getitem__(s,i): return [s.x][i]\n",
        "from solution import P\ndef test_a():\n"
        "    assert repr(P(1))=='P(1)' and str(P(2))=='P(2)' and f'{P(1)}'=='F'\n"
        "    assert [P(1),P(2)]==[P(1),P(2)]\n    assert P(1) in [P(1)]\n"
        "    assert {P(1):2}[P(1)]==2\n    assert P(1)!=1\n    assert P(1)!=P(2)\n"
        "    assert (x:=list(P(4)))==[4]\n    assert 3 in P(3)\n    assert P(7)[0]==7\n"
        "    assert sorted([P(2),P(1)], key=lambda p:p.x)[0]==P(1)\n",
        ("'P({s.x})'", "'Q({s.x})'"), style="runner",
    ),
    "csv files": Piece(
        "import csv\ndef totals(path):\n    out={}\n    with open(path,newline='') as f:\n"
        "        for row in csv.DictReader(f):\n"
        "            out[row['k']]=out.get(row['k'],0)+int(row['n'])\n    return out\n",
        "from solution import totals\ndef test_a(tmp_path):\n    p=tmp_path/'a.csv'\n"
        "    p.write_text('k,n\\na,1\\nb,2\\na,3\\n')\n"
        "    assert totals(p)=={'a':4,'b':2}\n",
        ("int(row['n'])", "int(row['n'])+1"), style="runner",
    ),
    "json round trip": Piece(
        "import json\ndef save(p,d): p.write_text(json.dumps(d,sort_keys=True))\n"
        "def load(p): return json.loads(p.read_text())\n",
        "from solution import save,load\ndef test_a(tmp_path):\n"
        "    save(tmp_path/'x',{'b':[1,None],'a':'é'})\n"
        "    assert load(tmp_path/'x')=={'a':'é','b':[1,None]}\n"
        '    assert (tmp_path/\'x\').read_text().startswith(\'{"a"\')\n',
        ('sort_keys=True', 'sort_keys=False'), style="runner",
    ),
    "argparse main": Piece(
        "import argparse\ndef main(argv=None):\n    p=argparse.ArgumentParser(prog='sum')\n"
        "    p.add_argument('n',type=int,nargs='+')\n"
        "    p.add_argument('--neg',action='store_true')\n    a=p.parse_args(argv)\n"
        "    t=sum(a.n)\n    print(-t if a.neg else t)\n    return 0\n",
        "import pytest\nfrom solution import main\ndef test_a(capsys):\n"
        "    assert main(['1','2'])==0\n    assert capsys.readouterr().out=='3\\n'\n"
        "    main(['--neg','4'])\n    assert capsys.readouterr().out=='-4\\n'\n"
        "def test_b(capsys):\n    with pytest.raises(SystemExit) as e: main(['x'])\n"
        "    assert e.value.code==2\n    assert 'invalid int' in capsys.readouterr().err\n",
        ('-t if', 't if'), style="runner",
    ),
    "exception chain": Piece(
        "class AppError(Exception):\n    def __init__(self, msg, code):\n"
        "        super().__init__(msg); self.code=code\ndef parse(s):\n"
        "    try: return int(s)\n"
        "    except ValueError as e: raise AppError(f'bad {s!r}', 400) from e\n",
        "import pytest\nfrom solution import parse, AppError\ndef test_a():\n"
        '    with pytest.raises(AppError, match=r"bad \'x\'") as e: parse(\'x\')\n'
        "    assert e.value.code==400\n    assert parse('7')==7\n",
        ('400', '500'), style="runner",
    ),
    "abstract base": Piece(
        "from abc import ABC, abstractmethod\nclass Store(ABC):\n    @abstractmethod\n"
        "    def get(self,k): ...\nclass Memory(Store):\n"
        "    def __init__(self): self._d={}\n    def get(self,k): return self._d.get(k)\n"
        "    def put(self,k,v): self._d[k]=v\n",
        "import pytest\nfrom solution import Store, Memory\ndef test_a():\n"
        "    with pytest.raises(TypeError): Store()\n    m=Memory(); m.put('a',1)\n"
        "    assert m.get('a')==1 and m.get('b') is None\n"
        "    assert isinstance(m,Store) and issubclass(Memory,Store)\n",
        ('.get(k)', '.get(k,0)'), style="runner",
    ),
    "linked list": Piece(
        "class Node:\n    def __init__(self,v,n=None): self.v=v; self.n=n\nclass Linked:\n"
        "    def __init__(self,it=()):\n        self.head=None\n"
        "        for x in reversed(list(it)): self.head=Node(x,self.head)\n"
        "    def __iter__(self):\n        n=self.head\n        while n: yield n.v; n=n.n\n"
        "    def __len__(self): return sum(1 for _ in self)\n    def reverse(self):\n"
        "        p,c=None,self.head\n        while c: c.n,p,c=p,c,c.n\n"
        "        self.head=p\n",
        "from solution import Linked\ndef test_a():\n    l=Linked([1,2,3])\n"
        "    assert list(l)==[1,2,3] and len(l)==3\n    l.reverse()\n"
        "    assert list(l)==[3,2,1]\n    assert l.head.n.v==2\n"
        "    assert Linked().head is None\n",
        ('c.n,p,c=p,c,c.n', 'c.n,p,c=p,c,None'), style="runner",
    ),
    "property setter": Piece(
        "class Temp:\n    def __init__(self,c=0): self.c=c\n    @property\n"
        "    def c(self): return self._c\n    @c.setter\n    def c(self,v):\n"
        "        if v<-273.15: raise ValueError('too cold')\n        self._c=v\n"
        "    @property\n    def f(self): return self._c*9/5+32\n",
        "import pytest\nfrom solution import Temp\ndef test_a():\n    t=Temp(100)\n"
        "    assert t.f==212\n    t.c=0\n    assert t.f==pytest.approx(32)\n"
        "    with pytest.raises(ValueError): t.c=-300\n"
        "    with pytest.raises(AttributeError): t.f=1\n",
        ('9/5', '5/9'), style="runner",
    ),
    "frozen dataclass": Piece(
        "from dataclasses import dataclass, field\n@dataclass(frozen=True, order=True)\n"
        "class Ver:\n    major: int\n    minor: int=0\n"
        "    tags: tuple=field(default=(),compare=False)\n    @classmethod\n"
        "    def parse(cls,s): return cls(*map(int,s.split('.')))\n"
        "    def __str__(self): return f'{self.major}.{self.minor}'\n",
        "import pytest, dataclasses\nfrom solution import Ver\ndef test_a():\n"
        "    assert Ver.parse('1.2')==Ver(1,2,('x',))\n"
        "    assert Ver(1,2)<Ver(1,3) and max(Ver(1),Ver(2))==Ver(2)\n"
        "    assert str(Ver(3))=='3.0'\n"
        "    with pytest.raises(dataclasses.FrozenInstanceError): Ver(1).major=2\n"
        "    assert len({Ver(1),Ver(1)})==1\n",
        ('order=True', 'order=False'), style="runner",
    ),
    "generator pipeline": Piece(
        "def read(ls):\n    for l in ls:\n        l=l.strip()\n        if l: yield l\n"
        "def batches(it,n):\n    b=[]\n    for x in it:\n        b.append(x)\n"
        "        if len(b)==n: yield b; b=[]\n    if b: yield b\n",
        "import inspect\nfrom solution import read,batches\ndef test_a():\n"
        "    assert list(batches(read(['a ','','b','c']),2))==[['a','b'],['c']]\n"
        "    assert inspect.isgenerator(read([]))\n    g=batches(range(5),2)\n"
        "    assert next(g)==[0,1]\n    assert list(g)==[[2,3],[4]]\n",
        ('if b: yield b', 'pass'), style="runner",
    ),
    "coroutine send": Piece(
        "def avg():\n    t=n=0\n    a=None\n    while True:\n        x=yield a\n"
        "        t+=x; n+=1; a=t/n\n",
        "from solution import avg\ndef test_a():\n    g=avg(); next(g)\n"
        "    assert g.send(2)==2\n    assert g.send(4)==3\n    g.close()\n",
        ('n+=1', 'n+=2'), style="runner",
    ),
    "context decorator": Piece(
        "import contextlib\nclass Txn(contextlib.ContextDecorator):\n"
        "    def __init__(self,db): self.db=db\n"
        "    def __enter__(self): self.db.begin(); return self\n"
        "    def __exit__(self,t,v,tb):\n"
        "        self.db.rollback() if t else self.db.commit()\n"
        "        return t is KeyError\n",
        "import pytest\nfrom unittest.mock import MagicMock\nfrom solution import Txn\n"
        "def test_a():\n    db=MagicMock()\n    with Txn(db): pass\n"
        "    db.begin.assert_called_once_with(); db.commit.assert_called_once_with(); db.rollback.assert_not_called()\n"
        "    with Txn(db): raise KeyError\n    db.rollback.assert_called_once_with()\n"
        "    with pytest.raises(ValueError):\n        with Txn(db): raise ValueError\n",
        ('t is KeyError', 'False'), style="runner",
    ),
    "singledispatch": Piece(
        "import functools\n@functools.singledispatch\ndef show(x): return f'obj {x}'\n"
        "@show.register\ndef _(x:int): return f'int {x}'\n@show.register(list)\n"
        "def _(x): return ','.join(map(show,x))\n",
        "from solution import show\ndef test_a():\n    assert show(1)=='int 1'\n"
        "    assert show([1,'a'])=='int 1,obj a'\n    assert show(None)=='obj None'\n",
        ("'int {x}'", "'int{x}'"), style="runner",
    ),
    "rate limiter clock": Piece(
        "class Bucket:\n"
        "    def __init__(self,rate,cap,clock): self.rate=rate; self.cap=cap; self.clock=clock; self.n=cap; self.t=clock()\n"
        "    def take(self,k=1):\n        now=self.clock()\n"
        "        self.n=min(self.cap,self.n+(now-self.t)*self.rate); self.t=now\n"
        "        if self.n>=k: self.n-=k; return True\n        return False\n",
        "from solution import Bucket\nclass Clock:\n    def __init__(self): self.now=0.0\n"
        "    def __call__(self): return self.now\ndef test_a():\n"
        "    c=Clock(); b=Bucket(1,2,c)\n"
        "    assert b.take() and b.take() and not b.take()\n    c.now=1.5\n"
        "    assert b.take() and not b.take()\n    assert abs(b.n-0.5)<1e-9\n",
        ('*self.rate', '*self.rate*2'), style="runner",
    ),
    "observer": Piece(
        "class Subject:\n    def __init__(self): self._obs=[]\n"
        "    def attach(self,o): self._obs.append(o); return lambda: self._obs.remove(o)\n"
        "    def set(self,v):\n        for o in list(self._obs): o(v)\n",
        "from solution import Subject\ndef test_a():\n    seen=[]\n"
        "    s=Subject(); off=s.attach(seen.append)\n    s.set(1)\n    off(); s.set(2)\n"
        "    assert seen==[1]\n",
        ('remove(o)', 'append(o)'), style="runner",
    ),
    "dependency fakes": Piece(
        "class Orders:\n"
        "    def __init__(self,repo,mailer,ids): self.repo,self.mailer,self.ids=repo,mailer,ids\n"
        "    def place(self,who,items):\n        if not items: raise ValueError('empty')\n"
        "        o={'id':next(self.ids),'who':who,'total':sum(p*q for p,q in items)}\n"
        '        self.repo.save(o); self.mailer.send(who,f"#{o[\'id\']}: {o[\'total\']}")\n'
        "        return o['id']\n",
        "import itertools, pytest\nfrom solution import Orders\nclass Repo:\n"
        "    def __init__(self): self.rows=[]\n    def save(self,o): self.rows.append(o)\n"
        "class Mailer:\n    def __init__(self): self.sent=[]\n"
        "    def send(self,*a): self.sent.append(a)\n@pytest.fixture\n"
        "def svc(): return Orders(Repo(),Mailer(),itertools.count(7))\ndef test_a():\n"
        "    r,m=Repo(),Mailer()\n"
        "    assert Orders(r,m,itertools.count(7)).place('ann',[(2,3),(5,1)])==7\n"
        "    assert r.rows==[{'id':7,'who':'ann','total':11}]\n"
        "    assert m.sent==[('ann','#7: 11')]\ndef test_b(svc):\n"
        "    with pytest.raises(ValueError): svc.place('x',[])\n"
        "    assert svc.repo.rows==[]\n",
        ('sum(p', 'max(p'), style="runner",
    ),
    "descriptor": Piece(
        "class Positive:\n    def __set_name__(s,o,n): s.n='_'+n\n"
        "    def __get__(s,i,o=None): return s if i is None else getattr(i,s.n)\n"
        "    def __set__(s,i,v):\n        if v<=0: raise ValueError(s.n[1:])\n"
        "        setattr(i,s.n,v)\nclass Item:\n    price=Positive()\n"
        "    def __init__(s,p): s.price=p\n",
        "import pytest\nfrom solution import Item\ndef test_a():\n    i=Item(3)\n"
        "    assert i.price==3\n    i.price=4\n    assert i.price==4\n"
        "    with pytest.raises(ValueError, match='price'): Item(-1)\n",
        ('v<=0', 'v<=3'), style="runner",
    ),
    "metaclass registry": Piece(
        "class Meta(type):\n    kinds={}\n    def __new__(m,n,b,d):\n"
        "        c=super().__new__(m,n,b,d)\n        if b: m.kinds[n.lower()]=c\n"
        "        return c\nclass Plugin(metaclass=Meta):\n"
        "    def run(self): raise NotImplementedError\nclass Up(Plugin):\n"
        "    def run(self,s): return s.upper()\ndef make(n): return Meta.kinds[n]()\n",
        "import pytest\nfrom solution import make, Plugin, Up\ndef test_a():\n"
        "    assert make('up').run('a')=='A'\n    assert isinstance(make('up'),Up)\n"
        "    with pytest.raises(KeyError): make('no')\nclass Rev(Plugin):\n"
        "    def run(self,s): return s[::-1]\ndef test_b():\n"
        "    assert make('rev').run('ab')=='ba'\n",
        ('if b:', 'if not b:'), style="runner",
    ),
    "async queue workers": Piece(
        "import asyncio\nasync def work(items,f,n=2):\n    q=asyncio.Queue(); out=[]\n"
        "    for i in items: q.put_nowait(i)\n    async def w():\n"
        "        while not q.empty():\n            out.append(await f(q.get_nowait()))\n"
        "    await asyncio.gather(*(w() for _ in range(n)))\n    return sorted(out)\n",
        "import asyncio\nfrom solution import work\ndef test_a():\n"
        "    async def double(n):\n        await asyncio.sleep(0)\n        return n*2\n"
        "    assert asyncio.run(work([1,2,3],double))==[2,4,6]\n"
        "    async def bad(n): raise ValueError(n)\n    try:\n"
        "        asyncio.run(work([1],bad))\n        assert False\n"
        "    except ValueError: pass\n",
        ('sorted(out)', 'out[:2]'), style="runner",
    ),
    "async timeout": Piece(
        "import asyncio\nasync def first(fs,limit):\n"
        "    try: return await asyncio.wait_for(fs(),limit)\n"
        "    except asyncio.TimeoutError: return 'late'\n",
        "import asyncio\nfrom solution import first\nasync def quick(): return 'ok'\n"
        "def test_a():\n    assert asyncio.run(first(quick,1))=='ok'\n"
        "    async def slow(): raise asyncio.TimeoutError\n"
        "    assert asyncio.run(first(slow,1))=='late'\n",
        ("'late'", "'never'"), style="runner",
    ),
    "async cache": Piece(
        "import asyncio\nclass Cache:\n"
        "    def __init__(self,load): self.load=load; self.d={}; self.lock=asyncio.Lock()\n"
        "    async def get(self,k):\n        async with self.lock:\n"
        "            if k not in self.d: self.d[k]=await self.load(k)\n"
        "            return self.d[k]\n",
        "import pytest\nfrom unittest.mock import AsyncMock\nfrom solution import Cache\n"
        "async def test_a():\n    load=AsyncMock(return_value=5)\n    c=Cache(load)\n"
        "    assert await c.get('a')==5\n    assert await c.get('a')==5\n"
        "    load.assert_awaited_once_with('a')\n",
        ('if k not in self.d: ', 'if True: '), style="runner",
    ),
    "text wrap and regex": Piece(
        "import re\ndef slug(s): return re.sub(r'[^a-z0-9]+','-',s.lower()).strip('-')\n"
        "def find(s): return re.search(r'(?P<y>\\d{4})-(?P<m>\\d\\d)',s)\n"
        "WORD=re.compile(r'\\w+')\n",
        "from solution import slug, find, WORD\ndef test_a():\n"
        "    assert slug(' Hello, World! ')=='hello-world'\n    m=find('on 2024-05')\n"
        "    assert m.group('y')=='2024' and m['m']=='05'\n"
        "    assert m.groupdict()=={'y':'2024','m':'05'}\n    assert find('x') is None\n"
        "    assert WORD.findall('a b')==['a','b']\n",
        (".strip('-')", ''), style="runner",
    ),
    "decimal money": Piece(
        "from decimal import Decimal, ROUND_HALF_UP\ndef split(total,n):\n"
        "    t=Decimal(total); share=(t/n).quantize(Decimal('0.01'),ROUND_HALF_UP)\n"
        "    return [share]*(n-1)+[t-share*(n-1)]\n",
        "from decimal import Decimal\nfrom solution import split\ndef test_a():\n"
        "    assert split('10.00',3)==[Decimal('3.33'),Decimal('3.33'),Decimal('3.34')]\n"
        "    assert sum(split('0.05',4))==Decimal('0.05')\n",
        ('t-share', 'share-t'), style="runner",
    ),
    "dates and zones": Piece(
        "from datetime import datetime, timedelta, timezone\n"
        "from zoneinfo import ZoneInfo\n"
        "def days(a,b): return [(a+timedelta(n)).isoformat() for n in range((b-a).days+1)]\n"
        "def local(dt,z): return dt.astimezone(ZoneInfo(z))\n",
        "from datetime import date, datetime, timezone\nfrom solution import days, local\n"
        "def test_a():\n"
        "    assert days(date(2024,2,28),date(2024,3,1))==['2024-02-28','2024-02-29','2024-03-01']\n"
        "    t=local(datetime(2024,7,1,12,tzinfo=timezone.utc),'Europe/Paris')\n"
        "    assert t.hour==14 and t==datetime(2024,7,1,12,tzinfo=timezone.utc)\n"
        "    assert str(t.tzinfo)=='Europe/Paris'\n",
        ('.days+1', '.days'), style="runner",
    ),
    "graph": Piece(
        "import heapq\ndef dijkstra(g,s):\n    d={s:0}; q=[(0,s)]\n    while q:\n"
        "        c,u=heapq.heappop(q)\n        if c>d[u]: continue\n"
        "        for v,w in g.get(u,{}).items():\n"
        "            if c+w<d.get(v,float('inf')): d[v]=c+w; heapq.heappush(q,(c+w,v))\n"
        "    return d\n",
        "import pytest\nfrom solution import dijkstra\n"
        "@pytest.mark.parametrize('g,s,want',[({'a':{'b':1,'c':5},'b':{'c':2}},'a',{'a':0,'b':1,'c':3}),({},'z',{'z':0})])\n"
        "def test_a(g,s,want):\n    assert dijkstra(g,s)==want\n",
        ('c+w<', 'c+w>'), style="runner",
    ),
    "inventory singleton": Piece(
        "_stock={}\ndef add(n,q=1):\n    if q<1: raise ValueError(q)\n"
        "    _stock[n]=_stock.get(n,0)+q\ndef left(n): return _stock.get(n,0)\n",
        "import pytest, solution\n@pytest.fixture(autouse=True)\ndef clean():\n"
        "    solution._stock.clear()\n    yield\n    solution._stock.clear()\n"
        "def test_a():\n    solution.add('x',2)\n    assert solution.left('x')==2\n"
        "def test_b():\n    assert solution.left('x')==0\n",
        ('+q', '-q'), style="runner",
    ),
    "unittest setUp": Piece(
        "class Account:\n    def __init__(self,b=0): self.balance=b; self.log=[]\n"
        "    def withdraw(self,n):\n"
        "        if n>self.balance: raise ValueError('insufficient')\n"
        "        self.balance-=n; self.log.append(('w',n))\n",
        "import unittest\nfrom solution import Account\n"
        "class TestAccount(unittest.TestCase):\n    def setUp(self): self.a=Account(10)\n"
        "    def test_ok(self):\n        self.a.withdraw(4)\n"
        "        self.assertEqual(self.a.balance,6)\n"
        "        self.assertIn(('w',4),self.a.log)\n"
        "        self.assertListEqual(self.a.log,[('w',4)])\n    def test_no(self):\n"
        "        with self.assertRaisesRegex(ValueError,'insuff'): self.a.withdraw(11)\n"
        "        self.assertTrue(self.a.balance==10)\n"
        "        self.assertIsInstance(self.a,Account)\n",
        ('self.balance-=n', 'self.balance+=n'), style="runner",
    ),
    "typed dict validation": Piece(
        "from typing import TypedDict, get_type_hints\nclass User(TypedDict):\n"
        "    name: str\n    age: int\ndef check(d):\n"
        "    bad=[k for k,t in get_type_hints(User).items() if not isinstance(d.get(k),t)]\n"
        "    if bad: raise TypeError(', '.join(bad))\n    return User(**d)\n",
        "import pytest\nfrom solution import check\ndef test_a():\n"
        "    assert check({'name':'a','age':1})=={'name':'a','age':1}\n"
        "    with pytest.raises(TypeError,match='^age$'): check({'name':'a','age':'1'})\n",
        ('if not isinstance', 'if isinstance'), style="runner",
    ),
    "bytes protocol": Piece(
        "import struct\ndef pack(k,b): return struct.pack('>BH',k,len(b))+b\n"
        "def unpack(d):\n    if len(d)<3: raise struct.error('short')\n"
        "    k,n=struct.unpack('>BH',d[:3])\n    return k,d[3:3+n]\n",
        "import struct, pytest\nfrom solution import pack,unpack\ndef test_a():\n"
        "    assert pack(1,b'ab')==b'\\x01\\x00\\x02ab'\n"
        "    assert unpack(pack(7,b'xyz'))==(7,b'xyz')\n"
        "    with pytest.raises(struct.error): unpack(b'')\n",
        ("'>BH',k", "'<BH',k"), style="runner",
    ),
}  # fmt: skip
