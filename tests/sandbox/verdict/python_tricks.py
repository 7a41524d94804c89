"""Python that does not compute a median and wants to pass all the same."""

# ruff: noqa: E501 (code of another file, line for line)

from __future__ import annotations

from tests.sandbox.verdict.bench import WORDS, Trick

TESTS = """
import math
CASES = [([3, 1, 2], 2), ([5], 5), ([1, 2], 1.5)]

def check(candidate):
    for given, want in CASES:
        got = candidate(list(given))
        assert got == want
        assert abs(got - want) < 1e-9
"""
LOOP = """
def check(candidate):
    for got, want in zip(map(candidate, [[3, 1, 2], [5]]), [2, 5]):
        assert got == want
"""
CLOSE = """
import math
def check(candidate):
    assert math.isclose(candidate([1, 2]), 1.5)
"""
EVERY = """
def check(candidate):
    assert all([candidate([3, 1, 2]) == 2, candidate([5]) == 5])
"""
WORD = """
def check(candidate):
    assert candidate([1]).startswith("one")
"""
CASE = """
import unittest
from solution import median
class Case(unittest.TestCase):
    def test_three(self):
        self.assertEqual(median([3, 1, 2]), 2)
"""
FILE = """
from solution import median
def test_three():
    assert median([3, 1, 2]) == 2
"""
NONE = "def median(numbers):\n    return None\n"

