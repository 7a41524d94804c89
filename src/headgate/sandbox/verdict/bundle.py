"""Puts the judge's modules into the one file that the sandbox is given.

Rule 1: the modules keep their names, and are in memory before any code under test exists.
Rule 2: a worker that has loaded them before is told to begin: nothing is compiled then, so the
modules stand in a comment, which costs whoever compiles the file nothing.
"""

from __future__ import annotations

import base64
import functools
import json
import zlib
from importlib import resources

PACKAGE = "headgate.sandbox.verdict.inside"

_LOADER = """import sys

def load():
    import base64, json, types, zlib
    with open(__file__, encoding="ascii") as file:
        packed = file.read().rpartition("# ")[2]
    for full, source in json.loads(zlib.decompress(base64.b64decode(packed))):
        parent, _, name = full.rpartition(".")
        package = sys.modules.setdefault(parent, types.ModuleType(parent))
        module = types.ModuleType(full)
        module.__package__ = parent
        sys.modules[full] = module
        setattr(package, name, module)
        code = compile(source, "<headgate " + name + ">", "exec", dont_inherit=True)
        exec(code, module.__dict__)
    return module

(sys.modules.get(HELD) or load()).main()
"""


@functools.cache
def source(name: str, package: str = PACKAGE) -> str:
    return resources.files(package).joinpath(name).read_text("utf-8")


@functools.cache
def bundled(*names: str) -> bytes:
    """A program of these modules, in the order of their imports; the last one's main() runs."""
    sources = []
    for name in names:
        package, _, module = f"{PACKAGE}.{name}".rpartition(".")
        if "." in name:
            package, _, module = name.rpartition(".")
        sources.append((f"{package}.{module}", source(f"{module}.py", package)))
    packed = base64.b64encode(zlib.compress(json.dumps(sources).encode(), 9)).decode()
    return f'HELD = "{held(names[-1])}"\n{_LOADER}# {packed}'.encode()


def held(name: str) -> str:
    """What a module that a worker has loaded is called there: its own name is set free."""
    return f"judge of headgate: {name}"
