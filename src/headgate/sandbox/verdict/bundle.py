"""Puts the judge's modules into the two files that the sandbox is given.

Rule 1: the modules keep their names, and are in memory before any code under test exists.
Rule 2: a worker that has loaded them before runs what it holds, and reads neither file.
"""

from __future__ import annotations

import functools
import json
import zlib
from importlib import resources

from headgate.sandbox.model import File

PACKAGE = "headgate.sandbox.verdict.inside"

START, PARTS = "judge.py", "judge.parts"
Program = tuple[File, File]
"""what is started, and what it is made of"""
_LOADER = """import sys

def load():
    import json, types, zlib
    with open(__file__.replace("START", "PARTS"), "rb") as file:
        packed = file.read()
    for full, source in json.loads(zlib.decompress(packed)):
        parent, _, name = full.rpartition(".")
        package = sys.modules.setdefault(parent, types.ModuleType(parent))
        module = types.ModuleType(full)
        module.__package__ = parent
        sys.modules[full] = module
        setattr(package, name, module)
        code = compile(source, "<headgate " + name + ">", "exec", dont_inherit=True)
        exec(code, module.__dict__)
    return module

load().main()
"""


@functools.cache
def source(name: str, package: str = PACKAGE) -> str:
    return resources.files(package).joinpath(name).read_text("utf-8")


@functools.cache
def bundled(*names: str) -> Program:
    """What starts these modules, in the order of their imports: the last one's main() runs."""
    sources = []
    for name in names:
        package, _, module = f"{PACKAGE}.{name}".rpartition(".")
        if "." in name:
            package, _, module = name.rpartition(".")
        sources.append((f"{package}.{module}", source(f"{module}.py", package)))
    start = _LOADER.replace("START", START).replace("PARTS", PARTS)
    packed = zlib.compress(json.dumps(sources).encode(), 9)
    return File(START, start.encode()), File(PARTS, packed)