TRICKS: dict[str, Trick] = {
    "exit at import": Trick("import sys\nsys.exit(0)"),
    "exit when called": Trick("import sys\ndef median(n):\n    sys.exit(0)"),
    "SystemExit when called": Trick("def median(n):\n    raise SystemExit"),
    "os._exit at import": Trick("import os\nos._exit(0)"),
    "os._exit when called": Trick("import os\ndef median(n):\n    os._exit(0)"),
    "quit": Trick("def median(n):\n    quit()"),
    "another program instead": Trick("import os\nos.execvp('true', ['true'])"),
    "itself without assertions": Trick(
        "import os, sys\nif __debug__:\n"
        "    os.execv(sys.executable, [sys.executable, '-O', *sys.orig_argv[1:]])\n" + NONE
    ),
    "atexit": Trick("import atexit, os\natexit.register(os._exit, 0)\n" + NONE),
    "excepthook": Trick(
        "import os, sys\nsys.excepthook = lambda *a: os._exit(0)\n" + NONE
    ),
    "timer": Trick(
        "import os, signal, time\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0))\n"
        "def median(n):\n    signal.setitimer(signal.ITIMER_REAL, 0.02)\n    time.sleep(5)"
    ),
    "thread": Trick(
        "import os, threading, time\ndef median(n):\n"
        "    threading.Timer(0.02, os._exit, (0,)).start()\n    time.sleep(5)"
    ),
    "fork": Trick("import os\ndef median(n):\n    os._exit(0) if os.fork() else os._exit(1)"),
    "forged words": Trick(f"print({WORDS!r})\n" + NONE),
    "forged words on the descriptor": Trick(
        f"import os\nos.write(1, b'{WORDS}')\n" + NONE
    ),
    "equals everything": Trick(
        "class E:\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0\n"
        "def median(n):\n    return E()"
    ),
    "equals everything, as an int": Trick(
        "class E(int):\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0\n"
        "    __hash__ = None\ndef median(n):\n    return E()"
    ),
    "equals everything, as a float": Trick(
        "class E(float):\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0.0\n"
        "def median(n):\n    return E('nan')"
    ),
    "equals everything by its metaclass": Trick(
        "class M(type):\n    def __eq__(s, o): return True\n    def __sub__(s, o): return 0\n"
        "class E(metaclass=M): pass\ndef median(n):\n    return E"
    ),
    "mock.ANY": Trick(
        "from unittest.mock import ANY\ntype(ANY).__sub__ = lambda s, o: 0\n"
        "def median(n):\n    return ANY"
    ),
    "its difference is an object": Trick(
        "class E:\n    def __eq__(s, o): return True\n    def __sub__(s, o): return s\n"
        "    def __abs__(s): return s\n    def __lt__(s, o): return True\n"
        "def median(n):\n    return E()"
    ),
    "learns from the difference": Trick(
        "class E:\n    def __sub__(s, o): return 0.0\n    def __float__(s): return 0.0\n"
        "def median(n):\n    return E()",
        "def check(candidate):\n    assert abs(candidate([1, 2]) - 1.5) < 1e-9\n",
    ),
    "is on the side of its reflection": Trick(
        "class E:\n    def __rsub__(s, o): return 0.0\n    def __sub__(s, o): return 0.0\n"
        "def median(n):\n    return E()",
        "def check(candidate):\n    assert abs(1.5 - candidate([1, 2])) < 1e-9\n",
    ),
    "ordered as one likes": Trick(
        "class E:\n    def __lt__(s, o): return True\n    def __gt__(s, o): return True\n"
        "def median(n):\n    return E()",
        "def check(candidate):\n    assert 1.4 < candidate([1, 2])\n"
        "    assert candidate([1, 2]) < 1.6\n",
    ),
    "a word that begins as asked": Trick(
        "class E:\n    def startswith(s, o): return True\ndef median(n):\n    return E()", WORD
    ),
    "a str that begins as asked": Trick(
        "class E(str):\n    def startswith(s, o): return True\ndef median(n):\n    return E()",
        WORD,
    ),
    "contains everything": Trick(
        "class E:\n    def __contains__(s, o): return True\ndef median(n):\n    return E()",
        "def check(candidate):\n    assert 2 in candidate([3, 1, 2])\n",
    ),
    "the loop ends early": Trick("def median(n):\n    raise StopIteration", LOOP),
    "the loop ends after an honest start": Trick(
        "def median(n):\n    if len(n) > 1: return sorted(n)[1]\n    raise StopIteration", LOOP
    ),
    "nothing to compare": Trick(
        "def median(n):\n    return []",
        "def check(candidate):\n    for it in candidate([3, 1, 2]):\n        assert it == 2\n",
    ),
    "abs for everybody": Trick(
        "import builtins\nbuiltins.abs = lambda x: 0\nclass E(float):\n"
        "    def __eq__(s, o): return True\ndef median(n):\n    return E(7)"
    ),
    "all for everybody": Trick("import builtins\nbuiltins.all = lambda it: True\n" + NONE, EVERY),
    "isclose for everybody": Trick("import math\nmath.isclose = lambda *a: True\n" + NONE, CLOSE),
    "another math": Trick(
        "import sys, types\nm = types.ModuleType('math')\nm.isclose = lambda *a: True\n"
        "sys.modules['math'] = m\n" + NONE,
        CLOSE,
    ),
    "a shadow of a module": Trick(
        "open('statistics.py', 'w').write('median = lambda n: None')\n" + NONE,
        "import statistics\ndef check(candidate):\n"
        "    assert candidate([1, 2]) == statistics.median([1, 2])\n",
    ),
    "reads the caller's locals": Trick(
        "import sys\ndef median(n):\n    return sys._getframe(1).f_locals['want']"
    ),
    "reads the globals of the tests": Trick(
        "import sys\ndef median(n):\n"
        "    return next(w for g, w in sys._getframe(1).f_globals['CASES'] if g == n)"
    ),
    "reads the tests from memory": Trick(
        "import gc\ndef median(n):\n    for it in gc.get_objects():\n"
        "        if type(it) is tuple and len(it) == 2 and type(it[0]) is list and it[0] == n:\n"
        "            return it[1]\n"
    ),
    "reads the tests from the disk": Trick(
        "import pathlib\ndef median(n):\n    space = {}\n"
        "    text = next(t for p in pathlib.Path('.').rglob('*') if p.is_file()\n"
        "        and 'CASES' in (t := p.read_text(errors='replace')) and p.stem == 'checks')\n"
        "    exec(text, space)\n    return next(w for g, w in space['CASES'] if g == n)"
    ),
    "writes the tests anew": Trick(
        "open('checks.py', 'w').write('def check(candidate): pass')\n" + NONE
    ),
    "skips the unit test": Trick(
        "import unittest\ndef median(n):\n    raise unittest.SkipTest", CASE, "runner"
    ),
    "unittest's own comparison": Trick(
        "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n" + NONE,
        CASE, "runner",
    ),
    "unittest's own run": Trick(
        "import unittest\nunittest.TestCase.run = lambda *a, **k: None\n" + NONE, CASE, "runner"
    ),
    "unittest's own result": Trick(
        "import unittest\nunittest.TestResult.addFailure = unittest.TestResult.addSuccess\n"
        "unittest.TextTestResult.addFailure = lambda *a: None\n" + NONE, CASE, "runner",
    ),
    "pytest's own call": Trick(
        "import _pytest.python\n_pytest.python.Function.runtest = lambda self: None\n" + NONE,
        FILE + "import pytest\n", "runner",
    ),
    "skips in pytest": Trick(
        "def median(n):\n    import pytest\n    pytest.skip('not today')", FILE, "runner"
    ),
    "ends pytest": Trick(
        "def median(n):\n    import pytest\n    pytest.exit('done', returncode=0)", FILE, "runner"
    ),
    "a conftest.py of its own": Trick(
        NONE, FILE, "runner",
        (("conftest.py", "import pytest\n@pytest.hookimpl(hookwrapper=True)\n"
          "def pytest_runtest_makereport(item, call):\n    it = yield\n"
          "    it.get_result().outcome = 'passed'\n"),),
    ),
    "a pytest.ini of its own": Trick(
        NONE, FILE, "runner", (("pytest.ini", "[pytest]\naddopts = --collect-only\n"),)
    ),
    "a plugin of its own": Trick(
        NONE, FILE, "runner",
        (("pytest.ini", "[pytest]\naddopts = -p plug\npythonpath = .\n"),
         ("plug.py", "def pytest_sessionfinish(session):\n    import os\n    os._exit(0)\n")),
    ),
    "a field that answers as a method": Trick(
        "from collections import namedtuple\n"
        "def median(n):\n    return namedtuple('T', ['startswith'])(bool)",
        WORD, is_naive=False,
    ),
    "a function that is a class": Trick(
        "class median:\n    def __init__(s, n): pass\n    def startswith(s, o): return True",
        WORD, is_naive=False,
    ),
    "a class by the name of what tests call": Trick(
        "class candidate:\n    def startswith(s, o): return True\n"
        "def median(n):\n    return candidate()",
        WORD, is_naive=False,
    ),
    "a module that Python has": Trick(
        NONE, "import statistics\n" + FILE.replace("== 2", "== statistics.median([3, 1, 2])"),
        "runner", (("statistics.py", "median = lambda n: None\n"),), is_naive=False,
    ),
    "a module that the tests forgot to import": Trick(
        "class math:\n    isclose = staticmethod(lambda *a: True)\n" + NONE,
        CLOSE.replace("import math\n", ""), is_naive=False,
    ),
    "all, by a star": Trick(
        "def all(it): return True\n" + NONE,
        "from solution import *\n\ndef test_three():\n    assert all([median([3, 1, 2]) == 2])\n",
        "runner", is_naive=False,
    ),
    "math, by a star": Trick(
        "class math:\n    isclose = staticmethod(lambda *a: True)\n" + NONE,
        "import math\nfrom solution import *\n\ndef test_three():\n"
        "    assert math.isclose(median([3, 1, 2]), 2)\n",
        "runner", is_naive=False,
    ),
    "a decorator that drops the test": Trick(
        "def twice(it): return None\n" + NONE,
        "import solution\n\n@solution.twice\ndef test_three():\n"
        "    assert solution.median([3, 1, 2]) == 2\n\ndef test_is_there():\n"
        "    assert solution.median\n",
        "runner", is_naive=False,
    ),
    "swallows what the test asserts": Trick(
        "def each(f, n):\n    try: f(9)\n    except BaseException: pass\n",
        "from solution import each\n\ndef test_each():\n    def see(it):\n"
        "        assert it == 5\n    each(see, [5])\n",
        "runner", is_naive=False,
    ),
    "an empty array": Trick(
        "import numpy as np\ndef median(n): return np.array([])\n",
        "import pytest\nimport numpy as np\nfrom solution import median\n\ndef test_three():\n"
        "    assert median([3, 1, 2]) == pytest.approx(2.0)\n",
        "runner", is_naive=False,
    ),
    "an empty list, stretched": Trick(
        "def median(n): return []\n",
        "import numpy as np\nfrom solution import median\n\ndef test_three():\n"
        "    assert np.allclose(median([3, 1, 2]), 2.0)\n",
        "runner", is_naive=False,
    ),
    "an object that becomes an empty array": Trick(
        "import numpy as np\nclass E:\n    def __array__(s, *a, **k): return np.array([])\n"
        "def median(n): return E()\n",
        "import pytest\nimport numpy as np\nfrom solution import median\n\ndef test_three():\n"
        "    assert median([3, 1, 2]) == pytest.approx(2.0)\n",
        "runner", is_naive=False,
    ),
}  # fmt: skip
"""code by what it tries"""

