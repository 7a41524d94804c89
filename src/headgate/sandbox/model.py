"""What is asked of the sandbox and what it answers: the words that all of its parts share.

Rule 1: a Job is what a caller wants (code of a language); an Order is what a worker does (files
and steps); a Result is the same for every language, tier and vendor.
Rule 2: every limit that ends a run has a status of its own; what was made until then is kept.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec

Tier = Literal["container", "namespaces", "landlock", "none"]
TIERS: tuple[Tier, ...] = ("container", "namespaces", "landlock", "none")
"""the strongest first"""


class Status(StrEnum):
    """How a run ended."""

    OK = "ok"
    ERROR = "error"
    """the code ended itself with another exit code than 0, or raised"""
    SIGNAL = "signal"
    BUILD = "build_failed"
    """it was not run: it does not compile, or its syntax is wrong"""
    WALL = "wall_limit"
    CPU = "cpu_limit"
    MEMORY = "memory_limit"
    PROCESSES = "process_limit"
    OPEN_FILES = "open_file_limit"
    FILE_SIZE = "file_size_limit"
    DISK = "disk_limit"
    INODES = "inode_limit"
    OUTPUT = "output_limit"
    ARTEFACTS = "artefact_limit"
    STOPPED = "stopped"
    """the caller ended it"""
    BROKEN = "broken"
    """ours: the sandbox failed; says nothing about the code"""


LIMITED = frozenset(it for it in Status if it.value.endswith("_limit"))


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one run may use."""

    wall_s: float = 30.0
    cpu_s: float = 0.0
    """of all its processes; 0: as long as `wall_s`"""
    memory_mb: int = 512
    """of all its processes, its files included"""
    processes: int = 64
    """and threads"""
    open_files: int = 256
    """of one process"""
    file_mb: int = 64
    """of one file"""
    disk_mb: int = 128
    inodes: int = 4096
    output_bytes: int = 1 << 20
    """of stdout and of stderr, each"""
    artefacts: int = 32
    artefact_mb: int = 16
    """of all artefacts"""
    inline_bytes: int = 1 << 20
    """a larger artefact is answered by reference"""


class File(msgspec.Struct, frozen=True):
    """A file that is laid into the work folder before a run."""

    path: str
    """relative, without `..`"""
    data: bytes
    executable: bool = False


class Tree(msgspec.Struct, frozen=True):
    """A folder of the host that is seen read-only."""

    source: str
    target: str
    is_overlay: bool = False
    """each run may write to it; what it writes is counted as disk and goes with the run"""


