"""Attacks the sandbox under another kernel: Debian's, in a machine that is emulated here.

Rule 1: this machine is only read: the emulated one has its files, laid over with memory.
Rule 2: nothing but the kernel differs: the same Python, the same sources, the same attacks.
Rule 3: no figure of speed is taken there: software emulation is ten times slower.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.attacks import NOBODY, ROOT, Json, keep, say

CACHE = ROOT / ".cache" / "kernels"
PACKAGE = "linux-image-amd64"
WHERE = "Debian 12, Linux {kernel}, emulated"
PYTHON = "/usr/bin/python3"
NEEDED = {
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "dpkg-deb": "dpkg",
    "apt-get": "apt",
    PYTHON: "python3",
}
MODULES = (
    *("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci"),
    *("netfs", "fscache", "9pnet", "9pnet_virtio", "9p", "overlay"),
)
"""what Debian's kernel needs to read this machine's files, each after what it needs"""
MARK = "HEADGATE "
"""begins the lines of the console that are ours"""
LONGEST_S = 1800
SLACK_S = 10
INIT = """#!/bin/busybox sh
B=/bin/busybox
$B mkdir -p /proc /host /over /new
$B mount -t proc proc /proc
for it in {modules}; do $B insmod /modules/$it.ko; done
$B mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000 host /host
$B mount -t tmpfs -o size=1g over /over
$B mkdir /over/up /over/work
$B mount -t overlay -o lowerdir=/host,upperdir=/over/up,workdir=/over/work root /new
cd /new
$B mount -t proc proc proc
$B mount -t sysfs sys sys
$B mount -t devtmpfs dev dev
$B mkdir -p dev/shm dev/pts
$B mount -t tmpfs shm dev/shm
$B chmod 1777 dev/shm
$B mount -t cgroup2 cgroup sys/fs/cgroup
$B ip link set lo up
$B cp /script /bin/busybox /new/
exec $B switch_root /new /bin/sh /script
"""
SCRIPT = """cd {root}
export PYTHONPATH={root}/src:{packages} PYTHONDONTWRITEBYTECODE=1
export HOME=/ PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8
{commands}
/busybox poweroff -f
"""


class Trial(NamedTuple):
    """A tier to attack, as whom, and the switches of the kernel that are thrown before."""

    tier: str
    user: int
    switches: tuple[tuple[str, str], ...] = ()

    def commands(self) -> Iterator[str]:
        for path, value in self.switches:
            yield f"echo {value} > {path}"
        who = f"setpriv --reuid={self.user} --regid={self.user} --clear-groups "
        words = f"{PYTHON} -m benchmarks.attacks --only {self.tier} --slack {SLACK_S}"
        yield (who if self.user else "") + words + f" | sed 's/^/{MARK}/'"


NO_NAMESPACES = (("/proc/sys/kernel/unprivileged_userns_clone", "0"),)
TRIALS = (
    Trial("namespaces", 0),
    Trial("namespaces", NOBODY),
    Trial("landlock", 0, NO_NAMESPACES),
    Trial("landlock", NOBODY, NO_NAMESPACES),
)


def main() -> None:
    """Fetch the kernel, boot it, attack there; say what escaped."""
    wish = _parsed()
    missing = [package for name, package in NEEDED.items() if not shutil.which(name)]
    if missing:
        raise SystemExit(f"missing here; hint: apt-get install {' '.join(missing)}")
    kernel = _fetched()
    version = ".".join(kernel.name.removeprefix("vmlinuz-").split(".")[:2])
    commands = [it for trial in TRIALS for it in trial.commands()]
    if wish.command:
        commands = [f"{it} 2>&1 | sed 's/^/{MARK}/'" for it in wish.command]
    heard = list(_booted(kernel, commands, show=wish.show))
    if wish.command:
        print("\n".join(heard))
        return
    columns: list[Json] = [json.loads(it) for it in heard]
    if len(columns) != len(TRIALS):
        raise SystemExit(f"heard of {len(columns)} of {len(TRIALS)} trials; see with --show")
    for column in columns:
        column["where"] = WHERE.format(kernel=version)
        say(column)
    if wish.keep:
        keep(columns)
    if any(it["escaped"] and it["tier"] == "namespaces" for it in columns):
        raise SystemExit(1)


def _fetched() -> Path:
    """The newest kernel of Debian's, unpacked."""
    CACHE.mkdir(parents=True, exist_ok=True)
    if not list(CACHE.glob("boot/vmlinuz-*")):
        words = subprocess.check_output(["apt-cache", "depends", PACKAGE], text=True).split()
        exact = next(it for it in words if it.startswith("linux-image-") and it != PACKAGE)
        subprocess.run(["apt-get", "download", "-qq", exact], cwd=CACHE, check=True)
        package = next(CACHE.glob("*.deb"))
        subprocess.run(["dpkg-deb", "-x", package, CACHE], check=True)
        package.unlink()
    return max(CACHE.glob("boot/vmlinuz-*"))


def _booted(kernel: Path, commands: list[str], *, show: bool) -> Iterator[str]:
    """The lines that these commands say there."""
    packages = sysconfig.get_path("purelib")
    script = SCRIPT.format(root=ROOT, packages=packages, commands="\n".join(commands))
    with tempfile.TemporaryDirectory() as folder:
        ram = Path(folder) / "initrd"
        ram.write_bytes(_initrd(script))
        host = "local,id=host,path=/,security_model=none,readonly=on,multidevs=remap"
        words = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max"]
        words += ["-smp", "2", "-m", "2048", "-nodefaults", "-no-reboot", "-display", "none"]
        words += ["-serial", "stdio", "-kernel", str(kernel), "-initrd", str(ram)]
        words += ["-append", "console=ttyS0 quiet panic=-1", "-fsdev", host]
        words += ["-device", "virtio-9p-pci,fsdev=host,mount_tag=host"]
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LONGEST_S,
            check=False,
            preexec_fn=lambda: os.nice(10),
        )
    lines = done.stdout.decode("utf-8", "replace").splitlines()
    if show or done.returncode:
        print("\n".join(lines), done.stderr.decode("utf-8", "replace"))
    yield from (it.partition(MARK)[2] for it in lines if MARK in it)


def _initrd(script: str) -> bytes:
    """What the kernel starts with: busybox, modules, and the way to this machine's files."""
    busybox = Path(str(shutil.which("busybox"))).read_bytes()
    parts = [_entry(it, 0o40755) for it in ("bin", "modules")]
    parts.append(_entry("bin/busybox", 0o100755, busybox))
    for name in MODULES:
        module = next(CACHE.glob(f"lib/modules/*/kernel/**/{name}.ko"))
        parts.append(_entry(f"modules/{name}.ko", 0o100644, module.read_bytes()))
    init = INIT.format(modules=" ".join(MODULES))
    parts.append(_entry("init", 0o100755, init.encode()))
    parts.append(_entry("script", 0o100644, script.encode()))
    return gzip.compress(b"".join(parts) + _entry("TRAILER!!!", 0), 1)


def _entry(name: str, mode: int, data: bytes = b"") -> bytes:
    """A file in an archive of cpio's newer form."""
    title = name.encode() + b"\0"
    fields = (hash(name) & 0xFFFFFFFF, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(title), 0)
    head = b"070701" + b"".join(b"%08x" % it for it in fields) + title
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="write the table's data")
    parser.add_argument("--show", action="store_true", help="the whole console")
    parser.add_argument("command", nargs="*", help="run there instead of the attacks")
    return parser.parse_args()


if __name__ == "__main__":
    main()