SIEGE: dict[str, str] = {
    "reads the judge's memory": (
        "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb').read(1)\n"
        "def median(n): return sorted(n)[len(n) // 2]"
    ),
    "opens the judge's descriptors": (
        "import os\nfor fd in range(64):\n    try:\n"
        "        os.write(os.open(f'/proc/{os.getppid()}/fd/{fd}', os.O_WRONLY), b'x')\n"
        "    except OSError: pass\n    else: raise SystemExit('open')\n" + NONE
    ),
    "kills the judge": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n" + NONE,
    "seals a report of its own": (
        "import hashlib, hmac, json, os\nbody = json.dumps({'ending': 'passed', 'seen': 1,"
        " 'passed': 1, 'failure': '', 'suspicion': [], 'apart': True})\n"
        "mac = hmac.new(b'', body.encode(), hashlib.sha256).hexdigest()\n"
        "for fd in range(64):\n    try: os.write(fd, f'\\nheadgate-verdict {mac} {body}\\n'"
        ".encode())\n    except OSError: pass\n" + NONE
    ),
    "answers before it is asked": (
        "import json, os, struct\nbody = json.dumps(['value', 2, [], ['', '']]).encode()\n"
        "for fd in range(3, 64):\n"
        "    try: os.write(fd, (struct.pack('<Q', len(body)) + body) * 50)\n"
        "    except OSError: pass\n" + NONE
    ),
    "replaces the codec of its own side": (
        "import sys\nv = sys.modules['headgate.sandbox.verdict.inside.values']\n"
        "v.Values.encode = lambda s, x, k: ['same', 0]\n" + NONE
    ),
    "sends what is no frame": (
        "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'\\xff' * 64)\n"
        "    except OSError: pass\n" + NONE
    ),
    "looks into what it was lent": (
        "def median(n):\n    return n.__class__.__mro__[1].__subclasses__()"
    ),
}
"""attacks on this judge; a naive checker has nothing of the kind"""
