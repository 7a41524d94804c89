"""Carries orders out in folders of this machine: where namespaces cannot be had, or a container
brings its own.

Rule 1: the same calls and results as a Foreman's; what differs is the tier that they name.
Rule 2: each order has a folder and, as root, a user of its own; both go with it.
Rule 3: a session needs a worker that forks: here it is refused, with the reason.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import itertools
import json
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from headgate.sandbox import leftovers, outcome
from headgate.sandbox.container import NOBODY, Engine
from headgate.sandbox.model import (
    Ended,
    File,
    Heard,
    Isolation,
    Limits,
    Made,
    Order,
    Output,
    Result,
    Runtime,
    Status,
    Step,
    Unavailable,
)
from headgate.sandbox.worker import root

CODE = str(Path(__file__).parents[2])
FIRST_UID, UIDS = 61184, 4096
_uids = itertools.count(os.getpid())
_BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from headgate.sandbox.worker.warden import main; main(sys.argv[2])"
)
_PIECE = 1 << 16
_PATIENCE_S = 5.0
_PATH = "/usr/local/bin:/usr/bin:/bin"
_REASONS = {
    "memory": Status.MEMORY,
    "disk": Status.DISK,
    "inodes": Status.INODES,
}
_SIGNALS = {signal.SIGXCPU: Status.CPU, signal.SIGXFSZ: Status.FILE_SIZE}
_LAST_WORDS = (
    ("MemoryError", Status.MEMORY),
    ("No space left on device", Status.DISK),
    ("File too large", Status.FILE_SIZE),
    ("Too many open files", Status.OPEN_FILES),
    ("can't start new thread", Status.PROCESSES),
    ("Resource temporarily unavailable", Status.PROCESSES),
)
"""how programs end that ran into a limit which the kernel told them of"""


class FolderForeman:
    """Where orders of one runtime are carried out in folders."""

    def __init__(self, runtime: Runtime, walls: Isolation, engine: Engine | None) -> None:
        self.runtime, self.walls = runtime, walls
        self.missing: dict[str, str] = {}
        self.alive = True
        self._cells: set[FolderCell] = set()
        self.place = Path(tempfile.mkdtemp(prefix="headgate-cells-"))
        self.place.chmod(0o711)
        self.engine = engine and engine.filtered(self.place)

    @classmethod
    async def start(
        cls, runtime: Runtime, walls: Isolation, engine: Engine | None = None
    ) -> FolderForeman:
        """Ready once the interpreter was seen to run here."""
        foreman = await asyncio.to_thread(cls, runtime, walls, engine)
        try:
            for tree in runtime.trees:
                if walls.tier != "container" and tree.source != tree.target:
                    raise _cannot(f"{tree.source} must be seen as {tree.target}")
            await foreman._try_interpreter()
        except BaseException:
            await foreman.close()
            raise
        return foreman

    async def prepare(self, limits: Limits, session: bool = False) -> FolderCell:
        """A folder that waits for its order."""
        if session:
            raise Unavailable(
                f"sessions need the tier namespaces; this is {self.walls.tier}",
                "run the code in one piece, or see `headgate doctor` for what namespaces need",
            )
        cell = await asyncio.to_thread(FolderCell, self)
        self._cells.add(cell)
        return cell

    async def close(self) -> None:
        """End every order and remove every folder."""
        self.alive = False
        for cell in list(self._cells):
            cell.kill()
            await cell.leave()
        await asyncio.to_thread(shutil.rmtree, self.place, ignore_errors=True)

    async def _try_interpreter(self) -> None:
        if self.engine is not None or self.runtime.kind != "python":
            return
        cell = await self.prepare(Limits())
        files = (File("try.py", b"print('ran')\n"),)
        order = Order(self.runtime, (Step("try", python="try.py"),), files)
        result = await cell.carry_out(order)
        if "ran" not in result.stdout:
            program = self.runtime.interpreter or sys.executable
            told = result.stderr.strip()[-200:]
            raise Unavailable(
                f"{program} cannot be run by the sandbox's user: {told}",
                "name one that all may read under [sandbox] python, such as /usr/bin/python3",
            )


def _cannot(what: str) -> Unavailable:
    return Unavailable(f"{what}: that takes namespaces", "see `headgate doctor`")


class Child(NamedTuple):
    """A warden at work."""

    process: asyncio.subprocess.Process
    report: int


class FolderCell:
    """A folder in which one order is carried out."""

    def __init__(self, foreman: FolderForeman) -> None:
        self._foreman = foreman
        self.alive = True
        self._folder = Path(tempfile.mkdtemp(dir=foreman.place))
        self.box = self._folder / "box"
        for place in (self.box, self.box / "output", self.box / ".tmp"):
            place.mkdir(mode=0o700)
        own = FIRST_UID + next(_uids) % UIDS if foreman.engine is None else NOBODY
        self.uid = own if os.geteuid() == 0 else 0
        self._reason: Status | None = None
        self._child: Child | None = None
        self._heard: Callable[[Heard], None] | None = None
        self._text: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self._left = {"stdout": 0, "stderr": 0}
        self._lost = 0
        self._cpu_ms = self._peak_kb = 0.0

    async def carry_out(
        self, order: Order, heard: Callable[[Heard], None] | None = None
    ) -> Result:
        """Lay the files, run the steps; what came of it."""
        self._heard, self._order = heard, order
        self._left = dict.fromkeys(self._left, order.limits.output_bytes)
        begun = time.monotonic()
        try:
            await asyncio.to_thread(self._lay, order.files)
            ended = await self._run_steps(order, begun)
            found, is_beyond = await asyncio.to_thread(
                leftovers.collect, str(self.box / "output"), order.limits
            )
        except asyncio.CancelledError:
            self.kill()
            raise
        finally:
            self.alive = False
            await self.leave()
        if is_beyond and self._reason is None:
            self._reason = Status.ARTEFACTS
        for it in found if heard is not None else ():
            self._tell(Made(it))
        return Result(
            status=self._status(ended, order),
            exit_code=ended[-1].exit_code if ended else None,
            signal=ended[-1].signal if ended else None,
            stdout="".join(self._text["stdout"]),
            stderr="".join(self._text["stderr"]),
            lost_bytes=self._lost,
            steps=tuple(ended),
            artefacts=found,
            execution_ms=sum(it.ms for it in ended),
            total_ms=(time.monotonic() - begun) * 1000,
            cpu_ms=self._cpu_ms,
            peak_mb=self._peak_kb / 1024,
            language=order.runtime.language,
            version=order.runtime.version,
            isolation=self._foreman.walls,
        )

    def kill(self) -> None:
        """End it, whatever it does."""
        self._end(Status.STOPPED)

    async def leave(self) -> None:
        """Let nothing of it stay."""
        self._foreman._cells.discard(self)
        if self._child is not None:
            await self._settle(self._child)
        remove = await asyncio.create_subprocess_exec("rm", "-rf", "--", str(self._folder))
        await remove.wait()

    def _lay(self, files: tuple[File, ...]) -> None:
        for file in files:
            place = self.box / file.path
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.data)
            except (FileExistsError, IsADirectoryError, NotADirectoryError):
                raise outcome.unlaid(file.path) from None
            place.chmod(0o700 if file.executable else 0o600)
        if self.uid:
            for place in (self._folder, *self._folder.rglob("*")):
                os.chown(place, self.uid, self.uid, follow_symlinks=False)

    async def _run_steps(self, order: Order, begun: float) -> list[Ended]:
        ended: list[Ended] = []
        deadline = begun + order.limits.wall_s
        stdin = order.stdin
        for step in order.steps:
            left = deadline - time.monotonic()
            seconds = min(left, step.wall_s or left)
            ended.append(await self._run(step, seconds, b"" if step.is_build else stdin))
            stdin = stdin if step.is_build else b""
            failed = ended[-1].exit_code != 0
            if self._reason is not None or (failed and not step.goes_on):
                break
        return ended

    async def _run(self, step: Step, seconds: float, stdin: bytes) -> Ended:
        begun = time.monotonic()
        child = self._child = await self._start(step)
        timer = asyncio.get_running_loop().call_later(seconds, self._end, Status.WALL)
        process = child.process
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_feed(process, stdin))
                group.create_task(self._drain(process.stdout, "stdout"))
                group.create_task(self._drain(process.stderr, "stderr"))
            await process.wait()
        finally:
            timer.cancel()
            await self._settle(child)
        said = self._reported
        self._cpu_ms += said["cpu_ms"]
        self._peak_kb = max(self._peak_kb, said["peak_kb"])
        self._reason = self._reason or _REASONS.get(said["reason"])
        code = os.waitstatus_to_exitcode(said["status"])
        ms = (time.monotonic() - begun) * 1000
        return Ended(step.name, code if code >= 0 else None, -code if code < 0 else None, ms)

    async def _start(self, step: Step) -> Child:
        report, told = os.pipe()
        wish = await asyncio.to_thread(self._wish, step, told)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-I",
                "-S",
                "-c",
                _BOOT,
                CODE,
                json.dumps(wish),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                pass_fds=(told,),
                start_new_session=True,
                env={"LANG": "C.UTF-8", "PATH": _PATH},
            )
        except BaseException:
            os.close(report)
            raise
        finally:
            os.close(told)
        return Child(process, report)

    async def _settle(self, child: Child) -> None:
        """The warden is gone and has told what it saw."""
        if self._child is None:
            return
        self._child = None
        process = child.process
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            try:
                async with asyncio.timeout(_PATIENCE_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        text = await asyncio.to_thread(_told, child.report)
        broken = {"status": 0, "reason": "", "cpu_ms": 0.0, "peak_kb": 0.0}
        if not text:
            self._reason = self._reason or Status.BROKEN
        self._reported: dict[str, Any] = json.loads(text) if text else broken

    def _end(self, reason: Status) -> None:
        if self._reason is None and self.alive:
            self._reason = reason
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError):
                self._child.process.terminate()

    async def _drain(self, stream: asyncio.StreamReader, name: str) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while data := await stream.read(_PIECE):
            kept = data[: self._left[name]]
            self._left[name] -= len(kept)
            self._lost += len(data) - len(kept)
            text = decoder.decode(kept)
            if text:
                self._text[name].append(text)
                self._tell(Output("stdout" if name == "stdout" else "stderr", text))
            if len(kept) < len(data):
                self._end(Status.OUTPUT)

    def _tell(self, what: Heard) -> None:
        if self._heard is not None:
            self._heard(what)

    def _wish(self, step: Step, told: int) -> dict[str, Any]:
        runtime, limits = self._foreman.runtime, self._order.limits
        engine = self._foreman.engine
        program = runtime.interpreter or (sys.executable if engine is None else "python3")
        argv = [program, step.python, *step.argv] if step.python else list(step.argv)
        env = self._env(step)
        wish = {
            "fd": told,
            "box": str(self.box),
            "cwd": str(self.box),
            "uid": self.uid,
            "walls": self._foreman.walls.tier == "landlock",
            "read": list(self._readable()),
            "argv": argv,
            "env": env,
            "limits": _of_one(limits, runtime),
            "watch": {
                "memory_bytes": limits.memory_mb << 20,
                "disk_bytes": limits.disk_mb << 20,
                "inodes": limits.inodes,
            },
            "stop": [],
        }
        if engine is not None:
            command, stop = engine.command(argv, env, str(self.box), self._order)
            wish |= {"argv": command, "stop": stop, "limits": {}, "uid": 0}
            wish["env"] = dict(os.environ)
        return wish

    def _env(self, step: Step) -> dict[str, str]:
        box = str(self.box) if self._foreman.engine is None else "/box"
        own = {
            "HOME": f"{box}/.tmp",
            "LANG": "C.UTF-8",
            "LOGNAME": "user",
            "MPLBACKEND": "Agg",
            "OUTPUT_DIR": f"{box}/output",
            "PATH": _PATH,
            "TMPDIR": f"{box}/.tmp",
            "USER": "user",
        }
        return own | dict(self._foreman.runtime.env) | dict(step.env)

    def _readable(self) -> Iterator[str]:
        runtime = self._foreman.runtime
        yield from root.TREES
        yield from (it.source for it in runtime.trees)
        if not runtime.interpreter:
            yield from {sys.prefix, sys.base_prefix}

    def _status(self, ended: list[Ended], order: Order) -> Status:
        if self._reason is not None:
            return self._reason
        last = ended[-1]
        if last.signal:
            return _SIGNALS.get(signal.Signals(last.signal), Status.SIGNAL)
        if not last.exit_code:
            return Status.OK
        words = "".join(self._text["stderr"])[-500:].strip().rpartition("\n")[2]
        told = next((status for text, status in _LAST_WORDS if text in words), None)
        step = next(it for it in order.steps if it.name == last.name)
        return told or (Status.BUILD if step.is_build else Status.ERROR)


def _of_one(limits: Limits, runtime: Runtime) -> dict[str, int]:
    """What the kernel holds of each process."""
    return {
        "cpu_s": math.ceil(limits.cpu_s or limits.wall_s),
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
        with contextlib.suppress(OSError):
            if place.stat().st_uid == os.geteuid():
                count += len(list((place / "task").iterdir()))
    return count


def _told(report: int) -> bytes:
    with open(report, "rb") as told:
        return told.read(_PIECE)


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin is not None
    with contextlib.suppress(ConnectionError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()
