"""Containers: the command that starts one leaves nothing open that could be closed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.sandbox import container, probe, tiers
from headgate.sandbox.container import Engine
from headgate.sandbox.model import Limits, Order, Runtime, Step, Tree
from headgate.sandbox.settings import Settings
from headgate.sandbox.worker import bpf

ORDER = Order(
    Runtime("python", "3", "python", trees=(Tree("/opt/x", "/opt/x"),)),
    (Step("run", argv=("python3", "a.py")),),
    limits=Limits(memory_mb=300, processes=20, open_files=99, file_mb=2, disk_mb=7),
)


def words(engine: Engine) -> list[str]:
    return engine.command(["python3", "a.py"], {"A": "b c"}, "/boxes/1", ORDER)[0]


def test_a_container_has_no_network_no_rights_and_every_limit() -> None:
    said = words(Engine("/usr/bin/podman"))
    for wanted in (
        "--network=none",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--memory=300m",
        "--memory-swap=300m",
        "--pids-limit=21",
        "--ulimit=nofile=99:99",
        "--ulimit=fsize=2097152:2097152",
        "--volume=/boxes/1:/box",
        "--volume=/opt/x:/opt/x:ro",
        "--env=A=b c",
    ):
        assert wanted in said
    assert said[-3:] == [container.IMAGE, "python3", "a.py"]


def test_nobody_in_it_is_root() -> None:
    (user,) = [it for it in words(Engine("docker")) if it.startswith("--user=")]
    assert not user.startswith("--user=0")
    assert user.startswith(f"--user={os.geteuid() or 65534}:")


def test_gvisor_is_asked_for_where_it_is_and_a_folder_can_be_the_image() -> None:
    assert "--runtime=runsc" in words(Engine("docker", "runsc"))
    said = words(Engine("podman", root="/image"))
    assert said[-4:] == ["--rootfs", "/image", "python3", "a.py"]


def test_what_gvisor_takes_for_itself_is_not_taken_from_the_run() -> None:
    said = words(Engine("podman", "/opt/bin/runsc"))
    assert f"--memory={300 + container.GVISOR_MB}m" in said
    assert f"--pids-limit={2 * 21 + container.GVISOR_THREADS}" in said


def test_what_ends_a_container_names_the_one_that_was_started() -> None:
    command, stop = Engine("podman").command([], {}, "/b", ORDER)
    assert f"--name={stop[-1]}" in command
    assert stop[:3] == ["podman", "rm", "--force"]


def test_a_command_that_does_not_answer_is_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("podman", "docker"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert container.find() is None


def test_an_engine_that_answers_is_found_with_its_strongest_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = '#!/bin/sh\n[ $1 = info ] && echo \'{"Runtimes": {"runsc": {}}}\' || exit 1\n'
    (tmp_path / "docker").write_text(script)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    engine = container.find()
    assert engine == Engine(str(tmp_path / "docker"), "runsc")
    assert not container.has_image(engine), "none is fetched behind anybody's back"


def test_the_engine_is_handed_the_filter_of_the_other_tiers(tmp_path: Path) -> None:
    engine = Engine("podman").filtered(tmp_path)
    assert f"--security-opt=seccomp={tmp_path}/seccomp.json" in words(engine)
    rules = json.loads((tmp_path / "seccomp.json").read_text())["syscalls"]
    named = {it["names"][0] for it in rules}
    assert named == set(bpf.refusals())
    (socket,) = [it for it in rules if it["names"] == ["socket"]]
    assert socket["args"] == [{"index": 0, "value": 1, "op": "SCMP_CMP_NE"}]
    clone = [it["args"][0] for it in rules if it["names"] == ["clone"]]
    assert {it["valueTwo"] for it in clone} >= {0x10000000, 0x20000, 0x40000000}
    assert all(it["errnoRet"] >= 0 for it in rules)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with this machine's Python and what it needs, as a container's root."""
    if os.geteuid() or not all(map(shutil.which, ("podman", "runc", "/usr/bin/python3"))):
        pytest.skip("containers are tried as root, with: apt-get install podman runc python3")
    top = tmp_path_factory.mktemp("image")
    top.chmod(0o755)  # in there it is what everybody begins from
    program = Path("/usr/bin/python3").resolve()
    for name in ("usr/bin", "tmp", "proc", "sys", "dev", "etc", "box"):
        (top / name).mkdir(parents=True)
    shutil.copy(program, top / "usr/bin/python3")
    library = Path("usr/lib") / program.name
    extras = shutil.ignore_patterns("test", "idlelib", "__pycache__", "dist-packages")
    shutil.copytree(Path("/") / library, top / library, symlinks=True, ignore=extras)
    modules = list((top / library / "lib-dynload").glob("*.so"))
    told = subprocess.run(
        ["ldd", program, *modules], capture_output=True, text=True, check=False
    ).stdout
    for place in sorted(set(re.findall(r"(/\S+) \(0x", told))):
        (top / place[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(Path(place).resolve(), top / place[1:])
    plain = ["--rm", "--network=none", "--runtime=runc"]
    plain += ["--ulimit=nofile=99:99", "--ulimit=nproc=4096:4096"]
    done = subprocess.run(
        ["podman", "run", *plain, "--rootfs", top, "/usr/bin/python3", "-c", ""],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"podman and runc start no container here: {done.stderr.strip()[-200:]}")
    yield top
    shutil.rmtree(top)


@pytest.mark.slow
async def test_a_container_of_this_machine_holds_what_is_tried_at_every_start(
    image: Path,
) -> None:
    """The canary attacks, within podman and runc; each is a real container's run."""
    engine = Engine("podman", "runc", root=str(image))
    walls = tiers.isolation("container", None)
    assert await probe.canaries(Settings(), walls, engine) == ()
