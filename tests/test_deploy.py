"""The files for operators: linters object to nothing, and what they say of Headgate is true."""

from __future__ import annotations

import inspect
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]  # it brings no types

from headgate import config
from headgate.cli import main
from headgate.config import Config
from headgate.gateway.app import Gateway
from tests.shape.tree import ROOT, label

DEPLOY = ROOT / "deploy"
TOOLS = ROOT / ".cache" / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
TOMLS = sorted(DEPLOY.glob("*.toml"))
ENV = {
    "DATABASE_URL": "postgresql://headgate:x@postgres:5432/headgate",
    "REDIS_URL": "redis://redis:6379/0",
    "ANTHROPIC_API_KEY": "sk-ant-api03-" + "t" * 80,
}


def documents(path: Path) -> list[dict[str, Any]]:
    return [dict(each) for each in yaml.safe_load_all(path.read_text())]


def one(kind: str) -> dict[str, Any]:
    """The one manifest of this kind."""
    (found,) = (each for path in MANIFESTS for each in documents(path) if each["kind"] == kind)
    return found


COMPOSE = documents(DEPLOY / "compose.yaml")[0]
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


@pytest.fixture(scope="session")
def linters() -> Path:
    if not (TOOLS / "venv" / "installed").is_file():
        pytest.skip("the linters of deploy/ are not installed: make lint-deploy")
    return DEPLOY / "lint"


def lint(linters: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(linters), str(folder)], capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.slow
def test_the_linters_object_to_nothing(linters: Path) -> None:
    done = lint(linters, DEPLOY)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "sound", "planted"),
    [
        ("Dockerfile", "WORKDIR /src", "WORKDIR src"),
        ("kubernetes/deployment.yaml", "maxSurge:", "maxSurging:"),
        ("kubernetes/scaling.yaml", "minReplicas: 3", "minReplicas: three"),
        ("compose.yaml", "stop_grace_period:", "stop_graceful_period:"),
        ("kubernetes/service.yaml", "  type: ClusterIP", "  type:  ClusterIP"),
    ],
)
def test_the_linters_see_a_planted_mistake(
    linters: Path, tmp_path: Path, file: str, sound: str, planted: str
) -> None:
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder)
    text = (folder / file).read_text()
    assert text.count(sound) == 1
    (folder / file).write_text(text.replace(sound, planted))
    assert lint(linters, folder).returncode != 0


def configurations() -> Iterator[tuple[str, str]]:
    for path in TOMLS:
        yield label(path), path.read_text()
    yield "configmap.yaml", one("ConfigMap")["data"]["headgate.toml"]


@pytest.fixture(params=list(configurations()), ids=lambda pair: str(pair[0]))
def configured(request: pytest.FixtureRequest) -> Config:
    name, text = request.param
    return config.load(text, ENV, source=name)


