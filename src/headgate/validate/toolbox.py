"""Finds what the checks of one project run with: its tools, its packages, a runtime for them.

Rule 1: a toolchain that the sandbox knows (Go, Rust, R) is the same that code is run with.
Rule 2: all checks of a project share one runtime, so that one worker serves them.
"""

from __future__ import annotations

import hashlib
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.model import Runtime
from headgate.validate import tools
from headgate.validate.check import Check, Found
from headgate.validate.planning import Setting
from headgate.validate.project import Project

LISTS = (".package-lock.json", ".yarn-integrity", ".yarn-state.yml", ".modules.yaml")
"""what npm, yarn and pnpm write into node_modules whenever something in it changes"""
TOOLCHAINS = {".go": "go", ".rs": "rust", ".R": "r", ".r": "r"}


def setting(project: Project, configs: Mapping[str, bytes]) -> Setting:
    """What is around the project's files."""
    environ = tools.environment(project.root, project.above)
    node = tools.modules(project.root, project.above)
    is_script = project.kind in (".js", ".ts")
    return Setting(
        configs,
        modules=str(node) if node is not None and is_script else "",
        python=str(environ / "bin" / "python") if environ is not None else "",
        stamp=_installed(environ if project.kind == ".py" else node),
    )


def _installed(place: Path | None) -> str:
    """Changes when packages come or go."""
    if place is None:
        return ""
    lists = (place / it for it in LISTS)
    marks = [place, *place.glob("lib/python3.*/site-packages"), *filter(Path.exists, lists)]
    seen = "\0".join(f"{it}\0{it.stat().st_mtime_ns}" for it in marks)
    return hashlib.sha256(seen.encode()).hexdigest()[:16]


class Box:
    """The tools of a project, each looked for once."""

    def __init__(self, project: Project) -> None:
        environ = tools.environment(project.root, project.above)
        self._environs = [environ] if environ is not None else []
        self._node = tools.modules(project.root, project.above)
        self._toolchain = TOOLCHAINS.get(project.kind, "")

    def look(self, check: Check) -> Found | None:
        """The check's tool; None: it is not installed."""
        if check.tool is None:
            return Found("", stamp=platform.python_version())
        if not check.language:
            return tools.find(check.tool, self._environs, self._node)
        runtime = catalogue.look(check.language)
        if isinstance(runtime, Missing):
            return None
        path = shutil.which(check.tool.program, path=dict(runtime.env).get("PATH"))
        return None if path is None else Found(path, stamp=runtime.version)

    def runtime(self) -> Runtime | Missing:
        """Where the checks run."""
        if self._toolchain:
            found = catalogue.look(self._toolchain)
            if isinstance(found, Missing):
                return found
            return msgspec.structs.replace(found, kind="python", reserves=True)
        version = platform.python_version()
        return Runtime("validate", version, "python", reserves=True, env=(("NO_COLOR", "1"),))
