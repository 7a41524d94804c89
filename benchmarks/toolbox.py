"""Owns the two C tools: compiles them once per source, starts them on their core, reads them.

Rule 1: the load generator and the upstream share one core, the gateway has the other.
Rule 2: benchmarks of one checkout never overlap.
Rule 3: a tool that fails ends the benchmark with its own words; no figure is made up for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "bench"
SOURCES = Path(__file__).resolve().parent / "tools"

Json = dict[str, Any]


class BenchError(Exception):
    """The benchmark cannot go on; the text says why and what to do."""


def compiled(name: str) -> Path:
    """The tool's program, compiled anew when its source changed."""
    source = SOURCES / f"{name}.c"
    stamp = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    program = CACHE / "bin" / f"{name}-{stamp}"
    if program.exists():
        return program
    compiler = shutil.which("cc")
    if compiler is None:
        raise BenchError("no C compiler (cc) on the PATH\nhint: apt-get install gcc libc6-dev")
    program.parent.mkdir(parents=True, exist_ok=True)
    fresh = program.with_suffix(f".{os.getpid()}")
    command = [compiler, "-O2", "-Wall", "-Wextra", "-o", str(fresh), str(source), "-lm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{source.name} does not compile:\n{done.stderr}")
    fresh.rename(program)
    return program


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """Whatever is started inside lives on `core`."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Only one benchmark of this checkout runs at a time: two would measure each other."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another benchmark runs; waiting for its end", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def spawn(command: Sequence[str], core: int, **options: Any) -> subprocess.Popen[bytes]:
    with on_core(core):
        return subprocess.Popen(list(command), stdin=subprocess.DEVNULL, **options)


def end(process: subprocess.Popen[bytes], patience_s: float = 10) -> None:
    """Ask a process to end, and insist if it does not."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@dataclass(slots=True)
class Upstream:
    """The running far end."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stats(self) -> Json:
        with urllib.request.urlopen(f"{self.url}/bench/stats", timeout=10) as answer:  # noqa: S310 - our own loopback address
            return dict(json.load(answer))


@contextlib.contextmanager
def upstream(arguments: Sequence[str], core: int, pace_ms: float = 20) -> Iterator[Upstream]:
    command = [str(compiled("upstream")), "--pace-us", str(int(pace_ms * 1000)), *arguments]
    process = spawn(command, core, stdout=subprocess.PIPE)
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise BenchError(f"the upstream tool did not start (exit code {process.wait()})")
    try:
        yield Upstream(process, int(json.loads(line)["port"]))
    finally:
        end(process)
        process.stdout.close()


@dataclass(frozen=True, slots=True)
class Loaded:
    """What one run of the load generator saw, and the CPU seconds it took itself."""

    seen: Json
    cpu_s: float


def load(core: int, url: str, body: Path, arguments: Sequence[str]) -> Loaded:
    """Run the load generator to its end."""
    command = [str(compiled("load")), "--url", url, "--body", str(body), *arguments]
    process = spawn(command, core, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr:
        out, err = process.stdout.read(), process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise BenchError(f"the load generator failed: {err.decode().strip()}")
    return Loaded(json.loads(out), used.ru_utime + used.ru_stime)


def main() -> int:
    """Compile both tools and print where they are."""
    try:
        print(json.dumps({name: str(compiled(name)) for name in ("load", "upstream")}))
    except BenchError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
