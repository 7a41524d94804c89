"""Figures that are open and a last table are saved; whatever goes wrong there fails nothing."""

from __future__ import annotations

from headgate.sandbox.model import File, Limits
from tests.sandbox.yard import python, said, worker

# Stand-ins with the one face that is used: the real packages are large, and tested elsewhere.
_PYPLOT = """
_open = {}
class Figure:
    def __init__(self, number): self.number = number
    def savefig(self, path, **_):
        if self.number == 3: raise ValueError("no such font")
        open(path, "wb").write(b"\\x89PNG\\r\\n\\x1a\\n" + bytes([self.number]))
def figure(number=None):
    number = number or len(_open) + 1
    return _open.setdefault(number, Figure(number))
def get_fignums(): return list(_open)
def close(what): _open.clear()
"""
_PANDAS = """
class DataFrame:
    def __init__(self, text): self.text = text
    def to_csv(self, path): open(path, "w").write(self.text)
    def __repr__(self): return "a table"
"""
_FILES = (
    File("matplotlib/__init__.py", b""),
    File("matplotlib/pyplot.py", _PYPLOT.encode()),
    File("pandas/__init__.py", b""),
    File("pandas/core.py", _PANDAS.encode()),
)


async def test_open_figures_become_pictures_and_a_taken_name_is_kept() -> None:
    code = """import matplotlib.pyplot as plt
open("output/figure-1.png", "w").write("mine")
plt.figure(); plt.figure(); plt.figure()
1 / 0"""
    async with worker() as foreman:
        result = await python(foreman, code, files=_FILES)
    assert [(it.path, it.mime) for it in result.artefacts] == [
        ("figure-1.png", "text/plain"),
        ("figure-2.png", "image/png"),
        ("figure-3.png", "image/png"),
    ]
    assert "figure-4.png could not be saved: ValueError: no such font" in result.stderr


async def test_a_table_on_the_last_line_becomes_csv() -> None:
    code = "import pandas.core\npandas.core.DataFrame('a,b\\n')"
    async with worker() as foreman:
        script = await python(foreman, code, files=_FILES)
        cell = await foreman.prepare(Limits(), session=True)
        shown = await said(cell, foreman, code, files=_FILES)
    for result in (script, shown):
        assert [(it.path, it.mime, it.data) for it in result.artefacts] == [
            ("table-1.csv", "text/csv", b"a,b\n")
        ]
    assert (script.stdout, shown.value) == ("", "a table")
