"""Decides what a warden is asked for: the program, its folder, its walls, its limits.

Rule 1: Python code is run by an interpreter of its own, started with what a worker would load.
Rule 2: in a container the engine holds the limits of a process; the warden counts the folder.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from headgate.sandbox.container import Engine
from headgate.sandbox.model import Isolation, Limits, Order, Runtime, Step
from headgate.sandbox.ward import PATH
from headgate.sandbox.worker import lodger, made, root, runner
from headgate.sandbox.workfolder import ENTRIES, OUTPUT, OWN, WorkFolder

IN_CONTAINER = "/box"
_UNLIMITED_S = 1_000_000
"""of a session's first process: each cell's time is counted apart"""
_PACKAGES = ("headgate", "headgate.sandbox", "headgate.sandbox.worker")


class About(Protocol):
    """What is known of every cell of a worker."""

    @property
    def runtime(self) -> Runtime: ...
    @property
    def walls(self) -> Isolation: ...
    @property
    def engine(self) -> Engine | None: ...


def wish_of(
    about: About, folder: WorkFolder, step: Step, order: Order, *, is_session: bool = False
) -> dict[str, Any]:
    """What a warden is asked for, but for descriptors."""
    limits, engine = order.limits, about.engine
    box = str(folder.box) if engine is None else IN_CONTAINER
    argv = _argv(about, step, is_session=is_session)
    env = _env(about.runtime, step, box)
    if is_session and engine is not None:
        env[lodger.LINE] = f"{box}/{OWN}/line"
    if step.python and not is_session:
        env[lodger.TOLD] = f"{box}/{OWN}/{folder.said.name}"
    cpu_s = math.ceil(limits.cpu_s or limits.wall_s + 1)  # of two at once: the wall
    wish = {
        "box": str(folder.box),
        "cwd": str(folder.box),
        "uid": folder.uid,
        "walls": about.walls.tier == "landlock",
        "is_session": is_session,
        "control": -1,
        "line": -1,
        "read": list(_readable(about.runtime)),
        "argv": argv,
        "env": env,
        "limits": _of_one(limits, about.runtime)
        | {"cpu_s": _UNLIMITED_S if is_session else cpu_s},
        "watch": {
            "memory_bytes": limits.memory_mb << 20,
            "disk_bytes": limits.disk_mb << 20,
            "inodes": limits.inodes + ENTRIES,
            "cpu_s": 0 if is_session else cpu_s,
        },
        "stop": [],
    }
    if engine is not None:
        command, stop = engine.command(argv, env, str(folder.box), order)
        wish |= {"argv": command, "stop": stop, "limits": {}, "uid": 0}
        wish["env"] = dict(os.environ)
    return wish


def _argv(about: About, step: Step, *, is_session: bool) -> list[str]:
    if not step.python:
        return list(step.argv)
    program = about.runtime.interpreter or (
        sys.executable if about.engine is None else "python3"
    )
    words = [] if is_session else [step.python, *step.argv]
    return [program, "-I", "-c", _bundle(), *words]


@cache
def _bundle() -> str:
    """Our modules as one piece of source: what runs it need not be able to read our folders."""
    modules = {"made": made, "runner": runner, "lodger": lodger}
    texts = {name: Path(str(it.__file__)).read_text() for name, it in modules.items()}
    return (
        "import sys, types\n"
        f"for name in {_PACKAGES!r}:\n"
        "    sys.modules[name] = types.ModuleType(name)\n"
        f"for name, text in {texts!r}.items():\n"
        "    path = 'headgate.sandbox.worker.' + name\n"
        "    module = sys.modules[path] = types.ModuleType(path)\n"
        "    setattr(sys.modules['headgate.sandbox.worker'], name, module)\n"
        "    exec(compile(text, path, 'exec'), vars(module))\n"
        "module.main(sys.argv[1:])\n"
    )


def _env(runtime: Runtime, step: Step, box: str) -> dict[str, str]:
    own = {
        "HOME": f"{box}/{OWN}",
        "LANG": "C.UTF-8",
        "LOGNAME": "user",
        "MPLBACKEND": "Agg",
        "OUTPUT_DIR": f"{box}/{OUTPUT}",
        "PATH": PATH,
        "TMPDIR": f"{box}/{OWN}",
        "USER": "user",
    }
    return own | dict(runtime.env) | dict(step.env)


def _readable(runtime: Runtime) -> Iterator[str]:
    yield from root.TREES
    yield from (it.source for it in runtime.trees)
    if not runtime.interpreter:
        yield from {sys.prefix, sys.base_prefix}


def _of_one(limits: Limits, runtime: Runtime) -> dict[str, int]:
    """What the kernel holds of each process."""
    return {
        "memory_bytes": 0 if runtime.reserves else limits.memory_mb << 20,
        "processes": limits.processes + _of_this_user(),
        "open_files": limits.open_files,
        "file_bytes": limits.file_mb << 20,
    }


def _of_this_user() -> int:
    """Processes and threads that this user has already: the kernel counts them all together."""
    if os.geteuid() == 0:
        return 0
    count = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if place.stat().st_uid == os.geteuid():
                count += len(list((place / "task").iterdir()))
        except OSError:
            continue
    return count
