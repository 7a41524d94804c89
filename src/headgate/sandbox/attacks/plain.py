"""Runs an order as a careless harness would: a subprocess with a timeout, and nothing else.

Rule 1: it exists to show that the attacks can succeed; nothing but decoys is run with it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from headgate.sandbox.model import Artefact, Order, Result, Status

GRACE_S = 5.0
"""beyond the limit that a careful harness would keep"""
_MIME = "application/octet-stream"
_READ_MOST = 64 << 20
"""of one file: it shows what a careless harness would hand on, and need not hold it all"""


async def carry(order: Order, tenant: str) -> Result:
    """Write the files down, start Python on the first, read what comes, take what is left."""
    return await asyncio.to_thread(_run, order)


def _run(order: Order) -> Result:
    box = tempfile.mkdtemp(prefix="headgate-plain-")
    try:
        return _carried_out(order, box)
    except (RecursionError, OSError) as error:  # a name longer than it can open, too
        return Result(status=Status.BROKEN, stderr=f"the harness: {error}")
    finally:
        subprocess.run(["/bin/rm", "-rf", box], check=False)


def _carried_out(order: Order, box: str) -> Result:
    for file in order.files:
        place = Path(box) / file.path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.data)
        place.chmod(0o700 if file.executable else 0o600)
    step = order.steps[0]
    begun = time.monotonic()
    own = {"OUTPUT_DIR": f"{box}/output", "TMPDIR": box}
    program = order.runtime.interpreter or sys.executable
    process = subprocess.Popen(
        [program, step.python, *step.argv] if step.python else step.argv,
        cwd=box,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        close_fds=False,
        start_new_session=True,
        env={**os.environ, **dict(order.runtime.env), **own},
    )
    try:
        out, err = process.communicate(timeout=order.limits.wall_s + GRACE_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
    ms = (time.monotonic() - begun) * 1000
    return Result(
        status=Status.OK if process.returncode == 0 else Status.ERROR,
        exit_code=process.returncode,
        stdout=out.decode("utf-8", "replace"),
        stderr=err.decode("utf-8", "replace"),
        artefacts=tuple(_taken(Path(box) / "output")),
        execution_ms=ms,
    )


def _taken(folder: Path) -> list[Artefact]:
    """Every file by its name, links and all."""
    found = []
    names = (os.path.join(at, it) for at, dirs, files in os.walk(folder) for it in dirs + files)
    for place in map(Path, sorted(names)):
        try:
            data = _read(place) if place.is_file() else b""
        except OSError:
            continue
        if place.is_dir():
            data = b"".join(_read(it) for it in place.iterdir() if it.is_file())
        digest = hashlib.sha256(data).hexdigest()
        name = os.fsencode(place.relative_to(folder)).decode("utf-8", "replace")
        found.append(Artefact(name, len(data), digest, _MIME, data))
    return found


def _read(place: Path) -> bytes:
    with place.open("rb") as file:
        return file.read(_READ_MOST)
