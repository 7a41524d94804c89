"""[sandbox]: how code is contained, how much of the machine it may take, and what is kept.

Rule 1: a default stands here and nowhere else.
Rule 2: what a caller asks for beyond the most that is allowed is refused with words, never cut.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from headgate.sandbox.model import Limits, Refused

MEBIBYTE = 1 << 20
CORES = os.cpu_count() or 1
HIGHEST = {
    "open_files": 4096,
    "file_mb": 4096,
    "inodes": 1 << 18,
    "artefacts": 1024,
    "artefact_mb": 256,
    "inline_bytes": 64 * MEBIBYTE,
}
"""what no settings raise: it would cost more than the run itself"""


@dataclass(frozen=True, slots=True)
class Settings:
    """The section [sandbox] of headgate.toml."""

    tier: str = "auto"
    """auto: the strongest that this machine proves to hold"""
    minimum: str = "landlock"
    """with less than this, code is refused"""
    uncontained: bool = False
    """may code run without any containment, if tier = "none" says so"""
    python: str = ""
    """the interpreter of generated code; empty: the one that runs Headgate"""
    packages: tuple[str, ...] = ()
    """imported before the code comes; empty: what each language proposes"""
    most_wall_s: float = 180.0
    most_memory_mb: int = 4096
    most_disk_mb: int = 1024
    most_processes: int = 512
    most_output_bytes: int = 16 * MEBIBYTE
    concurrent: int = 0
    """runs at once; 0: two for each core"""
    concurrent_per_tenant: int = 0
    """0: half of them; and half of that while other tenants have runs"""
    memory_mb: int = 0
    """what runs at once may use together; 0: three quarters of the machine's"""
    waiting: int = 256
    """runs that may stand in line; one more is told that the sandbox is busy"""
    waiting_per_tenant: int = 128
    wait_s: float = 60.0
    """how long one may stand in line"""
    workers: int = 8
    """processes that fork runs: one for each tenant and runtime"""
    idle_s: float = 300.0
    """a worker without a run is closed after so long"""
    spares: int = 8
    """places that may stand ready in each worker"""
    spares_mb: int = 256
    """and what all of them together may take"""
    cache: bool = True
    """are results given again to the same job"""
    cache_entries: int = 1024
    cache_bytes: int = 64 * MEBIBYTE
    sessions: int = 32
    sessions_per_tenant: int = 8
    session_idle_s: float = 1200.0
    session_life_s: float = 86_400.0
    session_keep_s: float = 0.0
    """the files of a session that ended idle can be taken up for so long; 0: they are gone"""
    snapshot_mb: int = 64
    """of one work folder"""
    snapshots_mb: int = 1024
    """of all that are kept"""
    snapshots_per_tenant_mb: int = 256
    """the oldest of its own go first"""
    references_mb: int = 1024
    """of artefacts that were answered by reference"""
    references_per_owner_mb: int = 256
    """of one key's: the oldest of its own go first"""
    reference_s: float = 3600.0
    """how long one can be fetched"""
    folder: str = ""
    """where both lie; empty: in memory, and in the gateway beside its ledger"""
    second_usd: str = "0"
    """dollars for a second of execution; decimal text"""
    enabled: bool = False
    """does the gateway run code for its callers"""
    tenants: str = "key"
    """key or team: who shares a worker, and with it cached results"""
    vendor_tools: str = "pass"
    """pass, local or off: whether calls with a vendor's code tool are answered by running the
    code here; pass: where not every target of the route runs it itself"""

    hosted: tuple[str, ...] = ()
    """providers whose interpreters the gateway's callers may name; none: code stays here"""
    warm_on: str = ""
    """the provider at which containers are kept awake for them; empty: at none"""
    warm_count: int = 1
    warm_memory_mb: int = 1024
    warm_usd_day: str = "0"
    """what that may cost a day: nothing is kept for which less is agreed to than it costs"""

    @property
    def at_once(self) -> int:
        return self.concurrent or 2 * CORES

    @property
    def at_once_per_tenant(self) -> int:
        return min(self.at_once, self.concurrent_per_tenant or max(1, self.at_once // 2))

    @property
    def room_mb(self) -> int:
        """What running code may use together."""
        return self.memory_mb or _machine_mb() * 3 // 4

    def check(self, limits: Limits) -> None:
        """Raise Refused with everything that a run may not have here."""
        found = [*self._beyond(limits), *_senseless(limits)]
        if found:
            raise Refused(
                "; ".join(found),
                "ask for less, raise the limit under [sandbox], or work in chunks:"
                " docs/guides/run-code-in-chunks.md",
            )

    def _beyond(self, limits: Limits) -> Iterator[str]:
        own = {
            "wall_s": self.most_wall_s,
            "cpu_s": self.most_wall_s * CORES,
            "memory_mb": self.most_memory_mb,
            "disk_mb": self.most_disk_mb,
            "processes": self.most_processes,
            "output_bytes": self.most_output_bytes,
        }
        for name, most in (own | HIGHEST).items():
            asked = getattr(limits, name)
            if asked > most:
                yield f"{name} = {asked:g} is more than the {most:g} allowed here"


def _senseless(limits: Limits) -> Iterator[str]:
    for name in ("wall_s", "memory_mb", "processes", "open_files", "disk_mb", "inodes"):
        if not getattr(limits, name) > 0:
            yield f"{name} must be more than 0"
    for name in ("cpu_s", "output_bytes", *HIGHEST.keys() - {"open_files", "inodes"}):
        if not getattr(limits, name) >= 0:
            yield f"{name} must not be negative"


def _machine_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MEBIBYTE
