from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from headgate.sandbox import warming
from headgate.sandbox.model import Unavailable
from tests.toolchains import here


def fake_go(folder: Path, body: str) -> str:
    go = folder / "go"
    go.write_text(f"#!/bin/sh\n{body}\n")
    go.chmod(0o755)
    return str(go)


BUILDS = """
echo "$@" >> "$(dirname "$0")/asked"
[ "$GOPROXY $GOTOOLCHAIN $CGO_ENABLED $GOENV" = "off local 0 off" ] || exit 9
mkdir -p "$GOCACHE"
case "$*" in *store*) echo built > store;; esac
"""


@pytest.mark.slow
def test_a_cache_is_built_once_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    token = warming.progress.set(said.append)
    env = {"HEADGATE_TOOLCHAINS": str(tmp_path / "own")}
    go = fake_go(tmp_path, BUILDS)
    place = warming.go_cache(go, "1.99.3", env)
    warming.progress.reset(token)
    assert place == tmp_path / "own" / "go-cache-1.99.3"
    assert sorted(it.name for it in place.iterdir()) == ["cache", "store"]
    assert "once" in said[0]
    asked = (tmp_path / "asked").read_text()
    assert warming.go_cache(go, "1.99.3", env) == place
    assert (tmp_path / "asked").read_text() == asked


@pytest.mark.slow
def test_what_fails_half_way_leaves_no_cache(tmp_path: Path) -> None:
    env = {"HEADGATE_TOOLCHAINS": str(tmp_path / "own")}
    go = fake_go(tmp_path, 'mkdir -p "$GOCACHE"; echo disk full >&2; exit 1')
    with pytest.raises(Unavailable, match="disk full"):
        warming.go_cache(go, "1.99.3", env)
    assert [it.name for it in (tmp_path / "own").iterdir()] == ["go-cache-1.99.3.lock"]


def test_whoever_only_looks_builds_nothing(tmp_path: Path) -> None:
    token = warming.builds.set(False)
    try:
        with pytest.raises(Unavailable, match="not built for the sandbox yet") as refused:
            warming.go_cache("go", "1.99.3", {"HEADGATE_TOOLCHAINS": str(tmp_path)})
    finally:
        warming.builds.reset(token)
    assert "doctor --fix" in refused.value.remedy
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_told_with_its_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable) as refused:
        warming.go_cache("go", "1.99.3", {"HEADGATE_TOOLCHAINS": str(tmp_path / "file" / "x")})
    assert "HEADGATE_TOOLCHAINS" in refused.value.remedy


def asked(**fields: object) -> str:
    return json.dumps(fields) + "\n"


@pytest.mark.slow
def test_the_shared_cache_is_read_and_what_is_new_is_kept_for_one_run(tmp_path: Path) -> None:
    """The go command's own protocol: a known action, an unknown one, one put and found."""
    store = dict(here("go").env)["GOCACHEPROG"].split("'")[1]
    shared = tmp_path / "cache"
    known, output = "ab" * 32, "cd" * 32
    (shared / "ab").mkdir(parents=True)
    (shared / "cd").mkdir()
    (shared / "ab" / f"{known}-a").write_text(f"v1 {known} {output} {5:20d} {7:20d}\n")
    (shared / "cd" / f"{output}-d").write_bytes(b"bytes")
    base64 = {"known": "q6ur" * 10 + "q6s=", "new": "AAAA" * 10 + "AAA="}
    said = "".join(
        [
            asked(ID=1, Command="get", ActionID=base64["known"]),
            asked(ID=2, Command="get", ActionID=base64["new"]),
            asked(ID=3, Command="put", ActionID=base64["new"], OutputID="AQID", BodySize=4),
            '"bWFkZQ=="\n',
            asked(ID=4, Command="get", ActionID=base64["new"]),
            asked(ID=5, Command="put", ActionID=base64["known"], OutputID="AQ==", BodySize=0),
            "garbage\n",
            asked(ID=6, Command="close"),
        ]
    )
    before = sorted(shared.rglob("*"))
    done = subprocess.run([store, str(shared)], input=said.encode(), capture_output=True,
                          check=True, env={"TMPDIR": str(tmp_path)}, timeout=20)  # fmt: skip
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert answers[0]["KnownCommands"] == ["get", "put", "close"]
    assert answers[1]["DiskPath"] == str(shared / "cd" / f"{output}-d")
    assert answers[1]["Size"] == 5
    assert answers[2] == {"ID": 2, "Miss": True}
    assert answers[3]["DiskPath"] == answers[4]["DiskPath"]
    assert answers[4]["Size"] == 4
    assert [each["ID"] for each in answers[1:]] == [1, 2, 3, 4, 5, 6]
    assert sorted(shared.rglob("*")) == before
    assert [it.name for it in tmp_path.iterdir()] == ["cache"]
