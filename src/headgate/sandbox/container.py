"""Knows the command lines of container engines: docker, podman and what runs beneath them.

Rule 1: no network, no capability, a read-only root, an unprivileged user, all limits set.
Rule 2: an engine is there if it answers; its command alone proves nothing.
Rule 3: the engine is handed the same filter of system calls that guards the other tiers.
Rule 4: gVisor is asked for where it is installed: `runsc` as the engine's runtime. Its kernel
is a process too: what that takes is not taken from the run.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from headgate.sandbox.model import Limits, Order
from headgate.sandbox.worker import bpf
from headgate.sandbox.worker.bpf import Check

IMAGE = "docker.io/library/python:3.11-slim"
NOBODY = 65534
_ANSWER_S = 10.0
_WORD = 0xFFFFFFFF
_NO_RANDOM_PLACES = 0x0040000
"""the one personality that helps an attacker"""
_ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "aarch64": "SCMP_ARCH_AARCH64"}
_numbers = itertools.count(1)


_FILTER = "seccomp.json"
GVISOR_MB, GVISOR_THREADS = 96, 192
"""for gVisor's kernel and the processes in which it keeps ours"""


class Engine(NamedTuple):
    """A container engine that answers."""

    program: str
    runtime: str = ""
    """such as runsc; "": the engine's own"""
    image: str = IMAGE
    root: str = ""
    """a folder that is the image instead (podman only)"""
    filter: str = ""
    """a file with the filter of system calls; "": the engine's own"""

    def command(
        self, argv: list[str], env: dict[str, str], box: str, order: Order
    ) -> tuple[list[str], list[str]]:
        """What runs `argv` in a new container, and what ends that container."""
        name = f"headgate-{os.getpid()}-{next(_numbers)}"
        limits = order.limits
        words = [self.program, "run", "--rm", "--interactive", f"--name={name}"]
        words += ["--network=none", "--read-only", "--cap-drop=ALL", f"--user={_user()}"]
        words += ["--security-opt=no-new-privileges", f"--pids-limit={self._threads(limits)}"]
        words += [f"--security-opt=seccomp={self.filter}"] if self.filter else []
        memory_mb = limits.memory_mb + (GVISOR_MB if self.is_gvisor else 0)
        words += [f"--memory={memory_mb}m", f"--memory-swap={memory_mb}m"]
        words += [f"--ulimit=nofile={limits.open_files}:{limits.open_files}"]
        words += [f"--ulimit=fsize={limits.file_mb << 20}:{limits.file_mb << 20}"]
        words += ["--ulimit=nproc=4096:4096"]  # of the user; the container's own are held above
        words += ["--ulimit=core=0:0", f"--tmpfs=/tmp:rw,nosuid,nodev,size={limits.disk_mb}m"]
        words += [f"--shm-size={limits.disk_mb}m", f"--volume={box}:/box", "--workdir=/box"]
        words += [f"--runtime={self.runtime}"] if self.runtime else []
        words += ["--runtime-flag=oci-seccomp"] if self.is_gvisor and self._is_podman else []
        words += ["--userns=keep-id"] if self._is_podman and os.geteuid() else []
        words += [f"--volume={it.source}:{it.target}:ro" for it in order.runtime.trees]
        words += [f"--env={key}={value}" for key, value in env.items()]
        words += ["--rootfs", self.root] if self.root else [self.image]
        return words + argv, [self.program, "rm", "--force", name]

    def filtered(self, folder: Path) -> Engine:
        """The same engine with our filter, written down in a folder."""
        place = folder / _FILTER
        place.write_text(json.dumps(profile()))
        return self._replace(filter=str(place))

    @property
    def is_gvisor(self) -> bool:
        """Is the kernel that code sees gVisor's."""
        return os.path.basename(self.runtime).startswith("runsc")

    def _threads(self, limits: Limits) -> int:
        """As the machine counts them; gVisor has one of its own for each, and a process."""
        own = limits.processes + 1
        return 2 * own + GVISOR_THREADS if self.is_gvisor else own

    @property
    def _is_podman(self) -> bool:
        """It has to be told that we stay who we are, and that gVisor is to filter calls too."""
        return os.path.basename(self.program) == "podman"


def profile() -> dict[str, object]:
    """Our filter in the words that engines of containers read."""
    return {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": [_ARCHITECTURES[os.uname().machine]],
        "syscalls": [
            {"names": [name], "action": "SCMP_ACT_ERRNO", "errnoRet": code, "args": args}
            for name, (code, checks) in bpf.refusals().items()
            for args in (
                [[it] for check in checks for it in _refused(check)] if checks else [[]]
            )
        ],
    }


def _refused(check: Check) -> Iterator[dict[str, object]]:
    """Each comparison that refuses: engines know equal under a mask, and not equal."""
    if not check.is_list_of_allowed:
        for value in check.values:
            yield _masked(check.argument, check.mask, value)
    elif check.mask == _WORD and len(check.values) == 1:
        yield {"index": check.argument, "value": check.values[0], "op": "SCMP_CMP_NE"}
    else:
        bits = _NO_RANDOM_PLACES if check.mask == _WORD else check.mask
        for bit in (1 << it for it in range(32) if bits >> it & 1):
            yield _masked(check.argument, bit, bit)


def _masked(argument: int, mask: int, value: int) -> dict[str, object]:
    return {"index": argument, "value": mask, "valueTwo": value, "op": "SCMP_CMP_MASKED_EQ"}


def _user() -> str:
    """Never root: whoever owns the folder, or nobody."""
    return f"{NOBODY}:{NOBODY}" if os.geteuid() == 0 else f"{os.geteuid()}:{os.getegid()}"


def find(image: str = IMAGE) -> Engine | None:
    """The first engine that answers; the strongest runtime that it has."""
    for name in ("podman", "docker"):
        program = shutil.which(name)
        if program is None:
            continue
        runtimes = _answer(program, "info", "--format", "{{json .}}")
        if runtimes:
            return Engine(program, "runsc" if '"runsc"' in runtimes else "", image)
    return None


def has_image(engine: Engine) -> bool:
    """Is the image here: none is fetched behind anybody's back."""
    return bool(engine.root) or bool(
        _answer(engine.program, "image", "inspect", engine.image, "--format", "{{.Id}}")
    )


def _answer(*argv: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - a program found on PATH, words of ours
            argv, capture_output=True, text=True, timeout=_ANSWER_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
