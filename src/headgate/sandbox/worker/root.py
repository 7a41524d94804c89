"""Builds the file system that a worker sees: read-only trees, devices that are no hardware.

Rule 1: nothing of the host is seen that is not named here or in the runtime's trees.
Rule 2: every tree is read-only, without setuid and without devices, whole depth.
Rule 3: sources are opened before anything is covered, so that a source may lie anywhere.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence

from headgate.sandbox.worker import machine, syscalls

TREES = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/libx32",
    "/etc/alternatives",
    "/etc/ca-certificates",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/mime.types",
    "/etc/pki",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/timezone",
)
"""what programs of a distribution need; those that are not there are passed over"""
DEVICES = ("null", "zero", "full", "random", "urandom")
LINKS = (
    ("/proc/self/fd", "dev/fd"),
    ("/proc/self/fd/0", "dev/stdin"),
    ("/proc/self/fd/1", "dev/stdout"),
    ("/proc/self/fd/2", "dev/stderr"),
)
FOLDERS = ("box", "tmp", "proc", "dev/shm", "cell")
INSIDE = 1000
"""the uid and gid that user code sees as its own"""
WORDS = {
    "etc/passwd": "user:x:1000:1000:user:/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n",
    "etc/group": "user:x:1000:\nnogroup:x:65534:\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "etc/hostname": "cell\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}
_GROUND = "/tmp"  # noqa: S108 - a folder that is always there; it is covered for us alone


def build(trees: Iterable[Sequence[str]]) -> None:
    """Make what is mounted here the trees (source, target) and nothing else.

    The caller is in a mount namespace of its own and may mount.
    """
    syscalls.make_private()
    wanted = _opened([*((it, it) for it in TREES), *((it[0], it[1]) for it in trees)])
    proc = syscalls.open_tree("/proc")
    devices = [(f"dev/{it}", syscalls.open_tree(f"/dev/{it}")) for it in DEVICES]
    syscalls.mount("tmpfs", _GROUND, "tmpfs", syscalls.MS_NOSUID, "size=1m,mode=755")
    os.chdir(_GROUND)
    os.umask(0o022)
    for folder in FOLDERS:
        os.makedirs(folder, exist_ok=True)
    for source, target in LINKS:
        os.symlink(source, target)
    for path, text in WORDS.items():
        _write(path, text)
    with open(machine.FIRST.strip("/"), "xb") as file:
        file.write(machine.program())
        os.fchmod(file.fileno(), 0o755)
    for place, shown in wanted:
        _lay(place, shown)
    for target, tree in devices:
        _write(target, "")
        _mount(tree, target)
    _mount(proc, "proc")
    syscalls.pivot_root(".", ".")
    syscalls.umount(".")
    os.chdir("/")
    syscalls.restrict_mount("/", syscalls.ATTR_RDONLY | syscalls.ATTR_NOSUID)


def _opened(trees: list[tuple[str, str]]) -> list[tuple[str, int | str]]:
    """Shortest targets first, so that what lies within another tree is laid upon it."""
    seen: dict[str, int | str] = {}
    for source, target in sorted(trees, key=lambda it: it[1].count("/")):
        inside = target.strip("/")
        if inside in seen or not inside or _is_within(source, target, trees):
            continue
        if os.path.islink(source) and source == target and os.path.dirname(source) == "/":
            seen[inside] = os.readlink(source)
        elif os.path.exists(source):
            tree = syscalls.open_tree(source)
            seen[inside] = tree
            wish = syscalls.ATTR_RDONLY | syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV
            syscalls.restrict_tree(tree, wish)
    return list(seen.items())


def _is_within(source: str, target: str, trees: list[tuple[str, str]]) -> bool:
    """Another tree shows it already, at the same place."""
    return source == target and any(
        there == at and at != target and target.startswith(at.rstrip("/") + "/")
        for there, at in trees
        if not os.path.islink(there)
    )


def _lay(target: str, source: int | str) -> None:
    if isinstance(source, str):
        os.symlink(source, target)
        return
    if stat.S_ISDIR(os.fstat(source).st_mode):
        os.makedirs(target, exist_ok=True)
    else:
        _write(target, "")
    _mount(source, target)


def _mount(tree: int, target: str) -> None:
    syscalls.move_mount(tree, target)
    os.close(tree)


def _write(path: str, text: str) -> None:
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


COVERED = ("/tmp", "/box", "/dev/shm")  # noqa: S108 - where a cell has files of its own


def covered(trees: Iterable[Sequence[str]]) -> list[str]:
    """The targets that lie where a cell's own files are laid over."""
    return [it for _, it in trees if it.startswith(tuple(f"{at}/" for at in COVERED))]


@contextlib.contextmanager
def kept(targets: Iterable[str]) -> Iterator[None]:
    """What is mounted at these is there again after something was laid over it."""
    trees = [(it, syscalls.open_tree(it)) for it in targets if os.path.exists(it)]
    yield
    for target, tree in trees:
        _lay(target, tree)


def maps(outside: tuple[int, int]) -> tuple[tuple[str, str], ...]:
    """What is written where in /proc/self so that these, outside, are INSIDE here."""
    return (
        ("setgroups", "deny"),
        ("uid_map", f"{INSIDE} {outside[0]} 1"),
        ("gid_map", f"{INSIDE} {outside[1]} 1"),
    )


def map_ids(outside: tuple[int, int]) -> None:
    """In a new user namespace: the uid and gid outside are INSIDE here."""
    for name, text in maps(outside):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
