"""Finds people's own tools: in the project's environment first, then on the machine.

Rule 1: nothing of the project is run to find it or to learn its version: files are looked at.
Rule 2: a tool is known by what it is (its file, size and time), so that an upgrade asks anew.
Rule 3: what a tool needs to see is named in folders; the system's own are always there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from headgate.validate.check import Found, Tool

ENVIRONMENTS = (".venv", "venv", ".env", "env")
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64")
"""what every sandbox shows"""
NATIVE = {
    "tsc": "@typescript/typescript-*/lib/tsc",
    "biome": "@biomejs/cli-*/biome",
}
"""in node_modules: the program that a script of Node's would only start"""


def environment(root: Path, above: Path) -> Path | None:
    """The project's virtual environment: its own, or the one that is switched on."""
    for folder in upwards(root, above):
        for name in ENVIRONMENTS:
            if (folder / name / "pyvenv.cfg").is_file():
                return folder / name
    named = os.environ.get("VIRTUAL_ENV", "")
    return Path(named) if named and Path(named, "pyvenv.cfg").is_file() else None


def modules(root: Path, above: Path) -> Path | None:
    """The project's node_modules."""
    folders = (folder / "node_modules" for folder in upwards(root, above))
    return next((it for it in folders if it.is_dir()), None)


def upwards(folder: Path, above: Path) -> Iterator[Path]:
    """The folder and those that hold it, up to `above`."""
    yield folder
    for parent in folder.parents if folder != above else ():
        yield parent
        if parent == above:
            return


def find(tool: Tool, environs: Sequence[Path], node: Path | None) -> Found | None:
    """The tool as it lies here; None: it is not installed."""
    if tool.kind == "node" and node is not None:
        native = sorted(node.glob(NATIVE[tool.program])) if tool.program in NATIVE else []
        for path in (
            *(it for it in native if "musl" not in str(it)),
            node / ".bin" / tool.program,
        ):
            if path.exists():
                return _known(path.resolve(), (str(node.resolve()),))
    places = [*environs, Path(sys.prefix)] if tool.kind == "python" else []
    for place in places:
        path = place / "bin" / tool.program
        if path.exists():
            return _known(path, _needs(path))
    anywhere = shutil.which(tool.program)
    return None if anywhere is None else _known(Path(anywhere), _needs(Path(anywhere)))


def _known(path: Path, trees: tuple[str, ...]) -> Found:
    real = path.resolve()
    about = real.stat()
    seen = f"{real}\0{about.st_size}\0{about.st_mtime_ns}"
    stamp = hashlib.sha256(seen.encode()).hexdigest()[:16]
    return Found(str(path), trees, stamp, version(path))


def _needs(path: Path) -> tuple[str, ...]:
    """The folders that a program outside the system's is spread over."""
    found: list[str] = []
    for place in (path, path.resolve(), interpreter(path)):
        if place is None or _is_system(place):
            continue
        whole = place.parent.parent if place.parent.name in ("bin", ".bin") else place.parent
        found.append(str(whole))
        if (whole / "pyvenv.cfg").is_file():  # its python is a link to another place
            found += _needs_python(whole)
    return tuple(dict.fromkeys(found))


def _needs_python(environ: Path) -> list[str]:
    python = (environ / "bin" / "python").resolve()
    return [] if _is_system(python) else [str(python.parent.parent)]


def _is_system(path: Path) -> bool:
    return str(path).startswith(tuple(it + "/" for it in SYSTEM))


def interpreter(path: Path) -> Path | None:
    """What a script names in its first line."""
    try:
        with path.open("rb") as script:
            first = script.readline(512)
    except OSError:
        return None
    words = first[2:].split() if first.startswith(b"#!") else []
    if not words:
        return None
    if words[0].endswith(b"/env"):
        named = shutil.which(os.fsdecode(words[-1]))
        return Path(named).resolve() if named else None
    return Path(os.fsdecode(words[0]))


def version(path: Path) -> str:
    """What its package says of itself, read from the folder that holds it; "": it does not."""
    real = path.resolve()
    for folder in real.parents[:5]:
        about = folder / "package.json"
        if about.is_file():
            return _said_in(about)
    name = re.sub(r"[-_.]+", "[-_.]", path.name)
    for place in (path.parent.parent / "lib").glob("python3.*/site-packages"):
        for folder in place.glob(f"{name}*-*.dist-info"):
            return folder.name.removesuffix(".dist-info").rpartition("-")[2]
    return ""


def _said_in(about: Path) -> str:
    try:
        said = json.loads(about.read_bytes())
    except (OSError, ValueError):
        return ""
    found = said.get("version") if isinstance(said, dict) else None
    return found if isinstance(found, str) else ""
