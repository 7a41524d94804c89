"""Builds Go's standard library once per toolchain, so that no run has to.

Rule 1: what is built here is the toolchain's own library and a program of ours: no stranger's
code has a part in it, and no run can write to what later runs read.
Rule 2: a cache is complete or not there: it is built aside and renamed.
Rule 3: it takes a while, so it says what it does.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from headgate.sandbox.model import Unavailable
from headgate.sandbox.toolchains import own_folder

STORE = Path(__file__).with_name("languages") / "gocache.go"
"""the program that lends a cache to the go command of a run"""

CORE = """bufio bytes cmp container/heap container/list container/ring context crypto/hmac
crypto/md5 crypto/rand crypto/sha1 crypto/sha256 crypto/sha512 embed encoding/base64
encoding/binary encoding/csv encoding/hex encoding/json encoding/xml errors flag fmt hash/crc32
hash/fnv hash/maphash html io io/fs io/ioutil iter log log/slog maps math math/big math/bits
math/cmplx math/rand math/rand/v2 net/url os os/exec os/signal path path/filepath reflect regexp
runtime runtime/debug slices sort strconv strings sync sync/atomic testing testing/quick
text/tabwriter text/template time unicode unicode/utf16 unicode/utf8 unsafe"""
"""what generated programs import; the rest is built by the run that imports it"""

OFFLINE = {
    "GOENV": "off",
    "GOFLAGS": "-mod=mod",
    "GOPROXY": "off",
    "GOSUMDB": "off",
    "GOTELEMETRY": "off",
    "GOTOOLCHAIN": "local",
    "CGO_ENABLED": "0",
}
"""part of what a build is remembered by: the same here and where the code runs"""

BUILD_S = 900.0
LEAST = (1, 24)
"""the first Go that lets another program keep its cache"""

Told = Callable[[str], None]


def _in_silence(_: str) -> None:
    pass


progress: ContextVar[Told] = ContextVar("progress", default=_in_silence)
"""who is told that something takes a while"""

builds: ContextVar[bool] = ContextVar("builds", default=True)
"""False: only look"""


def go_cache(go: str, version: str, env: Mapping[str, str] = os.environ) -> Path:
    """The folder with `store` and `cache` for this toolchain, built if need be."""
    place = own_folder(env) / f"go-cache-{version}"
    if (place / "store").exists():
        return place
    if not builds.get():
        raise Unavailable(
            f"Go {version} is there; its standard library is not built for the sandbox yet",
            "headgate doctor --fix builds it, and so does the first run (half a minute)",
        )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with _alone(place.with_name(f"{place.name}.lock")):
            if not (place / "store").exists():
                _build(go, version, place)
    except OSError as error:
        raise Unavailable(
            f"Go's build cache cannot be written: {error}",
            "make room there, or set HEADGATE_TOOLCHAINS to a folder that can be written",
        ) from None
    return place


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two processes would build the same twice."""
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(go: str, version: str, place: Path) -> None:
    told = progress.get()
    aside = Path(tempfile.mkdtemp(prefix="aside-", dir=place.parent))
    aside.chmod(0o755)
    try:
        (aside / "main.go").write_bytes(STORE.read_bytes())
        (aside / "main_test.go").write_text('package main\nimport _ "testing"\n')
        (aside / "go.mod").write_text(f"module store\n\ngo {version.rpartition('.')[0]}\n")
        told(f"Go {version}: building its standard library for the sandbox, once")
        _go(go, aside, "build", *CORE.split())
        told(f"Go {version}: building its tests' support")
        _go(go, aside, "vet", ".")
        _go(go, aside, "test", "-c", "-o", os.devnull, ".")
        _go(go, aside, "build", "-ldflags=-s -w", "-o", "store", "main.go")
        for own in ("main.go", "main_test.go", "go.mod"):
            (aside / own).unlink()
        aside.rename(place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    told(f"Go {version}: ready")


def _go(go: str, folder: Path, *arguments: str) -> None:
    env = {
        **OFFLINE,
        "GOCACHE": str(folder / "cache"),
        "HOME": str(folder),
        "PATH": os.pathsep.join((os.path.dirname(go), os.defpath)),
    }
    done = subprocess.run(  # noqa: S603  # the toolchain, on its own library
        [go, *arguments],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=BUILD_S,
        check=False,
        umask=0o022,
    )
    if done.returncode:
        raise Unavailable(
            f"go {arguments[0]} fails on its own library: {done.stderr.strip()[-300:]}",
            "is the toolchain whole? headgate doctor --fix installs another",
        )
