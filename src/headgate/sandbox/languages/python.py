"""Python: forked from an interpreter that already holds what the code imports."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence

import msgspec

from headgate.sandbox import source, toolchains
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import File, Job, Order, Refused, Runtime, Step

WARM = ("numpy", "pandas", "matplotlib.pyplot")
"""loaded before the fork, where installed and where the code needs any of the names below"""
SCIENCE = frozenset(
    ("numpy", "pandas", "matplotlib", "pylab", "scipy", "seaborn", "sklearn", "statsmodels")
)
MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
MOST_IMPORTS = 32

PROBE = """
import importlib, json, os, platform, sys
from importlib.util import cache_from_source, find_spec
def is_there(name):
    return find_spec(name.partition(".")[0]) is not None
def compile_once(name):
    first, *rest = name.split(".")
    origin = find_spec(first).origin
    source = os.path.join(os.path.dirname(origin), *rest) + ".py" if rest else origin
    if os.access(os.path.dirname(source), os.W_OK) and not os.path.exists(
        cache_from_source(source)
    ):
        importlib.import_module(name)
found = [name for name in sys.argv[1:] if is_there(name)]
for name in found:
    try:
        compile_once(name)
    except Exception:
        pass  # the code that imports it is told
print(json.dumps({
    "version": platform.python_version(),
    "folders": [sys.prefix, sys.base_prefix,
                os.path.dirname(os.path.dirname(os.path.realpath(sys.executable)))],
    "imports": found,
}))
"""
"""what an installer left uncompiled, a worker, which may write nothing, would compile anew at
every start: seconds for pandas"""

PACKAGES = """
import importlib.metadata as known, json
print(json.dumps(sorted({(it.name, it.version) for it in known.distributions()})))
"""

ENV = (
    ("PYTHONDONTWRITEBYTECODE", "1"),
    ("PYTHONUTF8", "1"),
    ("MPLBACKEND", "Agg"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("OMP_NUM_THREADS", "1"),
    ("MKL_NUM_THREADS", "1"),
)
"""one thread: the fork of a process that has more may hang"""


def look(interpreter: str = "") -> Runtime | Missing:
    """What an interpreter is and what it can load; "": the one that runs Headgate."""
    program = interpreter or sys.executable
    said = toolchains.answer(program, "-I", "-c", PROBE, *WARM)
    if not said:
        return Missing(
            f"{program} is no Python that works",
            "name another under [sandbox] python, or leave it empty for Headgate's own",
        )
    found = json.loads(said.rpartition("\n")[2])
    if tuple(int(part) for part in found["version"].split(".")[:2]) < (3, 9):
        return Missing(
            f"{program} is Python {found['version']}: 3.9 or newer is needed",
            "name another under [sandbox] python, or leave it empty for Headgate's own",
        )
    return Runtime(
        "python",
        found["version"],
        "python",
        interpreter and toolchains.located(interpreter),
        imports=tuple(found["imports"]),
        trees=toolchains.trees(*found["folders"]),
        env=(*ENV, toolchains.search_path(program)),
    )


def plan(runtime: Runtime, job: Job) -> Order:
    name = source.free_name(job, "main.py")
    return Order(
        _loaded(runtime, job),
        (Step("run", argv=job.args, python=name),),
        (*job.files, File(name, source.encoded(job.code))),
        job.limits,
        job.stdin,
    )


def _loaded(runtime: Runtime, job: Job) -> Runtime:
    """Imports that nothing needs would cost each fork its time and memory."""
    imports: tuple[str, ...] = ()
    if job.packages:
        wrong = [name for name in job.packages if not MODULE.fullmatch(name)]
        if wrong or len(job.packages) > MOST_IMPORTS:
            raise Refused(
                f"packages: {wrong[0]!r} is not the name of a module" if wrong
                else f"packages: {len(job.packages)} are more than {MOST_IMPORTS}",
                "name what the code imports, such as pandas or scipy.stats",
                "invalid",
            )  # fmt: skip
        imports = tuple(dict.fromkeys(job.packages))
    elif source.imports_any(job, SCIENCE):
        imports = runtime.imports
    return msgspec.structs.replace(runtime, imports=imports)


def packages(runtime: Runtime) -> Sequence[tuple[str, str]]:
    said = toolchains.answer(runtime.interpreter or sys.executable, "-I", "-c", PACKAGES)
    return [(name, version) for name, version in json.loads(said or "[]")]


LANGUAGE = Language("python", ("py", "python3", "py3"), (".py", ".pyw"), look, plan, packages)
