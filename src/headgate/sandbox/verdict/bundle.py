"""Puts the judge's modules into the one file that the sandbox is given.

Rule 1: the modules keep their names, and are in memory before any code under test exists.
"""

from __future__ import annotations

import functools
from importlib import resources

PACKAGE = "headgate.sandbox.verdict.inside"

_LOADER = """import sys, types
for full, source in SOURCES:
    parent, _, name = full.rpartition(".")
    package = sys.modules.setdefault(parent, types.ModuleType(parent))
    module = types.ModuleType(full)
    module.__package__ = parent
    sys.modules[full] = module
    setattr(package, name, module)
    exec(compile(source, "<headgate " + name + ">", "exec", dont_inherit=True), module.__dict__)
module.main()
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
    return f"SOURCES = {sources!r}\n{_LOADER}".encode()