class Runtime(msgspec.Struct, frozen=True):
    """What a worker is set up with: the runs of one worker share it."""

    language: str
    version: str
    kind: Literal["python", "program"]
    """python: forked with its interpreter and imports loaded; program: argv is executed"""
    interpreter: str = ""
    """the Python of the worker; "": the one that runs Headgate"""
    imports: tuple[str, ...] = ()
    """loaded before the fork"""
    trees: tuple[Tree, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    reserves: bool = False
    """it reserves address space it does not use (Node, Go, Java): no RLIMIT_AS"""
    program: str = ""
    """what its steps start: node, go, rustc"""


class Step(msgspec.Struct, frozen=True):
    """One program of a run, in the work folder; the next begins where it ended well."""

    name: str
    """such as build, run, or of a check: lint"""
    argv: tuple[str, ...] = ()
    python: str = ""
    """instead of argv: a file of the work folder that the forked interpreter runs"""
    env: tuple[tuple[str, str], ...] = ()
    wall_s: float = 0.0
    """0: what is left of the whole"""
    goes_on: bool = False
    """the next step begins however this one ends"""
    is_build: bool = False
    """if it fails the run is `build_failed`"""


class Database(msgspec.Struct, frozen=True):
    """A database that an order has to itself while it runs."""

    kind: Literal["postgresql"] = "postgresql"
    setup_sql: str = ""
    """what it holds in the beginning"""


class Order(msgspec.Struct, frozen=True):
    """What a worker does: lays the files, runs the steps, collects what was made."""

    runtime: Runtime
    steps: tuple[Step, ...]
    files: tuple[File, ...] = ()
    limits: Limits = Limits()
    stdin: bytes = b""
    database: Database | None = None


class Job(msgspec.Struct, frozen=True):
    """Code that a caller wants to be run."""

    language: str
    code: str
    files: tuple[File, ...] = ()
    args: tuple[str, ...] = ()
    stdin: bytes = b""
    limits: Limits = Limits()
    tenant: str = ""
    """who shares a worker: never two tenants"""
    session: str = ""
    """"": a fresh place that ends with the run"""
    cached: bool = True
    """may be answered with the result of the same job"""
    packages: tuple[str, ...] = ()
    """to import before the fork; a language's own default if empty"""
    env: tuple[tuple[str, str], ...] = ()
    """variables of each of its steps"""
    depends_on: tuple[Literal["time", "network", "chance"], ...] = ()
    """what else its result depends on: such a job is never answered from what is kept"""
    owner: str = ""
    """who of the tenant asks: what is answered by reference is theirs; empty: the tenant's"""


class Ended(msgspec.Struct, frozen=True):
    """How a step ended."""

    name: str
    exit_code: int | None = None
    signal: int | None = None
    ms: float = 0.0
    stdout: str = ""
    stderr: str = ""
    """of several steps each has its own; of a single one they are the result's"""


class Artefact(msgspec.Struct, frozen=True):
    """A file that a run left in $OUTPUT_DIR, or a figure or table it made."""

    path: str
    size: int
    sha256: str
    mime: str
    data: bytes | None = None
    """None: too large to be answered inline; `reference` names it"""
    reference: str = ""


class Isolation(msgspec.Struct, frozen=True):
    """What contained a run."""

    tier: Tier
    landlock: int = 0
    """its ABI; 0: not used"""
    seccomp: bool = False
    user_namespace: bool = False
    cgroup: int = 0
    """1 or 2; 0: a watchdog holds memory and processes"""
    gaps: tuple[str, ...] = ()
    """what this tier does not cover here, in words"""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run; the same for every language, tier and vendor."""

    status: Status
    exit_code: int | None = None
    signal: int | None = None
    stdout: str = ""
    stderr: str = ""
    lost_bytes: int = 0
    """of output beyond the limit"""
    value: str | None = None
    """of a session: what the last expression came to, as it is shown"""
    steps: tuple[Ended, ...] = ()
    artefacts: tuple[Artefact, ...] = ()
    hint: str = ""
    """what to do about a limit"""
    queue_ms: float = 0.0
    execution_ms: float = 0.0
    total_ms: float = 0.0
    cpu_ms: float = 0.0
    peak_mb: float = 0.0
    cached: bool = False
    language: str = ""
    version: str = ""
    isolation: Isolation | None = None
    """None: it ran elsewhere"""
    cost_nusd: int = 0
    model: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    id: str = ""
    on: str = "local"
    """where it ran: local, or provider:model"""
    why: str = ""
    """why there, where there was a choice"""


class Output(msgspec.Struct, frozen=True, tag="output"):
    """Some output, as it appears."""

    stream: Literal["stdout", "stderr"]
    text: str


class Made(msgspec.Struct, frozen=True, tag="artefact"):
    """An artefact, as it is collected."""

    artefact: Artefact


Heard = Output | Made


class Unavailable(Exception):
    """The sandbox cannot run this here; never a failure of the code."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


class Refused(Exception):
    """What was asked is not done here, and nothing of it was begun; the caller can mend it."""

    def __init__(
        self,
        what: str,
        remedy: str = "",
        kind: Literal["invalid", "not_found", "busy"] = "invalid",
    ) -> None:
        super().__init__(what)
        self.what, self.remedy, self.kind = what, remedy, kind
