"""Knows the tiers: what each is started with, and what it does not cover, in words.

Rule 1: a gap is told where it is true, not where it might be.
"""

from __future__ import annotations

import os

from headgate.sandbox.cgroup import Groups
from headgate.sandbox.container import Engine
from headgate.sandbox.folders import FolderForeman
from headgate.sandbox.foreman import Foreman
from headgate.sandbox.model import Isolation, Runtime, Tier
from headgate.sandbox.worker import landlock

KERNEL_GAP = (
    "a hole in the kernel itself: who must fear those who know one takes gVisor or a"
    " virtual machine"
)
WATCHED_GAP = (
    "memory of all processes together is counted, not held: for some milliseconds a run can"
    " use more"
)
FOLDER_GAPS = (
    "that a file of the machine exists, its size, its times and where a link leads can be seen,"
    " though nothing in it be read",
    "disk and number of files are counted, not held: for some milliseconds a run can use more",
    "processes of a run share the machine's list of processes with all others, unseen",
    "the machine's name is told, and what files of programs and toolchains hold can be locked",
)
SAME_USER_GAPS = (
    "modes and times of files of the user that Headgate runs as can be changed, wherever they"
    " lie: started as root, each run has a user of its own",
)
CONTAINER_GAPS = (
    "calls younger than the engine's filter library pass: an old one knows none of statmount,"
    " listmount and lsm_list_modules",
    "seen to hold with podman, over runc and over gVisor, from a folder as its root; docker and"
    " podman without root were not tried, and docker has to be told itself that gVisor is to"
    " filter calls",
)
NONE_GAP = "nothing is contained: the code can do what the user it runs as can do"


def isolation(tier: Tier, groups: Groups | None) -> Isolation:
    """What a tier is on this machine."""
    version = landlock.best() if tier in ("namespaces", "landlock") else 0
    gaps: tuple[str, ...] = {
        "namespaces": (KERNEL_GAP,),
        "landlock": (*FOLDER_GAPS, KERNEL_GAP),
        "container": (FOLDER_GAPS[1], *CONTAINER_GAPS, KERNEL_GAP),
        "none": (NONE_GAP,),
    }[tier]
    if tier == "landlock" and os.geteuid():
        gaps = (*SAME_USER_GAPS, *gaps)
    cgroup = groups.version if groups is not None and tier == "namespaces" else 0
    if not cgroup and tier in ("namespaces", "landlock"):
        gaps = (WATCHED_GAP, *gaps)
    return Isolation(
        tier=tier,
        landlock=version,
        seccomp=tier != "none",
        user_namespace=tier == "namespaces",
        cgroup=cgroup,
        gaps=gaps,
    )


async def start_worker(
    runtime: Runtime,
    walls: Isolation,
    groups: Groups | None = None,
    engine: Engine | None = None,
) -> Foreman | FolderForeman:
    """A worker of the tier that `walls` names."""
    if walls.tier == "namespaces":
        return await Foreman.start(runtime, walls, groups)
    return await FolderForeman.start(runtime, walls, engine)