def test_the_configurations_are_valid_and_listen_where_they_are_asked(
    configured: Config,
) -> None:
    assert configured.notes == ()
    assert configured.server.host == "0.0.0.0"  # noqa: S104 - inside a container
    assert configured.store.url == ENV["DATABASE_URL"]
    ports = {port for path in MANIFESTS for port in _container_ports(path)}
    published = {int(port.rpartition(":")[2]) for port in _published()}
    exposed = re.findall(r"^EXPOSE (\d+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert ports == published == {int(each) for each in exposed} == {configured.server.port}


def _published() -> list[str]:
    return [port for each in SERVICES.values() for port in each.get("ports", ())]


def _container_ports(path: Path) -> set[int]:
    return {
        port["containerPort"]
        for each in documents(path)
        if each["kind"] == "Deployment"
        for container in each["spec"]["template"]["spec"]["containers"]
        for port in container["ports"]
    }


def test_nobody_is_stopped_before_running_calls_may_have_finished(configured: Config) -> None:
    drain_s = configured.server.drain_s
    gateways = [each for name, each in SERVICES.items() if name.startswith("gateway")]
    assert len(gateways) == 3
    assert all(int(each["stop_grace_period"].rstrip("s")) > drain_s + 10 for each in gateways)
    pod = one("Deployment")["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    before_s = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > before_s + drain_s + 10


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every headgate command that the files run or tell the reader to type."""
    for name, each in SERVICES.items():
        if "headgate" in str(each.get("image", "")) and "command" in each:
            words = [*each.get("entrypoint", ["headgate"]), *each["command"]]
            yield name, words[1:]
    for kind in ("Deployment", "Job"):
        (container,) = one(kind)["spec"]["template"]["spec"]["containers"]
        yield kind, container["args"]
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    yield "Dockerfile", re.findall(r'"([^"]*)"', dockerfile.rpartition("CMD [")[2])
    for path in (DEPLOY / "compose.yaml", *MANIFESTS):
        for typed in re.findall(r"-- headgate (.*)|--rm (keys .*)$", path.read_text(), re.M):
            yield path.name, shlex.split(typed[0] or typed[1])


@pytest.mark.parametrize(("where", "words"), list(commands()))
def test_every_command_exists_with_its_options(where: str, words: list[str]) -> None:
    command: click.Command = main
    context = click.Context(main, info_name="headgate")
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, f"{where}: {words}"
        command, words = found, words[1:]
    known = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= known, where


def test_the_probes_ask_pages_that_there_are() -> None:
    (container,) = one("Deployment")["spec"]["template"]["spec"]["containers"]
    asked = {
        container[f"{kind}Probe"]["httpGet"]["path"]
        for kind in ("startup", "liveness", "readiness")
    }
    asked.add(re.findall(r"127\.0\.0\.1:4100(/\w+)", (DEPLOY / "Dockerfile").read_text())[0])
    assert asked == {"/healthz", "/readyz"}
    pages = {text for text in inspect.getsource(Gateway).split('"') if text[:1] == "/"}
    assert asked <= pages


def test_every_variable_that_a_configuration_names_is_given() -> None:
    named = {name for _, text in configurations() for name in re.findall(r"env:(\w+)", text)}
    gateway = SERVICES["gateway-1"]
    assert named <= gateway["environment"].keys()
    in_cluster = set(re.findall(r"env:(\w+)", one("ConfigMap")["data"]["headgate.toml"]))
    assert in_cluster == one("Secret")["stringData"].keys()


def test_nothing_serves_before_the_database_has_its_shape() -> None:
    for name, each in SERVICES.items():
        if name.startswith("gateway"):
            assert each["depends_on"] == {
                "upgrade": {"condition": "service_completed_successfully"}
            }
    assert one("Job")["spec"]["template"]["spec"]["containers"][0]["args"] == ["db", "upgrade"]


def test_containers_may_do_nothing_they_need_not() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    assert "USER 10001:10001" in dockerfile
    assert dockerfile.count("--require-hashes") == 2
    for name, each in SERVICES.items():
        if "headgate" in each["image"]:
            assert each["read_only"] is True, name
            assert each["cap_drop"] == ["ALL"], name
    for kind in ("Deployment", "Job"):
        pod = one(kind)["spec"]["template"]["spec"]
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == 10001
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_what_selects_a_pod_is_what_a_pod_has() -> None:
    labels = one("Deployment")["spec"]["template"]["metadata"]["labels"].items()
    for selector in (
        one("Service")["spec"]["selector"],
        one("Deployment")["spec"]["selector"]["matchLabels"],
        one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ):
        assert selector
        assert selector.items() <= labels
    assert one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]["name"] == "headgate"


def test_everything_the_image_is_built_from_is_there() -> None:
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split("\n")
    for line in re.findall(r"^COPY (?!--from)(.*)$", dockerfile, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (ROOT / name).exists(), name
            assert f"!{name.split('/')[0]}" in ignored, name
